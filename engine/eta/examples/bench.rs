//! Nanoseconds of the two operations on the way of an event, and bytes of half a million lanes.
//!
//! No criterion: a loop over fixed inputs, median and best of 401 short rounds. Cold means lanes drawn evenly from
//! half a million, so that every level is a cache miss or two; hot means 64 leaf lanes. Both are shown,
//! since a live engine is somewhere in between.

#![expect(clippy::print_stdout, reason = "a benchmark talks")]

use std::hint::black_box;
use std::time::Instant;

use crossdock_eta::bins::Bins;
use crossdock_eta::estimator::Estimator;
use crossdock_eta::histogram::Weight;
use crossdock_eta::lane::{Basis, Lane, LaneKey, Level, MilestoneClass, Place};
use crossdock_eta::mixture::{Mixture, Share};
use crossdock_eta::tree::Tree;
use crossdock_eta::{Calendar, Doubts, Outcome, Query, Settings, Symbol};

const LEVELS: [Level; 5] =
    [Level::Zip3, Level::Region, Level::Service, Level::Carrier, Level::Root];
const HALF_LIFE: i64 = 30 * 86_400;
const NOW: i64 = 1_750_000_000;

/// A generator without a seed to set: the same numbers every time.
struct Lcg(u64);

impl Lcg {
    fn next(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

fn lane(number: u64) -> Lane {
    Lane {
        carrier: Symbol(1 + number % 12),
        service: Symbol(1 + number % 12 * 8 + number / 12 % 8),
        origin: Place { fine: Symbol(1 + number / 700), region: Symbol(1 + number / 700 % 50) },
        destination: Place { fine: Symbol(1 + number % 700), region: Symbol(1 + number % 50) },
        ..Lane::default()
    }
}

fn keys(lane: &Lane) -> [LaneKey; 5] {
    LEVELS.map(|level| match LaneKey::of(level, MilestoneClass::Accepted, Basis::Learned, lane) {
        Some(key) => key,
        None => unreachable!("every attribute is given"),
    })
}

/// Nanoseconds per turn: the median and the best of 401 short rounds. A round is shorter than a time slice,
/// so that a busy machine spoils some rounds and not all.
fn measure(name: &str, turns: u64, mut turn: impl FnMut(u64)) {
    let mut rounds = [0.0; 401];
    for (at, round) in rounds.iter_mut().enumerate() {
        let start = Instant::now();
        for number in 0..turns {
            turn(at as u64 * turns + number);
        }
        *round = start.elapsed().as_nanos() as f64 / turns as f64;
    }
    rounds.sort_by(f64::total_cmp);
    println!("{name:<56} {:8.1} ns   (best {:.1}, p90 {:.1})", rounds[200], rounds[0], rounds[360]);
}

fn tree(bins: &Bins) -> Tree {
    let mut tree = Tree::new(600_000);
    let mut random = Lcg(7);
    let mut number = 0;
    // Ends: every few numbers make a new leaf.
    while tree.len() < 500_000 {
        let bin = bins.index(random.next(20_000) as i64);
        tree.add_levels(&keys(&lane(number)), bin, Weight::at(NOW, HALF_LIFE));
        number += 1;
    }
    println!("{} lanes: {:.1} MiB", tree.len(), tree.size() as f64 / f64::from(1 << 20));
    tree
}

fn main() {
    let bins = Bins::remaining(60);
    let weight = Weight::at(NOW, HALF_LIFE);
    let mut tree = tree(&bins);
    let mut random = Lcg(11);
    let hot: Vec<_> = (0..64).map(|number| keys(&lane(number * 7_001))).collect();
    let cold: Vec<_> = (0..200_000).map(|_| keys(&lane(random.next(490_000)))).collect();
    let drawn: Vec<usize> = (0..4_096).map(|_| bins.index(random.next(20_000) as i64)).collect();
    measure("update over five levels, hot lanes", 4_000, |turn| {
        tree.add_levels(&hot[turn as usize % 64], drawn[turn as usize % 4_096], weight);
    });
    measure("update over five levels, cold lanes of 500,000", 1_000, |turn| {
        tree.add_levels(&cold[turn as usize % cold.len()], drawn[turn as usize % 4_096], weight);
    });
    for (name, sets) in [("hot", &hot), ("cold", &cold)] {
        for (shown, age) in [("fresh", 0), ("age three days", 4_320)] {
            let name = format!("three quantiles over five levels, {name}, {shown}");
            measure(&name, 500, |turn| {
                let keys = &sets[turn as usize % sets.len()];
                let nodes = [0, 1, 2, 3, 4].map(|at: usize| tree.node(keys[at].id()));
                let mut shares = [Share::default(); 5];
                let mixture = Mixture::of(&nodes, &bins, age, weight, 20.0, &mut shares);
                black_box(mixture.map(|mixture| mixture.quantiles(&bins, [6_554, 32_768, 58_982])));
            });
        }
    }
    whole();
}

/// The whole question and the whole outcome, with boards, drift, a calendar and two bases.
fn whole() {
    let settings = Settings { levels: LEVELS[..4].to_vec(), ..Settings::default() };
    let mut estimator = Estimator::new(settings);
    let calendar = Calendar::weekdays(&jiff::tz::TimeZone::UTC, &[]);
    let mut random = Lcg(3);
    let mut outcome = |estimator: &mut Estimator, number: u64| {
        let lane = lane(number % 64 * 7_001);
        let end = NOW + 86_400 + random.next(700_000) as i64;
        let learned = estimator.observe(
            &Outcome {
                lane: &lane,
                class: MilestoneClass::Accepted,
                start: NOW,
                end,
                carrier_estimate: Some(NOW + 4 * 86_400),
                promise: None,
                table_days: None,
                calendar: &calendar,
                exclusion: None,
            },
            end,
        );
        assert!(learned.is_ok());
    };
    for number in 0..20_000 {
        outcome(&mut estimator, number);
    }
    measure("observe: two bases, board, drift, level", 200, |turn| {
        outcome(&mut estimator, turn);
    });
    measure("estimate: two bases, calendar, breach, trust", 500, |turn| {
        let lane = lane(turn % 64 * 7_001);
        let query = Query {
            lane: &lane,
            class: MilestoneClass::Accepted,
            start: NOW,
            now: NOW + 86_400,
            carrier_estimate: Some(NOW + 4 * 86_400),
            promise: Some(NOW + 5 * 86_400),
            table_days: None,
            calendar: &calendar,
            doubts: Doubts::default(),
        };
        let estimate = estimator.estimate(&query);
        assert!(black_box(estimate).is_ok());
    });
}
