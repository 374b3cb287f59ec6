//! A skill. Its tools are the functions that wit/world.wit exports.

use vouchsafe_sdk::log;

vouchsafe_sdk::skill!(Skill);

struct Skill;

impl greetings::Guest for Skill {
    fn greet(name: String) -> Result<String, Problem> {
        if name.trim().is_empty() {
            return Err(Problem::Nameless);
        }
        log::info("greeted somebody");
        Ok(format!("Good day, {name}."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use greetings::Guest;

    #[test]
    fn somebody_is_greeted_and_nobody_is_not() {
        assert_eq!(Skill::greet("Anna".to_owned()), Ok("Good day, Anna.".to_owned()));
        assert_eq!(Skill::greet(" ".to_owned()), Err(Problem::Nameless));
    }
}
