//! `remove`: takes a skill's grant out of force, and forgets its components.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::{Value as Json, json};
use vouchsafe_ambient::files::{self, Access};
use vouchsafe_daemon::protocol::Request;
use vouchsafe_policy::Grant;

use crate::args::Remove;
use crate::context::Context;
use crate::exit::Code;
use crate::{applying, output};

/// The largest grant file, in bytes.
const MAX_GRANT: u64 = 1 << 20;

pub(crate) fn run(context: &Context, args: &Remove) -> anyhow::Result<Code> {
    let mut owner = context.owner()?;
    let skill = args.skill.clone();
    let found = owner.ask(&Request::Find { skill })?;
    let going: BTreeSet<&str> = strings(&found).collect();
    let listed = owner.ask(&Request::List)?;
    let skills = listed.as_array().map(Vec::as_slice).unwrap_or_default();
    // The proof first: whoever says no keeps everything.
    take_out_of_force(context, args, &grants(context, skills, &going)?)?;
    let mut removed = Vec::new();
    for digest in &going {
        let skill = (*digest).to_owned();
        removed.push(owner.ask(&Request::Remove { skill })?);
    }
    if context.json {
        let removed: Vec<_> = removed.iter().flat_map(strings).collect();
        output::print_json(&json!({ "removed": removed }));
        return Ok(Code::Done);
    }
    for skill in skills
        .iter()
        .filter(|skill| going.contains(text(skill, "digest")))
    {
        let (name, version) = (text(skill, "skill"), text(skill, "version"));
        output::done(format!("{name} {version} is forgotten"));
    }
    Ok(Code::Done)
}

/// Takes the files away and applies; without the proof or a yes they are put back.
fn take_out_of_force(context: &Context, args: &Remove, grants: &[PathBuf]) -> anyhow::Result<()> {
    if grants.is_empty() {
        return Ok(());
    }
    let mut before = Vec::new();
    for path in grants {
        before.push((path, files::read_bounded(path, MAX_GRANT)?));
        files::remove(path)?;
    }
    let Err(error) = applying::apply(context, &args.proof) else {
        return Ok(());
    };
    for (path, bytes) in before {
        files::write_atomic(path, &bytes, Access::Private)?;
    }
    output::note("nothing was removed");
    Err(error)
}

/// The grants that go with the components `going`: those that pin one of them, and those under which
/// nothing is left.
fn grants(
    context: &Context,
    skills: &[Json],
    going: &BTreeSet<&str>,
) -> anyhow::Result<Vec<PathBuf>> {
    let goes = |skill: &&Json| going.contains(text(skill, "digest"));
    let names: BTreeSet<_> = skills
        .iter()
        .filter(goes)
        .map(|skill| text(skill, "grant"))
        .collect();
    let mut found = Vec::new();
    for name in names.into_iter().filter(|name| !name.is_empty()) {
        let path = context.home.config().join(name);
        let under = |skill: &&Json| text(skill, "grant") == name;
        let Some(bytes) = files::read_if_present(&path, MAX_GRANT)? else {
            continue;
        };
        let grant = String::from_utf8(bytes).with_context(|| format!("`{name}` is not UTF-8"))?;
        let pins = Grant::parse(name, &grant).map(|grant| grant.digest.value.to_string());
        let pinned = pins.is_ok_and(|digest| going.contains(digest.as_str()));
        if pinned || skills.iter().filter(under).all(|skill| goes(&skill)) {
            found.push(path);
        }
    }
    Ok(found)
}

fn strings(facts: &Json) -> impl Iterator<Item = &str> {
    let lists = facts
        .as_object()
        .into_iter()
        .flat_map(|facts| facts.values());
    lists
        .filter_map(Json::as_array)
        .flatten()
        .filter_map(Json::as_str)
}

fn text<'a>(skill: &'a Json, key: &str) -> &'a str {
    skill.get(key).and_then(Json::as_str).unwrap_or_default()
}
