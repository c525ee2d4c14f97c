//! One shipment: its events in order of time, and what they fold to (docs/decisions/0003-fold.md).

use crate::table::{CLASSES, Meaning};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

const CARRIER_POSSESSION: u8 = 20;
const OUT_FOR_DELIVERY: u8 = 40;
const DELIVERY_ATTEMPTED: u8 = 42;
const AVAILABLE_FOR_PICKUP: u8 = 44;
const DELIVERED: u8 = 50;
const CANCELLED: u8 = 90;

fn class(name: &str) -> u32 {
    1 << CLASSES.iter().position(|class| *class == name).unwrap_or_default()
}

/// One event as the fold sees it.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    /// As the carrier says; what tells a repeat.
    pub time: i64,
    /// Orders the history: the time, or the receipt where the time is in the future.
    pub order: i64,
    pub local_day: i64,
    pub untrusted: bool,
    pub meaning: Meaning,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Lane {
    #[default]
    Forward,
    ToSender,
    Return,
}

/// What is true of a shipment.
#[derive(Clone, Debug)]
pub struct State {
    pub epoch: u32,
    pub milestone: u8,
    pub open: u32,
    pub corrections: u32,
    pub steps: u32,
    pub steps_into: [u8; 96],
    pub openings: [u8; CLASSES.len()],
    lane: Lane,
    border: i64,
    since: i64,
    since_day: i64,
    attempt_began: Option<i64>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            epoch: 0,
            milestone: 0,
            open: 0,
            corrections: 0,
            steps: 0,
            steps_into: [0; 96],
            openings: [0; CLASSES.len()],
            lane: Lane::Forward,
            border: 0,
            since: 0,
            since_day: 0,
            attempt_began: None,
        }
    }
}

pub fn is_terminal(rank: u8) -> bool {
    matches!(rank, DELIVERED | 64 | 82 | 83 | CANCELLED)
}

impl State {
    fn step(&mut self, fact: &Fact) {
        let meaning = &fact.meaning;
        let borders =
            meaning.rank != 0 && !meaning.estimate && !meaning.unmapped && !fact.untrusted;
        if self.begins_epoch(fact, borders) {
            *self = Self { epoch: self.epoch + 1, ..Self::default() };
        }
        if meaning.unmapped || fact.untrusted {
            return;
        }
        if borders {
            self.border = fact.order;
        }
        let had_carrier = (CARRIER_POSSESSION..=DELIVERY_ATTEMPTED)
            .any(|rank| self.steps_into[usize::from(rank)] != 0);
        if meaning.rank == CANCELLED && had_carrier {
            self.open_class(class("TRACKING_CONFLICT"));
            return;
        }
        self.exceptions(meaning);
        if !meaning.estimate {
            let target = self.on_lane(meaning);
            self.move_to(fact, target);
        }
        if is_terminal(self.milestone) {
            self.open &= !(class("REFUSED") | class("UNCLAIMED"));
        }
    }

    fn begins_epoch(&self, fact: &Fact, borders: bool) -> bool {
        if self.epoch == 0 {
            return true;
        }
        let silence = fact.order - self.border;
        let begins = (10..=20).contains(&fact.meaning.rank) && is_terminal(self.milestone);
        borders && self.border != 0 && (120 * DAY <= silence || (30 * DAY <= silence && begins))
    }

    fn open_class(&mut self, bit: u32) {
        if self.open & bit == 0 {
            self.open |= bit;
            self.openings[bit.trailing_zeros() as usize] += 1;
        }
    }

    fn exceptions(&mut self, meaning: &Meaning) {
        if let Some(exception) = meaning.exception {
            self.open_class(1 << exception);
            return;
        }
        if meaning.resolves {
            self.open = 0;
            return;
        }
        if meaning.physical && 20 <= meaning.rank {
            self.open &= !(class("DELAYED") | class("ADDRESS_ISSUE") | class("HELD"));
            self.open &= !(class("MISROUTED") | class("CAPACITY") | class("DELIVERY_FAILED"));
            if meaning.releases_customs || 38 <= meaning.rank {
                self.open &= !(class("CUSTOMS_HOLD") | class("PAYMENT_DUE"));
            }
        }
    }

    fn on_lane(&mut self, meaning: &Meaning) -> u8 {
        match meaning.rank {
            60..=69 => self.lane = Lane::ToSender,
            70..=89 => self.lane = Lane::Return,
            _ => {}
        }
        let scan = meaning.physical && (20..=50).contains(&meaning.rank);
        match (self.lane, meaning.rank) {
            (Lane::ToSender, DELIVERED) => 64,
            (Lane::ToSender, _) if scan => 60,
            (Lane::Return, 18) => 71,
            (Lane::Return, DELIVERED) => 76,
            (Lane::Return, _) if scan => 74,
            (_, rank) => rank,
        }
    }

    fn move_to(&mut self, fact: &Fact, target: u8) {
        let needs_scan = (20..=50).contains(&fact.meaning.rank);
        if target == 0 || (needs_scan && !fact.meaning.physical) {
            return;
        }
        let later_day = self.since_day < fact.local_day;
        let new_attempt = self.attempt_began.is_none_or(|began| 2 * HOUR < fact.order - began);
        let takes_back = self.milestone == DELIVERED
            && fact.meaning.physical
            && (20..=44).contains(&target)
            && later_day
            && 2 * HOUR < fact.order - self.since;
        let again = match (self.milestone, target) {
            (DELIVERY_ATTEMPTED | AVAILABLE_FOR_PICKUP, DELIVERY_ATTEMPTED) => new_attempt,
            (OUT_FOR_DELIVERY | DELIVERY_ATTEMPTED | AVAILABLE_FOR_PICKUP, OUT_FOR_DELIVERY) => {
                later_day
            }
            _ => false,
        };
        if !(self.milestone < target || takes_back || again) {
            return;
        }
        self.corrections += u32::from(takes_back);
        self.milestone = target;
        self.since = fact.order;
        self.since_day = fact.local_day;
        self.steps += 1;
        self.steps_into[usize::from(target)] += 1;
        if target == DELIVERY_ATTEMPTED && new_attempt {
            self.attempt_began = Some(fact.order);
        }
    }
}

/// A shipment.
#[derive(Debug, Default)]
pub struct Shipment {
    facts: Vec<Fact>,
    state: State,
    pub version: u32,
}

/// What an event was to its shipment.
pub enum Arrival {
    Known,
    /// The state before, and true where the event is the newest.
    New(State, bool),
}

impl Shipment {
    pub const fn state(&self) -> &State {
        &self.state
    }

    pub fn arrive(&mut self, fact: Fact) -> Arrival {
        let same = |known: &Fact| known.time == fact.time && known.meaning.id == fact.meaning.id;
        if self.facts.iter().any(same) {
            return Arrival::Known;
        }
        // What carries no milestone sorts behind what does.
        let key = |fact: &Fact| (fact.order, fact.meaning.rank.wrapping_sub(1));
        let at = self.facts.partition_point(|known| key(known) <= key(&fact));
        self.facts.insert(at, fact);
        let before = self.state.clone();
        let last = at + 1 == self.facts.len();
        if last {
            self.state.step(&fact);
        } else {
            self.state = State::default();
            for fact in &self.facts {
                self.state.step(fact);
            }
        }
        Arrival::New(before, last)
    }
}
