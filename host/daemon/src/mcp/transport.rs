//! MCP's framing over a byte stream: one JSON-RPC message a line, bounded and strictly parsed;
//! answers that are ready together leave in one write.

use std::io;
use std::time::Duration;

use futures::StreamExt;
use rmcp::RoleServer;
use rmcp::model::{
    CallToolRequest, CallToolRequestMethod, ConstString, ErrorCode, ErrorData, JsonRpcMessage,
    RequestId,
};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use serde::Deserialize;
use serde_json::Value as Json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};
use tokio_util::sync::CancellationToken;
use vouchsafe_package::value;

use super::intake::Intake;
use super::outbox::Outbox;

/// The longest message from a client, in bytes.
const MAX_MESSAGE: usize = 8 << 20;

/// How long answers may still take when the client has ended its input. Clients that end a server
/// well wait some 2 s for it.
const AFTER_INPUT: Duration = Duration::from_secs(1);

/// How long answers may still take when the owner is stopping.
const AFTER_STOP: Duration = Duration::from_secs(4);

/// A server's end of one MCP session.
pub(super) struct LineTransport<R> {
    lines: FramedRead<R, LinesCodec>,
    intake: Intake,
    outbox: Outbox,
    gone: CancellationToken,
    stopping: CancellationToken,
    ended: bool,
}

impl<R: AsyncRead + Unpin> LineTransport<R> {
    /// Reads messages from `read`, until its end or until `stopping`; a task of its own writes to
    /// `write`, in the order sent. A while after the end, `gone` is cancelled.
    pub(super) fn new(
        read: R,
        write: impl AsyncWrite + Send + Unpin + 'static,
        gone: CancellationToken,
        stopping: CancellationToken,
    ) -> Self {
        Self {
            lines: FramedRead::new(read, LinesCodec::new_with_max_length(MAX_MESSAGE)),
            intake: Intake::default(),
            outbox: Outbox::new(write),
            gone,
            stopping,
            ended: false,
        }
    }

    /// Gives answers that are under way their time, then ends what is still running.
    fn end(&mut self, after: Duration) {
        self.ended = true;
        let gone = self.gone.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            gone.cancel();
        });
    }

    /// Hands on the next request that has a slot, or reads once more. May be dropped at any time.
    async fn step(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        self.outbox.room().await;
        let has_room = self.intake.has_room();
        let line = tokio::select! {
            biased;
            request = self.intake.next() => return Some(request),
            line = next_line(&mut self.lines), if has_room => line,
        };
        match line {
            Some(Ok(line)) => self.take(&line),
            Some(Err(error)) => {
                self.refuse(error, None);
                None
            }
            None => {
                self.end(AFTER_INPUT);
                None
            }
        }
    }

    fn take(&mut self, line: &str) -> Option<RxJsonRpcMessage<RoleServer>> {
        if line.trim().is_empty() {
            return None;
        }
        match parse(line) {
            Ok(message) => self.intake.take(message, line.len()),
            Err((error, id)) => {
                self.refuse(error, id);
                None
            }
        }
    }

    fn refuse(&self, error: ErrorData, id: Option<RequestId>) {
        let message = TxJsonRpcMessage::<RoleServer>::error(error, id);
        if let Ok(line) = encode(&message) {
            // A closed outbox means that the client is gone; the next read ends the session.
            drop(self.outbox.push(line));
        }
    }
}

impl<R: AsyncRead + Send + Unpin + 'static> Transport<RoleServer> for LineTransport<R> {
    type Error = io::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let outbox = self.outbox.clone();
        async move {
            let line = encode(&item)?;
            if !matches!(item, JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_)) {
                // News is not bounded by what was asked.
                outbox.room().await;
            }
            outbox.push(line)
        }
    }

    /// May be dropped at any time: what was read by then is kept.
    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        let stopping = self.stopping.clone();
        loop {
            if self.ended {
                if self.intake.is_empty() {
                    return None;
                }
                return Some(self.intake.next().await);
            }
            tokio::select! {
                biased;
                () = stopping.cancelled() => {}
                message = self.step() => match message {
                    Some(message) => return Some(message),
                    None => continue,
                },
            }
            // What waits has not begun, and so is refused by the end of the session.
            self.intake = Intake::default();
            self.end(AFTER_STOP);
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.outbox.flush().await;
        Ok(())
    }
}

