//! The evaluation.
mod case;
mod cargo2000;
mod flights;
mod global;
mod olist;
mod replay;
mod scms;
mod score;
mod table;
mod trucks;
use std::path::PathBuf;
use crate::settings::Settings;
use jiff::civil::Date;
pub use score::*;

pub struct EvaluateOptions { pub data: PathBuf, pub format: Format, pub settings: Settings, pub holidays: Vec<Date>, pub warm_up_percent: u8 }
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format { Scms, Cargo2000, Olist, Flights, Trucks }
#[derive(Debug)]
pub enum EvaluateError { File { path: String, what: String }, Zone(String) }

fn zone(name: &str) -> Result<jiff::tz::TimeZone, EvaluateError> { jiff::tz::TimeZone::get(name).map_err(|_| EvaluateError::Zone(name.to_owned())) }

pub fn run(options: &EvaluateOptions) -> Result<(Scores, std::collections::BTreeMap<&'static str, u64>, crate::estimator::Estimator), EvaluateError> {
    let set = match options.format {
        Format::Scms => scms::read(options)?, Format::Cargo2000 => cargo2000::read(options)?, Format::Olist => olist::read(options)?,
        Format::Flights => flights::read(options)?, Format::Trucks => trucks::read(options)?,
    };
    let (s, e) = replay::replay(&set, options.warm_up_percent);
    Ok((s, set.excluded, e))
}
