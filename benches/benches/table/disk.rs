//! The floor of everything that must be durable: one write and one `fdatasync`.

use std::path::Path;
use std::time::{Duration, Instant};

use vouchsafe_audit::storage::{Disk, Storage};

use crate::report::median;

/// About what one call records, in bytes.
const RECORDS: usize = 1800;

/// The median time of writing a call's records in `directory` and syncing them. The space was written
/// before, so that the file system has nothing of its own to write: the least that durable can cost.
pub(crate) fn commit(directory: &Path) -> Duration {
    const TIMES: usize = 1000;
    let directory = tempfile::tempdir_in(directory).expect("a directory");
    let disk = Disk::open(&directory.path().join("raw")).expect("a file");
    disk.allocate(0, (RECORDS * TIMES) as u64).expect("space");
    disk.write_at(&vec![0; RECORDS * TIMES], 0)
        .expect("a write");
    disk.sync().expect("a sync");
    let bytes = vec![b'x'; RECORDS];
    let once = |number: usize| {
        let start = Instant::now();
        disk.write_at(&bytes, (number * RECORDS) as u64)
            .expect("a write");
        disk.sync().expect("a sync");
        start.elapsed()
    };
    median(&mut (0..TIMES).map(once).collect::<Vec<_>>())
}
