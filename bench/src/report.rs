//! Records of a run as one page for people.
//!
//! # Place
//! The `report` binary collects the records, this writes what they say.
//! # Holds
//! - Every figure on the page is in a record beside it.
//! - With a spread above 10 % a figure has one significant digit; a part that failed or could not
//!   be installed is a row, never a gap.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::plot::{self, Curve};

/// Above this spread a figure has one significant digit.
const SPREAD_MAX: f64 = 0.10;

fn text<'a>(record: &'a Value, key: &str) -> &'a str {
    record.get(key).and_then(Value::as_str).unwrap_or("")
}

fn number(record: &Value, key: &str) -> f64 {
    record.get(key).and_then(Value::as_f64).unwrap_or(0.0)
}

/// The median and (max - min) / median of a record's `seconds`.
#[must_use]
pub fn seconds(record: &Value) -> Option<(f64, f64)> {
    let list = record.get("seconds")?.as_array()?;
    let mut list: Vec<f64> = list.iter().filter_map(Value::as_f64).collect();
    list.sort_by(f64::total_cmp);
    let (first, last) = (list.first()?, list.last()?);
    let middle = list[list.len() / 2];
    (0.0 < middle).then(|| (middle, (last - first) / middle))
}

/// A figure with as many significant digits as its spread allows: one or three.
#[must_use]
pub fn rounded(value: f64, spread: f64) -> String {
    let digits = if spread <= SPREAD_MAX { 3 } else { 1 };
    if value <= 0.0 {
        return "0".to_owned();
    }
    let whole = value.log10().floor() as i32 + 1;
    let scale = 10_f64.powi(digits - whole);
    let value = (value * scale).round() / scale;
    format!("{value:.*}", (digits - whole).max(0) as usize)
}

/// Documents a second of a ladder or peer record, with the spread.
fn rate(record: &Value) -> Option<(f64, f64)> {
    let (middle, spread) = seconds(record)?;
    Some((number(record, "documents") / middle, spread))
}

fn of<'a>(records: &'a [Value], bench: &str) -> impl Iterator<Item = &'a Value> {
    records.iter().filter(move |record| text(record, "bench") == bench)
}

/// Writes `report.md` and its pictures.
///
/// # Errors
///
/// A file can't be written.
pub fn write(folder: &Path, date: &str, records: &[Value]) -> Result<(), Box<dyn Error>> {
    let mut page = format!("# Benchmarks, {date}\n\n");
    head(&mut page, records)?;
    ladder(&mut page, records)?;
    formats(&mut page, records)?;
    memory(&mut page, records)?;
    recovery(&mut page, records)?;
    rules(&mut page, records)?;
    peers(&mut page, folder, records)?;
    jetstream(&mut page, folder, records)?;
    other(&mut page, records)?;
    std::fs::write(folder.join("report.md"), page)?;
    Ok(())
}

fn head(page: &mut String, records: &[Value]) -> std::fmt::Result {
    let run = of(records, "run").next().unwrap_or(&Value::Null);
    let machine = run.get("machine").unwrap_or(&Value::Null);
    writeln!(
        page,
        "Revision {}{}, {} x {}, allocator {}, configuration {}, `cargo bench-report {}`. Load average {} at the start and {} at the end{}.\n",
        text(machine, "revision"),
        if machine.get("dirty") == Some(&Value::Bool(true)) { " (dirty)" } else { "" },
        machine.get("cores").and_then(Value::as_u64).unwrap_or(0),
        text(machine, "cpu"),
        text(machine, "allocator"),
        text(run, "config_digest"),
        text(run, "arguments"),
        number(run, "load_before"),
        number(run, "load_after"),
        if number(run, "cores") * 0.5 < number(run, "load_before") {
            ": the machine was busy with other things, so that only ratios of rows say anything"
        } else {
            ""
        },
    )?;
    writeln!(
        page,
        "Every part is checked against the oracle of `loadgen` before it counts. Figures are medians; with a spread ((max - min) / median) above\n10 % they have one significant digit. Records: `records.jsonl`.\n"
    )
}

fn ladder(page: &mut String, records: &[Value]) -> std::fmt::Result {
    if of(records, "ladder").all(|record| seconds(record).is_none()) {
        return Ok(());
    }
    writeln!(page, "## Ladder, in process\n")?;
    writeln!(
        page,
        "| workload | rung | ns a document | x tape | spread |\n| --- | --- | --- | --- | --- |"
    )?;
    for record in of(records, "ladder") {
        let Some((_, spread)) = seconds(record) else { continue };
        writeln!(
            page,
            "| {} | {} | {} | {:.2} | {:.0} % |",
            text(record, "workload"),
            text(record, "rung"),
            rounded(number(record, "ns_per_document"), spread),
            number(record, "ratio_to_tape"),
            spread * 100.0
        )?;
    }
    writeln!(page)
}

