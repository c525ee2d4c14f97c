//! A watch as bytes and back: for snapshots and for the hash of all state.
//!
//! # Method
//!
//! What belongs to a shipment (its rows, and what it turned out to be) is a part of the shipment's row
//! in a snapshot; deadlines are set again from the rows. What belongs to none of them (stream time, the
//! feeds, the rules in force) is one page. The rules go along as their sources, so that a restart goes
//! on under the rules it stopped under, whatever the folder of rules says by then.
//!
//! # Holds
//!
//! - Saving what was loaded gives the same bytes, and the two say the same ever after.
//! - Bytes that are no watch are a [`Flaw`], never a panic.

use std::sync::Arc;

use crossdock_model::id::FeedId;
use crossdock_model::record::Seconds;
use crossdock_rules::rule::Options;
use crossdock_rules::rule::diagnostic::Source as File;
use crossdock_rules::rule::facts::{HashInterner, Symbol};
use crossdock_rules::rule::feed_clock::FeedClock;
use crossdock_rules::rule::retired::Retired;
use crossdock_rules::rule::rows::{RETIRED_OTHERS, ROWS_MAX, RowHandle, RowStore, RuleRow, Status};
use crossdock_rules::rule::ruleset::RuleSet;
use crossdock_rules::wheel::Wheel;

use super::ends::WayEnd;
use super::{Ship, Watch};
use crate::shard::ShardOptions;
use crate::snapshot::bytes::{Flaw, Source, put_text};
use crate::waybill::Waybill;

