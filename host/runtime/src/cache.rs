//! Compiled code on disk: authenticated, and good for one component on one build of the engine.
//!
//! Compiled code is machine code, so whoever writes it here owns the host. Each file carries a MAC
//! over all of it; it is read once, the MAC of those bytes is checked, and those bytes are loaded.
//! Whatever is off in any way counts as absent. No other code is ever accepted in compiled form.

use crate::engine::refused;
use crate::error::LoadError;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use vouchsafe_ambient::files::{self, Access};
use vouchsafe_keys::MacKey;
use vouchsafe_package::Digest;
use wasmtime::component::Component;

/// The largest compiled code that is made or kept. Real skills take 1 to 10 MiB.
pub(crate) const CODE_BYTES: u64 = 256 << 20;

/// What a file is, and of which form.
const MAGIC: &[u8; 16] = b"vouchsafe code 1";

const TAG: usize = 32;
/// Magic, digest of the component, hash of the engine.
const HEADER: usize = 16 + 32 + 8;

/// The compiled code that this host made before.
pub(crate) struct Cache {
    directory: Option<PathBuf>,
    key: MacKey,
    engine: [u8; 8],
}

impl Cache {
    pub(crate) fn new(
        directory: Option<PathBuf>,
        key: MacKey,
        engine: &wasmtime::Engine,
    ) -> Result<Self, LoadError> {
        if let Some(directory) = &directory {
            files::create_private_directory(directory)?;
        }
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self {
            directory,
            key,
            engine: hasher.finish().to_be_bytes(),
        })
    }

    /// The code of the component with `digest`, if this host made it for this engine.
    pub(crate) fn load(&self, engine: &wasmtime::Engine, digest: Digest) -> Option<Component> {
        let path = self.path(digest)?;
        let limit = CODE_BYTES + (TAG + HEADER) as u64;
        let bytes = files::read_if_present(&path, limit).ok().flatten()?;
        let code = self.open(digest, &bytes);
        if code.is_none() {
            tracing::warn!(path = %path.display(), "compiled code is not ours or not for this engine; compiling again");
        }
        deserialize(engine, code?).ok()
    }

    /// Keeps `code`, just compiled by our own child, and loads it.
    pub(crate) fn store(
        &self,
        engine: &wasmtime::Engine,
        digest: Digest,
        code: Vec<u8>,
    ) -> Result<Component, LoadError> {
        let component = deserialize(engine, &code)?;
        if let Some(path) = self.path(digest) {
            // Without the file the next start is slower, and nothing else.
            if let Err(error) =
                files::write_atomic(&path, &self.seal(digest, &code), Access::Private)
            {
                tracing::warn!(%error, "compiled code is not kept");
            }
        }
        Ok(component)
    }

    fn path(&self, digest: Digest) -> Option<PathBuf> {
        let name = digest.to_string().replace(':', "-");
        Some(self.directory.as_ref()?.join(format!("{name}.code")))
    }

    fn header(&self, digest: Digest) -> Vec<u8> {
        [MAGIC.as_slice(), digest.as_bytes(), &self.engine].concat()
    }

    fn seal(&self, digest: Digest, code: &[u8]) -> Vec<u8> {
        let signed = [self.header(digest).as_slice(), code].concat();
        [self.key.tag(&signed).as_slice(), &signed].concat()
    }

    fn open<'b>(&self, digest: Digest, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let (tag, signed) = bytes.split_at_checked(TAG)?;
        let (header, code) = signed.split_at_checked(HEADER)?;
        let ours = self.key.verify(signed, tag) && header == self.header(digest);
        ours.then_some(code)
    }
}

#[expect(
    unsafe_code,
    reason = "the one way to load compiled code; both callers hold code that this host compiled"
)]
fn deserialize(engine: &wasmtime::Engine, code: &[u8]) -> Result<Component, LoadError> {
    // SAFETY: `code` was made by `Engine::precompile_component` in our own compiling child: `store`
    // has it from that child's pipe, `load` has checked a MAC over exactly these bytes with a key
    // that only this host holds. wasmtime copies them before use, so a file that changes now does
    // not matter, and checks version and settings itself.
    unsafe { Component::deserialize(engine, code) }.map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::config;
    use vouchsafe_keys::{Keystore, Purpose, Seal};

    fn key(dir: &std::path::Path, purpose: Purpose) -> MacKey {
        let secret = dir.join("seal");
        let store = dir.join("keys");
        if !store.exists() {
            Keystore::create(&store, &Seal::KeyFile(secret.clone())).unwrap();
        }
        Keystore::open(&store, &Seal::KeyFile(secret))
            .unwrap()
            .mac(purpose)
    }

    #[test]
    fn code_that_was_changed_swapped_cut_or_made_elsewhere_is_absent() {
        let dir = tempfile::tempdir().unwrap();
        let engine = wasmtime::Engine::new(&config()).unwrap();
        let place = Some(dir.path().join("code"));
        let cache =
            Cache::new(place.clone(), key(dir.path(), Purpose::CodeCache), &engine).unwrap();
        let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
        let code = engine
            .precompile_component(&wat::parse_str("(component)").unwrap())
            .unwrap();
        cache.store(&engine, one, code).unwrap();
        assert!(cache.load(&engine, one).is_some());
        assert!(cache.load(&engine, two).is_none());

        let path = cache.path(one).unwrap();
        let good = files::read_bounded(&path, CODE_BYTES).unwrap();
        let write = |path: &std::path::Path, bytes: &[u8]| {
            files::write_atomic(path, bytes, Access::Private).unwrap()
        };

        write(&cache.path(two).unwrap(), &good);
        assert!(
            cache.load(&engine, two).is_none(),
            "the code of another component"
        );
        for at in [0, TAG, TAG + 20, TAG + 50, TAG + HEADER, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            write(&path, &bad);
            assert!(cache.load(&engine, one).is_none(), "byte {at}");
        }
        for cut in [0, 5, TAG, TAG + HEADER, good.len() - 1] {
            write(&path, &good[..cut]);
            assert!(cache.load(&engine, one).is_none(), "cut to {cut}");
        }
        write(&path, &good);
        let other_key =
            Cache::new(place.clone(), key(dir.path(), Purpose::Sealing), &engine).unwrap();
        assert!(other_key.load(&engine, one).is_none());
        let mut other = config();
        other.consume_fuel(false);
        let other = wasmtime::Engine::new(&other).unwrap();
        let other_engine = Cache::new(place, key(dir.path(), Purpose::CodeCache), &other).unwrap();
        assert!(other_engine.load(&other, one).is_none());
        assert!(cache.load(&engine, one).is_some());
    }
}
