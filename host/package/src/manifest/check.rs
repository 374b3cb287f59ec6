//! What a manifest's form cannot say: names that are names, lists that repeat nothing, numbers
//! within reason.

use std::collections::BTreeSet;

use super::{
    AskedLimits, Auth, Confirm, Http, MOST_REPLY_TOKENS, Manifest, Prompt, Statement, ToolEntry,
};
use crate::name::{SkillName, is_kebab};

/// What is wrong, and where.
pub(super) struct Wrong {
    pub(super) path: Vec<String>,
    pub(super) what: String,
}

type Checked = Result<(), Wrong>;

/// Most that a skill may ask for: what 32-bit memory can hold.
const MAX_MEMORY: u64 = 4 << 30;
/// Most that a skill may ask for: a quarter of an hour.
const MAX_TIME: u64 = 15 * 60 * 1000;
/// Most that a skill may ask for: about an hour of work.
const MAX_FUEL: u64 = 10_000_000_000_000;
/// Most that a skill may ask for, in and out.
const MAX_DATA: u64 = 64 << 20;
/// Longest text that people have to read: prompts, statements, descriptions.
const MAX_TEXT: usize = 16 << 10;

pub(super) fn check(manifest: &Manifest) -> Checked {
    for (name, entry) in &manifest.tools {
        tool(name, entry)?;
    }
    for (name, http) in &manifest.http {
        named(&["http", name])?;
        destination(name, http)?;
        placeholder(manifest, name, http)?;
    }
    for (name, setting) in &manifest.settings {
        named(&["settings", name])?;
        if manifest.http.contains_key(name) {
            let what = format!(
                "`{name}` is a destination too; `wasi:config` has one value under each name"
            );
            return wrong(&["settings", name], what);
        }
        text(&["settings", name, "default"], setting.default.as_deref())?;
        text(&["settings", name, "about"], setting.about.as_deref())?;
    }
    manifest
        .files
        .keys()
        .try_for_each(|name| named(&["files", name]))?;
    manifest
        .state
        .keys()
        .try_for_each(|name| named(&["state", name]))?;
    statements(manifest)?;
    for (name, asked) in &manifest.prompts {
        named(&["prompts", name])?;
        prompt(name, asked)?;
    }
    manifest.skills.keys().try_for_each(|name| skill(name))?;
    for (name, upstream) in &manifest.upstream {
        named(&["upstream", name])?;
        text(&["upstream", name, "tool"], Some(&upstream.tool))?;
    }
    channels("publish", &manifest.bus.publish)?;
    channels("subscribe", &manifest.bus.subscribe)?;
    limits(&manifest.limits)
}

fn wrong<T>(path: &[&str], what: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong {
        path: path.iter().map(|&key| key.to_owned()).collect(),
        what: what.into(),
    })
}

fn named(path: &[&str]) -> Checked {
    match path.last() {
        Some(name) if !is_kebab(name) => wrong(
            path,
            format!(
                "`{name}` is not a name: want lower-case words with hyphens, such as `erp-readonly`"
            ),
        ),
        _ => Ok(()),
    }
}

fn text(path: &[&str], text: Option<&str>) -> Checked {
    let Some(text) = text else { return Ok(()) };
    if text.len() > MAX_TEXT {
        return wrong(
            path,
            format!(
                "this has {} bytes, at most {MAX_TEXT} are read by anyone",
                text.len()
            ),
        );
    }
    match crate::words::problem(text) {
        Some(why) => wrong(path, why),
        None => Ok(()),
    }
}

fn unique<'a>(path: &[&str], items: impl Iterator<Item = &'a String>) -> Checked {
    let mut seen = BTreeSet::new();
    for item in items {
        if !seen.insert(item) {
            return wrong(path, format!("`{item}` stands there twice"));
        }
    }
    Ok(())
}

fn tool(name: &str, entry: &ToolEntry) -> Checked {
    let is_wit = !name.is_empty()
        && name.len() <= 64
        && name
            .split('-')
            .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric()));
    if !is_wit {
        return wrong(
            &["tools", name],
            format!("`{name}` is not a WIT function's name"),
        );
    }
    let ToolEntry::Tool(tool) = entry else {
        return Ok(());
    };
    unique(&["tools", name, "targets"], tool.targets.iter())?;
    unique(&["tools", name, "subjects"], tool.subjects.iter())?;
    tool.confirm
        .as_ref()
        .map_or(Ok(()), |confirm| confirmation(name, confirm))
}

fn confirmation(tool: &str, confirm: &Confirm) -> Checked {
    let path = ["tools", tool, "confirm"];
    if let Some(when) = &confirm.when {
        text(&path, Some(when))?;
        if when.trim().is_empty() {
            return wrong(&path, "`when` is empty; leave it out to ask always");
        }
    }
    if let Some(channel) = confirm
        .channel
        .as_deref()
        .filter(|channel| !is_kebab(channel))
    {
        return wrong(&path, format!("`{channel}` is not a channel's name"));
    }
    if confirm.within.is_some_and(|span| span.0 == 0) {
        return wrong(&path, "`within` is no time at all");
    }
    Ok(())
}

