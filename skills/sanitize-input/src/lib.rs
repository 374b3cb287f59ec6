//! Takes what tries to instruct a model out of text that is only data, by rules that anybody can read.

mod cut;
mod disguise;
mod hidden;
mod letters;
mod marks;
mod phrases;
mod vocabulary;
mod words;

use cut::Cut;

vouchsafe_sdk::skill!(Sanitizer);

struct Sanitizer;

/// The longest text that is read, in bytes.
const LONGEST: usize = 128 << 10;
/// Findings that are told one by one.
const TOLD: usize = 100;
/// Cutting can bring together what stood apart; after so many times what is left is too artful to keep.
const ROUNDS: usize = 4;

impl sanitizing::Guest for Sanitizer {
    fn sanitize(text: String) -> Result<Sanitized, Problem> {
        if text.len() > LONGEST {
            return Err(Problem::TooLarge(
                u32::try_from(LONGEST).unwrap_or(u32::MAX),
            ));
        }
        Ok(sanitized(text))
    }
}

fn sanitized(input: String) -> Sanitized {
    let found = look(&input);
    let first: Vec<Finding> = found.iter().map(Cut::finding).collect();
    let mut text = cut::apply(&input, found);
    for round in 1.. {
        let again = look(&text);
        if again.is_empty() {
            break;
        }
        text = match round {
            ROUNDS.. => cut::REMOVED.to_owned(),
            _ => cut::apply(&text, again),
        };
    }
    let attempts = first.iter().any(|one| one.family != Family::Hidden);
    Sanitized {
        was_sanitized: text != input,
        alert: attempts.then(|| "PROMPT_INJECTION_ATTEMPT".to_owned()),
        more: u32::try_from(first.len().saturating_sub(TOLD)).unwrap_or(u32::MAX),
        findings: first.into_iter().take(TOLD).collect(),
        text,
    }
}

/// All that is to be cut, in order and apart from each other.
fn look(text: &str) -> Vec<Cut> {
    let mut cuts = plain(text);
    cuts.extend(disguise::look(text, &readable));
    cut::apart(text, cuts)
}

/// What is found in a text as it stands.
fn plain(text: &str) -> Vec<Cut> {
    let mut cuts = hidden::look(text, &readable);
    cuts.extend(readable(text));
    cuts
}

/// What is found in characters that people see.
fn readable(text: &str) -> Vec<Cut> {
    let mut cuts = marks::look(text);
    cuts.extend(phrases::look(&words::of(text)));
    cuts.extend(letters::look(text));
    cuts
}

#[cfg(test)]
mod tests;
