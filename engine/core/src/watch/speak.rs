//! From what rules decided to what is told to whom.
//!
//! # Place
//!
//! `shard/rules` asks; **`speak`** goes through the answers; `alert` writes each message.
//!
//! # Holds
//!
//! - What the carrier's own exception has just told an audience, a rule about the same event does not
//!   tell it again, nor that it is over: the audience is *muted* for that raise.
//! - A rule in shadow mode is counted and tells nobody.

use std::sync::Arc;

use crossdock_model::change::ChangeKind;
use crossdock_model::id::ShipmentKey;
use crossdock_model::milestone::{Audience, Direction, Milestone};
use crossdock_model::record::Seconds;
use crossdock_model::time::Micros;
use crossdock_rules::rule::action::Action;
use crossdock_rules::rule::facts::Symbol;
use crossdock_rules::rule::rows::RowHandle;
use crossdock_rules::rule::ruleset::{Mode, Rule};

use super::Watch;
use super::alert::{self, Alert};
use crate::output::{MessageKind, Output, Place};

/// Stands for every audience: a raise in shadow mode is told to nobody.
const EVERYBODY: u8 = u8::MAX;

/// Whom rules speak of, and why.
#[derive(Clone, Copy, Debug)]
pub struct Speaker<'a> {
    /// Identity of the shipment or feed.
    pub key: ShipmentKey,
    /// Which use of the number; see [`super::Ship::label`].
    pub label: u32,
    /// The epoch.
    pub epoch: u16,
    /// Whose data.
    pub tenant: &'a str,
    /// Who carries it; empty for a feed.
    pub carrier: &'a str,
    /// The number; empty for a feed.
    pub number: &'a str,
    /// Other numbers of the parcel, joined by the separator.
    pub aliases: &'a str,
    /// The order, if any.
    pub order: &'a str,
    /// The feed.
    pub feed: &'a str,
    /// Where it is; absent for a feed.
    pub milestone: Option<Milestone>,
    /// The lane it is on.
    pub direction: Direction,
    /// Words of the names that rules know as numbers.
    pub names: [(Symbol, &'a str); 4],
    /// Where in the log.
    pub place: Place,
    /// The second of the timer; of an event, stream time.
    pub second: Seconds,
    /// Stream time of the message.
    pub received: Micros,
    /// Fingerprint of the event, if one is the cause.
    pub cause: Option<u64>,
    /// Audiences that the carrier's own exception has told with this event, one bit each.
    pub told: u8,
    /// Rules whose rows are gone already, with the audiences that were muted.
    pub mutes: &'a [(u16, u8)],
}

/// Messages that were written, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spoken {
    /// Exceptions opened.
    pub opened: u64,
    /// Exceptions resolved.
    pub resolved: u64,
}

impl Watch {
    /// Tells what the rules said at the last call. `version` rises with every change.
    pub fn speak(
        &mut self,
        handle: RowHandle,
        speaker: &Speaker<'_>,
        version: &mut u32,
        out: &mut Output,
    ) -> Spoken {
        let mut spoken = Spoken::default();
        if self.actions.list.is_empty() {
            return spoken;
        }
        let set = Arc::clone(&self.set);
        let mut list = core::mem::take(&mut self.actions.list);
        let mut message = core::mem::take(&mut self.message);
        for action in list.drain(..) {
            let rule = set.rule(action.rule());
            let muted = self.mutes(handle, speaker, &action, rule);
            let hears = |it: &Audience| muted & (1 << *it as u8) == 0;
            if muted != EVERYBODY {
                self.tally.muted += rule.audiences().filter(|it| !hears(it)).count() as u64;
            }
            if !rule.audiences().any(|it| hears(&it)) {
                continue;
            }
            *version += 1;
            message.clear();
            let mut alert = alert_of(speaker, &action, rule, *version);
            if let Action::Raise { args, .. } = &action {
                rule.message
                    .write(&mut message, args, &mut |out, symbol| speaker.name(out, symbol));
            }
            alert.message = &message;
            alert.ruleset_rev = set.rev();
            for audience in rule.audiences().filter(hears) {
                alert.audience = audience;
                let kind = MessageKind::Change { kind: alert.kind, id: alert.id };
                out.push_at(
                    speaker.place,
                    kind,
                    speaker.received.get().unwrap_or(0),
                    |bytes| alert::write_subject(bytes, &alert),
                    |bytes| alert::write_body(bytes, &alert),
                );
                match alert.kind {
                    ChangeKind::ExceptionOpened => spoken.opened += 1,
                    _ => spoken.resolved += 1,
                }
            }
        }
        self.actions.list = list;
        self.message = message;
        spoken
    }

