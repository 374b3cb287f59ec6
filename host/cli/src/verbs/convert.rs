//! `convert`: configuration of the hardening guide, as files that `apply` reads.

use std::path::Path;

use anyhow::Context as _;
use vouchsafe_ambient::files::{self, Access};
use vouchsafe_daemon::protocol::Failure;
use vouchsafe_policy::convert::{About, Became, Converted, Told, convert};

use crate::args::Convert;
use crate::context::Context;
use crate::exit::Code;
use crate::{input, output};

pub(crate) fn run(context: &Context, args: &Convert) -> anyhow::Result<Code> {
    let document = input::json_file(&args.file)?;
    let about = About {
        tools: args.tools.clone(),
        publisher: args.publisher.clone(),
    };
    let converted = convert(&document, &about).map_err(|wrong| {
        let wrong: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        let message = format!("nothing is converted: {}", wrong.join("\n"));
        Failure::usage(message).with_fix("docs/convert.md says what is known")
    })?;
    write(&converted, &args.out)?;
    match context.json {
        true => output::print_json(&serde_json::to_value(&converted)?),
        false => show(&converted, &args.out),
    }
    Ok(match converted.leaves_out() {
        true => Code::Error,
        false => Code::Done,
    })
}

/// Writes all files below `out`, or none where one is in the way.
fn write(converted: &Converted, out: &Path) -> anyhow::Result<()> {
    for file in &converted.files {
        let path = out.join(&file.path);
        if path.symlink_metadata().is_ok() {
            let message = format!("`{}` is there already: nothing is written", path.display());
            let failure = Failure::usage(message).with_fix("name another folder with --out DIR");
            return Err(failure.into());
        }
    }
    for file in &converted.files {
        let path = out.join(&file.path);
        let folder = path.parent().context("a file of ours has a folder")?;
        files::create_directory(folder)?;
        files::write_new(&path, file.text.as_bytes(), Access::Private)?;
    }
    Ok(())
}

fn show(converted: &Converted, out: &Path) {
    let rows = converted.told.iter().map(|Told { key, became }| {
        let (sign, says) = match became {
            Became::Line(line) => ("", line.to_string()),
            Became::Already(why) => ("same", why.clone()),
            Became::Not(why) => ("NOT", why.clone()),
        };
        [
            sign.to_owned(),
            output::foreign(key),
            output::foreign(&says),
        ]
    });
    output::line(output::table(["", "VALUE", "BECAME"], rows));
    for notice in &converted.notices {
        output::note(output::foreign(&notice.to_string()));
    }
    output::done(format!(
        "{} files in {}",
        converted.files.len(),
        out.display()
    ));
}
