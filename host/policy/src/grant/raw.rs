//! The file as TOML has it, and what each key must look like.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use toml::{Spanned, Value};
use vouchsafe_package::Effect;
use vouchsafe_package::manifest::{ByteSize, Span};
use vouchsafe_package::name::is_kebab;

use super::confirm::RawConfirm;
use super::files::RawFiles;
use super::http::RawHttp;
use super::model::RawModel;
use super::skills::RawSkill;
use super::sql::RawDatabase;
use super::state::RawState;
use super::upstream::RawUpstream;
use super::{Grant, LimitsGrant, SkillGrant, ToolGrant};
use crate::place::{At, Fault, Source};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGrant {
    skill: Option<Spanned<String>>,
    publisher: Option<Spanned<String>>,
    digest: Option<Spanned<String>>,
    follow: Option<Spanned<String>>,
    alias: Option<Spanned<String>>,
    #[serde(default)]
    tools: Named<RawTool>,
    #[serde(default)]
    http: Named<RawHttp>,
    #[serde(default)]
    model: Named<RawModel>,
    #[serde(default)]
    upstream: Named<RawUpstream>,
    #[serde(default)]
    sql: Named<RawDatabase>,
    #[serde(default)]
    skills: Named<RawSkill>,
    #[serde(default)]
    settings: Named<Spanned<String>>,
    #[serde(default)]
    state: Named<RawState>,
    #[serde(default)]
    files: Named<RawFiles>,
    #[serde(default)]
    limits: RawLimits,
    bus: Option<Spanned<Value>>,
}

/// A table whose keys are names that the skill or the operator chose.
type Named<T> = BTreeMap<Spanned<String>, T>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTool {
    confirm: Option<Spanned<RawConfirm>>,
    effect: Option<Spanned<Effect>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawLimits {
    memory: Option<Spanned<ByteSize>>,
    time: Option<Spanned<Span>>,
    fuel: Option<Spanned<u64>>,
    output: Option<Spanned<ByteSize>>,
    input: Option<Spanned<ByteSize>>,
}

pub(super) fn read(source: &Source<'_>) -> Result<Grant, Fault> {
    let raw: RawGrant = source.toml()?;
    refuse_unenforced(source, &raw)?;
    let skill = source.required(raw.skill, "skill = \"namespace:name\"")?;
    let publisher = source.required(raw.publisher, "publisher = \"name in trust.toml\"")?;
    let digest = source.required(raw.digest, "digest = \"sha256:...\"")?;
    let grant = Grant {
        file: Arc::clone(source.file()),
        skill: skill.try_map(|text| text.parse().map_err(say))?,
        publisher: publisher.try_map(|text| kebab(text, "a publisher"))?,
        digest: digest.try_map(|text| text.parse().map_err(say))?,
        follow: optional(source, raw.follow, super::follow::requirement)?,
        alias: optional(source, raw.alias, |text| kebab(text, "an alias"))?,
        tools: each(source, raw.tools, "a tool", |name, raw| {
            tool(source, name, raw)
        })?,
        http: each(source, raw.http, "a destination", |name, raw| {
            raw.read(source, name.place)
        })?,
        model: each(source, raw.model, "a model", |name, raw| {
            raw.read(source, name.place)
        })?,
        upstream: each(source, raw.upstream, "a tool", |name, raw| {
            raw.read(source, name.place)
        })?,
        sql: each(source, raw.sql, "a database", |name, raw| {
            raw.read(source, name.place)
        })?,
        skills: called(source, raw.skills)?,
        settings: each(source, raw.settings, "a setting", |_, raw| {
            source.at(raw).try_map(super::settings::value)
        })?,
        state: each(source, raw.state, "a store", |name, raw| {
            raw.read(source, name.place)
        })?,
        files: each(source, raw.files, "a folder", |name, raw| {
            raw.read(source, name)
        })?,
        limits: raw.limits.read(source)?,
    };
    grant.follow_suits_its_tools()?;
    Ok(grant)
}

/// What a skill may declare and no part of this build provides yet.
fn refuse_unenforced(source: &Source<'_>, raw: &RawGrant) -> Result<(), Fault> {
    let Some(bus) = &raw.bus else {
        return Ok(());
    };
    let problem = "`bus` can't be granted: this build has no part that enforces it";
    Err(Fault::new(source.place(bus.span().start), problem)
        .with_fix("take `bus` out; the skill gets none"))
}

fn each<T, U>(
    source: &Source<'_>,
    table: Named<T>,
    what: &str,
    mut read: impl FnMut(At<String>, T) -> Result<U, Fault>,
) -> Result<BTreeMap<String, U>, Fault> {
    let mut out = BTreeMap::new();
    for (name, raw) in table {
        let name = source.at(name).try_map(|text| kebab(text, what))?;
        out.insert(name.value.clone(), read(name, raw)?);
    }
    Ok(out)
}

fn called(
    source: &Source<'_>,
    table: Named<RawSkill>,
) -> Result<BTreeMap<String, SkillGrant>, Fault> {
    let each = table.into_iter().map(|(name, raw)| {
        let name = source.at(name);
        Ok((name.value.clone(), raw.read(source, &name)?))
    });
    each.collect()
}

fn tool(source: &Source<'_>, name: At<String>, raw: RawTool) -> Result<ToolGrant, Fault> {
    Ok(ToolGrant {
        place: name.place,
        confirm: raw
            .confirm
            .map(|confirm| RawConfirm::read(source, confirm))
            .transpose()?,
        effect: raw.effect.map(|effect| source.at(effect)),
    })
}

impl RawLimits {
    fn read(self, source: &Source<'_>) -> Result<LimitsGrant, Fault> {
        Ok(LimitsGrant {
            memory: optional(source, self.memory, |size| some(size, size.0))?,
            time: optional(source, self.time, |span| some(span, span.0))?,
            fuel: optional(source, self.fuel, |fuel| some(fuel, fuel))?,
            output: optional(source, self.output, |size| some(size, size.0))?,
            input: optional(source, self.input, |size| some(size, size.0))?,
        })
    }
}

fn some<T>(value: T, amount: u64) -> Result<T, String> {
    if amount == 0 {
        return Err(
            "a limit of nothing lets nothing run: leave the tools out of `[tools]` instead"
                .to_owned(),
        );
    }
    Ok(value)
}

pub(super) fn optional<T, U>(
    source: &Source<'_>,
    found: Option<Spanned<T>>,
    read: impl FnOnce(T) -> Result<U, String>,
) -> Result<Option<At<U>>, Fault> {
    found
        .map(|spanned| source.at(spanned).try_map(read))
        .transpose()
}

pub(super) fn kebab(text: String, what: &str) -> Result<String, String> {
    if is_kebab(&text) {
        return Ok(text);
    }
    let shown: String = text.chars().take(80).collect();
    Err(format!(
        "`{shown}` is not {what}: want lower-case letters, digits and single hyphens, beginning with a letter"
    ))
}

fn say(error: impl std::fmt::Display) -> String {
    error.to_string()
}
