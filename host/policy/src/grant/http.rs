//! `[http.NAME]`: where a destination is, and how much of it.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Deserialize;
use toml::Spanned;
use url::Url;
use vouchsafe_package::manifest::Route;
use vouchsafe_package::name::is_kebab;
use x509_cert::der::Decode as _;

use super::auth::SecretSource;
use crate::http::bounds::AskedBounds;
use crate::http::{Base, HttpBounds, Private};
use crate::place::{At, Fault, Place, Source};

/// What a grant says of one destination.
#[derive(Debug, Clone)]
pub struct HttpGrant {
    /// Where the destination is named.
    pub place: Place,
    /// Where it is; absent when the skill says so itself.
    pub url: Option<At<Url>>,
    /// Which private addresses it may resolve to.
    pub private: Vec<At<Private>>,
    /// The requests that may be made; absent for all that the skill declares.
    pub allow: Option<Vec<At<Route>>>,
    /// Those of them that only read, though their method is POST.
    pub reads: Vec<At<Route>>,
    /// The tools that may make them; absent for all.
    pub tools: Option<Vec<At<String>>>,
    /// Certificates (DER) that vouch for it, besides the public ones.
    pub roots: Option<At<Vec<Vec<u8>>>>,
    /// How much a call may send and receive.
    pub bounds: Option<At<HttpBounds>>,
    /// Where its credential is kept.
    pub auth: Option<At<SecretSource>>,
    /// What gives tokens for it: `url`, `private` and `roots` alone are said of that.
    pub token: Option<Box<HttpGrant>>,
}

impl PartialEq for HttpGrant {
    fn eq(&self, other: &Self) -> bool {
        let place =
            self.url == other.url && self.private == other.private && self.roots == other.roots;
        let requests =
            self.allow == other.allow && self.reads == other.reads && self.tools == other.tools;
        let auth = self.auth == other.auth && self.token == other.token;
        place && requests && auth && self.bounds == other.bounds
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHttp {
    url: Option<Spanned<String>>,
    #[serde(default)]
    private: Vec<Spanned<String>>,
    allow: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    reads: Vec<Spanned<String>>,
    r#for: Option<Vec<Spanned<String>>>,
    roots: Option<Spanned<String>>,
    limits: Option<Spanned<AskedBounds>>,
    auth: Option<Spanned<SecretSource>>,
    token: Option<Spanned<RawToken>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawToken {
    url: Spanned<String>,
    #[serde(default)]
    private: Vec<Spanned<String>>,
    roots: Option<Spanned<String>>,
}

impl RawHttp {
    /// What the place of a model, a database or an external server has in common with a destination's.
    pub(super) fn of_place(
        url: Option<Spanned<String>>,
        private: Vec<Spanned<String>>,
        tools: Option<Vec<Spanned<String>>>,
        roots: Option<Spanned<String>>,
        auth: Option<Spanned<SecretSource>>,
    ) -> Self {
        Self {
            url,
            private,
            allow: None,
            reads: Vec::new(),
            r#for: tools,
            roots,
            limits: None,
            auth,
            token: None,
        }
    }

    fn of_token(token: RawToken) -> Self {
        Self::of_place(Some(token.url), token.private, None, token.roots, None)
    }

    pub(super) fn read(self, source: &Source<'_>, place: Place) -> Result<HttpGrant, Fault> {
        let route = |text: String| text.parse::<Route>();
        Ok(HttpGrant {
            place,
            url: one(source, self.url, address)?,
            private: all(source, self.private, |text| text.parse())?,
            allow: self
                .allow
                .map(|allow| all(source, allow, route))
                .transpose()?,
            reads: all(source, self.reads, reading)?,
            tools: self
                .r#for
                .map(|tools| all(source, tools, tool))
                .transpose()?,
            roots: one(source, self.roots, certificates)?,
            bounds: one(source, self.limits, AskedBounds::read)?,
            auth: self.auth.map(|auth| source.at(auth)),
            token: self
                .token
                .map(|token| token_of(source, token))
                .transpose()?,
        })
    }
}

fn token_of(source: &Source<'_>, token: Spanned<RawToken>) -> Result<Box<HttpGrant>, Fault> {
    let At { value, place } = source.at(token);
    RawHttp::of_token(value).read(source, place).map(Box::new)
}

fn one<T, U>(
    source: &Source<'_>,
    found: Option<Spanned<T>>,
    read: impl Fn(T) -> Result<U, String>,
) -> Result<Option<At<U>>, Fault> {
    found
        .map(|found| source.at(found).try_map(read))
        .transpose()
}

fn all<U>(
    source: &Source<'_>,
    texts: Vec<Spanned<String>>,
    read: impl Fn(String) -> Result<U, String>,
) -> Result<Vec<At<U>>, Fault> {
    let each = texts.into_iter().map(|text| source.at(text).try_map(&read));
    each.collect()
}

/// A base URL in its one normal spelling, so that what is read is what is dialled.
fn address(text: String) -> Result<Url, String> {
    let wrong = |why: &str| {
        let shown: String = text.chars().take(200).collect();
        Err(format!("`{shown}` is not a destination: {why}"))
    };
    let Ok(url) = Url::parse(&text) else {
        return wrong("want an address such as `https://bank.example/api`");
    };
    if !matches!(url.scheme(), "https" | "http") {
        return wrong("want `https`");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "an address has no user and password: use `auth`, and change that password".to_owned(),
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("it has a query or a fragment");
    }
    if url.port() == Some(0) {
        return wrong("no service listens on port 0");
    }
    let normal = url.as_str();
    if normal != text && normal.strip_suffix('/') != Some(&text) {
        return wrong(&format!("its normal spelling is `{normal}`"));
    }
    Base::of(&url)?;
    Ok(url)
}

/// A route that only reads, by the operator's word.
fn reading(text: String) -> Result<Route, String> {
    let route: Route = text.parse()?;
    match route.method.as_str() {
        "POST" => Ok(route),
        "GET" | "HEAD" => Err(format!(
            "`{route}` only reads as it is: `reads` is for POST"
        )),
        _ => Err(format!("`{route}` writes: `reads` is for POST")),
    }
}

fn tool(text: String) -> Result<String, String> {
    match is_kebab(&text) {
        true => Ok(text),
        false => Err("`for` names tools, as the WIT names them".to_owned()),
    }
}

/// Certificates in the file itself: another file would not be covered by the operator's signature.
pub(crate) fn certificates(text: String) -> Result<Vec<Vec<u8>>, String> {
    let wrong = |why: &str| format!("`roots` wants one or more `CERTIFICATE` blocks: {why}");
    let mut roots = Vec::new();
    for found in CertificateDer::pem_slice_iter(text.as_bytes()) {
        let der = found.map_err(|error| wrong(&error.to_string()))?;
        x509_cert::Certificate::from_der(&der).map_err(|error| wrong(&error.to_string()))?;
        roots.push(der.to_vec());
    }
    match roots.is_empty() {
        true => Err(wrong("there is none")),
        false => Ok(roots),
    }
}
