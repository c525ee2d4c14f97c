//! Outputs of a turn on their way to the server.
//!
//! # Place
//! The drain gathers what the pipeline collected into commits; each message of it passes here.
//! # Holds
//! - The bytes of a turn are copied once, whatever the number of messages.

use std::sync::Arc;

use bytes::Bytes;
use crossdock_core::output::{Message, MessageKind, Output as CoreOutput};

use crate::jetstream::Subject;
use crate::jetstream::output::{Label, Output};

/// The outputs of one turn as they are published: parts of one copy of the turn's bytes, so that a message costs no
/// memory of its own.
pub(super) struct Published<'a> {
    source: &'a Arc<str>,
    /// The bytes of each output that was met so far.
    copies: Vec<(*const CoreOutput, Bytes)>,
}

impl<'a> Published<'a> {
    /// Nothing was published yet; `source` names the log.
    pub(super) fn new(source: &'a Arc<str>) -> Self {
        Self { source, copies: Vec::new() }
    }

    /// One message, as it goes to the server.
    pub(super) fn message(&mut self, output: &CoreOutput, message: &Message) -> Output {
        let known = self.copies.iter().find(|(of, _)| std::ptr::eq(*of, output));
        let bytes = match known {
            Some((_, bytes)) => bytes,
            None => {
                let bytes = Bytes::copy_from_slice(output.bytes());
                self.copies.push((output, bytes));
                &self.copies[self.copies.len() - 1].1
            }
        };
        let (subject, body) = output.ranges(message);
        let label = match message.kind {
            MessageKind::Change { kind, id } => {
                Label::Change { kind, id, source: Arc::clone(self.source) }
            }
            MessageKind::DeadLetter(reject) => Label::DeadLetter(reject),
        };
        Output {
            seq: message.position.seq,
            index: message.position.index,
            subject: Subject::from_utf8(bytes.slice(subject)).expect("tokens are plain ASCII"),
            label,
            body: bytes.slice(body),
        }
    }
}
