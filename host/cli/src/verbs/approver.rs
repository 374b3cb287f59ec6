//! `approver`: those who may say yes.

use std::path::Path;

use anyhow::Context as _;
use serde_json::json;
use vouchsafe_ambient::files::{self, Access};
use vouchsafe_daemon::protocol::Failure;
use vouchsafe_keys::PublicKey;
use vouchsafe_policy::approval::Approver;

use crate::applying::Current;
use crate::args;
use crate::context::Context;
use crate::exit::Code;
use crate::output;

/// The largest public key file, in bytes.
const MAX_KEY: u64 = 16 << 10;

pub(crate) fn run(context: &Context, verb: &args::Approver) -> anyhow::Result<Code> {
    match verb {
        args::Approver::Enrol {
            name,
            person,
            key,
            groups,
        } => enrol(context, name, person, key, groups),
        args::Approver::List => list(context),
    }
}

fn enrol(
    context: &Context,
    name: &str,
    person: &str,
    key: &Path,
    groups: &[String],
) -> anyhow::Result<Code> {
    context.set_up()?;
    let bytes = files::read_bounded(key, MAX_KEY)?;
    let pem = String::from_utf8(bytes).context("a public key file is PEM text")?;
    let key = PublicKey::from_pem(&pem)?;
    let file = format!("approvers/{name}.toml");
    let text = text(name, person, groups, &key);
    // What is written is what is read: nothing that `apply` would refuse.
    Approver::parse(&file, &text).map_err(|fault| Failure::usage(fault.problem))?;
    files::create_private_directory(&context.home.config().join("approvers"))?;
    let path = context.home.config().join(&file);
    files::write_new(&path, text.as_bytes(), Access::Private)?;
    if context.json {
        output::print_json(&json!({ "file": path, "fingerprint": key.fingerprint() }));
    } else {
        output::done(format!("{}", path.display()));
        output::note(format!(
            "{person} may say yes by {} once the operator has run `vouchsafe apply`",
            key.fingerprint()
        ));
    }
    Ok(Code::Done)
}

fn text(name: &str, person: &str, groups: &[String], key: &PublicKey) -> String {
    let (name, person) = (json!(name), json!(person));
    let (groups, pem) = (json!(groups), key.to_pem());
    format!("name = {name}\nperson = {person}\ngroups = {groups}\nkey = \"\"\"\n{pem}\"\"\"\n")
}

fn list(context: &Context) -> anyhow::Result<Code> {
    let mut owner = context.owner()?;
    let content = Current::ask(context, &mut owner)?.content()?;
    let people = content.as_ref().map(|one| one.content().people());
    let approvers = people.map_or(&[][..], |people| people.approvers());
    if context.json {
        let facts = approvers.iter().map(|one| {
            let groups: Vec<_> = one.groups.iter().map(|group| &group.value).collect();
            json!({
                "name": one.name.value, "person": one.person.value, "groups": groups,
                "fingerprint": one.key.value.fingerprint(),
            })
        });
        output::print_json(&facts.collect());
    } else if approvers.is_empty() {
        output::note(
            "nobody is enrolled: `vouchsafe approver enrol NAME --person P --key FILE.pub`",
        );
    } else {
        output::line(output::table(
            ["NAME", "PERSON", "GROUPS", "KEY"],
            approvers.iter().map(|one| {
                let groups: Vec<_> = one
                    .groups
                    .iter()
                    .map(|group| group.value.as_str())
                    .collect();
                [
                    one.name.value.clone(),
                    one.person.value.clone(),
                    groups.join(", "),
                    one.key.value.fingerprint(),
                ]
            }),
        ));
    }
    Ok(Code::Done)
}
