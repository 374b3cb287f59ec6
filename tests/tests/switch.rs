//! The off-switch and the state that tells what is in force: neither is undone with the user's shell.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what fails here fails the test"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use vouchsafe_package::Digest;
use vouchsafe_tests::say::{answers, refuses, says, text};
use vouchsafe_tests::{Home, Sketch, Socket};

fn pay(version: &str, answer: u32) -> Sketch {
    Sketch::new("acme:pay", version, answer)
}

fn keep(home: &Home, file: &Path) -> Result<Json, Json> {
    let digest = Digest::of(&fs::read(file).unwrap());
    let keep = json!({ "do": "keep", "file": file, "digest": digest, "allow_rollback": true });
    Socket::open(home).ask(&keep)
}

/// A home with `acme:pay` granted to follow to any later 1.x.
fn following() -> Home {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&home, "pay");
    let path = home.config("grants/acme.pay.toml");
    let grant = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("follow = \"^1\"\n{grant}")).unwrap();
    home.apply().ok();
    home
}

/// The facts of the records of `action`, oldest first.
fn told(home: &Home, action: &str) -> Vec<Json> {
    let records = home.records(1000).into_iter();
    let of_action = records.filter(|record| record["action"] == action);
    of_action.map(|record| record["facts"].clone()).collect()
}

#[test]
fn what_is_switched_off_by_name_is_off_in_every_version_to_come() {
    let home = following();
    home.run(&["disable", "acme:pay"]).ok();
    keep(&home, &pay("1.0.1", 8).sign(&home, "new")).unwrap();
    refuses(&home, "pay_sum", "disabled");
    home.stop();
    keep(&home, &pay("1.0.2", 9).sign(&home, "newer")).unwrap();
    refuses(&home, "pay_sum", "disabled");
    let granted = home.path("pay.wasm");
    home.install(&granted).ok();
    assert_ne!(home.call("pay_sum", &json!({})).code, 4);
}

#[test]
fn an_older_copy_of_the_switches_brings_nothing_back() {
    let home = following();
    home.stop();
    let old = fs::read(home.data("disabled.json")).unwrap();
    home.run(&["disable", "pay"]).ok();
    home.stop();
    fs::write(home.data("disabled.json"), old).unwrap();
    refuses(&home, "pay_sum", "disabled");
}

#[test]
fn state_that_the_log_contradicts_is_not_served() {
    let home = following();
    home.stop();
    let names = ["applied.json", "versions.json"];
    let old = names.map(|name| fs::read(home.data(name)).unwrap());
    home.apply_anew().ok();
    home.stop();
    let new = names.map(|name| fs::read(home.data(name)).unwrap());
    for (name, old) in names.iter().zip(&old) {
        fs::write(home.data(name), old).unwrap();
    }
    let run = home.run(&["list"]);
    assert_ne!(run.code, 0);
    says(&run, "an old state was put back");
    for (name, new) in names.iter().zip(&new) {
        fs::write(home.data(name), new).unwrap();
    }
    answers(&home, "pay_sum", 7);
}

#[test]
fn what_an_older_root_authenticated_is_not_served_after_a_rotation() {
    let home = following();
    answers(&home, "pay_sum", 7);
    home.stop();
    let names = ["operator.json", "applied.json", "disabled.json"];
    let old = names.map(|name| fs::read(home.data(name)).unwrap());
    home.prove(&["keys", "rotate"]).ok();
    answers(&home, "pay_sum", 7);
    home.stop();
    for (name, old) in names.iter().zip(&old) {
        let new = fs::read(home.data(name)).unwrap();
        fs::write(home.data(name), old).unwrap();
        says(&home.run(&["list"]), "was not written by this host");
        fs::write(home.data(name), new).unwrap();
    }
    answers(&home, "pay_sum", 7);
}

