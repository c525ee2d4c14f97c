//! Long histories: what was folded of one of them, so that the next event does not fold all of it again.
//!
//! # Place
//!
//! Beside `truth`: asked where a plain history is longer than [`LONG_EVENTS`] and an event comes late, or something is
//! said that may have been said before.
//!
//! # Method
//!
//! ```text
//! entries   0 1 2 ... m-1 | m ... n        memory: record and counts behind entry m-1, and which entry that is
//! ```
//!
//! A prefix is what it was as long as the entry before its end is: an entry that comes between moves all behind it by
//! one. So nobody has to tell the memory of changes. A backlog that comes in order behind an event of a later time, and
//! a run of events that say something each, fold every entry once. One shipment is remembered: events of a hot
//! number come together.
//!
//! # Holds
//!
//! - It gives what a fold of all entries gives, and is no state: a restart begins without.
//!
//! # Does not hold
//!
//! - Events that each lie before all others: there is no prefix to go on from. A history has
//!   `HISTORY_EVENTS_MAX` entries at most.

use crossdock_model::exception::{ExceptionClass, ExceptionSet};
use crossdock_model::id::ShipmentKey;
use crossdock_model::milestone::Milestone;
use crossdock_model::record::{Record, Seconds};

use crate::facts::{self, Counted};
use crate::fold;
use crate::history::{Histories, Run};
use crate::senses::Senses;

/// Entries above which a history is long. The 99.9th percentile of shipments has 64.
pub(super) const LONG_EVENTS: usize = 128;

/// How often things happened in the epoch of a record.
#[derive(Clone, Copy, Debug)]
struct Counts {
    steps: [u16; Milestone::ALL.len()],
    openings: [u16; ExceptionClass::ALL.len() + 1],
    corrections: u16,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            steps: [0; Milestone::ALL.len()],
            openings: [0; ExceptionClass::ALL.len() + 1],
            corrections: 0,
        }
    }
}

impl Counts {
    fn step(&mut self, before: &Record, after: &Record) {
        let is_new_epoch = before.epoch != after.epoch;
        if is_new_epoch {
            *self = Self::default();
        }
        if is_new_epoch || before.step_count < after.step_count {
            let count = &mut self.steps[place_of(after.milestone)];
            *count = count.saturating_add(1);
        }
        let opened = if is_new_epoch { after.open.0 } else { after.open.0 & !before.open.0 };
        for class in ExceptionSet(opened).iter() {
            let count = &mut self.openings[class as usize];
            *count = count.saturating_add(1);
        }
        if !is_new_epoch && before.corrections < after.corrections {
            self.corrections = self.corrections.saturating_add(1);
        }
    }

    fn of(&self, counted: Counted) -> u16 {
        match counted {
            Counted::Steps(milestone) => self.steps[place_of(milestone)],
            Counted::Openings(class) => self.openings[class as usize],
            Counted::Corrections => self.corrections,
        }
    }
}

fn place_of(milestone: Milestone) -> usize {
    Milestone::ALL.iter().position(|it| *it == milestone).unwrap_or(0)
}

/// A prefix of one history.
#[derive(Clone, Copy, Debug)]
struct Prefix {
    key: ShipmentKey,
    base_epoch: u16,
    /// Entries.
    len: usize,
    /// Bytes of their rests.
    rests: usize,
    /// Order time and fingerprint of the last of them.
    last: (Seconds, u32),
    record: Record,
    counts: Counts,
}

/// What was folded last of a long history.
#[derive(Debug, Default)]
pub(super) struct Long {
    prefix: Option<Prefix>,
    /// Entries that were folded, ever: what the work is measured by.
    folded: u64,
}

impl Long {
    /// Entries that were folded, ever.
    pub(super) const fn folded(&self) -> u64 {
        self.folded
    }

    /// The record of a history into which an entry was put at `at`, not as the last one.
    pub(super) fn record(
        &mut self,
        of: (ShipmentKey, u16, Run),
        at: usize,
        histories: &Histories,
        senses: &Senses,
    ) -> Record {
        let prefix = self.up_to(of, at + 1, histories, senses);
        let mut record = prefix.record;
        for entry in histories.entries_behind(of.2, prefix.len, prefix.rests) {
            fold::step(&mut record, &facts::fact(&entry, senses));
            self.folded += 1;
        }
        record
    }

    /// How often something happened in the epoch that a history ends with.
    pub(super) fn times(
        &mut self,
        of: (ShipmentKey, u16, Run),
        counted: Counted,
        histories: &Histories,
        senses: &Senses,
    ) -> u16 {
        self.up_to(of, of.2.len(), histories, senses).counts.of(counted)
    }

