use proptest::prelude::*;
use vouchsafe_package::manifest::ByteSize;

use super::*;
use crate::fixture::{FILE, GRANT, Skill};

fn grant(text: &str) -> Grant {
    Grant::parse(FILE, text).unwrap()
}

#[test]
fn the_manual_s_grant_fits_the_manual_s_skill() {
    let effective = meet(&Skill::payments().declared(), &grant(GRANT)).unwrap();
    let initiate = &effective.tools["initiate"];
    assert_eq!(
        (initiate.mcp_name.as_str(), initiate.effect),
        ("payments_initiate", Effect::Irreversible)
    );
    let bank = effective.http.get("bank").unwrap();
    assert_eq!(bank.allow.len(), 2);
    assert_eq!(bank.auth.as_ref().unwrap().0.secret, "bank-token");
    assert_eq!(effective.limits, Limits::default());
}

#[test]
fn raising_an_effect_leaves_the_ceiling() {
    let text = GRANT.replace("status   = {}", "status = { effect = \"irreversible\" }");
    let effective = meet(&Skill::payments().declared(), &grant(&text)).unwrap();
    let status = &effective.tools["status"];
    assert_eq!(
        (status.ceiling, status.effect),
        (Effect::Read, Effect::Irreversible)
    );
}

/// Each with one line of the manual's grant replaced.
const MISFITS: &[(&str, &str)] = &[
    ("acme:refunds", "acme:payments"),
    ("refund = {}", "status   = {}"),
    (
        "initiate = { effect = \"write\" }",
        "initiate = { confirm = \"two-people\" }",
    ),
    (
        "initiate = { confirm = { when = \"input.amount > 1\" } }",
        "initiate = { confirm = \"two-people\" }",
    ),
    (
        "initiate = { confirm = { when = \"input.sum > 1\" } }",
        "initiate = { confirm = \"two-people\" }",
    ),
    ("[http.ledger]", "[http.bank]"),
    ("", "url     = \"https://bank.corp.internal:8443/api\"\n"),
    (
        "",
        "auth    = { vault = \"secret/payments/bank\", field = \"token\" }\n",
    ),
    ("\"GET /*\"", "\"GET /payments/*\""),
    ("\"DELETE /payments/*\"", "\"GET /payments/*\""),
    (
        "[http.bank]\nreads = [\"POST /refunds\"]\n",
        "[http.bank]\n",
    ),
    ("[http.bank]\nfor = [\"refund\"]\n", "[http.bank]\n"),
    (
        "\nalias = \"a-name-much-longer-than-an-agent-would-ever-want-it\"\n",
        "\n",
    ),
    (
        "[limits]\nfuel = 1000000001\ntime = \"1h\"\n[http.bank]",
        "[http.bank]",
    ),
];

#[test]
fn a_line_that_does_not_fit_the_skill_is_named() {
    let skill = Skill::payments();
    let mut page = String::new();
    for (line, instead_of) in MISFITS {
        let changed = GRANT.replacen(instead_of, line, 1);
        assert_ne!(changed, GRANT);
        let misfit = meet(&skill.declared(), &grant(&changed)).expect_err(line);
        page.push_str(&format!("{}\n{misfit}\n\n", line.trim()));
    }
    insta::assert_snapshot!("misfits", page);
}

/// A skill with a setting that has a default and one that has none.
fn with_settings() -> Skill {
    Skill::of(
        "[tools.parse]\neffect = \"read\"\n[settings.currency]\ndefault = \"EUR\"\n[settings.region]\n",
    )
}

