//! Components and packages to test with, made from WIT.

use crate::pack::{Input, pack};
use crate::package::Package;
use crate::reader::ReadLimits;
use crate::wit::source::File;
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve, UnresolvedPackageGroup};

/// The skill of the documentation.
pub(crate) const PAYMENTS: &str = r"
package acme:payments@1.2.0;

/// Payments by bank transfer.
interface payments {
  /// In the currency's smallest unit: 4250 with EUR is 42.50 EUR.
  record amount { minor: u64, currency: string }
  variant problem {
    /// Nothing was paid.
    rejected(string),
    /// The payment may or may not have been made.
    unknown,
  }
  /// Pay an invoice by SEPA credit transfer. Cannot be undone.
  initiate: func(iban: string, amount: amount, reference: string) -> result<string, problem>;
  /// The state of a payment: pending, booked or returned.
  status: func(payment: string) -> result<string, problem>;
}
world skill {
  import wasi:http/outgoing-handler@0.2.12;
  import wasi:config/store@0.2.0-rc.1;
  import wasi:cli/environment@0.2.6;
  export payments;
}
";

/// Its manifest.
pub(crate) const PAYMENTS_TOML: &str = r#"
[tools.initiate]
effect  = "irreversible"
targets = ["iban", "amount"]
confirm = "always"

[tools.status]
effect = "read"

[http.bank]
allow = ["GET /payments/*", "POST /payments"]
auth  = { secret = "bank-token", header = "authorization", format = "Bearer {}" }
"#;

/// Small stand-ins for the packages that skills import.
const DEPS: &[(&str, &str)] = &[
    (
        "wit/deps/http.wit",
        "package wasi:http@0.2.12; interface outgoing-handler { handle: func() -> bool; } interface types { x: func(); }",
    ),
    (
        "wit/deps/config.wit",
        "package wasi:config@0.2.0-rc.1; interface store { get: func(key: string) -> option<string>; }",
    ),
    (
        "wit/deps/cli.wit",
        "package wasi:cli@0.2.6; interface environment { get-environment: func() -> list<string>; } interface run { run: func() -> result; }",
    ),
    (
        "wit/deps/filesystem.wit",
        "package wasi:filesystem@0.2.6; interface preopens { get: func(); } interface types { get: func(); }",
    ),
    (
        "wit/deps/keyvalue.wit",
        "package wasi:keyvalue@0.2.0-draft2; interface store { open: func(); }",
    ),
    (
        "wit/deps/sockets.wit",
        "package wasi:sockets@0.2.6; interface tcp { open: func(); }",
    ),
    (
        "wit/deps/nn.wit",
        "package wasi:nn@0.2.0-rc-2024-10-28; interface graph { load: func(); }",
    ),
    (
        "wit/deps/skill.wit",
        "package vouchsafe:skill@0.1.0; interface log { write: func(m: string); } interface sql { run: func(); } \
         interface model { ask: func(); } interface upstream { call: func(); } interface bus { publish: func(); } \
         interface subscriber { handle: func(); } interface other { x: func(); }",
    ),
    (
        "wit/deps/erp.wit",
        "package acme:erp@1.0.0; interface records { record row { id: u64 } find: func(id: string) -> option<row>; } \
         interface handles { resource r; open: func() -> r; }",
    ),
];

/// The files of a skill whose own WIT is `text`.
pub(crate) fn files(text: &str) -> Vec<File> {
    let own = ("wit/world.wit", text);
    [own]
        .iter()
        .chain(DEPS)
        .map(|(path, text)| File {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        })
        .collect()
}

/// A component with the imports and exports of the world in `text`; its functions trap.
pub(crate) fn component(text: &str) -> Vec<u8> {
    component_with(text, StringEncoding::UTF8)
}

pub(crate) fn component_with(text: &str, encoding: StringEncoding) -> Vec<u8> {
    let parse = |(path, text): &(&str, &str)| {
        UnresolvedPackageGroup::parse(path, text).map_err(|(map, e)| e.render(&map))
    };
    let main = parse(&("wit/world.wit", text)).unwrap();
    let deps = DEPS.iter().map(|file| parse(file).unwrap()).collect();
    let mut resolve = Resolve {
        all_features: true,
        ..Resolve::default()
    };
    let package = resolve
        .push_groups(main, deps)
        .map_err(|e| e.render(&resolve.source_map))
        .unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
    embed_component_metadata(&mut module, &resolve, world, encoding).unwrap();
    ComponentEncoder::default()
        .module(&module)
        .unwrap()
        .validate(true)
        .encode()
        .unwrap()
}

/// What `pack` is given for the WIT `text` and this manifest.
pub(crate) fn input(text: &str, manifest: &str) -> Input {
    Input {
        component: component(text),
        manifest: manifest.to_owned(),
        wit: files(text),
    }
}

/// A package's bytes.
pub(crate) fn packed(text: &str, manifest: &str) -> Vec<u8> {
    pack(input(text, manifest)).unwrap_or_else(|error| panic!("{error}"))
}

/// A package, read.
pub(crate) fn package(text: &str, manifest: &str) -> Package {
    Package::read(&packed(text, manifest), &ReadLimits::default())
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Why the WIT `text` and this manifest are not packed.
pub(crate) fn refused(text: &str, manifest: &str) -> String {
    pack(input(text, manifest))
        .expect_err("this should not pack")
        .to_string()
}

/// A skill with one exported function, written as in WIT.
pub(crate) fn skill(function: &str) -> String {
    world(&format!("export {function};"))
}

/// A skill with these imports and exports.
pub(crate) fn world(items: &str) -> String {
    format!("package acme:test@1.0.0;\nworld skill {{\n  {items}\n}}\n")
}
