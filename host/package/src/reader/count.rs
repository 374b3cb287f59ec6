//! Counting what a component is made of, section by section, against the limits.

use wasmparser::types::Types;
use wasmparser::{
    BinaryReader, CanonicalFunction, CanonicalOption, ComponentCanonicalSectionReader,
    ComponentExport, ComponentExternalKind, ComponentImport, ComponentTypeRef, CustomSectionReader,
    Encoding, MemorySectionReader, Payload, SectionLimited, TableSectionReader, TypeBounds,
    TypeSectionReader,
};

use super::{
    DOCS_SECTION, MANIFEST_SECTION, Outer, OuterKind, Raw, ReadLimits, ReaderError,
    SCHEMAS_SECTION, SECTION_PREFIX, Sections, nesting,
};

use super::instances::Instances;

const PAGE: u64 = 1 << 16;

#[derive(Default)]
struct Counts {
    functions: u64,
    types: u64,
    modules: u64,
    instances: u64,
    imports: u64,
    exports: u64,
    memories: u64,
    initial_memory: u64,
    tables: u64,
    initial_table: u64,
    custom_sections: u64,
}

/// Sees every payload before the validator does.
pub(super) struct Counter<'a> {
    bytes: &'a [u8],
    limits: ReadLimits,
    counts: Counts,
    depth: u64,
    made: Instances,
    imports: Vec<Outer<'a>>,
    exports: Vec<Outer<'a>>,
    sections: Sections<'a>,
}

type Checked = Result<(), ReaderError>;

impl<'a> Counter<'a> {
    pub(super) fn new(bytes: &'a [u8], limits: ReadLimits) -> Self {
        Self {
            bytes,
            limits,
            counts: Counts::default(),
            depth: 0,
            made: Instances::default(),
            imports: Vec::new(),
            exports: Vec::new(),
            sections: Sections::default(),
        }
    }

