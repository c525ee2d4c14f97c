//! DHL Express XML services: the whole history, oldest first; the wall clock of a place, without a zone.

use crossdock_model::detail::Detail;
use crossdock_model::exception::ExceptionClass;

use crate::carriers::{Telling, Told};
use crate::place::Place;
use crate::step::{Meaning, Saying, Step};
use crate::text::Put as _;

/// Checkpoint codes. Whoever takes it, and however, `OK` is all that is said.
pub(crate) const fn saying(step: Step) -> Option<Saying> {
    let (code, text, meaning) = match step {
        Step::Label => ("SD", "Shipment data received", Meaning::of(Detail::LabelCreated)),
        Step::Pickup => ("PU", "Shipment picked up", Meaning::of(Detail::PickedUp)),
        Step::Departed => ("DF", "Departed Facility", Meaning::of(Detail::DepartedFacility)),
        Step::Arrived => ("AF", "Arrived Facility", Meaning::of(Detail::ArrivedFacility)),
        Step::Processed => ("PL", "Processed", Meaning::of(Detail::ProcessedAtFacility)),
        Step::CustomsStart => {
            ("RR", "Customs status updated", Meaning::of(Detail::CustomsInProgress))
        }
        Step::CustomsHold => (
            "UD",
            "Uncontrollable clearance delay",
            Meaning::of(Detail::CustomsHeld).opening(ExceptionClass::CustomsHold),
        ),
        Step::CustomsReleased => (
            "CR",
            "Clearance processing complete",
            Meaning::of(Detail::CustomsReleased).resolving(),
        ),
        Step::Depot => {
            ("AR", "Arrived at delivery facility", Meaning::of(Detail::ArrivedDeliveryDepot))
        }
        Step::OutForDelivery => {
            ("WC", "With delivery courier", Meaning::of(Detail::OutForDelivery))
        }
        Step::Attempt => ("NH", "Recipient not home", Meaning::attempt(Detail::Attempted)),
        Step::ReadyAtPoint => {
            ("CC", "Awaiting collection by recipient", Meaning::of(Detail::PickupReadyPoint))
        }
        Step::Delivered | Step::Signed | Step::Collected => {
            ("OK", "Delivered", Meaning::of(Detail::Delivered))
        }
        Step::Address => ("BA", "Bad address", Meaning::trouble(ExceptionClass::AddressIssue)),
        Step::Misrouted => ("MS", "Missorted", Meaning::trouble(ExceptionClass::Misrouted)),
        Step::Held => ("OH", "On hold", Meaning::trouble(ExceptionClass::Held)),
        Step::Refused => (
            "RD",
            "Recipient refused delivery",
            Meaning::of(Detail::Attempted).opening(ExceptionClass::Refused),
        ),
        Step::ReturnedToSender => ("RT", "Returned to shipper", Meaning::of(Detail::RtsDelivered)),
        Step::Unknown => ("ZZ", "See remarks", Meaning::of(Detail::Unmapped)),
        _ => return None,
    };
    Some(Saying::new([code, "", ""], text, meaning))
}

pub(crate) fn write(telling: &Telling<'_>, buffer: &mut Vec<u8>) {
    buffer.put(r#"<?xml version="1.0" encoding="UTF-8"?><req:TrackingResponse xmlns:req="http://www.dhl.com"><Response><ServiceHeader><MessageTime>"#);
    buffer.put_iso(telling.made());
    buffer.put("Z</MessageTime></ServiceHeader></Response><AWBInfo><AWBNumber>");
    telling.put_number(buffer);
    buffer.put("</AWBNumber><Status><ActionStatus>success</ActionStatus></Status><ShipmentInfo><Consignee>");
    put_address(telling.destination(), buffer);
    buffer.put("</Consignee><Shipper>");
    put_address(telling.origin(), buffer);
    buffer.put("</Shipper><ShipperReference><ReferenceID>A-");
    buffer.put_padded(telling.shipment(), 8);
    buffer.put("</ReferenceID></ShipperReference>");
    for sighting in telling.events().oldest_first() {
        put_event(&telling.told(sighting), buffer);
    }
    buffer.put("</ShipmentInfo></AWBInfo></req:TrackingResponse>");
}

fn put_address(place: &Place, buffer: &mut Vec<u8>) {
    buffer.put("<City>");
    buffer.put(place.city);
    buffer.put("</City><PostalCode>");
    buffer.put(place.postal_code);
    buffer.put("</PostalCode><CountryCode>");
    buffer.put(place.country);
    buffer.put("</CountryCode>");
}

fn put_event(told: &Told, buffer: &mut Vec<u8>) {
    buffer.put("<ShipmentEvent><Date>");
    let start = buffer.len();
    buffer.put_iso(told.local);
    let clock = buffer.split_off(start + "2026-05-21T".len());
    buffer.truncate(buffer.len() - 1);
    buffer.put("</Date><Time>");
    buffer.extend_from_slice(&clock);
    buffer.put("</Time><ServiceEvent><EventCode>");
    buffer.put(told.saying.codes[0]);
    buffer.put("</EventCode><Description>");
    buffer.put(told.saying.text);
    buffer.put("</Description></ServiceEvent><Signatory/><ServiceArea><Description>");
    buffer.put(told.place.city);
    buffer.put(", ");
    buffer.put(told.place.region);
    buffer.push(b' ');
    buffer.put(told.place.postal_code);
    buffer.put(" - ");
    buffer.put(told.place.country_3);
    buffer.put("</Description></ServiceArea></ShipmentEvent>");
}
