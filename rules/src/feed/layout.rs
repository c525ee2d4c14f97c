//! Which values of a document a feed wants, and where they will be found.
//!
//! # Place
//!
//! Paths from `syntax` -> **this** -> [`Level`]s and [`Slot`]s of a [`super::program::Feed`].
//!
//! # Method
//!
//! Paths of `at` open levels. Every other path is put into the trie of the level it begins at as far as it
//! consists of keys; what follows (an index, a filter) becomes steps from the slot. A value wanted
//! twice has one slot. Slots get provisional numbers while expressions are read and final ones,
//! contiguous per level, at the end.
//!
//! # Holds
//!
//! - Tries are as deep as the longest path; nothing recurses deeper than a path has steps.
//!
//! # Does not hold
//!
//! What the values mean: the blocks in `block` do.

use super::error::{Errors, Span};
use super::program::{
    Descend, Edge, Expr, Filter, LEVELS_MAX, Level, SLOTS_MAX, Slot, Source, Step, TrieNode,
};
use super::syntax::{Alternatives, From, Path, PathStep, Term};

/// Levels under construction.
#[derive(Debug)]
pub(crate) struct Layout {
    levels: Vec<Level>,
    /// Level of each provisional slot.
    slot_levels: Vec<usize>,
    too_many: bool,
}

impl Layout {
    /// The document alone.
    pub(crate) fn new() -> Self {
        Self { levels: vec![Self::level()], slot_levels: Vec::new(), too_many: false }
    }

    fn level() -> Level {
        Level { trie: vec![TrieNode::default()], ..Level::default() }
    }

    /// The number of the last level.
    pub(crate) fn last(&self) -> usize {
        self.levels.len() - 1
    }

    /// Opens levels below the last one for the paths of one `at`; the new last level is where they all end.
    pub(crate) fn open(&mut self, paths: &[Path], errors: &mut Errors) {
        let base = self.last();
        let mut depth = None;
        for path in paths {
            if path.from != From::Up(0) {
                errors.add("FD013", path.span, "a path of `at` leads up".into()).help(
                    "`at` of `shipment` begins at the document, `at` of `event` at the shipment",
                );
                continue;
            }
            let legs = legs(path, errors);
            if *depth.get_or_insert(legs.len()) != legs.len() {
                errors
                    .add("FD014", path.span, "the paths of this `at` open different numbers of levels".into())
                    .help("every `[]` opens a level, and so does the end of a path: use as many `[]` in each");
                continue;
            }
            for (index, leg) in legs.into_iter().enumerate() {
                let level = base + index;
                if LEVELS_MAX <= level + 1 {
                    errors
                        .add("FD040", path.span, format!("a document has more than {LEVELS_MAX} levels here"))
                        .help("open fewer levels with `[]`; a path may also go on without it into the first element");
                    break;
                }
                if self.levels.len() == level + 1 {
                    self.levels.push(Self::level());
                }
                self.descend(level, &leg);
            }
        }
        if self.last() == base {
            // Every path was refused; the rest of the file is still worth checking.
            self.levels.push(Self::level());
        }
    }

    fn descend(&mut self, level: usize, leg: &Leg) {
        let Some((last, above)) = leg.keys.split_last() else {
            self.levels[level].descend_here = true;
            return;
        };
        let level = &mut self.levels[level];
        let node = walk(level, above);
        edge(level, node, last).descend = Some(Descend { filter: leg.filter.clone() });
    }

    /// Finds slots for an expression whose paths begin at `base`.
    pub(crate) fn lower(&mut self, read: &Alternatives, base: usize, errors: &mut Errors) -> Expr {
        let lower_term = |term: &Term| match term {
            Term::Text(text) => Some(Source::Literal(text.as_str().into())),
            Term::Call(function, arguments) => {
                let lowered =
                    arguments.iter().map(|argument| self.lower(argument, base, errors)).collect();
                Some(Source::Call(*function, lowered))
            }
            Term::Path(path) => self.source(path, base, errors),
        };
        Expr::new(read.iter().filter_map(lower_term).collect())
    }

