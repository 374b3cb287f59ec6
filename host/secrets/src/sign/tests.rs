//! Signatures that others published, made again.

use vouchsafe_package::manifest::Manifest;
use vouchsafe_package::manifest::Placement;

use super::*;

fn manifest(auth: &str) -> Result<Signature, String> {
    let text = format!("[http.a]\nallow = ['POST /']\nauth = {{ secret = 'a', {auth} }}\n");
    let manifest = Manifest::parse(&text).map_err(|error| error.to_string())?;
    match &manifest.http["a"].auth.as_ref().unwrap().placement {
        Placement::Hmac(signature) => Ok((**signature).clone()),
        other => panic!("{other:?}"),
    }
}

fn hmac(auth: &str, key: &str, at: i64, path: &str, body: &str) -> HeaderMap {
    let request = Whole {
        method: "POST",
        to: &Destination::parse("https", "hook.test:8443", path).unwrap(),
        body: body.as_bytes(),
    };
    let at = Timestamp::from_second(at).unwrap();
    let mut headers = HeaderMap::new();
    with_hmac(
        key.as_bytes(),
        &manifest(auth).unwrap(),
        &request,
        at,
        &mut headers,
    )
    .unwrap();
    headers
}

/// The example of GitHub's page on validating webhooks.
#[test]
fn a_body_is_signed_as_github_signs_it() {
    let auth = "hmac = '{body}', header = 'x-hub-signature-256', format = 'sha256={}'";
    let signed = hmac(auth, "It's a Secret to Everybody", 0, "/", "Hello, World!");
    assert_eq!(
        signed["x-hub-signature-256"],
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    );
}

/// The example of Slack's page on verifying requests.
#[test]
fn body_and_time_are_signed_as_slack_signs_them() {
    let auth = "hmac = 'v0:{timestamp}:{body}', header = 'x-slack-signature', format = 'v0={}', \
                timestamp = 'x-slack-request-timestamp'";
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
                &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
                &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
                &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let signed = hmac(
        auth,
        "8f742231b10e8888abcd99yyyzzz85a5",
        1_531_420_618,
        "/",
        body,
    );
    assert_eq!(
        signed["x-slack-signature"],
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    );
    assert_eq!(signed["x-slack-request-timestamp"], "1531420618");
}

#[test]
fn whatever_is_signed_changes_the_signature() {
    let auth = "hmac = '{method} {host} {target} {timestamp} {body}', header = 'x-s', timestamp = 'x-t', encoding = 'base64'";
    let made = |at, path, body| hmac(auth, "a key of some length", at, path, body)["x-s"].clone();
    let one = made(1, "/a?b=c", "body");
    assert_eq!(made(1, "/a?b=c", "body"), one);
    assert_eq!(BASE64.decode(one.as_bytes()).unwrap().len(), 32);
    for other in [
        made(2, "/a?b=c", "body"),
        made(1, "/a?b=d", "body"),
        made(1, "/a?b=c", "bodY"),
    ] {
        assert_ne!(other, one);
    }
}

#[test]
fn a_signature_that_leaves_out_the_body_or_whose_parts_do_not_fit_is_not_declared() {
    for wrong in [
        "hmac = '{timestamp}', header = 'x-s', timestamp = 'x-t'",
        "hmac = '{body}', header = 'x-s', timestamp = 'x-t'",
        "hmac = '{timestamp}{body}', header = 'x-s'",
        "hmac = '{timestamp}{body}', header = 'x-s', timestamp = 'x-s'",
        "hmac = '{timestamp}{body}', header = 'x-s', timestamp = 'X-T'",
        "hmac = '{body}{secret}', header = 'x-s'",
        "hmac = '{body}'",
        "hmac = '{body}', header = 'x-s', basic = true",
        "hmac = '{body}', header = 'x-s', placeholder = true",
        "header = 'x-s', encoding = 'hex'",
        "aws = 'S3'",
        "aws = 's3', header = 'x-s'",
        "aws = 's3', format = '{}'",
    ] {
        assert!(manifest(wrong).is_err(), "{wrong}");
    }
}

/// The examples of Amazon S3's pages on the authorization header.
#[test]
fn requests_to_s3_are_signed_as_its_pages_sign_them() {
    let key = Key {
        id: "AKIAIOSFODNN7EXAMPLE",
        secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        region: "us-east-1",
        service: "s3",
    };
    let signed = |path: &str| {
        let request = Whole {
            method: "GET",
            to: &Destination::parse("https", "examplebucket.s3.amazonaws.com", path).unwrap(),
            body: b"",
        };
        let at = "2013-05-24T00:00:00Z".parse().unwrap();
        let mut headers = HeaderMap::new();
        for_aws(&key, &request, at, &mut headers).unwrap();
        headers["authorization"].to_str().unwrap().to_owned()
    };
    let begins = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                  SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=";
    for (path, signature) in [
        (
            "/?lifecycle",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "/?max-keys=2&prefix=J",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ] {
        assert_eq!(signed(path), format!("{begins}{signature}"), "{path}");
    }
}
