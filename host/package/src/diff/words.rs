//! Changes in what a package says, sentence by sentence.

use super::{Area, Changes, Sort};
use crate::spoken::descriptions;
use crate::tool::Tool;

/// The sentences that `new` has more or fewer than `old`.
pub(super) fn text(changes: &mut Changes, item: &str, old: &str, new: &str) {
    if old == new {
        return;
    }
    let (before, now) = (sentences(old), sentences(new));
    let gone = before.iter().filter(|sentence| !now.contains(sentence));
    let come = now.iter().filter(|sentence| !before.contains(sentence));
    let gone = gone.map(|sentence| format!("{sentence:?} removed"));
    let come = come.map(|sentence| format!("{sentence:?} added"));
    let mut lines: Vec<_> = gone.chain(come).collect();
    if lines.is_empty() {
        lines.push("in another order".to_owned());
    }
    for line in lines {
        changes.add(Sort::Words, Area::Tool, item, line);
    }
}

/// The words on parameters, fields, cases and results.
pub(super) fn schemas(changes: &mut Changes, old: &Tool, new: &Tool) {
    let (before, now) = (descriptions(old), descriptions(new));
    let nothing = String::new();
    for path in before
        .keys()
        .chain(now.keys().filter(|path| !before.contains_key(*path)))
    {
        let was = before.get(path).unwrap_or(&nothing);
        let is = now.get(path).unwrap_or(&nothing);
        text(changes, &format!("{} {path}", new.name), was, is);
    }
}

fn sentences(text: &str) -> Vec<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.split_inclusive(". ")
        .map(|sentence| sentence.trim().to_owned())
        .filter(|s| !s.is_empty())
        .collect()
}
