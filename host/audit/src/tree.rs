//! The tree over the log's records. It follows the durable log: records are *integrated* once they are synced and before
//! anybody is told so, and *published* when a signed checkpoint that covers them lies beside their tiles. Nobody waits for
//! tiles and checkpoints but who asks for a proof.
//!
//! INVARIANT (one history): a checkpoint is signed for durable records alone, so after any crash the records come to
//! the root that was signed. One that they do not come to says that somebody changed them.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use vouchsafe_ambient::clock;
use vouchsafe_keys::{MacKey, SigningKey};
use vouchsafe_tlog::note::{Note, NoteError, VerifierKey};
use vouchsafe_tlog::receipt::Proof;
use vouchsafe_tlog::tile::{Tile, TileNodes, WIDTH};
use vouchsafe_tlog::{Builder, Checkpoint, hash, merkle};

use crate::chain::{hex, sha256};
use crate::mark::{self, MARK};
use crate::shelf::{self, Shelf, Shelved};
use crate::{Bad, LogError, Seq, frame};

/// Where the newest checkpoint lies.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// Where the public keys lie that sign checkpoints, newest first.
pub(crate) const KEYS: &str = "verifier-keys";
/// So many full tiles wait in memory, and then they are laid down.
const UNSHELVED: usize = 64;
/// More bytes than any file beside the log has that is compared.
const MOST: u64 = 16 << 20;
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

    /// What the note `text` says, and which of them signed it.
    ///
    /// # Errors
    /// What is wrong by the newest of them.
    pub(crate) fn read(&self, text: &str) -> Result<(Checkpoint, &VerifierKey), NoteError> {
        let note: Note = text.parse()?;
        let by = |key| Checkpoint::verify(&note, key).map(|checkpoint| (checkpoint, key));
        by(&self.newest)
            .or_else(|error| self.older.iter().find_map(|key| by(key).ok()).ok_or(error))
    }
}

/// The tree of the durable records.
pub(crate) struct Tree {
    origin: String,
    keys: Keys,
    signer: SigningKey,
    marker: MacKey,
    shelf: Box<dyn Shelf>,
    state: Mutex<State>,
    /// What lies on the shelf. Held while something is laid there, which the state is not: who integrates does not wait
    /// for a disk. Always taken before the state, never after.
    published: Mutex<Published>,
    failing: Mutex<Option<Failing>>,
    closed: Mutex<bool>,
    closing: Condvar,
}

/// Why nothing can be published: the log goes on, and others can't see how far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// The first time since it could.
    pub since: Timestamp,
    /// What the last try came to.
    pub why: String,
}

/// What was published last.
#[derive(Default)]
struct Published {
    /// How many records the checkpoint covers; none where there is none, or not all that belongs to it.
    size: Option<u64>,
    /// The tiles at its edge.
    edge: Vec<String>,
}

#[derive(Default)]
struct State {
    builder: Builder,
    /// Full tiles that are not on the shelf yet, oldest first.
    unshelved: VecDeque<(Tile, Arc<[u8]>)>,
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

    /// Takes in the records of the frames in `batch`, which are synced. Touches no disk.
    pub(crate) fn integrate(&self, mut batch: &[u8]) {
        let mut state = self.state();
        while let Some(found) = frame::parse(batch) {
            state.take(hash::leaf(found.record), |_, _| true);
            let size = usize::try_from(found.size()).unwrap_or(usize::MAX);
            batch = batch.get(size..).unwrap_or_default();
        }
        if state.unshelved.len() > UNSHELVED {
            self.closing.notify_all();
        }
    }

