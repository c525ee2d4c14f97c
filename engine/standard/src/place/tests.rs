//! Places and zones against known facts and against jiff.

use super::*;
use jiff::civil::DateTime;
use jiff::tz::AmbiguousOffset;
use proptest::prelude::*;
use std::sync::LazyLock;

static PLACES: LazyLock<Places> = LazyLock::new(Places::load);
static ZONES: LazyLock<Zones> = LazyLock::new(Zones::load);

/// Rows of `country/region/postal code/city => zone source`.
fn check(rows: &[&str]) {
    for row in rows {
        let (place, expected) = row.split_once(" => ").unwrap();
        let parts: Vec<&[u8]> = place.split('/').map(str::as_bytes).collect();
        let place = PlaceText {
            country: parts[0],
            region: parts[1],
            postal_code: parts[2],
            city: parts[3],
        };
        let found =
            PLACES.zone_of(&place).map(|(zone, source)| format!("{} {source:?}", zone.name()));
        assert_eq!(found.as_deref().unwrap_or("-"), expected, "{row}");
    }
}

#[test]
fn countries_with_one_zone_need_no_more() {
    check(&[
        "DE/// => Europe/Berlin Country",
        "de//04103/Leipzig => Europe/Berlin Country",
        "DEU/// => Europe/Berlin Country",
        "Germany/// => Europe/Berlin Country",
        "Deutschland/// => Europe/Berlin Country",
        "UK///London => Europe/London Country",
        "CN///Urumqi => Asia/Shanghai Country",
        "IN///Mumbai => Asia/Kolkata Country",
        "KV/// => Europe/Belgrade Country",
        "PR///San Juan => America/Puerto_Rico Country",
        "QQ/// => -",
        "Atlantis/// => -",
        "/// => -",
        "/SC/29407/Charleston => America/New_York PostalCode",
        "/TX/79901-1234/El Paso => America/Denver PostalCode",
        "/MO/41121/Modena => Europe/Rome CityAnywhere",
        "/SC/99407/Charleston => -",
    ]);
}

#[test]
fn the_united_states_by_zip_code_city_and_state() {
    check(&[
        "US/IA/50109/Granger => America/Chicago PostalCode",
        "USA/KY/40213/Louisville => America/Kentucky/Louisville PostalCode",
        "US/KY/42001/Paducah => America/Chicago PostalCode",
        "US/KY//Paducah => America/Chicago City",
        "US/KY//Lexington => America/New_York Region",
        "US/TN//Knoxville => America/New_York City",
        "US/FL//Pensacola => America/Chicago City",
        "US/TX//El Paso => America/Denver City",
        "US/TX//Dallas => America/Chicago Region",
        "US/AZ//Phoenix => America/Phoenix Region",
        "US/TX// => America/Chicago RegionLargest",
        "US/NY// => America/New_York Region",
        "US/New York// => America/New_York Region",
        "US//10001-1234/ => America/New_York PostalCode",
        "US//100011234/ => America/New_York PostalCode",
        "US//2138/Cambridge => America/New_York PostalCode",
        "US//99546/Adak => America/Adak PostalCode",
        "US//96799/ => Pacific/Pago_Pago PostalCode",
        "US//96701/ => Pacific/Honolulu PostalCode",
        "US//00901/ => America/Puerto_Rico PostalCode",
        "US///Seattle => America/Los_Angeles City",
        "US///NEW YORK => America/New_York City",
        "US/// => America/New_York CountryLargest",
        "US///Nowhere Springs => America/New_York CountryLargest",
        "US/AE/09012/APO => -",
        "US/CA/not a zip/Los Angeles => America/Los_Angeles Region",
    ]);
}

