use super::*;
use crate::effective::meet;
use crate::fixture::{FILE, Skill};
use crate::grant::Grant;

const MANIFEST: &str = r#"
[tools.sort]
effect = "read"
[tools.other]
effect = "read"
[http.bank]
allow = ["POST /v1/*"]
[prompts.classify]
model = "reader"
system = "Say what it is."
template = "{document}"
reply = { type = "object" }
"#;

const MODEL: &str = "[model.reader]\nurl = \"https://llm.corp.example/v1\"\nmodel = \"small\"\n";

fn grant(rest: &str) -> String {
    let digest = vouchsafe_package::Digest::of(b"");
    format!(
        "skill = \"acme:payments\"\npublisher = \"acme\"\ndigest = \"{digest}\"\n[tools]\nsort = {{}}\n{rest}"
    )
}

fn models(rest: &str) -> Result<std::sync::Arc<Models>, String> {
    let skill = Skill::of(MANIFEST);
    let grant = Grant::parse(FILE, &grant(rest)).map_err(|fault| fault.to_string())?;
    let effective = meet(&skill.declared(), &grant).map_err(|faults| faults.to_string())?;
    Ok(effective.models)
}

#[test]
fn a_prompt_goes_to_the_one_address_of_the_model_that_it_names() {
    for (url, at) in [
        (
            "https://llm.corp.example/v1",
            "https://llm.corp.example/v1/chat/completions",
        ),
        (
            "https://llm.corp.example",
            "https://llm.corp.example/chat/completions",
        ),
        (
            "https://llm.corp.example:8443/a/v1",
            "https://llm.corp.example:8443/a/v1/chat/completions",
        ),
    ] {
        let text = MODEL.replace("https://llm.corp.example/v1", url);
        let asking = models(&text).unwrap().admit("sort", "classify").unwrap();
        assert_eq!(asking.admission().destination().to_string(), at);
        assert_eq!(asking.admission().method(), "POST");
        assert!(asking.admission().reads());
        assert_eq!(asking.model().model, "small");
        assert!(
            asking
                .rule()
                .starts_with("model.reader: prompt classify sha256:")
        );
    }
}

#[test]
fn what_is_not_granted_is_refused_with_the_line_that_would_allow_it() {
    let none = models("").unwrap();
    let refused = none.admit("sort", "classify").unwrap_err();
    assert_eq!(
        refused.fix,
        format!("{FILE}: add `[model.reader]` with `url` and `model`, then `vouchsafe apply`")
    );
    assert!(
        none.admit("sort", "ignore-all")
            .unwrap_err()
            .why
            .contains("no such prompt")
    );
    let narrow = models(&format!("{MODEL}for = [\"sort\"]\n")).unwrap();
    assert!(narrow.admit("sort", "classify").is_ok());
    let refused = narrow.admit("other", "classify").unwrap_err();
    assert!(
        refused.fix.contains("`\"other\"` to `for`"),
        "{}",
        refused.fix
    );
}

#[test]
fn a_grant_of_a_model_fits_the_skill_or_is_an_error() {
    let cases = [
        (
            MODEL.replace("reader", "writer"),
            "no prompt of the skill goes to a model `writer`",
        ),
        (
            MODEL.replace("model = \"small\"\n", ""),
            "nothing says which model it is",
        ),
        (
            MODEL.replace("\"small\"", "\"a b\""),
            "what the service calls it",
        ),
        (
            MODEL.replace("url = \"https://llm.corp.example/v1\"\n", ""),
            "nothing says where",
        ),
        (MODEL.replace("llm.corp", "*.llm.corp"), "is at one host"),
        (
            MODEL.replace("https", "http") + "auth = { vault = \"a/b\", field = \"c\" }\n",
            "not encrypted",
        ),
        (format!("{MODEL}for = [\"gone\"]\n"), "has no tool `gone`"),
        (
            format!("{MODEL}allow = [\"POST /\"]\n"),
            "unknown field `allow`",
        ),
        (
            format!("{MODEL}limits = {{ tokens = 0 }}\n"),
            "`tokens` of nothing",
        ),
        (
            format!("{MODEL}limits = {{ asks = 1001 }}\n"),
            "`asks` is more than 1000",
        ),
        (
            format!("{MODEL}limits = {{ requests = 1 }}\n"),
            "unknown field `requests`",
        ),
        (
            "[models.reader]\nurl = \"https://llm.corp.example\"\n".to_owned(),
            "unknown field `models`",
        ),
    ];
    for (text, why) in cases {
        let error = models(&text).unwrap_err();
        assert!(error.contains(why), "{text}\n{error}");
    }
}

#[test]
fn no_destination_of_http_reaches_a_model() {
    let http = |url: &str| format!("{MODEL}[http.bank]\nurl = \"{url}\"\n");
    for same in [
        "https://llm.corp.example",
        "https://llm.corp.example/v1",
        "https://llm.corp.example/v1/chat",
        "https://*.corp.example",
    ] {
        let error = models(&http(same)).unwrap_err();
        assert!(
            error.contains("could send its own words there"),
            "{same}: {error}"
        );
    }
    for apart in [
        "https://llm.corp.example/v2",
        "https://bank.corp.example",
        "https://llm.corp.example:8443",
    ] {
        assert!(models(&http(apart)).is_ok(), "{apart}");
    }
}

#[test]
fn what_is_proposed_leaves_the_model_to_the_operator() {
    let skill = Skill::of(MANIFEST);
    let text = crate::grant::propose(&skill.declared(), "acme");
    assert!(text.contains("[model.reader]\nurl   = \"\""), "{text}");
    assert!(Grant::parse(FILE, &text).is_err());
    let filled = text
        .replace("url   = \"\"", "url = \"https://a.example\"")
        .replace("model = \"\"", "model = \"small\"");
    let filled = filled.replace(
        "[http.bank]\nurl = \"https://a",
        "[http.bank]\nurl = \"https://b",
    );
    assert!(meet(&skill.declared(), &Grant::parse(FILE, &filled).unwrap()).is_ok());
}

#[test]
fn a_model_that_is_not_encrypted_is_announced() {
    let text = grant(&MODEL.replace("https", "http"));
    let notices = Grant::parse(FILE, &text).unwrap().notices();
    let [notice] = &notices[..] else {
        panic!("{notices:?}")
    };
    assert!(notice.says.contains("`model.reader` is not encrypted"));
}
