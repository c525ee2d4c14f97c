//! The values of one shipment at one moment, as one array: what predicates are run over.
//!
//! # Method
//!
//! Straight-line stores by group; groups that no rule of the set reads are left out. A value that is absent is
//! [`ABSENT`]. Texts stay where they are; the row only says whether they are there.

use crossdock_model::event::EventFlags;
use crossdock_model::record::Seconds;
use crossdock_model::time::Micros;

use super::facts::{End, Facts, Point, Symbol};
use super::field::{FIELD_COUNT, FieldId, Group, Groups};
use crate::calendar::zones;

/// Stands for "not there". Arithmetic never makes it: results are kept above.
pub const ABSENT: i64 = i64::MIN;

/// Values by [`FieldId`].
#[derive(Clone, Debug)]
pub struct Row(pub [i64; FIELD_COUNT]);

impl Default for Row {
    fn default() -> Self {
        Self([ABSENT; FIELD_COUNT])
    }
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

/// The point of a value made by [`point`].
pub(crate) fn to_point(value: i64) -> Point {
    Point { lat_e6: (value >> 32) as i32, lon_e6: value as i32 }
}

impl Row {
    /// The value of a field.
    #[must_use]
    pub const fn get(&self, field: FieldId) -> i64 {
        self.0[field as usize]
    }

    /// Fills in the groups that are read.
    pub fn gather(&mut self, facts: &Facts<'_>, groups: Groups) {
        if groups.has(Group::Event) {
            self.gather_event(facts);
        }
        if groups.has(Group::Record) {
            self.gather_record(facts);
        }
        if groups.has(Group::Shipment) {
            self.gather_shipment(facts);
        }
        if groups.has(Group::Eta) {
            self.gather_eta(facts);
        }
        if groups.has(Group::Lane) {
            let lane = facts.lane;
            self.set(FieldId::GapP50, number(lane.gap_p50));
            self.set(FieldId::GapP90, number(lane.gap_p90));
            self.set(FieldId::GapP95, number(lane.gap_p95));
            self.set(FieldId::GapP99, number(lane.gap_p99));
            self.set(FieldId::GapSupport, i64::from(lane.support));
        }
        if groups.has(Group::Feed) {
            let feed = facts.feed;
            self.set(FieldId::FeedName, symbol(feed.name));
            self.set(FieldId::FeedSilent, i64::from(feed.is_silent));
            self.set(FieldId::FeedSilentFor, i64::from(feed.silent_seconds));
            self.set(FieldId::FeedLimit, number(feed.limit_seconds));
        }
    }

    const fn set(&mut self, field: FieldId, value: i64) {
        self.0[field as usize] = value;
    }

    pub(crate) fn gather_event(&mut self, facts: &Facts<'_>) {
        use FieldId as F;
        let Some(event) = facts.event else {
            self.0[F::EventMilestone as usize..=F::EventText as usize].fill(ABSENT);
            return;
        };
        let scene = &facts.scene;
        let flag = |flag: EventFlags| i64::from(event.flags.has(flag));
        let happened = micros(event.time.instant);
        let received = micros(event.received);
        let late = happened != ABSENT && happened < i64::from(facts.before.last_at.0);
        let lateness =
            if happened == ABSENT || received == ABSENT { ABSENT } else { received - happened };
        self.set(F::EventMilestone, number(u32::from(event.milestone as u8)));
        self.set(F::EventDetail, event.detail as i64);
        self.set(F::EventException, number(u32::from(event.exception as u8)));
        self.set(F::EventReason, number(u32::from(event.reason as u8)));
        self.set(F::EventParty, number(u32::from(event.party as u8)));
        self.set(F::EventDirection, event.direction as i64);
        self.set(F::EventPhysical, flag(EventFlags::PHYSICAL));
        self.set(F::EventEstimate, flag(EventFlags::ESTIMATE));
        self.set(F::EventUnmapped, flag(EventFlags::UNMAPPED));
        self.set(F::EventUntrusted, flag(EventFlags::UNTRUSTED_TIME));
        self.set(F::EventLate, i64::from(late));
        self.set(F::EventTime, happened);
        self.set(
            F::EventReceived,
            if received == ABSENT { i64::from(facts.now.0) } else { received },
        );
        self.set(F::EventLateness, lateness);
        self.set(F::EventPoint, point(scene.point));
        self.set(F::EventAccuracy, number(u32::from(scene.accuracy as u8)));
        self.set(F::EventCountry, symbol(scene.country));
        self.set(F::EventRegion, symbol(scene.region));
        self.set(F::EventCode, if scene.code.is_some() { 0 } else { ABSENT });
        self.set(F::EventText, if scene.text.is_some() { 0 } else { ABSENT });
    }

