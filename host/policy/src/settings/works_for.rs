//! `[works-for]`: the person for whom each agent works, who is not somebody else when a tier wants
//! somebody else.
//!
//! ```toml
//! [works-for]
//! uid-1000 = "anna@corp.example"
//! ```

use std::collections::BTreeMap;

use toml::Spanned;

use crate::approval::person;
use crate::place::{At, Fault, Source};

/// The person of each principal.
pub type WorksFor = BTreeMap<String, At<String>>;

pub(super) fn read(
    source: &Source<'_>,
    raw: BTreeMap<Spanned<String>, Spanned<String>>,
) -> Result<WorksFor, Fault> {
    let mut all = WorksFor::new();
    for (principal, name) in raw {
        let principal = source.at(principal).try_map(person)?;
        all.insert(principal.value, source.at(name).try_map(person)?);
    }
    Ok(all)
}
