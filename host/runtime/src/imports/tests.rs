//! Imports that only tests have: host functions that misbehave.

use super::Import;

pub(super) const IMPORTS: &[Import] = &[
    ("test:host/stuck", |linker| {
        linker
            .root()
            .func_wrap_async("test:host/stuck", |_, (): ()| {
                Box::new(std::future::pending::<wasmtime::Result<()>>())
            })
    }),
    ("test:host/panic", |linker| {
        linker
            .root()
            .func_wrap("test:host/panic", |_, (): ()| -> wasmtime::Result<()> {
                panic!("a fault of the host, as a test wants it")
            })
    }),
];
