//! A text as its letters alone: what is said with spaces, stars or points between letters is said all the same.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::Family;
use crate::cut::Cut;
use crate::hidden::is_hidden;
use crate::words::{folded, is_figure, looks, spelt};

/// Phrases so long that no two sentences meet in one by chance.
const PHRASES: [(Family, &str); 34] = [
    (Family::Overriding, "ignoreallprevious"),
    (Family::Overriding, "ignoreprevious"),
    (Family::Overriding, "ignoreyourinstructions"),
    (Family::Overriding, "ignoretheabove"),
    (Family::Overriding, "ignoreallinstructions"),
    (Family::Overriding, "disregardallprevious"),
    (Family::Overriding, "disregardprevious"),
    (Family::Overriding, "disregardtheabove"),
    (Family::Overriding, "forgetallprevious"),
    (Family::Overriding, "forgetyourinstructions"),
    (Family::Overriding, "forgeteverythingabove"),
    (Family::Overriding, "overrideyourinstructions"),
    (Family::Overriding, "newinstructionsfollow"),
    (Family::Overriding, "ignorierealle"),
    (Family::Overriding, "ignorezlesinstructions"),
    (Family::Overriding, "ignoralasinstrucciones"),
    (Family::Overriding, "忽略之前"),
    (Family::Overriding, "忽略以上"),
    (Family::Overriding, "忽略所有指令"),
    (Family::Overriding, "无视之前"),
    (Family::Overriding, "忘记之前"),
    (Family::Overriding, "指示を無視"),
    (Family::Overriding, "命令を無視"),
    (Family::Overriding, "指示を忘れ"),
    (Family::Disclosure, "系统提示词"),
    (Family::Disclosure, "システムプロンプト"),
    (Family::Disclosure, "시스템프롬프트"),
    (Family::Overriding, "이전지시를무시"),
    (Family::Disclosure, "revealyoursystemprompt"),
    (Family::Disclosure, "printyoursystemprompt"),
    (Family::Disclosure, "showyoursystemprompt"),
    (Family::Identity, "youarenowdan"),
    (Family::Identity, "developermodeenabled"),
    (Family::Secrecy, "donottelltheuser"),
];

/// The phrases, as they are and turned: what is looked for costs less to turn than what is read.
struct Phrases {
    automaton: AhoCorasick,
    /// By pattern.
    cuts: Vec<(Family, &'static str, Option<&'static str>)>,
}

static TURNED: LazyLock<Option<Phrases>> = LazyLock::new(|| {
    let (mut patterns, mut cuts) = (Vec::new(), Vec::new());
    for (family, phrase) in PHRASES {
        let plain = folded(phrase);
        let turned = [
            (None, plain.clone()),
            (Some("rot13"), rot13(&plain)),
            (Some("reversed"), plain.chars().rev().collect()),
        ];
        for (disguise, pattern) in turned {
            patterns.push(pattern);
            cuts.push((family, phrase, disguise));
        }
    }
    let mut builder = AhoCorasick::builder();
    builder.match_kind(MatchKind::LeftmostFirst);
    let automaton = builder.build(patterns).ok()?;
    Some(Phrases { automaton, cuts })
});

/// The phrases that a text spells.
pub(crate) fn look(text: &str) -> Vec<Cut> {
    let Some(phrases) = &*TURNED else {
        return vec![Cut::whole(text)];
    };
    let mut forms: Vec<fn(char) -> String> = vec![|c| folded(c.encode_utf8(&mut [0; 4]))];
    if !text.is_ascii() {
        forms.push(|c| looks(&folded(c.encode_utf8(&mut [0; 4]))));
    }
    if text.bytes().any(is_figure) {
        forms.push(|c| spelt(&folded(c.encode_utf8(&mut [0; 4])), 'i'));
    }
    forms
        .into_iter()
        .flat_map(|form| phrases.of(text, form))
        .collect()
}

impl Phrases {
    fn of(&self, text: &str, form: fn(char) -> String) -> Vec<Cut> {
        let (letters, places) = squeezed(text, form);
        let found = self.automaton.find_iter(&letters);
        let cuts = found.filter_map(|found| {
            let from = places.get(found.start())?.0;
            let to = places.get(found.end().checked_sub(1)?)?.1;
            let (family, phrase, disguise) = self.cuts.get(found.pattern().as_usize())?;
            Some(Cut {
                disguise: *disguise,
                ..Cut::new(*family, phrase, from..to)
            })
        });
        cuts.collect()
    }
}

/// The letters of a text, and for each byte of them where in the text its character stands.
fn squeezed(text: &str, form: fn(char) -> String) -> (String, Vec<(usize, usize)>) {
    let (mut letters, mut places) = (
        String::with_capacity(text.len()),
        Vec::with_capacity(text.len()),
    );
    for (index, c) in text.char_indices() {
        let place = (index, index.saturating_add(c.len_utf8()));
        if c.is_ascii_alphabetic() {
            letters.push(c.to_ascii_lowercase());
            places.push(place);
        } else if (!c.is_ascii() || u8::try_from(c).is_ok_and(is_figure)) && !is_hidden(c) {
            for letter in form(c).chars().filter(|c| c.is_alphabetic()) {
                letters.push(letter);
                places.extend(std::iter::repeat_n(place, letter.len_utf8()));
            }
        }
    }
    (letters, places)
}

fn rot13(text: &str) -> String {
    let turn = |c: char| match c {
        'a'..='m' => char::from_u32(u32::from(c).wrapping_add(13)),
        'n'..='z' => char::from_u32(u32::from(c).wrapping_sub(13)),
        _ => None,
    };
    text.chars().map(|c| turn(c).unwrap_or(c)).collect()
}
