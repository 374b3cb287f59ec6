//! A credential that comes back ends the response: nothing of it reaches the skill, a log or a record.

use std::fmt::Write as _;

use super::parrot::{House, Parrot, Parts, TOKEN, header, whole};
use vouchsafe_tests::authority::Authority;

fn hex(text: &[u8], upper: bool) -> String {
    text.iter().fold(String::new(), |mut hex, byte| {
        let _ = if upper {
            write!(hex, "{byte:02X}")
        } else {
            write!(hex, "{byte:02x}")
        };
        hex
    })
}

fn percent(text: &str, all: bool) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().fold(String::new(), |mut escaped, byte| {
        let _ = match plain(byte) && !all {
            true => write!(escaped, "{}", char::from(byte)),
            false => write!(escaped, "%{byte:02X}"),
        };
        escaped
    })
}

fn units(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, character| {
        let _ = write!(escaped, "\\u{:04x}", u32::from(character));
        escaped
    })
}

/// Base64 (RFC 4648) by its definition, so that it is not held against the library that made it.
fn base64(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0_u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            text.push(char::from(alphabet[(word >> (18 - 6 * at)) as usize & 63]));
        }
    }
    text
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What a server may make of it, by name.
fn form(name: &str) -> String {
    let token = TOKEN.as_bytes();
    let aligned =
        |before: usize, alphabet| base64(&[&b"xxx"[..before], token, b"after"].concat(), alphabet);
    match name {
        "raw" => TOKEN.to_owned(),
        "percent" => percent(TOKEN, false),
        "percent-lower" => percent(TOKEN, false)
            .replace("%2F", "%2f")
            .replace("%2B", "%2b"),
        "percent-all" => percent(TOKEN, true),
        "base64-0" => aligned(0, STANDARD),
        "base64-1" => aligned(1, STANDARD),
        "base64-2" => aligned(2, STANDARD),
        "base64url-0" => aligned(0, URL),
        "base64url-1" => aligned(1, URL),
        "base64url-2" => aligned(2, URL),
        "hex" => hex(token, false),
        "hex-upper" => hex(token, true),
        "json" => TOKEN.replace('"', "\\\""),
        "json-slash" => TOKEN.replace('"', "\\\"").replace('/', "\\/"),
        "json-html" => TOKEN
            .replace('"', "\\\"")
            .replace('&', "\\u0026")
            .replace('<', "\\u003c"),
        "json-units" => units(TOKEN),
        other => panic!("{other}"),
    }
}

const FORMS: [&str; 16] = [
    "raw",
    "percent",
    "percent-lower",
    "percent-all",
    "base64-0",
    "base64-1",
    "base64-2",
    "base64url-0",
    "base64url-1",
    "base64url-2",
    "hex",
    "hex-upper",
    "json",
    "json-slash",
    "json-html",
    "json-units",
];

