//! The whole way over a real nats-server, with the command itself as a process: documents of a plan
//! into IN, `crossdock run`, and what stands in OUT held against the oracle, which shares no code
//! with the engine.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use async_nats::jetstream;
use crossdock_loadgen::check::{self, Strictness};
use crossdock_loadgen::parameters::Workload;
use crossdock_loadgen::plan::Plan;
use crossdock_tests::nats::NatsServer;
use crossdock_tests::streams::{self, WAIT, changes, finish, message_count, publish};

/// `crossdock ARGUMENTS` against a server.
fn crossdock(url: &str, arguments: &[&str]) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_crossdock"));
    let mut command = streams::crossdock(binary, url, arguments);
    command.args(["--set", "log.level=warn"]);
    command
}

fn run(url: &str, (lanes, shards): (&str, &str), pack: &str) -> Command {
    let pack = format!("sink.pack_bytes={pack}");
    crossdock(
        url,
        &["run", "--lanes", lanes, "--shards", shards, "--set", &pack, "--until-caught-up"],
    )
}

/// Drains a plan with some lanes and shards, changes packed up to a size, with a kill -9 in the middle where that is asked
/// for. Gives how many changes there are and how many messages OUT has.
fn check_drain(name: &str, threads: (&str, &str), pack: &str, kill: bool) -> (u64, u64) {
    let Some(server) = NatsServer::start(name) else { return (0, 0) };
    let url = server.url();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    finish(crossdock(&url, &["nats", "init"]).spawn().unwrap());
    let plan = Plan::new(Workload::Nested.parameters(300)).unwrap();
    let published = runtime.block_on(publish(&url, &plan));
    assert!(1_000 < published);
    if kill {
        let mut child = run(&url, threads, pack).spawn().unwrap();
        let start = Instant::now();
        // Ends: with the first changes in OUT, or when the drain was quicker than this look.
        while runtime.block_on(message_count(&url, "OUT")) < 2 && start.elapsed() < WAIT {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    finish(run(&url, threads, pack).spawn().unwrap());
    let lines = runtime.block_on(changes(&url));
    let strictness = Strictness { events_only: false, examples_max: 3 };
    let verdict = check::check(&plan, strictness, &mut lines.as_slice(), |_| {}).unwrap();
    assert!(0 < verdict.expected);
    assert!(verdict.is_equal(), "{verdict:#?}");
    finish(crossdock(&url, &["audit"]).spawn().unwrap());
    (verdict.found, runtime.block_on(message_count(&url, "OUT")))
}

/// The state hash in the commit record of the group.
async fn state_hash(url: &str, group: &str) -> String {
    let context = jetstream::new(async_nats::connect(url).await.unwrap());
    let stream = context.get_stream("OUT").await.unwrap();
    let record = stream.get_last_raw_message_by_subject(&format!("ctl.{group}")).await.unwrap();
    let record: serde_json::Value = serde_json::from_slice(&record.payload).unwrap();
    record["state_hash"].as_str().unwrap().to_owned()
}

#[test]
fn an_empty_stream_is_caught_up_at_once() {
    let Some(server) = NatsServer::start("e2e-empty") else { return };
    let url = server.url();
    finish(crossdock(&url, &["nats", "init"]).spawn().unwrap());
    finish(run(&url, ("1", "1"), "0B").spawn().unwrap());
    // And again, with a commit record from the first run.
    finish(run(&url, ("1", "1"), "0B").spawn().unwrap());
}

#[test]
fn the_commit_record_holds_the_hash_of_the_state() {
    let Some(server) = NatsServer::start("e2e-hash") else { return };
    let url = server.url();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    finish(crossdock(&url, &["nats", "init"]).spawn().unwrap());
    let plan = Plan::new(Workload::Nested.parameters(20)).unwrap();
    runtime.block_on(publish(&url, &plan));
    let mut hashes = Vec::new();
    for (group, shards) in [("a", "1"), ("b", "3")] {
        let arguments = ["run", "--until-caught-up", "--group", group, "--shards", shards];
        finish(crossdock(&url, &arguments).spawn().unwrap());
        hashes.push(runtime.block_on(state_hash(&url, group)));
    }
    assert_eq!(hashes[0], hashes[1]);
    assert_ne!(hashes[0], "0000000000000000");
}

#[test]
fn one_lane_and_one_shard_say_what_the_oracle_says() {
    check_drain("e2e-1-1", ("1", "1"), "0B", false);
}

#[test]
fn two_lanes_and_two_shards_say_the_same() {
    check_drain("e2e-2-2", ("2", "2"), "0B", false);
}

#[test]
fn a_kill_in_the_middle_loses_and_doubles_nothing() {
    check_drain("e2e-kill", ("2", "1"), "0B", true);
}

#[test]
fn packed_changes_are_the_same_in_a_tenth_of_the_messages() {
    let (changes, messages) = check_drain("e2e-packed", ("1", "2"), "64KiB", true);
    assert!(10 * messages <= changes, "{changes} changes in {messages} messages");
}
