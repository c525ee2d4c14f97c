//! Copies of snapshots in an object-store bucket over a real nats-server: how many are kept, what a zombie and an upload that
//! was broken off may do, what is large, what is damaged, and a bucket that comes late.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use async_nats::jetstream;
use crossdock_node::config::Config;
use crossdock_node::jetstream::call::Caller;
use crossdock_node::jetstream::connection::Connection;
use crossdock_node::jetstream::setup;
use crossdock_node::snapshot::file::{FileReader, FileWriter};
use crossdock_node::snapshot::manifest::{FORMAT, Manifest};
use crossdock_node::snapshot::writer::Disk as _;
use crossdock_node::snapshot::{Bucket, BucketOptions, Copier, Elsewhere as _, Folder, Name};
use crossdock_node::telemetry::{Counter, Gauge, Telemetry};
use crossdock_tests::nats::NatsServer;
use crossdock_tests::streams::WAIT;
use tokio::sync::watch;

/// A server and a folder for what machines write.
struct Bench {
    server: NatsServer,
    runtime: tokio::runtime::Runtime,
    folder: PathBuf,
}

impl Drop for Bench {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}

impl Bench {
    fn start(name: &str) -> Option<Self> {
        let server = NatsServer::start(name)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        drop(fs::remove_dir_all(&folder));
        Some(Self { server, runtime, folder })
    }

    fn options(&self) -> BucketOptions {
        let dir = format!("snapshot.dir={}", self.folder.display());
        let servers = format!("nats.servers=[\"{}\"]", self.server.url());
        let set = [&dir, &servers, "snapshot.bucket=B", "snapshot.bucket_interval=0s"];
        let set: Vec<String> = set.into_iter().map(str::to_owned).collect();
        let config = Config::load(None, &set).unwrap();
        BucketOptions { keep: 2, ..config.snapshot_bucket_options().unwrap() }
    }

    /// Makes the bucket as `nats init` does.
    fn init(&self) {
        let options = self.options();
        self.runtime.block_on(async {
            let connection = Connection::open(&options.connection).await.unwrap();
            let mut caller = Caller::open(&connection, WAIT).await.unwrap();
            setup::init(&mut caller, &[options.stream], false).await.unwrap();
        });
    }

    async fn context(&self) -> jetstream::Context {
        jetstream::new(async_nats::connect(self.server.url()).await.unwrap())
    }

    /// The bucket as a start sees it.
    fn bucket(&self) -> Bucket {
        let mut bucket = Bucket::new(self.options(), "g").unwrap();
        bucket.look().unwrap();
        bucket
    }

    /// (position, epoch), newest first.
    fn names(&self) -> Vec<(u64, u32)> {
        self.bucket().names().iter().map(|name| (name.position, name.epoch)).collect()
    }

    /// Puts chunks that belong to no object.
    fn leave_chunk(&self, id: &str) {
        self.runtime.block_on(async {
            let context = self.context().await;
            let body = vec![7; 1_000].into();
            context.publish(format!("$O.B.C.{id}"), body).await.unwrap().await.unwrap();
        });
    }

    /// How many chunks there are under a name.
    fn chunks(&self, id: &str) -> usize {
        self.runtime.block_on(async {
            let stream = self.context().await.get_stream("OBJ_B").await.unwrap();
            let subject = format!("$O.B.C.{id}");
            let found = stream.info_with_subjects(&subject).await.unwrap();
            futures_util::TryStreamExt::try_collect::<Vec<_>>(found)
                .await
                .unwrap()
                .iter()
                .map(|(_, count)| count)
                .sum()
        })
    }
}

/// An owner of the group with a folder and a copier.
struct Owner {
    folder: Folder,
    telemetry: Arc<Telemetry>,
    copier: Option<Copier>,
}

