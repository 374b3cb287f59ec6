//! Changes in what a manifest declares.

use std::collections::BTreeMap;

use super::{Area, Changes, Sort};
use crate::inspect::placement;
use crate::limits::Limits;
use crate::manifest::{Auth, ByteSize, Http, Manifest, Route, Span};

/// The areas that either manifest has something in, and those that every package has.
pub(super) fn present(old: &Manifest, new: &Manifest) -> Vec<Area> {
    let has = |any: fn(&Manifest) -> bool| any(old) || any(new);
    let areas = [
        (Area::Tool, true),
        (Area::Http, has(|m| !m.http.is_empty())),
        (
            Area::Secret,
            has(|m| m.http.values().any(|http| http.auth.is_some())),
        ),
        (Area::Setting, has(|m| !m.settings.is_empty())),
        (Area::Files, has(|m| !m.files.is_empty())),
        (Area::State, has(|m| !m.state.is_empty())),
        (Area::Sql, has(|m| !m.sql.is_empty())),
        (Area::Prompt, has(|m| !m.prompts.is_empty())),
        (Area::Skill, has(|m| !m.skills.is_empty())),
        (Area::Upstream, has(|m| !m.upstream.is_empty())),
        (Area::Channel, has(|m| !m.bus.is_empty())),
        (Area::Limits, true),
        (Area::Imports, true),
        (Area::Tier, true),
    ];
    areas
        .into_iter()
        .filter(|(_, present)| *present)
        .map(|(area, _)| area)
        .collect()
}

pub(super) fn all(changes: &mut Changes, old: &Manifest, new: &Manifest) {
    changes.maps(Area::Http, &old.http, &new.http, http, routes);
    changes.maps(
        Area::Secret,
        &secrets(old),
        &secrets(new),
        secret,
        |changes, name, old, new| {
            replaced(changes, Area::Secret, name, &secret(old), &secret(new));
        },
    );
    settings(changes, old, new);
    changes.maps(
        Area::Files,
        &old.files,
        &new.files,
        |files| files.access.to_string(),
        |changes, name, old, new| {
            if old.access != new.access {
                let detail = format!("{} -> {}", old.access, new.access);
                changes.by(new.access > old.access, Area::Files, name, detail);
            }
        },
    );
    let size = |size: Option<ByteSize>| {
        size.map_or_else(|| "any size".to_owned(), |size| size.to_string())
    };
    changes.maps(
        Area::State,
        &old.state,
        &new.state,
        |state| size(state.size),
        |changes, name, old, new| {
            if old.size != new.size {
                let wider = new
                    .size
                    .is_none_or(|new| old.size.is_some_and(|old| new > old));
                changes.by(
                    wider,
                    Area::State,
                    name,
                    format!("{} -> {}", size(old.size), size(new.size)),
                );
            }
        },
    );
    for (area, old, new) in plain(old, new) {
        changes.maps(area, &old, &new, Clone::clone, |changes, name, old, new| {
            replaced(changes, area, name, old, new)
        });
    }
}

/// What stands under each name, in words.
type Said = BTreeMap<String, String>;

/// Kinds in which any change of what stands under a name could do more.
fn plain(old: &Manifest, new: &Manifest) -> [(Area, Said, Said); 5] {
    [
        (Area::Sql, statements(old), statements(new)),
        (Area::Prompt, prompts(old), prompts(new)),
        (Area::Skill, skills(old), skills(new)),
        (Area::Upstream, upstream(old), upstream(new)),
        (Area::Channel, channels(old), channels(new)),
    ]
}

fn replaced(changes: &mut Changes, area: Area, name: &str, old: &str, new: &str) {
    if old != new {
        changes.more(area, name, format!("{old} -> {new}"));
    }
}

fn http(http: &Http) -> String {
    let routes: Vec<_> = http.allow.iter().map(ToString::to_string).collect();
    format!("{}          {}", routes.join(", "), place(http))
}

fn place(http: &Http) -> String {
    http.url
        .as_ref()
        .map_or_else(|| "you decide where".to_owned(), |url| format!("at {url}"))
}

fn routes(changes: &mut Changes, name: &str, old: &Http, new: &Http) {
    let missing = |from: &Http, of: &Http| -> Vec<String> {
        let missing: Vec<&Route> = from
            .allow
            .iter()
            .filter(|route| !of.allow.contains(route))
            .collect();
        missing.into_iter().map(ToString::to_string).collect()
    };
    let (come, gone) = (missing(new, old), missing(old, new));
    if !come.is_empty() {
        changes.more(Area::Http, name, format!("+ {}", come.join(", ")));
    }
    if !gone.is_empty() {
        changes.less(Area::Http, name, format!("- {}", gone.join(", ")));
    }
    if old.url != new.url {
        changes.more(
            Area::Http,
            name,
            format!("{} -> {}", place(old), place(new)),
        );
    }
}

