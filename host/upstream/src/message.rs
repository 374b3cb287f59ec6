//! Messages of JSON-RPC 2.0, read strictly.

use serde_json::{Map, Value as Json, json};
use vouchsafe_package::value::{Caps, canonical, parse_message};

/// What a server answers to a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Its result.
    Result(Map<String, Json>),
    /// Its error: a code and words that are the server's own.
    Error(Json),
}

/// Why an answer is none. It quotes nothing of the server's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The status is none of success.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// It is not what the protocol sends.
    #[error("the server broke the protocol: {0}")]
    Protocol(&'static str),
    /// The server would not do what every server does.
    #[error("the server answered `{0}` with an error")]
    Refused(&'static str),
    /// More came than is read.
    #[error("the server sent more than is read of one message")]
    TooLong,
    /// The tool is not there, or more than once.
    #[error("the server lists {0} tools of this name")]
    Listed(usize),
    /// The tool can't be pinned.
    #[error("what the server lists can't be pinned: {0}")]
    NotATool(#[from] vouchsafe_policy::upstream::NotATool),
}

/// A request, in its one form.
pub(crate) fn request(id: u64, method: &str, params: Json) -> Vec<u8> {
    canonical(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
}

/// A notification, in its one form.
pub(crate) fn notification(method: &str) -> Vec<u8> {
    canonical(&json!({ "jsonrpc": "2.0", "method": method }))
}

/// Reads one message: the reply to request `id`, or `None` if it is another message, which a server may send before.
///
/// # Errors
/// [`Broken::Protocol`].
pub fn reply(message: &[u8], id: u64) -> Result<Option<Reply>, Broken> {
    let broken = |why| Err(Broken::Protocol(why));
    let Ok(Json::Object(mut message)) = parse_message(message, &Caps::default()) else {
        return broken("a message is not one JSON object");
    };
    if message.get("jsonrpc").and_then(Json::as_str) != Some("2.0") {
        return broken("a message is not of JSON-RPC 2.0");
    }
    if message.contains_key("method") || message.get("id").and_then(Json::as_u64) != Some(id) {
        return Ok(None);
    }
    match (message.remove("result"), message.remove("error")) {
        (Some(Json::Object(result)), None) => Ok(Some(Reply::Result(result))),
        (None, Some(error @ Json::Object(_))) => Ok(Some(Reply::Error(error))),
        _ => broken("a reply is neither a result nor an error"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_a_result_or_an_error_of_this_request_and_nothing_else() {
        let read = |text: &str| reply(text.as_bytes(), 7);
        let result = read(r#"{"jsonrpc":"2.0","id":7,"result":{"a":1}}"#);
        let Ok(Some(Reply::Result(result))) = result else {
            panic!("{result:?}")
        };
        assert_eq!(Json::Object(result), json!({ "a": 1 }));
        let error = read(r#"{"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"no"}}"#);
        assert!(matches!(error, Ok(Some(Reply::Error(_)))));
        for other in [
            r#"{"jsonrpc":"2.0","id":8,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":"7","result":{}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage"}"#,
        ] {
            assert_eq!(read(other), Ok(None), "{other}");
        }
        for wrong in [
            "",
            "[]",
            "{}",
            r#"{"id":7,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":7}"#,
            r#"{"jsonrpc":"2.0","id":7,"result":[]}"#,
            r#"{"jsonrpc":"2.0","id":7,"result":{},"error":{}}"#,
            r#"{"jsonrpc":"2.0","id":7,"result":{},"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":7,"result":{}} x"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
