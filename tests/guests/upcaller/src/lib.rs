//! A skill that calls tools of external servers, with whatever it is given.

use vouchsafe_sdk::upstream::{Error, call_json};

vouchsafe_sdk::skill!(Upcaller);

struct Upcaller;

impl calling::Guest for Upcaller {
    fn file(name: String, input: String) -> Result<String, String> {
        call_json(&name, &input).map_err(say)
    }

    fn look(name: String, input: String) -> Result<String, String> {
        Self::file(name, input)
    }
}

fn say(error: Error) -> String {
    format!("{error:?}")
}
