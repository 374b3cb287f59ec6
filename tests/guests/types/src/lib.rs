//! Gives every value type back as it came.

vouchsafe_sdk::skill!(Same);

struct Same;

impl types::Guest for Same {
    fn same_integers(value: Integers) -> Integers {
        value
    }
    fn same_floats(value: Floats) -> Floats {
        value
    }
    fn same_texts(value: Texts) -> Texts {
        value
    }
    fn same_collections(value: Collections) -> Collections {
        value
    }
    fn same_options(value: Options) -> Options {
        value
    }
    fn same_outcomes(value: Outcomes) -> Outcomes {
        value
    }
    fn same_choices(value: Choices) -> Choices {
        value
    }
    fn same_branch(value: Branch) -> Branch {
        value
    }
    fn fallible(fail: bool, text: String) -> Result<String, Shape> {
        if fail {
            Err(Shape::Named(Some(text)))
        } else {
            Ok(text)
        }
    }
    fn nothing() {}
}
