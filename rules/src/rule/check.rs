//! Files -> a rule set, or everything that is wrong with them.
//!
//! # Method
//!
//! All files are read first, so that lists, `let`s and calendars of one are known in the others. Then each rule is
//! checked by itself, then the set as a whole (`analysis`), and only a set without errors is compiled.

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
use super::field::{FieldId, Groups, Type};
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
use crossdock_model::milestone::Audience;

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
        .map(|file| match yaml::read(file, report).root {
            Some(root) => shape::shape(&root, report),
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
        self.unused(files);
        if self.report.has_errors() {
            return None;
        }
        let groups =
            rules.iter().fold(indexed_groups(), |groups, rule| groups.with(groups_of(rule)));
        let mut revs = Vec::new();
        rules.iter().for_each(|rule| revs.extend_from_slice(&rule.rev.to_le_bytes()));
        let indexes = [0, 1, 2].map(|subject| index(&rules, subject));
        Some(RuleSet {
            calendars: Calendars::new(&self.calendars, self.names.interner),
            indexes,
            groups,
            rev: xxh3_64(&revs),
            pool: self.pool,
            residuals: rules.iter().map(|rule| rule.residual).collect(),
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
        let hold = self.seconds(def.hold.as_ref(), 0);
        let keep = self.seconds(def.keep.as_ref(), 0);
        let grace = def.grace.as_ref().map(|word| self.seconds(Some(word), 0));
        let effective = self.effective(def);
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

    fn audiences(&mut self, file: &FileDef, def: &RuleDef) -> u8 {
        let words = if def.raise.audience.is_empty() {
            &file.defaults.audience
        } else {
            &def.raise.audience
        };
        let known = Audience::ALL.map(|audience| (audience.name(), audience));
        let mut bits = 0;
        for word in words {
            bits |= 1 << self.choice(Some(word), "audience", Audience::Operations, &known) as u8;
        }
        if bits == 0 { 1 << Audience::Operations as u8 } else { bits }
    }

    /// The subject, and accepted values by field.
    fn scope(&mut self, file: &FileDef, def: &RuleDef) -> (u8, Vec<(FieldId, Vec<i64>, String)>) {
        let mut subject = 0;
        let mut scope: Vec<(FieldId, Vec<i64>, String)> = Vec::new();
        let own = |key: &Word| def.scope.iter().any(|(other, _)| other.text == key.text);
        let inherited = file.defaults.scope.iter().filter(|(key, _)| !own(key));
        for (key, words) in def.scope.iter().chain(inherited) {
            let Some(field) = FieldId::from_name(&key.text) else {
                let known = FieldId::ALL.iter().map(|field| field.name());
                let mut diagnostic = Diagnostic::new(
                    "XD202",
                    key.span,
                    format!("unknown field `{}` in a scope", key.text),
                )
                .label("no field");
                if let Some(near) = nearest(
                    &key.text,
                    known.chain(["carrier", "service", "tenant", "mode", "tier"]),
                ) {
                    diagnostic = diagnostic.help(format!("did you mean `{near}`?")).fix(near);
                }
                self.report.push(
                    diagnostic
                        .help("Scopes are fields such as carrier, service, destination.country."),
                );
                continue;
            };
            let mut values = Vec::new();
            for word in self.expand(words) {
                let value = match field.kind() {
                    Type::Name(kind) => self.names.symbol(kind, &word.0, word.1, self.report),
                    Type::Enum(list) => self.enum_word(list, &word.0, word.1),
                    Type::Bool => Some(i64::from(word.0 == "true")),
                    other => {
                        let text =
                            format!("`{}` is {} and can't be a scope", key.text, other.noun());
                        self.report.push(
                            Diagnostic::new("XD209", key.span, text)
                                .label("here")
                                .help("Put it under `where:`."),
                        );
                        None
                    }
                };
                values.extend(value);
            }
            values.sort_unstable();
            values.dedup();
            if field == FieldId::Subject {
                subject = values.first().and_then(|value| u8::try_from(*value).ok()).unwrap_or(0);
            } else {
                let shown: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
                scope.push((field, values, format!("{} in [{}]", key.text, shown.join(", "))));
            }
        }
        scope.sort_by_key(|(field, ..)| *field);
        (subject, scope)
    }

    fn enum_word(&mut self, list: super::field::Enum, word: &str, span: Span) -> Option<i64> {
        let words = list.words();
        if let Some((_, number)) = words.iter().find(|(known, _)| known == word) {
            return Some(*number);
        }
        let mut diagnostic =
            Diagnostic::new("XD203", span, format!("unknown {} `{word}`", list.noun()))
                .label(format!("not one of {} words", words.len()));
        if let Some(near) = nearest(word, words.iter().map(|(known, _)| known.as_str())) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?")).fix(near);
        }
        self.report.push(diagnostic.help("`crossdock rules fields` lists the words."));
        None
    }

    /// Words with `$lists` replaced by what is in them.
    fn expand(&mut self, words: &[Word]) -> Vec<(String, Span)> {
        let mut out = Vec::new();
        for word in words {
            match word.text.strip_prefix('$') {
                Some(name) => {
                    out.extend(self.names.list(name, word.span, self.report).unwrap_or_default())
                }
                None => out.push((word.text.clone(), word.span)),
            }
        }
        out
    }

    fn events(&mut self, words: &[Word]) -> EventSet {
        let mut set = EventSet::default();
        for (word, span) in self.expand(words) {
            if let Some(events) = event_word(&word, span, self.report) {
                set = set.with(events);
            }
        }
        set
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

    fn kind(&mut self, def: &RuleDef) -> Option<(Kind, Option<Pred>)> {
        Some(match &def.kind {
            KindDef::Event { on } => (Kind::Event { on: self.events(on) }, None),
            KindDef::Expect(expect) => (self.expect(expect, def.kind_span)?, None),
            KindDef::Silence(silence) => (self.silence(silence)?, None),
            KindDef::Count { of, at_least, within, distinct_by } => {
                let known = [
                    ("event", Distinct::Event),
                    ("local_date", Distinct::LocalDate),
                    ("place", Distinct::Place),
                ];
                let distinct =
                    self.choice(distinct_by.as_ref(), "distinct_by", Distinct::Event, &known);
                let within = within.as_ref().filter(|word| word.text != "shipment");
                let within = within.map(|word| self.seconds(Some(word), 0));
                let number =
                    at_least.text.parse::<u16>().ok().filter(|number| (1..=200).contains(number));
                if number.is_none() {
                    let text = format!("`at_least` is `{}`", at_least.text);
                    self.report.push(
                        Diagnostic::new("XD109", at_least.span, text)
                            .label("no number from 1 to 200")
                            .help("Write a number."),
                    );
                }
                (Kind::Count { of: self.events(of), at_least: number?, within, distinct }, None)
            }
            KindDef::Watch { condition } => {
                let pred = self.pred(condition, Place::Watch)?;
                let wakes = wakes(&pred);
                (Kind::Watch { condition: Condition::default(), wakes }, Some(pred))
            }
        })
    }

    fn expect(&mut self, def: &ExpectDef, span: Span) -> Option<Kind> {
        let after = self.events(&def.after);
        let want = self.events(&def.want);
        let cancel = self.events(&def.cancel);
        let pause = self.pause(&def.pause);
        let calendar = self.calendar(def.calendar.as_ref(), Role::Destination);
        let limit = match (&def.within, &def.by) {
            (Some(within), None) => {
                if let Some(at) = &def.at {
                    self.misplaced(at.span, "at", "beside `by:`");
                }
                Limit::Within(self.duration(within)?)
            }
            (None, Some(by)) => self.by(by, def.at.as_ref())?,
            (None, None) => {
                self.report.push(
                    Diagnostic::new("XD301", span, "an `expect` without an end")
                        .label("waits for ever")
                        .help("Add `within: 24h`, `within: 24bh` or `by: \"21:00\"`."),
                );
                return None;
            }
            (Some(within), Some(by)) => {
                self.report.push(
                    Diagnostic::new("XD301", by.span, "an `expect` with two ends")
                        .label("one")
                        .second(within.span, "the other")
                        .help("Keep one of `within` and `by`."),
                );
                return None;
            }
        };
        if let Limit::Within(duration) = limit
            && !duration.is_business()
            && let Some(word) = &def.calendar
        {
            let text = format!(
                "`within` is {duration} of the clock on the wall; the calendar does nothing"
            );
            self.report.push(
                Diagnostic::new("XD306", word.span, text)
                    .label("not used")
                    .help("Write business time (`24bh`, `3bd`), or leave the calendar out."),
            );
        }
        Some(Kind::Expect { after, want, limit, calendar, cancel, pause })
    }

    /// `"21:00"`, `"+1d 21:00"`, or a moment that the shipment carries.
    fn by(&mut self, by: &Word, at: Option<&Word>) -> Option<Limit> {
        let role = match at {
            None => Role::Destination,
            Some(word) => {
                let known = [("origin", Role::Origin), ("destination", Role::Destination)];
                self.choice(Some(word), "at", Role::Destination, &known)
            }
        };
        let (days, clock) = match by.text.strip_prefix('+').and_then(|rest| rest.split_once("d ")) {
            Some((days, clock)) => {
                (days.parse::<u32>().ok().filter(|days| *days <= 60), clock.trim())
            }
            None => (Some(0), by.text.as_str()),
        };
        if let (Some(days), Some(second)) = (days, parse_time_of_day(clock)) {
            if by.plain {
                let text = format!("`{}` without quotes", by.text);
                self.report.push(
                    Diagnostic::new("XD111", by.span, text)
                        .label("YAML 1.1 tools read this as a number")
                        .help("Put it in quotes.")
                        .fix(format!("\"{}\"", by.text)),
                );
            }
            return Some(Limit::By(second, days, role));
        }
        let ast = self.ast(by)?;
        let (path, shift) = match &ast.kind {
            AstKind::Path(path) => (path, 0),
            AstKind::Binary(operator @ (Operator::Add | Operator::Sub), left, right) => {
                match (&left.kind, &right.kind) {
                    (AstKind::Path(path), AstKind::Duration(Duration::Plain(seconds))) => {
                        let seconds = i64::from(*seconds);
                        (path, if *operator == Operator::Sub { -seconds } else { seconds })
                    }
                    _ => return self.no_moment(by),
                }
            }
            _ => return self.no_moment(by),
        };
        match FieldId::from_name(path) {
            Some(field) if field.kind() == Type::Instant => Some(Limit::Until(field, shift)),
            _ => self.no_moment(by),
        }
    }

    fn no_moment<T>(&mut self, by: &Word) -> Option<T> {
        self.report.push(
            Diagnostic::new("XD303", by.span, format!("`by` is `{}`", by.text))
                .label("no time of day and no moment of the shipment")
                .help("Write `\"21:00\"` (local time of the destination), `\"+1d 12:00\"`, or a field such as `shipment.appointment_at + 2h`."),
        );
        None
    }

    fn silence(&mut self, def: &SilenceDef) -> Option<Kind> {
        let of = self.events(&def.of);
        let states = self.events(&def.states).states();
        let pause = self.pause(&def.pause);
        let calendar = self.calendar(def.calendar.as_ref(), Role::Network);
        let limit = match &def.limit {
            LimitDef::Fixed(word) => StallLimit::Fixed(self.duration(word)?),
            LimitDef::Learned { quantile, min, max, support, otherwise } => {
                let known = [
                    ("gap.p50", FieldId::GapP50),
                    ("gap.p90", FieldId::GapP90),
                    ("gap.p95", FieldId::GapP95),
                    ("gap.p99", FieldId::GapP99),
                ];
                let quantile = self.choice(Some(quantile), "quantile", FieldId::GapP95, &known);
                let support = match support {
                    Some(word) => self.number(word)?,
                    None => 200,
                };
                StallLimit::Learned {
                    quantile,
                    min: self.seconds(min.as_ref(), 3600),
                    max: self.seconds(max.as_ref(), limits::RETENTION_SECONDS),
                    support,
                    otherwise: self.seconds(Some(otherwise), 0),
                }
            }
        };
        Some(Kind::Silence { of, states, limit, calendar, pause })
    }

    fn number(&mut self, word: &Word) -> Option<u32> {
        let number = word.text.parse().ok();
        if number.is_none() {
            let text = format!("`{}` is no number", word.text);
            self.report.push(
                Diagnostic::new("XD109", word.span, text)
                    .label("here")
                    .help("Write a whole number."),
            );
        }
        number
    }

    fn pause(&mut self, words: &[Word]) -> Pause {
        let set = self.events(words);
        for word in words {
            let one = EventSet::of_word(&word.text);
            if one.is_some_and(|set| set.classes == 0 && set.states().0 == 0) {
                let text = format!("`{}` is no state that lasts", word.text);
                self.report.push(
                    Diagnostic::new("XD306", word.span, text)
                        .label("a clock can't stand still for it")
                        .help("Name exception classes (`customs_hold`) or milestones (`customs`)."),
                );
            }
        }
        Pause { classes: set.classes, states: set.states() }
    }

    fn calendar(&mut self, word: Option<&Word>, otherwise: Role) -> CalendarRef {
        let Some(word) = word else { return otherwise.into() };
        if let Some(role) = Role::from_name(&word.text) {
            return role.into();
        }
        self.used_calendars.insert(word.text.clone());
        let found = self.calendars.iter().position(|(calendar, _)| calendar.name == word.text);
        if let Some(found) = found.and_then(|found| u16::try_from(found).ok()) {
            return CalendarRef::Named(found);
        }
        if !self.calendar_names.contains_key(&word.text) {
            let known = self.calendar_names.keys().map(String::as_str);
            let near = nearest(&word.text, known.chain(["origin", "destination", "network"]));
            let mut diagnostic =
                Diagnostic::new("XD210", word.span, format!("unknown calendar `{}`", word.text))
                    .label("not defined");
            if let Some(near) = near {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?")).fix(near);
            }
            self.report.push(
                diagnostic.help(
                    "Write origin, destination, network, or the name of a calendar of the set.",
                ),
            );
        }
        otherwise.into()
    }

    fn duration(&mut self, word: &Word) -> Option<Duration> {
        match Duration::parse(&word.text) {
            Ok(duration) if duration.is_zero() => {
                let text = format!("`{}` is no time at all", word.text);
                self.report.push(
                    Diagnostic::new("XD302", word.span, text)
                        .label("here")
                        .help("Write more than zero."),
                );
                None
            }
            Ok(duration) => Some(duration),
            Err(help) => {
                let text = format!("`{}` is no length of time", word.text);
                self.report
                    .push(Diagnostic::new("XD307", word.span, text).label("here").help(help));
                None
            }
        }
    }

    /// A plain length of time in seconds.
    fn seconds(&mut self, word: Option<&Word>, otherwise: u32) -> u32 {
        let Some(word) = word else { return otherwise };
        match Duration::parse(&word.text) {
            Ok(Duration::Plain(seconds)) => seconds,
            Ok(_) => {
                let text = format!("`{}` is business time", word.text);
                self.report.push(
                    Diagnostic::new("XD307", word.span, text)
                        .label("here")
                        .help("Write time of the clock on the wall, such as `2h`."),
                );
                otherwise
            }
            Err(help) => {
                let text = format!("`{}` is no length of time", word.text);
                self.report
                    .push(Diagnostic::new("XD307", word.span, text).label("here").help(help));
                otherwise
            }
        }
    }

    fn resolve(&mut self, def: &RuleDef) -> Option<Resolve> {
        let Some(resolve) = &def.resolve else { return Some(Resolve::default()) };
        let when = match &resolve.when {
            Some(word) => {
                let pred = self.pred(word, Place::Watch)?;
                Some(self.compiled(&pred, word.span))
            }
            None => None,
        };
        let after = resolve.after.as_ref().map(|word| self.seconds(Some(word), 0));
        let event = self.events(&resolve.event);
        if event.is_empty() && when.is_none() && after.is_none() {
            self.report.push(
                Diagnostic::new("XD404", resolve.span, "a `resolve` that can never happen")
                    .label("nothing resolves it")
                    .help("Name an event, a condition (`when`) or a time (`after`), or leave `resolve` out."),
            );
        }
        Some(Resolve { declared: true, event, when, after })
    }

    /// Keys that mean nothing for this kind of rule.
    fn kind_keys(&mut self, def: &RuleDef) {
        let is_watch = matches!(def.kind, KindDef::Watch { .. });
        let waits = matches!(def.kind, KindDef::Expect(_) | KindDef::Silence(_));
        if let Some(word) = def.hold.as_ref().filter(|_| !is_watch) {
            self.misplaced(word.span, "for", "for `watch` rules");
        }
        if let Some(word) = def.keep.as_ref().filter(|_| !is_watch) {
            self.misplaced(word.span, "keep", "for `watch` rules");
        }
        if let Some(word) = def.grace.as_ref().filter(|_| !waits) {
            self.misplaced(word.span, "grace", "for `expect` and `silence` rules");
        }
        if let Some(word) = def.condition.as_ref().filter(|_| is_watch) {
            self.misplaced(word.span, "where", "beside the other kinds; put it into `watch`");
        }
    }

    fn misplaced(&mut self, span: Span, key: &str, place: &str) {
        let text = format!("`{key}` is {place} only");
        self.report.push(
            Diagnostic::new("XD306", span, text).label("does nothing here").help("Leave it out."),
        );
    }

    fn message(&mut self, def: &RuleDef, kind: &Kind, known: &[FieldId]) -> Message {
        let special: &[Slot] = match kind {
            Kind::Expect { .. } | Kind::Silence { .. } => {
                &[Slot::Elapsed, Slot::Limit, Slot::Deadline]
            }
            Kind::Count { .. } => &[Slot::Count],
            Kind::Event { .. } => &[Slot::DistanceKm],
            Kind::Watch { .. } => &[Slot::Elapsed],
        };
        let extra: Vec<_> =
            def.raise.fields.iter().map(|word| (word.text.clone(), word.span)).collect();
        let promise = Promise { known, special };
        let (text, span) = match &def.raise.message {
            Some(word) => (word.text.as_str(), word.span),
            None => ("", def.raise.code.span),
        };
        let code = &def.raise.code;
        let fine = code.text.len() <= 64
            && code.text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
            && code.text.starts_with(|first: char| first.is_ascii_uppercase());
        if !fine {
            let text = format!("`{}` is no code", code.text);
            self.report.push(
                Diagnostic::new("XD113", code.span, text)
                    .label("here")
                    .help("Codes are capitals, digits and `_`: `NO_ACCEPTANCE`."),
            );
        }
        Message::parse(text, span, &extra, promise, self.report)
    }

    fn effective(&mut self, def: &RuleDef) -> (u32, u32) {
        let mut moment = |word: &Option<Word>, otherwise: u32| {
            let Some(word) = word else { return otherwise };
            let text = word.text.as_str();
            let seconds = civil::parse_date(text)
                .map(|days| days * 86_400)
                .or_else(|| civil::parse_instant(text));
            if seconds.is_none() {
                let text = format!("`{text}` is no date");
                self.report.push(
                    Diagnostic::new("XD305", word.span, text)
                        .label("here")
                        .help("Write `2026-11-27` (UTC) or `2026-11-27T10:00:00Z`."),
                );
            }
            seconds.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(otherwise)
        };
        let (from, until) = (moment(&def.from, 0), moment(&def.until, u32::MAX));
        if let (Some(first), Some(last)) = (&def.from, &def.until)
            && until <= from
        {
            self.report.push(
                Diagnostic::new("XD305", last.span, "`until` is not after `from`")
                    .label("until")
                    .second(first.span, "from")
                    .help("The rule would never be in force."),
            );
        }
        (from, until)
    }

    /// Compiles a condition and keeps its atoms for `explain`.
    fn compiled(&mut self, pred: &Pred, span: Span) -> Condition {
        let Ok((program, ops)) = compile(&mut self.pool, pred) else {
            self.report.push(
                Diagnostic::new("XD504", span, "a condition that needs too many values at once")
                    .label("in this rule")
                    .help("Compare in smaller steps."),
            );
            return Condition::default();
        };
        let is_conjunction = match pred {
            Pred::All(parts) => parts.iter().all(|part| matches!(part, Pred::Atom(_))),
            pred => matches!(pred, Pred::Atom(_)),
        };
        let mut condition =
            Condition { program, is_conjunction, groups: pred.groups(), ..Condition::default() };
        for (atom, ops) in pred.atoms().into_iter().zip(ops) {
            let mut fields = Vec::new();
            atom.test.each_field(&mut |field| fields.push(field));
            fields.iter().for_each(|field| condition.fields |= 1 << *field as u8);
            condition.history |= fields.is_empty();
            condition.atoms.push(AtomNote {
                ops,
                text: atom.text.clone(),
                span: atom.span,
                fields,
            });
        }
        condition
    }

    /// What is left to test after the index: scopes of other fields, and the condition.
    fn residual(
        &mut self,
        scope: &[(FieldId, Vec<i64>, String)],
        pred: Option<&Pred>,
        span: Span,
    ) -> super::machine::Program {
        let mut parts: Vec<Pred> = scope
            .iter()
            .filter(|(field, ..)| !FieldId::INDEXED.contains(field))
            .map(|(field, values, text)| {
                let test = Test::In(Value::Field(*field), values.clone());
                Pred::Atom(Box::new(Atom { test, span, text: text.clone() }))
            })
            .collect();
        match pred {
            Some(Pred::All(inner)) => parts.extend(inner.clone()),
            Some(Pred::Const(true)) | None => {}
            Some(pred) => parts.push(pred.clone()),
        }
        if parts.is_empty() {
            return super::machine::Program::default();
        }
        compile(&mut self.pool, &Pred::All(parts)).map(|(program, _)| program).unwrap_or_default()
    }

    /// The canonical text of what a rule does: everything but its title, owner and tests.
    fn canonical(&self, def: &RuleDef, file: &FileDef) -> String {
        let mut out = super::canonical::rule(&def.node);
        for (key, words) in &file.defaults.scope {
            out.push_str(&format!("default {} {:?}\n", key.text, texts(words)));
        }
        for word in [&file.defaults.mode, &file.defaults.clock].into_iter().flatten() {
            out.push_str(&word.text);
            out.push('\n');
        }
        out.push_str(&format!("{:?}\n", texts(&file.defaults.audience)));
        for (name, words) in &self.names.lists {
            if out.contains(&format!("${name}")) {
                let words: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
                out.push_str(&format!("list {name} {words:?}\n"));
            }
        }
        for (name, ast) in &self.names.lets {
            if out.contains(name.as_str()) {
                out.push_str(&format!("let {name} {}\n", ast.canonical()));
            }
        }
        if out.contains("calendar")
            || out.contains("bh")
            || out.contains("bd")
            || out.contains("business_between")
        {
            out.push_str(&format!("{:?}\n", self.calendars));
        }
        out
    }

    fn cost(&self, rule: &Rule) -> u32 {
        let program = |program: super::machine::Program| -> u32 {
            let ops =
                &self.pool.ops[program.start as usize..(program.start + program.len) as usize];
            ops.iter().map(|op| op_cost(op.code)).sum()
        };
        let each = match &rule.kind {
            Kind::Count { .. } => 256,
            Kind::Watch { condition, .. } => program(condition.program).max(1),
            Kind::Event { .. } | Kind::Expect { .. } | Kind::Silence { .. } => 1,
        };
        let when = rule.resolve.when.as_ref().map_or(0, |condition| program(condition.program));
        program(rule.residual).max(1).saturating_mul(each).saturating_add(when)
    }

    fn limits(&mut self, rule: &Rule) {
        let watch =
            if let Kind::Watch { condition, .. } = &rule.kind { condition.atoms.len() } else { 0 };
        let when = rule.resolve.when.as_ref().map_or(0, |when| when.atoms.len());
        let atoms = rule.condition.atoms.len() + watch + when;
        if limits::ATOMS_MAX < atoms {
            let text = format!("rule `{}` has {atoms} atoms", rule.id);
            let label = format!("at most {}", limits::ATOMS_MAX);
            self.report.push(
                Diagnostic::new("XD503", rule.span, text).label(label).help("Make it two rules."),
            );
        }
        if limits::RULE_COST_MAX < rule.cost {
            let text = format!("rule `{}` costs up to {} units at an event", rule.id, rule.cost);
            let label = format!("at most {}", limits::RULE_COST_MAX);
            self.report.push(
                Diagnostic::new("XD502", rule.span, text).label(label).help("Texts, history and business time are what costs; test cheap things first and fewer of these."),
            );
        }
        let always = rule.trigger().any && rule.scope.is_empty();
        if always && rule.subject == 0 {
            let text = format!("rule `{}` is looked at with every event", rule.id);
            self.report.push(
                Diagnostic::new("XD512", rule.span, text)
                    .warn()
                    .label("no scope and `event: any`")
                    .help("Name the events or carriers it is about."),
            );
        }
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

/// Fields that are there whenever the rule raises.
fn known_fields(pred: Option<&Pred>, watch: Option<&Pred>) -> Vec<FieldId> {
    let mut known: Vec<FieldId> =
        [pred, watch].into_iter().flatten().flat_map(|pred| pred.proves(true)).collect();
    if known.contains(&FieldId::EtaPastPromise) {
        known.extend([FieldId::EtaP50, FieldId::EtaP50Date, FieldId::PromiseAt]);
    }
    if known.contains(&FieldId::EtaPastCarrier) {
        known.extend([FieldId::EtaP50, FieldId::EtaP50Date, FieldId::EtaCarrier]);
    }
    known
}

/// Moments at which a watched condition changes by itself: `since(field) > literal`.
fn wakes(pred: &Pred) -> Vec<(FieldId, i64)> {
    let mut wakes = Vec::new();
    for atom in pred.atoms() {
        let Test::Compare(comparison, left, right) = &atom.test else { continue };
        let (comparison, since, limit) = match (left, right) {
            (Value::Unary(Unary::Since, part), Value::Const(limit)) => (*comparison, part, *limit),
            (Value::Const(limit), Value::Unary(Unary::Since, part)) => {
                (comparison.turned(), part, *limit)
            }
            _ => continue,
        };
        if let Value::Field(field) = **since {
            // `> 3d` becomes true, `<= 3d` false, a second after the third day.
            let after = matches!(
                comparison,
                Comparison::Gt | Comparison::Le | Comparison::Eq | Comparison::Ne
            );
            wakes.push((field, limit + i64::from(after)));
            if matches!(comparison, Comparison::Eq | Comparison::Ne) {
                wakes.push((field, limit));
            }
        }
    }
    wakes
}

fn indexed_groups() -> Groups {
    let mut groups = Groups::default();
    FieldId::INDEXED.iter().for_each(|field| groups.insert(field.group()));
    groups
}

fn groups_of(rule: &Rule) -> Groups {
    let mut groups = rule.condition.groups;
    rule.scope.iter().for_each(|(field, ..)| groups.insert(field.group()));
    if let Kind::Watch { condition, .. } = &rule.kind {
        groups = groups.with(condition.groups);
    }
    rule.resolve.when.iter().for_each(|when| groups = groups.with(when.groups));
    groups
}

fn index(rules: &[Rule], subject: u8) -> Index {
    let live = |rule: &&(usize, &Rule)| rule.1.subject == subject && rule.1.mode != Mode::Disabled;
    let entries: Vec<Entry> = rules
        .iter()
        .enumerate()
        .collect::<Vec<_>>()
        .iter()
        .filter(live)
        .map(|(at, rule)| Entry {
            rule: u16::try_from(*at).expect("at most RULES_MAX"),
            trigger: rule.trigger(),
            watches: match &rule.kind {
                Kind::Watch { condition, .. } if condition.history => Some(u128::MAX),
                Kind::Watch { condition, .. } => Some(condition.fields | rule.condition.fields),
                _ => None,
            },
            accepts: FieldId::INDEXED.map(|field| {
                let scope = rule.scope.iter().find(|(known, ..)| *known == field);
                scope.map(|(_, values, _)| values.clone()).unwrap_or_default()
            }),
        })
        .collect();
    Index::new(&entries)
}

/// What an operation costs at most, in units of about a nanosecond.
const fn op_cost(code: Code) -> u32 {
    match code {
        Code::Text => 400,
        Code::Seen | Code::CountOf => 300,
        Code::Distance => 150,
        Code::LocalDate | Code::LocalTime => 60,
        Code::Between => 3000,
        Code::List | Code::ListOf => 10,
        _ => 2,
    }
}

/// What a row's meaning depends on: rows of a rule with the same shape may be kept on reload.
fn state_shape(rule: &Rule) -> u64 {
    let text = match &rule.kind {
        Kind::Event { .. } => "event".to_owned(),
        Kind::Expect { after, want, limit, calendar, pause, .. } => {
            format!("expect {after:?} {want:?} {limit:?} {calendar:?} {pause:?} {:?}", rule.once)
        }
        Kind::Silence { of, states, limit, calendar, pause } => {
            format!("silence {of:?} {states:?} {limit:?} {calendar:?} {pause:?}")
        }
        Kind::Count { .. } => "count".to_owned(),
        Kind::Watch { .. } => format!("watch {} {}", rule.hold, rule.keep),
    };
    xxh3_64(text.as_bytes())
}
