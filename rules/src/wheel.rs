//! The timers of a shard: one deadline per shipment, told in order when stream time passes them.
//!
//! # Place
//!
//! Owned by a shard of `core`. [`Actions::next`](crate::rule::action::Actions::next) sets a
//! shipment's entry; [`Wheel::advance`] tells which shipments to hand to `on_timer`.
//!
//! # Method
//!
//! Hashed hierarchical wheels (Varghese and Lauck 1987): four wheels of 256 slots for the four bytes
//! of a 32-bit second, each slot a doubly linked list threaded through arrays that are indexed by
//! key. The second in hand is emptied into a layered bitmap, which gives its keys in order without
//! sorting. Moving a list down a wheel, emptying it into the bitmap and telling are counted in
//! steps, and a call stops when its budget of steps is spent: a million timers in one second
//! are spread over calls.
//!
//! # Holds
//!
//! - Order is (deadline, key), whatever the order of `set` and however time advanced. A deadline that
//!   is set when it has passed counts as the second in hand.
//! - A key has at most one deadline. Setting and clearing take constant time.
//! - No memory is taken unless a key is the largest so far.
//!
//! # Does not hold
//!
//! What a deadline is for.

use crossdock_model::record::Seconds;

/// Slots of one wheel.
const SLOTS: usize = 256;
/// Wheels, one per byte of a second.
const LEVELS: usize = 4;
/// End of a list.
const NIL: u32 = u32::MAX;
/// Place of a key without a deadline.
const NOWHERE: u16 = u16::MAX;
/// Place of a key in the bitmap of the second in hand.
const IN_HAND: u16 = u16::MAX - 1;

/// A deadline that has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// The deadline as it was set.
    pub deadline: Seconds,
    /// Whose it was: the shipment's slot.
    pub key: u32,
}

/// Deadlines by key.
#[derive(Debug)]
pub struct Wheel {
    /// The second in hand. Every deadline before it has been told.
    second: u32,
    /// Levels above 0 whose slot at `second` still has to be moved down; 0 for none.
    cascade: usize,
    heads: Vec<u32>,
    /// Entries in the lists of each wheel: empty wheels are passed over in one hop.
    lens: [usize; LEVELS],
    entries: Vec<Entry>,
    in_hand: Bitmap,
    count: usize,
    /// Nothing happens before this second: no deadline, no list to be moved down.
    quiet_until: u64,
}

/// One key: deadline, neighbours in its list, and which list.
#[derive(Clone, Copy, Debug)]
struct Entry {
    deadline: u32,
    next: u32,
    previous: u32,
    place: u16,
}

const VACANT: Entry = Entry { deadline: 0, next: NIL, previous: NIL, place: NOWHERE };

impl Wheel {
    /// A wheel that begins at a second of stream time, with room for keys below `key_count`.
    #[must_use]
    pub fn new(start: Seconds, key_count: usize) -> Self {
        let mut wheel = Self {
            second: start.0,
            cascade: 0,
            heads: vec![NIL; SLOTS * LEVELS],
            lens: [0; LEVELS],
            entries: Vec::new(),
            in_hand: Bitmap::default(),
            count: 0,
            quiet_until: 0,
        };
        wheel.reserve(key_count);
        wheel
    }

    /// Room for keys below `key_count`.
    pub fn reserve(&mut self, key_count: usize) {
        if self.entries.len() < key_count {
            self.entries.resize(key_count, VACANT);
            self.in_hand.reserve(key_count);
        }
    }

    /// How many keys have a deadline.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// True where no key has a deadline.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The second in hand: part of a snapshot.
    #[must_use]
    pub const fn second(&self) -> Seconds {
        Seconds(self.second)
    }

    /// The deadline of a key.
    #[must_use]
    pub fn deadline(&self, key: u32) -> Option<Seconds> {
        let entry = self.entries.get(key as usize)?;
        (entry.place != NOWHERE).then_some(Seconds(entry.deadline))
    }

