//! The files of a new skill, from `sdk/templates`. The templates build as they are; only names are
//! put in place.

use crate::BuildError;

/// Where the new skill's `Cargo.toml` takes the SDK from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sdk {
    /// A folder of this machine.
    Path(String),
    /// A git repository, at a tag if one is given.
    Git {
        /// Its address.
        url: String,
        /// The tag.
        tag: Option<String>,
    },
}

impl Sdk {
    /// The one in the project's own repository.
    pub fn released() -> Self {
        Self::Git {
            url: env!("CARGO_PKG_REPOSITORY").to_owned(),
            tag: None,
        }
    }
}

/// One file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where, under the skill's folder.
    pub path: &'static str,
    /// What.
    pub text: String,
}

const FILES: [(&str, &str); 5] = [
    (
        "Cargo.toml",
        include_str!("../../templates/rust/Cargo.toml"),
    ),
    (
        "skill.toml",
        include_str!("../../templates/rust/skill.toml"),
    ),
    (
        "wit/world.wit",
        include_str!("../../templates/rust/wit/world.wit"),
    ),
    (
        "src/lib.rs",
        include_str!("../../templates/rust/src/lib.rs"),
    ),
    (
        ".gitignore",
        include_str!("../../templates/rust/.gitignore"),
    ),
];

const NAMESPACE: &str = "example:";
const NAME: &str = "my-skill";
const SDK: &str = "{ path = \"../../rust\" }";

/// The files of the Rust skill `namespace:name`.
///
/// # Errors
/// When a name is not in kebab case, as WIT and cargo want it.
pub fn rust(namespace: &str, name: &str, sdk: &Sdk) -> Result<Vec<File>, BuildError> {
    for part in [namespace, name] {
        if !is_kebab(part) {
            return Err(BuildError::Name(part.to_owned()));
        }
    }
    let file = |(path, text): (&'static str, &str)| File {
        path,
        text: text
            .replace(NAMESPACE, &format!("{namespace}:"))
            .replace(NAME, name)
            .replace(SDK, &dependency(sdk)),
    };
    Ok(FILES.into_iter().map(file).collect())
}

fn dependency(sdk: &Sdk) -> String {
    match sdk {
        Sdk::Path(path) => format!("{{ path = {path:?} }}"),
        Sdk::Git { url, tag: None } => format!("{{ git = {url:?} }}"),
        Sdk::Git {
            url,
            tag: Some(tag),
        } => format!("{{ git = {url:?}, tag = {tag:?} }}"),
    }
}

/// Words of lower-case letters and digits, each begun by a letter, joined by `-`.
fn is_kebab(name: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    name.len() <= 64 && name.split('-').all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(files: &[File], path: &str) -> String {
        files
            .iter()
            .find(|file| file.path == path)
            .unwrap()
            .text
            .clone()
    }

    #[test]
    fn names_are_put_in_place_and_nothing_of_the_template_is_left() {
        let sdk = Sdk::Git {
            url: "https://example.com/v".to_owned(),
            tag: Some("v1".to_owned()),
        };
        let files = rust("acme", "pay-slips", &sdk).unwrap();
        assert!(text(&files, "wit/world.wit").starts_with("package acme:pay-slips@0.1.0;"));
        let manifest = text(&files, "Cargo.toml");
        assert!(manifest.contains("name = \"pay-slips\""));
        assert!(
            manifest.contains("vouchsafe-sdk = { git = \"https://example.com/v\", tag = \"v1\" }")
        );
        for file in files {
            assert!(
                !file.text.contains(NAME) && !file.text.contains(NAMESPACE),
                "{}",
                file.path
            );
        }
    }

    #[test]
    fn a_name_that_is_no_kebab_case_is_refused() {
        for name in [
            "",
            "Pay",
            "pay_slips",
            "-pay",
            "pay-",
            "pay--slips",
            "1pay",
            "../x",
            "a\"b",
            "é",
        ] {
            let refused = rust("acme", name, &Sdk::Path(String::new()));
            assert!(matches!(refused, Err(BuildError::Name(_))), "{name}");
        }
    }
}
