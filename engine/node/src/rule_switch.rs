//! Rules as a message of the log: how a rule set comes into force at one place of the input.
//!
//! # Place
//!
//! `crossdock rules activate` or a SIGHUP writes such a message; the drain reads it, compiles what it
//! holds and hands it to the shards with the rest of its turn.
//!
//! # Method
//!
//! ```json
//! {"revision":"0a1b…16 hex","files":{"packs/exceptions/parcel.yaml":"version: 1\n…"}}
//! ```
//!
//! The message holds the files themselves, so that a replay has what it needs whatever became of the
//! folder. Without `files` it names a set that this process has seen: the one it was started with, or
//! one of an earlier message.
//!
//! # Holds
//!
//! - What can't be followed changes nothing: the rules in force stay.
//! - The same messages give the same rules at the same places in every replay.

use std::collections::BTreeMap;
use std::sync::Arc;

use crossdock_rules::rule::Options;
use crossdock_rules::rule::diagnostic::Source;
use crossdock_rules::rule::facts::HashInterner;
use crossdock_rules::rule::ruleset::RuleSet;
use serde::{Deserialize, Serialize};

/// The body of a message on `rules.<group>`.
#[derive(Debug, Serialize, Deserialize)]
struct Body {
    /// `ruleset_rev`, 16 hexadecimal digits.
    revision: String,
    /// Rule and calendar files by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    files: BTreeMap<String, String>,
}

/// Writes the message that puts a set into force.
#[must_use]
pub fn message(set: &RuleSet) -> Vec<u8> {
    let files = set.warnings().sources.iter();
    let body = Body {
        revision: format!("{:016x}", set.rev()),
        files: files.map(|file| (file.name.clone(), file.text.clone())).collect(),
    };
    serde_json::to_vec(&body)
        .unwrap_or_else(|error| unreachable!("texts always become JSON: {error}"))
}

/// The rule sets that a process has seen.
#[derive(Clone, Debug, Default)]
pub struct Library {
    sets: Vec<Arc<RuleSet>>,
}

impl Library {
    /// Knows the set that the process was started with, if there is one.
    #[must_use]
    pub fn new(first: Option<Arc<RuleSet>>) -> Self {
        Self { sets: first.into_iter().collect() }
    }

    /// The set that a message puts into force.
    ///
    /// # Errors
    ///
    /// Why it can't be followed.
    pub fn follow(&mut self, message: &[u8]) -> Result<Arc<RuleSet>, String> {
        let body: Body = serde_json::from_slice(message).map_err(|error| error.to_string())?;
        let revision = u64::from_str_radix(&body.revision, 16)
            .map_err(|_| format!("revision \"{}\" is not hexadecimal", body.revision))?;
        if let Some(known) = self.sets.iter().find(|set| set.rev() == revision) {
            return Ok(Arc::clone(known));
        }
        if body.files.is_empty() {
            return Err(format!("no set of revision {revision:016x} was seen, and no files came"));
        }
        let sources = body.files.iter().map(|(name, text)| Source::new(name, text)).collect();
        let set = RuleSet::load(sources, &Options::default(), &mut HashInterner)
            .map_err(|report| report.render())?;
        if set.rev() != revision {
            let found = set.rev();
            return Err(format!("the files are revision {found:016x}, not {revision:016x}"));
        }
        let set = Arc::new(set);
        self.sets.push(Arc::clone(&set));
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(within: &str) -> Arc<RuleSet> {
        let text = format!(
            "version: 1\nrules:\n  - {{ id: a, expect: {{ after: label_created, want: accepted, within: {within} }}, raise: {{ code: A }} }}\n"
        );
        let sources = vec![Source::new("a.yaml", text)];
        let set = RuleSet::load(sources, &Options::default(), &mut HashInterner);
        Arc::new(set.unwrap_or_else(|report| panic!("{}", report.render())))
    }

    #[test]
    fn a_message_holds_what_a_replay_needs() {
        let (first, second) = (set("24h"), set("48h"));
        assert_ne!(first.rev(), second.rev());
        let mut library = Library::new(Some(Arc::clone(&first)));
        let found = library.follow(&message(&second)).expect("it holds its files");
        assert_eq!(found.rev(), second.rev());
        let back = format!(r#"{{"revision":"{:016x}"}}"#, first.rev());
        assert_eq!(library.follow(back.as_bytes()).expect("it was seen").rev(), first.rev());
    }

    #[test]
    fn what_cannot_be_followed_is_told() {
        let mut library = Library::new(None);
        let broken = message(&set("24h"));
        let broken = String::from_utf8(broken).expect("JSON is UTF-8");
        for (message, part) in [
            ("no json", "expected"),
            (r#"{"revision":"x"}"#, "hexadecimal"),
            (r#"{"revision":"00"}"#, "no set of revision"),
            (&broken.replace("label_created", "label_made"), "label_made"),
            (&broken.replace("24h", "25h"), "the files are revision"),
        ] {
            let error = library.follow(message.as_bytes()).expect_err(message);
            assert!(error.contains(part), "{message}: {error}");
        }
    }
}
