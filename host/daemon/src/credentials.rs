//! The sealed credentials of a home: read, told about, and held against what grants use.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use vouchsafe_ambient::clock;
use vouchsafe_keys::{Keystore, MacKey, Purpose};
use vouchsafe_policy::Place;
use vouchsafe_policy::grant::{KeptIn, SecretSource};
use vouchsafe_secrets::{Change, Entry, Sealed, Secrets, Unavailable};

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

/// A credential that a skill in force uses.
pub(crate) struct Used<'a> {
    destination: &'a str,
    place: &'a Place,
    secret: &'a str,
    pub(crate) source: &'a SecretSource,
}

/// Those of one skill: its destinations', its models', its external servers', then its databases'.
pub(crate) fn used_by(skill: &InstalledSkill) -> impl Iterator<Item = Used<'_>> {
    let effective = skill.granted().effective();
    let models = effective.models.all();
    let models = models.map(|model| (&*model.name, &*model.http));
    let upstreams = effective.upstreams.all();
    let upstreams = upstreams.map(|upstream| (&*upstream.name, &*upstream.http));
    let databases = effective.databases.all().map(|database| Used {
        destination: &database.name,
        place: &database.http.place,
        secret: &database.name,
        source: &database.login,
    });
    let sent = effective.http.all().chain(models).chain(upstreams);
    let sent = sent.filter_map(|(name, http)| {
        let (auth, source) = http.auth.as_ref()?;
        Some(Used {
            destination: name,
            place: &http.place,
            secret: &auth.secret,
            source,
        })
    });
    sent.chain(databases)
}

/// What is kept, and what skills in force use, with what is wrong with each. The secrets manager is asked.
pub(crate) async fn survey(owner: &Owner) -> Json {
    let ((sealed, state), rules) = (owner.credentials(), owner.rules());
    let now = clock::now();
    let mut uses = Vec::new();
    for skill in &rules.on {
        for used in used_by(skill) {
            let state = State::of(&used.source.kept, owner, &sealed, now).await;
            uses.push(json!({
                "skill": skill.package().name,
                "destination": used.destination,
                "secret": used.secret,
                "kept": used.source.kept.to_string(),
                "grant": used.place,
                "state": state.word,
                "age_days": state.age,
                "why": state.why,
                "fix": state.fix,
            }));
        }
    }
    if let Some(to) = rules.notify() {
        let kept = KeptIn::Sealed {
            name: to.key.clone(),
        };
        let state = State::of(&kept, owner, &sealed, now).await;
        uses.push(json!({
            "skill": "this host",
            "destination": "notify",
            "secret": to.key,
            "kept": kept.to_string(),
            "grant": "vouchsafe.toml",
            "state": state.word,
            "age_days": state.age,
            "why": state.why,
            "fix": state.fix,
        }));
    }
    let kept: Vec<Json> = sealed
        .entries()
        .map(|(name, entry)| {
            let reference = format!("sealed {name}");
            let used = uses.iter().filter(|one| one["kept"] == *reference).count();
            describe(name, entry, used, now)
        })
        .collect();
    json!({ "number": sealed.number, "state": state, "kept": kept, "uses": uses })
}

fn describe(name: &str, entry: &Entry, used: usize, now: Timestamp) -> Json {
    json!({
        "name": name,
        "set": entry.set,
        "age_days": age(entry.set, now),
        "due": age(entry.set, now) >= DUE_DAYS,
        "weak": entry.weak,
        "uses": used,
    })
}

/// How it is with a credential.
struct State {
    word: &'static str,
    age: Option<i64>,
    why: Option<String>,
    fix: Option<String>,
}

impl State {
    async fn of(kept: &KeptIn, owner: &Owner, sealed: &Sealed, now: Timestamp) -> Self {
        let (found, fix) = match kept {
            KeptIn::Sealed { name } => {
                let fix = format!("run `vouchsafe secret set {name}`");
                let missing = || Unavailable {
                    why: "it was never set".to_owned(),
                    fix: fix.clone(),
                };
                let found = sealed.get(name).map(|entry| Some(entry.set));
                (found.ok_or_else(missing), fix)
            }
            KeptIn::Vault { path, .. } => (
                look(owner, kept).await,
                format!("put another value at {path} in the secrets manager"),
            ),
        };
        match found {
            Ok(set) => Self::had(set.map(|set| age(set, now)), fix),
            Err(Unavailable { why, fix }) => Self {
                word: "missing",
                age: None,
                why: Some(why),
                fix: Some(fix),
            },
        }
    }

    fn had(age: Option<i64>, fix: String) -> Self {
        let is_due = age.is_some_and(|age| age >= DUE_DAYS);
        Self {
            word: if is_due { "due" } else { "ok" },
            age,
            why: None,
            fix: is_due.then_some(fix),
        }
    }
}

async fn look(owner: &Owner, kept: &KeptIn) -> Result<Option<Timestamp>, Unavailable> {
    owner.secrets().manager()?.look(kept).await
}

/// In whole days; none for what a clock ahead of ours set.
fn age(set: Timestamp, now: Timestamp) -> i64 {
    (now.duration_since(set).as_hours() / 24).max(0)
}
