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
    ($($variant:ident = $family:literal $([$label:literal = $value:literal])?, $help:literal;)*) => {
        /// Something that only grows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(usize)]
        pub enum Counter {
            $(#[doc = $help] $variant,)*
        }

        impl Counter {
            /// All of them; those of one family stand together.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The family's name, without the suffix `_total`.
            #[must_use]
            pub const fn family(self) -> &'static str {
                match self { $(Self::$variant => $family,)* }
            }

            /// The label that tells the members of a family apart.
            #[must_use]
            pub const fn label(self) -> Option<(&'static str, &'static str)> {
                match self { $(Self::$variant => label!($($label, $value)?),)* }
            }

            /// What it counts and what a rise means.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)* }
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
    Documents = "crossdock_documents", "Documents read from the source.";
    DocumentBytes = "crossdock_document_bytes", "Bytes of the documents read from the source.";
    EventsEmitted = "crossdock_events" ["outcome" = "emitted"], "Events by what became of them; the sum equals what was ingested.";
    EventsKnown = "crossdock_events" ["outcome" = "known"], "Events by what became of them; the sum equals what was ingested.";
    EventsHistory = "crossdock_events" ["outcome" = "history"], "Events by what became of them; the sum equals what was ingested.";
    EventsUnmapped = "crossdock_events" ["outcome" = "unmapped"], "Events by what became of them; the sum equals what was ingested.";
    EventsDead = "crossdock_events" ["outcome" = "dead"], "Events by what became of them; the sum equals what was ingested.";
    EventsHearsay = "crossdock_events_hearsay", "New events that say a milestone which their feed may not say (`may_say`, `sender`); they are among the history.";
    Pulls = "crossdock_pulls", "Pull requests sent to the input stream.";
    PullsExpired = "crossdock_pulls_expired", "Pull requests that ended without being filled; usual when idle.";
    MessagesPassed = "crossdock_messages_passed", "Messages delivered again at or below the own position and dropped.";
    ReceivedUnreadable = "crossdock_received_unreadable", "Messages whose Crossdock-Received header is no RFC 3339 time; the stream's time was used.";
    Gaps = "crossdock_reader_restarts" ["cause" = "gap"], "Times the input consumer was made anew, by cause.";
    Silences = "crossdock_reader_restarts" ["cause" = "silence"], "Times the input consumer was made anew, by cause.";
    ConsumersLost = "crossdock_reader_restarts" ["cause" = "consumer_lost"], "Times the input consumer was made anew, by cause.";
    Reconnects = "crossdock_reader_restarts" ["cause" = "reconnect"], "Times the input consumer was made anew, by cause.";
    ReaderRefused = "crossdock_reader_refused", "Requests of the reader that the server refused or did not answer.";
    Claims = "crossdock_claims", "Times this process became the owner of its group.";
    Commits = "crossdock_commits", "Atomic batches stored, claims included.";
    CommitMessages = "crossdock_commit_messages", "Messages stored by atomic batches, commit records included.";
    CommitRetries = "crossdock_commit_retries", "Atomic batches sent again.";
    CommitAcksLost = "crossdock_commit_acks_lost", "Atomic batches whose acknowledgement never came.";
    CommitsResolved = "crossdock_commits_resolved", "Batches found committed by reading the commit record.";
    Fenced = "crossdock_fenced", "Times another engine was found to own the group; this one then ends.";
    Snapshots = "crossdock_snapshots", "Snapshots written.";
    SnapshotsFailed = "crossdock_snapshots_failed", "Snapshots that could not be written; replay after a restart grows.";
    Panics = "crossdock_panics", "Panics of a stage that were caught; the document was set aside as a dead letter.";
    RuleSwitches = "crossdock_rule_switches", "Times a rule set became active.";
    RuleSwitchesRefused = "crossdock_rule_switches_refused", "Switch messages that could not be followed; the rules in force stayed.";
    EstimatesAsked = "crossdock_estimates_asked", "Questions when a shipment arrives.";
    EstimatesUnanswered = "crossdock_estimates_unanswered", "Questions that nothing learned and no date could answer.";
    EstimatesFirst = "crossdock_estimates_said" ["what" = "first"], "Estimates said: for the first time, in the place of another, or taken back.";
    EstimatesMoved = "crossdock_estimates_said" ["what" = "moved"], "Estimates said: for the first time, in the place of another, or taken back.";
    EstimatesWithdrawn = "crossdock_estimates_said" ["what" = "withdrawn"], "Estimates said: for the first time, in the place of another, or taken back.";
    OutcomesLearned = "crossdock_estimate_outcomes" ["what" = "learned"], "Outcomes of arrived shipments, one for each class of milestones that they passed.";
    OutcomesExcluded = "crossdock_estimate_outcomes" ["what" = "excluded"], "Outcomes of arrived shipments, one for each class of milestones that they passed.";
    CarrierDatesMissed = "crossdock_dates_missed" ["whose" = "carrier"], "Deliveries after the day of the carrier's last estimate, or of the promise.";
    PromisesMissed = "crossdock_dates_missed" ["whose" = "promise"], "Deliveries after the day of the carrier's last estimate, or of the promise.";
    Ticks = "crossdock_ticks", "Messages of the log that say only that time has passed, or which rules are in force.";
    RulesRaised = "crossdock_rule_actions" ["action" = "raised"], "What live rules did; shadow counts raises of rules that tell nobody.";
    RulesResolved = "crossdock_rule_actions" ["action" = "resolved"], "What live rules did; shadow counts raises of rules that tell nobody.";
    RulesRetracted = "crossdock_rule_actions" ["action" = "retracted"], "What live rules did; shadow counts raises of rules that tell nobody.";
    RulesShadowed = "crossdock_rule_actions" ["action" = "shadow"], "What live rules did; shadow counts raises of rules that tell nobody.";
    RulesMuted = "crossdock_rule_muted", "Messages of rules left out because the carrier's own exception had told the audience.";
    ShipmentsSealed = "crossdock_shipments_aged" ["step" = "sealed"], "Shipments that left memory in part or whole: by age, or because the room was full (evicted).";
    ShipmentsForgotten = "crossdock_shipments_aged" ["step" = "forgotten"], "Shipments that left memory in part or whole: by age, or because the room was full (evicted).";
    ShipmentsEvicted = "crossdock_shipments_aged" ["step" = "evicted"], "Shipments that left memory in part or whole: by age, or because the room was full (evicted).";
    TimersFired = "crossdock_timers_fired", "Timers of shipments and feeds that fired.";
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
