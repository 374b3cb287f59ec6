//! The command line: every verb and its options.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use vouchsafe_policy::approval::ApprovalId;
use vouchsafe_policy::role::Scope;

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 error, or `convert` left something out; 2 wrong usage; 3 `diff` found more capabilities or changed words, or `policy diff` more that is allowed; \
4 refused (unsigned, untrusted, not granted, not approved, damaged); 5 the tool ran and failed.";

/// A host for AI-agent skills: signed, sandboxed, metered, granted, recorded.
#[derive(Debug, Parser)]
#[command(name = "vouchsafe", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Keep everything below this directory instead of your XDG directories.
    #[arg(long, global = true, value_name = "DIR", env = "VOUCHSAFE_HOME")]
    pub(crate) home: Option<PathBuf>,
    /// Print facts as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Set up a home: keystore, operator key, empty trust.
    Init(Init),
    /// Start a skill from a template.
    New(New),
    /// Compile a skill and pack it to `target/skill/NAME-VERSION.wasm`.
    Build(Build),
    /// Embed manifest, schemas and docs in a component.
    Pack(Pack),
    /// Make signing keys.
    #[command(subcommand)]
    Key(Key),
    /// Sign a packed skill; writes `FILE.sigstore.json`.
    Sign(Sign),
    /// Check a signature.
    Verify(Verify),
    /// Sigstore client conformance.
    #[command(hide = true)]
    VerifyBundle(VerifyBundle),
    /// Show what a skill is, who signed it and what it asks for.
    Inspect(Inspect),
    /// Show what a new version asks for beyond an old one.
    Diff(Diff),
    /// Verify, show, grant and enable a skill.
    Install(Install),
    /// List the installed skills.
    List,
    /// Switch a skill off, or all of a publisher's, or everything.
    Disable(Disable),
    /// Forget a skill and its grant.
    Remove(Remove),
    /// Write the grant that a skill asks for, and apply it.
    Grant(Grant),
    /// Put edited files into force, with the operator's proof.
    Apply(Apply),
    /// Revoke components, keys or identities, with the operator's proof. Nothing else is applied.
    Revoke(Revoke),
    /// Call a tool.
    Call(Call),
    /// Show tools of external servers: what was accepted of each, and what its server lists otherwise.
    Upstream {
        /// What the skill calls it; all if absent.
        name: Option<String>,
    },
    /// List the calls that wait for people, or show one whole.
    Approvals {
        /// What it is called, such as `7K2F-Q9MD`.
        id: Option<ApprovalId>,
    },
    /// Say yes to a waiting call, with an approver's key. It is made at once.
    Approve(Decide),
    /// Say no to a waiting call, with an approver's key.
    Deny(Decide),
    /// Look after those who may say yes.
    #[command(subcommand)]
    Approver(Approver),
    /// Say which lines allow or refuse a call, without making it.
    Why(Why),
    /// Read proposed rules, say what each policy can match, and compare rules.
    #[command(subcommand)]
    Policy(Policy),
    /// Turn configuration of the hardening guide into files of this host's, and say what became of each value.
    Convert(Convert),
    /// Be an MCP server on standard input and output.
    Mcp(Mcp),
    /// Serve agents over the network, until it is ended.
    Serve,
    /// Look after the agents that come over the network.
    #[command(subcommand)]
    Agent(Agent),
    /// Be an MCP server on standard input and output for a host elsewhere: it comes in as an agent, and stays one.
    Connect(Connect),
    /// Read and check the log.
    #[command(subcommand)]
    Audit(Audit),
    /// Sign for what other hosts' logs were, so that they can't be other ones later.
    Witness(Witness),
    /// Look after the credentials that skills use and never see.
    #[command(subcommand)]
    Secret(Secret),
    /// Look after the host's own keys.
    #[command(subcommand)]
    Keys(Keys),
    /// Write everything but compiled code to one file.
    Backup(Backup),
    /// Bring a backup into an empty home.
    Restore(Restore),
    /// Check this installation and say what would mend it.
    Doctor,
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// End the owner process once its calls are done.
    Stop,
    /// Run as the owner process.
    #[command(name = "__owner", hide = true)]
    Owner {
        /// Seconds without a client after which it ends.
        #[arg(long, default_value_t = 300)]
        idle: u64,
    },
    /// Compile a component from standard input, bounded.
    #[command(name = "__compile", hide = true)]
    Compile,
}

