//! What the configuration means.
//!
//! # Place
//! The last step of reading it; everything else sees only [`Config`].
//! # Method
//! One function takes every option by its name, with its limits, and notes what it found wrong. An
//! option that nobody takes would be one that does nothing: that is a bug, and asserted. The
//! values as taken, in the order of their names, are the digest.
//! # Holds
//! The limits.
//! # Does not hold
//! The options' reasons: they stand in `configs/default.toml`.

use crate::config::layers::Options;
use crate::config::options::{
    Config, EngineConfig, EtaConfig, LeaseConfig, LimitsConfig, LogConfig, LogFormat, NatsConfig,
    RulesConfig, RulesMode, SinkConfig, SnapshotBucketConfig, SnapshotConfig, SourceConfig,
};
use crate::config::taker::Taker;
use crate::config::{ConfigError, ConfigErrors};
use crate::jetstream::{Auth, Tls};
use crossdock_model::limits;

/// Means what was written, or says all that is wrong with it.
pub(super) fn check(options: Options, errors: Vec<ConfigError>) -> Result<Config, ConfigErrors> {
    let mut taker = Taker::new(options, errors);
    let mut config = Config {
        engine: engine(&mut taker),
        limits: limits(&mut taker),
        nats: nats(&mut taker),
        source: source(&mut taker),
        sink: sink(&mut taker),
        packs_dir: taker.path("packs.dir"),
        feeds_own: taker.path("packs.feeds"),
        rules: rules(&mut taker),
        eta: EtaConfig {
            enabled: taker.switch("eta.enabled"),
            file: taker.path("eta.file"),
            learned: taker.path("eta.learned"),
        },
        snapshot: snapshot(&mut taker),
        lease: lease(&mut taker),
        telemetry_listen: taker.address("telemetry.listen"),
        log: log(&mut taker),
        lines: Vec::new(),
        digest: 0,
    };
    config.lines = taker.finish()?;
    config.digest = xxhash_rust::xxh3::xxh3_64(config.lines.join("\n").as_bytes());
    Ok(config)
}

fn engine(taker: &mut Taker) -> EngineConfig {
    EngineConfig {
        group: taker.name("engine.group"),
        lanes: taker.count("engine.lanes", 1..=limits::LANES_MAX),
        shards: taker.count("engine.shards", 1..=limits::SHARDS_MAX),
        batch_documents: taker.count("engine.batch_documents", 1..=limits::BATCH_DOCUMENTS_MAX),
        ring_batches: taker.count("engine.ring_batches", 1..=limits::RING_BATCHES_MAX),
        shipments_max: taker.count("engine.shipments_max", 1..=limits::SHIPMENTS_MAX),
    }
}

fn limits(taker: &mut Taker) -> LimitsConfig {
    let size_max = limits::DOCUMENT_SIZE_MAX as u64;
    let payload_max = limits::DEAD_LETTER_PAYLOAD_BYTES_MAX as u64;
    LimitsConfig {
        document_size: taker.bytes("limits.document_size", 1..=size_max),
        document_events: taker.count("limits.document_events", 1..=limits::DOCUMENT_EVENTS_MAX),
        document_depth: taker.count("limits.document_depth", 1..=limits::DOCUMENT_DEPTH_MAX),
        dead_letter_payload: taker.bytes("limits.dead_letter_payload", 0..=payload_max),
    }
}

fn nats(taker: &mut Taker) -> NatsConfig {
    let servers = taker.texts("nats.servers");
    if servers.is_empty() {
        taker.complain("nats.servers", "must name at least one server", None);
    }
    NatsConfig {
        servers,
        name: taker.text("nats.name"),
        auth: auth(taker),
        tls: tls(taker),
        connect_timeout: taker.time("nats.connect_timeout", 100, 60_000),
        reconnect_delay: taker.time("nats.reconnect_delay", 50, 60_000),
        ping_interval: taker.time("nats.ping_interval", 1_000, 120_000),
        request_timeout: taker.time("nats.request_timeout", 100, 60_000),
        inbox_prefix: taker.text("nats.inbox_prefix"),
        create_streams: taker.switch("nats.create_streams"),
    }
}

