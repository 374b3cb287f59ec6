//! What operators write: grants, roles, trust.

use vouchsafe_package::signing::Trust;
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
