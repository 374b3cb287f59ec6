//! `init`: a home with a keystore, an enrolled operator, and trust in nobody.

use serde_json::json;
use vouchsafe_ambient::clock;
use vouchsafe_ambient::files::{self, Access};
use vouchsafe_daemon::proposals;
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
    files::write_new(&trust, TRUST.as_bytes(), Access::Private)?;
    apply_first(context, operator)
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

/// The first statement: trust in nobody, so that whatever comes later has a predecessor.
fn apply_first(context: &Context, key: &PrivateKey) -> anyhow::Result<()> {
    let files = proposals::read(context.home.config())?;
    let proposal = Proposal::read(&files, &[key.public()], 0)?;
    let statement = proposal
        .statement(None, &key.public(), clock::now())
        .sign(key)?;
    let text = |(path, bytes)| Ok((path, String::from_utf8(bytes)?));
    let files = files.into_iter().map(text).collect::<anyhow::Result<_>>()?;
    context.owner()?.ask(&Request::Apply { statement, files })?;
    Ok(())
}
