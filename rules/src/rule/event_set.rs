//! The events that a word of a rule file stands for.
//!
//! # Method
//!
//! A word is, in this order: one of the special words, an alias, a milestone, an exception class, a
//! detail; `milestone.`, `exception.` and `detail.` in front choose one of these. A set of words is a set of
//! bits over each axis.

use crossdock_model::detail::Detail;
use crossdock_model::event::{Event, EventFlags};
use crossdock_model::exception::ExceptionClass;
use crossdock_model::milestone::{Milestone, MilestoneSet};

/// A set of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EventSet {
    /// By the milestone they imply.
    pub milestones: MilestoneSet,
    /// By the exception class they open, bit by number.
    pub classes: u32,
    /// By detail, bit by number.
    pub details: u128,
    /// Every physical scan.
    pub physical: bool,
    /// Every event.
    pub any: bool,
}

/// Words that have another name in the taxonomy: word, name.
pub const ALIASES: [(&str, &str); 18] = [
    ("label_created", "milestone.manifested"),
    ("accepted", "milestone.carrier_possession"),
    ("picked_up", "milestone.carrier_possession"),
    ("possession", "milestone.carrier_possession"),
    ("attempted", "milestone.delivery_attempted"),
    ("returned", "milestone.returned_to_sender"),
    ("returning", "milestone.returning_to_sender"),
    ("lost", "milestone.lost_confirmed"),
    ("ready_for_pickup", "milestone.available_for_pickup"),
    ("collected", "detail.collected_by_customer"),
    ("delivery_refused", "exception.refused"),
    ("address_hold", "exception.address_issue"),
    ("refund", "milestone.refund_released"),
    ("appointment_missed", "detail.appt_missed"),
    ("appointment_set", "detail.appt_confirmed"),
    ("pickup_expired", "detail.pickup_expired"),
    ("pickup_missed", "detail.pickup_attempt_failed"),
    ("partially_delivered", "milestone.partially_delivered"),
];

/// Words that stand for more than one axis.
pub const SPECIAL: [&str; 3] = ["any", "exception", "physical_scan"];

/// What a set looks at of an event.
#[derive(Clone, Copy, Debug)]
pub struct Meaning {
    /// The coarse axis.
    pub milestone: Milestone,
    /// What is wrong, if anything.
    pub exception: ExceptionClass,
    /// The fine axis.
    pub detail: Detail,
    /// Whether it is a physical scan, or takes another event back.
    pub flags: EventFlags,
}

impl Meaning {
    /// That of an event.
    #[must_use]
    #[inline]
    pub const fn of(event: &Event) -> Self {
        let Event { milestone, exception, detail, flags, .. } = *event;
        Self { milestone, exception, detail, flags }
    }
}

