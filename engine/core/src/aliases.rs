//! Other numbers of parcels: beside the shipments, for few have any.
//!
//! # Place
//!
//! Kept by the shard for the slots of its shipments, named in every change, looked into by timelines.
//!
//! # Method
//!
//! The numbers of a slot are one sorted text, joined by the separator, and at most [`ALIASES_MAX`] of them: where more are
//! named, the first by their signs stay.
//!
//! # Holds
//!
//! - A function of the set of numbers that were named: in any order and however often.
//! - Naming what is known takes nothing from the allocator.

use std::collections::BTreeMap;

use crossdock_model::id::ShipmentKey;
use crossdock_model::limits::ALIASES_MAX;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::say::SEPARATOR;

/// The other numbers of a shard's shipments, by slot.
#[derive(Debug, Default)]
pub struct Aliases {
    texts: BTreeMap<u32, Box<str>>,
}

impl Aliases {
    /// The numbers of a slot, joined by the separator; empty where there are none.
    #[must_use]
    pub fn get(&self, slot: usize) -> &str {
        if self.texts.is_empty() {
            return "";
        }
        u32::try_from(slot).ok().and_then(|slot| self.texts.get(&slot)).map_or("", |text| text)
    }

    /// True where `named` holds a number that would be kept and is not known yet.
    #[must_use]
    pub fn is_news(&self, slot: usize, named: &str) -> bool {
        let known = self.get(slot);
        let is_full = known.split(SEPARATOR).count() == ALIASES_MAX;
        let last = known.rsplit(SEPARATOR).next().unwrap_or("");
        let is_new = |number: &str| {
            !known.split(SEPARATOR).any(|it| it == number) && (!is_full || number < last)
        };
        !named.is_empty() && named.split(SEPARATOR).any(is_new)
    }

    /// Adds numbers to those of a slot.
    pub fn add(&mut self, slot: usize, named: &str) {
        let known = self.get(slot);
        let both = known.split(SEPARATOR).chain(named.split(SEPARATOR));
        let mut numbers: Vec<&str> = both.filter(|number| !number.is_empty()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.truncate(ALIASES_MAX);
        let text = numbers.join(crate::say::SEPARATOR_TEXT);
        let slot = u32::try_from(slot).expect("a slot is 32 bits");
        self.texts.insert(slot, text.into());
    }

    /// Nothing is known of a slot any more.
    pub fn release(&mut self, slot: usize) {
        if let Ok(slot) = u32::try_from(slot) {
            self.texts.remove(&slot);
        }
    }

    /// True where a slot has this number.
    #[must_use]
    pub fn has(&self, slot: usize, number: &[u8]) -> bool {
        let known = self.get(slot);
        !known.is_empty() && known.split(SEPARATOR).any(|it| it.as_bytes() == number)
    }

    /// Bytes taken from the allocator, as far as they are known: the nodes of the tree are estimated.
    #[must_use]
    pub fn memory_size(&self) -> usize {
        let texts: usize = self.texts.values().map(|text| text.len()).sum();
        texts + self.texts.len() * 2 * size_of::<(u32, Box<str>)>()
    }
}

/// The hash of a shipment's other numbers; 0 where it has none.
#[must_use]
pub fn hash(key: ShipmentKey, text: &str) -> u64 {
    if text.is_empty() { 0 } else { xxh3_64_with_seed(text.as_bytes(), key.shard_hash()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        /// The model: the first few of a set.
        #[test]
        fn the_set_decides_and_nothing_else(
            named in prop::collection::vec(prop::collection::vec("[A-F]{1,2}", 1..4), 0..12),
        ) {
            let (mut aliases, mut model) = (Aliases::default(), BTreeSet::new());
            for numbers in &named {
                let text = numbers.join("\x1f");
                let before = aliases.get(7).to_owned();
                if aliases.is_news(7, &text) {
                    aliases.add(7, &text);
                    prop_assert_ne!(aliases.get(7), &*before);
                }
                model.extend(numbers.iter().map(String::as_str));
                let expected: Vec<&str> = model.iter().copied().take(ALIASES_MAX).collect();
                prop_assert_eq!(aliases.get(7), expected.join("\x1f"));
                prop_assert!(!aliases.is_news(7, &text));
                prop_assert!(expected.iter().all(|it| aliases.has(7, it.as_bytes())));
                prop_assert_eq!(aliases.get(8), "");
            }
            aliases.release(7);
            prop_assert_eq!(aliases.get(7), "");
            prop_assert!(!aliases.has(7, b""));
        }
    }
}
