//! Marks that models and their front ends read as borders: where they stand in data, somebody means to cross one.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::Family;
use crate::cut::Cut;
use crate::words::folded;

/// Marks of chat templates and of hands-on prompts, in lower case.
const MARKS: [&str; 47] = [
    "[inst]",
    "[/inst]",
    "<<sys>>",
    "<</sys>>",
    "<s>[inst]",
    "[system]",
    "[/system]",
    "<|im_start|>",
    "<|im_end|>",
    "<|im_sep|>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|tool|>",
    "<|end|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|start|>",
    "<|message|>",
    "<|channel|>",
    "<|call|>",
    "<|return|>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<bos>",
    "<eos>",
    "[available_tools]",
    "[/available_tools]",
    "[tool_calls]",
    "[tool_results]",
    "<tool_call>",
    "</tool_call>",
    "<function_calls>",
    "</function_calls>",
    "<function_results>",
    "<system_prompt>",
    "</system_prompt>",
    "<system-reminder>",
    "<important>",
    "###instruction",
    "### instruction",
    "###system",
    "### system",
];

/// Beginnings of a line by which one pretends that somebody else speaks.
const SPEAKERS: [&str; 12] = [
    "system:",
    "system message:",
    "system prompt:",
    "developer:",
    "developer message:",
    "assistant:",
    "ai:",
    "end of document",
    "begin system",
    "end system",
    "new instructions:",
    "admin override:",
];

static AUTOMATON: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let mut builder = AhoCorasick::builder();
    builder
        .match_kind(MatchKind::LeftmostLongest)
        .ascii_case_insensitive(true);
    builder.build(MARKS).ok()
});

/// Marks, speakers, and addresses that carry data away.
pub(crate) fn look(text: &str) -> Vec<Cut> {
    let mut cuts = marks(text);
    cuts.extend(speakers(text));
    cuts.extend(pictures(text));
    cuts
}

fn marks(text: &str) -> Vec<Cut> {
    let Some(marks) = &*AUTOMATON else {
        return vec![Cut::whole(text)];
    };
    let found = marks.find_iter(text);
    let named = found.filter_map(|one| Some((MARKS.get(one.pattern().as_usize())?, one.range())));
    named
        .map(|(mark, range)| Cut::new(Family::Template, mark, range))
        .collect()
}

/// Lines such as `SYSTEM: ...`, behind what people put before a line.
fn speakers(text: &str) -> Vec<Cut> {
    let mut cuts = Vec::new();
    let mut at: usize = 0;
    for line in text.split_inclusive(['\n', '>', '"']) {
        let start = at;
        at = at.saturating_add(line.len());
        let said =
            line.trim_start_matches(|c: char| c.is_whitespace() || "#*_-=[({<|`".contains(c));
        let skipped = line.len().saturating_sub(said.len());
        let beginning: String = said.chars().take(40).collect();
        let beginning = folded(&beginning).replace(['*', '_', '`'], "");
        if let Some(speaker) = SPEAKERS
            .iter()
            .find(|speaker| beginning.starts_with(**speaker))
        {
            let from = start.saturating_add(skipped);
            let first = said.chars().next().map_or(0, char::len_utf8);
            cuts.push(Cut::new(
                Family::Role,
                speaker,
                from..from.saturating_add(first),
            ));
        }
    }
    cuts
}

/// A picture whose address has room for data: it is fetched when it is shown, without anybody's doing.
fn pictures(text: &str) -> Vec<Cut> {
    let starts = text.match_indices("![");
    let shown = starts.filter_map(|(start, _)| {
        let rest = text.get(start..)?;
        let open = rest.find("](")?;
        let close = rest.get(open..)?.find(')')?.checked_add(open)?;
        let address = rest.get(open..close)?;
        let carries = address.contains("://") && address.contains(['?', '{', '$', '#']);
        (carries && close < 2000).then(|| start..start.saturating_add(close).saturating_add(1))
    });
    shown
        .map(|range| Cut::new(Family::Exfiltration, "a picture that carries data", range))
        .collect()
}
