//! The ladder: what each stage costs, in one process, each rung checked against the oracle first.
//!
//! Prints a table for people on stderr and one JSON record a rung on stdout.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]

use std::process::ExitCode;

use clap::Parser;
use crossdock_bench::machine;
use crossdock_bench::rung::{self, Rung};
use crossdock_bench::workload::{self, Size};
use crossdock_core::feeds::Feeds;
use crossdock_loadgen::parameters::Workload;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What each stage costs.
#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    size: Size,
    /// Only this rung (by its name), for a profiler; its figures have no ratio.
    #[arg(long)]
    rung: Option<String>,
    /// Only this workload: flat, nested, history, mixed or formats.
    #[arg(long)]
    workload: Option<String>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let (shipments, runs) = args.size.counts();
    let feeds = Feeds::new(crossdock_rules::feed::builtin());
    let machine = machine::describe();
    let wanted = |workload: &&Workload| match &args.workload {
        Some(name) => workload.name() == name,
        None => true,
    };
    let mut all_agree = true;
    for workload in Workload::ALL.iter().filter(wanted) {
        let laid = match workload::lay_out(*workload, shipments) {
            Ok(laid) => laid,
            Err(error) => {
                eprintln!("{}: {error}", workload.name());
                return ExitCode::from(2);
            }
        };
        let said = rung::said(&laid, &feeds);
        let agrees = said == laid.expected;
        all_agree &= agrees;
        eprintln!(
            "\n{}: {} documents of {} bytes, {} inputs, {} changes{}",
            laid.name,
            laid.documents,
            laid.bytes / laid.documents.max(1),
            said.inputs,
            said.changes,
            if agrees { ", as the oracle has it" } else { "" }
        );
        if !agrees {
            eprintln!(
                "  the oracle has {:?}\n  the engine    {said:?}\n  not timed",
                laid.expected
            );
            continue;
        }
        match &args.rung {
            Some(name) => repeat(&laid, &feeds, runs, name),
            None => climb(&laid, &feeds, runs, &machine),
        }
    }
    if args.rung.is_none() && args.workload.as_deref().is_none_or(|name| name == "formats") {
        match formats(&feeds, (shipments, runs), &machine) {
            Ok(agree) => all_agree &= agree,
            Err(error) => {
                eprintln!("formats: {error}");
                return ExitCode::from(2);
            }
        }
    }
    if all_agree { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// The whole way of the same stories in several formats, by byte: single events, so that none gains by lists.
fn formats(
    feeds: &Feeds,
    (shipments, runs): (u64, usize),
    machine: &serde_json::Value,
) -> Result<bool, String> {
    let laid = workload::FORMATS.map(|format| workload::lay_out_format(format, shipments));
    let laid = laid.into_iter().collect::<Result<Vec<_>, _>>()?;
    eprintln!("\nformats: the whole way of the same stories, by byte");
    let mut all_agree = true;
    for laid in &laid {
        let said = rung::said(laid, feeds);
        if said != laid.expected {
            eprintln!("  {}: the oracle has {:?}\n  the engine {said:?}", laid.name, laid.expected);
            all_agree = false;
        }
    }
    let mut seconds: Vec<Vec<f64>> = vec![Vec::new(); laid.len()];
    for _ in 0..runs {
        for (laid, seconds) in laid.iter().zip(&mut seconds) {
            seconds.push(Rung::Fold.run(laid, feeds));
        }
    }
    let each = |(laid, seconds): (&workload::Laid, &mut Vec<f64>)| {
        seconds.sort_by(f64::total_cmp);
        seconds[seconds.len() / 2] * 1e9 / laid.bytes as f64
    };
    let each: Vec<f64> = laid.iter().zip(&mut seconds).map(each).collect();
    for ((laid, seconds), ns) in laid.iter().zip(&seconds).zip(&each) {
        let (size, ratio) = (laid.bytes / laid.documents.max(1), ns / each[0]);
        eprintln!(
            "  {:<6} {size:>5} bytes/document  {ns:>6.2} ns/byte  {ratio:>5.2} x json",
            laid.name
        );
        println!(
            "{}",
            serde_json::json!({
                "bench": "formats", "format": laid.name, "documents": laid.documents,
                "bytes": laid.bytes, "seconds": seconds, "ns_per_byte": ns,
                "ratio_to_json": ratio, "machine": machine,
            })
        );
    }
    Ok(all_agree)
}

/// Runs one rung over and over.
fn repeat(laid: &workload::Laid, feeds: &Feeds, runs: usize, name: &str) {
    for rung in Rung::ALL.iter().filter(|rung| rung.name() == name) {
        let mut best = f64::MAX;
        for _ in 0..runs {
            best = best.min(rung.run(laid, feeds));
        }
        eprintln!(
            "  {name}: best of {runs}: {:.0} ns/document",
            best * 1e9 / laid.documents as f64
        );
    }
}

/// Times every rung, in turns so that a drift of the machine meets them all.
fn climb(laid: &workload::Laid, feeds: &Feeds, runs: usize, machine: &serde_json::Value) {
    let mut seconds: Vec<Vec<f64>> = Rung::ALL.iter().map(|_| Vec::new()).collect();
    for run in 0..runs {
        for offset in 0..Rung::ALL.len() {
            let at = (run + offset) % Rung::ALL.len();
            seconds[at].push(Rung::ALL[at].run(laid, feeds));
        }
    }
    for times in &mut seconds {
        times.sort_by(f64::total_cmp);
    }
    let median = |times: &[f64]| times[times.len() / 2];
    let tape = Rung::ALL
        .iter()
        .position(|rung| *rung == Rung::Tape)
        .map_or(1.0, |at| median(&seconds[at]));
    for (rung, times) in Rung::ALL.iter().zip(&seconds) {
        let middle = median(times);
        let each = middle * 1e9 / laid.documents as f64;
        let spread = (times[times.len() - 1] - times[0]) / middle;
        eprintln!(
            "  {:<14} {each:>9.0} ns/document  {:>5.2} x tape  {:>9.0} inputs/s  spread {:>3.0} %",
            rung.name(),
            middle / tape,
            laid.expected.inputs as f64 / middle,
            spread * 100.0
        );
        println!(
            "{}",
            serde_json::json!({
                "bench": "ladder", "workload": laid.name, "rung": rung.name(),
                "documents": laid.documents, "bytes": laid.bytes, "inputs": laid.expected.inputs,
                "seconds": times, "ns_per_document": each, "ratio_to_tape": middle / tape,
                "machine": machine,
            })
        );
    }
}
