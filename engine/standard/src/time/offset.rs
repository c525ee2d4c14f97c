//! Offsets, and the codes and abbreviations that stand for a zone.
//!
//! # Place
//! Behind clocks in a text, and in fields of their own: UPS `-04.00`, USPS `GMTOffset`, X12 AT7-07, Canada Post `EST`.
//!
//! # Method
//! A number is an offset. A word is looked up: one of a zone (`ET`), or of one half of a zone's year (`EST`). The latter
//! keeps both facts, because most senders write the winter's name the whole year: see [`ZoneCode::Season`].
//!
//! # Holds
//! [`ZoneCode`], [`parse_zone_code`], [`parse_offset`], X12 data element 623.
//!
//! # Does not hold
//! Which offset a zone has at a time: `place::Zones`.

use crate::zone::ZoneId;

/// The largest offset taken, minutes. The world's own go from -12:00 to +14:00; EPCIS allows no more either.
const OFFSET_MINUTES_MAX: i32 = 15 * 60 - 1;

/// What a zone field says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ZoneCode {
    /// Minutes east of UTC.
    Fixed(i16),
    /// A zone with its own calendar of offsets.
    Zone(ZoneId),
    /// The name of one half of a zone's year, such as `EST`. Taken literally it is the offset `minutes`; but it is used
    /// all year for "Eastern", so `place::Zones::resolve` takes the offset only where the zone has it at that time, or
    /// where the clock was set back and the name tells the two hours apart.
    Season {
        /// The zone.
        zone: ZoneId,
        /// The offset of that half, minutes east of UTC.
        minutes: i16,
    },
    /// X12 `LT`: the time of the place of the event.
    LocalAtPlace,
    /// A code that stands for several zones (`IST`), or for none.
    Unknown,
}

/// The unit of an offset that comes as a bare number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OffsetUnit {
    /// `-5`, `5.5`.
    Hours,
    /// `-300`.
    Minutes,
    /// `-18000`.
    Seconds,
}

/// Reads an offset: `-05:00`, `+0530`, `-04.00` (hours and minutes), `-5`, `Z`, `UTC`, `UTC+2`, `GMT-04:00`. Minutes east
/// of UTC. Three bare digits are refused, for `-300` may be 3:00 or 300 minutes: see [`parse_offset_number`].
#[must_use]
pub fn parse_offset(text: &[u8]) -> Option<i16> {
    let text = text.trim_ascii();
    let text = text.strip_prefix(b"(").and_then(|rest| rest.strip_suffix(b")")).unwrap_or(text);
    let (digits, named) = match text {
        [a, b, c, rest @ ..]
            if is_word([*a, *b, *c], *b"UTC") || is_word([*a, *b, *c], *b"GMT") =>
        {
            (rest.trim_ascii_start(), true)
        }
        [b'Z' | b'z', rest @ ..] => (rest, true),
        _ => (text, false),
    };
    let Some((&sign, digits)) = digits.split_first() else {
        return named.then_some(0);
    };
    let (is_west, digits) = match sign {
        b'+' => (false, digits),
        b'-' => (true, digits),
        // A minus sign of typesetting, in UTF-8.
        0xe2 => (true, digits.strip_prefix(b"\x88\x92")?),
        _ => return None,
    };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i32::from(byte - b'0'));
    let (hours, minutes) = match *digits {
        [h] => (digit(h)?, 0),
        [h0, h1] => (digit(h0)? * 10 + digit(h1)?, 0),
        [h, b':' | b'.', m0, m1] => (digit(h)?, digit(m0)? * 10 + digit(m1)?),
        [h0, h1, m0, m1] | [h0, h1, b':' | b'.', m0, m1] => {
            (digit(h0)? * 10 + digit(h1)?, digit(m0)? * 10 + digit(m1)?)
        }
        [h0, h1, b':', m0, m1, b':', b'0', b'0'] => {
            (digit(h0)? * 10 + digit(h1)?, digit(m0)? * 10 + digit(m1)?)
        }
        _ => return None,
    };
    if 59 < minutes {
        return None;
    }
    let minutes = hours * 60 + minutes;
    checked(if is_west { -minutes } else { minutes })
}

