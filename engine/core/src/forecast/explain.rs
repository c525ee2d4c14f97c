//! Where the figures of an estimate come from, for people.

use crossdock_eta::explain::Explanation;
use crossdock_eta::{MilestoneClass, NoEstimate};
use crossdock_model::record::Seconds;

use super::almanac::{Almanac, Made, Way};
use super::flight::Flight;
use super::{Forecast, ask};

/// A shipment under way and what would be answered now.
#[derive(Debug)]
pub struct Explained<'a> {
    /// The shipment.
    pub flight: &'a Flight,
    /// Whose.
    pub tenant: &'a str,
    /// Who carries it.
    pub carrier: &'a str,
    /// The class it is in and since when; absent where nobody can say when it arrives.
    pub class: Option<(MilestoneClass, Seconds)>,
    /// Whose open time counts, and what the transit tables say.
    pub way: Way,
    /// The answer, with every basis, level and weight behind it.
    pub explanation: Explanation,
}

impl Forecast {
    /// What is declared of calendars and transit times.
    #[must_use]
    pub fn almanac(&self) -> &Almanac {
        &self.options.almanac
    }

    /// Visits the shipments under way that have a number, asked as of `now` (unix seconds).
    pub fn explain(&self, number: &str, now: i64, mut visit: impl FnMut(&Explained<'_>)) {
        for flight in self.flights.iter().filter(|flight| flight.number.text() == number) {
            let class = flight.class();
            let lane = flight.lane(&self.texts);
            let way =
                self.options.almanac.way(|| lane, &self.estimator.names, &mut Made::default());
            let explanation = match class {
                Some(class) => {
                    self.estimator.explain(&ask::query_of(flight, &lane, &way, class, now))
                }
                None => Explanation { answer: Err(NoEstimate::NothingLearned), bases: Vec::new() },
            };
            visit(&Explained {
                flight,
                tenant: self.texts.get(flight.tenant),
                carrier: self.texts.get(flight.carrier),
                class,
                way,
                explanation,
            });
        }
    }
}
