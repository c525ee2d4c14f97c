//! The JetStream edge against a real nats-server: every promise of docs/decisions/0007-commit.md
//! that a fake could only pretend to keep.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use bytes::Bytes;
use crossdock_node::error::EdgeError;
use crossdock_node::jetstream::call::Caller;
use crossdock_node::jetstream::committer::{Committer, CommitterOptions};
use crossdock_node::jetstream::connection::{Connection, ConnectionOptions};
use crossdock_node::jetstream::ctl::{Fingerprint, Position};
use crossdock_node::jetstream::edge::{Edge, EdgeOptions, Stance};
use crossdock_node::jetstream::intake::Start;
use crossdock_node::jetstream::lease::{Held, Lease, LeaseOptions};
use crossdock_node::jetstream::output::{BatchLimits, CommitRequest, Output};
use crossdock_node::jetstream::reader::{Batch, Message, Reader, ReaderOptions};
use crossdock_node::jetstream::setup::{self, Done, Role, Severity, StreamOptions};
use crossdock_node::telemetry::{Counter, Counters, Telemetry};
use crossdock_tests::nats::NatsServer;
use crossdock_tests::proxy::Proxy;
use serde_json::{Value, json};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Long, for machines that do much else; nothing waits for it when all is well.
const WAIT: Duration = Duration::from_secs(300);

/// Runs a test's async part on one thread, within [`WAIT`].
fn block_on<T>(part: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(WAIT, part).await.expect("in time") })
}

fn streams() -> Vec<StreamOptions> {
    let stream = |name: &str, role, subjects: &[&str]| StreamOptions {
        name: name.to_owned(),
        role,
        subjects: subjects.iter().map(ToString::to_string).collect(),
        replicas: 1,
        max_age: Duration::from_secs(86_400),
        max_bytes: 256 << 20,
        duplicate_window: Duration::from_secs(60),
    };
    vec![
        stream("IN", Role::Input, &["raw.>"]),
        stream("OUT", Role::Output, &["ms.>", "dlq.>", "ctl.>"]),
    ]
}

fn connection_options(url: &str) -> ConnectionOptions {
    ConnectionOptions { servers: vec![url.to_owned()], ..ConnectionOptions::default() }
}

fn committer_options() -> CommitterOptions {
    CommitterOptions {
        stream: "OUT".to_owned(),
        group: "g1".to_owned(),
        engine: "test".to_owned(),
        limits: BatchLimits { outputs_max: 999, bytes_max: 4 << 20 },
        ack_timeout: Duration::from_millis(500),
        retry_delay_max: Duration::from_millis(200),
    }
}

/// A connection with a caller, and both streams made.
async fn open(url: &str) -> (Connection, Caller) {
    let connection = Connection::open(&connection_options(url)).await.unwrap();
    let mut caller = Caller::open(&connection, Duration::from_secs(60)).await.unwrap();
    setup::init(&mut caller, &streams(), false).await.unwrap();
    (connection, caller)
}

/// A request whose answer says only that it was done.
async fn ask(caller: &mut Caller, verb: &str, body: impl Into<Bytes>) {
    caller.api::<Value>(verb, body).await.unwrap();
}

async fn committer(url: &str, counters: &Arc<Counters>) -> Committer {
    let connection = Connection::open(&connection_options(url)).await.unwrap();
    Committer::open(&connection, committer_options(), Arc::clone(counters)).await.unwrap()
}

fn outputs(seq: u64, indexes: std::ops::Range<u32>) -> Vec<Output> {
    indexes
        .map(|index| Output {
            seq,
            index,
            subject: "ms.acme.customer.milestone".into(),
            headers: vec![("Crossdock-Version", "1".to_owned())],
            body: Bytes::from(format!("{seq}/{index}")),
        })
        .collect()
}

fn request(ticket: u64, outputs: Vec<Output>, seq: u64) -> CommitRequest {
    let mark = Some(Fingerprint { seq, time_us: 1, crc32c: 2 });
    CommitRequest { ticket, outputs, position: Position::whole(seq), state_hash: seq, mark }
}

