//! Nothing leads out of a folder.

use super::Folders;
use serde_json::{Value as Json, json};
use std::os::unix::fs::symlink;

fn raw(folders: &Folders, path: &str, follow: bool) -> Result<Json, String> {
    let asked = json!({ "folder": "/inbox", "path": path, "follow": follow });
    folders.ask("open-raw", asked)
}

#[test]
fn no_path_and_no_link_leads_out_of_a_folder() {
    let folders = Folders::new();
    folders.put("beside/secret", "a secret");
    folders.put("inbox/letter", "a word");
    std::fs::create_dir(folders.at("inbox/deeper")).unwrap();
    let out = folders.at("beside");
    symlink(out.join("secret"), folders.at("inbox/absolute")).unwrap();
    symlink("../beside/secret", folders.at("inbox/relative")).unwrap();
    symlink(&out, folders.at("inbox/folder")).unwrap();
    symlink("letter", folders.at("inbox/within")).unwrap();
    assert_eq!(raw(&folders, "within", true).unwrap(), "a word");
    assert_eq!(raw(&folders, "deeper/../letter", true).unwrap(), "a word");
    let absolute = out.join("secret");
    let ways = [
        "../beside/secret",
        "deeper/../../beside/secret",
        "./../beside/secret",
        absolute.to_str().unwrap(),
        "/etc/hostname",
        "absolute",
        "relative",
        "folder/secret",
        "letter/../../beside/secret",
        "..",
    ];
    for way in ways {
        for follow in [true, false] {
            let answer = raw(&folders, way, follow);
            assert!(answer.is_err(), "{way}: {answer:?}");
        }
    }
    let sibling = folders.read("/beside/secret");
    assert!(sibling.is_err(), "{sibling:?}");
}

#[test]
fn nothing_is_written_moved_or_linked_out_of_a_folder() {
    let folders = Folders::new();
    folders.put("desk/mine", "a word");
    folders.put("beside/theirs", "theirs");
    symlink(folders.at("beside"), folders.at("desk/out")).unwrap();
    symlink(folders.at("beside/theirs"), folders.at("desk/leaf")).unwrap();
    for path in [
        "/desk/out/theirs",
        "/desk/out/new",
        "/desk/leaf",
        "/desk/../beside/new",
    ] {
        let answer = folders.write(path, "over it");
        assert!(answer.is_err(), "{path}: {answer:?}");
    }
    let moved = |old: &str, other: &str, new: &str| {
        folders.ask(
            "rename",
            json!({ "folder": "/desk", "old": old, "other": other, "new": new }),
        )
    };
    for new in ["../beside/mine", "/tmp/mine", "out/mine"] {
        let answer = moved("mine", "/desk", new);
        assert!(answer.is_err(), "{new}: {answer:?}");
    }
    assert!(moved("../beside/theirs", "/desk", "got").is_err());
    let across = moved("mine", "/inbox", "mine").unwrap_err();
    assert!(across.contains("cross-device"), "{across}");
    let linked = |old: &str| {
        folders.ask(
            "link",
            json!({ "folder": "/desk", "old": old, "new": "second" }),
        )
    };
    assert!(linked("mine").is_err() && linked("../beside/theirs").is_err());
    let aimed = |target: &str| {
        folders.ask(
            "symlink",
            json!({ "folder": "/desk", "target": target, "path": "made" }),
        )
    };
    assert!(aimed("../beside/theirs").is_err() && aimed("mine").is_err());
    folders.is_refused("file-write", "skills make no links");
    assert_eq!(folders.text("beside/theirs"), "theirs");
    assert_eq!(std::fs::read_dir(folders.at("beside")).unwrap().count(), 1);
    assert_eq!(std::fs::read_dir(folders.at("desk")).unwrap().count(), 3);
}

#[test]
fn a_file_with_a_second_name_elsewhere_is_not_written_to() {
    let folders = Folders::new();
    folders.put("beside/theirs", "theirs");
    std::fs::hard_link(folders.at("beside/theirs"), folders.at("desk/theirs")).unwrap();
    let error = folders.write("/desk/theirs", "over it").unwrap_err();
    assert!(error.contains("not permitted"), "{error}");
    assert_eq!(folders.text("beside/theirs"), "theirs");
}

#[test]
fn what_is_no_file_is_not_opened_and_waits_for_nobody() {
    let folders = Folders::new();
    for pipe in ["inbox/pipe", "desk/pipe"] {
        let made = std::process::Command::new("mkfifo")
            .arg(folders.at(pipe))
            .status();
        assert!(made.unwrap().success());
    }
    for answer in [
        folders.read("/inbox/pipe"),
        folders.read("/desk/pipe"),
        folders.write("/desk/pipe", "x"),
    ] {
        let error = answer.unwrap_err();
        assert!(error.contains("not permitted"), "{error}");
    }
}

#[test]
fn the_host_s_own_folders_and_what_is_reached_by_a_link_are_opened_to_nobody() {
    let folders = Folders::new();
    let home = &folders.home;
    symlink(folders.at("beside"), folders.at("alias")).unwrap();
    std::fs::create_dir(folders.at("beside/inner")).unwrap();
    folders.put("beside/secret", "a secret");
    folders.put("beside/inner/secret", "a secret");
    let mut before = folders.at("inbox");
    let own = [
        home.data("state"),
        home.data(""),
        home.config("grants"),
        folders.at(""),
    ];
    let why = own.iter().map(|path| (path.clone(), "the host's own"));
    let linked = [
        (folders.at("alias"), "spelled without links"),
        (folders.at("alias/inner"), "spelled without links"),
        (folders.at("absent"), "spelled without links"),
    ];
    for (path, why) in why.chain(linked) {
        let path: std::path::PathBuf = path.components().collect();
        let line = |path: &std::path::Path| format!("path = \"{}\"\n", path.display());
        let desk = format!("path = \"{}\"", folders.at("desk").display());
        let text = std::fs::read_to_string(home.config(super::GRANT)).unwrap();
        if text.contains(&desk) {
            // One folder in the other would be a fault of the grant.
            folders
                .regrant(&text[text.find("[files.desk]").unwrap()..], "")
                .ok();
        }
        folders.regrant(&line(&before), &line(&path)).ok();
        folders.read("/inbox/secret").unwrap_err();
        folders.is_refused("file-read", why);
        before = path;
    }
}
