//! Tests of texts: equal, prefix, contains, glob. Linear, no allocation, no locale.

use super::tree::{TextKind, TextTest};

/// True where a text passes.
pub(crate) fn passes(test: &TextTest, text: &str) -> bool {
    let (text, fold) = (text.as_bytes(), test.lower);
    let found = test.words.iter().any(|word| {
        let word = word.as_bytes();
        match test.kind {
            TextKind::Equal => text.len() == word.len() && starts(text, word, fold),
            TextKind::Prefix => starts(text, word, fold),
            TextKind::Contains => contains(text, word, fold),
            TextKind::Glob => glob(text, word, fold),
        }
    });
    found != test.negated
}

fn same(left: u8, right: u8, fold: bool) -> bool {
    left == right || (fold && left.eq_ignore_ascii_case(&right))
}

fn starts(text: &[u8], word: &[u8], fold: bool) -> bool {
    word.len() <= text.len() && text.iter().zip(word).all(|(left, right)| same(*left, *right, fold))
}

fn contains(text: &[u8], word: &[u8], fold: bool) -> bool {
    // Texts are at most 512 bytes and words 64: the plain search is the fast one.
    word.len() <= text.len()
        && (0..=text.len() - word.len()).any(|at| starts(&text[at..], word, fold))
}

/// `*` stands for any bytes, `?` for one. Goes back to the last `*` only, so at most text x pattern.
fn glob(text: &[u8], pattern: &[u8], fold: bool) -> bool {
    let (mut at, mut of, mut star, mut mark) = (0, 0, None, 0);
    // Ends: `mark` rises with every return to the star, `at` with every other turn.
    while at < text.len() {
        if pattern.get(of) == Some(&b'*') {
            star = Some(of);
            mark = at;
            of += 1;
        } else if pattern.get(of).is_some_and(|&sign| sign == b'?' || same(text[at], sign, fold)) {
            at += 1;
            of += 1;
        } else if let Some(star) = star {
            mark += 1;
            at = mark;
            of = star + 1;
        } else {
            return false;
        }
    }
    pattern[of.min(pattern.len())..].iter().all(|&sign| sign == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (kind, lower, word, text, want) in [
            (TextKind::Equal, false, "OFD", "OFD", true),
            (TextKind::Equal, false, "OFD", "ofd", false),
            (TextKind::Equal, true, "ofd", "OFD", true),
            (TextKind::Prefix, false, "99", "99501", true),
            (TextKind::Prefix, false, "99501", "99", false),
            (TextKind::Contains, true, "weather", "Severe WEATHER delay", true),
            (TextKind::Contains, false, "", "x", true),
            (TextKind::Glob, false, "signed by *", "signed by A", true),
            (TextKind::Glob, false, "*by*A?", "signed by xAy", true),
            (TextKind::Glob, false, "a*b", "acbd", false),
            (TextKind::Glob, false, "*", "", true),
        ] {
            let test = TextTest { kind, lower, negated: false, words: vec![word.to_owned()] };
            assert_eq!(passes(&test, text), want, "{word} {text}");
            assert_eq!(passes(&TextTest { negated: true, ..test }, text), !want, "{word} {text}");
        }
    }
}
