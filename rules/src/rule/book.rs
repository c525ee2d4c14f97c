//! Pages made from the rules themselves: fields, schema, the rule book.

use std::fmt::Write;

use serde_json::{Value, json};

use super::catalogue::Catalogue;
use super::event_set::EventSet;
use super::field::{FieldId, Name, Type};
use super::ruleset::{Kind, RuleSet};
use super::shape::RULE_KEYS;

/// Every field with its type, as a table.
#[must_use]
pub fn fields() -> String {
    let mut out = String::new();
    for &field in FieldId::ALL {
        let optional = if field.is_optional() { "?" } else { "" };
        let kind = format!("{}{optional}", field.kind().noun());
        let mark = if field.is_given() { "" } else { "   [tests only so far]" };
        writeln!(out, "{:28} {kind:24} {}{mark}", field.name(), field.doc())
            .expect("writing to a string");
    }
    out.push_str("\nwords\n");
    let mut seen = Vec::new();
    for &field in FieldId::ALL {
        if let Type::Enum(list) = field.kind()
            && !seen.contains(&list)
        {
            seen.push(list);
            let words: Vec<String> = list.words().into_iter().map(|(word, _)| word).collect();
            writeln!(out, "  {}: {}", list.noun(), words.join(" ")).expect("writing to a string");
        }
    }
    out
}

/// The rule book: every rule on a few lines, for people who don't read YAML.
#[must_use]
pub fn book(set: &RuleSet) -> String {
    let mut out =
        format!("# Rule book\n\n{} rules, revision {:016x}\n", set.rules().len(), set.rev());
    for rule in set.rules() {
        let audiences: Vec<&str> =
            rule.audiences().map(crossdock_model::milestone::Audience::name).collect();
        let scope: Vec<&str> = rule.scope.iter().map(|(.., text)| text.as_str()).collect();
        let scope = if scope.is_empty() { "every shipment".to_owned() } else { scope.join("; ") };
        let condition = match &rule.kind {
            Kind::Watch { condition, .. } => condition,
            _ => &rule.condition,
        };
        let atoms: Vec<&str> = condition.atoms.iter().map(|atom| atom.text.as_str()).collect();
        write!(
            out,
            "\n## {}\n\n{}\n\n- raises {} ({}) for {}\n- kind {}, {}, owner {}\n- scope: {scope}\n",
            rule.id,
            rule.title,
            rule.code,
            rule.severity.name(),
            audiences.join(", "),
            rule.kind_name(),
            rule.mode.name(),
            rule.owner,
        )
        .expect("writing to a string");
        if !atoms.is_empty() {
            writeln!(out, "- looks at: {}", atoms.join("; ")).expect("writing to a string");
        }
    }
    out
}

/// The JSON Schema of rule files, with the names of a catalogue as completions.
#[must_use]
pub fn schema(catalogue: &Catalogue) -> String {
    let mut events: Vec<String> = EventSet::words().collect();
    events.sort();
    events.dedup();
    let event = json!({ "$ref": "#/$defs/event" });
    let events_of = json!({ "anyOf": [event, { "type": "array", "items": event }] });
    let event = json!({
        "anyOf": [
            { "enum": events },
            { "type": "string", "pattern": "^(\\$|milestone\\.|exception\\.|detail\\.)" },
        ],
    });
    let events = json!({ "$ref": "#/$defs/events" });
    let text = json!({ "type": "string" });
    let texts = json!({ "anyOf": [text, { "type": "array", "items": { "type": "string" } }] });
    let names = |name: Name| match catalogue.names(name) {
        Some(known) => {
            let one = json!({ "enum": known });
            json!({ "anyOf": [one, { "type": "array", "items": one }] })
        }
        None => texts.clone(),
    };
    let scope = json!({
        "type": "object",
        "properties": {
            "carrier": names(Name::Carrier), "mode": names(Name::Mode), "service": texts, "tenant": texts, "tier": texts,
            "destination.country": names(Name::Country), "origin.country": names(Name::Country),
            "subject": { "enum": ["shipment", "feed", "order"] },
        },
    });
    let scope_of = json!({ "$ref": "#/$defs/scope" });
    let severity = json!({ "enum": ["info", "warning", "critical"] });
    let audience = json!({ "enum": ["operations", "customer", "returns", "support", "claims"] });
    let audiences = json!({ "anyOf": [audience, { "type": "array", "items": audience }] });
    let raise = map(
        json!({ "code": { "type": "string", "pattern": "^[A-Z][A-Z0-9_]*$" }, "severity": severity, "audience": audiences, "message": text, "fields": texts }),
        &["code"],
    );
    let [expect, silence, count] = kinds_schema(&text, &events);
    let mut rule = json!({
        "id": { "type": "string", "pattern": "^[a-z0-9._-]{1,64}$" }, "title": text, "owner": text,
        "mode": { "enum": ["disabled", "shadow", "live"] }, "effective": map(json!({ "from": text, "until": text }), &[]),
        "scope": scope_of, "event": events, "expect": expect, "silence": silence, "count": count, "watch": text, "where": text,
        "unless": text, "for": text, "keep": text, "clock": { "enum": ["event", "wall"] }, "grace": text,
        "apply": { "enum": ["all", "new"] }, "once": { "enum": ["shipment", "attempt", "occurrence"] }, "raise": raise,
        "resolve": map(json!({ "event": events, "when": text, "after": text }), &[]), "tests": { "type": "array" },
    });
    debug_assert!(RULE_KEYS.iter().all(|key| rule.get(key).is_some()));
    let kinds: Vec<Value> = ["event", "expect", "silence", "count", "watch"]
        .iter()
        .map(|kind| json!({ "required": [kind] }))
        .collect();
    let mut one = map(rule.take(), &["id", "raise"]);
    one["oneOf"] = json!(kinds);
    let file = json!({
        "version": { "const": 1 }, "package": text,
        "defaults": map(json!({ "owner": text, "mode": text, "clock": text, "scope": scope_of, "audience": audiences }), &[]),
        "lists": { "type": "object", "additionalProperties": texts },
        "let": { "type": "object", "additionalProperties": text },
        "calendars": { "type": "object", "additionalProperties": { "type": "object" } },
        "rules": { "type": "array", "items": one },
    });
    let mut schema = map(file, &["version"]);
    schema["$defs"] = json!({ "event": event, "events": events_of, "scope": scope });
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("crossdock rules, version 1");
    let mut out = serde_json::to_string_pretty(&schema).unwrap_or_default();
    out.push('\n');
    out
}

fn map(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
}

/// The shapes of `expect`, `silence` and `count`.
fn kinds_schema(text: &Value, events: &Value) -> [Value; 3] {
    let expect = map(
        json!({ "after": events, "want": events, "within": text, "by": text, "at": { "enum": ["origin", "destination"] }, "calendar": text, "cancel": events, "pause": events }),
        &["after", "want"],
    );
    let limit = json!({ "anyOf": [text, { "type": "object" }] });
    let silence = map(
        json!({ "of": events, "while": events, "longer_than": limit, "calendar": text, "pause": events }),
        &["of", "while", "longer_than"],
    );
    let count = map(
        json!({ "of": events, "at_least": { "type": "integer", "minimum": 1 }, "within": text, "distinct_by": { "enum": ["event", "local_date", "place"] } }),
        &["of", "at_least"],
    );
    [expect, silence, count]
}
