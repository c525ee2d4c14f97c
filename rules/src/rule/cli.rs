//! `crossdock rules ...`: the commands, as a function from arguments to a text and an exit code.
//!
//! # Place
//!
//! The binary puts [`Command`] among its own and prints what comes back.
//!
//! # Holds
//!
//! - Exit codes: 0 fine, 1 findings (tests failed, lints, files not in layout, sets differ), 2 rules don't load, 3 usage.

mod check;

use std::fs;

use clap::{Args, Subcommand};

use super::book;
use super::canonical_layout::format;
use super::catalogue::Catalogue;
use super::check::Options;
use super::codes;
use super::compare;
use super::diagnostic::Report;
use super::pack::{Pack, TestRun, Unexplained};
use super::ruleset::RuleSet;
use super::runner::junit;
use super::told::Format;

pub use check::{Look, Looked, Mistake};

/// What a command says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 0 fine, 1 findings, 2 rules don't load, 3 usage.
    pub code: u8,
    /// For the terminal: stderr where the code is 3, so that it never lands in a file of findings.
    pub text: String,
}

/// A command with its arguments.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Everything that is wrong with a set of files
    Check(CheckArgs),
    /// Writes files in the canonical layout; comments stay
    Fmt(FmtArgs),
    /// Runs the tests of a set
    Test(TestArgs),
    /// Says why a rule stands where it stands, in a test or with a shipment of a capture, atom by atom
    Explain(ExplainArgs),
    /// What changed between two sets, by meaning
    Diff {
        /// A file or folder.
        old: String,
        /// Another one.
        new: String,
    },
    /// Prints the rule book
    Doc(Files),
    /// Prints every field, its type, every word
    Fields,
    /// Prints the JSON Schema for editors
    Schema,
    /// Prints the long text of a code, or of every one
    ExplainCode {
        /// Such as XD231. Left out: all codes.
        code: Option<String>,
    },
}

/// Rule, test and calendar files.
#[derive(Clone, Debug, Args)]
pub struct Files {
    /// Files, and folders with everything below them.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
}

/// Arguments of `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    files: Files,
    /// Mends what can be mended without a doubt.
    #[arg(long)]
    fix: bool,
    /// Exit code 1 where there are warnings.
    #[arg(long)]
    lint_fatal: bool,
    /// Says what each rule costs, the dearest first.
    #[arg(long)]
    cost: bool,
    /// How findings are written.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Arguments of `fmt`.
#[derive(Clone, Debug, Args)]
pub struct FmtArgs {
    #[command(flatten)]
    files: Files,
    /// Writes nothing; exit code 1 where a file is not in layout.
    #[arg(long)]
    check: bool,
}

/// Arguments of `test`.
#[derive(Clone, Debug, Args)]
pub struct TestArgs {
    #[command(flatten)]
    files: Files,
    /// Only tests whose name contains this.
    #[arg(long, value_name = "TEXT")]
    run: Option<String>,
    /// Says which ways through each rule no test takes.
    #[arg(long)]
    coverage: bool,
    /// Exit code 1 where fewer of the ways are taken.
    #[arg(long, value_name = "PERCENT")]
    min: Option<usize>,
    /// Writes the outcomes for a build server.
    #[arg(long, value_name = "FILE")]
    junit: Option<String>,
    /// Runs them again as often as a file changes, until it is interrupted.
    #[arg(long)]
    watch: bool,
}

/// Arguments of `explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// Rule, test and calendar files, and folders of them. With `--shipment` they may be left out: the rules of the
    /// configuration.
    #[arg(value_name = "PATH")]
    pub paths: Vec<String>,
    /// The rule's id.
    #[arg(long, value_name = "ID")]
    pub rule: String,
    /// In a test: part of its name.
    #[arg(long, value_name = "NAME", required_unless_present = "shipment")]
    pub test: Option<String>,
    /// About a shipment of a capture: its number.
    #[arg(long, value_name = "NUMBER", conflicts_with = "test", requires = "events")]
    pub shipment: Option<String>,
    /// Captures, documents, or folders of them, that speak of the shipment; may be repeated.
    #[arg(long, value_name = "FILE", requires = "shipment")]
    pub events: Vec<String>,
    /// The moment: from the test's start, such as `+60h`, or of a capture, RFC 3339. Left out: its end.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub at: Option<String>,
    /// The feed of documents that do not name one. Left out: told from the document.
    #[arg(long, value_name = "NAME", requires = "shipment")]
    pub feed: Option<String>,
    /// The tenant of documents that do not name one.
    #[arg(long, value_name = "NAME", default_value = "local")]
    pub tenant: String,
    /// Receipt of documents that do not say when they came, RFC 3339. Left out: now.
    #[arg(long, value_name = "TIME", requires = "shipment")]
    pub received: Option<String>,
}

