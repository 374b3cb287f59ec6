//! Pays by SEPA credit transfer at a bank that the operator names.
//!
//! What the bank is sent was read and found to be an order first. After that an order is made, rejected or `unknown`:
//! an answer that does not come, or is not understood, is never taken for a rejection, since somebody would pay twice.

mod order;

use serde::Deserialize;
use vouchsafe_sdk::http::{Destination, Error, Response};

use order::Order;

vouchsafe_sdk::skill!(Bank);

struct Bank;

/// What `skill.toml` calls the bank.
const BANK: &str = "bank";

impl payments::Guest for Bank {
    fn initiate(iban: String, amount: Amount, reference: String) -> Result<String, Problem> {
        let order = Order::of(&iban, &amount, reference).map_err(rejected)?;
        let sent = Destination::named(BANK)
            .post("/payments")
            .json(&order)
            .send();
        let made: Made = read(sent.map_err(|error| unmade(&error))?)?;
        Ok(made.id)
    }

    fn status(payment: String) -> Result<State, Problem> {
        let asked = Destination::named(BANK).get(["payments", &payment]).send();
        let found: Found = read(asked.map_err(|error| unmade(&error))?)?;
        Ok(match found.state {
            Known::Pending => State::Pending,
            Known::Booked => State::Booked,
            Known::Returned => State::Returned,
        })
    }
}

/// The bank's answer to an order.
#[derive(Deserialize)]
struct Made {
    id: String,
}

/// The bank's answer to a question.
#[derive(Deserialize)]
struct Found {
    state: Known,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Known {
    Pending,
    Booked,
    Returned,
}

/// What the bank says. Only a 4xx says that nothing was done, and 408 does not.
fn read<T: for<'de> Deserialize<'de>>(answer: Response) -> Result<T, Problem> {
    match answer.status() {
        200..=299 => answer.json().map_err(|_| Problem::Unknown),
        408 => Err(Problem::Unknown),
        status @ 400..=499 => Err(rejected(format!("the bank answered {status}"))),
        _ => Err(Problem::Unknown),
    }
}

/// What an order that has no answer comes to.
fn unmade(error: &Error) -> Problem {
    match error {
        Error::NotGranted(_)
        | Error::Denied
        | Error::Unavailable
        | Error::Invalid(_)
        | Error::NoHost => rejected(error.to_string()),
        _ => Problem::Unknown,
    }
}

fn rejected(why: impl Into<String>) -> Problem {
    Problem::Rejected(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_reached_the_bank_is_never_called_rejected() {
        for unsure in [
            Error::Timeout,
            Error::TooLarge,
            Error::Broken("x".to_owned()),
            Error::Unexpected("x".to_owned()),
            Error::Status(500),
        ] {
            assert_eq!(unmade(&unsure), Problem::Unknown, "{unsure}");
        }
        for unsent in [Error::Denied, Error::Unavailable, Error::NoHost] {
            assert!(matches!(unmade(&unsent), Problem::Rejected(_)), "{unsent}");
        }
    }

    #[test]
    fn an_order_that_is_none_is_not_sent() {
        let amount = |minor| Amount {
            minor,
            currency: "EUR".to_owned(),
        };
        let initiate = |iban: &str, minor| {
            <Bank as payments::Guest>::initiate(iban.to_owned(), amount(minor), "INV-1".to_owned())
        };
        let good = "NO9386011117947";
        // Natively nobody sends anything: a good order comes as far as that.
        let Err(Problem::Rejected(why)) = initiate(good, 4250) else {
            panic!("it was sent");
        };
        assert!(why.contains("no host"), "{why}");
        for (iban, minor) in [("NO9386011117948", 4250), ("", 4250), (good, 0)] {
            let Err(Problem::Rejected(why)) = initiate(iban, minor) else {
                panic!("{iban} {minor}");
            };
            assert!(!why.contains("no host"), "{why}");
        }
    }
}
