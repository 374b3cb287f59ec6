//! Finds partners, reads orders and invoices, and posts documents, each once, in an ERP that the operator names.
//!
//! The ERP speaks JSON over HTTP. Below its address, a page is `{"items": [...], "next": "..."}`:
//!
//! ```text
//! GET  /partners?kind=supplier&name=...&limit=50&cursor=...            a page of partners (or tax_id=...)
//! GET  /invoices?partner=...&number=...&limit=50&cursor=...            a page of documents; /orders alike
//! GET  /invoices/ID                                                    a document, or 404
//! POST /invoices   Idempotency-Key: "..."                              201: posted, 200: was posted; the document
//! ```
//!
//! What the ERP answers is read strictly, and everything else is a problem with its reason: an answer that was not
//! understood is never taken for "there is none", and of a document that was sent never for "it was not posted".
//! Redirects are not followed.

mod answer;
mod draft;
mod wire;

use vouchsafe_sdk::http::{Destination, Error, Request};

use answer::Answer;

vouchsafe_sdk::skill!(Erp);

struct Erp;

/// What `skill.toml` calls the ERP.
const ERP: &str = "erp";

/// Items of a page.
const PAGE: &str = "50";

impl erp::Guest for Erp {
    fn find_partners(
        kind: PartnerKind,
        by: Search,
        from: Option<String>,
    ) -> Result<Partners, Problem> {
        let (what, text) = match &by {
            Search::Name(name) => ("name", name),
            Search::TaxId(id) => ("tax_id", id),
        };
        draft::line(what, text).map_err(Problem::Invalid)?;
        let request = Destination::named(ERP)
            .get("/partners")
            .query("kind", wire::partner_kind(kind))
            .query(what, text);
        let page: wire::Page<wire::Partner> = asked(paged(request, from.as_deref())?, None)?;
        let (found, next) = page.of(from.as_deref(), |partner| partner.into_one_of(kind))?;
        Ok(Partners { found, next })
    }

    fn list_documents(
        kind: DocumentKind,
        partner: String,
        number: Option<String>,
        from: Option<String>,
    ) -> Result<Documents, Problem> {
        draft::id("partner", &partner).map_err(Problem::Invalid)?;
        let mut request = Destination::named(ERP)
            .get([wire::collection(kind)])
            .query("partner", &partner);
        if let Some(number) = &number {
            draft::line("number", number).map_err(Problem::Invalid)?;
            request = request.query("number", number);
        }
        let page: wire::Page<wire::Document> = asked(paged(request, from.as_deref())?, None)?;
        let wanted = |document: wire::Document| document.into_one_of(&partner, number.as_deref());
        let (found, next) = page.of(from.as_deref(), wanted)?;
        Ok(Documents { found, next })
    }

    fn read_document(kind: DocumentKind, id: String) -> Result<Option<Document>, Problem> {
        draft::id("id", &id).map_err(Problem::Invalid)?;
        let request = Destination::named(ERP).get([wire::collection(kind), &id]);
        let found: Option<wire::Document> = asked(request, Some(404))?;
        found.map(|document| document.into_itself(&id)).transpose()
    }

    fn post_document(
        kind: DocumentKind,
        partner: String,
        document: Draft,
    ) -> Result<Receipt, Problem> {
        draft::id("partner", &partner).map_err(Problem::Invalid)?;
        draft::check(kind, &document).map_err(Problem::Invalid)?;
        let body = wire::Posted::of(&partner, &document);
        let sent = Destination::named(ERP)
            .post([wire::collection(kind)])
            .header("idempotency-key", &body.key(kind)?)
            .json(&body)
            .send();
        let answer = sent.map_err(|error| answer::unposted(&error))?;
        answer::posted(&Answer::of(&answer), &partner, &document)
    }
}

/// The answer to what only reads. An answer with the status `none` is `null`.
fn asked<T: for<'de> serde::Deserialize<'de>>(
    request: Request,
    none: Option<u16>,
) -> Result<T, Problem> {
    let answer = request
        .send()
        .map_err(|error: Error| answer::unread(&error))?;
    answer::read(&Answer::of(&answer), none)
}

fn paged(request: Request, from: Option<&str>) -> Result<Request, Problem> {
    let request = request.query("limit", PAGE);
    match from {
        None => Ok(request),
        Some(cursor) if wire::is_cursor(cursor) => Ok(request.query("cursor", cursor)),
        Some(_) => Err(Problem::Invalid("`from` is `next` of a page".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_question_is_not_asked() {
        let text = |text: &str| text.to_owned();
        let find = |by, from| Erp::find_partners(PartnerKind::Supplier, by, from).map(drop);
        let list = |partner: &str, number: Option<&str>| {
            let number = number.map(str::to_owned);
            Erp::list_documents(DocumentKind::Order, text(partner), number, None).map(drop)
        };
        let read = |id: &str| Erp::read_document(DocumentKind::Invoice, text(id)).map(drop);
        for (wrong, says) in [
            (find(Search::Name(text(" ")), None), "`name`"),
            (find(Search::TaxId(text("a\nb")), None), "`tax_id`"),
            (find(Search::Name(text("ACME")), Some(text(""))), "`from`"),
            (
                find(Search::Name(text("ACME")), Some(text("a b"))),
                "`from`",
            ),
            (list("../partners", None), "`partner`"),
            (list("V-1", Some("")), "`number`"),
            (read(".."), "`id`"),
            (read("a/b"), "`id`"),
        ] {
            let Err(Problem::Invalid(why)) = wrong else {
                panic!("{says}: {wrong:?}");
            };
            assert!(why.contains(says), "{why}");
        }
        // Natively there is nobody to ask: a question that is one comes as far as that.
        for right in [
            find(Search::Name(text("ACME & Søn")), Some(text("p2=="))),
            list("V-1", Some("INV/2031")),
            read("I-1"),
        ] {
            assert!(matches!(right, Err(Problem::Unavailable(_))), "{right:?}");
        }
    }
}
