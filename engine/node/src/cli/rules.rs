//! `crossdock rules`: the rule language's tools, as the `rules` crate has them.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser};
use crossdock_rules::rule::pack::Pack;
use crossdock_rules::rule::{Options, cli as tools};

use super::settings::Settings;
use super::{Failure, backtest, terminal};
use crate::error::EdgeError;
use crate::jetstream::call::Caller;
use crate::jetstream::connection::Connection;
use crate::rule_switch;

/// Arguments of `rules`.
#[derive(Clone, Debug, Args)]
#[command(disable_help_flag = true)]
pub struct RulesArgs {
    /// `check`, `fmt`, `test`, `explain`, `backtest`, `activate`, `diff`, `doc`, `fields`, `schema` or `explain-code`, with its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    pub words: Vec<String>,
}

/// Runs the command. Exit codes: 0 done, 1 findings, 2 the rules have mistakes, 3 wrong usage.
///
/// # Errors
///
/// Output can't be written; the server can't be reached.
pub fn run(settings: &Settings, args: &RulesArgs) -> Result<ExitCode, Failure> {
    if let Some((word, rest)) = args.words.split_first()
        && word == "activate"
    {
        return activate(settings, rest);
    }
    if let Some((word, rest)) = args.words.split_first()
        && word == "backtest"
    {
        return backtest::run(settings, rest);
    }
    let answer = tools::run(&args.words);
    terminal::print(&answer.text)?;
    Ok(ExitCode::from(answer.code))
}

/// Where an activation goes, and what it activates.
#[derive(Debug, Parser)]
#[command(name = "crossdock rules activate")]
struct Activate {
    /// Rule and calendar files, and folders of them. Left out: the rules of the configuration.
    paths: Vec<String>,
    /// The NATS servers, `nats://host:port`, several with commas between.
    #[arg(long)]
    nats: Option<String>,
    /// The group that shall follow them.
    #[arg(long)]
    group: Option<String>,
}

/// Puts rules into force: one message in the input stream, which every engine of the group follows at the
/// same place.
fn activate(settings: &Settings, words: &[String]) -> Result<ExitCode, Failure> {
    let words = std::iter::once("activate").chain(words.iter().map(String::as_str));
    let wanted = match Activate::try_parse_from(words) {
        Ok(wanted) => wanted,
        Err(error) => {
            terminal::print(&error.render().to_string())?;
            return Ok(ExitCode::from(3));
        }
    };
    let rules = if wanted.paths.is_empty() {
        settings.read_rules()?
    } else {
        let pack = Pack::read(&wanted.paths).map_err(Failure::Input)?;
        match pack.load(&Options::default()) {
            Ok(rules) => Some(Arc::new(rules)),
            Err(report) => {
                terminal::print(&report.render())?;
                return Ok(ExitCode::from(2));
            }
        }
    };
    let Some(rules) = rules else {
        return Err(Failure::Settings(String::from("no rules run: rules.mode is off")));
    };
    let mut options = settings.config.edge_options();
    if let Some(servers) = &wanted.nats {
        options.connection.servers = servers.split(',').map(str::to_owned).collect();
    }
    let group = wanted.group.unwrap_or(options.committer.group);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| EdgeError::Runtime { detail: error.to_string() })?;
    let stored = runtime.block_on(async {
        let connection = Connection::open(&options.connection).await?;
        let mut caller = Caller::open(&connection, options.reader.request_timeout).await?;
        let body = rule_switch::message(&rules).into();
        let subject = format!("rules.{group}");
        let stored = caller.publish(subject, async_nats::HeaderMap::new(), body).await;
        stored.map_err(|error| error.explain("the message that activates rules"))
    })?;
    let (count, revision) = (rules.rules().len(), rules.rev());
    terminal::print(&format!(
        "{count} rules, revision {revision:016x}, come into force for group \"{group}\" at message {} of the input\n",
        stored.seq
    ))?;
    Ok(ExitCode::SUCCESS)
}
