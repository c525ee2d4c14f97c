//! `crossdock feeds new`: a feed file from sample documents, to be checked and finished by hand.
//!
//! # Method
//!
//! A document of any format is looked at as the JSON that a feed's paths see. The events are the list of objects that
//! look most like events (a time, a code, words); the shipment is the nearest object above that has a number.
//! Fields are chosen by their keys and by what stands in them, times by their shape. The words of the
//! events are read by `common-words` until somebody fills in the codes.
//!
//! # Holds
//!
//! What is written compiles, and a comment stands at everything that was guessed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use crossdock_core::feeds::Feeds;
use crossdock_core::guess::Guesser;
use crossdock_rules::feed;
use serde_json::Value;

use super::{Failure, terminal};

/// Arguments of `feeds new`.
#[derive(Clone, Debug, Args)]
pub struct NewArgs {
    /// The feed's name: lower case, digits, `-`.
    pub name: String,
    /// Sample documents of one kind.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Runs the command.
///
/// # Errors
///
/// A file can't be read, or nothing in it looks like events.
pub fn run(args: &NewArgs) -> Result<ExitCode, Failure> {
    let mut guesser = Guesser::new(Feeds::new(feed::builtin()));
    let mut documents = Vec::new();
    let mut format = "json";
    for file in &args.files {
        let bytes = fs::read(file).map_err(|error| {
            Failure::Input(format!("\"{}\" can't be read: {error}", file.display()))
        })?;
        let (found, plain) = guesser.plain(&bytes).ok_or_else(|| {
            let hint = "JSON, XML, X12 and EDIFACT are told by their first bytes; for CSV begin with a copy of `usps-iv.yaml`.";
            Failure::Input(format!("\"{}\" can't be read as a document\n  = help: {hint}", file.display()))
        })?;
        format = found;
        documents.push(serde_json::from_str(&plain).unwrap_or(Value::Null));
    }
    let draft = draft(&args.name, format, &documents).ok_or_else(|| {
        let hint = "A list of objects with a time and a code or words is looked for; give a document with events.";
        Failure::Input(format!("nothing looks like events\n  = help: {hint}"))
    })?;
    terminal::print(&draft)?;
    let path = format!("{}.yaml", args.name);
    let mut files: Vec<(&str, &str)> = feed::builtin_files().to_vec();
    files.push((&path, &draft));
    if let Err(errors) = feed::compile(&files) {
        let text: Vec<String> = errors.iter().map(ToString::to_string).collect();
        terminal::note(&text.join("\n"));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// A value of an object: where it stands, and the texts that were found there.
type Fields = BTreeMap<String, Vec<String>>;

/// The events of the samples.
struct Events {
    /// Keys from the document to the list; `[]` behind each list on the way.
    path: Vec<String>,
    fields: Fields,
    /// Objects above an event, from the document down, each with its path.
    above: Vec<(Vec<String>, Fields)>,
}

/// The feed file, or `None` where nothing looks like events.
#[must_use]
pub fn draft(name: &str, format: &str, documents: &[Value]) -> Option<String> {
    let mut best: Option<(i64, Events)> = None;
    for document in documents {
        let root = match document {
            Value::Array(list) => list.first().unwrap_or(document),
            _ => document,
        };
        let mut found = Vec::new();
        lists(root, &mut Vec::new(), &mut Vec::new(), &mut found);
        for events in found {
            let score = score(&events.fields);
            if 0 < score && best.as_ref().is_none_or(|(best, _)| *best < score) {
                best = Some((score, events));
            }
        }
    }
    best.map(|(_, events)| write(name, format, &events))
}

/// Every list of objects below a value.
fn lists(
    value: &Value,
    path: &mut Vec<String>,
    above: &mut Vec<(Vec<String>, Fields)>,
    found: &mut Vec<Events>,
) {
    let Value::Object(map) = value else { return };
    let mut own = Fields::new();
    scalars(value, "", &mut own);
    above.push((path.clone(), own));
    for (key, value) in map {
        let key = quoted(key);
        match value {
            Value::Array(list) if list.iter().any(Value::is_object) => {
                path.push(format!("{key}[]"));
                let mut fields = Fields::new();
                for element in list {
                    scalars(element, "", &mut fields);
                }
                found.push(Events { path: path.clone(), fields, above: above.clone() });
                for element in list.iter().take(3) {
                    lists(element, path, above, found);
                }
                path.pop();
            }
            Value::Object(_) => {
                // One event stands bare where a list would hold several.
                path.push(format!("{key}[]"));
                let mut fields = Fields::new();
                scalars(value, "", &mut fields);
                found.push(Events { path: path.clone(), fields, above: above.clone() });
                path.pop();
                path.push(key);
                lists(value, path, above, found);
                path.pop();
            }
            _ => {}
        }
    }
    above.pop();
}

/// The texts of an object and of the objects in it.
fn scalars(value: &Value, prefix: &str, fields: &mut Fields) {
    let Value::Object(map) = value else { return };
    for (key, value) in map {
        let path =
            if prefix.is_empty() { quoted(key) } else { format!("{prefix}.{}", quoted(key)) };
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Object(_) => {
                scalars(value, &path, fields);
                continue;
            }
            _ => continue,
        };
        if !text.is_empty() {
            fields.entry(path).or_default().push(text);
        }
    }
}

/// A key as it is written in a path.
fn quoted(key: &str) -> String {
    let is_plain =
        |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | ':' | '@' | '#');
    if !key.is_empty() && key.chars().all(is_plain) { key.to_owned() } else { format!("'{key}'") }
}

/// How much objects look like events: a time, a code and words, and more than one of them.
fn score(fields: &Fields) -> i64 {
    let chosen = Chosen::new(fields);
    if chosen.date.is_none() || chosen.code.is_none() && chosen.words.is_none() {
        return 0;
    }
    let count = fields.values().map(Vec::len).max().unwrap_or(0).min(20) as i64;
    let parts = [chosen.code.is_some(), chosen.words.is_some(), chosen.city.is_some()];
    30 + count + 10 * parts.iter().filter(|it| **it).count() as i64
}

/// The fields of an event that were chosen, by path.
#[derive(Default)]
struct Chosen<'a> {
    date: Option<(&'a str, &'static str)>,
    clock: Option<(&'a str, &'static str)>,
    code: Option<&'a str>,
    words: Option<&'a str>,
    city: Option<&'a str>,
    region: Option<&'a str>,
    postal_code: Option<&'a str>,
    country: Option<&'a str>,
    signer: Option<&'a str>,
}

