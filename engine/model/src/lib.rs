//! The nouns of crossdock, in reading order. No logic beyond their own meaning, no dependencies.
//!
//! An [`Event`](event::Event) says what a carrier reported, on two axes: where the shipment is
//! ([`Milestone`](milestone::Milestone), [`Detail`](detail::Detail)) and what is wrong with it
//! ([`ExceptionClass`](exception::ExceptionClass), [`Reason`](reason::Reason)). A
//! [`Change`](change::Change) is what the engine says to the world because of it, and a
//! [`Reject`](reject::Reject) is why something went no further.

pub mod change;
pub mod detail;
pub mod event;
pub mod exception;
pub mod id;
pub mod limits;
pub mod milestone;
pub mod reason;
pub mod record;
pub mod reject;
pub mod time;
