//! Measures what the README's table says, and prints it: `cargo xtask bench [NAME]`.
//!
//! Machines differ and neighbours disturb, so each figure stands beside its floor, measured in the
//! same run by the same means.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measuring tool may fail by panicking"
)]

mod client;
mod crowd;
mod disk;
mod egress;
mod metering;
mod nested;
mod owner;
mod raw;
mod report;
mod serve;
#[path = "../../../tests/tests/egress/server.rs"]
#[expect(
    dead_code,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a server of the tests, of which little is asked here"
)]
mod server;
mod starting;
mod stdio;

use report::Report;

/// A measurement and its name.
type Bench = (&'static str, fn(&mut Report));

const BENCHES: [Bench; 9] = [
    ("owner", owner::measure),
    ("nested", nested::measure),
    ("stdio", stdio::measure),
    ("serve", serve::measure),
    ("start", starting::measure),
    ("metering", metering::measure),
    ("crowd", crowd::measure),
    ("egress", egress::measure),
    ("size", starting::size),
];

fn main() {
    let wanted = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    let mut report = Report::default();
    for (name, measure) in BENCHES {
        if wanted
            .as_ref()
            .is_none_or(|wanted| name.contains(wanted.as_str()))
        {
            eprintln!("measuring {name} ...");
            measure(&mut report);
        }
    }
    println!("{report}");
}
