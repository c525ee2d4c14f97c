//! The values of one shipment at one moment: what predicates are run over.
//!
//! # Method
//!
//! Each value is worked out from the facts when an operation asks for it. A value that is absent is [`ABSENT`].
//! Texts stay where they are; a value only says whether they are there.

use crossdock_model::event::EventFlags;
use crossdock_model::record::Seconds;
use crossdock_model::time::Micros;

use super::facts::{Facts, Point, Symbol};
use super::field::{FieldId, Group};
use crate::calendar::zones;

/// Stands for "not there". Arithmetic never makes it: results are kept above.
pub const ABSENT: i64 = i64::MIN;

/// The values of a shipment, each worked out when it is asked for: most events ask for none or two.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    facts: &'a Facts<'a>,
    #[cfg(test)]
    given: Option<&'a [i64; super::field::FIELD_COUNT]>,
}

const fn seconds(time: Seconds) -> i64 {
    if time.0 == 0 { ABSENT } else { time.0 as i64 }
}

fn micros(time: Micros) -> i64 {
    time.get().map_or(ABSENT, |micros| micros.div_euclid(1_000_000))
}

const fn symbol(name: Symbol) -> i64 {
    if name.0 == 0 { ABSENT } else { name.0 as i64 }
}

const fn number(value: u32) -> i64 {
    if value == 0 { ABSENT } else { value as i64 }
}

fn point(point: Option<Point>) -> i64 {
    point.map_or(ABSENT, |point| {
        (i64::from(point.lat_e6) << 32) | i64::from(u32::from_ne_bytes(point.lon_e6.to_ne_bytes()))
    })
}

const fn text(words: Option<&str>) -> i64 {
    if words.is_some() { 0 } else { ABSENT }
}

/// The point of a value made by [`point`].
pub(crate) fn to_point(value: i64) -> Point {
    Point { lat_e6: (value >> 32) as i32, lon_e6: value as i32 }
}

impl<'a> Row<'a> {
    /// The values of these facts.
    #[must_use]
    pub const fn of(facts: &'a Facts<'a>) -> Self {
        Self {
            facts,
            #[cfg(test)]
            given: None,
        }
    }

    /// These values, whatever the facts are.
    #[cfg(test)]
    pub(crate) const fn given(
        facts: &'a Facts<'a>,
        values: &'a [i64; super::field::FIELD_COUNT],
    ) -> Self {
        Self { facts, given: Some(values) }
    }

    /// The value of a field.
    #[must_use]
    #[inline]
    pub fn get(&self, field: FieldId) -> i64 {
        #[cfg(test)]
        if let Some(values) = self.given {
            return values[field as usize];
        }
        match field.group() {
            Group::Event => self.of_event(field),
            Group::Record => self.of_record(field),
            Group::Shipment => self.of_shipment(field),
            Group::Eta => self.of_eta(field),
            Group::Lane | Group::Feed => self.of_statistics(field),
        }
    }

    /// The value of the field with a number, as operations have it.
    #[inline]
    pub(crate) fn at(&self, number: u8) -> i64 {
        FieldId::ALL.get(usize::from(number)).map_or(ABSENT, |field| self.get(*field))
    }

    fn of_event(&self, field: FieldId) -> i64 {
        use FieldId as F;
        let facts = self.facts;
        let Some(event) = facts.event else { return ABSENT };
        let scene = &facts.scene;
        let flag = |flag: EventFlags| i64::from(event.flags.has(flag));
        match field {
            F::EventMilestone => number(u32::from(event.milestone as u8)),
            F::EventDetail => event.detail as i64,
            F::EventException => number(u32::from(event.exception as u8)),
            F::EventReason => number(u32::from(event.reason as u8)),
            F::EventParty => number(u32::from(event.party as u8)),
            F::EventDirection => event.direction as i64,
            F::EventPhysical => flag(EventFlags::PHYSICAL),
            F::EventEstimate => flag(EventFlags::ESTIMATE),
            F::EventUnmapped => flag(EventFlags::UNMAPPED),
            F::EventUntrusted => flag(EventFlags::UNTRUSTED_TIME),
            F::EventLate => {
                let happened = micros(event.time.instant);
                let last = i64::from(facts.before.last_at.0);
                i64::from(happened != ABSENT && happened < last)
            }
            F::EventTime => micros(event.time.instant),
            F::EventReceived => match micros(event.received) {
                ABSENT => i64::from(facts.now.0),
                received => received,
            },
            F::EventLateness => match (micros(event.time.instant), micros(event.received)) {
                (ABSENT, _) | (_, ABSENT) => ABSENT,
                (happened, received) => received - happened,
            },
            F::EventPoint => point(scene.point),
            F::EventAccuracy => number(u32::from(scene.accuracy as u8)),
            F::EventCountry => symbol(scene.country),
            F::EventRegion => symbol(scene.region),
            F::EventCode => text(scene.code),
            F::EventText => text(scene.text),
            F::EventSignedBy => text(scene.signed_by),
            _ => ABSENT,
        }
    }

