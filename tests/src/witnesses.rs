//! Several sources of one fact once more, from `docs/decisions/0003-fold.md` alone.
//!
//! # Place
//! `tests/witness_laws.rs` holds the engine's reading against it; what it yields is folded by `naive`.
//! # Method
//! Reports are sorted; each is compared with every group before it, and joins the best or begins one. Lists
//! of lists, no index, no flag that says that nothing need be done.
//! # Holds
//! Nothing of the engine is called here.
//! # Does not hold
//! Retractions, several parcels behind one number, untrusted times, minutes without seconds.

use crate::naive::{Happening, Saying};

const DAY: i64 = 86_400;
const HOUR: i64 = 3600;

/// Ranks of what is delivered in part and as a whole.
const PART: u8 = 48;
const WHOLE: u8 = 50;

/// How a source tells the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// A wall clock with its offset.
    Offset,
    /// Universal time.
    Utc,
    /// A wall clock of unknown zone.
    Wall,
    /// A day.
    Day,
}

/// One report of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The source.
    pub feed: &'static str,
    /// Its code.
    pub code: &'static str,
    /// How it tells the time.
    pub form: Form,
    /// When it happened.
    pub instant: i64,
    /// Local minus universal time at the place, seconds.
    pub offset: i64,
    /// What the code says.
    pub says: Saying,
}

impl Report {
    /// What the source's clock shows: all that a wall clock or a day tells.
    #[must_use]
    pub fn shown(&self) -> i64 {
        match self.form {
            Form::Offset | Form::Wall => self.instant + self.offset,
            Form::Utc => self.instant,
            Form::Day => (self.instant + self.offset).div_euclid(DAY) * DAY,
        }
    }

    /// Order time.
    fn at(&self) -> i64 {
        match self.form {
            Form::Offset | Form::Utc => self.instant,
            Form::Wall => self.shown(),
            Form::Day if (40..=64).contains(&self.says.rank) => self.shown() + DAY - 1,
            Form::Day => self.shown(),
        }
    }

    /// What makes two copies one report.
    #[must_use]
    pub fn name(&self) -> String {
        let is_day = self.form == Form::Day;
        format!("{} {} {} {is_day}", self.feed, self.code, self.shown())
    }

    fn is_vague(&self) -> bool {
        matches!(self.form, Form::Wall | Form::Day)
    }

    fn key(&self) -> (i64, u8, bool, u8, String) {
        let says = &self.says;
        let rank = if says.rank == 0 { u8::MAX } else { says.rank };
        (self.at(), rank, !says.reason, says.detail, self.name())
    }

    fn happening(&self) -> Happening {
        let offset = if self.form == Form::Offset { self.offset } else { 0 };
        let (at, says) = (self.at(), self.says.clone());
        Happening { at, offset, untrusted: false, vague: self.is_vague(), says }
    }
}

/// The facts that reports make, each with a name of its own.
#[must_use]
pub fn facts(reports: &[Report]) -> Vec<(String, Happening)> {
    let mut sorted: Vec<&Report> = reports.iter().collect();
    sorted.sort_by_key(|report| report.key());
    sorted.dedup_by_key(|report| (report.at(), report.name()));
    let mut groups: Vec<Vec<&Report>> = Vec::new();
    for report in sorted {
        let best = (0..groups.len())
            .filter(|&at| groups[at][0].at() + 52 * HOUR >= report.at())
            .filter_map(|at| Some((agrees(&groups[at], report)?, at)))
            .min();
        match best {
            Some((_, at)) if says_something(report) => groups[at].push(report),
            _ => groups.push(vec![report]),
        }
    }
    groups.iter().map(|group| told_once(group)).collect()
}

fn says_something(report: &Report) -> bool {
    let says = &report.says;
    !says.unmapped && (says.rank != 0 || says.exception.is_some() || says.resolves)
}

