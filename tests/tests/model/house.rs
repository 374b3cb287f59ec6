//! A home whose skill may ask a model.

use serde_json::{Value as Json, json};
use vouchsafe_tests::Home;

use super::service::{Scripted, Service};
use vouchsafe_tests::authority::Authority;

/// A home with the guest `asker`, and the service that its `reader` is.
pub(crate) struct House {
    pub(crate) home: Home,
    pub(crate) service: Service,
}

impl House {
    /// `more` stands below the model in the grant.
    pub(crate) fn new(script: &[Scripted], more: &str) -> Self {
        let authority = Authority::new();
        let service = Service::new(&authority, script);
        let home = Home::trusting(&["guests"]);
        home.with_granted_guest("asker", &granted(&service, &authority, more));
        Self { home, service }
    }

    /// Calls a tool; its result, or its error.
    #[track_caller]
    pub(crate) fn call(&self, tool: &str, arguments: &Json) -> Result<Json, String> {
        let answer = self.home.call(tool, arguments).json();
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["output"]["result"].clone()),
        }
    }

    /// Asks what kind of document `document` is.
    #[track_caller]
    pub(crate) fn classify(&self, document: &str) -> Result<Json, String> {
        let said = self.call(
            "asker_classify",
            &json!({ "sender": "anna", "document": document }),
        )?;
        Ok(serde_json::from_str(said.as_str().unwrap()).unwrap())
    }

    /// Classifies so many times in one call.
    #[track_caller]
    pub(crate) fn again(&self, times: u32) -> Json {
        let arguments = json!({ "times": times, "document": "Dear Anna" });
        self.call("asker_again", &arguments).unwrap()
    }

    /// The records of `kind`, oldest first.
    pub(crate) fn records(&self, kind: &str) -> Vec<Json> {
        let all = self.home.records(500).into_iter();
        all.filter(|record| record["kind"] == kind).collect()
    }
}

fn granted(service: &Service, authority: &Authority, more: &str) -> String {
    format!(
        "[model.reader]\nurl = \"https://{address}/v1\"\nmodel = \"small-2\"\nprivate = [\"{address}\"]\nroots = \"\"\"\n{pem}\"\"\"\n{more}\n",
        address = service.address,
        pem = authority.pem,
    )
}

/// A reply that fits.
pub(crate) const INVOICE: &str = r#"{"kind":"invoice"}"#;

/// What the skill hears.
pub(crate) const FAILED: &str = "TOOL_ERROR: \"Failed\"";
pub(crate) const DENIED: &str = "TOOL_ERROR: \"Denied\"";
