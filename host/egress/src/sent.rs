//! The body of a request on its way out: counted, bounded, and as long as was promised.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};

use aws_lc_rs::digest;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use vouchsafe_policy::http::HttpBounds;

use crate::budget::Used;
use crate::failure::Failure;
use crate::wire::Body;

/// Why a body did not go out whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The guest broke off.
    #[error("the body broke off")]
    BrokeOff,
    /// It is longer than the grant lets.
    #[error("the body is longer than the grant lets")]
    TooMuch,
    /// It is not as long as its header says.
    #[error("the body is not as long as `content-length` says")]
    WrongLength,
    /// It has trailers.
    #[error("the body has trailers")]
    Trailers,
    /// What let it out is no longer in force.
    #[error("the rules were changed while the body went out")]
    Stopped,
}

/// What has gone out, seen from both ends of a request.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    bytes: AtomicU64,
    whole: AtomicBool,
    error: OnceLock<BodyError>,
    digest: OnceLock<String>,
}

impl Tally {
    /// Bytes of the body that were handed over.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether all of it went out.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole.load(Ordering::Relaxed)
    }

    /// The SHA-256 of the body, once all of it went out.
    pub(crate) fn digest(&self) -> Option<&str> {
        self.digest.get().map(String::as_str)
    }

    /// What kept it from going out whole, if anything did.
    pub(crate) fn failure(&self) -> Option<Failure> {
        Some(match self.error.get()? {
            BodyError::TooMuch => Failure::TooMuch(BodyError::TooMuch.to_string()),
            BodyError::WrongLength => Failure::WrongLength,
            error => Failure::Broken(error.to_string()),
        })
    }
}

/// A body that is sent.
pub(crate) struct Sent {
    body: Body,
    length: Option<u64>,
    used: Arc<Used>,
    bounds: HttpBounds,
    hash: Mutex<Option<digest::Context>>,
    tally: Arc<Tally>,
    stopped: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Sent {
    /// Nothing of `body` goes out once `stopped` has ended.
    pub(crate) fn new(
        body: Body,
        length: Option<u64>,
        used: Arc<Used>,
        bounds: HttpBounds,
        tally: Arc<Tally>,
        stopped: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        let sent = Self {
            body,
            length,
            used,
            bounds,
            hash: Mutex::new(Some(digest::Context::new(&digest::SHA256))),
            tally,
            stopped: Box::pin(stopped),
        };
        if sent.body.is_end_stream() && sent.is_as_promised() {
            sent.all_went_out(); // nobody asks for frames where there are none
        }
        sent
    }

    fn is_as_promised(&self) -> bool {
        self.length
            .is_none_or(|length| length == self.tally.bytes())
    }

    fn all_went_out(&self) {
        if let Some(hash) = self
            .hash
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            let digest = hex::encode(hash.finish());
            let _first = self.tally.digest.set(digest);
        }
        self.tally.whole.store(true, Ordering::Relaxed);
    }

    fn count(&self, data: &Bytes) -> Result<(), BodyError> {
        if !self.used.send(data.len(), &self.bounds) {
            return Err(BodyError::TooMuch);
        }
        let before = self
            .tally
            .bytes
            .fetch_add(data.len() as u64, Ordering::Relaxed);
        let after = before.saturating_add(data.len() as u64);
        if self.length.is_some_and(|length| after > length) {
            return Err(BodyError::WrongLength);
        }
        if let Some(hash) = self
            .hash
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()
        {
            hash.update(data);
        }
        Ok(())
    }

    fn judge(
        &self,
        frame: Option<Result<Frame<Bytes>, BodyError>>,
    ) -> Option<Result<Frame<Bytes>, BodyError>> {
        let judged = match frame {
            None if self.is_as_promised() => {
                self.all_went_out();
                return None;
            }
            None => Err(BodyError::WrongLength),
            Some(Err(error)) => Err(error),
            Some(Ok(frame)) => match frame.data_ref() {
                Some(data) => self.count(data).map(|()| frame),
                None => Err(BodyError::Trailers),
            },
        };
        if let Err(error) = &judged {
            let _first = self.tally.error.set(*error);
        }
        Some(judged)
    }
}

