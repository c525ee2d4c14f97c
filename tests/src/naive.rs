//! The fold once more, from `docs/decisions/0003-fold.md` alone and too simple to be wrong.
//!
//! # Place
//! `tests/fold_laws.rs` holds the engine's incremental fold against it.
//! # Method
//! All events are kept in a `BTreeMap` under (order time, rank, reason, detail, name); whatever comes, the map is
//! walked from its beginning. Milestones are ranks, exceptions names, times seconds.
//! # Holds
//! Nothing of the engine is called here but the tables of the model crate.
//! # Does not hold
//! Numbers shared by several parcels; what is said of a change.

use std::collections::{BTreeMap, BTreeSet};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Ranks that the rules name.
mod rank {
    pub(super) const MANIFESTED: u8 = 18;
    pub(super) const POSSESSION: u8 = 20;
    pub(super) const TRANSIT: u8 = 30;
    pub(super) const CUSTOMS_BEHIND: u8 = 38;
    pub(super) const OUT_FOR_DELIVERY: u8 = 40;
    pub(super) const ATTEMPTED: u8 = 42;
    pub(super) const PICKUP: u8 = 44;
    pub(super) const PART: u8 = 48;
    pub(super) const DELIVERED: u8 = 50;
    pub(super) const RETURNING: u8 = 60;
    pub(super) const RETURNED: u8 = 64;
    pub(super) const RETURN_LABEL: u8 = 71;
    pub(super) const RETURN_PICKUP: u8 = 72;
    pub(super) const RETURN_TRANSIT: u8 = 74;
    pub(super) const RETURN_RECEIVED: u8 = 76;
    pub(super) const REFUND: u8 = 82;
    pub(super) const REPLACEMENT: u8 = 83;
    pub(super) const CANCELLED: u8 = 90;
    pub(super) const LOST: u8 = 92;
    pub(super) const DISPOSED: u8 = 94;
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    /// Rank of its milestone; 0 where it has none.
    pub rank: u8,
    /// It gives a reason: of two rows of one minute it leads.
    pub reason: bool,
    /// Its detail's number: only to order events of one time and rank.
    pub detail: u8,
    /// The exception it opens, by name.
    pub exception: Option<&'static str>,
    /// A scan.
    pub physical: bool,
    /// An estimate.
    pub estimate: bool,
    /// In no table.
    pub unmapped: bool,
    /// Ends problems.
    pub resolves: bool,
    /// It is a release by customs.
    pub customs_released: bool,
    /// Something that is to happen: its time may lie ahead.
    pub plan: bool,
    /// The vehicle has left the consignee.
    pub leaves_consignee: bool,
    /// It is sent to another address of its addressee.
    pub goes_elsewhere: bool,
    /// Somebody came for it.
    pub collected: bool,
    /// It was not delivered.
    pub corrects: bool,
    /// Another source knows that only a part of it was delivered.
    pub is_part: bool,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// Order time, seconds since 1970.
    pub at: i64,
    /// Local minus universal time, seconds.
    pub offset: i64,
    /// Its time can't be believed.
    pub untrusted: bool,
    /// Only its wall clock is known, read as universal time.
    pub vague: bool,
    /// What it says.
    pub says: Saying,
}

impl Happening {
    /// It carries a milestone that may be believed.
    const fn borders(&self) -> bool {
        self.says.rank != 0 && !self.says.estimate && !self.says.unmapped && !self.untrusted
    }
}

/// What is true.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    /// Use of the number, from 1.
    pub epoch: u32,
    /// Rank of the milestone.
    pub milestone: u8,
    /// Rank of the one before.
    pub previous: u8,
    /// When it was reached.
    pub milestone_at: Option<i64>,
    /// Lane: 0 forward, 1 back to the sender, 2 return.
    pub lane: u8,
    /// Open exceptions.
    pub open: BTreeSet<&'static str>,
    /// Attempts.
    pub attempts: u32,
    /// Deliveries and losses taken back.
    pub corrections: u32,
    /// Earliest scan that shows possession.
    pub possession_at: Option<i64>,
    /// The delivery that stands.
    pub delivered_at: Option<i64>,
    /// Events of the epoch.
    pub events: u32,
    seen: BTreeSet<u8>,
    attempted_at: Option<i64>,
    scanned_at: Option<i64>,
    border_at: Option<i64>,
}

