//! Recovery over a real nats-server: a start takes the newest snapshot that is whole and reads only
//! what came after it, and nothing is lost or doubled by that.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use async_nats::jetstream;
use crossdock_loadgen::check::{self, Strictness};
use crossdock_loadgen::parameters::Workload;
use crossdock_loadgen::plan::Plan;
use crossdock_node::snapshot::file::FileReader;
use crossdock_rules::rule::Options;
use crossdock_rules::rule::pack::{self, Pack};
use crossdock_tests::nats::NatsServer;
use crossdock_tests::streams::{self, WAIT, changes, finish, publish};
use serde_json::Value;

/// A server, a plan in its input stream, and a folder for snapshots.
struct Bench {
    server: NatsServer,
    runtime: tokio::runtime::Runtime,
    plan: Plan,
    published: u64,
    folder: PathBuf,
}

impl Bench {
    fn start(name: &str, shipments: u64) -> Option<Self> {
        let server = NatsServer::start(name)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        drop(fs::remove_dir_all(&folder));
        let plan = Plan::new(Workload::Nested.parameters(shipments)).unwrap();
        let mut bench = Self { server, runtime, plan, published: 0, folder };
        finish(bench.crossdock(&["nats", "init"]).spawn().unwrap());
        bench.published = bench.runtime.block_on(publish(&bench.server.url(), &bench.plan));
        Some(bench)
    }

    fn crossdock(&self, arguments: &[&str]) -> Command {
        self.crossdock_in("", arguments)
    }

    /// With its own folder for snapshots: the one of another machine.
    fn crossdock_in(&self, folder: &str, arguments: &[&str]) -> Command {
        let binary = Path::new(env!("CARGO_BIN_EXE_crossdock"));
        let mut command = streams::crossdock(binary, &self.server.url(), arguments);
        let folder = format!("snapshot.dir={}", self.folder.join(folder).display());
        command.args(["--set", &folder, "--set", "snapshot.documents=150"]);
        command.args(["--set", "log.level=info,async_nats=warn", "--set", "log.format=json"]);
        command
    }

    /// Drains to the end; gives how many documents were read and all that was logged.
    fn run(&self, shards: &str) -> (u64, String) {
        let arguments = ["run", "--shards", shards, "--until-caught-up"];
        let Output { stderr, .. } = finish(self.crossdock(&arguments).spawn().unwrap());
        let log = String::from_utf8(stderr).unwrap();
        let line = log.lines().find(|line| line.starts_with("{\"summary\"")).unwrap();
        let summary: Value = serde_json::from_str(line).unwrap();
        (summary["summary"]["documents"].as_u64().unwrap(), log)
    }

    fn snapshots(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|end| end == "snapshot"));
        files.sort();
        files
    }

    /// The sequence of the last message in IN: documents and the ticks between them.
    fn end_of_input(&self) -> u64 {
        self.runtime.block_on(async {
            let context = jetstream::new(async_nats::connect(self.server.url()).await.unwrap());
            let stream = context.get_stream("IN").await.unwrap();
            stream.get_info().await.unwrap().state.last_sequence
        })
    }

    /// Waits until the commit record is as wanted by what these engines do.
    fn wait_for_record(&self, engines: &[&Running], is_wanted: impl Fn(&Value) -> bool) {
        let start = Instant::now();
        self.runtime.block_on(async {
            let context = jetstream::new(async_nats::connect(self.server.url()).await.unwrap());
            let stream = context.get_stream("OUT").await.unwrap();
            // Ends: with the record, or in failure.
            loop {
                let last = stream.get_last_raw_message_by_subject("ctl.default").await;
                let record: Value = last
                    .map(|record| serde_json::from_slice(&record.payload).unwrap())
                    .unwrap_or_default();
                if !record.is_null() && is_wanted(&record) {
                    return;
                }
                if WAIT < start.elapsed() {
                    let logs: String = engines.iter().map(|engine| engine.log()).collect();
                    panic!("the record stays at {record}\n{logs}");
                }
            }
        });
    }

    fn assert_equal(&self) {
        let lines = self.runtime.block_on(changes(&self.server.url()));
        let strictness = Strictness { events_only: false, examples_max: 3 };
        let verdict = check::check(&self.plan, strictness, &mut lines.as_slice(), |_| {}).unwrap();
        assert!(0 < verdict.expected);
        assert!(verdict.is_equal(), "{verdict:#?}");
        let start = Instant::now();
        // Ends: an audit during which no engine went on, as one does with every tick.
        let output = loop {
            let output = self.crossdock(&["audit"]).stdout(Stdio::piped()).output().unwrap();
            let error = String::from_utf8_lossy(&output.stderr);
            if !error.contains("the engine went on") || WAIT < start.elapsed() {
                break output;
            }
        };
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}{output:?}");
        assert!(said.contains("\"clean\":true"), "{said}");
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}

