//! The text of `trust.toml`, strictly: an unknown key or a doubt is an error with its line.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use serde::Deserialize;
use sigstore_verify::Verifier;
use toml::Spanned;
use vouchsafe_keys::PublicKey;

use super::{Publisher, Recognised, RevocationPolicy, Transparency, Trust, TrustError};
use crate::name::is_kebab;
use crate::signing::identity::IdentityPattern;
use crate::signing::sigstore;
use crate::words;

type Read<'a> = &'a dyn Fn(&str) -> Result<String, String>;

pub(super) fn parse(text: &str, read: Read<'_>) -> Result<Trust, TrustError> {
    let lines = Lines(text);
    let file: File = toml::from_str(text).map_err(|e| lines.toml(&e))?;
    let mut publishers: Vec<Publisher> = Vec::new();
    for (name, raw) in file.publishers {
        let publisher = publisher(&lines, &name, raw, read)?;
        refuse_overlap(&publishers, &publisher)?;
        publishers.push(publisher);
    }
    publishers.sort_by_key(|publisher| publisher.line);
    Ok(Trust {
        sigstore: sigstore(&lines, file.sigstore, &publishers, read)?,
        revocations: revocations(&lines, file.revocations)?,
        publishers,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    publishers: BTreeMap<Spanned<String>, RawPublisher>,
    revocations: Option<RawRevocations>,
    sigstore: Option<RawSigstore>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPublisher {
    namespaces: Spanned<Vec<Spanned<String>>>,
    key: Option<Spanned<String>>,
    identity: Option<Spanned<String>>,
    issuer: Option<Spanned<String>>,
    transparency: Option<Spanned<Transparency>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRevocations {
    #[serde(default)]
    required: bool,
    max_age: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSigstore {
    trusted_root: Spanned<String>,
}

fn publisher(
    lines: &Lines<'_>,
    name: &Spanned<String>,
    raw: RawPublisher,
    read: Read<'_>,
) -> Result<Publisher, TrustError> {
    let refuse = |why: String| lines.at(name, why);
    if !is_kebab(name.get_ref()) {
        return Err(refuse(format!(
            "`{}` is not a publisher's name: want lower-case letters, digits and single hyphens",
            name.get_ref()
        )));
    }
    let namespaces = namespaces(lines, raw.namespaces)?;
    let (recognised, transparency) = match (raw.key, raw.identity, raw.issuer) {
        (Some(key), None, None) => {
            let transparency = raw.transparency.map(Spanned::into_inner).ok_or_else(|| {
                refuse("a plain key needs `transparency = \"none\"`, or `\"required\"` if its signatures are logged".into())
            })?;
            (Recognised::Keys(keys(lines, &key, read)?), transparency)
        }
        (None, Some(identity), Some(issuer)) => {
            refuse_unlogged(lines, raw.transparency)?;
            (
                self::identity(lines, &identity, &issuer)?,
                Transparency::Required,
            )
        }
        _ => {
            return Err(refuse(
                "want either `key`, or `identity` and `issuer`".into(),
            ));
        }
    };
    Ok(Publisher {
        name: name.get_ref().clone(),
        line: lines.of(name),
        namespaces,
        recognised,
        transparency,
    })
}

fn namespaces(
    lines: &Lines<'_>,
    raw: Spanned<Vec<Spanned<String>>>,
) -> Result<Vec<String>, TrustError> {
    if raw.get_ref().is_empty() {
        return Err(lines.at(
            &raw,
            "`namespaces` is empty: this publisher could sign nothing".into(),
        ));
    }
    raw.into_inner()
        .into_iter()
        .map(|namespace| {
            if is_kebab(namespace.get_ref()) {
                return Ok(namespace.into_inner());
            }
            let why = format!(
                "`{}` is not a namespace: want one part such as `acme`",
                namespace.get_ref()
            );
            Err(lines.at(&namespace, why))
        })
        .collect()
}

/// One or more `PUBLIC KEY` blocks, in the file itself or in the file that it names. Several, so that a
/// key can be replaced while what the old one signed still runs.
fn keys(
    lines: &Lines<'_>,
    key: &Spanned<String>,
    read: Read<'_>,
) -> Result<Vec<PublicKey>, TrustError> {
    let text = if key.get_ref().trim_start().starts_with("-----BEGIN") {
        key.get_ref().clone()
    } else {
        read(key.get_ref()).map_err(|why| lines.at(key, format!("`{}`: {why}", key.get_ref())))?
    };
    let mut keys: Vec<PublicKey> = Vec::new();
    for block in text.trim().split_inclusive(END) {
        let key = PublicKey::from_pem(block).map_err(|e| lines.at(key, e.to_string()))?;
        keys.push(key);
    }
    if keys.is_empty() {
        return Err(lines.at(key, "there is no key in it".into()));
    }
    Ok(keys)
}

const END: &str = "-----END PUBLIC KEY-----";

fn refuse_unlogged(
    lines: &Lines<'_>,
    transparency: Option<Spanned<Transparency>>,
) -> Result<(), TrustError> {
    match transparency {
        Some(given) if *given.get_ref() == Transparency::None => Err(lines.at(
            &given,
            "an identity is proven by the log alone: remove `transparency = \"none\"`, or trust a `key`".into(),
        )),
        _ => Ok(()),
    }
}

fn identity(
    lines: &Lines<'_>,
    identity: &Spanned<String>,
    issuer: &Spanned<String>,
) -> Result<Recognised, TrustError> {
    let pattern = IdentityPattern::parse(identity.get_ref())
        .map_err(|e| lines.at(identity, e.to_string()))?;
    let url = issuer.get_ref();
    if let Some(problem) = words::problem(identity.get_ref()) {
        return Err(lines.at(identity, problem));
    }
    if !url.starts_with("https://") || url.contains('*') || words::problem(url).is_some() {
        return Err(lines.at(
            issuer,
            format!("`{url}` is not an issuer: want its exact `https://` address"),
        ));
    }
    Ok(Recognised::Identity {
        pattern,
        issuer: url.clone(),
    })
}

fn refuse_overlap(publishers: &[Publisher], new: &Publisher) -> Result<(), TrustError> {
    for namespace in &new.namespaces {
        if let Some(other) = publishers
            .iter()
            .find(|publisher| publisher.owns(namespace))
        {
            return Err(TrustError {
                line: Some(new.line.max(other.line)),
                why: format!(
                    "`{namespace}` belongs to both `{}` (line {}) and `{}` (line {})",
                    other.name, other.line, new.name, new.line
                ),
            });
        }
    }
    Ok(())
}

fn sigstore(
    lines: &Lines<'_>,
    raw: Option<RawSigstore>,
    publishers: &[Publisher],
    read: Read<'_>,
) -> Result<Option<Arc<Verifier>>, TrustError> {
    if raw.is_none()
        && publishers
            .iter()
            .all(|p| p.transparency == Transparency::None)
    {
        return Ok(None);
    }
    let refuse = |why: String| match &raw {
        Some(raw) => lines.at(&raw.trusted_root, why),
        None => TrustError { line: None, why },
    };
    let given = match &raw {
        Some(raw) => {
            let name = raw.trusted_root.get_ref();
            Some(read(name).map_err(|why| refuse(format!("`{name}`: {why}")))?)
        }
        None => None,
    };
    verifier(given.as_deref()).map(Some).map_err(refuse)
}

/// Of the given `trusted_root.json`, or of the public instance as it is built in.
pub(super) fn verifier(trusted_root: Option<&str>) -> Result<Arc<Verifier>, String> {
    let root = sigstore::root(trusted_root)?;
    Verifier::new(&root)
        .map(Arc::new)
        .map_err(|e| e.to_string())
}

fn revocations(
    lines: &Lines<'_>,
    raw: Option<RawRevocations>,
) -> Result<RevocationPolicy, TrustError> {
    let Some(raw) = raw else {
        return Ok(RevocationPolicy::default());
    };
    let Some(text) = raw.max_age else {
        return Ok(RevocationPolicy {
            required: raw.required,
            max_age: None,
        });
    };
    if !raw.required {
        let why = "`max_age` without `required = true`: whoever removes the list would escape it";
        return Err(lines.at(&text, why.into()));
    }
    let max_age = age(text.get_ref()).ok_or_else(|| {
        let why = format!(
            "`{}` is not an age: want a number and `d` or `h`, such as `30d`",
            text.get_ref()
        );
        lines.at(&text, why)
    })?;
    Ok(RevocationPolicy {
        required: true,
        max_age: Some(max_age),
    })
}

fn age(text: &str) -> Option<SignedDuration> {
    let (number, hours) = match text.strip_suffix('d') {
        Some(days) => (days, 24),
        None => (text.strip_suffix('h')?, 1),
    };
    let number: i64 = number.parse().ok().filter(|n| (1..=10_000).contains(n))?;
    Some(SignedDuration::from_hours(number.checked_mul(hours)?))
}

/// Tells lines from positions in the text.
struct Lines<'a>(&'a str);

impl Lines<'_> {
    fn of<T>(&self, at: &Spanned<T>) -> usize {
        self.number(at.span().start)
    }

    fn at<T>(&self, at: &Spanned<T>, why: String) -> TrustError {
        TrustError {
            line: Some(self.of(at)),
            why,
        }
    }

    fn toml(&self, error: &toml::de::Error) -> TrustError {
        TrustError {
            line: error.span().map(|span| self.number(span.start)),
            why: error.message().to_owned(),
        }
    }

    fn number(&self, position: usize) -> usize {
        let before = self.0.get(..position).unwrap_or(self.0);
        before.matches('\n').count().saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAExRRST79+PsrRBnGAI4cMu6Omz2Jh\n\
        fwlMW+gIutNKVRaMyS4rQKvgngc5p8UbLj55pVHhIoAxi/SRgURZI0J3Xw==\n\
        -----END PUBLIC KEY-----\n";

    const IDENTITY: &str = r#"
[publishers.acme]
namespaces = ["acme", "acme-labs"]
identity = "https://github.com/acme/skills/.github/workflows/release.yml@refs/tags/*"
issuer = "https://token.actions.githubusercontent.com"
"#;

    fn key_publisher(name: &str, namespace: &str) -> String {
        format!(
            "[publishers.{name}]\nnamespaces = [\"{namespace}\"]\nkey = \"{name}.pub\"\ntransparency = \"none\"\n"
        )
    }

    fn read(text: &str) -> Result<Trust, TrustError> {
        parse(text, &|name| match name {
            "home.pub" => Ok(KEY.to_owned()),
            "two.pub" => Ok(format!("{KEY}{KEY}")),
            other => Err(format!("no file `{other}`")),
        })
    }

    fn refused(text: &str) -> String {
        read(text).err().map(|e| e.to_string()).unwrap()
    }

    #[test]
    fn publishers_keep_their_lines() {
        let trust = read(&format!("{IDENTITY}\n{}", key_publisher("home", "home"))).unwrap();
        let acme = trust.publisher("acme").unwrap();
        assert_eq!((acme.line(), acme.place()), (2, "trust.toml:2".to_owned()));
        assert_eq!(acme.transparency(), Transparency::Required);
        assert!(trust.sigstore().is_some());
        let home = trust.owner("home").unwrap();
        assert_eq!((home.name(), home.line()), ("home", 7));
        assert_eq!(home.transparency(), Transparency::None);
        assert!(trust.owner("elsewhere").is_none());
    }

    #[test]
    fn a_key_stands_inline_or_in_a_file() {
        let inline = format!(
            "[publishers.a]\nnamespaces=[\"a\"]\ntransparency=\"none\"\nkey=\"\"\"\n{KEY}\"\"\"\n"
        );
        assert!(Trust::parse(&inline).is_ok());
        assert!(Trust::parse(&key_publisher("home", "home")).is_err());
        let trust = read(&key_publisher("two", "two")).unwrap();
        assert!(
            matches!(&trust.publishers()[0].recognised(), Recognised::Keys(keys) if keys.len() == 2)
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let plain =
            |line: &str| key_publisher("home", "home").replace("transparency = \"none\"", line);
        let wrong = [
            key_publisher("home", "home") + "colour = \"red\"\n",
            "[revocation]\nrequired = true\n".to_owned(),
            plain(""),
            plain("transparency = \"maybe\""),
            IDENTITY.replace("issuer =", "isuer ="),
            IDENTITY.replace(
                "issuer = \"https://token.actions.githubusercontent.com\"",
                "",
            ),
            IDENTITY.to_owned() + "transparency = \"none\"\n",
            IDENTITY.to_owned() + "key = \"home.pub\"\n",
            IDENTITY.replace("https://token", "http://token"),
            IDENTITY.replace("github.com/acme", "*/acme"),
            IDENTITY.replace("\"acme\", ", "\"acme:payments\", "),
            IDENTITY.replace("\"acme\", \"acme-labs\"", ""),
            format!("{IDENTITY}{}", key_publisher("home", "acme-labs")),
            format!("{IDENTITY}{IDENTITY}"),
            key_publisher("absent", "home"),
            key_publisher("Home", "home"),
            "[revocations]\nrequired = true\nmax_age = \"1 month\"\n".to_owned(),
            "[revocations]\nmax_age = \"30d\"\n".to_owned(),
            "[sigstore]\ntrusted_root = \"absent.json\"\n".to_owned(),
        ];
        let said: Vec<String> = wrong.iter().map(|text| refused(text)).collect();
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn an_age_is_days_or_hours() {
        assert_eq!(age("30d"), Some(SignedDuration::from_hours(720)));
        assert_eq!(age("12h"), Some(SignedDuration::from_hours(12)));
        for wrong in ["", "d", "0d", "-1d", "1w", "1", "999999999999d", "1.5d"] {
            assert_eq!(age(wrong), None, "{wrong}");
        }
    }
}
