//! The closed list of what is counted.
//!
//! # Place
//! Added to by every thread, once per batch; read by `/metrics` and by the summary of a run.
//! # Method
//! An enum indexes an array of relaxed atomics. Nothing orders them against each other: a scrape
//! is a moment's view, and sums agree only when the engine stands still.
//! # Holds
//! Names, labels and help texts; rejects by reason and changes by kind.
//! # Does not hold
//! Anything per tenant or per shipment: the number of series is fixed.

use crossdock_model::change::ChangeKind;
use crossdock_model::reject::{Outcome, Reject};
use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($family:literal, $help:literal: $($variant:ident $([$label:literal = $value:literal])?),+;)*) => {
        /// Something that only grows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(usize)]
        pub enum Counter {
            $($(#[doc = $help] $variant,)+)*
        }

        impl Counter {
            /// All of them; those of one family stand together.
            pub const ALL: &'static [Self] = &[$($(Self::$variant,)+)*];

            /// The family's name, without the suffix `_total`.
            #[must_use]
            pub const fn family(self) -> &'static str {
                match self { $($(Self::$variant => $family,)+)* }
            }

            /// The label that tells the members of a family apart.
            #[must_use]
            pub const fn label(self) -> Option<(&'static str, &'static str)> {
                match self { $($(Self::$variant => label!($($label, $value)?),)+)* }
            }

            /// What it counts and what a rise means.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $($(Self::$variant => $help,)+)* }
            }
        }
    };
}

macro_rules! label {
    () => {
        None
    };
    ($label:literal, $value:literal) => {
        Some(($label, $value))
    };
}

counters! {
    "crossdock_documents", "Documents read from the source.": Documents;
    "crossdock_document_bytes", "Bytes of the documents read from the source.": DocumentBytes;
    "crossdock_events", "Events by what became of them; the sum equals what was ingested.":
        EventsEmitted ["outcome" = "emitted"],
        EventsKnown ["outcome" = "known"],
        EventsHistory ["outcome" = "history"],
        EventsUnmapped ["outcome" = "unmapped"],
        EventsDead ["outcome" = "dead"];
    "crossdock_events_hearsay", "New events that say a milestone which their feed may not say (`may_say`, `sender`); they are among the history.": EventsHearsay;
    "crossdock_pulls", "Pull requests sent to the input stream.": Pulls;
    "crossdock_pulls_expired", "Pull requests that ended without being filled; usual when idle.": PullsExpired;
    "crossdock_messages_passed", "Messages delivered again at or below the own position and dropped.": MessagesPassed;
    "crossdock_received_unreadable", "Messages whose Crossdock-Received header is no RFC 3339 time; the stream's time was used.": ReceivedUnreadable;
    "crossdock_reader_restarts", "Times the input consumer was made anew, by cause.":
        Gaps ["cause" = "gap"],
        Holes ["cause" = "hole"],
        Silences ["cause" = "silence"],
        ConsumersLost ["cause" = "consumer_lost"],
        Reconnects ["cause" = "reconnect"];
    "crossdock_reader_refused", "Requests of the reader that the server refused or did not answer.": ReaderRefused;
    "crossdock_claims", "Times this process became the owner of its group.": Claims;
    "crossdock_commits", "Atomic batches stored, claims included.": Commits;
    "crossdock_commit_messages", "Messages stored by atomic batches, commit records included.": CommitMessages;
    "crossdock_commit_retries", "Atomic batches sent again.": CommitRetries;
    "crossdock_commit_acks_lost", "Atomic batches whose acknowledgement never came.": CommitAcksLost;
    "crossdock_commits_resolved", "Batches found committed by reading the commit record.": CommitsResolved;
    "crossdock_fenced", "Times another engine was found to own the group; this one then ends.": Fenced;
    "crossdock_snapshots", "Snapshots written.": Snapshots;
    "crossdock_snapshots_failed", "Snapshots that could not be written; replay after a restart grows.": SnapshotsFailed;
    "crossdock_snapshots_copied", "Snapshots copied to the bucket.": SnapshotsCopied;
    "crossdock_snapshot_copies_failed", "Attempts to copy a snapshot to the bucket that failed; each is followed by another.": SnapshotCopiesFailed;
    "crossdock_panics", "Panics of a stage that were caught; the document was set aside as a dead letter.": Panics;
    "crossdock_rule_switches", "Times a rule set became active.": RuleSwitches;
    "crossdock_rule_switches_refused", "Switch messages that could not be followed, and files of the bucket that have mistakes; the rules in force stayed.": RuleSwitchesRefused;
    "crossdock_estimates_asked", "Questions when a shipment arrives.": EstimatesAsked;
    "crossdock_estimates_unanswered", "Questions that nothing learned and no date could answer.": EstimatesUnanswered;
    "crossdock_estimates_said", "Estimates said: for the first time, in the place of another, or taken back.":
        EstimatesFirst ["what" = "first"],
        EstimatesMoved ["what" = "moved"],
        EstimatesWithdrawn ["what" = "withdrawn"];
    "crossdock_estimate_outcomes", "Outcomes of arrived shipments, one for each class of milestones that they passed.":
        OutcomesLearned ["what" = "learned"],
        OutcomesExcluded ["what" = "excluded"];
    "crossdock_dates_missed", "Deliveries after the day of the carrier's last estimate, or of the promise.":
        CarrierDatesMissed ["whose" = "carrier"],
        PromisesMissed ["whose" = "promise"];
    "crossdock_ticks", "Messages of the log that say only that time has passed, or which rules are in force.": Ticks;
    "crossdock_rule_actions", "What live rules did; shadow counts raises of rules that tell nobody.":
        RulesRaised ["action" = "raised"],
        RulesResolved ["action" = "resolved"],
        RulesRetracted ["action" = "retracted"],
        RulesShadowed ["action" = "shadow"];
    "crossdock_rule_muted", "Messages of rules left out because the carrier's own exception had told the audience.": RulesMuted;
    "crossdock_shipments_aged", "Shipments that left memory in part or whole: by age, or because the room was full (evicted).":
        ShipmentsSealed ["step" = "sealed"],
        ShipmentsForgotten ["step" = "forgotten"],
        ShipmentsEvicted ["step" = "evicted"];
    "crossdock_timers_fired", "Timers of shipments and feeds that fired.": TimersFired;
}

