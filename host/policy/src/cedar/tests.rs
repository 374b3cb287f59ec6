use proptest::prelude::*;
use serde_json::json;

use super::engine::{Call, Own, Rule};
use super::*;
use crate::apply::Content;
use crate::effective::{Effective, meet};
use crate::fixture::{FILE, GRANT, Skill, in_force, key};
use crate::grant::Grant;

fn fault(text: &str) -> String {
    let fault = Written::parse("policies/house.cedar", text).unwrap_err();
    fault.to_string().lines().next().unwrap().to_owned()
}

#[test]
fn what_a_policy_can_t_say_is_an_error_at_its_line() {
    let faults = [
        "permit (principal, action, resource);",
        "forbid (principal, action, resource);\n\n// and\npermit (principal, action, resource);",
        "forbid (principal, action, resource)",
        "forbid (principal, action, resource);\nforbid (principal, action, resource when;",
        "forbid (principal == Agent::\"x\", action, resource);",
        "forbid (principal == Role::\"Local Role\", action, resource);",
        "forbid (principal, action == Action::\"cal\", resource);",
        "forbid (principal, action, resource == Tool::\"initiate\");",
        "forbid (principal, action, resource in Tools::\"acme:payments\");",
        "@confirm(\"four-eyes\")\nforbid (principal, action, resource);",
        "@confirm(\"Four Eyes\")\nforbid (principal, action == Action::\"call_unattended\", resource);",
        "@id(\"x\")\nforbid (principal, action, resource);",
        "forbid (principal == ?principal, action, resource);",
    ];
    insta::assert_snapshot!("faults", faults.map(fault).join("\n"));
}

#[test]
fn each_policy_knows_its_line_though_two_are_the_same() {
    let one = "forbid (principal, action, resource);";
    let text = format!("// {one} \"\n{one}\n\n  {one} {one}\n@reason(\"é\")\n{one}\n");
    let read = Written::parse("policies/house.cedar", &text).unwrap();
    let spots: Vec<_> = read.iter().map(|one| one.place.spot()).collect();
    let all = ["2:1", "4:3", "4:41", "5:1"].map(|spot| format!("policies/house.cedar:{spot}"));
    assert_eq!(spots, all);
    // As Cedar has it, a comment ends with either end of line.
    let after = Written::parse("policies/house.cedar", &format!("// x\r{one}")).unwrap();
    assert_eq!(after.len(), 1);
}

#[test]
fn only_a_policy_that_names_the_input_looks_at_it() {
    let looks = |when: &str| {
        let text = format!("forbid (principal, action, resource) when {{ {when} }};");
        let read = Written::parse("policies/house.cedar", &text).unwrap();
        read.first().unwrap().looks_at_input
    };
    for when in [
        "context.input.a == 1",
        "context has input",
        "context.agent == \"a\" && context.input has b",
        "[context].contains(context)",
        "context[\"input\"].a == 1",
    ] {
        assert!(looks(when), "{when}");
    }
    for when in [
        "context.agent == \"input\"",
        "context has agent",
        "true",
        "resource.effect == \"read\"",
    ] {
        assert!(!looks(when), "{when}");
    }
}

#[test]
fn a_policy_is_held_against_the_types_of_each_tool_that_it_can_match() {
    let skill = Skill::payments();
    let misfits = |scope: &str, when: &str| {
        let text = format!("forbid (principal, action, {scope}) when {{ {when} }};");
        let read = Written::parse("policies/house.cedar", &text).unwrap();
        let of = |tool: &std::sync::Arc<vouchsafe_package::Tool>| {
            misfits(read.iter(), &skill.name, &tool.name, &tool.params)
        };
        skill.tools.iter().flat_map(of).count()
    };
    let initiate = "resource == Tool::\"acme:payments/initiate\"";
    assert_eq!(misfits(initiate, "context.input.amount.minor > 5"), 0);
    assert_eq!(misfits(initiate, "context.input.amount.major > 5"), 1);
    assert_eq!(misfits(initiate, "context.input.amount.minor > \"5\""), 1);
    assert_eq!(misfits(initiate, "context.inputs.amount.minor > 5"), 1);
    assert_eq!(
        misfits("resource", "context.input.amount.minor > 5"),
        1,
        "`status` has none"
    );
    assert_eq!(
        misfits(
            "resource",
            "context.input has amount && context.input.amount.minor > 5"
        ),
        0
    );
}

/// A few roles, two tools and policies of every scope.
fn files(policies: &str, over: u64) -> Vec<(String, String)> {
    let condition = format!("{{ confirm = {{ when = \"input.amount.minor > {over} EUR\" }} }}");
    let role = |name: &str, tools: &str| {
        let text = format!("role = \"{name}\"\nskills = [\"execute\"]\ntools = [\"{tools}\"]\n");
        (format!("roles/{name}.toml"), text)
    };
    vec![
        (
            FILE.to_owned(),
            GRANT.replace("{ confirm = \"two-people\" }", &condition),
        ),
        role("clerk", "acme:payments/initiate"),
        role("reader", "acme:payments/status"),
        role("nobody", "acme:ledger/*"),
        ("policies/house.cedar".to_owned(), policies.to_owned()),
    ]
}

