//! Whether the input stream is there, whole, and the one we know.
//!
//! # Place
//! Before the first message and after every reconnect, in the reader.
//! # Method
//! After a power loss a server may come back without the tail of a stream and give the same
//! sequences to other messages; a consumer started at our position would skip those without a
//! word. So a few messages are remembered by time and checksum, and each must still be as it was:
//! they come from the commit record and from the snapshot, and one of them may tell of a tail that
//! the other one has never seen. If not, the newest before it says from where a restart may go.
//! # Holds
//! [`Start`], the check over any [`Source`], the sorting of refusals.
//! # Does not hold
//! What the engine does about a rollback: that is a start from an older snapshot.

use crate::error::EdgeError;
use crate::jetstream::call::{CallError, Caller, STREAM_NOT_FOUND, Stored};
use crate::jetstream::ctl::Fingerprint;
use serde::Deserialize;
use serde_json::json;
use std::future::Future;

/// How many fingerprints are kept.
pub const PRINTS_MAX: usize = 8;

/// Where to begin, and what we know of the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// The last sequence that was handed on; `None` to begin with whatever the stream holds.
    pub position: Option<u64>,
    /// When the stream was created, in the server's words, where we know.
    pub created: Option<String>,
    /// Messages we remember, newest first; at most [`PRINTS_MAX`] are checked.
    pub prints: Vec<Fingerprint>,
    /// Go on where retention ate unread messages, instead of stopping.
    pub accept_lost: bool,
}

impl Start {
    /// Remembers another message. The newest stay, so that what was committed is not forgotten
    /// while a replay is on its way there.
    pub fn remember(&mut self, print: Fingerprint) {
        let at = self.prints.partition_point(|known| print.seq < known.seq);
        if self.prints.get(at) != Some(&print) {
            self.prints.insert(at, print);
            self.prints.truncate(PRINTS_MAX);
        }
    }
}

/// What the check asks of a stream.
pub trait Source {
    /// When it was created, and what it holds.
    ///
    /// # Errors
    /// [`EdgeError::StreamMissing`]; [`EdgeError::NoAnswer`] during an outage.
    fn state(&mut self) -> impl Future<Output = Result<State, EdgeError>> + Send;

    /// One message; `None` where it is not there.
    ///
    /// # Errors
    /// As for the state.
    fn stored(
        &mut self,
        seq: u64,
    ) -> impl Future<Output = Result<Option<Stored>, EdgeError>> + Send;
}

/// What a stream says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// When it was created, in the server's words.
    pub created: String,
    /// Its first message.
    pub first_seq: u64,
    /// Its last message; 0 before there is one.
    pub last_seq: u64,
}

/// A stream over NATS.
#[derive(Debug)]
pub struct NatsSource<'a> {
    /// Asks.
    pub caller: &'a mut Caller,
    /// The stream's name.
    pub stream: &'a str,
}

/// What the check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where to begin now.
    pub position: Option<u64>,
    /// When the stream was created.
    pub created: String,
}

impl Source for NatsSource<'_> {
    async fn state(&mut self) -> Result<State, EdgeError> {
        #[derive(Deserialize)]
        struct Info {
            created: String,
            state: Ends,
        }
        #[derive(Deserialize)]
        struct Ends {
            first_seq: u64,
            last_seq: u64,
        }
        self.caller.connection().check_server()?;
        let info = self.caller.api::<Info>(&format!("STREAM.INFO.{}", self.stream), "").await;
        let Info { created, state: Ends { first_seq, last_seq } } =
            info.map_err(|error| explain(error, self.stream, "the state of the input stream"))?;
        Ok(State { created, first_seq, last_seq })
    }

    async fn stored(&mut self, seq: u64) -> Result<Option<Stored>, EdgeError> {
        let stored = self.caller.stored(self.stream, &json!({ "seq": seq })).await;
        stored.map_err(|error| explain(error, self.stream, "a message of the input"))
    }
}

/// Checks the stream.
///
/// # Errors
/// [`EdgeError::StreamMissing`], [`EdgeError::InputRolledBack`], [`EdgeError::InputExpired`];
/// [`EdgeError::NoAnswer`] during an outage.
pub async fn check<S: Source>(
    source: &mut S,
    stream: &str,
    start: &Start,
) -> Result<Found, EdgeError> {
    let State { created, first_seq, last_seq } = source.state().await?;
    let Some(position) = start.position else {
        return Ok(Found { position: None, created });
    };
    if let Some(known) = &start.created
        && *known != created
    {
        let detail = format!("it was created at {created}, the one we read at {known}");
        return Err(rolled_back(stream, detail, None));
    }
    let newest = start.prints.iter().map(|print| print.seq).max().unwrap_or(0).max(position);
    let seen = compare(source, start).await?;
    if last_seq < newest {
        let detail = format!("it ends at {last_seq}, but {newest} was read");
        return Err(rolled_back(stream, detail, seen.matching_seq));
    }
    if let Some(seq) = seen.differing_seq {
        let detail = format!("message {seq} is not the one we read under that sequence");
        return Err(rolled_back(stream, detail, seen.matching_seq));
    }
    if first_seq > position + 1 {
        let lost = first_seq - position - 1;
        if !start.accept_lost {
            let (stream, wanted_seq) = (stream.to_owned(), position + 1);
            return Err(EdgeError::InputExpired { stream, first_seq, wanted_seq, lost });
        }
        tracing::warn!(lost, "unread input is gone; going on as told");
        return Ok(Found { position: Some(first_seq - 1), created });
    }
    Ok(Found { position: Some(position), created })
}

