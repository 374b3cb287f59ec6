//! Which addresses a name may resolve to, by the IANA registries of special-purpose addresses.
//!
//! The registries: `iana-ipv4-special-registry` and `iana-ipv6-special-registry` (RFC 6890 and its
//! updates, as of 2025), and the multicast ones. What is neither in them nor in the unicast space
//! that was handed out (`2000::/3`) is refused too.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Addresses that a grant opens besides public ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Private {
    /// A range, never with loopback in it.
    Range(IpNet),
    /// One address and port: the only way to grant loopback.
    Exactly(SocketAddr),
}

/// An address that is not dialled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{address} is {what}")]
pub struct UnsafeAddress {
    /// The address.
    pub address: IpAddr,
    /// What it is, such as `private (RFC 1918)`.
    pub what: String,
    /// What a grant could say to allow it; `None` where nothing would.
    pub opens: Option<String>,
}

/// Whether a grant that opens `private` lets `to` be dialled. `own` are the host's own listeners,
/// which nothing opens; one that listens on all addresses is each of them.
///
/// # Errors
/// What the address is, and the entry of `private` that would open it.
pub fn check(to: SocketAddr, private: &[Private], own: &[SocketAddr]) -> Result<(), UnsafeAddress> {
    let refuse = |what: &str, opens| {
        Err(UnsafeAddress {
            address: to.ip(),
            what: what.to_owned(),
            opens,
        })
    };
    if own.iter().any(|own| is_own(to, *own)) {
        return refuse(
            "where this host itself listens, which is never granted",
            None,
        );
    }
    match class(to.ip()) {
        Class::Public => Ok(()),
        Class::Never(what) => refuse(&format!("{what}, which is never granted"), None),
        Class::Loopback if private.contains(&Private::Exactly(to)) => Ok(()),
        Class::Loopback => refuse("loopback", Some(to.to_string())),
        Class::Special(_) if private.iter().any(|one| one.opens(to)) => Ok(()),
        Class::Special(what) => {
            let one = IpNet::from(to.ip());
            refuse(what, Some(one.to_string()))
        }
    }
}

fn is_own(to: SocketAddr, own: SocketAddr) -> bool {
    to.port() == own.port() && (own.ip() == to.ip() || own.ip().is_unspecified())
}

impl Private {
    fn opens(&self, to: SocketAddr) -> bool {
        match self {
            Self::Range(range) => range.contains(&to.ip()),
            Self::Exactly(one) => *one == to,
        }
    }
}

impl fmt::Display for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(range) => range.fmt(f),
            Self::Exactly(one) => one.fmt(f),
        }
    }
}

impl FromStr for Private {
    type Err = String;

    /// A range such as `10.2.0.0/16` without bits beyond its prefix, or an address with a port such
    /// as `127.0.0.1:8443`. What is never granted is an error.
    fn from_str(text: &str) -> Result<Self, String> {
        let shown: String = text.chars().take(60).collect();
        if let Ok(one) = text.parse::<SocketAddr>() {
            return exactly(one, &shown);
        }
        let range: IpNet = text.parse().map_err(|_| {
            format!(
                "`{shown}` is not a range such as `10.2.0.0/16`, nor an address with a port such as `127.0.0.1:8443`"
            )
        })?;
        if range.trunc() != range {
            let whole = range.trunc();
            return Err(format!(
                "`{shown}` has bits beyond its prefix: write `{whole}`"
            ));
        }
        match never_in(&range) {
            Some(why) => Err(format!("`{shown}` {why}")),
            None => Ok(Self::Range(range)),
        }
    }
}

fn exactly(one: SocketAddr, shown: &str) -> Result<Private, String> {
    if one.port() == 0 {
        return Err(format!("`{shown}`: no service listens on port 0"));
    }
    match class(one.ip()) {
        Class::Never(what) => Err(format!("`{shown}` is {what}, which is never granted")),
        Class::Public => Err(format!(
            "`{shown}` is public: `private` is for addresses that are not"
        )),
        Class::Loopback | Class::Special(_) => Ok(Private::Exactly(one)),
    }
}

/// Why no grant opens all of `range`.
fn never_in(range: &IpNet) -> Option<String> {
    let loopback = |(net, kind): &&(IpNet, Kind)| *kind == Loopback && overlap(range, net);
    if SPECIAL.iter().any(|entry| loopback(&entry)) {
        return Some(
            "touches loopback, which is granted by address and port only, such as `127.0.0.1:8443`"
                .to_owned(),
        );
    }
    SPECIAL.iter().find_map(|(net, kind)| match kind {
        // Single addresses within a range are refused when they are met.
        Never(what) if net.contains(range) || is_block(net) && range.contains(net) => {
            Some(format!("touches `{net}`, which is never granted: {what}"))
        }
        _ => None,
    })
}

fn is_block(net: &IpNet) -> bool {
    net.prefix_len() < net.max_prefix_len()
}

fn overlap(a: &IpNet, b: &IpNet) -> bool {
    a.contains(b) || b.contains(a)
}

