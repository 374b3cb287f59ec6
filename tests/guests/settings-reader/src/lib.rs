//! A skill that says what its settings are, and uses them as an author would.

use vouchsafe_sdk::settings::{self as set, Error};

vouchsafe_sdk::skill!(Reader);

struct Reader;

impl settings::Guest for Reader {
    fn get(name: String) -> Result<Option<String>, String> {
        set::get(&name).map_err(say)
    }

    fn all() -> Result<Vec<(String, String)>, String> {
        set::all().map_err(say)
    }

    fn convert(crowns: u32) -> Result<String, String> {
        let rate: u32 = set::read("rate").map_err(say)?;
        let currency: String = set::read("currency").map_err(say)?;
        let hundredths = u64::from(crowns) * u64::from(rate);
        Ok(format!(
            "{}.{:02} {currency}",
            hundredths / 100,
            hundredths % 100
        ))
    }
}

fn say(error: Error) -> String {
    error.to_string()
}