    fn source(&mut self, path: &Path, base: usize, errors: &mut Errors) -> Option<Source> {
        let level = match path.from {
            From::Document => 0,
            From::Up(count) if count <= base => base - count,
            From::Up(count) => {
                errors
                    .add(
                        "FD013",
                        path.span,
                        format!("`^` leads {count} levels up where there are {base}"),
                    )
                    .help("every `[]` of `at` opens a level; `$` is the document itself");
                return None;
            }
        };
        let level = self.home(level);
        let mut keys = Vec::new();
        let mut rest = path.steps.iter().peekable();
        // Ends: every turn takes a step.
        while let Some(step) = rest.peek() {
            match step {
                PathStep::Key(key) => keys.push(key.as_str()),
                PathStep::Each | PathStep::Index(_) | PathStep::Filter(_) => break,
            }
            rest.next();
        }
        let slot = self.slot(level, &keys, path.span, errors);
        let mut steps = Vec::new();
        for step in rest {
            steps.push(match step {
                PathStep::Key(key) => Step::Key(key.as_str().into()),
                PathStep::Index(index) => Step::Index(*index),
                PathStep::Filter(filter) => Step::First(filter.clone()),
                PathStep::Each => {
                    errors
                        .add("FD013", path.span, "`[]` stands outside of `at`".into())
                        .help("name one element: `[0]`, `[-1]` or `[key=value]`; to read each, put it into `at`");
                    return None;
                }
            });
        }
        Some(if steps.is_empty() { Source::Slot(slot) } else { Source::Below(slot, steps) })
    }

    /// The level whose walk finds the values of this one. A level that is only ever the node of
    /// the level above, and from which nothing descends, needs no walk of its own.
    fn home(&self, level: usize) -> usize {
        let descends = |level: &Level| {
            level.trie.iter().flat_map(|node| &node.edges).any(|edge| edge.descend.is_some())
        };
        let mut home = level;
        // Ends: every turn goes one level up.
        while let Some(above) = home.checked_sub(1) {
            let is_same_node = self.levels[above].descend_here && !descends(&self.levels[above]);
            if !is_same_node || descends(&self.levels[home]) {
                break;
            }
            home = above;
        }
        home
    }

    fn slot(&mut self, level: usize, keys: &[&str], span: Span, errors: &mut Errors) -> Slot {
        let next = self.slot_levels.len();
        let found = {
            let level = &mut self.levels[level];
            let place = match keys.split_last() {
                None => &mut level.own,
                Some((last, above)) => {
                    let node = walk(level, above);
                    &mut edge(level, node, last).slot
                }
            };
            match (*place, u8::try_from(next)) {
                (Some(slot), _) => return slot,
                (None, Ok(number)) if next < SLOTS_MAX => {
                    *place = Some(Slot(number));
                    Some(Slot(number))
                }
                (None, _) => None,
            }
        };
        if let Some(slot) = found {
            self.slot_levels.push(level);
            return slot;
        }
        if !self.too_many {
            self.too_many = true;
            errors
                .add(
                    "FD040",
                    span,
                    format!("the feed wants more than {SLOTS_MAX} different values"),
                )
                .help("leave out what nothing needs: references and alternatives count as well");
        }
        Slot(0)
    }

    /// The levels, and the final number of each provisional slot. `samples` are documents in which
    /// keys are looked up for their usual order: the extractor compares in the order of edges.
    pub(crate) fn finish(mut self, samples: &[&str]) -> (Vec<Level>, Vec<Slot>) {
        let mut finals = vec![Slot(0); self.slot_levels.len()];
        let mut next = 0_u8;
        for (index, level) in self.levels.iter_mut().enumerate() {
            let start = next;
            for (slot, _) in self.slot_levels.iter().enumerate().filter(|(_, at)| **at == index) {
                finals[slot] = Slot(next);
                next += 1;
            }
            level.slots = start..next;
            let renumber = |slot: Slot| finals[usize::from(slot.0)];
            level.own = level.own.map(renumber);
            for node in &mut level.trie {
                node.edges.iter_mut().for_each(|edge| edge.slot = edge.slot.map(renumber));
                node.edges.sort_by_key(|edge| first_use(&edge.key, samples));
            }
            if level.trie.iter().all(|node| node.edges.is_empty()) {
                level.trie.clear();
            }
        }
        (self.levels, finals)
    }
}

