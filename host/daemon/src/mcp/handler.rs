//! One MCP session's requests, answered from the owner.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, CustomRequest,
    CustomResult, ErrorCode, ErrorData, Implementation, ListToolsResult, MetaObject,
    PaginatedRequestParams, ProgressNotificationParam, ServerCapabilities, ServerConfig,
    SubscriptionFilter,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{Peer, RoleServer};
use serde_json::{Value as Json, json};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::tools;
use crate::call::{Answer, Problem, UnknownTool};
use crate::caller::Caller;
use crate::owner::Owner;
use crate::registry::APPROVAL_RESULT;

/// How often a long call reports that it is still running.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);

/// The requests with parameters that a session answers.
const SERVED: [&str; 5] = [
    "initialize",
    "server/discover",
    "subscriptions/listen",
    "tools/call",
    "tools/list",
];

/// What a session needs to answer.
pub(crate) struct Session {
    owner: Arc<Owner>,
    who: Who,
    gone: CancellationToken,
    calls: TaskTracker,
    announced: OnceLock<()>,
    /// Cancelled with the session.
    ended: CancellationToken,
    _ends: DropGuard,
}

/// Whose session it is.
enum Who {
    /// Whoever is at the other end of the owner's socket.
    Local(Caller),
    /// The agent of this name, whose role is asked for each time.
    Agent(String),
}

impl Session {
    /// A session of `caller`; its calls end when `gone` is cancelled, and are among `calls` until then.
    pub(super) fn new(
        owner: Arc<Owner>,
        caller: Caller,
        gone: CancellationToken,
        calls: TaskTracker,
    ) -> Self {
        Self::of(owner, Who::Local(caller), gone, calls)
    }

    /// One of the agent called `name`, over the network.
    pub(crate) fn of_agent(
        owner: Arc<Owner>,
        name: &str,
        gone: CancellationToken,
        calls: TaskTracker,
    ) -> Self {
        Self::of(owner, Who::Agent(name.to_owned()), gone, calls)
    }

    fn of(owner: Arc<Owner>, who: Who, gone: CancellationToken, calls: TaskTracker) -> Self {
        let ended = gone.child_token();
        Self {
            owner,
            who,
            gone,
            calls,
            announced: OnceLock::new(),
            _ends: ended.clone().drop_guard(),
            ended,
        }
    }

    /// Who calls, at this moment.
    fn caller(&self) -> Result<Caller, ErrorData> {
        match &self.who {
            Who::Local(caller) => Ok(caller.clone()),
            Who::Agent(name) => self.owner.agent(name).map_err(|why| {
                tracing::warn!(%why, "refused an agent");
                ErrorData::invalid_request("this agent may not come in", None)
            }),
        }
    }

    async fn run(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        let _waited_for = self.calls.token();
        let cancel = self.gone.child_token();
        let _cancel_on_every_way_out = cancel.clone().drop_guard();
        let arguments = Json::Object(request.arguments.unwrap_or_default());
        let caller = self.caller()?;
        let call = self.answer(&caller, &request.name, arguments, cancel.clone());
        tokio::pin!(call);
        // Beside the call, which must not stand still while a client does not read its news.
        let progress = Progress::new(context).report();
        tokio::pin!(progress);
        loop {
            tokio::select! {
                biased;
                answer = &mut call => {
                    let unknown = |unknown: UnknownTool| {
                        ErrorData::invalid_params(unknown.to_string(), None)
                    };
                    let answer = answer.map_err(unknown)?;
                    let receipt = self.receipt(&answer, context);
                    return Ok(result(answer, receipt));
                }
                () = context.ct.cancelled(), if !cancel.is_cancelled() => cancel.cancel(),
                never = &mut progress => match never {},
            }
        }
    }
}

impl Session {
    /// The record of `answer` with its proof, for who asks for it. A reply that can't have one says why.
    fn receipt(&self, answer: &Answer, context: &RequestContext<RoleServer>) -> Option<Json> {
        let wanted = context.meta.get(RECEIPT).and_then(Json::as_bool);
        let record = answer.record.as_ref().filter(|_| wanted == Some(true))?;
        let receipt = self.owner.log().receipt(record.seq);
        Some(receipt.map_or_else(
            |error| json!({ "error": error.to_string() }),
            |it| json!(it),
        ))
    }

    async fn answer(
        &self,
        caller: &Caller,
        tool: &str,
        arguments: Json,
        cancel: CancellationToken,
    ) -> Result<Answer, UnknownTool> {
        if tool != APPROVAL_RESULT {
            return self.owner.call(caller, tool, arguments, cancel).await;
        }
        Ok(match tools::approval_of(&arguments) {
            Ok(id) => {
                let found = self.owner.result_of(caller, &id, &cancel).await;
                found.unwrap_or_else(Answer::from)
            }
            Err(problem) => problem.into(),
        })
    }
}

