//! Rules that were in force once and are not now: what they said is not said again under the same name.
//!
//! # Place
//!
//! One table per shard of `core`, beside the rules in force; a [`Migration`](super::reload::Migration) adds to it
//! and reads it. Saved with the shard.
//!
//! # Method
//!
//! A row of a rule that goes stays with the shipment under an index behind those of all rules, at rest, with its
//! episode. When a rule of that id comes back, the row is its row again: episode numbers go on.
//!
//! # Holds
//!
//! - An index stands for the same id for ever. The same switches give the same table.

use super::rows::{RETIRED_FIRST, RETIRED_OTHERS};

/// Ids that are remembered one by one; rows of further ones are merged.
const RETIRED_MAX: usize = 0x4000;

/// Ids of rules that are gone, by the order in which they went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retired {
    ids: Vec<Box<str>>,
}

impl Retired {
    /// The table of ids in the order of [`Retired::ids`]; `None` where there are more than can be.
    #[must_use]
    pub fn of(ids: Vec<Box<str>>) -> Option<Self> {
        (ids.len() <= RETIRED_MAX).then_some(Self { ids })
    }

    /// The ids, in order.
    #[must_use]
    pub fn ids(&self) -> &[Box<str>] {
        &self.ids
    }

    /// The index for rows of a rule, which is given one where it has none.
    pub(crate) fn index(&mut self, id: &str) -> u16 {
        let known = self.ids.iter().position(|known| **known == *id);
        let place = known.unwrap_or(self.ids.len());
        if RETIRED_MAX <= place {
            return RETIRED_OTHERS;
        }
        if known.is_none() {
            self.ids.push(id.into());
        }
        RETIRED_FIRST + u16::try_from(place).expect("below RETIRED_MAX")
    }

    /// The place in [`Retired::ids`] of a row's index.
    #[must_use]
    pub const fn place(index: u16) -> Option<usize> {
        match index.checked_sub(RETIRED_FIRST) {
            Some(place) if index != RETIRED_OTHERS => Some(place as usize),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_its_index_and_too_many_share_one() {
        let mut retired = Retired::default();
        assert_eq!(
            [retired.index("a"), retired.index("b"), retired.index("a")],
            [RETIRED_FIRST, RETIRED_FIRST + 1, RETIRED_FIRST]
        );
        assert_eq!(Retired::place(RETIRED_FIRST + 1), Some(1));
        for number in 2..RETIRED_MAX {
            retired.ids.push(number.to_string().into());
        }
        assert_eq!(retired.index("one more"), RETIRED_OTHERS);
        assert_eq!(Retired::place(RETIRED_OTHERS), None);
        assert_eq!(Retired::place(7), None);
        assert_eq!(Retired::of(retired.ids().to_vec()), Some(retired));
    }
}
