//! Lengths of time as rule files write them: `90m`, `36h`, `1d12h`, `24bh`, `3bd`.

use std::fmt::{self, Write};

use super::limits;

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Duration {
    /// Seconds of the clock on the wall.
    Plain(u32),
    /// Seconds within opening hours.
    BusinessHours(u32),
    /// Open days; the time of day stays.
    BusinessDays(u32),
}

impl Duration {
    /// Reads `90m`, `1d12h`, `24bh`, `1.5h` is not one. The error says what to do.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = "Write a length of time such as `90m`, `36h`, `2d`, `1d12h`, `24bh` (business hours) or `3bd` (business days).";
        if text.is_empty() || 32 < text.len() {
            return Err(form.to_owned());
        }
        let mut seconds: u64 = 0;
        let mut rest = text;
        // Ends: each turn takes a number and a unit off the front.
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let letters = rest[digits..].bytes().take_while(u8::is_ascii_lowercase).count();
            let number: u64 = rest[..digits].parse().map_err(|_| form.to_owned())?;
            let unit = &rest[digits..digits + letters];
            rest = &rest[digits + letters..];
            let scale = match unit {
                "s" => 1,
                "m" => 60,
                "h" | "bh" => 3600,
                "d" => 86_400,
                "w" => 7 * 86_400,
                "bd" => 1,
                _ => return Err(form.to_owned()),
            };
            if unit.starts_with('b') {
                if !rest.is_empty() || seconds != 0 {
                    return Err("Business time stands alone: `24bh` or `3bd`.".to_owned());
                }
                return Self::business(unit, number.saturating_mul(scale));
            }
            seconds = seconds.saturating_add(number.saturating_mul(scale));
        }
        if u64::from(limits::RETENTION_SECONDS) < seconds {
            let days = limits::RETENTION_SECONDS / 86_400;
            return Err(format!("At most {days}d: shipments are kept no longer."));
        }
        Ok(Self::Plain(u32::try_from(seconds).map_err(|_| form.to_owned())?))
    }

    fn business(unit: &str, amount: u64) -> Result<Self, String> {
        let days = u64::from(limits::BUSINESS_DAYS_MAX);
        let most = if unit == "bd" { days } else { days * 24 * 3600 };
        if most < amount {
            return Err(format!("At most {days}bd."));
        }
        let amount = u32::try_from(amount).map_err(|_| format!("At most {days}bd."))?;
        Ok(if unit == "bd" { Self::BusinessDays(amount) } else { Self::BusinessHours(amount) })
    }

    /// True for business time.
    #[must_use]
    pub const fn is_business(self) -> bool {
        !matches!(self, Self::Plain(_))
    }

    /// True where it is no time at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        matches!(self, Self::Plain(0) | Self::BusinessHours(0) | Self::BusinessDays(0))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::BusinessDays(days) => write!(f, "{days}bd"),
            Self::BusinessHours(seconds) if seconds % 3600 == 0 => {
                write!(f, "{}bh", seconds / 3600)
            }
            Self::BusinessHours(seconds) => write!(f, "{}bh", decimal(seconds)),
            Self::Plain(seconds) => f.write_str(&show(i64::from(seconds))),
        }
    }
}

/// Hours with a part of an hour, for business hours that came from arithmetic.
fn decimal(seconds: u32) -> String {
    format!("{}.{:02}", seconds / 3600, seconds % 3600 * 100 / 3600)
}

/// Seconds as `1d12h`, the two largest units: what people read.
#[must_use]
pub fn show(seconds: i64) -> String {
    let mut out = String::new();
    write(&mut out, seconds);
    out
}

/// As [`show`], added to a text.
pub fn write(out: &mut String, seconds: i64) {
    if seconds < 0 {
        out.push('-');
    }
    let mut rest = seconds.unsigned_abs();
    let start = out.len();
    for (scale, unit) in [(86_400, 'd'), (3600, 'h'), (60, 'm'), (1, 's')] {
        let number = rest / scale;
        rest %= scale;
        if number != 0 {
            write!(out, "{number}{unit}").expect("writing to a string");
        }
    }
    if out.len() == start {
        out.push_str("0s");
    }
}

/// A time of day as `21:00`: seconds from midnight, 24:00 is the end of the day.
#[must_use]
pub fn parse_time_of_day(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let well_formed = (1..=2).contains(&hours.len()) && minutes.len() == 2;
    let digits = hours.bytes().chain(minutes.bytes()).all(|byte| byte.is_ascii_digit());
    if !well_formed || !digits {
        return None;
    }
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds = hours * 3600 + minutes * 60;
    (minutes < 60 && seconds <= 86_400).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_shown_back() {
        for (text, want) in [
            ("90m", Some((Duration::Plain(5400), "1h30m"))),
            ("36h", Some((Duration::Plain(129_600), "1d12h"))),
            ("24bh", Some((Duration::BusinessHours(86_400), "24bh"))),
            ("3bd", Some((Duration::BusinessDays(3), "3bd"))),
            ("2w", Some((Duration::Plain(1_209_600), "14d"))),
            ("0s", Some((Duration::Plain(0), "0s"))),
            ("", None),
            ("5", None),
            ("h", None),
            ("1.5h", None),
            ("1d3bh", None),
            ("9999999999999999999999d", None),
            ("500bd", None),
            ("121d", None),
            ("5x", None),
            ("ä", None),
        ] {
            let got = Duration::parse(text).ok();
            let shown = got.map(|duration| duration.to_string());
            assert_eq!(got, want.map(|(duration, _)| duration), "{text}");
            assert_eq!(shown.as_deref(), want.map(|(_, shown)| shown), "{text}");
        }
    }

    #[test]
    fn times_of_day() {
        for (text, want) in [
            ("21:00", Some(75_600)),
            ("8:30", Some(30_600)),
            ("24:00", Some(86_400)),
            ("24:01", None),
            ("9:60", None),
            ("+9:00", None),
            ("900", None),
        ] {
            assert_eq!(parse_time_of_day(text), want, "{text}");
        }
    }
}
