//! What external servers send: streams of events, and descriptions of tools.

use serde_json::{Value as Json, json};
use vouchsafe_policy::upstream::Definition;
use vouchsafe_upstream::{Events, Reply, fits, reply};

/// A stream of events: however it is cut, its messages are the same, and a reply is one object.
pub fn events(bytes: &[u8]) {
    let Ok(whole) = Events::default().push(bytes) else {
        return;
    };
    let mut events = Events::default();
    let parts = bytes.chunks(1).map(|part| events.push(part));
    let parts: Vec<_> = parts.flat_map(|ended| ended.expect("as long")).collect();
    assert_eq!(whole, parts);
    for message in whole {
        if let Ok(Some(Reply::Error(error))) = reply(&message, 1) {
            assert!(error.is_object());
        }
    }
}

/// A listed tool: what is pinned of it reads back as itself, and its schema is held to or refused in little time.
pub fn tool_definition(bytes: &[u8]) {
    let Ok(listed) = serde_json::from_slice::<Json>(bytes) else {
        return;
    };
    let Ok(definition) = Definition::of(&listed) else {
        return;
    };
    let pinned = serde_json::from_slice(&definition.canonical()).expect("JSON");
    let again = Definition::of(&pinned).expect("a tool");
    assert_eq!(again.digest(), definition.digest());
    assert!(definition.since(Some(&again)).is_empty());
    for difference in definition.since(None) {
        assert!(difference.was.is_none());
        assert_eq!(pinned.pointer(&difference.at), difference.is.as_ref());
        let shown = difference.to_string();
        assert!(!shown.chars().any(vouchsafe_package::words::is_unseen));
    }
    let value = json!({ "title": "x" });
    let fit = fits(definition.input_schema(), &value);
    assert_eq!(fit, fits(again.input_schema(), &value));
}
