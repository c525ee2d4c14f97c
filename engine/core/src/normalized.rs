//! A standardized event as one JSON object: what `crossdock normalize` prints.
//!
//! The fields are defined in `docs/FORMATS.md`.

use crossdock_model::event::EventFlags;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::milestone::Direction;
use crossdock_model::reason::Reason;
use crossdock_model::time::Precision;

use crate::batch::{Batch, Group, Item};
use crate::json::Object;
use crate::lane::write_point;
use crate::say::SEPARATOR;
use crate::timeline::{write_codes, write_place};

/// Writes one event of a batch.
pub fn write(
    out: &mut Vec<u8>,
    batch: &Batch,
    group: &Group,
    item: &Item,
    feed_names: &[Box<str>],
) {
    let event = &item.event;
    let mut object = Object::begin(out);
    object.text("tracking_number", batch.text(group.number));
    if !group.aliases.is_empty() {
        object.list("aliases", batch.text(group.aliases).split(SEPARATOR));
    }
    object.text("carrier", batch.text(group.carrier));
    object.name("milestone", event.milestone.name());
    object.name("detail", event.detail.name());
    if event.reason != Reason::None {
        object.name("reason", event.reason.name());
        object.name("party", event.party.name());
    }
    if event.exception != ExceptionClass::None {
        object.name("exception", event.exception.name());
    }
    if event.direction != Direction::Forward {
        object.name("direction", event.direction.name());
    }
    object.instant("event_time", &event.time);
    object.local("local_time", &event.time);
    if event.time.precision != Precision::None {
        object.name("time_precision", event.time.precision.name());
        object.name("zone_source", event.time.zone_source.name());
    }
    write_codes(&mut object, batch.text(item.words.codes));
    object.text("text", batch.text(item.words.text));
    write_place(&mut object, batch.text(item.words.place));
    if let Some(spot) = batch.spot(group, item) {
        write_point(&mut object, "point", spot.point, spot.accuracy);
    }
    object.truth("physical", event.is_physical());
    if event.flags.has(EventFlags::ESTIMATE) {
        object.truth("estimate", true);
    }
    if event.flags.has(EventFlags::UNVERIFIED) {
        object.truth("unverified", true);
    }
    if event.flags.has(EventFlags::RESOLVES) {
        object.truth("resolves", true);
    }
    if event.flags.has(EventFlags::HEARSAY) {
        object.truth("hearsay", true);
    }
    object.text("order", batch.text(group.order));
    object.fields_of(batch.text(group.particulars));
    object.text("feed", feed_names.get(usize::from(event.feed.0)).map_or("", |name| name));
    object.end();
}
