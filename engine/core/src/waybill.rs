//! What documents say of a shipment beside its way and its events: pieces, worth, deadlines, points.
//!
//! # Place
//!
//! The lane reads a [`Said`] of a document that says any of it; a shard's watch joins them into the [`Waybill`] of the
//! shipment, which rules read.
//!
//! # Method
//!
//! Each value is kept with how new the document was that said it: of two the newer counts, of two as new the greater.
//! Pieces only grow: some documents count those of the whole shipment, some those they tell of.
//!
//! # Holds
//!
//! - A waybill is a function of the set of what was said: in any order, and however often.
//! - Two postal codes are the exception: they are of the ends of the way, where what was said first stays (`watch::ends`).

use crossdock_model::record::Seconds;
use crossdock_rules::rule::facts::{Accuracy, Point, Shipment, Symbol};

use crate::snapshot::bytes::{Flaw, Source};

/// What one document says of one shipment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// What it is: `b2b`, `ltl` ...
    pub mode: Symbol,
    /// The merchant's tier.
    pub tier: Symbol,
    /// Worth in whole units; `None` where not said.
    pub value: Option<u32>,
    /// Pieces; 0 where not said.
    pub pieces: u16,
    /// Pieces delivered; of one piece the milestone tells.
    pub pieces_delivered: Option<u16>,
    /// Until when it can be collected: the last moment.
    pub pickup_until: Seconds,
    /// Until when the return label is good: the last moment.
    pub return_label_until: Seconds,
    /// Where it comes from.
    pub origin: Option<Point>,
    /// Where it goes.
    pub destination: Option<Point>,
}

/// Where exactly an event was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The group of the event, by its first item; and which event of it.
    pub key: (u32, u64),
    /// Where.
    pub point: Point,
    /// How exact that is.
    pub accuracy: Accuracy,
}

impl Said {
    /// The shipment has one piece, which is what most have.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.pieces == 1
    }

    /// There is more to say than that.
    #[must_use]
    pub fn has_more(&self) -> bool {
        let pieces = if self.is_single() { 0 } else { self.pieces };
        Self { pieces, ..*self } != Self::default()
    }
}

/// A value, and how new the document was that said it; never where nobody did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Told<T> {
    at: Seconds,
    value: T,
}

impl<T: Copy + Ord + Default> Told<T> {
    fn join(&mut self, at: Seconds, value: Option<T>) {
        if let Some(value) = value {
            *self = (*self).max(Self { at, value });
        }
    }

    fn get(&self) -> Option<T> {
        self.at.is_some().then_some(self.value)
    }
}

/// Latitude and longitude, in millionths of a degree.
type Degrees = (i32, i32);

/// A postal code, filled up with zeros.
pub type Postal = [u8; POSTAL_SIZE];

/// Bytes of the longest postal code, and two to spare.
const POSTAL_SIZE: usize = 12;

/// What all documents say of one shipment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waybill {
    pieces: u16,
    pieces_delivered: Told<u16>,
    value: Told<u32>,
    mode: Told<Symbol>,
    tier: Told<Symbol>,
    pickup_until: Told<Seconds>,
    return_label_until: Told<Seconds>,
    origin: Told<Degrees>,
    destination: Told<Degrees>,
    /// Postal codes of origin and destination; kept only where a rule asks for them.
    pub postal: [Postal; 2],
}

const _: () = assert!(size_of::<Waybill>() == 100);

fn degrees(point: Point) -> Degrees {
    (point.lat_e6, point.lon_e6)
}

fn point((lat_e6, lon_e6): Degrees) -> Point {
    Point { lat_e6, lon_e6 }
}

/// A postal code as it is kept.
#[must_use]
pub fn postal(text: &str) -> Postal {
    let mut postal = Postal::default();
    let text = text.trim();
    let len = text.floor_char_boundary(POSTAL_SIZE);
    postal[..len].copy_from_slice(&text.as_bytes()[..len]);
    postal
}

