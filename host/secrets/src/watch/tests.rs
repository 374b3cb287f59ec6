use proptest::prelude::*;

use super::*;

const VALUE: &str = "tok/live+4Q7 \"Xé1v\u{1f511}9c";

fn watch() -> Arc<Watch> {
    Arc::new(Watch::new(&[VALUE.as_bytes()]))
}

/// What comes through, or that it was ended, and what had come through until then.
fn through(watch: &Arc<Watch>, parts: &[&[u8]]) -> Result<Vec<u8>, Vec<u8>> {
    let (mut stream, mut out) = (watch.stream(), Vec::new());
    for part in parts {
        match stream.push(Bytes::copy_from_slice(part)) {
            Ok(bytes) => out.extend_from_slice(&bytes),
            Err(Echoed) => return Err(out),
        }
    }
    out.extend(stream.end().unwrap_or_default());
    Ok(out)
}

/// Each character escaped as `choice` says.
fn escaped(choices: &[u8]) -> String {
    let mut text = String::new();
    for (character, choice) in VALUE.chars().zip(choices.iter().cycle()) {
        let units = character.encode_utf16(&mut [0; 2]).to_vec();
        match choice % 5 {
            0 => units
                .iter()
                .for_each(|unit| text.push_str(&format!("\\u{unit:04x}"))),
            1 => units
                .iter()
                .for_each(|unit| text.push_str(&format!("\\u{unit:04X}"))),
            2 => character
                .to_string()
                .bytes()
                .for_each(|byte| text.push_str(&format!("%{byte:02x}"))),
            3 => character
                .to_string()
                .bytes()
                .for_each(|byte| text.push_str(&format!("%{byte:02X}"))),
            _ if matches!(character, '/' | '"') => text.push_str(&format!("\\{character}")),
            _ => text.push(character),
        }
    }
    text
}

#[test]
fn every_form_is_found_wherever_it_stands() {
    let watch = watch();
    for form in forms::of(VALUE.as_bytes()) {
        let whole = [b"{\"a\":\"".as_slice(), &form, b"\"}"].concat();
        assert!(watch.finds(&whole), "{}", String::from_utf8_lossy(&form));
        for at in 0..=whole.len() {
            let (one, two) = whole.split_at(at);
            let passed = through(&watch, &[one, two]).unwrap_err();
            assert!(
                b"{\"a\":\"".starts_with(&passed[..]),
                "{}",
                String::from_utf8_lossy(&passed)
            );
        }
    }
}

#[test]
fn base64_is_found_at_each_alignment_in_both_alphabets() {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    for before in 0..7 {
        for after in 0..4 {
            let around = [
                vec![b'x'; before],
                VALUE.as_bytes().to_vec(),
                vec![0xff; after],
            ]
            .concat();
            assert!(
                watch().finds(STANDARD.encode(&around).as_bytes()),
                "{before} {after}"
            );
            assert!(
                watch().finds(URL_SAFE.encode(&around).as_bytes()),
                "{before} {after}"
            );
        }
    }
}

#[test]
fn a_header_s_name_in_lower_case_is_found() {
    let watch = Watch::new(&[b"ABCdef-1234"]);
    assert!(watch.finds(b"x-abcdef-1234") && !watch.finds(b"x-abcdef-1235"));
}

#[test]
fn what_was_encoded_and_then_escaped_is_found() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let watch = Watch::new(&[b"ab?cd?ef?gh?ij?klmnop"]);
    let encoded = STANDARD.encode("ab?cd?ef?gh?ij?klmnop");
    for escaped in [encoded.replace('/', "\\/"), encoded.replace('/', "%2f")] {
        assert_ne!(escaped, encoded);
        assert!(watch.finds(escaped.as_bytes()), "{escaped}");
    }
}

#[test]
fn nothing_of_the_longest_way_to_write_it_is_let_through() {
    let digits = hex::encode(VALUE);
    let units: String = digits
        .bytes()
        .map(|digit| format!("\\u{digit:04x}"))
        .collect();
    let parts: Vec<&[u8]> = units.as_bytes().chunks(50).collect();
    assert_eq!(through(&watch(), &parts), Err(Vec::new()));
}

#[test]
fn of_a_long_one_the_end_is_enough_and_the_beginning_is_not_let_through() {
    let value: String = (0..400).map(|number: u32| format!("{number:x}.")).collect();
    let watch = Arc::new(Watch::new(&[value.as_bytes()]));
    let parts: Vec<&[u8]> = value.as_bytes().chunks(100).collect();
    assert_eq!(through(&watch, &parts), Err(Vec::new()));
    assert_eq!(
        watch.blank(&format!("key={value};")).unwrap(),
        "[credential]"
    );
    assert!(!watch.finds(&value.as_bytes()[..value.len() - 1]));
}

#[test]
fn a_line_of_a_log_is_blanked() {
    let watch = watch();
    let blank = |text: String| watch.blank(&text).unwrap_or(text);
    assert_eq!(blank(format!("key={VALUE};")), "key=[credential];");
    assert_eq!(blank(format!("a {}", escaped(&[0, 2, 4]))), "[credential]");
    assert_eq!(blank("nothing".to_owned()), "nothing");
}

proptest! {
    #[test]
    fn any_mixture_of_escapes_is_found_however_it_is_cut(
        choices in prop::collection::vec(0..5_u8, 1..40),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        before in "[a-f%\\\\]{0,12}",
    ) {
        let whole = format!("{before}{} after", escaped(&choices));
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(whole.len())).collect();
        cuts.extend([0, whole.len()]);
        cuts.sort_unstable();
        let parts: Vec<_> = cuts.windows(2).map(|two| &whole.as_bytes()[two[0]..two[1]]).collect();
        let passed = through(&watch(), &parts);
        prop_assert!(passed.is_err());
        prop_assert!(before.as_bytes().starts_with(&passed.unwrap_err()[..]));
    }

    #[test]
    fn what_comes_through_tells_nothing_of_it(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..10),
        begun in 0..VALUE.len(),
    ) {
        let other: String = VALUE.chars().rev().collect();
        let watches = [watch(), Arc::new(Watch::new(&[other.as_bytes()]))];
        let mut parts = parts;
        parts.push(VALUE.as_bytes()[..begun].to_vec());
        let lengths = watches.map(|watch| {
            let mut stream = watch.stream();
            let pushed = parts.iter().map(|part| stream.push(Bytes::copy_from_slice(part)).map(|out| out.len()));
            pushed.collect::<Vec<_>>()
        });
        prop_assert_eq!(&lengths[0], &lengths[1]);
    }

    #[test]
    fn everything_else_comes_through_unchanged(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..10),
        near in prop::collection::vec((0..VALUE.len(), 0..10_usize), 0..6),
    ) {
        let mut parts = parts;
        for (length, at) in near {
            // Beginnings of it, which end otherwise.
            parts.insert(at.min(parts.len()), [&VALUE.as_bytes()[..length], b"\0"].concat());
        }
        let whole = parts.concat();
        let slices: Vec<_> = parts.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(through(&watch(), &slices), Ok(whole));
    }
}
