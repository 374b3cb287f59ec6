//! Whether a credential can be guessed, and whether it can be watched for.

/// The shortest that is taken, in bytes: what is shorter stands in ordinary text by chance.
pub const SHORTEST: usize = 8;

/// The longest that is taken, in bytes: what servers take in one header.
pub const LONGEST: usize = 4096;

/// Bits below which a credential is weak: fewer are tried by machines in a day, where a leaked hash lets them.
pub const ENOUGH_BITS: f64 = 48.0;

/// Why bytes are no credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Too short to be watched for.
    #[error(
        "it is shorter than {SHORTEST} bytes: it could not be told from ordinary text in an answer"
    )]
    Short,
    /// Too long for a request.
    #[error("it is longer than {LONGEST} bytes")]
    Long,
    /// Line breaks, control characters, or no text at all.
    #[error("it has a line break or another control character, or is not UTF-8")]
    NotText,
}

/// Whether `value` can be a credential at all.
///
/// # Errors
/// Why not.
pub fn fit(value: &[u8]) -> Result<(), Unfit> {
    let text = std::str::from_utf8(value).map_err(|_| Unfit::NotText)?;
    match value.len() {
        ..SHORTEST => Err(Unfit::Short),
        SHORTEST..=LONGEST if text.chars().any(char::is_control) => Err(Unfit::NotText),
        SHORTEST..=LONGEST => Ok(()),
        _ => Err(Unfit::Long),
    }
}

/// Whether `value` looks too easy to guess. An estimate from above: a strong-looking one may still be in a list.
#[must_use]
pub fn is_weak(value: &[u8]) -> bool {
    bits(value) < ENOUGH_BITS
}

/// The entropy of `value` if each of its bytes was drawn alone, as often as it stands there (Shannon).
#[expect(
    clippy::cast_precision_loss,
    reason = "an estimate of at most 4096 bytes"
)]
fn bits(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let length = value.len() as f64;
    let counted = counts.iter().filter(|count| **count > 0);
    counted
        .map(|count| f64::from(*count) * (length / f64::from(*count)).log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_repetitions_are_weak_and_random_tokens_are_not() {
        for weak in [
            "hunter2!",
            "password1234",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "1234123412341234",
            "letmeinplease",
        ] {
            assert!(is_weak(weak.as_bytes()), "{weak}");
        }
        for strong in [
            "9f2c41d09be44aa1c5",
            "tok_live_4Q7mXe1vZb9c",
            "s3cr3t-VAlue/with+all=kinds",
        ] {
            assert!(!is_weak(strong.as_bytes()), "{strong}");
        }
    }

    #[test]
    fn what_is_no_text_or_too_short_is_unfit() {
        assert_eq!(fit(b"1234567"), Err(Unfit::Short));
        assert_eq!(fit(b"12345678"), Ok(()));
        assert_eq!(fit(&[b'a'; 4097]), Err(Unfit::Long));
        assert_eq!(fit(b"1234567\n"), Err(Unfit::NotText));
        assert_eq!(fit(b"1234567\xff"), Err(Unfit::NotText));
    }
}
