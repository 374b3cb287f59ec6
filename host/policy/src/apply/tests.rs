use proptest::prelude::*;
use vouchsafe_keys::PrivateKey;
use vouchsafe_keys::statement::{self, Envelope};
use vouchsafe_package::signing::RevocationList;

use super::*;
use crate::fixture::{self, FILE, GRANT, TRUST, key};

const ROLE: &str =
    "role = \"clerk\"\nskills = [\"read\", \"execute\"]\ntools = [\"acme:payments/status\"]\n";

fn usual() -> Files {
    fixture::files(&[
        (FILE, GRANT),
        ("roles/clerk.toml", ROLE),
        ("trust.toml", TRUST),
    ])
}

fn signed(files: &Files, last: Option<&Mark>, by: &PrivateKey) -> Envelope {
    let proposal = Proposal::read(
        files,
        &[by.public()],
        last.map_or(0, |mark| mark.revocations),
    )
    .unwrap();
    proposal
        .statement(last, &by.public(), Timestamp::UNIX_EPOCH)
        .sign(by)
        .unwrap()
}

fn refused(envelope: &Envelope, by: &PrivateKey, files: &Files, since: Since<'_>) -> Refused {
    InForce::accept(envelope, &[by.public()], files, since).unwrap_err()
}

#[test]
fn what_an_enrolled_operator_signed_is_in_force() {
    let (operator, files) = (key(), usual());
    let envelope = signed(&files, None, &operator);
    let in_force =
        InForce::accept(&envelope, &[operator.public()], &files, Since::Nothing).unwrap();
    let content = in_force.content();
    assert_eq!((content.grants().count(), content.roles().count()), (1, 2));
    assert!(
        content.role("clerk").is_some()
            && content.role("local").is_some()
            && content.role("x").is_none()
    );
    assert_eq!(content.trust().publishers().len(), 1);
    assert_eq!(
        (in_force.mark().serial, in_force.digest()),
        (1, in_force.mark().digest)
    );
    // After a restart the same is accepted again.
    let mark = in_force.mark();
    assert!(
        InForce::accept(
            &envelope,
            &[operator.public()],
            &files,
            Since::Exactly(&mark)
        )
        .is_ok()
    );
}

#[test]
fn nobody_else_puts_anything_into_force() {
    let (operator, stranger, files) = (key(), key(), usual());
    let envelope = signed(&files, None, &stranger);
    assert!(matches!(
        refused(&envelope, &operator, &files, Since::Nothing),
        Refused::NotSigned(_)
    ));
    // Signed by one enrolled operator in the name of another.
    let proposal = Proposal::read(&files, &[], 0).unwrap();
    let borrowed = proposal
        .statement(None, &stranger.public(), Timestamp::UNIX_EPOCH)
        .sign(&operator)
        .unwrap();
    assert!(matches!(
        refused(&borrowed, &operator, &files, Since::Nothing),
        Refused::OtherOperator { .. }
    ));
    // A statement of another kind.
    let payload = proposal
        .statement(None, &operator.public(), Timestamp::UNIX_EPOCH)
        .payload()
        .unwrap();
    let other_kind = statement::sign("application/json", &payload, &operator).unwrap();
    assert!(matches!(
        refused(&other_kind, &operator, &files, Since::Nothing),
        Refused::NotSigned(_)
    ));
}

#[test]
fn a_file_that_was_edited_added_or_taken_away_is_refused() {
    let (operator, files) = (key(), usual());
    let envelope = signed(&files, None, &operator);
    let in_force =
        InForce::accept(&envelope, &[operator.public()], &files, Since::Nothing).unwrap();
    let edit = |change: &dyn Fn(&mut Files)| {
        let mut edited = files.clone();
        change(&mut edited);
        let Refused::Edited { path } = refused(&envelope, &operator, &edited, Since::Nothing)
        else {
            panic!("an edited file was taken");
        };
        assert_eq!(in_force.edited(&digests(&edited)), [path.as_str()]);
        path
    };
    assert_eq!(
        edit(&|files| files.get_mut(FILE).unwrap().push(b'\n')),
        FILE
    );
    assert_eq!(
        edit(&|files| drop(files.remove("roles/clerk.toml"))),
        "roles/clerk.toml"
    );
    assert_eq!(
        edit(&|files| drop(files.insert("grants/x.toml".to_owned(), Vec::new()))),
        "grants/x.toml"
    );
    assert!(in_force.edited(&digests(&files)).is_empty());
}

