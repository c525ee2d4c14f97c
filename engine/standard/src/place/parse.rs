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

/// The states and the first three digits of their ZIP codes. Source: USPS Publication 65, ranges of sectional centers.
const STATE_ZIPS: [(&[u8; 2], u16, u16); 54] = [
    (b"AK", 995, 999),
    (b"AL", 350, 369),
    (b"AR", 716, 729),
    (b"AZ", 850, 865),
    (b"CA", 900, 961),
    (b"CO", 800, 816),
    (b"CT", 60, 69),
    (b"DC", 200, 205),
    (b"DE", 197, 199),
    (b"FL", 320, 349),
    (b"GA", 300, 319),
    (b"GA", 398, 399),
    (b"HI", 967, 968),
    (b"IA", 500, 528),
    (b"ID", 832, 838),
    (b"IL", 600, 629),
    (b"IN", 460, 479),
    (b"KS", 660, 679),
    (b"KY", 400, 427),
    (b"LA", 700, 714),
    (b"MA", 10, 27),
    (b"MD", 206, 219),
    (b"ME", 39, 49),
    (b"MI", 480, 499),
    (b"MN", 550, 567),
    (b"MO", 630, 658),
    (b"MS", 386, 397),
    (b"MT", 590, 599),
    (b"NC", 270, 289),
    (b"ND", 580, 588),
    (b"NE", 680, 693),
    (b"NH", 30, 38),
    (b"NJ", 70, 89),
    (b"NM", 870, 884),
    (b"NV", 889, 898),
    (b"NY", 100, 149),
    (b"OH", 430, 459),
    (b"OK", 730, 749),
    (b"OR", 970, 979),
    (b"PA", 150, 196),
    (b"RI", 28, 29),
    (b"SC", 290, 299),
    (b"SD", 570, 577),
    (b"TN", 370, 385),
    (b"TX", 750, 799),
    (b"TX", 885, 885),
    (b"UT", 840, 847),
    (b"VA", 220, 246),
    (b"VT", 50, 59),
    (b"WA", 980, 994),
    (b"WI", 530, 549),
    (b"WV", 247, 268),
    (b"WY", 820, 831),
    (b"NY", 5, 5),
];

