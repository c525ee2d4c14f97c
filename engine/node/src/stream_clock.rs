//! Stream time: what the log says of the present.
//!
//! # Place
//!
//! The drain shows it every message in the order of the log; what it says is the `received` of that
//! message, and all the core knows of time. A snapshot holds it.
//!
//! # Method
//!
//! A document brings its receipt: the one its sender states (`Crossdock-Received`), else the moment at which
//! the server stored it. The largest so far is the present. A message of our own (a tick, a switch of rules)
//! states none; the moment at which the server stored *it* may be months behind or ahead of the receipts
//! around it, where a history is published again. So it says only how much time has passed at the server since
//! the clock moved last, and never leads beyond the server's own time.
//!
//! ```text
//! stored at   10:00:00   10:00:07   10:00:09          on the 22nd of November
//! message     document   tick       document
//! states      May 4                 May 6
//! present     May 4      May 4 +7s  May 6
//! ```
//!
//! # Holds
//!
//! - The present never falls, and is a function of the messages up to it.
//! - Where nobody states receipts it is the largest time at which a message was stored.
//! - Before the first document there is no present: a message of our own comes at 1970-01-01T00:00:00Z.

use crossdock_model::time::Micros;

/// The present of one log. Microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamClock {
    /// The present; `i64::MIN` before the first document.
    pub now_us: i64,
    /// When the server stored the message that moved it last.
    pub moved_us: i64,
}

impl Default for StreamClock {
    fn default() -> Self {
        Self { now_us: i64::MIN, moved_us: i64::MIN }
    }
}

impl StreamClock {
    /// The present at a document: its stated receipt, and when the server stored it.
    pub fn document(&mut self, received_us: Option<i64>, stored_us: i64) -> Micros {
        self.move_to(received_us.unwrap_or(stored_us), stored_us);
        Micros(self.now_us)
    }

    /// The present at a message of our own.
    pub fn control(&mut self, stored_us: i64) -> Micros {
        if !self.has_begun() {
            return Micros(0);
        }
        let passed_us = stored_us.saturating_sub(self.moved_us).max(0);
        // A sender whose clock is ahead is waited for.
        self.move_to(self.now_us.saturating_add(passed_us).min(stored_us), stored_us);
        Micros(self.now_us)
    }

    /// True from the first document on.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.now_us != i64::MIN
    }

    /// The present in whole seconds since 1970; 0 before there is one.
    #[must_use]
    pub const fn seconds(&self) -> u64 {
        if self.now_us < 0 { 0 } else { (self.now_us / 1_000_000).unsigned_abs() }
    }

    /// How much a tick that is stored now would move it, microseconds.
    #[must_use]
    pub fn behind_us(&self, stored_us: i64) -> u64 {
        let mut later = *self;
        later.control(stored_us);
        later.now_us.abs_diff(self.now_us)
    }

    fn move_to(&mut self, now_us: i64, stored_us: i64) {
        if self.now_us < now_us {
            *self = Self { now_us, moved_us: stored_us };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Messages, each `stored`, `stored=stated` or `stored!` for one of our own; the present at each.
    #[track_caller]
    fn check(messages: &str, expected: &str) {
        let mut clock = StreamClock::default();
        let number = |text: &str| text.parse::<i64>().expect("a number");
        let present = messages.split_whitespace().map(|word| {
            let now = match (word.split_once('='), word.strip_suffix('!')) {
                (Some((stored, stated)), _) => clock.document(Some(number(stated)), number(stored)),
                (_, Some(stored)) => clock.control(number(stored)),
                _ => clock.document(None, number(word)),
            };
            now.0.to_string()
        });
        assert_eq!(present.collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn time_is_what_documents_state_and_goes_on_at_the_pace_of_the_server() {
        check("1000 1007! 1009", "1000 1007 1009");
        // A history is published again: its time goes on from where it stands.
        check("1000=50 1007! 1009! 1010=55 1011=70 1013!", "50 57 59 59 70 72");
        // One old document among those that state nothing: time has passed since the last of those.
        check("1000 1005=50 1007!", "1000 1000 1007");
        // A sender whose clock is ahead: time waits for the server's.
        check("1000=1500 1007! 1501! 1502", "1500 1500 1501 1502");
        // Servers that set their clocks back.
        check("1000=50 900! 950! 1001! 1000", "50 50 50 51 1000");
        // A switch of rules before the first document says nothing of time.
        check("1000! 1001! 1002=50 1003!", "0 0 50 51");
    }

    proptest! {
        #[test]
        fn time_never_falls_and_a_snapshot_does_not_show(
            messages in prop::collection::vec((0_i64..200, 0_u8..3, 0_i64..200), 1..40),
            cut in 0_usize..40,
        ) {
            let mut whole = StreamClock::default();
            let mut kept = whole;
            let mut last = i64::MIN;
            for (index, (stored, kind, stated)) in messages.into_iter().enumerate() {
                let turn = |clock: &mut StreamClock| match kind {
                    0 => clock.document(None, stored),
                    1 => clock.document(Some(stated), stored),
                    _ => clock.control(stored),
                };
                let behind = whole.behind_us(stored);
                let before = whole.now_us;
                let now = turn(&mut whole);
                prop_assert_eq!(now, turn(&mut kept));
                prop_assert!(last <= now.0);
                prop_assert!(kind != 2 || behind == whole.now_us.abs_diff(before));
                last = now.0;
                if index == cut {
                    kept = StreamClock { now_us: kept.now_us, moved_us: kept.moved_us };
                }
            }
        }
    }
}
