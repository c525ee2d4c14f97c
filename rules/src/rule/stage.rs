//! The words of a rule test -> shipments, events and estimates.

use crossdock_model::detail::{Detail, Evidence};
use crossdock_model::event::{Event, EventFlags};
use crossdock_model::exception::ExceptionClass;
use crossdock_model::id::{FeedId, Fingerprint};
use crossdock_model::milestone::Milestone;
use crossdock_model::reason::Reason;
use crossdock_model::record::Seconds;
use crossdock_model::time::{EventTime, Micros, Precision, ZoneSource};
use crossdock_standard::zone::ZoneId;

use super::diagnostic::Report;
#[cfg(test)]
use super::diagnostic::Span;
use super::duration::Duration;
use super::event_set::ALIASES;
use super::facts::{Accuracy, End, Eta, Feed, HashInterner, Lane, Point, Scene, Subject};
use super::scenario::{OwnedScene, Setting};
use super::suite::{Step, fault};
use super::yaml::Node;
use crate::calendar::zones;

/// Turns offsets into moments.
pub(crate) type Moment<'a> = &'a dyn Fn(&str) -> Option<i64>;

/// The shipment of `ships:` or `given:`.
pub(crate) fn setting(node: &Node, report: &mut Report) -> Setting {
    let mut setting = Setting::default();
    for (key, value) in node.entries() {
        let text = value.text().unwrap_or("");
        let name = HashInterner::of(text);
        let shipment = &mut setting.shipment;
        match key.text.as_str() {
            "carrier" => shipment.carrier = name,
            "service" => shipment.service = name,
            "tenant" => shipment.tenant = name,
            "mode" => shipment.mode = name,
            "tier" => shipment.tier = name,
            "lane" => shipment.lane = name,
            "feed" => setting.feed.name = name,
            "number" => setting.number = Some(text.to_owned()),
            "is_return" => shipment.is_return = text == "true",
            "pieces" => shipment.pieces = text.parse().unwrap_or(0),
            "pieces_delivered" => shipment.pieces_delivered = text.parse().ok(),
            "value" => shipment.value = text.parse().unwrap_or(0),
            "subject" => {
                shipment.subject = match text {
                    "feed" => Subject::Feed,
                    "order" => Subject::Order,
                    _ => Subject::Shipment,
                }
            }
            "origin" => (shipment.origin, setting.origin_postal) = end(value, report),
            "destination" => {
                (shipment.destination, setting.destination_postal) = end(value, report)
            }
            "promise_at" | "appointment_at" | "pickup_until" | "return_label_until" => {}
            other => {
                let help = "Keys are carrier, service, tenant, mode, tier, lane, feed, number, is_return, pieces, pieces_delivered, value, subject, origin, destination, promise_at, appointment_at, pickup_until, return_label_until.";
                fault(key.span, format!("a shipment has no `{other}`"), help, report);
            }
        }
    }
    setting
}

/// The moments of `ships:`, which need the zone and start first.
pub(crate) fn moments(node: &Node, setting: &mut Setting, moment: Moment<'_>) {
    let at = |key: &str| {
        let moment = node.get(key).and_then(Node::text).and_then(moment);
        moment.and_then(|at| u32::try_from(at).ok()).map_or(Seconds::NEVER, Seconds)
    };
    setting.shipment.promise_at = at("promise_at");
    setting.shipment.appointment_at = at("appointment_at");
    setting.shipment.pickup_until = at("pickup_until");
    setting.shipment.return_label_until = at("return_label_until");
}

fn end(node: &Node, report: &mut Report) -> (End, Option<String>) {
    let text = |key: &str| node.get(key).and_then(Node::text);
    let zone = text("tz").and_then(|name| ZoneId::from_name(name.as_bytes()));
    if let (Some(name), None) = (text("tz"), zone) {
        fault(
            node.span,
            format!("`{name}` is no time zone"),
            "Write an IANA name such as America/Chicago.",
            report,
        );
    }
    let name = |key: &str| HashInterner::of(&text(key).unwrap_or("").to_ascii_lowercase());
    let end = End {
        country: name("country"),
        region: name("region"),
        zone,
        point: text("point").and_then(point),
    };
    (end, text("zip").or_else(|| text("postal")).map(str::to_owned))
}

