//! What conditions and policies compare arguments with.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::cedar::Written;
use crate::grant::{Condition, Literal};
use crate::place::Place;

/// Every argument that a rule looks at, with the literals that it is compared with.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// By the way to the argument, without `input`.
    pub(super) arguments: BTreeMap<Vec<String>, Literals>,
    pub(super) agents: BTreeSet<String>,
    /// Policies that compare otherwise than with a literal.
    pub(super) inexact: BTreeSet<Place>,
    /// Whether a policy looks at the arguments, and so at numbers that Cedar can't hold.
    pub(super) by_cedar: bool,
}

/// What one argument is compared with.
#[derive(Debug, Clone, Default)]
pub(super) struct Literals {
    pub(super) whole: BTreeSet<i128>,
    pub(super) texts: BTreeSet<String>,
}

/// What stands on one side of a comparison.
enum Term {
    /// An attribute of the context, by its way.
    Context(Vec<String>),
    /// Of what every value is tried: roles, tools, effects, actions.
    Tried,
}

impl Compared {
    pub(super) fn condition(&mut self, condition: &Condition) {
        let literals = self.arguments.entry(condition.path.clone()).or_default();
        match &condition.literal {
            Literal::Bool(_) => {}
            Literal::Integer(number) => drop(literals.whole.insert(*number)),
            Literal::Text(text) => drop(literals.texts.insert(text.clone())),
        }
        if let (Some((_, beside)), Literal::Integer(_)) =
            (condition.path.split_last(), &condition.literal)
        {
            let beside = beside
                .iter()
                .cloned()
                .chain(["currency".to_owned()])
                .collect();
            let literals = self.arguments.entry(beside).or_default();
            literals.texts.extend(condition.currency.clone());
        }
    }

    pub(super) fn policy(&mut self, written: &Written) {
        self.by_cedar |= written.looks_at_input;
        let json = written.policy.to_json().unwrap_or_default();
        let Some(conditions) = json.get("conditions").and_then(Json::as_array) else {
            self.inexact.insert(written.place.clone());
            return;
        };
        for condition in conditions {
            let body = condition.get("body").unwrap_or(&Json::Null);
            if !self.understands(body) {
                self.inexact.insert(written.place.clone());
                self.harvest(body);
            }
        }
    }

    /// Whether `expression` is made of comparisons with literals, each of which is kept.
    fn understands(&mut self, expression: &Json) -> bool {
        let Some((operator, of)) = only(expression) else {
            return false;
        };
        let part = |name: &str| of.get(name).unwrap_or(&Json::Null);
        match operator {
            "Value" => of.is_boolean(),
            "!" => self.understands(part("arg")),
            "&&" | "||" => self.all_of([part("left"), part("right")]),
            "if-then-else" => self.all_of([part("if"), part("then"), part("else")]),
            "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "contains" | "containsAll"
            | "containsAny" => self.compares(part("left"), part("right")),
            "isEmpty" => self.touches(part("arg")),
            "is" => matches!(term(part("left")), Some(Term::Tried)),
            "has" | "." => self.touches(expression),
            _ => false,
        }
    }

    fn all_of<const N: usize>(&mut self, parts: [&Json; N]) -> bool {
        // Each of them, also after one that is not: its literals count all the same.
        let each = parts.map(|part| self.understands(part));
        each.into_iter().all(|is_understood| is_understood)
    }

    fn compares(&mut self, left: &Json, right: &Json) -> bool {
        match (term(left), constants(left), term(right), constants(right)) {
            (Some(term), _, _, Some(constants)) | (_, Some(constants), Some(term), _) => {
                self.keep(term, &constants)
            }
            (_, Some(_), _, Some(_)) => true,
            (Some(Term::Tried), _, Some(Term::Tried), _) => true,
            _ => false,
        }
    }

    fn touches(&mut self, expression: &Json) -> bool {
        term(expression).is_some_and(|term| self.keep(term, &[]))
    }

    /// Whether `term` is one whose values can be listed.
    fn keep(&mut self, term: Term, constants: &[Json]) -> bool {
        let Term::Context(way) = term else {
            return true;
        };
        let texts = constants.iter().filter_map(Json::as_str).map(str::to_owned);
        match way.split_first() {
            Some((first, [])) if first == "agent" => self.agents.extend(texts),
            Some((first, rest)) if first == "input" && !rest.is_empty() => {
                let literals = self.arguments.entry(rest.to_vec()).or_default();
                literals.texts.extend(texts);
                literals
                    .whole
                    .extend(constants.iter().filter_map(Json::as_i64).map(i128::from));
            }
            // Whether it is there at all: it always is.
            _ => return constants.is_empty(),
        }
        true
    }

    /// Of what is not understood: each argument in it, with each literal in it.
    fn harvest(&mut self, expression: &Json) {
        let (mut ways, mut literals) = (Vec::new(), Vec::new());
        gather(expression, &mut ways, &mut literals);
        for way in ways {
            self.keep(Term::Context(way), &literals);
        }
    }
}

fn gather(expression: &Json, ways: &mut Vec<Vec<String>>, literals: &mut Vec<Json>) {
    if let Some(Term::Context(way)) = term(expression) {
        return ways.push(way);
    }
    if let Some(constants) = constants(expression) {
        return literals.extend(constants);
    }
    if let Some(pattern) = expression.get("pattern").and_then(Json::as_array) {
        literals.extend(["", "another"].map(|rest| Json::from(matching(pattern, rest))));
    }
    match expression {
        Json::Object(object) => object.values().for_each(|one| gather(one, ways, literals)),
        Json::Array(all) => all.iter().for_each(|one| gather(one, ways, literals)),
        _ => {}
    }
}

/// A text that matches `pattern`, with `rest` in place of each `*`.
fn matching(pattern: &[Json], rest: &str) -> String {
    let part = |part: &Json| {
        part.get("Literal")
            .and_then(Json::as_str)
            .unwrap_or(rest)
            .to_owned()
    };
    pattern.iter().map(part).collect()
}

fn term(expression: &Json) -> Option<Term> {
    let (operator, of) = only(expression)?;
    match operator {
        "Var" => Some(match of.as_str()? {
            "context" => Term::Context(Vec::new()),
            _ => Term::Tried,
        }),
        "." | "has" => match term(of.get("left")?)? {
            Term::Context(mut way) => {
                way.push(of.get("attr")?.as_str()?.to_owned());
                Some(Term::Context(way))
            }
            Term::Tried => Some(Term::Tried),
        },
        _ => None,
    }
}

/// The literal that `expression` is, or those in the set that it is.
fn constants(expression: &Json) -> Option<Vec<Json>> {
    let (operator, of) = only(expression)?;
    match (operator, of) {
        ("Value", Json::Array(all)) => Some(all.clone()),
        ("Value", one) => Some(vec![one.clone()]),
        ("Set", Json::Array(all)) => {
            let each: Option<Vec<_>> = all.iter().map(constants).collect();
            Some(each?.into_iter().flatten().collect())
        }
        ("neg", of) => {
            let negated = |one: Json| one.as_i64().and_then(i64::checked_neg).map(Json::from);
            constants(of.get("arg")?)?
                .into_iter()
                .map(negated)
                .collect()
        }
        _ => None,
    }
}

fn only(expression: &Json) -> Option<(&str, &Json)> {
    let object = expression.as_object()?;
    let (operator, of) = object.iter().next()?;
    (object.len() == 1).then_some((operator.as_str(), of))
}
