//! Which rules an event concerns, before any of them runs.
//!
//! # Method
//!
//! Plans by milestone, detail, exception class, "any physical scan", "any event", and one for watched
//! conditions. A plan has a bit per rule, and for each equality field the set of rules that accept each value;
//! the candidates of an event are the AND of one set per field. Values that no rule names share one set.
//!
//! # Holds
//!
//! - The candidates are exactly the rules of the plan whose indexed scope accepts the shipment (property test).

use crossdock_model::detail::Detail;
use crossdock_model::event::Event;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::milestone::Milestone;

use super::field::FieldId;
use super::row::Row;

/// Plan number for "none".
const NO_PLAN: u16 = u16::MAX;
/// Fields that plans may split on.
const SLOTS: usize = FieldId::INDEXED.len();

/// A rule as the index sees it.
pub(crate) struct Entry {
    pub(crate) rule: u16,
    pub(crate) trigger: super::event_set::EventSet,
    /// It watches: the fields it reads, one bit each.
    pub(crate) watches: Option<u128>,
    /// Accepted values by slot of [`FieldId::INDEXED`], empty for all.
    pub(crate) accepts: [Vec<i64>; SLOTS],
}

/// Number of each known value of one field; 0 for all others.
#[derive(Clone, Debug, Default)]
struct Values {
    keys: Vec<i64>,
    numbers: Vec<u16>,
    mask: usize,
}

impl Values {
    fn new(mut known: Vec<i64>) -> Self {
        known.sort_unstable();
        known.dedup();
        known.truncate(usize::from(u16::MAX) - 1);
        let size = (known.len() * 2).next_power_of_two().max(2);
        let mut values = Self { keys: vec![0; size], numbers: vec![0; size], mask: size - 1 };
        for (value, number) in known.iter().zip(1..) {
            let mut at = values.place(*value);
            // Ends: half of the places are free.
            while values.numbers[at] != 0 {
                at = (at + 1) & values.mask;
            }
            values.keys[at] = *value;
            values.numbers[at] = number;
        }
        values
    }

    const fn place(&self, value: i64) -> usize {
        ((value as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & self.mask
    }

    #[inline]
    fn number(&self, value: i64) -> u16 {
        let mut at = self.place(value);
        // Ends: half of the places are free.
        while self.numbers[at] != 0 {
            if self.keys[at] == value {
                return self.numbers[at];
            }
            at = (at + 1) & self.mask;
        }
        0
    }
}

/// The rules of one trigger.
#[derive(Clone, Debug, Default)]
struct Plan {
    rules: Vec<u16>,
    words: usize,
    /// Slot, and the sets of its values one after the other.
    fields: Vec<(usize, Vec<u64>)>,
    /// For the watch plan: the set of rules that read each field.
    readers: Vec<(u8, Vec<u64>)>,
}

/// The numbers of an event's values, looked up once for all plans.
pub(crate) struct Keys([u16; SLOTS]);

#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    values: Vec<Values>,
    /// Slots on which some rule splits.
    split: Vec<usize>,
    plans: Vec<Plan>,
    by_milestone: Vec<u16>,
    by_detail: Vec<u16>,
    by_class: Vec<u16>,
    physical: u16,
    any: u16,
    watch: u16,
}

impl Index {
    pub(crate) fn new(entries: &[Entry]) -> Self {
        let mut index = Self {
            physical: NO_PLAN,
            any: NO_PLAN,
            watch: NO_PLAN,
            by_milestone: vec![NO_PLAN; 256],
            by_detail: vec![NO_PLAN; 256],
            by_class: vec![NO_PLAN; 256],
            ..Self::default()
        };
        for slot in 0..SLOTS {
            let known = entries.iter().flat_map(|entry| entry.accepts[slot].clone()).collect();
            index.values.push(Values::new(known));
        }
        index.split = (0..SLOTS)
            .filter(|slot| entries.iter().any(|e| !e.accepts[*slot].is_empty()))
            .collect();
        let of =
            |keep: &dyn Fn(&Entry) -> bool| entries.iter().filter(|e| keep(e)).collect::<Vec<_>>();
        for &milestone in Milestone::ALL {
            let plan =
                index.plan(&of(&|e| !e.trigger.any && e.trigger.milestones.contains(milestone)));
            index.by_milestone[milestone as usize] = plan;
        }
        for &detail in Detail::ALL {
            let bit = 1_u128 << (detail as u8);
            let plan = index.plan(&of(&|e| !e.trigger.any && e.trigger.details & bit != 0));
            index.by_detail[detail as usize] = plan;
        }
        for &class in ExceptionClass::ALL.iter().skip(1) {
            let plan = index.plan(&of(&|e| !e.trigger.any && e.trigger.classes & class.bit() != 0));
            index.by_class[class as usize] = plan;
        }
        index.physical = index.plan(&of(&|e| !e.trigger.any && e.trigger.physical));
        index.any = index.plan(&of(&|e| e.trigger.any));
        index.watch = index.plan(&of(&|e| e.watches.is_some()));
        index
    }

