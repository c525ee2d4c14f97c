//! What an engine must say to the documents of a plan: an independent reading of
//! `docs/decisions/0003-fold.md`.
//!
//! # Place
//!
//! Takes the truth of each document from the [plan](crate::plan), never its bytes. What it expects
//! is compared with what an engine wrote by [`check`](crate::check), by benchmarks and by tests.
//!
//! # Method
//!
//! As simple as it can be said: for every event that arrives, the facts known before and the facts
//! known after are sorted and folded from nothing, and the two results are compared. All that is
//! kept of a shipment is which of its events have arrived and how many changes were said.
//!
//! # Holds
//!
//! - No code is shared with the engine. Where the decision leaves room, `docs/decisions/0004-loadgen.md`
//!   says which way this goes.

mod fold;
#[cfg(test)]
mod scenario;

use crossdock_model::change::ChangeKind;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::milestone::Milestone;

use crate::oracle::fold::{Fact, OrderKey, State};
use crate::plan::{Entry, Fate, Plan};
use crate::story::Story;
use crate::text::Put as _;

/// Seconds that a time may lie ahead of its receipt before nobody believes it.
const FUTURE_TOLERANCE_SECONDS: i64 = 2 * 3600;

/// One change that an engine must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// What kind.
    pub kind: ChangeKind,
    /// Of which shipment.
    pub shipment: u64,
    /// How often its number has been used, from 1.
    pub epoch: u32,
    /// Rises by one per change of the shipment, from 1.
    pub version: u32,
    /// Where it is now.
    pub milestone: Milestone,
    /// Where it was.
    pub previous: Milestone,
    /// The exception opened or resolved, else `None`.
    pub exception: ExceptionClass,
    /// Which occurrence of the same thing in this epoch, from 1.
    pub episode: u32,
}

/// What became of everything that came in: each event, or document without one, in one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Events that caused a change.
    pub emitted: u64,
    /// Events that had arrived before.
    pub known: u64,
    /// Events that are part of the history and changed nothing worth saying.
    pub history: u64,
    /// Events with a code in no table.
    pub unmapped: u64,
    /// Dead letters.
    pub dead: u64,
}

impl Account {
    /// Everything that came in.
    #[must_use]
    pub const fn ingested(&self) -> u64 {
        self.emitted + self.known + self.history + self.unmapped + self.dead
    }
}

/// What is kept of a shipment.
#[derive(Clone, Copy, Debug, Default)]
struct Ledger {
    /// Events that have arrived, a bit each.
    arrived: u64,
    /// Changes said.
    version: u32,
}

/// Expects what an engine must say, document by document.
#[derive(Debug)]
pub struct Oracle<'a> {
    plan: &'a Plan,
    ledgers: Vec<Ledger>,
    account: Account,
    changes: Vec<Change>,
}

impl<'a> Oracle<'a> {
    /// Knows nothing yet. Takes 16 bytes a shipment.
    #[must_use]
    pub fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            ledgers: vec![Ledger::default(); plan.parameters().shipments as usize],
            account: Account::default(),
            changes: Vec::new(),
        }
    }

    /// What became of everything so far.
    #[must_use]
    pub const fn account(&self) -> Account {
        self.account
    }

    /// Changes said of a shipment so far.
    #[must_use]
    pub fn said(&self, shipment: u64) -> u32 {
        self.ledgers[shipment as usize].version
    }

    /// Takes the next document; gives what must be said because of it, in order.
    pub fn apply(&mut self, entry: &Entry, story: &Story) -> &[Change] {
        assert!(entry.truth.shipment == story.shipment, "the story must be the entry's");
        self.changes.clear();
        if let Fate::Broken(_) = entry.truth.fate {
            self.account.dead += 1;
            return &self.changes;
        }
        let mut events: Vec<usize> = (0..story.events().len())
            .filter(|index| entry.truth.events >> index & 1 == 1)
            .collect();
        events.sort_by_key(|&index| self.plan.sighting(story, index).seconds);
        for index in events {
            self.event(story, index);
        }
        &self.changes
    }

    fn event(&mut self, story: &Story, index: usize) {
        let ledger = &mut self.ledgers[story.shipment as usize];
        if ledger.arrived >> index & 1 == 1 {
            self.account.known += 1;
            return;
        }
        let before = sorted(self.plan, story, ledger.arrived);
        ledger.arrived |= 1 << index;
        let after = sorted(self.plan, story, ledger.arrived);
        let (key, fact) = fact(self.plan, story, index);
        let is_last = after.last().is_some_and(|(last, _)| *last == key);
        let said = difference(&fold::fold(&before), &fold::fold(&after), is_last);
        for said in &said {
            ledger.version += 1;
            self.changes.push(Change {
                shipment: story.shipment,
                version: ledger.version,
                ..*said
            });
        }
        let account = &mut self.account;
        *match (said.is_empty(), fact.is_unmapped) {
            (false, _) => &mut account.emitted,
            (true, true) => &mut account.unmapped,
            (true, false) => &mut account.history,
        } += 1;
    }
}

