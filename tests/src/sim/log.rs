//! The input stream: what senders send, what the server loses, what a person restores.
//!
//! # Place
//! Inside the broker.
//! # Method
//! Messages wait in a queue and are stored one by one, each with a time of its own. *Roll-back*: power is
//! lost, and the newest messages with it. Some of their senders send them again, later; other messages
//! get their sequences. What the stream held before is remembered, since a person has it, in a
//! mirror or a backup: where an engine stops because it has *committed* a message that is gone, the
//! person restores the stream as it was, and what came in between is sent again.
//! # Holds
//! - What the stream holds in the end is the truth that OUT is judged by.

use super::random::Random;
use bytes::Bytes;
use crossdock_node::jetstream::ctl::Fingerprint;
use std::collections::VecDeque;

/// Messages that one roll-back takes at most.
const LOST_MAX: u64 = 6;

/// A message of IN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its number in the world.
    pub id: usize,
    /// When it was received, microseconds since 1970.
    pub time_us: i64,
    /// When the server stored it, microseconds since 1970: no two messages have the same.
    pub stored_us: i64,
    /// `raw.<tenant>.<feed>`, `tick.<group>`, `rules.<group>`.
    pub subject: String,
    /// The document.
    pub payload: Bytes,
}

/// The stream and its senders.
#[derive(Clone, Debug, Default)]
pub struct Log {
    messages: Vec<Input>,
    waiting: VecDeque<Input>,
    /// What the stream held before each roll-back and each restoration.
    before: Vec<Vec<Input>>,
    stored_us: i64,
}

impl Log {
    /// An empty stream that will be sent these messages.
    #[must_use]
    pub fn new(messages: &[Input]) -> Self {
        Self { waiting: messages.iter().cloned().collect(), ..Self::default() }
    }

    /// The next message is stored.
    pub fn publish(&mut self) {
        let Some(mut message) = self.waiting.pop_front() else { return };
        self.stored_us = message.time_us.max(self.stored_us + 1);
        message.stored_us = self.stored_us;
        self.messages.push(message);
    }

    /// True where nobody has anything to send.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What the stream holds; the first has sequence 1.
    #[must_use]
    pub fn messages(&self) -> &[Input] {
        &self.messages
    }

    /// The message of a sequence.
    #[must_use]
    pub fn get(&self, seq: u64) -> Option<&Input> {
        get(&self.messages, seq)
    }

    /// True where the stream holds this very message.
    #[must_use]
    pub fn holds(&self, print: &Fingerprint) -> bool {
        is_same(self.get(print.seq), print)
    }

    /// Power was lost; false where there is too little to lose.
    pub fn roll_back(&mut self, random: &mut Random) -> bool {
        let count = 1 + random.below(LOST_MAX) as usize;
        if self.messages.len() <= count {
            return false;
        }
        self.before.push(self.messages.clone());
        let lost = self.messages.split_off(self.messages.len() - count);
        for message in lost.into_iter().rev() {
            if random.one_in(4) {
                // Its sender believes that it was stored.
                continue;
            }
            let later = random.below(4).min(self.waiting.len() as u64) as usize;
            self.waiting.insert(later, message);
        }
        true
    }

    /// A person looks at what was committed, and restores the stream where it no longer holds that; true
    /// where it was restored.
    ///
    /// # Errors
    /// Where it never held that.
    pub fn restore(&mut self, committed: Option<&Fingerprint>) -> Result<bool, String> {
        let Some(print) = committed.filter(|print| !self.holds(print)) else { return Ok(false) };
        let held = self.before.iter().rposition(|it| is_same(get(it, print.seq), print));
        let Some(index) = held else {
            return Err(format!("the input never held what was committed: {print:?}"));
        };
        let restored = self.before[index].clone();
        let replaced = std::mem::replace(&mut self.messages, restored);
        let is_here = |id: usize| self.messages.iter().any(|message| message.id == id);
        self.waiting.retain(|message| !is_here(message.id));
        for message in replaced.iter().rev() {
            let is_waiting = self.waiting.iter().any(|waiting| waiting.id == message.id);
            if !is_here(message.id) && !is_waiting {
                self.waiting.push_front(message.clone());
            }
        }
        self.before.push(replaced);
        Ok(true)
    }
}

fn get(messages: &[Input], seq: u64) -> Option<&Input> {
    messages.get(usize::try_from(seq).ok()?.checked_sub(1)?)
}

fn is_same(message: Option<&Input>, print: &Fingerprint) -> bool {
    message.is_some_and(|it| {
        it.stored_us == print.time_us && crc32c::crc32c(&it.payload) == print.crc32c
    })
}
