//! Reads UBL 2.1 invoices and credit notes and checks that they add up.

mod check;
mod document;
mod line;
mod money;
mod party;
mod payment;
mod xml;

vouchsafe_sdk::skill!(Intake);

struct Intake;

impl invoices::Guest for Intake {
    fn extract(document: String) -> Result<Invoice, Problem> {
        let text = xml::clean(&document)?;
        let tree = xml::parse(text)?;
        let mut invoice = document::read(&tree)?;
        invoice.check = check::check(&invoice);
        Ok(invoice)
    }
}

#[cfg(test)]
mod tests;
