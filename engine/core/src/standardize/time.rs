//! The time of an event, from what the document says and what is known of the place.
//!
//! # Method
//!
//! In the order of the feed's policy: an instant that is given; a local time with an offset of its
//! own, if the feed trusts it; a local time with an offset from a neighbouring field; a local time
//! with the zone that is named, then of the place, then the feed's default. Where none applies
//! there is a local time and no instant.
//!
//! # Holds
//!
//! - No instant is made up. The source of the zone is kept with the time.

use crossdock_model::time::{EventTime, Micros, Precision, ZoneSource};
use crossdock_rules::feed::program::{TimePolicy, TimeText};
use crossdock_standard::time::{self as standard, LocalTime, TimeShape, ZoneCode};
use crossdock_standard::zone::ZoneId;

use super::place::{Atlas, PlaceZone};
use crate::extract::evaluate::{Evaluator, Text};

/// Reads times; knows the offsets of all zones.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Places and their zones.
    pub atlas: Atlas,
}

/// A time as written, and the zone's source if it has one already.
type Found = (LocalTime, Option<(i16, ZoneSource)>);

impl Clock {
    /// The time of an event; all absent where the document gives none. `zone` is asked for that of the place where nothing
    /// better is said.
    ///
    /// # Errors
    ///
    /// A text is there and can't be read as a time: what was found.
    pub fn read<'a>(
        &self,
        evaluator: &mut Evaluator<'a, '_>,
        policy: &'a TimePolicy,
        zone: impl FnOnce(&Evaluator<'a, '_>) -> PlaceZone,
    ) -> Result<EventTime, String> {
        let mut utc = match &policy.utc {
            Some(text) => read_text(evaluator, text)?,
            None => None,
        };
        let mut local = match &policy.local {
            // Where the instant is known, a wall clock that can't be read costs nothing.
            Some(text) if utc.is_some() => read_text(evaluator, text).unwrap_or(None),
            Some(text) => read_text(evaluator, text)?,
            None => None,
        };
        if policy.midnight_is_date {
            local = local.map(LocalTime::midnight_as_date);
        }
        // A day alone is no instant where there is a wall clock: the offset between the two would be made up.
        let is_clock = |time: LocalTime| time.precision != standard::Precision::Date;
        if local.is_some_and(is_clock) {
            utc = utc.filter(|time| is_clock(*time));
        }
        match (utc, local) {
            (None, None) => Ok(EventTime::default()),
            (Some(utc), local) => Ok(self.of_utc(evaluator, policy, zone, utc, local)),
            (None, Some(local)) => {
                let (local, zone) = self.offset_of(evaluator, policy, zone, local);
                Ok(event_time(local, zone))
            }
        }
    }

    /// An instant is given; the wall clock is another field, or follows from an offset.
    fn of_utc<'a>(
        &self,
        evaluator: &mut Evaluator<'a, '_>,
        policy: &'a TimePolicy,
        zone: impl FnOnce(&Evaluator<'a, '_>) -> PlaceZone,
        utc: LocalTime,
        local: Option<LocalTime>,
    ) -> EventTime {
        let instant = utc.seconds - i64::from(utc.offset_minutes.unwrap_or(0)) * 60;
        let mut time = EventTime {
            instant: micros(instant, utc.micros),
            local: Micros::NONE,
            precision: precision_of(utc.precision),
            zone_source: ZoneSource::GivenUtc,
        };
        if let Some(offset) = given_offset(evaluator, policy) {
            time.zone_source = ZoneSource::GivenOffset;
            time.local = Micros(time.instant.0 + i64::from(offset) * 60_000_000);
        } else if let Some(local) = local {
            // The clocks of the two fields differ by seconds; the offset is a whole quarter.
            let quarters = (local.seconds - instant + 450).div_euclid(900);
            time.local = Micros(time.instant.0 + quarters.clamp(-56, 56) * 900_000_000);
        } else if let Some((zone, _)) = zone_of(evaluator, policy, zone) {
            let minutes = self.atlas.zones.offset_at_instant(zone, instant);
            time.local = Micros(time.instant.0 + i64::from(minutes) * 60_000_000);
        } else {
            time.local = time.instant;
        }
        if let (Some(local), true) = (local, policy.midnight_is_date)
            && local.precision == standard::Precision::Date
        {
            time.precision = Precision::Date;
        }
        time
    }

    /// The offset of a wall clock, in minutes, and where it comes from.
    fn offset_of<'a>(
        &self,
        evaluator: &mut Evaluator<'a, '_>,
        policy: &'a TimePolicy,
        zone: impl FnOnce(&Evaluator<'a, '_>) -> PlaceZone,
        local: LocalTime,
    ) -> Found {
        if policy.trust_offset {
            if let Some(minutes) = local.offset_minutes {
                let source =
                    if minutes == 0 { ZoneSource::GivenUtc } else { ZoneSource::GivenOffset };
                return (local, Some((minutes, source)));
            }
            if let Some(offset) = local.zone.and_then(|code| self.offset_of_code(code, &local)) {
                return (local, Some((offset, ZoneSource::GivenOffset)));
            }
        }
        if let Some(minutes) = given_offset(evaluator, policy) {
            return (local, Some((minutes, ZoneSource::GivenOffset)));
        }
        if let Some(text) = evaluator.text(&policy.zone) {
            let code = standard::parse_zone_code(evaluator.str(&text).as_bytes());
            if let Some(offset) = code.and_then(|code| self.offset_of_code(code, &local)) {
                return (local, Some((offset, ZoneSource::GivenOffset)));
            }
        }
        let zone = zone_of(evaluator, policy, zone)
            .map(|(zone, source)| (self.atlas.zones.offset_at(zone, local.seconds), source));
        (local, zone)
    }

    /// The offset that a zone code means at a wall clock; none for "local at the place".
    fn offset_of_code(&self, code: ZoneCode, local: &LocalTime) -> Option<i16> {
        let bare = LocalTime { offset_minutes: None, zone: None, ..*local };
        self.atlas.zones.resolve(&bare, Some(code), None)
    }
}

