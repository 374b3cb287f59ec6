//! Public example invoices, where a folder with them is at hand.

use std::fs;
use std::path::PathBuf;

use super::extract;

fn folder() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/invoices");
    let named = std::env::var_os("VOUCHSAFE_INVOICES").map(PathBuf::from);
    named
        .into_iter()
        .chain([beside])
        .find(|folder| folder.is_dir())
}

#[test]
fn public_examples_are_read_and_add_up() {
    let Some(folder) = folder() else {
        println!("skipped: no folder of public invoices (VOUCHSAFE_INVOICES names one)");
        return;
    };
    let mut read = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "xml") {
            let invoice = extract(&fs::read_to_string(&path).unwrap()).unwrap();
            assert!(!invoice.lines.is_empty() && !invoice.seller.name.is_empty());
            assert!(
                invoice.check.adds_up,
                "{}: {:?}",
                path.display(),
                invoice.check.differences
            );
            read += 1;
        }
    }
    assert!(read > 0, "the folder has no invoice");
}
