//! Every value that a predicate or a message may use: name, type, and whether it can be absent.
//!
//! # Holds
//!
//! - [`FieldId`] is an index into a row of values; `row` fills it.
//! - The list is what `crossdock rules fields` prints; nothing else is reachable from a rule.

use std::fmt::Write;

use crossdock_model::detail::Detail;
use crossdock_model::event::Possession;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::milestone::{Direction, Milestone};
use crossdock_model::reason::{Party, Reason};

/// The kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A number with six places.
    Float,
    /// Words as the carrier or the shipper wrote them.
    Text,
    /// One of a closed list.
    Enum(Enum),
    /// A name of the tenant's world: carrier, service, country.
    Name(Name),
    /// A moment, to the second.
    Instant,
    /// A calendar day.
    Date,
    /// A time of day.
    Time,
    /// A length of time.
    Duration,
    /// A place on the globe.
    Point,
}

/// A closed list of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named after the types of the model")]
pub enum Enum {
    Milestone,
    Detail,
    Exception,
    Reason,
    Party,
    Direction,
    Possession,
    Accuracy,
    Confidence,
    Subject,
}

/// What a name is a name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each says it")]
pub enum Name {
    Carrier,
    Service,
    Tenant,
    Mode,
    Tier,
    Country,
    Region,
    Feed,
    Lane,
}

impl Name {
    /// The word in messages.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Carrier => "carrier",
            Self::Service => "service",
            Self::Tenant => "tenant",
            Self::Mode => "mode",
            Self::Tier => "tier",
            Self::Country => "country",
            Self::Region => "region",
            Self::Feed => "feed",
            Self::Lane => "lane",
        }
    }
}

impl Enum {
    /// The word in messages.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Milestone => "milestone",
            Self::Detail => "detail",
            Self::Exception => "exception class",
            Self::Reason => "reason",
            Self::Party => "party",
            Self::Direction => "direction",
            Self::Possession => "possession",
            Self::Accuracy => "accuracy",
            Self::Confidence => "confidence",
            Self::Subject => "subject",
        }
    }

    /// Its words, lower case, with their numbers.
    #[must_use]
    pub fn words(self) -> Vec<(String, i64)> {
        let mut words = Vec::new();
        self.each(&mut |word, number| words.push((word.to_ascii_lowercase(), number)));
        words
    }

    /// Adds the word of a number, lower case; the number itself where it has none.
    pub(crate) fn write_word(self, out: &mut String, wanted: i64) {
        let start = out.len();
        self.each(&mut |word, number| {
            if number == wanted && out.len() == start {
                out.push_str(word);
            }
        });
        out[start..].make_ascii_lowercase();
        if out.len() == start {
            write!(out, "{wanted}").expect("writing to a string");
        }
    }

    /// Visits its words as the taxonomy writes them, with their numbers.
    fn each(self, visit: &mut dyn FnMut(&str, i64)) {
        fn of<T: Copy>(
            all: &[T],
            name: fn(T) -> &'static str,
            number: fn(T) -> i64,
            visit: &mut dyn FnMut(&str, i64),
        ) {
            all.iter().for_each(|item| visit(name(*item), number(*item)));
        }
        let mut fixed =
            |words: &[&str]| words.iter().zip(0..).for_each(|(word, number)| visit(word, number));
        match self {
            Self::Accuracy => {
                fixed(&["unknown", "rooftop", "street", "postcode", "city", "region"]);
            }
            Self::Confidence => fixed(&["unknown", "low", "medium", "high"]),
            Self::Subject => fixed(&["shipment", "feed", "order"]),
            Self::Milestone => of(Milestone::ALL, Milestone::name, |item| item as i64, visit),
            Self::Detail => of(Detail::ALL, Detail::name, |item| item as i64, visit),
            Self::Exception => {
                of(ExceptionClass::ALL, ExceptionClass::name, |item| item as i64, visit);
            }
            Self::Reason => of(Reason::ALL, Reason::name, |item| item as i64, visit),
            Self::Party => of(&PARTIES, Party::name, |item| item as i64, visit),
            Self::Direction => of(&DIRECTIONS, Direction::name, |item| item as i64, visit),
            Self::Possession => of(&POSSESSIONS, Possession::name, |item| item as i64, visit),
        }
    }
}

/// Every party.
pub(crate) const PARTIES: [Party; 7] = [
    Party::Unknown,
    Party::Carrier,
    Party::Shipper,
    Party::Consignee,
    Party::Customs,
    Party::ForceMajeure,
    Party::Platform,
];

