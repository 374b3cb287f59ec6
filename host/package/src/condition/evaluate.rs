//! A condition held against the arguments of one call, exactly.
//!
//! What can't be compared is never taken for "no": the one who wrote the condition wanted to be
//! asked about some calls, and this may be one of them.

use std::cmp::Ordering;

use crate::tool::Param;
use crate::wit_type::Type;
use serde_json::Value as Json;

use super::{Condition, Literal, Operator, field};

/// How the argument stands to the literal. Says nothing of the value itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Standing {
    /// Comparable.
    #[error("`{0}` is {1} it")]
    Compared(String, Side),
    /// An option without a value, or an argument that is missing.
    #[error("`{0}` is absent, which nothing is compared with")]
    Absent(String),
    /// Not of the type that the condition was written for.
    #[error("`{0}` can't be compared so")]
    Incomparable(String),
    /// An amount whose currency the condition does not name.
    #[error("`{0}` has a currency, and the condition names none")]
    CurrencyUnnamed(String),
    /// An amount without the currency that the condition names.
    #[error("the currency of `{0}` is missing")]
    CurrencyMissing(String),
    /// An amount in another currency than the condition's.
    #[error("`{0}` is in another currency than {1}")]
    OtherCurrency(String, String),
}

/// On which side of the literal a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Less.
    Below,
    /// The same.
    Equal,
    /// More.
    Above,
    /// Not equal, of values that have no order.
    Other,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Below => "below",
            Self::Equal => "equal to",
            Self::Above => "above",
            Self::Other => "not",
        })
    }
}

impl Condition {
    /// How the argument of a tool with `params` stands to the literal, in the canonical `input`.
    pub fn stand(&self, params: &[Param], input: &Json) -> Standing {
        self.compared(params, input).unwrap_or_else(|wrong| wrong)
    }

    /// Whether a person is asked at this standing: the condition holds, or nobody can say.
    pub fn asks(&self, standing: &Standing) -> bool {
        match standing {
            Standing::Compared(_, side) => self.operator.holds(*side),
            _ => true,
        }
    }

    fn compared(&self, params: &[Param], input: &Json) -> Result<Standing, Standing> {
        let (first, inner) = self.path.split_first().ok_or_else(|| self.incomparable())?;
        let param = params.iter().find(|param| &*param.name == first.as_str());
        let mut ty = &param.ok_or_else(|| self.incomparable())?.ty;
        let mut json = some(input.get(first)).ok_or_else(|| self.absent())?;
        for (depth, name) in inner.iter().enumerate() {
            if depth + 1 == inner.len() {
                self.in_currency(ty, json)?;
            }
            ty = field(ty, name).ok_or_else(|| self.incomparable())?;
            json = some(json.get(name)).ok_or_else(|| self.absent())?;
        }
        let side = self.literal.side(json).ok_or_else(|| self.incomparable())?;
        Ok(Standing::Compared(self.dotted(), side))
    }

    /// That a number which stands beside a currency is compared in the currency that was meant.
    fn in_currency(&self, parent: &Type, json: &Json) -> Result<(), Standing> {
        let is_sum = matches!(self.literal, Literal::Integer(_));
        if !is_sum || field(parent, CURRENCY).is_none() {
            return Ok(());
        }
        let Some(wanted) = &self.currency else {
            return Err(Standing::CurrencyUnnamed(self.dotted()));
        };
        let found = some(json.get(CURRENCY)).and_then(Json::as_str);
        match found.ok_or_else(|| Standing::CurrencyMissing(self.dotted()))? {
            found if found == wanted => Ok(()),
            _ => Err(Standing::OtherCurrency(self.dotted(), wanted.clone())),
        }
    }

    fn absent(&self) -> Standing {
        Standing::Absent(self.dotted())
    }

    fn incomparable(&self) -> Standing {
        Standing::Incomparable(self.dotted())
    }
}

/// The field beside a number that says of what it is so many.
pub(super) const CURRENCY: &str = "currency";

fn some(json: Option<&Json>) -> Option<&Json> {
    json.filter(|json| !json.is_null())
}

impl Operator {
    fn holds(self, side: Side) -> bool {
        match self {
            Self::Equal => side == Side::Equal,
            Self::NotEqual => side != Side::Equal,
            Self::AtMost => matches!(side, Side::Below | Side::Equal),
            Self::AtLeast => matches!(side, Side::Above | Side::Equal),
            Self::Less => side == Side::Below,
            Self::More => side == Side::Above,
        }
    }
}

impl Literal {
    fn side(&self, json: &Json) -> Option<Side> {
        match self {
            Self::Bool(wanted) => json.as_bool().map(|found| Side::same(found == *wanted)),
            Self::Text(wanted) => json.as_str().map(|found| Side::same(found == wanted)),
            Self::Integer(wanted) => whole(json).map(|found| match found.cmp(wanted) {
                Ordering::Less => Side::Below,
                Ordering::Equal => Side::Equal,
                Ordering::Greater => Side::Above,
            }),
        }
    }
}

impl Side {
    fn same(same: bool) -> Self {
        if same { Self::Equal } else { Self::Other }
    }
}

