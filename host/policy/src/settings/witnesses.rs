//! `[witnesses]`: who signs that this host's log is the one that they saw before, grown.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;
use url::Url;
use vouchsafe_package::manifest::Span;
use vouchsafe_tlog::note::CosignerKey;

use crate::place::{At, Fault, Source};

/// The witnesses of a log, which are asked after each checkpoint and at each start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnesses {
    /// From 1 to 16, no key twice.
    pub ask: Vec<Witness>,
    /// How many of them have to have signed; at least one, at most all.
    pub quorum: usize,
    /// Whether nothing starts before a quorum has signed.
    pub required: bool,
    /// How long records may be without a quorum before the operator is warned.
    pub patience: Span,
}

/// One witness (C2SP tlog-witness).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Where it answers, `http` or `https`.
    pub url: Url,
    /// By what its signatures are known, its name included.
    pub key: CosignerKey,
}

/// The most witnesses.
const MOST: usize = 16;
/// How long records may be without a quorum, in milliseconds.
const PATIENCE: Span = Span(3_600_000);
const LONGEST_PATIENCE: u64 = 168 * 3_600_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWitnesses {
    ask: Spanned<Vec<RawWitness>>,
    quorum: Spanned<usize>,
    #[serde(default)]
    required: bool,
    patience: Option<Spanned<Span>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWitness {
    url: Spanned<String>,
    key: Spanned<String>,
}

pub(super) fn read(source: &Source<'_>, raw: RawWitnesses) -> Result<Witnesses, Fault> {
    let ask = source.at(raw.ask).try_map(many)?;
    let patience = raw.patience.map(|span| source.at(span).try_map(patience));
    let all = ask.value.len();
    let quorum = source.at(raw.quorum).try_map(|quorum| match quorum {
        quorum if (1..=all).contains(&quorum) => Ok(quorum),
        _ => Err(format!("`quorum` is from 1 to {all}, as many as are asked")),
    })?;
    let one = |raw: RawWitness| {
        Ok(Witness {
            url: source.at(raw.url).try_map(address)?.value,
            key: source.at(raw.key).try_map(key)?.value,
        })
    };
    let At { value, place } = ask;
    let ask: Vec<Witness> = value.into_iter().map(one).collect::<Result<_, Fault>>()?;
    let names: BTreeSet<_> = ask.iter().map(|witness| witness.key.name()).collect();
    if names.len() < all {
        return Err(Fault::new(place, "`ask` names a witness twice"));
    }
    Ok(Witnesses {
        ask,
        quorum: quorum.value,
        required: raw.required,
        patience: patience.transpose()?.map_or(PATIENCE, |at| at.value),
    })
}

fn many(raw: Vec<RawWitness>) -> Result<Vec<RawWitness>, String> {
    match raw.len() {
        1..=MOST => Ok(raw),
        _ => Err(format!("`ask` has from 1 to {MOST} witnesses")),
    }
}

fn address(text: String) -> Result<Url, String> {
    let wrong = |why: &str| Err(format!("`url` {why}"));
    let Ok(url) = Url::parse(&text) else {
        return wrong("wants one such as `https://witness.example`");
    };
    if !matches!(url.scheme(), "http" | "https") {
        return wrong("wants `https`, or `http`: what passes is signed");
    }
    let is_bare = url.username().is_empty() && url.password().is_none();
    match is_bare && url.query().is_none() && url.fragment().is_none() {
        true => Ok(url),
        false => wrong("has no user, password, query or fragment"),
    }
}

fn key(text: String) -> Result<CosignerKey, String> {
    text.parse()
        .map_err(|error| format!("`key` is what the witness prints when it starts: {error}"))
}

fn patience(span: Span) -> Result<Span, String> {
    match span.0 {
        1_000..=LONGEST_PATIENCE => Ok(span),
        _ => Err("`patience` is from 1s to 168h".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use vouchsafe_tlog::note::{CosignerKey, VerifierKey};

    use super::Witnesses;
    use crate::Settings;

    fn read(text: &str) -> Result<Witnesses, String> {
        let read = Settings::parse("vouchsafe.toml", &format!("[witnesses]\n{text}\n"));
        read.map(|settings| settings.witnesses.unwrap().value)
            .map_err(|fault| fault.to_string())
    }

    #[test]
    fn witnesses_are_known_by_their_keys_and_a_quorum_is_of_those_that_are_asked() {
        let key = |name: &str| CosignerKey::new(name, [7; 32]).unwrap().to_string();
        let one =
            |name: &str| format!("{{ url = 'http://w.example:80/a', key = '{}' }}", key(name));
        let (a, b) = (one("a"), one("b"));
        let read_well = read(&format!("ask = [{a}, {b}]\nquorum = 2")).unwrap();
        assert_eq!((read_well.ask.len(), read_well.quorum), (2, 2));
        assert_eq!(
            (read_well.required, read_well.patience.0),
            (false, 3_600_000)
        );
        let log = VerifierKey::new("a", [7; 32]).unwrap();
        for wrong in [
            "ask = []\nquorum = 1".to_owned(),
            format!("ask = [{a}]"),
            format!("ask = [{a}]\nquorum = 0"),
            format!("ask = [{a}]\nquorum = 2"),
            format!("ask = [{a}, {a}]\nquorum = 1"),
            format!("ask = [{a}]\nquorum = 1\npatience = '0s'"),
            format!("ask = [{a}]\nquorum = 1\nrequire = true"),
            format!("ask = [{}]\nquorum = 1", a.replace("http://", "ftp://")),
            format!("ask = [{}]\nquorum = 1", a.replace("/a'", "/a?b'")),
            format!(
                "ask = [{}]\nquorum = 1",
                a.replace(&key("a"), &log.to_string())
            ),
        ] {
            assert!(read(&wrong).is_err(), "{wrong}");
        }
    }
}
