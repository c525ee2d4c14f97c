//! No bytes make a decoder panic, and a used decoder reads like a fresh one.

use crossdock_format::{
    Compression, CsvOptions, DecodeLimits, Decoder, Format, Inflater, Node, Splitter, pad,
};
use proptest::prelude::*;

fn formats() -> [Format; 6] {
    [
        Format::Json,
        Format::Ndjson,
        Format::Xml,
        Format::Csv(CsvOptions::default()),
        Format::X12,
        Format::Edifact,
    ]
}

/// One small document of each format, to be damaged.
const SEEDS: [&str; 6] = [
    r#"{"shipments":[{"id":"1Z","n":12345678901234567890,"f":1.5e3,"ok":true,"none":null,"events":[{"t":"2026-01-02T03:04:05Z","text":"caf\u00e9 \ud83d\ude00 \"q\" \\ \/"}]}]}"#,
    "{\"a\":1}\n\n{\"b\":[{},[]]}\r\n",
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><s:E xmlns:s='u'><s:B a='1 &amp; 2'><T>x &lt; <![CDATA[<y>]]></T><T/>é<T k=\"v\">&#233;</T></s:B></s:E>",
    "number,text\n1,\"a \"\"b\"\" c\"\r\n2,é,3\n",
    "ISA*00*          *00*          *02*ACME           *ZZ*SHOP           *260102*0304*^*00501*000000007*0*P*:~\nGS*QM*A*B*20260102*0304*7*X*005010~ST*214*0001~B10*P*S*ACME~N1*SH*ONE~N4*RENO*NV~LX*1~AT7*X3*NS***20260102*0800*LT~MS1*RENO*NV~L11*1*PO~SE*9*0001~GE*1*7~IEA*1*000000007~",
    "UNA:+.? 'UNB+UNOC:3+A+B+260102:1715+9'UNH+1+IFTSTA:D:04A:UN'CNI+1+C'STS+1+S::87:IT?'S'DTM+78:1:203'TDT+1'LOC+9+X'DTM+1:2'GID+1'PCI+3'GIN+BJ+8'UNT+11+1'UNZ+1+9'",
];

/// The document as JSON with its warnings, or the error; checks the tape on the way.
fn read(decoder: &mut Decoder, format: &Format, bytes: &[u8], padded: bool) -> String {
    let mut bytes = bytes.to_vec();
    let size = if padded { pad(&mut bytes) } else { bytes.len() };
    match decoder.decode_padded(format, &mut bytes, size) {
        Ok(document) => {
            let tape = document.view();
            assert_eq!(tape.end(0), tape.nodes.len());
            for (index, node) in tape.nodes.iter().enumerate() {
                match *node {
                    Node::Object { len, .. } => assert_eq!(tape.entries(index).count(), len),
                    Node::Array { len, .. } => assert_eq!(tape.elements(index).count(), len),
                    Node::String(text) => {
                        assert!(std::str::from_utf8(text.as_bytes()).is_ok());
                    }
                    Node::Static(_) => {}
                }
            }
            for warning in document.warnings() {
                assert!(warning.offset + warning.size <= size, "{warning}");
            }
            format!("{} {:?}", tape.to_json(), document.warnings())
        }
        Err(error) => {
            assert!(!error.message.is_empty());
            error.to_string()
        }
    }
}

fn check(decoder: &mut Decoder, bytes: &[u8]) {
    for format in formats() {
        let used = read(decoder, &format, bytes, true);
        let fresh = read(&mut Decoder::new(*decoder.limits()), &format, bytes, false);
        assert_eq!(used, fresh);
        let mut splitter = Splitter::new(&format, bytes);
        let mut last_end = 0;
        while let Some(range) = splitter.next_range(bytes) {
            assert!(last_end <= range.start && range.end <= bytes.len());
            last_end = range.end;
        }
    }
    for compression in [Compression::Gzip, Compression::Zstd] {
        let mut inflater = Inflater::new(1 << 16);
        if let Ok((bytes, size)) = inflater.inflate(compression, bytes) {
            assert!(size <= bytes.len());
        }
    }
}

