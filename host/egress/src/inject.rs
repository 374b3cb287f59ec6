//! Where credentials come into a request: behind the gate, before it is sent.

use futures::future::BoxFuture;
use http::HeaderMap;
use vouchsafe_policy::http::Admission;

use crate::failure::Failure;

/// Puts into a request what its skill must not see.
pub trait Injector: Send + Sync {
    /// Adds to `headers` what the destination wants.
    ///
    /// # Errors
    /// When it can't be had. The request is then not sent.
    fn inject<'a>(
        &'a self,
        admission: &'a Admission,
        headers: &'a mut HeaderMap,
    ) -> BoxFuture<'a, Result<(), Failure>>;
}

/// Has no credentials: a destination that wants one is not reached.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCredentials;

impl Injector for NoCredentials {
    fn inject<'a>(
        &'a self,
        admission: &'a Admission,
        _headers: &'a mut HeaderMap,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        let wanted = admission.http().auth.is_some();
        Box::pin(async move {
            match wanted {
                true => Err(Failure::NoConnection("a credential is missing".to_owned())),
                false => Ok(()),
            }
        })
    }
}
