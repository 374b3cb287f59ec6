//! Tools as MCP lists them. Annotations are facts here: the host enforces the effect they state.

use std::sync::Arc;

use rmcp::model::{ErrorData, JsonObject, ListToolsResult, Tool as McpTool, ToolAnnotations};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use vouchsafe_package::Effect;
use vouchsafe_policy::Principal;
use vouchsafe_policy::approval::ApprovalId;

use crate::call::Problem;
use crate::registry::{APPROVAL_RESULT, Entry};
use crate::rules::Rules;

/// Tools on one page of a listing.
const PAGE: usize = 200;

/// What a cursor begins with; the name of the last tool of the page before follows, so that a page
/// is right even when tools came or went in between.
const AFTER: &str = "after:";

/// Which call `approval_result` is asked for.
///
/// # Errors
/// When the arguments are not its own.
pub(super) fn approval_of(arguments: &Json) -> Result<ApprovalId, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Arguments {
        id: ApprovalId,
    }
    let read = Arguments::deserialize(arguments);
    read.map(|arguments| arguments.id)
        .map_err(|error| Problem::bad_arguments(error.to_string(), "id: string"))
}

fn approval_result() -> Result<McpTool, ErrorData> {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": { "id": {
            "type": "string",
            "description": "the name of the waiting call, such as 7K2F-Q9MD",
        } },
        "required": ["id"],
        "additionalProperties": false,
    });
    let says = "The answer of a call that waited for people's approval: once, to who made the call. \
        It decides nothing and makes nothing.";
    let mut tool = McpTool::new(APPROVAL_RESULT, says, object(schema)?);
    tool.annotations = Some(annotations(Effect::Read, false));
    Ok(tool)
}

/// The page of the tools that `principal`'s role may call after `cursor`; the host's own comes last, where there is somebody to ask.
///
/// # Errors
/// When `cursor` is none of ours, or a schema is not an object, which deriving it rules out.
pub(super) fn page(
    rules: &Rules,
    principal: &Principal,
    cursor: Option<&str>,
) -> Result<ListToolsResult, ErrorData> {
    let after = cursor.map(|cursor| cursor.strip_prefix(AFTER).ok_or(cursor));
    let after = after.transpose().map_err(|cursor| {
        ErrorData::invalid_params(format!("`{cursor}` is no cursor of this server"), None)
    })?;
    let role = rules.role(principal);
    let may_call = |entry: &Entry| {
        let role = role.as_ref();
        role.is_some_and(|role| {
            role.may_call(&entry.skill().package().name, &entry.tool().name)
                .is_some()
        })
    };
    let mut entries = rules
        .registry
        .entries_after(after)
        .filter(|(_, entry)| may_call(entry));
    let mut tools: Vec<McpTool> = entries
        .by_ref()
        .take(PAGE)
        .map(|(name, entry)| describe(name, entry))
        .collect::<Result<_, _>>()?;
    let more = entries.next().is_some();
    if !more && !rules.people().approvers().is_empty() {
        tools.push(approval_result()?);
    }
    let next = more.then(|| tools.last().map(|tool| format!("{AFTER}{}", tool.name)));
    let mut result = ListToolsResult::with_all_items(tools);
    result.next_cursor = next.flatten();
    Ok(result)
}

fn describe(name: &str, entry: &Entry) -> Result<McpTool, ErrorData> {
    let tool = entry.tool();
    let mut listed = McpTool::new(
        name.to_owned(),
        tool.description.clone(),
        object(tool.input_schema())?,
    );
    listed.output_schema = tool.output_schema().map(object).transpose()?;
    listed.annotations = Some(annotations(entry.effect(), entry.is_open_world()));
    Ok(listed)
}

fn annotations(effect: Effect, open_world: bool) -> ToolAnnotations {
    ToolAnnotations::new()
        .read_only(effect == Effect::Read)
        .destructive(effect == Effect::Irreversible)
        .open_world(open_world)
}

fn object(schema: Json) -> Result<Arc<JsonObject>, ErrorData> {
    match schema {
        Json::Object(object) => Ok(Arc::new(object)),
        _ => Err(ErrorData::internal_error("a schema is not an object", None)),
    }
}
