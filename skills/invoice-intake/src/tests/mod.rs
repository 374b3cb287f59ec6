//! The skill as its caller sees it.

mod hostile;
mod public;
mod reading;
mod sums;

use crate::invoices::Guest;
use crate::{Invoice, Problem};

const INVOICE: &str = include_str!("../../fixtures/invoice.xml");
const CREDIT_NOTE: &str = include_str!("../../fixtures/credit-note.xml");

fn extract(document: &str) -> Result<Invoice, Problem> {
    crate::Intake::extract(document.to_owned())
}

/// The invoice with one passage replaced; fails if the passage is not there.
fn with(from: &str, to: &str) -> String {
    assert!(INVOICE.contains(from), "the fixture has no `{from}`");
    INVOICE.replacen(from, to, 1)
}
