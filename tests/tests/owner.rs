//! The owner stays up and answers, whatever stands in its files and whoever comes to its socket.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use vouchsafe_tests::{Home, Socket};

fn pid(socket: &mut Socket) -> u64 {
    let facts = socket.ask(&json!({ "do": "ping" })).unwrap();
    facts
        .get("pid")
        .and_then(serde_json::Value::as_u64)
        .unwrap()
}

#[test]
fn a_pipe_in_place_of_a_file_does_not_stop_the_owner() {
    let home = Home::trusting(&["guests"]);
    let mut socket = Socket::open(&home);
    let trust = home.config("trust.toml");
    drop(std::fs::remove_file(&trust));
    assert!(
        Command::new("mkfifo")
            .arg(&trust)
            .status()
            .unwrap()
            .success()
    );
    let began = Instant::now();
    for _ in 0..3 {
        drop(socket.ask(&json!({ "do": "in-force" })));
        let digest = format!("sha256:{}", "0".repeat(64));
        let keep =
            json!({ "do": "keep", "file": trust, "digest": digest, "allow_rollback": false });
        let refused = socket.ask(&keep).unwrap_err();
        assert!(
            refused.to_string().contains("not a regular file"),
            "{refused}"
        );
    }
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn an_owner_without_descriptors_goes_on_when_there_are_some() {
    let home = Home::trusting(&["guests"]);
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
    let home = Home::trusting(&["guests"]);
    home.run(&["list"]).ok();
    let mut stream = UnixStream::connect(home.data("owner.sock")).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let hello = r#"{"vouchsafe":1,"mode":"control"}"#;
    let call = r#"{"do":"call","tool":"x","arguments":{"a":1,"a":2}}"#;
    stream
        .write_all(format!("{hello}\n{call}\n").as_bytes())
        .unwrap();
    let mut lines = BufReader::new(stream).lines();
    lines.next().unwrap().unwrap();
    let reply = lines.next().unwrap().unwrap();
    assert!(reply.contains("the request is malformed"), "{reply}");
}

#[test]
fn after_a_line_without_end_the_connection_is_closed() {
    let home = Home::trusting(&["guests"]);
    home.run(&["list"]).ok();
    let mut stream = UnixStream::connect(home.data("owner.sock")).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
        .write_all(b"{\"vouchsafe\":1,\"mode\":\"control\"}\n")
        .unwrap();
    let mut long = vec![b' '; 16 << 20];
    long.extend_from_slice(b"{\"do\":\"stop\"}\n");
    // The owner may close before all of it is said.
    drop(stream.write_all(&long));
    let lines: Vec<_> = BufReader::new(stream)
        .lines()
        .map_while(Result::ok)
        .collect();
    assert!(lines.len() <= 2, "{lines:?}");
    assert!(
        lines.iter().all(|line| !line.contains("\"done\"")),
        "{lines:?}"
    );
}

#[test]
fn a_stop_is_followed_by_a_start_at_once() {
    let home = Home::trusting(&["guests"]);
    for _ in 0..5 {
        home.run(&["list"]).ok();
        home.run(&["stop"]).ok();
    }
    home.run(&["list"]).ok();
}

#[test]
fn a_stop_lets_a_call_come_to_its_end() {
    let home = Home::trusting(&["guests"]);
    home.with_guest("sleeper");
    // Compiled by then.
    home.call("sleeper_sleep", &json!({ "milliseconds": 1 }))
        .ok();
    let answer = std::thread::scope(|scope| {
        let call = scope.spawn(|| home.call("sleeper_sleep", &json!({ "milliseconds": 2000 })));
        std::thread::sleep(Duration::from_millis(700));
        home.run(&["stop"]).ok();
        call.join().unwrap()
    });
    answer.ok();
}

#[test]
fn a_session_that_does_not_read_is_not_read_from() {
    let home = Home::trusting(&["guests"]);
    home.run(&["list"]).ok();
    let mut stream = UnixStream::connect(home.data("owner.sock")).unwrap();
    stream
        .set_write_timeout(Some(Duration::from_secs(3)))
        .unwrap();
    let client = json!({ "name": "deaf", "version": "1" });
    let params =
        json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
    for message in [
        json!({ "vouchsafe": 1, "mode": "mcp" }),
        json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
    ] {
        stream.write_all(format!("{message}\n").as_bytes()).unwrap();
    }
    // The refusal of a method repeats its name.
    let method = "m".repeat(8 << 10);
    let mut said = 0;
    for id in 1..16_000 {
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": {} });
        let request = format!("{request}\n");
        if stream.write_all(request.as_bytes()).is_err() {
            break;
        }
        said += request.len();
    }
    assert!(
        said < 64 << 20,
        "{said} bytes were taken from who reads nothing"
    );
    // Others are served all the same.
    pid(&mut Socket::open(&home));
}

#[test]
fn however_many_sessions_are_open_a_skill_can_be_switched_off() {
    let home = Home::trusting(&["guests"]);
    home.with_guest("echo");
    let session = || {
        let mut stream = UnixStream::connect(home.data("owner.sock")).unwrap();
        stream
            .write_all(b"{\"vouchsafe\":1,\"mode\":\"mcp\"}\n")
            .unwrap();
        let mut welcome = String::new();
        BufReader::new(&stream).read_line(&mut welcome).unwrap();
        (stream, welcome)
    };
    let sessions: Vec<_> = (0..128).map(|_| session()).collect();
    assert!(
        sessions
            .iter()
            .all(|(_, welcome)| !welcome.contains("refused"))
    );
    assert!(session().1.contains("as many clients as it takes"));
    home.run(&["mcp"]).code(4);
    home.run(&["disable", "echo"]).ok();
    drop(sessions);
}

#[test]
fn however_many_clients_say_nothing_a_skill_is_switched_off_at_once() {
    let home = Home::trusting(&["guests"]);
    home.with_guest("echo");
    let mut first = Socket::open(&home);
    let silent: Vec<_> = (0..600)
        .map(|number| {
            let mut stream = UnixStream::connect(home.data("owner.sock")).unwrap();
            if number % 2 == 0 {
                stream
                    .write_all(b"{\"vouchsafe\":1,\"mode\":\"control\"}\n")
                    .unwrap();
                let mut welcome = String::new();
                BufReader::new(&stream).read_line(&mut welcome).unwrap();
                assert!(!welcome.contains("refused"), "{welcome}");
            }
            stream
        })
        .collect();
    let began = Instant::now();
    home.run(&["disable", "echo"]).ok();
    assert!(began.elapsed() < Duration::from_secs(1));
    // The one that was silent longest made room.
    assert!(std::panic::catch_unwind(move || pid(&mut first)).is_err());
    drop(silent);
}

#[test]
fn however_much_is_under_way_a_skill_is_switched_off() {
    let home = Home::trusting(&["guests"]);
    home.with_guest("sleeper");
    let arguments = json!({ "milliseconds": 20_000 });
    home.call("sleeper_sleep", &json!({ "milliseconds": 1 }))
        .ok();
    let call = json!({ "do": "call", "tool": "sleeper_sleep", "arguments": arguments });
    let greeting = json!({ "vouchsafe": 1, "mode": "control" });
    let ask = || {
        let mut stream = UnixStream::connect(home.data("owner.sock")).unwrap();
        write!(stream, "{greeting}\n{call}\n").unwrap();
        stream
    };
    let under_way: Vec<_> = (0..128).map(|_| ask()).collect();
    let until = Instant::now() + Duration::from_secs(10);
    let more = || {
        let mut heard = BufReader::new(ask());
        let mut line = String::new();
        heard.read_line(&mut line).unwrap();
        line.clear();
        let patience = Some(Duration::from_millis(200));
        heard.get_ref().set_read_timeout(patience).unwrap();
        heard.read_line(&mut line).is_ok() && line.contains("as many requests under way")
    };
    while !more() {
        assert!(Instant::now() < until, "there is room for more");
    }
    home.run(&["disable", "sleeper"]).ok();
    drop(under_way);
}

/// The codes of the refusals in the newest records, oldest first. A refusal does not wait for the disk, so there is
/// some waiting here until there are as many.
fn refusals(home: &Home, expected: usize) -> Vec<String> {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let records = home.records(50).into_iter();
        let refusals =
            records.filter(|record| record.get("kind").is_some_and(|kind| kind == "refusal"));
        let codes: Vec<_> = refusals
            .filter_map(|record| Some(record.get("code")?.as_str()?.to_owned()))
            .collect();
        if codes.len() >= expected || Instant::now() > until {
            return codes;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn who_may_not_call_a_tool_learns_nothing_of_its_arguments() {
    let home = Home::trusting(&["guests"]);
    home.with_guest("echo");
    let wrong = json!({ "nonsense": 1 });
    let told = home.call("echo_say", &wrong).code(2);
    assert!(told.stdout.contains("ARGUMENTS"), "{}", told.stdout);
    assert_eq!(refusals(&home, 1), ["ARGUMENTS"]);

    let role = home.config("roles/local.toml");
    std::fs::create_dir_all(role.parent().unwrap()).unwrap();
    let none = "role = \"local\"\nskills = [\"execute\"]\ntools = [\"guests:other/*\"]\n";
    std::fs::write(role, none).unwrap();
    home.apply().ok();
    let told = home.call("echo_say", &wrong).code(4);
    assert!(told.stdout.contains("may not call"), "{}", told.stdout);
    assert_eq!(refusals(&home, 2), ["ARGUMENTS", "NOT_ALLOWED"]);
}

#[test]
fn a_call_does_not_wait_for_its_compile_beyond_its_deadline() {
    let home = Home::trusting(&["guests"]);
    home.with_limited_guest("echo", "time = \"20ms\"");
    let text = json!({ "text": "a" });
    let told = home.call("echo_say", &text).code(4);
    assert!(told.stdout.contains("DEADLINE"), "{}", told.stdout);
    assert_eq!(refusals(&home, 1), ["NOT_LOADED"]);
    let kinds = home.records(50);
    assert!(
        kinds.iter().all(|record| record["kind"] != "intent"),
        "nothing ran"
    );
    // The compile went on, and is there for the next.
    let until = Instant::now() + Duration::from_secs(30);
    while home.call("echo_say", &text).code != 0 {
        assert!(Instant::now() < until, "{:?}", home.records(5));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_did_not_load_is_not_tried_again_before_something_is_applied() {
    let home = Home::trusting(&["guests"]);
    let packed = home.with_guest("echo");
    let digest = vouchsafe_package::Digest::of(&std::fs::read(&packed).unwrap());
    let kept = home.data("skills").join(format!("{}.wasm", digest.hex()));
    let text = json!({ "text": "a" });
    std::fs::remove_file(&kept).unwrap();
    for _ in 0..2 {
        let told = home.call("echo_say", &text).code(4);
        assert!(
            told.stdout.contains("the kept component"),
            "{}",
            told.stdout
        );
        std::fs::copy(&packed, &kept).unwrap();
    }
    assert_eq!(refusals(&home, 1), ["NOT_LOADED"], "the second is counted");
    home.apply_anew().ok();
    home.call("echo_say", &text).ok();
}
