//! What a guest may hold, and make the host hold.

use super::*;
use crate::limits::TABLE_ELEMENTS;

const MIB: u64 = 1 << 20;

#[tokio::test]
async fn the_limit_holds_over_initial_sizes_of_several_memories() {
    let engine = engine(|_| ());
    let wat = simple(r#"(memory 10) (memory 10) (func (export "run"))"#);
    let fits = run(&engine, &wat, |job| {
        job.with(|limits| limits.memory_bytes = 20 << 16)
    })
    .await;
    assert_eq!(fits.result, Ok(None));
    let over = run(&engine, &wat, |job| {
        job.with(|limits| limits.memory_bytes = 19 << 16)
    })
    .await;
    assert_eq!(error(over), CallError::OutOfMemory(19 << 16));
}

#[tokio::test]
async fn the_limit_holds_over_growth_of_several_memories_and_start_up_code() {
    let engine = engine(|_| ());
    let wat = simple(
        r#"(memory $a 1) (memory $b 1)
           (func $s (drop (memory.grow $a (i32.const 7))))
           (start $s)
           (func (export "run")
             (if (i32.ne (memory.grow $b (i32.const 7)) (i32.const 1)) (then unreachable))
             (if (i32.ne (memory.grow $b (i32.const 1)) (i32.const -1)) (then unreachable)))"#,
    );
    let ran = run(&engine, &wat, |job| {
        job.with(|limits| limits.memory_bytes = MIB)
    })
    .await;
    assert_eq!(ran.usage.peak_memory_bytes, MIB);
    assert_eq!(ran.result, Ok(None));
}

#[tokio::test]
async fn the_limit_holds_over_tables() {
    let engine = engine(|_| ());
    let grow = |by: usize| {
        simple(&format!(
            r#"(table $t 0 funcref)
               (func (export "run")
                 (if (i32.eq (table.grow $t (ref.null func) (i32.const {by})) (i32.const -1)) (then unreachable)))"#
        ))
    };
    let tiny = |job: Job| job.with(|limits| limits.memory_bytes = 1000);
    assert_eq!(run(&engine, &grow(100), tiny).await.result, Ok(None));
    assert_eq!(
        error(run(&engine, &grow(1000), tiny).await),
        CallError::OutOfMemory(1000)
    );
    let over = run(&engine, &grow(TABLE_ELEMENTS + 1), |job| job).await;
    assert!(matches!(error(over), CallError::Trap(_)));
}

#[tokio::test]
async fn a_guest_that_fails_for_lack_of_memory_is_told_apart() {
    let engine = engine(|_| ());
    let wat = simple(
        r#"(memory 1) (func (export "run")
             (loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable)"#,
    );
    let ran = run(&engine, &wat, |job| {
        job.with(|limits| limits.memory_bytes = 8 * MIB)
    })
    .await;
    assert!(ran.usage.peak_memory_bytes <= 8 * MIB);
    assert_eq!(error(ran), CallError::OutOfMemory(8 * MIB));
}

#[tokio::test]
async fn more_instances_memories_or_tables_than_anybody_needs_are_refused() {
    let engine = engine(|_| ());
    let many = |item: &str, count: usize| {
        let items = format!("(core module $m {item} (func (export \"run\")))");
        let instances: String = (0..count)
            .map(|n| format!("(core instance $i{n} (instantiate $m))\n"))
            .collect();
        format!(
            "(component {items} {instances} (func (export \"run\") (canon lift (core func $i0 \"run\"))))"
        )
    };
    for wat in [
        many("", 65),
        many("(memory 0)", 17),
        many("(table 0 funcref)", 33),
    ] {
        let bytes = wat::parse_str(&wat).unwrap();
        let refused = Component::new(&engine.wasm, bytes).is_err()
            || run(&engine, &wat, |job| job).await.result.is_err();
        assert!(refused, "{wat}");
    }
}

#[tokio::test]
async fn handles_are_bounded() {
    let engine = engine(|_| ());
    // Pollables that nobody drops: each is an object of the host.
    let wat = r#"(component
        (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type $p (sub resource)))))
        (alias export $poll "pollable" (type $pollable))
        (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
            (alias outer 1 $pollable (type $q))
            (export "pollable" (type $p (eq $q)))
            (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
        (core func $subscribe (canon lower (func $clock "subscribe-duration")))
        (core module $m
            (import "h" "subscribe" (func $subscribe (param i64) (result i32)))
            (func (export "run") (loop (drop (call $subscribe (i64.const 1))) (br 0))))
        (core instance $i (instantiate $m (with "h" (instance (export "subscribe" (func $subscribe))))))
        (func (export "run") (canon lift (core func $i "run"))))"#;
    let ended = error(run(&engine, wat, |job| job).await);
    assert!(
        matches!(&ended, CallError::Trap(why) if why.contains("table")),
        "{ended:?}"
    );
}

/// Answers with a list of `count` numbers, all zero.
fn zeros(count: u32, ty: &str) -> String {
    format!(
        r#"(component
            (core module $m (memory (export "memory") 200)
                (func (export "run") (result i32) (i32.store (i32.const 4) (i32.const {count})) (i32.const 0)))
            (core instance $i (instantiate $m))
            (func (export "run") (result (list {ty}))
                (canon lift (core func $i "run") (memory (core memory $i "memory")))))"#
    )
}

#[tokio::test]
async fn a_result_beyond_what_may_cross_is_refused_before_it_is_held() {
    let engine = engine(|_| ());
    let list = Type::List(Box::new(Type::U32));
    let call = |count: u32, output: u64| {
        let skill = skill(
            &engine,
            &zeros(count, "u32"),
            &[tool("run", &[], Some(list.clone()))],
        );
        let job = job(&skill, "run", vec![]).with(|limits| limits.output_bytes = output);
        async { engine.run(job).await }
    };
    assert!(call(1000, 65_536).await.result.is_ok());
    let ended = error(call(1_000_000, 65_536).await);
    assert!(matches!(&ended, CallError::Output(_)), "{ended:?}");
}
