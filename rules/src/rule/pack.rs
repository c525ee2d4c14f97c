//! A folder of rules, calendars and tests.
//!
//! # Method
//!
//! `*.tests.yaml` are suites, every other `*.yaml` is part of the set. A suite that names files is run against
//! these alone, any other against the whole set. Tests beside a rule are run against the whole set, and
//! only that rule counts in them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::calendar_file;
use super::check::{Options, read};
use super::diagnostic::{Report, Source, nearest};
use super::facts::HashInterner;
use super::limits;
use super::ruleset::RuleSet;
use super::runner::{Coverage, Outcome, RuleCoverage, run};
use super::suite::{Case, Suite, cases, suite};
use super::yaml;
use crate::calendar::Calendar;

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// The packs that are compiled in: `packs/exceptions` and `packs/calendars`.
#[must_use]
pub fn builtin() -> Pack {
    Pack::of(BUILTIN_RULES.iter().map(|(name, text)| Source::new(*name, *text)))
}

/// Names of tests that are shown to whoever asked for none of them.
const NAMES_SHOWN_MAX: usize = 8;

/// Files by kind.
#[derive(Clone, Debug, Default)]
pub struct Pack {
    /// Rules and calendars.
    pub sources: Vec<Source>,
    /// Tests.
    pub suites: Vec<Source>,
    /// What is no rule file and has a reader of its own.
    pub others: Vec<Other>,
}

/// A file or folder of packs that others read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Other {
    /// Where it is.
    pub path: PathBuf,
    /// Who reads it.
    pub reader: Reader,
}

/// Who reads what stands beside rules in a folder of packs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reader {
    /// Feed files.
    Feeds,
    /// What is declared of arrival estimates.
    Estimates,
}

impl Reader {
    const ALL: [Self; 2] = [Self::Feeds, Self::Estimates];

    /// The folder's name.
    const fn folder(self) -> &'static str {
        match self {
            Self::Feeds => "feeds",
            Self::Estimates => "eta",
        }
    }

    /// The key that such a file has, and a rule file has not.
    const fn key(self) -> &'static str {
        match self {
            Self::Feeds => "feed:",
            Self::Estimates => "eta:",
        }
    }

    fn of_folder(path: &Path) -> Option<Self> {
        let name = path.file_name()?;
        Self::ALL.into_iter().find(|reader| name == reader.folder())
    }

    /// By the keys that begin a line: a rule file has a version.
    fn of_text(text: &str) -> Option<Self> {
        let has = |key: &str| text.lines().any(|line| line.starts_with(key));
        if has("version:") || has("rules:") {
            return None;
        }
        Self::ALL.into_iter().find(|reader| has(reader.key()))
    }
}

/// Why there is no explanation.
#[derive(Clone, Debug)]
pub enum Unexplained {
    /// The rules have mistakes.
    Refused(Report),
    /// There is no rule of that id.
    NoRule {
        /// One that may be meant.
        near: Option<String>,
    },
    /// No test has that in its name.
    NoTest {
        /// Some that there are, the rule's own first.
        known: Vec<String>,
    },
    /// The moment can't be read.
    NoMoment,
}

/// What a test run found.
#[derive(Clone, Debug, Default)]
pub struct TestRun {
    /// Mistakes in rules or tests; with errors here nothing was run.
    pub report: Report,
    /// Every test.
    pub outcomes: Vec<Outcome>,
    /// Every rule of the whole set.
    pub coverage: Vec<RuleCoverage>,
}

impl TestRun {
    /// Ways taken, of all there are, in percent; 100 where there are none.
    #[must_use]
    pub fn percent(&self) -> usize {
        let taken: usize = self.coverage.iter().map(|rule| rule.taken).sum();
        let total: usize = self.coverage.iter().map(|rule| rule.total).sum();
        (taken * 100).checked_div(total).unwrap_or(100)
    }

    /// True where every test passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        !self.report.has_errors() && self.outcomes.iter().all(Outcome::passed)
    }
}

impl Pack {
    /// Sorts files into rules and tests by their names.
    #[must_use]
    pub fn of(files: impl IntoIterator<Item = Source>) -> Self {
        let mut pack = Self::default();
        for file in files {
            let is_suite = file.name.ends_with(".tests.yaml") || file.name.ends_with(".tests.yml");
            if is_suite { &mut pack.suites } else { &mut pack.sources }.push(file);
        }
        pack
    }

