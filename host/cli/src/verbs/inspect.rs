//! `inspect`: what a skill is, who signed it, what it asks for.

use std::path::Path;

use serde_json::json;
use vouchsafe_package::inspect::facts;

use crate::args::Inspect;
use crate::context::Context;
use crate::exit::Code;
use crate::{output, signature};

pub(crate) fn run(context: &Context, args: &Inspect) -> anyhow::Result<Code> {
    if !context.json {
        output::line(describe(context, &args.file)?);
        return Ok(Code::Done);
    }
    let signed = signature::read(context, &args.file, None)?;
    let refused = signed
        .verified
        .as_ref()
        .err()
        .map(|refused| &refused.message);
    let known = signed.verified.as_ref().ok().map(|(_, facts)| facts);
    let inspection = facts(&signed.package, known);
    output::print_json(&json!({ "inspection": inspection, "signature_refused": refused }));
    Ok(Code::Done)
}

/// The text that `inspect` and `install` show.
pub(crate) fn describe(context: &Context, file: &Path) -> anyhow::Result<String> {
    let signed = signature::read(context, file, None)?;
    let known = signed.verified.as_ref().ok().map(|(_, facts)| facts);
    let facts = facts(&signed.package, known);
    Ok(match &signed.verified {
        Ok(_) => facts.to_string(),
        Err(why) => facts.refused(&why.message).to_string(),
    })
}
