//! Whose open time counts for a shipment, and in how many open days its carrier says that it arrives.
//!
//! # Place
//!
//! Made at start from the declared part, its calendars and its transit tables; asked by the forecast for each question
//! and each outcome.
//!
//! # Method
//!
//! The first declared calendar that fits carrier, service and destination counts. Its zone is its own, or that of the
//! destination's region, of the origin's, or universal time; holidays `of the place` are the destination's. Each
//! combination that occurs is turned once into a [`Calendar`] of open minutes.
//!
//! # Holds
//!
//! - A way is a pure function of the lane and of what is declared: nothing of it is state.
//! - Where nothing is declared, time is open always, and nothing is looked up.
//!
//! # Does not hold
//!
//! Cities: a region that lies in several zones has that of most of its people.

use std::collections::BTreeMap;
use std::sync::Arc;

use crossdock_eta::calendar::{CalendarError, DayHours, Opening};
use crossdock_eta::transit::TransitTable;
use crossdock_eta::{Calendar, Lane, Names, Symbol};
use crossdock_rules::calendar::{self as hours, Holidays, Hours, civil, holiday, zones};
use crossdock_standard::zone::ZoneId;
use xxhash_rust::xxh3::xxh3_64;

use crate::standardize::place::Atlas;

/// Days with hours of their own, in one declared calendar.
pub const DATED_MAX: usize = 2_000;

/// One line of `calendars`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlmanacRule {
    /// Only this carrier; none is any.
    pub carrier: Symbol,
    /// Only this service; none is any.
    pub service: Symbol,
    /// Only this destination, `US` or `US-TX`; none is any.
    pub destination: Symbol,
    /// The hours.
    pub calendar: hours::Calendar,
    /// Minute of the day from which on the next open day counts, where it is not the calendar's own.
    pub cutoff_minute: Option<u16>,
}

/// What is declared of calendars and transit times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Almanac {
    rules: Vec<AlmanacRule>,
    table: TransitTable,
    /// What counts where no rule fits.
    plain: Arc<Calendar>,
}

impl Default for Almanac {
    fn default() -> Self {
        let plain = Arc::new(Calendar::continuous());
        Self { rules: Vec::new(), table: TransitTable::default(), plain }
    }
}

/// What counts for one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Open time.
    pub calendar: Arc<Calendar>,
    /// The declared calendar, from 0; `None` where time is open always.
    pub rule: Option<usize>,
    /// The zone whose days count.
    pub zone: ZoneId,
    /// Whose holidays close it, `de-by`; empty where nobody's do.
    pub holidays: &'static str,
    /// Open days by the transit tables.
    pub table_days: Option<u16>,
}