/// `41.88,-87.63`.
fn point(text: &str) -> Option<Point> {
    let degrees = |text: &str| -> Option<i32> {
        let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, places) = text.split_once('.').unwrap_or((text, ""));
        let value: i32 =
            format!("{whole}{places:0<6}").parse().ok().filter(|_| places.len() <= 6)?;
        Some(sign * value)
    };
    let (lat, lon) = text.split_once(',')?;
    Some(Point { lat_e6: degrees(lat.trim())?, lon_e6: degrees(lon.trim())? })
}

/// `learned: { gap.p95: 30h, support: 900 }`.
pub(crate) fn lane(node: &Node) -> Lane {
    let seconds = |key: &str| match node.get(key).and_then(Node::text).map(Duration::parse) {
        Some(Ok(Duration::Plain(seconds))) => seconds,
        _ => 0,
    };
    Lane {
        gap_p50: seconds("gap.p50"),
        gap_p90: seconds("gap.p90"),
        gap_p95: seconds("gap.p95"),
        gap_p99: seconds("gap.p99"),
        support: node
            .get("support")
            .and_then(Node::text)
            .and_then(|text| text.parse().ok())
            .unwrap_or(0),
    }
}

/// `{ grace: 2h, silent: true, silent_for: 3h, limit: 2h }`; of `{ ups: {...} }` the first.
pub(crate) fn feed(node: &Node, feed: &mut Feed) {
    for (key, value) in node.entries() {
        if !value.entries().is_empty() {
            self::feed(value, feed);
            continue;
        }
        feed_pair(&key.text, value.text().unwrap_or(""), feed);
    }
}

pub(crate) fn feed_pair(key: &str, text: &str, feed: &mut Feed) {
    let seconds = match Duration::parse(text) {
        Ok(Duration::Plain(seconds)) => seconds,
        _ => 0,
    };
    match key {
        "grace" => feed.grace = seconds,
        "silent" => feed.is_silent = text == "true",
        "silent_for" => feed.silent_seconds = seconds,
        "limit" => feed.limit_seconds = seconds,
        _ => {}
    }
}

/// `{ p50: +3d, p90: +4d, carrier: +2d, p_breach: 0.8, confidence: high }` over what was known.
pub(crate) fn eta<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    mut eta: Eta,
    moment: Moment<'_>,
) -> Eta {
    for (key, text) in pairs {
        let at =
            || moment(text).and_then(|at| u32::try_from(at).ok()).map_or(Seconds::NEVER, Seconds);
        match key {
            "p50" => eta.p50_at = at(),
            "p90" => eta.p90_at = at(),
            "carrier" => eta.carrier_at = at(),
            "p_breach" => {
                let (whole, places) = text.split_once('.').unwrap_or((text, ""));
                eta.breach_e6 = format!("{whole}{places:0<6}").parse().ok();
            }
            "confidence" => {
                eta.confidence = match text {
                    "low" => 1,
                    "medium" => 2,
                    "high" => 3,
                    _ => 0,
                }
            }
            _ => {}
        }
    }
    eta
}

/// The event of a step that has a word and a time and nothing else.
#[cfg(test)]
pub(crate) fn word_event(word: &str, at: i64, happened: i64) -> (Event, OwnedScene) {
    let step = Step {
        what: word.to_owned(),
        pairs: vec![("event_time".to_owned(), happened.to_string())],
        span: Span::default(),
        at: at.to_string(),
    };
    let moment = |text: &str| text.parse().ok();
    event(&step, at, &Setting::default(), &moment, &mut Report::default()).expect("a known word")
}

