//! The guests by name, so that one without a test of its name does not compile.
//!
//! Those called `wat-...` are components in text, `component.wat`; the others are crates.
//!
//! ```text
//! #[macro_use]
//! #[path = "../guests/list.rs"]
//! mod list;
//!
//! for_each_guest!(assert_tested);      // at the end of the file whose functions are the tests
//! ```

/// Calls `$macro!(name)` for each guest, with `_` for `-`.
macro_rules! for_each_guest {
    ($macro:ident) => {
        $macro!(asker);
        $macro!(asks_records);
        $macro!(deep_recursion);
        $macro!(echo);
        $macro!(endless_loop);
        $macro!(env_reader);
        $macro!(filer);
        $macro!(gives_records);
        $macro!(handle_hog);
        $macro!(huge_output);
        $macro!(keeper);
        $macro!(kinds_of_work);
        $macro!(log_flood);
        $macro!(long_start);
        $macro!(memory_hog);
        $macro!(named_http);
        $macro!(panics);
        $macro!(random);
        $macro!(raw_http);
        $macro!(resource_tool);
        $macro!(settings_reader);
        $macro!(sleeper);
        $macro!(stdout_flood);
        $macro!(teller);
        $macro!(types);
        $macro!(upcaller);
        $macro!(update_new);
        $macro!(update_old);
        $macro!(world_function);
        $macro!(writer_in_read);
        $macro!(wat_big_memory);
        $macro!(wat_big_table);
        $macro!(wat_bulk_work);
        $macro!(wat_many_memories);
        $macro!(wat_many_instances);
        $macro!(wat_nested_component);
        $macro!(wat_start_loop);
        $macro!(wat_table_grower);
        $macro!(wat_utf16);
    };
}

/// Compiles if there is a function, that is a test, of this name where the list is gone through.
macro_rules! assert_tested {
    ($name:ident) => {
        #[expect(unused_imports, reason = "only its being there matters")]
        use self::$name as _;
    };
}

/// The list is of the folders beside this file, no more and no fewer.
#[test]
fn the_list_of_guests_is_complete() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("guests");
    let mut listed = std::collections::BTreeSet::new();
    macro_rules! note {
        ($name:ident) => {
            listed.insert(stringify!($name).replace('_', "-"));
        };
    }
    for_each_guest!(note);
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let guests = entries.filter(|path| path.join("skill.toml").is_file());
    let found = guests
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(listed, found);
}