#[test]
fn statements_come_in_their_order() {
    let (operator, files) = (key(), usual());
    let keys = [operator.public()];
    let first = signed(&files, None, &operator);
    let one = InForce::accept(&first, &keys, &files, Since::Nothing)
        .unwrap()
        .mark();
    let second = signed(&files, Some(&one), &operator);
    let two = InForce::accept(&second, &keys, &files, Since::After(&one))
        .unwrap()
        .mark();
    assert_eq!(two.serial, 2);

    let out_of_order = |envelope, since| {
        matches!(
            refused(envelope, &operator, &files, since),
            Refused::OutOfOrder { .. }
        )
    };
    assert!(out_of_order(&first, Since::After(&one)), "the same again");
    assert!(out_of_order(&first, Since::After(&two)), "an old one");
    assert!(out_of_order(&second, Since::Nothing), "one too many");
    let forked = Mark {
        digest: Digest::of(b"fork"),
        ..one.clone()
    };
    assert!(
        out_of_order(&second, Since::After(&forked)),
        "after another one"
    );
    assert!(matches!(
        refused(&first, &operator, &files, Since::Exactly(&two)),
        Refused::NotTheLast { .. }
    ));
}

#[test]
fn a_revocation_list_is_never_older_nor_gone() {
    let operator = key();
    let list = |number| {
        let list = RevocationList {
            version: RevocationList::VERSION,
            number,
            issued: Timestamp::UNIX_EPOCH,
            expires: None,
            digests: [Digest::of(b"")].into(),
            keys: Default::default(),
            identities: Default::default(),
        };
        let mut files = usual();
        files.insert(
            "revocations.json".to_owned(),
            serde_json::to_vec(&list.sign(&operator).unwrap()).unwrap(),
        );
        files
    };
    let files = list(7);
    let in_force = InForce::accept(
        &signed(&files, None, &operator),
        &[operator.public()],
        &files,
        Since::Nothing,
    )
    .unwrap();
    assert_eq!(in_force.mark().revocations, 7);
    let read = |files: &Files| {
        Proposal::read(files, &[operator.public()], 7)
            .map(drop)
            .map_err(|faults| faults.to_string())
    };
    assert_eq!(read(&list(8)), Ok(()));
    assert!(
        read(&list(6))
            .unwrap_err()
            .starts_with("revocations.json:1:1: ")
    );
    assert!(read(&usual()).unwrap_err().contains("would come back"));
    assert!(
        Proposal::read(&files, &[key().public()], 0).is_err(),
        "signed by nobody enrolled"
    );
}

#[test]
fn what_is_wrong_in_any_file_is_said_at_once() {
    let other = GRANT.replace("publisher = \"acme\"", "publisher = \"other\"");
    let files = fixture::files(&[
        (FILE, GRANT),
        ("grants/again.toml", GRANT),
        ("grants/broken.toml", "skill = 1\n"),
        ("grants/other.toml", &other),
        ("grants/.hidden.toml", GRANT),
        ("grants/../trust.toml", ""),
        ("grants/sub/x.toml", GRANT),
        ("grants/note.txt", ""),
        ("policies/x.cedar", "permit (principal, action, resource);"),
        ("revocations.json", "{}"),
        ("roles/a.toml", ROLE),
        ("roles/b.toml", ROLE),
        ("roles/c.toml", "role = \"c\"\nskills = [\"execute\"]\n"),
        ("roles/d.toml", "role = \"d\"\nskills = [\"destroy\"]\n"),
        (
            "roles/e.toml",
            "role = \"e\"\nskills = [\"execute\"]\ntools = [\"payments\"]\nmore = 1\n",
        ),
        (
            "roles/f.toml",
            "role = \"f\"\n[bus]\npublish = [\"Documents\"]\n",
        ),
        (
            "trust.toml",
            "[publishers.acme]\nnamespaces = [\"acme\"]\ncolour = \"red\"\n",
        ),
        ("vouchsafe.toml", ""),
    ]);
    insta::assert_snapshot!("faults", Proposal::read(&files, &[], 0).unwrap_err());
    let bytes = Files::from([("trust.toml".to_owned(), vec![0xff])]);
    assert!(
        Proposal::read(&bytes, &[], 0)
            .unwrap_err()
            .to_string()
            .contains("UTF-8")
    );
}

