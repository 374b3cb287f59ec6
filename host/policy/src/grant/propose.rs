//! The text of a grant to propose: all that a skill declares, or an older grant brought up to it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use toml_edit::{Array, DocumentMut, InlineTable, Item, Key, RawString, Table, TableLike, Value};
use vouchsafe_package::manifest::{Access, Http, Placement, Route, Upstream};
use vouchsafe_package::{Effect, SkillName, Tool};

use super::Grant;
use crate::effective::Declared;
use crate::place::Fault;
use crate::route;

/// Where the grant for `skill` stands unless somebody chose otherwise.
#[must_use]
pub fn file_for(skill: &SkillName) -> String {
    format!("grants/{}.{}.toml", skill.namespace(), skill.name())
}

/// A grant of every tool and destination that the skill declares. What only the operator knows is
/// left empty, so that it can't be applied before it was filled in.
#[must_use]
pub fn propose(declared: &Declared<'_>, publisher: &str) -> String {
    let mut text = format!(
        "skill     = \"{}\"\npublisher = \"{publisher}\"\ndigest    = \"{}\"\n\n[tools]\n",
        declared.name, declared.digest
    );
    let width = declared
        .tools
        .iter()
        .map(|tool| tool.name.len())
        .max()
        .unwrap_or(0);
    for tool in declared.tools {
        // Writing to a string can't fail.
        let _ = writeln!(text, "{:width$} = {{}}{}", tool.name, comment(tool));
    }
    for (name, http) in &declared.manifest.http {
        let _ = write!(text, "\n{}", destination(name, http));
    }
    for name in models(declared) {
        let _ = write!(text, "\n{}", model(name));
    }
    for (name, asked) in &declared.manifest.upstream {
        let _ = write!(text, "\n{}", upstream(name, asked));
    }
    for name in declared.manifest.sql.keys() {
        let _ = write!(text, "\n{}", database(name));
    }
    for name in declared.manifest.skills.keys() {
        let _ = write!(text, "\n{}", called(name));
    }
    for name in declared.manifest.state.keys() {
        let _ = write!(text, "\n[state.{name}]\n");
    }
    for (name, files) in &declared.manifest.files {
        let _ = write!(text, "\n{}", folder(name, files.access));
    }
    text.push_str(&settings(declared));
    text
}

/// The keys of the proposal `text` whose values only the operator knows, and has not filled in.
#[must_use]
pub fn blanks(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Ok(document) = text.parse::<DocumentMut>() {
        gather_blanks(document.as_table(), "", &mut found);
    }
    found
}

fn gather_blanks(table: &dyn TableLike, above: &str, found: &mut Vec<String>) {
    for (name, item) in table.iter() {
        let key = Key::new(name);
        let path = format!("{above}{key}");
        match item.as_table_like() {
            Some(inner) => gather_blanks(inner, &format!("{path}."), found),
            None if item.as_str() == Some("") => found.push(path),
            None => {}
        }
    }
}

/// A line for each declared setting: to be filled in, or saying what it is without one.
fn settings(declared: &Declared<'_>) -> String {
    let mut text = String::new();
    for (name, setting) in &declared.manifest.settings {
        if text.is_empty() {
            text.push_str("\n[settings]\n");
        }
        let _ = match &setting.default {
            None => writeln!(text, "{name} = \"\""),
            Some(default) => writeln!(text, "# `{name}` is {default:?} unless it is set here"),
        };
    }
    text
}

/// The models that a skill's prompts go to.
fn models<'a>(declared: &Declared<'a>) -> BTreeSet<&'a str> {
    let prompts = declared.manifest.prompts.values();
    prompts.map(|prompt| prompt.model.as_str()).collect()
}

fn model(name: &str) -> String {
    format!(
        "[model.{name}]\nurl   = \"\"    # where it is, such as https://llm.corp.example/v1\nmodel = \"\"    # what the service calls it\n"
    )
}

/// A tool of an external server. Only the operator knows where that is, and accepts a definition once one was seen.
fn upstream(name: &str, asked: &Upstream) -> String {
    format!(
        "[upstream.{name}]\nurl    = \"\"    # where the server of `{}` is, such as https://tools.corp.example/mcp\n\
         effect = \"\"    # what a call of it does, by your word\n",
        asked.tool
    )
}

