//! What a skill hears fits the schema that was signed, and a service leads nobody elsewhere.

use serde_json::json;

use super::house::{FAILED, House, INVOICE};
use super::service::Scripted;

#[test]
fn a_reply_that_does_not_fit_is_asked_for_twice_more_and_then_not_passed_on() {
    let house = House::new(&[Scripted::saying(INVOICE, 10)], "limits = { asks = 1000 }");
    let assistant = |more: serde_json::Value| {
        let mut message = json!({ "role": "assistant", "content": INVOICE });
        let fields = message.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        message
    };
    let call = json!({ "tool_calls": [{ "id": "1", "type": "function", "function": { "name": "pay", "arguments": "{}" } }] });
    let long = format!(
        r#"{{"kind":"invoice","lines":[{{"text":"{}"}}]}}"#,
        "x".repeat(21)
    );
    for unfit in [
        Scripted::saying(r#"{"kind":"invoice","pay":"attacker"}"#, 10),
        Scripted::saying(r#"{"kind":"invoice","lines":[{"text":"a","more":1}]}"#, 10),
        Scripted::saying(&long, 10),
        Scripted::saying(r#"{"kind":"order"}"#, 10),
        Scripted::saying(r#"{"kind":"letter","kind":"invoice"}"#, 10),
        Scripted::saying("It is an invoice.", 10),
        Scripted::saying("```json\n{\"kind\":\"invoice\"}\n```", 10),
        Scripted::saying("", 10),
        Scripted::choice(assistant(json!({})), "length", 10),
        Scripted::choice(assistant(call), "tool_calls", 10),
        Scripted::choice(assistant(json!({ "role": "system" })), "stop", 10),
        Scripted::text(200, "hello"),
        Scripted::text(200, r#"{"choices":[]}"#),
    ] {
        let before = house.service.asked().len();
        house.service.now(std::slice::from_ref(&unfit));
        assert_eq!(
            house.classify("Dear Anna").unwrap_err(),
            FAILED,
            "{unfit:?}"
        );
        assert_eq!(house.service.asked().len() - before, 3, "{unfit:?}");
    }
    let before = house.service.asked().len();
    house.service.now(&[
        Scripted::saying("no", 10),
        Scripted::saying("{}", 10),
        Scripted::saying(INVOICE, 10),
    ]);
    assert_eq!(
        house.classify("Dear Anna").unwrap(),
        json!({ "kind": "invoice" })
    );
    assert_eq!(house.service.asked().len() - before, 3);
    let asked = house.service.asked();
    let last = asked.last().unwrap();
    assert_eq!(
        last.body["messages"].as_array().unwrap().len(),
        2,
        "no word of the model comes back to it"
    );
}

#[test]
fn what_the_service_will_not_or_says_at_too_great_length_is_not_asked_again() {
    let house = House::new(
        &[Scripted::saying(INVOICE, 10)],
        "limits = { reply = \"4 KiB\" }",
    );
    let padded = format!("{INVOICE}{}", " ".repeat(5000));
    for end in [
        Scripted::saying(&padded, 10),
        Scripted::text(500, "no"),
        Scripted::text(401, "no"),
        Scripted::text(204, ""),
        Scripted::choice(
            json!({ "role": "assistant", "content": null, "refusal": "no" }),
            "stop",
            10,
        ),
    ] {
        let before = house.service.asked().len();
        house.service.now(std::slice::from_ref(&end));
        assert_eq!(house.classify("Dear Anna").unwrap_err(), FAILED, "{end:?}");
        assert_eq!(house.service.asked().len() - before, 1, "{end:?}");
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let house = House::new(&[Scripted::saying(INVOICE, 10)], "");
    house.service.now(&[
        Scripted::redirect(&format!("https://{}/v1/other", house.service.address)),
        Scripted::saying(INVOICE, 10),
    ]);
    assert_eq!(house.classify("Dear Anna").unwrap_err(), FAILED);
    assert_eq!(house.service.asked().len(), 1);
}