    /// The prefix of `len` entries, from what is known where that is a part of it.
    fn up_to(
        &mut self,
        (key, base_epoch, run): (ShipmentKey, u16, Run),
        len: usize,
        histories: &Histories,
        senses: &Senses,
    ) -> Prefix {
        let is_part = |known: &Prefix| {
            known.key == key
                && known.base_epoch == base_epoch
                && known.len <= len
                && histories.pair(run, known.len - 1) == Some(known.last)
        };
        let blank = Prefix {
            key,
            base_epoch,
            len: 0,
            rests: 0,
            last: (Seconds::NEVER, 0),
            record: Record { epoch: base_epoch, ..Record::default() },
            counts: Counts::default(),
        };
        let mut prefix = self.prefix.filter(is_part).unwrap_or(blank);
        let mut entries = histories.entries_behind(run, prefix.len, prefix.rests);
        for entry in entries.by_ref().take(len - prefix.len) {
            let before = prefix.record;
            fold::step(&mut prefix.record, &facts::fact(&entry, senses));
            prefix.counts.step(&before, &prefix.record);
            prefix.last = (entry.order, entry.fingerprint);
            self.folded += 1;
        }
        (prefix.len, prefix.rests) = (len, entries.rests());
        self.prefix = (0 < len).then_some(prefix);
        prefix
    }
}

#[cfg(test)]
mod tests {
    use crossdock_model::detail::{Detail, Evidence};
    use crossdock_model::event::EventFlags;
    use crossdock_model::limits::{RULES_EVENTS_MAX, WITNESSED_EVENTS_MAX};
    use crossdock_model::reject::{Outcome, Reject};
    use crossdock_model::time::Micros;
    use crossdock_rules::rule::Options;
    use crossdock_rules::rule::pack;
    use proptest::prelude::*;
    use std::sync::Arc;

    use super::*;
    use crate::engine::{Engine, EngineOptions};
    use crate::entry::Entry;
    use crate::feeds::Feeds;
    use crate::history::Insertion;
    use crate::intake::Intake;
    use crate::senses::{Sense, SenseId};
    use crate::texts::TextId;

    const DETAILS: [Detail; 7] = [
        Detail::PickedUp,
        Detail::ArrivedFacility,
        Detail::OutForDelivery,
        Detail::Attempted,
        Detail::Delivered,
        Detail::RtsInitiated,
        Detail::ExceptionOnly,
    ];

    fn senses() -> (Senses, Vec<SenseId>) {
        let mut senses = Senses::with_blank();
        let blank = *senses.get(SenseId(0));
        let ids = DETAILS.map(|detail| {
            let is_physical = detail.evidence() == Evidence::Physical;
            let flags = EventFlags::default();
            let has_class = detail == Detail::ExceptionOnly;
            senses.intern(&Sense {
                detail,
                milestone: detail.milestone(),
                direction: detail.milestone().direction(),
                exception: if has_class { ExceptionClass::Delayed } else { ExceptionClass::None },
                flags: if is_physical { flags.with(EventFlags::PHYSICAL) } else { flags },
                ..blank
            })
        });
        (senses, ids.to_vec())
    }

    proptest! {
        /// The model: all entries are folded again.
        #[test]
        fn it_gives_what_a_fold_of_all_gives(
            steps in prop::collection::vec((0_usize..2, 0_u32..400, 0_usize..7, any::<bool>()), 1..200),
        ) {
            let (senses, ids) = senses();
            let (mut histories, mut long) = (Histories::default(), Long::default());
            let mut runs = [Run::default(); 2];
            for (fingerprint, (which, day, detail, asks)) in (1_u32..).zip(steps) {
                let run = &mut runs[which];
                let order = Seconds(1_700_000_000 + day * 40_000);
                let blank = Entry::blank(order, ids[detail], TextId(0));
                let new = Entry { fingerprint, ..blank };
                let insertion = histories.insert(run, new, &senses);
                let of = (ShipmentKey(which as u128), 3, *run);
                let facts = || facts::facts(histories.entries(*run), &senses);
                let whole = fold::fold(3, facts());
                if let Insertion::Between(at) = insertion {
                    prop_assert_eq!(long.record(of, at, &histories, &senses), whole);
                }
                if !asks {
                    continue;
                }
                let milestones = [Milestone::OutForDelivery, Milestone::Delivered, Milestone::InTransit];
                let counted = milestones.map(Counted::Steps).into_iter();
                let counted = counted.chain([Counted::Openings(ExceptionClass::Delayed), Counted::Corrections]);
                for counted in counted {
                    let wanted = facts::times(3, facts(), Some(whole.epoch), counted);
                    prop_assert_eq!(long.times(of, counted, &histories, &senses), wanted);
                }
            }
        }
    }