/// Events of one shipment.
#[derive(Clone, Debug, Default)]
pub struct Naive {
    events: BTreeMap<(i64, u8, bool, u8, String), Happening>,
}

impl Naive {
    /// Adds an event under its name; the same name at the same time is the same event.
    pub fn add(&mut self, name: &str, happening: Happening) {
        let says = &happening.says;
        let rank = if says.rank == 0 { u8::MAX } else { says.rank };
        let key = (happening.at, rank, !says.reason, says.detail, name.to_owned());
        self.events.entry(key).or_insert(happening);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.events.len()
    }

    /// Folds everything from nothing.
    #[must_use]
    pub fn truth(&self) -> Truth {
        let mut truth = Truth::default();
        for happening in self.events.values() {
            let mut happening = happening.clone();
            if happening.says.is_part {
                happening.says.rank = rank::PART;
            }
            truth.take(&happening);
        }
        truth
    }
}

const fn lane_of(rank: u8) -> u8 {
    match rank {
        60..=64 => 1,
        70..=83 => 2,
        _ => 0,
    }
}

const fn ends_any_lane(rank: u8) -> bool {
    matches!(rank, rank::CANCELLED | rank::LOST | rank::DISPOSED)
}

const fn is_terminal(rank: u8) -> bool {
    ends_any_lane(rank)
        || matches!(rank, rank::DELIVERED | rank::RETURNED | rank::REFUND | rank::REPLACEMENT)
}

impl Truth {
    /// What can be compared: without what only the fold needs.
    #[must_use]
    pub fn bare(self) -> Self {
        Self {
            seen: BTreeSet::new(),
            attempted_at: None,
            scanned_at: None,
            border_at: None,
            ..self
        }
    }

    fn take(&mut self, event: &Happening) {
        let says = &event.says;
        if self.is_new_epoch(event) {
            *self = Self { epoch: self.epoch + 1, ..Self::default() };
        }
        self.events += 1;
        // Rule 2.
        if says.unmapped || event.untrusted {
            return;
        }
        if event.borders() {
            self.border_at = Some(event.at);
        }
        // Rule 7.
        let shows_possession = rank::POSSESSION <= says.rank && !ends_any_lane(says.rank);
        if says.physical && shows_possession && self.possession_at.is_none() {
            self.possession_at = Some(event.at);
        }
        // Rule 5, the way back that ends where it began.
        let stands_there = self.previous == rank::PICKUP
            && self.scanned_at.is_some_and(|scan| self.milestone_at.is_some_and(|it| scan <= it));
        let is_forward_again = self.milestone == rank::RETURNING
            && says.physical
            && !says.estimate
            && (says.goes_elsewhere || (says.collected && stands_there));
        if says.physical {
            self.scanned_at = Some(event.at);
        }
        // Rule 3.
        let had_carrier = self.seen.range(rank::POSSESSION..=rank::ATTEMPTED).next().is_some();
        let is_void = says.rank == rank::CANCELLED && had_carrier;
        self.problems(event, is_void);
        if is_forward_again {
            self.enter(says.rank, event.at);
        } else if !is_void && !says.estimate && says.rank != 0 {
            self.position(event);
        }
        if says.leaves_consignee {
            self.leave(event);
        }
        if says.corrects && self.milestone == rank::DELIVERED {
            self.corrections += 1;
            self.delivered_at = None;
            self.enter(rank::TRANSIT, event.at);
        }
        if is_terminal(self.milestone) {
            for class in ["REFUSED", "UNCLAIMED", "IDENTITY_FAILED", "PROHIBITED"] {
                self.open.remove(class);
            }
        }
    }

    /// Rule 1.
    fn is_new_epoch(&self, event: &Happening) -> bool {
        if self.epoch == 0 {
            return true;
        }
        let Some(border) = self.border_at else { return false };
        if !event.borders() {
            return false;
        }
        let gap = event.at - border;
        let begins = (10..=20).contains(&event.says.rank) && is_terminal(self.milestone);
        let has_arrived = matches!(self.milestone, rank::DELIVERED | rank::RETURNED);
        let labels_another = event.says.rank == rank::MANIFESTED && has_arrived;
        120 * DAY <= gap || (begins && 30 * DAY <= gap) || (labels_another && 12 * HOUR <= gap)
    }

