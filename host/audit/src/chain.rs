//! What every record must agree with: its number, its predecessor, and the intents that are open.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use serde::Deserialize;

use crate::record::{Kind, VERSION};
use crate::{Bad, Seq};

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// The hex digits of `bytes`. Two records a call hold a handful.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut digits = vec![0; 2 * bytes.len()];
    let written = hex::encode_to_slice(bytes, &mut digits);
    debug_assert!(written.is_ok(), "there are two digits for each byte");
    String::from_utf8(digits).unwrap_or_default()
}

/// The chain up to some record.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) last: Seq,
    pub(crate) hash: [u8; 32],
    /// Intents without a conclusion, and where they lie.
    pub(crate) open: BTreeMap<Seq, u64>,
}

/// The fields that make the chain.
#[derive(Deserialize)]
struct Spine<'a> {
    v: u8,
    seq: Seq,
    prev: &'a str,
    kind: Kind,
    of: Option<Seq>,
}

impl Chain {
    /// The chain before the first record: it hangs on the file's first line, which holds the log's random id.
    pub(crate) fn begin(header: &[u8]) -> Self {
        Self {
            last: 0,
            hash: sha256(header),
            open: BTreeMap::new(),
        }
    }

    /// Appends the record at `offset`, or says what is wrong and where.
    pub(crate) fn accept(&mut self, record: &[u8], offset: u64) -> Result<(), Bad> {
        let bad = |record, why: String| Bad {
            record,
            offset,
            why,
        };
        let number = self.last + 1;
        let spine: Spine<'_> = serde_json::from_slice(record)
            .map_err(|error| bad(number, format!("not a record: {error}")))?;
        if spine.v != VERSION {
            return Err(bad(
                number,
                format!("of version `{}`, which this host does not read", spine.v),
            ));
        }
        if spine.seq != number {
            return Err(bad(
                number,
                format!("record `{}` stands in its place", spine.seq),
            ));
        }
        if spine.prev != hex(&self.hash) {
            return Err(bad(self.last.max(1), self.unchained()));
        }
        self.settle(spine.kind, number, spine.of, offset)
            .map_err(|why| bad(number, why))?;
        self.last = number;
        self.hash = sha256(record);
        Ok(())
    }

    fn unchained(&self) -> String {
        match self.last {
            0 => "it was written under another header".to_owned(),
            last => format!(
                "it was changed after record `{}` was chained to it, or that one was",
                last + 1
            ),
        }
    }

    fn settle(
        &mut self,
        kind: Kind,
        number: Seq,
        of: Option<Seq>,
        offset: u64,
    ) -> Result<(), String> {
        match (kind, of) {
            (Kind::Intent, _) => {
                self.open.insert(number, offset);
                Ok(())
            }
            (Kind::Outcome | Kind::Unknown, Some(of)) => match self.open.remove(&of) {
                Some(_) => Ok(()),
                None => Err(format!(
                    "it concludes record `{of}`, which is not an open intent"
                )),
            },
            (Kind::Outcome | Kind::Unknown, None) => Err("it concludes nothing".to_owned()),
            (Kind::Refusal | Kind::Control, _) => Ok(()),
        }
    }
}