/// Every lane.
pub(crate) const DIRECTIONS: [Direction; 3] =
    [Direction::Forward, Direction::ReturnToSender, Direction::Return];

const POSSESSIONS: [Possession; 7] = [
    Possession::Unknown,
    Possession::Shipper,
    Possession::Carrier,
    Possession::Customs,
    Possession::PickupPoint,
    Possession::Consignee,
    Possession::ReturnsCenter,
];

impl Type {
    /// The word in messages.
    #[must_use]
    pub fn noun(self) -> String {
        match self {
            Self::Bool => "bool".to_owned(),
            Self::Int => "int".to_owned(),
            Self::Float => "float".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Enum(list) => format!("enum<{}>", list.noun().replace(' ', "_")),
            Self::Name(name) => format!("enum<{}>", name.noun()),
            Self::Instant => "instant".to_owned(),
            Self::Date => "local_date".to_owned(),
            Self::Time => "local_time".to_owned(),
            Self::Duration => "duration".to_owned(),
            Self::Point => "point".to_owned(),
        }
    }
}

/// What changes a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Group {
    /// The event at hand: absent on timers.
    Event = 0,
    /// What the fold made of the events.
    Record = 1,
    /// The shipment's attributes.
    Shipment = 2,
    /// The estimate.
    Eta = 3,
    /// Statistics of the lane.
    Lane = 4,
    /// The feed.
    Feed = 5,
}

macro_rules! fields {
    ($($variant:ident, $name:literal, $kind:expr, $optional:literal, $group:ident, $doc:literal;)*) => {
        /// A field, as an index into a row of values.
        #[expect(missing_docs, reason = "`FieldId::doc` has the text of each")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum FieldId { $($variant,)* }

        impl FieldId {
            /// Every field.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in rule files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The kind of its value.
            #[must_use]
            pub const fn kind(self) -> Type {
                match self { $(Self::$variant => $kind,)* }
            }

            /// True where it can be absent.
            #[must_use]
            pub const fn is_optional(self) -> bool {
                match self { $(Self::$variant => $optional,)* }
            }

            /// What changes it.
            #[must_use]
            pub const fn group(self) -> Group {
                match self { $(Self::$variant => Group::$group,)* }
            }

            /// What it is.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }
        }
    };
}

