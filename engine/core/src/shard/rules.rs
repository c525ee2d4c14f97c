//! Rules in a shard: asked at every new event, and when time has passed.
//!
//! # Place
//!
//! `Batch` (arrivals) -> **`rules`** lets time pass before the events of a message are applied; after
//! the fold of a new event the rules are asked about it. What they remember is a
//! [`Watch`](crate::watch::Watch).
//!
//! # Holds
//!
//! - A timer that is due at second D fires at the first message of the log whose stream time is D or
//!   later, before what that message brings, and sees D as the present.
//! - Known events never come here.
//!
//! # Does not hold
//!
//! Events of an earlier epoch, or of an earlier parcel of a shared number: they are history. Rules about feeds (`feeds`),
//! and other rules coming into force (`switch`).

mod explain;
mod feeds;
mod switch;

use crossdock_model::change::ChangeKind;
use crossdock_model::detail::Detail;
use crossdock_model::event::Event;
use crossdock_model::exception::ExceptionSet;
use crossdock_model::id::Position;
use crossdock_model::limits::RULES_EVENTS_MAX;
use crossdock_model::milestone::Direction;
use crossdock_model::record::{Record, Seconds};
use crossdock_model::time::{EventTime, Micros};
use crossdock_rules::rule::action::{Action, Cause as Why};
use crossdock_rules::rule::facts::{
    Eta, Facts, Feed, HashInterner, Lane, Scene, Shipment as About, Symbol, Texts,
};
use crossdock_rules::rule::field::FieldId;
use crossdock_rules::rule::reload::Migration;
use crossdock_rules::rule::ruleset::RuleSet;

use super::truth::Turn;
use super::{Cause, Shard};
use crate::batch::{Arrival, Batch, Group};
use crate::entry::Entry;
use crate::output::{Output, Place};
use crate::reading::{Dictionary, Role, Scope};
use crate::say::{self, SEPARATOR};
use crate::watch::kept::{self, Kept};
use crate::watch::speak::{Speaker, Spoken};
use crate::watch::waybills::News;
use crate::watch::{MODE_STORE, Watch, eta_of};

/// The message of the log at which something happens.
#[derive(Clone, Copy, Debug)]
struct At {
    seq: u64,
    received: Micros,
}

/// Phases of one message, in order: see [`Place::of_timer`].
const TIMERS: u8 = 0;
const RETURNS: u8 = 1;
const SWITCH: u8 = 2;
const SWITCH_OF_FEEDS: u8 = 3;

/// What rules are asked about one shipment.
struct Question<'a> {
    before: &'a Record,
    after: &'a Record,
    event: Option<&'a Event>,
    scene: Scene<'a>,
    eta_before: Eta,
    /// A document says something else of the shipment than was known.
    has_word: bool,
    now: Seconds,
}

/// Where and why something is said.
#[derive(Clone, Copy)]
struct Voice<'a> {
    place: Place,
    second: Seconds,
    received: Micros,
    cause: Option<u64>,
    told: u8,
    mutes: &'a [(u16, u8)],
    epoch: u16,
}

impl Voice<'_> {
    fn of_timer(at: At, second: Seconds, phase: u8, key: u128, epoch: u16) -> Self {
        let place = Place::of_timer(at.seq, second.0, phase, key);
        Self { place, second, received: at.received, cause: None, told: 0, mutes: &[], epoch }
    }
}

impl Shard {
    /// A message of the log: time passes up to it, its feed is heard of, rules are switched.
    pub(super) fn arrive(&mut self, batch: &Batch, arrival: &Arrival, out: &mut Output) {
        let at = At { seq: arrival.seq, received: arrival.received };
        let second = Seconds::from_micros(arrival.received);
        if self.watch_mut().now < second {
            self.pass_time(second, at, out);
            self.watch_mut().now = second;
        }
        if arrival.feed.is_some() {
            self.hear(batch, arrival, out);
        }
        if let Some(rules) = &arrival.rules {
            self.switch(rules, at, out);
        }
    }

    /// Enters what the rules counted into the account.
    pub(super) fn count_rules(&mut self) {
        if let Some(watch) = &self.watch {
            self.tally.rules = watch.counted();
        }
    }

    fn watch_mut(&mut self) -> &mut Watch {
        self.watch.as_deref_mut().expect("only a shard with rules comes here")
    }

