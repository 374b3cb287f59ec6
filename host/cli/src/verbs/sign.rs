//! `sign`: a Sigstore bundle beside a packed skill.

use serde_json::json;
use vouchsafe_ambient::files::{self, Access};
use vouchsafe_daemon::store::MAX_COMPONENT;
use vouchsafe_package::signing::{bundle_path, sign};
use vouchsafe_package::{Digest, Package, ReadLimits};

use crate::args::Sign;
use crate::context::Context;
use crate::exit::Code;
use crate::{operator, output, signature};

pub(crate) fn run(context: &Context, args: &Sign) -> anyhow::Result<Code> {
    let bytes = files::read_bounded(&args.file, MAX_COMPONENT)?;
    // What nobody could load is not worth a signature.
    let package = Package::read(&bytes, &ReadLimits::default())
        .map_err(|error| signature::unreadable(&args.file, &error))?;
    let key = operator::unlock_key(&args.key, args.passphrase_file.as_deref(), "signing key")?;
    let bundle = sign(&bytes, &key)?;
    let path = args
        .bundle
        .clone()
        .unwrap_or_else(|| bundle_path(&args.file));
    files::write_atomic(&path, bundle.as_json().as_bytes(), Access::Shared)?;
    let digest = Digest::of(&bytes);
    if context.json {
        output::print_json(&json!({
            "bundle": path, "digest": digest, "key": key.public().fingerprint(),
        }));
    } else {
        output::done(format!(
            "{} {} is signed: {}",
            package.name,
            package.version,
            path.display()
        ));
        output::line(format!("   {digest}"));
    }
    Ok(Code::Done)
}
