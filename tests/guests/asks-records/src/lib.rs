//! Asks another skill for all that it knows.

use bindings::guests::gives_records::records;
use std::hint::black_box;

vouchsafe_sdk::skill!(Asks);

struct Asks;

impl asks::Guest for Asks {
    fn find(id: String) -> Result<String, String> {
        let found = records::find(&id)?;
        Ok(format!("{} of {}", found.id, found.size))
    }
    fn count() -> u32 {
        records::count()
    }
    fn keep(id: String) -> Result<u32, String> {
        records::keep(&id)
    }
    fn keep_in_read(id: String) -> Result<u32, String> {
        records::keep(&id)
    }
    fn wipe() -> Result<u32, String> {
        records::wipe()
    }
    fn spin() -> Result<u32, String> {
        records::spin()
    }
    fn flood(bytes: u32) -> Result<u32, String> {
        Ok(records::flood(bytes)?.len() as u32)
    }
    fn hold(mine: u32, yours: u32) -> Result<u32, String> {
        let held = black_box(vec![1_u8; mine as usize]);
        Ok(records::hold(yours)? + held.len() as u32)
    }
    fn fail() -> Result<u32, String> {
        records::fail()
    }
    fn many(times: u32) -> Result<u32, String> {
        let mut answered = 0;
        for _ in 0..times {
            records::find("x")?;
            answered += 1;
        }
        Ok(answered)
    }
}