impl Owner {
    fn start(bench: &Bench, machine: &str) -> Self {
        let telemetry = Telemetry::new();
        let (offer, offers) = watch::channel(None);
        let folder = Folder::open(&bench.folder.join(machine), "g", 3).unwrap().offering(offer);
        let bucket = Bucket::new(bench.options(), "g").unwrap();
        let copier = Some(Copier::start(bucket, offers, Arc::clone(&telemetry)).unwrap());
        Self { folder, telemetry, copier }
    }

    /// Writes a snapshot with so many pages of a MiB.
    fn write(&mut self, position: u64, epoch: u32, pages: u32) {
        let file = self.folder.create(position, epoch).unwrap();
        let mut writer = FileWriter::begin(file).unwrap();
        let mut random = u64::from(epoch) << 32 | position;
        for page in 0..pages {
            let mut bytes = Vec::with_capacity(1 << 20);
            while bytes.len() < 1 << 20 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                bytes.extend_from_slice(&random.to_be_bytes());
            }
            writer.section(1, page, &bytes).unwrap();
        }
        let (mut file, _) = writer.finish(manifest(position, epoch)).unwrap();
        self.folder.sync(&mut file).unwrap();
        self.folder.complete(file).unwrap();
    }

    fn wait_for_copy(&self, position: u64) {
        let start = Instant::now();
        while self.telemetry.gauges.get(Gauge::SnapshotCopiedSeq) != position {
            assert!(start.elapsed() < WAIT, "{position} is not copied");
            std::thread::yield_now();
        }
    }

    fn count(&self, counter: Counter) -> u64 {
        self.telemetry.counters.get(counter)
    }

    /// An orderly end: nobody offers any more.
    fn end(self) {
        let Self { folder, copier, .. } = self;
        drop(folder);
        copier.unwrap().finish(WAIT);
    }
}

fn manifest(position: u64, epoch: u32) -> Manifest {
    Manifest {
        format: FORMAT,
        engine: String::from("test"),
        group: String::from("g"),
        stream: String::from("IN"),
        created: String::from("then"),
        position,
        clock_us: 0,
        moved_us: 0,
        prints: Vec::new(),
        feeds_digest: 1,
        rules_digest: 1,
        epoch,
        shards: 1,
        shipments: 0,
        state_hash: 0,
        sections: 0,
    }
}

#[test]
fn so_many_are_kept_and_a_zombie_removes_nothing_of_the_owner() {
    let Some(bench) = Bench::start("copier-keep") else { return };
    bench.init();
    let mut owner = Owner::start(&bench, "a");
    for position in [10, 20, 30] {
        owner.write(position, 1, 1);
        owner.wait_for_copy(position);
    }
    assert_eq!(owner.count(Counter::SnapshotsCopied), 3);
    assert_eq!(bench.names(), [(30, 1), (20, 1)]);
    let mut next = Owner::start(&bench, "b");
    for position in [40, 50] {
        next.write(position, 2, 1);
        next.wait_for_copy(position);
    }
    assert_eq!(bench.names(), [(50, 2), (40, 2)]);
    // The first one wakes up and copies what it still had. Its own position is the bound of what it removes.
    owner.write(35, 1, 1);
    owner.wait_for_copy(35);
    assert_eq!(bench.names(), [(50, 2), (40, 2), (35, 1)]);
    // A standby's are its own.
    next.write(55, 0, 1);
    next.write(60, 2, 1);
    next.wait_for_copy(60);
    assert_eq!(bench.names(), [(60, 2), (50, 2)]);
    assert_eq!(bench.chunks("*"), 2 * 9, "nothing is left of what was removed");
    owner.end();
    next.end();
}

