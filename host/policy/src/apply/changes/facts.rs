//! The files as single facts, each of which permits or restricts something.

mod database;
mod model;
mod upstream;

use std::collections::BTreeMap;

use vouchsafe_package::Digest;
use vouchsafe_package::manifest::{ByteSize, Span};
use vouchsafe_package::signing::{Publisher, Recognised, Transparency};

use super::Facts;
use crate::agent::Agent;
use crate::apply::Content;
use crate::approval::People;
use crate::cedar::Written;
use crate::grant::{Confirmation, FilesGrant, Grant, HttpGrant, LimitsGrant, Quota, ToolGrant};
use crate::http::HttpBounds;
use crate::place::{At, Place};
use crate::role::{Permission, Role};
use crate::settings::{LoginProof, Network, Settings, Vault};
use crate::way::Way;

/// What a fact does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    Permits,
    Restricts,
    Neither,
}

pub(super) struct Fact {
    pub(super) sense: Sense,
    /// The number of a bound, to tell lower from higher.
    pub(super) amount: Option<u64>,
    pub(super) shown: String,
    pub(super) place: String,
    /// Whether it holds because no line says otherwise: told only where it changes.
    pub(super) unsaid: bool,
    /// Whether all that it is about is whether calls may be made.
    pub(super) decides: bool,
    /// What it restricts: where that goes, nothing is allowed by its going too.
    pub(super) of: Vec<String>,
}

impl Fact {
    pub(super) fn said(&self, says: &str) -> String {
        format!("{says} {}", self.shown).trim_end().to_owned()
    }
}

/// Before the first `apply` only the built-in role is there.
pub(super) fn of_nothing() -> Facts {
    let mut facts = Collector(BTreeMap::new());
    facts.role(&Role::local());
    facts.0
}

pub(super) fn of(content: &Content) -> Facts {
    let mut facts = Collector(BTreeMap::new());
    content.grants().for_each(|grant| facts.grant(grant));
    content.roles().for_each(|role| facts.role(role));
    content
        .trust()
        .publishers()
        .iter()
        .for_each(|publisher| facts.publisher(publisher));
    facts.revocations(content);
    facts.way(content.way());
    facts.people(content.people());
    facts.network(content.network());
    content.agents().for_each(|agent| facts.agent(agent));
    content.policies().iter().for_each(|one| facts.policy(one));
    facts.0
}

struct Collector(Facts);

/// Where the list of revocations stands.
const LIST: &str = "revocations.json";

/// The most that is shown of a policy, in characters.
const LONGEST: usize = 400;

/// `text` with one blank for each run of white space, but where that is quoted.
fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    for c in text.trim().chars() {
        match c.is_whitespace() && !quoted {
            true if line.ends_with(' ') => {}
            true => line.push(' '),
            false => line.push(c),
        }
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && quoted && !escaped;
    }
    line
}

/// That there is a grant.
const GRANT: &str = "is granted";

/// A bound's number, as people write it, and its line.
type Bound = (u64, String, Place);

/// Where a fact stands and whom it is about.
struct Subject(String);

impl Collector {
    /// In its own words, on one line; the longest are cut, and then told apart by their digests.
    fn policy(&mut self, written: &Written) {
        let mut text = on_one_line(&written.text);
        if let Some((cut, _)) = text.char_indices().nth(LONGEST) {
            let digest = Digest::of(text.as_bytes());
            text.truncate(cut);
            text.push_str(&format!("... ({})", digest.short()));
        }
        let subject = Subject("policies".to_owned());
        self.decides(&subject, Sense::Restricts, text, &written.place);
    }

    fn fact(
        &mut self,
        subject: &Subject,
        sense: Sense,
        says: impl Into<String>,
        place: &impl ToString,
    ) {
        let fact = Fact {
            sense,
            amount: None,
            shown: String::new(),
            place: place.to_string(),
            unsaid: false,
            decides: false,
            of: Vec::new(),
        };
        self.0.insert((subject.0.clone(), says.into()), fact);
    }

