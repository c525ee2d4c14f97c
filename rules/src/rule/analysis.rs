//! Mistakes that only show when rules are looked at together, or as a whole.
//!
//! # Method
//!
//! A conjunction over one field is kept as an interval or a set; an empty one can never hold. Rules of
//! the same kind, trigger, scope and condition are twins. Two severities for one code would make
//! consumers of the code see both.

use std::collections::{BTreeMap, BTreeSet};

use super::diagnostic::{Diagnostic, Report};
use super::duration::Duration;
use super::field::FieldId;
use super::ruleset::{Kind, Limit, Mode, Rule, StallLimit};

/// Looks for twins, contradictions, things that can't happen.
pub(crate) fn analyse(rules: &[Rule], report: &mut Report) {
    let mut by_code: BTreeMap<&str, &Rule> = BTreeMap::new();
    let mut by_shape: BTreeMap<String, &Rule> = BTreeMap::new();
    for rule in rules {
        empty_scope(rule, report);
        never(rule, report);
        if rule.mode == Mode::Disabled {
            continue;
        }
        not_given(rule, report);
        if let Some(first) = by_code.get(rule.code.as_str()) {
            if first.severity != rule.severity {
                let text = format!(
                    "code {} is {} here and {} there",
                    rule.code,
                    rule.severity.name(),
                    first.severity.name()
                );
                report.push(
                    Diagnostic::new("XD405", rule.span, text)
                        .label(rule.severity.name())
                        .second(first.span, first.severity.name())
                        .help("Give both the same severity, or one of them another code."),
                );
            }
        } else {
            by_code.insert(&rule.code, rule);
        }
        let twin = format!("{} {} {:?} {}", rule.subject, rule.code, rule.scope, what(rule));
        if let Some(first) = by_shape.insert(twin, rule) {
            let text = format!(
                "rules `{}` and `{}` raise {} at the same things",
                first.id, rule.id, rule.code
            );
            report.push(
                Diagnostic::new("XD402", rule.span, text)
                    .label("this one")
                    .second(first.span, "and this one")
                    .help("Leave one of them out; both would be open at the same time."),
            );
        }
    }
}

/// What a rule does, apart from its scope.
fn what(rule: &Rule) -> String {
    let atoms = |condition: &super::ruleset::Condition| {
        condition.atoms.iter().map(|atom| atom.text.clone()).collect::<Vec<_>>().join(" ; ")
    };
    let kind = match &rule.kind {
        Kind::Watch { condition, .. } => {
            format!("watch {} {} {}", atoms(condition), rule.hold, rule.keep)
        }
        kind => format!("{kind:?}"),
    };
    format!("{kind} {} {:?} {:?}", atoms(&rule.condition), rule.effective, rule.once)
}

/// Fields that decide something and that the running engine does not know: one note a rule.
fn not_given(rule: &Rule, report: &mut Report) {
    let watch = match &rule.kind {
        Kind::Watch { condition, .. } => Some(condition),
        _ => None,
    };
    let conditions = watch.into_iter().chain([&rule.condition]).chain(&rule.resolve.when);
    let atoms = conditions.flat_map(|condition| &condition.atoms);
    let reads = atoms.flat_map(|atom| atom.fields.iter().map(|field| (*field, atom.span)));
    let own = match &rule.kind {
        Kind::Expect { limit: Limit::Until(field, _), .. } => Some((*field, "this never ends")),
        Kind::Silence { limit: StallLimit::Learned { quantile, .. }, .. } => {
            Some((*quantile, "`otherwise` is the limit"))
        }
        _ => None,
    };
    let missing: Vec<_> = own
        .iter()
        .map(|(field, _)| (*field, rule.kind_span))
        .chain(reads)
        .filter(|(field, _)| !field.is_given())
        .collect();
    let Some((first, span)) = missing.first() else { return };
    let names: BTreeSet<&str> = missing.iter().map(|(field, _)| field.name()).collect();
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    let label = match own {
        Some((field, label)) if field == *first => label,
        _ => "this is false",
    };
    let text = format!(
        "rule `{}` reads what the running engine does not give to rules yet: {}",
        rule.id,
        names.join(", ")
    );
    report.push(
        Diagnostic::new("XD602", *span, text)
            .note()
            .label(format!("for shipments in production {label}"))
            .help(
                "Say it with fields that are given too; `crossdock rules fields` marks the others.",
            ),
    );
}

fn empty_scope(rule: &Rule, report: &mut Report) {
    for (field, values, _) in &rule.scope {
        if values.is_empty() {
            let text = format!("scope `{}` of rule `{}` accepts nothing", field.name(), rule.id);
            report.push(
                Diagnostic::new("XD403", rule.span, text)
                    .label("never fires")
                    .help("Name at least one value."),
            );
        }
    }
}

/// Conditions that ask for what the scope keeps out.
fn out_of_scope(rule: &Rule, condition: &super::ruleset::Condition, report: &mut Report) {
    let plain = |word: &str| word.trim_matches('"').to_ascii_lowercase().replace('-', "_");
    for (field, _, text) in &rule.scope {
        let inner = text.split_once(" in [").and_then(|(_, rest)| rest.strip_suffix(']'));
        let Some(inner) = inner.filter(|inner| !inner.contains('$')) else { continue };
        let scope: BTreeSet<String> = inner.split(", ").map(plain).collect();
        for atom in condition.conjuncts() {
            let Some((of, Allowed::Words(words))) = Allowed::of(&atom.text) else { continue };
            if of != *field || words.iter().any(|word| scope.contains(&plain(word))) {
                continue;
            }
            let found = format!("`{}` can't hold in the scope `{text}`", atom.text);
            report.push(
                Diagnostic::new("XD403", atom.span, found)
                    .label("excluded by `scope`")
                    .help("The rule never fires; change its scope or leave this out."),
            );
        }
    }
}

