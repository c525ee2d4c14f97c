//! The same events in other clothes: split into single-event documents, doubled, in other orders.
//!
//! # Place
//! Under `scenarios` and `fold_laws`: what the engine makes of events must not depend on how they
//! came.
//! # Method
//! A carrier's answer is split by its event arrays: one copy of the document for each event, with
//! every other event left out. Orders are all permutations up to seven documents, else random ones.
//! # Holds
//! The split documents together have the events of the whole one, and nothing else.
//! # Does not hold
//! Formats other than JSON: their documents stay whole.

use crate::replay::Document;
use serde_json::Value;

/// Up to so many documents every order is tried.
pub const PERMUTED_MAX: usize = 7;
/// Above that, so many random orders.
pub const RANDOM_ORDERS: usize = 2_000;

/// Keys of the arrays that hold events, in the nine feeds.
const EVENT_ARRAYS: [&str; 7] = [
    "activity",
    "scanEvents",
    "trackingEvents",
    "events",
    "tracking_details",
    "checkpoints",
    "tracking_history",
];

/// One document for each event; a document without event arrays stays as it is.
#[must_use]
pub fn split(document: &Document) -> Vec<Document> {
    let Ok(whole) = serde_json::from_slice::<Value>(&document.bytes) else {
        return vec![document.clone()];
    };
    let mut count = 0;
    let mut all = whole.clone();
    keep_one(&mut all, usize::MAX, &mut count);
    if count == 0 {
        return vec![document.clone()];
    }
    let parts = (0..count).map(|kept| {
        let mut part = whole.clone();
        keep_one(&mut part, kept, &mut 0);
        Document { bytes: part.to_string().into_bytes(), ..document.clone() }
    });
    parts.collect()
}

/// Leaves only the event number `kept` in all event arrays together; counts them.
fn keep_one(value: &mut Value, kept: usize, count: &mut usize) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::Array(events) if is_event_array(key, events) => {
                        let first = *count;
                        *count += events.len();
                        let mut index = first;
                        events.retain(|_| {
                            index += 1;
                            index - 1 == kept
                        });
                    }
                    value => keep_one(value, kept, count),
                }
            }
        }
        Value::Array(values) => {
            for value in values {
                keep_one(value, kept, count);
            }
        }
        _ => {}
    }
}

/// An AfterShip checkpoint has `events` of its own, which are codes.
fn is_event_array(key: &str, events: &[Value]) -> bool {
    EVENT_ARRAYS.contains(&key) && events.first().is_some_and(|event| event.get("reason").is_none())
}

/// The documents split, each once, in the order of their first coming.
#[must_use]
pub fn units(documents: &[Document]) -> Vec<Document> {
    let mut units: Vec<Document> = Vec::new();
    for unit in documents.iter().flat_map(split) {
        if units.iter().all(|known| known.bytes != unit.bytes || known.feed != unit.feed) {
            units.push(unit);
        }
    }
    units
}

/// Orders of `count` things to try: every one, or random ones from a fixed seed.
#[must_use]
pub fn orders(count: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut orders = Vec::new();
    if count <= PERMUTED_MAX {
        permute(&mut order, 0, &mut orders);
        return orders;
    }
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for _ in 0..RANDOM_ORDERS {
        for i in (1..count).rev() {
            order.swap(i, random.below(i + 1));
        }
        orders.push(order.clone());
    }
    orders
}

/// Ends: each level fixes one place more.
fn permute(order: &mut Vec<usize>, fixed: usize, orders: &mut Vec<Vec<usize>>) {
    if fixed == order.len() {
        orders.push(order.clone());
        return;
    }
    for i in fixed..order.len() {
        order.swap(fixed, i);
        permute(order, fixed + 1, orders);
        order.swap(fixed, i);
    }
}

/// A small generator of a fixed seed (splitmix64), so that a failure comes again.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    ///
    /// # Panics
    /// Where `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        assert!(0 < bound);
        (self.draw() % bound as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_split_by_its_events() {
        check(
            r#"{"trackingNumber":"1","trackingEvents":[{"a":1},{"a":2}]}"#,
            &[
                r#"{"trackingEvents":[{"a":1}],"trackingNumber":"1"}"#,
                r#"{"trackingEvents":[{"a":2}],"trackingNumber":"1"}"#,
            ],
        );
        check(
            r#"{"shipments":[{"events":[{"a":1}]},{"events":[{"a":2}]}]}"#,
            &[
                r#"{"shipments":[{"events":[{"a":1}]},{"events":[]}]}"#,
                r#"{"shipments":[{"events":[]},{"events":[{"a":2}]}]}"#,
            ],
        );
        check(r#"{"event":"PACKED"}"#, &[r#"{"event":"PACKED"}"#]);
        check("{", &["{"]);
    }

    #[test]
    fn orders_are_all_or_many() {
        assert_eq!(orders(3).len(), 6);
        assert_eq!(orders(7).len(), 5040);
        assert_eq!(orders(8).len(), RANDOM_ORDERS);
        let mut distinct = orders(4);
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), 24);
    }

    #[track_caller]
    fn check(document: &str, expected: &[&str]) {
        let bytes = document.as_bytes().to_vec();
        let document = Document { feed: String::from("f"), received: 0, bytes };
        let parts: Vec<String> = split(&document)
            .into_iter()
            .map(|part| String::from_utf8(part.bytes).expect("JSON is UTF-8"))
            .collect();
        let expected: Vec<&str> = expected.to_vec();
        assert_eq!(parts, expected);
    }
}
