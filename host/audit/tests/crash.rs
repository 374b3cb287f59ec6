//! Every durable step of the log, cut short there in many ways: what lies on the disk afterwards is opened and checked.
//!
//! A workload runs once, on a disk and a shelf that write down each step. For each prefix of those steps, the explorer
//! makes images of what may be on the disk when power fails there: every sector that was not synced as it was or as it
//! was to be, in any order; a write torn at a byte; files of the shelf that are not lasting gone or cut short; and then
//! images of a disk that breaks its word: a sync that did nothing, a flipped bit. Then the checker opens it.
#![cfg(test)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use common::{Faulty, InMemory, SMALL, keys};
use vouchsafe_ambient::files::FileError;
use vouchsafe_audit::storage::Storage;
use vouchsafe_audit::{
    Control, Entry, Expect, Head, Intent, Kind, Log, LogError, Outcome, Record, Resources, Shelf,
    Status, Subject,
};

/// At least so many images are looked at.
const WANTED: u64 = 100_000;
const SECTOR: usize = 512;

static EXPLORED: AtomicU64 = AtomicU64::new(0);

#[test]
fn whatever_a_crash_leaves_holds_all_that_was_acknowledged_and_signed() {
    let threads = std::thread::available_parallelism().map_or(2, usize::from) as u64;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                let mut seed = thread;
                while EXPLORED.load(Ordering::Relaxed) < WANTED {
                    explore(seed);
                    seed += threads;
                }
            });
        }
    });
    let explored = EXPLORED.load(Ordering::Relaxed);
    println!("crash states explored: {explored}");
    assert!(explored >= WANTED);
}

/// One step of the log, in the order in which they happened.
#[derive(Clone)]
enum Step {
    Write(usize, Vec<u8>),
    Resize(usize),
    Sync,
    Shelve(String, Vec<u8>, bool),
    /// Somebody was told that records up to this one are durable.
    Acknowledged(Head),
    /// Somebody was given this checkpoint.
    Signed(String),
}

/// A disk and a shelf that write down what is done to them.
#[derive(Clone, Default)]
struct Recorder {
    steps: Arc<Mutex<Vec<Step>>>,
    disk: Arc<Faulty>,
    shelf: InMemory,
}

impl Recorder {
    fn note(&self, step: Step) {
        self.steps
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(step);
    }
}

impl Storage for Recorder {
    fn size(&self) -> io::Result<u64> {
        self.disk.size()
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.disk.read_at(into, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.note(Step::Write(offset as usize, bytes.to_vec()));
        self.disk.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.sync()?;
        self.note(Step::Sync);
        Ok(())
    }

    fn allocate(&self, offset: u64, length: u64) -> io::Result<()> {
        self.disk.allocate(offset, length)?;
        self.note(Step::Resize(self.disk.bytes().len()));
        Ok(())
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.note(Step::Resize(size as usize));
        self.disk.truncate(size)
    }
}

impl Shelf for Recorder {
    fn read(&self, path: &str, most: u64) -> Result<Option<Vec<u8>>, FileError> {
        self.shelf.read(path, most)
    }

    fn write(&self, path: &str, bytes: &[u8], lasting: bool) -> Result<(), FileError> {
        self.note(Step::Shelve(path.to_owned(), bytes.to_vec(), lasting));
        self.shelf.write(path, bytes, lasting)
    }

    fn remove(&self, path: &str) -> Result<(), FileError> {
        // Only what is not needed any more: that it is still there after a crash does no harm.
        self.shelf.remove(path)
    }
}

/// Small numbers that look random and are the same for the same seed (xorshift64*).
struct Dice(u64);

impl Dice {
    fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides.max(1)
    }
}

