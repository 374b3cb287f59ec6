use super::*;
use crate::fixture::{FILE, GRANT, Skill};

fn parse(text: &str) -> Result<Grant, Fault> {
    Grant::parse(FILE, text)
}

#[test]
fn the_manual_s_grant_is_read_with_its_lines() {
    let grant = parse(GRANT).unwrap();
    assert_eq!(grant.skill.value.to_string(), "acme:payments");
    assert_eq!(grant.prefix(), "payments");
    assert_eq!(
        grant.tools["initiate"].confirm.as_ref().unwrap().place.line,
        6
    );
    assert_eq!(
        grant.tools["status"].place.to_string(),
        "grants/acme.payments.toml:7"
    );
    let bank = &grant.http["bank"];
    assert_eq!(bank.place.line, 9);
    assert_eq!(
        bank.url.as_ref().unwrap().value.as_str(),
        "https://bank.corp.internal:8443/api"
    );
    assert_eq!(
        bank.allow.as_ref().unwrap()[1].value.to_string(),
        "POST /payments"
    );
    assert_eq!(
        bank.auth.as_ref().unwrap().value.kept.to_string(),
        "vault secret/payments/bank token"
    );
}

#[test]
fn an_alias_stands_first_in_the_names_of_tools() {
    let grant = parse(&GRANT.replacen('\n', "\nalias = \"bank-payments\"\n", 1)).unwrap();
    assert_eq!(
        (grant.prefix(), grant.prefix_place().line),
        ("bank-payments", 2)
    );
}

#[test]
fn what_this_build_does_less_of_is_said() {
    let notices: Vec<_> = parse(&GRANT.replace("https://", "http://"))
        .unwrap()
        .notices()
        .iter()
        .map(ToString::to_string)
        .collect();
    insta::assert_snapshot!("notices", notices.join("\n"));
}

/// Each with one line of the manual's grant replaced.
const WRONG: &[(&str, &str)] = &[
    // unknown keys, at every level
    ("alias_ = \"x\"\nskill = \"acme:payments\"", SKILL),
    ("status = { confrim = \"always\" }", "status   = {}"),
    (
        "status = { confirm = { when = \"input.x > 1\", wihtin = \"1h\" } }",
        "status   = {}",
    ),
    ("urls = []", "private = [\"10.2.0.0/16\"]"),
    (
        "auth = { vault = \"a/b\", field = \"c\", header = \"x\" }",
        AUTH,
    ),
    ("[limits]\ncpu = 1", AUTH),
    ("[files.a]\npath = \"/a\"\nmode = 7", AUTH),
    ("[files.a]\npath = \"/a/../b\"", AUTH),
    ("[files.a]\npath = \"/a\"\naccess = \"write\"", AUTH),
    ("[bus]\npublish = []", AUTH),
    // twice
    ("status = {}\nstatus = {}", "status   = {}"),
    // missing and malformed values
    ("", SKILL),
    ("", "publisher = \"acme\""),
    ("publisher = \"Acme\"", "publisher = \"acme\""),
    ("skill = \"payments\"", SKILL),
    ("follow = \"*\"\nskill = \"acme:payments\"", SKILL),
    ("follow = \"latest\"\nskill = \"acme:payments\"", SKILL),
    ("alias = \"a_b\"\nskill = \"acme:payments\"", SKILL),
    ("Status = {}", "status   = {}"),
    ("status = { effect = \"none\" }", "status   = {}"),
    ("status = { confirm = \"never\" }", "status   = {}"),
    ("status = { confirm = false }", "status   = {}"),
    (
        "status = { confirm = { when = \"input.x > 1 && true\" } }",
        "status   = {}",
    ),
    ("status = { confirm = {} }", "status   = {}"),
    ("url = \"bank.corp\"", URL),
    ("url = \"ftp://bank.corp/\"", URL),
    ("url = \"https://user:pass@bank.corp/\"", URL),
    ("url = \"https://bank.corp/?x\"", URL),
    ("url = \"https://0x7f.1/\"", URL),
    ("url = \"https://BANK.corp/a/../b\"", URL),
    ("url = \"https://bank.corp:0/\"", URL),
    ("private = [\"10.2.0.1/16\"]", PRIVATE),
    ("private = [\"10.2.0.0\"]", PRIVATE),
    ("private = [\"0.0.0.0/0\"]", PRIVATE),
    ("private = [\"169.254.169.254/32\"]", PRIVATE),
    ("private = [\"127.0.0.0/8\"]", PRIVATE),
    ("private = [\"127.0.0.1/32\"]", PRIVATE),
    ("private = [\"fe80::/64\"]", PRIVATE),
    ("private = [\"::ffff:10.0.0.0/104\"]", PRIVATE),
    ("private = [\"::/0\"]", PRIVATE),
    ("url = \"https://*.corp/\"", URL),
    ("url = \"https://bank.corp./\"", URL),
    ("url = \"https://bank.corp/a;b\"", URL),
    ("reads = [\"GET /payments/*\"]", AUTH),
    ("reads = [\"DELETE /payments\"]", AUTH),
    ("for = [\"Status\"]", AUTH),
    ("roots = \"ca.pem\"", AUTH),
    (
        "roots = \"-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n\"",
        AUTH,
    ),
    ("limits = { requests = 0 }", AUTH),
    ("limits = { sent = \"2 GiB\" }", AUTH),
    ("limits = { request = 1 }", AUTH),
    ("allow = [\"TRACE /\"]", ALLOW),
    ("allow = [\"GET /a/../b\"]", ALLOW),
    ("auth = { vault = \"../secret\", field = \"token\" }", AUTH),
    ("[limits]\nfuel = 0", AUTH),
    ("[limits]\nmemory = \"lots\"", AUTH),
    // combinations
    (
        "follow = \"^1.2\"\n[tools]\nrefund = { effect = \"irreversible\" }",
        "[tools]",
    ),
    ("= ", "status   = {}"),
];

