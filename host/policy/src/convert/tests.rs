use proptest::prelude::*;
use serde_json::json;

use super::*;

/// All that the guide shows, in one file.
fn guide() -> Json {
    json!({
        "identity": { "type": "mtls", "certificateSource": "vault", "vaultPath": "pki/issue/agents", "renewBeforeExpirySeconds": 3600 },
        "role": "invoice-processing-agent",
        "permissions": {
            "skills": ["read", "execute"],
            "messageBus": { "publish": ["document.classified", "document.processed"], "subscribe": ["document.incoming"] },
            "agentInvocation": ["document-classifier", "erp-integrator"]
        },
        "ssrfProtection": { "allowedHosts": ["bank.corp.internal:8443", "*.files.example"], "blockPrivateRanges": false, "requireHttps": true },
        "requiresConfirmation": { "threshold": "always", "confirmationChannel": "human-review-queue", "timeoutMs": 3_600_000 }
    })
}

fn about_payments() -> About {
    About {
        tools: vec!["acme:payments/initiate".parse().unwrap()],
        publisher: Some("acme".to_owned()),
    }
}

/// Everything that came out, as a person would read it.
fn shown(converted: &Result<Converted, Vec<Wrong>>) -> String {
    let converted = match converted {
        Ok(converted) => converted,
        Err(wrong) => return wrong.iter().map(|wrong| format!("{wrong}\n")).collect(),
    };
    let mut all = String::new();
    for File { path, text } in &converted.files {
        all += &format!("== {path}\n{text}");
    }
    for Told { key, became } in &converted.told {
        all += &match became {
            Became::Line(line) => format!("{key} -> {line}\n"),
            Became::Already(why) => format!("{key} as it is: {why}\n"),
            Became::Not(why) => format!("{key} NOT: {why}\n"),
        };
    }
    for notice in &converted.notices {
        all += &format!("! {notice}\n");
    }
    all
}

#[test]
fn every_shape_of_the_guide_becomes_files_or_is_named() {
    let converted = convert(&guide(), &about_payments());
    insta::assert_snapshot!(shown(&converted));
}

#[test]
fn what_is_about_a_tool_waits_until_one_is_named() {
    let converted = convert(&guide(), &About::default());
    insta::assert_snapshot!(shown(&converted));
    for tools in ["acme:payments/*", "acme:*", "*"] {
        let about = About {
            tools: vec![tools.parse().unwrap()],
            ..about_payments()
        };
        let converted = convert(&guide(), &about).unwrap();
        assert!(
            !converted
                .files
                .iter()
                .any(|file| file.path.starts_with("grants/")),
            "{tools}"
        );
    }
}

#[test]
fn what_is_not_known_is_named_with_its_place_and_nothing_is_converted() {
    let mut wrong = guide();
    wrong["permissions"]["deny"] = json!(["delete"]);
    wrong["permissions"]["messageBus"]["publish"] = json!("document.classified");
    wrong["permissions"]["skills"][1] = json!(7);
    wrong["ssrfProtection"]["allow/ed~"] = json!(true);
    wrong["ssrfProtection"]["allowedHosts"][0] = json!("https://bank/");
    wrong["ssrfProtection"]["requireHttps"] = json!("yes");
    wrong["requiresConfirmation"]["timeoutMs"] = json!(-1);
    wrong["requiresConfirmation"]["confirmationChannel"] = json!("a\nb");
    wrong["identity"] = json!(null);
    wrong["logging"] = json!({});
    insta::assert_snapshot!(shown(&convert(&wrong, &about_payments())));
    assert!(convert(&json!([]), &About::default()).is_err());
    let homeless = convert(
        &json!({ "permissions": { "skills": [] } }),
        &About::default(),
    );
    assert_eq!(homeless.unwrap_err()[0].key, "/permissions");
}

#[test]
fn what_a_file_of_ours_refuses_is_told_of_the_value_that_it_was() {
    let wrong = |pointer: &str, value: Json| {
        let mut document = guide();
        *document.pointer_mut(pointer).unwrap() = value;
        let wrong = convert(&document, &about_payments()).unwrap_err();
        let lines = wrong.iter().map(|wrong| format!("{wrong}\n"));
        lines.collect::<String>()
    };
    let all = [
        wrong("/role", json!("../../etc/passwd")),
        wrong("/role", json!("Invoice Agent")),
        wrong("/permissions/skills/0", json!("delete")),
        wrong("/permissions/messageBus/publish/1", json!("no channel")),
        wrong("/permissions/agentInvocation/0", json!("No Role")),
        wrong("/ssrfProtection/allowedHosts/0", json!("*")),
        wrong("/requiresConfirmation/threshold", json!("never")),
        wrong("/requiresConfirmation/threshold", json!("amount over 1000")),
        wrong(
            "/requiresConfirmation/confirmationChannel",
            json!("Human Review"),
        ),
        wrong("/requiresConfirmation/timeoutMs", json!(0)),
        wrong("/requiresConfirmation/timeoutMs", json!(u64::MAX)),
    ];
    insta::assert_snapshot!(all.concat());
}

