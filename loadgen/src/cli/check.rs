//! `check`: a file or a stream against the oracle.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use crossdock_loadgen::check::{Output, Strictness, Verdict, check as compare};

use super::Failure;
use super::generate::account;
use super::knobs::Knobs;
use super::nats::{NatsArguments, StreamOutput};
use super::progress::{Progress, say};

/// What `check` wants to know.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    knobs: Knobs,
    /// What the engine wrote: changes as NDJSON. Without it the stream is read.
    #[arg(long, short)]
    input: Option<PathBuf>,
    #[command(flatten)]
    nats: NatsArguments,
    /// The stream that the engine writes to.
    #[arg(long, default_value = "OUT")]
    stream: String,
    /// Subjects of that stream that are compared.
    #[arg(long, default_values_t = ["ms.>".to_owned()])]
    subject: Vec<String>,
    /// Wait so long for another message before the stream counts as complete.
    #[arg(long, default_value_t = 2.0)]
    idle_seconds: f64,
    /// Pass over estimates and what rules derive, and number the rest anew.
    #[arg(long)]
    events_only: bool,
    /// Differing shipments to tell in full.
    #[arg(long, default_value_t = 5)]
    examples: usize,
}

/// The lines of a file.
struct FileOutput(PathBuf);

impl Output for FileOutput {
    type Error = Failure;

    fn read(&mut self, each: &mut dyn FnMut(&[u8])) -> Result<(), Failure> {
        let what = format!("read \"{}\"", self.0.display());
        let failure = |error: io::Error| Failure::at(&what, &error);
        let mut file = BufReader::with_capacity(1 << 20, File::open(&self.0).map_err(failure)?);
        let mut line = Vec::new();
        // Ends: at the end of the file.
        loop {
            line.clear();
            if file.read_until(b'\n', &mut line).map_err(failure)? == 0 {
                return Ok(());
            }
            if !line.trim_ascii().is_empty() {
                each(&line);
            }
        }
    }
}

/// Compares and reports.
pub(crate) fn check(arguments: &CheckArguments) -> Result<ExitCode, Failure> {
    let plan = arguments.knobs.plan()?;
    let strictness =
        Strictness { events_only: arguments.events_only, examples_max: arguments.examples };
    let mut progress = Progress::new("oracle", plan.slot_count());
    let at = |slot| progress.at(slot);
    let verdict = match &arguments.input {
        Some(path) => compare(&plan, strictness, &mut FileOutput(path.clone()), at)?,
        None => {
            let mut output = StreamOutput::new(
                &arguments.nats,
                &arguments.stream,
                &arguments.subject,
                arguments.idle_seconds,
            )?;
            compare(&plan, strictness, &mut output, at)?
        }
    };
    progress.finish();
    report(&verdict);
    Ok(if verdict.is_equal() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn report(verdict: &Verdict) {
    say(&account(&verdict.account));
    say(&format!(
        "changes: {} expected, {} found; dead letters: {} found",
        verdict.expected, verdict.found, verdict.dead_letters
    ));
    for (count, what) in [
        (verdict.by_rules, "messages left out that rules made"),
        (verdict.passed_over, "passed over (derived or estimated)"),
        (verdict.unreadable, "messages that are neither a change nor a dead letter"),
        (verdict.strangers, "changes of shipments that are not in the plan"),
        (verdict.not_rising, "changes doubled or out of order: the version does not rise"),
        (verdict.differing, "shipments whose changes differ"),
    ] {
        if 0 < count {
            say(&format!("{count} {what}"));
        }
    }
    for line in &verdict.examples {
        say(line);
    }
    say(if verdict.is_equal() { "equal: no difference" } else { "different" });
}
