//! Other rules come into force, at one place of the log.
//!
//! # Place
//!
//! `rules` calls at the message that says so; what becomes of a row is decided by
//! [`Migration`].
//!
//! # Holds
//!
//! - Shipments go by key and then feeds by key, so that what is withdrawn is told in one order whatever the number of shards.

use std::sync::Arc;

use crossdock_rules::rule::reload::Migration;
use crossdock_rules::rule::ruleset::RuleSet;

use super::{At, SWITCH, SWITCH_OF_FEEDS, Voice, after};
use crate::output::Output;
use crate::shard::Shard;
use crate::watch::{Ship, Watch};

impl Shard {
    /// Puts other rules in force, here and now: rows move, what is withdrawn is told, what waits for
    /// something else is armed again.
    pub(super) fn switch(&mut self, rules: &Arc<RuleSet>, at: At, out: &mut Output) {
        let watch = self.watch_mut();
        watch.tally.switches += 1;
        let migration = Migration::new(&watch.set, rules, &mut watch.retired);
        let rearms = migration.rearms();
        let is_concerned = |ship: &Ship| !ship.handle.is_empty() || rearms;
        let mut slots: Vec<usize> = (0..watch.ships.len())
            .filter(|&slot| watch.ships[slot].epoch != 0 && is_concerned(&watch.ships[slot]))
            .collect();
        slots.sort_unstable_by_key(|&slot| self.shipments[slot].key);
        for &slot in &slots {
            self.open(slot);
            self.lend(|shard, watch| shard.migrate(watch, slot, &migration, at, out));
            self.close();
        }
        self.lend(|shard, watch| shard.switch_sources(watch, &migration, at, out));
        self.watch_mut().set = Arc::clone(rules);
        for slot in slots.into_iter().filter(|_| rearms) {
            self.open(slot);
            self.lend(|shard, watch| {
                watch.actions.clear();
                shard.rearm(watch, slot, Some(&migration));
            });
            self.close();
        }
    }

    /// Moves the rows of one shipment to the next rules.
    fn migrate(
        &mut self,
        watch: &mut Watch,
        slot: usize,
        migration: &Migration,
        at: At,
        out: &mut Output,
    ) {
        watch.actions.clear();
        let now = watch.now;
        let Watch { store, ships, actions, .. } = &mut *watch;
        let mutes: Vec<(u16, u8)> =
            store.rows(&ships[slot].handle).iter().map(|row| (row.rule, row.muted)).collect();
        migration.apply(store, &mut ships[slot].handle, now, actions);
        watch.set_timer(slot);
        let epoch = watch.ships[slot].epoch;
        let key = self.shipments[slot].key.0;
        let voice = Voice { mutes: &mutes, ..Voice::of_timer(at, now, SWITCH, key, epoch) };
        self.speak(watch, slot, &voice, out);
    }

    fn switch_sources(
        &mut self,
        watch: &mut Watch,
        migration: &Migration,
        at: At,
        out: &mut Output,
    ) {
        let mut own: Vec<(u128, usize)> = (0..watch.sources.list().len())
            .map(|index| (watch.sources.list()[index].key, index))
            .filter(|(_, index)| !watch.sources.list()[*index].handle.is_empty())
            .collect();
        own.sort_unstable();
        let now = watch.now;
        for (_, index) in own {
            watch.actions.clear();
            let Watch { store, sources, actions, .. } = &mut *watch;
            let Some(source) = sources.get_mut(index) else { continue };
            let mutes: Vec<(u16, u8)> =
                store.rows(&source.handle).iter().map(|row| (row.rule, row.muted)).collect();
            migration.apply(store, &mut source.handle, now, actions);
            // Looked at in the next second: a rule that is new may have something to say.
            source.due = Some(after(now));
            self.speak_of_source(watch, index, now, (at, SWITCH_OF_FEEDS), &mutes, out);
        }
    }
}
