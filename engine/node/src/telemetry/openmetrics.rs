//! The text that a scraper reads.
//!
//! # Place
//! Behind `/metrics`; also what `crossdock nats check --metrics` and tests print.
//! # Method
//! OpenMetrics 1.0: family by family, `# TYPE` and `# HELP` before the samples, counters with the
//! suffix `_total`, `# EOF` at the end.
//! # Holds
//! The order of families: that of the enums, so that two scrapes compare line by line.
//! # Does not hold
//! Values (`counter`, `gauge`, `latency`).

use crate::telemetry::latency::BUCKETS_US;
use crate::telemetry::{Counter, Gauge, Telemetry};
use crossdock_model::change::ChangeKind;
use crossdock_model::reject::Reject;
use std::fmt::Write;

/// The content type of the text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything as text.
#[must_use]
pub fn render(telemetry: &Telemetry) -> String {
    let mut text = String::with_capacity(16 * 1024);
    write_all(&mut text, telemetry)
        .unwrap_or_else(|error| unreachable!("a string takes all that is written: {error}"));
    text
}

fn write_all(text: &mut String, telemetry: &Telemetry) -> std::fmt::Result {
    let counters = &telemetry.counters;
    let mut family = "";
    for &counter in Counter::ALL {
        if counter.family() != family {
            family = counter.family();
            head(text, family, "counter", counter.help())?;
        }
        let value = counters.get(counter);
        match counter.label() {
            None => writeln!(text, "{family}_total {value}")?,
            Some((label, name)) => writeln!(text, "{family}_total{{{label}=\"{name}\"}} {value}")?,
        }
    }
    head(text, "crossdock_rejects", "counter", "Dead letters by reason.")?;
    for &reason in Reject::ALL {
        let (name, value) = (reason.name(), counters.rejects(reason));
        writeln!(text, "crossdock_rejects_total{{reason=\"{name}\"}} {value}")?;
    }
    head(text, "crossdock_changes", "counter", "Changes emitted, by kind.")?;
    for kind in ChangeKind::ALL {
        let (name, value) = (kind.name(), counters.changes(kind));
        writeln!(text, "crossdock_changes_total{{kind=\"{name}\"}} {value}")?;
    }
    for &gauge in Gauge::ALL {
        head(text, gauge.name(), "gauge", gauge.help())?;
        writeln!(text, "{} {}", gauge.name(), telemetry.gauges.get(gauge))?;
    }
    latency(text, telemetry)?;
    head(text, "crossdock_build", "info", "The version that runs.")?;
    writeln!(text, "crossdock_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"))?;
    writeln!(text, "# EOF")
}

fn latency(text: &mut String, telemetry: &Telemetry) -> std::fmt::Result {
    let summary = telemetry.latency.summary();
    let name = "crossdock_latency_seconds";
    head(text, name, "histogram", "Receipt of a document to the commit of its changes.")?;
    for (&bound_us, count) in BUCKETS_US.iter().zip(&summary.buckets) {
        let bound = bound_us as f64 / 1e6;
        writeln!(text, "{name}_bucket{{le=\"{bound:?}\"}} {count}")?;
    }
    writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {}", summary.count)?;
    writeln!(text, "{name}_sum {:?}", summary.mean * summary.count as f64 / 1e6)?;
    writeln!(text, "{name}_count {}", summary.count)
}

fn head(text: &mut String, family: &str, kind: &str, help: &str) -> std::fmt::Result {
    writeln!(text, "# TYPE {family} {kind}")?;
    writeln!(text, "# HELP {family} {help}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::LatencyRecorder;
    use std::collections::BTreeSet;

    fn sample() -> String {
        let telemetry = Telemetry::new();
        telemetry.counters.add(Counter::EventsKnown, 7);
        telemetry.counters.add_rejects(Reject::TooDeep, 2);
        telemetry.gauges.set(Gauge::LagMessages, 12);
        let mut recorder = LatencyRecorder::default();
        recorder.record(2_000, 3);
        recorder.merge_into(&telemetry.latency);
        render(&telemetry)
    }

    #[test]
    fn values_stand_under_their_names() {
        let text = sample();
        for line in [
            "# TYPE crossdock_events counter",
            "crossdock_events_total{outcome=\"known\"} 7",
            "crossdock_rejects_total{reason=\"too_deep\"} 2",
            "crossdock_lag_messages 12",
            "crossdock_latency_seconds_bucket{le=\"0.0025\"} 3",
            "crossdock_latency_seconds_bucket{le=\"+Inf\"} 3",
            "crossdock_latency_seconds_count 3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }

    /// What OpenMetrics asks of a text: each family once, its lines together, no sample twice.
    #[test]
    fn the_text_is_well_formed() {
        let mut families = BTreeSet::new();
        let mut samples = BTreeSet::new();
        let mut family = String::new();
        let text = sample();
        for line in text.lines().filter(|line| *line != "# EOF") {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                family = rest.split(' ').next().unwrap_or_default().to_owned();
                assert!(families.insert(family.clone()), "{family} comes twice");
            } else if let Some(rest) = line.strip_prefix("# HELP ") {
                assert!(rest.starts_with(&family) && rest.ends_with('.'), "{line}");
            } else {
                let (name, value) = line.rsplit_once(' ').unwrap_or_default();
                assert!(name.starts_with(&family), "{line} in {family}");
                assert!(value.parse::<f64>().is_ok(), "{line}");
                assert!(samples.insert(name.to_owned()), "{name} comes twice");
            }
        }
        assert!(families.len() > 20);
    }
}