/// Where a key first stands in the samples; behind all of them where it does not.
fn first_use(key: &str, samples: &[&str]) -> usize {
    let name = key.trim_start_matches('@');
    let written = [format!("\"{name}\""), format!("<{name}"), format!(" {name}=")];
    let found = |sample: &&str| written.iter().filter_map(|text| sample.find(text)).min();
    samples.iter().find_map(found).unwrap_or(usize::MAX)
}

/// One leg of an `at` path: from one level to the next.
struct Leg {
    keys: Vec<String>,
    filter: Option<Filter>,
}

/// Cuts a path of `at` at its `[]`. The end of the path ends a leg too, unless a `[]` just did.
fn legs(path: &Path, errors: &mut Errors) -> Vec<Leg> {
    let mut legs = Vec::new();
    let mut leg = Leg { keys: Vec::new(), filter: None };
    let mut open = true;
    for step in &path.steps {
        if leg.filter.is_some() && *step != PathStep::Each {
            errors
                .add("FD013", path.span, "a filter of `at` does not end its level".into())
                .help("write `[]` after the filter: `events[type=scan][]`");
        }
        open = true;
        match step {
            PathStep::Key(key) => leg.keys.push(key.clone()),
            // Without more ado a path goes into the first element.
            PathStep::Index(0) => {}
            PathStep::Index(_) => {
                errors
                    .add("FD013", path.span, "an index stands in `at`".into())
                    .help("`at` reads each element `[]` or those of a filter `[key=value]`");
            }
            PathStep::Filter(filter) => leg.filter = Some(filter.clone()),
            PathStep::Each => {
                legs.push(core::mem::replace(&mut leg, Leg { keys: Vec::new(), filter: None }));
                open = false;
            }
        }
    }
    if open {
        legs.push(leg);
    }
    for leg in &legs {
        if leg.keys.is_empty() && leg.filter.is_some() {
            errors
                .add("FD013", path.span, "a filter of `at` has no key before it".into())
                .help("a filter chooses among the values of a key: `events[type=scan][]`");
        }
    }
    legs
}

/// The node below these keys, made where it is missing.
fn walk(level: &mut Level, keys: &[impl AsRef<str>]) -> usize {
    let mut node = 0;
    for key in keys {
        let below = edge(level, node, key.as_ref()).below;
        node = if let Some(below) = below {
            usize::from(below)
        } else {
            let made = level.trie.len();
            edge(level, node, key.as_ref()).below = u16::try_from(made).ok();
            level.trie.push(TrieNode::default());
            made
        };
    }
    node
}

/// The edge of a key, made where it is missing.
fn edge<'a>(level: &'a mut Level, node: usize, key: &str) -> &'a mut Edge {
    let edges = &mut level.trie[node].edges;
    let index = edges.iter().position(|edge| &*edge.key == key).unwrap_or(edges.len());
    if index == edges.len() {
        edges.push(Edge { key: key.into(), slot: None, below: None, descend: None });
    }
    &mut edges[index]
}

/// Gives every slot of an expression its final number.
pub(crate) fn renumber(expr: &mut Expr, finals: &[Slot]) {
    for source in &mut expr.alternatives {
        match source {
            Source::Slot(slot) | Source::Below(slot, _) => {
                *slot = finals.get(usize::from(slot.0)).copied().unwrap_or(Slot(0));
            }
            Source::Literal(_) => {}
            Source::Call(_, arguments) => {
                arguments.iter_mut().for_each(|argument| renumber(argument, finals));
            }
        }
    }
    *expr = Expr::new(core::mem::take(&mut expr.alternatives));
}

#[cfg(test)]
mod tests {
    use super::super::syntax;
    use super::*;

    fn layout(
        at: &[&[&str]],
        exprs: &[(usize, &str)],
    ) -> (Vec<Level>, Vec<Expr>, Vec<&'static str>) {
        let mut errors = Errors::default();
        let span = Span::new(0, 1, 1, 1);
        let mut layout = Layout::new();
        for paths in at {
            let paths: Vec<Path> =
                paths.iter().filter_map(|text| syntax::at_path(text, span, &mut errors)).collect();
            layout.open(&paths, &mut errors);
        }
        let mut lowered = Vec::new();
        for (base, text) in exprs {
            let read = syntax::expression(text, span, &mut errors).unwrap_or_default();
            lowered.push(layout.lower(&read, *base, &mut errors));
        }
        let (levels, finals) = layout.finish(&[]);
        lowered.iter_mut().for_each(|expr| renumber(expr, &finals));
        (levels, lowered, errors.codes())
    }

