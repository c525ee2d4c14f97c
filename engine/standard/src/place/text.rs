//! Names made comparable: `São Paulo`, `SAO PAULO` and `sao-paulo` are one.
//!
//! # Place
//! In front of every look-up of a name, at load and at run time alike.
//!
//! # Method
//! One pass over UTF-8 bytes into a buffer on the stack: upper case, accents off (Latin-1 and Latin Extended-A, and
//! combining marks), apostrophes and dots out, all else that is no letter or digit to one blank, and the four words
//! that are written long or short (`SAINT`, `FORT`) made short.
//!
//! # Holds
//! [`normalize`].
//!
//! # Does not hold
//! Other scripts: a name in them is empty here, and no table has one.

/// The longest name looked up; more bytes are dropped, and no table holds such a name.
pub(super) const NAME_SIZE_MAX: usize = 48;

/// The base letters of U+00C0..=U+017F, in that order; `s` marks the ones that become two letters, see below.
const LATIN: &[u8; 192] = b"AAAAAAACEEEEIIIIDNOOOOO OUUUUYTSAAAAAAACEEEEIIIIDNOOOOO OUUUUYTY\
AAAAAACCCCCCCCDDDDEEEEEEEEEEGGGGGGGGHHHHIIIIIIIIIIIIJJKKKLLLLLLLLLLNNNNNNNNNOOOOOOOORRRRRRSSSSSSSSTTTTTTUUUUUUUUUUUUWWYYYZZZZZZS";

/// The comparable form of a name, in the buffer.
pub(super) fn normalize<'a>(text: &[u8], buffer: &'a mut [u8; NAME_SIZE_MAX]) -> &'a [u8] {
    let mut writer = Writer { buffer, size: 0, word: 0 };
    let mut index = 0;
    // Ends: each turn moves past at least one byte.
    while index < text.len() {
        let byte = text[index];
        index += 1;
        match byte {
            b'A'..=b'Z' | b'0'..=b'9' => writer.put(byte),
            b'a'..=b'z' => writer.put(byte - 32),
            b'\'' | b'.' | b'`' => {}
            0xc3..=0xc5 => {
                let low = text.get(index).copied().unwrap_or(0);
                index += 1;
                writer.put_latin(byte, low);
            }
            // Combining accents, U+0300..=U+036F.
            0xcc | 0xcd => index += 1,
            // The apostrophe of typesetting, U+2019.
            0xe2 if text[index..].starts_with(b"\x80\x99") => index += 2,
            _ => writer.part(),
        }
    }
    writer.finish()
}

struct Writer<'a> {
    buffer: &'a mut [u8; NAME_SIZE_MAX],
    size: usize,
    /// Where the last word starts.
    word: usize,
}

impl<'a> Writer<'a> {
    fn put(&mut self, byte: u8) {
        if self.size < NAME_SIZE_MAX {
            self.buffer[self.size] = byte;
            self.size += 1;
        }
    }

    /// The base letter of a code point of two bytes whose first is 0xc3..=0xc5.
    fn put_latin(&mut self, high: u8, low: u8) {
        if !(0x80..=0xbf).contains(&low) {
            return;
        }
        let index = usize::from(high - 0xc3) * 64 + usize::from(low - 0x80);
        self.put(LATIN[index]);
        // Æ, æ, ß and Œ are two letters; the table holds the first.
        match (high, low) {
            (0xc3, 0x86 | 0xa6) | (0xc5, 0x92 | 0x93) => self.put(b'E'),
            (0xc3, 0x9f) => self.put(b'S'),
            _ => {}
        }
    }

    /// The end of a word.
    fn part(&mut self) {
        self.shorten();
        if self.word < self.size {
            self.put(b' ');
            self.word = self.size;
        }
    }

    fn shorten(&mut self) {
        let (size, short): (usize, &[u8]) = match &self.buffer[self.word..self.size] {
            b"SAINT" => (2, b"ST"),
            b"SAINTE" => (3, b"STE"),
            b"FORT" => (2, b"FT"),
            b"MOUNT" => (2, b"MT"),
            _ => return,
        };
        self.buffer[self.word..self.word + size].copy_from_slice(short);
        self.size = self.word + size;
    }

    fn finish(mut self) -> &'a [u8] {
        self.shorten();
        let end = if self.word == self.size { self.size.saturating_sub(1) } else { self.size };
        &self.buffer[..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_comparable() {
        let rows = "S\u{e3}o Paulo = SAO PAULO | sao-paulo = SAO PAULO | K\u{f6}ln = KOLN | \u{141}\u{f3}d\u{17a} = LODZ | \u{130}zmir = IZMIR \
            | Stra\u{df}e = STRASSE | \u{c6}r\u{f8} = AERO | St. Louis = ST LOUIS | Saint Louis = ST LOUIS | L'Ancienne-Lorette = LANCIENNE LORETTE \
            | Fort  Worth  = FT WORTH | O\u{2019}Fallon = OFALLON | Que\u{301}bec = QUEBEC | - = | \u{5317}\u{4eac} = | \u{160}koda = SKODA | Fortress = FORTRESS \
            | \u{17b}ory = ZORY | Troms\u{f8} = TROMSO | (Bronx) NY = BRONX NY | \u{152}uvre = OEUVRE";
        for row in rows.split(" | ") {
            let (text, expected) = row.split_once(" =").unwrap();
            let mut buffer = [0; NAME_SIZE_MAX];
            assert_eq!(
                String::from_utf8_lossy(normalize(text.as_bytes(), &mut buffer)),
                expected.trim(),
                "{text}"
            );
        }
        let mut buffer = [0; NAME_SIZE_MAX];
        assert_eq!(normalize(&[b'a'; 100], &mut buffer).len(), NAME_SIZE_MAX);
        assert_eq!(normalize(b"\xc3", &mut buffer), b"");
    }
}
