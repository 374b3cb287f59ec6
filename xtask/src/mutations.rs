//! Takes out one gate call at a time and sees the test that guards it fail: a defence that nothing
//! calls is none, and a test that can't fail guards nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::steps::{Steps, cargo, root};

/// The list, with what each field means.
const LIST: &str = "tests/mutations.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    mutation: Vec<Mutation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutation {
    takes_out: String,
    file: PathBuf,
    find: String,
    replace: String,
    fails: Test,
}

/// Which test must fail.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    file: PathBuf,
    test: String,
}

/// Makes each mutation whose words contain `filter`, and fails unless every one is noticed.
///
/// # Errors
/// The mutations that no test noticed; a list that no longer fits the source.
pub(crate) fn run(steps: &mut Steps, filter: Option<&str>) -> Result<()> {
    restore_what_was_left()?;
    let list = read()?;
    let wanted = |one: &&Mutation| filter.is_none_or(|filter| one.takes_out.contains(filter));
    let mut missed = Vec::new();
    for mutation in list.mutation.iter().filter(wanted) {
        let name = format!("without {}", mutation.takes_out);
        if let Err(error) = steps.step(&name, || mutation.is_noticed()) {
            eprintln!("    {error:#}");
            missed.push(name);
        }
    }
    steps.run("build as it was", &mut build())?;
    ensure!(missed.is_empty(), "not noticed: {}", missed.join("; "));
    Ok(())
}

fn read() -> Result<List> {
    let text = std::fs::read_to_string(root().join(LIST))?;
    let list: List = toml::from_str(&text).context(LIST)?;
    list.mutation.iter().try_for_each(Mutation::still_fits)?;
    Ok(list)
}

fn build() -> Command {
    let mut command = cargo();
    command
        .env("CARGO_INCREMENTAL", "1")
        .args(["build", "--release", "--quiet"]);
    command.args(SHARED);
    command
}

/// Chosen with every package, so that what these and it depend on has the features that it has in the whole workspace,
/// where it is compiled already.
const SHARED: [&str; 4] = ["--package", "vouchsafe", "--package", "vouchsafe-tests"];

impl Mutation {
    /// What is to be taken out stands there exactly once, and the test is there.
    fn still_fits(&self) -> Result<()> {
        let Self {
            takes_out, file, ..
        } = self;
        let found = source(file)?.matches(&self.find).count();
        ensure!(
            found == 1,
            "{LIST}: `{takes_out}`: its text stands {found} times in {}, want once",
            file.display()
        );
        ensure!(
            self.find != self.replace,
            "{LIST}: `{takes_out}` changes nothing"
        );
        let Test { file, test } = &self.fails;
        ensure!(
            source(file)?.contains(&format!("fn {test}(")),
            "{LIST}: `{takes_out}`: there is no test `{test}` in {}",
            file.display()
        );
        Ok(())
    }

    fn is_noticed(&self) -> Result<()> {
        let _restored = Mutated::make(&self.file, &self.find, &self.replace)?;
        ensure!(
            build().status()?.success(),
            "it does not compile, so nothing was tested"
        );
        let output = self.fails.command()?.output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        let failed = said
            .lines()
            .any(|line| line.contains(&self.fails.test) && line.ends_with("FAILED"));
        if !failed {
            bail!("`{}` did not fail:\n{said}", self.fails.test);
        }
        Ok(())
    }
}

impl Test {
    fn command(&self) -> Result<Command> {
        // The file below `tests` itself, or the folder there that holds its modules.
        let of_tests = |it: &&Path| it.parent().is_some_and(|it| it.ends_with("tests"));
        let program = self.file.ancestors().find(of_tests);
        let is_unit = self.file.iter().any(|part| part == "src");
        let mut command = cargo();
        command.env("CARGO_INCREMENTAL", "1").args([
            "test",
            "--release",
            "--quiet",
            "--package",
            &self.package()?,
        ]);
        command.args(SHARED);
        match program.and_then(Path::file_stem) {
            Some(stem) if !is_unit => command.arg("--test").arg(stem),
            _ => command.arg("--lib"),
        };
        command.args(["--", "--format", "pretty", &self.test]);
        Ok(command)
    }

    /// The package that the file belongs to.
    fn package(&self) -> Result<String> {
        for folder in self.file.ancestors().skip(1) {
            let Ok(manifest) = std::fs::read_to_string(root().join(folder).join("Cargo.toml"))
            else {
                continue;
            };
            let manifest: toml::Table = manifest.parse()?;
            let name = manifest.get("package").and_then(|it| it.get("name"));
            let name = name.and_then(toml::Value::as_str);
            return Ok(name.context("a package has a name")?.to_owned());
        }
        bail!("`{}` belongs to no package", self.file.display())
    }
}

fn source(file: &Path) -> Result<String> {
    std::fs::read_to_string(root().join(file)).with_context(|| file.display().to_string())
}

/// A changed source file, put back when this is dropped; or at the next start, if we are killed.
struct Mutated {
    file: PathBuf,
    good: String,
}

/// Where the good text is kept meanwhile: the file's path in the first line.
fn kept() -> PathBuf {
    root().join("target").join("mutated-source")
}

impl Mutated {
    fn make(file: &Path, find: &str, replace: &str) -> Result<Self> {
        let good = source(file)?;
        std::fs::create_dir_all(root().join("target"))?;
        std::fs::write(kept(), format!("{}\n{good}", file.display()))?;
        let mutated = Self {
            file: file.to_owned(),
            good,
        };
        std::fs::write(root().join(file), mutated.good.replacen(find, replace, 1))?;
        Ok(mutated)
    }
}

impl Drop for Mutated {
    fn drop(&mut self) {
        match std::fs::write(root().join(&self.file), &self.good) {
            Ok(()) => drop(std::fs::remove_file(kept())),
            Err(error) => eprintln!("{} was not put back: {error}", self.file.display()),
        }
    }
}

fn restore_what_was_left() -> Result<()> {
    let Ok(left) = std::fs::read_to_string(kept()) else {
        return Ok(());
    };
    let (file, good) = left.split_once('\n').context("a path and its text")?;
    std::fs::write(root().join(file), good)?;
    eprintln!("{file} was put back, which an earlier run had left changed");
    Ok(std::fs::remove_file(kept())?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_mutation_still_fits_the_source_and_its_test_is_there() {
        super::read().unwrap();
    }
}
