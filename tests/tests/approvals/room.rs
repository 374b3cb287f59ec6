//! A home with a tool that can't be undone, and people who can be asked.

use std::fs;

use serde_json::{Value as Json, json};
use vouchsafe_tests::{Home, Run, Sketch};

/// A home whose `acme:pay` has `wire`, which takes an amount and can't be undone, and `sum`, which reads; and in which
/// `bo` is enrolled.
pub(crate) fn room() -> Home {
    let home = Home::trusting(&["acme"]);
    let pay = Sketch::new("acme:pay", "1.0.0", 7).with_amount("wire", "irreversible", 8);
    pay.install(&home, "pay");
    enrol(&home, "bo", "bo@corp.example");
    home.apply().ok();
    home
}

/// Makes a key for `name` and proposes it as `person`'s, of `pay-approvers`.
pub(crate) fn enrol(home: &Home, name: &str, person: &str) {
    let key = home.new_key(name).with_extension("pub");
    let key = key.to_str().unwrap();
    let group = ["--group", "pay-approvers"];
    let enrol = ["approver", "enrol", name, "--person", person, "--key", key];
    home.run(&[&enrol[..], &group[..]].concat()).ok();
}

/// Writes `vouchsafe.toml`, with the agents of this user working for anna, and puts it into force.
pub(crate) fn settings(home: &Home, text: &str) {
    let text = format!(
        "{text}\n[works-for]\nuid-{} = \"anna@corp.example\"\n",
        own_uid()
    );
    fs::write(home.config("vouchsafe.toml"), text).unwrap();
    home.apply().ok();
}

/// Makes the grant of `wire` ask for `tier`.
pub(crate) fn asks_for(home: &Home, tier: &str) {
    confirm(home, "acme.pay", "wire", tier);
}

/// Makes the grant `grant` ask for a person at each call of `tool`.
pub(crate) fn asking(home: &Home, grant: &str, tool: &str) {
    confirm(home, grant, tool, "always");
}

fn confirm(home: &Home, grant: &str, tool: &str, tier: &str) {
    let path = home.config(&format!("grants/{grant}.toml"));
    let text = fs::read_to_string(&path).unwrap();
    let asking = format!("{tool} = {{ confirm = \"{tier}\" }}");
    let lines = text.lines().map(|line| {
        let name = line.split(' ').next();
        if name == Some(tool) {
            asking.as_str()
        } else {
            line
        }
    });
    let lines: Vec<_> = lines.collect();
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    home.apply().ok();
}

/// Asks for `wire`, which then waits; gives its name.
#[track_caller]
pub(crate) fn asked(home: &Home, amount: u64) -> String {
    name_in(&wire(home, amount).code(4))
}

/// The name of the waiting call that a refusal tells.
#[track_caller]
pub(crate) fn name_in(refused: &Run) -> String {
    let words = format!("{}{}", refused.stdout, refused.stderr);
    let at = words.find("it waits for people as ");
    let at = at.unwrap_or_else(|| panic!("it does not wait: {words}"));
    words[at + "it waits for people as ".len()..][..9].to_owned()
}

/// Calls `wire`.
pub(crate) fn wire(home: &Home, amount: u64) -> Run {
    // As MCP has 64-bit numbers: a string where a float could not hold it.
    let amount = match amount < 1 << 53 {
        true => json!(amount),
        false => json!(amount.to_string()),
    };
    home.call("pay_wire", &json!({ "amount": amount }))
}

/// `verb` (`approve` or `deny`) with the key of `name`.
pub(crate) fn decide(home: &Home, verb: &str, id: &str, name: &str) -> Run {
    let key = home.path(&format!("{name}.key"));
    let key = key.to_str().unwrap();
    home.run(&[
        verb,
        id,
        "--key",
        key,
        "--passphrase-file",
        home.passphrase(),
    ])
}

/// The intents of `wire` in the log.
pub(crate) fn wired(home: &Home) -> Vec<Json> {
    intents(home, "wire")
}

/// The intents of `tool` in the log.
pub(crate) fn intents(home: &Home, tool: &str) -> Vec<Json> {
    let mut records = home.records(1000);
    records.retain(|record| record["kind"] == "intent" && record["tool"] == tool);
    records
}

/// The user whose agents call here.
pub(crate) fn own_uid() -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").unwrap().uid()
}
