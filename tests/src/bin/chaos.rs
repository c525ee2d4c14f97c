//! Faults against a real server and real engines, for as long as asked.
//!
//! # Place
//! `cargo run -p crossdock-tests --bin chaos -- --minutes 10 [--seed 1] [--shipments 20000] [--cluster]`. Prints
//! what struck and what came of it; exit code 1 where anything was lost, doubled or out of order.
//! # Method
//! Engines are this program itself, started as `chaos engine ...`: no other binary has to be built.

use clap::Parser;
use crossdock_tests::chaos::{self, Options};
use crossdock_tests::engine;
use std::process::ExitCode;
use std::time::Duration;

#[derive(Debug, Parser)]
struct Arguments {
    /// How long faults strike.
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// The order of faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Shipments of the plan; their documents are spread over the time.
    #[arg(long, default_value_t = 2_000)]
    shipments: u64,
    /// Three servers that are one cluster, with three copies of each stream; they sync before they answer.
    #[arg(long)]
    cluster: bool,
}

#[expect(clippy::print_stdout, reason = "a program that prints its outcome")]
fn main() -> ExitCode {
    if let Some(code) = engine::run_if_asked() {
        return code;
    }
    let arguments = Arguments::parse();
    let own = std::env::current_exe().expect("a program has a path");
    let folder = std::env::temp_dir().join(format!("crossdock-chaos-{}", std::process::id()));
    println!("seed {}, logs in {}", arguments.seed, folder.display());
    let outcome = chaos::run(Options {
        engine: (own, vec![String::from("engine")]),
        folder,
        time: Some(Duration::from_secs_f64(arguments.minutes * 60.0)),
        shipments: arguments.shipments,
        seed: arguments.seed,
        is_cluster: arguments.cluster,
    });
    let Some(outcome) = outcome else { return ExitCode::SUCCESS };
    println!("{outcome}");
    ExitCode::from(u8::from(!outcome.is_sound()))
}
