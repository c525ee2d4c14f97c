//! Packs: several changes of one tenant in one message.
//!
//! # Place
//! Between the outputs of one atomic batch and the wire, where the configuration asks for it.
//! # Method
//! A server's work is by message, not by byte: what it costs to take, store and hand on a change alone is
//! paid once for a pack. A change goes to the pack of its tenant that is open; one that would grow beyond
//! its size is closed and another one begun. So the changes of a shipment, which has one tenant, stay in
//! order, which they would not in packs by audience or kind. Dead letters go alone: they are few.
//! # Holds
//! [`pack`], and how many messages it makes ([`Count`]).
//! # Does not hold
//! Which outputs belong to one batch (`output::cut`).

use crate::jetstream::output::{Label, Output};
use async_nats::Subject;
use bytes::Bytes;
use std::collections::HashMap;

/// Where the packs of a tenant go.
fn subject_of(tenant: &str) -> Subject {
    Subject::from(format!("ms.{tenant}.all.packed"))
}

/// The tenant of an output that may be packed.
fn tenant(output: &Output) -> Option<&str> {
    let is_change = matches!(output.label, Label::Change { .. });
    let rest = output.subject.as_str().strip_prefix("ms.")?;
    rest.split('.').next().filter(|_| is_change)
}

/// What a change takes of a pack: itself and the end of its line.
fn room_of(output: &Output) -> usize {
    output.body.len() + 1
}

/// How many messages outputs become.
#[derive(Debug)]
pub struct Count<'a> {
    pack_bytes: usize,
    /// Bytes of the open pack of each tenant.
    open: HashMap<&'a str, usize>,
    count: usize,
}

impl<'a> Count<'a> {
    /// None yet. Each output is a message where `pack_bytes` is 0.
    #[must_use]
    pub fn new(pack_bytes: usize) -> Self {
        Self { pack_bytes, open: HashMap::new(), count: 0 }
    }

    /// One output more, in their order. True where it begins a message.
    pub fn add(&mut self, output: &'a Output) -> bool {
        let packed = tenant(output).filter(|_| 0 < self.pack_bytes);
        let begins = match packed {
            None => true,
            Some(tenant) => {
                let size = self.open.entry(tenant).or_default();
                let begins = *size == 0 || self.pack_bytes < *size + room_of(output);
                *size = if begins { room_of(output) } else { *size + room_of(output) };
                begins
            }
        };
        self.count += usize::from(begins);
        begins
    }

    /// Messages so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }
}

/// The outputs of one batch as messages, in the order in which each begins.
#[must_use]
pub fn pack(outputs: &[Output], pack_bytes: usize) -> Vec<Output> {
    assert!(0 < pack_bytes);
    let mut messages: Vec<(Output, Vec<u8>)> = Vec::new();
    let mut open: HashMap<&str, usize> = HashMap::new();
    let mut count = Count::new(pack_bytes);
    for output in outputs {
        let begins = count.add(output);
        let Some(tenant) = tenant(output) else {
            messages.push((output.clone(), Vec::new()));
            continue;
        };
        if begins {
            open.insert(tenant, messages.len());
            let (subject, label) = (subject_of(tenant), Label::Pack { count: 0 });
            messages.push((Output { subject, label, ..output.clone() }, Vec::new()));
        }
        let (message, lines) = &mut messages[open[tenant]];
        if !lines.is_empty() {
            lines.push(b'\n');
        }
        lines.extend_from_slice(&output.body);
        (message.seq, message.index) = (output.seq, output.index);
        if let Label::Pack { count } = &mut message.label {
            *count += 1;
        }
    }
    let whole = |(message, lines): (Output, Vec<u8>)| match message.label {
        Label::Pack { .. } => Output { body: Bytes::from(lines), ..message },
        Label::Change { .. } | Label::DeadLetter(_) => message,
    };
    messages.into_iter().map(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossdock_model::change::ChangeKind;
    use crossdock_model::id::ChangeId;
    use crossdock_model::reject::Reject;
    use proptest::prelude::*;

    /// A change as `tenant:body`, a dead letter as `!body`.
    fn output(index: usize, text: &str) -> Output {
        let change = |kind| Label::Change { kind, id: ChangeId(1), source: "/crossdock/g".into() };
        let (subject, label, body) = match (text.strip_prefix('!'), text.split_once(':')) {
            (Some(body), _) => {
                ("dlq.t.malformed".into(), Label::DeadLetter(Reject::Malformed), body)
            }
            (None, Some((tenant, body))) => {
                let subject = format!("ms.{tenant}.customer.milestone");
                (subject, change(ChangeKind::Milestone), body)
            }
            (None, None) => unreachable!("a test writes `tenant:body` or `!body`"),
        };
        let body = Bytes::copy_from_slice(body.as_bytes());
        Output { seq: index as u64, index: 0, subject: subject.into(), label, body }
    }

    fn outputs(texts: &[&str]) -> Vec<Output> {
        texts.iter().enumerate().map(|(index, text)| output(index, text)).collect()
    }

    #[track_caller]
    fn check(texts: &[&str], pack_bytes: usize, expected: &[&str]) {
        let packed = pack(&outputs(texts), pack_bytes);
        let found: Vec<String> = packed
            .iter()
            .map(|it| {
                let body = String::from_utf8_lossy(&it.body).replace('\n', "|");
                format!("{} {body} {}", it.subject, it.seq)
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn changes_of_a_tenant_share_a_message_until_it_is_full() {
        check(
            &["a:11", "b:22", "a:33", "!xx", "a:44"],
            6,
            &[
                "ms.a.all.packed 11|33 2",
                "ms.b.all.packed 22 1",
                "dlq.t.malformed xx 3",
                "ms.a.all.packed 44 4",
            ],
        );
        check(&["a:11", "a:22"], 1, &["ms.a.all.packed 11 0", "ms.a.all.packed 22 1"]);
        check(&[], 6, &[]);
    }

    proptest! {
        /// Nothing is lost or doubled, each tenant's changes stay in order, and as many messages come as are counted.
        #[test]
        fn packs_hold_every_change_in_its_tenants_order(
            steps in prop::collection::vec((0_usize..4, 1_usize..9), 0..200),
            pack_bytes in 1_usize..60,
        ) {
            let tenants = ["a:", "b:", "c:", "!"];
            let texts: Vec<String> = steps
                .iter()
                .enumerate()
                .map(|(at, (tenant, len))| format!("{}{}", tenants[*tenant], format!("{at}-").repeat(*len)))
                .collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let outputs = outputs(&texts);
            let packed = pack(&outputs, pack_bytes);
            let mut count = Count::new(pack_bytes);
            let begun = outputs.iter().filter(|output| count.add(output)).count();
            prop_assert_eq!((begun, count.count()), (packed.len(), packed.len()));
            for prefix in ["ms.a.", "ms.b.", "ms.c.", "dlq."] {
                let of = |all: &[Output]| -> Vec<u8> {
                    let mine = all.iter().filter(|it| it.subject.starts_with(prefix));
                    mine.flat_map(|it| [&it.body[..], b"\n"].concat()).collect()
                };
                prop_assert_eq!(of(&packed), of(&outputs));
            }
            for it in &packed {
                let lines = it.body.split(|byte| *byte == b'\n').count();
                prop_assert!(it.body.len() < pack_bytes || lines == 1);
                if let Label::Pack { count } = it.label {
                    prop_assert_eq!(count as usize, lines);
                }
            }
        }
    }
}
