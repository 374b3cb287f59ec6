//! An MCP client that sends whatever bytes it is told, for what no official client would send.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::Home;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// `vouchsafe mcp` and its two streams, line by line.
pub struct Wire {
    bridge: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    next_id: u64,
}

impl Wire {
    /// Starts a bridge; nothing is said yet.
    pub fn open(home: &Home) -> Self {
        let mut bridge = home
            .command(&["mcp"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the bridge starts");
        let output = BufReader::new(bridge.stdout.take().expect("its output"));
        let (said, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if said.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            input: bridge.stdin.take(),
            bridge,
            lines,
            next_id: 1,
        }
    }

    /// A session initialised with the newest revision that has a handshake.
    pub fn start(home: &Home) -> Self {
        let mut wire = Self::open(home);
        wire.greet("2025-11-25");
        wire
    }

    /// The handshake; gives the server's result.
    pub fn greet(&mut self, revision: &str) -> Json {
        let client = json!({ "name": "wire", "version": "1" });
        let params =
            json!({ "protocolVersion": revision, "capabilities": {}, "clientInfo": client });
        let reply = self.ask("initialize", params);
        self.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        reply.get("result").expect("a greeting").clone()
    }

    /// Sends one message.
    pub fn say(&mut self, message: &Json) {
        self.send(message.to_string().as_bytes());
    }

    /// Sends these bytes as one line.
    pub fn send(&mut self, line: &[u8]) {
        let input = self.input.as_mut().expect("an open input");
        let whole = [line, b"\n"].concat();
        input.write_all(&whole).expect("a line is sent");
        input.flush().expect("a line is sent");
    }

    /// Sends a request, and gives the whole message that answers it. What comes before is dropped.
    pub fn ask(&mut self, method: &str, params: Json) -> Json {
        let id = self.request(method, params);
        loop {
            let message = self.hear();
            if message.get("id") == Some(&json!(id)) {
                return message;
            }
        }
    }

    /// Sends a request and gives its id.
    pub fn request(&mut self, method: &str, params: Json) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.say(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    /// Calls a tool; gives the whole answer.
    pub fn call(&mut self, tool: &str, arguments: Json) -> Json {
        self.ask(
            "tools/call",
            json!({ "name": tool, "arguments": arguments }),
        )
    }

    /// The next message.
    pub fn hear(&mut self) -> Json {
        self.hear_within(PATIENCE).expect("a message")
    }

    /// The next message, if one comes within `time`.
    pub fn hear_within(&mut self, time: Duration) -> Option<Json> {
        match self.lines.recv_timeout(time) {
            Ok(line) => {
                let message = serde_json::from_str(&line);
                Some(message.unwrap_or_else(|error| panic!("{error}: {line}")))
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Ends the input; what is still said can be heard.
    pub fn hang_up(&mut self) {
        drop(self.input.take());
    }

    /// Ends the input; gives how the bridge ended and after what time.
    pub fn end(mut self) -> (ExitStatus, Duration) {
        self.hang_up();
        self.wait()
    }

    /// Waits for the bridge to end by itself.
    pub fn wait(mut self) -> (ExitStatus, Duration) {
        let began = Instant::now();
        loop {
            if let Some(status) = self.bridge.try_wait().expect("its status") {
                return (status, began.elapsed());
            }
            assert!(began.elapsed() < PATIENCE, "the bridge does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Kills the bridge without warning.
    pub fn kill(mut self) {
        self.bridge.kill().expect("a signal");
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        drop(self.bridge.kill());
        drop(self.bridge.wait());
    }
}
