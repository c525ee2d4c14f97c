//! Takes options out of the merged texts, one by one, by their names.
//!
//! # Place
//! Under the check, which says which options there are and what bounds they have.
//! # Method
//! Each verb reads one kind of value, notes it in its normal form, and on a mistake notes the
//! complaint and gives a value that lets the check go on. What was taken is remembered: at the end
//! nothing may be left.
//! # Holds
//! The complaints and the normal forms.
//! # Does not hold
//! Which options there are (`checked`).

use crate::config::layers::{Options, Placed, Raw};
use crate::config::value::{show_size, show_time, size, time};
use crate::config::{ConfigError, ConfigErrors};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

pub(super) struct Taker {
    options: Options,
    taken: BTreeSet<&'static str>,
    errors: Vec<ConfigError>,
    lines: Vec<String>,
}

impl Taker {
    pub(super) fn new(options: Options, errors: Vec<ConfigError>) -> Self {
        Self { options, taken: BTreeSet::new(), errors, lines: Vec::new() }
    }

    /// The normal forms in the order of names, or all complaints.
    #[expect(clippy::panic_in_result_fn, reason = "a bug of ours, no failure of the outside")]
    pub(super) fn finish(mut self) -> Result<Vec<String>, ConfigErrors> {
        let left: Vec<_> =
            self.options.keys().filter(|key| !self.taken.contains(key.as_str())).collect();
        assert!(left.is_empty(), "options that do nothing: {left:?}");
        if !self.errors.is_empty() {
            self.errors.sort_by(|one, two| (&one.file, one.line).cmp(&(&two.file, two.line)));
            return Err(ConfigErrors(self.errors));
        }
        self.lines.sort();
        Ok(self.lines)
    }

    /// Whether an option has a complaint already: what follows from it is not worth saying.
    pub(super) fn faulty(&self, key: &str) -> bool {
        let placed = &self.options[key];
        self.errors.iter().any(|error| {
            error.line == placed.line && error.file == placed.file && error.message.starts_with(key)
        })
    }

    /// Complains about an option: `message` goes on after its name.
    pub(super) fn complain(&mut self, key: &str, message: &str, hint: Option<&str>) {
        let placed = &self.options[key];
        self.errors.push(ConfigError {
            file: placed.file.clone(),
            line: placed.line,
            message: format!("{key} {message}"),
            hint: hint.map(str::to_owned),
        });
    }

    pub(super) fn text(&mut self, key: &'static str) -> String {
        let Raw::Text(text) = self.take(key) else { unreachable!("{key} is text in the defaults") };
        self.lines.push(format!("{key} = {text:?}"));
        text
    }

    pub(super) fn texts(&mut self, key: &'static str) -> Vec<String> {
        let Raw::Texts(texts) = self.take(key) else {
            unreachable!("{key} is a list in the defaults")
        };
        self.lines.push(format!("{key} = {texts:?}"));
        texts
    }

    pub(super) fn switch(&mut self, key: &'static str) -> bool {
        let Raw::Switch(switch) = self.take(key) else {
            unreachable!("{key} is true or false in the defaults")
        };
        self.lines.push(format!("{key} = {switch}"));
        switch
    }

    pub(super) fn count(&mut self, key: &'static str, bounds: RangeInclusive<usize>) -> usize {
        let Raw::Number(number) = self.take(key) else {
            unreachable!("{key} is a number in the defaults")
        };
        self.lines.push(format!("{key} = {number}"));
        let count = usize::try_from(number).ok().filter(|count| bounds.contains(count));
        count.unwrap_or_else(|| {
            let (low, high) = (bounds.start(), bounds.end());
            self.complain(key, &format!("is {number}; it must be within {low} and {high}"), None);
            *low
        })
    }

    /// Copies of a stream: JetStream takes 1, 3 or 5.
    pub(super) fn replicas(&mut self, key: &'static str) -> u32 {
        match self.count(key, 1..=5) {
            count @ (1 | 3 | 5) => count as u32,
            count => {
                let message = format!("is {count}");
                self.complain(key, &message, Some("A stream has 1, 3 or 5 replicas."));
                1
            }
        }
    }

