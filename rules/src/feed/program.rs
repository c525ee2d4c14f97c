//! A compiled feed: what the extractor in `core` runs over a tape, and nothing else.
//!
//! # Method
//!
//! A document is walked level by level. Level 0 is the whole document; every `[]` of a feed's
//! `at` paths and the end of each `at` path opens the next one; the last level is the event. Each
//! level has a *trie* of the keys that any expression wants below it, so that one pass over an
//! object's entries finds all of them: a key is compared with the next expected key first, since
//! documents of one feed repeat their order. What the trie finds is a *slot*: the tape index of a
//! value. Expressions are evaluated from slots when somebody asks.
//!
//! # Holds
//!
//! - Slots are numbered across levels; the slots of a level are one contiguous range.
//! - An expression at level `k` reads slots of levels `0..=k` only.
//! - Nothing here can fail at run time: absence is the only other answer.

use crossdock_model::detail::Detail;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::id::FeedId;
use crossdock_model::milestone::{Direction, Milestone, MilestoneSet};
use crossdock_model::reason::{Party, Reason};
use crossdock_standard::number::NumberShape;
use crossdock_standard::time::TimeShape;

use super::waybill::{Point, Waybill};

/// Slots of one feed, all levels together.
pub const SLOTS_MAX: usize = 128;

/// Levels of one feed, document and event included.
pub const LEVELS_MAX: usize = 8;

/// Code fields of one feed.
pub const CODE_FIELDS_MAX: usize = 6;

/// A place for the tape index of a captured value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u8);

/// A compiled feed.
#[derive(Clone, Debug)]
pub struct Feed {
    /// Its number in the loaded set.
    pub id: FeedId,
    /// Its name, such as `ups-track`.
    pub name: Box<str>,
    /// What it is, one line.
    pub title: Box<str>,
    /// What its shipments are, as rules call it: `parcel`, `ltl`, `ftl`, `bopis`, `b2b`; empty where
    /// that is not the same for all of them.
    pub mode: Box<str>,
    /// Who sends it, in the words of [`super::Sender`]; empty where the file does not say.
    pub sender: Box<str>,
    /// The milestones that it may say; `None`: all of them.
    pub may_say: Option<MilestoneSet>,
    /// 64-bit hash of the file's meaning: two files that read alike have the same revision.
    pub revision: u64,
    /// How bytes become a tape.
    pub format: Format,
    /// Who the carrier is.
    pub carrier: Carrier,
    /// In which order a document lists its events.
    pub order: Order,
    /// Levels from the document (first) to the event (last).
    pub levels: Vec<Level>,
    /// Index of the level whose node is one shipment.
    pub shipment_level: usize,
    /// What is read of a shipment.
    pub shipment: Shipment,
    /// What is read of an event.
    pub event: Event,
    /// What codes mean.
    pub codes: CodeTable,
    /// Expressions that are present only in documents of this feed; all of them must be. Used to
    /// tell feeds apart where nobody says which it is. Empty: never guessed.
    pub detect: Vec<Expr>,
    /// Present in answers that say "nothing is known" or "error": such a document without
    /// shipments is no reject but an empty answer.
    pub empty_if: Vec<Expr>,
}

/// How bytes become a tape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON document.
    Json,
    /// One JSON document that stands as a text under this key of another.
    JsonWithin(Box<str>),
    /// One JSON document a line.
    Ndjson,
    /// XML.
    Xml,
    /// Delimited text.
    Csv {
        /// Between fields.
        delimiter: u8,
        /// Column names; empty: the first row has them.
        columns: Vec<Box<str>>,
    },
    /// ANSI X12.
    X12,
    /// UN/EDIFACT.
    Edifact,
}

/// Who the carrier is.
#[derive(Clone, Debug)]
pub enum Carrier {
    /// Always this one.
    Constant(Box<str>),
    /// The document says so. Texts are lower-cased before they are looked up.
    Field {
        /// What it says.
        from: Expr,
        /// Their name -> our name, sorted by their name.
        map: Vec<(Box<str>, Box<str>)>,
        /// Where it says nothing. A name that is not in the map stands for itself.
        otherwise: Box<str>,
    },
}

/// In which order a document lists its events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The newest first.
    NewestFirst,
    /// The oldest first.
    OldestFirst,
    /// In no order.
    #[default]
    Unordered,
}

