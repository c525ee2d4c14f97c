//! The state as bytes, for snapshots.
//!
//! # Place
//! Below [`super`].
//! # Method
//! Little-endian, counts before lists, bins sparse; a magic in front and a 64-bit FNV of everything behind.
//! # Holds
//! Equal states have equal bytes. Lists are bounded by the bytes that are left, so that no count can ask
//! for memory that isn't there.
//! # Does not hold
//! Compatibility between versions: the magic ends in the version.

use super::{CLASSES, LaneState, State, StateError};
use crate::board::Board;
use crate::drift::Drift;
use crate::estimate::Exclusion;
use crate::estimator::PairKey;
use crate::lane::{Basis, LaneKey, Level, MilestoneClass};
use crate::symbol::Symbol;

const MAGIC: &[u8; 8] = b"xd-eta\x002";

impl State {
    /// The state as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256 + self.lanes.len() * 96);
        out.extend_from_slice(MAGIC);
        put(&mut out, u64::from(self.grain_minutes));
        put(&mut out, self.half_life as u64);
        put(&mut out, self.calendars);
        self.levels_q16.iter().for_each(|level| put(&mut out, *level as u64));
        put(&mut out, self.learned);
        self.excluded.iter().for_each(|count| put(&mut out, *count));
        put(&mut out, self.refused);
        put(&mut out, self.names.len() as u64);
        for (_, name) in &self.names {
            put(&mut out, name.len() as u64);
            out.extend_from_slice(name.as_bytes());
        }
        put(&mut out, self.drifts.len() as u64);
        for (key, drift) in &self.drifts {
            put_pair(&mut out, key);
            let slow = [drift.slow_sum_q32, drift.slow_weight_q16];
            for value in [drift.sum_q32, drift.weight_q16, slow[0], slow[1], drift.at] {
                put(&mut out, value as u64);
            }
        }
        put(&mut out, self.boards.len() as u64);
        for (key, board) in &self.boards {
            put_pair(&mut out, key);
            out.push(board.current as u8);
            out.extend_from_slice(&board.streak.to_le_bytes());
            for count in [board.outcomes, board.covered, board.counted] {
                out.extend_from_slice(&count.to_le_bytes());
            }
            put(&mut out, board.at as u64);
            board.sums.iter().flatten().for_each(|sum| put(&mut out, *sum as u64));
        }
        put(&mut out, self.census.len() as u64);
        for (id, bins) in &self.census {
            put(&mut out, *id);
            out.push(bins.len() as u8);
            for (bin, count) in bins {
                out.push(*bin);
                out.extend_from_slice(&count.to_le_bytes());
            }
        }
        put(&mut out, self.lanes.len() as u64);
        self.lanes.iter().for_each(|lane| put_lane(&mut out, lane));
        let checksum = fnv(&out);
        put(&mut out, checksum);
        out
    }

    /// A state from bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<State, StateError> {
        if !bytes.starts_with(MAGIC) {
            return Err(StateError::NotAState(format!("{} other bytes", bytes.len())));
        }
        let Some((body, tail)) = bytes.split_last_chunk::<8>() else {
            return Err(StateError::Length(bytes.len()));
        };
        let (found, expected) = (fnv(body), u64::from_le_bytes(*tail));
        if found != expected || body.len() < MAGIC.len() {
            return Err(StateError::Checksum(found, expected));
        }
        let mut reader = Reader { bytes: body, at: MAGIC.len() };
        let grain_minutes = u16::try_from(reader.number()?).map_err(|_| reader.bad("grain"))?;
        let half_life = reader.number()? as i64;
        let calendars = reader.number()?;
        let mut levels_q16 = [0; CLASSES];
        for level in &mut levels_q16 {
            *level = reader.number()? as i64;
        }
        let learned = reader.number()?;
        let mut excluded = [0; Exclusion::ALL.len()];
        for count in &mut excluded {
            *count = reader.number()?;
        }
        let refused = reader.number()?;
        let state = State {
            grain_minutes,
            half_life,
            calendars,
            levels_q16,
            learned,
            excluded,
            refused,
            names: reader.list(Reader::name)?,
            drifts: reader.list(Reader::drift)?,
            boards: reader.list(Reader::board)?,
            census: reader.list(Reader::census)?,
            lanes: reader.list(Reader::lane)?,
        };
        if reader.at == body.len() { Ok(state) } else { Err(StateError::Length(reader.at)) }
    }

    /// A hash over the contents: equal states, equal hashes.
    pub fn hash(&self) -> u64 {
        fnv(&self.to_bytes())
    }
}

