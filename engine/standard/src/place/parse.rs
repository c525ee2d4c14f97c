//! Places written as one text: `GRANGER, IA, US`, `LOUISVILLE KY 40213`, `LEIPZIG - GERMANY`.
//!
//! # Place
//! For feeds that have one field for the place; its parts then go to `Places::zone_of`.
//!
//! # Method
//! Parts are taken off the end: country, postal code, region. What is left is the city. Two letters at the end may be a
//! state or a country (`CA`, `DE`, `IN`): after a state they are a country, else a state of the feed's own country wins.
//!
//! # Holds
//! [`Places::parse`].
//!
//! # Does not hold
//! Streets: they end up in the city.

use super::states::{has_zip_of, is_known_city};
use super::table::Key;
use super::text::{NAME_SIZE_MAX, normalize};
use super::{PlaceText, Places};

impl Places {
    /// The parts of a place written as one text. `country` is the one that the feed works in, or empty; it comes back
    /// when the text names no other. The parts are slices of the text.
    #[must_use]
    pub fn parse<'a>(&self, text: &'a [u8], country: &'a [u8]) -> PlaceText<'a> {
        let home = self.country_code(country);
        let mut place = PlaceText { country, ..PlaceText::default() };
        let mut rest = trim(text);
        let mut code = home;
        if home.is_none()
            && let Some(country) = self.country_of_state(rest)
        {
            place.country = country;
            code = self.country_code(country);
        } else if let Some((before, last)) = self.split_country(rest, home) {
            place.country = last;
            code = self.country_code(last);
            rest = trim(before);
        } else if home.is_none()
            && let Some((head, postal_code)) = split_postal_code(rest)
            && let Some((before, last)) = self.split_country(trim(head), home)
        {
            // A postal code behind the country: `Berlin, DE 10115`.
            (place.country, place.postal_code) = (last, postal_code);
            code = self.country_code(last);
            rest = trim(before);
        }
        if let Some((before, postal_code)) = split_postal_code(rest) {
            place.postal_code = postal_code;
            rest = trim(before);
        }
        if let Some((before, region)) = code.and_then(|code| self.split_region(rest, code)) {
            place.region = region;
            rest = trim(before);
        }
        place.city = rest;
        place
    }

    /// The country of a text without one that ends in a state: `Reno, NV 89501`, `Los Angeles, CA`. What
    /// may be a country as well is a state only where its ZIP code or its city is known to be of it, or the city lies in the United
    /// States and the country has none of that name.
    fn country_of_state(&self, text: &[u8]) -> Option<&'static [u8]> {
        let (text, postal_code) = split_postal_code(text)
            .map_or((text, &b""[..]), |(before, postal_code)| (trim(before), postal_code));
        let (before, last) = split_part(text);
        if before.is_empty() || last.len() != 2 || !last.iter().all(u8::is_ascii_uppercase) {
            return None;
        }
        let is_state = self.is_region(*b"US", last);
        let Some(code) = self.country_code(last) else {
            return match is_state {
                true => Some(b"US"),
                false => self.is_region(*b"CA", last).then_some(b"CA"),
            };
        };
        if is_state && has_zip_of(last, postal_code) {
            return Some(b"US");
        }
        let (_, city) = split_part(before);
        if is_known_city(last, city) {
            return Some(b"US");
        }
        // A country of one zone has no list of cities, and so the last word.
        let lists_cities = super::country_index(code)
            .and_then(|at| self.countries[at])
            .is_some_and(|it| it.is_several);
        let is_american =
            is_state && lists_cities && self.is_city(*b"US", city) && !self.is_city(code, city);
        is_american.then_some(b"US")
    }

    fn is_city(&self, country: [u8; 2], text: &[u8]) -> bool {
        let mut buffer = [0; NAME_SIZE_MAX];
        let name = normalize(text, &mut buffer);
        !name.is_empty() && self.names.find(&Key::city(country, name)).is_some()
    }

    /// Takes a country off the end.
    fn split_country<'a>(
        &self,
        text: &'a [u8],
        home: Option<[u8; 2]>,
    ) -> Option<(&'a [u8], &'a [u8])> {
        let (before, last) = split_part(text);
        self.country_code(last)?;
        let is_region = home.is_some_and(|home| self.is_region(home, last));
        if !is_region {
            // A text of a country alone is one; a single word of four letters or more is rather a city (`PANAMA`).
            let is_alone = before.is_empty();
            return (!is_alone || last.len() <= 3).then_some((before, last));
        }
        // `X, DE, US`: what comes before is a state of that country. `X, CA`: a state of the feed's country.
        let code = self.country_code(last)?;
        let (_, previous) =
            split_part(split_postal_code(before).map_or(before, |(before, _)| trim(before)));
        (previous.len() <= 3 && self.is_region(code, previous)).then_some((before, last))
    }

    /// Takes a region off the end.
    fn split_region<'a>(&self, text: &'a [u8], country: [u8; 2]) -> Option<(&'a [u8], &'a [u8])> {
        let (before, last) = split_part(text);
        if !before.is_empty() && self.is_region(country, last) {
            return Some((before, last));
        }
        let blank = last.iter().rposition(|&byte| byte == b' ')?;
        let word = &last[blank + 1..];
        let start = text.len() - word.len();
        (word.len() <= 3 && self.is_region(country, word)).then(|| (&text[..start], word))
    }

    fn is_region(&self, country: [u8; 2], text: &[u8]) -> bool {
        let mut buffer = [0; NAME_SIZE_MAX];
        let name = normalize(text, &mut buffer);
        !name.is_empty() && self.names.find(&Key::region(country, name)).is_some()
    }
}