fn chunked(parts: &[&[u8]], trailers: &str) -> Parts {
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-t\r\n\r\n".to_vec();
    let mut all = vec![head];
    for part in parts {
        all.push([format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat());
    }
    all.push(format!("0\r\n{trailers}\r\n").into_bytes());
    all
}

/// What each path is answered with.
fn says(head: &str) -> Parts {
    let path = head
        .split(' ')
        .nth(1)
        .unwrap_or_default()
        .trim_start_matches("/api/");
    let authorization = header(head, "authorization").unwrap_or_default();
    let line = |line: &str| {
        vec![format!("HTTP/1.1 200 {line}\r\ncontent-length: 2\r\n\r\nok").into_bytes()]
    };
    match path.split_once('/') {
        Some(("body", name)) => vec![whole(
            "text/plain",
            format!("before {} after", form(name)).as_bytes(),
        )],
        Some(("split", name)) => {
            let text = form(name);
            let parts: Vec<&[u8]> = text.as_bytes().chunks(3).collect();
            chunked(&[&[b"before ".as_slice()], &parts[..]].concat(), "")
        }
        Some(("breaks-off", said)) => vec![
            format!(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{said}\r\n",
                said.len()
            )
            .into_bytes(),
            b"no chunk\r\n".to_vec(),
        ],
        _ => match path {
            "basic" => vec![whole("text/plain", authorization.as_bytes())],
            "header" => line(&format!("OK\r\nx-a: a{TOKEN}b")),
            "header-name" => line(&format!("OK\r\nx-{}: 1", form("hex-upper"))),
            "location" => vec![
                format!(
                    "HTTP/1.1 302 Found\r\nlocation: /x?token={}\r\ncontent-length: 0\r\n\r\n",
                    form("percent")
                )
                .into_bytes(),
            ],
            "status" => line(&format!("it was {TOKEN}")),
            "trailer" => chunked(&[b"all is well"], &format!("x-t: {TOKEN}\r\n")),
            "error" => vec![format!("HTTP/1.1 200 OK\r\n{TOKEN}\r\n\r\n").into_bytes()],
            "gzip" => vec![
                b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nok"
                    .to_vec(),
            ],
            "gzip-transfer" => vec![
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
                    .to_vec(),
            ],
            "near" => chunked(&[b"tok/live+4Q7", b"mXe1vZb9", b"d tok/"], ""),
            _ => vec![whole("text/plain", b"ok")],
        },
    }
}

/// Whether the skill heard no more than that the exchange broke off, and what came before the credential: the first
/// characters of base64 may hold some bits of it.
pub(crate) fn is_cut(said: &str) -> bool {
    let after = said
        .split_once("after ")
        .and_then(|(_, rest)| rest.split_once(" bytes: connection terminated"));
    let before =
        after.is_some_and(|(bytes, _)| bytes.parse::<usize>().unwrap() <= "all is well".len());
    said.contains("ErrorCode::ConnectionTerminated") || before
}

/// Nothing of it that is long enough to tell.
#[track_caller]
fn holds_nothing(name: &str, said: &str) {
    for piece in ["live+4", "4Q7mXe", "live%2B", "bGl2ZS"] {
        assert!(!said.contains(piece), "{name}: {said}");
    }
}

#[test]
fn every_form_of_it_ends_the_response_wherever_it_is_cut() {
    let authority = Authority::new();
    let server = Parrot::new(&authority, says);
    let house = House::usual(&server, &authority);
    for name in FORMS {
        for how in ["body", "split"] {
            let said = house.get(&format!("/api/{how}/{name}"), &[]).unwrap_err();
            assert!(is_cut(&said), "{how} {name}: {said}");
            holds_nothing(name, &said);
        }
    }
    for name in [
        "basic",
        "header",
        "header-name",
        "location",
        "status",
        "trailer",
    ] {
        let said = house.get(&format!("/api/{name}"), &[]).unwrap_err();
        assert!(is_cut(&said), "{name}: {said}");
        holds_nothing(name, &said);
    }
    house.get("/api/error", &[]).unwrap_err();
    let records = house.records(500);
    let echoes = records
        .iter()
        .filter(|record| record["status"] == "echo")
        .count();
    assert_eq!(echoes, 2 * FORMS.len() + 6);
    let log = std::fs::read_to_string(house.home.data("owner.log")).unwrap();
    assert!(log.contains("a credential came back"), "{log}");
    house.holds_nowhere(TOKEN);
    house.holds_nowhere("4Q7mXe1vZb9c");
}

#[test]
fn what_cannot_be_watched_does_not_come_through() {
    let authority = Authority::new();
    let server = Parrot::new(&authority, says);
    let house = House::usual(&server, &authority);
    for name in ["gzip", "gzip-transfer"] {
        let said = house
            .get(&format!("/api/{name}"), &[("accept-encoding", "gzip")])
            .unwrap_err();
        assert!(is_cut(&said), "{name}: {said}");
    }
    assert!(
        server
            .heads()
            .iter()
            .all(|head| header(head, "accept-encoding") == Some("identity"))
    );
}

#[test]
fn what_only_begins_like_it_comes_through_whole() {
    let authority = Authority::new();
    let server = Parrot::new(&authority, says);
    let house = House::usual(&server, &authority);
    let answer = house.get("/api/near", &[]).unwrap();
    assert_eq!(answer["body"], "tok/live+4Q7mXe1vZb9d tok/");
}

#[test]
fn what_comes_through_before_it_breaks_off_tells_no_guess_from_another() {
    let authority = Authority::new();
    let server = Parrot::new(&authority, says);
    let house = House::usual(&server, &authority);
    let hear = |guess: &str| {
        let path = format!("/api/breaks-off/{}{guess}", "x".repeat(400));
        house.get(&path, &[]).unwrap_err()
    };
    let held = 12 * (TOKEN.len() + 2);
    let let_through = format!("after {} bytes", 400 + 12 - held);
    for guess in [&TOKEN[..12], "tok/love-4Q7", "nothing-like"] {
        let said = hear(guess);
        assert!(said.contains(&let_through), "{guess}: {said}");
    }
}

#[test]
fn a_method_of_the_guest_s_own_words_is_recorded_nowhere() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let house = House::usual(&server, &authority);
    house.ask("READ-IN-A-SECRET", "/api/x", &[]).unwrap_err();
    let records = house.records(50);
    assert!(records.iter().any(|record| record["kind"] == "refusal"));
    house.holds_nowhere("READ-IN-A-SECRET");
}
