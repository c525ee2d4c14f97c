//! Every shape against what carriers write, row by row.

use super::*;
use proptest::prelude::*;

/// Reads `text = result` rows of one shape. A result is written as RFC 3339 cut to the precision, with the fraction, the
/// offset or zone, and a note; an error as `!` and its message.
fn check(shape: TimeShape, rows: &[&str]) {
    for row in rows {
        let (text, expected) = row.split_once(" => ").unwrap();
        let found = match parse(shape, text.as_bytes()) {
            Ok(time) => show(&time),
            Err(error) => format!("! {error}"),
        };
        assert_eq!(found, expected, "{} \"{text}\"", shape.name());
    }
}

fn show(time: &LocalTime) -> String {
    let mut text = Vec::new();
    write::write_local(
        &mut text,
        &LocalTime { precision: Precision::Subsecond, offset_minutes: None, ..*time },
    );
    let mut text = String::from_utf8(text).unwrap();
    text.truncate(match time.precision {
        Precision::Date => 10,
        Precision::Hour => 13,
        Precision::Minute => 16,
        Precision::Second => 19,
        Precision::Subsecond => 26,
    });
    if time.precision == Precision::Subsecond && time.micros == 0 {
        text += ".0";
    }
    if let Some(minutes) = time.offset_minutes {
        text += &format!(" {minutes:+}");
    }
    match time.zone {
        Some(ZoneCode::Season { zone, minutes }) => {
            text += &format!(" {} {minutes:+}", zone.name())
        }
        Some(ZoneCode::Zone(zone)) => text += &format!(" {}", zone.name()),
        Some(other) => text += &format!(" {other:?}"),
        None => {}
    }
    if time.note != TimeNote::None {
        text += &format!(" {:?}", time.note);
    }
    text
}

#[test]
fn iso() {
    check(
        TimeShape::Iso,
        &[
            "2024-08-20T12:41:57-04:00 => 2024-08-20T12:41:57 -240",
            "2024-08-20T12:41:57Z => 2024-08-20T12:41:57 +0",
            "2024-08-20T12:41:57 => 2024-08-20T12:41:57",
            "2024-08-20 12:41:57 => 2024-08-20T12:41:57",
            " 2024-08-20 12:41:57\n => 2024-08-20T12:41:57",
            "2024-08-20T12:41:57+0530 => 2024-08-20T12:41:57 +330",
            "2024-08-20T12:41:57+02 => 2024-08-20T12:41:57 +120",
            "2024-08-20T12:41:57 -0400 => 2024-08-20T12:41:57 -240",
            "2024-08-20T12:41:57.123Z => 2024-08-20T12:41:57.123 +0",
            "2024-08-20T12:41:57.000Z => 2024-08-20T12:41:57.0 +0",
            "2026-04-17T23:43:17.6571145 => 2026-04-17T23:43:17.657114",
            "2021-07-24T13:00:15.85088+00:00 => 2021-07-24T13:00:15.850880 +0",
            "2024-08-20T12:41:57,5 => 2024-08-20T12:41:57.500",
            "2024-04-04 14:03:12:000 => 2024-04-04T14:03:12.0",
            "2024-08-20T12:41 => 2024-08-20T12:41",
            "2024-08-20T12:41Z => 2024-08-20T12:41 +0",
            "2024-11-22 13:58 => 2024-11-22T13:58",
            "2024-08-20 => 2024-08-20",
            "2024-8-2 => 2024-08-02",
            "2011-04-29+02:00 => 2011-04-29 +120",
            "2011-04-29Z => 2011-04-29 +0",
            "2021-05-07 23:59:00 GMT-04:00 => 2021-05-07T23:59:00 -240",
            "2021-01-29 01:25:57 UTC => 2021-01-29T01:25:57 +0",
            "2024-07-20 12:41:57 EST => 2024-07-20T12:41:57 America/New_York -300",
            "2024-08-20T12:41:57+02:00[Europe/Berlin] => 2024-08-20T12:41:57 +120",
            "2024-08-20 1:12:05 PM => 2024-08-20T13:12:05",
            "2018-10-01T24:00:00 => 2018-10-02T00:00:00 EndOfDay",
            "2024-12-31T24:00 => 2025-01-01T00:00 EndOfDay",
            "2016-12-31T23:59:60Z => 2016-12-31T23:59:59 +0 LeapSecond",
            "1900-01-01T00:00:00 => 1900-01-01T00:00:00",
            "2200-12-31T23:59:59 => 2200-12-31T23:59:59",
            "2024-02-29T00:00:00 => 2024-02-29T00:00:00",
            "2023-02-29T00:00:00 => ! the month has no day 29, at byte 0",
            "2024-02-30 => ! the month has no day 30, at byte 0",
            "2024-04-31T00:00:00Z => ! the month has no day 31, at byte 0",
            "2025-25-02 => ! month 25 at byte 0 isn't in 1 to 12",
            "2025-00-02 => ! month 0 at byte 0 isn't in 1 to 12",
            "2025-01-48T10:00:00 => ! the month has no day 48, at byte 0",
            "1899-12-31T23:59:59 => ! year 1899 at byte 0 isn't in 1900 to 2200",
            "0001-01-01T00:00:00 => ! year 1 at byte 0 isn't in 1900 to 2200",
            "2201-01-01T00:00:00 => ! year 2201 at byte 0 isn't in 1900 to 2200",
            "2024-08-20T25:00:00 => ! hour 25 at byte 11 is past 24:00",
            "2024-08-20T24:01:00 => ! hour 24 at byte 11 is past 24:00",
            "2024-08-20T12:60:00 => ! minute 60 at byte 11 is past 59",
            "2024-08-20T12:00:61 => ! second 61 at byte 11 is past 60",
            "2024-08-20T12:41:57+15:00 => ! the offset at byte 19 isn't one like -05:00 or Z",
            "2024-08-20T12:41:57 XYZ => ! the word at byte 20 isn't a zone like EST",
            "2024-08-20T12:41:57; => ! \";\" at byte 19, after the time has ended",
            "2024-08-20T => ! text ends at byte 11, before its time does",
            "2024-08-20T12 => ! text ends at byte 13, before its time does",
            "2024-08 => ! text ends at byte 7, before its time does",
            "2024/08/20 => ! \"/\" at byte 4 where a separator goes",
            "20240820 => ! \"0\" at byte 4 where a separator goes",
            "N/A => ! \"N\" at byte 0 where a digit goes",
            " => ! no time in the text",
        ],
    );
}

