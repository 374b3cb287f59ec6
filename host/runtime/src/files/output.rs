//! The stream by which a guest writes to a file: one write after another, each on a thread that may block.

use bytes::Bytes;
use std::sync::Arc;
use tokio::task::{JoinHandle, spawn_blocking};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use super::Writer;
use crate::state::HELD_BYTES;

/// Writes from an offset on, or at the end.
pub(crate) struct Output {
    writer: Arc<Writer>,
    at: Option<u64>,
    state: State,
}

enum State {
    Ready,
    Busy(JoinHandle<Result<u64, ErrorCode>>),
    Failed(ErrorCode),
    Closed,
}

impl Output {
    pub(crate) fn new(writer: Arc<Writer>, at: Option<u64>) -> Self {
        Self {
            writer,
            at,
            state: State::Ready,
        }
    }

    /// How much can be written now; what went wrong before is said once.
    fn room(&mut self) -> StreamResult<usize> {
        match &self.state {
            State::Ready => Ok(HELD_BYTES),
            State::Busy(_) => Ok(0),
            State::Closed => Err(StreamError::Closed),
            State::Failed(code) => {
                let failed = StreamError::LastOperationFailed((*code).into());
                self.state = State::Closed;
                Err(failed)
            }
        }
    }
}

#[async_trait]
impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if self.room()? < bytes.len() {
            return Err(StreamError::trap("more is written than there is room for"));
        }
        let (writer, at) = (Arc::clone(&self.writer), self.at);
        self.state = State::Busy(spawn_blocking(move || writer.write(&bytes, at)));
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.room().map(drop)
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.room()
    }

    async fn cancel(&mut self) {
        self.ready().await;
    }
}

#[async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {
        if let State::Busy(writing) = &mut self.state {
            self.state = match writing.await {
                Ok(Ok(length)) => {
                    self.at = self.at.map(|at| at.saturating_add(length));
                    State::Ready
                }
                Ok(Err(code)) => State::Failed(code),
                Err(_) => State::Failed(ErrorCode::Io),
            };
        }
    }
}
