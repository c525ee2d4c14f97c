//! Files -> a rule set, or everything that is wrong with them.
//!
//! # Method
//!
//! All files are read first, so that lists, `let`s and calendars of one are known in the others. Then each rule is
//! checked by itself, then the set as a whole (`analysis`), and only a set without errors is compiled.

mod finish;
mod kinds;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_64;

use super::analysis;
use super::ast::{Ast, AstKind, Operator};
use super::calendar_file;
use super::calendars::{CalendarRef, Calendars, Role};
use super::catalogue::Catalogue;
use super::compile::compile;
use super::def::{ExpectDef, FileDef, KindDef, LimitDef, RuleDef, SilenceDef, Word};
use super::diagnostic::{Diagnostic, Report, Source, Span, nearest};
use super::duration::{Duration, parse_time_of_day};
use super::event_set::EventSet;
use super::facts::Interner;
use super::field::{FieldId, Type};
use super::index::{Entry, Index};
use super::limits;
use super::machine::{Code, Pool};
use super::message::{Message, Promise, Slot};
use super::parse::parse;
use super::ruleset::{
    AtomNote, Clock, Condition, Distinct, Kind, Limit, Mode, Once, Pause, Resolve, Rule, RuleSet,
    Severity, StallLimit,
};
use super::shape;
use super::tree::{Atom, Comparison, Pred, Test, Unary, Value};
use super::typing::{Names, Place, event_word, predicate};
use super::yaml;
use crate::calendar::{Calendar, civil};
use crossdock_model::exception::ExceptionClass;
use crossdock_model::milestone::Audience;
use finish::{index, known_fields, state_shape, wakes};

/// What a set is checked against.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Known names.
    pub catalogue: Catalogue,
}

impl RuleSet {
    /// Loads a set of rule and calendar files.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the files; with one error nothing is loaded.
    pub fn load(
        sources: Vec<Source>,
        options: &Options,
        interner: &mut dyn Interner,
    ) -> Result<Self, Report> {
        let mut report = Report { sources, list: Vec::new() };
        let files = read(&mut report);
        let set = Checker::new(&files, options, interner, &mut report).set(&files);
        report.sort();
        match set {
            Some(mut set) if !report.has_errors() => {
                set.warnings = report;
                Ok(set)
            }
            _ => Err(report),
        }
    }
}

/// Reads every file as far as its shape.
pub(crate) fn read(report: &mut Report) -> Vec<FileDef> {
    let count = u32::try_from(report.sources.len()).unwrap_or(u32::MAX);
    (0..count)
        .map(|file| match yaml::read(file, report) {
            Some(root) => {
                let before = report.list.len();
                let breaks_off = |known: &Diagnostic| {
                    known.span.file == file && matches!(known.code, "XD101" | "XD102")
                };
                let is_whole = !report.list.iter().any(breaks_off);
                let def = shape::shape(&root, report);
                let mut at = 0..;
                // What is missing may stand behind the place where reading broke off.
                report.list.retain(|known| {
                    let is_old = at.next().is_some_and(|index| index < before);
                    is_old || is_whole || known.code != "XD107"
                });
                def
            }
            None => FileDef::default(),
        })
        .collect()
}

/// What a rule chose of closed lists.
struct Choices {
    mode: Mode,
    once: Once,
    clock: Clock,
    severity: Severity,
    apply_new: bool,
}

struct Checker<'a> {
    names: Names<'a>,
    calendars: Vec<(Calendar, super::calendars::Use)>,
    calendar_names: BTreeMap<String, Span>,
    used_calendars: BTreeSet<String>,
    report: &'a mut Report,
    pool: Pool,
}

impl<'a> Checker<'a> {
    fn new(
        files: &[FileDef],
        options: &'a Options,
        interner: &'a mut dyn Interner,
        report: &'a mut Report,
    ) -> Self {
        let mut names = Names {
            catalogue: &options.catalogue,
            lists: BTreeMap::new(),
            lets: BTreeMap::new(),
            used: BTreeSet::new(),
            interner,
            symbols: BTreeMap::new(),
        };
        let mut calendars = Vec::new();
        let mut calendar_names = BTreeMap::new();
        for file in files {
            for (name, words) in &file.lists {
                let words = words.iter().map(|word| (word.text.clone(), word.span)).collect();
                if names.lists.insert(name.text.clone(), words).is_some() {
                    twice("list", name, report);
                }
            }
            for (name, word) in &file.lets {
                let source = &report.sources[word.span.file as usize];
                match parse(source, word.span, &word.text) {
                    Ok(_) if FieldId::from_name(&name.text).is_some() => {
                        twice("field", name, report)
                    }
                    Ok(ast) => {
                        if names.lets.insert(name.text.clone(), ast).is_some() {
                            twice("let", name, report);
                        }
                    }
                    Err(fault) => report.push(*fault),
                }
            }
            for def in &file.calendars {
                if calendar_names.insert(def.name.text.clone(), def.name.span).is_some() {
                    twice("calendar", &def.name, report);
                }
                calendars.extend(calendar_file::read(def, &options.catalogue, report));
            }
        }
        Self {
            names,
            calendars,
            calendar_names,
            used_calendars: BTreeSet::new(),
            report,
            pool: Pool::default(),
        }
    }

