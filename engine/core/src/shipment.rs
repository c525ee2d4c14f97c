//! One tracking number as a shard knows it.
//!
//! # Holds
//!
//! - `record` is the fold of the history's newest epoch; `version` counts what was said.

use crossdock_model::id::ShipmentKey;
use crossdock_model::record::{Record, Seconds};

use crate::estimates::{Estimate, EstimateId};
use crate::history::Run;
use crate::numbers::NumberId;
use crate::order::Standing;
use crate::snapshot::bytes::{self, Flaw, Source};
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
    /// Whose it is, and what its carrier calls it.
    pub number: NumberId,
    /// The order it belongs to.
    pub order: TextId,
    /// How it stands within its order, as the order book was told.
    pub standing: Standing,
    /// The first carrier's unique id seen, hashed; 0 before one is.
    pub unique: u16,
    /// More than one unique id was seen: the number stands for several parcels.
    pub is_shared: bool,
    /// Several of its events may report one thing: more than one source or precision of time was
    /// seen, something was taken back, or is hearsay. See [`crate::reading`].
    pub is_witnessed: bool,
    /// Nobody has the slot; it waits for the next shipment.
    pub is_vacant: bool,
    /// The epoch of the record when its history was given back; 0 before that ever happened.
    pub base_epoch: u16,
    /// Events up to this time are known though their history is gone; see `shard::ageing`.
    pub sealed_at: Seconds,
    /// Stream time of its last new event, or of its first document.
    pub active_at: Seconds,
    /// The carrier's estimate.
    pub estimate: EstimateId,
}

const _: () = assert!(size_of::<Shipment>() <= 120, "see the figures in docs/PERFORMANCE.md");

impl Shipment {
    /// A shipment of which nothing is known.
    #[must_use]
    pub fn blank(key: ShipmentKey) -> Self {
        Self {
            key,
            record: Record::default(),
            run: Run::default(),
            version: 0,
            number: NumberId::default(),
            order: TextId::NONE,
            standing: Standing::default(),
            unique: 0,
            is_shared: false,
            is_witnessed: false,
            is_vacant: false,
            base_epoch: 0,
            sealed_at: Seconds::NEVER,
            active_at: Seconds::NEVER,
            estimate: EstimateId::NONE,
        }
    }

    /// Writes everything but its history and its texts: what is saved and what is hashed. `estimate` is
    /// its own.
    pub fn put(&self, estimate: &Estimate, out: &mut Vec<u8>) {
        let Self {
            key,
            record,
            run,
            version,
            number: _,
            order: _,
            standing,
            unique,
            is_shared,
            is_witnessed,
            is_vacant: _,
            base_epoch,
            sealed_at,
            active_at,
            estimate: _,
        } = self;
        let Estimate { eta, replaced, observed } = estimate;
        let mut head = [0; 44];
        head[..16].copy_from_slice(&key.0.to_le_bytes());
        head[16..20].copy_from_slice(&version.to_le_bytes());
        head[20..24].copy_from_slice(&(run.len() as u32).to_le_bytes());
        head[24..26].copy_from_slice(&standing.0.to_le_bytes());
        head[26..28].copy_from_slice(&unique.to_le_bytes());
        head[28] = u8::from(*is_shared);
        head[29] = u8::from(*is_witnessed);
        head[30..32].copy_from_slice(&base_epoch.to_le_bytes());
        head[32..36].copy_from_slice(&sealed_at.0.to_le_bytes());
        head[36..40].copy_from_slice(&active_at.0.to_le_bytes());
        head[40..].copy_from_slice(&observed.0.to_le_bytes());
        out.extend_from_slice(&head);
        bytes::put_event_time(out, eta);
        bytes::put_event_time(out, replaced);
        bytes::put_record(out, record);
    }

    /// Reads what [`Shipment::put`] wrote: the shipment without history and texts, its estimate,
    /// and how many entries its history has.
    ///
    /// # Errors
    ///
    /// See [`Flaw`].
    pub fn take(source: &mut Source<'_>) -> Result<(Self, Estimate, usize), Flaw> {
        let key = ShipmentKey(source.u128()?);
        let version = source.u32()?;
        let entry_count = source.u32()? as usize;
        let mut estimate = Estimate::default();
        let mut shipment = Self {
            key,
            version,
            run: Run::default(),
            number: NumberId::default(),
            order: TextId::NONE,
            standing: Standing(source.u16()?),
            unique: source.u16()?,
            is_shared: source.flag()?,
            is_witnessed: source.flag()?,
            is_vacant: false,
            base_epoch: source.u16()?,
            sealed_at: Seconds(source.u32()?),
            active_at: Seconds(source.u32()?),
            estimate: EstimateId::NONE,
            record: Record::default(),
        };
        estimate.observed = Seconds(source.u32()?);
        estimate.eta = bytes::take_event_time(source)?;
        estimate.replaced = bytes::take_event_time(source)?;
        shipment.record = bytes::take_record(source)?;
        Ok((shipment, estimate, entry_count))
    }
}
