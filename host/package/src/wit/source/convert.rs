//! WIT text's types to ours, with words and lines.

use wit_parser::{Resolve, Span, TypeDef, TypeDefKind};

use crate::tool::{Export, Param};
use crate::wit::{NotData, Signature, docs};
use crate::wit_type::{Case, Field, Name, Type};

/// Converts the types of one function.
pub(super) struct Converter<'r> {
    resolve: &'r Resolve,
    function: String,
    steps: Vec<String>,
    /// The innermost place that is written in WIT text.
    span: Span,
}

/// A type, and the words that WIT has where the type is declared.
struct Worded {
    ty: Type,
    docs: Option<String>,
}

impl<'r> Converter<'r> {
    pub(super) fn new(resolve: &'r Resolve, export: &Export, span: Span) -> Self {
        Self {
            resolve,
            function: export.to_string(),
            steps: Vec::new(),
            span,
        }
    }

    pub(super) fn signature(
        &mut self,
        function: &wit_parser::Function,
    ) -> Result<Signature, NotData> {
        let mut params = Vec::with_capacity(function.params.len());
        for param in &function.params {
            let Worded { ty, docs } = self.within(&param.name, param.span, &param.ty)?;
            params.push(Param {
                name: Name::from(&*param.name),
                docs,
                ty,
            });
        }
        let (result, result_docs) = match &function.result {
            Some(ty) => {
                let Worded { ty, docs } = self.within("->", function.span, ty)?;
                (Some(ty), docs)
            }
            None => (None, None),
        };
        Ok(Signature {
            params,
            result,
            result_docs,
        })
    }

    pub(super) fn refuse(&self, what: &'static str) -> NotData {
        let path = docs::join(self.steps.iter().map(String::as_str));
        let path = if path.is_empty() {
            self.function.clone()
        } else {
            path
        };
        let place = Some(place(self.resolve, self.span));
        NotData {
            function: self.function.clone(),
            path,
            what,
            place,
        }
    }

    fn within(&mut self, step: &str, span: Span, ty: &wit_parser::Type) -> Result<Worded, NotData> {
        let outer = if span.is_known() {
            std::mem::replace(&mut self.span, span)
        } else {
            self.span
        };
        self.steps.push(step.to_owned());
        let worded = self.value(ty)?;
        self.steps.pop();
        self.span = outer;
        Ok(worded)
    }

    fn value(&mut self, ty: &wit_parser::Type) -> Result<Worded, NotData> {
        use wit_parser::Type as W;
        let ty = match ty {
            W::Bool => Type::Bool,
            W::U8 => Type::U8,
            W::U16 => Type::U16,
            W::U32 => Type::U32,
            W::U64 => Type::U64,
            W::S8 => Type::S8,
            W::S16 => Type::S16,
            W::S32 => Type::S32,
            W::S64 => Type::S64,
            W::F32 => Type::F32,
            W::F64 => Type::F64,
            W::Char => Type::Char,
            W::String => Type::String,
            W::ErrorContext => return Err(self.refuse("an error context")),
            W::Id(id) => {
                let resolve = self.resolve;
                return match resolve.types.get(*id) {
                    Some(definition) => self.definition(definition),
                    None => Err(self.refuse("of an unknown type")),
                };
            }
        };
        Ok(Worded { ty, docs: None })
    }

    fn definition(&mut self, definition: &'r TypeDef) -> Result<Worded, NotData> {
        let own = definition
            .docs
            .contents
            .as_deref()
            .map(tidy)
            .filter(|text| !text.is_empty());
        let Worded { ty, docs } = self.kind(&definition.kind)?;
        Ok(Worded {
            ty,
            docs: both(own, docs),
        })
    }

