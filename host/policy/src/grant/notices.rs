//! What a grant says that this build does less of than one may expect.
//!
//! All of it fails closed: less happens than the line allows, never more.

use serde::Serialize;

use super::Grant;
use crate::place::Place;

/// A line of a file, and what to know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The line.
    pub place: Place,
    /// What to know.
    pub says: String,
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.says)
    }
}

pub(super) fn of(grant: &Grant) -> Vec<Notice> {
    let in_the_clear = grant.http.iter().filter_map(|(name, http)| {
        let url = http
            .url
            .as_ref()
            .filter(|url| url.value.scheme() == "http")?;
        let says =
            format!("`http.{name}` is not encrypted: whoever is on the way reads and changes it");
        Some(Notice {
            place: url.place.clone(),
            says,
        })
    });
    in_the_clear.chain(own(grant)).collect()
}

/// What goes to a model or an external server, as to a destination.
fn own(grant: &Grant) -> impl Iterator<Item = Notice> {
    let models = grant.model.iter();
    let models = models.map(|(name, model)| ("model", name, &model.http));
    let upstreams = grant.upstream.iter();
    let upstreams = upstreams.map(|(name, upstream)| ("upstream", name, &upstream.http));
    models.chain(upstreams).filter_map(|(kind, name, http)| {
        let url = http.url.as_ref();
        url.filter(|url| url.value.scheme() == "http")
            .map(|url| Notice {
                place: url.place.clone(),
                says: format!(
                    "`{kind}.{name}` is not encrypted: whoever is on the way reads and changes it"
                ),
            })
    })
}
