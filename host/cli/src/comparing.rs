//! `policy diff`: what one directory of rules allows beyond another.

use std::collections::BTreeSet;
use std::path::Path;

use vouchsafe_ambient::files;
use vouchsafe_daemon::protocol::Failure;
use vouchsafe_daemon::setup;
use vouchsafe_daemon::store::{MAX_COMPONENT, Store};
use vouchsafe_package::{Digest, Package, ReadLimits};
use vouchsafe_policy::apply::{Direction, Proposal};
use vouchsafe_policy::compare::{Class, Comparison, Incomparable, Rules, compare};

use crate::args::PolicyDiff;
use crate::context::Context;
use crate::exit::Code;
use crate::{applying, output};

pub(crate) fn run(context: &Context, args: &PolicyDiff) -> anyhow::Result<Code> {
    let (old, new) = (read(context, &args.old)?, read(context, &args.new)?);
    let packages = packages(context, args, [&old, &new])?;
    let rules = |proposal, directory| {
        Rules::new(proposal, &packages).map_err(|error| failure(&error, directory))
    };
    let old = rules(old.content(), &args.old)?;
    let new = rules(new.content(), &args.new)?;
    let found = compare(&old, &new).map_err(|error| failure(&error, &args.new))?;
    match context.json {
        true => output::print_json(&serde_json::to_value(&found)?),
        false => show(&found),
    }
    Ok(match found.widens {
        true => Code::More,
        false => Code::Done,
    })
}

/// The files in `directory`, as `apply` would read them.
fn read(context: &Context, directory: &Path) -> anyhow::Result<Proposal> {
    if !directory.is_dir() {
        let message = format!("`{}` is no directory", directory.display());
        return Err(Failure::usage(message).into());
    }
    // Only a list of revocations needs them; without a home here, one is an error.
    let operators = match context.home.is_initialised() {
        true => setup::operators(&context.home, &setup::open_keystore(&context.home)?)?,
        false => Vec::new(),
    };
    let files = applying::read(directory)?;
    Proposal::read(&files, &operators, 0).map_err(|faults| {
        let mut failure = Failure::from(faults);
        failure.message = format!("in `{}`: {}", directory.display(), failure.message);
        failure.into()
    })
}

/// The components that either side grants, as far as they are at hand: those named first, then those installed.
fn packages(
    context: &Context,
    args: &PolicyDiff,
    sides: [&Proposal; 2],
) -> anyhow::Result<Vec<Package>> {
    let read = |bytes: &[u8]| Package::read(bytes, &ReadLimits::default());
    let mut packages = Vec::new();
    for file in &args.components {
        packages.push(read(&files::read_bounded(file, MAX_COMPONENT)?)?);
    }
    let grants = sides.iter().flat_map(|side| side.content().grants());
    let digests: BTreeSet<Digest> = grants.map(|grant| grant.digest.value).collect();
    let store = Store::at(context.home.skills());
    for digest in digests {
        if packages.iter().any(|package| package.digest == digest) {
            continue;
        }
        if let Some(kept) = store.load(&digest)? {
            packages.push(read(&kept.component)?);
        }
    }
    Ok(packages)
}

fn failure(error: &Incomparable, directory: &Path) -> anyhow::Error {
    let failure = Failure::refused(format!("in `{}`: {error}", directory.display()));
    match error {
        Incomparable::Absent { .. } => failure.with_fix("add `--component FILE`, or install it"),
        Incomparable::Unfit(_) => failure,
        Incomparable::TooMany { .. } => {
            failure.with_fix("compare fewer literals or agents, or one skill at a time")
        }
    }
    .into()
}

fn show(found: &Comparison) {
    for class in &found.calls {
        output::line(output::foreign(&in_words(class)));
    }
    for line in found.lines.iter().filter(|line| line.counts) {
        output::line(output::foreign(&line.change.to_string()));
    }
    for policy in &found.inexact {
        let says = format!(
            "{}: {}; each line that allows more counts",
            policy.place, policy.says
        );
        output::note(output::foreign(&says));
    }
    let lines = found.lines.iter().filter(|line| line.counts);
    let all = found.calls.iter().map(|class| class.direction);
    let all: Vec<_> = all.chain(lines.map(|line| line.change.direction)).collect();
    let count = |direction| all.iter().filter(|one| **one == direction).count();
    let (more, less) = (count(Direction::More), count(Direction::Less));
    let compared = found.compared;
    output::done(format!(
        "{more} MORE, {less} LESS; {compared} calls compared"
    ));
}

/// One line: who, what, with which arguments, and how it is decided by either side.
fn in_words(class: &Class) -> String {
    let Class {
        direction,
        role,
        skill,
        tool,
        before,
        after,
        ..
    } = class;
    let agents = class.agents.as_ref();
    let agents = agents.map_or_else(String::new, |agents| format!(" ({agents})"));
    let by = class.by.as_ref();
    let by = by.map_or_else(String::new, |by| format!(" by way of {by}"));
    let when = match class.when.is_empty() {
        true => String::new(),
        false => format!(" when {}", class.when.join(" and ")),
    };
    format!("{direction:5}  {role}{agents}: {skill}/{tool}{by}{when}: {before} -> {after}")
}
