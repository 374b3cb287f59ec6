//! The invoice or credit note as a whole.

use roxmltree::{Document, Node};

use crate::line::line;
use crate::money::{self, decimal_at};
use crate::party::party;
use crate::payment::payment;
use crate::xml::Element;
use crate::{Check, Invoice, Kind, Party, Problem, Totals, Vat, VatSubtotal};

const ROOTS: [(&str, &str, Kind); 2] = [
    (
        "Invoice",
        "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
        Kind::Invoice,
    ),
    (
        "CreditNote",
        "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2",
        Kind::CreditNote,
    ),
];

/// More lines, and more parts of a VAT breakdown, than any invoice has. Checks go over their product.
const MOST_LINES: usize = 10_000;
const MOST_SUBTOTALS: usize = 100;

/// All that the document says; the check is still to be made.
pub(crate) fn read(document: &Document<'_>) -> Result<Invoice, Problem> {
    let (root, kind) = root(document)?;
    let totals = root.required("LegalMonetaryTotal")?;
    let currency = currency(&root, &totals)?;
    let payments = root
        .all("PaymentMeans")
        .map(|means| payment(&means))
        .collect::<Result<Vec<_>, _>>()?;
    let (line_name, type_name) = match kind {
        Kind::Invoice => ("InvoiceLine", "InvoiceTypeCode"),
        Kind::CreditNote => ("CreditNoteLine", "CreditNoteTypeCode"),
    };
    let lines: Vec<_> = root
        .all(line_name)
        .take(MOST_LINES.saturating_add(1))
        .collect();
    if lines.is_empty() {
        return Err(root.missing(line_name));
    }
    if lines.len() > MOST_LINES {
        return Err(Problem::TooComplex(line_name.to_owned()));
    }
    money::in_currency(&totals, &currency)?;
    Ok(Invoice {
        kind,
        number: root.required_text("ID")?,
        issued: money::date(&root.required("IssueDate")?)?,
        due: money::date_at(&root, &["DueDate"])?
            .or_else(|| payments.iter().find_map(|means| means.due.clone())),
        type_code: root.text_at(&[type_name])?,
        customization: root.text_at(&["CustomizationID"])?,
        buyer_reference: root.text_at(&["BuyerReference"])?,
        order: root.text_at(&["OrderReference", "ID"])?,
        contract: first_id(&root, "ContractDocumentReference"),
        project: first_id(&root, "ProjectReference"),
        preceding: preceding(&root),
        period: money::period(&root)?,
        notes: root.texts("Note"),
        seller: party_in(&root, "AccountingSupplierParty")?,
        buyer: party_in(&root, "AccountingCustomerParty")?,
        payee: root
            .optional("PayeeParty")?
            .as_ref()
            .map(party)
            .transpose()?,
        payments,
        payment_terms: root
            .all("PaymentTerms")
            .flat_map(|terms| terms.texts("Note"))
            .collect(),
        adjustments: money::adjustments(&root, &currency)?,
        vat: vat(&root, &currency)?,
        totals: self::totals(&totals)?,
        lines: lines
            .iter()
            .map(|element| line(element, kind, &currency))
            .collect::<Result<_, _>>()?,
        currency,
        check: Check {
            adds_up: false,
            differences: Vec::new(),
            checked: 0,
        },
    })
}

/// The invoice itself: the root, or within the envelope that Peppol's network puts round it.
fn root<'a>(document: &'a Document<'_>) -> Result<(Element<'a>, Kind), Problem> {
    let outer = document.root_element();
    let enveloped = outer.tag_name().name() == "StandardBusinessDocument";
    let mut candidates = vec![outer];
    if enveloped {
        candidates.extend(outer.children().filter(Node::is_element));
    }
    let known = |node: &Node<'_, '_>| {
        let tag = node.tag_name();
        ROOTS
            .iter()
            .find(|(name, space, _)| tag.name() == *name && tag.namespace() == Some(*space))
            .map(|root| root.2)
    };
    let mut found = candidates
        .into_iter()
        .filter_map(|node| known(&node).map(|kind| (node, kind)));
    match (found.next(), found.next()) {
        (Some((node, kind)), None) => Ok((Element::root(node), kind)),
        (Some(_), Some(_)) => Err(Problem::Repeated(
            "StandardBusinessDocument/Invoice".to_owned(),
        )),
        (None, _) => Err(Problem::NotAnInvoice(full_name(outer))),
    }
}

