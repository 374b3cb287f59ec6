use proptest::prelude::*;
use serde_json::json;
use vouchsafe_package::{Field, Type};

use super::*;
use crate::apply::{Files, Proposal};
use crate::decide::{Decision, Request, of_terms};
use crate::fixture::{Skill as Fixture, TRUST, param};
use crate::role::Principal;

const MANIFEST: &str = r#"
[tools.post]
effect = "write"

[tools.sign]
effect = "write"
confirm = { when = "input.count > 3" }

[tools.status]
effect = "read"

[http.bank]
allow = ["GET /payments/*", "POST /payments"]
"#;

/// `acme:payments`, whose `post` takes arguments of each kind that rules can look at.
fn skill() -> Fixture {
    let mut skill = Fixture::of(MANIFEST);
    let field = |name: &str, ty| Field {
        name: name.into(),
        docs: None,
        ty,
    };
    let amount = Type::Record(vec![
        field("minor", Type::U64),
        field("currency", Type::String),
    ]);
    for tool in &mut skill.tools {
        let params = match tool.name.as_str() {
            "post" => vec![
                param("amount", amount.clone()),
                param(
                    "kind",
                    Type::Enum(["wire", "card", "cash"].map(Into::into).into()),
                ),
                param("note", Type::Option(Type::String.into())),
                param("tags", Type::List(Type::String.into())),
                param("urgent", Type::Bool),
                param("other", Type::U64),
            ],
            "sign" => vec![param("count", Type::U8)],
            _ => vec![],
        };
        std::sync::Arc::make_mut(tool).params = params;
    }
    skill
}

/// What an operator writes; each field is a place where one can be stricter or laxer.
#[derive(Debug, Clone)]
struct House {
    /// Beyond this many EUR people are asked, of `tier`.
    over: u64,
    tier: &'static str,
    people: u32,
    status: bool,
    policies: Vec<String>,
    clerk: Vec<&'static str>,
    works_for: bool,
    destination: bool,
    private: bool,
    requests: Option<u64>,
}

impl House {
    fn usual() -> Self {
        Self {
            over: 1000,
            tier: "board",
            people: 2,
            status: true,
            policies: vec![],
            clerk: vec!["acme:payments/post"],
            works_for: false,
            destination: false,
            private: false,
            requests: None,
        }
    }

    fn files(&self) -> Files {
        let digest = Digest::of(b"");
        let mut grant = format!(
            "skill = \"acme:payments\"\npublisher = \"acme\"\ndigest = \"{digest}\"\n[tools]\npost = {{ confirm = {{ when = \"input.amount.minor > {} EUR\", channel = \"{}\" }} }}\nsign = {{}}\n",
            self.over, self.tier
        );
        if self.status {
            grant.push_str("status = {}\n");
        }
        if self.destination {
            grant.push_str("[http.bank]\nurl = \"https://bank.example\"\nfor = [\"status\"]\n");
            if self.private {
                grant.push_str("private = [\"10.0.0.0/8\"]\n");
            }
            if let Some(requests) = self.requests {
                grant.push_str(&format!("limits = {{ requests = {requests} }}\n"));
            }
        }
        let role = format!(
            "role = \"clerk\"\nskills = [\"execute\"]\ntools = {:?}\n",
            self.clerk
        );
        let mut settings = format!("[confirm.board]\npeople = {}\n", self.people);
        if self.works_for {
            settings.push_str("[works-for]\nuid-1 = \"anna@corp.example\"\n");
        }
        let files = [
            ("grants/acme.payments.toml", grant),
            ("roles/clerk.toml", role),
            ("vouchsafe.toml", settings),
            ("policies/house.cedar", self.policies.join("\n")),
            ("trust.toml", TRUST.to_owned()),
        ];
        files
            .map(|(path, text)| (path.to_owned(), text.into_bytes()))
            .into()
    }

    fn content(&self) -> Content {
        Proposal::read(&self.files(), &[], 0)
            .unwrap()
            .content()
            .clone()
    }
}

