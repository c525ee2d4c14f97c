//! The commit record: what `ctl.<group>` says, and how far it reaches.
//!
//! # Place
//! Written as the last message of every commit, read at the start and whenever an ack was lost.
//! # Method
//! One JSON object per group, rolled up, so that its sequence is the fence and its body the truth.
//! The `owner` word makes the records of two engines differ even when all else is equal: without
//! it two engines that claim the same epoch in the same moment would both believe they had won.
//! # Holds
//! [`Position`], [`Fingerprint`], [`CtlRecord`] and their text.
//! # Does not hold
//! The writing (`committer`), the check of fingerprints (`reader`).

use crate::quarantine::Quarantine;
use crossdock_model::id::Position as Place;
use serde::{Deserialize, Serialize};

/// Counts the timers of a message in [`Position::index`].
pub const TIMERS: u32 = Place::TIMERS;

/// How far the input is done. `index` 0: all of message `seq`; `index` n: what timers say at it and
/// its first n events; [`TIMERS`] + n: only what its first n timers say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Stream sequence; 0 before the first message.
    pub seq: u64,
    /// 0 for the whole message, else how many of its events or timers are done.
    pub index: u32,
}

impl Position {
    /// All of message `seq`.
    #[must_use]
    pub const fn whole(seq: u64) -> Self {
        Self { seq, index: 0 }
    }

    /// Whether the outputs of event `index` of message `seq` are within: such outputs are
    /// suppressed in a replay.
    #[must_use]
    pub const fn covers(self, seq: u64, index: u32) -> bool {
        let is_within = self.index == 0 || Place::rank_of(index) < Place::rank_of(self.index);
        seq < self.seq || (seq == self.seq && is_within)
    }

    /// The order of progress: part of a message stands before all of it.
    #[must_use]
    pub fn reaches(self, other: Self) -> bool {
        let index = |p: Self| if p.index == 0 { u32::MAX } else { Place::rank_of(p.index) };
        let rank = |p: Self| (p.seq, index(p));
        rank(self) >= rank(other)
    }
}

/// What one message of the input looked like: tells a stream from one that was rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    /// Its stream sequence.
    pub seq: u64,
    /// When the server took it, microseconds since 1970.
    pub time_us: i64,
    /// CRC-32C of its payload.
    pub crc32c: u32,
}

/// A fingerprint and the stream it belongs to, as written into the commit record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamMark {
    /// When the stream was created, in the server's own words.
    pub created: String,
    /// Sequence of the message.
    pub seq: u64,
    /// RFC 3339, microseconds.
    #[serde(with = "rfc3339")]
    pub time: jiff::Timestamp,
    /// CRC-32C of its payload.
    #[serde(with = "hex8")]
    pub crc32c: u32,
}

impl StreamMark {
    /// The mark of a message in the stream that was created at `created`.
    #[must_use]
    pub fn new(created: &str, print: Fingerprint) -> Self {
        let time = jiff::Timestamp::from_microsecond(print.time_us).unwrap_or_default();
        Self { created: created.to_owned(), seq: print.seq, time, crc32c: print.crc32c }
    }

    /// The fingerprint alone.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let time_us = self.time.as_microsecond();
        Fingerprint { seq: self.seq, time_us, crc32c: self.crc32c }
    }
}

/// The body of `ctl.<group>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CtlRecord {
    /// Everything up to here is committed.
    pub position: Position,
    /// Where the commit before stood: the outputs of this one lie in between.
    pub previous: Position,
    /// Counts the owners of the group, from 1.
    pub epoch: u32,
    /// Counts the commits of the group, from 1; a claim does not count.
    pub batch: u64,
    /// Hash of the engine's state at `position`; none where the commit ended within a turn, whose
    /// state between two of its events nobody has seen.
    #[serde(default, with = "hex16", skip_serializing_if = "Option::is_none")]
    pub state_hash: Option<u64>,
    /// A message of the input at or before `position`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamMark>,
    /// Messages that are left out, wherever they stand.
    #[serde(default, skip_serializing_if = "Quarantine::is_empty")]
    pub quarantined: Quarantine,
    /// The version that wrote it.
    pub engine: String,
    /// A random word per process.
    pub owner: String,
}

impl CtlRecord {
    /// Reads a record.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(body).map_err(|error| error.to_string())
    }

    /// The record as bytes.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_else(|error| {
            unreachable!("a struct of numbers and strings always becomes JSON: {error}")
        })
    }
}

/// A time as RFC 3339 in UTC.
pub(crate) mod rfc3339 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(
        value: &jiff::Timestamp,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        source: D,
    ) -> Result<jiff::Timestamp, D::Error> {
        String::deserialize(source)?.parse().map_err(D::Error::custom)
    }
}

