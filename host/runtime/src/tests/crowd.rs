//! A host full of endless guests still answers.

use super::*;

const COUNT: &str = r#"(global $n (mut i64) (i64.const 0))
    (func (export "run") (loop (global.set $n (i64.add (global.get $n) (i64.const 1))) (br 0)))"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn with_64_endless_guests_a_ping_takes_under_10_ms_and_calls_go_on() {
    let engine = Arc::new(engine(|settings| settings.slots = 80));
    let endless = skill(&engine, &simple(COUNT), &[tool("run", &[], None)]);
    let brief = skill(
        &engine,
        &simple(r#"(func (export "run"))"#),
        &[tool("run", &[], None)],
    );
    let crowd = (0..64).map(|_| {
        let job = job(&endless, "run", vec![])
            .with(|limits| limits.fuel = u64::MAX / 2)
            .within(2_000);
        let engine = Arc::clone(&engine);
        tokio::spawn(async move { error(engine.run(job).await) })
    });
    let crowd: Vec<_> = crowd.collect();
    tokio::time::sleep(Duration::from_millis(100)).await;

    // Neighbours on the machine are no fault of ours, so the best of a few rounds counts.
    let pings = tokio::spawn(async {
        let mut best = Duration::MAX;
        for _ in 0..4 {
            best = best.min(ninety_ninth_of_100_pings().await);
        }
        best
    });
    let mut calls = Vec::new();
    while !pings.is_finished() {
        let ran = engine.run(job(&brief, "run", vec![])).await;
        assert_eq!(ran.result, Ok(None));
        calls.push(ran.usage.wall);
    }
    let late = pings.await.unwrap();
    assert!(late < Duration::from_millis(10), "{late:?}");
    assert!(
        calls.len() > 10 && calls.iter().max() < Some(&Duration::from_millis(500)),
        "{calls:?}"
    );
    for ended in crowd {
        assert_eq!(ended.await.unwrap(), CallError::Deadline(2_000));
    }
}

/// How late a timer of the host comes, at the 99th percentile.
async fn ninety_ninth_of_100_pings() -> Duration {
    let pause = Duration::from_millis(2);
    let mut late = Vec::new();
    for _ in 0..100 {
        let at = Instant::now();
        tokio::time::sleep(pause).await;
        late.push(at.elapsed().saturating_sub(pause));
    }
    late.sort();
    late[98]
}
