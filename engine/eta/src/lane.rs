//! What a parcel's way is known by, and the tree of lanes over it.
//!
//! # Place
//! Between the caller's shipment record and [`crate::tree`].
//! # Method
//! A lane carries every attribute once; a [`Level`] picks the attributes that count at that height. The
//! identity of a node is a hash of the picked attributes, the class and the basis: nothing is interned,
//! so shards and machines agree without talking.
//! # Holds
//! Two different (level, class, basis, attributes) share an identity with a probability below 1e-7 at two
//! million lanes. A level whose attribute is missing is left out, never filled with a guess.
//! # Does not hold
//! Names; they are in [`crate::symbol::Names`].

use serde::{Deserialize, Serialize};

use crate::symbol::{Symbol, fold};

/// Where something is, twice: fine (three digits of a postal code, an airport, a depot) and coarse (a
/// state, a country). Either may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The fine place.
    pub fine: Symbol,
    /// The region around it.
    pub region: Symbol,
}

/// What is known of a parcel's way. Everything may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    /// The carrier that delivers.
    pub carrier: Symbol,
    /// Its service.
    pub service: Symbol,
    /// From where.
    pub origin: Place,
    /// To where.
    pub destination: Place,
    /// Distance band, 1 and up; 0 is unknown. The caller decides what a band is.
    pub distance_band: u8,
    /// Band of the promised transit time, 1 and up; 0 is unknown. The estimator fills it in.
    pub promised_band: u8,
}

/// The milestone since which the remaining time runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MilestoneClass {
    /// A label or an order exists.
    Label,
    /// The carrier has it.
    Accepted,
    /// It moves between facilities.
    InTransit,
    /// It is at the facility that delivers.
    AtDestinationHub,
    /// It is on the vehicle.
    OutForDelivery,
}

impl MilestoneClass {
    /// All classes, in the order a parcel passes them.
    pub const ALL: [MilestoneClass; 5] = [
        MilestoneClass::Label,
        MilestoneClass::Accepted,
        MilestoneClass::InTransit,
        MilestoneClass::AtDestinationHub,
        MilestoneClass::OutForDelivery,
    ];

    /// The name in files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            MilestoneClass::Label => "label",
            MilestoneClass::Accepted => "accepted",
            MilestoneClass::InTransit => "in_transit",
            MilestoneClass::AtDestinationHub => "at_destination_hub",
            MilestoneClass::OutForDelivery => "out_for_delivery",
        }
    }
}

/// What an estimate stands on. The last three are a date of somebody else plus the error that was
/// learned over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The learned remaining time.
    Learned,
    /// The carrier's own estimate and the residual over it.
    Carrier,
    /// The promised date and the residual over it.
    Promise,
    /// The declared transit table and the residual over it.
    Table,
}

impl Basis {
    /// All bases, in index order.
    pub const ALL: [Basis; 4] = [Basis::Learned, Basis::Carrier, Basis::Promise, Basis::Table];
    /// Cold start: what is trusted before anything was learned, best first.
    pub const COLD: [Basis; 4] = [Basis::Table, Basis::Carrier, Basis::Promise, Basis::Learned];

    /// The name in files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Basis::Learned => "learned",
            Basis::Carrier => "carrier",
            Basis::Promise => "promise",
            Basis::Table => "table",
        }
    }

    /// Whether values are signed errors over a date rather than times from a start.
    pub const fn is_residual(self) -> bool {
        !matches!(self, Basis::Learned)
    }
}

/// A height of the lane tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Carrier, service, fine origin, fine destination.
    Zip3,
    /// Carrier, service, fine destination.
    DestinationZip3,
    /// Carrier, service, origin region, destination region.
    Region,
    /// Carrier, service, destination region.
    DestinationRegion,
    /// Carrier, service, origin region.
    OriginRegion,
    /// Fine origin and fine destination, whoever carries.
    Route,
    /// Origin region and destination region, whoever carries.
    RouteRegion,
    /// Carrier, service, distance band.
    DistanceBand,
    /// Carrier, service, band of the promised transit time: who promises two weeks knows something.
    PromisedTransit,
    /// Carrier, service.
    Service,
    /// Carrier.
    Carrier,
    /// Everything.
    Root,
}

impl Level {
    /// All levels, leaf first.
    pub const ALL: [Level; 12] = [
        Level::Zip3,
        Level::DestinationZip3,
        Level::Region,
        Level::DestinationRegion,
        Level::OriginRegion,
        Level::Route,
        Level::RouteRegion,
        Level::DistanceBand,
        Level::PromisedTransit,
        Level::Service,
        Level::Carrier,
        Level::Root,
    ];

    /// The name in files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Zip3 => "zip3",
            Level::DestinationZip3 => "destination_zip3",
            Level::Region => "region",
            Level::DestinationRegion => "destination_region",
            Level::OriginRegion => "origin_region",
            Level::Route => "route",
            Level::RouteRegion => "route_region",
            Level::DistanceBand => "distance_band",
            Level::PromisedTransit => "promised_transit",
            Level::Service => "service",
            Level::Carrier => "carrier",
            Level::Root => "root",
        }
    }
}

