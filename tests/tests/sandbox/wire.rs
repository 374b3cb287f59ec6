//! MCP as bytes: what a client of any make, or a broken one, may send, and all that comes back.

use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use vouchsafe_tests::Home;

/// The longest that any answer here may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// A session over `vouchsafe mcp`.
pub(crate) struct Wire {
    bridge: Child,
    input: Option<ChildStdin>,
    lines: Receiver<(Instant, Vec<u8>)>,
    last: u64,
    answers: BTreeMap<u64, (Instant, Json)>,
    /// Every line that came, in order.
    pub(crate) raw: Vec<Vec<u8>>,
}

impl Wire {
    pub(crate) fn open(home: &Home) -> Self {
        let mut bridge = home
            .command(&["mcp"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(bridge.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || {
            let mut line = Vec::new();
            while output
                .read_until(b'\n', &mut line)
                .is_ok_and(|read| read > 0)
            {
                if send
                    .send((Instant::now(), std::mem::take(&mut line)))
                    .is_err()
                {
                    return;
                }
            }
        });
        let input = bridge.stdin.take();
        let mut wire = Self {
            bridge,
            input,
            lines,
            last: 0,
            answers: BTreeMap::new(),
            raw: vec![],
        };
        let hello = json!({
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "wire", "version": "1" },
        });
        let id = wire.ask("initialize", &hello);
        wire.answer(id);
        wire.say(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        wire
    }

    /// Sends bytes as one line.
    pub(crate) fn say(&mut self, line: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(line).unwrap();
        input.write_all(b"\n").unwrap();
        input.flush().unwrap();
    }

    /// Sends a request; gives its id.
    pub(crate) fn ask(&mut self, method: &str, params: &Json) -> u64 {
        self.ask_in_words(method, &params.to_string())
    }

    /// Sends a request whose params are these very characters.
    pub(crate) fn ask_in_words(&mut self, method: &str, params: &str) -> u64 {
        self.last += 1;
        let id = self.last;
        self.say(
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
                .as_bytes(),
        );
        id
    }

    /// Sends a call of a tool.
    pub(crate) fn call(&mut self, tool: &str, arguments: &Json) -> u64 {
        self.ask(
            "tools/call",
            &json!({ "name": tool, "arguments": arguments }),
        )
    }

    /// Sends a call whose arguments are these very characters, and waits for its answer.
    #[track_caller]
    pub(crate) fn called_with(&mut self, tool: &str, arguments: &str) -> Json {
        let params = format!(r#"{{"name":"{tool}","arguments":{arguments}}}"#);
        let id = self.ask_in_words("tools/call", &params);
        self.answer(id)
    }

    /// Asks for the end of a call.
    pub(crate) fn cancel(&mut self, id: u64) {
        self.say(format!(r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#).as_bytes());
    }

    /// The answer to a request.
    #[track_caller]
    pub(crate) fn answer(&mut self, id: u64) -> Json {
        self.timed_answer(id).1
    }

    /// The answer to a request, and when it came.
    #[track_caller]
    pub(crate) fn timed_answer(&mut self, id: u64) -> (Instant, Json) {
        loop {
            if let Some(answer) = self.answers.remove(&id) {
                return answer;
            }
            self.hear()
                .unwrap_or_else(|| panic!("no answer to request {id}"));
        }
    }

    /// The next line, if one comes; an answer is also kept for [`Wire::answer`].
    pub(crate) fn hear(&mut self) -> Option<Json> {
        let (at, line) = self.lines.recv_timeout(PATIENCE).ok()?;
        let message: Json = serde_json::from_slice(&line).unwrap();
        self.raw.push(line);
        if let Some(id) = message["id"].as_u64()
            && message.get("method").is_none()
        {
            self.answers.insert(id, (at, message.clone()));
        }
        Some(message)
    }

    /// Whether an answer to `id` has come by now.
    pub(crate) fn has_answered(&mut self, id: u64) -> bool {
        while let Ok((at, line)) = self.lines.try_recv() {
            let message: Json = serde_json::from_slice(&line).unwrap();
            self.raw.push(line);
            if let Some(id) = message["id"].as_u64() {
                self.answers.insert(id, (at, message));
            }
        }
        self.answers.contains_key(&id)
    }

    /// How long a ping takes.
    #[track_caller]
    pub(crate) fn ping(&mut self) -> Duration {
        let began = Instant::now();
        let id = self.ask("ping", &json!({}));
        let (at, answer) = self.timed_answer(id);
        assert!(answer.get("result").is_some(), "{answer}");
        at.duration_since(began)
    }

    /// Ends the input, as a client that has had enough; gives how the bridge ended.
    pub(crate) fn hang_up(&mut self) -> std::process::ExitStatus {
        self.input = None;
        self.bridge.wait().unwrap()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let _ = self.bridge.kill();
        let _ = self.bridge.wait();
    }
}

/// The words of a tool's answer, empty if it has none.
pub(crate) fn text(answer: &Json) -> &str {
    answer["result"]["content"][0]["text"]
        .as_str()
        .unwrap_or_default()
}

/// The first word of a tool's error.
#[track_caller]
pub(crate) fn error_code(answer: &Json) -> &str {
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    text(answer).split(':').next().unwrap_or_default()
}

/// What a tool answered under the name `result`.
#[track_caller]
pub(crate) fn result(answer: &Json) -> &Json {
    assert_ne!(answer["result"]["isError"], true, "{answer}");
    let result = answer["result"]["structuredContent"].get("result");
    result.unwrap_or_else(|| panic!("no result: {answer}"))
}
