//! The log when nothing goes wrong: order, chain, what records hold and what they don't.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "a tamperer uses no door of ours")]

mod common;

use common::{fill, intent, keys, open, outcome, unknown};
use std::collections::BTreeMap;
use vouchsafe_audit::{
    Control, Entry, Expect, Head, Intent, Kind, Log, LogError, Options, Record, Refusal, Status,
    Subject, Why, records, verify,
};

fn all(log: &Log) -> Vec<Record> {
    log.records(1).collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn records_are_numbered_chained_and_canonical() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    fill(&log, 3).await;
    let found = all(&log);
    assert_eq!(
        found.iter().map(|r| r.seq).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 6]
    );
    assert_eq!(found[1].kind, Kind::Outcome);
    assert_eq!(found[1].of, Some(1));
    assert_eq!(found[1].status, Some(Status::Ok));
    assert_eq!(found[1].skill.as_deref(), Some("acme:payments"));
    assert_eq!(found[1].principal, found[0].principal);
    drop(log);

    let bytes = std::fs::read(dir.path().join("records.log")).unwrap();
    let frames: Vec<_> = bytes.split(|byte| *byte == 0x1e).skip(1).collect();
    assert_eq!(frames.len(), 6);
    let mut prev = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes[..90]);
    for (frame, record) in frames.iter().zip(&found) {
        let json = &frame[35..frame.len() - 1];
        let value: serde_json::Value = serde_json::from_slice(json).unwrap();
        assert_eq!(serde_json_canonicalizer::to_vec(&value).unwrap(), json);
        assert_eq!(record.prev, hex::encode(prev));
        prev = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, json);
    }
}

#[tokio::test]
async fn what_is_told_of_the_host_is_found_among_calls_that_say_they_are_it() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let control = |action: &str| {
        Entry::Control(Control {
            action: action.to_owned(),
            facts: BTreeMap::from([("words".to_owned(), "\"kind\":\"intent\"".to_owned())]),
            ..Control::default()
        })
    };
    for number in 0..50 {
        log.append(intent("\"kind\":\"control\"")).unwrap();
        log.append(control(&format!("apply {number}"))).unwrap();
        fill(&log, 3).await;
    }
    for from in [1, 2, 9, 200] {
        let controls: Vec<_> = log.controls(from).collect::<Result<_, _>>().unwrap();
        let all = all(&log).into_iter();
        let those: Vec<_> = all
            .filter(|record| record.seq >= from && record.kind == Kind::Control)
            .collect();
        assert_eq!(controls, those);
        assert!(!those.is_empty());
    }
}

#[tokio::test]
async fn every_field_keeps_its_canonical_place() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let Entry::Intent(call) = intent("c") else {
        unreachable!()
    };
    let parent = log.append(Entry::Intent(call.clone())).unwrap();
    let full = Intent {
        parent: Some(parent.seq()),
        place: Some("https://bank.corp.internal:8443".into()),
        rule: Some("bank: POST /payments".into()),
        input: Some(log.commit_payload(b"{}").unwrap()),
        tool: "quote \" back \\ tab \t bell \u{7} é 💶 \u{2028}".into(),
        ..call
    };
    let effect = log.append(Entry::Intent(full)).unwrap();
    let mut end = outcome(effect.seq());
    if let Entry::Outcome(end) = &mut end {
        end.detail = Some("fuel".into());
        end.output = Some(log.commit_payload(b"1").unwrap());
        end.resources.fuel = Some(u64::MAX);
        end.resources.peak_memory = Some(65536);
        end.resources.duration = Some(std::time::Duration::from_micros(17));
    }
    log.append(end).unwrap();
    log.append(unknown(parent.seq())).unwrap();
    log.append(Entry::Refusal(Refusal {
        code: "NOT_APPROVED".into(),
        detail: "needs approval".into(),
        skill: Some("acme:payments".into()),
        ..Refusal::default()
    }))
    .unwrap();
    let last = log
        .append(Entry::Control(Control {
            subject: Some(Subject::default()),
            action: "apply".into(),
            facts: BTreeMap::from([
                ("b".into(), "2".into()),
                ("a".into(), "1".into()),
                ("B".into(), "3".into()),
            ]),
            ..Control::default()
        }))
        .unwrap();
    log.durable(&last).await.unwrap();
    assert_eq!(all(&log)[2].fuel, Some((1 << 53) - 1));
    assert_eq!(all(&log)[3].why, Some(Why::Dropped));
    drop(log);
    let bytes = std::fs::read(dir.path().join("records.log")).unwrap();
    for frame in bytes.split(|byte| *byte == 0x1e).skip(1) {
        let json = &frame[35..frame.len() - 1];
        let value: serde_json::Value = serde_json::from_slice(json).unwrap();
        assert_eq!(
            String::from_utf8(serde_json_canonicalizer::to_vec(&value).unwrap()).unwrap(),
            String::from_utf8(json.to_vec()).unwrap()
        );
    }
}

