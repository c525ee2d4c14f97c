//! From one rule set to the next without losing or doubling what is open.
//!
//! # Place
//!
//! Made once per switch; applied by each shard to each shipment after the switch message, at once or spread
//! over time: rows that are not moved yet must not be shown to the new set.
//!
//! # Method
//!
//! Rows move by rule id. With the same shape (what the row's numbers mean) a row is kept as it is. With another one
//! what is open stays open and what waits is dropped, to be armed again by `rearm` from the kept history. A rule that
//! is gone, or disabled, resolves what it had open as `withdrawn`.
//!
//! # Holds
//!
//! - Moving twice from a set to itself changes nothing.
//! - Every open raise is afterwards open under the same rule id and episode, or resolved as withdrawn.

use crossdock_model::record::Seconds;

use super::action::{Action, Actions, Cause};
use super::facts::Facts;
use super::rows::{RowHandle, RowStore, RuleRow, Status};
use super::ruleset::{Kind, Mode, Rule, RuleSet};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    /// Index in the new set.
    Keep(u16),
    /// Index in the new set; what waits is armed again.
    Rearm(u16),
    Withdraw,
}

/// How rows move between two rule sets.
#[derive(Clone, Debug)]
pub struct Migration {
    moves: Vec<Move>,
    /// By index in the new set: it waits for something that no rule of that name waited for before.
    arms: Vec<bool>,
}

impl Migration {
    /// Compares two sets by rule id.
    #[must_use]
    pub fn new(old: &RuleSet, new: &RuleSet) -> Self {
        let moves = old
            .rules
            .iter()
            .map(|rule| match new.find(&rule.id) {
                Some(index) if new.rule(index).mode == Mode::Disabled => Move::Withdraw,
                Some(index) if new.rule(index).shape == rule.shape => Move::Keep(index),
                Some(index) => Move::Rearm(index),
                None => Move::Withdraw,
            })
            .collect();
        let is_known = |rule: &Rule| {
            let before = old.find(&rule.id).map(|index| old.rule(index));
            before.is_some_and(|old| old.shape == rule.shape && old.mode != Mode::Disabled)
        };
        let arms = new.rules.iter().map(|rule| waits(rule) && !is_known(rule)).collect();
        Self { moves, arms }
    }

    /// True where some rule is new or waits for something else now, so that shipments should be looked
    /// at again.
    #[must_use]
    pub fn rearms(&self) -> bool {
        self.arms.contains(&true)
    }

    /// Moves the rows of one shipment. What is withdrawn is appended to `actions`, with the index of the *old* rule.
    pub fn apply(
        &self,
        store: &mut RowStore,
        handle: &mut RowHandle,
        now: Seconds,
        actions: &mut Actions,
    ) {
        // A shipment has at most 64 rows of 32 bytes.
        let mut moved = [RuleRow::default(); super::rows::ROWS_MAX];
        let mut count = 0;
        for row in store.rows(handle) {
            let step = self.moves.get(usize::from(row.rule)).copied().unwrap_or(Move::Withdraw);
            match step {
                Move::Keep(rule) => {
                    moved[count] = RuleRow { rule, ..*row };
                    count += 1;
                }
                Move::Rearm(rule) if row.status.is_open() || 0 < row.episode => {
                    let status = if row.status.is_open() { Status::Open } else { Status::Done };
                    moved[count] = RuleRow { rule, status, wake: Seconds::NEVER, ..*row };
                    count += 1;
                }
                Move::Rearm(_) => {}
                Move::Withdraw if row.status.is_open() => {
                    let (rule, episode, cause) = (row.rule, row.episode, Cause::Withdrawn);
                    actions.list.push(Action::Resolve { rule, episode, at: now, cause });
                }
                Move::Withdraw => {}
            }
        }
        moved[..count].sort_unstable_by_key(|row| row.rule);
        store.clear(handle);
        *handle = store.restore(&moved[..count]).unwrap_or_default();
        let wakes = store.rows(handle).iter().map(|row| row.wake);
        actions.next = wakes.filter(|wake| wake.is_some()).min();
    }
}

/// True where a rule may be armed from the history.
fn waits(rule: &Rule) -> bool {
    let waits = matches!(rule.kind, Kind::Expect { .. } | Kind::Silence { .. });
    waits && !rule.apply_new && rule.mode != Mode::Disabled
}

impl RuleSet {
    /// Arms the `expect` and `silence` rules that wait for nothing, from the kept history: after a switch, for rules
    /// that are new or wait for something else now, `only` those; without, all of them. Rules with `apply: new` are
    /// left out. Raises nothing: what is overdue is told by the next timer.
    pub fn rearm(
        &self,
        only: Option<&Migration>,
        facts: &Facts<'_>,
        store: &mut RowStore,
        handle: &mut RowHandle,
        actions: &mut Actions,
    ) {
        let told = actions.list.len();
        // The newest event of each trigger is the one that would have armed the rule last.
        for (index, rule) in self.rules.iter().enumerate() {
            let is_wanted = only.is_none_or(|migration| migration.arms[index]);
            let index = u16::try_from(index).expect("at most RULES_MAX");
            if !is_wanted || !waits(rule) {
                continue;
            }
            if store.find(handle, index).is_some() {
                continue;
            }
            let trigger = rule.trigger();
            let newest = facts
                .events()
                .filter(|event| trigger.has(event))
                .max_by_key(|event| event.time.instant);
            if let Some(event) = newest {
                let facts = Facts { event: Some(&event), ..*facts };
                self.on_event_of(index, &facts, store, handle, actions);
            }
        }
        debug_assert_eq!(told, actions.list.len(), "arming says nothing");
        let wakes = store.rows(handle).iter().map(|row| row.wake);
        actions.next = wakes.filter(|wake| wake.is_some()).min();
    }
}

#[cfg(test)]
mod tests {
    use crossdock_model::record::Seconds;
    use proptest::prelude::*;

    use super::super::action::{Action, Cause};
    use super::super::check::Options;
    use super::super::diagnostic::{Report, Source, Span};
    use super::super::facts::HashInterner;
    use super::super::ruleset::RuleSet;
    use super::super::scenario::{Said, Scenario, Setting};
    use super::super::stage;
    use super::super::suite::Step;
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
            let step = Step {
                what: WORDS[*word].to_owned(),
                pairs: vec![("event_time".to_owned(), (now - late).to_string())],
                span: Span::default(),
                at: now.to_string(),
            };
            let moment = |text: &str| text.parse::<i64>().ok().map(|seconds| start + seconds);
            let setting = Setting::default();
            let event = stage::event(&step, start + now, &setting, &moment, &mut Report::default());
            let (event, scene) = event.expect("a known word");
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
        let text =
            RULES.replace("within: 24h", "within: 48h").replace("id: g.event", "id: h.event");
        let new = RuleSet::load(
            vec![Source::new("t.yaml", text)],
            &Options::default(),
            &mut HashInterner,
        );
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
        let raised: Vec<&String> =
            said.iter().filter(|line| line.contains("b.accept raise")).collect();
        assert_eq!(raised.len(), 1, "{said:?}");
        assert!(raised[0].starts_with(&format!("{}", 1_772_438_400 + 48 * 3600)), "{raised:?}");
    }
}
