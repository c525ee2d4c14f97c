//! Rule files in a key-value bucket over a real nats-server: what is put there comes into force through the log, what
//! has mistakes does not.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Instant;

use async_nats::jetstream::{self, Context};
use crossdock_rules::rule::Options;
use crossdock_rules::rule::diagnostic::Source;
use crossdock_rules::rule::pack::Pack;
use crossdock_tests::nats::NatsServer;
use crossdock_tests::streams::{self, WAIT, changes, finish};
use serde_json::Value;

/// An engine that follows the bucket; killed when a test fails before that.
struct Engine {
    child: Child,
    log: PathBuf,
}

impl Engine {
    fn start(url: &str, log: &Path) -> Self {
        let binary = Path::new(env!("CARGO_BIN_EXE_crossdock"));
        let mut command = streams::crossdock(binary, url, &["run", "--shards", "2"]);
        command.args(["--set", "rules.bucket=RULES", "--set", "log.format=json"]);
        command.args(["--set", "rules.tick=100ms"]);
        let child = command.stderr(fs::File::create(log).unwrap()).spawn().unwrap();
        Self { child, log: log.to_owned() }
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until something is so; `what` it is.
    async fn until<T>(&self, what: &str, mut found: impl AsyncFnMut() -> Option<T>) -> T {
        let start = Instant::now();
        // Ends: it is found, or in failure.
        loop {
            if let Some(found) = found().await {
                return found;
            }
            assert!(start.elapsed() < WAIT, "{what}\n{}", self.log());
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn file(within: &str) -> String {
    format!(
        "version: 1\nrules:\n  - {{ id: own.seen, event: any, once: shipment, raise: {{ code: {within} }} }}\n"
    )
}

/// The revision of files by name.
fn revision(files: &[(&str, &str)]) -> String {
    let sources = files.iter().map(|(name, text)| Source::new(*name, *text));
    let set = Pack::of(sources).load(&Options::default()).unwrap();
    format!("{:016x}", set.rev())
}

/// Puts a file, as soon as there is a bucket.
async fn put(context: &Context, engine: &Engine, key: &str, text: &str) {
    engine
        .until("the bucket is made", async || {
            let sent = context.publish(format!("$KV.RULES.{key}"), text.to_owned().into()).await;
            sent.unwrap().await.ok()
        })
        .await;
}

/// Waits until the newest switch of the log is to a revision; the sequence of that message.
async fn await_switch(context: &Context, engine: &Engine, wanted: &str) -> u64 {
    let stream = context.get_stream_no_info("IN").await.unwrap();
    engine
        .until("a switch in the log", async || {
            let newest = stream.get_last_raw_message_by_subject("rules.default").await.ok()?;
            let body: Value = serde_json::from_slice(&newest.payload).unwrap();
            (body["revision"] == wanted).then_some(newest.sequence)
        })
        .await
}

/// Publishes an event, and waits until a rule has spoken of it with a code.
async fn await_alert(context: &Context, engine: &Engine, url: &str, number: &str, code: &str) {
    let at = jiff::Timestamp::now();
    let body = format!(
        "{{\"carrier\":\"swift\",\"tracking_number\":\"{number}\",\"event\":\"ACCEPTED\",\"at\":\"{at}\"}}"
    );
    context.publish("raw.t.generic", body.into()).await.unwrap().await.unwrap();
    engine
        .until("an alert", async || {
            let lines = String::from_utf8(changes(url).await).unwrap();
            let says = |line: &str| line.contains(number) && line.contains(&format!("\"{code}\""));
            lines.lines().any(says).then_some(())
        })
        .await;
}

#[test]
fn what_is_put_comes_into_force_through_the_log() {
    let Some(server) = NatsServer::start("rules-bucket") else { return };
    let url = server.url();
    let binary = Path::new(env!("CARGO_BIN_EXE_crossdock"));
    finish(streams::crossdock(binary, &url, &["nats", "init"]).spawn().unwrap());
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("rules-bucket");
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let context = jetstream::new(async_nats::connect(&url).await.unwrap());
        let engine = Engine::start(&url, &folder.join("first.log"));
        put(&context, &engine, "packs/own.yaml", &file("FIRST")).await;
        let first = revision(&[("packs/own.yaml", &file("FIRST"))]);
        let switched = await_switch(&context, &engine, &first).await;
        await_alert(&context, &engine, &url, "SW1", "FIRST").await;
        // A mistake is told with its place, and changes nothing.
        put(&context, &engine, "packs/own.yaml", "version: 1\nrules:\n  - { id: a, evnt: any }\n")
            .await;
        let refused = async || engine.log().contains("packs/own.yaml:3").then_some(());
        engine.until("the mistake is told", refused).await;
        await_alert(&context, &engine, &url, "SW2", "FIRST").await;
        assert_eq!(await_switch(&context, &engine, &first).await, switched);
        // Two files are one set; a file that is deleted is none.
        put(&context, &engine, "packs/own.yaml", &file("SECOND")).await;
        put(&context, &engine, "more.yaml", "version: 1\nrules: []\n").await;
        put(&context, &engine, "packs/gone.yaml", "").await;
        let files = [("more.yaml", "version: 1\nrules: []\n"), ("packs/own.yaml", &file("SECOND"))];
        let second = revision(&files);
        let switched = await_switch(&context, &engine, &second).await;
        await_alert(&context, &engine, &url, "SW3", "SECOND").await;
        drop(engine);
        // A start reads the log: it needs no other switch to what is in force there.
        let engine = Engine::start(&url, &folder.join("second.log"));
        let in_force = async || engine.log().contains("bucket are in force").then_some(());
        engine.until("the bucket is read", in_force).await;
        await_alert(&context, &engine, &url, "SW4", "SECOND").await;
        put(&context, &engine, "packs/own.yaml", &file("THIRD")).await;
        let files = [("more.yaml", "version: 1\nrules: []\n"), ("packs/own.yaml", &file("THIRD"))];
        let third = revision(&files);
        let last = await_switch(&context, &engine, &third).await;
        let stream = context.get_stream_no_info("IN").await.unwrap();
        for seq in switched + 1..last {
            let message = stream.get_raw_message(seq).await.unwrap();
            assert_ne!(message.subject.as_str(), "rules.default", "message {seq} switches, too");
        }
    });
    drop(fs::remove_dir_all(folder));
}
