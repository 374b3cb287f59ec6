//! The rules: what speaks for which kind, and how loudly.

use aho_corasick::{AhoCorasick, MatchKind};

use crate::text::Text;
use crate::{Kind, Place};

/// Says outright what the document is.
const NAME: u32 = 6;
/// Is seldom said in documents of another kind.
const STRONG: u32 = 3;
/// Is said in several kinds.
const HINT: u32 = 1;

type Rule = (Kind, u32, &'static [&'static str]);

/// Phrases as [`Text::words`] has words; a match is of whole words.
const PHRASES: &[Rule] = &[
    (
        Kind::Invoice,
        NAME,
        &["invoice", "tax invoice", "rechnung", "facture", "faktura"],
    ),
    (
        Kind::Invoice,
        STRONG,
        &[
            "invoice number",
            "invoice no",
            "invoice date",
            "amount due",
            "total due",
            "balance due",
            "rechnungsnummer",
            "rechnungsdatum",
            "zu zahlender betrag",
            "numéro de facture",
            "date de facture",
            "net à payer",
            "fakturanummer",
            "fakturadato",
            "å betale",
        ],
    ),
    (
        Kind::Invoice,
        HINT,
        &[
            "vat",
            "subtotal",
            "payment terms",
            "due date",
            "iban",
            "mwst",
            "ust-id",
            "zahlbar bis",
            "tva",
            "mva",
            "forfallsdato",
            "kid",
            "bic",
        ],
    ),
    (
        Kind::CreditNote,
        NAME,
        &[
            "credit note",
            "credit memo",
            "gutschrift",
            "rechnungskorrektur",
            "avoir",
            "note de crédit",
            "kreditnota",
        ],
    ),
    (
        Kind::CreditNote,
        STRONG,
        &[
            "credited amount",
            "amount credited",
            "credit note number",
            "gutschriftsnummer",
            "stornorechnung",
        ],
    ),
    (
        Kind::Order,
        NAME,
        &[
            "purchase order",
            "bestellung",
            "bon de commande",
            "innkjøpsordre",
            "bestilling",
        ],
    ),
    (
        Kind::Order,
        STRONG,
        &[
            "po number",
            "order number",
            "we hereby order",
            "please deliver",
            "bestellnummer",
            "wir bestellen",
            "numéro de commande",
            "ordrenummer",
            "vi bestiller",
        ],
    ),
    (
        Kind::Order,
        HINT,
        &[
            "ship to",
            "delivery date",
            "quantity",
            "unit price",
            "liefertermin",
            "menge",
            "quantité",
            "antall",
        ],
    ),
    (
        Kind::OrderConfirmation,
        NAME,
        &[
            "order confirmation",
            "auftragsbestätigung",
            "confirmation de commande",
            "ordrebekreftelse",
        ],
    ),
    (
        Kind::OrderConfirmation,
        STRONG,
        &[
            "we confirm your order",
            "thank you for your order",
            "wir bestätigen ihren auftrag",
            "vielen dank für ihre bestellung",
            "takk for din bestilling",
        ],
    ),
    (
        Kind::Quotation,
        NAME,
        &[
            "quotation",
            "quote",
            "angebot",
            "kostenvoranschlag",
            "devis",
            "tilbud",
        ],
    ),
    (
        Kind::Quotation,
        STRONG,
        &[
            "valid until",
            "we are pleased to offer",
            "gültig bis",
            "wir bieten ihnen an",
            "valable jusqu'au",
            "gyldig til",
        ],
    ),
    (
        Kind::DeliveryNote,
        NAME,
        &[
            "delivery note",
            "packing slip",
            "packing list",
            "lieferschein",
            "bon de livraison",
            "følgeseddel",
            "pakkseddel",
        ],
    ),
    (
        Kind::DeliveryNote,
        STRONG,
        &[
            "goods received",
            "delivered quantity",
            "ware erhalten",
            "marchandise reçue",
            "varer mottatt",
        ],
    ),
    (
        Kind::Receipt,
        NAME,
        &["receipt", "quittung", "kassenbon", "reçu", "kvittering"],
    ),
    (
        Kind::Receipt,
        STRONG,
        &[
            "payment received",
            "paid by card",
            "cash tendered",
            "change due",
            "betrag erhalten",
            "bar bezahlt",
            "betalt med kort",
        ],
    ),
    (
        Kind::Reminder,
        NAME,
        &[
            "payment reminder",
            "reminder",
            "final notice",
            "mahnung",
            "zahlungserinnerung",
            "rappel de paiement",
            "purring",
            "betalingspåminnelse",
            "inkassovarsel",
        ],
    ),
    (
        Kind::Reminder,
        STRONG,
        &[
            "overdue",
            "past due",
            "has not been paid",
            "still outstanding",
            "late fee",
            "überfällig",
            "noch offen",
            "mahngebühr",
            "verzugszinsen",
            "impayée",
            "en retard",
            "forfalt",
            "ikke betalt",
            "purregebyr",
        ],
    ),
    (
        Kind::Contract,
        NAME,
        &[
            "contract",
            "agreement",
            "vertrag",
            "contrat",
            "kontrakt",
            "avtale",
        ],
    ),
    (
        Kind::Contract,
        STRONG,
        &[
            "the parties",
            "hereby agree",
            "governing law",
            "in witness whereof",
            "terms and conditions",
            "termination",
            "vertragsparteien",
            "vertragspartner",
            "gerichtsstand",
            "kündigungsfrist",
            "salvatorische klausel",
            "les parties",
            "droit applicable",
            "partene",
            "lovvalg",
            "oppsigelse",
        ],
    ),
    (
        Kind::Contract,
        HINT,
        &[
            "confidentiality",
            "liability",
            "whereas",
            "haftung",
            "responsabilité",
            "ansvar",
        ],
    ),
    (
        Kind::Letter,
        STRONG,
        &[
            "dear sir or madam",
            "yours sincerely",
            "yours faithfully",
            "sehr geehrte damen und herren",
            "mit freundlichen grüßen",
            "veuillez agréer",
            "med vennlig hilsen",
        ],
    ),
    (
        Kind::Letter,
        HINT,
        &[
            "dear",
            "kind regards",
            "best regards",
            "sehr geehrte",
            "sehr geehrter",
            "madame monsieur",
            "cordialement",
            "kjære",
            "hilsen",
        ],
    ),
];

