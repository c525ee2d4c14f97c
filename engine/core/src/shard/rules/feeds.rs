//! Rules about feeds: what is asked and said when one falls silent, and when it is heard of again.
//!
//! # Place
//!
//! `rules` calls at every message of the log and when time passes; what a feed has been like is a source of the
//! [`Watch`].
//!
//! # Holds
//!
//! - A feed is asked about by one shard only, its owner; every shard knows when it was heard of.

use crossdock_model::id::ShipmentKey;
use crossdock_model::milestone::Direction;
use crossdock_model::record::{Record, Seconds};
use crossdock_rules::rule::facts::{Eta, Facts, Lane, Scene, Shipment as About, Subject, Texts};

use super::{At, RETURNS, TIMERS, after};
use crate::batch::{Arrival, Batch};
use crate::output::{Output, Place};
use crate::shard::Shard;
use crate::watch::Watch;
use crate::watch::speak::Speaker;

impl Shard {
    /// A message of a feed came: it is not silent any more.
    pub(super) fn hear(&mut self, batch: &Batch, arrival: &Arrival, out: &mut Output) {
        let Some(feed) = arrival.feed else { return };
        let name = self.feed_names.get(usize::from(feed.0)).map_or("", |name| name);
        let watch = self.watch.as_deref_mut().expect("only a shard with rules comes here");
        let index = watch.sources.find(batch.text(arrival.tenant), feed, name);
        watch.source = u32::try_from(index).expect("sources are as few as tenants and feeds");
        let now = watch.now;
        let Some(source) = watch.sources.get_mut(index) else { return };
        let was_silent = source.view(now).is_silent;
        source.observe(now, Seconds::from_micros(arrival.happened));
        if was_silent && source.is_own && !source.handle.is_empty() {
            let at = At { seq: arrival.seq, received: arrival.received };
            self.lend(|shard, watch| shard.ask_source(watch, index, now, (at, RETURNS), out));
        }
    }

    /// Fires the feeds that are due before a moment: up to a second and, within it, a key.
    pub(super) fn fire_sources(&mut self, until: (Seconds, u128), at: At, out: &mut Output) {
        // Ends: each turn moves one deadline behind the second in which it fired.
        while let Some((now, index)) = self.watch_mut().sources.first_due(until.0) {
            let watch = self.watch_mut();
            let key = watch.sources.get(index).map_or(0, |source| source.key);
            if (now, key) >= until {
                return;
            }
            watch.tally.timers_fired += 1;
            self.lend(|shard, watch| shard.ask_source(watch, index, now, (at, TIMERS), out));
        }
    }

    /// Shows a feed to the rules about feeds.
    fn ask_source(
        &mut self,
        watch: &mut Watch,
        index: usize,
        now: Seconds,
        (at, phase): (At, u8),
        out: &mut Output,
    ) {
        watch.actions.clear();
        let Watch { set, store, sources, actions, .. } = &mut *watch;
        let Some(source) = sources.get_mut(index) else { return };
        let view = source.view(now);
        let record = Record::default();
        let about =
            About { subject: Subject::Feed, tenant: source.tenant_symbol, ..About::default() };
        let facts = Facts {
            before: &record,
            after: &record,
            event: None,
            scene: Scene::default(),
            history: &[],
            shipment: &about,
            texts: Texts::default(),
            eta_before: &Eta::default(),
            eta: &Eta::default(),
            lane: &Lane::default(),
            feed: &view,
            now,
        };
        set.on_timer(&facts, store, &mut source.handle, actions);
        let silent = source.silent_from().filter(|silent| now < *silent);
        let next = actions.next.map(|next| next.max(after(now)));
        source.due = [silent, next].into_iter().flatten().min();
        self.speak_of_source(watch, index, now, (at, phase), &[], out);
    }

    pub(super) fn speak_of_source(
        &mut self,
        watch: &mut Watch,
        index: usize,
        now: Seconds,
        (at, phase): (At, u8),
        mutes: &[(u16, u8)],
        out: &mut Output,
    ) {
        let Some(source) = watch.sources.get(index) else { return };
        if watch.actions.list.is_empty() {
            return;
        }
        let tenant = source.tenant.clone();
        let feed = self.feed_names.get(usize::from(source.feed.0)).map_or("", |name| name);
        let speaker = Speaker {
            key: ShipmentKey(source.key),
            label: 0,
            epoch: 1,
            tenant: &tenant,
            carrier: "",
            number: "",
            aliases: "",
            order: "",
            feed,
            milestone: None,
            direction: Direction::Forward,
            names: [
                (source.frozen.name, feed),
                (source.tenant_symbol, &tenant),
                Default::default(),
                Default::default(),
            ],
            place: Place::of_timer(at.seq, now.0, phase, source.key),
            second: now,
            received: at.received,
            cause: None,
            told: 0,
            mutes,
        };
        let (handle, mut version) = (source.handle, source.version);
        let spoken = watch.speak(handle, &speaker, &mut version, out);
        if let Some(source) = watch.sources.get_mut(index) {
            source.version = version;
        }
        self.count_spoken(spoken);
    }
}
