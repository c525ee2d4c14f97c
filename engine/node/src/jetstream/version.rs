//! Which nats-server is new enough.
//!
//! # Place
//! Asked once per connection, before anything else is said to the server.
//! # Method
//! `major.minor.patch` compared as numbers; a pre-release (`2.14.5-RC.1`) counts as older than its
//! release, anything unreadable as too old.
//! # Holds
//! The floor and why it is there.
//! # Does not hold
//! Settings of streams (`setup`).

use std::fmt;

/// The oldest server we work with. Atomic batches came in 2.12, but until 2.14.5 a re-used buffer
/// could mix up `Nats-Expected-Last-Subject-Sequence` inside them (nats-server #8377): the fence.
pub const SERVER_VERSION_MIN: ServerVersion =
    ServerVersion { major: 2, minor: 14, patch: 5, released: true };

/// [`SERVER_VERSION_MIN`] as text.
pub const SERVER_VERSION_MIN_TEXT: &str = "2.14.5";

/// A server's version; ordered as releases are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerVersion {
    major: u32,
    minor: u32,
    patch: u32,
    released: bool,
}

impl ServerVersion {
    /// Reads `2.14.5`, `v2.15.1` or `2.15.0-RC.2`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (numbers, released) = match text.split_once(['-', '+']) {
            Some((numbers, _)) => (numbers, text.as_bytes()[numbers.len()] == b'+'),
            None => (text, true),
        };
        let mut parts = numbers.split('.').map(|part| part.parse::<u32>().ok());
        let (major, minor, patch) = (parts.next()??, parts.next()??, parts.next()??);
        if parts.next().is_some() {
            return None;
        }
        Some(Self { major, minor, patch, released })
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, enough: bool) {
        let found = ServerVersion::parse(text).is_some_and(|v| SERVER_VERSION_MIN <= v);
        assert_eq!(found, enough, "{text}");
    }

    #[test]
    fn versions_below_the_floor_and_unreadable_ones_are_too_old() {
        for text in ["2.9.10", "2.14.4", "2.14.5-RC.1", "1.99.99", "", "2.15", "2.15.x", "2.15.1.1"]
        {
            check(text, false);
        }
        for text in ["2.14.5", "v2.14.5", "2.15.0-RC.2", "2.15.1", "3.0.0", "2.14.5+build.7"] {
            check(text, true);
        }
        assert_eq!(SERVER_VERSION_MIN.to_string(), SERVER_VERSION_MIN_TEXT);
    }
}