/// Calendars by what they are made of: rule, zone, holidays. A memory, no state.
#[derive(Debug, Default)]
pub struct Made(BTreeMap<(usize, ZoneId, &'static str), Arc<Calendar>>);

/// Where a region lies, as far as its name says.
#[derive(Clone, Copy, Debug, Default)]
struct Where {
    /// The region with its country's code: `US-TX`.
    region: Symbol,
    country: Symbol,
    zone: Option<ZoneId>,
    holidays: &'static str,
}

impl Almanac {
    /// An almanac of calendars, first match first, and of transit tables.
    ///
    /// # Errors
    ///
    /// The number of the rule whose calendar can't be one, and why.
    pub fn new(
        rules: Vec<AlmanacRule>,
        table: TransitTable,
    ) -> Result<Self, (usize, CalendarError)> {
        for (index, rule) in rules.iter().enumerate() {
            let count = rule.calendar.dated.len();
            if DATED_MAX < count {
                return Err((index, CalendarError::HolidaysTooMany(count)));
            }
            made(rule, ZoneId::UTC, &[]).map_err(|error| (index, error))?;
        }
        Ok(Self { rules, table, ..Self::default() })
    }

    /// The declared calendars.
    #[must_use]
    pub fn rules(&self) -> &[AlmanacRule] {
        &self.rules
    }

    /// The declared transit times.
    #[must_use]
    pub fn table(&self) -> &TransitTable {
        &self.table
    }

    /// A number that stands for the declared calendars; 0 where there are none.
    #[must_use]
    pub fn digest(&self) -> u64 {
        if self.rules.is_empty() { 0 } else { xxh3_64(format!("{:?}", self.rules).as_bytes()) }
    }

    /// What counts for a way. `names` know its regions.
    #[must_use]
    pub fn way(&self, lane: impl FnOnce() -> Lane, names: &Names, made: &mut Made) -> Way {
        if self.rules.is_empty() && self.table.is_empty() {
            return self.plain(None);
        }
        let mut lane = lane();
        let [origin, destination] = [lane.origin.region, lane.destination.region]
            .map(|region| region_of(names.name(region).unwrap_or("")));
        (lane.origin.region, lane.destination.region) = (origin.region, destination.region);
        let table_days = self.table.days(&lane, [origin.country, destination.country]);
        let fits = |wanted: Symbol, found: Symbol| !wanted.is_some() || wanted == found;
        let found = self.rules.iter().position(|rule| {
            fits(rule.carrier, lane.carrier)
                && fits(rule.service, lane.service)
                && (fits(rule.destination, destination.region)
                    || fits(rule.destination, destination.country))
        });
        let Some(index) = found else { return self.plain(table_days) };
        let rule = &self.rules[index];
        let own = rule.calendar.zone.as_ref().and_then(|name| ZoneId::from_name(name.as_bytes()));
        let zone = own.or(destination.zone).or(origin.zone).unwrap_or(ZoneId::UTC);
        let holidays = match rule.calendar.holidays {
            Holidays::OfPlace => destination.holidays,
            Holidays::None | Holidays::Of(_) => "",
        };
        let calendar = made.0.entry((index, zone, holidays)).or_insert_with(|| {
            match self::made(rule, zone, holiday::days(holidays)) {
                Ok(calendar) => Arc::new(calendar),
                Err(error) => unreachable!("it was one at load: {error}"),
            }
        });
        Way { calendar: Arc::clone(calendar), rule: Some(index), zone, holidays, table_days }
    }

    fn plain(&self, table_days: Option<u16>) -> Way {
        let calendar = Arc::clone(&self.plain);
        Way { calendar, rule: None, zone: ZoneId::UTC, holidays: "", table_days }
    }
}

/// The place of `US-TX` or `de`.
fn region_of(name: &str) -> Where {
    let (country, region) = name.split_once('-').unwrap_or((name, ""));
    let atlas = Atlas::load();
    let Some(code) = atlas.country_code(country) else { return Where::default() };
    let code = String::from_utf8_lossy(&code).into_owned();
    let whole = match region {
        "" => code.clone(),
        region => format!("{code}-{}", region.to_uppercase()),
    };
    let [lower, lower_country] = [whole.to_lowercase(), code.to_lowercase()];
    let known = |wanted: &str| holiday::names().find(|name| *name == wanted);
    Where {
        region: Symbol::of(&whole),
        country: Symbol::of(&code),
        zone: atlas.zone_of_region(country, region),
        holidays: known(&lower).or_else(|| known(&lower_country)).unwrap_or(""),
    }
}

/// The open minutes of a declared calendar in a zone, with the holidays of a place or its own.
fn made(rule: &AlmanacRule, zone: ZoneId, of_place: &[i32]) -> Result<Calendar, CalendarError> {
    let named = &rule.calendar;
    let mut holidays = of_place.to_vec();
    if let Holidays::Of(names) = &named.holidays {
        holidays = names.iter().flat_map(|name| holiday::days(name)).copied().collect();
        holidays.sort_unstable();
    }
    let years =
        civil::to_days(holiday::YEAR_FIRST, 1, 1)..civil::to_days(holiday::YEAR_LAST + 1, 1, 1);
    let dated = named.dated.iter().map(|(day, _)| *day);
    let special: Vec<(i64, DayHours)> = years
        .chain(dated)
        .filter(|day| named.hours(*day, &holidays) != named.week[civil::weekday(*day)])
        .map(|day| (i64::from(day), day_hours(named.hours(day, &holidays))))
        .collect();
    let calendar = Calendar::with_days(named.week.map(day_hours), &special, zones::of(zone))?;
    let own = named.cutoff.map(|second| u16::try_from(second / 60).unwrap_or(u16::MAX));
    match rule.cutoff_minute.or(own) {
        Some(minute) => calendar.with_cutoff(minute),
        None => Ok(calendar),
    }
}

fn day_hours(hours: Hours) -> DayHours {
    let mut spans = hours.spans().iter().map(|(from, to)| {
        let minute = |second: u32| u16::try_from(second / 60).unwrap_or(u16::MAX);
        Opening { from: minute(*from), to: minute(*to) }
    });
    let first = spans.next().unwrap_or_default();
    DayHours { first, second: spans.next().unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use crossdock_eta::Place;

    use super::*;

    fn almanac() -> Almanac {
        let day = Hours::parse("08:00-18:00").expect("hours");
        let mut week = [day; 7];
        week[5] = Hours::parse("09:00-12:00").expect("hours");
        week[6] = Hours::CLOSED;
        let saturday = hours::Calendar {
            name: "saturday".to_owned(),
            week,
            yearly: vec![(12, 24, Hours::parse("08:00-12:00").expect("hours"))],
            ..hours::Calendar::standard()
        };
        let rule = |carrier: &str, destination: &str, calendar, cutoff_minute| AlmanacRule {
            carrier: Symbol::of(carrier),
            service: Symbol::NONE,
            destination: Symbol::of(destination),
            calendar,
            cutoff_minute,
        };
        let rules = vec![
            rule("dhl", "DE-BY", saturday.clone(), Some(17 * 60)),
            rule("dhl", "DE", saturday, None),
            rule("ups", "", hours::Calendar::standard(), None),
        ];
        let csv = "carrier,service,o_region,d_region,days\ndhl,*,*,de,2\n";
        Almanac::new(rules, TransitTable::parse("t.csv", csv).expect("a table")).expect("one")
    }

    fn way(carrier: &str, origin: &str, destination: &str) -> Way {
        let mut names = Names::default();
        let [origin, destination] = [origin, destination]
            .map(|region| Place { region: names.remember(region), ..Place::default() });
        let carrier = Symbol::of(carrier);
        let lane = || Lane { carrier, origin, destination, ..Lane::default() };
        almanac().way(lane, &names, &mut Made::default())
    }

    #[track_caller]
    fn check(way: &Way, from: &str, minutes: i64, to: &str) {
        let [from, to] = [from, to].map(|text| civil::parse_instant(text).expect("instant"));
        let start = way.calendar.start(from);
        assert_eq!(way.calendar.position(to) - start, minutes);
        assert_eq!(
            civil::show_instant(way.calendar.instant(start + minutes)),
            civil::show_instant(to)
        );
    }

    #[test]
    fn the_first_that_fits_counts_with_the_zone_and_the_holidays_of_the_destination() {
        let bavaria = way("dhl", "DE-BE", "DE-BY");
        assert_eq!((bavaria.rule, bavaria.zone.name()), (Some(0), "Europe/Berlin"));
        assert_eq!((bavaria.holidays, bavaria.table_days), ("de-by", Some(2)));
        // Epiphany closes Bavaria, and the cut-off moves what comes in at 17:00.
        check(&bavaria, "2026-01-05T17:00:00+01:00", 60, "2026-01-07T09:00:00+01:00");
        check(
            &way("dhl", "", "DE-BE"),
            "2026-01-05T17:00:00+01:00",
            120,
            "2026-01-06T09:00:00+01:00",
        );
        // The half day before Christmas, two holidays, Saturday service.
        check(&bavaria, "2024-12-24T11:00:00+01:00", 90, "2024-12-27T08:30:00+01:00");
        check(&bavaria, "2024-12-27T16:00:00+01:00", 180, "2024-12-28T10:00:00+01:00");
    }

    #[test]
    fn clocks_that_change_move_the_hours_not_their_number() {
        // On 2026-03-08 clocks in Chicago jump; Friday 16:00 and ten open hours are Monday 16:00.
        let chicago = way("ups", "", "US-IL");
        assert_eq!(chicago.zone.name(), "America/Chicago");
        check(&chicago, "2026-03-06T16:00:00-06:00", 600, "2026-03-09T16:00:00-05:00");
    }

    #[test]
    fn places_are_known_by_other_names_and_unknown_ones_have_a_zone_all_the_same() {
        assert_eq!(way("dhl", "", "GERMANY-BY").rule, Some(0));
        assert_eq!(way("ups", "CA-BC", "").zone.name(), "America/Vancouver");
        assert_eq!(way("ups", "", "XX-1").zone, ZoneId::UTC);
        let none = way("gls", "", "DE");
        assert_eq!((none.rule, none.table_days), (None, None));
        assert_eq!(*none.calendar, Calendar::continuous());
    }

    #[test]
    fn what_can_never_open_is_refused_with_its_number() {
        let closed = hours::Calendar::default();
        let mut rules = almanac().rules;
        rules[1].calendar = closed;
        let refused = Almanac::new(rules, TransitTable::default()).expect_err("refused");
        assert_eq!(refused, (1, CalendarError::NeverOpen));
    }
}