/// The event of a step, received at `at`.
pub(crate) fn event(
    step: &Step,
    at: i64,
    setting: &Setting,
    moment: Moment<'_>,
    report: &mut Report,
) -> Option<(Event, OwnedScene)> {
    let Some((detail, milestone, class)) = meaning(&step.what) else {
        let text = format!("unknown event `{}`", step.what);
        fault(
            step.span,
            text,
            "Events are named after milestones, exception classes and details.",
            report,
        );
        return None;
    };
    let happened = match step.get("event_time") {
        None => at,
        Some(text) => match moment(text) {
            Some(happened) => happened,
            None => {
                fault(
                    step.span,
                    format!("`{text}` is no moment"),
                    "Write `+3h` or `+1bd@17:30`.",
                    report,
                );
                return None;
            }
        },
    };
    let scan = detail.evidence() == Evidence::Physical && class == ExceptionClass::None;
    let flag = |key: &str, set: EventFlags, otherwise: bool| {
        let on = step.get(key).map_or(otherwise, |text| text == "true");
        if on { set.0 } else { 0 }
    };
    let flags = EventFlags(
        flag("physical", EventFlags::PHYSICAL, scan)
            | flag("estimate", EventFlags::ESTIMATE, detail.evidence() == Evidence::Estimate)
            | flag("unmapped", EventFlags::UNMAPPED, detail == Detail::Unmapped)
            | flag("resolves", EventFlags::RESOLVES, false)
            | flag("untrusted", EventFlags::UNTRUSTED_TIME, false)
            | flag("retracts", EventFlags::RETRACTS, false),
    );
    let reason = reason(step, report)?;
    let class = match step.get("exception") {
        Some(name) => ExceptionClass::from_name(&name.to_ascii_uppercase()).unwrap_or(class),
        None => class,
    };
    let zone = setting.shipment.destination.zone.or(setting.shipment.origin.zone).map(zones::of);
    let local = zone.map_or(at, |zone| {
        let (day, second) = zones::local(zone, happened);
        i64::from(day) * 86_400 + i64::from(second)
    });
    let key = format!("{step:?}{at}");
    let event = Event {
        fingerprint: Fingerprint(xxhash_rust::xxh3::xxh3_64(key.as_bytes())),
        time: EventTime {
            instant: Micros::from_seconds(happened),
            local: Micros::from_seconds(local),
            precision: Precision::Second,
            zone_source: ZoneSource::GivenOffset,
        },
        received: Micros::from_seconds(at),
        place: step.get("place").map_or(0, |place| xxhash_rust::xxh3::xxh3_64(place.as_bytes())),
        feed: FeedId(0),
        flags,
        detail,
        milestone,
        exception: class,
        reason,
        party: reason.party(),
        direction: milestone.direction(),
    };
    Some((event, scene(step)))
}

fn scene(step: &Step) -> OwnedScene {
    let accuracy = match step.get("accuracy") {
        Some("rooftop") => Accuracy::Rooftop,
        Some("street") => Accuracy::Street,
        Some("postcode") => Accuracy::Postcode,
        Some("city") => Accuracy::City,
        Some("region") => Accuracy::Region,
        _ => Accuracy::Unknown,
    };
    OwnedScene {
        scene: Scene {
            point: step.get("point").and_then(point),
            accuracy,
            country: HashInterner::of(step.get("country").unwrap_or("")),
            region: HashInterner::of(step.get("region").unwrap_or("")),
            ..Scene::default()
        },
        code: step.get("code").map(str::to_owned),
        text: step.get("text").map(str::to_owned),
        signed_by: step.get("signed_by").map(str::to_owned),
    }
}

fn reason(step: &Step, report: &mut Report) -> Option<Reason> {
    let Some(name) = step.get("reason") else { return Some(Reason::None) };
    let reason = Reason::from_name(&name.to_ascii_uppercase());
    if reason.is_none() {
        let help = "`crossdock rules fields` lists the reasons.";
        fault(step.span, format!("unknown reason `{name}`"), help, report);
    }
    reason
}

/// What a word means as an event: the first detail of a milestone, a record of an exception, or a detail.
fn meaning(word: &str) -> Option<(Detail, Milestone, ExceptionClass)> {
    let word = ALIASES.iter().find(|(alias, _)| *alias == word).map_or(word, |(_, name)| name);
    let (axis, name) = word.split_once('.').unwrap_or(("", word));
    let name = name.to_ascii_uppercase();
    let milestone =
        Milestone::from_name(&name).filter(|milestone| *milestone != Milestone::Unknown);
    if let Some(milestone) = milestone.filter(|_| axis != "exception" && axis != "detail") {
        let detail = Detail::ALL.iter().find(|detail| detail.milestone() == milestone)?;
        return Some((*detail, milestone, ExceptionClass::None));
    }
    let class = ExceptionClass::from_name(&name).filter(|class| *class != ExceptionClass::None);
    if let Some(class) = class.filter(|_| axis != "detail") {
        return Some((Detail::ExceptionOnly, Milestone::Unknown, class));
    }
    if name == "PHYSICAL_SCAN" {
        return Some((Detail::InTransitGeneric, Milestone::InTransit, ExceptionClass::None));
    }
    let detail = Detail::from_name(&name)?;
    Some((detail, detail.milestone(), ExceptionClass::None))
}
