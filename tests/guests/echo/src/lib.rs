//! Says what it was told.

vouchsafe_sdk::skill!(Echo);

struct Echo;

impl echo::Guest for Echo {
    fn say(text: String) -> String {
        text
    }
}