    /// A fact about whether calls may be made, and nothing else.
    fn decides(
        &mut self,
        subject: &Subject,
        sense: Sense,
        says: impl Into<String>,
        place: &impl ToString,
    ) {
        let says = says.into();
        self.fact(subject, sense, says.clone(), place);
        self.mark(subject, &says, |fact| fact.decides = true);
    }

    fn bound(
        &mut self,
        subject: &Subject,
        says: &str,
        amount: u64,
        shown: String,
        place: &impl ToString,
    ) {
        let fact = Fact {
            sense: Sense::Restricts,
            amount: Some(amount),
            shown,
            place: place.to_string(),
            unsaid: false,
            decides: false,
            of: Vec::new(),
        };
        self.0.insert((subject.0.clone(), says.to_owned()), fact);
    }

    fn mark(&mut self, subject: &Subject, says: &str, change: impl FnOnce(&mut Fact)) {
        let fact = self.0.get_mut(&(subject.0.clone(), says.to_owned()));
        if let Some(fact) = fact {
            change(fact);
        }
    }

    /// That something is there, which other facts are about and lines say in their own ways.
    fn there(&mut self, subject: &Subject, says: &str, place: &impl ToString) {
        self.fact(subject, Sense::Neither, says, place);
        self.mark(subject, says, |fact| fact.unsaid = true);
    }

    fn grant(&mut self, grant: &Grant) {
        let subject = Subject(format!(
            "{} of {}",
            grant.skill.value, grant.publisher.value
        ));
        self.fact(
            &subject,
            Sense::Permits,
            format!("component {}", grant.digest.value),
            &grant.digest.place,
        );
        self.there(&subject, GRANT, &grant.skill.place);
        if let Some(follow) = &grant.follow {
            self.fact(
                &subject,
                Sense::Permits,
                format!("follows {}", follow.value),
                &follow.place,
            );
        }
        self.fact(
            &subject,
            Sense::Neither,
            format!("tools are called {}_...", grant.prefix()),
            grant.prefix_place(),
        );
        for (name, tool) in &grant.tools {
            self.tool(&subject, name, tool);
        }
        for (name, http) in &grant.http {
            self.http(&subject, name, http);
            self.others(&subject, name, http, grant);
        }
        for (name, model) in &grant.model {
            self.model(&subject, name, model);
            self.others(&subject, &format!("model {name}"), &model.http, grant);
        }
        for (name, upstream) in &grant.upstream {
            self.upstream(&subject, name, upstream);
            self.others(&subject, &format!("upstream {name}"), &upstream.http, grant);
        }
        for (name, database) in &grant.sql {
            self.database(&subject, name, database);
            self.others(&subject, &format!("database {name}"), &database.http, grant);
        }
        for (name, callee) in &grant.skills {
            let says = format!(
                "calls {name} of {} of {}",
                callee.skill.value, callee.publisher.value
            );
            self.fact(&subject, Sense::Permits, says, &callee.place);
        }
        for (name, store) in &grant.state {
            let says = format!("keeps state in {name}");
            self.fact(&subject, Sense::Permits, says, &store.place);
            if let Some(At { value, place }) = &store.size {
                let says = format!("{name}: bytes kept at most");
                self.bound(&subject, &says, *value, ByteSize(*value).to_string(), place);
                self.mark(&subject, &says, |fact| {
                    fact.of = vec![format!("keeps state in {name}")]
                });
            }
        }
        for (name, files) in &grant.files {
            self.files(&subject, name, files);
        }
        for (name, value) in &grant.settings {
            // With escapes, so that no value shows as another line of this page.
            let says = format!("setting {name} is {:?}", value.value);
            self.fact(&subject, Sense::Neither, says, &value.place);
        }
        self.limits(&subject, &grant.limits);
    }

