//! `crossdock rules ...`: the commands, as a function from words to a text and an exit code.
//!
//! # Place
//!
//! The binary hands over what stands after `crossdock rules` and prints what comes back.
//!
//! # Holds
//!
//! - Exit codes: 0 fine, 1 findings (tests failed, lints, files not in layout, sets differ), 2 rules don't load, 3 usage.

use std::fs;

use super::book;
use super::canonical_layout::format;
use super::catalogue::Catalogue;
use super::check::Options;
use super::codes;
use super::compare;
use super::diagnostic::Report;
use super::facts::HashInterner;
use super::pack::{Pack, TestRun};
use super::ruleset::RuleSet;
use super::runner::junit;

/// What a command says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 0 fine, 1 findings, 2 rules don't load, 3 usage.
    pub code: u8,
    /// For the terminal.
    pub text: String,
}

const USAGE: &str = "usage: crossdock rules <command> [options] <files or folders>

  check [--fix] [--lint-fatal] [--cost]   everything that is wrong with a set of files
  fmt [--check]                           the canonical layout; comments stay
  test [--run TEXT] [--coverage] [--min PERCENT] [--junit FILE]
  explain --rule ID --test NAME [--at +60h]   why a rule stands where it stands, in a test
  backtest [--rules PATH] [--baseline PATH] CAPTURE   what they would have said, and what others would say instead
  activate [FOLDER]                       puts them into force for a group
  diff A B                                what changed between two sets, by meaning
  doc                                     the rule book
  fields                                  every field, its type, every word
  schema                                  JSON Schema for editors
  explain-code XD231                      the long text of a code
";

/// Runs one command.
#[must_use]
pub fn run(args: &[String]) -> Answer {
    let Some((command, rest)) = args.split_first() else { return usage("no command") };
    let words = match Words::read(rest) {
        Ok(words) => words,
        Err(text) => return usage(&text),
    };
    match command.as_str() {
        "check" => check(&words),
        "fmt" => fmt(&words),
        "test" => test(&words),
        "explain" => explain(&words),
        "diff" => diff(&words),
        "doc" => with_set(&words, |set| Answer { code: 0, text: book::book(set) }),
        "fields" => Answer { code: 0, text: book::fields() },
        "schema" => Answer { code: 0, text: book::schema(&Catalogue::default()) },
        "explain-code" => {
            let code = words.paths.first().map_or("", String::as_str);
            match codes::explain(&code.to_ascii_uppercase()) {
                Some(text) => Answer { code: 0, text: format!("{code}: {text}\n") },
                None => usage(&format!("no code `{code}`")),
            }
        }
        other => usage(&format!("no command `{other}`")),
    }
}

fn usage(text: &str) -> Answer {
    Answer { code: 3, text: format!("error: {text}\n\n{USAGE}") }
}

/// Options and paths after a command.
#[derive(Default)]
struct Words {
    flags: Vec<String>,
    values: Vec<(String, String)>,
    paths: Vec<String>,
}

impl Words {
    fn read(args: &[String]) -> Result<Self, String> {
        let mut words = Self::default();
        let mut args = args.iter();
        // Ends: with the words.
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--fix" | "--lint-fatal" | "--cost" | "--check" | "--coverage" => {
                    words.flags.push(arg.clone())
                }
                "--run" | "--min" | "--junit" | "--rule" | "--test" | "--at" => {
                    let value = args.next().ok_or_else(|| format!("`{arg}` without a value"))?;
                    words.values.push((arg.clone(), value.clone()));
                }
                other if other.starts_with("--") => return Err(format!("no option `{other}`")),
                path => words.paths.push(path.to_owned()),
            }
        }
        Ok(words)
    }

    fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|known| known == flag)
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    fn pack(&self) -> Result<Pack, Answer> {
        read_pack(&self.paths)
    }
}

/// Reads files, and folders with everything below them.
fn read_pack(paths: &[String]) -> Result<Pack, Answer> {
    if paths.is_empty() {
        return Err(usage("no files"));
    }
    Pack::read(paths).map_err(|error| usage(&error))
}

fn with_set(words: &Words, run: impl FnOnce(&RuleSet) -> Answer) -> Answer {
    let loaded = words.pack().map(|pack| pack.load(&Options::default()));
    match loaded {
        Err(answer) => answer,
        Ok(Err(report)) => refused(&report),
        Ok(Ok(set)) => run(&set),
    }
}

fn refused(report: &Report) -> Answer {
    let (errors, warnings) = report.counts();
    Answer {
        code: 2,
        text: format!(
            "{}{errors} errors, {warnings} warnings: nothing is loaded\n",
            report.render()
        ),
    }
}

