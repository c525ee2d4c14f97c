//! What is particular to each kind of rule, and its times.

use super::*;

impl Checker<'_> {
    pub(super) fn kind(&mut self, def: &RuleDef) -> Option<(Kind, Option<Pred>)> {
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

    pub(super) fn expect(&mut self, def: &ExpectDef, span: Span) -> Option<Kind> {
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
    pub(super) fn by(&mut self, by: &Word, at: Option<&Word>) -> Option<Limit> {
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

    pub(super) fn no_moment<T>(&mut self, by: &Word) -> Option<T> {
        self.report.push(
            Diagnostic::new("XD303", by.span, format!("`by` is `{}`", by.text))
                .label("no time of day and no moment of the shipment")
                .help("Write `\"21:00\"` (local time of the destination), `\"+1d 12:00\"`, or a field such as `shipment.appointment_at + 2h`."),
        );
        None
    }

    pub(super) fn silence(&mut self, def: &SilenceDef) -> Option<Kind> {
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

    pub(super) fn number(&mut self, word: &Word) -> Option<u32> {
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

    pub(super) fn pause(&mut self, words: &[Word]) -> Pause {
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

    pub(super) fn calendar(&mut self, word: Option<&Word>, otherwise: Role) -> CalendarRef {
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

    pub(super) fn duration(&mut self, word: &Word) -> Option<Duration> {
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
    pub(super) fn seconds(&mut self, word: Option<&Word>, otherwise: u32) -> u32 {
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

    pub(super) fn resolve(&mut self, def: &RuleDef) -> Option<Resolve> {
        let Some(resolve) = &def.resolve else { return Some(Resolve::default()) };
        let before = self.report.list.len();
        let event = self.events(&resolve.event);
        let after = resolve.after.as_ref().map(|word| self.seconds(Some(word), 0));
        // A word that is not known has been told already.
        let is_told = before < self.report.list.len();
        let when = match &resolve.when {
            Some(word) => {
                let pred = self.pred(word, Place::Watch)?;
                Some(self.compiled(&pred, word.span))
            }
            None => None,
        };
        if !is_told && event.is_empty() && when.is_none() && after.is_none() {
            self.report.push(
                Diagnostic::new("XD404", resolve.span, "a `resolve` that can never happen")
                    .label("nothing resolves it")
                    .help("Name an event, a condition (`when`) or a time (`after`), or leave `resolve` out."),
            );
        }
        Some(Resolve { declared: true, event, when, after })
    }

    /// Keys that mean nothing for this kind of rule.
    pub(super) fn kind_keys(&mut self, def: &RuleDef) {
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

    pub(super) fn misplaced(&mut self, span: Span, key: &str, place: &str) {
        let text = format!("`{key}` is {place} only");
        self.report.push(
            Diagnostic::new("XD306", span, text).label("does nothing here").help("Leave it out."),
        );
    }
}
