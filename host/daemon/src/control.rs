//! The control protocol's server side: one request a line, one reply a line.

pub(crate) mod audit;
mod change;
mod look;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;
use vouchsafe_package::value::{self, Caps, arguments_with_words};

use crate::call::{Answer, UnknownTool};
use crate::caller::Caller;
use crate::credentials;
use crate::crowd::Member;
use crate::owner::Owner;
use crate::payloads;
use crate::protocol::{Failure, FailureKind, MAX_LINE, Reply, Request};

/// How long a client may leave its connection unused.
const IDLE: Duration = Duration::from_secs(600);

/// Requests under way at the same time; more are refused, but for what only takes away.
pub(crate) const REQUESTS: usize = 128;

/// Serves control requests until the client ends the connection, or is sent away as `member`. Each takes one of
/// `places` while it is under way.
///
/// # Errors
/// When the connection fails.
pub(crate) async fn serve(
    owner: Arc<Owner>,
    uid: u32,
    (mut read, mut write): (BufReader<OwnedReadHalf>, OwnedWriteHalf),
    mut member: Member,
    places: &Semaphore,
) -> io::Result<()> {
    let caller = Caller::local(uid);
    loop {
        let line = tokio::select! {
            line = tokio::time::timeout(IDLE, next_line(&mut read)) => line??,
            // An answer that is under way when the owner stops is still given.
            () = owner.stopping() => return Ok(()),
            () = member.sent_away() => return Ok(()),
        };
        let Some(line) = line.filter(|_| member.speaks()) else {
            return Ok(());
        };
        let reply = match parse(&line) {
            Ok(request) => {
                tokio::select! {
                    reply = answer_in_place(&owner, &caller, request, places) => reply,
                    // A client that is gone wants nothing any more; what it asked for is cancelled.
                    () = hung_up(&mut read) => return Ok(()),
                }
            }
            Err(why) => Err(Failure::usage(format!("the request is malformed: {why}"))),
        };
        let reply = match reply {
            Ok(facts) => Reply::Done(facts),
            Err(failure) => Reply::Failed(failure),
        };
        let mut reply = serde_json::to_vec(&reply).map_err(io::Error::other)?;
        reply.push(b'\n');
        member.is_silent();
        tokio::select! {
            written = write.write_all(&reply) => written?,
            () = member.sent_away() => return Ok(()),
        }
        if line.last() != Some(&b'\n') {
            // What comes next is the rest of a line, and no request.
            return Ok(());
        }
    }
}

/// The next line, with its end if that came within the longest; `None` at the end of input.
async fn next_line(read: &mut BufReader<OwnedReadHalf>) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
    read.take(limit).read_until(b'\n', &mut line).await?;
    Ok((!line.is_empty()).then_some(line))
}

/// One meaning or none: a key that is given twice is refused, as everywhere.
fn parse(line: &[u8]) -> Result<Request, String> {
    if line.last() != Some(&b'\n') {
        return Err(format!("the line has no end within {MAX_LINE} bytes"));
    }
    let caps = Caps::default().with_bytes(MAX_LINE);
    let json = value::parse_message(line, &caps).map_err(|error| error.to_string())?;
    serde_json::from_value(json).map_err(|error| error.to_string())
}

/// Waits for the end of input. A client that sends its next request early is not gone.
async fn hung_up(read: &mut BufReader<OwnedReadHalf>) {
    match read.fill_buf().await {
        Ok(bytes) if !bytes.is_empty() => std::future::pending().await,
        _ => {}
    }
}

/// What switches off is answered however much is under way.
async fn answer_in_place(
    owner: &Owner,
    caller: &Caller,
    request: Request,
    places: &Semaphore,
) -> Result<Json, Failure> {
    let place = places.try_acquire();
    let only_takes_away = matches!(
        request,
        Request::Disable { .. }
            | Request::Halt { .. }
            | Request::RevokeAgent { .. }
            | Request::Stop
    );
    if place.is_err() && !only_takes_away {
        let full = "the owner has as many requests under way as it takes";
        return Err(Failure::refused(full).with_fix("try again"));
    }
    answer(owner, caller, request).await
}

