//! Agents that come over the network: how they come in, who they are, and how they are kept out again.
//!
//! Who an agent is says its certificate; that there is such an agent, and its role, say the files in force; that it was
//! not revoked says the log. All three are asked for each request.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vouchsafe_ambient::clock;
use vouchsafe_audit::Seq;
use vouchsafe_clearance::StillHeld;
use vouchsafe_identity::{Authority, Invitation, Issued, Peer, Token, agent_of};
use vouchsafe_policy::settings::Network;
use vouchsafe_policy::{Agent, Content};

use crate::asking::PATIENCE;
use crate::caller::Caller;
use crate::owner::Owner;
use crate::protocol::Failure;
use crate::records::control;

/// What the log told of agents, as it is kept beside the switches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Marks {
    /// Invitations that were used, until they would have ended.
    used: BTreeMap<String, Timestamp>,
    /// The record up to which an agent's certificates count no more.
    revoked: BTreeMap<String, Seq>,
}

impl Marks {
    /// Notes that an invitation was used. Those are forgotten whose time has come.
    fn used(&mut self, invitation: &str, until: Timestamp, now: Timestamp) {
        self.used.retain(|_, until| *until > now);
        self.used.insert(invitation.to_owned(), until);
    }

    /// Takes in what a record tells.
    pub(crate) fn take_in(&mut self, action: &str, seq: Seq, facts: &BTreeMap<String, String>) {
        let Some(agent) = facts.get("agent") else {
            return;
        };
        match action {
            ENROL => {
                let until = facts.get("until").and_then(|until| until.parse().ok());
                let used = facts.get("invitation").zip(until);
                // An invitation whose time has come is refused for that.
                self.used
                    .extend(used.map(|(id, until)| (id.clone(), until)));
            }
            REVOKE => self.revoke(agent, seq),
            _ => {}
        }
    }

    fn revoke(&mut self, agent: &str, seq: Seq) {
        let mark = self.revoked.entry(agent.to_owned()).or_default();
        *mark = (*mark).max(seq);
    }

    /// Whether `agent`'s certificate with this serial number counts. The number is that of the record that it was
    /// issued with.
    fn counts(&self, agent: &str, serial: Option<u64>) -> bool {
        let revoked = self.revoked.get(agent).copied().unwrap_or_default();
        serial.is_some_and(|serial| serial > revoked)
    }
}

/// How long between two certificates for one agent, but for those by invitation.
const RENEWALS: Duration = Duration::from_secs(10);

const ENROL: &str = "enrol";
const RENEW: &str = "renew";
const REVOKE: &str = "revoke-agent";

/// What an owner has for agents, whether it listens to them or not.
pub(crate) struct Door {
    authority: Authority,
    /// What ends an agent's sessions, and all that is under way in them.
    gone: Mutex<BTreeMap<String, CancellationToken>>,
    changed: watch::Sender<()>,
    /// When each agent was given a certificate last.
    renewed: Mutex<BTreeMap<String, Instant>>,
    listening: OnceLock<Listening>,
}

/// Where a host that serves is reached, whatever the files say by now.
pub(crate) struct Listening {
    /// Its listeners.
    pub(crate) own: Vec<SocketAddr>,
    /// The port of that for agents.
    pub(crate) port: u16,
    /// What it was called when it began.
    pub(crate) names: Vec<String>,
}

impl Door {
    pub(crate) fn new(authority: Authority) -> Self {
        Self {
            authority,
            gone: Mutex::default(),
            changed: watch::Sender::new(()),
            renewed: Mutex::default(),
            listening: OnceLock::new(),
        }
    }

    /// Notes that the agent called `name` wants another certificate, if it has not had one a moment ago: each is a
    /// record for ever.
    fn may_renew(&self, name: &str) -> bool {
        let mut renewed = self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        let last = renewed
            .get(name)
            .is_none_or(|last| last.elapsed() >= RENEWALS);
        if last {
            renewed.insert(name.to_owned(), Instant::now());
        }
        last
    }