    /// Rule 4.
    fn problems(&mut self, event: &Happening, is_void: bool) {
        let says = &event.says;
        let class = if is_void { Some("TRACKING_CONFLICT") } else { says.exception };
        if let Some(class) = class {
            self.open.insert(class);
        } else if says.resolves {
            self.open.clear();
        } else if says.physical && rank::POSSESSION <= says.rank {
            let behind_customs = rank::CUSTOMS_BEHIND <= says.rank || says.customs_released;
            self.open.retain(|class| match *class {
                "CUSTOMS_HOLD" | "PAYMENT_DUE" => !behind_customs,
                "DAMAGED" | "DUPLICATE_DELIVERY" | "TRACKING_CONFLICT" => true,
                "REFUSED" | "UNCLAIMED" | "IDENTITY_FAILED" | "PROHIBITED" => true,
                _ => false,
            });
        }
    }

    /// Rules 5 and 6.
    fn position(&mut self, event: &Happening) {
        let says = &event.says;
        if (20..=50).contains(&says.rank) && !says.physical {
            return;
        }
        let there = self.on_this_lane(says.rank);
        let here = self.milestone;
        let later_day = self.milestone_at.is_some_and(|then| {
            (then + event.offset).div_euclid(DAY) < (event.at + event.offset).div_euclid(DAY)
        });
        let since = self.milestone_at.map_or(i64::MAX, |then| event.at - then);
        let new_attempt = self.attempted_at.is_none_or(|then| 2 * HOUR < event.at - then);
        let forward_scan = says.physical && (20..=44).contains(&there);
        let taken_back = match here {
            rank::DELIVERED => {
                let ahead = if event.vague { 14 * HOUR } else { 0 };
                forward_scan && later_day && 120 * 60 + ahead < since
            }
            rank::LOST | rank::CANCELLED => {
                let backward =
                    matches!(there, rank::RETURNING | rank::RETURNED | rank::RETURN_TRANSIT);
                forward_scan || there == rank::DELIVERED || (says.physical && backward)
            }
            _ => false,
        };
        if taken_back {
            self.corrections += 1;
            self.delivered_at = None;
            self.enter(there, event.at);
            return;
        }
        let is_step = match (here, there) {
            (rank::ATTEMPTED, rank::ATTEMPTED) | (rank::PICKUP, rank::ATTEMPTED) => new_attempt,
            (rank::OUT_FOR_DELIVERY, rank::OUT_FOR_DELIVERY) => later_day,
            (rank::ATTEMPTED | rank::PICKUP, rank::OUT_FOR_DELIVERY) => 2 * HOUR < since,
            (here, there) if here == there => false,
            (rank::LOST, rank::DISPOSED) => true,
            (here, there) if ends_any_lane(there) => !is_terminal(here),
            (rank::CANCELLED | rank::DISPOSED, there) => self.lane < lane_of(there),
            (here, there) => here < there || self.lane < lane_of(there),
        };
        if is_step {
            self.enter(there, event.at);
        }
    }

    /// Rule 6: nobody said that it was unloaded, and nothing is the matter.
    fn leave(&mut self, event: &Happening) {
        let harmless = ["DELAYED", "DAMAGED", "MISROUTED", "TRACKING_CONFLICT"];
        let is_troubled = self.open.iter().any(|class| !harmless.contains(class));
        if (rank::POSSESSION..=rank::OUT_FOR_DELIVERY).contains(&self.milestone) && !is_troubled {
            self.enter(rank::DELIVERED, event.at);
        }
    }

    /// Rule 5: what a forward milestone is on the way back.
    fn on_this_lane(&self, rank: u8) -> u8 {
        if ends_any_lane(rank) || lane_of(rank) != 0 {
            return rank;
        }
        match (self.lane, rank) {
            (1, rank::DELIVERED) => rank::RETURNED,
            (1, 20..) => rank::RETURNING,
            (2, 18) => rank::RETURN_LABEL,
            (2, 19) => rank::RETURN_PICKUP,
            (2, rank::DELIVERED) => rank::RETURN_RECEIVED,
            (2, 20..) => rank::RETURN_TRANSIT,
            _ => rank,
        }
    }

    fn enter(&mut self, there: u8, at: i64) {
        self.previous = self.milestone;
        self.milestone = there;
        self.milestone_at = Some(at);
        self.seen.insert(there);
        if !ends_any_lane(there) {
            self.lane = lane_of(there);
        }
        if there == rank::ATTEMPTED {
            self.attempts += 1;
            self.attempted_at = Some(at);
        }
        if there == rank::DELIVERED {
            self.delivered_at = Some(at);
        }
    }
}