    /// Every deadline by rising key: the contents for a snapshot. Setting them again in any order on a
    /// new wheel with the same second gives a wheel that tells the same.
    pub fn iter(&self) -> impl Iterator<Item = Due> + '_ {
        self.entries.iter().enumerate().filter(|(_, entry)| entry.place != NOWHERE).map(
            |(key, entry)| Due {
                deadline: Seconds(entry.deadline),
                key: u32::try_from(key).unwrap_or(NIL),
            },
        )
    }

    /// Sets, moves or (with `None`) clears the deadline of a key.
    pub fn set(&mut self, key: u32, deadline: Option<Seconds>) {
        assert!(key < NIL);
        self.reserve(key as usize + 1);
        let entry = self.entries[key as usize];
        match deadline {
            Some(deadline) if entry.place != NOWHERE && entry.deadline == deadline.0 => {}
            Some(deadline) => {
                self.take_out(key);
                self.entries[key as usize].deadline = deadline.0;
                self.put(key);
                self.count += 1;
            }
            None => self.take_out(key),
        }
    }

    /// Tells the deadlines up to and including `now`, at most `budget` steps' worth of work; a step
    /// is one entry moved or told, about 10 to 20 ns. What is told has no deadline any more. True
    /// when all is told; otherwise call again with the same `now`, before any later event.
    pub fn advance(&mut self, now: Seconds, budget: usize, due: &mut Vec<Due>) -> bool {
        let mut steps = budget;
        // Ends: each turn spends a step or moves `second`, which stops at `now`.
        loop {
            if !self.move_down(&mut steps)
                || !self.fill_bitmap(&mut steps)
                || !self.tell(&mut steps, due)
            {
                return false;
            }
            if now.0 <= self.second {
                return true;
            }
            self.step(now.0);
        }
    }

    /// Tells the deadlines of the next second up to and including `now` that has any, and which
    /// second that is; `None` when all is told. What is told has no deadline any more.
    ///
    /// Deadlines that are set between two calls are told in their turn, so that the caller may let
    /// time pass second by second without looking at those in which nothing happens.
    pub fn advance_second(&mut self, now: Seconds, due: &mut Vec<Due>) -> Option<Seconds> {
        if u64::from(now.0) < self.quiet_until {
            self.second = self.second.max(now.0);
            return None;
        }
        let told = due.len();
        let mut steps = usize::MAX;
        // Ends: each turn tells something or moves `second`, which stops at `now`.
        loop {
            let is_done = self.move_down(&mut steps)
                && self.fill_bitmap(&mut steps)
                && self.tell(&mut steps, due);
            assert!(is_done, "no machine has that many entries");
            if told < due.len() {
                return Some(self.second());
            }
            if now.0 <= self.second {
                return None;
            }
            self.step(now.0);
        }
    }

    /// Goes on to the next second that may hold something.
    fn step(&mut self, now: u32) {
        assert!(self.second < now);
        let empty = self.lens.iter().take_while(|len| **len == 0).count();
        let target = if empty == 0 {
            let rest = (self.second & 0xFF) as usize + 1;
            let hop = (rest..SLOTS).find(|&slot| self.heads[slot] != NIL).unwrap_or(SLOTS);
            u64::from(self.second & !0xFF) + hop as u64
        } else {
            // Nothing before the next turn of the first wheel that has entries.
            let turn = 1_u64 << (8 * empty);
            (u64::from(self.second) / turn + 1) * turn
        };
        if u64::from(now) < target {
            self.second = now;
            self.quiet_until = target;
            return;
        }
        self.quiet_until = 0;
        self.second = u32::try_from(target).expect("not above now");
        // Pair: `put` puts nothing above the highest byte in which it differs.
        self.cascade = match self.second.trailing_zeros() {
            0..8 => 0,
            8..16 => 1,
            16..24 => 2,
            _ => 3,
        };
    }

    /// Moves the lists that begin at `second` to lower wheels, from the top.
    fn move_down(&mut self, steps: &mut usize) -> bool {
        while 0 < self.cascade {
            let list = self.cascade * SLOTS + self.slot(self.cascade);
            // Ends: each turn takes one entry out of the list.
            while self.heads[list] != NIL {
                if *steps == 0 {
                    return false;
                }
                *steps -= 1;
                let key = self.heads[list];
                self.unlink(key);
                self.put(key);
            }
            self.cascade -= 1;
        }
        true
    }

    /// Empties the list of `second` into the bitmap.
    fn fill_bitmap(&mut self, steps: &mut usize) -> bool {
        let list = self.slot(0);
        // Ends: each turn takes one entry out of the list.
        while self.heads[list] != NIL {
            if *steps == 0 {
                return false;
            }
            *steps -= 1;
            let key = self.heads[list];
            self.unlink(key);
            self.entries[key as usize].place = IN_HAND;
            self.in_hand.insert(key);
        }
        true
    }

    /// Tells the keys in the bitmap.
    fn tell(&mut self, steps: &mut usize, due: &mut Vec<Due>) -> bool {
        // Ends: each turn takes one key out of the bitmap.
        while let Some(key) = self.in_hand.first() {
            if *steps == 0 {
                return false;
            }
            *steps -= 1;
            self.in_hand.remove(key);
            self.count -= 1;
            let entry = &mut self.entries[key as usize];
            due.push(Due { deadline: Seconds(entry.deadline), key });
            *entry = VACANT;
        }
        true
    }

    /// The slot of `second` in a wheel.
    const fn slot(&self, level: usize) -> usize {
        (self.second >> (8 * level)) as usize & 0xFF
    }

    /// Puts a key that is in no list where its deadline belongs.
    fn put(&mut self, key: u32) {
        let deadline = self.entries[key as usize].deadline;
        if deadline <= self.second {
            self.entries[key as usize].place = IN_HAND;
            self.in_hand.insert(key);
            self.quiet_until = 0;
            return;
        }
        let level = (31 - (deadline ^ self.second).leading_zeros()) as usize / 8;
        self.quiet_until = self.quiet_until.min(u64::from(deadline >> (8 * level)) << (8 * level));
        let list = level * SLOTS + ((deadline >> (8 * level)) as usize & 0xFF);
        let head = self.heads[list];
        if head != NIL {
            self.entries[head as usize].previous = key;
        }
        self.lens[level] += 1;
        let place = u16::try_from(list).expect("1,024 lists");
        self.entries[key as usize] = Entry { deadline, next: head, previous: NIL, place };
        self.heads[list] = key;
    }

    /// Takes a key out of its list.
    fn unlink(&mut self, key: u32) {
        let entry = self.entries[key as usize];
        assert!(entry.place < IN_HAND);
        self.lens[usize::from(entry.place) / SLOTS] -= 1;
        if entry.previous == NIL {
            self.heads[usize::from(entry.place)] = entry.next;
        } else {
            self.entries[entry.previous as usize].next = entry.next;
        }
        if entry.next != NIL {
            self.entries[entry.next as usize].previous = entry.previous;
        }
    }

    /// Takes a key out of wherever it is.
    fn take_out(&mut self, key: u32) {
        match self.entries[key as usize].place {
            NOWHERE => return,
            IN_HAND => self.in_hand.remove(key),
            _ => self.unlink(key),
        }
        self.entries[key as usize] = VACANT;
        self.count -= 1;
    }
}

