//! The histories of a number as lines for people: the audit trail.
//!
//! # Place
//!
//! Behind `crossdock replay --timeline NUMBER`; nothing on the way of events.

use super::Shard;
use crate::entry::Entry;
use crate::reading::{self, Dictionary, Role};
use crate::say;
use crate::shipment::Shipment;

impl Shard {
    /// Visits the shipments whose number is `number`, with their histories as JSON lines.
    pub fn timelines(&self, number: &[u8], mut visit: impl FnMut(&Shipment, &str, &[u8])) {
        let mut lines = Vec::new();
        for (slot, shipment) in self.shipments.iter().enumerate() {
            if shipment.is_vacant {
                continue;
            }
            let (owner, its_number) = self.numbers.get(shipment.number);
            if its_number.as_bytes() != number && !self.aliases.has(slot, number) {
                continue;
            }
            let name = format!("{owner}{}{its_number}", say::SEPARATOR);
            lines.clear();
            let entries: Vec<Entry> = self.histories.entries(shipment.run).collect();
            let dictionary = Dictionary { senses: &self.senses, texts: &self.texts };
            let roles = reading::roles(&entries, dictionary, shipment.is_shared);
            for (index, (entry, &role)) in entries.iter().zip(&roles).enumerate() {
                let sense = self.senses.get(entry.sense);
                let sources = self.sources_of(&entries, &roles, index);
                let line = crate::timeline::Line {
                    entry,
                    sense,
                    role,
                    sources: &sources,
                    feed: self.feed_names.get(usize::from(sense.feed.0)).map_or("", |it| it),
                    codes: self.texts.get(sense.codes),
                    text: self.texts.get(entry.text),
                    place: self.texts.get(entry.place),
                };
                crate::timeline::write(&mut lines, &line);
                lines.push(b'\n');
            }
            visit(shipment, &name, &lines);
        }
    }

    /// The names of the feeds whose entries one entry leads, its own first, each once.
    fn sources_of(&self, entries: &[Entry], roles: &[Role], index: usize) -> Vec<&str> {
        let feed = |entry: &Entry| usize::from(self.senses.get(entry.sense).feed.0);
        let mut feeds = vec![feed(&entries[index])];
        for (entry, role) in entries.iter().zip(roles) {
            let is_led = *role == Role::Repeats(index as u16);
            if is_led && !feeds.contains(&feed(entry)) {
                feeds.push(feed(entry));
            }
        }
        feeds.into_iter().filter_map(|feed| self.feed_names.get(feed).map(|name| &**name)).collect()
    }
}
