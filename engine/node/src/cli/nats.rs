//! `crossdock nats`: the streams on a server, made and checked.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::settings::Settings;
use super::{Failure, terminal};
use crate::error::EdgeError;
use crate::jetstream::call::Caller;
use crate::jetstream::connection::Connection;
use crate::jetstream::setup::{self, Deviation, Done};

/// Arguments of `nats`.
#[derive(Clone, Debug, Args)]
pub struct NatsArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: NatsCommand,
    /// The NATS servers, `nats://host:port`, several with commas between.
    #[arg(long, global = true, value_name = "URLS")]
    pub nats: Option<String>,
}

/// What to do with a server.
#[derive(Clone, Debug, Subcommand)]
pub enum NatsCommand {
    /// Makes the streams that are not there.
    Init {
        /// Changes streams that are there to fit.
        #[arg(long)]
        repair: bool,
    },
    /// Says how the streams deviate from what the promises need.
    Check,
}

/// Runs the command. Exit code 1 where something deviates.
///
/// # Errors
///
/// The server can't be reached, is too old, or refuses.
pub fn run(settings: &Settings, args: &NatsArgs) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| EdgeError::Runtime { detail: error.to_string() })?;
    let mut options = settings.config.edge_options();
    if let Some(servers) = &args.nats {
        options.connection.servers = servers.split(',').map(str::to_owned).collect();
    }
    // A bucket is a stream, too; a start does not insist on it.
    options.streams.extend(settings.config.snapshot_bucket_options().map(|it| it.stream));
    runtime.block_on(async {
        let connection = Connection::open(&options.connection).await?;
        let mut caller = Caller::open(&connection, options.reader.request_timeout).await?;
        match args.what {
            NatsCommand::Init { repair } => {
                let done = setup::init(&mut caller, &options.streams, repair).await?;
                print_done(&done)
            }
            NatsCommand::Check => {
                let deviations = setup::check(&mut caller, &options.streams).await?;
                for deviation in &deviations {
                    terminal::print(&explain(deviation))?;
                }
                if deviations.is_empty() {
                    terminal::print("the streams are as they should be\n")?;
                }
                for advice in setup::ADVICE {
                    terminal::note(&format!("note: {advice}\n"));
                }
                Ok(ExitCode::from(u8::from(!deviations.is_empty())))
            }
        }
    })
}

fn print_done(done: &[(String, Done)]) -> Result<ExitCode, Failure> {
    let mut has_findings = false;
    for (stream, done) in done {
        match done {
            Done::Created => terminal::print(&format!("stream \"{stream}\": made\n"))?,
            Done::Fits => terminal::print(&format!("stream \"{stream}\": fits\n"))?,
            Done::Repaired(changed) => {
                terminal::print(&format!(
                    "stream \"{stream}\": {} settings changed\n",
                    changed.len()
                ))?;
            }
            Done::Left(deviations) => {
                has_findings = true;
                terminal::print(&format!("stream \"{stream}\": left as it is\n"))?;
                for deviation in deviations {
                    terminal::print(&explain(deviation))?;
                }
            }
        }
    }
    Ok(ExitCode::from(u8::from(has_findings)))
}

fn explain(deviation: &Deviation) -> String {
    format!(
        "stream \"{}\": {} is {}, should be {}\n  = why: {}\n  = help: {}\n",
        deviation.stream,
        deviation.setting,
        deviation.found,
        deviation.wanted,
        deviation.why,
        deviation.how()
    )
}
