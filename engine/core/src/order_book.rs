//! The orders of a group: what shards tell of their shipments, rolled up in one place.
//!
//! # Place
//!
//! ```text
//! shard 0 -> told \
//!                  X by position -> order_book -> changes of kind `order` -> merged with all others
//! shard 1 -> told /
//! ```
//!
//! The shipments of an order may lie in different shards, so there is one book behind them all. Whoever
//! merges the outputs of a turn owns it: the embedded engine, or the collector of a node.
//!
//! # Holds
//!
//! - What shards tell is taken in the order of the log, so the book says the same whatever the number
//!   of shards and however turns are cut.
//! - A change stands behind those of its cause: same position, the book comes last.

mod saving;

use crossdock_model::change::ChangeKind;
use crossdock_model::id::{ChangeId, Position, ShipmentKey};
use crossdock_model::time::{EventTime, Micros};
use hashbrown::HashTable;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128, xxh3_128_with_seed};

use crate::json::Object;
use crate::order::{Order, OrderState, Standing};
use crate::output::{MessageKind, Output};
use crate::say;
use crate::tally::Tally;
use crate::under_way::{self, Planted, UnderWay};

/// Identity of an order: a hash of (tenant, number).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderKey(pub u128);

impl OrderKey {
    /// The order of a tenant.
    #[must_use]
    pub fn of(tenant: &str, order: &str) -> Self {
        Self(xxh3_128_with_seed(order.as_bytes(), xxh3_64(tenant.as_bytes())))
    }
}

/// What a shard tells of one shipment of an order.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Where its cause stands in the log.
    pub position: Position,
    /// Stream time of the cause.
    pub received: Micros,
    /// When it happened; absent where the order became known by itself.
    pub at: EventTime,
    /// Whose data.
    pub tenant: &'a str,
    /// The order.
    pub order: &'a str,
    /// Who carries the shipment.
    pub carrier: &'a str,
    /// Its number.
    pub number: &'a str,
    /// The feed of the cause.
    pub feed: &'a str,
    /// The shipment.
    pub key: ShipmentKey,
    /// Fingerprint of the cause.
    pub cause: u64,
    /// How it stood before.
    pub before: Standing,
    /// How it stands now.
    pub after: Standing,
}

/// All orders of a group.
#[derive(Debug, Default)]
pub struct OrderBook {
    index: HashTable<u32>,
    orders: Vec<(OrderKey, Order)>,
    tally: Tally,
    state_hash: u64,
    heads: Vec<usize>,
    saving: saving::Saving,
    under_way: UnderWay,
    planted: Option<Planted>,
}

impl OrderBook {
    /// Plants something that stands in for a bug, in tests.
    pub fn plant(&mut self, planted: Option<Planted>) {
        self.planted = planted;
    }

    /// What it is doing, or was when it panicked.
    #[must_use]
    pub fn under_way(&self) -> UnderWay {
        self.under_way
    }

