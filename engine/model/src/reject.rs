//! Why a document or an event went no further: a closed list.
//!
//! A reject is a fact of life, not a failure of the engine. It is counted by reason, kept with at
//! most [`DEAD_LETTER_PAYLOAD_BYTES_MAX`](crate::limits::DEAD_LETTER_PAYLOAD_BYTES_MAX) of its
//! payload, and the rest of the document goes on.

macro_rules! rejects {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $help:literal;)*) => {
        /// Why something went no further.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Reject {
            $($(#[$doc])* $variant = $number,)*
        }

        impl Reject {
            /// Every reason, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in subjects, counters and dead letters.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What to do about it, a sentence.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)* }
            }
        }
    };
}

rejects! {
    /// The bytes are not a document of the feed's format.
    Malformed = 0, "malformed", "Ask the sender for the whole document; the offset says where reading stopped.";
    /// The document is longer than the limit.
    TooLarge = 1, "too_large", "Split the document, or raise `limits.document_size`.";
    /// The document is nested deeper than the limit.
    TooDeep = 2, "too_deep", "No carrier nests this deep; check who wrote the document.";
    /// The document holds more events than the limit.
    TooManyEvents = 3, "too_many_events", "Split the document, or raise `limits.document_events_max`; the events up to the limit were read.";
    /// The message names no feed that is loaded.
    UnknownFeed = 4, "unknown_feed", "Add a feed file with this name, or correct the subject or capture line.";
    /// The feed finds no shipment in the document.
    NoShipment = 5, "no_shipment", "Check that the document is of this feed; `crossdock normalize --feed` shows what a feed reads.";
    /// An event or shipment carries no tracking number.
    NoNumber = 6, "no_number", "The sender left the number out; ask for it.";
    /// The tracking number cannot be one.
    ImpossibleNumber = 7, "impossible_number", "The number has characters or a length that no carrier uses, or lost its digits as a JSON number.";
    /// An event carries no code and no text.
    NoCode = 8, "no_code", "The event says nothing; check the feed's code paths.";
    /// A time can't be read.
    BadTime = 9, "bad_time", "Check the feed's time policy against the text in the dead letter.";
    /// The capture line itself can't be read.
    BadCapture = 10, "bad_capture", "A capture file holds one JSON object a line with `tenant`, `feed`, `received` and `document`.";
    /// The engine failed while reading this document and set it aside.
    Quarantined = 11, "quarantined", "Report this document: the engine panicked on it and went on without it.";
    /// The document could be read only in part; this is the part that could not.
    Skipped = 12, "skipped", "The rest of the document was read; the offset says where the unreadable part begins.";
}

/// What became of one event, or of one document that yielded none. Every input ends in exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// It caused at least one change.
    Emitted = 0,
    /// It was known already.
    Known = 1,
    /// It is part of the history and changed nothing that is worth saying.
    History = 2,
    /// Its code is not in the table; it is kept.
    Unmapped = 3,
    /// It went no further, for a reason of [`Reject`].
    Dead = 4,
}

impl Outcome {
    /// Every outcome, in the order of its number.
    pub const ALL: [Self; 5] =
        [Self::Emitted, Self::Known, Self::History, Self::Unmapped, Self::Dead];

    /// The name in summaries and counters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Emitted => "emitted",
            Self::Known => "known",
            Self::History => "history",
            Self::Unmapped => "unmapped",
            Self::Dead => "dead",
        }
    }
}

const _: () = {
    let mut slot = 0;
    while slot < Reject::ALL.len() {
        assert!(Reject::ALL[slot] as usize == slot);
        slot += 1;
    }
};
