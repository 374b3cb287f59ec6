//! What the bank is asked: an account that exists on paper, a sum, and words that a bank takes.

use iban::{Iban, IbanLike as _};
use serde::Serialize;

use crate::Amount;

/// The longest reference, in characters (EPC SEPA rulebook: unstructured remittance information).
const LONGEST: usize = 140;

/// An order as the bank reads it.
#[derive(Debug, Serialize)]
pub(crate) struct Order {
    iban: String,
    minor: u64,
    currency: String,
    reference: String,
}

impl Order {
    /// Reads what the agent gave.
    ///
    /// # Errors
    /// In words: what is wrong with it.
    pub(crate) fn of(iban: &str, amount: &Amount, reference: String) -> Result<Self, String> {
        let iban: Iban = iban
            .parse()
            .map_err(|_| "the IBAN is not one: its form, country or check digits are wrong")?;
        if amount.minor == 0 {
            return Err("an amount is more than nothing".to_owned());
        }
        let currency = &amount.currency;
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err("the currency has three capital letters (ISO 4217)".to_owned());
        }
        if reference.is_empty() || reference.chars().count() > LONGEST {
            return Err(format!("a reference has 1 to {LONGEST} characters"));
        }
        if !reference.bytes().all(is_sepa) {
            return Err(
                "a reference has letters, digits, spaces and / - ? : ( ) . , ' +".to_owned(),
            );
        }
        Ok(Self {
            iban: iban.electronic_str().to_owned(),
            minor: amount.minor,
            currency: currency.clone(),
            reference,
        })
    }
}

/// The characters that every bank of the scheme takes (EPC217-08).
fn is_sepa(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" /-?:().,'+".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(currency: &str, reference: &str) -> Result<Order, String> {
        let amount = Amount {
            minor: 1,
            currency: currency.to_owned(),
        };
        Order::of("no93 8601 1117 947", &amount, reference.to_owned())
    }

    #[test]
    fn an_account_has_one_form() {
        let amount = Amount {
            minor: 1,
            currency: "EUR".to_owned(),
        };
        let order = Order::of("NO93 8601 1117 947", &amount, "INV-1".to_owned()).unwrap();
        assert_eq!(order.iban, "NO9386011117947");
    }

    #[test]
    fn a_reference_says_nothing_but_itself() {
        for wrong in ["", "INV\n1", "<b>", "INV-1\u{202e}", &"x".repeat(141)] {
            assert!(order("EUR", wrong).is_err(), "{wrong:?}");
        }
        for wrong in ["", "eur", "EURO", "E R"] {
            assert!(order(wrong, "INV-1").is_err(), "{wrong:?}");
        }
    }
}
