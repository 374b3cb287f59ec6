//! The files of a new skill, from `sdk/templates`. The templates build as they are; only names are
//! put in place.

use crate::BuildError;

/// Where the new skill's `Cargo.toml` takes the SDK from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sdk {
    /// A folder of this machine.
    Path(String),
    /// The one that this program was built with, laid beside the skill in [`SDK_FOLDER`], so that who has the
    /// skill can build it.
    Laid,
}

/// Where the SDK is laid, under the skill's folder.
pub const SDK_FOLDER: &str = "vouchsafe-sdk";

/// The SDK's files, by their paths in a workspace of its own.
const SDK_FILES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/sdk.rs"));

/// One file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where, under the skill's folder.
    pub path: String,
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
const SDK: &str = "\"../../rust\"";

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
    let (from, laid) = match sdk {
        Sdk::Path(path) => (path.clone(), &[][..]),
        Sdk::Laid => (format!("{SDK_FOLDER}/sdk/rust"), SDK_FILES),
    };
    let file = |(path, text): (&str, &str)| File {
        path: path.to_owned(),
        text: text
            .replace(NAMESPACE, &format!("{namespace}:"))
            .replace(NAME, name)
            .replace(SDK, &format!("{from:?}")),
    };
    let laid = laid.iter().map(|(path, text)| File {
        path: format!("{SDK_FOLDER}/{path}"),
        text: (*text).to_owned(),
    });
    Ok(FILES.into_iter().map(file).chain(laid).collect())
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
        let files = rust("acme", "pay-slips", &Sdk::Path("/sdk".to_owned())).unwrap();
        assert!(text(&files, "wit/world.wit").starts_with("package acme:pay-slips@0.1.0;"));
        assert!(
            text(&files, ".gitignore")
                .lines()
                .any(|line| line == "*.key")
        );
        let manifest = text(&files, "Cargo.toml");
        assert!(manifest.contains("name = \"pay-slips\""));
        assert!(manifest.contains("vouchsafe-sdk = { path = \"/sdk\" }"));
        for file in files {
            assert!(
                !file.text.contains(NAME) && !file.text.contains(NAMESPACE),
                "{}",
                file.path
            );
        }
    }

    #[test]
    fn the_sdk_is_laid_whole_and_alone() {
        let files = rust("acme", "pay-slips", &Sdk::Laid).unwrap();
        let manifest = text(&files, "Cargo.toml");
        assert!(manifest.contains("{ path = \"vouchsafe-sdk/sdk/rust\" }"));
        let workspace = text(&files, "vouchsafe-sdk/Cargo.toml");
        assert!(workspace.contains("\nwit-bindgen = ") && workspace.contains("[workspace.lints"));
        assert!(!workspace.contains("wasmtime") && !workspace.contains("[profile"));
        assert!(text(&files, "vouchsafe-sdk/wit/world.wit").contains("package vouchsafe:skill"));
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
