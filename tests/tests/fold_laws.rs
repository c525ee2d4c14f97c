//! The laws of the fold, over random histories of one shipment and its neighbours.
//!
//! # Place
//! `docs/decisions/0003-fold.md` promises that a record is a function of the set of events.
//! # Method
//! Random events of the `generic` feed are given to the engine one document at a time, in random order
//! and some of them twice; after each the record is compared with the naive model, which folds
//! everything again. Then orders are compared with each other, and the invariants are looked for in
//! what was said.
//! # Holds
//! Times lie within a year and half, in steps that make ties, gaps, late events and untrusted clocks.
//! # Does not hold
//! Several parcels behind one number: `scenarios` has them.

use crossdock_core::feeds::Feeds;
use crossdock_model::detail::Detail;
use crossdock_model::record::Record;
use crossdock_model::reject::Outcome;
use crossdock_tests::arrangement::Random;
use crossdock_tests::codes::{CODES, name, saying, seen};
use crossdock_tests::naive::{Happening, Naive, Saying};
use crossdock_tests::replay::{self, Document, Replay, Said, since};
use proptest::prelude::*;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

static FEEDS: LazyLock<Feeds> = LazyLock::new(replay::feeds);

thread_local! {
    /// One engine for all cases of a law, each under a number of its own.
    static REPLAY: RefCell<Replay> = RefCell::new(Replay::new(&FEEDS));
    static CASE: Cell<usize> = const { Cell::new(0) };
}

/// A number that no case had before.
fn number() -> String {
    CASE.set(CASE.get() + 1);
    format!("N-{}", CASE.get())
}

/// 2026-01-01T00:00:00Z, seconds.
const START: i64 = 1_767_225_600;

/// Everything is received at once, so that receipt decides nothing: 2027-10-01.
const RECEIVED: i64 = 1_822_348_800;

/// One random event: an index into [`CODES`], a time, an offset in hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    code: usize,
    at: i64,
    hours: i64,
}

impl Event {
    fn name(self) -> &'static str {
        name(self.code)
    }

    fn document(self, number: &str) -> Document {
        let local = jiff::Timestamp::from_second(self.at + self.hours * 3600).expect("in range");
        let local = local.to_string();
        let local = local.trim_end_matches('Z');
        let sign = if self.hours < 0 { '-' } else { '+' };
        let hours = self.hours.abs();
        let bytes = format!(
            r#"{{"tracking_number":"{number}","event":"{}","at":"{local}{sign}{hours:02}:00"}}"#,
            self.name()
        );
        let received = RECEIVED * 1_000_000;
        Document { feed: String::from("generic"), received, bytes: bytes.into_bytes() }
    }

    /// The same for the naive model.
    fn happening(self) -> Happening {
        let lies_ahead = RECEIVED + 2 * 3600 < self.at;
        let untrusted = lies_ahead && !self.saying().plan;
        let at = if lies_ahead { RECEIVED } else { self.at };
        let offset = self.hours * 3600;
        Happening { at, offset, untrusted, vague: false, says: self.saying() }
    }

    fn saying(self) -> Saying {
        saying(self.code)
    }
}

/// Times that make ties, days, long gaps, and clocks that are wrong.
fn event() -> impl Strategy<Value = Event> {
    let at = prop_oneof![
        8 => (0_i64..40).prop_map(|step| START + step * 3600),
        4 => (0_i64..60).prop_map(|day| START + day * 86_400 + 43_200),
        2 => (0_i64..20).prop_map(|month| START + month * 30 * 86_400),
        1 => (1_i64..3).prop_map(|day| RECEIVED + day * 86_400),
    ];
    (0..CODES.len(), at, -8_i64..9).prop_map(|(code, at, hours)| Event { code, at, hours })
}

/// One offset for all events of one time, else the same code at one instant would be two events.
fn events(count: core::ops::Range<usize>) -> impl Strategy<Value = Vec<Event>> {
    proptest::collection::vec(event(), count).prop_map(|mut events| {
        for event in &mut events {
            event.hours = (event.at / 3600) % 3 * 4 - 4;
        }
        events
    })
}

