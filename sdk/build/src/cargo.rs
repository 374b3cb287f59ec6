//! One call of cargo, and the components that it made.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::{BuildError, Toolchain};

/// How a skill is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Quick to compile.
    Dev,
    /// As the crate's `[profile.release]` says; what is packed and signed.
    Release,
}

/// A component that cargo made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Component {
    /// The crate's name, as in its `Cargo.toml`.
    pub name: String,
    /// The folder of its `Cargo.toml`.
    pub source: PathBuf,
    /// The `.wasm` file.
    pub path: PathBuf,
}

impl Toolchain {
    /// Compiles the one skill whose crate is in `folder`, and returns its component. Cargo's own
    /// words go to stderr.
    ///
    /// # Errors
    /// When cargo fails, or the crate makes no component or several.
    pub fn build(
        &self,
        folder: &Path,
        target_dir: &Path,
        profile: Profile,
    ) -> Result<PathBuf, BuildError> {
        let mut components = self.run(folder, target_dir, profile, false)?;
        match (components.pop(), components.is_empty()) {
            (Some(component), true) => Ok(component.path),
            (None, _) => Err(BuildError::NoComponent(folder.to_owned())),
            (Some(_), false) => Err(BuildError::Several(folder.to_owned())),
        }
    }

    /// Compiles every skill of the cargo workspace in `folder` in one call, by name.
    ///
    /// # Errors
    /// When cargo fails, or no member makes a component.
    pub fn build_all(
        &self,
        folder: &Path,
        target_dir: &Path,
        profile: Profile,
    ) -> Result<Vec<Component>, BuildError> {
        let components = self.run(folder, target_dir, profile, true)?;
        if components.is_empty() {
            return Err(BuildError::NoComponent(folder.to_owned()));
        }
        Ok(components)
    }

    fn run(
        &self,
        folder: &Path,
        target: &Path,
        profile: Profile,
        all: bool,
    ) -> Result<Vec<Component>, BuildError> {
        let failed = |source| BuildError::Run {
            program: "cargo".to_owned(),
            source,
        };
        // Cargo runs in the skill's folder, since its settings are looked up from where it runs.
        let folder = &std::path::absolute(folder).map_err(failed)?;
        let target = &std::path::absolute(target).map_err(failed)?;
        let manifest = folder.join("Cargo.toml");
        if !manifest.is_file() {
            return Err(BuildError::NoCrate(folder.to_owned()));
        }
        let mut cargo = self.cargo_build();
        cargo.args(["--lib", "--message-format", "json-render-diagnostics"]);
        cargo
            .arg("--manifest-path")
            .arg(&manifest)
            .arg("--target-dir")
            .arg(target);
        if all {
            cargo.arg("--workspace");
        }
        if profile == Profile::Release {
            cargo.arg("--release");
        }
        cargo
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = cargo.spawn().map_err(failed)?;
        let messages = child.stdout.take().map(BufReader::new);
        let lines = messages
            .into_iter()
            .flat_map(BufRead::lines)
            .map_while(Result::ok);
        let mut components: Vec<_> = lines.filter_map(|line| component(&line)).collect();
        components.sort();
        match child.wait().map_err(failed)?.success() {
            true => Ok(components),
            false => Err(BuildError::Cargo(folder.to_owned())),
        }
    }
}

/// The component that a message of cargo's speaks of, if it speaks of one.
fn component(message: &str) -> Option<Component> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is = |pointer: &str, wanted: &str| {
        message
            .pointer(pointer)
            .is_some_and(|found| found == wanted)
    };
    if !is("/reason", "compiler-artifact") {
        return None;
    }
    let files = message
        .get("filenames")?
        .as_array()?
        .iter()
        .filter_map(Value::as_str);
    let path = files
        .filter(|file| file.ends_with(".wasm"))
        .map(PathBuf::from)
        .next()?;
    let manifest = Path::new(message.get("manifest_path")?.as_str()?);
    let source = manifest.parent()?.to_owned();
    let name = message.pointer("/target/name")?.as_str()?.replace('_', "-");
    Some(Component { name, source, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_wasm_artifact_is_a_component() {
        let said = r#"{"reason":"compiler-artifact","manifest_path":"/s/echo/Cargo.toml","target":{"name":"echo_it"},"filenames":["/t/libecho.rlib","/t/echo_it.wasm"]}"#;
        let found = component(said).unwrap();
        assert_eq!(
            (found.name.as_str(), found.source, found.path),
            ("echo-it", "/s/echo".into(), "/t/echo_it.wasm".into())
        );
        assert_eq!(
            component(r#"{"reason":"build-finished","success":true}"#),
            None
        );
        assert_eq!(component("not json"), None);
    }

    #[test]
    fn a_folder_without_a_crate_is_named() {
        let empty = tempfile::tempdir().unwrap();
        let Ok(toolchain) = Toolchain::installed(&mut |_| ())
            .ok_or(())
            .or_else(|()| Toolchain::from_source(&mut |_| ()).map_err(|_| ()))
        else {
            println!("skipped: no toolchain for skills on this machine");
            return;
        };
        let refused = toolchain.build(empty.path(), empty.path(), Profile::Dev);
        assert!(matches!(refused, Err(BuildError::NoCrate(_))));
    }
}