/// Formats that name their kind: the end of an XML namespace of UBL, and of UN/CEFACT.
const NAMESPACES: &[(Kind, &str, &str)] = &[
    (
        Kind::Invoice,
        "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
        "UBL Invoice",
    ),
    (
        Kind::CreditNote,
        "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2",
        "UBL CreditNote",
    ),
    (
        Kind::Order,
        "urn:oasis:names:specification:ubl:schema:xsd:Order-2",
        "UBL Order",
    ),
    (
        Kind::OrderConfirmation,
        "urn:oasis:names:specification:ubl:schema:xsd:OrderResponse-2",
        "UBL OrderResponse",
    ),
    (
        Kind::Quotation,
        "urn:oasis:names:specification:ubl:schema:xsd:Quotation-2",
        "UBL Quotation",
    ),
    (
        Kind::DeliveryNote,
        "urn:oasis:names:specification:ubl:schema:xsd:DespatchAdvice-2",
        "UBL DespatchAdvice",
    ),
    (
        Kind::Reminder,
        "urn:oasis:names:specification:ubl:schema:xsd:Reminder-2",
        "UBL Reminder",
    ),
    (
        Kind::Invoice,
        "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
        "UN/CEFACT CrossIndustryInvoice",
    ),
];

/// How far into a document its XML namespaces are looked for.
const PROLOGUE: usize = 4096;

/// A phrase that was found, once for each place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    pub(crate) rule: &'static str,
    pub(crate) place: Place,
    pub(crate) points: u32,
}

/// The kind that the document's own format names. Only XML is asked, and only its first namespaces:
/// a text that quotes one is no such document.
pub(crate) fn structure(raw: &str) -> Option<(Kind, &'static str)> {
    let start = raw.trim_start();
    if !start.starts_with('<') {
        return None;
    }
    let prologue: String = start.chars().take(PROLOGUE).collect();
    let named = |space: &str| {
        prologue.contains(&format!("\"{space}\"")) || prologue.contains(&format!("'{space}'"))
    };
    let found = NAMESPACES.iter().find(|(_, space, _)| named(space))?;
    Some((found.0, found.2))
}

/// Every phrase that stands in the text, counted once, where it counts most.
pub(crate) fn phrases(text: &Text) -> Vec<Found> {
    let rules: Vec<(Kind, u32, &'static str)> = PHRASES
        .iter()
        .flat_map(|(kind, points, phrases)| phrases.iter().map(|phrase| (*kind, *points, *phrase)))
        .collect();
    // The longest, so that "order confirmation" is no order and "credit note" no note.
    let patterns = rules.iter().map(|rule| format!(" {} ", rule.2));
    let Ok(searcher) = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(patterns)
    else {
        return Vec::new();
    };
    let mut best: Vec<Option<Found>> = vec![None; rules.len()];
    let mut from = 0;
    while let Some(found) = searcher.find(aho_corasick::Input::new(text.words()).range(from..)) {
        // The space after one phrase is the space before the next.
        from = found.end().saturating_sub(1);
        let (Some((kind, points, rule)), Some(slot)) = (
            rules.get(found.pattern().as_usize()),
            best.get_mut(found.pattern().as_usize()),
        ) else {
            continue;
        };
        let heading = text.is_heading(found.start());
        let (place, points) = if heading {
            (Place::Heading, points.saturating_mul(2))
        } else {
            (Place::Body, *points)
        };
        if slot.is_none_or(|before| before.points < points) {
            *slot = Some(Found {
                kind: *kind,
                rule,
                place,
                points,
            });
        }
    }
    best.into_iter().flatten().collect()
}

/// Every phrase of the table.
#[cfg(test)]
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    PHRASES.iter().flat_map(|rule| rule.2.iter().copied())
}
