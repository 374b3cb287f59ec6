//! Talks to the operator without end.

use vouchsafe_sdk::log;

vouchsafe_sdk::skill!(Flood);

struct Flood;

impl flood::Guest for Flood {
    fn lines(count: u32, bytes: u32) -> u32 {
        let line = "x".repeat(bytes as usize);
        for _ in 0..count {
            log::warn(&line);
        }
        count
    }
    fn control() {
        log::error("first\nERROR forged by the guest\r\u{1b}[31mred\u{202e}backwards\u{0}");
    }
}
