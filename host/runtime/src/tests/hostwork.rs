//! Guests that let the host work, and what that costs them.

use super::house::House;
use super::*;
use crate::meter::CROSSING_BYTES;
use vouchsafe_audit::Status;

/// Logs `bytes` line feeds, again and again.
fn logs(bytes: usize) -> String {
    format!(
        r#"(component
        (import "vouchsafe:skill/log@0.1.0" (instance $log
            (type $l (enum "debug" "info" "warn" "error")) (export "level" (type $level (eq $l)))
            (export "write" (func (param "level" $level) (param "message" string)))))
        (core module $libc (memory (export "memory") 800))
        (core instance $libc (instantiate $libc))
        (core func $write (canon lower (func $log "write") (memory (core memory $libc "memory"))))
        (core module $m
            (import "h" "write" (func $write (param i32 i32 i32)))
            (import "libc" "memory" (memory 800))
            (func (export "run")
                (memory.fill (i32.const 0) (i32.const 10) (i32.const {bytes}))
                (loop (call $write (i32.const 2) (i32.const 0) (i32.const {bytes})) (br 0))))
        (core instance $i (instantiate $m
            (with "libc" (instance $libc)) (with "h" (instance (export "write" (func $write))))))
        (func (export "run") (canon lift (core func $i "run"))))"#
    )
}

#[tokio::test]
async fn a_guest_that_only_calls_the_host_keeps_its_deadline_and_heeds_cancellation() {
    let engine = engine(|_| ());
    let wat = logs(60_000);
    let endless = |job: Job| job.with(|limits| limits.fuel = u64::MAX / 2).within(100);
    let ran = run(&engine, &wat, endless).await;
    assert!(
        ran.usage.wall < Duration::from_millis(400),
        "{:?}",
        ran.usage
    );
    assert_eq!(error(ran), CallError::Deadline(100));

    let cancel = CancellationToken::new();
    let soon = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        soon.cancel();
    });
    let ran = run(&engine, &wat, |mut job| {
        job.cancel = cancel;
        job.with(|limits| limits.fuel = u64::MAX / 2)
    })
    .await;
    assert!(
        ran.usage.wall < Duration::from_millis(400),
        "{:?}",
        ran.usage
    );
    assert_eq!(error(ran), CallError::Cancelled);
}

