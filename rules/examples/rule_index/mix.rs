//! The generated rules and events of the bench: one seed, one mix, whoever evaluates them.
//!
//! The mix: 70 % of the rules wait for one of 12 milestones, the others for three; 60 % name one of 20 carriers, 30 % a
//! list of 3 of 12 services, 30 % one of 15 destination countries, 80 % have a numeric threshold that 5 % of the
//! events pass on average. That leaves about as many matches per event as the reference's loose mix.
//!
//! `bench/peers/rules` puts the same rules to other engines.

use crossdock_model::detail::Detail;
use crossdock_model::event::{Event, EventFlags};
use crossdock_model::exception::ExceptionClass;
use crossdock_model::id::{FeedId, Fingerprint};
use crossdock_model::milestone::{Direction, Milestone};
use crossdock_model::reason::{Party, Reason};
use crossdock_model::record::{Record, Seconds};
use crossdock_model::time::{EventTime, Micros};
use crossdock_rules::rule::facts::{
    End, Eta, Facts, Feed, HashInterner, Lane, Scene, Shipment, Symbol, Texts,
};

const CARRIERS: u64 = 20;
const SERVICES: u64 = 12;
const COUNTRIES: u64 = 15;
/// Milestones that the generator uses, with a detail of each.
const DETAILS: [Detail; 12] = [
    Detail::LabelCreated,
    Detail::PickedUp,
    Detail::ArrivedFacility,
    Detail::CustomsPresented,
    Detail::ArrivedDeliveryDepot,
    Detail::OutForDelivery,
    Detail::Attempted,
    Detail::PickupReadyPoint,
    Detail::Delivered,
    Detail::RtsInitiated,
    Detail::ReturnInTransit,
    Detail::ReturnReceived,
];

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// A rule as numbers: what brute force compares.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    pub(crate) milestones: Vec<Milestone>,
    pub(crate) carrier: Option<u64>,
    pub(crate) services: Vec<u64>,
    pub(crate) country: Option<u64>,
    /// Field 0 to 2 and threshold.
    pub(crate) threshold: Option<(usize, u32)>,
}

pub(crate) const FIELDS: [&str; 3] = ["shipment.value", "shipment.pieces", "gap.support"];

pub(crate) fn plain(random: &mut Random) -> Plain {
    let count = if random.chance(70) { 1 } else { 3 };
    Plain {
        milestones: (0..count).map(|_| DETAILS[random.below(12) as usize].milestone()).collect(),
        carrier: random.chance(60).then(|| random.below(CARRIERS)),
        services: if random.chance(30) {
            (0..3).map(|_| random.below(SERVICES)).collect()
        } else {
            vec![]
        },
        country: random.chance(30).then(|| random.below(COUNTRIES)),
        threshold: random
            .chance(80)
            .then(|| (random.below(3) as usize, 900 + random.below(100) as u32)),
    }
}

pub(crate) fn file(rules: &[Plain]) -> String {
    let mut text = String::from("version: 1\nrules:\n");
    for (index, rule) in rules.iter().enumerate() {
        let name = |milestone: &Milestone| milestone.name().to_ascii_lowercase();
        let events: Vec<String> = rule.milestones.iter().map(name).collect();
        let mut scope = Vec::new();
        scope.extend(rule.carrier.map(|carrier| format!("carrier: c{carrier}")));
        if !rule.services.is_empty() {
            let names: Vec<String> =
                rule.services.iter().map(|service| format!("s{service}")).collect();
            scope.push(format!("service: [{}]", names.join(", ")));
        }
        scope.extend(rule.country.map(|country| format!("destination.country: x{country}")));
        text.push_str(&format!("  - id: r{index:05}\n    event: [{}]\n", events.join(", ")));
        if !scope.is_empty() {
            text.push_str(&format!("    scope: {{ {} }}\n", scope.join(", ")));
        }
        if let Some((field, threshold)) = rule.threshold {
            text.push_str(&format!("    where: {} > {threshold}\n", FIELDS[field]));
        }
        text.push_str(&format!("    raise: {{ code: R{index} }}\n"));
    }
    text
}

pub(crate) struct Case {
    pub(crate) event: Event,
    pub(crate) shipment: Shipment,
    pub(crate) lane: Lane,
    pub(crate) carrier: u64,
    pub(crate) service: u64,
    pub(crate) country: u64,
}

pub(crate) fn case(random: &mut Random) -> Case {
    let detail = DETAILS[random.below(12) as usize];
    let (carrier, service, country) =
        (random.below(CARRIERS), random.below(SERVICES), random.below(COUNTRIES));
    let name =
        |letter: char, number: u64| -> Symbol { HashInterner::of(&format!("{letter}{number}")) };
    let shipment = Shipment {
        carrier: name('c', carrier),
        service: name('s', service),
        destination: End { country: name('x', country), ..End::default() },
        value: random.below(1000) as u32 + 1,
        pieces: random.below(1000) as u16 + 1,
        ..Shipment::default()
    };
    let event = Event {
        fingerprint: Fingerprint(random.next()),
        time: EventTime { instant: Micros::from_seconds(1_770_000_000), ..EventTime::default() },
        received: Micros::from_seconds(1_770_000_100),
        place: 0,
        feed: FeedId(0),
        flags: EventFlags::PHYSICAL,
        detail,
        milestone: detail.milestone(),
        exception: ExceptionClass::None,
        reason: Reason::None,
        party: Party::Unknown,
        direction: Direction::Forward,
    };
    let lane = Lane { support: random.below(1000) as u32, ..Lane::default() };
    Case { event, shipment, lane, carrier, service, country }
}

pub(crate) fn holds(rule: &Plain, case: &Case) -> bool {
    let values = values(case);
    rule.milestones.contains(&case.event.milestone)
        && rule.carrier.is_none_or(|carrier| carrier == case.carrier)
        && (rule.services.is_empty() || rule.services.contains(&case.service))
        && rule.country.is_none_or(|country| country == case.country)
        && rule.threshold.is_none_or(|(field, threshold)| threshold < values[field])
}

/// The fields that thresholds are of, as [`FIELDS`] names them.
pub(crate) fn values(case: &Case) -> [u32; 3] {
    [case.shipment.value, u32::from(case.shipment.pieces), case.lane.support]
}

pub(crate) fn with_facts<T>(case: &Case, run: impl FnOnce(&Facts<'_>) -> T) -> T {
    let record = Record { event_count: 3, ..Record::default() };
    let (eta, feed) = (Eta::default(), Feed::default());
    run(&Facts {
        before: &record,
        after: &record,
        event: Some(&case.event),
        scene: Scene::default(),
        history: &[],
        shipment: &case.shipment,
        texts: Texts::default(),
        eta_before: &eta,
        eta: &eta,
        lane: &case.lane,
        feed: &feed,
        now: Seconds(1_770_000_100),
    })
}
