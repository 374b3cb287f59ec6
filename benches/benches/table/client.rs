//! The least that can be an MCP client: writes a line, reads a line.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

/// Ticks of `/proc/PID/stat` in a second; Linux has no other number.
const TICKS: u32 = 100;

/// A running server and its two streams.
pub(crate) struct Client {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    line: String,
    next: u64,
}

impl Client {
    /// Starts `server` and initialises a session.
    pub(crate) fn start(mut server: Command) -> Self {
        let mut server = server
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a server");
        let input = server.stdin.take().expect("its input");
        let output = BufReader::new(server.stdout.take().expect("its output"));
        let mut client = Self {
            server,
            input,
            output,
            line: String::new(),
            next: 0,
        };
        let info = json!({ "name": "bench", "version": "1" });
        let hello =
            json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info });
        client.ask("initialize", &hello);
        client.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        client
    }

    /// The server's process id.
    pub(crate) fn pid(&self) -> u32 {
        self.server.id()
    }

    /// Sends a request and waits for the next message.
    pub(crate) fn ask(&mut self, method: &str, params: &Json) -> Json {
        self.request(method, params);
        self.hear()
    }

    /// Sends a request.
    pub(crate) fn request(&mut self, method: &str, params: &Json) {
        self.next += 1;
        self.say(&json!({ "jsonrpc": "2.0", "id": self.next, "method": method, "params": params }));
    }

    /// Calls the trivial tool so many times with `flying` calls under way, and gives each one's time.
    pub(crate) fn calls(&mut self, calls: usize, flying: usize) -> Vec<Duration> {
        let params = json!({ "name": "echo_say", "arguments": { "text": "hello" } });
        let mut began = std::collections::VecDeque::new();
        for _ in 0..flying {
            began.push_back(Instant::now());
            self.request("tools/call", &params);
        }
        let mut times = Vec::with_capacity(calls);
        for number in 0..calls {
            self.line.clear();
            self.output.read_line(&mut self.line).expect("an answer");
            assert!(self.line.contains("structuredContent"), "{}", self.line);
            times.push(
                began
                    .pop_front()
                    .map(|began| began.elapsed())
                    .unwrap_or_default(),
            );
            if number + flying < calls {
                began.push_back(Instant::now());
                self.request("tools/call", &params);
            }
        }
        times
    }

    fn say(&mut self, message: &Json) {
        let mut line = message.to_string();
        line.push('\n');
        self.input
            .write_all(line.as_bytes())
            .expect("a line is sent");
    }

    fn hear(&mut self) -> Json {
        serde_json::from_str(self.line()).expect("a message")
    }

    /// The next message as it came: to read what it says is the client's own time.
    pub(crate) fn line(&mut self) -> &str {
        self.line.clear();
        self.output
            .read_line(&mut self.line)
            .expect("a line is heard");
        &self.line
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

/// Time that the processor has spent on process `pid`, all threads, user and system.
pub(crate) fn processor_time(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a running process");
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let ticks: u32 = fields
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u32>().ok())
        .sum();
    Duration::from_secs(1) * ticks / TICKS
}

/// Memory that process `pid` has to itself, in bytes.
pub(crate) fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process");
    let field = |name: &str| {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default();
        line.trim()
            .trim_end_matches(" kB")
            .trim()
            .parse::<u64>()
            .unwrap_or_default()
            * 1024
    };
    field("RssAnon:")
}