fn database(name: &str) -> String {
    format!(
        "[sql.{name}]\nurl  = \"\"    # where it is, such as postgres://db.corp.example/erp\n\
         auth = {{ vault = \"database/creds/{name}\", field = \"password\", user_field = \"username\" }}\n"
    )
}

/// `text`, a grant for `old`, brought up to `new`: the digest is the new one, what `new` declares
/// anew is granted, what it no longer declares is taken out, and all else stays as it was written.
///
/// # Errors
/// When `text` is no grant.
pub fn renew(
    file: &str,
    text: &str,
    old: Option<&Declared<'_>>,
    new: &Declared<'_>,
) -> Result<String, Fault> {
    let grant = Grant::parse(file, text)?;
    let unreadable = |problem: String| Fault::new(grant.digest.place.clone(), problem);
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| unreadable(error.message().to_owned()))?;
    keeping_decor(
        document.as_table_mut(),
        "digest",
        new.digest.to_string().into(),
    );
    renew_tools(&mut document, old, new);
    renew_settings(&mut document, new);
    let mut added = String::new();
    if let Some(http) = document.get_mut("http").and_then(Item::as_table_like_mut) {
        renew_http(http, old, new);
    }
    let fresh = |name: &&String| {
        old.is_some_and(|old| !old.manifest.http.contains_key(*name))
            && !grant.http.contains_key(*name)
    };
    for name in new.manifest.http.keys().filter(fresh) {
        if let Some(http) = new.manifest.http.get(name) {
            let _ = write!(added, "\n{}", destination(name, http));
        }
    }
    let (before, now) = (old.map(models).unwrap_or_default(), models(new));
    if let Some(granted) = document.get_mut("model").and_then(Item::as_table_like_mut) {
        remove(granted, |name| !now.contains(name));
    }
    for name in now.difference(&before) {
        if old.is_some() && !grant.model.contains_key(*name) {
            let _ = write!(added, "\n{}", model(name));
        }
    }
    if let Some(granted) = document
        .get_mut("upstream")
        .and_then(Item::as_table_like_mut)
    {
        remove(granted, |name| !new.manifest.upstream.contains_key(name));
    }
    for (name, asked) in &new.manifest.upstream {
        let fresh = old.is_some_and(|old| !old.manifest.upstream.contains_key(name));
        if fresh && !grant.upstream.contains_key(name) {
            let _ = write!(added, "\n{}", upstream(name, asked));
        }
    }
    if let Some(granted) = document.get_mut("sql").and_then(Item::as_table_like_mut) {
        remove(granted, |name| !new.manifest.sql.contains_key(name));
    }
    for name in new.manifest.sql.keys() {
        let fresh = old.is_some_and(|old| !old.manifest.sql.contains_key(name));
        if fresh && !grant.sql.contains_key(name) {
            let _ = write!(added, "\n{}", database(name));
        }
    }
    if let Some(skills) = document.get_mut("skills").and_then(Item::as_table_like_mut) {
        remove(skills, |name| !new.manifest.skills.contains_key(name));
    }
    if let Some(state) = document.get_mut("state").and_then(Item::as_table_like_mut) {
        remove(state, |name| !new.manifest.state.contains_key(name));
    }
    for name in new.manifest.state.keys() {
        let fresh = old.is_some_and(|old| !old.manifest.state.contains_key(name));
        if fresh && !grant.state.contains_key(name) {
            let _ = write!(added, "\n[state.{name}]\n");
        }
    }
    if let Some(files) = document.get_mut("files").and_then(Item::as_table_like_mut) {
        remove(files, |name| !new.manifest.files.contains_key(name));
    }
    for (name, files) in &new.manifest.files {
        let fresh = old.is_some_and(|old| !old.manifest.files.contains_key(name));
        if fresh && !grant.files.contains_key(name) {
            let _ = write!(added, "\n{}", folder(name, files.access));
        }
    }
    let fresh = |name: &&String| {
        old.is_some_and(|old| !old.manifest.skills.contains_key(*name))
            && !grant.skills.contains_key(*name)
    };
    for name in new.manifest.skills.keys().filter(fresh) {
        let _ = write!(added, "\n{}", called(name));
    }
    Ok(format!("{document}{added}"))
}

