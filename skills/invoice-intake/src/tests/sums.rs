//! Sums that are off are found, by the rule that they break.

use super::{extract, with};
use crate::Rule;

/// The rules that the changed invoice breaks.
fn broken(from: &str, to: &str) -> Vec<Rule> {
    let check = extract(&with(from, to)).unwrap().check;
    assert_eq!(check.adds_up, check.differences.is_empty());
    check
        .differences
        .into_iter()
        .map(|difference| difference.rule)
        .collect()
}

#[test]
fn a_cent_too_much_is_found() {
    assert_eq!(
        broken("137.38</b:PayableAmount>", "137.39</b:PayableAmount>"),
        [Rule::Payable]
    );
    assert_eq!(
        broken("10.00</b:ChargeTotalAmount>", "10.01</b:ChargeTotalAmount>"),
        [Rule::SumOfCharges]
    );
    assert_eq!(
        broken("27.48</b:TaxAmount>", "27.49</b:TaxAmount>"),
        [Rule::WithVat, Rule::SumOfVat]
    );
    assert_eq!(
        broken(
            "109.90</b:TaxExclusiveAmount>",
            "109.91</b:TaxExclusiveAmount>"
        ),
        [Rule::WithoutVat, Rule::WithVat]
    );
}

#[test]
fn a_line_that_is_not_quantity_times_price_is_named() {
    let changed = with(">1000</b:InvoicedQuantity>", ">1100</b:InvoicedQuantity>");
    let difference = extract(&changed).unwrap().check.differences.remove(0);
    assert_eq!(
        (difference.rule, difference.place.as_deref()),
        (Rule::LineNet, Some("1"))
    );
    assert_eq!(
        (difference.stated.as_str(), difference.computed.as_str()),
        ("99.90", "109.89")
    );
}

#[test]
fn vat_that_is_not_its_rate_is_found() {
    assert_eq!(
        broken("<b:Percent>25.0</b:Percent>", "<b:Percent>15</b:Percent>"),
        [Rule::VatOfRate, Rule::Taxable]
    );
}

#[test]
fn a_discount_that_is_not_stated_is_found() {
    let from = "<b:ChargeIndicator>true</b:ChargeIndicator>";
    let rules = broken(from, "<b:ChargeIndicator>false</b:ChargeIndicator>");
    assert_eq!(rules, [Rule::SumOfCharges, Rule::WithoutVat, Rule::Taxable]);
}

#[test]
fn what_is_beyond_exact_arithmetic_does_not_pass() {
    let huge = "9".repeat(28);
    let from = ">9.99</b:PriceAmount>";
    assert_eq!(
        broken(from, &format!(">{huge}</b:PriceAmount>")),
        [Rule::LineNet]
    );
    let none = "<b:BaseQuantity unitCode=\"C62\">0</b:BaseQuantity>";
    assert_eq!(
        broken(
            "<b:BaseQuantity unitCode=\"C62\">100</b:BaseQuantity>",
            none
        ),
        [Rule::LineNet]
    );
}
