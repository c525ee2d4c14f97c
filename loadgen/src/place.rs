//! Where things happen: hubs and towns with their zone's offset.
//!
//! # Does not hold
//!
//! - Offsets are those of the northern summer and do not change with the calendar: documents say
//!   their offset, so no reader has to know it.

/// A place as carriers name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) city: &'static str,
    pub(crate) region: &'static str,
    pub(crate) postal_code: &'static str,
    pub(crate) country: &'static str,
    /// Three letters.
    pub(crate) country_3: &'static str,
    /// Minutes that its clocks are ahead of UTC.
    pub(crate) offset_minutes: i32,
}

const fn place(
    city: &'static str,
    region: &'static str,
    postal_code: &'static str,
    countries: (&'static str, &'static str),
    offset_minutes: i32,
) -> Place {
    Place {
        city,
        region,
        postal_code,
        country: countries.0,
        country_3: countries.1,
        offset_minutes,
    }
}

const US: (&str, &str) = ("US", "USA");

/// Places in the United States stand first: this many.
pub(crate) const US_COUNT: u64 = 28;

/// The places of all stories.
pub(crate) const PLACES: &[Place] = &[
    place("Memphis", "TN", "38118", US, -300),
    place("Louisville", "KY", "40213", US, -240),
    place("Chicago", "IL", "60638", US, -300),
    place("Dallas", "TX", "75261", US, -300),
    place("Los Angeles", "CA", "90045", US, -420),
    place("New York", "NY", "10001", US, -240),
    place("Newark", "NJ", "07114", US, -240),
    place("Atlanta", "GA", "30354", US, -240),
    place("Miami", "FL", "33122", US, -240),
    place("Denver", "CO", "80249", US, -360),
    place("Seattle", "WA", "98158", US, -420),
    place("Anchorage", "AK", "99502", US, -480),
    place("Honolulu", "HI", "96819", US, -600),
    place("Oakland", "CA", "94621", US, -420),
    place("Indianapolis", "IN", "46241", US, -240),
    place("Columbus", "OH", "43217", US, -240),
    place("Boston", "MA", "02128", US, -240),
    place("Houston", "TX", "77032", US, -300),
    place("Minneapolis", "MN", "55450", US, -300),
    place("Portland", "OR", "97218", US, -420),
    place("Salt Lake City", "UT", "84116", US, -360),
    place("Charlotte", "NC", "28208", US, -240),
    place("Philadelphia", "PA", "19153", US, -240),
    place("Kansas City", "MO", "64153", US, -300),
    place("Austin", "TX", "78701", US, -300),
    place("Nashville", "TN", "37214", US, -300),
    place("Omaha", "NE", "68110", US, -300),
    place("Richmond", "VA", "23231", US, -240),
    place("Toronto", "ON", "L5P 1B2", ("CA", "CAN"), -240),
    place("Montréal", "QC", "H4Y 1H1", ("CA", "CAN"), -240),
    place("London", "LND", "SW1A 1AA", ("GB", "GBR"), 60),
    place("Köln", "NW", "51147", ("DE", "DEU"), 120),
    place("Leipzig", "SN", "04435", ("DE", "DEU"), 120),
    place("Paris", "IDF", "95700", ("FR", "FRA"), 120),
    place("Amsterdam", "NH", "1118 AB", ("NL", "NLD"), 120),
    place("Madrid", "MD", "28042", ("ES", "ESP"), 120),
    place("Milano", "MI", "20090", ("IT", "ITA"), 120),
    place("Mumbai", "MH", "400099", ("IN", "IND"), 330),
    place("Singapore", "SG", "819643", ("SG", "SGP"), 480),
    place("Tokyo", "13", "144-0041", ("JP", "JPN"), 540),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_united_states_stand_first() {
        for (i, place) in PLACES.iter().enumerate() {
            assert_eq!(place.country == "US", (i as u64) < US_COUNT, "{}", place.city);
            assert_eq!(place.offset_minutes % 30, 0);
        }
    }
}