fn put(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_pair(out: &mut Vec<u8>, (first, second, class): &PairKey) {
    put(out, first.0);
    put(out, second.0);
    out.push(*class as u8);
}

fn put_lane(out: &mut Vec<u8>, lane: &LaneState) {
    let key = &lane.key;
    out.extend_from_slice(&[key.level as u8, key.class as u8, key.basis as u8, key.band]);
    for symbol in [key.carrier, key.service, key.origin, key.destination] {
        put(out, symbol.0);
    }
    out.extend_from_slice(&lane.octave.to_le_bytes());
    out.extend_from_slice(&lane.carry_q16.to_le_bytes());
    out.extend_from_slice(&lane.samples.to_le_bytes());
    out.push(lane.bins.len() as u8);
    for (bin, units) in &lane.bins {
        out.push(*bin);
        out.extend_from_slice(&units.to_le_bytes());
    }
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], StateError> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or(StateError::Length(self.at))?;
        let out = &self.bytes[self.at..end];
        self.at = end;
        Ok(out)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StateError> {
        let at = self.at;
        self.take(N)?.try_into().map_err(|_| StateError::Length(at))
    }

    fn number(&mut self) -> Result<u64, StateError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn short(&mut self) -> Result<u32, StateError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn byte(&mut self) -> Result<u8, StateError> {
        Ok(self.array::<1>()?[0])
    }

    fn bad(&self, what: &'static str) -> StateError {
        StateError::Value(what, self.at)
    }

    fn list<T>(
        &mut self,
        item: impl Fn(&mut Reader<'a>) -> Result<T, StateError>,
    ) -> Result<Vec<T>, StateError> {
        let count = self.number()?;
        // Every item takes a byte at least: a larger count is a lie.
        if ((self.bytes.len() - self.at) as u64) < count {
            return Err(self.bad("count"));
        }
        (0..count).map(|_| item(self)).collect()
    }

    fn name(&mut self) -> Result<(Symbol, String), StateError> {
        let count = usize::try_from(self.number()?).map_err(|_| self.bad("name"))?;
        let text = std::str::from_utf8(self.take(count)?).map_err(|_| self.bad("name"))?;
        Ok((Symbol::of(text), text.to_owned()))
    }

    fn class(&mut self) -> Result<MilestoneClass, StateError> {
        let at = usize::from(self.byte()?);
        MilestoneClass::ALL.get(at).copied().ok_or_else(|| self.bad("class"))
    }

    fn basis(&mut self) -> Result<Basis, StateError> {
        let at = usize::from(self.byte()?);
        Basis::ALL.get(at).copied().ok_or_else(|| self.bad("basis"))
    }

    fn pair(&mut self) -> Result<PairKey, StateError> {
        Ok((Symbol(self.number()?), Symbol(self.number()?), self.class()?))
    }

    fn drift(&mut self) -> Result<(PairKey, Drift), StateError> {
        let key = self.pair()?;
        let mut values = [0; 5];
        for value in &mut values {
            *value = self.number()? as i64;
        }
        let [sum_q32, weight_q16, slow_sum_q32, slow_weight_q16, at] = values;
        Ok((key, Drift { sum_q32, weight_q16, slow_sum_q32, slow_weight_q16, at }))
    }

    fn board(&mut self) -> Result<(PairKey, Board), StateError> {
        let key = self.pair()?;
        let current = self.basis()?;
        let (streak, outcomes) = (self.short()?, self.short()?);
        let (covered, counted) = (self.short()?, self.short()?);
        let at = self.number()? as i64;
        let mut sums = [[0; 4]; 4];
        for sum in sums.iter_mut().flatten() {
            *sum = self.number()? as i64;
        }
        Ok((key, Board { current, streak, outcomes, at, sums, covered, counted }))
    }

    fn census(&mut self) -> Result<(u64, Vec<(u8, u32)>), StateError> {
        let id = self.number()?;
        let count = self.byte()?;
        let bins: Result<_, _> = (0..count).map(|_| Ok((self.byte()?, self.short()?))).collect();
        Ok((id, bins?))
    }

    fn lane(&mut self) -> Result<LaneState, StateError> {
        let level = usize::from(self.byte()?);
        let level = Level::ALL.get(level).copied().ok_or_else(|| self.bad("level"))?;
        let key = LaneKey {
            level,
            class: self.class()?,
            basis: self.basis()?,
            band: self.byte()?,
            carrier: Symbol(self.number()?),
            service: Symbol(self.number()?),
            origin: Symbol(self.number()?),
            destination: Symbol(self.number()?),
        };
        let octave = self.short()? as i32;
        let (carry_q16, samples) = (self.short()?, self.short()?);
        let count = self.byte()?;
        let bins: Result<_, _> =
            (0..count).map(|_| Ok((self.byte()?, u16::from_le_bytes(self.array()?)))).collect();
        Ok(LaneState { key, octave, carry_q16, samples, bins: bins? })
    }
}
