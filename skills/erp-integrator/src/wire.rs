//! What the ERP is sent and what it sends: each field once, of its type, in its form.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{DocumentKind, Draft, PartnerKind, Problem, State, draft};

/// Items of a page, at most. As many are asked for.
const MOST: usize = 50;

/// Bytes of what says where a page begins.
const LONGEST_CURSOR: usize = 512;

/// Part of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

impl<T> Page<T> {
    /// What stands on the page that begins `from` there, and where the next one begins.
    ///
    /// # Errors
    /// When it is none: too long, leading nowhere or back to itself, or with an item on it that `read` does not take.
    pub(crate) fn of<U>(
        self,
        from: Option<&str>,
        read: impl Fn(T) -> Result<U, Problem>,
    ) -> Result<(Vec<U>, Option<String>), Problem> {
        if self.items.len() > MOST {
            return Err(unexpected(
                "a page of the ERP is longer than it was asked for",
            ));
        }
        let next = self.next.as_deref();
        if next.is_some_and(|next| !is_cursor(next) || Some(next) == from) {
            return Err(unexpected("a page of the ERP names no page after it"));
        }
        let found: Result<_, _> = self.items.into_iter().map(read).collect();
        Ok((found?, self.next))
    }
}

/// Whether it can say where a page begins.
pub(crate) fn is_cursor(text: &str) -> bool {
    (1..=LONGEST_CURSOR).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A partner as the ERP writes it.
#[derive(Debug, Deserialize)]
pub(crate) struct Partner {
    id: String,
    kind: Kind,
    name: String,
    tax_id: Option<String>,
    blocked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Supplier,
    Customer,
}

impl Partner {
    /// The partner, who is of that kind.
    ///
    /// # Errors
    /// Where another was sent, or what is no partner.
    pub(crate) fn into_one_of(self, kind: PartnerKind) -> Result<crate::Partner, Problem> {
        let of = match self.kind {
            Kind::Supplier => PartnerKind::Supplier,
            Kind::Customer => PartnerKind::Customer,
        };
        if of != kind {
            return Err(unexpected("the ERP sent partners who were not asked for"));
        }
        draft::id("id", &self.id).map_err(unexpected)?;
        draft::line("name", &self.name).map_err(unexpected)?;
        let tax_id = self.tax_id.as_deref();
        tax_id
            .map_or(Ok(()), |id| draft::line("tax_id", id))
            .map_err(unexpected)?;
        Ok(crate::Partner {
            id: self.id,
            kind,
            name: self.name,
            tax_id: self.tax_id,
            blocked: self.blocked,
        })
    }
}

/// A document as the ERP writes it.
#[derive(Debug, Deserialize)]
pub(crate) struct Document {
    id: String,
    partner: String,
    number: String,
    issued: String,
    due: Option<String>,
    currency: String,
    amount: String,
    order: Option<String>,
    state: Stands,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Stands {
    Open,
    Closed,
    Cancelled,
}

impl Document {
    /// The document, which is of that partner and, where one was asked for, has that number.
    ///
    /// # Errors
    /// Where another was sent, or what is no document.
    pub(crate) fn into_one_of(
        self,
        partner: &str,
        number: Option<&str>,
    ) -> Result<crate::Document, Problem> {
        if self.partner != partner || number.is_some_and(|number| number != self.number) {
            return Err(unexpected("the ERP sent documents that were not asked for"));
        }
        self.read()
    }

    /// The document, which the ERP calls so.
    ///
    /// # Errors
    /// As for [`Self::into_one_of`].
    pub(crate) fn into_itself(self, id: &str) -> Result<crate::Document, Problem> {
        match self.id == id {
            true => self.read(),
            false => Err(unexpected("the ERP sent another document")),
        }
    }

    fn read(self) -> Result<crate::Document, Problem> {
        draft::id("id", &self.id).map_err(unexpected)?;
        draft::id("partner", &self.partner).map_err(unexpected)?;
        let says = Draft {
            number: self.number,
            issued: self.issued,
            due: self.due,
            currency: self.currency,
            amount: self.amount,
            order: self.order,
        };
        draft::check(DocumentKind::Invoice, &says).map_err(unexpected)?;
        Ok(crate::Document {
            id: self.id,
            partner: self.partner,
            says,
            state: match self.state {
                Stands::Open => State::Open,
                Stands::Closed => State::Closed,
                Stands::Cancelled => State::Cancelled,
            },
        })
    }
}

/// A document as it is posted.
#[derive(Debug, Serialize)]
pub(crate) struct Posted<'a> {
    partner: &'a str,
    number: &'a str,
    issued: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<&'a str>,
    currency: &'a str,
    amount: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<&'a str>,
}

impl<'a> Posted<'a> {
    pub(crate) fn of(partner: &'a str, draft: &'a Draft) -> Self {
        Self {
            partner,
            number: &draft.number,
            issued: &draft.issued,
            due: draft.due.as_deref(),
            currency: &draft.currency,
            amount: draft::plain(&draft.amount),
            order: draft.order.as_deref(),
        }
    }

    /// The key under which the ERP takes it once: the document's own, so that nobody can post it under two. A string of
    /// structured fields (RFC 8941), as the IETF's draft of the header has it.
    ///
    /// # Errors
    /// Never for what can be written.
    pub(crate) fn key(&self, kind: DocumentKind) -> Result<String, Problem> {
        let body = serde_json::to_vec(self).map_err(|error| Problem::Invalid(error.to_string()))?;
        let digest = Sha256::new()
            .chain_update(collection(kind))
            .chain_update(b"\n")
            .chain_update(body)
            .finalize();
        Ok(format!("\"{digest:x}\""))
    }
}

/// Where documents of a kind are.
pub(crate) fn collection(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Order => "orders",
        DocumentKind::Invoice => "invoices",
    }
}

