//! The kept components, each verified again: what is on the disk is believed as far as its signature
//! is, at this moment, under the rules of this moment.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::thread;

use vouchsafe_ambient::clock;
use vouchsafe_ambient::files::FileError;
use vouchsafe_keys::{Keystore, Purpose};
use vouchsafe_package::signing::{self, Verified, VerifyError};
use vouchsafe_package::{Digest, Marks, Package};
use vouchsafe_policy::apply::InForce;

use crate::home::Home;
use crate::store::{Store, Unverified};

/// Threads that verify at once. More would only wait for each other's memory.
const THREADS: usize = 8;

/// What is kept, and what reading it gave.
pub(crate) struct Kept {
    store: Store,
    marks: Marks,
}

/// Why nobody vouches for a kept component, and what it says of itself if it is a package at all.
pub(crate) struct Untrusted {
    pub(crate) reason: String,
    pub(crate) package: Option<Box<Package>>,
}

impl Kept {
    /// What is kept in `home`.
    pub(crate) fn of(home: &Home, keystore: &Keystore) -> Self {
        Self {
            store: Store::at(home.skills()),
            marks: Marks::at(home.cache(), keystore.mac(Purpose::ReadMarks)),
        }
    }

    /// The files.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Forgets `digest`; fine if it is not here.
    pub(crate) fn remove(&self, digest: &Digest) -> Result<(), FileError> {
        self.store.remove(digest)?;
        self.marks.forget(digest)
    }

    /// Every kept component, and whether somebody vouches for it by what is in force.
    pub(crate) fn verify(
        &self,
        in_force: Option<&InForce>,
    ) -> Result<BTreeMap<Digest, Result<Verified, Untrusted>>, FileError> {
        let digests = self.store.digests()?;
        Ok(on_all_processors(digests, |digest| {
            let verified = self.verify_one(digest, in_force);
            verified.map_err(|reason| Untrusted {
                reason,
                package: self.read(digest).map(Box::new),
            })
        }))
    }

    fn verify_one(&self, digest: &Digest, in_force: Option<&InForce>) -> Result<Verified, String> {
        let nothing = "nothing is in force yet; write `trust.toml`, then run `vouchsafe apply`";
        let content = in_force.ok_or(nothing)?.content();
        let kept = self.store.load(digest).map_err(|error| error.to_string())?;
        let Unverified { component, bundle } = kept.ok_or("it is gone from the store")?;
        let bundle = bundle.ok_or_else(|| VerifyError::Unsigned.to_string())?;
        let verified = signing::verify_again(
            &component,
            &bundle,
            content.trust(),
            content.revocations(),
            &self.marks,
            clock::now(),
        );
        let verified = verified.map_err(|error| error.to_string())?;
        match verified.package().digest {
            actual if actual == *digest => Ok(verified),
            actual => Err(format!("the file now holds {actual}; install it again")),
        }
    }

    /// What the component kept as `digest` says of itself. Nothing of it is believed; a person who is
    /// told that it is off wants to know which.
    fn read(&self, digest: &Digest) -> Option<Package> {
        let kept = self.store.component(digest).ok()?;
        self.marks.read(&kept).ok()
    }
}

/// What `work` makes of each of `items`.
fn on_all_processors<T, U>(items: Vec<T>, work: impl Fn(&T) -> U + Sync) -> BTreeMap<T, U>
where
    T: Ord + Send,
    U: Send,
{
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = processors.min(THREADS).min(items.len());
    let items = Mutex::new(items.into_iter());
    let next = || items.lock().map_or(None, |mut items| items.next());
    let take = || {
        let mut done = Vec::new();
        while let Some(item) = next() {
            let made = work(&item);
            done.push((item, made));
        }
        done
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(take)).collect();
        let mut done: BTreeMap<T, U> = take().into_iter().collect();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_worked_on_once_and_none_is_lost() {
        for many in [0, 1, 7, 1000] {
            let done = on_all_processors((0..many).collect(), |number| number * 2);
            let expected: BTreeMap<i32, i32> =
                (0..many).map(|number| (number, number * 2)).collect();
            assert_eq!(done, expected);
        }
    }

    #[test]
    #[should_panic(expected = "no answer is not an answer")]
    fn a_panic_is_not_taken_for_a_component_that_is_not_there() {
        on_all_processors((0..100).collect(), |number| {
            assert!(*number != 50, "no answer is not an answer");
        });
    }
}
