//! Putting the files of the configuration directory into force: show what changes, take the proof,
//! sign, hand it to the owner.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use vouchsafe_ambient::clock;
use vouchsafe_daemon::client::Client;
use vouchsafe_daemon::proposals;
use vouchsafe_daemon::protocol::{Failure, Request};
use vouchsafe_daemon::setup;
use vouchsafe_daemon::store::Store;
use vouchsafe_keys::statement::Envelope;
use vouchsafe_keys::{PrivateKey, PublicKey};
use vouchsafe_package::{Digest, Package, ReadLimits};
use vouchsafe_policy::apply::{Change, Content, Files, InForce, Mark, Proposal, Since, changes};
use vouchsafe_policy::cedar::Written;
use vouchsafe_policy::{Fault, Faults, Grant, Notice, callee, policies_fit};

use crate::args::Proof;
use crate::context::Context;
use crate::{operator, output};

/// What the owner says is in force.
#[derive(Deserialize)]
struct Said {
    /// The number of the statement in force; 0 before the first.
    serial: u64,
    mark: Option<Mark>,
    #[serde(default)]
    texts: BTreeMap<String, String>,
    /// Files that are not as they were applied.
    edited: Vec<String>,
    /// What the operator signed.
    statement: Option<Envelope>,
}

/// What is in force, as the operator's own signature says.
pub(crate) struct Current {
    said: Said,
    operators: Vec<PublicKey>,
}

impl Current {
    /// Asks the owner. What it says is believed as far as an operator enrolled in this home signed it.
    ///
    /// # Errors
    /// When the owner says what no operator signed.
    pub(crate) fn ask(context: &Context, owner: &mut Client) -> anyhow::Result<Self> {
        let keystore = setup::open_keystore(&context.home)?;
        let current = Self {
            said: serde_json::from_value(owner.ask(&Request::InForce)?)?,
            operators: setup::operators(&context.home, &keystore)?,
        };
        current.signed_by(&current.operators)?;
        Ok(current)
    }

    /// The files in force, read as a proposal is; `None` before the first `apply`.
    pub(crate) fn content(&self) -> anyhow::Result<Option<Proposal>> {
        if self.said.serial == 0 {
            return Ok(None);
        }
        Ok(Some(Proposal::read(&self.files(), &self.operators, 0)?))
    }

    /// The number of the statement in force; 0 before the first.
    pub(crate) fn serial(&self) -> u64 {
        self.said.serial
    }

    /// Files that are not as they were applied.
    pub(crate) fn edited(&self) -> &[String] {
        &self.said.edited
    }

    /// What is in force stays in force.
    fn goes_on(&self) -> Applied {
        let statement = self.said.mark.as_ref().map(|mark| mark.digest);
        Applied {
            is_new: false,
            changes: vec![],
            facts: json!({ "serial": self.said.serial, "statement": statement, "under_way": 0 }),
        }
    }

    /// Whether one of `operators` signed the files, the number and the mark that the owner told.
    fn signed_by(&self, operators: &[PublicKey]) -> anyhow::Result<()> {
        let Said {
            serial,
            mark,
            statement,
            ..
        } = &self.said;
        let unsigned = || Failure::refused("the owner says what no operator signed");
        match (serial, mark, statement) {
            (0, None, None) => Ok(()),
            (_, Some(mark), Some(statement)) if mark.serial == *serial => {
                let files = self.files();
                InForce::accept(statement, operators, &files, Since::Exactly(mark))
                    .map(drop)
                    .map_err(|error| {
                        let message = format!("the owner says what no operator signed: {error}");
                        Failure::refused(message).into()
                    })
            }
            _ => Err(unsigned().into()),
        }
    }

    fn files(&self) -> Files {
        let bytes = |(path, text): (&String, &String)| (path.clone(), text.clone().into_bytes());
        self.said.texts.iter().map(bytes).collect()
    }
}

/// What was put into force.
pub(crate) struct Applied {
    /// Whether anything was: files that are in force as they are need no other statement.
    pub(crate) is_new: bool,
    pub(crate) changes: Vec<Change>,
    pub(crate) facts: Json,
}

/// Applies the files as they are now. Nothing changes unless everything holds.
///
/// # Errors
/// Faults with their lines; a refusal without the proof, or when the answer is no.
pub(crate) fn apply(context: &Context, proof: &Proof) -> anyhow::Result<Applied> {
    Next::of_files(context, vec![])?.put_into_force(proof, !context.json, unlock(context, proof))
}

/// What the proposed files come to.
#[derive(Serialize)]
pub(crate) struct Checked {
    pub(crate) policies: Vec<CheckedPolicy>,
    pub(crate) notices: Vec<Notice>,
}

/// A policy, and which of the calls that a role and a grant give it can match.
#[derive(Serialize)]
pub(crate) struct CheckedPolicy {
    pub(crate) place: String,
    pub(crate) says: String,
    pub(crate) matches: Vec<String>,
}