impl http_body::Body for Sent {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let was_stopped = self.tally.error.get() == Some(&BodyError::Stopped);
        if was_stopped || self.stopped.as_mut().poll(cx).is_ready() {
            return Poll::Ready(self.judge(Some(Err(BodyError::Stopped))));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(self.judge(frame))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream() && self.is_as_promised()
    }

    fn size_hint(&self) -> SizeHint {
        match self.length {
            Some(length) => SizeHint::with_exact(length.saturating_sub(self.tally.bytes())),
            None => self.body.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;
    use crate::budget::Budget;

    fn frames(parts: &'static [&'static str]) -> Body {
        let frames = parts
            .iter()
            .map(|part| Ok(Frame::data(Bytes::from_static(part.as_bytes()))));
        StreamBody::new(futures::stream::iter(frames)).boxed_unsync()
    }

    async fn send(
        body: Body,
        length: Option<u64>,
        most: u64,
    ) -> (Result<Bytes, BodyError>, Arc<Tally>) {
        let bounds = HttpBounds {
            sent: most,
            ..HttpBounds::default()
        };
        let used = Budget::default().request("bank", &bounds).unwrap();
        let tally = Arc::new(Tally::default());
        let sent = Sent::new(
            body,
            length,
            used,
            bounds,
            Arc::clone(&tally),
            std::future::pending(),
        );
        (sent.collect().await.map(|all| all.to_bytes()), tally)
    }

    #[tokio::test]
    async fn a_body_is_sent_as_promised_or_not_at_all_to_its_end() {
        let (sent, tally) = send(frames(&["ab", "cd"]), Some(4), 10).await;
        assert_eq!(sent.unwrap(), "abcd");
        assert!(tally.is_whole() && tally.failure().is_none());
        assert_eq!(
            tally.digest().unwrap(),
            hex::encode(digest::digest(&digest::SHA256, b"abcd"))
        );
        for (length, most, why) in [
            (Some(3), 10, BodyError::WrongLength),
            (Some(5), 10, BodyError::WrongLength),
            (None, 3, BodyError::TooMuch),
        ] {
            let (sent, tally) = send(frames(&["ab", "cd"]), length, most).await;
            assert_eq!(sent.unwrap_err(), why);
            assert!(!tally.is_whole() && tally.failure().is_some());
        }
        let trailers = StreamBody::new(futures::stream::iter([Ok(Frame::trailers(
            http::HeaderMap::new(),
        ))]));
        assert_eq!(
            send(trailers.boxed_unsync(), None, 10).await.0.unwrap_err(),
            BodyError::Trailers
        );
    }

    #[tokio::test]
    async fn nothing_goes_out_once_the_rules_have_changed() {
        let used = Budget::default().request("bank", &HttpBounds::default());
        let tally = Arc::new(Tally::default());
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let one = futures::stream::iter([Ok(Frame::data(Bytes::from_static(b"ab")))]);
        let stalls = StreamBody::new(futures::StreamExt::chain(one, futures::stream::pending()));
        let sent = Sent::new(
            stalls.boxed_unsync(),
            None,
            used.unwrap(),
            HttpBounds::default(),
            Arc::clone(&tally),
            async { drop(stopped.await) },
        );
        let sending = tokio::spawn(sent.collect());
        tokio::task::yield_now().await;
        assert_eq!(tally.bytes(), 2);
        drop(stop);
        let ended = tokio::time::timeout(std::time::Duration::from_secs(10), sending).await;
        assert_eq!(ended.unwrap().unwrap().unwrap_err(), BodyError::Stopped);
        assert!(!tally.is_whole());
    }
}
