//! Tools as MCP lists them. Annotations are facts here: the host enforces the effect they state.

use std::sync::Arc;

use rmcp::model::{ErrorData, JsonObject, ListToolsResult, Tool as McpTool, ToolAnnotations};
use serde_json::Value as Json;
use vouchsafe_package::Effect;

use crate::registry::{Entry, Registry};

/// Tools on one page of a listing.
const PAGE: usize = 200;

/// What a cursor begins with; the name of the last tool of the page before follows, so that a page
/// is right even when tools came or went in between.
const AFTER: &str = "after:";

/// The page of tools after `cursor`.
///
/// # Errors
/// When `cursor` is none of ours, or a schema is not an object, which deriving it rules out.
pub(super) fn page(
    registry: &Registry,
    cursor: Option<&str>,
) -> Result<ListToolsResult, ErrorData> {
    let after = cursor.map(|cursor| cursor.strip_prefix(AFTER).ok_or(cursor));
    let after = after.transpose().map_err(|cursor| {
        ErrorData::invalid_params(format!("`{cursor}` is no cursor of this server"), None)
    })?;
    let mut entries = registry.entries_after(after);
    let tools: Vec<McpTool> = entries
        .by_ref()
        .take(PAGE)
        .map(|(name, entry)| describe(name, entry))
        .collect::<Result<_, _>>()?;
    let more = entries.next().is_some();
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
