//! Computes for ever before any tool is called.

vouchsafe_sdk::skill!(Start);

struct Start;

impl start::Guest for Start {
    fn say(text: String) -> String {
        text
    }
}

#[used]
#[cfg_attr(target_family = "wasm", unsafe(link_section = ".init_array"))]
static BEFORE_ALL: extern "C" fn() = before_all;

extern "C" fn before_all() {
    let mut n: u64 = 0;
    while std::hint::black_box(true) {
        n = std::hint::black_box(n.wrapping_add(1));
    }
}