    fn gather_record(&mut self, facts: &Facts<'_>) {
        use FieldId as F;
        let record = facts.after;
        self.set(F::Milestone, record.milestone as i64);
        self.set(F::Previous, record.previous as i64);
        self.set(F::Direction, record.direction as i64);
        self.set(F::Possession, record.possession as i64);
        self.set(F::LastDetail, record.detail.map_or(ABSENT, |detail| detail as i64));
        self.set(F::LastReason, number(u32::from(record.reason as u8)));
        self.set(F::Attempts, i64::from(record.attempts));
        self.set(F::Corrections, i64::from(record.corrections));
        self.set(F::HasProof, i64::from(record.has_proof));
        self.set(F::Inferred, i64::from(record.possession_inferred));
        self.set(F::EventCount, i64::from(record.event_count));
        self.set(F::ExceptionCount, i64::from(record.exception_count));
        self.set(F::StepCount, i64::from(record.step_count));
        self.set(F::FirstAt, seconds(record.first_at));
        self.set(F::LastAt, seconds(record.last_at));
        self.set(F::ScanAt, seconds(record.physical_at));
        self.set(F::MilestoneAt, seconds(record.milestone_at));
        self.set(F::PossessionAt, seconds(record.possession_at));
        self.set(F::DeliveredAt, seconds(record.delivered_at));
        self.set(F::AttemptedAt, seconds(record.attempted_at));
    }

    fn gather_shipment(&mut self, facts: &Facts<'_>) {
        use FieldId as F;
        let shipment = facts.shipment;
        let text = |text: Option<&str>| if text.is_some() { 0 } else { ABSENT };
        let mut end = |end: &End, country: F, region: F, place: F| {
            self.set(country, symbol(end.country));
            self.set(region, symbol(end.region));
            self.set(place, point(end.point));
        };
        end(&shipment.origin, F::OriginCountry, F::OriginRegion, F::OriginPoint);
        end(
            &shipment.destination,
            F::DestinationCountry,
            F::DestinationRegion,
            F::DestinationPoint,
        );
        let delivered = shipment.pieces != 0;
        self.set(F::Subject, shipment.subject as i64);
        self.set(F::Tenant, symbol(shipment.tenant));
        self.set(F::Carrier, symbol(shipment.carrier));
        self.set(F::Service, symbol(shipment.service));
        self.set(F::Mode, symbol(shipment.mode));
        self.set(F::Tier, symbol(shipment.tier));
        self.set(F::LaneName, symbol(shipment.lane));
        self.set(F::IsReturn, i64::from(shipment.is_return));
        self.set(F::Pieces, number(u32::from(shipment.pieces)));
        self.set(
            F::PiecesDelivered,
            if delivered { i64::from(shipment.pieces_delivered) } else { ABSENT },
        );
        self.set(F::Value, number(shipment.value));
        self.set(F::PromiseAt, seconds(shipment.promise_at));
        self.set(F::AppointmentAt, seconds(shipment.appointment_at));
        self.set(F::PickupUntil, seconds(shipment.pickup_until));
        self.set(F::ReturnLabelUntil, seconds(shipment.return_label_until));
        self.set(F::OriginPostal, text(facts.texts.origin_postal));
        self.set(F::DestinationPostal, text(facts.texts.destination_postal));
        self.set(F::Number, text(facts.texts.number));
    }

    fn gather_eta(&mut self, facts: &Facts<'_>) {
        use FieldId as F;
        let eta = facts.eta;
        let zone = facts.shipment.destination.zone;
        let date = |time: Seconds| match (time.is_some(), zone) {
            (false, _) => ABSENT,
            (true, Some(zone)) => i64::from(zones::local(zones::of(zone), i64::from(time.0)).0),
            (true, None) => i64::from(time.0) / 86_400,
        };
        let p50 = date(eta.p50_at);
        let past = |other: Seconds| {
            let other = date(other);
            if p50 == ABSENT || other == ABSENT { ABSENT } else { p50 - other }
        };
        self.set(F::EtaP50, seconds(eta.p50_at));
        self.set(F::EtaP90, seconds(eta.p90_at));
        self.set(F::EtaP50Date, p50);
        self.set(F::EtaCarrier, seconds(eta.carrier_at));
        self.set(F::EtaBreach, eta.breach_e6.map_or(ABSENT, i64::from));
        self.set(F::EtaPastPromise, past(facts.shipment.promise_at));
        self.set(F::EtaPastCarrier, past(eta.carrier_at));
        self.set(F::EtaConfidence, number(u32::from(eta.confidence)));
    }
}

/// The words of a text field.
pub(crate) fn text_of<'a>(facts: &Facts<'a>, field: FieldId) -> Option<&'a str> {
    match field {
        FieldId::EventCode => facts.scene.code,
        FieldId::EventText => facts.scene.text,
        FieldId::OriginPostal => facts.texts.origin_postal,
        FieldId::DestinationPostal => facts.texts.destination_postal,
        FieldId::Number => facts.texts.number,
        _ => None,
    }
}
