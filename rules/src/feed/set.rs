//! All feeds together: compiled from files, found by name.
//!
//! # Place
//!
//! What `node` loads at start and `core` runs: [`compile`] for files, [`builtin`] for those that are
//! built in.
//!
//! # Method
//!
//! Files are read first, all of them; then `extends` is resolved by joining trees, so that a feed
//! that extends another is checked as if it had been written out. A chain of them ends after
//! [`EXTENDS_MAX`] steps or is a mistake.
//!
//! # Holds
//!
//! - Feeds are sorted by name; a [`FeedId`] is an index into them.
//! - Either every file is right or nothing comes back but all mistakes.

use std::collections::HashMap;

use crossdock_model::id::FeedId;

use super::error::{Errors, FeedError, Span, suggest};
use super::program::Feed;
use super::read;
use super::suite::FeedTest;
use super::yaml::{self, Kind, Node};

/// Feeds in a row that extend one another.
const EXTENDS_MAX: usize = 4;

/// Feeds of one set: what a [`FeedId`] can count.
const FEEDS_MAX: usize = u16::MAX as usize;

include!(concat!(env!("OUT_DIR"), "/feeds.rs"));

/// The feeds that were loaded together.
#[derive(Clone, Debug, Default)]
pub struct FeedSet {
    feeds: Vec<Feed>,
    tests: Vec<Vec<FeedTest>>,
    sources: Vec<Vec<Box<str>>>,
}

impl FeedSet {
    /// Every feed, by name. The index is the feed's id.
    #[must_use]
    pub fn feeds(&self) -> &[Feed] {
        &self.feeds
    }

