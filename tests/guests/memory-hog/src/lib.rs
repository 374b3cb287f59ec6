//! Takes all the memory that it gets.

vouchsafe_sdk::skill!(Hog);

struct Hog;

const MEBIBYTE: usize = 1 << 20;

impl hog::Guest for Hog {
    fn grow() -> u32 {
        let mut held: Vec<Vec<u8>> = Vec::new();
        loop {
            let mut block = Vec::new();
            if block.try_reserve_exact(MEBIBYTE).is_err() {
                return held.len() as u32;
            }
            block.resize(MEBIBYTE, 1);
            held.push(std::hint::black_box(block));
        }
    }
    fn hold(mebibytes: u32) -> u32 {
        let held = vec![1_u8; mebibytes as usize * MEBIBYTE];
        (std::hint::black_box(&held).len() / MEBIBYTE) as u32
    }
}
