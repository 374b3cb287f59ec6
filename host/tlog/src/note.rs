//! Signed notes (C2SP signed-note): a text, and below it lines that each hold one signature.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The longest note that is read, in bytes.
pub const LONGEST: usize = 64 * 1024;
/// The most signatures on a note.
const SIGNATURES: usize = 100;
/// Ed25519 over the note's text.
const ED25519_NOTE: u8 = 1;
/// Ed25519 over a time and the note's text.
const COSIGNATURE: u8 = 4;
const DASH: &str = "\u{2014} ";

/// What is wrong with a note or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It has not the form of one.
    #[error("not a signed note: {0}")]
    Malformed(&'static str),
    /// It has not the form of a key.
    #[error("not a verifier key (NAME+HASH+KEY): {0}")]
    Key(&'static str),
    /// No signature of a key that is trusted.
    #[error("no signature by `{0}`")]
    Unsigned(String),
    /// A signature that claims to be of a trusted key and is not.
    #[error("the signature by `{0}` does not match: the text was changed, or another key made it")]
    Forged(String),
}

/// The public half of a key that signs notes, as `NAME+HASH+KEY`: a name, what its signatures are, an Ed25519 key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key<const KIND: u8> {
    name: String,
    public: [u8; 32],
}

/// A log's: it signs the text.
pub type VerifierKey = Key<ED25519_NOTE>;
/// A witness's: it signs for a checkpoint and the time at which it saw it (C2SP tlog-cosignature).
pub type CosignerKey = Key<COSIGNATURE>;

impl<const KIND: u8> Key<KIND> {
    /// The key `public` called `name`.
    ///
    /// # Errors
    /// When the name is empty, or has spaces or `+` in it.
    pub fn new(name: &str, public: [u8; 32]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Key("its name is empty, or has a space or `+`"));
        }
        Ok(Self {
            name: name.to_owned(),
            public,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether `signature` is its over `message`.
    fn check(&self, message: &[u8], signature: &[u8]) -> Result<(), NoteError> {
        let public = UnparsedPublicKey::new(&ED25519, &self.public);
        let good = public.verify(message, signature).is_ok();
        good.then_some(())
            .ok_or_else(|| NoteError::Forged(self.name.clone()))
    }

    /// The four bytes by which signature lines name it, beside its name.
    pub fn id(&self) -> [u8; 4] {
        let mut context = Context::new(&SHA256);
        context.update(self.name.as_bytes());
        context.update(&[b'\n', KIND]);
        context.update(&self.public);
        let mut id = [0; 4];
        let digest = context.finish();
        id.copy_from_slice(digest.as_ref().get(..4).unwrap_or(&[0; 4]));
        id
    }
}

/// `NAME+HASH+KEY`.
impl<const KIND: u8> fmt::Display for Key<KIND> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[KIND], self.public.as_slice()].concat();
        let (id, key) = (hex::encode(self.id()), BASE64.encode(key));
        write!(out, "{}+{id}+{key}", self.name)
    }
}

impl<const KIND: u8> FromStr for Key<KIND> {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim_end().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key("there are not three parts"));
        };
        let key = BASE64
            .decode(key)
            .map_err(|_| NoteError::Key("it is no base64"))?;
        let public = match key.split_first() {
            Some((kind, public)) if *kind == KIND => public,
            _ => return Err(NoteError::Key("it is of another kind of signature")),
        };
        let public = public
            .try_into()
            .map_err(|_| NoteError::Key("it has not 32 bytes"))?;
        let key = Self::new(name, public)?;
        match hex::encode(key.id()) == id {
            true => Ok(key),
            false => Err(NoteError::Key("its hash is another one's")),
        }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

/// What a witness signs that saw the checkpoint `text` at `time`, in seconds since 1970.
pub fn cosigned_text(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// A note, whose signatures were not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct SignatureLine {
    name: String,
    id: [u8; 4],
    signature: Vec<u8>,
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signature = BASE64.encode([self.id.as_slice(), &self.signature].concat());
        write!(out, "{DASH}{} {signature}", self.name)
    }
}

impl Note {
    /// A note over `text`, which ends with a newline and was signed with `key`'s secret half: `signature`.
    pub fn signed(text: String, key: &VerifierKey, signature: Vec<u8>) -> Self {
        let line = SignatureLine {
            name: key.name.clone(),
            id: key.id(),
            signature,
        };
        Self {
            text,
            signatures: vec![line],
        }
    }

    /// The text that `key` signed.
    ///
    /// # Errors
    /// When it did not, or when a signature in its name is wrong.
    pub fn text_signed_by(&self, key: &VerifierKey) -> Result<&str, NoteError> {
        let line = self.line_of(key)?;
        key.check(self.text.as_bytes(), &line.signature)?;
        Ok(&self.text)
    }

