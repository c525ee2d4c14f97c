//! The compiled-in tables, and the hash table they are turned into.
//!
//! # Place
//! Read once by `Places::load`; the hash table is probed for every name.
//!
//! # Method
//! Lines of text, parted by blanks, `|` and `;`. They are our own and tested, so a line that doesn't fit is a bug and
//! stops the start. The hash table is open addressing with one word per slot: 48 bits of the key's hash and 16 of value,
//! at most half full.
//!
//! # Holds
//! [`Table`], [`Key`], [`load`].
//!
//! # Does not hold
//! The order of look-ups: `Places`.

use super::text::{NAME_SIZE_MAX, normalize};
use super::{
    AIRPORT_COUNT, COUNTRY_COUNT, Country, Places, Region, ZIP_AREA_COUNT, ZipArea, country_index,
    letter,
};
use crate::zone::ZoneId;

const COUNTRIES: &str = include_str!("../../data/countries.txt");
const REGIONS: &str = include_str!("../../data/regions.txt");
const CITIES: &str = include_str!("../../data/cities.txt");
const POSTAL: &str = include_str!("../../data/postal.txt");
const ZIP: &str = include_str!("../../data/zip.txt");
const AIRPORTS: &str = include_str!("../../data/airports.txt");

/// Slots of the hash table: twice as many as there are names, or more.
const SLOT_COUNT: usize = 1 << 16;
/// The part of a slot that holds the hash.
const HASH_MASK: u64 = !0xffff;

/// A name to look up, hashed with its kind and its country.
pub(super) struct Key(u64);

impl Key {
    pub(super) fn country(name: &[u8]) -> Key {
        Key(hash(1, name))
    }

    pub(super) fn region(country: [u8; 2], name: &[u8]) -> Key {
        Key(hash(seed(2, country, 0), name))
    }

    /// A city anywhere in a country; in `--`, anywhere in the world.
    pub(super) fn city(country: [u8; 2], name: &[u8]) -> Key {
        Key(hash(seed(3, country, 0), name))
    }

    pub(super) fn city_in_region(country: [u8; 2], region: u16, name: &[u8]) -> Key {
        Key(hash(seed(4, country, region), name))
    }

    pub(super) fn postal(country: [u8; 2], prefix: &[u8]) -> Key {
        Key(hash(seed(5, country, 0), prefix))
    }
}

fn seed(kind: u64, country: [u8; 2], region: u16) -> u64 {
    kind | u64::from(u16::from_be_bytes(country)) << 8 | u64::from(region) << 24
}

/// Multiply and fold, eight bytes a turn. Only needs to spread names; whoever finds two that collide shifts the clock of
/// their own parcel.
fn hash(seed: u64, name: &[u8]) -> u64 {
    let mut state = fold(seed ^ 0x9e37_79b9_7f4a_7c15, name.len() as u64 ^ 0x2545_f491_4f6c_dd1d);
    let (words, rest) = name.as_chunks::<8>();
    for word in words {
        state = fold(state ^ u64::from_le_bytes(*word), 0xd6e8_feb8_6659_fd93);
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    fold(state ^ u64::from_le_bytes(last), 0xa076_1d64_78bd_642f)
}

fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    (product as u64) ^ (product >> 64) as u64
}

/// A hash table from keys to 16-bit values, built once.
pub(super) struct Table {
    slots: Vec<u64>,
    count: usize,
}

