//! States of the US: what tells two letters from a country that has the same.
//!
//! # Place
//! For `parse`, and for places that name no country.
//!
//! # Holds
//! ZIP ranges by state, and the cities that stand for a state without its ZIP.

use super::text::{NAME_SIZE_MAX, normalize};

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
pub(super) fn is_known_city(state: &[u8], city: &[u8]) -> bool {
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
