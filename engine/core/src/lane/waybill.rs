//! What a document says of a shipment for rules alone: see [`crate::waybill`].
//!
//! # Place
//!
//! `reader` asks when it opens a shipment, and at each event for its point.
//!
//! # Holds
//!
//! - A document that says none of it costs one look at the slots that are filled.
//! - What is no number, no moment or no point of the globe is not said. 0 degrees by 0 degrees is what devices send that
//!   do not know where they are.

use crossdock_model::record::Seconds;
use crossdock_model::time::EventTime;
use crossdock_rules::feed::program::{Feed, TimePolicy};
use crossdock_rules::feed::waybill::Point as PointOf;
use crossdock_rules::rule::facts::{Accuracy, HashInterner, Point, Symbol};
use crossdock_rules::rule::field::Enum;

use super::identity;
use crate::batch::{Batch, Span};
use crate::extract::evaluate::Evaluator;
use crate::json::Object;
use crate::standardize::place::PlaceTexts;
use crate::standardize::time::Clock;
use crate::watch::last_moment;
use crate::waybill::Said;

/// Puts what the open shipment's document says of its way and beside it into the batch; see [`Batch`]'s groups.
pub(super) fn put_way<'a>(
    evaluator: &mut Evaluator<'a, '_>,
    clock: &Clock,
    feed: &'a Feed,
    batch: &mut Batch,
) -> (Span, u32) {
    let way = identity::way(evaluator, feed, &clock.atlas, batch);
    (way, put(evaluator, clock, feed, batch))
}

/// Puts what the open shipment's document says into the batch; 0 where that is nothing.
#[inline]
fn put<'a>(
    evaluator: &mut Evaluator<'a, '_>,
    clock: &Clock,
    feed: &'a Feed,
    batch: &mut Batch,
) -> u32 {
    if !evaluator.slots.has_any(feed.shipment.waybill.wants) {
        return 0;
    }
    read(evaluator, clock, feed).map_or(0, |said| batch.put_said(said))
}

/// What the open shipment's document says, where it says anything.
fn read<'a>(evaluator: &mut Evaluator<'a, '_>, clock: &Clock, feed: &'a Feed) -> Option<Said> {
    let waybill = &feed.shipment.waybill;
    let mut name = |expr| {
        let text = evaluator.text(expr);
        text.map_or(Symbol::ABSENT, |text| HashInterner::of(evaluator.str(&text)))
    };
    let (mode, tier) = (name(&waybill.mode), name(&waybill.tier));
    let mut count = |expr| {
        let text = evaluator.text(expr)?;
        whole(evaluator.str(&text))
    };
    let small = |count: u32| u16::try_from(count).unwrap_or(u16::MAX);
    let value = count(&waybill.value);
    let pieces = count(&waybill.pieces).map_or(0, small);
    let delivered = count(&waybill.pieces_delivered).map(small);
    let left = count(&waybill.pieces_left).map(small).filter(|_| 0 < pieces);
    let delivered = delivered.or_else(|| left.map(|left| pieces.saturating_sub(left)));
    let mut moment = |policy: &'a Option<TimePolicy>| {
        let Some(policy) = policy else { return Seconds::NEVER };
        last_moment(&time(evaluator, clock, feed, policy))
    };
    let pickup_until = moment(&waybill.pickup_until);
    let return_label_until = moment(&waybill.return_label_until);
    let said = Said {
        mode,
        tier,
        value,
        pieces,
        // Of one piece the milestone tells.
        pieces_delivered: delivered.filter(|_| pieces != 1),
        pickup_until,
        return_label_until,
        origin: point(evaluator, &waybill.origin),
        destination: point(evaluator, &waybill.destination),
    };
    (said != Said::default()).then_some(said)
}

/// A moment that lies at the destination, as estimates do; one that can't be read is not said.
fn time<'a>(
    evaluator: &mut Evaluator<'a, '_>,
    clock: &Clock,
    feed: &'a Feed,
    policy: &'a TimePolicy,
) -> EventTime {
    let texts = [&policy.utc, &policy.local].into_iter().flatten();
    if !texts.into_iter().any(|text| evaluator.slots.has_any(text.date.wants)) {
        return EventTime::default();
    }
    let place = PlaceTexts::find(evaluator, &feed.shipment.destination);
    let zone = |evaluator: &Evaluator<'_, '_>| place.zone(evaluator, &clock.atlas);
    clock.read(evaluator, policy, zone).unwrap_or_default()
}

/// Where exactly the open event was, where the document says so.
#[inline]
pub(super) fn spot<'a>(
    evaluator: &mut Evaluator<'a, '_>,
    expr: &'a PointOf,
) -> Option<(Point, Accuracy)> {
    if !evaluator.slots.has_any(expr.latitude.wants) {
        return None;
    }
    let point = point(evaluator, expr)?;
    let accuracy = evaluator.text(&expr.accuracy);
    Some((point, accuracy.map_or(Accuracy::Unknown, |text| accuracy_of(evaluator.str(&text)))))
}

