//! What changed between two rule sets, in the words of the rules: `crossdock rules diff`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::canonical;
use super::check::read;
use super::diagnostic::Report;
use super::ruleset::{Rule, RuleSet};

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
    let (old_texts, new_texts) = (Texts::of(old), Texts::of(new));
    let mut changes = Vec::new();
    for rule in old.rules() {
        match new.find(&rule.id) {
            None => changes.push(change(rule, "removed", vec![], false)),
            Some(index) => {
                let after = new.rule(index);
                if after.rev != rule.rev {
                    let details = differences(&rule.id, &old_texts, &new_texts);
                    changes.push(change(rule, "changed", details, rule.shape == after.shape));
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

/// What people wrote, as keys with their values.
struct Texts {
    rules: BTreeMap<String, BTreeMap<String, String>>,
    /// Lists as `$name`, `let`s by name.
    names: BTreeMap<String, String>,
}

impl Texts {
    fn of(set: &RuleSet) -> Self {
        let mut report = Report { sources: set.warnings().sources.clone(), list: Vec::new() };
        let mut texts = Self { rules: BTreeMap::new(), names: BTreeMap::new() };
        for file in read(&mut report) {
            for rule in &file.rules {
                texts.rules.insert(rule.id.text.clone(), canonical::flat(&rule.node));
            }
            for (name, words) in &file.lists {
                let words: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
                texts.names.insert(format!("${}", name.text), words.join(", "));
            }
            for (name, word) in &file.lets {
                texts
                    .names
                    .insert(name.text.clone(), canonical::canonical_text("where", &word.text));
            }
        }
        texts
    }
}

/// Each key whose value differs; where none does, what the rule uses.
fn differences(id: &str, old: &Texts, new: &Texts) -> Vec<String> {
    let none = BTreeMap::new();
    let rule = |texts: &Texts| texts.rules.get(id).unwrap_or(&none).clone();
    let (before, after) = (rule(old), rule(new));
    let mut out = lines(&before, &after, |_| true);
    let uses = |name: &str| before.values().chain(after.values()).any(|it| has_name(it, name));
    out.extend(lines(&old.names, &new.names, uses));
    if out.is_empty() {
        out.push(
            "the defaults of its file, or a list, `let` or calendar behind what it uses".to_owned(),
        );
    }
    out
}

/// True where a name stands as a word of its own.
fn has_name(text: &str, name: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || "_-.$".contains(letter);
    text.split(|letter| !is_part(letter)).any(|word| word == name)
}

fn lines(
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
    is_wanted: impl Fn(&str) -> bool,
) -> Vec<String> {
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let of = |texts: &BTreeMap<String, String>, key: &str| {
        texts.get(key).map_or_else(|| "(none)".to_owned(), Clone::clone)
    };
    keys.into_iter()
        .filter(|key| old.get(*key) != new.get(*key) && is_wanted(key))
        .map(|key| format!("{key}: {} -> {}", of(old, key), of(new, key)))
        .collect()
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

#[cfg(test)]
mod tests {
    use super::super::check::Options;
    use super::super::diagnostic::Source;
    use super::super::facts::HashInterner;
    use super::*;

    #[track_caller]
    fn check(old: &str, new: &str, expected: &str) {
        let load = |text: &str| {
            let sources = vec![Source::new("a.yaml", text)];
            RuleSet::load(sources, &Options::default(), &mut HashInterner).expect("loads")
        };
        assert_eq!(render(&compare(&load(old), &load(new))), expected);
    }

    #[test]
    fn differences_are_told_in_the_words_of_the_file() {
        let file = |list: &str, rule: &str| {
            format!(
                "version: 1\nlists: {{ ended: [{list}] }}\nrules:\n  - {{ id: a, raise: {{ code: A }}, {rule} }}\n  - {{ id: z, event: $ended, raise: {{ code: Z }} }}\n"
            )
        };
        let count = "count: { of: delivery_attempted, at_least: 2 }";
        check(&file("lost", count), &file("lost", &format!("title: other, {count}")), "");
        check(
            &file("lost", count),
            &file("lost", "count: { of: delivery_attempted, at_least: 3, within: 3d }"),
            "~ a   (state is kept)\n    count.at_least: 2 -> 3\n    count.within: (none) -> 3d\n",
        );
        check(
            &file("lost", count),
            &file("lost, delivered", count),
            "~ z   (state is kept)\n    $ended: lost -> lost, delivered\n",
        );
        check(
            &file("lost", "event: damaged, where: shipment.attempts>1"),
            &file("lost", "event: damaged, where: shipment.attempts  > 2, raise: { code: A }")
                .replace("raise: { code: A }, event", "event"),
            "~ a   (state is kept)\n    where: shipment.attempts > 1 -> shipment.attempts > 2\n",
        );
    }
}
