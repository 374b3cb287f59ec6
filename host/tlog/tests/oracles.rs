//! Trees, tiles, proofs and notes of ours are those of other people's implementations, and theirs are taken here.
#![cfg(test)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    missing_docs,
    reason = "a test plays those who change files, and may fail by panicking"
)]

use std::collections::HashMap;
use std::convert::Infallible;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use proptest::prelude::*;
use tlog_tiles::{
    Hash as TheirHash, HashReader, Tile as TheirTile, check_record, check_tree, prove_record,
    prove_tree, stored_hashes, tree_hash,
};
use vouchsafe_tlog::hash::{self, Hash};
use vouchsafe_tlog::merkle;
use vouchsafe_tlog::note::{Note, VerifierKey};
use vouchsafe_tlog::receipt::{Proof, Receipt};
use vouchsafe_tlog::tile::{BadTile, Tile, TileNodes, Tiles};
use vouchsafe_tlog::{Builder, Checkpoint};

/// A log as ours and as theirs.
#[derive(Default)]
struct Both {
    builder: Builder,
    full: HashMap<Tile, Vec<u8>>,
    theirs: Vec<TheirHash>,
}

impl Tiles for HashMapTiles<'_> {
    type Error = BadTile;

    fn read(&self, tile: Tile) -> Result<Vec<u8>, BadTile> {
        Ok(self.0.get(&tile).cloned().unwrap_or_default())
    }
}

struct HashMapTiles<'a>(&'a HashMap<Tile, Vec<u8>>);

struct Stored<'a>(&'a [TheirHash]);

impl HashReader for Stored<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<TheirHash>, tlog_tiles::Error> {
        Ok(indexes
            .iter()
            .map(|at| self.0[usize::try_from(*at).unwrap()])
            .collect())
    }
}

fn entry(number: u64) -> Vec<u8> {
    format!("{{\"seq\":{}}}", number + 1).into_bytes()
}

impl Both {
    fn of(size: u64) -> Self {
        let mut both = Self::default();
        for number in 0..size {
            let full = &mut both.full;
            let Ok(()) = both
                .builder
                .push(hash::leaf(&entry(number)), |tile, hashes| {
                    full.insert(tile, hashes.concat());
                    Ok::<_, Infallible>(())
                });
            let more = stored_hashes(number, &entry(number), &Stored(&both.theirs)).unwrap();
            both.theirs.extend(more);
        }
        both
    }

    /// The root of the first `size` entries, by both.
    fn roots(&self, size: u64) -> (Hash, TheirHash) {
        let tiles = HashMapTiles(&self.full);
        let whole = self.builder.over(&tiles);
        let ours = merkle::root(&TileNodes::new(&whole, size), size).unwrap();
        (ours, tree_hash(size, &Stored(&self.theirs)).unwrap())
    }

    fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        let tiles = HashMapTiles(&self.full);
        let whole = self.builder.over(&tiles);
        merkle::prove_inclusion(&TileNodes::new(&whole, size), index, size).unwrap()
    }

    fn consistency(&self, old: u64, new: u64) -> Vec<Hash> {
        let tiles = HashMapTiles(&self.full);
        let whole = self.builder.over(&tiles);
        merkle::prove_consistency(&TileNodes::new(&whole, new), old, new).unwrap()
    }
}

fn theirs(path: &[Hash]) -> Vec<TheirHash> {
    path.iter().copied().map(TheirHash).collect()
}