fn destination(name: &str, http: &Http) -> Checked {
    let allow = ["http", name, "allow"];
    if http.allow.is_empty() {
        return wrong(
            &allow,
            "`allow` is empty; name the requests, such as `GET /payments/*`",
        );
    }
    let routes: Vec<String> = http.allow.iter().map(ToString::to_string).collect();
    unique(&allow, routes.iter())?;
    if let Some(Auth { secret, .. }) = http.auth.as_ref().filter(|auth| !is_kebab(&auth.secret)) {
        let what = format!(
            "`secret` is the name that the grant binds, such as `bank-token`, not `{}`",
            shown(secret)
        );
        return wrong(&["http", name, "auth"], what);
    }
    match http.url.as_deref().and_then(super::place::problem) {
        Some(why) => wrong(&["http", name, "url"], why),
        None => Ok(()),
    }
}

/// A placeholder is found in `wasi:config`, beside destinations and settings.
fn placeholder(manifest: &Manifest, name: &str, http: &Http) -> Checked {
    let auth = http.auth.as_ref().filter(|auth| auth.placeholder);
    let is_taken =
        |secret| manifest.http.contains_key(secret) || manifest.settings.contains_key(secret);
    match auth.filter(|auth| is_taken(&auth.secret)) {
        Some(Auth { secret, .. }) => {
            let what = format!(
                "`{secret}` is a destination or a setting too; `wasi:config` has one value under each name"
            );
            wrong(&["http", name, "auth"], what)
        }
        None => Ok(()),
    }
}

/// What stands where a name should may be a value that nobody should see.
fn shown(secret: &str) -> String {
    secret.chars().take(4).chain("...".chars()).collect()
}

fn statements(manifest: &Manifest) -> Checked {
    let mut seen = BTreeSet::new();
    for (database, statements) in &manifest.sql {
        named(&["sql", database])?;
        for (name, statement) in statements {
            let path = ["sql", database, name];
            named(&path)?;
            if !seen.insert(name) {
                return wrong(
                    &path,
                    format!(
                        "`{name}` is a statement of another database too; a skill names statements alone"
                    ),
                );
            }
            sql(&path, statement)?;
        }
    }
    Ok(())
}

fn sql(path: &[&str], statement: &Statement) -> Checked {
    text(path, Some(&statement.text))?;
    if statement.text.trim().is_empty() {
        return wrong(path, "`text` is empty");
    }
    Ok(())
}

fn prompt(name: &str, prompt: &Prompt) -> Checked {
    let system = ["prompts", name, "system"];
    text(&system, Some(&prompt.system))?;
    if prompt.system.trim().is_empty() {
        return wrong(&system, "`system` is empty");
    }
    let template = prompt.template.to_string();
    text(&["prompts", name, "template"], Some(&template))?;
    let mut slots = prompt.template.slots();
    if let Some(slot) = slots.find(|slot| prompt.system.contains(&format!("{{{slot}}}"))) {
        let what = format!(
            "`{{{slot}}}` is data: it goes into `template` and never among the instructions"
        );
        return wrong(&system, what);
    }
    let model = ["prompts", name, "model"];
    if !is_kebab(&prompt.model) {
        return wrong(
            &model,
            "`model` is your name for it, such as `reader`; which model it is, is the grant's to say",
        );
    }
    match prompt.reply_tokens() {
        1..=MOST_REPLY_TOKENS => Ok(()),
        _ => wrong(
            &["prompts", name, "tokens"],
            format!("`tokens` must be more than 0 and at most {MOST_REPLY_TOKENS}"),
        ),
    }
}

fn skill(name: &str) -> Checked {
    let is_interface = name.split_once('/').is_some_and(|(package, interface)| {
        package.parse::<SkillName>().is_ok() && is_kebab(interface)
    });
    if is_interface && !crate::wit::binary::is_of_host(name) {
        return Ok(());
    }
    let what = format!(
        "`{name}` is not another skill's interface: want `namespace:name/interface` without a version"
    );
    wrong(&["skills", name], what)
}

fn channels(list: &str, names: &[String]) -> Checked {
    let path = ["bus", list];
    unique(&path, names.iter())?;
    match names
        .iter()
        .find(|name| name.len() > 128 || !name.split('.').all(is_kebab))
    {
        Some(name) => wrong(
            &path,
            format!("`{name}` is not a channel: want words such as `document.classified`"),
        ),
        None => Ok(()),
    }
}

fn limits(limits: &AskedLimits) -> Checked {
    let AskedLimits {
        memory,
        time,
        fuel,
        output,
        input,
    } = limits;
    let asked = [
        ("memory", memory.map(|size| size.0), MAX_MEMORY),
        ("time", time.map(|span| span.0), MAX_TIME),
        ("fuel", *fuel, MAX_FUEL),
        ("output", output.map(|size| size.0), MAX_DATA),
        ("input", input.map(|size| size.0), MAX_DATA),
    ];
    for (name, value, most) in asked {
        if value.is_some_and(|value| value == 0 || value > most) {
            return wrong(
                &["limits", name],
                format!(
                    "`{name}` must be more than 0 and at most {}",
                    most_of(name, most)
                ),
            );
        }
    }
    Ok(())
}

fn most_of(name: &str, most: u64) -> String {
    match name {
        "time" => super::Span(most).to_string(),
        "fuel" => most.to_string(),
        _ => super::ByteSize(most).to_string(),
    }
}
