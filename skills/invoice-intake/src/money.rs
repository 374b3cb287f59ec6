//! Exact numbers and dates: how they are read and written.

use jiff::civil;
use rust_decimal::Decimal;

use crate::xml::Element;
use crate::{Adjustment, Money, Period, Problem, Quantity, VatCategory};

/// The number in an element.
pub(crate) fn decimal(element: &Element<'_>) -> Result<String, Problem> {
    let number = parse(&element.text()).ok_or_else(|| element.misread("a decimal"))?;
    Ok(number.to_string())
}

/// The number at the end of a way, if all of it is there.
pub(crate) fn decimal_at(
    element: &Element<'_>,
    names: &[&'static str],
) -> Result<Option<String>, Problem> {
    element.at(names)?.as_ref().map(decimal).transpose()
}

/// The number in the only child called `name`.
pub(crate) fn required(element: &Element<'_>, name: &'static str) -> Result<String, Problem> {
    decimal(&element.required(name)?)
}

/// The sum of numbers that were read, unless it is too large to be exact.
pub(crate) fn sum<'a>(numbers: impl IntoIterator<Item = &'a String>) -> Option<Decimal> {
    numbers
        .into_iter()
        .try_fold(Decimal::ZERO, |sum, next| sum.checked_add(parse(next)?))
}

/// Checks that the amounts directly in `element` are in `currency`, where they name one.
pub(crate) fn in_currency(element: &Element<'_>, currency: &str) -> Result<(), Problem> {
    let other = |amount: &Element<'_>| {
        amount
            .attribute("currencyID")
            .is_some_and(|stated| stated != currency)
    };
    match element.elements().find(other) {
        Some(amount) => Err(amount.misread(&format!("an amount in {currency}"))),
        None => Ok(()),
    }
}

/// A decimal as XML Schema has it: no exponent, no grouping, at most 28 digits.
pub(crate) fn parse(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let some = !whole.is_empty() || !fraction.is_empty();
    if !some || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    Decimal::from_str_exact(text).ok()
}

/// The date in an element; a time zone, which XML Schema allows, falls away.
pub(crate) fn date(element: &Element<'_>) -> Result<String, Problem> {
    let text = element.text();
    parse_date(&text).ok_or_else(|| element.misread("a date, such as 2026-11-22"))
}

pub(crate) fn date_at(
    element: &Element<'_>,
    names: &[&'static str],
) -> Result<Option<String>, Problem> {
    element.at(names)?.as_ref().map(date).transpose()
}

fn parse_date(text: &str) -> Option<String> {
    let (day, zone) = text.split_at_checked(10)?;
    let mut parts = day.split('-');
    let (year, month, of_month) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |part: &str, count: usize| {
        part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let shaped =
        digits(year, 4) && digits(month, 2) && digits(of_month, 2) && parts.next().is_none();
    if !shaped || !is_zone(zone) {
        return None;
    }
    civil::Date::new(
        year.parse().ok()?,
        month.parse().ok()?,
        of_month.parse().ok()?,
    )
    .ok()?;
    Some(day.to_owned())
}

fn is_zone(text: &str) -> bool {
    let offset = |rest: &str| {
        let two = |part: Option<&str>| {
            part.is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
        };
        rest.len() == 5 && two(rest.get(..2)) && rest.get(2..3) == Some(":") && two(rest.get(3..))
    };
    text.is_empty() || text == "Z" || text.strip_prefix(['+', '-']).is_some_and(offset)
}

pub(crate) fn period(element: &Element<'_>) -> Result<Option<Period>, Problem> {
    let read = |period: Element<'_>| {
        let (start, end) = (
            date_at(&period, &["StartDate"])?,
            date_at(&period, &["EndDate"])?,
        );
        Ok(Period { start, end })
    };
    element.all("InvoicePeriod").next().map(read).transpose()
}

pub(crate) fn money(element: &Element<'_>) -> Result<Money, Problem> {
    let currency = element
        .attribute("currencyID")
        .ok_or_else(|| element.misread("an amount with `currencyID`"))?;
    Ok(Money {
        amount: decimal(element)?,
        currency,
    })
}

pub(crate) fn quantity(element: &Element<'_>) -> Result<Quantity, Problem> {
    Ok(Quantity {
        value: decimal(element)?,
        unit: element.attribute("unitCode"),
    })
}

/// A `TaxCategory` or `ClassifiedTaxCategory`.
pub(crate) fn category(element: &Element<'_>) -> Result<VatCategory, Problem> {
    Ok(VatCategory {
        category: element.text_at(&["ID"])?,
        rate: decimal_at(element, &["Percent"])?,
    })
}

/// The allowances and charges directly in `element`.
pub(crate) fn adjustments(
    element: &Element<'_>,
    currency: &str,
) -> Result<Vec<Adjustment>, Problem> {
    element
        .all("AllowanceCharge")
        .map(|found| adjustment(&found, currency))
        .collect()
}

fn adjustment(element: &Element<'_>, currency: &str) -> Result<Adjustment, Problem> {
    in_currency(element, currency)?;
    let indicator = element.required("ChargeIndicator")?;
    Ok(Adjustment {
        charge: match indicator.text().as_str() {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => return Err(indicator.misread("true or false")),
        },
        amount: required(element, "Amount")?,
        base: decimal_at(element, &["BaseAmount"])?,
        percent: decimal_at(element, &["MultiplierFactorNumeric"])?,
        reason: Some(element.texts("AllowanceChargeReason").join("; "))
            .filter(|text| !text.is_empty()),
        reason_code: element.text_at(&["AllowanceChargeReasonCode"])?,
        vat: element
            .all("TaxCategory")
            .next()
            .as_ref()
            .map(category)
            .transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_or_refused() {
        for (text, number) in [
            ("1.10", "1.10"),
            ("-0.5", "-0.5"),
            ("+3", "3"),
            (".5", "0.5"),
            ("0001", "1"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), number);
        }
        for text in [
            "",
            "-",
            ".",
            "1e3",
            "1,5",
            "1_000",
            "0x1",
            "NaN",
            "1.2.3",
            "١",
            "99999999999999999999999999999999",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn dates_exist_or_are_refused() {
        for text in ["2024-02-29", "2017-11-13Z", "2017-11-13+01:00"] {
            assert_eq!(parse_date(text).as_deref(), text.get(..10));
        }
        for text in [
            "2023-02-29",
            "2017-13-01",
            "20171113",
            "2017-11-1",
            "2017-11-13T00:00:00",
            "13.11.2017",
            "2017-11-1é",
            "",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
