//! An ERP on loopback: partners, orders and invoices by REST, for whoever has the token that it asks for at that time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use serde_json::{Value as Json, json};
use vouchsafe_tests::rest::{Answer, Rest, said};

/// Partners of a page, however many were asked for.
const PAGE: usize = 2;

pub(super) struct Erp {
    pub(super) rest: Rest,
    books: Arc<Mutex<Books>>,
}

#[derive(Default)]
struct Books {
    token: String,
    partners: Vec<Json>,
    /// With the collection and the key that each was posted under.
    posted: Vec<(String, String, Json)>,
    /// What it says instead of what it should.
    scripted: VecDeque<Answer>,
    /// The lines of requests, refused ones too.
    asked: Vec<String>,
}

impl Erp {
    pub(super) fn open(token: &str, partners: &[Json]) -> Self {
        let books = Arc::new(Mutex::new(Books {
            partners: partners.to_vec(),
            ..Books::default()
        }));
        let own = books.clone();
        let rest = Rest::open(move |head, body| own.lock().unwrap().answer(head, body));
        let erp = Self { rest, books };
        erp.asks_for(token);
        erp
    }

    /// From now on, this token and no other.
    pub(super) fn asks_for(&self, token: &str) {
        self.books().token = format!("Bearer {token}");
    }

    /// Whatever it is asked next, it says this.
    pub(super) fn says_once(&self, answer: Answer) {
        self.books().scripted.push_back(answer);
    }

    /// What was posted, each once.
    pub(super) fn posted(&self) -> Vec<Json> {
        let books = self.books();
        books
            .posted
            .iter()
            .map(|(_, _, body)| body.clone())
            .collect()
    }

    /// Method, path and query of each request.
    pub(super) fn asked(&self) -> Vec<String> {
        self.books().asked.clone()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }
}

impl Books {
    fn answer(&mut self, head: &Parts, body: &[u8]) -> Answer {
        self.asked.push(format!("{} {}", head.method, head.uri));
        let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        if header("authorization") != Some(&self.token) {
            return said(StatusCode::UNAUTHORIZED, &json!({}));
        }
        if let Some(answer) = self.scripted.pop_front() {
            return answer;
        }
        let path = head.uri.path().strip_prefix("/api/").unwrap_or_default();
        match (&head.method, path.split_once('/')) {
            (&Method::GET, None) if path == "partners" => self.page(head),
            (&Method::GET, None) => self.list(path, head),
            (&Method::GET, Some((collection, id))) => self.one(collection, id),
            (&Method::POST, None) => self.post(path, header("idempotency-key"), body),
            _ => said(StatusCode::METHOD_NOT_ALLOWED, &json!({})),
        }
    }

    fn page(&self, head: &Parts) -> Answer {
        let wanted = |partner: &&Json| {
            let name = parameter(head, "name").unwrap_or_default().to_lowercase();
            let of_that_name = partner["name"]
                .as_str()
                .unwrap()
                .to_lowercase()
                .contains(&name);
            let tax_id = parameter(head, "tax_id");
            let of_that_number = tax_id.is_none_or(|id| partner["tax_id"] == id);
            partner["kind"] == parameter(head, "kind").unwrap() && of_that_name && of_that_number
        };
        let from = parameter(head, "cursor").map_or(0, |from| from.parse().unwrap());
        let found: Vec<_> = self.partners.iter().filter(wanted).skip(from).collect();
        let next = (found.len() > PAGE).then(|| (from + PAGE).to_string());
        let items: Vec<_> = found.into_iter().take(PAGE).collect();
        said(StatusCode::OK, &json!({ "items": items, "next": next }))
    }

    fn list(&self, collection: &str, head: &Parts) -> Answer {
        let is = |document: &Json, name: &str| {
            parameter(head, name).is_none_or(|wanted| document[name] == wanted)
        };
        let of_it = self.posted.iter().filter(|(of, _, _)| of == collection);
        let items: Vec<_> = of_it
            .map(|(_, _, document)| document)
            .filter(|document| is(document, "partner") && is(document, "number"))
            .collect();
        said(StatusCode::OK, &json!({ "items": items, "next": null }))
    }

    fn one(&self, collection: &str, id: &str) -> Answer {
        let is =
            |(of, _, document): &&(String, String, Json)| of == collection && document["id"] == id;
        match self.posted.iter().find(is) {
            Some((_, _, document)) => said(StatusCode::OK, document),
            None => said(StatusCode::NOT_FOUND, &json!({})),
        }
    }

    /// Once under each key, and once for each partner's number.
    fn post(&mut self, collection: &str, key: Option<&str>, body: &[u8]) -> Answer {
        let Some(key) = key else {
            return said(StatusCode::BAD_REQUEST, &json!({}));
        };
        if let Some((_, _, there)) = self.posted.iter().find(|(_, known, _)| known == key) {
            return said(StatusCode::OK, there);
        }
        let mut document: Json = serde_json::from_slice(body).unwrap();
        let same = |there: &Json| {
            ["partner", "number"]
                .iter()
                .all(|name| there[name] == document[name])
        };
        if self
            .posted
            .iter()
            .any(|(of, _, there)| of == collection && same(there))
        {
            return said(StatusCode::CONFLICT, &json!({}));
        }
        let id = format!("{}-{}", collection.to_uppercase(), self.posted.len() + 1);
        document["id"] = id.into();
        document["state"] = "open".into();
        self.posted
            .push((collection.to_owned(), key.to_owned(), document.clone()));
        said(StatusCode::CREATED, &document)
    }
}

/// A parameter of the query, as the tests use them: of characters that need no escape, and spaces.
fn parameter(head: &Parts, name: &str) -> Option<String> {
    let query = head.uri.query()?;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut found = pairs
        .filter(|(known, _)| *known == name)
        .map(|(_, value)| value);
    found.next_back().map(|value| value.replace("%20", " "))
}
