//! `when`: one comparison of an argument with a fixed value.
//!
//! Read and checked against the tool's types when a skill is packed or a grant is read; held against each call's
//! arguments by [`evaluate`].

mod evaluate;

use std::fmt;
use std::str::FromStr;

use crate::name::is_kebab;
use crate::tool::Param;
use crate::wit_type::Type;

use evaluate::CURRENCY;
pub use evaluate::{Side, Standing, whole};

/// `input.amount.minor > 100000 EUR`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The argument, then fields within it.
    pub path: Vec<String>,
    /// How the two are compared.
    pub operator: Operator,
    /// What it is compared with.
    pub literal: Literal,
    /// Of what it is so many (ISO 4217), for a number that stands beside a `currency`.
    pub currency: Option<String>,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
    /// `<`
    Less,
    /// `>`
    More,
}

/// A fixed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// `true` or `false`
    Bool(bool),
    /// A whole number; wide enough for every integer of WIT.
    Integer(i128),
    /// `"text"`, without escapes.
    Text(String),
}

/// Longer ones first, so that `<=` is not read as `<`.
const OPERATORS: [(&str, Operator); 6] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("<", Operator::Less),
    (">", Operator::More),
];

const SHAPE: &str =
    "want one comparison such as `input.amount.minor > 100000 EUR` or `input.country != 'NO'`";

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            let shown: String = text.chars().take(120).collect();
            format!("`{shown}` is not a condition: {SHAPE}")
        };
        let start = text.find(['=', '!', '<', '>']).ok_or_else(wrong)?;
        let (left, rest) = text.split_at_checked(start).ok_or_else(wrong)?;
        let (operator, right) = OPERATORS
            .iter()
            .find_map(|(sign, operator)| Some((*operator, rest.strip_prefix(sign)?)))
            .ok_or_else(wrong)?;
        let (right, currency) = currency(right.trim());
        Ok(Self {
            path: path(left.trim()).ok_or_else(wrong)?,
            operator,
            literal: literal(right).ok_or_else(wrong)?,
            currency,
        })
    }
}

fn path(text: &str) -> Option<Vec<String>> {
    let names: Vec<String> = text
        .strip_prefix("input.")?
        .split('.')
        .map(str::to_owned)
        .collect();
    names.iter().all(|name| is_kebab(name)).then_some(names)
}

/// The three letters behind a number, if there are such.
fn currency(text: &str) -> (&str, Option<String>) {
    let split = text.split_once(' ').filter(|(number, code)| {
        let letters = code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
        letters && integer(number).is_some()
    });
    split.map_or((text, None), |(number, code)| {
        (number, Some(code.to_owned()))
    })
}

fn literal(text: &str) -> Option<Literal> {
    match text {
        "true" => Some(Literal::Bool(true)),
        "false" => Some(Literal::Bool(false)),
        _ => quoted(text).or_else(|| integer(text)),
    }
}

fn quoted(text: &str) -> Option<Literal> {
    let inner = text
        .strip_prefix(['"', '\''])?
        .strip_suffix(text.chars().next()?)?;
    let plain = !inner.contains(['"', '\'', '\\']) && !inner.contains(char::is_control);
    plain.then(|| Literal::Text(inner.to_owned()))
}

fn integer(text: &str) -> Option<Literal> {
    let number: i128 = text.parse().ok()?;
    let range = i128::from(i64::MIN)..=i128::from(u64::MAX);
    (range.contains(&number) && !text.starts_with('+')).then_some(Literal::Integer(number))
}

impl Condition {
    /// Whether the argument exists among `params` and can be compared so.
    ///
    /// # Errors
    /// What does not fit, and what there is instead.
    pub fn fits(&self, params: &[Param]) -> Result<(), String> {
        let (ty, parent) = find(params, self.path.iter().map(String::as_str))?;
        let orders = !matches!(self.operator, Operator::Equal | Operator::NotEqual);
        if !self.literal.is_one_of(present(ty))
            || (orders && !matches!(self.literal, Literal::Integer(_)))
        {
            return Err(format!(
                "`{}` is a `{ty}`, which can't be compared so",
                self.dotted()
            ));
        }
        let beside = parent.and_then(|parent| field(parent, CURRENCY));
        match &self.currency {
            Some(code) if !beside.is_some_and(|ty| has_word(ty, code)) => Err(format!(
                "no `{CURRENCY}` beside `{}` can be `{code}`",
                self.dotted()
            )),
            _ => Ok(()),
        }
    }

    fn dotted(&self) -> String {
        format!("input.{}", self.path.join("."))
    }
}

