//! Functions from a validated binary.
//!
//! The types come from the validator's own tables and not from a WIT decoder, which expects what
//! compilers produce and asserts it; hostile bytes do not get that far here.

use wasmparser::PrimitiveValType;
use wasmparser::component_types::{
    ComponentDefinedType, ComponentEntityType, ComponentFuncType, ComponentInstanceType,
    ComponentValType,
};
use wasmparser::types::TypesRef;

use super::{Exported, NotData, Signature};
use crate::reader::{OuterKind, Raw, ReadLimits, ReaderError};
use crate::tool::{Export, Param};
use crate::wit_type::{Case, Field, Name, Type};

/// The functions that the component exports, those of `wasi:*` and `vouchsafe:*` left out: the
/// host calls these, agents do not.
pub fn exported(raw: &Raw<'_>, limits: &ReadLimits) -> Result<Vec<Exported>, ReaderError> {
    let mut reader = Reader::new(raw.types.as_ref(), limits);
    let mut functions = Vec::new();
    for outer in &raw.exports {
        if is_of_host(outer.name) || outer.kind == OuterKind::Type {
            continue;
        }
        let item = raw.types.as_ref().component_item_for_export(outer.name);
        if let Some(item) = item {
            reader.entity(outer.name, &item.ty, &mut functions)?;
        }
    }
    Ok(functions)
}

/// The functions that are used of the imported interface `name`.
pub fn imported(
    raw: &Raw<'_>,
    name: &str,
    limits: &ReadLimits,
) -> Result<Vec<Exported>, ReaderError> {
    let mut functions = Vec::new();
    if let Some(item) = raw.types.as_ref().component_item_for_import(name) {
        Reader::new(raw.types.as_ref(), limits).entity(name, &item.ty, &mut functions)?;
    }
    Ok(functions)
}

/// Whether an export is for the host: `wasi:*` and `vouchsafe:*`.
#[must_use]
pub fn is_of_host(name: &str) -> bool {
    name.starts_with("wasi:") || name.starts_with("vouchsafe:")
}

/// Reads types into trees, all of a component's within one budget: a type can name another many
/// times over, so its tree can be far larger than its bytes.
struct Reader<'t> {
    types: TypesRef<'t>,
    limits: ReadLimits,
    seen: u64,
    depth: u64,
}

impl<'t> Reader<'t> {
    fn new(types: TypesRef<'t>, limits: &ReadLimits) -> Self {
        Self {
            types,
            limits: *limits,
            seen: 0,
            depth: 0,
        }
    }

