//! Names that a person would take for another: flagged at install, never decided on.

use std::collections::BTreeSet;

use serde::Serialize;
use vouchsafe_package::SkillName;

/// A skill and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known<'a> {
    /// Its name.
    pub skill: &'a SkillName,
    /// Its publisher.
    pub publisher: &'a str,
}

/// An installed skill that a new one could be taken for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lookalike {
    /// The installed skill.
    pub skill: SkillName,
    /// Its publisher.
    pub publisher: String,
    /// How alike.
    pub likeness: Likeness,
}

/// How alike two names are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likeness {
    /// The same name from another publisher: another skill.
    SameName,
    /// The same after what looks alike is made the same.
    LooksTheSame,
    /// One letter more, less, other or swapped.
    OneLetter,
}

impl std::fmt::Display for Lookalike {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let how = match self.likeness {
            Likeness::SameName => "has the same name, and is another skill",
            Likeness::LooksTheSame => "looks the same",
            Likeness::OneLetter => "differs in one letter",
        };
        write!(
            f,
            "`{}` of `{}` is installed and {how}",
            self.skill, self.publisher
        )
    }
}

/// The installed skills that `new` could be taken for. Skills of the same publisher are its own
/// affair, except that they may not be told apart either.
pub fn lookalikes<'a>(
    new: Known<'_>,
    installed: impl IntoIterator<Item = Known<'a>>,
) -> Vec<Lookalike> {
    let alike = installed.into_iter().filter_map(|known| {
        Some(Lookalike {
            skill: known.skill.clone(),
            publisher: known.publisher.to_owned(),
            likeness: likeness(new, known)?,
        })
    });
    alike.collect()
}

fn likeness(new: Known<'_>, known: Known<'_>) -> Option<Likeness> {
    if new.skill == known.skill {
        return (new.publisher != known.publisher).then_some(Likeness::SameName);
    }
    let (a, b) = (new.skill.to_string(), known.skill.to_string());
    // The part after the colon is what agents see in a tool's name.
    let (short_a, short_b) = (new.skill.name(), known.skill.name());
    if looks_same(&a, &b) || (new.publisher != known.publisher && looks_same(short_a, short_b)) {
        return Some(Likeness::LooksTheSame);
    }
    let stranger = new.publisher != known.publisher;
    (stranger && (one_letter(&a, &b) || one_letter(short_a, short_b)))
        .then_some(Likeness::OneLetter)
}

fn looks_same(a: &str, b: &str) -> bool {
    let (a, b) = (skeletons(a), skeletons(b));
    a.intersection(&b).next().is_some()
}

/// What is left when characters that look alike are made the same. `1` looks like both `l` and
/// `i`, which one fold covers; pairs that look like one letter are tried both ways.
fn skeletons(name: &str) -> BTreeSet<String> {
    let single: String = name.chars().filter(|c| *c != '-').map(fold).collect();
    let pairs = [("rn", "m"), ("vv", "w"), ("cl", "d"), ("nn", "m")];
    let mut all = BTreeSet::from([single.clone()]);
    all.extend(
        pairs
            .iter()
            .map(|(pair, letter)| single.replace(pair, letter)),
    );
    all
}

fn fold(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | 'i' | 'j' => 'l',
        '2' => 'z',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '6' | '9' => 'g',
        '7' => 't',
        '8' => 'b',
        c => c,
    }
}

/// Short names differ in one letter by chance.
const SHORTEST: usize = 5;

fn one_letter(a: &str, b: &str) -> bool {
    a.len().min(b.len()) >= SHORTEST && strsim::osa_distance(a, b) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness_of(new: &str, publisher: &str) -> Option<Likeness> {
        let (new, known) = (new.parse().unwrap(), "acme:payments".parse().unwrap());
        likeness(
            Known {
                skill: &new,
                publisher,
            },
            Known {
                skill: &known,
                publisher: "acme",
            },
        )
    }

    #[test]
    fn the_same_name_from_elsewhere_is_said() {
        assert_eq!(
            likeness_of("acme:payments", "other"),
            Some(Likeness::SameName)
        );
        assert_eq!(likeness_of("acme:payments", "acme"), None);
        assert_eq!(
            likeness_of("evil:payments", "other"),
            Some(Likeness::LooksTheSame)
        );
    }

    #[test]
    fn what_looks_alike_is_flagged() {
        for name in [
            "acrne:payments",
            "acne:payments",
            "acme:payment5",
            "acme:pay-ments",
            "evil:payrnents",
            "acme:p4yments",
            "evil:paynnents",
        ] {
            assert_eq!(
                likeness_of(name, "evil"),
                Some(Likeness::LooksTheSame),
                "{name}"
            );
        }
        for name in [
            "evil:payment",
            "evil:paymnets",
            "evil:paymentss",
            "acme:paxments",
        ] {
            assert_eq!(
                likeness_of(name, "evil"),
                Some(Likeness::OneLetter),
                "{name}"
            );
        }
    }

    #[test]
    fn what_does_not_is_not() {
        for name in ["evil:refunds", "acme:documents", "evil:pay"] {
            assert_eq!(likeness_of(name, "evil"), None, "{name}");
        }
        assert_eq!(likeness_of("acme:payment", "acme"), None);
        assert_eq!(
            likeness_of("acme:pay-ments", "acme"),
            Some(Likeness::LooksTheSame)
        );
        let (a, b) = ("a:one".parse().unwrap(), "b:onx".parse().unwrap());
        assert_eq!(
            likeness(
                Known {
                    skill: &a,
                    publisher: "a"
                },
                Known {
                    skill: &b,
                    publisher: "b"
                }
            ),
            None
        );
    }
}
