//! Codes of the `generic` feed, what each says in the words of the naive model, and a record in its words.
//!
//! # Place
//! Under `fold_laws` and `witness_laws`.

use crate::naive::{Saying, Truth};
use crossdock_model::detail::{Detail, Evidence};
use crossdock_model::exception::ExceptionClass;
use crossdock_model::record::{Record, Seconds};

/// Codes of the `generic` feed, and the detail or exception each names. Exceptions that come with
/// a detail stand behind a `+`.
pub const CODES: &[&str] = &[
    "ORDER_CREATED",
    "PACKED",
    "LABEL_CREATED",
    "LABEL_VOIDED",
    "PICKUP_SCHEDULED",
    "PICKED_UP",
    "ARRIVED_FACILITY",
    "DEPARTED_FACILITY",
    "IN_TRANSIT_GENERIC",
    "CUSTOMS_PRESENTED",
    "CUSTOMS_RELEASED",
    "CUSTOMS_HELD+CUSTOMS_HOLD",
    "ARRIVED_DELIVERY_DEPOT",
    "OUT_FOR_DELIVERY",
    "ATTEMPTED+DELIVERY_FAILED",
    "PICKUP_READY_POINT",
    "DELIVERED",
    "DELIVERED_SIGNED",
    "DELIVERED_PARTIAL",
    "DELIVERED_DAMAGED+DAMAGED",
    "RTS_INITIATED",
    "RTS_DELIVERED",
    "RETURN_REQUESTED",
    "RETURN_LABEL_ISSUED",
    "RETURN_RECEIVED",
    "INSPECTION_STARTED",
    "DISP_RESTOCK",
    "REFUND_RELEASED",
    "CANCELLED",
    "LOST_CONFIRMED",
    "DISPOSED",
    "ETA_UPDATED",
    "INFO_ONLY",
    "EXCEPTION_RESOLVED",
    "TENDERED_ACCEPTANCE_PENDING",
    "POD_AVAILABLE",
    "DEPARTED_CONSIGNEE",
    "+DELAYED",
    "+ADDRESS_ISSUE",
    "+REFUSED",
    "+HELD",
    "+PAYMENT_DUE",
    "+TRACKING_CONFLICT",
    "+LOST_SUSPECTED",
    "+UNCLAIMED",
    "?SOMETHING_NEW",
    "RTS_IN_TRANSIT",
    "FORWARDED_NEW_ADDRESS",
    "COLLECTED_BY_CUSTOMER",
    "DELIVERY_CORRECTED",
];

/// Those of them that give a reason.
const REASONED: &[&str] = &["CUSTOMS_HELD"];

/// The name of a code, as it stands in a document.
#[must_use]
pub fn name(code: usize) -> &'static str {
    let code = CODES[code];
    let name = code.split('+').next().unwrap_or("");
    if name.is_empty() { &code[1..] } else { name.trim_start_matches('?') }
}

/// What a code says, in the words of the naive model.
///
/// # Panics
/// Where a code is not named after a detail.
#[must_use]
pub fn saying(code: usize) -> Saying {
    let mut parts = CODES[code].splitn(2, '+');
    let name = parts.next().unwrap_or("");
    let class = parts.next();
    let detail = match (name, class) {
        ("", _) => Detail::ExceptionOnly,
        _ if name.starts_with('?') => Detail::Unmapped,
        _ => Detail::from_name(name).expect("codes are named after details"),
    };
    let exception = class.map(|class| ExceptionClass::from_name(class).expect("a class").name());
    Saying {
        rank: detail.milestone().rank(),
        reason: REASONED.contains(&name),
        detail: detail as u8,
        exception,
        physical: detail.evidence() == Evidence::Physical,
        estimate: detail.evidence() == Evidence::Estimate,
        unmapped: detail.evidence() == Evidence::Unmapped,
        resolves: detail == Detail::ExceptionResolved,
        customs_released: detail == Detail::CustomsReleased,
        plan: matches!(detail, Detail::EtaUpdated | Detail::PickupScheduled),
        leaves_consignee: detail == Detail::DepartedConsignee,
        goes_elsewhere: detail == Detail::ForwardedNewAddress,
        collected: detail == Detail::CollectedByCustomer,
        is_part: false,
        corrects: detail == Detail::DeliveryCorrected,
    }
}

/// A record in the words of the naive model.
#[must_use]
pub fn seen(record: &Record) -> Truth {
    let time = |seconds: Seconds| seconds.is_some().then_some(i64::from(seconds.0));
    let mut truth = Truth::default();
    truth.epoch = u32::from(record.epoch);
    truth.milestone = record.milestone.rank();
    truth.previous = record.previous.rank();
    truth.milestone_at = time(record.milestone_at);
    truth.lane = record.direction as u8;
    truth.open = record.open.iter().map(ExceptionClass::name).collect();
    truth.attempts = u32::from(record.attempts);
    truth.corrections = u32::from(record.corrections);
    truth.possession_at = time(record.possession_at);
    truth.delivered_at = time(record.delivered_at);
    truth.events = u32::from(record.event_count);
    truth
}
