//! What stands for a credential in a skill whose library insists on holding one.
//!
//! A placeholder is random, of one call, and worth nothing: the host takes it out of the one header where the credential
//! goes, at the one destination, and puts the credential there. Anywhere else in a request's head, it refuses the request.

use std::collections::BTreeMap;

use aws_lc_rs::rand;
use http::HeaderMap;
use vouchsafe_package::manifest::{Auth, Placement};

/// How each begins, so that one of another call or a guessed one is recognised, too.
const BEGINS: &str = "vouchsafe-placeholder-";

/// The placeholders of one call, by the secret's name.
#[derive(Debug, Default)]
pub struct Placeholders(BTreeMap<String, String>);

/// A placeholder stands where it means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a placeholder stands where its credential does not go, or is of another call")]
pub struct Misplaced;

impl Placeholders {
    /// One for each of `secrets`. Without randomness there is none.
    #[must_use]
    pub fn new<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        let made = |secret: &str| {
            let mut bytes = [0; 32];
            rand::fill(&mut bytes).ok()?;
            Some((secret.to_owned(), format!("{BEGINS}{}", hex::encode(bytes))))
        };
        Self(secrets.filter_map(made).collect())
    }

    /// What the skill is told, by the secret's name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.0.iter();
        all.map(|(secret, placeholder)| (secret.as_str(), placeholder.as_str()))
    }

    /// Takes the placeholder of `auth` out of `headers`, where it stands alone in exactly the granted format.
    ///
    /// # Errors
    /// When any other is in `headers` or in `target`, the request's address.
    pub fn take(
        &self,
        auth: Option<&Auth>,
        headers: &mut HeaderMap,
        target: &str,
    ) -> Result<(), Misplaced> {
        if let Some((name, whole)) = auth.and_then(|auth| self.expected(auth)) {
            let mut values = headers.get_all(name).iter();
            if let (Some(only), None) = (values.next(), values.next())
                && only.as_bytes() == whole.as_bytes()
            {
                headers.remove(name);
            }
        }
        let mut left = headers.iter();
        let in_headers = left
            .any(|(name, value)| has_one(name.as_str().as_bytes()) || has_one(value.as_bytes()));
        match in_headers || has_one(target.as_bytes()) {
            true => Err(Misplaced),
            false => Ok(()),
        }
    }

    /// The header of `auth`, and all that it says with the placeholder in it.
    fn expected<'a>(&self, auth: &'a Auth) -> Option<(&'a str, String)> {
        let placeholder = self.0.get(&auth.secret).filter(|_| auth.placeholder)?;
        match &auth.placement {
            Placement::Header { name, format } => Some((name, format.replace("{}", placeholder))),
            _ => None,
        }
    }
}

fn has_one(bytes: &[u8]) -> bool {
    let mut parts = bytes.windows(BEGINS.len());
    parts.any(|part| part.eq_ignore_ascii_case(BEGINS.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth() -> Auth {
        Auth {
            secret: "bank-token".to_owned(),
            placement: Placement::Header {
                name: "authorization".to_owned(),
                format: "Bearer {}".to_owned(),
            },
            placeholder: true,
        }
    }

    fn take(
        of: &Placeholders,
        headers: &[(&'static str, &str)],
        target: &str,
    ) -> Result<usize, Misplaced> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        of.take(Some(&auth()), &mut map, target).map(|()| map.len())
    }

    #[test]
    fn it_is_taken_from_its_one_place_and_refused_anywhere_else() {
        let call = Placeholders::new(["bank-token"].into_iter());
        let other = Placeholders::new(["bank-token"].into_iter());
        let placeholder = call.all().next().unwrap().1.to_owned();
        let right = format!("Bearer {placeholder}");
        assert_eq!(
            take(&call, &[("authorization", &right), ("accept", "a")], "/"),
            Ok(1)
        );
        assert_eq!(
            take(&other, &[("authorization", &right)], "/"),
            Err(Misplaced)
        );
        for wrong in [
            &*placeholder,
            &right.to_lowercase(),
            &right.to_uppercase(),
            &format!("{right} "),
            &format!("x{right}"),
        ] {
            assert_eq!(
                take(&call, &[("authorization", wrong)], "/"),
                Err(Misplaced),
                "{wrong}"
            );
        }
        assert_eq!(take(&call, &[("x-other", &right)], "/"), Err(Misplaced));
        assert_eq!(
            take(
                &call,
                &[("authorization", &right), ("authorization", &right)],
                "/"
            ),
            Err(Misplaced)
        );
        assert_eq!(
            take(&call, &[], &format!("/?a={placeholder}")),
            Err(Misplaced)
        );
        let guessed = format!("Bearer {BEGINS}{}", "0".repeat(64));
        assert_eq!(
            take(&call, &[("authorization", &guessed)], "/"),
            Err(Misplaced)
        );
        let mut elsewhere = HeaderMap::new();
        elsewhere.insert("authorization", right.parse().unwrap());
        let plain = Auth {
            placeholder: false,
            ..auth()
        };
        for other in [None, Some(&plain)] {
            assert_eq!(call.take(other, &mut elsewhere, "/"), Err(Misplaced));
        }
    }
}