    fn plan(&mut self, entries: &[&Entry]) -> u16 {
        if entries.is_empty() {
            return NO_PLAN;
        }
        let words = entries.len().div_ceil(64);
        let mut plan = Plan { words, ..Plan::default() };
        plan.rules = entries.iter().map(|entry| entry.rule).collect();
        for slot in 0..SLOTS {
            if entries.iter().all(|entry| entry.accepts[slot].is_empty()) {
                continue;
            }
            let values = &self.values[slot];
            let count = usize::from(values.numbers.iter().copied().max().unwrap_or(0)) + 1;
            let mut sets = vec![0_u64; count * words];
            for (at, entry) in entries.iter().enumerate() {
                let accepts = &entry.accepts[slot];
                let mut set = |number: usize| sets[number * words + at / 64] |= 1 << (at % 64);
                if accepts.is_empty() {
                    (0..count).for_each(&mut set);
                } else {
                    accepts.iter().for_each(|value| set(usize::from(values.number(*value))));
                }
            }
            plan.fields.push((slot, sets));
        }
        for field in 0..128_u8 {
            let mut set = vec![0_u64; words];
            for (at, entry) in entries.iter().enumerate() {
                if entry.watches.is_some_and(|fields| fields & (1 << field) != 0) {
                    set[at / 64] |= 1 << (at % 64);
                }
            }
            if set.iter().any(|&word| word != 0) {
                plan.readers.push((field, set));
            }
        }
        self.plans.push(plan);
        u16::try_from(self.plans.len() - 1).expect("fewer than 300 triggers")
    }

    /// Looks up the values of a shipment.
    #[inline]
    pub(crate) fn keys(&self, row: Row<'_>) -> Keys {
        let mut keys = [0; SLOTS];
        for &slot in &self.split {
            keys[slot] = self.values[slot].number(row.get(FieldId::INDEXED[slot]));
        }
        Keys(keys)
    }

    /// Tells each rule whose trigger has the event and whose indexed scope accepts the keys. A rule that is in
    /// several plans is told once for each that has the event.
    #[inline]
    pub(crate) fn candidates(&self, event: &Event, keys: &Keys, mut tell: impl FnMut(u16)) {
        let plans = [
            self.by_milestone[event.milestone as usize],
            self.by_detail[event.detail as usize],
            self.by_class[event.exception as usize],
            if event.is_physical() { self.physical } else { NO_PLAN },
            self.any,
        ];
        for plan in plans {
            if let Some(plan) = self.plans.get(usize::from(plan)) {
                for word in 0..plan.words {
                    plan.scan(word, plan.all(word), keys, &mut tell);
                }
            }
        }
    }

    /// Tells each watching rule that reads one of the changed fields and accepts the keys.
    pub(crate) fn watchers(&self, changed: u128, keys: &Keys, mut tell: impl FnMut(u16)) {
        let Some(plan) = self.plans.get(usize::from(self.watch)) else { return };
        for word in 0..plan.words {
            let readers = plan.readers.iter().filter(|(field, _)| changed & (1 << field) != 0);
            let bits = readers.fold(0, |bits, (_, set)| bits | set[word]);
            plan.scan(word, bits, keys, &mut tell);
        }
    }

    /// True where some rule watches.
    pub(crate) const fn watches(&self) -> bool {
        self.watch != NO_PLAN
    }
}

impl Plan {
    /// The bits of a word that stand for a rule.
    #[inline]
    fn all(&self, word: usize) -> u64 {
        let left = self.rules.len() - word * 64;
        if left < 64 { (1 << left) - 1 } else { u64::MAX }
    }

    #[inline]
    fn scan(&self, word: usize, mut bits: u64, keys: &Keys, tell: &mut impl FnMut(u16)) {
        for (slot, sets) in &self.fields {
            bits &= sets[usize::from(keys.0[*slot]) * self.words + word];
        }
        // Ends: each turn clears a bit.
        while bits != 0 {
            tell(self.rules[word * 64 + bits.trailing_zeros() as usize]);
            bits &= bits - 1;
        }
    }
}
