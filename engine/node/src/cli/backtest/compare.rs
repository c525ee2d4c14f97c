//! The raises of two runs over one capture, paired.
//!
//! # Holds
//!
//! - The raises of one rule about one shipment are paired in the order in which they came.

use std::collections::BTreeSet;

use super::Run;

/// What became of a raise of the baseline, or how a raise came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Added,
    Removed,
    Earlier,
    Later,
    Same,
}

impl Kind {
    pub(super) const ALL: [Self; 5] =
        [Self::Added, Self::Removed, Self::Earlier, Self::Later, Self::Same];

    /// The word for it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Earlier => "earlier",
            Self::Later => "later",
            Self::Same => "same",
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference<'a> {
    pub(super) rule: &'a str,
    pub(super) kind: Kind,
    pub(super) shipment: &'a str,
    /// Seconds by which it came earlier or later.
    pub(super) moved: i64,
}

/// Pairs the raises of two runs.
pub(super) fn compare<'a>(before: &'a Run, after: &'a Run, tolerance: i64) -> Vec<Difference<'a>> {
    let keys: BTreeSet<_> = before.raises.keys().chain(after.raises.keys()).collect();
    let mut found = Vec::new();
    for key in keys {
        let of = |run: &'a Run| run.raises.get(key).map_or(&[][..], Vec::as_slice);
        let (old, new) = (of(before), of(after));
        let (rule, shipment) = (key.0.as_str(), key.1.as_str());
        for (old, new) in old.iter().zip(new) {
            let moved = new.said - old.said;
            let kind = match moved {
                moved if moved < -tolerance => Kind::Earlier,
                moved if tolerance < moved => Kind::Later,
                _ => Kind::Same,
            };
            found.push(Difference { rule, kind, shipment, moved: moved.abs() });
        }
        let kind = if old.len() < new.len() { Kind::Added } else { Kind::Removed };
        for _ in old.len().min(new.len())..old.len().max(new.len()) {
            found.push(Difference { rule, kind, shipment, moved: 0 });
        }
    }
    found.sort_by_key(|it| (it.rule, it.kind));
    found
}