fn point<'a>(evaluator: &mut Evaluator<'a, '_>, expr: &'a PointOf) -> Option<Point> {
    let latitude = evaluator.text(&expr.latitude)?;
    let longitude = evaluator.text(&expr.longitude)?;
    let lat_e6 = degrees(evaluator.str(&latitude), 90)?;
    let lon_e6 = degrees(evaluator.str(&longitude), 180)?;
    (lat_e6 != 0 || lon_e6 != 0).then_some(Point { lat_e6, lon_e6 })
}

/// Millionths of a degree.
fn degrees(text: &str, most: i32) -> Option<i32> {
    let degrees: f64 = text.parse().ok()?;
    let is_on_globe = -f64::from(most) <= degrees && degrees <= f64::from(most);
    is_on_globe.then(|| (degrees * 1e6).round() as i32)
}

/// The whole part of a number that is not negative: `3`, `3.0`, `899.90`.
fn whole(text: &str) -> Option<u32> {
    if let [digit @ b'0'..=b'9'] = text.as_bytes() {
        return Some(u32::from(digit - b'0'));
    }
    let number: f64 = text.parse().ok()?;
    // What is no number compares as false.
    (0.0 <= number && number <= f64::from(u32::MAX)).then_some(number as u32)
}

/// The accuracy of a word, in any case.
fn accuracy_of(word: &str) -> Accuracy {
    match word {
        _ if word.eq_ignore_ascii_case("rooftop") => Accuracy::Rooftop,
        _ if word.eq_ignore_ascii_case("street") => Accuracy::Street,
        _ if word.eq_ignore_ascii_case("postcode") => Accuracy::Postcode,
        _ if word.eq_ignore_ascii_case("city") => Accuracy::City,
        _ if word.eq_ignore_ascii_case("region") => Accuracy::Region,
        _ => Accuracy::Unknown,
    }
}

/// Writes a point as rules do, with how exact it is.
pub(crate) fn write_point(object: &mut Object<'_>, key: &str, point: Point, accuracy: Accuracy) {
    let degrees = |e6: i32| {
        let sign = if e6 < 0 { "-" } else { "" };
        let (whole, rest) = (e6.unsigned_abs() / 1_000_000, e6.unsigned_abs() % 1_000_000);
        format!("{sign}{whole}.{rest:06}")
    };
    let mut text = format!("{},{}", degrees(point.lat_e6), degrees(point.lon_e6));
    let words = Enum::Accuracy.words();
    if let Some((word, _)) = words.iter().find(|(_, number)| *number == accuracy as i64)
        && accuracy != Accuracy::Unknown
    {
        text.push(' ');
        text.push_str(word);
    }
    object.text(key, &text);
}

/// What the document of the open shipment says, as fields of an object: names as they stand there.
pub(super) fn write<'a>(
    evaluator: &mut Evaluator<'a, '_>,
    clock: &Clock,
    feed: &'a Feed,
    object: &mut Object<'_>,
) {
    let Some(said) = read(evaluator, clock, feed) else { return };
    let waybill = &feed.shipment.waybill;
    for (key, expr) in [("mode", &waybill.mode), ("tier", &waybill.tier)] {
        if let Some(text) = evaluator.text(expr) {
            object.text(key, crate::batch::cut(evaluator.str(&text)));
        }
    }
    let pieces = (said.pieces != 0).then_some(u32::from(said.pieces));
    let numbers = [
        ("value", said.value),
        ("pieces", pieces),
        ("pieces_delivered", said.pieces_delivered.map(u32::from)),
    ];
    for (key, number) in numbers {
        if let Some(number) = number {
            object.number(key, u64::from(number));
        }
    }
    object.utc("pickup_until", said.pickup_until.micros());
    object.utc("return_label_until", said.return_label_until.micros());
    for (key, point) in [("origin_point", said.origin), ("destination_point", said.destination)] {
        if let Some(point) = point {
            write_point(object, key, point, Accuracy::Unknown);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_are_on_the_globe() {
        for (text, expected) in [
            ("47.6062", Some(47_606_200)),
            ("-122.3321", None),
            ("45.46770054493765", Some(45_467_701)),
            ("90", Some(90_000_000)),
            ("90.0000001", None),
            ("NaN", None),
            ("inf", None),
            ("", None),
            ("1e-5", Some(10)),
        ] {
            assert_eq!(degrees(text, 90), expected, "{text}");
        }
        assert_eq!(degrees("-122.3321", 180), Some(-122_332_100));
    }

    #[test]
    fn whole_numbers_are_not_negative() {
        for (text, expected) in [
            ("3", Some(3)),
            ("899.90", Some(899)),
            ("0", Some(0)),
            ("-1", None),
            ("NaN", None),
            ("4294967296", None),
            ("three", None),
        ] {
            assert_eq!(whole(text), expected, "{text}");
        }
    }

    #[test]
    fn accuracies_are_the_words_of_rules() {
        for (word, number) in Enum::Accuracy.words() {
            assert_eq!(accuracy_of(&word.to_uppercase()) as i64, number, "{word}");
        }
        assert_eq!(accuracy_of("gps"), Accuracy::Unknown);
    }
}
