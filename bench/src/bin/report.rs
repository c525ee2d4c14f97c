//! `cargo bench-report`: every benchmark in one run, and the page of what came of it.
//!
//! Builds and runs the ladder, memory, latency and recovery over JetStream, and the peers; writes `records.jsonl`,
//! `report.md` and pictures to `bench/reports/<date>/`. A part that fails, or a peer that can't be
//! installed, is a record that says so.

#![expect(clippy::print_stderr, reason = "a benchmark says how far it is")]

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::Parser;
use crossdock_bench::workload::Size;
use crossdock_bench::{machine, report};
use serde_json::{Value, json};

/// Every benchmark in one run, and the page of what came of it; with `--smoke` without peers.
#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    size: Size,
    /// Seconds at each rate of the open loop.
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    /// Leave these parts out: ladder, memory, latency, recovery, peers, rules.
    #[arg(long, value_delimiter = ',')]
    without: Vec<String>,
    /// Write here; by default to a folder of the day under `bench/reports`, with `--smoke` below the target directory.
    #[arg(long)]
    output: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// True where every part ran.
fn run(args: &Args) -> Result<bool, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let programs = std::env::current_exe()?.parent().ok_or("no folder")?.to_path_buf();
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let folder = match &args.output {
        Some(folder) => folder.clone(),
        None if args.size.smoke => programs.join("report-smoke"),
        None => root.join("bench").join("reports").join(&date),
    };
    std::fs::create_dir_all(&folder)?;
    build(&root, &programs)?;
    let load_before = machine::load();
    let machine = machine::describe();
    let mut records = Vec::new();
    for (name, command) in parts(args, &root, &programs) {
        if args.without.iter().any(|without| without == name) {
            records.push(json!({"bench": name, "status": "left out"}));
            continue;
        }
        eprintln!("\n== {name}");
        records.extend(part(name, command));
    }
    for record in &mut records {
        complete(record, &machine);
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let head = json!({
        "bench": "run", "date": date, "machine": machine, "arguments": arguments.join(" "),
        "config_digest": config_digest(&root)?, "cores": machine["cores"],
        "load_before": load_before, "load_after": machine::load(),
    });
    records.insert(0, head);
    let mut lines = String::new();
    for record in &records {
        writeln!(lines, "{record}")?;
    }
    std::fs::write(folder.join("records.jsonl"), lines)?;
    report::write(&folder, &date, &records)?;
    eprintln!("\nwritten: {}", folder.join("report.md").display());
    Ok(!records.iter().any(|record| record["status"] == "failed"))
}

/// Builds what the parts run, in the profile that this program was built in.
fn build(root: &Path, programs: &Path) -> Result<(), Box<dyn Error>> {
    let packages = ["crossdock-bench", "crossdock-node", "crossdock-loadgen"];
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root).args(["build", "--bins"]);
    command.args(packages.iter().flat_map(|package| ["-p", package]));
    if programs.ends_with("release") {
        command.arg("--release");
    }
    if command.status()?.success() { Ok(()) } else { Err("the benchmarks do not build".into()) }
}

/// The parts in the order in which they run.
fn parts(args: &Args, root: &Path, programs: &Path) -> Vec<(&'static str, Command)> {
    let program = |name: &str| Command::new(programs.join(name));
    let (shipments, runs) = args.size.counts();
    let counts = [format!("--shipments={shipments}"), format!("--runs={runs}")];
    let (mut ladder, mut latency) = (program("ladder"), program("latency"));
    if args.size.smoke {
        ladder.arg("--smoke");
        latency.arg("--smoke");
    } else {
        ladder.args(counts);
        latency.args(["--seconds", &args.seconds.to_string()]);
    }
    let mut parts = vec![("ladder", ladder)];
    let mut memory = program("memory");
    memory.args(args.size.smoke.then_some("--smoke"));
    parts.push(("memory", memory));
    parts.push(("latency", latency));
    let mut recovery = program("recovery");
    recovery.args(args.size.smoke.then_some("--smoke"));
    parts.push(("recovery", recovery));
    if !args.size.smoke {
        let mut peers = Command::new(root.join("bench/peers/run.sh"));
        peers.args(["--shipments", &shipments.to_string(), "--runs", &runs.to_string()]);
        peers.env("CROSSDOCK_LOADGEN", programs.join("crossdock-loadgen"));
        parts.push(("peers", peers));
        parts.push(("rules", Command::new(root.join("bench/peers/rules/bench.sh"))));
    }
    parts
}

/// Runs a part; its records, and one more where it fails.
fn part(name: &str, mut command: Command) -> Vec<Value> {
    let failed = |why: String| json!({"bench": name, "status": "failed", "why": why});
    let output = match command.stdin(Stdio::null()).stderr(Stdio::inherit()).output() {
        Ok(output) => output,
        Err(error) => return vec![failed(error.to_string())],
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let mut records: Vec<Value> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if !output.status.success() {
        records.push(failed(format!("it ended with {}; stderr says why", output.status)));
    } else if records.is_empty() {
        records.push(json!({"bench": name, "status": "left out", "why": "it measured nothing"}));
    }
    records
}

/// What every record must have.
fn complete(record: &mut Value, machine: &Value) {
    let spread = report::seconds(record).map(|(_, spread)| spread);
    let Some(fields) = record.as_object_mut() else { return };
    fields.entry("machine").or_insert_with(|| machine.clone());
    if let Some(spread) = spread {
        fields.insert("spread".to_owned(), json!(spread));
    }
}

/// The defaults that were measured, as 16 hex digits (FNV-1a).
fn config_digest(root: &Path) -> std::io::Result<String> {
    let text = std::fs::read(root.join("configs").join("default.toml"))?;
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
    Ok(format!("{:016x}", text.iter().fold(0xCBF2_9CE4_8422_2325, step)))
}
