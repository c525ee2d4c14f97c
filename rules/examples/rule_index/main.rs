//! What index and residual cost per event, for 200, 2,000 and 5,000 generated rules, on one core.
//!
//! Before anything is timed, the rules that raise are compared with brute force over all rules, for every event.
//!
//! `cargo run --release -p crossdock-rules --example rule_index`
#![expect(clippy::print_stdout, reason = "a bench prints its numbers")]

mod mix;

use std::hint::black_box;
use std::time::Instant;

use crossdock_rules::rule::Options;
use crossdock_rules::rule::action::{Action, Actions};
use crossdock_rules::rule::catalogue::Catalogue;
use crossdock_rules::rule::diagnostic::Source;
use crossdock_rules::rule::facts::{Facts, HashInterner};
use crossdock_rules::rule::rows::{RowHandle, RowStore};
use crossdock_rules::rule::ruleset::RuleSet;

use mix::{Case, Plain, Random, case, file, holds, plain, with_facts};

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