fn memory(page: &mut String, records: &[Value]) -> std::fmt::Result {
    for record in of(records, "memory").filter(|it| it.get("bytes_per_shipment").is_some()) {
        writeln!(
            page,
            "## Memory\n\n{} shipments with {} events each: **{:.0} bytes a shipment**, by the allocator's count.\n",
            number(record, "shipments"),
            number(record, "events"),
            number(record, "bytes_per_shipment"),
        )?;
        writeln!(page, "| part | bytes |\n| --- | --- |")?;
        for (part, bytes) in record["parts"].as_object().into_iter().flatten() {
            writeln!(page, "| {part} | {:.1} |", bytes.as_f64().unwrap_or(0.0))?;
        }
        writeln!(
            page,
            "\nIn the shard alone, without documents: {} ns a new event; a known one {} ns with seven others of its shipment, {} ns alone.\n",
            number(record, "new_ns"),
            number(record, "known_eight_at_once_ns"),
            number(record, "known_single_ns"),
        )?;
    }
    Ok(())
}

fn formats(page: &mut String, records: &[Value]) -> std::fmt::Result {
    for (at, record) in of(records, "formats").enumerate() {
        if at == 0 {
            writeln!(
                page,
                "## Formats\n\nThe whole way of the same stories, single events.\n\n| format | ns a byte | times JSON |\n| --- | --- | --- |"
            )?;
        }
        writeln!(
            page,
            "| {} | {:.1} | {:.1} |",
            text(record, "format"),
            number(record, "ns_per_byte"),
            number(record, "ratio_to_json"),
        )?;
    }
    writeln!(page)
}

fn recovery(page: &mut String, records: &[Value]) -> std::fmt::Result {
    for (at, record) in of(records, "recovery").filter(|it| it.get("phase").is_some()).enumerate() {
        if at == 0 {
            writeln!(
                page,
                "## Recovery\n\n`kill -9` of the engine to its first new change, {} shipments, snapshot of {:.0} MB:\n",
                number(record, "shipments"),
                number(record, "snapshot_bytes") / 1e6,
            )?;
        }
        writeln!(page, "- {}: {:.2} s", text(record, "phase"), number(record, "seconds"))?;
    }
    writeln!(page)
}

fn rules(page: &mut String, records: &[Value]) -> std::fmt::Result {
    for (at, record) in of(records, "rules").filter(|it| it.get("engine").is_some()).enumerate() {
        if at == 0 {
            writeln!(
                page,
                "## Rules beside general expression engines\n\n| rules | engine | ns an event | times crossdock |\n| --- | --- | --- | --- |"
            )?;
        }
        writeln!(
            page,
            "| {} | {} | {} | {} |",
            number(record, "rules"),
            text(record, "engine"),
            number(record, "ns_an_event"),
            number(record, "ratio"),
        )?;
    }
    writeln!(page)
}

/// Rungs that stand beside the peers.
const BESIDE_PEERS: [&str; 2] = ["tape", "+fold"];

fn peers(page: &mut String, folder: &Path, records: &[Value]) -> Result<(), Box<dyn Error>> {
    writeln!(page, "## Peers, same documents, same job\n")?;
    writeln!(
        page,
        "| workload | program | threads | documents/s | spread | check against the oracle |\n| --- | --- | --- | --- | --- | --- |"
    )?;
    for workload in ["flat", "nested"] {
        let mut bars = Vec::new();
        for record in of(records, "ladder").filter(|it| text(it, "workload") == workload) {
            let rung = text(record, "rung");
            let (true, Some((rate, spread))) = (BESIDE_PEERS.contains(&rung), rate(record)) else {
                continue;
            };
            bars.push((format!("crossdock, {rung}"), rate));
            writeln!(
                page,
                "| {workload} | crossdock, rung {rung} | 1 | {} | {:.0} % | equal, before it is timed |",
                rounded(rate, spread),
                spread * 100.0
            )?;
        }
        for record in of(records, "peers").filter(|it| text(it, "workload") == workload) {
            let name = text(record, "peer");
            let Some((rate, spread)) = rate(record) else {
                let (status, why) = (text(record, "status"), text(record, "why"));
                writeln!(page, "| {workload} | {name} | | {status}: {why} | | |")?;
                continue;
            };
            bars.push((name.to_owned(), rate));
            writeln!(
                page,
                "| {workload} | {name} ({}) | {} | {} | {:.0} % | {} |",
                text(record, "version"),
                number(record, "threads"),
                rounded(rate, spread),
                spread * 100.0,
                text(record, "check")
            )?;
        }
        if !bars.is_empty() {
            let file = format!("throughput-{workload}.svg");
            plot::bars(&folder.join(&file), &format!("{workload}: documents a second"), &bars)?;
            writeln!(page, "\n![{workload}: documents a second]({file})\n")?;
        }
    }
    writeln!(page, "What each leaves out is in `bench/peers/<name>/README.md`.\n")?;
    Ok(())
}

