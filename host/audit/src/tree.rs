//! The tree over the log's records. It follows the durable log: records are *integrated* once they are synced and before
//! anybody is told so, and *published* when a signed checkpoint that covers them lies beside their tiles. Nobody waits for
//! tiles and checkpoints but who asks for a proof.
//!
//! INVARIANT (one history): a checkpoint is signed for durable records alone, so after any crash the records come to
//! the root that was signed. One that they do not come to says that somebody changed them.

use std::convert::Infallible;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use vouchsafe_keys::SigningKey;
use vouchsafe_tlog::note::{Note, NoteError, VerifierKey};
use vouchsafe_tlog::receipt::Proof;
use vouchsafe_tlog::tile::{Tile, TileNodes};
use vouchsafe_tlog::{Builder, Checkpoint, hash, merkle};

use crate::chain::{hex, sha256};
use crate::shelf::{self, Shelf, Shelved};
use crate::{Bad, LogError, Seq, frame};

/// Where the newest checkpoint lies.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// Where the public keys lie that sign checkpoints, newest first.
pub(crate) const KEYS: &str = "verifier-keys";
/// So long a durable record may be unpublished.
pub(crate) const PUBLISH: Duration = Duration::from_secs(10);

/// The name of the log whose file begins with `header`: what its checkpoints are of.
pub(crate) fn origin(header: &[u8]) -> String {
    let id = hex(sha256(header).get(..16).unwrap_or_default());
    format!("vouchsafe.log/{id}")
}

/// The keys of a log, by its name.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    /// Signs.
    pub(crate) newest: VerifierKey,
    /// Signed before a rotation, newest first.
    pub(crate) older: Vec<VerifierKey>,
}

impl Keys {
    /// Those of the log called `origin`.
    ///
    /// # Errors
    /// When that is no name for a log.
    pub(crate) fn of(origin: &str, signer: &SigningKey) -> Result<Self, LogError> {
        let key = |public: &[u8; 32]| VerifierKey::new(origin, *public);
        let older = signer.publics().iter().skip(1).map(key);
        Ok(Self {
            newest: key(&signer.public())?,
            older: older.collect::<Result<_, _>>()?,
        })
    }

    /// Those that `text` lists, newest first.
    ///
    /// # Errors
    /// When a line is no key, or there is none.
    pub(crate) fn parse(text: &str) -> Result<Self, NoteError> {
        let mut keys = text.lines().map(str::parse);
        let newest = keys.next().ok_or(NoteError::Key("there is none"))??;
        let older = keys.collect::<Result<_, _>>()?;
        Ok(Self { newest, older })
    }

    /// All of them, newest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &VerifierKey> {
        std::iter::once(&self.newest).chain(&self.older)
    }

    /// What the note `text` says, if one of them signed it.
    ///
    /// # Errors
    /// What is wrong by the newest of them.
    pub(crate) fn read(&self, text: &str) -> Result<Checkpoint, NoteError> {
        let note: Note = text.parse()?;
        let by = |key| Checkpoint::verify(&note, key);
        by(&self.newest)
            .or_else(|error| self.older.iter().find_map(|key| by(key).ok()).ok_or(error))
    }
}

/// The tree of the durable records.
pub(crate) struct Tree {
    origin: String,
    keys: Keys,
    signer: SigningKey,
    shelf: Box<dyn Shelf>,
    state: Mutex<State>,
    /// How many records the checkpoint on the shelf covers. Held while one is laid there, which the state is not: who
    /// integrates does not wait for a disk.
    published: Mutex<u64>,
    closed: Mutex<bool>,
    closing: Condvar,
}

#[derive(Default)]
struct State {
    builder: Builder,
    /// Full tiles that the shelf did not take yet.
    unshelved: Vec<(Tile, Vec<u8>)>,
    /// The newest checkpoint, which may cover less than the tree.
    signed: Option<(u64, Note)>,
}

impl Tree {
    /// The keys that sign or signed its checkpoints, newest first.
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The key by which what `signer` signs for this log is checked.
    pub(crate) fn key_of(&self, signer: &SigningKey) -> Result<VerifierKey, LogError> {
        Ok(VerifierKey::new(&self.origin, signer.public())?)
    }

    /// Takes in the records of the frames in `batch`, which are durable.
    pub(crate) fn integrate(&self, mut batch: &[u8]) {
        let mut state = self.state();
        while let Some(found) = frame::parse(batch) {
            state.take(self.shelf.as_ref(), hash::leaf(found.record), |_, _| true);
            let size = usize::try_from(found.size()).unwrap_or(usize::MAX);
            batch = batch.get(size..).unwrap_or_default();
        }
    }

