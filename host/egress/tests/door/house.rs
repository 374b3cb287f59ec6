//! A call under way in a granted skill, and a log whose disk does as it is told.

use std::io;
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Empty};
use jiff::Timestamp;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use vouchsafe_audit::storage::Storage;
use vouchsafe_audit::{Control, Entry, Kind, Log, LogKeys, Options, Record};
use vouchsafe_clearance::{Call, Clearance, Cleared};
use vouchsafe_egress::{Egress, Failure, Received, Requests, Settings, Timeouts};
use vouchsafe_keys::{Algorithm, Keystore, PrivateKey, Purpose, Seal};
use vouchsafe_package::pack::{Input, pack};
use vouchsafe_package::signing::{sign, verify};
use vouchsafe_package::{Package, ReadLimits};
use vouchsafe_policy::apply::{Files, InForce, Proposal, Since};
use vouchsafe_policy::grant::file_for;
use vouchsafe_policy::{Granted, Principal, Request, Role, decide};
use vouchsafe_secrets::Secrets;

/// Declares the import that requests need, and never uses it.
const PROBE: &str = r#"(component
  (import "wasi:http/outgoing-handler@0.2.12" (instance))
  (core module $m (func (export "f")))
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "look" (func $f)))"#;

const MANIFEST: &str = r#"package = "acme:probe@1.0.0"
[tools.look]
effect = "read"
[http.target]
allow = ["GET /*"]
"#;

/// A call that may send requests to `target`.
#[derive(Clone)]
pub(crate) struct House {
    pub(crate) gate: Arc<Clearance>,
    pub(crate) disk: Arc<Disk>,
    log: Arc<Log>,
    requests: Requests,
    base: String,
    _call: Arc<Cleared<Call>>,
}

impl House {
    /// `target` is at this port of loopback, and granted.
    pub(crate) fn new(port: u16, settings: Settings) -> Self {
        Self::named("127.0.0.1", port, settings)
    }

    /// As [`House::new`], by a name.
    pub(crate) fn named(host: &str, port: u16, settings: Settings) -> Self {
        let base = format!("http://{host}:{port}");
        let granted = granted(&format!(
            "url = \"{base}\"\nprivate = [\"127.0.0.1:{port}\"]\n"
        ));
        let disk = Arc::new(Disk::default());
        let log =
            Arc::new(Log::open_on(disk.clone(), Box::new(()), keys(), Options::default()).unwrap());
        let gate = Arc::new(Clearance::new(log.clone()));
        let call = cleared(&gate, &granted);
        let egress = Egress::start(settings, gate.epoch(), Arc::new(Secrets::none())).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        let requests = Requests::new(egress, call.effects(), deadline, CancellationToken::new());
        Self {
            gate,
            disk,
            log,
            requests,
            base,
            _call: Arc::new(call),
        }
    }

    pub(crate) async fn send(self, path: &'static str) -> Result<Received, Failure> {
        let request = http::Request::get(format!("{}{path}", self.base))
            .body(())
            .unwrap();
        let outgoing = self.requests.judge(request.into_parts().0).unwrap();
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let answer = self
            .requests
            .send(outgoing, body, Timeouts::default())
            .await?;
        Ok(answer.into_body())
    }

    /// All records, durable.
    pub(crate) async fn records(&self) -> Vec<Record> {
        let last = self.log.append(Entry::Control(Control::default())).unwrap();
        self.log.durable(&last).await.unwrap();
        self.log.records(1).map(Result::unwrap).collect()
    }

    /// How requests ended.
    pub(crate) async fn ends(&self) -> Vec<Record> {
        let records = self.records().await;
        records
            .into_iter()
            .filter(|record| matches!(record.kind, Kind::Outcome | Kind::Unknown))
            .collect()
    }
}

fn cleared(gate: &Clearance, granted: &Granted) -> Cleared<Call> {
    let admitted = gate.admit(&Principal::local("agent")).unwrap();
    let request = Request {
        principal: admitted.principal(),
        role: &Role::local(),
        tool: "look",
        input: &json!({}),
    };
    let decision = decide(granted, &request);
    let call = Call {
        skill: granted.package().name.clone(),
        digest: granted.package().digest,
        tool: "look".to_owned(),
        arguments: Vec::new(),
        input: gate.commit(b"{}").unwrap(),
        correlation: "c-1".to_owned(),
        within: None,
    };
    gate.clear(admitted, call, decision).unwrap()
}

