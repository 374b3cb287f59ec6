//! Whether an invoice adds up, in exact decimals.
//!
//! A sum that is too large for exact arithmetic counts as a difference: what can't be checked
//! doesn't pass for right.

use rust_decimal::Decimal;

use crate::{
    Adjustment, Check, Difference, Invoice, Line, Rule, Vat, VatCategory, VatSubtotal, money,
};

const EXACT: Decimal = Decimal::ZERO;
/// Peppol's own slack for a line (PEPPOL-EN16931-R120).
const LINE: Decimal = Decimal::from_parts(2, 0, 0, false, 2);
/// The norm's own slack for VAT, which many compute line by line.
const VAT: Decimal = Decimal::ONE;

/// Checks every sum of which both sides are stated.
pub(crate) fn check(invoice: &Invoice) -> Check {
    let mut sums = Sums::default();
    for line in &invoice.lines {
        sums.line(line);
    }
    sums.totals(invoice);
    if let Some(vat) = &invoice.vat {
        sums.vat(invoice, vat);
    }
    Check {
        adds_up: sums.differences.is_empty(),
        differences: sums.differences,
        checked: sums.checked,
    }
}

#[derive(Default)]
struct Sums {
    differences: Vec<Difference>,
    checked: u32,
}

impl Sums {
    fn compare(
        &mut self,
        rule: Rule,
        place: Option<String>,
        stated: &str,
        computed: Option<Decimal>,
        slack: Decimal,
    ) {
        self.checked = self.checked.saturating_add(1);
        let off = || number(stated)?.checked_sub(computed?);
        if off().is_some_and(|off| off.abs() <= slack) {
            return;
        }
        let computed = computed.map_or("beyond exact arithmetic".to_owned(), |sum| {
            sum.normalize().to_string()
        });
        self.differences.push(Difference {
            rule,
            place,
            stated: stated.to_owned(),
            computed,
        });
    }

    fn line(&mut self, line: &Line) {
        let (Some(quantity), Some(price)) = (&line.quantity, &line.price) else {
            return;
        };
        let net = || {
            let per = price
                .per
                .as_ref()
                .map_or(Some(Decimal::ONE), |per| number(&per.value))?;
            let gross = number(&quantity.value)?
                .checked_mul(number(&price.amount)?)?
                .checked_div(per)?;
            adjusted(gross, &line.adjustments)
        };
        self.compare(Rule::LineNet, Some(line.id.clone()), &line.net, net(), LINE);
    }

    fn totals(&mut self, invoice: &Invoice) {
        let totals = &invoice.totals;
        let lines = sum(invoice.lines.iter().map(|line| &line.net));
        if let Some(stated) = &totals.lines {
            self.compare(Rule::SumOfLines, None, stated, lines, EXACT);
        }
        let of = |charge: bool| {
            sum(invoice
                .adjustments
                .iter()
                .filter(|it| it.charge == charge)
                .map(|it| &it.amount))
        };
        if let Some(stated) = &totals.allowances {
            self.compare(Rule::SumOfAllowances, None, stated, of(false), EXACT);
        }
        if let Some(stated) = &totals.charges {
            self.compare(Rule::SumOfCharges, None, stated, of(true), EXACT);
        }
        if let Some(stated) = &totals.without_vat {
            let computed = lines.and_then(|lines| adjusted(lines, &invoice.adjustments));
            self.compare(Rule::WithoutVat, None, stated, computed, EXACT);
        }
        if let (Some(stated), Some(without)) = (&totals.with_vat, &totals.without_vat) {
            let vat = invoice.vat.as_ref().map(|vat| &vat.total);
            self.compare(
                Rule::WithVat,
                None,
                stated,
                sum([without].into_iter().chain(vat)),
                EXACT,
            );
        }
        if let Some(with) = &totals.with_vat {
            let more = sum([with].into_iter().chain(&totals.rounding));
            let computed = more.and_then(|more| more.checked_sub(sum(&totals.prepaid)?));
            self.compare(Rule::Payable, None, &totals.payable, computed, EXACT);
        }
    }

    fn vat(&mut self, invoice: &Invoice, vat: &Vat) {
        if vat.breakdown.is_empty() {
            return;
        }
        let taxes = sum(vat.breakdown.iter().map(|part| &part.tax));
        self.compare(Rule::SumOfVat, None, &vat.total, taxes, EXACT);
        for part in &vat.breakdown {
            let place = Some(name(&part.category));
            if let Some(rate) = &part.category.rate {
                let tax = || {
                    number(&part.taxable)?
                        .checked_mul(number(rate)?)?
                        .checked_div(Decimal::ONE_HUNDRED)
                };
                let rounded = tax().map(|tax| tax.round_dp(2));
                self.compare(Rule::VatOfRate, place.clone(), &part.tax, rounded, VAT);
            }
            if invoice.lines.iter().all(|line| line.vat.is_some()) {
                self.compare(
                    Rule::Taxable,
                    place,
                    &part.taxable,
                    taxable(invoice, part),
                    VAT,
                );
            }
        }
    }
}

/// What lines, allowances and charges say is taxed as `part` is.
fn taxable(invoice: &Invoice, part: &VatSubtotal) -> Option<Decimal> {
    let same =
        |vat: &Option<VatCategory>| vat.as_ref().is_some_and(|vat| is_same(vat, &part.category));
    let lines = sum(invoice
        .lines
        .iter()
        .filter(|line| same(&line.vat))
        .map(|line| &line.net))?;
    let adjustments: Vec<_> = invoice
        .adjustments
        .iter()
        .filter(|it| same(&it.vat))
        .cloned()
        .collect();
    adjusted(lines, &adjustments)
}

/// Same category and rate; "25" and "25.0" are one rate, and none is zero.
fn is_same(one: &VatCategory, other: &VatCategory) -> bool {
    let rate = |of: &VatCategory| of.rate.as_deref().map_or(Some(Decimal::ZERO), number);
    one.category == other.category && rate(one) == rate(other)
}

fn name(category: &VatCategory) -> String {
    let rate = category
        .rate
        .as_ref()
        .map(|rate| format!(" {rate}%"))
        .unwrap_or_default();
    format!("{}{rate}", category.category)
}

fn adjusted(amount: Decimal, adjustments: &[Adjustment]) -> Option<Decimal> {
    adjustments.iter().try_fold(amount, |amount, adjustment| {
        let by = number(&adjustment.amount)?;
        if adjustment.charge {
            amount.checked_add(by)
        } else {
            amount.checked_sub(by)
        }
    })
}

fn sum<'a>(numbers: impl IntoIterator<Item = &'a String>) -> Option<Decimal> {
    numbers
        .into_iter()
        .try_fold(Decimal::ZERO, |sum, next| sum.checked_add(number(next)?))
}

fn number(text: &str) -> Option<Decimal> {
    money::parse(text)
}
