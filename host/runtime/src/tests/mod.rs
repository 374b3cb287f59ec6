//! The runtime's promises, each by name, against components written in WAT.

mod child;
mod compute;
mod crowd;
mod hostwork;
#[path = "../../tests/call/house.rs"]
#[expect(dead_code, reason = "shared with the tests beside the crate")]
mod house;
mod inert;
mod load;
mod memory;
mod refusals;
mod values;

use crate::engine::{Engine, config};
use crate::error::CallError;
use crate::run::{Job, Ran};
use crate::settings::Settings;
use crate::skill::Skill;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

use vouchsafe_keys::{Keystore, MacKey, Purpose, Seal};
use vouchsafe_package::value::Value;
use vouchsafe_package::{Digest, Effect, Export, Limits, Name, Param, Tool, Type};
use wasmtime::component::Component;

/// An engine that compiles in process, which only tests may.
fn engine(change: impl FnOnce(&mut Settings)) -> Engine {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = Settings::new("/nonexistent".into());
    settings.slots = 16;
    change(&mut settings);
    Engine::new(settings, key(dir.path())).unwrap()
}

fn key(dir: &Path) -> MacKey {
    let seal = dir.join("seal");
    let store = dir.join("keys");
    let keystore = Keystore::create(&store, &Seal::KeyFile(seal)).unwrap();
    keystore.mac(Purpose::CodeCache)
}

fn skill(engine: &Engine, wat: &str, tools: &[Tool]) -> Arc<Skill> {
    let bytes = wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}\n{wat}"));
    let component =
        Component::new(&engine.wasm, bytes).unwrap_or_else(|error| panic!("{error:#}\n{wat}"));
    Arc::new(
        Skill::new(
            &engine.wasm,
            Digest::of(b""),
            &component,
            &shared(tools),
            &[],
        )
        .unwrap(),
    )
}

fn shared(tools: &[Tool]) -> Vec<Arc<Tool>> {
    tools.iter().cloned().map(Arc::new).collect()
}

/// A tool of the world itself.
fn tool(name: &str, params: &[(&str, Type)], result: Option<Type>) -> Tool {
    Tool {
        name: name.to_owned(),
        export: Export {
            interface: None,
            function: name.to_owned(),
        },
        params: params
            .iter()
            .map(|(name, ty)| Param {
                name: Name::from(*name),
                docs: None,
                ty: ty.clone(),
            })
            .collect(),
        result,
        result_docs: None,
        effect: Effect::Read,
        subjects: Vec::new(),
        targets: Vec::new(),
        confirm: None,
        description: String::new(),
        wraps_result: false,
    }
}

fn job(skill: &Arc<Skill>, tool: &str, arguments: Vec<Value>) -> Job {
    let limits = Limits {
        wall_ms: 10_000,
        ..Limits::default()
    };
    let started = Instant::now();
    Job {
        skill: Arc::clone(skill),
        tool: tool.to_owned(),
        arguments,
        effects: None,
        egress: None,
        ledger: None,
        shelf: None,
        states: None,
        disk: None,
        callees: None,
        limits,
        started,
        deadline: started + Duration::from_millis(limits.wall_ms),
        cancel: CancellationToken::new(),
    }
}

impl Job {
    fn within(mut self, wall_ms: u64) -> Self {
        self.limits.wall_ms = wall_ms;
        self.deadline = self.started + Duration::from_millis(wall_ms);
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }
}

impl Engine {
    /// A call without its records.
    async fn run(&self, mut job: Job) -> Ran {
        job.cancel = job.cancel.child_token();
        let _ends_with_us = job.cancel.clone().drop_guard();
        match self.admit(&job).await {
            Ok(slot) => self
                .guests
                .run(job.is_brief(), Box::pin(job.run(slot)))
                .await
                .unwrap(),
            Err(error) => Ran::not(error),
        }
    }
}

/// Runs the only function of `wat`, `run: func()`.
async fn run(engine: &Engine, wat: &str, change: impl FnOnce(Job) -> Job) -> Ran {
    let skill = skill(engine, wat, &[tool("run", &[], None)]);
    engine.run(change(job(&skill, "run", vec![]))).await
}

fn error(ran: Ran) -> CallError {
    ran.result.expect_err("the call should not have succeeded")
}

/// A component around one core module that exports `run`.
fn simple(body: &str) -> String {
    format!(
        r#"(component
            (core module $m {body})
            (core instance $i (instantiate $m))
            (func (export "run") (canon lift (core func $i "run"))))"#
    )
}

#[tokio::test]
async fn a_component_runs_and_says_what_it_used() {
    let engine = engine(|_| ());
    let wat = simple(
        r#"(memory 3)
           (func (export "run") (local i32)
             (loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 1000)))))"#,
    );
    let ran = run(&engine, &wat, |job| job).await;
    assert_eq!(ran.result, Ok(None));
    assert!((1000..20_000).contains(&ran.usage.fuel), "{:?}", ran.usage);
    assert_eq!(ran.usage.peak_memory_bytes, 3 << 16);
    assert!(ran.usage.wall > Duration::ZERO);
}

#[test]
fn what_the_child_compiles_is_what_the_engine_takes() {
    let engine = engine(|_| ());
    let child = wasmtime::Engine::new(&config()).unwrap();
    let hash = |engine: &wasmtime::Engine| {
        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        hasher.finish()
    };
    assert_eq!(hash(&engine.wasm), hash(&child));
}