    fn files(&mut self, subject: &Subject, name: &str, files: &FilesGrant) {
        let verb = files.quota.map_or("reads", |_| "changes");
        let opened = format!("{verb} {name} in {:?}", files.path.value);
        self.fact(subject, Sense::Permits, opened.clone(), &files.path.place);
        let Some(Quota { bytes, files: most }) = files.quota else {
            return;
        };
        let bounds = [
            ("bytes", bytes, ByteSize(bytes).to_string()),
            ("entries", most, most.to_string()),
        ];
        for (what, amount, shown) in bounds {
            let says = format!("{name}: {what} at most");
            self.bound(subject, &says, amount, shown, &files.place);
            self.mark(subject, &says, |fact| fact.of = vec![opened.clone()]);
        }
    }

    fn way(&mut self, way: &Way) {
        let subject = Subject("all requests".to_owned());
        for server in &way.dns {
            let says = format!("names are looked up at {}", server.value);
            self.fact(&subject, Sense::Permits, says, &server.place);
        }
        if let Some(proxy) = &way.proxy {
            let says = format!("the proxy {} makes every connection", proxy.value);
            self.fact(&subject, Sense::Permits, says, &proxy.place);
        }
    }

    fn agent(&mut self, agent: &Agent) {
        let subject = Subject(format!("agent {}", agent.name.value));
        let says = format!("comes over the network as role {}", agent.role.value);
        self.fact(&subject, Sense::Permits, says, &agent.role.place);
    }

    /// What is not as it is without a line.
    fn network(&mut self, network: &Network) {
        let unsaid = Network::default();
        let place = Place {
            file: Settings::FILE.into(),
            line: 1,
            column: 1,
        };
        let subject = Subject("agents".to_owned());
        let mut says = Vec::new();
        if network.listen != unsaid.listen {
            says.push(format!("come in at {}", network.listen));
        }
        if let Some(probe) = network.probe {
            says.push(format!("and whoever asks how the host is, at {probe}"));
        }
        let names = network
            .names
            .iter()
            .filter(|name| !unsaid.names.contains(name));
        says.extend(names.map(|name| format!("call this host {name}")));
        for says in says {
            self.fact(&subject, Sense::Permits, says, &place);
        }
        if network.ttl != unsaid.ttl {
            let says = format!("have certificates for {}", network.ttl);
            self.fact(&subject, Sense::Neither, says, &place);
        }
    }

    fn people(&mut self, people: &People) {
        for (name, At { value, place }) in &people.settings.confirm {
            let subject = Subject(format!("tier {name}"));
            let people = value.people.to_string();
            // The fewer are wanted, the more is allowed: the other way round than a bound.
            let amount = u64::MAX.saturating_sub(u64::from(value.people));
            self.bound(&subject, "people", amount, people, place);
            self.mark(&subject, "people", |fact| fact.decides = true);
            let from = value.from.as_deref().unwrap_or("any approver");
            self.fact(&subject, Sense::Neither, format!("from {from}"), place);
            let within = format!("they have {}", value.within);
            self.fact(&subject, Sense::Neither, within, place);
        }
        for (principal, At { value, place }) in &people.settings.works_for {
            let subject = Subject(format!("agent {principal}"));
            self.fact(
                &subject,
                Sense::Neither,
                format!("works for {value}"),
                place,
            );
        }
        if let Some(vault) = &people.settings.vault {
            self.vault(vault);
        }
        if let Some(At { value, place }) = &people.settings.notify {
            let subject = Subject("approvals".to_owned());
            let says = format!("are told to {}, signed with {}", value.url, value.key);
            self.fact(&subject, Sense::Permits, says, place);
            for root in &value.roots {
                let says = format!("{} may be vouched for by {}", value.url, Digest::of(root));
                self.fact(&subject, Sense::Permits, says, place);
            }
        }
        if let Some(At { value, place }) = &people.settings.witnesses {
            let subject = Subject("the log".to_owned());
            for witness in &value.ask {
                let says = format!("is witnessed by {} at {}", witness.key, witness.url);
                self.fact(&subject, Sense::Neither, says, place);
            }
            let start = if value.required {
                "wanted"
            } else {
                "not wanted"
            };
            let says = format!(
                "wants {} of its witnesses within {}; at a start they are {start}",
                value.quorum, value.patience
            );
            self.fact(&subject, Sense::Neither, says, place);
        }
        for approver in &people.approvers {
            let subject = Subject(format!("approver {}", approver.name.value));
            let (person, key) = (&approver.person, approver.key.value.fingerprint());
            let says = format!("{} may approve by key {key}", person.value);
            self.fact(&subject, Sense::Permits, says, &person.place);
            for group in &approver.groups {
                let says = format!("is of {}", group.value);
                self.fact(&subject, Sense::Permits, says, &group.place);
            }
        }
    }

