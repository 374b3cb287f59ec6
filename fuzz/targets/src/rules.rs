//! What operators write: grants, roles, trust.

use serde_json::Value as Json;
use vouchsafe_package::signing::Trust;
use vouchsafe_package::{Param, Type};
use vouchsafe_policy::cedar::{Written, holds_exactly};
use vouchsafe_policy::{Grant, Role};

/// A grant: an error has its place, and what parses can say what it does not do yet.
pub fn grant(bytes: &[u8]) {
    crate::text(bytes, |text| match Grant::parse("grants/fuzz.toml", text) {
        Ok(grant) => {
            for notice in grant.notices() {
                drop(notice.to_string());
            }
            assert!(!grant.prefix().is_empty());
        }
        Err(fault) => assert!(fault.to_string().starts_with("grants/fuzz.toml:")),
    });
}

/// A role: as a grant.
pub fn role(bytes: &[u8]) {
    crate::text(bytes, |text| match Role::parse("roles/fuzz.toml", text) {
        Ok(role) => {
            for notice in role.notices() {
                drop(notice.to_string());
            }
        }
        Err(fault) => assert!(fault.to_string().starts_with("roles/fuzz.toml:")),
    });
}

/// `trust.toml`: no namespace ever has two owners.
pub fn trust(bytes: &[u8]) {
    crate::text(bytes, |text| match Trust::parse(text) {
        Ok(trust) => {
            for publisher in trust.publishers() {
                for namespace in publisher.namespaces() {
                    let owner = trust.owner(namespace).expect("the owner");
                    assert_eq!(owner.name(), publisher.name());
                }
            }
        }
        Err(error) => assert!(error.to_string().starts_with("trust.toml")),
    });
}

/// Policies: an error has its place, and what parses stands where it says.
pub fn policies(bytes: &[u8]) {
    crate::text(bytes, |text| {
        match Written::parse("policies/fuzz.cedar", text) {
            Ok(all) => {
                let mut last = None;
                for one in all {
                    let first = one
                        .text
                        .lines()
                        .next()
                        .expect("a policy is not empty")
                        .trim_end();
                    let line = text.lines().nth(one.place.line - 1).expect("its line");
                    assert!(line.contains(first), "{}: {line}", one.place);
                    assert!(last <= Some(one.place.clone()), "in order");
                    last = Some(one.place);
                }
            }
            Err(fault) => assert!(fault.to_string().starts_with("policies/fuzz.cedar:")),
        }
    });
}

/// Arguments as Cedar sees them: never a panic, and no number beyond what it holds.
pub fn cedar_context(bytes: &[u8]) {
    crate::text(bytes, |text| {
        let Ok(input) = serde_json::from_str::<Json>(text) else {
            return;
        };
        let params = [
            ("amount", Type::U64),
            ("all", Type::List(Box::new(Type::S64))),
        ];
        let params = params.map(|(name, ty)| Param {
            name: name.into(),
            docs: None,
            ty,
        });
        if holds_exactly(&params, &input) {
            let all = input.get("all").and_then(|all| all.as_array());
            let amount = input.get("amount").expect("a number");
            for number in all.expect("a list").iter().chain([amount]) {
                let text = number
                    .as_str()
                    .map_or_else(|| number.to_string(), str::to_owned);
                assert_eq!(text.parse::<i64>().expect("64 bits").to_string(), text);
            }
        }
    });
}