    /// The words of what a list, an option or an alias holds are the words of the whole.
    fn kind(&mut self, kind: &'r TypeDefKind) -> Result<Worded, NotData> {
        let mut docs = None;
        let ty = match kind {
            TypeDefKind::Type(ty) => return self.value(ty),
            TypeDefKind::Record(record) => Type::Record(self.fields(&record.fields)?),
            TypeDefKind::Variant(variant) => Type::Variant(self.cases(&variant.cases)?),
            TypeDefKind::Enum(list) => {
                docs = listed(list.cases.iter().map(|case| (&case.name, &case.docs)));
                Type::Enum(
                    list.cases
                        .iter()
                        .map(|case| Name::from(&*case.name))
                        .collect(),
                )
            }
            TypeDefKind::Flags(list) => {
                docs = listed(list.flags.iter().map(|flag| (&flag.name, &flag.docs)));
                Type::Flags(
                    list.flags
                        .iter()
                        .map(|flag| Name::from(&*flag.name))
                        .collect(),
                )
            }
            TypeDefKind::Tuple(tuple) => Type::Tuple(self.items(&tuple.types)?),
            TypeDefKind::List(ty) => {
                let item = self.within("[]", self.span, ty)?;
                docs = item.docs;
                match item.ty {
                    Type::U8 => Type::Bytes,
                    item => Type::List(Box::new(item)),
                }
            }
            TypeDefKind::Option(ty) => {
                let some = self.value(ty)?;
                docs = some.docs;
                Type::Option(Box::new(some.ty))
            }
            TypeDefKind::Result(sides) => {
                let ok = self.side("ok", sides.ok.as_ref())?;
                let err = self.side("error", sides.err.as_ref())?;
                docs = ok.as_ref().and_then(|ok| ok.docs.clone());
                let boxed = |side: Option<Worded>| side.map(|side| Box::new(side.ty));
                Type::Result {
                    ok: boxed(ok),
                    err: boxed(err),
                }
            }
            TypeDefKind::Resource | TypeDefKind::Handle(wit_parser::Handle::Own(_)) => {
                return Err(self.refuse("a resource"));
            }
            TypeDefKind::Handle(_) => return Err(self.refuse("a borrowed resource")),
            TypeDefKind::Map(..) => return Err(self.refuse("a map")),
            TypeDefKind::FixedLengthList(..) => return Err(self.refuse("a list of fixed length")),
            TypeDefKind::Future(_) => return Err(self.refuse("a future")),
            TypeDefKind::Stream(_) => return Err(self.refuse("a stream")),
            TypeDefKind::Unknown => return Err(self.refuse("of an unknown type")),
        };
        Ok(Worded { ty, docs })
    }

    fn fields(&mut self, fields: &[wit_parser::Field]) -> Result<Vec<Field>, NotData> {
        let mut out = Vec::with_capacity(fields.len());
        for field in fields {
            let Worded { ty, docs } = self.within(&field.name, field.span, &field.ty)?;
            let docs = both(words(&field.docs), docs);
            out.push(Field {
                name: Name::from(&*field.name),
                docs,
                ty,
            });
        }
        Ok(out)
    }

    fn cases(&mut self, cases: &[wit_parser::Case]) -> Result<Vec<Case>, NotData> {
        let mut out = Vec::with_capacity(cases.len());
        for case in cases {
            let payload = match &case.ty {
                Some(ty) => Some(self.within(&case.name, case.span, ty)?),
                None => None,
            };
            let (ty, docs) = payload.map_or((None, None), |worded| (Some(worded.ty), worded.docs));
            let docs = both(words(&case.docs), docs);
            out.push(Case {
                name: Name::from(&*case.name),
                docs,
                ty,
            });
        }
        Ok(out)
    }

    fn items(&mut self, types: &[wit_parser::Type]) -> Result<Vec<Type>, NotData> {
        let items = types.iter().enumerate();
        items
            .map(|(index, ty)| Ok(self.within(&index.to_string(), self.span, ty)?.ty))
            .collect()
    }

    fn side(
        &mut self,
        name: &str,
        ty: Option<&wit_parser::Type>,
    ) -> Result<Option<Worded>, NotData> {
        ty.map(|ty| self.within(name, self.span, ty)).transpose()
    }
}

/// File and line of `span`, without the column.
pub(super) fn place(resolve: &Resolve, span: Span) -> String {
    let place = resolve.render_location(span);
    place
        .rsplit_once(':')
        .map_or(place.clone(), |(line, _)| line.to_owned())
}

/// The words of a doc comment, its lines' ends and edges trimmed.
pub(super) fn tidy(text: &str) -> String {
    text.trim()
        .lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

fn words(docs: &wit_parser::Docs) -> Option<String> {
    docs.contents
        .as_deref()
        .map(tidy)
        .filter(|text| !text.is_empty())
}

fn both(own: Option<String>, inner: Option<String>) -> Option<String> {
    match (own, inner) {
        (Some(own), Some(inner)) => Some(format!("{own}\n{inner}")),
        (own, inner) => own.or(inner),
    }
}

/// The words on the names of an enum or flags, which have no place of their own in a schema.
fn listed<'a>(names: impl Iterator<Item = (&'a String, &'a wit_parser::Docs)>) -> Option<String> {
    let lines: Vec<_> = names
        .filter_map(|(name, docs)| words(docs).map(|text| format!("`{name}`: {text}")))
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