/// What the ERP calls the kind.
pub(crate) fn partner_kind(kind: PartnerKind) -> &'static str {
    match kind {
        PartnerKind::Supplier => "supplier",
        PartnerKind::Customer => "customer",
    }
}

fn unexpected(why: impl Into<String>) -> Problem {
    Problem::Unexpected(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::tests::draft;

    fn page(
        text: &str,
        from: Option<&str>,
    ) -> Result<(Vec<crate::Partner>, Option<String>), String> {
        let page: Page<Partner> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let read = page.of(from, |partner| partner.into_one_of(PartnerKind::Supplier));
        read.map_err(|problem| format!("{problem:?}"))
    }

    fn partner(id: &str, kind: &str) -> String {
        format!(r#"{{"id":"{id}","kind":"{kind}","name":"ACME","blocked":false,"rating":9}}"#)
    }

    #[test]
    fn a_page_is_read_whole_or_not_at_all() {
        let good = format!(
            r#"{{"items":[{}],"next":"p2"}}"#,
            partner("V-1", "supplier")
        );
        let (found, next) = page(&good, None).unwrap();
        assert_eq!((found.len(), next.as_deref()), (1, Some("p2")));
        assert!(page(r#"{"items":[],"next":null}"#, Some("p2")).is_ok());

        let many = vec![partner("V-1", "supplier"); 51].join(",");
        for (wrong, says) in [
            (good.replace("V-1", "../1"), "`id`"),
            (good.replace("ACME", ""), "`name`"),
            (good.replace("supplier", "customer"), "not asked for"),
            (good.replace("supplier", "employee"), "unknown variant"),
            (good.replace("false", "\"no\""), "invalid type"),
            (good.replace("\"id\"", "\"ID\""), "missing field `id`"),
            (good.replace("\"rating\"", "\"id\""), "duplicate field `id`"),
            (good.replace("\"p2\"", "\"\""), "no page after it"),
            (good.replace("\"p2\"", "\"p1\""), "no page after it"),
            (good.replace("\"p2\"", "\"a b\""), "no page after it"),
            (format!(r#"{{"items":[{many}]}}"#), "longer than"),
            ("[]".to_owned(), "invalid length"),
        ] {
            let why = page(&wrong, Some("p1")).unwrap_err();
            assert!(why.contains(says), "want {says}: {why}");
        }
    }

    #[test]
    fn one_document_has_one_key() {
        let key =
            |kind, partner: &str, draft: &Draft| Posted::of(partner, draft).key(kind).unwrap();
        let one = key(DocumentKind::Invoice, "V-1", &draft());
        assert_eq!(one.len(), 66, "{one}");
        let more = Draft {
            amount: "42.5000".to_owned(),
            ..draft()
        };
        assert_eq!(one, key(DocumentKind::Invoice, "V-1", &more));
        let other = Draft {
            amount: "42.51".to_owned(),
            ..draft()
        };
        for unlike in [
            key(DocumentKind::Order, "V-1", &draft()),
            key(DocumentKind::Invoice, "V-2", &draft()),
            key(DocumentKind::Invoice, "V-1", &other),
        ] {
            assert_ne!(one, unlike);
        }
    }
}