#[test]
fn year_first_and_compact() {
    check(
        TimeShape::YearFirst,
        &[
            "2024/08/20 12:41 => 2024-08-20T12:41",
            "2024.8.2 => 2024-08-02",
            "2015 11 27 / 05:46:00 => 2015-11-27T05:46:00",
            "2024/08-20 => ! \"-\" at byte 7 where a separator goes",
        ],
    );
    check(
        TimeShape::CompactDate,
        &[
            "20191218 => 2019-12-18",
            "20191219 1004 => 2019-12-19T10:04",
            "20110308 091442 => 2011-03-08T09:14:42",
            "20240820T124157Z => 2024-08-20T12:41:57 +0",
            "20240820 1:12 pm => 2024-08-20T13:12",
            "20240820 74700 => 2024-08-20T07:47:00",
            "20190229 => ! the month has no day 29, at byte 0",
            "202513 => ! 6 digits at byte 0, a number this shape doesn't have",
            "201912181004 => ! 12 digits at byte 0, a number this shape doesn't have",
        ],
    );
    check(
        TimeShape::CompactDateTime,
        &[
            "202408201241 => 2024-08-20T12:41",
            "20240820124157 => 2024-08-20T12:41:57",
            "20240820124157-0400 => 2024-08-20T12:41:57 -240",
            "20240820124157Z => 2024-08-20T12:41:57 +0",
            "20240820124157123 => 2024-08-20T12:41:57.123",
            "20240820 124157 => 2024-08-20T12:41:57",
            "2024082012 => 2024-08-20T12",
            "202502021715 => 2025-02-02T17:15",
            "202025021715 => ! month 25 at byte 0 isn't in 1 to 12",
            "202402482715 => ! the month has no day 48, at byte 0",
            "202408202500 => ! hour 25 at byte 8 is past 24:00",
            "20240820124 => ! 11 digits at byte 0, a number this shape doesn't have",
        ],
    );
}