/// A set of keys that gives its smallest in a few steps: each layer has a bit per word below.
#[derive(Debug, Default)]
struct Bitmap {
    layers: Vec<Vec<u64>>,
}

impl Bitmap {
    fn reserve(&mut self, key_count: usize) {
        let mut words = key_count.div_ceil(64).max(1);
        let mut layer = 0;
        // Ends: each layer has a 64th of the words of the one below.
        loop {
            if layer == self.layers.len() {
                self.layers.push(Vec::new());
                if 0 < layer {
                    // A new top must know what the old top holds.
                    let old = u64::from(self.layers[layer - 1].iter().any(|&word| word != 0));
                    self.layers[layer].push(old);
                }
            }
            if self.layers[layer].len() < words {
                self.layers[layer].resize(words, 0);
            }
            if words == 1 {
                return;
            }
            words = words.div_ceil(64);
            layer += 1;
        }
    }

    fn insert(&mut self, key: u32) {
        let mut index = key as usize;
        for layer in &mut self.layers {
            let word = &mut layer[index / 64];
            let was_empty = *word == 0;
            *word |= 1 << (index % 64);
            if !was_empty {
                return;
            }
            index /= 64;
        }
    }

    fn remove(&mut self, key: u32) {
        let mut index = key as usize;
        for layer in &mut self.layers {
            let word = &mut layer[index / 64];
            *word &= !(1 << (index % 64));
            if *word != 0 {
                return;
            }
            index /= 64;
        }
    }

