//! Passes messages between a client on standard input and output and the host. It reads them only as far as the two
//! transports do: what is asked and answered is between those two.

use rmcp::model::{ErrorCode, ErrorData, JsonRpcMessage, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::streamable_http_client::{
    StreamableHttpClientTransport, StreamableHttpClientTransportConfig,
};
use rmcp::{RoleClient, RoleServer};
use tokio::sync::mpsc;

use super::Membership;

/// Requests to the host at the same time.
const AT_ONCE: usize = 64;

/// Answers to requests that did not reach the host, until they are written.
const UNSENT: usize = 256;

/// Until the client ends its input.
///
/// # Errors
/// When standard output is gone.
pub(crate) async fn bridge(membership: Membership) -> anyhow::Result<()> {
    let config = StreamableHttpClientTransportConfig::with_uri(membership.mcp())
        .max_concurrent_requests(AT_ONCE)
        .reinit_on_expired_session(true);
    let door = membership.door().clone();
    let mut host = StreamableHttpClientTransport::with_client(door, config);
    let mut client =
        AsyncRwTransport::<RoleServer, _, _>::new(tokio::io::stdin(), tokio::io::stdout());
    let renewing = tokio::spawn(membership.renew());
    let (unsent, mut failed) = mpsc::channel(UNSENT);
    loop {
        tokio::select! {
            message = client.receive() => match message {
                None => break,
                Some(message) => pass(&mut host, message, &unsent),
            },
            message = Transport::<RoleClient>::receive(&mut host) => match message {
                None => break,
                Some(message) => client.send(message).await?,
            },
            Some(message) = failed.recv() => client.send(message).await?,
        }
    }
    renewing.abort();
    drop(Transport::<RoleClient>::close(&mut host).await);
    Ok(())
}

/// Sends one message on, and has somebody answer if that fails.
fn pass(
    host: &mut impl Transport<RoleClient>,
    message: RxJsonRpcMessage<RoleServer>,
    unsent: &mpsc::Sender<TxJsonRpcMessage<RoleServer>>,
) {
    let asked = match &message {
        JsonRpcMessage::Request(request) => Some(request.id.clone()),
        _ => None,
    };
    let (sending, unsent) = (host.send(message), unsent.clone());
    tokio::spawn(async move {
        if let (Err(error), Some(id)) = (sending.await, asked) {
            // Who asked is gone when nobody takes it.
            drop(unsent.send(answer(&error, id)).await);
        }
    });
}

fn answer(error: &dyn std::error::Error, id: RequestId) -> TxJsonRpcMessage<RoleServer> {
    let message = format!("the host was not reached, or did not answer: {error}");
    JsonRpcMessage::error(
        ErrorData::new(ErrorCode::INTERNAL_ERROR, message, None),
        Some(id),
    )
}
