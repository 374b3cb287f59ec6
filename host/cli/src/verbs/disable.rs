//! `disable`: switches a skill off. It only takes away, so it needs no proof.

use vouchsafe_daemon::protocol::Request;

use crate::applying;
use crate::args::Named;
use crate::context::Context;
use crate::exit::Code;
use crate::output;

pub(crate) fn run(context: &Context, args: &Named) -> anyhow::Result<Code> {
    let facts = context.owner()?.ask(&Request::Disable {
        skill: args.skill.clone(),
    })?;
    if context.json {
        output::print_json(&facts);
    } else {
        output::done(format!(
            "`{}` is off; `vouchsafe install FILE` switches it on again",
            args.skill
        ));
        applying::say_under_way(&facts);
    }
    Ok(Code::Done)
}