impl Command {
    /// The files and folders whose changes call for another run, where that is asked for.
    #[must_use]
    pub fn watched(&self) -> Option<&[String]> {
        match self {
            Self::Test(args) if args.watch => Some(&args.files.paths),
            _ => None,
        }
    }
}

/// Runs one command; `look` knows what to do with what stands beside rules in a folder of packs.
#[must_use]
pub fn run(command: &Command, look: Look<'_>) -> Answer {
    match command {
        Command::Check(args) => check::check(args, look),
        Command::Fmt(args) => fmt(args),
        Command::Test(args) => test(args),
        Command::Explain(args) => explain(args),
        Command::Diff { old, new } => diff(old, new),
        Command::Doc(files) => with_set(files, |set| Answer { code: 0, text: book::book(set) }),
        Command::Fields => Answer { code: 0, text: book::fields() },
        Command::Schema => Answer { code: 0, text: book::schema(&Catalogue::default()) },
        Command::ExplainCode { code: None } => {
            let lines = codes::ALL.iter().map(|(code, text)| format!("{code}: {text}\n"));
            Answer { code: 0, text: lines.collect() }
        }
        Command::ExplainCode { code: Some(code) } => explain_code(&code.to_ascii_uppercase()),
    }
}

fn explain_code(code: &str) -> Answer {
    match codes::explain(code) {
        Some(text) => Answer { code: 0, text: format!("{code}: {text}\n") },
        None => {
            usage(&format!("no code \"{code}\"; without one `rules explain-code` prints them all"))
        }
    }
}

fn usage(text: &str) -> Answer {
    Answer { code: 3, text: format!("error: {text}\n") }
}

impl Files {
    /// Reads them; at least one must be there.
    fn pack(&self) -> Result<Pack, Answer> {
        let pack = read_pack(&self.paths)?;
        if pack.sources.is_empty() && pack.suites.is_empty() && pack.others.is_empty() {
            let named = self.paths.join("\", \"");
            let text = format!("no rule file in \"{named}\"; their names end in .yaml or .yml");
            return Err(usage(&text));
        }
        Ok(pack)
    }
}

/// Reads files, and folders with everything below them.
fn read_pack(paths: &[String]) -> Result<Pack, Answer> {
    Pack::read(paths).map_err(|error| usage(&error))
}

fn with_set(files: &Files, run: impl FnOnce(&RuleSet) -> Answer) -> Answer {
    let loaded = files.pack().map(|pack| pack.load(&Options::default()));
    match loaded {
        Err(answer) => answer,
        Ok(Err(report)) => refused(&report),
        Ok(Ok(set)) => run(&set),
    }
}

fn refused(report: &Report) -> Answer {
    Answer { code: 2, text: format!("{}{}: nothing is loaded\n", report.render(), report.counts()) }
}

fn fmt(args: &FmtArgs) -> Answer {
    let pack = match args.files.pack() {
        Ok(pack) => pack,
        Err(answer) => return answer,
    };
    let (mut text, mut code) = (String::new(), 0);
    for source in pack.sources.iter().chain(&pack.suites) {
        match format(source) {
            None => {
                text.push_str(&format!("{}: not a rule file; run check\n", source.name));
                code = 2;
            }
            Some(new) if new == source.text => {}
            Some(_) if args.check => {
                text.push_str(&format!("{}: not in layout\n", source.name));
                code = code.max(1);
            }
            Some(new) => match fs::write(&source.name, new) {
                Ok(()) => text.push_str(&format!("{}: written\n", source.name)),
                Err(error) => return usage(&format!("{}: {error}", source.name)),
            },
        }
    }
    Answer { code, text }
}

