//! Every EPCIS document of GS1 and OpenEPCIS that holds events is read.
//!
//! # Method
//! A document holds events where its text has an `eventTime`. It is read where a feed is told from it, nothing of it is a
//! dead letter and an event comes of it, unless no event of it names an object.

use crate::counts::{Counts, settle};
use crate::{RECEIVED, corpus, files_below};
use crossdock_core::guess::Guesser;
use crossdock_tests::reading::read;
use crossdock_tests::replay::{self, Document};
use std::fs;

/// Names and words of objects, in both bindings.
const OBJECTS: [&str; 6] =
    ["epcList", "parentID", "outputEPCList", "quantityList", "outputQuantityList", "childEPCs"];

/// Documents that are not valid by their own schema, with the reason.
const NOT_VALID: &[(&str, &str)] = &[];

#[test]
fn every_valid_document_is_read() {
    let Some(corpus) = corpus() else { return };
    let feeds = replay::feeds();
    let mut guesser = Guesser::new(feeds.clone());
    let (mut counts, mut wrong) = (Counts::default(), Vec::new());
    for source in ["gs1", "openepcis"] {
        for file in files_below(&corpus.join("epcis").join(source)) {
            let path = file.display().to_string();
            let is_document = [".json", ".jsonld", ".xml"].iter().any(|it| path.ends_with(it));
            let is_about = ["JSON-Schema", "context", "Ontology", "/XSD/"];
            let bytes = fs::read(&file).expect("the corpus is whole");
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if !is_document
                || is_about.iter().any(|it| path.contains(it))
                || !text.contains("eventTime")
            {
                continue;
            }
            // Queries and subscriptions hold conditions on events, not events.
            let is_query = path.contains("/Queries/");
            if is_query || NOT_VALID.iter().any(|row| path.contains(row.0)) {
                continue;
            }
            counts.add(source, "documents", 1);
            let Some(feed) = guesser.feed_of(&bytes) else {
                counts.add(source, "no feed", 1);
                wrong.push(format!("{path}: no feed"));
                continue;
            };
            let reading = read(&feeds, &[Document { feed, received: RECEIVED, bytes }]);
            // `epcList: []` beside sensors names nothing.
            let plain: String = text.split_whitespace().collect();
            let names_objects = OBJECTS.iter().any(|it| {
                plain.contains(it)
                    && !plain.contains(&format!("\"{it}\":[]"))
                    && !plain.contains(&format!("<{it}/>"))
            });
            let unmapped = reading.events.iter().filter(|it| it["detail"] == "UNMAPPED").count();
            let is_read =
                reading.letters.is_empty() && (!reading.events.is_empty() || !names_objects);
            counts.add(source, "read", usize::from(is_read));
            counts.add(source, "events", reading.events.len());
            counts.add(source, "unmapped", unmapped);
            counts.add(source, "dead", reading.letters.len());
            if !is_read {
                wrong.push(format!(
                    "{path}: {} events, {:?}",
                    reading.events.len(),
                    reading.letters
                ));
            }
        }
    }
    settle("epcis", &counts, &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
