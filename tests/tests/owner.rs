//! The owner stays up and answers, whatever stands in its files and whoever comes to its socket.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use vouchsafe_tests::{Home, Socket};

fn pid(socket: &mut Socket) -> u64 {
    let facts = socket.ask(&json!({ "do": "ping" })).unwrap();
    facts.get("pid").and_then(serde_json::Value::as_u64).unwrap()
}

#[test]
fn a_pipe_in_place_of_a_file_does_not_stop_the_owner() {
    let home = Home::trusting(&["test"]);
    let mut socket = Socket::open(&home);
    let trust = home.config("trust.toml");
    drop(std::fs::remove_file(&trust));
    assert!(Command::new("mkfifo").arg(&trust).status().unwrap().success());
    let began = Instant::now();
    for _ in 0..3 {
        drop(socket.ask(&json!({ "do": "in-force" })));
        let digest = format!("sha256:{}", "0".repeat(64));
        let keep = json!({ "do": "keep", "file": trust, "digest": digest, "allow_rollback": false });
        let refused = socket.ask(&keep).unwrap_err();
        assert!(refused.to_string().contains("not a regular file"), "{refused}");
    }
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn an_owner_without_descriptors_goes_on_when_there_are_some() {
    let home = Home::trusting(&["test"]);
    home.run(&["stop"]);
    let program = vouchsafe_tests::home::program();
    let started = Command::new("sh")
        .args(["-c", "ulimit -n 64; exec \"$0\" --home \"$1\" list"])
        .arg(program)
        .arg(home.home())
        .output()
        .unwrap();
    assert!(started.status.success(), "{started:?}");
    let before = pid(&mut Socket::open(&home));
    let many: Vec<_> = (0..100)
        .filter_map(|_| UnixStream::connect(home.data("owner.sock")).ok())
        .collect();
    std::thread::sleep(Duration::from_millis(300));
    drop(many);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(pid(&mut Socket::open(&home)), before);
}

#[test]
fn a_request_with_a_key_twice_is_refused() {
    let home = Home::trusting(&["test"]);
    home.run(&["list"]).ok();
    let mut stream = UnixStream::connect(home.data("owner.sock")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let hello = r#"{"vouchsafe":1,"mode":"control"}"#;
    let call = r#"{"do":"call","tool":"x","arguments":{"a":1,"a":2}}"#;
    stream.write_all(format!("{hello}\n{call}\n").as_bytes()).unwrap();
    let mut lines = BufReader::new(stream).lines();
    lines.next().unwrap().unwrap();
    let reply = lines.next().unwrap().unwrap();
    assert!(reply.contains("the request is malformed"), "{reply}");
}

#[test]
fn after_a_line_without_end_the_connection_is_closed() {
    let home = Home::trusting(&["test"]);
    home.run(&["list"]).ok();
    let mut stream = UnixStream::connect(home.data("owner.sock")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(b"{\"vouchsafe\":1,\"mode\":\"control\"}\n").unwrap();
    let mut long = vec![b' '; 16 << 20];
    long.extend_from_slice(b"{\"do\":\"stop\"}\n");
    // The owner may close before all of it is said.
    drop(stream.write_all(&long));
    let lines: Vec<_> = BufReader::new(stream).lines().map_while(Result::ok).collect();
    assert!(lines.len() <= 2, "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains("\"done\"")), "{lines:?}");
}

#[test]
fn a_stop_is_followed_by_a_start_at_once() {
    let home = Home::trusting(&["test"]);
    for _ in 0..5 {
        home.run(&["list"]).ok();
        home.run(&["stop"]).ok();
    }
    home.run(&["list"]).ok();
}