    fn of_record(&self, field: FieldId) -> i64 {
        use FieldId as F;
        let record = self.facts.after;
        match field {
            F::Milestone => record.milestone as i64,
            F::Previous => record.previous as i64,
            F::Direction => record.direction as i64,
            F::Possession => record.possession as i64,
            F::LastDetail => record.detail.map_or(ABSENT, |detail| detail as i64),
            F::LastReason => number(u32::from(record.reason as u8)),
            F::Attempts => i64::from(record.attempts),
            F::Corrections => i64::from(record.corrections),
            F::HasProof => i64::from(record.has_proof),
            F::Inferred => i64::from(record.possession_inferred),
            F::EventCount => i64::from(record.event_count),
            F::ExceptionCount => i64::from(record.exception_count),
            F::StepCount => i64::from(record.step_count),
            F::FirstAt => seconds(record.first_at),
            F::LastAt => seconds(record.last_at),
            F::ScanAt => seconds(record.physical_at),
            F::MilestoneAt => seconds(record.milestone_at),
            F::PossessionAt => seconds(record.possession_at),
            F::DeliveredAt => seconds(record.delivered_at),
            F::AttemptedAt => seconds(record.attempted_at),
            _ => ABSENT,
        }
    }

    fn of_shipment(&self, field: FieldId) -> i64 {
        use FieldId as F;
        let (shipment, texts) = (self.facts.shipment, &self.facts.texts);
        let (origin, destination) = (&shipment.origin, &shipment.destination);
        match field {
            F::OriginCountry => symbol(origin.country),
            F::OriginRegion => symbol(origin.region),
            F::OriginPoint => point(origin.point),
            F::DestinationCountry => symbol(destination.country),
            F::DestinationRegion => symbol(destination.region),
            F::DestinationPoint => point(destination.point),
            F::Subject => shipment.subject as i64,
            F::Tenant => symbol(shipment.tenant),
            F::Carrier => symbol(shipment.carrier),
            F::Service => symbol(shipment.service),
            F::Mode => symbol(shipment.mode),
            F::Tier => symbol(shipment.tier),
            F::LaneName => symbol(shipment.lane),
            F::IsReturn => i64::from(shipment.is_return),
            F::Pieces => number(u32::from(shipment.pieces)),
            F::PiecesDelivered => shipment.pieces_delivered.map_or(ABSENT, i64::from),
            F::Value => number(shipment.value),
            F::PromiseAt => seconds(shipment.promise_at),
            F::AppointmentAt => seconds(shipment.appointment_at),
            F::PickupUntil => seconds(shipment.pickup_until),
            F::ReturnLabelUntil => seconds(shipment.return_label_until),
            F::OriginPostal => text(texts.origin_postal),
            F::DestinationPostal => text(texts.destination_postal),
            F::Number => text(texts.number),
            _ => ABSENT,
        }
    }

    fn of_eta(&self, field: FieldId) -> i64 {
        use FieldId as F;
        let (eta, shipment) = (self.facts.eta, self.facts.shipment);
        let date = |time: Seconds| match (time.is_some(), shipment.destination.zone) {
            (false, _) => ABSENT,
            (true, Some(zone)) => i64::from(zones::local(zones::of(zone), i64::from(time.0)).0),
            (true, None) => i64::from(time.0) / 86_400,
        };
        let past = |other: Seconds| match (date(eta.p50_at), date(other)) {
            (ABSENT, _) | (_, ABSENT) => ABSENT,
            (p50, other) => p50 - other,
        };
        match field {
            F::EtaP50 => seconds(eta.p50_at),
            F::EtaP90 => seconds(eta.p90_at),
            F::EtaP50Date => date(eta.p50_at),
            F::EtaCarrier => seconds(eta.carrier_at),
            F::EtaBreach => eta.breach_e6.map_or(ABSENT, i64::from),
            F::EtaPastPromise => past(shipment.promise_at),
            F::EtaPastCarrier => past(eta.carrier_at),
            F::EtaConfidence => number(u32::from(eta.confidence)),
            _ => ABSENT,
        }
    }

    fn of_statistics(&self, field: FieldId) -> i64 {
        use FieldId as F;
        let (lane, feed) = (self.facts.lane, self.facts.feed);
        match field {
            F::GapP50 => number(lane.gap_p50),
            F::GapP90 => number(lane.gap_p90),
            F::GapP95 => number(lane.gap_p95),
            F::GapP99 => number(lane.gap_p99),
            F::GapSupport => i64::from(lane.support),
            F::FeedName => symbol(feed.name),
            F::FeedSilent => i64::from(feed.is_silent),
            F::FeedSilentFor => i64::from(feed.silent_seconds),
            F::FeedLimit => number(feed.limit_seconds),
            _ => ABSENT,
        }
    }
}

/// The words of a text field.
pub(crate) fn text_of<'a>(facts: &Facts<'a>, field: FieldId) -> Option<&'a str> {
    match field {
        FieldId::EventCode => facts.scene.code,
        FieldId::EventText => facts.scene.text,
        FieldId::EventSignedBy => facts.scene.signed_by,
        FieldId::OriginPostal => facts.texts.origin_postal,
        FieldId::DestinationPostal => facts.texts.destination_postal,
        FieldId::Number => facts.texts.number,
        _ => None,
    }
}
