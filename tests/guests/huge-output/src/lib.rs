//! Answers at length.

vouchsafe_sdk::skill!(Huge);

struct Huge;

impl output::Guest for Huge {
    fn text(bytes: u32) -> String {
        "x".repeat(bytes as usize)
    }
    fn letters(count: u32) -> String {
        format!("a{}", "\u{1f9fe}".repeat(count as usize))
    }
    fn nested(lists: u32, numbers: u32) -> Vec<Vec<u64>> {
        vec![vec![u64::MAX; numbers as usize]; lists as usize]
    }
    fn fails(bytes: u32) -> Result<(), String> {
        Err("x".repeat(bytes as usize))
    }
}
