//! Documents that mean harm, or are none.

use super::{INVOICE, extract, with};
use crate::Problem;

#[test]
fn a_document_type_is_refused_before_anything_is_read() {
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>";
    let file = "<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]>";
    for document_type in [bomb, file, "<!DOCTYPE Invoice>"] {
        let document = with("<inv:Invoice", &format!("{document_type}<inv:Invoice"));
        assert_eq!(extract(&document), Err(Problem::DocumentType));
    }
}

#[test]
fn an_entity_that_nobody_declared_is_an_error() {
    assert!(matches!(
        extract(&with("INV-2031", "&xxe;")),
        Err(Problem::NotXml(_))
    ));
}

#[test]
fn what_is_not_xml_is_placed() {
    let Err(Problem::NotXml(syntax)) = extract(&with("</b:IssueDate>", "</b:Issue>")) else {
        panic!("read")
    };
    assert_eq!(syntax.line, 5);
    for text in [
        "",
        " ",
        "Invoice no. 7",
        "{}",
        "<a",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "\0",
        "%PDF-1.7",
    ] {
        assert!(matches!(extract(text), Err(Problem::NotXml(_))), "{text:?}");
    }
}

#[test]
fn every_cut_of_a_document_is_an_error() {
    for (index, _) in INVOICE.trim_end().char_indices() {
        assert!(extract(&INVOICE[..index]).is_err(), "cut at {index}");
    }
}

#[test]
fn nesting_and_size_are_bounded() {
    let deep = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(extract(&deep(100_000)).is_err());
    assert!(extract(&"<a>".repeat(500_000)).is_err());
    let wide = format!("<a>{}</a>", "<b/>".repeat(300_001));
    assert_eq!(
        extract(&wide),
        Err(Problem::TooComplex("elements".to_owned()))
    );
    assert_eq!(
        extract(&" ".repeat(4 * 1024 * 1024 + 1)),
        Err(Problem::TooLarge(4 * 1024 * 1024))
    );
}

#[test]
fn more_lines_than_any_invoice_has_are_refused() {
    let (start, line) = INVOICE.split_once("  <a:InvoiceLine>").unwrap();
    assert!(line.len() < 1_200);
    let line = "<a:InvoiceLine><b:ID>1</b:ID><b:LineExtensionAmount>1</b:LineExtensionAmount></a:InvoiceLine>";
    let many = format!("{start}{}</inv:Invoice>", line.repeat(10_001));
    assert_eq!(
        extract(&many),
        Err(Problem::TooComplex("InvoiceLine".to_owned()))
    );
}

#[test]
fn other_documents_are_named() {
    let order = INVOICE.replace("xsd:Invoice-2", "xsd:Order-2");
    let Err(Problem::NotAnInvoice(name)) = extract(&order) else {
        panic!("read")
    };
    assert_eq!(
        name,
        "Invoice of urn:oasis:names:specification:ubl:schema:xsd:Order-2"
    );
    assert_eq!(
        extract("<html/>"),
        Err(Problem::NotAnInvoice("html".to_owned()))
    );
}

#[test]
fn what_is_missing_is_named() {
    let id = with("<b:ID>INV-2031</b:ID>", "");
    assert_eq!(extract(&id), Err(Problem::Missing("Invoice/ID".to_owned())));
    let blank = with("<b:ID>INV-2031</b:ID>", "<b:ID> </b:ID>");
    assert_eq!(
        extract(&blank),
        Err(Problem::Missing("Invoice/ID".to_owned()))
    );
    let foreign = with(
        "<b:ID>INV-2031</b:ID>",
        "<ID xmlns=\"urn:mallory\">INV-2031</ID>",
    );
    assert_eq!(
        extract(&foreign),
        Err(Problem::Missing("Invoice/ID".to_owned()))
    );
}

#[test]
fn an_amount_stated_twice_is_refused() {
    let twice = with(
        "<b:PayableAmount",
        "<b:PayableAmount currencyID=\"EUR\">1.00</b:PayableAmount><b:PayableAmount",
    );
    let path = "Invoice/LegalMonetaryTotal/PayableAmount";
    assert_eq!(extract(&twice), Err(Problem::Repeated(path.to_owned())));
}

#[test]
fn what_is_no_number_or_date_is_shown_in_part() {
    let Err(Problem::Misread(misread)) = extract(&with(
        "137.38</b:PayableAmount>",
        &format!("{}</b:PayableAmount>", "ü".repeat(500)),
    )) else {
        panic!("read")
    };
    assert_eq!(misread.path, "Invoice/LegalMonetaryTotal/PayableAmount");
    assert_eq!(
        (misread.text.chars().count(), misread.expected.as_str()),
        (80, "a decimal")
    );
    assert!(matches!(
        extract(&with("2026-10-01", "2026-02-30")),
        Err(Problem::Misread(_))
    ));
    assert!(matches!(
        extract(&with(">true<", ">yes<")),
        Err(Problem::Misread(_))
    ));
}

#[test]
fn an_amount_in_another_currency_than_the_document_is_refused() {
    for name in [
        "PayableAmount",
        "PriceAmount",
        "LineExtensionAmount",
        "Amount",
        "TaxableAmount",
    ] {
        let stated = format!("<b:{name} currencyID=\"EUR\">");
        let Err(Problem::Misread(misread)) =
            extract(&with(&stated, &format!("<b:{name} currencyID=\"JPY\">")))
        else {
            panic!("{name} was taken")
        };
        assert_eq!(misread.expected, "an amount in EUR");
        assert!(misread.path.ends_with(name));
    }
}