    pub(super) fn finish(self, types: Types) -> Raw<'a> {
        Raw {
            imports: self.imports,
            exports: self.exports,
            sections: self.sections,
            initial_memory: self.counts.initial_memory,
            types,
        }
    }

    /// Refuses a payload that takes the component over a limit.
    pub(super) fn payload(&mut self, payload: &Payload<'a>) -> Checked {
        match payload {
            Payload::Version { encoding, .. } => self.version(*encoding),
            Payload::ModuleSection { .. } => {
                self.made.enter_module();
                self.module()
            }
            Payload::ComponentSection { .. } => {
                self.made.enter_component();
                self.module()
            }
            Payload::TypeSection(section) => self.core_types(section),
            Payload::CoreTypeSection(section) => self.types(section.count().into()),
            Payload::ComponentTypeSection(section) => self.component_types(section.range()),
            Payload::ImportSection(section) => self.core_imports(section),
            Payload::ExportSection(section) => self.core_exports(section),
            Payload::ComponentImportSection(section) => self.component_imports(section),
            Payload::ComponentExportSection(section) => self.component_exports(section),
            Payload::FunctionSection(section) => self.functions(section.count().into()),
            Payload::CodeSectionEntry(body) => {
                let size = body.range().len() as u64;
                self.limits
                    .check("bytes in one function", size, self.limits.body_bytes)
            }
            Payload::MemorySection(section) => self.memories(section),
            Payload::TableSection(section) => self.tables(section),
            Payload::InstanceSection(section) => {
                self.instances(section.count().into())?;
                self.made.core_instances(section)?;
                self.made_instances()
            }
            Payload::ComponentInstanceSection(section) => {
                self.instances(section.count().into())?;
                self.made.component_instances(section)?;
                self.made_instances()
            }
            Payload::ComponentAliasSection(section) => self.made.aliases(section),
            Payload::ComponentCanonicalSection(section) => canonical(section),
            Payload::CustomSection(section) => self.custom(section),
            _ => Ok(()),
        }
    }

    /// A module or component ended.
    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.made.leave();
    }

    fn version(&self, encoding: Encoding) -> Checked {
        match (self.depth, encoding) {
            (0, Encoding::Module) => Err(ReaderError::NotComponent),
            _ => Ok(()),
        }
    }

    fn module(&mut self) -> Checked {
        self.depth += 1;
        self.limits
            .check("levels of nesting", self.depth, self.limits.nesting)?;
        self.counts.modules += 1;
        self.limits.check(
            "nested modules and components",
            self.counts.modules,
            self.limits.modules,
        )
    }

    fn types(&mut self, more: u64) -> Checked {
        self.counts.types += more;
        self.limits
            .check("types", self.counts.types, self.limits.types)
    }

    fn core_types(&mut self, section: &TypeSectionReader<'_>) -> Checked {
        self.types(section.count().into())?;
        for ty in section.clone().into_iter_err_on_gc_types() {
            let ty = ty?;
            let arity = ty.params().len().max(ty.results().len()) as u64;
            self.limits.check(
                "parameters or results of one function",
                arity,
                self.limits.arity,
            )?;
        }
        Ok(())
    }

    fn component_types(&mut self, range: std::ops::Range<usize>) -> Checked {
        let start = range.start;
        let section = self.bytes.get(range).unwrap_or_default();
        let mut reader = BinaryReader::new(section, start);
        reader.set_features(super::features());
        let declared = nesting::walk(reader, &self.limits)?;
        self.types(declared)
    }

    fn functions(&mut self, more: u64) -> Checked {
        self.counts.functions += more;
        self.limits
            .check("functions", self.counts.functions, self.limits.functions)
    }

    fn instances(&mut self, more: u64) -> Checked {
        self.counts.instances += more;
        self.limits
            .check("instances", self.counts.instances, self.limits.instances)
    }

    fn made_instances(&self) -> Checked {
        self.limits.check(
            "instances that its components make of one another",
            self.made.of_this_component(),
            self.limits.instances,
        )
    }

    fn name(&self, name: &str) -> Checked {
        self.limits.check(
            "bytes in one name",
            name.len() as u64,
            self.limits.name_bytes,
        )
    }

    fn some_imports(&mut self, more: u64) -> Checked {
        self.counts.imports += more;
        self.limits
            .check("imports", self.counts.imports, self.limits.imports)
    }

    fn some_exports(&mut self, more: u64) -> Checked {
        self.counts.exports += more;
        self.limits
            .check("exports", self.counts.exports, self.limits.exports)
    }

    fn core_imports(&mut self, section: &wasmparser::ImportSectionReader<'_>) -> Checked {
        self.some_imports(section.count().into())?;
        for import in section.clone().into_imports() {
            let import = import?;
            self.name(import.module)?;
            self.name(import.name)?;
        }
        Ok(())
    }

    fn core_exports(&mut self, section: &wasmparser::ExportSectionReader<'_>) -> Checked {
        self.some_exports(section.count().into())?;
        for export in section.clone() {
            self.name(export?.name)?;
        }
        Ok(())
    }

    fn component_imports(&mut self, section: &SectionLimited<'a, ComponentImport<'a>>) -> Checked {
        self.some_imports(section.count().into())?;
        for import in section.clone() {
            let import = import?;
            self.name(import.name.name)?;
            self.made.import(&import)?;
            if self.depth == 0 {
                self.imports.push(import_of(&import)?);
            }
        }
        Ok(())
    }

    fn component_exports(&mut self, section: &SectionLimited<'a, ComponentExport<'a>>) -> Checked {
        self.some_exports(section.count().into())?;
        for export in section.clone() {
            let export = export?;
            self.name(export.name.name)?;
            self.made.export(&export);
            if self.depth == 0 {
                self.exports.push(export_of(&export)?);
            }
        }
        Ok(())
    }

    fn memories(&mut self, section: &MemorySectionReader<'_>) -> Checked {
        self.counts.memories += u64::from(section.count());
        self.limits
            .check("memories", self.counts.memories, self.limits.memories)?;
        for memory in section.clone() {
            let start = memory?.initial.saturating_mul(PAGE);
            self.counts.initial_memory = self.counts.initial_memory.saturating_add(start);
        }
        let found = self.counts.initial_memory;
        self.limits.check(
            "bytes of memory at the start",
            found,
            self.limits.initial_memory,
        )
    }

    fn tables(&mut self, section: &TableSectionReader<'_>) -> Checked {
        self.counts.tables += u64::from(section.count());
        self.limits
            .check("tables", self.counts.tables, self.limits.tables)?;
        for table in section.clone() {
            let start = table?.ty.initial;
            self.counts.initial_table = self.counts.initial_table.saturating_add(start);
        }
        let found = self.counts.initial_table;
        self.limits.check(
            "table elements at the start",
            found,
            self.limits.initial_table,
        )
    }

    fn custom(&mut self, section: &CustomSectionReader<'a>) -> Checked {
        self.counts.custom_sections += 1;
        let found = self.counts.custom_sections;
        self.limits
            .check("custom sections", found, self.limits.custom_sections)?;
        self.name(section.name())?;
        if !has_our_prefix(section.name()) {
            return Ok(());
        }
        let (name, offset) = (section.name().to_owned(), section.data_offset());
        if self.depth > 0 {
            return Err(ReaderError::NestedSection { name, offset });
        }
        let data = section.data();
        let place = match section.name() {
            MANIFEST_SECTION => &mut self.sections.manifest,
            SCHEMAS_SECTION => &mut self.sections.schemas,
            DOCS_SECTION => &mut self.sections.docs,
            _ => return Err(ReaderError::UnknownSection { name, offset }),
        };
        if place.replace(data).is_some() {
            return Err(ReaderError::RepeatedSection { name, offset });
        }
        let size = data.len() as u64;
        self.limits.check(
            "bytes in a section of ours",
            size,
            self.limits.own_section_bytes,
        )
    }
}

