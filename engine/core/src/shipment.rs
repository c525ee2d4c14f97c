//! One tracking number as a shard knows it.
//!
//! # Holds
//!
//! - `record` is the fold of the history's newest epoch; `version` counts what was said.

use crossdock_model::id::ShipmentKey;
use crossdock_model::record::{Record, Seconds};
use crossdock_model::time::EventTime;

use crate::history::Run;
use crate::texts::TextId;

/// One tracking number of one tenant and carrier.
#[derive(Clone, Copy, Debug)]
pub struct Shipment {
    /// Which.
    pub key: ShipmentKey,
    /// What is true of it.
    pub record: Record,
    /// Where its history is.
    pub run: Run,
    /// How many changes were said of it.
    pub version: u32,
    /// `tenant \x1f carrier \x1f number`.
    pub name: TextId,
    /// The order it belongs to.
    pub order: TextId,
    /// The first carrier's unique id seen, hashed; 0 before one is.
    pub unique: u16,
    /// More than one unique id was seen: the number stands for several parcels.
    pub is_shared: bool,
    /// The carrier's estimate.
    pub eta: EventTime,
    /// The estimate before that.
    pub eta_replaced: EventTime,
    /// How new the document was that gave it.
    pub eta_observed: Seconds,
}
