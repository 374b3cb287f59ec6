//! Whatever is in a component file, reading it ends soon, with a clear error or none, and never with a panic.

use super::with;
use std::path::Path;
use std::time::{Duration, Instant};
use vouchsafe_tests::{Home, Run, wasm};

/// Long enough for a busy machine, short enough to notice a bomb.
const SOON: Duration = Duration::from_secs(10);

/// Packs `component` with the manifest and WIT of `echo`, and checks that it ended well either way.
#[track_caller]
fn packed(home: &Home, what: &str, component: &[u8]) -> Run {
    let (file, output) = (home.path("component.wasm"), home.path("packed.wasm"));
    std::fs::write(&file, component).unwrap();
    let began = Instant::now();
    let run = home.pack(&wasm::guest_source("echo"), &file, &output);
    ended_well(what, &run, began);
    run
}

#[track_caller]
fn ended_well(what: &str, run: &Run, began: Instant) {
    assert!(began.elapsed() < SOON, "{what}: {:?}", began.elapsed());
    assert!(
        [0, 1, 2, 4].contains(&run.code),
        "{what}: {} {}",
        run.code,
        run.stderr
    );
    assert!(!run.stderr.contains("panicked"), "{what}: {}", run.stderr);
    assert_eq!(
        run.code == 0,
        !run.stderr.contains("error:"),
        "{what}: {}",
        run.stderr
    );
    assert!(run.stderr.len() < 2000, "{what}: {}", run.stderr);
}

#[test]
fn truncated_and_damaged_components_get_an_error_and_never_a_panic() {
    let home = Home::empty();
    let good = std::fs::read(wasm::component("echo")).unwrap();
    packed(&home, "whole", &good).ok();
    for cut in (0..40).map(|n| good.len() * n / 40).chain(0..12) {
        assert_ne!(
            packed(&home, &format!("cut at {cut}"), &good[..cut]).code,
            0
        );
    }
    // By a fixed rule, spread over the file; some of them damage nothing that matters.
    let mut at = 7_usize;
    for n in 0..80_u8 {
        at = (at.wrapping_mul(6_364_136_223) + 1_442_695_041) % good.len();
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (n % 8);
        packed(&home, &format!("bit {} of byte {at}", n % 8), &bytes);
    }
}

#[test]
fn a_packed_skill_that_was_cut_or_damaged_is_shown_or_refused_and_never_installed() {
    let home = with(&["echo"]);
    let (packed, damaged) = (home.path("echo.wasm"), home.path("damaged.wasm"));
    let bundle = |file: &Path| {
        home.path(&format!(
            "{}.sigstore.json",
            file.file_name().unwrap().to_str().unwrap()
        ))
    };
    std::fs::copy(bundle(&packed), bundle(&damaged)).unwrap();
    let good = std::fs::read(&packed).unwrap();
    let show = |what: &str, bytes: &[u8]| {
        std::fs::write(&damaged, bytes).unwrap();
        for verb in ["inspect", "install"] {
            let began = Instant::now();
            let run = home.run(&[verb, damaged.to_str().unwrap()]);
            ended_well(what, &run, began);
            assert!(
                verb == "inspect" || run.code == 4 || run.code == 1,
                "{what}: {}",
                run.stderr
            );
        }
    };
    for n in 0..16_usize {
        show(&format!("cut {n}"), &good[..good.len() * n / 16]);
        let mut bytes = good.clone();
        let at = good.len() * n / 16 + 3;
        bytes[at] ^= 0x10;
        show(&format!("byte {at}"), &bytes);
    }
    let listed = home.run(&["list", "--json"]).ok().json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
}

#[test]
fn huge_and_adversarial_components_are_refused_before_anything_is_compiled() {
    let home = Home::empty();
    let component = |text: String| wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"));
    let nested = |depth: usize| format!("{}{}", "(component ".repeat(depth), ")".repeat(depth));
    let module = |body: String| format!("(component (core module {body}))");
    let list = |depth: usize| {
        let types: String = (1..depth)
            .map(|n| format!("(type (list {}))", n - 1))
            .collect();
        format!(
            "(component (type (list u8)) {types} (import \"f\" (func (param \"p\" {}))))",
            depth - 1
        )
    };
    let many = |count: usize, one: &str| one.repeat(count);
    let empty = b"\0asm\x0d\0\x01\0".to_vec();
    let forged = |section: &[u8]| [empty.as_slice(), section].concat();
    for (what, bytes) in [
        ("nothing", vec![]),
        ("a module", b"\0asm\x01\0\0\0".to_vec()),
        ("an empty component", empty.clone()),
        ("another version", b"\0asm\xff\0\x01\0".to_vec()),
        ("text", b"(component)".to_vec()),
        ("zeros", vec![0; 1 << 20]),
        ("ones", vec![0xff; 1 << 20]),
        ("beyond 64 MiB", [empty.clone(), vec![0; 65 << 20]].concat()),
        (
            "a section longer than the file",
            forged(b"\x01\xff\xff\xff\xff\x0f"),
        ),
        (
            "four thousand million types",
            forged(b"\x07\x05\xff\xff\xff\xff\x0f"),
        ),
        (
            "four thousand million instances",
            forged(b"\x05\x05\xff\xff\xff\xff\x0f"),
        ),
        (
            "an endless number",
            forged(b"\x07\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"),
        ),
        ("an unknown section", forged(b"\x7f\x00")),
        ("components a hundred deep", component(nested(100))),
        ("types a thousand deep", component(list(1000))),
        (
            "300,000 functions",
            component(module(many(300_000, "(func)"))),
        ),
        (
            "a function of 2 MiB",
            component(module(format!("(func {})", many(1 << 20, "nop ")))),
        ),
        (
            "300 modules",
            component(format!("(component {})", many(300, "(core module)"))),
        ),
        ("100 memories", component(module(many(100, "(memory 1)")))),
        (
            "100 tables",
            component(module(many(100, "(table 1 funcref)"))),
        ),
        (
            "a function of 200 results",
            component(module(format!(
                "(func (result {}) unreachable)",
                many(200, "i32 ")
            ))),
        ),
        (
            "1,000,000 exports",
            component(module(format!(
                "(func $f) {}",
                (0..120_000)
                    .map(|n| format!("(export \"{n}\" (func $f))"))
                    .collect::<String>()
            ))),
        ),
    ] {
        let run = packed(&home, what, &bytes);
        assert_ne!(run.code, 0, "{what}");
    }
}