/// The proof that the operator is the one who asks.
#[derive(Debug, Clone, Args)]
pub(crate) struct Proof {
    /// The operator's private key, when it is not the one that `init` made.
    #[arg(long, value_name = "FILE")]
    pub(crate) operator_key: Option<PathBuf>,
    /// Read the key's passphrase from this file instead of the terminal.
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Don't ask whether to go on. The proof is still needed.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Enrol this operator key instead of making one.
    #[arg(long, value_name = "FILE")]
    pub(crate) operator_key: Option<PathBuf>,
    /// Read the new key's passphrase from this file instead of the terminal.
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct New {
    /// The skill, such as `acme:payments`.
    pub(crate) name: String,
    /// Where to put it; the name's last part by default.
    #[arg(long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    /// Take the SDK from this folder (`sdk/rust` of a checkout) instead of laying this program's own beside
    /// the skill.
    #[arg(long, value_name = "DIR")]
    pub(crate) sdk: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The skill's directory.
    #[arg(default_value = ".")]
    pub(crate) directory: PathBuf,
    /// Share compiled dependencies in this directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) target_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Pack {
    /// The component to pack.
    pub(crate) component: PathBuf,
    /// Its manifest.
    #[arg(long, value_name = "FILE", default_value = "skill.toml")]
    pub(crate) manifest: PathBuf,
    /// Its WIT directory.
    #[arg(long, value_name = "DIR", default_value = "wit")]
    pub(crate) wit: PathBuf,
    /// Where to write; `NAME-VERSION.wasm` by default.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a P-256 key pair: `NAME.key` (encrypted) and `NAME.pub`.
    New {
        /// The files' name, without ending.
        name: PathBuf,
        /// An Ed25519 key, which a witness has, instead of one on NIST P-256.
        #[arg(long)]
        ed25519: bool,
        /// Read the passphrase from this file instead of the terminal.
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
}

/// What a witness is.
#[derive(Debug, Args)]
pub(crate) struct Witness {
    /// Its key: `vouchsafe key new NAME --ed25519` makes one.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// Read the key's passphrase from this file instead of the terminal.
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// What it is called, such as `witness.example/one`: its name in what it signs.
    #[arg(long)]
    pub(crate) name: String,
    /// A log that it signs for, as `vouchsafe audit key` prints its key. More than one are named one after another.
    #[arg(long, value_name = "KEY", required = true)]
    pub(crate) log: Vec<String>,
    /// Where it remembers what it has seen. Without that it would be no witness: keep it.
    #[arg(long, value_name = "DIR")]
    pub(crate) state: PathBuf,
    /// Where it listens, over plain HTTP.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8420")]
    pub(crate) listen: std::net::SocketAddr,
}

#[derive(Debug, Args)]
pub(crate) struct Sign {
    /// The packed skill.
    pub(crate) file: PathBuf,
    /// The private key.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// Read the key's passphrase from this file instead of the terminal.
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Where to write the bundle; `FILE.sigstore.json` by default.
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Verify {
    /// The packed skill.
    pub(crate) file: PathBuf,
    /// The bundle; `FILE.sigstore.json` by default.
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: Option<PathBuf>,
    /// Check against this public key instead of `trust.toml`.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Check against this certificate identity instead of `trust.toml`.
    #[arg(long, value_name = "IDENTITY", requires = "certificate_oidc_issuer")]
    pub(crate) certificate_identity: Option<String>,
    /// The issuer that vouches for the identity.
    #[arg(long, value_name = "URL", requires = "certificate_identity")]
    pub(crate) certificate_oidc_issuer: Option<String>,
    /// Use this trusted root instead of the built-in one.
    #[arg(long, value_name = "FILE")]
    pub(crate) trusted_root: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyBundle {
    /// A file, or `sha256:HEX`.
    pub(crate) file_or_digest: String,
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: PathBuf,
    #[arg(long, value_name = "FILE")]
    pub(crate) trusted_root: Option<PathBuf>,
    /// Without a root: the instance for tests, instead of production.
    #[arg(long)]
    pub(crate) staging: bool,
    #[arg(long, value_name = "IDENTITY")]
    pub(crate) certificate_identity: Option<String>,
    #[arg(long, value_name = "URL")]
    pub(crate) certificate_oidc_issuer: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// A packed skill.
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The old version; with `--grant`, the new one.
    pub(crate) old: PathBuf,
    /// The new version.
    #[arg(required_unless_present = "grant")]
    pub(crate) new: Option<PathBuf>,
    /// Compare with what this grant file grants.
    #[arg(long, value_name = "FILE", conflicts_with = "new")]
    pub(crate) grant: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Install {
    /// The packed skill; its bundle lies beside it.
    pub(crate) file: PathBuf,
    /// Take an older version than the highest that was installed here.
    #[arg(long)]
    pub(crate) allow_rollback: bool,
    #[command(flatten)]
    pub(crate) proof: Proof,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("off").args(["skill", "publisher", "all"]).required(true))]
pub(crate) struct Disable {
    /// The skill: name, alias or digest.
    pub(crate) skill: Option<String>,
    /// All skills of this publisher, those to come among them.
    #[arg(long, value_name = "NAME")]
    pub(crate) publisher: Option<String>,
    /// Every skill there is and will be.
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// The skill: name, alias or digest.
    pub(crate) skill: String,
    #[command(flatten)]
    pub(crate) proof: Proof,
}

#[derive(Debug, Args)]
pub(crate) struct Grant {
    /// The packed skill to grant what it asks for.
    pub(crate) file: PathBuf,
    /// Take an older version than the highest that was installed here.
    #[arg(long)]
    pub(crate) allow_rollback: bool,
    #[command(flatten)]
    pub(crate) proof: Proof,
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// Lift what `disable --publisher` and `disable --all` switched off.
    #[arg(long)]
    pub(crate) resume: bool,
    #[command(flatten)]
    pub(crate) proof: Proof,
}

#[derive(Debug, Args)]
#[group(skip)]
#[command(group = ArgGroup::new("what").args(["digests", "keys", "identities", "renew"]).required(true).multiple(true))]
pub(crate) struct Revoke {
    /// These bytes: a digest, or the packed skill.
    #[arg(long = "digest", value_name = "DIGEST|FILE")]
    pub(crate) digests: Vec<String>,
    /// All that this key signed: its fingerprint, or its public key file.
    #[arg(long = "key", value_name = "FINGERPRINT|FILE")]
    pub(crate) keys: Vec<String>,
    /// All that was signed under this certificate identity, exact or with `*`.
    #[arg(long = "identity", value_name = "IDENTITY")]
    pub(crate) identities: Vec<String>,
    /// Issue the list anew, so that it is not too old.
    #[arg(long)]
    pub(crate) renew: bool,
    #[command(flatten)]
    pub(crate) proof: Proof,
}

#[derive(Debug, Args)]
pub(crate) struct Call {
    /// The tool: its MCP name, or with `--dev` its function.
    pub(crate) tool: String,
    /// `name=value`, read by the tool's types: as it stands for a text, else as JSON. `name=@FILE` takes the
    /// value from a file, `name:=JSON` takes JSON whatever the type.
    pub(crate) arguments: Vec<String>,
    /// All arguments as one JSON object, from a file or `-`.
    #[arg(long, value_name = "FILE", conflicts_with = "arguments")]
    pub(crate) input: Option<PathBuf>,
    /// Call the packed skill in `target/skill`, with a throw-away key and home.
    #[arg(long)]
    pub(crate) dev: bool,
    /// With `--dev`: the packed skill to call.
    #[arg(long, value_name = "FILE", requires = "dev")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Convert {
    /// The guide's JSON, or `-`.
    pub(crate) file: PathBuf,
    /// Where to write the files; none that is there is changed.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The tool that it is about, such as `acme:payments/initiate`; of a role several, or `acme:payments/*`.
    #[arg(long = "tool", value_name = "TOOL")]
    pub(crate) tools: Vec<Scope>,
    /// Whose skill that tool is of, as in `trust.toml`.
    #[arg(long, value_name = "NAME")]
    pub(crate) publisher: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Why {
    /// The skill: name or alias; or a tool by its MCP name, such as `payments_status`.
    pub(crate) skill: String,
    /// The function, where the skill is named.
    pub(crate) tool: Option<String>,
    /// The agent to ask for; without a role it has the role `local`.
    #[arg(long = "as", value_name = "[ROLE/]AGENT")]
    pub(crate) principal: Option<String>,
    /// The arguments, as JSON, from a file or `-`.
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Mcp {
    /// Print a client's configuration instead.
    #[arg(long, value_name = "CLIENT")]
    pub(crate) print: Option<McpClient>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Agent {
    /// Write `agents/NAME.toml`. The agent may come in once the operator has run `apply` and invited it.
    Add {
        /// What it is called, such as `invoice-3`.
        name: String,
        /// The role that it has.
        #[arg(long)]
        role: String,
    },
    /// List the agents, as in force.
    List,
    /// Make an invitation by which an agent comes in, once, with the operator's proof.
    Invite {
        /// The agent.
        name: String,
        /// How long it holds, such as `1h`; a week at most.
        #[arg(long, value_name = "TIME", default_value = "1h")]
        within: String,
        /// Write it to this file instead of printing it.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        proof: Proof,
    },
    /// Keep an agent out: its certificates count no more, and what it has under way ends. A new invitation brings it back.
    Revoke {
        /// The agent.
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// Where the host is, such as `https://vouchsafe.corp.example:8443`.
    pub(crate) url: url::Url,
    /// A file with the invitation, for the first time.
    #[arg(long, value_name = "FILE")]
    pub(crate) invitation: Option<PathBuf>,
    /// Where key and certificate are kept; one place for each agent.
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Print a client's configuration instead.
    #[arg(long, value_name = "CLIENT")]
    pub(crate) print: Option<McpClient>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum McpClient {
    Claude,
    Vscode,
    Codex,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Print records.
    Show {
        /// Start with this sequence number instead of the last records.
        #[arg(long, value_name = "SEQ")]
        from: Option<u64>,
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: usize,
        /// All of them.
        #[arg(long, conflicts_with = "limit")]
        all: bool,
        /// What record SEQ commits to instead, opened and checked.
        #[arg(long, value_name = "SEQ", conflicts_with_all = ["from", "limit", "all"])]
        payload: Option<u64>,
    },
    /// Check every record, and say what could not be checked.
    Verify {
        /// The head that an earlier `verify` printed, kept elsewhere.
        #[arg(long, value_name = "HEAD")]
        expect: Option<String>,
        /// A checkpoint that was kept elsewhere: the log must still begin with what it is of.
        #[arg(long, value_name = "CHECKPOINT")]
        from: Option<PathBuf>,
    },
    /// As `verify`, by the files alone, and every tile of the tree beside it.
    Fsck,
    /// Sign for all records so far, and print the signed note: keep it elsewhere.
    Checkpoint,
    /// Have a witness sign for all records so far: it refuses a log that is not what it saw before, grown.
    Cosign {
        /// Where it is: `add-checkpoint` is asked below it.
        url: String,
        /// The witness's key, as it prints it when it starts.
        #[arg(long, value_name = "KEY")]
        witness: String,
    },
    /// Print the public key that checks what the log signs: give it to who is to check.
    Key,
    /// Print a record with the proof that it is in the log; `vouchsafe-verify receipt` checks it.
    Prove {
        /// The record's sequence number.
        seq: u64,
    },
    /// Print the records that are as asked, all of them if nothing is.
    Query {
        #[command(flatten)]
        filter: RecordFilter,
        /// At most so many; the last ones.
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Count calls and what they took, by tool.
    Stats {
        #[command(flatten)]
        filter: RecordFilter,
    },
    /// Print the last records, and with `-f` what comes.
    Tail {
        /// Go on until it is interrupted.
        #[arg(short, long)]
        follow: bool,
    },
    /// Write the whole log into a new directory, as C2SP tlog-tiles; `vouchsafe-verify log` checks it.
    Export {
        /// The directory, which must not exist.
        #[arg(required_unless_present = "subject")]
        directory: Option<PathBuf>,
        /// Print what is kept of this subject instead, opened and checked, as lines of JSON.
        #[arg(long, value_name = "ID", conflicts_with = "directory")]
        subject: Option<String>,
    },
    /// Destroy the key under which payloads of a subject are sealed, with the operator's proof. It can't be undone.
    Erase {
        /// Whom, as the arguments of tools name them.
        #[arg(long, value_name = "ID")]
        subject: String,
        /// Where the certificate goes, which `vouchsafe-verify receipt` checks.
        #[arg(long, value_name = "FILE")]
        certificate: PathBuf,
        #[command(flatten)]
        proof: Proof,
    },
}

/// Which records; each that is given must hold.
#[derive(Debug, clap::Args)]
pub(crate) struct RecordFilter {
    /// Not before: a time as in `2026-11-23T10:00:00Z`, or how long ago, as in `2h`.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Not after.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Whose: a pseudonym as the table shows it, or its beginning.
    #[arg(long, value_name = "p-...")]
    pub(crate) who: Option<String>,
    /// A skill, `namespace:name`.
    #[arg(long)]
    pub(crate) skill: Option<String>,
    /// A tool, as its WIT names it.
    #[arg(long)]
    pub(crate) tool: Option<String>,
    /// Where an effect went, or would have: scheme, host and port; a store; a folder.
    #[arg(long)]
    pub(crate) place: Option<String>,
    /// How it ended, such as `ok`, `limit`, `crash`; or a refusal's code, such as `NOT_ALLOWED`.
    #[arg(long)]
    pub(crate) result: Option<String>,
    /// All records of one request.
    #[arg(long, value_name = "ID")]
    pub(crate) correlation: Option<String>,
    /// `intent`, `outcome`, `unknown`, `refusal` or `control`.
    #[arg(long)]
    pub(crate) kind: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Secret {
    /// Seal a credential, with the operator's proof. Its value is typed, or comes from standard input.
    Set {
        /// What grants call it, such as `bank-token`.
        name: String,
        /// Keep it though it can be guessed.
        #[arg(long)]
        accept_weak: bool,
        #[command(flatten)]
        proof: Proof,
    },
    /// List what is kept: names and ages.
    List,
    /// Forget a credential, with the operator's proof.
    Remove {
        /// What grants call it.
        name: String,
        #[command(flatten)]
        proof: Proof,
    },
    /// Say which credentials skills need, where each is kept, how old it is, and what is missing.
    Check,
}

/// A yes or no.
#[derive(Debug, Args)]
pub(crate) struct Decide {
    /// What the waiting call is called, such as `7K2F-Q9MD`.
    pub(crate) id: ApprovalId,
    /// Your own private key, whose public half is enrolled.
    #[arg(long, value_name = "FILE", env = "VOUCHSAFE_APPROVER_KEY")]
    pub(crate) key: PathBuf,
    /// Read the key's passphrase from this file instead of the terminal.
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Approver {
    /// Write `approvers/NAME.toml` for a person's key. It counts once the operator has run `apply`.
    Enrol {
        /// What the file is called, such as `bo`.
        name: String,
        /// Whose key it is, by a subject that never passes to somebody else, such as `bo@corp.example`.
        #[arg(long)]
        person: String,
        /// The person's public key, as `key new` makes it.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// A group that the person is of; may be given several times.
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<String>,
    },
    /// List those who may say yes, as in force.
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Read all files as `apply` would, and put nothing into force.
    Check,
    /// Compare two directories of such files: which calls are decided otherwise, and what else is permitted.
    Diff(PolicyDiff),
}

#[derive(Debug, Args)]
pub(crate) struct PolicyDiff {
    /// The directory with the old files: `vouchsafe.toml`, `grants/`, `roles/`, `policies/` and so on.
    pub(crate) old: PathBuf,
    /// The directory with the new ones.
    pub(crate) new: PathBuf,
    /// A packed skill that a grant pins, where it is not installed here; may be given several times.
    #[arg(long = "component", value_name = "FILE")]
    pub(crate) components: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// List the keys and what each is for.
    List,
    /// Give the keystore a new root secret and a new seal, with the operator's proof.
    Rotate(Proof),
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The file to write.
    pub(crate) file: PathBuf,
    /// Read the backup's passphrase from this file instead of the terminal.
    #[arg(long, value_name = "FILE")]
    pub(crate) backup_passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The file to read.
    pub(crate) file: PathBuf,
    /// Read the backup's passphrase from this file instead of the terminal.
    #[arg(long, value_name = "FILE")]
    pub(crate) backup_passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) proof: Proof,
}
