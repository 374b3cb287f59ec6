//! Which certificates let somebody in.

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, SanType};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use vouchsafe_identity::Peer;
use vouchsafe_tests::authority::Authority;
use vouchsafe_tests::served::{Papers, Served};

use crate::{INITIALIZE, served};

fn of_another_authority(usage: ExtendedKeyUsagePurpose) -> Papers {
    let (authority, key) = (Authority::new(), KeyPair::generate().unwrap());
    let mut params = CertificateParams::default();
    let id = "spiffe://vouchsafe.internal/agent/a";
    params.subject_alt_names = vec![SanType::URI(id.try_into().unwrap())];
    params.extended_key_usages = vec![usage];
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    Papers {
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_certificates_of_the_hosts_own_authority_for_clients_let_in() {
    let served = served(&["a"]);
    assert!(served.session("a").await.end().await.success());
    let own = served.papers("a");
    let answer = served
        .post(Some(&own), "/mcp", "", INITIALIZE)
        .await
        .unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    let nobody = served.post(None, "/mcp", "", INITIALIZE).await.unwrap();
    assert_eq!(nobody.status, 401, "{nobody:?}");
    for usage in [
        ExtendedKeyUsagePurpose::ClientAuth,
        ExtendedKeyUsagePurpose::ServerAuth,
    ] {
        let other = of_another_authority(usage);
        let answer = served.post(Some(&other), "/mcp", "", INITIALIZE).await;
        assert!(answer.is_err(), "{answer:?}");
    }
}

/// The certificate that the host shows itself is signed by the same key, and lets nobody in as an agent.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_a_server_or_one_that_ended_lets_nobody_in() {
    use jiff::{SignedDuration, Timestamp};
    use vouchsafe_identity::Authority as Own;
    use vouchsafe_keys::{Keystore, Purpose, Seal};
    let served = served(&["a", "b"]);
    let (a, b) = (issued(&served, "a").await, issued(&served, "b").await);
    let (store, seal) = (
        served.home.data("keystore.json"),
        served.home.data("seal.key"),
    );
    let keystore = Keystore::open(&store, &Seal::KeyFile(seal)).unwrap();
    let now = Timestamp::now();
    let own = Own::new(keystore.signer(Purpose::AgentAuthority).unwrap(), now).unwrap();
    let key = KeyPair::generate().unwrap();
    let request = CertificateParams::default()
        .serialize_request(&key)
        .unwrap();
    let issue = |name: &str, serial: u64, begin: Timestamp, hours: i64| Papers {
        certificate: own
            .issue(
                name,
                request.der(),
                serial,
                (begin, SignedDuration::from_hours(hours)),
            )
            .unwrap()
            .pem,
        key: key.serialize_pem(),
    };
    let day_ago = now - SignedDuration::from_hours(24);
    let post = async |papers: Papers| served.post(Some(&papers), "/mcp", "", INITIALIZE).await;
    assert_eq!(post(issue("a", a, now, 1)).await.unwrap().status, 200);
    for (what, name, serial) in [
        ("of nobody", "c", a),
        ("that was issued to another", "a", b),
        ("that was never issued", "a", 1 << 40),
        ("of a record that issues nothing", "a", 1),
    ] {
        assert!(post(issue(name, serial, now, 1)).await.is_err(), "{what}");
    }
    assert!(
        post(issue("a", a, day_ago, 1)).await.is_err(),
        "it has ended"
    );
    let (server, key) = own
        .own(&["a".to_owned()], (now, SignedDuration::from_hours(1)))
        .unwrap();
    let server = Papers {
        certificate: pem("CERTIFICATE", &server),
        key: pem("PRIVATE KEY", key.secret_der()),
    };
    // By TLS already, and not only because it names no agent.
    let refused = post(server).await.unwrap_err().to_string();
    assert!(refused.contains("alert"), "it is a server's: {refused}");
}

/// The number of the certificate that `name` has.
async fn issued(served: &Served, name: &str) -> u64 {
    assert!(served.session(name).await.end().await.success());
    let certificate = served.papers(name).certificate;
    let der = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    Peer::of(&der).unwrap().serial.unwrap()
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}
