//! Any bytes as CSV with a heading row.
#![no_main]

use crossdock_format::{CsvOptions, DecodeLimits, Decoder, Format};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut buffer = bytes.to_vec();
    let mut decoder = Decoder::new(DecodeLimits::default());
    let format = Format::Csv(CsvOptions::default());
    if let Ok(document) = decoder.decode(&format, &mut buffer) {
        let _ = document.view().to_json();
    }
});
