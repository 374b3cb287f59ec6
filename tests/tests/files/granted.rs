//! What the grant opens is there, and nothing else.

use super::{Folders, GRANT};
use serde_json::json;
use vouchsafe_tests::say::says;

#[test]
fn a_skill_reads_what_is_granted_and_changes_what_it_may_change() {
    let folders = Folders::new();
    folders.put("inbox/letter", "a word");
    assert_eq!(folders.read("/inbox/letter").unwrap(), "a word");
    folders.write("/desk/answer", "another").unwrap();
    folders.write("/desk/answer", "a third").unwrap();
    assert_eq!(folders.text("desk/answer"), "a third");
    folders
        .ask("make-folder", json!({ "path": "/desk/old" }))
        .unwrap();
    let moved =
        json!({ "folder": "/desk", "old": "answer", "other": "/desk", "new": "old/answer" });
    folders.ask("rename", moved).unwrap();
    assert_eq!(folders.text("desk/old/answer"), "a third");
    let names = folders.ask("names", json!({ "path": "/desk" })).unwrap();
    assert_eq!(names, json!(["old"]));
    folders
        .ask("remove", json!({ "path": "/desk/old/answer" }))
        .unwrap();
    assert!(!folders.at("desk/old/answer").exists());
}

#[test]
fn a_folder_that_is_not_granted_is_not_there_and_the_record_has_the_line() {
    let folders = Folders::new();
    folders.put("inbox/letter", "a word");
    let line = format!(
        "[files.inbox]\npath = \"{}\"\n",
        folders.at("inbox").display()
    );
    folders.regrant(&line, "").ok();
    folders.read("/inbox/letter").unwrap_err();
    folders.is_refused(
        "file-read",
        &format!("{GRANT}: add `[files.inbox]` with `path = \"/...\"`, then `vouchsafe apply`"),
    );
}

#[test]
fn a_folder_that_is_granted_for_reading_is_not_written_to() {
    let folders = Folders::new();
    let error = folders.write("/inbox/new", "a word").unwrap_err();
    assert!(error.contains("not permitted"), "{error}");
    assert!(!folders.at("inbox/new").exists());
    folders.is_refused(
        "file-write",
        "under `[files.inbox]`, write `access = \"write\"`",
    );
}

#[test]
fn a_tool_that_reads_writes_no_file_whatever_the_grant_says() {
    let folders = Folders::new();
    folders.put("desk/old", "before");
    for path in ["/desk/new", "/desk/old"] {
        let hidden = json!({ "path": path, "text": "hidden" });
        folders.ask("write-in-read", hidden).unwrap_err();
    }
    assert!(!folders.at("desk/new").exists());
    assert_eq!(folders.text("desk/old"), "before");
    let records = folders.home.records(6);
    let refused = |record: &serde_json::Value| {
        record["action"] == "file-write" && record["code"] == "NOT_THIS_EFFECT"
    };
    assert!(records.iter().any(refused), "{records:#?}");
}

#[test]
fn what_is_written_is_recorded_before_it_happens_and_by_commitment() {
    let folders = Folders::new();
    folders.write("/desk/secret-name", "a word").unwrap();
    let records = folders.home.records(4);
    let [call, write, written, ended] = &records[..] else {
        panic!("{records:?}");
    };
    assert_eq!(
        (&write["action"], &write["place"], &write["parent"]),
        (&json!("file-write"), &json!("desk"), &call["seq"])
    );
    assert!(write["rule"].as_str().unwrap().starts_with(GRANT));
    assert!(write["input"]["hmac"].is_string());
    assert_eq!(
        (&written["of"], &written["status"]),
        (&write["seq"], &json!("ok"))
    );
    assert_eq!(&ended["of"], &call["seq"]);
    assert!(!format!("{records:?}").contains("secret-name"));
}

#[test]
fn a_call_that_traps_leaves_an_unknown_and_a_count_that_is_right() {
    let folders = Folders::new();
    let half = json!({ "path": "/desk/half", "text": "a word" });
    folders.ask("write-and-trap", half).unwrap_err();
    let records = folders.home.records(4);
    let write = records
        .iter()
        .find(|record| record["action"] == "file-write");
    let write = write.expect("a record of the write");
    let end = records.iter().find(|record| record["of"] == write["seq"]);
    assert_eq!(end.unwrap()["kind"], "unknown", "{records:#?}");
    let grown = folders
        .ask("grow", json!({ "path": "/desk/more", "bytes": 20000 }))
        .unwrap();
    assert_eq!(grown[0], 9000, "{grown}");
}

#[test]
fn a_grant_says_where_and_how_much_and_no_more_than_the_skill_declares() {
    let folders = Folders::new();
    let inbox = format!("path = \"{}\"", folders.at("inbox").display());
    let wrong = [
        ("path = \"relative\"", "is not a folder"),
        ("path = \"/a/../b\"", "is not a folder"),
        ("path = \"/\"", "is not a folder"),
        ("path = \"\"", "is not a folder"),
        ("access = \"read\"", "does not say which folder it is"),
        ("path = \"/a\"\nmax_bytes = 5", "that it may be written to"),
        ("path = \"/a\"\naccess = \"write\"", "how much it may hold"),
        (
            "path = \"/a\"\naccess = \"write\"\nmax_bytes = 1\nmax_files = 0",
            "from 1 to",
        ),
        (
            "path = \"/a\"\naccess = \"write\"\nmax_bytes = 1\nmax_files = 1",
            "only reads `inbox`",
        ),
        (
            "path = \"/a\"\n[files.other]\npath = \"/b\"",
            "declares no folder `other`",
        ),
        ("path = \"/a\"\nmode = 7", "unknown field `mode`"),
    ];
    let text = std::fs::read_to_string(folders.home.config(GRANT)).unwrap();
    for (line, problem) in wrong {
        says(&folders.regrant(&inbox, line).code(4), problem);
        std::fs::write(folders.home.config(GRANT), &text).unwrap();
    }
    let more = folders.regrant("max_bytes = 10000", "max_bytes = 20000");
    says(&more.ok(), "desk: bytes at most");
    let inside = format!("path = \"{}\"", folders.at("desk/inside").display());
    says(
        &folders.regrant(&inbox, &inside).code(4),
        "`inbox` lies in `desk`",
    );
}