#[test]
fn other_countries_with_several_zones() {
    check(&[
        "CA/ON/M5V 2T6/Toronto => America/Toronto PostalCode",
        "CA/ON/P8N2Y8/Dryden => America/Winnipeg PostalCode",
        "CA/ON//Kenora => America/Winnipeg City",
        "CA/Ontario//Ottawa => America/Toronto Region",
        "CA/SK// => America/Regina RegionLargest",
        "CA/NS// => America/Halifax Region",
        "CA//a0p1c0/ => America/Goose_Bay PostalCode",
        "CA///Calgary => America/Edmonton City",
        "AU//2000/Sydney => Australia/Sydney PostalCode",
        "AU//0800/Darwin => Australia/Darwin PostalCode",
        "AU//2880/Broken Hill => Australia/Broken_Hill PostalCode",
        "AU/QLD//Brisbane => Australia/Brisbane Region",
        "AU///Perth => Australia/Perth City",
        "BR//01310-100/S\u{e3}o Paulo => America/Sao_Paulo PostalCode",
        "BR//69900-000/ => America/Rio_Branco PostalCode",
        "BR/AM//Manaus => America/Manaus Region",
        "MX//22000/Tijuana => America/Tijuana PostalCode",
        "MX//63734/ => America/Bahia_Banderas PostalCode",
        "MX/Quintana Roo//Cancun => America/Cancun Region",
        "RU//101000/ => Europe/Moscow PostalCode",
        "RU//690000/Vladivostok => Asia/Vladivostok PostalCode",
        "RU///Novosibirsk => Asia/Novosibirsk City",
        "ID//80361/Bali => Asia/Makassar PostalCode",
        "ES//35001/Las Palmas => Atlantic/Canary PostalCode",
        "ES//28001/ => Europe/Madrid PostalCode",
        "PT//9500-321/ => Atlantic/Azores PostalCode",
        "PT///Porto => Europe/Lisbon City",
        "NZ///Auckland => Pacific/Auckland City",
    ]);
}

#[test]
fn cities_and_airports_without_a_country() {
    check(&[
        "///Hong Kong => Asia/Hong_Kong CityAnywhere",
        "///K\u{f6}ln => Europe/Berlin CityAnywhere",
        "///Frankfurt => Europe/Berlin CityAnywhere",
        "///Birmingham => -",
    ]);
    let zone = |code: &str| PLACES.zone_of_airport(code.as_bytes()).map(|(zone, _)| zone.name());
    assert_eq!(zone("SDF"), Some("America/Kentucky/Louisville"));
    assert_eq!(zone("lej"), Some("Europe/Berlin"));
    assert_eq!(zone("HKG"), Some("Asia/Hong_Kong"));
    assert_eq!(["", "SD", "SDFX", "1AB", "\u{e9}A"].map(zone), [None; 5]);
}

