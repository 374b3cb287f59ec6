//! The owner process: one process owns a state directory, and so there is one log writer, one cache
//! and one set of rules in force. Clients reach it over a Unix socket and start it when it is absent.

mod agents;
mod applied;
mod approvals;
mod asking;
pub mod authenticated;
pub mod call;
pub mod caller;
pub mod client;
mod control;
pub mod credentials;
mod crowd;
mod history;
pub mod home;
mod kept;
mod logging;
mod mcp;
mod nested;
mod notify;
pub mod owner;
pub mod payloads;
pub mod proposals;
pub mod protocol;
mod records;
pub mod registry;
pub mod restoring;
pub mod rotation;
mod rules;
mod running;
mod server;
mod serving;
pub mod setup;
pub mod skill;
pub mod store;
mod switches;
pub mod witnesses;
mod witnessing;

use std::time::Duration;

use vouchsafe_ambient::files::{FileError, Lock};

use home::Home;
use owner::{OpenError, Owner};

/// Threads that talk to people and agents; guests have threads of their own.
const TALKING_THREADS: usize = 2;

/// Why the owner process ended with an error.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The state can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The lock can't be taken for another reason than that somebody holds it.
    #[error(transparent)]
    Lock(#[from] FileError),
    /// The socket or the threads.
    #[error("the owner's socket or threads: {0}")]
    Io(#[from] std::io::Error),
}

/// Runs as the owner of `home` until `idle` has passed without a client. Where another owner runs
/// already, ends at once and well: whoever started this one will find that one.
///
/// # Errors
/// When the state can't be opened or the socket can't be made.
pub fn run(home: &Home, idle: Duration) -> Result<(), RunError> {
    logging::start();
    let alone = match Lock::take(&home.owner_lock()) {
        Ok(lock) => lock,
        Err(FileError::Locked(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    runtime()?.block_on(async {
        let owner = start(home, &alone).await?;
        server::serve(owner.clone(), Some(idle)).await?;
        owner.tidy();
        Ok(())
    })
}

/// Serves agents over the network as the owner of `home`, whose lock is `alone`, until it is stopped or told to end by a
/// signal. `ready` is told where, once agents can come in.
///
/// # Errors
/// When the state can't be opened, or an address can't be had.
pub fn serve(home: &Home, alone: &Lock, ready: impl FnOnce(&str)) -> Result<(), RunError> {
    logging::start();
    runtime()?.block_on(async {
        let owner = start(home, alone).await?;
        let serving = serving::Serving::open(&owner).await?;
        ready(serving.url());
        tokio::spawn(stop_at_signal(owner.clone()));
        let network = tokio::spawn(serving.serve(owner.clone()));
        server::serve(owner.clone(), None).await?;
        network.await.map_err(std::io::Error::other)?;
        owner.tidy();
        Ok(())
    })
}

/// The owner of `home`, as far as no witness says otherwise of its log.
async fn start(home: &Home, alone: &Lock) -> Result<std::sync::Arc<Owner>, OpenError> {
    let owner = Owner::open(home.clone(), alone)?;
    owner.is_believed().await?;
    owner
        .io()
        .spawn(witnesses::watch(std::sync::Arc::downgrade(&owner)));
    Ok(owner)
}

/// Ends well when somebody asks for it: a supervisor, or a person at the terminal.
async fn stop_at_signal(owner: std::sync::Arc<Owner>) {
    use tokio::signal::unix::{SignalKind, signal};
    let asked = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    );
    let (Ok(mut terminate), Ok(mut interrupt)) = asked else {
        return tracing::warn!("signals can't be listened for");
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    owner.stop();
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(TALKING_THREADS)
        .enable_all()
        .build()
}

/// Compiles a component from standard input to standard output, within the limits that the child
/// sets itself first. Only the owner starts this.
///
/// # Errors
/// When the component can't be compiled within the limits.
pub fn compile_child() -> Result<(), vouchsafe_runtime::CompileError> {
    vouchsafe_runtime::compile_child_main(std::io::stdin().lock(), std::io::stdout().lock())
}

/// What is expected of a log, as a person wrote it.
///
/// # Errors
/// When `head` is none.
pub fn audit_expected(
    head: Option<&str>,
    from: Option<String>,
) -> Result<vouchsafe_audit::Expect, protocol::Failure> {
    control::audit::expected(head, from)
}

/// What a check of the log found, as `audit verify` reports it with or without an owner.
pub fn audit_facts(
    checked: Result<vouchsafe_audit::Verification, vouchsafe_audit::VerifyError>,
) -> serde_json::Value {
    control::audit::facts(checked)
}
