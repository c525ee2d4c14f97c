//! How an estimate is said: the change of kind `eta_changed` as `docs/FORMATS.md` defines it.
//!
//! # Holds
//!
//! - The id is a pure function of (shipment, epoch, "estimate", number of the estimate).

use crossdock_eta::{Basis, Cause, Estimate, NoEstimate};
use crossdock_model::change::ChangeKind;
use crossdock_model::id::{ChangeId, ShipmentKey};
use crossdock_model::milestone::Audience;
use crossdock_model::record::Seconds;
use crossdock_model::time::Micros;
use xxhash_rust::xxh3::xxh3_128;

use super::flight::Flight;
use crate::json::Object;
use crate::output::{MessageKind, Output, Place};
use crate::say;

/// What an estimate is about in an id; no milestone and no class has this number.
const SUBJECT: u8 = 0xFF;

/// The id of an estimate.
#[must_use]
pub fn change_id(key: ShipmentKey, epoch: u16, number: u32) -> ChangeId {
    let mut bytes = [0_u8; 28];
    bytes[0..16].copy_from_slice(&key.0.to_le_bytes());
    bytes[16..18].copy_from_slice(&epoch.to_le_bytes());
    bytes[20] = ChangeKind::EtaChanged as u8;
    bytes[21] = SUBJECT;
    bytes[24..28].copy_from_slice(&number.to_le_bytes());
    ChangeId(xxh3_128(&bytes))
}

/// What is said of a shipment.
pub(super) struct Statement<'a> {
    pub(super) flight: &'a Flight,
    pub(super) tenant: &'a str,
    pub(super) carrier: &'a str,
    pub(super) place: Place,
    /// Of a timer: the second at which it was due.
    pub(super) due: Option<Seconds>,
    pub(super) received: Micros,
    /// Fingerprint of the event; 0 where there was none.
    pub(super) event: u64,
    pub(super) from: Option<i64>,
    pub(super) answer: Result<Estimate, NoEstimate>,
    pub(super) cause: Cause,
}

/// Adds the message to an output.
pub(super) fn push(statement: &Statement<'_>, out: &mut Output) {
    let Statement { flight, tenant, place, received, .. } = statement;
    let id = change_id(flight.key, flight.epoch, flight.said);
    let kind = MessageKind::Change { kind: ChangeKind::EtaChanged, id };
    out.push_at(
        *place,
        kind,
        received.get().unwrap_or(0),
        |bytes| {
            bytes.extend_from_slice(b"ms.");
            say::write_token(bytes, tenant);
            bytes.push(b'.');
            bytes.extend_from_slice(Audience::Customer.name().as_bytes());
            bytes.push(b'.');
            bytes.extend_from_slice(ChangeKind::EtaChanged.name().as_bytes());
        },
        |bytes| write_body(bytes, id, statement),
    );
}

fn write_body(out: &mut Vec<u8>, id: ChangeId, statement: &Statement<'_>) {
    let flight = statement.flight;
    let mut object = Object::begin(out);
    object.hex128("id", id.0);
    object.name("kind", ChangeKind::EtaChanged.name());
    object.name("by", "engine");
    object.text("tenant", statement.tenant);
    object.text("carrier", statement.carrier);
    object.text("tracking_number", flight.number.text());
    object.number("epoch", u64::from(flight.epoch));
    object.number("estimate", u64::from(flight.said));
    object.name("milestone", flight.milestone.name());
    if let Some(from) = statement.from {
        object.utc("from", Micros::from_seconds(from));
    }
    match &statement.answer {
        Ok(estimate) => write_estimate(&mut object, flight, estimate),
        Err(no) => object.name("reason", no.name()),
    }
    object.name("cause", statement.cause.name());
    object.name("audience", Audience::Customer.name());
    object.utc("received", statement.received);
    if statement.event != 0 {
        object.hex64("event", statement.event);
    }
    object.object("position", |position| {
        position.number("seq", statement.place.position.seq);
        match statement.due {
            Some(due) => position.utc("due", due.micros()),
            None => position.number("index", u64::from(statement.place.position.index)),
        }
    });
    object.end();
}

fn write_estimate(object: &mut Object<'_>, flight: &Flight, estimate: &Estimate) {
    object.utc("to", Micros::from_seconds(estimate.p50));
    object.utc("p50", Micros::from_seconds(estimate.p50));
    object.utc("p90", Micros::from_seconds(estimate.p90));
    object.name("confidence", estimate.confidence.name());
    object.name("reason", estimate.reason.name());
    object.name("basis", estimate.basis.name());
    object.number("outcomes", u64::from(estimate.effective));
    if let Some(ppm) = estimate.breach_ppm {
        object.utc("promise", flight.promise_at.micros());
        object.millionths("breach", ppm);
    }
    if let Some(days) = estimate.promise_days_past {
        object.signed("days_past_promise", i64::from(days));
    }
    if let Some(days) = estimate.carrier_days_past {
        object.utc("carrier_estimate", flight.carrier_at.micros());
        object.signed("days_past_carrier_estimate", i64::from(days));
    }
    debug_assert!(estimate.basis != Basis::Carrier || flight.carrier_at.is_some());
}
