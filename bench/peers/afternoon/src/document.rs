//! Documents of four feeds: one struct each, as serde_json reads them.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDateTime};
use serde::Deserialize;

/// One line of a capture file, its document still text.
#[derive(Debug)]
pub struct Envelope<'a> {
    pub tenant: &'a str,
    pub feed: &'a str,
    /// Seconds since 1970.
    pub received: i64,
    pub document: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Line<'a> {
    tenant: &'a str,
    feed: &'a str,
    received: &'a str,
    #[serde(borrow)]
    document: &'a serde_json::value::RawValue,
}

impl<'a> Envelope<'a> {
    pub fn read(line: &'a str) -> Option<Self> {
        let line: Line<'a> = serde_json::from_str(line).ok()?;
        let raw = line.document.get();
        // A broken document stands as a text.
        let document = if raw.starts_with('"') {
            Cow::Owned(serde_json::from_str(raw).ok()?)
        } else {
            Cow::Borrowed(raw)
        };
        let received = DateTime::parse_from_rfc3339(line.received).ok()?.timestamp();
        Some(Self { tenant: line.tenant, feed: line.feed, received, document })
    }
}

/// What all feeds come down to.
#[derive(Debug)]
pub struct Event<'a> {
    pub carrier: Cow<'a, str>,
    pub number: Cow<'a, str>,
    /// The code as it stands in `codes.csv`.
    pub code: String,
    /// Seconds since 1970, and seconds that the wall clock is ahead of UTC.
    pub time: i64,
    pub offset: i64,
    pub city: Cow<'a, str>,
    pub country: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Generic<'a> {
    #[serde(borrow)]
    carrier: Cow<'a, str>,
    #[serde(borrow)]
    tracking_number: Cow<'a, str>,
    event: &'a str,
    time: &'a str,
    #[serde(default)]
    exception: &'a str,
    #[serde(borrow)]
    city: Cow<'a, str>,
    #[serde(borrow)]
    country: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Easypost<'a> {
    #[serde(borrow)]
    result: Tracker<'a>,
}

#[derive(Deserialize)]
struct Tracker<'a> {
    #[serde(borrow)]
    tracking_code: Cow<'a, str>,
    carrier: &'a str,
    #[serde(borrow)]
    tracking_details: Vec<TrackingDetail<'a>>,
}

#[derive(Deserialize)]
struct TrackingDetail<'a> {
    message: &'a str,
    status: &'a str,
    status_detail: &'a str,
    datetime_local: &'a str,
    #[serde(borrow)]
    tracking_location: Location<'a>,
}

#[derive(Deserialize)]
struct Location<'a> {
    #[serde(borrow)]
    city: Cow<'a, str>,
    #[serde(borrow)]
    country: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Aftership<'a> {
    #[serde(borrow)]
    msg: Msg<'a>,
}

#[derive(Deserialize)]
struct Msg<'a> {
    #[serde(borrow)]
    tracking_number: Cow<'a, str>,
    slug: &'a str,
    #[serde(borrow)]
    checkpoints: Vec<Checkpoint<'a>>,
}

#[derive(Deserialize)]
struct Checkpoint<'a> {
    #[serde(borrow)]
    city: Cow<'a, str>,
    country_iso3: &'a str,
    checkpoint_time: &'a str,
    subtag: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpsAlert<'a> {
    #[serde(borrow)]
    tracking_number: Cow<'a, str>,
    #[serde(borrow)]
    activity_location: Location<'a>,
    #[serde(borrow)]
    activity_status: ActivityStatus<'a>,
    gmt_activity_date: &'a str,
    gmt_activity_time: &'a str,
    gmt_offset: &'a str,
}

#[derive(Deserialize)]
struct ActivityStatus<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(default)]
    code: &'a str,
    #[serde(rename = "descriptionCode")]
    description_code: &'a str,
}

/// Reads a document; a document holds one event here. `None`: a dead letter.
pub fn read<'a>(envelope: &'a Envelope<'_>) -> Option<Event<'a>> {
    let text: &'a str = &envelope.document;
    let event = match envelope.feed {
        "generic" => generic(text),
        "easypost" => easypost(text),
        "aftership" => aftership(text),
        "ups-track-alert" => ups_alert(text),
        _ => None,
    }?;
    (!event.number.is_empty()).then_some(event)
}

fn zoned(text: &str) -> Option<(i64, i64)> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    Some((time.timestamp(), i64::from(time.offset().local_minus_utc())))
}

fn generic(text: &str) -> Option<Event<'_>> {
    let document: Generic<'_> = serde_json::from_str(text).ok()?;
    let (time, offset) = zoned(document.time)?;
    Some(Event {
        carrier: document.carrier,
        number: document.tracking_number,
        code: format!("{}|{}", document.event, document.exception),
        time,
        offset,
        city: document.city,
        country: document.country,
    })
}

fn easypost(text: &str) -> Option<Event<'_>> {
    let tracker = serde_json::from_str::<Easypost<'_>>(text).ok()?.result;
    let detail = tracker.tracking_details.into_iter().next()?;
    let (time, offset) = zoned(detail.datetime_local)?;
    Some(Event {
        carrier: Cow::Owned(tracker.carrier.to_lowercase()),
        number: tracker.tracking_code,
        code: format!("{}|{}|{}", detail.status, detail.status_detail, detail.message),
        time,
        offset,
        city: detail.tracking_location.city,
        country: detail.tracking_location.country,
    })
}

fn aftership(text: &str) -> Option<Event<'_>> {
    let msg = serde_json::from_str::<Aftership<'_>>(text).ok()?.msg;
    let checkpoint = msg.checkpoints.into_iter().next()?;
    let (time, offset) = zoned(checkpoint.checkpoint_time)?;
    Some(Event {
        carrier: Cow::Borrowed(msg.slug),
        number: msg.tracking_number,
        code: checkpoint.subtag.to_owned(),
        time,
        offset,
        city: checkpoint.city,
        country: Cow::Borrowed(checkpoint.country_iso3),
    })
}

fn ups_alert(text: &str) -> Option<Event<'_>> {
    let alert: UpsAlert<'_> = serde_json::from_str(text).ok()?;
    let both = format!("{}{}", alert.gmt_activity_date, alert.gmt_activity_time);
    let time = NaiveDateTime::parse_from_str(&both, "%Y%m%d%H%M%S").ok()?.and_utc().timestamp();
    let (hours, minutes) = alert.gmt_offset.split_once('.')?;
    let size = hours.trim_start_matches(['+', '-']).parse::<i64>().ok()? * 3600
        + minutes.parse::<i64>().ok()? * 60;
    let status = alert.activity_status;
    Some(Event {
        carrier: Cow::Borrowed("ups"),
        number: alert.tracking_number,
        code: format!("{}|{}|{}", status.kind, status.code, status.description_code),
        time,
        offset: if hours.starts_with('-') { -size } else { size },
        city: alert.activity_location.city,
        country: alert.activity_location.country,
    })
}