/// One level of a document.
#[derive(Clone, Debug, Default)]
pub struct Level {
    /// Keys wanted below this level's node. Node 0 is the level's own node.
    pub trie: Vec<TrieNode>,
    /// Slots that this level fills: `slots.start..slots.end`.
    pub slots: core::ops::Range<u8>,
    /// Slot of the level's own node (an expression `.`), if any expression wants it.
    pub own: Option<Slot>,
    /// The next level's node is this level's own node: `at: .`.
    pub descend_here: bool,
}

/// Keys wanted below one object.
#[derive(Clone, Debug, Default)]
pub struct TrieNode {
    /// In the order in which documents usually hold them.
    pub edges: Vec<Edge>,
}

/// One wanted key.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The key as it stands in the tape.
    pub key: Box<str>,
    /// Capture the value.
    pub slot: Option<Slot>,
    /// Go on below the value where it is an object (of an array: its first element).
    pub below: Option<u16>,
    /// The value holds the next level's nodes: an array of them, or a single one.
    pub descend: Option<Descend>,
}

/// How the next level is reached from an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descend {
    /// Only elements whose value at this path equals one of the texts, if given.
    pub filter: Option<Filter>,
}

/// A condition on a neighbour inside an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Keys from the element to the value.
    pub path: Vec<Box<str>>,
    /// Any of these; empty: the value only has to be there.
    pub any_of: Vec<Box<str>>,
}

/// A way to a text: the first alternative that is present and not empty.
#[derive(Clone, Debug, Default)]
pub struct Expr {
    /// In the order written. No alternative: always absent.
    pub alternatives: Vec<Source>,
    /// Slots of which one must be filled for the expression to be present, as bits: nearly all expressions of a
    /// feed are absent from nearly all documents, and one look at this says so. All bits where it may be present without.
    pub wants: u128,
}

impl Expr {
    /// An expression whose slots have their final numbers.
    #[must_use]
    pub fn new(alternatives: Vec<Source>) -> Self {
        let wants = alternatives.iter().fold(0, |wants, source| wants | source.wants());
        Self { alternatives, wants }
    }
}

impl Expr {
    /// Every slot that it looks into, as bits.
    #[must_use]
    pub fn slots(&self) -> u128 {
        self.alternatives.iter().fold(0, |slots, source| {
            slots
                | match source {
                    Source::Slot(slot) | Source::Below(slot, _) => 1 << slot.0,
                    Source::Literal(_) => 0,
                    Source::Call(_, arguments) => {
                        arguments.iter().fold(0, |slots, argument| slots | argument.slots())
                    }
                }
        })
    }
}

impl Place {
    /// Its texts.
    pub fn exprs(&self) -> impl Iterator<Item = &Expr> {
        let Self { city, region, postal_code, country, facility, text } = self;
        [city, region, postal_code, country, facility, text].into_iter()
    }
}

impl TimePolicy {
    /// Its texts.
    pub fn exprs(&self) -> impl Iterator<Item = &Expr> {
        let texts = [&self.utc, &self.local].into_iter().flatten();
        texts
            .flat_map(|text| core::iter::once(&text.date).chain(&text.clock))
            .chain([&self.offset, &self.zone])
    }
}

impl Source {
    /// See [`Expr::wants`].
    fn wants(&self) -> u128 {
        let argument = |arguments: &[Expr], n: usize| arguments.get(n).map_or(0, |it| it.wants);
        match self {
            Self::Slot(slot) | Self::Below(slot, _) => 1 << slot.0,
            Self::Literal(_) => u128::MAX,
            Self::Call(function, arguments) => match function {
                // These have an answer for what is absent.
                Function::Not | Function::Exists | Function::Equals | Function::Contains => {
                    u128::MAX
                }
                Function::When => argument(arguments, 1),
                Function::Join => {
                    arguments.iter().skip(1).fold(0, |wants, argument| wants | argument.wants)
                }
                // Every part must be there; any one that may be absent tells.
                Function::Concat => arguments
                    .iter()
                    .map(|argument| argument.wants)
                    .min_by_key(|wants| wants.count_ones())
                    .unwrap_or(0),
                Function::Digits
                | Function::Upper
                | Function::Lower
                | Function::Trim
                | Function::StripZeros
                | Function::Before
                | Function::After
                | Function::AfterLast
                | Function::Substring => argument(arguments, 0),
            },
        }
    }
}

/// One alternative of an expression.
#[derive(Clone, Debug)]
pub enum Source {
    /// The value of a slot.
    Slot(Slot),
    /// A value found below a slot's value.
    Below(Slot, Vec<Step>),
    /// A text.
    Literal(Box<str>),
    /// A function of expressions.
    Call(Function, Vec<Expr>),
}

