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

/// Checks every sum that is stated, and always what is to be paid.
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
        let lines = money::sum(invoice.lines.iter().map(|line| &line.net));
        if let Some(stated) = &totals.lines {
            self.compare(Rule::SumOfLines, None, stated, lines, EXACT);
        }
        let of = |charge: bool| {
            money::sum(
                invoice
                    .adjustments
                    .iter()
                    .filter(|it| it.charge == charge)
                    .map(|it| &it.amount),
            )
        };
        if let Some(stated) = &totals.allowances {
            self.compare(Rule::SumOfAllowances, None, stated, of(false), EXACT);
        }
        if let Some(stated) = &totals.charges {
            self.compare(Rule::SumOfCharges, None, stated, of(true), EXACT);
        }
        // What is not stated is computed, so that what is to be paid is always checked.
        let without = lines.and_then(|lines| adjusted(lines, &invoice.adjustments));
        let without = self.stated_or(Rule::WithoutVat, &totals.without_vat, without);
        let vat = money::sum(invoice.vat.iter().map(|vat| &vat.total));
        let with = without.and_then(|without| without.checked_add(vat?));
        let with = self.stated_or(Rule::WithVat, &totals.with_vat, with);
        let prepaid = money::sum(&totals.prepaid);
        let rounding = money::sum(&totals.rounding);
        let payable = with.and_then(|with| with.checked_sub(prepaid?)?.checked_add(rounding?));
        self.compare(Rule::Payable, None, &totals.payable, payable, EXACT);
    }

    /// What is stated, compared to what is computed; or else what is computed.
    fn stated_or(
        &mut self,
        rule: Rule,
        stated: &Option<String>,
        computed: Option<Decimal>,
    ) -> Option<Decimal> {
        let Some(stated) = stated else {
            return computed;
        };
        self.compare(rule, None, stated, computed, EXACT);
        number(stated)
    }

    fn vat(&mut self, invoice: &Invoice, vat: &Vat) {
        if vat.breakdown.is_empty() {
            return;
        }
        let taxes = money::sum(vat.breakdown.iter().map(|part| &part.tax));
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
    let lines = money::sum(
        invoice
            .lines
            .iter()
            .filter(|line| same(&line.vat))
            .map(|line| &line.net),
    )?;
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
    format!("{}{rate}", category.category.as_deref().unwrap_or("VAT"))
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

fn number(text: &str) -> Option<Decimal> {
    money::parse(text)
}
