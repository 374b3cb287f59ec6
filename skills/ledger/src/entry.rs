//! What an entry must look like, before the ledger is asked.

use crate::Entry;

/// Bytes of a name or a number.
const LONGEST: usize = 200;

/// Digits of an amount, before and behind its point.
const WHOLE: usize = 15;
const PARTS: usize = 4;

/// Whether it can be booked.
///
/// # Errors
/// Why it can't, for who asks.
pub(crate) fn check(entry: &Entry) -> Result<(), String> {
    for (what, text) in [("supplier", &entry.supplier), ("number", &entry.number)] {
        if text.trim().is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) {
            return Err(format!("`{what}` is one line of at most {LONGEST} bytes"));
        }
    }
    let due = entry.due.iter().map(|date| ("due", date));
    for (what, date) in std::iter::once(("issued", &entry.issued)).chain(due) {
        if !is_date(date) {
            return Err(format!("`{what}` is a date such as 2026-11-22"));
        }
    }
    if entry.currency.len() != 3 || !entry.currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err("`currency` is three letters such as EUR".to_owned());
    }
    match is_decimal(&entry.amount) {
        true => Ok(()),
        false => Err("`amount` is a decimal such as 1234.50".to_owned()),
    }
}

/// Whether both say the same, however many noughts stand behind the amount's point.
pub(crate) fn is_same(one: &Entry, other: &Entry) -> bool {
    let amounts = plain(&one.amount) == plain(&other.amount);
    let texts = one.issued == other.issued && one.due == other.due;
    amounts && texts && one.currency == other.currency
}

/// As few digits as say it.
fn plain(amount: &str) -> &str {
    match amount.contains('.') {
        true => amount.trim_end_matches('0').trim_end_matches('.'),
        false => amount,
    }
}

/// The shape alone: which days a month has, the ledger knows.
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
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            supplier: "ACME".to_owned(),
            number: "INV-2031".to_owned(),
            issued: "2026-11-22".to_owned(),
            due: Some("2026-12-22".to_owned()),
            currency: "EUR".to_owned(),
            amount: "42.50".to_owned(),
        }
    }

    #[test]
    fn what_is_no_entry_is_told() {
        assert_eq!(check(&entry()), Ok(()));
        let wrong: [(fn(&mut Entry), &str); 7] = [
            (|entry| entry.supplier = " ".to_owned(), "`supplier`"),
            (|entry| entry.number = "a\nb".to_owned(), "`number`"),
            (|entry| entry.issued = "22.11.2026".to_owned(), "`issued`"),
            (|entry| entry.due = Some("2026-1-1".to_owned()), "`due`"),
            (|entry| entry.currency = "Eur".to_owned(), "`currency`"),
            (|entry| entry.amount = "1,000.00".to_owned(), "`amount`"),
            (|entry| entry.amount = "1e9".to_owned(), "`amount`"),
        ];
        for (spoil, says) in wrong {
            let mut entry = entry();
            spoil(&mut entry);
            let why = check(&entry).expect_err(says);
            assert!(why.contains(says), "{why}");
        }
    }

    #[test]
    fn noughts_behind_the_point_make_no_other_entry() {
        let with = |amount: &str| Entry {
            amount: amount.to_owned(),
            ..entry()
        };
        assert!(is_same(&with("42.50"), &with("42.5")));
        assert!(is_same(&with("42.00"), &with("42")));
        assert!(!is_same(&with("420"), &with("42")));
        assert!(!is_same(&with("42.05"), &with("42.5")));
    }

    #[test]
    fn natively_there_is_no_ledger() {
        use crate::ledger::Guest as _;
        let booked = crate::Books::book(entry());
        assert!(matches!(booked, Err(crate::Problem::Unavailable(_))));
    }
}