    /// What was said so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How many orders it knows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.orders.len()
    }

    /// The hash of all state; added to that of the shards.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        self.state_hash
    }

    /// Bytes taken from the allocator.
    #[must_use]
    pub fn memory_size(&self) -> usize {
        self.orders.capacity() * size_of::<(OrderKey, Order)>() + 5 * self.index.capacity()
    }

    /// An order, to look at.
    #[must_use]
    pub fn order(&self, key: OrderKey) -> Option<&Order> {
        let slot = self.index.find(key.0 as u64, |&slot| self.orders[slot as usize].0 == key)?;
        Some(&self.orders[*slot as usize].1)
    }

    /// Takes what the shards told in one turn, in the order of the log, and writes what is to be said.
    pub fn turn<'a>(
        &mut self,
        outputs: impl Iterator<Item = &'a Output> + Clone,
        out: &mut Output,
    ) {
        let mut heads = core::mem::take(&mut self.heads);
        heads.clear();
        heads.extend(outputs.clone().map(|_| 0));
        // Ends: every turn moves one head by one.
        loop {
            let next = outputs
                .clone()
                .enumerate()
                .filter_map(|(i, output)| output.told().get(heads[i]).map(|it| (it.position(), i)))
                .min();
            let Some((position, i)) = next else { break };
            self.under_way = UnderWay::Message(position.seq);
            let output = outputs.clone().nth(i).expect("it was just looked at");
            self.take(&output.told_of(&output.told()[heads[i]]), out);
            heads[i] += 1;
        }
        self.heads = heads;
        self.under_way = UnderWay::Nothing;
    }

    fn take(&mut self, told: &Told<'_>, out: &mut Output) {
        if let Some(Planted::Orders(number)) = &self.planted
            && told.number == &**number
        {
            under_way::spring(number);
        }
        let key = OrderKey::of(told.tenant, told.order);
        let slot = self.slot_of(key);
        self.save_ahead(slot);
        let before = hash_of(&self.orders[slot]);
        let mut said = 0;
        let (_, order) = &mut self.orders[slot];
        order.replace(told.before, told.after);
        order.advance(|order, state, previous, episode| {
            say_one(key, order, (state, previous, episode), told, out);
            said += 1;
        });
        self.tally.changes[ChangeKind::Order as usize] += said;
        let after = hash_of(&self.orders[slot]);
        self.state_hash = self.state_hash.wrapping_sub(before).wrapping_add(after);
    }

    fn slot_of(&mut self, key: OrderKey) -> usize {
        let orders = &self.orders;
        if let Some(&slot) = self.index.find(key.0 as u64, |&slot| orders[slot as usize].0 == key) {
            return slot as usize;
        }
        let slot = u32::try_from(orders.len()).expect("memory ends before slots do");
        self.orders.push((key, Order::default()));
        let added = hash_of(&self.orders[slot as usize]);
        self.state_hash = self.state_hash.wrapping_add(added);
        let orders = &self.orders;
        self.index.insert_unique(key.0 as u64, slot, |&slot| orders[slot as usize].0.0 as u64);
        slot as usize
    }
}

fn hash_of((key, order): &(OrderKey, Order)) -> u64 {
    let mut bytes = [0; ORDER_SIZE];
    put(*key, order, &mut bytes);
    xxh3_64(&bytes)
}

/// Bytes of one order in a snapshot and under the hash.
pub const ORDER_SIZE: usize = 16 + 4 * crate::order::ASPECTS + 2 + 2 + 4 + 2 + 1 + 1;

fn put(key: OrderKey, order: &Order, bytes: &mut [u8; ORDER_SIZE]) {
    let Order { counts, itself, said, version, troubles, is_troubled, state } = order;
    let mut rest = &mut bytes[..];
    let mut write = |part: &[u8]| {
        let (here, behind) = core::mem::take(&mut rest).split_at_mut(part.len());
        here.copy_from_slice(part);
        rest = behind;
    };
    write(&key.0.to_le_bytes());
    for count in counts {
        write(&count.to_le_bytes());
    }
    write(&itself.0.to_le_bytes());
    write(&said.to_le_bytes());
    write(&version.to_le_bytes());
    write(&troubles.to_le_bytes());
    write(&[u8::from(*is_troubled), *state]);
    assert!(rest.is_empty(), "every byte of an order is written");
}

impl OrderBook {
    /// Visits every order as [`ORDER_SIZE`] bytes: what is saved.
    pub fn rows(&self, mut visit: impl FnMut(&[u8; ORDER_SIZE])) {
        let mut bytes = [0; ORDER_SIZE];
        for (key, order) in &self.orders {
            put(*key, order, &mut bytes);
            visit(&bytes);
        }
    }

