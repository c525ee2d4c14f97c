//! The blocks of a feed file: `shipment`, `event`, places and times.
//!
//! # Place
//!
//! Called by `compile` with the merged tree of a file; writes into a [`Layout`].
//!
//! # Holds
//!
//! - Every expression of `shipment` begins at the shipment, every one of `event` at the event.
//!
//! # Does not hold
//!
//! The code table: `codes`.

use crossdock_model::limits::ALIASES_MAX;
use crossdock_standard::number::NumberShape;
use crossdock_standard::time::TimeShape;
use crossdock_standard::zone::ZoneId;

use super::error::{Errors, suggest};
use super::layout::Layout;
use super::program::{CODE_FIELDS_MAX, Event, Expr, Place, Shipment, TimePolicy, TimeText};
use super::read;
use super::syntax::{self, Path};
use super::yaml::{Kind, Node};

/// Keys of `shipment`.
pub(crate) const SHIPMENT_KEYS: [&str; 24] = [
    "at",
    "number",
    "unique",
    "order",
    "references",
    "alternates",
    "aliases",
    "handed_to",
    "service",
    "destination",
    "origin",
    "eta",
    "eta_end",
    "is_return",
    "mode",
    "tier",
    "value",
    "pieces",
    "pieces_delivered",
    "pieces_left",
    "pickup_until",
    "return_label_until",
    "origin_point",
    "destination_point",
];

/// Keys of `event`.
pub(crate) const EVENT_KEYS: [&str; 13] = [
    "at",
    "code",
    "text",
    "time",
    "place",
    "point",
    "physical",
    "signed_by",
    "id",
    "skip_if",
    "once",
    "exception",
    "reason",
];

const PLACE_KEYS: [&str; 6] = ["city", "region", "postal_code", "country", "facility", "text"];

const TIME_KEYS: [&str; 8] = [
    "utc",
    "local",
    "offset",
    "zone",
    "default_zone",
    "trust_offset",
    "zone_of_place",
    "midnight_is_date",
];

const TIME_TEXT_KEYS: [&str; 4] = ["date", "clock", "shape", "clock_shape"];

/// Reads the blocks of one file.
pub(crate) struct Blocks<'a> {
    /// Where slots come from.
    pub(crate) layout: &'a mut Layout,
    /// Where mistakes go.
    pub(crate) errors: &'a mut Errors,
}

