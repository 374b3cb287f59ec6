//! Exports what no agent can hold.

use handles::{GuestSession, Session as Handle};

vouchsafe_sdk::skill!(Handles);

struct Handles;
struct Session(String);

impl handles::Guest for Handles {
    type Session = Session;
    fn open(text: String) -> Handle {
        Handle::new(Session(text))
    }
}

impl GuestSession for Session {
    fn text(&self) -> String {
        self.0.clone()
    }
}
