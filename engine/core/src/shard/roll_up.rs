//! What a shard tells the order book: how a shipment stands within its order.

use crossdock_model::id::Position;
use crossdock_model::time::EventTime;

use super::Shard;
use crate::batch::{Batch, Group, Item};
use crate::order::Standing;
use crate::order_book::Told;
use crate::output::Output;
use crate::standardize::number;
use crate::texts::TextId;

impl Shard {
    /// Tells how a shipment stands, where that is news. `item` caused it; without one the order
    /// became known.
    pub(super) fn roll_up(
        &mut self,
        batch: &Batch,
        group: &Group,
        item: Option<&Item>,
        slot: usize,
        out: &mut Output,
    ) {
        let shipment = &self.shipments[slot];
        if shipment.order == TextId::NONE {
            return;
        }
        let order = self.texts.get(shipment.order);
        let is_itself = match shipment.standing.has(Standing::PRESENT) {
            true => shipment.standing.has(Standing::ITSELF),
            false => is_number_of(order, batch.text(group.number)),
        };
        let (before, after) = (shipment.standing, Standing::of(&shipment.record, is_itself));
        if before == after {
            return;
        }
        out.tell(&Told {
            position: Position {
                seq: group.seq,
                index: item.map_or(group.index, |item| item.index),
            },
            received: group.received,
            at: item.map_or_else(EventTime::default, |item| item.event.time),
            tenant: batch.text(group.tenant),
            order,
            carrier: batch.text(group.carrier),
            number: batch.text(group.number),
            feed: self.feed_names.get(usize::from(group.feed.0)).map_or("", |name| name),
            key: shipment.key,
            cause: item.map_or(0, |item| item.event.fingerprint.0),
            before,
            after,
        });
        self.open(slot);
        self.shipments[slot].standing = after;
    }
}

/// True where an order's number, normalized, is a shipment's.
fn is_number_of(order: &str, shipment_number: &str) -> bool {
    number::normalize(order).is_some_and(|number| number.as_str() == shipment_number)
}
