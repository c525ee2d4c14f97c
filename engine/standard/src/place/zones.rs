//! Offsets of zones, with daylight saving.
//!
//! # Place
//! After `Places::zone_of` or a feed's default has named the zone of a wall clock.
//!
//! # Method
//! All transitions of 1990 to 2100 are taken from jiff's bundled database at start and laid out in one array, zone after
//! zone. Time is cut into spans of 2^24 seconds (194 days); for each zone and span an index says where to start, so that a
//! look-up walks one or two entries. Outside those years the first and the last offset hold.
//!
//! A clock that was skipped (spring) is read with the offset before the change, which moves it forward: 02:30 in New York
//! becomes 03:30. A clock that came twice (autumn) is taken for the first time. These are the rules of RFC 5545.
//!
//! # Holds
//! [`Zones`], [`LocalOffset`].
//!
//! # Does not hold
//! Offsets of less than a minute: since 1990 no zone has one.

use crate::time::{LocalTime, ZoneCode};
use crate::zone::ZoneId;

/// 1990-01-01T00:00:00Z.
const FIRST: i64 = 631_152_000;
/// 2100-01-01T00:00:00Z.
const END: i64 = 4_102_444_800;
/// The logarithm of a span, seconds.
const SPAN_BITS: u32 = 24;
/// How many spans there are.
const SPAN_COUNT: usize = ((END - FIRST) >> SPAN_BITS) as usize + 1;

/// The start of an offset.
#[derive(Clone, Copy)]
struct Transition {
    /// Seconds since 1970 of the change.
    instant: i64,
    /// The first second on the wall that is read with this offset: after a skipped hour, after an hour that comes twice.
    local: i64,
    /// Minutes east of UTC from then on.
    minutes: i32,
}

/// How a wall clock relates to its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LocalKind {
    /// It came once.
    Unique,
    /// It was skipped; the offset is the one before.
    Gap,
    /// It came twice; the offset is the first one's.
    Fold,
}

/// The offset of a wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LocalOffset {
    /// Minutes east of UTC.
    pub minutes: i16,
    /// Whether the clock came once.
    pub kind: LocalKind,
    /// The offset on the other side of a change nearby; the same as `minutes` when the clock came once.
    pub minutes_other: i16,
}

/// The offsets of all zones from 1990 to 2100. Loaded once at start, then only read.
pub struct Zones {
    transitions: Vec<Transition>,
    /// For each zone and span, the transition that holds at its start.
    spans: Vec<u32>,
}

impl std::fmt::Debug for Zones {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = self.transitions.len();
        out.debug_struct("Zones").field("transitions", &count).finish_non_exhaustive()
    }
}

impl Zones {
    /// Lays out the zones of jiff's bundled database. Takes some milliseconds and some megabytes; do it once, at start.
    ///
    /// # Panics
    /// When the database lacks a zone of ours: they are compiled in together, and a test holds them together.
    #[must_use]
    pub fn load() -> Zones {
        let mut zones = Zones { transitions: Vec::new(), spans: Vec::new() };
        for id in ZoneId::all() {
            let zone =
                jiff::tz::TimeZone::get(id.name()).expect("the bundled database has every zone");
            zones.push(&zone);
        }
        // A last entry, so that the entry after any other can be read.
        zones.transitions.push(Transition { instant: i64::MAX, local: i64::MAX, minutes: 0 });
        zones
    }

    fn push(&mut self, zone: &jiff::tz::TimeZone) {
        let at =
            |seconds| jiff::Timestamp::from_second(seconds).expect("1990 to 2100 are in range");
        let minutes_of = |offset: jiff::tz::Offset| offset.seconds() / 60;
        let start = self.transitions.len();
        let mut before = minutes_of(zone.to_offset(at(FIRST)));
        // Below every time, so that each zone's entries are told from those of the zone before it.
        self.transitions.push(Transition { instant: i64::MIN, local: i64::MIN, minutes: before });
        for change in zone.following(at(FIRST)).take_while(|change| change.timestamp() < at(END)) {
            let minutes = minutes_of(change.offset());
            if minutes != before {
                let instant = change.timestamp().as_second();
                let local = instant + i64::from(minutes.max(before)) * 60;
                self.transitions.push(Transition { instant, local, minutes });
                before = minutes;
            }
        }
        let mut index = start;
        for span in 0..SPAN_COUNT {
            // Local times count from the same start, and lie up to a day beside it: so one day earlier.
            let begin = FIRST + ((span as i64) << SPAN_BITS) - 86_400;
            // Ends: at the last transition of the zone.
            while index + 1 < self.transitions.len() && self.transitions[index + 1].instant <= begin
            {
                index += 1;
            }
            self.spans.push(u32::try_from(index).expect("there are some ten thousand transitions"));
        }
    }

