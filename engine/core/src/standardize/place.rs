//! The place of an event: its texts, their hash, and the zone they lie in.
//!
//! # Holds
//!
//! - A zone that is only a guess (the largest of a country or region) is told as one; it makes no
//!   instant.

use std::sync::{Arc, LazyLock};

use crossdock_model::time::ZoneSource;
use crossdock_rules::feed::program;
use crossdock_standard::place::{self as standard, PlaceText, Places, Zones};
use crossdock_standard::zone::ZoneId;

use crate::batch::cut;
use crate::extract::evaluate::{Evaluator, Text};
use crate::say::{SEPARATOR, put_part};

/// The texts of a place, as a feed found them.
#[derive(Debug)]
pub struct PlaceTexts<'a> {
    /// City.
    pub city: Option<Text<'a>>,
    /// State or province.
    pub region: Option<Text<'a>>,
    /// Postal code.
    pub postal_code: Option<Text<'a>>,
    /// Country.
    pub country: Option<Text<'a>>,
    /// The carrier's facility.
    pub facility: Option<Text<'a>>,
    /// All in one text.
    pub text: Option<Text<'a>>,
}

impl<'a> PlaceTexts<'a> {
    /// Finds the texts.
    pub fn find(evaluator: &mut Evaluator<'a, '_>, place: &'a program::Place) -> Self {
        Self {
            city: evaluator.text(&place.city),
            region: evaluator.text(&place.region),
            postal_code: evaluator.text(&place.postal_code),
            country: evaluator.text(&place.country),
            facility: evaluator.text(&place.facility),
            text: evaluator.text(&place.text),
        }
    }

    /// City, region, postal code, country, facility; empty where absent. A place that is only one
    /// text is taken apart.
    #[must_use]
    pub fn parts<'b>(&'b self, evaluator: &'b Evaluator<'b, '_>, atlas: &'b Atlas) -> Parts<'b> {
        let part = |text: &'b Option<Text<'a>>| text.as_ref().map_or("", |it| evaluator.str(it));
        let (city, country) = (part(&self.city), part(&self.country));
        let mut parts =
            [city, part(&self.region), part(&self.postal_code), country, part(&self.facility)];
        if let (Some(text), true) = (&self.text, city.is_empty()) {
            let whole = evaluator.str(text);
            let read = atlas.places.parse(whole.as_bytes(), country.as_bytes());
            for (part, read) in
                parts.iter_mut().zip([read.city, read.region, read.postal_code, read.country])
            {
                if part.is_empty() {
                    *part = core::str::from_utf8(read).unwrap_or("");
                }
            }
            if parts[0].is_empty() && parts[2].is_empty() && parts[1].is_empty() {
                parts[0] = whole;
            }
        }
        Parts(parts)
    }

    /// The zone of the place.
    #[must_use]
    pub fn zone(&self, evaluator: &Evaluator<'_, '_>, atlas: &Atlas) -> PlaceZone {
        atlas.zone_of(&self.parts(evaluator, atlas))
    }
}

/// City, region, postal code, country, facility.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a>(pub [&'a str; 5]);

impl Parts<'_> {
    /// Writes the parts, without the absent ones at the end; gives how many that are.
    pub fn put(&self, words: &mut String) -> usize {
        let count = self.0.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
        for (i, part) in self.0[..count].iter().enumerate() {
            if 0 < i {
                words.push(SEPARATOR);
            }
            put_part(words, cut(part));
        }
        count
    }

    /// A hash of the place that does not see case; 0 where nothing is known.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut hash = 0_u64;
        for part in self.0 {
            let (words, rest) = part.as_bytes().as_chunks::<8>();
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            for word in words.iter().chain((!rest.is_empty()).then_some(&last)) {
                // The bit between `A` and `a`; that it also joins a few marks is no harm.
                let folded = u64::from_le_bytes(*word) | 0x2020_2020_2020_2020;
                hash = (hash ^ folded).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                hash ^= hash >> 29;
            }
            hash = hash.rotate_left(7);
        }
        hash
    }
}

/// A zone, where it was read from, and whether it is only a guess.
pub type PlaceZone = Option<(ZoneId, ZoneSource, bool)>;

/// Places and zones, from data that is compiled in. Shared by all lanes.
#[derive(Clone, Debug)]
pub struct Atlas {
    places: Arc<Places>,
    /// Offsets of zones.
    pub zones: Arc<Zones>,
}

impl Atlas {
    /// Reads the data; some milliseconds, once in a process.
    #[must_use]
    pub fn load() -> Self {
        static ATLAS: LazyLock<Atlas> = LazyLock::new(|| Atlas {
            places: Arc::new(Places::load()),
            zones: Arc::new(Zones::load()),
        });
        ATLAS.clone()
    }

    /// The two letters of a country, given by a code or a name.
    #[must_use]
    pub fn country_code(&self, country: &str) -> Option<[u8; 2]> {
        self.places.country_code(country.as_bytes())
    }

    /// The zone of a state or province, or of a country; that of most of its people where it lies in several.
    #[must_use]
    pub fn zone_of_region(&self, country: &str, region: &str) -> Option<ZoneId> {
        let (country, region) = (country.as_bytes(), region.as_bytes());
        let place = PlaceText { country, region, postal_code: b"", city: b"" };
        self.places.zone_of(&place).map(|(zone, _)| zone)
    }

    /// The zone of a place, and whether it is only a guess.
    #[must_use]
    pub fn zone_of(&self, parts: &Parts<'_>) -> PlaceZone {
        let [city, region, postal_code, country, facility] = parts.0.map(str::as_bytes);
        let found = self
            .places
            .zone_of(&PlaceText { country, region, postal_code, city })
            .or_else(|| self.places.zone_of_airport(facility));
        found.map(|(zone, source)| (zone, source_of(source), source.is_guess()))
    }
}

const fn source_of(source: standard::ZoneSource) -> ZoneSource {
    match source {
        standard::ZoneSource::PostalCode => ZoneSource::PostalCode,
        standard::ZoneSource::City | standard::ZoneSource::CityAnywhere => ZoneSource::City,
        standard::ZoneSource::Region | standard::ZoneSource::RegionLargest => ZoneSource::Region,
        standard::ZoneSource::Country | standard::ZoneSource::CountryLargest => ZoneSource::Country,
        standard::ZoneSource::Airport => ZoneSource::Facility,
    }
}