    /// Reads files, and folders with everything below them.
    ///
    /// # Errors
    ///
    /// What can't be read, and why.
    pub fn read(paths: &[String]) -> Result<Self, String> {
        let Listed { files, mut others } = listed(paths)?;
        let mut sources = Vec::new();
        for path in files {
            let text = text(&path).map_err(|error| format!("\"{}\": {error}", path.display()))?;
            match Reader::of_text(&text) {
                Some(reader) => others.push(Other { path, reader }),
                None => sources.push(Source::new(path.to_string_lossy(), text)),
            }
        }
        others.sort();
        Ok(Self { others, ..Self::of(sources) })
    }

    /// Loads the rules.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them.
    pub fn load(&self, options: &Options) -> Result<RuleSet, Report> {
        RuleSet::load(self.sources.clone(), options, &mut HashInterner)
    }

    /// The calendars of the files, in their order, whatever else stands in them.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the files as far as their shape, and with the calendars.
    pub fn calendars(&self, options: &Options) -> Result<Vec<Calendar>, Report> {
        let mut report = Report { sources: self.sources.clone(), list: Vec::new() };
        let mut calendars = Vec::new();
        for file in read(&mut report) {
            for def in &file.calendars {
                let found = calendar_file::read(def, &options.catalogue, &mut report);
                calendars.extend(found.map(|(calendar, _)| calendar));
            }
        }
        report.sort();
        if report.has_errors() { Err(report) } else { Ok(calendars) }
    }

    /// Runs every test, or those whose suite and name contain a text.
    #[must_use]
    pub fn test(&self, options: &Options, only: Option<&str>) -> TestRun {
        let set = match self.load(options) {
            Ok(set) => set,
            Err(report) => return TestRun { report, ..TestRun::default() },
        };
        let mut coverage = Coverage::default();
        let mut run_of = TestRun::default();
        let wanted = |suite: &str, name: &str| {
            only.is_none_or(|only| format!("{suite}: {name}").contains(only))
        };
        let mut report = Report { sources: self.sources.clone(), list: vec![] };
        for file in read(&mut report) {
            for rule in &file.rules {
                let Some(node) = &rule.tests else { continue };
                let mut cases = cases(node, Some(&rule.id.text), &mut report);
                cases.retain(|case| wanted(&rule.id.text, &case.name));
                run_of.outcomes.extend(run(
                    &set,
                    &rule.id.text,
                    &cases,
                    &mut coverage,
                    &mut report,
                ));
            }
        }
        run_of.report = report;
        let mut sets: BTreeMap<Vec<String>, RuleSet> = BTreeMap::new();
        for source in &self.suites {
            let mut report = Report { sources: vec![source.clone()], list: vec![] };
            if let Some(mut suite) = read_suite(&mut report) {
                suite.tests.retain(|case| wanted(&suite.name, &case.name));
                let own = if suite.files.is_empty() {
                    None
                } else {
                    self.subset(source, &suite, options, &mut sets, &mut report)
                };
                let against = if suite.files.is_empty() { Some(&set) } else { own };
                if let Some(against) = against {
                    run_of.outcomes.extend(run(
                        against,
                        &suite.name,
                        &suite.tests,
                        &mut coverage,
                        &mut report,
                    ));
                }
            }
            absorb(&mut run_of.report, report);
        }
        run_of.coverage = coverage.of(&set);
        run_of
    }

    /// Plays the first test whose name contains a text, up to a moment, and explains a rule there.
    ///
    /// # Errors
    ///
    /// See [`Unexplained`].
    pub fn explain(
        &self,
        options: &Options,
        rule: &str,
        name: &str,
        at: Option<&str>,
    ) -> Result<String, Unexplained> {
        let set = self.load(options).map_err(Unexplained::Refused)?;
        if set.find(rule).is_none() {
            let ids = set.rules().iter().map(|known| known.id.as_str());
            return Err(Unexplained::NoRule { near: nearest(rule, ids).map(str::to_owned) });
        }
        let mut report = Report { sources: self.sources.clone(), list: vec![] };
        let mut found = Vec::new();
        for file in read(&mut report) {
            for def in &file.rules {
                found.extend(
                    def.tests
                        .as_ref()
                        .map(|node| cases(node, Some(&def.id.text), &mut report))
                        .unwrap_or_default(),
                );
            }
        }
        for source in &self.suites {
            let mut report = Report { sources: vec![source.clone()], list: vec![] };
            found.extend(read_suite(&mut report).map(|suite| suite.tests).unwrap_or_default());
        }
        // The rule's own tests first: tests without a name have the same ones beside every rule.
        let is_own = |case: &&Case| case.only.as_deref() == Some(rule);
        let fits = |case: &&Case| case.name.contains(name) || case.only.as_deref() == Some(name);
        let case = found.iter().filter(is_own).chain(&found).find(fits);
        let Some(case) = case else {
            let (own, others): (Vec<_>, Vec<_>) =
                found.iter().partition(|case| case.only.as_deref() == Some(rule));
            let suites = others.into_iter().filter(|case| case.only.is_none());
            let names = own.into_iter().chain(suites).map(|case| case.name.clone());
            let known = names.take(NAMES_SHOWN_MAX).collect();
            return Err(Unexplained::NoTest { known });
        };
        super::runner::explain_at(&set, case, rule, at).ok_or(Unexplained::NoMoment)
    }