    fn first(&self) -> Option<u32> {
        let mut index = 0;
        for layer in self.layers.iter().rev() {
            let word = layer[index];
            if word == 0 {
                return None;
            }
            index = index * 64 + word.trailing_zeros() as usize;
        }
        if self.layers.is_empty() { None } else { u32::try_from(index).ok() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    /// Too simple to be wrong: an ordered set of (what counts, key), and the deadline of each key.
    #[derive(Default)]
    struct Model {
        order: BTreeSet<(u32, u32)>,
        deadlines: BTreeMap<u32, (u32, u32)>,
        second: u32,
    }

    impl Model {
        fn set(&mut self, key: u32, deadline: Option<u32>) {
            if self.deadlines.get(&key).map(|(_, real)| *real) == deadline && deadline.is_some() {
                return;
            }
            if let Some((counts, _)) = self.deadlines.remove(&key) {
                self.order.remove(&(counts, key));
            }
            if let Some(deadline) = deadline {
                let counts = deadline.max(self.second);
                self.order.insert((counts, key));
                self.deadlines.insert(key, (counts, deadline));
            }
        }

        fn next(&mut self, now: u32) -> Option<Due> {
            let (counts, key) = self.order.first().copied().filter(|(at, _)| *at <= now)?;
            self.order.pop_first();
            self.second = self.second.max(counts);
            let (_, deadline) = self.deadlines.remove(&key).expect("in both");
            Some(Due { deadline: Seconds(deadline), key })
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Set(u32, u32),
        Clear(u32),
        Advance(u32),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let span = prop_oneof![4 => 0..300_u32, 2 => 0..70_000_u32, 1 => 0..20_000_000_u32];
        let key = prop_oneof![4 => 0..40_u32, 1 => 0..9_000_u32];
        prop::collection::vec(
            prop_oneof![
                6 => (key.clone(), span.clone()).prop_map(|(key, at)| Step::Set(key, at)),
                1 => key.prop_map(Step::Clear),
                2 => span.prop_map(Step::Advance),
            ],
            0..120,
        )
    }

    proptest! {
        #[test]
        fn tells_what_an_ordered_map_tells(start in 1..u32::MAX / 2, steps in steps()) {
            let mut wheel = Wheel::new(Seconds(start), 0);
            let mut model = Model { second: start, ..Model::default() };
            let mut now = start;
            let mut due = Vec::new();
            for step in steps {
                match step {
                    Step::Set(key, after) => {
                        // Some lie in the past.
                        let at = (now + after).saturating_sub(50);
                        wheel.set(key, Some(Seconds(at)));
                        model.set(key, Some(at));
                    }
                    Step::Clear(key) => {
                        wheel.set(key, None);
                        model.set(key, None);
                    }
                    Step::Advance(by) if by % 2 == 0 => {
                        now += by;
                        let mut seconds = Vec::new();
                        let (mut got, mut want) = (Vec::new(), Vec::new());
                        while let Some(second) = wheel.advance_second(Seconds(now), &mut got) {
                            seconds.push(second);
                        }
                        want.extend(std::iter::from_fn(|| model.next(now)));
                        model.second = now;
                        prop_assert_eq!(&got, &want);
                        prop_assert!(seconds.windows(2).all(|pair| pair[0] < pair[1]));
                        prop_assert_eq!(wheel.second(), Seconds(now));
                    }
                    Step::Advance(by) => {
                        now += by;
                        due.clear();
                        // A small budget: the work is cut at every possible place.
                        while !wheel.advance(Seconds(now), 3, &mut due) {}
                        let want: Vec<_> = std::iter::from_fn(|| model.next(now)).collect();
                        model.second = now;
                        prop_assert_eq!(&due, &want);
                        prop_assert_eq!(wheel.second(), Seconds(now));
                    }
                }
                prop_assert_eq!(wheel.len(), model.deadlines.len());
            }
            let held: Vec<_> = wheel.iter().map(|due| (due.key, due.deadline.0)).collect();
            let want: Vec<_> = model.deadlines.iter().map(|(key, (_, at))| (*key, *at)).collect();
            prop_assert_eq!(held, want);
        }

        #[test]
        fn a_wheel_made_of_its_contents_tells_the_same(
            pairs in prop::collection::btree_map(0..500_u32, 1..5_000_u32, 0..100),
            half in 0..5_000_u32,
        ) {
            let mut wheel = Wheel::new(Seconds(1), 0);
            for (key, at) in pairs {
                wheel.set(key, Some(Seconds(at)));
            }
            let mut due = Vec::new();
            // Stopped in the middle of a second.
            wheel.advance(Seconds(half), 20, &mut due);
            let mut copy = Wheel::new(wheel.second(), 0);
            for due in wheel.iter() {
                copy.set(due.key, Some(due.deadline));
            }
            let (mut left, mut right) = (Vec::new(), Vec::new());
            assert!(wheel.advance(Seconds(6_000), usize::MAX, &mut left));
            assert!(copy.advance(Seconds(6_000), usize::MAX, &mut right));
            prop_assert_eq!(left, right);
        }
    }

    #[test]
    fn a_full_second_is_spread_over_calls() {
        let count = 50_000_u32;
        let mut wheel = Wheel::new(Seconds(1_000), count as usize);
        for key in (0..count).rev() {
            wheel.set(key, Some(Seconds(100_000)));
        }
        let mut due = Vec::new();
        let mut calls = 0;
        while !wheel.advance(Seconds(100_000), 1_000, &mut due) {
            calls += 1;
            assert!(due.len() <= calls * 1_000);
        }
        // Each entry is moved to wheel 0, to the bitmap, and told; 100,000 s away is two wheels up.
        assert!((100..=250).contains(&calls), "{calls}");
        assert!(due.iter().map(|due| due.key).eq(0..count));
        assert!(wheel.is_empty());
    }
}
