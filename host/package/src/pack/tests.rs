use super::*;
use crate::effect::Effect;
use crate::testing::{
    PAYMENTS, PAYMENTS_TOML, component, files, input, package, packed, refused, skill, world,
};
use crate::tier::Tier;

const READ: &str = "[tools.run]\neffect = \"read\"\n";

#[test]
fn a_packed_skill_says_what_it_is() {
    let package = package(PAYMENTS, PAYMENTS_TOML);
    assert_eq!(package.name.to_string(), "acme:payments");
    assert_eq!(package.version.to_string(), "1.2.0");
    assert_eq!(package.about, "Payments by bank transfer.");
    assert_eq!(package.tier, Tier::Connected);
    assert_eq!(
        package.imports.declared,
        [
            "wasi:http/outgoing-handler@0.2.12",
            "wasi:config/store@0.2.0-rc.1"
        ]
    );
    assert_eq!(package.imports.inert, ["wasi:cli/environment@0.2.6"]);
    let [initiate, status] = package.tools.as_slice() else {
        panic!("two tools")
    };
    assert_eq!(initiate.name, "initiate");
    assert_eq!(
        initiate.export.interface.as_deref(),
        Some("acme:payments/payments@1.2.0")
    );
    assert_eq!(initiate.effect, Effect::Irreversible);
    assert_eq!(initiate.targets, ["iban", "amount"]);
    assert!(initiate.confirm.is_some());
    assert_eq!(
        initiate.description,
        "Pay an invoice by SEPA credit transfer. Cannot be undone."
    );
    assert_eq!(status.effect, Effect::Read);
    assert!(status.wraps_result);
    insta::assert_json_snapshot!(initiate.input_schema());
    insta::assert_json_snapshot!(initiate.output_schema());
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let bytes = packed(PAYMENTS, PAYMENTS_TOML);
    assert_eq!(bytes, packed(PAYMENTS, PAYMENTS_TOML));
    let mut shuffled = input(PAYMENTS, PAYMENTS_TOML);
    shuffled.wit.reverse();
    assert_eq!(bytes, pack(shuffled).unwrap());
    let reordered = "[http.bank]\nauth.secret = 'bank-token'\nauth.header = 'authorization'\nauth.format = 'Bearer {}'\n\
        allow = [\"GET /payments/*\", \"POST /payments\"]\n[tools]\nstatus = { effect = \"read\" }\n\
        initiate = { confirm = \"always\", targets = [\"iban\", \"amount\"], effect = \"irreversible\" }\n";
    assert_eq!(bytes, packed(PAYMENTS, reordered));
}

#[test]
fn the_code_stands_unchanged_before_what_is_said_of_it() {
    let component = component(PAYMENTS);
    let bytes = packed(PAYMENTS, PAYMENTS_TOML);
    assert!(bytes.starts_with(&component));
    assert_eq!(
        package(PAYMENTS, PAYMENTS_TOML).code,
        crate::Digest::of(&component)
    );
}

#[test]
fn a_component_without_wit_has_its_identity_in_the_manifest() {
    let text = skill("run: func(x: u8) -> u8");
    let manifest = format!("package = \"acme:other@3.0.0\"\n{READ}");
    let bytes = pack(Input {
        component: component(&text),
        manifest: manifest.clone(),
        wit: vec![],
    })
    .unwrap();
    let package = Package::read(&bytes, &ReadLimits::default()).unwrap();
    assert_eq!(
        (package.name.to_string(), package.version.to_string()),
        ("acme:other".into(), "3.0.0".into())
    );
    assert!(refused(&text, &manifest).contains("take it out of skill.toml"));
    let nothing = Input {
        component: component(&text),
        manifest: READ.to_owned(),
        wit: vec![],
    };
    assert!(matches!(pack(nothing), Err(PackError::NoIdentity)));
}

#[test]
fn a_packed_component_is_not_packed_again() {
    let again = Input {
        component: packed(PAYMENTS, PAYMENTS_TOML),
        ..input(PAYMENTS, PAYMENTS_TOML)
    };
    assert!(matches!(pack(again), Err(PackError::Packed)));
}