impl Table {
    fn new() -> Table {
        Table { slots: vec![0; SLOT_COUNT], count: 0 }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    #[inline]
    pub(super) fn find(&self, key: &Key) -> Option<u16> {
        let mut index = key.0 as usize >> 16 & (SLOT_COUNT - 1);
        // Ends: at an empty slot; half of them are.
        loop {
            let slot = self.slots[index];
            if slot == 0 {
                return None;
            }
            if slot & HASH_MASK == key.0 & HASH_MASK {
                // The value is stored one up, so that a full slot is never 0.
                return Some((slot as u16).wrapping_sub(1));
            }
            index = (index + 1) & (SLOT_COUNT - 1);
        }
    }

    /// Puts a value, unless the key has one: the first line of a file wins.
    fn put(&mut self, key: &Key, value: u16) {
        assert!(value < u16::MAX, "the largest value is kept for empty slots");
        assert!(self.count < SLOT_COUNT / 2, "more names than the table was made for");
        let mut index = key.0 as usize >> 16 & (SLOT_COUNT - 1);
        // Ends: at an empty slot; half of them are.
        while self.slots[index] != 0 {
            if self.slots[index] & HASH_MASK == key.0 & HASH_MASK {
                return;
            }
            index = (index + 1) & (SLOT_COUNT - 1);
        }
        self.slots[index] = key.0 & HASH_MASK | u64::from(value + 1);
        self.count += 1;
    }
}

/// Reads all tables.
pub(super) fn load() -> Places {
    let mut places = Places {
        countries: vec![None; COUNTRY_COUNT],
        regions: Vec::new(),
        zip_areas: vec![None; ZIP_AREA_COUNT],
        zip_codes: Vec::new(),
        airports: vec![None; AIRPORT_COUNT],
        names: Table::new(),
    };
    load_countries(&mut places);
    load_regions(&mut places);
    load_cities(&mut places);
    load_postal(&mut places);
    load_zip(&mut places);
    load_airports(&mut places);
    places
}

/// The lines of a table without its comments.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

/// Splits a line at its first blanks into `N` words; the last one is the rest of the line.
fn words<const N: usize>(line: &str) -> [&str; N] {
    let mut parts = line.splitn(N, ' ');
    std::array::from_fn(|_| parts.next().unwrap_or(""))
}

fn country(text: &str) -> [u8; 2] {
    match *text.as_bytes() {
        [first, second] => [first, second],
        _ => panic!("no country code: {text}"),
    }
}

fn with_name<T>(name: &str, act: impl FnOnce(&[u8]) -> T) -> T {
    let mut buffer = [0; NAME_SIZE_MAX];
    act(normalize(name.as_bytes(), &mut buffer))
}

fn load_countries(places: &mut Places) {
    for line in lines(COUNTRIES) {
        let [code, code_of_three, zone, several, names] = words(line);
        let value = u16::from_be_bytes(country(code));
        let index = country_index(country(code)).expect("a country code has two letters");
        places.countries[index] =
            Some(Country { zone: ZoneId::named(zone), is_several: several == "several" });
        for name in names.split('|').chain([code_of_three]).filter(|name| !name.is_empty()) {
            with_name(name, |name| places.names.put(&Key::country(name), value));
        }
    }
}

fn load_regions(places: &mut Places) {
    for line in lines(REGIONS) {
        let [code, zone, regions] = words(line);
        let zone = (zone != "-").then(|| ZoneId::named(zone));
        for region in regions.split("; ") {
            let index =
                u16::try_from(places.regions.len()).expect("there are some hundred regions");
            places.regions.push(Region { zone, is_several: false });
            for name in region.split('|') {
                with_name(name, |name| places.names.put(&Key::region(country(code), name), index));
            }
        }
    }
}

fn load_cities(places: &mut Places) {
    for line in lines(CITIES) {
        let [code, region, zone, names] = words(line);
        let code = country(code);
        let value = ZoneId::named(zone).index();
        let region = (region != "-").then(|| {
            let key = with_name(region, |name| Key::region(code, name));
            places.names.find(&key).expect("regions.txt has the region of every city")
        });
        if let Some(region) = region {
            places.regions[usize::from(region)].is_several = true;
        }
        for name in names.split('|') {
            let key = with_name(name, |name| match region {
                Some(region) => Key::city_in_region(code, region, name),
                None => Key::city(code, name),
            });
            places.names.put(&key, value);
        }
    }
}

fn load_postal(places: &mut Places) {
    for line in lines(POSTAL) {
        let [code, zone, prefixes] = words(line);
        for prefix in prefixes.split(' ') {
            let (first, last) = prefix.split_once('-').unwrap_or((prefix, prefix));
            let value = ZoneId::named(zone).index();
            if first == last {
                places.names.put(&Key::postal(country(code), first.as_bytes()), value);
                continue;
            }
            let number = |text: &str| text.parse::<u32>().expect("ranges of prefixes are digits");
            for prefix in number(first)..=number(last) {
                let prefix = format!("{prefix:0width$}", width = first.len());
                places.names.put(&Key::postal(country(code), prefix.as_bytes()), value);
            }
        }
    }
}

fn load_zip(places: &mut Places) {
    for line in lines(ZIP) {
        let [zone, codes] = words(line);
        let zone = ZoneId::named(zone);
        for range in codes.split(' ') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let number = |text: &str| text.parse::<u32>().expect("ZIP codes are digits");
            for code in number(first)..=number(last) {
                if first.len() == 3 {
                    places.zip_areas[code as usize] = Some(ZipArea { zone, is_several: false });
                } else {
                    places.zip_codes.push((code, zone));
                }
            }
        }
    }
    places.zip_codes.sort_unstable();
    for &(code, _) in &places.zip_codes {
        let area = places.zip_areas[code as usize / 100].as_mut();
        area.expect("the area of every ZIP code is listed").is_several = true;
    }
}

fn load_airports(places: &mut Places) {
    for line in lines(AIRPORTS) {
        let [zone, codes] = words(line);
        let (codes, rest) = codes.as_bytes().as_chunks::<3>();
        assert!(rest.is_empty());
        for code in codes {
            let [first, second, third] =
                code.map(|byte| letter(byte).expect("airport codes are letters"));
            places.airports[first * 676 + second * 26 + third] = Some(ZoneId::named(zone));
        }
    }
}
