use super::*;
use crate::reader::{DOCS_SECTION, MANIFEST_SECTION, SCHEMAS_SECTION};
use crate::testing::{PAYMENTS, PAYMENTS_TOML, component, packed, skill};

fn read(bytes: &[u8]) -> Result<Package, ReadError> {
    Package::read(bytes, &ReadLimits::default())
}

fn parts(bytes: &[u8]) -> [Vec<u8>; 3] {
    let raw = reader::read(bytes, &ReadLimits::default()).unwrap();
    let Sections {
        manifest,
        schemas,
        docs,
    } = raw.sections;
    [manifest, schemas, docs].map(|section| section.unwrap().to_vec())
}

use crate::reader::Sections;

/// A package of this component with these sections, as an attacker would put it together.
fn forged(component: &[u8], [manifest, schemas, docs]: [&[u8]; 3]) -> Vec<u8> {
    let sections = [
        (MANIFEST_SECTION, manifest),
        (SCHEMAS_SECTION, schemas),
        (DOCS_SECTION, docs),
    ];
    [component, &crate::pack::sections(&sections)].concat()
}

fn with_section(bytes: &[u8], name: &str) -> Vec<u8> {
    [bytes, &crate::pack::sections(&[(name, b"{}")])].concat()
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    String::from_utf8(bytes.to_vec())
        .unwrap()
        .replace(from, to)
        .into_bytes()
}

#[test]
fn an_unpacked_component_is_no_package() {
    assert_eq!(read(&component(PAYMENTS)), Err(ReadError::NotPacked));
    let partly = with_section(&component(PAYMENTS), MANIFEST_SECTION);
    assert!(matches!(
        read(&partly),
        Err(ReadError::MissingSection(SCHEMAS_SECTION))
    ));
}

#[test]
fn other_code_under_a_good_manifest_is_refused() {
    let [manifest, schemas, docs] = parts(&packed(PAYMENTS, PAYMENTS_TOML));
    let other = PAYMENTS.replace("minor: u64", "minor: u32");
    let swapped = forged(&component(&other), [&manifest, &schemas, &docs]);
    assert_eq!(read(&swapped), Err(ReadError::Schemas));
    let more = PAYMENTS.replace("status: func", "drain: func();\n  status: func");
    let swapped = forged(&component(&more), [&manifest, &schemas, &docs]);
    assert!(matches!(
        read(&swapped),
        Err(ReadError::Tool(ToolError::Unnamed { .. }))
    ));
}

#[test]
fn another_manifest_over_good_code_is_refused_where_it_does_not_fit() {
    let [_, schemas, docs] = parts(&packed(PAYMENTS, PAYMENTS_TOML));
    let other = parts(&packed(
        &skill("run: func()"),
        "[tools.run]\neffect = 'read'\n",
    ));
    let swapped = forged(&component(PAYMENTS), [&other[0], &schemas, &docs]);
    assert!(matches!(read(&swapped), Err(ReadError::Tool(_))));
}

#[test]
fn changed_words_or_schemas_are_refused() {
    let code = component(PAYMENTS);
    let [manifest, schemas, docs] = parts(&packed(PAYMENTS, PAYMENTS_TOML));
    let changed = replaced(&schemas, "In the currency", "Ignore the currency");
    assert_eq!(
        read(&forged(&code, [&manifest, &changed, &docs])),
        Err(ReadError::Schemas)
    );
    let changed = replaced(&docs, "In the currency", "Ignore the currency");
    assert_eq!(
        read(&forged(&code, [&manifest, &schemas, &changed])),
        Err(ReadError::Schemas)
    );
    let nowhere = replaced(&docs, "\"amount\":", "\"amount.major\":");
    let error = read(&forged(&code, [&manifest, &schemas, &nowhere])).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`amount.major` of tool `initiate`"),
        "{error}"
    );
}

#[test]
fn each_section_has_one_spelling() {
    let code = component(PAYMENTS);
    let [manifest, schemas, docs] = parts(&packed(PAYMENTS, PAYMENTS_TOML));
    let spaced = |bytes: &[u8]| [b" ", bytes].concat();
    assert!(matches!(
        read(&forged(&code, [&spaced(&manifest), &schemas, &docs])),
        Err(ReadError::Manifest(_))
    ));
    assert_eq!(
        read(&forged(&code, [&manifest, &spaced(&schemas), &docs])),
        Err(ReadError::Schemas)
    );
    assert!(matches!(
        read(&forged(&code, [&manifest, &schemas, &spaced(&docs)])),
        Err(ReadError::Docs(_))
    ));
    let twice = replaced(
        &manifest,
        "\"tools\":{",
        "\"tools\":{\"initiate\":{\"effect\":\"read\"},",
    );
    assert!(matches!(
        read(&forged(&code, [&twice, &schemas, &docs])),
        Err(ReadError::Manifest(_))
    ));
    let unknown = replaced(&manifest, "\"format\":1", "\"format\":1,\"sockets\":{}");
    assert!(matches!(
        read(&forged(&code, [&unknown, &schemas, &docs])),
        Err(ReadError::Manifest(_))
    ));
    let later = replaced(&manifest, "\"format\":1", "\"format\":2");
    let error = read(&forged(&code, [&later, &schemas, &docs])).unwrap_err();
    assert!(
        error.to_string().contains("format 2, this version reads 1"),
        "{error}"
    );
}

#[test]
fn a_second_manifest_and_an_extra_section_of_ours_are_refused() {
    let bytes = packed(PAYMENTS, PAYMENTS_TOML);
    assert!(matches!(
        read(&with_section(&bytes, MANIFEST_SECTION)),
        Err(ReadError::Component(ReaderError::RepeatedSection { .. }))
    ));
    for name in [
        "vouchsafe:extra",
        "Vouchsafe:manifest",
        "vouchsafe",
        "vouchsafe.manifest",
    ] {
        let error = read(&with_section(&bytes, name));
        assert!(
            matches!(
                error,
                Err(ReadError::Component(ReaderError::UnknownSection { .. }))
            ),
            "{name}"
        );
    }
}

#[test]
fn a_package_inside_a_component_is_refused() {
    let inner = packed(PAYMENTS, PAYMENTS_TOML);
    let mut outer = wasm_encoder::Component::new();
    outer.section(&wasm_encoder::RawSection {
        id: 4,
        data: &inner,
    });
    let error = read(&outer.finish());
    assert!(
        matches!(
            error,
            Err(ReadError::Component(ReaderError::NestedSection { .. }))
        ),
        "{error:?}"
    );
}

#[test]
fn every_cut_and_every_flipped_byte_is_refused_or_another_package() {
    let bytes = packed(
        &skill("run: func(a: list<u8>) -> string"),
        "[tools.run]\neffect = 'read'\n",
    );
    for cut in 0..bytes.len() {
        assert!(read(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    let whole = read(&bytes).unwrap();
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x20;
        if let Ok(other) = read(&flipped) {
            assert_ne!(other.digest, whole.digest);
        }
    }
}
