//! Words that were interned lately, found without hashing them again.
//!
//! # Place
//!
//! A shard asks here before it asks [`Texts`]. The lane says where to look ([`Words::hint`](crate::batch::Words)); whether
//! the words are the same is seen by comparing them.
//!
//! # Holds
//!
//! - The numbers are those that [`Texts`] gives. The memory changes only the speed.

use crate::batch::{Batch, Words};
use crate::texts::{TextId, Texts};

/// Places; a power of two.
const COUNT: usize = 1 << 12;

/// Numbers of codes, text and place of words that came lately, by their hint.
#[derive(Debug)]
pub struct Recent(Vec<[TextId; 3]>);

impl Default for Recent {
    fn default() -> Self {
        Self(vec![[TextId::NONE; 3]; COUNT])
    }
}

impl Recent {
    /// The numbers of codes, text and place of an event.
    pub fn intern(&mut self, batch: &Batch, words: &Words, texts: &mut Texts) -> [TextId; 3] {
        let spans = [words.codes, words.text, words.place];
        let kept = &mut self.0[words.hint as usize % COUNT];
        let is_it = |at: usize| texts.get(kept[at]) == batch.text(spans[at]);
        if !(is_it(0) && is_it(1) && is_it(2)) {
            *kept = spans.map(|span| texts.intern(batch.text(span)));
        }
        *kept
    }
}
