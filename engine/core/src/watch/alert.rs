//! What a rule says, as bytes: `docs/FORMATS.md` defines the fields.
//!
//! # Place
//!
//! `shard/rules` (actions) -> **`alert`** -> `output`.
//!
//! # Holds
//!
//! - The id is a pure function of (shipment, epoch, rule, kind, episode); all audiences of one alert
//!   get the same id and version.

use crossdock_model::change::ChangeKind;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::id::{ChangeId, Position, ShipmentKey};
use crossdock_model::milestone::{Audience, Direction, Milestone};
use crossdock_model::record::Seconds;
use crossdock_model::time::Micros;
use crossdock_rules::rule::ruleset::Rule;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::json::Object;
use crate::say;

/// Everything an alert says.
#[derive(Clone, Copy, Debug)]
pub struct Alert<'a> {
    /// Its identity, for ever.
    pub id: ChangeId,
    /// Opened or resolved.
    pub kind: ChangeKind,
    /// Who is told by this message.
    pub audience: Audience,
    /// Whose data.
    pub tenant: &'a str,
    /// Who carries it; empty for a feed.
    pub carrier: &'a str,
    /// The number; empty for a feed.
    pub number: &'a str,
    /// Other numbers of the parcel, joined by the separator.
    pub aliases: &'a str,
    /// How often the number has been used.
    pub epoch: u16,
    /// Rises by one per change of this shipment or feed.
    pub version: u32,
    /// Where the shipment is; absent for a feed.
    pub milestone: Option<Milestone>,
    /// The lane it is on.
    pub direction: Direction,
    /// When it became true, or was over.
    pub at: Seconds,
    /// What it is counted from.
    pub since: Seconds,
    /// Which raise of this rule.
    pub episode: u16,
    /// The rule.
    pub rule: &'a Rule,
    /// The rules in force.
    pub ruleset_rev: u64,
    /// What people read.
    pub message: &'a str,
    /// Why it ended; empty where it was opened.
    pub ended: &'static str,
    /// It should not have been said.
    pub is_retracted: bool,
    /// The feed of the event, or of the shipment's last one.
    pub feed: &'a str,
    /// The order, if any.
    pub order: &'a str,
    /// Stream time of the message.
    pub received: Micros,
    /// Fingerprint of the event; absent where a timer spoke.
    pub cause: Option<u64>,
    /// Where: the event, or the message at which the timer fired.
    pub position: Position,
    /// The second at which the timer fired.
    pub due: Seconds,
}

/// The id of what a rule says.
#[must_use]
pub fn alert_id(
    key: ShipmentKey,
    label: u32,
    rule: &str,
    kind: ChangeKind,
    episode: u16,
) -> ChangeId {
    // Longer than what `say::change_id` hashes, so that the two never meet.
    let mut bytes = [0_u8; 36];
    bytes[0..16].copy_from_slice(&key.0.to_le_bytes());
    bytes[16..20].copy_from_slice(&label.to_le_bytes());
    bytes[20] = kind as u8;
    bytes[22..24].copy_from_slice(&episode.to_le_bytes());
    bytes[24..32].copy_from_slice(&xxh3_64(rule.as_bytes()).to_le_bytes());
    bytes[32..36].copy_from_slice(b"rule");
    ChangeId(xxh3_128(&bytes))
}

/// Writes the body: one JSON object.
pub fn write_body(out: &mut Vec<u8>, alert: &Alert<'_>) {
    let mut object = Object::begin(out);
    object.hex128("id", alert.id.0);
    object.name("kind", alert.kind.name());
    object.text("tenant", alert.tenant);
    object.text("carrier", alert.carrier);
    object.text("tracking_number", alert.number);
    if !alert.aliases.is_empty() {
        object.list("aliases", alert.aliases.split(say::SEPARATOR));
    }
    object.number("epoch", u64::from(alert.epoch));
    object.number("version", u64::from(alert.version));
    if let Some(milestone) = alert.milestone {
        object.name("milestone", milestone.name());
    }
    object.utc("at", alert.at.micros());
    if alert.rule.class != ExceptionClass::None {
        object.name("exception", alert.rule.class.name());
    }
    if alert.direction != Direction::Forward {
        object.name("direction", alert.direction.name());
    }
    object.number("episode", u64::from(alert.episode));
    object.name("audience", alert.audience.name());
    object.text("rule", &alert.rule.id);
    object.hex64("rule_rev", alert.rule.rev);
    object.hex64("ruleset_rev", alert.ruleset_rev);
    object.text("code", &alert.rule.code);
    object.name("severity", alert.rule.severity.name());
    object.text("message", alert.message);
    object.utc("since", alert.since.micros());
    object.text("ended", alert.ended);
    if alert.is_retracted {
        object.truth("retracted", true);
    }
    object.text("feed", alert.feed);
    object.text("order", alert.order);
    object.utc("received", alert.received);
    if let Some(cause) = alert.cause {
        object.hex64("cause", cause);
    }
    object.object("position", |position| {
        position.number("seq", alert.position.seq);
        if alert.position.is_timer() {
            position.utc("due", alert.due.micros());
        } else {
            position.number("index", u64::from(alert.position.index));
        }
    });
    object.end();
}

/// Writes the subject.
pub fn write_subject(out: &mut Vec<u8>, alert: &Alert<'_>) {
    out.extend_from_slice(b"ms.");
    say::write_token(out, alert.tenant);
    out.push(b'.');
    out.extend_from_slice(alert.audience.name().as_bytes());
    out.push(b'.');
    out.extend_from_slice(alert.kind.name().as_bytes());
}