/// Events of one epoch: a late event that moves the border of epochs has what lies behind it said
/// anew, under the ids of the other epoch.
fn events_of_a_month(count: core::ops::Range<usize>) -> impl Strategy<Value = Vec<Event>> {
    events(count).prop_map(|mut events| {
        events.retain(|event| event.name() != "LABEL_CREATED");
        for event in events.iter_mut().filter(|event| event.at < RECEIVED) {
            event.at = START + (event.at - START) % (25 * 86_400);
            event.hours = (event.at / 3600) % 3 * 4 - 4;
        }
        events
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Incremental = from scratch, after each event; and after each event come again.
    #[test]
    fn the_naive_model_agrees(events in events(1..24)) {
        REPLAY.with_borrow_mut(|replay| agrees(replay, &events))?;
    }

    /// I1: any order, any duplication, any cut into turns.
    #[test]
    fn arrival_decides_nothing(events in events(1..32), seed in any::<u64>()) {
        REPLAY.with_borrow_mut(|replay| arrives(replay, &events, Random(seed)))?;
    }

    /// I2 to I6 in what is said, in whatever order.
    #[test]
    fn what_is_said_is_lawful(events in events_of_a_month(1..32)) {
        REPLAY.with_borrow_mut(|replay| is_lawful(replay, &events))?;
    }
}

fn agrees(replay: &mut Replay, events: &[Event]) -> Result<(), TestCaseError> {
    let (number, before) = (number(), replay.tally());
    let mut naive = Naive::default();
    for (i, event) in events.iter().enumerate() {
        for event in [event, &events[i / 2]] {
            replay.push("t", &event.document(&number));
            replay.silently();
            naive.add(&format!("{} {}", event.name(), event.at), event.happening());
            let found = record(replay, &number);
            prop_assert_eq!(seen(&found), naive.truth().bare(), "after {:?}", &events[..=i]);
        }
    }
    let tally = since(&before, &replay.tally());
    prop_assert_eq!(tally.inputs, 2 * events.len() as u64);
    let known = tally.of(Outcome::Known) as usize;
    prop_assert_eq!(known, 2 * events.len() - naive.count());
    Ok(())
}

fn arrives(replay: &mut Replay, events: &[Event], mut random: Random) -> Result<(), TestCaseError> {
    let number = number();
    for event in events {
        replay.push("forward", &event.document(&number));
    }
    replay.silently();
    let mut shuffled = events.to_vec();
    shuffled.extend(events.iter().filter(|event| event.code % 2 == 0));
    for i in (1..shuffled.len()).rev() {
        shuffled.swap(i, random.below(i + 1));
    }
    for event in &shuffled {
        replay.push("shuffled", &event.document(&number));
        if random.below(3) == 0 {
            replay.silently();
        }
    }
    replay.silently();
    let found = replay.shipments(&number);
    prop_assert_eq!(found.len(), 2);
    prop_assert_eq!(&found[0].1, &found[1].1);
    Ok(())
}

fn is_lawful(replay: &mut Replay, events: &[Event]) -> Result<(), TestCaseError> {
    let number = number();
    let changes = replay.tally().changes_sum();
    let mut laws = Laws::default();
    for event in events {
        replay.push("t", &event.document(&number));
        let said = replay.said();
        laws.check(*event, &said)?;
    }
    prop_assert!(replay.tally().balances());
    prop_assert_eq!(replay.tally().changes_sum() - changes, laws.versions as u64);
    // What came before says nothing more.
    for event in events {
        replay.push("t", &event.document(&number));
    }
    prop_assert_eq!(replay.said(), vec![]);
    Ok(())
}

/// What was said so far.
#[derive(Default)]
struct Laws {
    versions: usize,
    delivered_codes: BTreeSet<&'static str>,
    had_scan: bool,
    open: BTreeSet<String>,
    ids: BTreeSet<String>,
}

impl Laws {
    fn check(&mut self, cause: Event, said: &[Said]) -> Result<(), TestCaseError> {
        let says = cause.saying();
        let untrusted = cause.happening().untrusted;
        self.had_scan |= says.physical && 20 <= says.rank && !untrusted;
        if (says.rank == 50 || says.leaves_consignee) && !untrusted {
            self.delivered_codes.insert(cause.name());
        }
        for said in said {
            self.versions += 1;
            let body = &said.body;
            let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or("");
            prop_assert_eq!(body["version"].as_u64(), Some(self.versions as u64));
            // Late events may bring back what was said before, under its own id: nobody takes it twice.
            if !self.ids.insert(text("id").to_owned()) {
                continue;
            }
            // I2. A label, an order or a return are records, and still said; a scan's milestone is not.
            let is_weak = says.estimate || says.unmapped || untrusted;
            let milestone_says_more = text("kind") == "milestone" && text("audience") == "customer";
            prop_assert!(!(is_weak && milestone_says_more), "said by a weak event: {}", body);
            // I3 and I4.
            if text("milestone") == "DELIVERED" && text("kind") == "milestone" {
                prop_assert!(!self.delivered_codes.is_empty(), "delivered by nothing: {}", body);
                prop_assert_eq!(text("direction"), "");
            }
            if text("milestone") == "CARRIER_POSSESSION" {
                prop_assert!(self.had_scan, "possession without a scan: {}", body);
            }
            // I5: an opening needs a closing before the next one.
            let class = text("exception").to_owned();
            match text("kind") {
                "exception_opened" => {
                    prop_assert!(self.open.insert(class), "opened twice: {}", body)
                }
                "exception_resolved" => {
                    prop_assert!(self.open.remove(&class), "closed twice: {}", body)
                }
                _ => {}
            }
            prop_assert_eq!(&said.subject, &format!("ms.t.{}.{}", text("audience"), text("kind")));
        }
        Ok(())
    }
}

fn record(replay: &Replay, number: &str) -> Record {
    let found = replay.shipments(number);
    assert_eq!(found.len(), 1);
    found[0].1.record
}

#[test]
fn every_code_means_what_the_model_thinks() {
    let mut wrong = String::new();
    for (code, name) in CODES.iter().enumerate() {
        let event = Event { code, at: START, hours: 0 };
        let reading = crossdock_tests::reading::read(&FEEDS, &[event.document("N1")]);
        let found = &reading.events[0];
        let text = |key: &str| found.get(key).and_then(Value::as_str).unwrap_or("");
        let says = event.saying();
        let physical = found.get("physical").and_then(Value::as_bool).unwrap_or(false);
        let detail = Detail::from_number(says.detail).expect("a detail").name();
        let is_same = text("detail") == detail
            && text("exception") == says.exception.unwrap_or("")
            && physical == says.physical
            && text("reason").is_empty() != says.reason;
        if !is_same {
            writeln!(wrong, "{name}: {found}").expect("a String takes all");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