fn granted(http: &str) -> Granted {
    let (publisher, operator) = (key(), key());
    let bytes = pack(Input {
        component: wat::parse_str(PROBE).unwrap(),
        manifest: MANIFEST.to_owned(),
        wit: Vec::new(),
    })
    .unwrap();
    let package = Package::read(&bytes, &ReadLimits::default()).unwrap();
    let grant = format!(
        "skill = \"acme:probe\"\npublisher = \"acme\"\ndigest = \"{}\"\n[tools]\nlook = {{}}\n[http.target]\n{http}",
        package.digest
    );
    let in_force = in_force(&publisher, &operator, &package, &grant);
    let bundle = sign(&bytes, &publisher).unwrap();
    let content = in_force.content();
    let verified = verify(
        bytes,
        bundle.as_json().as_bytes(),
        content.trust(),
        content.revocations(),
        &ReadLimits::default(),
        Timestamp::UNIX_EPOCH,
    );
    Granted::new(Arc::new(verified.unwrap()), None, &in_force).unwrap()
}

fn key() -> PrivateKey {
    PrivateKey::generate(Algorithm::EcdsaP256).unwrap()
}

fn in_force(
    publisher: &PrivateKey,
    operator: &PrivateKey,
    package: &Package,
    grant: &str,
) -> InForce {
    let pem = publisher.public().to_pem();
    let trust = format!(
        "[publishers.acme]\nnamespaces = [\"acme\"]\ntransparency = \"none\"\nkey = '''\n{pem}'''\n"
    );
    let files = Files::from([
        ("trust.toml".to_owned(), trust.into_bytes()),
        (file_for(&package.name), grant.as_bytes().to_vec()),
    ]);
    let operators = [operator.public()];
    let proposal = Proposal::read(&files, &operators, 0).unwrap();
    let statement = proposal.statement(None, &operator.public(), Timestamp::UNIX_EPOCH);
    let envelope = statement.sign(operator).unwrap();
    InForce::accept(&envelope, &operators, &files, Since::Nothing).unwrap()
}

fn keys() -> LogKeys {
    static STORE: OnceLock<Keystore> = OnceLock::new();
    let store = STORE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let seal = Seal::KeyFile(dir.path().join("seal"));
        Keystore::create(&dir.path().join("keys"), &seal).unwrap()
    });
    LogKeys {
        commitments: store.sealer(Purpose::LogCommitments),
        pseudonyms: store.mac(Purpose::LogPseudonyms),
        checkpoints: store.signer(Purpose::LogCheckpoints).unwrap(),
        mark: store.mac(Purpose::LogMark),
    }
}

/// A file in memory whose sync can be held up, or made to fail.
#[derive(Default)]
pub(crate) struct Disk {
    bytes: Mutex<Vec<u8>>,
    sync: Mutex<Sync>,
    changed: Condvar,
}

#[derive(Default, PartialEq)]
enum Sync {
    #[default]
    Works,
    Waits,
    Fails,
}

impl Disk {
    pub(crate) fn hold(&self) {
        self.set(Sync::Waits);
    }

    pub(crate) fn release(&self) {
        self.set(Sync::Works);
    }

    pub(crate) fn fail(&self) {
        self.set(Sync::Fails);
    }

    fn set(&self, sync: Sync) {
        *self.sync.lock().unwrap() = sync;
        self.changed.notify_all();
    }
}

impl Storage for Disk {
    fn size(&self) -> io::Result<u64> {
        Ok(self.bytes.lock().unwrap().len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let bytes = self.bytes.lock().unwrap();
        let rest = bytes.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, new: &[u8], offset: u64) -> io::Result<()> {
        let mut bytes = self.bytes.lock().unwrap();
        let end = offset as usize + new.len();
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[offset as usize..end].copy_from_slice(new);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut sync = self.sync.lock().unwrap();
        while *sync == Sync::Waits {
            sync = self.changed.wait(sync).unwrap();
        }
        match *sync {
            Sync::Fails => Err(io::Error::other("the sync failed")),
            _ => Ok(()),
        }
    }

    fn allocate(&self, _: u64, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.bytes.lock().unwrap().resize(size as usize, 0);
        Ok(())
    }
}