#[test]
fn every_exported_function_is_named() {
    let text = world("export run: func();\n  export init: func();");
    let error = refused(&text, READ);
    assert!(
        error.contains("exports `init`") && error.contains("`init = false`"),
        "{error}"
    );
    let hidden = package(&text, &format!("[tools]\ninit = false\n{READ}"));
    assert_eq!(hidden.tools.len(), 1);
    let error = refused(&text, &format!("[tools]\ninit = true\n{READ}"));
    assert!(error.contains("needs a table with its `effect`"), "{error}");
    let error = refused(
        &skill("run: func()"),
        &format!("{READ}[tools.walk]\neffect = \"read\"\n"),
    );
    assert!(error.contains("names `[tools.walk]`"), "{error}");
}

#[test]
fn a_tool_without_an_effect_is_refused() {
    let error = refused(&skill("run: func()"), "[tools.run]\ntargets = []\n");
    assert!(
        error.starts_with("skill.toml:1: missing field `effect`"),
        "{error}"
    );
}

#[test]
fn a_target_is_a_parameter() {
    let error = refused(
        &skill("run: func(a: u8, b: u8)"),
        "[tools.run]\neffect = 'read'\ntargets = ['c']\n",
    );
    assert!(
        error.starts_with("skill.toml:3: `c`") && error.contains("it has `a`, `b`"),
        "{error}"
    );
}

#[test]
fn a_condition_is_about_an_argument_that_can_be_compared_so() {
    let pack_with = |when: &str| {
        let manifest = format!("[tools.run]\neffect = 'read'\nconfirm = {{ when = \"{when}\" }}\n");
        let wit = skill("run: func(amount: u8, to: string)");
        pack(input(&wit, &manifest)).map_err(|error| error.to_string())
    };
    assert!(pack_with("input.amount > 9").is_ok());
    for (when, why) in [
        (
            "input.sum > 9",
            "there is no argument `sum`; the tool takes `amount`, `to`",
        ),
        (
            "input.to > 9",
            "`input.to` is a `string`, which can't be compared so",
        ),
        ("amount", "`amount` is not a condition"),
    ] {
        let error = pack_with(when).unwrap_err();
        assert!(
            error.starts_with("skill.toml:3: ") && error.contains(why),
            "{error}"
        );
    }
}

#[test]
fn functions_of_wasi_are_no_tools() {
    let text = world("export wasi:cli/run@0.2.6;\n  export run: func();");
    let package = package(&text, READ);
    assert_eq!(package.tools.len(), 1);
    assert_eq!(package.tools[0].export.interface, None);
    let error = refused(&world("export wasi:cli/run@0.2.6;"), "");
    assert!(
        error.contains("no function that could be a tool"),
        "{error}"
    );
}

#[test]
fn two_functions_of_one_name_are_refused() {
    let text =
        world("export a: interface { run: func(); }\n  export b: interface { run: func(); }");
    let error = refused(&text, READ);
    assert!(
        error.contains("`a#run` and `b#run` have one name"),
        "{error}"
    );
}

#[test]
fn a_tool_name_that_agents_would_refuse_is_refused() {
    let long = "a-very-long-function-name-that-says-all-it-does";
    let error = refused(
        &skill(&format!("{long}: func()")),
        &format!("[tools.{long}]\neffect = 'read'\n"),
    );
    assert!(error.contains("at most 48"), "{error}");
}

#[test]
fn what_is_no_data_is_refused_with_the_line_that_causes_it() {
    let text = "package acme:test@1.0.0;\ninterface i {\n  resource doc;\n  record line {\n    price: u8,\n    doc: own<doc>,\n  }\n  \
        record order { lines: list<line> }\n  run: func(order: order) -> option<u8>;\n}\nworld skill { export i; }\n";
    let error = refused(text, READ);
    assert_eq!(
        error,
        "`acme:test/i@1.0.0#run` can be no tool: `order.lines[].doc` is a resource, and a tool's values are plain data \
         (wit/world.wit:6)"
    );
    let without_wit = Input {
        component: component(text),
        manifest: format!("package = 'acme:test@1.0.0'\n{READ}"),
        wit: vec![],
    };
    let error = pack(without_wit).unwrap_err().to_string();
    assert!(
        error.contains("`order.lines[].doc` is a resource"),
        "{error}"
    );
}

#[test]
fn methods_of_resources_are_refused() {
    let text = "package acme:test@1.0.0;\ninterface i { resource doc { read: func() -> string; } }\nworld skill { export i; }\n";
    let error = refused(text, "[tools]\n");
    assert!(
        error.contains("exports `acme:test/i@1.0.0#[method]doc.read`"),
        "{error}"
    );
}

