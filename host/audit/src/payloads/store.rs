//! The sealed payloads, and the one thread that has them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};
use vouchsafe_ambient::{clock, files};
use vouchsafe_keys::SealingKey;

use super::ring::Ring;
use super::{Content, Erased, Found, Part, Payload, PayloadError, Wanted};
use crate::Seq;

/// How much waits at most before it is written, in bytes.
const BATCH: usize = 1 << 20;
/// What a class is called before its month.
const CLASS: &str = "class:";

/// One payload as it lies in the file, a line of JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    seq: Seq,
    part: Part,
    /// Under whose keys it is sealed, one after another.
    keys: Vec<String>,
    /// In base64, bound to all of the above.
    sealed: String,
}

pub(super) struct Store {
    ring: Ring,
    path: PathBuf,
    file: File,
    /// Where the next line goes: what lies behind is a line that was not written to its end.
    end: u64,
    unwritten: Vec<u8>,
}

impl Store {
    pub(super) fn open(directory: &Path, host: SealingKey) -> Result<Self, PayloadError> {
        files::create_private_directory(directory)?;
        let ring = Ring::open(directory, host)?;
        let path = directory.join("payloads.jsonl");
        let file = files::open_private(&path)?;
        let end = whole_lines(&file)?;
        file.set_len(end)?;
        Ok(Self {
            ring,
            path,
            file,
            end,
            unwritten: Vec::new(),
        })
    }

    /// Seals `payload`; it is written with the next [`Store::sync`].
    pub(super) fn keep(&mut self, payload: &Payload) -> Result<(), PayloadError> {
        let subjects = payload.subjects.iter();
        let mut names: Vec<_> = subjects.map(|one| self.ring.pseudonym(one)).collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            let now = clock::now().to_string();
            names.push(format!("{CLASS}{}", now.get(..7).unwrap_or_default()));
        }
        let keys = names.iter().map(|name| self.ring.key_for(name));
        let keys: Vec<_> = keys.collect::<Result<_, _>>()?;
        let mut line = Line {
            seq: payload.seq,
            part: payload.part,
            keys,
            sealed: String::new(),
        };
        let sealed = self.sealed(&line, payload.bytes.clone())?;
        line.sealed = BASE64_STANDARD.encode(sealed);
        serde_json::to_writer(&mut self.unwritten, &line)?;
        self.unwritten.push(b'\n');
        match self.unwritten.len() > BATCH {
            true => self.sync(),
            false => Ok(()),
        }
    }

    /// Sealed under each key in turn, so that it takes all of them to open it, and one destroyed is enough.
    fn sealed(&self, line: &Line, bytes: Vec<u8>) -> Result<Vec<u8>, PayloadError> {
        let context = context(line);
        line.keys.iter().try_fold(bytes, |bytes, id| {
            let key = self.ring.get(id).ok_or(PayloadError::Damaged("no key"))?;
            Ok(key.seal(&bytes, &context)?)
        })
    }

    fn opened(&self, line: &Line) -> Result<Content, PayloadError> {
        let context = context(line);
        let sealed = BASE64_STANDARD.decode(&line.sealed);
        let mut bytes = sealed.map_err(|_| PayloadError::Damaged("a payload is not base64"))?;
        for id in line.keys.iter().rev() {
            let Some(key) = self.ring.get(id) else {
                return Ok(Content::Erased);
            };
            bytes = key.open(&bytes, &context)?;
        }
        Ok(Content::Open(bytes))
    }

    /// Has all that was kept on stable storage: keys first, since a payload without its key is none.
    pub(super) fn sync(&mut self) -> Result<(), PayloadError> {
        self.ring.save()?;
        if self.unwritten.is_empty() {
            return Ok(());
        }
        self.file.write_all_at(&self.unwritten, self.end)?;
        self.file.sync_data()?;
        self.end += self.unwritten.len() as u64;
        self.unwritten.clear();
        Ok(())
    }

    /// What is kept of `wanted` after the first `skip`, until it is more than `most` bytes.
    pub(super) fn find(
        &mut self,
        wanted: &Wanted,
        mut skip: usize,
        most: usize,
    ) -> Result<Vec<Found>, PayloadError> {
        self.sync()?;
        let key = match wanted {
            Wanted::Record(_) => None,
            Wanted::Subject(subject) => {
                let key = self.ring.current(&self.ring.pseudonym(subject));
                let Some(key) = key else {
                    return Ok(Vec::new());
                };
                Some(key.to_owned())
            }
        };
        let mut found = Vec::new();
        let mut bytes = 0;
        for line in self.lines()? {
            let line = line?;
            let is_wanted = match wanted {
                Wanted::Record(seq) => line.seq == *seq,
                Wanted::Subject(_) => key.as_ref().is_some_and(|key| line.keys.contains(key)),
            };
            if is_wanted && skip > 0 {
                skip -= 1;
            } else if is_wanted {
                bytes += line.sealed.len();
                found.push(Found {
                    seq: line.seq,
                    part: line.part,
                    content: self.opened(&line)?,
                });
            }
            if bytes > most {
                break;
            }
        }
        Ok(found)
    }

    /// Destroys the key of `subject`.
    pub(super) fn erase(&mut self, subject: &str, after: u64) -> Result<Erased, PayloadError> {
        if self.ring.generation() != after {
            return Err(PayloadError::OtherGeneration);
        }
        self.sync()?;
        let pseudonym = self.ring.pseudonym(subject);
        let key = self.ring.current(&pseudonym).ok_or(PayloadError::Unknown)?;
        let (mut payloads, mut classes) = (0, BTreeMap::new());
        for line in self.lines()? {
            let line = line?;
            payloads += u64::from(line.keys.iter().any(|id| id == key));
            let of = line.keys.first().and_then(|id| self.ring.of(id));
            if let Some(month) = of.and_then(|of| of.strip_prefix(CLASS)) {
                *classes.entry(month.to_owned()).or_default() += 1;
            }
        }
        self.ring.destroy(&pseudonym)?;
        Ok(Erased {
            pseudonym,
            payloads,
            classes,
            survivors: self.ring.len(),
            generation: self.ring.generation(),
        })
    }

    pub(super) fn generation(&self) -> u64 {
        self.ring.generation()
    }

    fn lines(
        &self,
    ) -> Result<impl Iterator<Item = Result<Line, PayloadError>> + use<>, PayloadError> {
        let file = files::open_to_read(&self.path)?;
        let lines = BufReader::new(file.take(self.end)).split(b'\n');
        Ok(lines.map(|line| Ok(serde_json::from_slice(&line?)?)))
    }
}

/// Where the last whole line of `file` ends.
fn whole_lines(file: &File) -> Result<u64, PayloadError> {
    let mut end = file.metadata()?.len();
    let mut byte = [0];
    while end > 0 {
        file.read_exact_at(&mut byte, end - 1)?;
        if byte == *b"\n" {
            break;
        }
        end -= 1;
    }
    Ok(end)
}

/// What a sealed payload is bound to, so that it can't be moved to another record.
fn context(line: &Line) -> Vec<u8> {
    let (seq, part) = (line.seq, line.part.name());
    format!("payload {seq} {part} {}", line.keys.join(" ")).into_bytes()
}