impl Waybill {
    /// Takes in what a document says that is as new as `at`, but for one piece, which is a mark of the shipment.
    pub fn join(&mut self, said: &Said, at: Seconds) {
        // A document without any time is older than all others, but it was said.
        let at = Seconds(at.0.max(1));
        let name = |name: Symbol| (name != Symbol::ABSENT).then_some(name);
        let moment = |moment: Seconds| moment.is_some().then_some(moment);
        if !said.is_single() {
            self.pieces = self.pieces.max(said.pieces);
        }
        self.pieces_delivered.join(at, said.pieces_delivered);
        self.value.join(at, said.value);
        self.mode.join(at, name(said.mode));
        self.tier.join(at, name(said.tier));
        self.pickup_until.join(at, moment(said.pickup_until));
        self.return_label_until.join(at, moment(said.return_label_until));
        self.origin.join(at, said.origin.map(degrees));
        self.destination.join(at, said.destination.map(degrees));
    }

    /// What rules see of it.
    pub fn show(&self, shipment: &mut Shipment) {
        shipment.mode = self.mode.get().unwrap_or(shipment.mode);
        shipment.tier = self.tier.get().unwrap_or_default();
        shipment.value = self.value.get().unwrap_or(0);
        shipment.pieces = self.pieces.max(shipment.pieces);
        shipment.pieces_delivered = self.pieces_delivered.get().or(shipment.pieces_delivered);
        shipment.pickup_until = self.pickup_until.get().unwrap_or_default();
        shipment.return_label_until = self.return_label_until.get().unwrap_or_default();
        shipment.origin.point = self.origin.get().map(point);
        shipment.destination.point = self.destination.get().map(point);
    }

    /// The postal code of an end: 0 the origin, 1 the destination.
    #[must_use]
    pub fn postal_text(&self, end: usize) -> Option<&str> {
        let text = core::str::from_utf8(&self.postal[end]).unwrap_or("");
        let text = text.trim_end_matches('\0');
        (!text.is_empty()).then_some(text)
    }

    /// True where both say the same to rules, however new it is.
    #[must_use]
    pub fn shows_as(&self, other: &Self) -> bool {
        let seen = |waybill: &Self| {
            let mut shipment = Shipment::default();
            waybill.show(&mut shipment);
            (shipment, waybill.postal)
        };
        seen(self) == seen(other)
    }

    /// Adds it to `out`: for snapshots and for the state's hash.
    pub fn put(&self, out: &mut Vec<u8>) {
        let times = |told: &Told<Seconds>| [told.at.0, told.value.0];
        let names = |told: &Told<Symbol>| [told.at.0, told.value.0];
        let points = |told: &Told<Degrees>| {
            [told.at.0, told.value.0.cast_unsigned(), told.value.1.cast_unsigned()]
        };
        let counts = [
            u32::from(self.pieces) | u32::from(self.pieces_delivered.value) << 16,
            self.pieces_delivered.at.0,
            self.value.at.0,
            self.value.value,
        ];
        let mut numbers = [0_u32; NUMBERS];
        let pairs = [names(&self.mode), names(&self.tier), times(&self.pickup_until)];
        let all = counts.into_iter().chain(pairs.into_iter().flatten());
        let all = all.chain(times(&self.return_label_until));
        let all = all.chain(points(&self.origin)).chain(points(&self.destination));
        numbers.iter_mut().zip(all).for_each(|(place, number)| *place = number);
        numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
        self.postal.iter().for_each(|postal| out.extend_from_slice(postal));
    }

    /// Takes back what [`Self::put`] wrote.
    ///
    /// # Errors
    ///
    /// It is cut short, or a postal code is no text.
    pub fn take(source: &mut Source<'_>) -> Result<Self, Flaw> {
        let counts = source.u32()?;
        let [pieces, delivered] = [counts as u16, (counts >> 16) as u16];
        let pieces_delivered = Told { at: Seconds(source.u32()?), value: delivered };
        let value = Told { at: Seconds(source.u32()?), value: source.u32()? };
        let name = |source: &mut Source<'_>| {
            Ok(Told { at: Seconds(source.u32()?), value: Symbol(source.u32()?) })
        };
        let (mode, tier) = (name(source)?, name(source)?);
        let moment = |source: &mut Source<'_>| {
            Ok(Told { at: Seconds(source.u32()?), value: Seconds(source.u32()?) })
        };
        let (pickup_until, return_label_until) = (moment(source)?, moment(source)?);
        let spot = |source: &mut Source<'_>| {
            let at = Seconds(source.u32()?);
            let value = (source.u32()?.cast_signed(), source.u32()?.cast_signed());
            Ok(Told { at, value })
        };
        let (origin, destination) = (spot(source)?, spot(source)?);
        let mut postal = [Postal::default(); 2];
        for postal in &mut postal {
            postal.copy_from_slice(source.take(POSTAL_SIZE)?);
            core::str::from_utf8(postal).map_err(|_| source.flaw("a postal code is no text"))?;
        }
        Ok(Self {
            pieces,
            pieces_delivered,
            value,
            mode,
            tier,
            pickup_until,
            return_label_until,
            origin,
            destination,
            postal,
        })
    }
}

