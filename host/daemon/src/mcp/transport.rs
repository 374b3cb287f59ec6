//! MCP's framing over a byte stream: one JSON-RPC message a line, bounded and strictly parsed;
//! answers that are ready together leave in one write.

use std::io;
use std::time::Duration;

use futures::StreamExt;
use rmcp::RoleServer;
use rmcp::model::{ErrorCode, ErrorData, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use serde::Deserialize;
use serde_json::Value as Json;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};
use tokio_util::sync::CancellationToken;
use vouchsafe_package::value;

/// The longest message from a client, in bytes.
const MAX_MESSAGE: usize = 8 << 20;

/// Messages waiting to be written before senders have to wait.
const QUEUE: usize = 1024;

/// How long answers may still take when the client has ended its input. Clients that end a server
/// well wait some 2 s for it.
const AFTER_INPUT: Duration = Duration::from_secs(1);

/// The most bytes gathered for one write.
const MAX_WRITE: usize = 256 << 10;

/// A server's end of one MCP session.
pub(crate) struct LineTransport<R> {
    lines: FramedRead<R, LinesCodec>,
    outbox: mpsc::Sender<Vec<u8>>,
    gone: CancellationToken,
}

impl<R: AsyncRead + Unpin> LineTransport<R> {
    /// Reads messages from `read`; a task of its own writes to `write`, in the order sent. A while
    /// after the end of input, `gone` is cancelled.
    pub(crate) fn new(
        read: R,
        write: impl AsyncWrite + Send + Unpin + 'static,
        gone: CancellationToken,
    ) -> Self {
        let (outbox, inbox) = mpsc::channel(QUEUE);
        tokio::spawn(write_all(inbox, write));
        Self {
            lines: FramedRead::new(read, LinesCodec::new_with_max_length(MAX_MESSAGE)),
            outbox,
            gone,
        }
    }

    /// Gives answers that are under way their time, then ends what is still running.
    fn ended(&self) {
        let gone = self.gone.clone();
        tokio::spawn(async move {
            tokio::time::sleep(AFTER_INPUT).await;
            gone.cancel();
        });
    }

    async fn next_line(&mut self) -> Option<Result<String, ErrorData>> {
        match self.lines.next().await? {
            Ok(line) => Some(Ok(line)),
            Err(LinesCodecError::MaxLineLengthExceeded) => {
                // After an error the stream yields one `None` that does not mean the end.
                let _marker = self.lines.next().await;
                Some(Err(ErrorData::invalid_request(
                    format!("the message is longer than {MAX_MESSAGE} bytes"),
                    None,
                )))
            }
            Err(LinesCodecError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                let _marker = self.lines.next().await;
                Some(Err(ErrorData::parse_error(
                    "the message is not UTF-8",
                    None,
                )))
            }
            Err(LinesCodecError::Io(_)) => None,
        }
    }

    fn refuse(
        &self,
        error: ErrorData,
        id: Option<RequestId>,
    ) -> impl Future<Output = ()> + Send + use<R> {
        let outbox = self.outbox.clone();
        let message = TxJsonRpcMessage::<RoleServer>::error(error, id);
        async move {
            if let Ok(line) = encode(&message) {
                // A closed outbox means that the client is gone; the next read ends the session.
                drop(outbox.send(line).await);
            }
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
            outbox
                .send(line)
                .await
                .map_err(|_| io::ErrorKind::BrokenPipe.into())
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let line = match self.next_line().await {
                Some(Ok(line)) => line,
                Some(Err(error)) => {
                    self.refuse(error, None).await;
                    continue;
                }
                None => {
                    self.ended();
                    return None;
                }
            };
            if line.trim().is_empty() {
                continue;
            }
            match parse(&line) {
                Ok(message) => return Some(message),
                Err((error, id)) => self.refuse(error, id).await,
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        Ok(())
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
    serde_json::from_value(json).map_err(|error| {
        let code = if is_request {
            ErrorCode::INVALID_PARAMS
        } else {
            ErrorCode::INVALID_REQUEST
        };
        (ErrorData::new(code, error.to_string(), None), id)
    })
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

async fn write_all(mut inbox: mpsc::Receiver<Vec<u8>>, mut write: impl AsyncWrite + Unpin) {
    while let Some(mut bytes) = inbox.recv().await {
        while bytes.len() < MAX_WRITE
            && let Ok(more) = inbox.try_recv()
        {
            bytes.extend_from_slice(&more);
        }
        if write.write_all(&bytes).await.is_err() {
            return;
        }
    }
}
