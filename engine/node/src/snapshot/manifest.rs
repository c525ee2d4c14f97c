//! What a snapshot says of itself: where it stands, and what it fits.
//!
//! # Place
//! The last section of a file, and the only one that is written with rkyv: it is structured, small,
//! and checked as a whole before anything is believed.
//! # Method
//! `Manifest::fits` compares it with what the start knows. The first reason against it is told to
//! people.
//! # Holds
//! Position, clock, fingerprints, digests, counts.
//! # Does not hold
//! State.

use crate::jetstream::ctl::{Fingerprint, Position};
use crate::stream_clock::StreamClock;
use rkyv::rancor;
use rkyv::util::AlignedVec;

/// The version of the format; another one is not read.
pub const FORMAT: u32 = 7;

/// What a snapshot must have been made by to be of use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The group.
    pub group: String,
    /// The input stream.
    pub stream: String,
    /// When that was created, in the server's words; "" where nobody knows yet.
    pub created: String,
    /// Hash of the feed files: they decide what an event is.
    pub feeds_digest: u64,
    /// The revision of the rules in force; 0 where none run. Any fits: a snapshot holds its rules.
    pub rules_digest: u64,
}

/// What a snapshot says of itself.
#[derive(Clone, Debug, PartialEq, Eq, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// The version of crossdock that wrote it.
    pub engine: String,
    /// The group.
    pub group: String,
    /// The input stream.
    pub stream: String,
    /// When the stream was created, in the server's words.
    pub created: String,
    /// All messages up to this sequence are in the state, none after.
    pub position: u64,
    /// Stream time at the position, microseconds since 1970; `i64::MIN` before the first message.
    pub clock_us: i64,
    /// When the server stored the message that moved stream time last; see [`StreamClock`].
    pub moved_us: i64,
    /// Messages at or before the position: (sequence, server time, CRC-32C), newest first.
    pub prints: Vec<(u64, i64, u32)>,
    /// Hash of the feed files.
    pub feeds_digest: u64,
    /// The revision of the rules in force at the position; 0 where none run.
    pub rules_digest: u64,
    /// The epoch of the owner that wrote it.
    pub epoch: u32,
    /// Shards that saved.
    pub shards: u32,
    /// Shipments of all shards.
    pub shipments: u64,
    /// Hash of all state: what was loaded must have the same.
    pub state_hash: u64,
    /// Sections before this one.
    pub sections: u64,
}

impl Manifest {
    /// As bytes.
    ///
    /// # Panics
    /// Never: it is made of numbers and short texts.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let bytes = rkyv::to_bytes::<rancor::Error>(self);
        bytes.expect("numbers and texts can always be written").into_vec()
    }

    /// Reads what [`Manifest::write`] wrote.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut aligned = AlignedVec::<16>::with_capacity(bytes.len());
        aligned.extend_from_slice(bytes);
        let manifest = rkyv::from_bytes::<Self, rancor::Error>(&aligned);
        manifest.map_err(|error| format!("the manifest can't be read: {error}"))
    }

    /// Why this snapshot is of no use to a start, if so. `committed` is what the commit record says.
    #[must_use]
    pub fn misfit(&self, identity: &Identity, committed: Position) -> Option<String> {
        let differs = |what: &str, found: &str, wanted: &str| {
            Some(format!("it is of {what} \"{found}\", this is \"{wanted}\""))
        };
        if self.format != FORMAT {
            return Some(format!("its format is {}, this version reads {FORMAT}", self.format));
        }
        if self.group != identity.group {
            return differs("group", &self.group, &identity.group);
        }
        if self.stream != identity.stream {
            return differs("stream", &self.stream, &identity.stream);
        }
        if !identity.created.is_empty() && self.created != identity.created {
            return differs("a stream created at", &self.created, &identity.created);
        }
        if !committed.reaches(Position::whole(self.position)) {
            return Some(format!(
                "it stands at {}, but only {} is committed: its outputs would be lost",
                self.position, committed.seq
            ));
        }
        if self.feeds_digest != identity.feeds_digest {
            return Some(String::from("the feed files have changed since"));
        }
        None
    }

    /// The revision of the rules that a start from it goes on under; `own` are those of the configuration.
    /// It holds its rules, and they stay in force, unless none shall run or none did.
    #[must_use]
    pub fn rules_in_force(&self, own: Option<u64>) -> u64 {
        match (own, self.rules_digest) {
            (None, _) => 0,
            (Some(own), 0) => own,
            (Some(_), saved) => saved,
        }
    }

    /// Stream time at the position.
    #[must_use]
    pub const fn clock(&self) -> StreamClock {
        StreamClock { now_us: self.clock_us, moved_us: self.moved_us }
    }

    /// The messages it remembers.
    #[must_use]
    pub fn fingerprints(&self) -> Vec<Fingerprint> {
        let print =
            |&(seq, time_us, crc32c): &(u64, i64, u32)| Fingerprint { seq, time_us, crc32c };
        self.prints.iter().map(print).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            format: FORMAT,
            engine: "0.1.0".to_owned(),
            group: "g".to_owned(),
            stream: "IN".to_owned(),
            created: "then".to_owned(),
            position: 10,
            clock_us: 5,
            moved_us: 6,
            prints: vec![(10, 4, 3), (1, 1, 1)],
            feeds_digest: 7,
            rules_digest: 8,
            epoch: 2,
            shards: 1,
            shipments: 3,
            state_hash: 9,
            sections: 4,
        }
    }

    #[test]
    fn a_manifest_leads_back_and_damaged_bytes_do_not_panic() {
        let manifest = manifest();
        let bytes = manifest.write();
        assert_eq!(Manifest::read(&bytes), Ok(manifest));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xFF;
            drop(Manifest::read(&damaged));
            drop(Manifest::read(&bytes[..at]));
        }
    }

    #[test]
    fn the_rules_of_a_snapshot_stay_in_force() {
        let none = Manifest { rules_digest: 0, ..manifest() };
        assert_eq!(manifest().rules_in_force(Some(5)), 8);
        assert_eq!(manifest().rules_in_force(None), 0);
        assert_eq!(none.rules_in_force(Some(5)), 5);
    }

    #[test]
    fn a_manifest_says_why_it_does_not_fit() {
        let identity = Identity {
            group: "g".to_owned(),
            stream: "IN".to_owned(),
            created: "then".to_owned(),
            feeds_digest: 7,
            rules_digest: 99,
        };
        let check = |change: &dyn Fn(&mut Manifest), committed, expected: &str| {
            let mut it = manifest();
            change(&mut it);
            assert_eq!(it.misfit(&identity, committed).unwrap_or_default(), expected);
        };
        check(&|_| {}, Position::whole(10), "");
        check(&|_| {}, Position { seq: 11, index: 2 }, "");
        let lost = "it stands at 10, but only 10 is committed: its outputs would be lost";
        check(&|_| {}, Position { seq: 10, index: 2 }, lost);
        check(
            &|it| it.format = 1,
            Position::whole(10),
            &format!("its format is 1, this version reads {FORMAT}"),
        );
        check(
            &|it| it.created = "now".to_owned(),
            Position::whole(10),
            "it is of a stream created at \"now\", this is \"then\"",
        );
        check(&|it| it.feeds_digest = 1, Position::whole(10), "the feed files have changed since");
        check(
            &|it| it.group = "h".to_owned(),
            Position::whole(10),
            "it is of group \"h\", this is \"g\"",
        );
    }
}
