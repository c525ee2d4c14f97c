//! `crossdock normalize`: what a feed reads in documents, event by event, before any state.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;

use clap::Args;
use crossdock_core::lane::LaneOptions;
use crossdock_model::reject::Outcome;
use serde_json::Value;

use super::settings::Settings;
use super::standardized::{self, Standardized};
use super::{Failure, InputArgs, terminal};

/// Arguments of `normalize`.
#[derive(Clone, Debug, Args)]
pub struct NormalizeArgs {
    /// What to read.
    #[command(flatten)]
    pub input: InputArgs,
    /// NDJSON even on a terminal.
    #[arg(long)]
    pub json: bool,
}

/// Runs the command. Exit code 1 where something could not be read.
///
/// # Errors
///
/// A file can't be read.
pub fn run(settings: &Settings, args: &NormalizeArgs) -> Result<ExitCode, Failure> {
    let options = LaneOptions { with_particulars: true, ..settings.engine.lane.clone() };
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout());
    let as_table = terminal::is_terminal() && !args.json;
    if as_table {
        terminal::print(&head())?;
    }
    let tally = standardized::each(settings, &args.input, options, |it| {
        let written = match it {
            Standardized::Event(line) if as_table => out.write_all(row(line).as_bytes()),
            Standardized::Event(line) => out.write_all(line).and_then(|()| out.write_all(b"\n")),
            Standardized::Turn => out.flush(),
            Standardized::Letter(body) => {
                terminal::note(&rejected(body));
                Ok(())
            }
        };
        written.map_err(|error| Failure::of_write(&error))
    })?;
    Ok(ExitCode::from(u8::from(0 < tally.of(Outcome::Dead))))
}

/// A dead letter without its payload.
fn rejected(body: &[u8]) -> String {
    let Ok(mut letter) = serde_json::from_slice::<serde_json::Map<String, Value>>(body) else {
        return String::from_utf8_lossy(body).into_owned();
    };
    letter.remove("payload");
    letter.remove("payload_base64");
    let mut line = serde_json::Map::new();
    line.insert(String::from("reject"), letter.remove("reason").unwrap_or(Value::Null));
    line.extend(letter);
    format!("{}\n", Value::Object(line))
}

const COLUMNS: [(&str, &str, usize); 6] = [
    ("NUMBER", "tracking_number", 22),
    ("TIME", "event_time", 25),
    ("MILESTONE", "milestone", 22),
    ("DETAIL", "detail", 26),
    ("CODE", "code", 8),
    ("CITY", "city", 18),
];

fn head() -> String {
    let mut text = String::new();
    for (title, _, width) in COLUMNS {
        let written = write!(text, "{title:<width$} ");
        debug_assert!(written.is_ok());
    }
    format!("{}TEXT\n", terminal::faint(&text))
}

fn row(line: &[u8]) -> String {
    let event: Value = serde_json::from_slice(line).unwrap_or(Value::Null);
    let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
    let mut row = String::new();
    for (_, key, width) in COLUMNS {
        let mut value = text(key);
        if key == "event_time" && value.is_empty() {
            value = text("local_time");
        }
        if key == "milestone" && !text("exception").is_empty() {
            value = format!("{value} !{}", text("exception"));
        }
        let written = write!(row, "{value:<width$} ");
        debug_assert!(written.is_ok());
    }
    format!("{row}{}\n", terminal::faint(&text("text")))
}
