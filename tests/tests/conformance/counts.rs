//! Figures by source and name, and what they were.
//!
//! # Holds
//! What is good may not fall, what is bad may not rise.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

/// Figures that may not rise.
const BAD: &[&str] = &["unmapped", "dead", "no feed", "missed", "wrong"];

/// The file is rewritten by one test at a time.
static FILE: Mutex<()> = Mutex::new(());

/// Figures by group and name, in the order in which the names came.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    groups: BTreeMap<String, BTreeMap<String, u64>>,
    names: Vec<String>,
}

impl Counts {
    pub(crate) fn add(&mut self, group: &str, name: &str, count: usize) {
        if !self.names.iter().any(|it| it == name) {
            self.names.push(name.to_owned());
        }
        let group = self.groups.entry(group.to_owned()).or_default();
        *group.entry(name.to_owned()).or_default() += count as u64;
    }

    fn table(&self, source: &str) -> String {
        let mut out = format!("{source:24}");
        for name in &self.names {
            write!(out, " {name:>9}").expect("a String takes all");
        }
        let mut sums = vec![0; self.names.len()];
        for (group, figures) in &self.groups {
            write!(out, "\n{group:24}").expect("a String takes all");
            for (name, sum) in self.names.iter().zip(&mut sums) {
                let (count, width) = (figures.get(name).copied().unwrap_or(0), name.len().max(9));
                *sum += count;
                write!(out, " {count:>width$}").expect("a String takes all");
            }
        }
        write!(out, "\n{:24}", "all").expect("a String takes all");
        for (name, sum) in self.names.iter().zip(sums) {
            write!(out, " {sum:>width$}", width = name.len().max(9)).expect("a String takes all");
        }
        out
    }
}

/// Prints the table and compares it with the recorded figures of this source.
pub(crate) fn settle(source: &str, counts: &Counts, wrong: &mut Vec<String>) {
    println!("{}\n", counts.table(source));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance.counts");
    let guard = FILE.lock().expect("no test panics while it holds the file");
    let recorded = fs::read_to_string(&file).expect("the figures are recorded");
    let is_ours = |line: &&str| line.split_once('/').is_some_and(|(it, _)| it == source);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let mut lines: Vec<String> =
            recorded.lines().filter(|line| !is_ours(line)).map(str::to_owned).collect();
        for (group, figures) in &counts.groups {
            lines.extend(figures.iter().map(|(name, n)| format!("{source}/{group}, {name}: {n}")));
        }
        lines.sort();
        fs::write(&file, lines.join("\n") + "\n").expect("the figures are writable");
        return;
    }
    drop(guard);
    for line in recorded.lines().filter(is_ours) {
        let (_, figure) = line.split_once('/').expect("a figure is `source/group, name: count`");
        let (name, count) = figure.rsplit_once(": ").expect("a figure has a count");
        let (group, name) = name.split_once(", ").expect("a figure has a name");
        let recorded: u64 = count.parse().expect("a count");
        let found = counts.groups.get(group).and_then(|it| it.get(name)).copied().unwrap_or(0);
        let is_worse = if BAD.contains(&name) { recorded < found } else { found < recorded };
        if is_worse {
            wrong.push(format!("{source}/{group}: {name} was {recorded} and is {found}"));
        }
    }
}
