//! What a lane hands a shard: standardized events of one turn, with their words.
//!
//! # Place
//!
//! `lane` fills one batch per shard, `shard` applies it, and it goes back to be filled again.
//!
//! # Holds
//!
//! - Groups are in the order of the input log; the events of a group are contiguous and in the
//!   order in which they are to be applied.
//! - Texts are spans of one arena, so that a warm batch takes nothing from the allocator.

use std::sync::Arc;

use crossdock_model::event::Event;
use crossdock_model::id::{FeedId, ShipmentKey};
use crossdock_model::limits::TEXT_LEN_MAX;
use crossdock_model::time::{EventTime, Micros};
use crossdock_rules::rule::ruleset::RuleSet;

/// A text in a batch's arena.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    start: u32,
    len: u32,
}

impl Span {
    /// The same and so many bytes behind it.
    #[must_use]
    pub fn longer_by(self, bytes: u32) -> Self {
        Self { len: self.len + bytes, ..self }
    }

    /// True where there is no text.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// The words of one event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Words {
    /// Raw code fields: the primary one, then ` name=value` of the others that are present.
    pub codes: Span,
    /// The carrier's words.
    pub text: Span,
    /// `city \x1f region \x1f postal code \x1f country \x1f facility \x1f who signed`, as given, without
    /// the absent ones at the end.
    pub place: Span,
    /// Mostly the same for the same words, so that who keeps them may look where they were found last.
    pub hint: u32,
}

/// One event of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// What it means.
    pub event: Event,
    /// Its words.
    pub words: Words,
    /// Index within its document, in the order of application.
    pub index: u32,
}

/// One shipment of one document.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// Which shipment.
    pub key: ShipmentKey,
    /// Sequence of the message.
    pub seq: u64,
    /// Stream time of the message.
    pub received: Micros,
    /// Whose data.
    pub tenant: Span,
    /// Who carries it.
    pub carrier: Span,
    /// The normalized number.
    pub number: Span,
    /// The order it belongs to, where the document says so.
    pub order: Span,
    /// Other numbers of the same parcel, joined by the separator.
    pub aliases: Span,
    /// Whither and how: the destination as [`Words::place`] has places, then service, without the absent ones at the
    /// end; only where the lane's options ask for it.
    pub way: Span,
    /// Hash of the carrier's own unique id; 0 where it gives none.
    pub unique: u16,
    /// The carrier's estimate, where the document has one.
    pub eta: EventTime,
    /// What else the document says of the shipment, as a JSON object; only where the lane's options
    /// ask for it.
    pub particulars: Span,
    /// Index within the document: of its first event, or a place of its own where it has none.
    pub index: u32,
    /// The feed.
    pub feed: crossdock_model::id::FeedId,
    /// Its events: `items[first_item..first_item + item_count]`.
    pub first_item: u32,
    /// How many.
    pub item_count: u32,
}

/// A message of the log: what every shard has to know of it, whoever its shipments belong to.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Its sequence.
    pub seq: u64,
    /// Stream time.
    pub received: Micros,
    /// Whose data.
    pub tenant: Span,
    /// The feed; none where it is a tick, a switch of rules, or a feed that is not known.
    pub feed: Option<FeedId>,
    /// When its event happened, where it brings a single one: how late the feed is.
    pub happened: Micros,
    /// The rules that are in force from here on, where it says so.
    pub rules: Option<Arc<RuleSet>>,
}

/// Events of one turn for one shard.
#[derive(Debug, Default)]
pub struct Batch {
    /// Every message of the turn, in the order of the log.
    pub arrivals: Vec<Arrival>,
    /// Shipments of documents, in the order of the log.
    pub groups: Vec<Group>,
    /// Their events.
    pub items: Vec<Item>,
    arena: String,
}

impl Batch {
    /// Empty, keeping its memory.
    pub fn clear(&mut self) {
        self.arrivals.clear();
        self.groups.clear();
        self.items.clear();
        self.arena.clear();
    }

    /// Takes back all groups and events behind the first ones.
    pub fn truncate(&mut self, group_count: usize, item_count: usize) {
        assert!(group_count <= self.groups.len() && item_count <= self.items.len());
        self.groups.truncate(group_count);
        self.items.truncate(item_count);
    }

    /// Copies a text into the arena.
    pub fn put(&mut self, text: &str) -> Span {
        let start = self.arena.len() as u32;
        self.arena.push_str(text);
        Span { start, len: text.len() as u32 }
    }

    /// Copies codes, text and place of an event, which stand one behind the other and have these sizes.
    pub fn put_words(&mut self, words: &str, [codes, text, place]: [u32; 3], hint: u32) -> Words {
        debug_assert!(words.len() == (codes + text + place) as usize);
        let start = self.arena.len() as u32;
        self.arena.push_str(words);
        let span = |from: u32, len: u32| Span { start: start + from, len };
        let (text, place) = (span(codes, text), span(codes + text, place));
        Words { codes: span(0, codes), text, place, hint }
    }

    /// Where the next text will start; see [`Self::close`].
    #[must_use]
    pub fn open(&self) -> u32 {
        self.arena.len() as u32
    }

    /// Adds to the text that was opened last.
    pub fn extend(&mut self, text: &str) {
        self.arena.push_str(text);
    }

    /// The text from `start` to here.
    #[must_use]
    pub fn close(&self, start: u32) -> Span {
        Span { start, len: self.arena.len() as u32 - start }
    }

    /// A text.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        &self.arena[span.start as usize..(span.start + span.len) as usize]
    }
}

/// A text cut at the limit, at a character.
#[must_use]
pub fn cut(text: &str) -> &str {
    if text.len() <= TEXT_LEN_MAX {
        return text;
    }
    &text[..text.floor_char_boundary(TEXT_LEN_MAX)]
}
