//! The tests that a feed file carries: a document and what must come of it.
//!
//! # Place
//!
//! `tests:` of a file -> **this** -> [`FeedTest`]s that `crossdock feeds test` and the workspace's
//! tests run. The compiler runs nothing; it checks the names.
//!
//! # Holds
//!
//! - Expected fields are named as `crossdock normalize` prints them; `number` and `at` are short
//!   for `tracking_number` and `event_time`.
//! - A value of `none` expects that the field is absent.

use crossdock_model::detail::Detail;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::milestone::Milestone;
use crossdock_model::reason::Reason;

use super::error::{Errors, suggest};
use super::read;
use super::yaml::{Kind, Node};

/// A document and what must come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedTest {
    /// What it shows; empty where the file does not say.
    pub name: Box<str>,
    /// The document, as its sender would write it.
    pub document: String,
    /// Events in the order in which they are applied: oldest first.
    pub events: Vec<ExpectedEvent>,
    /// Line of the test in its file, from 1.
    pub line: u32,
}

/// What must hold for one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedEvent {
    /// Field names as `normalize` prints them, with the text expected; `none`: absent.
    pub fields: Vec<(&'static str, Box<str>)>,
    /// Line in the file, from 1.
    pub line: u32,
}

/// Fields an expectation may name: in the file, and as `normalize` prints it.
const FIELDS: [(&str, &str); 49] = [
    ("number", "tracking_number"),
    ("tracking_number", "tracking_number"),
    ("carrier", "carrier"),
    ("milestone", "milestone"),
    ("detail", "detail"),
    ("exception", "exception"),
    ("reason", "reason"),
    ("party", "party"),
    ("at", "event_time"),
    ("event_time", "event_time"),
    ("local", "local_time"),
    ("local_time", "local_time"),
    ("precision", "time_precision"),
    ("time_precision", "time_precision"),
    ("zone_source", "zone_source"),
    ("code", "code"),
    ("text", "text"),
    ("city", "city"),
    ("region", "region"),
    ("postal_code", "postal_code"),
    ("country", "country"),
    ("physical", "physical"),
    ("estimate", "estimate"),
    ("direction", "direction"),
    ("order", "order"),
    ("facility", "facility"),
    ("signed_by", "signed_by"),
    ("unverified", "unverified"),
    ("resolves", "resolves"),
    ("hearsay", "hearsay"),
    ("eta", "eta"),
    ("eta_end", "eta_end"),
    ("service", "service"),
    ("unique", "unique"),
    ("alternates", "alternates"),
    ("aliases", "aliases"),
    ("references", "references"),
    ("origin", "origin"),
    ("destination", "destination"),
    ("point", "point"),
    ("mode", "mode"),
    ("tier", "tier"),
    ("value", "value"),
    ("pieces", "pieces"),
    ("pieces_delivered", "pieces_delivered"),
    ("pickup_until", "pickup_until"),
    ("return_label_until", "return_label_until"),
    ("origin_point", "origin_point"),
    ("destination_point", "destination_point"),
];

/// Reads `tests:`.
pub(crate) fn tests(node: &Node, errors: &mut Errors) -> Vec<FeedTest> {
    node.elements().iter().filter_map(|node| test(node, errors)).collect()
}

fn test(node: &Node, errors: &mut Errors) -> Option<FeedTest> {
    read::keys(node, "a test", &["name", "document", "events"], errors);
    let Some(document) = node.get("document") else {
        errors
            .add("FD005", node.span, "a test has no `document`".into())
            .help("write the document as a block: `document: |`");
        return None;
    };
    let Some(events) = node.get("events") else {
        errors
            .add("FD005", node.span, "a test has no `events`".into())
            .help("list what must come of the document; `events: []` where nothing must");
        return None;
    };
    let events = match &events.kind {
        Kind::List(list) => list.iter().map(|node| expected(node, errors)).collect(),
        Kind::Text { .. } | Kind::Map(_) => vec![expected(events, errors)],
    };
    Some(FeedTest {
        name: node.get("name").and_then(Node::text).unwrap_or_default().into(),
        document: read::text(document, "`document`", errors).to_owned(),
        events,
        line: node.span.line,
    })
}

fn expected(node: &Node, errors: &mut Errors) -> ExpectedEvent {
    if !matches!(node.kind, Kind::Map(_)) {
        errors
            .add("FD006", node.span, format!("an expected event is {}", node.noun()))
            .help("write it as a map: `- { number: 1Z..., milestone: DELIVERED }`");
    }
    let mut fields = Vec::new();
    for (key, value) in node.entries() {
        let Some((_, field)) = FIELDS.iter().find(|(name, _)| *name == key.text) else {
            errors
                .add("FD004", key.span, format!("an expected event has no field \"{}\"", key.text))
                .help(suggest(&key.text, FIELDS.iter().map(|(name, _)| *name)));
            continue;
        };
        let text = read::text(value, "an expected value", errors);
        if text != "none" && !text.is_empty() {
            known_name(field, text, value, errors);
        }
        fields.push((*field, text.into()));
    }
    ExpectedEvent { fields, line: node.span.line }
}

/// Names of the taxonomy are checked here, so that a slip is no failing test but a mistake with a help.
fn known_name(field: &str, text: &str, node: &Node, errors: &mut Errors) {
    macro_rules! check {
        ($type:ty) => {
            if <$type>::from_name(text).is_none() {
                errors
                    .add("FD020", node.span, format!("there is no {field} \"{text}\""))
                    .help(suggest(text, <$type>::ALL.iter().map(|item| item.name())));
            }
        };
    }
    match field {
        "milestone" => check!(Milestone),
        "detail" => check!(Detail),
        "exception" => check!(ExceptionClass),
        "reason" => check!(Reason),
        _ => {}
    }
}
