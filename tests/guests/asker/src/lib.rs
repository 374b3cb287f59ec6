//! A skill that asks a language model, by its prompts and by any name.

use vouchsafe_sdk::model::{Error, Prompt};

vouchsafe_sdk::skill!(Asker);

struct Asker;

impl asking::Guest for Asker {
    fn classify(sender: String, document: String) -> Result<String, String> {
        let prompt = Prompt::named("classify").slot("sender", sender);
        prompt.slot("document", document).ask_json().map_err(say)
    }

    fn ask(prompt: String, slots: Vec<Filled>) -> Result<String, String> {
        let prompt = Prompt::named(prompt);
        let filled = slots
            .into_iter()
            .fold(prompt, |prompt, slot| prompt.slot(slot.name, slot.text));
        filled.ask_json().map_err(say)
    }

    fn again(times: u32, document: String) -> Vec<String> {
        let one = || Self::classify("anna".to_owned(), document.clone());
        (0..times)
            .map(|_| one().unwrap_or_else(|error| error))
            .collect()
    }
}

fn say(error: Error) -> String {
    format!("{error:?}")
}
