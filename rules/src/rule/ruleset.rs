//! A rule set in force: rules, programs, index, calendars, and their hashes.
//!
//! # Place
//!
//! Built by `check` off the way of events; shared by the shards of `core`, swapped at a mark.
//!
//! # Holds
//!
//! - Rules are sorted by id, so an index into them is the same in every process that loads the same set.
//! - [`Rule::rev`] changes when, and only when, what the rule does may change.

use super::calendars::{CalendarRef, Calendars};
use super::compile::AtomOps;
use super::diagnostic::{Report, Span};
use super::duration::Duration;
use super::event_set::EventSet;
use super::field::FieldId;
use super::index::Index;
use super::machine::{Pool, Program};
use super::message::{Message, Slot};
use crossdock_model::exception::ExceptionClass;
use crossdock_model::milestone::{Audience, MilestoneSet};

/// How urgent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Severity {
    /// Good to know.
    Info = 0,
    /// Somebody should look at it.
    #[default]
    Warning = 1,
    /// Somebody must.
    Critical = 2,
}

impl Severity {
    /// The name in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Whether a rule speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Mode {
    /// Checked, not run.
    Disabled = 0,
    /// Run; what it says goes to the shadow subject.
    Shadow = 1,
    /// Run.
    #[default]
    Live = 2,
}

impl Mode {
    /// The name in rule files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Shadow => "shadow",
            Self::Live => "live",
        }
    }
}

/// How often a rule may raise on one shipment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Once {
    /// Once.
    #[default]
    Shipment = 0,
    /// Once per failed delivery attempt.
    Attempt = 1,
    /// Each time it happens, one at a time.
    Occurrence = 2,
}

/// Which time an event counts with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Clock {
    /// When it happened.
    #[default]
    Event,
    /// When it came in; a silent feed does not stop this clock.
    Wall,
}

/// A condition: its program, and its atoms for `explain`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Condition {
    pub(crate) program: Program,
    pub(crate) atoms: Vec<AtomNote>,
    /// Fields it reads, one bit each.
    pub(crate) fields: u128,
    /// It asks the history.
    pub(crate) history: bool,
    /// All of its atoms must hold.
    pub(crate) is_conjunction: bool,
}

/// An atom as written, and its operations.
#[derive(Clone, Debug)]
pub(crate) struct AtomNote {
    pub(crate) ops: AtomOps,
    pub(crate) text: String,
    pub(crate) span: Span,
    /// It must not hold: `unless`, or a negation.
    pub(crate) is_denied: bool,
    pub(crate) fields: Vec<FieldId>,
}

/// Until when something is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Limit {
    Within(Duration),
    /// Second of the day, days after the anchor's day, at which end.
    By(u32, u32, super::calendars::Role),
    /// A moment that the shipment carries, and seconds to add.
    Until(FieldId, i64),
}

/// How long silence may last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum StallLimit {
    Fixed(Duration),
    Learned { quantile: FieldId, min: u32, max: u32, support: u32, otherwise: u32 },
}

/// What counts as one thing when counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Distinct {
    Event,
    LocalDate,
    Place,
}

/// Events and milestones during which a clock stands still.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Pause {
    pub(crate) classes: u32,
    pub(crate) states: MilestoneSet,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Event {
        on: EventSet,
    },
    Expect {
        after: EventSet,
        want: EventSet,
        limit: Limit,
        calendar: CalendarRef,
        cancel: EventSet,
        pause: Pause,
    },
    Silence {
        of: EventSet,
        states: MilestoneSet,
        limit: StallLimit,
        calendar: CalendarRef,
        pause: Pause,
    },
    Count {
        of: EventSet,
        at_least: u16,
        within: Option<u32>,
        distinct: Distinct,
    },
    Watch {
        condition: Condition,
        wakes: Vec<(FieldId, i64)>,
    },
}

impl Kind {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Event { .. } => "event",
            Self::Expect { .. } => "expect",
            Self::Silence { .. } => "silence",
            Self::Count { .. } => "count",
            Self::Watch { .. } => "watch",
        }
    }
}

/// What ends a raise.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolve {
    pub(crate) declared: bool,
    pub(crate) event: EventSet,
    pub(crate) when: Option<Condition>,
    pub(crate) after: Option<u32>,
}

/// One rule in force.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its id, unique in the set.
    pub id: String,
    /// A line for people.
    pub title: String,
    /// Who looks after it.
    pub owner: String,
    /// The package it belongs to.
    pub package: String,
    /// What it raises, such as `NO_ACCEPTANCE`.
    pub code: String,
    /// The exception class of that name; `None` where the taxonomy has none.
    pub class: ExceptionClass,
    /// How urgent.
    pub severity: Severity,
    /// Who is told, one bit per [`Audience`].
    pub audiences: u8,
    /// Whether it speaks.
    pub mode: Mode,
    /// 64-bit hash of the canonical rule, its lists and its calendars.
    pub rev: u64,
    /// What people read.
    pub message: Message,
    pub(crate) shape: u64,
    pub(crate) apply_new: bool,
    pub(crate) span: Span,
    pub(crate) kind: Kind,
    pub(crate) kind_span: Span,
    pub(crate) subject: u8,
    pub(crate) scope: Vec<(FieldId, Vec<i64>, String)>,
    /// `where` and not `unless`.
    pub(crate) condition: Condition,
    /// The scope that the index does not check, and the condition: what runs after the index.
    pub(crate) residual: Program,
    pub(crate) resolve: Resolve,
    pub(crate) once: Once,
    pub(crate) hold: u32,
    pub(crate) keep: u32,
    pub(crate) clock: Clock,
    pub(crate) grace: Option<u32>,
    pub(crate) effective: (u32, u32),
    /// Units of about a nanosecond, at most.
    pub(crate) cost: u32,
}