#[test]
fn wit_of_another_build_is_refused() {
    let built = skill("run: func(amount: u64, to: string)");
    let cases = [
        (
            "run: func(amount: u32, to: string)",
            "func(amount u32, to string)",
        ),
        (
            "run: func(sum: u64, to: string)",
            "func(sum u64, to string)",
        ),
        (
            "run: func(to: string, amount: u64)",
            "func(to string, amount u64)",
        ),
        ("run: func(amount: u64, to: string) -> bool", "-> bool"),
        (
            "walk: func()",
            "exports `run`, and the world in the WIT does not",
        ),
        (
            "other: func();\n export run: func(amount: u64, to: string)",
            "world exports `other`",
        ),
    ];
    for (given, expected) in cases {
        let input = Input {
            component: component(&built),
            manifest: READ.to_owned(),
            wit: files(&skill(given)),
        };
        let error = pack(input).unwrap_err().to_string();
        assert!(
            error.contains(expected) && error.contains("build again"),
            "{error}"
        );
    }
    let record = |field: &str| {
        format!(
            "package acme:test@1.0.0;\ninterface i {{ record r {{ {field}: u8 }} run: func(r: r); }}\nworld skill {{ export i; }}\n"
        )
    };
    let input = Input {
        component: component(&record("a")),
        manifest: READ.to_owned(),
        wit: files(&record("b")),
    };
    assert!(pack(input).unwrap_err().to_string().contains("{b u8}"));
}

#[test]
fn a_mistake_in_wit_names_file_and_line() {
    let mut input = input(&skill("run: func()"), READ);
    input.wit[0].text =
        "package acme:test@1.0.0;\nworld skill {\n  export run: fun();\n}\n".to_owned();
    let error = pack(input).unwrap_err().to_string();
    assert!(error.contains("wit/world.wit:3"), "{error}");
}

#[test]
fn a_wit_package_without_version_is_refused() {
    let mut input = input(&skill("run: func()"), READ);
    input.wit[0].text = input.wit[0].text.replace("@1.0.0", "");
    let error = pack(input).unwrap_err().to_string();
    assert!(error.contains("`acme:test` has no version"), "{error}");
}

#[test]
fn imports_and_declarations_agree_both_ways() {
    let with = |import: &str| world(&format!("import {import};\n  export run: func();"));
    let cases = [
        (
            "wasi:http/outgoing-handler@0.2.12",
            "[http.x]\nallow = ['GET /']\n",
            "[http.NAME]",
        ),
        (
            "wasi:config/store@0.2.0-rc.1",
            "[settings.x]\n",
            "[settings.NAME]",
        ),
        (
            "wasi:keyvalue/store@0.2.0-draft2",
            "[state.x]\n",
            "[state.NAME]",
        ),
        (
            "vouchsafe:skill/sql@0.1.0",
            "[sql.erp.x]\ntext = 'select 1'\neffect = 'read'\n",
            "[sql.DATABASE.NAME]",
        ),
        (
            "vouchsafe:skill/model@0.1.0",
            "[prompts.x]\nmodel = 'm'\nsystem = 'Sum up.'\ntemplate = ''\nreply = { type = 'object' }\n",
            "[prompts.NAME]",
        ),
        (
            "vouchsafe:skill/upstream@0.1.0",
            "[upstream.x]\ntool = 'a'\neffect = 'read'\n",
            "[upstream.NAME]",
        ),
        (
            "vouchsafe:skill/bus@0.1.0",
            "[bus]\npublish = ['document.classified']\n",
            "[bus]",
        ),
        (
            "acme:erp/records@1.0.0",
            "[skills.\"acme:erp/records\"]\n",
            "[skills.\"acme:erp/records\"]",
        ),
    ];
    for (import, declaration, table) in cases {
        let declared = package(&with(import), &format!("{READ}{declaration}"));
        assert!(declared.tier > Tier::Pure, "{import}");
        let undeclared = refused(&with(import), READ);
        assert!(
            undeclared.contains(import) && undeclared.contains(table),
            "{undeclared}"
        );
        let unused = refused(&skill("run: func()"), &format!("{READ}{declaration}"));
        assert!(
            unused.starts_with("skill.toml:3: `[") && unused.contains("take the table out"),
            "{unused}"
        );
    }
}

