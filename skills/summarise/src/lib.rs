//! Sums up a text in a stated number of words.
//!
//! The prompt is the manifest's and the text fills one of its slots, so there is nothing here that could mix the two.
//! The host holds the reply to the prompt's schema; that it is as short as was asked for is seen to here.

use serde::Deserialize;
use vouchsafe_sdk::model::{Error, Prompt};

vouchsafe_sdk::skill!(Reader);

struct Reader;

/// What `skill.toml` calls the prompt.
const PROMPT: &str = "summarise";

/// Most bytes of a text. A question holds 60 KiB, in which some characters take more room than in the text.
const MOST: usize = 32 << 10;

const FEWEST_WORDS: u32 = 10;
const MOST_WORDS: u32 = 500;

impl summarising::Guest for Reader {
    fn summarise(text: String, words: u32) -> Result<Summary, Problem> {
        if text.trim().is_empty() || text.len() > MOST {
            let why = format!("{} bytes; it takes 1 to {MOST}", text.trim().len());
            return Err(Problem::Text(why));
        }
        if !(FEWEST_WORDS..=MOST_WORDS).contains(&words) {
            let why = format!("{words}; it takes {FEWEST_WORDS} to {MOST_WORDS}");
            return Err(Problem::Words(why));
        }
        let prompt = Prompt::named(PROMPT).slot("words", words.to_string());
        let reply: Reply = prompt.slot("text", text).ask().map_err(unsaid)?;
        reply.within(words)
    }
}

/// What fits the prompt's `reply`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    summary: String,
    points: Vec<String>,
}

impl Reply {
    /// This as a summary, where it is as short as was asked for. It is not cut: half a sentence can say the opposite.
    fn within(self, most: u32) -> Result<Summary, Problem> {
        let count = self.summary.split_whitespace().count();
        match u32::try_from(count) {
            Ok(words) if (1..=most).contains(&words) => Ok(Summary {
                text: self.summary,
                words,
                points: self.points,
            }),
            _ => Err(Problem::Failed(format!(
                "a summary of {count} words, where at most {most} were asked for"
            ))),
        }
    }
}

/// What it comes to that there is no reply.
fn unsaid(error: Error) -> Problem {
    match error {
        Error::Denied | Error::Declined | Error::Exhausted | Error::NoHost => {
            Problem::NotAsked(error.to_string())
        }
        Error::TooLarge => Problem::Text(error.to_string()),
        Error::Failed | Error::OtherType(_) => Problem::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(summary: &str) -> Reply {
        Reply {
            summary: summary.to_owned(),
            points: vec!["one".to_owned()],
        }
    }

    #[test]
    fn a_summary_has_its_words_and_no_more_than_were_asked_for() {
        let summary = reply("Anna owes\nBo  42 EUR.").within(5).unwrap();
        assert_eq!((summary.words, summary.points.len()), (5, 1));
        for (said, most) in [("a b c", 2), ("", 10), (" \n", 10)] {
            let refused = reply(said).within(most);
            assert!(matches!(refused, Err(Problem::Failed(_))), "{said:?}");
        }
    }

    #[test]
    fn what_can_t_be_summed_up_is_not_asked() {
        let summarise = |text: &str, words| {
            <Reader as summarising::Guest>::summarise(text.to_owned(), words).unwrap_err()
        };
        for text in ["", " \n", &"x".repeat(MOST + 1)] {
            assert!(matches!(summarise(text, 50), Problem::Text(_)));
        }
        for words in [0, 9, 501, u32::MAX] {
            assert!(matches!(summarise("x", words), Problem::Words(_)));
        }
    }
}