#[test]
fn what_an_upload_left_behind_is_removed_but_not_what_a_younger_owner_sends() {
    let Some(bench) = Bench::start("copier-sweep") else { return };
    bench.init();
    let id = |position: u64, epoch: u32, word: &str| {
        let name = Name { position, epoch, group: String::from("g") }.to_string();
        format!("{}-{word}", name.trim_end_matches(".snapshot"))
    };
    let other = id(5, 1, "w1").replace("g-", "h-");
    let (old, own, younger) = (id(5, 1, "w1"), id(9, 2, "w2"), id(9, 3, "w3"));
    for id in [&old, &own, &younger, &other] {
        bench.leave_chunk(id);
    }
    let mut owner = Owner::start(&bench, "a");
    owner.write(10, 2, 1);
    owner.wait_for_copy(10);
    assert_eq!([&old, &own, &younger, &other].map(|id| bench.chunks(id)), [0, 0, 1, 1]);
    // What is whole stays, through the next sweep, too.
    owner.write(11, 2, 1);
    owner.wait_for_copy(11);
    assert_eq!(bench.names(), [(11, 2), (10, 2)]);
    assert_eq!(bench.chunks("*"), 2 * 9 + 2);
    owner.end();
}

#[test]
fn a_bucket_that_comes_late_gets_the_newest_and_failures_are_counted() {
    let Some(bench) = Bench::start("copier-late") else { return };
    let mut owner = Owner::start(&bench, "a");
    owner.write(10, 1, 1);
    let start = Instant::now();
    while owner.count(Counter::SnapshotCopiesFailed) == 0 {
        assert!(start.elapsed() < WAIT, "nobody says that there is no bucket");
        std::thread::yield_now();
    }
    assert_eq!(owner.count(Counter::SnapshotsCopied), 0);
    owner.write(20, 1, 1);
    owner.write(30, 1, 1);
    bench.init();
    owner.wait_for_copy(30);
    assert_eq!(owner.count(Counter::SnapshotsCopied), 1, "what was passed over is not copied");
    assert_eq!(bench.names(), [(30, 1)]);
    owner.end();
}

#[test]
fn a_large_one_comes_back_byte_for_byte_and_a_damaged_one_does_not() {
    let Some(bench) = Bench::start("copier-large") else { return };
    bench.init();
    let mut owner = Owner::start(&bench, "a");
    owner.write(10, 1, 130);
    // The orderly end waits for the copy that is under way.
    let path = owner.folder.newest_first().unwrap().remove(0);
    owner.end();
    let mut bucket = bench.bucket();
    let names = bucket.names();
    assert_eq!(names.len(), 1);
    let mut folder = Folder::open(&bench.folder.join("b"), "g", 3).unwrap();
    let mut copy = folder.create(10, 1).unwrap();
    // What its manifest says is asked before anything is fetched.
    let refused = bucket.fetch(&names[0], &mut |_| Some(String::from("no")), &mut copy);
    assert_eq!(refused, Err(String::from("no")));
    bucket.fetch(&names[0], &mut |it| (it.position != 10).then(String::new), &mut copy).unwrap();
    folder.sync(&mut copy).unwrap();
    let read = |path: &std::path::Path| {
        let mut bytes = Vec::new();
        fs::File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    let (written, found) = (read(&path), read(copy.path()));
    assert!(130 << 20 < written.len());
    assert!(written == found, "{} bytes, {} came back", written.len(), found.len());
    drop(FileReader::open(fs::File::open(copy.path()).unwrap()).unwrap());
    // The last chunk is replaced by one with another byte.
    bench.runtime.block_on(async {
        let stream = bench.context().await.get_stream("OBJ_B").await.unwrap();
        let mut state = stream.info_with_subjects("$O.B.C.>").await.unwrap();
        let (subject, _) = futures_util::TryStreamExt::try_next(&mut state).await.unwrap().unwrap();
        let last = stream.get_last_raw_message_by_subject(&subject).await.unwrap();
        let mut bytes = last.payload.to_vec();
        bytes[0] ^= 1;
        stream.delete_message(last.sequence).await.unwrap();
        bench.context().await.publish(subject, bytes.into()).await.unwrap().await.unwrap();
    });
    let damaged = bucket.fetch(&names[0], &mut |_| None, &mut folder.create(11, 1).unwrap());
    assert_eq!(damaged, Err(String::from("it has a wrong checksum (SHA-256)")));
}
