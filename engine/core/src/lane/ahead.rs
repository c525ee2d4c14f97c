//! Documents of known shapes, read ahead of their turn, many at a time.
//!
//! # Place
//!
//! `lane` looks ahead through a block of documents, and then reads them one by one: those whose shape is known need no more than
//! the values that were found.
//!
//! # Method
//!
//! Matching a document with its shape and making events of its values are each nearly as much code as a processor's first cache
//! holds. One after the other for every document, they drive each other out of it; a block of documents at a time, each of them
//! stays.
//!
//! # Holds
//!
//! - Looking ahead changes nothing but the speed: what it can't read is read in its turn.

use core::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crossdock_format::{Format, Node};

use super::{Lane, Learned};
use crate::intake::{Incoming, Intake};

/// Documents of a block.
pub(super) const BLOCK_DOCUMENTS: usize = 64;

/// What was found of a document ahead of its turn.
#[derive(Clone, Debug)]
pub(super) enum Ahead {
    /// Nothing: nobody looked, or its shape is not known.
    Unread,
    /// Its shape is known, and asks for a tape.
    NeedsTape,
    /// Its values.
    Values(Values),
}

/// The values of a document.
#[derive(Clone, Debug)]
pub(super) struct Values {
    pub(super) layout: u32,
    /// How often the shapes had been forgotten: see [`crossdock_format::Shapes::extent`].
    pub(super) generation: u32,
    /// Its nodes among those of the block.
    pub(super) nodes: Range<usize>,
}

impl Lane {
    /// Looks at a block of documents; what was found is in `self.ahead`, one for each, and their values in `nodes`.
    pub(super) fn look_ahead<'a>(
        &mut self,
        intake: &'a Intake,
        block: &[Incoming],
        nodes: &mut Vec<Node<'a>>,
    ) {
        nodes.clear();
        self.ahead.clear();
        if !self.options.uses_shapes || self.options.with_particulars {
            self.ahead.resize(block.len(), Ahead::Unread);
        }
        // Ends: each turn gets past one document at least.
        while self.ahead.len() < block.len() {
            let attempt = AssertUnwindSafe(|| {
                for incoming in &block[self.ahead.len()..] {
                    let found = self.look_at(intake, incoming, nodes);
                    self.ahead.push(found);
                }
            });
            if catch_unwind(attempt).is_err() {
                // A bug that it wakes is its own: it is read in its turn, and guarded there.
                self.ahead.push(Ahead::Unread);
            }
        }
    }

    fn look_at<'a>(
        &mut self,
        intake: &'a Intake,
        incoming: &Incoming,
        nodes: &mut Vec<Node<'a>>,
    ) -> Ahead {
        let Some(feed) = self.feeds.by_name_near(intake.feed(incoming), self.last_feed) else {
            return Ahead::Unread;
        };
        let feed = feed.id;
        self.last_feed = feed;
        // A document that was packed, or is several lines, has no shape.
        if incoming.is_left_out() || !matches!(self.feeds.format(feed), Format::Json) {
            return Ahead::Unread;
        }
        let Some(Learned { shapes, plans }) = self.learned[usize::from(feed.0)].as_deref_mut()
        else {
            return Ahead::Unread;
        };
        let Some(text) = shapes.read(intake.document(incoming)) else {
            return Ahead::Unread;
        };
        let start = nodes.len();
        match plans.read(self.feeds.keys(feed), shapes, text, nodes) {
            Some(layout) => {
                let (generation, nodes) = (shapes.extent().1, start..nodes.len());
                Ahead::Values(Values { layout, generation, nodes })
            }
            None => Ahead::NeedsTape,
        }
    }
}