/// The zone of the place, or the feed's default.
fn zone_of<'a>(
    evaluator: &Evaluator<'a, '_>,
    policy: &TimePolicy,
    zone: impl FnOnce(&Evaluator<'a, '_>) -> PlaceZone,
) -> Option<(ZoneId, ZoneSource)> {
    let of_place = if policy.zone_of_place { zone(evaluator) } else { None };
    let default = policy.default_zone.as_ref().and_then(|name| ZoneId::from_name(name.as_bytes()));
    match (of_place, default) {
        (Some((zone, source, false)), _) => Some((zone, source)),
        (_, Some(zone)) => Some((zone, ZoneSource::FeedDefault)),
        // The largest zone of a country is a guess, and a guess is no instant.
        _ => None,
    }
}

fn given_offset<'a>(evaluator: &mut Evaluator<'a, '_>, policy: &'a TimePolicy) -> Option<i16> {
    let text = evaluator.text(&policy.offset)?;
    standard::parse_offset(evaluator.str(&text).as_bytes())
}

fn event_time(local: LocalTime, zone: Option<(i16, ZoneSource)>) -> EventTime {
    let wall = micros(local.seconds, local.micros);
    let (instant, zone_source) = match zone {
        Some((minutes, source)) => (Micros(wall.0 - i64::from(minutes) * 60_000_000), source),
        None => (Micros::NONE, ZoneSource::Unknown),
    };
    EventTime { instant, local: wall, precision: precision_of(local.precision), zone_source }
}

const fn micros(seconds: i64, micros: u32) -> Micros {
    Micros(seconds * 1_000_000 + micros as i64)
}

const fn precision_of(precision: standard::Precision) -> Precision {
    match precision {
        standard::Precision::Date => Precision::Date,
        standard::Precision::Hour | standard::Precision::Minute => Precision::Minute,
        standard::Precision::Second | standard::Precision::Subsecond => Precision::Second,
    }
}

/// Reads one or two texts as a time. `Ok(None)` where the date is absent.
fn read_text<'a>(
    evaluator: &mut Evaluator<'a, '_>,
    text: &'a TimeText,
) -> Result<Option<LocalTime>, String> {
    let Some(date_text) = evaluator.text(&text.date) else { return Ok(None) };
    let date = parse(evaluator, &date_text, &text.date_shapes)?;
    let Some(clock_expr) = &text.clock else { return Ok(Some(date)) };
    let Some(clock_text) = evaluator.text(clock_expr) else {
        // A date that holds a clock of its own keeps it; midnight beside an absent clock is no time.
        let precision = if date.is_midnight() { standard::Precision::Date } else { date.precision };
        return Ok(Some(LocalTime { precision, ..date }));
    };
    let clock = parse(evaluator, &clock_text, &text.clock_shapes)?;
    Ok(Some(standard::join(date, clock)))
}

fn parse(
    evaluator: &Evaluator<'_, '_>,
    text: &Text<'_>,
    shapes: &[TimeShape],
) -> Result<LocalTime, String> {
    let bytes = evaluator.str(text).as_bytes();
    let mut found = None;
    for &shape in shapes {
        match standard::parse(shape, bytes) {
            Ok(time) => return Ok(time),
            Err(error) => found = Some(error),
        }
    }
    let said = evaluator.str(text);
    Err(match found {
        Some(error) => format!("\"{said}\", {error}"),
        None => format!("\"{said}\""),
    })
}
