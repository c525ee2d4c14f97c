//! Learned shapes against the decoder: whatever matches is read alike, value for value.

use crossdock_format::{
    CaptureKind, DecodeLimits, Decoder, Format, Node, NumberText, Shapes, StaticNode,
};
use proptest::prelude::*;

/// Asks the shapes and the decoder; `true` when the shapes knew the document.
fn check(shapes: &mut Shapes, document: &[u8]) -> bool {
    let Some(found) = shapes.match_document(document) else { return false };
    let mut decoder = Decoder::new(DecodeLimits::default());
    let mut copy = document.to_vec();
    let read = decoder.decode(&Format::Json, &mut copy);
    let shown = String::from_utf8_lossy(document);
    let read = read.unwrap_or_else(|error| panic!("matched {shown:?}, but {error}"));
    let tape = read.view();
    let mut expected = Vec::new();
    let mut values = vec![0];
    while let Some(index) = values.pop() {
        match tape.node(index).expect("a node") {
            Node::Object { .. } => values.extend(tape.entries(index).map(|(_, value)| value)),
            Node::Array { .. } => values.extend(tape.elements(index)),
            Node::String(_) | Node::Static(_) => expected.push(index),
        }
    }
    expected.sort_unstable();
    let indexes: Vec<usize> =
        found.captures.iter().map(|capture| capture.node_index as usize).collect();
    assert_eq!(indexes, expected, "{shown}");
    for capture in found.captures {
        let index = capture.node_index as usize;
        let node = capture.node(document).expect("a value");
        let (mut ours, mut theirs) = (NumberText::new(), NumberText::new());
        let text = match node {
            Node::String(text) => Some(text),
            Node::Static(value) => ours.write(value),
            _ => panic!("a capture is a scalar"),
        };
        assert_eq!(text, tape.scalar(index, &mut theirs), "{shown}");
        assert_eq!(matches!(node, Node::String(_)), tape.text(index).is_some());
        assert_eq!(matches!(node, Node::Static(StaticNode::F64(_))), tape.is_inexact(index));
        assert_eq!(capture.kind == CaptureKind::Null, tape.is_null(index));
    }
    true
}

fn shapes() -> Shapes {
    Shapes::new(DecodeLimits::default())
}

#[test]
fn a_shape_reads_other_values() {
    let mut shapes = shapes();
    let teacher = br#"{"id":"1Z","n":12,"ok":true,"none":null,"e":[],"o":{},"l":[{"t":"a","w":1.5},{"t":"","w":-2}]} "#;
    assert!(!check(&mut shapes, teacher));
    assert_eq!(shapes.learn(teacher), Some(0));
    for same in [
        &teacher[..],
        br#"{"id":"","n":0,"ok":false,"none":null,"e":[],"o":{},"l":[{"t":"caf\xc3\xa9","w":7},{"t":"x","w":0.25}]} "#,
        "{\"id\":\"é😀 and more than eight bytes\",\"n\":true,\"ok\":1,\"none\":2,\"e\":[],\"o\":{},\"l\":[{\"t\":\"a\",\"w\":null},{\"t\":\"\",\"w\":-2}]} ".as_bytes(),
    ] {
        let is_escaped = same.contains(&b'\\');
        assert_eq!(check(&mut shapes, same), !is_escaped);
    }
    for other in [
        &br#"{"id":"1Z","n":12,"ok":true,"none":null,"e":[],"o":{},"l":[{"t":"a","w":1.5}]} "#[..],
        br#"{"id":"1\"","n":12,"ok":true,"none":null,"e":[],"o":{},"l":[{"t":"a","w":1.5},{"t":"","w":-2}]} "#,
        br#"{"id":"1Z","n":01,"ok":true,"none":null,"e":[],"o":{},"l":[{"t":"a","w":1.5},{"t":"","w":-2}]} "#,
        br#"{"id":"1Z","n":1e5,"ok":true,"none":null,"e":[],"o":{},"l":[{"t":"a","w":1.5},{"t":"","w":-2}]} "#,
        br#"{"id":"1Z","n":123456789012345678,"ok":true,"none":null,"e":[],"o":{},"l":[{"t":"a","w":1.5},{"t":"","w":-2}]} "#,
        b"{\"id\":\"\xff\",\"n\":12,\"ok\":true,\"none\":null,\"e\":[],\"o\":{},\"l\":[{\"t\":\"a\",\"w\":1.5},{\"t\":\"\",\"w\":-2}]} ",
        b"{\"id\":\"\0\",\"n\":12,\"ok\":true,\"none\":null,\"e\":[],\"o\":{},\"l\":[{\"t\":\"a\",\"w\":1.5},{\"t\":\"\",\"w\":-2}]} ",
        b"",
    ] {
        assert!(!check(&mut shapes, other), "{}", String::from_utf8_lossy(other));
    }
}