fn jetstream(page: &mut String, folder: &Path, records: &[Value]) -> Result<(), Box<dyn Error>> {
    let mut curves = Vec::new();
    let mut rows = String::new();
    for record in of(records, "jetstream") {
        match text(record, "phase") {
            "maximum" => writeln!(
                page,
                "## JetStream, end to end\n\nMaximum rate, publisher, server and engine on this machine together: {} documents/s.\n",
                rounded(number(record, "rate"), 0.0)
            )?,
            "drain" if record.get("ratio").is_none() => {
                writeln!(
                    page,
                    "Drain, {} a message, `{}`: {}.\n",
                    number(record, "pack"),
                    text(record, "output"),
                    text(record, "status")
                )?;
            }
            "drain" => writeln!(
                page,
                "Drain, {} a message, `{}`: {} events/s, {:.2} of a consumer that does nothing ({}).\n",
                number(record, "pack"),
                text(record, "output"),
                rounded(number(record, "events_per_second"), 0.0),
                number(record, "ratio"),
                rounded(number(record, "noop_events_per_second"), 0.0)
            )?,
            phase @ ("echo" | "change") => {
                let percent = number(record, "percent");
                let at = |key| number(record, key) / 1000.0;
                writeln!(
                    rows,
                    "| {percent} % | {phase} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
                    at("p50_us"),
                    at("p90_us"),
                    at("p99_us"),
                    at("p99.9_us"),
                    at("max_us")
                )?;
                let points = record.get("curve_us").and_then(Value::as_array);
                let point = |it: &Value| Some((it.get(0)?.as_f64()?, it.get(1)?.as_f64()?));
                curves.push(Curve {
                    name: format!("{phase} at {percent} %"),
                    points: points.into_iter().flatten().filter_map(point).collect(),
                });
            }
            _ => {}
        }
    }
    if !curves.is_empty() {
        writeln!(
            page,
            "Open loop, ms from due to received:\n\n| rate | | p50 | p90 | p99 | p99.9 | max |\n| --- | --- | --- | --- | --- | --- | --- |\n{rows}"
        )?;
        plot::latencies(&folder.join("latency.svg"), "due to received", &curves)?;
        writeln!(page, "![due to received](latency.svg)\n")?;
    }
    Ok(())
}

/// Benches that have no section, and parts that did not run.
fn other(page: &mut String, records: &[Value]) -> std::fmt::Result {
    const SECTIONS: [&str; 8] =
        ["run", "ladder", "formats", "memory", "peers", "jetstream", "recovery", "rules"];
    let mut rest = records
        .iter()
        .filter(|it| !SECTIONS.contains(&text(it, "bench")) || text(it, "status") == "failed")
        .filter(|it| text(it, "bench") != "peers")
        .peekable();
    if rest.peek().is_some() {
        writeln!(page, "## Other records\n")?;
    }
    for record in rest {
        let mut record = record.clone();
        if let Some(fields) = record.as_object_mut() {
            fields.remove("machine");
        }
        writeln!(page, "- `{record}`")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_wide_spread_leaves_one_digit() {
        let check = |value, spread, expected: &str| assert_eq!(rounded(value, spread), expected);
        check(1_234_567.0, 0.05, "1230000");
        check(1_234_567.0, 0.4, "1000000");
        check(0.123_4, 0.05, "0.123");
        check(0.0, 0.0, "0");
    }

    #[test]
    fn the_median_and_its_spread_come_from_the_seconds() {
        assert_eq!(seconds(&json!({"seconds": [3.0, 1.0, 2.0]})), Some((2.0, 1.0)));
        assert_eq!(seconds(&json!({"seconds": []})), None);
        assert_eq!(seconds(&json!({})), None);
    }

    #[test]
    fn whatever_did_not_run_is_on_the_page() {
        let folder = std::env::temp_dir().join(format!("report-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let records = [
            json!({"bench": "peers", "peer": "flink", "workload": "flat", "status": "not installed", "why": "no javac"}),
            json!({"bench": "peers", "peer": "afternoon", "workload": "flat", "status": "measured", "documents": 1000, "seconds": [0.5], "check": "equal: no difference"}),
            json!({"bench": "ladder", "workload": "flat", "rung": "+fold", "documents": 1000, "seconds": [0.1], "ns_per_document": 100_000.0, "ratio_to_tape": 3.5}),
            json!({"bench": "jetstream", "status": "failed", "why": "no server"}),
        ];
        write(&folder, "2026-01-01", &records).expect("a report");
        let page = std::fs::read_to_string(folder.join("report.md")).expect("a page");
        let plot = std::fs::read_to_string(folder.join("throughput-flat.svg")).expect("a plot");
        std::fs::remove_dir_all(&folder).expect("the folder was there");
        assert!(page.contains("| flat | flink | | not installed: no javac | | |"), "{page}");
        assert!(page.contains("| 2000 | 0 % | equal: no difference |"), "{page}");
        assert!(page.contains("| crossdock, rung +fold | 1 | 10000 |"), "{page}");
        assert!(page.contains("no server"), "{page}");
        assert!(plot.contains("afternoon"), "{plot}");
    }
}