/// The attributes that count at one level: the identity of a node, spelled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LaneKey {
    /// The height.
    pub level: Level,
    /// Since which milestone.
    pub class: MilestoneClass,
    /// What the values are.
    pub basis: Basis,
    /// Distance band or band of the promised transit, 0 where neither counts.
    pub band: u8,
    /// Carrier, or none where it does not count; likewise below.
    pub carrier: Symbol,
    /// Service.
    pub service: Symbol,
    /// Origin at the level's fineness.
    pub origin: Symbol,
    /// Destination at the level's fineness.
    pub destination: Symbol,
}

impl LaneKey {
    /// The key of a lane at a level, or nothing where an attribute that counts is missing.
    pub fn of(level: Level, class: MilestoneClass, basis: Basis, lane: &Lane) -> Option<LaneKey> {
        let none = Symbol::NONE;
        let (from, to) = (lane.origin, lane.destination);
        let (carrier, service, origin, destination, band, present) = match level {
            Level::Zip3 => {
                (lane.carrier, lane.service, from.fine, to.fine, 0, both(from.fine, to.fine))
            }
            Level::DestinationZip3 => {
                (lane.carrier, lane.service, none, to.fine, 0, to.fine.is_some())
            }
            Level::Region => {
                let present = both(from.region, to.region);
                (lane.carrier, lane.service, from.region, to.region, 0, present)
            }
            Level::DestinationRegion => {
                (lane.carrier, lane.service, none, to.region, 0, to.region.is_some())
            }
            Level::OriginRegion => {
                (lane.carrier, lane.service, from.region, none, 0, from.region.is_some())
            }
            Level::Route => (none, none, from.fine, to.fine, 0, both(from.fine, to.fine)),
            Level::RouteRegion => {
                (none, none, from.region, to.region, 0, both(from.region, to.region))
            }
            Level::DistanceBand => {
                let band = lane.distance_band;
                (lane.carrier, lane.service, none, none, band, 0 < band)
            }
            Level::PromisedTransit => {
                let band = lane.promised_band;
                (lane.carrier, lane.service, none, none, band, 0 < band)
            }
            Level::Service => (lane.carrier, lane.service, none, none, 0, lane.service.is_some()),
            Level::Carrier => (lane.carrier, none, none, none, 0, lane.carrier.is_some()),
            Level::Root => (none, none, none, none, 0, true),
        };
        present.then_some(LaneKey {
            level,
            class,
            basis,
            band,
            carrier,
            service,
            origin,
            destination,
        })
    }

    /// The identity, never 0.
    pub fn id(&self) -> u64 {
        let head = 1
            | (self.level as u64) << 8
            | (self.class as u64) << 16
            | (self.basis as u64) << 24
            | u64::from(self.band) << 32;
        let left = fold(self.carrier.0 ^ 0xA076_1D64_78BD_642F, self.service.0 ^ head);
        let right = fold(self.origin.0 ^ 0xE703_7ED1_A0B4_28DB, self.destination.0 ^ head);
        let id = fold(left ^ 0x8EBC_6AF0_9C88_C6E3, right ^ 0x5899_65CC_7537_4CC3);
        if id == 0 { 1 } else { id }
    }
}

fn both(origin: Symbol, destination: Symbol) -> bool {
    origin.is_some() && destination.is_some()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn lane() -> Lane {
        Lane {
            carrier: Symbol::of("ups"),
            service: Symbol::of("ground"),
            origin: Place { fine: Symbol::of("941"), region: Symbol::of("CA") },
            destination: Place { fine: Symbol::of("100"), region: Symbol::of("NY") },
            distance_band: 4,
            promised_band: 7,
        }
    }

    #[test]
    fn every_level_class_and_basis_is_a_node_of_its_own() {
        let mut seen = BTreeSet::new();
        for level in Level::ALL {
            for class in MilestoneClass::ALL {
                for basis in Basis::ALL {
                    let key = LaneKey::of(level, class, basis, &lane()).expect("all is known");
                    assert!(seen.insert(key.id()));
                }
            }
        }
        assert_eq!(seen.len(), 12 * 5 * 4);
    }

    #[test]
    fn a_way_and_its_way_back_differ() {
        let there = lane();
        let back = Lane { origin: there.destination, destination: there.origin, ..there };
        let id = |lane: &Lane| {
            LaneKey::of(Level::Zip3, MilestoneClass::Accepted, Basis::Learned, lane).map(|k| k.id())
        };
        assert_ne!(id(&there), id(&back));
    }

    #[test]
    fn a_missing_place_leaves_its_levels_out() {
        let lane = Lane { origin: Place::default(), ..lane() };
        let present: Vec<_> = Level::ALL
            .into_iter()
            .filter(|level| {
                LaneKey::of(*level, MilestoneClass::Label, Basis::Learned, &lane).is_some()
            })
            .map(Level::name)
            .collect();
        assert_eq!(
            present.join(" "),
            "destination_zip3 destination_region distance_band promised_transit service carrier root"
        );
        let nothing = Lane::default();
        let present = Level::ALL.into_iter().filter(|level| {
            LaneKey::of(*level, MilestoneClass::Label, Basis::Learned, &nothing).is_some()
        });
        assert_eq!(present.collect::<Vec<_>>(), [Level::Root]);
    }
}
