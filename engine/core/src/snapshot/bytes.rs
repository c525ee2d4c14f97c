//! Plain data as bytes and back: little-endian, field by field, no padding.
//!
//! # Place
//!
//! Under every part of the state that is saved, and under the state hash, which is taken over the
//! same bytes.
//!
//! # Holds
//!
//! - Reading is total: whatever the bytes, there is a value or a [`Flaw`], never a panic.
//! - What `put` wrote, `take` reads as an equal value.

use core::fmt;

use crossdock_model::event::Possession;
use crossdock_model::milestone::Direction;
use crossdock_model::reason::Party;
use crossdock_model::record::{Record, Seconds};
use crossdock_model::time::{EventTime, Micros, Precision, ZoneSource};

/// Why saved bytes can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// What was being read.
    pub what: &'static str,
    /// What is wrong with it.
    pub detail: String,
}

impl Flaw {
    /// A flaw of `what`.
    #[must_use]
    pub fn new(what: &'static str, detail: impl Into<String>) -> Self {
        Self { what, detail: detail.into() }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.detail)
    }
}

impl std::error::Error for Flaw {}

/// Bytes that are read from the front.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    bytes: &'a [u8],
    what: &'static str,
}

impl<'a> Source<'a> {
    /// Reads `bytes`; `what` names them in a [`Flaw`].
    #[must_use]
    pub const fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { bytes, what }
    }

    /// True where all of it was read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many bytes are left.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// A flaw of what is read here.
    #[must_use]
    pub fn flaw(&self, detail: impl Into<String>) -> Flaw {
        Flaw::new(self.what, detail)
    }

    /// The next `size` bytes.
    ///
    /// # Errors
    ///
    /// There are fewer.
    pub fn take(&mut self, size: usize) -> Result<&'a [u8], Flaw> {
        if self.bytes.len() < size {
            let left = self.bytes.len();
            return Err(self.flaw(format!("{size} bytes wanted, {left} left")));
        }
        let (taken, rest) = self.bytes.split_at(size);
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// One byte.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn u8(&mut self) -> Result<u8, Flaw> {
        Ok(self.array::<1>()?[0])
    }

    /// Two bytes.
    ///
    /// # Errors
    ///
    /// There are fewer.
    pub fn u16(&mut self) -> Result<u16, Flaw> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    /// Four bytes.
    ///
    /// # Errors
    ///
    /// There are fewer.
    pub fn u32(&mut self) -> Result<u32, Flaw> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Eight bytes.
    ///
    /// # Errors
    ///
    /// There are fewer.
    pub fn u64(&mut self) -> Result<u64, Flaw> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// Eight bytes, signed.
    ///
    /// # Errors
    ///
    /// There are fewer.
    pub fn i64(&mut self) -> Result<i64, Flaw> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    /// Sixteen bytes.
    ///
    /// # Errors
    ///
    /// There are fewer.
    pub fn u128(&mut self) -> Result<u128, Flaw> {
        Ok(u128::from_le_bytes(self.array()?))
    }

    /// Yes or no.
    ///
    /// # Errors
    ///
    /// Neither.
    pub fn flag(&mut self) -> Result<bool, Flaw> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.flaw(format!("{other} is neither yes nor no"))),
        }
    }

    /// A number that stands for something in a closed list.
    ///
    /// # Errors
    ///
    /// Nothing has that number.
    pub fn closed<T>(&mut self, of: impl FnOnce(u8) -> Option<T>) -> Result<T, Flaw> {
        let number = self.u8()?;
        of(number).ok_or_else(|| self.flaw(format!("nothing has the number {number}")))
    }

    /// A text with its size before it.
    ///
    /// # Errors
    ///
    /// It is cut short, or no UTF-8.
    pub fn text(&mut self) -> Result<&'a str, Flaw> {
        let size = self.u32()? as usize;
        let bytes = self.take(size)?;
        core::str::from_utf8(bytes).map_err(|error| self.flaw(error.to_string()))
    }
}

/// Writes a text with its size before it.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    let size = u32::try_from(text.len()).expect("texts are bounded far below 4 GiB");
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Bytes of an [`EventTime`].
const EVENT_TIME_SIZE: usize = 18;

