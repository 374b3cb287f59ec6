use super::*;

fn parse(text: &str) -> Result<Manifest, String> {
    Manifest::parse(text).map_err(|error| error.to_string())
}

fn refused(text: &str) -> String {
    parse(text).expect_err(text)
}

const ALL: &str = r#"
    package = "acme:all@1.0.0"
    tools.run = { effect = "write", targets = ["a"], confirm = { when = "input.a > 1", channel = "reviewers", within = "1h" } }
    tools.init = false
    http.maps = { url = "https://api.vendor.com", allow = ["GET /*"], auth = { secret = "maps-key", query = "key" } }
    http.own = { allow = ["POST /a"], auth = { secret = "own-login", basic = true } }
    settings.currency = { default = "EUR", about = "What to count in." }
    files.inbox = { access = "write" }
    state.seen = { size = "1 MiB" }
    prompts.sum-up = { model = "writer", system = "Sum up.", template = "{text}", reply = { type = "object" } }
    skills."acme:erp/records" = {}
    upstream.ticket = { tool = "create_issue", effect = "write" }
    bus = { publish = ["document.classified"], subscribe = ["document.incoming"] }
    limits = { memory = "128 MiB", time = "30s", fuel = 2_000_000_000, output = "1 MiB", input = 4096 }
    [sql.erp.find-invoice]
    text = "select id from invoice where number = ?"
    effect = "read"
"#;

#[test]
fn everything_that_can_be_declared_is_read_and_embedded() {
    let manifest = parse(ALL).unwrap();
    assert_eq!(manifest.limits().memory_bytes, 128 << 20);
    assert_eq!(manifest.limits().wall_ms, 30_000);
    let embedded = manifest.embed();
    assert_eq!(Manifest::from_embedded(&embedded), Ok(manifest));
    insta::assert_snapshot!(String::from_utf8(embedded).unwrap());
}

#[test]
fn unknown_keys_and_capabilities_are_errors_with_their_line() {
    let cases = [
        "[sockets.x]\n",
        "[tools.run]\neffect = 'read'\nidempotent = true\n",
        "[http.a]\nallow = ['GET /']\nmethods = []\n",
        "[http.a]\nallow = ['GET /']\nauth = { secret = 'a', header = 'x', value = 'y' }\n",
        "[limits]\ncpu = 1\n",
        "[files.a]\naccess = 'read'\nhost = '/'\n",
        "[sql.d.a]\ntext = 'x'\neffect = 'read'\nrows = 1\n",
        "[bus]\nconsume = []\n",
        "[skills.\"acme:erp/records\"]\npublisher = 'x'\n",
        "[tools.run]\neffect = 'read'\nconfirm = { unless = 'x' }\n",
        "name = 'x'\n",
    ];
    for text in cases {
        let error = refused(text);
        let line = error.split(':').nth(1).map(str::parse::<usize>);
        assert!(
            error.contains("unknown field") && matches!(line, Some(Ok(_))),
            "{error}"
        );
    }
}

#[test]
fn errors_are_words_that_a_person_can_act_on() {
    let cases = [
        "[tools.run]\neffect = 'reads'\n",
        "[tools.run]\n",
        "[tools]\nrun = true\n",
        "[tools.run]\neffect = 'read'\nconfirm = 'sometimes'\n",
        "[tools.run]\neffect = 'read'\ntargets = ['a', 'a']\n",
        "[tools.'run it']\neffect = 'read'\n",
        "[http.Bank]\nallow = ['GET /']\n",
        "[http.a]\nallow = []\n",
        "[http.a]\nallow = ['GET /', 'GET /']\n",
        "[http.a]\nallow = ['get /']\n",
        "[http.a]\nallow = ['TRACE /']\n",
        "[http.a]\nallow = ['GET payments']\n",
        "[http.a]\nallow = ['GET /a/../b']\n",
        "[http.a]\nallow = ['GET /a%2fb']\n",
        "[http.a]\nallow = ['GET //a']\n",
        "[http.a]\nallow = ['GET /a*']\n",
        "[http.a]\nallow = ['GET /']\nurl = 'https://10.0.0.1'\n",
        "[http.a]\nallow = ['GET /']\nauth = { secret = 'S3cr3tV4lue', basic = true }\n",
        "[http.a]\nallow = ['GET /']\nauth = { secret = 'a' }\n",
        "[http.a]\nallow = ['GET /']\nauth = { secret = 'a', basic = true, query = 'k' }\n",
        "[http.a]\nallow = ['GET /']\nauth = { secret = 'a', header = 'Authorization' }\n",
        "[http.a]\nallow = ['GET /']\nauth = { secret = 'a', header = 'x', format = 'Bearer' }\n",
        "[http.a]\nallow = ['GET /']\nauth = { secret = 'b', basic = true, placeholder = true }\n",
        "[http.a]\nallow = ['GET /']\nauth = { secret = 'a', header = 'x', placeholder = true }\n",
        "[settings.b]\n[http.a]\nallow = ['GET /']\nauth = { secret = 'b', header = 'x', placeholder = true }\n",
        "[limits]\nmemory = '5 GiB'\n",
        "[limits]\ntime = '1h'\n",
        "[limits]\nfuel = 0\n",
        "[limits]\nfuel = -1\n",
        "[limits]\noutput = '4 MB'\n",
        "[bus]\npublish = ['Document']\n",
        "[skills.\"acme:erp\"]\n",
        "[skills.\"wasi:http/types\"]\n",
        "[skills.\"acme:erp/records@1.0.0\"]\n",
        "[sql.a.x]\ntext = 'x'\neffect = 'read'\n[sql.b.x]\ntext = 'x'\neffect = 'read'\n",
        "[settings.a]\nabout = \"a\\u202Eb\"\n",
        "[tools.run]\neffect = 'read'\n[tools.run]\neffect = 'write'\n",
        "package = 'acme:payments'\n",
    ];
    let errors: Vec<_> = cases
        .iter()
        .map(|text| format!("{}\n", refused(text)))
        .collect();
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn a_text_that_is_too_long_is_not_read() {
    assert!(refused(&"# a comment\n".repeat(30_000)).contains("at most 262144"));
}

#[test]
fn asked_limits_stand_over_the_defaults() {
    let manifest = parse("[limits]\nfuel = 7\n").unwrap();
    assert_eq!(
        manifest.limits(),
        Limits {
            fuel: 7,
            ..Limits::default()
        }
    );
    assert!(Manifest::default().limits.is_empty());
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[\\[\\]a-z=\"'{}.\n 0-9]{0,200}") {
        let _ = Manifest::parse(&text);
        let _ = Manifest::from_embedded(text.as_bytes());
    }

    #[test]
    fn no_damage_makes_it_panic(at in 0..ALL.len(), with in "[\\[\\]a-z=\"'{}.\n-]{0,3}") {
        let text = format!("{}{with}{}", &ALL[..at], &ALL[at..]);
        if let Ok(manifest) = Manifest::parse(&text) {
            proptest::prop_assert_eq!(Manifest::from_embedded(&manifest.embed()), Ok(manifest));
        }
    }
}