/// A `u64` that is there, as 16 hexadecimal digits.
mod hex16 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        value: &Option<u64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(&format_args!("{value:016x}")),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        source: D,
    ) -> Result<Option<u64>, D::Error> {
        let text = String::deserialize(source)?;
        u64::from_str_radix(&text, 16).map(Some).map_err(D::Error::custom)
    }
}

/// `u32` as 8 hexadecimal digits.
mod hex8 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(value: &u32, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{value:08x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<u32, D::Error> {
        let text = String::deserialize(source)?;
        u32::from_str_radix(&text, 16).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quarantine::Quarantined;
    use proptest::prelude::*;

    #[test]
    fn a_record_reads_as_the_formats_say() {
        let print = Fingerprint { seq: 1208, time_us: 1_779_369_250_000_001, crc32c: 0xab };
        let record = CtlRecord {
            position: Position::whole(1208),
            previous: Position { seq: 1100, index: 3 },
            epoch: 4,
            batch: 881,
            state_hash: Some(0x1f),
            stream: Some(StreamMark::new("2026-05-21T13:14:09.123456789Z", print)),
            quarantined: Quarantine::default(),
            engine: "0.1.0".to_owned(),
            owner: "a1B2c3D4e5".to_owned(),
        };
        let text = String::from_utf8(record.write()).unwrap();
        expect_test::expect![[r#"{"position":{"seq":1208,"index":0},"previous":{"seq":1100,"index":3},"epoch":4,"batch":881,"state_hash":"000000000000001f","stream":{"created":"2026-05-21T13:14:09.123456789Z","seq":1208,"time":"2026-05-21T13:14:10.000001Z","crc32c":"000000ab"},"engine":"0.1.0","owner":"a1B2c3D4e5"}"#]]
        .assert_eq(&text);
        assert_eq!(CtlRecord::read(text.as_bytes()), Ok(record.clone()));
        assert_eq!(record.stream.clone().unwrap().fingerprint(), print);
        // What is left out.
        let mut with = record.clone();
        with.quarantined.add(Quarantined::new(1102, 1_779_369_250_000_000));
        let text = String::from_utf8(with.write()).unwrap();
        let list = r#""quarantined":[{"seq":1102,"time":"2026-05-21T13:14:10Z"}],"engine""#;
        assert!(text.contains(list), "{text}");
        assert_eq!(CtlRecord::read(text.as_bytes()), Ok(with));
        // Within a turn nobody knows the state.
        let within = CtlRecord { state_hash: None, ..record };
        let text = String::from_utf8(within.write()).unwrap();
        assert!(!text.contains("state_hash"), "{text}");
        assert_eq!(CtlRecord::read(text.as_bytes()), Ok(within));
    }

    #[test]
    fn a_foreign_record_is_an_error_and_a_newer_one_is_not() {
        assert!(CtlRecord::read(b"hello").is_err());
        assert!(CtlRecord::read(b"{}").is_err());
        let newer = br#"{"position":{"seq":1,"index":0},"previous":{"seq":0,"index":0},"epoch":1,
            "batch":1,"state_hash":"0","engine":"9","owner":"x","later":true}"#;
        assert!(CtlRecord::read(newer).is_ok());
    }

    proptest! {
        /// The naive model: the set of all events that are done.
        #[test]
        fn a_position_covers_what_is_done(seq in 0u64..4, index in 0u32..4, s in 0u64..4, i in 0u32..4, timers in any::<(bool, bool)>()) {
            // An index behind the timers and one among them: `TIMERS` + 0 is never written.
            let index = if timers.0 && index != 0 { TIMERS + index } else { index };
            let i = if timers.1 { TIMERS + i } else { i };
            let position = Position { seq, index };
            let within = match (TIMERS <= index, TIMERS <= i) {
                (true, false) => false,
                (false, true) => true,
                _ => i < index,
            };
            let done = s < seq || (s == seq && (index == 0 || within));
            prop_assert_eq!(position.covers(s, i), done);
            // Reaching is covering at least as much, for messages of up to 3 timers and 3 events.
            let other = Position { seq: s, index: i };
            let places = (0..3).chain(TIMERS..TIMERS + 3);
            let mut all = (0u64..4).flat_map(|a| places.clone().map(move |b| (a, b)));
            let more = all.all(|(a, b)| position.covers(a, b) || !other.covers(a, b));
            if index % TIMERS != 3 && i % TIMERS != 3 && i != TIMERS {
                prop_assert_eq!(position.reaches(other), more);
            }
        }
    }
}