fn compared(old: &House, new: &House) -> Comparison {
    let skill = skill();
    let (old, new) = (old.content(), new.content());
    let rules = |content| Rules::of(content, &[skill.declared()]).unwrap();
    compare(&rules(&old), &rules(&new)).unwrap()
}

fn page(found: &Comparison) -> String {
    let class = |class: &Class| {
        let Class {
            direction,
            role,
            agents,
            tool,
            when,
            before,
            after,
            points,
            ..
        } = class;
        format!("{direction:5} {role} {agents:?} {tool} {when:?}: {before} -> {after} ({points})\n")
    };
    let line =
        |line: &Difference| format!("{}{}\n", if line.counts { "" } else { "  " }, line.change);
    let calls: String = found.calls.iter().map(class).collect();
    calls + &found.lines.iter().map(line).collect::<String>()
}

fn policy(scope: &str, when: &str) -> String {
    format!(
        "forbid (principal, {scope}, resource == Tool::\"acme:payments/post\") when {{ {when} }};"
    )
}

const REFUSE: &str = "action";
const ASK: &str = "action == Action::\"call_unattended\"";

#[test]
fn the_same_rules_decide_the_same() {
    let mut house = House::usual();
    house
        .policies
        .push(policy(REFUSE, "context.input.amount.minor > 5000"));
    let found = compared(&house, &house);
    assert!(!found.widens && found.calls.is_empty() && found.lines.is_empty());
    assert!(found.compared > 100, "{}", found.compared);
}

#[test]
fn each_class_of_calls_is_one_line() {
    let old = House {
        policies: vec![
            policy(REFUSE, "context.input.amount.minor > 5000"),
            policy(
                ASK,
                "context.input.kind == \"cash\" || context.input.tags.contains(\"\u{202e}x\\n\")",
            ),
        ],
        ..House::usual()
    };
    let new = House {
        over: 2000,
        people: 1,
        status: false,
        clerk: vec!["acme:payments/*"],
        works_for: true,
        destination: true,
        policies: vec![
            policy(
                REFUSE,
                "context.input.amount.minor > 6000 && context.agent != \"uid-1\"",
            ),
            policy(ASK, "context.input.kind == \"cash\""),
            policy(ASK, "context.input has note && context.input.note == \"\""),
        ],
        ..old.clone()
    };
    let found = compared(&old, &new);
    insta::assert_snapshot!("classes", page(&found));
    // An example is a call that is decided so.
    let skill = skill();
    let sides = [old.content(), new.content()];
    for class in &found.calls {
        for (content, said) in sides.iter().zip([&class.before, &class.after]) {
            let rules = Rules::of(content, &[skill.declared()]).unwrap();
            let decided = decided(
                &rules,
                &class.role,
                &class.example.agent,
                &class.tool,
                &class.example.input,
            );
            assert_eq!(rank(said), decided, "{class:?}");
        }
    }
}

/// 0 refused, 1 asked, 2 allowed.
fn rank(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Refused => 0,
        Outcome::Asked(_) => 1,
        Outcome::Allowed => 2,
    }
}

fn decided(rules: &Rules<'_>, role: &str, agent: &str, tool: &str, input: &Json) -> u8 {
    let principal = Principal {
        tenant: "local".into(),
        id: agent.into(),
        role: role.into(),
    };
    let terms = &rules.skills.values().next().unwrap().terms;
    let request = Request {
        principal: &principal,
        role: rules.content.role(role).unwrap(),
        tool,
        input,
    };
    match of_terms(terms, &request) {
        Decision::Deny { .. } => 0,
        Decision::NeedsPerson(_) => 1,
        Decision::Allow(_) => 2,
    }
}

