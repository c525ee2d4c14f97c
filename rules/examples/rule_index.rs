//! What index and residual cost per event, for 200, 2,000 and 5,000 generated rules, on one core.
//!
//! The mix: 70 % of the rules wait for one of 12 milestones, the others for three; 60 % name one of 20 carriers, 30 % a
//! list of 3 of 12 services, 30 % one of 15 destination countries, 80 % have a numeric threshold that 5 % of the
//! events pass on average. That leaves about as many matches per event as the reference's loose mix.
//!
//! Before anything is timed, the rules that raise are compared with brute force over all rules, for every event.
//!
//! `cargo run --release -p crossdock-rules --example rule_index`
#![expect(clippy::print_stdout, reason = "a bench prints its numbers")]

use std::hint::black_box;
use std::time::Instant;

use crossdock_model::detail::Detail;
use crossdock_model::event::{Event, EventFlags};
use crossdock_model::exception::ExceptionClass;
use crossdock_model::id::{FeedId, Fingerprint};
use crossdock_model::milestone::{Direction, Milestone};
use crossdock_model::reason::{Party, Reason};
use crossdock_model::record::{Record, Seconds};
use crossdock_model::time::{EventTime, Micros};
use crossdock_rules::rule::Options;
use crossdock_rules::rule::action::{Action, Actions};
use crossdock_rules::rule::catalogue::Catalogue;
use crossdock_rules::rule::diagnostic::Source;
use crossdock_rules::rule::facts::{
    End, Eta, Facts, Feed, HashInterner, Lane, Scene, Shipment, Symbol, Texts,
};
use crossdock_rules::rule::rows::{RowHandle, RowStore};
use crossdock_rules::rule::ruleset::RuleSet;

const CARRIERS: u64 = 20;
const SERVICES: u64 = 12;
const COUNTRIES: u64 = 15;
/// Milestones that the generator uses, with a detail of each.
const DETAILS: [Detail; 12] = [
    Detail::LabelCreated,
    Detail::PickedUp,
    Detail::ArrivedFacility,
    Detail::CustomsPresented,
    Detail::ArrivedDeliveryDepot,
    Detail::OutForDelivery,
    Detail::Attempted,
    Detail::PickupReadyPoint,
    Detail::Delivered,
    Detail::RtsInitiated,
    Detail::ReturnInTransit,
    Detail::ReturnReceived,
];

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// A rule as numbers: what brute force compares.
#[derive(Clone, Debug)]
struct Plain {
    milestones: Vec<Milestone>,
    carrier: Option<u64>,
    services: Vec<u64>,
    country: Option<u64>,
    /// Field 0 to 2 and threshold.
    threshold: Option<(usize, u32)>,
}

const FIELDS: [&str; 3] = ["shipment.value", "shipment.pieces", "gap.support"];

fn plain(random: &mut Random) -> Plain {
    let count = if random.chance(70) { 1 } else { 3 };
    Plain {
        milestones: (0..count).map(|_| DETAILS[random.below(12) as usize].milestone()).collect(),
        carrier: random.chance(60).then(|| random.below(CARRIERS)),
        services: if random.chance(30) {
            (0..3).map(|_| random.below(SERVICES)).collect()
        } else {
            vec![]
        },
        country: random.chance(30).then(|| random.below(COUNTRIES)),
        threshold: random
            .chance(80)
            .then(|| (random.below(3) as usize, 900 + random.below(100) as u32)),
    }
}

fn file(rules: &[Plain]) -> String {
    let mut text = String::from("version: 1\nrules:\n");
    for (index, rule) in rules.iter().enumerate() {
        let name = |milestone: &Milestone| milestone.name().to_ascii_lowercase();
        let events: Vec<String> = rule.milestones.iter().map(name).collect();
        let mut scope = Vec::new();
        scope.extend(rule.carrier.map(|carrier| format!("carrier: c{carrier}")));
        if !rule.services.is_empty() {
            let names: Vec<String> =
                rule.services.iter().map(|service| format!("s{service}")).collect();
            scope.push(format!("service: [{}]", names.join(", ")));
        }
        scope.extend(rule.country.map(|country| format!("destination.country: x{country}")));
        text.push_str(&format!("  - id: r{index:05}\n    event: [{}]\n", events.join(", ")));
        if !scope.is_empty() {
            text.push_str(&format!("    scope: {{ {} }}\n", scope.join(", ")));
        }
        if let Some((field, threshold)) = rule.threshold {
            text.push_str(&format!("    where: {} > {threshold}\n", FIELDS[field]));
        }
        text.push_str(&format!("    raise: {{ code: R{index} }}\n"));
    }
    text
}

struct Case {
    event: Event,
    shipment: Shipment,
    lane: Lane,
    carrier: u64,
    service: u64,
    country: u64,
}

