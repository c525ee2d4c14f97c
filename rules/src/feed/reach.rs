//! Whether every row of a code table can ever match.
//!
//! # Place
//!
//! The rows of `codes`, in the order in which they are tried -> **this** -> mistakes.
//!
//! # Method
//!
//! Row `j` with one of its values fixed is dead where a single earlier row takes all it would: each
//! of the earlier row's conditions follows from one of `j`'s. Texts follow from one another by
//! containment: a text that holds "out for delivery" holds "delivery". Rows are grouped by the values of
//! their first field, so that a table of a thousand codes is not compared pair by pair.
//!
//! # Holds
//!
//! - A row of an extended feed may well be covered: that is what overriding is.
//! - No false alarm: what can't be shown to be covered is let pass.

use std::collections::HashMap;

use super::error::Errors;
use super::program::{CodeRow, TextPredicate};
use super::yaml::Node;

/// Tells of rows and values that can never match. `nodes` are the rows' places in the same order.
pub(crate) fn check(rows: &[CodeRow], nodes: &[&Node], own_file: u16, errors: &mut Errors) {
    assert!(rows.len() == nodes.len());
    let mut index = Index::default();
    for (number, (row, node)) in rows.iter().zip(nodes).enumerate() {
        if node.span.file == own_file {
            tell(row, node, rows, nodes, &index, errors);
        }
        index.insert(number, row);
    }
}

fn tell(
    row: &CodeRow,
    node: &Node,
    rows: &[CodeRow],
    nodes: &[&Node],
    index: &Index,
    errors: &mut Errors,
) {
    let line = |number: usize| nodes[number].span.line;
    if row.when.is_empty() {
        if let Some(by) = index.always.iter().find(|by| follows_text(row, &rows[**by])) {
            dead_row(node, line(*by), errors);
        }
        return;
    }
    for (field, values) in &row.when {
        let covered_by = |value: &str| {
            let taken = |by: &&usize| covers(&rows[**by], row, *field, value);
            index.candidates(row, *field, value).find(taken).copied()
        };
        let dead: Vec<(&str, usize)> =
            values.iter().filter_map(|value| covered_by(value).map(|by| (&**value, by))).collect();
        if dead.len() == values.len() {
            return dead_row(node, line(dead[0].1), errors);
        }
        if let Some((value, by)) = dead.first() {
            errors.add("FD031", node.span, format!("\"{value}\" can't match here")).help(format!(
                "line {} takes it first: delete one, or put the narrower row first",
                line(*by)
            ));
        }
    }
}

fn dead_row(node: &Node, line: u32, errors: &mut Errors) {
    errors.add("FD030", node.span, "this row can never match".into()).help(format!(
        "line {line} takes all of it first: delete one, or put the narrower row first"
    ));
}

/// Earlier rows, found by a value of their first field.
#[derive(Default)]
struct Index {
    by_value: HashMap<(u8, Box<str>), Vec<usize>>,
    always: Vec<usize>,
}

impl Index {
    fn insert(&mut self, number: usize, row: &CodeRow) {
        let Some((field, values)) = row.when.first() else {
            self.always.push(number);
            return;
        };
        for value in values {
            self.by_value.entry((*field, value.clone())).or_default().push(number);
        }
    }

    /// Rows that might cover `row` with `field` fixed to `value`. One that covers it has its first field
    /// among the row's fields, and all the row's values of that field.
    fn candidates<'a>(
        &'a self,
        row: &'a CodeRow,
        field: u8,
        value: &'a str,
    ) -> impl Iterator<Item = &'a usize> {
        let keyed = row.when.iter().filter_map(move |(other, values)| {
            let value = if *other == field { value } else { &**values.first()? };
            self.by_value.get(&(*other, value.into()))
        });
        keyed.flatten().chain(&self.always)
    }
}

/// Whether `earlier` takes everything that `row` would take where `field` is `value`.
fn covers(earlier: &CodeRow, row: &CodeRow, field: u8, value: &str) -> bool {
    let implied = earlier.when.iter().all(|(wanted_field, wanted)| {
        let has = |text: &str| wanted.binary_search_by(|probe| (**probe).cmp(text)).is_ok();
        if *wanted_field == field {
            return has(value);
        }
        let given = row.when.iter().find(|(given, _)| given == wanted_field);
        given.is_some_and(|(_, values)| values.iter().all(|value| has(value)))
    });
    implied && follows_text(row, earlier)
}

/// Whether the earlier row's condition on the text follows from the later row's.
fn follows_text(row: &CodeRow, earlier: &CodeRow) -> bool {
    let empty = TextPredicate::default();
    let Some(wanted) = &earlier.text else { return true };
    let given = row.text.as_ref().unwrap_or(&empty);
    // A list of which one holds implies a part where each of its texts does.
    let any_holds = |list: &[Box<str>], part: &dyn Fn(&str) -> bool| {
        !list.is_empty() && list.iter().all(|text| part(text))
    };
    let certain = |part: &dyn Fn(&str) -> bool| {
        any_holds(&given.has_any, part)
            || any_holds(&given.starts, part)
            || given.has_all.iter().any(|text| part(text))
    };
    let holds_one = |text: &str| wanted.has_any.iter().any(|part| text.contains(&**part));
    (wanted.has_any.is_empty() || certain(&holds_one))
        && wanted.has_all.iter().all(|part| certain(&|text: &str| text.contains(&**part)))
        && wanted
            .has_none
            .iter()
            .all(|part| given.has_none.iter().any(|absent| part.contains(&**absent)))
        && (wanted.starts.is_empty()
            || any_holds(&given.starts, &|text: &str| {
                wanted.starts.iter().any(|start| text.starts_with(&**start))
            }))
}