impl<'a> Chosen<'a> {
    fn new(fields: &'a Fields) -> Self {
        let mut chosen = Self::default();
        for (path, texts) in fields {
            let shape = shape_of(texts);
            match shape {
                Some(shape) if shape.starts_with("clock") => {
                    chosen.clock = chosen.clock.or(Some((path, shape)));
                }
                Some(shape) => {
                    let is_better = chosen.date.is_none_or(|(best, _)| rank(path) < rank(best));
                    if is_better {
                        chosen.date = Some((path, shape));
                    }
                }
                None => {}
            }
        }
        let named = |words: &[&str]| {
            let is_named = |path: &&String| {
                let key = path.rsplit('.').next().unwrap_or(path).to_lowercase();
                words.iter().any(|word| key.contains(word))
            };
            fields
                .keys()
                .filter(is_named)
                .filter(|path| shape_of(&fields[*path]).is_none())
                .collect::<Vec<_>>()
        };
        let has_blanks = |path: &&&String| fields[**path].iter().any(|it| it.contains(' '));
        let words = named(&[
            "desc", "text", "message", "remark", "label", "words", "event", "status", "detail",
        ]);
        chosen.words =
            words.iter().find(has_blanks).or_else(|| words.first()).map(|it| it.as_str());
        let codes = named(&["code", "status", "event", "type", "state", "what", "scan"]);
        let short = |path: &&&String| {
            fields[**path].iter().all(|it| it.len() <= 32) && Some(path.as_str()) != chosen.words
        };
        chosen.code = codes.iter().find(short).or_else(|| codes.first()).map(|it| it.as_str());
        let first = |words: &[&str]| named(words).first().map(|it| it.as_str());
        chosen.city = first(&["city", "town", "locality", "location", "depot", "place", "ort"]);
        chosen.region = first(&["region", "province", "stateprov", "state_prov"]);
        chosen.postal_code = first(&["postal", "postcode", "zip", "plz"]);
        chosen.country = first(&["country", "land"]);
        chosen.signer = first(&["signed", "signatory", "signature", "receivedby", "received_by"]);
        chosen
    }
}