const SKILL: &str = "skill     = \"acme:payments\"";
const URL: &str = "url     = \"https://bank.corp.internal:8443/api\"";
const PRIVATE: &str = "private = [\"10.2.0.0/16\"]";
const ALLOW: &str = "allow   = [\"GET /payments/*\", \"POST /payments\"]";
const AUTH: &str = "auth    = { vault = \"secret/payments/bank\", field = \"token\" }";

#[test]
fn what_is_wrong_is_refused_at_its_place() {
    let mut page = String::new();
    for (line, instead_of) in WRONG {
        assert!(GRANT.contains(instead_of), "{instead_of}");
        let fault = parse(&GRANT.replacen(instead_of, line, 1)).expect_err(line);
        page.push_str(&format!("{line}\n  {fault}\n\n"));
    }
    insta::assert_snapshot!("wrong", page);
}

#[test]
fn a_setting_is_a_text_that_shows_as_it_is_under_a_plain_name() {
    let granted = |line: &str| parse(&GRANT.replacen(AUTH, &format!("[settings]\n{line}"), 1));
    assert!(granted("currency = \"EUR\"").is_ok());
    for line in [
        "currency = \"\"",
        "currency = 7",
        "Currency = \"EUR\"",
        "currency = \"a\\u202eb\"",
    ] {
        assert!(granted(line).is_err(), "{line}");
    }
}

#[test]
fn loopback_is_granted_by_address_and_port() {
    let text = GRANT.replace("10.2.0.0/16", "127.0.0.1:8443");
    assert_eq!(
        parse(&text).unwrap().http["bank"].private[0]
            .value
            .to_string(),
        "127.0.0.1:8443"
    );
}

#[test]
fn a_file_that_is_too_long_is_not_parsed() {
    let text = format!("# {}\n{GRANT}", "x".repeat(crate::place::MAX_FILE));
    assert_eq!(
        parse(&text).unwrap_err().problem,
        "the file is longer than 1 MiB"
    );
}

proptest::proptest! {
    #[test]
    fn a_grant_with_any_part_replaced_is_read_or_refused(at in 0..GRANT.len(), length in 0..40_usize, with in "[ -~\n]{0,12}|\\PC{0,4}") {
        let mut text = GRANT.to_owned();
        text.replace_range(at..(at + length).min(GRANT.len()), &with);
        if let Ok(grant) = parse(&text) {
            drop(crate::effective::meet(&Skill::payments().declared(), &grant));
            drop(grant.notices());
        }
    }
}

mod following {
    use std::sync::Arc;

    use vouchsafe_package::{Effect, Tool, Type, Version};

    use super::*;

    /// A grant that follows, and a skill whose only granted tool reads.
    fn grant() -> Grant {
        let text = GRANT.replacen('\n', "\nfollow = \"^1.2\"\n", 1);
        parse(&text.replace("initiate = { confirm = \"two-people\" }\n", "")).unwrap()
    }

    fn why_not(change: impl FnOnce(&mut Skill)) -> Vec<String> {
        let old = Skill::payments();
        let mut new = Skill::payments();
        new.version = Version::new(1, 3, 0);
        change(&mut new);
        follows(&grant(), &old.declared(), &new.declared())
            .map_or_else(|no| no.reasons, |()| Vec::new())
    }

