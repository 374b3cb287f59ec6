//! Grants that name one another: chains of calls end, and are short.

use std::collections::BTreeMap;
use std::sync::Arc;

use vouchsafe_package::Digest;

use super::content::Key;
use crate::callee::MAX_DEPTH;
use crate::grant::{Grant, Notice, SkillGrant};
use crate::place::Fault;

type Grants = BTreeMap<Key, (Arc<Grant>, Digest)>;

/// Skills that would call themselves by way of others, and chains that are too long.
pub(super) fn faults(grants: &Grants) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut depths = BTreeMap::new();
    for key in grants.keys() {
        Walk {
            grants,
            depths: &mut depths,
            faults: &mut faults,
        }
        .depth(key, &mut Vec::new());
    }
    faults
}

/// Lines that name a skill for which there is no grant.
pub(super) fn unanswered(grants: &Grants) -> Vec<Notice> {
    let all = grants.values().flat_map(|(grant, _)| &grant.skills);
    let missing = all.filter(|(_, callee)| !grants.contains_key(&key(callee)));
    missing
        .map(|(interface, callee)| Notice {
            place: callee.place.clone(),
            says: format!(
                "no grant is for `{}` of `{}`: every call of `{interface}` is refused",
                callee.skill.value, callee.publisher.value
            ),
        })
        .collect()
}

fn key(callee: &SkillGrant) -> Key {
    (callee.skill.value.clone(), callee.publisher.value.clone())
}

struct Walk<'a> {
    grants: &'a Grants,
    /// How many skills may stand below each.
    depths: &'a mut BTreeMap<Key, u32>,
    faults: &'a mut Vec<Fault>,
}

impl Walk<'_> {
    /// How many skills may stand below `at`; `path` are those above it.
    fn depth(&mut self, at: &Key, path: &mut Vec<Key>) -> u32 {
        if let Some(known) = self.depths.get(at) {
            return *known;
        }
        let Some((grant, _)) = self.grants.get(at) else {
            return 0;
        };
        path.push(at.clone());
        let mut deepest = 0;
        for callee in grant.skills.values() {
            let callee_key = key(callee);
            if path.contains(&callee_key) {
                self.cycle(callee, path);
                continue;
            }
            let depth = self.depth(&callee_key, path).saturating_add(1);
            if depth == MAX_DEPTH.saturating_add(1) {
                self.too_deep(callee);
            }
            deepest = deepest.max(depth);
        }
        path.pop();
        self.depths.insert(at.clone(), deepest);
        deepest
    }

    fn cycle(&mut self, callee: &SkillGrant, path: &[Key]) {
        let back = key(callee);
        let round = path.iter().skip_while(|key| **key != back);
        let names: Vec<_> = round
            .chain([&back])
            .map(|(skill, _)| skill.to_string())
            .collect();
        let problem = format!("a skill would call itself: {}", names.join(" -> "));
        self.faults
            .push(Fault::new(callee.place.clone(), problem).with_fix("name another skill here"));
    }

    fn too_deep(&mut self, callee: &SkillGrant) {
        let problem = format!(
            "more than {MAX_DEPTH} skills would stand below this one, each called by the one above it"
        );
        self.faults
            .push(Fault::new(callee.place.clone(), problem).with_fix("name another skill here"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(edges: &[(&str, &[&str])]) -> Grants {
        let each = edges.iter().map(|(name, callees)| {
            let mut text = format!(
                "skill = \"acme:{name}\"\npublisher = \"acme\"\ndigest = \"{}\"\n",
                Digest::of(b"")
            );
            for callee in *callees {
                text.push_str(&format!(
                    "[skills.\"acme:{callee}/it\"]\nskill = \"acme:{callee}\"\npublisher = \"acme\"\n"
                ));
            }
            let grant = Grant::parse(&format!("grants/{name}.toml"), &text).unwrap();
            let key = (grant.skill.value.clone(), "acme".to_owned());
            (key, (Arc::new(grant), Digest::of(b"")))
        });
        each.collect()
    }

    fn said(edges: &[(&str, &[&str])]) -> Vec<String> {
        faults(&grants(edges))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_skill_that_would_call_itself_by_any_way_is_a_fault_at_the_line() {
        assert_eq!(
            said(&[("a", &["a"])]),
            [
                "grants/a.toml:4:9: a skill would call itself: acme:a -> acme:a\n  fix: name another skill here"
            ]
        );
        let round = said(&[("a", &["b"]), ("b", &["c"]), ("c", &["b", "d"]), ("d", &[])]);
        assert_eq!(round.len(), 1, "{round:?}");
        assert!(
            round[0].starts_with(
                "grants/c.toml:4:9: a skill would call itself: acme:b -> acme:c -> acme:b"
            ),
            "{round:?}"
        );
    }

    #[test]
    fn a_chain_is_short_and_a_skill_that_two_call_is_no_cycle() {
        let diamond: &[(&str, &[&str])] =
            &[("a", &["b", "c"]), ("b", &["d"]), ("c", &["d"]), ("d", &[])];
        assert!(said(diamond).is_empty());
        let four: &[(&str, &[&str])] =
            &[("a", &["b"]), ("b", &["c"]), ("c", &["d"]), ("d", &["e"])];
        assert!(said(four).is_empty());
        let five: &[(&str, &[&str])] = &[
            ("a", &["b"]),
            ("b", &["c"]),
            ("c", &["d"]),
            ("d", &["e"]),
            ("e", &["f"]),
        ];
        let said = said(five);
        assert_eq!(said.len(), 1);
        assert!(
            said[0].starts_with("grants/a.toml:4:9: more than 4 skills"),
            "{said:?}"
        );
    }

    #[test]
    fn who_calls_a_skill_that_no_grant_is_for_is_told() {
        let [notice] = &unanswered(&grants(&[("a", &["b"])]))[..] else {
            panic!("one notice");
        };
        assert!(
            notice.says.contains("no grant is for `acme:b` of `acme`"),
            "{notice}"
        );
    }
}
