//! What a grant of a database permits.

use vouchsafe_package::Digest;
use vouchsafe_package::manifest::{ByteSize, Span};

use super::{Collector, Sense, Subject};
use crate::grant::DatabaseGrant;
use crate::sql::DatabaseBounds;

impl Collector {
    pub(super) fn database(&mut self, subject: &Subject, name: &str, granted: &DatabaseGrant) {
        let (http, place) = (&granted.http, &granted.http.place);
        self.there(subject, &format!("database {name}"), place);
        if let Some(url) = &http.url {
            let (host, port) = (
                url.value.host_str().unwrap_or_default(),
                url.value.port_or_known_default().unwrap_or_default(),
            );
            let says = format!("database {name} is {} at {host}:{port}", granted.database);
            self.fact(subject, Sense::Permits, says, &url.place);
        }
        for range in &http.private {
            let says = format!("database {name} may be at {}", range.value);
            self.fact(subject, Sense::Permits, says, &range.place);
        }
        for root in http.roots.iter().flat_map(|at| &at.value) {
            let says = format!(
                "database {name} vouched for by certificate {}",
                Digest::of(root)
            );
            self.fact(subject, Sense::Permits, says, place);
        }
        if let Some(auth) = &http.auth {
            let user = auth.value.user.as_deref();
            let user = user.map_or(String::new(), |user| format!(" of {user}"));
            let says = format!(
                "database {name} uses the credential {}{user}",
                auth.value.kept
            );
            self.fact(subject, Sense::Permits, says, &auth.place);
        }
        let bounds = granted.bounds.as_ref();
        let (value, place) = bounds.map_or((DatabaseBounds::default(), place), |at| {
            (at.value, &at.place)
        });
        let all = [
            ("statements", value.statements, value.statements.to_string()),
            ("rows", value.rows, value.rows.to_string()),
            ("bytes", value.bytes, ByteSize(value.bytes).to_string()),
            ("time", value.time_ms, Span(value.time_ms).to_string()),
        ];
        for (what, amount, shown) in all {
            let says = format!("database {name}: {what} at most");
            self.bound(subject, &says, amount, shown, place);
            self.mark(subject, &says, |fact| {
                (fact.unsaid, fact.of) = (bounds.is_none(), vec![format!("database {name}")]);
            });
        }
    }
}
