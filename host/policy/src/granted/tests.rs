use vouchsafe_package::Version;

use super::*;
use crate::fixture::{FILE, GRANT, Skill, in_force, key};

fn terms(
    grant: &str,
    skill: &Skill,
    publisher: &str,
    pinned: Option<&Skill>,
) -> Result<Terms, NotGranted> {
    let in_force = in_force(&[(FILE, grant)], &key());
    let pinned = pinned.map(Skill::declared);
    Terms::of(&skill.declared(), publisher, pinned.as_ref(), &in_force)
}

fn other_bytes() -> Skill {
    Skill {
        digest: Digest::of(b"other"),
        version: Version::new(1, 3, 0),
        ..Skill::payments()
    }
}

/// A grant that follows, without the irreversible tool.
fn following() -> String {
    let text = GRANT.replacen('\n', "\nfollow = \"^1.2\"\n", 1);
    text.replace("initiate = { confirm = \"two-people\" }\n", "")
}

#[test]
fn the_pinned_bytes_of_the_named_publisher_get_what_was_granted() {
    let granted = terms(GRANT, &Skill::payments(), "acme", None).unwrap();
    assert_eq!(
        (granted.effective.tools.len(), granted.followed),
        (2, false)
    );
    assert_eq!(granted.grant_digest, Digest::of(GRANT.as_bytes()));
}

#[test]
fn grants_never_pass_to_others() {
    let payments = Skill::payments();
    let mut renamed = payments.clone();
    renamed.name = "acme:refunds".parse().unwrap();
    let narrower = Skill::of("[tools.status]\neffect = \"read\"\n");
    let reasons = [
        terms(GRANT, &payments, "other", None),
        terms(GRANT, &renamed, "acme", None),
        terms(GRANT, &other_bytes(), "acme", Some(&payments)),
        terms(&following(), &other_bytes(), "acme", None),
        terms(&following(), &other_bytes(), "acme", Some(&other_bytes())),
        terms(
            &following(),
            &Skill {
                about: "Other words.".to_owned(),
                ..other_bytes()
            },
            "acme",
            Some(&payments),
        ),
        terms(GRANT, &narrower, "acme", None),
    ];
    let page: Vec<_> = reasons
        .map(|refused| refused.unwrap_err().to_string())
        .into();
    insta::assert_snapshot!("not_granted", page.join("\n\n"));
}

#[test]
fn a_later_version_is_followed_to_when_the_grant_says_so() {
    let granted = terms(
        &following(),
        &other_bytes(),
        "acme",
        Some(&Skill::payments()),
    )
    .unwrap();
    assert!(granted.followed);
    assert_eq!(granted.digest, Digest::of(b"other"));
}
