//! What a stream's settings must be, and why.
//!
//! # Place
//! Under the set-up.
//! # Method
//! One table says of each setting what it must be, why, and whether it can be changed later.
//! Settings are JetStream's own JSON keys, so that what is printed can be found in any tool.
//! # Holds
//! The table and its reading.
//! # Does not hold
//! Requests (`setup`).

use serde_json::{Map, Value, json};
use std::fmt;
use std::time::Duration;

/// What one stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Documents as they came.
    Input,
    /// Changes, dead letters and commit records.
    Output,
    /// Files in chunks: an object-store bucket.
    Objects,
}

/// What a stream is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamOptions {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its subjects.
    pub subjects: Vec<String>,
    /// Copies: 1, 3 or 5.
    pub replicas: u32,
    /// How long messages are kept.
    pub max_age: Duration,
    /// How much is kept, bytes; 0 for as much as the server allows.
    pub max_bytes: u64,
    /// How long the server remembers `Nats-Msg-Id`; correctness does not lean on it.
    pub duplicate_window: Duration,
}

/// How bad a deviation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The promises hold, but not through every failure.
    Weakens,
    /// The promises don't hold, or the engine can't run.
    Breaks,
}

/// One setting that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// The stream.
    pub stream: String,
    /// The setting: JetStream's JSON key.
    pub setting: &'static str,
    /// What it is, as JSON; `null` where it is not set.
    pub found: String,
    /// What it should be, as JSON.
    pub wanted: String,
    /// How bad that is.
    pub severity: Severity,
    /// Why, a sentence.
    pub why: &'static str,
    /// Whether a stream that exists can be changed.
    pub changeable: bool,
}

impl Deviation {
    /// What to do, a sentence.
    #[must_use]
    pub fn how(&self) -> String {
        if self.changeable {
            "Run `crossdock nats init --repair`, or change it with your own tool.".to_owned()
        } else {
            format!(
                "This can't be changed: make a new stream, copy \"{}\" into it, and name it in the \
                 configuration.",
                self.stream
            )
        }
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, setting, found, wanted, .. } = self;
        write!(f, "stream \"{stream}\": {setting} is {found}, should be {wanted}")
    }
}

/// One line of the table.
struct Rule {
    setting: &'static str,
    role: Option<Role>,
    severity: Severity,
    changeable: bool,
    why: &'static str,
    wanted: fn(&StreamOptions) -> Value,
    fits: fn(found: &Value, wanted: &Value) -> bool,
}

fn same(found: &Value, wanted: &Value) -> bool {
    found == wanted
}

/// For settings whose zero value the server leaves out.
fn same_or_absent(found: &Value, wanted: &Value) -> bool {
    found.is_null() || found == wanted
}

fn unlimited(found: &Value, _: &Value) -> bool {
    found.as_i64().is_none_or(|count| count <= 0)
}

/// As much or more; nothing and -1 mean "no limit".
fn at_least(found: &Value, wanted: &Value) -> bool {
    let found = found.as_i64().unwrap_or(0);
    found <= 0 || wanted.as_i64().is_some_and(|wanted| wanted > 0 && found >= wanted)
}

fn limited(found: &Value, wanted: &Value) -> bool {
    wanted.as_i64().is_none_or(|wanted| wanted <= 0)
        || found.as_i64().is_some_and(|count| count > 0)
}

fn count_at_least(found: &Value, wanted: &Value) -> bool {
    found.as_u64() >= wanted.as_u64()
}