/// What makes a house laxer, by what it changes.
type Loosening = (&'static str, fn(&mut House, u64));

const LOOSENINGS: [Loosening; 13] = [
    ("an amount's limit goes up", |house, by| house.over += by),
    ("nobody is asked beyond a sum", |house, _| {
        house.over = u64::MAX
    }),
    ("fewer people are asked", |house, _| house.people -= 1),
    ("other people are asked", |house, _| house.tier = "confirm"),
    ("a policy is gone", |house, _| drop(house.policies.pop())),
    ("a policy holds on a condition", |house, by| {
        let last = house.policies.last_mut().unwrap();
        *last = last.replace(" };", &format!(" && context.input.other > {by} }};"));
    }),
    ("a policy does not hold for an agent", |house, _| {
        let last = house.policies.last_mut().unwrap();
        *last = last.replace(" };", " && context.agent != \"uid-7\" };");
    }),
    ("a policy asks instead of refusing", |house, _| {
        let last = house.policies.last_mut().unwrap();
        *last = last.replace("(principal, action,", &format!("(principal, {ASK},"));
    }),
    ("a tool is granted", |house, _| house.status = true),
    ("a role has more tools", |house, _| {
        house.clerk = vec!["acme:*"]
    }),
    ("a destination is granted", |house, _| {
        house.destination = true
    }),
    ("a destination may be inside", |house, _| {
        (house.destination, house.private) = (true, true)
    }),
    ("more requests are granted", |house, by| {
        (house.destination, house.requests) = (true, Some(65 + by % 900))
    }),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(260))]

    #[test]
    fn a_loosening_is_told_as_one_and_its_reverse_is_not(which in 0..LOOSENINGS.len(), by in 1..900u64, limit in 1..900i64) {
        let (what, loosen) = LOOSENINGS[which];
        let mut old = House::usual();
        old.status = false;
        // What takes away and is to be loosened has to be what decides.
        old.policies.push(policy(REFUSE, &format!("context.input.amount.minor > {limit}")));
        if which == 0 || which == 1 || which == 2 || which == 3 {
            old.policies.clear();
        }
        if which == 11 || which == 12 {
            old.destination = true;
        }
        let mut new = old.clone();
        loosen(&mut new, by);
        prop_assert!(compared(&old, &new).widens, "{what}");
        let back = compared(&new, &old);
        prop_assert!(!back.widens, "{what}: {}", page(&back));
        prop_assert!(!back.calls.is_empty() || !back.lines.is_empty(), "{what}");
    }
}

fn a_condition() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        (
            0..20i64,
            prop::sample::select(vec![">", "<", ">=", "<=", "==", "!="])
        )
            .prop_map(|(n, sign)| format!("context.input.amount.minor {sign} {}", n * 100)),
        (0..3i64).prop_map(|n| format!("context.input.other == {n}")),
        prop::sample::select(vec![
            "context.agent == \"uid-1\"",
            "context.input.kind == \"wire\"",
            "[\"card\", \"cash\"].contains(context.input.kind)",
            "context.input.urgent",
            "context.input has note",
            "context.input.note == \"x\"",
            "context.input.tags.contains(\"a\")",
            "context.input.tags.containsAny([\"a\", \"b\"])",
            "context.input.tags.isEmpty()",
            "context.input.amount.currency == \"EUR\"",
            "principal == Role::\"clerk\"",
            "resource.effect == \"write\"",
            "context.input.amount.minor + context.input.other > 500",
            "context.agent like \"uid-*\"",
        ])
        .prop_map(str::to_owned),
    ];
    let pair = (
        atom.clone(),
        prop::sample::select(vec!["&&", "||"]),
        atom.clone(),
        any::<bool>(),
    );
    prop_oneof![
        atom,
        pair.prop_map(|(one, sign, two, not)| format!(
            "{}({one} {sign} {two})",
            if not { "!" } else { "" }
        )),
    ]
}

fn a_house() -> impl Strategy<Value = House> {
    let policy =
        (prop::sample::select(vec![REFUSE, ASK]), a_condition()).prop_map(|(scope, when)| {
            // What is not there is not compared: so the policy fits.
            let when = when.replace(
                "context.input.note ==",
                "context.input has note && context.input.note ==",
            );
            policy(scope, &when)
        });
    let rules = (
        0..20u64,
        prop::collection::vec(policy, 0..3),
        1..3u32,
        any::<[bool; 3]>(),
    );
    rules.prop_map(|(over, policies, people, [tier, clerk, works_for])| House {
        over: over * 100,
        tier: if tier { "board" } else { "confirm" },
        clerk: vec![if clerk {
            "acme:payments/post"
        } else {
            "acme:payments/status"
        }],
        people,
        policies,
        works_for,
        ..House::usual()
    })
}

