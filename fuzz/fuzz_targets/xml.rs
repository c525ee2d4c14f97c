//! Any bytes as xml: a tape or an error, and the tape can be written down.
#![no_main]

use crossdock_format::{DecodeLimits, Decoder, Format};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut buffer = bytes.to_vec();
    let mut decoder = Decoder::new(DecodeLimits::default());
    if let Ok(document) = decoder.decode(&Format::Xml, &mut buffer) {
        let _ = document.view().to_json();
    }
});