#[test]
fn what_would_change_is_said_line_by_line() {
    let read = |files: &[(&str, &str)]| {
        Proposal::read(&fixture::files(files), &[], 0)
            .unwrap()
            .content()
            .clone()
    };
    let old = read(&[
        (FILE, GRANT),
        ("roles/clerk.toml", ROLE),
        ("trust.toml", TRUST),
    ]);
    let grant = GRANT
        .replace("e3b0c4", "000000")
        .replace(
            "initiate = { confirm = \"two-people\" }",
            "initiate = {}\nrefund = { effect = \"irreversible\" }",
        )
        .replace("status   = {}\n", "")
        .replace("\"POST /payments\"", "\"POST /refunds\"")
        .replace("bank.corp.internal", "bank2.corp.internal")
        .replace("[http.bank]", "[limits]\nfuel = 1000\n\n[http.bank]");
    let role = ROLE.replace("acme:payments/status", "acme:payments/*");
    let new = read(&[(FILE, &grant), ("roles/clerk.toml", &role)]);
    let page = |changes: Vec<Change>| {
        changes
            .iter()
            .map(|change| format!("{change}\n"))
            .collect::<String>()
    };
    insta::assert_snapshot!("first", page(changes(None, &old)));
    insta::assert_snapshot!("changed", page(changes(Some(&old), &new)));
    assert_eq!(changes(Some(&old), &old), []);

    let lower = read(&[
        (FILE, &grant.replace("fuel = 1000", "fuel = 10")),
        ("roles/clerk.toml", &role),
    ]);
    assert_eq!(
        page(changes(Some(&new), &lower)),
        "LESS   acme:payments of acme: fuel at most 1000 -> 10  (grants/acme.payments.toml:10)\n"
    );
    let raised = changes(Some(&lower), &new);
    assert_eq!(raised[0].direction, Direction::More);
}

#[test]
fn a_role_for_the_person_s_own_agents_narrows_the_built_in_one() {
    let local = "role = \"local\"\nskills = [\"read\", \"execute\"]\ntools = [\"acme:*\"]\n";
    let files = Files::from([("roles/local.toml".to_owned(), local.into())]);
    let proposal = Proposal::read(&files, &[], 0).unwrap();
    let said: Vec<_> = changes(None, proposal.content())
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        said,
        [
            "MORE   role local: + tools acme:*  (roles/local.toml:3)",
            "LESS   role local: - tools *  (built in)"
        ]
    );
}

