//! What the rules say: raise, resolve, retract, and when to ask again.
//!
//! # Place
//!
//! Made by `run` while rules look at one shipment; turned into changes by `core`.
//!
//! # Holds
//!
//! - The list is in the order of rule index, then of happening: the same for any number of shards.
//! - (shipment, epoch, `rule id`, `episode`) names a raise for ever; `core` makes the change id of it.

use crossdock_model::record::Seconds;

/// Most values that one message carries.
pub const ARGS_MAX: usize = 8;

/// The values of a message's fields in the order of the template, `i64::MIN` where absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Args(pub [i64; ARGS_MAX]);

impl Default for Args {
    fn default() -> Self {
        Self([i64::MIN; ARGS_MAX])
    }
}

/// Why something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Cause {
    /// The event that `resolve` names came.
    Event = 0,
    /// The condition that `resolve` names holds, or the watched one no longer does.
    Condition = 1,
    /// The time that `resolve: after` names is over.
    Elapsed = 2,
    /// An event that `cancel` names came.
    Cancelled = 3,
    /// An event came late and shows that nothing was missing.
    LateEvent = 4,
    /// The event that caused it was taken back by its sender.
    EventRetracted = 5,
    /// The rule was taken out of the rule set.
    Withdrawn = 6,
    /// The number is used for another shipment now, or turned out to be used more often.
    EpochOver = 7,
}

impl Cause {
    /// The name in documents and rule tests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Condition => "condition",
            Self::Elapsed => "elapsed",
            Self::Cancelled => "cancelled",
            Self::LateEvent => "late_event",
            Self::EventRetracted => "event_retracted",
            Self::Withdrawn => "withdrawn",
            Self::EpochOver => "epoch_over",
        }
    }
}

/// One thing that rules say about one shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// An exception is to be opened.
    Raise {
        /// Index of the rule in its rule set; code, severity, audience and message are there.
        rule: u16,
        /// Which raise of this rule on this shipment, from 1.
        episode: u16,
        /// When it became true: the event's time, the deadline, or the end of `for`.
        at: Seconds,
        /// The time it is counted from: the anchor of an `expect`, the last scan of a `silence`.
        since: Seconds,
        /// Values for the message.
        args: Args,
    },
    /// It is over.
    Resolve {
        /// Index of the rule.
        rule: u16,
        /// Which raise is over.
        episode: u16,
        /// When it was over.
        at: Seconds,
        /// Why.
        cause: Cause,
    },
    /// It should not have been said.
    Retract {
        /// Index of the rule.
        rule: u16,
        /// Which raise is taken back.
        episode: u16,
        /// When that became known.
        at: Seconds,
        /// Why.
        cause: Cause,
    },
}

impl Action {
    /// Index of the rule that says it.
    #[must_use]
    pub const fn rule(&self) -> u16 {
        match self {
            Self::Raise { rule, .. } | Self::Resolve { rule, .. } | Self::Retract { rule, .. } => {
                *rule
            }
        }
    }
}

/// What the rules say at one event or timer. Reused: `clear` keeps the memory.
#[derive(Debug, Default)]
pub struct Actions {
    /// In the order in which they are to be said.
    pub list: Vec<Action>,
    /// When the shipment is to be looked at again: the earliest of its deadlines. `core` keeps one
    /// wheel entry per shipment and sets it to this after every call.
    pub next: Option<Seconds>,
    /// Ways taken, for coverage; `None` in production.
    pub(crate) notes: Option<Vec<(u16, Edge)>>,
}

/// A way that a rule can take; tests should take them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edge {
    /// It raised.
    Raised,
    /// It was asked and its condition did not hold, or what it waited for came in time.
    Quiet,
    /// `resolve` took place.
    Resolved,
    /// A raise was taken back.
    Retracted,
    /// An event of `cancel` came.
    Cancelled,
    /// A clock stood still.
    Paused,
    /// A silent feed kept it from raising.
    Frozen,
}

impl Actions {
    /// Room for what a single event says under the largest rule set.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { list: Vec::with_capacity(capacity), next: None, notes: None }
    }

    pub(crate) fn note(&mut self, rule: u16, edge: Edge) {
        if let Some(notes) = &mut self.notes {
            notes.push((rule, edge));
        }
    }

    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.list.clear();
        self.next = None;
    }
}
