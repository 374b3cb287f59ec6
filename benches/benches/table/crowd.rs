//! A host full of endless guests.

use std::time::{Duration, Instant};

use serde_json::json;
use vouchsafe_tests::Home;

use crate::client::Client;
use crate::report::{Report, percentile};

const GUESTS: usize = 64;
const PINGS: usize = 1000;

pub(crate) fn measure(report: &mut Report) {
    let home = Home::trusting(&["guests"]);
    home.with_limited_guest("endless-loop", "fuel = 1000000000000");
    let mut agent = Client::start(home.command(&["mcp"]));
    let mut bystander = Client::start(home.command(&["mcp"]));
    let idle = late_ping(&mut bystander);
    for _ in 0..GUESTS {
        agent.request(
            "tools/call",
            &json!({ "name": "endless-loop_run", "arguments": {} }),
        );
    }
    std::thread::sleep(Duration::from_secs(2));
    let busy = late_ping(&mut bystander);
    let met = busy < Duration::from_millis(10);
    report.times(
        "`ping` with 64 endless guests running, p99",
        busy,
        ("with none", idle),
        ("< 10 ms", met),
    );
}

fn late_ping(client: &mut Client) -> Duration {
    let mut times = Vec::new();
    for _ in 0..PINGS {
        let start = Instant::now();
        client.ask("ping", &json!({}));
        times.push(start.elapsed());
        std::thread::sleep(Duration::from_millis(1));
    }
    percentile(&mut times, 0.99)
}
