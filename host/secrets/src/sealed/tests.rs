use vouchsafe_keys::{Algorithm, Keystore, PrivateKey, Purpose, Seal};

use super::*;

const VALUE: &[u8] = b"tok_live_4Q7mXe1vZb9c";

struct Host {
    operator: PrivateKey,
    key: SealingKey,
    mac: MacKey,
    _directory: tempfile::TempDir,
}

impl Host {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let seal = Seal::KeyFile(directory.path().join("seal.key"));
        let keystore = Keystore::create(&directory.path().join("keystore.json"), &seal).unwrap();
        Self {
            operator: PrivateKey::generate(Algorithm::default()).unwrap(),
            key: keystore.sealer(Purpose::Credentials),
            mac: keystore.mac(Purpose::AppliedState),
            _directory: directory,
        }
    }

    fn change(&self, number: u64, sealed: Option<&[u8]>) -> Change {
        Change {
            version: Change::VERSION,
            number,
            operator: self.operator.public().fingerprint(),
            at: "2026-01-01T00:00:00Z".parse().unwrap(),
            after: Digest::of(b""),
            name: "bank-token".to_owned(),
            sealed: sealed.map(Digest::of),
            weak: false,
        }
    }

    fn sealed(&self, value: &[u8], number: u64) -> Vec<u8> {
        self.key
            .seal(value, &context("bank-token", number))
            .unwrap()
    }

    fn make(
        &self,
        to: &Sealed,
        change: &Change,
        bytes: Option<&[u8]>,
    ) -> Result<Sealed, ChangeError> {
        let state = to.state(None, &self.mac);
        let change = Change {
            after: state,
            ..change.clone()
        };
        self.make_as_signed(to, &change, bytes)
    }

    fn make_as_signed(
        &self,
        to: &Sealed,
        change: &Change,
        bytes: Option<&[u8]>,
    ) -> Result<Sealed, ChangeError> {
        let signed = change.sign(&self.operator).unwrap();
        let (state, enrolled) = (to.state(None, &self.mac), [self.operator.public()]);
        let changed = to.changed(&signed, bytes, (&enrolled, &state), &self.key);
        changed.map(|(after, _)| after)
    }
}

#[test]
fn what_an_operator_signed_is_kept_once_and_in_order() {
    let host = Host::new();
    let bytes = host.sealed(VALUE, 1);
    let change = host.change(1, Some(&bytes));
    let kept = host
        .make(&Sealed::default(), &change, Some(&bytes))
        .unwrap();
    assert_eq!(
        kept.open("bank-token", &host.key)
            .unwrap()
            .unwrap()
            .expose(),
        VALUE
    );
    assert!(matches!(
        host.make(&kept, &change, Some(&bytes)),
        Err(ChangeError::NotNext { signed: 1, next: 2 })
    ));
    let gone = host.make(&kept, &host.change(2, None), None).unwrap();
    assert_eq!((gone.number, gone.entries().count()), (2, 0));
    assert!(matches!(
        host.make(&gone, &host.change(3, None), None),
        Err(ChangeError::Absent(_))
    ));
}

#[test]
fn other_keys_bytes_names_and_numbers_are_refused() {
    let host = Host::new();
    let bytes = host.sealed(VALUE, 1);
    let (empty, change) = (Sealed::default(), host.change(1, Some(&bytes)));
    let stranger = PrivateKey::generate(Algorithm::default()).unwrap();
    let signed = change.sign(&stranger).unwrap();
    let enrolled = [host.operator.public()];
    assert!(matches!(
        empty.changed(&signed, Some(&bytes), (&enrolled, &change.after), &host.key),
        Err(ChangeError::Unsigned(_))
    ));
    // Enrolled, and signs under the other's name.
    let both = [host.operator.public(), stranger.public()];
    assert!(matches!(
        empty.changed(&signed, Some(&bytes), (&both, &change.after), &host.key),
        Err(ChangeError::Unsigned(_))
    ));
    let other = host.sealed(b"tok_live_another_one", 1);
    assert!(matches!(
        host.make(&empty, &change, Some(&other)),
        Err(ChangeError::OtherBytes)
    ));
    assert!(matches!(
        host.make(&empty, &change, None),
        Err(ChangeError::OtherBytes)
    ));
    let late = host.sealed(VALUE, 2);
    assert!(matches!(
        host.make(&empty, &host.change(1, Some(&late)), Some(&late)),
        Err(ChangeError::Seal(_))
    ));
    let mut named = change;
    named.name = "../bank".to_owned();
    assert!(matches!(
        host.make(&empty, &named, Some(&bytes)),
        Err(ChangeError::Name(_))
    ));
}

#[test]
fn what_was_signed_for_one_state_of_one_host_holds_nowhere_else() {
    let (host, other) = (Host::new(), Host::new());
    let keep = |value: &[u8]| {
        let bytes = host.sealed(value, 1);
        let change = host.change(1, Some(&bytes));
        host.make(&Sealed::default(), &change, Some(&bytes))
            .unwrap()
    };
    let (kept, otherwise) = (keep(VALUE), keep(VALUE));
    let mut removal = host.change(2, None);
    let states = [
        otherwise.state(None, &host.mac),
        kept.state(None, &other.mac),
        kept.state(Some(&Digest::of(b"the statement of a restore")), &host.mac),
    ];
    for state in states {
        removal.after = state;
        assert!(matches!(
            host.make_as_signed(&kept, &removal, None),
            Err(ChangeError::Elsewhere)
        ));
    }
    removal.after = kept.state(None, &host.mac);
    host.make_as_signed(&kept, &removal, None).unwrap();
}

#[test]
fn a_weak_value_is_kept_by_the_operator_s_word_alone() {
    let host = Host::new();
    let bytes = host.sealed(b"hunter2!", 1);
    let mut change = host.change(1, Some(&bytes));
    assert!(matches!(
        host.make(&Sealed::default(), &change, Some(&bytes)),
        Err(ChangeError::Weak)
    ));
    change.weak = true;
    assert!(
        host.make(&Sealed::default(), &change, Some(&bytes))
            .unwrap()
            .get("bank-token")
            .unwrap()
            .weak
    );
}

#[test]
fn an_entry_under_another_name_does_not_open() {
    let host = Host::new();
    let bytes = host.sealed(VALUE, 1);
    let mut kept = host
        .make(
            &Sealed::default(),
            &host.change(1, Some(&bytes)),
            Some(&bytes),
        )
        .unwrap();
    let entry = kept.entries.remove("bank-token").unwrap();
    kept.entries.insert("shop-token".to_owned(), entry);
    assert!(kept.open("shop-token", &host.key).unwrap().is_err());
}
