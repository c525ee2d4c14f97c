//! `crossdock rules check`: everything that is wrong with a set of files, for people, programs and code review.
//!
//! # Method
//!
//! The set is loaded as the engine loads it. Where it loads, its tests are read by playing them, for a step is told to be
//! wrong where it is played; whether they pass is the business of `test`. What stands beside rules in a folder of packs is
//! shown to its own reader.
//!
//! # Holds
//!
//! - Exit codes: 0 fine, 1 findings that let the set load (a mistake in a test; warnings with `--lint-fatal`), 2 a set that
//!   does not load, 3 usage.
//! - With `--format json` and `sarif` stdout holds that and nothing else.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Map, Value, json};

use super::super::check::Options;
use super::super::diagnostic::{Diagnostic, Level, Report, Source, Span};
use super::super::pack::{Other, Pack, absorb};
use super::super::ruleset::RuleSet;
use super::super::told::{self, Format};
use super::{Answer, CheckArgs, usage};

/// A mistake that another reader found, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file.
    pub file: String,
    /// Line, from 1; 0 where it is the whole file.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// What was found and what to do.
    pub message: String,
}

/// What became of what is no rule file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    /// Nothing was looked at, and who does so.
    PassedOver(String),
    /// It was read, and this is what it is.
    Sound(String),
    /// It was read, and the engine would not start with it.
    Mistakes(Vec<Mistake>),
}

/// Looks at what is no rule file.
pub type Look<'a> = &'a dyn Fn(&Other) -> Looked;

/// What was found in a set of files.
struct Found {
    report: Report,
    /// The rules, where they load.
    set: Option<RuleSet>,
    /// What is no rule file, and a line about it.
    others: Vec<(Other, String)>,
    /// The engine would not take the files.
    is_refused: bool,
    /// Tests that were read.
    tests: usize,
}

pub(super) fn check(args: &CheckArgs, look: Look<'_>) -> Answer {
    let mut pack = match args.files.pack() {
        Ok(pack) => pack,
        Err(answer) => return answer,
    };
    let mut fixed = 0;
    if args.fix {
        let (count, failed) = write_fixes(&find(&pack, look).report);
        if let Some(failed) = failed {
            return usage(&failed);
        }
        fixed = count;
        // What is told is what is left.
        pack = match args.files.pack() {
            Ok(pack) => pack,
            Err(answer) => return answer,
        };
    }
    let found = find(&pack, look);
    let (errors, warnings) = (found.report.count(Level::Error), found.report.count(Level::Warning));
    let code = match (found.is_refused, errors, warnings) {
        (true, ..) => 2,
        (false, 0, 0) => 0,
        (false, 0, _) => u8::from(args.lint_fatal),
        (false, ..) => 1,
    };
    let text = match args.format {
        Format::Json => told::json(&found.report, summary(&found, args, fixed)),
        Format::Sarif => told::sarif(&found.report),
        Format::Github => told::github(&found.report) + &closing(&found, args, fixed),
        Format::Text => found.report.render() + &closing(&found, args, fixed),
    };
    Answer { code, text }
}

/// Everything that is wrong with the files.
fn find(pack: &Pack, look: Look<'_>) -> Found {
    let mut found = Found {
        report: Report::default(),
        set: None,
        others: Vec::new(),
        is_refused: false,
        tests: 0,
    };
    match pack.load(&Options::default()) {
        Err(report) => {
            found.report = report;
            found.is_refused = true;
        }
        Ok(set) => {
            found.report = set.warnings().clone();
            let run = pack.test(&Options::default(), None);
            found.tests = run.outcomes.len();
            absorb(&mut found.report, run.report);
            found.set = Some(set);
        }
    }
    for other in &pack.others {
        let line = match look(other) {
            Looked::PassedOver(line) | Looked::Sound(line) => line,
            Looked::Mistakes(list) => {
                found.is_refused = true;
                let count = list.len();
                list.into_iter().for_each(|mistake| add(&mut found.report, mistake));
                format!("{count} {}", plural(count, "error"))
            }
        };
        found.others.push((other.clone(), line));
    }
    once(&mut found.report);
    found
}

