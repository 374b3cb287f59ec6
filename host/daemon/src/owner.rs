//! The owner's state: keystore, log, engine, store, and the rules in force.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vouchsafe_ambient::env;
use vouchsafe_ambient::files::FileError;
use vouchsafe_audit::{Control, Entry, Log, LogError, LogKeys, Options, Subject};
use vouchsafe_clearance::Clearance;
use vouchsafe_keys::statement::Envelope;
use vouchsafe_keys::{Keystore, PublicKey, Purpose};
use vouchsafe_package::Digest;
use vouchsafe_package::signing::{MemoryError, VersionMemory};
use vouchsafe_policy::apply::InForce;
use vouchsafe_runtime::{Engine, LoadError, Settings};

use crate::applied::{Applied, AppliedError};
use crate::authenticated::{self, AuthenticatedError};
use crate::caller::Caller;
use crate::home::Home;
use crate::protocol::Failure;
use crate::rules::Rules;
use crate::setup::{self, SetupError};
use crate::store::Store;

/// Why the owner can't take up its work.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The home.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// What was applied.
    #[error(transparent)]
    Applied(#[from] AppliedError),
    /// A state file.
    #[error(transparent)]
    State(#[from] AuthenticatedError),
    /// What is kept as in force is not the newest that was.
    #[error("`{}`: an old state was put back, which is no longer in force: restore the last one from a backup", .0.display())]
    OldState(PathBuf),
    /// The log.
    #[error("the log: {0}")]
    Log(#[from] LogError),
    /// The engine.
    #[error("the engine: {0}")]
    Engine(#[from] LoadError),
    /// The memory of versions.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The program's own path.
    #[error("the path of this program: {0}")]
    Program(#[from] std::io::Error),
}

/// The one owner of a home.
pub struct Owner {
    home: Home,
    keystore: Keystore,
    operators: Vec<PublicKey>,
    log: Arc<Log>,
    engine: Engine,
    clearance: Clearance,
    store: Store,
    /// What changes the rules holds this, so that changes happen one after another.
    changing: Mutex<Changing>,
    rules: watch::Sender<Arc<Rules>>,
    stop: CancellationToken,
}

struct Changing {
    disabled: BTreeSet<Digest>,
    memory: VersionMemory,
}

impl Owner {
    /// Opens `home`. Intents that a crash left without an outcome are concluded as `unknown`.
    ///
    /// # Errors
    /// When a part of the state is missing, damaged or not this host's. Nothing is served then.
    pub fn open(home: Home) -> Result<Arc<Self>, OpenError> {
        let keystore = setup::open_keystore(&home)?;
        let operators = setup::operators(&home, &keystore)?;
        let state = keystore.mac(Purpose::AppliedState);
        let disabled: BTreeSet<Digest> = authenticated::read(&home.disabled(), &state)?;
        let mut memory =
            VersionMemory::open(&home.versions(), keystore.mac(Purpose::VersionMemory))?;
        let log = Arc::new(Log::open(
            &home.audit(),
            log_keys(&keystore),
            Options::default(),
        )?);
        let engine = Engine::new(engine_settings(&home)?, keystore.mac(Purpose::CodeCache))?;
        let store = Store::at(home.skills());
        let in_force = Applied::load(&home, &state, &operators)?;
        if !is_the_newest(in_force.as_ref(), &memory) {
            return Err(OpenError::OldState(home.applied()));
        }
        let rules = Rules::judge(&home, in_force, &store, &disabled, &mut memory);
        Ok(Arc::new(Self {
            clearance: Clearance::new(log.clone()),
            changing: Mutex::new(Changing { disabled, memory }),
            rules: watch::Sender::new(Arc::new(rules)),
            stop: CancellationToken::new(),
            home,
            keystore,
            operators,
            log,
            engine,
            store,
        }))
    }

    /// Where things live.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The log.
    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn clearance(&self) -> &Clearance {
        &self.clearance
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn operators(&self) -> &[PublicKey] {
        &self.operators
    }

    /// The texts of the files in force.
    pub(crate) fn applied_texts(&self) -> Result<BTreeMap<String, String>, AuthenticatedError> {
        Applied::texts(&self.home, &self.keystore.mac(Purpose::AppliedState))
    }

    /// The rules of this moment.
    pub(crate) fn rules(&self) -> Arc<Rules> {
        self.rules.borrow().clone()
    }

    /// Tells when the rules change.
    pub(crate) fn rule_changes(&self) -> watch::Receiver<Arc<Rules>> {
        self.rules.subscribe()
    }

    /// Puts a signed statement and its files into force: kept, then recorded, then judged by. Calls
    /// that were cleared under the old rules are refused at their next door. What was switched off is
    /// switched on again by nothing else: `enable` needs the operator's proof as a grant does.
    pub(crate) async fn apply(
        &self,
        statement: Envelope,
        files: BTreeMap<String, String>,
        enable: &[Digest],
    ) -> Result<Arc<Rules>, Failure> {
        let rules = {
            let mut changing = self.changing();
            let state = self.keystore.mac(Purpose::AppliedState);
            let before = self.rules();
            let last = before.in_force.as_ref();
            let accepted =
                Applied::accept(&self.home, &state, &self.operators, statement, files, last)
                    .map_err(|error| Failure::refused(error.to_string()))?;
            note(&mut changing.memory, &accepted)
                .map_err(|error| Failure::internal(error.to_string()))?;
            let off = changing.disabled.len();
            changing.disabled.retain(|digest| !enable.contains(digest));
            if changing.disabled.len() < off {
                self.keep_disabled(&changing)?;
            }
            let rules = self.judge(&mut changing, Some(accepted));
            self.clearance.epoch().advance();
            rules
        };
        self.record_applied(&rules).await?;
        Ok(rules)
    }

    /// Switches `digests` off, durably, whatever grants say.
    pub(crate) fn disable(&self, digests: &[Digest]) -> Result<(), Failure> {
        let mut changing = self.changing();
        changing.disabled.extend(digests);
        self.keep_disabled(&changing)?;
        self.judge_again(&mut changing)?;
        self.clearance.epoch().advance();
        Ok(())
    }

    /// Judges again by the same rules, after components came or went.
    pub(crate) fn components_changed(&self) -> Result<(), Failure> {
        self.judge_again(&mut self.changing())
    }

    /// Checks that `verified` is no older than the highest version seen.
    pub(crate) fn admit_version(
        &self,
        verified: &vouchsafe_package::signing::Verified,
        allow_rollback: bool,
    ) -> Result<(), MemoryError> {
        self.changing().memory.admit(verified, allow_rollback)
    }

    /// Records something about the host itself, durably.
    pub(crate) async fn record(&self, entry: Control) -> Result<(), Failure> {
        let unrecorded =
            |error: LogError| Failure::internal(format!("done, but not recorded: {error}"));
        let recorded = self.log.append(Entry::Control(entry)).map_err(unrecorded)?;
        self.log.durable(&recorded).await.map_err(unrecorded)
    }

    /// Asks the server to end.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until somebody asked the server to end.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Records the refusals that were only counted so far: now and then, and at the end.
    pub fn tidy(&self) {
        self.clearance.flush_refusals();
    }

    async fn record_applied(&self, rules: &Rules) -> Result<(), Failure> {
        let Some(in_force) = &rules.in_force else {
            return Ok(());
        };
        let statement = in_force.statement();
        let facts = [
            ("serial", statement.serial.to_string()),
            ("statement", in_force.digest().to_string()),
            ("operator", statement.operator.clone()),
        ];
        self.record(control("apply", None, facts)).await
    }

    fn keep_disabled(&self, changing: &Changing) -> Result<(), Failure> {
        let state = self.keystore.mac(Purpose::AppliedState);
        authenticated::write(&self.home.disabled(), &changing.disabled, &state)
            .map_err(|error| Failure::internal(error.to_string()))
    }

    fn judge_again(&self, changing: &mut Changing) -> Result<(), Failure> {
        let state = self.keystore.mac(Purpose::AppliedState);
        let in_force = Applied::load(&self.home, &state, &self.operators)
            .map_err(|error| Failure::refused(error.to_string()))?;
        self.judge(changing, in_force);
        Ok(())
    }

    fn judge(&self, changing: &mut Changing, in_force: Option<InForce>) -> Arc<Rules> {
        let Changing { disabled, memory } = changing;
        let rules = Rules::judge(&self.home, in_force, &self.store, disabled, memory);
        let rules = Arc::new(rules);
        self.rules.send_replace(rules.clone());
        rules
    }

    fn changing(&self) -> MutexGuard<'_, Changing> {
        // The state behind a poisoned lock is what was last written to disk.
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A control record of `action`, by `caller` if somebody asked for it.
pub(crate) fn control<const N: usize>(
    action: &str,
    caller: Option<&Caller>,
    facts: [(&str, String); N],
) -> Control {
    Control {
        subject: caller.map(|caller| Subject {
            tenant: caller.principal().tenant.to_string(),
            principal: caller.principal().id.to_string(),
            correlation: String::new(),
        }),
        action: action.to_owned(),
        facts: facts.map(|(name, value)| (name.to_owned(), value)).into(),
    }
}

/// Remembers how far statements and revocation lists have come, apart from what is in force.
fn note(memory: &mut VersionMemory, in_force: &InForce) -> Result<(), MemoryError> {
    memory.note_revocations(in_force.content().revocations().number())?;
    memory.note_statement(in_force.statement().serial)
}

/// Whether `in_force` is no older than what was in force here before.
fn is_the_newest(in_force: Option<&InForce>, memory: &VersionMemory) -> bool {
    let (serial, revocations) = in_force.map_or((0, 0), |in_force| {
        let list = in_force.content().revocations().number();
        (in_force.statement().serial, list)
    });
    serial >= memory.statements_seen() && revocations >= memory.revocations_seen()
}

fn log_keys(keystore: &Keystore) -> LogKeys {
    LogKeys {
        commitments: keystore.sealer(Purpose::LogCommitments),
        pseudonyms: keystore.mac(Purpose::LogPseudonyms),
    }
}

fn engine_settings(home: &Home) -> Result<Settings, OpenError> {
    let mut settings = Settings::new(env::current_program()?);
    settings.cache = Some(home.cache());
    Ok(settings)
}
