//! The naive evaluator: walks the tree with options. Too simple to be wrong; the machine is held against it.

use super::calendars::Calendars;
use super::facts::Facts;
use super::field::FieldId;
use super::geo;
use super::machine::Machine;
use super::row::{ABSENT, Row, text_of, to_point};
use super::text;
use super::tree::{Arith, Pred, Test, Unary, Value};
use crate::calendar::zones;

pub(crate) struct Oracle<'a> {
    pub(crate) facts: &'a Facts<'a>,
    pub(crate) row: Row<'a>,
    pub(crate) calendars: &'a Calendars,
    pub(crate) machine: Machine<'a>,
}

impl Oracle<'_> {
    pub(crate) fn holds(&self, pred: &Pred) -> bool {
        match pred {
            Pred::Const(value) => *value,
            Pred::All(parts) => parts.iter().all(|part| self.holds(part)),
            Pred::Any(parts) => parts.iter().any(|part| self.holds(part)),
            Pred::Not(part) => !self.holds(part),
            Pred::Atom(atom) => self.test(&atom.test).unwrap_or(false),
        }
    }

    fn test(&self, test: &Test) -> Option<bool> {
        Some(match test {
            Test::Compare(comparison, left, right) => {
                comparison.holds(self.value(left)?, self.value(right)?)
            }
            Test::In(value, list) => list.contains(&self.value(value)?),
            Test::NotIn(value, list) => !list.contains(&self.value(value)?),
            Test::Text(field, test) => text::passes(test, text_of(self.facts, *field)?),
            Test::Has(field) => self.field(*field).is_some(),
            Test::Seen(set) => self.machine.seen(set),
        })
    }

    fn field(&self, field: FieldId) -> Option<i64> {
        Some(self.row.get(field)).filter(|value| *value != ABSENT)
    }

    fn value(&self, value: &Value) -> Option<i64> {
        let clamp =
            |value: i128| Some(value.clamp(i128::from(i64::MIN) + 1, i128::from(i64::MAX)) as i64);
        match value {
            Value::Const(value) => Some(*value),
            Value::Field(field) => self.field(*field),
            Value::CountOf(set) => {
                Some(self.facts.events().filter(|event| set.has(event)).count() as i64)
            }
            Value::Distance(from, to) => {
                Some(geo::distance_e6(to_point(self.field(*from)?), to_point(self.field(*to)?)))
            }
            Value::Between(from, to, role) => {
                let open = self.calendars.open_time(self.facts, (*role).into());
                Some(open.between(self.value(from)?, self.value(to)?))
            }
            Value::Unary(unary, part) => {
                let part = self.value(part)?;
                let local =
                    |role| zones::local(zones::of(self.calendars.zone(self.facts, role)), part);
                match unary {
                    Unary::Negate => clamp(-i128::from(part)),
                    Unary::Abs => clamp(i128::from(part).abs()),
                    Unary::Scale => clamp(i128::from(part) * 1_000_000),
                    Unary::Since => clamp(i128::from(self.facts.now.0) - i128::from(part)),
                    Unary::LocalDate(role) => Some(local(*role).0.into()),
                    Unary::LocalTime(role) => Some(local(*role).1.into()),
                }
            }
            Value::Binary(arith, left, right) => {
                let (left, right) = (i128::from(self.value(left)?), i128::from(self.value(right)?));
                match arith {
                    Arith::Add => clamp(left + right),
                    Arith::Sub => clamp(left - right),
                    Arith::Mul => clamp(left * right),
                    Arith::Div => clamp(left.checked_div(right)?),
                    Arith::MulFloat => clamp(left * right / 1_000_000),
                    Arith::DivFloat => clamp((left * 1_000_000).checked_div(right)?),
                    Arith::Min => clamp(left.min(right)),
                    Arith::Max => clamp(left.max(right)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use crossdock_model::record::{Record, Seconds};
    use proptest::prelude::*;

    use super::super::catalogue::Catalogue;
    use super::super::compile::compile;
    use super::super::diagnostic::{Report, Source, Span};
    use super::super::facts::{Eta, Feed, HashInterner, Lane, Scene, Shipment, Texts};
    use super::super::machine::{Pool, Verdict};
    use super::super::parse::parse;
    use super::super::typing::{Names, Place, predicate};
    use super::*;

    use super::super::field::FIELD_COUNT;

    /// Values that are often equal, sometimes absent, sometimes at the ends.
    fn row() -> impl Strategy<Value = [i64; FIELD_COUNT]> {
        let value = prop_oneof![
            3 => 0..4_i64,
            2 => Just(ABSENT),
            1 => Just(i64::MAX),
            1 => Just(ABSENT + 1),
            1 => any::<i32>().prop_map(i64::from),
        ];
        prop::collection::vec(value, FIELD_COUNT)
            .prop_map(|values| <[i64; FIELD_COUNT]>::try_from(values).expect("so many"))
    }

    /// Conditions as people write them; some don't pass the checker, and are passed over.
    fn condition() -> impl Strategy<Value = String> {
        let number = prop_oneof![
            Just("shipment.attempts"),
            Just("shipment.pieces"),
            Just("shipment.value"),
            Just("shipment.event_count"),
            Just("eta.days_past_promise"),
            Just("gap.support"),
            Just("0"),
            Just("2"),
            Just("-3"),
        ];
        let length = prop_oneof![
            Just("gap.p95"),
            Just("event.lateness"),
            Just("since(shipment.first_at)"),
            Just("36h"),
            Just("feed.silent_for"),
            Just("shipment.promise_at - shipment.last_at"),
        ];
        let sign =
            prop_oneof![Just("=="), Just("<"), Just("<="), Just(">"), Just(">="), Just("!=")];
        let arith = prop_oneof![Just("+"), Just("-"), Just("*")];
        let atom = prop_oneof![
            (number.clone(), sign.clone(), number.clone())
                .prop_map(|(a, s, b)| format!("{a} {s} {b}")),
            (number.clone(), arith, number.clone(), sign.clone(), number.clone())
                .prop_map(|(a, o, b, s, c)| format!("{a} {o} {b} {s} {c}")),
            (length.clone(), sign.clone(), length).prop_map(|(a, s, b)| format!("{a} {s} {b}")),
            (number.clone(), number.clone())
                .prop_map(|(a, b)| format!("max({a}, {b}) / 2 > abs({b})")),
            number.prop_map(|a| format!("has({a})")),
            prop_oneof![
                Just("carrier == \"ups\""),
                Just("carrier in [\"ups\", \"dhl\"]"),
                Just("event.physical"),
                Just("event.reason == \"weather\""),
                Just("event.reason in [\"weather\", \"strike\"]"),
                Just("shipment.milestone in [\"delivered\", \"in_transit\"]"),
                Just("has(event.reason)"),
                Just("seen(delivered)"),
                Just("eta.p_breach >= 0.7"),
                Just("eta.p_breach * 2 > shipment.attempts"),
                Just("event.detail in [\"unmapped\", \"delivered\"]"),
                Just("starts_with(destination.postal, \"99\")"),
                Just("local_time(event.time) > \"12:00\""),
                Just("event.reason not in [\"weather\"]"),
                Just("true"),
            ]
            .prop_map(str::to_owned),
        ];
        atom.prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) && ({b})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) || ({b})")),
                inner.prop_map(|a| format!("!({a})")),
            ]
        })
    }

    fn check(text: &str) -> Option<Pred> {
        let mut report = Report::default();
        let source = Source::new("t", text);
        let end = u32::try_from(text.len()).expect("short");
        let ast = parse(&source, Span { file: 0, start: 0, end }, text).ok()?;
        let catalogue = Catalogue::default();
        let mut names = Names {
            catalogue: &catalogue,
            lists: BTreeMap::new(),
            lets: BTreeMap::new(),
            used: BTreeSet::new(),
            interner: &mut HashInterner,
            symbols: BTreeMap::new(),
        };
        predicate(&ast, Place::Event, &mut names, &mut report)
    }

    #[test]
    fn the_generator_makes_conditions_that_pass() {
        use proptest::strategy::ValueTree;
        use proptest::test_runner::TestRunner;
        let mut runner = TestRunner::deterministic();
        let passed = (0..200)
            .filter(|_| {
                let text = condition().new_tree(&mut runner).expect("a tree").current();
                check(&text).is_some_and(|pred| 1 < pred.atoms().len())
            })
            .count();
        assert!(40 < passed, "{passed}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn machine_oracle_and_explain_agree(text in condition(), row in row()) {
            let Some(pred) = check(&text) else { return Ok(()) };
            let mut pool = Pool::default();
            // Other code before it: jumps are relative.
            compile(&mut pool, &Pred::Not(Box::new(pred.clone()))).expect("fits");
            let (program, atoms) = compile(&mut pool, &pred).expect("fits");
            let record = Record::default();
            let (shipment, eta, lane, feed) = (Shipment::default(), Eta::default(), Lane::default(), Feed::default());
            let texts = Texts { destination_postal: Some("99501"), ..Texts::default() };
            let facts = Facts {
                before: &record, after: &record, event: None, scene: Scene::default(), history: &[], shipment: &shipment,
                texts, eta_before: &eta, eta: &eta, lane: &lane, feed: &feed, now: Seconds(1_700_000_000),
            };
            let calendars = Calendars::new(&[], &mut HashInterner);
            let row = Row::given(&facts, &row);
            let machine = Machine { pool: &pool, facts: &facts, row, calendars: &calendars };
            let oracle = Oracle { facts: &facts, row, calendars: &calendars, machine };
            let want = oracle.holds(&pred);
            prop_assert_eq!(machine.run(program), want, "{}", text);
            prop_assert_eq!(machine.explain(program), want, "{}", text);
            // Each atom says by itself what the oracle says of it.
            let answers = machine.record(program);
            prop_assert_eq!(atoms.len(), pred.atoms().len());
            for (atom, ops) in pred.atoms().iter().zip(&atoms) {
                let answer = answers[usize::from(ops.end) - 1];
                prop_assert_eq!(answer == Verdict::True, oracle.test(&atom.test).unwrap_or(false), "{}", atom.text);
            }
        }
    }
}
