//! Compiling in a child process, because a compiler that runs wild can't be stopped within one.

pub(crate) mod child;

use crate::cache::CODE_BYTES;
use crate::error::CompileError;
use crate::settings::Settings;
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Child;
use vouchsafe_ambient::child::command_async;

/// What the child may say about a refusal.
const REASON_BYTES: u64 = 4096;

/// The machine code of the component `bytes`, made by the program of `settings` in its own process.
///
/// # Errors
/// When the child refuses, exceeds a limit or can't be started; it is gone by then.
pub(crate) async fn compile(settings: &Settings, bytes: &[u8]) -> Result<Vec<u8>, CompileError> {
    let start = |source| CompileError::Start {
        program: settings.compiler.clone(),
        source,
    };
    let mut child = command_async(&settings.compiler)
        .arg(child::VERB)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(start)?;
    let talked = tokio::time::timeout(settings.compile_deadline, talk(&mut child, bytes)).await;
    match talked {
        Ok(outcome) => outcome.map_err(start)?,
        Err(_) => Err(CompileError::Deadline(settings.compile_deadline)),
    }
    // Dropping the child kills it where it still runs.
}

/// Feeds the child and hears it out.
async fn talk(child: &mut Child, bytes: &[u8]) -> std::io::Result<Result<Vec<u8>, CompileError>> {
    let (Some(mut stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(std::io::Error::other("the child has no pipes"));
    };
    let feed = async move {
        // A child that stops reading says why on its standard error.
        drop(stdin.write_all(bytes).await);
    };
    // Each pipe is closed once its limit is read, so that a child that floods one of them ends.
    let hear = async move {
        let mut code = Vec::new();
        let mut stdout = stdout.take(CODE_BYTES + 1);
        stdout.read_to_end(&mut code).await.map(|_| code)
    };
    let listen = async move {
        let mut reason = Vec::new();
        let mut stderr = stderr.take(REASON_BYTES);
        stderr.read_to_end(&mut reason).await.map(|_| reason)
    };
    let ((), code, reason) = tokio::join!(feed, hear, listen);
    let (code, reason) = (code?, reason?);
    if code.len() as u64 > CODE_BYTES {
        return Ok(Err(CompileError::TooLarge(CODE_BYTES)));
    }
    let status = child.wait().await?;
    if status.success() {
        return Ok(Ok(code));
    }
    Ok(Err(CompileError::Refused(explain(status, &reason))))
}

fn explain(status: ExitStatus, reason: &[u8]) -> String {
    let reason: String = String::from_utf8_lossy(reason)
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if reason.is_empty() {
        format!(
            "the compiler ended with {status}, which it does beyond its memory or processor time"
        )
    } else {
        reason
    }
}