    /// Publishes what is integrated, every now and then, until [`Tree::close`].
    pub(crate) fn publish_until_closed(&self) {
        let mut closed = unpoisoned(&self.closed);
        while !*closed {
            let waited = self
                .closing
                .wait_timeout_while(closed, PUBLISH, |closed| !*closed);
            closed = waited.unwrap_or_else(PoisonError::into_inner).0;
            let grown = self.state().builder.size() > *unpoisoned(&self.published);
            if !*closed && grown {
                // What can't be published now is tried again; nobody waits for it.
                drop(self.publish());
            }
        }
    }

    /// Ends [`Tree::publish_until_closed`].
    pub(crate) fn close(&self) {
        *unpoisoned(&self.closed) = true;
        self.closing.notify_all();
    }

    /// Signs a checkpoint over all that is integrated, and lays it and the tiles that it needs on the shelf. Returns
    /// also how many records it covers.
    ///
    /// # Errors
    /// When the shelf does not take them. It is tried again.
    pub(crate) fn publish(&self) -> Result<(u64, Note), LogError> {
        let mut published = unpoisoned(&self.published);
        let mut state = self.state();
        state.shelve(self.shelf.as_ref())?;
        let edge = state.builder.edge();
        let edge: Vec<_> = edge.map(|(tile, hashes)| (tile, hashes.concat())).collect();
        let (size, note) = (state.builder.size(), self.sign(&mut state));
        drop(state);
        if *published < size {
            for (tile, bytes) in edge {
                self.shelf.write(&tile.to_string(), &bytes, false)?;
            }
            self.shelf.write(KEYS, self.keys_file().as_bytes(), true)?;
            let text = note.to_string();
            self.shelf.write(CHECKPOINT, text.as_bytes(), true)?;
            *published = size;
        }
        Ok((size, note))
    }

    /// The checkpoint that lies on the shelf.
    ///
    /// # Errors
    /// When it can't be read.
    pub(crate) fn published(&self) -> Result<Option<String>, LogError> {
        Ok(shelf::text(self.shelf.as_ref(), CHECKPOINT)?)
    }

    /// The proof that record `seq`, which is integrated, is in the log.
    ///
    /// # Errors
    /// When a tile can't be read, or is not what it was.
    pub(crate) fn prove(&self, seq: Seq, record: &[u8]) -> Result<Proof, LogError> {
        let (builder, checkpoint) = {
            let mut state = self.state();
            let checkpoint = self.sign(&mut state);
            (state.builder.clone(), checkpoint)
        };
        let (index, size) = (seq.saturating_sub(1), builder.size());
        let tiles = Shelved(self.shelf.as_ref());
        let whole = builder.over(&tiles);
        let path = merkle::prove_inclusion(&TileNodes::new(&whole, size), index, size);
        let proof = Proof {
            index,
            path: path?,
            checkpoint,
        };
        // A tile that somebody changed is found out here and not by who gets the proof.
        let good = proof.verify(record, &self.keys.newest);
        good.map_err(|_| LogError::NoProof(seq))?;
        Ok(proof)
    }

    /// A published checkpoint, and the proof that it continues the log of the first `old` records.
    ///
    /// # Errors
    /// When there were never so many, or a tile can't be read.
    pub(crate) fn extension(&self, old: u64) -> Result<(Note, Vec<hash::Hash>), LogError> {
        let (size, note) = self.publish()?;
        if old > size {
            return Err(LogError::NoProof(old));
        }
        let builder = self.state().builder.clone();
        let tiles = Shelved(self.shelf.as_ref());
        let whole = builder.over(&tiles);
        let path = merkle::prove_consistency(&TileNodes::new(&whole, size), old, size)?;
        Ok((note, path))
    }

    /// Keeps what a witness signed beside the log's own signature, if the checkpoint is still the one.
    ///
    /// # Errors
    /// When the shelf does not take it.
    pub(crate) fn keep_cosigned(&self, note: &Note) -> Result<(), LogError> {
        let published = unpoisoned(&self.published);
        let mut state = self.state();
        match &mut state.signed {
            Some((size, signed))
                if size == &*published && signed.unverified_text() == note.unverified_text() =>
            {
                *signed = note.clone();
            }
            _ => return Ok(()),
        }
        drop(state);
        let text = note.to_string();
        Ok(self.shelf.write(CHECKPOINT, text.as_bytes(), true)?)
    }

    /// A checkpoint over the whole tree: the one that there is, or a new one.
    fn sign(&self, state: &mut State) -> Note {
        let size = state.builder.size();
        if let Some((_, note)) = state.signed.as_ref().filter(|(of, _)| *of == size) {
            return note.clone();
        }
        let checkpoint = Checkpoint {
            origin: self.origin.clone(),
            size,
            root: state.builder.root(),
        };
        let text = checkpoint.to_string();
        let signature = self.signer.sign(text.as_bytes());
        let note = Note::signed(text, &self.keys.newest, signature);
        state.signed = Some((size, note.clone()));
        note
    }

