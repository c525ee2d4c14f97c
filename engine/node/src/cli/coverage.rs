//! `crossdock feeds coverage`: what the codes of each feed map in a capture, and what they do not.
//!
//! # Method
//!
//! Documents go through a lane, as in `normalize`, without any state. Per feed: events, how many a row of its
//! table maps, how many none does, how many an unverified row does; every code that no row knows, with the words
//! it came with; and the codes of the table that the capture never showed.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use crossdock_rules::feed::program::Feed;
use serde_json::{Value, json};

use super::settings::Settings;
use super::standardized::{self, Standardized};
use super::{Failure, InputArgs, terminal};

/// Unmapped codes of a feed that a table on a terminal names; NDJSON has all.
const UNMAPPED_ROWS_MAX: usize = 12;

/// What was counted of one feed.
#[derive(Debug, Default)]
struct Figures {
    events: u64,
    unmapped: u64,
    unverified: u64,
    dead: u64,
    /// Values of the primary code field that came.
    seen: BTreeSet<String>,
    /// Codes and words that no row knows, and how often they came.
    unknown: BTreeMap<(String, String), u64>,
}

/// Runs the command. Exit code 1 where a code is unmapped or a part could not be read.
///
/// # Errors
///
/// A file can't be read.
pub fn run(settings: &Settings, args: &InputArgs) -> Result<ExitCode, Failure> {
    let mut figures: BTreeMap<String, Figures> = BTreeMap::new();
    standardized::each(settings, args, settings.engine.lane.clone(), |it| {
        let parsed = |json| serde_json::from_slice(json).unwrap_or(Value::Null);
        match it {
            Standardized::Event(line) => {
                let event = parsed(line);
                figures.entry(text(&event, "feed")).or_default().count(&event);
            }
            Standardized::Letter(body) => {
                figures.entry(text(&parsed(body), "feed")).or_default().dead += 1;
            }
            Standardized::Turn => {}
        }
        Ok(())
    })?;
    let mut is_covered = true;
    if terminal::is_terminal() {
        terminal::print(&terminal::faint(&head()))?;
    }
    for (name, found) in &figures {
        is_covered &= found.unmapped == 0 && found.dead == 0;
        let table = settings.feeds.set().by_name(name).map(codes_of).unwrap_or_default();
        let text = if terminal::is_terminal() {
            for_people(name, found, &table)
        } else {
            for_programs(name, found, &table)
        };
        terminal::print(&text)?;
    }
    Ok(ExitCode::from(u8::from(!is_covered)))
}

impl Figures {
    fn count(&mut self, event: &Value) {
        self.events += 1;
        let code = text(event, "code");
        if event["detail"] == "UNMAPPED" {
            self.unmapped += 1;
            let others = event.get("codes").map(Value::to_string).unwrap_or_default();
            let key = (format!("{code} {others}").trim().to_owned(), text(event, "text"));
            *self.unknown.entry(key).or_default() += 1;
        }
        self.unverified += u64::from(event["unverified"] == true);
        self.seen.insert(code);
    }

    /// Codes that no row knows, the most frequent first.
    fn unknown(&self) -> Vec<(&(String, String), u64)> {
        let mut rows: Vec<_> = self.unknown.iter().map(|(key, count)| (key, *count)).collect();
        rows.sort_by_key(|(_, count)| core::cmp::Reverse(*count));
        rows
    }

    fn never_seen<'a>(&self, table: &'a BTreeSet<String>) -> Vec<&'a str> {
        table.iter().filter(|it| !self.seen.contains(*it)).map(String::as_str).collect()
    }
}

/// The values that a feed's rows want of the primary code field.
fn codes_of(feed: &Feed) -> BTreeSet<String> {
    let rows = feed.codes.rows.iter().flat_map(|row| &row.when);
    let codes = rows.filter(|(field, _)| *field == 0).flat_map(|(_, codes)| codes);
    codes.filter(|it| !it.is_empty()).map(|it| it.to_string()).collect()
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or("").to_owned()
}

fn head() -> String {
    format!(
        "{:<22} {:>9} {:>9} {:>9} {:>10} {:>6} {:>11} {:>10}\n",
        "FEED", "EVENTS", "MAPPED", "UNMAPPED", "UNVERIFIED", "DEAD", "CODES SEEN", "NEVER SEEN"
    )
}

fn for_people(name: &str, found: &Figures, table: &BTreeSet<String>) -> String {
    let mut out = format!(
        "{name:<22} {:>9} {:>9} {:>9} {:>10} {:>6} {:>11} {:>10}\n",
        found.events,
        found.events - found.unmapped,
        found.unmapped,
        found.unverified,
        found.dead,
        found.seen.len(),
        found.never_seen(table).len(),
    );
    let unknown = found.unknown();
    for ((code, words), count) in unknown.iter().take(UNMAPPED_ROWS_MAX) {
        out.push_str(&format!("  unmapped {count:>6} x  {code:<24} {}\n", terminal::faint(words)));
    }
    if UNMAPPED_ROWS_MAX < unknown.len() {
        let more = unknown.len() - UNMAPPED_ROWS_MAX;
        out.push_str(&format!("  and {more} other unmapped codes; a pipe gets all\n"));
    }
    out
}

fn for_programs(name: &str, found: &Figures, table: &BTreeSet<String>) -> String {
    let unknown: Vec<Value> = found
        .unknown()
        .into_iter()
        .map(|((code, words), count)| json!({"code": code, "text": words, "count": count}))
        .collect();
    let line = json!({
        "feed": name,
        "events": found.events,
        "mapped": found.events - found.unmapped,
        "unmapped": found.unmapped,
        "unverified": found.unverified,
        "dead": found.dead,
        "codes_seen": found.seen.len(),
        "codes_unmapped": unknown,
        "codes_never_seen": found.never_seen(table),
    });
    format!("{line}\n")
}
