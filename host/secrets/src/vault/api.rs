//! What is asked of a secrets manager, beyond what its client library has, and what its refusals mean.

use rustify::endpoint::{Endpoint, Wrapper};
use rustify::enums::{RequestMethod, RequestType, ResponseType};
use serde::Deserialize;
use serde_json::Value as Json;
use vaultrs::client::{Client as _, VaultClient};

use crate::provider::Unavailable;

/// One request. `path` stands after `/v1/`.
pub(super) struct Asked {
    pub(super) path: String,
    /// What is sent; without it, the request only reads.
    pub(super) body: Option<Json>,
}

impl Asked {
    pub(super) fn read(path: String) -> Self {
        Self { path, body: None }
    }

    pub(super) fn change(path: &str, body: Json) -> Self {
        Self {
            path: path.to_owned(),
            body: Some(body),
        }
    }
}

impl Endpoint for Asked {
    type Response = Json;
    const REQUEST_BODY_TYPE: RequestType = RequestType::JSON;
    const RESPONSE_BODY_TYPE: ResponseType = ResponseType::JSON;

    fn path(&self) -> String {
        self.path.clone()
    }

    fn method(&self) -> RequestMethod {
        match self.body {
            Some(_) => RequestMethod::PUT,
            None => RequestMethod::GET,
        }
    }

    fn body(&self) -> Result<Option<Vec<u8>>, rustify::errors::ClientError> {
        Ok(self.body.as_ref().map(|body| body.to_string().into_bytes()))
    }
}

/// What comes back, as far as it is used here.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    pub(super) data: Json,
    /// Empty for what is not on lease.
    pub(super) lease_id: String,
    /// In seconds.
    pub(super) lease_duration: u64,
    pub(super) renewable: bool,
}

impl Wrapper for Answer {
    type Value = Json;
}

/// Why nothing came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nobody answers there, or not in time.
    Unreachable(String),
    /// It was not unsealed since it started.
    Sealed,
    /// Who asks may not, or there is no such engine: it says the same of both.
    Forbidden,
    /// There is nothing at that path.
    Absent,
    /// Anything else, by its number.
    Answered(u16, String),
}

impl Fault {
    /// In words for the operator, about `what`.
    pub(super) fn about(self, what: &str, address: &str) -> Unavailable {
        let (why, fix) = match self {
            Self::Unreachable(error) => (
                format!("the secrets manager at {address} can't be reached: {error}"),
                "start it, or mend `address` under `[vault]` in vouchsafe.toml",
            ),
            Self::Sealed => (
                format!("the secrets manager at {address} is sealed"),
                "unseal it: `bao operator unseal`",
            ),
            Self::Forbidden => (
                format!("the secrets manager at {address} forbids this host {what}"),
                "give this host's role there a policy that can `read` it",
            ),
            Self::Absent => (
                format!("the secrets manager at {address} has nothing for {what}"),
                "put it there, or mend the path in the grant",
            ),
            Self::Answered(code, error) => (
                format!("the secrets manager at {address} answered {code} for {what}: {error}"),
                "",
            ),
        };
        Unavailable::new(why, fix)
    }

    fn answered(code: u16, content: &str) -> Self {
        #[derive(Deserialize)]
        struct Errors {
            errors: Vec<String>,
        }
        let errors =
            serde_json::from_str(content).map_or_else(|_| Vec::new(), |Errors { errors }| errors);
        let error: String = errors.join("; ").chars().take(300).collect();
        match code {
            403 => Self::Forbidden,
            404 => Self::Absent,
            503 if error.contains("sealed") => Self::Sealed,
            _ => Self::Answered(code, error),
        }
    }
}

impl From<rustify::errors::ClientError> for Fault {
    fn from(error: rustify::errors::ClientError) -> Self {
        use rustify::errors::ClientError as Error;
        match error {
            Error::ServerResponseError { code, content } => {
                Self::answered(code, &content.unwrap_or_default())
            }
            Error::RequestError { source, .. } | Error::ResponseError { source } => {
                Self::Unreachable(source.root_cause().to_string())
            }
            // What an answer holds stays out of errors.
            Error::ResponseParseError { .. } | Error::ResponseConversionError { .. } => {
                Self::Answered(200, "no answer of Vault's API".to_owned())
            }
            other => Self::Unreachable(other.to_string()),
        }
    }
}

impl From<vaultrs::error::ClientError> for Fault {
    fn from(error: vaultrs::error::ClientError) -> Self {
        use vaultrs::error::ClientError as Error;
        match error {
            Error::APIError { code, errors } => {
                let content = serde_json::json!({ "errors": errors });
                Self::answered(code, &content.to_string())
            }
            Error::RestClientError { source } => source.into(),
            other => Self::Unreachable(other.to_string()),
        }
    }
}

/// Asks, as whom `client` is signed in.
pub(super) async fn ask(client: &VaultClient, asked: Asked) -> Result<Answer, Fault> {
    let answer = asked
        .with_middleware(client.middle())
        .exec(client.http())
        .await?;
    if answer.response.body().is_empty() {
        return Ok(Answer::default());
    }
    Ok(answer.wrap::<Answer>()?)
}
