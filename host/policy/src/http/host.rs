//! A host in its one spelling.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The name or address of a host, in the one spelling that is not refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Host {
    /// A name: ASCII labels in lower case, without a last dot. Other scripts are in their `xn--` form.
    Name(String),
    /// An address, as RFC 5952 and dotted decimals write it.
    Address(IpAddr),
}

/// The longest name (RFC 1035, 2.3.4), and the longest label.
const NAME: usize = 253;
const LABEL: usize = 63;

impl Host {
    /// Reads a host as it stands in a URL; an IPv6 address stands in brackets.
    ///
    /// # Errors
    /// Why it is not in its one spelling.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(inside) = text.strip_prefix('[') {
            return v6(inside.strip_suffix(']').ok_or("a bracket is missing")?);
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.into())); // std reads dotted decimals only
        }
        name(text).map(|()| Self::Name(text.to_owned()))
    }
}

fn v6(inside: &str) -> Result<Host, &'static str> {
    match inside.parse::<Ipv6Addr>() {
        Ok(address) if address.to_string() == inside => Ok(Host::Address(address.into())),
        _ => Err("an address is not in its normal spelling"),
    }
}

fn name(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("there is no host");
    }
    if !text.is_ascii() {
        return Err("a host has other characters than ASCII");
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err("a host is not in lower case");
    }
    if text.len() > NAME || !text.split('.').all(is_label) {
        return Err("a host is not made of labels with single dots between them");
    }
    // What ends in a number is read as an address by some (WHATWG URL, "ends in a number").
    let last = text.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x");
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit());
    if is_number || hex.is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return Err("an address is not in its normal spelling");
    }
    Ok(())
}

/// Letters, digits and inner hyphens; underscores, which names inside of networks have.
pub(super) fn is_label(label: &str) -> bool {
    let plain = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
    };
    (1..=LABEL).contains(&label.len())
        && label.bytes().all(plain)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_spelling() {
        for right in [
            "bank.example",
            "a",
            "xn--bcher-kva.example",
            "127.0.0.1",
            "[::1]",
            "[2001:db8::1]",
            "erp_1.corp",
            "1and1.com",
        ] {
            assert_eq!(Host::parse(right).unwrap().to_string(), right);
        }
        for wrong in [
            "",
            ".",
            "bank.example.",
            ".bank",
            "a..b",
            "BANK.example",
            "bücher.example",
            "ｂank.example",
            "127.1",
            "127.0.0.01",
            "0x7f.1",
            "0177.0.0.1",
            "2130706433",
            "0x7f000001",
            "127.0.0.1.",
            "1.2.3.4.5",
            "[::1",
            "::1",
            "[::1%25eth0]",
            "[fe80::1%eth0]",
            "[0:0:0:0:0:0:0:1]",
            "[::FFFF:1.2.3.4]",
            "[1.2.3.4]",
            "user@bank.example",
            "a b",
            "a/b",
            "a?b",
            "a#b",
            "a%2eb",
            "-a",
            "a-",
            "*.example",
            "a\0b",
            "a:1",
        ] {
            assert!(Host::parse(wrong).is_err(), "{wrong}");
        }
    }
}