    fn vault(&mut self, At { value, place }: &At<Vault>) {
        let subject = Subject("credentials".to_owned());
        let (address, login) = (&value.address, &value.login);
        let proof = match &login.proof {
            LoginProof::Kubernetes(file) | LoginProof::Jwt(file) | LoginProof::AppRole(file) => {
                file
            }
            LoginProof::Certificate { certificate, .. } => certificate,
        };
        let namespace = value.namespace.as_deref().unwrap_or("the root namespace");
        let says = [
            format!("are asked of {address} in {namespace}"),
            format!(
                "this host signs in there as {} at auth/{} with {}",
                login.role,
                login.mount,
                proof.display()
            ),
        ];
        for says in says {
            self.fact(&subject, Sense::Permits, says, place);
        }
        for root in &value.roots {
            let says = format!("{address} may be vouched for by {}", Digest::of(root));
            self.fact(&subject, Sense::Permits, says, place);
        }
        let idle = format!("those on lease are given back after {}", value.idle);
        self.fact(&subject, Sense::Neither, idle, place);
    }

    fn tool(&mut self, subject: &Subject, name: &str, tool: &ToolGrant) {
        let itself = format!("tool {name}");
        self.fact(subject, Sense::Permits, &*itself, &tool.place);
        if let Some(At { value, place }) = &tool.confirm {
            let whom = match value {
                Confirmation::Tier(_) => String::new(),
                Confirmation::When { within, .. } => {
                    let within = within.map(|within| format!(" within {within}"));
                    format!(", `{}`{}", value.tier(), within.unwrap_or_default())
                }
            };
            let says = format!("tool {name} asks a person: {value}{whom}");
            self.decides(subject, Sense::Restricts, &*says, place);
            self.mark(subject, &says, |fact| fact.of.push(itself.clone()));
        }
        if let Some(At { value, place }) = &tool.effect {
            let says = format!("tool {name} is treated as {value}");
            self.fact(subject, Sense::Restricts, &*says, place);
            self.mark(subject, &says, |fact| fact.of.push(itself));
        }
    }

