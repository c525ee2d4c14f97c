//! Reading a CSV file, plain or gzipped, by column name.
//!
//! # Place
//! Below the readers of the evaluation; the only place of this crate that opens data files.
//! # Method
//! The file is read whole; columns are looked up once by their header.
//! # Holds
//! A missing file, a missing column and a broken row each say where.
//! # Does not hold
//! What a value means.

use std::fs;
use std::io::Read;
use std::path::Path;

use super::EvaluateError;

/// All rows of a file.
pub(super) struct Table {
    headers: csv::StringRecord,
    pub(super) rows: Vec<csv::StringRecord>,
    path: String,
}

impl Table {
    /// Reads a file whose first row names the columns.
    pub(super) fn read(path: &Path) -> Result<Table, EvaluateError> {
        let name = path.display().to_string();
        let failed = |what: String| EvaluateError::File { path: name.clone(), what };
        let bytes = fs::read(path).map_err(|error| failed(error.to_string()))?;
        let bytes = if bytes.starts_with(&[0x1F, 0x8B]) {
            let mut out = Vec::new();
            flate2::read::MultiGzDecoder::new(bytes.as_slice())
                .read_to_end(&mut out)
                .map_err(|error| failed(error.to_string()))?;
            out
        } else {
            bytes
        };
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let headers = reader.headers().map_err(|error| failed(error.to_string()))?.clone();
        let rows: Result<Vec<_>, _> = reader.records().collect();
        let rows = rows.map_err(|error| failed(error.to_string()))?;
        Ok(Table { headers, rows, path: name })
    }

    /// The index of a column.
    pub(super) fn column(&self, name: &str) -> Result<usize, EvaluateError> {
        self.headers
            .iter()
            .position(|header| header.trim_start_matches('\u{feff}') == name)
            .ok_or_else(|| EvaluateError::File {
                path: self.path.clone(),
                what: format!("no column \"{name}\"; is the format the right one"),
            })
    }

    /// The indexes of several columns.
    pub(super) fn columns<const N: usize>(
        &self,
        names: [&str; N],
    ) -> Result<[usize; N], EvaluateError> {
        let mut out = [0; N];
        for (out, name) in out.iter_mut().zip(names) {
            *out = self.column(name)?;
        }
        Ok(out)
    }
}

/// `2017-10-02 10:56:33`, with or without a fraction, as unix seconds in a zone.
pub(super) fn date_time(text: &str, zone: &jiff::tz::TimeZone) -> Option<i64> {
    let wall: jiff::civil::DateTime = text.trim().parse().ok()?;
    Some(zone.to_ambiguous_timestamp(wall).compatible().ok()?.as_second())
}
