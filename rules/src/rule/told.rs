//! A [`Report`] as programs read it: JSON, SARIF 2.1.0, and the workflow commands of GitHub.
//!
//! # Place
//!
//! `crossdock rules check --format`; the text for people is [`Report::render`].
//!
//! # Method
//!
//! Each diagnostic with lines and columns counted from 1 in characters. SARIF is written as code scanning
//! reads it: one rule per code with its long text, columns in code points, a fingerprint of the line instead of its number, so
//! that a finding stays the same when lines above it move.
//!
//! # Holds
//!
//! - Order is that of the report, and the same report gives the same bytes.
//! - A finding in no file has no place, and is told all the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Component, Path};

use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::xxh3_64;

use super::codes;
use super::diagnostic::{Diagnostic, Level, Report, Source, Span};

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One object: `errors`, `warnings`, `findings`.
    Json,
    /// SARIF 2.1.0, as code scanning reads it.
    Sarif,
    /// `::error file=...` lines, which a GitHub workflow shows beside the changed lines.
    Github,
}

/// Where something stands, for people and programs: from 1, columns in characters, the end exclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place<'a> {
    source: &'a Source,
    start: (usize, usize),
    end: (usize, usize),
}

impl<'a> Place<'a> {
    fn of(report: &'a Report, span: Span) -> Option<Self> {
        let source = report.sources.get(span.file as usize)?;
        let start = source.line_column(span.start);
        Some(Self { source, start, end: source.line_column(span.end.max(span.start)).max(start) })
    }

    fn json(&self) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("file".into(), name(self.source).into());
        object.insert("line".into(), self.start.0.into());
        object.insert("column".into(), self.start.1.into());
        object.insert("end_line".into(), self.end.0.into());
        object.insert("end_column".into(), self.end.1.into());
        object
    }

    fn region(&self) -> Value {
        json!({
            "startLine": self.start.0,
            "startColumn": self.start.1,
            "endLine": self.end.0,
            "endColumn": self.end.1,
        })
    }

    fn location(&self) -> Value {
        json!({
            "physicalLocation": {
                "artifactLocation": artifact(self.source),
                "region": self.region(),
            }
        })
    }
}

/// The name of a file without `./` in front.
fn name(source: &Source) -> String {
    source.name.strip_prefix("./").unwrap_or(&source.name).replace('\\', "/")
}

/// What was found, what is said at the mark, and what to do, as sentences of one text.
fn whole(diagnostic: &Diagnostic) -> String {
    let mut text = diagnostic.message.clone();
    if !diagnostic.label.is_empty() {
        write!(text, ": {}", diagnostic.label).expect("a String grows");
    }
    for help in &diagnostic.help {
        write!(text, "\nhelp: {help}").expect("a String grows");
    }
    text
}

/// One object for programs. `summary` holds what a command says beside the findings.
#[must_use]
pub fn json(report: &Report, summary: Map<String, Value>) -> String {
    let mut root = summary;
    for level in [Level::Error, Level::Warning, Level::Note] {
        root.insert(format!("{}s", level.name()), report.count(level).into());
    }
    let findings: Vec<Value> = report.list.iter().map(|found| finding(report, found)).collect();
    root.insert("findings".into(), findings.into());
    format!("{}\n", pretty(&Value::Object(root)))
}

fn finding(report: &Report, diagnostic: &Diagnostic) -> Value {
    let mut object = Place::of(report, diagnostic.span).map(|it| it.json()).unwrap_or_default();
    object.insert("code".into(), diagnostic.code.into());
    object.insert("level".into(), diagnostic.level.name().into());
    object.insert("message".into(), diagnostic.message.as_str().into());
    object.insert("label".into(), diagnostic.label.as_str().into());
    object.insert("help".into(), diagnostic.help.clone().into());
    if let Some((span, label)) = &diagnostic.second
        && let Some(place) = Place::of(report, *span)
    {
        let mut related = place.json();
        related.insert("label".into(), label.as_str().into());
        object.insert("related".into(), related.into());
    }
    if let Some(fix) = &diagnostic.fix
        && let Some(place) = Place::of(report, fix.span)
    {
        let mut change = place.json();
        change.insert("text".into(), fix.text.as_str().into());
        object.insert("fix".into(), change.into());
    }
    Value::Object(object)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("texts and numbers only")
}

/// Workflow commands, one line a finding; GitHub shows the first ten of each level of a step beside the lines.
#[must_use]
pub fn github(report: &Report) -> String {
    let mut out = String::new();
    for diagnostic in &report.list {
        let mut properties = String::new();
        if let Some(place) = Place::of(report, diagnostic.span) {
            let file = escape_property(&name(place.source));
            let ((line, column), (end_line, end_column)) = (place.start, place.end);
            write!(properties, "file={file},line={line},endLine={end_line},col={column}")
                .expect("a String grows");
            // GitHub refuses columns of ranges over several lines, and counts the last one in.
            if line == end_line {
                let last = end_column.saturating_sub(1).max(column);
                write!(properties, ",endColumn={last}").expect("a String grows");
            }
            properties.push(',');
        }
        let level = match diagnostic.level {
            Level::Note => "notice",
            level => level.name(),
        };
        let code = diagnostic.code;
        let text = escape_data(&whole(diagnostic));
        writeln!(out, "::{level} {properties}title={code}::{text}").expect("a String grows");
    }
    out
}