    /// The feed of a name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Feed> {
        let index = self.feeds.binary_search_by(|feed| (*feed.name).cmp(name)).ok()?;
        Some(&self.feeds[index])
    }

    /// The feed of an id of this set.
    #[must_use]
    pub fn by_id(&self, id: FeedId) -> Option<&Feed> {
        self.feeds.get(usize::from(id.0))
    }

    /// The tests that a feed's file carries.
    #[must_use]
    pub fn tests(&self, id: FeedId) -> &[FeedTest] {
        self.tests.get(usize::from(id.0)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Where a feed's facts come from.
    #[must_use]
    pub fn sources(&self, id: FeedId) -> &[Box<str>] {
        self.sources.get(usize::from(id.0)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The feed whose name is nearest, as a sentence: for a message about a name that is unknown.
    #[must_use]
    pub fn suggest(&self, name: &str) -> String {
        suggest(name, self.feeds.iter().map(|feed| &*feed.name))
    }
}

/// Compiles feed files, given as (path, text).
///
/// # Errors
///
/// Every mistake of every file, by file, line and column.
pub fn compile(files: &[(&str, &str)]) -> Result<FeedSet, Vec<FeedError>> {
    let mut errors = Errors::default();
    if FEEDS_MAX < files.len() {
        let place = Span::new(0, 1, 1, 1);
        errors
            .add("FD040", place, format!("there are {} feed files", files.len()))
            .help(format!("at most {FEEDS_MAX} are loaded together"));
        return Err(errors.finish(files));
    }
    let mut roots: Vec<(String, Node)> = Vec::new();
    for (index, (path, text)) in files.iter().enumerate() {
        let number = u16::try_from(index).unwrap_or(u16::MAX);
        if let Some(root) = yaml::read(number, text, &mut errors) {
            let name = name(&root, path, &roots, &mut errors);
            roots.push((name, root));
        }
    }
    roots.sort_by(|left, right| left.0.cmp(&right.0));
    let by_name: HashMap<&str, &Node> =
        roots.iter().map(|(name, root)| (name.as_str(), root)).collect();
    let mut set = FeedSet::default();
    for (_, root) in &roots {
        let Some(merged) = resolve(root, &by_name, EXTENDS_MAX, &mut errors) else { continue };
        if let Some((mut feed, tests)) = super::compile::feed(&merged, root.span.file, &mut errors)
        {
            feed.id = FeedId(u16::try_from(set.feeds.len()).unwrap_or(u16::MAX));
            set.feeds.push(feed);
            set.tests.push(tests);
            let sources = merged.get("sources").map(Node::elements).unwrap_or_default();
            set.sources.push(sources.iter().filter_map(Node::text).map(Into::into).collect());
        }
    }
    if errors.is_empty() { Ok(set) } else { Err(errors.finish(files)) }
}

/// The feeds that are built in.
///
/// # Panics
///
/// Where a built-in file has a mistake: that is a bug, and a test of this crate finds it.
#[must_use]
pub fn builtin() -> FeedSet {
    match compile(BUILTIN) {
        Ok(set) => set,
        Err(errors) => {
            let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("the built-in feeds have mistakes:\n{}", all.join("\n\n"))
        }
    }
}

/// The built-in files as (path, text), sorted by path: what `crossdock feeds` can write out.
#[must_use]
pub const fn builtin_files() -> &'static [(&'static str, &'static str)] {
    BUILTIN
}

/// The name of a feed, which is also that of its file.
fn name(root: &Node, path: &str, roots: &[(String, Node)], errors: &mut Errors) -> String {
    let Some(node) = root.get("feed") else {
        errors
            .add("FD005", root.span, "the file does not say which feed it is".into())
            .help("begin with `feed:` and the name of the file");
        return String::new();
    };
    let name = read::text(node, "`feed`", errors);
    let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let stem = file.strip_suffix(".yaml").or_else(|| file.strip_suffix(".yml")).unwrap_or(file);
    if !name.is_empty() && name != stem {
        errors
            .add("FD007", node.span, format!("the feed \"{name}\" stands in the file \"{file}\""))
            .help(format!(
                "a feed is called like its file: write `feed: {stem}`, or rename the file"
            ));
    }
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !name.bytes().all(fits) {
        errors
            .add("FD007", node.span, format!("\"{name}\" is no name of a feed"))
            .help("a feed's name stands in subjects: lower case, digits and `-`");
    }
    if roots.iter().any(|(known, _)| known == name) {
        errors
            .add("FD007", node.span, format!("there are two feeds \"{name}\""))
            .help("rename one of the two files");
    }
    name.to_owned()
}

/// A tree with everything that it extends put in.
fn resolve(
    root: &Node,
    by_name: &HashMap<&str, &Node>,
    steps: usize,
    errors: &mut Errors,
) -> Option<Node> {
    let Some(extends) = root.get("extends") else { return Some(root.clone()) };
    let name = read::text(extends, "`extends`", errors);
    let Some(base) = by_name.get(name) else {
        errors
            .add("FD050", extends.span, format!("there is no feed \"{name}\" to extend"))
            .help(suggest(name, by_name.keys().copied()));
        return None;
    };
    if steps == 0 {
        errors
            .add(
                "FD050",
                extends.span,
                format!("more than {EXTENDS_MAX} feeds extend one another here"),
            )
            .help("extend the base itself; feeds can't extend one another in a circle");
        return None;
    }
    let base = resolve(base, by_name, steps - 1, errors)?;
    Some(join(root, &base))
}

/// What `own` says, and what `base` says where `own` is silent. Code rows are joined, own rows
/// first; so are the keys of `shipment` and `event`. Tests and `detect` are not inherited, nor is `may_say` where
/// `own` names its sender.
fn join(own: &Node, base: &Node) -> Node {
    let mut entries = own.entries().to_vec();
    for (key, value) in base.entries() {
        let name = key.text.as_str();
        if matches!(name, "feed" | "extends" | "tests" | "detect") {
            continue;
        }
        // A sender of another kind is not bound to what the base's sender may say.
        if name == "may_say" && own.get("sender").is_some() {
            continue;
        }
        let Some((_, present)) = entries.iter_mut().find(|(known, _)| known.text == name) else {
            entries.push((key.clone(), value.clone()));
            continue;
        };
        match (name, &mut present.kind, &value.kind) {
            ("codes", Kind::List(rows), Kind::List(inherited)) => {
                rows.extend(inherited.iter().cloned())
            }
            ("shipment" | "event", Kind::Map(fields), Kind::Map(inherited)) => {
                for (key, value) in inherited {
                    if !fields.iter().any(|(known, _)| known.text == key.text) {
                        fields.push((key.clone(), value.clone()));
                    }
                }
            }
            _ => {}
        }
    }
    Node { kind: Kind::Map(entries), span: own.span }
}

#[cfg(test)]
mod tests;