/// Keys that are likelier to hold the time of the event come first.
fn rank(path: &str) -> u8 {
    let key = path.rsplit('.').next().unwrap_or(path).to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| key.contains(word));
    match () {
        () if has(&["event", "scan", "occurred", "timestamp", "when"]) => 0,
        () if has(&["date", "time"]) && !has(&["creat", "updat", "modif", "expect", "estim"]) => 1,
        () => 2,
    }
}

/// English names of months, as far as they tell them apart.
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The shape of times that all texts have; `None` where they are none.
fn shape_of(texts: &[String]) -> Option<&'static str> {
    let first = one_shape(texts.first()?)?;
    let mut shape = first;
    for text in texts {
        let found = one_shape(text)?;
        // A month above 12 decides between the two orders with slashes.
        match (shape, found) {
            ("eu-slash", "us-slash") | ("us-slash", "eu-slash") => shape = "us-slash",
            _ if found == shape => {}
            _ => return None,
        }
    }
    Some(shape)
}

fn one_shape(text: &str) -> Option<&'static str> {
    let bytes = text.as_bytes();
    let digits = bytes.iter().filter(|it| it.is_ascii_digit()).count();
    let is_digits_at = |range: core::ops::Range<usize>| {
        bytes.get(range).is_some_and(|it| it.iter().all(u8::is_ascii_digit))
    };
    if digits == bytes.len() {
        return match bytes.len() {
            8 if text.starts_with("19") || text.starts_with("20") => Some("compact-date"),
            14 if text.starts_with("19") || text.starts_with("20") => Some("compact-date-time"),
            13 if text.starts_with('1') => Some("unix-millis"),
            10 if text.starts_with('1') => Some("unix-seconds"),
            _ => None,
        };
    }
    if is_digits_at(0..4) && bytes.len() <= 40 {
        match bytes.get(4) {
            Some(b'-') if is_digits_at(5..7) && is_digits_at(8..10) => return Some("iso"),
            Some(b'/' | b'.') if is_digits_at(5..7) && is_digits_at(8..10) => {
                return Some("year-first");
            }
            _ => {}
        }
    }
    let is_slashed = matches!(bytes.get(2), Some(b'/' | b'.')) && bytes.get(5) == bytes.get(2);
    if is_slashed && is_digits_at(0..2) && is_digits_at(3..5) && is_digits_at(6..8) {
        let second: u32 = text[3..5].parse().ok()?;
        return Some(if 12 < second { "us-slash" } else { "eu-slash" });
    }
    let lower = text.to_lowercase();
    if is_digits_at(0..1) && bytes.len() <= 11 && text.contains(':') {
        return Some(if lower.ends_with('m') { "clock-am-pm" } else { "clock-colon" });
    }
    let has_month = MONTHS.iter().any(|it| lower.contains(it));
    (has_month && 5 <= digits && bytes.len() <= 32).then_some("month-name")
}