impl EventSet {
    /// The set of one word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        let mut set = Self::default();
        match word {
            "any" => set.any = true,
            "physical_scan" => set.physical = true,
            "exception" => set.classes = all_classes(),
            _ => {
                let word =
                    ALIASES.iter().find(|(alias, _)| *alias == word).map_or(word, |(_, w)| w);
                let (axis, name) = word.split_once('.').unwrap_or(("", word));
                if name.chars().any(|letter| letter.is_ascii_uppercase()) {
                    return None;
                }
                let name = name.to_ascii_uppercase();
                let milestone = Milestone::from_name(&name).filter(|m| *m != Milestone::Unknown);
                let class = ExceptionClass::from_name(&name).filter(|c| *c != ExceptionClass::None);
                let detail = Detail::from_name(&name);
                match (axis, milestone, class, detail) {
                    ("" | "milestone", Some(milestone), ..) => set.milestones.insert(milestone),
                    ("" | "exception", _, Some(class), _) => set.classes |= class.bit(),
                    ("" | "detail", _, _, Some(detail)) => set.details |= 1 << (detail as u8),
                    _ => return None,
                }
            }
        }
        Some(set)
    }

    /// Every word that [`Self::of_word`] knows without a prefix.
    pub fn words() -> impl Iterator<Item = String> {
        let aliases = ALIASES.iter().map(|(alias, _)| (*alias).to_owned());
        let milestones = Milestone::ALL.iter().skip(1).map(|m| m.name().to_ascii_lowercase());
        let classes = ExceptionClass::ALL.iter().skip(1).map(|c| c.name().to_ascii_lowercase());
        let details = Detail::ALL.iter().map(|d| d.name().to_ascii_lowercase());
        SPECIAL
            .iter()
            .map(|word| (*word).to_owned())
            .chain(aliases)
            .chain(milestones)
            .chain(classes)
            .chain(details)
    }

    /// Both sets.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            milestones: MilestoneSet(self.milestones.0 | other.milestones.0),
            classes: self.classes | other.classes,
            details: self.details | other.details,
            physical: self.physical || other.physical,
            any: self.any || other.any,
        }
    }

    /// True where it holds no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// True where an event is in the set. An event that takes another back, or whose time can't be
    /// true, is in no set unless every event is.
    #[must_use]
    #[inline]
    pub fn has(&self, event: &Event) -> bool {
        self.has_meaning(Meaning::of(event))
    }

    /// The same of what an event means.
    #[must_use]
    #[inline]
    pub const fn has_meaning(&self, meaning: Meaning) -> bool {
        !meaning.flags.has(EventFlags::RETRACTS) && self.says_meaning(meaning)
    }

    /// The same without regard to whether the event takes another back.
    #[must_use]
    pub fn says(&self, event: &Event) -> bool {
        self.says_meaning(Meaning::of(event))
    }

    const fn says_meaning(&self, meaning: Meaning) -> bool {
        self.any
            || self.milestones.contains(meaning.milestone)
            || self.classes & (meaning.exception.bit() & !1) != 0
            || self.details & (1 << (meaning.detail as u8)) != 0
            || (self.physical && meaning.flags.has(EventFlags::PHYSICAL))
    }

    /// The milestones that its events imply: what `while:` and `pause:` look at.
    #[must_use]
    pub fn states(&self) -> MilestoneSet {
        let mut set = self.milestones;
        for &detail in Detail::ALL {
            if self.details & (1 << (detail as u8)) != 0 && detail.milestone() != Milestone::Unknown
            {
                set.insert(detail.milestone());
            }
        }
        set
    }

    /// True where some event is in both.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let physical = |set: &Self, other: &Self| set.physical && !other.is_empty();
        self.any
            || other.any
            || self.milestones.0 & other.milestones.0 != 0
            || self.classes & other.classes != 0
            || self.details & other.details != 0
            || physical(self, other)
            || physical(other, self)
            || implied(self, other)
            || implied(other, self)
    }
}

/// True where a detail of one implies a milestone of the other.
fn implied(details: &EventSet, milestones: &EventSet) -> bool {
    let only = EventSet { milestones: MilestoneSet(0), ..*details };
    only.states().0 & milestones.milestones.0 != 0
}

fn all_classes() -> u32 {
    ExceptionClass::ALL.iter().skip(1).fold(0, |bits, class| bits | class.bit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_on_their_axis() {
        for (word, want) in [
            ("delivered", "milestone"),
            ("detail.delivered", "detail"),
            ("damaged", "exception"),
            ("customs_hold", "exception"),
            ("customs_held", "detail"),
            ("accepted", "milestone"),
            ("arrived_facility", "detail"),
            ("exception", "exception"),
            ("Delivered", ""),
            ("detail.damaged", ""),
            ("unknown", ""),
            ("none", ""),
        ] {
            let set = EventSet::of_word(word);
            let axis = set.map_or("", |set| match set {
                EventSet { details: 1.., .. } => "detail",
                EventSet { classes: 1.., .. } => "exception",
                _ => "milestone",
            });
            assert_eq!(axis, want, "{word}");
        }
        for word in EventSet::words() {
            assert!(EventSet::of_word(&word).is_some_and(|set| !set.is_empty()), "{word}");
        }
        let arrived = EventSet::of_word("arrived_facility").expect("a detail");
        assert!(arrived.states().contains(Milestone::InTransit));
        assert!(arrived.meets(&EventSet::of_word("in_transit").expect("a milestone")));
    }
}
