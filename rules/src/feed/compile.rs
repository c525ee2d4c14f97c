//! A feed file's tree to a [`Feed`].
//!
//! # Place
//!
//! `yaml` -> (`extends` resolved by `set`) -> **this** -> `program`.
//!
//! # Method
//!
//! The document opens level 0, `shipment.at` and `event.at` the others. Every block lowers its
//! expressions into the layout; at the end slots get their final numbers and every expression is
//! renumbered.
//!
//! # Holds
//!
//! - A feed comes out only where nothing was wrong with its file.
//! - The revision is a hash of what was written, without the order of keys, comments, titles, sources
//!   and tests.

use crossdock_model::id::FeedId;
use xxhash_rust::xxh3::xxh3_64;

use super::block::Blocks;
use super::codes;
use super::error::Errors;
use super::layout::{self, Layout};
use super::program::{Carrier, CodeTable, Expr, Feed, Format, Order, Place, Slot, TimePolicy};
use super::reach;
use super::read;
use super::sender;
use super::suite::{self, FeedTest};
use super::yaml::{Kind, Node};

/// Keys of a feed file.
pub(crate) const KEYS: [&str; 16] = [
    "feed", "title", "carrier", "format", "order", "detect", "empty_if", "sources", "extends",
    "shipment", "event", "codes", "tests", "mode", "sender", "may_say",
];

/// Keys without which a feed is none.
const REQUIRED: [(&str, &str); 4] = [
    ("carrier", "say whose documents these are: `carrier: ups`"),
    ("format", "say how the documents are written: `format: json`"),
    ("shipment", "say where a shipment stands: `shipment: { at: .., number: .. }`"),
    ("event", "say where an event stands: `event: { at: .., code: .., time: .. }`"),
];

/// Compiles a merged tree. `own_file` is the file whose mistakes are told of rows that can't match.
pub(crate) fn feed(
    root: &Node,
    own_file: u16,
    errors: &mut Errors,
) -> Option<(Feed, Vec<FeedTest>)> {
    let before = errors.len();
    read::keys(root, "a feed file", &KEYS, errors);
    for (key, help) in REQUIRED {
        if root.get(key).is_none() {
            errors.add("FD005", root.span, format!("the feed has no `{key}`")).help(help);
        }
    }
    let mut layout = Layout::new();
    let mut blocks = Blocks { layout: &mut layout, errors };
    let empty = Node { kind: Kind::Map(Vec::new()), span: root.span };
    let shipment_block = root.get("shipment");
    let event_block = root.get("event");
    if let Some(block) = shipment_block {
        blocks.open(block, "shipment");
    }
    let shipment_level = blocks.layout.last();
    if let Some(block) = event_block {
        blocks.open(block, "event");
    }
    let event_level = blocks.layout.last();
    let shipment =
        shipment_block.map(|block| blocks.shipment(block, shipment_level)).unwrap_or_default();
    let event = event_block.map(|block| blocks.event(block, event_level)).unwrap_or_default();
    let carrier = carrier(root.get("carrier").unwrap_or(&empty), shipment_level, &mut blocks);
    let detect = expressions(root, "detect", &mut blocks);
    let empty_if = expressions(root, "empty_if", &mut blocks);
    let fields: Vec<&str> = event.codes.iter().map(|(name, _)| &**name).collect();
    let mut codes = table(root, &fields, own_file, blocks.errors);
    let may_say = sender::may_say(root, blocks.errors);
    if let Some(set) = may_say {
        sender::mark(root, set, &mut codes.rows, blocks.errors);
    }
    let tests = root.get("tests").map(|node| suite::tests(node, errors)).unwrap_or_default();
    let feed = Feed {
        id: FeedId::default(),
        name: text_of(root, "feed"),
        title: text_of(root, "title"),
        mode: text_of(root, "mode"),
        sender: text_of(root, "sender"),
        may_say,
        revision: revision(root),
        format: format(root.get("format").unwrap_or(&empty), errors),
        carrier,
        order: order(root, errors),
        levels: Vec::new(),
        shipment_level,
        shipment,
        event,
        codes,
        detect,
        empty_if,
    };
    sources(root, errors);
    (errors.len() == before).then(|| (finish(feed, layout, &tests), tests))
}

/// Gives slots their final numbers.
fn finish(mut feed: Feed, layout: Layout, tests: &[FeedTest]) -> Feed {
    let samples: Vec<&str> = tests.iter().map(|test| test.document.as_str()).collect();
    let (levels, finals) = layout.finish(&samples);
    feed.levels = levels;
    each_expr(&mut feed, &mut |expr| layout::renumber(expr, &finals));
    assert!(feed.shipment_level < feed.levels.len());
    assert!(feed.levels.last().map(|level| usize::from(level.slots.end)) == Some(finals.len()));
    feed
}

