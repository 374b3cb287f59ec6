//! Compiling in a process of its own, which can be ended.

use super::house::{MANIFEST, granted};
use super::*;
use crate::compile::compile;
use crate::error::{CompileError, LoadError};
use std::path::PathBuf;

/// `examples/compiler.rs`, which cargo builds beside the tests.
fn compiler() -> PathBuf {
    let test = vouchsafe_ambient::env::current_program().unwrap();
    test.parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("examples/compiler")
}

fn settings(compiler: PathBuf) -> Settings {
    let mut settings = Settings::new(compiler);
    settings.slots = 4;
    settings
}

const NOTHING: &str = r#"(func (export "run"))"#;

#[tokio::test]
async fn a_skill_is_compiled_in_a_child_and_then_taken_from_the_cache() {
    let dir = tempfile::tempdir().unwrap();
    let (granted, bytes) = granted(MANIFEST);
    for (program, bytes) in [(compiler(), Some(bytes)), ("/nonexistent".into(), None)] {
        let mut settings = settings(program);
        settings.cache = Some(dir.path().join("code"));
        let key = Keystore::open(
            &dir.path().join("keys"),
            &Seal::KeyFile(dir.path().join("seal")),
        )
        .map_or_else(|_| key(dir.path()), |store| store.mac(Purpose::CodeCache));
        let engine = Engine::new(settings, key).unwrap();
        let read = || Ok(bytes.expect("read to be compiled, and only then"));
        let skill = engine.prepare(granted.verified(), read).await.unwrap();
        let ran = engine.run(job(&skill, "fine", vec![])).await;
        assert!(ran.result.is_ok(), "{:?}", ran.result);
    }
}

#[tokio::test]
async fn only_the_bytes_that_were_verified_are_compiled() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::new(settings(compiler()), key(dir.path())).unwrap();
    let (granted, bytes) = granted(MANIFEST);
    let other = [bytes.as_slice(), b"\0\x03\x02hi"].concat();
    let refused = engine.prepare(granted.verified(), || Ok(other)).await;
    assert!(matches!(refused, Err(LoadError::OtherBytes(_))));
    let gone = dir.path().join("gone.wasm");
    let read = || vouchsafe_ambient::files::read_bounded(&gone, 1);
    let refused = engine.prepare(granted.verified(), read).await;
    assert!(matches!(refused, Err(LoadError::Component(_))));
    assert!(
        engine
            .prepare(granted.verified(), || Ok(bytes))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn what_is_no_component_is_refused_in_words() {
    let broken = [
        b"".to_vec(),
        b"\0asm".to_vec(),
        wat::parse_str("(module)").unwrap(),
    ];
    for bytes in broken {
        let refused = compile(&settings(compiler()), &bytes).await.unwrap_err();
        assert!(
            matches!(&refused, CompileError::Refused(why) if !why.is_empty()),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_child_that_takes_too_long_is_ended() {
    let mut slow = settings(compiler());
    slow.compile_deadline = Duration::from_millis(1);
    let refused = compile(&slow, &wat::parse_str(simple(NOTHING)).unwrap()).await;
    assert!(
        matches!(refused, Err(CompileError::Deadline(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_compiler_that_is_not_there_is_named() {
    let refused = compile(&settings("/nonexistent".into()), b"")
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("`/nonexistent`"), "{refused}");
}

#[tokio::test]
async fn a_program_that_floods_or_fails_is_not_believed() {
    // Neither program compiles anything: one answers without end, one says nothing.
    let flood = compile(&settings("/usr/bin/yes".into()), b"")
        .await
        .unwrap_err();
    assert!(matches!(flood, CompileError::TooLarge(_)), "{flood:?}");
    let silent = compile(&settings("/bin/false".into()), b"")
        .await
        .unwrap_err();
    assert!(matches!(silent, CompileError::Refused(_)), "{silent:?}");
}