/// One step from a value to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The value of a key.
    Key(Box<str>),
    /// The n-th element; negative: from the end.
    Index(i32),
    /// The first element for which the filter holds. An object stands for an array of one.
    First(Filter),
}

/// The closed list of transforms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `digits(x)`: only the digits.
    Digits,
    /// `upper(x)`.
    Upper,
    /// `lower(x)`.
    Lower,
    /// `trim(x)`: without blanks at both ends.
    Trim,
    /// `strip_zeros(x)`: without leading zeros; all zeros become `0`.
    StripZeros,
    /// `before(x, sep)`: up to the first `sep`; all of it where there is none.
    Before,
    /// `after(x, sep)`: behind the first `sep`; absent where there is none.
    After,
    /// `after_last(x, sep)`: behind the last `sep`; all of it where there is none.
    AfterLast,
    /// `join(sep, a, b, ...)`: those present, with `sep` between.
    Join,
    /// `concat(a, b, ...)`: absent where any is absent.
    Concat,
    /// `substring(x, start, length)`: in characters, from 0.
    Substring,
    /// `not(x)`: `true` where x is absent, `false`, `0` or `N`; else `false`.
    Not,
    /// `exists(x)`: `true` or `false`.
    Exists,
    /// `equals(x, a, b, ...)`: `true` where x equals any; else `false`.
    Equals,
    /// `when(cond, x)`: x where cond is `true`, `1` or `Y`; else absent.
    When,
    /// `contains(x, a, b, ...)`: `true` where x holds any, case folded; else `false`.
    Contains,
}

/// In `handed_to`, in place of a carrier: the post of the country that stands in the number.
pub const ORIGIN: &str = "origin";

/// What is read of a shipment. Expressions are at or above the shipment level, unless said.
#[derive(Clone, Debug, Default)]
pub struct Shipment {
    /// The tracking number.
    pub number: Expr,
    /// The carrier's own unique id: tells two parcels with one number apart.
    pub unique: Expr,
    /// The order it belongs to.
    pub order: Expr,
    /// Other references by kind (`po`, `bol`, `pro`, `customer`...), sorted by kind.
    pub references: Vec<(Box<str>, Expr)>,
    /// Other numbers that the document holds, for people: of pieces, customers, systems.
    pub alternates: Vec<Expr>,
    /// Other numbers of this very parcel: kept with it, and every change of it names them.
    pub aliases: Vec<Expr>,
    /// Whose number it is where it has a certain shape, whoever reports it.
    pub handed_to: Vec<(NumberShape, Box<str>)>,
    /// The carrier's service.
    pub service: Expr,
    /// Where it goes.
    pub destination: Place,
    /// Where it comes from.
    pub origin: Place,
    /// When the carrier thinks it arrives.
    pub eta: Option<TimePolicy>,
    /// The end of the window, where one is given.
    pub eta_end: Option<TimePolicy>,
    /// `true` where the whole shipment is a return.
    pub is_return: Expr,
    /// What only rules ask for.
    pub waybill: Waybill,
}

/// What is read of an event. Expressions may use every level.
#[derive(Clone, Debug, Default)]
pub struct Event {
    /// Code fields by name; the first is the primary one, printed as `code`.
    pub codes: Vec<(Box<str>, Expr)>,
    /// The carrier's words.
    pub text: Expr,
    /// When.
    pub time: TimePolicy,
    /// Where.
    pub place: Place,
    /// Where exactly; only rules ask for it.
    pub point: Point,
    /// `true` or `false` where the document says whether it was a physical scan.
    pub physical: Expr,
    /// Who signed, where it says so: makes the event a proof of delivery.
    pub signed_by: Expr,
    /// The sender's id of the event, where it is the same in every redelivery.
    pub id: Expr,
    /// Rows for which this is `true` are no events and are passed over, uncounted.
    pub skip_if: Expr,
    /// True where a document holds an event more than once, at the shipment and at each of its pieces: it counts once.
    pub once: bool,
    /// The exception, where the document names it itself: a name such as `DELAYED`, in any case.
    /// Where it is a name we know it replaces the row's.
    pub exception: Expr,
    /// The reason, likewise: a name such as `WEATHER`. Its party replaces the row's as well.
    pub reason: Expr,
}

