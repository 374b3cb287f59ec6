//! The owner's socket as anybody with the user's shell can speak to it, without our client.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use serde_json::{Value as Json, json};

use crate::Home;

/// A control connection.
pub struct Socket(BufReader<UnixStream>);

impl Socket {
    /// Greets the owner of `home`, starting it if it is absent.
    pub fn open(home: &Home) -> Self {
        home.run(&["list"]).ok();
        let stream = UnixStream::connect(home.data("owner.sock")).expect("the owner's socket");
        let mut socket = Self(BufReader::new(stream));
        socket.say(&json!({ "vouchsafe": 1, "mode": "control" }));
        socket.hear();
        socket
    }

    /// Asks one thing; the facts, or the failure.
    pub fn ask(&mut self, request: &Json) -> Result<Json, Json> {
        self.say(request);
        let reply = self.hear();
        match reply.get("done") {
            Some(facts) => Ok(facts.clone()),
            None => Err(reply.get("failed").cloned().expect("a failure")),
        }
    }

    fn say(&mut self, message: &Json) {
        let line = format!("{message}\n");
        self.0
            .get_mut()
            .write_all(line.as_bytes())
            .expect("a line is said");
    }

    fn hear(&mut self) -> Json {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a line is heard");
        serde_json::from_str(&line).expect("JSON")
    }
}
