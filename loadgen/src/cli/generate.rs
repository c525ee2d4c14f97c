//! `gen` and `oracle`: the documents, and what they must cause, as files.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use crossdock_loadgen::capture;
use crossdock_loadgen::oracle::{Account, Oracle};

use super::Failure;
use super::knobs::Knobs;
use super::progress::{Progress, say};

/// Bytes between two writes to a file.
const WRITE_SIZE: usize = 1 << 20;

/// What `gen` wants to know.
#[derive(Debug, Args)]
pub(crate) struct GenArguments {
    #[command(flatten)]
    knobs: Knobs,
    /// Documents to write at most.
    #[arg(long)]
    documents: Option<u64>,
    /// Write the documents alone, a line each, without tenant, feed and receipt.
    #[arg(long)]
    bare: bool,
    /// Write here instead of stdout.
    #[arg(long, short)]
    output: Option<PathBuf>,
}

/// What `oracle` wants to know.
#[derive(Debug, Args)]
pub(crate) struct OracleArguments {
    #[command(flatten)]
    knobs: Knobs,
    /// Write here instead of stdout.
    #[arg(long, short)]
    output: Option<PathBuf>,
}

fn open(path: Option<&PathBuf>) -> Result<Box<dyn Write>, Failure> {
    match path {
        None => Ok(Box::new(BufWriter::with_capacity(WRITE_SIZE, io::stdout().lock()))),
        Some(path) => {
            let file = File::create(path)
                .map_err(|error| Failure::at(&format!("create \"{}\"", path.display()), &error))?;
            Ok(Box::new(BufWriter::with_capacity(WRITE_SIZE, file)))
        }
    }
}

/// A reader that has seen enough closes its end; that is no failure.
fn finish(outcome: io::Result<()>) -> Result<ExitCode, Failure> {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::at("write", &error))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Writes a capture file.
pub(crate) fn generate(arguments: &GenArguments) -> Result<ExitCode, Failure> {
    let plan = arguments.knobs.plan()?;
    let mut target = open(arguments.output.as_ref())?;
    let mut progress = Progress::new("documents", plan.slot_count());
    let started = Instant::now();
    let (mut document, mut line) = (Vec::new(), Vec::new());
    let (mut count, mut size) = (0_u64, 0_u64);
    let count_max = arguments.documents.unwrap_or(u64::MAX);
    let mut documents = plan.documents();
    let mut outcome = Ok(());
    while count < count_max && outcome.is_ok() {
        let Some(entry) = documents.next() else { break };
        documents.write(&entry, &mut document);
        line.clear();
        if arguments.bare {
            line.extend_from_slice(&document);
            line.push(b'\n');
        } else {
            capture::put_line(plan.tenant(entry.truth.shipment), &entry, &document, &mut line);
        }
        outcome = target.write_all(&line);
        count += 1;
        size += document.len() as u64;
        progress.at(documents.slot());
    }
    let outcome = outcome.and_then(|()| target.flush());
    progress.finish();
    let seconds = started.elapsed().as_secs_f64();
    say(&format!(
        "{count} documents, {size} bytes, {:.0} documents/s, {:.0} MB/s",
        count as f64 / seconds,
        size as f64 / seconds / 1e6
    ));
    finish(outcome)
}

/// Writes what must be said.
pub(crate) fn oracle(arguments: &OracleArguments) -> Result<ExitCode, Failure> {
    let plan = arguments.knobs.plan()?;
    let mut target = open(arguments.output.as_ref())?;
    let mut progress = Progress::new("documents", plan.slot_count());
    let mut oracle = Oracle::new(&plan);
    let mut documents = plan.documents();
    let mut lines = Vec::new();
    let mut outcome = Ok(());
    while outcome.is_ok() {
        let Some(entry) = documents.next() else { break };
        let story = documents.story(entry.truth.shipment);
        lines.clear();
        for change in oracle.apply(&entry, story) {
            change.put(&plan, story, &mut lines);
            lines.push(b'\n');
        }
        outcome = target.write_all(&lines);
        progress.at(documents.slot());
    }
    let outcome = outcome.and_then(|()| target.flush());
    progress.finish();
    say(&account(&oracle.account()));
    finish(outcome)
}

/// What must have become of everything, on one line.
pub(crate) fn account(account: &Account) -> String {
    format!(
        "expected: ingested {} = emitted {} + known {} + history {} + unmapped {} + dead {}",
        account.ingested(),
        account.emitted,
        account.known,
        account.history,
        account.unmapped,
        account.dead
    )
}
