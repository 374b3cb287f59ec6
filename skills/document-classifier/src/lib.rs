//! Tells business documents apart by fixed rules: phrases where they stand, and the format's own word.

mod rules;
mod score;
mod text;

vouchsafe_sdk::skill!(Classifier);

struct Classifier;

impl documents::Guest for Classifier {
    fn classify(text: String) -> Result<Classification, Problem> {
        let text = text::Text::of(&text)?;
        Ok(match rules::structure(text.raw()) {
            Some((kind, rule)) => score::certain(kind, rule),
            None => score::judge(rules::phrases(&text)),
        })
    }
}

#[cfg(test)]
mod tests;
