//! A feed in words: what `crossdock feeds NAME` prints.
//!
//! # Holds
//!
//! - The text says what the compiled feed does, not what the file says.

use std::fmt::Write as _;

use crossdock_model::exception::ExceptionClass;
use crossdock_model::milestone::Milestone;
use crossdock_model::reason::Reason;

use super::compile::slots;
use super::program::{Carrier, CodeRow, Event, Feed, Meaning, Order, TextPredicate, TimePolicy};

/// A feed in words.
#[must_use]
pub fn explain(feed: &Feed) -> String {
    let mut out = String::new();
    head(feed, &mut out);
    out.push_str("\ncodes, the first that matches holds:\n");
    let names: Vec<&str> = feed.event.codes.iter().map(|(name, _)| &**name).collect();
    for row in &feed.codes.rows {
        line(&mut out, &format!("  {:<44} {}", conditions(row, &names), meaning(&row.meaning)));
    }
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

fn head(feed: &Feed, out: &mut String) {
    line(out, &format!("{}: {}", feed.name, feed.title));
    let carrier = match &feed.carrier {
        Carrier::Constant(name) => name.to_string(),
        Carrier::Field { map, otherwise, .. } => {
            format!("as the document says, {} names known, otherwise {otherwise}", map.len())
        }
    };
    line(out, &format!("carrier   {carrier}"));
    if let Some(set) = feed.may_say {
        let names = Milestone::ALL.iter().filter(|it| set.contains(**it)).map(|it| it.name());
        let sender = if feed.sender.is_empty() { "of no kind" } else { &*feed.sender };
        let says = names.collect::<Vec<_>>().join(" ");
        line(out, &format!("sender    {sender}; may say {says}"));
    }
    let order = match feed.order {
        Order::NewestFirst => "newest event first",
        Order::OldestFirst => "oldest event first",
        Order::Unordered => "events in no order",
    };
    line(out, &format!("format    {:?}, {order}", feed.format));
    line(out, &format!("time      {}", time(&feed.event.time)));
    line(out, &format!("reads     {} values on {} levels", values(feed), feed.levels.len()));
    line(out, &format!("codes     {}", code_fields(&feed.event)));
    line(out, &format!("revision  {:016x}", feed.revision));
}

fn values(feed: &Feed) -> usize {
    feed.levels.last().map_or(0, |level| usize::from(level.slots.end))
}

fn code_fields(event: &Event) -> String {
    let field = |(name, expr): &(Box<str>, super::program::Expr)| {
        let count = slots(expr).len();
        if count == 1 { name.to_string() } else { format!("{name} ({count} values)") }
    };
    event.codes.iter().map(field).collect::<Vec<_>>().join(", ")
}

fn time(policy: &TimePolicy) -> String {
    let mut ways = Vec::new();
    if policy.utc.is_some() {
        ways.push("the instant given".to_owned());
    }
    if policy.local.is_some() {
        if policy.trust_offset {
            ways.push("the offset in the text".to_owned());
        }
        if !policy.offset.alternatives.is_empty() {
            ways.push("the offset beside it".to_owned());
        }
        if !policy.zone.alternatives.is_empty() {
            ways.push("the zone beside it".to_owned());
        }
        if policy.zone_of_place {
            ways.push("the zone of the place".to_owned());
        }
        ways.extend(policy.default_zone.iter().map(|zone| format!("the zone {zone}")));
    }
    let mut text = ways.join(", else ");
    if policy.midnight_is_date {
        text.push_str("; midnight is a date");
    }
    text
}

fn conditions(row: &CodeRow, names: &[&str]) -> String {
    let mut parts: Vec<String> = row
        .when
        .iter()
        .map(|(field, values)| {
            let name = names.get(usize::from(*field)).copied().unwrap_or_default();
            format!("{name} {}", values.join("|"))
        })
        .collect();
    parts.extend(row.text.as_ref().map(predicate));
    if parts.is_empty() { "anything else".to_owned() } else { parts.join(", ") }
}

fn predicate(predicate: &TextPredicate) -> String {
    let part = |word: &str, texts: &[Box<str>]| {
        (!texts.is_empty()).then(|| format!("{word} \"{}\"", texts.join("\"|\"")))
    };
    let parts = [
        part("text has", &predicate.has_any),
        part("text has all of", &predicate.has_all),
        part("text has not", &predicate.has_none),
        part("text starts with", &predicate.starts),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn meaning(meaning: &Meaning) -> String {
    let mut text = meaning.detail.name().to_owned();
    let implied = meaning.detail.milestone();
    if meaning.milestone != implied {
        let name = if meaning.milestone == Milestone::Unknown {
            "no milestone"
        } else {
            meaning.milestone.name()
        };
        let _infallible = write!(text, " as {name}");
    }
    if meaning.exception != ExceptionClass::None {
        let _infallible = write!(text, " + {}", meaning.exception.name());
    }
    if meaning.reason != Reason::None {
        let _infallible = write!(text, " because {}", meaning.reason.name());
    }
    if let Some(direction) = meaning.direction {
        let _infallible = write!(text, " ({})", direction.name());
    }
    let flags = [
        (meaning.resolves, "resolves"),
        (meaning.retracts, "retracts"),
        (meaning.estimate, "estimate"),
        (meaning.unverified, "unverified"),
        (meaning.hearsay, "hearsay"),
    ];
    for (_, name) in flags.into_iter().filter(|(set, _)| *set) {
        let _infallible = write!(text, ", {name}");
    }
    text
}