#[tokio::test]
async fn no_person_and_no_payload_stands_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let payload = br#"{"iban":"NO9386011117947"}"#;
    let Entry::Intent(mut call) = intent("c") else {
        unreachable!()
    };
    call.input = Some(log.commit_payload(payload).unwrap());
    let last = log.append(Entry::Intent(call)).unwrap();
    log.durable(&last).await.unwrap();
    let bare = hex::encode(aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA256,
        payload,
    ));
    let text = String::from_utf8_lossy(&std::fs::read(dir.path().join("records.log")).unwrap())
        .into_owned();
    for secret in ["anna", "NO9386011117947", &bare] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn a_commitment_opens_with_its_payload_alone_and_is_fresh() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let one = log.commit_payload(b"a").unwrap();
    assert!(log.opens(&one, b"a"));
    assert!(!log.opens(&one, b"b"));
    assert_ne!(one, log.commit_payload(b"a").unwrap());
}

#[test]
fn pseudonyms_are_stable_and_apart_by_tenant() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    assert_eq!(log.pseudonym("a", "anna"), log.pseudonym("a", "anna"));
    assert_ne!(log.pseudonym("a", "anna"), log.pseudonym("b", "anna"));
    assert_ne!(log.pseudonym("a", "banna"), log.pseudonym("ab", "anna"));
}

#[test]
fn an_intent_is_concluded_once() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let first = log.append(intent("c")).unwrap();
    assert_eq!(log.open_intents(), [1]);
    log.append(outcome(first.seq())).unwrap();
    for again in [outcome(1), unknown(1), outcome(2), outcome(99)] {
        assert!(matches!(log.append(again), Err(LogError::NotOpen(_))));
    }
    assert!(log.open_intents().is_empty());
}

#[test]
fn a_part_of_a_concluded_intent_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let parent = log.append(intent("c")).unwrap();
    let Entry::Intent(mut part) = intent("c") else {
        unreachable!()
    };
    part.parent = Some(parent.seq());
    log.append(Entry::Intent(part.clone())).unwrap();
    log.append(outcome(parent.seq())).unwrap();
    assert!(matches!(
        log.append(Entry::Intent(part)),
        Err(LogError::NotOpen(1))
    ));
}

#[test]
fn a_name_without_bounds_is_refused_and_nothing_changes() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let Entry::Intent(mut call) = intent("c") else {
        unreachable!()
    };
    call.tool = "x".repeat(513);
    assert!(matches!(
        log.append(Entry::Intent(call)),
        Err(LogError::TooLong { field: "tool", .. })
    ));
    assert_eq!(log.append(intent("c")).unwrap().seq(), 1);
}

#[tokio::test]
async fn a_refusal_at_a_place_without_bounds_is_recorded_with_what_fits() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let refusal = Refusal {
        place: Some("é".repeat(10_000)),
        ..Refusal::default()
    };
    let recorded = log.append(Entry::Refusal(refusal)).unwrap();
    log.durable(&recorded).await.unwrap();
    assert_eq!(all(&log)[0].place, Some("é".repeat(256)));
}

#[tokio::test]
async fn a_second_writer_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    fill(&log, 1).await;
    let second = Log::open(dir.path(), keys(), Options::default());
    assert!(second.unwrap_err().to_string().contains("locked"));
    drop(log);
    assert!(Log::open(dir.path(), keys(), Options::default()).is_ok());
}