/// Publishes without waiting, then waits until the stream holds them all.
async fn fill(caller: &mut Caller, bodies: impl Iterator<Item = String>) {
    let client = caller.connection().client().clone();
    let before = stream_state(caller, "IN").await["last_seq"].as_u64().unwrap();
    let mut count = 0;
    for body in bodies {
        client.publish("raw.acme.generic", body.into()).await.unwrap();
        count += 1;
    }
    client.flush().await.unwrap();
    while stream_state(caller, "IN").await["last_seq"].as_u64().unwrap() < before + count {
        tokio::task::yield_now().await;
    }
}

async fn stream_state(caller: &mut Caller, stream: &str) -> Value {
    let info: Value = caller.api(&format!("STREAM.INFO.{stream}"), "").await.unwrap();
    info["state"].clone()
}

fn spawn_reader(reader: Reader, ring_batches: usize) -> mpsc::Receiver<Result<Batch, EdgeError>> {
    let (send, receive) = mpsc::channel(ring_batches);
    drop(tokio::spawn(reader.run(send)));
    receive
}

async fn reader(
    url: &str,
    options: ReaderOptions,
    start: Start,
    counters: &Arc<Counters>,
) -> Reader {
    let connection = Connection::open(&connection_options(url)).await.unwrap();
    Reader::open(&connection, options, start, Arc::clone(counters)).await.unwrap()
}

/// Takes batches until `count` messages are here.
async fn take(ring: &mut mpsc::Receiver<Result<Batch, EdgeError>>, count: usize) -> Vec<Message> {
    let mut messages = Vec::new();
    while messages.len() < count {
        messages.extend(ring.recv().await.expect("an open ring").expect("a batch").messages);
    }
    messages
}

fn assert_consecutive(messages: &[Message], first: u64) {
    for (offset, message) in messages.iter().enumerate() {
        assert_eq!(message.seq, first + offset as u64);
    }
}

/// Everything on the output stream but commit records: (seq, body), in order.
async fn stored_outputs(caller: &mut Caller) -> Vec<(u64, String)> {
    let state = stream_state(caller, "OUT").await;
    let (last, mut seq) = (state["last_seq"].as_u64().unwrap(), 0);
    let mut found = Vec::new();
    // An ordinary reader would share our reader's faults: this asks for the next message by
    // subject, one at a time.
    while seq < last {
        let query = json!({ "seq": seq + 1, "next_by_subj": "ms.>" });
        let Some(stored) = caller.stored("OUT", &query).await.unwrap() else { break };
        seq = stored.seq;
        found.push((seq, String::from_utf8(stored.payload.to_vec()).unwrap()));
    }
    found
}

#[test]
fn streams_are_made_checked_and_repaired() {
    let Some(server) = NatsServer::start("setup") else { return };
    block_on(async {
        let connection = Connection::open(&connection_options(&server.url())).await.unwrap();
        let mut caller = Caller::open(&connection, Duration::from_secs(60)).await.unwrap();
        let missing = setup::check(&mut caller, &streams()).await.unwrap_err();
        assert_eq!(missing, EdgeError::StreamMissing { stream: "IN".to_owned() });

        let done = setup::init(&mut caller, &streams(), false).await.unwrap();
        assert!(done.iter().all(|(_, done)| *done == Done::Created), "{done:?}");
        assert_eq!(setup::require(&mut caller, &streams()).await.unwrap(), vec![]);

        let mut found: Value = caller.api("STREAM.INFO.OUT", "").await.unwrap();
        let mut config = found["config"].take();
        config["discard"] = json!("old");
        config["allow_atomic"] = json!(false);
        ask(&mut caller, "STREAM.UPDATE.OUT", config.to_string()).await;
        let list = setup::check(&mut caller, &streams()).await.unwrap();
        let names: Vec<&str> = list.iter().map(|deviation| deviation.setting).collect();
        assert_eq!(names, ["discard", "allow_atomic"]);
        assert!(list.iter().all(|d| d.severity == Severity::Breaks && d.changeable));
        let unfit = setup::require(&mut caller, &streams()).await.unwrap_err();
        assert!(matches!(unfit, EdgeError::StreamUnfit { count: 2, .. }), "{unfit}");

        let left = setup::init(&mut caller, &streams(), false).await.unwrap();
        assert!(matches!(&left[1].1, Done::Left(list) if list.len() == 2), "{left:?}");
        let repaired = setup::init(&mut caller, &streams(), true).await.unwrap();
        assert_eq!(repaired[0].1, Done::Fits);
        assert!(matches!(&repaired[1].1, Done::Repaired(list) if list.len() == 2), "{repaired:?}");
        assert_eq!(setup::require(&mut caller, &streams()).await.unwrap(), vec![]);
    });
}