impl ServerHandler for Session {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("vouchsafe", env!("CARGO_PKG_VERSION")))
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let cursor = request.and_then(|page| page.cursor);
        let caller = self.caller()?;
        tools::page(&self.owner.rules(), caller.principal(), cursor.as_deref())
    }

    /// Tells the client whenever the set of tools has changed.
    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        if let Who::Agent(_) = self.who {
            // Once, however often it is said; until the session ends.
            let ended = self.ended.child_token();
            if self.announced.set(()).is_ok() {
                let news = super::announce(self.owner.clone(), context.peer);
                tokio::spawn(async move { ended.run_until_cancelled(news).await });
            }
        }
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        // Boxed, because the protocol library moves its futures, and this one is long.
        let result = Box::pin(self.run(request, &context)).await;
        result.map(Into::into)
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        let mut accepted = SubscriptionFilter::new();
        accepted.tools_list_changed = requested.tools_list_changed;
        Some(accepted)
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.owner.rule_changes();
        loop {
            tokio::select! {
                () = context.cancelled() => return Ok(()),
                () = self.gone.cancelled() => return Ok(()),
                changed = changes.changed() => {
                    // Who did not ask for this news, or is gone, need not hear it.
                    let _told = context.sink().notify_tool_list_changed().await;
                    if changed.is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Requests that the protocol library could not type: unknown ones, and known ones whose
    /// parameters are of another shape.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let method = request.method;
        // A request that stands alone (2026-07-28) begins no session: there is no such method then.
        let begins_nothing = context.meta.contains_key(REVISION) && method == "initialize";
        if SERVED.contains(&method.as_str()) && !begins_nothing {
            let message = format!("the parameters of `{method}` have another shape");
            return Err(ErrorData::invalid_params(message, None));
        }
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, method, None))
    }
}

/// In the `_meta` of a request that stands alone: the protocol's revision.
const REVISION: &str = "io.modelcontextprotocol/protocolVersion";

/// In a request's `_meta`, `true` asks for a receipt; in the reply's, it is one.
const RECEIPT: &str = "dev.vouchsafe/receipt";

/// Progress notifications for a request that asked for them.
struct Progress<'a> {
    peer: &'a Peer<RoleServer>,
    token: Option<rmcp::model::ProgressToken>,
    ticks: u32,
}

impl<'a> Progress<'a> {
    fn new(context: &'a RequestContext<RoleServer>) -> Self {
        Self {
            peer: &context.peer,
            token: context.meta.get_progress_token(),
            ticks: 0,
        }
    }

    /// Reports every now and then, until dropped.
    async fn report(mut self) -> Infallible {
        let Some(token) = self.token.take() else {
            return std::future::pending().await;
        };
        loop {
            tokio::time::sleep(PROGRESS_EVERY).await;
            self.ticks = self.ticks.saturating_add(1);
            let seconds = f64::from(self.ticks) * PROGRESS_EVERY.as_secs_f64();
            let message = format!("running for {seconds:.1} s");
            let news = ProgressNotificationParam::new(token.clone(), seconds).with_message(message);
            // A client that is gone is noticed by the session itself.
            drop(self.peer.notify_progress(news).await);
        }
    }
}

fn result(answer: Answer, receipt: Option<Json>) -> CallToolResult {
    let mut meta = meta(&answer);
    if let Some(receipt) = receipt {
        meta.insert(RECEIPT.into(), receipt);
    }
    let result = match answer.result {
        Ok(output) => CallToolResult::structured(output),
        Err(problem) => error(problem),
    };
    result.with_meta((!meta.is_empty()).then_some(meta))
}

fn error(problem: Problem) -> CallToolResult {
    let text = match &problem.detail {
        Some(detail) => format!("{}: {detail}", problem.code),
        None => format!("{}: {}", problem.code, problem.message),
    };
    CallToolResult::error(vec![ContentBlock::text(text)])
}

fn meta(answer: &Answer) -> MetaObject {
    let mut meta = MetaObject::new();
    let asked = answer.result.as_ref().err();
    if let Some(asked) = asked.and_then(|problem| problem.asked.as_ref()) {
        meta.insert("dev.vouchsafe/approval".into(), json!(asked));
    }
    if let Some(usage) = &answer.usage {
        meta.insert("dev.vouchsafe/usage".into(), json!(usage));
    }
    if let Some(record) = &answer.record {
        meta.insert("dev.vouchsafe/record".into(), json!(record));
    }
    meta
}
