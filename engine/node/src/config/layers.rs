//! Texts laid over each other, key by key.
//!
//! # Place
//! Between TOML and the checks.
//! # Method
//! Every text becomes `section.key` → value with its place. The defaults say which keys there are
//! and of what type; anything else is a complaint with the nearest name (by edit distance).
//! # Holds
//! The merged values and where each was written.
//! # Does not hold
//! Units and limits (`checked`).

use crate::config::{ConfigError, DEFAULT, Layer};
use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue};

/// A value as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Raw {
    Text(String),
    Number(i64),
    Switch(bool),
    Texts(Vec<String>),
}

impl Raw {
    fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text in quotes",
            Self::Number(_) => "a whole number",
            Self::Switch(_) => "true or false",
            Self::Texts(_) => "a list of texts",
        }
    }
}

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) raw: Raw,
    pub(super) file: String,
    pub(super) line: usize,
}

/// All options by `section.key`.
pub(super) type Options = BTreeMap<String, Placed>;

/// The defaults with the layers over them. Complaints are added to `errors`.
pub(super) fn merge(layers: &[Layer<'_>], errors: &mut Vec<ConfigError>) -> Options {
    let mut options = BTreeMap::new();
    let defaults = Layer { name: "configs/default.toml", text: DEFAULT };
    for (key, placed) in read(defaults, errors) {
        options.insert(key, placed);
    }
    assert!(errors.is_empty(), "the defaults can be read: {errors:?}");
    for &layer in layers {
        for (key, placed) in read(layer, errors) {
            let Some(known) = options.get_mut(&key) else {
                errors.push(unknown(&key, &placed, &options));
                continue;
            };
            let empty = placed.raw == Raw::Texts(vec![]) || known.raw == Raw::Texts(vec![]);
            let same = std::mem::discriminant(&known.raw) == std::mem::discriminant(&placed.raw);
            if same || (empty && matches!(placed.raw, Raw::Texts(_))) {
                *known = placed;
            } else {
                let message =
                    format!("{key} must be {}, not {}", known.raw.kind(), placed.raw.kind());
                let hint = bare_number(&placed.raw, &known.raw);
                errors.push(ConfigError { file: placed.file, line: placed.line, message, hint });
            }
        }
    }
    options
}

/// One `key=value` of the command line as a line of TOML.
pub(super) fn setting(text: &str) -> String {
    let Some((key, value)) = text.split_once('=') else { return text.to_owned() };
    let (key, value) = (key.trim(), value.trim());
    let line = format!("{key} = {value}");
    let quoted = || {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
        format!("{key} = \"{escaped}\"")
    };
    if DeTable::parse(&line).is_ok() { line } else { quoted() }
}

fn bare_number(found: &Raw, wanted: &Raw) -> Option<String> {
    match (found, wanted) {
        (Raw::Number(_), Raw::Text(example)) => {
            let unit = example.trim_start_matches(|c: char| c.is_ascii_digit());
            let united = unit.len() < example.len() && !unit.is_empty();
            united.then(|| format!("Write the unit with it, as in \"{example}\"."))
        }
        _ => None,
    }
}

fn read(layer: Layer<'_>, errors: &mut Vec<ConfigError>) -> Vec<(String, Placed)> {
    let mut found = Vec::new();
    let (table, broken) = DeTable::parse_recoverable(layer.text);
    let place = |at: usize| Place { layer, at };
    for error in broken {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message().lines().next().unwrap_or("no toml").to_owned();
        errors.push(place(at).error(message));
    }
    for (section, value) in table.get_ref() {
        let at = section.span().start;
        let Some(keys) = value.get_ref().as_table() else {
            let message = format!("\"{}\" stands outside a section", section.get_ref());
            errors.push(place(at).error(message));
            continue;
        };
        if keys.is_empty() && !has_section(section.get_ref()) {
            // An unknown section without keys would pass unseen.
            errors.push(place(at).error(format!("section [{}] is not known", section.get_ref())));
        }
        for (key, value) in keys {
            let at = key.span().start;
            let path = format!("{}.{}", section.get_ref(), key.get_ref());
            match raw(value.get_ref()) {
                Some(raw) => found.push((path, place(at).placed(raw))),
                None => {
                    let kind = value.get_ref().type_str();
                    errors.push(place(at).error(format!("{path} can't be {kind}")));
                }
            }
        }
    }
    found.sort_by_key(|(_, placed)| placed.line);
    found
}

fn has_section(name: &str) -> bool {
    DEFAULT.lines().any(|line| line.trim() == format!("[{name}]"))
}

fn raw(value: &DeValue<'_>) -> Option<Raw> {
    match value {
        DeValue::String(text) => Some(Raw::Text(text.to_string())),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(Raw::Number)
        }
        DeValue::Boolean(switch) => Some(Raw::Switch(*switch)),
        DeValue::Array(list) => {
            let texts = list.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
            texts.collect::<Option<Vec<String>>>().map(Raw::Texts)
        }
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

struct Place<'a> {
    layer: Layer<'a>,
    at: usize,
}

impl Place<'_> {
    fn line(&self) -> usize {
        let before = self.layer.text.as_bytes().get(..self.at).unwrap_or_default();
        before.iter().filter(|&&byte| byte == b'\n').count() + 1
    }

    fn error(&self, message: String) -> ConfigError {
        ConfigError { file: self.layer.name.to_owned(), line: self.line(), message, hint: None }
    }

    fn placed(&self, raw: Raw) -> Placed {
        Placed { raw, file: self.layer.name.to_owned(), line: self.line() }
    }
}

fn unknown(key: &str, placed: &Placed, options: &Options) -> ConfigError {
    let tail = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    // The nearest path; the same last word in another section is near, too.
    let nearest = options.keys().min_by_key(|known| {
        let moved = if tail(known) == tail(key) { 1 } else { usize::MAX };
        distance(known, key).min(moved)
    });
    let near = nearest
        .filter(|known| distance(known, key) <= 1 + key.len() / 5 || tail(known) == tail(key));
    let hint = match near {
        Some(known) => format!("Did you mean {known}?"),
        None => "`configs/default.toml` lists every option.".to_owned(),
    };
    let message = format!("option {key} is not known");
    let (file, line) = (placed.file.clone(), placed.line);
    ConfigError { file, line, message, hint: Some(hint) }
}

/// Levenshtein's distance over bytes; names are short.
fn distance(one: &str, two: &str) -> usize {
    let mut row: Vec<usize> = (0..=two.len()).collect();
    for (i, a) in one.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in two.bytes().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[two.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted() {
        for (one, two, expected) in [
            ("", "", 0),
            ("a", "", 1),
            ("lanes", "lane", 1),
            ("shards", "lanes", 4),
            ("ab", "ba", 2),
        ] {
            assert_eq!(distance(one, two), expected, "{one} {two}");
            assert_eq!(distance(two, one), expected, "{two} {one}");
        }
    }

    #[test]
    fn a_setting_becomes_a_line_of_toml() {
        for (text, line) in [
            ("engine.lanes=2", "engine.lanes = 2"),
            ("source.stream=IN2", "source.stream = \"IN2\""),
            ("log.level = \"warn\"", "log.level = \"warn\""),
            ("nats.servers=[\"nats://a:1\"]", "nats.servers = [\"nats://a:1\"]"),
            ("snapshot.dir=C:\\x", "snapshot.dir = \"C:\\\\x\""),
        ] {
            assert_eq!(setting(text), line);
        }
    }
}
