//! Secret bytes: wiped when dropped, and never printed, cloned or serialised.

use zeroize::Zeroizing;

/// Bytes that only [`Secret::expose`] shows. Wiped from memory when dropped.
///
/// It has no `Debug`, `Display`, `Clone` or `Serialize`, so that no log line, error or copy can carry it;
/// the build fails if somebody adds one.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes `bytes` over; the caller's vector is the only copy.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes themselves. One grep for this name lists every place that looks.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

/// Fails the build when `$type` implements one of `$forbidden`: the name `item` is then ambiguous.
#[macro_export]
macro_rules! never_implements {
    ($type:ty: $($forbidden:path),+ $(,)?) => {$(
        const _: fn() = || {
            trait Ambiguous<Marker> {
                fn item() {}
            }
            impl<T: ?Sized> Ambiguous<()> for T {}
            struct Forbidden;
            impl<T: ?Sized + $forbidden> Ambiguous<Forbidden> for T {}
            let _ = <$type as Ambiguous<_>>::item;
        };
    )+};
}

never_implements!(Secret: std::fmt::Debug, std::fmt::Display, Clone, serde::Serialize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_keeps_its_bytes() {
        assert_eq!(Secret::from(String::from("hunter2")).expose(), b"hunter2");
    }
}
