//! One line of an invoice or credit note.

use crate::party::identifier;
use crate::xml::Element;
use crate::{Kind, Line, Price, Problem, money};

/// An `InvoiceLine` or `CreditNoteLine`.
pub(crate) fn line(element: &Element<'_>, kind: Kind, currency: &str) -> Result<Line, Problem> {
    let quantity = match kind {
        Kind::Invoice => "InvoicedQuantity",
        Kind::CreditNote => "CreditedQuantity",
    };
    money::in_currency(element, currency)?;
    let item = element.optional("Item")?;
    let item = item.as_ref();
    let in_item = |way: &[&'static str]| {
        item.map(|item| item.text_at(way))
            .transpose()
            .map(Option::flatten)
    };
    let vat = item.and_then(|item| item.all("ClassifiedTaxCategory").next());
    let standard = item
        .map(|item| item.at(&["StandardItemIdentification", "ID"]))
        .transpose()?
        .flatten();
    Ok(Line {
        id: element.required_text("ID")?,
        name: in_item(&["Name"])?,
        description: item
            .map(|item| item.texts("Description").join("\n"))
            .filter(|text| !text.is_empty()),
        note: Some(element.texts("Note").join("\n")).filter(|text| !text.is_empty()),
        quantity: element
            .optional(quantity)?
            .as_ref()
            .map(money::quantity)
            .transpose()?,
        price: element
            .optional("Price")?
            .map(|found| price(&found, currency))
            .transpose()?,
        net: money::required(element, "LineExtensionAmount")?,
        vat: vat.as_ref().map(money::category).transpose()?,
        adjustments: money::adjustments(element, currency)?,
        period: money::period(element)?,
        item: in_item(&["SellersItemIdentification", "ID"])?,
        standard_item: standard.as_ref().and_then(identifier),
        order_line: order_line(element)?,
    })
}

fn price(element: &Element<'_>, currency: &str) -> Result<Price, Problem> {
    money::in_currency(element, currency)?;
    Ok(Price {
        amount: money::required(element, "PriceAmount")?,
        per: element
            .optional("BaseQuantity")?
            .as_ref()
            .map(money::quantity)
            .transpose()?,
    })
}

fn order_line(element: &Element<'_>) -> Result<Option<String>, Problem> {
    let reference = element.all("OrderLineReference").next();
    reference
        .map(|reference| reference.text_at(&["LineID"]))
        .transpose()
        .map(Option::flatten)
}
