//! The values that are tried of each argument: one of every class that literals tell apart.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};
use vouchsafe_package::{Field, Param, Type};

use super::literals::{Compared, Literals};

/// An argument, and the values of it that are tried.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    way: Vec<String>,
    choices: Vec<Choice>,
}

#[derive(Debug, Clone)]
struct Choice {
    json: Json,
    means: Means,
}

/// What a value stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Means {
    Absent,
    /// A record that is there, whose fields have axes of their own.
    There,
    Bool(bool),
    /// With those next to it, in rising order.
    Whole(i128),
    Text(String),
    /// Every text that is not named.
    OtherText,
    /// A list, in words.
    Members(String),
}

/// There are too many values to write down, let alone to try.
#[derive(Debug)]
pub(super) struct Uncountable;

/// Subsets of more literals than this are not made.
const MOST_MEMBERS: usize = 16;

/// The first number that Cedar can't hold is the next one.
const CEDAR_MOST: i128 = i64::MAX as i128;

/// The axes of a tool with `params`, outer arguments before what is in them.
pub(super) fn axes(params: &[Param], compared: &Compared) -> Result<Vec<Axis>, Uncountable> {
    let mut arguments = compared.arguments.clone();
    if compared.by_cedar {
        for (way, literals) in &mut arguments {
            if is_wide(params, way) {
                literals.whole.insert(CEDAR_MOST);
            }
        }
        // One that nothing else is asked of, so that the number alone can be beyond.
        let wide = ways(params)
            .into_iter()
            .find(|way| !arguments.contains_key(way));
        if let Some(way) = wide {
            arguments.entry(way).or_default().whole.insert(CEDAR_MOST);
        }
    }
    let mut axes: Vec<Axis> = Vec::new();
    for (way, literals) in &arguments {
        for axis in along(params, way, literals)? {
            if !axes.iter().any(|known| known.way == axis.way) {
                axes.push(axis);
            }
        }
    }
    axes.retain(|axis| axis.choices.len() > 1);
    axes.sort_by(|one, two| one.way.cmp(&two.way));
    Ok(axes)
}

/// The axis of the argument at `way`, and one for each option that it is in.
fn along(params: &[Param], way: &[String], literals: &Literals) -> Result<Vec<Axis>, Uncountable> {
    let mut axes = Vec::new();
    for depth in 1..=way.len() {
        let Some((prefix, ty)) = way
            .get(..depth)
            .and_then(|prefix| Some((prefix, at(params, prefix)?)))
        else {
            break;
        };
        let last = depth == way.len();
        let mut choices = match (ty, last) {
            (Type::Option(_), _) => vec![Choice {
                json: Json::Null,
                means: Means::Absent,
            }],
            _ => Vec::new(),
        };
        match (present(ty), last) {
            (inner @ Type::Record(_), _) => choices.push(Choice {
                json: default(inner),
                means: Means::There,
            }),
            (inner, true) => choices.extend(values(inner, literals)?),
            (_, false) => {}
        }
        axes.push(Axis {
            way: prefix.to_vec(),
            choices,
        });
    }
    Ok(axes)
}

fn at<'a>(params: &'a [Param], way: &[String]) -> Option<&'a Type> {
    let (first, inner) = way.split_first()?;
    let param = params.iter().find(|param| *param.name == **first)?;
    inner.iter().try_fold(&param.ty, |ty, name| {
        let Type::Record(fields) = present(ty) else {
            return None;
        };
        fields
            .iter()
            .find(|field| *field.name == **name)
            .map(|field| &field.ty)
    })
}

fn present(ty: &Type) -> &Type {
    match ty {
        Type::Option(some) => some,
        ty => ty,
    }
}

fn is_wide(params: &[Param], way: &[String]) -> bool {
    match at(params, way).map(present) {
        Some(Type::List(element)) => beyond(element).is_some(),
        ty => ty == Some(&Type::U64),
    }
}

/// A value of the type that holds a number which Cedar can't, if there is one.
fn beyond(ty: &Type) -> Option<Json> {
    match ty {
        Type::U64 => Some(whole(ty, CEDAR_MOST + 1)),
        Type::Option(some) => beyond(some),
        Type::List(element) => Some(Json::Array(vec![beyond(element)?])),
        Type::Record(fields) => {
            let mut wide = fields
                .iter()
                .filter_map(|field| Some((field, beyond(&field.ty)?)));
            let (field, value) = wide.next()?;
            let mut record = default(ty);
            record
                .as_object_mut()?
                .insert(field.name.to_string(), value);
            Some(record)
        }
        _ => None,
    }
}