    /// Lends the watch, so that the shard beside it can be looked at.
    fn lend<T>(&mut self, borrow: impl FnOnce(&mut Self, &mut Watch) -> T) -> T {
        let mut watch = self.watch.take().expect("only a shard with rules comes here");
        let result = borrow(self, &mut watch);
        self.watch = Some(watch);
        result
    }

    /// Fires what is due, second by second; of one second, by the key of whose it is.
    fn pass_time(&mut self, to: Seconds, at: At, out: &mut Output) {
        let mut due = core::mem::take(&mut self.watch_mut().due);
        // Ends: each turn goes on to a later second, up to `to`.
        loop {
            due.clear();
            let next = self.watch_mut().wheel.advance_second(to, &mut due);
            self.fire_sources(next.map_or((to, u128::MAX), |next| (next, 0)), at, out);
            let Some(now) = next else { break };
            due.sort_unstable_by_key(|due| self.shipments[due.key as usize].key);
            for due in &due {
                let slot = due.key as usize;
                self.fire_sources((now, self.shipments[slot].key.0), at, out);
                self.open(slot);
                self.lend(|shard, watch| shard.fire(watch, slot, now, at, out));
                self.close();
            }
        }
        self.watch_mut().due = due;
    }

    /// The timer of one shipment.
    fn fire(&mut self, watch: &mut Watch, slot: usize, now: Seconds, at: At, out: &mut Output) {
        watch.tally.timers_fired += 1;
        let shipment = &self.shipments[slot];
        let record = shipment.record;
        let question = Question {
            before: &record,
            after: &record,
            event: None,
            scene: Scene::default(),
            eta_before: eta_of(&self.estimates.get(shipment.estimate).eta),
            has_word: false,
            now,
        };
        let key = shipment.key.0;
        self.ask(watch, slot, &question);
        watch.actions.next = watch.actions.next.map(|next| next.max(after(now)));
        watch.set_timer(slot);
        let voice = Voice::of_timer(at, now, TIMERS, key, record.epoch);
        self.speak(watch, slot, &voice, out);
    }

    /// Shows a new event to the rules; gives how many changes they made of it.
    pub(super) fn ask_at_event(
        &mut self,
        cause: &Cause<'_>,
        slot: usize,
        turn: &Turn,
        out: &mut Output,
    ) -> u64 {
        let (true, Some(new)) = (self.watch.is_some(), cause.entry) else { return 0 };
        self.lend(|shard, watch| shard.event_in(watch, cause, &new, slot, turn, out))
    }

    fn event_in(
        &mut self,
        watch: &mut Watch,
        cause: &Cause<'_>,
        new: &Entry,
        slot: usize,
        turn: &Turn,
        out: &mut Output,
    ) -> u64 {
        let after = turn.after;
        let shipment = &self.shipments[slot];
        let is_earlier = after.first_at.is_some() && new.order < after.first_at;
        let is_plain = !shipment.is_shared && !shipment.is_witnessed;
        let is_news = is_plain || self.reading.is_news(self.read_index);
        if after.epoch != shipment.record.epoch || is_earlier || !is_news {
            return 0;
        }
        let eta = eta_of(&self.estimates.get(shipment.estimate).eta);
        let place = Place::of_event(Position { seq: cause.group.seq, index: cause.item.index });
        let fingerprint = cause.item.event.fingerprint.0;
        let mut voice = Voice {
            place,
            second: watch.now,
            received: cause.group.received,
            cause: Some(fingerprint),
            told: 0,
            mutes: &[],
            epoch: after.epoch,
        };
        let mut count = 0;
        if watch.ships[slot].epoch != after.epoch {
            count += self.begin_epoch(watch, slot, turn, voice, out);
        }
        let has_word = note_waybill(watch, cause, slot, after.first_at);
        let sense = *self.senses.get(new.sense);
        self.note_source(watch, slot, &sense);
        watch.ships[slot].note_appointment(new, sense.detail);
        let (way, place) = (cause.group.way, cause.item.words.place);
        watch.ships[slot].note_way(cause.batch.text(way), cause.batch.text(place));
        watch.note_postal(slot, cause.batch.text(way), cause.batch.text(place));
        let event = kept::event_of(new, &sense);
        let blank = Record::default();
        let before = if turn.before.epoch == after.epoch { &turn.before } else { &blank };
        let opened = ExceptionSet(after.open.0 & !before.open.0);
        voice.told = opened
            .iter()
            .fold(0, |told, class| told | 1 << say::exception_audience(class, &after) as u8);
        let question = Question {
            before,
            after: &after,
            event: Some(&event),
            scene: scene_of(&watch.set, cause.batch, cause),
            eta_before: eta,
            has_word,
            now: watch.now,
        };
        self.ask(watch, slot, &question);
        watch.set_timer(slot);
        count + self.speak(watch, slot, &voice, out)
    }

