//! Computes for ever.

vouchsafe_sdk::skill!(Endless);

struct Endless;

impl endless::Guest for Endless {
    fn run() -> u64 {
        let mut n: u64 = 0;
        loop {
            n = std::hint::black_box(n.wrapping_add(1));
        }
    }
    fn say(text: String) -> String {
        text
    }
}
