//! What snapshots are called, on a disk and in a bucket.
//!
//! # Place
//! Under `folder` and `bucket`.
//! # Method
//! `<group>-<position, 20 digits>-<epoch, 10 digits>.snapshot`: the order of names of a group is the order of
//! positions, and two owners never write the same name.
//! # Holds
//! Writing and reading it.

use std::fmt;
use std::path::Path;

/// The end of the name of a snapshot that is complete.
pub const COMPLETE: &str = ".snapshot";

/// A snapshot's name. The order is that of positions, then of epochs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// All messages up to this sequence are in the state.
    pub position: u64,
    /// The epoch of the owner that wrote it; 0 for a standby.
    pub epoch: u32,
    /// The group; it may hold dashes, too.
    pub group: String,
}

impl Name {
    /// Reads a name; `None` where it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let stem = text.strip_suffix(COMPLETE)?;
        let mut parts = stem.rsplitn(3, '-');
        let (epoch, position, group) = (parts.next()?, parts.next()?, parts.next()?);
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if (position.len(), epoch.len()) != (20, 10) || !is_number(position) || !is_number(epoch) {
            return None;
        }
        let (position, epoch) = (position.parse().ok()?, epoch.parse().ok()?);
        Some(Self { position, epoch, group: group.to_owned() })
    }

    /// Reads the name of a file; `None` where it is not one.
    #[must_use]
    pub fn of_file(path: &Path) -> Option<Self> {
        Self::parse(path.file_name()?.to_str()?)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { position, epoch, group } = self;
        write!(f, "{group}-{position:020}-{epoch:010}{COMPLETE}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_back_and_others_are_none() {
        let name = Name { position: 1208, epoch: 4, group: String::from("a-b") };
        let text = name.to_string();
        assert_eq!(text, "a-b-00000000000000001208-0000000004.snapshot");
        assert_eq!(Name::parse(&text), Some(name.clone()));
        assert_eq!(Name::of_file(&Path::new("/x").join(&text)), Some(name));
        for other in [
            "",
            ".snapshot",
            "a-1-1.snapshot",
            "a-00000000000000001208-0000000004.snapshot.77.part",
            "a-+0000000000000001208-0000000004.snapshot",
            "a-99999999999999999999-0000000004.snapshot",
            "00000000000000001208-0000000004.snapshot",
        ] {
            assert_eq!(Name::parse(other), None, "{other}");
        }
    }

    #[test]
    fn names_stand_in_the_order_of_positions() {
        let name = |position, epoch| Name { position, epoch, group: String::from("g") };
        assert!(name(9, 7) < name(10, 1) && name(10, 1) < name(10, 2));
    }
}