fn a_policy() -> impl Strategy<Value = String> {
    let principal = prop::sample::select(vec![
        "principal",
        "principal is Role",
        "principal == Role::\"clerk\"",
        "principal == Role::\"local\"",
        "principal in Role::\"reader\"",
    ]);
    let action = prop::sample::select(vec![
        "action",
        "action == Action::\"call\"",
        "action == Action::\"call_unattended\"",
        "action in [Action::\"call_unattended\"]",
    ]);
    let resource = prop::sample::select(vec![
        "resource",
        "resource == Tool::\"acme:payments/initiate\"",
        "resource == Tool::\"acme:payments/status\"",
        "resource in Skill::\"acme:payments\"",
        "resource in Namespace::\"acme\"",
        "resource in Namespace::\"other\"",
    ]);
    let when = prop::sample::select(vec![
        "",
        " when { context.agent == \"a\" }",
        " unless { context.agent == \"b\" }",
        " when { context.input has amount && context.input.amount.minor > 7 }",
        " when { resource.effect == \"read\" }",
        " when { context.input has amount && context.input.amount.minor * 9223372036854775807 > 7 }",
    ]);
    (principal, action, resource, when)
        .prop_map(|(p, a, r, w)| format!("forbid ({p}, {a}, {r}){w};"))
}

fn effective_of(content: &Content, skill: &Skill) -> Effective {
    let grant: &Grant = content.grants().next().unwrap();
    meet(&skill.declared(), grant).unwrap()
}

/// What a ruling comes to, by the names of the rules that decide.
fn shown(ruling: Ruling<'_>) -> String {
    let names = |reasons: Vec<Reason<'_>>| {
        let mut all: Vec<_> = reasons
            .iter()
            .map(|reason| match reason.rule {
                Rule::Own(own) => format!("{own:?} {}", reason.failed),
                Rule::Written(written) => format!("{} {}", written.place.spot(), reason.failed),
            })
            .collect();
        all.sort();
        all.dedup();
        all.join(", ")
    };
    match ruling {
        Ruling::NotPermitted => "not permitted".to_owned(),
        Ruling::Unattended => "unattended".to_owned(),
        Ruling::Forbidden(reasons) => format!("forbidden by {}", names(reasons)),
        Ruling::Attended(reasons) => format!("attended for {}", names(reasons)),
    }
}

proptest! {
    /// Every policy of every tool and role in one set decides as those that can match do.
    #[test]
    fn the_indexed_decision_is_the_whole_set_s(
        policies in prop::collection::vec(a_policy(), 0..8), minor in 0..=9_223_372_036_854_775_807u64, agent in "[ab]", over: u64,
        role in prop::sample::select(vec!["local", "clerk", "reader", "nobody", "unknown"]),
        tool in prop::sample::select(vec!["initiate", "status"]),
        grant_asks: bool, author_asks: bool,
    ) {
        let files = files(&policies.join("\n"), over);
        let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let (in_force, skill) = (in_force(&files, &key()), Skill::payments());
        let content = in_force.content();
        let effective = effective_of(content, &skill);
        let engine = Engine::new(&skill.name, &effective, content.roles(), content.policies()).unwrap();
        let amount = json!({ "iban": "x", "amount": { "minor": minor.to_string(), "currency": "EUR" }, "reference": "y" });
        let input = if tool == "initiate" { amount } else { json!({}) };
        let call = Call { agent: &agent, role, by_skill: false, input: &input, grant_asks, author_asks };
        let effective_tool = &effective.tools[tool];
        let indexed = shown(engine.rule(effective_tool, &call));
        let whole = engine.whole(&["local", "clerk", "reader", "nobody", "unknown"], content.policies());
        let whole = shown(whole.rule(effective_tool, &call));
        // What role and grant do not give is not looked at further.
        let forbidden_besides = indexed == "not permitted" && whole.starts_with("forbidden");
        prop_assert!(indexed == whole || forbidden_besides, "{} {}", indexed, whole);
    }
}

#[test]
fn a_rule_of_ours_knows_itself() {
    let rule = Rule::Own(Own::Irreversible);
    let reason = Reason {
        rule: &rule,
        failed: false,
    };
    assert!(reason.is(Own::Irreversible) && !reason.is(Own::Grant) && reason.written().is_none());
}

#[test]
fn a_call_that_a_skill_makes_needs_no_role_and_meets_every_policy() {
    let ruling = |policies: &str, tool: &str| {
        let files = files(policies, 5);
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        let (in_force, skill) = (in_force(&files, &key()), Skill::payments());
        let content = in_force.content();
        let effective = effective_of(content, &skill);
        let (roles, written) = (content.roles(), content.policies());
        let engine = Engine::new(&skill.name, &effective, roles, written).unwrap();
        let call = Call {
            agent: "a",
            role: "nobody",
            by_skill: true,
            input: &json!({}),
            grant_asks: false,
            author_asks: false,
        };
        shown(engine.rule(&effective.tools[tool], &call))
    };
    assert_eq!(ruling("", "status"), "unattended");
    assert_eq!(
        ruling("", "initiate"),
        "attended for Author false, Irreversible false"
    );
    let forbid = "forbid (principal == Role::\"nobody\", action, resource);";
    let line = "forbidden by policies/house.cedar:1:1 false";
    assert_eq!(ruling(forbid, "status"), line);
    assert_eq!(
        ruling(&forbid.replace("nobody", "clerk"), "status"),
        "unattended"
    );
}