#[tokio::test]
async fn guests_that_only_call_the_host_leave_the_threads_to_others() {
    let engine = Arc::new(engine(|settings| settings.guest_threads = 1));
    let busy = skill(&engine, &logs(60_000), &[tool("run", &[], None)]);
    let crowd = (0..2).map(|_| {
        let job = job(&busy, "run", vec![])
            .with(|limits| limits.fuel = u64::MAX / 2)
            .within(2_000);
        let engine = Arc::clone(&engine);
        tokio::spawn(async move { error(engine.run(job).await) })
    });
    let crowd: Vec<_> = crowd.collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let other = run(&engine, &simple(r#"(func (export "run"))"#), |job| job).await;
    assert_eq!(other.result, Ok(None));
    assert!(
        other.usage.wall < Duration::from_millis(300),
        "{:?}",
        other.usage
    );
    for ended in crowd {
        assert_eq!(ended.await.unwrap(), CallError::Deadline(2_000));
    }
}

#[tokio::test]
async fn host_calls_take_fuel() {
    let engine = engine(|_| ());
    let ran = run(&engine, &logs(1), |job| {
        job.with(|limits| limits.fuel = 1_000_000)
    })
    .await;
    assert!(
        ran.lines.kept.len() as u64 + ran.lines.dropped <= 1_000,
        "{}",
        ran.lines.dropped
    );
    assert_eq!(error(ran), CallError::OutOfFuel(1_000_000));
}

#[tokio::test]
async fn what_crosses_to_a_host_function_is_bounded_whatever_the_answer_may_be() {
    let engine = engine(|_| ());
    let big = |job: Job| job.with(|limits| limits.output_bytes = 64 << 20);
    for bytes in [CROSSING_BYTES + 1, 50_000_000] {
        let ended = error(run(&engine, &logs(bytes), big).await);
        assert!(matches!(ended, CallError::Output(_)), "{ended:?}");
    }
}

/// Gives a request an authority of `bytes` bytes.
fn authority(bytes: usize) -> String {
    format!(
        r#"(component
        (import "wasi:http/types@0.2.0" (instance $http
            (export "fields" (type $f (sub resource)))
            (export "outgoing-request" (type $r (sub resource)))
            (export "[constructor]fields" (func (result (own $f))))
            (export "[constructor]outgoing-request" (func (param "headers" (own $f)) (result (own $r))))
            (export "[method]outgoing-request.set-authority"
                (func (param "self" (borrow $r)) (param "authority" (option string)) (result (result))))))
        (core module $libc (memory (export "memory") 800))
        (core instance $libc (instantiate $libc))
        (core func $fields (canon lower (func $http "[constructor]fields")))
        (core func $request (canon lower (func $http "[constructor]outgoing-request")))
        (core func $set (canon lower (func $http "[method]outgoing-request.set-authority")
            (memory (core memory $libc "memory"))))
        (core module $m
            (import "h" "fields" (func $fields (result i32)))
            (import "h" "request" (func $request (param i32) (result i32)))
            (import "h" "set" (func $set (param i32 i32 i32 i32) (result i32)))
            (import "libc" "memory" (memory 800))
            (func (export "run")
                (memory.fill (i32.const 0) (i32.const 97) (i32.const {bytes}))
                (drop (call $set (call $request (call $fields)) (i32.const 1) (i32.const 0) (i32.const {bytes})))))
        (core instance $i (instantiate $m
            (with "libc" (instance $libc))
            (with "h" (instance
                (export "fields" (func $fields)) (export "request" (func $request)) (export "set" (func $set))))))
        (func (export "run") (canon lift (core func $i "run"))))"#
    )
}

#[tokio::test]
async fn a_request_makes_the_host_keep_no_more_than_a_little() {
    let engine = engine(|_| ());
    assert_eq!(
        run(&engine, &authority(200), |job| job).await.result,
        Ok(None)
    );
    let ended = error(run(&engine, &authority(30_000_000), |job| job).await);
    assert!(matches!(ended, CallError::Output(_)), "{ended:?}");
}

#[tokio::test]
async fn a_guest_thread_that_hangs_keeps_nobody_from_an_answer_and_a_record() {
    let house = House::new().await;
    // The only guest thread is busy with what can't be interrupted.
    let forever = Box::pin(async { std::thread::sleep(Duration::from_secs(3)) });
    let hangs = house.engine.guests.run(false, forever);
    let mut hangs = Box::pin(hangs);
    assert!(futures::poll!(&mut hangs).is_pending());
    let began = Instant::now();
    let completed = house.call("fine").await;
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(completed.result, Err(CallError::Deadline(300)));
    let recorded = completed.recorded.unwrap().seq();
    hangs.await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let ends = house.ends().await;
    let end = ends.last().unwrap();
    assert_eq!((end.seq, end.status), (recorded, Some(Status::Deadline)));
}

#[tokio::test]
async fn calls_wait_for_memory_that_others_may_take() {
    let engine = Arc::new(engine(|settings| settings.memory_mib = 100));
    let first = engine.guests.admit(60 << 20, 1).await.unwrap();
    let small = engine.guests.admit(40 << 20, 1).await.unwrap();
    let brief = simple(r#"(func (export "run"))"#);
    let waits = |job: Job| {
        job.with(|limits| limits.memory_bytes = 64 << 20)
            .within(100)
    };
    assert_eq!(
        error(run(&engine, &brief, waits).await),
        CallError::Deadline(100)
    );
    drop(small);
    assert_eq!(
        error(run(&engine, &brief, waits).await),
        CallError::Deadline(100)
    );
    drop(first);
    assert_eq!(run(&engine, &brief, waits).await.result, Ok(None));
    // One that asks for more than there is has all to itself, and gets its turn.
    let alone = engine.guests.admit(1 << 40, 1).await.unwrap();
    assert_eq!(
        error(run(&engine, &brief, waits).await),
        CallError::Deadline(100)
    );
    drop(alone);
}

#[tokio::test]
async fn arguments_count_as_memory() {
    let engine = engine(|settings| settings.memory_mib = 100);
    let numbers = Value::List(vec![Value::U8(0); 4 << 20]);
    let brief = simple(r#"(func (export "run"))"#);
    let skill = skill(&engine, &brief, &[tool("run", &[], None)]);
    let job = job(&skill, "run", vec![numbers]);
    assert!(job.bytes() > (64 << 20) + (100 << 20), "{}", job.bytes());
}
