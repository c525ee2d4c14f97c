//! `crossdock detect`: whose tracking number this could be.

use std::process::ExitCode;

use clap::Args;
use crossdock_standard::number::{self, Number};

use super::{Failure, terminal};

/// Arguments of `detect`.
#[derive(Clone, Debug, Args)]
pub struct DetectArgs {
    /// Tracking numbers.
    #[arg(required = true, value_name = "NUMBER")]
    pub numbers: Vec<String>,
}

/// Runs the command. Exit code 1 where a number fits no carrier.
///
/// # Errors
///
/// Output can't be written.
pub fn run(args: &DetectArgs) -> Result<ExitCode, Failure> {
    let mut has_unknown = false;
    for text in &args.numbers {
        let found = Number::normalize(text.as_bytes()).map(|number| {
            let spelling = String::from_utf8_lossy(number.as_bytes()).into_owned();
            (spelling, number::detect(&number))
        });
        let (spelling, candidates) = found.unwrap_or_default();
        has_unknown |= candidates.is_empty();
        if terminal::is_terminal() {
            terminal::print(&table(text, &spelling, &candidates))?;
        } else {
            terminal::print(&json_line(text, &spelling, &candidates))?;
        }
    }
    Ok(ExitCode::from(u8::from(has_unknown)))
}

fn table(text: &str, spelling: &str, candidates: &[number::Candidate]) -> String {
    let mut out = format!("{text}  {}\n", terminal::faint(spelling));
    for candidate in candidates {
        let check = if candidate.is_checked { "check digit right" } else { "no check digit" };
        out.push_str(&format!(
            "  {:>3} %  {:<16} {:<24} {}\n",
            candidate.confidence,
            candidate.carrier,
            candidate.service,
            terminal::faint(check)
        ));
    }
    if candidates.is_empty() {
        out.push_str("  no carrier has numbers like this one\n");
    }
    out
}

fn json_line(text: &str, spelling: &str, candidates: &[number::Candidate]) -> String {
    let candidates: Vec<serde_json::Value> = candidates
        .iter()
        .map(|candidate| {
            serde_json::json!({
                "carrier": candidate.carrier,
                "service": candidate.service,
                "country": candidate.country.map(|code| String::from_utf8_lossy(&code[..]).into_owned()),
                "confidence": candidate.confidence,
                "check_digit": candidate.is_checked,
            })
        })
        .collect();
    let line =
        serde_json::json!({"given": text, "tracking_number": spelling, "candidates": candidates});
    format!("{line}\n")
}
