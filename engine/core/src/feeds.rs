//! The loaded feeds, shared by the lanes: read-only, so sharing costs nothing.

use std::sync::Arc;

use crossdock_format::{CsvOptions, Format};
use crossdock_model::id::FeedId;
use crossdock_rules::feed::FeedSet;
use crossdock_rules::feed::program::{self, Feed};

use crate::extract::keys::FeedKeys;

/// A set of feeds with the decoder's view of their formats.
#[derive(Clone, Debug)]
pub struct Feeds {
    set: Arc<FeedSet>,
    formats: Arc<[Format]>,
    keys: Arc<[FeedKeys]>,
}

impl Feeds {
    /// Shares a compiled set.
    #[must_use]
    pub fn new(set: FeedSet) -> Self {
        let formats = set.feeds().iter().map(|feed| format_of(&feed.format)).collect();
        let keys = set.feeds().iter().map(FeedKeys::new).collect();
        Self { set: Arc::new(set), formats, keys }
    }

    /// The feed of a name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Feed> {
        self.set.by_name(name)
    }

    /// The feed of a name, most likely the one named `near`.
    #[must_use]
    pub fn by_name_near(&self, name: &str, near: FeedId) -> Option<&Feed> {
        match self.set.by_id(near) {
            Some(feed) if *feed.name == *name => Some(feed),
            _ => self.set.by_name(name),
        }
    }

    /// The set itself.
    #[must_use]
    pub fn set(&self) -> &FeedSet {
        &self.set
    }

    /// How the feed's bytes become a tape.
    #[must_use]
    pub fn format(&self, id: FeedId) -> &Format {
        &self.formats[usize::from(id.0)]
    }

    /// The keys of the feed's tries, as words.
    #[must_use]
    pub fn keys(&self, id: FeedId) -> &FeedKeys {
        &self.keys[usize::from(id.0)]
    }

    /// The names, by id.
    #[must_use]
    pub fn names(&self) -> Vec<Box<str>> {
        self.set.feeds().iter().map(|feed| feed.name.clone()).collect()
    }

    /// What the shipments of each feed are, by id; see [`Feed::mode`].
    #[must_use]
    pub fn modes(&self) -> Vec<Box<str>> {
        self.set.feeds().iter().map(|feed| feed.mode.clone()).collect()
    }
}

fn format_of(format: &program::Format) -> Format {
    match format {
        program::Format::Json => Format::Json,
        program::Format::JsonWithin(key) => Format::JsonWithin(key.clone()),
        program::Format::Ndjson => Format::Ndjson,
        program::Format::Xml => Format::Xml,
        program::Format::X12 => Format::X12,
        program::Format::Edifact => Format::Edifact,
        program::Format::Csv { delimiter, columns } => Format::Csv(CsvOptions {
            delimiter: *delimiter,
            header: (!columns.is_empty())
                .then(|| columns.iter().map(|name| String::from(&**name)).collect()),
            ..CsvOptions::default()
        }),
    }
}
