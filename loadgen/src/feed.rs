//! The feeds that documents are written for, by the names under which crossdock knows them.

/// A feed: one carrier's, aggregator's or partner's own format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feed {
    /// crossdock's own event: order systems, warehouses, stores, local fleets.
    Generic,
    /// UPS Track, `/track/v1/details`.
    UpsTrack,
    /// UPS Track Alert: one event a webhook.
    UpsAlert,
    /// FedEx Track v1.
    Fedex,
    /// USPS Tracking v3.
    Usps,
    /// DHL Shipment Tracking, Unified.
    Dhl,
    /// EasyPost `tracker.updated`.
    Easypost,
    /// AfterShip `tracking_update`.
    Aftership,
    /// Shippo `track_updated`.
    Shippo,
    /// USPS Web Tools, XML.
    UspsXml,
    /// DHL Express XML services, tracking.
    DhlXml,
    /// X12 214.
    X12,
    /// GS1 EPCIS 2.0, JSON-LD: one event about one pallet.
    Epcis,
}

impl Feed {
    /// Every feed.
    pub const ALL: [Self; 13] = [
        Self::Generic,
        Self::UpsTrack,
        Self::UpsAlert,
        Self::Fedex,
        Self::Usps,
        Self::Dhl,
        Self::Easypost,
        Self::Aftership,
        Self::Shippo,
        Self::UspsXml,
        Self::DhlXml,
        Self::X12,
        Self::Epcis,
    ];

    /// The name in subjects and capture files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::UpsTrack => "ups-track",
            Self::UpsAlert => "ups-track-alert",
            Self::Fedex => "fedex-track",
            Self::Usps => "usps-v3",
            Self::Dhl => "dhl-unified",
            Self::Easypost => "easypost",
            Self::Aftership => "aftership",
            Self::Shippo => "shippo",
            Self::UspsXml => "usps-xml",
            Self::DhlXml => "dhl-express-xml",
            Self::X12 => "x12-214",
            Self::Epcis => "epcis",
        }
    }

    /// The feed of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feed| feed.name() == name)
    }

    /// True where a document may list several events.
    #[must_use]
    pub const fn lists_events(self) -> bool {
        !matches!(self, Self::Generic | Self::UpsAlert | Self::X12 | Self::Epcis)
    }

    /// True where the document is text rather than JSON.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::UspsXml | Self::DhlXml | Self::X12)
    }

    /// True where shipments cross borders and the feed has words for customs.
    pub(crate) const fn knows_borders(self) -> bool {
        !matches!(self, Self::Usps | Self::UspsXml | Self::Shippo | Self::X12 | Self::Epcis)
    }

    /// True where a time has no seconds.
    pub(crate) const fn has_minutes_only(self) -> bool {
        matches!(self, Self::UspsXml | Self::X12)
    }

    /// True where times are those of Greenwich, so that no wall clock is known.
    pub(crate) const fn is_universal(self) -> bool {
        matches!(self, Self::X12)
    }

    /// The feeds of the mixed workload: of a hundred shipments, 70 JSON, 15 XML, 10 X12, 5 EPCIS.
    pub(crate) fn mixed() -> Vec<(Self, u32)> {
        vec![
            (Self::Generic, 10),
            (Self::UpsTrack, 8),
            (Self::UpsAlert, 8),
            (Self::Fedex, 8),
            (Self::Usps, 8),
            (Self::Dhl, 7),
            (Self::Easypost, 7),
            (Self::Aftership, 7),
            (Self::Shippo, 7),
            (Self::UspsXml, 8),
            (Self::DhlXml, 7),
            (Self::X12, 10),
            (Self::Epcis, 5),
        ]
    }
}
