//! What a run adds up to: counts, rates and latency, for people and for programs.

use std::fmt::Write as _;
use std::time::Duration;

use crossdock_core::tally::{RuleTally, Tally};
use crossdock_model::change::ChangeKind;
use crossdock_model::reject::{Outcome, Reject};

use super::terminal;

/// What was measured beside the counts.
#[derive(Clone, Debug)]
pub struct Measured {
    /// From the first document to the last change.
    pub elapsed: Duration,
    /// From a document's receipt to its changes, microseconds: p50, p90, p99, largest.
    pub latency: [u64; 4],
    /// Shipments known at the end.
    pub shipments: usize,
}

/// Prints the summary to stderr: text on a terminal, one JSON line in a pipe.
pub fn print(tally: &Tally, measured: &Measured) {
    assert!(tally.balances());
    if terminal::is_terminal_err() {
        terminal::note(&for_people(tally, measured));
    } else {
        terminal::note(&for_programs(tally, measured));
    }
}

fn for_people(tally: &Tally, measured: &Measured) -> String {
    let mut text = String::from("\n");
    let seconds = measured.elapsed.as_secs_f64().max(1e-9);
    let mut line = |name: &str, value: String| {
        // Writing to a string can't fail.
        let written = writeln!(text, "  {name:<12} {value}");
        debug_assert!(written.is_ok());
    };
    line("documents", format!("{} ({} bytes)", tally.documents, tally.bytes));
    let mut outcomes = Vec::new();
    for outcome in Outcome::ALL {
        outcomes.push(format!("{} {}", tally.of(outcome), outcome.name()));
    }
    line("inputs", format!("{} = {}", tally.inputs, outcomes.join(" + ")));
    let mut changes = Vec::new();
    for kind in ChangeKind::ALL {
        let count = tally.changes[kind as usize];
        if 0 < count {
            changes.push(format!("{count} {}", kind.name()));
        }
    }
    line("changes", format!("{}: {}", tally.changes_sum(), changes.join(", ")));
    let estimates = &tally.estimates;
    if 0 < estimates.asked + estimates.learned {
        let crossdock_core::forecast::EstimateTally { first, moved, withdrawn, .. } = estimates;
        let crossdock_core::forecast::EstimateTally { asked, learned, lanes, .. } = estimates;
        line(
            "estimates",
            format!(
                "{first} first, {moved} moved, {withdrawn} taken back of {asked} asked; {learned} \
                 outcomes learned in {lanes} lanes"
            ),
        );
        let dates = [
            ("carrier's", estimates.carrier_kept, estimates.carrier_missed),
            ("promised", estimates.promise_kept, estimates.promise_missed),
        ];
        for (whose, kept, missed) in dates.into_iter().filter(|(_, kept, missed)| 0 < kept + missed)
        {
            line("", format!("{whose} dates: {kept} kept, {missed} missed"));
        }
    }
    for &reject in Reject::ALL {
        let count = tally.rejects[reject as usize];
        if 0 < count {
            line("dead", format!("{count} {}: {}", reject.name(), reject.help()));
        }
    }
    let rules = &tally.rules;
    if *rules != RuleTally::default() {
        line(
            "rules",
            format!(
                "{} raised, {} resolved, {} taken back, {} in shadow; timers: {} fired, {} wait",
                rules.raised,
                rules.resolved,
                rules.retracted,
                rules.shadowed,
                rules.timers_fired,
                rules.timers_pending
            ),
        );
    }
    line("shipments", measured.shipments.to_string());
    let rate = tally.inputs as f64 / seconds;
    line("rate", format!("{rate:.0} events/s over {seconds:.3} s"));
    let [p50, p90, p99, max] = measured.latency;
    line("latency", format!("p50 {p50} us, p90 {p90} us, p99 {p99} us, max {max} us"));
    text
}

fn for_programs(tally: &Tally, measured: &Measured) -> String {
    let by_name = |pairs: Vec<(&str, u64)>| {
        let map: serde_json::Map<String, serde_json::Value> = pairs
            .into_iter()
            .filter(|(_, count)| 0 < *count)
            .map(|(name, count)| (name.to_owned(), count.into()))
            .collect();
        map
    };
    let outcomes = by_name(Outcome::ALL.map(|it| (it.name(), tally.of(it))).to_vec());
    let rejects = Reject::ALL.iter().map(|it| (it.name(), tally.rejects[*it as usize])).collect();
    let changes = ChangeKind::ALL.map(|it| (it.name(), tally.changes[it as usize])).to_vec();
    let [p50, p90, p99, max] = measured.latency;
    let summary = serde_json::json!({
        "summary": {
            "documents": tally.documents,
            "bytes": tally.bytes,
            "documents_empty": tally.documents_empty,
            "inputs": tally.inputs,
            "outcomes": outcomes,
            "rejects": by_name(rejects),
            "changes": by_name(changes),
            "warnings": tally.warnings,
            "hearsay": tally.hearsay,
            "sealed": tally.sealed,
            "forgotten": tally.forgotten,
            "evicted": tally.evicted,
            "ticks": tally.ticks,
            "rules": {
                "raised": tally.rules.raised,
                "resolved": tally.rules.resolved,
                "retracted": tally.rules.retracted,
                "shadowed": tally.rules.shadowed,
                "muted": tally.rules.muted,
                "timers_fired": tally.rules.timers_fired,
                "timers_pending": tally.rules.timers_pending,
                "switches": tally.rules.switches,
            },
            "shipments": measured.shipments,
            "seconds": measured.elapsed.as_secs_f64(),
            "latency_us": {"p50": p50, "p90": p90, "p99": p99, "max": max},
        }
    });
    format!("{summary}\n")
}