    /// Events of one hot number, one every three hours from 2023 on.
    const COUNT: u32 = 6_000;

    fn event(index: u32, what: &str) -> String {
        let at = text_of(1_672_531_200 + u64::from(index) * 3 * 3600);
        format!(r#"{{"event":"{what}","at":"{at}"}}"#)
    }

    /// RFC 3339 of seconds since 1970, by days of months.
    fn text_of(seconds: u64) -> String {
        let (mut days, rest) = (seconds / 86_400 - 19_358, seconds % 86_400);
        let mut year = 2023;
        let is_leap = |year: u64| year.is_multiple_of(4);
        while 365 + u64::from(is_leap(year)) <= days {
            days -= 365 + u64::from(is_leap(year));
            year += 1;
        }
        let february = 28 + u64::from(is_leap(year));
        let mut month = 1;
        for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
            if days < length {
                break;
            }
            days -= length;
            month += 1;
        }
        let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
        format!("{year}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", days + 1)
    }

    /// Applies documents of these events, one shipment; entries read and folded, and the account.
    fn work(documents: &[(&str, Vec<String>)], with_rules: bool) -> (u64, crate::tally::Tally) {
        let feeds = Feeds::new(crossdock_rules::feed::builtin());
        let rules =
            with_rules.then(|| Arc::new(pack::builtin().load(&Options::default()).expect("rules")));
        let options = EngineOptions { rules, ..EngineOptions::default() };
        let mut engine = Engine::new(&feeds, &options);
        let mut intake = Intake::default();
        let received = Micros(1_779_372_849_000_000);
        for (seq, (feed, events)) in (1..).zip(documents) {
            let events = events.join(",");
            let document = format!(
                r#"{{"carrier":"swiftline","tracking_number":"HOT1","events":[{events}]}}"#
            );
            intake.push(seq, received, "acme", feed, document.as_bytes());
        }
        engine.turn(&intake, |_, _| {});
        (engine.shards()[0].entries_read(), engine.tally())
    }

    fn of(what: impl Fn(u32) -> &'static str, indexes: impl Iterator<Item = u32>) -> Vec<String> {
        indexes.map(|index| event(index, what(index))).collect()
    }

    #[test]
    fn a_hot_number_costs_what_its_events_cost() {
        let pings = |_| "ARRIVED_FACILITY";
        let each_says_something = |index: u32| match index % 16 {
            0..8 => "OUT_FOR_DELIVERY",
            _ => "ATTEMPTED",
        };
        let count = u64::from(COUNT);
        // In order, in one document or in many.
        let (read, tally) = work(&[("generic", of(pings, 0..COUNT))], false);
        assert_eq!((tally.inputs, tally.of(Outcome::Dead)), (count, 0));
        assert!(read <= count, "{read}");
        // A backlog behind an event of the present.
        let latest = of(pings, COUNT..COUNT + 1);
        let backlog = [("generic", latest), ("generic", of(pings, 0..COUNT))];
        let (read, _) = work(&backlog, false);
        assert!(read <= 3 * count + 100_000, "{read}");
        // Every event says something, and has to know how often that was said.
        let (read, tally) = work(&[("generic", of(each_says_something, 0..COUNT))], false);
        assert!(1_000 < tally.of(Outcome::Emitted), "{tally:?}");
        assert!(read <= 2 * count + 100_000, "{read}");
    }

    #[test]
    fn rules_look_at_the_newest_events_of_a_hot_number() {
        let (read, tally) = work(&[("generic", of(|_| "ARRIVED_FACILITY", 0..COUNT))], true);
        assert_eq!(tally.of(Outcome::Dead), 0);
        assert!(read <= u64::from(COUNT) * (RULES_EVENTS_MAX as u64 + 1), "{read}");
    }

    #[test]
    fn a_history_of_two_sources_is_full_before_a_plain_one() {
        let pings = |_| "ARRIVED_FACILITY";
        let half = COUNT / 4;
        let documents = [
            ("generic", of(pings, 0..half)),
            // The same number from the warehouse: these come too late to be read beside so many.
            ("warehouse", of(pings, half..half + 10)),
            ("generic", of(pings, half..half + 10)),
        ];
        let (_, tally) = work(&documents, false);
        assert!(WITNESSED_EVENTS_MAX < half as usize);
        assert_eq!(tally.rejects[Reject::TooManyEvents as usize], 10, "{tally:?}");
        assert_eq!(tally.of(Outcome::Dead), 10);
    }
}