    /// The set of the files that a suite names.
    fn subset<'s>(
        &self,
        source: &Source,
        suite: &Suite,
        options: &Options,
        sets: &'s mut BTreeMap<Vec<String>, RuleSet>,
        report: &mut Report,
    ) -> Option<&'s RuleSet> {
        let folder = source.name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let names: Vec<String> = suite
            .files
            .iter()
            .map(|name| if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") })
            .collect();
        if !sets.contains_key(&names) {
            let mut sources = Vec::new();
            for name in &names {
                match self.sources.iter().find(|source| source.name == *name) {
                    Some(source) => sources.push(source.clone()),
                    None => {
                        let span = super::diagnostic::Span::default();
                        let help =
                            "Name files relative to the suite, and give them to the run too.";
                        super::suite::fault(span, format!("no file `{name}`"), help, report);
                    }
                }
            }
            match RuleSet::load(sources, options, &mut HashInterner) {
                Ok(set) => drop(sets.insert(names.clone(), set)),
                Err(faults) => absorb(report, faults),
            }
        }
        sets.get(&names)
    }
}

/// The text of a file, no more of it than shows that it is too long.
fn text(path: &Path) -> std::io::Result<String> {
    let most = u64::try_from(limits::FILE_BYTES_MAX).unwrap_or(u64::MAX) + 1;
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    // What is no UTF-8 is told by the YAML reader, at its place.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Files as named, and those of folders with everything below them; sorted.
///
/// # Errors
///
/// What can't be listed, and why.
pub fn files(paths: &[String]) -> Result<Vec<PathBuf>, String> {
    listed(paths).map(|listed| listed.files)
}

#[derive(Default)]
struct Listed {
    files: Vec<PathBuf>,
    /// Folders of packs that others read.
    others: Vec<Other>,
}

fn listed(paths: &[String]) -> Result<Listed, String> {
    let mut listed = Listed::default();
    for path in paths {
        collect(Path::new(path), 0, &mut listed).map_err(|error| format!("\"{path}\": {error}"))?;
    }
    listed.files.sort();
    listed.files.dedup();
    listed.others.sort();
    listed.others.dedup();
    Ok(listed)
}

fn collect(path: &Path, depth: usize, listed: &mut Listed) -> std::io::Result<()> {
    const DEPTH_MAX: usize = 8;
    if !path.is_dir() {
        // A missing file is told when it is read.
        listed.files.push(path.to_owned());
        return Ok(());
    }
    // A folder of packs has feeds and estimates beside the rules.
    if let Some(reader) = Reader::of_folder(path) {
        listed.others.push(Other { path: path.to_owned(), reader });
        return Ok(());
    }
    if DEPTH_MAX < depth {
        let text = format!("folders are nested more than {DEPTH_MAX} deep; name the inner ones");
        return Err(std::io::Error::other(text));
    }
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let is_yaml =
            path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if path.is_dir() || is_yaml {
            collect(&path, depth + 1, listed)?;
        }
    }
    Ok(())
}

fn read_suite(report: &mut Report) -> Option<Suite> {
    let name = report.sources[0].name.clone();
    let root = yaml::read(0, report)?;
    Some(suite(&root, &name, report))
}

