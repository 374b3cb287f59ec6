use super::*;

/// Put together here, so that no scanner takes this file for a leak.
fn samples() -> Vec<String> {
    let random = "4fGh7Kq2Zx9Lm3Pw8Rt6Yv1Bn5Cd0SjQeUiOaWz4Hx2k7Mp9Vr3Tb8Ny6Lc1Fg5D";
    vec![
        format!("-----BEGIN {} KEY-----\n{random}\n{random}", "EC PRIVATE"),
        format!("{}{}", "AKIA", "IOSFODNN7EXAMPLE"),
        format!("{}{}", "ghp_", &random[..36]),
        format!("{}{}", "github_pat_", &random[..60]),
        format!("{}-{}", "xoxb", &random[..24]),
        format!("{}{}", "sk_live_", &random[..24]),
        format!("{}{}", "AIza", &random[..35]),
        format!("{}{}", "hvs.", &random[..24]),
        format!(
            "{}.{}.{}",
            "eyJhbGciOiJIUzI1NiJ9",
            "eyJzdWIiOiIxMjM0NTY3ODkwIn0",
            &random[..43]
        ),
        format!("{} = \"{}\"", "api_key", &random[..32]),
        format!("{}: {}", "password", &random[..20]),
        format!("token={}", "9f2c41d07b8e55aa01c4e6d2f3a89b70"),
        format!("Authorization: Bearer {}", &random[..30]),
        format!("{}://{}:{}@db.corp/erp", "postgres", "erp", "hunter2"),
    ]
}

#[test]
fn every_pattern_compiles() {
    assert_eq!(
        (PATTERNS.forms.len(), PATTERNS.anywhere.len()),
        (FORMS.len(), FORMS.len())
    );
    assert!(PATTERNS.assigned.is_some() && PATTERNS.in_url.is_some());
}

#[test]
fn credentials_are_found_and_not_repeated() {
    for sample in samples() {
        let text = format!("# a line\nabout = {sample}\n");
        let found = check_text("skill.toml", &text).expect_err(&sample);
        assert_eq!(found.line, Some(2), "{sample}");
        assert!(
            !found.to_string().contains(&sample[sample.len() - 8..]),
            "{found}"
        );
    }
}

#[test]
fn names_and_words_are_no_credentials() {
    for text in [
        "auth = { secret = \"bank-token\", header = \"authorization\", format = \"Bearer {}\" }",
        "/// The token that identifies the payment-instruction-2024.",
        "secret = \"erp-readonly-credentials-production\"",
        "url = \"https://api.vendor.com/v2\"",
        "digest = \"sha256:9f2c41d07b8e55aa01c4e6d2f3a89b709f2c41d07b8e55aa01c4e6d2f3a89b70\"",
        "/// Passwords, secrets and tokens never reach a skill.",
        "-----BEGIN PRIVATE KEY-----",
    ] {
        assert_eq!(check_text("skill.toml", text), Ok(()), "{text}");
    }
}

#[test]
fn binaries_are_searched_for_certain_forms_only() {
    let mut bytes = vec![0, 1, 2, 255];
    bytes.extend_from_slice(b"password=4fGh7Kq2Zx9Lm3Pw8Rt6");
    assert_eq!(check_binary("the component", &bytes), Ok(()));
    bytes.extend_from_slice(["textAKIA", "IOSFODNN7EXAMPLEtext"].concat().as_bytes());
    assert!(check_binary("the component", &bytes).is_err());
}
