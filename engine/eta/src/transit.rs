//! Transit tables: declared open days by carrier, service and regions.
//!
//! # Place
//! Read beside [`crate::declared`]; asked by the caller, who puts the days into queries and outcomes.
//! # Method
//! CSV with the columns carrier, service, o_region, d_region, days. `*` stands for any. A region is a state or
//! province with its country (`US-TX`) or a country (`US`). Of the rows that fit, the closest counts: carrier before
//! service before origin before destination, a state before its country before any.
//! # Holds
//! No two rows for one key; days are 0..=365. Case does not count.
//! # Does not hold
//! What a day is: the delivery calendar says ([`crate::calendar::Calendar::open_days_after`]).

use std::collections::BTreeMap;

use crate::declared::DeclaredError;
use crate::lane::Lane;
use crate::limits::TRANSIT_ROWS_MAX;
use crate::symbol::Symbol;

const COLUMNS: [&str; 5] = ["carrier", "service", "o_region", "d_region", "days"];
const DAYS_MAX: u16 = 365;
/// Mistakes that are told of one file.
const ERRORS_MAX: usize = 100;

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransitTable {
    rows: BTreeMap<[Symbol; 4], u16>,
}

impl TransitTable {
    /// Parses a CSV text. `file` is what errors call it.
    pub fn parse(file: &str, text: &str) -> Result<TransitTable, Vec<DeclaredError>> {
        let mut table = TransitTable::default();
        table.add(file, text, |_, _| Ok(()))?;
        Ok(table)
    }

