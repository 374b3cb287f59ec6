use proptest::prelude::*;

use super::*;
use crate::fixture::{FILE, GRANT, Skill, in_force, key, param};
use crate::why;

fn terms(skill: &Skill, grant: &str) -> Terms {
    terms_with(skill, &[(FILE, grant)])
}

/// With other files in force, such as roles and policies.
fn terms_with(skill: &Skill, files: &[(&str, &str)]) -> Terms {
    Terms::of(&skill.declared(), "acme", None, &in_force(files, &key())).unwrap()
}

const ROLE: &str = "roles/clerk.toml";

fn ask<T>(terms: &Terms, role: &Role, tool: &str, of: impl Fn(&Terms, &Request<'_>) -> T) -> T {
    let principal = Principal {
        role: role.name.value.as_str().into(),
        ..Principal::local("invoice-3")
    };
    of(
        terms,
        &Request {
            principal: &principal,
            role,
            tool,
            input: &Json::Null,
        },
    )
}

fn role(text: &str) -> Role {
    Role::parse("roles/clerk.toml", text).unwrap()
}

#[test]
fn a_granted_read_is_allowed_and_bound_to_its_words() {
    let terms = terms(&Skill::payments(), GRANT);
    let Decision::Allow(permit) = ask(&terms, &Role::local(), "status", of_terms) else {
        panic!("a granted read was not allowed");
    };
    assert!(permit.is_for(&terms.digest, "status"));
    assert!(
        !permit.is_for(&terms.digest, "initiate") && !permit.is_for(&Digest::of(b"x"), "status")
    );
    assert_eq!(
        (permit.ceiling(), permit.grant()),
        (Effect::Read, Digest::of(GRANT.as_bytes()))
    );
    assert_eq!(
        (permit.policy(), &*permit.principal().id),
        (terms.policy_digest, "invoice-3")
    );
}

#[test]
fn what_can_t_be_undone_needs_a_person_though_no_line_asks() {
    let skill =
        Skill::of("[tools.wipe]\neffect = \"irreversible\"\n[tools.note]\neffect = \"write\"\n");
    let grant =
        GRANT.split("[tools]").next().unwrap().to_owned() + "[tools]\nwipe = {}\nnote = {}\n";
    let plain = terms(&skill, &grant);
    let Decision::NeedsPerson(asked) = ask(&plain, &Role::local(), "wipe", of_terms) else {
        panic!("nobody was asked");
    };
    assert_eq!(
        (asked.why(), asked.line()),
        ("what can't be undone needs a person", "shipped default")
    );
    assert!(matches!(
        ask(&plain, &Role::local(), "note", of_terms),
        Decision::Allow(_)
    ));

    let raised = terms(
        &skill,
        &grant.replace("note = {}", "note = { effect = \"irreversible\" }"),
    );
    let Decision::NeedsPerson(asked) = ask(&raised, &Role::local(), "note", of_terms) else {
        panic!("nobody was asked");
    };
    assert_eq!(asked.line(), "grants/acme.payments.toml:7");
}

/// What `tool` of a skill with `manifest` and the arguments of a payment gets, granted as `granted`.
fn paying(manifest: &str, granted: &str, input: &Json) -> (Decision, String) {
    let mut skill = Skill::of(manifest);
    let params = Skill::payments();
    let initiate = params.tools.iter().find(|tool| tool.name == "initiate");
    for tool in &mut skill.tools {
        Arc::make_mut(tool).params = initiate.unwrap().params.clone();
    }
    let grant = GRANT.split("[tools]").next().unwrap().to_owned() + "[tools]\n" + granted;
    let terms = terms(&skill, &grant);
    let principal = Principal::local("invoice-3");
    let request = Request {
        principal: &principal,
        role: &Role::local(),
        tool: "pay",
        input,
    };
    (
        of_terms(&terms, &request),
        why::of_terms(&terms, &request).to_string(),
    )
}

fn euros(minor: &str) -> Json {
    serde_json::json!({ "iban": "NO9386011117947", "amount": { "minor": minor, "currency": "EUR" }, "reference": "x" })
}

#[test]
fn a_condition_asks_of_the_calls_that_it_is_about_and_of_no_others() {
    let write = "[tools.pay]\neffect = \"write\"\n";
    let over = "pay = { confirm = { when = \"input.amount.minor > 100000 EUR\" } }\n";
    let (small, why_small) = paying(write, over, &euros("100000"));
    let (large, why_large) = paying(write, over, &euros("100001"));
    let (unsaid, why_unsaid) = paying(write, over, &Json::Null);
    assert!(matches!(small, Decision::Allow(_)), "{small:?}");
    assert!(matches!(large, Decision::NeedsPerson(_)), "{large:?}");
    assert!(matches!(unsaid, Decision::NeedsPerson(_)), "{unsaid:?}");
    insta::assert_snapshot!("condition", [why_small, why_large, why_unsaid].join("\n"));
}

#[test]
fn the_author_s_condition_is_held_too_and_one_that_can_t_be_read_asks_each_time() {
    let of = |when: &str| {
        format!("[tools.pay]\neffect = \"write\"\nconfirm = {{ when = \"{when}\" }}\n")
    };
    let asks = |when: &str, minor: &str| {
        let (decision, _) = paying(&of(when), "pay = {}\n", &euros(minor));
        matches!(decision, Decision::NeedsPerson(_))
    };
    assert!(!asks("input.amount.minor > 5 EUR", "5"));
    assert!(asks("input.amount.minor > 5 EUR", "6"));
    for unread in [
        "input.sum > 5",
        "now and then",
        "input.amount.minor > 5 || true",
    ] {
        assert!(asks(unread, "1"), "{unread}");
    }
}

#[test]
fn the_author_can_ask_too() {
    let skill = Skill::of(
        "[tools.status]\neffect = \"read\"\nconfirm = { when = \"input.payment == 'x'\" }\n",
    );
    let grant = GRANT.split("[tools]").next().unwrap().to_owned() + "[tools]\nstatus = {}\n";
    let decision = ask(&terms(&skill, &grant), &Role::local(), "status", of_terms);
    assert!(matches!(decision, Decision::NeedsPerson(_)));
}

#[test]
fn a_refusal_names_the_line_that_would_allow_it() {
    let partly = GRANT.replace("status   = {}\n", "");
    let terms = terms(&Skill::payments(), &partly);
    let denied = |role: &Role, tool: &str| {
        let Decision::Deny { why, fix } = ask(&terms, role, tool, of_terms) else {
            panic!("`{tool}` was not denied");
        };
        format!("{why}\n  -> {fix}")
    };
    let elsewhere = Role::local();
    let stranger = Principal {
        role: "clerk".into(),
        ..Principal::local("x")
    };
    let request = Request {
        principal: &stranger,
        role: &elsewhere,
        tool: "initiate",
        input: &Json::Null,
    };
    let Decision::Deny { why, fix } = of_terms(&terms, &request) else {
        panic!("somebody else's role was taken");
    };
    let page = [
        denied(&Role::local(), "status"),
        denied(&Role::local(), "no-such-tool"),
        denied(&role("role = \"clerk\"\nskills = [\"read\"]\n"), "initiate"),
        denied(
            &role(
                "role = \"clerk\"\nskills = [\"execute\"]\ntools = [\"acme:payments/status\", \"other:*\"]\n",
            ),
            "initiate",
        ),
        format!("{why}\n  -> {fix}"),
    ];
    insta::assert_snapshot!("denied", page.join("\n\n"));
}

#[test]
fn why_names_each_line_that_decides() {
    let text = GRANT.replace("status   = {}", "status = { effect = \"write\" }");
    let clerk = "role = \"clerk\"\nskills = [\"execute\"]\ntools = [\"acme:payments/*\"]\n";
    let terms = terms_with(&Skill::payments(), &[(FILE, &text), (ROLE, clerk)]);
    let clerk = role(clerk);
    let page = [
        ask(&terms, &Role::local(), "status", why::of_terms),
        ask(&terms, &clerk, "initiate", why::of_terms),
        ask(&terms, &clerk, "refund", why::of_terms),
    ];
    insta::assert_snapshot!("why", page.map(|said| said.to_string()).join("\n"));
    let json = serde_json::to_value(ask(&terms, &clerk, "initiate", why::of_terms)).unwrap();
    assert_eq!(json["answer"], "needs-person");
    assert_eq!(json["lines"][1]["place"], "grants/acme.payments.toml:6");
}

/// What a call of `status` with this `payment` gets under the policies of one file.
fn under(policies: &str, payment: &str) -> Decision {
    let mut skill = Skill::payments();
    let status = skill.tools.iter_mut().find(|tool| tool.name == "status");
    Arc::make_mut(status.unwrap()).params = vec![
        param("payment", vouchsafe_package::Type::U64),
        param(
            "note",
            vouchsafe_package::Type::Option(Box::new(vouchsafe_package::Type::String)),
        ),
    ];
    let terms = terms_with(&skill, &[(FILE, GRANT), ("policies/house.cedar", policies)]);
    let principal = Principal::local("invoice-3");
    let input = serde_json::json!({ "payment": payment, "note": null });
    let request = Request {
        principal: &principal,
        role: &Role::local(),
        tool: "status",
        input: &input,
    };
    of_terms(&terms, &request)
}

fn line_of(decision: Decision) -> String {
    match decision {
        Decision::Allow(_) => "allowed".to_owned(),
        Decision::NeedsPerson(asked) => {
            format!(
                "asks {}: {} ({})",
                asked.wanted().who(),
                asked.why(),
                asked.line()
            )
        }
        Decision::Deny { why, fix } => format!("denies: {why}\n  -> {fix}"),
    }
}

#[test]
fn a_policy_forbids_or_asks_and_the_decision_names_its_line() {
    let forbid = "// the house\n\n@reason(\"frozen\")\nforbid (principal, action, resource in Skill::\"acme:payments\");\n";
    let ask = "@confirm(\"four-eyes\")\nforbid (principal == Role::\"local\", action == Action::\"call_unattended\", resource == Tool::\"acme:payments/status\")\nwhen { context.input.payment > 5 };\n";
    let both = format!("{ask}{forbid}");
    let page = [
        line_of(under(forbid, "1")),
        line_of(under(ask, "5")),
        line_of(under(ask, "6")),
        line_of(under(&both, "6")),
    ];
    insta::assert_snapshot!("policies", page.join("\n"));
}

#[test]
fn a_policy_about_others_says_nothing() {
    for other in [
        "principal == Role::\"clerk\", action, resource",
        "principal, action, resource == Tool::\"acme:payments/initiate\"",
        "principal, action, resource in Skill::\"acme:ledger\"",
        "principal, action, resource in Namespace::\"other\"",
    ] {
        let decision = under(&format!("forbid ({other});"), "1");
        assert!(
            matches!(decision, Decision::Allow(_)),
            "{other}: {decision:?}"
        );
    }
}

#[test]
fn a_policy_that_can_t_be_evaluated_has_matched() {
    let of = |action: &str, when: &str, payment: &str| {
        under(
            &format!(
                "forbid (principal, action == Action::\"{action}\", resource == Tool::\"acme:payments/status\") when {{ {when} }};"
            ),
            payment,
        )
    };
    let (overflow, beyond) = (
        "context.input.payment * 4611686018427387904 > 0",
        "9223372036854775808",
    );
    assert!(matches!(
        of("call", overflow, "1"),
        Decision::Allow(_) | Decision::Deny { .. }
    ));
    assert!(
        matches!(of("call", overflow, "3"), Decision::Deny { .. }),
        "an overflow"
    );
    assert!(matches!(
        of("call_unattended", overflow, "3"),
        Decision::NeedsPerson(_)
    ));
    for never in [
        "context.input.payment == 7",
        "context has input && context.input.payment < 0",
    ] {
        assert!(matches!(
            of("call", never, "9223372036854775807"),
            Decision::Allow(_)
        ));
        assert!(
            matches!(of("call", never, beyond), Decision::Deny { .. }),
            "{never}"
        );
        assert!(matches!(
            of("call_unattended", never, beyond),
            Decision::NeedsPerson(_)
        ));
    }
    let elsewhere = "context.agent == \"other\"";
    assert!(
        matches!(of("call", elsewhere, beyond), Decision::Allow(_)),
        "it does not look"
    );
}

fn an_effect() -> impl Strategy<Value = Effect> {
    prop::sample::select(vec![Effect::Read, Effect::Write, Effect::Irreversible])
}

proptest! {
    /// Allowed means: the role may, the grant may, it can be undone, and nobody wants to be asked.
    #[test]
    fn a_call_is_allowed_only_when_everything_says_so(
        declared in an_effect(), raise in prop::option::of(an_effect()), asks: bool, author: bool, granted: bool, executes: bool, scoped: bool,
    ) {
        prop_assume!(raise.is_none_or(|raise| raise >= declared));
        let confirm = if author { "confirm = \"always\"\n" } else { "" };
        let skill = Skill::of(&format!("[tools.act]\neffect = \"{declared}\"\n{confirm}"));
        let effect = raise.map(|raise| format!("effect = \"{raise}\"\n")).unwrap_or_default();
        let confirm = if asks { "confirm = \"always\"\n" } else { "" };
        let tool = if granted { format!("[tools.act]\n{effect}{confirm}") } else { String::new() };
        let grant = GRANT.split("[tools]").next().unwrap().to_owned() + &tool;
        let verb = if executes { "execute" } else { "read" };
        let scope = if scoped { "acme:payments/act" } else { "acme:payments/other" };
        let role_text = format!("role = \"clerk\"\nskills = [\"{verb}\"]\ntools = [\"{scope}\"]\n");
        let terms = terms_with(&skill, &[(FILE, &grant), (ROLE, &role_text)]);
        let role = role(&role_text);

        let denied = !(granted && executes && scoped);
        let asked = asks || author || declared.max(raise.unwrap_or(Effect::Read)) == Effect::Irreversible;
        let (decision, answer) = (ask(&terms, &role, "act", of_terms), ask(&terms, &role, "act", why::of_terms).answer);
        match decision {
            Decision::Deny { .. } => prop_assert!(denied && answer == why::Answer::Denied),
            Decision::NeedsPerson(_) => prop_assert!(!denied && asked && answer == why::Answer::NeedsPerson),
            Decision::Allow(permit) => {
                prop_assert!(!denied && !asked && answer == why::Answer::Allowed);
                prop_assert_eq!(permit.ceiling(), declared);
            }
        }
    }
}