    fn set(mut self, files: &[FileDef]) -> Option<RuleSet> {
        let mut rules = Vec::new();
        let mut ids: BTreeMap<&str, Span> = BTreeMap::new();
        for file in files {
            for def in &file.rules {
                if let Some(first) = ids.insert(&def.id.text, def.id.span) {
                    self.report.push(
                        Diagnostic::new(
                            "XD112",
                            def.id.span,
                            format!("two rules `{}`", def.id.text),
                        )
                        .label("again")
                        .second(first, "first")
                        .help("Ids name rules in every output; choose another."),
                    );
                }
                rules.extend(self.rule(file, def));
            }
        }
        if limits::RULES_MAX < rules.len() {
            let text = format!("a set of {} rules", rules.len());
            let label = format!("at most {}", limits::RULES_MAX);
            self.report.push(
                Diagnostic::new("XD102", rules[0].span, text)
                    .label(label)
                    .help("Split the set by tenant."),
            );
        }
        rules.sort_by(|left: &Rule, right| left.id.cmp(&right.id));
        analysis::analyse(&rules, self.report);
        if self.report.has_errors() {
            // What a rule with a mistake would have used is no news.
            return None;
        }
        self.unused(files);
        let mut revs = Vec::new();
        rules.iter().for_each(|rule| revs.extend_from_slice(&rule.rev.to_le_bytes()));
        let indexes = [0, 1, 2].map(|subject| index(&rules, subject));
        Some(RuleSet {
            calendars: Calendars::new(&self.calendars, self.names.interner),
            awaited: super::run::attributes::awaited(&rules),
            indexes,
            reads: rules.iter().fold(0, |reads, rule| reads | rule.reads()),
            rev: xxh3_64(&revs),
            pool: self.pool,
            residuals: rules.iter().map(|rule| rule.residual).collect(),
            follows: rules.iter().map(Rule::follows).collect(),
            rules,
            warnings: Report::default(),
        })
    }

    fn unused(&mut self, files: &[FileDef]) {
        for file in files {
            let lists = file.lists.iter().map(|(name, _)| ("list", name));
            let lets = file.lets.iter().map(|(name, _)| ("let", name));
            for (noun, name) in lists.chain(lets) {
                if !self.names.used.contains(&name.text) {
                    let text = format!("{noun} `{}` is not used", name.text);
                    self.report.push(
                        Diagnostic::new("XD601", name.span, text)
                            .warn()
                            .label("here")
                            .help("Leave it out."),
                    );
                }
            }
        }
    }

    fn rule(&mut self, file: &FileDef, def: &RuleDef) -> Option<Rule> {
        let before = self.report.list.len();
        self.id(&def.id);
        let Choices { mode, once, clock, severity, apply_new } = self.choices(file, def);
        let audiences = self.audiences(file, def);
        let (subject, scope) = self.scope(file, def);
        let place = match def.kind {
            KindDef::Event { .. } | KindDef::Expect(_) | KindDef::Count { .. } => Place::Event,
            KindDef::Silence(_) | KindDef::Watch { .. } => Place::State,
        };
        let pred = self.condition(def, place);
        let kind = self.kind(def);
        let resolve = self.resolve(def);
        self.kind_keys(def);
        // Told before the kind is asked for: a mistake in it hides none of these.
        let hold = self.seconds(def.hold.as_ref(), 0);
        let keep = self.seconds(def.keep.as_ref(), 0);
        let grace = def.grace.as_ref().map(|word| self.seconds(Some(word), 0));
        let effective = self.effective(def);
        let (kind, watch) = kind?;
        let known = known_fields(pred.as_ref(), watch.as_ref());
        let message = self.message(def, &kind, &known);
        let condition = self.compiled(pred.as_ref().unwrap_or(&Pred::Const(true)), def.id.span);
        let kind = match (kind, &watch) {
            (Kind::Watch { wakes, .. }, Some(watch)) => {
                Kind::Watch { condition: self.compiled(watch, def.kind_span), wakes }
            }
            (kind, _) => kind,
        };
        let residual = self.residual(&scope, pred.as_ref(), def.id.span);
        let resolve = resolve?;
        if self.report.list[before..]
            .iter()
            .any(|known| known.level == super::diagnostic::Level::Error)
        {
            return None;
        }
        let canonical = self.canonical(def, file);
        let mut rule = Rule {
            id: def.id.text.clone(),
            title: def.title.as_ref().map(|word| word.text.clone()).unwrap_or_default(),
            owner: owner(def, file),
            package: file.package.as_ref().map(|word| word.text.clone()).unwrap_or_default(),
            class: ExceptionClass::from_name(&def.raise.code.text).unwrap_or_default(),
            code: def.raise.code.text.clone(),
            severity,
            audiences,
            mode,
            rev: xxh3_64(canonical.as_bytes()),
            shape: 0,
            apply_new,
            message,
            span: def.id.span,
            kind,
            kind_span: def.kind_span,
            subject,
            scope,
            condition,
            residual,
            resolve,
            once,
            hold,
            keep,
            clock,
            grace,
            effective,
            cost: 0,
        };
        rule.shape = state_shape(&rule);
        rule.cost = self.cost(&rule);
        self.limits(&rule);
        Some(rule)
    }

