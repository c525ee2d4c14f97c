//! Questions about flights, what is said of the answers, and what is learned at the end.

use crossdock_eta::settings::Rounding;
use crossdock_eta::{
    Basis, Cause, Doubts, Exclusion, MilestoneClass, NoEstimate, Outcome, Published, Query,
    declared, is_held, is_news,
};
use crossdock_model::change::ChangeKind;
use crossdock_model::milestone::{Direction, Milestone};
use crossdock_model::record::Seconds;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::almanac::Way;
use super::flight::Flight;
use super::news::{NewsFlags, Told};
use super::speak::{self, Statement};
use super::{ASK_AGAIN_SECONDS, At, FLIGHT_SILENCE_SECONDS, Forecast, OUTCOMES_TO_SPEAK};
use crate::output::Output;

/// How a flight ended.
enum End {
    /// The target was reached.
    Arrived(Seconds),
    /// It was not, for a reason that makes it no example.
    Excluded(Exclusion),
    /// There is nothing to learn.
    Gone,
}

impl Forecast {
    /// Asks about a flight, says what is news, and sets its alarm.
    pub(super) fn ask(&mut self, slot: usize, cause: Cause, at: &At, out: &mut Output) {
        let now = i64::from(Seconds::from_micros(at.received).0);
        let way = self.way(slot);
        if let Some(class) = self.flights[slot].class() {
            self.answer(slot, class, &way, (now, cause), at, out);
        }
        let flight = &mut self.flights[slot];
        let silent = flight.news_at.0.saturating_add(FLIGHT_SILENCE_SECONDS);
        let mut alarm = silent.min((now as u32).saturating_add(ASK_AGAIN_SECONDS));
        if let Some(last) = flight.last() {
            let over = over_at(&last, self.options.declared.settings.publish.rounding, |instant| {
                way.calendar.day_end(instant)
            });
            // A change may have been held back because the last one is too young.
            let again = last.at.saturating_add(self.options.declared.settings.publish.interval_min);
            for at in [over, again].into_iter().filter(|at| now < *at) {
                alarm = alarm.min(at.clamp(0, i64::from(u32::MAX)) as u32);
            }
        }
        // Never now: that would ring for ever.
        flight.alarm = Seconds(alarm.max(now as u32 + 1));
    }

    fn answer(
        &mut self,
        slot: usize,
        (class, since): (MilestoneClass, Seconds),
        way: &Way,
        (now, cause): (i64, Cause),
        at: &At,
        out: &mut Output,
    ) {
        let flight = &self.flights[slot];
        let calendar = &*way.calendar;
        let policy = &self.options.declared.settings.publish;
        let last = flight.last();
        // What can't be news is not worked out.
        if last.is_some_and(|last| is_held(policy, &last, class, calendar, now)) {
            return;
        }
        let lane = flight.lane(&self.texts);
        let query = query_of(flight, &lane, way, (class, since), now);
        self.tally.estimates.asked += 1;
        let asked = self.estimator.ask(&query).and_then(|asked| {
            let is_invented =
                asked.basis() == Basis::Learned && asked.effective() < OUTCOMES_TO_SPEAK;
            match (is_invented, &last) {
                (false, _) => Ok(asked),
                (true, None) => Err(NoEstimate::NothingLearned),
                (true, Some(_)) => Err(NoEstimate::BeyondExperience),
            }
        });
        let answer = match asked {
            Ok(asked) => {
                let quantile = |quantile| asked.quantile(quantile);
                if !is_news(policy, last.as_ref(), quantile, class, calendar, now) {
                    return;
                }
                Ok(asked.estimate())
            }
            Err(no) => {
                self.tally.estimates.unanswered += 1;
                // A date that has passed is taken back rather than left standing.
                let over = last.map(|last| {
                    over_at(&last, policy.rounding, |instant| calendar.day_end(instant))
                });
                if over.is_none_or(|over| now < over) {
                    return;
                }
                Err(no)
            }
        };
        let published =
            answer.ok().map(|answer| Published { p50: answer.p50, p90: answer.p90, at: now });
        let estimates = &mut self.tally.estimates;
        match (&last, &published) {
            (_, None) => estimates.withdrawn += 1,
            (None, Some(_)) => estimates.first += 1,
            (Some(_), Some(_)) => estimates.moved += 1,
        }
        self.tally.changes[ChangeKind::EtaChanged as usize] += 1;
        let flight = &mut self.flights[slot];
        flight.said += 1;
        let seconds = |instant: i64| Seconds(instant.clamp(1, i64::from(u32::MAX)) as u32);
        flight.published = published.map_or([Seconds::NEVER; 3], |published| {
            [published.p50, published.p90, published.at].map(seconds)
        });
        let flight = &self.flights[slot];
        let statement = Statement {
            flight,
            tenant: self.texts.get(flight.tenant),
            carrier: self.texts.get(flight.carrier),
            place: at.place,
            due: at.due,
            received: at.received,
            event: at.event,
            from: last.map(|last| last.p50),
            answer,
            cause,
        };
        speak::push(&statement, out);
    }

    /// True where the flight has ended; what it teaches is learned.
    pub(super) fn is_over(&mut self, slot: usize, told: &Told<'_>) -> bool {
        let Some(end) = self.end_of(slot, told) else { return false };
        let way = self.way(slot);
        let now = i64::from(Seconds::from_micros(told.facts.received).0);
        match end {
            End::Arrived(at) => {
                self.count_dates(slot, at, &way);
                self.learn(slot, at, &way, None, now);
            }
            End::Excluded(exclusion) => {
                let at = Seconds::from_micros(told.facts.received);
                self.learn(slot, at, &way, Some(exclusion), now);
            }
            End::Gone => {}
        }
        true
    }

