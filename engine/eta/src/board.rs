//! Which basis to stand on: a score board of pinball losses.
//!
//! # Place
//! One per (carrier, service, class) and one per class, held by [`crate::estimator`], moved at marks.
//! # Method
//! For every ordered pair of bases the decayed loss (pinball at .5 plus at .9, minutes) of the one over the
//! outcomes where *both* could answer: a basis that only answers easy parcels gains nothing by it. The
//! current one is left when somebody beats it by the margin for so many outcomes in a row.
//! # Holds
//! No switch on less evidence than the streak; the order of bases breaks ties, so replays agree.
//! # Does not hold
//! The losses' computation.

use crate::fixed::Decay;
use crate::lane::Basis;

const COUNT: usize = Basis::ALL.len();
/// Coverage is of the last few thousand outcomes.
const COUNTED_MAX: u32 = 4_096;
/// Longest loss that counts, minutes: 100 days.
const LOSS_MAX: i64 = 144_000;

/// When a board leaves its current basis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwitchPolicy {
    /// How much better somebody has to be, percent, 0..=50.
    pub margin_percent: u8,
    /// For how many outcomes in a row.
    pub outcomes: u32,
    /// Half-life of losses, seconds.
    pub half_life: i64,
}

/// The scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Board {
    pub(crate) current: Basis,
    /// Outcomes in a row at which the current one was beaten.
    pub(crate) streak: u32,
    /// Outcomes at which at least two bases answered.
    pub(crate) outcomes: u32,
    pub(crate) at: i64,
    /// `sums[a][b]`: loss of a where b answered too, minutes Q8.
    pub(crate) sums: [[i64; COUNT]; COUNT],
    /// Outcomes at or before the p90 that was answered, of `counted`; both are halved at [`COUNTED_MAX`].
    pub(crate) covered: u32,
    pub(crate) counted: u32,
}

impl Board {
    /// A board that starts at the first of the cold order that can answer.
    pub fn new(answers: [bool; COUNT]) -> Board {
        let can = |basis: &Basis| answers[*basis as usize];
        let current = Basis::COLD.into_iter().find(can).unwrap_or(Basis::Learned);
        Board {
            current,
            streak: 0,
            outcomes: 0,
            at: 0,
            sums: [[0; COUNT]; COUNT],
            covered: 0,
            counted: 0,
        }
    }

    /// Takes one outcome in: the loss of each basis that could answer, minutes.
    pub fn observe(&mut self, losses: [Option<i64>; COUNT], at: i64, policy: &SwitchPolicy) {
        if losses.iter().flatten().count() < 2 {
            return;
        }
        self.outcomes = self.outcomes.saturating_add(1);
        let decay = Decay::over(at.saturating_sub(self.at), policy.half_life);
        self.at = self.at.max(at);
        for (left, row) in self.sums.iter_mut().enumerate() {
            for (right, sum) in row.iter_mut().enumerate() {
                *sum = decay.of(*sum);
                if let (Some(loss), Some(_)) = (losses[left], losses[right]) {
                    *sum = sum.saturating_add(loss.clamp(0, LOSS_MAX) << 8);
                }
            }
        }
        if losses[self.current as usize].is_none() {
            return;
        }
        match self.better(losses.map(|loss| loss.is_some()), policy) {
            Some(better) => {
                self.streak = self.streak.saturating_add(1);
                if policy.outcomes <= self.streak {
                    self.current = better;
                    self.streak = 0;
                }
            }
            None => self.streak = 0,
        }
    }

    /// Counts whether an outcome came by the p90.
    pub fn observe_coverage(&mut self, covered: bool) {
        self.counted += 1;
        self.covered += u32::from(covered);
        if COUNTED_MAX <= self.counted {
            self.counted /= 2;
            self.covered /= 2;
        }
    }

    /// Recent outcomes at or before their p90, and how many were counted.
    pub fn coverage(&self) -> (u32, u32) {
        (self.covered, self.counted)
    }

    /// The basis that beats the current one by the margin and by the most.
    fn better(&self, answers: [bool; COUNT], policy: &SwitchPolicy) -> Option<Basis> {
        let current = self.current as usize;
        let mut best: Option<(i128, i128, Basis)> = None;
        for basis in Basis::ALL {
            let other = basis as usize;
            if other == current || !answers[other] {
                continue;
            }
            let own = i128::from(self.sums[other][current]);
            let against = i128::from(self.sums[current][other]);
            if against * i128::from(100 - policy.margin_percent.min(50)) <= own * 100 {
                continue;
            }
            // own / against < best own / best against, without a division.
            if best.is_none_or(|(least, most, _)| own * most < least * against) {
                best = Some((own, against, basis));
            }
        }
        best.map(|(_, _, basis)| basis)
    }

    /// The current basis.
    pub fn current(&self) -> Basis {
        self.current
    }

    /// Outcomes scored.
    pub fn outcomes(&self) -> u32 {
        self.outcomes
    }
}

/// Pinball loss at a probability in percent.
pub(crate) fn pinball(percent: i64, actual: i64, predicted: i64) -> i64 {
    let error = actual.saturating_sub(predicted);
    if 0 <= error {
        error.saturating_mul(percent) / 100
    } else {
        -error.saturating_mul(100 - percent) / 100
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: SwitchPolicy =
        SwitchPolicy { margin_percent: 5, outcomes: 20, half_life: 30 * 86_400 };

    #[test]
    fn a_better_basis_takes_over_after_its_streak() {
        let mut board = Board::new([true, true, false, false]);
        assert_eq!(board.current(), Basis::Carrier);
        for at in 0..19 {
            board.observe([Some(50), Some(100), None, None], at, &POLICY);
        }
        assert_eq!(board.current(), Basis::Carrier);
        board.observe([Some(50), Some(100), None, None], 20, &POLICY);
        assert_eq!(board.current(), Basis::Learned);
    }

    #[test]
    fn a_little_better_is_not_enough() {
        let mut board = Board::new([true, true, false, false]);
        for at in 0..500 {
            board.observe([Some(97), Some(100), None, None], at, &POLICY);
        }
        assert_eq!(board.current(), Basis::Carrier);
    }

    #[test]
    fn answering_only_easy_parcels_gains_nothing() {
        let mut board = Board::new([true, true, false, false]);
        for at in 0..200 {
            board.observe([Some(10), Some(8), None, None], at, &POLICY);
            board.observe([None, Some(1_000), Some(2_000), None], at, &POLICY);
        }
        assert_eq!(board.current(), Basis::Carrier);
    }

    #[test]
    fn pinball_weighs_the_two_sides() {
        assert_eq!(pinball(90, 200, 100), 90);
        assert_eq!(pinball(90, 100, 200), 10);
        assert_eq!(pinball(50, 100, 200), 50);
        assert_eq!(pinball(90, i64::MAX, i64::MIN) / 1_000_000, i64::MAX / 100 / 1_000_000);
    }
}
