//! `init`: a home with a keystore, an enrolled operator, and trust in nobody.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::{Value as Json, json};
use vouchsafe_ambient::clock;
use vouchsafe_ambient::files::{self, Access};
use vouchsafe_daemon::protocol::{Failure, Request};
use vouchsafe_daemon::setup;
use vouchsafe_keys::{Algorithm, PrivateKey};
use vouchsafe_policy::apply::Proposal;

use crate::args::Init;
use crate::context::Context;
use crate::exit::Code;
use crate::{operator, output};

/// The largest `trust.toml` that could be ours, in bytes.
const MAX_TRUST: u64 = 1 << 20;

const TRUST: &str = "\
# Who may sign which skills. Put into force with `vouchsafe apply`.
#
# A publisher with a key, from `vouchsafe key new`: paste the file NAME.pub.
#
# [publishers.me]
# namespaces   = [\"acme\"]
# transparency = \"none\"
# key = \"\"\"
# -----BEGIN PUBLIC KEY-----
# ...
# -----END PUBLIC KEY-----
# \"\"\"
#
# One who signs without keys, from a build whose certificates are in the public log:
#
# [publishers.acme]
# namespaces   = [\"acme\"]
# identity     = \"https://github.com/acme/skills/.github/workflows/release.yml@refs/tags/*\"
# issuer       = \"https://token.actions.githubusercontent.com\"
";

pub(crate) fn run(context: &Context, args: &Init) -> anyhow::Result<Code> {
    if context.home.is_initialised() && !is_unfinished(context) {
        let message = format!("`{}` is set up already", context.home.data().display());
        return Err(Failure::usage(message)
            .with_fix("name another home with `--home DIR`")
            .into());
    }
    let key = operator_key(context, args)?;
    set_up(context, &key)?;
    let fingerprint = key.public().fingerprint();
    if context.json {
        output::print_json(&json!({
            "data": context.home.data(), "config": context.home.config(), "operator": fingerprint,
        }));
    } else {
        output::done(format!("data in {}", context.home.data().display()));
        output::line(format!(
            "   files to edit in {}",
            context.home.config().display()
        ));
        output::line(format!("   operator {fingerprint}"));
    }
    Ok(Code::Done)
}

/// Whether an `init` was cut short before its first statement was in force.
fn is_unfinished(context: &Context) -> bool {
    let in_force = context
        .owner()
        .and_then(|mut owner| owner.ask(&Request::InForce));
    in_force.is_ok_and(|facts| facts.get("serial").and_then(Json::as_u64) == Some(0))
}

/// Makes the home, with trust in nobody in force; goes on where it was cut short.
///
/// # Errors
/// When it can't be written, or was begun with another key.
pub(crate) fn set_up(context: &Context, operator: &PrivateKey) -> anyhow::Result<()> {
    let home = &context.home;
    if home.is_initialised() {
        let enrolled = setup::operators(home, &setup::open_keystore(home)?)?;
        if !enrolled.contains(&operator.public()) {
            let message = "this home was begun with another operator key";
            let fix = format!("name that one, or take {} away", home.data().display());
            return Err(Failure::refused(message).with_fix(fix).into());
        }
    } else {
        setup::initialise(home, &operator.public())?;
    }
    let trust = home.config().join("trust.toml");
    if !trust.exists() {
        files::write_atomic(&trust, TRUST.as_bytes(), Access::Private)?;
    }
    let mut files = BTreeMap::new();
    // Of an `init` that was cut short it may be there already. Another one is a proposal.
    if files::read_bounded(&trust, MAX_TRUST).is_ok_and(|text| text == TRUST.as_bytes()) {
        files.insert("trust.toml".to_owned(), TRUST.to_owned());
    }
    apply_first(context, operator, files)
}

/// The key that was named, or a new one that only its passphrase opens.
fn operator_key(context: &Context, args: &Init) -> anyhow::Result<PrivateKey> {
    let passphrase_file = args.passphrase_file.as_deref();
    let made = context.home.operator_key();
    let there = args
        .operator_key
        .as_ref()
        .or(made.exists().then_some(&made));
    if let Some(path) = there {
        let key = operator::unlock_key(path, passphrase_file, "operator key");
        return key.with_context(|| format!("`{}` is there already", path.display()));
    }
    let passphrase = operator::new_passphrase(passphrase_file, "operator key")?;
    let key = PrivateKey::generate(Algorithm::default())?;
    let pem = key.to_encrypted_pem(&passphrase)?;
    files::create_private_directory(context.home.config())?;
    files::write_new(
        &context.home.operator_key(),
        pem.as_bytes(),
        Access::Private,
    )?;
    Ok(key)
}

/// The first statement: trust in nobody, so that whatever comes later has a predecessor. Files that were
/// there before are proposals, which the operator is shown by the next `apply`.
fn apply_first(
    context: &Context,
    key: &PrivateKey,
    files: BTreeMap<String, String>,
) -> anyhow::Result<()> {
    let bytes = |(path, text): (&String, &String)| (path.clone(), text.clone().into_bytes());
    let proposal = Proposal::read(&files.iter().map(bytes).collect(), &[key.public()], 0)?;
    let statement = proposal
        .statement(None, &key.public(), clock::now())
        .sign(key)?;
    context.owner()?.ask(&Request::Apply { statement, files })?;
    Ok(())
}