/// A whole number as the canonical form has it: a JSON integer, or for `u64` and `s64` its decimal
/// text. Never by way of a float.
pub fn whole(json: &Json) -> Option<i128> {
    match json {
        Json::Number(number) => {
            let signed = number.as_i64().map(i128::from);
            signed.or_else(|| number.as_u64().map(i128::from))
        }
        Json::String(text) => {
            let read: i128 = text.parse().ok()?;
            (read.to_string() == *text).then_some(read)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::wit_type::Field;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn params(minor: Type) -> Vec<Param> {
        let of = |name: &str, ty| Field {
            name: name.into(),
            docs: None,
            ty,
        };
        let amount = Type::Record(vec![of("minor", minor), of("currency", Type::String)]);
        let param = |name: &str, ty| Param {
            name: name.into(),
            docs: None,
            ty,
        };
        vec![
            param("amount", amount),
            param("count", Type::U64),
            param("offset", Type::S64),
            param("limit", Type::Option(Box::new(Type::U64))),
            param("urgent", Type::Bool),
            param("country", Type::String),
        ]
    }

    fn asks(condition: &str, input: &Json) -> bool {
        let condition: Condition = condition.parse().unwrap();
        let params = params(Type::U64);
        condition.fits(&params).unwrap();
        condition.asks(&condition.stand(&params, input))
    }

    #[test]
    fn a_sum_is_compared_in_its_currency_and_anything_else_asks() {
        let sum = |minor: &str, currency: Json| json!({ "amount": { "minor": minor, "currency": currency } });
        let over = |input: &Json| asks("input.amount.minor > 100000 EUR", input);
        assert!(!over(&sum("100000", json!("EUR"))));
        assert!(over(&sum("100001", json!("EUR"))));
        assert!(over(&sum("1", json!("USD"))), "another currency");
        assert!(over(&sum("1", json!("eur"))), "not that spelling");
        assert!(over(&sum("1", Json::Null)), "no currency");
        assert!(over(&json!({ "amount": { "minor": "1" } })), "no currency");
        assert!(over(&json!({ "amount": { "currency": "EUR" } })), "no sum");
        assert!(over(&json!({})) && over(&Json::Null), "nothing");
        let unnamed = |input: &Json| asks("input.amount.minor > 100000", input);
        assert!(unnamed(&sum("1", json!("EUR"))), "of what, is not said");
    }

    #[test]
    fn what_is_absent_or_odd_asks_whatever_the_operator() {
        for operator in ["==", "!=", "<=", ">=", "<", ">"] {
            let condition = format!("input.limit {operator} 5");
            for odd in [
                json!({}),
                json!({ "limit": null }),
                json!({ "limit": 5.5 }),
                json!({ "limit": true }),
                json!({ "limit": "05" }),
                json!({ "limit": "five" }),
            ] {
                assert!(asks(&condition, &odd), "{condition} of {odd}");
            }
        }
        assert!(!asks("input.limit > 5", &json!({ "limit": "5" })));
    }

    #[test]
    fn texts_and_flags_are_compared_as_they_are() {
        assert!(asks("input.country != 'NO'", &json!({ "country": "SE" })));
        assert!(!asks("input.country != 'NO'", &json!({ "country": "NO" })));
        assert!(asks("input.country != 'NO'", &json!({ "country": "no" })));
        assert!(!asks("input.urgent == true", &json!({ "urgent": false })));
        assert!(asks("input.urgent == true", &json!({ "urgent": "false" })));
    }

    #[test]
    fn two_to_the_53_and_the_ends_of_64_bits_are_told_apart() {
        let count = |text: &str| json!({ "count": text });
        assert!(!asks(
            "input.count > 9007199254740992",
            &count("9007199254740992")
        ));
        assert!(asks(
            "input.count > 9007199254740992",
            &count("9007199254740993")
        ));
        assert!(asks(
            "input.count > 9223372036854775807",
            &count("9223372036854775808")
        ));
        assert!(asks(
            "input.count == 18446744073709551615",
            &count("18446744073709551615")
        ));
        assert!(!asks("input.count < 0", &count("18446744073709551615")));
    }

    proptest! {
        /// Against the same comparison of 128-bit integers.
        #[test]
        fn every_u64_is_compared_exactly(value: u64, literal: u64, near in -1i128..=1) {
            for literal in [i128::from(literal), (i128::from(value) + near).clamp(0, u64::MAX.into())] {
                let (input, value) = (json!({ "count": value.to_string() }), i128::from(value));
                prop_assert_eq!(asks(&format!("input.count > {literal}"), &input), value > literal);
                prop_assert_eq!(asks(&format!("input.count <= {literal}"), &input), value <= literal);
                prop_assert_eq!(asks(&format!("input.count == {literal}"), &input), value == literal);
            }
        }

        #[test]
        fn every_s64_is_compared_exactly(value: i64, literal: i64) {
            let input = json!({ "offset": value.to_string() });
            prop_assert_eq!(asks(&format!("input.offset < {literal}"), &input), value < literal);
            prop_assert_eq!(asks(&format!("input.offset >= {literal}"), &input), value >= literal);
            prop_assert_eq!(asks(&format!("input.offset != {literal}"), &input), value != literal);
        }
    }
}