#[test]
fn a_setting_is_what_the_grant_says_else_the_default_and_nothing_else_is_there() {
    let head = GRANT.split("[tools]").next().unwrap();
    let of = |settings: &str| {
        let text = format!("{head}[settings]\n{settings}");
        let found = meet(&with_settings().declared(), &grant(&text));
        found.map(|effective| format!("{:?}", effective.settings))
    };
    assert_eq!(
        of("region = \"eu\"\n").unwrap(),
        r#"{"currency": "EUR", "region": "eu"}"#
    );
    assert_eq!(
        of("region = \"eu\"\ncurrency = \"NOK\"\n").unwrap(),
        r#"{"currency": "NOK", "region": "eu"}"#
    );
    for (text, problem) in [
        ("", "nothing says what the setting `region` is"),
        (
            "region = \"eu\"\nzone = \"b\"\n",
            "the skill declares no setting `zone`",
        ),
    ] {
        let said = of(text).unwrap_err().to_string();
        assert!(said.contains(problem), "{said}");
    }
}

#[test]
fn a_grant_can_t_move_what_the_skill_fixes() {
    let mut skill = Skill::payments();
    let bank = skill.manifest.http.get_mut("bank").unwrap();
    bank.url = Some("https://bank.example/".to_owned());
    let misfit = meet(&skill.declared(), &grant(GRANT))
        .unwrap_err()
        .to_string();
    assert!(
        misfit.contains(":10:11: the skill fixes `bank` at `https://bank.example/`"),
        "{misfit}"
    );
}

#[test]
fn a_credential_that_nobody_asked_for_is_refused() {
    let mut skill = Skill::payments();
    skill.manifest.http.get_mut("bank").unwrap().auth = None;
    let misfit = meet(&skill.declared(), &grant(GRANT))
        .unwrap_err()
        .to_string();
    assert!(misfit.contains("declares no credential"), "{misfit}");
}

// ---- the model: a skill and a grant as sets of facts ----

/// One thing that a call may do. Requests are concrete, so that route patterns have nothing to
/// hide behind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Fact {
    Call {
        tool: &'static str,
        at_most: Effect,
    },
    Request {
        destination: &'static str,
        method: &'static str,
        path: String,
    },
    Use {
        bound: &'static str,
        amount: u64,
    },
}

const TOOLS: [&str; 3] = ["initiate", "status", "refund"];
const DESTINATIONS: [&str; 2] = ["bank", "ledger"];
const METHODS: [&str; 2] = ["GET", "POST"];
const EFFECTS: [Effect; 3] = [Effect::Read, Effect::Write, Effect::Irreversible];
const AMOUNTS: [u64; 3] = [1, 2, 3];

type Facts = BTreeSet<Fact>;

fn facts(may: impl Fn(&Fact) -> bool) -> Facts {
    let paths = ["/a", "/b", "/a/a", "/a/b", "/b/a", "/a/a/a", "/a/b/a"];
    let calls = TOOLS
        .into_iter()
        .flat_map(|tool| EFFECTS.map(|at_most| Fact::Call { tool, at_most }));
    let requests = DESTINATIONS.into_iter().flat_map(|destination| {
        METHODS.into_iter().flat_map(move |method| {
            paths.map(|path| Fact::Request {
                destination,
                method,
                path: path.to_owned(),
            })
        })
    });
    let uses = AMOUNTS.into_iter().map(|amount| Fact::Use {
        bound: "fuel",
        amount,
    });
    calls.chain(requests).chain(uses).filter(may).collect()
}

/// The whole of the model: what both allow. An undeclared name, a lower effect or a higher bound
/// is refused instead.
fn model(declared: &Facts, granted: &Facts, fits: bool) -> Option<Facts> {
    fits.then(|| declared.intersection(granted).cloned().collect())
}

#[derive(Debug, Clone)]
struct Words {
    tools: BTreeMap<&'static str, Option<Effect>>,
    http: BTreeMap<&'static str, Vec<&'static str>>,
    fuel: Option<u64>,
}

fn words(an_effect: impl Strategy<Value = Option<Effect>>) -> impl Strategy<Value = Words> {
    let routes = prop::sample::subsequence(
        vec![
            "GET /a", "GET /*", "GET /a/*", "GET /*/a", "POST /a", "POST /b", "POST /*",
        ],
        1..4,
    );
    (
        prop::collection::btree_map(prop::sample::select(TOOLS.to_vec()), an_effect, 0..=3),
        prop::collection::btree_map(prop::sample::select(DESTINATIONS.to_vec()), routes, 0..=2),
        prop::option::of(prop::sample::select(AMOUNTS.to_vec())),
    )
        .prop_map(|(tools, http, fuel)| Words { tools, http, fuel })
}

