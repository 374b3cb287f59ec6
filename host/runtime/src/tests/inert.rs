//! Each line of the inert list does nothing outside the call.

use super::*;
use crate::imports::wasi::INERT;
use crate::lines::Source;

#[test]
fn the_list_is_the_one_that_reviewers_see() {
    let mut linked: Vec<_> = INERT.iter().map(|(name, _)| *name).collect();
    let mut listed: Vec<_> = vouchsafe_package::inert::LIST
        .iter()
        .map(|line| line.interface)
        .collect();
    linked.sort_unstable();
    listed.sort_unstable();
    assert_eq!(linked, listed);
}

/// Prints `text` to standard output, `times` times.
fn print(text: &str, times: u32) -> String {
    let length = text.len();
    let text: String = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    format!(
        r#"(component
        (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
        (alias export $error "error" (type $error))
        (import "wasi:io/streams@0.2.0" (instance $streams
            (export "output-stream" (type $out (sub resource)))
            (alias outer 1 $error (type $e)) (export "error" (type $error (eq $e)))
            (type $d (variant (case "last-operation-failed" (own $error)) (case "closed")))
            (export "stream-error" (type $stream-error (eq $d)))
            (export "[method]output-stream.blocking-write-and-flush"
                (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
        (alias export $streams "output-stream" (type $out))
        (import "wasi:cli/stdout@0.2.0" (instance $stdout
            (alias outer 1 $out (type $o)) (export "output-stream" (type $out (eq $o)))
            (export "get-stdout" (func (result (own $out))))))
        (core module $libc (memory (export "memory") 1) (data (i32.const 64) "{text}"))
        (core instance $libc (instantiate $libc))
        (core func $get (canon lower (func $stdout "get-stdout")))
        (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush") (memory (core memory $libc "memory"))))
        (core module $m
            (import "h" "get" (func $get (result i32)))
            (import "h" "write" (func $write (param i32 i32 i32 i32)))
            (import "libc" "memory" (memory 1))
            (func (export "run") (local $out i32) (local $n i32)
                (local.set $out (call $get))
                (loop
                    (call $write (local.get $out) (i32.const 64) (i32.const {length}) (i32.const 0))
                    (if (i32.load8_u (i32.const 0)) (then unreachable))
                    (br_if 0 (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const {times}))))))
        (core instance $i (instantiate $m
            (with "libc" (instance $libc))
            (with "h" (instance (export "get" (func $get)) (export "write" (func $write))))))
        (func (export "run") (canon lift (core func $i "run"))))"#
    )
}

#[tokio::test]
async fn what_a_guest_prints_is_a_bounded_line_for_the_operator() {
    let engine = engine(|_| ());
    let ran = run(&engine, &print("hello\u{1b}[2J\n", 1), |job| job).await;
    assert_eq!(ran.result, Ok(None));
    let line = &ran.lines.kept[0];
    assert_eq!(
        (line.source, line.text.as_str()),
        (Source::Stdout, "hello\\u{1b}[2J")
    );
    let ran = run(&engine, &print("flood\n", 10_000), |job| job).await;
    assert_eq!(
        ran.result,
        Ok(None),
        "printing too much loses words, not the call"
    );
    assert_eq!(ran.lines.kept.len() as u64 + ran.lines.dropped, 10_000);
    assert!(ran.lines.kept.len() <= 200);
}

/// Calls one function of `interface` and traps unless it answers `expected` as its first result byte or length.
fn probe(interface: &str, ty: &str, function: &str, check: &str) -> String {
    format!(
        r#"(component
        (import "{interface}" (instance $w {ty}))
        (core module $libc (memory (export "memory") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
        (core instance $libc (instantiate $libc))
        (core func $f (canon lower (func $w "{function}") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
        (core module $m
            (import "h" "f" (func $f (param i32)))
            (import "libc" "memory" (memory 1))
            (func (export "run")
                (call $f (i32.const 8))
                (if (i32.eqz {check}) (then unreachable))))
        (core instance $i (instantiate $m
            (with "libc" (instance $libc)) (with "h" (instance (export "f" (func $f))))))
        (func (export "run") (canon lift (core func $i "run"))))"#
    )
}

#[tokio::test]
async fn there_are_no_variables_arguments_or_directory() {
    let engine = engine(|_| ());
    let empty = "(i32.eqz (i32.load (i32.const 12)))";
    let none = "(i32.eqz (i32.load8_u (i32.const 8)))";
    for (function, ty, check) in [
        ("get-environment", "(list (tuple string string))", empty),
        ("get-arguments", "(list string)", empty),
        ("initial-cwd", "(option string)", none),
    ] {
        let ty = format!(r#"(export "{function}" (func (result {ty})))"#);
        let wat = probe("wasi:cli/environment@0.2.0", &ty, function, check);
        assert_eq!(
            run(&engine, &wat, |job| job).await.result,
            Ok(None),
            "{function}"
        );
    }
}

#[tokio::test]
async fn there_are_no_folders_and_no_terminals() {
    let engine = engine(|_| ());
    let wat = r#"(component
        (import "wasi:filesystem/types@0.2.0" (instance $types (export "descriptor" (type (sub resource)))))
        (alias export $types "descriptor" (type $d))
        (import "wasi:filesystem/preopens@0.2.0" (instance $w
            (alias outer 1 $d (type $e)) (export "descriptor" (type $f (eq $e)))
            (export "get-directories" (func (result (list (tuple (own $f) string)))))))
        (core module $libc (memory (export "memory") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
        (core instance $libc (instantiate $libc))
        (core func $f (canon lower (func $w "get-directories") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
        (core module $m
            (import "h" "f" (func $f (param i32)))
            (import "libc" "memory" (memory 1))
            (func (export "run") (call $f (i32.const 8)) (if (i32.load (i32.const 12)) (then unreachable))))
        (core instance $i (instantiate $m
            (with "libc" (instance $libc)) (with "h" (instance (export "f" (func $f))))))
        (func (export "run") (canon lift (core func $i "run"))))"#;
    assert_eq!(run(&engine, wat, |job| job).await.result, Ok(None));
    for (stream, function) in [
        ("stdin", "input"),
        ("stdout", "output"),
        ("stderr", "output"),
    ] {
        let wat = wat
            .replace(
                "wasi:filesystem/types",
                &format!("wasi:cli/terminal-{function}"),
            )
            .replace(
                "wasi:filesystem/preopens",
                &format!("wasi:cli/terminal-{stream}"),
            )
            .replace("descriptor", &format!("terminal-{function}"))
            .replace("get-directories", &format!("get-terminal-{stream}"))
            .replace("(list (tuple (own $f) string))", "(option (own $f))")
            .replace("(i32.load (i32.const 12))", "(i32.load8_u (i32.const 8))");
        assert_eq!(
            run(&engine, &wat, |job| job).await.result,
            Ok(None),
            "{stream}"
        );
    }
}

#[tokio::test]
async fn sockets_and_names_are_refused() {
    let engine = engine(|_| ());
    let codes: String = CODES.map(|code| format!("\"{code}\" ")).concat();
    for protocol in ["tcp", "udp"] {
        let wat = format!(
            r#"(component
            (import "wasi:sockets/network@0.2.0" (instance $network
                (type $c (enum {codes})) (export "error-code" (type (eq $c)))
                (type $f (enum "ipv4" "ipv6")) (export "ip-address-family" (type (eq $f)))))
            (alias export $network "error-code" (type $code))
            (alias export $network "ip-address-family" (type $family))
            (import "wasi:sockets/{protocol}@0.2.0" (instance $tcp (export "{protocol}-socket" (type (sub resource)))))
            (alias export $tcp "{protocol}-socket" (type $socket))
            (import "wasi:sockets/{protocol}-create-socket@0.2.0" (instance $create
                (alias outer 1 $code (type $a)) (export "error-code" (type $code (eq $a)))
                (alias outer 1 $family (type $b)) (export "ip-address-family" (type $family (eq $b)))
                (alias outer 1 $socket (type $d)) (export "{protocol}-socket" (type $socket (eq $d)))
                (export "create-{protocol}-socket" (func (param "address-family" $family) (result (result (own $socket) (error $code)))))))
            (core module $libc (memory (export "memory") 1))
            (core instance $libc (instantiate $libc))
            (core func $f (canon lower (func $create "create-{protocol}-socket") (memory (core memory $libc "memory"))))
            (core module $m
                (import "h" "f" (func $f (param i32 i32)))
                (import "libc" "memory" (memory 1))
                (func (export "run")
                    (call $f (i32.const 0) (i32.const 8))
                    (if (i32.ne (i32.load8_u (i32.const 8)) (i32.const 1)) (then unreachable))
                    (if (i32.ne (i32.load8_u (i32.const 12)) (i32.const 1)) (then unreachable))))
            (core instance $i (instantiate $m
                (with "libc" (instance $libc)) (with "h" (instance (export "f" (func $f))))))
            (func (export "run") (canon lift (core func $i "run"))))"#
        );
        assert_eq!(
            run(&engine, &wat, |job| job).await.result,
            Ok(None),
            "{protocol}"
        );
    }
}

#[tokio::test]
async fn exit_ends_the_call_and_only_the_call() {
    let engine = engine(|_| ());
    let wat = r#"(component
        (import "wasi:cli/exit@0.2.0" (instance $exit (export "exit" (func (param "status" (result))))))
        (core func $exit (canon lower (func $exit "exit")))
        (core module $m (import "h" "exit" (func $exit (param i32))) (func (export "run") (call $exit (i32.const 1))))
        (core instance $i (instantiate $m (with "h" (instance (export "exit" (func $exit))))))
        (func (export "run") (canon lift (core func $i "run"))))"#;
    assert_eq!(
        error(run(&engine, wat, |job| job).await),
        CallError::Exited(1)
    );
}

#[tokio::test]
async fn log_lines_carry_their_level() {
    let engine = engine(|_| ());
    let wat = r#"(component
        (import "vouchsafe:skill/log@0.1.0" (instance $log
            (type $l (enum "debug" "info" "warn" "error")) (export "level" (type $level (eq $l)))
            (export "write" (func (param "level" $level) (param "message" string)))))
        (core module $libc (memory (export "memory") 1) (data (i32.const 0) "careful"))
        (core instance $libc (instantiate $libc))
        (core func $write (canon lower (func $log "write") (memory (core memory $libc "memory"))))
        (core module $m (import "h" "write" (func $write (param i32 i32 i32)))
            (func (export "run") (call $write (i32.const 2) (i32.const 0) (i32.const 7))))
        (core instance $i (instantiate $m (with "h" (instance (export "write" (func $write))))))
        (func (export "run") (canon lift (core func $i "run"))))"#;
    let ran = run(&engine, wat, |job| job).await;
    assert_eq!(ran.result, Ok(None));
    assert_eq!(
        (ran.lines.kept[0].source, ran.lines.kept[0].text.as_str()),
        (Source::Warn, "careful")
    );
}

#[tokio::test]
async fn names_are_not_looked_up_and_input_is_at_its_end() {
    let engine = engine(|_| ());
    let codes: String = CODES.map(|code| format!("\"{code}\" ")).concat();
    let lookup = format!(
        r#"(component
        (import "wasi:sockets/network@0.2.0" (instance $network
            (export "network" (type (sub resource)))
            (type $c (enum {codes})) (export "error-code" (type (eq $c)))))
        (alias export $network "error-code" (type $code))
        (alias export $network "network" (type $net))
        (import "wasi:sockets/instance-network@0.2.0" (instance $here
            (alias outer 1 $net (type $n)) (export "network" (type $net (eq $n)))
            (export "instance-network" (func (result (own $net))))))
        (import "wasi:sockets/ip-name-lookup@0.2.0" (instance $names
            (alias outer 1 $code (type $a)) (export "error-code" (type $code (eq $a)))
            (alias outer 1 $net (type $n)) (export "network" (type $net (eq $n)))
            (export "resolve-address-stream" (type $stream (sub resource)))
            (export "resolve-addresses" (func (param "network" (borrow $net)) (param "name" string)
                (result (result (own $stream) (error $code)))))))
        (core module $libc (memory (export "memory") 1) (data (i32.const 64) "example.com"))
        (core instance $libc (instantiate $libc))
        (core func $here (canon lower (func $here "instance-network")))
        (core func $find (canon lower (func $names "resolve-addresses") (memory (core memory $libc "memory"))))
        (core module $m
            (import "h" "here" (func $here (result i32)))
            (import "h" "find" (func $find (param i32 i32 i32 i32)))
            (import "libc" "memory" (memory 1))
            (func (export "run")
                (call $find (call $here) (i32.const 64) (i32.const 11) (i32.const 8))
                (if (i32.ne (i32.load8_u (i32.const 8)) (i32.const 1)) (then unreachable))
                (if (i32.ne (i32.load8_u (i32.const 12)) (i32.const {denied})) (then unreachable))))
        (core instance $i (instantiate $m
            (with "libc" (instance $libc))
            (with "h" (instance (export "here" (func $here)) (export "find" (func $find))))))
        (func (export "run") (canon lift (core func $i "run"))))"#,
        denied = 20 // permanent-resolver-failure
    );
    assert_eq!(run(&engine, &lookup, |job| job).await.result, Ok(None));

    let input = r#"(component
        (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
        (alias export $error "error" (type $error))
        (import "wasi:io/streams@0.2.0" (instance $streams
            (export "input-stream" (type $in (sub resource)))
            (alias outer 1 $error (type $e)) (export "error" (type $error (eq $e)))
            (type $d (variant (case "last-operation-failed" (own $error)) (case "closed")))
            (export "stream-error" (type $stream-error (eq $d)))
            (export "[method]input-stream.blocking-read"
                (func (param "self" (borrow $in)) (param "len" u64) (result (result (list u8) (error $stream-error)))))))
        (alias export $streams "input-stream" (type $in))
        (import "wasi:cli/stdin@0.2.0" (instance $stdin
            (alias outer 1 $in (type $o)) (export "input-stream" (type $in (eq $o)))
            (export "get-stdin" (func (result (own $in))))))
        (core module $libc (memory (export "memory") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
        (core instance $libc (instantiate $libc))
        (core func $get (canon lower (func $stdin "get-stdin")))
        (core func $read (canon lower (func $streams "[method]input-stream.blocking-read")
            (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
        (core module $m
            (import "h" "get" (func $get (result i32)))
            (import "h" "read" (func $read (param i32 i64 i32)))
            (import "libc" "memory" (memory 1))
            (func (export "run")
                (call $read (call $get) (i64.const 10) (i32.const 8))
                (if (i32.ne (i32.load8_u (i32.const 8)) (i32.const 1)) (then unreachable))
                (if (i32.ne (i32.load8_u (i32.const 12)) (i32.const 1)) (then unreachable))))
        (core instance $i (instantiate $m
            (with "libc" (instance $libc))
            (with "h" (instance (export "get" (func $get)) (export "read" (func $read))))))
        (func (export "run") (canon lift (core func $i "run"))))"#;
    assert_eq!(run(&engine, input, |job| job).await.result, Ok(None));
}

/// The error codes of `wasi:sockets`, in order.
const CODES: [&str; 21] = [
    "unknown",
    "access-denied",
    "not-supported",
    "invalid-argument",
    "out-of-memory",
    "timeout",
    "concurrency-conflict",
    "not-in-progress",
    "would-block",
    "invalid-state",
    "new-socket-limit",
    "address-not-bindable",
    "address-in-use",
    "remote-unreachable",
    "connection-refused",
    "connection-reset",
    "connection-aborted",
    "datagram-too-large",
    "name-unresolvable",
    "temporary-resolver-failure",
    "permanent-resolver-failure",
];