/// Whether `path` leads to a text or a whole number among `params`, by which somebody can be known.
///
/// # Errors
/// What does not fit, and what there is instead.
pub(crate) fn names_somebody(path: &str, params: &[Param]) -> Result<(), String> {
    let (ty, _) = find(params, path.split('.'))?;
    match present(ty) {
        Type::String => Ok(()),
        other if Literal::Integer(0).is_one_of(other) => Ok(()),
        _ => Err(format!("it is a `{ty}`; want a text or a whole number")),
    }
}

/// The type at `path`, and of what it is a field.
fn find<'a, 'b>(
    params: &'a [Param],
    mut path: impl Iterator<Item = &'b str>,
) -> Result<(&'a Type, Option<&'a Type>), String> {
    let first = path.next().unwrap_or_default();
    let param = params.iter().find(|param| &*param.name == first);
    let mut ty = &param
        .ok_or_else(|| format!("there is no argument `{first}`; {}", there_are(params)))?
        .ty;
    let mut parent = None;
    for name in path {
        parent = Some(ty);
        ty = field(ty, name).ok_or_else(|| format!("there is no `{name}` in `{ty}`"))?;
    }
    Ok((ty, parent))
}

fn there_are(params: &[Param]) -> String {
    let names: Vec<_> = params.iter().map(|one| format!("`{}`", one.name)).collect();
    match names.is_empty() {
        true => "the tool takes none".to_owned(),
        false => format!("the tool takes {}", names.join(", ")),
    }
}

fn field<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    match present(ty) {
        Type::Record(fields) => fields.iter().find(|f| &*f.name == name).map(|f| &f.ty),
        _ => None,
    }
}

fn present(ty: &Type) -> &Type {
    match ty {
        Type::Option(some) => some,
        ty => ty,
    }
}

fn has_word(ty: &Type, word: &str) -> bool {
    Literal::Text(word.to_owned()).is_one_of(present(ty))
}

impl Literal {
    fn is_one_of(&self, ty: &Type) -> bool {
        match (self, ty) {
            (Self::Bool(_), Type::Bool) | (Self::Text(_), Type::String) => true,
            (Self::Text(text), Type::Enum(names)) => names.iter().any(|name| **name == **text),
            (
                Self::Integer(_),
                Type::U8
                | Type::U16
                | Type::U32
                | Type::U64
                | Type::S8
                | Type::S16
                | Type::S32
                | Type::S64,
            ) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = OPERATORS
            .iter()
            .find(|(_, operator)| *operator == self.operator);
        let sign = sign.map_or("", |(sign, _)| sign);
        write!(f, "{} {sign} {}", self.dotted(), self.literal)?;
        match &self.currency {
            Some(code) => write!(f, " {code}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "'{value}'"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::wit_type::Field;

    use super::*;

    fn amount() -> Vec<Param> {
        let field = |name: &str, ty| Field {
            name: name.into(),
            docs: None,
            ty,
        };
        let ty = Type::Record(vec![
            field("minor", Type::U64),
            field("currency", Type::String),
        ]);
        vec![Param {
            name: "amount".into(),
            docs: None,
            ty,
        }]
    }

    #[test]
    fn one_comparison_reads_back_as_written() {
        for text in [
            "input.amount.minor > 100000",
            "input.a-b != 'EUR'",
            "input.x == true",
            "input.x >= -1",
            "input.amount.minor > 100000 EUR",
        ] {
            assert_eq!(text.parse::<Condition>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "true",
            "amount > 1",
            "input > 1",
            "input. > 1",
            "input.a > ",
            "input.a = 1",
            "input.a > 1 && input.b > 1",
            "input.a > 1.5",
            "input.a == 'x",
            "input.a == \"x'",
            "input.a == '\\n'",
            "input.a > +1",
            "input.A > 1",
            "input.a > 18446744073709551616",
            "input.a => 1",
            "input.é > 1",
            "<",
            "input.a == é",
            "input.a > 1 eur",
            "input.a > 1 EURO",
            "input.a == 'x' EUR",
        ] {
            assert!(text.parse::<Condition>().is_err(), "{text}");
        }
    }

    #[test]
    fn it_must_fit_the_argument_s_type() {
        let fits = |text: &str| text.parse::<Condition>().unwrap().fits(&amount());
        assert_eq!(fits("input.amount.minor > 1"), Ok(()));
        assert_eq!(fits("input.amount.minor > 1 EUR"), Ok(()));
        assert_eq!(fits("input.amount.currency == 'EUR'"), Ok(()));
        for text in [
            "input.sum > 1",
            "input.amount > 1",
            "input.amount.major > 1",
            "input.amount.minor == 'x'",
            "input.amount.currency > 'EUR'",
            "input.amount.minor.x > 1",
        ] {
            assert!(fits(text).is_err(), "{text}");
        }
    }
}
