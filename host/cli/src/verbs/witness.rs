//! `witness`: signs for what logs were (C2SP tlog-witness), over HTTP. What it has seen of a log is on stable storage
//! before it signs, and it signs for nothing that does not continue that.

use std::collections::HashMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use vouchsafe_ambient::clock;
use vouchsafe_ambient::files::{self, Access, Lock};
use vouchsafe_daemon::protocol::Failure;
use vouchsafe_keys::{Algorithm, PrivateKey};
use vouchsafe_tlog::hash::sha256;
use vouchsafe_tlog::note::{CosignerKey, Note, VerifierKey, cosigned_text};
use vouchsafe_tlog::witness::{AddCheckpoint, Refused, Seen, judge};

use crate::args::Witness as Arguments;
use crate::context::Context;
use crate::exit::Code;
use crate::{operator, output};

/// The longest request, in bytes.
const LONGEST: usize = 64 << 10;
/// How long a request may take, from its first byte to its last.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many connections there may be.
const CONNECTIONS: usize = 64;

/// Answers logs until it is ended.
pub(crate) fn run(_context: &Context, args: &Arguments) -> anyhow::Result<Code> {
    let key = operator::unlock_key(&args.key, args.passphrase_file.as_deref(), "witness's key")?;
    files::create_private_directory(&args.state)?;
    let _alone = Lock::take(&args.state.join("lock"))?;
    let witness = Arc::new(Witness::new(key, args)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(args.listen).await?;
        output::line(format!("witness   {}", witness.public));
        output::line(format!("listening http://{}", listener.local_addr()?));
        serve(&witness, &listener).await
    })
}

async fn serve(witness: &Arc<Witness>, listener: &TcpListener) -> anyhow::Result<Code> {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = Arc::clone(&places).acquire_owned().await?;
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, most likely: there are some again when a connection ends.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let witness = Arc::clone(witness);
        tokio::spawn(async move {
            // Who is slow, or breaks off, hears nothing.
            drop(tokio::time::timeout(PATIENCE, connection(witness, stream)).await);
            drop(place);
        });
    }
}

/// One request: logs ask seldom.
async fn connection(witness: Arc<Witness>, stream: TcpStream) -> hyper::Result<()> {
    let answer = service_fn(move |request| {
        let witness = Arc::clone(&witness);
        async move { Ok::<_, Infallible>(witness.answer(request).await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(LONGEST)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), answer)
        .await
}

struct Witness {
    key: PrivateKey,
    public: CosignerKey,
    logs: HashMap<String, VerifierKey>,
    state: PathBuf,
    /// Held from looking at what was seen until what is seen now is on stable storage.
    signing: Mutex<()>,
}

impl Witness {
    fn new(key: PrivateKey, args: &Arguments) -> anyhow::Result<Self> {
        let public = key.public();
        if public.algorithm() != Algorithm::Ed25519 {
            let fix = "run `vouchsafe key new NAME --ed25519`";
            return Err(Failure::usage("a witness's key is of Ed25519")
                .with_fix(fix)
                .into());
        }
        // The last 32 bytes of the SubjectPublicKeyInfo (RFC 8410).
        let raw = public.spki().last_chunk().copied().unwrap_or_default();
        let mut logs = HashMap::new();
        for log in &args.log {
            let key: VerifierKey = log.parse().map_err(|error| {
                Failure::usage(format!("`{log}`: {error}"))
                    .with_fix("`vouchsafe audit key` prints a log's key")
            })?;
            logs.insert(key.name().to_owned(), key);
        }
        let named = CosignerKey::new(&args.name, raw);
        Ok(Self {
            key,
            public: named.map_err(|error| Failure::usage(error.to_string()))?,
            logs,
            state: args.state.clone(),
            signing: Mutex::default(),
        })
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() != "/add-checkpoint" {
            return said(404, "this is a witness: it answers POST /add-checkpoint\n");
        }
        if request.method() != Method::POST {
            return said(405, "POST it\n");
        }
        let Ok(body) = Limited::new(request.into_body(), LONGEST).collect().await else {
            return said(413, "too long, or broken off\n");
        };
        let text = String::from_utf8(body.to_bytes().into());
        match text
            .map_err(|_| Refused::Malformed("not text"))
            .and_then(|text| text.parse())
        {
            Ok(request) => self.cosign(&request),
            Err(refused) => say(&refused),
        }
    }

    /// Signs for the checkpoint in `request`, if it may.
    fn cosign(&self, request: &AddCheckpoint) -> Response<Full<Bytes>> {
        let _alone = self.signing.lock().unwrap_or_else(PoisonError::into_inner);
        let origin = request
            .note
            .unverified_text()
            .lines()
            .next()
            .unwrap_or_default();
        let Some(log) = self.logs.get(origin) else {
            return said(404, "this witness does not know that log\n");
        };
        // What can't be read is not taken for nothing.
        let Ok(seen) = self.seen(log) else {
            return said(500, "what was seen of this log can't be read\n");
        };
        let checkpoint = match judge(request, log, seen) {
            Ok(checkpoint) => checkpoint,
            Err(refused) => return say(&refused),
        };
        let now = Seen {
            size: checkpoint.size,
            root: checkpoint.root,
        };
        if self.remember(log, now).is_err() {
            return said(500, "what is seen of this log can't be written\n");
        }
        let time = u64::try_from(clock::now().as_second()).unwrap_or_default();
        let text = cosigned_text(time, request.note.unverified_text());
        match self.key.sign(text.as_bytes()) {
            Ok(signature) => said(200, Note::cosignature_line(&self.public, time, &signature)),
            Err(_) => said(500, "it can't sign\n"),
        }
    }

    fn seen(&self, log: &VerifierKey) -> anyhow::Result<Option<Seen>> {
        let bytes = files::read_if_present(&self.place(log), LONGEST as u64)?;
        Ok(bytes
            .map(|bytes| serde_json::from_slice(&bytes))
            .transpose()?)
    }

    fn remember(&self, log: &VerifierKey, seen: Seen) -> anyhow::Result<()> {
        let bytes = serde_json::to_vec(&seen)?;
        Ok(files::write_atomic(
            &self.place(log),
            &bytes,
            Access::Private,
        )?)
    }

    fn place(&self, log: &VerifierKey) -> PathBuf {
        let name = hex::encode(sha256(log.name().as_bytes()));
        self.state.join(format!("{name}.json"))
    }
}

/// What a refusal is answered with: of another size than was said, the one that was seen.
fn say(refused: &Refused) -> Response<Full<Bytes>> {
    match refused {
        Refused::Conflict(size) => {
            let mut response = said(409, format!("{size}\n"));
            let kind = hyper::header::HeaderValue::from_static("text/x.tlog.size");
            response
                .headers_mut()
                .insert(hyper::header::CONTENT_TYPE, kind);
            response
        }
        other => said(other.status(), format!("{other}\n")),
    }
}

fn said(status: u16, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}