    /// Adds another file's rows. `known` says of a column and a name what is wrong with it. On errors the table is as it was.
    pub fn add(
        &mut self,
        file: &str,
        text: &str,
        known: impl Fn(&str, &str) -> Result<(), String>,
    ) -> Result<(), Vec<DeclaredError>> {
        let mut errors = Vec::new();
        // `field` is the column of the file, from 0.
        let mut error = |line: u64, field: usize, message: String| {
            if errors.len() < ERRORS_MAX {
                let column = column(text, line, field);
                errors.push(DeclaredError { file: file.to_owned(), line, column, message });
            }
        };
        let mut rows = self.rows.clone();
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        match reader.headers() {
            Ok(headers) if headers.iter().eq(COLUMNS) => {}
            Ok(headers) => {
                let found = headers.iter().collect::<Vec<_>>().join(",");
                let wanted = COLUMNS.join(",");
                error(1, 0, format!("columns are \"{found}\"; give \"{wanted}\""));
                return Err(errors);
            }
            Err(fault) => {
                error(1, 0, fault.to_string());
                return Err(errors);
            }
        }
        for record in reader.records() {
            let record = match record {
                Ok(record) => record,
                Err(fault) => {
                    let line = fault.position().map_or(0, csv::Position::line);
                    error(line, 0, "row has another number of columns; give five".to_owned());
                    continue;
                }
            };
            let line = record.position().map_or(0, csv::Position::line);
            let row = row(&record, &known, |at, message| error(line, at, message));
            let Some((key, days)) = row else { continue };
            if rows.insert(key, days).is_some() {
                error(line, 0, "a second row for the same lane; keep one".to_owned());
            } else if TRANSIT_ROWS_MAX < rows.len() {
                error(line, 0, format!("more than {TRANSIT_ROWS_MAX} rows; split the carriers"));
                break;
            }
        }
        if errors.is_empty() {
            self.rows = rows;
            Ok(())
        } else {
            Err(errors)
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The open days of a lane: the closest row that fits. `countries` are those of its two regions.
    pub fn days(&self, lane: &Lane, countries: [Symbol; 2]) -> Option<u16> {
        if self.rows.is_empty() {
            return None;
        }
        let any = Symbol::NONE;
        let (from, to) = (lane.origin.region, lane.destination.region);
        for carrier in widening([lane.carrier, any, any]) {
            for service in widening([lane.service, any, any]) {
                for origin in widening([from, countries[0], any]) {
                    for destination in widening([to, countries[1], any]) {
                        let found = self.rows.get(&[carrier, service, origin, destination]);
                        if found.is_some() {
                            return found.copied();
                        }
                    }
                }
            }
        }
        None
    }
}

/// A row: the names and the days. What is wrong with it is told with its column.
fn row(
    record: &csv::StringRecord,
    known: impl Fn(&str, &str) -> Result<(), String>,
    mut error: impl FnMut(usize, String),
) -> Option<([Symbol; 4], u16)> {
    let days = record[4].parse().ok().filter(|days| *days <= DAYS_MAX);
    let Some(days) = days else {
        error(4, format!("\"days\" is \"{}\"; give 0 to {DAYS_MAX}", &record[4]));
        return None;
    };
    if let Some(at) = (0..4).find(|at| record[*at].is_empty()) {
        error(at, format!("\"{}\" is empty; give a name, or \"*\" for any", COLUMNS[at]));
        return None;
    }
    let named = [
        record[0].to_lowercase(),
        record[1].to_lowercase(),
        record[2].to_uppercase(),
        record[3].to_uppercase(),
    ];
    let mut are_known = true;
    for (at, name) in named.iter().enumerate().filter(|(_, name)| *name != "*") {
        if let Err(message) = known(COLUMNS[at], name) {
            error(at, message);
            are_known = false;
        }
    }
    are_known.then(|| (named.each_ref().map(|name| part(name)), days))
}

/// The names of a part from the closest to any, each once; what is not known is left out.
fn widening(names: [Symbol; 3]) -> impl Iterator<Item = Symbol> {
    let is_known = names[0].is_some();
    let country = names[1] != names[0] && names[1].is_some();
    let wanted = [is_known, country, true];
    names.into_iter().zip(wanted).filter(|(_, wanted)| *wanted).map(|(name, _)| name)
}

/// The column, from 1, at which a field of a line begins.
fn column(text: &str, line: u64, index: usize) -> u64 {
    let line = usize::try_from(line).ok().and_then(|line| line.checked_sub(1));
    let Some(row) = line.and_then(|line| text.lines().nth(line)) else { return 1 };
    let mut is_quoted = false;
    let mut left = index;
    for (at, letter) in row.chars().enumerate() {
        match letter {
            _ if left == 0 && letter != ' ' => return at as u64 + 1,
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => left = left.saturating_sub(1),
            _ => {}
        }
    }
    row.chars().count() as u64 + 1
}

fn part(text: &str) -> Symbol {
    if text == "*" { Symbol::NONE } else { Symbol::of(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lane::Place;

    const TABLE: &str = "carrier,service,o_region,d_region,days\n\
        ups,ground,US-CA,US-NY,5\n\
        ups,ground,*,US-NY,4\n\
        ups,Ground,US,us,6\n\
        ups,*,*,*,7\n\
        *,*,*,US-HI,12\n";

    fn check(carrier: &str, service: &str, origin: &str, destination: &str, expected: Option<u16>) {
        let table = TransitTable::parse("t.csv", TABLE).expect("a table");
        let place = |name| Place { fine: Symbol::NONE, region: Symbol::of(name) };
        let lane = Lane {
            carrier: Symbol::of(carrier),
            service: Symbol::of(service),
            origin: place(origin),
            destination: place(destination),
            ..Lane::default()
        };
        let countries =
            [origin, destination].map(|region| Symbol::of(&region[..region.len().min(2)]));
        let found = table.days(&lane, countries);
        assert_eq!(found, expected, "{carrier} {service} {origin} {destination}");
    }

    #[test]
    fn the_most_named_row_counts() {
        check("ups", "ground", "US-CA", "US-NY", Some(5));
        check("ups", "ground", "US-TX", "US-NY", Some(6));
        check("ups", "ground", "CA-ON", "US-NY", Some(4));
        check("ups", "ground", "", "US-NY", Some(4));
        check("ups", "air", "US-CA", "US-NY", Some(7));
        check("ups", "ground", "US-CA", "US-HI", Some(6));
        check("gls", "", "US-CA", "US-HI", Some(12));
        check("gls", "", "US-CA", "US-NY", None);
    }

    #[test]
    fn names_are_asked_about_where_they_stand() {
        let known = |column: &str, name: &str| match (column, name) {
            ("carrier", "upz") => Err(String::from("no carrier")),
            ("d_region", "XX") => Err(String::from("no region")),
            _ => Ok(()),
        };
        let text = "carrier,service,o_region,d_region,days\nups, *,US,*,3\nUPZ,\"a,b\", US,xx,3\n";
        let mut table = TransitTable::default();
        let errors = table.add("t.csv", text, known).expect_err("refused");
        let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["t.csv:3:1: no carrier", "t.csv:3:15: no region"]);
        assert!(table.is_empty());
    }

    #[test]
    fn every_fault_has_its_line() {
        let check = |text: &str, expected: &str| {
            let errors = TransitTable::parse("t.csv", text).expect_err("refused");
            let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
            assert_eq!(lines.join("|"), expected);
        };
        let head = "carrier,service,o_region,d_region,days\n";
        check(
            "a,b\n",
            "t.csv:1:1: columns are \"a,b\"; give \"carrier,service,o_region,d_region,days\"",
        );
        check(
            &format!(
                "{head}ups,g,A,B,soon\nups,g,A,C,400\nups,g,A,D,3\nups,g,a,D,4\nups\nups,,A,B,1\n"
            ),
            "t.csv:2:11: \"days\" is \"soon\"; give 0 to 365|\
             t.csv:3:11: \"days\" is \"400\"; give 0 to 365|\
             t.csv:5:1: a second row for the same lane; keep one|\
             t.csv:6:1: row has another number of columns; give five|\
             t.csv:7:5: \"service\" is empty; give a name, or \"*\" for any",
        );
    }
}