    fn status(skill: &mut Skill) -> &mut Tool {
        named(skill, "status")
    }

    fn initiate(skill: &mut Skill) -> &mut Tool {
        named(skill, "initiate")
    }

    fn named<'s>(skill: &'s mut Skill, name: &str) -> &'s mut Tool {
        let mut tools = skill.tools.iter_mut();
        Arc::make_mut(tools.find(|tool| tool.name == name).unwrap())
    }

    #[test]
    fn a_higher_version_that_asks_for_nothing_more_is_admitted() {
        assert_eq!(why_not(|_| {}), Vec::<String>::new());
        assert_eq!(
            why_not(|new| new.manifest.http.get_mut("bank").unwrap().allow.truncate(1)),
            Vec::<String>::new()
        );
        assert_eq!(why_not(|new| new.imports.clear()), Vec::<String>::new());
    }

    #[test]
    fn nothing_wider_or_reworded_is_admitted() {
        let route = |text: &str| text.parse().unwrap();
        let changes: Vec<Vec<String>> = vec![
            why_not(|new| new.version = Version::new(1, 2, 0)),
            why_not(|new| new.version = Version::new(2, 0, 0)),
            why_not(|new| new.version = "1.3.0-rc.1".parse().unwrap()),
            why_not(|new| new.name = "acme:refunds".parse().unwrap()),
            why_not(|new| new.about.push('!')),
            why_not(|new| status(new).description.push('!')),
            why_not(|new| initiate(new).params[0].docs = Some("other words".to_owned())),
            why_not(|new| initiate(new).params[0].ty = Type::U8),
            why_not(|new| status(new).result = Some(Type::String)),
            why_not(|new| status(new).result_docs = Some("other words".to_owned())),
            why_not(|new| status(new).effect = Effect::Write),
            why_not(|new| status(new).effect = Effect::Irreversible),
            why_not(|new| status(new).targets.push("payment".to_owned())),
            why_not(|new| new.tools.retain(|tool| tool.name != "status")),
            why_not(|new| {
                for tool in &mut new.tools {
                    Arc::make_mut(tool).confirm = None;
                }
            }),
            why_not(|new| {
                let mut more = (*new.tools[0]).clone();
                more.name = "refund".to_owned();
                new.tools.push(Arc::new(more));
            }),
            why_not(|new| {
                new.manifest
                    .http
                    .get_mut("bank")
                    .unwrap()
                    .allow
                    .push(route("DELETE /payments/*"))
            }),
            why_not(|new| {
                new.manifest
                    .http
                    .get_mut("bank")
                    .unwrap()
                    .allow
                    .push(route("GET /*"))
            }),
            why_not(|new| {
                new.manifest.http.get_mut("bank").unwrap().url =
                    Some("https://other.example".to_owned())
            }),
            why_not(|new| {
                new.manifest
                    .http
                    .get_mut("bank")
                    .unwrap()
                    .auth
                    .as_mut()
                    .unwrap()
                    .secret = "root".to_owned()
            }),
            why_not(|new| {
                let bank = new.manifest.http["bank"].clone();
                new.manifest.http.insert("events".to_owned(), bank);
            }),
            why_not(|new| {
                drop(
                    new.manifest
                        .settings
                        .insert("x".to_owned(), Default::default()),
                )
            }),
            why_not(|new| new.manifest.bus.publish.push("x".to_owned())),
            why_not(|new| new.manifest.limits.fuel = Some(u64::MAX)),
            why_not(|new| new.imports.push("wasi:keyvalue/store@0.2.0".to_owned())),
        ];
        assert!(changes.iter().all(|reasons| !reasons.is_empty()));
        let page: Vec<_> = changes.iter().map(|reasons| reasons.join("; ")).collect();
        insta::assert_snapshot!("not_followed", page.join("\n"));
    }

    #[test]
    fn an_irreversible_tool_is_never_followed() {
        let text = GRANT.replacen('\n', "\nfollow = \"^1.2\"\n", 1);
        let old = Skill::payments();
        let mut new = Skill::payments();
        new.version = Version::new(1, 3, 0);
        let no = follows(&parse(&text).unwrap(), &old.declared(), &new.declared()).unwrap_err();
        assert_eq!(
            no.to_string(),
            "grants/acme.payments.toml:2: `follow` does not admit 1.3.0: tool `initiate` is irreversible"
        );
    }

    #[test]
    fn a_grant_without_follow_follows_nothing() {
        let (old, grant) = (Skill::payments(), parse(GRANT).unwrap());
        let mut new = old.clone();
        new.version = Version::new(1, 2, 1);
        assert!(follows(&grant, &old.declared(), &new.declared()).is_err());
    }
}
