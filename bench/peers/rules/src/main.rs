//! The same generated rules through crossdock and through general expression engines, in one run.
//!
//! Every engine gets each rule as one compiled expression over the same fields, and each event's fields as cheaply as it
//! takes them (a map or scope that is made once an event). For every event the rules that hold are compared with
//! plain comparisons before anything is timed. One JSON record an engine and number of rules.
//!
//! What differs: crossdock raises, with rows and messages' fields; the others answer yes or no.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../../../../rules/examples/rule_index/mix.rs"]
#[allow(dead_code, reason = "it is shared with the example")]
mod mix;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use crossdock_rules::rule::Options;
use crossdock_rules::rule::action::Actions;
use crossdock_rules::rule::catalogue::Catalogue;
use crossdock_rules::rule::diagnostic::Source;
use crossdock_rules::rule::facts::HashInterner;
use crossdock_rules::rule::rows::{RowHandle, RowStore};
use crossdock_rules::rule::ruleset::RuleSet;
use mix::{Case, Plain, Random};

const EVENTS: usize = 512;
const PASSES: usize = 9;
const COUNTS: [usize; 2] = [200, 2_000];

/// The fields of an event by name, as the other engines see them.
const NUMBERS: [&str; 3] = ["value", "pieces", "support"];

struct Fields {
    texts: [(&'static str, String); 4],
    numbers: [(&'static str, i64); 3],
}

fn fields(case: &Case) -> Fields {
    let values = mix::values(case);
    Fields {
        texts: [
            ("milestone", case.event.milestone.name().to_owned()),
            ("carrier", format!("c{}", case.carrier)),
            ("service", format!("s{}", case.service)),
            ("country", format!("x{}", case.country)),
        ],
        numbers: [0, 1, 2].map(|at| (NUMBERS[at], i64::from(values[at]))),
    }
}

/// A rule as an expression; `and` is what the language writes between conditions.
fn expression(rule: &Plain, and: &str) -> String {
    let list = |items: Vec<String>| items.join(", ");
    let quoted = |text: &str| format!("\"{text}\"");
    let milestones = rule.milestones.iter().map(|it| quoted(it.name())).collect();
    let mut all = vec![format!("milestone in [{}]", list(milestones))];
    all.extend(rule.carrier.map(|carrier| format!("carrier == \"c{carrier}\"")));
    if !rule.services.is_empty() {
        let services = rule.services.iter().map(|it| quoted(&format!("s{it}"))).collect();
        all.push(format!("service in [{}]", list(services)));
    }
    all.extend(rule.country.map(|country| format!("country == \"x{country}\"")));
    all.extend(rule.threshold.map(|(field, least)| format!("{} > {least}", NUMBERS[field])));
    all.join(and)
}

/// Something that says how many rules hold for an event.
type Engine<'a> = Box<dyn FnMut(&Case) -> usize + 'a>;

fn crossdock(rules: &[Plain]) -> Engine<'_> {
    let options = Options { catalogue: Catalogue::open() };
    let source = Source::new("bench.yaml", mix::file(rules));
    let set = RuleSet::load(vec![source], &options, &mut HashInterner)
        .unwrap_or_else(|report| panic!("{}", report.render()));
    let (mut actions, mut store) = (Actions::with_capacity(256), RowStore::new());
    Box::new(move |case| {
        let mut handle = RowHandle::default();
        actions.clear();
        mix::with_facts(case, |facts| {
            set.on_event(facts, &mut store, &mut handle, &mut actions);
            store.clear(&mut handle);
            // A shipment has 64 rows; what holds beyond them is counted by the index.
            if actions.list.len() < 64 { actions.list.len() } else { set.select(facts) }
        })
    })
}

fn of_cel(rules: &[Plain]) -> Engine<'_> {
    let compile = |rule| cel::Program::compile(&expression(rule, " && "));
    let programs: Vec<cel::Program> =
        rules.iter().map(|rule| compile(rule).expect("the common subset")).collect();
    let env = Arc::new(cel::Env::stdlib());
    Box::new(move |case| {
        let mut context = cel::Context::with_env(Arc::clone(&env));
        let Fields { texts, numbers } = fields(case);
        texts.into_iter().for_each(|(name, text)| context.add_variable_from_value(name, text));
        numbers.into_iter().for_each(|(name, it)| context.add_variable_from_value(name, it));
        let holds = |it: &&cel::Program| it.execute(&context) == Ok(cel::Value::Bool(true));
        programs.iter().filter(holds).count()
    })
}

fn of_rhai(rules: &[Plain]) -> Engine<'_> {
    let mut engine = rhai::Engine::new();
    engine.set_optimization_level(rhai::OptimizationLevel::Full);
    let compile = |rule| engine.compile_expression(expression(rule, " && "));
    let programs: Vec<rhai::AST> =
        rules.iter().map(|rule| compile(rule).expect("the common subset")).collect();
    Box::new(move |case| {
        let mut scope = rhai::Scope::with_capacity(7);
        let Fields { texts, numbers } = fields(case);
        for (name, text) in texts {
            scope.push(name, text);
        }
        for (name, number) in numbers {
            scope.push(name, number);
        }
        let mut holds = |it| engine.eval_ast_with_scope::<bool>(&mut scope, it).is_ok_and(|it| it);
        let mut count = 0;
        for program in &programs {
            count += usize::from(holds(program));
        }
        count
    })
}

fn of_zen(rules: &[Plain]) -> Engine<'_> {
    use zen_expression::variable::{Variable, VariableMap};
    use zen_types::symbol::Symbol;
    let mut isolate = zen_expression::Isolate::new();
    let mut compile = |rule| isolate.compile_standard(&expression(rule, " and "));
    let programs: Vec<_> =
        rules.iter().map(|rule| compile(rule).expect("the common subset")).collect();
    let mut machine = zen_expression::vm::VM::new();
    Box::new(move |case| {
        let mut map = VariableMap::with_capacity(7);
        let Fields { texts, numbers } = fields(case);
        for (name, text) in texts {
            map.insert(Variable::key(name), Variable::String(Symbol::from(text.as_str())));
        }
        for (name, number) in numbers {
            map.insert(Variable::key(name), Variable::Number(number.into()));
        }
        let scope = zen_expression::Scope::new(Variable::from_object(map));
        let mut count = 0;
        for program in &programs {
            let said = program.evaluate_with_scope(&scope, &mut machine);
            count += usize::from(said.is_ok_and(|said| said.as_bool() == Some(true)));
        }
        count
    })
}

