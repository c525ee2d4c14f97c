//! One number's entries as the fold wants them: parcels apart, what was taken back left out, what several
//! sources report told once.
//!
//! # Place
//!
//! `history` (sorted entries) -> **`reading`** -> `fold`. Only where a history needs it: one source and one
//! parcel without retractions are folded as they lie.
//!
//! # Method
//!
//! Every entry gets a [`Role`]. Retractions find what they take back; then each entry, in order, joins
//! the best group of earlier witnesses that all agree with it (see `witness`), or begins one. The best
//! witness of a group leads: its time is the fact's, and what the others know beside is added to it.
//!
//! # Holds
//!
//! - Roles and facts are a function of the set of entries.
//! - Hearsay is no fact, no witness and takes nothing back: facts are those of the set without it.
//! - Time is linear in the entries: each looks back a bounded way. The shard takes no more than so many of a history that
//!   is read; should one be longer all the same, it is read plainly.
//! - A warm reading takes nothing from the allocator.

use crossdock_model::event::EventFlags;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::id::FeedId;
use crossdock_model::limits::{HISTORY_EVENTS_MAX, WITNESSED_EVENTS_MAX, WITNESSES_NEAR_MAX};
use crossdock_model::milestone::Milestone;
use crossdock_model::reason::Reason;
use crossdock_model::record::Record;

use crate::entry::Entry;
use crate::facts::{self, Counted, Parcel};
use crate::fold::{self, Fact};
use crate::say::SEPARATOR;
use crate::senses::{Sense, Senses};
use crate::texts::Texts;
use crate::witness::{self, Witness};

/// Seconds before an entry in which its other witnesses lie: a day, and what offsets may add.
const NEAR_SECONDS: u32 = 52 * 3600;

/// No entry.
const NOBODY: u16 = u16::MAX;

const _: () = assert!(HISTORY_EVENTS_MAX < NOBODY as usize);

/// What an entry is within its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A fact, or the best witness of one.
    Leads,
    /// Says what the entry of this index says better.
    Repeats(u16),
    /// Was taken back.
    Retracted,
    /// Takes another one back.
    Retracts,
    /// Belongs to another parcel.
    Elsewhere,
    /// Says what its feed may not say.
    Hearsay,
}

/// The strings and meanings that entries name by number.
#[derive(Clone, Copy, Debug)]
pub struct Dictionary<'a> {
    /// Meanings.
    pub senses: &'a Senses,
    /// Strings.
    pub texts: &'a Texts,
}

impl<'a> Dictionary<'a> {
    fn sense(self, entry: &Entry) -> &'a Sense {
        self.senses.get(entry.sense)
    }

    /// The carrier's primary code.
    fn code(self, entry: &Entry) -> &'a str {
        self.texts.get(self.sense(entry).codes).split(SEPARATOR).next().unwrap_or("")
    }
}

/// Which entries of a history are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them: one parcel.
    Whole,
    /// Those of one of several parcels, by its place among them.
    Parcel(usize),
}

/// A reading of one history, and the room for the next.
#[derive(Debug, Default)]
pub struct Reading {
    roles: Vec<Role>,
    /// By entry: the next witness of its group.
    next: Vec<u16>,
    /// By entry: its group.
    group_at: Vec<u16>,
    /// Groups in the order of their first entry.
    groups: Vec<Group>,
    facts: Vec<Fact>,
    parcels: Vec<Parcel>,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    first: u16,
    last: u16,
}

impl Reading {
    /// Finds the parcels of a shared number.
    pub fn find_parcels(&mut self, entries: &[Entry]) {
        facts::parcels(entries, &mut self.parcels);
    }

    /// The parcels found last.
    #[must_use]
    pub fn parcels(&self) -> &[Parcel] {
        &self.parcels
    }

    /// Reads the entries of a history, or those of one of the parcels found before.
    pub fn read(&mut self, entries: &[Entry], dictionary: Dictionary<'_>, scope: Scope) {
        self.roles.clear();
        self.facts.clear();
        let parcels = &self.parcels;
        self.roles.extend(entries.iter().map(|entry| match scope {
            Scope::Parcel(index) if facts::parcel_of(entry, parcels) != index => Role::Elsewhere,
            _ if dictionary.sense(entry).flags.has(EventFlags::HEARSAY) => Role::Hearsay,
            _ if entry.is_retraction() => Role::Retracts,
            _ => Role::Leads,
        }));
        self.next.clear();
        self.next.resize(entries.len(), NOBODY);
        self.group_at.clear();
        self.group_at.resize(entries.len(), NOBODY);
        self.groups.clear();
        if entries.len() <= WITNESSED_EVENTS_MAX {
            self.retract(entries, dictionary);
            self.group(entries, dictionary);
            self.lead(entries);
        }
        for (index, entry) in entries.iter().enumerate() {
            if self.roles[index] == Role::Leads {
                let fact = self.fact(entries, dictionary, index, entry);
                self.facts.push(fact);
            }
        }
        debug_assert!(self.facts.is_sorted_by_key(|fact| fact.at));
    }