#[test]
fn what_cannot_be_matched_is_not_learned() {
    for teacher in ["{", "{\"a\\u0062\":1}", "{\"a\":\"\\n\"}", "[1e5]", "[1,]", ""] {
        let mut shapes = shapes();
        assert_eq!(shapes.learn(teacher.as_bytes()), None, "{teacher}");
        assert_eq!(shapes.learn(b"[1]"), None, "{teacher}: the next is passed over");
        assert_eq!(shapes.learn(b"[1]"), Some(0), "{teacher}");
    }
    let mut shapes = shapes();
    for teacher in ["1", "\"x\"", "[]", "{}", " [ 1 , 2 ] ", "null"] {
        let index = shapes.learn(teacher.as_bytes());
        assert!(index.is_some(), "{teacher}");
        assert!(check(&mut shapes, teacher.as_bytes()), "{teacher}");
    }
}

#[test]
fn shapes_in_use_are_kept() {
    let mut shapes = shapes();
    let document = |count: usize| format!("[{}0]", "1,".repeat(count)).into_bytes();
    for count in 0..32 {
        assert_eq!(shapes.learn(&document(count)), Some(count));
        assert!(check(&mut shapes, &document(count)));
    }
    assert_eq!(shapes.learn(&document(99)), None);
    assert!((0..32).all(|count| check(&mut shapes, &document(count))));
    // After some thousand matches of one shape the others have been forgotten.
    for _ in 0..40_000 {
        assert!(shapes.match_document(&document(5)).is_some());
    }
    assert!(shapes.learn(&document(99)).is_some());
    assert!(check(&mut shapes, &document(99)) && check(&mut shapes, &document(5)));
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9 é:,{}]{0,20}".prop_map(|text| format!("\"{text}\"")),
        Just("\"\\u00e9\"".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        (0_u32..2_000).prop_map(|number| number.to_string()),
        (-9_999_i32..9_999).prop_map(|number| format!("{}", f64::from(number) / 100.0)),
        prop::sample::select(vec!["true", "false", "null", "-0", "0", "1e2", "0.10"])
            .prop_map(str::to_owned),
    ]
}

/// A structure with holes for scalars.
fn structure() -> impl Strategy<Value = String> {
    Just("@".to_owned()).prop_recursive(4, 30, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|of| format!("[{}]", of.join(","))),
            prop::collection::vec(("[a-z]{1,6}", inner), 0..5).prop_map(|of| {
                let entries: Vec<String> =
                    of.into_iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
                format!("{{{}}}", entries.join(", "))
            }),
        ]
    })
}

fn fill(structure: &str, scalars: &[String]) -> String {
    let mut next = scalars.iter().cycle();
    let parts: Vec<&str> = structure.split('@').collect();
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        out.push_str(part);
        if at + 1 < parts.len() {
            out.push_str(next.next().map_or("0", String::as_str));
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn what_matches_is_read_alike(
        structure in structure(),
        first in prop::collection::vec(scalar(), 1..8),
        second in prop::collection::vec(scalar(), 1..8),
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..40),
    ) {
        let mut shapes = shapes();
        let teacher = fill(&structure, &first);
        let has_learned = shapes.learn(teacher.as_bytes()).is_some();
        prop_assert_eq!(check(&mut shapes, teacher.as_bytes()), has_learned);
        check(&mut shapes, fill(&structure, &second).as_bytes());
        for (at, byte) in damages {
            let mut damaged = teacher.clone().into_bytes();
            let at = at.index(damaged.len());
            damaged[at] = byte;
            check(&mut shapes, &damaged);
            damaged.truncate(at);
            check(&mut shapes, &damaged);
        }
    }
}
