//! `vouchsafe:skill/upstream`: what a skill may call of external servers.
//!
//! Nothing is decided here. A call is put to `vouchsafe_upstream` as the guest said it; what comes back is the tool's own
//! result or error, or a refusal that tells the guest little and the operator everything.

use super::Import;
use super::types::Refusal;
use crate::door::Door;
use crate::state::State;
use vouchsafe_clearance::EffectKind;
use vouchsafe_egress::Refused;
use vouchsafe_package::Effect;
use vouchsafe_upstream::{Failure, Upstreams};
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Linker, Lower};

pub(crate) const IMPORTS: &[Import] = &[("vouchsafe:skill/upstream", add_to_linker)];

#[derive(Debug, Clone, ComponentType, Lower)]
#[component(variant)]
enum Error {
    #[component(name = "refused")]
    Refused(Refusal),
    #[component(name = "failed")]
    Failed(String),
}

type Answer = Result<String, Error>;

fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut interface = linker.instance("vouchsafe:skill/upstream@0.1.0")?;
    interface.func_wrap_async(
        "call",
        |store: StoreContextMut<'_, State>, (name, input): (String, String)| {
            let state = store.data();
            let (door, upstreams) = (state.door.clone(), state.upstreams.clone());
            Box::new(async move { Ok((call(&door, upstreams, &name, &input).await,)) })
        },
    )
}

async fn call(door: &Door, upstreams: Option<Upstreams>, name: &str, input: &str) -> Answer {
    let Some(upstreams) = upstreams else {
        let (kind, why) = (
            EffectKind::Upstream(Effect::Read),
            "this host calls no tools of external servers",
        );
        door.refuse(&kind, "", why, "");
        return Err(Error::Refused(Refusal::Denied));
    };
    let called = match upstreams.judge(name, input) {
        Ok(call) => upstreams.call(call).await,
        Err(failure) => Err(failure),
    };
    let result = called.map_err(|failure| told(door, failure))?;
    Ok(result.to_string())
}

/// What the guest hears, once a refusal is recorded.
fn told(door: &Door, failure: Failure) -> Error {
    let refuse = |refused: &Refused| {
        door.refuse(&refused.kind, &refused.place, &refused.why, &refused.fix);
    };
    match failure {
        Failure::Refused(refused) | Failure::NotSent(refused) => {
            refuse(&refused);
            Error::Refused(Refusal::Denied)
        }
        Failure::NotCleared(_) => Error::Refused(Refusal::Denied),
        Failure::Failed(error) => Error::Failed(error.to_string()),
    }
}