    /// Where the shipment's events come from, and what it turns out to be.
    fn note_source(&self, watch: &mut Watch, slot: usize, sense: &crate::senses::Sense) {
        let ship = &mut watch.ships[slot];
        ship.source = watch.source;
        let mode = watch.feed_modes.get(usize::from(sense.feed.0)).copied();
        if let Some(mode) = mode.filter(|mode| *mode != Symbol::ABSENT) {
            ship.mode = mode;
        } else if sense.detail == Detail::PickupReadyStore {
            ship.mode = HashInterner::of(MODE_STORE);
        }
    }

    /// The rows of the epoch before end; those of the new one begin with its history.
    fn begin_epoch(
        &mut self,
        watch: &mut Watch,
        slot: usize,
        turn: &Turn,
        voice: Voice<'_>,
        out: &mut Output,
    ) -> u64 {
        let ship = watch.ships[slot];
        let mut count = 0;
        if ship.epoch != 0 {
            let (now, actions) = (watch.now, &mut watch.actions);
            actions.clear();
            for row in watch.store.rows(&ship.handle).iter().filter(|row| row.status.is_open()) {
                let (rule, episode, cause) = (row.rule, row.episode, Why::EpochOver);
                actions.list.push(Action::Resolve { rule, episode, at: now, cause });
            }
            let voice = Voice { epoch: ship.epoch, ..voice };
            count = self.speak(watch, slot, &voice, out);
            watch.store.clear(&mut watch.ships[slot].handle);
            watch.ships[slot].forget_promises();
            watch.ships[slot].forget_way();
            watch.forget_waybill(slot);
        }
        let shipment = &self.shipments[slot];
        let epoch = turn.after.epoch;
        let label = if shipment.is_shared {
            let entries = self.lend_entries(slot);
            let reading = &mut self.reading;
            reading.find_parcels(&entries);
            let newest = reading.parcels().last().map(|it| u32::from(it.unique) | 0x8000_0000);
            let label = newest.unwrap_or_else(|| u32::from(epoch));
            self.entries_scratch = entries;
            label
        } else {
            u32::from(epoch)
        };
        let ship = &mut watch.ships[slot];
        (ship.epoch, ship.label) = (epoch, label);
        if !turn.is_last {
            self.rearm(watch, slot, None);
        }
        count
    }

    /// Arms what waits for something, from the history.
    fn rearm(&mut self, watch: &mut Watch, slot: usize, only: Option<&Migration>) {
        let shipment = &self.shipments[slot];
        let record = shipment.record;
        let question = Question {
            before: &record,
            after: &record,
            event: None,
            scene: Scene::default(),
            eta_before: eta_of(&self.estimates.get(shipment.estimate).eta),
            has_word: false,
            now: watch.now,
        };
        self.with_facts(watch, slot, &question, |watch, slot, facts| {
            let Watch { set, store, ships, actions, .. } = watch;
            set.rearm(only, facts, store, &mut ships[slot].handle, actions);
        });
        watch.set_timer(slot);
    }

    /// The estimate changed, or what a document says beside its events.
    pub(super) fn ask_without_event(
        &mut self,
        group: &Group,
        slot: usize,
        before: &EventTime,
        has_word: bool,
        out: &mut Output,
    ) {
        let record = self.shipments[slot].record;
        let ship = self.watch.as_ref().and_then(|watch| watch.ships.get(slot));
        let is_watched = ship.is_some_and(|ship| ship.epoch == record.epoch);
        if !is_watched || record.epoch == 0 {
            return;
        }
        self.lend(|shard, watch| {
            let now = watch.now;
            let question = Question {
                before: &record,
                after: &record,
                event: None,
                scene: Scene::default(),
                eta_before: eta_of(before),
                has_word,
                now,
            };
            shard.ask(watch, slot, &question);
            watch.set_timer(slot);
            let place = Place::of_event(Position { seq: group.seq, index: group.index });
            let voice = Voice {
                place,
                second: now,
                received: group.received,
                cause: None,
                told: 0,
                mutes: &[],
                epoch: record.epoch,
            };
            shard.speak(watch, slot, &voice, out);
        });
    }