#[test]
fn input_is_read_in_order_and_resumed_after_the_own_position() {
    let Some(server) = NatsServer::start("read") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        fill(&mut caller, (1..=5000).map(|number| number.to_string())).await;
        let first =
            reader(&server.url(), ReaderOptions::default(), Start::default(), &counters).await;
        let mut ring = spawn_reader(first, 4);
        let messages = take(&mut ring, 5000).await;
        assert_consecutive(&messages, 1);
        assert_eq!(messages[4321].payload, "4322");
        assert_eq!(messages[0].subject.as_str(), "raw.acme.generic");
        assert!(messages.windows(2).all(|pair| pair[0].stream_time_us <= pair[1].stream_time_us));
        drop(ring);

        let start = Start { position: Some(4990), ..Start::default() };
        let second = reader(&server.url(), ReaderOptions::default(), start, &counters).await;
        let mut ring = spawn_reader(second, 4);
        let messages = take(&mut ring, 10).await;
        assert_consecutive(&messages, 4991);
        fill(&mut caller, (0..3).map(|number| number.to_string())).await;
        assert_consecutive(&take(&mut ring, 3).await, 5001);
    });
    assert_eq!(counters.get(Counter::Gaps) + counters.get(Counter::Silences), 0);
    assert_eq!(counters.get(Counter::Documents), 5013);
}

#[test]
fn a_message_dropped_by_the_client_is_a_gap_and_is_read_again() {
    let Some(server) = NatsServer::start("gap") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        fill(&mut caller, (1..=3000).map(|number| number.to_string())).await;
        // A subscription that holds fewer messages than a pull brings: the client drops the rest.
        let mut options = connection_options(&server.url());
        options.subscription_capacity = 100;
        let connection = Connection::open(&options).await.unwrap();
        let (options, start) = (ReaderOptions::default(), Start::default());
        let reader =
            Reader::open(&connection, options, start, Arc::clone(&counters)).await.unwrap();
        let mut ring = spawn_reader(reader, 4);
        assert_consecutive(&take(&mut ring, 3000).await, 1);
        assert!(connection.link().dropped > 0);
    });
    assert!(counters.get(Counter::Gaps) > 0);
    assert_eq!(counters.get(Counter::Silences), 0);
}

#[test]
fn a_consumer_deleted_under_the_reader_is_made_anew() {
    let Some(server) = NatsServer::start("deleted") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        fill(&mut caller, (1..=10).map(|number| number.to_string())).await;
        let reader =
            reader(&server.url(), ReaderOptions::default(), Start::default(), &counters).await;
        let mut ring = spawn_reader(reader, 4);
        assert_consecutive(&take(&mut ring, 10).await, 1);
        for round in 1..=3u64 {
            let names: Value = caller.api("CONSUMER.NAMES.IN", "").await.unwrap();
            let name = names["consumers"][0].as_str().expect("a consumer").to_owned();
            let verb = format!("CONSUMER.DELETE.IN.{name}");
            ask(&mut caller, &verb, "").await;
            fill(&mut caller, (0..10).map(|number| number.to_string())).await;
            assert_consecutive(&take(&mut ring, 10).await, 10 * round + 1);
        }
    });
    assert_eq!(counters.get(Counter::ConsumersLost), 3);
}

#[test]
fn a_message_larger_than_a_pull_goes_alone() {
    let Some(server) = NatsServer::start("large") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        let sizes = [10, 50_000, 10, 90_000, 90_000, 10];
        fill(&mut caller, sizes.iter().map(|&size| "x".repeat(size))).await;
        let options = ReaderOptions { pull_bytes: 16 << 10, ..ReaderOptions::default() };
        let reader = reader(&server.url(), options, Start::default(), &counters).await;
        let mut ring = spawn_reader(reader, 4);
        let messages = take(&mut ring, sizes.len()).await;
        let found: Vec<usize> = messages.iter().map(|message| message.payload.len()).collect();
        assert_eq!(found, sizes);
    });
}

