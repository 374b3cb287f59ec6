//! Each way in which this host signs in at a secrets manager, at a real OpenBao.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use rcgen::ExtendedKeyUsagePurpose;
use serde_json::json;
use vouchsafe_keys::{Algorithm, PrivateKey};

use super::parrot::{BEARER, House, Parrot, header};
use vouchsafe_tests::authority::Authority;
use vouchsafe_tests::bao::{Bao, certified, skipped};

const KEPT: &str = "auth = { vault = \"secret/payments/bank\", field = \"token\" }";
const TOKEN: &str = "tok-first-8fK2mZq0Lr5v";

/// Base64 for addresses, without padding (RFC 4648, 5).
fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(word >> (18 - 6 * at)) as usize & 63]));
        }
    }
    text
}

/// A JSON Web Token (RFC 7519) with these claims.
fn token(key: &PrivateKey, claims: &serde_json::Value) -> String {
    token_by("EdDSA", key, claims)
}

/// One that says that it is signed by `algorithm`.
fn token_by(algorithm: &str, key: &PrivateKey, claims: &serde_json::Value) -> String {
    let head = json!({ "alg": algorithm, "typ": "JWT" });
    let signed = [&head, claims]
        .map(|part| base64url(part.to_string().as_bytes()))
        .join(".");
    let signature = key.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", base64url(&signature))
}

fn claims() -> serde_json::Value {
    let now = jiff::Timestamp::now().as_second();
    json!({
        "iss": "tests", "aud": ["openbao"], "iat": now, "nbf": now, "exp": now + 600,
        "sub": "system:serviceaccount:default:vouchsafe",
        "kubernetes.io": { "namespace": "default", "serviceaccount": { "name": "vouchsafe", "uid": "7" } },
    })
}

/// Whether a house with this `login` gets the credential; what refused it otherwise.
fn gets(bao: &Bao, login: &str) -> Result<(), String> {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let settings = bao.settings_with(login, "");
    let house = House::with_settings(&server, &authority, &settings, BEARER, KEPT);
    let got = house.get("/api/x", &[]);
    if got.is_err() {
        return Err(house.home.run(&["secret", "check"]).stderr);
    }
    let head = server.heads().pop().unwrap();
    assert_eq!(
        header(&head, "authorization"),
        Some(&*format!("Bearer {TOKEN}"))
    );
    Ok(())
}

fn bao() -> Result<Bao, String> {
    let bao = Bao::start()?;
    bao.ok(&[
        "kv",
        "put",
        "secret/payments/bank",
        &format!("token={TOKEN}"),
    ]);
    Ok(bao)
}

#[test]
fn by_a_json_web_token_and_not_by_another_s() {
    let bao = match bao() {
        Ok(bao) => bao,
        Err(reason) => return skipped(&reason),
    };
    let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    let public = bao.write("jwt.pem", &key.public().to_pem());
    bao.ok(&["auth", "enable", "jwt"]);
    let keys = format!("jwt_validation_pubkeys=@{public}");
    bao.ok(&[
        "write",
        "auth/jwt/config",
        &keys,
        "jwt_supported_algs=EdDSA",
    ]);
    let role = "auth/jwt/role/host";
    bao.ok(&[
        "write",
        role,
        "role_type=jwt",
        "user_claim=sub",
        "bound_audiences=openbao",
        "token_policies=vouchsafe",
    ]);
    let login = |file: &str| format!("{{ jwt = 'host', file = '{file}' }}");
    let good = bao.write("jwt", &token(&key, &claims()));
    gets(&bao, &login(&good)).unwrap();
    let other = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    let forged = bao.write("forged", &token(&other, &claims()));
    let why = gets(&bao, &login(&forged)).unwrap_err();
    assert!(why.contains("the sign-in as `host` at auth/jwt"), "{why}");
    let why = gets(&bao, &login(&bao.path("none"))).unwrap_err();
    assert!(why.contains("can't sign in"), "{why}");
}

