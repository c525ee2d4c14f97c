//! The account of a drain, added to the counters that others read.

use crossdock_model::change::ChangeKind;
use crossdock_model::reject::{Outcome, Reject};

use super::Drain;
use crate::jetstream::edge::Link;
use crate::telemetry::{Counter, Gauge};

impl<L: Link> Drain<L> {
    /// Adds what was counted since the last time to the counters that others read.
    pub(super) fn count(&mut self) {
        let now = self.pipeline.tally();
        let counters = &self.telemetry.counters;
        for outcome in Outcome::ALL {
            counters.add_events(outcome, now.of(outcome) - self.counted.of(outcome));
        }
        for &reject in Reject::ALL {
            let slot = reject as usize;
            counters.add_rejects(reject, now.rejects[slot] - self.counted.rejects[slot]);
        }
        let quarantined = Reject::Quarantined as usize;
        let panics = now.rejects[quarantined] - self.counted.rejects[quarantined];
        counters.add(Counter::Panics, panics);
        for kind in ChangeKind::ALL {
            let slot = kind as usize;
            counters.add_changes(kind, now.changes[slot] - self.counted.changes[slot]);
        }
        let (rules, before) = (&now.rules, &self.counted.rules);
        let (told, known) = (&now.estimates, &self.counted.estimates);
        for (counter, count) in [
            (Counter::Ticks, now.ticks - self.counted.ticks),
            (Counter::RulesRaised, rules.raised - before.raised),
            (Counter::RulesResolved, rules.resolved - before.resolved),
            (Counter::RulesRetracted, rules.retracted - before.retracted),
            (Counter::RulesShadowed, rules.shadowed - before.shadowed),
            (Counter::RulesMuted, rules.muted - before.muted),
            (Counter::EventsHearsay, now.hearsay - self.counted.hearsay),
            (Counter::ShipmentsSealed, now.sealed - self.counted.sealed),
            (Counter::ShipmentsForgotten, now.forgotten - self.counted.forgotten),
            (Counter::ShipmentsEvicted, now.evicted - self.counted.evicted),
            (Counter::TimersFired, rules.timers_fired - before.timers_fired),
            (Counter::EstimatesAsked, told.asked - known.asked),
            (Counter::EstimatesUnanswered, told.unanswered - known.unanswered),
            (Counter::EstimatesFirst, told.first - known.first),
            (Counter::EstimatesMoved, told.moved - known.moved),
            (Counter::EstimatesWithdrawn, told.withdrawn - known.withdrawn),
            (Counter::OutcomesLearned, told.learned - known.learned),
            (Counter::OutcomesExcluded, told.excluded - known.excluded),
            (Counter::CarrierDatesMissed, told.carrier_missed - known.carrier_missed),
            (Counter::PromisesMissed, told.promise_missed - known.promise_missed),
        ] {
            counters.add(counter, count);
        }
        self.telemetry.gauges.set(Gauge::TimersPending, rules.timers_pending);
        self.counted = now;
        self.telemetry.gauges.set(Gauge::Shipments, self.pipeline.shipments() as u64);
    }
}
