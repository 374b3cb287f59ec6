//! The facts as a page of text.

use std::collections::BTreeSet;
use std::fmt;

use super::{Ask, Inspection, SignatureFacts, ToolFacts};
use crate::effect::Effect;
use crate::limits::Limits;
use crate::manifest::{ByteSize, Confirm};
use crate::tier::Tier;

/// Width of the words on the left.
const LABEL: usize = 10;

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} {}    {}    {}",
            self.name,
            self.version,
            self.digest,
            size(self.size)
        )?;
        if !self.about.is_empty() {
            block(f, "About", &[one_line(&self.about)])?;
        }
        block(
            f,
            "Signed",
            &[signed(self.signature.as_ref(), self.refused.as_deref())],
        )?;
        block(f, "Reach", &[format!("{}: {}", self.tier, reach(self))])?;
        block(f, "Tools", &tools(&self.tools))?;
        block(f, "Words", &words(&self.tools))?;
        block(f, "Asks", &asks(&self.asks))?;
        block(f, "Has not", &[self.has_not.join(", ")])?;
        block(f, "Imports", &[imports(self)])?;
        block(f, "Limits", &[limits(&self.limits)])?;
        match self
            .signature
            .as_ref()
            .and_then(|signature| signature.check.as_ref())
        {
            Some(check) => writeln!(f, "Check it yourself: {check}"),
            None => Ok(()),
        }
    }
}

fn block(f: &mut fmt::Formatter<'_>, label: &str, lines: &[String]) -> fmt::Result {
    for (index, line) in lines.iter().enumerate() {
        let label = if index == 0 { label } else { "" };
        writeln!(f, "{label:LABEL$}{}", line.trim_end())?;
    }
    Ok(())
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..10_485_760 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{} MiB", bytes.div_ceil(1 << 20)),
    }
}

fn signed(signature: Option<&SignatureFacts>, refused: Option<&str>) -> String {
    let Some(signature) = signature else {
        let why = refused.unwrap_or("no signature was given");
        return one_line(&format!("{why}; it does not run here"));
    };
    let trusted = match &signature.trusted {
        Some(trusted) => format!(
            "trusted here as `{}` ({})",
            trusted.publisher, trusted.place
        ),
        None => "not trusted here".to_owned(),
    };
    let log = if signature.transparency == "none" {
        "; in no transparency log"
    } else {
        ""
    };
    one_line(&format!("by {}; {trusted}{log}", signature.signer))
}

fn reach(facts: &Inspection) -> &'static str {
    let only_http = facts
        .asks
        .iter()
        .all(|ask| matches!(ask.kind, "http" | "secret" | "setting"));
    match facts.tier {
        Tier::Connected if only_http => {
            "talks to the hosts below; makes no model, skill, channel or upstream tool act"
        }
        tier => tier.meaning(),
    }
}

fn tools(tools: &[ToolFacts]) -> Vec<String> {
    let names = width(tools.iter().map(|tool| tool.name.as_str()));
    let effects: Vec<_> = tools.iter().map(effect).collect();
    let column = width(effects.iter().map(String::as_str));
    let any_target = tools
        .iter()
        .any(|tool| tool.params.iter().any(|param| param.target));
    let mut lines: Vec<_> = tools
        .iter()
        .zip(&effects)
        .map(|(tool, effect)| format!("{:names$}  {effect:column$}   {}", tool.name, params(tool)))
        .collect();
    if let (Some(first), true) = (lines.first_mut(), any_target) {
        first.push_str("   (! target)");
    }
    lines
}

fn effect(tool: &ToolFacts) -> String {
    let enforced = if tool.effect == Effect::Read {
        " (enforced)"
    } else {
        ""
    };
    let confirm = match &tool.confirm {
        None => String::new(),
        Some(Confirm { when: None, .. }) => ", always confirmed".to_owned(),
        Some(Confirm {
            when: Some(when), ..
        }) => format!(", confirmed when {when}"),
    };
    format!("{}{enforced}{confirm}", tool.effect)
}