#[test]
fn countries_have_codes() {
    for (text, code) in [
        ("US", "US"),
        ("us", "US"),
        ("USA", "US"),
        ("United States", "US"),
        ("UNITED STATES OF AMERICA", "US"),
        ("DEU", "DE"),
        ("UK", "GB"),
        ("Great Britain", "GB"),
        ("Korea, Republic of", "KR"),
        ("Viet Nam", "VN"),
        ("T\u{fc}rkiye", "TR"),
        ("C\u{f4}te d'Ivoire", "CI"),
        (" ca ", "CA"),
        ("The Netherlands", "NL"),
    ] {
        assert_eq!(
            PLACES.country_code(text.as_bytes()),
            Some(*code.as_bytes().first_chunk().unwrap()),
            "{text}"
        );
    }
    for text in ["", "ZZ", "XX", "1", "Moon", "U"] {
        assert_eq!(PLACES.country_code(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn places_of_one_text_are_taken_apart() {
    for row in [
        "GRANGER, IA, US @ => GRANGER|IA||US",
        "LOUISVILLE KY 40213 @US => LOUISVILLE|KY|40213|US",
        "Memphis, TN 38118 @US => Memphis|TN|38118|US",
        "NEW YORK NY 10001-1234 US @ => NEW YORK|NY|10001-1234|US",
        "LOS ANGELES, CA @US => LOS ANGELES|CA||US",
        "Toronto, ON, CA @US => Toronto|ON||CA",
        "Toronto, ON M5V 2T6, CA @US => Toronto|ON|M5V 2T6|CA",
        "Wilmington, DE, US @US => Wilmington|DE||US",
        "Berlin, DE @ => Berlin|||DE",
        "Los Angeles, CA @ => Los Angeles|CA||US",
        "Chicago, IL @ => Chicago|IL||US",
        "St. Louis, MO @ => St. Louis|MO||US",
        "Tel Aviv, IL @ => Tel Aviv|||IL",
        "Baku, AZ @ => Baku|||AZ",
        "Toronto, CA @ => Toronto|||CA",
        "Reno, NV 89501 @ => Reno|NV|89501|US",
        "FIREBAUGH, CA 93622 @ => FIREBAUGH|CA|93622|US",
        "Berlin, DE 10115 @ => Berlin||10115|DE",
        "Halifax, ON @ => Halifax|ON||CA",
        "LEIPZIG - GERMANY @ => LEIPZIG|||GERMANY",
        "04103 Leipzig, Germany @ => Leipzig||04103|Germany",
        "CINCINNATI HUB - USA @ => CINCINNATI HUB|||USA",
        "Winston-Salem, NC @US => Winston-Salem|NC||US",
        "Chicago, Illinois @US => Chicago|Illinois||US",
        "US @ => |||US",
        "Panama @ => Panama|||",
        " , @ => |||",
        "London SW1A 1AA @GB => London||SW1A 1AA|GB",
    ] {
        let (text, expected) = row.split_once(" => ").unwrap();
        let (text, country) = text.split_once('@').unwrap();
        let place = PLACES.parse(text.as_bytes(), country.as_bytes());
        let found = [place.city, place.region, place.postal_code, place.country]
            .map(String::from_utf8_lossy)
            .join("|");
        assert_eq!(found, expected, "{row}");
    }
}

#[test]
fn every_table_has_its_lines() {
    assert!(PLACES.countries.iter().flatten().count() >= 245);
    assert!(PLACES.names.count() > 20_000);
    let hubs = PLACES.airports.iter().flatten().count();
    assert!(hubs > 7000);
    assert!(PLACES.zip_areas.iter().flatten().count() > 880);
}

#[test]
fn skipped_clocks_move_forward_and_of_two_the_first_is_taken() {
    let zone = ZoneId::named("America/New_York");
    let offset = |text: &str| {
        let local = text.parse::<DateTime>().unwrap().to_zoned(jiff::tz::TimeZone::UTC).unwrap();
        ZONES.local_offset(zone, local.timestamp().as_second())
    };
    let of = |minutes, kind, minutes_other| LocalOffset { minutes, kind, minutes_other };
    assert_eq!(offset("2026-03-08T01:59:59"), of(-300, LocalKind::Unique, -300));
    assert_eq!(offset("2026-03-08T02:00:00"), of(-300, LocalKind::Gap, -240));
    assert_eq!(offset("2026-03-08T02:59:59"), of(-300, LocalKind::Gap, -240));
    assert_eq!(offset("2026-03-08T03:00:00"), of(-240, LocalKind::Unique, -240));
    assert_eq!(offset("2026-11-01T00:59:59"), of(-240, LocalKind::Unique, -240));
    assert_eq!(offset("2026-11-01T01:00:00"), of(-240, LocalKind::Fold, -300));
    assert_eq!(offset("2026-11-01T02:00:00"), of(-300, LocalKind::Unique, -300));
}

#[test]
fn names_of_seasons_are_taken_literally_only_where_they_can_be_meant() {
    use crate::time::{TimeShape, parse, parse_zone_code};
    let resolve = |text: &str, code: &str, place: Option<&str>| {
        let time = parse(TimeShape::Iso, text.as_bytes()).unwrap();
        ZONES.resolve(&time, parse_zone_code(code.as_bytes()), place.map(ZoneId::named))
    };
    assert_eq!(resolve("2026-01-10T12:00:00", "EST", None), Some(-300));
    // Canada Post writes EST in July and means the clock on the wall.
    assert_eq!(resolve("2026-07-10T12:00:00", "EST", None), Some(-240));
    assert_eq!(resolve("2026-11-01T01:30:00", "EDT", None), Some(-240));
    assert_eq!(resolve("2026-11-01T01:30:00", "EST", None), Some(-300));
    assert_eq!(resolve("2026-07-10T12:00:00", "LT", Some("America/Chicago")), Some(-300));
    assert_eq!(resolve("2026-07-10T12:00:00", "", Some("America/Chicago")), Some(-300));
    assert_eq!(resolve("2026-07-10T12:00:00", "LT", None), None);
    assert_eq!(resolve("2026-07-10T12:00:00", "ET", Some("America/Chicago")), Some(-240));
    assert_eq!(resolve("2026-07-10T12:00:00+02:00", "ET", Some("America/Chicago")), Some(120));
}

fn jiff_zone(zone: ZoneId) -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::get(zone.name()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn offsets_agree_with_jiff(index in 0..ZoneId::COUNT as u16, instant in 631_152_000_i64..4_102_444_800) {
        let zone = ZoneId::from_index(index).unwrap();
        let tz = jiff_zone(zone);
        let expected = tz.to_offset(jiff::Timestamp::from_second(instant).unwrap()).seconds() / 60;
        prop_assert_eq!(i32::from(ZONES.offset_at_instant(zone, instant)), expected, "{}", zone.name());
        let local = jiff::Timestamp::from_second(instant).unwrap().to_zoned(jiff::tz::TimeZone::UTC).datetime();
        let expected = tz.to_ambiguous_zoned(local).compatible().unwrap().timestamp().as_second();
        let found = instant - i64::from(ZONES.offset_at(zone, instant)) * 60;
        prop_assert_eq!(found, expected, "{} {}", zone.name(), local);
    }

    #[test]
    fn offsets_agree_with_jiff_beside_every_change(index in 0..ZoneId::COUNT as u16, start in 631_152_000_i64..4_100_000_000, beside in -5400_i64..5400) {
        let zone = ZoneId::from_index(index).unwrap();
        let tz = jiff_zone(zone);
        let change = tz.following(jiff::Timestamp::from_second(start).unwrap()).next();
        if let Some(change) = change.filter(|change| change.timestamp().as_second() < 4_102_000_000) {
            let instant = change.timestamp().as_second() + beside;
            let stamp = jiff::Timestamp::from_second(instant).unwrap();
            prop_assert_eq!(i32::from(ZONES.offset_at_instant(zone, instant)), tz.to_offset(stamp).seconds() / 60);
            let local = instant + i64::from(change.offset().seconds());
            let text = jiff::Timestamp::from_second(local).unwrap().to_zoned(jiff::tz::TimeZone::UTC).datetime();
            let ambiguous = tz.to_ambiguous_zoned(text);
            let found = ZONES.local_offset(zone, local);
            // jiff calls it a fold, too, where a zone gets another name and keeps its offset (Nuuk, October 2023).
            let comes_twice = match ambiguous.offset() {
                AmbiguousOffset::Unambiguous { .. } => false,
                AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => before != after,
            };
            prop_assert_eq!(found.kind != LocalKind::Unique, comes_twice, "{} {}", zone.name(), text);
            let expected = ambiguous.compatible().unwrap().timestamp().as_second();
            prop_assert_eq!(local - i64::from(found.minutes) * 60, expected, "{} {}", zone.name(), text);
        }
    }

    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..60), at in 0..60_usize) {
        let (left, right) = bytes.split_at(at.min(bytes.len()));
        let place = PLACES.parse(&bytes, left);
        let _zone = PLACES.zone_of(&place);
        for country in [&b"US"[..], b"CA", b"BR", left] {
            let _zone = PLACES.zone_of(&PlaceText { country, region: left, postal_code: right, city: right });
        }
    }

    #[test]
    fn texts_with_separators_are_taken(text in "[A-Z ,0-9/-]{0,40}") {
        let place = PLACES.parse(text.as_bytes(), b"US");
        let size = place.city.len() + place.region.len() + place.postal_code.len();
        prop_assert!(size <= text.len());
    }

    #[test]
    fn times_outside_the_table_have_the_offset_of_its_end(index in 0..ZoneId::COUNT as u16, seconds in any::<i64>()) {
        let zone = ZoneId::from_index(index).unwrap();
        let minutes = ZONES.offset_at(zone, seconds);
        prop_assert!((-720..=840).contains(&minutes));
    }
}