    /// Marks what retractions take back: the event of the same id or code, meaning and time; else of the
    /// same code and time; else the last one before with the milestone that the retraction names.
    fn retract(&mut self, entries: &[Entry], dictionary: Dictionary<'_>) {
        for at in 0..entries.len() {
            if self.roles[at] != Role::Retracts {
                continue;
            }
            let entry = &entries[at];
            let sense = dictionary.sense(entry);
            let is_target = |other: &Entry| dictionary.sense(other).feed == sense.feed;
            if self.mark(entries, |it| is_target(it) && it.fingerprint == entry.fingerprint) {
                continue;
            }
            let code = dictionary.code(entry);
            let has_code = |it: &Entry| !code.is_empty() && dictionary.code(it) == code;
            if self.mark(entries, |it| is_target(it) && it.order == entry.order && has_code(it)) {
                continue;
            }
            if sense.milestone == Milestone::Unknown {
                continue;
            }
            let last = entries.iter().zip(&self.roles).rposition(|(it, &role)| {
                role == Role::Leads
                    && it.order <= entry.order
                    && is_target(it)
                    && dictionary.sense(it).milestone == sense.milestone
            });
            if let Some(last) = last {
                self.roles[last] = Role::Retracted;
            }
        }
    }

    fn mark(&mut self, entries: &[Entry], is_target: impl Fn(&Entry) -> bool) -> bool {
        let mut found = false;
        for (role, entry) in self.roles.iter_mut().zip(entries) {
            if matches!(role, Role::Leads | Role::Retracted) && is_target(entry) {
                *role = Role::Retracted;
                found = true;
            }
        }
        found
    }

    /// Puts every entry that says something into the best group, or into one of its own.
    fn group(&mut self, entries: &[Entry], dictionary: Dictionary<'_>) {
        let witness = |index: u16| {
            let entry = &entries[usize::from(index)];
            Witness { entry, sense: dictionary.sense(entry) }
        };
        for index in 0..entries.len() as u16 {
            let this = witness(index);
            if self.roles[usize::from(index)] != Role::Leads || !witness::says_something(&this) {
                continue;
            }
            let mut best: Option<(witness::Match, usize)> = None;
            let near = self.groups.iter().enumerate().rev().take(WITNESSES_NEAR_MAX);
            for (at, group) in near {
                let first = &entries[usize::from(group.first)];
                if first.order.0.saturating_add(NEAR_SECONDS) < this.entry.order.0 {
                    break;
                }
                if let Some(found) = self.agrees(&this, *group, witness)
                    && best.is_none_or(|(best, _)| found <= best)
                {
                    best = Some((found, at));
                }
            }
            let at = best.map_or(self.groups.len(), |(_, at)| at);
            self.group_at[usize::from(index)] = at as u16;
            match self.groups.get_mut(at) {
                Some(group) => {
                    self.next[usize::from(group.last)] = index;
                    group.last = index;
                }
                None => self.groups.push(Group { first: index, last: index }),
            }
        }
    }