#[test]
fn a_threshold_may_be_a_condition_and_a_channel_one_of_ours() {
    let grant = |confirmation: Json| {
        let document = json!({ "requiresConfirmation": confirmation });
        let converted = convert(&document, &about_payments()).unwrap();
        let grant = converted
            .files
            .iter()
            .find(|file| file.path.starts_with("grants/"));
        let line = grant.unwrap().text.lines().last().unwrap().to_owned();
        (line, converted.leaves_out(), converted.files.len())
    };
    assert_eq!(
        grant(json!({ "threshold": "input.amount.minor > 100000 EUR", "confirmationChannel": "treasury", "timeoutMs": 90_000 })),
        ("initiate = { confirm = { when = \"input.amount.minor > 100000 EUR\", channel = \"treasury\" } }".to_owned(), false, 2)
    );
    let four_eyes = json!({ "threshold": "always", "confirmationChannel": "four-eyes", "timeoutMs": 3_600_000 });
    assert_eq!(
        grant(four_eyes),
        (
            "initiate = { confirm = \"four-eyes\" }".to_owned(),
            false,
            1
        )
    );
    let sooner = json!({ "threshold": "always", "timeoutMs": 60_000 });
    assert_eq!(
        grant(sooner),
        ("initiate = { confirm = \"always\" }".to_owned(), true, 1)
    );
    assert_eq!(
        grant(json!({})),
        ("initiate = { confirm = \"always\" }".to_owned(), false, 1)
    );
}

#[test]
fn hosts_that_look_alike_are_two_destinations() {
    let hosts = json!({ "allowedHosts": ["a.b", "a-b", "10.2.0.1", "[fd00::1]:8443"] });
    let converted = convert(&json!({ "ssrfProtection": hosts }), &about_payments()).unwrap();
    let text = &converted.files[0].text;
    let names: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("[http."))
        .collect();
    assert_eq!(
        names,
        [
            "[http.a-b]",
            "[http.a-b-2]",
            "[http.host-10-2-0-1]",
            "[http.fd00-1-8443]"
        ]
    );
}

/// Values that are in `json` and are neither objects nor lists, by their places.
fn scalars(at: &str, json: &Json, all: &mut Vec<String>) {
    match json {
        Json::Object(members) => {
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                scalars(&format!("{at}/{name}"), value, all);
            }
        }
        Json::Array(values) => {
            for (number, value) in values.iter().enumerate() {
                scalars(&format!("{at}/{number}"), value, all);
            }
        }
        _ => all.push(at.to_owned()),
    }
}

/// Nothing, or what somebody may have written instead.
fn edit() -> impl Strategy<Value = Option<Json>> {
    let words = prop::sample::select(vec![
        "always",
        "four-eyes",
        "register",
        "*.corp.example",
        "[::1]:1",
        "a\"]\n[tools]",
        "input.x == true",
    ]);
    prop_oneof![
        Just(None),
        words.prop_map(|word| Some(json!(word))),
        ".{0,8}".prop_map(|text| Some(json!(text))),
        any::<u64>().prop_map(|number| Some(json!(number))),
        any::<bool>().prop_map(|truth| Some(json!(truth))),
        Just(Some(json!([]))),
    ]
}

proptest! {
    /// INVARIANT (told).
    #[test]
    fn nothing_is_dropped_silently(
        edits in proptest::collection::vec((0usize..20, edit()), 0..4),
        named in any::<bool>(),
    ) {
        let mut document = guide();
        let mut places = Vec::new();
        scalars("", &document, &mut places);
        for (at, edit) in edits {
            let place = places.get(at).map_or("", String::as_str);
            let (above, name) = place.rsplit_once('/').unwrap_or_default();
            match (document.pointer_mut(above), edit) {
                (Some(Json::Object(members)), None) => drop(members.remove(name)),
                (Some(Json::Object(members)), Some(value)) => drop(members.insert(name.to_owned(), value)),
                (Some(Json::Array(list)), Some(value)) => list.push(value),
                _ => {}
            }
        }
        let about = if named { about_payments() } else { About::default() };
        match convert(&document, &about) {
            Ok(converted) => {
                let mut there = Vec::new();
                scalars("", &document, &mut there);
                for place in there {
                    prop_assert!(converted.told.iter().any(|told| told.key == place), "{place}");
                }
            }
            Err(wrong) => {
                for Wrong { key, .. } in wrong {
                    prop_assert!(document.pointer(&key).is_some(), "{key} is nowhere in it");
                }
            }
        }
    }
}