#[test]
fn a_full_ring_stops_the_pulls() {
    let Some(server) = NatsServer::start("pressure") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        fill(&mut caller, (1..=4000).map(|number| number.to_string())).await;
        let options = ReaderOptions { pull_messages: 100, ..ReaderOptions::default() };
        let reader = reader(&server.url(), options, Start::default(), &counters).await;
        let mut ring = spawn_reader(reader, 2);
        // Two batches in the ring, one in hand, two pulls at most under way: then it stands.
        while ring.len() < 2 {
            tokio::task::yield_now().await;
        }
        for _ in 0..20 {
            stream_state(&mut caller, "IN").await;
        }
        assert!(counters.get(Counter::Pulls) <= 6, "{}", counters.get(Counter::Pulls));
        assert!(counters.get(Counter::Documents) <= 300);
        assert_consecutive(&take(&mut ring, 4000).await, 1);
    });
    assert_eq!(counters.get(Counter::Gaps), 0);
}

#[test]
fn input_that_expired_or_was_replaced_stops_the_reader() {
    let Some(server) = NatsServer::start("rollback") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        fill(&mut caller, (1..=10).map(|number| number.to_string())).await;
        let mut first =
            reader(&server.url(), ReaderOptions::default(), Start::default(), &counters).await;
        let created = first.check().await.unwrap();
        let mut ring = spawn_reader(first, 4);
        let read = ring.recv().await.unwrap().unwrap();
        let print = read.fingerprint();
        assert_eq!(print.seq, 10);
        let start = |position, prints: &[Fingerprint]| Start {
            position: Some(position),
            created: Some(created.clone()),
            prints: prints.to_vec(),
            accept_lost: false,
        };
        let check = async |start: Start| {
            let options = ReaderOptions::default();
            let counters = Arc::new(Counters::default());
            reader(&server.url(), options, start, &counters).await.check().await
        };
        assert_eq!(check(start(10, &[print])).await, Ok(created.clone()));

        let other = Fingerprint { crc32c: print.crc32c ^ 1, ..print };
        let older = caller.stored("IN", &json!({ "seq": 4 })).await.unwrap().unwrap();
        let crc32c = crc32c::crc32c(&older.payload);
        let older = Fingerprint { seq: 4, time_us: older.time_us, crc32c };
        let replaced = check(start(10, &[other, older])).await.unwrap_err();
        assert!(
            matches!(&replaced, EdgeError::InputRolledBack { matching_seq: Some(4), .. }),
            "{replaced}"
        );
        let beyond = check(start(11, &[Fingerprint { seq: 11, ..print }, older])).await;
        let beyond = beyond.unwrap_err();
        assert!(
            matches!(&beyond, EdgeError::InputRolledBack { matching_seq: Some(4), .. }),
            "{beyond}"
        );

        ask(&mut caller, "STREAM.PURGE.IN", r#"{"seq":8}"#).await;
        let expired = check(start(5, &[older])).await.unwrap_err();
        assert!(matches!(expired, EdgeError::InputExpired { lost: 2, .. }), "{expired}");
        let mut accepting = start(5, &[older]);
        accepting.accept_lost = true;
        assert!(check(accepting).await.is_ok());

        ask(&mut caller, "STREAM.DELETE.IN", "").await;
        let missing = check(start(10, &[print])).await.unwrap_err();
        assert_eq!(missing, EdgeError::StreamMissing { stream: "IN".to_owned() });
        setup::init(&mut caller, &streams(), false).await.unwrap();
        let anew = check(start(10, &[print])).await.unwrap_err();
        assert!(matches!(anew, EdgeError::InputRolledBack { .. }), "{anew}");
    });
}

