//! Rule files in a key-value bucket: read whole, and again as often as it changes.
//!
//! # Place
//! A thread beside a running engine. What loads is offered to the drain's thread, which asks for it through the
//! log; see `rule_switch`.
//! # Method
//! A key that ends in `.yaml` is a file, its newest value the text; one that was deleted is none. A subscription
//! to the keys says when to look, the stream says what there is: hints may be lost with a link, so there is a
//! look now and then without one. Whoever puts several files is waited for until nothing was put for a
//! moment, and what changed while it was read is read again. The set is compiled here: what has mistakes is
//! logged with all of them and offered to nobody.
//! # Holds
//! The bucket, made where it is not there.
//! # Does not hold
//! When rules come into force (`cli::run`), and from where on (`drain`).

use crate::error::{EdgeError, Sort};
use crate::jetstream::bucket::{self, BucketOptions};
use crate::jetstream::call::Caller;
use crate::jetstream::connection::{Connection, ConnectionOptions};
use crate::jetstream::intake::explain;
use crate::rule_switch;
use crate::telemetry::{Counter, Counters};
use crossdock_rules::rule::Options;
use crossdock_rules::rule::diagnostic::Source;
use crossdock_rules::rule::pack::Pack;
use crossdock_rules::rule::ruleset::RuleSet;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// Values that are kept of a file.
pub const HISTORY: u32 = 16;

/// Files of a bucket at most.
const FILES_MAX: usize = 1_000;

/// Nothing may be put for so long before the files are read.
const QUIET: Duration = Duration::from_millis(500);

/// Who puts files without end is waited for so long.
const QUIET_MAX: Duration = Duration::from_secs(10);

/// Without a hint there is a look this often.
const LOOK: Duration = Duration::from_secs(10);

/// What the files are followed with.
#[derive(Clone, Debug)]
pub struct RuleFilesOptions {
    /// Where and as whom.
    pub connection: ConnectionOptions,
    /// The bucket.
    pub bucket: BucketOptions,
    /// How long an answer may take.
    pub request_timeout: Duration,
}

/// The newest set of the bucket that loads; `None` where there was none so far.
pub type Offered = Option<Arc<RuleSet>>;

/// Follows a bucket until nobody listens any more.
///
/// # Errors
/// What a person must act on; an outage is waited for.
pub async fn follow(
    options: RuleFilesOptions,
    counters: &Counters,
    offer: &watch::Sender<Offered>,
) -> Result<(), EdgeError> {
    let connection = Connection::open(&options.connection).await?;
    let mut caller = Caller::open(&connection, options.request_timeout).await?;
    bucket::ensure(&mut caller, &options.bucket, "the bucket of rules").await?;
    let hints = connection.client().subscribe(options.bucket.subject(">")).await;
    let mut hints = hints.map_err(|error| EdgeError::NoAnswer {
        request: "a subscription to the bucket of rules".to_owned(),
        detail: error.to_string(),
    })?;
    let mut reader = RuleFiles { caller, bucket: options.bucket, seen: None };
    // Ends: nobody listens, or the client has ended.
    loop {
        match reader.read().await {
            Ok(Some(files)) => {
                let payload_size_max = connection.client().max_payload();
                match compile(files, payload_size_max) {
                    Ok(None) => tracing::info!("the bucket of rules is empty"),
                    Ok(set) => drop(offer.send_replace(set)),
                    Err(error) => {
                        counters.add(Counter::RuleSwitchesRefused, 1);
                        tracing::error!(error, "files of the bucket: the rules in force stay");
                    }
                }
            }
            Ok(None) => {}
            Err(error) if error.sort() == Sort::Retry => {
                tracing::debug!(%error, "the bucket of rules is not read");
            }
            Err(error) => return Err(error),
        }
        tokio::select! {
            hint = timeout(LOOK, hints.next()) => match hint {
                Ok(None) => return Ok(()),
                Ok(Some(_)) => {
                    let since = Instant::now();
                    // Ends: nothing is put for a moment, or too much for too long.
                    while since.elapsed() < QUIET_MAX
                        && matches!(timeout(QUIET, hints.next()).await, Ok(Some(_)))
                    {}
                }
                Err(_) => {}
            },
            () = offer.closed() => return Ok(()),
        }
    }
}

/// The bucket as it is read.
#[derive(Debug)]
struct RuleFiles {
    caller: Caller,
    bucket: BucketOptions,
    /// The stream's last sequence when it was read last.
    seen: Option<u64>,
}

