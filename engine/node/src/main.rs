//! The `crossdock` command.

#![expect(clippy::print_stderr, reason = "a command speaks to people on stderr")]

use std::process::ExitCode;

use clap::Parser;
use crossdock_node::cli::{Cli, Failure};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match crossdock_node::cli::run(&Cli::parse()) {
        Ok(code) => code,
        Err(Failure::BrokenPipe) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}