    fn end_of(&self, slot: usize, told: &Told<'_>) -> Option<End> {
        let flight = &self.flights[slot];
        let facts = &told.facts;
        let wants_attempt = self.options.declared.target == declared::Target::FirstAttempt;
        Some(match facts.milestone {
            // Nobody knows which of the parcels an outcome is of.
            _ if facts.flags.has(NewsFlags::SHARED) => End::Gone,
            Milestone::Delivered if wants_attempt && flight.attempted_at.is_some() => {
                End::Arrived(flight.attempted_at.min(facts.delivered_at))
            }
            Milestone::Delivered if facts.delivered_at.is_some() => {
                End::Arrived(facts.delivered_at)
            }
            _ if wants_attempt && flight.attempted_at.is_some() => {
                End::Arrived(flight.attempted_at)
            }
            // From here on it is the customer who takes time.
            Milestone::AvailableForPickup => End::Excluded(Exclusion::CustomerDelayed),
            Milestone::LostConfirmed => End::Excluded(Exclusion::Lost),
            milestone if milestone.is_terminal() => End::Gone,
            _ if facts.direction != Direction::Forward => End::Excluded(Exclusion::Return),
            _ => return None,
        })
    }

    /// Counts whether dates were kept: by local days, each kind of date by itself.
    fn count_dates(&mut self, slot: usize, at: Seconds, way: &Way) {
        let flight = &self.flights[slot];
        let estimates = &mut self.tally.estimates;
        let is_missed = |date: Seconds| {
            let deadline = self.estimator.deadline(i64::from(date.0), &way.calendar);
            date.is_some().then_some(deadline < i64::from(at.0))
        };
        if let Some(is_missed) = is_missed(flight.carrier_at) {
            estimates.carrier_missed += u64::from(is_missed);
            estimates.carrier_kept += u64::from(!is_missed);
        }
        if let Some(is_missed) = is_missed(flight.promise_at) {
            estimates.promise_missed += u64::from(is_missed);
            estimates.promise_kept += u64::from(!is_missed);
        }
    }

    /// Learns from a flight that ended.
    fn learn(
        &mut self,
        slot: usize,
        end: Seconds,
        way: &Way,
        exclusion: Option<Exclusion>,
        now: i64,
    ) {
        let flight = self.flights[slot];
        let lane = flight.lane(&self.texts);
        self.estimator.names.remember(self.texts.get(flight.carrier));
        for class in MilestoneClass::ALL {
            let start = flight.class_at[class as usize];
            if !start.is_some() {
                continue;
            }
            let carrier_then = flight.carrier_then[class as usize];
            let outcome = Outcome {
                lane: &lane,
                class,
                start: i64::from(start.0),
                end: i64::from(end.0),
                carrier_estimate: known(carrier_then),
                // There was no promise before the carrier first gave a date.
                promise: known(carrier_then).and_then(|_| known(flight.promise_at)),
                table_days: way.table_days,
                calendar: &way.calendar,
                exclusion,
            };
            match self.estimator.observe(&outcome, now) {
                Ok(()) => self.tally.estimates.learned += 1,
                Err(_) => self.tally.estimates.excluded += 1,
            }
            self.learned_hash = hash_of(self.learned_hash, &outcome, now);
        }
    }
}

/// The question that a flight asks.
pub(super) fn query_of<'a>(
    flight: &Flight,
    lane: &'a crossdock_eta::Lane,
    way: &'a Way,
    (class, since): (MilestoneClass, Seconds),
    now: i64,
) -> Query<'a> {
    Query {
        lane,
        class,
        start: i64::from(since.0),
        now,
        carrier_estimate: known(flight.carrier_at),
        promise: known(flight.promise_at),
        table_days: way.table_days,
        calendar: &way.calendar,
        doubts: Doubts {
            open_exception: flight.flags.has(NewsFlags::DOUBTFUL),
            imprecise_address: false,
        },
    }
}

fn known(at: Seconds) -> Option<i64> {
    at.is_some().then_some(i64::from(at.0))
}

/// The instant at which a published value is over.
fn over_at(last: &Published, rounding: Rounding, day_end: impl FnOnce(i64) -> i64) -> i64 {
    match rounding {
        Rounding::Day => day_end(last.p50),
        Rounding::Seconds(seconds) => (last.p50.div_euclid(seconds) + 1).saturating_mul(seconds),
    }
}

/// The next link of the chain over outcomes.
fn hash_of(before: u64, outcome: &Outcome<'_>, now: i64) -> u64 {
    let lane = outcome.lane;
    let words = [
        lane.carrier.0,
        lane.service.0,
        lane.origin.fine.0,
        lane.origin.region.0,
        lane.destination.fine.0,
        lane.destination.region.0,
        outcome.class as u64,
        outcome.exclusion.map_or(u64::MAX, |exclusion| exclusion as u64),
        outcome.start as u64,
        outcome.end as u64,
        outcome.carrier_estimate.unwrap_or(0) as u64,
        outcome.promise.unwrap_or(0) as u64,
        now as u64,
    ];
    let mut bytes = [0_u8; 8 * 13];
    for (chunk, word) in bytes.chunks_exact_mut(8).zip(words) {
        chunk.copy_from_slice(&word.to_le_bytes());
    }
    xxh3_64_with_seed(&bytes, before)
}
