use super::*;
use crate::testing::{PAYMENTS, PAYMENTS_TOML, packed, skill, world};
use tempfile::TempDir;
use vouchsafe_ambient::files::Access;
use vouchsafe_keys::{Keystore, Purpose, Seal};

const READ: &str = "[tools.run]\neffect = 'read'\n";

struct Place {
    directory: TempDir,
    keystore: Keystore,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let seal = Seal::KeyFile(directory.path().join("seal"));
        let keystore = Keystore::create(&directory.path().join("keys"), &seal).unwrap();
        Self {
            directory,
            keystore,
        }
    }

    fn marks(&self) -> Marks {
        self.with(Purpose::ReadMarks)
    }

    fn with(&self, purpose: Purpose) -> Marks {
        Marks::at(self.directory.path().to_owned(), self.keystore.mac(purpose))
    }
}

fn content(marks: &Marks, digest: &Digest) -> Vec<u8> {
    files::read_bounded(&marks.path(digest), MAX).unwrap()
}

fn lay(marks: &Marks, digest: &Digest, bytes: &[u8]) {
    files::write_atomic(&marks.path(digest), bytes, Access::Private).unwrap();
}

/// What nobody's bytes say, so that it shows where a package came from.
fn marked(package: &Package) -> Package {
    let about = "from the mark".to_owned();
    Package {
        about,
        ..package.clone()
    }
}

#[test]
fn a_mark_answers_for_the_bytes_that_it_was_made_of() {
    let place = Place::new();
    let marks = place.marks();
    let bytes = packed(PAYMENTS, PAYMENTS_TOML);
    let package = marks.read(&bytes).unwrap();
    assert_eq!(
        package,
        Package::read(&bytes, &ReadLimits::default()).unwrap()
    );
    let digest = package.digest;
    let made = content(&marks, &digest);
    assert_eq!(marks.read(&bytes).unwrap(), package);
    assert_eq!(content(&marks, &digest), made);

    let said = marked(&package);
    lay(
        &marks,
        &digest,
        &marks.seal(&digest, &written(&said).unwrap()),
    );
    assert_eq!(marks.read(&bytes).unwrap(), said);
    marks.forget(&digest).unwrap();
    assert_eq!(marks.read(&bytes).unwrap(), package);
}

#[test]
fn an_edited_cut_or_foreign_mark_is_not_believed_and_is_made_anew() {
    let place = Place::new();
    let marks = place.marks();
    let bytes = packed(&skill("run: func()"), READ);
    let package = marks.read(&bytes).unwrap();
    let digest = package.digest;
    let (own, json) = (
        content(&marks, &digest),
        written(&marked(&package)).unwrap(),
    );
    let good = marks.seal(&digest, &json);
    let mut wrong = vec![
        place.with(Purpose::CodeCache).seal(&digest, &json),
        marks.seal(&Digest::of(b"other bytes"), &json),
        marks.seal(&digest, b"{}"),
        marks.seal(&digest, &[json.as_slice(), b" {}"].concat()),
    ];
    for at in [0, TAG, TAG + 20, TAG + 50, TAG + HEADER, good.len() - 2] {
        let mut edited = good.clone();
        edited[at] ^= 1;
        wrong.push(edited);
    }
    for cut in [0, TAG - 1, TAG, TAG + HEADER, good.len() - 1] {
        wrong.push(good[..cut].to_vec());
    }
    for (which, wrong) in wrong.iter().enumerate() {
        lay(&marks, &digest, wrong);
        assert_eq!(marks.read(&bytes).unwrap(), package, "{which}");
        assert_eq!(content(&marks, &digest), own, "{which}");
    }
}

#[test]
fn another_reader_s_mark_is_not_believed() {
    let place = Place::new();
    let marks = place.marks();
    let bytes = packed(&skill("run: func()"), READ);
    let package = marks.read(&bytes).unwrap();
    let json = written(&marked(&package)).unwrap();
    let [ours, others] = [READER, b"another reader 0"].map(|reader| {
        let digest = package.digest.as_bytes();
        let signed = [MAGIC.as_slice(), digest, reader, &json].concat();
        [marks.key.tag(&signed).as_slice(), &signed].concat()
    });
    lay(&marks, &package.digest, &ours);
    assert_eq!(marks.read(&bytes).unwrap(), marked(&package));
    lay(&marks, &package.digest, &others);
    assert_eq!(marks.read(&bytes).unwrap(), package);
}

#[test]
fn what_an_older_key_authenticated_is_not_believed() {
    let mut place = Place::new();
    let bytes = packed(&skill("run: func()"), READ);
    let package = place.marks().read(&bytes).unwrap();
    let json = written(&marked(&package)).unwrap();
    let old = place.marks().seal(&package.digest, &json);
    let seal = Seal::KeyFile(place.directory.path().join("seal"));
    place.keystore = place.keystore.rotated(&seal).unwrap().commit().unwrap();
    lay(&place.marks(), &package.digest, &old);
    assert_eq!(place.marks().read(&bytes).unwrap(), package);
}

#[test]
fn what_is_no_package_has_no_mark() {
    let place = Place::new();
    let marks = place.marks();
    let bytes = crate::testing::component(PAYMENTS);
    assert_eq!(marks.read(&bytes), Err(ReadError::NotPacked));
    assert!(!marks.path(&Digest::of(&bytes)).exists());
}

#[test]
fn whatever_a_package_says_reads_back_the_same() {
    let deep = (0..31).fold("u8".to_owned(), |ty, _| format!("result<{ty}>"));
    let tables =
        "[http.bank]\nallow = ['GET /*']\n[skills.'acme:erp/records']\n[limits]\nfuel = 7\n";
    let imports = "import wasi:http/outgoing-handler@0.2.12;\n  import acme:erp/records@1.0.0;\n";
    for (text, manifest) in [
        (PAYMENTS.to_owned(), PAYMENTS_TOML.to_owned()),
        (skill(&format!("run: func() -> {deep}")), READ.to_owned()),
        (
            world(&format!("{imports}  export run: func();")),
            format!("{READ}{tables}"),
        ),
    ] {
        let bytes = packed(&text, &manifest);
        let package = Package::read(&bytes, &ReadLimits::default()).unwrap();
        assert!(written(&package).is_some(), "{text}");
    }
}