#[test]
fn by_a_certificate_over_tls_that_its_own_root_vouches_for() {
    let authority = Authority::new();
    let bao = match Bao::start_with_tls(&authority) {
        Ok(bao) => bao,
        Err(reason) => return skipped(&reason),
    };
    bao.ok(&["secrets", "enable", "-path=secret", "-version=2", "kv"]);
    bao.ok(&[
        "kv",
        "put",
        "secret/payments/bank",
        &format!("token={TOKEN}"),
    ]);
    bao.ok(&["auth", "enable", "cert"]);
    let root = format!("certificate=@{}", bao.path("ca.pem"));
    bao.ok(&[
        "write",
        "auth/cert/certs/host",
        &root,
        "token_policies=vouchsafe",
    ]);
    let login = |authority: &Authority, name: &str| {
        let (certificate, key) =
            certified(authority, "host-1", ExtendedKeyUsagePurpose::ClientAuth);
        let file = bao.write(&format!("{name}.pem"), &certificate);
        let key = bao.write(&format!("{name}.key"), &key);
        format!(
            "{{ cert = 'host', file = '{file}', key = '{key}' }}\nroots = \"\"\"\n{}\"\"\"",
            bao.read("ca.pem")
        )
    };
    gets(&bao, &login(&authority, "good")).unwrap();
    let why = gets(&bao, &login(&Authority::new(), "other")).unwrap_err();
    assert!(why.contains("secrets manager"), "{why}");
    let without_roots = login(&authority, "good");
    let (without_roots, _) = without_roots.split_once("roots").unwrap();
    let why = gets(&bao, without_roots).unwrap_err();
    assert!(why.contains("can't be reached"), "{why}");
}

/// Answers each review of a token with yes.
fn kubernetes() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // All of the request, so that closing takes nothing of the answer away.
            stream
                .set_read_timeout(Some(Duration::from_millis(200)))
                .unwrap();
            let mut bytes = [0; 16 << 10];
            while stream.read(&mut bytes).is_ok_and(|read| read > 0) {}
            let body = json!({
                "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
                "status": { "authenticated": true, "audiences": ["openbao"], "user": {
                    "username": "system:serviceaccount:default:vouchsafe", "uid": "7",
                    "groups": ["system:serviceaccounts", "system:serviceaccounts:default"],
                } },
            })
            .to_string();
            let head = format!(
                "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            drop(stream.write_all((head + &body).as_bytes()));
        }
    });
    format!("http://{address}")
}

#[test]
fn by_the_token_of_a_kubernetes_service_account() {
    let bao = match bao() {
        Ok(bao) => bao,
        Err(reason) => return skipped(&reason),
    };
    bao.ok(&["auth", "enable", "kubernetes"]);
    // Kubernetes checks its own signatures: OpenBao asks it, and looks at none.
    let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    let place = format!("kubernetes_host={}", kubernetes());
    let reviewer = format!("token_reviewer_jwt={}", token_by("ES256", &key, &claims()));
    let ca = format!("kubernetes_ca_cert={}", Authority::new().pem);
    bao.ok(&[
        "write",
        "auth/kubernetes/config",
        &place,
        "disable_local_ca_jwt=true",
        &reviewer,
        &ca,
    ]);
    let role = "auth/kubernetes/role/host";
    let bound = [
        "bound_service_account_names=vouchsafe",
        "bound_service_account_namespaces=default",
    ];
    bao.ok(&[&["write", role, "token_policies=vouchsafe"], &bound[..]].concat());
    let file = bao.write("account", &token_by("ES256", &key, &claims()));
    gets(&bao, &format!("{{ kubernetes = 'host', file = '{file}' }}")).unwrap();
    let why = gets(
        &bao,
        &format!("{{ kubernetes = 'other', file = '{file}' }}"),
    )
    .unwrap_err();
    assert!(
        why.contains("the sign-in as `other` at auth/kubernetes"),
        "{why}"
    );
}
