//! Guests that never end, and what ends them.

use super::*;

const LOOP: &str = r#"(func (export "run") (loop (br 0)))"#;
const COUNT: &str = r#"(global $n (mut i64) (i64.const 0))
    (func (export "run") (loop (global.set $n (i64.add (global.get $n) (i64.const 1))) (br 0)))"#;

/// Waits in the host for ever: `test:host/stuck`.
const STUCK: &str = r#"(component
    (import "test:host/stuck" (func $stuck))
    (core func $stuck (canon lower (func $stuck)))
    (core module $m (import "h" "stuck" (func $s)) (func (export "run") (call $s)))
    (core instance $i (instantiate $m (with "h" (instance (export "stuck" (func $stuck))))))
    (func (export "run") (canon lift (core func $i "run"))))"#;

/// Sleeps as a standard library does: `wasi:clocks` and `wasi:io/poll`.
const SLEEP: &str = r#"(component
    (import "wasi:io/poll@0.2.0" (instance $poll
        (export "pollable" (type $p (sub resource)))
        (export "[method]pollable.block" (func (param "self" (borrow $p))))))
    (alias export $poll "pollable" (type $pollable))
    (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
        (alias outer 1 $pollable (type $q))
        (export "pollable" (type $p (eq $q)))
        (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
    (core func $block (canon lower (func $poll "[method]pollable.block")))
    (core func $subscribe (canon lower (func $clock "subscribe-duration")))
    (core module $m
        (import "h" "block" (func $block (param i32)))
        (import "h" "subscribe" (func $subscribe (param i64) (result i32)))
        (func (export "run") (call $block (call $subscribe (i64.const 3600000000000)))))
    (core instance $i (instantiate $m (with "h" (instance
        (export "block" (func $block)) (export "subscribe" (func $subscribe))))))
    (func (export "run") (canon lift (core func $i "run"))))"#;

#[tokio::test]
async fn an_endless_loop_ends_when_its_fuel_does() {
    let engine = engine(|_| ());
    let ran = run(&engine, &simple(COUNT), |job| {
        job.with(|limits| limits.fuel = 5_000_000)
    })
    .await;
    assert_eq!(ran.usage.fuel, 5_000_000);
    assert_eq!(error(ran), CallError::OutOfFuel(5_000_000));
}

#[tokio::test]
async fn whatever_waits_or_loops_ends_at_the_deadline() {
    let engine = engine(|_| ());
    for wat in [
        simple(LOOP),
        simple(COUNT),
        STUCK.to_owned(),
        SLEEP.to_owned(),
    ] {
        // Some seconds of it: without a deadline this fails, and does not go on for ever.
        let plenty = |limits: &mut Limits| limits.fuel = 3_000_000_000;
        let ran = run(&engine, &wat, |job| job.with(plenty).within(100)).await;
        assert!(ran.usage.wall >= Duration::from_millis(100), "{wat}");
        assert!(
            ran.usage.wall < Duration::from_millis(400),
            "{:?} {wat}",
            ran.usage.wall
        );
        assert_eq!(error(ran), CallError::Deadline(100), "{wat}");
    }
}

#[tokio::test]
async fn endless_start_up_code_ends_too() {
    let engine = engine(|_| ());
    let wat = simple(r#"(func $s (loop (br 0))) (start $s) (func (export "run"))"#);
    let ran = run(&engine, &wat, |job| {
        job.with(|limits| limits.fuel = 1_000_000)
    })
    .await;
    assert_eq!(error(ran), CallError::OutOfFuel(1_000_000));
}

#[tokio::test]
async fn a_cancelled_call_frees_its_slot_within_50_ms() {
    let engine = Arc::new(engine(|settings| settings.slots = 1));
    for wat in [simple(COUNT), STUCK.to_owned(), SLEEP.to_owned()] {
        let cancel = CancellationToken::new();
        let skill = skill(&engine, &wat, &[tool("run", &[], None)]);
        let mut job = job(&skill, "run", vec![]).with(|limits| limits.fuel = u64::MAX / 2);
        job.cancel = cancel.clone();
        let call = tokio::spawn({
            let engine = Arc::clone(&engine);
            async move { engine.run(job).await }
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        let at = Instant::now();
        cancel.cancel();
        let ran = call.await.unwrap();
        assert_eq!(error(ran), CallError::Cancelled);
        let idle = run(&engine, &simple(r#"(func (export "run"))"#), |job| job).await;
        assert_eq!(idle.result, Ok(None));
        assert!(
            at.elapsed() < Duration::from_millis(50),
            "{:?} {wat}",
            at.elapsed()
        );
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_ends_its_guest() {
    let engine = engine(|settings| settings.slots = 1);
    let wat = simple(COUNT);
    let endless = run(&engine, &wat, |job| {
        job.with(|limits| limits.fuel = u64::MAX / 2)
    });
    assert!(
        tokio::time::timeout(Duration::from_millis(50), endless)
            .await
            .is_err()
    );
    let next = run(&engine, &simple(r#"(func (export "run"))"#), |job| {
        job.within(1000)
    })
    .await;
    assert_eq!(next.result, Ok(None));
}

#[tokio::test]
async fn a_timeout_in_one_call_disturbs_no_other() {
    let engine = Arc::new(engine(|_| ()));
    let skill = skill(&engine, &simple(COUNT), &[tool("run", &[], None)]);
    let calls = (0..8_u64).map(|n| {
        let job = job(&skill, "run", vec![]);
        let (fuel, wall) = if n % 2 == 0 {
            (u64::MAX / 2, 100)
        } else {
            (20_000_000, 10_000)
        };
        let job = job.with(|limits| limits.fuel = fuel).within(wall);
        let engine = Arc::clone(&engine);
        tokio::spawn(async move { error(engine.run(job).await) })
    });
    for (n, ended) in futures::future::join_all(calls)
        .await
        .into_iter()
        .enumerate()
    {
        let expected = if n % 2 == 0 {
            CallError::Deadline(100)
        } else {
            CallError::OutOfFuel(20_000_000)
        };
        assert_eq!(ended.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_panic_of_the_host_ends_one_call_and_nothing_else() {
    let engine = engine(|settings| settings.slots = 1);
    let wat = STUCK.replace("stuck", "panic");
    assert_eq!(
        error(run(&engine, &wat, |job| job).await),
        CallError::Internal
    );
    let next = run(&engine, &simple(r#"(func (export "run"))"#), |job| job).await;
    assert_eq!(next.result, Ok(None));
}

#[tokio::test]
async fn traps_are_told_apart_in_words() {
    let engine = engine(|_| ());
    for (body, said) in [
        (
            r#"(func (export "run") unreachable)"#,
            "wasm `unreachable` instruction executed",
        ),
        (
            r#"(func $f (export "run") (call $f) (call $f))"#,
            "call stack exhausted",
        ),
        (
            r#"(func (export "run") (drop (i32.div_u (i32.const 1) (i32.const 0))))"#,
            "integer divide by zero",
        ),
        (
            r#"(memory 1) (func (export "run") (drop (i32.load (i32.const -4))))"#,
            "out of bounds memory access",
        ),
    ] {
        let ended = error(run(&engine, &simple(body), |job| job).await);
        let CallError::Trap(why) = &ended else {
            panic!("{ended:?}");
        };
        assert!(why.contains(said), "{why}");
    }
}

#[tokio::test]
async fn a_full_queue_is_busy_and_runs_nothing() {
    let engine = Arc::new(engine(|settings| (settings.slots, settings.queue) = (1, 1)));
    let skill = skill(&engine, STUCK, &[tool("run", &[], None)]);
    let call = |wall| {
        let job = job(&skill, "run", vec![]).within(wall);
        let engine = Arc::clone(&engine);
        tokio::spawn(async move { error(engine.run(job).await) })
    };
    let running = call(300);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let waiting = call(100);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(call(100).await.unwrap(), CallError::Busy);
    assert_eq!(waiting.await.unwrap(), CallError::Deadline(100));
    assert_eq!(running.await.unwrap(), CallError::Deadline(300));
}

#[tokio::test]
async fn growing_memory_costs_fuel() {
    let engine = engine(|_| ());
    let wat = simple(
        r#"(memory 0) (func (export "run") (loop (drop (memory.grow (i32.const 0))) (br 0)))"#,
    );
    let ran = run(&engine, &wat, |job| {
        job.with(|limits| limits.fuel = 1_000_000)
    })
    .await;
    assert!(
        ran.usage.wall < Duration::from_secs(1),
        "{:?}",
        ran.usage.wall
    );
    assert_eq!(error(ran), CallError::OutOfFuel(1_000_000));
}

#[tokio::test]
async fn a_brief_function_begins_at_once_and_moves_on_when_it_is_not_brief() {
    let engine = engine(|_| ());
    // Brief with 0, endless otherwise.
    let wat = r#"(component
        (core module $m (func (export "run") (param i32) (loop (br_if 0 (local.get 0)))))
        (core instance $i (instantiate $m))
        (func (export "run") (param "n" u32) (canon lift (core func $i "run"))))"#;
    let skill = skill(&engine, wat, &[tool("run", &[("n", Type::U32)], None)]);
    let call = |n: u32, wall| {
        job(&skill, "run", vec![Value::U32(n)])
            .with(|l| l.fuel = u64::MAX / 2)
            .within(wall)
    };
    for _ in 0..5000 {
        assert_eq!(engine.run(call(0, 10_000)).await.result, Ok(None));
        if call(0, 1).is_brief() {
            break;
        }
    }
    assert!(
        call(0, 1).is_brief(),
        "thousands of empty calls and no 64 brief ones in a row"
    );
    // On the one thread of this test: were it to stay here, the ping would come after the deadline.
    let endless = engine.run(call(1, 1000));
    let ping = async {
        let at = Instant::now();
        tokio::task::yield_now().await;
        at.elapsed()
    };
    let (ended, pinged) = tokio::join!(endless, ping);
    assert!(pinged < Duration::from_millis(100), "{pinged:?}");
    assert_eq!(error(ended), CallError::Deadline(1000));
    assert!(!call(0, 1).is_brief());
}
