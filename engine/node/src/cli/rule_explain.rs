//! `crossdock rules explain --shipment`: why a rule spoke of a shipment of a capture, or why not.
//!
//! # Method
//! The capture is replayed by one lane and one shard up to the moment that is asked about; then the rule is asked with the
//! facts it would be asked with, every atom answering.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use crossdock_core::engine::{Engine, EngineOptions};
use crossdock_core::guess::Guesser;
use crossdock_core::standardize::number;
use crossdock_rules::rule::cli::ExplainArgs;
use crossdock_rules::rule::diagnostic::nearest;

use super::documents::Documents;
use super::settings::Settings;
use super::{Failure, InputArgs, backtest, capture, terminal};

/// Runs the command. Exit codes: 0 done, 1 nothing speaks of the shipment, 2 the rules have mistakes, 3 wrong usage.
///
/// # Errors
///
/// A file can't be read; output can't be written.
pub(super) fn run(
    settings: &Settings,
    args: &ExplainArgs,
    shipment: &str,
) -> Result<ExitCode, Failure> {
    let (code, text) = explained(settings, args, shipment)?;
    terminal::print(&text)?;
    Ok(ExitCode::from(code))
}

fn explained(
    settings: &Settings,
    args: &ExplainArgs,
    shipment: &str,
) -> Result<(u8, String), Failure> {
    let usage = |text: String| Ok((3, format!("error: {text}\n")));
    let rules = match backtest::read(settings, &args.paths)? {
        Ok(rules) => rules,
        Err(report) => return Ok((2, report)),
    };
    let Some(wanted) = number::normalize(shipment) else {
        return usage(format!("\"{shipment}\" can't be a tracking number"));
    };
    let wanted = wanted.as_str();
    if rules.find(&args.rule).is_none() {
        let ids = rules.rules().iter().map(|rule| rule.id.as_str());
        let help = match nearest(&args.rule, ids) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => String::from("`crossdock rules doc` lists the rules of a folder."),
        };
        return usage(format!("no rule \"{}\"\n  = help: {help}", args.rule));
    }
    let at = match args.at.as_deref().map(capture::parse_time).transpose() {
        Ok(at) => at,
        Err(text) => return usage(text),
    };
    let input = InputArgs {
        files: args.events.iter().map(PathBuf::from).collect(),
        feed: args.feed.clone(),
        tenant: args.tenant.clone(),
        received: args.received.clone(),
        number: None,
    };
    let options = EngineOptions {
        lanes: 1,
        shards: 1,
        rules: Some(Arc::clone(&rules)),
        rules_shadow: false,
        ..settings.engine.clone()
    };
    let mut engine = Engine::new(&settings.feeds, &options);
    let documents = Documents::new(&input, Guesser::new(settings.feeds.clone()))?;
    documents.with_stop(at).with_ticks_until(at).turns(|intake| {
        engine.turn(intake, |_, _| {});
        Ok(())
    })?;
    let mut text = String::new();
    for shard in engine.shards_mut() {
        shard.explain_rule(wanted.as_bytes(), &args.rule, |owner, epoch, told| {
            let (tenant, carrier) = owner.split_once('\x1f').unwrap_or((owner, ""));
            text.push_str(&format!("{wanted} ({carrier}, {tenant}), use {epoch}\n"));
            text.push_str(&told.render());
        });
    }
    Ok(match text.is_empty() {
        true => (1, format!("no document up to then speaks of \"{wanted}\"\n")),
        false => (0, text),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;
    use crate::cli::documents::BUNDLED;

    #[derive(Debug, Parser)]
    #[command(no_binary_name = true)]
    struct Line {
        #[command(flatten)]
        args: ExplainArgs,
    }

    #[track_caller]
    fn check(words: &str, code: u8, parts: &[&str]) {
        let cli = Cli::try_parse_from(["crossdock", "check"]).expect("a command line");
        let settings = Settings::load(&cli).unwrap_or_else(|error| panic!("{error:?}"));
        let words: Vec<&str> = words.split(' ').chain(["--events", BUNDLED]).collect();
        let Line { args } = Line::try_parse_from(words).expect("arguments");
        let shipment = args.shipment.clone().expect("it was given");
        let (found, text) = explained(&settings, &args, &shipment).expect("explained");
        assert_eq!(found, code, "{text}");
        for part in parts {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_raise_of_the_demo_day_is_explained_with_its_values() {
        let rule = "--rule parcel.delayed-by-nature --shipment 1Z8F4W370398765433";
        check(
            rule,
            0,
            &["1Z8F4W370398765433 (ups, demo), use 1", "parcel.delayed-by-nature: over"],
        );
        let before = format!("{rule} --at 2026-05-20T00:00:00Z");
        check(&before, 1, &["no document up to then speaks of"]);
    }

    #[test]
    fn a_clock_that_runs_shows_its_arithmetic_in_the_zone_of_the_place() {
        let rule = "--rule parcel.stalled --shipment 1Z8F4W370312345673 --at 2026-05-21T00:10:00Z";
        check(rule, 0, &["parcel.stalled: ", "counts from", "looks again at"]);
    }

    #[test]
    fn what_is_not_there_is_said() {
        check("--rule parcel.stald --shipment 1Z8F4W370312345673", 3, &["`parcel.stalled`?"]);
        check("--rule parcel.stalled --shipment ABCD1234567", 1, &["no document up to then"]);
    }
}
