//! What a grant of a tool of an external server permits.

use super::{Collector, Sense, Subject};
use crate::grant::UpstreamGrant;
use crate::http::HttpBounds;

impl Collector {
    pub(super) fn upstream(&mut self, subject: &Subject, name: &str, granted: &UpstreamGrant) {
        let (http, place) = (&granted.http, &granted.http.place);
        let what = format!("upstream {name}");
        self.there(subject, &what, place);
        let at = http
            .url
            .as_ref()
            .map_or("nowhere", |url| url.value.as_str());
        let tool = granted.tool.as_ref();
        let tool = tool.map_or("the tool that the skill names", |tool| &*tool.value);
        let says = format!("{what} is {tool} at {at}");
        self.fact(subject, Sense::Permits, says, place);
        let effect = &granted.effect;
        let says = format!("{what} counts as {}", effect.value);
        self.fact(subject, Sense::Permits, says, &effect.place);
        if let Some(digest) = &granted.digest {
            let says = format!("{what} is accepted as {}", digest.value);
            self.fact(subject, Sense::Permits, says, &digest.place);
        }
        self.reached(subject, &what, http);
        let bounds = http.bounds.as_ref();
        let (value, place) =
            bounds.map_or((HttpBounds::default(), place), |at| (at.value, &at.place));
        self.bounds(subject, &what, &value, place, bounds.is_none());
    }
}
