//! `[sql.NAME]`: where the database is that a skill's statements run in, and who signs in to it.

use serde::Deserialize;
use toml::Spanned;
use url::Url;

use super::http::{HttpGrant, RawHttp};
use crate::http::Base;
use crate::place::{At, Fault, Place, Source};
use crate::sql::DatabaseBounds;
use crate::sql::bounds::AskedDatabaseBounds;

/// What a grant says of one database.
#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseGrant {
    /// Where its server is, for which tools, and with which credential. Without routes: a connection has none.
    pub http: HttpGrant,
    /// What the server calls it.
    pub database: String,
    /// How much a call may ask of it.
    pub bounds: Option<At<DatabaseBounds>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDatabase {
    url: Option<Spanned<String>>,
    #[serde(default)]
    private: Vec<Spanned<String>>,
    r#for: Option<Vec<Spanned<String>>>,
    roots: Option<Spanned<String>>,
    limits: Option<Spanned<AskedDatabaseBounds>>,
    auth: Option<Spanned<super::SecretSource>>,
}

/// PostgreSQL's.
const PORT: u16 = 5432;

impl RawDatabase {
    pub(super) fn read(self, source: &Source<'_>, place: Place) -> Result<DatabaseGrant, Fault> {
        let url = self.url.ok_or_else(|| {
            Fault::new(place.clone(), "nothing says where the database is")
                .with_fix("add `url = \"postgres://db.corp.example/NAME\"`")
        })?;
        let At {
            value: (url, database),
            place: at,
        } = source.at(url).try_map(address)?;
        let bounds = self.limits.map(|limits| source.at(limits));
        let http = RawHttp::of_place(None, self.private, self.r#for, self.roots, self.auth);
        let mut http = http.read(source, place)?;
        http.url = Some(At {
            value: url,
            place: at,
        });
        Ok(DatabaseGrant {
            http,
            database,
            bounds: bounds
                .map(|bounds| bounds.try_map(AskedDatabaseBounds::read))
                .transpose()?,
        })
    }
}

/// Where the server is, as every door out has it, and the database there.
fn address(text: String) -> Result<(Url, String), String> {
    let wrong = |why: &str| {
        let shown: String = text.chars().take(200).collect();
        format!("`{shown}` is no database: {why}")
    };
    let url = Url::parse(&text).map_err(|error| wrong(&error.to_string()))?;
    if url.scheme() != "postgres" {
        return Err(wrong(
            "want an address such as `postgres://db.corp.example/erp`",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "an address has no user and password: use `auth`, and change that password".to_owned(),
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has a query or a fragment"));
    }
    let database = url.path().strip_prefix('/').unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if database.is_empty() || database.len() > 63 || !database.bytes().all(plain) {
        return Err(wrong("its path is the name of one database"));
    }
    let (host, port) = (
        url.host_str().unwrap_or_default(),
        url.port().unwrap_or(PORT),
    );
    let server = format!("https://{host}:{port}/");
    let server = Url::parse(&server).map_err(|error| wrong(&error.to_string()))?;
    if port == 0 || server.host_str() != Some(host) || host.contains('*') {
        return Err(wrong(
            "its host is one name or address, in lower case, and its port is not 0",
        ));
    }
    Base::of(&server)?;
    Ok((server, database.to_owned()))
}
