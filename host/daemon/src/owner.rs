//! The owner's state: keystore, log, engine, store, and the rules in force.

mod switching;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vouchsafe_ambient::files::{FileError, Lock};
use vouchsafe_ambient::{clock, env};
use vouchsafe_audit::payloads::{PayloadError, Payloads};
use vouchsafe_audit::{Control, Entry, Log, LogError, LogKeys, Options, Seq};
use vouchsafe_clearance::{Caps, Clearance, Queue, StillHeld};
use vouchsafe_egress::{Egress, StartError};
use vouchsafe_identity::{Authority, AuthorityError};
use vouchsafe_keys::statement::Envelope;
use vouchsafe_keys::{Keystore, MacKey, PublicKey, Purpose};
use vouchsafe_model::Ledger;
use vouchsafe_package::Digest;
use vouchsafe_package::signing::{MemoryError, Verified, VersionMemory};
use vouchsafe_policy::apply::{Content, InForce};
use vouchsafe_policy::approval::ApprovalRequest;
use vouchsafe_runtime::{Disk, Engine, LoadError, Settings};
use vouchsafe_secrets::{Change, Sealed, Secrets};
use vouchsafe_state::States;
use vouchsafe_upstream::Shelf;

use crate::agents::Door;
use crate::applied::{Applied, AppliedError};
use crate::approvals::{self, Drawer};
use crate::authenticated::{self, AuthenticatedError};
use crate::call::Answer;
use crate::caller::Caller;
use crate::credentials;
use crate::history::History;
use crate::home::Home;
use crate::kept::Kept;
use crate::payloads;
use crate::protocol::Failure;
use crate::records::{applied, control, followed, told};
use crate::rules::{Rules, Standing};
use crate::running::Running;
use crate::setup::{self, SetupError};
use crate::skill::InstalledSkill;
use crate::store::Unverified;
use crate::switches::{Switches, Target};
use crate::witnesses::{Heard, NoStart};
pub(crate) use switching::drained;

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
    /// The credentials that are kept are not the newest that were.
    #[error("`{}`: older credentials were put back: restore the last ones from a backup", .0.display())]
    OldCredentials(PathBuf),
    /// The log ends before the state was written.
    #[error("the log in `{}` ends before what is in force was recorded: an old log was put back; restore both from a backup", .0.display())]
    OldLog(PathBuf),
    /// The log.
    #[error("the log: {0}")]
    Log(#[from] LogError),
    /// What its records commit to.
    #[error("{0}; move `payloads` of the data directory away to start without what is kept there")]
    Payloads(#[from] PayloadError),
    /// A witness of the log.
    #[error(transparent)]
    Witness(#[from] NoStart),
    /// The engine.
    #[error("the engine: {0}")]
    Engine(#[from] LoadError),
    /// The way out.
    #[error("the way out: {0}")]
    Egress(#[from] StartError),
    /// The agents' authority.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
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
    payloads: Arc<Payloads>,
    engine: Engine,
    egress: Arc<Egress>,
    secrets: Arc<Secrets>,
    clearance: Clearance,
    /// Calls that wait for people.
    approvals: Queue<Answer>,
    kept: Kept,
    /// Agents that come over the network.
    agents: Door,
    /// Held while the rules change and until that is on disk: changes happen one after another.
    changing: tokio::sync::Mutex<VersionMemory>,
    /// What is off. Held only in memory, so that switching off waits for no disk.
    switches: Mutex<Switches>,
    /// How often something was switched off.
    switched_off: AtomicU64,
    running: Running,
    /// What witnesses of the log said last.
    heard: Mutex<Heard>,
    rules: watch::Sender<Arc<Rules>>,
    stop: CancellationToken,
    /// The runtime that lives as long as the owner.
    io: Handle,
    this: Weak<Self>,
}

impl Owner {
    /// Opens `home`. Intents that a crash left without an outcome are concluded as `unknown`.
    /// `alone` is the owner's lock.
    ///
    /// # Errors
    /// When a part of the state is missing, damaged or not this host's. Nothing is served then.
    pub fn open(home: Home, alone: &Lock) -> Result<Arc<Self>, OpenError> {
        let keystore = setup::open_keystore_alone(&home, alone)?;
        let operators = setup::operators(&home, &keystore)?;
        let state = keystore.mac(Purpose::AppliedState);
        let mut switches: Switches = authenticated::read(&home.disabled(), &state)?;
        let mut memory =
            VersionMemory::open(&home.versions(), keystore.mac(Purpose::VersionMemory))?;
        let applied = Applied::load(&home, &state)?;
        let log = Arc::new(Log::open(
            &home.audit(),
            log_keys(&keystore)?,
            Options::default(),
        )?);
        let payloads = Arc::new(payloads::open(&home, &keystore)?);
        let history = History::read(&log, applied.as_ref(), &mut switches)?;
        let history = history.ok_or_else(|| OpenError::OldLog(home.audit()))?;
        let standing = stand(&home, &state, &operators, applied, &history)?;
        let in_force = standing.as_ref().map(|standing| &*standing.in_force);
        catch_up(&home, &mut memory, in_force, &history)?;
        let clearance = Clearance::new(log.clone());
        let way_out = egress_settings(in_force);
        let secrets = credentials::load(&home, &keystore, &state)?;
        if secrets.sealed().number < memory.credentials_seen() {
            return Err(OpenError::OldCredentials(home.credentials()));
        }
        let io = Handle::try_current().map_err(StartError::from)?;
        let egress = Egress::start(way_out, clearance.epoch(), secrets.clone())?;
        let engine = Engine::new(engine_settings(&home)?, keystore.mac(Purpose::CodeCache))?;
        let engine = engine
            .with_egress(egress.clone())
            .with_ledger(Arc::new(Ledger::new(log.clone())))
            .with_shelf(Arc::new(Shelf::at(home.upstream())))
            .with_states(Arc::new(States::at(
                home.states(),
                keystore.sealer(Purpose::Sealing),
            )))
            .with_disk(Disk::without(
                [home.data(), home.config()].map(Path::to_owned),
            ));
        let authority = keystore
            .signer(Purpose::AgentAuthority)
            .map_err(SetupError::from)?;
        let authority = Authority::new(authority, clock::now())?;
        let kept = Kept::of(&home, &keystore);
        let rules = Rules::judge(&home, standing, &kept, &switches, &mut memory)?;
        let drawer = Drawer::at(home.approvals(), keystore.sealer(Purpose::Sealing));
        let waiting = drawer.all()?;
        let owner = Arc::new_cyclic(|this| Self {
            clearance,
            agents: Door::new(authority),
            approvals: Queue::new(log.clone(), Box::new(drawer), Caps::default()),
            egress,
            secrets,
            changing: tokio::sync::Mutex::new(memory),
            switches: Mutex::new(switches),
            switched_off: AtomicU64::new(0),
            running: Running::default(),
            heard: Mutex::default(),
            rules: watch::Sender::new(Arc::new(Rules::nothing(&home, None))),
            stop: CancellationToken::new(),
            io,
            this: this.clone(),
            home,
            keystore,
            operators,
            log,
            payloads,
            engine,
            kept,
        });
        owner.publish(rules);
        let people = owner.rules().people();
        owner
            .approvals
            .restore(waiting, &people, approvals::now())?;
        // Who was told before hears the same name again.
        let rules = owner.rules();
        let void = |request: &ApprovalRequest| approvals::void(&rules, request);
        let waiting = owner
            .approvals
            .waiting(approvals::now(), void, |request, _| request.id.clone());
        waiting.iter().for_each(|id| owner.notify(id));
        Ok(owner)
    }

    /// Where things live.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The log.
    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// What its records commit to.
    pub(crate) fn payloads(&self) -> &Arc<Payloads> {
        &self.payloads
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn clearance(&self) -> &Clearance {
        &self.clearance
    }

    /// The agents that come over the network.
    pub(crate) fn door(&self) -> &Door {
        &self.agents
    }

    /// How requests leave: never to where this host listens itself.
    pub(crate) fn way_out(&self, in_force: Option<&InForce>) -> vouchsafe_egress::Settings {
        vouchsafe_egress::Settings {
            own: self.agents.listens_at(),
            ..egress_settings(in_force)
        }
    }

    /// The door out.
    pub(crate) fn egress(&self) -> &Egress {
        &self.egress
    }

    /// Held while what is kept changes.
    pub(crate) async fn changing(&self) -> tokio::sync::MutexGuard<'_, VersionMemory> {
        self.changing.lock().await
    }

    /// The calls that wait for people.
    pub(crate) fn approvals(&self) -> &Queue<Answer> {
        &self.approvals
    }

    pub(crate) fn operators(&self) -> &[PublicKey] {
        &self.operators
    }

    /// This owner, for work that goes on when nobody waits for it any more.
    pub(crate) fn shared(&self) -> Result<Arc<Self>, Failure> {
        let gone = || Failure::internal("the owner is ending");
        self.this.upgrade().ok_or_else(gone)
    }

    /// What witnesses of the log said last.
    pub(crate) fn heard(&self) -> MutexGuard<'_, Heard> {
        // Each part of it is replaced as a whole.
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The runtime that lives as long as the owner.
    pub(crate) fn io(&self) -> &Handle {
        &self.io
    }

    /// The calls under way.
    pub(crate) fn running(&self) -> &Running {
        &self.running
    }

    /// The rules of this moment.
    pub(crate) fn rules(&self) -> Arc<Rules> {
        self.rules.borrow().clone()
    }

    /// Tells when the rules change.
    pub(crate) fn rule_changes(&self) -> watch::Receiver<Arc<Rules>> {
        self.rules.subscribe()
    }

    /// Puts a signed statement and its files into force: recorded, then judged by, then kept. Calls
    /// that were cleared under the old rules are refused at their next door, and those of skills that
    /// are off by it end, and how much of them has not is told. What was switched off is switched on again
    /// by such a statement alone.
    pub(crate) async fn apply(
        &self,
        statement: Envelope,
        files: BTreeMap<String, String>,
    ) -> Result<(Arc<Rules>, StillHeld), Failure> {
        let mut memory = self.changing.lock().await;
        let switched_off = self.switched_off.load(Ordering::Relaxed);
        let before = self.rules();
        let last = before.in_force.as_deref();
        let (in_force, next) = Applied::accept(&self.operators, statement, files, last)
            .map_err(|error| Failure::refused(error.to_string()))?;
        let enabled = enabled(&in_force, &before);
        let state = self.keystore.mac(Purpose::AppliedState);
        self.keep_standing(&before, &state)?;
        next.write_next(&self.home, &state)
            .map_err(|error| Failure::internal(error.to_string()))?;
        let record = self.record(applied(&in_force, &enabled)).await?;
        // It is in force from here on, whatever fails.
        let standing = Standing {
            in_force: Arc::new(in_force),
            applied: Arc::new(next.recorded(record)),
        };
        {
            let mut switches = self.switches();
            // What is switched off meanwhile stays off.
            if self.switched_off.load(Ordering::Relaxed) == switched_off {
                switches.enable(&enabled);
                if standing.in_force.statement().resume {
                    switches.resume();
                }
            }
        }
        let judged = self.judge(&mut memory, Some(standing.clone()));
        let advanced = self.clearance.epoch().advance();
        let rules = self.rules();
        self.running.end(|digest, _| rules.ended(digest));
        let failed = |error: &dyn std::fmt::Display| {
            Failure::internal(format!(
                "in force, but it may not be after a restart: {error}"
            ))
        };
        judged.map_err(|error| failed(&error))?;
        note(&mut memory, &standing.in_force).map_err(|error| failed(&error))?;
        let kept = standing.applied.write(&self.home, &state);
        kept.map_err(|error| failed(&error))?;
        self.keep_switches()?;
        let under_way = drained(advanced, |digest| rules.ended(digest)).await;
        Ok((rules, under_way))
    }

    /// What is kept of credentials.
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The credentials that are kept, and what the next change of them has to name.
    pub(crate) fn credentials(&self) -> (Sealed, Digest) {
        let (sealed, rules) = (self.secrets.sealed(), self.rules());
        let statement = rules.in_force.as_ref().map(|in_force| in_force.digest());
        let host = self.keystore.mac(Purpose::AppliedState);
        let state = sealed.state(statement.as_ref(), &host);
        (sealed, state)
    }

    /// Sets a credential, or takes one away, as an operator signed: recorded, then kept, then used by
    /// the next request. `bytes` are the sealed value.
    pub(crate) async fn change_credential(
        &self,
        caller: &Caller,
        signed: &Envelope,
        bytes: Option<&[u8]>,
    ) -> Result<Change, Failure> {
        let mut memory = self.changing.lock().await;
        let key = self.keystore.sealer(Purpose::Credentials);
        let (sealed, state) = self.credentials();
        let changed = sealed.changed(signed, bytes, (&self.operators, &state), &key);
        let (sealed, change) = changed.map_err(|error| Failure::refused(error.to_string()))?;
        let (action, facts) = credentials::facts(&change);
        self.record(told(action, Some(caller), facts)).await?;
        let failed = |error: &dyn std::fmt::Display| Failure::internal(error.to_string());
        let state = self.keystore.mac(Purpose::AppliedState);
        authenticated::write(&self.home.credentials(), &sealed, &state)
            .map_err(|error| failed(&error))?;
        memory
            .note_credentials(sealed.number)
            .map_err(|error| failed(&error))?;
        self.secrets.take_up(sealed);
        Ok(change)
    }

    /// Keeps what is in force where that failed before: what waits to take its place is about to be replaced, and
    /// would be all there is of it.
    fn keep_standing(&self, rules: &Rules, state: &MacKey) -> Result<(), Failure> {
        let waits = self.home.applied_next().exists();
        let Some(standing) = rules.standing().filter(|_| waits) else {
            return Ok(());
        };
        let kept = standing.applied.write(&self.home, state);
        kept.map_err(|error| {
            Failure::internal(format!("what is in force is not kept yet: {error}"))
        })
    }

    /// Forgets components, and ends their calls.
    pub(crate) async fn remove(&self, caller: &Caller, gone: &[Digest]) -> Result<(), Failure> {
        let mut memory = self.changing.lock().await;
        self.publish(self.rules().without(
            |skill| {
                gone.contains(&skill.digest())
                    .then_some("it is being removed")
            },
            "removed",
        ));
        self.clearance.epoch().advance();
        self.running.end(|digest, _| gone.contains(digest));
        for digest in gone {
            let mut facts = BTreeMap::from([("digest".to_owned(), digest.to_string())]);
            let skill = self.rules().kept(digest).and_then(|kept| kept.skill);
            facts.extend(skill.map(|skill| ("skill".to_owned(), skill.to_string())));
            self.record(told("remove", Some(caller), facts)).await?;
            let removed = self.kept.remove(digest);
            removed.map_err(|error| Failure::internal(error.to_string()))?;
        }
        self.judge_again(&mut memory)
    }

    /// Keeps a component, once that is recorded. It can't be called until it is granted.
    pub(crate) async fn keep(
        &self,
        caller: &Caller,
        unverified: &Unverified,
        verified: &Verified,
        allow_rollback: bool,
    ) -> Result<(), Failure> {
        let mut memory = self.changing.lock().await;
        memory.check(verified, allow_rollback).map_err(|error| {
            Failure::refused(error.to_string())
                .with_fix("add `--allow-rollback` to install it all the same")
        })?;
        self.keeps_its_publisher(verified)?;
        let package = verified.package();
        let facts = [
            ("digest", package.digest.to_string()),
            ("skill", package.name.to_string()),
            ("version", package.version.to_string()),
            ("publisher", verified.publisher().to_owned()),
        ];
        self.record(control("keep", Some(caller), facts)).await?;
        let kept = self.kept.store().keep(unverified);
        kept.map_err(|error| Failure::internal(error.to_string()))?;
        self.judge_again(&mut memory)
    }

    /// The same bytes signed by somebody else would take the grant from whom it was given to.
    fn keeps_its_publisher(&self, verified: &Verified) -> Result<(), Failure> {
        let kept = self.rules().kept(&verified.package().digest);
        let (old, new) = (kept.and_then(|kept| kept.publisher), verified.publisher());
        match old {
            Some(old) if old != new => {
                let message =
                    format!("it is installed as `{old}` signed it, and this is signed by `{new}`");
                let fix = format!("run `vouchsafe remove {}`", verified.package().digest);
                Err(Failure::refused(message).with_fix(fix))
            }
            _ => Ok(()),
        }
    }

    /// Records something about the host itself, durably.
    pub(crate) async fn record(&self, entry: Control) -> Result<Seq, Failure> {
        let unrecorded = |error: LogError| Failure::internal(format!("not recorded: {error}"));
        let recorded = self.log.append(Entry::Control(entry)).map_err(unrecorded)?;
        self.log.durable(&recorded).await.map_err(unrecorded)?;
        Ok(recorded.seq())
    }

    /// Records what the host itself did. A log that does not take it has stopped all effects.
    pub(crate) async fn note(&self, entry: Control) {
        drop(self.record(entry).await);
    }

    /// Asks the server to end.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until somebody asked the server to end.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    fn judge_again(&self, memory: &mut VersionMemory) -> Result<(), Failure> {
        let judged = self.judge(memory, self.rules().standing());
        judged.map_err(|error| Failure::internal(error.to_string()))?;
        self.keep_switches()
    }

    /// Judges every kept component. Where they can't be read, none can be called.
    fn judge(
        &self,
        memory: &mut VersionMemory,
        standing: Option<Standing>,
    ) -> Result<(), FileError> {
        let switches = self.switches().clone();
        let judged = Rules::judge(&self.home, standing.clone(), &self.kept, &switches, memory);
        let (rules, judged) = match judged {
            Ok(rules) => (rules, Ok(())),
            Err(error) => (Rules::nothing(&self.home, standing), Err(error)),
        };
        self.publish(rules);
        judged
    }

    /// Makes `rules` those that decide, without what was switched off while they were made. What a
    /// grant followed to for the first time is recorded before any call of it.
    fn publish(&self, rules: Rules) {
        let mut switches = self.switches();
        let mut rules = rules.without_disabled(&switches);
        let mut unrecorded = Vec::new();
        for skill in rules.on.iter().filter(|on| on.granted().was_followed()) {
            if switches.follow(skill.digest())
                && let Err(error) = self.log.append(Entry::Control(followed(skill)))
            {
                tracing::error!(%error, "not followed, since it can't be recorded");
                unrecorded.push(skill.digest());
            }
        }
        if !unrecorded.is_empty() {
            let why_off = |skill: &InstalledSkill| {
                let is_off = unrecorded.contains(&skill.digest());
                is_off.then_some("the log takes no records")
            };
            rules = rules.without(why_off, "not recorded");
        }
        self.egress
            .configure(self.way_out(rules.in_force.as_deref()));
        let content = rules.in_force.as_deref().map(InForce::content);
        let used = rules
            .on
            .iter()
            .flat_map(|skill| credentials::used_by(skill));
        self.secrets.configure(
            content.and_then(Content::vault),
            used.map(|used| &used.source.kept),
        );
        self.rules.send_replace(Arc::new(rules));
        drop(switches);
        self.end_agents(|_| false);
        self.end_void_requests();
    }

    /// Writes the switches. Only who holds `changing` may, so that no older ones replace later ones.
    pub(crate) fn keep_switches(&self) -> Result<(), Failure> {
        // Whatever is durable by now was switched before it was recorded.
        let record = self.log.head().seq;
        let switches = self.switches().clone().up_to(record);
        let state = self.keystore.mac(Purpose::AppliedState);
        authenticated::write(&self.home.disabled(), &switches, &state)
            .map_err(|error| Failure::internal(error.to_string()))
    }

    pub(crate) fn switches(&self) -> MutexGuard<'_, Switches> {
        // What a poisoned lock guards is extended or replaced as a whole.
        self.switches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is in force by the state files and the log together. A statement that was recorded and not yet
/// in its place takes it.
fn stand(
    home: &Home,
    state: &MacKey,
    operators: &[PublicKey],
    applied: Option<Applied>,
    history: &History,
) -> Result<Option<Standing>, OpenError> {
    let old_state = || OpenError::OldState(home.applied());
    let applied = match (applied, &history.last_apply) {
        (None, None) => return Ok(None),
        (Some(applied), Some((_, statement))) if applied.digest().to_string() == *statement => {
            applied
        }
        (_, Some((record, statement))) => {
            let next = Applied::load_next(home, state, statement)?.ok_or_else(old_state)?;
            let next = next.recorded(*record);
            next.write(home, state)?;
            next
        }
        (Some(_), None) => return Err(old_state()),
    };
    let in_force = applied.in_force(operators).map_err(AppliedError::from)?;
    Ok(Some(Standing {
        in_force: Arc::new(in_force),
        applied: Arc::new(applied),
    }))
}

/// How requests leave, by what is in force.
fn egress_settings(in_force: Option<&InForce>) -> vouchsafe_egress::Settings {
    let way = in_force.map(|in_force| in_force.content().way());
    let dns = way.into_iter().flat_map(|way| &way.dns);
    vouchsafe_egress::Settings {
        dns: dns.map(|server| server.value).collect(),
        proxy: way.and_then(|way| way.proxy.as_ref().map(|proxy| proxy.value)),
        own: Vec::new(),
    }
}

/// Brings the memory of versions to where the log and what is in force are; it can't be ahead of them.
fn catch_up(
    home: &Home,
    memory: &mut VersionMemory,
    in_force: Option<&InForce>,
    history: &History,
) -> Result<(), OpenError> {
    if !is_the_newest(in_force, memory) {
        return Err(OpenError::OldState(home.applied()));
    }
    if let Some(in_force) = in_force {
        note(memory, in_force)?;
    }
    for record in &history.followed {
        let fact = |name: &str| record.facts.get(name);
        if let (Some(publisher), Some(skill), Some(version)) =
            (fact("publisher"), fact("skill"), fact("version"))
            && let (Ok(skill), Ok(version)) = (skill.parse(), version.parse())
        {
            memory.note_version(publisher, &skill, &version)?;
        }
    }
    Ok(())
}

/// What a statement switches on again.
fn enabled(in_force: &InForce, before: &Rules) -> Vec<Target> {
    let target = |digest: &Digest| Target {
        digest: *digest,
        whole: before.kept(digest).and_then(|kept| kept.whole()),
    };
    in_force.statement().enable.iter().map(target).collect()
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

pub(crate) fn log_keys(keystore: &Keystore) -> Result<LogKeys, SetupError> {
    Ok(LogKeys {
        commitments: keystore.sealer(Purpose::LogCommitments),
        pseudonyms: keystore.mac(Purpose::LogPseudonyms),
        checkpoints: keystore.signer(Purpose::LogCheckpoints)?,
        mark: keystore.mac(Purpose::LogMark),
    })
}

fn engine_settings(home: &Home) -> Result<Settings, OpenError> {
    let mut settings = Settings::new(env::current_program()?);
    settings.cache = Some(home.cache());
    Ok(settings)
}
