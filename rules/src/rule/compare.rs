//! What changed between two rule sets, in the words of the rules: `crossdock rules diff`.

use std::fmt::Write;

use super::ruleset::{Kind, Rule, RuleSet};

/// What became of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleChange {
    /// The rule.
    pub rule: String,
    /// `added`, `removed` or `changed`.
    pub what: &'static str,
    /// Each difference as `before -> after`.
    pub details: Vec<String>,
    /// Open raises and clocks are kept on reload.
    pub keeps_state: bool,
}

/// Compares two sets. Layout, order, comments, titles and tests are no differences.
#[must_use]
pub fn compare(old: &RuleSet, new: &RuleSet) -> Vec<RuleChange> {
    let mut changes = Vec::new();
    for rule in old.rules() {
        match new.find(&rule.id) {
            None => changes.push(change(rule, "removed", vec![], false)),
            Some(index) => {
                let after = new.rule(index);
                if after.rev != rule.rev {
                    changes.push(change(
                        rule,
                        "changed",
                        differences(rule, after),
                        rule.shape == after.shape,
                    ));
                }
            }
        }
    }
    for rule in new.rules() {
        if old.find(&rule.id).is_none() {
            changes.push(change(rule, "added", vec![], false));
        }
    }
    changes.sort_by(|left, right| left.rule.cmp(&right.rule));
    changes
}

fn change(rule: &Rule, what: &'static str, details: Vec<String>, keeps_state: bool) -> RuleChange {
    RuleChange { rule: rule.id.clone(), what, details, keeps_state }
}

fn differences(old: &Rule, new: &Rule) -> Vec<String> {
    let (old, new) = (parts(old), parts(new));
    let mut out = Vec::new();
    for ((name, before), (_, after)) in old.iter().zip(&new) {
        if before != after {
            out.push(format!("{name}: {before} -> {after}"));
        }
    }
    if out.is_empty() {
        out.push("a list, `let` or calendar that it uses".to_owned());
    }
    out
}

/// A rule as named texts.
fn parts(rule: &Rule) -> Vec<(&'static str, String)> {
    let scope: Vec<&str> = rule.scope.iter().map(|(.., text)| text.as_str()).collect();
    let atoms: Vec<&str> = rule.condition.atoms.iter().map(|atom| atom.text.as_str()).collect();
    let kind = match &rule.kind {
        Kind::Watch { condition, .. } => {
            let atoms: Vec<&str> = condition.atoms.iter().map(|atom| atom.text.as_str()).collect();
            format!("watch {}", atoms.join(", "))
        }
        kind => format!("{kind:?}"),
    };
    let audiences: Vec<&str> =
        rule.audiences().map(crossdock_model::milestone::Audience::name).collect();
    vec![
        ("kind", kind),
        ("scope", scope.join(", ")),
        ("condition", atoms.join(", ")),
        ("code", rule.code.clone()),
        ("severity", rule.severity.name().to_owned()),
        ("audience", audiences.join(", ")),
        ("mode", rule.mode.name().to_owned()),
        ("once", format!("{:?}", rule.once)),
        ("for", rule.hold.to_string()),
        ("keep", rule.keep.to_string()),
        ("grace", format!("{:?}", rule.grace)),
        ("clock", format!("{:?}", rule.clock)),
        ("effective", format!("{:?}", rule.effective)),
        ("message", format!("{:?}", rule.message)),
        ("resolve", format!("{:?} {:?}", rule.resolve.event, rule.resolve.after)),
    ]
}

/// The changes as text for people.
#[must_use]
pub fn render(changes: &[RuleChange]) -> String {
    let mut out = String::new();
    for change in changes {
        let sign = match change.what {
            "added" => '+',
            "removed" => '-',
            _ => '~',
        };
        let state = match (change.what, change.keeps_state) {
            ("changed", true) => "   (state is kept)",
            ("changed", false) => "   (what waits is armed again)",
            ("removed", _) => "   (what is open is withdrawn)",
            _ => "",
        };
        writeln!(out, "{sign} {}{state}", change.rule).expect("writing to a string");
        for detail in &change.details {
            writeln!(out, "    {detail}").expect("writing to a string");
        }
    }
    out
}
