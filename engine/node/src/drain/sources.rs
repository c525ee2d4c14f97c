//! Which messages the outputs of a commit are of.
//!
//! # Place
//! In the drain, beside the outputs that are gathered: a commit that becomes several batches names, in
//! the record of each, the message that the batch ends with.
//! # Method
//! When a turn is submitted, the time of each message is kept; when it is collected, those with outputs
//! get their checksum from the bytes that the intake still has. Most messages say nothing, so most
//! bytes are not summed. Ticks and switches of rules have no bytes in the intake; they are summed at once.
//! # Holds
//! - One fingerprint for each message with gathered outputs, in the order of the log.

use crate::jetstream::ctl::Fingerprint;
use crate::jetstream::output::Output;
use crate::jetstream::reader::Message;
use crossdock_core::intake::Intake;
use std::collections::VecDeque;

/// A message of a turn; the checksum where the intake does not have its bytes.
#[derive(Clone, Copy, Debug)]
struct Stamp {
    seq: u64,
    time_us: i64,
    crc32c: Option<u32>,
}

/// The messages of the turns under way, and of the outputs that are gathered.
#[derive(Debug, Default)]
pub(super) struct Sources {
    turns: VecDeque<Vec<Stamp>>,
    spare: Vec<Vec<Stamp>>,
    gathered: Vec<Fingerprint>,
}

impl Sources {
    /// A turn of these messages is submitted as this intake.
    pub(super) fn submit(&mut self, messages: &[Message], intake: &Intake) {
        assert!(messages.len() == intake.documents().len());
        let mut stamps = self.spare.pop().unwrap_or_default();
        stamps.extend(messages.iter().zip(intake.documents()).map(|(message, document)| Stamp {
            seq: message.seq,
            time_us: message.stream_time_us,
            crc32c: intake.is_control(document).then(|| crc32c::crc32c(&message.payload)),
        }));
        self.turns.push_back(stamps);
    }

    /// The oldest turn is collected, and these of its outputs are gathered.
    pub(super) fn collect(&mut self, intake: &Intake, outputs: &[Output]) {
        let mut stamps = self.turns.pop_front().expect("a turn that is collected was submitted");
        assert!(stamps.len() == intake.documents().len());
        for output in outputs {
            if self.gathered.last().is_some_and(|last| last.seq == output.seq) {
                continue;
            }
            let found = stamps.binary_search_by_key(&output.seq, |stamp| stamp.seq);
            let index = found.expect("an output is of a message of its turn");
            let Stamp { seq, time_us, crc32c } = stamps[index];
            let crc32c = crc32c
                .unwrap_or_else(|| crc32c::crc32c(intake.document(&intake.documents()[index])));
            self.gathered.push(Fingerprint { seq, time_us, crc32c });
        }
        stamps.clear();
        self.spare.push(stamps);
    }

    /// When the server took a message of a turn under way, microseconds since 1970.
    pub(super) fn time_us(&self, seq: u64) -> Option<i64> {
        let mut stamps = self.turns.iter().flatten();
        stamps.find(|stamp| stamp.seq == seq).map(|stamp| stamp.time_us)
    }

    /// Those of the outputs that go out now.
    pub(super) fn take(&mut self) -> Vec<Fingerprint> {
        std::mem::take(&mut self.gathered)
    }

    /// They did not go.
    pub(super) fn put_back(&mut self, sources: Vec<Fingerprint>) {
        self.gathered = sources;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossdock_model::reject::Reject;
    use crossdock_model::time::Micros;

    fn message(seq: u64, text: &'static str) -> Message {
        let (subject, payload) = ("raw.t.f".into(), text.into());
        Message { seq, stream_time_us: 10 * seq as i64, received_us: None, subject, payload }
    }

    fn output(seq: u64) -> Output {
        let (subject, body) = ("ms.t.customer.milestone".into(), bytes::Bytes::new());
        let label = crate::jetstream::Label::DeadLetter(Reject::Malformed);
        Output { seq, index: 0, subject, label, body }
    }

    #[test]
    fn messages_with_outputs_are_known_by_time_and_sum() {
        let mut sources = Sources::default();
        let messages = [message(3, "a"), message(5, "rules"), message(8, "c")];
        let mut intake = Intake::default();
        intake.push(3, Micros(1), "t", "f", b"a");
        intake.push_rules(5, Micros(1), None);
        intake.push(8, Micros(1), "t", "f", b"c");
        sources.submit(&messages, &intake);
        let next = [message(9, "d")];
        let mut later = Intake::default();
        later.push(9, Micros(1), "t", "f", b"d");
        sources.submit(&next, &later);
        assert_eq!(
            (sources.time_us(5), sources.time_us(6), sources.time_us(9)),
            (Some(50), None, Some(90))
        );
        sources.collect(&intake, &[output(5), output(5), output(8)]);
        sources.collect(&later, &[output(9)]);
        let print = |message: &Message| Fingerprint {
            seq: message.seq,
            time_us: message.stream_time_us,
            crc32c: crc32c::crc32c(&message.payload),
        };
        let wanted = [print(&messages[1]), print(&messages[2]), print(&next[0])];
        assert_eq!(sources.take(), wanted);
        assert!(sources.take().is_empty());
    }
}