/// Runs a workload, and looks at what a crash at each of its steps leaves.
fn explore(seed: u64) {
    let mut dice = Dice::of(seed + 1);
    let recorder = Recorder::default();
    work(&recorder, &mut dice);
    let steps = recorder.steps.lock().unwrap().clone();
    for crashed in 1..=steps.len() {
        let before = Before::of(&steps[..crashed]);
        for variant in [
            Cut::Nothing,
            Cut::Everything,
            Cut::Sectors,
            Cut::Sectors,
            Cut::Torn,
            Cut::NoSync,
            Cut::Flipped,
            Cut::PutBack,
        ] {
            let at = || {
                format!(
                    "seed {seed}, step {crashed} of {}, {variant:?}",
                    steps.len()
                )
            };
            before.check(variant, &mut dice, &at);
            EXPLORED.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Calls and control records, some waited for, some approved, checkpoints in between, ends and beginnings.
fn work(recorder: &Recorder, dice: &mut Dice) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let mut approval = 1000;
    for _ in 0..1 + dice.throw(3) {
        let log = Log::open_on(
            Arc::new(recorder.clone()),
            Box::new(recorder.clone()),
            keys(),
            SMALL,
        );
        let log = log.unwrap();
        runtime.block_on(async {
            for _ in 0..1 + dice.throw(8) {
                let mut last = None;
                for _ in 0..1 + dice.throw(4) {
                    approval += 1;
                    last = Some(one(&log, dice, approval));
                }
                if dice.throw(4) > 0 {
                    let last = last.unwrap();
                    log.durable(&last).await.unwrap();
                    recorder.note(Step::Acknowledged(last.head()));
                }
                if dice.throw(4) == 0 {
                    let note = log.publish().unwrap().to_string();
                    recorder.note(Step::Signed(note));
                }
            }
        });
    }
}

fn one(log: &Log, dice: &mut Dice, approval: u64) -> vouchsafe_audit::Recorded {
    if dice.throw(6) == 0 {
        return log.append(Entry::Control(Control::default())).unwrap();
    }
    let subject = Subject {
        tenant: "acme".into(),
        principal: "anna".into(),
        correlation: "c".repeat(dice.throw(500)),
    };
    let intent = Intent {
        subject,
        approval: (dice.throw(3) == 0).then_some(approval),
        ..Intent::default()
    };
    let intent = log.append(Entry::Intent(intent)).unwrap();
    if dice.throw(5) == 0 {
        return intent;
    }
    let outcome = Outcome {
        of: intent.seq(),
        status: Status::Ok,
        detail: None,
        output: None,
        resources: Resources::default(),
    };
    log.append(Entry::Outcome(outcome)).unwrap()
}

/// How a crash cuts what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Nothing,
    Everything,
    Sectors,
    Torn,
    /// The disk said that it had synced, the last time, and had not.
    NoSync,
    /// A bit of what had been synced is another one.
    Flipped,
    /// Somebody put file and checkpoint back to what was published first.
    PutBack,
}

/// What had been done, promised and given away when power failed.
struct Before {
    stable: Vec<u8>,
    /// The file before the sync before that.
    older: Vec<u8>,
    /// Since the last sync.
    unsynced: Vec<Step>,
    lasting: BTreeMap<String, Vec<u8>>,
    fleeting: BTreeMap<String, Vec<u8>>,
    acknowledged: Option<Head>,
    signed: Vec<String>,
    /// The first checkpoint, and the file as it was then.
    first: Option<(Vec<u8>, Vec<u8>)>,
}

impl Before {
    fn of(steps: &[Step]) -> Self {
        let (mut before, mut file) = (Self::nothing(), Vec::new());
        for step in steps {
            match step {
                Step::Write(..) | Step::Resize(_) => {
                    apply(&mut file, step);
                    before.unsynced.push(step.clone());
                }
                Step::Sync => {
                    before.older = std::mem::replace(&mut before.stable, file.clone());
                    before.unsynced.clear();
                }
                Step::Shelve(path, bytes, true) => {
                    if path == "checkpoint" && before.first.is_none() {
                        before.first = Some((bytes.clone(), before.stable.clone()));
                    }
                    before.lasting.insert(path.clone(), bytes.clone());
                }
                Step::Shelve(path, bytes, false) => {
                    before.fleeting.insert(path.clone(), bytes.clone());
                }
                Step::Acknowledged(head) => before.acknowledged = Some(*head),
                Step::Signed(note) => before.signed.push(note.clone()),
            }
        }
        before
    }

    fn nothing() -> Self {
        Self {
            stable: Vec::new(),
            older: Vec::new(),
            unsynced: Vec::new(),
            lasting: BTreeMap::new(),
            fleeting: BTreeMap::new(),
            acknowledged: None,
            signed: Vec::new(),
            first: None,
        }
    }

    fn check(&self, cut: Cut, dice: &mut Dice, at: &dyn Fn() -> String) {
        if cut == Cut::PutBack {
            return self.put_back(dice, at);
        }
        let image = self.image(cut, dice);
        let opened = Log::open_on(Faulty::holding(image), self.shelf(dice), keys(), SMALL);
        match opened {
            Ok(log) => self.holds(&log, cut, at),
            // A disk that breaks its word may be refused; one that keeps it never is.
            Err(LogError::Damaged(_) | LogError::Checkpoint(_) | LogError::PutBack { .. })
                if matches!(cut, Cut::NoSync | Cut::Flipped) => {}
            Err(error) => panic!("{}: {error}", at()),
        }
    }

    /// With the first checkpoint, and records that end where it does, the log is opened only while that is the newest.
    fn put_back(&self, dice: &mut Dice, at: &dyn Fn() -> String) {
        let Some((checkpoint, image)) = &self.first else {
            return;
        };
        let shelf = self.shelf(dice);
        shelf.write("checkpoint", checkpoint, true).unwrap();
        let opened = Log::open_on(Faulty::holding(image.clone()), shelf, keys(), SMALL);
        let marked = |text: &[u8]| -> u64 {
            let text = String::from_utf8_lossy(text);
            text.lines().nth(1).unwrap().parse().unwrap()
        };
        // Records that were durable and not published yet may be in that image.
        let is_behind = marked(&self.lasting["mark"]) > records_in(image);
        match opened {
            Err(LogError::PutBack { .. }) if is_behind => {}
            Ok(_) if !is_behind => {}
            other => panic!("{}: {:?}", at(), other.map(|log| log.head())),
        }
    }

    /// What was promised is there, what was signed is its beginning, and every intent has one end.
    fn holds(&self, log: &Log, cut: Cut, at: &dyn Fn() -> String) {
        // What a disk lost that had said that it kept it, nobody can have.
        let promised = self.acknowledged.filter(|_| cut != Cut::NoSync);
        let signed = self.signed.last().filter(|_| cut != Cut::NoSync);
        let expect = Expect {
            head: promised,
            checkpoint: signed.cloned(),
        };
        let good = log
            .verify(&expect)
            .unwrap_or_else(|error| panic!("{}: {error}", at()));
        assert!(good.open.is_empty(), "{}: {:?} are open", at(), good.open);
        let records: Vec<Record> = log.records(1).collect::<Result<_, _>>().unwrap();
        let mut consumed = BTreeSet::new();
        let twice = records
            .iter()
            .filter_map(|record| record.approval)
            .find(|id| !consumed.insert(*id));
        assert_eq!(twice, None, "{}: consumed twice", at());
        let intents = records
            .iter()
            .filter(|record| record.kind == Kind::Intent)
            .count();
        let ends = records.iter().filter(|record| record.of.is_some()).count();
        assert_eq!(intents, ends, "{}", at());
    }

    fn image(&self, cut: Cut, dice: &mut Dice) -> Vec<u8> {
        let mut image = match cut {
            Cut::NoSync => self.older.clone(),
            _ => self.stable.clone(),
        };
        match cut {
            Cut::Nothing | Cut::NoSync | Cut::PutBack => {}
            Cut::Everything => self
                .unsynced
                .iter()
                .for_each(|step| apply(&mut image, step)),
            Cut::Sectors => self.sectors(&mut image, dice),
            Cut::Torn => {
                let whole = dice.throw(self.unsynced.len() + 1);
                self.unsynced[..whole]
                    .iter()
                    .for_each(|step| apply(&mut image, step));
                if let Some(Step::Write(offset, bytes)) = self.unsynced.get(whole) {
                    let torn = bytes[..dice.throw(bytes.len())].to_vec();
                    apply(&mut image, &Step::Write(*offset, torn));
                }
            }
            Cut::Flipped if !image.is_empty() => {
                let place = dice.throw(image.len());
                image[place] ^= 1 << dice.throw(8);
            }
            Cut::Flipped => {}
        }
        image
    }

    /// Each sector is as it was or as it was to be, and so is the length.
    fn sectors(&self, image: &mut Vec<u8>, dice: &mut Dice) {
        let mut to_be = image.clone();
        self.unsynced
            .iter()
            .for_each(|step| apply(&mut to_be, step));
        if to_be.len() > image.len() {
            image.resize(to_be.len(), 0);
        }
        for start in (0..to_be.len()).step_by(SECTOR) {
            let end = (start + SECTOR).min(to_be.len());
            if dice.throw(2) == 0 {
                image[start..end].copy_from_slice(&to_be[start..end]);
            }
        }
    }

    /// What lasts is there; of the rest, each is there, gone, or cut short.
    fn shelf(&self, dice: &mut Dice) -> Box<InMemory> {
        let shelf = InMemory::default();
        for (path, bytes) in &self.fleeting {
            let kept = match dice.throw(3) {
                0 => continue,
                1 => &bytes[..dice.throw(bytes.len())],
                _ => bytes,
            };
            shelf.write(path, kept, false).unwrap();
        }
        for (path, bytes) in &self.lasting {
            shelf.write(path, bytes, true).unwrap();
        }
        Box::new(shelf)
    }
}

fn records_in(image: &[u8]) -> u64 {
    image.iter().filter(|byte| **byte == 0x1e).count() as u64
}

fn apply(file: &mut Vec<u8>, step: &Step) {
    match step {
        Step::Write(offset, bytes) => {
            let end = offset + bytes.len();
            if file.len() < end {
                file.resize(end, 0);
            }
            file[*offset..end].copy_from_slice(bytes);
        }
        Step::Resize(size) => file.resize(*size, 0),
        _ => {}
    }
}
