//! What JetStream says about a delivered message, read from its reply subject.
//!
//! # Place
//! Once per message in the reader; no allocation.
//! # Method
//! `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time ns>.<pending>` has
//! nine tokens; the second version puts `<domain>.<account>` after `ACK` and may add a random
//! token. Servers of one cluster may send either, so the count of tokens decides.
//! # Holds
//! The two sequences, the time, the count of what is still to come.
//! # Does not hold
//! The body and headers.

/// The numbers of one delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The message's place in the stream, from 1.
    pub stream_seq: u64,
    /// The message's place in what this consumer delivered, from 1: a hole is a loss.
    pub consumer_seq: u64,
    /// When the server took the message, microseconds since 1970.
    pub time_us: i64,
    /// How many messages wait behind it.
    pub pending: u64,
}

impl Delivery {
    /// Reads a reply subject; `None` if it is none of JetStream's.
    #[must_use]
    pub fn parse(reply: &str) -> Option<Self> {
        let rest = reply.strip_prefix("$JS.ACK.")?;
        let skip = match rest.bytes().filter(|&byte| byte == b'.').count() + 1 {
            7 => 3,
            9 | 10 => 5,
            _ => return None,
        };
        let mut tokens = rest.split('.').skip(skip);
        let stream_seq = tokens.next()?.parse().ok()?;
        let consumer_seq = tokens.next()?.parse().ok()?;
        let time_ns: i64 = tokens.next()?.parse().ok()?;
        let pending = tokens.next()?.parse().ok()?;
        Some(Self { stream_seq, consumer_seq, time_us: time_ns.div_euclid(1000), pending })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(reply: &str, expected: Option<(u64, u64, i64, u64)>) {
        let found = Delivery::parse(reply);
        let found = found.map(|d| (d.stream_seq, d.consumer_seq, d.time_us, d.pending));
        assert_eq!(found, expected, "{reply}");
    }

    #[test]
    fn both_versions_are_read() {
        check(
            "$JS.ACK.IN.c1.1.12.5.1700000000000001999.3",
            Some((12, 5, 1_700_000_000_000_001, 3)),
        );
        check("$JS.ACK._.ACC.IN.c1.1.12.5.1000.3", Some((12, 5, 1, 3)));
        check("$JS.ACK.hub.ACC.IN.c1.1.12.5.1000.3.rnd", Some((12, 5, 1, 3)));
    }

    #[test]
    fn anything_else_is_none() {
        for reply in ["", "_INBOX.x", "$JS.ACK.IN.c1.1.12.5.9", "$JS.ACK.IN.c1.1.x.5.1000.3"] {
            check(reply, None);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(reply in ".{0,80}", tail in "[0-9.]{0,40}") {
            prop_assert!(Delivery::parse(&reply).is_none());
            if let Some(delivery) = Delivery::parse(&format!("$JS.ACK.{tail}")) {
                prop_assert!(tail.contains(&delivery.stream_seq.to_string()));
            }
        }
    }
}