/// The number that an object has, by its key.
fn number_of(fields: &Fields) -> Option<&str> {
    let rank = |path: &str| {
        let key = path.rsplit('.').next().unwrap_or(path).to_lowercase().replace(['_', '-'], "");
        let is_number = ["number", "num", "no", "id", "code", "ref", "reference"]
            .iter()
            .any(|it| key.ends_with(it));
        let words = [
            "tracking",
            "waybill",
            "awb",
            "parcel",
            "barcode",
            "consignment",
            "shipment",
            "package",
            "piece",
        ];
        let at = words.iter().position(|it| key.contains(it));
        match (at, is_number) {
            (Some(at), true) => Some(at),
            (Some(at), false) => Some(20 + at),
            (None, true) if key == "no" || key == "number" => Some(40),
            (None, true) if key == "id" => Some(50),
            _ => None,
        }
    };
    let is_number =
        |texts: &Vec<String>| texts.iter().all(|it| it.len() <= 40 && !it.contains(' '));
    let numbers = fields.iter().filter(|(_, texts)| is_number(texts));
    numbers.filter_map(|(path, _)| Some((rank(path)?, path))).min().map(|(_, path)| path.as_str())
}

/// The file.
fn write(name: &str, format: &str, events: &Events) -> String {
    let nearest =
        events.above.iter().rev().find_map(|(path, fields)| Some((path, number_of(fields)?)));
    let (shipment, number) =
        nearest.map_or((Vec::new(), None), |(path, it)| (path.clone(), Some(it)));
    let below = &events.path[shipment.len().min(events.path.len())..];
    let at = if shipment.is_empty() { String::from(".") } else { shipment.join(".") };
    let chosen = Chosen::new(&events.fields);
    let mut out = format!(
        "feed: {name}\ntitle: {name}, say what kind of document this is\n\
         # Words are read by this until the codes are filled in below.\nextends: common-words\ncarrier: {name}\nformat: {format}\n\
         # newest_first, oldest_first or unordered: look at the samples.\norder: unordered\n"
    );
    let event_root = [shipment.as_slice(), below].concat().join(".").replace("[]", "[0]");
    out.push_str(&format!(
        "# Present in these documents and in no others.\ndetect: ['{}']\n",
        escaped(&event_root)
    ));
    out.push_str("sources: [say which guide or sample]\n\nshipment:\n");
    out.push_str(&format!("  at: '{}'\n", escaped(&at)));
    match number {
        Some(number) => out.push_str(&format!("  number: '{}'\n", escaped(number))),
        None => out.push_str("  # No number was found: see \"answers without a number\" in docs/FEEDS.md.\n  number: tracking_number\n"),
    }
    out.push_str(&format!("\nevent:\n  at: '{}'\n", escaped(&below.join("."))));
    out.push_str(
        "  # The carrier's code, not its words; several fields: `{ code: a, type: b }`.\n",
    );
    let code = chosen.code.or(chosen.words).unwrap_or("code");
    out.push_str(&format!("  code: '{}'\n", escaped(code)));
    if let Some(words) = chosen.words {
        out.push_str(&format!("  text: '{}'\n", escaped(words)));
    }
    out.push_str(&time_of(&chosen));
    out.push_str(&place_of(&chosen));
    if let Some(signer) = chosen.signer {
        out.push_str(&format!("  signed_by: '{}'\n", escaped(signer)));
    }
    out.push_str(&codes_of(&events.fields, code, chosen.words));
    out
}

fn time_of(chosen: &Chosen<'_>) -> String {
    let Some((date, shape)) = chosen.date else { return String::new() };
    let mut parts = vec![format!("date: '{}'", escaped(date))];
    if let Some((clock, clock_shape)) = chosen.clock.filter(|_| !shape.contains("time")) {
        parts.push(format!("clock: '{}'", escaped(clock)));
        parts.push(format!("shape: {shape}"));
        parts.push(format!("clock_shape: {clock_shape}"));
    } else if shape != "iso" {
        parts.push(format!("shape: {shape}"));
    }
    let kind = if shape.starts_with("unix") { "utc" } else { "local" };
    let hint = match shape {
        "eu-slash" | "us-slash" => "  # Day or month first? The samples may not tell.\n",
        _ => "",
    };
    format!(
        "{hint}  # Without an offset the zone of the place decides; add `default_zone: Europe/Paris` where all is in one.\n  \
         time: {{ {kind}: {{ {} }} }}\n",
        parts.join(", ")
    )
}