fn check(words: &Words) -> Answer {
    let pack = match words.pack() {
        Ok(pack) => pack,
        Err(answer) => return answer,
    };
    let loaded = RuleSet::load(pack.sources, &Options::default(), &mut HashInterner);
    let mut text = String::new();
    if words.has("--fix") {
        let report = loaded.as_ref().map_or_else(|report| report, RuleSet::warnings);
        let (count, failed) = write_fixes(report);
        text.push_str(&format!("{count} changes made; check again\n"));
        if let Some(failed) = failed {
            return usage(&failed);
        }
    }
    match loaded {
        Err(report) => {
            let mut answer = refused(&report);
            answer.text.push_str(&text);
            answer
        }
        Ok(set) => {
            let (_, warnings) = set.warnings().counts();
            text.push_str(&set.warnings().render());
            if words.has("--cost") {
                let mut costs: Vec<_> =
                    set.rules().iter().map(|rule| (rule.cost(), &rule.id)).collect();
                costs.sort_by(|left, right| right.cmp(left));
                costs.iter().for_each(|(cost, id)| text.push_str(&format!("{cost:6}  {id}\n")));
            }
            let rules = set.rules().len();
            text.push_str(&format!(
                "{rules} rules, {warnings} warnings, revision {:016x}\n",
                set.rev()
            ));
            let code = u8::from(words.has("--lint-fatal") && 0 < warnings);
            Answer { code, text }
        }
    }
}

fn write_fixes(report: &Report) -> (usize, Option<String>) {
    let mut count = 0;
    for (file, source) in (0_u32..).zip(&report.sources) {
        let (text, changes) = report.fixed(file);
        if 0 < changes {
            if let Err(error) = fs::write(&source.name, text) {
                return (count, Some(format!("{}: {error}", source.name)));
            }
            count += changes;
        }
    }
    (count, None)
}

fn fmt(words: &Words) -> Answer {
    let pack = match words.pack() {
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
            Some(_) if words.has("--check") => {
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

fn test(words: &Words) -> Answer {
    let pack = match words.pack() {
        Ok(pack) => pack,
        Err(answer) => return answer,
    };
    let run = pack.test(&Options::default(), words.value("--run"));
    if run.report.has_errors() && run.outcomes.is_empty() {
        return refused(&run.report);
    }
    let mut text = tell(&run, words.has("--coverage"));
    let mut code = u8::from(!run.passed());
    if let Some(least) = words.value("--min").and_then(|text| text.parse::<usize>().ok())
        && run.percent() < least
    {
        text.push_str(&format!("coverage {} % is below {least} %\n", run.percent()));
        code = 1;
    }
    if let Some(path) = words.value("--junit")
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

fn explain(words: &Words) -> Answer {
    let (Some(rule), Some(name)) = (words.value("--rule"), words.value("--test")) else {
        return usage("explain needs --rule and --test");
    };
    let pack = match words.pack() {
        Ok(pack) => pack,
        Err(answer) => return answer,
    };
    match pack.explain(&Options::default(), rule, name, words.value("--at")) {
        Ok(text) => Answer { code: 0, text },
        Err(report) if report.has_errors() => refused(&report),
        Err(_) => usage(&format!("no rule `{rule}` or no test whose name contains `{name}`")),
    }
}

fn diff(words: &Words) -> Answer {
    let [old, new] = &words.paths[..] else { return usage("diff needs two files or folders") };
    let load = |path: &String| match read_pack(std::slice::from_ref(path)) {
        Ok(pack) => pack.load(&Options::default()).map_err(|report| refused(&report)),
        Err(answer) => Err(answer),
    };
    match (load(old), load(new)) {
        (Err(answer), _) | (_, Err(answer)) => answer,
        (Ok(old), Ok(new)) => {
            let changes = compare::compare(&old, &new);
            let text = format!("{}{} rules differ\n", compare::render(&changes), changes.len());
            Answer { code: u8::from(!changes.is_empty()), text }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/us-parcel");
        text.split('|').map(|word| word.trim().replace("DIR", folder)).collect()
    }

    #[test]
    fn commands_answer() {
        for (line, code, part) in [
            ("check | DIR", 0, "8 rules, 0 warnings"),
            ("check | --cost | DIR", 0, "delivered-far"),
            ("test | --coverage | DIR", 0, "0 failed"),
            ("test | --run | friday | DIR", 0, "1 tests, 0 failed"),
            (
                "explain | --rule | no-acceptance-24bh | --test | friday | DIR",
                0,
                "Fri 2026-03-06 16:00 +2h -> Fri 2026-03-06 18:00",
            ),
            (
                "explain | --rule | stalled-on-lane | --test | pauses | --at | +60h | DIR",
                0,
                "stalled-on-lane: paused",
            ),
            ("diff | DIR | DIR", 0, "0 rules differ"),
            ("doc | DIR", 0, "raises NO_ACCEPTANCE"),
            ("fields", 0, "eta.p_breach"),
            ("schema", 0, "draft/2020-12"),
            ("explain-code | xd231", 0, "absent"),
            ("explain-code | XD000", 3, "no code"),
            ("check", 3, "no files"),
            ("check | DIR/nothing.yaml", 3, "nothing.yaml"),
            ("check | --nonsense | DIR", 3, "no option"),
            ("explain | DIR", 3, "needs --rule"),
            ("sing", 3, "no command"),
        ] {
            let answer = run(&words(line));
            assert_eq!(answer.code, code, "{line}\n{}", answer.text);
            assert!(answer.text.contains(part), "{line}\n{}", answer.text);
        }
    }

    #[test]
    fn the_schema_in_the_tree_is_the_one_that_is_made() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/rules.v1.schema.json");
        let made = book::schema(&Catalogue::default());
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(path, &made).expect("written");
        }
        assert_eq!(fs::read_to_string(path).expect("there"), made, "UPDATE_EXPECT=1 writes it");
    }
}
