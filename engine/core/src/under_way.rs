//! Which message of the log a stage is at, for whoever has to tell after a panic.
//!
//! # Place
//!
//! Shards, the order book and the forecast note it; a node that catches a panic asks for it and leaves the
//! message out ever after.
//!
//! # Holds
//!
//! - One store for each message; nothing is read unless something has gone wrong.
//!
//! # Does not hold
//!
//! - What leads back from a panic: the stage that had it is lost, and is made again from a snapshot.

/// What a stage is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnderWay {
    /// Nothing that belongs to a message.
    #[default]
    Nothing,
    /// Time has come to a message, by its sequence. Without the message it would come to the next one.
    Time(u64),
    /// A message is applied, by its sequence. Without it there is nothing to apply.
    Message(u64),
}

/// Stands in for a bug of a stage: what is told of a shipment with this number panics. For tests; no
/// configuration sets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planted {
    /// In the shard that owns the shipment.
    Shard(Box<str>),
    /// In the order book, once it has an order.
    Orders(Box<str>),
}

/// What a planted number comes to. Nothing is printed: a simulator has thousands of them.
#[cold]
pub(crate) fn spring(number: &str) -> ! {
    std::panic::resume_unwind(Box::new(format!("planted for \"{number}\"")))
}
