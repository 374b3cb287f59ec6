//! A bank on loopback: payments by REST, for whoever has the token that it asks for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::rest::{Answer, Rest, said};

/// The bank. It ends when it is dropped.
pub struct Bank {
    /// Where it is.
    pub rest: Rest,
    books: Arc<Books>,
}

struct Books {
    token: String,
    payments: Mutex<BTreeMap<String, Json>>,
}

impl Bank {
    /// A bank that asks for `token`.
    ///
    /// # Panics
    /// When it can't listen.
    #[must_use]
    pub fn open(token: &str) -> Self {
        let books = Arc::new(Books {
            token: format!("Bearer {token}"),
            payments: Mutex::default(),
        });
        let own = books.clone();
        Self {
            rest: Rest::open(move |head, body| own.answer(head, body)),
            books,
        }
    }

    /// The `[http.bank]` of a grant for it, with the credential `secret` of the host's own store.
    #[must_use]
    pub fn grant(&self, secret: &str) -> String {
        let place = self.rest.place();
        format!(
            "[http.bank]\n{place}\
             allow = [\"GET /payments/*\", \"POST /payments\"]\nauth = {{ sealed = \"{secret}\" }}\n"
        )
    }

    /// The orders that it took.
    #[must_use]
    pub fn payments(&self) -> Vec<Json> {
        self.books.payments().values().cloned().collect()
    }
}

impl Books {
    fn answer(&self, head: &Parts, body: &[u8]) -> Answer {
        let token = head.headers.get("authorization");
        if token.is_none_or(|token| token.as_bytes() != self.token.as_bytes()) {
            return said(StatusCode::UNAUTHORIZED, &json!({}));
        }
        let path = head.uri.path();
        match head.method {
            Method::POST if path == "/api/payments" => match serde_json::from_slice(body) {
                Ok(order) => self.take(order),
                Err(_) => said(StatusCode::BAD_REQUEST, &json!({})),
            },
            Method::GET => match path.strip_prefix("/api/payments/") {
                Some(id) if self.payments().contains_key(id) => {
                    said(StatusCode::OK, &json!({ "state": "booked" }))
                }
                _ => said(StatusCode::NOT_FOUND, &json!({})),
            },
            _ => said(StatusCode::NOT_FOUND, &json!({})),
        }
    }

    fn take(&self, order: Json) -> Answer {
        let mut payments = self.payments();
        let id = format!("p-{}", payments.len() + 1);
        payments.insert(id.clone(), order);
        said(StatusCode::CREATED, &json!({ "id": id }))
    }

    fn payments(&self) -> MutexGuard<'_, BTreeMap<String, Json>> {
        self.payments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
