//! What somebody brings as proof: notes, receipts, bundles of entries.

use std::fmt::Display;
use std::str::FromStr;

use vouchsafe_tlog::note::{Note, VerifierKey};
use vouchsafe_tlog::receipt::{Proof, Receipt};
use vouchsafe_tlog::tile::{Tile, WIDTH};
use vouchsafe_tlog::witness::{AddCheckpoint, Seen, judge};
use vouchsafe_tlog::{Checkpoint, bundle};

use crate::text;

/// A signed note, a key, a checkpoint: what is read is written as it was, and nobody signed it.
pub fn note(bytes: &[u8]) {
    text(bytes, |text| {
        same::<Note>(text);
        same::<Checkpoint>(text);
        if let Ok(key) = text.parse::<VerifierKey>() {
            assert_eq!(key.to_string(), text.trim_end());
        }
        if let Ok(note) = text.parse::<Note>() {
            assert!(note.text_signed_by(&nobody()).is_err(), "a forgery");
        }
    });
}

/// What a log brings to a witness: it is written as it was read, and nothing that was made up is signed for.
pub fn add_checkpoint(bytes: &[u8]) {
    text(bytes, |text| {
        same::<AddCheckpoint>(text);
        if let Ok(request) = text.parse::<AddCheckpoint>() {
            let seen = Seen {
                size: request.old,
                root: [1; 32],
            };
            for seen in [None, Some(seen)] {
                assert!(judge(&request, &nobody(), seen).is_err(), "a forgery");
            }
        }
    });
}

/// A receipt: nothing that was made up is good.
pub fn receipt(bytes: &[u8]) {
    text(bytes, |text| {
        same::<Proof>(text);
        if let Ok(receipt) = serde_json::from_str::<Receipt>(text) {
            assert!(receipt.verify(&nobody()).is_err(), "a forgery");
        }
    });
}

/// A bundle of entries: what is read comes to the same bytes, and is as many as wanted.
pub fn entries(bytes: &[u8]) {
    let Some((width, bytes)) = bytes.split_first() else {
        return;
    };
    let tile = Tile {
        level: 0,
        index: 0,
        width: u16::from(*width).clamp(1, WIDTH),
    };
    if let Some(entries) = bundle::entries(tile, bytes) {
        let mut again = Vec::new();
        for entry in &entries {
            assert!(bundle::append(&mut again, entry), "it was in a bundle");
        }
        assert_eq!(again, bytes);
        assert_eq!(entries.len(), usize::from(tile.width));
    }
}

/// What is read is written as it was.
fn same<T: FromStr + Display>(text: &str) {
    if let Ok(read) = text.parse::<T>() {
        assert_eq!(read.to_string(), text);
    }
}

/// A key whose secret half nobody has.
fn nobody() -> VerifierKey {
    VerifierKey::new("log.example/one", [7; 32]).expect("a name for a key")
}
