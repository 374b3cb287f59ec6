//! A signed, granted skill of small functions, an engine, a gate and a log.

use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use vouchsafe_ambient::clock;
use vouchsafe_audit::{Control, Entry, Kind, Log, LogKeys, Options, Record};
use vouchsafe_clearance::{Call, Clearance, Cleared};
use vouchsafe_keys::{Algorithm, Keystore, PrivateKey, Purpose, Seal};
use vouchsafe_package::pack::{Input, pack};
use vouchsafe_package::signing::{sign, verify};
use vouchsafe_package::value::Value;
use vouchsafe_package::{Package, ReadLimits};
use vouchsafe_policy::apply::{Files, InForce, Proposal, Since};
use vouchsafe_policy::effective::Declared;
use vouchsafe_policy::grant::{file_for, propose};
use vouchsafe_policy::{Granted, Principal, Request, Role, decide};
use vouchsafe_runtime::{Completed, Engine, Settings, Skill};

const SKILL: &str = include_str!("skill.wat");

pub(crate) const MANIFEST: &str = r#"package = "acme:probe@1.0.0"
[limits]
fuel = 20000000
time = "300ms"
output = "64 KiB"
[tools.fine]
effect = "read"
[tools.mixed]
effect = "read"
[tools.trap]
effect = "read"
[tools.spin]
effect = "read"
[tools.grow]
effect = "read"
[tools.sleep]
effect = "read"
[tools.flood]
effect = "read"
[tools.not-a-number]
effect = "read"
"#;

pub(crate) struct House {
    pub(crate) gate: Clearance,
    pub(crate) engine: Engine,
    pub(crate) skill: Arc<Skill>,
    log: Arc<Log>,
    granted: Granted,
    _home: TempDir,
}

impl House {
    pub(crate) async fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let seal = Seal::KeyFile(home.path().join("seal"));
        let keystore = Keystore::create(&home.path().join("keys"), &seal).unwrap();
        let log_keys = LogKeys {
            commitments: keystore.sealer(Purpose::LogCommitments),
            pseudonyms: keystore.mac(Purpose::LogPseudonyms),
            checkpoints: keystore.signer(Purpose::LogCheckpoints).unwrap(),
            mark: keystore.mac(Purpose::LogMark),
        };
        let log = Log::open(&home.path().join("log"), log_keys, Options::default());
        let log = Arc::new(log.unwrap());
        let mut settings = Settings::new(compiler());
        settings.slots = 4;
        settings.guest_threads = 1;
        settings.cache = Some(home.path().join("code"));
        let engine = Engine::new(settings, keystore.mac(Purpose::CodeCache)).unwrap();
        let (granted, bytes) = granted(MANIFEST);
        let skill = engine.load(&granted, || Ok(bytes)).await.unwrap();
        Self {
            gate: Clearance::new(Arc::clone(&log)),
            engine,
            skill,
            log,
            granted,
            _home: home,
        }
    }

    /// A skill of other bytes.
    pub(crate) async fn other_skill(&self) -> Arc<Skill> {
        let (other, bytes) = granted(&MANIFEST.replace("1.0.0", "1.0.1"));
        self.engine.load(&other, || Ok(bytes)).await.unwrap()
    }

    pub(crate) fn clear(&self, tool: &str, arguments: Vec<Value>) -> Cleared<Call> {
        let admitted = self.gate.admit(&Principal::local("agent")).unwrap();
        let request = Request {
            principal: admitted.principal(),
            role: &Role::local(),
            tool,
            input: &json!({}),
        };
        let decision = decide(&self.granted, &request);
        let call = Call {
            skill: self.granted.package().name.clone(),
            digest: self.granted.package().digest,
            tool: tool.to_owned(),
            arguments,
            input: self.gate.commit(b"{}").unwrap(),
            correlation: "c-1".to_owned(),
            within: None,
        };
        self.gate.clear(admitted, call, decision).unwrap()
    }

    pub(crate) async fn call(&self, tool: &str) -> Completed {
        let cleared = self.clear(tool, vec![]);
        self.engine
            .call(cleared, &self.skill, CancellationToken::new())
            .await
    }

    /// All records, durable.
    pub(crate) async fn records(&self) -> Vec<Record> {
        let last = self.log.append(Entry::Control(Control::default())).unwrap();
        self.log.durable(&last).await.unwrap();
        self.log.records(1).map(Result::unwrap).collect()
    }

    /// The ends of all calls so far: each intent has exactly one.
    pub(crate) async fn ends(&self) -> Vec<Record> {
        let all = self.records().await;
        let ends: Vec<_> = all
            .iter()
            .filter(|record| matches!(record.kind, Kind::Outcome | Kind::Unknown))
            .cloned()
            .collect();
        for intent in all.iter().filter(|record| record.kind == Kind::Intent) {
            let of_it = ends.iter().filter(|end| end.of == Some(intent.seq));
            assert_eq!(of_it.count(), 1, "{intent:?}");
        }
        ends
    }
}

/// The skill with this manifest, and its bytes.
pub(crate) fn granted(manifest: &str) -> (Granted, Vec<u8>) {
    let publisher = PrivateKey::generate(Algorithm::EcdsaP256).unwrap();
    let operator = PrivateKey::generate(Algorithm::EcdsaP256).unwrap();
    let bytes = pack(Input {
        component: wat::parse_str(SKILL).unwrap(),
        manifest: manifest.to_owned(),
        wit: Vec::new(),
    });
    let bytes = bytes.unwrap();
    let package = Package::read(&bytes, &ReadLimits::default()).unwrap();
    let in_force = in_force(&publisher, &operator, &package);
    let bundle = sign(&bytes, &publisher).unwrap();
    let content = in_force.content();
    let verified = verify(
        &bytes,
        bundle.as_json().as_bytes(),
        content.trust(),
        content.revocations(),
        &ReadLimits::default(),
        clock::now(),
    );
    let granted = Granted::new(Arc::new(verified.unwrap()), None, &in_force);
    (granted.unwrap(), bytes)
}

fn in_force(publisher: &PrivateKey, operator: &PrivateKey, package: &Package) -> InForce {
    let pem = publisher.public().to_pem();
    let trust = format!(
        "[publishers.acme]\nnamespaces = [\"acme\"]\ntransparency = \"none\"\nkey = '''\n{pem}'''\n"
    );
    let grant = propose(&Declared::from(package), "acme");
    let files = Files::from([
        ("trust.toml".to_owned(), trust.into_bytes()),
        (file_for(&package.name), grant.into_bytes()),
    ]);
    let operators = [operator.public()];
    let proposal = Proposal::read(&files, &operators, 0).unwrap();
    let statement = proposal.statement(None, &operator.public(), clock::now());
    let envelope = statement.sign(operator).unwrap();
    InForce::accept(&envelope, &operators, &files, Since::Nothing).unwrap()
}

/// `examples/compiler.rs`, which cargo builds beside the tests.
fn compiler() -> PathBuf {
    let test = vouchsafe_ambient::env::current_program().unwrap();
    test.parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("examples/compiler")
}