impl RuleFiles {
    /// All files, where anything was put since the last time.
    async fn read(&mut self) -> Result<Option<Vec<Source>>, EdgeError> {
        // Ends: nothing is put while it is read; who puts without end is read the next time.
        for _ in 0..4 {
            let (last, keys) = self.keys().await?;
            if self.seen == Some(last) {
                return Ok(None);
            }
            let mut files = Vec::new();
            for key in keys {
                if let Some(text) = self.text(&key).await? {
                    files.push(Source::new(key, text));
                }
            }
            if self.keys().await?.0 == last {
                self.seen = Some(last);
                return Ok(Some(files));
            }
        }
        Ok(None)
    }

    /// The stream's last sequence, and the keys that are rule files, sorted.
    async fn keys(&mut self) -> Result<(u64, Vec<String>), EdgeError> {
        let (stream, prefix) = (self.bucket.stream(), self.bucket.subject(""));
        let query = json!({ "subjects_filter": self.bucket.subject(">") }).to_string();
        let info = self.caller.api::<Value>(&format!("STREAM.INFO.{stream}"), query).await;
        let info = info.map_err(|error| explain(error, &stream, "the bucket of rules"))?;
        let state = &info["state"];
        let subjects = state["subjects"].as_object();
        let names = subjects.into_iter().flatten().filter_map(|(it, _)| it.strip_prefix(&prefix));
        let is_file = |key: &&str| key.ends_with(".yaml") || key.ends_with(".yml");
        let mut keys: Vec<String> = names.filter(is_file).map(str::to_owned).collect();
        keys.sort_unstable();
        if FILES_MAX < keys.len() {
            let count = keys.len();
            tracing::warn!(count, "the bucket of rules has too many files; {FILES_MAX} are read");
            keys.truncate(FILES_MAX);
        }
        Ok((state["last_seq"].as_u64().unwrap_or(0), keys))
    }

    /// The text of a file; `None` where it was deleted.
    async fn text(&mut self, key: &str) -> Result<Option<String>, EdgeError> {
        let stream = self.bucket.stream();
        let query = json!({ "last_by_subj": self.bucket.subject(key) });
        let stored = self.caller.stored(&stream, &query).await;
        let stored = stored.map_err(|error| explain(error, &stream, "a rule file"))?;
        // The marker of a deletion has no text, and a file without text holds no rules either.
        let stored = stored.filter(|it| !it.payload.is_empty());
        Ok(stored.map(|it| String::from_utf8_lossy(&it.payload).into_owned()))
    }
}

/// The set of some files; `None` where there are none.
///
/// # Errors
/// Everything that is wrong with them.
fn compile(files: Vec<Source>, payload_size_max: usize) -> Result<Offered, String> {
    let pack = Pack::of(files);
    if pack.sources.is_empty() {
        return Ok(None);
    }
    let set = pack.load(&Options::default()).map_err(|report| report.render())?;
    let size = rule_switch::message(&set).len();
    if payload_size_max < size {
        return Err(format!(
            "the files make a message of {size} bytes, the server takes {payload_size_max}: raise its max_payload"
        ));
    }
    Ok(Some(Arc::new(set)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(files: &[(&str, &str)], payload_size_max: usize) -> Result<Offered, String> {
        let files = files.iter().map(|(name, text)| Source::new(*name, *text)).collect();
        compile(files, payload_size_max)
    }

    #[test]
    fn what_loads_is_offered_and_mistakes_are_told_with_their_files() {
        const ONE: &str = "version: 1\nrules:\n  - { id: a, event: lost, raise: { code: A } }\n";
        assert!(compiled(&[], 1_000).is_ok_and(|set| set.is_none()));
        assert!(
            compiled(&[("a.tests.yaml", "version: 1\n")], 1_000).is_ok_and(|set| set.is_none())
        );
        let set = compiled(&[("a.yaml", ONE)], 1_000).expect("it loads").expect("a set");
        assert_eq!(set.rules().len(), 1);
        let error = compiled(&[("a.yaml", ONE), ("b.yaml", ONE)], 1_000).expect_err("twice");
        assert!(error.contains("b.yaml:3"), "{error}");
        let error = compiled(&[("a.yaml", ONE)], 80).expect_err("too large");
        assert!(error.contains("the server takes 80"), "{error}");
    }
}