    /// Where this host listens, which nothing of its own connects to.
    pub(crate) fn listens_at(&self) -> Vec<SocketAddr> {
        let listening = self.listening.get();
        listening.map_or_else(Vec::new, |listening| listening.own.clone())
    }

    /// The host's own authority.
    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Tells when somebody may not come in any more.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// What is cancelled when the agent called `name` may not come in any more.
    pub(crate) fn gone(&self, name: &str) -> CancellationToken {
        let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        gone.entry(name.to_owned()).or_default().clone()
    }
}

/// An agent that was recognised.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// Its name.
    pub(crate) name: String,
}

impl Owner {
    /// Notes where this host listens, now that it does.
    pub(crate) fn listens(&self, listening: Listening) {
        // Said once, when it begins to serve.
        drop(self.door().listening.set(listening));
        let rules = self.rules();
        self.egress()
            .configure(self.way_out(rules.in_force.as_deref()));
    }

    /// Why it can't take calls at present, if so.
    ///
    /// # Errors
    /// In words for who watches over it.
    pub(crate) fn ready(&self) -> Result<(), &'static str> {
        if self.rules().in_force.is_none() {
            return Err("nothing is in force: run `vouchsafe apply`");
        }
        match self.log().is_writable() {
            true => Ok(()),
            false => Err("the log takes no records"),
        }
    }

    /// Ends the sessions of agents that `ends` names, and of those that are not in force any more.
    pub(crate) fn end_agents(&self, ends: impl Fn(&str) -> bool) {
        let door = self.door();
        let mut gone = door.gone.lock().unwrap_or_else(PoisonError::into_inner);
        gone.retain(|name, token| {
            let ended = ends(name) || self.agent_in_force(name).is_err();
            if ended {
                token.cancel();
            }
            !ended
        });
        drop(gone);
        door.changed.send_replace(());
    }

    /// Who is at the other end, if it is an agent that may come in now.
    ///
    /// # Errors
    /// Why not, for the operator.
    pub(crate) fn recognise(&self, peer: &Peer) -> Result<Known, String> {
        let name =
            agent_of(&peer.id).ok_or_else(|| format!("`{}` is no agent of this host", peer.id))?;
        if peer.has_ended(clock::now()) {
            return Err(format!(
                "the certificate of `{name}` ended at {}",
                peer.until
            ));
        }
        if !self.switches().agents().counts(name, peer.serial) {
            return Err(format!("`{name}` was revoked"));
        }
        self.agent_in_force(name)?;
        Ok(Known {
            name: name.to_owned(),
        })
    }

    /// The caller that the agent called `name` is by the files in force at this moment.
    ///
    /// # Errors
    /// When there is no such agent any more.
    pub(crate) fn agent(&self, name: &str) -> Result<Caller, String> {
        let agent = self.agent_in_force(name)?;
        Ok(Caller::agent(&agent.name.value, &agent.role.value).waiting(PATIENCE))
    }

    fn agent_in_force(&self, name: &str) -> Result<Agent, String> {
        let rules = self.rules();
        let content = rules.in_force.as_deref().map(|in_force| in_force.content());
        let agent = content.and_then(|content| content.agent(name)).cloned();
        agent.ok_or_else(|| {
            format!(
                "no agent `{name}` is in force: write agents/{name}.toml, then `vouchsafe apply`"
            )
        })
    }

    /// Where this host is reached, by what is in force.
    pub(crate) fn network(&self) -> Network {
        let rules = self.rules();
        let in_force = rules.in_force.as_deref();
        in_force.map_or_else(Network::default, |in_force| {
            in_force.content().network().clone()
        })
    }

    /// What this host may be called, and the port that is meant with it.
    pub(crate) fn called(&self) -> (Vec<String>, u16) {
        let network = self.network();
        let (mut names, mut port) = (network.names, network.listen.port());
        if let Some(listening) = self.door().listening.get() {
            port = listening.port;
            let more = listening.names.iter().filter(|name| !names.contains(name));
            let more: Vec<_> = more.cloned().collect();
            names.extend(more);
        }
        (names, port)
    }

    /// Whether the log has issued this certificate: a log that was put back has not, and whoever could sign for more has
    /// only what it did. Reads the disk, once for a connection.
    pub(crate) fn has_issued(&self, peer: &Peer) -> bool {
        let (Some(name), Some(serial)) = (agent_of(&peer.id), peer.serial) else {
            return false;
        };
        let record = self.log().controls(serial).next();
        record.and_then(Result::ok).is_some_and(|record| {
            let action = record.action.as_deref();
            let is_of = record.facts.get("agent").is_some_and(|agent| agent == name);
            record.seq == serial && is_of && matches!(action, Some(ENROL | RENEW))
        })
    }

    /// Brings in the agent that an operator's invitation names: a certificate for the key that signed `request`, once.
    /// The record comes first, and its number is the certificate's.
    ///
    /// # Errors
    /// When the invitation does not hold, or `request` is none.
    pub(crate) async fn enrol(&self, token: &Token, request: &[u8]) -> Result<Issued, Failure> {
        let now = clock::now();
        let invitation = Invitation::verify(token, self.operators(), now);
        let invitation = invitation.map_err(|error| Failure::refused(error.to_string()))?;
        // Nobody's before this, so that a stranger keeps no change waiting.
        let _one_after_another = self.changing().await;
        let caller = self.agent(&invitation.agent).map_err(not_in)?;
        self.still_invites(&invitation)?;
        if self.switches().agents().used.contains_key(&invitation.id) {
            return Err(Failure::refused("this invitation was used")
                .with_fix(format!("run `vouchsafe agent invite {}`", invitation.agent)));
        }
        // Looked at before it is used up.
        let name = &invitation.agent;
        self.issue(name, request, 1)?;
        let facts = [
            ("agent", name.clone()),
            ("invitation", invitation.id.clone()),
            ("until", invitation.until.to_string()),
        ];
        let serial = self.record(control(ENROL, Some(&caller), facts)).await?;
        self.switches()
            .agents_mut()
            .used(&invitation.id, invitation.until, now);
        self.keep_switches()?;
        // Who revoked it in between does not know of this certificate.
        self.still_invites(&invitation)?;
        self.issue(name, request, serial)
    }

    /// That the invitation is to this host, and that its agent was not revoked since it was made.
    fn still_invites(&self, invitation: &Invitation) -> Result<(), Failure> {
        let fix = format!("run `vouchsafe agent invite {}`", invitation.agent);
        let again = |why: &str| Failure::refused(why).with_fix(fix.clone());
        if !self.door().authority().is_known_by(&invitation.root) {
            return Err(again("this invitation is to a host with another key"));
        }
        let since = self.revoked(&invitation.agent).unwrap_or_default();
        match since > invitation.after || self.log().head().seq < invitation.after {
            true => Err(again("this invitation is from before, and counts no more")),
            false => Ok(()),
        }
    }

    /// The next certificate of an agent that was recognised.
    ///
    /// # Errors
    /// When it was revoked meanwhile, or `request` is none.
    pub(crate) async fn renew(
        &self,
        (known, peer): (&Known, &Peer),
        request: &[u8],
    ) -> Result<Issued, Failure> {
        let caller = self.agent(&known.name).map_err(not_in)?;
        let before = self.revoked(&known.name);
        self.recognise(peer).map_err(not_in)?;
        // Looked at before it is recorded.
        self.issue(&known.name, request, 1)?;
        if !self.door().may_renew(&known.name) {
            let often = "a certificate was issued a moment ago";
            return Err(Failure::refused(often).with_fix("try again in ten seconds"));
        }
        let facts = [("agent", known.name.clone())];
        let serial = self.record(control(RENEW, Some(&caller), facts)).await?;
        // Who revoked it in between does not know of this certificate.
        if self.revoked(&known.name) != before {
            return Err(not_in(format!("`{}` was revoked", known.name)));
        }
        self.issue(&known.name, request, serial)
    }

    fn revoked(&self, agent: &str) -> Option<Seq> {
        self.switches().agents().revoked.get(agent).copied()
    }

    fn issue(&self, name: &str, request: &[u8], serial: Seq) -> Result<Issued, Failure> {
        let ttl = i64::try_from(self.network().ttl.0).unwrap_or(i64::MAX);
        let ttl = SignedDuration::from_millis(ttl);
        let issued = self
            .door()
            .authority()
            .issue(name, request, serial, (clock::now(), ttl));
        issued.map_err(|error| Failure::usage(error.to_string()))
    }

    /// Keeps an agent out: its certificates up to now count no more, and what it has under way ends. Needs no proof,
    /// since it only takes away; a new invitation does. Waits for no disk; then it is recorded and kept.
    ///
    /// # Errors
    /// When it can't be recorded or kept; the agent is out all the same.
    pub(crate) async fn revoke_agent(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<StillHeld, Failure> {
        let head = self.log().head().seq;
        self.switches().agents_mut().revoke(name, head);
        self.end_agents(|agent| agent == name);
        let advanced = self.clearance().epoch().advance();
        let facts = [("agent", name.to_owned())];
        let recorded = self.record(control(REVOKE, Some(caller), facts)).await;
        if let Ok(seq) = &recorded {
            self.switches().agents_mut().revoke(name, *seq);
        }
        let under_way = crate::owner::drained(advanced, |_| true).await;
        let _one_after_another = self.changing().await;
        let kept = self.keep_switches();
        recorded
            .map(drop)
            .and(kept)
            .map(|()| under_way)
            .map_err(|failure| Failure {
                message: format!("revoked, but: {}", failure.message),
                ..failure
            })
    }

    /// What an operator needs for an invitation, and who there is.
    pub(crate) fn agents_told(&self) -> Json {
        let rules = self.rules();
        let content = rules.in_force.as_deref().map(|in_force| in_force.content());
        let agents = content.into_iter().flat_map(Content::agents);
        let agents: Vec<_> = agents
            .map(|agent| {
                let name = &agent.name.value;
                json!({
                    "agent": name, "role": agent.role.value, "revoked": self.revoked(name),
                    "principal": self.log().pseudonym("local", name),
                })
            })
            .collect();
        let (names, port) = self.called();
        let url = names.first().map(|name| url(name, port));
        let head = self.log().head().seq;
        json!({ "agents": agents, "url": url, "head": head, "root": self.door().authority().root_pem() })
    }
}

