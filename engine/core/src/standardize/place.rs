//! The place of an event: its texts, their hash, and the zone they lie in.

use crossdock_rules::feed::program;

use crate::batch::{Batch, Span};
use crate::extract::evaluate::{Evaluator, Text};
use crate::lane::cut;
use crate::say::SEPARATOR;

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
    /// text stands as the city.
    #[must_use]
    pub fn parts<'b>(&'b self, evaluator: &'b Evaluator<'b, '_>) -> [&'b str; 5] {
        let part = |text: &'b Option<Text<'a>>| text.as_ref().map_or("", |it| evaluator.str(it));
        let city = if self.city.is_none() { part(&self.text) } else { part(&self.city) };
        [
            city,
            part(&self.region),
            part(&self.postal_code),
            part(&self.country),
            part(&self.facility),
        ]
    }

    /// Copies the place into a batch; empty where nothing is known.
    pub fn put(&self, evaluator: &Evaluator<'_, '_>, batch: &mut Batch) -> Span {
        let parts = self.parts(evaluator);
        let Some(last) = parts.iter().rposition(|part| !part.is_empty()) else {
            return Span::default();
        };
        let start = batch.open();
        for (i, part) in parts[..=last].iter().enumerate() {
            if 0 < i {
                batch.extend(&[SEPARATOR as u8]);
            }
            batch.extend(cut(part).as_bytes());
        }
        batch.close(start)
    }

    /// A hash of the place that does not see case; 0 where nothing is known.
    #[must_use]
    pub fn hash(&self, evaluator: &Evaluator<'_, '_>) -> u64 {
        let mut hash = 0_u64;
        for part in self.parts(evaluator) {
            for byte in part.bytes() {
                let folded = u64::from(byte.to_ascii_lowercase());
                // FNV-1a: places are short, and this needs no buffer.
                hash = (hash ^ folded).wrapping_mul(0x0100_0000_01B3);
            }
            hash = hash.rotate_left(7);
        }
        hash
    }
}

/// Zones of places and their offsets, from data that is compiled in.
#[derive(Debug)]
pub struct Places {}

impl Places {
    /// Temporary.
    pub fn load() -> Self {
        Self {}
    }
    /// Temporary.
    pub fn zone_of(
        &self,
        _parts: &[&str; 5],
    ) -> Option<(crossdock_standard::zone::ZoneId, crossdock_model::time::ZoneSource)> {
        None
    }
    /// Temporary.
    pub fn offset_at_local(&self, _zone: crossdock_standard::zone::ZoneId, _seconds: i64) -> i32 {
        0
    }
    /// Temporary.
    pub fn offset_at_instant(&self, _zone: crossdock_standard::zone::ZoneId, _seconds: i64) -> i32 {
        0
    }
    /// Temporary.
    pub fn offset_of_code(
        &self,
        _code: crossdock_standard::time::ZoneCode,
        _seconds: i64,
    ) -> Option<i16> {
        None
    }
}
