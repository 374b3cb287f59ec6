//! The calls that a skill makes of others: found, judged, cleared and made here, each with records of its own
//! inside the call that makes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::Value as Json;
use vouchsafe_clearance::{
    self as clearance, Call, Clearance, Cleared, EffectGate, EffectKind, Facts, Refusal, Within,
};
use vouchsafe_package::value::{Caps, Value, arguments_to_json, canonical};
use vouchsafe_package::{Effect, Tool};
use vouchsafe_policy::callee::{MAX_DEPTH, answers};
use vouchsafe_policy::grant::SkillGrant;
use vouchsafe_policy::{Decision, amend, decide_within};
use vouchsafe_runtime::{Asked, Callees, Completed, Ends, Heard, NotHeard, Skill};

use crate::call::still_in_force;
use crate::owner::Owner;
use crate::payloads::About;
use crate::rules::Rules;
use crate::skill::InstalledSkill;

/// Calls of other skills in all that one agent's call can cause.
const MAX_CALLS: u32 = 1024;

/// Whom a skill calls, under the rules under which it is called itself.
pub(crate) struct Others {
    owner: Arc<Owner>,
    rules: Arc<Rules>,
    caller: Arc<InstalledSkill>,
    /// How many calls stand above this one's callees.
    above: u32,
    /// Calls made so far, in the whole tree.
    made: Arc<AtomicU32>,
}

impl Others {
    /// Whom `caller` calls; nothing where it imports no other skill.
    pub(crate) fn of(
        owner: Arc<Owner>,
        rules: &Arc<Rules>,
        caller: &Arc<InstalledSkill>,
    ) -> Option<Arc<dyn Callees>> {
        let others = Self {
            owner,
            rules: Arc::clone(rules),
            caller: Arc::clone(caller),
            above: 1,
            made: Arc::default(),
        };
        others.if_any()
    }

    fn if_any(self) -> Option<Arc<dyn Callees>> {
        let any = !self.caller.package().skills.is_empty();
        any.then(|| Arc::new(self) as Arc<dyn Callees>)
    }

    /// The same for what is called from here.
    fn below(&self, callee: &Arc<InstalledSkill>) -> Option<Arc<dyn Callees>> {
        let below = Self {
            owner: Arc::clone(&self.owner),
            rules: Arc::clone(&self.rules),
            caller: Arc::clone(callee),
            above: self.above.saturating_add(1),
            made: Arc::clone(&self.made),
        };
        below.if_any()
    }
}

impl Callees for Others {
    fn depth(&self) -> u32 {
        let left = MAX_DEPTH.saturating_add(1).saturating_sub(self.above);
        depth(&self.rules, &self.caller, left)
    }

    fn call(&self, asked: Asked) -> BoxFuture<'static, Heard> {
        let others = Self {
            owner: Arc::clone(&self.owner),
            rules: Arc::clone(&self.rules),
            caller: Arc::clone(&self.caller),
            above: self.above,
            made: Arc::clone(&self.made),
        };
        async move { others.make(asked).await.unwrap_or_else(Heard::nothing) }.boxed()
    }
}

/// How many calls may stand below one of `skill`, of which there are at most `left`.
fn depth(rules: &Rules, skill: &InstalledSkill, left: u32) -> u32 {
    let Some(left) = left.checked_sub(1) else {
        return 0;
    };
    let callees = skill.granted().effective().skills.values();
    let found = callees.filter_map(|granted| rules.answering(granted));
    let below = found.map(|callee| depth(rules, callee, left).saturating_add(1));
    below.max().unwrap_or(0)
}

/// The code that the calling skill hears.
type Code = String;

impl Others {
    async fn make(&self, asked: Asked) -> Result<Heard, Code> {
        let (granted, callee) = self.find(&asked)?;
        let tool = self.tool(&asked, granted, callee)?;
        let making = Making {
            others: self,
            asked: &asked,
            granted,
            callee,
            tool,
        };
        making.run().await
    }

