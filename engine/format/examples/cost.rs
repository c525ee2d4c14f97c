//! Nanoseconds per byte and per event of the same shipment in JSON, XML, X12 and EDIFACT.
//!
//! `cargo run --release -p crossdock-format --example cost -- [EVENTS [FORMAT]]`. One thread, median and best of rounds in turn; the bytes are
//! copied before each round's clock starts, as a message's bytes are there already when a lane gets them.

#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]

use std::time::Instant;

use crossdock_format::{DecodeLimits, Decoder, Format, PADDING, Shapes, pad};

const ROUNDS: usize = 41;
const BYTES_PER_ROUND: usize = 1 << 21;

struct Event {
    code: &'static str,
    text: &'static str,
    city: &'static str,
    state: &'static str,
    hour: usize,
    day: usize,
}

fn event(index: usize) -> Event {
    let (code, text) =
        [("AF", "Departed pickup location"), ("X4", "Arrived at terminal"), ("D1", "Delivered")]
            [index % 3];
    let (city, state) = [("SUN PRAIRIE", "WI"), ("GRANGER", "IA"), ("RENO", "NV")][index % 3];
    Event { code, text, city, state, hour: index % 24, day: 1 + index % 28 }
}

fn json(count: usize) -> String {
    let mut out =
        String::from("{\"trackingNumber\":\"107601046\",\"carrier\":\"ACME\",\"events\":[");
    for Event { code, text, city, state, hour, day } in (0..count).map(event) {
        out.push_str(&format!("{{\"code\":\"{code}\",\"reason\":\"NS\",\"description\":\"{text}\",\"date\":\"2026-01-{day:02}\",\
             \"time\":\"{hour:02}:30:00\",\"location\":{{\"city\":\"{city}\",\"state\":\"{state}\",\"country\":\"US\"}}}},"
        ));
    }
    out.pop();
    out.push_str("]}");
    out
}

fn xml(count: usize) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Shipment carrier=\"ACME\"><TrackingNumber>107601046</TrackingNumber>",
    );
    for Event { code, text, city, state, hour, day } in (0..count).map(event) {
        out.push_str(&format!("<Event><Code>{code}</Code><Reason>NS</Reason><Description>{text}</Description><Date>2026-01-{day:02}</Date>\
             <Time>{hour:02}:30:00</Time><Location><City>{city}</City><State>{state}</State><Country>US</Country></Location></Event>"
        ));
    }
    out.push_str("</Shipment>");
    out
}

fn x12(count: usize) -> String {
    let mut out = String::from(
        "ISA*00*          *00*          *02*ACME           *ZZ*SHOP           *260102*0304*U*00401*000000007*0*P*:~\
         GS*QM*ACME*SHOP*20260102*0304*7*X*004010~ST*214*0001~B10*107601046*107601046*ACME~",
    );
    for (index, Event { code, city, state, hour, day, .. }) in (0..count).map(event).enumerate() {
        out.push_str(&format!(
            "LX*{index}~AT7*{code}*NS***202601{day:02}*{hour:02}30*LT~MS1*{city}*{state}*US~"
        ));
    }
    out.push_str(&format!("SE*{}*0001~GE*1*7~IEA*1*000000007~", 3 + 3 * count));
    out
}

fn edifact(count: usize) -> String {
    let mut out = String::from(
        "UNA:+.? 'UNB+UNOC:3+ACME+SHOP+260102:0304+7'UNH+1+IFTSTA:D:04A:UN'BGM+77+1+9'CNI+1+107601046'",
    );
    for Event { code, text, city, state, hour, day } in (0..count).map(event) {
        out.push_str(&format!("STS+1+{code}::87:{text}'DTM+78:202601{day:02}{hour:02}30:203'LOC+14+{state}:16::{city}+US:162'"
        ));
    }
    out.push_str(&format!("UNT+{}+1'UNZ+1+7'", 4 + 3 * count));
    out
}