/// The best witness tells; what the others know beside is added.
fn told_once(group: &[&Report]) -> (String, Happening) {
    let standing = |report: &&&Report| {
        let zone = match report.form {
            Form::Offset => 0,
            Form::Utc => 1,
            Form::Wall => 2,
            Form::Day => 3,
        };
        (report.is_vague(), zone)
    };
    let lead = group.iter().min_by_key(standing).expect("a group has a report");
    let mut happening = lead.happening();
    for report in group {
        let says = &mut happening.says;
        says.exception = says.exception.or(report.says.exception);
        says.is_part |= report.says.rank == PART;
        says.physical &= report.says.physical;
        says.resolves |= report.says.resolves;
    }
    (lead.name(), happening)
}

/// The best of what each member says to the report; nothing where one says no.
fn agrees(group: &[&Report], report: &Report) -> Option<(u8, i64)> {
    let all: Option<Vec<_>> = group.iter().map(|member| agree(member, report)).collect();
    all.filter(|_| says_something(report) && says_something(group[0]))?.into_iter().min()
}

fn agree(a: &Report, b: &Report) -> Option<(u8, i64)> {
    if a.feed == b.feed && a.name() == b.name() {
        return Some((0, 0));
    }
    let is_part =
        a.feed != b.feed && matches!((a.says.rank, b.says.rank), (PART, WHOLE) | (WHOLE, PART));
    if !is_part && !is_one_class(&a.says, &b.says) {
        return None;
    }
    let (kind, distance) = is_one_time(a, b)?;
    Some((if is_part { 8 + kind } else { kind }, distance))
}

fn is_one_time(a: &Report, b: &Report) -> Option<(u8, i64)> {
    let day = |report: &Report| report.shown().div_euclid(DAY);
    if a.feed == b.feed {
        let is_finer = (a.form == Form::Day) != (b.form == Form::Day);
        return (a.code == b.code && is_finer && day(a) == day(b)).then_some((1, 0));
    }
    let (a, b) = if b.form == Form::Day { (b, a) } else { (a, b) };
    if a.form == Form::Day {
        let first = day(a) * DAY;
        let is_on = match b.form {
            Form::Utc => (first - 14 * HOUR..first + DAY + 12 * HOUR).contains(&b.instant),
            _ => day(a) == day(b),
        };
        return is_on.then_some((3, 0));
    }
    let tolerance = match a.says.rank.min(b.says.rank) {
        0..=38 => 5 * 60,
        39..=49 => 30 * 60,
        _ => 4 * HOUR,
    };
    let wall = (a.shown() - b.shown()).abs();
    match (a.is_vague(), b.is_vague()) {
        (false, false) => {
            let between = (a.instant - b.instant).abs();
            let one_is_utc = (a.form == Form::Utc) != (b.form == Form::Utc);
            if between <= tolerance {
                Some((1, between))
            } else {
                (one_is_utc && wall <= 60).then_some((4, wall))
            }
        }
        (true, true) => (wall <= tolerance).then_some((1, wall)),
        _ if wall <= tolerance => Some((2, wall)),
        (a_is_vague, _) => {
            let (vague, known) = if a_is_vague { (a, b) } else { (b, a) };
            let ahead = vague.shown() - known.instant;
            let nearest = (ahead + 450).div_euclid(900) * 900;
            let exists = (-12 * HOUR..=14 * HOUR).contains(&ahead) && (ahead - nearest).abs() <= 60;
            (known.form == Form::Utc && exists).then_some((5, ahead.abs()))
        }
    }
}

fn is_one_class(a: &Saying, b: &Saying) -> bool {
    let is_generic = |says: &Saying| says.detail == 34;
    let is_one_exception = a.exception == b.exception;
    if a.rank != b.rank || a.estimate != b.estimate {
        return false;
    }
    match a.rank {
        0 => is_one_exception && a.resolves == b.resolves,
        30 => is_one_exception && (a.detail == b.detail || is_generic(a) || is_generic(b)),
        _ => is_one_exception || a.exception.is_none() || b.exception.is_none(),
    }
}
