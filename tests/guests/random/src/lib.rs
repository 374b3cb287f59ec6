//! Asks for randomness, also for a great deal of it.

use std::collections::HashMap;

use bindings::wasi::random::random as host;

vouchsafe_sdk::skill!(Random);

struct Random;

impl random::Guest for Random {
    fn bytes(count: u64) -> Vec<u8> {
        host::get_random_bytes(count)
    }
    fn order(entries: u32) -> Vec<u32> {
        let map: HashMap<u32, ()> = (0..entries).map(|n| (n, ())).collect();
        map.into_keys().collect()
    }
}
