//! Names as numbers that mean the same on every machine.
//!
//! # Place
//! Below everything that is kept per carrier, service or place.
//! # Method
//! FNV-1a over the bytes, finished by a multiply-and-fold. A symbol is a pure function of its name, so no
//! table, no order of arrival and no shard has a say in it. Two of a million names collide with a
//! probability below 3e-8, and then share a lane, which costs accuracy and nothing else.
//! # Holds
//! `Symbol::of("")` is [`Symbol::NONE`], and no other name is.
//! # Does not hold
//! The way back: [`Names`] remembers names for people, where somebody asked it to.

use std::collections::BTreeMap;

use crate::limits::NAMES_MAX;

/// The number of a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(pub u64);

impl Symbol {
    /// No name given: the level that needs it is left out.
    pub const NONE: Symbol = Symbol(0);

    /// The symbol of a name, as written: case and blanks count.
    pub const fn of(name: &str) -> Symbol {
        let bytes = name.as_bytes();
        if bytes.is_empty() {
            return Symbol::NONE;
        }
        let mut hash: u64 = 0xCBF2_9CE4_8422_2325;
        let mut i = 0;
        while i < bytes.len() {
            hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0100_0000_01B3);
            i += 1;
        }
        let mixed = fold(hash, 0x9E37_79B9_7F4A_7C15);
        Symbol(if mixed == 0 { 1 } else { mixed })
    }

    /// Whether there is a name.
    pub const fn is_some(self) -> bool {
        self.0 != 0
    }
}

/// Multiplies to 128 bits and folds: one multiplication, well spread.
pub(crate) const fn fold(left: u64, right: u64) -> u64 {
    let wide = (left as u128).wrapping_mul(right as u128);
    (wide as u64) ^ ((wide >> 64) as u64)
}

/// Names of symbols, for `show` and for the readable export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    names: BTreeMap<Symbol, Box<str>>,
}

impl Names {
    /// Remembers a name and gives its symbol. Past [`NAMES_MAX`] names the symbol alone is given.
    pub fn remember(&mut self, name: &str) -> Symbol {
        let symbol = Symbol::of(name);
        if symbol.is_some() && self.names.len() < NAMES_MAX {
            self.names.entry(symbol).or_insert_with(|| Box::from(name));
        }
        symbol
    }

    /// The name of a symbol, where it was remembered.
    pub fn name(&self, symbol: Symbol) -> Option<&str> {
        self.names.get(&symbol).map(Box::as_ref)
    }

    /// All names in order of their symbols.
    pub fn entries(&self) -> impl Iterator<Item = (Symbol, &str)> {
        self.names.iter().map(|(symbol, name)| (*symbol, name.as_ref()))
    }

    /// The name, the number where there is no name, or `-` for none.
    pub fn shown(&self, symbol: Symbol) -> String {
        match self.name(symbol) {
            Some(name) => name.to_owned(),
            None if symbol.is_some() => format!("#{:016x}", symbol.0),
            None => "-".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_empty_name_is_none() {
        assert_eq!(Symbol::of(""), Symbol::NONE);
        assert!(Symbol::of("ups").is_some());
        assert_ne!(Symbol::of("ups"), Symbol::of("UPS"));
    }

    #[test]
    fn a_name_is_shown_by_number_until_remembered() {
        let mut names = Names::default();
        let symbol = Symbol::of("gls");
        assert!(names.shown(symbol).starts_with('#'));
        assert_eq!(names.remember("gls"), symbol);
        assert_eq!(names.shown(symbol), "gls");
        assert_eq!(names.shown(Symbol::NONE), "-");
    }
}
