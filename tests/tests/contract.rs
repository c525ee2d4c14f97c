//! What the engine says is what `docs/asyncapi.yaml` promises.
//!
//! # Place
//! The embedded engine, with rules and estimates; the schemas as notifiers read them.
//! # Method
//! Every line that the demo day and a mixed plan cause is held against the schema of its kind: no field that is not named
//! there, none missing that is required, each of its type, pattern and list of values. The lists are those of the code.
//! # Holds
//! All kinds of messages of OUT but the commit record.
//! # Does not hold
//! That the values are right: the oracle and the scenarios do.

use crossdock_core::engine::EngineOptions;
use crossdock_core::feeds::Feeds;
use crossdock_loadgen::parameters::Workload;
use crossdock_loadgen::plan::Plan;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::milestone::Milestone;
use crossdock_model::reject::Reject;
use crossdock_tests::replay::{self, Document, Replay};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn contract() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/asyncapi.yaml");
    let text = fs::read_to_string(file).expect("the contract is in the workspace");
    serde_saphyr::from_str(&text).expect("the contract is YAML")
}

/// What of a value does not fit a schema, with the way to it.
fn faults(contract: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(target) = schema["$ref"].as_str() {
        let pointer = target.strip_prefix('#').expect("a reference within the contract");
        let schema = contract.pointer(pointer).unwrap_or_else(|| panic!("{target} is not there"));
        return faults(contract, schema, value, at, found);
    }
    let mut fault = |what: String| found.push(format!("{at}: {value} {what}"));
    if let Some(only) = schema.get("const").filter(|only| *only != value) {
        fault(format!("is not {only}"));
    }
    if let Some(values) = schema["enum"].as_array().filter(|values| !values.contains(value)) {
        fault(format!("is none of {values:?}"));
    }
    let is_of_type = match schema["type"].as_str() {
        None => true,
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some(other) => panic!("the contract has the type {other}"),
    };
    if !is_of_type {
        fault(format!("is no {}", schema["type"]));
    }
    let number = value.as_f64().unwrap_or(0.0);
    if schema["minimum"].as_f64().is_some_and(|least| number < least)
        || schema["maximum"].as_f64().is_some_and(|most| most < number)
    {
        fault(String::from("is out of its range"));
    }
    let text = value.as_str().unwrap_or("");
    if schema["format"] == "date-time" && text.parse::<jiff::Timestamp>().is_err() {
        fault(String::from("is no RFC 3339 instant"));
    }
    // The patterns are all of so many hex digits.
    let hex =
        schema["pattern"].as_str().map(|it| it.strip_prefix("^[0-9a-f]{").expect("hex digits"));
    if let Some(count) = hex.and_then(|it| it.strip_suffix("}$")) {
        let is_hex = text.bytes().all(|it| it.is_ascii_digit() || (b'a'..=b'f').contains(&it));
        if !is_hex || text.len().to_string() != count {
            fault(format!("is not {count} hex digits"));
        }
    }
    for required in schema["required"].as_array().into_iter().flatten() {
        let name = required.as_str().expect("a field");
        if value.get(name).is_none() {
            fault(format!("lacks {name}"));
        }
    }
    for (name, inner) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(name) {
            Some(schema) => faults(contract, schema, inner, &format!("{at}.{name}"), found),
            None if schema["additionalProperties"] == json!(false) => {
                found.push(format!("{at}: {name} is not in the contract"));
            }
            None => {}
        }
    }
    for inner in value.as_array().into_iter().flatten() {
        faults(contract, &schema["items"], inner, at, found);
    }
}

/// The schema of a line of OUT.
fn schema_of(subject: &str, body: &Value) -> &'static str {
    if subject.starts_with("dlq.") {
        "DeadLetter"
    } else if body["kind"] == "order" {
        "OrderChange"
    } else if body.get("rule").is_some() {
        "RuleChange"
    } else if body["by"] == "engine" {
        "Estimate"
    } else {
        "Change"
    }
}

fn check(contract: &Value, name: &str, body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    faults(contract, &contract["components"]["schemas"][name], body, name, &mut found);
    found
}

fn day() -> Vec<(String, Document)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/node/demo/day.ndjson");
    let day = replay::capture(&fs::read_to_string(file).expect("the day is text"));
    day.into_iter().map(|document| (String::from("demo"), document)).collect()
}

#[test]
fn everything_that_is_said_is_in_the_contract() {
    let contract = contract();
    let feeds: Feeds = replay::feeds();
    let options = EngineOptions {
        rules: Some(replay::loud_rules()),
        forecast: Some(replay::forecast()),
        ..EngineOptions::default()
    };
    let plan = Plan::new(Workload::Mixed.parameters(400)).expect("a plan");
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for documents in [day(), replay::planned(&plan)] {
        let mut replay = Replay::with(&feeds, &options);
        for (tenant, document) in &documents {
            replay.push(tenant, document);
            for line in String::from_utf8(replay.lines()).expect("UTF-8").lines() {
                let (subject, body) = line.split_once(' ').expect("a subject stands before it");
                let body: Value = serde_json::from_str(body).expect("JSON");
                let name = schema_of(subject, &body);
                *counts.entry(name).or_default() += 1;
                assert_eq!(check(&contract, name, &body), Vec::<String>::new(), "{line}");
            }
        }
    }
    let kinds: Vec<&str> = counts.keys().copied().collect();
    let all = ["Change", "DeadLetter", "Estimate", "OrderChange", "RuleChange"];
    assert_eq!(kinds, all, "{counts:?}");
}

#[test]
fn what_breaks_the_contract_is_found() {
    let contract = contract();
    let letter = json!({"reason": "malformed", "help": "h", "position": {"seq": 1, "index": 0},
        "received": "2026-05-21T13:14:10Z", "payload_size": 3});
    assert!(check(&contract, "DeadLetter", &letter).is_empty());
    for (pointer, value) in [
        ("/reason", json!("bored")),
        ("/help", json!(7)),
        ("/position/seq", json!(-1)),
        ("/position", json!({"index": 0})),
        ("/received", json!("yesterday")),
        ("/payload_size", json!("3")),
    ] {
        let mut wrong = letter.clone();
        *wrong.pointer_mut(pointer).expect("a field") = value;
        assert_eq!(check(&contract, "DeadLetter", &wrong).len(), 1, "{pointer}");
    }
    let mut wrong = letter;
    wrong["colour"] = json!("red");
    assert_eq!(check(&contract, "DeadLetter", &wrong).len(), 1);
    assert_eq!(check(&contract, "Id", &json!("7D0C")).len(), 1);
}

#[test]
fn lists_of_values_are_those_of_the_code() {
    let contract = contract();
    let listed = |pointer: &str| -> Vec<String> {
        let values = contract.pointer(pointer).and_then(Value::as_array).expect("a list");
        values.iter().map(|value| value.as_str().expect("a text").to_owned()).collect()
    };
    let milestones: Vec<&str> = Milestone::ALL.iter().map(|it| it.name()).collect();
    assert_eq!(listed("/components/schemas/Milestone/enum"), milestones);
    let classes: Vec<&str> = ExceptionClass::ALL
        .iter()
        .filter(|class| **class != ExceptionClass::None)
        .map(|class| class.name())
        .collect();
    assert_eq!(listed("/components/schemas/Exception/enum"), classes);
    let reasons: Vec<&str> = Reject::ALL.iter().map(|it| it.name()).collect();
    assert_eq!(listed("/components/schemas/DeadLetter/properties/reason/enum"), reasons);
}