/// As `@actions/core` does it.
fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A SARIF 2.1.0 log of one run.
#[must_use]
pub fn sarif(report: &Report) -> String {
    let mut used: Vec<&str> = report.list.iter().map(|known| known.code).collect();
    used.sort_unstable();
    used.dedup();
    let rules: Vec<Value> = used.iter().map(|code| rule(report, code)).collect();
    let mut seen = BTreeMap::new();
    let mut results = Vec::new();
    for diagnostic in &report.list {
        let index = used.binary_search(&diagnostic.code).unwrap_or_default();
        results.push(result(report, diagnostic, index, &mut seen));
    }
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "crossdock rules check",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{ "executionSuccessful": true }],
            "results": results,
        }],
    });
    format!("{}\n", pretty(&log))
}

/// What SARIF calls a rule: a code.
fn rule(report: &Report, code: &str) -> Value {
    let text = codes::explain(code).unwrap_or("");
    let short = text.split_once(". ").map_or(text, |(first, _)| first);
    let level = report.list.iter().find(|known| known.code == code).map(|known| known.level);
    let level = level.unwrap_or(Level::Error).name();
    json!({
        "id": code,
        "shortDescription": { "text": short.trim_end_matches('.') },
        "fullDescription": { "text": text },
        "help": {
            "text": format!("{text}\n\ncrossdock rules explain-code {code}"),
            "markdown": format!("{text}\n\n`crossdock rules explain-code {code}`"),
        },
        "defaultConfiguration": { "level": level },
    })
}

/// `seen` counts lines of the same text, code and file, so that each has a fingerprint of its own.
fn result(
    report: &Report,
    diagnostic: &Diagnostic,
    index: usize,
    seen: &mut BTreeMap<u64, usize>,
) -> Value {
    let mut object = Map::new();
    object.insert("ruleId".into(), diagnostic.code.into());
    object.insert("ruleIndex".into(), index.into());
    object.insert("level".into(), diagnostic.level.name().into());
    object.insert("message".into(), json!({ "text": whole(diagnostic) }));
    if let Some(place) = Place::of(report, diagnostic.span) {
        let line = place.source.text.lines().nth(place.start.0 - 1).unwrap_or("").trim();
        let key = format!("{}\0{}\0{line}", name(place.source), diagnostic.code);
        let hash = xxh3_64(key.as_bytes());
        let count = seen.entry(hash).or_insert(0);
        *count += 1;
        let print = json!({ "primaryLocationLineHash": format!("{hash:016x}:{count}") });
        object.insert("partialFingerprints".into(), print);
        object.insert("locations".into(), json!([place.location()]));
    }
    if let Some((span, label)) = &diagnostic.second
        && let Some(place) = Place::of(report, *span)
    {
        let mut location = place.location();
        location["id"] = 1.into();
        location["message"] = json!({ "text": label });
        object.insert("relatedLocations".into(), json!([location]));
    }
    if let Some(fix) = &diagnostic.fix
        && let Some(place) = Place::of(report, fix.span)
    {
        let help = diagnostic.help.join(" ");
        object.insert(
            "fixes".into(),
            json!([{
                "description": { "text": help },
                "artifactChanges": [{
                    "artifactLocation": artifact(place.source),
                    "replacements": [{
                        "deletedRegion": place.region(),
                        "insertedContent": { "text": fix.text },
                    }],
                }],
            }]),
        );
    }
    Value::Object(object)
}

/// A path as a URI: one that is relative to the root of the checkout, or a whole one.
fn artifact(source: &Source) -> Value {
    let name = name(source);
    let path = Path::new(&name);
    if path.is_absolute() {
        return json!({ "uri": format!("file://{}", percent(&name)) });
    }
    let up = path.components().any(|part| part == Component::ParentDir);
    if up {
        json!({ "uri": percent(&name) })
    } else {
        json!({ "uri": percent(&name), "uriBaseId": "%SRCROOT%" })
    }
}