/// The ways to all numbers that can be beyond what Cedar holds.
fn ways(params: &[Param]) -> Vec<Vec<String>> {
    fn of(ty: &Type, way: Vec<String>, found: &mut Vec<Vec<String>>) {
        match present(ty) {
            Type::U64 => found.push(way),
            Type::List(element) if beyond(element).is_some() => found.push(way),
            Type::Record(fields) => fields.iter().for_each(|Field { name, ty, .. }| {
                of(
                    ty,
                    way.iter().cloned().chain([name.to_string()]).collect(),
                    found,
                );
            }),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for param in params {
        of(&param.ty, vec![param.name.to_string()], &mut found);
    }
    found
}

/// A value of each class, in rising order.
fn values(ty: &Type, literals: &Literals) -> Result<Vec<Choice>, Uncountable> {
    let choice = |json, means| Choice { json, means };
    Ok(match ty {
        Type::Bool => [false, true]
            .map(|is| choice(is.into(), Means::Bool(is)))
            .into(),
        Type::String | Type::Char | Type::Enum(_) => texts(ty, literals),
        Type::List(element) => return members(element, literals),
        _ => match range(ty) {
            Some(range) => {
                let near = literals.whole.iter().flat_map(|n| [n - 1, *n, n + 1]);
                let mut all: BTreeSet<i128> = near.filter(|n| range.contains(n)).collect();
                if all.is_empty() {
                    all.insert(0);
                }
                all.into_iter()
                    .map(|n| choice(whole(ty, n), Means::Whole(n)))
                    .collect()
            }
            None => vec![choice(default(ty), Means::OtherText)],
        },
    })
}

fn range(ty: &Type) -> Option<std::ops::RangeInclusive<i128>> {
    let (bits, signed) = match ty {
        Type::U8 => (8, false),
        Type::U16 => (16, false),
        Type::U32 => (32, false),
        Type::U64 => (64, false),
        Type::S8 => (8, true),
        Type::S16 => (16, true),
        Type::S32 => (32, true),
        Type::S64 => (64, true),
        _ => return None,
    };
    Some(match signed {
        true => -(1i128 << (bits - 1))..=(1i128 << (bits - 1)) - 1,
        false => 0..=(1i128 << bits) - 1,
    })
}

/// In the canonical form, in which 64 bits are text.
fn whole(ty: &Type, number: i128) -> Json {
    match ty {
        Type::U64 | Type::S64 => number.to_string().into(),
        _ => i64::try_from(number).unwrap_or_default().into(),
    }
}

fn texts(ty: &Type, literals: &Literals) -> Vec<Choice> {
    let possible = |text: &&String| match ty {
        Type::Char => text.chars().count() == 1,
        Type::Enum(cases) => cases.iter().any(|case| **case == ***text),
        _ => true,
    };
    let named: Vec<&String> = literals.texts.iter().filter(possible).collect();
    let is_new = |text: &String| !named.contains(&text);
    let other = match ty {
        Type::Char => ('a'..=char::MAX).map(String::from).find(is_new),
        Type::Enum(cases) => cases.iter().map(ToString::to_string).find(is_new),
        _ => (1..)
            .map(|times| "another ".repeat(times).trim_end().to_owned())
            .find(is_new),
    };
    let other = other.map(|text| Choice {
        json: text.into(),
        means: Means::OtherText,
    });
    let named = named.into_iter().map(|text| Choice {
        json: text.as_str().into(),
        means: Means::Text(text.clone()),
    });
    named.chain(other).collect()
}

/// Every set of the literals, each with and without something else.
fn members(element: &Type, literals: &Literals) -> Result<Vec<Choice>, Uncountable> {
    let single = match element {
        Type::List(_) | Type::Option(_) | Type::Record(_) => {
            let wide = beyond(element).filter(|_| literals.whole.contains(&CEDAR_MOST));
            let other = [default(element)].into_iter().chain(wide);
            other
                .map(|json| Choice {
                    json,
                    means: Means::OtherText,
                })
                .collect()
        }
        element => values(element, literals)?,
    };
    if single.len() > MOST_MEMBERS {
        return Err(Uncountable);
    }
    let subset = |bits: usize| {
        let within = |(at, _): &(usize, &Choice)| bits >> at & 1 == 1;
        let chosen: Vec<&Choice> = single
            .iter()
            .enumerate()
            .filter(within)
            .map(|(_, one)| one)
            .collect();
        let words: Vec<_> = chosen.iter().map(|one| one.means.word()).collect();
        let means = match words.is_empty() {
            true => "is empty".to_owned(),
            false => format!("holds just {}", words.join(" and ")),
        };
        Choice {
            json: chosen.iter().map(|one| one.json.clone()).collect(),
            means: Means::Members(means),
        }
    };
    Ok((0..1usize << single.len()).map(subset).collect())
}

/// Some value of the type. What Cedar does not see is left out: no rule looks at it.
fn default(ty: &Type) -> Json {
    match ty {
        Type::Bool => false.into(),
        Type::String => "".into(),
        Type::Char => "a".into(),
        Type::Enum(cases) => cases
            .first()
            .map_or(Json::Null, |case| case.to_string().into()),
        Type::List(_) => Json::Array(Vec::new()),
        Type::Record(fields) => {
            Json::Object(object(fields.iter().map(|field| (&*field.name, &field.ty))))
        }
        ty if range(ty).is_some() => whole(ty, 0),
        _ => Json::Null,
    }
}

fn object<'a>(fields: impl Iterator<Item = (&'a str, &'a Type)>) -> Map<String, Json> {
    fields
        .map(|(name, ty)| (name.to_owned(), default(ty)))
        .collect()
}

/// Arguments of which none is of any particular class.
pub(super) fn base(params: &[Param]) -> Json {
    Json::Object(object(params.iter().map(|param| (&*param.name, &param.ty))))
}

/// Calls `each` with every combination, the last axis running fastest.
pub(super) fn each(axes: &[&Axis], input: &Json, each: &mut impl FnMut(&Json)) {
    let mut input = input.clone();
    fn inner(axes: &[&Axis], input: &mut Json, each: &mut impl FnMut(&Json)) {
        let Some((first, rest)) = axes.split_first() else {
            return each(input);
        };
        for choice in &first.choices {
            set(input, &first.way, &choice.json);
            inner(rest, input, each);
        }
    }
    inner(axes, &mut input, each);
}

/// The first of the selected combinations.
pub(super) fn chosen(axes: &[Axis], base: &Json, selected: &[Vec<usize>]) -> Json {
    let mut input = base.clone();
    for (axis, selected) in axes.iter().zip(selected) {
        if let Some(choice) = selected.first().and_then(|at| axis.choices.get(*at)) {
            set(&mut input, &axis.way, &choice.json);
        }
    }
    input
}

/// Nothing where what it would be in is absent.
fn set(input: &mut Json, way: &[String], value: &Json) {
    let Some((last, outer)) = way.split_last() else {
        return;
    };
    let at = outer
        .iter()
        .try_fold(input, |json, name| json.get_mut(name));
    if let Some(Json::Object(object)) = at {
        object.insert(last.clone(), value.clone());
    }
}

impl Axis {
    pub(super) fn len(&self) -> usize {
        self.choices.len()
    }

    /// What holds of the argument where it has one of the `selected` values; nothing where each is.
    pub(super) fn words(&self, selected: &[usize]) -> Option<String> {
        if selected.len() == self.choices.len() {
            return None;
        }
        let of = |at: &usize| self.choices.get(*at).map(|choice| &choice.means);
        let chosen: Vec<&Means> = selected.iter().filter_map(of).collect();
        let mut words = self.runs(selected);
        let other = chosen.contains(&&Means::OtherText);
        if other {
            words.push(self.not_named(&chosen));
        }
        let single = chosen.iter().filter(|means| match means {
            Means::Whole(_) | Means::OtherText => false,
            Means::Text(_) => !other,
            _ => true,
        });
        words.extend(single.map(|means| means.predicate()));
        Some(format!(
            "input.{} {}",
            self.way.join("."),
            words.join(" or ")
        ))
    }

    /// Every text but those that are named and not chosen.
    fn not_named(&self, chosen: &[&Means]) -> String {
        let all = self.choices.iter().map(|choice| &choice.means);
        let left_out: Vec<_> = all
            .filter(|means| !chosen.contains(means) && **means != Means::Absent)
            .collect();
        let words: Vec<_> = left_out.iter().map(|means| means.word()).collect();
        match words.is_empty() {
            true => "is there".to_owned(),
            false => format!("is other than {}", words.join(" and ")),
        }
    }

    /// Numbers that follow one another, as a range. A class ends where the next begins.
    fn runs(&self, selected: &[usize]) -> Vec<String> {
        let number = |choice: &Choice| match choice.means {
            Means::Whole(number) => Some(number),
            _ => None,
        };
        let numbers: Vec<(usize, i128)> = self
            .choices
            .iter()
            .enumerate()
            .filter_map(|(at, one)| Some((at, number(one)?)))
            .collect();
        let mut words = Vec::new();
        let mut from = None;
        for (index, (at, value)) in numbers.iter().enumerate() {
            if !selected.contains(at) {
                continue;
            }
            let (open, low) = *from.get_or_insert((index == 0, *value));
            let next = numbers.get(index + 1);
            if next.is_some_and(|(at, _)| selected.contains(at)) {
                continue;
            }
            from = None;
            let high = next.map(|(_, next)| next - 1);
            words.push(match (open, high) {
                (true, None) => "is there".to_owned(),
                (true, Some(high)) => format!("is at most {high}"),
                (false, None) => format!("is at least {low}"),
                (false, Some(high)) if high == low => format!("is {low}"),
                (false, Some(high)) => format!("is from {low} to {high}"),
            });
        }
        words
    }
}

impl Means {
    /// The value, as one would write it, with escapes.
    fn word(&self) -> String {
        match self {
            Self::Absent => "absent".to_owned(),
            Self::There => "there".to_owned(),
            Self::Bool(is) => is.to_string(),
            Self::Whole(number) => number.to_string(),
            Self::Text(text) => format!("{text:?}"),
            Self::OtherText => "others".to_owned(),
            Self::Members(words) => words.clone(),
        }
    }

    fn predicate(&self) -> String {
        match self {
            Self::Members(words) => words.clone(),
            other => format!("is {}", other.word()),
        }
    }
}
