//! The ids of the time zones.
//!
//! # Place
//! Below `time` (a code such as `ET` names a zone) and `place` (a postal code lies in one).
//!
//! # Method
//! An id is an index into a list of names that only grows, so it may be stored.
//!
//! # Holds
//! [`ZoneId`], names to ids at compile time and at run time.
//!
//! # Does not hold
//! Offsets: see `place::Zones`.

mod names;

use names::{LATER, SORTED};

/// One zone of the IANA database, as an index into a list that only grows. Safe to keep in a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneId(u16);

impl ZoneId {
    /// How many zones there are. Every id is below it.
    pub const COUNT: usize = SORTED.len() + LATER.len();
    /// Universal time.
    pub const UTC: ZoneId = ZoneId::named("Etc/UTC");

    /// The id of a name known when this is compiled. Stops the build when there is no such zone.
    #[must_use]
    pub const fn named(name: &str) -> ZoneId {
        match find(name.as_bytes()) {
            Some(id) => id,
            None => panic!("no zone of this name"),
        }
    }

    /// The id of an IANA name such as `America/New_York`, letter case as in the database. Aliases have ids of their own.
    #[must_use]
    pub const fn from_name(name: &[u8]) -> Option<ZoneId> {
        find(name)
    }

    /// The id that was stored as this number, if it is one.
    #[must_use]
    pub const fn from_index(index: u16) -> Option<ZoneId> {
        if (index as usize) < ZoneId::COUNT { Some(ZoneId(index)) } else { None }
    }

    /// The index of the zone: from 0, below [`ZoneId::COUNT`].
    #[must_use]
    pub const fn index(self) -> u16 {
        self.0
    }

    /// The IANA name.
    #[must_use]
    pub fn name(self) -> &'static str {
        let index = usize::from(self.0);
        if index < SORTED.len() { SORTED[index] } else { LATER[index - SORTED.len()] }
    }

    /// Every zone, in the order of ids.
    pub fn all() -> impl Iterator<Item = ZoneId> {
        (0..ZoneId::COUNT).filter_map(|index| ZoneId::from_index(u16::try_from(index).ok()?))
    }
}

/// Binary search over the sorted names, then the later ones one by one.
const fn find(name: &[u8]) -> Option<ZoneId> {
    let (mut low, mut high) = (0, SORTED.len());
    // Ends: every turn halves the span.
    while low < high {
        let middle = low + (high - low) / 2;
        match order(SORTED[middle].as_bytes(), name) {
            0 => return Some(ZoneId(middle as u16)),
            1 => low = middle + 1,
            _ => high = middle,
        }
    }
    let mut index = 0;
    // Ends: at the last name.
    while index < LATER.len() {
        if order(LATER[index].as_bytes(), name) == 0 {
            return Some(ZoneId((SORTED.len() + index) as u16));
        }
        index += 1;
    }
    None
}

/// 0 when the two are equal, 1 when the left one sorts first, 2 otherwise. Slices can't be compared in a `const fn`.
const fn order(left: &[u8], right: &[u8]) -> u8 {
    let mut index = 0;
    // Ends: at the end of the shorter one.
    while index < left.len() && index < right.len() {
        if left[index] != right[index] {
            return if left[index] < right[index] { 1 } else { 2 };
        }
        index += 1;
    }
    if left.len() == right.len() {
        0
    } else if left.len() < right.len() {
        1
    } else {
        2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_under_its_own_id_and_known_to_jiff() {
        assert!(SORTED.windows(2).all(|pair| pair[0] < pair[1]));
        for id in ZoneId::all() {
            assert_eq!(ZoneId::from_name(id.name().as_bytes()), Some(id));
            assert!(jiff::tz::TimeZone::get(id.name()).is_ok(), "{}", id.name());
        }
    }

    #[test]
    fn every_name_of_jiff_has_an_id() {
        for name in jiff::tz::db().available() {
            // A placeholder of the database for a machine nobody has set up.
            let is_zone = name.as_str() != "Factory";
            assert!(!is_zone || ZoneId::from_name(name.as_str().as_bytes()).is_some(), "{name}");
        }
    }

    #[test]
    fn other_names_have_none() {
        for name in ["", "America", "America/New_Yor", "America/New_York ", "est", "Zzz"] {
            assert_eq!(ZoneId::from_name(name.as_bytes()), None, "{name}");
        }
        assert_eq!(ZoneId::from_index(u16::MAX), None);
    }
}
