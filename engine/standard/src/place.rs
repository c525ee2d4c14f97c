//! Where an event was, and so what its clock means.
//!
//! # Place
//! After `time` has read a wall clock without an offset: [`Places::zone_of`] finds the zone, [`Zones`] its offset.
//!
//! # Method
//! Countries with one zone need no more than their code. In the others the postal code decides, then the city within its
//! region, then the region, then the country's largest zone. All tables are compiled in as text and turned once into
//! arrays and one hash table; after that nothing allocates. A key in the hash table is 48 bits of a hash of the
//! normalized name: with 30,000 names a wrong hit has odds of one in ten billion per look-up.
//!
//! # Holds
//! [`Places`], [`PlaceText`], [`ZoneSource`], [`Zones`].
//!
//! # Does not hold
//! Positions; streets. Where the tables come from is written at the head of each file under `data/`.

mod parse;
mod states;
mod table;
mod text;
mod zones;

pub use zones::{LocalKind, LocalOffset, Zones};

use crate::zone::ZoneId;
use table::{Key, Table};
use text::{NAME_SIZE_MAX, normalize};

/// What a feed says of the place of an event, each part as written or empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlaceText<'a> {
    /// ISO 3166 code of two or three letters, or a name.
    pub country: &'a [u8],
    /// State or province: its code or its name.
    pub region: &'a [u8],
    /// Postal code.
    pub postal_code: &'a [u8],
    /// City.
    pub city: &'a [u8],
}

/// What the zone of a place was concluded from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ZoneSource {
    /// The postal code.
    PostalCode,
    /// The city, in its region or its country.
    City,
    /// The region: it lies in one zone, or the city isn't among those with another.
    Region,
    /// The country, which lies in one zone.
    Country,
    /// The IATA code of an airport.
    Airport,
    /// The name of a city, with no country given.
    CityAnywhere,
    /// The zone of most people of a region that lies in several, with no city given. A guess.
    RegionLargest,
    /// The zone of most people of a country that lies in several. A guess.
    CountryLargest,
}

impl ZoneSource {
    /// Whether another zone is well possible, so that a feed's own default should win.
    #[must_use]
    pub const fn is_guess(self) -> bool {
        matches!(self, ZoneSource::RegionLargest | ZoneSource::CountryLargest)
    }
}

/// A zone and what it was concluded from.
pub type ZoneFound = (ZoneId, ZoneSource);

/// Slots for codes of two letters.
const COUNTRY_COUNT: usize = 26 * 26;
/// Slots for codes of three letters.
const AIRPORT_COUNT: usize = 26 * 26 * 26;
/// Slots for the first three digits of a US ZIP code.
const ZIP_AREA_COUNT: usize = 1000;

/// One country.
#[derive(Clone, Copy)]
struct Country {
    zone: ZoneId,
    /// Whether parts of it have another zone.
    is_several: bool,
}

/// One state or province.
#[derive(Clone, Copy)]
struct Region {
    /// None for the regions of military mail.
    zone: Option<ZoneId>,
    /// Whether some of its cities have another zone.
    is_several: bool,
}

/// One area of US ZIP codes.
#[derive(Clone, Copy)]
struct ZipArea {
    zone: ZoneId,
    /// Whether `zip_codes` holds codes of it that lie in another zone.
    is_several: bool,
}

/// The tables of places. Loaded once at start, then only read.
pub struct Places {
    countries: Vec<Option<Country>>,
    regions: Vec<Region>,
    zip_areas: Vec<Option<ZipArea>>,
    /// ZIP codes with another zone than their area, sorted.
    zip_codes: Vec<(u32, ZoneId)>,
    airports: Vec<Option<ZoneId>>,
    /// Names of countries, regions and cities, and prefixes of postal codes.
    names: Table,
}

impl std::fmt::Debug for Places {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Places").field("names", &self.names.count()).finish_non_exhaustive()
    }
}

impl Places {
    /// The tables that are compiled in. Takes some milliseconds and about half a megabyte; do it once, at start.
    #[must_use]
    pub fn load() -> Places {
        table::load()
    }

    /// The zone of a place. Nothing allocates; texts that fit nowhere count as absent.
    #[must_use]
    #[inline]
    pub fn zone_of(&self, place: &PlaceText<'_>) -> Option<ZoneFound> {
        let Some(code) = self.country_code(place.country) else {
            if !place.country.trim_ascii().is_empty() {
                return None;
            }
            // Without a country, a state and a ZIP code that lies in it are one.
            if states::has_zip_of(place.region, place.postal_code)
                && let Some(zone) = self.zone_of_postal_code(*b"US", place.postal_code)
            {
                return Some((zone, ZoneSource::PostalCode));
            }
            return self.city_anywhere(place.city);
        };
        let country = self.countries[country_index(code)?]?;
        if !country.is_several {
            return Some((country.zone, ZoneSource::Country));
        }
        if let Some(zone) = self.zone_of_postal_code(code, place.postal_code) {
            return Some((zone, ZoneSource::PostalCode));
        }
        self.zone_by_names(code, country, place)
    }