/// A mistake of another reader as one of the report's.
fn add(report: &mut Report, mistake: Mistake) {
    let at = report.sources.iter().position(|source| source.name == mistake.file);
    let at = at.unwrap_or_else(|| {
        let text = fs::read_to_string(&mistake.file).unwrap_or_default();
        report.sources.push(Source::new(mistake.file, text));
        report.sources.len() - 1
    });
    let start = report.sources[at].offset(mistake.line, mistake.column);
    let file = u32::try_from(at).unwrap_or(u32::MAX);
    let span = Span { file, start, end: start + 1 };
    report.list.push(Diagnostic::new("XD801", span, mistake.message));
}

/// A file that is read twice, for its rules and for its tests, is told of once.
fn once(report: &mut Report) {
    let mut seen = BTreeSet::new();
    let name = |span: Span| report.sources.get(span.file as usize).map(|source| &source.name);
    report.list.retain(|known| {
        seen.insert((known.code, name(known.span), known.span.start, known.message.clone()))
    });
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { noun.to_owned() } else { format!("{noun}s") }
}

/// What follows the findings, for people.
fn closing(found: &Found, args: &CheckArgs, fixed: usize) -> String {
    let mut text = String::new();
    if args.fix {
        text.push_str(&format!("{fixed} {} made\n", plural(fixed, "change")));
    }
    for (cost, id) in costs(found, args) {
        text.push_str(&format!("{cost:6}  {id}\n"));
    }
    for (other, line) in &found.others {
        text.push_str(&format!("{}: {line}\n", other.path.display()));
    }
    let counts = found.report.counts();
    match &found.set {
        Some(set) if !found.is_refused => {
            let (rules, tests) = (set.rules().len(), found.tests);
            let (rule, test) = (plural(rules, "rule"), plural(tests, "test"));
            text.push_str(&format!(
                "{rules} {rule}, {tests} {test}, {counts}, revision {:016x}\n",
                set.rev()
            ));
        }
        _ => text.push_str(&format!("{counts}: nothing is loaded\n")),
    }
    text
}

/// The dearest first.
fn costs<'a>(found: &'a Found, args: &CheckArgs) -> Vec<(u32, &'a str)> {
    let rules = found.set.as_ref().filter(|_| args.cost).map_or(&[][..], RuleSet::rules);
    let mut costs: Vec<_> = rules.iter().map(|rule| (rule.cost(), rule.id.as_str())).collect();
    costs.sort_by(|left, right| right.cmp(left));
    costs
}

/// What stands beside the findings, for programs.
fn summary(found: &Found, args: &CheckArgs, fixed: usize) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("loads".into(), (!found.is_refused).into());
    if let Some(set) = &found.set {
        object.insert("rules".into(), set.rules().len().into());
        object.insert("tests".into(), found.tests.into());
        object.insert("ruleset_rev".into(), format!("{:016x}", set.rev()).into());
    }
    if args.fix {
        object.insert("fixed".into(), fixed.into());
    }
    if args.cost {
        let costs = costs(found, args);
        let costs = costs.iter().map(|(cost, id)| json!({ "rule": id, "cost": cost }));
        object.insert("costs".into(), costs.collect());
    }
    let others = found
        .others
        .iter()
        .map(|(other, line)| json!({ "path": other.path.display().to_string(), "says": line }));
    object.insert("others".into(), others.collect());
    object
}

fn write_fixes(report: &Report) -> (usize, Option<String>) {
    let mut count = 0;
    for (file, source) in (0_u32..).zip(&report.sources) {
        let (text, changes) = report.fixed(file);
        if 0 < changes {
            if let Err(error) = fs::write(&source.name, text) {
                return (count, Some(format!("\"{}\": {error}", source.name)));
            }
            count += changes;
        }
    }
    (count, None)
}
