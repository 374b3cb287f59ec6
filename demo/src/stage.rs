//! How the story is told: headings, commands as typed, and what they print.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result, ensure};
use vouchsafe_tests::wasm;

const HEADING: Style = AnsiColor::Cyan.on_default().bold();
const TYPED: Style = Style::new().bold();

/// A process that ends with the scene.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A directory in which commands are run and shown.
pub(crate) struct Stage {
    directory: PathBuf,
    program: PathBuf,
}

impl Stage {
    /// A fresh stage in `directory`; what was there before is removed.
    pub(crate) fn fresh(directory: &Path) -> Result<Self> {
        if directory.exists() {
            std::fs::remove_dir_all(directory)?;
        }
        std::fs::create_dir_all(directory)?;
        Ok(Self {
            directory: directory.to_owned(),
            program: vouchsafe_tests::home::program(),
        })
    }

    /// Tells what comes next.
    pub(crate) fn heading(&self, text: &str) {
        anstream::println!("\n{HEADING}## {text}{HEADING:#}");
    }

    /// Shows what is typed after `vouchsafe`.
    pub(crate) fn typed(&self, typed: &str) {
        anstream::println!("{TYPED}$ vouchsafe {typed}{TYPED:#}");
    }

    /// Runs `vouchsafe` as typed, shows what it prints, and checks how it ends.
    pub(crate) fn vouchsafe(&self, typed: &str, expected: i32) -> Result<String> {
        self.typed(typed);
        let output = self
            .command(typed)
            .stdin(Stdio::null())
            .output()
            .context("vouchsafe does not start")?;
        let text = [output.stdout, output.stderr].concat();
        let text = self.shorten(&String::from_utf8_lossy(&text));
        anstream::print!("{text}");
        let code = output.status.code().unwrap_or(-1);
        ensure!(code == expected, "it ended with {code}, not {expected}");
        if code != 0 {
            anstream::println!("(exit code {code})");
        }
        Ok(text)
    }

    /// Runs another program with what is typed after its name, shows it as `shown`, and what it prints.
    pub(crate) fn other(&self, mut command: Command, shown: &str, typed: &str) -> Result<()> {
        anstream::println!("{TYPED}$ {shown}{TYPED:#}");
        let output = command
            .current_dir(&self.directory)
            .args(typed.split_whitespace())
            .output()
            .with_context(|| format!("`{shown}` does not start"))?;
        let text = [output.stdout, output.stderr].concat();
        anstream::print!("{}", self.shorten(&String::from_utf8_lossy(&text)));
        ensure!(output.status.success(), "it failed");
        Ok(())
    }

    /// As [`Stage::vouchsafe`], with `said` on standard input, which is not shown.
    pub(crate) fn piped(&self, typed: &str, said: &str) -> Result<()> {
        anstream::println!("{TYPED}$ vouchsafe {typed} < ...{TYPED:#}");
        let mut command = self.command(typed);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        let mut input = child.stdin.take().context("no standard input")?;
        input.write_all(said.as_bytes())?;
        drop(input);
        let output = child.wait_with_output()?;
        let text = [output.stdout, output.stderr].concat();
        anstream::print!("{}", self.shorten(&String::from_utf8_lossy(&text)));
        ensure!(output.status.success(), "it failed");
        Ok(())
    }

    /// Runs `vouchsafe typed` without showing it; it must succeed.
    pub(crate) fn quietly(&self, typed: &str) -> Result<()> {
        let output = self.command(typed).stdin(Stdio::null()).output()?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`vouchsafe {typed}`: {complaint}");
        Ok(())
    }

    /// The command behind `vouchsafe typed`, in this stage's home.
    pub(crate) fn command(&self, typed: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(&self.directory)
            .env("VOUCHSAFE_HOME", self.path("home"))
            .args(typed.split_whitespace());
        command
    }

    /// Writes a file as a person would, and shows it.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<()> {
        let shown = self.shorten(text);
        anstream::println!("{TYPED}$ cat {name}{TYPED:#}\n{shown}");
        Ok(std::fs::write(self.path(name), text)?)
    }

    /// Copies `from` onto the stage as `name`.
    pub(crate) fn bring(&self, from: &Path, name: &str) -> Result<()> {
        std::fs::copy(from, self.path(name)).with_context(|| from.display().to_string())?;
        Ok(())
    }

    /// Packs and signs the skill `name` as the author, without showing it.
    pub(crate) fn brings_skill(&self, name: &str, proof: &str) -> Result<()> {
        self.signs(name, &wasm::skill_source(name), proof)
    }

    /// As [`Stage::brings_skill`], for a guest of the tests.
    pub(crate) fn brings_guest(&self, name: &str, proof: &str) -> Result<()> {
        self.signs(name, &wasm::guest_source(name), proof)
    }

    fn signs(&self, name: &str, source: &Path, proof: &str) -> Result<()> {
        let component = format!("{name}.component.wasm");
        self.bring(&wasm::component(name), &component)?;
        self.quietly(&format!(
            "pack {component} --manifest {} --wit {} --output {name}.wasm",
            source.join("skill.toml").display(),
            source.join("wit").display(),
        ))?;
        self.quietly(&format!("sign {name}.wasm --key author.key {proof}"))
    }

    /// A path on the stage.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Names without the path of this machine.
    fn shorten(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.directory.display()), "")
    }
}