/// The values, and those of two lists that belong to the model.
#[derive(Debug)]
pub struct Counters {
    values: [AtomicU64; Counter::ALL.len()],
    rejects: [AtomicU64; Reject::ALL.len()],
    changes: [AtomicU64; ChangeKind::ALL.len()],
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            values: std::array::from_fn(|_| AtomicU64::new(0)),
            rejects: std::array::from_fn(|_| AtomicU64::new(0)),
            changes: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }
}

impl Counters {
    /// Adds to one.
    pub fn add(&self, counter: Counter, count: u64) {
        self.values[counter as usize].fetch_add(count, Ordering::Relaxed);
    }

    /// Adds events to the counter of their outcome.
    pub fn add_events(&self, outcome: Outcome, count: u64) {
        let counter = match outcome {
            Outcome::Emitted => Counter::EventsEmitted,
            Outcome::Known => Counter::EventsKnown,
            Outcome::History => Counter::EventsHistory,
            Outcome::Unmapped => Counter::EventsUnmapped,
            Outcome::Dead => Counter::EventsDead,
        };
        self.add(counter, count);
    }

    /// Adds dead letters of one reason.
    pub fn add_rejects(&self, reason: Reject, count: u64) {
        self.rejects[reason as usize].fetch_add(count, Ordering::Relaxed);
    }

    /// Adds changes of one kind.
    pub fn add_changes(&self, kind: ChangeKind, count: u64) {
        self.changes[change_slot(kind)].fetch_add(count, Ordering::Relaxed);
    }

    /// The value now.
    #[must_use]
    pub fn get(&self, counter: Counter) -> u64 {
        self.values[counter as usize].load(Ordering::Relaxed)
    }

    /// Dead letters of one reason.
    #[must_use]
    pub fn rejects(&self, reason: Reject) -> u64 {
        self.rejects[reason as usize].load(Ordering::Relaxed)
    }

    /// Changes of one kind.
    #[must_use]
    pub fn changes(&self, kind: ChangeKind) -> u64 {
        self.changes[change_slot(kind)].load(Ordering::Relaxed)
    }
}

fn change_slot(kind: ChangeKind) -> usize {
    ChangeKind::ALL
        .iter()
        .position(|&other| other == kind)
        .unwrap_or_else(|| unreachable!("ALL holds every kind"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_stand_together_with_one_help_text() {
        let mut seen: Vec<&str> = Vec::new();
        for counter in Counter::ALL {
            let family = counter.family();
            assert!(family.starts_with("crossdock_") && !family.ends_with("_total"), "{family}");
            assert!(counter.help().ends_with('.'), "{family}");
            if seen.last() != Some(&family) {
                assert!(!seen.contains(&family), "{family} is in two places");
                seen.push(family);
            } else {
                assert!(counter.label().is_some(), "{family} needs a label");
            }
        }
        for pair in Counter::ALL.windows(2).filter(|p| p[0].family() == p[1].family()) {
            assert_eq!(pair[0].help(), pair[1].help());
        }
    }

    #[test]
    fn every_outcome_reject_and_kind_has_its_counter() {
        let counters = Counters::default();
        for outcome in Outcome::ALL {
            counters.add_events(outcome, 1);
        }
        for &reason in Reject::ALL {
            counters.add_rejects(reason, 2);
        }
        for kind in ChangeKind::ALL {
            counters.add_changes(kind, 3);
        }
        let events = Counter::ALL.iter().filter(|c| c.family() == "crossdock_events");
        assert!(events.clone().all(|&c| counters.get(c) == 1));
        assert_eq!(events.count(), Outcome::ALL.len());
        assert!(Reject::ALL.iter().all(|&reason| counters.rejects(reason) == 2));
        assert!(ChangeKind::ALL.iter().all(|&kind| counters.changes(kind) == 3));
    }
}