fn case(random: &mut Random) -> Case {
    let detail = DETAILS[random.below(12) as usize];
    let (carrier, service, country) =
        (random.below(CARRIERS), random.below(SERVICES), random.below(COUNTRIES));
    let name =
        |letter: char, number: u64| -> Symbol { HashInterner::of(&format!("{letter}{number}")) };
    let shipment = Shipment {
        carrier: name('c', carrier),
        service: name('s', service),
        destination: End { country: name('x', country), ..End::default() },
        value: random.below(1000) as u32 + 1,
        pieces: random.below(1000) as u16 + 1,
        ..Shipment::default()
    };
    let event = Event {
        fingerprint: Fingerprint(random.next()),
        time: EventTime { instant: Micros::from_seconds(1_770_000_000), ..EventTime::default() },
        received: Micros::from_seconds(1_770_000_100),
        place: 0,
        feed: FeedId(0),
        flags: EventFlags::PHYSICAL,
        detail,
        milestone: detail.milestone(),
        exception: ExceptionClass::None,
        reason: Reason::None,
        party: Party::Unknown,
        direction: Direction::Forward,
    };
    let lane = Lane { support: random.below(1000) as u32, ..Lane::default() };
    Case { event, shipment, lane, carrier, service, country }
}

fn holds(rule: &Plain, case: &Case) -> bool {
    let values = [case.shipment.value, u32::from(case.shipment.pieces), case.lane.support];
    rule.milestones.contains(&case.event.milestone)
        && rule.carrier.is_none_or(|carrier| carrier == case.carrier)
        && (rule.services.is_empty() || rule.services.contains(&case.service))
        && rule.country.is_none_or(|country| country == case.country)
        && rule.threshold.is_none_or(|(field, threshold)| threshold < values[field])
}

fn main() {
    println!(
        "rules  matches/event  candidates  select ns  whole ns (select + rows of what raises)"
    );
    for count in [200_usize, 2_000, 5_000] {
        let mut random = Random(count as u64);
        let rules: Vec<Plain> = (0..count).map(|_| plain(&mut random)).collect();
        let cases: Vec<Case> = (0..4096).map(|_| case(&mut random)).collect();
        let options = Options { catalogue: Catalogue::open() };
        let source = Source::new("bench.yaml", file(&rules));
        let set = RuleSet::load(vec![source], &options, &mut HashInterner)
            .unwrap_or_else(|report| panic!("{}", report.render()));
        let matches = compare(&set, &rules, &cases);
        let (select, candidates) = time(&cases, |facts, _| set.select(facts));
        let mut actions = Actions::with_capacity(256);
        let mut store = RowStore::new();
        let (whole, _) = time(&cases, |facts, handle| {
            actions.clear();
            set.on_event(facts, &mut store, handle, &mut actions);
            store.clear(handle);
            actions.list.len()
        });
        let share = matches as f64 / cases.len() as f64;
        println!("{count:5}  {share:13.1}  {candidates:10.1}  {select:9.0}  {whole:8.0}");
    }
}

/// The rules that raise are those of brute force; at most as many as a shipment has rows.
fn compare(set: &RuleSet, rules: &[Plain], cases: &[Case]) -> usize {
    let mut matches = 0;
    let mut store = RowStore::new();
    let mut actions = Actions::with_capacity(256);
    for case in cases {
        let want: Vec<u16> = (0..rules.len())
            .filter(|rule| holds(&rules[*rule], case))
            .map(|rule| rule as u16)
            .collect();
        matches += want.len();
        with_facts(case, |facts| {
            actions.clear();
            let mut handle = RowHandle::default();
            set.on_event(facts, &mut store, &mut handle, &mut actions);
            store.clear(&mut handle);
            assert_eq!(set.select(facts), want.len(), "what the index and the residual leave");
        });
        let got: Vec<u16> = actions.list.iter().map(Action::rule).collect();
        assert!(got.iter().all(|rule| want.contains(rule)));
        // A shipment has 64 rows; the example's rules all raise, which real ones don't.
        assert_eq!(got.len(), want.len().min(64));
    }
    matches
}

fn with_facts<T>(case: &Case, run: impl FnOnce(&Facts<'_>) -> T) -> T {
    let record = Record { event_count: 3, ..Record::default() };
    let (eta, feed) = (Eta::default(), Feed::default());
    run(&Facts {
        before: &record,
        after: &record,
        event: Some(&case.event),
        scene: Scene::default(),
        history: &[],
        shipment: &case.shipment,
        texts: Texts::default(),
        eta_before: &eta,
        eta: &eta,
        lane: &case.lane,
        feed: &feed,
        now: Seconds(1_770_000_100),
    })
}

/// Best of many short passes, nanoseconds per event, and the mean of what the call returns. A pass takes a few
/// milliseconds, so that other work on the machine spoils some of them, not all.
fn time(cases: &[Case], mut call: impl FnMut(&Facts<'_>, &mut RowHandle) -> usize) -> (f64, f64) {
    let (mut best, mut sum) = (f64::INFINITY, 0);
    for _ in 0..60 {
        sum = 0;
        let start = Instant::now();
        for case in cases {
            let mut handle = RowHandle::default();
            sum += with_facts(case, |facts| black_box(call(facts, &mut handle)));
        }
        best = best.min(start.elapsed().as_nanos() as f64 / cases.len() as f64);
    }
    (best, sum as f64 / cases.len() as f64)
}
