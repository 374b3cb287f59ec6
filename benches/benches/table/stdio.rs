//! Calls over MCP and stdio, through the bridge, beside a server that does nothing.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use vouchsafe_tests::{Home, Socket};

use crate::client::{Client, processor_time};
use crate::disk;
use crate::report::{Report, median, percentile, time};

const ALONE: usize = 4000;
const CROWD: usize = 30_000;
const FLYING: usize = 16;

/// What one server did.
struct Seen {
    alone: Duration,
    late: Duration,
    alone_work: Duration,
    a_second: f64,
    crowd_work: Duration,
}

pub(crate) fn measure(report: &mut Report) {
    let home = Home::trusting(&["guests"]);
    home.with_guest("echo");
    home.call("echo_say", &json!({ "text": "hello" })).ok();
    let owner = owner(&home);
    let commit = disk::commit(&std::env::temp_dir());

    let floor = seen(Command::new(env!("CARGO_BIN_EXE_do-nothing")), None);
    let ours = seen(home.command(&["mcp"]), Some(owner));

    let goal = floor.alone + Duration::from_micros(150) + commit;
    let what = "an MCP call over stdio, durable record, p50";
    let sum = format!(
        "do-nothing server {} + 0.15 ms + one fdatasync {}",
        time(floor.alone),
        time(commit)
    );
    let ratio = ours.alone.as_secs_f64() / goal.as_secs_f64();
    report.row(
        what,
        time(ours.alone),
        sum,
        format!("{ratio:.2}x"),
        ("<= 1x", ratio <= 1.0),
    );
    report.times(
        "the same, p99",
        ours.late,
        ("do-nothing server", floor.late),
        ("", true),
    );
    let work = |what: &str, ours: Duration, floor: Duration, report: &mut Report| {
        let met = ours <= Duration::from_micros(250);
        report.times(
            what,
            ours,
            ("do-nothing server", floor),
            ("<= 0.25 ms", met),
        );
    };
    work(
        "server CPU for it, user and system, owner and bridge",
        ours.alone_work,
        floor.alone_work,
        report,
    );
    work(
        "server CPU of a call when 16 are under way",
        ours.crowd_work,
        floor.crowd_work,
        report,
    );
    let share = ours.a_second / floor.a_second;
    report.row(
        "MCP calls with 16 under way, every record durable",
        format!("{:.0}/s", ours.a_second),
        format!("do-nothing server {:.0}/s", floor.a_second),
        format!("{:.0} %", share * 100.0),
        (">= 5,000/s", ours.a_second >= 5000.0),
    );
}

fn owner(home: &Home) -> u32 {
    let facts = Socket::open(home)
        .ask(&json!({ "do": "ping" }))
        .expect("an owner");
    facts["pid"]
        .as_u64()
        .and_then(|pid| u32::try_from(pid).ok())
        .expect("its process id")
}

fn seen(server: Command, owner: Option<u32>) -> Seen {
    let mut client = Client::start(server);
    let pids: Vec<u32> = std::iter::once(client.pid()).chain(owner).collect();
    let worked = || {
        pids.iter()
            .map(|pid| processor_time(*pid))
            .sum::<Duration>()
    };
    client.calls(500, 1);
    let (work, mut times) = (worked(), client.calls(ALONE, 1));
    let alone_work = (worked() - work) / ALONE as u32;
    client.calls(2000, FLYING);
    let (work, start) = (worked(), Instant::now());
    client.calls(CROWD, FLYING);
    let a_second = CROWD as f64 / start.elapsed().as_secs_f64();
    Seen {
        alone: median(&mut times),
        late: percentile(&mut times, 0.99),
        alone_work,
        a_second,
        crowd_work: (worked() - work) / CROWD as u32,
    }
}
