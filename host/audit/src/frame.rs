//! How records lie in the file.
//!
//! The file begins with one line: `vouchsafe-log 1`, the log's random id, and a CRC-32 of the two. Then frames:
//!
//! ```text
//! 0x1E  length (8 hex)  ' '  mark (16 hex)  ' '  CRC-32 (8 hex)  ' '  record  '\n'
//! ```
//!
//! `mark` is where the frame's batch begins. A batch is written only after the one before it is durable, so a good
//! frame proves that everything below its mark had been durable: that tells damage from a torn write.
//! INVARIANT (no zeros): a frame holds no zero byte, and 0x1E and '\n' only at its ends (canonical JSON escapes all
//! three), so a zero inside it is a write that did not happen, and frames can be found again after a bad one.

use std::io::Write;

use vouchsafe_tlog::bundle;

/// Bytes before the record.
pub(crate) const OVERHEAD: usize = 36;
/// The longest record: what an entry of a bundle can be long (C2SP tlog-tiles).
pub(crate) const MAX_RECORD: usize = bundle::LONGEST_ENTRY;
/// The longest frame.
pub(crate) const MAX_FRAME: usize = OVERHEAD + MAX_RECORD + 1;
/// The length of the file's first line.
pub(crate) const HEADER: usize = 90;
/// The first byte of a frame.
pub(crate) const START: u8 = 0x1e;

const VERSION_LINE: &str = "vouchsafe-log 1 ";

/// The file's first line for a log called `id`.
pub(crate) fn header(id: &[u8; 32]) -> Vec<u8> {
    let mut line = format!("{VERSION_LINE}{}", hex::encode(id));
    let crc = crc32fast::hash(line.as_bytes());
    line.push_str(&format!(" {crc:08x}\n"));
    line.into_bytes()
}

/// Checks the file's first line.
pub(crate) fn check_header(line: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(line).map_err(|_| "not text".to_owned())?;
    if !text.starts_with(VERSION_LINE) {
        return Err(format!(
            "does not begin with `{VERSION_LINE}`: not a log, or of another version"
        ));
    }
    let id = text.get(VERSION_LINE.len()..VERSION_LINE.len() + 64);
    let id = id.and_then(|id| <[u8; 32]>::try_from(hex::decode(id).ok()?).ok());
    match id {
        Some(id) if header(&id) == line => Ok(()),
        _ => Err("its check sum does not match".to_owned()),
    }
}

/// Begins a frame at the end of `out`; the record is to be written after it.
pub(crate) fn begin(out: &mut Vec<u8>) -> usize {
    let at = out.len();
    out.resize(at + OVERHEAD, b' ');
    at
}

/// Ends the frame begun at `at`, whose record is the rest of `out`.
pub(crate) fn end(out: &mut Vec<u8>, at: usize, mark: u64) {
    let length = out.len() - at - OVERHEAD;
    let mut head = [b' '; OVERHEAD];
    let crc = crc(length, mark, out.get(at + OVERHEAD..).unwrap_or_default());
    // The fields have fixed widths that fill the array exactly.
    let written = write!(
        head.as_mut_slice(),
        "\u{1e}{length:08x} {mark:016x} {crc:08x} "
    );
    debug_assert!(written.is_ok());
    if let Some(place) = out.get_mut(at..at + OVERHEAD) {
        place.copy_from_slice(&head);
    }
    out.push(b'\n');
}

/// A good frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) mark: u64,
    pub(crate) record: &'a [u8],
}

impl Frame<'_> {
    pub(crate) fn size(&self) -> u64 {
        (OVERHEAD + self.record.len() + 1) as u64
    }
}

/// The frame that `bytes` begin with; `None` if they begin with no good one.
pub(crate) fn parse(bytes: &[u8]) -> Option<Frame<'_>> {
    let head = bytes.get(..OVERHEAD)?;
    let (start, length, mark, crc) = (
        head.first()?,
        hex_field(head, 1, 8)?,
        hex_field(head, 10, 16)?,
        hex_field(head, 27, 8)?,
    );
    let length = usize::try_from(length).ok()?;
    let spaces = [9, 26, 35].iter().all(|at| head.get(*at) == Some(&b' '));
    if *start != START || !spaces || length > MAX_RECORD {
        return None;
    }
    let record = bytes.get(OVERHEAD..OVERHEAD + length)?;
    let ended = bytes.get(OVERHEAD + length) == Some(&b'\n');
    (ended && u64::from(self::crc(length, mark, record)) == crc).then_some(Frame { mark, record })
}

fn crc(length: usize, mark: u64, record: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&(length as u64).to_le_bytes());
    hasher.update(&mark.to_le_bytes());
    hasher.update(record);
    hasher.finalize()
}

/// Lower-case hex only, so that there is one spelling of each number.
fn hex_field(head: &[u8], at: usize, width: usize) -> Option<u64> {
    head.get(at..at + width)?
        .iter()
        .try_fold(0u64, |value, byte| {
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - b'a' + 10,
                _ => return None,
            };
            Some((value << 4) | u64::from(digit))
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(record: &[u8], mark: u64) -> Vec<u8> {
        let mut out = Vec::new();
        let at = begin(&mut out);
        out.extend_from_slice(record);
        end(&mut out, at, mark);
        out
    }

    #[test]
    fn the_header_fills_its_place() {
        let line = header(&[7; 32]);
        assert_eq!(line.len(), HEADER);
        assert_eq!(check_header(&line), Ok(()));
    }

    proptest! {
        #[test]
        fn what_was_framed_is_found(record in "[ -~]{0,2000}", mark: u64) {
            let bytes = frame(record.as_bytes(), mark);
            let found = parse(&bytes).unwrap();
            prop_assert_eq!(found, Frame { mark, record: record.as_bytes() });
            prop_assert_eq!(found.size(), bytes.len() as u64);
        }

        #[test]
        fn any_changed_byte_is_noticed(record in "[ -~]{0,200}", mark: u64, at: prop::sample::Index, flip in 1..=255u8) {
            let mut bytes = frame(record.as_bytes(), mark);
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert_eq!(parse(&bytes), None);
        }

        #[test]
        fn any_changed_byte_of_the_header_is_noticed(id: [u8; 32], at: prop::sample::Index, flip in 1..=255u8) {
            let mut line = header(&id);
            let at = at.index(line.len());
            line[at] ^= flip;
            prop_assert!(check_header(&line).is_err());
        }
    }
}
