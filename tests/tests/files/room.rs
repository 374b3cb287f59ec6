//! A folder holds what its grant gives, however it is filled.

use super::Folders;
use serde_json::{Value as Json, json};

fn grow(folders: &Folders, path: &str, bytes: u64) -> Json {
    folders
        .ask("grow", json!({ "path": path, "bytes": bytes }))
        .unwrap()
}

/// Bytes and entries in `desk`, one folder deep.
fn held(folders: &Folders) -> (u64, usize) {
    let entries = std::fs::read_dir(folders.at("desk")).unwrap();
    let sizes: Vec<u64> = entries
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .collect();
    (sizes.iter().sum(), sizes.len())
}

#[test]
fn a_folder_takes_so_many_bytes_and_no_more() {
    let folders = Folders::new();
    let grown = grow(&folders, "/desk/a", 20_000);
    assert_eq!(grown[0], 10_000, "{grown}");
    assert!(grown[1] == "quota", "{grown}");
    folders.is_refused(
        "file-write",
        "under `[files.desk]`, raise `max_bytes` or `max_files`",
    );
    assert_eq!(grow(&folders, "/desk/b", 1000)[0], 0);
    let stretch = |bytes: u64| folders.ask("stretch", json!({ "path": "/desk/b", "bytes": bytes }));
    assert!(stretch(1).is_err());
    assert_eq!(held(&folders), (10_000, 2));
    // What is taken away, or written over, is room again.
    folders.write("/desk/a", "short").unwrap();
    stretch(9995).unwrap();
    assert!(stretch(9996).is_err() && stretch(u64::MAX / 2).is_err());
    folders.ask("remove", json!({ "path": "/desk/b" })).unwrap();
    assert_eq!(grow(&folders, "/desk/c", 20_000)[0], 9000);
}

#[test]
fn a_folder_takes_so_many_entries_and_no_more() {
    let folders = Folders::new();
    folders.put("desk/of-the-operator", "");
    let fill = json!({ "folder": "/desk", "files": 20 });
    let filled = folders.ask("fill", fill).unwrap();
    assert_eq!(filled[0], 9, "{filled}");
    assert!(
        filled[1].as_str().unwrap().to_lowercase().contains("quota"),
        "{filled}"
    );
    let error = folders
        .ask("make-folder", json!({ "path": "/desk/more" }))
        .unwrap_err();
    assert!(error.to_lowercase().contains("quota"), "{error}");
    assert_eq!(held(&folders).1, 10);
    // One in the place of another is one less.
    let over = json!({ "folder": "/desk", "old": "1", "other": "/desk", "new": "2" });
    folders.ask("rename", over).unwrap();
    folders
        .ask("make-folder", json!({ "path": "/desk/more" }))
        .unwrap();
    folders.write("/desk/more/one", "").unwrap_err();
}

#[test]
fn what_has_no_name_any_more_takes_no_room_unseen() {
    let folders = Folders::new();
    let hide = json!({ "path": "/desk/hidden", "bytes": 5000 });
    let error = folders.ask("hide", hide).unwrap_err();
    assert!(error.to_lowercase().contains("busy"), "{error}");
    assert_eq!(held(&folders), (5000, 1));
}

#[test]
fn listings_take_so_much_of_the_host_s_memory_and_no_more() {
    let folders = Folders::new();
    let often = json!({ "folder": "/inbox", "times": 100 });
    assert_eq!(folders.ask("listings", often).unwrap(), 8);
}

#[test]
fn a_quota_holds_over_calls_at_the_same_time() {
    let folders = Folders::new();
    let grow = |n: usize| {
        let input = folders.at(&format!("grow-{n}.json"));
        let asked = json!({ "path": format!("/desk/{n}"), "bytes": 9000 });
        std::fs::write(&input, asked.to_string()).unwrap();
        let input = input.to_str().unwrap();
        let run = folders
            .home
            .run(&["call", "filer_grow", "--input", input, "--json"]);
        run.json()["output"]["result"][0].as_u64().unwrap()
    };
    let written: u64 = std::thread::scope(|scope| {
        let grow = &grow;
        let calls: Vec<_> = (0..6).map(|n| scope.spawn(move || grow(n))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).sum()
    });
    assert_eq!((written, held(&folders).0), (10_000, 10_000));
}