    /// Audiences that are not told, and the account of what was said.
    fn mutes(
        &mut self,
        handle: RowHandle,
        speaker: &Speaker<'_>,
        action: &Action,
        rule: &Rule,
    ) -> u8 {
        let index = action.rule();
        let row = self.store.rows_mut(&handle).iter_mut().find(|row| row.rule == index);
        let is_live = rule.mode == Mode::Live && !self.is_shadow;
        match action {
            Action::Raise { .. } => {
                // A rule of another kind says something that no single event says.
                let told = if rule.kind_name() == "event" { speaker.told } else { 0 };
                let muted = if is_live { told } else { EVERYBODY };
                if let Some(row) = row {
                    row.muted = muted;
                }
                self.tally.raised += u64::from(is_live);
                self.tally.shadowed += u64::from(!is_live);
                muted
            }
            Action::Resolve { .. } | Action::Retract { .. } => {
                let gone = speaker.mutes.iter().find(|(rule, _)| *rule == index);
                let muted = gone.map_or_else(|| row.map_or(0, |row| row.muted), |(_, it)| *it);
                let is_told = u64::from(muted != EVERYBODY);
                match action {
                    Action::Resolve { .. } => self.tally.resolved += is_told,
                    _ => self.tally.retracted += is_told,
                }
                muted
            }
        }
    }
}

impl Speaker<'_> {
    /// Adds the word of a name; false where nobody knows it.
    fn name(&self, out: &mut String, symbol: Symbol) -> bool {
        let found = self.names.iter().find(|(known, word)| *known == symbol && !word.is_empty());
        found.is_some_and(|(_, word)| {
            out.push_str(word);
            true
        })
    }
}

/// An alert without its text and audience.
fn alert_of<'a>(speaker: &Speaker<'a>, action: &Action, rule: &'a Rule, version: u32) -> Alert<'a> {
    let (kind, episode, at, since, ended, is_retracted) = match *action {
        Action::Raise { episode, at, since, .. } => {
            (ChangeKind::ExceptionOpened, episode, at, since, "", false)
        }
        Action::Resolve { episode, at, cause, .. } => {
            (ChangeKind::ExceptionResolved, episode, at, Seconds::NEVER, cause.name(), false)
        }
        Action::Retract { episode, at, cause, .. } => {
            (ChangeKind::ExceptionResolved, episode, at, Seconds::NEVER, cause.name(), true)
        }
    };
    Alert {
        id: alert::alert_id(speaker.key, speaker.label, &rule.id, kind, episode),
        kind,
        audience: Audience::Operations,
        tenant: speaker.tenant,
        carrier: speaker.carrier,
        number: speaker.number,
        aliases: speaker.aliases,
        epoch: speaker.epoch,
        version,
        milestone: speaker.milestone,
        direction: speaker.direction,
        at,
        since,
        episode,
        rule,
        ruleset_rev: 0,
        message: "",
        ended,
        is_retracted,
        feed: speaker.feed,
        order: speaker.order,
        received: speaker.received,
        cause: speaker.cause,
        position: speaker.place.position,
        due: speaker.second,
    }
}
