//! The state as text, for people: one JSON object a line.
//!
//! # Place
//! Below [`super`].
//! # Method
//! A header, then drifts, boards, the census and lanes, in key order. Names are written where they are known,
//! `#` and sixteen hex digits where not; reading either gives the same symbol.
//! # Holds
//! Text and back is the same state, but for names that no line uses.
//! # Does not hold
//! Speed: it is for looking and moving, snapshots are bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{CLASSES, LaneState, State, StateError};
use crate::board::Board;
use crate::drift::Drift;
use crate::estimate::Exclusion;
use crate::lane::{Basis, LaneKey, Level, MilestoneClass};
use crate::symbol::Symbol;

/// One line of the file.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    EtaState(Header),
    Drift(DriftLine),
    Board(BoardLine),
    Census { lane: u64, bins: Vec<(u8, u32)> },
    Lane(LaneLine),
}

#[derive(Serialize, Deserialize)]
struct Header {
    version: u8,
    grain_minutes: u16,
    half_life_seconds: i64,
    calendars: u64,
    p90_levels_q16: [i64; CLASSES],
    learned: u64,
    excluded: [u64; Exclusion::ALL.len()],
    refused: u64,
}

#[derive(Serialize, Deserialize)]
struct DriftLine {
    carrier: Option<String>,
    region: Option<String>,
    class: MilestoneClass,
    sum_q32: i64,
    weight_q16: i64,
    slow_sum_q32: i64,
    slow_weight_q16: i64,
    at: i64,
}

#[derive(Serialize, Deserialize)]
struct BoardLine {
    carrier: Option<String>,
    service: Option<String>,
    class: MilestoneClass,
    current: Basis,
    streak: u32,
    outcomes: u32,
    at: i64,
    sums: [[i64; 4]; 4],
    covered: u32,
    counted: u32,
}

#[derive(Serialize, Deserialize)]
struct LaneLine {
    level: Level,
    class: MilestoneClass,
    basis: Basis,
    band: u8,
    carrier: Option<String>,
    service: Option<String>,
    origin: Option<String>,
    destination: Option<String>,
    octave: i32,
    carry_q16: u32,
    samples: u32,
    bins: Vec<(u8, u16)>,
}

/// Names by symbol, while writing and while reading.
#[derive(Default)]
struct Dictionary {
    names: BTreeMap<Symbol, String>,
}

impl Dictionary {
    fn written(&self, symbol: Symbol) -> Option<String> {
        let number = || format!("#{:016x}", symbol.0);
        symbol.is_some().then(|| self.names.get(&symbol).cloned().unwrap_or_else(number))
    }

    fn read(&mut self, name: Option<String>) -> Symbol {
        let Some(name) = name else { return Symbol::NONE };
        let digits = name.strip_prefix('#').filter(|digits| digits.len() == 16);
        if let Some(Ok(number)) = digits.map(|digits| u64::from_str_radix(digits, 16)) {
            return Symbol(number);
        }
        let symbol = Symbol::of(&name);
        if symbol.is_some() {
            self.names.insert(symbol, name);
        }
        symbol
    }
}

impl State {
    /// The state as text.
    pub fn to_text(&self) -> String {
        let names = Dictionary { names: self.names.iter().cloned().collect() };
        let mut out = String::with_capacity(256 + self.lanes.len() * 256);
        let mut write = |line: &Line| match serde_json::to_string(line) {
            Ok(text) => {
                out.push_str(&text);
                out.push('\n');
            }
            Err(error) => unreachable!("numbers and texts are JSON: {error}"),
        };
        write(&Line::EtaState(Header {
            version: 2,
            grain_minutes: self.grain_minutes,
            half_life_seconds: self.half_life,
            calendars: self.calendars,
            p90_levels_q16: self.levels_q16,
            learned: self.learned,
            excluded: self.excluded,
            refused: self.refused,
        }));
        for ((carrier, region, class), drift) in &self.drifts {
            write(&Line::Drift(DriftLine {
                carrier: names.written(*carrier),
                region: names.written(*region),
                class: *class,
                sum_q32: drift.sum_q32,
                weight_q16: drift.weight_q16,
                slow_sum_q32: drift.slow_sum_q32,
                slow_weight_q16: drift.slow_weight_q16,
                at: drift.at,
            }));
        }
        for ((carrier, service, class), board) in &self.boards {
            write(&Line::Board(BoardLine {
                carrier: names.written(*carrier),
                service: names.written(*service),
                class: *class,
                current: board.current,
                streak: board.streak,
                outcomes: board.outcomes,
                at: board.at,
                sums: board.sums,
                covered: board.covered,
                counted: board.counted,
            }));
        }
        for (lane, bins) in &self.census {
            write(&Line::Census { lane: *lane, bins: bins.clone() });
        }
        for lane in &self.lanes {
            write(&Line::Lane(lane_line(lane, &names)));
        }
        out
    }

