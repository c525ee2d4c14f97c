//! A program of the tests that is also an engine: `PROGRAM engine ARGUMENTS` is `crossdock ARGUMENTS`.
//!
//! # Place
//! First thing in programs that start, kill and start engines: no other binary has to be built.

use clap::Parser;
use crossdock_node::cli::{Cli, Failure};
use std::process::ExitCode;

/// Runs the command where the first word is `engine`; `None` where it is not.
#[must_use]
#[expect(clippy::print_stderr, reason = "what the command itself does with a failure")]
pub fn run_if_asked() -> Option<ExitCode> {
    let mut words = std::env::args_os();
    let program = words.next().unwrap_or_default();
    let mut words = words.peekable();
    words.next_if(|word| word == "engine")?;
    let cli = Cli::parse_from([program].into_iter().chain(words));
    Some(match crossdock_node::cli::run(&cli) {
        Ok(code) => code,
        Err(Failure::BrokenPipe) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit_code())
        }
    })
}