#[test]
fn a_kill_with_snapshots_loses_nothing_and_reads_only_the_tail() {
    let Some(bench) = Bench::start("recovery-kill", 300) else { return };
    // Small pulls make many turns, so that snapshots begin in the middle.
    let arguments = ["run", "--shards", "2", "--set", "source.pull_messages=50"];
    let mut child = bench.crossdock(&arguments).spawn().unwrap();
    let start = Instant::now();
    // Ends: with the first snapshots.
    while bench.snapshots().len() < 2 && start.elapsed() < WAIT {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(2 <= bench.snapshots().len());
    // With another number of shards than saved it.
    let (documents, log) = bench.run("3");
    assert!(log.contains("snapshot loaded"), "{log}");
    assert!(documents <= bench.published - 150, "{documents} of {}", bench.published);
    bench.assert_equal();
    // An orderly end left a snapshot of all of it.
    let (documents, log) = bench.run("1");
    assert_eq!(documents, 0, "{log}");
    bench.assert_equal();
}

#[test]
fn a_damaged_snapshot_is_passed_over_for_an_older_one_or_a_full_replay() {
    let Some(bench) = Bench::start("recovery-damage", 60) else { return };
    let arguments = ["run", "--until-caught-up", "--set", "source.pull_messages=50"];
    finish(bench.crossdock(&arguments).spawn().unwrap());
    let files = bench.snapshots();
    assert!(2 <= files.len(), "{files:?}");
    let newest = files.last().unwrap();
    let mut bytes = fs::read(newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(newest, &bytes).unwrap();
    let (documents, log) = bench.run("2");
    assert!(log.contains("wrong checksum") && log.contains("snapshot loaded"), "{log}");
    assert!(0 < documents && documents < bench.published, "{documents}");
    bench.assert_equal();
    for file in bench.snapshots() {
        fs::write(&file, b"crossdock snap\n").unwrap();
    }
    let (documents, log) = bench.run("2");
    assert!(log.contains("it is cut short"), "{log}");
    assert_eq!(documents, bench.published);
    bench.assert_equal();
}

#[test]
fn an_output_that_is_doubled_is_found_by_the_audit() {
    let Some(bench) = Bench::start("recovery-audit", 20) else { return };
    bench.run("1");
    bench.assert_equal();
    bench.runtime.block_on(async {
        let context = jetstream::new(async_nats::connect(bench.server.url()).await.unwrap());
        let stream = context.get_stream("OUT").await.unwrap();
        let first = stream.get_info().await.unwrap().state.first_sequence;
        let again = stream.get_raw_message(first).await.unwrap();
        context.publish(again.subject, again.payload).await.unwrap().await.unwrap();
    });
    let output = bench.crossdock(&["audit"]).stdout(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("\"stray\"") && said.contains("\"version_doubled\""), "{said}");
}

#[test]
fn another_set_of_feeds_is_another_state() {
    let Some(bench) = Bench::start("recovery-feeds", 20) else { return };
    bench.run("1");
    let packs = bench.folder.join("packs");
    fs::create_dir_all(packs.join("feeds")).unwrap();
    for (path, text) in crossdock_rules::feed::builtin_files() {
        let name = Path::new(path).file_name().unwrap();
        fs::write(packs.join("feeds").join(name), format!("{text}\n# changed\n")).unwrap();
    }
    let packs = packs.display().to_string();
    let arguments = ["run", "--until-caught-up", "--packs", &packs];
    let output = finish(bench.crossdock(&arguments).spawn().unwrap());
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("the feed files have changed since"), "{log}");
    bench.assert_equal();
}

#[test]
fn a_snapshot_names_the_rules_in_force() {
    let Some(bench) = Bench::start("recovery-rules", 20) else { return };
    let digest = || {
        let newest = fs::File::open(bench.snapshots().last().unwrap()).unwrap();
        FileReader::open(newest).unwrap().manifest().rules_digest
    };
    bench.run("1");
    let own = pack::builtin().load(&Options::default()).unwrap().rev();
    assert_eq!(digest(), own);
    let file = bench.folder.join("other.yaml");
    let rule = "{ id: a, event: delivered, raise: { code: A } }";
    fs::write(&file, format!("version: 1\nrules:\n  - {rule}\n")).unwrap();
    let file = file.display().to_string();
    let others = Pack::read(std::slice::from_ref(&file)).unwrap();
    let others = others.load(&Options::default()).unwrap().rev();
    let activate = ["rules", "activate", "--nats", &bench.server.url(), &file];
    let binary = Path::new(env!("CARGO_BIN_EXE_crossdock"));
    finish(Command::new(binary).args(activate).stderr(Stdio::piped()).spawn().unwrap());
    bench.run("1");
    assert_eq!(digest(), others);
    // A start goes on under the rules of its snapshot, and so says the next one.
    bench.runtime.block_on(publish(&bench.server.url(), &bench.plan));
    bench.run("2");
    assert_eq!(digest(), others);
    assert_ne!(own, others);
}

/// An engine that runs until it is told to end; killed when a test fails before that.
struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    fn start(bench: &Bench, name: &str, is_standby: bool) -> Self {
        let mut arguments = vec!["run", "--set", "source.pull_messages=50"];
        arguments.extend(["--set", "lease.bucket=LEASES", "--set", "lease.ttl=1s"]);
        arguments.extend(is_standby.then_some("--standby"));
        let log = bench.folder.join(format!("{name}.log"));
        fs::create_dir_all(&bench.folder).unwrap();
        let file = fs::File::create(&log).unwrap();
        let child = bench.crossdock_in(name, &arguments).stderr(file).spawn().unwrap();
        Self { child, log }
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// As an operator ends it; what it has logged.
    fn end(mut self) -> String {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success(), "{}", self.log());
        self.log()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_standby_takes_over_from_a_killed_owner_and_hands_over_in_order() {
    let Some(bench) = Bench::start("recovery-standby", 300) else { return };
    let owner = Running::start(&bench, "a", false);
    bench.wait_for_record(&[&owner], |record| 0 < record["batch"].as_u64().unwrap());
    let standby = Running::start(&bench, "b", true);
    bench.wait_for_record(&[&owner, &standby], |record| seq(record) > 300);
    owner.kill();
    let is_taken = |record: &Value| record["epoch"] == 2 && bench.published <= seq(record);
    bench.wait_for_record(&[&standby], is_taken);
    bench.assert_equal();
    // A planned hand-over: another standby follows, the owner is told to end and lets go.
    let second = Running::start(&bench, "c", true);
    bench.runtime.block_on(publish(&bench.server.url(), &bench.plan));
    let end = bench.end_of_input();
    standby.end();
    bench.wait_for_record(&[&second], |record| record["epoch"] == 3 && end <= seq(record));
    let log = second.end();
    assert!(log.contains("took over"), "{log}");
    // Everything was published twice; all of the second time was known.
    bench.assert_equal();
}

/// The stream sequence up to which a record has committed.
fn seq(record: &Value) -> u64 {
    record["position"]["seq"].as_u64().unwrap()
}
