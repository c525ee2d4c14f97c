//! Temporary probe: replays files through the engine.
#![allow(missing_docs, clippy::all, reason = "probe")]
use crossdock_core::{
    engine::{Engine, EngineOptions},
    feeds::Feeds,
    intake::Intake,
};
use crossdock_model::time::Micros;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let feeds = Feeds::new(crossdock_rules::feed::builtin());
    let mut engine = Engine::new(&feeds, &EngineOptions::default());
    let mut intake = Intake::default();
    for (i, file) in args[2..].iter().enumerate() {
        let bytes = std::fs::read(file).unwrap();
        intake.push(i as u64 + 1, Micros(1_790_000_000_000_000), "acme", &args[1], &bytes);
    }
    engine.turn(&intake, |output, message| {
        println!("{} {}", output.subject(message), String::from_utf8_lossy(output.body(message)));
    });
    println!("{:?}", engine.tally());
}
