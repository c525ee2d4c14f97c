//! What happens to one shipment, from its label to its end.
//!
//! # Place
//!
//! A [`Story`] is a pure function of (parameters, shipment). The [plan](crate::plan) asks for the
//! story of whatever shipment stands at a slot; the [oracle](crate::oracle) asks for it again.
//!
//! # Method
//!
//! A [`Script`] deals steps one after the other, each some rounds after the one before; trouble,
//! stalls, lateness and early ends are drawn as it goes. A step that the feed can't tell is left
//! out.
//!
//! # Holds
//!
//! - Events stand in the order in which they happened. The round in which one *shows* is never
//!   before the round in which it happened.
//! - Two last-mile events that a rule tells apart by the local day are at least 26 hours apart.
//! - What is ambiguous in the fold by nature (a used number whose first life comes late) is never
//!   late; see `docs/decisions/0004-loadgen.md`.

use crate::carriers;
use crate::feed::Feed;
use crate::parameters::{EVENTS_MAX, Parameters};
use crate::place::{PLACES, US_COUNT};
use crate::random::{Dice, Purpose};
use crate::step::{Meaning, Step};

/// Hours between things that happen on different days, whatever the zone.
const NEXT_DAY_SECONDS: u64 = 26 * 3600;

/// One event of a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// What happens.
    pub step: Step,
    /// The round of the story in which it happens.
    pub round: u8,
    /// The round in which a document first tells it.
    pub shown: u8,
    /// Where: an index into the places.
    pub(crate) place: u8,
    /// It overtakes the event before it, which shows in the same round.
    pub(crate) overtakes: bool,
    /// It belongs to the life that the number had before.
    pub(crate) old: bool,
    /// Its clock is a day ahead.
    pub(crate) ahead: bool,
}

impl Planned {
    const NONE: Self = Self {
        step: Step::Unknown,
        round: 0,
        shown: 0,
        place: 0,
        overtakes: false,
        old: false,
        ahead: false,
    };
}

/// What happens to one shipment.
#[derive(Clone, Debug)]
pub struct Story {
    /// Which shipment.
    pub shipment: u64,
    /// Who tells it.
    pub feed: Feed,
    pub(crate) origin: u8,
    pub(crate) destination: u8,
    events: [Planned; EVENTS_MAX],
    count: u8,
}

impl Default for Story {
    fn default() -> Self {
        Self {
            shipment: 0,
            feed: Feed::Generic,
            origin: 0,
            destination: 0,
            events: [Planned::NONE; EVENTS_MAX],
            count: 0,
        }
    }
}

impl Story {
    /// What happens, in the order in which it does.
    #[must_use]
    pub fn events(&self) -> &[Planned] {
        &self.events[..usize::from(self.count)]
    }

    /// What event `index` means to whoever reads it.
    #[must_use]
    pub fn meaning(&self, index: usize) -> Meaning {
        let step = self.events()[index].step;
        carriers::saying(self.feed, step)
            .unwrap_or_else(|| unreachable!("a story holds only what its feed can tell"))
            .meaning
    }

    /// The rounds in which documents show something new, a bit each.
    #[must_use]
    pub fn rounds(&self) -> u64 {
        self.events().iter().fold(0, |rounds, event| rounds | 1 << event.shown)
    }

    /// Rewrites this story for a shipment.
    pub(crate) fn tell(&mut self, parameters: &Parameters, shipment: u64) {
        let mut dice = Dice::of(parameters.seed, Purpose::Story, shipment);
        self.shipment = shipment;
        self.count = 0;
        self.feed = draw_feed(parameters, &mut dice);
        let foreign = self.feed.knows_borders() && dice.chance(parameters.international_ppm);
        self.origin = dice.below(US_COUNT) as u8;
        self.destination = if foreign {
            dice.between(US_COUNT, PLACES.len() as u64 - 1) as u8
        } else {
            dice.below(US_COUNT) as u8
        };
        let stop_after = if dice.chance(parameters.stop_ppm) {
            dice.between(1, 4 + parameters.scans)
        } else {
            u64::MAX
        };
        let mut script = Script {
            story: self,
            parameters,
            dice,
            round: 0,
            place: 0,
            stop_after,
            closed: false,
            late: true,
            old: false,
        };
        script.place = script.story.origin;
        script.write();
    }
}

