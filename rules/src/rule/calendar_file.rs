//! Calendars as files define them.

use super::calendars::{Role, Use};
use super::catalogue::Catalogue;
use super::def::{CalendarDef, Word};
use super::diagnostic::{Diagnostic, Report, nearest};
use super::duration::parse_time_of_day;
use super::field::Name;
use super::shape;
use super::yaml::Node;
use crate::calendar::{Calendar, Holidays, Hours, civil, holiday};
use crossdock_standard::zone::ZoneId;

const KEYS: [&str; 8] = ["zone", "week", "cutoff", "holidays", "open_on", "closed", "hours", "use"];

/// Reads one calendar.
pub(crate) fn read(
    def: &CalendarDef,
    catalogue: &Catalogue,
    report: &mut Report,
) -> Option<(Calendar, Use)> {
    if !shape::map(&def.node, "a calendar", &KEYS, &["week"], report) {
        return None;
    }
    let mut calendar = Calendar { name: def.name.text.clone(), ..Calendar::default() };
    if let Some(week) = def.node.get("week") {
        read_week(week, &mut calendar, report);
    }
    let name = |text: &str| ZoneId::from_name(text.as_bytes()).is_some();
    if let Some(zone) = shape::word(&def.node, "zone", report).filter(|zone| zone.text != "local") {
        if name(&zone.text) {
            calendar.zone = Some(zone.text);
        } else {
            wrong(
                &zone,
                "no time zone",
                "Write `local` or an IANA name such as `America/Chicago`.",
                report,
            );
        }
    }
    if let Some(cutoff) = shape::word(&def.node, "cutoff", report) {
        calendar.cutoff = parse_time_of_day(&cutoff.text);
        if calendar.cutoff.is_none() {
            wrong(&cutoff, "no time of day", "Write `\"17:00\"`.", report);
        }
    }
    read_holidays(&def.node, &mut calendar, report);
    read_dates(&def.node, &mut calendar, report);
    let used =
        def.node.get("use").map(|node| read_use(node, catalogue, report)).unwrap_or_default();
    Some((calendar, used))
}

fn wrong(word: &Word, what: &str, help: &str, report: &mut Report) {
    let text = format!("`{}` is {what}", word.text);
    report.push(Diagnostic::new("XD211", word.span, text).label("here").help(help));
}

/// `mon-fri: "08:00-18:00"`, `sat: closed`.
fn read_week(week: &Node, calendar: &mut Calendar, report: &mut Report) {
    for (key, node) in week.entries() {
        let (first, last) = key.text.split_once('-').unwrap_or((&key.text, &key.text));
        let word = Word { text: key.text.clone(), span: key.span, plain: true };
        let days = holiday::weekday(first)
            .zip(holiday::weekday(last))
            .filter(|(first, last)| first <= last);
        let Some((first, last)) = days else {
            wrong(
                &word,
                "no day of the week",
                "Write `mon`, `sat`, or a span such as `mon-fri`.",
                report,
            );
            continue;
        };
        let text = node.text().unwrap_or("");
        match Hours::parse(text) {
            Some(hours) => calendar.week[first..=last].fill(hours),
            None => {
                let word = Word { text: text.to_owned(), span: node.span, plain: true };
                let help =
                    "Write `\"08:00-18:00\"`, `\"08:00-12:00, 13:00-17:00\"`, `open` or `closed`.";
                wrong(&word, "no opening hours", help, report);
            }
        }
    }
}

fn read_holidays(node: &Node, calendar: &mut Calendar, report: &mut Report) {
    let words = shape::words(node, "holidays", report);
    match words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>()[..] {
        [] | ["none"] => {}
        ["place"] => calendar.holidays = Holidays::OfPlace,
        _ => {
            for word in &words {
                if !holiday::names().any(|name| name == word.text) {
                    let help = match nearest(&word.text, holiday::names()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => {
                            "Write `place`, `none`, or a country or region such as `us` or `de-by`."
                                .to_owned()
                        }
                    };
                    wrong(word, "no country with a table of holidays", &help, report);
                }
            }
            calendar.holidays = Holidays::Of(words.into_iter().map(|word| word.text).collect());
        }
    }
    for word in shape::words(node, "open_on", report) {
        match holiday::days_of_rules(&word.text) {
            Ok(days) => calendar.open_on.extend(days),
            Err(_) => wrong(
                &word,
                "no rule for a day",
                "Write `12-25`, `2mon-10`, `Lmon-05`, `e-2` ...; see docs/RULES.md.",
                report,
            ),
        }
    }
    calendar.open_on.sort_unstable();
}

fn read_dates(node: &Node, calendar: &mut Calendar, report: &mut Report) {
    for word in shape::words(node, "closed", report) {
        match civil::parse_date(&word.text).and_then(|day| i32::try_from(day).ok()) {
            Some(day) => calendar.dated.push((day, Hours::CLOSED)),
            None => wrong(&word, "no date", "Write `2026-11-27`.", report),
        }
    }
    for (key, node) in node.get("hours").map_or(&[][..], Node::entries) {
        let word = Word { text: key.text.clone(), span: key.span, plain: true };
        let Some(hours) = node.text().and_then(Hours::parse) else {
            let word =
                Word { text: node.text().unwrap_or("").to_owned(), span: node.span, plain: true };
            wrong(&word, "no opening hours", "Write `\"08:00-12:00\"`.", report);
            continue;
        };
        let day = civil::parse_date(&key.text).and_then(|day| i32::try_from(day).ok());
        match (day, holiday::month_day(&key.text)) {
            (Some(day), _) => calendar.dated.push((day, hours)),
            (None, Some((month, day))) => calendar.yearly.push((month, day, hours)),
            (None, None) => {
                wrong(&word, "no date", "Write `2026-12-24` or, for every year, `12-24`.", report)
            }
        }
    }
    calendar.dated.sort_by_key(|(day, _)| *day);
    calendar.dated.dedup_by_key(|(day, _)| *day);
}

fn read_use(node: &Node, catalogue: &Catalogue, report: &mut Report) -> Use {
    if !shape::map(node, "`use`", &["role", "carrier", "service", "country"], &["role"], report) {
        return Use::default();
    }
    let mut used = Use::default();
    for word in shape::words(node, "role", report) {
        match Role::from_name(&word.text) {
            Some(role) => used.roles.push(role),
            None => wrong(&word, "no role", "Write `origin`, `destination` or `network`.", report),
        }
    }
    let mut names = |key: &str, kind: Name| -> Vec<String> {
        let words = shape::words(node, key, report);
        for word in &words {
            let known = catalogue.names(kind);
            if known.is_some_and(|known| !known.contains(&word.text)) {
                wrong(
                    word,
                    &format!("no known {}", kind.noun()),
                    "See `crossdock rules fields`.",
                    report,
                );
            }
        }
        words.into_iter().map(|word| word.text).collect()
    };
    used.carriers = names("carrier", Name::Carrier);
    used.services = names("service", Name::Service);
    used.countries = names("country", Name::Country);
    used
}
