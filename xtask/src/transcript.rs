//! The demo's transcript in the README: written by the demo, and checked against what it prints.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use crate::steps::{built, root};

const BEGIN: &str = "<!-- demo -->\n";
/// How the demo says that this machine has no part that the README shows.
const LEFT_OUT: &str = "The ledger is left out";
const END: &str = "<!-- /demo -->";

/// Runs the demo and writes what it prints into the README.
///
/// # Errors
/// When the demo fails or the README has no place for it.
pub(crate) fn write() -> Result<()> {
    let readme = std::fs::read_to_string(path())?;
    let (before, _, after) = split(&readme)?;
    let printed = run()?;
    let text = format!("{before}{BEGIN}```console\n{printed}```\n{END}{after}");
    Ok(std::fs::write(path(), text)?)
}

/// Runs the demo and checks that the README shows what it prints, but for digests, times and figures.
///
/// # Errors
/// The first line that differs.
pub(crate) fn check() -> Result<()> {
    let readme = std::fs::read_to_string(path())?;
    let (_, shown, _) = split(&readme)?;
    let shown = shown
        .trim_start_matches("```console\n")
        .trim_end_matches("```\n");
    let printed = run()?;
    if let Some(why) = printed.lines().find(|line| line.starts_with(LEFT_OUT)) {
        eprintln!("SKIPPED: the README tells the whole story, and this machine could not: {why}");
        return Ok(());
    }
    let (mut shown, mut printed) = (masked(shown), masked(&printed));
    loop {
        match (shown.next(), printed.next()) {
            (None, None) => return Ok(()),
            (shown, printed) if shown == printed => {}
            (shown, printed) => bail!(
                "the README's transcript is not what the demo prints; run `cargo xtask demo --write`\n  README: {}\n  demo:   {}",
                shown.unwrap_or_default(),
                printed.unwrap_or_default(),
            ),
        }
    }
}

fn run() -> Result<String> {
    let output = std::process::Command::new(built("vouchsafe-demo"))
        .output()
        .context("the demo does not start")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the demo failed: {complaint}");
    let text = String::from_utf8(output.stdout)?;
    // Where to look around names this machine; the README says it in words.
    let end = text.find("\n## Look around").unwrap_or(text.len());
    Ok(text.get(..end).unwrap_or(&text).trim_start().to_owned())
}

fn split(readme: &str) -> Result<(&str, &str, &str)> {
    let (before, rest) = readme
        .split_once(BEGIN)
        .context("README.md has no `<!-- demo -->`")?;
    let (shown, after) = rest
        .split_once(END)
        .context("README.md has no `<!-- /demo -->`")?;
    Ok((before, shown, after))
}

fn path() -> PathBuf {
    root().join("README.md")
}

/// The lines with what differs from run to run masked: keys, runs of hex and digits, and the spaces
/// that align them.
fn masked(text: &str) -> impl Iterator<Item = String> {
    let mut in_key = false;
    text.lines().filter_map(move |line| {
        let is_edge = line.starts_with("-----");
        if is_edge {
            in_key = line.starts_with("-----BEGIN");
        }
        (is_edge || !in_key).then(|| mask(line))
    })
}

fn mask(line: &str) -> String {
    let words = line.split_whitespace().map(|word| {
        // Names with keys, roots and signatures, whose base64 may have parts without a digit.
        let is_key = ["vouchsafe.log/", "witness.example/one+"]
            .iter()
            .any(|name| word.starts_with(name));
        let is_base64 = word.len() >= 44 && word.ends_with('=');
        if is_key || is_base64 {
            return "#".to_owned();
        }
        let parts = word.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
        let parts = parts.map(|part| {
            let bare = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            // A waiting call's name is two groups of four, which may have no digit.
            let group = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
            let is_group = bare.len() == 4 && bare.chars().all(group);
            let variable = is_group || bare.contains(|c: char| c.is_ascii_digit());
            if variable {
                part.replacen(bare, "#", 1)
            } else {
                part.to_owned()
            }
        });
        parts.collect::<String>()
    });
    words.collect::<Vec<_>>().join(" ")
}