    /// The zone of a place in a country with several, by its region and its city.
    fn zone_by_names(
        &self,
        code: [u8; 2],
        country: Country,
        place: &PlaceText<'_>,
    ) -> Option<ZoneFound> {
        let mut buffer = [0; NAME_SIZE_MAX];
        let region = match normalize(place.region, &mut buffer) {
            [] => None,
            name => self.names.find(&Key::region(code, name)),
        };
        let city = normalize(place.city, &mut buffer);
        if let Some(index) = region {
            return self.zone_in_region(code, index, city);
        }
        let zone = if city.is_empty() { None } else { self.names.find(&Key::city(code, city)) };
        match zone.and_then(ZoneId::from_index) {
            Some(zone) => Some((zone, ZoneSource::City)),
            None => Some((country.zone, ZoneSource::CountryLargest)),
        }
    }

    /// The zone of an airport by its IATA code, in any case. Carriers name hubs and service areas after them.
    #[must_use]
    pub fn zone_of_airport(&self, code: &[u8]) -> Option<ZoneFound> {
        let &[first, second, third] = code.trim_ascii() else { return None };
        let index = letter(first)? * 676 + letter(second)? * 26 + letter(third)?;
        self.airports[index].map(|zone| (zone, ZoneSource::Airport))
    }

    /// The ISO 3166 code of two letters, upper case, of a country given as such a code, as one of three letters, or by
    /// a name in English or its own tongue. `UK` is `GB`.
    #[must_use]
    #[inline]
    pub fn country_code(&self, text: &[u8]) -> Option<[u8; 2]> {
        if let &[first, second] = text {
            let code = [first.to_ascii_uppercase(), second.to_ascii_uppercase()];
            if country_index(code).is_some_and(|index| self.countries[index].is_some()) {
                return Some(code);
            }
        }
        self.country_by_name(text)
    }

    #[cold]
    fn country_by_name(&self, text: &[u8]) -> Option<[u8; 2]> {
        let mut buffer = [0; NAME_SIZE_MAX];
        let name = normalize(text, &mut buffer);
        if name.is_empty() {
            return None;
        }
        if let &[first, second] = name
            && country_index([first, second]).is_some_and(|index| self.countries[index].is_some())
        {
            return Some([first, second]);
        }
        self.names.find(&Key::country(name)).map(u16::to_be_bytes)
    }

    /// The zone of a postal code in a country with several.
    fn zone_of_postal_code(&self, country: [u8; 2], code: &[u8]) -> Option<ZoneId> {
        if code.is_empty() {
            return None;
        }
        if country == *b"US" {
            return self.zone_of_zip(code);
        }
        let mut prefix = [0; 5];
        let mut size = 0;
        for byte in code.iter().filter(|byte| byte.is_ascii_alphanumeric()).take(5) {
            prefix[size] = byte.to_ascii_uppercase();
            size += 1;
        }
        // The longest prefix that the table has.
        let value = (1..=size)
            .rev()
            .find_map(|size| self.names.find(&Key::postal(country, &prefix[..size])))?;
        ZoneId::from_index(value)
    }

    /// The zone of a US ZIP code: five digits, perhaps four more, perhaps with the leading zero lost.
    fn zone_of_zip(&self, code: &[u8]) -> Option<ZoneId> {
        let code = code.trim_ascii();
        let width = code.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let width = match (width, code.get(width)) {
            (4 | 5, None | Some(b'-' | b' ')) => width,
            (9, None) => 5,
            _ => return None,
        };
        let zip = code[..width].iter().fold(0, |value, byte| value * 10 + u32::from(byte - b'0'));
        let area = self.zip_areas[zip as usize / 100]?;
        if area.is_several
            && let Ok(index) = self.zip_codes.binary_search_by_key(&zip, |&(code, _)| code)
        {
            return Some(self.zip_codes[index].1);
        }
        Some(area.zone)
    }

    fn zone_in_region(&self, country: [u8; 2], index: u16, city: &[u8]) -> Option<ZoneFound> {
        let region = self.regions[usize::from(index)];
        let zone = region.zone?;
        if !region.is_several {
            return Some((zone, ZoneSource::Region));
        }
        if city.is_empty() {
            return Some((zone, ZoneSource::RegionLargest));
        }
        // The table lists the cities outside the region's main zone down to 500 people, so another one lies in it.
        let key = Key::city_in_region(country, index, city);
        match self.names.find(&key).and_then(ZoneId::from_index) {
            Some(zone) => Some((zone, ZoneSource::City)),
            None => Some((zone, ZoneSource::Region)),
        }
    }

    fn city_anywhere(&self, city: &[u8]) -> Option<ZoneFound> {
        let mut buffer = [0; NAME_SIZE_MAX];
        let city = normalize(city, &mut buffer);
        if city.is_empty() {
            return None;
        }
        let zone = ZoneId::from_index(self.names.find(&Key::city(*b"--", city))?)?;
        Some((zone, ZoneSource::CityAnywhere))
    }
}

/// 0..26 for a letter of either case.
fn letter(byte: u8) -> Option<usize> {
    byte.is_ascii_alphabetic().then(|| usize::from(byte.to_ascii_uppercase() - b'A'))
}

fn country_index([first, second]: [u8; 2]) -> Option<usize> {
    Some(letter(first)? * 26 + letter(second)?)
}

#[cfg(test)]
mod tests;