/// Arguments, not chosen by what rules compare them with, and an agent.
fn a_call() -> impl Strategy<Value = (bool, String, Json)> {
    let number = prop_oneof![
        0..2100u64,
        prop::sample::select(vec![u64::MAX, 1 << 63, (1 << 63) - 1])
    ];
    let note = prop::option::of(prop::sample::select(vec!["x", "y", ""]));
    let tags = prop::collection::btree_set(prop::sample::select(vec!["a", "b", "c"]), 0..3);
    let words = (
        prop::sample::select(vec!["EUR", "USD"]),
        prop::sample::select(vec!["wire", "card", "cash"]),
        prop::sample::select(vec!["uid-1", "uid-9", "bo"]),
    );
    let call = (any::<[bool; 2]>(), number, 0..4u64, words, note, tags);
    call.prop_map(|([clerk, urgent], minor, other, (currency, kind, agent), note, tags)| {
        let input = json!({
            "amount": { "minor": minor.to_string(), "currency": currency },
            "kind": kind, "note": note, "tags": tags, "urgent": urgent, "other": other.to_string(),
        });
        (clerk, agent.to_owned(), input)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_call_that_is_decided_otherwise_is_missed(old in a_house(), new in a_house(), calls in prop::collection::vec(a_call(), 60)) {
        let skill = skill();
        let contents = [old.content(), new.content()];
        let [before, after] = contents.each_ref().map(|content| Rules::of(content, &[skill.declared()]).unwrap());
        let found = compare(&before, &after).unwrap();
        for (clerk, agent, input) in &calls {
            let role = if *clerk { "clerk" } else { "local" };
            let [was, is] = [&before, &after].map(|rules| decided(rules, role, agent, "post", input));
            let told = found.calls.iter().any(|class| {
                class.role == role && class.tool == "post" && (rank(&class.before), rank(&class.after)) == (was, is)
            });
            if is > was {
                prop_assert!(found.widens, "{old:?}\n{new:?}\n{agent} {input}");
            }
            if is != was && found.inexact.is_empty() {
                prop_assert!(told, "{old:?}\n{new:?}\n{agent} {input}\n{}", page(&found));
            }
        }
    }
}

#[test]
fn what_can_t_be_divided_is_named_and_then_each_line_counts() {
    let sum = |limit: u64| House {
        policies: vec![policy(
            REFUSE,
            &format!("context.input.amount.minor + context.input.other > {limit}"),
        )],
        ..House::usual()
    };
    let found = compared(&sum(500), &sum(100_000));
    assert!(found.widens);
    assert_eq!(found.inexact.len(), 1, "{:?}", found.inexact);
    assert!(found.lines.iter().all(|line| line.counts));
    // Though nothing that is tried is decided otherwise.
    let like = |pattern: &str| House {
        policies: vec![policy(
            REFUSE,
            &format!(
                "!(context.agent like \"{pattern}\") && context.input.urgent && context.input.amount.minor < 0"
            ),
        )],
        ..House::usual()
    };
    let found = compared(&like("a*"), &like("b*"));
    assert!(found.calls.is_empty() && found.widens, "{}", page(&found));
}

#[test]
fn too_many_calls_are_refused_and_not_sampled() {
    let equal = |way: &str, many: i64| {
        let all: Vec<_> = (0..many)
            .map(|n| format!("context.input.{way} == {}", n * 10))
            .collect();
        policy(REFUSE, &all.join(" || "))
    };
    let many = House {
        policies: vec![equal("amount.minor", 300), equal("other", 300)],
        ..House::usual()
    };
    let tags: Vec<_> = (0..30)
        .map(|n| format!("context.input.tags.contains(\"{n}\")"))
        .collect();
    let sets = House {
        policies: vec![policy(REFUSE, &tags.join(" || "))],
        ..House::usual()
    };
    let skill = skill();
    for house in [many, sets] {
        let content = house.content();
        let rules = Rules::of(&content, &[skill.declared()]).unwrap();
        let error = compare(&rules, &rules).unwrap_err().to_string();
        assert!(
            error.contains("at most 2000000 are: `acme:payments/post`"),
            "{error}"
        );
    }
}

#[test]
fn a_component_that_is_not_at_hand_is_named_with_its_line() {
    let content = House::usual().content();
    let error = Rules::of(&content, &[]).unwrap_err().to_string();
    assert!(
        error.starts_with("grants/acme.payments.toml:3: the component sha256:e3b0"),
        "{error}"
    );
}

#[test]
fn what_a_skill_calls_of_another_is_compared_too() {
    let mut callee = skill();
    let sign = callee.tools.iter_mut().find(|tool| tool.name == "sign");
    std::sync::Arc::make_mut(sign.unwrap()).export.interface =
        Some("acme:payments/it@1.2.0".to_owned());
    let mut caller =
        Fixture::of("[tools.run]\neffect = \"write\"\n\n[skills.\"acme:payments/it\"]\n");
    (caller.name, caller.digest) = ("acme:outer".parse().unwrap(), Digest::of(b"outer"));
    let house = |limit: u8, named: &str| {
        let policy = format!(
            "forbid (principal, action, resource == Tool::\"acme:payments/sign\") when {{ context.input.count > {limit} }};"
        );
        let mut files = House {
            policies: vec![policy],
            clerk: vec!["acme:outer/run"],
            ..House::usual()
        }
        .files();
        let grant = format!(
            "skill = \"acme:outer\"\npublisher = \"acme\"\ndigest = \"{}\"\n[tools]\nrun = {{}}\n{named}",
            caller.digest
        );
        files.insert("grants/outer.toml".to_owned(), grant.into());
        Proposal::read(&files, &[], 0).unwrap().content().clone()
    };
    let named = "[skills.\"acme:payments/it\"]\nskill = \"acme:payments\"\npublisher = \"acme\"\n";
    let said = |old: &Content, new: &Content| {
        let rules = |content| Rules::of(content, &[callee.declared(), caller.declared()]).unwrap();
        let found = compare(&rules(old), &rules(new)).unwrap();
        let clerks = found
            .calls
            .into_iter()
            .filter(|class| class.role == "clerk");
        let of = |class: Class| {
            let by = class.by.map(|by| by.to_string());
            assert_eq!(
                (class.tool.as_str(), by.as_deref()),
                ("sign", Some("acme:outer"))
            );
            format!(
                "{} {} {} -> {}",
                class.direction,
                class.when.join(" and "),
                rank(&class.before),
                rank(&class.after)
            )
        };
        clerks.map(of).collect::<Vec<_>>()
    };
    let (five, seven) = (house(5, named), house(7, named));
    assert_eq!(
        said(&five, &seven),
        ["MORE input.count is from 6 to 7 0 -> 1"]
    );
    assert_eq!(
        said(&seven, &five),
        ["LESS input.count is from 6 to 7 1 -> 0"]
    );
    // Whom the skill may call at all is the outer grant's.
    let alone = house(5, "");
    let told = said(&alone, &five);
    assert_eq!(
        told,
        [
            "MORE input.count is at most 3 0 -> 2",
            "MORE input.count is from 4 to 5 0 -> 1"
        ]
    );
}

#[test]
fn a_number_beyond_cedar_s_is_tried_wherever_an_argument_can_have_one() {
    let field = Field {
        name: "n".into(),
        docs: None,
        ty: Type::U64,
    };
    let record = Type::Record(vec![field]);
    let kinds = [
        Type::U64,
        Type::Option(Type::U64.into()),
        Type::List(Type::U64.into()),
        record.clone(),
        Type::List(record.into()),
        Type::List(Box::new(Type::List(Type::U64.into()))),
    ];
    for ty in kinds {
        let mut skill = Fixture::of("[tools.post]\neffect = \"write\"\n");
        let params = vec![param("wide", ty.clone()), param("urgent", Type::Bool)];
        std::sync::Arc::make_mut(&mut skill.tools[0]).params = params;
        let content = |policies: &str| {
            let digest = Digest::of(b"");
            let grant = format!(
                "skill = \"acme:payments\"\npublisher = \"acme\"\ndigest = \"{digest}\"\n[tools]\npost = {{}}\n"
            );
            let files = [
                ("grants/a.toml", grant.as_str()),
                ("policies/house.cedar", policies),
            ];
            let files = crate::fixture::files(&files);
            Proposal::read(&files, &[], 0).unwrap().content().clone()
        };
        // It matches nothing but what can't be evaluated.
        let old = content(&policy(
            REFUSE,
            "context.input.urgent && !context.input.urgent",
        ));
        let new = content("");
        let rules = |content| Rules::of(content, &[skill.declared()]).unwrap();
        let found = compare(&rules(&old), &rules(&new)).unwrap();
        let [class] = &found.calls[..] else {
            panic!("{ty}: {}", page(&found))
        };
        assert_eq!(
            (&class.before, &class.after),
            (&Outcome::Refused, &Outcome::Allowed),
            "{ty}"
        );
        assert!(
            class
                .example
                .input
                .to_string()
                .contains("9223372036854775808"),
            "{ty}: {class:?}"
        );
    }
}

#[test]
fn whose_yes_counts_is_compared_with_the_people_and_not_with_their_number_alone() {
    let approver = |name: &str, groups: &str| {
        let key = crate::fixture::key().public().to_pem();
        let text = format!(
            "name = \"{name}\"\nperson = \"{name}@corp.example\"\ngroups = [{groups}]\nkey = \"\"\"\n{key}\"\"\"\n"
        );
        (format!("approvers/{name}.toml"), text)
    };
    let anna = approver("anna", "\"board\"");
    let also = |groups: &str| {
        (
            anna.0.clone(),
            anna.1.replace("[\"board\"]", &format!("[{groups}]")),
        )
    };
    let (bo, cy) = (approver("bo", "\"board\""), approver("cy", "\"board\""));
    let content = |works_for: &str, approvers: &[&(String, String)]| {
        let mut files = House::usual().files();
        let settings = format!(
            "[confirm.board]\npeople = 1\nfrom = \"board\"\n[works-for]\nuid-1 = \"{works_for}@corp.example\"\n"
        );
        files.insert("vouchsafe.toml".to_owned(), settings.into());
        let approvers = approvers.iter();
        files.extend(approvers.map(|(path, text)| (path.clone(), text.clone().into_bytes())));
        Proposal::read(&files, &[], 0).unwrap().content().clone()
    };
    let skill = skill();
    let told = |old: &Content, new: &Content| {
        let rules = |content| Rules::of(content, &[skill.declared()]).unwrap();
        let found = compare(&rules(old), &rules(new)).unwrap();
        let classes: BTreeSet<_> = found
            .calls
            .iter()
            .map(|class| class.direction.to_string())
            .collect();
        (found.widens, classes)
    };
    let more = (true, BTreeSet::from(["MORE".to_owned()]));
    // Whose agent it is says who is not somebody else.
    let annas = content("anna", &[&anna, &bo]);
    assert_eq!(told(&annas, &content("bo", &[&anna, &bo])), more);
    // Whoever is of a group less is no less somebody else for it.
    let many = also("\"board\", \"other\"");
    assert_eq!(
        told(
            &content("anna", &[&many, &bo]),
            &content("bo", &[&anna, &bo])
        ),
        more
    );
    // Who is enrolled anew, or no more, is told by the file's line.
    let third = content("anna", &[&anna, &bo, &cy]);
    assert_eq!(told(&annas, &third), (true, BTreeSet::new()));
    assert_eq!(told(&third, &annas), (false, BTreeSet::new()));
}