/// Adds the files and findings of another report.
pub(crate) fn absorb(report: &mut Report, other: Report) {
    let offset = u32::try_from(report.sources.len()).unwrap_or(0);
    report.sources.extend(other.sources);
    for mut diagnostic in other.list {
        diagnostic.span.file += offset;
        if let Some((span, _)) = &mut diagnostic.second {
            span.file += offset;
        }
        report.list.push(diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use super::super::diagnostic::Level;
    use super::*;

    #[test]
    fn the_worked_example_does_what_its_tests_say() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/us-parcel");
        let files = ["us-parcel.yaml", "us-parcel.tests.yaml", "calendars/us.yaml"];
        let pack = Pack::of(files.map(|name| {
            Source::new(name, std::fs::read_to_string(format!("{folder}/{name}")).expect("there"))
        }));
        let run = pack.test(&Options::default(), None);
        assert!(!run.report.has_errors(), "{}", run.report.render());
        for outcome in &run.outcomes {
            assert!(
                outcome.passed(),
                "{}: {}\n{}",
                outcome.suite,
                outcome.name,
                outcome.failures.join("\n")
            );
        }
        assert!(15 < run.outcomes.len());
    }

    fn folder(path: &str) -> Vec<Source> {
        let mut files: Vec<_> = std::fs::read_dir(path)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
            .collect();
        files.sort();
        let read = |path: &std::path::PathBuf| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            Source::new(name, std::fs::read_to_string(path).expect("text"))
        };
        files.iter().map(read).collect()
    }

    #[test]
    fn the_packs_pass_their_tests_and_are_covered() {
        let packs = concat!(env!("CARGO_MANIFEST_DIR"), "/packs");
        let mut files = folder(&format!("{packs}/exceptions"));
        files.extend(folder(&format!("{packs}/calendars")));
        let pack = Pack::of(files);
        let set =
            pack.load(&Options::default()).unwrap_or_else(|report| panic!("{}", report.render()));
        assert!(40 <= set.rules().len());
        let serious = set.warnings().list.iter().find(|known| known.level != Level::Note);
        assert_eq!(serious, None, "{}", set.warnings().render());
        let run = pack.test(&Options::default(), None);
        assert!(!run.report.has_errors(), "{}", run.report.render());
        let failed: Vec<String> = run
            .outcomes
            .iter()
            .filter(|outcome| !outcome.passed())
            .map(|outcome| {
                format!("{}: {}\n{}", outcome.suite, outcome.name, outcome.failures.join("\n"))
            })
            .collect();
        let bare: Vec<String> = run
            .coverage
            .iter()
            .filter(|rule| !rule.missing.is_empty())
            .map(|rule| format!("{}: no test of {}", rule.rule, rule.missing.join(", ")))
            .collect();
        assert!(failed.is_empty() && bare.is_empty(), "{}\n{}", failed.join("\n"), bare.join("\n"));
        assert_eq!(run.percent(), 100);
    }

    #[test]
    fn the_folder_of_packs_is_read_as_a_whole() {
        let packs = concat!(env!("CARGO_MANIFEST_DIR"), "/packs").to_owned();
        let pack = Pack::read(&[packs]).expect("it can be read");
        let set = pack.load(&Options::default());
        let set = set.unwrap_or_else(|report| panic!("{}", report.render()));
        let builtin = builtin().load(&Options::default()).expect("it loads");
        assert_eq!(set.rev(), builtin.rev());
    }

    #[test]
    fn a_test_that_is_wrong_fails() {
        let rule = "version: 1\nrules:\n  - id: a\n    event: damaged\n    raise: { code: A, message: \"{event.reason|none}\" }\n    resolve: { event: delivered }\n    tests:\n      - ";
        for (test, fails) in [
            ("{ events: [+0h damaged], raised: [+0h A] }", false),
            ("{ events: [+0h damaged], raised: [] }", true),
            ("{ events: [+0h damaged], raised: [+2h A] }", true),
            ("{ events: [+0h damaged], raised: [+0h B] }", true),
            ("{ events: [+0h damaged], raised_includes: [+0h A] }", false),
            ("{ events: [+0h damaged], raised_includes: [+9h A] }", true),
            ("{ events: [+0h damaged], not_raised: [A] }", true),
            ("{ events: [+0h damaged], open_at_end: [A] }", false),
            ("{ events: [+0h damaged], open_at_end: [] }", true),
            ("{ events: [+0h damaged, +1h delivered], resolved: [+1h A] }", false),
            ("{ events: [+0h damaged, +1h delivered], resolved: [] }", true),
            ("{ events: [+0h damaged], retracted: [+0h A] }", true),
            ("{ events: [+0h damaged], raised: [{ at: +0h, code: A, message: other }] }", true),
            ("{ events: [+0h damaged], explain: { rule: a, at: +1h, says: idle } }", true),
            ("{ events: [+0h damaged], explain: { rule: a, at: +1h, says: open } }", false),
            ("{ events: [+0h damaged], raised: [], todo: true }", false),
            ("{ events: [+0h damaged], raised: [+0h A], todo: true }", true),
            ("{ events: [+0h damage], raised: [] }", true),
            ("{ events: [soon damaged], raised: [] }", true),
        ] {
            let pack = Pack::of([Source::new("a.yaml", format!("{rule}{test}\n"))]);
            let run = pack.test(&Options::default(), None);
            assert_eq!(run.outcomes.len(), 1, "{test} {}", run.report.render());
            assert_eq!(run.outcomes[0].passed(), !fails, "{test} {:?}", run.outcomes[0].failures);
        }
    }
}
