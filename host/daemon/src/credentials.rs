//! The sealed credentials of a home: read, told about, and held against what grants use.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use vouchsafe_ambient::clock;
use vouchsafe_keys::{Keystore, MacKey, Purpose};
use vouchsafe_policy::grant::KeptIn;
use vouchsafe_secrets::{Change, Entry, Sealed, Secrets};

use crate::authenticated::{self, AuthenticatedError};
use crate::home::Home;
use crate::owner::Owner;
use crate::skill::InstalledSkill;

/// After so many days a credential is due for another.
const DUE_DAYS: i64 = 90;

/// The sealed file of `home`, if there is one.
///
/// # Errors
/// When it was not written by this host.
pub fn read(home: &Home, state: &MacKey) -> Result<Option<Sealed>, AuthenticatedError> {
    match home.credentials().exists() {
        true => authenticated::read(&home.credentials(), state).map(Some),
        false => Ok(None),
    }
}

/// The stores of `home`.
pub(crate) fn load(
    home: &Home,
    keystore: &Keystore,
    state: &MacKey,
) -> Result<Arc<Secrets>, AuthenticatedError> {
    let sealed = read(home, state)?.unwrap_or_default();
    let key = keystore.sealer(Purpose::Credentials);
    Ok(Arc::new(Secrets::new(key, sealed)))
}

/// What the log says of a change: never what was set.
pub(crate) fn facts(change: &Change) -> (&'static str, BTreeMap<String, String>) {
    let action = match change.sealed {
        Some(_) => "set-credential",
        None => "remove-credential",
    };
    let mut facts = BTreeMap::from([
        ("name".to_owned(), change.name.clone()),
        ("number".to_owned(), change.number.to_string()),
        ("operator".to_owned(), change.operator.clone()),
    ]);
    if change.weak {
        facts.insert("weak".to_owned(), "accepted".to_owned());
    }
    (action, facts)
}

/// What is kept, and what skills in force or installed use, with what is wrong with each.
pub(crate) fn survey(owner: &Owner) -> Json {
    let (sealed, rules) = (owner.secrets().sealed(), owner.rules());
    let now = clock::now();
    let uses: Vec<Json> = rules
        .on
        .iter()
        .flat_map(|skill| uses(skill, &sealed, now))
        .collect();
    let kept: Vec<Json> = sealed
        .entries()
        .map(|(name, entry)| {
            let reference = format!("sealed {name}");
            let used = uses.iter().filter(|one| one["kept"] == *reference).count();
            describe(name, entry, used, now)
        })
        .collect();
    json!({ "number": sealed.number, "kept": kept, "uses": uses })
}

fn describe(name: &str, entry: &Entry, used: usize, now: Timestamp) -> Json {
    json!({
        "name": name,
        "set": entry.set,
        "age_days": age(entry, now),
        "due": age(entry, now) >= DUE_DAYS,
        "weak": entry.weak,
        "uses": used,
    })
}

fn uses<'a>(
    skill: &'a InstalledSkill,
    sealed: &'a Sealed,
    now: Timestamp,
) -> impl Iterator<Item = Json> + 'a {
    let effective = skill.granted().effective();
    effective.http.all().filter_map(move |(name, http)| {
        let (auth, source) = http.auth.as_ref()?;
        let (state, age, fix) = state(&source.kept, sealed, now);
        Some(json!({
            "skill": skill.package().name,
            "destination": name,
            "secret": auth.secret,
            "kept": source.kept.to_string(),
            "grant": http.place,
            "state": state,
            "age_days": age,
            "fix": fix,
        }))
    })
}

fn state(
    kept: &KeptIn,
    sealed: &Sealed,
    now: Timestamp,
) -> (&'static str, Option<i64>, Option<String>) {
    let KeptIn::Sealed { name } = kept else {
        let fix = format!(
            "vouchsafe secret set NAME, and `auth = {{ sealed = \"NAME\" }}` instead of {kept}"
        );
        return ("missing", None, Some(fix));
    };
    let fix = Some(format!("vouchsafe secret set {name}"));
    match sealed.get(name) {
        None => ("missing", None, fix),
        Some(entry) if age(entry, now) >= DUE_DAYS => ("due", Some(age(entry, now)), fix),
        Some(entry) => ("ok", Some(age(entry, now)), None),
    }
}

/// In whole days; none for what a clock ahead of ours set.
fn age(entry: &Entry, now: Timestamp) -> i64 {
    (now.duration_since(entry.set).as_hours() / 24).max(0)
}