#[test]
fn clocks() {
    check(
        TimeShape::ClockCompact,
        &[
            "0000 => 1970-01-01T00:00",
            "1004 => 1970-01-01T10:04",
            "747 => 1970-01-01T07:47",
            "74700 => 1970-01-01T07:47:00",
            "182506 => 1970-01-01T18:25:06",
            "2400 => 1970-01-02T00:00 EndOfDay",
            "235960 => 1970-01-01T23:59:59 LeapSecond",
            "074700Z => 1970-01-01T07:47:00 +0",
            "0747 ET => 1970-01-01T07:47 America/New_York",
            "0747LT => 1970-01-01T07:47 LocalAtPlace",
            "2460 => ! minute 60 at byte 0 is past 59",
            "2500 => ! hour 25 at byte 0 is past 24:00",
            "12 => ! 2 digits at byte 0, a number this shape doesn't have",
            "1234567 => ! 7 digits at byte 0, a number this shape doesn't have",
            "noon => ! \"n\" at byte 0 where a digit goes",
        ],
    );
    check(
        TimeShape::ClockColon,
        &[
            "06:45 => 1970-01-01T06:45",
            "14:30:00 => 1970-01-01T14:30:00",
            "08:00:00+01:00 => 1970-01-01T08:00:00 +60",
            "14:03:12.5 => 1970-01-01T14:03:12.500",
            "14:03:12:000 => 1970-01-01T14:03:12.0",
            "10.02 => 1970-01-01T10:02",
            "1:12 pm => 1970-01-01T13:12",
            "24:00 => 1970-01-02T00:00 EndOfDay",
            "9:10 => 1970-01-01T09:10",
            "12 => ! text ends at byte 2, before its time does",
            "12: => ! text ends at byte 3, before its time does",
            "12:4 => ! text ends at byte 4, before its time does",
            "12:60 => ! minute 60 at byte 0 is past 59",
        ],
    );
    check(
        TimeShape::ClockAmPm,
        &[
            "1:12 pm => 1970-01-01T13:12",
            "9:10 am => 1970-01-01T09:10",
            "10:03 AM => 1970-01-01T10:03",
            "12:00 am => 1970-01-01T00:00",
            "12:30PM => 1970-01-01T12:30",
            "01:12:05 P.M. => 1970-01-01T13:12:05",
            "1:12:05 p. m. => 1970-01-01T13:12:05",
            "12:12 a.\u{a0}m. => 1970-01-01T00:12",
            "1:12:05\u{202f}PM => 1970-01-01T13:12:05",
            "1 pm => 1970-01-01T13",
            "1:12 pm EST => 1970-01-01T13:12 America/New_York -300",
            "13:12 => 1970-01-01T13:12",
            "13:12 pm => 1970-01-01T13:12",
            "13:12 am => ! hour 13 at byte 0 is past 24:00",
            "1:12 => ! clock at byte 0 has no am or pm",
            "1:12 pst => ! clock at byte 0 has no am or pm",
        ],
    );
}

#[test]
fn dates_of_people() {
    check(
        TimeShape::MonthName,
        &[
            "October 15, 2026 => 2026-10-15",
            "October 15, 2026 1:12 pm => 2026-10-15T13:12",
            "October 15, 2026, 1:12 pm => 2026-10-15T13:12",
            "Oct 15 2026 => 2026-10-15",
            "January 6, 2016 => 2016-01-06",
            "Oct. 15th, 2026 => 2026-10-15",
            "15-Oct-2026 => 2026-10-15",
            "15-OCT-26 09:10 => 2026-10-15T09:10",
            "15 October 2026 => 2026-10-15",
            "8 octobre 2019 => 2019-10-08",
            "Tue, 20 Aug 2024 12:41:57 -0400 => 2024-08-20T12:41:57 -240",
            "Tuesday, August 20, 2024 => 2024-08-20",
            "Feb 30, 2026 => ! the month has no day 30, at byte 0",
            "Smarch 13, 2026 => ! the word at byte 11 isn't a month",
            "15-Foo-2026 => ! the word at byte 3 isn't a month",
            "October 15 => ! text ends at byte 10, before its time does",
        ],
    );
    check(
        TimeShape::InWords,
        &[
            "Delivered, in/at mailbox, July 14, 2020, 2:58 pm, JERICHO, NY 11753 => 2020-07-14T14:58",
            "Out for Delivery, 07/14/2020, 7:10 am, JERICHO, NY 11753 => 2020-07-14T07:10",
            "Your item was left at the mailbox at 2:58 P.M. on July 14, 2020 in 1 MAY ST. => 2020-07-14T14:58",
            "Info sent, USPS awaiting item, May 15, 2016 => 2016-05-15",
            "In May 5 parcels; MARCH 1st, 2021 => 2021-03-01",
            "Expected by 9:00pm on 3/1/21 => 2021-03-01T21:00",
            "Gate 10:30 opened, January 2, 2021 => 2021-01-02",
            "In transit => ! no date stands in these words",
            "Feb 30, 2026 => ! no date stands in these words",
        ],
    );
    check(
        TimeShape::UsSlash,
        &[
            "08/10/2019 => 2019-08-10",
            "8/1/19 1:12 PM => 2019-08-01T13:12",
            "12-31-1999 => 1999-12-31",
            "17/01/2020 => ! month 17 at byte 0 isn't in 1 to 12",
        ],
    );
    check(
        TimeShape::EuSlash,
        &[
            "08/10/2019 => 2019-10-08",
            "17/01/2020 => 2020-01-17",
            "18.03.2016 10:02 => 2016-03-18T10:02",
            "10.09.2025 => 2025-09-10",
            "31.04.2025 => ! the month has no day 31, at byte 0",
            "18.03/2016 => ! \"/\" at byte 5 where a separator goes",
        ],
    );
}

