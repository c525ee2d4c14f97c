//! Where a figure comes from: for `crossdock explain`, `eta show` and `eta status`.
//!
//! # Place
//! Reads [`Estimator`]; nothing depends on it.
//! # Method
//! The same candidates that [`Estimator::estimate`] chose from, with their levels, weights and drift.
//! # Holds
//! The answer in an explanation is the estimate's own.
//! # Does not hold
//! Colors and tables: whoever prints it.

use std::fmt;

use jiff::Timestamp;

use crate::estimate::{Estimate, NoEstimate, Query};
use crate::estimator::{Estimator, QUANTILES_Q16};
use crate::histogram::Weight;
use crate::lane::{Basis, Lane, Level, MilestoneClass};
use crate::mixture::{Mixture, Share};
use crate::symbol::Symbol;

/// One level's part in a distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevelPart {
    /// The level.
    pub level: Level,
    /// Effective outcomes beyond the age.
    pub effective: f32,
    /// Weight in the mix, 0..=1.
    pub weight: f32,
}

/// One basis and what it would answer.
#[derive(Clone, Debug, PartialEq)]
pub struct BasisPart {
    /// The basis.
    pub basis: Basis,
    /// p10, p20, p50, p80, p90 as instants.
    pub quantiles: [i64; 5],
    /// The drift multiplier, Q16.
    pub drift_q16: i64,
    /// Its levels, leaf first; those that had nothing are left out.
    pub levels: Vec<LevelPart>,
}

/// An explained answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The answer.
    pub answer: Result<Estimate, NoEstimate>,
    /// What every basis would have said.
    pub bases: Vec<BasisPart>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.answer {
            Ok(estimate) => writeln!(
                out,
                "p50 {}, p90 {}: {} confidence ({}), {} outcomes behind it, from {}",
                shown(estimate.p50),
                shown(estimate.p90),
                estimate.confidence.name(),
                estimate.reason.name(),
                estimate.effective,
                estimate.basis.name()
            )?,
            Err(reason) => writeln!(out, "no estimate: {}", reason.name())?,
        }
        for part in &self.bases {
            writeln!(
                out,
                "  {}: p10 {}, p50 {}, p90 {}, drift x{:.3}",
                part.basis.name(),
                shown(part.quantiles[0]),
                shown(part.quantiles[2]),
                shown(part.quantiles[4]),
                part.drift_q16 as f64 / 65_536.0
            )?;
            for level in &part.levels {
                writeln!(
                    out,
                    "    {:<17} weight {:.3}, {:.1} outcomes beyond this age",
                    level.level.name(),
                    level.weight,
                    level.effective
                )?;
            }
        }
        Ok(())
    }
}

fn shown(instant: i64) -> String {
    Timestamp::from_second(instant).map_or_else(|_| instant.to_string(), |at| at.to_string())
}

/// One node of a lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaneReport {
    /// Its level.
    pub level: Level,
    /// Its class.
    pub class: MilestoneClass,
    /// Its basis.
    pub basis: Basis,
    /// Effective outcomes.
    pub effective: f32,
    /// Outcomes ever.
    pub samples: u32,
    /// p10, p50 and p90 in open minutes.
    pub minutes: [i64; 3],
}

/// One line of `eta status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusLine {
    /// The carrier; none is all.
    pub carrier: Symbol,
    /// The service; none is all.
    pub service: Symbol,
    /// The class.
    pub class: MilestoneClass,
    /// The basis in use.
    pub basis: Basis,
    /// Outcomes at which bases were compared.
    pub outcomes: u32,
    /// Recent outcomes by their p90, and how many were counted.
    pub coverage: (u32, u32),
    /// More than 500 counted and the coverage off 90 % by more than three points.
    pub flagged: bool,
}

impl Estimator {
    /// Explains the answer to a question.
    pub fn explain(&self, query: &Query<'_>) -> Explanation {
        let answer = self.estimate(query);
        if answer == Err(NoEstimate::InstantOutOfRange) {
            return Explanation { answer, bases: Vec::new() };
        }
        let levels: Vec<Level> =
            self.settings().levels.iter().copied().chain([Level::Root]).collect();
        let mut bases = Vec::new();
        for candidate in self.candidates_of(&self.view(query)).iter().flatten() {
            let quantiles = self.minutes(candidate).map(|minutes| {
                query.calendar.instant(candidate.origin.saturating_add(minutes)).max(query.now)
            });
            let parts = levels.iter().zip(candidate.shares);
            let parts = parts.filter(|(_, share)| 0.0 < share.weight).map(|(level, share)| {
                LevelPart { level: *level, effective: share.effective, weight: share.weight }
            });
            bases.push(BasisPart {
                basis: candidate.basis,
                quantiles,
                drift_q16: candidate.drift_q16,
                levels: parts.collect(),
            });
        }
        Explanation { answer, bases }
    }

    /// Everything that was learned of a lane, leaf first. Attributes that are not given leave their
    /// levels out.
    pub fn show(&self, lane: &Lane, now: i64) -> Vec<LaneReport> {
        let weight = Weight::at(now, self.settings().half_life);
        let mut out = Vec::new();
        for class in MilestoneClass::ALL {
            for basis in Basis::ALL {
                for key in self.keys(lane, class, basis).iter().flatten() {
                    let Some(node) = self.tree().node(key.id()) else { continue };
                    let bins = self.bins(basis);
                    let start = i64::from(bins.edges()[0]);
                    let mut shares = [Share::default(); 1];
                    let alone = Mixture::of(&[Some(node)], bins, start, weight, 1.0, &mut shares);
                    let [p10, _, p50, _, p90] =
                        alone.map_or([0; 5], |alone| alone.quantiles(bins, QUANTILES_Q16));
                    out.push(LaneReport {
                        level: key.level,
                        class,
                        basis,
                        effective: node.histogram.effective(weight),
                        samples: node.histogram.samples,
                        minutes: [p10, p50, p90],
                    });
                }
            }
        }
        out
    }

    /// How the answers fare, by carrier, service and class.
    pub fn status(&self) -> Vec<StatusLine> {
        let lines = self.boards.iter().map(|((carrier, service, class), board)| {
            let (covered, counted) = board.coverage();
            // |covered / counted - 0.9| > 0.03, in whole numbers.
            let off = (i64::from(covered) * 100 - i64::from(counted) * 90).abs();
            StatusLine {
                carrier: *carrier,
                service: *service,
                class: *class,
                basis: board.current(),
                outcomes: board.outcomes(),
                coverage: (covered, counted),
                flagged: 500 < counted && i64::from(counted) * 3 < off,
            }
        });
        lines.collect()
    }
}
