//! `call --dev`: a skill under development in a throw-away home, signed by a throw-away key, granted
//! all that it asks for. Nothing of it is trusted afterwards.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::TempDir;
use vouchsafe_ambient::files::{self, Access};
use vouchsafe_daemon::client::Client;
use vouchsafe_daemon::protocol::{Failure, Request};
use vouchsafe_daemon::store::MAX_COMPONENT;
use vouchsafe_keys::{Algorithm, PrivateKey, Secret};
use vouchsafe_package::assemble::tool_name;
use vouchsafe_package::signing::{bundle_path, sign};
use vouchsafe_package::{Package, ReadLimits};

use crate::args::{Call, Proof};
use crate::context::Context;
use crate::exit::Code;
use crate::input::Arguments;
use crate::{applying, calling, granting, output, verbs};

/// Protects keys that live as long as the command.
const PASSPHRASE: &str = "only for this one command";

/// Packs nothing and builds nothing: calls what `vouchsafe build` made.
pub(crate) fn call(as_json: bool, args: &Call, arguments: Arguments) -> anyhow::Result<Code> {
    let file = match &args.file {
        Some(file) => file.clone(),
        None => newest(Path::new("target/skill"))?,
    };
    let stage = Stage::new(&file)?;
    let granted = stage.install()?;
    output::note(format!("{} in a throw-away home, granted:", file.display()));
    output::note(granted);
    let tool = stage.tool(&args.tool)?;
    let mut owner = stage.context.owner()?;
    let outcome = calling::make(&mut owner, as_json, tool, arguments);
    if let Some(mut owner) = Client::connect_if_running(&stage.context.home) {
        owner.ask(&Request::Stop)?;
    }
    outcome
}

struct Stage {
    directory: TempDir,
    context: Context,
    proof: Proof,
    package: Package,
    component: Vec<u8>,
}

impl Stage {
    fn new(file: &Path) -> anyhow::Result<Self> {
        let component = files::read_bounded(file, MAX_COMPONENT)?;
        let package = Package::read(&component, &ReadLimits::default())?;
        let directory = tempfile::tempdir()?;
        let context = Context::new(Some(&directory.path().join("home")), false)?;
        let passphrase = directory.path().join("passphrase");
        files::write_new(&passphrase, PASSPHRASE.as_bytes(), Access::Private)?;
        let proof = Proof {
            operator_key: Some(directory.path().join("operator.key")),
            passphrase_file: Some(passphrase),
            yes: true,
        };
        Ok(Self {
            directory,
            context,
            proof,
            package,
            component,
        })
    }

    /// Sets the home up and installs the skill; gives the grant's text.
    fn install(&self) -> anyhow::Result<String> {
        let operator = PrivateKey::generate(Algorithm::default())?;
        let pem = operator.to_encrypted_pem(&Secret::from(PASSPHRASE.to_owned()))?;
        let key_file = self.directory.path().join("operator.key");
        files::write_new(&key_file, pem.as_bytes(), Access::Private)?;
        verbs::init::set_up(&self.context, &operator)?;
        let author = PrivateKey::generate(Algorithm::default())?;
        self.trust(&author)?;
        applying::quietly(&self.context, &self.proof)?;
        let file = self.sign(&author)?;
        self.context.owner()?.ask(&Request::Keep {
            file,
            digest: self.package.digest,
            allow_rollback: false,
        })?;
        let proposed = granting::proposed(&self.context.home, &self.package, "dev")?;
        if proposed.is_incomplete {
            let message =
                "it asks for places that only a grant can name, so it can't be called with --dev";
            return Err(Failure::usage(message).into());
        }
        proposed.write()?;
        applying::quietly(&self.context, &self.proof)?;
        Ok(proposed.text)
    }

    fn trust(&self, author: &PrivateKey) -> anyhow::Result<()> {
        let namespace = self.package.name.namespace();
        let key = author.public().to_pem();
        let trust = format!(
            "[publishers.dev]\nnamespaces = [\"{namespace}\"]\ntransparency = \"none\"\nkey = \"\"\"\n{key}\"\"\"\n"
        );
        let path = self.context.home.config().join("trust.toml");
        Ok(files::write_atomic(
            &path,
            trust.as_bytes(),
            Access::Private,
        )?)
    }

    fn sign(&self, author: &PrivateKey) -> anyhow::Result<PathBuf> {
        let file = self.directory.path().join("skill.wasm");
        files::write_new(&file, &self.component, Access::Private)?;
        let bundle = sign(&self.component, author)?;
        files::write_new(
            &bundle_path(&file),
            bundle.as_json().as_bytes(),
            Access::Private,
        )?;
        Ok(file)
    }

    /// The MCP name, also for who gives the function alone.
    fn tool(&self, asked: &str) -> anyhow::Result<String> {
        let tools = self.package.tools.iter();
        let names = tools.map(|tool| (&tool.name, tool_name(self.package.name.name(), &tool.name)));
        let names: Vec<_> = names.collect();
        let found = names
            .iter()
            .find(|(function, name)| *function == asked || name == asked);
        if let Some((_, name)) = found {
            return Ok(name.clone());
        }
        let functions: Vec<_> = names
            .iter()
            .map(|(function, _)| format!("`{function}`"))
            .collect();
        let message = format!("{} has no tool `{asked}`", self.package.name);
        Err(Failure::usage(message)
            .with_fix(format!("call one that it has: {}", functions.join(", ")))
            .into())
    }
}

/// The packed skill in `folder`; an error where there is none or more than one.
fn newest(folder: &Path) -> anyhow::Result<PathBuf> {
    let names = files::list(folder)?;
    let mut packed = names.iter().filter(|name| name.ends_with(".wasm"));
    let first = packed.next().with_context(|| {
        format!(
            "no packed skill in `{}`: run `vouchsafe build` first",
            folder.display()
        )
    })?;
    if packed.next().is_some() {
        let message = format!("`{}` holds more than one skill", folder.display());
        return Err(Failure::usage(message)
            .with_fix("name one with `--file FILE`")
            .into());
    }
    Ok(folder.join(first))
}
