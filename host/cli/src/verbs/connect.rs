//! `connect`: an MCP server on standard input and output that is an agent of a host elsewhere.

use std::path::PathBuf;

use vouchsafe_ambient::files::{self, Lock};
use vouchsafe_daemon::protocol::Failure;
use vouchsafe_identity::Token;

use crate::args;
use crate::connecting::{Membership, bridge};
use crate::context::Context;
use crate::exit::Code;

/// The longest file with an invitation, in bytes.
const MAX_INVITATION: u64 = 64 << 10;

pub(crate) fn run(context: &Context, args: &args::Connect) -> anyhow::Result<Code> {
    let url = base(&args.url)?;
    if let Some(client) = args.print {
        return super::mcp::print(client, arguments(context, args));
    }
    let invitation = args
        .invitation
        .as_ref()
        .map(|file| files::read_file_or_pipe(file, MAX_INVITATION));
    let invitation = invitation.transpose()?.map(String::from_utf8).transpose()?;
    let invitation = invitation.map(|text| Token::parse(&text)).transpose()?;
    let place = place(context, args, &url);
    files::create_private_directory(&place)?;
    // Two of one agent would renew under each other's hands.
    let alone = Lock::take(&place.join("lock"));
    let _alone = alone.map_err(|error| match error {
        files::FileError::Locked(_) => {
            let message = format!("another `connect` uses `{}`", place.display());
            anyhow::Error::from(
                Failure::refused(message)
                    .with_fix("give this one a place of its own with `--state DIR`"),
            )
        }
        error => error.into(),
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let membership = Membership::of(&url, &place, invitation.as_ref()).await?;
        bridge(membership).await
    })?;
    Ok(Code::Done)
}

/// `https://HOST:PORT`, without what may follow.
fn base(url: &url::Url) -> Result<String, Failure> {
    let is_bare =
        matches!(url.path(), "/" | "/mcp") && url.query().is_none() && url.username().is_empty();
    let (Some(host), true, "https") = (url.host_str(), is_bare, url.scheme()) else {
        return Err(Failure::usage(
            "the URL is one such as `https://vouchsafe.corp.example:8443`",
        ));
    };
    Ok(format!(
        "https://{host}:{}",
        url.port_or_known_default().unwrap_or(443)
    ))
}

fn place(context: &Context, args: &args::Connect, url: &str) -> PathBuf {
    let name: String = url
        .trim_start_matches("https://")
        .replace([':', '[', ']'], "_");
    let own = || context.home.data().join("connect").join(name);
    args.state.clone().unwrap_or_else(own)
}

fn arguments(context: &Context, args: &args::Connect) -> Vec<String> {
    let mut arguments = vec!["connect".to_owned(), args.url.to_string()];
    let options = [("--invitation", &args.invitation), ("--state", &args.state)];
    for (option, path) in options {
        if let Some(path) = path {
            arguments.extend([option.to_owned(), path.display().to_string()]);
        }
    }
    arguments.extend(context.home_arguments());
    arguments
}
