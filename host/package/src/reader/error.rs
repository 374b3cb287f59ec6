//! Why bytes are not a component that is read.

/// What was wrong with a component's bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReaderError {
    /// One of the limits on structure.
    #[error("the component has {found} {what}, at most {limit} are read")]
    TooMuch {
        /// Of what there is too much.
        what: &'static str,
        /// How much there is, or how much had been seen.
        found: u64,
        /// How much there may be.
        limit: u64,
    },
    /// It is a core module, or nothing of the sort.
    #[error(
        "this is not a WebAssembly component; a core module becomes one with `wasm-tools component new` \
         or by building for `wasm32-wasip2`"
    )]
    NotComponent,
    /// The bytes do not follow the format, or use a proposal that skills may not.
    #[error("malformed at byte {offset:#x}: {message}")]
    Malformed {
        /// Where.
        offset: usize,
        /// What the validator says.
        message: String,
    },
    /// Strings in another encoding than UTF-8.
    #[error(
        "strings are lifted or lowered as `{encoding}` (canonical section at byte {offset:#x}); skills use `utf8`"
    )]
    StringEncoding {
        /// The option.
        encoding: &'static str,
        /// The section.
        offset: usize,
    },
    /// A section of ours inside a nested component or module.
    #[error(
        "custom section `{name}` at byte {offset:#x} stands inside a nested module or component; only the outermost component is a package"
    )]
    NestedSection {
        /// The section.
        name: String,
        /// Where.
        offset: usize,
    },
    /// A section of ours for the second time.
    #[error("custom section `{name}` stands there twice, again at byte {offset:#x}")]
    RepeatedSection {
        /// The section.
        name: String,
        /// Where.
        offset: usize,
    },
    /// A section that has our prefix and is none of ours.
    #[error("custom section `{name}` at byte {offset:#x} is not one that this version knows")]
    UnknownSection {
        /// The section.
        name: String,
        /// Where.
        offset: usize,
    },
    /// An import or export that no skill may have.
    #[error("{direction} `{name}` is {kind}; a skill has interfaces, functions and plain types")]
    Outer {
        /// `import` or `export`.
        direction: &'static str,
        /// Its name.
        name: String,
        /// What it is.
        kind: &'static str,
    },
}

impl From<wasmparser::Error> for ReaderError {
    fn from(error: wasmparser::Error) -> Self {
        Self::Malformed {
            offset: error.offset(),
            message: error.message().to_owned(),
        }
    }
}
