//! Twice the input takes about twice the time, for inputs that are built to hurt.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossdock_format::{CsvOptions, DecodeLimits, Decoder, Format, pad};

/// The quickest of some runs over `count` copies of the text, one after another: noise only ever adds.
fn time(decoder: &mut Decoder, format: &Format, text: &str, count: usize) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let mut copies: Vec<Vec<u8>> = vec![text.as_bytes().to_vec(); count];
        let start = Instant::now();
        for bytes in &mut copies {
            let size = pad(bytes);
            let outcome = decoder.decode_padded(format, bytes, size);
            assert!(outcome.is_ok_and(|document| !document.view().nodes.is_empty()));
        }
        best = best.min(start.elapsed());
    }
    best
}

/// One at a time: tests that run beside each other slow each other down.
static TURN: Mutex<()> = Mutex::new(());

/// Compares one large document with as many bytes in small ones. A quadratic scan would take eight times as long over the large
/// one; 5 leaves room for caches. Both take about the same time, so that other programs disturb them alike; what is disturbed for a
/// while is asked again.
fn check(name: &str, format: &Format, make: impl Fn(usize) -> String) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let limits = DecodeLimits { depth_max: 1_000_000, ..DecodeLimits::default() };
    let mut decoder = Decoder::new(limits);
    let (small, large) = (make(4_000), make(32_000));
    let count = large.len() / small.len();
    let mut ratio = f64::INFINITY;
    for _ in 0..20 {
        let whole = time(&mut decoder, format, &large, 1);
        let parts = time(&mut decoder, format, &small, count);
        ratio = ratio.min(whole.as_secs_f64() / parts.as_secs_f64());
        if ratio < 5.0 {
            return;
        }
    }
    panic!("{name}: one document took {ratio:.1} times as long as {count} parts of it");
}

fn repeated(count: usize, piece: impl Fn(usize, &mut String)) -> String {
    let mut text = String::new();
    (0..count).for_each(|number| piece(number, &mut text));
    text
}

fn write(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to memory");
}

#[test]
fn json_is_linear() {
    check("json", &Format::Json, |count| {
        format!(
            "[{}0]",
            repeated(count, |n, text| write(text, format_args!("{{\"k{n}\":\"\\n\"}},")))
        )
    });
}

#[test]
fn xml_is_linear() {
    let wrap = |body: String| format!("<a>{body}</a>");
    check("names", &Format::Xml, |count| {
        wrap(repeated(count, |n, text| write(text, format_args!("<n{n}/>"))))
    });
    check("names in turn", &Format::Xml, |count| {
        wrap(repeated(count, |n, text| write(text, format_args!("<n{}/>", n % 997))))
    });
    check("depth", &Format::Xml, |count| "<b>".repeat(count) + &"</b>".repeat(count));
    check("text in pieces", &Format::Xml, |count| wrap("x &amp; <b>&lt;</b>".repeat(count)));
    check("attributes", &Format::Xml, |count| {
        let all = repeated(count, |n, text| write(text, format_args!(" k{n}='&amp;{n}'")));
        format!("<a{all}/>")
    });
    check("ampersands", &Format::Xml, |count| wrap("&&a".repeat(count)));
    check("an attribute of ampersands", &Format::Xml, |count| {
        format!("<a k='{}'/>", "&".repeat(count))
    });
    check("comments", &Format::Xml, |count| wrap("<!-- x -->".repeat(count)));
}

#[test]
fn x12_is_linear() {
    let isa = "ISA*00**00**02*A*02*B*060301*0028*U*00401*1*0*P*:~";
    check("loops", &Format::X12, |count| {
        let body = repeated(count, |n, text| write(text, format_args!("LX*{n}~AT7*D1*NS~MS1*X~")));
        format!("{isa}GS*QM*A*B*D*T*1*X*4~ST*214*1~{body}SE*1*1~GE*1*1~IEA*1*1~")
    });
    check("one line", &Format::X12, |count| {
        format!("{isa}GS*QM~ST*214*1~LX*1~{}", "MS1*X~AT7*D1~AT7*X1~L11*1~".repeat(count))
    });
    check("unknown segments", &Format::X12, |count| {
        format!("{isa}ST*214*1~{}", "ZZ*1~x y~".repeat(count))
    });
    check("headers that are none", &Format::X12, |count| {
        format!("{isa}IEA*0*1~{}", "ISA*".repeat(count))
    });
    check("interchanges", &Format::X12, |count| isa.repeat(count / 4));
    check("elements", &Format::X12, |count| format!("{isa}ST*214*1~B10{}~", "*x".repeat(count)));
    check("line breaks", &Format::X12, |count| {
        format!("{isa}ST*214*1~B10*{}~", "x\r\n".repeat(count))
    });
}

#[test]
fn edifact_is_linear() {
    let unb = "UNB+UNOA:1+A+B+1+4'UNH+1+IFTSTA:D:07B:UN'";
    check("statuses", &Format::Edifact, |count| {
        format!("{unb}{}", "CNI+1'STS+1+21'TDT+1'LOC+9'DTM+1'GID+1'PCI+1'GIN+1'".repeat(count))
    });
    check("releases", &Format::Edifact, |count| format!("{unb}CNI+{}'", "?'".repeat(count)));
    check("headers that are none", &Format::Edifact, |count| {
        format!("{unb}UNZ+1+4'{}", "UNA:+.? '".repeat(count))
    });
    check("components", &Format::Edifact, |count| format!("{unb}CNI+1{}'", ":x".repeat(count)));
}

#[test]
fn csv_is_linear() {
    let format = Format::Csv(CsvOptions::default());
    check("rows", &format, |count| format!("a,b\n{}", "1,\"x\"\"y\"\n".repeat(count)));
    check("quotes", &format, |count| format!("a\n\"{}\"\n", "\"\"".repeat(count)));
    check("columns", &format, |count| format!("a\n{}\n", "x,".repeat(count)));
}