/// A folder, of which only the operator knows where it is.
fn folder(name: &str, access: Access) -> String {
    let quota = match access {
        Access::Read => "",
        Access::Write => "max_bytes = \"64 MiB\"\nmax_files = 1000\n",
    };
    format!(
        "[files.{name}]\npath   = \"\"    # an absolute path on this host\naccess = \"{access}\"\n{quota}"
    )
}

/// Who answers an interface: the skill that it is named after, of whom only the operator knows.
fn called(name: &str) -> String {
    let skill = name.split('/').next().unwrap_or(name);
    format!(
        "[skills.\"{name}\"]\nskill     = \"{skill}\"\npublisher = \"\"    # whose skill of that name\n"
    )
}

fn destination(name: &str, http: &Http) -> String {
    let mut text = format!("[http.{name}]\n");
    if http.url.is_none() {
        text.push_str("url   = \"\"    # where it is, such as https://bank.corp.example/api\n");
    }
    let routes: Vec<_> = http
        .allow
        .iter()
        .map(|route| format!("\"{route}\""))
        .collect();
    let _ = writeln!(text, "allow = [{}]", routes.join(", "));
    if let Some(auth) = &http.auth {
        let region = match auth.placement {
            Placement::Aws { .. } => ", region = \"\"",
            _ => "",
        };
        let _ = writeln!(
            text,
            "auth  = {{ sealed = \"{0}\"{region} }}    # vouchsafe secret set {0}",
            auth.secret
        );
        if matches!(auth.placement, Placement::OAuth { .. }) {
            text.push_str("token = { url = \"\" }    # what gives tokens for it\n");
        }
    }
    text
}

fn renew_tools(document: &mut DocumentMut, old: Option<&Declared<'_>>, new: &Declared<'_>) {
    let declares =
        |declared: &Declared<'_>, name: &str| declared.tools.iter().any(|tool| tool.name == name);
    let tools = document
        .entry("tools")
        .or_insert_with(|| Item::Table(Table::new()));
    let Some(tools) = tools.as_table_like_mut() else {
        return;
    };
    remove(tools, |name| !declares(new, name));
    for tool in new.tools {
        if let Some(granted) = tools.get_mut(&tool.name).and_then(Item::as_value_mut) {
            renew_comment(granted, tool);
        }
    }
    let fresh = new
        .tools
        .iter()
        .filter(|tool| old.is_some_and(|old| !declares(old, &tool.name)));
    for tool in fresh {
        if !tools.contains_key(&tool.name) {
            let mut granted = Value::from(InlineTable::new());
            granted.decor_mut().set_suffix(comment(tool));
            tools.insert(&tool.name, Item::Value(granted));
        }
    }
}

/// Takes out what is no longer declared, and adds an empty line for each setting that has to be filled in.
fn renew_settings(document: &mut DocumentMut, new: &Declared<'_>) {
    let known = &new.manifest.settings;
    let wanted = known
        .iter()
        .filter(|(_, setting)| setting.default.is_none());
    let wanted: Vec<&String> = wanted.map(|(name, _)| name).collect();
    if wanted.is_empty() && !document.contains_key("settings") {
        return;
    }
    let settings = document
        .entry("settings")
        .or_insert_with(|| Item::Table(Table::new()));
    let Some(settings) = settings.as_table_like_mut() else {
        return;
    };
    remove(settings, |name| !known.contains_key(name));
    for name in wanted {
        if !settings.contains_key(name) {
            settings.insert(name, Item::Value("".into()));
        }
    }
}

const EFFECTS: [Effect; 3] = [Effect::Read, Effect::Write, Effect::Irreversible];

/// What stands beside a tool in a grant: the most that the skill says a call may do.
fn comment(tool: &Tool) -> String {
    format!("    # {}", tool.effect)
}

/// Brings the comment that [`propose`] wrote up to date; an operator's own words stay.
fn renew_comment(granted: &mut Value, tool: &Tool) {
    let decor = granted.decor_mut();
    let words = decor.suffix().and_then(RawString::as_str).map(str::trim);
    let is_ours = words
        .and_then(|words| words.strip_prefix("# "))
        .is_some_and(|word| EFFECTS.iter().any(|effect| effect.to_string() == word));
    if is_ours {
        decor.set_suffix(comment(tool));
    }
}