/// Reads an offset that is a number of the unit given, with or without a sign: `-300` minutes, `5.5` hours. Minutes
/// east of UTC; seconds must be whole minutes.
#[must_use]
pub fn parse_offset_number(text: &[u8], unit: OffsetUnit) -> Option<i16> {
    let text = text.trim_ascii();
    let (is_west, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    let point = digits.iter().position(|&byte| byte == b'.').unwrap_or(digits.len());
    let (whole, fraction) = digits.split_at(point);
    if whole.is_empty() || 6 < whole.len() || 3 < fraction.len() || fraction.len() == 1 {
        return None;
    }
    // Counts hundredths, so that 5.75 hours are exact.
    let mut hundredths = 0;
    for byte in whole.iter().chain(fraction.get(1..).unwrap_or(b"")) {
        hundredths = hundredths * 10 + byte.is_ascii_digit().then(|| i32::from(byte - b'0'))?;
    }
    // The loop has read the point's digits already; the missing ones are zeros.
    hundredths *= [100, 100, 10, 1][fraction.len()];
    let (scaled, divisor) = match unit {
        OffsetUnit::Hours => (hundredths.checked_mul(60)?, 100),
        OffsetUnit::Minutes => (hundredths, 100),
        OffsetUnit::Seconds => (hundredths, 6000),
    };
    if scaled % divisor != 0 {
        return None;
    }
    checked(if is_west { -scaled / divisor } else { scaled / divisor })
}

/// Reads what a zone field may hold: an offset, an abbreviation (`EST`), an X12 letter code (`ET`, `LT`), or an IANA name.
#[must_use]
pub fn parse_zone_code(text: &[u8]) -> Option<ZoneCode> {
    let text = text.trim_ascii();
    if let Some(minutes) = parse_offset(text) {
        return Some(ZoneCode::Fixed(minutes));
    }
    let mut word = [0; 4];
    if let Some(target) = word.get_mut(..text.len()) {
        target.copy_from_slice(text);
        word.make_ascii_uppercase();
        let word = &word[..text.len()];
        return x12_letters(word).or_else(|| abbreviation(word)).or_else(|| iana(text));
    }
    iana(text)
}

/// X12 data element 623, all codes of release 8010: `01` to `29` are offsets, two letters name a zone, `LT` the place's.
#[must_use]
pub fn x12_zone_code(text: &[u8]) -> Option<ZoneCode> {
    let text = text.trim_ascii();
    let &[first, second] = text else { return None };
    if !(first.is_ascii_digit() && second.is_ascii_digit()) {
        return x12_letters(&[first.to_ascii_uppercase(), second.to_ascii_uppercase()]);
    }
    // 01 to 12 are east of UTC by as many hours; 13 to 24 go from -12:00 up to -01:00; the rest are half hours.
    let minutes = match i16::from(first - b'0') * 10 + i16::from(second - b'0') {
        code @ 1..=12 => code * 60,
        code @ 13..=24 => (code - 25) * 60,
        25 => -150,
        26 => -210,
        27 => 330,
        28 => 570,
        29 => 630,
        _ => return None,
    };
    Some(ZoneCode::Fixed(minutes))
}

fn is_word(bytes: [u8; 3], word: [u8; 3]) -> bool {
    bytes.map(|byte| byte.to_ascii_uppercase()) == word
}

fn checked(minutes: i32) -> Option<i16> {
    if OFFSET_MINUTES_MAX < minutes.abs() { None } else { i16::try_from(minutes).ok() }
}

fn iana(text: &[u8]) -> Option<ZoneCode> {
    ZoneId::from_name(text).map(ZoneCode::Zone)
}

/// Short for the table below.
const fn season(name: &str, minutes: i16) -> Option<ZoneCode> {
    Some(ZoneCode::Season { zone: ZoneId::named(name), minutes })
}

/// Short for the table below.
const fn zone(name: &str) -> Option<ZoneCode> {
    Some(ZoneCode::Zone(ZoneId::named(name)))
}

/// Short for the table below.
const fn fixed(minutes: i16) -> Option<ZoneCode> {
    Some(ZoneCode::Fixed(minutes))
}

const EASTERN: &str = "America/New_York";
const CENTRAL: &str = "America/Chicago";
const MOUNTAIN: &str = "America/Denver";
const PACIFIC: &str = "America/Los_Angeles";
const ALASKA: &str = "America/Anchorage";
const ATLANTIC: &str = "America/Halifax";
const NEWFOUNDLAND: &str = "America/St_Johns";
const ALEUTIAN: &str = "America/Adak";

/// The letter codes of X12 data element 623. Upper case comes in.
fn x12_letters(word: &[u8]) -> Option<ZoneCode> {
    match word {
        b"LT" => Some(ZoneCode::LocalAtPlace),
        b"UT" | b"GM" => const { fixed(0) },
        b"ET" => const { zone(EASTERN) },
        b"ES" => const { season(EASTERN, -300) },
        b"ED" => const { season(EASTERN, -240) },
        b"CT" => const { zone(CENTRAL) },
        b"CS" => const { season(CENTRAL, -360) },
        b"CD" => const { season(CENTRAL, -300) },
        b"MT" => const { zone(MOUNTAIN) },
        b"MS" => const { season(MOUNTAIN, -420) },
        b"MD" => const { season(MOUNTAIN, -360) },
        b"PT" => const { zone(PACIFIC) },
        b"PS" => const { season(PACIFIC, -480) },
        b"PD" => const { season(PACIFIC, -420) },
        b"AT" => const { zone(ALASKA) },
        b"AS" => const { season(ALASKA, -540) },
        b"AD" => const { season(ALASKA, -480) },
        // "Hawaii-Aleutian": Hawaii keeps the standard offset all year and nearly all of its parcels.
        b"HT" | b"HS" => const { zone("Pacific/Honolulu") },
        b"HD" => const { season(ALEUTIAN, -540) },
        b"TT" => const { zone(ATLANTIC) },
        b"TS" => const { season(ATLANTIC, -240) },
        b"TD" => const { season(ATLANTIC, -180) },
        b"NT" => const { zone(NEWFOUNDLAND) },
        b"NS" => const { season(NEWFOUNDLAND, -210) },
        b"ND" => const { season(NEWFOUNDLAND, -150) },
        _ => None,
    }
}

/// Abbreviations that carriers write. `CST` is North America's, as no Chinese carrier writes it in an event; `IST` is used
/// by three countries and stays unknown. The letters with `H` are those of the same zones in French Canada (`heure normale`, `heure avancée`). Upper case comes in.
fn abbreviation(word: &[u8]) -> Option<ZoneCode> {
    match word {
        b"UTC" | b"GMT" | b"Z" | b"UCT" | b"ZULU" => const { fixed(0) },
        b"EST" | b"HNE" => const { season(EASTERN, -300) },
        b"EDT" | b"HAE" => const { season(EASTERN, -240) },
        b"CST" | b"HNC" => const { season(CENTRAL, -360) },
        b"CDT" | b"HAC" => const { season(CENTRAL, -300) },
        b"MST" | b"HNR" => const { season(MOUNTAIN, -420) },
        b"MDT" | b"HAR" => const { season(MOUNTAIN, -360) },
        b"PST" | b"HNP" => const { season(PACIFIC, -480) },
        b"PDT" | b"HAP" => const { season(PACIFIC, -420) },
        b"AKST" => const { season(ALASKA, -540) },
        b"AKDT" => const { season(ALASKA, -480) },
        b"AST" | b"HNA" => const { season(ATLANTIC, -240) },
        b"ADT" | b"HAA" => const { season(ATLANTIC, -180) },
        b"NST" | b"HNT" => const { season(NEWFOUNDLAND, -210) },
        b"NDT" | b"HAT" => const { season(NEWFOUNDLAND, -150) },
        b"HST" => const { fixed(-600) },
        b"BRT" => const { fixed(-180) },
        b"ART" => const { fixed(-180) },
        b"WET" => const { season("Europe/Lisbon", 0) },
        b"WEST" => const { season("Europe/Lisbon", 60) },
        b"BST" => const { season("Europe/London", 60) },
        b"CET" | b"MEZ" => const { season("Europe/Berlin", 60) },
        b"CEST" | b"MESZ" => const { season("Europe/Berlin", 120) },
        b"EET" => const { season("Europe/Athens", 120) },
        b"EEST" => const { season("Europe/Athens", 180) },
        b"MSK" | b"TRT" | b"EAT" => const { fixed(180) },
        b"SAST" | b"CAT" => const { fixed(120) },
        b"WAT" => const { fixed(60) },
        b"GST" => const { fixed(240) },
        b"PKT" => const { fixed(300) },
        b"ICT" | b"WIB" => const { fixed(420) },
        b"HKT" | b"SGT" | b"MYT" | b"PHT" | b"AWST" | b"WITA" => const { fixed(480) },
        b"JST" | b"KST" | b"WIT" => const { fixed(540) },
        b"AEST" => const { season("Australia/Sydney", 600) },
        b"AEDT" => const { season("Australia/Sydney", 660) },
        b"ACST" => const { season("Australia/Adelaide", 570) },
        b"ACDT" => const { season("Australia/Adelaide", 630) },
        b"NZST" => const { season("Pacific/Auckland", 720) },
        b"NZDT" => const { season("Pacific/Auckland", 780) },
        b"IST" => Some(ZoneCode::Unknown),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read_in_every_spelling() {
        let rows = "-05:00 = -300 | -04.00 = -240 | +0530 = 330 | +05.30 = 330 | Z = 0 | z = 0 | UTC = 0 | UTC+2 = 120 | GMT-04:00 = -240 \
            | utc +02:00 = 120 | -7:00 = -420 | +1 = 60 | -11 = -660 | +14:00 = 840 | -00:00 = 0 | (UTC-05:00) = -300 | +05:30:00 = 330 \
            | -300 = - | 5 = - | 0500 = - | +15:00 = - | -23 = - | +05:60 = - | +5:3 = - | ++5 = - | + = - | - = - | ET = - | UTCx = - | +a = -";
        for row in rows.split('|') {
            let (text, minutes) = row.split_once(" = ").unwrap();
            assert_eq!(parse_offset(text.as_bytes()), minutes.trim().parse().ok(), "{text}");
        }
        assert_eq!(parse_offset("\u{2212}05:00".as_bytes()), Some(-300));
    }

    #[test]
    fn numbers_are_offsets_under_their_unit() {
        use OffsetUnit::{Hours, Minutes, Seconds};
        for (text, unit, minutes) in [
            ("-300", Minutes, Some(-300)),
            ("330", Minutes, Some(330)),
            ("0", Minutes, Some(0)),
            ("-5", Hours, Some(-300)),
            ("5.5", Hours, Some(330)),
            ("+5.75", Hours, Some(345)),
            ("-18000", Seconds, Some(-18_000 / 60)),
            ("19800", Seconds, Some(330)),
            ("61", Seconds, None),
            ("1.5", Minutes, None),
            ("-300", Hours, None),
            ("", Minutes, None),
            ("-", Minutes, None),
            ("5.", Hours, None),
            ("999999999", Seconds, None),
        ] {
            assert_eq!(parse_offset_number(text.as_bytes(), unit), minutes, "{text} {unit:?}");
        }
    }

    #[test]
    fn x12_codes_mean_what_element_623_says() {
        let fixed = |text: &str| match x12_zone_code(text.as_bytes()) {
            Some(ZoneCode::Fixed(minutes)) => Some(minutes),
            _ => None,
        };
        assert_eq!(["01", "12", "13", "20", "24"].map(fixed), [60, 720, -720, -300, -60].map(Some));
        assert_eq!(
            ["25", "26", "27", "28", "29"].map(fixed),
            [-150, -210, 330, 570, 630].map(Some)
        );
        assert_eq!(["UT", "gm", " GM"].map(fixed), [Some(0); 3]);
        assert_eq!(["00", "30", "", "LTX"].map(fixed), [None; 4]);
        assert_eq!(x12_zone_code(b"LT"), Some(ZoneCode::LocalAtPlace));
        assert_eq!(x12_zone_code(b"ET"), Some(ZoneCode::Zone(ZoneId::named(EASTERN))));
        assert_eq!(x12_zone_code(b"EST"), None);
    }

    #[test]
    fn the_season_that_an_abbreviation_names_is_one_of_its_zone() {
        let words = "ES ED CS CD MS MD PS PD AS AD HD TS TD NS ND EST EDT CST CDT MST MDT PST PDT AKST AKDT AST ADT NST NDT WET WEST BST \
            HNE HAE HNC HAC HNR HAR HNP HAP HNA HAA HNT HAT CET CEST EET EEST AEST AEDT ACST ACDT NZST NZDT";
        for word in words.split_whitespace() {
            let Some(ZoneCode::Season { zone, minutes }) = parse_zone_code(word.as_bytes()) else {
                panic!("{word} names no season");
            };
            let zone = jiff::tz::TimeZone::get(zone.name()).unwrap();
            let found = ["2026-01-15T12:00:00Z", "2026-07-15T12:00:00Z"]
                .map(|text| zone.to_offset(text.parse().unwrap()).seconds() / 60);
            assert!(found.contains(&i32::from(minutes)), "{word}: {found:?}");
        }
    }

    #[test]
    fn names_of_zones_are_zones() {
        assert_eq!(
            parse_zone_code(b"Asia/Kolkata"),
            Some(ZoneCode::Zone(ZoneId::named("Asia/Kolkata")))
        );
        assert_eq!(parse_zone_code(b"est"), parse_zone_code(b"EST"));
        assert_eq!(parse_zone_code(b"IST"), Some(ZoneCode::Unknown));
        assert_eq!(parse_zone_code(b"Cuba"), Some(ZoneCode::Zone(ZoneId::named("Cuba"))));
        for text in ["", "XX", "QQQ", "Nowhere/City", "local"] {
            assert_eq!(parse_zone_code(text.as_bytes()), None, "{text}");
        }
    }
}
