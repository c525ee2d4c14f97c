//! Documents of a canonical workload, in memory, with the oracle's answer.

use clap::Args;
use crossdock_core::intake::Intake;
use crossdock_loadgen::feed::Feed;
use crossdock_loadgen::oracle::Oracle;
use crossdock_loadgen::parameters::{Parameters, Workload};
use crossdock_loadgen::plan::Plan;
use crossdock_model::time::Micros;

use crate::oracle::Expected;

/// How much is measured, as options of a program.
#[derive(Clone, Debug, Args)]
pub struct Size {
    /// Small and quick: shows that it works, not how fast.
    #[arg(long)]
    pub smoke: bool,
    /// Shipments of each workload.
    #[arg(long, default_value_t = 30_000)]
    shipments: u64,
    /// Passes; the median counts.
    #[arg(long, default_value_t = 7)]
    runs: usize,
}

impl Size {
    /// Shipments and passes.
    #[must_use]
    pub fn counts(&self) -> (u64, usize) {
        if self.smoke { (300, 1) } else { (self.shipments, self.runs.max(1)) }
    }
}

/// Documents of one turn: enough that what a turn costs by itself does not show.
const TURN_DOCUMENTS: usize = 256;

/// A workload laid out for measuring.
#[derive(Debug)]
pub struct Laid {
    /// Its name.
    pub name: &'static str,
    /// The documents, in turns.
    pub turns: Vec<Intake>,
    /// How many documents.
    pub documents: usize,
    /// Their bytes.
    pub bytes: usize,
    /// What must come of them.
    pub expected: Expected,
}

/// Formats, each by a feed that writes the same stories in it; JSON first.
pub const FORMATS: [(&str, Feed); 4] =
    [("json", Feed::Dhl), ("xml", Feed::DhlXml), ("x12", Feed::X12), ("epcis", Feed::Epcis)];

/// Lays out a workload of `shipments`.
///
/// # Errors
///
/// The number of shipments is out of the generator's range: its own words.
pub fn lay_out(workload: Workload, shipments: u64) -> Result<Laid, String> {
    lay(workload.name(), workload.parameters(shipments))
}

/// Lays out the stories of `shipments` in one of the [`FORMATS`].
///
/// # Errors
///
/// As [`lay_out`].
pub fn lay_out_format((name, feed): (&'static str, Feed), shipments: u64) -> Result<Laid, String> {
    let parameters = Parameters { shipments, feeds: vec![(feed, 1)], ..Parameters::default() };
    lay(name, parameters)
}

fn lay(name: &'static str, parameters: Parameters) -> Result<Laid, String> {
    let plan = Plan::new(parameters).map_err(|error| error.to_string())?;
    let mut oracle = Oracle::new(&plan);
    let mut expected = Expected::default();
    let mut documents = plan.documents();
    let mut laid =
        Laid { name, turns: Vec::new(), documents: 0, bytes: 0, expected: Expected::default() };
    let mut buffer = Vec::new();
    let mut turn = Intake::default();
    while let Some(entry) = documents.next() {
        documents.write(&entry, &mut buffer);
        laid.documents += 1;
        laid.bytes += buffer.len();
        let seq = laid.documents as u64;
        let tenant = plan.tenant(entry.truth.shipment);
        turn.push(seq, Micros(entry.received_micros), tenant, entry.feed.name(), &buffer);
        let story = documents.story(entry.truth.shipment);
        for change in oracle.apply(&entry, story) {
            expected.add(change.kind, change.milestone, change.exception, change.version);
        }
        if TURN_DOCUMENTS <= turn.documents().len() {
            laid.turns.push(std::mem::take(&mut turn));
        }
    }
    laid.turns.push(turn);
    let account = oracle.account();
    expected.inputs = account.ingested();
    expected.dead = account.dead;
    laid.expected = expected;
    Ok(laid)
}
