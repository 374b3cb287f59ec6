//! Which WebAssembly proposals a skill may use.

use wasmparser::WasmFeatures;

/// What skills are validated with here and compiled with in the engine; one list, so that neither
/// accepts what the other does not know.
///
/// Absent on purpose: threads (shared memory), 64-bit memories, garbage collection, exceptions,
/// stack switching, and the component model's async, threads and handles to them.
#[must_use]
pub fn features() -> WasmFeatures {
    WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::REFERENCE_TYPES
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::SIMD
        | WasmFeatures::RELAXED_SIMD
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::FLOATS
        | WasmFeatures::MULTI_MEMORY
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::COMPONENT_MODEL
}