/// Every wanted subject is within one of those found.
fn covers(found: &Value, wanted: &Value) -> bool {
    let texts = |value: &Value| -> Vec<String> {
        let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let found = texts(found);
    texts(wanted).iter().all(|subject| found.iter().any(|wider| within(subject, wider)))
}

/// Whether everything that `subject` matches is matched by `wider`.
fn within(subject: &str, wider: &str) -> bool {
    let mut tokens = subject.split('.');
    for pattern in wider.split('.') {
        match (pattern, tokens.next()) {
            (">", Some(_)) => return true,
            ("*", Some(token)) if token != ">" => {}
            (pattern, Some(token)) if pattern == token => {}
            _ => return false,
        }
    }
    tokens.next().is_none()
}

fn nanoseconds(duration: Duration) -> Value {
    json!(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
}

const INPUT: Option<Role> = Some(Role::Input);
const OUTPUT: Option<Role> = Some(Role::Output);
const OBJECTS: Option<Role> = Some(Role::Objects);

const RULES: &[Rule] = &[
    Rule {
        setting: "subjects",
        role: None,
        severity: Severity::Breaks,
        changeable: true,
        why: "What is published outside the stream's subjects is not stored.",
        wanted: |options| json!(options.subjects),
        fits: covers,
    },
    Rule {
        setting: "retention",
        role: None,
        severity: Severity::Breaks,
        changeable: false,
        why: "A replay needs the messages; `workqueue` and `interest` delete what was read.",
        wanted: |_| json!("limits"),
        fits: same,
    },
    Rule {
        setting: "storage",
        role: None,
        severity: Severity::Breaks,
        changeable: false,
        why: "Memory is gone after a restart of the server.",
        wanted: |_| json!("file"),
        fits: same,
    },
    Rule {
        setting: "persist_mode",
        role: None,
        severity: Severity::Breaks,
        changeable: false,
        why: "`async` acknowledges before writing: a killed server lost 950 of 140750 acknowledged \
              messages.",
        wanted: |_| json!("default"),
        fits: same_or_absent,
    },
    Rule {
        setting: "discard",
        role: None,
        severity: Severity::Breaks,
        changeable: true,
        why: "`old` throws away unread input and undelivered changes when the stream is full; `new` \
              makes the publisher wait.",
        wanted: |_| json!("new"),
        fits: same,
    },
    Rule {
        setting: "max_msgs_per_subject",
        role: None,
        severity: Severity::Breaks,
        changeable: true,
        why: "Subjects are shared by all shipments of a tenant: a limit deletes documents and changes.",
        wanted: |_| json!(-1),
        fits: unlimited,
    },
    Rule {
        setting: "max_msgs",
        role: None,
        severity: Severity::Weakens,
        changeable: true,
        why: "A limit by number stops the flow while there is room on the disk; use max_bytes.",
        wanted: |_| json!(-1),
        fits: unlimited,
    },
    Rule {
        setting: "allow_atomic",
        role: OUTPUT,
        severity: Severity::Breaks,
        changeable: true,
        why: "A commit is one atomic batch: changes and position are stored together or not at all.",
        wanted: |_| json!(true),
        fits: same,
    },
    Rule {
        setting: "allow_rollup_hdrs",
        role: OUTPUT,
        severity: Severity::Breaks,
        changeable: true,
        why: "Only the newest commit record of a group is kept; it rolls up the one before.",
        wanted: |_| json!(true),
        fits: same,
    },
    Rule {
        setting: "allow_rollup_hdrs",
        role: OBJECTS,
        severity: Severity::Breaks,
        changeable: true,
        why: "The newest record of a file replaces the one before.",
        wanted: |_| json!(true),
        fits: same,
    },
    Rule {
        setting: "deny_purge",
        role: OBJECTS,
        severity: Severity::Breaks,
        changeable: false,
        why: "Files that are too many are removed, and so is what an upload that was broken off has left behind.",
        wanted: |_| json!(false),
        fits: same_or_absent,
    },
    Rule {
        setting: "deny_delete",
        role: OUTPUT,
        severity: Severity::Weakens,
        changeable: true,
        why: "A deleted change can't be told from a lost one.",
        wanted: |_| json!(true),
        fits: same,
    },
    Rule {
        setting: "allow_direct",
        role: None,
        severity: Severity::Weakens,
        changeable: true,
        why: "Audits and catch-up read through any replica instead of the leader alone; files of a bucket are read in no \
              other way.",
        wanted: |_| json!(true),
        fits: same,
    },
    Rule {
        setting: "num_replicas",
        role: None,
        severity: Severity::Weakens,
        changeable: true,
        why: "With fewer copies than configured, the loss of one server loses more.",
        wanted: |options| json!(options.replicas),
        fits: count_at_least,
    },
    Rule {
        setting: "max_age",
        role: None,
        severity: Severity::Weakens,
        changeable: true,
        why: "The input must outlive the oldest snapshot, the output the slowest consumer.",
        wanted: |options| nanoseconds(options.max_age),
        fits: at_least,
    },
    Rule {
        setting: "max_bytes",
        role: None,
        severity: Severity::Weakens,
        changeable: true,
        why: "Without a limit the disk fills up, and a full disk makes the server silent: no error, \
              no acknowledgement.",
        wanted: |options| match options.max_bytes {
            0 => json!(-1),
            bytes => json!(bytes),
        },
        fits: limited,
    },
    Rule {
        setting: "duplicate_window",
        role: INPUT,
        severity: Severity::Weakens,
        changeable: true,
        why: "Each remembered id costs about 118 bytes of the server's memory; only gateways that \
              retry need a window.",
        wanted: |options| nanoseconds(options.duplicate_window),
        fits: |found, wanted| found.as_i64() <= wanted.as_i64(),
    },
];

/// The settings that deviate, worst first.
#[must_use]
pub fn deviations(config: &Value, options: &StreamOptions) -> Vec<Deviation> {
    let mut list = Vec::new();
    for rule in RULES.iter().filter(|rule| rule.role.is_none_or(|role| role == options.role)) {
        let found = config.get(rule.setting).unwrap_or(&Value::Null);
        let wanted = (rule.wanted)(options);
        if !(rule.fits)(found, &wanted) {
            list.push(Deviation {
                stream: options.name.clone(),
                setting: rule.setting,
                found: found.to_string(),
                wanted: wanted.to_string(),
                severity: rule.severity,
                why: rule.why,
                changeable: rule.changeable,
            });
        }
    }
    list.sort_by_key(|deviation| std::cmp::Reverse(deviation.severity));
    list
}

/// The stream as it should be.
pub(super) fn config(options: &StreamOptions) -> Value {
    let mut config = Map::new();
    config.insert("name".to_owned(), json!(options.name));
    config.insert("max_consumers".to_owned(), json!(-1));
    for rule in RULES.iter().filter(|rule| rule.role.is_none_or(|role| role == options.role)) {
        if rule.setting != "persist_mode" {
            config.insert(rule.setting.to_owned(), (rule.wanted)(options));
        }
    }
    if options.role == Role::Output {
        // The server refuses deny_purge together with rollups.
        let window = options.duplicate_window;
        config.insert("duplicate_window".to_owned(), nanoseconds(window));
    }
    Value::Object(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(role: Role) -> StreamOptions {
        let subjects = match role {
            Role::Input => vec!["raw.>".to_owned()],
            Role::Output => vec!["ms.>".to_owned(), "dlq.>".to_owned(), "ctl.>".to_owned()],
            Role::Objects => vec!["$O.S.C.>".to_owned(), "$O.S.M.>".to_owned()],
        };
        StreamOptions {
            name: "S".to_owned(),
            role,
            subjects,
            replicas: 1,
            max_age: Duration::from_secs(7 * 86_400),
            max_bytes: 1 << 30,
            duplicate_window: Duration::from_secs(120),
        }
    }

    fn check(role: Role, changed: &Value, expected: &str) {
        let mut config = config(&options(role));
        for (key, value) in changed.as_object().unwrap() {
            config[key] = value.clone();
        }
        let list: Vec<String> =
            deviations(&config, &options(role)).iter().map(ToString::to_string).collect();
        assert_eq!(list.join("\n"), expected);
    }

    #[test]
    fn a_stream_as_made_has_no_deviation() {
        check(Role::Input, &json!({}), "");
        check(Role::Output, &json!({}), "");
        check(Role::Objects, &json!({}), "");
    }

    #[test]
    fn each_deviation_is_named_worst_first() {
        check(
            Role::Output,
            &json!({ "max_age": 60_000_000_000_i64, "allow_atomic": null, "subjects": ["ms.>", "ctl.*"] }),
            "stream \"S\": subjects is [\"ms.>\",\"ctl.*\"], should be [\"ms.>\",\"dlq.>\",\"ctl.>\"]\n\
             stream \"S\": allow_atomic is null, should be true\n\
             stream \"S\": max_age is 60000000000, should be 604800000000000",
        );
        check(
            Role::Input,
            &json!({ "discard": "old", "max_bytes": -1, "allow_atomic": null, "max_age": 0 }),
            "stream \"S\": discard is \"old\", should be \"new\"\n\
             stream \"S\": max_bytes is -1, should be 1073741824",
        );
        check(
            Role::Objects,
            &json!({ "allow_direct": false, "deny_purge": true }),
            "stream \"S\": deny_purge is true, should be false\n\
             stream \"S\": allow_direct is false, should be true",
        );
    }

    #[test]
    fn subjects_are_covered_by_wider_ones() {
        for (subject, wider, expected) in [
            ("raw.>", "raw.>", true),
            ("raw.>", ">", true),
            ("raw.>", "raw.*", false),
            ("raw.*.x", "raw.*.*", true),
            ("raw.a", "raw.>", true),
            ("raw", "raw.>", false),
            ("raw.a.b", "raw.a", false),
        ] {
            assert_eq!(within(subject, wider), expected, "{subject} within {wider}");
        }
    }

    #[test]
    fn reasons_are_sentences() {
        for rule in RULES {
            assert!(rule.why.ends_with('.') && !rule.why.contains("  "), "{}", rule.setting);
        }
    }
}
