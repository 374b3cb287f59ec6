//! The engine alone: the same components, instantiated and called without anything around them.

use std::time::{Duration, Instant};

use vouchsafe_runtime::Settings;
use vouchsafe_tests::wasm;
use wasmtime::component::{Component, InstancePre, Linker, ResourceTable, Val};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// Ample for everything measured here.
const FUEL: u64 = u64::MAX / 2;

/// As often as the host looks at its limits.
const SLICE: u64 = 100_000;

/// A store's data: what `std` in a guest needs.
pub(crate) struct Context(WasiCtx, ResourceTable);

impl WasiView for Context {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.0,
            table: &mut self.1,
        }
    }
}

/// A component, ready to be instantiated.
pub(crate) struct Raw {
    instance: InstancePre<Context>,
    component: Component,
    metered: bool,
}

impl Raw {
    /// The guest `name` on an engine with our settings, with or without fuel.
    pub(crate) fn new(name: &str, metered: bool) -> Self {
        let mut config = vouchsafe_runtime::engine_config(&Settings::new("/nowhere".into()));
        config.consume_fuel(metered);
        let engine = Engine::new(&config).expect("an engine");
        let bytes = std::fs::read(wasm::component(name)).expect("the component");
        let component = Component::new(&engine, bytes).expect("code");
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).expect("WASI");
        let instance = linker.instantiate_pre(&component).expect("all imports");
        Self {
            instance,
            component,
            metered,
        }
    }

    /// The time of one call of `function` of `interface` in a fresh instance, store included.
    pub(crate) async fn call(&self, interface: &str, function: &str, argument: Val) -> Duration {
        let interface = self
            .component
            .get_export_index(None, interface)
            .expect("the interface");
        let index = self.component.get_export_index(Some(&interface), function);
        let index = index.expect("the function");
        let start = Instant::now();
        let context = Context(WasiCtx::builder().build(), ResourceTable::new());
        let mut store = Store::new(self.instance.engine(), context);
        if self.metered {
            store.set_fuel(FUEL).expect("fuel");
            store.fuel_async_yield_interval(Some(SLICE)).expect("fuel");
        }
        let instance = self
            .instance
            .instantiate_async(&mut store)
            .await
            .expect("an instance");
        let entry = instance.get_func(&mut store, index).expect("the function");
        let mut results = [Val::Bool(false)];
        entry
            .call_async(&mut store, &[argument], &mut results)
            .await
            .expect("a result");
        drop(store);
        start.elapsed()
    }
}
