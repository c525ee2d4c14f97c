//! GS1 identifiers as they stand in EPCIS: URNs and Digital Links become the digits on the label.
//!
//! # Place
//!
//! `number` asks here first, so that an EPCIS event, an X12 214 and the label of one pallet name the
//! same shipment.
//!
//! # Method
//!
//! A URN leaves the check digit out and puts the extension or indicator digit behind the company
//! prefix; both are put right here (GS1 EPC Tag Data Standard, section 7). A Digital Link holds the
//! element strings themselves: `/00/` SSCC, `/402/` GSIN, `/01/…/21/` GTIN and serial.
//!
//! # Holds
//!
//! - `urn:epc:id:sscc:0614141.1234567890` and `https://id.gs1.org/00/106141412345678908` are `106141412345678908`.
//!
//! # Does not hold
//!
//! Identifiers of places, documents and assets: of these the part behind the last separator is left.

use crossdock_model::limits::NUMBER_LEN_MAX;

/// The text of an identifier, inline.
#[derive(Clone, Copy, Debug)]
pub struct Identifier {
    bytes: [u8; NUMBER_LEN_MAX],
    len: usize,
}

impl Identifier {
    /// Its characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.len]).unwrap_or("")
    }

    const fn new() -> Self {
        Self { bytes: [0; NUMBER_LEN_MAX], len: 0 }
    }

    /// Adds characters; `None` where there is no room.
    fn put(&mut self, text: &str) -> Option<()> {
        let end = self.len + text.len();
        self.bytes.get_mut(self.len..end)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Some(())
    }

    /// Adds the check digit of the digits so far: from the right they count 3, 1, 3 and so on.
    fn put_check_digit(&mut self) -> Option<()> {
        let mut sum = 0;
        for (at, byte) in self.bytes[..self.len].iter().rev().enumerate() {
            let weight = if at % 2 == 0 { 3 } else { 1 };
            sum += weight * u32::from(byte.checked_sub(b'0').filter(|it| *it < 10)?);
        }
        let digit = [b'0' + ((10 - sum % 10) % 10) as u8];
        self.put(core::str::from_utf8(&digit).ok()?)
    }
}

/// The digits of an identifier in URN or Digital Link form; the part behind the last separator of
/// other URNs and links. `None` where the text is neither.
#[must_use]
pub fn read(text: &str) -> Option<Identifier> {
    // A pattern of all items of a class has a star where their serials stand.
    let text = text.strip_suffix(".*").unwrap_or(text);
    if let Some(urn) = text.strip_prefix("urn:") {
        let (kind, value) = urn.rsplit_once(':')?;
        let kind = kind.rsplit_once(':').map_or(kind, |(_, kind)| kind);
        return of_urn(kind, value).or_else(|| plain(value));
    }
    let link = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let link = link.split(['?', '#']).next()?.trim_end_matches('/');
    of_link(link).or_else(|| plain(last_of_link(link)))
}

/// What stands last in a link; nothing where that is its host or an application identifier whose value is missing.
fn last_of_link(link: &str) -> &str {
    const IDENTIFIERS: [&str; 4] = ["00", "01", "21", "402"];
    match link.rsplit_once('/') {
        Some((_, last)) if !IDENTIFIERS.contains(&last) => last,
        _ => "",
    }
}

/// What a URN of this kind says with its digits put right.
fn of_urn(kind: &str, value: &str) -> Option<Identifier> {
    let (prefix, rest) = value.split_once('.')?;
    let mut found = Identifier::new();
    match kind {
        "sscc" => {
            let (extension, serial) = rest.split_at_checked(1)?;
            found.put(extension)?;
            found.put(prefix)?;
            found.put(serial)?;
            (found.len == 17).then_some(())?;
        }
        "gsin" => {
            found.put(prefix)?;
            found.put(rest)?;
            (found.len == 16).then_some(())?;
        }
        "sgtin" => {
            let (item, serial) = rest.split_once('.')?;
            let (indicator, item) = item.split_at_checked(1)?;
            found.put(indicator)?;
            found.put(prefix)?;
            found.put(item)?;
            (found.len == 13).then_some(())?;
            found.put_check_digit()?;
            found.put(serial)?;
            return Some(found);
        }
        _ => return None,
    }
    found.put_check_digit()?;
    Some(found)
}

/// What a Digital Link says by its application identifiers.
fn of_link(link: &str) -> Option<Identifier> {
    let value_of = |identifier: &str, len: usize| {
        let mut parts = link.split('/').skip(1);
        parts.find(|part| *part == identifier)?;
        parts.next().filter(|it| it.len() == len && it.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if let Some(digits) = value_of("00", 18).or_else(|| value_of("402", 17)) {
        return plain(digits);
    }
    let gtin = value_of("01", 14)?;
    let (_, serial) = link.split_once("/21/")?;
    let mut found = Identifier::new();
    found.put(gtin)?;
    found.put(serial.split('/').next()?)?;
    Some(found)
}

fn plain(text: &str) -> Option<Identifier> {
    let mut found = Identifier::new();
    found.put(text)?;
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urns_and_links_of_one_thing_are_one_number() {
        check("urn:epc:id:sscc:0614141.1234567890", "106141412345678908");
        check("https://id.gs1.org/00/106141412345678908", "106141412345678908");
        check("http://example.com/track/00/106141412345678908?x=1", "106141412345678908");
        check("urn:epc:id:gsin:0614141.123456789", "06141411234567890");
        check("https://id.gs1.org/402/06141411234567890", "06141411234567890");
        check("urn:epc:id:sgtin:0614141.712345.2017", "706141411234512017");
        check("https://id.gs1.org/01/70614141123451/21/2017", "706141411234512017");
    }

    #[test]
    fn others_are_what_stands_last() {
        check("urn:epc:id:gdti:0614141.06012.1234", "0614141.06012.1234");
        check("urn:epc:class:lgtin:4012345.012345.998877", "4012345.012345.998877");
        check("https://example.com/parcels/AB12/", "AB12");
        check("urn:epc:id:sscc:061.12", "061.12");
        check("urn:epc:idpat:sgtin:4012345.044444.*", "4012345.044444");
        check("urn:epc:id:sscc:06141é1.123456789", "06141é1.123456789");
    }

    #[test]
    fn a_link_without_a_value_is_nothing() {
        check("https://id.gs1.org/00/", "");
        check("https://id.gs1.org/402", "");
        check("https://id.gs1.org/01/70614141123451/21/", "");
        check("https://id.gs1.org", "");
    }

    #[test]
    fn what_is_neither_is_none() {
        for text in ["", "urn:", "106141412345678908", "https:/x", "ftp://x/00/1"] {
            assert!(read(text).is_none(), "{text}");
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(read(text).expect("an identifier").as_str(), expected);
    }
}
