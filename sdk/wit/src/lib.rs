//! The WIT that a skill may import, as text: our package and WASI's.
//!
//! WASI's core comes from the locked crate that ships it and is laid here by the build script.
//! `wasi:config` and `wasi:keyvalue`, which only large crates ship, are declared in `declared/`.
//!
//! ```
//! let names: Vec<_> = vouchsafe_wit::PACKAGES.iter().map(|package| package.name).collect();
//! assert!(names.contains(&"wasi:http") && names.contains(&"vouchsafe:skill"));
//! ```

/// One WIT package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package {
    /// Its name without version, such as `wasi:http`.
    pub name: &'static str,
    /// All of it as one WIT document.
    pub text: &'static str,
}

impl Package {
    /// A file name for it, such as `wasi-http.wit`.
    pub fn file_name(&self) -> String {
        format!("{}.wit", self.name.replace(':', "-"))
    }
}

/// Every package that a skill may import without shipping it; each stands after those it uses.
pub const PACKAGES: &[Package] = &[
    Package {
        name: "wasi:io",
        text: include_str!(concat!(env!("OUT_DIR"), "/wasi-io.wit")),
    },
    Package {
        name: "wasi:clocks",
        text: include_str!(concat!(env!("OUT_DIR"), "/wasi-clocks.wit")),
    },
    Package {
        name: "wasi:random",
        text: include_str!(concat!(env!("OUT_DIR"), "/wasi-random.wit")),
    },
    Package {
        name: "wasi:filesystem",
        text: include_str!(concat!(env!("OUT_DIR"), "/wasi-filesystem.wit")),
    },
    Package {
        name: "wasi:sockets",
        text: include_str!(concat!(env!("OUT_DIR"), "/wasi-sockets.wit")),
    },
    Package {
        name: "wasi:cli",
        text: include_str!(concat!(env!("OUT_DIR"), "/wasi-cli.wit")),
    },
    Package {
        name: "wasi:http",
        text: include_str!(concat!(env!("OUT_DIR"), "/wasi-http.wit")),
    },
    Package {
        name: "wasi:config",
        text: include_str!("../declared/config.wit"),
    },
    Package {
        name: "wasi:keyvalue",
        text: include_str!("../declared/keyvalue.wit"),
    },
    Package {
        name: "vouchsafe:skill",
        text: include_str!(concat!(env!("OUT_DIR"), "/vouchsafe-skill.wit")),
    },
];

/// The carried packages that a skill's own WIT texts do not bring themselves, each as the path and
/// text of a file beside them. With these the texts resolve, as they do for the SDK's macro.
pub fn missing_from<'a>(own: impl IntoIterator<Item = &'a str>) -> Vec<(String, &'static str)> {
    let brought: Vec<&str> = own.into_iter().filter_map(declared).collect();
    let missing = PACKAGES
        .iter()
        .filter(|package| declared(package.text).is_none_or(|name| !brought.contains(&name)));
    missing
        .map(|package| (format!("deps/{}", package.file_name()), package.text))
        .collect()
}

/// The package that a WIT text declares, with its version.
fn declared(text: &str) -> Option<&str> {
    let line = text
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("package "))?;
    let end = line.find([';', ' ', '{']).unwrap_or(line.len());
    line.get(..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_skill_brings_is_not_laid_beside_it() {
        let own = [
            "/// Words.\npackage acme:erp@1.0.0;",
            "package wasi:http@0.2.12;\ninterface types {}",
            "package wasi:cli@0.2.4;",
        ];
        let laid = missing_from(own);
        assert_eq!(laid.len(), PACKAGES.len() - 1);
        assert!(laid.iter().all(|(path, _)| path != "deps/wasi-http.wit"));
        assert!(laid.iter().any(|(path, _)| path == "deps/wasi-cli.wit"));
    }

    #[test]
    fn every_package_resolves_against_those_before_it() {
        let mut resolve = wit_parser::Resolve::default();
        for package in PACKAGES {
            let id = resolve
                .push_source(&package.file_name(), package.text)
                .unwrap();
            let name = &resolve.packages[id].name;
            assert_eq!(format!("{}:{}", name.namespace, name.name), package.name);
        }
    }
}
