//! The settings that a call finds: what the grant says, else what the author does.

use std::collections::BTreeMap;

use super::Declared;
use crate::grant::Grant;
use crate::place::Fault;

/// Each declared setting's value. A grant can't set what is not declared, and has to set what has
/// no default.
pub(super) fn settings(
    declared: &Declared<'_>,
    grant: &Grant,
    faults: &mut Vec<Fault>,
) -> BTreeMap<String, String> {
    let known = &declared.manifest.settings;
    for (name, value) in &grant.settings {
        if !known.contains_key(name) {
            let problem = format!("the skill declares no setting `{name}`");
            let fault = Fault::new(value.place.clone(), problem);
            faults.push(fault.with_fix(format!("take `{name}` out of `[settings]`")));
        }
    }
    let mut values = BTreeMap::new();
    for (name, setting) in known {
        let granted = grant.settings.get(name).map(|at| &at.value);
        match granted.or(setting.default.as_ref()) {
            Some(value) => drop(values.insert(name.clone(), value.clone())),
            None => {
                let problem = format!("nothing says what the setting `{name}` is");
                let fault = Fault::new(grant.skill.place.clone(), problem);
                faults.push(fault.with_fix(format!(
                    "under `[settings]`, add the line `{name} = \"...\"`"
                )));
            }
        }
    }
    values
}
