//! `crossdock demo`: one day of documents from all feeds, bundled.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::replay::{self, ReplayArgs};
use super::settings::Settings;
use super::{Failure, InputArgs, terminal};

/// The day: a capture file of hand-written documents.
pub const DAY: &[u8] = include_bytes!("../../demo/day.ndjson");

/// Time goes on for some days behind the day, so that timers fire.
const EVENING: &str = "2026-05-26T18:00:00Z";

/// Arguments of `demo`.
#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// Prints the day itself, a capture file, instead of running it.
    #[arg(long)]
    pub show: bool,
}

/// Runs the command.
///
/// # Errors
///
/// Output can't be written.
pub fn run(settings: &Settings, args: &DemoArgs) -> Result<ExitCode, Failure> {
    if args.show {
        terminal::print(&String::from_utf8_lossy(DAY))?;
        return Ok(ExitCode::SUCCESS);
    }
    let input = InputArgs {
        files: vec![PathBuf::from(super::documents::BUNDLED)],
        feed: None,
        tenant: String::from("demo"),
        received: None,
        number: None,
    };
    replay::run(
        settings,
        &ReplayArgs {
            input,
            out: None,
            dead: None,
            lanes: 1,
            shards: 1,
            timeline: None,
            ticks_until: Some(String::from(EVENING)),
            strict: false,
            quiet: false,
        },
    )
}
