//! What arguments must look like, before the ERP is asked.

use crate::{DocumentKind, Draft};

/// Bytes of a name or a number.
const LONGEST: usize = 200;

/// Bytes of the ERP's own names.
const LONGEST_ID: usize = 64;

/// Digits of an amount, before and behind its point.
const WHOLE: usize = 15;
const PARTS: usize = 4;

/// Whether it can be posted as such.
///
/// # Errors
/// Why it can't, for who asks.
pub(crate) fn check(kind: DocumentKind, draft: &Draft) -> Result<(), String> {
    line("number", &draft.number)?;
    let due = draft.due.iter().map(|date| ("due", date));
    for (what, date) in std::iter::once(("issued", &draft.issued)).chain(due) {
        if !is_date(date) {
            return Err(format!("`{what}` is a date such as 2026-11-22"));
        }
    }
    if draft.currency.len() != 3 || !draft.currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err("`currency` is three letters such as EUR".to_owned());
    }
    if !is_decimal(&draft.amount) {
        return Err("`amount` is a decimal such as 1234.50".to_owned());
    }
    match &draft.order {
        Some(_) if kind == DocumentKind::Order => Err("an order has no `order`".to_owned()),
        Some(order) => id("order", order),
        None => Ok(()),
    }
}

/// Whether `text` is a line of words.
///
/// # Errors
/// That it is not.
pub(crate) fn line(what: &str, text: &str) -> Result<(), String> {
    match text.trim().is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) {
        true => Err(format!("`{what}` is one line of at most {LONGEST} bytes")),
        false => Ok(()),
    }
}

/// Whether `text` can be the ERP's name of something. It stands in paths, where nothing else does.
///
/// # Errors
/// That it can't.
pub(crate) fn id(what: &str, text: &str) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let dots = text.bytes().all(|byte| byte == b'.');
    match !dots && text.len() <= LONGEST_ID && text.bytes().all(plain) {
        true => Ok(()),
        false => Err(format!(
            "`{what}` is at most {LONGEST_ID} letters, digits and - _ ."
        )),
    }
}

/// Whether both say the same, however many noughts stand behind the amount's point.
pub(crate) fn is_same(one: &Draft, other: &Draft) -> bool {
    let about = |draft: &Draft| {
        let Draft {
            number,
            issued,
            due,
            currency,
            amount,
            order,
        } = draft.clone();
        (
            number,
            issued,
            due,
            currency,
            plain(&amount).to_owned(),
            order,
        )
    };
    about(one) == about(other)
}

/// As few digits as say it.
pub(crate) fn plain(amount: &str) -> &str {
    match amount.contains('.') {
        true => amount.trim_end_matches('0').trim_end_matches('.'),
        false => amount,
    }
}

/// The shape alone: which days a month has, the ERP knows.
fn is_date(text: &str) -> bool {
    let shape = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 10 && text.bytes().enumerate().all(shape)
}

fn is_decimal(text: &str) -> bool {
    let digits = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let number = text.strip_prefix('-').unwrap_or(text);
    match number.split_once('.') {
        Some((whole, parts)) => digits(whole, WHOLE) && digits(parts, PARTS),
        None => digits(number, WHOLE),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn draft() -> Draft {
        Draft {
            number: "INV-2031".to_owned(),
            issued: "2026-11-22".to_owned(),
            due: Some("2026-12-22".to_owned()),
            currency: "EUR".to_owned(),
            amount: "42.50".to_owned(),
            order: Some("O-7".to_owned()),
        }
    }

    #[test]
    fn what_is_no_document_is_told() {
        assert_eq!(check(DocumentKind::Invoice, &draft()), Ok(()));
        type Spoil = fn(&mut Draft);
        let wrong: [(Spoil, &str); 7] = [
            (|draft| draft.number = "a\nb".to_owned(), "`number`"),
            (|draft| draft.issued = "22.11.2026".to_owned(), "`issued`"),
            (|draft| draft.due = Some("2026-1-1".to_owned()), "`due`"),
            (|draft| draft.currency = "Eur".to_owned(), "`currency`"),
            (|draft| draft.amount = "1,000.00".to_owned(), "`amount`"),
            (|draft| draft.amount = "1e9".to_owned(), "`amount`"),
            (|draft| draft.order = Some("O/7".to_owned()), "`order`"),
        ];
        for (spoil, says) in wrong {
            let mut draft = draft();
            spoil(&mut draft);
            let why = check(DocumentKind::Invoice, &draft).expect_err(says);
            assert!(why.contains(says), "{why}");
        }
        let why = check(DocumentKind::Order, &draft()).expect_err("an order of an order");
        assert!(why.contains("has no `order`"), "{why}");
    }

    #[test]
    fn noughts_behind_the_point_make_no_other_document() {
        let with = |amount: &str| Draft {
            amount: amount.to_owned(),
            ..draft()
        };
        assert!(is_same(&with("42.50"), &with("42.5")));
        assert!(is_same(&with("42.00"), &with("42")));
        assert!(!is_same(&with("420"), &with("42")));
        assert!(!is_same(
            &draft(),
            &Draft {
                order: None,
                ..draft()
            }
        ));
    }

    #[test]
    fn a_name_of_the_erp_is_one_segment_of_a_path() {
        for right in ["V-1", "2026.11_7", &"x".repeat(64)] {
            assert_eq!(id("id", right), Ok(()));
        }
        for wrong in [
            "",
            ".",
            "..",
            "a/b",
            "a b",
            "a?b",
            "é",
            "%2e",
            &"x".repeat(65),
        ] {
            assert!(id("id", wrong).is_err(), "{wrong}");
        }
    }
}