    /// The words of closed lists.
    fn choices(&mut self, file: &FileDef, def: &RuleDef) -> Choices {
        let mode = self.choice(
            def.mode.as_ref().or(file.defaults.mode.as_ref()),
            "mode",
            Mode::Live,
            &[("disabled", Mode::Disabled), ("shadow", Mode::Shadow), ("live", Mode::Live)],
        );
        let once = self.choice(
            def.once.as_ref(),
            "once",
            Once::Shipment,
            &[
                ("shipment", Once::Shipment),
                ("attempt", Once::Attempt),
                ("occurrence", Once::Occurrence),
            ],
        );
        let clock = self.choice(
            def.clock.as_ref().or(file.defaults.clock.as_ref()),
            "clock",
            Clock::Event,
            &[("event", Clock::Event), ("wall", Clock::Wall)],
        );
        let severity = self.choice(
            def.raise.severity.as_ref(),
            "severity",
            Severity::Warning,
            &[
                ("info", Severity::Info),
                ("warning", Severity::Warning),
                ("critical", Severity::Critical),
            ],
        );
        let apply_new =
            self.choice(def.apply.as_ref(), "apply", false, &[("all", false), ("new", true)]);
        Choices { mode, once, clock, severity, apply_new }
    }

    fn id(&mut self, id: &Word) {
        let fine = id.text.len() <= 64
            && id.text.bytes().all(|b| {
                b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_' || b == b'.'
            });
        if !fine {
            let text = format!("`{}` is no id", id.text);
            self.report.push(
                Diagnostic::new("XD113", id.span, text)
                    .label("here")
                    .help("Ids are up to 64 lower-case letters, digits, `-`, `_` and `.`."),
            );
        }
    }

    fn choice<T: Copy>(
        &mut self,
        word: Option<&Word>,
        key: &str,
        otherwise: T,
        known: &[(&str, T)],
    ) -> T {
        let Some(word) = word else { return otherwise };
        if let Some((_, value)) = known.iter().find(|(name, _)| *name == word.text) {
            return *value;
        }
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let mut diagnostic =
            Diagnostic::new("XD109", word.span, format!("`{key}` is `{}`", word.text))
                .label(format!("not one of {}", names.join(", ")));
        diagnostic = match nearest(&word.text, names.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(near),
            None => diagnostic.help(format!("Write {}.", names.join(" or "))),
        };
        self.report.push(diagnostic);
        otherwise
    }

    fn ast(&mut self, word: &Word) -> Option<Ast> {
        match parse(&self.report.sources[word.span.file as usize], word.span, &word.text) {
            Ok(ast) => Some(ast),
            Err(fault) => {
                self.report.push(*fault);
                None
            }
        }
    }

    fn pred(&mut self, word: &Word, place: Place) -> Option<Pred> {
        let ast = self.ast(word)?;
        predicate(&ast, place, &mut self.names, self.report)
    }

    fn condition(&mut self, def: &RuleDef, place: Place) -> Option<Pred> {
        let mut parts = Vec::new();
        if let Some(word) = &def.condition {
            match self.pred(word, place)? {
                Pred::All(inner) => parts.extend(inner),
                part => parts.push(part),
            }
        }
        if let Some(word) = &def.unless {
            parts.push(Pred::Not(Box::new(self.pred(word, place)?)));
        }
        Some(if parts.is_empty() { Pred::Const(true) } else { Pred::All(parts) })
    }
}

fn texts(words: &[Word]) -> Vec<&str> {
    words.iter().map(|word| word.text.as_str()).collect()
}

fn owner(def: &RuleDef, file: &FileDef) -> String {
    let word = def.owner.as_ref().or(file.defaults.owner.as_ref());
    word.map(|word| word.text.clone()).unwrap_or_default()
}

fn twice(noun: &str, name: &Word, report: &mut Report) {
    let text = format!("`{}` is already the name of a {noun}", name.text);
    report.push(
        Diagnostic::new("XD103", name.span, text).label("again").help("Choose another name."),
    );
}
