//! Rules that stay, go, come and change: what is said at a switch.

use crossdock_model::record::Seconds;
use proptest::prelude::*;

use super::super::action::{Action, Cause};
use super::super::check::Options;
use super::super::diagnostic::Source;
use super::super::facts::HashInterner;
use super::super::ruleset::RuleSet;
use super::super::scenario::{Said, Scenario, Setting};
use super::super::stage;
use super::super::world::SmallWorld;

const RULES: &str = "version: 1
rules:
  - { id: b.accept, expect: { after: label_created, want: accepted, within: 24h, cancel: cancelled }, raise: { code: B } }
  - { id: c.stall, silence: { of: physical_scan, while: [accepted, in_transit], longer_than: 30h, pause: customs_hold }, raise: { code: C }, once: occurrence }
  - { id: d.attempts, count: { of: delivery_attempted, at_least: 2, distinct_by: local_date }, raise: { code: D }, resolve: { event: delivered } }
  - { id: e.ofd, expect: { after: out_for_delivery, want: [delivered, delivery_attempted], by: \"21:00\" }, once: occurrence, raise: { code: E } }
  - { id: f.watch, watch: since(shipment.last_at) > 50h, raise: { code: F }, once: occurrence }
  - { id: g.event, event: exception, raise: { code: G }, resolve: { event: delivered, after: 40h } }
";

fn load(extra: &str) -> RuleSet {
    let source = Source::new("t.yaml", format!("{RULES}{extra}"));
    let loaded = RuleSet::load(vec![source], &Options::default(), &mut HashInterner);
    loaded.unwrap_or_else(|report| panic!("{}", report.render()))
}

const WORDS: [&str; 10] = [
    "label_created",
    "accepted",
    "arrived_facility",
    "customs_hold",
    "customs_released",
    "out_for_delivery",
    "delivery_attempted",
    "delivered",
    "damaged",
    "cancelled",
];

type Steps = Vec<(i64, usize, i64)>;

fn steps() -> impl Strategy<Value = Steps> {
    prop::collection::vec((0..60_i64 * 3600, 0..WORDS.len(), 0..90_000_i64), 1..14)
}

/// Plays events, doing something after each; what was said, by rule id.
fn play<'a>(
    set: &'a RuleSet,
    steps: &Steps,
    mut after: impl FnMut(&mut Scenario<'a, SmallWorld>, usize) -> &'a RuleSet,
) -> Vec<String> {
    let start = 1_772_438_400_i64;
    let at = |seconds: i64| Seconds(u32::try_from(start + seconds).expect("this century"));
    let mut scenario = Scenario::new(set, SmallWorld::default(), Setting::default(), at(0));
    let mut out = Vec::new();
    let (mut now, mut set) = (0, set);
    let show = |set: &RuleSet, said: Vec<Said>, out: &mut Vec<String>| {
        for said in said {
            let id = &set.rule(said.action.rule()).id;
            let what = match said.action {
                Action::Raise { episode, at, since, .. } => {
                    format!("raise {episode} {at:?} {since:?}")
                }
                Action::Resolve { episode, at, cause, .. } => {
                    format!("resolve {episode} {at:?} {cause:?}")
                }
                Action::Retract { episode, at, cause, .. } => {
                    format!("retract {episode} {at:?} {cause:?}")
                }
            };
            out.push(format!("{} {id} {what}", said.at.0));
        }
    };
    for (index, (wait, word, late)) in steps.iter().enumerate() {
        now += wait;
        let (event, scene) = stage::word_event(WORDS[*word], start + now, start + now - late);
        scenario.event(at(now), &event, &scene);
        show(set, scenario.drain_said(), &mut out);
        let next = after(&mut scenario, index);
        show(set, scenario.drain_said(), &mut out);
        set = next;
    }
    scenario.advance(at(now + 400 * 3600), true);
    show(set, scenario.drain_said(), &mut out);
    out
}

proptest! {
    /// Other rules come and go, so that every index moves: the rules that stay say the same.
    #[test]
    fn reload_at_every_event_says_what_no_reload_says(steps in steps()) {
        let plain = load("");
        let more = load("  - { id: a.first, event: delivered, raise: { code: A } }\n  - { id: d.more, event: lost, raise: { code: M } }\n");
        let want = play(&plain, &steps, |_, _| &plain);
        let got = play(&plain, &steps, |scenario, index| {
            let next = if index % 2 == 0 { &more } else { &plain };
            scenario.reload(next);
            next
        });
        let got: Vec<String> = got.into_iter().filter(|line| !line.contains("a.first") && !line.contains("d.more")).collect();
        prop_assert_eq!(got, want);
    }

    /// Every raise is ended at most once, episodes rise by one, nothing ends that is not open.
    #[test]
    fn raises_and_ends_alternate(steps in steps()) {
        let set = load("");
        let said = play(&set, &steps, |_, _| &set);
        for rule in set.rules() {
            let (mut open, mut episodes) = (false, 0);
            for line in said.iter().filter(|line| line.split(' ').nth(1) == Some(rule.id.as_str())) {
                let mut words = line.split(' ').skip(2);
                let raised = words.next() == Some("raise");
                let episode: u32 = words.next().expect("an episode").parse().expect("a number");
                prop_assert_ne!(raised, open, "{:?}", said);
                episodes += u32::from(raised);
                prop_assert_eq!(episode, episodes);
                open = raised;
            }
        }
    }
}

#[test]
fn a_rule_that_is_gone_is_withdrawn_and_one_that_waits_longer_is_armed_again() {
    let old = load("");
    let text = RULES.replace("within: 24h", "within: 48h").replace("id: g.event", "id: h.event");
    let new =
        RuleSet::load(vec![Source::new("t.yaml", text)], &Options::default(), &mut HashInterner);
    let new = new.unwrap_or_else(|report| panic!("{}", report.render()));
    let steps = vec![(0, 0, 0), (3600, 8, 0)];
    let said = play(&old, &steps, |scenario, index| {
        if index == 1 {
            scenario.reload(&new);
            return &new;
        }
        &old
    });
    let withdrawn = format!("{:?}", Cause::Withdrawn);
    assert!(
        said.iter().any(|line| line.contains("g.event resolve") && line.contains(&withdrawn)),
        "{said:?}"
    );
    let raised: Vec<&String> = said.iter().filter(|line| line.contains("b.accept raise")).collect();
    assert_eq!(raised.len(), 1, "{said:?}");
    assert!(raised[0].starts_with(&format!("{}", 1_772_438_400 + 48 * 3600)), "{raised:?}");
}

/// How often a rule raised, and whether it is open at the end. Raises and ends alternate, episodes rise.
fn account(said: &[String], rule: &str) -> (usize, bool) {
    let (mut raises, mut is_open, mut last) = (0, false, 0_u32);
    for line in said.iter().filter(|line| line.split(' ').nth(1) == Some(rule)) {
        let mut words = line.split(' ').skip(2);
        let raised = words.next() == Some("raise");
        let episode: u32 = words.next().expect("an episode").parse().expect("a number");
        assert_ne!(raised, is_open, "{said:?}");
        assert!(if raised { last < episode } else { last == episode }, "{said:?}");
        raises += usize::from(raised);
        (is_open, last) = (raised, episode);
    }
    (raises, is_open)
}

proptest! {
    /// Rules go at one event and come back at a later one: no episode twice, nothing that is gone stays open, and
    /// what is open at the end is what would be had they stayed.
    #[test]
    fn rules_that_go_and_come_lose_and_double_nothing(
        steps in steps(),
        goes in 0..13_usize,
        stays in 0..4_usize,
        again in any::<bool>(),
    ) {
        let all = load("");
        let few = "version: 1\nrules: [{ id: a.first, event: lost, raise: { code: A } }]\n";
        let few = RuleSet::load(vec![Source::new("t.yaml", few)], &Options::default(), &mut HashInterner);
        let few = few.unwrap_or_else(|report| panic!("{}", report.render()));
        let want = play(&all, &steps, |_, _| &all);
        let mut is_gone = false;
        let got = play(&all, &steps, |scenario, index| {
            if index == goes {
                scenario.reload(&few);
                is_gone = true;
            }
            let is_last = index + 1 == steps.len();
            if is_gone && (index == goes + stays || is_last) {
                scenario.reload(&all);
                if again {
                    scenario.reload(&few);
                    scenario.reload(&all);
                }
                is_gone = false;
            }
            if is_gone { &few } else { &all }
        });
        // A hold that is told after the deadline stops no clock that has run out, but one that begins anew.
        let late_hold =
            steps.iter().any(|(_, word, late)| WORDS[*word] == "customs_hold" && *late != 0);
        for rule in ["b.accept", "f.watch", "c.stall"] {
            let (found, wanted) = (account(&got, rule), account(&want, rule));
            let is_same = found.1 == wanted.1 || (rule == "c.stall" && late_hold);
            prop_assert!(is_same, "{}: {:?} instead of {:?}", rule, got, want);
        }
        // Of two occasions at a time, the one that is open hides the other.
        let (found, wanted) = (account(&got, "e.ofd"), account(&want, "e.ofd"));
        prop_assert!(found.1 || !wanted.1, "{:?} instead of {:?}", got, want);
        for rule in ["d.attempts", "g.event"] {
            let (found, wanted) = (account(&got, rule), account(&want, rule));
            // They look at no event that came while they were gone.
            prop_assert!(stays != 0 || found.1 == wanted.1, "{}: {:?} instead of {:?}", rule, got, want);
        }
    }
}
