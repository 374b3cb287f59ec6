//! A gate before a log, and a signed, granted skill with a tool of each effect to ask it about.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    missing_docs,
    reason = "each test program uses a part of this"
)]

use std::io;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use jiff::Timestamp;
use serde_json::json;
use vouchsafe_audit::storage::Storage;
use vouchsafe_audit::{Kind, Log, LogKeys, Options, Record, Resources, Status};
use vouchsafe_clearance::{
    About, Admitted, Call, Clearance, Cleared, EffectKind, Ending, RateLimit, Refusal,
};
use vouchsafe_keys::{Algorithm, Keystore, PrivateKey, Purpose, Seal};
use vouchsafe_package::pack::{Input, pack};
use vouchsafe_package::signing::{sign, verify};
use vouchsafe_package::{Package, ReadLimits};
use vouchsafe_policy::apply::{Files, InForce, Proposal, Since};
use vouchsafe_policy::effective::Declared;
use vouchsafe_policy::grant::{file_for, propose};
use vouchsafe_policy::{Decision, Granted, Principal, Request, Role, decide};

/// An effect of this kind at this place, and no more said of it.
pub fn about<'a>(kind: &'a EffectKind, place: &'a str) -> About<'a> {
    About {
        kind,
        place,
        rule: None,
        input: None,
    }
}

const PROBE: &str = r#"(component
  (core module $m (func (export "f")))
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "look" (func $f)) (export "note" (func $f)) (export "wipe" (func $f)))"#;

const MANIFEST: &str = r#"package = "acme:probe@1.0.0"
[tools.look]
effect = "read"
[tools.note]
effect = "write"
[tools.wipe]
effect = "irreversible"
"#;

/// The skill, verified and granted.
pub fn granted() -> &'static Granted {
    static GRANTED: OnceLock<Granted> = OnceLock::new();
    GRANTED.get_or_init(|| {
        let (publisher, operator) = (key(), key());
        let bytes = pack(Input {
            component: wat::parse_str(PROBE).unwrap(),
            manifest: MANIFEST.to_owned(),
            wit: Vec::new(),
        })
        .unwrap();
        let package = Package::read(&bytes, &ReadLimits::default()).unwrap();
        let grant = propose(&Declared::from(&package), "acme");
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
        )
        .unwrap();
        Granted::new(Arc::new(verified), None, &in_force).unwrap()
    })
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

pub fn decision(principal: &Principal, tool: &str) -> Decision {
    let request = Request {
        principal,
        role: &Role::local(),
        tool,
        input: &json!({}),
    };
    decide(granted(), &request)
}

/// A gate, its log, and the storage under it.
pub struct House {
    pub log: Arc<Log>,
    pub gate: Clearance,
    pub disk: Arc<Memory>,
}

impl House {
    pub fn new() -> Self {
        Self::limited(u32::MAX)
    }

    pub fn limited(burst: u32) -> Self {
        let disk = Arc::new(Memory::default());
        let log =
            Arc::new(Log::open_on(disk.clone(), Box::new(()), keys(), Options::default()).unwrap());
        let limit = RateLimit {
            per_second: NonZeroU32::MIN,
            burst: NonZeroU32::new(burst).unwrap(),
        };
        let limit = if burst == u32::MAX {
            RateLimit::default()
        } else {
            limit
        };
        let gate = Clearance::with_limit(log.clone(), limit);
        Self { log, gate, disk }
    }

    pub fn call(&self, tool: &str) -> Call {
        Call {
            skill: granted().package().name.clone(),
            digest: granted().package().digest,
            tool: tool.to_owned(),
            arguments: Vec::new(),
            input: self.gate.commit(b"{}").unwrap(),
            correlation: "c-1".to_owned(),
            within: None,
        }
    }

    pub fn admit(&self) -> Admitted {
        self.gate.admit(&Principal::local("agent")).unwrap()
    }

    /// As the host does it.
    pub fn clear(&self, tool: &str) -> Result<Cleared<Call>, Refusal> {
        let admitted = self.admit();
        let decision = decision(admitted.principal(), tool);
        self.gate.clear(admitted, self.call(tool), decision)
    }

    /// All records, durable.
    pub fn records(&self) -> Vec<Record> {
        let last = self
            .log
            .append(vouchsafe_audit::Entry::Control(
                vouchsafe_audit::Control::default(),
            ))
            .unwrap();
        // A thread of its own: the caller may be asynchronous.
        std::thread::scope(|threads| {
            threads.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap();
                runtime.block_on(self.log.durable(&last)).unwrap();
            });
        });
        let all = self.log.records(1).map(Result::unwrap);
        all.filter(|record| record.kind != Kind::Control).collect()
    }

    pub fn kinds(&self) -> Vec<Kind> {
        self.records().iter().map(|record| record.kind).collect()
    }
}

pub fn ok() -> Ending {
    Ending {
        status: Status::Ok,
        detail: None,
        output: None,
        resources: Resources::default(),
    }
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

/// A file in memory whose sync can be made to fail, and whose space can be made to end.
#[derive(Default)]
pub struct Memory {
    bytes: Mutex<Vec<u8>>,
    pub fails: AtomicBool,
    pub full: AtomicBool,
}

impl Storage for Memory {
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
        match self.fails.load(Ordering::SeqCst) {
            true => Err(io::Error::other("the sync failed")),
            false => Ok(()),
        }
    }

    fn allocate(&self, _: u64, _: u64) -> io::Result<()> {
        match self.full.load(Ordering::SeqCst) {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.bytes.lock().unwrap().resize(size as usize, 0);
        Ok(())
    }
}
