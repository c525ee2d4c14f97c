//! Reading values of known kinds out of the tree of a file.
//!
//! # Place
//!
//! Used by every part of the compiler that knows which keys belong where.
//!
//! # Holds
//!
//! - Every function tells what is wrong and goes on with a value that makes no further noise.

use super::error::{Errors, suggest};
use super::syntax::{self, Alternatives};
use super::yaml::{Key, Kind, Node};

/// Tells keys that do not belong into a map, and nodes that are no map.
pub(crate) fn keys(node: &Node, what: &str, known: &[&str], errors: &mut Errors) {
    if !matches!(node.kind, Kind::Map(_)) {
        errors
            .add("FD006", node.span, format!("{what} is {}", node.noun()))
            .help(format!("{what} is a map with the keys {}", known.join(", ")));
        return;
    }
    for (key, _) in node.entries() {
        if !known.contains(&key.text.as_str()) {
            unknown_key(key, what, known, errors);
        }
    }
}

/// Tells of one key that does not belong here.
pub(crate) fn unknown_key(key: &Key, what: &str, known: &[&str], errors: &mut Errors) {
    errors
        .add("FD004", key.span, format!("{what} has no key \"{}\"", key.text))
        .help(suggest(&key.text, known.iter().copied()));
}

/// A text.
pub(crate) fn text<'a>(node: &'a Node, what: &str, errors: &mut Errors) -> &'a str {
    match node.text() {
        Some("") | None => {
            let found = if node.text().is_some() { "empty" } else { node.noun() };
            errors
                .add("FD006", node.span, format!("{what} is {found}"))
                .help(format!("{what} is a text"));
            ""
        }
        Some(text) => text,
    }
}

/// A text or a list of texts.
pub(crate) fn texts<'a>(node: &'a Node, what: &str, errors: &mut Errors) -> Vec<&'a str> {
    let elements = node.elements();
    if elements.is_empty() {
        errors
            .add("FD006", node.span, format!("{what} is an empty list"))
            .help("leave the key out, or name at least one");
    }
    elements.iter().map(|element| text(element, what, errors)).collect()
}

/// `true` or `false`.
pub(crate) fn boolean(node: &Node, what: &str, errors: &mut Errors) -> bool {
    match node.text() {
        Some("true") => true,
        Some("false") => false,
        _ => {
            errors
                .add("FD006", node.span, format!("{what} is neither true nor false"))
                .help("write `true` or `false`, in lower case and without quotes");
            false
        }
    }
}

/// An expression: a text, or a list of texts that are alternatives.
pub(crate) fn expression(node: &Node, what: &str, errors: &mut Errors) -> Alternatives {
    let mut alternatives = Vec::new();
    for element in node.elements() {
        let source = text(element, what, errors);
        if !source.is_empty() {
            let read = syntax::expression(source, element.text_span(), errors);
            alternatives.extend(read.unwrap_or_default());
        }
    }
    alternatives
}

/// A name out of a closed list.
pub(crate) fn name<T>(
    node: &Node,
    what: &str,
    find: impl Fn(&str) -> Option<T>,
    names: impl Iterator<Item = &'static str> + Clone,
    errors: &mut Errors,
) -> Option<T> {
    let found = text(node, what, errors);
    if found.is_empty() {
        return None;
    }
    let value = find(found);
    if value.is_none() {
        errors
            .add("FD020", node.span, format!("there is no {what} \"{found}\""))
            .help(suggest(found, names));
    }
    value
}
