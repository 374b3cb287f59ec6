//! An MCP server over stdio that does nothing but answer: the floor that ours is measured against.

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ErrorData, ServerCapabilities,
    ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler, ServiceExt};
use serde_json::json;

struct Nothing;

impl ServerHandler for Nothing {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let text = arguments.get("text").cloned().unwrap_or_default();
        Ok(CallToolResult::structured(json!({ "result": text })).into())
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let streams = (tokio::io::stdin(), tokio::io::stdout());
    if let Ok(running) = Nothing.serve(streams).await {
        drop(running.waiting().await);
    }
}
