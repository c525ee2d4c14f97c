//! What a feed's codes mean: `../codes.csv`.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

/// Milestones by rank.
pub const MILESTONES: [(u8, &str); 27] = [
    (0, "UNKNOWN"),
    (10, "ORDER_CREATED"),
    (12, "ORDER_RELEASED"),
    (14, "PICKED"),
    (16, "PACKED"),
    (18, "MANIFESTED"),
    (19, "CARRIER_PICKUP_SCHEDULED"),
    (20, "CARRIER_POSSESSION"),
    (30, "IN_TRANSIT"),
    (34, "CUSTOMS"),
    (38, "AT_DESTINATION_FACILITY"),
    (40, "OUT_FOR_DELIVERY"),
    (42, "DELIVERY_ATTEMPTED"),
    (44, "AVAILABLE_FOR_PICKUP"),
    (48, "PARTIALLY_DELIVERED"),
    (50, "DELIVERED"),
    (60, "RETURNING_TO_SENDER"),
    (64, "RETURNED_TO_SENDER"),
    (70, "RETURN_REQUESTED"),
    (71, "RETURN_LABEL_ISSUED"),
    (74, "RETURN_IN_TRANSIT"),
    (76, "RETURN_RECEIVED"),
    (78, "INSPECTION_PENDING"),
    (80, "DISPOSITION_DECIDED"),
    (82, "REFUND_RELEASED"),
    (83, "REPLACEMENT_RELEASED"),
    (90, "CANCELLED"),
];

/// The name of a rank.
pub fn name(rank: u8) -> &'static str {
    MILESTONES.iter().find(|(number, _)| *number == rank).map_or("UNKNOWN", |(_, name)| name)
}

/// Classes of exceptions; the place in this list is the bit in a set.
pub const CLASSES: [&str; 12] = [
    "DELAYED",
    "ADDRESS_ISSUE",
    "DAMAGED",
    "REFUSED",
    "HELD",
    "CUSTOMS_HOLD",
    "MISROUTED",
    "DELIVERY_FAILED",
    "TRACKING_CONFLICT",
    "PAYMENT_DUE",
    "UNCLAIMED",
    "CAPACITY",
];

/// What a code means.
#[derive(Clone, Copy, Debug)]
pub struct Meaning {
    /// Place in the table.
    pub id: u32,
    /// Rank of the milestone, 0 for none.
    pub rank: u8,
    /// Place in [`CLASSES`].
    pub exception: Option<u8>,
    pub physical: bool,
    pub estimate: bool,
    pub resolves: bool,
    pub unmapped: bool,
    pub releases_customs: bool,
}

/// What nobody has in a table.
pub const UNMAPPED: Meaning = Meaning {
    id: u32::MAX,
    rank: 0,
    exception: None,
    physical: false,
    estimate: false,
    resolves: false,
    unmapped: true,
    releases_customs: false,
};

#[derive(Deserialize)]
struct Row {
    feed: String,
    code: String,
    detail: String,
    rank: u8,
    exception: String,
    physical: u8,
    estimate: u8,
    resolves: u8,
    unmapped: u8,
}

/// Feed, then code.
#[derive(Debug, Default)]
pub struct Table(HashMap<String, HashMap<String, Meaning>>);

impl Table {
    pub fn load(path: &Path) -> Result<Self, csv::Error> {
        let mut table = Self::default();
        for (id, row) in (0..).zip(csv::Reader::from_path(path)?.deserialize()) {
            let row: Row = row?;
            let class = CLASSES.iter().position(|class| *class == row.exception);
            assert!(row.exception.is_empty() || class.is_some(), "no class {}", row.exception);
            let meaning = Meaning {
                id,
                rank: row.rank,
                exception: class.map(|class| class as u8),
                physical: row.physical == 1,
                estimate: row.estimate == 1,
                resolves: row.resolves == 1,
                unmapped: row.unmapped == 1,
                releases_customs: row.detail == "CUSTOMS_RELEASED",
            };
            // A comma would end the field of a plain reader of CSV; the table has `;` for it.
            table.0.entry(row.feed).or_default().insert(row.code.replace(';', ","), meaning);
        }
        Ok(table)
    }

    pub fn get(&self, feed: &str, code: &str) -> Meaning {
        self.0.get(feed).and_then(|codes| codes.get(code)).copied().unwrap_or(UNMAPPED)
    }
}