    /// Publishes what is integrated, every now and then, until [`Tree::close`].
    pub(crate) fn publish_until_closed(&self) {
        let mut closed = unpoisoned(&self.closed);
        while !*closed {
            let waited = self.closing.wait_timeout(closed, PUBLISH);
            closed = waited.unwrap_or_else(PoisonError::into_inner).0;
            if !*closed {
                // What can't be published now is tried again, and told by `failing`; nobody waits for it.
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
        let laid = self.lay_down();
        let mut failing = unpoisoned(&self.failing);
        match &laid {
            Ok(_) => *failing = None,
            Err(error) => {
                let since = failing
                    .take()
                    .map_or_else(clock::now, |before| before.since);
                let why = error.to_string();
                *failing = Some(Failing { since, why });
            }
        }
        laid
    }

    /// Why nothing could be published last, if that is so.
    pub(crate) fn failing(&self) -> Option<Failing> {
        unpoisoned(&self.failing).clone()
    }

    fn lay_down(&self) -> Result<(u64, Note), LogError> {
        let mut published = unpoisoned(&self.published);
        let mut state = self.state();
        let edge = state.builder.edge();
        let edge: Vec<_> = edge
            .map(|(tile, hashes)| (tile.to_string(), hashes.concat()))
            .collect();
        let (size, note) = (state.builder.size(), self.sign(&mut state));
        let mark = mark::of(&self.checkpoint(&state), &self.marker);
        drop(state);
        self.shelve()?;
        if published.size.is_none_or(|published| published < size) {
            for (path, bytes) in &edge {
                self.shelf.write(path, bytes, false)?;
            }
            self.shelf.write(KEYS, self.keys_file().as_bytes(), true)?;
            // Before the checkpoint: no crash leaves one beyond the mark.
            self.shelf.write(MARK, mark.as_bytes(), true)?;
            let text = note.to_string();
            self.shelf.write(CHECKPOINT, text.as_bytes(), true)?;
            let edge: Vec<_> = edge.into_iter().map(|(path, _)| path).collect();
            for path in published.edge.iter().filter(|path| !edge.contains(path)) {
                self.shelf.remove(path)?;
            }
            *published = Published {
                size: Some(size),
                edge,
            };
        }
        Ok((size, note))
    }

    /// A checkpoint over all that is integrated, whatever lies on the shelf.
    pub(crate) fn signed(&self) -> (u64, Note) {
        let mut state = self.state();
        let note = self.sign(&mut state);
        (state.builder.size(), note)
    }

    /// Lays full tiles on the shelf. Whoever calls it holds `published`.
    fn shelve(&self) -> Result<(), LogError> {
        loop {
            let next = self.state().unshelved.front().cloned();
            let Some((tile, bytes)) = next else {
                return Ok(());
            };
            self.shelf.write(&tile.to_string(), &bytes, false)?;
            self.state().unshelved.pop_front();
        }
    }

    /// The proof that record `seq`, which is integrated, is in the log.
    ///
    /// # Errors
    /// When a tile can't be read, or is not what it was.
    pub(crate) fn prove(&self, seq: Seq, record: &[u8]) -> Result<Proof, LogError> {
        let (builder, tiles, checkpoint) = {
            let mut state = self.state();
            let checkpoint = self.sign(&mut state);
            (state.builder.clone(), self.tiles(&state), checkpoint)
        };
        let (index, size) = (seq.saturating_sub(1), builder.size());
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
        let (builder, tiles) = {
            let state = self.state();
            (state.builder.clone(), self.tiles(&state))
        };
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
                if Some(*size) == published.size
                    && signed.unverified_text() == note.unverified_text() =>
            {
                // With what another witness signed meanwhile.
                *signed = signed.joined_with(note);
                let text = signed.to_string();
                drop(state);
                Ok(self.shelf.write(CHECKPOINT, text.as_bytes(), true)?)
            }
            _ => Ok(()),
        }
    }

    /// A checkpoint over all that is integrated, and its mark, by other keys.
    pub(crate) fn signed_by(
        &self,
        (signer, marker): (&SigningKey, &MacKey),
    ) -> Result<(Note, String), LogError> {
        let checkpoint = self.checkpoint(&self.state());
        let text = checkpoint.to_string();
        let signature = signer.sign(text.as_bytes());
        let note = Note::signed(text, &self.key_of(signer)?, signature);
        Ok((note, mark::of(&checkpoint, marker)))
    }

    fn checkpoint(&self, state: &State) -> Checkpoint {
        Checkpoint {
            origin: self.origin.clone(),
            size: state.builder.size(),
            root: state.builder.root(),
        }
    }

    /// A checkpoint over the whole tree: the one that there is, or a new one.
    fn sign(&self, state: &mut State) -> Note {
        let size = state.builder.size();
        if let Some((_, note)) = state.signed.as_ref().filter(|(of, _)| *of == size) {
            return note.clone();
        }
        let text = self.checkpoint(state).to_string();
        let signature = self.signer.sign(text.as_bytes());
        let note = Note::signed(text, &self.keys.newest, signature);
        state.signed = Some((size, note.clone()));
        note
    }

    /// The full tiles: those on the shelf, and those that are not there yet.
    fn tiles(&self, state: &State) -> Shelved<'_> {
        Shelved {
            shelf: self.shelf.as_ref(),
            unshelved: state.unshelved.iter().cloned().collect(),
        }
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
    /// Appends `leaf`; what becomes full by it is to be laid on the shelf where it is `wanted`.
    fn take(&mut self, leaf: hash::Hash, wanted: impl Fn(Tile, &[u8]) -> bool) {
        let unshelved = &mut self.unshelved;
        let Ok(()) = self.builder.push(leaf, |tile, hashes| {
            let bytes = hashes.concat();
            if wanted(tile, &bytes) {
                unshelved.push_back((tile, bytes.into()));
            }
            Ok::<_, Infallible>(())
        });
    }
}

/// A tree that is being made from the records of a log that is opened.
pub(crate) struct Opening {
    tree: Tree,
    previous: Option<(Checkpoint, Note)>,
    mark: Option<Checkpoint>,
}

impl Opening {
    /// Begins with no record; what `shelf` has of before is what the records must come to.
    ///
    /// # Errors
    /// When there is a checkpoint that this log's keys did not sign, or no mark of its own.
    pub(crate) fn begin(
        header: &[u8],
        (signer, marker): (SigningKey, MacKey),
        shelf: Box<dyn Shelf>,
    ) -> Result<Self, LogError> {
        let origin = origin(header);
        let keys = Keys::of(&origin, &signer)?;
        let text = shelf::text(shelf.as_ref(), CHECKPOINT)?;
        // By the newest key alone: whoever has an older root could have signed with its key.
        let previous = match text {
            Some(text) => {
                let note: Note = text.parse()?;
                Some((Checkpoint::verify(&note, &keys.newest)?, note))
            }
            None => None,
        };
        let mark = match shelf::text(shelf.as_ref(), MARK)? {
            Some(text) => Some(mark::read(&text, &origin, &marker)?),
            // It was there before the first checkpoint was.
            None if previous.is_some() => return Err(LogError::Mark),
            None => None,
        };
        let tree = Tree {
            origin,
            keys,
            signer,
            marker,
            shelf,
            state: Mutex::new(State::default()),
            published: Mutex::default(),
            failing: Mutex::default(),
            closed: Mutex::default(),
            closing: Condvar::new(),
        };
        Ok(Self {
            tree,
            previous,
            mark,
        })
    }