/// What an agent hears that may not come in; why is the operator's.
fn not_in(why: String) -> Failure {
    tracing::warn!(%why, "refused an agent");
    Failure::refused("this agent may not come in")
}

/// Where a host is reached that is called so.
pub(crate) fn url(name: &str, port: u16) -> String {
    match name.parse() {
        Ok(std::net::IpAddr::V6(address)) => format!("https://[{address}]:{port}"),
        _ => format!("https://{name}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(facts: &[(&str, &str)]) -> BTreeMap<String, String> {
        let facts = facts.iter();
        facts
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn certificates_up_to_a_revocation_count_no_more_and_later_ones_do() {
        let mut marks = Marks::default();
        assert!(marks.counts("a", Some(7)));
        marks.take_in(REVOKE, 9, &facts(&[("agent", "a")]));
        assert!(!marks.counts("a", Some(7)) && !marks.counts("a", Some(9)));
        assert!(marks.counts("a", Some(10)) && marks.counts("b", Some(7)));
        assert!(!marks.counts("b", None), "of another authority");
        marks.take_in(REVOKE, 8, &facts(&[("agent", "a")]));
        assert!(!marks.counts("a", Some(9)));
    }

    #[test]
    fn an_invitation_is_known_as_used_until_it_would_have_ended() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut marks = Marks::default();
        marks.used("one", at(10), at(0));
        let two = [
            ("agent", "a"),
            ("invitation", "two"),
            ("until", "1970-01-01T00:00:20Z"),
        ];
        marks.take_in(ENROL, 3, &facts(&two));
        assert_eq!(marks.used.len(), 2);
        marks.used("three", at(30), at(15));
        assert_eq!(marks.used.keys().collect::<Vec<_>>(), ["three", "two"]);
    }
}
