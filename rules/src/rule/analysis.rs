//! Mistakes that only show when rules are looked at together, or as a whole.
//!
//! # Method
//!
//! A conjunction over one field is kept as an interval or a set; an empty one can never hold. Rules of
//! the same kind, trigger, scope and condition are twins. Two severities for one code would make
//! consumers of the code see both.

use std::collections::BTreeMap;

use super::diagnostic::{Diagnostic, Report};
use super::field::FieldId;
use super::ruleset::{Kind, Mode, Rule};

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

/// Conditions and ends that can't be.
fn never(rule: &Rule, report: &mut Report) {
    let conditions = match &rule.kind {
        Kind::Watch { condition, .. } => vec![&rule.condition, condition],
        _ => vec![&rule.condition],
    };
    for condition in conditions {
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
        let mut equal: BTreeMap<FieldId, (&super::ruleset::AtomNote, &str)> = BTreeMap::new();
        // Only a pure conjunction: its text has no other operator.
        for atom in self.conjuncts() {
            let Some((left, right)) = atom.text.split_once(" == ") else { continue };
            let Some(field) = FieldId::from_name(left) else { continue };
            match equal.get(&field) {
                Some((first, value)) if *value != right => return Some((first, atom)),
                _ => {
                    equal.insert(field, (atom, right));
                }
            }
        }
        None
    }

    /// The atoms that must all hold: those of a condition whose failing jumps all reject.
    fn conjuncts(&self) -> &[super::ruleset::AtomNote] {
        if self.is_conjunction { &self.atoms } else { &[] }
    }
}
