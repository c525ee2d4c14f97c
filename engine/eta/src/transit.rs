//! Transit tables: declared open days by carrier, service and regions.
//!
//! # Place
//! Read beside [`crate::declared`]; asked by the caller, who puts the days into queries and outcomes.
//! # Method
//! CSV with the columns carrier, service, o_region, d_region, days. `*` stands for any; of the rows that fit,
//! the one with the most names counts, carrier before service before origin before destination.
//! # Holds
//! No two rows for one key; days are 0..=365.
//! # Does not hold
//! What a day is: the delivery calendar says ([`crate::calendar::Calendar::open_days_after`]).

use std::collections::BTreeMap;

use crate::declared::DeclaredError;
use crate::lane::Lane;
use crate::limits::TRANSIT_ROWS_MAX;
use crate::symbol::Symbol;

const COLUMNS: [&str; 5] = ["carrier", "service", "o_region", "d_region", "days"];
const DAYS_MAX: u16 = 365;

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransitTable {
    rows: BTreeMap<[Symbol; 4], u16>,
}

impl TransitTable {
    /// Parses a CSV text. `file` is what errors call it.
    pub fn parse(file: &str, text: &str) -> Result<TransitTable, Vec<DeclaredError>> {
        let mut table = TransitTable::default();
        table.add(file, text)?;
        Ok(table)
    }

    /// Adds another file's rows. On errors the table is as it was.
    pub fn add(&mut self, file: &str, text: &str) -> Result<(), Vec<DeclaredError>> {
        let mut errors = Vec::new();
        let mut error = |line: u64, column: u64, message: String| {
            errors.push(DeclaredError { file: file.to_owned(), line, column, message });
        };
        let mut rows = self.rows.clone();
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        match reader.headers() {
            Ok(headers) if headers.iter().eq(COLUMNS) => {}
            Ok(headers) => {
                let found = headers.iter().collect::<Vec<_>>().join(",");
                let wanted = COLUMNS.join(",");
                error(1, 1, format!("columns are \"{found}\"; give \"{wanted}\""));
                return Err(errors);
            }
            Err(fault) => {
                error(1, 1, fault.to_string());
                return Err(errors);
            }
        }
        for record in reader.records() {
            let record = match record {
                Ok(record) => record,
                Err(fault) => {
                    let line = fault.position().map_or(0, csv::Position::line);
                    error(line, 1, "row has another number of columns; give five".to_owned());
                    continue;
                }
            };
            let line = record.position().map_or(0, csv::Position::line);
            let days = record[4].parse().ok().filter(|days| *days <= DAYS_MAX);
            let Some(days) = days else {
                error(line, 5, format!("\"days\" is \"{}\"; give 0 to {DAYS_MAX}", &record[4]));
                continue;
            };
            let key = [0, 1, 2, 3].map(|at: usize| part(&record[at]));
            if rows.insert(key, days).is_some() {
                error(line, 1, "a second row for the same lane; keep one".to_owned());
            } else if TRANSIT_ROWS_MAX < rows.len() {
                error(line, 1, format!("more than {TRANSIT_ROWS_MAX} rows; split the carriers"));
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

    /// The open days of a lane: the most named row that fits.
    pub fn days(&self, lane: &Lane) -> Option<u16> {
        let full = [lane.carrier, lane.service, lane.origin.region, lane.destination.region];
        // From all four named to none; the carrier's bit is the highest.
        (0..16_u8).rev().find_map(|named| {
            let mut key = full;
            for (at, symbol) in key.iter_mut().enumerate() {
                if named & (8 >> at) == 0 {
                    *symbol = Symbol::NONE;
                } else if !symbol.is_some() {
                    return None;
                }
            }
            self.rows.get(&key).copied()
        })
    }
}

fn part(text: &str) -> Symbol {
    if text == "*" { Symbol::NONE } else { Symbol::of(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lane::Place;

    const TABLE: &str = "carrier,service,o_region,d_region,days\n\
        ups,ground,CA,NY,5\n\
        ups,ground,*,NY,4\n\
        ups,*,*,*,7\n\
        *,*,*,HI,12\n";

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
        assert_eq!(table.days(&lane), expected, "{carrier} {service} {origin} {destination}");
    }

    #[test]
    fn the_most_named_row_counts() {
        check("ups", "ground", "CA", "NY", Some(5));
        check("ups", "ground", "TX", "NY", Some(4));
        check("ups", "ground", "", "NY", Some(4));
        check("ups", "air", "CA", "NY", Some(7));
        check("ups", "ground", "CA", "HI", Some(7));
        check("gls", "", "CA", "HI", Some(12));
        check("gls", "", "CA", "NY", None);
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
            &format!("{head}ups,g,A,B,soon\nups,g,A,C,400\nups,g,A,D,3\nups,g,A,D,4\nups\n"),
            "t.csv:2:5: \"days\" is \"soon\"; give 0 to 365|\
             t.csv:3:5: \"days\" is \"400\"; give 0 to 365|\
             t.csv:5:1: a second row for the same lane; keep one|\
             t.csv:6:1: row has another number of columns; give five",
        );
    }
}