fn auth(taker: &mut Taker) -> Auth {
    let credentials = taker.path("nats.credentials_file");
    let nkey = taker.path("nats.nkey_seed_file");
    let token = taker.path("nats.token_file");
    let name = taker.text("nats.user");
    let password = taker.path("nats.password_file");
    let user = match (name.is_empty(), password) {
        (true, None) => None,
        (false, Some(password_file)) => Some(Auth::User { name, password_file }),
        (false, None) | (true, Some(_)) => {
            let hint = Some("Set both, or neither.");
            taker.complain("nats.user", "and nats.password_file belong together", hint);
            None
        }
    };
    let ways = [
        credentials.map(Auth::CredentialsFile),
        nkey.map(Auth::NkeySeedFile),
        token.map(Auth::TokenFile),
        user,
    ];
    let mut given = ways.into_iter().flatten();
    let first = given.next().unwrap_or_default();
    if given.next().is_some() {
        let hint = Some("Keep one of credentials_file, nkey_seed_file, token_file and user.");
        taker.complain("nats.credentials_file", "is not the only way to say who we are", hint);
    }
    first
}

fn tls(taker: &mut Taker) -> Tls {
    let certificate = taker.path("nats.tls_certificate_file");
    let key = taker.path("nats.tls_key_file");
    let client = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            let message = "and nats.tls_key_file belong together";
            taker.complain("nats.tls_certificate_file", message, Some("Set both, or neither."));
            None
        }
    };
    Tls {
        required: taker.switch("nats.tls_required"),
        first: taker.switch("nats.tls_first"),
        ca_file: taker.path("nats.tls_ca_file"),
        client,
    }
}

fn source(taker: &mut Taker) -> SourceConfig {
    let source = SourceConfig {
        stream: taker.stream("source.stream"),
        subjects: taker.texts("source.subjects"),
        filter_subjects: taker.texts("source.filter_subjects"),
        pull_messages: taker.count("source.pull_messages", 1..=8192),
        pull_bytes: taker.bytes("source.pull_bytes", 65_536..=67_108_864),
        pull_expires: taker.time("source.pull_expires", 1_000, 60_000),
        heartbeat: taker.time("source.heartbeat", 100, 30_000),
        silence: taker.time("source.silence", 200, 120_000),
        replicas: taker.replicas("source.replicas"),
        max_age: taker.time("source.max_age", 60_000, YEARS_MS),
        max_bytes: taker.size("source.max_bytes", 0..=1 << 50),
        duplicate_window: taker.time("source.duplicate_window", 100, 86_400_000),
    };
    let keys = ["source.pull_expires", "source.heartbeat", "source.silence"];
    if keys.iter().any(|key| taker.faulty(key)) {
        return source;
    }
    if source.pull_expires < source.heartbeat * 2 {
        taker.complain("source.heartbeat", "is more than half of source.pull_expires", None);
    }
    if source.silence < source.heartbeat * 2 {
        taker.complain("source.silence", "is less than twice source.heartbeat", None);
    }
    source
}

fn sink(taker: &mut Taker) -> SinkConfig {
    SinkConfig {
        stream: taker.stream("sink.stream"),
        subjects: taker.texts("sink.subjects"),
        commit_outputs: taker.count("sink.commit_outputs", 1..=100_000),
        commit_documents: taker.count("sink.commit_documents", 1..=10_000_000),
        commit_interval: taker.time("sink.commit_interval", 1, 60_000),
        commit_idle: taker.time("sink.commit_idle", 10, 3_600_000),
        batch_outputs: taker.count("sink.batch_outputs", 1..=limits::COMMIT_MESSAGES_MAX - 1),
        batch_bytes: taker.bytes("sink.batch_bytes", 65_536..=67_108_864),
        pack_bytes: taker.bytes("sink.pack_bytes", 0..=8_388_608),
        commit_queue: taker.count("sink.commit_queue", 1..=64),
        ack_timeout: taker.time("sink.ack_timeout", 50, 60_000),
        retry_delay: taker.time("sink.retry_delay", 5, 60_000),
        replicas: taker.replicas("sink.replicas"),
        max_age: taker.time("sink.max_age", 60_000, YEARS_MS),
        max_bytes: taker.size("sink.max_bytes", 0..=1 << 50),
    }
}