    /// Takes an order that was saved; false where it is known already or says what can't be.
    pub fn take_row(&mut self, bytes: &[u8; ORDER_SIZE]) -> bool {
        let mut rest = &bytes[..];
        let mut take = |size: usize| {
            let (here, behind) = rest.split_at(size);
            rest = behind;
            let mut word = [0; 16];
            word[..size].copy_from_slice(here);
            u128::from_le_bytes(word)
        };
        let key = OrderKey(take(16));
        let order = Order {
            counts: core::array::from_fn(|_| take(4) as u32),
            itself: Standing(take(2) as u16),
            said: take(2) as u16,
            version: take(4) as u32,
            troubles: take(2) as u16,
            is_troubled: take(1) != 0,
            state: take(1) as u8,
        };
        if self.order(key).is_some() || OrderState::from_number(order.state).is_none() {
            return false;
        }
        let slot = self.slot_of(key);
        let before = hash_of(&self.orders[slot]);
        self.orders[slot].1 = order;
        let after = hash_of(&self.orders[slot]);
        self.state_hash = self.state_hash.wrapping_sub(before).wrapping_add(after);
        true
    }
}

/// The id of a change of an order: a pure function of (order, state, episode).
#[must_use]
pub fn change_id(key: OrderKey, state: OrderState, episode: u16) -> ChangeId {
    let mut bytes = [0_u8; 20];
    bytes[0..16].copy_from_slice(&key.0.to_le_bytes());
    bytes[16] = ChangeKind::Order as u8;
    bytes[17] = state as u8;
    bytes[18..20].copy_from_slice(&episode.to_le_bytes());
    ChangeId(xxh3_128(&bytes))
}

fn say_one(
    key: OrderKey,
    order: &Order,
    (state, previous, episode): (OrderState, OrderState, u16),
    told: &Told<'_>,
    out: &mut Output,
) {
    let id = change_id(key, state, episode);
    let kind = MessageKind::Change { kind: ChangeKind::Order, id };
    let received = told.received.get().unwrap_or(0);
    out.push(
        told.position,
        kind,
        received,
        |bytes| {
            bytes.extend_from_slice(b"ms.");
            say::write_token(bytes, told.tenant);
            bytes.push(b'.');
            bytes.extend_from_slice(state.audience().name().as_bytes());
            bytes.extend_from_slice(b".order");
        },
        |bytes| {
            let mut object = Object::begin(bytes);
            object.hex128("id", id.0);
            object.name("kind", ChangeKind::Order.name());
            object.text("tenant", told.tenant);
            object.text("order", told.order);
            object.number("version", u64::from(order.version));
            object.name("state", state.name());
            object.name("previous", previous.name());
            if told.at.instant.is_some() {
                object.instant("at", &told.at);
            } else {
                object.local("local_time", &told.at);
            }
            object.number("episode", u64::from(episode));
            object.object("shipments", |counts| write_counts(counts, order));
            object.name("audience", state.audience().name());
            object.text("carrier", told.carrier);
            object.text("tracking_number", told.number);
            object.text("feed", told.feed);
            object.utc("received", told.received);
            object.hex64("cause", told.cause);
            object.object("position", |position| {
                position.number("seq", told.position.seq);
                position.number("index", u64::from(told.position.index));
            });
            object.end();
        },
    );
}

fn write_counts(object: &mut Object<'_>, order: &Order) {
    for (key, aspect) in [
        ("known", Standing::PRESENT),
        ("outbound", Standing::OUTBOUND),
        ("shipped", Standing::SHIPPED),
        ("delivered", Standing::DELIVERED),
        ("cancelled", Standing::CANCELLED),
        ("exception", Standing::TROUBLED),
        ("turned_back", Standing::TURNED),
        ("back", Standing::BACK),
    ] {
        let number = order.number(aspect);
        // The first two are always there, so that a reader sees what the others are a part of.
        if 0 < number || matches!(aspect, Standing::PRESENT | Standing::OUTBOUND) {
            object.number(key, u64::from(number));
        }
    }
}