    /// Whom the caller's grant names, if it is there to be called.
    fn find(&self, asked: &Asked) -> Result<(&SkillGrant, &Arc<InstalledSkill>), Code> {
        let refuse = |why: &str, fix: &str| Err(refused(&asked.gate, &asked.interface, why, fix));
        if self.above > MAX_DEPTH {
            return refuse("too many skills stand below one another already", "");
        }
        if self.made.fetch_add(1, Ordering::Relaxed) >= MAX_CALLS {
            return refuse(
                "one call has caused as many calls of other skills as it may",
                "",
            );
        }
        let named = self
            .caller
            .granted()
            .effective()
            .skills
            .get(&asked.interface);
        let Some(granted) = named else {
            let line = format_args!(
                "add `[skills.\"{}\"]` with `skill` and `publisher`",
                asked.interface
            );
            let fix = amend(self.caller.grant_file(), line);
            return refuse("nothing says which skill answers it", &fix);
        };
        match self.rules.answering(granted) {
            Some(callee) => Ok((granted, callee)),
            None => {
                let why = format!(
                    "{}: no component of `{}` of `{}` can be called",
                    granted.place, granted.skill.value, granted.publisher.value
                );
                refuse(&why, "install it, or look at `vouchsafe list`")
            }
        }
    }

    /// The callee's tool, of the very types that the caller imports.
    fn tool<'a>(
        &self,
        asked: &Asked,
        granted: &SkillGrant,
        callee: &'a InstalledSkill,
    ) -> Result<&'a Arc<Tool>, Code> {
        let (caller, there) = (self.caller.package(), callee.package());
        answers(caller, there, &asked.interface, &asked.function).map_err(|unfit| {
            let why = format!("{}: {unfit}", granted.place);
            let fix = "install a version of either skill that fits the other";
            refused(&asked.gate, &asked.interface, &why, fix)
        })
    }
}

/// Records that the caller was refused what it asked for at `interface`; gives the code that it hears.
fn refused(gate: &EffectGate, interface: &str, why: &str, fix: &str) -> Code {
    let least = EffectKind::Skill(Effect::Read);
    let refusal = Refusal::new(clearance::Code::NotAllowed, why, fix);
    gate.refuse_for(&least, interface, refusal).code.to_string()
}

/// One call of another skill on its way.
struct Making<'a> {
    others: &'a Others,
    asked: &'a Asked,
    granted: &'a SkillGrant,
    callee: &'a Arc<InstalledSkill>,
    tool: &'a Arc<Tool>,
}

