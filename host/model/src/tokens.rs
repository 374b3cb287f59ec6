//! How many questions and tokens a call has used of each model.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use vouchsafe_policy::ModelBounds;

/// What one call has used, by model.
#[derive(Debug, Clone, Default)]
pub(crate) struct Budget(Arc<Mutex<HashMap<String, Used>>>);

#[derive(Debug, Clone, Copy, Default)]
struct Used {
    asks: u64,
    tokens: u64,
}

/// Tokens set aside for one request, before it is sent. Unless it is settled, all of them count as used.
#[derive(Debug)]
pub(crate) struct Reserved {
    budget: Budget,
    model: String,
    tokens: u64,
}

/// The bound that is used up, by its key in the grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exhausted(pub(crate) &'static str);

impl Budget {
    /// Counts a question.
    pub(crate) fn ask(&self, model: &str, bounds: &ModelBounds) -> Result<(), Exhausted> {
        self.of(model, |used| {
            if used.asks >= bounds.asks {
                return Err(Exhausted("asks"));
            }
            used.asks += 1;
            Ok(())
        })
    }

    /// Sets `tokens` aside, the most that a request can use.
    pub(crate) fn reserve(
        &self,
        model: &str,
        tokens: u64,
        bounds: &ModelBounds,
    ) -> Result<Reserved, Exhausted> {
        self.of(model, |used| {
            let after = used.tokens.saturating_add(tokens);
            if after > bounds.tokens {
                return Err(Exhausted("tokens"));
            }
            used.tokens = after;
            Ok(())
        })?;
        Ok(Reserved {
            budget: self.clone(),
            model: model.to_owned(),
            tokens,
        })
    }

    fn of<T>(&self, model: &str, change: impl FnOnce(&mut Used) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(all.entry(model.to_owned()).or_default())
    }
}

impl Reserved {
    /// Replaces what was set aside by what the service counted, which may be more. Gives what counts.
    pub(crate) fn settle(self, counted: Option<u64>) -> u64 {
        let Some(counted) = counted else {
            return self.tokens;
        };
        self.budget.of(&self.model, |used| {
            used.tokens = used
                .tokens
                .saturating_sub(self.tokens)
                .saturating_add(counted);
        });
        counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_used_counts_until_it_is_known() {
        let bounds = ModelBounds {
            asks: 2,
            tokens: 100,
            ..ModelBounds::default()
        };
        let budget = Budget::default();
        let reserved = budget.reserve("reader", 80, &bounds).unwrap();
        assert_eq!(
            budget.reserve("reader", 21, &bounds).unwrap_err(),
            Exhausted("tokens")
        );
        budget.reserve("writer", 100, &bounds).unwrap();
        assert_eq!(reserved.settle(Some(10)), 10);
        let unknown = budget.reserve("reader", 80, &bounds).unwrap();
        assert_eq!(unknown.settle(None), 80);
        drop(budget.reserve("reader", 10, &bounds).unwrap());
        assert_eq!(
            budget.reserve("reader", 1, &bounds).unwrap_err(),
            Exhausted("tokens")
        );
        budget.ask("reader", &bounds).unwrap();
        budget.ask("reader", &bounds).unwrap();
        assert_eq!(
            budget.ask("reader", &bounds).unwrap_err(),
            Exhausted("asks")
        );
    }

    #[test]
    fn a_service_that_counts_more_than_was_set_aside_ends_the_budget() {
        let bounds = ModelBounds {
            tokens: 100,
            ..ModelBounds::default()
        };
        let budget = Budget::default();
        budget
            .reserve("reader", 10, &bounds)
            .unwrap()
            .settle(Some(u64::MAX));
        assert!(budget.reserve("reader", 1, &bounds).is_err());
    }
}