/// Off with blanks, and with separators that a taken part left behind.
fn trim(text: &[u8]) -> &[u8] {
    let is_idle =
        |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'-' | b'/' | b';');
    let start = text.iter().position(|byte| !is_idle(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_idle(byte)).map_or(start, |index| index + 1);
    &text[start..end]
}

/// Splits at the last comma, slash, or dash with a blank beside it. Without one, takes a word of two or three letters
/// behind a postal code (`10001 US`); else all of the text is the last part.
fn split_part(text: &[u8]) -> (&[u8], &[u8]) {
    let parted = (0..text.len()).rev().find(|&index| match text[index] {
        b',' | b'/' | b';' => true,
        b'-' => text.get(index + 1) == Some(&b' ') || (0 < index && text[index - 1] == b' '),
        _ => false,
    });
    if let Some(index) = parted {
        return (&text[..index], trim(&text[index + 1..]));
    }
    let blank = text.iter().rposition(|&byte| byte == b' ');
    if let Some(blank) = blank
        && text.len() - blank <= 4
        && split_postal_code(trim(&text[..blank])).is_some()
    {
        return (&text[..blank], &text[blank + 1..]);
    }
    (b"", text)
}

/// Takes a postal code off the end, or off the start where a city follows (`04103 Leipzig`).
fn split_postal_code(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let start =
        text.iter().rposition(|byte| matches!(byte, b' ' | b',')).map_or(0, |index| index + 1);
    let last = &text[start..];
    if is_code(last) {
        return Some((&text[..start], last));
    }
    // `M5V 2T6`, `SW1A 1AA`, `1012 AB` have two words.
    let (before, word) = (&text[..start.saturating_sub(1)], last);
    let first =
        before.iter().rposition(|byte| matches!(byte, b' ' | b',')).map_or(0, |index| index + 1);
    let has_digit = |word: &[u8]| word.iter().any(u8::is_ascii_digit);
    let is_half = word.len() == 3 && word[0].is_ascii_digit() && word[1].is_ascii_alphabetic();
    if is_half && 2 <= start - first && start - first <= 5 && has_digit(&text[first..start]) {
        return Some((&text[..first], &text[first..]));
    }
    let end = text.iter().position(|&byte| byte == b' ')?;
    (is_code(&text[..end]) && text[..end].len() <= 5).then(|| (&text[end..], &text[..end]))
}

/// Four to eight digits, perhaps parted by one dash.
fn is_code(word: &[u8]) -> bool {
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    let dashes = word.iter().filter(|&&byte| byte == b'-').count();
    (4..=9).contains(&digits) && dashes <= 1 && digits + dashes == word.len()
}
