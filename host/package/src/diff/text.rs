//! The changes as lines of text.

use std::fmt;

use super::{Area, Change, Diff, Sort};

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let publisher = match self.same_publisher {
            Some(true) => "    same publisher",
            Some(false) => "    ANOTHER PUBLISHER",
            None => "",
        };
        let lower = if self.to < self.from { " (lower)" } else { "" };
        writeln!(
            f,
            "{} {} -> {}{lower}{publisher}",
            self.name, self.from, self.to
        )?;
        let width = self
            .changes
            .iter()
            .map(|change| change.item.chars().count())
            .max();
        let width = width.unwrap_or_default().max(12);
        self.changes
            .iter()
            .try_for_each(|change| line(f, change, width))?;
        let same: Vec<_> = self.same.iter().map(|area| plural(*area)).collect();
        let code = if self.code_changed {
            "CODE changed"
        } else {
            "CODE the same"
        };
        match same.is_empty() {
            true => writeln!(f, "{code}"),
            false => writeln!(f, "SAME   {}.  {code}", same.join(", ")),
        }
    }
}

fn line(f: &mut fmt::Formatter<'_>, change: &Change, width: usize) -> fmt::Result {
    let sort = match change.sort {
        Sort::More => "MORE",
        Sort::Words => "WORDS",
        Sort::Less => "LESS",
    };
    let text = format!(
        "{sort:<6} {:<9} {:<width$}  {}",
        area(change.area),
        change.item,
        change.detail
    );
    writeln!(f, "{}", text.trim_end())
}

const fn area(area: Area) -> &'static str {
    match area {
        Area::Name => "name",
        Area::Tool => "tool",
        Area::Http => "http",
        Area::Secret => "secret",
        Area::Setting => "setting",
        Area::Files => "files",
        Area::State => "state",
        Area::Sql => "sql",
        Area::Prompt => "prompt",
        Area::Skill => "skill",
        Area::Upstream => "upstream",
        Area::Channel => "channel",
        Area::Limits => "limits",
        Area::Imports => "imports",
        Area::Tier => "tier",
    }
}

const fn plural(word: Area) -> &'static str {
    match word {
        Area::Tool => "tools",
        Area::Secret => "secrets",
        Area::Setting => "settings",
        Area::Sql => "statements",
        Area::Prompt => "prompts",
        Area::Skill => "skills",
        Area::Channel => "channels",
        other => area(other),
    }
}