fn main() {
    for count in COUNTS {
        let mut random = Random(count as u64);
        let rules: Vec<Plain> = (0..count).map(|_| mix::plain(&mut random)).collect();
        let cases: Vec<Case> = (0..EVENTS).map(|_| mix::case(&mut random)).collect();
        let mut engines: Vec<(&str, Engine<'_>)> = vec![
            ("crossdock", crossdock(&rules)),
            ("cel 0.15.0", of_cel(&rules)),
            ("rhai 1.27.0", of_rhai(&rules)),
            ("zen-expression 2.1.6", of_zen(&rules)),
        ];
        for case in &cases {
            let holds = rules.iter().filter(|rule| mix::holds(rule, case)).count();
            for (name, engine) in &mut engines {
                assert_eq!(engine(case), holds, "{name}");
            }
        }
        // In turns, so that what else the machine does falls on all of them.
        let mut seconds: Vec<Vec<f64>> = vec![Vec::new(); engines.len()];
        for _ in 0..PASSES {
            for ((_, engine), seconds) in engines.iter_mut().zip(&mut seconds) {
                let start = Instant::now();
                for case in &cases {
                    black_box(engine(black_box(case)));
                }
                seconds.push(start.elapsed().as_secs_f64());
            }
        }
        let each = |seconds: &mut Vec<f64>| {
            seconds.sort_by(f64::total_cmp);
            seconds[seconds.len() / 2] / EVENTS as f64 * 1e9
        };
        let medians: Vec<f64> = seconds.iter_mut().map(each).collect();
        for ((name, _), median) in engines.iter().zip(&medians) {
            println!(
                r#"{{"bench":"rules","engine":"{name}","rules":{count},"ns_an_event":{median:.0},"ratio":{:.1},"check":"equal to plain comparisons"}}"#,
                median / medians[0]
            );
        }
    }
}
