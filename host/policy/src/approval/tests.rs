use super::*;
use crate::fixture::key;
use crate::settings::Settings;

const SETTINGS: &str = "[confirm.two-people]\npeople = 2\nfrom = \"pay\"\nwithin = \"30m\"\n[works-for]\nagent = \"anna@x\"\n";

/// Anna with two keys, Bo and Cy of the group, Di of none.
fn office() -> People {
    let mut people = People {
        settings: Settings::parse("vouchsafe.toml", SETTINGS).unwrap(),
        approvers: Vec::new(),
    };
    let enrolled = [
        ("anna", "anna@x", "pay"),
        ("anna-phone", "anna@x", "pay"),
        ("bo", "bo@x", "pay"),
        ("cy", "cy@x", "pay"),
        ("di", "di@x", ""),
    ];
    for (name, person, group) in enrolled {
        let groups = if group.is_empty() {
            String::new()
        } else {
            format!("groups = [\"{group}\"]\n")
        };
        let text = format!(
            "name = \"{name}\"\nperson = \"{person}\"\n{groups}key = '''\n{}'''\n",
            key().public().to_pem()
        );
        people
            .approvers
            .push(Approver::parse("approvers/a.toml", &text).unwrap());
    }
    people
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

/// Who could say yes for `tier`, asked by Anna's agent.
fn could<'a>(office: &'a People, tier: &str) -> Vec<&'a str> {
    let (tier, requester) = (office.tier(tier).unwrap(), office.person_of("agent"));
    office.could_say_yes(&tier, requester).into_iter().collect()
}

#[test]
fn the_user_may_confirm_and_never_be_somebody_else() {
    let office = office();
    let everybody = ["anna@x", "bo@x", "cy@x", "di@x"];
    assert_eq!(
        could(&office, "always"),
        everybody,
        "two keys are one person"
    );
    assert_eq!(could(&office, "confirm"), everybody);
    assert_eq!(could(&office, "four-eyes"), ["bo@x", "cy@x", "di@x"]);
}

#[test]
fn two_people_are_two_people_of_the_group() {
    let mut office = office();
    let tiers = ["two-people", "always"];
    assert_eq!(could(&office, "two-people"), ["bo@x", "cy@x"]);
    assert_eq!(wanted(&office, &tiers).obstacle(&office, "agent"), None);
    office
        .approvers
        .retain(|approver| approver.name.value != "cy");
    let (why, fix) = wanted(&office, &tiers).obstacle(&office, "agent").unwrap();
    assert!(
        why.contains("and 1 of those who are enrolled would count") && fix.contains("of `pay`"),
        "{why} {fix}"
    );
}

#[test]
fn several_tiers_leave_the_shortest_time() {
    let office = office();
    let within = |tiers: &[&str]| wanted(&office, tiers).within;
    assert_eq!(within(&["two-people", "always"]), within(&["two-people"]));
    assert_eq!(within(&["two-people"]).0, 1_800_000);
}

#[test]
fn where_nobody_knows_who_asks_nobody_is_somebody_else() {
    let office = office();
    let stranger = Wanted {
        requester: None,
        ..wanted(&office, &["four-eyes"])
    };
    let tier = office.tier("four-eyes").unwrap();
    assert!(office.could_say_yes(&tier, None).is_empty());
    let (why, fix) = stranger.obstacle(&office, "agent").unwrap();
    assert!(
        why.contains("for whom `agent` works") && fix.contains("[works-for]"),
        "{why} {fix}"
    );
}