    #[test]
    fn slots_of_a_level_are_contiguous_and_shared() {
        let (levels, exprs, errors) = layout(
            &[&["a.list[].pack[]"], &["activity[]"]],
            &[(3, "code"), (2, "number | ^inquiry"), (3, "^number"), (3, "$.a.name"), (3, "code")],
        );
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(levels.len(), 4);
        let ranges: Vec<_> = levels.iter().map(|level| level.slots.clone()).collect();
        assert_eq!(ranges, [0..1, 1..2, 2..3, 3..4]);
        let slot = |expr: &Expr, index: usize| match expr.alternatives[index] {
            Source::Slot(slot) => slot.0,
            _ => panic!("a slot"),
        };
        assert_eq!((slot(&exprs[0], 0), slot(&exprs[4], 0)), (3, 3));
        assert_eq!((slot(&exprs[1], 0), slot(&exprs[1], 1), slot(&exprs[2], 0)), (2, 1, 2));
        assert_eq!(slot(&exprs[3], 0), 0);
        let edge = &levels[0].trie[0].edges[0];
        assert_eq!((&*edge.key, edge.below), ("a", Some(1)));
        assert!(levels[0].trie[1].edges[0].descend.is_some());
    }

    #[test]
    fn paths_without_each_and_dots_open_a_level() {
        let (levels, _, errors) = layout(&[&["."], &["TrackSummary", "TrackDetail[]"]], &[]);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(levels.len(), 3);
        assert!(levels[0].descend_here && !levels[1].descend_here);
        assert_eq!(levels[1].trie[0].edges.len(), 2);
    }

    #[test]
    fn a_level_that_is_the_one_above_is_not_walked_again() {
        let (levels, _, _) = layout(&[&["."], &["."]], &[(2, "a.b"), (1, "c"), (2, "^d")]);
        let sizes: Vec<_> = levels.iter().map(|level| level.trie.len()).collect();
        assert_eq!(sizes, [2, 0, 0]);
        let (levels, _, _) = layout(&[&["."], &["list[]"]], &[(2, "a"), (1, "c")]);
        let sizes: Vec<_> = levels.iter().map(|level| level.trie.len()).collect();
        assert_eq!(sizes, [0, 1, 1]);
    }

    #[test]
    fn edges_stand_in_the_order_of_the_samples() {
        let mut layout = Layout::new();
        let mut errors = Errors::default();
        for key in ["c", "a", "z", "b"] {
            layout.slot(0, &[key], Span::default(), &mut errors);
        }
        let (levels, _) = layout.finish(&[r#"{"a":1,"b":{"c":2}}"#]);
        let keys: Vec<_> = levels[0].trie[0].edges.iter().map(|edge| &*edge.key).collect();
        assert_eq!(keys, ["a", "b", "c", "z"]);
    }

    #[test]
    fn what_follows_a_filter_is_walked_from_the_slot() {
        let (levels, exprs, errors) =
            layout(&[&["x[]"]], &[(1, "dates[type=SDD].date"), (1, ".[0]")]);
        assert!(errors.is_empty(), "{errors:?}");
        let [Source::Below(_, steps)] = &exprs[0].alternatives[..] else { panic!("below") };
        assert_eq!(steps.len(), 2);
        assert!(levels[1].own.is_some());
    }

    #[test]
    fn mistakes_are_told() {
        let check = |at: &[&[&str]], exprs: &[(usize, &str)], code| {
            assert_eq!(layout(at, exprs).2, [code], "{at:?} {exprs:?}");
        };
        check(&[&["a[]"]], &[(1, "^^x")], "FD013");
        check(&[&["a[]"]], &[(1, "b[].c")], "FD013");
        check(&[&["a[]", "b[].c[]"]], &[], "FD014");
        check(&[&["^a[]"]], &[], "FD013");
        check(&[&["a[x=1].b[]"]], &[], "FD013");
        check(&[&["a[].b[].c[].d[].e[].f[].g[].h[]"]], &[], "FD040");
        let many: Vec<String> = (0..200).map(|index| format!("k{index}")).collect();
        let exprs: Vec<(usize, &str)> = many.iter().map(|key| (1, key.as_str())).collect();
        check(&[&["."]], &exprs, "FD040");
    }
}
