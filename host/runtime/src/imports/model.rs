//! `vouchsafe:skill/model`: what a skill may ask of a language model.
//!
//! Nothing is decided here. A question is put to `vouchsafe_model` as the guest said it; what comes back is a reply that
//! fits, or a refusal that tells the guest little and the operator everything.

use super::Import;
use super::types::Refusal;
use crate::door::Door;
use crate::state::State;
use vouchsafe_clearance::EffectKind;
use vouchsafe_egress::Refused;
use vouchsafe_model::{Failure, Models};
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

pub(crate) const IMPORTS: &[Import] = &[("vouchsafe:skill/model", add_to_linker)];

#[derive(Debug, Clone, ComponentType, Lift)]
#[component(record)]
struct Slot {
    name: String,
    text: String,
}

#[derive(Debug, Clone, Copy, ComponentType, Lower)]
#[component(variant)]
enum Error {
    #[component(name = "refused")]
    Refused(Refusal),
    #[component(name = "failed")]
    Failed,
}

type Answer = Result<String, Error>;

fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut interface = linker.instance("vouchsafe:skill/model@0.1.0")?;
    interface.func_wrap_async(
        "ask",
        |store: StoreContextMut<'_, State>, (prompt, slots): (String, Vec<Slot>)| {
            let state = store.data();
            let (door, models) = (state.door.clone(), state.models.clone());
            let slots = slots.into_iter().map(|slot| (slot.name, slot.text));
            let slots = slots.collect();
            Box::new(async move { Ok((ask(&door, models, &prompt, slots).await,)) })
        },
    )
}

async fn ask(
    door: &Door,
    models: Option<Models>,
    prompt: &str,
    slots: Vec<(String, String)>,
) -> Answer {
    let Some(models) = models else {
        let why = "this host asks no models";
        door.refuse(&EffectKind::Model, "", why, "");
        return Err(Error::Refused(Refusal::Denied));
    };
    let question = models.judge(prompt, slots);
    let asked = match question {
        Ok(question) => models.ask(question).await,
        Err(failure) => Err(failure),
    };
    let reply = asked.map_err(|failure| told(door, failure))?;
    Ok(reply.to_string())
}

/// What the guest hears, once a refusal is recorded.
fn told(door: &Door, failure: Failure) -> Error {
    let refuse = |refused: &Refused| {
        door.refuse(&refused.kind, &refused.place, &refused.why, &refused.fix);
    };
    match failure {
        Failure::Refused(refused) => {
            refuse(&refused);
            Error::Refused(Refusal::Denied)
        }
        Failure::Exhausted(refused) => {
            refuse(&refused);
            Error::Refused(Refusal::Exhausted)
        }
        Failure::NotCleared(_) => Error::Refused(Refusal::Denied),
        Failure::NotSent(refused) => {
            refuse(&refused);
            Error::Failed
        }
        Failure::NoReply(_) => Error::Failed,
    }
}