fn rules(taker: &mut Taker) -> RulesConfig {
    let mode = match taker.text("rules.mode").as_str() {
        "live" => RulesMode::Live,
        "shadow" => RulesMode::Shadow,
        "off" => RulesMode::Off,
        other => {
            let message = format!("is \"{other}\"");
            taker.complain("rules.mode", &message, Some("Write live, shadow or off."));
            RulesMode::Live
        }
    };
    RulesConfig {
        mode,
        dir: taker.path("rules.dir"),
        bucket: bucket(taker, "rules.bucket"),
        tick: taker.time("rules.tick", 0, 3_600_000),
    }
}

fn snapshot(taker: &mut Taker) -> Option<SnapshotConfig> {
    let dir = taker.path("snapshot.dir");
    let interval = taker.time("snapshot.interval", 1_000, 86_400_000);
    let documents = taker.count("snapshot.documents", 1..=1_000_000_000) as u64;
    let keep = taker.count("snapshot.keep", 1..=100);
    let bucket = bucket(taker, "snapshot.bucket");
    let bucket_keep = taker.count("snapshot.bucket_keep", 1..=100);
    let bucket_interval = taker.time("snapshot.bucket_interval", 0, 86_400_000);
    if bucket.is_some() && dir.is_none() {
        let hint = "What is copied to a bucket is written to a folder first.";
        taker.complain("snapshot.bucket", "needs snapshot.dir", Some(hint));
    }
    let bucket = bucket.map(|name| SnapshotBucketConfig {
        name,
        keep: bucket_keep,
        interval: bucket_interval,
    });
    dir.map(|dir| SnapshotConfig { dir, interval, documents, keep, bucket })
}

fn lease(taker: &mut Taker) -> Option<LeaseConfig> {
    let bucket = bucket(taker, "lease.bucket");
    let ttl = taker.time("lease.ttl", 1_000, 60_000);
    let replicas = taker.replicas("lease.replicas");
    bucket.map(|bucket| LeaseConfig { bucket, ttl, replicas })
}

/// The name of a bucket; `None` where it is empty.
fn bucket(taker: &mut Taker, option: &'static str) -> Option<String> {
    let bucket = taker.text(option);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !bucket.chars().all(is_name) {
        let hint = Some("Use letters, digits, \"_\" and \"-\".");
        taker.complain(option, &format!("is \"{bucket}\""), hint);
    }
    (!bucket.is_empty()).then_some(bucket)
}

fn log(taker: &mut Taker) -> LogConfig {
    let level = taker.text("log.level");
    let format = match taker.text("log.format").as_str() {
        "auto" => LogFormat::Auto,
        "text" => LogFormat::Text,
        "json" => LogFormat::Json,
        other => {
            let message = format!("is \"{other}\"");
            taker.complain("log.format", &message, Some("Write auto, text or json."));
            LogFormat::Auto
        }
    };
    LogConfig { level, format }
}

