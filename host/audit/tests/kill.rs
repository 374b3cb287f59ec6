//! A writer killed with SIGKILL again and again: every record that it acknowledged is there.
#![cfg(test)]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use common::{SMALL, intent, keys_of, keystore_in, outcome};
use vouchsafe_ambient::{child, env};
use vouchsafe_audit::{Expect, Head, Kind, Log, Why, verify};

const CHILD: &str = "VOUCHSAFE_TEST_LOG";

/// Both processes have the keys that lie beside the log.
fn open_with_its_keys(dir: &Path) -> Log {
    Log::open(dir, keys_of(&keystore_in(dir)), SMALL).unwrap()
}

/// Not a test of its own: what the killed child runs. It says each head after it is durable.
#[test]
fn writer() {
    let Some(dir) = env::var(CHILD) else { return };
    let log = open_with_its_keys(dir.as_ref());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut out = std::io::stdout();
        loop {
            let intents: Vec<_> = (0..7).map(|_| log.append(intent("c")).unwrap()).collect();
            for intent in intents.iter().take(5) {
                log.append(outcome(intent.seq())).unwrap();
            }
            let last = log.append(intent("last")).unwrap();
            log.durable(&last).await.unwrap();
            writeln!(out, "\nacknowledged {}", last.head()).unwrap();
        }
    });
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let program = env::current_program().unwrap();
    let mut last = None;
    for round in 0..12 {
        let mut writer = child::command(&program)
            .args(["--exact", "writer", "--nocapture", "--test-threads=1"])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        // Let it get going, then kill it wherever it is.
        let mut heads: Vec<Head> = Vec::new();
        while heads.len() < 3 {
            let line = lines.next().unwrap().unwrap();
            heads.extend(
                line.strip_prefix("acknowledged ")
                    .map(|head| head.parse::<Head>().unwrap()),
            );
        }
        std::thread::sleep(Duration::from_millis(round * 3));
        writer.kill().unwrap();
        writer.wait().unwrap();
        // The last line may be cut, as the log may.
        heads.extend(
            lines
                .map_while(Result::ok)
                .filter_map(|line| line.strip_prefix("acknowledged ")?.parse::<Head>().ok()),
        );
        last = heads.last().copied().or(last);

        let log = open_with_its_keys(dir.path());
        assert!(log.open_intents().is_empty());
        log.verify(&Expect::from(last)).unwrap();
        let end = log.tail(1).next().unwrap().unwrap();
        assert_eq!((end.kind, end.why), (Kind::Unknown, Some(Why::Crash)));
        drop(log);
        verify(dir.path(), &Expect::from(last)).unwrap();
    }
}