async fn answer(owner: &Owner, caller: &Caller, request: Request) -> Result<Json, Failure> {
    match request {
        Request::Ping => {
            let serving = !owner.door().listens_at().is_empty();
            Ok(json!({ "pid": std::process::id(), "serving": serving }))
        }
        Request::InForce => block_in_place(|| look::in_force(owner)),
        Request::List => block_in_place(|| look::list(owner, caller)),
        Request::Upstreams => block_in_place(|| Ok(look::upstreams(owner))),
        Request::Why {
            skill,
            tool,
            principal,
            input,
        } => {
            block_in_place(|| look::why(owner, caller, &skill, &tool, principal.as_deref(), &input))
        }
        Request::Keep {
            file,
            digest,
            allow_rollback,
        } => {
            let kept = change::keep(owner, caller, &file, &digest, allow_rollback);
            block_in_place(|| Handle::current().block_on(kept))
        }
        Request::Apply { statement, files } => change::apply(owner, statement, files).await,
        Request::Disable { skill } => change::disable(owner, caller, &skill).await,
        Request::Halt { publisher } => change::halt(owner, caller, publisher).await,
        Request::Find { skill } => change::find_digests(owner, &skill),
        Request::Remove { skill } => change::remove(owner, caller, &skill).await,
        Request::Approvals => Ok(look::approvals(owner)),
        Request::Approval { id } => look::approval(owner, &id),
        Request::Vote { id, vote } => owner.vote(&id, &vote).await,
        Request::Credential { change, sealed } => {
            change::credential(owner, caller, change, sealed).await
        }
        Request::Credentials => Ok(credentials::survey(owner).await),
        Request::Call {
            tool,
            arguments,
            words,
        } => {
            let arguments = with_words(owner, &tool, arguments, &words)?;
            call(owner, caller, &tool, arguments).await
        }
        Request::AuditShow { from, limit } => block_in_place(|| audit::show(owner, from, limit)),
        Request::AuditVerify { expect, from } => audit::verify(owner, expect, from).await,
        Request::AuditState => Ok(owner.log_state()),
        Request::AuditCheckpoint => block_in_place(|| audit::checkpoint(owner)),
        Request::AuditCosign { url, witness } => owner.cosign(&url, &witness).await,
        Request::AuditProve { seq } => block_in_place(|| audit::prove(owner, seq)),
        Request::Agents => Ok(owner.agents_told()),
        Request::RevokeAgent { agent } => change::revoke_agent(owner, caller, &agent).await,
        Request::AuditPayloads { seq, subject, skip } => {
            block_in_place(|| payloads::show(owner, seq, subject, skip))
        }
        Request::AuditErase { erasure } => {
            let erased = payloads::erase(owner, caller, &erasure);
            block_in_place(|| Handle::current().block_on(erased))
        }
        Request::Stop => {
            owner.stop();
            Ok(json!({}))
        }
    }
}

/// A tool that is not there may be that of a skill that is off, which is worth knowing.
fn no_such_tool(owner: &Owner, tool: &str, unknown: &UnknownTool) -> Failure {
    let rules = owner.rules();
    let Some(off) = rules.has_off(tool) else {
        return Failure::usage(unknown.to_string()).with_fix("run `vouchsafe list`");
    };
    let state = off.state;
    Failure::refused(format!("the skill of `{tool}` is {state}: {}", off.reason))
}

/// The arguments of `tool`, together with those that were written as words.
fn with_words(
    owner: &Owner,
    tool: &str,
    arguments: Json,
    words: &BTreeMap<String, String>,
) -> Result<Json, Failure> {
    let given = match arguments {
        other if words.is_empty() => return Ok(other),
        Json::Object(given) => given,
        Json::Null => Map::new(),
        _ => return Err(Failure::usage("words stand beside an object of arguments")),
    };
    let rules = owner.rules();
    let entry = rules.registry.get(tool);
    // Without such a tool the call says so.
    let params = entry.map_or(&[][..], |entry| &entry.tool().params);
    Ok(arguments_with_words(params, given, words).into())
}

async fn call(
    owner: &Owner,
    caller: &Caller,
    tool: &str,
    arguments: Json,
) -> Result<Json, Failure> {
    // Dropping this future, as when the client hangs up, cancels the call.
    let cancel = CancellationToken::new();
    let _cancel_on_every_way_out = cancel.clone().drop_guard();
    let answer = owner
        .call(caller, tool, arguments, cancel)
        .await
        .map_err(|unknown| no_such_tool(owner, tool, &unknown))?;
    let Answer {
        result,
        usage,
        record,
        lines,
    } = answer;
    match result {
        Ok(output) => {
            Ok(json!({ "output": output, "usage": usage, "record": record, "lines": lines }))
        }
        Err(problem) => Err(Failure {
            kind: match problem.code.as_str() {
                _ if problem.ran => FailureKind::Tool,
                "ARGUMENTS" => FailureKind::Usage,
                _ => FailureKind::Refused,
            },
            // Who has this socket may also ask `why`, so the reason is no secret here.
            message: match (&problem.detail, &problem.why) {
                (Some(detail), _) => format!("{}: {detail}", problem.code),
                (None, Some(why)) => format!("{}: {why}", problem.code),
                (None, None) => format!("{}: {}", problem.code, problem.message),
            },
            fix: problem.fix,
        }),
    }
}
