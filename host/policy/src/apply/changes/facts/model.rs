//! What a grant of a model permits.

use vouchsafe_package::Digest;
use vouchsafe_package::manifest::{ByteSize, Span};

use super::{Collector, Sense, Subject};
use crate::grant::{HttpGrant, ModelGrant};
use crate::model::ModelBounds;

impl Collector {
    /// How one gets to what the host itself words requests to.
    pub(super) fn reached(&mut self, subject: &Subject, what: &str, http: &HttpGrant) {
        for range in &http.private {
            let says = format!("{what} may be at {}", range.value);
            self.fact(subject, Sense::Permits, says, &range.place);
        }
        for root in http.roots.iter().flat_map(|at| &at.value) {
            let says = format!("{what} vouched for by certificate {}", Digest::of(root));
            self.fact(subject, Sense::Permits, says, &http.place);
        }
        if let Some(auth) = &http.auth {
            let says = format!("{what} uses the credential {}", auth.value.kept);
            self.fact(subject, Sense::Permits, says, &auth.place);
        }
    }

    pub(super) fn model(&mut self, subject: &Subject, name: &str, model: &ModelGrant) {
        let (http, place) = (&model.http, &model.http.place);
        self.there(subject, &format!("model {name}"), place);
        let at = http
            .url
            .as_ref()
            .map_or("nowhere", |url| url.value.as_str());
        let says = format!("model {name} is {} at {at}", model.model.value);
        self.fact(subject, Sense::Permits, says, place);
        self.reached(subject, &format!("model {name}"), http);
        let bounds = model.bounds.as_ref();
        let (value, place) =
            bounds.map_or((ModelBounds::default(), place), |at| (at.value, &at.place));
        let all = [
            ("questions", value.asks, value.asks.to_string()),
            ("tokens", value.tokens, value.tokens.to_string()),
            ("tokens a day", value.daily, value.daily.to_string()),
            (
                "bytes of a reply",
                value.reply,
                ByteSize(value.reply).to_string(),
            ),
            ("time", value.time_ms, Span(value.time_ms).to_string()),
        ];
        for (what, amount, shown) in all {
            let says = format!("model {name}: {what} at most");
            self.bound(subject, &says, amount, shown, place);
            self.mark(subject, &says, |fact| {
                (fact.unsaid, fact.of) = (bounds.is_none(), vec![format!("model {name}")]);
            });
        }
    }
}