    /// When `key` cosigned it, in seconds since 1970.
    ///
    /// # Errors
    /// When it did not, or when a cosignature in its name is wrong.
    pub fn cosigned_by(&self, key: &CosignerKey) -> Result<u64, NoteError> {
        let line = self.line_of(key)?;
        let parts = line.signature.split_first_chunk();
        let (time, signature) = parts.ok_or_else(|| NoteError::Forged(key.name.clone()))?;
        let time = u64::from_be_bytes(*time);
        key.check(cosigned_text(time, &self.text).as_bytes(), signature)?;
        Ok(time)
    }

    /// The line that says that `key` cosigned this note at `time`: `signature` is over [`cosigned_text`].
    pub fn cosignature_line(key: &CosignerKey, time: u64, signature: &[u8]) -> String {
        let line = SignatureLine {
            name: key.name.clone(),
            id: key.id(),
            signature: [time.to_be_bytes().as_slice(), signature].concat(),
        };
        format!("{line}\n")
    }

    /// The same with the line of `lines` that is `key`'s, in the place of an older one; the others are left out.
    ///
    /// # Errors
    /// When there is none, or it is not over this note.
    pub fn with_cosignature(&self, lines: &str, key: &CosignerKey) -> Result<Self, NoteError> {
        let mut note = self.clone();
        let is_theirs = |line: &SignatureLine| line.name == key.name && line.id == key.id();
        note.signatures.retain(|line| !is_theirs(line));
        for line in lines.lines() {
            note.signatures
                .extend(Some(signature_line(line)?).filter(is_theirs));
        }
        note.cosigned_by(key)?;
        if note.signatures.len() > SIGNATURES {
            return Err(NoteError::Malformed("too many signatures"));
        }
        Ok(note)
    }

    /// The same with the signatures of `other`, a note over the same text: of two in one name, those of `other`.
    #[must_use]
    pub fn joined_with(&self, other: &Self) -> Self {
        let mut joined = other.clone();
        let is_new = |line: &&SignatureLine| {
            let mut theirs = other.signatures.iter();
            !theirs.any(|other| other.name == line.name && other.id == line.id)
        };
        joined
            .signatures
            .extend(self.signatures.iter().filter(is_new).cloned());
        joined
    }

    /// The one signature in the name of `key`.
    fn line_of<const KIND: u8>(&self, key: &Key<KIND>) -> Result<&SignatureLine, NoteError> {
        let is_theirs = |line: &&SignatureLine| line.name == key.name && line.id == key.id();
        let mut theirs = self.signatures.iter().filter(is_theirs);
        let first = theirs.next();
        match theirs.next() {
            Some(_) => Err(NoteError::Forged(key.name.clone())),
            None => first.ok_or_else(|| NoteError::Unsigned(key.name.clone())),
        }
    }

    /// The text, whoever signed it.
    pub fn unverified_text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.text)?;
        self.signatures
            .iter()
            .try_for_each(|line| writeln!(out, "{line}"))
    }
}

impl FromStr for Note {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        let bad = NoteError::Malformed;
        if note.len() > LONGEST {
            return Err(bad("too long"));
        }
        if note.chars().any(|c| c.is_control() && c != '\n') {
            return Err(bad("it holds control characters"));
        }
        let end = note.rfind("\n\n").ok_or(bad("no signatures"))?;
        let (text, lines) = note.split_at(end + 1);
        let lines = lines.strip_prefix('\n').unwrap_or(lines);
        let lines = lines
            .strip_suffix('\n')
            .ok_or(bad("its last line has no end"))?;
        let signatures: Vec<_> = lines
            .split('\n')
            .map(signature_line)
            .collect::<Result<_, _>>()?;
        if signatures.len() > SIGNATURES {
            return Err(bad("too many signatures"));
        }
        Ok(Self {
            text: text.to_owned(),
            signatures,
        })
    }
}

fn signature_line(line: &str) -> Result<SignatureLine, NoteError> {
    let bad = NoteError::Malformed("a line of its signatures is none");
    let parts = line
        .strip_prefix(DASH)
        .and_then(|line| line.split_once(' '));
    let (name, signature) = parts.ok_or(bad.clone())?;
    let signature = BASE64.decode(signature).map_err(|_| bad.clone())?;
    let (id, signature) = signature.split_first_chunk().ok_or(bad.clone())?;
    if !is_name(name) || signature.is_empty() {
        return Err(bad);
    }
    Ok(SignatureLine {
        name: name.to_owned(),
        id: *id,
        signature: signature.to_vec(),
    })
}
