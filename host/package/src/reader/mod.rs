//! Reading the bytes of a component that may be hostile, within bounds, before anything else
//! looks at them. It never panics, and its time and memory grow with the bytes alone.

mod count;
mod error;
mod features;
mod instances;
mod limits;
mod nesting;
mod validate;

#[cfg(test)]
mod tests;

use wasmparser::types::Types;
use wasmparser::{Parser, Payload, Validator};

use count::Counter;
pub use error::ReaderError;
pub use features::features;
pub use limits::ReadLimits;
use validate::Bodies;

/// How each WebAssembly binary begins (core specification, 5.5.16).
const MAGIC: &[u8] = b"\0asm";

/// Prefix of the custom sections that are ours.
pub const SECTION_PREFIX: &str = "vouchsafe";
/// The custom section with the manifest.
pub const MANIFEST_SECTION: &str = "vouchsafe:manifest";
/// The custom section with the schemas.
pub const SCHEMAS_SECTION: &str = "vouchsafe:schemas";
/// The custom section with the words about the tools.
pub const DOCS_SECTION: &str = "vouchsafe:docs";

/// A component that is valid and within the limits. Nothing is known about its meaning yet.
pub struct Raw<'a> {
    /// What it imports, by name, in order.
    pub imports: Vec<Outer<'a>>,
    /// What it exports, by name, in order.
    pub exports: Vec<Outer<'a>>,
    /// Our custom sections.
    pub sections: Sections<'a>,
    /// Linear memory that its modules ask for at the start, if each is instantiated once.
    pub initial_memory: u64,
    /// The types of everything in it.
    pub types: Types,
}

/// An import or export of the component itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outer<'a> {
    /// As in the binary, such as `wasi:io/poll@0.2.6`.
    pub name: &'a str,
    /// What sort of thing it is.
    pub kind: OuterKind,
}

/// The sorts of import and export that a skill may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OuterKind {
    /// An interface.
    Instance,
    /// A function of the world itself.
    Function,
    /// A type of the world itself.
    Type,
}

/// The custom sections that make a component a package.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sections<'a> {
    /// [`MANIFEST_SECTION`]
    pub manifest: Option<&'a [u8]>,
    /// [`SCHEMAS_SECTION`]
    pub schemas: Option<&'a [u8]>,
    /// [`DOCS_SECTION`]
    pub docs: Option<&'a [u8]>,
}

impl Sections<'_> {
    /// Whether the component has none of them: it was not packed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.manifest.is_none() && self.schemas.is_none() && self.docs.is_none()
    }
}

/// Reads `bytes` as one component. Every limit is checked on a section before anything else looks
/// into it, so a component over a limit costs no more than one within it.
pub fn read<'a>(bytes: &'a [u8], limits: &ReadLimits) -> Result<Raw<'a>, ReaderError> {
    limits.check("bytes", bytes.len() as u64, limits.bytes)?;
    if !bytes.starts_with(MAGIC) {
        return Err(ReaderError::NotComponent);
    }
    let mut counter = Counter::new(bytes, *limits);
    let mut validator = Validator::new_with_features(features());
    let mut bodies = Bodies::new(*limits);
    let mut parser = Parser::new(0);
    parser.set_features(features());
    let mut types = None;
    for payload in parser.parse_all(bytes) {
        let payload = payload?;
        counter.payload(&payload)?;
        if let Some(done) = bodies.validate(&mut validator, &payload)? {
            types = Some(done);
        }
        if matches!(payload, Payload::End(_)) {
            counter.leave();
        }
    }
    let types = types.ok_or(ReaderError::NotComponent)?;
    Ok(counter.finish(types))
}
