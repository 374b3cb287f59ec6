//! How much of a component is read before it is refused.

use super::error::ReaderError;

/// Bounds on a component's structure. The defaults leave room for what bundled language runtimes
/// (CPython, SpiderMonkey) need and refuse what only an attacker would build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// The whole file.
    pub bytes: u64,
    /// Functions with a body, in all modules.
    pub functions: u64,
    /// One function's body: the unit that neither validator nor compiler can be interrupted in.
    pub body_bytes: u64,
    /// Targets of all `br_table`s: validating one costs as much as the block has results.
    pub branch_targets: u64,
    /// Parameters, and results, of one core function.
    pub arity: u64,
    /// Types of every kind, at every level.
    pub types: u64,
    /// Components and modules inside one another, and component types inside one another.
    pub nesting: u64,
    /// Components and modules.
    pub modules: u64,
    /// Instances, core and component.
    pub instances: u64,
    /// Imports, of components and modules.
    pub imports: u64,
    /// Exports, of components and modules.
    pub exports: u64,
    /// Memories of all modules.
    pub memories: u64,
    /// Linear memory that all memories start with.
    pub initial_memory: u64,
    /// Tables of all modules.
    pub tables: u64,
    /// Elements that all tables start with.
    pub initial_table: u64,
    /// One name.
    pub name_bytes: u64,
    /// Custom sections, each with a name.
    pub custom_sections: u64,
    /// One custom section of ours.
    pub own_section_bytes: u64,
    /// Types that all tools' parameters and results are made of, written out.
    pub tool_types: u64,
    /// How deep these types go: what reads their JSON and schemas has bounds of its own.
    pub tool_nesting: u64,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            functions: 200_000,
            body_bytes: 1 << 20,
            branch_targets: 2_000_000,
            arity: 128,
            types: 200_000,
            nesting: 8,
            modules: 256,
            instances: 1_000,
            imports: 50_000,
            exports: 100_000,
            memories: 64,
            initial_memory: 1 << 30,
            tables: 64,
            initial_table: 1_000_000,
            name_bytes: 4_096,
            custom_sections: 1_024,
            own_section_bytes: 1 << 20,
            tool_types: 20_000,
            tool_nesting: 32,
        }
    }
}

impl ReadLimits {
    /// Refuses `found` of `what` when that is more than `limit`.
    pub(crate) fn check(
        &self,
        what: &'static str,
        found: u64,
        limit: u64,
    ) -> Result<(), ReaderError> {
        if found > limit {
            return Err(ReaderError::TooMuch { what, found, limit });
        }
        Ok(())
    }
}
