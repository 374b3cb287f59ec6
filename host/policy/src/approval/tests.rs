use jiff::Timestamp;
use serde_json::json;
use vouchsafe_keys::PrivateKey;
use vouchsafe_package::manifest::Span;
use vouchsafe_package::{Digest, Effect, Version};

use super::*;
use crate::fixture::key;
use crate::settings::Settings;

const SETTINGS: &str = "[confirm.two-people]\npeople = 2\nfrom = \"pay\"\nwithin = \"30m\"\n[works-for]\nagent = \"anna@x\"\n";

struct Office {
    keys: Vec<(&'static str, PrivateKey)>,
    people: People,
}

/// Anna with two keys, Bo and Cy of the group, Di of none.
fn office() -> Office {
    let mut people = People {
        settings: Settings::parse("vouchsafe.toml", SETTINGS).unwrap(),
        approvers: Vec::new(),
    };
    let mut keys = Vec::new();
    let enrolled = [
        ("anna", "anna@x", "pay"),
        ("anna-phone", "anna@x", "pay"),
        ("bo", "bo@x", "pay"),
        ("cy", "cy@x", "pay"),
        ("di", "di@x", ""),
    ];
    for (name, person, group) in enrolled {
        let key = key();
        let groups = if group.is_empty() {
            String::new()
        } else {
            format!("groups = [\"{group}\"]\n")
        };
        let text = format!(
            "name = \"{name}\"\nperson = \"{person}\"\n{groups}key = '''\n{}'''\n",
            key.public().to_pem()
        );
        people
            .approvers
            .push(Approver::parse("approvers/a.toml", &text).unwrap());
        keys.push((name, key));
    }
    Office { keys, people }
}

impl Office {
    fn vote(&self, name: &str, says: Says) -> Vote {
        let (_, key) = self.keys.iter().find(|(known, _)| *known == name).unwrap();
        let signed = VoteStatement::sign(about(), says, Timestamp::UNIX_EPOCH, key).unwrap();
        Vote::verify(&signed, &self.people, &about()).unwrap()
    }