/// The cities that carriers name most in states whose two letters are a country of one zone as well: by what they are called
/// nobody means `IL` as Israel behind Chicago. Source: US Census, incorporated places by population, and the carriers' hubs.
const STATE_CITIES: [(&[u8; 2], &[&str]); 20] = [
    (b"AL", &["BIRMINGHAM", "HUNTSVILLE", "MOBILE", "MONTGOMERY", "TUSCALOOSA"]),
    (b"AR", &["LITTLE ROCK", "FAYETTEVILLE", "BENTONVILLE", "FT SMITH", "JONESBORO"]),
    (
        b"AZ",
        &[
            "PHOENIX",
            "TUCSON",
            "MESA",
            "CHANDLER",
            "SCOTTSDALE",
            "GLENDALE",
            "TEMPE",
            "GOODYEAR",
            "TOLLESON",
        ],
    ),
    (
        b"CO",
        &[
            "DENVER",
            "COLORADO SPRINGS",
            "AURORA",
            "COMMERCE CITY",
            "FT COLLINS",
            "BOULDER",
            "LAKEWOOD",
            "HENDERSON",
        ],
    ),
    (b"DE", &["WILMINGTON", "NEWARK", "DOVER", "NEW CASTLE", "MIDDLETOWN"]),
    (
        b"GA",
        &[
            "ATLANTA",
            "SAVANNAH",
            "MACON",
            "AUGUSTA",
            "COLUMBUS",
            "MARIETTA",
            "NORCROSS",
            "DORAVILLE",
            "UNION CITY",
        ],
    ),
    (
        b"IL",
        &[
            "CHICAGO",
            "AURORA",
            "NAPERVILLE",
            "JOLIET",
            "ROCKFORD",
            "SPRINGFIELD",
            "ELGIN",
            "PEORIA",
            "CHAMPAIGN",
            "BEDFORD PARK",
            "CAROL STREAM",
            "ELK GROVE VILLAGE",
            "FRANKLIN PARK",
            "HODGKINS",
            "FOREST PARK",
            "PALATINE",
            "SCHAUMBURG",
            "ADDISON",
        ],
    ),
    (
        b"IN",
        &[
            "INDIANAPOLIS",
            "FT WAYNE",
            "PLAINFIELD",
            "EVANSVILLE",
            "SOUTH BEND",
            "GARY",
            "WHITESTOWN",
            "BLOOMINGTON",
        ],
    ),
    (b"KY", &["LOUISVILLE", "LEXINGTON", "HEBRON", "ERLANGER", "BOWLING GREEN", "SHEPHERDSVILLE"]),
    (b"LA", &["NEW ORLEANS", "BATON ROUGE", "SHREVEPORT", "LAFAYETTE", "LAKE CHARLES"]),
    (
        b"MA",
        &[
            "BOSTON",
            "WORCESTER",
            "SPRINGFIELD",
            "CAMBRIDGE",
            "CHELMSFORD",
            "SHREWSBURY",
            "NORTHBOROUGH",
        ],
    ),
    (
        b"MD",
        &[
            "BALTIMORE",
            "LAUREL",
            "HAGERSTOWN",
            "ROCKVILLE",
            "FREDERICK",
            "ANNAPOLIS",
            "GAITHERSBURG",
        ],
    ),
    (b"ME", &["PORTLAND", "BANGOR", "LEWISTON", "AUGUSTA"]),
    (b"MO", &["KANSAS CITY", "ST LOUIS", "SPRINGFIELD", "HAZELWOOD", "COLUMBIA", "EARTH CITY"]),
    (
        b"NC",
        &[
            "CHARLOTTE",
            "RALEIGH",
            "GREENSBORO",
            "DURHAM",
            "WINSTON SALEM",
            "FAYETTEVILLE",
            "WILMINGTON",
        ],
    ),
    (b"NE", &["OMAHA", "LINCOLN", "GRAND ISLAND"]),
    (
        b"PA",
        &[
            "PHILADELPHIA",
            "PITTSBURGH",
            "ALLENTOWN",
            "HARRISBURG",
            "LEHIGH VALLEY",
            "LANCASTER",
            "SCRANTON",
            "WARRENDALE",
        ],
    ),
    (b"SC", &["CHARLESTON", "COLUMBIA", "GREENVILLE", "GREER", "WEST COLUMBIA"]),
    (b"TN", &["MEMPHIS", "NASHVILLE", "KNOXVILLE", "CHATTANOOGA", "MT JULIET"]),
    (
        b"VA",
        &[
            "RICHMOND",
            "NORFOLK",
            "VIRGINIA BEACH",
            "CHESAPEAKE",
            "ARLINGTON",
            "ALEXANDRIA",
            "DULLES",
            "STERLING",
            "ROANOKE",
        ],
    ),
];

/// Whether it is one of the cities of a state that nobody looks for in the country of these letters.
fn is_known_city(state: &[u8], city: &[u8]) -> bool {
    let mut buffer = [0; NAME_SIZE_MAX];
    let name = normalize(city, &mut buffer);
    STATE_CITIES
        .iter()
        .any(|(code, cities)| state == *code && cities.iter().any(|it| it.as_bytes() == name))
}

/// Whether a ZIP code of five digits, or nine, lies in a state.
pub(super) fn has_zip_of(state: &[u8], postal_code: &[u8]) -> bool {
    let (zip, _) = postal_code.split_at(postal_code.len().min(5));
    if zip.len() < 5
        || !zip.iter().all(u8::is_ascii_digit)
        || !matches!(postal_code.len(), 5 | 9 | 10)
    {
        return false;
    }
    let start = zip[..3].iter().fold(0, |all, &digit| all * 10 + u16::from(digit - b'0'));
    STATE_ZIPS.iter().any(|(code, low, high)| state == *code && (*low..=*high).contains(&start))
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
