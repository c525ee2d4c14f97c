//! JetStream's answers to a commit, sorted as they come in.
//!
//! # Place
//! Under the committer.
//! # Method
//! One table from error code to what to do. Codes are those of nats-server 2.15; one that is not
//! in the table is tried again, but not for ever.
//! # Holds
//! The table.
//! # Does not hold
//! The doing (`committer`).

use crate::jetstream::call::STREAM_NOT_FOUND;

/// The server's word on one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The fence says no: read the record.
    Fence,
    /// The batch is larger than this server takes.
    Shrink,
    /// Busy, full or electing a leader: again, later.
    Again,
    /// Not known to us: again, but not for ever.
    Unknown,
    /// Won't heal by itself.
    Stop,
}

/// Sorts JetStream's error codes as they come in.
pub(super) const fn sort(code: u64) -> Verdict {
    match code {
        // Wrong last sequence.
        10071 => Verdict::Fence,
        // Batch too large; the server's `max_batch_size` may be lower than the default.
        10199 => Verdict::Shrink,
        // Wrong last sequence, said of a batch in flight for the same subject; sequence not ready.
        10164 | 10163
        // Store failed: stream full (discard new), no space left.
        | 10077
        // Too many requests; too many batches in flight, of this stream or of this server.
        | 10167 | 10210 | 10211
        // Cluster not available, not leader, no peers, not assigned; insufficient resources.
        | 10002 | 10004 | 10005 | 10006 | 10007 | 10008 | 10009 | 10023 | 10047
        // A part of the batch was lost on the way.
        | 10176 => Verdict::Again,
        // Stream offline, not found, sealed; atomic publish disabled; message too large; rollup
        // not allowed; unsupported header; duplicate id within a batch.
        STREAM_NOT_FOUND | 10109 | 10174 | 10054 | 10111 | 10177 | 10201 => Verdict::Stop,
        _ => Verdict::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_codes_are_sorted_as_they_come_in() {
        let table = [
            (Verdict::Fence, &[10071][..]),
            (Verdict::Shrink, &[10199]),
            (Verdict::Again, &[10164, 10163, 10077, 10167, 10210, 10211, 10176, 10008]),
            (Verdict::Stop, &[10059, 10174, 10054, 10201]),
            (Verdict::Unknown, &[0, 10200, 10999]),
        ];
        for (verdict, codes) in table {
            for &code in codes {
                assert_eq!(sort(code), verdict, "{code}");
            }
        }
    }
}
