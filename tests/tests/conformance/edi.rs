//! X12 214 and IFTSTA: every status segment is an event, or a dead letter that says why not.

use crate::counts::{Counts, settle};
use crate::{RECEIVED, corpus, files};
use crossdock_core::guess::Guesser;
use crossdock_tests::reading::read;
use crossdock_tests::replay::{self, Document};
use std::fs;

#[test]
fn every_status_segment_is_an_event_or_says_why_not() {
    let Some(corpus) = corpus() else { return };
    let feeds = replay::feeds();
    let mut guesser = Guesser::new(feeds.clone());
    let (mut counts, mut wrong) = (Counts::default(), Vec::new());
    for (folder, feed, segment) in [("x12_214", "x12-214", "AT7"), ("iftsta", "iftsta", "STS")] {
        for file in files(&corpus.join("edi").join(folder), "") {
            let bytes = fs::read(&file).expect("the corpus is whole");
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let starts = ["\n", "\r", "~", "'"].map(|before| format!("{before}{segment}"));
            let statuses: usize = starts.iter().map(|it| text.matches(it.as_str()).count()).sum();
            let told = guesser.feed_of(&bytes);
            if told.as_deref() != Some(feed) {
                wrong.push(format!("{}: told as {told:?}", file.display()));
            }
            let document = Document { feed: feed.to_owned(), received: RECEIVED, bytes };
            let reading = read(&feeds, &[document]);
            let unmapped = reading.events.iter().filter(|it| it["detail"] == "UNMAPPED").count();
            counts.add(feed, "documents", 1);
            counts.add(feed, "statuses", statuses);
            counts.add(feed, "events", reading.events.len());
            counts.add(feed, "unmapped", unmapped);
            counts.add(feed, "dead", reading.letters.len());
            let bad_times = reading.letters.iter().filter(|it| it["reason"] == "bad_time").count();
            if reading.events.len() + bad_times != statuses || reading.letters.len() != bad_times {
                wrong.push(format!("{}: {statuses}; {:?}", file.display(), reading.letters));
            }
        }
    }
    settle("edi", &counts, &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
