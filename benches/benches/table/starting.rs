//! Starting with many skills, what they take while nobody calls them, and the program's size.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use vouchsafe_tests::{Home, Socket, home, wasm};

use crate::client::{Client, memory};
use crate::report::{Report, median};

const SKILLS: usize = 100;
const STARTS: usize = 7;

/// A real skill of a common size, and what its name is replaced by, letter for letter.
const SKILL: &str = "invoice-intake";

pub(crate) fn measure(report: &mut Report) {
    let (few, bare) = start(&installed(0));
    let many = installed(SKILLS);
    let (slow, full) = start(&many);
    let met = slow < Duration::from_millis(300);
    report.times(
        "start with 100 skills of 300 KiB to the first answer",
        slow,
        ("with none", few),
        ("< 300 ms", met),
    );
    let each = full.saturating_sub(bare) as f64 / SKILLS as f64 / f64::from(1 << 20);
    let floor = format!(
        "host without skills {:.1} MiB",
        bare as f64 / f64::from(1 << 20)
    );
    report.row(
        "idle memory of an installed skill",
        format!("{each:.2} MiB"),
        floor,
        String::new(),
        ("< 1 MiB", each < 1.0),
    );
}

/// The median time from starting a bridge without an owner until the first listing is there, and the
/// owner's memory then.
fn start(home: &Home) -> (Duration, u64) {
    let mut times = Vec::new();
    let mut held = 0;
    for _ in 0..STARTS {
        home.stop();
        let begun = Instant::now();
        let mut client = Client::start(home.command(&["mcp"]));
        client.request("tools/list", &json!({}));
        let listing = client.line();
        times.push(begun.elapsed());
        assert!(listing.contains("\"tools\":["), "{listing}");
        let owner = Socket::open(home)
            .ask(&json!({ "do": "ping" }))
            .expect("an owner");
        let owner = owner["pid"]
            .as_u64()
            .and_then(|pid| u32::try_from(pid).ok());
        held = memory(owner.expect("its process id"));
    }
    (median(&mut times), held)
}

/// A home with so many copies of one skill, each under its own name.
fn installed(skills: usize) -> Home {
    let home = Home::trusting(&["vouchsafe-skills"]);
    let source = wasm::skill_source(SKILL);
    let component = std::fs::read(wasm::component(SKILL)).expect("the component");
    for number in 0..skills {
        let name = format!("invoice-in{number:04}").replace(['0'], "o");
        let copy = home.path("copy");
        rename(&source, &copy, &name);
        let code = copy.join("component.wasm");
        std::fs::write(&code, replace(&component, &name)).expect("a copy");
        let packed = home.path("copy.wasm");
        home.pack(&copy, &code, &packed).ok();
        home.sign(&packed);
        home.install(&packed).ok();
        if number % 10 == 9 {
            eprintln!("  {} installed", number + 1);
        }
    }
    home
}

fn rename(source: &Path, copy: &Path, name: &str) {
    std::fs::create_dir_all(copy.join("wit")).expect("a directory");
    let text = |file: &Path| std::fs::read(file).expect("a source file");
    let manifest = replace(&text(&source.join("skill.toml")), name);
    std::fs::write(copy.join("skill.toml"), manifest).expect("a copy");
    for entry in std::fs::read_dir(source.join("wit")).expect("its WIT") {
        let file = entry.expect("a file").path();
        let to = copy.join("wit").join(file.file_name().expect("a name"));
        std::fs::write(to, replace(&text(&file), name)).expect("a copy");
    }
}

fn replace(bytes: &[u8], name: &str) -> Vec<u8> {
    assert_eq!(name.len(), SKILL.len());
    let mut bytes = bytes.to_vec();
    let found: Vec<usize> = bytes
        .windows(SKILL.len())
        .enumerate()
        .filter(|(_, window)| *window == SKILL.as_bytes())
        .map(|(at, _)| at)
        .collect();
    for at in found {
        bytes[at..at + SKILL.len()].copy_from_slice(name.as_bytes());
    }
    bytes
}

pub(crate) fn size(report: &mut Report) {
    let bytes = std::fs::metadata(home::program())
        .expect("the program")
        .len();
    let met = ("< 60 MB", bytes < 60_000_000);
    report.row(
        "the `vouchsafe` program",
        format!("{:.1} MB", bytes as f64 / 1e6),
        String::new(),
        String::new(),
        met,
    );
}
