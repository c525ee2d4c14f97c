//! The commands by what they answer.

use clap::Parser;

use super::super::pack::{Other, Reader};
use super::*;

#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

fn pass_over(_: &Other) -> Looked {
    Looked::PassedOver(String::from("passed over"))
}

fn words(text: &str) -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/us-parcel");
    text.split('|').map(|word| word.trim().replace("DIR", folder)).collect()
}

#[test]
fn what_is_no_command_line_is_refused() {
    for (line, part) in [
        ("check", "<PATH>"),
        ("check | --nonsense | DIR", "--nonsense"),
        ("explain | DIR", "--rule"),
        ("test | DIR | --min | most", "most"),
        ("diff | DIR", "<NEW>"),
        ("sing", "sing"),
    ] {
        let refused = Line::try_parse_from(words(line)).expect_err(line).to_string();
        assert!(refused.contains(part), "{line}\n{refused}");
    }
}

#[test]
fn commands_answer() {
    for (line, code, part) in [
        ("check | DIR", 0, "8 rules, 17 tests, 0 errors, 0 warnings, 2 notes"),
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
        ("check | DIR/nothing.yaml", 3, "nothing.yaml"),
    ] {
        let line_read = Line::try_parse_from(words(line));
        let answer = run(&line_read.expect(line).command, &pass_over);
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

/// A folder that is there while a test runs.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("crossdock-{name}-{}", std::process::id()));
        for (file, text) in files {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().expect("in a folder")).expect("a folder");
            fs::write(path, text).expect("written");
        }
        Self(folder)
    }

    /// Runs `check` with some flags on it.
    fn check(&self, flags: &str, look: Look<'_>) -> Answer {
        let mut line = vec![String::from("check")];
        line.extend(flags.split_whitespace().map(str::to_owned));
        line.push(self.0.display().to_string());
        run(&Line::try_parse_from(line).expect("a command").command, look)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

const RULE: &str = "version: 1\nrules:\n  - { id: a, event: damaged, raise: { code: A } }\n";

#[test]
fn what_stands_beside_rules_is_shown_to_its_reader() {
    let files =
        [("a.yaml", RULE), ("eta/default.yaml", "eta:\n  x: 1\n"), ("feeds/f.yaml", "feed: f\n")];
    let folder = Folder::new("packs", &files);
    let passed = folder.check("", &pass_over);
    assert_eq!(passed.code, 0, "{}", passed.text);
    for part in ["eta: passed over\n", "feeds: passed over\n", "1 rule, 0 tests, 0 errors"] {
        assert!(passed.text.contains(part), "{}", passed.text);
    }
    let mistake = |other: &Other| match other.reader {
        Reader::Feeds => Looked::Sound(String::from("fine")),
        Reader::Estimates => Looked::Mistakes(vec![Mistake {
            file: other.path.join("default.yaml").display().to_string(),
            line: 2,
            column: 3,
            message: String::from("\"x\" is no key"),
        }]),
    };
    let refused = folder.check("", &mistake);
    assert_eq!(refused.code, 2, "{}", refused.text);
    assert!(refused.text.contains("error[XD801]: \"x\" is no key"), "{}", refused.text);
    assert!(refused.text.contains("default.yaml:2:3"), "{}", refused.text);
    assert!(refused.text.ends_with("1 error, 0 warnings: nothing is loaded\n"), "{}", refused.text);
    let told: serde_json::Value =
        serde_json::from_str(&folder.check("--format json", &mistake).text).expect("JSON");
    assert_eq!((&told["loads"], &told["findings"][0]["line"]), (&false.into(), &2.into()));
}

#[test]
fn a_file_of_another_kind_that_is_named_is_no_rule_file() {
    let files = [("x.yaml", "openapi: 3.0.0\ninfo: {}\n")];
    let answer = Folder::new("other", &files).check("", &pass_over);
    assert_eq!(answer.code, 2);
    assert_eq!(answer.text.matches("error[").count(), 1, "{}", answer.text);
    assert!(answer.text.contains("no rule file: it begins with `openapi`"), "{}", answer.text);
    let files = [("x/mine.yaml", "# my own\neta: {}\n")];
    let answer = Folder::new("named", &files).check("", &pass_over);
    assert!(answer.text.contains("mine.yaml: passed over"), "{}", answer.text);
    let answer = Folder::new("empty", &[("notes.txt", "")]).check("--format sarif", &pass_over);
    assert!(answer.code == 3 && answer.text.contains("no rule file in"), "{}", answer.text);
}

#[test]
fn mistakes_in_tests_are_findings_of_a_set_that_loads() {
    let suite = "suite: s\ntests:\n  - { events: [+0h damage], raised: [] }\n";
    let folder = Folder::new("tests", &[("a.yaml", RULE), ("a.tests.yaml", suite)]);
    let answer = folder.check("--format github", &pass_over);
    assert_eq!(answer.code, 1, "{}", answer.text);
    assert!(answer.text.contains("a.tests.yaml,line=3,"), "{}", answer.text);
    assert!(answer.text.contains("title=XD701::unknown event `damage`"), "{}", answer.text);
}

#[test]
fn fixes_are_made_and_what_is_left_is_told() {
    let text = "version: 1\nrules:\n  - { id: a, event: damagd, scope: { carrier: fedx }, raise: { code: a } }\n";
    let folder = Folder::new("fix", &[("a.yaml", text)]);
    let answer = folder.check("--fix", &pass_over);
    let after = fs::read_to_string(folder.0.join("a.yaml")).expect("there");
    assert!(after.contains("event: damaged") && after.contains("carrier: fedex"), "{after}");
    assert!(answer.code == 2 && answer.text.contains("2 changes made\n"), "{}", answer.text);
    assert!(answer.text.contains("XD113") && !answer.text.contains("XD203"), "{}", answer.text);
}

#[test]
fn warnings_fail_where_that_is_asked_for_and_notes_never() {
    let list = "version: 1\nlists: { x: [damaged] }\n";
    let folder = Folder::new("warn", &[("a.yaml", RULE), ("b.yaml", list)]);
    assert_eq!(folder.check("", &pass_over).code, 0);
    assert_eq!(folder.check("--lint-fatal", &pass_over).code, 1);
    let note = "version: 1\nrules:\n  - { id: a, watch: eta.p_breach > 0.5, raise: { code: A } }\n";
    let folder = Folder::new("note", &[("a.yaml", note)]);
    let answer = folder.check("--lint-fatal", &pass_over);
    assert!(answer.code == 0 && answer.text.contains("1 note"), "{}", answer.text);
}
