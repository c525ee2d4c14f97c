//! The command line: what was written, and which command does it.
//!
//! # Exit codes
//!
//! | code | meaning |
//! | --- | --- |
//! | 0 | done |
//! | 1 | done, and there are findings: dead letters under `--strict`, a failed feed test, a deviation |
//! | 2 | the command line is wrong |
//! | 65 | an input can't be read |
//! | 70 | a bug in crossdock |
//! | 75 | the outside is not there for now: try again |
//! | 78 | a configuration, feed file or server setting has to be mended first |

pub mod audit;
pub mod backtest;
pub mod capture;
pub mod coverage;
pub mod demo;
pub mod detect;
pub mod documents;
pub mod eta;
pub mod explain;
pub mod feeds;
pub mod nats;
pub mod normalize;
pub mod replay;
mod rule_explain;
pub mod rules;
pub mod run;
pub mod scaffold;
pub mod settings;
mod standardized;
pub mod summary;
pub mod terminal;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// Carrier events in, milestone changes out.
///
/// On a terminal people get tables, colours and a summary; in a pipe every command prints NDJSON.
#[derive(Clone, Debug, Parser)]
#[command(name = "crossdock", version, about, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// A configuration file; what it leaves out has the values of `configs/default.toml`.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// One option over the configuration file, such as `engine.lanes=2`; may be repeated.
    #[arg(long, global = true, value_name = "OPTION=VALUE")]
    pub set: Vec<String>,
    /// A folder of packs to use instead of those compiled in.
    #[arg(long, global = true, value_name = "FOLDER")]
    pub packs: Option<PathBuf>,
    /// A feed file of one's own, or a folder of them, beside those of the packs; one with a name
    /// that is there takes its place.
    #[arg(long, global = true, value_name = "PATH")]
    pub feeds: Option<PathBuf>,
}

/// The commands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Runs a bundled day of documents from all feeds and prints the changes as they come.
    Demo(demo::DemoArgs),
    /// Drains a JetStream stream and publishes the changes, exactly once.
    Run(run::RunArgs),
    /// Runs documents or capture files through the engine and prints the changes.
    Replay(replay::ReplayArgs),
    /// Prints the standardized events of documents: the tool for writing a feed.
    Normalize(normalize::NormalizeArgs),
    /// Lists, explains, tests and scaffolds feeds.
    Feeds(feeds::FeedsArgs),
    /// Checks the configuration and the packs.
    Check,
    /// Says whose tracking numbers these could be.
    Detect(detect::DetectArgs),
    /// Checks, tests and explains rule files.
    Rules(rules::RulesArgs),
    /// Arrival estimates: evaluation over data sets, and what was learned of a replay.
    Eta(eta::EtaArgs),
    /// Replays documents and explains the estimate of a number: every figure of it.
    Explain(explain::ExplainArgs),
    /// Checks that what stands in the output stream was said once, whole and in order.
    Audit(audit::AuditArgs),
    /// Creates and checks the streams on a NATS server.
    Nats(nats::NatsArgs),
}

/// Options that every command over files shares.
#[derive(Clone, Debug, Args)]
pub struct InputArgs {
    /// Files or folders; `-` is stdin. A capture file names tenant and feed itself.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The feed of documents that do not name one. Left out: told from the document.
    #[arg(long, value_name = "NAME")]
    pub feed: Option<String>,
    /// The tenant of documents that do not name one.
    #[arg(long, value_name = "NAME", default_value = "local")]
    pub tenant: String,
    /// Receipt of documents that do not say when they came, RFC 3339. Left out: now.
    #[arg(long, value_name = "TIME")]
    pub received: Option<String>,
    /// The number of documents that do not say whose they are: puts `{"tracking_number": …,
    /// "answer": …}` around each JSON document.
    #[arg(long, value_name = "NUMBER")]
    pub number: Option<String>,
}

/// Why a command ended early.
#[derive(Debug)]
pub enum Failure {
    /// Whoever read our output has gone.
    BrokenPipe,
    /// An input can't be read.
    Input(String),
    /// A configuration, feed or rule file, or a server setting, has to be mended.
    Settings(String),
    /// The command line asks for something that is not there.
    Usage(String),
    /// The edge: exit code and text are its own.
    Edge(crate::error::EdgeError),
}

impl Failure {
    /// The exit code of the process.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::BrokenPipe => 0,
            Self::Input(_) => 65,
            Self::Settings(_) => 78,
            Self::Usage(_) => 2,
            Self::Edge(error) => error.sort().exit_code(),
        }
    }

    /// A failed write: mostly the reader of a pipe has gone.
    #[must_use]
    pub fn of_write(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::BrokenPipe
        } else {
            Self::Input(format!("output can't be written: {error}"))
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BrokenPipe => write!(f, "nobody reads the output any more"),
            Self::Input(text) | Self::Settings(text) | Self::Usage(text) => {
                write!(f, "error: {text}")
            }
            Self::Edge(error) => {
                write!(f, "error: {error}")?;
                write!(f, "\n  = help: {}", error.hint())
            }
        }
    }
}

impl From<crate::error::EdgeError> for Failure {
    fn from(error: crate::error::EdgeError) -> Self {
        Self::Edge(error)
    }
}

/// Does what was asked.
///
/// # Errors
///
/// Whatever ended the command early; see [`Failure`].
pub fn run(cli: &Cli) -> Result<ExitCode, Failure> {
    let settings = settings::Settings::load(cli)?;
    match &cli.command {
        Command::Demo(args) => demo::run(&settings, args),
        Command::Replay(args) => replay::run(&settings, args),
        Command::Normalize(args) => normalize::run(&settings, args),
        Command::Feeds(args) => feeds::run(&settings, args),
        Command::Check => settings::check(&settings),
        Command::Run(args) => run::run(&settings, args),
        Command::Detect(args) => detect::run(args),
        Command::Rules(args) => rules::run(&settings, args),
        Command::Eta(args) => eta::run(&settings, args),
        Command::Explain(args) => explain::run(&settings, args),
        Command::Audit(args) => audit::run(&settings, args),
        Command::Nats(args) => nats::run(&settings, args),
    }
}
