//! What a document calls a parcel beside its number, and whose number it is.
//!
//! # Place
//!
//! `reader` opens a shipment; **`identity`** says under whose name, and which other numbers it has.
//!
//! # Holds
//!
//! - Both are functions of the document and its feed: any lane gives the same key.
//! - A feed that declares neither pays a comparison.

use crossdock_model::limits::ALIASES_MAX;
use crossdock_rules::feed::program::Feed;

use crate::batch::{Batch, Span};
use crate::extract::evaluate::Evaluator;
use crate::say::SEPARATOR_TEXT;
use crate::standardize::number::{self, Number};

/// The carrier whose number it is by its shape, where the feed declares that; else the one the document names.
pub(super) fn owner<'n>(feed: &'n Feed, number: &Number, named: &'n str) -> &'n str {
    let handed = &feed.shipment.handed_to;
    let found = handed.iter().find(|(shape, _)| shape.fits(number.as_bytes()));
    found.map_or(named, |(_, carrier)| carrier)
}

/// Other numbers of the parcel, each once, joined by the separator; what can be no number is left out.
pub(super) fn aliases<'a>(
    evaluator: &mut Evaluator<'a, '_>,
    feed: &'a Feed,
    number: &Number,
    batch: &mut Batch,
) -> Span {
    let mut known = [*number; ALIASES_MAX + 1];
    let mut count = 1;
    let mut start = None;
    for expr in &feed.shipment.aliases {
        let Some(text) = evaluator.text(expr) else { continue };
        let Some(alias) = number::normalize(evaluator.str(&text)) else { continue };
        if known[..count].contains(&alias) || count == known.len() {
            continue;
        }
        match start {
            None => start = Some(batch.open()),
            Some(_) => batch.extend(SEPARATOR_TEXT),
        }
        batch.extend(alias.as_str());
        known[count] = alias;
        count += 1;
    }
    start.map_or_else(Span::default, |start| batch.close(start))
}
