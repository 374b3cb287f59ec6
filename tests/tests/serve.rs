//! `serve`: who gets in over the network, as whom, and who does not. Against the program itself on loopback.
#![cfg(test)]

#[path = "serve/certificates.rs"]
mod certificates;
#[path = "serve/clients.rs"]
mod clients;
#[path = "serve/invitations.rs"]
mod invitations;
#[path = "serve/requests.rs"]
mod requests;
#[path = "serve/running.rs"]
mod running;

use vouchsafe_tests::Home;
use vouchsafe_tests::served::Served;

/// A served home with the guests `echo` and `types`, and agents of these names: `a` may call `echo` alone.
fn served(agents: &[&str]) -> Served {
    served_with(agents, "")
}

fn served_with(agents: &[&str], settings: &str) -> Served {
    let home = Home::trusting(&["guests"]);
    home.with_guest("echo");
    home.with_guest("types");
    let served = Served::start(home, settings);
    for agent in agents {
        let tools = match *agent {
            "a" => "[\"guests:echo/*\"]",
            _ => "[\"*\"]",
        };
        served.agent(agent, tools);
    }
    served
}

/// The first message of a session.
const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"0"}}}"#;
