//! Notices of the host's own to a service of the operator's, signed with a key that both have (Standard Webhooks 1.0).

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use vouchsafe_policy::grant::KeptIn;
use vouchsafe_policy::settings::Notify;
use zeroize::Zeroizing;

use crate::provider::Unavailable;
use crate::secrets::Secrets;
use crate::tls;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection is waited for.
const CONNECT: Duration = Duration::from_secs(3);

/// How a key begins that the standard writes as text, in Base64.
const PREFIX: &[u8] = b"whsec_";

impl Secrets {
    /// Posts `body`, a JSON text, to `to`. `id` is the same whenever the same thing is told again.
    ///
    /// # Errors
    /// Why it was not taken: the key is missing, or the service did not answer with success.
    pub async fn notify(
        &self,
        to: &Notify,
        id: &str,
        at: Timestamp,
        body: String,
    ) -> Result<(), Unavailable> {
        let failed = |why: String| Unavailable::new(format!("{} was not told: {why}", to.url), "");
        let time = at.as_second().to_string();
        let signature = self.signature(&to.key, &format!("{id}.{time}.{body}"))?;
        let client = tls::http(&to.roots, None, PATIENCE, CONNECT).map_err(failed)?;
        let answer = client
            .post(to.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", time)
            .header("webhook-signature", signature)
            .body(body)
            .send()
            .await
            .map_err(|error| failed(error.without_url().to_string()))?;
        match answer.status().is_success() {
            true => Ok(()),
            false => Err(failed(format!("it answers {}", answer.status().as_u16()))),
        }
    }

    /// The one signature of `message`, as the standard writes it.
    fn signature(&self, key: &str, message: &str) -> Result<String, Unavailable> {
        let at = KeptIn::Sealed {
            name: key.to_owned(),
        };
        let lease = self.own(&at)?;
        let value = lease.value();
        let bytes = match value.strip_prefix(PREFIX) {
            Some(text) => Zeroizing::new(BASE64.decode(text).map_err(|_| {
                let why = format!("the credential `{at}` is no key: it is not Base64");
                Unavailable::new(why, format!("run `vouchsafe secret set {key}`"))
            })?),
            None => Zeroizing::new(value.to_vec()),
        };
        let tag = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, &bytes),
            message.as_bytes(),
        );
        Ok(format!("v1,{}", BASE64.encode(tag)))
    }
}