/// What became of the messages that we remember. Those that retention took prove nothing.
#[derive(Debug, Default)]
struct Seen {
    /// The oldest one that is there and is another message.
    differing_seq: Option<u64>,
    /// The newest one before it that is as it was.
    matching_seq: Option<u64>,
}

/// Looks at each: a match tells nothing of those that another part of us remembers.
async fn compare<S: Source>(source: &mut S, start: &Start) -> Result<Seen, EdgeError> {
    let mut seen = Seen::default();
    for print in start.prints.iter().take(PRINTS_MAX) {
        let Some(stored) = source.stored(print.seq).await? else { continue };
        let crc32c = crc32c::crc32c(&stored.payload);
        if (Fingerprint { seq: stored.seq, time_us: stored.time_us, crc32c }) == *print {
            seen.matching_seq = seen.matching_seq.or(Some(print.seq));
        } else {
            seen = Seen { differing_seq: Some(print.seq), matching_seq: None };
        }
    }
    Ok(seen)
}

fn rolled_back(stream: &str, detail: String, matching_seq: Option<u64>) -> EdgeError {
    EdgeError::InputRolledBack { stream: stream.to_owned(), detail, matching_seq }
}

/// Sorts a refusal: what heals by itself becomes `NoAnswer`.
pub(crate) fn explain(error: CallError, stream: &str, request: &str) -> EdgeError {
    match &error {
        CallError::Refused(refused) if refused.err_code == STREAM_NOT_FOUND => {
            EdgeError::StreamMissing { stream: stream.to_owned() }
        }
        // HTTP-like 503 and 5xx: no leader, shutting down, out of resources for now.
        CallError::Refused(refused) if refused.code >= 500 => {
            EdgeError::NoAnswer { request: request.to_owned(), detail: refused.description.clone() }
        }
        CallError::Refused(_)
        | CallError::NoResponders
        | CallError::TimedOut
        | CallError::Cut
        | CallError::Unreadable(_) => error.explain(request),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Sort;
    use crate::jetstream::call::ApiError;

    /// Messages 1.. with these bodies, each stored a second after the one before.
    struct Bodies(&'static [&'static str]);

    fn stored(seq: u64, body: &'static str) -> Stored {
        Stored { seq, time_us: seq as i64 * 1_000_000, payload: body.into() }
    }

    impl Source for Bodies {
        async fn state(&mut self) -> Result<State, EdgeError> {
            let last_seq = self.0.len() as u64;
            Ok(State { created: "then".to_owned(), first_seq: 1, last_seq })
        }

        async fn stored(&mut self, seq: u64) -> Result<Option<Stored>, EdgeError> {
            let index = usize::try_from(seq).unwrap_or(0).wrapping_sub(1);
            Ok(self.0.get(index).map(|body| stored(seq, body)))
        }
    }

    #[test]
    fn each_message_that_is_remembered_must_be_the_one_that_is_there() {
        let check = |prints: &[(u64, &'static str)], expected: &str| {
            let mut start = Start { position: Some(1), ..Start::default() };
            for &(seq, body) in prints {
                let Stored { seq, time_us, payload } = stored(seq, body);
                start.remember(Fingerprint { seq, time_us, crc32c: crc32c::crc32c(&payload) });
            }
            let mut source = Bodies(&["a", "b", "c", "d"]);
            let checking = std::pin::pin!(check(&mut source, "IN", &start));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let std::task::Poll::Ready(found) = checking.poll(&mut context) else {
                panic!("nothing waits here")
            };
            let text = match found {
                Ok(found) => format!("from {:?}", found.position),
                Err(EdgeError::InputRolledBack { detail, matching_seq, .. }) => {
                    format!("{detail}; {matching_seq:?} matches")
                }
                Err(other) => other.to_string(),
            };
            assert_eq!(text, expected, "{prints:?}");
        };
        check(&[], "from Some(1)");
        check(&[(4, "d"), (2, "b")], "from Some(1)");
        let other = "message 2 is not the one we read under that sequence; Some(1) matches";
        // The commit record matches, the snapshot is of a tail that is gone.
        check(&[(4, "d"), (2, "x"), (1, "a")], other);
        check(&[(4, "x"), (2, "x"), (1, "a")], other);
        check(
            &[(4, "x"), (2, "b"), (1, "a")],
            "message 4 is not the one we read under that sequence; Some(2) matches",
        );
        check(&[(5, "e"), (2, "b")], "it ends at 4, but 5 was read; Some(2) matches");
    }

    #[test]
    fn the_newest_messages_are_remembered() {
        let mut start = Start::default();
        for seq in [5, 90, 20, 90, 30, 40, 50, 60, 70, 80] {
            start.remember(Fingerprint { seq, time_us: 0, crc32c: 0 });
        }
        let seqs: Vec<u64> = start.prints.iter().map(|print| print.seq).collect();
        assert_eq!(seqs, [90, 80, 70, 60, 50, 40, 30, 20]);
    }

    #[test]
    fn refusals_are_sorted_by_whether_they_heal() {
        let refused = |code, err_code| {
            let description = "words".to_owned();
            let error = CallError::Refused(ApiError { code, err_code, description });
            explain(error, "IN", "x").sort()
        };
        assert_eq!(refused(503, 10008), Sort::Retry);
        assert_eq!(refused(500, 10047), Sort::Retry);
        assert_eq!(refused(404, STREAM_NOT_FOUND), Sort::Stop);
        assert_eq!(refused(400, 10025), Sort::Stop);
        assert_eq!(explain(CallError::TimedOut, "IN", "x").sort(), Sort::Retry);
    }
}
