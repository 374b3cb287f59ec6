//! `[confirm.NAME]`: tiers of confirmation that the operator defines.
//!
//! ```toml
//! [confirm.two-people]
//! people = 2
//! from   = "pay-approvers"
//! within = "1h"
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use vouchsafe_package::manifest::Span;
use vouchsafe_package::name::is_kebab;

use crate::approval::Tier;
use crate::place::{At, Fault, Source};

/// The operator's tiers by name.
pub type Tiers = BTreeMap<String, At<Tier>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTier {
    people: Spanned<u32>,
    from: Option<Spanned<String>>,
    within: Option<Spanned<Span>>,
}

/// More than one call can wait for.
const PEOPLE: u32 = 16;

/// Longer than anybody remembers what was asked, in milliseconds: a week.
const LONGEST: u64 = 7 * 24 * 3_600_000;

pub(super) fn read(
    source: &Source<'_>,
    raw: BTreeMap<Spanned<String>, RawTier>,
) -> Result<Tiers, Fault> {
    let mut tiers = Tiers::new();
    for (name, raw) in raw {
        let name = source.at(name).try_map(name_of_tier)?;
        let value = raw.read(source, &name)?;
        let place = name.place;
        tiers.insert(name.value, At { value, place });
    }
    Ok(tiers)
}

fn name_of_tier(name: String) -> Result<String, String> {
    if Tier::built_in(&name).is_some() {
        return Err(format!("`{name}` is built in and can't be defined anew"));
    }
    kebab(name, "a tier of confirmation")
}

impl RawTier {
    fn read(self, source: &Source<'_>, name: &At<String>) -> Result<Tier, Fault> {
        let people = source.at(self.people).try_map(|people| match people {
            1..=PEOPLE => Ok(people),
            _ => Err(format!("`people` is from 1 to {PEOPLE}")),
        })?;
        let from = self
            .from
            .map(|from| source.at(from).try_map(|from| kebab(from, "a group")))
            .transpose()?;
        let within = self
            .within
            .map(|within| source.at(within).try_map(time))
            .transpose()?;
        Ok(Tier {
            name: name.value.clone(),
            people: people.value,
            from: from.map(|from| from.value),
            // Whoever asks is never among those whom the operator wants to hear.
            somebody_else: true,
            within: within.map_or(Tier::WITHIN, |within| within.value),
        })
    }
}

fn time(within: Span) -> Result<Span, String> {
    match within.0 {
        1_000..=LONGEST => Ok(within),
        _ => Err("`within` is from 1s to 168h".to_owned()),
    }
}

pub(super) fn kebab(text: String, what: &str) -> Result<String, String> {
    if is_kebab(&text) {
        return Ok(text);
    }
    let shown: String = text.chars().take(80).collect();
    Err(format!(
        "`{shown}` is not {what}: want lower-case letters, digits and single hyphens"
    ))
}

#[cfg(test)]
mod tests {
    use crate::settings::Settings;

    fn read(text: &str) -> Result<Settings, String> {
        Settings::parse("vouchsafe.toml", text).map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_tier_says_how_many_of_whom_and_by_when() {
        let settings =
            read("[confirm.two-people]\npeople = 2\nfrom = \"pay-approvers\"\nwithin = \"1h\"\n");
        let tiers = settings.unwrap().confirm;
        let tier = &tiers["two-people"];
        assert_eq!(
            tier.value.to_string(),
            "2 of pay-approvers, and not who asked"
        );
        assert_eq!((tier.place.line, tier.value.within.0), (1, 3_600_000));
    }

    #[test]
    fn what_would_ask_nobody_or_for_ever_is_a_fault() {
        for wrong in [
            "[confirm.x]\npeople = 0",
            "[confirm.x]\npeople = 17",
            "[confirm.x]\nfrom = \"g\"",
            "[confirm.x]\npeople = 1\nwithin = \"0s\"",
            "[confirm.x]\npeople = 1\nwithin = \"169h\"",
            "[confirm.x]\npeople = 1\nfrom = \"Pay approvers\"",
            "[confirm.x]\npeople = 1\nunless = \"never\"",
            "[confirm.always]\npeople = 1",
            "[confirm.four-eyes]\npeople = 1",
            "[confirm.X]\npeople = 1",
            "[conform.x]\npeople = 1",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