#[test]
fn counts() {
    check(
        TimeShape::UnixSeconds,
        &[
            "1724157717 => 2024-08-20T12:41:57 +0",
            "1724157717.25 => 2024-08-20T12:41:57.250 +0",
            "0 => 1970-01-01T00:00:00 +0",
            "-1 => 1969-12-31T23:59:59 +0",
            "-1.25 => 1969-12-31T23:59:58.750 +0",
            "1724157717123 => ! the count at byte 0 lies outside 1900 to 2200",
            "99999999999999999999 => ! the count at byte 0 lies outside 1900 to 2200",
            "- => ! text ends at byte 1, before its time does",
        ],
    );
    check(
        TimeShape::UnixMillis,
        &[
            "1724157717123 => 2024-08-20T12:41:57.123 +0",
            "1724157717000 => 2024-08-20T12:41:57.0 +0",
            "-500 => 1969-12-31T23:59:59.500 +0",
        ],
    );
}

#[test]
fn edi() {
    check(TimeShape::ShortDate, &["191227 => 2019-12-27", "991227 => 1999-12-27"]);
    check(TimeShape::ShortDateEu, &["271219 => 2019-12-27"]);
    check(
        TimeShape::ShortDateTime,
        &["1912270736 => 2019-12-27T07:36", "191227073601 => 2019-12-27T07:36:01"],
    );
    check(
        TimeShape::EdifactDtm102,
        &["20200225 => 2020-02-25", "202002251728 => 2020-02-25T17:28"],
    );
    check(
        TimeShape::EdifactDtm203,
        &["202002251728 => 2020-02-25T17:28", "20200225172859 => 2020-02-25T17:28:59"],
    );
    check(TimeShape::EdifactDtm204, &["20200225172859 => 2020-02-25T17:28:59"]);
    check(
        TimeShape::EdifactDtm205,
        &[
            "202002251728+0200 => 2020-02-25T17:28 +120",
            "202002251728-0330 => 2020-02-25T17:28 -210",
        ],
    );
    check(
        TimeShape::EdifactDtm303,
        &[
            "202002251728EST => 2020-02-25T17:28 America/New_York -300",
            "202002251728UTC => 2020-02-25T17:28 +0",
            "202002251728+01 => 2020-02-25T17:28 +60",
            "202002251728QQQ => ! the word at byte 12 isn't a zone like EST",
        ],
    );
    check(
        TimeShape::EdifactDtm304,
        &["20200225172859CET => 2020-02-25T17:28:59 Europe/Berlin +60"],
    );
    check(
        TimeShape::X12Date,
        &[
            "20191218 => 2019-12-18",
            "191218 => 2019-12-18",
            "2019121 => ! 7 digits at byte 0, a number this shape doesn't have",
        ],
    );
    check(
        TimeShape::X12Time,
        &[
            "0000 => 1970-01-01T00:00",
            "1004 => 1970-01-01T10:04",
            "100459 => 1970-01-01T10:04:59",
            "1004595 => 1970-01-01T10:04:59.500",
            "10045957 => 1970-01-01T10:04:59.570",
            "2400 => 1970-01-02T00:00 EndOfDay",
            "74700 => ! 5 digits at byte 0, a number this shape doesn't have",
        ],
    );
}

