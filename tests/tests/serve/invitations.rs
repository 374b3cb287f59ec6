//! An invitation is one operator's, for one agent, once, for a while.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use vouchsafe_identity::{Invitation, Token};
use vouchsafe_keys::{Algorithm, PrivateKey, Secret};
use vouchsafe_tests::served::{Answered, Served};

use crate::served;

/// What an agent sends that comes in.
async fn enrol(served: &Served, token: &str) -> Answered {
    let body = json!({ "invitation": token, "request": request() }).to_string();
    served.post(None, "/enrol", "", &body).await.unwrap()
}

/// A request for a certificate by a fresh key, in base64.
fn request() -> String {
    use base64::Engine as _;
    let key = rcgen::KeyPair::generate().unwrap();
    let request = rcgen::CertificateParams::default()
        .serialize_request(&key)
        .unwrap();
    base64::engine::general_purpose::STANDARD.encode(request.der())
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap().trim().to_owned()
}

#[tokio::test]
async fn an_invitation_brings_in_one_agent_once_also_after_a_restart() {
    let mut served = served(&["a"]);
    let token = read(&served.invitation("a"));
    // As it is kept while nobody has come in.
    let kept = served.home.data("disabled.json");
    let before = std::fs::read(&kept).unwrap();
    assert_eq!(enrol(&served, &token).await.status, 200);
    let again = enrol(&served, &token).await;
    assert_eq!(again.status, 403, "{again:?}");
    served.restart();
    assert_eq!(enrol(&served, &token).await.status, 403);
    // Also where what is kept beside the log is as it was before.
    served.end();
    std::fs::write(&kept, before).unwrap();
    served.restart();
    assert_eq!(enrol(&served, &token).await.status, 403, "the log knows");
}

#[tokio::test]
async fn only_an_operator_invites_and_only_agents_in_force_and_not_for_ever() {
    let served = served(&["a"]);
    let operator = std::fs::read_to_string(served.home.config("operator.key")).unwrap();
    let passphrase = Secret::from("correct horse".to_owned());
    let operator = PrivateKey::from_pem(&operator, Some(&passphrase)).unwrap();
    let stranger = PrivateKey::generate(Algorithm::EcdsaP256).unwrap();
    let own = Token::parse(&read(&served.invitation("a")))
        .unwrap()
        .unverified()
        .unwrap();
    let (root, after) = (own.root.clone(), own.after);
    let invitation = |agent: &str, hours: i64| Invitation {
        agent: agent.to_owned(),
        id: format!("{agent}{hours}"),
        until: Timestamp::now() + SignedDuration::from_hours(hours),
        url: served.url(),
        root: root.clone(),
        after,
    };
    let other = vouchsafe_tests::authority::Authority::new();
    let elsewhere = Invitation {
        root: other.pem,
        ..invitation("a", 3)
    };
    let later = Invitation {
        after: after + 1000,
        ..invitation("a", 4)
    };
    let cases = [
        ("its own", invitation("a", 1).sign(&operator), 200),
        (
            "of a stranger's key",
            invitation("a", 2).sign(&stranger),
            403,
        ),
        ("too late", invitation("a", -1).sign(&operator), 403),
        (
            "of nobody in force",
            invitation("b", 1).sign(&operator),
            403,
        ),
        ("to another host", elsewhere.sign(&operator), 403),
        ("of a log that is longer", later.sign(&operator), 403),
    ];
    for (what, token, status) in cases {
        let answer = enrol(&served, token.unwrap().expose()).await;
        assert_eq!(answer.status, status, "{what}: {answer:?}");
    }
    assert_eq!(
        enrol(&served, "vouchsafe-invitation-1.e30").await.status,
        403
    );
}

/// A request that is none uses no invitation up.
#[tokio::test]
async fn what_is_no_request_for_a_certificate_is_refused_and_costs_nothing() {
    use base64::Engine as _;
    let served = served(&["a"]);
    let token = read(&served.invitation("a"));
    let mut forged = base64::engine::general_purpose::STANDARD
        .decode(request())
        .unwrap();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let forged = base64::engine::general_purpose::STANDARD.encode(forged);
    for request in ["", "e30=", "?", &forged] {
        let body = json!({ "invitation": token, "request": request }).to_string();
        let answer = served.post(None, "/enrol", "", &body).await.unwrap();
        assert_eq!(answer.status, 400, "{request}: {answer:?}");
    }
    assert_eq!(enrol(&served, &token).await.status, 200);
}

/// An agent with the user's shell can't invite itself.
#[test]
fn an_invitation_wants_the_operators_proof() {
    let served = served(&["a"]);
    let refused = served.home.run(&["agent", "invite", "a"]).code(4);
    assert!(refused.stderr.contains("passphrase"), "{}", refused.stderr);
    let unknown = served.home.run(&[
        "agent",
        "invite",
        "b",
        "--passphrase-file",
        served.home.passphrase(),
    ]);
    assert!(unknown.code(4).stderr.contains("agent add b"));
}

/// Whoever was given several before has none of them left.
#[tokio::test]
async fn a_revocation_takes_back_invitations_that_were_not_used() {
    let served = served(&["a"]);
    let before = read(&served.invitation("a"));
    served.home.run(&["agent", "revoke", "a"]).ok();
    let refused = enrol(&served, &before).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    let after = read(&served.invitation("a"));
    assert_eq!(enrol(&served, &after).await.status, 200);
    let unknown = served.home.run(&["agent", "revoke", "aa"]).ok();
    assert!(unknown.stderr.contains("spelt"), "{}", unknown.stderr);
}