async fn next_line(
    lines: &mut FramedRead<impl AsyncRead + Unpin, LinesCodec>,
) -> Option<Result<String, ErrorData>> {
    match lines.next().await? {
        Ok(line) => Some(Ok(line)),
        Err(LinesCodecError::MaxLineLengthExceeded) => {
            // After an error the stream yields one `None` that does not mean the end.
            let _marker = lines.next().await;
            Some(Err(ErrorData::invalid_request(
                format!("the message is longer than {MAX_MESSAGE} bytes"),
                None,
            )))
        }
        Err(LinesCodecError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
            let _marker = lines.next().await;
            Some(Err(ErrorData::parse_error(
                "the message is not UTF-8",
                None,
            )))
        }
        Err(LinesCodecError::Io(_)) => None,
    }
}

/// Parses one line: JSON without duplicate keys and within the caps, then a message that the
/// protocol knows. The error carries the request's id where it could be made out, so that nobody
/// waits for an answer that never comes.
fn parse(line: &str) -> Result<RxJsonRpcMessage<RoleServer>, (ErrorData, Option<RequestId>)> {
    let json = value::parse_message(line.as_bytes(), &value::Caps::default())
        .map_err(|error| (ErrorData::parse_error(error.to_string(), None), id_of(line)))?;
    let id = json.get("id").and_then(request_id);
    if json.get("jsonrpc").and_then(Json::as_str) != Some("2.0") {
        let what = "not a JSON-RPC 2.0 message";
        return Err((ErrorData::invalid_request(what, None), id));
    }
    let is_request = id.is_some() && json.get("method").is_some_and(Json::is_string);
    if let Some(call) = tool_call(&json, id.as_ref()) {
        return Ok(call);
    }
    serde_json::from_value(json).map_err(|error| {
        let code = if is_request {
            ErrorCode::INVALID_PARAMS
        } else {
            ErrorCode::INVALID_REQUEST
        };
        (ErrorData::new(code, error.to_string(), None), id)
    })
}

/// The message that most are: a tool call. The protocol library gets at one by trying every other
/// message first; what this does not take, it still may.
fn tool_call(json: &Json, id: Option<&RequestId>) -> Option<RxJsonRpcMessage<RoleServer>> {
    let is_call = json.get("method").and_then(Json::as_str) == Some(CallToolRequestMethod::VALUE);
    let is_request = ["result", "error"]
        .iter()
        .all(|key| json.get(key).is_none());
    let id = id.filter(|_| is_call && is_request)?;
    let request = CallToolRequest::deserialize(json).ok()?;
    Some(JsonRpcMessage::request(request.into(), id.clone()))
}

/// The id of a request that is well-formed JSON and refused all the same.
fn id_of(line: &str) -> Option<RequestId> {
    #[derive(Deserialize)]
    struct Identified {
        id: RequestId,
    }
    let identified = serde_json::from_str::<Identified>(line);
    identified.ok().map(|request| request.id)
}

fn request_id(id: &Json) -> Option<RequestId> {
    serde_json::from_value(id.clone()).ok()
}

fn encode(message: &TxJsonRpcMessage<RoleServer>) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message).map_err(io::Error::other)?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What the protocol library makes of a message by itself.
    fn theirs(message: &Json) -> Option<RxJsonRpcMessage<RoleServer>> {
        serde_json::from_value(message.clone()).ok()
    }

    #[test]
    fn a_tool_call_is_what_the_protocol_library_takes_it_for() {
        let messages = [
            json!({ "id": 1, "params": { "name": "t" } }),
            json!({ "id": "a", "params": { "name": "t", "arguments": { "x": [1, null] } } }),
            json!({ "id": 1, "params": { "name": "t", "_meta": { "progressToken": 7 } } }),
            json!({ "id": 1, "params": { "name": "t", "arguments": {}, "other": 1 }, "more": 2 }),
            json!({ "id": 1, "params": { "name": 3 } }),
            json!({ "id": 1, "params": { "name": "t", "arguments": [] } }),
            json!({ "id": 1 }),
            json!({ "id": null, "params": { "name": "t" } }),
            json!({ "params": { "name": "t" } }),
            json!({ "id": 1, "result": {}, "params": { "name": "t" } }),
        ];
        let mut taken = 0;
        for mut message in messages {
            message["jsonrpc"] = json!("2.0");
            message["method"] = json!("tools/call");
            let theirs = format!("{:?}", theirs(&message));
            let ours = parse(&message.to_string()).ok();
            assert_eq!(format!("{ours:?}"), theirs, "{message}");
            let id = message.get("id").and_then(request_id);
            taken += usize::from(tool_call(&message, id.as_ref()).is_some());
        }
        assert_eq!(taken, 4);
    }
}