#[test]
fn dates_and_clocks_join() {
    let read = |shape, text: &str| parse(shape, text.as_bytes()).unwrap();
    let joined = join(read(TimeShape::X12Date, "20191231"), read(TimeShape::X12Time, "2400"));
    assert_eq!(show(&joined), "2020-01-01T00:00 EndOfDay");
    let joined =
        join(read(TimeShape::Iso, "2011-04-29+02:00"), read(TimeShape::ClockColon, "10:00"));
    assert_eq!(show(&joined), "2011-04-29T10:00 +120");
    let joined = join(
        read(TimeShape::Iso, "2011-04-29T00:00:00"),
        read(TimeShape::ClockAmPm, "1:12 pm EST"),
    );
    assert_eq!(show(&joined), "2011-04-29T13:12 America/New_York -300");
    assert_eq!(show(&joined.with_offset(-240)), "2011-04-29T13:12 -240");
    assert_eq!(joined.with_offset(-240).instant(), Some(joined.seconds + 4 * 3600));
    assert_eq!(joined.instant(), None);
}

#[test]
fn midnight_may_be_a_date() {
    let read =
        |text: &str| parse(TimeShape::Iso, text.as_bytes()).unwrap().midnight_as_date().precision;
    assert_eq!(read("2024-08-20T00:00:00-06:00"), Precision::Date);
    assert_eq!(read("2024-08-20T00:00:01-06:00"), Precision::Second);
    assert_eq!(read("2024-08-20T24:00:00-06:00"), Precision::Second);
    assert!(Precision::Date < Precision::Minute && Precision::Second < Precision::Subsecond);
}

#[test]
fn samples_are_guessed() {
    for (text, shape, ambiguous) in [
        ("2024-08-20T12:41:57-04:00", TimeShape::Iso, false),
        ("October 15, 2026", TimeShape::MonthName, false),
        ("03/04/2026", TimeShape::UsSlash, true),
        ("13/04/2026", TimeShape::EuSlash, false),
        ("20191219", TimeShape::CompactDate, false),
        ("1:12 pm", TimeShape::ClockAmPm, false),
        ("06:45", TimeShape::ClockColon, false),
        ("74700", TimeShape::ClockCompact, false),
        ("1724157717", TimeShape::UnixSeconds, false),
        ("1724157717123", TimeShape::UnixMillis, false),
        ("202408201241", TimeShape::CompactDateTime, false),
    ] {
        assert_eq!(guess(text.as_bytes()), Some((shape, ambiguous)), "{text}");
    }
    assert_eq!(guess(b"delivered"), None);
}

#[test]
fn names_are_one_to_one() {
    for shape in TimeShape::ALL {
        assert_eq!(TimeShape::from_name(shape.name()), Some(shape));
        assert_eq!(TimeShape::ALL.iter().filter(|&&other| other == shape).count(), 1);
    }
    for (qualifier, text) in
        [("102", "20200225"), ("203", "202002251728"), ("2", "250220"), ("402", "172859")]
    {
        let shape = TimeShape::from_edifact(qualifier.as_bytes()).unwrap();
        assert!(parse(shape, text.as_bytes()).is_ok(), "{qualifier}");
    }
    assert_eq!(TimeShape::from_edifact(b"718"), None);
    assert_eq!(TimeShape::from_x12(b"D8"), Some(TimeShape::X12Date));
}

#[test]
fn the_size_stays_small() {
    assert_eq!(size_of::<LocalTime>(), 24);
    assert_eq!(size_of::<TimeError>(), 6);
}

proptest! {
    #[test]
    fn any_bytes_give_a_time_in_range_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        for shape in TimeShape::ALL {
            if let Ok(time) = parse(shape, &bytes) {
                prop_assert!(time.micros < 1_000_000);
            }
        }
    }

    #[test]
    fn texts_of_digits_and_separators_never_panic(text in "[0-9TZ:/. +-]{0,30}( ?[ap]m)?( ?[A-Z]{2,4})?") {
        for shape in TimeShape::ALL {
            if let Ok(time) = parse(shape, text.as_bytes()) {
                let years = -80 * 366..231 * 366;
                prop_assert!(years.contains(&time.day()), "{}", shape.name());
            }
        }
    }
}
