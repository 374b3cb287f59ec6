//! `pack`: embeds manifest, schemas and docs in a component.

use std::path::{Path, PathBuf};

use serde_json::json;
use vouchsafe_ambient::files::{self, Access};

use crate::args::Pack;
use crate::context::Context;
use crate::exit::Code;
use crate::output;
use crate::packing::{self, Packed};

pub(crate) fn run(context: &Context, args: &Pack) -> anyhow::Result<Code> {
    let packed = packing::pack(&args.component, &args.manifest, &args.wit)?;
    let path = args
        .output
        .clone()
        .unwrap_or_else(|| PathBuf::from(packed.file_name()));
    write(context, &packed, &path)
}

/// Writes a packed skill to `path` and says so.
pub(crate) fn write(context: &Context, packed: &Packed, path: &Path) -> anyhow::Result<Code> {
    files::write_atomic(path, &packed.bytes, Access::Shared)?;
    let package = &packed.package;
    if context.json {
        output::print_json(&json!({
            "file": path, "skill": package.name, "version": package.version,
            "digest": package.digest, "size": packed.bytes.len(),
        }));
    } else {
        output::done(format!(
            "{} {} is packed: {}",
            package.name,
            package.version,
            path.display()
        ));
        output::line(format!("   {}", package.digest));
    }
    Ok(Code::Done)
}