#[test]
fn a_commit_stores_outputs_and_position_and_a_second_owner_fences_the_first() {
    let Some(server) = NatsServer::start("commit") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        let mut first = committer(&server.url(), &counters).await;
        let claim = first.claim().await.unwrap();
        assert_eq!((claim.found, claim.epoch), (None, 1));
        first.set_stream_created("2026-01-01T00:00:00Z");
        let committed = first.commit(&request(7, outputs(3, 0..5), 4)).await.unwrap();
        assert_eq!((committed.ticket, committed.batches), (7, 1));
        let (seq, record) = first.peek().await.unwrap().unwrap();
        assert_eq!(seq, committed.fence);
        assert_eq!((record.position, record.batch, record.epoch), (Position::whole(4), 1, 1));
        assert_eq!(record.stream.unwrap().seq, 4);

        let mut second = committer(&server.url(), &counters).await;
        let claim = second.claim().await.unwrap();
        assert_eq!(claim.epoch, 2);
        assert_eq!(claim.found.unwrap().position, Position::whole(4));
        let fenced = first.commit(&request(8, outputs(5, 0..3), 5)).await.unwrap_err();
        let owner = second.owner().to_owned();
        assert_eq!(fenced, EdgeError::Fenced { group: "g1".to_owned(), owner, epoch: 2 });
        second.commit(&request(1, outputs(5, 0..2), 5)).await.unwrap();

        let bodies: Vec<String> =
            stored_outputs(&mut caller).await.into_iter().map(|(_, b)| b).collect();
        assert_eq!(bodies, ["3/0", "3/1", "3/2", "3/3", "3/4", "5/0", "5/1"]);
        let state = stream_state(&mut caller, "OUT").await;
        assert_eq!(state["messages"], json!(8), "one commit record is kept");
    });
    assert_eq!(counters.get(Counter::Fenced), 1);
}

#[test]
fn two_claims_in_the_same_moment_have_one_winner() {
    let Some(server) = NatsServer::start("claims") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, _caller) = open(&server.url()).await;
        for round in 0..10 {
            let mut one = committer(&server.url(), &counters).await;
            let mut two = committer(&server.url(), &counters).await;
            let (first, second) = tokio::join!(one.claim(), two.claim());
            // Both may succeed one after the other; then the later epoch owns the group.
            let epochs: Vec<u32> =
                [&first, &second].iter().flat_map(|c| c.as_ref().ok().map(|c| c.epoch)).collect();
            assert!(!epochs.is_empty(), "{first:?} {second:?}");
            assert!(epochs.len() == 1 || epochs[0] != epochs[1], "round {round}: {epochs:?}");
        }
    });
}

#[test]
fn one_document_may_yield_more_than_a_batch_carries() {
    let Some(server) = NatsServer::start("many") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        let mut committer = committer(&server.url(), &counters).await;
        committer.claim().await.unwrap();
        let committed = committer.commit(&request(1, outputs(9, 0..2500), 9)).await.unwrap();
        assert_eq!(committed.batches, 3);
        let (_, record) = committer.peek().await.unwrap().unwrap();
        assert_eq!(record.position, Position::whole(9));
        assert_eq!(record.previous, Position { seq: 9, index: 1998 });
        let found = stored_outputs(&mut caller).await;
        assert_eq!(found.len(), 2500);
        for (index, (_, body)) in found.iter().enumerate() {
            assert_eq!(*body, format!("9/{index}"));
        }
        let too_many = Vec::from_iter(std::iter::repeat_n(outputs(10, 0..1), 1000).flatten());
        let error = committer.commit(&request(2, too_many, 10)).await.unwrap_err();
        assert!(matches!(error, EdgeError::OutputsPerEvent { seq: 10, .. }), "{error}");
    });
}

#[test]
fn a_lost_acknowledgement_is_resolved_by_the_record() {
    let Some(server) = NatsServer::start("ack") else { return };
    let proxy = Proxy::start(server.port());
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        let mut committer = committer(&proxy.url(), &counters).await;
        committer.claim().await.unwrap();
        for seq in 1..=10 {
            proxy.lose_acks(1);
            let committed = committer.commit(&request(seq, outputs(seq, 0..20), seq)).await;
            assert_eq!(committed.unwrap().ticket, seq);
        }
        let found = stored_outputs(&mut caller).await;
        assert_eq!(found.len(), 200);
    });
    assert_eq!(proxy.lost(), 10);
    assert_eq!(counters.get(Counter::CommitsResolved), 10);
}

