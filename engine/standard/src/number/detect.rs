//! Whose a number may be, and whether a carrier's number is right.
//!
//! # Place
//! `crossdock detect NUMBER...`; tests of feeds. Not on the way of an event.
//!
//! # Method
//! All shapes are tried. One whose check digit is wrong is dropped; each carrier keeps its best one. Confidence is the
//! shape's own, lowered where a better candidate explains the number by a check digit and this one has none.
//!
//! # Holds
//! [`detect`], [`check`].
//!
//! # Does not hold
//! Asking carriers: nothing here leaves the machine.

use super::Number;
use super::shape::{Check, DHL_ECOMMERCE_PREFIXES, SHAPES, matches, post_of};

/// A carrier that a number may belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The carrier's slug, such as `ups` or `dhl-express`. `post` is a post without a feed of its own.
    pub carrier: &'static str,
    /// Which of its kinds of numbers.
    pub service: &'static str,
    /// The country that issued it, where the number says so.
    pub country: Option<[u8; 2]>,
    /// How likely, percent, 1..=99.
    pub confidence: u8,
    /// Whether a check digit vouches for it.
    pub is_checked: bool,
}

/// What a carrier's shapes say of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has a shape of the carrier and its check digit is right.
    Right,
    /// It has a shape of the carrier that has no check digit.
    Unchecked,
    /// It has a shape of the carrier and its check digit is wrong.
    WrongCheckDigit,
    /// It has none of the carrier's shapes.
    OtherShape,
    /// No shape of this carrier is known.
    UnknownCarrier,
}

impl Verdict {
    /// Whether the carrier may have issued the number.
    #[must_use]
    pub const fn is_accepted(self) -> bool {
        matches!(self, Verdict::Right | Verdict::Unchecked)
    }
}

/// The carriers that a number may belong to, the likeliest first; carriers alike in confidence stand in order of name.
#[must_use]
pub fn detect(number: &Number) -> Vec<Candidate> {
    let bytes = number.as_bytes();
    let mut found: Vec<Candidate> = Vec::new();
    for shape in SHAPES {
        if matches(shape.pattern, bytes) && shape.check.is_right(bytes, number.is_routed()) {
            let (carrier, service) = (shape.carrier, shape.service);
            let is_checked = shape.check.has_digit();
            found.push(Candidate {
                carrier,
                service,
                country: None,
                confidence: shape.confidence,
                is_checked,
            });
        }
    }
    if let Some(carrier) = s10_post(bytes) {
        let country = Some([bytes[11], bytes[12]]);
        found.push(Candidate {
            carrier,
            service: "s10",
            country,
            confidence: 98,
            is_checked: true,
        });
    }
    if is_dhl_ecommerce(bytes) {
        let (carrier, service) = ("dhl-ecommerce", "globalmail");
        found.push(Candidate {
            carrier,
            service,
            country: None,
            confidence: 55,
            is_checked: false,
        });
    }
    let checked = found
        .iter()
        .filter(|candidate| candidate.is_checked)
        .map(|candidate| candidate.confidence)
        .max();
    for candidate in &mut found {
        // One number in ten passes a check digit by chance, so a right one speaks nine to one against the others.
        if !candidate.is_checked && checked.is_some_and(|best| candidate.confidence < best) {
            candidate.confidence = candidate.confidence.div_ceil(2);
        }
    }
    found.sort_by_key(|candidate| (std::cmp::Reverse(candidate.confidence), candidate.carrier));
    let mut seen: Vec<&str> = Vec::new();
    found.retain(|candidate| {
        let is_first = !seen.contains(&candidate.carrier);
        seen.push(candidate.carrier);
        is_first
    });
    found
}

/// Whether a carrier may have issued a number. `carrier` is a slug as in [`Candidate`].
#[must_use]
pub fn check(carrier: &str, number: &Number) -> Verdict {
    let bytes = number.as_bytes();
    let (mut is_known, mut has_shape, mut is_unchecked) = (false, false, false);
    for shape in SHAPES.iter().filter(|shape| shape.carrier == carrier) {
        is_known = true;
        // A number without its ZIP code isn't wrong for lacking it.
        if !matches(shape.pattern, bytes) || (shape.check == Check::Routed && !number.is_routed()) {
            continue;
        }
        let is_right = shape.check.is_right(bytes, number.is_routed());
        if is_right && shape.check.has_digit() {
            return Verdict::Right;
        }
        has_shape = true;
        is_unchecked |= is_right;
    }
    if has_s10_shape(bytes) {
        let post = post_of([bytes[11], bytes[12]]);
        if post == Some(carrier) {
            return if s10_post(bytes).is_some() {
                Verdict::Right
            } else {
                Verdict::WrongCheckDigit
            };
        }
    }
    if carrier == "dhl-ecommerce" && is_dhl_ecommerce(bytes) {
        return Verdict::Unchecked;
    }
    is_known |= ["post", "australia-post"].contains(&carrier) || is_post(carrier);
    match (is_unchecked, has_shape, is_known) {
        (true, ..) => Verdict::Unchecked,
        (_, true, _) => Verdict::WrongCheckDigit,
        (.., true) => Verdict::OtherShape,
        _ => Verdict::UnknownCarrier,
    }
}

/// Whether some country's S10 numbers are this carrier's.
fn is_post(carrier: &str) -> bool {
    (b'A'..=b'Z').any(|first| (b'A'..=b'Z').any(|second| post_of([first, second]) == Some(carrier)))
}

fn has_s10_shape(bytes: &[u8]) -> bool {
    matches("@{2}#{9}@{2}", bytes)
}

/// The post that issued an S10 number, when its check digit is right and its country issues such numbers.
fn s10_post(bytes: &[u8]) -> Option<&'static str> {
    let is_right = has_s10_shape(bytes) && Check::S10.is_right(bytes, false);
    if is_right { post_of([bytes[11], bytes[12]]) } else { None }
}

fn is_dhl_ecommerce(bytes: &[u8]) -> bool {
    let Some((prefix, rest)) = bytes.split_first_chunk::<2>() else { return false };
    DHL_ECOMMERCE_PREFIXES.contains(prefix)
        && 10 <= rest.len()
        && rest.iter().all(u8::is_ascii_alphanumeric)
        && Check::SomeDigit.is_right(bytes, false)
}