#[test]
fn a_statement_has_one_form() {
    let text = r#"{"applied_at":"1970-01-01T00:00:00Z","files":{},"operator":"x","prev":null,"serial":1,"version":1}"#;
    let statement = Statement::parse(text.as_bytes()).unwrap();
    assert_eq!(statement.payload().unwrap(), text.as_bytes());
    for wrong in [
        text.replace("\"serial\":1", "\"serial\": 1"),
        text.replace("\"serial\":1", "\"serial\":2,\"serial\":1"),
        text.replace("\"version\":1", "\"version\":2"),
        text.replace("\"version\"", "\"more\":1,\"version\""),
        text.replace("{}", "{\"a\":\"sha256:0\"}"),
        text.replace("\"prev\":null,", ""),
        format!("{text}\n"),
    ] {
        assert!(Statement::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_changed_byte_of_a_file_is_in_force(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let (operator, files) = (key(), usual());
        let envelope = signed(&files, None, &operator);
        let mut edited = files.clone();
        let path = files.keys().nth(which.index(files.len())).unwrap();
        let bytes = edited.get_mut(path).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(InForce::accept(&envelope, &[operator.public()], &edited, Since::Nothing).is_err());
    }

    #[test]
    fn bytes_of_any_kind_are_read_or_refused(path in "(grants|roles)/[a-z]{1,3}\\.toml|trust\\.toml|revocations\\.json", bytes: Vec<u8>) {
        drop(Proposal::read(&Files::from([(path, bytes)]), &[], 0));
    }
}

/// What is said of `new` after `old`, with its direction.
fn direction_of(old: &str, new: &str, settings: (&str, &str)) -> Vec<String> {
    let read = |grant: &str, settings: &str| {
        let mut files = fixture::files(&[(FILE, grant)]);
        files.insert(crate::Settings::FILE.to_owned(), settings.into());
        Proposal::read(&files, &[], 0).unwrap().content().clone()
    };
    changes(Some(&read(old, settings.0)), &read(new, settings.1))
        .iter()
        .map(|change| format!("{} {}", change.direction, change.says))
        .collect()
}

#[test]
fn a_line_that_allows_more_is_never_told_as_less() {
    let same = (fixture::SETTINGS, fixture::SETTINGS);
    let with = |lines: &str| GRANT.replace("[http.bank]\n", &format!("[http.bank]\n{lines}\n"));
    let one = with("for = [\"status\"]");
    let both = with("for = [\"status\", \"initiate\"]");
    assert_eq!(
        direction_of(&one, &both, same),
        ["MORE - bank not for initiate"]
    );
    assert_eq!(
        direction_of(&both, &one, same),
        ["LESS + bank not for initiate"]
    );
    assert_eq!(
        direction_of(&one, GRANT, same),
        ["MORE - bank not for initiate"]
    );
    // Beyond what holds without a line.
    let many = with("limits = { requests = 65 }");
    assert_eq!(
        direction_of(GRANT, &many, same),
        ["MORE bank: requests at most 64 -> 65"]
    );
    assert_eq!(
        direction_of(&many, GRANT, same),
        ["LESS bank: requests at most 65 -> 64"]
    );
    // Fewer people.
    let two = fixture::SETTINGS.replace("people = 2", "people = 1");
    let people = direction_of(GRANT, GRANT, (fixture::SETTINGS, &two));
    assert_eq!(people, ["MORE people 2 -> 1"]);
    // Of whom somebody is asked.
    let asks = |channel: &str| {
        let when = format!("{{ when = \"input.amount.minor > 5 EUR\", channel = \"{channel}\" }}");
        GRANT.replace("\"two-people\"", &when)
    };
    let said = direction_of(&asks("four-eyes"), &asks("confirm"), same);
    assert_eq!(said.len(), 2, "{said:?}");
    // What goes with what it restricts allows nothing.
    let bound = many.replace("requests = 65", "requests = 10");
    let gone = bound.split("[http.bank]").next().unwrap();
    let said = direction_of(&bound, gone, same);
    assert!(said.iter().all(|says| says.starts_with("LESS")), "{said:?}");
}

#[test]
fn policies_that_differ_are_told_apart_however_long_they_are() {
    let read = |when: &str| {
        let mut files = fixture::files(&[]);
        let text = format!("forbid (principal, action,\n\n  resource) when {{ {when} }};");
        files.insert("policies/house.cedar".to_owned(), text.into());
        Proposal::read(&files, &[], 0).unwrap().content().clone()
    };
    let long = |last: u32| {
        let each: Vec<_> = (0..30)
            .map(|n| format!("context.agent != \"agent-{n}\""))
            .collect();
        read(&format!(
            "{} && context.agent != \"{last}\"",
            each.join(" && ")
        ))
    };
    let said = changes(Some(&long(1)), &long(2));
    assert_eq!(said.len(), 2, "{said:?}");
    let agent = |name: &str| read(&format!("context.agent ==   \"{name}\""));
    assert_eq!(changes(Some(&agent("a b")), &agent("a  b")).len(), 2);
    let same = read("context.agent == \"a b\"");
    assert_eq!(changes(Some(&agent("a b")), &same), []);
}

#[test]
fn what_a_role_may_bring_in_is_no_matter_of_calls() {
    let role = |skills: &str, tools: &str| {
        let text = format!("role = \"clerk\"\nskills = [{skills}]\ntools = [\"{tools}\"]\n");
        let files = Files::from([("roles/clerk.toml".to_owned(), text.into())]);
        Proposal::read(&files, &[], 0).unwrap().content().clone()
    };
    for (skills, decides) in [("\"execute\"", true), ("\"execute\", \"register\"", false)] {
        let said = changes(Some(&role(skills, "acme:a/*")), &role(skills, "*"));
        assert!(
            said.iter().all(|change| change.decides == decides),
            "{said:?}"
        );
    }
}