fn test(args: &TestArgs) -> Answer {
    let pack = match args.files.pack() {
        Ok(pack) => pack,
        Err(answer) => return answer,
    };
    let run = pack.test(&Options::default(), args.run.as_deref());
    if run.report.has_errors() && run.outcomes.is_empty() {
        return refused(&run.report);
    }
    if run.outcomes.is_empty()
        && let Some(only) = &args.run
    {
        return usage(&format!("no test has \"{only}\" in its name or in its suite's"));
    }
    let mut text = tell(&run, args.coverage);
    let mut code = u8::from(!run.passed());
    if let Some(least) = args.min
        && run.percent() < least
    {
        text.push_str(&format!("coverage {} % is below {least} %\n", run.percent()));
        code = 1;
    }
    if let Some(path) = &args.junit
        && let Err(error) = fs::write(path, junit(&run.outcomes))
    {
        return usage(&format!("{path}: {error}"));
    }
    Answer { code, text }
}

fn tell(run: &TestRun, coverage: bool) -> String {
    let mut text = run.report.render();
    for outcome in run.outcomes.iter().filter(|outcome| !outcome.passed()) {
        text.push_str(&format!("FAILED {}: {}\n", outcome.suite, outcome.name));
        if outcome.todo {
            text.push_str("    marked `todo`, but it passes now\n");
        }
        for failure in &outcome.failures {
            text.push_str(&format!("    {}\n", failure.replace('\n', "\n    ")));
        }
    }
    if coverage {
        for rule in &run.coverage {
            text.push_str(&format!("{:4}/{:<4} {}\n", rule.taken, rule.total, rule.rule));
            rule.missing
                .iter()
                .for_each(|way| text.push_str(&format!("          no test: {way}\n")));
        }
    }
    let failed = run.outcomes.iter().filter(|outcome| !outcome.passed()).count();
    text.push_str(&format!(
        "{} tests, {failed} failed, coverage {} %\n",
        run.outcomes.len(),
        run.percent()
    ));
    text
}

fn explain(args: &ExplainArgs) -> Answer {
    let (rule, Some(name)) = (&args.rule, &args.test) else {
        return usage("no test; name one with `--test NAME`");
    };
    if args.paths.is_empty() {
        return usage("no files; name rules and tests");
    }
    let pack = match read_pack(&args.paths) {
        Ok(pack) => pack,
        Err(answer) => return answer,
    };
    match pack.explain(&Options::default(), rule, name, args.at.as_deref()) {
        Ok(text) => Answer { code: 0, text },
        Err(Unexplained::Refused(report)) => refused(&report),
        Err(Unexplained::NoRule { near }) => {
            usage(&format!("no rule \"{rule}\" in these files{}", meant(near.as_deref())))
        }
        Err(Unexplained::NoTest { known }) => {
            let known = known.join("\", \"");
            usage(&format!("no test has \"{name}\" in its name; there are \"{known}\""))
        }
        Err(Unexplained::NoMoment) => {
            let at = args.at.as_deref().unwrap_or("");
            usage(&format!(
                "`--at` is \"{at}\"; give it from the test's start, such as \"+60h\" or \"+2bd@15:00\", or as \
                 \"2026-03-02T09:00:00Z\""
            ))
        }
    }
}

/// A name that may be meant, as the end of a message.
fn meant(near: Option<&str>) -> String {
    near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default()
}

fn diff(old: &str, new: &str) -> Answer {
    let load = |path: &str| match read_pack(&[path.to_owned()]) {
        Ok(pack) => pack.load(&Options::default()).map_err(|report| refused(&report)),
        Err(answer) => Err(answer),
    };
    match (load(old), load(new)) {
        (Err(answer), _) | (_, Err(answer)) => answer,
        (Ok(old), Ok(new)) => {
            let changes = compare::compare(&old, &new);
            let noun = if changes.len() == 1 { "rule differs" } else { "rules differ" };
            let text = format!("{}{} {noun}\n", compare::render(&changes), changes.len());
            Answer { code: u8::from(!changes.is_empty()), text }
        }
    }
}

#[cfg(test)]
mod tests;