    fn http(&mut self, subject: &Subject, name: &str, http: &HttpGrant) {
        let place = &http.place;
        self.there(subject, name, place);
        match &http.url {
            Some(url) => self.fact(
                subject,
                Sense::Permits,
                format!("{name} is {}", url.value),
                &url.place,
            ),
            None => self.fact(
                subject,
                Sense::Permits,
                format!("{name} is where the skill says"),
                place,
            ),
        }
        match &http.allow {
            Some(routes) => routes.iter().for_each(|route| {
                self.fact(
                    subject,
                    Sense::Permits,
                    format!("{name} {}", route.value),
                    &route.place,
                );
            }),
            None => self.fact(
                subject,
                Sense::Permits,
                format!("{name} as the skill declares"),
                place,
            ),
        }
        for range in &http.private {
            self.fact(
                subject,
                Sense::Permits,
                format!("{name} may be at {}", range.value),
                &range.place,
            );
        }
        for route in &http.reads {
            let says = format!("{name} {} counts as reading", route.value);
            self.fact(subject, Sense::Permits, says, &route.place);
        }
        for root in http.roots.iter().flat_map(|at| &at.value) {
            let says = format!("{name} vouched for by certificate {}", Digest::of(root));
            self.fact(subject, Sense::Permits, says, place);
        }
        let bounds = http.bounds.as_ref();
        let (value, place) =
            bounds.map_or((HttpBounds::default(), place), |at| (at.value, &at.place));
        self.bounds(subject, name, &value, place, bounds.is_none());
        if let Some(At { value, place }) = &http.auth {
            self.fact(
                subject,
                Sense::Permits,
                format!("{name} uses the credential {}", value.kept),
                place,
            );
            if let Some(user) = &value.user {
                let says = format!("{name} is used as the user {user}");
                self.fact(subject, Sense::Permits, says, place);
            }
            if let Some(region) = &value.region {
                let says = format!("{name} is signed for the region {region}");
                self.fact(subject, Sense::Permits, says, place);
            }
            if let Some(token) = &http.token {
                self.token(subject, name, token);
            }
            if value.query {
                let says = format!("{name} gets its credential in addresses, which are logged");
                self.fact(subject, Sense::Permits, says, place);
            }
        }
    }

    /// What gives tokens for the credential of `name`, and so gets it.
    fn token(&mut self, subject: &Subject, name: &str, token: &HttpGrant) {
        let url = token
            .url
            .iter()
            .map(|at| (format!("from {}", at.value), &at.place));
        let private = token.private.iter();
        let private = private.map(|at| (format!("from a place at {}", at.value), &at.place));
        let roots = token
            .roots
            .iter()
            .flat_map(|at| at.value.iter().map(move |root| (root, &at.place)));
        let roots = roots.map(|(root, place)| {
            let says = format!(
                "from a place vouched for by certificate {}",
                Digest::of(root)
            );
            (says, place)
        });
        for (says, place) in url.chain(private).chain(roots) {
            let says = format!("{name} has its tokens {says}");
            self.fact(subject, Sense::Permits, says, place);
        }
    }

    /// The granted tools that a list of tools leaves out.
    fn others(&mut self, subject: &Subject, name: &str, http: &HttpGrant, grant: &Grant) {
        let Some(tools) = &http.tools else { return };
        let place = tools.first().map_or(&http.place, |tool| &tool.place);
        let out = |tool: &&String| !tools.iter().any(|at| at.value == **tool);
        for tool in grant.tools.keys().filter(out) {
            let says = format!("{name} not for {tool}");
            self.fact(subject, Sense::Restricts, &*says, place);
            self.mark(subject, &says, |fact| {
                fact.of = vec![name.to_owned(), format!("tool {tool}")];
            });
        }
    }

    fn bounds(
        &mut self,
        subject: &Subject,
        name: &str,
        bounds: &HttpBounds,
        place: &Place,
        unsaid: bool,
    ) {
        let size = |bytes| ByteSize(bytes).to_string();
        let all = [
            ("requests", bounds.requests, bounds.requests.to_string()),
            ("bytes sent", bounds.sent, size(bounds.sent)),
            ("bytes received", bounds.received, size(bounds.received)),
            ("time", bounds.time_ms, Span(bounds.time_ms).to_string()),
        ];
        for (what, amount, shown) in all {
            let says = format!("{name}: {what} at most");
            self.bound(subject, &says, amount, shown, place);
            self.mark(subject, &says, |fact| {
                (fact.unsaid, fact.of) = (unsaid, vec![name.to_owned()]);
            });
        }
    }

