//! The feeds of each tenant as they come in: whose silence proves nothing about its shipments.
//!
//! # Place
//!
//! Part of a shard's [`Watch`](super::Watch). Every shard sees every message of the log, so every
//! shard has the same sources with the same clocks; one shard, by the key of the source, speaks for it.
//!
//! # Method
//!
//! A clock learns with every message. What rules are shown of it (the usual silence, the usual
//! lateness) is frozen at every [`MARK`]-th message of the source, a fixed point of the log; how long
//! it has been silent is the distance from its last message.
//!
//! # Holds
//!
//! - What is seen at a place of the log depends on the log up to there, not on batches or shards.

use crossdock_model::id::FeedId;
use crossdock_model::record::Seconds;
use crossdock_rules::rule::facts::{Feed, HashInterner, Symbol};
use crossdock_rules::rule::feed_clock::FeedClock;
use crossdock_rules::rule::rows::RowHandle;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128_with_seed};

/// Messages of a source between two looks at what it has learned.
pub const MARK: u32 = 64;

/// One feed of one tenant.
#[derive(Clone, Debug)]
pub struct Source {
    /// Whose.
    pub tenant: Box<str>,
    /// The tenant as rules name it.
    pub tenant_symbol: Symbol,
    /// Which feed.
    pub feed: FeedId,
    /// Stands for the source where a shipment has its key.
    pub key: u128,
    /// What its silence is judged by.
    pub clock: FeedClock,
    /// As it was at its last mark.
    pub frozen: Feed,
    /// Its last message.
    pub last: Seconds,
    /// How many messages it has sent.
    pub count: u32,
    /// What rules remember of it.
    pub handle: RowHandle,
    /// How many changes were said of it.
    pub version: u32,
    /// When to look at it again; only in the shard that speaks for it.
    pub due: Option<Seconds>,
    /// This shard speaks for it.
    pub is_own: bool,
}

impl Source {
    /// What rules see at a moment.
    #[must_use]
    pub fn view(&self, now: Seconds) -> Feed {
        let silent_seconds = now.0.saturating_sub(self.last.0);
        let limit = self.frozen.limit_seconds;
        Feed { is_silent: limit != 0 && limit < silent_seconds, silent_seconds, ..self.frozen }
    }

    /// The first second in which it counts as silent.
    #[must_use]
    pub fn silent_from(&self) -> Option<Seconds> {
        let limit = self.frozen.limit_seconds;
        (limit != 0).then(|| Seconds(self.last.0.saturating_add(limit).saturating_add(1)))
    }

    /// One message.
    pub fn observe(&mut self, received: Seconds, happened: Seconds) {
        self.clock.observe(received, happened);
        self.last = self.last.max(received);
        self.count = self.count.wrapping_add(1);
        if self.count.is_multiple_of(MARK) {
            self.frozen = self.clock.freeze(received);
            self.look_again();
        } else if self.due.is_none() {
            self.look_again();
        }
    }

    /// Sees to it that its silence is noticed.
    fn look_again(&mut self) {
        if !self.is_own {
            return;
        }
        self.due = match (self.due, self.silent_from()) {
            (Some(due), Some(silent)) => Some(due.min(silent)),
            (due, silent) => due.or(silent),
        };
    }
}

/// All of them, in the order of their first message.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    list: Vec<Source>,
    last: usize,
    /// Which shard this is, and of how many.
    shard: (usize, usize),
}

impl Sources {
    /// None yet.
    #[must_use]
    pub fn new(shard: (usize, usize)) -> Self {
        Self { list: Vec::new(), last: 0, shard }
    }

    /// The number of a source, made where it is new. One source mostly sends many messages in a row.
    pub fn find(&mut self, tenant: &str, feed: FeedId, feed_name: &str) -> usize {
        let is_it = |it: &Source| it.feed == feed && *it.tenant == *tenant;
        if self.list.get(self.last).is_some_and(is_it) {
            return self.last;
        }
        self.last = match self.list.iter().position(is_it) {
            Some(index) => index,
            None => self.add(tenant, feed, feed_name),
        };
        self.last
    }

    fn add(&mut self, tenant: &str, feed: FeedId, feed_name: &str) -> usize {
        let key = xxh3_128_with_seed(feed_name.as_bytes(), xxh3_64(tenant.as_bytes()) ^ 0xFEED);
        let (index, count) = self.shard;
        let name = HashInterner::of(feed_name);
        self.list.push(Source {
            tenant: tenant.into(),
            tenant_symbol: HashInterner::of(tenant),
            feed,
            key,
            clock: FeedClock::new(name),
            frozen: Feed { name, ..Feed::default() },
            last: Seconds::NEVER,
            count: 0,
            handle: RowHandle::default(),
            version: 0,
            due: None,
            is_own: crossdock_model::id::ShipmentKey(key).shard(count) == index,
        });
        self.list.len() - 1
    }

    /// By number.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Source> {
        self.list.get(index)
    }

    /// By number.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut Source> {
        self.list.get_mut(index)
    }

    /// Every source.
    #[must_use]
    pub fn list(&self) -> &[Source] {
        &self.list
    }

    /// The source that is due first, up to a second; of two that are due together, the one with the
    /// smaller key.
    #[must_use]
    pub fn first_due(&self, until: Seconds) -> Option<(Seconds, usize)> {
        let due = |(index, it): (usize, &Source)| it.due.map(|due| (due, it.key, index));
        let first = self.list.iter().enumerate().filter_map(due).min()?;
        (first.0 <= until).then_some((first.0, first.2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_sends_every_minute_is_silent_after_half_an_hour() {
        let mut sources = Sources::new((0, 1));
        let index = sources.find("acme", FeedId(3), "ups-track");
        assert_eq!(sources.find("acme", FeedId(3), "ups-track"), index);
        assert_ne!(sources.find("other", FeedId(3), "ups-track"), index);
        let source = sources.get_mut(index).expect("it was made");
        let minute = |minute: u32| Seconds(1_000_000 + minute * 60);
        for at in 0..256 {
            assert_eq!(source.due, None, "nothing is usual before it is known");
            source.observe(minute(at), Seconds::NEVER);
            if source.count == 256 {
                break;
            }
        }
        assert_eq!(source.count, 256);
        assert_eq!(source.due, Some(Seconds(minute(255).0 + 1_801)));
        assert!(!source.view(minute(255 + 30)).is_silent);
        assert!(source.view(minute(255 + 31)).is_silent);
        source.observe(minute(290), Seconds::NEVER);
        assert!(!source.view(minute(290)).is_silent);
        assert_eq!(sources.first_due(minute(285)), None);
        assert_eq!(sources.first_due(minute(286)), Some((Seconds(minute(255).0 + 1_801), index)));
    }
}
