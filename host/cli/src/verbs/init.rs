//! `init`: a home with a keystore, an enrolled operator, and trust in nobody.

use std::collections::BTreeMap;

use serde_json::json;
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
    if context.home.is_initialised() {
        let message = format!("`{}` is set up already", context.home.data().display());
        return Err(Failure::usage(message)
            .with_fix("name another home with --home DIR")
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

/// Makes the home, with trust in nobody in force.
///
/// # Errors
/// When there is one already, or it can't be written.
pub(crate) fn set_up(context: &Context, operator: &PrivateKey) -> anyhow::Result<()> {
    setup::initialise(&context.home, &operator.public())?;
    let trust = context.home.config().join("trust.toml");
    let mut files = BTreeMap::new();
    if !trust.exists() {
        files::write_new(&trust, TRUST.as_bytes(), Access::Private)?;
        files.insert("trust.toml".to_owned(), TRUST.to_owned());
    }
    apply_first(context, operator, files)
}

/// The key that was named, or a new one that only its passphrase opens.
fn operator_key(context: &Context, args: &Init) -> anyhow::Result<PrivateKey> {
    let passphrase_file = args.passphrase_file.as_deref();
    if let Some(path) = &args.operator_key {
        return operator::unlock_key(path, passphrase_file, "operator key");
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