fields! {
    EventMilestone, "event.milestone", Type::Enum(Enum::Milestone), true, Event, "the milestone that the event implies";
    EventDetail, "event.detail", Type::Enum(Enum::Detail), false, Event, "what exactly happened";
    EventException, "event.exception", Type::Enum(Enum::Exception), true, Event, "the exception class that the event opens";
    EventReason, "event.reason", Type::Enum(Enum::Reason), true, Event, "why";
    EventParty, "event.party", Type::Enum(Enum::Party), true, Event, "whose doing";
    EventDirection, "event.direction", Type::Enum(Enum::Direction), false, Event, "the lane that the event belongs to";
    EventPhysical, "event.physical", Type::Bool, false, Event, "somebody had the goods in hand";
    EventEstimate, "event.estimate", Type::Bool, false, Event, "a guess about the future";
    EventUnmapped, "event.unmapped", Type::Bool, false, Event, "the code is not in the feed's table";
    EventUntrusted, "event.untrusted_time", Type::Bool, false, Event, "the sender's time can't be true";
    EventLate, "event.late", Type::Bool, false, Event, "older than the newest event known before it";
    EventTime, "event.time", Type::Instant, true, Event, "when it happened";
    EventReceived, "event.received", Type::Instant, false, Event, "when it came in";
    EventLateness, "event.lateness", Type::Duration, true, Event, "from happening to coming in";
    EventPoint, "event.point", Type::Point, true, Event, "where it happened";
    EventAccuracy, "event.point_accuracy", Type::Enum(Enum::Accuracy), true, Event, "how exact `event.point` is";
    EventCountry, "event.country", Type::Name(Name::Country), true, Event, "the country where it happened";
    EventRegion, "event.region", Type::Name(Name::Region), true, Event, "the region where it happened";
    EventCode, "event.code", Type::Text, true, Event, "the carrier's code as sent";
    EventText, "event.text", Type::Text, true, Event, "the carrier's words as sent";
    EventSignedBy, "event.signed_by", Type::Text, true, Event, "who signed, as the carrier tells it";
    Milestone, "shipment.milestone", Type::Enum(Enum::Milestone), false, Record, "where the shipment is";
    Previous, "shipment.previous", Type::Enum(Enum::Milestone), false, Record, "where it was before";
    Direction, "shipment.direction", Type::Enum(Enum::Direction), false, Record, "its lane";
    Possession, "shipment.possession", Type::Enum(Enum::Possession), false, Record, "who holds it";
    LastDetail, "shipment.detail", Type::Enum(Enum::Detail), true, Record, "the last detail that was news";
    LastReason, "shipment.reason", Type::Enum(Enum::Reason), true, Record, "why the last exception was opened";
    Attempts, "shipment.attempts", Type::Int, false, Record, "failed delivery attempts";
    Corrections, "shipment.corrections", Type::Int, false, Record, "how often a delivery was taken back";
    HasProof, "shipment.has_proof", Type::Bool, false, Record, "a proof of delivery exists";
    Inferred, "shipment.possession_inferred", Type::Bool, false, Record, "possession is inferred from a later scan";
    EventCount, "shipment.event_count", Type::Int, false, Record, "events of this epoch";
    ExceptionCount, "shipment.exception_count", Type::Int, false, Record, "exceptions opened in this epoch";
    StepCount, "shipment.step_count", Type::Int, false, Record, "milestones entered, repeats counted";
    FirstAt, "shipment.first_at", Type::Instant, true, Record, "time of the first event";
    LastAt, "shipment.last_at", Type::Instant, true, Record, "time of the newest trusted event";
    ScanAt, "shipment.scan_at", Type::Instant, true, Record, "time of the newest physical scan";
    MilestoneAt, "shipment.milestone_at", Type::Instant, true, Record, "time at which the milestone was reached";
    PossessionAt, "shipment.possession_at", Type::Instant, true, Record, "time of the earliest physical scan";
    DeliveredAt, "shipment.delivered_at", Type::Instant, true, Record, "time of the delivery that stands";
    AttemptedAt, "shipment.attempted_at", Type::Instant, true, Record, "time of the last failed attempt";
    Subject, "shipment.subject", Type::Enum(Enum::Subject), false, Shipment, "what the rule is about: shipment, feed or order";
    Tenant, "shipment.tenant", Type::Name(Name::Tenant), true, Shipment, "whose it is";
    Carrier, "shipment.carrier", Type::Name(Name::Carrier), true, Shipment, "who carries it";
    Service, "shipment.service", Type::Name(Name::Service), true, Shipment, "the carrier's service";
    Mode, "shipment.mode", Type::Name(Name::Mode), true, Shipment, "parcel, ltl, ftl, bopis, return, b2b";
    Tier, "shipment.tier", Type::Name(Name::Tier), true, Shipment, "the merchant's tier";
    LaneName, "shipment.lane", Type::Name(Name::Lane), true, Shipment, "country of the origin, dash, country of the destination: `de-fr`";
    IsReturn, "shipment.is_return", Type::Bool, false, Shipment, "known to be a return";
    Pieces, "shipment.pieces", Type::Int, true, Shipment, "pieces of the shipment or order";
    PiecesDelivered, "shipment.pieces_delivered", Type::Int, true, Shipment, "pieces delivered";
    Value, "shipment.value", Type::Int, true, Shipment, "worth in whole units of the tenant's currency";
    PromiseAt, "shipment.promise_at", Type::Instant, true, Shipment, "the last moment of the promised delivery";
    AppointmentAt, "shipment.appointment_at", Type::Instant, true, Shipment, "the end of the agreed appointment";
    PickupUntil, "shipment.pickup_until", Type::Instant, true, Shipment, "until when it can be collected";
    ReturnLabelUntil, "shipment.return_label_until", Type::Instant, true, Shipment, "until when the return label is good";
    OriginCountry, "origin.country", Type::Name(Name::Country), true, Shipment, "country of the origin";
    OriginRegion, "origin.region", Type::Name(Name::Region), true, Shipment, "region of the origin";
    OriginPoint, "origin.point", Type::Point, true, Shipment, "where the origin is";
    OriginPostal, "origin.postal", Type::Text, true, Shipment, "postal code of the origin";
    DestinationCountry, "destination.country", Type::Name(Name::Country), true, Shipment, "country of the destination";
    DestinationRegion, "destination.region", Type::Name(Name::Region), true, Shipment, "region of the destination";
    DestinationPoint, "destination.point", Type::Point, true, Shipment, "where the destination is";
    DestinationPostal, "destination.postal", Type::Text, true, Shipment, "postal code of the destination";
    Number, "shipment.number", Type::Text, true, Shipment, "the tracking number";
    EtaP50, "eta.p50_at", Type::Instant, true, Eta, "delivered by then with a probability of one half";
    EtaP90, "eta.p90_at", Type::Instant, true, Eta, "delivered by then with a probability of nine tenths";
    EtaP50Date, "eta.p50_date", Type::Date, true, Eta, "the day of `eta.p50_at` at the destination";
    EtaCarrier, "eta.carrier_at", Type::Instant, true, Eta, "the carrier's own estimate";
    EtaBreach, "eta.p_breach", Type::Float, true, Eta, "probability that the promise is broken";
    EtaPastPromise, "eta.days_past_promise", Type::Int, true, Eta, "days from the promise to `eta.p50_date`";
    EtaPastCarrier, "eta.days_past_carrier", Type::Int, true, Eta, "days from the carrier's estimate to `eta.p50_date`";
    EtaConfidence, "eta.confidence", Type::Enum(Enum::Confidence), true, Eta, "low, medium or high";
    GapP50, "gap.p50", Type::Duration, true, Lane, "median time between scans on the lane";
    GapP90, "gap.p90", Type::Duration, true, Lane, "90 % of the times between scans on the lane";
    GapP95, "gap.p95", Type::Duration, true, Lane, "95 %";
    GapP99, "gap.p99", Type::Duration, true, Lane, "99 %";
    GapSupport, "gap.support", Type::Int, false, Lane, "how many gaps these numbers rest on";
    FeedName, "feed.name", Type::Name(Name::Feed), true, Feed, "the feed";
    FeedSilent, "feed.silent", Type::Bool, false, Feed, "the feed has been silent for longer than it ever is";
    FeedSilentFor, "feed.silent_for", Type::Duration, false, Feed, "time since the feed's last message";
    FeedLimit, "feed.limit", Type::Duration, true, Feed, "silence that is still usual";
}