    /// A state from text.
    pub fn from_text(text: &str) -> Result<State, StateError> {
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let (_, first) = lines.next().ok_or_else(|| other("nothing"))?;
        let header = match serde_json::from_str(first) {
            Ok(Line::EtaState(header)) if header.version == 2 => header,
            _ => return Err(other(first)),
        };
        let mut state = State {
            grain_minutes: header.grain_minutes,
            half_life: header.half_life_seconds,
            calendars: header.calendars,
            levels_q16: header.p90_levels_q16,
            learned: header.learned,
            excluded: header.excluded,
            refused: header.refused,
            names: Vec::new(),
            drifts: Vec::new(),
            boards: Vec::new(),
            census: Vec::new(),
            lanes: Vec::new(),
        };
        let mut names = Dictionary::default();
        for (at, line) in lines {
            let bad = StateError::Value("line", at + 1);
            let Ok(line) = serde_json::from_str(line) else { return Err(bad) };
            state.take(line, &mut names).ok_or(bad)?;
        }
        state.names = names.names.into_iter().collect();
        Ok(state)
    }

    fn take(&mut self, line: Line, names: &mut Dictionary) -> Option<()> {
        match line {
            Line::EtaState(_) => return None,
            Line::Drift(line) => {
                let key = (names.read(line.carrier), names.read(line.region), line.class);
                let DriftLine { sum_q32, weight_q16, slow_sum_q32, slow_weight_q16, at, .. } = line;
                let drift = Drift { sum_q32, weight_q16, slow_sum_q32, slow_weight_q16, at };
                self.drifts.push((key, drift));
            }
            Line::Board(line) => {
                let key = (names.read(line.carrier), names.read(line.service), line.class);
                self.boards.push((
                    key,
                    Board {
                        current: line.current,
                        streak: line.streak,
                        outcomes: line.outcomes,
                        at: line.at,
                        sums: line.sums,
                        covered: line.covered,
                        counted: line.counted,
                    },
                ));
            }
            Line::Census { lane, bins } => self.census.push((lane, bins)),
            Line::Lane(line) => {
                let key = LaneKey {
                    level: line.level,
                    class: line.class,
                    basis: line.basis,
                    band: line.band,
                    carrier: names.read(line.carrier),
                    service: names.read(line.service),
                    origin: names.read(line.origin),
                    destination: names.read(line.destination),
                };
                let LaneLine { octave, carry_q16, samples, bins, .. } = line;
                self.lanes.push(LaneState { key, octave, carry_q16, samples, bins });
            }
        }
        Some(())
    }
}

fn other(found: &str) -> StateError {
    StateError::NotAState(format!("\"{}\"", found.chars().take(80).collect::<String>()))
}

fn lane_line(lane: &LaneState, names: &Dictionary) -> LaneLine {
    let key = &lane.key;
    LaneLine {
        level: key.level,
        class: key.class,
        basis: key.basis,
        band: key.band,
        carrier: names.written(key.carrier),
        service: names.written(key.service),
        origin: names.written(key.origin),
        destination: names.written(key.destination),
        octave: lane.octave,
        carry_q16: lane.carry_q16,
        samples: lane.samples,
        bins: lane.bins.clone(),
    }
}