    /// The offset of a zone at an instant: seconds since 1970 in, minutes east of UTC out.
    #[must_use]
    #[inline]
    pub fn offset_at_instant(&self, zone: ZoneId, instant: i64) -> i16 {
        let mut index = self.start(zone, instant);
        let mut here = self.transitions[index];
        // Ends: at the next zone's first entry, which lies below every time, or at the last entry, which lies above.
        loop {
            let next = self.transitions[index + 1];
            if instant < next.instant || next.instant <= here.instant {
                return here.minutes as i16;
            }
            (here, index) = (next, index + 1);
        }
    }

    /// The offset of a wall clock in a zone: seconds on the wall in, minutes east of UTC out. Skipped clocks move forward,
    /// of two the first is taken.
    #[must_use]
    #[inline]
    pub fn offset_at(&self, zone: ZoneId, local: i64) -> i16 {
        self.transitions[self.local_index(zone, local)].minutes as i16
    }

    /// The same, and whether the clock was skipped or came twice.
    #[must_use]
    pub fn local_offset(&self, zone: ZoneId, local: i64) -> LocalOffset {
        let index = self.local_index(zone, local);
        let (here, next) = (self.transitions[index], self.transitions[index + 1]);
        let minutes = here.minutes as i16;
        let is_same_zone = here.instant < next.instant && next.instant != i64::MAX;
        // From the change on the wall of the smaller offset to `next.local`, the clock is skipped or comes twice.
        let smaller = next.minutes.min(here.minutes);
        if !is_same_zone || local < next.instant.saturating_add(i64::from(smaller) * 60) {
            return LocalOffset { minutes, kind: LocalKind::Unique, minutes_other: minutes };
        }
        let kind = if here.minutes < next.minutes { LocalKind::Gap } else { LocalKind::Fold };
        LocalOffset { minutes, kind, minutes_other: next.minutes as i16 }
    }

    /// The offset of a time as written: the offset in the text, else the zone in the text or in `code` (a field of its
    /// own), else the zone of the place. None where nothing is known: no zone is invented.
    #[must_use]
    pub fn resolve(
        &self,
        time: &LocalTime,
        code: Option<ZoneCode>,
        place: Option<ZoneId>,
    ) -> Option<i16> {
        if time.offset_minutes.is_some() {
            return time.offset_minutes;
        }
        match time.zone.or(code) {
            Some(ZoneCode::Fixed(minutes)) => Some(minutes),
            Some(ZoneCode::Zone(zone)) => Some(self.offset_at(zone, time.seconds)),
            Some(ZoneCode::Season { zone, minutes }) => {
                let found = self.local_offset(zone, time.seconds);
                // The literal offset where it can be meant; else the writer meant the zone, all year.
                let is_literal = minutes == found.minutes || minutes == found.minutes_other;
                Some(if is_literal { minutes } else { found.minutes })
            }
            Some(ZoneCode::LocalAtPlace | ZoneCode::Unknown) | None => {
                place.map(|zone| self.offset_at(zone, time.seconds))
            }
        }
    }

    /// Where to start looking. Both kinds of seconds have the same spans.
    #[inline]
    fn start(&self, zone: ZoneId, seconds: i64) -> usize {
        let span = (seconds.clamp(FIRST, END - 1) - FIRST) as usize >> SPAN_BITS;
        self.spans[usize::from(zone.index()) * SPAN_COUNT + span] as usize
    }

    #[inline]
    fn local_index(&self, zone: ZoneId, local: i64) -> usize {
        let mut index = self.start(zone, local);
        let mut here = self.transitions[index].local;
        // Ends: as above.
        loop {
            let next = self.transitions[index + 1].local;
            if local < next || next <= here {
                return index;
            }
            (here, index) = (next, index + 1);
        }
    }
}