/// How many fields there are.
pub const FIELD_COUNT: usize = FieldId::ALL.len();

/// Short names for the fields that scopes use.
const SHORT: [(&str, FieldId); 9] = [
    ("subject", FieldId::Subject),
    ("tenant", FieldId::Tenant),
    ("carrier", FieldId::Carrier),
    ("service", FieldId::Service),
    ("mode", FieldId::Mode),
    ("tier", FieldId::Tier),
    ("lane", FieldId::LaneName),
    ("feed", FieldId::FeedName),
    ("direction", FieldId::Direction),
];

impl FieldId {
    /// The field of a name such as `event.reason`, or of a short one such as `carrier`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let short = SHORT.iter().find(|(known, _)| *known == name).map(|(_, field)| *field);
        short.or_else(|| Self::ALL.iter().copied().find(|field| field.name() == name))
    }

    /// The fields that the running engine gives to no rule so far: tests and `explain --test` do. They are absent for
    /// every shipment there, so an atom over one of them is false (decisions 0018 and 0024). What is not in this list is
    /// seen with a value by a rule in a running engine: `tests/tests/fields.rs` holds the two together.
    pub const NOT_GIVEN: [Self; 12] = [
        Self::EtaP50,
        Self::EtaP90,
        Self::EtaP50Date,
        Self::EtaBreach,
        Self::EtaPastPromise,
        Self::EtaPastCarrier,
        Self::EtaConfidence,
        Self::GapP50,
        Self::GapP90,
        Self::GapP95,
        Self::GapP99,
        Self::GapSupport,
    ];

    /// False where the running engine never has a value of it: see [`Self::NOT_GIVEN`].
    #[must_use]
    pub fn is_given(self) -> bool {
        !Self::NOT_GIVEN.contains(&self)
    }

    /// The fields that a shard looks up in the index before any rule.
    pub const INDEXED: [Self; 8] = [
        Self::Carrier,
        Self::Service,
        Self::DestinationCountry,
        Self::Tenant,
        Self::Mode,
        Self::EventReason,
        Self::Tier,
        Self::FeedName,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for &field in FieldId::ALL {
            assert_eq!(FieldId::from_name(field.name()), Some(field));
            assert_eq!(FieldId::ALL[field as usize], field);
        }
        assert_eq!(FieldId::from_name("carrier"), Some(FieldId::Carrier));
        assert!(Enum::Reason.words().iter().any(|(word, _)| word == "weather"));
    }
}
