//! Where a shipment comes from and whither it goes, as far as rules ask: country, region, zone.
//!
//! # Place
//!
//! `shard/rules` notes the ends as documents tell them; rules count opening hours and holidays by them, and compare
//! `origin.country` and the like.
//!
//! # Method
//!
//! The origin is the place of the first event heard of that has one; the destination and the service are what a document
//! says of the parcel itself. What was said first stays, as for the arrival estimates (`forecast/flight`).
//!
//! # Holds
//!
//! - Eight bytes an end: two letters, the zone's index, the symbol of a region's code.
//! - A zone that is only the largest of its country is not taken: an event's own offset tells more.

use crossdock_rules::rule::facts::{End, HashInterner, Symbol};
use crossdock_standard::zone::ZoneId;

use super::Ship;
use crate::say::SEPARATOR;
use crate::standardize::place::{Atlas, Parts};
use crossdock_model::time::ZoneSource;

/// Where the service stands behind the parts of a place.
const SERVICE: usize = 5;
/// Letters of the longest code of a region.
const REGION_LEN_MAX: usize = 3;

/// One end of the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WayEnd {
    /// Two letters, upper case; zeros where it is not known.
    country: [u8; 2],
    /// One more than the index of the zone; 0 where it is not known.
    zone: u16,
    /// The code of the region.
    region: Symbol,
}

impl WayEnd {
    /// A place in words: `city \x1f region \x1f postal code \x1f country \x1f facility`.
    #[must_use]
    pub fn of(words: &str) -> Self {
        let mut parts = words.split(SEPARATOR);
        let texts = [(); SERVICE].map(|()| parts.next().unwrap_or(""));
        let [_, region, _, country, _] = texts;
        let atlas = Atlas::load();
        let zone = atlas.zone_of(&Parts(texts)).filter(|(_, source, is_guess)| {
            let is_whole_country = *source == ZoneSource::Country;
            !(*is_guess && is_whole_country)
        });
        let region = region.trim();
        let is_code = (1..=REGION_LEN_MAX).contains(&region.len());
        Self {
            country: atlas.country_code(country).unwrap_or_default(),
            zone: zone.map_or(0, |(zone, ..)| zone.index() + 1),
            region: if is_code { HashInterner::of(region) } else { Symbol::ABSENT },
        }
    }

    /// True where anything is known of it.
    #[must_use]
    pub fn is_known(self) -> bool {
        self != Self::default()
    }

    /// As rules see it.
    #[must_use]
    pub fn end(self) -> End {
        let country = core::str::from_utf8(&self.country).unwrap_or("").trim_end_matches('\0');
        End {
            country: HashInterner::of(country),
            region: self.region,
            zone: self.zone.checked_sub(1).and_then(ZoneId::from_index),
            point: None,
        }
    }

    /// As numbers, for snapshots.
    #[must_use]
    pub fn to_numbers(self) -> [u32; 2] {
        let [first, second] = self.country;
        let [low, high] = self.zone.to_le_bytes();
        [u32::from_le_bytes([first, second, low, high]), self.region.0]
    }

    /// Back from numbers; `None` where there is no such zone.
    #[must_use]
    pub fn from_numbers([place, region]: [u32; 2]) -> Option<Self> {
        let [first, second, low, high] = place.to_le_bytes();
        let zone = u16::from_le_bytes([low, high]);
        let is_zone = zone == 0 || ZoneId::from_index(zone - 1).is_some();
        let end = Self { country: [first, second], zone, region: Symbol(region) };
        is_zone.then_some(end)
    }
}

/// Both countries of a way with a dash between, lower case: `de-fr`; zeros where one is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneName([u8; 5]);

impl LaneName {
    /// As a text; empty where it is not known.
    #[must_use]
    pub fn text(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or("").trim_end_matches('\0')
    }
}

impl Ship {
    /// Takes in what a document says of the way, and where an event was: both as in a batch.
    pub fn note_way(&mut self, way: &str, place: &str) {
        if !self.origin.is_known() && !place.is_empty() {
            self.origin = WayEnd::of(place);
        }
        if way.is_empty() {
            return;
        }
        if !self.destination.is_known() {
            self.destination = WayEnd::of(way);
        }
        if self.service == Symbol::ABSENT {
            self.service = HashInterner::of(way.split(SEPARATOR).nth(SERVICE).unwrap_or(""));
        }
    }

    /// The lane, where both ends are known.
    #[must_use]
    pub fn lane(&self) -> LaneName {
        let [from, to] = [self.origin, self.destination].map(|end| end.country);
        if from == [0; 2] || to == [0; 2] {
            return LaneName::default();
        }
        LaneName([from[0], from[1], b'-', to[0], to[1]].map(|sign| sign.to_ascii_lowercase()))
    }

    /// Another use of the number begins.
    pub fn forget_way(&mut self) {
        (self.origin, self.destination) = (WayEnd::default(), WayEnd::default());
        self.service = Symbol::ABSENT;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(parts: &[&str]) -> String {
        parts.join(&SEPARATOR.to_string())
    }

    #[track_caller]
    fn check(parts: &[&str], country: &str, region: &str, zone: &str) {
        let end = WayEnd::of(&place(parts));
        let back = WayEnd::from_numbers(end.to_numbers());
        assert_eq!(back, Some(end));
        let found = end.end();
        assert_eq!(found.country, HashInterner::of(country));
        assert_eq!(found.region, HashInterner::of(region));
        assert_eq!(found.zone.map_or("", ZoneId::name), zone);
    }

    #[test]
    fn an_end_is_its_country_its_region_and_its_zone() {
        check(&["Chicago", "IL", "60601", "US"], "us", "il", "America/Chicago");
        check(&["", "", "", "Germany"], "de", "", "Europe/Berlin");
        check(&["", "Bayern", "", "DE"], "de", "", "Europe/Berlin");
        check(&["", "TX", "", "US"], "us", "tx", "America/Chicago");
        // New York has most people, and says nothing of where a parcel is.
        check(&["", "", "", "US"], "us", "", "");
        check(&["", "", "", "Atlantis"], "", "", "");
        assert!(!WayEnd::of("").is_known());
    }

    #[test]
    fn what_was_said_first_stays() {
        let mut ship = Ship::default();
        let [berlin, paris] =
            [["Berlin", "", "", "DE"], ["Paris", "", "", "FR"]].map(|it| place(&it));
        ship.note_way("", &berlin);
        ship.note_way(&place(&["", "", "", "FR", "", "Express"]), &paris);
        ship.note_way(&place(&["", "", "", "IT", "", "Ground"]), "");
        assert_eq!(
            (ship.origin, ship.destination),
            (WayEnd::of(&berlin), WayEnd::of("\x1f\x1f\x1fFR"))
        );
        assert_eq!(ship.service, HashInterner::of("express"));
        assert_eq!(ship.lane().text(), "de-fr");
        ship.forget_way();
        assert_eq!(ship.lane().text(), "");
        assert_eq!(ship, Ship::default());
    }

    #[test]
    fn a_zone_that_is_none_is_refused() {
        assert_eq!(WayEnd::from_numbers([u32::MAX, 0]), None);
        assert_eq!(WayEnd::from_numbers([0, 0]), Some(WayEnd::default()));
    }
}
