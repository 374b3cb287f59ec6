//! Answers other skills: as it should, and as it should not.

use std::hint::black_box;

vouchsafe_sdk::skill!(Records);

struct Records;

impl records::Guest for Records {
    fn find(id: String) -> Result<records::Entry, String> {
        match id.is_empty() {
            true => Err("there is none".to_owned()),
            false => Ok(records::Entry { size: id.len() as u64, id }),
        }
    }
    fn count() -> u32 {
        3
    }
    fn keep(id: String) -> Result<u32, String> {
        Ok(id.len() as u32)
    }
    fn wipe() -> Result<u32, String> {
        Ok(3)
    }
    fn spin() -> Result<u32, String> {
        let mut n = 0_u32;
        loop {
            n = black_box(n.wrapping_add(1));
        }
    }
    fn flood(bytes: u32) -> Result<String, String> {
        Ok("x".repeat(bytes as usize))
    }
    fn hold(bytes: u32) -> Result<u32, String> {
        let held = black_box(vec![1_u8; bytes as usize]);
        Ok(held.len() as u32)
    }
    fn fail() -> Result<u32, String> {
        panic!("on purpose")
    }
}