    /// How well an entry agrees with all witnesses of a group; `None` where one of them says no.
    fn agrees<'a>(
        &self,
        this: &Witness<'_>,
        group: Group,
        witness: impl Fn(u16) -> Witness<'a>,
    ) -> Option<witness::Match> {
        let mut best: Option<witness::Match> = None;
        let mut at = group.first;
        // Ends: `next` leads from entry to later entry of the group.
        while at != NOBODY {
            let found = witness::agree(&witness(at), this)?;
            best = Some(best.map_or(found, |best| best.min(found)));
            at = self.next[usize::from(at)];
        }
        best
    }

    /// Chooses who leads each group.
    fn lead(&mut self, entries: &[Entry]) {
        for group in &self.groups {
            let (mut at, mut lead) = (group.first, group.first);
            // Ends: as above.
            while at != NOBODY {
                let standing = |index: u16| witness::standing(&entries[usize::from(index)]);
                if standing(at) < standing(lead) {
                    lead = at;
                }
                at = self.next[usize::from(at)];
            }
            at = group.first;
            while at != NOBODY {
                if at != lead {
                    self.roles[usize::from(at)] = Role::Repeats(lead);
                }
                at = self.next[usize::from(at)];
            }
        }
    }

    /// The fact of a leading entry, with what its other witnesses know beside.
    fn fact(
        &self,
        entries: &[Entry],
        dictionary: Dictionary<'_>,
        lead: usize,
        entry: &Entry,
    ) -> Fact {
        let mut fact = facts::fact(entry, dictionary.senses);
        let Some(group) = self.group_of(lead) else { return fact };
        let mut at = group.first;
        // Ends: as above.
        while at != NOBODY {
            let sense = dictionary.sense(&entries[usize::from(at)]);
            if fact.exception == ExceptionClass::None {
                fact.exception = sense.exception;
            }
            if fact.reason == Reason::None {
                fact.reason = sense.reason;
            }
            // One who knows that it was a part knows more than one who says "delivered".
            if sense.milestone == Milestone::PartiallyDelivered {
                (fact.milestone, fact.detail) = (sense.milestone, sense.detail);
            }
            // One who knows that nobody had it in hand knows more than one who assumes it.
            if !sense.flags.has(EventFlags::PHYSICAL) {
                fact.flags = fact.flags.without(EventFlags::PHYSICAL);
            }
            for flag in [EventFlags::RESOLVES, EventFlags::DIRECTION_SAID] {
                if sense.flags.has(flag) {
                    fact.flags = fact.flags.with(flag);
                }
            }
            at = self.next[usize::from(at)];
        }
        fact
    }

    /// The group of an entry, where it has other witnesses.
    fn group_of(&self, index: usize) -> Option<Group> {
        let group = self.groups.get(usize::from(*self.group_at.get(index)?))?;
        (group.first != group.last).then_some(*group)
    }

    fn members(&self, group: Group) -> impl Iterator<Item = usize> + '_ {
        let follow = |at: &u16| {
            let next = self.next[usize::from(*at)];
            (next != NOBODY).then_some(next)
        };
        core::iter::successors(Some(group.first), follow).map(usize::from)
    }

    /// What each entry is.
    #[must_use]
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// The facts, in order.
    #[must_use]
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// What is true of what was read.
    #[must_use]
    pub fn record(&self, base_epoch: u16, scope: Scope) -> Record {
        let mut record = fold::fold(base_epoch, self.facts.iter().copied());
        if let Scope::Parcel(index) = scope {
            let place = u16::try_from(index + 1).unwrap_or(u16::MAX);
            record.epoch = base_epoch.saturating_add(place);
        }
        record
    }

    /// True where an entry says something that no other entry says: a fact with no other witness, or a
    /// retraction.
    #[must_use]
    pub fn is_news(&self, index: usize) -> bool {
        match self.roles[index] {
            Role::Leads => self.group_of(index).is_none(),
            Role::Retracts => true,
            Role::Repeats(_) | Role::Retracted | Role::Elsewhere | Role::Hearsay => false,
        }
    }

    /// True where an entry is a fact by itself and no other fact comes after it.
    #[must_use]
    pub fn is_last_fact(&self, index: usize) -> bool {
        let is_alone = self.roles[index] == Role::Leads && self.group_of(index).is_none();
        is_alone && self.roles[index + 1..].iter().all(|&role| role != Role::Leads)
    }

    /// How often something happened in an epoch, what was taken back counted as well: what is said
    /// again after a retraction is said under another id.
    #[must_use]
    pub fn episode(
        &self,
        entries: &[Entry],
        senses: &Senses,
        (base_epoch, epoch): (u16, Option<u16>),
        counted: Counted,
    ) -> u16 {
        let is_counted = |sense: &Sense| match counted {
            Counted::Steps(milestone) => sense.milestone == milestone,
            Counted::Openings(class) => sense.exception == class,
            Counted::Corrections => sense.milestone != Milestone::Unknown,
        };
        let retracted = entries.iter().zip(&self.roles).filter(|(entry, role)| {
            **role == Role::Retracted && is_counted(senses.get(entry.sense))
        });
        let retracted = u16::try_from(retracted.count()).unwrap_or(u16::MAX);
        let happened = facts::times(base_epoch, self.facts.iter().copied(), epoch, counted);
        happened.saturating_add(retracted).max(1)
    }

    /// The feeds that report the fact of an entry, each once, in the order of their entries.
    pub fn sources(
        &self,
        entries: &[Entry],
        senses: &Senses,
        index: usize,
        mut visit: impl FnMut(FeedId),
    ) {
        let lead = match self.roles[index] {
            Role::Repeats(lead) => usize::from(lead),
            _ => index,
        };
        let feed = |at: usize| senses.get(entries[at].sense).feed;
        let Some(group) = self.group_of(lead) else { return visit(feed(lead)) };
        for (count, at) in self.members(group).enumerate() {
            let is_new = self.members(group).take(count).all(|other| feed(other) != feed(at));
            if is_new {
                visit(feed(at));
            }
        }
    }
}

/// What each entry of a number is, its parcels read one by one. For people: it takes memory.
#[must_use]
pub fn roles(entries: &[Entry], dictionary: Dictionary<'_>, is_shared: bool) -> Vec<Role> {
    let mut reading = Reading::default();
    if !is_shared {
        reading.read(entries, dictionary, Scope::Whole);
        return reading.roles;
    }
    reading.find_parcels(entries);
    let mut roles = vec![Role::Elsewhere; entries.len()];
    for parcel in 0..reading.parcels.len() {
        reading.read(entries, dictionary, Scope::Parcel(parcel));
        for (role, found) in roles.iter_mut().zip(&reading.roles) {
            if *found != Role::Elsewhere {
                *role = *found;
            }
        }
    }
    roles
}