fn renew_http(http: &mut dyn TableLike, old: Option<&Declared<'_>>, new: &Declared<'_>) {
    remove(http, |name| !new.manifest.http.contains_key(name));
    for (name, now) in &new.manifest.http {
        let before = old.and_then(|old| old.manifest.http.get(name));
        let destination = http.get_mut(name).and_then(Item::as_table_like_mut);
        if let Some(destination) = destination {
            renew_routes(destination, before, now);
        }
    }
}

fn renew_routes(destination: &mut dyn TableLike, before: Option<&Http>, now: &Http) {
    let Some(allow) = destination.get("allow").and_then(Item::as_array) else {
        return;
    };
    let covered =
        |by: &Http, route: &Route| by.allow.iter().any(|outer| route::covers(outer, route));
    let granted = allow
        .iter()
        .filter_map(|text| text.as_str()?.parse::<Route>().ok());
    let kept = granted.filter(|route| covered(now, route));
    let fresh = now
        .allow
        .iter()
        .filter(|route| before.is_some_and(|before| !covered(before, route)))
        .cloned();
    let mut routes: Vec<Route> = kept.collect();
    for route in fresh {
        if !routes.contains(&route) {
            routes.push(route);
        }
    }
    let routes: Array = routes
        .iter()
        .map(|route| Value::from(route.to_string()))
        .collect();
    keeping_decor(destination, "allow", routes.into());
}

fn remove(table: &mut dyn TableLike, is_gone: impl Fn(&str) -> bool) {
    let gone: Vec<String> = table
        .iter()
        .map(|(name, _)| name.to_owned())
        .filter(|name| is_gone(name))
        .collect();
    for name in gone {
        table.remove(&name);
    }
}

/// Replaces a value; the spaces and comments around it stay.
fn keeping_decor(table: &mut dyn TableLike, key: &str, mut to: Value) {
    if let Some(found) = table.get_mut(key).and_then(Item::as_value_mut) {
        *to.decor_mut() = found.decor().clone();
        *found = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effective::meet;
    use crate::fixture::{FILE, GRANT, Skill};

    #[test]
    fn what_is_proposed_names_everything_and_lacks_what_only_the_operator_knows() {
        let skill = Skill::payments();
        let text = propose(&skill.declared(), "acme");
        insta::assert_snapshot!("proposed", text);
        assert_eq!(blanks(&text), ["http.bank.url"]);
        assert!(
            Grant::parse(FILE, &text)
                .unwrap_err()
                .problem
                .contains("not a destination")
        );
    }

    #[test]
    fn a_proposal_for_a_pure_skill_can_be_applied_as_it_is() {
        let skill = Skill::of("[tools.parse]\neffect = \"read\"\n");
        let grant = Grant::parse(FILE, &propose(&skill.declared(), "acme")).unwrap();
        assert_eq!(meet(&skill.declared(), &grant).unwrap().tools.len(), 1);
    }

    #[test]
    fn a_renewed_grant_keeps_its_words_and_takes_up_what_is_new() {
        let old = Skill::payments();
        let mut new = Skill::of(
            "[tools.status]\neffect = \"write\"\n[tools.refund]\neffect = \"irreversible\"\n\
             [http.bank]\nallow = [\"POST /payments\", \"POST /refunds\"]\n\
             auth = { secret = \"bank-token\", header = \"authorization\" }\n\
             [http.events]\nallow = [\"POST /events\"]\nurl = \"https://events.example/\"\n",
        );
        new.digest = vouchsafe_package::Digest::of(b"new");
        let text = GRANT.replace(
            "status   = {}",
            "# kept\nstatus   = { confirm = \"always\" } # this too",
        );
        let renewed = renew(FILE, &text, Some(&old.declared()), &new.declared()).unwrap();
        insta::assert_snapshot!("renewed", renewed);
        assert_eq!(
            meet(&new.declared(), &Grant::parse(FILE, &renewed).unwrap())
                .unwrap()
                .tools
                .len(),
            2
        );
    }

    #[test]
    fn what_an_operator_left_out_stays_out() {
        let skill = Skill::payments();
        let text = GRANT.replace("initiate = { confirm = \"two-people\" }\n", "");
        let renewed = renew(FILE, &text, Some(&skill.declared()), &skill.declared()).unwrap();
        assert_eq!(renewed, text);
        assert_eq!(renew(FILE, &text, None, &skill.declared()).unwrap(), text);
    }
}