impl Watch {
    /// Adds what the rules know of a shipment to `out`; nothing where that is nothing.
    pub fn put_ship(&self, slot: usize, out: &mut Vec<u8>) {
        let Ship {
            handle,
            mode,
            label,
            source,
            promise_at,
            appointment_at,
            epoch,
            service,
            is_single,
            has_waybill,
            ..
        } = self.ships[slot];
        if epoch == 0 && !is_single && !has_waybill {
            return;
        }
        let [from, from_region] = self.ships[slot].origin.to_numbers();
        let [to, to_region] = self.ships[slot].destination.to_numbers();
        let mut bytes = [0; 44];
        let numbers = [
            mode.0,
            label,
            source,
            promise_at.0,
            appointment_at.0,
            u32::from(epoch) | u32::from(is_single) << 16 | u32::from(has_waybill) << 17,
            from,
            from_region,
            to,
            to_region,
            service.0,
        ];
        for (place, number) in bytes.chunks_exact_mut(4).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&bytes);
        put_rows(&self.store, &handle, out);
        if has_waybill {
            self.waybill(slot).put(out);
        }
    }

    /// Takes back what [`Watch::put_ship`] wrote, for the last shipment that there is room for.
    ///
    /// # Errors
    ///
    /// See [`Flaw`].
    pub fn take_ship(&mut self, slot: usize, source: &mut Source<'_>) -> Result<(), Flaw> {
        let ship = &mut self.ships[slot];
        ship.mode = Symbol(source.u32()?);
        ship.label = source.u32()?;
        ship.source = source.u32()?;
        ship.promise_at = Seconds(source.u32()?);
        ship.appointment_at = Seconds(source.u32()?);
        let epoch = source.u32()?;
        (ship.epoch, ship.is_single) = (epoch as u16, epoch & 1 << 16 != 0);
        let has_waybill = epoch & 1 << 17 != 0;
        if 1 << 18 <= epoch {
            return Err(source.flaw("an epoch is 16 bits, and two marks"));
        }
        let mut end = || {
            let end = WayEnd::from_numbers([source.u32()?, source.u32()?]);
            end.ok_or_else(|| source.flaw("a zone is none"))
        };
        (ship.origin, ship.destination) = (end()?, end()?);
        ship.service = Symbol(source.u32()?);
        ship.handle = take_rows(&mut self.store, source)?;
        if has_waybill {
            let waybill = Waybill::take(source)?;
            self.set_waybill(slot, waybill);
        }
        self.check_rows(&self.ships[slot].handle, source)?;
        let ship = &self.ships[slot];
        let wakes = self.store.rows(&ship.handle).iter().map(|row| row.wake);
        self.actions.next = wakes.filter(|wake| wake.is_some()).min();
        self.set_timer(slot);
        Ok(())
    }

    /// Adds everything that belongs to no shipment. `feed_names` are those of the shard, by feed id.
    pub fn put_shared(&self, feed_names: &[Box<str>], out: &mut Vec<u8>) {
        let files = &self.set.warnings().sources;
        put(out, files.len() as u32);
        for file in files {
            put_text(out, &file.name);
            put_text(out, &file.text);
        }
        put(out, self.retired.ids().len() as u32);
        self.retired.ids().iter().for_each(|id| put_text(out, id));
        put(out, self.now.0);
        put(out, self.sources.list().len() as u32);
        for source in self.sources.list() {
            put_text(out, &source.tenant);
            let name = feed_names.get(usize::from(source.feed.0)).map_or("", |name| name);
            put_text(out, name);
            let numbers = source.clock.to_numbers();
            put(out, numbers.len() as u32);
            numbers.iter().for_each(|number| put(out, *number));
            for number in [
                source.last.0,
                source.count,
                source.frozen.grace,
                source.frozen.limit_seconds,
                u32::from(source.is_own),
                source.version,
                source.due.map_or(0, |due| due.0),
            ] {
                put(out, number);
            }
            put_rows(&self.store, &source.handle, out);
        }
    }

    /// A watch of what one shard saved with [`Watch::put_shared`].
    ///
    /// # Errors
    ///
    /// See [`Flaw`].
    pub fn of_shared(page: &[u8], options: &ShardOptions) -> Result<Self, Flaw> {
        let mut source = Source::new(page, "what rules know");
        let mut files = Vec::new();
        for _ in 0..source.u32()? {
            let (name, text) = (source.text()?, source.text()?);
            files.push(File::new(name, text));
        }
        let set = RuleSet::load(files, &Options::default(), &mut HashInterner)
            .map_err(|report| source.flaw(format!("its rules: {}", report.render())))?;
        let mut watch = Self::new(Arc::new(set), options);
        watch.retired = take_retired(&mut source)?;
        watch.now = Seconds(source.u32()?);
        watch.wheel = Wheel::new(watch.now, options.shipments_expected);
        watch.take_rest(&mut source, options)?;
        Ok(watch)
    }

    /// Takes what another shard saved of the feeds for which it spoke.
    ///
    /// # Errors
    ///
    /// See [`Flaw`].
    pub fn add_shared(&mut self, page: &[u8], options: &ShardOptions) -> Result<(), Flaw> {
        let mut source = Source::new(page, "what rules know");
        for _ in 0..source.u32()? {
            source.text()?;
            source.text()?;
        }
        if take_retired(&mut source)? != self.retired {
            return Err(source.flaw("shards that do not agree on the rules that are gone"));
        }
        source.u32()?;
        self.take_rest(&mut source, options)
    }

    /// Every row is of a rule that is in force, or was.
    fn check_rows(&self, handle: &RowHandle, source: &Source<'_>) -> Result<(), Flaw> {
        let (rules, retired) = (self.set.rules().len(), self.retired.ids().len());
        let is_known = |row: &RuleRow| {
            usize::from(row.rule) < rules
                || row.rule == RETIRED_OTHERS
                || Retired::place(row.rule).is_some_and(|place| place < retired)
        };
        let unknown = self.store.rows(handle).iter().find(|row| !is_known(row));
        unknown.map_or(Ok(()), |row| Err(source.flaw(format!("a row of rule {}", row.rule))))
    }

    fn take_rest(&mut self, source: &mut Source<'_>, options: &ShardOptions) -> Result<(), Flaw> {
        for _ in 0..source.u32()? {
            self.take_source(source, options)?;
        }
        if source.is_empty() { Ok(()) } else { Err(source.flaw("something stands behind it")) }
    }

    fn take_source(&mut self, bytes: &mut Source<'_>, options: &ShardOptions) -> Result<(), Flaw> {
        let (tenant, name) = (bytes.text()?, bytes.text()?);
        let feed = options.feed_names.iter().position(|it| **it == *name);
        let feed = feed.and_then(|it| u16::try_from(it).ok()).unwrap_or(u16::MAX);
        let index = self.sources.find(tenant, FeedId(feed), name);
        let mut numbers = Vec::new();
        for _ in 0..bytes.u32()? {
            numbers.push(bytes.u32()?);
        }
        let clock = FeedClock::from_numbers(&numbers);
        let clock = clock.ok_or_else(|| bytes.flaw("a feed clock is none"))?;
        let (last, count) = (Seconds(bytes.u32()?), bytes.u32()?);
        let (grace, limit) = (bytes.u32()?, bytes.u32()?);
        let (spoke, version, due) = (bytes.u32()? != 0, bytes.u32()?, bytes.u32()?);
        let mut handle = take_rows(&mut self.store, bytes)?;
        self.check_rows(&handle, bytes)?;
        let Some(source) = self.sources.get_mut(index) else {
            return Err(bytes.flaw("a feed is missing"));
        };
        (source.clock, source.last, source.count) = (clock, last, count);
        (source.frozen.grace, source.frozen.limit_seconds) = (grace, limit);
        if spoke && source.is_own {
            source.version = version;
            source.due = (due != 0).then_some(Seconds(due));
            source.handle = handle;
        } else {
            self.store.clear(&mut handle);
        }
        Ok(())
    }
}