    /// Takes in the next record. A full tile that the shelf has not, or has otherwise, is laid there anew.
    ///
    /// # Errors
    /// [`LogError::Damaged`] or [`LogError::Rewritten`] when the records are not those that were signed for.
    pub(crate) fn show(&mut self, record: &[u8]) -> Result<(), LogError> {
        let mut state = self.tree.state();
        let shelf = self.tree.shelf.as_ref();
        state.take(hash::leaf(record), |tile, bytes| {
            let there = shelf.read(&tile.to_string(), bytes.len() as u64);
            !there.is_ok_and(|there| there.as_deref() == Some(bytes))
        });
        let (size, previous) = (state.builder.size(), self.previous.as_ref());
        match previous.filter(|(previous, _)| previous.size == size) {
            Some((previous, _)) if previous.root != state.builder.root() => {
                let why = "it, or one before it, is not what this log signed a checkpoint for";
                Err(damaged(size, why.to_owned()))
            }
            _ => match self.mark.as_ref().filter(|mark| mark.size == size) {
                Some(mark) if mark.root != state.builder.root() => Err(LogError::Rewritten(size)),
                _ => Ok(()),
            },
        }
    }

    /// The tree of the records that were shown.
    ///
    /// # Errors
    /// [`LogError::Damaged`] or [`LogError::PutBack`] when there were more.
    pub(crate) fn end(self) -> Result<Tree, LogError> {
        let (tree, mark) = (self.tree, self.mark);
        let size = tree.state().builder.size();
        let is_reached = mark
            .as_ref()
            .map_or(Ok(()), |mark| mark::is_reached(mark, size));
        let Some((checkpoint, note)) = self.previous else {
            return is_reached.map(|()| tree);
        };
        if checkpoint.size > size {
            let had = checkpoint.size;
            let why = format!("it is missing: this log signed a checkpoint over {had} records");
            return Err(damaged(size + 1, why));
        }
        is_reached?;
        let is_marked = mark.is_some_and(|mark| mark.size == size);
        let is_whole = is_marked && checkpoint.size == size && tree.has_its_edge()?;
        let edge = Tile::of_tree(checkpoint.size).filter(|tile| tile.width < WIDTH);
        *unpoisoned(&tree.published) = Published {
            size: is_whole.then_some(size),
            edge: edge.map(|tile| tile.to_string()).collect(),
        };
        // With what witnesses signed, which would be lost.
        tree.state().signed = Some((checkpoint.size, note));
        Ok(tree)
    }
}

impl Tree {
    /// Whether the keys and the tiles at the edge, which a power cut may have taken, lie on the shelf as they should.
    fn has_its_edge(&self) -> Result<bool, LogError> {
        let is = |path: &str, wanted: &[u8]| -> Result<bool, LogError> {
            let there = self.shelf.read(path, MOST)?;
            Ok(there.as_deref() == Some(wanted))
        };
        let state = self.state();
        for (tile, hashes) in state.builder.edge() {
            if !is(&tile.to_string(), &hashes.concat())? {
                return Ok(false);
            }
        }
        is(KEYS, self.keys_file().as_bytes())
    }
}

fn damaged(record: Seq, why: String) -> LogError {
    LogError::Damaged(Bad {
        record,
        offset: 0,
        why,
    })
}