#[test]
fn files_are_inert_until_declared() {
    let text = world(
        "import wasi:filesystem/preopens@0.2.6;\n  import wasi:sockets/tcp@0.2.6;\n  export run: func();",
    );
    let inert = package(&text, READ);
    assert_eq!((inert.tier, inert.imports.inert.len()), (Tier::Pure, 2));
    let declared = package(&text, &format!("{READ}[files.inbox]\naccess = 'read'\n"));
    assert_eq!(declared.tier, Tier::Connected);
    assert_eq!(
        declared.imports.declared,
        ["wasi:filesystem/preopens@0.2.6"]
    );
}

#[test]
fn the_log_is_for_every_skill() {
    let text = world("import vouchsafe:skill/log@0.1.0;\n  export run: func();");
    assert_eq!(package(&text, READ).tier, Tier::Pure);
}

#[test]
fn imports_that_no_host_has_are_refused() {
    for import in [
        "wasi:nn/graph@0.2.0-rc-2024-10-28",
        "vouchsafe:skill/other@0.1.0",
        "host-call: func()",
        "inline: interface { x: func(); } //",
    ] {
        let error = refused(
            &world(&format!("import {import};\n  export run: func();")),
            READ,
        );
        assert!(error.contains("does not offer"), "{error}");
    }
}

#[test]
fn what_another_skill_provides_is_plain_data() {
    let text = world("import acme:erp/handles@1.0.0;\n  export run: func();");
    let error = refused(&text, &format!("{READ}[skills.\"acme:erp/handles\"]\n"));
    assert!(
        error.contains("no skill can provide") && error.contains("a resource"),
        "{error}"
    );
    let text = world("import acme:erp/records@1.0.0;\n  export run: func();");
    let found = package(&text, &format!("{READ}[skills.\"acme:erp/records\"]\n"));
    assert_eq!(found.imports.skills, ["acme:erp/records@1.0.0"]);
    assert_eq!(
        found.skills[0].functions[0].signature.to_string(),
        "func(id string) -> {id u64}?"
    );
}

#[test]
fn a_subscriber_and_its_channels_go_together() {
    let text = world("export vouchsafe:skill/subscriber@0.1.0;");
    let subscriber = package(&text, "[bus]\nsubscribe = ['document.incoming']\n");
    assert!(subscriber.tools.is_empty());
    assert!(
        refused(&text, "").contains("only the export is there")
            || refused(&text, "").contains("no function")
    );
    let error = refused(
        &skill("run: func()"),
        &format!("{READ}[bus]\nsubscribe = ['document.incoming']\n"),
    );
    assert!(error.contains("only `subscribe` is there"), "{error}");
    let error = refused(
        &world("export vouchsafe:skill/log@0.1.0;\n export run: func();"),
        READ,
    );
    assert!(error.contains("does not call"), "{error}");
}

#[test]
fn credentials_are_not_packed() {
    let key = format!("{}{}", "AKIA", "IOSFODNN7EXAMPLE");
    let text = skill("run: func()");
    let manifest = format!("# {key}\n{READ}");
    let error = refused(&text, &manifest);
    assert!(
        error.starts_with("skill.toml:1 looks like an AWS access key") && !error.contains(&key),
        "{error}"
    );
    let in_docs = text.replace("export", &format!("/// Use {key} here.\n  export"));
    let error = refused(&in_docs, READ);
    assert!(error.starts_with("wit/world.wit:3"), "{error}");
    let mut in_code = input(&text, READ);
    in_code
        .component
        .extend_from_slice(&sections(&[("notes", key.as_bytes())]));
    assert!(matches!(pack(in_code), Err(PackError::Credential(_))));
}

#[test]
fn words_that_show_something_else_than_they_say_are_refused() {
    let text = skill("run: func()").replace("export", "/// Reads.\u{200B}\n  export");
    let error = refused(&text, READ);
    assert!(
        error.contains("U+200B") || error.contains("200b"),
        "{error}"
    );
}

#[test]
fn more_memory_at_the_start_than_the_limit_is_refused() {
    let component = wat::parse_str(
        r#"(component (core module $m (memory 100) (func (export "run"))) (core instance $i (instantiate $m))
           (func (export "run") (canon lift (core func $i "run"))))"#,
    )
    .unwrap();
    let with = |limits: &str| {
        let manifest = format!("package = 'acme:test@1.0.0'\n{READ}{limits}");
        pack(Input {
            component: component.clone(),
            manifest,
            wit: vec![],
        })
    };
    assert!(with("").is_ok());
    let error = with("[limits]\nmemory = '6 MiB'\n")
        .unwrap_err()
        .to_string();
    assert!(error.contains("starts with 6553600 bytes"), "{error}");
}