/// Writes a time.
pub fn put_event_time(out: &mut Vec<u8>, time: &EventTime) {
    let EventTime { instant, local, precision, zone_source } = *time;
    let mut bytes = [0; EVENT_TIME_SIZE];
    bytes[0..8].copy_from_slice(&instant.0.to_le_bytes());
    bytes[8..16].copy_from_slice(&local.0.to_le_bytes());
    bytes[16] = precision as u8;
    bytes[17] = zone_source as u8;
    out.extend_from_slice(&bytes);
}

/// Reads what [`put_event_time`] wrote.
///
/// # Errors
///
/// See [`Flaw`].
pub fn take_event_time(source: &mut Source<'_>) -> Result<EventTime, Flaw> {
    Ok(EventTime {
        instant: Micros(source.i64()?),
        local: Micros(source.i64()?),
        precision: source.closed(precision_of)?,
        zone_source: source.closed(zone_source_of)?,
    })
}

/// Bytes of a record: eleven small fields, four counts, two sets and eight times.
const RECORD_SIZE: usize = 11 + 4 * 2 + 2 * 4 + 8 * 4;

/// Writes a record.
pub fn put_record(out: &mut Vec<u8>, record: &Record) {
    let Record {
        milestone,
        previous,
        direction,
        possession,
        detail,
        reason,
        attempts,
        corrections,
        possession_inferred,
        has_proof,
        epoch,
        event_count,
        seen,
        open,
        first_at,
        last_at,
        border_at,
        physical_at,
        milestone_at,
        possession_at,
        delivered_at,
        attempted_at,
        exception_count,
        step_count,
    } = *record;
    let flags = [
        milestone as u8,
        previous as u8,
        direction as u8,
        possession as u8,
        u8::from(detail.is_some()),
        detail.map_or(0, |detail| detail as u8),
        reason as u8,
        attempts,
        corrections,
        u8::from(possession_inferred),
        u8::from(has_proof),
    ];
    // One piece: this is done twice for every new event, for the state hash.
    let mut bytes = [0; RECORD_SIZE];
    bytes[..11].copy_from_slice(&flags);
    let counts = [epoch, event_count, exception_count, step_count];
    for (piece, number) in bytes[11..19].as_chunks_mut::<2>().0.iter_mut().zip(counts) {
        *piece = number.to_le_bytes();
    }
    let times = [
        first_at,
        last_at,
        border_at,
        physical_at,
        milestone_at,
        possession_at,
        delivered_at,
        attempted_at,
    ];
    let (sets, seconds) = bytes[19..].split_at_mut(8);
    sets[..4].copy_from_slice(&seen.0.to_le_bytes());
    sets[4..].copy_from_slice(&open.0.to_le_bytes());
    for (piece, time) in seconds.as_chunks_mut::<4>().0.iter_mut().zip(times) {
        *piece = time.0.to_le_bytes();
    }
    out.extend_from_slice(&bytes);
}

/// Reads what [`put_record`] wrote.
///
/// # Errors
///
/// See [`Flaw`].
pub fn take_record(source: &mut Source<'_>) -> Result<Record, Flaw> {
    use crossdock_model::detail::Detail;
    use crossdock_model::exception::ExceptionSet;
    use crossdock_model::milestone::{Milestone, MilestoneSet};
    use crossdock_model::reason::Reason;
    let mut record = Record {
        milestone: source.closed(Milestone::from_number)?,
        previous: source.closed(Milestone::from_number)?,
        direction: source.closed(direction_of)?,
        possession: source.closed(possession_of)?,
        ..Record::default()
    };
    let has_detail = source.flag()?;
    record.detail = if has_detail {
        Some(source.closed(Detail::from_number)?)
    } else {
        source.closed(|number| (number == 0).then_some(None))?
    };
    record.reason = source.closed(Reason::from_number)?;
    record.attempts = source.u8()?;
    record.corrections = source.u8()?;
    record.possession_inferred = source.flag()?;
    record.has_proof = source.flag()?;
    record.epoch = source.u16()?;
    record.event_count = source.u16()?;
    record.exception_count = source.u16()?;
    record.step_count = source.u16()?;
    record.seen = MilestoneSet(source.u32()?);
    record.open = ExceptionSet(source.u32()?);
    record.first_at = Seconds(source.u32()?);
    record.last_at = Seconds(source.u32()?);
    record.border_at = Seconds(source.u32()?);
    record.physical_at = Seconds(source.u32()?);
    record.milestone_at = Seconds(source.u32()?);
    record.possession_at = Seconds(source.u32()?);
    record.delivered_at = Seconds(source.u32()?);
    record.attempted_at = Seconds(source.u32()?);
    Ok(record)
}