fn has_our_prefix(name: &str) -> bool {
    name.get(..SECTION_PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(SECTION_PREFIX))
}

fn import_of<'a>(import: &ComponentImport<'a>) -> Result<Outer<'a>, ReaderError> {
    let name = import.name.name;
    let refuse = |kind| ReaderError::Outer {
        direction: "import",
        name: name.to_owned(),
        kind,
    };
    let kind = match import.ty {
        ComponentTypeRef::Instance(_) => OuterKind::Instance,
        ComponentTypeRef::Func(_) => OuterKind::Function,
        ComponentTypeRef::Type(TypeBounds::Eq(_)) => OuterKind::Type,
        ComponentTypeRef::Type(TypeBounds::SubResource) => return Err(refuse("a resource")),
        ComponentTypeRef::Module(_) => return Err(refuse("a module")),
        ComponentTypeRef::Component(_) => return Err(refuse("a component")),
        ComponentTypeRef::Value(_) => return Err(refuse("a value")),
    };
    Ok(Outer { name, kind })
}

fn export_of<'a>(export: &ComponentExport<'a>) -> Result<Outer<'a>, ReaderError> {
    let name = export.name.name;
    let refuse = |kind| ReaderError::Outer {
        direction: "export",
        name: name.to_owned(),
        kind,
    };
    let kind = match export.kind {
        ComponentExternalKind::Instance => OuterKind::Instance,
        ComponentExternalKind::Func => OuterKind::Function,
        ComponentExternalKind::Type => OuterKind::Type,
        ComponentExternalKind::Module => return Err(refuse("a module")),
        ComponentExternalKind::Component => return Err(refuse("a component")),
        ComponentExternalKind::Value => return Err(refuse("a value")),
    };
    Ok(Outer { name, kind })
}

fn canonical(section: &ComponentCanonicalSectionReader<'_>) -> Checked {
    for function in section.clone() {
        let (CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. }) =
            function?
        else {
            continue;
        };
        let encoding = options.iter().find_map(|option| match option {
            CanonicalOption::UTF16 => Some("utf16"),
            CanonicalOption::CompactUTF16 => Some("latin1+utf16"),
            _ => None,
        });
        if let Some(encoding) = encoding {
            return Err(ReaderError::StringEncoding {
                encoding,
                offset: section.range().start,
            });
        }
    }
    Ok(())
}