fn put(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn take_retired(source: &mut Source<'_>) -> Result<Retired, Flaw> {
    let mut ids = Vec::new();
    for _ in 0..source.u32()? {
        ids.push(source.text()?.into());
    }
    Retired::of(ids).ok_or_else(|| source.flaw("too many rules that are gone"))
}

fn put_rows(store: &RowStore, handle: &RowHandle, out: &mut Vec<u8>) {
    let rows = store.rows(handle);
    put(out, rows.len() as u32);
    for row in rows {
        let RuleRow { anchor, deadline, wake, raised_at, used, limit, .. } = row;
        let small = u32::from(row.status as u8) << 16 | u32::from(row.muted) << 24;
        let numbers = [
            anchor.0,
            deadline.0,
            wake.0,
            raised_at.0,
            *used,
            *limit,
            u32::from(row.rule) | u32::from(row.episode) << 16,
            u32::from(row.count) | small,
        ];
        // In one piece: this is hashed twice at every event.
        let mut bytes = [0; 32];
        for (place, number) in bytes.chunks_exact_mut(4).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&bytes);
    }
}

fn take_rows(store: &mut RowStore, source: &mut Source<'_>) -> Result<RowHandle, Flaw> {
    let count = source.u32()? as usize;
    if ROWS_MAX < count {
        return Err(source.flaw(format!("{count} rows of one shipment")));
    }
    let mut rows = [RuleRow::default(); ROWS_MAX];
    for row in &mut rows[..count] {
        row.anchor = Seconds(source.u32()?);
        row.deadline = Seconds(source.u32()?);
        row.wake = Seconds(source.u32()?);
        row.raised_at = Seconds(source.u32()?);
        row.used = source.u32()?;
        row.limit = source.u32()?;
        (row.rule, row.episode) = (source.u16()?, source.u16()?);
        row.count = source.u16()?;
        row.status = source.closed(Status::from_number)?;
        row.muted = source.u8()?;
    }
    store.restore(&rows[..count]).ok_or_else(|| source.flaw("rows that are not sorted"))
}