#[test]
fn a_rotation_cut_short_anywhere_loses_nothing() {
    let home = following();
    answers(&home, "pay_sum", 7);
    home.stop();
    let states = [
        "audit/checkpoint",
        "audit/mark",
        "versions.json",
        "applied.json",
        "disabled.json",
        "operator.json",
    ];
    let read = |name: &str| fs::read(home.data(name)).unwrap();
    let keys = || (read("keystore.json"), read("seal.key"));
    let (old, (old_keys, old_seal)) = (states.map(read), keys());
    home.prove(&["keys", "rotate"]).ok();
    let (new, (new_keys, new_seal)) = (states.map(read), keys());
    assert!(!home.data("rotating").exists());
    // As many files as were written beside, under which keystore and seal, and as many as have moved in.
    for (written, keys, seal, moved) in [
        (0, &old_keys, &old_seal, 0),
        (3, &old_keys, &old_seal, 0),
        (6, &old_keys, &old_seal, 0),
        (6, &new_keys, &old_seal, 0),
        (6, &new_keys, &new_seal, 0),
        (6, &new_keys, &new_seal, 1),
        (6, &new_keys, &new_seal, 2),
        (6, &new_keys, &new_seal, 3),
        (6, &new_keys, &new_seal, 6),
    ] {
        home.stop();
        fs::create_dir(home.data("rotating")).unwrap();
        fs::write(home.data("keystore.json"), keys).unwrap();
        fs::write(home.data("seal.key"), seal).unwrap();
        if *seal == old_seal {
            let next = home.data("rotating").join("seal.key");
            fs::write(&next, &new_seal).unwrap();
            fs::set_permissions(&next, fs::Permissions::from_mode(0o600)).unwrap();
        }
        for (at, name) in states.iter().enumerate() {
            let here = if at < moved { &new[at] } else { &old[at] };
            fs::write(home.data(name), here).unwrap();
            if (moved..written).contains(&at) {
                let name = name.rsplit('/').next().unwrap();
                fs::write(home.data("rotating").join(name), &new[at]).unwrap();
            }
        }
        answers(&home, "pay_sum", 7);
        assert!(!home.data("rotating").exists());
        home.run(&["keys", "list"]).ok();
    }
}

#[test]
fn a_rotation_needs_the_operator_is_recorded_and_renews_the_seal() {
    let home = following();
    home.stop();
    let keys = || ["keystore.json", "seal.key"].map(|name| fs::read(home.data(name)).unwrap());
    let old = keys();
    let stranger = home.new_key("stranger");
    says(
        &home.run(&["keys", "rotate", "--yes"]).code(4),
        "passphrase",
    );
    let stranger = ["keys", "rotate", "--operator-key", text(&stranger)];
    let refused = home.prove(&stranger).code(4);
    says(&refused, "is not the key of an operator of this home");
    assert_eq!(keys(), old);
    assert!(told(&home, "rotate-keys").is_empty());

    home.prove(&["keys", "rotate"]).ok();
    let new = keys();
    assert!(new[0] != old[0] && new[1] != old[1]);
    let facts = told(&home, "rotate-keys").pop().unwrap();
    assert_eq!((&facts["from"], &facts["to"]), (&json!("1"), &json!("2")));
    assert_eq!(facts["operator"], told(&home, "apply")[0]["operator"]);
    let purposes = facts["purposes"].as_str().unwrap();
    assert!(purposes.contains("log-commitments") && purposes.contains("applied-state"));

    // Whoever took the seal before the rotation has nothing by it.
    home.stop();
    fs::write(home.data("seal.key"), &old[1]).unwrap();
    says(&home.run(&["keys", "list"]), "does not open this keystore");
    fs::write(home.data("seal.key"), &new[1]).unwrap();
    answers(&home, "pay_sum", 7);
}

#[test]
fn switching_many_versions_off_is_recorded_whole() {
    let home = following();
    for patch in 1..=8 {
        let version = format!("1.0.{patch}");
        keep(
            &home,
            &pay(&version, patch).sign(&home, &format!("v{patch}")),
        )
        .unwrap();
    }
    answers(&home, "pay_sum", 8);
    home.run(&["disable", "pay"]).ok();
    let disabled = told(&home, "disable");
    assert_eq!(disabled.len(), 9);
    assert!(disabled.iter().all(|facts| facts["skill"] == "acme:pay"));
    home.prove(&["remove", "pay"]).ok();
    assert_eq!(told(&home, "remove").len(), 9);
}

#[test]
fn keeping_following_and_switching_on_again_are_recorded() {
    let home = following();
    let new = pay("1.0.1", 8).sign(&home, "new");
    let digest = Digest::of(&fs::read(&new).unwrap()).to_string();
    keep(&home, &new).unwrap();
    answers(&home, "pay_sum", 8);
    home.stop();
    answers(&home, "pay_sum", 8);
    let last = |action| told(&home, action).pop().unwrap();
    assert_eq!(last("keep")["digest"], json!(digest));
    assert_eq!(told(&home, "follow").len(), 1, "once");
    assert_eq!(last("follow")["version"], "1.0.1");
    home.run(&["disable", "pay"]).ok();
    home.install(&new).ok();
    answers(&home, "pay_sum", 8);
    assert_eq!(last("apply")["enabled-0-digest"], json!(digest));
}

#[test]
fn the_role_that_decides_is_as_it_was_applied() {
    let home = following();
    let role = home.config("roles/people.toml");
    let text = "role = \"local\"\nskills = [\"read\", \"execute\"]\ntools = [\"*\"]\n";
    fs::write(&role, text).unwrap();
    home.apply().ok();
    answers(&home, "pay_sum", 7);
    fs::write(&role, format!("{text}\n")).unwrap();
    refuses(&home, "pay_sum", "roles/people.toml");
}

