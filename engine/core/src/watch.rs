//! What rules know of the shipments of one shard: rows, timers, feeds, and the rules in force.
//!
//! # Place
//!
//! Owned by a [`Shard`](crate::shard::Shard) that runs rules. `shard/rules` asks the rules at every
//! new event, lets time pass, and writes what they say.
//!
//! # Method
//!
//! One row handle per shipment, one wheel entry per shipment, one clock per feed. Stream time moves
//! second by second: a timer that was set for a second sees the shipment as it is then, with that
//! second as the present, so that it does not matter how seldom messages come.
//!
//! # Holds
//!
//! - Nothing here depends on batches, lanes or the number of shards.
//!
//! # Does not hold
//!
//! The shipments themselves and the writing.

pub mod alert;
pub mod ends;
pub mod kept;
pub mod promise;
pub mod sources;
pub mod speak;
pub mod state;
pub mod waybills;

use std::sync::Arc;

use crossdock_model::record::Seconds;
use crossdock_model::time::{EventTime, Precision};
use crossdock_rules::rule::action::Actions;
use crossdock_rules::rule::facts::{Eta, HashInterner, Symbol};
use crossdock_rules::rule::retired::Retired;
use crossdock_rules::rule::rows::{RowHandle, RowStore};
use crossdock_rules::rule::ruleset::RuleSet;
use crossdock_rules::wheel::{Due, Wheel};

use crate::entry::Entry;
use crate::say::SEPARATOR;
use crate::shard::ShardOptions;
use crate::tally::RuleTally;
use ends::WayEnd;
use sources::Sources;
use waybills::Waybills;

/// What one shipment has beside its record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ship {
    /// Its rows.
    pub handle: RowHandle,
    /// Its owner.
    pub tenant: Symbol,
    /// Who carries it.
    pub carrier: Symbol,
    /// `parcel`, `ltl` ..., where that is known.
    pub mode: Symbol,
    /// The epoch, or the parcel, in the ids of what rules say: the same for ever.
    pub label: u32,
    /// The feed of its last event.
    pub source: u32,
    /// The carrier's first estimate of the epoch: its last moment.
    pub promise_at: Seconds,
    /// The appointment, where one is known: its last moment.
    pub appointment_at: Seconds,
    /// Where it comes from.
    pub origin: WayEnd,
    /// Where it goes.
    pub destination: WayEnd,
    /// By which service of the carrier.
    pub service: Symbol,
    /// The epoch that its rows belong to; 0 before the first event.
    pub epoch: u16,
    /// A document spoke of one piece.
    pub is_single: bool,
    /// It has a row among the waybills.
    pub has_waybill: bool,
}

// It stands once per shipment: what few have goes to a table of its own.
const _: () = assert!(size_of::<Ship>() == 60);

/// The rules of a shard and what they remember.
#[derive(Debug)]
pub struct Watch {
    /// The rules in force.
    pub set: Arc<RuleSet>,
    /// Rules that were in force before.
    pub retired: Retired,
    /// They are counted and tell nobody.
    pub is_shadow: bool,
    /// Rows of all shipments and feeds.
    pub store: RowStore,
    /// One deadline per shipment.
    pub wheel: Wheel,
    /// By the shipment's slot.
    pub ships: Vec<Ship>,
    /// What documents say beside ways and events, for those who have more than one piece or anything else of it.
    pub waybills: Waybills,
    /// The feeds.
    pub sources: Sources,
    /// The feed of the message that is being applied.
    pub source: u32,
    /// Stream time, in whole seconds.
    pub now: Seconds,
    /// What was counted.
    pub tally: RuleTally,
    /// What the rules said at the last call.
    pub actions: Actions,
    /// The timers of one second.
    pub due: Vec<Due>,
    /// The facts of a shipment of several sources or parcels.
    pub entries: Vec<Entry>,
    /// The text of one alert.
    pub message: String,
    /// By feed id: what its shipments are.
    pub feed_modes: Vec<Symbol>,
}

/// The mode of what waits in a store.
pub const MODE_STORE: &str = "bopis";

impl Watch {
    /// A watch over nothing yet.
    #[must_use]
    pub fn new(set: Arc<RuleSet>, options: &ShardOptions) -> Self {
        let ShardOptions { shipments_expected, feed_modes, .. } = options;
        let (shard, shipments_expected) = ((options.index, options.count), *shipments_expected);
        Self {
            set,
            retired: Retired::default(),
            is_shadow: options.rules_shadow,
            store: RowStore::new(),
            wheel: Wheel::new(Seconds::NEVER, shipments_expected),
            ships: Vec::with_capacity(shipments_expected),
            waybills: Waybills::default(),
            sources: Sources::new(shard),
            source: 0,
            now: Seconds::NEVER,
            tally: RuleTally::default(),
            actions: Actions::with_capacity(64),
            due: Vec::new(),
            entries: Vec::new(),
            message: String::with_capacity(1024),
            feed_modes: feed_modes.iter().map(|mode| HashInterner::of(mode)).collect(),
        }
    }

    /// Makes room for a shipment, whose owner is `tenant \x1f carrier`.
    pub fn grow(&mut self, slot: usize, name: &str) {
        assert!(slot <= self.ships.len(), "slots are given in order");
        if self.ships.get(slot).is_some_and(|ship| *ship != Ship::default()) {
            return;
        }
        let mut parts = name.split(SEPARATOR);
        let mut symbol = || HashInterner::of(parts.next().unwrap_or(""));
        let (tenant, carrier) = (symbol(), symbol());
        let ship = Ship { tenant, carrier, ..Ship::default() };
        match self.ships.get_mut(slot) {
            // The slot of a forgotten shipment.
            Some(vacant) => *vacant = ship,
            None => self.ships.push(ship),
        }
    }

    /// Forgets a shipment: its rows, its timer, and what it is.
    pub fn forget(&mut self, slot: usize) {
        self.forget_waybill(slot);
        self.store.clear(&mut self.ships[slot].handle);
        self.ships[slot] = Ship::default();
        self.wheel.set(u32::try_from(slot).expect("a slot is 32 bits"), None);
    }

    /// Sets a shipment's deadline to what the rules said last.
    pub fn set_timer(&mut self, slot: usize) {
        let key = u32::try_from(slot).expect("a slot is 32 bits");
        self.wheel.set(key, self.actions.next);
    }

    /// What was counted so far, and what waits now.
    #[must_use]
    pub fn counted(&self) -> RuleTally {
        RuleTally {
            timers_pending: self.wheel.len() as u64,
            overflows: self.store.overflow_count(),
            ..self.tally
        }
    }
}

/// The carrier's estimate, which is the only one there is so far, as rules see it.
#[must_use]
pub fn eta_of(time: &EventTime) -> Eta {
    Eta { carrier_at: last_moment(time), ..Eta::default() }
}

/// The instant, or the local time read as UTC.
#[must_use]
pub fn moment_of(time: &EventTime) -> Seconds {
    let moment = if time.instant.is_some() { time.instant } else { time.local };
    Seconds::from_micros(moment)
}

/// The moment from which a deadline has passed: of a date its last second.
pub(crate) fn last_moment(time: &EventTime) -> Seconds {
    const DAY_REST: u32 = 86_399;
    let at = moment_of(time);
    let is_date = at.is_some() && time.precision == Precision::Date;
    if is_date { Seconds(at.0.saturating_add(DAY_REST)) } else { at }
}