/// Reads the files as [`apply`] does, and puts nothing into force.
///
/// # Errors
/// Every fault, with its line.
pub(crate) fn check(context: &Context) -> anyhow::Result<Checked> {
    let next = Next::of_files(context, vec![])?;
    let proposal = next.proposal()?;
    let content = proposal.content();
    let policy = |policy: &Arc<Written>| {
        let calls = content.matches(policy).into_iter();
        CheckedPolicy {
            place: policy.place.to_string(),
            says: policy.says(),
            matches: calls
                .map(|(role, skill, tool)| format!("{role}: {skill}/{tool}"))
                .collect(),
        }
    };
    Ok(Checked {
        policies: content.policies().iter().map(policy).collect(),
        notices: proposal.notices(),
    })
}

/// As [`apply`], and switches `component` on again where it was switched off.
///
/// # Errors
/// As [`apply`].
pub(crate) fn enabling(
    context: &Context,
    proof: &Proof,
    component: Digest,
) -> anyhow::Result<Applied> {
    let mut next = Next::of_files(context, vec![])?;
    let kept = next.owner.ask(&Request::List)?;
    let is_off = |one: &Json| {
        let is = |key: &str, value: &str| one.get(key).and_then(Json::as_str) == Some(value);
        is("digest", &component.to_string()) && is("state", "disabled")
    };
    if kept.as_array().is_some_and(|all| all.iter().any(is_off)) {
        next.enable.push(component);
    }
    next.put_into_force(proof, !context.json, unlock(context, proof))
}

/// As [`apply`], and lifts what was switched off for a publisher or for everything.
///
/// # Errors
/// As [`apply`].
pub(crate) fn resuming(context: &Context, proof: &Proof) -> anyhow::Result<Applied> {
    let next = Next {
        resume: true,
        ..Next::of_files(context, vec![])?
    };
    next.put_into_force(proof, !context.json, unlock(context, proof))
}

/// As [`apply`], showing nothing: for a home of our own making.
///
/// # Errors
/// As [`apply`].
pub(crate) fn quietly(context: &Context, proof: &Proof) -> anyhow::Result<Applied> {
    Next::of_files(context, vec![])?.put_into_force(proof, false, unlock(context, proof))
}

fn unlock<'a>(
    context: &'a Context,
    proof: &'a Proof,
) -> impl FnOnce() -> anyhow::Result<PrivateKey> + 'a {
    || operator::unlock(&context.home, proof)
}

/// The files of rules in `config`.
///
/// # Errors
/// Where another file lies among them, which whoever wrote it takes for a rule.
pub(crate) fn read(config: &Path) -> anyhow::Result<Files> {
    if let Some(stranger) = proposals::strangers(config)?.first() {
        let message = format!("`{stranger}` in the configuration directory is no file of rules");
        return Err(Failure::refused(message)
            .with_fix(format!(
                "take it away, or give it the name it should have: {}",
                proposals::NAMES
            ))
            .into());
    }
    Ok(proposals::read(config)?)
}

/// Files that are to be in force next, after what is in force now.
pub(crate) struct Next {
    owner: Client,
    current: Current,
    files: Files,
    enable: Vec<Digest>,
    resume: bool,
    /// Components to hold edited grants against.
    kept: Option<Store>,
}

impl Next {
    fn of_files(context: &Context, enable: Vec<Digest>) -> anyhow::Result<Self> {
        let files = read(context.home.config())?;
        let mut owner = context.owner()?;
        Ok(Self {
            current: Current::ask(context, &mut owner)?,
            files,
            owner,
            enable,
            resume: false,
            kept: Some(Store::at(context.home.skills())),
        })
    }

    /// What is in force now but for the file `name`. Files that were edited meanwhile stay edited.
    pub(crate) fn with(owner: Client, current: Current, name: &str, text: String) -> Self {
        let mut files = current.files();
        files.insert(name.to_owned(), text.into_bytes());
        Self {
            owner,
            current,
            files,
            enable: vec![],
            resume: false,
            kept: None,
        }
    }

    /// The files, read as one and held against the components that they are about.
    fn proposal(&self) -> anyhow::Result<Proposal> {
        let mark = self.current.said.mark.as_ref();
        let seen = mark.map_or(0, |mark| mark.revocations);
        let proposal =
            Proposal::read(&self.files, &self.current.operators, seen).map_err(Failure::from)?;
        if let Some(kept) = &self.kept {
            fits(kept, proposal.content(), &self.files, &self.current.files())?;
        }
        Ok(proposal)
    }