/// The facts of a set of events of a story, in the order in which they are believed.
fn sorted(plan: &Plan, story: &Story, arrived: u64) -> Vec<(OrderKey, Fact)> {
    let mut facts: Vec<_> = (0..story.events().len())
        .filter(|index| arrived >> index & 1 == 1)
        .map(|index| fact(plan, story, index))
        .collect();
    facts.sort_by_key(|(key, _)| *key);
    facts
}

/// What is believed of one event, and where it sorts.
fn fact(plan: &Plan, story: &Story, index: usize) -> (OrderKey, Fact) {
    let sighting = plan.sighting(story, index);
    let received = plan.first_received_micros(story, index).div_euclid(1_000_000);
    let is_untrusted = received + FUTURE_TOLERANCE_SECONDS < sighting.seconds;
    let seconds = if is_untrusted { received } else { sighting.seconds };
    let meaning = sighting.meaning;
    let rank = match meaning.milestone {
        Milestone::Unknown => u8::MAX,
        milestone => milestone.rank(),
    };
    let key = OrderKey { seconds, rank, detail: meaning.detail as u8, index };
    let local = sighting.seconds + i64::from(sighting.offset_minutes) * 60;
    let fact = Fact {
        seconds,
        local_day: local.div_euclid(86_400),
        meaning,
        is_unmapped: meaning.is_unmapped(),
        is_untrusted,
    };
    (key, fact)
}

/// What is said of the step from one state to another. Shipment and version come later.
fn difference(before: &State, after: &State, is_last: bool) -> Vec<Change> {
    // A new epoch starts from nothing; one that only got another number does not.
    let nothing = State::default();
    let before = if is_last && before.epoch != after.epoch { &nothing } else { before };
    let change = |kind, exception, episode| Change {
        kind,
        shipment: 0,
        epoch: after.epoch,
        version: 0,
        milestone: after.milestone,
        previous: before.milestone,
        exception,
        episode,
    };
    let mut said = Vec::new();
    let is_other = after.milestone != before.milestone;
    let was_wrong = !is_last && is_other && before.milestone.is_terminal();
    let takes_back = before.corrections < after.corrections && (is_last || is_other);
    if takes_back || was_wrong {
        let episode = after.corrections.max(1);
        said.push(change(ChangeKind::Correction, ExceptionClass::None, episode));
    }
    if is_other || (is_last && before.step_count < after.step_count) {
        let episode = after.steps_into.get(&after.milestone).copied().unwrap_or(1);
        said.push(change(ChangeKind::Milestone, ExceptionClass::None, episode));
    }
    for (kind, now, then) in [
        (ChangeKind::ExceptionOpened, &after.open, &before.open),
        (ChangeKind::ExceptionResolved, &before.open, &after.open),
    ] {
        for class in now.difference(then) {
            let episode = after.openings_of.get(class).copied().unwrap_or(1);
            said.push(change(kind, *class, episode));
        }
    }
    said
}

impl Change {
    /// Writes it as a line of NDJSON, without its end, in the fields of `docs/FORMATS.md` that an
    /// oracle can know.
    pub fn put(&self, plan: &Plan, story: &Story, buffer: &mut Vec<u8>) {
        buffer.put(r#"{"kind":""#);
        buffer.put(self.kind.name());
        buffer.put(r#"","tenant":""#);
        buffer.put(plan.tenant(self.shipment));
        buffer.put(r#"","carrier":""#);
        buffer.put(plan.carrier(story));
        buffer.put(r#"","tracking_number":""#);
        plan.put_number(story, buffer);
        buffer.put(r#"","epoch":"#);
        buffer.put_number(u64::from(self.epoch));
        buffer.put(r#","version":"#);
        buffer.put_number(u64::from(self.version));
        buffer.put(r#","milestone":""#);
        buffer.put(self.milestone.name());
        buffer.put(r#"","previous":""#);
        buffer.put(self.previous.name());
        if self.exception != ExceptionClass::None {
            buffer.put(r#"","exception":""#);
            buffer.put(self.exception.name());
        }
        buffer.put(r#"","episode":"#);
        buffer.put_number(u64::from(self.episode));
        buffer.push(b'}');
    }
}