/// Visits every expression of a feed.
fn each_expr(feed: &mut Feed, visit: &mut dyn FnMut(&mut Expr)) {
    fn place(place: &mut Place, visit: &mut dyn FnMut(&mut Expr)) {
        let Place { city, region, postal_code, country, facility, text } = place;
        [city, region, postal_code, country, facility, text].into_iter().for_each(visit);
    }
    fn time(policy: &mut TimePolicy, visit: &mut dyn FnMut(&mut Expr)) {
        for text in [&mut policy.utc, &mut policy.local].into_iter().flatten() {
            visit(&mut text.date);
            text.clock.iter_mut().for_each(&mut *visit);
        }
        visit(&mut policy.offset);
        visit(&mut policy.zone);
    }
    if let Carrier::Field { from, .. } = &mut feed.carrier {
        visit(from);
    }
    feed.detect.iter_mut().chain(&mut feed.empty_if).for_each(&mut *visit);
    let shipment = &mut feed.shipment;
    let single = [
        &mut shipment.number,
        &mut shipment.unique,
        &mut shipment.order,
        &mut shipment.service,
        &mut shipment.is_return,
    ];
    single.into_iter().for_each(&mut *visit);
    shipment.references.iter_mut().for_each(|(_, expr)| visit(expr));
    shipment.alternates.iter_mut().chain(&mut shipment.aliases).for_each(&mut *visit);
    place(&mut shipment.destination, visit);
    place(&mut shipment.origin, visit);
    for policy in [&mut shipment.eta, &mut shipment.eta_end].into_iter().flatten() {
        time(policy, visit);
    }
    shipment.waybill.renumber(visit, time);
    let event = &mut feed.event;
    event.codes.iter_mut().for_each(|(_, expr)| visit(expr));
    let single = [
        &mut event.text,
        &mut event.physical,
        &mut event.signed_by,
        &mut event.id,
        &mut event.skip_if,
        &mut event.exception,
        &mut event.reason,
    ];
    single.into_iter().for_each(&mut *visit);
    time(&mut event.time, visit);
    place(&mut event.place, visit);
    event.point.renumber(visit);
}

fn text_of(root: &Node, key: &str) -> Box<str> {
    root.get(key).and_then(Node::text).unwrap_or_default().into()
}

/// A hash of what was written, apart from what only people read.
fn revision(root: &Node) -> u64 {
    let mut text = String::new();
    for key in KEYS {
        if matches!(key, "title" | "sources" | "tests" | "extends") {
            continue;
        }
        if let Some(node) = root.get(key) {
            text.push_str(key);
            node.write_canonical(&mut text);
        }
    }
    xxh3_64(text.as_bytes())
}

fn sources(root: &Node, errors: &mut Errors) {
    for key in ["title", "sources", "feed", "mode"] {
        if let Some(node) = root.get(key) {
            read::texts(node, &format!("`{key}`"), errors);
        }
    }
}

fn expressions(root: &Node, key: &str, blocks: &mut Blocks<'_>) -> Vec<Expr> {
    let Some(node) = root.get(key) else { return Vec::new() };
    node.elements().iter().map(|element| blocks.lower(element, key, 0)).collect()
}

fn table(root: &Node, fields: &[&str], own_file: u16, errors: &mut Errors) -> CodeTable {
    let Some(node) = root.get("codes") else { return CodeTable::default() };
    if !matches!(node.kind, Kind::List(_)) {
        errors
            .add("FD006", node.span, format!("`codes` is {}", node.noun()))
            .help("`codes` is a list of rows: `- { code: DL, is: DELIVERED }`");
        return CodeTable::default();
    }
    let read: Vec<_> = node
        .elements()
        .iter()
        .filter_map(|node| codes::row(node, fields, errors).map(|row| (row, node)))
        .collect();
    let (rows, nodes): (Vec<_>, Vec<_>) = read.into_iter().unzip();
    reach::check(&rows, &nodes, own_file, errors);
    CodeTable { rows }
}

