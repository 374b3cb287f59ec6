//! An MCP client over `vouchsafe mcp`, through the official SDK.

use std::process::Stdio;

use rmcp::model::{CallToolRequestParams, CallToolResult};
use rmcp::service::{RoleClient, RunningService, ServiceError};
use rmcp::{Peer, ServiceExt};
use serde_json::Value as Json;
use tokio::process::{Child, Command};

use crate::Home;

/// A running session; the bridge process ends with it.
pub struct Session {
    client: RunningService<RoleClient, ()>,
    bridge: Child,
}

impl Session {
    /// Starts `vouchsafe mcp` in `home` and initialises a session.
    pub async fn start(home: &Home) -> Self {
        Self::over(home.command(&["mcp"])).await
    }

    /// Initialises a session with the server that `bridge` starts.
    pub async fn over(bridge: std::process::Command) -> Self {
        let mut bridge = Command::from(bridge)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the bridge starts");
        let (read, write) = (bridge.stdout.take(), bridge.stdin.take());
        let streams = (read.expect("its output"), write.expect("its input"));
        let client = ().serve(streams).await.expect("the session is initialised");
        Self { client, bridge }
    }

    /// The client's handle, for what the helpers below don't do.
    pub fn peer(&self) -> &Peer<RoleClient> {
        self.client.peer()
    }

    /// The names of all tools.
    pub async fn tools(&self) -> Vec<String> {
        let tools = self.client.list_all_tools().await.expect("a listing");
        tools
            .into_iter()
            .map(|tool| tool.name.into_owned())
            .collect()
    }

    /// Calls `tool`; protocol errors come back as `Err`.
    pub async fn call(&self, tool: &str, arguments: Json) -> Result<CallToolResult, ServiceError> {
        let mut request = CallToolRequestParams::new(tool.to_owned());
        request.arguments = arguments.as_object().cloned();
        self.client.call_tool(request).await
    }

    /// Ends the input and waits for the bridge to end.
    pub async fn end(mut self) -> std::process::ExitStatus {
        drop(self.client.cancel().await);
        self.bridge.wait().await.expect("the bridge's status")
    }
}
