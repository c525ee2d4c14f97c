//! From a checked rule to what runs: programs, canonical text, cost, index.

use super::*;

impl Checker<'_> {
    /// Compiles a condition and keeps its atoms for `explain`.
    pub(super) fn compiled(&mut self, pred: &Pred, span: Span) -> Condition {
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
        let mut condition = Condition { program, is_conjunction, ..Condition::default() };
        for ((atom, is_denied), ops) in pred.signed_atoms().into_iter().zip(ops) {
            let mut fields = Vec::new();
            atom.test.each_field(&mut |field| fields.push(field));
            fields.iter().for_each(|field| condition.fields |= 1 << *field as u8);
            condition.history |= fields.is_empty();
            condition.atoms.push(AtomNote {
                ops,
                text: atom.text.clone(),
                span: atom.span,
                is_denied,
                fields,
            });
        }
        condition
    }

    /// What is left to test after the index: scopes of other fields, and the condition.
    pub(super) fn residual(
        &mut self,
        scope: &[(FieldId, Vec<i64>, String)],
        pred: Option<&Pred>,
        span: Span,
    ) -> super::super::machine::Program {
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
            return super::super::machine::Program::default();
        }
        compile(&mut self.pool, &Pred::All(parts)).map(|(program, _)| program).unwrap_or_default()
    }

    /// The canonical text of what a rule does: everything but its title, owner and tests.
    pub(super) fn canonical(&self, def: &RuleDef, file: &FileDef) -> String {
        let mut out = super::super::canonical::rule(&def.node);
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

    pub(super) fn cost(&self, rule: &Rule) -> u32 {
        let program = |program: super::super::machine::Program| -> u32 {
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

    pub(super) fn limits(&mut self, rule: &Rule) {
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

/// Fields that are there whenever the rule raises.
pub(super) fn known_fields(pred: Option<&Pred>, watch: Option<&Pred>) -> Vec<FieldId> {
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
pub(super) fn wakes(pred: &Pred) -> Vec<(FieldId, i64)> {
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

pub(super) fn index(rules: &[Rule], subject: u8) -> Index {
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
pub(super) const fn op_cost(code: Code) -> u32 {
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
pub(super) fn state_shape(rule: &Rule) -> u64 {
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