    pub(super) fn size(&mut self, key: &'static str, bounds: RangeInclusive<u64>) -> u64 {
        let (low, high) = (show_size(*bounds.start()), show_size(*bounds.end()));
        let text = self.text(key);
        let Some(found) = size(&text) else {
            let hint =
                "Write a whole number and B, KiB, MiB, GiB or TiB, nothing between: \"64KiB\".";
            self.complain(key, &format!("is \"{text}\", which is no size"), Some(hint));
            return *bounds.start();
        };
        self.normal(key, &show_size(found));
        if !bounds.contains(&found) {
            let message = format!("is \"{text}\"; it must be within \"{low}\" and \"{high}\"");
            self.complain(key, &message, None);
        }
        found
    }

    /// As [`Taker::size`], for what lies in memory.
    pub(super) fn bytes(&mut self, key: &'static str, bounds: RangeInclusive<u64>) -> usize {
        usize::try_from(self.size(key, bounds)).unwrap_or(usize::MAX)
    }

    /// Bounds in milliseconds.
    pub(super) fn time(&mut self, key: &'static str, low_ms: u64, high_ms: u64) -> Duration {
        let (low, high) = (Duration::from_millis(low_ms), Duration::from_millis(high_ms));
        let text = self.text(key);
        let Some(found) = time(&text) else {
            let hint = "Write a whole number and ms, s, m, h or d, nothing between: \"250ms\", \
                        \"30s\", \"7d\".";
            self.complain(key, &format!("is \"{text}\", which is no time"), Some(hint));
            return high;
        };
        self.normal(key, &show_time(found));
        if found < low || high < found {
            let (low, high) = (show_time(low), show_time(high));
            let message = format!("is \"{text}\"; it must be within \"{low}\" and \"{high}\"");
            self.complain(key, &message, None);
        }
        found
    }

    /// A path; `None` for "".
    pub(super) fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        let text = self.text(key);
        (!text.is_empty()).then(|| PathBuf::from(text))
    }

    /// An address and a port; `None` for "".
    pub(super) fn address(&mut self, key: &'static str) -> Option<SocketAddr> {
        let text = self.text(key);
        if text.is_empty() {
            return None;
        }
        let address = text.parse().ok();
        if address.is_none() {
            let hint = "Write an address and a port: \"127.0.0.1:9464\" or \"[::1]:9464\".";
            self.complain(key, &format!("is \"{text}\""), Some(hint));
        }
        address
    }

    /// A token of a subject.
    pub(super) fn name(&mut self, key: &'static str) -> String {
        let text = self.text(key);
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
        if text.is_empty() || text.len() > 64 || !text.bytes().all(fits) {
            let hint = "Write 1 to 64 of a-z, 0-9, \"_\" and \"-\": it is part of a subject.";
            self.complain(key, &format!("is \"{text}\""), Some(hint));
        }
        text
    }

    /// The name of a stream.
    pub(super) fn stream(&mut self, key: &'static str) -> String {
        let text = self.text(key);
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if text.is_empty() || !text.bytes().all(fits) {
            let hint = "A stream's name has letters, digits, \"-\" and \"_\" only.";
            self.complain(key, &format!("is \"{text}\""), Some(hint));
        }
        text
    }

    fn take(&mut self, key: &'static str) -> Raw {
        assert!(self.taken.insert(key), "{key} is taken once");
        let Some(Placed { raw, .. }) = self.options.get(key) else {
            unreachable!("{key} is in the defaults")
        };
        raw.clone()
    }

    /// Replaces the line as written by its normal form.
    fn normal(&mut self, key: &str, value: &str) {
        let line = self.lines.last_mut();
        *line.unwrap_or_else(|| unreachable!("the line was just written")) =
            format!("{key} = {value:?}");
    }
}
