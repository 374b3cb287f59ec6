//! Takes escapes out of text, whichever of its characters were escaped: `%41`, `\u0041`, `\/`.

/// Text without its escapes, and where each byte of it came from.
pub(super) struct Unescaped {
    pub(super) bytes: Vec<u8>,
    from: Vec<u32>,
    /// Where what was read ends: at an escape that the end cuts, or at the end.
    end: usize,
}

impl Unescaped {
    /// Where in the text byte `index` begins.
    pub(super) fn at(&self, index: usize) -> usize {
        let from = self
            .from
            .get(index)
            .and_then(|from| usize::try_from(*from).ok());
        from.unwrap_or(self.end)
    }
}

/// `None` where there is nothing to unescape.
pub(super) fn unescaped(text: &[u8]) -> Option<Unescaped> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'\\')) {
        return None;
    }
    let mut decoded = Unescaped {
        bytes: Vec::with_capacity(text.len()),
        from: Vec::with_capacity(text.len()),
        end: text.len(),
    };
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let mut buffer = [0; 4];
        let (bytes, length): (&[u8], usize) = match escape(rest) {
            Escape::Cut => {
                decoded.end = at;
                break;
            }
            Escape::None(byte) => {
                buffer[0] = byte;
                (buffer.get(..1).unwrap_or_default(), 1)
            }
            Escape::Byte(byte, length) => {
                buffer[0] = byte;
                (buffer.get(..1).unwrap_or_default(), length)
            }
            Escape::Char(character, length) => {
                (character.encode_utf8(&mut buffer).as_bytes(), length)
            }
        };
        decoded.bytes.extend_from_slice(bytes);
        let from = u32::try_from(at).unwrap_or(u32::MAX);
        decoded.from.extend(bytes.iter().map(|_| from));
        at += length;
    }
    Some(decoded)
}

/// What a text begins with.
enum Escape {
    /// An ordinary byte.
    None(u8),
    /// An escaped byte, and the length of its escape.
    Byte(u8, usize),
    /// An escaped character, and the length of its escape.
    Char(char, usize),
    /// An escape whose end has not come yet.
    Cut,
}

fn escape(text: &[u8]) -> Escape {
    match text {
        [b'%', high, low, ..] => match (digit(*high), digit(*low)) {
            (Some(high), Some(low)) => Escape::Byte(high * 16 + low, 3),
            _ => Escape::None(b'%'),
        },
        [b'%'] => Escape::Cut,
        [b'%', high] if digit(*high).is_some() => Escape::Cut,
        [b'\\'] => Escape::Cut,
        [b'\\', b'u', rest @ ..] => unicode(rest),
        [b'\\', plain @ (b'/' | b'"' | b'\\'), ..] => Escape::Byte(*plain, 2),
        [first, ..] => Escape::None(*first),
        [] => Escape::Cut,
    }
}

/// After `\u`: four digits, or two such escapes that are one character together.
fn unicode(rest: &[u8]) -> Escape {
    let Some(unit) = unit(rest) else {
        let is_begun = rest.len() < 4 && rest.iter().all(|byte| digit(*byte).is_some());
        return if is_begun {
            Escape::Cut
        } else {
            Escape::None(b'\\')
        };
    };
    if let Some(character) = char::from_u32(u32::from(unit)) {
        return Escape::Char(character, 6);
    }
    let second = rest.get(4..).unwrap_or_default();
    match second {
        [b'\\', b'u', low @ ..] if low.len() >= 4 => {
            let low = self::unit(low).unwrap_or_default();
            let mut characters = char::decode_utf16([unit, low]);
            match characters.next() {
                Some(Ok(character)) => Escape::Char(character, 12),
                _ => Escape::None(b'\\'),
            }
        }
        _ if second.len() < 6
            && b"\\u".starts_with(second.get(..2.min(second.len())).unwrap_or_default()) =>
        {
            Escape::Cut
        }
        _ => Escape::None(b'\\'),
    }
}

fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.get(..4)?;
    digits.iter().try_fold(0_u16, |unit, byte| {
        Some(unit * 16 + u16::from(digit(*byte)?))
    })
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}