/// Conditions and ends that can't be.
fn never(rule: &Rule, report: &mut Report) {
    let conditions = match &rule.kind {
        Kind::Watch { condition, .. } => vec![&rule.condition, condition],
        _ => vec![&rule.condition],
    };
    for condition in conditions {
        out_of_scope(rule, condition, report);
        if let Some((first, second)) = condition.contradiction() {
            let text = format!("`{}` and `{}` can't both hold", first.text, second.text);
            report.push(
                Diagnostic::new("XD403", second.span, text)
                    .label("excludes the other")
                    .second(first.span, "this one")
                    .help("The rule never fires; write `||` if either will do."),
            );
        }
    }
    if rule.trigger().is_empty() && !matches!(rule.kind, Kind::Watch { .. }) {
        let text = format!("rule `{}` waits for no event", rule.id);
        report.push(
            Diagnostic::new("XD401", rule.kind_span, text)
                .label("never fires")
                .help("Name at least one event."),
        );
    }
    match &rule.kind {
        Kind::Expect { after, want, cancel, .. } => {
            let covers = |outer: &super::event_set::EventSet| {
                !after.is_empty() && outer.with(*after) == *outer && !after.physical && !after.any
            };
            let again = rule.once == super::ruleset::Once::Shipment;
            if again && (covers(want) || covers(cancel)) {
                let text = format!("every event that starts rule `{}` also ends it", rule.id);
                report.push(
                    Diagnostic::new("XD401", rule.kind_span, text)
                        .label("`after` is part of `want` or `cancel`")
                        .help("Take it out of one of them, or write `once: occurrence`."),
                );
            }
        }
        Kind::Silence { states, .. } if states.0 == 0 => {
            let text = format!("rule `{}` counts silence in no state", rule.id);
            report.push(
                Diagnostic::new("XD401", rule.kind_span, text)
                    .label("never fires")
                    .help("Name milestones under `while`."),
            );
        }
        _ => {}
    }
    let end = &rule.resolve;
    let is_event = matches!(rule.kind, Kind::Event { .. });
    if is_event
        && end.declared
        && end.when.is_none()
        && end.after.is_none()
        && !end.event.is_empty()
    {
        let on = rule.trigger();
        if end.event.with(on) == on && on.with(end.event) == end.event {
            let text = format!("rule `{}` is raised and resolved by the same events", rule.id);
            report.push(
                Diagnostic::new("XD404", rule.kind_span, text)
                    .label("never stays open")
                    .help("Name other events under `resolve`."),
            );
        }
    }
}

impl super::ruleset::Condition {
    /// Two atoms of the same field, all of which must hold, that exclude each other.
    fn contradiction(&self) -> Option<(&super::ruleset::AtomNote, &super::ruleset::AtomNote)> {
        let mut known: BTreeMap<FieldId, Vec<(&super::ruleset::AtomNote, Allowed<'_>)>> =
            BTreeMap::new();
        for atom in self.conjuncts() {
            let Some((field, allowed)) = Allowed::of(&atom.text) else { continue };
            let before = known.entry(field).or_default();
            if let Some((first, _)) = before.iter().find(|(_, other)| other.excludes(&allowed)) {
                return Some((first, atom));
            }
            before.push((atom, allowed));
        }
        None
    }

    /// The atoms that must all hold: those of a condition whose failing jumps all reject.
    fn conjuncts(&self) -> &[super::ruleset::AtomNote] {
        if self.is_conjunction { &self.atoms } else { &[] }
    }
}

/// The values of a field that an atom allows, as far as its text says so.
#[derive(Clone, Debug, PartialEq)]
enum Allowed<'a> {
    /// Literals as written.
    Words(Vec<&'a str>),
    /// From and to; both ends belong to it. Open ends differ from closed ones by the smallest step.
    Range(f64, f64),
}

impl<'a> Allowed<'a> {
    /// Reads `field op literal` and `field in [..]`; everything else allows anything.
    fn of(atom: &'a str) -> Option<(FieldId, Self)> {
        let (left, rest) = atom.split_once(' ')?;
        let field = FieldId::from_name(left)?;
        let (operator, right) = rest.split_once(' ')?;
        if operator == "in" {
            let words = right.strip_prefix('[')?.strip_suffix(']')?;
            return Some((field, Self::Words(words.split(", ").collect())));
        }
        let number = number(right);
        let range = match (operator, number) {
            ("==", None) if FieldId::from_name(right).is_none() => Self::Words(vec![right]),
            ("==", Some(value)) => Self::Range(value, value),
            ("<", Some(value)) => Self::Range(f64::NEG_INFINITY, value.next_down()),
            ("<=", Some(value)) => Self::Range(f64::NEG_INFINITY, value),
            (">", Some(value)) => Self::Range(value.next_up(), f64::INFINITY),
            (">=", Some(value)) => Self::Range(value, f64::INFINITY),
            _ => return None,
        };
        Some((field, range))
    }

    fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Words(left), Self::Words(right)) => !left.iter().any(|it| right.contains(it)),
            (Self::Range(from, to), Self::Range(low, high)) => to.min(*high) < from.max(*low),
            _ => false,
        }
    }
}

/// A number or a plain length of time.
fn number(text: &str) -> Option<f64> {
    if let Ok(Duration::Plain(seconds)) = Duration::parse(text) {
        return Some(f64::from(seconds));
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}
