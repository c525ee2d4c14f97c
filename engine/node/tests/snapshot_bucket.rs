//! Snapshots in an object-store bucket over a real nats-server: a machine that has lost its disk goes on from there,
//! damaged objects are passed over, and a bucket that is not there costs copies only.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use async_nats::jetstream;
use async_nats::jetstream::object_store::ObjectMetadata;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use crossdock_loadgen::check::{self, Strictness};
use crossdock_loadgen::parameters::Workload;
use crossdock_loadgen::plan::Plan;
use crossdock_node::snapshot::Name;
use crossdock_tests::nats::NatsServer;
use crossdock_tests::streams::{self, WAIT, changes, finish, publish_part};
use futures_util::TryStreamExt as _;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;

const BUCKET: &str = "SNAPSHOTS";
const STREAM: &str = "OBJ_SNAPSHOTS";

/// A server with its streams, a plan, a bucket, and folders of machines.
struct Bench {
    server: NatsServer,
    runtime: tokio::runtime::Runtime,
    plan: Plan,
    folder: PathBuf,
}

impl Bench {
    fn start(name: &str, shipments: u64) -> Option<Self> {
        let server = NatsServer::start(name)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).unwrap();
        let plan = Plan::new(Workload::Nested.parameters(shipments)).unwrap();
        let bench = Self { server, runtime, plan, folder };
        finish(bench.crossdock("a", &["nats", "init"]).spawn().unwrap());
        Some(bench)
    }

    fn publish(&self, part: std::ops::Range<u64>) {
        let published = self.runtime.block_on(publish_part(&self.server.url(), &self.plan, part));
        assert!(0 < published);
    }

    /// The command on one machine: with a folder of its own.
    fn crossdock(&self, machine: &str, arguments: &[&str]) -> Command {
        let binary = Path::new(env!("CARGO_BIN_EXE_crossdock"));
        let mut command = streams::crossdock(binary, &self.server.url(), arguments);
        let folder = format!("snapshot.dir={}", self.folder.join(machine).display());
        let bucket = format!("snapshot.bucket={BUCKET}");
        for option in [&folder, &bucket, "snapshot.bucket_interval=0s", "snapshot.documents=150"] {
            command.args(["--set", option]);
        }
        command.args(["--set", "source.pull_messages=50"]);
        command.args(["--set", "log.level=info,async_nats=warn", "--set", "log.format=json"]);
        command
    }

    /// Drains to the end; gives how many documents were read and all that was logged.
    fn drain(&self, machine: &str) -> (u64, String) {
        let arguments = ["run", "--shards", "2", "--until-caught-up"];
        let Output { stderr, .. } = finish(self.crossdock(machine, &arguments).spawn().unwrap());
        let log = String::from_utf8(stderr).unwrap();
        let line = log.lines().find(|line| line.starts_with("{\"summary\"")).unwrap();
        let summary: Value = serde_json::from_str(line).unwrap();
        (summary["summary"]["documents"].as_u64().unwrap(), log)
    }

    fn lose_disk(&self, machine: &str) {
        fs::remove_dir_all(self.folder.join(machine)).unwrap();
    }

    async fn context(&self) -> jetstream::Context {
        jetstream::new(async_nats::connect(self.server.url()).await.unwrap())
    }

    /// The snapshots of the bucket, oldest first.
    fn objects(&self) -> Vec<Name> {
        self.runtime.block_on(async {
            let stream = self.context().await.get_stream(STREAM).await.unwrap();
            // The client's `list` waits for ever where the last one is removed meanwhile.
            let prefix = format!("$O.{BUCKET}.M.");
            let mut subjects = stream.info_with_subjects(format!("{prefix}>")).await.unwrap();
            let mut names = Vec::new();
            while let Some((subject, _)) = subjects.try_next().await.unwrap() {
                let name = URL_SAFE.decode(subject.strip_prefix(&prefix).unwrap()).unwrap();
                names.push(Name::parse(&String::from_utf8(name).unwrap()).unwrap());
            }
            names.sort();
            names
        })
    }

    /// Waits until there is one at or behind a position.
    fn wait_for_object(&self, position: u64, engine: &Running) -> Name {
        let start = Instant::now();
        // Ends: it is there, or in failure.
        loop {
            if let Some(newest) = self.objects().pop().filter(|it| position <= it.position) {
                return newest;
            }
            assert!(start.elapsed() < WAIT, "{}", engine.log());
            std::thread::yield_now();
        }
    }

    /// Retention takes the input up to a position. Gives how many documents are left.
    fn purge_input(&self, position: u64) -> u64 {
        self.runtime.block_on(async {
            let stream = self.context().await.get_stream("IN").await.unwrap();
            stream.purge().sequence(position + 1).await.unwrap();
            let mut subjects = stream.info_with_subjects("raw.>").await.unwrap();
            let mut count = 0;
            while let Some((_, messages)) = subjects.try_next().await.unwrap() {
                count += messages as u64;
            }
            count
        })
    }

    fn end_of_input(&self) -> u64 {
        self.runtime.block_on(async {
            let stream = self.context().await.get_stream("IN").await.unwrap();
            stream.get_info().await.unwrap().state.last_sequence
        })
    }

    /// The commit record.
    fn record(&self) -> Value {
        self.runtime.block_on(async {
            let stream = self.context().await.get_stream("OUT").await.unwrap();
            let last = stream.get_last_raw_message_by_subject("ctl.default").await;
            last.map(|it| serde_json::from_slice(&it.payload).unwrap()).unwrap_or_default()
        })
    }

    /// What was said is what the plan means, once each.
    fn assert_equal(&self) {
        let lines = self.runtime.block_on(changes(&self.server.url()));
        let strictness = Strictness { events_only: false, examples_max: 3 };
        let verdict = check::check(&self.plan, strictness, &mut lines.as_slice(), |_| {}).unwrap();
        assert!(0 < verdict.expected);
        assert!(verdict.is_equal(), "{verdict:#?}");
        let mut audit = self.crossdock("a", &["audit"]);
        let output = audit.stdout(Stdio::piped()).output().unwrap();
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

/// An engine that runs until it is told to end; killed when a test fails before that.
struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    fn start(bench: &Bench, machine: &str, arguments: &[&str]) -> Self {
        let mut all = vec!["run", "--set", "lease.bucket=LEASES", "--set", "lease.ttl=1s"];
        all.extend(arguments);
        let log = bench.folder.join(format!("{machine}.log"));
        let file = fs::File::create(&log).unwrap();
        let child = bench.crossdock(machine, &all).stderr(file).spawn().unwrap();
        Self { child, log }
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until something was logged.
    fn wait_for(&self, words: &str) {
        let start = Instant::now();
        while !self.log().contains(words) {
            assert!(start.elapsed() < WAIT, "{}", self.log());
            std::thread::yield_now();
        }
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
fn a_machine_that_lost_its_disk_goes_on_from_the_bucket() {
    let Some(bench) = Bench::start("bucket-disk", 300) else { return };
    bench.publish(0..600);
    let engine = Running::start(&bench, "a", &[]);
    let newest = bench.wait_for_object(300, &engine);
    engine.kill();
    // It may have copied another one before it was killed.
    let newest = bench.objects().pop().unwrap_or(newest);
    bench.lose_disk("a");
    bench.publish(600..u64::MAX);
    let left = bench.purge_input(newest.position);
    let (documents, log) = bench.drain("a");
    assert!(log.contains("snapshot loaded"), "{log}");
    assert_eq!(documents, left, "{log}");
    bench.assert_equal();
    // An orderly end leaves the newest in both places, and the next start, on the next machine, reads nothing.
    let end = bench.objects().pop().unwrap();
    assert_eq!(end.position, bench.end_of_input());
    assert!(bench.folder.join("a").join(end.to_string()).exists());
    let (documents, log) = bench.drain("b");
    assert_eq!(documents, 0, "{log}");
    assert!(bench.folder.join("b").join(end.to_string()).exists());
    bench.assert_equal();
}

#[test]
fn a_standby_on_a_new_machine_comes_from_the_bucket() {
    let Some(bench) = Bench::start("bucket-standby", 300) else { return };
    bench.publish(0..600);
    let owner = Running::start(&bench, "a", &[]);
    let newest = bench.wait_for_object(300, &owner);
    bench.purge_input(newest.position);
    let standby = Running::start(&bench, "b", &["--standby"]);
    standby.wait_for("replaying");
    owner.kill();
    bench.publish(600..u64::MAX);
    let end = bench.end_of_input();
    let start = Instant::now();
    // Ends: the standby has taken over and is through, or in failure.
    while {
        let record = bench.record();
        record["epoch"] != 2 || record["position"]["seq"].as_u64().unwrap() < end
    } {
        assert!(start.elapsed() < WAIT, "{}", standby.log());
        std::thread::yield_now();
    }
    let log = standby.end();
    assert!(log.contains("snapshot loaded"), "{log}");
    bench.assert_equal();
    // What it wrote before it owned the group is not copied.
    let objects = bench.objects();
    assert!(objects.iter().all(|name| name.epoch != 0), "{objects:?}");
    assert_eq!(objects.last().map(|name| name.epoch), Some(2));
}

#[test]
fn damaged_objects_are_passed_over_for_an_older_one() {
    let Some(bench) = Bench::start("bucket-damage", 300) else { return };
    for part in [0..200, 200..400, 400..600, 600..800] {
        bench.publish(part);
        bench.drain("a");
    }
    let objects = bench.objects();
    let [third, second, newest] = &objects[..] else { panic!("three are kept: {objects:?}") };
    assert_eq!(newest.position, bench.end_of_input());
    bench.runtime.block_on(async {
        let bucket = bench.context().await.get_object_store(BUCKET).await.unwrap();
        // Another client reads it, and puts it back with one bit that differs: only the file's own checksums tell.
        let mut object = bucket.get(newest.to_string()).await.unwrap();
        let (metadata, mut bytes) = (object.info().metadata.clone(), Vec::new());
        object.read_to_end(&mut bytes).await.unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let name = newest.to_string();
        let meta = ObjectMetadata { name, metadata, ..ObjectMetadata::default() };
        bucket.put(meta, &mut bytes.as_slice()).await.unwrap();
        // The chunks of the next are gone, all but its record.
        let nuid = bucket.info(second.to_string()).await.unwrap().nuid;
        let stream = bench.context().await.get_stream(STREAM).await.unwrap();
        stream.purge().filter(format!("$O.{BUCKET}.C.{nuid}")).await.unwrap();
    });
    bench.lose_disk("a");
    bench.publish(800..u64::MAX);
    let left = bench.purge_input(third.position);
    let (documents, log) = bench.drain("a");
    assert!(log.contains(&format!("bucket SNAPSHOTS/{newest}")), "{log}");
    assert!(log.contains("has a wrong checksum") && log.contains("it has 0 of "), "{log}");
    assert!(log.contains("snapshot loaded"), "{log}");
    assert_eq!(documents, left, "{log}");
    bench.assert_equal();
}

#[test]
fn a_bucket_that_is_not_there_costs_copies_only() {
    let Some(bench) = Bench::start("bucket-missing", 100) else { return };
    bench.publish(0..200);
    bench.runtime.block_on(async {
        bench.context().await.delete_object_store(BUCKET).await.unwrap();
    });
    let check = bench.crossdock("a", &["nats", "check"]).output().unwrap();
    assert_eq!(check.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&check.stderr).contains("OBJ_SNAPSHOTS"), "{check:?}");
    let (documents, log) = bench.drain("a");
    assert_eq!(documents, 200);
    assert!(log.contains("the bucket of snapshots can't be read"), "{log}");
    assert!(log.contains("snapshot not copied"), "{log}");
    bench.publish(200..u64::MAX);
    bench.drain("a");
    bench.assert_equal();
    // Without a folder and with only the end of the input there is no way, and why is said.
    bench.lose_disk("a");
    bench.purge_input(100);
    let run = ["run", "--until-caught-up"];
    let output = bench.crossdock("a", &run).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("unread messages are gone; the bucket \"SNAPSHOTS\""), "{said}");
    // With its bucket it can be looked at, and has nothing.
    finish(bench.crossdock("a", &["nats", "init"]).spawn().unwrap());
    finish(bench.crossdock("a", &["nats", "check"]).spawn().unwrap());
    let output = bench.crossdock("a", &run).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("unread messages are gone") && !said.contains("the bucket"), "{said}");
}
