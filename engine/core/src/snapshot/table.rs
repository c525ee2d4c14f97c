//! The tables of a saved shard, and what their numbers are in a shard that loads its rows.
//!
//! # Place
//!
//! A start reads the tables of every saved shard first. Each shard that takes rows has its own
//! [`Tables`] over the same [`SavedTables`]: the numbers it gives differ.
//!
//! # Method
//!
//! Every number is looked up once and remembered; most texts and senses are shared by many rows.

use crossdock_model::detail::Detail;
use crossdock_model::event::EventFlags;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::id::FeedId;
use crossdock_model::milestone::Milestone;
use crossdock_model::reason::Reason;

use super::bytes::{self, Flaw, Source};
use crate::senses::{Sense, SenseId, Senses};
use crate::texts::{TextId, Texts};

/// Texts and senses of one saved shard, by number.
#[derive(Debug, Default)]
pub struct SavedTables {
    arena: String,
    ends: Vec<u32>,
    senses: Vec<Sense>,
}

impl SavedTables {
    /// Takes the next page of texts.
    ///
    /// # Errors
    ///
    /// See [`Flaw`].
    pub fn add_texts(&mut self, page: &[u8]) -> Result<(), Flaw> {
        let mut source = Source::new(page, "a page of texts");
        while !source.is_empty() {
            self.arena.push_str(source.text()?);
            let end = u32::try_from(self.arena.len());
            self.ends.push(end.map_err(|_| source.flaw("texts of more than 4 GiB"))?);
        }
        Ok(())
    }

    /// Takes the next page of senses.
    ///
    /// # Errors
    ///
    /// See [`Flaw`].
    pub fn add_senses(&mut self, page: &[u8]) -> Result<(), Flaw> {
        let mut source = Source::new(page, "a page of senses");
        while !source.is_empty() {
            self.senses.push(take_sense(&mut source)?);
        }
        Ok(())
    }

    /// How many texts there are.
    #[must_use]
    pub fn text_count(&self) -> usize {
        self.ends.len()
    }

    fn text(&self, number: u32) -> Option<&str> {
        let index = number as usize;
        let end = *self.ends.get(index)? as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        self.arena.get(start..end)
    }
}

/// Writes a sense; its raw codes by number.
pub fn put_sense(out: &mut Vec<u8>, sense: &Sense) {
    let Sense { feed, codes, flags, detail, milestone, exception, reason, party, direction } =
        *sense;
    out.extend_from_slice(&feed.0.to_le_bytes());
    out.extend_from_slice(&codes.0.to_le_bytes());
    out.extend_from_slice(&flags.0.to_le_bytes());
    out.extend_from_slice(&[
        detail as u8,
        milestone as u8,
        exception as u8,
        reason as u8,
        party as u8,
        direction as u8,
    ]);
}

fn take_sense(source: &mut Source<'_>) -> Result<Sense, Flaw> {
    Ok(Sense {
        feed: FeedId(source.u16()?),
        codes: TextId(source.u32()?),
        flags: EventFlags(source.u16()?),
        detail: source.closed(Detail::from_number)?,
        milestone: source.closed(Milestone::from_number)?,
        exception: source.closed(ExceptionClass::from_number)?,
        reason: source.closed(Reason::from_number)?,
        party: source.closed(bytes::party_of)?,
        direction: source.closed(bytes::direction_of)?,
    })
}

/// Not looked up yet.
const UNKNOWN: u32 = u32::MAX;

/// What the numbers of a saved shard are in the shard that loads.
#[derive(Debug)]
pub struct Tables<'a> {
    saved: &'a SavedTables,
    texts: Vec<u32>,
    senses: Vec<u32>,
}

impl<'a> Tables<'a> {
    /// Nothing looked up yet.
    #[must_use]
    pub fn new(saved: &'a SavedTables) -> Self {
        Self {
            saved,
            texts: vec![UNKNOWN; saved.ends.len()],
            senses: vec![UNKNOWN; saved.senses.len()],
        }
    }

    /// The number of a saved text among `texts`.
    ///
    /// # Errors
    ///
    /// There is no such text.
    pub fn text(&mut self, number: u32, texts: &mut Texts) -> Result<TextId, Flaw> {
        if number == 0 {
            return Ok(TextId::NONE);
        }
        match self.texts.get(number as usize) {
            Some(&UNKNOWN) => {}
            Some(&known) => return Ok(TextId(known)),
            None => return Err(Flaw::new("a row", format!("there is no text {number}"))),
        }
        let text = self.saved.text(number);
        let text = text.ok_or_else(|| Flaw::new("a text", "ends within a character"))?;
        let id = texts.intern(text);
        self.texts[number as usize] = id.0;
        Ok(id)
    }

    /// The number of a saved sense among `senses`.
    ///
    /// # Errors
    ///
    /// There is no such sense, or its codes are no text.
    pub fn sense(
        &mut self,
        number: u32,
        senses: &mut Senses,
        texts: &mut Texts,
    ) -> Result<SenseId, Flaw> {
        match self.senses.get(number as usize) {
            Some(&UNKNOWN) => {}
            Some(&known) => return Ok(SenseId(known)),
            None => return Err(Flaw::new("a row", format!("there is no sense {number}"))),
        }
        let saved = self.saved.senses[number as usize];
        let codes = self.text(saved.codes.0, texts)?;
        let id = senses.intern(&Sense { codes, ..saved });
        self.senses[number as usize] = id.0;
        Ok(id)
    }
}
