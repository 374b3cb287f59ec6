//! Makes the host hold things for it.

use bindings::wasi::cli::stdout;
use bindings::wasi::clocks::monotonic_clock;
use bindings::wasi::http::{outgoing_handler, types as http};

vouchsafe_sdk::skill!(Hog);

struct Hog;

impl hog::Guest for Hog {
    fn pollables(count: u32) -> u32 {
        for _ in 0..count {
            std::mem::forget(monotonic_clock::subscribe_duration(u64::MAX));
        }
        count
    }
    fn streams(count: u32) -> u32 {
        for _ in 0..count {
            std::mem::forget(stdout::get_stdout());
        }
        count
    }
    fn headers(count: u32, bytes: u32) -> u32 {
        let fields = http::Fields::new();
        let value = vec![b'x'; bytes as usize];
        let taken = (0..count)
            .take_while(|n| fields.append(&format!("x-{n}"), &value).is_ok())
            .count();
        if count == u32::MAX {
            // Never so; it keeps the import that the manifest speaks of.
            drop(outgoing_handler::handle(
                http::OutgoingRequest::new(fields),
                None,
            ));
        }
        taken as u32
    }
}
