//! `call`: one call of a tool, as an agent would make it.

use crate::args::Call;
use crate::context::Context;
use crate::exit::Code;
use crate::input::Arguments;
use crate::{calling, dev};

pub(crate) fn run(context: &Context, args: &Call) -> anyhow::Result<Code> {
    let arguments = match &args.input {
        Some(path) => Arguments::from_file(path)?,
        None => Arguments::from_pairs(&args.arguments)?,
    };
    if args.dev {
        return dev::call(context.json, args, arguments);
    }
    calling::make(
        &mut context.owner()?,
        context.json,
        args.tool.clone(),
        arguments,
    )
}
