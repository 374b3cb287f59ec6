//! The body of a response on its way in: counted, bounded in bytes and time, recorded when it ends.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};
use vouchsafe_audit::{Status, Why};
use vouchsafe_policy::http::HttpBounds;
use vouchsafe_secrets::Stream;

use crate::budget::Used;
use crate::credential;
use crate::failure::Failure;
use crate::open::Open;
use crate::pool::Lease;
use crate::sent::Tally;

/// A response's body. Its end, or its being dropped, is the end of the request.
pub struct Received {
    incoming: Incoming,
    open: Open,
    lease: Option<Lease>,
    tally: Arc<Tally>,
    used: Arc<Used>,
    bounds: HttpBounds,
    until: Pin<Box<Sleep>>,
    pause: Option<(Duration, Pin<Box<Sleep>>)>,
    watch: Option<Stream>,
    /// Trailers that wait for what came before them.
    trailers: Option<HeaderMap>,
    ended: bool,
}

/// What a response's body is held to.
pub(crate) struct Bounded {
    pub(crate) tally: Arc<Tally>,
    pub(crate) used: Arc<Used>,
    pub(crate) bounds: HttpBounds,
    pub(crate) until: Instant,
    /// The longest between two parts of it.
    pub(crate) pause: Option<Duration>,
    /// What follows it, if the request carried a credential.
    pub(crate) watch: Option<Stream>,
}

impl Received {
    pub(crate) fn new(incoming: Incoming, open: Open, lease: Lease, bounded: Bounded) -> Self {
        let Bounded {
            tally,
            used,
            bounds,
            until,
            pause,
            watch,
        } = bounded;
        Self {
            incoming,
            open,
            lease: Some(lease),
            tally,
            used,
            bounds,
            until: Box::pin(tokio::time::sleep_until(until)),
            pause: pause.map(|pause| (pause, Box::pin(tokio::time::sleep(pause)))),
            watch,
            trailers: None,
            ended: false,
        }
    }

    fn take(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, Failure> {
        if let Some((pause, sleep)) = &mut self.pause {
            sleep.as_mut().reset(Instant::now() + *pause);
        }
        let Some(data) = frame.data_ref() else {
            return self.watched_trailers(frame);
        };
        self.open.received(data);
        if self.used.receive(data.len(), &self.bounds) {
            return self.watched(frame);
        }
        let why = "more was received than the grant lets";
        self.open.cut(Status::Limit, why);
        Err(Failure::TooMuch(why.to_owned()))
    }

    /// The part of it that holds no credential and begins none.
    fn watched(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, Failure> {
        let Some(watch) = &mut self.watch else {
            return Ok(frame);
        };
        let data = frame.into_data().unwrap_or_default();
        let Ok(clean) = watch.push(data) else {
            return Err(self.echoed());
        };
        Ok(Frame::data(clean))
    }

    fn watched_trailers(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, Failure> {
        let (Some(watch), Some(trailers)) = (&mut self.watch, frame.trailers_ref()) else {
            return Ok(frame);
        };
        if credential::is_in(watch.of(), trailers) {
            return Err(self.echoed());
        }
        let Some(rest) = watch.end() else {
            return Ok(frame);
        };
        self.trailers = frame.into_trailers().ok();
        Ok(Frame::data(rest))
    }

    fn echoed(&mut self) -> Failure {
        self.open.echoed();
        Failure::Echo
    }

    /// What was held back, and was nothing after all.
    fn rest(&mut self) -> Option<Frame<Bytes>> {
        self.watch.as_mut().and_then(Stream::end).map(Frame::data)
    }

    /// The whole exchange is over, and the connection may serve another.
    fn complete(&mut self) {
        self.ended = true;
        self.open.complete();
        if let Some(lease) = self.lease.take()
            && self.tally.is_whole()
        {
            lease.give_back();
        }
    }

    fn fail(&mut self, failure: Failure) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        self.ended = true;
        self.lease = None;
        Poll::Ready(Some(Err(failure)))
    }

    fn is_too_slow(&mut self, cx: &mut Context<'_>) -> bool {
        let paused = self
            .pause
            .as_mut()
            .is_some_and(|(_, sleep)| sleep.as_mut().poll(cx).is_ready());
        paused || self.until.as_mut().poll(cx).is_ready()
    }
}

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Some(trailers) = self.trailers.take() {
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        loop {
            return match Pin::new(&mut self.incoming).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match self.take(frame) {
                    // All of it may be the beginning of a credential.
                    Ok(frame) if frame.data_ref().is_some_and(Bytes::is_empty) => continue,
                    Ok(frame) => Poll::Ready(Some(Ok(frame))),
                    Err(failure) => self.fail(failure),
                },
                Poll::Ready(Some(Err(error))) => {
                    self.open.end(Status::Failed, Why::Dropped, String::new());
                    self.fail(Failure::Broken(error.to_string()))
                }
                Poll::Ready(None) => match self.rest() {
                    Some(frame) => Poll::Ready(Some(Ok(frame))),
                    None => {
                        self.complete();
                        Poll::Ready(None)
                    }
                },
                Poll::Pending if self.is_too_slow(cx) => {
                    self.open
                        .end(Status::Deadline, Why::Deadline, String::new());
                    let time = Duration::from_millis(self.bounds.time_ms);
                    self.fail(Failure::TooSlow(time))
                }
                Poll::Pending => Poll::Pending,
            };
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        // A response without a body is often not asked for one.
        if !self.ended && self.incoming.is_end_stream() {
            self.complete();
        }
    }
}
