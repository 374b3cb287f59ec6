use proptest::prelude::*;

use super::*;
use crate::fixture::{FILE, GRANT, Skill, in_force, key};
use crate::why;

fn terms(skill: &Skill, grant: &str) -> Terms {
    Terms::of(
        &skill.declared(),
        "acme",
        None,
        &in_force(&[(FILE, grant)], &key()),
    )
    .unwrap()
}

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

#[test]
fn a_condition_asks_until_it_is_evaluated() {
    let text = GRANT.replace(
        "{ confirm = \"two-people\" }",
        "{ confirm = { when = \"input.amount.minor > 100000\" } }",
    );
    let terms = terms(&Skill::payments(), &text);
    let Decision::NeedsPerson(asked) = ask(&terms, &Role::local(), "initiate", of_terms) else {
        panic!("nobody was asked");
    };
    assert!(asked.why().contains("conditions are not evaluated yet"));
    assert_eq!(asked.line(), "grants/acme.payments.toml:6");
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
    let terms = terms(&Skill::payments(), &text);
    let clerk = role("role = \"clerk\"\nskills = [\"execute\"]\ntools = [\"acme:payments/*\"]\n");
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
        let terms = terms(&skill, &(GRANT.split("[tools]").next().unwrap().to_owned() + &tool));
        let verb = if executes { "execute" } else { "read" };
        let scope = if scoped { "acme:payments/act" } else { "acme:payments/other" };
        let role = role(&format!("role = \"clerk\"\nskills = [\"{verb}\"]\ntools = [\"{scope}\"]\n"));

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