fn secrets(manifest: &Manifest) -> BTreeMap<String, Auth> {
    let auth = |(name, http): (&String, &Http)| {
        http.auth
            .clone()
            .map(|auth| (format!("{} to {name}", auth.secret), auth))
    };
    manifest.http.iter().filter_map(auth).collect()
}

fn secret(auth: &Auth) -> String {
    let place = match &auth.placement {
        crate::manifest::Placement::Header { name, format } => format!("in `{name}` as {format:?}"),
        crate::manifest::Placement::Hmac(signature) => format!("as {signature}"),
        other => placement(other),
    };
    match auth.placeholder {
        true => format!("{place}, with a placeholder"),
        false => place,
    }
}

fn settings(changes: &mut Changes, old: &Manifest, new: &Manifest) {
    let default = |text: &Option<String>| match text {
        None => "you set it".to_owned(),
        Some(text) => format!("{text:?} unless you set it"),
    };
    changes.maps(
        Area::Setting,
        &old.settings,
        &new.settings,
        |setting| default(&setting.default),
        |changes, name, old, new| {
            replaced(
                changes,
                Area::Setting,
                name,
                &default(&old.default),
                &default(&new.default),
            );
            if old.about != new.about {
                let say =
                    |about: &Option<String>| format!("{:?}", about.as_deref().unwrap_or_default());
                let detail = format!("{} -> {}", say(&old.about), say(&new.about));
                changes.add(Sort::Words, Area::Setting, name, detail);
            }
        },
    );
}

fn statements(manifest: &Manifest) -> BTreeMap<String, String> {
    let all = manifest.sql.iter().flat_map(|(database, statements)| {
        statements.iter().map(move |(name, statement)| {
            (
                format!("{database} {name}"),
                format!("{}: {:?}", statement.effect, statement.text),
            )
        })
    });
    all.collect()
}

fn prompts(manifest: &Manifest) -> BTreeMap<String, String> {
    let say = |prompt: &crate::manifest::Prompt| {
        let reply = serde_json::to_string(prompt.reply.written()).unwrap_or_default();
        format!(
            "to {}: {:?}, then {:?}, answering {reply} in {} tokens",
            prompt.model,
            prompt.system,
            prompt.template.to_string(),
            prompt.reply_tokens()
        )
    };
    manifest
        .prompts
        .iter()
        .map(|(name, prompt)| (name.clone(), say(prompt)))
        .collect()
}

fn skills(manifest: &Manifest) -> BTreeMap<String, String> {
    manifest
        .skills
        .keys()
        .map(|name| (name.clone(), String::new()))
        .collect()
}

fn upstream(manifest: &Manifest) -> BTreeMap<String, String> {
    let say = |tool: &crate::manifest::Upstream| format!("{}: {}", tool.effect, tool.tool);
    manifest
        .upstream
        .iter()
        .map(|(name, tool)| (name.clone(), say(tool)))
        .collect()
}

fn channels(manifest: &Manifest) -> BTreeMap<String, String> {
    let publish = manifest
        .bus
        .publish
        .iter()
        .map(|name| format!("publish {name}"));
    let subscribe = manifest
        .bus
        .subscribe
        .iter()
        .map(|name| format!("subscribe {name}"));
    publish
        .chain(subscribe)
        .map(|name| (name, String::new()))
        .collect()
}

pub(super) fn limits(changes: &mut Changes, old: &Limits, new: &Limits) {
    let size = |bytes: u64| ByteSize(bytes).to_string();
    let time = |ms: u64| Span(ms).to_string();
    type Say<'s> = &'s dyn Fn(u64) -> String;
    let bounds: [(&str, u64, u64, Say<'_>); 5] = [
        ("memory", old.memory_bytes, new.memory_bytes, &size),
        ("time", old.wall_ms, new.wall_ms, &time),
        ("fuel", old.fuel, new.fuel, &|fuel| fuel.to_string()),
        ("output", old.output_bytes, new.output_bytes, &size),
        ("input", old.input_bytes, new.input_bytes, &size),
    ];
    for (name, old, new, say) in bounds {
        if old != new {
            changes.by(
                new > old,
                Area::Limits,
                name,
                format!("{} -> {}", say(old), say(new)),
            );
        }
    }
}
