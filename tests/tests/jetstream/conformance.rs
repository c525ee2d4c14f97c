//! The simulator's stream and a real server, asked the same: the answers must be equal.
//!
//! # Place
//! Keeps `crossdock_tests::sim` honest: what it finds is worth what its broker is.
//! # Method
//! A seed writes a trace: messages that go alone, batches right and with every mistake, roll-ups, reads,
//! purges, keys that are created and changed, consumers without acks. What a right fence is the trace
//! takes from the model. Each question is put to both; answers are texts, compared one by one, and
//! in the end every message of every stream. Messages without a reply subject are answered by nobody, so
//! that each has one here, also those within a batch.

use super::*;
use async_nats::{Client, HeaderMap, Message as Answer, Subscriber};
use crossdock_node::jetstream::bucket::{self, BucketOptions};
use crossdock_node::jetstream::wire::Publication;
use crossdock_tests::sim::random::Random;
use crossdock_tests::sim::stream::{Kept, Reply, Stream, StreamRules, matches};
use futures_util::StreamExt as _;
use std::collections::BTreeMap;

/// How long a lease lives here.
const TTL: Duration = Duration::from_secs(1);

/// Every stream and what it takes.
const STREAMS: [(&str, &str); 7] = [
    ("IN", "raw.>"),
    ("OUT", "ms.>"),
    ("OUT", "dlq.>"),
    ("OUT", "ctl.>"),
    ("KV_KEYS", "$KV.KEYS.>"),
    ("KV_LEASES", "$KV.LEASES.>"),
    ("SMALL", "small.>"),
];

