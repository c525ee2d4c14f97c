//! Learned shapes against the decoder: whatever is known is read alike, node for node.

use crossdock_format::{DecodeLimits, Decoder, Format, Node, Shapes, StaticNode};
use proptest::prelude::*;

/// Key numbers as a feed gives them: here the length of the key.
fn key_id(key: &str) -> u16 {
    u16::try_from(key.len()).unwrap_or(u16::MAX)
}

/// Asks the shapes and the decoder; `true` when the shapes knew the document.
#[track_caller]
fn check(shapes: &mut Shapes, document: &[u8]) -> bool {
    let Some(text) = shapes.read(document) else { return false };
    let mut decoder = Decoder::new(DecodeLimits::default());
    let mut copy = document.to_vec();
    let read = decoder.decode(&Format::Json, &mut copy);
    let shown = String::from_utf8_lossy(document);
    let read = read.unwrap_or_else(|error| panic!("known {shown:?}, but {error}"));
    let (found, tape) = (shapes.tape(text), read.view());
    assert_eq!(found.len(), tape.nodes.len(), "{shown}");
    for (ours, theirs) in found.iter().zip(tape.nodes) {
        assert_eq!(whole(ours), whole(theirs), "{shown}");
    }
    true
}

/// A whole number is the same, signed or not.
fn whole(node: &Node<'_>) -> String {
    match node {
        Node::Static(StaticNode::I64(number)) => number.to_string(),
        Node::Static(StaticNode::U64(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn learn(shapes: &mut Shapes, teacher: &[u8]) -> bool {
    let mut decoder = Decoder::new(DecodeLimits::default());
    let mut copy = teacher.to_vec();
    match decoder.decode(&Format::Json, &mut copy) {
        Ok(read) => shapes.learn(teacher, read.view().nodes, key_id),
        Err(_) => false,
    }
}

fn shapes() -> Shapes {
    Shapes::new(DecodeLimits::default())
}

#[test]
fn a_shape_reads_other_values() {
    let mut shapes = shapes();
    let teacher = br#"{"id":"1Z","n":12,"ok":true,"none":null,"e":[],"o":{},"l":[{"t":"a","w":1.5},{"t":"","w":-2}]} "#;
    assert!(!check(&mut shapes, teacher));
    assert!(learn(&mut shapes, teacher));
    for same in [
        &teacher[..],
        br#"{"id":"","n":0,"ok":false,"none":null,"e":[],"o":{},"l":[{"t":"caf","w":7},{"t":"x","w":0.25}]} "#,
        "{\"id\":\"é😀 and more than eight bytes\",\"n\":true,\"ok\":1,\"none\":2,\"e\":[],\"o\":{},\"l\":[{\"t\":\"a\",\"w\":null},{\"t\":\"\",\"w\":-2}]} ".as_bytes(),
        br#"{"id":"1Z","n":12,"ok":true,"none":null,"e":[],"o":{},"l":[{"t":"a","w":1.5}]} "#,
        br#"{"id":"1Z","n":12,"ok":true,"none":null,"e":[],"o":{},"l":[{"t":"a","w":1.5},{"t":"b","w":1},{"t":"c","w":2}]} "#,
    ] {
        assert!(check(&mut shapes, same), "{}", String::from_utf8_lossy(same));
    }
    for other in [
        &br#"{"id":"1\"","n":12,"ok":true,"none":null,"e":[],"o":{},"l":[{"t":"a","w":1.5},{"t":"","w":-2}]} "#[..],
        br#"{"id":"1Z","n":01,"ok":true,"none":null,"e":[],"o":{},"l":[{"t":"a","w":1.5},{"t":"","w":-2}]} "#,
        br#"{"id":"1Z","n":1e5,"ok":true,"none":null,"e":[],"o":{},"l":[{"t":"a","w":1.5},{"t":"","w":-2}]} "#,
        br#"{"id":"1Z","n":123456789012345678,"ok":true,"none":null,"e":[],"o":{},"l":[{"t":"a","w":1.5},{"t":"","w":-2}]} "#,
        br#"{"id":"1Z","n":"12","ok":true,"none":null,"e":[],"o":{},"l":[{"t":"a","w":1.5}]} "#,
        br#"{"id":"1Z","n":12,"ok":true,"none":null,"e":[],"o":{},"l":[{"t":"a","w":1.5}]]} "#,
        b"{\"id\":\"\xff\",\"n\":12,\"ok\":true,\"none\":null,\"e\":[],\"o\":{},\"l\":[{\"t\":\"a\",\"w\":1.5},{\"t\":\"\",\"w\":-2}]} ",
        b"{\"id\":\"\0\",\"n\":12,\"ok\":true,\"none\":null,\"e\":[],\"o\":{},\"l\":[{\"t\":\"a\",\"w\":1.5},{\"t\":\"\",\"w\":-2}]} ",
        b"",
    ] {
        assert!(!check(&mut shapes, other), "{}", String::from_utf8_lossy(other));
    }
}

#[test]
fn ways_of_several_teachers_are_combined() {
    let mut shapes = shapes();
    for teacher in [
        r#"{"a":"x","l":[{"k":"1","v":2}]}"#,
        r#"{"a":null,"l":[{"k":"1"},{"v":2}]}"#,
        r#"{"a":{"b":"x"},"l":[]}"#,
        r#"{"a":["x",{"b":1}],"l":{"k":"x"}}"#,
    ] {
        assert!(learn(&mut shapes, teacher.as_bytes()), "{teacher}");
        assert!(check(&mut shapes, teacher.as_bytes()), "{teacher}");
    }
    // Never seen as a whole, each step seen before.
    let known = r#"{"a":"y","l":[{"k":"1"},{"v":2}]}"#;
    assert!(check(&mut shapes, known.as_bytes()));
    let unknown = r#"{"a":{"b":1},"l":[]}"#;
    assert!(!check(&mut shapes, unknown.as_bytes()));
}

#[test]
fn what_cannot_be_matched_is_not_learned() {
    for teacher in ["{", "{\"a\\u0062\":1}", "{\"a\":\"\\n\"}", "[1e5]", "[1,]", ""] {
        let mut shapes = shapes();
        assert!(!learn(&mut shapes, teacher.as_bytes()), "{teacher}");
        assert!(!check(&mut shapes, teacher.as_bytes()), "{teacher}");
    }
    for teacher in ["1", "\"x\"", "[]", "{}", " [ 1 , 2 ] ", "null", "[[],[[]],{}]"] {
        let mut shapes = shapes();
        assert!(learn(&mut shapes, teacher.as_bytes()), "{teacher}");
        assert!(check(&mut shapes, teacher.as_bytes()), "{teacher}");
    }
}

#[test]
fn a_feed_that_never_repeats_is_not_learned_for_ever() {
    let mut shapes = shapes();
    let teacher = |n: usize| format!("{{\"number-{n}\":{{\"status\":\"x\"}}}}").into_bytes();
    let lessons = (0..2_000).filter(|&n| learn(&mut shapes, &teacher(n))).count();
    assert!((1..300).contains(&lessons), "{lessons} lessons");
    // One that begins to repeat earns its lessons back.
    let known = teacher(0);
    let is_known_at_last = (0..2_000).any(|_| {
        check(&mut shapes, &known) || {
            learn(&mut shapes, &known);
            false
        }
    });
    assert!(is_known_at_last);
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
            prop::collection::vec(("[a-c]{1,2}", inner), 0..5).prop_map(|of| {
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
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_known_is_read_alike(
        structures in prop::collection::vec(structure(), 1..5),
        scalars in prop::collection::vec(prop::collection::vec(scalar(), 1..8), 2..6),
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..40),
    ) {
        let mut shapes = shapes();
        for (structure, scalars) in structures.iter().zip(&scalars) {
            let teacher = fill(structure, scalars);
            let is_learned = learn(&mut shapes, teacher.as_bytes());
            prop_assert!(!is_learned || check(&mut shapes, teacher.as_bytes()));
        }
        for (structure, scalars) in structures.iter().zip(scalars.iter().rev()) {
            let document = fill(structure, scalars);
            check(&mut shapes, document.as_bytes());
            for (at, byte) in &damages {
                let mut damaged = document.clone().into_bytes();
                let at = at.index(damaged.len());
                damaged[at] = *byte;
                check(&mut shapes, &damaged);
                damaged.truncate(at);
                check(&mut shapes, &damaged);
                // A piece twice, as a loop through the states would read it.
                let mut doubled = document.clone().into_bytes();
                let piece = doubled[at / 2..at].to_vec();
                doubled.splice(at..at, piece);
                check(&mut shapes, &doubled);
            }
        }
    }
}