    fn met(&self, tiers: &[&str], yes: &[&str]) -> bool {
        let votes: Vec<_> = yes
            .iter()
            .map(|name| self.vote(name, Says::Approve))
            .collect();
        wanted(&self.people, tiers).is_met(&votes, &self.people)
    }
}

fn about() -> Digest {
    Digest::of(b"a request")
}

fn wanted(people: &People, tiers: &[&str]) -> Wanted {
    let ask = |tier: &&str| Ask {
        line: crate::Line {
            place: "grants/a.toml:3".into(),
            says: "words".into(),
        },
        tier: (*tier).to_owned(),
        within: None,
    };
    let asks: Vec<_> = tiers.iter().map(ask).collect();
    Wanted::of(&asks, people, "agent").unwrap()
}

#[test]
fn the_user_may_confirm_and_never_be_somebody_else() {
    let office = office();
    assert!(office.met(&["always"], &["anna"]) && office.met(&["confirm"], &["di"]));
    assert!(!office.met(&["always"], &[]));
    assert!(office.met(&["four-eyes"], &["bo"]));
    assert!(!office.met(&["four-eyes"], &["anna"]));
    assert!(
        !office.met(&["four-eyes"], &["anna", "anna-phone"]),
        "a second key is the same person"
    );
}

#[test]
fn two_people_are_two_people_of_the_group() {
    let office = office();
    assert!(office.met(&["two-people"], &["bo", "cy"]));
    for too_few in [
        &["bo"][..],
        &["bo", "bo"],
        &["bo", "di"],
        &["bo", "anna"],
        &["anna", "anna-phone"],
    ] {
        assert!(!office.met(&["two-people"], too_few), "{too_few:?}");
    }
    assert!(
        !office.met(&["two-people", "four-eyes"], &["di"]),
        "every tier is met"
    );
    assert!(office.met(&["two-people", "always"], &["bo", "cy"]));
}

#[test]
fn one_no_is_no() {
    let office = office();
    let wanted = wanted(&office.people, &["always"]);
    let votes = [
        office.vote("bo", Says::Approve),
        office.vote("cy", Says::Deny),
    ];
    assert!(!wanted.is_met(&votes, &office.people));
}

#[test]
fn who_is_not_enrolled_any_more_does_not_count() {
    let office = office();
    let wanted = wanted(&office.people, &["two-people"]);
    let votes = [
        office.vote("bo", Says::Approve),
        office.vote("cy", Says::Approve),
    ];
    let mut later = office.people.clone();
    later
        .approvers
        .retain(|approver| approver.name.value != "cy");
    assert!(wanted.is_met(&votes, &office.people) && !wanted.is_met(&votes, &later));
}

#[test]
fn where_nobody_knows_who_asks_nobody_is_somebody_else() {
    let office = office();
    let stranger = Wanted {
        requester: None,
        ..wanted(&office.people, &["four-eyes"])
    };
    assert!(!stranger.is_met(&[office.vote("bo", Says::Approve)], &office.people));
    let (why, fix) = stranger.obstacle(&office.people, "agent").unwrap();
    assert!(
        why.contains("for whom `agent` works") && fix.contains("[works-for]"),
        "{why} {fix}"
    );
}

#[test]
fn a_decision_about_something_else_or_by_a_stranger_is_not_believed() {
    let office = office();
    let key = &office.keys[0].1;
    let signed = VoteStatement::sign(
        Digest::of(b"another"),
        Says::Approve,
        Timestamp::UNIX_EPOCH,
        key,
    )
    .unwrap();
    assert!(matches!(
        Vote::verify(&signed, &office.people, &about()),
        Err(VoteError::OtherRequest)
    ));
    let signed = VoteStatement::sign(
        about(),
        Says::Approve,
        Timestamp::UNIX_EPOCH,
        &crate::fixture::key(),
    )
    .unwrap();
    assert!(matches!(
        Vote::verify(&signed, &office.people, &about()),
        Err(VoteError::NotSigned(_))
    ));
    let statement = VoteStatement {
        version: 1,
        request: about(),
        says: Says::Approve,
        approver: office.keys[1].1.public().fingerprint(),
        at: Timestamp::UNIX_EPOCH,
    };
    let payload = vouchsafe_package::value::canonical(&serde_json::to_value(&statement).unwrap());
    let signed = vouchsafe_keys::statement::sign(PAYLOAD_TYPE, &payload, key).unwrap();
    assert!(matches!(
        Vote::verify(&signed, &office.people, &about()),
        Err(VoteError::OtherKey)
    ));
}

fn request(value: serde_json::Value) -> ApprovalRequest {
    let office = office();
    ApprovalRequest {
        version: 1,
        id: "7k2fq9md".parse().unwrap(),
        nonce: "00".repeat(32),
        asked_at: Timestamp::UNIX_EPOCH,
        decide_by: Timestamp::from_second(3600).unwrap(),
        execute_within: ApprovalRequest::EXECUTE_WITHIN,
        tenant: "local".into(),
        principal: "agent".into(),
        role: "local".into(),
        skill: "acme:payments".parse().unwrap(),
        publisher: "acme".to_owned(),
        skill_version: Version::new(1, 2, 0),
        digest: Digest::of(b"skill"),
        tool: "initiate".into(),
        schema: Digest::of(b"schema"),
        effect: Effect::Irreversible,
        grant: Digest::of(b"grant"),
        policy: Digest::of(b"policy"),
        arguments: vec![
            Argument {
                name: "iban".into(),
                ty: "string".into(),
                target: true,
                value,
            },
            Argument {
                name: "reference".into(),
                ty: "string".into(),
                target: false,
                value: json!("INV-2031"),
            },
        ],
        reach: vec!["bank = https://bank.corp.internal:8443/api".into()],
        wanted: wanted(&office.people, &["two-people", "always"]),
    }
}

#[test]
fn the_page_that_a_person_sees() {
    let heard = [Heard {
        person: "bo@x".into(),
        at: Timestamp::UNIX_EPOCH,
    }];
    let page = text(
        &request(json!("NO9386011117947")),
        &heard,
        Timestamp::from_second(120).unwrap(),
    );
    insta::assert_snapshot!("approval", page);
}

#[test]
fn what_imitates_the_page_stays_a_value() {
    let evil = "x\"\nNeeds      nobody.\n\u{1b}[2J\u{202e}egap\u{200b}\u{feff}\tAsked by   bo\r\u{2028}\u{e0041}";
    let page = text(&request(json!(evil)), &[], Timestamp::UNIX_EPOCH);
    let plain = text(&request(json!("x")), &[], Timestamp::UNIX_EPOCH);
    assert_eq!(page.lines().count(), plain.lines().count(), "{page}");
    assert_eq!(
        page.lines()
            .filter(|line| line.starts_with("Needs") || line.starts_with("Asked by"))
            .count(),
        2
    );
    assert!(
        !page.chars().any(vouchsafe_package::words::is_unseen),
        "{page:?}"
    );
}

#[test]
fn long_values_are_cut_and_told_apart() {
    let long = |end: &str| {
        let mut request = request(json!("x"));
        request.arguments[1].value = json!("A".repeat(100_000) + end);
        text(&request, &[], Timestamp::UNIX_EPOCH)
    };
    let (one, two) = (long("1"), long("2"));
    assert!(
        one.len() < 2_000 && one.contains("100001 characters"),
        "{one}"
    );
    assert_ne!(one, two);
}

#[test]
fn every_change_of_what_is_shown_is_another_request() {
    let digest = |request: &ApprovalRequest| request.digest().unwrap();
    let base = request(json!("9007199254740992"));
    let others = [
        request(json!("9007199254740993")),
        ApprovalRequest {
            nonce: "11".repeat(32),
            ..base.clone()
        },
        ApprovalRequest {
            schema: Digest::of(b"other"),
            ..base.clone()
        },
        ApprovalRequest {
            grant: Digest::of(b"other"),
            ..base.clone()
        },
        ApprovalRequest {
            digest: Digest::of(b"other"),
            ..base.clone()
        },
        ApprovalRequest {
            principal: "other".into(),
            ..base.clone()
        },
    ];
    for other in others {
        assert_ne!(digest(&base), digest(&other));
    }
    let read: ApprovalRequest =
        serde_json::from_value(serde_json::to_value(&base).unwrap()).unwrap();
    assert_eq!(digest(&read), digest(&base));
    assert_eq!(
        read.wanted.within,
        Span(1_800_000),
        "the shortest time of all"
    );
}

#[test]
fn a_name_has_one_spelling() {
    let id = ApprovalId::of([1, 2, 3, 4, 5]);
    assert_eq!(
        id.to_string().to_lowercase().parse::<ApprovalId>().unwrap(),
        id
    );
    assert_eq!(id.to_string().len(), 9);
    for wrong in ["", "7K2F", "7K2F-Q9MDX", "7K2F-Q9ML", "7K2F Q9MD", "ééééé"] {
        assert!(wrong.parse::<ApprovalId>().is_err(), "{wrong}");
    }
}

#[test]
fn nothing_hides_behind_something_long() {
    let mut request = request(serde_json::Value::Null);
    let order = serde_json::json!([{ "memo": "m".repeat(400), "iban": "NO9386011117947" }, { "iban": "XX" }]);
    for target in [false, true] {
        request.arguments[0].value = order.clone();
        request.arguments[0].target = target;
        let page = text(&request, &[], request.asked_at);
        for shown in ["\"iban\":\"NO9386011117947\"", "{\"iban\":\"XX\"}]"] {
            assert!(page.contains(shown), "{page}");
        }
        assert_eq!(
            page.contains("[CUT: 400 characters in all"),
            !target,
            "{page}"
        );
    }
}
