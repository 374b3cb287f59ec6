//! `new`: a skill from the template, ready to build.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;
use vouchsafe_ambient::files::{self, Access};
use vouchsafe_build::template::{self, Sdk};
use vouchsafe_daemon::protocol::Failure;
use vouchsafe_package::SkillName;

use crate::args::New;
use crate::context::Context;
use crate::exit::Code;
use crate::output;

pub(crate) fn run(context: &Context, args: &New) -> anyhow::Result<Code> {
    let name: SkillName = args.name.parse().map_err(|error| {
        Failure::usage(format!("{error}")).with_fix("run `vouchsafe new acme:payments`")
    })?;
    let directory = args.directory.clone().unwrap_or_else(|| name.name().into());
    if directory.exists() {
        let message = format!("`{}` is there already", directory.display());
        return Err(Failure::usage(message)
            .with_fix("name another one with `--directory DIR`")
            .into());
    }
    for file in template::rust(name.namespace(), name.name(), &sdk(args.sdk.as_deref())?)? {
        write(&directory.join(&file.path), &file.text)?;
    }
    if context.json {
        output::print_json(&json!({ "skill": name, "directory": directory }));
        return Ok(Code::Done);
    }
    output::done(format!("{name} in {}", directory.display()));
    let directory = directory.display();
    output::line(format!(
        "   cd {directory} && vouchsafe build && vouchsafe call --dev greet name=Anna"
    ));
    Ok(Code::Done)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let parent = path.parent().context("a template's file has a directory")?;
    files::create_directory(parent)?;
    Ok(files::write_new(path, text.as_bytes(), Access::Shared)?)
}

/// The SDK of the named checkout, or this program's own.
fn sdk(checkout: Option<&Path>) -> anyhow::Result<Sdk> {
    let Some(checkout) = checkout else {
        return Ok(Sdk::Laid);
    };
    let path: PathBuf = std::path::absolute(checkout)?;
    Ok(Sdk::Path(path.display().to_string()))
}