/// Kills the server ten times in the middle of commits; the outputs must come out once each.
#[test]
fn a_server_killed_in_the_middle_of_commits_loses_and_doubles_nothing() {
    const KILLS: u64 = 10;
    let Some(mut server) = NatsServer::start("kill") else { return };
    let url = server.url();
    let counters = Arc::new(Counters::default());
    block_on(async { drop(open(&url).await) });
    let commits = Arc::new(AtomicU64::new(0));
    let done = Arc::new(AtomicU64::new(0));
    let (shared, stop, shared_counters) =
        (Arc::clone(&commits), Arc::clone(&done), Arc::clone(&counters));
    let committing_url = url.clone();
    let committing = std::thread::spawn(move || {
        block_on(async {
            let mut committer = committer(&committing_url, &shared_counters).await;
            committer.claim().await.unwrap();
            let mut seq = 0;
            while stop.load(Ordering::SeqCst) == 0 {
                seq += 1;
                committer.commit(&request(seq, outputs(seq, 0..600), seq)).await.unwrap();
                shared.store(seq, Ordering::SeqCst);
            }
            seq
        })
    });
    for round in 0..KILLS {
        let before = commits.load(Ordering::SeqCst);
        while commits.load(Ordering::SeqCst) < before + 3 {
            assert!(!committing.is_finished());
            std::thread::yield_now();
        }
        // Some way into a batch, another place each time.
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_micros(1_500 * round) {
            std::hint::spin_loop();
        }
        server.restart();
    }
    done.store(1, Ordering::SeqCst);
    let last = committing.join().unwrap();
    block_on(async {
        let (_connection, mut caller) = open(&url).await;
        let found = stored_outputs(&mut caller).await;
        let mut expected =
            (1..=last).flat_map(|seq| (0..600).map(move |index| format!("{seq}/{index}")));
        for (seq, body) in &found {
            assert_eq!(Some(body), expected.next().as_ref(), "at output sequence {seq}");
        }
        assert_eq!(expected.next(), None, "the last output is missing");
    });
    println!(
        "{last} commits through {KILLS} kills; acks lost {}, found committed {}, sent again {}",
        counters.get(Counter::CommitAcksLost),
        counters.get(Counter::CommitsResolved),
        counters.get(Counter::CommitRetries),
    );
}

#[test]
fn a_full_output_stream_makes_the_commit_wait() {
    let Some(server) = NatsServer::start("full") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        let mut found: Value = caller.api("STREAM.INFO.OUT", "").await.unwrap();
        let mut config = found["config"].take();
        config["max_bytes"] = json!(2000);
        ask(&mut caller, "STREAM.UPDATE.OUT", config.to_string()).await;
        let mut committer = committer(&server.url(), &counters).await;
        committer.claim().await.unwrap();
        let stuck = request(1, outputs(1, 0..50), 1);
        let commit = committer.commit(&stuck);
        tokio::pin!(commit);
        while counters.get(Counter::CommitRetries) < 3 {
            tokio::select! {
                done = &mut commit => panic!("{done:?}"),
                () = tokio::task::yield_now() => {}
            }
        }
        config["max_bytes"] = json!(200_000);
        ask(&mut caller, "STREAM.UPDATE.OUT", config.to_string()).await;
        assert_eq!(commit.await.unwrap().ticket, 1);
        assert_eq!(stored_outputs(&mut caller).await.len(), 50);
    });
}

#[test]
fn a_record_that_fell_back_stops_the_committer() {
    let Some(server) = NatsServer::start("fallback") else { return };
    let counters = Arc::new(Counters::default());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        let mut committer = committer(&server.url(), &counters).await;
        committer.claim().await.unwrap();
        committer.commit(&request(1, outputs(1, 0..5), 1)).await.unwrap();
        ask(&mut caller, "STREAM.DELETE.OUT", "").await;
        setup::init(&mut caller, &streams(), false).await.unwrap();
        let error = committer.commit(&request(2, outputs(2, 0..5), 2)).await.unwrap_err();
        assert!(matches!(error, EdgeError::OutputRolledBack { found_seq: 0, .. }), "{error}");
    });
}

