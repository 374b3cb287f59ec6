//! The inert list: interfaces that language runtimes import whether or not the author's code uses
//! them, and that give a skill nothing.
//!
//! They need no declaration. The engine links each to something that does nothing, and has a test
//! for each line here that it does.

use semver::Version;

/// An interface on the list, and what the host puts behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inert {
    /// Without its version: any `0.2.x` of it is meant.
    pub interface: &'static str,
    /// What a skill finds there.
    pub finds: &'static str,
}

const fn line(interface: &'static str, finds: &'static str) -> Inert {
    Inert { interface, finds }
}

/// The list. Files are inert as long as the manifest declares none.
pub const LIST: &[Inert] = &[
    line(
        "wasi:cli/environment",
        "no variables, no arguments, no directory",
    ),
    line("wasi:cli/exit", "the end of its call"),
    line("wasi:cli/stdin", "an end of input"),
    line("wasi:cli/stdout", "a bounded stream to the operator's log"),
    line("wasi:cli/stderr", "a bounded stream to the operator's log"),
    line("wasi:cli/terminal-input", "no terminal"),
    line("wasi:cli/terminal-output", "no terminal"),
    line("wasi:cli/terminal-stdin", "no terminal"),
    line("wasi:cli/terminal-stdout", "no terminal"),
    line("wasi:cli/terminal-stderr", "no terminal"),
    line("wasi:io/error", "errors of its own streams"),
    line("wasi:io/poll", "waiting, within its deadline"),
    line("wasi:io/streams", "streams that something else gave it"),
    line("wasi:clocks/monotonic-clock", "time passing"),
    line("wasi:clocks/wall-clock", "the time of day"),
    line("wasi:random/random", "random bytes"),
    line("wasi:random/insecure", "random bytes"),
    line("wasi:random/insecure-seed", "a random number"),
    line(FILES_TYPES, "files of folders that it was given: none"),
    line(FILES_PREOPENS, "no folders"),
    line("wasi:sockets/network", "error codes"),
    line("wasi:sockets/instance-network", "a network that refuses"),
    line("wasi:sockets/tcp", "sockets that refuse"),
    line("wasi:sockets/tcp-create-socket", "a refusal"),
    line("wasi:sockets/udp", "sockets that refuse"),
    line("wasi:sockets/udp-create-socket", "a refusal"),
    line("wasi:sockets/ip-name-lookup", "a refusal"),
];

/// The types of files and folders.
pub const FILES_TYPES: &str = "wasi:filesystem/types";
/// The folders that a skill is given.
pub const FILES_PREOPENS: &str = "wasi:filesystem/preopens";

/// The line for an interface in this version, if it is on the list.
#[must_use]
pub fn find(interface: &str, version: Option<&Version>) -> Option<&'static Inert> {
    let listed = LIST.iter().find(|line| line.interface == interface)?;
    version.is_some_and(is_wasi_0_2).then_some(listed)
}

/// Whether a version is a release of WASI 0.2, whichever patch.
#[must_use]
pub fn is_wasi_0_2(version: &Version) -> bool {
    (version.major, version.minor) == (0, 2) && version.pre.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_patch_of_wasi_0_2_and_nothing_else_is_inert() {
        let version = |text: &str| Version::parse(text).unwrap();
        assert!(find("wasi:cli/environment", Some(&version("0.2.0"))).is_some());
        assert!(find("wasi:cli/environment", Some(&version("0.2.99"))).is_some());
        for other in ["0.3.0", "0.2.0-rc-2023-11-10", "1.2.0"] {
            assert!(
                find("wasi:cli/environment", Some(&version(other))).is_none(),
                "{other}"
            );
        }
        assert!(find("wasi:cli/environment", None).is_none());
        assert!(find("wasi:cli/command", Some(&version("0.2.0"))).is_none());
        assert!(find("wasi:http/outgoing-handler", Some(&version("0.2.0"))).is_none());
    }
}