fn draw_feed(parameters: &Parameters, dice: &mut Dice) -> Feed {
    if let [(feed, _)] = parameters.feeds[..] {
        return feed;
    }
    let total: u64 = parameters.feeds.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let mut rest = dice.below(total);
    for &(feed, weight) in &parameters.feeds {
        if rest < u64::from(weight) {
            return feed;
        }
        rest -= u64::from(weight);
    }
    unreachable!("the rest is below the sum of the weights")
}

/// Deals the steps of one story.
struct Script<'a> {
    story: &'a mut Story,
    parameters: &'a Parameters,
    dice: Dice,
    round: u64,
    place: u8,
    stop_after: u64,
    closed: bool,
    late: bool,
    old: bool,
}

impl Script<'_> {
    fn write(&mut self) {
        if self.dice.chance(self.parameters.recycled_ppm) {
            self.former_life();
        }
        let cancelled = self.dice.chance(self.parameters.cancelled_ppm);
        let prepared = self.dice.chance(250_000);
        let early = self.late;
        if prepared {
            for step in [Step::OrderCreated, Step::OrderReleased, Step::Picked, Step::Packed] {
                self.then(step);
            }
        }
        if !early || cancelled || self.dice.chance(850_000) {
            self.then(Step::Label);
        }
        if cancelled && self.dice.chance(900_000) {
            self.then(Step::Cancelled);
            return;
        }
        if prepared && self.dice.chance(50_000) && self.supports(Step::ReadyInStore) {
            self.then(Step::ReadyInStore);
            self.then(Step::Collected);
            return;
        }
        self.then(Step::Pickup);
        if cancelled {
            self.then(Step::Cancelled);
        }
        self.late = true;
        self.travel();
        self.last_mile();
    }

    /// The life that the number had 45 days before. It is complete and comes in order, and so does
    /// the beginning of the new one: which life a stray scan belongs to is then never a question.
    fn former_life(&mut self) {
        self.late = false;
        self.old = true;
        for step in [Step::Label, Step::Pickup, Step::Arrived, Step::Delivered] {
            self.then(step);
        }
        self.old = false;
    }

    fn travel(&mut self) {
        let mean = self.parameters.scans;
        let scans =
            if mean == 0 { 0 } else { self.dice.between(mean / 2, mean + mean.div_ceil(2)) };
        let places = if self.is_foreign() { PLACES.len() as u64 } else { US_COUNT };
        for scan in 0..scans {
            if scan % 2 == 0 {
                self.then(Step::Departed);
            } else {
                self.place = self.dice.below(places) as u8;
                self.then(Step::Arrived);
                if self.dice.chance(250_000) {
                    self.at_once(Step::Processed);
                }
            }
        }
        if self.is_foreign() {
            self.place = self.story.destination;
            self.then(Step::CustomsStart);
            if self.dice.chance(150_000) {
                self.then(Step::CustomsHold);
            }
            self.then(Step::CustomsReleased);
        }
    }

    fn last_mile(&mut self) {
        self.place = self.story.destination;
        if self.dice.chance(500_000) {
            self.then(Step::Depot);
        }
        if self.dice.chance(50_000) {
            self.then(Step::Estimate);
        }
        self.then(Step::OutForDelivery);
        if self.dice.chance(self.parameters.return_to_sender_ppm) {
            if self.dice.chance(500_000) {
                self.then(Step::Refused);
            } else {
                self.then(Step::Attempt);
            }
            self.way_back();
            return;
        }
        while self.dice.chance(self.parameters.attempt_ppm) {
            self.then(Step::Attempt);
            if self.supports(Step::ReadyAtPoint) && self.dice.chance(200_000) {
                self.then(Step::ReadyAtPoint);
                self.then(Step::Collected);
                return;
            }
            self.next_day(Step::OutForDelivery);
        }
        let corrected = self.dice.chance(self.parameters.corrected_ppm);
        self.late &= !corrected;
        let signed = self.dice.chance(400_000) && self.supports(Step::Signed);
        self.then(if signed { Step::Signed } else { Step::Delivered });
        if corrected {
            self.next_day(Step::Arrived);
            self.then(Step::OutForDelivery);
            self.then(Step::Delivered);
        } else if self.supports(Step::ReturnRequested)
            && self.dice.chance(self.parameters.returns_ppm)
        {
            self.customer_returns();
        }
    }

    /// The carrier brings it back. Some scans on the way, and the delivery to the sender, are told
    /// in the words of the way there: only the lane says what they mean.
    fn way_back(&mut self) {
        if !self.supports(Step::ReturnStart) {
            return;
        }
        self.then(Step::ReturnStart);
        self.place = self.story.origin;
        for _ in 0..self.dice.below(3) {
            let own_words = self.supports(Step::ReturnTransit) && self.dice.chance(500_000);
            self.then(if own_words { Step::ReturnTransit } else { Step::Arrived });
        }
        let own_words = self.supports(Step::ReturnedToSender) && self.dice.chance(500_000);
        self.then(if own_words { Step::ReturnedToSender } else { Step::Delivered });
    }

    fn customer_returns(&mut self) {
        self.then(Step::ReturnRequested);
        self.then(Step::ReturnLabel);
        self.then(Step::ReturnAccepted);
        self.place = self.story.origin;
        self.then(Step::ReturnMoving);
        self.then(Step::ReturnReceived);
        self.then(Step::Inspection);
        self.then(Step::Restocked);
        self.then(Step::Refunded);
    }

    fn is_foreign(&self) -> bool {
        US_COUNT <= u64::from(self.story.destination)
    }

    fn supports(&self, step: Step) -> bool {
        carriers::saying(self.story.feed, step).is_some()
    }

    /// A round later, or days later where it stalls; something may go wrong before.
    fn then(&mut self, step: Step) {
        if step.is_ordinary_scan() && !self.old {
            // Trouble is drawn before ordinary scans only, which are about two thirds of all.
            if self.dice.chance(self.parameters.exception_ppm.saturating_mul(3) / 2) {
                self.trouble();
            }
            if self.dice.chance(self.parameters.unknown_ppm.saturating_mul(3) / 2) {
                self.add(Step::Unknown, 1);
            }
        }
        let stalls = self.dice.chance(self.parameters.stall_ppm);
        let stall_seconds = self.dice.between(50 * 3600, 100 * 3600);
        let gap = if stalls { self.rounds_of(stall_seconds) } else { 1 };
        self.add(step, gap);
    }

    fn trouble(&mut self) {
        let step = match self.dice.below(16) {
            0 => Step::Damaged,
            1..=3 => Step::Address,
            4..=6 => Step::Misrouted,
            7..=8 => Step::Held,
            _ => Step::Delayed,
        };
        self.add(if self.supports(step) { step } else { Step::Delayed }, 1);
        if self.supports(Step::Resolved) && self.dice.chance(200_000) {
            self.add(Step::Resolved, 1);
        }
    }

    const fn rounds_of(&self, seconds: u64) -> u64 {
        seconds.div_ceil(self.parameters.round_seconds)
    }

    /// Minutes later, in the same round.
    fn at_once(&mut self, step: Step) {
        self.add(step, 0);
    }

    /// On another day, whatever the zone: a gap of n rounds is longer than n - 1 of them.
    fn next_day(&mut self, step: Step) {
        let gap = self.rounds_of(NEXT_DAY_SECONDS) + 1;
        self.add(step, gap);
    }

    fn add(&mut self, step: Step, gap: u64) {
        let count = usize::from(self.story.count);
        if self.closed || !self.supports(step) {
            return;
        }
        let round = if count == 0 { 0 } else { self.round + gap };
        let full = count == EVENTS_MAX || self.stop_after <= count as u64;
        if full || self.parameters.rounds <= round {
            self.closed = true;
            return;
        }
        self.round = round;
        let shown = if gap == 0 { round } else { self.shown(round) };
        let ahead = self.late
            && step.is_ordinary_scan()
            && shown == round
            && self.dice.chance(self.parameters.future_ppm.saturating_mul(3) / 2)
            && self.parameters.history == 1;
        let place = if step.is_last_mile() { self.story.destination } else { self.place };
        self.story.events[count] = Planned {
            step,
            round: round as u8,
            shown: shown as u8,
            place,
            overtakes: gap == 0 && self.dice.chance(self.parameters.swapped_ppm),
            old: self.old,
            ahead,
        };
        self.story.count += 1;
    }

    /// The round in which a document tells what happened in `round`.
    fn shown(&mut self, round: u64) -> u64 {
        if !self.late || !self.dice.chance(self.parameters.late_ppm) {
            return round;
        }
        let days = self.dice.chance(self.parameters.days_late_ppm);
        let shown = round + if days { 9 } else { self.dice.between(1, 2) };
        if shown < self.parameters.rounds { shown } else { round }
    }
}
