//! `doctor`: checks this installation, and says what would mend it.

use serde_json::{Value as Json, json};
use vouchsafe_ambient::files;
use vouchsafe_build::Toolchain;
use vouchsafe_daemon::protocol::Request;
use vouchsafe_daemon::setup;

use vouchsafe_audit::Expect;

use crate::applying::Current;
use crate::context::Context;
use crate::exit::Code;
use crate::output;

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    found: Result<String, Wrong>,
}

/// What is wrong, and what would mend it.
struct Wrong {
    what: String,
    fix: Option<String>,
}

impl Wrong {
    fn with_fix(what: String, fix: impl Into<String>) -> Self {
        let fix = Some(fix.into());
        Self { what, fix }
    }
}

impl<E: std::fmt::Display> From<E> for Wrong {
    fn from(error: E) -> Self {
        let (what, fix) = (error.to_string(), None);
        Self { what, fix }
    }
}

pub(crate) fn run(context: &Context) -> anyhow::Result<Code> {
    let findings = [
        Finding {
            what: "home",
            found: home(context),
        },
        Finding {
            what: "keystore",
            found: keystore(context),
        },
        Finding {
            what: "owner",
            found: owner(context),
        },
        Finding {
            what: "files",
            found: edited(context),
        },
        Finding {
            what: "skills",
            found: skills(context),
        },
        Finding {
            what: "secrets",
            found: secrets(context),
        },
        Finding {
            what: "log",
            found: log(context),
        },
        Finding {
            what: "toolchain",
            found: toolchain(),
        },
    ];
    // Of what is not there nothing more can be said.
    let there = context.home.is_initialised();
    let said = |finding: &Finding| there || matches!(finding.what, "home" | "toolchain");
    let findings: Vec<Finding> = findings.into_iter().filter(said).collect();
    let bad = findings.iter().any(|finding| finding.found.is_err());
    if context.json {
        output::print_json(&findings.iter().map(as_json).collect());
    } else {
        for Finding { what, found } in &findings {
            match found {
                Ok(text) => output::done(format!("{what:<10}{text}")),
                Err(wrong) => {
                    output::error(&format!("{what:<10}{}", wrong.what), wrong.fix.as_deref());
                }
            }
        }
    }
    Ok(if bad { Code::Error } else { Code::Done })
}

fn as_json(finding: &Finding) -> Json {
    let (ok, text, fix) = match &finding.found {
        Ok(text) => (true, text, None),
        Err(Wrong { what, fix }) => (false, what, fix.as_ref()),
    };
    json!({ "what": finding.what, "ok": ok, "found": text, "fix": fix })
}

fn home(context: &Context) -> Result<String, Wrong> {
    let home = &context.home;
    if !home.is_initialised() {
        let what = format!("nothing in {}", home.data().display());
        return Err(Wrong::with_fix(what, "run `vouchsafe init`"));
    }
    for directory in [home.data(), home.config()] {
        if files::is_open_to_others(directory)? {
            let path = directory.display();
            let what = format!("other users can look into {path}");
            return Err(Wrong::with_fix(what, format!("run `chmod 700 {path}`")));
        }
    }
    Ok(home.data().display().to_string())
}

fn keystore(context: &Context) -> Result<String, Wrong> {
    let keystore = setup::open_keystore(&context.home)?;
    let operators = setup::operators(&context.home, &keystore);
    let operators = operators?;
    Ok(format!("opens; {} operator key enrolled", operators.len()))
}

fn owner(context: &Context) -> Result<String, Wrong> {
    let facts = context
        .owner()
        .and_then(|mut owner| owner.ask(&Request::Ping));
    let facts = facts?;
    Ok(format!(
        "answers, process {}",
        facts.get("pid").unwrap_or(&Json::Null)
    ))
}

fn edited(context: &Context) -> Result<String, Wrong> {
    let mut owner = context.owner()?;
    let current = Current::ask(context, &mut owner)?;
    if current.edited().is_empty() {
        return Ok(format!("as applied in statement {}", current.serial()));
    }
    let edited = current.edited().join(", ");
    let what = format!("edited since they were applied: {edited}");
    let fix = "look at them, then run `vouchsafe apply`";
    Err(Wrong::with_fix(what, fix))
}

fn skills(context: &Context) -> Result<String, Wrong> {
    let facts = context
        .owner()
        .and_then(|mut owner| owner.ask(&Request::List));
    let facts = facts?;
    let all = facts.as_array().map_or(0, Vec::len);
    let on = |skill: &&Json| skill.get("state").and_then(Json::as_str) == Some("on");
    let on = facts.as_array().into_iter().flatten().filter(on).count();
    Ok(format!(
        "{on} of {all} can be called; `vouchsafe list` says why others can't"
    ))
}

fn secrets(context: &Context) -> Result<String, Wrong> {
    let survey = context
        .owner()
        .and_then(|mut owner| owner.ask(&Request::Credentials));
    let survey = survey?;
    let uses = survey.get("uses").and_then(Json::as_array);
    let uses = uses.map(Vec::as_slice).unwrap_or_default();
    let is_missing = |one: &&Json| one.get("state").and_then(Json::as_str) == Some("missing");
    match uses.iter().filter(is_missing).count() {
        0 => Ok(format!("all {} that skills use are kept", uses.len())),
        missing => {
            let what = format!("{missing} that skills use are missing");
            let fix = "run `vouchsafe secret check`, which says which";
            Err(Wrong::with_fix(what, fix))
        }
    }
}

fn log(context: &Context) -> Result<String, Wrong> {
    let checked = vouchsafe_audit::verify(&context.home.audit(), &Expect::default());
    let checked = checked?;
    let state = context
        .owner()
        .and_then(|mut owner| owner.ask(&Request::AuditState))?;
    let lines = state.get("lines").and_then(Json::as_array);
    let lines: String = lines
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .map(|line| format!("; {line}"))
        .collect();
    let found = format!("{} records, unbroken{lines}", checked.records);
    let is_late = state.pointer("/witnesses/late").and_then(Json::as_bool) == Some(true);
    if !state.get("unpublished").is_none_or(Json::is_null) {
        let fix = "see to the disk, and that this user may write `audit` in the data directory";
        return Err(Wrong::with_fix(found, fix));
    }
    if is_late {
        let fix =
            "see to it that the witnesses in `vouchsafe.toml` can be reached and know this log";
        return Err(Wrong::with_fix(found, fix));
    }
    Ok(found)
}

fn toolchain() -> Result<String, Wrong> {
    let mut said = Vec::new();
    let installed = Toolchain::installed(&mut |line| said.push(line.to_owned()));
    match installed {
        Some(_) => Ok("`wasm32-wasip2` is installed".to_owned()),
        None => Ok("`wasm32-wasip2` is not installed; `vouchsafe build` sees to it".to_owned()),
    }
}
