//! `build`: compiles a skill's crate and packs it.

use vouchsafe_ambient::files;
use vouchsafe_build::{Profile, Toolchain};

use crate::args::Build;
use crate::context::Context;
use crate::exit::Code;
use crate::{output, packing};

pub(crate) fn run(context: &Context, args: &Build) -> anyhow::Result<Code> {
    let directory = &args.directory;
    let target = match &args.target_dir {
        Some(target) => std::path::absolute(target)?,
        None => std::path::absolute(directory.join("target"))?,
    };
    let toolchain = Toolchain::find(&mut |line| output::note(line))?;
    let component = toolchain.build(directory, &target, Profile::Release)?;
    let packed = packing::pack(
        &component,
        &directory.join("skill.toml"),
        &directory.join("wit"),
    )?;
    let folder = directory.join("target").join("skill");
    files::create_directory(&folder)?;
    super::pack::write(context, &packed, &folder.join(packed.file_name()))
}
