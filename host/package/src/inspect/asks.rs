//! What a manifest asks for, one line each.

use serde::Serialize;

use crate::manifest::{Auth, Http, Manifest, Placement, Prompt};

/// One thing that a skill asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ask {
    /// The sort: `http`, `secret`, `files`, ...
    pub kind: &'static str,
    /// The skill's name for it.
    pub name: String,
    /// What it would do with it.
    pub detail: String,
    /// What is left to the operator, or promised.
    pub note: String,
}

/// Everything that `manifest` asks for.
pub(super) fn of(manifest: &Manifest) -> Vec<Ask> {
    let mut asks = Vec::new();
    for (name, http) in &manifest.http {
        asks.push(destination(name, http));
    }
    for (name, http) in &manifest.http {
        asks.extend(http.auth.as_ref().map(|auth| secret(name, auth)));
    }
    for (name, setting) in &manifest.settings {
        let detail = setting.about.clone().unwrap_or_default();
        let default = setting
            .default
            .as_ref()
            .map(|default| format!("{default:?} unless you set it"));
        asks.push(ask(
            "setting",
            name,
            detail,
            default.as_deref().unwrap_or("you set it"),
        ));
    }
    for (name, files) in &manifest.files {
        asks.push(ask(
            "files",
            name,
            files.access.to_string(),
            "you decide where",
        ));
    }
    for (name, state) in &manifest.state {
        let size = state.size.map(|size| format!("at most {size}"));
        asks.push(ask("state", name, size.unwrap_or_default(), "its own"));
    }
    for (database, statements) in &manifest.sql {
        for (name, statement) in statements {
            let name = format!("{database} {name}");
            let detail = format!("{}: {}", statement.effect, one_line(&statement.text));
            asks.push(ask("sql", &name, detail, "you decide where"));
        }
    }
    for (name, prompt) in &manifest.prompts {
        asks.push(prompted(name, prompt));
    }
    for name in manifest.skills.keys() {
        asks.push(ask("skill", name, String::new(), "you decide whose"));
    }
    for (name, upstream) in &manifest.upstream {
        let detail = format!("{}: {}", upstream.effect, upstream.tool);
        asks.push(ask("upstream", name, detail, "you decide where"));
    }
    for name in &manifest.bus.publish {
        asks.push(ask("channel", name, "publish".to_owned(), ""));
    }
    for name in &manifest.bus.subscribe {
        asks.push(ask("channel", name, "subscribe".to_owned(), ""));
    }
    asks
}

fn ask(kind: &'static str, name: &str, detail: String, note: &str) -> Ask {
    Ask {
        kind,
        name: name.to_owned(),
        detail,
        note: note.to_owned(),
    }
}

fn destination(name: &str, http: &Http) -> Ask {
    let routes: Vec<_> = http.allow.iter().map(ToString::to_string).collect();
    let note = http
        .url
        .as_ref()
        .map(|url| format!("at {url}, which a grant cannot change"));
    ask(
        "http",
        name,
        routes.join(", "),
        note.as_deref().unwrap_or("you decide where"),
    )
}

fn secret(destination: &str, auth: &Auth) -> Ask {
    let detail = format!("to `{destination}` only, {}", placement(&auth.placement));
    let shown = match auth.placeholder {
        true => "never shown to the skill, which gets a placeholder",
        false => "never shown to the skill",
    };
    ask("secret", &auth.secret, detail, shown)
}

/// Where a credential goes, in words.
pub(crate) fn placement(placement: &Placement) -> String {
    match placement {
        Placement::Header { name, .. } => format!("in `{name}`"),
        Placement::Basic => "as basic authentication".to_owned(),
        Placement::Query { name } => format!("in the query as `{name}`, which servers log"),
        Placement::Hmac(signature) => format!("to sign each request: {signature}"),
        Placement::Aws { service } => format!("to sign each request as AWS's `{service}` wants it"),
        Placement::OAuth { scope } if scope.is_empty() => "for tokens, without a scope".to_owned(),
        Placement::OAuth { scope } => format!("for tokens with the scope `{scope}`"),
    }
}

/// All that the model is told, and what it can answer.
fn prompted(name: &str, prompt: &Prompt) -> Ask {
    let reply = serde_json::to_string(prompt.reply.written()).unwrap_or_default();
    let detail = format!(
        "{:?}, then {:?}, answering {reply} in {} tokens",
        one_line(&prompt.system),
        one_line(&prompt.template.to_string()),
        prompt.reply_tokens()
    );
    let note = format!("to the model {}; you decide which", prompt.model);
    ask("prompt", name, detail, &note)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