#[test]
fn a_call_of_what_is_switched_off_ends() {
    let home = Home::trusting(&["guests"]);
    home.with_guest("sleeper");
    let arguments = ["call", "sleeper_sleep", "milliseconds=15000", "--json"];
    let sleep = home.command(&arguments).stdout(Stdio::piped()).spawn();
    std::thread::sleep(Duration::from_secs(3));
    let off = Instant::now();
    home.run(&["disable", "sleeper"]).ok();
    let output = sleep.unwrap().wait_with_output().unwrap();
    assert!(off.elapsed() < Duration::from_secs(8));
    assert!(!output.status.success());
}

/// Calls that are hard to stop: each of their instructions is long.
fn busy(home: &Home) -> Vec<Child> {
    home.with_guest("wat-bulk-work");
    let arguments = ["call", "wat-bulk-work_run", "--json"];
    let call = || {
        let mut command = home.command(&arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let calls = (0..6).map(|_| call()).collect();
    let until = Instant::now() + Duration::from_secs(10);
    let intents = || {
        let records = home.records(1000).into_iter();
        records.filter(|record| record["kind"] == "intent").count()
    };
    while intents() < 6 {
        assert!(Instant::now() < until, "they do not run");
    }
    calls
}

#[test]
fn when_a_skill_is_switched_off_nothing_of_it_is_under_way_any_more() {
    let home = Home::trusting(&["guests"]);
    let calls = busy(&home);
    let mut socket = Socket::open(&home);
    let off = json!({ "do": "disable", "skill": "wat-bulk-work" });
    assert_eq!(socket.ask(&off).unwrap()["under_way"], 0);
    for mut call in calls {
        assert!(!call.wait().unwrap().success());
    }
}

/// One command stops everything, also what comes later and after a restart; only the operator's key lifts it.
#[test]
fn what_is_halted_stays_so_until_an_operator_lifts_it() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&home, "pay");
    for halt in [&["--publisher", "publisher"][..], &["--all"]] {
        assert_ne!(home.call("pay_sum", &json!({})).code, 4);
        home.run(&[&["disable"], halt].concat()).ok();
        refuses(&home, "pay_sum", "halted");
        keep(&home, &pay("1.0.1", 8).sign(&home, "new")).unwrap();
        home.install(&home.path("pay.wasm")).ok();
        refuses(&home, "pay_sum", "halted");
        home.end_owner();
        refuses(&home, "pay_sum", "vouchsafe apply --resume");
        home.apply_anew().ok();
        refuses(&home, "pay_sum", "halted");
        let resume = ["apply", "--resume", "--yes"];
        home.run(&resume).code(4);
        home.run(&[&resume[..], &["--passphrase-file", home.passphrase()]].concat())
            .ok();
    }
    assert_ne!(home.call("pay_sum", &json!({})).code, 4);
    assert_eq!(told(&home, "halt").len(), 2);
    home.run(&["disable", "--publisher", "nobody"]).ok();
    assert_ne!(home.call("pay_sum", &json!({})).code, 4, "it is another's");
    home.run(&["disable"]).code(2);
}

/// What the switches' file said before it was halted is no way round it.
#[test]
fn an_older_copy_of_the_switches_lifts_no_halt() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&home, "pay");
    let before = fs::read(home.data("disabled.json")).unwrap();
    home.run(&["disable", "--all"]).ok();
    home.end_owner();
    fs::write(home.data("disabled.json"), before).unwrap();
    refuses(&home, "pay_sum", "halted");
}

#[test]
fn what_is_in_force_and_not_kept_yet_is_not_overwritten_by_what_comes_next() {
    let home = following();
    let (kept, next) = (home.data("applied.json"), home.data("applied-next.json"));
    let trust = home.config("trust.toml");
    let edit = |line: &str| {
        let before = fs::read_to_string(&trust).unwrap();
        fs::write(&trust, format!("{before}\n# {line}\n")).unwrap();
    };
    let old = fs::read(&kept).unwrap();
    fs::remove_file(&kept).unwrap();
    fs::create_dir(&kept).unwrap();
    edit("one");
    says(&home.apply().code(1), "it may not be after a restart");
    let waits = fs::read(&next).unwrap();
    edit("two");
    says(&home.apply().code(1), "what is in force is not kept yet");
    assert_eq!(fs::read(&next).unwrap(), waits);
    // As after a crash at this point.
    fs::remove_dir(&kept).unwrap();
    fs::write(&kept, old).unwrap();
    home.stop();
    home.apply().ok();
    assert!(!next.exists());
    answers(&home, "pay_sum", 7);
}