/// What is asked.
#[derive(Clone, Debug)]
enum Ask {
    /// These messages, one after the other without a pause.
    Publish(Vec<Publication>),
    /// The message of this sequence.
    Get(&'static str, u64),
    /// The newest message of a subject, from the leader.
    Last(&'static str, String),
    /// The newest message of a subject, from anybody.
    Direct(&'static str, String),
    /// The first message from a sequence on that a filter lets through.
    Next(&'static str, u64, &'static str),
    /// A consumer without acks: where it starts, what it lets through, how many are pulled.
    Pull(&'static str, u64, &'static str, u64),
    /// Messages of a subject (all: empty) below a sequence (all: 0) go.
    Purge(&'static str, &'static str, u64),
    /// One message goes.
    Delete(&'static str, u64),
}

fn stored_text(seq: u64, subject: &str, body: &[u8]) -> String {
    format!("message {seq} {subject} \"{}\"", String::from_utf8_lossy(body))
}

/// The simulator's streams.
struct Model(BTreeMap<&'static str, Stream>);

impl Model {
    fn new() -> Self {
        let all = StreamRules { allow_rollup: true, deny_delete: true, ..StreamRules::default() };
        let small = StreamRules { deny_delete: false, messages_max: 12, ..all };
        let bucket = StreamRules { per_subject_max: 1, ..all };
        let age_us_max = TTL.as_micros().try_into().unwrap();
        let leases = StreamRules { age_us_max, ..bucket };
        Self(BTreeMap::from([
            ("IN", Stream::new(StreamRules::default())),
            ("OUT", Stream::new(StreamRules { allow_atomic: true, ..all })),
            ("KV_KEYS", Stream::new(bucket)),
            ("KV_LEASES", Stream::new(leases)),
            (
                "SMALL",
                Stream::new(StreamRules { allow_atomic: true, message_size_max: 400, ..small }),
            ),
        ]))
    }

    fn of_subject(&mut self, subject: &str) -> Option<&mut Stream> {
        let (name, _) = STREAMS.iter().find(|(_, filter)| matches(filter, subject))?;
        self.0.get_mut(name)
    }

    fn newest(&mut self, subject: &str) -> u64 {
        let stream = self.of_subject(subject);
        stream.and_then(|it| it.newest(subject).map(|it| it.seq)).unwrap_or(0)
    }

    fn ask(&mut self, ask: &Ask) -> Vec<String> {
        let text = |it: &Kept| stored_text(it.seq, &it.subject, &it.body);
        let found = |it: Option<&Kept>| vec![it.map_or_else(|| "refused 10037".to_owned(), text)];
        let missing = || vec!["refused 10059".to_owned()];
        let stream = match ask {
            Ask::Publish(messages) => return messages.iter().map(|it| self.publish(it)).collect(),
            Ask::Get(name, _)
            | Ask::Last(name, _)
            | Ask::Direct(name, _)
            | Ask::Next(name, _, _)
            | Ask::Pull(name, _, _, _)
            | Ask::Purge(name, _, _)
            | Ask::Delete(name, _) => self.0.get_mut(name),
        };
        let Some(stream) = stream else {
            // Nobody listens: those who answer are the stream's own.
            return if matches!(ask, Ask::Direct(..)) {
                vec!["no responders".to_owned()]
            } else {
                missing()
            };
        };
        match ask {
            Ask::Publish(_) => unreachable!("asked above"),
            Ask::Get(_, seq) => found(stream.first_of(*seq..seq + 1, ">")),
            Ask::Last(_, subject) => found(stream.newest(subject)),
            Ask::Direct(_, subject) => {
                vec![stream.newest(subject).map_or_else(|| "status 404".to_owned(), text)]
            }
            Ask::Next(_, seq, filter) => found(stream.first_of(*seq..u64::MAX, filter)),
            Ask::Pull(_, start, filter, count) => pull(stream, *start, filter, *count),
            Ask::Purge(_, subject, below) => {
                vec![format!("purged {}", stream.purge(subject, *below))]
            }
            Ask::Delete(_, seq) => vec![match stream.delete(*seq) {
                Ok(()) => "deleted".to_owned(),
                Err(code) => format!("refused {code}"),
            }],
        }
    }

    fn publish(&mut self, message: &Publication) -> String {
        match self.of_subject(message.subject.as_str()).map(|it| it.publish(message)) {
            None => "no responders".to_owned(),
            Some(Reply::Stored(seq)) => format!("stored {seq}"),
            Some(Reply::Duplicate(seq)) => format!("duplicate of {seq}"),
            Some(Reply::Staged) => "staged".to_owned(),
            Some(Reply::Refused(code)) => format!("refused {code}"),
        }
    }
}

/// What a consumer that starts there delivers, numbered, with how many are left behind each.
fn pull(stream: &Stream, start: u64, filter: &str, count: u64) -> Vec<String> {
    let wanted: Vec<_> =
        stream.messages().filter(|it| start <= it.seq && matches(filter, &it.subject)).collect();
    let mut said = vec![format!("pending {}", wanted.len())];
    let taken = wanted.iter().zip(1..=count);
    said.extend(taken.map(|(it, number)| {
        let left = wanted.len() as u64 - number;
        format!("{number}, {left} left: {}", stored_text(it.seq, &it.subject, &it.body))
    }));
    said
}

/// A real server's.
struct Server {
    client: Client,
    inbox: String,
    answers: Subscriber,
    asked: u64,
}

impl Server {
    async fn open(url: &str) -> Self {
        let client = async_nats::connect(url).await.unwrap();
        let inbox = client.new_inbox();
        let answers = client.subscribe(format!("{inbox}.*")).await.unwrap();
        Self { client, inbox, answers, asked: 0 }
    }

    fn reply(&mut self) -> String {
        self.asked += 1;
        format!("{}.{}", self.inbox, self.asked)
    }

    async fn answer(&mut self) -> Answer {
        self.answers.next().await.unwrap()
    }

    async fn call(&mut self, verb: &str, body: Value) -> Answer {
        let (subject, reply) = (format!("$JS.API.{verb}"), self.reply());
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.client.publish_with_reply(subject, reply, body.into()).await.unwrap();
        self.answer().await
    }

    async fn publish(&mut self, messages: &[Publication]) -> Vec<String> {
        let first = self.asked + 1;
        for message in messages {
            let (reply, Publication { subject, headers, body }) = (self.reply(), message.clone());
            let sent = self.client.publish_with_reply_and_headers(subject, reply, headers, body);
            sent.await.unwrap();
        }
        let mut said = BTreeMap::new();
        while said.len() < messages.len() {
            let answer = self.answer().await;
            let number = answer.subject.rsplit('.').next().unwrap().parse::<u64>().unwrap();
            assert!(first <= number, "an answer to what was asked before");
            said.insert(number, stored_or_not(&answer));
        }
        said.into_values().collect()
    }

    async fn ask(&mut self, ask: &Ask) -> Vec<String> {
        let get = async |server: &mut Self, stream, query| {
            let answer = server.call(&format!("STREAM.MSG.GET.{stream}"), query).await;
            vec![message_or_not(&answer)]
        };
        match ask {
            Ask::Publish(messages) => self.publish(messages).await,
            Ask::Get(stream, seq) => get(self, stream, json!({ "seq": seq })).await,
            Ask::Last(stream, subject) => {
                get(self, stream, json!({ "last_by_subj": subject })).await
            }
            Ask::Next(stream, seq, filter) => {
                get(self, stream, json!({ "seq": seq, "next_by_subj": filter })).await
            }
            Ask::Direct(stream, subject) => {
                let answer =
                    self.call(&format!("DIRECT.GET.{stream}.{subject}"), Value::Null).await;
                vec![direct_or_not(&answer)]
            }
            Ask::Pull(stream, start, filter, count) => {
                self.pull(stream, *start, filter, *count).await
            }
            Ask::Purge(stream, filter, below) => {
                let mut query = json!({});
                if !filter.is_empty() {
                    query["filter"] = json!(filter);
                }
                if 0 < *below {
                    query["seq"] = json!(below);
                }
                let answer = self.call(&format!("STREAM.PURGE.{stream}"), query).await;
                vec![value_or_not(&answer, |value| format!("purged {}", value["purged"]))]
            }
            Ask::Delete(stream, seq) => {
                let verb = format!("STREAM.MSG.DELETE.{stream}");
                let answer = self.call(&verb, json!({ "seq": seq })).await;
                vec![value_or_not(&answer, |_| "deleted".to_owned())]
            }
        }
    }

    async fn pull(&mut self, stream: &str, start: u64, filter: &str, count: u64) -> Vec<String> {
        let name = format!("c{}", self.asked);
        let config = json!({
            "name": name, "ack_policy": "none", "deliver_policy": "by_start_sequence",
            "opt_start_seq": start, "replay_policy": "instant", "max_deliver": 1,
            "mem_storage": true, "num_replicas": 1, "filter_subjects": [filter],
        });
        let body = json!({ "stream_name": stream, "config": config, "action": "create" });
        let answer = self.call(&format!("CONSUMER.CREATE.{stream}.{name}"), body).await;
        let made: Value = serde_json::from_slice(&answer.payload).unwrap();
        let Some(pending) = made["num_pending"].as_u64() else {
            return vec![value_or_not(&answer, |_| "made".to_owned())];
        };
        let mut said = vec![format!("pending {pending}")];
        // No more than there are, so that nothing is said of those that are missing.
        let count = count.min(pending);
        if 0 < count {
            let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}");
            let (reply, body) = (self.reply(), json!({ "batch": count, "no_wait": true }));
            let asked = self.client.publish_with_reply(subject, reply, body.to_string().into());
            asked.await.unwrap();
        }
        let context = async_nats::jetstream::new(self.client.clone());
        for _ in 0..count {
            let message = self.answer().await;
            let message = async_nats::jetstream::Message { message, context: context.clone() };
            let info = message.info().unwrap();
            let text =
                stored_text(info.stream_sequence, message.subject.as_str(), &message.payload);
            said.push(format!("{}, {} left: {text}", info.consumer_sequence, info.pending));
        }
        let answer = self.call(&format!("CONSUMER.DELETE.{stream}.{name}"), Value::Null).await;
        assert!(answer.payload.starts_with(b"{"), "the pull had more to say: {answer:?}");
        said
    }
}

fn value_or_not(answer: &Answer, text: impl Fn(&Value) -> String) -> String {
    if answer.status.is_some_and(|status| status == async_nats::StatusCode::NO_RESPONDERS) {
        return "no responders".to_owned();
    }
    let value: Value = serde_json::from_slice(&answer.payload).unwrap();
    match value["error"]["err_code"].as_u64() {
        Some(code) => format!("refused {code}"),
        None => text(&value),
    }
}

fn stored_or_not(answer: &Answer) -> String {
    if answer.payload.is_empty() && answer.status.is_none() {
        return "staged".to_owned();
    }
    value_or_not(answer, |value| match value["duplicate"].as_bool() {
        Some(true) => format!("duplicate of {}", value["seq"]),
        _ => format!("stored {}", value["seq"]),
    })
}

fn message_or_not(answer: &Answer) -> String {
    value_or_not(answer, |value| {
        use base64::Engine as _;
        let message = &value["message"];
        let data = message["data"].as_str().unwrap_or_default();
        let body = base64::engine::general_purpose::STANDARD.decode(data).unwrap();
        stored_text(message["seq"].as_u64().unwrap(), message["subject"].as_str().unwrap(), &body)
    })
}

fn direct_or_not(answer: &Answer) -> String {
    match answer.status.map(|status| status.as_u16()) {
        None => {}
        Some(503) => return "no responders".to_owned(),
        Some(status) => return format!("status {status}"),
    }
    let header = |name| answer.headers.as_ref().and_then(|it| it.get(name)).unwrap().as_str();
    let seq = header("Nats-Sequence").parse().unwrap();
    stored_text(seq, header("Nats-Subject"), &answer.payload)
}

/// Writes a trace.
struct Trace {
    random: Random,
    written: u64,
}

const SUBJECTS: [&str; 11] = [
    "ms.a.b",
    "ms.a.c",
    "dlq.a",
    "ctl.g1",
    "ctl.g1",
    "raw.a.b",
    "small.a",
    "small.b",
    "$KV.KEYS.g1",
    "$KV.KEYS.g2",
    "nowhere.a",
];

impl Trace {
    fn ask(&mut self, model: &mut Model) -> Ask {
        let names = ["IN", "OUT", "KV_KEYS", "SMALL", "SMALL", "NOWHERE"];
        let stream = self.random.pick(&names);
        let last_seq = model.0.get(stream).map_or(3, Stream::last_seq);
        let seq = 1 + self.random.below(last_seq + 3);
        let filters: &[&str] = match stream {
            "OUT" => &[">", "ms.>", "*.a", "ctl.g1"],
            "SMALL" => &[">", "*.a", "small.b"],
            _ => &[">"],
        };
        let filter = self.random.pick(filters);
        let subject = self.random.pick(&SUBJECTS);
        match self.random.below(40) {
            0..=13 => Ask::Publish(vec![self.alone(model, subject)]),
            14..=29 => self.batch(model),
            30 => Ask::Get(stream, seq),
            31 | 32 => Ask::Last(stream, subject.to_owned()),
            33 => Ask::Direct(stream, subject.to_owned()),
            34 => Ask::Next(stream, seq, filter),
            35..=37 => Ask::Pull(stream, seq, filter, 1 + self.random.below(20)),
            38 => Ask::Purge(stream, self.random.pick(&["", "", "*.a", "ctl.g1"]), {
                if self.random.one_in(2) { 0 } else { seq }
            }),
            _ => {
                // One that is there: of others the server says this or that, by where it looks.
                match model.0.get(stream).map(|it| it.messages().next()) {
                    None => Ask::Delete(stream, seq),
                    Some(None) => Ask::Get(stream, seq),
                    Some(Some(first)) => Ask::Delete(stream, first.seq),
                }
            }
        }
    }

    fn plain(&mut self, subject: &str) -> Publication {
        self.written += 1;
        let size = if self.random.one_in(20) { 500 } else { 0 };
        let body = format!("{}{}", self.written, "x".repeat(size)).into();
        Publication { subject: subject.into(), headers: HeaderMap::new(), body }
    }

    /// A message with what may be said about those before it, right or wrong.
    fn alone(&mut self, model: &mut Model, subject: &str) -> Publication {
        let mut message = self.plain(subject);
        let last_seq = model.of_subject(subject).map_or(0, |it| it.last_seq());
        let mut put = |name: &'static str, value: String| {
            message.headers.insert(name, value.as_str());
        };
        let off = if self.random.one_in(3) { 1 + self.random.below(2) } else { 0 };
        match self.random.below(9) {
            0 => put("Nats-Expected-Last-Sequence", (last_seq + off).to_string()),
            1 | 2 => {
                let newest = model.newest(subject);
                let fence = if self.random.one_in(5) { 0 } else { newest + off };
                put("Nats-Expected-Last-Subject-Sequence", fence.to_string());
            }
            3 => {
                let of = self.random.pick(&["ctl.g1", "small.b", "$KV.KEYS.g1"]);
                let fence = model.newest(of) + off;
                put("Nats-Expected-Last-Subject-Sequence-Subject", of.to_owned());
                if !self.random.one_in(4) {
                    put("Nats-Expected-Last-Subject-Sequence", fence.to_string());
                }
            }
            4 => put("Nats-Msg-Id", format!("id{}", self.random.below(6))),
            _ => {}
        }
        if self.random.one_in(4) {
            put("Nats-Rollup", self.random.pick(&["sub", "sub", "sub", "all", "most"]).to_owned());
        }
        message
    }

    /// A batch, mostly with a mistake.
    fn batch(&mut self, model: &mut Model) -> Ask {
        let family: &[&str] = match self.random.below(8) {
            0 => &["raw.a.b"],
            1..=3 => &["small.a", "small.b"],
            _ => &["ms.a.b", "ms.a.c", "dlq.a"],
        };
        let mistake = self.random.below(16);
        let mut count = 1 + self.random.below(6);
        if mistake == 0 && self.random.one_in(6) {
            count = 998 + self.random.below(5);
        }
        let mut messages = Vec::new();
        for _ in 0..count {
            let subject = self.random.pick(family);
            let is_plain = 7 < count || !self.random.one_in(8);
            let message = if is_plain { self.plain(subject) } else { self.alone(model, subject) };
            messages.push(message);
        }
        let end = if family[0] == "small.a" { "small.b" } else { "ctl.g1" };
        let mut record = self.plain(end);
        let off = u64::from(mistake == 1);
        record.headers.insert("Nats-Rollup", "sub");
        let fence = (model.newest(end) + off).to_string();
        record.headers.insert("Nats-Expected-Last-Subject-Sequence", fence.as_str());
        if family[0] != "raw.a.b" {
            messages.push(record);
        }
        self.number(&mut messages, mistake);
        Ask::Publish(messages)
    }

    /// Puts messages into one batch.
    fn number(&mut self, messages: &mut Vec<Publication>, mistake: u64) {
        let filler = if mistake == 2 { "i".repeat(60) } else { String::new() };
        let id = format!("batch{}{filler}", self.written);
        let count = messages.len() as u64;
        let at = self.random.below(count);
        for (number, message) in (0..).zip(messages.iter_mut()) {
            let number = match mistake {
                // A number is left out, or the batch was never begun.
                3 => number + u64::from(at <= number),
                4 => number + 1,
                5 if number == at => number.saturating_sub(1),
                _ => number,
            };
            message.headers.insert("Nats-Batch-Id", id.as_str());
            if mistake != 6 || number != at {
                let number = (number + 1).to_string();
                message.headers.insert("Nats-Batch-Sequence", number.as_str());
            }
        }
        let commit = match mistake {
            7 => "2",
            _ => "1",
        };
        if let Some(last) = messages.last_mut() {
            last.headers.insert("Nats-Batch-Commit", commit);
        }
        match mistake {
            // Said twice, or to the wrong stream; one message is lost on its way.
            8 => messages.extend(messages.last().cloned()),
            9 if 1 < count => drop(messages.remove(at as usize)),
            10 => messages[at as usize].subject = self.random.pick(&SUBJECTS).into(),
            _ => {}
        }
        // None may stay open: the server would forget it after ten seconds.
        let is_open =
            messages.last().is_some_and(|it| it.headers.get("Nats-Batch-Commit").is_none());
        if let (true, Some(last)) = (is_open, messages.last_mut()) {
            last.headers.insert("Nats-Batch-Commit", "1");
        }
    }
}

/// The streams of the trace: as `nats init` makes them, a bucket as a lease makes it, and a small one.
async fn open_streams(url: &str) {
    let (_connection, mut caller) = open(url).await;
    for (name, max_age) in [("KEYS", Duration::ZERO), ("LEASES", TTL)] {
        let name = name.to_owned();
        let bucket = BucketOptions { name, max_age, history: 1, replicas: 1 };
        bucket::ensure(&mut caller, &bucket, "a bucket").await.unwrap();
    }
    let small = json!({
        "name": "SMALL", "subjects": ["small.>"], "storage": "file", "discard": "new",
        "max_msgs": 12, "max_msg_size": 400, "allow_rollup_hdrs": true, "allow_atomic": true,
        "allow_direct": true,
    });
    ask(&mut caller, "STREAM.CREATE.SMALL", small.to_string()).await;
}

async fn compare(server: &mut Server, model: &mut Model, ask: &Ask, what: &str) -> Vec<String> {
    let said = server.ask(ask).await;
    assert_eq!(model.ask(ask), said, "{what}: the model, the server: {ask:#?}");
    said
}

/// Runs a trace; how often each kind of answer came.
fn run(seed: u64, asks: u64, seen: &mut BTreeMap<String, u64>) -> bool {
    let Some(server) = NatsServer::start("conformance") else { return false };
    let mut trace = Trace { random: Random::new(seed), written: 0 };
    let mut model = Model::new();
    block_on(async {
        open_streams(&server.url()).await;
        let mut server = Server::open(&server.url()).await;
        for number in 0..asks {
            let ask = trace.ask(&mut model);
            let what = format!("seed {seed}, question {number}");
            for line in compare(&mut server, &mut model, &ask, &what).await {
                let is_refused = line.starts_with("refused");
                let mut words = line.split(' ');
                let kind = words.by_ref().take(1 + usize::from(is_refused));
                *seen.entry(kind.collect::<Vec<_>>().join(" ")).or_default() += 1;
            }
        }
        for name in ["IN", "OUT", "KV_KEYS", "SMALL"] {
            let all = Ask::Pull(name, 1, ">", 100_000);
            compare(&mut server, &mut model, &all, "what is left in the end").await;
        }
    });
    true
}

#[test]
fn the_simulated_stream_answers_as_a_server_does() {
    let mut seen = BTreeMap::new();
    if !(0..3).all(|seed| run(seed, 700, &mut seen)) {
        return;
    }
    println!("answers of the server, all equal to those of the model: {seen:#?}");
    // A trace that asks nothing would find nothing.
    for code in [
        10037, 10054, 10057, 10059, 10071, 10077, 10111, 10164, 10174, 10175, 10176, 10179, 10193,
        10199, 10200, 10201,
    ] {
        assert!(seen.contains_key(&format!("refused {code}")), "{code} never came: {seen:#?}");
    }
    for kind in ["stored", "staged", "duplicate", "message", "no", "pending", "purged", "status"] {
        assert!(seen.contains_key(kind), "\"{kind}\" never came: {seen:#?}");
    }
}

#[test]
fn the_simulated_stream_takes_as_many_open_batches_as_a_server() {
    let Some(server) = NatsServer::start("open-batches") else { return };
    let mut trace = Trace { random: Random::new(1), written: 0 };
    let open_batch = |number: u64| {
        let mut message = trace.plain("ms.a.b");
        message.headers.insert("Nats-Batch-Id", format!("open{number}").as_str());
        message.headers.insert("Nats-Batch-Sequence", "1");
        message
    };
    let ask = Ask::Publish((0..52).map(open_batch).collect());
    let mut model = Model::new();
    block_on(async {
        open_streams(&server.url()).await;
        let mut server = Server::open(&server.url()).await;
        let said = compare(&mut server, &mut model, &ask, "open batches").await;
        assert_eq!(said[49..], ["staged", "refused 10210", "refused 10210"]);
    });
}

#[test]
fn a_simulated_lease_runs_out_as_a_servers_does() {
    let Some(server) = NatsServer::start("ages") else { return };
    let mut model = Model::new();
    let mut trace = Trace { random: Random::new(1), written: 0 };
    let mut create = |key: u64| {
        let mut message = trace.plain(&format!("$KV.LEASES.key{key}"));
        message.headers.insert("Nats-Expected-Last-Subject-Sequence", "0");
        Ask::Publish(vec![message])
    };
    block_on(async {
        open_streams(&server.url()).await;
        let mut server = Server::open(&server.url()).await;
        // Ends: when the machine gives us two questions within a second.
        for key in 0.. {
            let begun = Instant::now();
            let first = compare(&mut server, &mut model, &create(key), "a lease is taken").await;
            let last = Ask::Last("KV_LEASES", format!("$KV.LEASES.key{key}"));
            let held = server.ask(&last).await;
            let is_in_time = begun.elapsed() < TTL;
            // Ends: the server lets it run out.
            while server.ask(&last).await != ["refused 10037"] {
                tokio::task::yield_now().await;
            }
            assert!(TTL <= begun.elapsed(), "it ran out before its time");
            let age_us = i64::try_from(TTL.as_micros()).unwrap();
            if is_in_time {
                assert_eq!(first, [format!("stored {}", key + 1)]);
                model.0.get_mut("KV_LEASES").unwrap().advance(age_us - 1);
                assert_eq!(model.ask(&last), held, "it is still held");
                model.0.get_mut("KV_LEASES").unwrap().advance(1);
                compare(&mut server, &mut model, &last, "it ran out").await;
                compare(&mut server, &mut model, &create(key), "it is taken again").await;
                return;
            }
            model.0.get_mut("KV_LEASES").unwrap().advance(age_us);
        }
    });
}