    fn entity(
        &mut self,
        name: &str,
        ty: &ComponentEntityType,
        into: &mut Vec<Exported>,
    ) -> Result<(), ReaderError> {
        match ty {
            ComponentEntityType::Func(id) => {
                let export = Export {
                    interface: None,
                    function: name.to_owned(),
                };
                if let Some(ty) = self.types.get(*id) {
                    into.push(self.function(export, ty)?);
                }
                Ok(())
            }
            ComponentEntityType::Instance(id) => match self.types.get(*id) {
                Some(instance) => self.instance(name, instance, into),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn instance(
        &mut self,
        interface: &str,
        ty: &ComponentInstanceType,
        into: &mut Vec<Exported>,
    ) -> Result<(), ReaderError> {
        for (name, item) in &ty.exports {
            let export = Export {
                interface: Some(interface.to_owned()),
                function: name.clone(),
            };
            match &item.ty {
                ComponentEntityType::Type { .. } => {}
                ComponentEntityType::Func(id) => {
                    if let Some(ty) = self.types.get(*id) {
                        into.push(self.function(export, ty)?);
                    }
                }
                _ => {
                    let kind = "no function and no type within an interface";
                    return Err(ReaderError::Outer {
                        direction: "export",
                        name: export.to_string(),
                        kind,
                    });
                }
            }
        }
        Ok(())
    }

    fn function(
        &mut self,
        export: Export,
        ty: &ComponentFuncType,
    ) -> Result<Exported, ReaderError> {
        let signature = match self.signature(&export, ty) {
            Ok(signature) => Ok(signature),
            Err(Stop::NotData(why)) => Err(why),
            Err(Stop::Limit(error)) => return Err(error),
        };
        Ok(Exported { export, signature })
    }

    fn signature(&mut self, export: &Export, ty: &ComponentFuncType) -> Result<Signature, Stop> {
        let mut path = Path {
            function: export.to_string(),
            steps: Vec::new(),
        };
        if ty.async_ {
            return Err(path.refuse("an async function"));
        }
        if export.function.starts_with('[') {
            return Err(path.refuse("a resource's function"));
        }
        let mut params = Vec::with_capacity(ty.params.len());
        for (name, ty) in &ty.params {
            let ty = path.within(name.as_str(), |path| self.value(path, ty))?;
            params.push(Param {
                name: name.as_str().into(),
                docs: None,
                ty,
            });
        }
        let result = match &ty.result {
            Some(ty) => Some(path.within("->", |path| self.value(path, ty))?),
            None => None,
        };
        Ok(Signature {
            params,
            result,
            result_docs: None,
        })
    }

    fn value(&mut self, path: &mut Path, ty: &ComponentValType) -> Result<Type, Stop> {
        self.seen += 1;
        self.limits
            .check("types in its functions", self.seen, self.limits.tool_types)?;
        self.depth += 1;
        self.limits.check(
            "levels of types in a function",
            self.depth,
            self.limits.tool_nesting,
        )?;
        let read = match ty {
            ComponentValType::Primitive(ty) => primitive(path, *ty),
            ComponentValType::Type(id) => match self.types.get(*id) {
                Some(ty) => self.defined(path, ty),
                None => Err(path.refuse("of an unknown type")),
            },
        };
        self.depth -= 1;
        read
    }

    fn defined(&mut self, path: &mut Path, ty: &ComponentDefinedType) -> Result<Type, Stop> {
        use ComponentDefinedType as D;
        Ok(match ty {
            D::Primitive(ty) => primitive(path, *ty)?,
            D::Record(record) => {
                let fields = record.fields.iter().map(|(name, ty)| (name.as_str(), ty));
                Type::Record(self.fields(path, fields)?)
            }
            D::Variant(variant) => {
                let cases = variant
                    .cases
                    .iter()
                    .map(|(name, case)| (name.as_str(), case.ty.as_ref()));
                Type::Variant(self.cases(path, cases)?)
            }
            D::List { element, .. } => match path.within("[]", |path| self.value(path, element))? {
                Type::U8 => Type::Bytes,
                item => Type::List(Box::new(item)),
            },
            D::Tuple(tuple) => Type::Tuple(self.items(path, &tuple.types)?),
            D::Flags(names) => Type::Flags(self.names(names.iter().map(|name| name.as_str()))?),
            D::Enum(names) => Type::Enum(self.names(names.iter().map(|name| name.as_str()))?),
            D::Option { ty, .. } => Type::Option(Box::new(self.value(path, ty)?)),
            D::Result { ok, err, .. } => Type::Result {
                ok: path.within("ok", |path| self.side(path, ok.as_ref()))?,
                err: path.within("error", |path| self.side(path, err.as_ref()))?,
            },
            D::Own(_) => return Err(path.refuse("a resource")),
            D::Borrow(_) => return Err(path.refuse("a borrowed resource")),
            D::Future { .. } => return Err(path.refuse("a future")),
            D::Stream { .. } => return Err(path.refuse("a stream")),
            D::Map { .. } => return Err(path.refuse("a map")),
            D::FixedLengthList { .. } => return Err(path.refuse("a list of fixed length")),
        })
    }

    fn side(
        &mut self,
        path: &mut Path,
        ty: Option<&ComponentValType>,
    ) -> Result<Option<Box<Type>>, Stop> {
        ty.map(|ty| self.value(path, ty).map(Box::new)).transpose()
    }

    fn fields<'a>(
        &mut self,
        path: &mut Path,
        fields: impl Iterator<Item = (&'a str, &'a ComponentValType)>,
    ) -> Result<Vec<Field>, Stop> {
        let mut out = Vec::new();
        for (name, ty) in fields {
            let ty = path.within(name, |path| self.value(path, ty))?;
            out.push(Field {
                name: name.into(),
                docs: None,
                ty,
            });
        }
        Ok(out)
    }

    fn cases<'a>(
        &mut self,
        path: &mut Path,
        cases: impl Iterator<Item = (&'a str, Option<&'a ComponentValType>)>,
    ) -> Result<Vec<Case>, Stop> {
        let mut out = Vec::new();
        for (name, ty) in cases {
            self.seen += 1;
            self.limits
                .check("types in its functions", self.seen, self.limits.tool_types)?;
            let ty = path.within(name, |path| ty.map(|ty| self.value(path, ty)).transpose())?;
            out.push(Case {
                name: name.into(),
                docs: None,
                ty,
            });
        }
        Ok(out)
    }

    fn items(&mut self, path: &mut Path, types: &[ComponentValType]) -> Result<Vec<Type>, Stop> {
        let items = types.iter().enumerate();
        items
            .map(|(index, ty)| path.within(&index.to_string(), |path| self.value(path, ty)))
            .collect()
    }

    fn names<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Result<Vec<Name>, Stop> {
        let names: Vec<Name> = names.map(Name::from).collect();
        self.seen += names.len() as u64;
        self.limits
            .check("types in its functions", self.seen, self.limits.tool_types)?;
        Ok(names)
    }
}

fn primitive(path: &Path, ty: PrimitiveValType) -> Result<Type, Stop> {
    use PrimitiveValType as P;
    Ok(match ty {
        P::Bool => Type::Bool,
        P::S8 => Type::S8,
        P::U8 => Type::U8,
        P::S16 => Type::S16,
        P::U16 => Type::U16,
        P::S32 => Type::S32,
        P::U32 => Type::U32,
        P::S64 => Type::S64,
        P::U64 => Type::U64,
        P::F32 => Type::F32,
        P::F64 => Type::F64,
        P::Char => Type::Char,
        P::String => Type::String,
        P::ErrorContext => return Err(path.refuse("an error context")),
    })
}

enum Stop {
    NotData(NotData),
    Limit(ReaderError),
}

impl From<ReaderError> for Stop {
    fn from(error: ReaderError) -> Self {
        Self::Limit(error)
    }
}

/// Where in a function's types the reader is.
struct Path {
    function: String,
    steps: Vec<String>,
}

impl Path {
    fn within<T>(
        &mut self,
        step: &str,
        read: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        self.steps.push(step.to_owned());
        let read = read(self);
        self.steps.pop();
        read
    }

    fn refuse(&self, what: &'static str) -> Stop {
        let path = super::docs::join(self.steps.iter().map(String::as_str));
        let path = if path.is_empty() {
            self.function.clone()
        } else {
            path
        };
        Stop::NotData(NotData {
            function: self.function.clone(),
            path,
            what,
            place: None,
        })
    }
}
