//! Reaching the owner: connect to its socket, start it when it is absent, speak the protocol.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use vouchsafe_ambient::{child, files};

use crate::home::Home;
use crate::protocol::{Failure, Hello, MAX_LINE, Mode, Reply, Request, VERSION, Welcome};

/// How long a freshly started owner may take to answer.
const START: Duration = Duration::from_secs(20);

/// How long to wait before asking again whether it has come up, at first and at most: an owner of a
/// hundred skills is up in a tenth of a second, and a longer pause would be noticed.
const PAUSES: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(10));

/// How long an owner may take from its lock to its socket, before another is started because the
/// first one lost the race for the lock.
const RACE: Duration = Duration::from_millis(100);

/// A log of owners that is longer, in bytes, starts anew with the next owner.
const LONG_LOG: u64 = 1 << 20;

/// Why the owner could not be reached or understood.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// `init` has not been run.
    #[error("nothing is installed at `{}`", .0.display())]
    NotInitialised(PathBuf),
    /// The owner was started and did not come up.
    #[error("the owner process did not come up: {0}")]
    NoOwner(String),
    /// The socket failed.
    #[error("talking to the owner process: {0}")]
    Io(#[from] io::Error),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] files::FileError),
    /// The owner said something that is not the protocol.
    #[error("the owner process said something unexpected: {0}")]
    Protocol(String),
    /// The owner refused.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// How to start an owner.
#[derive(Debug, Clone)]
pub struct Starter {
    /// The `vouchsafe` program.
    pub program: PathBuf,
    /// Its arguments, such as the hidden verb and `--home`.
    pub arguments: Vec<String>,
}

/// A control connection.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects for control, starting the owner if it is absent.
    ///
    /// # Errors
    /// When there is no installation, or no owner comes up.
    pub fn connect(home: &Home, starter: &Starter) -> Result<Self, ClientError> {
        let stream = open(home, starter, Mode::Control)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Connects only if an owner is already there.
    pub fn connect_if_running(home: &Home) -> Option<Self> {
        let stream = greet(home, Mode::Control).ok()?;
        Some(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Asks one thing and waits for its answer.
    ///
    /// # Errors
    /// [`ClientError::Failed`] carries the owner's refusal.
    pub fn ask(&mut self, request: &Request) -> Result<Json, ClientError> {
        write_line(self.stream.get_mut(), request)?;
        match read_line(&mut self.stream)? {
            Reply::Done(facts) => Ok(facts),
            Reply::Failed(failure) => Err(failure.into()),
        }
    }
}

/// Opens a connection in `mode`, starting the owner when there is none.
///
/// # Errors
/// When there is no installation, or no owner comes up within 20 s.
pub fn open(home: &Home, starter: &Starter, mode: Mode) -> Result<UnixStream, ClientError> {
    if !home.is_initialised() {
        return Err(ClientError::NotInitialised(home.data().to_owned()));
    }
    if let Some(greeted) = greeted(home, mode) {
        return greeted;
    }
    let began = begin_log(home)?;
    let mut owner = start(home, starter)?;
    let deadline = Instant::now() + START;
    let (mut pause, longest) = PAUSES;
    let mut began_race = Instant::now();
    loop {
        if let Some(greeted) = greeted(home, mode) {
            return greeted;
        }
        let ended = owner.try_wait()?;
        if ended.is_some_and(|status| !status.success()) || Instant::now() > deadline {
            return Err(ClientError::NoOwner(last_words(home, began)));
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(longest);
        // An owner that lost the race for the lock ends with success. The one that holds it comes
        // up, or goes down, and then nobody is left to wait for.
        if ended.is_some() && began_race.elapsed() >= RACE {
            if let Some(greeted) = greeted(home, mode) {
                return greeted;
            }
            owner = start(home, starter)?;
            began_race = Instant::now();
        }
    }
}

/// What an owner said to a greeting; `None` where none is there, or none that can be talked to.
fn greeted(home: &Home, mode: Mode) -> Option<Result<UnixStream, ClientError>> {
    match greet(home, mode) {
        Err(ClientError::Failed(refused)) => Some(Err(refused.into())),
        greeted => greeted.ok().map(Ok),
    }
}

fn start(home: &Home, starter: &Starter) -> Result<std::process::Child, ClientError> {
    use std::os::unix::process::CommandExt;
    let log = files::open_to_append(&home.owner_log())?;
    let mut command = child::command(&starter.program);
    command
        .args(&starter.arguments)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(log)
        // Its own process group: an interrupt at the terminal ends the client, not the owner.
        .process_group(0);
    for name in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "VOUCHSAFE_LOG"] {
        if let Some(value) = vouchsafe_ambient::env::var(name) {
            command.env(name, value);
        }
    }
    Ok(command.spawn()?)
}

/// Where the next owner's log begins. A long one starts anew; otherwise an owner that runs after
/// all keeps its own.
fn begin_log(home: &Home) -> Result<usize, ClientError> {
    let log = home.owner_log();
    let before = files::read_if_present(&log, LONG_LOG).map(Option::unwrap_or_default);
    if let Ok(before) = before {
        return Ok(before.len());
    }
    files::write_atomic(&log, b"", files::Access::Private)?;
    Ok(0)
}

fn last_words(home: &Home, began: usize) -> String {
    let log = files::read_bounded(&home.owner_log(), 4 * LONG_LOG).unwrap_or_default();
    let text = String::from_utf8_lossy(log.get(began..).unwrap_or_default());
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    last.unwrap_or("it left no message").to_owned()
}

fn greet(home: &Home, mode: Mode) -> Result<UnixStream, ClientError> {
    let mut stream = connect(&home.socket())?;
    let hello = Hello {
        vouchsafe: VERSION,
        mode,
    };
    write_line(&mut stream, &hello)?;
    let welcome = read_welcome(&mut stream)?;
    if welcome.vouchsafe != VERSION {
        return Err(ClientError::Protocol(format!(
            "it speaks protocol {}, this program {VERSION}; run `vouchsafe stop`",
            welcome.vouchsafe
        )));
    }
    Ok(stream)
}

/// Connects to a socket whose path may be longer than the 107 bytes that an address holds, by
/// naming its directory through an open descriptor.
fn connect(socket: &Path) -> io::Result<UnixStream> {
    with_short_path(socket, |path| UnixStream::connect(path))
}

/// Calls `use_path` with a short name for `socket`, valid during the call.
pub(crate) fn with_short_path<T>(
    socket: &Path,
    use_path: impl FnOnce(&Path) -> io::Result<T>,
) -> io::Result<T> {
    let (Some(directory), Some(name)) = (socket.parent(), socket.file_name()) else {
        return Err(io::Error::other("the socket path has no directory"));
    };
    let directory = rustix::fs::open(
        directory,
        rustix::fs::OFlags::PATH | rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::CLOEXEC,
        rustix::fs::Mode::empty(),
    )?;
    let short = Path::new("/proc/self/fd")
        .join(directory.as_raw_fd().to_string())
        .join(name);
    use_path(&short)
}

fn write_line(stream: &mut UnixStream, message: &impl serde::Serialize) -> Result<(), ClientError> {
    let mut line = serde_json::to_vec(message).map_err(|e| ClientError::Protocol(e.to_string()))?;
    line.push(b'\n');
    Ok(stream.write_all(&line)?)
}

fn read_line<T: serde::de::DeserializeOwned>(stream: &mut impl BufRead) -> Result<T, ClientError> {
    let mut line = Vec::new();
    let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
    Read::take(&mut *stream, limit).read_until(b'\n', &mut line)?;
    if line.last() != Some(&b'\n') {
        return Err(ClientError::Protocol("the connection was closed".into()));
    }
    serde_json::from_slice(&line).map_err(|e| ClientError::Protocol(e.to_string()))
}

/// Reads the welcome byte by byte, so that nothing of what follows is swallowed into a buffer.
fn read_welcome(stream: &mut UnixStream) -> Result<Welcome, ClientError> {
    let mut line = Vec::new();
    let mut byte = [0u8];
    while byte != *b"\n" && line.len() < 1024 {
        stream.read_exact(&mut byte)?;
        line.extend_from_slice(&byte);
    }
    let welcome: Welcome =
        serde_json::from_slice(&line).map_err(|e| ClientError::Protocol(e.to_string()))?;
    match welcome.refused {
        Some(why) => Err(ClientError::Failed(Failure::refused(why))),
        None => Ok(welcome),
    }
}
