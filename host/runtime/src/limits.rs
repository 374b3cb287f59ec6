//! What one call's instances may hold of the host's memory, all of them together.

use wasmtime::ResourceLimiter;

/// Core instances in one store. A component of one Rust crate makes 4 to 6 (its module, the
/// adapter of WASI, shims); composed ones a few times that.
pub(crate) const INSTANCES: usize = 64;

/// Linear memories in one store. One a module is usual, and only modules with code have one.
pub(crate) const MEMORIES: usize = 16;

/// Tables in one store. Each module has one; shims add theirs.
pub(crate) const TABLES: usize = 32;

/// Elements in one table. Go and C# have been seen beyond 10,000 indirect functions.
pub(crate) const TABLE_ELEMENTS: usize = 50_000;

/// Bytes that one table element takes of the host.
const ELEMENT_BYTES: usize = size_of::<usize>();

/// The account of one call: linear memories and tables of all its instances, initial sizes included.
#[derive(Debug)]
pub(crate) struct Memory {
    limit: usize,
    used: usize,
    peak: usize,
    /// The growth allowed last, to take back should it fail.
    pending: usize,
    refused: bool,
}

impl Memory {
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            used: 0,
            peak: 0,
            pending: 0,
            refused: false,
        }
    }

    /// The most that was held at once, in bytes.
    pub(crate) fn peak(&self) -> u64 {
        self.peak as u64
    }

    /// What may be held besides, in bytes: the most for what is called from here.
    pub(crate) fn left(&self) -> u64 {
        self.limit.saturating_sub(self.used) as u64
    }

    /// That what was called from here held `bytes` at its largest.
    pub(crate) fn held_below(&mut self, bytes: u64) {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        self.peak = self.peak.max(self.used.saturating_add(bytes));
    }

    /// Whether growth was refused, which is why most guests that then trap do.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }

    fn grow(&mut self, more: usize) -> bool {
        let used = self.used.saturating_add(more);
        if used > self.limit {
            self.refused = true;
            self.pending = 0;
            return false;
        }
        self.used = used;
        self.peak = self.peak.max(used);
        self.pending = more;
        true
    }

    fn take_back(&mut self) {
        self.used = self.used.saturating_sub(self.pending);
        self.pending = 0;
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow(desired.saturating_sub(current)))
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        Ok(desired <= TABLE_ELEMENTS && self.grow(more.saturating_mul(ELEMENT_BYTES)))
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back();
        Ok(())
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn tables(&self) -> usize {
        TABLES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_of_all_memories_and_tables_together() {
        let mut memory = Memory::new(100);
        assert!(memory.memory_growing(0, 60, None).unwrap());
        assert!(memory.table_growing(0, 4, None).unwrap());
        assert!(!memory.memory_growing(0, 10, None).unwrap());
        assert!(memory.refused());
        assert_eq!(memory.peak(), 92);
    }

    #[test]
    fn a_growth_that_failed_is_taken_back() {
        let mut memory = Memory::new(100);
        assert!(memory.memory_growing(0, 60, None).unwrap());
        assert!(memory.memory_growing(60, 100, None).unwrap());
        memory
            .memory_grow_failed(wasmtime::format_err!("no"))
            .unwrap();
        assert!(memory.memory_growing(60, 90, None).unwrap());
        assert!(!memory.memory_growing(90, 101, None).unwrap());
    }
}