/// What happens to a document on a bad day.
#[derive(Debug, Clone)]
enum Damage {
    Cut(usize),
    Set(usize, u8),
    Remove(usize, usize),
    Repeat(usize, usize),
    Insert(usize, &'static str),
}

fn damage() -> impl Strategy<Value = Damage> {
    let piece = prop::sample::select(vec![
        "\"",
        "\\",
        "\\ud800",
        "\0",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "<",
        ">",
        "&",
        ";",
        "&#0;",
        "<![CDATA[",
        "<!--",
        "<!DOCTYPE a [",
        "</T>",
        "~",
        "*",
        "'",
        "+",
        "?",
        "\r\n",
        "ISA",
        "UNB+",
        "UNA",
        "ST*214*9~",
        "SE*0*0~",
        "GE*0*0~",
        "IEA*0*0~",
        "AT7*D1~",
        "MS1*X~",
        "Q5*X~",
        "LX*~",
        "CNI+1'",
        "STS+1'",
        "UNH+1+IFTSTA'",
        "UNZ+1'",
        "1e999",
        "\u{feff}",
        "é",
        "\u{1f600}",
    ]);
    prop_oneof![
        any::<usize>().prop_map(Damage::Cut),
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        (any::<usize>(), 0_usize..40).prop_map(|(at, size)| Damage::Remove(at, size)),
        (any::<usize>(), 0_usize..200).prop_map(|(at, size)| Damage::Repeat(at, size)),
        (any::<usize>(), piece).prop_map(|(at, piece)| Damage::Insert(at, piece)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    let size = bytes.len();
    match *damage {
        _ if size == 0 => {}
        Damage::Cut(at) => bytes.truncate(at % size),
        Damage::Set(at, byte) => bytes[at % size] = byte,
        Damage::Remove(at, count) => {
            let at = at % size;
            drop(bytes.drain(at..size.min(at + count)));
        }
        Damage::Repeat(at, count) => {
            let at = at % size;
            bytes.extend_from_within(at..size.min(at + count));
        }
        Damage::Insert(at, piece) => {
            let at = at % size;
            drop(bytes.splice(at..at, piece.bytes()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&mut Decoder::new(DecodeLimits::default()), &bytes);
    }

    #[test]
    fn damaged_documents_never_panic(
        seed in 0..SEEDS.len(),
        damages in prop::collection::vec(damage(), 0..6),
        depth_max in 1_usize..20,
    ) {
        let limits = DecodeLimits { depth_max, warning_count_max: 5, ..DecodeLimits::default() };
        let mut decoder = Decoder::new(limits);
        let mut bytes = SEEDS[seed].as_bytes().to_vec();
        for damage in &damages {
            apply(&mut bytes, damage);
            check(&mut decoder, &bytes);
        }
    }
}

#[test]
fn every_cut_of_every_seed_is_read_or_refused() {
    let mut decoder = Decoder::new(DecodeLimits::default());
    for seed in SEEDS {
        for size in 0..=seed.len() {
            check(&mut decoder, &seed.as_bytes()[..size]);
        }
    }
}

#[test]
fn numbers_keep_their_digits_or_say_that_they_do_not() {
    let mut decoder = Decoder::new(DecodeLimits::default());
    for (text, is_inexact) in [
        ("0", false),
        ("-9223372036854775808", false),
        ("18446744073709551615", false),
        ("1.5", true),
        ("1e3", true),
    ] {
        let mut bytes = text.as_bytes().to_vec();
        let document = decoder.decode(&Format::Json, &mut bytes).expect("a number");
        assert_eq!(document.view().is_inexact(0), is_inexact, "{text}");
        if !is_inexact {
            assert_eq!(document.view().to_json(), text);
        }
    }
}
