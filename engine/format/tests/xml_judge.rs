//! Our XML scan against quick-xml: what both accept they read alike, and they accept the same but for the differences listed.

use crossdock_format::{DecodeErrorKind, DecodeLimits, Decoder, Format};
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// An element as quick-xml tells it, too simple to be wrong.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap_or(name).to_owned()
}

fn resolve(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|&character| character != '\0')
        }
    }
}

fn unescape(raw: &str) -> String {
    let mut out = String::new();
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let known = after.split_once(';').and_then(|(name, tail)| Some((resolve(name)?, tail)));
        match known {
            Some((character, tail)) => {
                out.push(character);
                rest = tail;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out + rest
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut attributes = Vec::new();
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let key: &str = attribute.key.into_inner();
        if key != "xmlns" && !key.starts_with("xmlns:") {
            attributes.push((format!("@{}", local(key)), unescape(&attribute.value)));
        }
    }
    Ok(Element { name: local(start.name().into_inner()), attributes, ..Element::default() })
}

fn judge(text: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().allow_dangling_amp = true;
    let mut open = vec![Element::default()];
    loop {
        let top = open.len() - 1;
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => open.push(element(&start)?),
            Event::Empty(start) => open[top].children.push(element(&start)?),
            Event::End(_) => {
                let closed = open.pop().ok_or("an end without a start")?;
                open.last_mut().ok_or("an end without a start")?.children.push(closed);
            }
            Event::Text(piece) => open[top].text.push_str(&piece),
            Event::CData(piece) => open[top].text.push_str(&piece),
            Event::GeneralRef(name) => match resolve(&name) {
                Some(character) => open[top].text.push(character),
                None => open[top].text.push_str(&format!("&{};", &*name)),
            },
            Event::DocType(kind) if kind.contains('[') => return Err("declarations".into()),
            Event::Eof => break,
            _ => {}
        }
        if open.len() == 1 && !open[0].text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
            return Err("text outside".into());
        }
    }
    match (open.len(), open.pop()) {
        (1, Some(document)) if !document.children.is_empty() => Ok(document),
        _ => Err("not whole".into()),
    }
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\x1f' => out.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => out.push(character),
        }
    }
    out.push('"');
}

fn json(element: &Element, is_document: bool, out: &mut String) {
    let text = element.text.trim_matches([' ', '\t', '\r', '\n']);
    if element.children.is_empty() && element.attributes.is_empty() && !is_document {
        return if text.is_empty() { out.push_str("null") } else { quoted(text, out) };
    }
    let mut entries: Vec<String> = Vec::new();
    for (name, value) in &element.attributes {
        let mut entry = String::new();
        quoted(name, &mut entry);
        entry.push(':');
        quoted(value, &mut entry);
        entries.push(entry);
    }
    if !text.is_empty() {
        let mut entry = String::from("\"#text\":");
        quoted(text, &mut entry);
        entries.push(entry);
    }
    let mut names: Vec<&str> = Vec::new();
    for child in &element.children {
        if !names.contains(&child.name.as_str()) {
            names.push(&child.name);
        }
    }
    for name in names {
        let mut entry = String::new();
        quoted(name, &mut entry);
        entry.push(':');
        let same: Vec<&Element> =
            element.children.iter().filter(|child| child.name == name).collect();
        if let [only] = same[..] {
            json(only, false, &mut entry);
        } else {
            entry.push('[');
            for (at, child) in same.iter().enumerate() {
                entry.push_str(if at == 0 { "" } else { "," });
                json(child, false, &mut entry);
            }
            entry.push(']');
        }
        entries.push(entry);
    }
    out.push('{');
    out.push_str(&entries.join(","));
    out.push('}');
}

/// What we refuse and quick-xml doesn't: it doesn't look into names and what follows them.
fn is_stricter(message: &str) -> bool {
    [
        "a tag without a name",
        "a processing instruction without a name",
        "a tag that is not closed",
        "an attribute without a space before it",
        "an attribute without a value",
        "a closing tag with more than a name",
    ]
    .iter()
    .any(|known| message.contains(known))
}

fn check(text: &str) {
    let mut decoder = Decoder::new(DecodeLimits { depth_max: 1_000, ..DecodeLimits::default() });
    let mut bytes = text.as_bytes().to_vec();
    let ours = decoder.decode(&Format::Xml, &mut bytes).map(|document| document.view().to_json());
    match (ours, judge(text)) {
        (Ok(ours), Ok(document)) => {
            let mut expected = String::new();
            json(&document, true, &mut expected);
            assert_eq!(ours, expected, "{text:?}");
        }
        (Ok(ours), Err(error)) => panic!("we read {text:?} as {ours}, quick-xml says: {error}"),
        (Err(error), Ok(document)) => {
            let known = is_stricter(&error.message) || error.kind == DecodeErrorKind::Empty;
            assert!(known, "quick-xml reads {text:?} as {document:?}, we say: {error}");
        }
        (Err(_), Err(_)) => {}
    }
}

fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "<a>",
        "</a>",
        "<b>",
        "</b>",
        "<b/>",
        "<x:b y='1'>",
        "</x:b>",
        "<a k=\"&lt;\" xmlns='u'>",
        "< a>",
        "</a >",
        "<a",
        ">",
        "/>",
        " ",
        "\n",
        "text",
        "&amp;",
        "&#65;",
        "&#x1F600;",
        "&#0;",
        "&no;",
        "&",
        ";",
        "<![CDATA[x]]>",
        "<![CDATA[",
        "]]>",
        "<!-- c -->",
        "<!--",
        "-->",
        "<?pi x?>",
        "<?",
        "?>",
        "é",
        "<!DOCTYPE a>",
        "<!DOCTYPE a [",
        "'",
        "\"",
        "=",
        "<a b='1'c='2'>",
        "<a b>",
        "<a b = \"v\" >",
        "</",
        "<!",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn pieces_in_any_order_are_read_alike(pieces in prop::collection::vec(piece(), 0..14)) {
        check(&pieces.concat());
    }

    #[test]
    fn pieces_within_an_element_are_read_alike(pieces in prop::collection::vec(piece(), 0..8)) {
        check(&format!("<r>{}</r>", pieces.concat()));
    }
}