impl Making<'_> {
    async fn run(&self) -> Result<Heard, Code> {
        self.covered()?;
        // Taken before the gate: whoever passes it is reached by it.
        let ends = Ends {
            asked: Instant::now(),
            cancel: self.asked.cancel.clone(),
            kill: self.others.owner.running().token(self.callee),
        };
        let admitted = self.asked.gate.admit();
        let refuse = |refusal| said(self.clearance().refuse(&admitted, self.facts(), refusal));
        still_in_force(&self.others.rules, admitted.principal(), self.callee).map_err(refuse)?;
        let input = self.input().map_err(refuse)?;
        let decision = decide_within(self.callee.granted(), &self.question(&input));
        let code = match &decision {
            Decision::Allow(_) => Some(self.code(&ends).await.map_err(refuse)?),
            Decision::NeedsPerson(_) | Decision::Deny { .. } => None,
        };
        let action = self.action(&input)?;
        let cleared = self.clearance().clear(admitted, action, decision);
        let cleared = cleared.map_err(said)?;
        let code = code.ok_or("NOT_LOADED")?;
        let about = About::of(&self.others.owner, self.tool, &input);
        about.keep_input(cleared.seq(), &input);
        Ok(self.call(cleared, &about, &code, ends).await)
    }

    /// That the caller's effect covers the callee's. A tool that is not granted has none: it is refused as such.
    fn covered(&self) -> Result<(), Code> {
        let tools = &self.callee.granted().effective().tools;
        let Some(tool) = tools.get(&self.tool.name) else {
            return Ok(());
        };
        let place = format!("{}/{}", self.callee.package().name, tool.name);
        let effect = EffectKind::Skill(tool.effect);
        self.asked.gate.check(&effect, &place).map_err(said)
    }

    fn clearance(&self) -> &Clearance {
        self.others.owner.clearance()
    }

    fn question<'a>(&'a self, input: &'a Json) -> vouchsafe_policy::Within<'a> {
        vouchsafe_policy::Within {
            caller: self.others.caller.granted(),
            permit: self.asked.gate.permit(),
            interface: &self.asked.interface,
            tool: &self.tool.name,
            input,
            left: &self.asked.left,
        }
    }

    /// The compiled code, unless one of the two calls is ended while it compiles.
    async fn code(&self, ends: &Ends) -> Result<Arc<Skill>, Refusal> {
        let not_loaded = |why: String| Refusal::new(clearance::Code::NotLoaded, why, "");
        let owner = Arc::clone(&self.others.owner);
        tokio::select! {
            biased;
            code = self.callee.code(owner) => code.map_err(|error| not_loaded(error.to_string())),
            () = ends.kill.cancelled() => Err(not_loaded("it was switched off".to_owned())),
            () = ends.cancel.cancelled() => Err(not_loaded("the call that asked ended".to_owned())),
        }
    }

    /// The arguments in the one form that commitments bind.
    fn input(&self) -> Result<Json, Refusal> {
        let limits = &self.callee.granted().effective().limits;
        let bytes = usize::try_from(limits.input_bytes).unwrap_or(usize::MAX);
        let caps = Caps::default().with_bytes(bytes);
        let input = arguments_to_json(&self.tool.params, &self.asked.arguments, &caps);
        let why = "they are beyond the tool's limits";
        input.map_err(|_| Refusal::new(clearance::Code::Arguments, why, ""))
    }

    fn action(&self, input: &Json) -> Result<Call, Code> {
        let package = self.callee.package();
        Ok(Call {
            skill: package.name.clone(),
            digest: package.digest,
            tool: self.tool.name.clone(),
            arguments: self.asked.arguments.clone(),
            input: self.asked.gate.commit(&canonical(input)).map_err(said)?,
            correlation: self.asked.gate.correlation().to_owned(),
            within: Some(self.within()),
        })
    }

    fn within(&self) -> Within {
        Within {
            intent: self.asked.gate.intent(),
            rule: self.granted.place.to_string(),
        }
    }

    /// What a refusal before the gate is about.
    fn facts(&self) -> Facts {
        let package = self.callee.package();
        let within = self.within();
        Facts {
            kind: "call",
            skill: package.name.clone(),
            digest: package.digest,
            tool: self.tool.name.clone(),
            correlation: self.asked.gate.correlation().to_owned(),
            parent: Some(within.intent),
            place: None,
            rule: Some(within.rule),
            input: None,
        }
    }

    /// Makes the call, until it ends, or who made it is ended, or the operator switches the callee off.
    async fn call(
        &self,
        cleared: Cleared<Call>,
        about: &About<'_>,
        code: &Arc<Skill>,
        ends: Ends,
    ) -> Heard {
        let below = self.others.below(self.callee);
        let engine = self.others.owner.engine();
        let deadline = self.asked.deadline;
        let call = engine.call_within(cleared, code, below, ends, deadline);
        let (completed, answer) = call.await;
        about.keep_output(&completed);
        self.heard(&completed, answer)
    }

    fn heard(&self, completed: &Completed, answer: Option<Value>) -> Heard {
        let skill = &self.callee.package().name;
        for line in completed.lines.iter() {
            tracing::debug!(%skill, line = crate::call::cut(&line.to_string()));
        }
        let result = match (&completed.result, &completed.recorded) {
            (Ok(_), Ok(_)) => Ok(answer),
            (Ok(_), Err(_)) => Err("NOT_RECORDED"),
            (Err(error), _) => Err(error.code()),
        };
        Heard {
            result: result.map_err(|code| NotHeard {
                code: code.to_owned(),
            }),
            fuel: completed.usage.fuel,
            peak_memory_bytes: completed.usage.peak_memory_bytes,
        }
    }
}

/// What the calling skill hears of a refusal.
fn said(refusal: Refusal) -> Code {
    refusal.code.to_string()
}
