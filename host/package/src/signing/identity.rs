//! Who signed: the identity in a certificate, and patterns of identities.

use std::fmt;

/// An identity to compare with: exact, or with `*` for one run of characters without `/` and `@`.
///
/// A `*` can't stand in the scheme, the host or the domain of an address, so that a pattern never
/// covers somebody else's repositories or people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityPattern(String);

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Nothing, or control characters.
    #[error("`{0}` is not an identity")]
    NotOne(String),
    /// A `*` where it could cover strangers.
    #[error("`{0}`: a `*` can't stand in the scheme, host or domain")]
    TooWide(String),
    /// More than one `*` between two separators.
    #[error("`{0}`: at most one `*` between two `/` or `@`")]
    Twice(String),
}

impl IdentityPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Each reason of [`IdentityError`].
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        let shown = || text.chars().take(200).collect::<String>();
        if text.is_empty() || text.len() > MAX_LENGTH || text.chars().any(char::is_control) {
            return Err(IdentityError::NotOne(shown()));
        }
        if fixed_part(text).contains('*') {
            return Err(IdentityError::TooWide(shown()));
        }
        if segments(text).any(|segment| segment.matches('*').count() > 1) {
            return Err(IdentityError::Twice(shown()));
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether `identity` is one that is meant.
    #[must_use]
    pub fn matches(&self, identity: &str) -> bool {
        separators(&self.0).eq(separators(identity))
            && segments(&self.0)
                .zip(segments(identity))
                .all(|(pattern, segment)| segment_matches(pattern, segment))
    }

    /// Whether the identity is a URI rather than an e-mail address.
    #[must_use]
    pub fn is_uri(&self) -> bool {
        self.0.contains("://")
    }
}

impl fmt::Display for IdentityPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const MAX_LENGTH: usize = 1024;

fn is_separator(c: char) -> bool {
    c == '/' || c == '@'
}

fn segments(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_separator)
}

fn separators(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| is_separator(*c))
}

fn segment_matches(pattern: &str, segment: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == segment,
        Some((start, end)) => {
            segment.len() > start.len().saturating_add(end.len())
                && segment.starts_with(start)
                && segment.ends_with(end)
        }
    }
}

/// What must be spelt out: scheme and host with the first part of the path, or the domain of an address.
fn fixed_part(text: &str) -> &str {
    match text.split_once("://") {
        Some((scheme, rest)) => {
            let host_and_owner: usize = rest
                .split('/')
                .take(2)
                .map(|part| part.len().saturating_add(1))
                .sum();
            let end = scheme
                .len()
                .saturating_add(3)
                .saturating_add(host_and_owner);
            text.get(..end).unwrap_or(text)
        }
        None => text.rsplit_once('@').map_or(text, |(_, domain)| domain),
    }
}

/// Who signed a package, as it was proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// A key that `trust.toml` holds.
    Key {
        /// Its fingerprint, `sha256:` and hex.
        fingerprint: String,
    },
    /// The subject of a certificate of the pinned Sigstore instance.
    Identity {
        /// The subject: a workflow's URI or an e-mail address.
        identity: String,
        /// Who authenticated it.
        issuer: String,
    },
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { fingerprint } => write!(f, "key {fingerprint}"),
            Self::Identity { identity, issuer } => match workflow(identity) {
                Some(words) => f.write_str(&words),
                None => write!(f, "{identity} ({issuer})"),
            },
        }
    }
}

/// `github.com/acme/skills release.yml, tag payments-1.2.0` for a workflow's URI.
fn workflow(identity: &str) -> Option<String> {
    let (path, reference) = identity.strip_prefix("https://")?.split_once('@')?;
    let (repository, file) = path.split_once("/.github/workflows/")?;
    let reference = match reference.strip_prefix("refs/tags/") {
        Some(tag) => format!("tag {tag}"),
        None => match reference.strip_prefix("refs/heads/") {
            Some(branch) => format!("branch {branch}"),
            None => reference.to_owned(),
        },
    };
    Some(format!("{repository} {file}, {reference}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELEASE: &str =
        "https://github.com/acme/skills/.github/workflows/release.yml@refs/tags/*";

    fn pattern(text: &str) -> IdentityPattern {
        IdentityPattern::parse(text).unwrap()
    }

    #[test]
    fn an_exact_identity_is_only_itself() {
        let exact = pattern("anna@corp.example");
        assert!(exact.matches("anna@corp.example"));
        for other in [
            "Anna@corp.example",
            "anna@corp.example.evil",
            "anna@corp.examplf",
            "",
            "anna",
        ] {
            assert!(!exact.matches(other), "{other}");
        }
    }

    #[test]
    fn a_star_covers_one_part_and_no_more() {
        let release = pattern(RELEASE);
        let at = |end: &str| RELEASE.replace('*', end);
        assert!(release.matches(&at("v1.2.0")));
        for other in ["", "v1/x", "v1@x", "../v1"] {
            assert!(!release.matches(&at(other)), "{other}");
        }
        assert!(!release.matches(&at("v1").replace("release.yml", "other.yml")));
        assert!(!release.matches(&at("v1").replace("refs/tags", "refs/heads")));
        assert!(!release.matches(&at("v1").replace("acme/skills", "evil/skills")));
        assert!(pattern("https://h.example/o/v*.0").matches("https://h.example/o/v1.0"));
        assert!(!pattern("https://h.example/o/v*.0").matches("https://h.example/o/v.0"));
    }

    #[test]
    fn a_star_that_could_cover_strangers_is_refused() {
        for text in [
            "*",
            "https://*",
            "https://*/acme/x",
            "https://github.com/*",
            "https://github.com/*/skills/.github/workflows/r.yml@refs/tags/v1",
            "https://git*/acme/x",
            "anna@*",
            "*@*.example",
            "h*://github.com/acme/x",
        ] {
            assert!(IdentityPattern::parse(text).is_err(), "{text}");
        }
        assert!(pattern("*@corp.example").matches("bo@corp.example"));
        assert!(!pattern("*@corp.example").matches("bo@x@corp.example"));
        assert!(matches!(
            IdentityPattern::parse("https://github.com/acme/**"),
            Err(IdentityError::Twice(_))
        ));
    }

    #[test]
    fn a_workflow_is_shown_in_words() {
        let signer = Signer::Identity {
            identity: RELEASE.replace('*', "payments-1.2.0"),
            issuer: "https://token.actions.githubusercontent.com".into(),
        };
        assert_eq!(
            signer.to_string(),
            "github.com/acme/skills release.yml, tag payments-1.2.0"
        );
        let person = Signer::Identity {
            identity: "anna@corp.example".into(),
            issuer: "https://idp.example".into(),
        };
        assert_eq!(
            person.to_string(),
            "anna@corp.example (https://idp.example)"
        );
    }
}
