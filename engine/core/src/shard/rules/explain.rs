//! Why a rule stands where it stands with a shipment, for people.
//!
//! # Holds
//!
//! - The facts are those that the rule is asked with; a rule that begins with an event is shown that event, with its words
//!   and its place as the history keeps them.

use crossdock_model::event::Event;
use crossdock_rules::rule::catalogue::Catalogue;
use crossdock_rules::rule::explain::Explanation;
use crossdock_rules::rule::facts::{Facts, HashInterner, Scene, Symbol};

use super::{Question, present};
use crate::entry::Entry;
use crate::say::SEPARATOR;
use crate::shard::Shard;
use crate::watch::eta_of;

impl Shard {
    /// Visits the shipments that have a number with what a rule says of them: their owner (`tenant \x1f carrier`), which
    /// use of the number it is, and the explanation as of stream time.
    pub fn explain_rule(
        &mut self,
        number: &[u8],
        rule: &str,
        mut visit: impl FnMut(&str, u16, &Explanation),
    ) {
        let Some(index) = self.watch.as_ref().and_then(|watch| watch.set.find(rule)) else {
            return;
        };
        let slots: Vec<usize> = (0..self.shipments.len())
            .filter(|&slot| {
                let shipment = &self.shipments[slot];
                let own = self.numbers.get(shipment.number).1.as_bytes();
                !shipment.is_vacant && (own == number || self.aliases.has(slot, number))
            })
            .collect();
        for slot in slots {
            let owner = self.numbers.get(self.shipments[slot].number).0.to_owned();
            let record = self.shipments[slot].record;
            let eta_before = eta_of(&self.estimates.get(self.shipments[slot].estimate).eta);
            let mut told = None;
            self.lend(|shard, watch| {
                let question = Question {
                    before: &record,
                    after: &record,
                    event: None,
                    scene: Scene::default(),
                    eta_before,
                    has_word: false,
                    now: watch.now,
                };
                let mut shown: Option<Event> = None;
                shard.with_facts(watch, slot, &question, |watch, slot, facts| {
                    let rows = watch.store.rows(&watch.ships[slot].handle);
                    shown = watch.set.event_of(index, facts, rows);
                });
                let words = shown.map(|event| shard.words_of(slot, &event)).unwrap_or_default();
                let scene = words.scene();
                let question = Question { scene, ..question };
                shard.with_facts(watch, slot, &question, |watch, slot, facts| {
                    let facts = Facts { event: shown.as_ref(), ..*facts };
                    let rows = watch.store.rows(&watch.ships[slot].handle);
                    let name = |symbol: Symbol| name_of(symbol, &owner);
                    told = Some(watch.set.explain(index, &facts, rows, &name));
                });
            });
            if let Some(told) = &told {
                visit(&owner, record.epoch, told);
            }
        }
    }
}

/// What was said with an event, as the history keeps it: codes, words, and place.
#[derive(Clone, Debug, Default)]
struct Spoken {
    codes: String,
    text: String,
    place: String,
}

impl Spoken {
    /// As rules see it, but for the point, which is not kept.
    fn scene(&self) -> Scene<'_> {
        let mut scene = super::scene_of_place(&self.place);
        scene.code = present(self.codes.split(SEPARATOR).next().unwrap_or(""));
        scene.text = present(&self.text);
        scene
    }
}

impl Shard {
    /// What was said with an event of a shipment.
    fn words_of(&self, slot: usize, event: &Event) -> Spoken {
        let mut entries = self.histories.entries(self.shipments[slot].run);
        let is_it = |entry: &Entry| {
            u64::from(entry.fingerprint) == event.fingerprint.0
                && entry.order.micros() == event.time.instant
        };
        let Some(entry) = entries.find(is_it) else { return Spoken::default() };
        let text = |id| self.texts.get(id).to_owned();
        let codes = self.senses.get(entry.sense).codes;
        Spoken { codes: text(codes), text: text(entry.text), place: text(entry.place) }
    }
}

/// The word of a symbol, where it is an owner's or a known name.
fn name_of(symbol: Symbol, owner: &str) -> Option<String> {
    let own = owner.split(SEPARATOR).find(|name| HashInterner::of(name) == symbol);
    own.map(str::to_owned).or_else(|| Catalogue::default().name_of(symbol))
}
