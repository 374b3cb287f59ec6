//! How an invoice says it is to be paid.

use crate::xml::Element;
use crate::{Payment, Problem, money};

/// A `PaymentMeans` element.
pub(crate) fn payment(element: &Element<'_>) -> Result<Payment, Problem> {
    let code = element.optional("PaymentMeansCode")?;
    Ok(Payment {
        code: code
            .as_ref()
            .map(Element::text)
            .filter(|text| !text.is_empty()),
        name: code.and_then(|code| code.attribute("name")),
        due: money::date_at(element, &["PaymentDueDate"])?,
        reference: Some(element.texts("PaymentID").join(" ")).filter(|text| !text.is_empty()),
        account: element.text_at(&["PayeeFinancialAccount", "ID"])?,
        account_name: element.text_at(&["PayeeFinancialAccount", "Name"])?,
        bank: bank(element)?,
        mandate: element.text_at(&["PaymentMandate", "ID"])?,
        debited_account: element.text_at(&["PaymentMandate", "PayerFinancialAccount", "ID"])?,
        card: element
            .text_at(&["CardAccount", "PrimaryAccountNumberID"])?
            .map(last_digits),
    })
}

fn bank(element: &Element<'_>) -> Result<Option<String>, Problem> {
    let branch = ["PayeeFinancialAccount", "FinancialInstitutionBranch"];
    let of_branch = element.text_at(&[branch[0], branch[1], "ID"])?;
    let of_institution = element.text_at(&[branch[0], branch[1], "FinancialInstitution", "ID"])?;
    Ok(of_branch.or(of_institution))
}

/// A whole card number has no business in an invoice; what is passed on is never more than this.
fn last_digits(number: String) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    digits.iter().skip(digits.len().saturating_sub(4)).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn of_a_card_only_the_end_is_passed_on() {
        assert_eq!(super::last_digits("4111 1111 1111 1234".to_owned()), "1234");
        assert_eq!(super::last_digits("XXXXXXXXXXXX12".to_owned()), "12");
    }
}