    fn keys_file(&self) -> String {
        self.keys.all().map(|key| format!("{key}\n")).collect()
    }

    /// The state. A panic while it was held left it whole or one leaf short, which no root would hide.
    fn state(&self) -> MutexGuard<'_, State> {
        unpoisoned(&self.state)
    }
}

/// What `mutex` holds, also after a panic while it was held: each is changed at once, or can be made again.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// Appends `leaf`, and lays what becomes full on the shelf where it is `wanted`.
    fn take(&mut self, shelf: &dyn Shelf, leaf: hash::Hash, wanted: impl Fn(Tile, &[u8]) -> bool) {
        let unshelved = &mut self.unshelved;
        let before = unshelved.len();
        let Ok(()) = self.builder.push(leaf, |tile, hashes| {
            let bytes = hashes.concat();
            if wanted(tile, &bytes) {
                unshelved.push((tile, bytes));
            }
            Ok::<_, Infallible>(())
        });
        if self.unshelved.len() > before {
            // What it does not take now is kept, and offered again.
            drop(self.shelve(shelf));
        }
    }

    fn shelve(&mut self, shelf: &dyn Shelf) -> Result<(), LogError> {
        while let Some((tile, bytes)) = self.unshelved.first() {
            shelf.write(&tile.to_string(), bytes, false)?;
            self.unshelved.remove(0);
        }
        Ok(())
    }
}

/// A tree that is being made from the records of a log that is opened.
pub(crate) struct Opening {
    tree: Tree,
    previous: Option<(Checkpoint, Note)>,
}

impl Opening {
    /// Begins with no record; what `shelf` has of before is what the records must come to.
    ///
    /// # Errors
    /// When there is a checkpoint that this log's keys did not sign.
    pub(crate) fn begin(
        header: &[u8],
        signer: SigningKey,
        shelf: Box<dyn Shelf>,
    ) -> Result<Self, LogError> {
        let origin = origin(header);
        let keys = Keys::of(&origin, &signer)?;
        let text = shelf::text(shelf.as_ref(), CHECKPOINT)?;
        let previous = match text {
            Some(text) => Some((keys.read(&text)?, text.parse()?)),
            None => None,
        };
        let tree = Tree {
            origin,
            keys,
            signer,
            shelf,
            state: Mutex::new(State::default()),
            published: Mutex::default(),
            closed: Mutex::default(),
            closing: Condvar::new(),
        };
        Ok(Self { tree, previous })
    }

    /// Takes in the next record. A full tile that the shelf has not, or has otherwise, is laid there anew.
    ///
    /// # Errors
    /// [`LogError::Damaged`] when the records are not those that were signed for.
    pub(crate) fn show(&mut self, record: &[u8]) -> Result<(), LogError> {
        let mut state = self.tree.state();
        let shelf = self.tree.shelf.as_ref();
        state.take(shelf, hash::leaf(record), |tile, bytes| {
            let there = shelf.read(&tile.to_string(), bytes.len() as u64);
            !there.is_ok_and(|there| there.as_deref() == Some(bytes))
        });
        let (size, previous) = (state.builder.size(), self.previous.as_ref());
        match previous.filter(|(previous, _)| previous.size == size) {
            Some((previous, _)) if previous.root != state.builder.root() => {
                let why = "it, or one before it, is not what this log signed a checkpoint for";
                Err(damaged(size, why.to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// The tree of the records that were shown.
    ///
    /// # Errors
    /// [`LogError::Damaged`] when there were more.
    pub(crate) fn end(self) -> Result<Tree, LogError> {
        let Self { tree, previous } = self;
        let size = tree.state().builder.size();
        let Some((checkpoint, note)) = previous else {
            return Ok(tree);
        };
        if checkpoint.size > size {
            let had = checkpoint.size;
            let why = format!("it is missing: this log signed a checkpoint over {had} records");
            return Err(damaged(size + 1, why));
        }
        // What an older key signed is signed anew by the one that took over.
        if note.text_signed_by(&tree.keys.newest).is_ok() {
            *unpoisoned(&tree.published) = checkpoint.size;
            // With what witnesses signed, which would be lost.
            tree.state().signed = Some((checkpoint.size, note));
        }
        Ok(tree)
    }
}

fn damaged(record: Seq, why: String) -> LogError {
    LogError::Damaged(Bad {
        record,
        offset: 0,
        why,
    })
}