fn place_of(chosen: &Chosen<'_>) -> String {
    let parts: Vec<String> = [
        ("city", chosen.city),
        ("region", chosen.region),
        ("postal_code", chosen.postal_code),
        ("country", chosen.country),
    ]
    .into_iter()
    .filter_map(|(key, path)| Some(format!("{key}: '{}'", escaped(path?))))
    .collect();
    if parts.is_empty() {
        return String::new();
    }
    let hint =
        "  # A whole place in one text goes under `text:`, a code of a depot under `facility:`.\n";
    format!("{hint}  place: {{ {} }}\n", parts.join(", "))
}

/// Every code of the samples with its words, for somebody to say what it is.
fn codes_of(fields: &Fields, code: &str, words: Option<&str>) -> String {
    let none = Vec::new();
    let codes = fields.get(code).unwrap_or(&none);
    let texts = words.and_then(|it| fields.get(it)).unwrap_or(&none);
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (at, code) in codes.iter().enumerate() {
        seen.entry(code).or_insert_with(|| texts.get(at).map_or("", String::as_str));
    }
    let mut out = String::from(
        "\n# What each code is: a detail of `crossdock feeds explain generic`. Take the mark off the rows that are sure.\ncodes:\n  \
         - { code: replace-me, is: INFO_ONLY, unverified: true }\n",
    );
    for (code, words) in seen {
        let words = words.replace(['\n', '\r'], " ");
        out.push_str(&format!("  # - {{ code: '{}', is: ... }}  # {words}\n", escaped(code)));
    }
    out
}

/// A text between single quotes of YAML.
fn escaped(text: &str) -> String {
    text.replace('\'', "''")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed_tests;

    #[test]
    fn a_draft_compiles_and_reads_its_sample() {
        check(
            r#"{"data":{"parcels":[{"parcel_no":"P-1","history":[
                {"when":"2026-05-21 09:30","what":"DLV","remark":"Delivered at the front door","town":"Oslo","land":"NO"},
                {"when":"2026-05-20 16:00","what":"NEW","remark":"Data received","town":"Oslo","land":"NO"}]}]}}"#,
            "json",
            &["number: P-1, detail: LABEL_CREATED, city: Oslo", "detail: DELIVERED"],
        );
        check(
            r#"{"trackingNumber":"T1","events":[{"date":"20260521","time":"09:30:11","status":"x","description":"Out for delivery"}]}"#,
            "json",
            &["number: T1, milestone: OUT_FOR_DELIVERY, local: '2026-05-21T09:30:11'"],
        );
        check(
            r#"{"Track":{"Shipment":{"AWB":"A77","Scans":{"Scan":{"ScanDate":"21.05.2026 09:30","ScanCode":"7","Text":"Departed hub"}}}}}"#,
            "json",
            &["number: A77, detail: DEPARTED_FACILITY, local: '2026-05-21T09:30:00'"],
        );
    }

    #[test]
    fn what_has_no_events_has_no_draft() {
        for document in ["{}", "[]", "7", r#"{"a":[1,2],"b":{"c":"d"}}"#] {
            let document: Value = serde_json::from_str(document).expect("JSON");
            assert_eq!(draft("x", "json", &[document]), None);
        }
    }

    #[track_caller]
    fn check(document: &str, format: &str, events: &[&str]) {
        let parsed: Value = serde_json::from_str(document).expect("JSON");
        let mut file = draft("drafted", format, &[parsed]).expect("events");
        file.push_str("tests:\n  - document: |\n");
        for line in document.lines() {
            file.push_str(&format!("      {line}\n"));
        }
        file.push_str("    events:\n");
        for event in events {
            file.push_str(&format!("      - {{ {event} }}\n"));
        }
        let mut files: Vec<(&str, &str)> = feed::builtin_files().to_vec();
        files.push(("drafted.yaml", &file));
        let set = feed::compile(&files).unwrap_or_else(|errors| panic!("{errors:?}\n{file}"));
        let report = feed_tests::run(&Feeds::new(set), Some("drafted"));
        assert!(
            report.complaints.is_empty() && report.tests == 1,
            "{:?}\n{file}",
            report.complaints
        );
    }
}
