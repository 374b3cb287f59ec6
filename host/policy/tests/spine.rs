//! From a component's bytes to a permit: packed, signed, trusted, applied, granted, decided.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use vouchsafe_keys::{Algorithm, PrivateKey};
use vouchsafe_package::pack::{Input, pack};
use vouchsafe_package::signing::{Verified, sign, verify};
use vouchsafe_package::{Package, ReadLimits};
use vouchsafe_policy::apply::{Files, InForce, Proposal, Since};
use vouchsafe_policy::effective::Declared;
use vouchsafe_policy::grant::{file_for, propose};
use vouchsafe_policy::{Decision, Granted, NotGranted, Principal, Request, Role, decide};

const SUMS: &str = r#"(component
  (core module $m
    (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))
  (core instance $i (instantiate $m))
  (func $add (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
  (export "add" (func $add)))"#;

fn packed(version: &str, effect: &str) -> Vec<u8> {
    let manifest =
        format!("package = \"acme:sums@{version}\"\n[tools.add]\neffect = \"{effect}\"\n");
    pack(Input {
        component: wat::parse_str(SUMS).unwrap(),
        manifest,
        wit: Vec::new(),
    })
    .unwrap()
}

fn key() -> PrivateKey {
    PrivateKey::generate(Algorithm::EcdsaP256).unwrap()
}

struct House {
    publisher: PrivateKey,
    operator: PrivateKey,
}

impl House {
    fn new() -> Self {
        Self {
            publisher: key(),
            operator: key(),
        }
    }

    /// Trusts the publisher, and grants with `grant`.
    fn in_force(&self, grant: &str) -> InForce {
        let pem = self.publisher.public().to_pem();
        let trust = format!(
            "[publishers.acme]\nnamespaces = [\"acme\"]\ntransparency = \"none\"\nkey = '''\n{pem}'''\n"
        );
        let files = Files::from([
            ("trust.toml".to_owned(), trust.into_bytes()),
            (
                file_for(&"acme:sums".parse().unwrap()),
                grant.as_bytes().to_vec(),
            ),
        ]);
        let operators = [self.operator.public()];
        let proposal = Proposal::read(&files, &operators, 0).unwrap();
        let statement = proposal.statement(None, &self.operator.public(), Timestamp::UNIX_EPOCH);
        let envelope = statement.sign(&self.operator).unwrap();
        InForce::accept(&envelope, &operators, &files, Since::Nothing).unwrap()
    }

    fn verified(&self, bytes: Vec<u8>, in_force: &InForce) -> Arc<Verified> {
        let bundle = sign(&bytes, &self.publisher).unwrap();
        let (trust, revocations) = (in_force.content().trust(), in_force.content().revocations());
        let json = bundle.as_json().as_bytes();
        Arc::new(
            verify(
                bytes,
                json,
                trust,
                revocations,
                &ReadLimits::default(),
                Timestamp::UNIX_EPOCH,
            )
            .unwrap(),
        )
    }
}

fn proposed(bytes: &[u8]) -> String {
    let package = Package::read(bytes, &ReadLimits::default()).unwrap();
    propose(&Declared::from(&package), "acme")
}

fn decided(granted: &Granted) -> Decision {
    let (principal, role) = (Principal::local("agent"), Role::local());
    decide(
        granted,
        &Request {
            principal: &principal,
            role: &role,
            tool: "add",
            input: &json!({ "a": 1, "b": 2 }),
        },
    )
}

#[test]
fn a_signed_granted_skill_may_be_called_and_other_bytes_may_not() {
    let (house, bytes) = (House::new(), packed("1.2.0", "read"));
    let in_force = house.in_force(&proposed(&bytes));
    let granted = Granted::new(house.verified(bytes, &in_force), None, &in_force).unwrap();
    let Decision::Allow(permit) = decided(&granted) else {
        panic!("a granted read was not allowed");
    };
    assert_eq!(
        (permit.policy(), permit.grant()),
        (in_force.digest(), granted.grant_digest())
    );
    assert_eq!(permit.tool().mcp_name, "sums_add");

    let other = house.verified(packed("1.2.1", "read"), &in_force);
    assert!(matches!(
        Granted::new(other, None, &in_force),
        Err(NotGranted::OtherBytes { .. })
    ));
}

#[test]
fn a_later_version_is_followed_to_only_beside_the_pinned_one() {
    let (house, bytes) = (House::new(), packed("1.2.0", "read"));
    let in_force = house.in_force(&format!("follow = \"^1.2\"\n{}", proposed(&bytes)));
    let pinned = Package::read(&bytes, &ReadLimits::default()).unwrap();
    let later = house.verified(packed("1.3.0", "read"), &in_force);
    assert!(matches!(
        Granted::new(later.clone(), None, &in_force),
        Err(NotGranted::PinnedIsAbsent { .. })
    ));
    assert!(
        Granted::new(later, Some(&pinned), &in_force)
            .unwrap()
            .was_followed()
    );
    for (version, effect) in [("1.3.0", "write"), ("1.1.0", "read"), ("2.0.0", "read")] {
        let other = house.verified(packed(version, effect), &in_force);
        let refused = Granted::new(other, Some(&pinned), &in_force);
        assert!(
            matches!(refused, Err(NotGranted::NotFollowed(_))),
            "{version} {effect}"
        );
    }
}

#[test]
fn what_can_t_be_undone_waits_for_a_person() {
    let (house, bytes) = (House::new(), packed("1.2.0", "irreversible"));
    let in_force = house.in_force(&proposed(&bytes));
    let granted = Granted::new(house.verified(bytes, &in_force), None, &in_force).unwrap();
    assert!(matches!(decided(&granted), Decision::NeedsPerson(_)));
}
