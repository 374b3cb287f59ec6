//! The tools of one skill that answer what another imports.

use std::sync::Arc;

use vouchsafe_package::wit::{Provided, Signature};
use vouchsafe_package::{Package, Tool};

use crate::grant::Grant;
use crate::place::{Fault, Faults};

/// The most skills that may stand below one another: a call, the call that it makes, and so on.
pub const MAX_DEPTH: u32 = 4;

/// Why a skill can't answer what another imports.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The caller imports no such function.
    #[error("it imports no `{0}`")]
    NotImported(String),
    /// The callee exports no such function.
    #[error("`{skill}` {version} has no `{function}`")]
    Missing {
        /// The skill that is to answer.
        skill: String,
        /// Its version.
        version: String,
        /// The function.
        function: String,
    },
    /// It does, with other types.
    #[error("`{function}` of `{skill}` {version} is `{there}`, and what is imported is `{wanted}`")]
    OtherTypes {
        /// The skill that is to answer.
        skill: String,
        /// Its version.
        version: String,
        /// The function.
        function: String,
        /// As the caller imports it.
        wanted: String,
        /// As the callee exports it.
        there: String,
    },
}

/// The tool of `callee` that answers `function` of what `caller` imports as `interface` (without a
/// version): the function of that name, whose types have the same shape.
///
/// # Errors
/// Where the two do not fit.
pub fn answers<'a>(
    caller: &Package,
    callee: &'a Package,
    interface: &str,
    function: &str,
) -> Result<&'a Arc<Tool>, Unfit> {
    let mut imported = caller.skills.iter();
    let wanted = imported
        .find(|imported| unversioned(&imported.interface) == interface)
        .and_then(|imported| {
            let mut functions = imported.functions.iter();
            functions.find(|provided| provided.export.function == function)
        });
    let wanted = wanted.ok_or_else(|| Unfit::NotImported(format!("{interface}#{function}")))?;
    answer(callee, interface, wanted)
}

/// The faults of `grant`, of `caller`, where it names `callee` for `interface` and its types are others.
///
/// # Errors
/// One for each function that does not fit, at the line that names the callee.
pub fn check(
    caller: &Package,
    grant: &Grant,
    interface: &str,
    callee: &Package,
) -> Result<(), Faults> {
    let Some(granted) = grant.skills.get(interface) else {
        return Ok(());
    };
    let mut imported = caller.skills.iter();
    let functions = imported
        .find(|imported| unversioned(&imported.interface) == interface)
        .map_or(&[][..], |imported| &imported.functions);
    let unfit = functions
        .iter()
        .filter_map(|wanted| answer(callee, interface, wanted).err());
    let faults: Vec<_> = unfit
        .map(|unfit| {
            Fault::new(granted.place.clone(), unfit.to_string())
                .with_fix("install a version of either skill that fits the other")
        })
        .collect();
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Faults::from(faults)),
    }
}

/// An interface's name without its version.
#[must_use]
pub fn unversioned(interface: &str) -> &str {
    interface.split('@').next().unwrap_or(interface)
}

fn answer<'a>(
    callee: &'a Package,
    interface: &str,
    wanted: &Provided,
) -> Result<&'a Arc<Tool>, Unfit> {
    let function = &wanted.export.function;
    let is_it = |tool: &&Arc<Tool>| {
        let of = tool.export.interface.as_deref();
        of.map(unversioned) == Some(interface) && tool.export.function == *function
    };
    let (skill, version) = (callee.name.to_string(), callee.version.to_string());
    let full = || format!("{interface}#{function}");
    let tool = callee.tools.iter().find(is_it);
    match tool {
        None => Err(Unfit::Missing {
            skill,
            version,
            function: full(),
        }),
        Some(tool) if wanted.signature.fits(tool) => Ok(tool),
        Some(tool) => Err(Unfit::OtherTypes {
            skill,
            version,
            function: full(),
            wanted: wanted.signature.to_string(),
            there: Signature {
                params: tool.params.clone(),
                result: tool.result.clone(),
                result_docs: None,
            }
            .to_string(),
        }),
    }
}
