//! The words of a rule: audiences, scope, names of events, message, dates.

use super::*;

impl Checker<'_> {
    pub(super) fn audiences(&mut self, file: &FileDef, def: &RuleDef) -> u8 {
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
    pub(super) fn scope(
        &mut self,
        file: &FileDef,
        def: &RuleDef,
    ) -> (u8, Vec<(FieldId, Vec<i64>, String)>) {
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

    pub(super) fn enum_word(
        &mut self,
        list: super::super::field::Enum,
        word: &str,
        span: Span,
    ) -> Option<i64> {
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
    pub(super) fn expand(&mut self, words: &[Word]) -> Vec<(String, Span)> {
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

    pub(super) fn events(&mut self, words: &[Word]) -> EventSet {
        let mut set = EventSet::default();
        for (word, span) in self.expand(words) {
            if let Some(events) = event_word(&word, span, self.report) {
                set = set.with(events);
            }
        }
        set
    }

    pub(super) fn message(&mut self, def: &RuleDef, kind: &Kind, known: &[FieldId]) -> Message {
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

    pub(super) fn effective(&mut self, def: &RuleDef) -> (u32, u32) {
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
}