/// The direction of a number.
#[must_use]
pub const fn direction_of(number: u8) -> Option<Direction> {
    Some(match number {
        0 => Direction::Forward,
        1 => Direction::ReturnToSender,
        2 => Direction::Return,
        _ => return None,
    })
}

/// The party of a number.
#[must_use]
pub const fn party_of(number: u8) -> Option<Party> {
    Some(match number {
        0 => Party::Unknown,
        1 => Party::Carrier,
        2 => Party::Shipper,
        3 => Party::Consignee,
        4 => Party::Customs,
        5 => Party::ForceMajeure,
        6 => Party::Platform,
        _ => return None,
    })
}

const fn possession_of(number: u8) -> Option<Possession> {
    Some(match number {
        0 => Possession::Unknown,
        1 => Possession::Shipper,
        2 => Possession::Carrier,
        3 => Possession::Customs,
        4 => Possession::PickupPoint,
        5 => Possession::Consignee,
        6 => Possession::ReturnsCenter,
        _ => return None,
    })
}

const fn precision_of(number: u8) -> Option<Precision> {
    Some(match number {
        0 => Precision::None,
        1 => Precision::Date,
        2 => Precision::Minute,
        3 => Precision::Second,
        _ => return None,
    })
}

const fn zone_source_of(number: u8) -> Option<ZoneSource> {
    Some(match number {
        0 => ZoneSource::Unknown,
        1 => ZoneSource::FeedDefault,
        2 => ZoneSource::Country,
        3 => ZoneSource::Region,
        4 => ZoneSource::City,
        5 => ZoneSource::PostalCode,
        6 => ZoneSource::Facility,
        7 => ZoneSource::GivenUtc,
        8 => ZoneSource::GivenOffset,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reading_is_total_and_writing_leads_back(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let mut source = Source::new(&bytes, "test");
            if let Ok(record) = take_record(&mut source) {
                let mut out = Vec::new();
                put_record(&mut out, &record);
                prop_assert_eq!(&bytes[..out.len()], &out[..]);
            }
            let mut source = Source::new(&bytes, "test");
            if let Ok(time) = take_event_time(&mut source) {
                let mut out = Vec::new();
                put_event_time(&mut out, &time);
                prop_assert_eq!(&bytes[..out.len()], &out[..]);
            }
        }
    }

    #[test]
    fn every_field_of_a_record_leads_back() {
        use crossdock_model::exception::ExceptionSet;
        use crossdock_model::milestone::{Milestone, MilestoneSet};
        // No `..`: a new field has to be thought of here.
        let record = Record {
            milestone: Milestone::ALL[3],
            previous: Milestone::ALL[2],
            direction: Direction::Return,
            possession: Possession::Customs,
            detail: Some(crossdock_model::detail::Detail::ALL[5]),
            reason: crossdock_model::reason::Reason::ALL[2],
            attempts: 3,
            corrections: 4,
            possession_inferred: true,
            has_proof: true,
            epoch: 5,
            event_count: 6,
            seen: MilestoneSet(7),
            open: ExceptionSet(8),
            first_at: Seconds(9),
            last_at: Seconds(10),
            border_at: Seconds(11),
            physical_at: Seconds(12),
            milestone_at: Seconds(13),
            possession_at: Seconds(14),
            delivered_at: Seconds(15),
            attempted_at: Seconds(16),
            exception_count: 17,
            step_count: 18,
        };
        let mut out = Vec::new();
        put_record(&mut out, &record);
        let mut source = Source::new(&out, "record");
        assert_eq!(take_record(&mut source), Ok(record));
        assert!(source.is_empty());
        let cut = take_record(&mut Source::new(&out[..20], "record"));
        expect_test::expect!["record: 4 bytes wanted, 1 left"]
            .assert_eq(&cut.map_or_else(|flaw| flaw.to_string(), |_| String::from("read")));
    }
}
