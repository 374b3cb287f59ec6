//! `vouchsafe-verify`: checks an exported log, or a receipt, offline and without the host that made it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use vouchsafe_tlog::note::{Note, VerifierKey};
use vouchsafe_tlog::receipt::Receipt;
use vouchsafe_tlog::{Checkpoint, directory};

/// Checks a log of Vouchsafe, or a receipt out of one, without the host that made it.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Checks a directory that `vouchsafe audit export` wrote: every record, link, tile, and the signed checkpoint.
    Log {
        /// The directory.
        directory: PathBuf,
        #[command(flatten)]
        key: Key,
        /// A checkpoint that was kept from before: the log must still begin with what it is of.
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
    },
    /// Checks a receipt: that its record is in the log.
    Receipt {
        /// The file: JSON with `record` and `proof`, as a tool's answer carries it.
        file: PathBuf,
        #[command(flatten)]
        key: Key,
    },
}

/// Whose word is taken.
#[derive(clap::Args)]
struct Key {
    /// The log's verifier key, NAME+HASH+KEY, or a file that holds it. Have it from the log's operator, not from the log.
    #[arg(long)]
    key: String,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(good) => {
            println!("{good}");
            ExitCode::SUCCESS
        }
        Err(bad) => {
            eprintln!("BAD       {bad:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<String> {
    match arguments.what {
        What::Log {
            directory,
            key,
            from,
        } => log(&directory, &key.read()?, from.as_deref()),
        What::Receipt { file, key } => receipt(&file, &key.read()?),
    }
}

impl Key {
    fn read(&self) -> anyhow::Result<VerifierKey> {
        if let Ok(key) = self.key.parse() {
            return Ok(key);
        }
        let text = directory::read_small(Path::new(&self.key));
        let text = text.with_context(|| format!("`{}` is neither a key nor a file", self.key))?;
        Ok(text.trim().parse()?)
    }
}

fn log(directory: &Path, key: &VerifierKey, from: Option<&Path>) -> anyhow::Result<String> {
    let from = from.map(|from| older(from, key)).transpose()?;
    let good = directory::verify(directory, key, from.as_ref())?;
    let Checkpoint { size, origin, .. } = &good.checkpoint;
    let kept = match &from {
        Some(from) => format!("\nbegins    with the {} records of the checkpoint kept from before", from.size),
        None => "\nunchecked whether there was more, or something else, before: keep this checkpoint, and pass it as --from next time".to_owned(),
    };
    Ok(format!(
        "good      {size} records of {origin}, {} tiles, signed{kept}",
        good.tiles
    ))
}

fn older(file: &Path, key: &VerifierKey) -> anyhow::Result<Checkpoint> {
    let text = directory::read_small(file).with_context(|| format!("`{}`", file.display()))?;
    let note: Note = text.parse()?;
    Ok(Checkpoint::verify(&note, key)?)
}

fn receipt(file: &Path, key: &VerifierKey) -> anyhow::Result<String> {
    let text = directory::read_small(file).with_context(|| format!("`{}`", file.display()))?;
    let receipt: Receipt = serde_json::from_str(&text).context("not a receipt")?;
    let checkpoint = receipt.verify(key)?;
    Ok(format!(
        "good      this record is in {}, of {} records\n{}",
        checkpoint.origin, checkpoint.size, receipt.record
    ))
}