#[tokio::test]
async fn an_intent_left_open_becomes_unknown_once() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let left = log.append(intent("left")).unwrap();
    fill(&log, 1).await;
    drop(log);
    for _ in 0..2 {
        let log = open(dir.path());
        let found = all(&log);
        assert_eq!(found.len(), 4);
        let last = &found[3];
        assert_eq!(
            (last.kind, last.of, last.why),
            (Kind::Unknown, Some(left.seq()), Some(Why::Crash))
        );
        assert_eq!(last.correlation.as_deref(), Some("left"));
        assert_eq!(last.principal, found[0].principal);
        assert!(log.open_intents().is_empty());
    }
}

#[tokio::test]
async fn a_closed_log_gives_its_space_back_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    for round in 1..=3 {
        let log = open(dir.path());
        fill(&log, 40).await;
        assert_eq!(log.head().seq, round * 80);
    }
    let size = std::fs::metadata(dir.path().join("records.log"))
        .unwrap()
        .len();
    let text = std::fs::read(dir.path().join("records.log")).unwrap();
    assert_eq!(text.last(), Some(&b'\n'));
    assert!(size > 80 * 3 * 100);
    assert_eq!(verify(dir.path(), &Expect::default()).unwrap().records, 240);
}

#[tokio::test]
async fn any_part_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), keys(), Options::default()).unwrap();
    fill(&log, 2).await;
    for number in 0..1500 {
        let intent = log.append(intent(&number.to_string())).unwrap();
        log.append(outcome(intent.seq())).unwrap();
    }
    let last = log.append(intent("last")).unwrap();
    log.durable(&last).await.unwrap();
    let seqs = |found: Vec<Result<Record, LogError>>| -> Vec<u64> {
        found.into_iter().map(|r| r.unwrap().seq).collect()
    };
    for from in [1, 2, 1023, 1024, 1025, 1026, 2048, 2049, 2050, 3005] {
        assert_eq!(
            seqs(log.records(from).collect()),
            (from..=3005).collect::<Vec<_>>()
        );
    }
    assert_eq!(seqs(log.tail(2).collect()), [3004, 3005]);
    assert_eq!(log.tail(10_000).count(), 3005);
    assert_eq!(log.records(4000).count(), 0);
    assert_eq!(records(dir.path()).unwrap().count(), 3005);
    drop(log);
    // The index is rebuilt, not kept.
    let log = Log::open(dir.path(), keys(), Options::default()).unwrap();
    assert_eq!(seqs(log.tail(2).collect()), [3005, 3006]);
    assert_eq!(seqs(log.records(2049).take(1).collect()), [2049]);
}

#[tokio::test]
async fn verifying_says_what_it_could_not_check() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    fill(&log, 2).await;
    let head = log.head();
    let without = verify(dir.path(), &Expect::default()).unwrap();
    assert_eq!((without.records, without.head), (4, head));
    assert_eq!(without.unchecked.len(), 2);
    assert!(without.to_string().contains("--from"));
    assert_eq!(
        verify(dir.path(), &Expect::from(Some(head)))
            .unwrap()
            .unchecked
            .len(),
        1
    );
    fill(&log, 1).await;
    let grown = log.verify(&Expect::from(Some(head))).unwrap();
    assert_eq!(grown.records, 6);
    assert!(grown.unchecked[0].contains("after 4"));
    assert_eq!(head.to_string().parse::<Head>().unwrap(), head);
    assert!("4:beef".parse::<Head>().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn verifying_beside_a_busy_writer_finds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let log = std::sync::Arc::new(open(dir.path()));
    fill(&log, 1).await;
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let log = std::sync::Arc::clone(&log);
            tokio::spawn(async move { fill(&log, 200).await })
        })
        .collect();
    let path = dir.path().to_owned();
    let mut checks = 0;
    while writers.iter().any(|writer| !writer.is_finished()) {
        let path = path.clone();
        tokio::task::spawn_blocking(move || verify(&path, &Expect::default()).unwrap())
            .await
            .unwrap();
        log.verify(&Expect::default()).unwrap();
        checks += 1;
    }
    assert!(checks > 0);
    assert_eq!(
        verify(dir.path(), &Expect::from(Some(log.head())))
            .unwrap()
            .records,
        2 + 8 * 400
    );
}

#[tokio::test]
async fn a_log_of_another_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    fill(&log, 1).await;
    drop(log);
    let path = dir.path().join("records.log");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[14] = b'2';
    std::fs::write(&path, bytes).unwrap();
    let error = Log::open(dir.path(), keys(), Options::default()).unwrap_err();
    assert!(error.to_string().contains("the header"), "{error}");
}
