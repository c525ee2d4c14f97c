//! Every document of the shared corpus is read, or refused for a reason that is listed here.
//!
//! The corpus lies beside the repository; without it the test says so and passes over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crossdock_format::{DecodeLimits, Decoder, Document, Format, Node, Splitter, pad};

/// Documents that are not what their name says. The USPS answer was cut by hand: it closes a `TrackInfo` that it never opens.
const REFUSED: [&str; 1] = [
    "active_shipping/usps/tracking_response__v1.xml: malformed: </TrackInfo> where </TrackResponse> should be at byte 1662",
];

/// Documents that were read when this was last looked at; it only rises.
const DOCUMENT_COUNT: usize = 1_373;

#[expect(clippy::print_stdout, reason = "a test that passes over says so")]
fn corpus() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    if !root.is_dir() {
        println!("passed over: no corpus at {}", root.display());
        return None;
    }
    Some(root)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a folder of the corpus")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// By the file's name; `None` for licences, code tables and schemas in other languages.
fn format(path: &Path) -> Option<Format> {
    let extension = path.extension()?.to_str()?;
    Some(match extension {
        "json" | "jsonld" => Format::Json,
        "jsonl" | "ndjson" => Format::Ndjson,
        "xml" | "xsd" => Format::Xml,
        "edi" if path.components().any(|part| part.as_os_str() == "iftsta") => Format::Edifact,
        "edi" => Format::X12,
        "csv" => Format::from_name("csv")?,
        _ => return None,
    })
}

/// Counts on the tape agree with each other.
fn assert_whole(document: &Document<'_>) {
    let tape = document.view();
    assert_eq!(tape.end(0), tape.nodes.len());
    for (index, node) in tape.nodes.iter().enumerate() {
        match *node {
            Node::Object { len, .. } => assert_eq!(tape.entries(index).count(), len),
            Node::Array { len, .. } => assert_eq!(tape.elements(index).count(), len),
            Node::String(_) | Node::Static(_) => {}
        }
    }
}

#[derive(Default)]
struct Tally {
    file_count: usize,
    document_count: usize,
    node_count: usize,
    warning_count: usize,
}

#[test]
fn every_document_of_the_corpus_is_read() {
    let Some(root) = corpus() else { return };
    let mut decoder = Decoder::new(DecodeLimits::default());
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut refused = Vec::new();
    for source in
        ["active_shipping", "easypost", "edi", "epcis", "karrio", "openapi_examples", "shipit"]
    {
        let mut paths = Vec::new();
        files(&root.join(source), &mut paths);
        for path in paths {
            let Some(format) = format(&path) else { continue };
            let tally = tallies.entry(format!("{source} {}", format.name())).or_default();
            tally.file_count += 1;
            let mut bytes = std::fs::read(&path).expect("a file of the corpus");
            let size = pad(&mut bytes);
            let mut splitter = Splitter::new(&format, &bytes[..size]);
            while let Some(range) = splitter.next_range(&bytes[..size]) {
                let document_size = range.len();
                match decoder.decode_padded(&format, &mut bytes[range.start..], document_size) {
                    Ok(document) => {
                        assert_whole(&document);
                        tally.document_count += 1;
                        tally.node_count += document.view().nodes.len();
                        tally.warning_count += document.warnings().len();
                        for warning in document.warnings().iter().filter(|_| source == "edi") {
                            println!("{}: {warning}", path.display());
                        }
                    }
                    Err(error) => {
                        let name = path.strip_prefix(&root).expect("under the root");
                        refused.push(format!("{}: {error}", name.display()));
                    }
                }
            }
        }
    }
    println!("source, format             files  documents     nodes  warnings");
    for (name, tally) in &tallies {
        println!(
            "{name:25} {:6} {:10} {:9} {:9}",
            tally.file_count, tally.document_count, tally.node_count, tally.warning_count
        );
    }
    assert_eq!(refused, REFUSED);
    let count: usize = tallies.values().map(|tally| tally.document_count).sum();
    assert!(DOCUMENT_COUNT <= count, "{count} documents where {DOCUMENT_COUNT} were read before");
}