/// RFC 3986: what is not allowed in a path is written as `%XX`.
fn percent(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a String grows");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `carrier: fedx` in line 3 after a line with a character of two bytes, twice, and a finding of two lines.
    fn report(file: &str) -> Report {
        let text = "a: 1\nnäme: x\n  ö: [fedx]\n  ö: [fedx]\n";
        let source = Source::new(file, text);
        let at = |needle: &str, from: usize| {
            let start = from + text[from..].find(needle).expect("there");
            Span {
                file: 0,
                start: u32::try_from(start).expect("small"),
                end: u32::try_from(start + needle.len()).expect("small"),
            }
        };
        let first = at("fedx", 0);
        let second = at("fedx", first.end as usize);
        let mut report = Report { sources: vec![source], list: vec![] };
        report.push(
            Diagnostic::new("XD203", first, "unknown carrier `fedx`, 100%")
                .label("not one of 61")
                .help("did you mean `fedex`?")
                .fix("fedex"),
        );
        report.push(
            Diagnostic::new("XD203", second, "unknown carrier `fedx`").second(first, "first"),
        );
        report.push(
            Diagnostic::new("XD601", Span { file: 0, start: 0, end: 12 }, "a list is not used")
                .warn(),
        );
        report.push(Diagnostic::new("XD602", first, "not given").note());
        report
    }

    #[test]
    fn github_reads_commands_with_escapes() {
        assert_eq!(
            github(&report("./a,b/c:d.yaml")),
            "::error file=a%2Cb/c%3Ad.yaml,line=3,endLine=3,col=7,endColumn=10,title=XD203::unknown carrier `fedx`, 100%25: not one of 61%0Ahelp: did you mean `fedex`?\n\
             ::error file=a%2Cb/c%3Ad.yaml,line=4,endLine=4,col=7,endColumn=10,title=XD203::unknown carrier `fedx`\n\
             ::warning file=a%2Cb/c%3Ad.yaml,line=1,endLine=2,col=1,title=XD601::a list is not used\n\
             ::notice file=a%2Cb/c%3Ad.yaml,line=3,endLine=3,col=7,endColumn=10,title=XD602::not given\n"
        );
    }

    #[test]
    fn programs_read_one_object() {
        let mut summary = Map::new();
        summary.insert("rules".into(), 7.into());
        let read: Value = serde_json::from_str(&json(&report("a.yaml"), summary)).expect("JSON");
        assert_eq!(
            (&read["rules"], &read["errors"], &read["warnings"]),
            (&json!(7), &json!(2), &json!(1))
        );
        let first = &read["findings"][0];
        let place = ["line", "column", "end_line", "end_column"].map(|key| first[key].as_u64());
        assert_eq!(place, [Some(3), Some(7), Some(3), Some(11)]);
        assert_eq!(first["fix"]["text"], "fedex");
        assert_eq!(first["help"], json!(["did you mean `fedex`?"]));
        assert_eq!(read["findings"][1]["related"]["line"], 3);
        assert_eq!(read["findings"][2]["level"], "warning");
    }

    #[test]
    fn code_scanning_reads_the_log() {
        let log: Value = serde_json::from_str(&sarif(&report("my rules/ä.yaml"))).expect("JSON");
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
        assert_eq!(
            rules.iter().map(|rule| &rule["id"]).collect::<Vec<_>>(),
            ["XD203", "XD601", "XD602"]
        );
        assert_eq!(rules[1]["defaultConfiguration"]["level"], "warning");
        let results = run["results"].as_array().expect("results");
        for result in results {
            let index = result["ruleIndex"].as_u64().expect("an index");
            assert_eq!(rules[usize::try_from(index).expect("small")]["id"], result["ruleId"]);
        }
        let place = &results[0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "my%20rules/%C3%A4.yaml");
        assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        assert_eq!(
            place["region"],
            json!({ "startLine": 3, "startColumn": 7, "endLine": 3, "endColumn": 11 })
        );
        let change = &results[0]["fixes"][0]["artifactChanges"][0]["replacements"][0];
        assert_eq!(change["insertedContent"]["text"], "fedex");
        // Two lines of the same text are two findings.
        let print =
            |index: usize| &results[index]["partialFingerprints"]["primaryLocationLineHash"];
        assert_ne!(print(0), print(1));
    }

    #[test]
    fn a_fingerprint_stays_where_lines_above_move() {
        let moved = |text: &str| {
            let start = u32::try_from(text.find("fedx").expect("there")).expect("small");
            let found = Diagnostic::new("XD203", Span { file: 0, start, end: start + 4 }, "x");
            let report = Report { sources: vec![Source::new("a", text)], list: vec![found] };
            let log: Value = serde_json::from_str(&sarif(&report)).expect("JSON");
            log["runs"][0]["results"][0]["partialFingerprints"].clone()
        };
        assert_eq!(moved("a: fedx"), moved("# a comment\n\n  a: fedx"));
        assert_ne!(moved("a: fedx"), moved("b: fedx"));
    }

    #[test]
    fn nothing_found_is_a_whole_log_too() {
        let log: Value = serde_json::from_str(&sarif(&Report::default())).expect("JSON");
        assert_eq!(log["runs"][0]["results"], json!([]));
        assert_eq!(github(&Report::default()), "");
        // A place in no file is no place.
        let list = vec![Diagnostic::new("XD101", Span::default(), "x")];
        let report = Report { sources: vec![], list };
        assert_eq!(github(&report), "::error title=XD101::x\n");
        assert!(sarif(&report).contains("XD101"));
    }
}