impl Blocks<'_> {
    /// Opens the levels of a block's `at`.
    pub(crate) fn open(&mut self, block: &Node, what: &str) {
        let Some(at) = block.get("at") else {
            self.errors
                .add("FD005", block.span, format!("`{what}` has no `at`"))
                .help(format!("say where a {what} stands: `at: path.to.list[]`, or `at: .`"));
            return self.layout.open(&[], self.errors);
        };
        let mut paths: Vec<Path> = Vec::new();
        for element in at.elements() {
            let text = read::text(element, "`at`", self.errors);
            if !text.is_empty() {
                paths.extend(syntax::at_path(text, element.text_span(), self.errors));
            }
        }
        self.layout.open(&paths, self.errors);
    }

    /// An expression of a block, absent where the key is.
    pub(crate) fn expr(&mut self, block: &Node, key: &str, base: usize) -> Expr {
        block.get(key).map_or_else(Expr::default, |node| self.lower(node, key, base))
    }

    /// An expression.
    pub(crate) fn lower(&mut self, node: &Node, what: &str, base: usize) -> Expr {
        let read = read::expression(node, &format!("`{what}`"), self.errors);
        self.layout.lower(&read, base, self.errors)
    }

    /// The block `shipment`.
    pub(crate) fn shipment(&mut self, block: &Node, base: usize) -> Shipment {
        read::keys(block, "`shipment`", &SHIPMENT_KEYS, self.errors);
        if block.get("number").is_none() {
            self.errors
                .add("FD005", block.span, "`shipment` has no `number`".into())
                .help("say where the tracking number stands: `number: path`");
        }
        let mut references: Vec<(Box<str>, Expr)> = Vec::new();
        if let Some(node) = block.get("references") {
            if !matches!(node.kind, Kind::Map(_)) {
                self.errors
                    .add("FD006", node.span, format!("`references` is {}", node.noun()))
                    .help("write kinds and paths: `references: {po: path, bol: path}`");
            }
            for (key, value) in node.entries() {
                references.push((key.text.as_str().into(), self.lower(value, "references", base)));
            }
            references.sort_by(|left, right| left.0.cmp(&right.0));
        }
        let alternates = self.exprs(block, "alternates", base);
        let aliases = self.exprs(block, "aliases", base);
        if let (true, Some(node)) = (ALIASES_MAX < aliases.len(), block.get("aliases")) {
            self.errors
                .add("FD040", node.span, format!("there are {} aliases", aliases.len()))
                .help(format!(
                    "at most {ALIASES_MAX} are kept: name those that others report under"
                ));
        }
        Shipment {
            number: self.expr(block, "number", base),
            unique: self.expr(block, "unique", base),
            order: self.expr(block, "order", base),
            references,
            alternates,
            aliases,
            handed_to: self.handed_to(block),
            service: self.expr(block, "service", base),
            destination: self.place(block, "destination", base),
            origin: self.place(block, "origin", base),
            eta: block.get("eta").map(|node| self.time(node, "eta", base)),
            eta_end: block.get("eta_end").map(|node| self.time(node, "eta_end", base)),
            is_return: self.expr(block, "is_return", base),
            waybill: self.waybill(block, base),
        }
    }

    /// A list of expressions.
    fn exprs(&mut self, block: &Node, key: &str, base: usize) -> Vec<Expr> {
        block.get(key).map_or_else(Vec::new, |node| {
            node.elements().iter().map(|element| self.lower(element, key, base)).collect()
        })
    }

    /// Shapes of numbers and whose they are.
    fn handed_to(&mut self, block: &Node) -> Vec<(NumberShape, Box<str>)> {
        let Some(node) = block.get("handed_to") else { return Vec::new() };
        if !matches!(node.kind, Kind::Map(_)) {
            self.errors
                .add("FD006", node.span, format!("`handed_to` is {}", node.noun()))
                .help("write shapes of numbers and carriers: `handed_to: { impb: usps }`");
        }
        let mut owners = Vec::new();
        for (key, value) in node.entries() {
            let names = NumberShape::ALL.iter().map(|shape| shape.name());
            let carrier = read::text(value, "a carrier's name", self.errors);
            super::compile::carrier_name(carrier, value, self.errors);
            match NumberShape::from_name(&key.text) {
                Some(shape) => owners.push((shape, carrier.into())),
                None => {
                    self.errors
                        .add(
                            "FD020",
                            key.span,
                            format!("there is no shape of numbers \"{}\"", key.text),
                        )
                        .help(suggest(&key.text, names));
                }
            }
        }
        owners
    }

    /// The block `event`.
    pub(crate) fn event(&mut self, block: &Node, base: usize) -> Event {
        read::keys(block, "`event`", &EVENT_KEYS, self.errors);
        for (key, example) in [("code", "status.code"), ("time", "timestamp")] {
            if block.get(key).is_none() {
                self.errors
                    .add("FD005", block.span, format!("`event` has no `{key}`"))
                    .help(format!("say where it stands: `{key}: {example}`"));
            }
        }
        Event {
            codes: block.get("code").map_or_else(Vec::new, |node| self.codes(node, base)),
            text: self.expr(block, "text", base),
            time: block
                .get("time")
                .map_or_else(TimePolicy::default, |node| self.time(node, "time", base)),
            place: self.place(block, "place", base),
            point: self.point(block, "point", base),
            physical: self.expr(block, "physical", base),
            signed_by: self.expr(block, "signed_by", base),
            id: self.expr(block, "id", base),
            skip_if: self.expr(block, "skip_if", base),
            once: block.get("once").is_some_and(|node| read::boolean(node, "`once`", self.errors)),
            exception: self.expr(block, "exception", base),
            reason: self.expr(block, "reason", base),
        }
    }

    fn codes(&mut self, node: &Node, base: usize) -> Vec<(Box<str>, Expr)> {
        if !matches!(node.kind, Kind::Map(_)) {
            return vec![("code".into(), self.lower(node, "code", base))];
        }
        let mut fields = Vec::new();
        for (key, value) in node.entries() {
            if super::codes::ROW_KEYS.contains(&key.text.as_str()) {
                self.errors
                    .add("FD022", key.span, format!("a code field is called \"{}\"", key.text))
                    .help("rows of `codes` use this word for something else: choose another name");
            }
            fields.push((key.text.as_str().into(), self.lower(value, "code", base)));
        }
        if CODE_FIELDS_MAX < fields.len() {
            self.errors
                .add("FD040", node.span, format!("there are {} code fields", fields.len()))
                .help(format!(
                    "at most {CODE_FIELDS_MAX} are kept: join some with `join` or `concat`"
                ));
            fields.truncate(CODE_FIELDS_MAX);
        }
        fields
    }

    /// A place.
    fn place(&mut self, block: &Node, key: &str, base: usize) -> Place {
        let Some(node) = block.get(key) else { return Place::default() };
        read::keys(node, &format!("`{key}`"), &PLACE_KEYS, self.errors);
        Place {
            city: self.expr(node, "city", base),
            region: self.expr(node, "region", base),
            postal_code: self.expr(node, "postal_code", base),
            country: self.expr(node, "country", base),
            facility: self.expr(node, "facility", base),
            text: self.expr(node, "text", base),
        }
    }

    /// A time: a map, or an expression that stands for a local ISO time.
    pub(crate) fn time(&mut self, node: &Node, what: &str, base: usize) -> TimePolicy {
        let mut policy = TimePolicy::default();
        if !matches!(node.kind, Kind::Map(_)) {
            policy.local = Some(self.time_text(node, what, base));
            return policy;
        }
        read::keys(node, &format!("`{what}`"), &TIME_KEYS, self.errors);
        policy.utc = node.get("utc").map(|node| self.time_text(node, "utc", base));
        policy.local = node.get("local").map(|node| self.time_text(node, "local", base));
        if policy.utc.is_none() && policy.local.is_none() {
            self.errors
                .add("FD005", node.span, format!("`{what}` has neither `utc` nor `local`"))
                .help(
                    "say where the instant or the wall clock stands: `utc: path` or `local: path`",
                );
        }
        policy.offset = self.expr(node, "offset", base);
        policy.zone = self.expr(node, "zone", base);
        let mut flag = |key: &str, otherwise: bool| {
            node.get(key)
                .map_or(otherwise, |node| read::boolean(node, &format!("`{key}`"), self.errors))
        };
        policy.trust_offset = flag("trust_offset", true);
        policy.zone_of_place = flag("zone_of_place", true);
        policy.midnight_is_date = flag("midnight_is_date", false);
        policy.default_zone = node.get("default_zone").and_then(|node| self.zone(node));
        policy
    }

    fn zone(&mut self, node: &Node) -> Option<Box<str>> {
        let name = read::text(node, "`default_zone`", self.errors);
        if !name.is_empty() && ZoneId::from_name(name.as_bytes()).is_none() {
            let help =
                suggest(name, ZoneId::all().map(ZoneId::name).collect::<Vec<_>>().into_iter());
            let help = if help.starts_with("did") {
                help
            } else {
                "write an IANA name such as `America/New_York`".into()
            };
            self.errors.add("FD020", node.span, format!("there is no zone \"{name}\"")).help(help);
        }
        (!name.is_empty()).then(|| name.into())
    }

    fn time_text(&mut self, node: &Node, what: &str, base: usize) -> TimeText {
        if !matches!(node.kind, Kind::Map(_)) {
            return TimeText {
                date: self.lower(node, what, base),
                date_shapes: vec![TimeShape::Iso],
                clock: None,
                clock_shapes: Vec::new(),
            };
        }
        read::keys(node, &format!("`{what}`"), &TIME_TEXT_KEYS, self.errors);
        if node.get("date").is_none() {
            self.errors
                .add("FD005", node.span, format!("`{what}` has no `date`"))
                .help("say where the date stands: `date: path`");
        }
        let clock = node.get("clock").map(|clock| self.lower(clock, "clock", base));
        let date_default: &[TimeShape] = if clock.is_some() {
            &[TimeShape::Iso, TimeShape::CompactDate]
        } else {
            &[TimeShape::Iso]
        };
        let clock_default: &[TimeShape] =
            if clock.is_some() { &[TimeShape::ClockColon, TimeShape::ClockCompact] } else { &[] };
        TimeText {
            date: self.expr(node, "date", base),
            date_shapes: self.shapes(node, "shape", true, date_default),
            clock_shapes: self.shapes(node, "clock_shape", false, clock_default),
            clock,
        }
    }

    fn shapes(
        &mut self,
        node: &Node,
        key: &str,
        date: bool,
        otherwise: &[TimeShape],
    ) -> Vec<TimeShape> {
        let Some(list) = node.get(key) else { return otherwise.to_vec() };
        let mut shapes = Vec::new();
        for element in list.elements() {
            let names = TimeShape::ALL.iter().map(|shape| shape.name());
            let Some(shape) =
                read::name(element, "time shape", TimeShape::from_name, names, self.errors)
            else {
                continue;
            };
            if shape.has_date() != date {
                let (has, wants) =
                    if date { ("no date", "`clock_shape`") } else { ("a date", "`shape`") };
                self.errors
                    .add("FD021", element.span, format!("the shape \"{}\" has {has}", shape.name()))
                    .help(format!("it belongs to {wants}"));
            }
            shapes.push(shape);
        }
        shapes
    }
}
