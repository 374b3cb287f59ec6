//! `[skills."NAMESPACE:NAME/INTERFACE"]`: which skill of which publisher answers an import.

use serde::Deserialize;
use toml::Spanned;
use vouchsafe_package::SkillName;
use vouchsafe_package::name::is_kebab;

use super::raw::kebab;
use crate::place::{At, Fault, Place, Source};

/// Who answers the calls that a skill makes through one interface.
#[derive(Debug, Clone)]
pub struct SkillGrant {
    /// Where the interface is named.
    pub place: Place,
    /// The skill that is called.
    pub skill: At<SkillName>,
    /// Whose skill of that name.
    pub publisher: At<String>,
}

impl PartialEq for SkillGrant {
    fn eq(&self, other: &Self) -> bool {
        self.skill == other.skill && self.publisher == other.publisher
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSkill {
    skill: Option<Spanned<String>>,
    publisher: Option<Spanned<String>>,
}

impl RawSkill {
    pub(super) fn read(self, source: &Source<'_>, name: &At<String>) -> Result<SkillGrant, Fault> {
        let At { value, place } = name;
        if !is_interface(value) {
            let shown: String = value.chars().take(80).collect();
            let problem = format!("`{shown}` is not the interface of another skill");
            return Err(Fault::new(place.clone(), problem)
                .with_fix("write `[skills.\"namespace:name/interface\"]`, without a version"));
        }
        let missing = |key: &str, example: &str| {
            Fault::new(place.clone(), format!("`{key}` is missing"))
                .with_fix(format!("under `[skills.\"{value}\"]`, add `{example}`"))
        };
        let skill = self
            .skill
            .ok_or_else(|| missing("skill", "skill = \"namespace:name\""))?;
        let publisher = self
            .publisher
            .ok_or_else(|| missing("publisher", "publisher = \"name in trust.toml\""))?;
        let skill = source.at(skill);
        let publisher = source.at(publisher);
        Ok(SkillGrant {
            place: place.clone(),
            skill: skill.try_map(|text| text.parse::<SkillName>().map_err(|e| e.to_string()))?,
            publisher: publisher.try_map(|text| kebab(text, "a publisher"))?,
        })
    }
}

fn is_interface(text: &str) -> bool {
    text.split_once('/').is_some_and(|(package, interface)| {
        package.parse::<SkillName>().is_ok() && is_kebab(interface)
    })
}
