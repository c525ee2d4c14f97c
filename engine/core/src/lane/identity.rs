//! What a document calls a parcel beside its number, whose number it is, and where it goes.
//!
//! # Place
//!
//! `reader` opens a shipment; **`identity`** says under whose name, and which other numbers it has.
//!
//! # Holds
//!
//! - All are functions of the document and its feed: any lane gives the same key.
//! - A feed that declares none of them pays a comparison.

use crossdock_model::limits::ALIASES_MAX;
use crossdock_rules::feed::program::{Feed, ORIGIN};
use crossdock_standard::number::{is_post, issuing_post};

use crate::batch::{Batch, Span, cut};
use crate::extract::evaluate::Evaluator;
use crate::say::{SEPARATOR, SEPARATOR_TEXT};
use crate::standardize::number::{self, Number};
use crate::standardize::place::{Atlas, PlaceTexts};

/// The carrier whose number it is by its shape, where the feed declares that; else the one the document names.
pub(super) fn owner<'n>(feed: &'n Feed, number: &Number, named: &'n str) -> &'n str {
    let handed = &feed.shipment.handed_to;
    let found = handed.iter().find(|(shape, _)| shape.fits(number.as_bytes()));
    match found {
        Some((_, carrier)) if **carrier == *ORIGIN => post_of_origin(number, named),
        Some((_, carrier)) => carrier,
        None => named,
    }
}

/// Both posts of an item report it, each its own way: it is that of the post which issued the number. Others than
/// posts have numbers of that shape too, and keep them.
fn post_of_origin<'n>(number: &Number, named: &'n str) -> &'n str {
    let is_of_posts = named == "post" || named == "unknown" || is_post(named);
    let issuer = if is_of_posts { issuing_post(number.as_bytes()) } else { None };
    issuer.unwrap_or(named)
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

/// Whither the parcel goes and by which service: see [`crate::batch::Group::way`].
pub(super) fn way<'a>(
    evaluator: &mut Evaluator<'a, '_>,
    feed: &'a Feed,
    atlas: &Atlas,
    batch: &mut Batch,
) -> Span {
    let service = evaluator.text(&feed.shipment.service);
    let place = PlaceTexts::find(evaluator, &feed.shipment.destination);
    let [city, region, postal_code, country, facility] = place.parts(evaluator, atlas).0;
    let service = service.as_ref().map_or("", |text| evaluator.str(text));
    let parts = [city, region, postal_code, country, facility, service];
    let Some(last) = parts.iter().rposition(|part| !part.is_empty()) else {
        return Span::default();
    };
    let start = batch.open();
    for (at, part) in parts[..=last].iter().enumerate() {
        if 0 < at {
            batch.extend(SEPARATOR_TEXT);
        }
        if !part.as_bytes().contains(&(SEPARATOR as u8)) {
            batch.extend(cut(part));
            continue;
        }
        // A separator within would move what stands behind it.
        for piece in part.split(SEPARATOR) {
            batch.extend(cut(piece));
        }
    }
    batch.close(start)
}
