//! The types that a tool's parameters and results can have.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A name from WIT, in kebab-case. Shared, because values repeat their types'
/// names.
pub type Name = Arc<str>;

/// A WIT value type, fully resolved. Resources, futures, streams and error
/// contexts are absent: they are not data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Type {
    /// `bool`
    Bool,
    /// `u8`
    U8,
    /// `u16`
    U16,
    /// `u32`
    U32,
    /// `u64`
    U64,
    /// `s8`
    S8,
    /// `s16`
    S16,
    /// `s32`
    S32,
    /// `s64`
    S64,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `char`
    Char,
    /// `string`
    String,
    /// `list<u8>`, told apart because it travels as base64.
    Bytes,
    /// `list<T>` of anything but `u8`
    List(Box<Type>),
    /// `option<T>`
    Option(Box<Type>),
    /// `result`, `result<T>`, `result<_, E>`, `result<T, E>`
    Result {
        /// What it holds when all is well.
        ok: Option<Box<Type>>,
        /// What it holds otherwise.
        err: Option<Box<Type>>,
    },
    /// `tuple<A, B>`
    Tuple(Vec<Type>),
    /// `record`
    Record(Vec<Field>),
    /// `variant`
    Variant(Vec<Case>),
    /// `enum`
    Enum(Vec<Name>),
    /// `flags`
    Flags(Vec<Name>),
}

/// A field of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// As in WIT.
    pub name: Name,
    /// The author's words about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs: Option<String>,
    /// What it holds.
    pub ty: Type,
}

/// A case of a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// As in WIT.
    pub name: Name,
    /// The author's words about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs: Option<String>,
    /// What it carries, if anything.
    pub ty: Option<Type>,
}

impl Type {
    /// Whether the two types have the same values: equal in all but docs.
    #[must_use]
    pub fn same_shape(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(a), Self::List(b)) | (Self::Option(a), Self::Option(b)) => a.same_shape(b),
            (Self::Result { ok: a, err: x }, Self::Result { ok: b, err: y }) => {
                same_boxed(a, b) && same_boxed(x, y)
            }
            (Self::Tuple(a), Self::Tuple(b)) => same_all(a, b, Self::same_shape),
            (Self::Record(a), Self::Record(b)) => {
                same_all(a, b, |a, b| a.name == b.name && a.ty.same_shape(&b.ty))
            }
            (Self::Variant(a), Self::Variant(b)) => same_all(a, b, |a, b| {
                a.name == b.name && same_option(a.ty.as_ref(), b.ty.as_ref())
            }),
            (a, b) => a == b,
        }
    }

    /// Whether JSON `null` is one of the type's values, so that an option of
    /// it needs `{"some": ...}` to be told apart.
    #[must_use]
    pub const fn is_nullable(&self) -> bool {
        matches!(self, Self::Option(_))
    }
}

fn same_all<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

fn same_option(a: Option<&Type>, b: Option<&Type>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.same_shape(b),
        (a, b) => a.is_none() && b.is_none(),
    }
}

fn same_boxed(a: &Option<Box<Type>>, b: &Option<Box<Type>>) -> bool {
    same_option(a.as_deref(), b.as_deref())
}

/// As WIT writes it, with records and the like spelled out: `{minor u64,
/// currency string}`.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::U8 => f.write_str("u8"),
            Self::U16 => f.write_str("u16"),
            Self::U32 => f.write_str("u32"),
            Self::U64 => f.write_str("u64"),
            Self::S8 => f.write_str("s8"),
            Self::S16 => f.write_str("s16"),
            Self::S32 => f.write_str("s32"),
            Self::S64 => f.write_str("s64"),
            Self::F32 => f.write_str("f32"),
            Self::F64 => f.write_str("f64"),
            Self::Char => f.write_str("char"),
            Self::String => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::List(item) => write!(f, "list<{item}>"),
            Self::Option(some) => write!(f, "{some}?"),
            Self::Result { ok, err } => {
                write!(
                    f,
                    "result<{}, {}>",
                    OrBlank(ok.as_deref()),
                    OrBlank(err.as_deref())
                )
            }
            Self::Tuple(items) => write!(f, "({})", Joined(items)),
            Self::Record(fields) => write!(f, "{{{}}}", Joined(fields)),
            Self::Variant(cases) => write!(f, "one of {{{}}}", Joined(cases)),
            Self::Enum(names) => write!(f, "one of {{{}}}", Joined(names)),
            Self::Flags(names) => write!(f, "any of {{{}}}", Joined(names)),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.ty)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.ty {
            Some(ty) => write!(f, "{} {ty}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

struct OrBlank<'a>(Option<&'a Type>);

impl fmt::Display for OrBlank<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(ty) => ty.fmt(f),
            None => f.write_str("_"),
        }
    }
}

struct Joined<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for Joined<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, item) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{item}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(docs: Option<&str>, minor: Type) -> Type {
        let field = |name: &str, ty| Field {
            name: name.into(),
            docs: docs.map(str::to_owned),
            ty,
        };
        Type::Record(vec![field("minor", minor), field("currency", Type::String)])
    }

    #[test]
    fn shape_is_names_and_types_but_not_words() {
        let plain = amount(None, Type::U64);
        assert!(plain.same_shape(&amount(Some("in cents"), Type::U64)));
        assert_ne!(plain, amount(Some("in cents"), Type::U64));
        assert!(!plain.same_shape(&amount(None, Type::U32)));
        let case = |ty| {
            Type::Variant(vec![Case {
                name: "a".into(),
                docs: None,
                ty,
            }])
        };
        assert!(!case(None).same_shape(&case(Some(Type::Bool))));
        assert!(!Type::Enum(vec!["a".into()]).same_shape(&Type::Flags(vec!["a".into()])));
    }

    #[test]
    fn reads_as_one_line() {
        let ty = Type::List(Box::new(Type::Option(Box::new(amount(None, Type::U64)))));
        assert_eq!(ty.to_string(), "list<{minor u64, currency string}?>");
        let ty = Type::Result {
            ok: None,
            err: Some(Box::new(Type::Tuple(vec![Type::Bool, Type::Bytes]))),
        };
        assert_eq!(ty.to_string(), "result<_, (bool, bytes)>");
    }
}