#[test]
fn every_root_proof_and_tile_of_a_small_log_is_theirs() {
    let both = Both::of(70);
    for new in 1..=70 {
        let (root, other) = both.roots(new);
        assert_eq!(root, other.0);
        for index in 0..new {
            let path = both.inclusion(index, new);
            assert_eq!(
                theirs(&path),
                prove_record(new, index, &Stored(&both.theirs)).unwrap()
            );
            let leaf = hash::leaf(&entry(index));
            assert!(merkle::includes(&root, new, index, &leaf, &path));
            check_record(&theirs(&path), new, other, index, TheirHash(leaf)).unwrap();
        }
        for old in 1..=new {
            let (older, other_older) = both.roots(old);
            let path = both.consistency(old, new);
            assert_eq!(
                theirs(&path),
                prove_tree(new, old, &Stored(&both.theirs)).unwrap()
            );
            assert!(merkle::extends((old, &older), (new, &root), &path));
            check_tree(&theirs(&path), new, other, old, other_older).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn proofs_across_tiles_are_theirs_and_no_other_is_taken(
        size in 1_u64..140_000, a in any::<u64>(), b in any::<u64>(), flip in any::<usize>(),
    ) {
        let both = Both::of(size);
        let (index, old) = (a % size, 1 + b % size);
        let (root, other) = both.roots(size);
        prop_assert_eq!(root, other.0);
        prop_assert_eq!(root, both.builder.root());

        let (leaf, path) = (hash::leaf(&entry(index)), both.inclusion(index, size));
        prop_assert_eq!(theirs(&path), prove_record(size, index, &Stored(&both.theirs)).unwrap());
        prop_assert!(merkle::includes(&root, size, index, &leaf, &path));
        prop_assert!(!merkle::includes(&root, size, index ^ 1, &leaf, &path));
        prop_assert!(!merkle::includes(&root, size, index, &hash::leaf(b"another"), &path));

        let older = both.roots(old).0;
        let proof = both.consistency(old, size);
        prop_assert_eq!(theirs(&proof), prove_tree(size, old, &Stored(&both.theirs)).unwrap());
        prop_assert!(merkle::extends((old, &older), (size, &root), &proof));
        prop_assert!(old == size || !merkle::extends((old, &leaf), (size, &root), &proof));

        if !path.is_empty() {
            let mut wrong = path.clone();
            let at = flip % wrong.len();
            wrong[at][flip % 32] ^= 1;
            prop_assert!(!merkle::includes(&root, size, index, &leaf, &wrong));
            prop_assert!(!merkle::includes(&root, size, index, &leaf, &path[1..]));
        }
        if !proof.is_empty() {
            let mut wrong = proof.clone();
            let at = flip % wrong.len();
            wrong[at][flip % 32] ^= 1;
            prop_assert!(!merkle::extends((old, &older), (size, &root), &wrong));
        }
    }

    #[test]
    fn a_tile_lies_where_theirs_lies(level in 0_u8..4, index in any::<u64>(), width in 1_u16..=256) {
        let index = index >> 12;
        let ours = Tile { level, index, width };
        let theirs = TheirTile::new(8, level, index, width.into(), false);
        // They name the height, which is 8 everywhere, in a way of their own.
        prop_assert_eq!(ours.to_string(), theirs.path().replacen("tile/8/", "tile/", 1));
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "(c2sp.org/tlog-proof@v1\n)?(index )?[0-9a-zA-Z+/=\u{2014} \n]{0,200}") {
        let _ = text.parse::<Note>();
        let _ = text.parse::<Proof>();
        let _ = text.parse::<Checkpoint>();
        let _ = text.parse::<VerifierKey>();
    }
}

struct Signer {
    pair: Ed25519KeyPair,
    key: VerifierKey,
}

fn signer(name: &str) -> Signer {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    let public = pair.public_key().as_ref().try_into().unwrap();
    let key = VerifierKey::new(name, public).unwrap();
    Signer { pair, key }
}

impl Signer {
    fn sign(&self, checkpoint: &Checkpoint) -> Note {
        let text = checkpoint.to_string();
        let signature = self.pair.sign(text.as_bytes()).as_ref().to_vec();
        Note::signed(text, &self.key, signature)
    }
}

#[test]
fn they_read_our_checkpoints_and_a_note_is_its_keys_alone() {
    let ours = signer("log.example/one");
    let both = Both::of(5);
    let checkpoint = Checkpoint {
        origin: "log.example/one".to_owned(),
        size: 5,
        root: both.builder.root(),
    };
    let read = tlog_tiles::Checkpoint::from_bytes(checkpoint.to_string().as_bytes()).unwrap();
    assert_eq!((read.size(), read.hash().0), (5, checkpoint.root));

    let note = ours.sign(&checkpoint).to_string();
    let back: Note = note.parse().unwrap();
    assert_eq!(back.to_string(), note);
    assert_eq!(Checkpoint::verify(&back, &ours.key).unwrap(), checkpoint);
    assert_eq!(
        ours.key.to_string().parse::<VerifierKey>().unwrap(),
        ours.key
    );

    let stranger = signer("log.example/one");
    assert!(Checkpoint::verify(&back, &stranger.key).is_err());
    let forged = note.replace("\n5\n", "\n6\n").parse::<Note>().unwrap();
    assert!(Checkpoint::verify(&forged, &ours.key).is_err());
}

#[test]
fn a_receipt_holds_for_its_record_its_log_and_its_key_alone() {
    let ours = signer("log.example/one");
    let both = Both::of(300);
    let checkpoint = Checkpoint {
        origin: "log.example/one".to_owned(),
        size: 300,
        root: both.builder.root(),
    };
    let proof = Proof {
        index: 41,
        path: both.inclusion(41, 300),
        checkpoint: ours.sign(&checkpoint),
    };
    let receipt = Receipt {
        record: String::from_utf8(entry(41)).unwrap(),
        proof: proof.to_string(),
    };
    assert_eq!(receipt.verify(&ours.key).unwrap(), checkpoint);
    let changed = |record: &str, proof: String| Receipt {
        record: record.to_owned(),
        proof,
    };
    let record = receipt.record.clone();
    let bad = [
        changed("{\"seq\":43}", receipt.proof.clone()),
        changed(&record, receipt.proof.replace("index 41", "index 42")),
        changed(&record, receipt.proof.replace("\n300\n", "\n301\n")),
        changed(
            &record,
            receipt
                .proof
                .replace("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2"),
        ),
    ];
    for (number, bad) in bad.into_iter().enumerate() {
        assert!(bad.verify(&ours.key).is_err(), "{number}");
    }
    assert!(receipt.verify(&signer("log.example/one").key).is_err());
    let elsewhere = Checkpoint {
        origin: "log.example/two".to_owned(),
        ..checkpoint
    };
    let elsewhere = Proof {
        checkpoint: ours.sign(&elsewhere),
        ..proof
    };
    assert!(
        changed(&record, elsewhere.to_string())
            .verify(&ours.key)
            .is_err()
    );
}
