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
use crossdock_model::record::Seconds;
use crossdock_model::time::{EventTime, Micros};
use crossdock_rules::rule::facts::{Accuracy, Point};
use crossdock_rules::rule::ruleset::RuleSet;

use crate::entry;
use crate::waybill::{Said, Spot};

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
    /// A hash of both: [`crate::shard::owner_key`].
    pub owner: u64,
    /// The normalized number.
    pub number: Span,
    /// The order it belongs to, where the document says so.
    pub order: Span,
    /// Other numbers of the same parcel, joined by the separator.
    pub aliases: Span,
    /// Whither and how: the destination as [`Words::place`] has places, then service, without the absent ones at the
    /// end; only where the lane's options ask for it.
    pub way: Span,
    /// What else it says for rules: see [`Batch::said`]. 0 where that is nothing.
    pub said: u32,
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

/// The number of what most documents say that say anything: that there is one piece.
const ONE_PIECE: u32 = u32::MAX;

/// Events of one turn for one shard.
#[derive(Debug, Default)]
pub struct Batch {
    /// Every message of the turn, in the order of the log.
    pub arrivals: Vec<Arrival>,
    /// Shipments of documents, in the order of the log.
    pub groups: Vec<Group>,
    /// Their events.
    pub items: Vec<Item>,
    /// What documents say for rules alone; few do.
    said: Vec<Said>,
    /// Where events were exactly, by their key; few say so.
    spots: Vec<Spot>,
    arena: String,
}

impl Batch {
    /// Empty, keeping its memory.
    pub fn clear(&mut self) {
        self.arrivals.clear();
        self.groups.clear();
        self.items.clear();
        self.said.clear();
        self.spots.clear();
        self.arena.clear();
    }

    /// Takes back all groups and events behind the first ones.
    pub fn truncate(&mut self, group_count: usize, item_count: usize) {
        assert!(group_count <= self.groups.len() && item_count <= self.items.len());
        self.groups.truncate(group_count);
        self.items.truncate(item_count);
        let said = self.groups.iter().map(|group| group.said).filter(|it| *it != ONE_PIECE).max();
        let said = said.unwrap_or(0);
        self.said.truncate(said as usize);
        let kept = self.spots.partition_point(|spot| (spot.key.0 as usize) < item_count);
        self.spots.truncate(kept);
    }

    /// Keeps what a document says of a shipment for rules; gives its number in [`Group::said`].
    pub fn put_said(&mut self, said: Said) -> u32 {
        if said.is_single() && !said.has_more() {
            return ONE_PIECE;
        }
        self.said.push(said);
        self.said.len() as u32
    }

    /// What the group's document says for rules.
    #[must_use]
    pub fn said(&self, group: &Group) -> Option<Said> {
        match group.said {
            0 => None,
            ONE_PIECE => Some(Said { pieces: 1, ..Said::default() }),
            number => self.said.get(number as usize - 1).copied(),
        }
    }

    /// How new a group's knowledge is: its newest event, which stands last, or its receipt where it has none.
    #[must_use]
    pub fn age_of(&self, group: &Group) -> Seconds {
        let first = group.first_item as usize;
        let items = &self.items[first..first + group.item_count as usize];
        let order = |item: &Item| entry::order_seconds(&item.event).0;
        items.last().map_or_else(|| Seconds::from_micros(group.received), order)
    }

    /// Keeps where the event that was put last was exactly.
    pub fn put_spot(&mut self, group: usize, point: Point, accuracy: Accuracy) {
        let first_item = self.groups[group].first_item;
        let fingerprint = self.items.last().map_or(0, |item| item.event.fingerprint.0);
        self.spots.push(Spot { key: (first_item, fingerprint), point, accuracy });
    }

    /// A shipment is complete: its spots can be found.
    pub fn close_spots(&mut self, group: usize) {
        if self.spots.is_empty() {
            return;
        }
        let first_item = self.groups[group].first_item;
        let start = self.spots.partition_point(|spot| spot.key.0 < first_item);
        // Stable: of two that are one event the one that stands first in the document counts.
        self.spots[start..].sort_by_key(|spot| spot.key);
    }

    /// Where an event was exactly, where its document says so.
    #[must_use]
    pub fn spot(&self, group: &Group, item: &Item) -> Option<&Spot> {
        if self.spots.is_empty() {
            return None;
        }
        let key = (group.first_item, item.event.fingerprint.0);
        let at = self.spots.partition_point(|spot| spot.key < key);
        self.spots.get(at).filter(|spot| spot.key == key)
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
