//! The account of estimates: what was asked, said, learned, and how dates were kept.

/// What the forecast has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EstimateTally {
    /// Shipments under way that are watched, now.
    pub flights: u64,
    /// Questions asked.
    pub asked: u64,
    /// Questions without an answer.
    pub unanswered: u64,
    /// Estimates said for the first time.
    pub first: u64,
    /// Estimates that replaced another one.
    pub moved: u64,
    /// Estimates taken back because nothing can be said any more.
    pub withdrawn: u64,
    /// Outcomes learned from, one for each class that a delivered shipment passed.
    pub learned: u64,
    /// Outcomes left out.
    pub excluded: u64,
    /// Lanes known, now.
    pub lanes: u64,
    /// Shipments nobody has heard of for so long that they are no longer watched.
    pub forgotten: u64,
    /// Deliveries by the day of the carrier's last own estimate, and after it.
    pub carrier_kept: u64,
    /// See `carrier_kept`.
    pub carrier_missed: u64,
    /// Deliveries by the promised day, and after it.
    pub promise_kept: u64,
    /// See `promise_kept`.
    pub promise_missed: u64,
}

impl EstimateTally {
    /// Adds another account to this one.
    pub fn add(&mut self, other: &Self) {
        self.flights += other.flights;
        self.asked += other.asked;
        self.unanswered += other.unanswered;
        self.first += other.first;
        self.moved += other.moved;
        self.withdrawn += other.withdrawn;
        self.learned += other.learned;
        self.excluded += other.excluded;
        self.lanes += other.lanes;
        self.forgotten += other.forgotten;
        self.carrier_kept += other.carrier_kept;
        self.carrier_missed += other.carrier_missed;
        self.promise_kept += other.promise_kept;
        self.promise_missed += other.promise_missed;
    }
}
