//! Exports two interfaces, and a function of the world itself.

vouchsafe_sdk::skill!(Voice);

struct Voice;

impl Guest for Voice {
    fn shout(text: String) -> String {
        text.to_uppercase()
    }
}

impl quiet::Guest for Voice {
    fn whisper(text: String) -> String {
        text.to_lowercase()
    }
}

impl numbers::Guest for Voice {
    fn count(text: String) -> u64 {
        text.chars().count() as u64
    }
}