fn declared_words() -> impl Strategy<Value = Words> {
    words(prop::sample::select(EFFECTS.to_vec()).prop_map(Some))
}

/// Often a part of what is declared, so that most grants fit in most places.
fn granted_words() -> impl Strategy<Value = Words> {
    words(prop::option::weighted(
        0.2,
        prop::sample::select(EFFECTS.to_vec()),
    ))
}

impl Words {
    fn manifest(&self) -> String {
        let tools = self
            .tools
            .iter()
            .map(|(name, effect)| format!("[tools.{name}]\neffect = \"{}\"\n", effect.unwrap()));
        let http = self
            .http
            .iter()
            .map(|(name, routes)| format!("[http.{name}]\nallow = {routes:?}\n"));
        let fuel = self.fuel.map(|fuel| format!("[limits]\nfuel = {fuel}\n"));
        tools.chain(http).chain(fuel).collect()
    }

    fn grant(&self) -> String {
        let head = GRANT.split("[tools]").next().unwrap().to_owned();
        let tools = self.tools.iter().map(|(name, effect)| {
            let effect = effect.map(|effect| format!("effect = \"{effect}\"\n"));
            format!("[tools.{name}]\n{}", effect.unwrap_or_default())
        });
        let http = self.http.iter().map(|(name, routes)| {
            format!("[http.{name}]\nurl = \"https://{name}.example/\"\nallow = {routes:?}\n")
        });
        let fuel = self.fuel.map(|fuel| format!("[limits]\nfuel = {fuel}\n"));
        std::iter::once(head)
            .chain(tools)
            .chain(http)
            .chain(fuel)
            .collect()
    }

    /// What it allows by itself. A grant sets no ceiling on effects or bounds that it does not
    /// name: the intersection brings in the author's.
    fn facts(&self, is_grant: bool) -> Facts {
        facts(|fact| match fact {
            Fact::Call { tool, at_most } => self
                .tools
                .get(tool)
                .is_some_and(|effect| is_grant || effect.unwrap() >= *at_most),
            Fact::Request {
                destination,
                method,
                path,
            } => self
                .http
                .get(destination)
                .is_some_and(|routes| routes.iter().any(|route| allows(route, method, path))),
            Fact::Use { amount, .. } => {
                self.fuel
                    .unwrap_or(if is_grant { u64::MAX } else { 1_000_000_000 })
                    >= *amount
            }
        })
    }
}

/// Written again here, by regular-expression-like splitting, so that the model does not lean on
/// what it models.
fn allows(route: &str, method: &str, path: &str) -> bool {
    let (of, pattern) = route.split_once(' ').unwrap();
    let (pattern, open) = pattern
        .strip_suffix("/*")
        .map_or((pattern, false), |head| (head, true));
    let (want, have): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    let heads = want
        .iter()
        .zip(&have)
        .all(|(want, have)| *want == "*" || want == have);
    of == method
        && heads
        && if open {
            have.len() > want.len()
        } else {
            have.len() == want.len()
        }
}

/// Whether no line of the grant names what is not declared, lowers an effect or raises a bound.
fn fits(declared: &Words, granted: &Words) -> bool {
    let tools = granted
        .tools
        .iter()
        .all(|(name, effect)| match declared.tools.get(name) {
            Some(declared) => effect.is_none() || *effect >= *declared,
            None => false,
        });
    let covers = |outer: &str, route: &str| {
        METHODS.into_iter().all(|method| {
            PATHS
                .iter()
                .all(|path| !allows(route, method, path) || allows(outer, method, path))
        })
    };
    let within =
        |name: &str, route: &str| declared.http[name].iter().any(|outer| covers(outer, route));
    let http = granted.http.iter().all(|(name, routes)| {
        declared.http.contains_key(name) && routes.iter().all(|route| within(name, route))
    });
    tools
        && http
        && granted
            .fuel
            .is_none_or(|fuel| fuel <= declared.fuel.unwrap_or(1_000_000_000))
}

