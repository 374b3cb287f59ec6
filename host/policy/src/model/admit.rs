//! Which line of a grant lets a prompt go to a model.

use std::collections::BTreeMap;
use std::sync::Arc;

use vouchsafe_package::manifest::{Manifest, Prompt};

use super::effective::EffectiveModel;
use crate::http::for_tool;
use crate::http::{Admission, NotAdmitted};
use crate::place::amend;

/// The prompts of one granted skill, and the models that they may go to.
#[derive(Debug, Clone, Default)]
pub struct Models {
    file: Arc<str>,
    prompts: BTreeMap<String, Arc<Prompt>>,
    granted: BTreeMap<String, Arc<EffectiveModel>>,
}

/// A question that a grant allows: which prompt, to which model. [`Models::admit`] alone makes one.
#[derive(Debug, Clone)]
pub struct Asking {
    name: String,
    prompt: Arc<Prompt>,
    model: Arc<EffectiveModel>,
    admission: Admission,
}

impl Models {
    /// Each model that a grant gives.
    pub fn all(&self) -> impl Iterator<Item = &EffectiveModel> {
        self.granted.values().map(|model| &**model)
    }

    pub(crate) fn new(
        file: Arc<str>,
        manifest: &Manifest,
        granted: BTreeMap<String, Arc<EffectiveModel>>,
    ) -> Self {
        let prompts = manifest.prompts.iter();
        Self {
            file,
            prompts: prompts
                .map(|(name, prompt)| (name.clone(), Arc::new(prompt.clone())))
                .collect(),
            granted,
        }
    }

    /// Whether there is none, so that nothing can be asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.granted.is_empty()
    }

    /// Those that `tool` may ask.
    pub fn of_tool(&self, tool: &str) -> impl Iterator<Item = &EffectiveModel> {
        let all = self.granted.values().map(|model| &**model);
        all.filter(move |model| model.http.is_for(tool))
    }

    /// The line that lets `tool` ask by the prompt called `prompt`.
    ///
    /// # Errors
    /// Why there is none, and the line that would be.
    pub fn admit(&self, tool: &str, prompt: &str) -> Result<Asking, NotAdmitted> {
        let Some((name, prompt)) = self.prompts.get_key_value(prompt) else {
            return Err(NotAdmitted {
                why: "the skill has no such prompt".to_owned(),
                fix: "nothing in a grant: skill.toml declares no prompt of this name".to_owned(),
            });
        };
        let asked = &prompt.model;
        let Some(model) = self.granted.get(asked) else {
            return Err(NotAdmitted {
                why: format!("`{asked}`, which the prompt `{name}` goes to, is not granted"),
                fix: amend(
                    &self.file,
                    format_args!("add `[model.{asked}]` with `url` and `model`"),
                ),
            });
        };
        if !model.http.is_for(tool) {
            return Err(NotAdmitted {
                why: format!("the model `{asked}` is not for `{tool}`"),
                fix: for_tool(&model.http, &format!("model.{asked}"), tool),
            });
        }
        Ok(Asking {
            name: name.clone(),
            prompt: Arc::clone(prompt),
            model: Arc::clone(model),
            admission: Admission::of_model(model),
        })
    }
}

impl Asking {
    /// What the skill calls the prompt.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The prompt, as it was signed.
    #[must_use]
    pub fn prompt(&self) -> &Prompt {
        &self.prompt
    }

    /// The model, as it was granted.
    #[must_use]
    pub fn model(&self) -> &EffectiveModel {
        &self.model
    }

    /// The request that carries it.
    #[must_use]
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Prompt and model, as the record names them.
    #[must_use]
    pub fn rule(&self) -> String {
        format!(
            "model.{}: prompt {} {}",
            self.model.name,
            self.name,
            self.prompt.digest()
        )
    }
}
