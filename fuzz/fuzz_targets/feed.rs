//! Any text as a feed file: a feed or its mistakes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(errors) = crossdock_rules::feed::compile(&[("fuzzed.yaml", text)]) {
        assert!(!errors.is_empty());
    }
});