fn full_name(node: Node<'_, '_>) -> String {
    let tag = node.tag_name();
    let space = tag
        .namespace()
        .map(|space| format!(" of {space}"))
        .unwrap_or_default();
    format!("{}{space}", tag.name()).chars().take(200).collect()
}

/// The document's currency; UBL allows it to stand only at the amounts.
fn currency(root: &Element<'_>, totals: &Element<'_>) -> Result<String, Problem> {
    let stated = root.text_at(&["DocumentCurrencyCode"])?;
    let at_amount = || {
        Ok(totals
            .optional("PayableAmount")?
            .and_then(|amount| amount.attribute("currencyID")))
    };
    match stated {
        Some(stated) => Ok(stated),
        None => at_amount()?.ok_or_else(|| root.missing("DocumentCurrencyCode")),
    }
}

fn party_in(root: &Element<'_>, role: &'static str) -> Result<Party, Problem> {
    party(&root.required(role)?.required("Party")?)
}

fn first_id(root: &Element<'_>, reference: &'static str) -> Option<String> {
    root.all(reference)
        .find_map(|found| found.texts("ID").into_iter().next())
}

fn preceding(root: &Element<'_>) -> Vec<String> {
    let references = root.all("BillingReference");
    let kinds = ["InvoiceDocumentReference", "CreditNoteDocumentReference"];
    let documents = references
        .flat_map(|reference| kinds.into_iter().flat_map(move |kind| reference.all(kind)));
    documents
        .flat_map(|document| document.texts("ID"))
        .collect()
}

/// UBL has a `TaxTotal` for each tax and currency. Those in the document's currency add up; one in
/// another is the seller's own.
fn vat(root: &Element<'_>, currency: &str) -> Result<Option<Vat>, Problem> {
    let mut vat: Option<Vat> = None;
    let mut in_accounting_currency = None;
    for total in root.all("TaxTotal") {
        let element = total.required("TaxAmount")?;
        let amount = money::money(&element)?;
        if amount.currency != currency {
            in_accounting_currency = Some(amount);
            continue;
        }
        let before = vat.unwrap_or(Vat {
            total: "0".to_owned(),
            breakdown: Vec::new(),
            in_accounting_currency: None,
        });
        let sum = money::sum([&before.total, &amount.amount]);
        let mut breakdown = before.breakdown;
        for part in total.all("TaxSubtotal") {
            money::in_currency(&part, currency)?;
            breakdown.push(subtotal(&part)?);
            if breakdown.len() > MOST_SUBTOTALS {
                return Err(Problem::TooComplex("TaxSubtotal".to_owned()));
            }
        }
        let total = sum
            .ok_or_else(|| element.misread("an amount that can be added"))?
            .to_string();
        vat = Some(Vat {
            total,
            breakdown,
            in_accounting_currency: None,
        });
    }
    Ok(vat.map(|vat| Vat {
        in_accounting_currency,
        ..vat
    }))
}

fn subtotal(element: &Element<'_>) -> Result<VatSubtotal, Problem> {
    let category = element.required("TaxCategory")?;
    Ok(VatSubtotal {
        taxable: money::required(element, "TaxableAmount")?,
        tax: money::required(element, "TaxAmount")?,
        exemption: Some(category.texts("TaxExemptionReason").join("; "))
            .filter(|text| !text.is_empty()),
        category: money::category(&category)?,
    })
}

fn totals(element: &Element<'_>) -> Result<Totals, Problem> {
    Ok(Totals {
        lines: decimal_at(element, &["LineExtensionAmount"])?,
        allowances: decimal_at(element, &["AllowanceTotalAmount"])?,
        charges: decimal_at(element, &["ChargeTotalAmount"])?,
        without_vat: decimal_at(element, &["TaxExclusiveAmount"])?,
        with_vat: decimal_at(element, &["TaxInclusiveAmount"])?,
        prepaid: decimal_at(element, &["PrepaidAmount"])?,
        rounding: decimal_at(element, &["PayableRoundingAmount"])?,
        payable: money::required(element, "PayableAmount")?,
    })
}