/// The same JSON by its learned shape, beside the decoder, in turn.
fn shape(text: &str) {
    let mut decoder = Decoder::new(DecodeLimits::default());
    let mut shapes = Shapes::new(DecodeLimits::default());
    let mut copy = text.as_bytes().to_vec();
    let read = decoder.decode(&Format::Json, &mut copy).expect("the example is JSON");
    let is_learned = shapes.learn(text.as_bytes(), read.view().nodes, |_| 0);
    drop(read);
    if !is_learned {
        println!("the document has no shape");
        return;
    }
    let document_count = (BYTES_PER_ROUND / text.len()).max(1);
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let mut payload = text.as_bytes().to_vec();
        pad(&mut payload);
        let stride = payload.len();
        let mut payload = payload.repeat(document_count);
        let start = Instant::now();
        for document in payload.chunks_exact(stride) {
            assert!(shapes.read(&document[..text.len()]).is_some());
        }
        times[0].push(start.elapsed().as_nanos() as f64 / document_count as f64);
        let start = Instant::now();
        for document in payload.chunks_exact_mut(stride) {
            assert!(decoder.decode_padded(&Format::Json, document, text.len()).is_ok());
        }
        times[1].push(start.elapsed().as_nanos() as f64 / document_count as f64);
    }
    let mut ratios: Vec<f64> =
        times[1].iter().zip(&times[0]).map(|(tape, shape)| tape / shape).collect();
    ratios.sort_by(f64::total_cmp);
    let best = |times: &[f64]| times.iter().copied().fold(f64::INFINITY, f64::min);
    println!(
        "shape: {:.0} ns a document at best, tape {:.0}; median of rounds x{:.2}",
        best(&times[0]),
        best(&times[1]),
        ratios[ratios.len() / 2]
    );
}

fn main() {
    let count = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(10);
    let cases = [
        (Format::Json, json(count)),
        (Format::Xml, xml(count)),
        (Format::X12, x12(count)),
        (Format::Edifact, edifact(count)),
    ];
    let only = std::env::args().nth(2);
    let mut decoder = Decoder::new(DecodeLimits::default());
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); cases.len()];
    let mut nodes = vec![0; cases.len()];
    for _ in 0..ROUNDS {
        for (index, (format, text)) in cases.iter().enumerate() {
            if only.as_ref().is_some_and(|only| format.name() != only) {
                times[index].push(f64::NAN);
                continue;
            }
            let stride = text.len() + PADDING;
            let document_count = (BYTES_PER_ROUND / text.len()).max(1);
            let mut payload = Vec::with_capacity(stride * document_count);
            for _ in 0..document_count {
                payload.extend_from_slice(text.as_bytes());
                pad(&mut payload);
            }
            let start = Instant::now();
            for document in payload.chunks_exact_mut(stride) {
                match decoder.decode_padded(format, document, text.len()) {
                    Ok(document) => nodes[index] = document.view().nodes.len(),
                    Err(error) => panic!("{error}"),
                }
            }
            let spent = start.elapsed().as_nanos() as f64;
            times[index].push(spent / (document_count * text.len()) as f64);
        }
    }
    shape(&cases[0].1);
    let median = |times: &[f64]| {
        let mut sorted = times.to_vec();
        sorted.sort_by(f64::total_cmp);
        (sorted[sorted.len() / 2], sorted[0])
    };
    println!(
        "{count} events; ns per byte: median (best); x json, median of rounds: per byte, per event"
    );
    for (index, (format, text)) in cases.iter().enumerate() {
        let (middle, best) = median(&times[index]);
        // Rounds are taken in turn, so that what disturbs one format disturbs the others of its round alike.
        let ratios: Vec<f64> =
            times[index].iter().zip(&times[0]).map(|(time, json)| time / json).collect();
        let (ratio, _) = median(&ratios);
        println!(
            "{:8} {:6} bytes {:5} nodes  {middle:.3} ({best:.3}) ns/byte  {:6.1} ({:.1}) ns/event  x{ratio:.2}  x{:.2}",
            format.name(),
            text.len(),
            nodes[index],
            middle * text.len() as f64 / count as f64,
            best * text.len() as f64 / count as f64,
            ratio * text.len() as f64 / cases[0].1.len() as f64,
        );
    }
}
