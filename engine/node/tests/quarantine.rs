//! A message that the engine panics on, over a real nats-server: it becomes a dead letter, the engine goes on by
//! itself, and a standby, a restart and a full replay agree that it is left out.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use async_nats::jetstream;
use clap::Parser;
use crossdock_core::under_way::Planted;
use crossdock_node::cli::settings::Settings;
use crossdock_node::cli::{Cli, Command as Asked, Failure, run};
use crossdock_tests::nats::NatsServer;
use crossdock_tests::streams::{self, WAIT, finish};
use serde_json::Value;

/// The number that is planted.
const POISON: &str = "SW66";

struct Bench {
    server: NatsServer,
    runtime: tokio::runtime::Runtime,
    folder: PathBuf,
}

impl Bench {
    fn start(name: &str) -> Option<Self> {
        let server = NatsServer::start(name)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).unwrap();
        let bench = Self { server, runtime, folder };
        finish(bench.crossdock("a", &["nats", "init"]).spawn().unwrap());
        Some(bench)
    }

    /// What a command line needs behind its verb, with a folder of snapshots of its own.
    fn options(&self, folder: &str) -> Vec<String> {
        let folder = format!("snapshot.dir={}", self.folder.join(folder).display());
        let set = [&folder, "snapshot.documents=2", "lease.bucket=LEASES", "lease.ttl=1s"];
        set.into_iter().flat_map(|it| [String::from("--set"), it.to_owned()]).collect()
    }

    fn crossdock(&self, folder: &str, arguments: &[&str]) -> Command {
        let binary = Path::new(env!("CARGO_BIN_EXE_crossdock"));
        let mut command = streams::crossdock(binary, &self.server.url(), arguments);
        command.args(self.options(folder));
        command
    }

    /// The command in this process, with something planted: no configuration could.
    fn run_planted(&self, folder: &str, planted: Planted) -> Result<ExitCode, Failure> {
        let url = self.server.url();
        let mut words: Vec<String> =
            ["crossdock", "run", "--until-caught-up", "--shards", "2", "--nats", &url]
                .map(str::to_owned)
                .into();
        words.extend(self.options(folder));
        words.extend(["--set", "telemetry.listen=127.0.0.1:0"].map(str::to_owned));
        let cli = Cli::parse_from(words);
        let mut settings = Settings::load(&cli)?;
        settings.engine.planted = Some(planted);
        let Asked::Run(arguments) = &cli.command else { unreachable!("it was just written") };
        run::run(&settings, arguments)
    }

    fn publish(&self, documents: &[String]) {
        self.runtime.block_on(async {
            let context = jetstream::new(async_nats::connect(self.server.url()).await.unwrap());
            for document in documents {
                let body = document.clone().into();
                context.publish("raw.acme.generic", body).await.unwrap().await.unwrap();
            }
        });
    }

    /// The newest message of a subject.
    fn newest(&self, subject: &str) -> Value {
        self.runtime.block_on(async {
            let context = jetstream::new(async_nats::connect(self.server.url()).await.unwrap());
            let stream = context.get_stream("OUT").await.unwrap();
            let last = stream.get_last_raw_message_by_subject(subject).await;
            last.map(|it| serde_json::from_slice(&it.payload).unwrap()).unwrap_or_default()
        })
    }

    /// Numbers and milestones that were said.
    fn said(&self) -> Vec<String> {
        let lines = self.runtime.block_on(streams::changes(&self.server.url()));
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines
            .map(|line| {
                let change: Value = serde_json::from_slice(line).unwrap();
                let word = |key: &str| change[key].as_str().unwrap_or("-").to_owned();
                format!("{} {} {}", word("kind"), word("tracking_number"), word("milestone"))
            })
            .collect()
    }

    fn assert_clean(&self) {
        let output = self.crossdock("a", &["audit"]).stdout(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("\"clean\":true"), "{said}{output:?}");
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn document(numbers: &[&str], event: &str, minute: u32) -> String {
    let events: Vec<String> = numbers
        .iter()
        .map(|number| {
            format!(
                r#"{{"tracking_number":"{number}","event":"{event}","at":"2026-05-20T09:{minute:02}:00Z"}}"#
            )
        })
        .collect();
    format!(r#"{{"carrier":"swiftline","order":"A-1","events":[{}]}}"#, events.join(","))
}

#[test]
fn a_message_that_panics_is_left_out_by_everybody() {
    let Some(bench) = Bench::start("quarantine") else { return };
    // One that stands by from the beginning, with no bug planted: it obeys the record all the same.
    let log = fs::File::create(bench.folder.join("standby.log")).unwrap();
    let mut standby = bench.crossdock("b", &["run", "--standby"]).stderr(log).spawn().unwrap();
    bench.publish(&[
        document(&["SW1"], "PICKED_UP", 1),
        document(&["SW2", POISON], "PICKED_UP", 2),
        document(&["SW1"], "OUT_FOR_DELIVERY", 3),
        document(&[POISON], "DELIVERED", 4),
        document(&["SW3", "SW2"], "PICKED_UP", 5),
    ]);
    let code = bench.run_planted("a", Planted::Shard(POISON.into())).unwrap();
    assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS));
    let wanted = [
        "SW1 CARRIER_POSSESSION",
        "SW1 OUT_FOR_DELIVERY",
        "SW3 CARRIER_POSSESSION",
        "SW2 CARRIER_POSSESSION",
    ];
    let of_parcels = |it: String| it.strip_prefix("milestone ").map(str::to_owned);
    let said = || bench.said().into_iter().filter_map(of_parcels).collect::<Vec<_>>();
    assert_eq!(said(), wanted);
    let letter = bench.newest("dlq.acme.quarantined");
    assert!(letter["payload"].as_str().unwrap().contains("DELIVERED"), "{letter}");
    let record = bench.newest("ctl.default");
    let left_out: Vec<u64> = record["quarantined"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(left_out, [2, 4], "{record}");
    bench.assert_clean();
    // The other takes over, having compared its state with the record's.
    let start = Instant::now();
    let epoch = record["epoch"].as_u64().unwrap();
    while bench.newest("ctl.default")["epoch"].as_u64().unwrap() == epoch {
        let log = || fs::read_to_string(bench.folder.join("standby.log")).unwrap();
        assert!(standby.try_wait().unwrap().is_none() && start.elapsed() < WAIT, "{}", log());
    }
    bench.publish(&[document(&["SW1"], "DELIVERED", 30)]);
    while bench.newest("ctl.default")["position"]["seq"].as_u64().unwrap() < 6 {
        assert!(start.elapsed() < WAIT);
    }
    let pid = standby.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(standby.wait().unwrap().success());
    // A replay of everything, by another number of shards, says nothing new and leaves the same state.
    let hash = bench.newest("ctl.default")["state_hash"].clone();
    let arguments = ["run", "--until-caught-up", "--shards", "3"];
    bench.publish(&[document(&["SW1"], "DELIVERED", 30)]);
    finish(bench.crossdock("c", &arguments).spawn().unwrap());
    assert_eq!(bench.newest("ctl.default")["state_hash"], hash);
    assert_eq!(said()[4..], ["SW1 DELIVERED"]);
    bench.assert_clean();
}

#[test]
fn what_is_committed_is_not_left_out() {
    let Some(bench) = Bench::start("quarantine-committed") else { return };
    bench.publish(&[document(&["SW1"], "PICKED_UP", 1), document(&[POISON], "PICKED_UP", 2)]);
    finish(bench.crossdock("a", &["run", "--until-caught-up"]).spawn().unwrap());
    assert_eq!(bench.newest("ctl.default")["position"]["seq"], 2);
    // As a newer version with a bug, that starts without snapshots.
    bench.publish(&[document(&["SW1"], "DELIVERED", 3)]);
    let failure = bench.run_planted("b", Planted::Orders(POISON.into())).unwrap_err();
    assert_eq!(failure.exit_code(), 70);
    let text = failure.to_string();
    assert!(text.contains("after 1 and up to 2"), "{text}");
}
