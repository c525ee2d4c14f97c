//! The command line.
//!
//! # Holds
//!
//! - Exit code 0: done, and nothing differs. 1: `check` found differences. 2: something could not
//!   be done; the last line on stderr says what.

mod check;
mod generate;
mod knobs;
mod nats;
mod progress;
mod publish;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Why a command stopped, in words for people.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl Failure {
    /// What was being done, and what came of it.
    pub(crate) fn at(what: &str, error: &dyn std::fmt::Display) -> Self {
        Self(format!("{what}: {error}"))
    }
}

#[derive(Debug, Parser)]
#[command(
    name = "crossdock-loadgen",
    version,
    about = "Carrier documents from a seed, and the oracle of what they must cause"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the documents as a capture file (NDJSON), for `crossdock replay`.
    Gen(generate::GenArguments),
    /// Publish the documents to JetStream on a schedule and measure the acknowledgements.
    Publish(publish::PublishArguments),
    /// Write the changes that the documents must cause, as NDJSON in the order of the log.
    Oracle(generate::OracleArguments),
    /// Compare what an engine said, in a file or in a stream, with the oracle.
    Check(check::CheckArguments),
}

/// Runs the command that was asked for.
pub(crate) fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Gen(arguments) => generate::generate(&arguments),
        Command::Publish(arguments) => publish::publish(&arguments),
        Command::Oracle(arguments) => generate::oracle(&arguments),
        Command::Check(arguments) => check::check(&arguments),
    };
    outcome.unwrap_or_else(|Failure(message)| {
        progress::say(&format!("error: {message}"));
        ExitCode::from(2)
    })
}
