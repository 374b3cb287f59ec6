//! `[model.NAME]`: which language model a skill's prompts go to, where it is, and how much of it.

use serde::Deserialize;
use toml::Spanned;

use super::http::{HttpGrant, RawHttp};
use crate::model::ModelBounds;
use crate::model::bounds::AskedModelBounds;
use crate::place::{At, Fault, Place, Source};

/// What a grant says of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelGrant {
    /// Where it is, for which tools, and with which credential. Without routes: a model is asked in one way.
    pub http: HttpGrant,
    /// What the service calls it.
    pub model: At<String>,
    /// How much a call may ask of it.
    pub bounds: Option<At<ModelBounds>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawModel {
    url: Option<Spanned<String>>,
    model: Option<Spanned<String>>,
    #[serde(default)]
    private: Vec<Spanned<String>>,
    r#for: Option<Vec<Spanned<String>>>,
    roots: Option<Spanned<String>>,
    limits: Option<Spanned<AskedModelBounds>>,
    auth: Option<Spanned<super::SecretSource>>,
}

impl RawModel {
    pub(super) fn read(self, source: &Source<'_>, place: Place) -> Result<ModelGrant, Fault> {
        let model = self.model.ok_or_else(|| {
            Fault::new(place.clone(), "nothing says which model it is")
                .with_fix("add `model = \"...\"`, as the service calls it")
        })?;
        let bounds = self.limits.map(|limits| source.at(limits));
        let http = RawHttp::of_place(self.url, self.private, self.r#for, self.roots, self.auth);
        Ok(ModelGrant {
            http: http.read(source, place)?,
            model: source.at(model).try_map(service_name)?,
            bounds: bounds
                .map(|bounds| bounds.try_map(AskedModelBounds::read))
                .transpose()?,
        })
    }
}

/// What services call their models: `mistral-small-2506`, `meta-llama/Llama-3.1-8B`, `qwen3:8b`.
fn service_name(text: String) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/:@+".contains(&byte);
    match !text.is_empty() && text.len() <= 128 && text.bytes().all(plain) {
        true => Ok(text),
        false => Err(
            "`model` is what the service calls it: letters, digits and `-._/:@+`, at most 128"
                .to_owned(),
        ),
    }
}