/// What an address is, once what is inside it has been looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Public,
    /// By address and port alone.
    Loopback,
    /// A grant may open it.
    Special(&'static str),
    /// Nothing opens it.
    Never(&'static str),
}

fn class(address: IpAddr) -> Class {
    let found = SPECIAL.iter().filter(|(net, _)| net.contains(&address));
    // The narrowest entry decides: a metadata address within a private range, and the globally
    // reachable exceptions within a protocol block.
    match found
        .max_by_key(|(net, _)| net.prefix_len())
        .map(|(_, kind)| *kind)
    {
        Some(Global) => Class::Public,
        Some(Loopback) => Class::Loopback,
        Some(Special(what)) => Class::Special(what),
        Some(Never(what)) => Class::Never(what),
        Some(Translated) => translated(address),
        None if is_handed_out(address) => Class::Public,
        None => Class::Never("outside the space that was handed out"),
    }
}

/// NAT64 (RFC 6052): the translator reaches the IPv4 address inside, so that address decides.
fn translated(address: IpAddr) -> Class {
    let IpAddr::V6(v6) = address else {
        return Class::Never("no address to translate");
    };
    let [.., a, b, c, d] = v6.octets();
    match class(IpAddr::V4(Ipv4Addr::new(a, b, c, d))) {
        Class::Public => Class::Public,
        _ => Class::Never("NAT64 around an address that is not public"),
    }
}

fn is_handed_out(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(v6) => v6.segments().first().is_some_and(|first| first >> 13 == 1),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Within a special block, and globally reachable all the same.
    Global,
    Loopback,
    Special(&'static str),
    Never(&'static str),
    /// An IPv4 address stands in its last 32 bits, and is reached.
    Translated,
}

use Kind::{Global, Loopback, Never, Special, Translated};

const METADATA: Kind = Never("where clouds keep their metadata");
const OTHER_FORM: Kind = Never("an IPv4 address in another form");
const DOCUMENTATION: Kind = Special("for documentation");

/// The registries, and what clouds keep secrets at.
const SPECIAL: &[(IpNet, Kind)] = &[
    (v4([0, 0, 0, 0], 8), Never("this host")),
    (v4([10, 0, 0, 0], 8), Special("private (RFC 1918)")),
    (
        v4([100, 64, 0, 0], 10),
        Special("shared by carriers (RFC 6598)"),
    ),
    (v4([100, 100, 100, 200], 32), METADATA),
    (v4([127, 0, 0, 0], 8), Loopback),
    (v4([168, 63, 129, 16], 32), METADATA),
    (
        v4([169, 254, 0, 0], 16),
        Never("link-local, where clouds keep their metadata"),
    ),
    (v4([172, 16, 0, 0], 12), Special("private (RFC 1918)")),
    (v4([192, 0, 0, 0], 24), Special("for protocols (RFC 6890)")),
    (v4([192, 0, 0, 9], 32), Global),
    (v4([192, 0, 0, 10], 32), Global),
    (v4([192, 0, 0, 192], 32), METADATA),
    (v4([192, 0, 2, 0], 24), DOCUMENTATION),
    (v4([192, 31, 196, 0], 24), Global),
    (v4([192, 52, 193, 0], 24), Global),
    (
        v4([192, 88, 99, 0], 24),
        Never("for 6to4 relays (RFC 7526)"),
    ),
    (v4([192, 168, 0, 0], 16), Special("private (RFC 1918)")),
    (v4([192, 175, 48, 0], 24), Global),
    (
        v4([198, 18, 0, 0], 15),
        Special("for benchmarks (RFC 2544)"),
    ),
    (v4([198, 51, 100, 0], 24), DOCUMENTATION),
    (v4([203, 0, 113, 0], 24), DOCUMENTATION),
    (v4([224, 0, 0, 0], 4), Never("multicast")),
    (v4([240, 0, 0, 0], 4), Never("reserved or broadcast")),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 96), OTHER_FORM),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), Never("this host")),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), Loopback),
    (v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96), OTHER_FORM),
    (v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96), OTHER_FORM),
    (v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96), Translated),
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), OTHER_FORM),
    (
        v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64),
        Never("discarded (RFC 6666)"),
    ),
    (
        v6([0x100, 0, 0, 1, 0, 0, 0, 0], 64),
        Never("a dummy (RFC 9780)"),
    ),
    (
        v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
        Special("for protocols (RFC 2928)"),
    ),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32), OTHER_FORM), // Teredo
    (v6([0x2001, 1, 0, 0, 0, 0, 0, 1], 128), Global),
    (v6([0x2001, 1, 0, 0, 0, 0, 0, 2], 128), Global),
    (v6([0x2001, 1, 0, 0, 0, 0, 0, 3], 128), Global),
    (
        v6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48),
        Special("for benchmarks (RFC 5180)"),
    ),
    (v6([0x2001, 3, 0, 0, 0, 0, 0, 0], 32), Global),
    (v6([0x2001, 4, 0x112, 0, 0, 0, 0, 0], 48), Global),
    (
        v6([0x2001, 0x10, 0, 0, 0, 0, 0, 0], 28),
        Never("an identifier, not an address (RFC 4843)"),
    ),
    (
        v6([0x2001, 0x20, 0, 0, 0, 0, 0, 0], 28),
        Never("an identifier, not an address (RFC 7343)"),
    ),
    (
        v6([0x2001, 0x30, 0, 0, 0, 0, 0, 0], 28),
        Never("an identifier, not an address (RFC 9374)"),
    ),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), DOCUMENTATION),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), OTHER_FORM), // 6to4
    (v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), Global),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), DOCUMENTATION),
    (
        v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16),
        Never("a segment identifier (RFC 9602)"),
    ),
    (
        v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),
        Special("private (RFC 4193)"),
    ),
    (v6([0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42], 128), METADATA),
    (v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128), METADATA),
    (v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128), METADATA),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), Never("link-local")),
    (
        v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10),
        Never("site-local (RFC 3879)"),
    ),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), Never("multicast")),
];

const fn v4(octets: [u8; 4], prefix: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::from_octets(octets), prefix))
}

const fn v6(segments: [u16; 8], prefix: u8) -> IpNet {
    let address = Ipv6Addr::from_segments(segments);
    IpNet::V6(Ipv6Net::new_assert(address, prefix))
}

#[cfg(test)]
mod tests;
