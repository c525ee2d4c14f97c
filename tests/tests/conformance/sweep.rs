//! No file of the corpus brings the engine down, whatever feed it is given to.

use crate::counts::{Counts, settle};
use crate::{RECEIVED, corpus, files_below};
use crossdock_core::guess::Guesser;
use crossdock_tests::reading::read;
use crossdock_tests::replay::{self, Document};
use std::fs;

/// Files above this many bytes hold timelines, calendars and number tables, no documents.
const FILE_SIZE_MAX: usize = 1 << 20;

/// One feed of every format, beside the one that a file is told to be of.
const FEEDS: [&str; 7] =
    ["generic", "ups-xml", "epcis", "epcis-xml", "x12-214", "iftsta", "usps-iv"];

#[test]
fn no_file_brings_the_engine_down() {
    let Some(corpus) = corpus() else { return };
    let feeds = replay::feeds();
    let mut guesser = Guesser::new(feeds.clone());
    let (mut counts, mut wrong) = (Counts::default(), Vec::new());
    for file in files_below(&corpus) {
        let bytes = fs::read(&file).expect("the corpus is whole");
        if FILE_SIZE_MAX < bytes.len() {
            continue;
        }
        counts.add("all", "files", 1);
        let told = guesser.feed_of(&bytes);
        counts.add("all", "told", usize::from(told.is_some()));
        let mut names: Vec<String> = FEEDS.iter().map(|it| (*it).to_owned()).collect();
        names.extend(told);
        for feed in names {
            let document = Document { feed, received: RECEIVED, bytes: bytes.clone() };
            let reading = read(&feeds, std::slice::from_ref(&document));
            counts.add("all", "readings", 1);
            if reading.letters.iter().any(|it| it["reason"] == "quarantined") {
                wrong.push(format!("{} as {}", file.display(), document.feed));
            }
        }
    }
    settle("sweep", &counts, &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
