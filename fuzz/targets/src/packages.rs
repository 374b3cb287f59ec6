//! What authors send: manifests and components.

use vouchsafe_package::diff::diff;
use vouchsafe_package::inspect::facts;
use vouchsafe_package::{Manifest, Package, ReadLimits, reader};

/// `skill.toml`: what parses has one embedded form, which reads back as the same.
pub fn manifest(bytes: &[u8]) {
    crate::text(bytes, |text| match Manifest::parse(text) {
        Ok(manifest) => {
            let back = Manifest::from_embedded(&manifest.embed());
            assert_eq!(back.as_ref(), Ok(&manifest));
        }
        Err(error) => drop(error.to_string()),
    });
}

/// The embedded form: what is read is exactly what would be written.
pub fn manifest_embedded(bytes: &[u8]) {
    match Manifest::from_embedded(bytes) {
        Ok(manifest) => assert_eq!(manifest.embed(), bytes),
        Err(error) => drop(error.to_string()),
    }
}

/// A component: read within bounds, and whatever is a package can be shown and compared.
pub fn component(bytes: &[u8]) {
    let limits = ReadLimits::default();
    let raw = reader::read(bytes, &limits).is_ok();
    match Package::read(bytes, &limits) {
        Ok(package) => {
            assert!(raw, "a package whose component is refused");
            drop(facts(&package, None).to_string());
            assert!(
                !diff(&package, &package).needs_approval(),
                "more than itself"
            );
        }
        Err(error) => drop(error.to_string()),
    }
}
