//! Which calendar, zone and holidays count for a shipment.
//!
//! # Method
//!
//! A rule names a calendar, or a role: `origin`, `destination` or `network`. A role is filled by the first
//! calendar of the set whose `use:` fits the shipment; without one, `origin` and `destination` are the
//! standard week of the place and `network` is open at all times.

use std::collections::BTreeMap;

use crossdock_standard::zone::ZoneId;

use super::facts::{End, Facts, Interner, Symbol};
use crate::calendar::{Calendar, Holidays, OpenTime, holiday, zones};

/// What a calendar is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// Where the carrier collects.
    Origin = 0,
    /// Where it delivers.
    Destination = 1,
    /// The way between.
    Network = 2,
}

impl Role {
    /// The role of a word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "origin" => Self::Origin,
            "destination" => Self::Destination,
            "network" => Self::Network,
            _ => return None,
        })
    }
}

/// A calendar as a rule names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CalendarRef {
    /// Whichever fits the shipment.
    Role(Role),
    /// This one, at the destination.
    Named(u16),
}

impl From<Role> for CalendarRef {
    fn from(role: Role) -> Self {
        Self::Role(role)
    }
}

/// For which shipments a calendar fills a role. Empty lists fit all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Use {
    /// Roles.
    pub roles: Vec<Role>,
    /// Carriers, lower case.
    pub carriers: Vec<String>,
    /// Services, lower case.
    pub services: Vec<String>,
    /// Countries of that end, lower case.
    pub countries: Vec<String>,
}

#[derive(Clone, Debug)]
struct Entry {
    calendar: Calendar,
    roles: Vec<Role>,
    carriers: Vec<Symbol>,
    services: Vec<Symbol>,
    countries: Vec<Symbol>,
    zone: Option<ZoneId>,
    /// Holidays where they are fixed.
    holidays: Vec<i32>,
}

/// The calendars of a rule set.
#[derive(Clone, Debug)]
pub struct Calendars {
    entries: Vec<Entry>,
    standard: Calendar,
    always: Calendar,
    /// Holidays by country and region.
    places: BTreeMap<(Symbol, Symbol), &'static [i32]>,
}

impl Calendars {
    /// Resolves names once, so that nothing is looked up by name later.
    pub fn new(list: &[(Calendar, Use)], interner: &mut dyn Interner) -> Self {
        let mut places = BTreeMap::new();
        for name in holiday::names() {
            let (country, region) = name.split_once('-').unwrap_or((name, ""));
            let region = if region.is_empty() { Symbol::ABSENT } else { interner.symbol(region) };
            places.insert((interner.symbol(country), region), holiday::days(name));
        }
        let mut symbols =
            |names: &[String]| names.iter().map(|name| interner.symbol(name)).collect();
        let entries = list
            .iter()
            .map(|(calendar, used)| {
                let fixed: &[String] = match &calendar.holidays {
                    Holidays::Of(names) => names,
                    Holidays::None | Holidays::OfPlace => &[],
                };
                let mut holidays: Vec<i32> =
                    fixed.iter().flat_map(|name| holiday::days(name)).copied().collect();
                holidays.sort_unstable();
                holidays.dedup();
                let zone = calendar.zone.as_ref();
                Entry {
                    roles: used.roles.clone(),
                    carriers: symbols(&used.carriers),
                    services: symbols(&used.services),
                    countries: symbols(&used.countries),
                    zone: zone.and_then(|name| ZoneId::from_name(name.as_bytes())),
                    holidays,
                    calendar: calendar.clone(),
                }
            })
            .collect();
        Self { entries, standard: Calendar::standard(), always: Calendar::always(), places }
    }

    /// The index of a calendar of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<u16> {
        let found = self.entries.iter().position(|entry| entry.calendar.name == name)?;
        u16::try_from(found).ok()
    }

    /// A calendar at a shipment's place.
    #[must_use]
    pub fn open_time<'a>(&'a self, facts: &Facts<'_>, calendar: CalendarRef) -> OpenTime<'a> {
        let (entry, role) = match calendar {
            CalendarRef::Named(index) => (self.entries.get(usize::from(index)), Role::Destination),
            CalendarRef::Role(role) => {
                (self.entries.iter().find(|entry| entry.fits(facts, role)), role)
            }
        };
        let end = end(facts, role);
        let Some(entry) = entry else {
            let calendar = if role == Role::Network { &self.always } else { &self.standard };
            let holidays = if role == Role::Network { &[] } else { self.holidays(end) };
            return OpenTime { calendar, zone: zones::of(self.zone(facts, role)), holidays };
        };
        let zone = entry.zone.unwrap_or_else(|| self.zone(facts, role));
        let holidays = match entry.calendar.holidays {
            Holidays::None => &[],
            Holidays::Of(_) => entry.holidays.as_slice(),
            Holidays::OfPlace => self.holidays(end),
        };
        OpenTime { calendar: &entry.calendar, zone: zones::of(zone), holidays }
    }

    /// The zone of a shipment's end; that of the other end where it is not known, else UTC.
    #[must_use]
    pub fn zone(&self, facts: &Facts<'_>, role: Role) -> ZoneId {
        let other = match role {
            Role::Origin => &facts.shipment.destination,
            Role::Destination | Role::Network => &facts.shipment.origin,
        };
        end(facts, role).zone.or(other.zone).unwrap_or(ZoneId::UTC)
    }

    /// True where the zone of a role is known, not fallen back to.
    #[must_use]
    pub fn knows_zone(&self, facts: &Facts<'_>, role: Role) -> bool {
        end(facts, role).zone.is_some()
    }

    fn holidays(&self, end: &End) -> &[i32] {
        let whole = || self.places.get(&(end.country, Symbol::ABSENT));
        self.places.get(&(end.country, end.region)).or_else(whole).copied().unwrap_or(&[])
    }
}

impl Entry {
    fn fits(&self, facts: &Facts<'_>, role: Role) -> bool {
        let shipment = facts.shipment;
        let among = |list: &[Symbol], name: Symbol| list.is_empty() || list.contains(&name);
        self.roles.contains(&role)
            && among(&self.carriers, shipment.carrier)
            && among(&self.services, shipment.service)
            && among(&self.countries, end(facts, role).country)
    }
}

/// The end of the way that a role is about.
fn end<'a>(facts: &Facts<'a>, role: Role) -> &'a End {
    match role {
        Role::Origin => &facts.shipment.origin,
        Role::Destination | Role::Network => &facts.shipment.destination,
    }
}
