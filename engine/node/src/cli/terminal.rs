//! What people see: colours and columns where a terminal is, bytes where a pipe is.

use std::io::{self, IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use super::Failure;

/// True where stdout is a terminal.
#[must_use]
pub fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// True where stderr is a terminal.
#[must_use]
pub fn is_terminal_err() -> bool {
    io::stderr().is_terminal()
}

/// Writes to stdout.
///
/// # Errors
///
/// Nobody reads any more, or the disk is full.
pub fn print(text: &str) -> Result<(), Failure> {
    io::stdout().write_all(text.as_bytes()).map_err(|error| Failure::of_write(&error))
}

/// Writes to stderr; there is nobody to tell where that fails.
pub fn note(text: &str) {
    let written = io::stderr().write_all(text.as_bytes());
    drop(written);
}

/// A text in a colour.
#[must_use]
pub fn paint(text: &str, color: AnsiColor) -> String {
    let style = Style::new().fg_color(Some(color.into()));
    format!("{style}{text}{style:#}")
}

/// A faint text.
#[must_use]
pub fn faint(text: &str) -> String {
    let style = Style::new().dimmed();
    format!("{style}{text}{style:#}")
}

/// A change as one line for people.
#[must_use]
pub fn change_line(body: &[u8]) -> String {
    let Ok(change) = serde_json::from_slice::<Value>(body) else {
        return String::from_utf8_lossy(body).into_owned();
    };
    let text = |key: &str| change.get(key).and_then(Value::as_str).unwrap_or("");
    if change.get("kind").is_none() {
        return letter_line(&change);
    }
    let at = if text("at").is_empty() { text("local_time") } else { text("at") };
    let at = at.get(..16).unwrap_or(at).replace('T', " ");
    let what = match text("kind") {
        "milestone" => {
            let from = faint(&format!("{} \u{2192} ", text("previous")));
            let color = match text("milestone") {
                "DELIVERED" | "REFUND_RELEASED" => AnsiColor::Green,
                "DELIVERY_ATTEMPTED" | "RETURNING_TO_SENDER" | "CANCELLED" => AnsiColor::Yellow,
                "LOST_CONFIRMED" | "DISPOSED" => AnsiColor::Red,
                _ => AnsiColor::Cyan,
            };
            format!("{from}{}", paint(text("milestone"), color))
        }
        "exception_opened" if !text("rule").is_empty() => {
            let color = match text("severity") {
                "critical" => AnsiColor::Red,
                "warning" => AnsiColor::Yellow,
                _ => AnsiColor::Blue,
            };
            let whom = faint(&format!("for {}", text("audience")));
            format!("{} {whom}", paint(&format!("! {}", text("code")), color))
        }
        "exception_resolved" if !text("rule").is_empty() => {
            paint(&format!("\u{2713} {}", text("code")), AnsiColor::Green)
        }
        "exception_opened" => paint(&format!("! {}", text("exception")), AnsiColor::Red),
        "exception_resolved" => paint(&format!("\u{2713} {}", text("exception")), AnsiColor::Green),
        "correction" => paint(&format!("taken back: {}", text("previous")), AnsiColor::Magenta),
        "eta_changed" => {
            let to = text("to");
            format!("arrives {}", paint(to.get(..16).unwrap_or(to), AnsiColor::Blue))
        }
        "order" => {
            let from = faint(&format!("{} \u{2192} ", text("previous")));
            format!("order {} {from}{}", text("order"), paint(text("state"), AnsiColor::Cyan))
        }
        other => String::from(other),
    };
    let place = [text("city"), text("region"), text("country")];
    let place = if text("message").is_empty() { place } else { [text("message"), "", ""] };
    let place: Vec<&str> = place.into_iter().filter(|part| !part.is_empty()).collect();
    let reason =
        if text("reason").is_empty() { String::new() } else { format!(" ({})", text("reason")) };
    format!(
        "{}  {:<9} {:<24} {what}{reason}  {}\n",
        faint(&format!("{at:<16}")),
        text("carrier"),
        text("tracking_number"),
        faint(&place.join(", "))
    )
}

fn letter_line(letter: &Value) -> String {
    let text = |key: &str| letter.get(key).and_then(Value::as_str).unwrap_or("");
    format!(
        "{}  {:<9} {} {}\n",
        faint(&format!("{:<16}", text("received").get(..16).unwrap_or("").replace('T', " "))),
        text("feed"),
        paint(&format!("dead letter: {}", text("reason")), AnsiColor::Red),
        faint(text("detail"))
    )
}
