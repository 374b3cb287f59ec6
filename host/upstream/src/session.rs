//! One exchange with a server over streamable HTTP (MCP 2025-11-25, "Transports"): begun, used and ended.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value as Json, json};
use vouchsafe_egress::{Failure as NotSent, Received, Requests};
use vouchsafe_policy::upstream::{Accepted, Calling, Definition};

use crate::event::Events;
use crate::message::{Broken, Reply, notification, reply, request};

/// What is offered, and what is spoken if the server would rather: all of them alike as far as is spoken here.
const VERSIONS: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];

/// Pages of a list that are read.
const PAGES: usize = 64;

/// The most bytes of a message that is read.
const MOST: usize = 8 << 20;

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// Why an exchange did not come to what it was for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("{0}")]
    Broken(#[from] Broken),
    #[error("{0}")]
    NotSent(NotSent),
}

/// A server that has been greeted.
pub(crate) struct Session<'a> {
    requests: &'a Requests,
    calling: &'a Calling,
    /// Once one is agreed on.
    version: Option<HeaderValue>,
    id: Option<HeaderValue>,
    last: u64,
}

impl<'a> Session<'a> {
    /// Greets the server. It is told nothing of whom it serves, and is offered nothing to ask for in turn.
    pub(crate) async fn open(
        requests: &'a Requests,
        calling: &'a Calling,
    ) -> Result<Self, Trouble> {
        let mut session = Self {
            requests,
            calling,
            version: None,
            id: None,
            last: 0,
        };
        let about = json!({
            "protocolVersion": VERSIONS.first(),
            "capabilities": {},
            "clientInfo": { "name": "vouchsafe", "version": env!("CARGO_PKG_VERSION") },
        });
        let (head, greeted) = session.ask("initialize", about).await?;
        let greeted = result("initialize", greeted)?;
        let spoken = greeted.get("protocolVersion").and_then(Json::as_str);
        let spoken = VERSIONS.into_iter().find(|known| spoken == Some(known));
        let spoken = spoken.ok_or(Broken::Protocol("it speaks another version of it"))?;
        session.version = Some(HeaderValue::from_static(spoken));
        session.id = head.get(SESSION).cloned();
        session.notify("notifications/initialized").await?;
        Ok(session)
    }

    /// The tool's definition as the server lists it now. All pages are read, because a name that stands there twice has
    /// no one definition.
    pub(crate) async fn definition(&mut self) -> Result<Definition, Trouble> {
        let tool = &*self.calling.upstream().tool;
        let (mut found, mut cursor) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let next = cursor.take();
            let params = next.map_or_else(|| json!({}), |cursor| json!({ "cursor": cursor }));
            let (_, listed) = self.ask("tools/list", params).await?;
            let mut listed = result("tools/list", listed)?;
            let Some(Json::Array(tools)) = listed.remove("tools") else {
                return Err(Broken::Protocol("a list of tools has none").into());
            };
            let named = |listed: &Json| listed.get("name").and_then(Json::as_str) == Some(tool);
            found.extend(tools.into_iter().filter(named));
            cursor = match listed.remove("nextCursor") {
                Some(Json::String(next)) => Some(next),
                _ => break,
            };
        }
        match &found[..] {
            _ if cursor.is_some() => Err(Broken::Protocol("its list of tools does not end").into()),
            [one] => Ok(Definition::of(one).map_err(Broken::from)?),
            other => Err(Broken::Listed(other.len()).into()),
        }
    }

    /// Calls the tool, which is as it was accepted.
    pub(crate) async fn call(
        &mut self,
        accepted: &Accepted,
        arguments: &Json,
    ) -> Result<Reply, Trouble> {
        let params = json!({ "name": accepted.definition().name(), "arguments": arguments });
        let (_, reply) = self.ask("tools/call", params).await?;
        Ok(reply)
    }

    /// Says that the session is not needed any more; whatever comes of it.
    pub(crate) async fn end(self) {
        if self.id.is_none() {
            return;
        }
        let headers = self.headers();
        let sent = self
            .requests
            .send_own(self.calling.end(), headers, Bytes::new());
        drop(sent.await);
    }

    async fn ask(&mut self, method: &str, params: Json) -> Result<(HeaderMap, Reply), Trouble> {
        self.last += 1;
        let id = self.last;
        let response = self.post(request(id, method, params)).await?;
        if response.status() != StatusCode::OK {
            return Err(Broken::Status(response.status().as_u16()).into());
        }
        let head = response.headers().clone();
        let reply = read(response, id).await?;
        Ok((head, reply))
    }

    async fn notify(&self, method: &str) -> Result<(), Trouble> {
        let response = self.post(notification(method)).await?;
        match response.status() {
            StatusCode::ACCEPTED | StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
            other => Err(Broken::Status(other.as_u16()).into()),
        }
    }

    async fn post(&self, body: Vec<u8>) -> Result<Response<Received>, Trouble> {
        let sent =
            self.requests
                .send_own(self.calling.message(), self.headers(), Bytes::from(body));
        sent.await.map_err(Trouble::NotSent)
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (
                ACCEPT,
                HeaderValue::from_static("application/json, text/event-stream"),
            ),
        ]);
        let agreed = [(VERSION, &self.version), (SESSION, &self.id)];
        for (name, value) in agreed {
            headers.extend(value.clone().map(|value| (name, value)));
        }
        headers
    }
}

fn result(method: &'static str, reply: Reply) -> Result<Map<String, Json>, Broken> {
    match reply {
        Reply::Result(result) => Ok(result),
        Reply::Error(_) => Err(Broken::Refused(method)),
    }
}

/// The reply to request `id` in a body, which is one message or a stream of events.
async fn read(response: Response<Received>, id: u64) -> Result<Reply, Trouble> {
    let kind = response.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let mut events = match kind.to_ascii_lowercase().as_str() {
        "application/json" => None,
        "text/event-stream" => Some(Events::default()),
        _ => return Err(Broken::Protocol("an answer is neither JSON nor events").into()),
    };
    let (mut body, mut whole) = (response.into_body(), Vec::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(Trouble::NotSent)?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        let Some(events) = &mut events else {
            whole.extend_from_slice(data);
            if whole.len() > MOST {
                return Err(Broken::TooLong.into());
            }
            continue;
        };
        for message in events.push(data).map_err(|_| Broken::TooLong)? {
            // A server may open with an event that carries an id and no message.
            if message.is_empty() {
                continue;
            }
            if let Some(reply) = reply(&message, id)? {
                return Ok(reply);
            }
        }
    }
    if events.is_none()
        && let Some(reply) = reply(&whole, id)?
    {
        return Ok(reply);
    }
    Err(Broken::Protocol("an answer holds no reply to what was asked").into())
}
