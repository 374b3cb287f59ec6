//! A skill before its update: it only computes.

vouchsafe_sdk::skill!(Update);

struct Update;

impl greeter::Guest for Update {
    fn greet(name: String) -> String {
        format!("Good day, {name}.")
    }
}