/// Enough paths to tell any two of the routes apart, one with a word that no route has.
const PATHS: [&str; 9] = [
    "/a", "/b", "/c", "/a/a", "/a/c", "/c/a", "/c/c", "/a/a/a", "/c/c/c",
];

/// What `meet` answers, in the model's words.
fn observed(effective: &Effective) -> Facts {
    facts(|fact| match fact {
        Fact::Call { tool, at_most } => effective
            .tools
            .get(*tool)
            .is_some_and(|tool| tool.ceiling >= *at_most),
        Fact::Request {
            destination,
            method,
            path,
        } => effective.http.get(destination).is_some_and(|http| {
            http.allow
                .iter()
                .any(|route| allows(&route.to_string(), method, path))
        }),
        Fact::Use { amount, .. } => effective.limits.fuel >= *amount,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_effective_is_what_is_declared_and_granted(declared in declared_words(), granted in granted_words()) {
        let skill = Skill::of(&declared.manifest());
        let effective = meet(&skill.declared(), &grant(&granted.grant()));
        let (asked, given) = (declared.facts(false), granted.facts(true));
        let observed = effective.as_ref().ok().map(observed);
        prop_assert_eq!(&observed, &model(&asked, &given, fits(&declared, &granted)), "{:?}", effective);
        if let Some(observed) = observed {
            prop_assert!(observed.is_subset(&asked) && observed.is_subset(&given));
        }
    }

    #[test]
    fn the_part_of_a_skill_that_is_granted_is_what_it_gets(declared in declared_words(), keep in any::<prop::sample::Index>()) {
        let mut granted = declared.clone();
        let names: Vec<_> = granted.tools.keys().copied().collect();
        if !names.is_empty() {
            let kept = names[keep.index(names.len())];
            granted.tools.retain(|name, _| *name == kept);
        }
        granted.http.retain(|name, _| *name == "bank");
        let skill = Skill::of(&declared.manifest());
        let effective = meet(&skill.declared(), &grant(&granted.grant())).unwrap();
        prop_assert!(effective.tools.keys().eq(granted.tools.keys().copied()));
        prop_assert_eq!(&observed(&effective), &model(&declared.facts(false), &granted.facts(true), true).unwrap());
    }

    #[test]
    fn a_bound_is_never_above_either(memory: u64, own: u64) {
        let mut skill = Skill::payments();
        skill.manifest.limits.memory = Some(ByteSize(own));
        let mut grant = grant(GRANT);
        grant.limits.memory = Some(At { value: ByteSize(memory), place: grant.skill.place.clone() });
        match meet(&skill.declared(), &grant) {
            Ok(effective) => prop_assert!(memory <= own && effective.limits.memory_bytes == memory),
            Err(_) => prop_assert!(memory > own),
        }
    }
}

#[test]
fn a_credential_stands_in_no_header_that_says_something_else() {
    let source = SecretSource {
        kept: crate::grant::KeptIn::Sealed {
            name: "token".to_owned(),
        },
        user: None,
        query: false,
        region: None,
    };
    let of = |name: &str| {
        let placement = Placement::Header {
            name: name.to_owned(),
            format: "{}".to_owned(),
        };
        super::fits("bank", &placement, &source)
    };
    for name in ["authorization", "cookie", "x-api-key", "x-signature"] {
        assert!(of(name).is_ok(), "{name}");
    }
    for name in [
        "host",
        "content-length",
        "x-forwarded-for",
        "x_original_url",
        "te",
    ] {
        let (problem, _) = of(name).unwrap_err();
        assert!(problem.contains("can't stand in"), "{problem}");
    }
}
