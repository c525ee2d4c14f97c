//! Whether the input stream is there, whole, and the one we know.
//!
//! # Place
//! Before the first message and after every reconnect, in the reader.
//! # Method
//! After a power loss a server may come back without the tail of a stream and give the same
//! sequences to other messages; a consumer started at our position would skip those without a
//! word. So a few messages are remembered by time and checksum: the newest must still be as it
//! was. If not, the newest that still is says from where a restart may go.
//! # Holds
//! [`Start`], the check, the sorting of refusals.
//! # Does not hold
//! What the engine does about a rollback: that is a start from an older snapshot.

use crate::error::EdgeError;
use crate::jetstream::call::{CallError, Caller, STREAM_NOT_FOUND};
use crate::jetstream::ctl::Fingerprint;
use serde::Deserialize;
use serde_json::json;

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

/// What the check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where to begin now.
    pub position: Option<u64>,
    /// When the stream was created.
    pub created: String,
}

#[derive(Debug, Deserialize)]
struct StreamInfo {
    created: String,
    state: StreamState,
}

#[derive(Debug, Deserialize)]
struct StreamState {
    first_seq: u64,
    last_seq: u64,
}

/// Checks the stream.
///
/// # Errors
/// [`EdgeError::StreamMissing`], [`EdgeError::InputRolledBack`], [`EdgeError::InputExpired`];
/// [`EdgeError::NoAnswer`] during an outage.
pub async fn check(caller: &mut Caller, stream: &str, start: &Start) -> Result<Found, EdgeError> {
    caller.connection().check_server()?;
    let verb = format!("STREAM.INFO.{stream}");
    let info = caller.api::<StreamInfo>(&verb, "").await;
    let info = info.map_err(|error| explain(error, stream, "the state of the input stream"))?;
    let created = info.created.clone();
    let Some(position) = start.position else {
        return Ok(Found { position: None, created });
    };
    if let Some(known) = &start.created
        && *known != created
    {
        let detail = format!("it was created at {created}, the one we read at {known}");
        return Err(rolled_back(stream, detail, None));
    }
    let last_seq = info.state.last_seq;
    let newest = start.prints.iter().map(|print| print.seq).max().unwrap_or(0).max(position);
    let seen = compare(caller, stream, start).await?;
    if last_seq < newest {
        let detail = format!("it ends at {last_seq}, but {newest} was read");
        return Err(rolled_back(stream, detail, seen.matching_seq));
    }
    if let Some(seq) = seen.differing_seq {
        let detail = format!("message {seq} is not the one we read under that sequence");
        return Err(rolled_back(stream, detail, seen.matching_seq));
    }
    if info.state.first_seq > position + 1 {
        if !start.accept_lost {
            return Err(EdgeError::InputExpired {
                stream: stream.to_owned(),
                first_seq: info.state.first_seq,
                wanted_seq: position + 1,
                lost: info.state.first_seq - position - 1,
            });
        }
        let lost = info.state.first_seq - position - 1;
        tracing::warn!(lost, "unread input is gone; going on as told");
        return Ok(Found { position: Some(info.state.first_seq - 1), created });
    }
    Ok(Found { position: Some(position), created })
}

/// What became of the messages that we remember. Those that retention took prove nothing.
#[derive(Debug, Default)]
struct Seen {
    /// The newest one that is there and is another message.
    differing_seq: Option<u64>,
    /// The newest one that is as it was.
    matching_seq: Option<u64>,
}

async fn compare(caller: &mut Caller, stream: &str, start: &Start) -> Result<Seen, EdgeError> {
    let mut seen = Seen::default();
    for print in start.prints.iter().take(PRINTS_MAX) {
        let stored = caller.stored(stream, &json!({ "seq": print.seq })).await;
        let stored = stored.map_err(|error| explain(error, stream, "a message of the input"))?;
        let Some(stored) = stored else { continue };
        let crc32c = crc32c::crc32c(&stored.payload);
        if (Fingerprint { seq: stored.seq, time_us: stored.time_us, crc32c }) == *print {
            seen.matching_seq = Some(print.seq);
            return Ok(seen);
        }
        seen.differing_seq = seen.differing_seq.or(Some(print.seq));
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