/// A place as a feed finds it.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// City.
    pub city: Expr,
    /// State or province.
    pub region: Expr,
    /// Postal code.
    pub postal_code: Expr,
    /// Country, in whatever spelling.
    pub country: Expr,
    /// The carrier's name or code of the facility.
    pub facility: Expr,
    /// All in one text, where that is all there is.
    pub text: Expr,
}

/// How the time of an event is made of what the document says.
///
/// In this order: `utc` gives the instant; else `local` with an offset in its own text, if
/// trusted; else `local` with `offset`; else `local` with `zone`, then the zone of the place, then
/// `default_zone`. Where none applies there is a local time and no instant.
#[derive(Clone, Debug)]
pub struct TimePolicy {
    /// The instant.
    pub utc: Option<TimeText>,
    /// The wall clock.
    pub local: Option<TimeText>,
    /// The offset of the wall clock, such as `-05:00`.
    pub offset: Expr,
    /// A zone name or code, such as `America/Chicago`, `EST` or X12's `LT`.
    pub zone: Expr,
    /// False where the sender writes a `Z` or offset that is known to be wrong.
    pub trust_offset: bool,
    /// False where the zone of the place must not be used.
    pub zone_of_place: bool,
    /// The zone where nothing better is known; an IANA name.
    pub default_zone: Option<Box<str>>,
    /// A time of exactly midnight means that only the date is known.
    pub midnight_is_date: bool,
}

impl Default for TimePolicy {
    fn default() -> Self {
        Self {
            utc: None,
            local: None,
            offset: Expr::default(),
            zone: Expr::default(),
            trust_offset: true,
            zone_of_place: true,
            default_zone: None,
            midnight_is_date: false,
        }
    }
}

/// One or two texts that make a time.
#[derive(Clone, Debug)]
pub struct TimeText {
    /// Date, or date and time.
    pub date: Expr,
    /// Shapes to try for `date`, in order.
    pub date_shapes: Vec<TimeShape>,
    /// Time of day, where it is a text of its own.
    pub clock: Option<Expr>,
    /// Shapes to try for `clock`, in order.
    pub clock_shapes: Vec<TimeShape>,
}

/// What codes mean: rows in the order written, the first that matches holds.
#[derive(Clone, Debug, Default)]
pub struct CodeTable {
    /// The rows.
    pub rows: Vec<CodeRow>,
}

/// One row of a code table.
#[derive(Clone, Debug)]
pub struct CodeRow {
    /// Which code field (index into [`Event::codes`]) must equal one of the texts. All must hold.
    pub when: Vec<(u8, Vec<Box<str>>)>,
    /// What the text must say, if anything.
    pub text: Option<TextPredicate>,
    /// What it means.
    pub meaning: Meaning,
    /// Line of the row in the feed file, from 1.
    pub line: u32,
}

/// A condition on an event's text, case folded (ASCII and common Latin letters).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextPredicate {
    /// Holds any of these; empty: no such condition. Lower case.
    pub has_any: Vec<Box<str>>,
    /// Holds all of these. Lower case.
    pub has_all: Vec<Box<str>>,
    /// Holds none of these. Lower case.
    pub has_none: Vec<Box<str>>,
    /// Starts with any of these; empty: no such condition. Lower case.
    pub starts: Vec<Box<str>>,
}

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Meaning {
    /// What exactly happened.
    pub detail: Detail,
    /// The milestone, after the row's override.
    pub milestone: Milestone,
    /// The exception it opens.
    pub exception: ExceptionClass,
    /// Why.
    pub reason: Reason,
    /// Whose doing.
    pub party: Party,
    /// The lane, where the row says so.
    pub direction: Option<Direction>,
    /// A scan, not a record.
    pub physical: bool,
    /// A guess about the future.
    pub estimate: bool,
    /// Ends open exceptions.
    pub resolves: bool,
    /// Takes back the event with the same id.
    pub retracts: bool,
    /// No public document confirms the row.
    pub unverified: bool,
    /// It says a milestone that its feed may not say.
    pub hearsay: bool,
}

impl Meaning {
    /// What an unknown code means: nothing, kept.
    pub const UNMAPPED: Self = Self {
        detail: Detail::Unmapped,
        milestone: Milestone::Unknown,
        exception: ExceptionClass::None,
        reason: Reason::None,
        party: Party::Unknown,
        direction: None,
        physical: false,
        estimate: false,
        resolves: false,
        retracts: false,
        unverified: false,
        hearsay: false,
    };
}
