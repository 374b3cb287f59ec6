//! How many durable records a second, beside what the disk alone can do: `cargo run --release -p vouchsafe-audit
//! --example throughput [DIR [RECORDS]]`. With a million records it also says what the README's table states of proofs
//! and restarts.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measuring tool may fail by panicking"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use vouchsafe_audit::storage::{Disk, Storage};
use vouchsafe_audit::{
    Entry, Expect, Intent, Log, LogKeys, Options, Outcome, Resources, Status, Subject,
};
use vouchsafe_keys::{Keystore, Purpose, Seal};

const CROWD: usize = 256;
const EACH: usize = 200;
const ALONE: usize = 2000;
const PROOFS: u64 = 5000;

#[tokio::main]
async fn main() {
    let place = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let dir = tempfile::tempdir_in(place).unwrap();
    let store = Keystore::create(
        &dir.path().join("keys"),
        &Seal::KeyFile(dir.path().join("seal")),
    )
    .unwrap();
    let log = Arc::new(Log::open(dir.path(), keys_of(&store), Options::default()).unwrap());

    let (floor, batched) = (
        raw(dir.path(), 1024, ALONE),
        raw(dir.path(), CROWD * 1024, 400),
    );
    let mut times = Vec::new();
    for _ in 0..ALONE {
        let start = Instant::now();
        pair(&log).await;
        times.push(start.elapsed());
    }
    let alone = median(&mut times) / 2;
    println!(
        "one writer    p50 {alone:?} a durable record; one write and fdatasync {floor:?}: {:.2}x",
        ratio(alone, floor)
    );

    let start = Instant::now();
    let crowd: Vec<_> = (0..CROWD)
        .map(|_| tokio::spawn(many(Arc::clone(&log))))
        .collect();
    for one in crowd {
        one.await.unwrap();
    }
    let rate = (CROWD * EACH * 2) as f64 / start.elapsed().as_secs_f64();
    let ceiling = CROWD as f64 / batched.as_secs_f64();
    println!(
        "{CROWD} in flight {rate:.0} durable records/s; the disk alone in such batches {ceiling:.0}: {:.0} %",
        100.0 * rate / ceiling
    );

    let start = Instant::now();
    let records = std::env::args().nth(2);
    let entries: u32 = records.map_or(100_000, |records| records.parse().unwrap());
    for _ in 0..entries / 2 {
        let Ok(intent) = log.append(intent(&log)) else {
            continue;
        };
        log.append(outcome(intent.seq())).unwrap();
    }
    println!(
        "recording     {:?} a record, commitment included",
        start.elapsed() / entries
    );

    let last = log.append(intent(&log)).unwrap();
    log.durable(&last).await.unwrap();
    let mut times = Vec::new();
    for number in 1..=PROOFS {
        let seq = 1 + number * 7919 % last.seq();
        let start = Instant::now();
        log.receipt(seq).unwrap();
        times.push(start.elapsed());
    }
    times.sort_unstable();
    println!(
        "proving       p50 {:?}, p99 {:?} a receipt of {} records",
        times[times.len() / 2],
        times[times.len() * 99 / 100],
        last.seq()
    );
    let start = Instant::now();
    let records = log.verify(&Expect::default()).unwrap().records;
    println!(
        "verifying     {:.0} records/s",
        records as f64 / start.elapsed().as_secs_f64()
    );

    drop(log);
    let start = Instant::now();
    let log = Log::open(dir.path(), keys_of(&store), Options::default()).unwrap();
    println!(
        "opening       {:?} for {} records",
        start.elapsed(),
        log.head().seq
    );
}

fn keys_of(store: &Keystore) -> LogKeys {
    LogKeys {
        commitments: store.sealer(Purpose::LogCommitments),
        pseudonyms: store.mac(Purpose::LogPseudonyms),
        checkpoints: store.signer(Purpose::LogCheckpoints).unwrap(),
        mark: store.mac(Purpose::LogMark),
    }
}

async fn many(log: Arc<Log>) {
    for _ in 0..EACH {
        pair(&log).await;
    }
}

async fn pair(log: &Log) {
    let intent = log.append(intent(log)).unwrap();
    log.durable(&intent).await.unwrap();
    let end = log.append(outcome(intent.seq())).unwrap();
    log.durable(&end).await.unwrap();
}

fn intent(log: &Log) -> Entry {
    Entry::Intent(Intent {
        subject: Subject {
            tenant: "acme".into(),
            principal: "invoice-3".into(),
            correlation: "0198c6c2-9d39-7d3e-b7b5-2f6d6f2a4c11".into(),
        },
        action: "call".into(),
        skill: "acme:payments".into(),
        digest: "sha256:9f2c41d09f2c41d09f2c41d09f2c41d09f2c41d09f2c41d09f2c41d09f2c41d0".into(),
        tool: "initiate".into(),
        effect: "irreversible".into(),
        grant: Some(
            "sha256:9f2c41d09f2c41d09f2c41d09f2c41d09f2c41d09f2c41d09f2c41d09f2c41d0".into(),
        ),
        policy: Some(
            "sha256:9f2c41d09f2c41d09f2c41d09f2c41d09f2c41d09f2c41d09f2c41d09f2c41d0".into(),
        ),
        input: Some(
            log.commit_payload(b"{\"iban\":\"NO9386011117947\"}")
                .unwrap(),
        ),
        ..Intent::default()
    })
}

fn outcome(of: u64) -> Entry {
    Entry::Outcome(Outcome {
        of,
        status: Status::Ok,
        detail: Some("x".repeat(200)),
        output: None,
        resources: Resources {
            fuel: Some(123_456),
            peak_memory: Some(1 << 20),
            duration: Some(Duration::from_micros(321)),
            tokens: None,
        },
    })
}

/// The median time to write `size` bytes to allocated space and sync them.
fn raw(dir: &Path, size: usize, times: usize) -> Duration {
    let disk = Disk::open(&dir.join("raw")).unwrap();
    disk.truncate(0).unwrap();
    disk.allocate(0, (size * times) as u64).unwrap();
    let bytes = vec![b'x'; size];
    let mut took = Vec::new();
    for number in 0..times {
        let start = Instant::now();
        disk.write_at(&bytes, (number * size) as u64).unwrap();
        disk.sync().unwrap();
        took.push(start.elapsed());
    }
    median(&mut took)
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}