/// Ten years, the most a stream may keep, milliseconds.
const YEARS_MS: u64 = 10 * 365 * 86_400_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{DEFAULT, Layer};
    use std::time::Duration;

    fn check(text: &str, expected: &str) {
        let found = match Config::parse(&[Layer { name: "my.toml", text }]) {
            Ok(config) => config.lines.join("\n"),
            Err(errors) => errors.to_string(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn the_defaults_are_checked_and_every_option_is_taken() {
        let config = Config::default();
        assert_eq!(config.engine.group, "default");
        assert_eq!(config.sink.batch_outputs, limits::COMMIT_MESSAGES_MAX - 1);
        assert_eq!(config.source.max_age, Duration::from_secs(7 * 86_400));
        assert_eq!(config.snapshot, None);
        let options = DEFAULT.lines().filter(|l| l.contains(" = ") && !l.starts_with('#')).count();
        assert_eq!(config.lines.len(), options);
    }

    #[test]
    fn every_option_has_a_reason_above_it() {
        let mut reasoned = false;
        for line in DEFAULT.lines() {
            match line.chars().next() {
                Some('#') => reasoned = true,
                Some('[') | None => reasoned = false,
                Some(_) => assert!(reasoned, "{line}"),
            }
        }
    }

    #[test]
    fn all_complaints_come_at_once() {
        check(
            r#"[engine]
lane = 2
shards = 99
[sourc]
[source]
pull_bytes = 4096
silence = "1s"
heartbeat = "5 s"
[limits]
group = "x"
[sink]
stream = "O.UT"
retry_delay = "1ms"
[log]
format = "xml"
level = 3"#,
            r#"my.toml:2: option engine.lane is not known
  Did you mean engine.lanes?
my.toml:3: engine.shards is 99; it must be within 1 and 16
my.toml:4: section [sourc] is not known
my.toml:6: source.pull_bytes must be a text in quotes, not a whole number
  Write the unit with it, as in "4MiB".
my.toml:8: source.heartbeat is "5 s", which is no time
  Write a whole number and ms, s, m, h or d, nothing between: "250ms", "30s", "7d".
my.toml:10: option limits.group is not known
  Did you mean engine.group?
my.toml:12: sink.stream is "O.UT"
  A stream's name has letters, digits, "-" and "_" only.
my.toml:13: sink.retry_delay is "1ms"; it must be within "5ms" and "1m"
my.toml:15: log.format is "xml"
  Write auto, text or json.
my.toml:16: log.level must be a text in quotes, not a whole number"#,
        );
    }

    #[test]
    fn broken_toml_has_its_line() {
        let errors = Config::parse(&[Layer { name: "x", text: "[engine]\nlanes = = 2\n" }]);
        let errors = errors.unwrap_err();
        assert!(errors.0.iter().all(|error| error.line == 2), "{errors}");
        assert!(!errors.0.is_empty());
    }

    #[test]
    fn options_that_belong_together_are_checked_together() {
        let complaints = |text: &str| {
            let errors = Config::parse(&[Layer { name: "t", text }]).unwrap_err();
            errors.0.iter().map(|error| error.message.clone()).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(
            complaints("[nats]\nuser = \"me\""),
            "nats.user and nats.password_file belong together"
        );
        assert_eq!(
            complaints("[nats]\ntoken_file = \"a\"\ncredentials_file = \"b\""),
            "nats.credentials_file is not the only way to say who we are"
        );
        assert_eq!(
            complaints("[source]\nsilence = \"1500ms\""),
            "source.silence is less than twice source.heartbeat"
        );
        assert_eq!(
            complaints("[snapshot]\nbucket = \"SNAPSHOTS\""),
            "snapshot.bucket needs snapshot.dir"
        );
        assert_eq!(
            complaints("[nats]\nservers = []"),
            "nats.servers must name at least one server"
        );
    }

    #[test]
    fn a_digest_is_of_what_is_meant() {
        let digest = |text: &str| Config::parse(&[Layer { name: "t", text }]).unwrap().digest;
        assert_eq!(digest(""), Config::default().digest);
        assert_eq!(digest("[snapshot]\ninterval = \"30000ms\""), Config::default().digest);
        assert_ne!(digest("[engine]\nlanes = 2"), Config::default().digest);
    }

    #[test]
    fn settings_of_the_command_line_win() {
        let config = Config::load(None, &["engine.lanes=3".into(), "source.stream=IN2".into()]);
        let config = config.unwrap();
        assert_eq!((config.engine.lanes, config.source.stream.as_str()), (3, "IN2"));
        let missing = Config::load(Some(std::path::Path::new("/no/such/file.toml")), &[]);
        assert!(
            missing.unwrap_err().to_string().starts_with("/no/such/file.toml:1: can't be read")
        );
    }
}