    /// Asks the rules; what they say is in `watch.actions`.
    fn ask(&mut self, watch: &mut Watch, slot: usize, question: &Question<'_>) {
        watch.actions.clear();
        self.with_facts(watch, slot, question, |watch, slot, facts| {
            let Watch { set, store, ships, actions, .. } = watch;
            let handle = &mut ships[slot].handle;
            match facts.event {
                Some(_) => set.on_event(facts, store, handle, actions),
                None => set.on_timer(facts, store, handle, actions),
            }
            if question.has_word {
                set.on_said(facts, store, handle, actions);
            }
        });
    }

    /// Borrows everything that rules may look at.
    fn with_facts(
        &mut self,
        watch: &mut Watch,
        slot: usize,
        question: &Question<'_>,
        run: impl FnOnce(&mut Watch, usize, &Facts<'_>),
    ) {
        let mut own = core::mem::take(&mut watch.entries);
        self.read_facts(slot, question, &mut own);
        let shipment = &self.shipments[slot];
        let first_at = question.after.first_at;
        let eta = self.estimates.get(shipment.estimate).eta;
        watch.ships[slot].note_estimate(&eta, first_at);
        let ship = watch.ships[slot];
        let entries = &own[own.partition_point(|entry| entry.order < first_at)..];
        let is_return = match shipment.run.len() <= RULES_EVENTS_MAX {
            true => entries.first().copied(),
            false => self.histories.entries(shipment.run).find(|it| first_at <= it.order),
        }
        .is_some_and(|first| self.senses.get(first.sense).direction == Direction::Return);
        let mut about = About {
            tenant: ship.tenant,
            carrier: ship.carrier,
            mode: ship.mode,
            service: ship.service,
            origin: ship.origin.end(),
            destination: ship.destination.end(),
            is_return,
            promise_at: ship.promise_at,
            appointment_at: ship.appointment_at,
            ..About::default()
        };
        let waybill = watch.show_waybill(slot, question.after, &mut about);
        if watch.set.reads(FieldId::LaneName) {
            about.lane = HashInterner::of(ship.lane().text());
        }
        let is_read = watch.set.reads(FieldId::Number);
        let number = is_read.then(|| self.numbers.get(shipment.number).1);
        let source = watch.sources.get(ship.source as usize);
        let feed = source.map_or_else(Feed::default, |source| source.view(question.now));
        let facts = Facts {
            before: question.before,
            after: question.after,
            event: question.event,
            scene: question.scene,
            history: &Kept { entries, senses: &self.senses },
            shipment: &about,
            texts: Texts {
                number,
                origin_postal: waybill.postal_text(0),
                destination_postal: waybill.postal_text(1),
            },
            eta_before: &question.eta_before,
            eta: &eta_of(&eta),
            lane: &Lane::default(),
            feed: &feed,
            now: question.now,
        };
        run(watch, slot, &facts);
        watch.entries = own;
    }

    /// Reads the entries that are facts: of the newest parcel of a shared number, each once.
    fn read_facts(&mut self, slot: usize, question: &Question<'_>, entries: &mut Vec<Entry>) {
        let shipment = &self.shipments[slot];
        self.histories.read_newest(shipment.run, RULES_EVENTS_MAX, entries);
        self.entries_read += entries.len() as u64;
        if !shipment.is_shared && !shipment.is_witnessed {
            return;
        }
        let reading = &mut self.reading;
        // At an event it was just read.
        if question.event.is_none() {
            let mut scope = Scope::Whole;
            if shipment.is_shared {
                reading.find_parcels(entries);
                scope = Scope::Parcel(reading.parcels().len() - 1);
            }
            let dictionary = Dictionary { senses: &self.senses, texts: &self.texts };
            reading.read(entries, dictionary, scope);
        }
        let is_fact = |role: &Role| matches!(role, Role::Leads | Role::Retracts);
        let mut roles = reading.roles().iter();
        entries.retain(|_| roles.next().is_some_and(is_fact));
    }

    /// Tells what the rules said about a shipment; gives the number of messages.
    fn speak(
        &mut self,
        watch: &mut Watch,
        slot: usize,
        voice: &Voice<'_>,
        out: &mut Output,
    ) -> u64 {
        if watch.actions.list.is_empty() {
            return 0;
        }
        let shipment = &mut self.shipments[slot];
        let ship = watch.ships[slot];
        let (owner, number) = self.numbers.get(shipment.number);
        let (tenant, carrier) = owner.split_once(SEPARATOR).unwrap_or((owner, ""));
        let feed = watch.sources.get(ship.source as usize).map_or(0, |it| usize::from(it.feed.0));
        let feed = self.feed_names.get(feed).map_or("", |name| name);
        let lane = ship.lane();
        let speaker = Speaker {
            key: shipment.key,
            label: ship.label,
            epoch: voice.epoch,
            tenant,
            carrier,
            number,
            aliases: self.aliases.get(slot),
            order: self.texts.get(shipment.order),
            feed,
            milestone: Some(shipment.record.milestone),
            direction: shipment.record.direction,
            names: [
                (ship.carrier, carrier),
                (ship.tenant, tenant),
                (HashInterner::of(feed), feed),
                (HashInterner::of(lane.text()), lane.text()),
            ],
            place: voice.place,
            second: voice.second,
            received: voice.received,
            cause: voice.cause,
            told: voice.told,
            mutes: voice.mutes,
        };
        let spoken = watch.speak(ship.handle, &speaker, &mut shipment.version, out);
        self.count_spoken(spoken)
    }

    fn count_spoken(&mut self, spoken: Spoken) -> u64 {
        self.tally.changes[ChangeKind::ExceptionOpened as usize] += spoken.opened;
        self.tally.changes[ChangeKind::ExceptionResolved as usize] += spoken.resolved;
        spoken.opened + spoken.resolved
    }
}

/// A timer that fired looks again in a later second, or it would fire for ever.
fn after(now: Seconds) -> Seconds {
    Seconds(now.0.saturating_add(1))
}

/// Notes what the document of an event says beside it, of this use of the number; true where rules see something else then.
fn note_waybill(watch: &mut Watch, cause: &Cause<'_>, slot: usize, first_at: Seconds) -> bool {
    let Some(said) = cause.batch.said(cause.group) else { return false };
    let at = cause.batch.age_of(cause.group);
    let news = watch.news_of(slot, &said, at, first_at);
    if news != News::None {
        watch.note_said(slot, &said, at);
    }
    news == News::Seen
}

/// What is known of the event's words and place, as far as a rule reads it.
fn scene_of<'a>(set: &RuleSet, batch: &'a Batch, cause: &Cause<'_>) -> Scene<'a> {
    let words = &cause.item.words;
    let mut scene = Scene::default();
    let of_place = [FieldId::EventCountry, FieldId::EventRegion, FieldId::EventSignedBy];
    if of_place.iter().any(|field| set.reads(*field)) {
        scene = scene_of_place(batch.text(words.place));
    }
    if set.reads(FieldId::EventPoint) || set.reads(FieldId::EventAccuracy) {
        let spot = batch.spot(cause.group, cause.item);
        scene.point = spot.map(|spot| spot.point);
        scene.accuracy = spot.map_or_else(Default::default, |spot| spot.accuracy);
    }
    if set.reads(FieldId::EventCode) {
        scene.code = present(batch.text(words.codes).split(SEPARATOR).next().unwrap_or(""));
    }
    if set.reads(FieldId::EventText) {
        scene.text = present(batch.text(words.text));
    }
    scene
}

/// What a place in words says of its event.
fn scene_of_place(place: &str) -> Scene<'_> {
    let mut parts = place.split(SEPARATOR);
    let (region, country) = (parts.nth(1).unwrap_or(""), parts.nth(1).unwrap_or(""));
    let signed_by = parts.nth(1).unwrap_or("");
    // Names of more than two letters are not what rules are written in.
    let short = |name: &str| if name.len() == 2 { HashInterner::of(name) } else { Symbol::ABSENT };
    Scene {
        region: short(region),
        country: short(country),
        signed_by: present(signed_by),
        ..Scene::default()
    }
}

fn present(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
