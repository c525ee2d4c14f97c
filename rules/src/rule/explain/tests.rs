//! What `explain` tells is what runs: held against what the rules said.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crossdock_model::record::Seconds;
use proptest::prelude::*;

use super::super::action::Action;
use super::super::check::Options;
use super::super::diagnostic::Source;
use super::super::facts::{Facts, HashInterner};
use super::super::ruleset::RuleSet;
use super::super::scenario::{Scenario, Setting};
use super::super::stage;
use super::super::world::SmallWorld;
use super::Says;

/// Each time, and nothing ends them: a raise is the verdict of the condition at the event.
const AT_EVENTS: &str = "version: 1
rules:
  - { id: a.late, event: any, where: event.late, once: occurrence, raise: { code: A } }
  - { id: b.third, event: any, where: shipment.event_count >= 3 && event.physical, once: occurrence, raise: { code: B } }
  - { id: c.seen, event: any, where: seen(damaged) || shipment.attempts >= 1, once: occurrence, raise: { code: C } }
  - { id: d.unless, event: physical_scan, unless: seen(delivered), once: occurrence, raise: { code: D } }
  - { id: e.lateness, event: exception, where: event.lateness > 3h && count_of(any) < 6, once: occurrence, raise: { code: E } }
  - { id: f.other, scope: { carrier: dhl }, event: any, once: occurrence, raise: { code: F } }
";

/// Open as long as the condition holds.
const OVER_STATE: &str = "version: 1
rules:
  - { id: a.silent, watch: since(shipment.last_at) > 50h, raise: { code: A }, once: occurrence }
  - { id: b.attempts, watch: shipment.attempts >= 2 && shipment.milestone != \"delivered\", raise: { code: B }, once: occurrence }
  - { id: c.never_moved, watch: has(shipment.first_at) && since(shipment.first_at) >= 30h && !has(shipment.possession_at), raise: { code: C }, once: occurrence }
";

const WORDS: [&str; 8] = [
    "label_created",
    "accepted",
    "arrived_facility",
    "customs_hold",
    "out_for_delivery",
    "delivery_attempted",
    "delivered",
    "damaged",
];

fn load(text: &str) -> RuleSet {
    let source = Source::new("t.yaml", text);
    let loaded = RuleSet::load(vec![source], &Options::default(), &mut HashInterner);
    loaded.unwrap_or_else(|report| panic!("{}", report.render()))
}

type Steps = Vec<(i64, usize, i64)>;

fn steps() -> impl Strategy<Value = Steps> {
    prop::collection::vec((0..40_i64 * 3600, 0..WORDS.len(), 0..20_000_i64), 1..14)
}

/// Shows the events to a shipment; calls `after` behind each.
fn play<'a>(
    mut scenario: Scenario<'a, SmallWorld>,
    steps: &Steps,
    mut after: impl FnMut(&mut Scenario<'a, SmallWorld>),
) {
    let start = i64::from(scenario.now().0);
    let mut now = 0;
    for (wait, word, late) in steps {
        now += wait;
        let (event, scene) = stage::word_event(WORDS[*word], start + now, start + now - late);
        let at = Seconds(u32::try_from(start + now).expect("this century"));
        scenario.event(at, &event, &scene);
        scenario.advance(at, true);
        after(&mut scenario);
    }
}

fn scenario(set: &RuleSet) -> Scenario<'_, SmallWorld> {
    Scenario::new(set, SmallWorld::default(), Setting::default(), Seconds(1_772_438_400))
}

proptest! {
    #[test]
    fn an_event_rule_raises_where_explain_says_that_its_condition_holds(steps in steps()) {
        let set = load(AT_EVENTS);
        let expected = RefCell::new(Vec::new());
        let mut on_call = |facts: &Facts<'_>| {
            let Some(event) = facts.event else { return };
            for index in 0..6_u16 {
                let told = set.explain(index, facts, &[], &|_| None);
                let is_asked = set.rule(index).trigger().has(event);
                if is_asked && told.says != Says::OutOfScope && told.holds {
                    expected.borrow_mut().push((facts.now, index));
                }
            }
        };
        let mut raised = Vec::new();
        let mut watched = scenario(&set);
        watched.on_call = Some(&mut on_call);
        play(watched, &steps, |scenario| {
            for said in scenario.drain_said() {
                if let Action::Raise { rule, .. } = said.action {
                    raised.push((said.at, rule));
                }
            }
        });
        prop_assert_eq!(raised, expected.into_inner());
    }

    #[test]
    fn a_watch_is_open_where_explain_says_that_it_holds_and_is_open(steps in steps()) {
        let set = load(OVER_STATE);
        let mut open = BTreeSet::new();
        let mut found = Vec::new();
        play(scenario(&set), &steps, |scenario| {
            for said in scenario.drain_said() {
                match said.action {
                    Action::Raise { rule, .. } => assert!(open.insert(rule)),
                    Action::Resolve { rule, .. } | Action::Retract { rule, .. } => {
                        assert!(open.remove(&rule));
                    }
                }
            }
            for index in 0..3 {
                let told = scenario.explain(index, &|_| None);
                let is_open = open.contains(&index);
                if told.holds != is_open || (told.says == Says::Open) != is_open {
                    found.push(format!("{is_open}: {}", told.render()));
                }
            }
        });
        prop_assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
