//! A witness signs for what logs were, and for nothing that is not that, grown.
#![cfg(test)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use vouchsafe_tests::say::{says, text};
use vouchsafe_tests::{Home, Run, python, wasm};
use vouchsafe_tlog::note::{CosignerKey, Note};

/// `vouchsafe witness`, ended when it is dropped.
struct Witness {
    process: Child,
    key: String,
    url: String,
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Witness {
    /// Signs for the log of `home`, remembering in `state`, with a key that lies there too.
    fn of(home: &Home, state: &Path) -> Self {
        Self::by(home, home, "witness.example/one", state, "127.0.0.1:0")
    }

    /// The host of `home` signs as `name` for the log of `other`.
    fn by(home: &Home, other: &Home, name: &str, state: &Path, listen: &str) -> Self {
        let log = other.run(&["audit", "key"]).ok().stdout;
        let key = state.join("witness");
        std::fs::create_dir_all(state).expect("a directory");
        let private = state.join("witness.key");
        if !private.exists() {
            let made = [
                "key",
                "new",
                text(&key),
                "--ed25519",
                "--passphrase-file",
                home.passphrase(),
            ];
            home.run(&made).ok();
        }
        let arguments = [
            "witness",
            "--key",
            text(&private),
            "--passphrase-file",
            home.passphrase(),
            "--name",
            name,
            "--log",
            log.trim(),
            "--state",
            text(state),
            "--listen",
            listen,
        ];
        let mut process = home
            .command(&arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let mut said = |word: &str| -> String {
            let line = lines.next().expect("a line").expect("text");
            line.strip_prefix(word)
                .unwrap_or_else(|| panic!("{line}"))
                .trim()
                .to_owned()
        };
        let (key, url) = (said("witness"), said("listening"));
        Self { process, key, url }
    }

    fn cosigns(&self, home: &Home) -> Run {
        home.run(&["audit", "cosign", &self.url, "--witness", &self.key])
    }

    fn key(&self) -> CosignerKey {
        self.key.parse().expect("its key")
    }
}

fn with_echo() -> Home {
    let home = Home::trusting(&["guests"]);
    home.with_guest("echo");
    home.call("echo_say", &json!({ "text": "a" })).ok();
    home
}

#[test]
fn a_witness_signs_for_a_log_that_grows_and_its_signature_lies_with_the_logs_own() {
    let home = with_echo();
    let state = home.path("state");
    let witness = Witness::of(&home, &state);
    let first: Note = witness.cosigns(&home).ok().stdout.parse().expect("a note");
    assert!(first.cosigned_by(&witness.key()).is_ok());
    for _ in 0..3 {
        home.call("echo_say", &json!({ "text": "b" })).ok();
        witness.cosigns(&home).ok();
    }
    // Nothing new is signed for again, and what was seen outlives the witness.
    witness.cosigns(&home).ok();
    drop(witness);
    let witness = Witness::of(&home, &state);
    home.call("echo_say", &json!({ "text": "c" })).ok();
    let note = witness.cosigns(&home).ok().stdout;
    let published = std::fs::read_to_string(home.data("audit").join("checkpoint")).expect("it");
    assert_eq!(published, note);
    let note: Note = note.parse().expect("a note");
    assert!(note.cosigned_by(&witness.key()).is_ok());
    // The log reads its own checkpoint with somebody else's line on it.
    home.run(&["audit", "verify"]).ok();
    // Nor does a start lose that line.
    home.end_owner();
    home.run(&["list"]).ok();
    let kept = std::fs::read_to_string(home.data("audit").join("checkpoint")).expect("it");
    let kept: Note = kept.parse().expect("a note");
    assert!(kept.cosigned_by(&witness.key()).is_ok());

    let Ok(python) = python::program("python") else {
        println!("SKIPPED: the comparison with somebody else's verifier, which needs Python");
        return;
    };
    witness.cosigns(&home).ok();
    let out = home.path("out");
    // An export publishes what is there by then: the stop and the start in between are no records.
    home.run(&["audit", "export", text(&out)]).ok();
    let key = home.run(&["audit", "key"]).ok().stdout;
    let program = wasm::root().join("tests/python/tlog.py");
    let arguments = [text(&program), text(&out), key.trim(), &witness.key];
    python::run(text(&python), &arguments).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_log_that_was_put_back_or_rewritten_gets_no_signature() {
    let home = with_echo();
    let audit = home.data("audit");
    home.run(&["audit", "checkpoint"]).ok();
    home.end_owner();
    let files = ["records.log", "checkpoint", "mark"];
    let older = files.map(|file| std::fs::read(audit.join(file)).expect("a file of the log"));
    let witness = Witness::of(&home, &home.path("state"));
    home.call("echo_say", &json!({ "text": "bad" })).ok();
    witness.cosigns(&home).ok();
    home.end_owner();
    for (file, bytes) in files.iter().zip(older) {
        std::fs::write(audit.join(file), bytes).expect("it is put back");
    }
    says(
        &witness.cosigns(&home).code(4),
        "it was cut, or put back to an older state",
    );
    // With as many records again, and more, but others.
    for _ in 0..4 {
        home.call("echo_say", &json!({ "text": "good" })).ok();
    }
    says(
        &witness.cosigns(&home).code(4),
        "records were changed since",
    );
}

#[test]
fn a_witness_knows_its_logs_and_answers_nothing_else() {
    let (home, stranger) = (with_echo(), with_echo());
    let witness = Witness::of(&home, &home.path("state"));
    says(
        &witness.cosigns(&stranger).code(4),
        "does not know this log",
    );
    let ask = |method: &str, path: &str, body: &str| -> String {
        use std::io::{Read as _, Write as _};
        let address = witness.url.strip_prefix("http://").expect("its address");
        let mut stream = std::net::TcpStream::connect(address).expect("a connection");
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: witness\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("it is sent");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(
        ask("GET", "/add-checkpoint", ""),
        "HTTP/1.1 405 Method Not Allowed"
    );
    assert_eq!(ask("POST", "/", ""), "HTTP/1.1 404 Not Found");
    assert_eq!(
        ask("POST", "/add-checkpoint", "old 0\n"),
        "HTTP/1.1 400 Bad Request"
    );
    assert_eq!(
        ask("POST", "/add-checkpoint", &"a".repeat(70_000)),
        "HTTP/1.1 413 Payload Too Large"
    );
    let unsigned = "old 0\n\nelsewhere\n1\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n\n\u{2014} elsewhere AAAAAAAA\n";
    assert_eq!(
        ask("POST", "/add-checkpoint", unsigned),
        "HTTP/1.1 404 Not Found"
    );
    let origin = home.run(&["audit", "key"]).ok().stdout;
    let origin = origin.split('+').next().expect("its name");
    let forged = unsigned.replace("elsewhere", origin);
    assert_eq!(
        ask("POST", "/add-checkpoint", &forged),
        "HTTP/1.1 403 Forbidden"
    );

    let other = CosignerKey::new("witness.example/one", [7; 32])
        .expect("a key")
        .to_string();
    let refused = home.run(&["audit", "cosign", &witness.url, "--witness", &other]);
    says(&refused.code(4), "is no signature of its own");
    let nobody = home.run(&["audit", "cosign", "http://127.0.0.1:9", "--witness", &other]);
    says(&nobody.code(4), "the witness at http://127.0.0.1:9");
}

/// What `[witnesses]` says, put into force.
fn asks(home: &Home, witnesses: &[(&str, &str)], more: &str) {
    let one = |(url, key): &(&str, &str)| format!("{{ url = '{url}', key = '{key}' }}");
    let ask = witnesses.iter().map(one).collect::<Vec<_>>().join(", ");
    let settings = format!("[witnesses]\nask = [{ask}]\n{more}\n");
    std::fs::write(home.config("vouchsafe.toml"), settings).expect("the settings");
    home.apply().ok();
}

/// What the host says of its log, once `holds` is so.
fn state(home: &Home, holds: impl Fn(&Json) -> bool) -> Json {
    let begun = Instant::now();
    loop {
        let said = home.run(&["audit", "checkpoint", "--json"]).ok().json();
        let state = &said["state"]["witnesses"];
        if holds(state) {
            return state.clone();
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{state}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn is_witnessed(state: &Json) -> bool {
    state["records"].as_u64() > Some(0) && state["short_since"].is_null()
}

#[test]
fn two_hosts_that_witness_each_other_ask_by_themselves_and_an_older_log_does_not_start() {
    let (home, other) = (with_echo(), with_echo());
    let listen = "127.0.0.1:0";
    let theirs = Witness::by(&other, &home, "b.example", &other.path("state"), listen);
    let ours = Witness::by(&home, &other, "a.example", &home.path("state"), listen);
    asks(&home, &[(&theirs.url, &theirs.key)], "quorum = 1");
    asks(&other, &[(&ours.url, &ours.key)], "quorum = 1");
    for (home, witness) in [(&home, &theirs), (&other, &ours)] {
        // Nobody asks for it: it happens.
        state(home, is_witnessed);
        let published = std::fs::read_to_string(home.data("audit").join("checkpoint"));
        let note: Note = published.expect("it").parse().expect("a note");
        assert!(note.cosigned_by(&witness.key()).is_ok());
        says(
            &home.run(&["audit", "checkpoint"]).ok(),
            "witnessed the first",
        );
        says(&home.run(&["audit", "verify"]).ok(), "witnessed the first");
        says(&home.run(&["audit", "stats"]).ok(), "witnessed the first");
        says(&home.run(&["doctor"]).ok(), "witnessed the first");
    }

    home.end_owner();
    let audit = home.data("audit");
    let files = ["records.log", "checkpoint", "mark"];
    let read = || files.map(|file| std::fs::read(audit.join(file)).expect("a file of the log"));
    let put = |contents: [Vec<u8>; 3]| {
        for (file, bytes) in files.iter().zip(contents) {
            std::fs::write(audit.join(file), bytes).expect("it is put back");
        }
    };
    let older = read();
    home.call("echo_say", &json!({ "text": "b" })).ok();
    let last = home.records(1).remove(0)["seq"].as_u64();
    state(&home, |state| state["records"].as_u64() >= last);
    home.end_owner();
    let newest = read();
    // The mark as well: of the host's own files nothing is wrong.
    put(older);
    let refused = home.call("echo_say", &json!({ "text": "c" }));
    assert_ne!(refused.code, 0);
    says(&refused, "it was cut, or put back to an older state");
    says(&refused, "b.example");
    // Nor is a witness that is away a reason not to start, and one that is there again is asked.
    drop(theirs);
    home.run(&["list"]).ok();
    home.end_owner();
    put(newest);
    home.call("echo_say", &json!({ "text": "d" })).ok();
}

#[test]
fn without_a_quorum_the_operator_is_warned_and_where_it_is_required_nothing_starts() {
    let home = with_echo();
    let witness = Witness::of(&home, &home.path("state"));
    let nobody = CosignerKey::new("nobody.example", [7; 32]).expect("a key");
    let both = [
        (witness.url.as_str(), witness.key.as_str()),
        ("http://127.0.0.1:9", &nobody.to_string()),
    ];
    asks(&home, &both, "quorum = 2\npatience = '1s'");
    let late = state(&home, |state| state["late"] == json!(true));
    assert_eq!((&late["records"], &late["quorum"]), (&json!(0), &json!(2)));
    let doctor = home.run(&["doctor"]);
    assert_ne!(doctor.code, 0);
    says(&doctor, "nobody.example");
    says(&doctor, "the witnesses in `vouchsafe.toml`");
    let begun = Instant::now();
    let log = || std::fs::read_to_string(home.data("owner.log")).expect("the owner's log");
    while !log().contains("too few witnesses sign for the log") {
        assert!(begun.elapsed() < Duration::from_secs(40), "{}", log());
        std::thread::sleep(Duration::from_millis(200));
    }
    // One is enough.
    asks(&home, &both, "quorum = 1\nrequired = true");
    home.end_owner();
    home.run(&["list"]).ok();
    home.end_owner();
    drop(witness);
    let refused = home.run(&["list"]);
    assert_ne!(refused.code, 0);
    says(&refused, "wants 1 of its witnesses to sign");
}
