//! One text for rules that mean the same: what `rule_rev` is a hash of.
//!
//! # Method
//!
//! Keys sorted, blanks gone, texts of conditions in their canonical form, a single element the same as a
//! list of one. Titles, owners and tests are left out: they change nothing.

use std::collections::BTreeMap;

use super::diagnostic::{Source, Span};
use super::parse::parse;
use super::yaml::{Kind, Node};

const LEFT_OUT: [&str; 3] = ["title", "owner", "tests"];
const CONDITIONS: [&str; 4] = ["where", "unless", "watch", "when"];

/// The canonical text of a rule.
pub(crate) fn rule(node: &Node) -> String {
    let mut out = String::new();
    write(node, "", 0, &mut out);
    out
}

/// The same as keys with their values, such as `silence.longer_than.otherwise` with `72h`: what people compare.
pub(crate) fn flat(node: &Node) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for (key, value) in node.entries() {
        if !LEFT_OUT.contains(&key.text.as_str()) {
            flatten(value, &key.text, &key.text, &mut out);
        }
    }
    out
}

fn flatten(node: &Node, path: &str, key: &str, out: &mut BTreeMap<String, String>) {
    let text = |node: &Node| canonical_text(key, node.text().unwrap_or("..."));
    match &node.kind {
        Kind::Map(entries) => {
            for (key, value) in entries {
                flatten(value, &format!("{path}.{}", key.text), &key.text, out);
            }
        }
        Kind::Text { .. } => drop(out.insert(path.to_owned(), text(node))),
        Kind::List(elements) => {
            let words: Vec<String> = elements.iter().map(text).collect();
            out.insert(path.to_owned(), words.join(", "));
        }
    }
}

fn write(node: &Node, key: &str, depth: usize, out: &mut String) {
    match &node.kind {
        Kind::Text { text, .. } => {
            out.push_str(&canonical_text(key, text));
            out.push('\n');
        }
        Kind::List(elements) if elements.len() == 1 => write(&elements[0], key, depth, out),
        Kind::List(elements) => {
            out.push_str("[\n");
            elements.iter().for_each(|element| write(element, key, depth + 1, out));
            out.push_str("]\n");
        }
        Kind::Map(entries) => {
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by(|left, right| left.0.text.cmp(&right.0.text));
            for (name, value) in sorted {
                if depth == 0 && LEFT_OUT.contains(&name.text.as_str()) {
                    continue;
                }
                out.push_str(&name.text);
                out.push('=');
                write(value, &name.text, depth + 1, out);
            }
        }
    }
}

/// The canonical form of a condition; any other text as it is.
pub(crate) fn canonical_text(key: &str, text: &str) -> String {
    let text = text.trim();
    if !CONDITIONS.contains(&key) {
        return text.to_owned();
    }
    let source = Source::new("", text);
    let end = u32::try_from(text.len()).unwrap_or(0);
    parse(&source, Span { file: 0, start: 0, end }, text)
        .map_or_else(|_| text.to_owned(), |ast| ast.canonical())
}
