//! Opening a log that another process left, or beginning one.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::rand;
use vouchsafe_ambient::clock;
use vouchsafe_keys::{MacKey, SigningKey};

use crate::entry::{Control, Entry, Unknown, Why};
use crate::error::storage as failed;
use crate::frame::{self, HEADER};
use crate::log::Options;
use crate::scan::Records;
use crate::shelf::Shelf;
use crate::storage::Storage;
use crate::survey::{Reading, Rest, Survey, Writer, read_header, survey};
use crate::tail::Tail;
use crate::tree::Opening;
use crate::writer::Shared;
use crate::{Bad, LogError, Record, Seq};

/// Opens the log: cuts a torn tail and says so, refuses damage, gives every open intent its `unknown`. What it
/// appends is durable when it returns.
pub(crate) fn open(
    storage: Arc<dyn Storage>,
    shelf: Box<dyn Shelf>,
    keys: (SigningKey, MacKey),
    options: Options,
) -> Result<Shared, LogError> {
    begin(storage.as_ref())?;
    let header = read_header(storage.as_ref())?;
    let mut opening = Opening::begin(&header, keys, shelf)?;
    let survey = survey(
        &storage,
        Reading {
            writer: Writer::None,
            to: None,
            want: None,
        },
        &mut |record| opening.show(record),
    )?;
    if survey.rest == Rest::Damaged
        && let Some(bad) = survey.fault()
    {
        return Err(LogError::Damaged(bad));
    }
    let tree = opening.end()?;
    mend(storage.as_ref(), &survey)?;
    let open = open_intents(&storage, &survey)?;
    let allocated = storage.size().map_err(failed("read"))?;
    let shared = Shared::new(
        storage,
        Tail::after(&survey, open, allocated, options),
        tree,
    );
    conclude(&shared, &survey)?;
    shared.flush().map_err(failed("write"))?;
    shared.tail().allocate_ahead(shared.storage.as_ref());
    Ok(shared)
}

/// Writes the first line of a new log. A file that is shorter than that line, or as long and all zeros, never held a
/// record: the line is synced before the first one is written.
fn begin(storage: &dyn Storage) -> Result<(), LogError> {
    let mut line = [0; HEADER];
    let size = storage.size().map_err(failed("read"))?;
    let had = storage.read_at(&mut line, 0).map_err(failed("read"))?;
    if size > HEADER as u64 || (had == HEADER && line != [0; HEADER]) {
        return Ok(());
    }
    let mut id = [0; 32];
    rand::fill(&mut id).map_err(|_| LogError::Commitment("no randomness"))?;
    storage
        .write_at(&frame::header(&id), 0)
        .map_err(failed("begin"))?;
    storage.sync().map_err(failed("begin"))
}

/// Cuts what was torn, and makes durable what is kept. The last batch is written again, not just synced: after a
/// failed sync the cache may hold as clean what the disk does not.
fn mend(storage: &dyn Storage, survey: &Survey) -> Result<(), LogError> {
    if survey.rest != Rest::Nothing {
        storage.truncate(survey.end).map_err(failed("mend"))?;
    }
    let mut batch = vec![0; usize::try_from(survey.end - survey.last_batch).unwrap_or_default()];
    let mut had = 0;
    while had < batch.len() {
        let rest = batch.get_mut(had..).unwrap_or_default();
        match storage
            .read_at(rest, survey.last_batch + had as u64)
            .map_err(failed("read"))?
        {
            0 => break,
            got => had += got,
        }
    }
    batch.truncate(had);
    storage
        .write_at(&batch, survey.last_batch)
        .map_err(failed("mend"))?;
    storage.sync().map_err(failed("mend"))
}

/// The intents that were left open, oldest first.
fn open_intents(
    storage: &Arc<dyn Storage>,
    survey: &Survey,
) -> Result<Vec<(Seq, Record)>, LogError> {
    let read = |(seq, offset): (&Seq, &u64)| {
        let mut records = Records::new(Arc::clone(storage), *offset, Some(survey.end));
        match records.next() {
            Some(record) => Ok((*seq, record?)),
            None => Err(LogError::Damaged(Bad {
                record: *seq,
                offset: *offset,
                why: "it changed while it was read".to_owned(),
            })),
        }
    };
    survey.chain.open.iter().map(read).collect()
}

/// Records what was mended, and that nothing is known of what was under way.
fn conclude(shared: &Shared, survey: &Survey) -> Result<(), LogError> {
    let torn = match survey.rest {
        Rest::Torn(bytes) => Some(Entry::Control(Control {
            action: "recovered".to_owned(),
            facts: BTreeMap::from([
                ("after".to_owned(), survey.chain.last.to_string()),
                ("torn_bytes".to_owned(), bytes.to_string()),
            ]),
            ..Control::default()
        })),
        _ => None,
    };
    let unknown = |of: &Seq| {
        Entry::Unknown(Unknown {
            of: *of,
            why: Why::Crash,
            sent: None,
        })
    };
    for entry in torn
        .into_iter()
        .chain(survey.chain.open.keys().map(unknown))
    {
        let record = Record::draft(entry, |_| String::new())?;
        shared
            .tail()
            .append(record, clock::now(), shared.storage.as_ref())?;
    }
    Ok(())
}