impl Rule {
    /// Who is told, in the order of their numbers.
    pub fn audiences(&self) -> impl Iterator<Item = Audience> + '_ {
        Audience::ALL.into_iter().filter(|audience| self.audiences & (1 << *audience as u8) != 0)
    }

    /// `event`, `expect`, `silence`, `count` or `watch`.
    #[must_use]
    pub const fn kind_name(&self) -> &'static str {
        self.kind.name()
    }

    /// Upper bound of what it costs at one event, in units of about a nanosecond.
    #[must_use]
    pub const fn cost(&self) -> u32 {
        self.cost
    }

    /// True where customers are told.
    pub(crate) const fn tells_customers(&self) -> bool {
        self.audiences & (1 << Audience::Customer as u8) != 0
    }

    /// Fields that it looks at or tells, one bit each.
    pub(crate) fn reads(&self) -> u128 {
        let bit = |field: &FieldId| 1_u128 << *field as u8;
        let mut reads = self.condition.fields;
        for condition in self.resolve.when.iter() {
            reads |= condition.fields;
        }
        match &self.kind {
            Kind::Watch { condition, .. } => reads |= condition.fields,
            Kind::Expect { limit: Limit::Until(field, _), .. } => reads |= bit(field),
            _ => {}
        }
        self.scope.iter().for_each(|(field, ..)| reads |= bit(field));
        for slot in self.message.slots() {
            match slot {
                Slot::Field(field) => reads |= bit(field),
                Slot::DistanceKm => {
                    reads |= bit(&FieldId::EventPoint) | bit(&FieldId::DestinationPoint);
                }
                _ => {}
            }
        }
        reads
    }

    /// The events that may move a row of it whose clock is not stopped; `None` for all.
    pub(crate) fn follows(&self) -> Option<EventSet> {
        let own = match &self.kind {
            Kind::Event { on } => *on,
            Kind::Expect { after, want, cancel, pause, .. } if *pause == Pause::default() => {
                after.with(*want).with(*cancel)
            }
            Kind::Expect { .. } | Kind::Silence { .. } => return None,
            Kind::Count { of, .. } => *of,
            Kind::Watch { .. } => EventSet::default(),
        };
        self.resolve.when.is_none().then(|| own.with(self.resolve.event))
    }

    /// The events that may make it act for the first time.
    pub(crate) fn trigger(&self) -> EventSet {
        match &self.kind {
            Kind::Event { on } => *on,
            Kind::Expect { after, .. } => *after,
            Kind::Count { of, .. } => *of,
            Kind::Silence { of, states, .. } => {
                of.with(EventSet { milestones: *states, ..EventSet::default() })
            }
            Kind::Watch { .. } => EventSet::default(),
        }
    }
}

/// Rules in force.
#[derive(Clone, Debug)]
pub struct RuleSet {
    pub(crate) rules: Vec<Rule>,
    /// [`Rule::residual`] by rule index, close together: a candidate that fails touches no rule.
    pub(crate) residuals: Vec<super::machine::Program>,
    /// [`Rule::follows`] by rule index: a row that an event can't move touches no rule.
    pub(crate) follows: Vec<Option<EventSet>>,
    pub(crate) pool: Pool,
    pub(crate) calendars: Calendars,
    /// Fields that some rule reads, one bit each.
    pub(crate) reads: u128,
    /// Rules that may begin by what documents say beside events.
    pub(crate) awaited: Vec<u16>,
    /// One per subject.
    pub(crate) indexes: [Index; 3],
    pub(crate) rev: u64,
    pub(crate) warnings: Report,
}

impl RuleSet {
    /// The rules by index, sorted by id.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of an index that came with an action.
    #[must_use]
    pub fn rule(&self, index: u16) -> &Rule {
        &self.rules[usize::from(index)]
    }

    /// The index of a rule's id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<u16> {
        let found = self.rules.binary_search_by(|rule| rule.id.as_str().cmp(id)).ok()?;
        u16::try_from(found).ok()
    }

    /// Lets rules in shadow mode speak: for a replay that nobody hears but who asked for it.
    pub fn unmask(&mut self) {
        for rule in self.rules.iter_mut().filter(|rule| rule.mode == Mode::Shadow) {
            rule.mode = Mode::Live;
        }
    }

    /// True where some rule looks at a field or tells it: what nobody reads need not be worked out.
    #[must_use]
    pub const fn reads(&self, field: FieldId) -> bool {
        self.reads & (1 << field as u8) != 0
    }

    /// Hash of all rules: `ruleset_rev`.
    #[must_use]
    pub const fn rev(&self) -> u64 {
        self.rev
    }

    /// What `check` would warn of.
    #[must_use]
    pub const fn warnings(&self) -> &Report {
        &self.warnings
    }
}