/// Numbers of a saved waybill, before its postal codes.
const NUMBERS: usize = 18;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said() -> impl Strategy<Value = (Said, u32)> {
        let name = || prop::sample::select(vec![0_u32, 5, 6]);
        let spot = || prop::option::of((-3..3_i32, -3..3_i32).prop_map(point));
        let ends = (name(), name(), prop::option::of(0..4_u32), spot(), spot());
        let rest = (0..4_u16, prop::option::of(0..4_u16), name(), name());
        (ends, rest, 0..5_u32).prop_map(|((mode, tier, value, origin, destination), rest, at)| {
            let (pieces, pieces_delivered, pickup, label) = rest;
            let said = Said {
                mode: Symbol(mode),
                tier: Symbol(tier),
                value,
                pieces,
                pieces_delivered,
                pickup_until: Seconds(pickup),
                return_label_until: Seconds(label),
                origin,
                destination,
            };
            (said, at)
        })
    }

    fn joined<'a>(all: impl Iterator<Item = &'a (Said, u32)>) -> Waybill {
        let mut waybill = Waybill::default();
        all.for_each(|(said, at)| waybill.join(said, Seconds(*at)));
        waybill
    }

    proptest! {
        /// Any order and any repetition give the same, and its bytes lead back to it.
        #[test]
        fn a_waybill_is_a_function_of_the_set_of_what_was_said(
            all in prop::collection::vec(said(), 0..8),
        ) {
            let waybill = joined(all.iter());
            prop_assert_eq!(joined(all.iter().rev()), waybill);
            prop_assert_eq!(joined(all.iter().chain(&all)), waybill);
            let mut bytes = Vec::new();
            waybill.put(&mut bytes);
            let mut source = Source::new(&bytes, "a waybill");
            prop_assert_eq!(Waybill::take(&mut source).unwrap(), waybill);
            prop_assert!(source.is_empty());
            for size in 0..bytes.len() {
                prop_assert!(Waybill::take(&mut Source::new(&bytes[..size], "a waybill")).is_err());
            }
        }
    }

    #[test]
    fn the_newer_word_counts_and_pieces_only_grow() {
        let mut waybill = Waybill::default();
        let mut check = |at, said: Said, pieces, delivered, value| {
            waybill.join(&said, Seconds(at));
            let mut shipment = Shipment::default();
            waybill.show(&mut shipment);
            let found = (shipment.pieces, shipment.pieces_delivered, shipment.value);
            assert_eq!(found, (pieces, delivered, value), "at {at}");
        };
        let of = |pieces, delivered, value| Said {
            pieces,
            pieces_delivered: delivered,
            value,
            ..Said::default()
        };
        check(5, of(3, Some(2), None), 3, Some(2), 0);
        check(4, of(2, Some(3), Some(40)), 3, Some(2), 40);
        check(6, of(0, Some(1), None), 3, Some(1), 40);
        check(6, of(0, None, Some(30)), 3, Some(1), 30);
    }

    #[test]
    fn one_piece_and_nothing_else_needs_no_row() {
        let one = Said { pieces: 1, ..Said::default() };
        assert!(one.is_single() && !one.has_more());
        let two = Said { pieces: 2, ..one };
        assert!(!two.is_single() && two.has_more());
        let worth = Said { value: Some(0), ..one };
        assert!(worth.is_single() && worth.has_more());
        assert!(!Said::default().has_more());
    }

    #[test]
    fn a_postal_code_is_cut_at_a_sign() {
        let waybill = Waybill {
            postal: [postal(" SW1A 1AA "), postal("ÄÄÄÄÄÄÄ")],
            ..Waybill::default()
        };
        assert_eq!(waybill.postal_text(0), Some("SW1A 1AA"));
        assert_eq!(waybill.postal_text(1), Some("ÄÄÄÄÄÄ"));
        assert_eq!(Waybill::default().postal_text(0), None);
    }
}
