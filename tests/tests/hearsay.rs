//! What a feed may not say changes nothing, wherever in a history it stands.
//!
//! # Place
//! The promise of `docs/decisions/0015-source-of-truth.md`, over random histories.
//! # Method
//! The same carrier events are told to two tenants in the same order. One of them hears a warehouse between them that speaks of
//! milestones which a warehouse may not say. Its record, and what is said of it, are those of the other.

use crossdock_core::feeds::Feeds;
use crossdock_model::reject::Outcome;
use crossdock_tests::codes::{CODES, name};
use crossdock_tests::replay::{self, Document, Replay, Said};
use proptest::prelude::*;
use std::sync::LazyLock;

static FEEDS: LazyLock<Feeds> = LazyLock::new(replay::feeds);

/// 2026-01-01T00:00:00Z, seconds.
const START: i64 = 1_767_225_600;

/// What a warehouse does not see.
const HEARSAY: [&str; 6] =
    ["DELIVERED", "SHIPPED", "OUT_FOR_DELIVERY", "ATTEMPTED", "RTS_DELIVERED", "ORDER_CREATED"];

fn document(feed: &str, event: &str, hour: i64) -> Document {
    let at = jiff::Timestamp::from_second(START + hour * 3600).expect("in range");
    let text =
        format!(r#"{{"tracking_number":"N-1","order":"A-1","event":"{event}","at":"{at}"}}"#);
    let received = (START + 400 * 86_400) * 1_000_000;
    Document { feed: feed.to_owned(), received, bytes: text.into_bytes() }
}

/// What matters of a thing said: all but how it is counted and where it stood.
fn bare(said: &[Said]) -> Vec<String> {
    said.iter()
        .map(|said| {
            let mut value = said.body.clone();
            for key in ["position", "tenant", "id"] {
                value.as_object_mut().expect("an object").remove(key);
            }
            value.to_string()
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hearsay_changes_nothing(
        events in prop::collection::vec((0..CODES.len(), 0_i64..4_000), 1..16),
        hearsay in prop::collection::vec((0_usize..17, 0..HEARSAY.len(), 0_i64..4_000), 1..6),
    ) {
        let mut replay = Replay::new(&FEEDS);
        let mut heard = 0;
        for (place, &(code, hour)) in events.iter().enumerate() {
            for &(at, said, when) in &hearsay {
                if at == place {
                    replay.push("gossip", &document("warehouse", HEARSAY[said], when));
                    let said = replay.said();
                    prop_assert!(said.is_empty(), "{:?}", bare(&said));
                    heard += 1;
                }
            }
            replay.push("gossip", &document("generic", name(code), hour));
            let with = bare(&replay.said());
            replay.push("plain", &document("generic", name(code), hour));
            prop_assert_eq!(with, bare(&replay.said()));
        }
        let found = replay.shipments("N-1");
        prop_assert_eq!(found.len(), 2);
        prop_assert_eq!(found[0].1.record, found[1].1.record);
        let tally = replay.tally();
        prop_assert!(tally.balances());
        prop_assert!(tally.hearsay <= heard, "each is counted once");
        prop_assert_eq!(tally.of(Outcome::Dead), 0);
    }
}
