//! One layout for rule files: what `crossdock rules fmt` writes.
//!
//! # Method
//!
//! Line by line, so that every comment stays where it is: conditions on one line get their canonical form, blanks at
//! line ends go, blank lines don't repeat, the file ends with one line end. What the file means is compared before and
//! after; should it differ, the text is left alone.

use super::canonical;
use super::diagnostic::{Report, Source};
use super::yaml::{Kind, Node, read};

const CONDITIONS: [&str; 4] = ["where", "unless", "watch", "when"];

/// The canonical layout of a file; `None` where it is not YAML.
#[must_use]
pub fn format(source: &Source) -> Option<String> {
    let root = tree(source)?;
    let mut changes = Vec::new();
    conditions(&root, &source.text, &mut changes);
    changes.sort_by_key(|(start, ..)| *start);
    let (mut text, mut from) = (String::new(), 0);
    for (start, end, canonical) in changes {
        let Some(before) = source.text.get(from..start) else { continue };
        text.push_str(before);
        text.push_str(&canonical);
        from = end;
    }
    text.push_str(source.text.get(from..)?);
    let text = lines(&text);
    let same = tree(&Source::new(source.name.clone(), text.clone()))
        .is_some_and(|after| canonical::rule(&after) == canonical::rule(&root));
    Some(if same { text } else { source.text.clone() })
}

fn tree(source: &Source) -> Option<Node> {
    let mut report = Report { sources: vec![source.clone()], list: vec![] };
    let root = read(0, &mut report)?;
    (!report.has_errors()).then_some(root)
}

/// Conditions that stand as they are in the file, without quotes and on one line.
fn conditions(node: &Node, text: &str, changes: &mut Vec<(usize, usize, String)>) {
    match &node.kind {
        Kind::Text { .. } => {}
        Kind::List(elements) => {
            elements.iter().for_each(|element| conditions(element, text, changes))
        }
        Kind::Map(entries) => {
            for (key, value) in entries {
                let written = value
                    .text()
                    .filter(|_| CONDITIONS.contains(&key.text.as_str()) && value.is_plain());
                let (start, end) = (value.span.start as usize, value.span.end as usize);
                if let Some(written) = written
                    && text.get(start..end) == Some(written)
                {
                    let canonical = canonical::canonical_text(&key.text, written);
                    // Signs that begin something else in YAML need the quotes they don't have.
                    let safe = !canonical.contains([':', '#', '{', '}', '[', ']', ','])
                        && !canonical
                            .starts_with(['!', '"', '\'', '-', '@', '&', '*', '%', '|', '>']);
                    if safe && canonical != written {
                        changes.push((start, end, canonical));
                    }
                }
                conditions(value, text, changes);
            }
        }
    }
}

/// No blanks at line ends, no two blank lines, one line end at the end.
fn lines(text: &str) -> String {
    let mut out = String::new();
    let mut blank = true;
    for line in text.lines() {
        let line = line.trim_end();
        if line.is_empty() && blank {
            continue;
        }
        blank = line.is_empty();
        out.push_str(line);
        out.push('\n');
    }
    let end = out.trim_end().len();
    out.truncate(end);
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_stay_and_a_second_time_changes_nothing() {
        let text = "\n\n# top\nversion: 1   \n\n\nrules:\n  # about a\n  - id: a   # trailing\n    where: shipment.attempts>1&&(shipment.value  > 2)\n    event: delivered\n    raise: { code: A }\n\n\n";
        let want = "# top\nversion: 1\n\nrules:\n  # about a\n  - id: a   # trailing\n    where: shipment.attempts > 1 && shipment.value > 2\n    event: delivered\n    raise: { code: A }\n";
        let once = format(&Source::new("t", text)).expect("YAML");
        assert_eq!(once, want);
        assert_eq!(format(&Source::new("t", once)).as_deref(), Some(want));
        assert_eq!(format(&Source::new("t", "a: [")), None);
    }
}
