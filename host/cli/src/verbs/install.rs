//! `install`: verify, show, grant, enable.

use vouchsafe_package::inspect::facts;
use vouchsafe_policy::lookalike::{Known, lookalikes};

use crate::applying::Current;
use crate::args::Install;
use crate::context::Context;
use crate::exit::Code;
use crate::output;
use crate::verbs::grant::Kept;

pub(crate) fn run(context: &Context, args: &Install) -> anyhow::Result<Code> {
    let Kept {
        package,
        signature,
        publisher,
    } = super::grant::keep(context, &args.file, args.allow_rollback)?;
    if !context.json {
        // Of what is kept: the file may be another by now.
        output::line(facts(&package, Some(&signature)));
    }
    // To standard error, so that a program that reads JSON does not hide it from its user.
    warn_of_lookalikes(context, &package.name, &publisher)?;
    super::grant::grant(context, &package, &publisher, &args.proof)
}

/// Says so when an installed skill has a name that one could take for this one.
fn warn_of_lookalikes(
    context: &Context,
    skill: &vouchsafe_package::SkillName,
    publisher: &str,
) -> anyhow::Result<()> {
    let Some(in_force) = Current::ask(context, &mut context.owner()?)?.content()? else {
        return Ok(());
    };
    let granted: Vec<_> = in_force.content().grants().collect();
    let known = granted.iter().map(|grant| Known {
        skill: &grant.skill.value,
        publisher: &grant.publisher.value,
    });
    for alike in lookalikes(Known { skill, publisher }, known) {
        output::note(alike);
    }
    Ok(())
}
