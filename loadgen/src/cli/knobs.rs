//! The knobs of a plan on the command line: a workload, and whatever differs from it.
//!
//! # Holds
//!
//! - Every knob of [`Parameters`] can be set; what is not set is the workload's.

use clap::Args;
use crossdock_loadgen::feed::Feed;
use crossdock_loadgen::parameters::{Parameters, Workload};
use crossdock_loadgen::plan::Plan;

use super::Failure;

/// What to make.
#[derive(Clone, Debug, Args)]
pub(crate) struct Knobs {
    /// The canonical workload to start from: flat, nested, history or mixed.
    #[arg(long, default_value = "flat", value_parser = workload)]
    workload: Workload,
    /// Shipments.
    #[arg(long, default_value_t = 250_000)]
    shipments: u64,
    /// Everything follows from it.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Feeds with their weights, such as `ups-track=3,generic=1`.
    #[arg(long, value_delimiter = ',', value_parser = weighted_feed)]
    feeds: Vec<(Feed, u32)>,
    /// Shipments on their way at one time [default: all].
    #[arg(long, help_heading = "Knobs")]
    active: Option<u64>,
    /// First receipt, seconds since 1970.
    #[arg(long, help_heading = "Knobs")]
    start_seconds: Option<i64>,
    /// Mean seconds between two events of a shipment.
    #[arg(long, help_heading = "Knobs")]
    round_seconds: Option<u64>,
    /// Rounds that a story may last, 8 to 48.
    #[arg(long, help_heading = "Knobs")]
    rounds: Option<u64>,
    /// Tenants.
    #[arg(long, help_heading = "Knobs")]
    tenants: Option<u64>,
    /// Transit scans of a shipment, the mean.
    #[arg(long, help_heading = "Knobs")]
    scans: Option<u64>,
    /// Events that a document lists; 1: a document per event.
    #[arg(long, help_heading = "Knobs")]
    history: Option<u32>,
    /// Documents that come again unchanged, per million.
    #[arg(long, help_heading = "Knobs")]
    duplicate_ppm: Option<u32>,
    /// Seconds until they do, at most.
    #[arg(long, help_heading = "Knobs")]
    duplicate_seconds: Option<u64>,
    /// Events one or two rounds late, per million.
    #[arg(long, help_heading = "Knobs")]
    late_ppm: Option<u32>,
    /// Of the late events, those nine rounds late, per million.
    #[arg(long, help_heading = "Knobs")]
    days_late_ppm: Option<u32>,
    /// Pairs of scans minutes apart in the wrong order, per million.
    #[arg(long, help_heading = "Knobs")]
    swapped_ppm: Option<u32>,
    /// Events that report trouble, per million.
    #[arg(long, help_heading = "Knobs")]
    exception_ppm: Option<u32>,
    /// Broken copies of documents, per million documents.
    #[arg(long, help_heading = "Knobs")]
    bad_ppm: Option<u32>,
    /// Events with a code in no table, per million.
    #[arg(long, help_heading = "Knobs")]
    unknown_ppm: Option<u32>,
    /// Events dated a day ahead, per million.
    #[arg(long, help_heading = "Knobs")]
    future_ppm: Option<u32>,
    /// Gaps that last days, per million.
    #[arg(long, help_heading = "Knobs")]
    stall_ppm: Option<u32>,
    /// Stories that just stop, per million.
    #[arg(long, help_heading = "Knobs")]
    stop_ppm: Option<u32>,
    /// Shipments that cross a border, per million.
    #[arg(long, help_heading = "Knobs")]
    international_ppm: Option<u32>,
    /// Deliveries that fail at first, per million.
    #[arg(long, help_heading = "Knobs")]
    attempt_ppm: Option<u32>,
    /// Shipments that go back to their sender, per million.
    #[arg(long, help_heading = "Knobs")]
    return_to_sender_ppm: Option<u32>,
    /// Delivered shipments that the customer sends back, per million.
    #[arg(long, help_heading = "Knobs")]
    returns_ppm: Option<u32>,
    /// Numbers that were used before, per million.
    #[arg(long, help_heading = "Knobs")]
    recycled_ppm: Option<u32>,
    /// Deliveries taken back the next day, per million.
    #[arg(long, help_heading = "Knobs")]
    corrected_ppm: Option<u32>,
    /// Labels that are voided, per million.
    #[arg(long, help_heading = "Knobs")]
    cancelled_ppm: Option<u32>,
    /// Documents after which a hot shipment's last one comes again, per million.
    #[arg(long, help_heading = "Knobs")]
    hot_ppm: Option<u32>,
    /// Hot shipments.
    #[arg(long, help_heading = "Knobs")]
    hot_shipments: Option<u64>,
}

