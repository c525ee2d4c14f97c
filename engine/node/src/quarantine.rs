//! Messages that the engine panics on: they are left out, here and in every replay.
//!
//! # Place
//!
//! In the commit record: it is as durable as what is said, under the same fence, and read by every start and
//! every standby before they apply anything. The drain leaves out what stands here.
//!
//! # Method
//!
//! A message is known by its sequence and by when the server took it: a stream that has lost its tail gives the
//! sequence to another message, which is not left out. What retention has taken needs no entry any more. See
//! decision 0022.
//!
//! # Holds
//!
//! - Sorted by sequence, each sequence once, at most [`QUARANTINED_MAX`] of our own making.

use crossdock_model::limits::QUARANTINED_MAX;
use serde::{Deserialize, Serialize};

use crate::jetstream::ctl::rfc3339;

/// A message that is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Its stream sequence.
    pub seq: u64,
    /// When the server took it.
    #[serde(with = "rfc3339")]
    pub time: jiff::Timestamp,
}

impl Quarantined {
    /// The message that the server took under `seq` at `time_us`, microseconds since 1970.
    #[must_use]
    pub fn new(seq: u64, time_us: i64) -> Self {
        Self { seq, time: jiff::Timestamp::from_microsecond(time_us).unwrap_or_default() }
    }
}

/// All messages that are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quarantine {
    list: Vec<Quarantined>,
}

impl Quarantine {
    /// The messages, by their sequence.
    pub fn iter(&self) -> impl Iterator<Item = &Quarantined> {
        self.list.iter()
    }

    /// True where nothing is left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// True where no more may be: so many mean that it is not the messages that are wrong.
    #[must_use]
    pub fn is_full(&self) -> bool {
        QUARANTINED_MAX <= self.list.len()
    }

    /// True where this message is left out.
    #[must_use]
    pub fn holds(&self, seq: u64, time_us: i64) -> bool {
        let found = self.list.binary_search_by_key(&seq, |known| known.seq);
        found.is_ok_and(|index| self.list[index] == Quarantined::new(seq, time_us))
    }

    /// Leaves one more out. It takes the place of one that had its sequence in a tail that was lost.
    pub fn add(&mut self, new: Quarantined) {
        match self.list.binary_search_by_key(&new.seq, |known| known.seq) {
            Ok(index) => self.list[index] = new,
            Err(index) => self.list.insert(index, new),
        }
    }

    /// The input begins here now: what lay before can't come again.
    pub fn forget_before(&mut self, first_seq: u64) {
        self.list.retain(|known| first_seq <= known.seq);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_known_by_sequence_and_time() {
        let mut quarantine = Quarantine::default();
        assert!(quarantine.is_empty());
        quarantine.add(Quarantined::new(7, 70));
        quarantine.add(Quarantined::new(3, 30));
        quarantine.add(Quarantined::new(7, 71));
        assert_eq!(quarantine.len(), 2);
        assert!(quarantine.holds(3, 30) && quarantine.holds(7, 71));
        assert!(!quarantine.holds(7, 70) && !quarantine.holds(5, 50));
        let text = serde_json::to_string(&quarantine).expect("a list");
        expect_test::expect![[
            r#"[{"seq":3,"time":"1970-01-01T00:00:00.00003Z"},{"seq":7,"time":"1970-01-01T00:00:00.000071Z"}]"#
        ]]
        .assert_eq(&text);
        assert_eq!(serde_json::from_str::<Quarantine>(&text).expect("its own"), quarantine);
        quarantine.forget_before(7);
        assert!(!quarantine.holds(3, 30) && quarantine.holds(7, 71));
    }

    #[test]
    fn so_many_are_full() {
        let mut quarantine = Quarantine::default();
        for seq in 1..=QUARANTINED_MAX as u64 {
            assert!(!quarantine.is_full());
            quarantine.add(Quarantined::new(seq, 1));
        }
        assert!(quarantine.is_full());
    }
}
