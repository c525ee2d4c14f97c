//! The code table of a feed file: what each code means.
//!
//! # Place
//!
//! `codes:` of the merged tree -> **this** -> [`CodeTable`]. Whether every row can be reached is
//! `reach`'s question.
//!
//! # Method
//!
//! A row is a map. Keys that name a code field of the feed are conditions, `text` is one on the
//! carrier's words, the rest is what the row says. Milestone, evidence and party come from the detail and the
//! reason unless the row says otherwise.
//!
//! # Holds
//!
//! - Texts of predicates are lower case.
//! - A row without any meaning, or with a contradiction, is a mistake.

use crossdock_model::detail::{Detail, Evidence};
use crossdock_model::exception::ExceptionClass;
use crossdock_model::milestone::Milestone;
use crossdock_model::reason::Reason;

use super::error::Errors;
use super::program::{CodeRow, Meaning, TextPredicate};
use super::read;
use super::yaml::{Kind, Node};
use crate::rule::field::{DIRECTIONS, PARTIES};

/// Keys of a row that are no code fields.
pub(crate) const ROW_KEYS: [&str; 13] = [
    "text",
    "is",
    "milestone",
    "exception",
    "reason",
    "party",
    "direction",
    "physical",
    "estimate",
    "resolves",
    "retracts",
    "unverified",
    "note",
];

const TEXT_KEYS: [&str; 4] = ["has", "all", "not", "starts"];

/// Reads one row. `fields` are the names of the feed's code fields.
pub(crate) fn row(node: &Node, fields: &[&str], errors: &mut Errors) -> Option<CodeRow> {
    let known: Vec<&str> = fields.iter().copied().chain(ROW_KEYS).collect();
    if !matches!(node.kind, Kind::Map(_)) {
        errors
            .add("FD006", node.span, format!("a row of `codes` is {}", node.noun()))
            .help("write a row as a map: `- { code: DL, is: DELIVERED }`");
        return None;
    }
    let before = errors.len();
    let mut when = Vec::new();
    for (key, value) in node.entries() {
        if let Some(index) = fields.iter().position(|field| *field == key.text) {
            let values = values(value, &key.text, errors);
            when.push((u8::try_from(index).unwrap_or(u8::MAX), values));
        } else if !ROW_KEYS.contains(&key.text.as_str()) {
            read::unknown_key(key, "a row of `codes`", &known, errors);
        }
    }
    when.sort_by_key(|(field, _)| *field);
    let text = node.get("text").map(|node| predicate(node, errors));
    let meaning = meaning(node, errors);
    (errors.len() == before).then_some(CodeRow { when, text, meaning, line: node.span.line })
}

/// The values of a condition, sorted. An empty text stands for "absent".
fn values(node: &Node, field: &str, errors: &mut Errors) -> Vec<Box<str>> {
    let mut values: Vec<Box<str>> = Vec::new();
    for element in node.elements() {
        match (&element.kind, element.text()) {
            (Kind::Text { plain: true, .. }, Some("")) | (_, None) => {
                errors
                    .add("FD006", element.span, format!("a value of `{field}` is no text"))
                    .help("write a code or a list of codes; `''` stands for an absent one");
            }
            (_, Some(text)) if values.iter().any(|value| &**value == text) => {
                errors
                    .add("FD031", element.span, format!("\"{text}\" stands in this list already"))
                    .help("delete one of the two");
            }
            (_, Some(text)) => values.push(text.into()),
        }
    }
    if values.is_empty() {
        errors
            .add("FD006", node.span, format!("the condition on `{field}` has no values"))
            .help("leave the key out where any value will do");
    }
    values.sort();
    values
}

fn predicate(node: &Node, errors: &mut Errors) -> TextPredicate {
    let mut lowered = |node: &Node| -> Vec<Box<str>> {
        let mut texts: Vec<Box<str>> = read::texts(node, "a text to look for", errors)
            .into_iter()
            .map(|text| text.to_lowercase().into_boxed_str())
            .collect();
        texts.sort();
        texts.dedup();
        texts
    };
    if !matches!(node.kind, Kind::Map(_)) {
        return TextPredicate { has_any: lowered(node), ..TextPredicate::default() };
    }
    let mut part = |key: &str| node.get(key).map(&mut lowered).unwrap_or_default();
    let predicate = TextPredicate {
        has_any: part("has"),
        has_all: part("all"),
        has_none: part("not"),
        starts: part("starts"),
    };
    read::keys(node, "`text`", &TEXT_KEYS, errors);
    predicate
}

fn meaning(node: &Node, errors: &mut Errors) -> Meaning {
    macro_rules! named {
        ($key:literal, $type:ty, $what:literal) => {
            node.get($key).and_then(|value| {
                let names = <$type>::ALL.iter().map(|item| item.name());
                read::name(value, $what, <$type>::from_name, names, errors)
            })
        };
    }
    let detail = named!("is", Detail, "detail");
    let milestone = named!("milestone", Milestone, "milestone");
    let exception = named!("exception", ExceptionClass, "exception");
    let reason = named!("reason", Reason, "reason").unwrap_or_default();
    let party = node.get("party").and_then(|value| {
        let find = |name: &str| PARTIES.into_iter().find(|party| party.name() == name);
        read::name(value, "party", find, PARTIES.iter().map(|party| party.name()), errors)
    });
    let direction = node.get("direction").and_then(|value| {
        let find = |name: &str| DIRECTIONS.into_iter().find(|direction| direction.name() == name);
        let names = DIRECTIONS.iter().map(|direction| direction.name());
        read::name(value, "direction", find, names, errors)
    });
    let mut flag =
        |key: &str| node.get(key).map(|value| read::boolean(value, &format!("`{key}`"), errors));
    let (physical, estimate) = (flag("physical"), flag("estimate"));
    let resolves = flag("resolves").unwrap_or(false);
    let retracts = flag("retracts").unwrap_or(false);
    let unverified = flag("unverified").unwrap_or(false);
    let says_nothing = ["is", "milestone", "exception", "reason", "resolves", "retracts"]
        .iter()
        .all(|key| node.get(key).is_none());
    if says_nothing {
        errors.add("FD005", node.span, "a row says nothing".into()).help(
            "say what the code means: `is: DELIVERED`, `exception: DAMAGED`, `reason: WEATHER`",
        );
    }
    let fallback = if exception.is_none() && resolves {
        Detail::ExceptionResolved
    } else {
        Detail::ExceptionOnly
    };
    let detail = detail.unwrap_or(fallback);
    let evidence = detail.evidence();
    let estimate = estimate.unwrap_or(evidence == Evidence::Estimate);
    let physical = physical.unwrap_or(evidence == Evidence::Physical && !estimate);
    let milestone = milestone.unwrap_or_else(|| detail.milestone());
    if estimate && (physical || milestone != Milestone::Unknown) {
        errors.add("FD023", node.span, "an estimate moves a milestone or is a scan".into()).help(
            "an estimate is about the future: take `estimate`, or `milestone` and `physical`, away",
        );
    }
    Meaning {
        detail,
        milestone,
        exception: exception.unwrap_or_default(),
        reason,
        party: party.unwrap_or_else(|| reason.party()),
        direction,
        physical,
        estimate,
        resolves,
        retracts,
        unverified,
        // Known when all of the file is: see `sender`.
        hearsay: false,
    }
}
