//! Why a rule stands where it stands with a shipment, for people.
//!
//! # Holds
//!
//! - The facts are those that the rule is asked with; a rule about events is shown the newest event that it is about.

use crossdock_model::event::Event;
use crossdock_rules::rule::catalogue::Catalogue;
use crossdock_rules::rule::explain::Explanation;
use crossdock_rules::rule::facts::{Facts, HashInterner, Scene, Symbol};

use super::Question;
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
                shard.with_facts(watch, slot, &question, |watch, slot, facts| {
                    let newest: Option<Event> = watch.set.newest_of(index, facts);
                    let facts = Facts { event: newest.as_ref(), ..*facts };
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

/// The word of a symbol, where it is an owner's or a known name.
fn name_of(symbol: Symbol, owner: &str) -> Option<String> {
    let own = owner.split(SEPARATOR).find(|name| HashInterner::of(name) == symbol);
    own.map(str::to_owned).or_else(|| Catalogue::default().name_of(symbol))
}
