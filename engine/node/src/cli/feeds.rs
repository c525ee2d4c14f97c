//! `crossdock feeds`: what can be read, and how.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use crossdock_rules::feed;
use crossdock_rules::feed::program::{Feed, Format};

use super::settings::Settings;
use super::{Failure, terminal};
use crate::feed_tests;

/// Arguments of `feeds`.
#[derive(Clone, Debug, Args)]
pub struct FeedsArgs {
    /// What to do; left out: list.
    #[command(subcommand)]
    pub what: Option<FeedsCommand>,
}

/// What to do with feeds.
#[derive(Clone, Debug, Subcommand)]
pub enum FeedsCommand {
    /// Lists the feeds.
    List,
    /// Says what a feed reads and what its codes mean.
    Explain {
        /// Its name.
        name: String,
    },
    /// Writes a feed file from sample documents, to be checked and finished by hand.
    New(super::scaffold::NewArgs),
    /// Counts over documents or a capture what each feed's codes map, and what they do not.
    Coverage(super::InputArgs),
    /// Runs the tests that stand in the feed files. Exit code 1 where one fails.
    Test {
        /// Only this feed.
        name: Option<String>,
    },
}

/// Runs the command.
///
/// # Errors
///
/// A feed of that name does not exist.
pub fn run(settings: &Settings, args: &FeedsArgs) -> Result<ExitCode, Failure> {
    match args.what.as_ref().unwrap_or(&FeedsCommand::List) {
        FeedsCommand::List => list(settings),
        FeedsCommand::Explain { name } => {
            let set = settings.feeds.set();
            let feed = set.by_name(name).ok_or_else(|| {
                let hint = unknown(set.suggest(name));
                Failure::Usage(format!("feed \"{name}\" is not defined\n  = help: {hint}"))
            })?;
            terminal::print(&feed::explain(feed))?;
            Ok(ExitCode::SUCCESS)
        }
        FeedsCommand::New(args) => super::scaffold::run(args),
        FeedsCommand::Coverage(args) => super::coverage::run(settings, args),
        FeedsCommand::Test { name } => test(settings, name.as_deref()),
    }
}

/// What to do about a feed that is not there: `near` is the name like it, or that there are many.
fn unknown(near: String) -> String {
    if near.starts_with("did you mean") {
        return near;
    }
    String::from("`crossdock feeds` lists them; one of your own is loaded by `--feeds FILE`")
}

fn test(settings: &Settings, name: Option<&str>) -> Result<ExitCode, Failure> {
    let report = feed_tests::run(&settings.feeds, name);
    if let (0, Some(name)) = (report.tests, name) {
        let hint = unknown(settings.feeds.set().suggest(name));
        return Err(Failure::Usage(format!("feed \"{name}\" has no tests\n  = help: {hint}")));
    }
    for complaint in &report.complaints {
        terminal::print(&format!("{complaint}\n"))?;
    }
    terminal::print(&format!("{} tests, {} complaints\n", report.tests, report.complaints.len()))?;
    Ok(ExitCode::from(u8::from(!report.complaints.is_empty())))
}

fn list(settings: &Settings) -> Result<ExitCode, Failure> {
    let as_table = terminal::is_terminal();
    for feed in settings.feeds.set().feeds() {
        let line = if as_table {
            format!(
                "{:<24} {:<8} {:>4} codes  {}\n",
                feed.name,
                format_name(&feed.format),
                feed.codes.rows.len(),
                terminal::faint(&feed.title)
            )
        } else {
            json_line(feed)
        };
        terminal::print(&line)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn json_line(feed: &Feed) -> String {
    let line = serde_json::json!({
        "feed": &*feed.name,
        "title": &*feed.title,
        "format": format_name(&feed.format),
        "code_rows": feed.codes.rows.len(),
        "revision": format!("{:016x}", feed.revision),
    });
    format!("{line}\n")
}

const fn format_name(format: &Format) -> &'static str {
    match format {
        Format::Json | Format::JsonWithin(_) => "json",
        Format::Ndjson => "ndjson",
        Format::Xml => "xml",
        Format::Csv { .. } => "csv",
        Format::X12 => "x12",
        Format::Edifact => "edifact",
    }
}
