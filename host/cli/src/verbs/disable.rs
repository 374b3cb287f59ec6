//! `disable`: switches a skill off, a publisher's, or everything. It only takes away, so it needs no proof.

use vouchsafe_daemon::protocol::Request;

use crate::applying;
use crate::args::Disable;
use crate::context::Context;
use crate::exit::Code;
use crate::output;

pub(crate) fn run(context: &Context, args: &Disable) -> anyhow::Result<Code> {
    let (what, request, back) = match (&args.skill, &args.publisher) {
        (Some(skill), _) => {
            let skill = skill.clone();
            let back = "`vouchsafe install FILE` switches it on again";
            (format!("`{skill}`"), Request::Disable { skill }, back)
        }
        (None, publisher) => {
            let publisher = publisher.clone();
            let what = publisher
                .as_ref()
                .map_or("everything".to_owned(), |one| format!("all of `{one}`"));
            let back = "`vouchsafe apply --resume` lifts that";
            (what, Request::Halt { publisher }, back)
        }
    };
    let facts = context.owner()?.ask(&request)?;
    if context.json {
        output::print_json(&facts);
    } else {
        output::done(format!("{what} is off; {back}"));
        applying::say_under_way(&facts);
    }
    Ok(Code::Done)
}