fn carrier(node: &Node, base: usize, blocks: &mut Blocks<'_>) -> Carrier {
    if let Some(text) = node.text() {
        carrier_name(text, node, blocks.errors);
        return Carrier::Constant(text.into());
    }
    read::keys(node, "`carrier`", &["from", "map", "otherwise"], blocks.errors);
    if !node.entries().is_empty() && node.get("from").is_none() {
        blocks.errors.add("FD005", node.span, "`carrier` has no `from`".into()).help(
            "say where the document names the carrier: `carrier: { from: path, otherwise: x }`",
        );
    }
    let mut map: Vec<(Box<str>, Box<str>)> = Vec::new();
    for (key, value) in node.get("map").map(Node::entries).unwrap_or_default() {
        let ours = read::text(value, "a carrier's name", blocks.errors);
        carrier_name(ours, value, blocks.errors);
        let theirs = key.text.to_lowercase();
        if map.iter().any(|(known, _)| **known == *theirs) {
            blocks
                .errors
                .add("FD003", key.span, format!("\"{}\" stands in this map already", key.text))
                .help("names are compared in lower case: keep one of the two");
        }
        map.push((theirs.into(), ours.into()));
    }
    map.sort();
    let otherwise = node.get("otherwise").and_then(Node::text).unwrap_or("unknown").into();
    Carrier::Field { from: blocks.expr(node, "from", base), map, otherwise }
}

/// Names of carriers stand in subjects and keys: lower case, digits, `-` and `_`.
pub(crate) fn carrier_name(text: &str, node: &Node, errors: &mut Errors) {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if text.is_empty() || !text.bytes().all(fits) {
        errors
            .add("FD007", node.span, format!("\"{text}\" is no carrier's name"))
            .help("write it in lower case, with digits, `-` and `_`");
    }
}

fn order(root: &Node, errors: &mut Errors) -> Order {
    const NAMES: [(&str, Order); 3] = [
        ("newest_first", Order::NewestFirst),
        ("oldest_first", Order::OldestFirst),
        ("unordered", Order::Unordered),
    ];
    let Some(node) = root.get("order") else { return Order::default() };
    let find = |name: &str| NAMES.iter().find(|(known, _)| *known == name).map(|(_, order)| *order);
    read::name(node, "order", find, NAMES.iter().map(|(name, _)| *name), errors).unwrap_or_default()
}

fn format(node: &Node, errors: &mut Errors) -> Format {
    const NAMES: [&str; 6] = ["json", "ndjson", "xml", "csv", "x12", "edifact"];
    if let Some((key, options)) = node.entries().first() {
        read::keys(node, "`format`", &["csv", "json"], errors);
        return match &*key.text {
            "csv" => csv(options, errors),
            "json" => json(options, errors),
            _ => Format::Json,
        };
    }
    let Some(name) = node.text() else { return Format::Json };
    match name {
        "json" => Format::Json,
        "ndjson" => Format::Ndjson,
        "xml" => Format::Xml,
        "x12" => Format::X12,
        "edifact" => Format::Edifact,
        "csv" => Format::Csv { delimiter: b',', columns: Vec::new() },
        _ => {
            let help = super::error::suggest(name, NAMES.into_iter());
            errors.add("FD020", node.span, format!("there is no format \"{name}\"")).help(help);
            Format::Json
        }
    }
}

fn json(node: &Node, errors: &mut Errors) -> Format {
    read::keys(node, "`json`", &["within"], errors);
    match node.get("within").map(|key| read::text(key, "`within`", errors)) {
        Some(key) if !key.is_empty() => Format::JsonWithin(key.into()),
        _ => Format::Json,
    }
}

fn csv(node: &Node, errors: &mut Errors) -> Format {
    read::keys(node, "`csv`", &["delimiter", "columns"], errors);
    let mut delimiter = b',';
    if let Some(value) = node.get("delimiter") {
        match value.text().map(str::as_bytes) {
            Some(&[byte]) if byte.is_ascii() && !byte.is_ascii_alphanumeric() => delimiter = byte,
            _ => {
                errors
                    .add("FD006", value.span, "a delimiter is one ASCII sign".into())
                    .help("write it in quotes: `delimiter: \";\"`, a tab as `\"\\t\"`");
            }
        }
    }
    let columns = node
        .get("columns")
        .map(|columns| {
            read::texts(columns, "a column", errors).into_iter().map(Into::into).collect()
        })
        .unwrap_or_default();
    Format::Csv { delimiter, columns }
}

/// Slots that an expression reads: used by `explain` and by tests.
#[must_use]
pub(crate) fn slots(expr: &Expr) -> Vec<Slot> {
    use super::program::Source;
    let of = |source: &Source| match source {
        Source::Slot(slot) | Source::Below(slot, _) => vec![*slot],
        Source::Literal(_) => Vec::new(),
        Source::Call(_, arguments) => arguments.iter().flat_map(slots).collect(),
    };
    expr.alternatives.iter().flat_map(of).collect()
}