    /// Shows what would change, asks, takes the proof, and hands it to the owner.
    ///
    /// # Errors
    /// As [`apply`].
    pub(crate) fn put_into_force(
        self,
        proof: &Proof,
        shown: bool,
        unlock: impl FnOnce() -> anyhow::Result<PrivateKey>,
    ) -> anyhow::Result<Applied> {
        let proposal = self.proposal()?;
        let Self {
            mut owner,
            current,
            files,
            enable,
            resume,
            ..
        } = self;
        let old = current.content()?;
        let lifts_nothing = enable.is_empty() && !resume;
        if lifts_nothing && files == current.files() && old.is_some() {
            if shown {
                show_notices(&proposal);
            }
            return Ok(current.goes_on());
        }
        let changes = changes(old.as_ref().map(Proposal::content), proposal.content());
        if shown {
            for component in &enable {
                output::line(format!("MORE   component {component}: switched on again"));
            }
            if resume {
                output::line("MORE   publishers and everything: what was halted goes on");
            }
            if files != current.files() {
                show(&changes, &proposal);
            }
        }
        if !proof.yes && !shown {
            let message = "with --json nothing is shown that one could say yes to";
            return Err(Failure::usage(message).with_fix("add `--yes`").into());
        }
        confirm(proof)?;
        let key = unlock()?;
        let statement = proposal
            .statement(current.said.mark.as_ref(), &key.public(), clock::now())
            .enabling(enable)
            .resuming(resume)
            .sign(&key)?;
        let files = texts(files)?;
        let facts = owner.ask(&Request::Apply { statement, files })?;
        Ok(Applied {
            is_new: true,
            changes,
            facts,
        })
    }
}

/// Says what had begun under older rules and has not ended.
pub(crate) fn say_under_way(facts: &Json) {
    let under_way = facts.get("under_way").and_then(Json::as_u64);
    if let Some(some) = under_way.filter(|some| *some > 0) {
        output::note(format!(
            "{some} effects that had begun have not ended yet; they can begin nothing new"
        ));
    }
}

/// That what edited grants give can be had of the components they pin, where those are kept here: else a
/// line would be in force and switch its skill off.
fn fits(store: &Store, content: &Content, files: &Files, before: &Files) -> anyhow::Result<()> {
    let mut faults = Vec::new();
    let of_policies = |files: &Files| -> Vec<_> {
        let policies = files
            .iter()
            .filter(|(path, _)| path.starts_with("policies/"));
        policies
            .map(|(path, bytes)| (path.clone(), bytes.clone()))
            .collect()
    };
    let same_policies = of_policies(files) == of_policies(before);
    for grant in content.grants() {
        let file = grant.file.to_string();
        if same_policies && files.get(&file) == before.get(&file) {
            continue;
        }
        let Some(kept) = store.load(&grant.digest.value)? else {
            continue;
        };
        if let Ok(package) = Package::read(&kept.component, &ReadLimits::default()) {
            if let Err(found) = policies_fit(&package, grant, content) {
                faults.extend(found.all);
            }
            faults.extend(callees(store, content, grant, &package)?);
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(Failure::from(Faults::from(faults)).into())
}

/// Where the skills that `grant` names answer with other types than `caller` imports.
fn callees(
    store: &Store,
    content: &Content,
    grant: &Grant,
    caller: &Package,
) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for (interface, named) in &grant.skills {
        let callee = content.grant_for(&named.skill.value, &named.publisher.value);
        let Some((callee, _)) = callee else { continue };
        let Some(kept) = store.load(&callee.digest.value)? else {
            continue;
        };
        if let Ok(callee) = Package::read(&kept.component, &ReadLimits::default())
            && let Err(found) = callee::check(caller, grant, interface, &callee)
        {
            faults.extend(found.all);
        }
    }
    Ok(faults)
}

fn show(changes: &[Change], proposal: &Proposal) {
    if changes.is_empty() {
        output::note("nothing changes but the files' bytes");
    }
    for change in changes {
        output::line(output::foreign(&change.to_string()));
    }
    show_notices(proposal);
}

fn show_notices(proposal: &Proposal) {
    for notice in proposal.notices() {
        output::note(output::foreign(&notice.to_string()));
    }
}

/// Asks before anything comes into force.
///
/// # Errors
/// When the answer is no, or nobody is there to give one.
pub(crate) fn confirm(proof: &Proof) -> anyhow::Result<()> {
    if proof.yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::refused("nobody is there to say yes")
            .with_fix("add `--yes`; the operator's proof is still needed")
            .into());
    }
    anstream::eprint!("Put this into force? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if answer.trim().eq_ignore_ascii_case("y") {
        return Ok(());
    }
    Err(Failure::refused("nothing was put into force").into())
}

fn texts(files: Files) -> anyhow::Result<BTreeMap<String, String>> {
    let text = |(path, bytes): (String, Vec<u8>)| {
        let text = String::from_utf8(bytes).with_context(|| format!("`{path}` is not UTF-8"))?;
        Ok((path, text))
    };
    files.into_iter().map(text).collect()
}