fn params(tool: &ToolFacts) -> String {
    let params = tool.params.iter().map(|param| {
        let mark = if param.target { "!" } else { "" };
        format!("{}{mark} {}", param.name, param.ty)
    });
    let params = params.collect::<Vec<_>>().join(", ");
    let params = match params.is_empty() {
        true => "nothing".to_owned(),
        false => params,
    };
    match tool.subjects.is_empty() {
        true => params,
        false => format!("{params}   (about {})", tool.subjects.join(", ")),
    }
}

fn words(tools: &[ToolFacts]) -> Vec<String> {
    let names = width(tools.iter().map(|tool| tool.name.as_str()));
    let said = |tool: &ToolFacts| match tool.description.is_empty() {
        true => "(says nothing)".to_owned(),
        false => format!("{:?}", one_line(&tool.description)),
    };
    let mut lines = Vec::new();
    for tool in tools {
        lines.push(format!("{:names$}  {}", tool.name, said(tool)));
        let beside = words_beside(tool);
        lines.extend(beside.map(|words| format!("{:names$}  {words}", "")));
    }
    lines
}

/// The words on what is inside a tool, each once, with the first place where they stand.
fn words_beside(tool: &ToolFacts) -> impl Iterator<Item = String> {
    let mut places: Vec<(String, &str, usize)> = Vec::new();
    for (path, words) in &tool.words {
        let words = one_line(words);
        match places.iter_mut().find(|(known, ..)| *known == words) {
            Some((.., more)) => *more += 1,
            None => places.push((words, path, 0)),
        }
    }
    places.into_iter().map(|(words, path, more)| match more {
        0 => format!("{path}: {words:?}"),
        more => format!("{path} and {more} more: {words:?}"),
    })
}

fn asks(asks: &[Ask]) -> Vec<String> {
    if asks.is_empty() {
        return vec!["nothing".to_owned()];
    }
    let line = |ask: &Ask| {
        let note = if ask.note.is_empty() || ask.detail.is_empty() {
            ask.note.clone()
        } else if ask.kind == "secret" {
            format!("; {}", ask.note)
        } else {
            format!("      {}", ask.note)
        };
        format!("{} {}   {}{note}", ask.kind, ask.name, ask.detail)
    };
    asks.iter().map(line).collect()
}

fn imports(facts: &Inspection) -> String {
    let mut declared = packages(&facts.imports.declared);
    declared.extend(facts.imports.skills.iter().cloned());
    let mut parts = Vec::new();
    if !declared.is_empty() {
        parts.push(declared.join(" "));
    }
    let inert = packages(&facts.imports.inert);
    if !inert.is_empty() {
        parts.push(format!("inert, from std: {}", inert.join(" ")));
    }
    if parts.is_empty() {
        "nothing".to_owned()
    } else {
        parts.join("; ")
    }
}

/// `wasi:io/poll@0.2.6` and its like as `wasi:io`, once.
fn packages(imports: &[String]) -> Vec<String> {
    let package = |import: &String| import.split('/').next().unwrap_or(import).to_owned();
    let mut seen = BTreeSet::new();
    imports
        .iter()
        .map(package)
        .filter(|package| seen.insert(package.clone()))
        .collect()
}

fn limits(limits: &Limits) -> String {
    let all = format!(
        "{}, {} s, {} fuel, {} out",
        ByteSize(limits.memory_bytes),
        seconds(limits.wall_ms),
        fuel(limits.fuel),
        ByteSize(limits.output_bytes),
    );
    if *limits == Limits::default() {
        format!("default ({all})")
    } else {
        format!("{all}; asked for")
    }
}

fn seconds(ms: u64) -> String {
    match ms % 1000 {
        0 => (ms / 1000).to_string(),
        rest => format!("{}.{rest:03}", ms / 1000)
            .trim_end_matches('0')
            .to_owned(),
    }
}

/// Round numbers as `1e9`.
fn fuel(fuel: u64) -> String {
    let zeros = fuel
        .to_string()
        .bytes()
        .rev()
        .take_while(|&b| b == b'0')
        .count();
    match u32::try_from(zeros)
        .ok()
        .and_then(|zeros| 10_u64.checked_pow(zeros))
    {
        Some(power) if zeros >= 6 => format!("{}e{zeros}", fuel / power),
        _ => fuel.to_string(),
    }
}

fn width<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts
        .map(|text| text.chars().count())
        .max()
        .unwrap_or_default()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