fn workload(name: &str) -> Result<Workload, String> {
    Workload::ALL.into_iter().find(|workload| workload.name() == name).ok_or_else(|| {
        let names: Vec<_> = Workload::ALL.iter().map(|workload| workload.name()).collect();
        format!("no such workload; there are: {}", names.join(", "))
    })
}

fn weighted_feed(text: &str) -> Result<(Feed, u32), String> {
    let (name, weight) = text.split_once('=').unwrap_or((text, "1"));
    let feed = Feed::from_name(name).ok_or_else(|| {
        let names: Vec<_> = Feed::ALL.iter().map(|feed| feed.name()).collect();
        format!("no such feed: \"{name}\"; there are: {}", names.join(", "))
    })?;
    let weight = weight
        .parse()
        .map_err(|_| format!("the weight of \"{name}\" is \"{weight}\": give a whole number"))?;
    Ok((feed, weight))
}

/// Sets a field where the command line does.
fn set<T: Copy>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

impl Knobs {
    /// The plan they describe.
    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        let mut parameters = self.workload.parameters(self.shipments);
        parameters.seed = self.seed;
        if !self.feeds.is_empty() {
            parameters.feeds.clone_from(&self.feeds);
        }
        self.shape(&mut parameters);
        self.shares(&mut parameters);
        Plan::new(parameters).map_err(|error| Failure(error.to_string()))
    }

    fn shape(&self, p: &mut Parameters) {
        set(&mut p.active, self.active);
        set(&mut p.start_seconds, self.start_seconds);
        set(&mut p.round_seconds, self.round_seconds);
        set(&mut p.rounds, self.rounds);
        set(&mut p.tenants, self.tenants);
        set(&mut p.scans, self.scans);
        set(&mut p.history, self.history);
        set(&mut p.duplicate_seconds, self.duplicate_seconds);
        set(&mut p.hot_shipments, self.hot_shipments);
    }

    fn shares(&self, p: &mut Parameters) {
        set(&mut p.duplicate_ppm, self.duplicate_ppm);
        set(&mut p.late_ppm, self.late_ppm);
        set(&mut p.days_late_ppm, self.days_late_ppm);
        set(&mut p.swapped_ppm, self.swapped_ppm);
        set(&mut p.exception_ppm, self.exception_ppm);
        set(&mut p.bad_ppm, self.bad_ppm);
        set(&mut p.unknown_ppm, self.unknown_ppm);
        set(&mut p.future_ppm, self.future_ppm);
        set(&mut p.stall_ppm, self.stall_ppm);
        set(&mut p.stop_ppm, self.stop_ppm);
        set(&mut p.international_ppm, self.international_ppm);
        set(&mut p.attempt_ppm, self.attempt_ppm);
        set(&mut p.return_to_sender_ppm, self.return_to_sender_ppm);
        set(&mut p.returns_ppm, self.returns_ppm);
        set(&mut p.recycled_ppm, self.recycled_ppm);
        set(&mut p.corrected_ppm, self.corrected_ppm);
        set(&mut p.cancelled_ppm, self.cancelled_ppm);
        set(&mut p.hot_ppm, self.hot_ppm);
    }
}