    fn limits(&mut self, subject: &Subject, limits: &LimitsGrant) {
        let size = |at: &Option<At<ByteSize>>| {
            at.as_ref()
                .map(|at| (at.value.0, at.value.to_string(), at.place.clone()))
        };
        let time = |at: &Option<At<Span>>| {
            at.as_ref()
                .map(|at| (at.value.0, at.value.to_string(), at.place.clone()))
        };
        let fuel = |at: &Option<At<u64>>| {
            at.as_ref()
                .map(|at| (at.value, at.value.to_string(), at.place.clone()))
        };
        let bounds: [(&str, Option<Bound>); 5] = [
            ("memory at most", size(&limits.memory)),
            ("time at most", time(&limits.time)),
            ("fuel at most", fuel(&limits.fuel)),
            ("output at most", size(&limits.output)),
            ("input at most", size(&limits.input)),
        ];
        for (says, bound) in bounds {
            if let Some((amount, shown, place)) = bound {
                self.bound(subject, says, amount, shown, &place);
                self.mark(subject, says, |fact| fact.of.push(GRANT.to_owned()));
            }
        }
    }

    fn role(&mut self, role: &Role) {
        let subject = Subject(format!("role {}", role.name.value));
        let permission = |permission: Permission| match permission {
            Permission::Read => "may see skills",
            Permission::Execute => "may execute skills",
            Permission::Register => "may register skills",
        };
        for At { value, place } in &role.skills {
            let (says, place) = (permission(*value), role.shown(place));
            match value {
                Permission::Execute => self.decides(&subject, Sense::Permits, says, &place),
                _ => self.fact(&subject, Sense::Permits, says, &place),
            }
        }
        for At { value, place } in &role.tools {
            let (says, place) = (format!("tools {value}"), role.shown(place));
            match role.permits(Permission::Register) {
                None => self.decides(&subject, Sense::Permits, says, &place),
                // They are then also the skills that it may bring in.
                Some(_) => self.fact(&subject, Sense::Permits, says, &place),
            }
        }
        let words = [
            ("may publish on", &role.publish),
            ("may subscribe to", &role.subscribe),
            ("may start", &role.invoke),
        ];
        for (says, names) in words {
            for At { value, place } in names {
                self.fact(
                    &subject,
                    Sense::Permits,
                    format!("{says} {value}"),
                    &role.shown(place),
                );
            }
        }
    }

    fn publisher(&mut self, publisher: &Publisher) {
        let (subject, place) = (
            Subject(format!("publisher {}", publisher.name())),
            publisher.place(),
        );
        for namespace in publisher.namespaces() {
            self.fact(
                &subject,
                Sense::Permits,
                format!("may sign {namespace}"),
                &place,
            );
        }
        match publisher.recognised() {
            Recognised::Keys(keys) => keys.iter().for_each(|key| {
                self.fact(
                    &subject,
                    Sense::Permits,
                    format!("is known by key {}", key.fingerprint()),
                    &place,
                );
            }),
            Recognised::Identity { pattern, issuer } => {
                self.fact(
                    &subject,
                    Sense::Permits,
                    format!("is known as {pattern}, says {issuer}"),
                    &place,
                );
            }
        }
        if publisher.transparency() == Transparency::Required {
            self.fact(
                &subject,
                Sense::Restricts,
                "signatures must be in the log",
                &place,
            );
        }
    }

    fn revocations(&mut self, content: &Content) {
        let subject = Subject("revocations".to_owned());
        let policy = content.trust().revocations();
        if policy.required {
            self.fact(
                &subject,
                Sense::Restricts,
                "a list is required",
                &"trust.toml",
            );
        }
        if let Some(age) = policy.max_age {
            let hours = u64::try_from(age.as_hours()).unwrap_or(0);
            self.bound(
                &subject,
                "the list's age at most",
                hours,
                format!("{hours}h"),
                &"trust.toml",
            );
        }
        let Some(list) = content.revocations().list() else {
            return;
        };
        let number = format!("list {}", list.number);
        self.fact(&subject, Sense::Neither, number, &LIST);
        let components = list.digests.iter().map(|it| format!("component {it}"));
        let keys = list.keys.iter().map(|it| format!("key {it}"));
        let identities = list.identities.iter().map(|it| format!("identity `{it}`"));
        for revoked in components.chain(keys).chain(identities) {
            self.fact(&subject, Sense::Restricts, revoked, &LIST);
        }
    }
}
