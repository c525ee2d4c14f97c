//! Agreement with the oracle: a rung is timed only after what it said was what it must say.

use crossdock_core::output::{Message, MessageKind, Output};
use crossdock_model::change::ChangeKind;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::milestone::Milestone;
use serde_json::Value;

/// What must be said, as sums that do not depend on order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Changes.
    pub changes: u64,
    /// Sum of a hash of (kind, milestone, exception, version) over all changes.
    pub sum: u64,
    /// Events and documents without any.
    pub inputs: u64,
    /// Those that went no further.
    pub dead: u64,
}

impl Expected {
    /// Adds one change.
    pub fn add(
        &mut self,
        kind: ChangeKind,
        milestone: Milestone,
        exception: ExceptionClass,
        version: u32,
    ) {
        let bits = (kind as u64) << 48
            | (milestone as u64) << 40
            | (exception as u64) << 32
            | u64::from(version);
        self.changes += 1;
        // splitmix64's finisher: a sum of these does not hide one change behind another.
        let mut hash = bits.wrapping_add(0x9E37_79B9_7F4A_7C15);
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        self.sum = self.sum.wrapping_add(hash ^ (hash >> 31));
    }

    /// Adds a change as an engine said it. What orders do is not part of the oracle.
    pub fn add_said(&mut self, output: &Output, message: &Message) {
        let MessageKind::Change { kind, .. } = message.kind else { return };
        if kind == ChangeKind::Order {
            return;
        }
        let body: Value = serde_json::from_slice(output.body(message)).unwrap_or(Value::Null);
        let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or("");
        let milestone = Milestone::from_name(text("milestone")).unwrap_or_default();
        let exception = ExceptionClass::from_name(text("exception")).unwrap_or_default();
        let version = body.get("version").and_then(Value::as_u64).unwrap_or(0);
        self.add(kind, milestone, exception, u32::try_from(version).unwrap_or(u32::MAX));
    }
}
