//! What a document says of a shipment and no state needs: for people, tools and tests.
//!
//! # Place
//!
//! `reader` asks for it where the lane's options do; `normalized` prints it.
//!
//! # Method
//!
//! Written as one JSON object into the batch, fields in the order of `docs/FORMATS.md`; what is absent
//! is left out. It takes memory per document, which is why the engine itself does without.

use crossdock_model::time::EventTime;
use crossdock_rules::feed::program::{Feed, Place};

use super::waybill;
use crate::batch::{Batch, Span, cut};
use crate::extract::evaluate::Evaluator;
use crate::json::Object;
use crate::standardize::place::PlaceTexts;
use crate::standardize::time::Clock;

/// Estimate, service, other numbers, references, origin, destination and waybill of the open shipment.
pub(super) fn put<'a>(
    evaluator: &mut Evaluator<'a, '_>,
    clock: &Clock,
    feed: &'a Feed,
    eta: &EventTime,
    batch: &mut Batch,
) -> Span {
    let shipment = &feed.shipment;
    let mut out = Vec::new();
    let mut object = Object::begin(&mut out);
    write_time(&mut object, "eta", eta);
    if let Some(policy) = &shipment.eta_end {
        let place = PlaceTexts::find(evaluator, &shipment.destination);
        let zone = |evaluator: &Evaluator<'a, '_>| place.zone(evaluator, &clock.atlas);
        let end = clock.read(evaluator, policy, zone).unwrap_or_default();
        write_time(&mut object, "eta_end", &end);
    }
    let mut text = |expr| evaluator.text(expr).map(|text| evaluator.str(&text).to_owned());
    if let Some(service) = text(&shipment.service) {
        object.text("service", cut(&service));
    }
    if let Some(unique) = text(&shipment.unique) {
        object.text("unique", cut(&unique));
    }
    let alternates: Vec<String> = shipment.alternates.iter().filter_map(&mut text).collect();
    let alternates: Vec<&str> = alternates.iter().map(|it| cut(it)).collect();
    object.texts("alternates", &alternates);
    let references: Vec<(&str, String)> = shipment
        .references
        .iter()
        .filter_map(|(kind, expr)| Some((&**kind, text(expr)?)))
        .collect();
    if !references.is_empty() {
        object.object("references", |object| {
            for (kind, reference) in &references {
                object.text(kind, cut(reference));
            }
        });
    }
    for (key, place) in [("origin", &shipment.origin), ("destination", &shipment.destination)] {
        write_place(evaluator, clock, &mut object, key, place);
    }
    waybill::write(evaluator, clock, feed, &mut object);
    object.end();
    batch.put(core::str::from_utf8(&out).unwrap_or("{}"))
}

/// The instant, or the wall clock where none is known.
fn write_time(object: &mut Object<'_>, key: &str, time: &EventTime) {
    if time.instant.is_some() && time.precision != crossdock_model::time::Precision::Date {
        object.instant(key, time);
    } else {
        object.local(key, time);
    }
}

fn write_place<'a>(
    evaluator: &mut Evaluator<'a, '_>,
    clock: &Clock,
    object: &mut Object<'_>,
    key: &str,
    place: &'a Place,
) {
    let texts = PlaceTexts::find(evaluator, place);
    let parts = texts.parts(evaluator, &clock.atlas);
    if parts.0.iter().all(|part| part.is_empty()) {
        return;
    }
    object.object(key, |object| {
        let keys = ["city", "region", "postal_code", "country", "facility"];
        for (key, part) in keys.into_iter().zip(parts.0) {
            object.text(key, part);
        }
    });
}