#[test]
fn a_lease_has_one_holder_and_runs_out() {
    let Some(server) = NatsServer::start("lease") else { return };
    block_on(async {
        let lease = async |holder: &str| {
            let connection = Connection::open(&connection_options(&server.url())).await.unwrap();
            let caller = Caller::open(&connection, Duration::from_secs(60)).await.unwrap();
            let options = LeaseOptions {
                bucket: "LEASES".to_owned(),
                group: "g1".to_owned(),
                holder: holder.to_owned(),
                ttl: Duration::from_secs(1),
                replicas: 1,
            };
            Lease::open(caller, options).await.unwrap()
        };
        let (mut one, mut two) = (lease("one").await, lease("two").await);
        assert_eq!(one.renew().await.unwrap(), Held::Ours);
        assert_eq!(two.renew().await.unwrap(), Held::Other("one".to_owned()));
        assert_eq!(one.renew().await.unwrap(), Held::Ours);
        // Let go: the other need not wait.
        one.release().await.unwrap();
        assert_eq!(two.renew().await.unwrap(), Held::Ours);
        assert_eq!(one.renew().await.unwrap(), Held::Other("two".to_owned()));
        // Not renewed: it runs out.
        let begun = Instant::now();
        while one.renew().await.unwrap() != Held::Ours {
            assert!(begun.elapsed() < Duration::from_secs(10));
        }
        assert!(begun.elapsed() > Duration::from_millis(500));
        assert_eq!(two.renew().await.unwrap(), Held::Other("one".to_owned()));
    });
}

#[test]
fn an_old_server_is_refused_with_its_version() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let old = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let info = r#"INFO {"server_id":"X","server_name":"old","version":"2.9.10","proto":1,"headers":true,"jetstream":true,"max_payload":1048576}"#;
        write!(stream, "{info}\r\n").unwrap();
        let mut buffer = [0; 4096];
        // Ends: when the client hangs up.
        while let Ok(size @ 1..) = stream.read(&mut buffer) {
            if buffer[..size].windows(4).any(|window| window == b"PING") {
                stream.write_all(b"PONG\r\n").unwrap();
            }
        }
    });
    let error = block_on(async {
        Connection::open(&connection_options(&format!("nats://{address}"))).await.unwrap_err()
    });
    assert_eq!(
        error.to_string(),
        "nats-server \"old\" is version 2.9.10; crossdock needs 2.14.5 or newer"
    );
    assert!(error.hint().starts_with("Update nats-server"));
    old.join().unwrap();
}

#[test]
fn the_edge_carries_documents_in_and_commits_out() {
    let Some(server) = NatsServer::start("edge") else { return };
    let options = EdgeOptions {
        connection: connection_options(&server.url()),
        streams: streams(),
        create_streams: true,
        reader: ReaderOptions::default(),
        committer: committer_options(),
        ring_batches: 4,
        commit_queue: 2,
        lease: None,
    };
    let telemetry = Telemetry::new();
    let edge = Edge::open(options.clone(), Stance::Owner, Arc::clone(&telemetry)).unwrap();
    assert_eq!(edge.claim().found, None);
    let (mut handle, driver) = edge.start(Start::default()).unwrap();
    let thread = std::thread::spawn(move || driver.run());
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        fill(&mut caller, (1..=2000).map(|number| number.to_string())).await;
    });
    let deadline = Instant::now() + WAIT;
    let mut committed_seq = 0;
    let mut waiting = None;
    while committed_seq < 2000 {
        assert!(Instant::now() < deadline, "stuck at {committed_seq}");
        if waiting.is_none()
            && let Some(batch) = handle.poll_batch().unwrap()
            && !batch.messages.is_empty()
        {
            let outputs = batch.messages.iter().flat_map(|m| outputs(m.seq, 0..1)).collect();
            let print = batch.fingerprint();
            let mut request = request(print.seq, outputs, print.seq);
            request.mark = Some(print);
            waiting = Some(request);
        }
        if let Some(request) = waiting.take() {
            waiting = handle.submit_commit(request).err().map(|request| *request);
        }
        while let Some(committed) = handle.poll_committed().unwrap() {
            assert!(committed_seq < committed.position.seq);
            committed_seq = committed.position.seq;
        }
        std::thread::yield_now();
    }
    drop(handle);
    thread.join().unwrap();
    block_on(async {
        let (_connection, mut caller) = open(&server.url()).await;
        assert_eq!(stored_outputs(&mut caller).await.len(), 2000);
    });
    // The next start finds what the first one left, and the input is the one it knows.
    let again = Edge::open(options, Stance::Owner, telemetry).unwrap();
    let record = again.claim().found.clone().unwrap();
    assert_eq!((again.claim().epoch, record.position), (2, Position::whole(2000)));
    let mark = record.stream.unwrap();
    let start = Start {
        position: Some(record.position.seq),
        created: Some(mark.created.clone()),
        prints: vec![mark.fingerprint()],
        accept_lost: false,
    };
    drop(again.start(start).unwrap());
}
