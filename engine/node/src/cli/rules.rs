//! `crossdock rules`: the rule language's tools, as the `rules` crate has them.

mod beside;
mod watch;

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use crossdock_rules::rule::pack::Pack;
use crossdock_rules::rule::{Options, cli as tools};

use super::settings::Settings;
use super::{Failure, backtest, rule_explain, terminal};
use crate::error::EdgeError;
use crate::jetstream::call::Caller;
use crate::jetstream::connection::Connection;
use crate::rule_switch;

/// Arguments of `rules`.
#[derive(Clone, Debug, Args)]
#[command(disable_help_flag = true)]
pub struct RulesArgs {
    /// A command with its arguments; `help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    pub words: Vec<String>,
}

/// Rule files: checked, tested, explained, compared, put into force
///
/// Exit codes: 0 done, 1 findings, 2 the rules have mistakes, 3 wrong command line.
#[derive(Debug, Parser)]
#[command(name = "crossdock rules", bin_name = "crossdock rules", arg_required_else_help = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Tool(tools::Command),
    /// What rules would have said of a capture, and what another set would say instead
    Backtest(backtest::BacktestArgs),
    /// Puts rules into force for a group that runs
    Activate(ActivateArgs),
}

/// Runs the command. Exit codes: 0 done, 1 findings, 2 the rules have mistakes, 3 wrong usage.
///
/// # Errors
///
/// Output can't be written; the server can't be reached.
pub fn run(settings: &Settings, args: &RulesArgs) -> Result<ExitCode, Failure> {
    let words = std::iter::once("crossdock rules").chain(args.words.iter().map(String::as_str));
    // Parsed here, since elsewhere 2 is a wrong command line and here it is a wrong rule.
    let line = match Line::try_parse_from(words) {
        Ok(line) => line,
        Err(told) => {
            told.print().map_err(|error| Failure::of_write(&error))?;
            return Ok(ExitCode::from(if told.exit_code() == 0 { 0 } else { 3 }));
        }
    };
    match line.command {
        Command::Backtest(args) => backtest::run(settings, &args),
        Command::Activate(args) => activate(settings, &args),
        Command::Tool(command) => {
            if let tools::Command::Explain(args) = &command
                && let Some(shipment) = &args.shipment
            {
                return rule_explain::run(settings, args, shipment);
            }
            if let Some(paths) = command.watched() {
                return watch::watch(paths, || tools::run(&command, &beside::look).text);
            }
            let answer = tools::run(&command, &beside::look);
            // A wrong command line is no finding, and belongs into no file of findings.
            if answer.code == 3 {
                terminal::note(&answer.text);
            } else {
                terminal::print(&answer.text)?;
            }
            Ok(ExitCode::from(answer.code))
        }
    }
}

/// Where an activation goes, and what it activates.
#[derive(Debug, Args)]
struct ActivateArgs {
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
fn activate(settings: &Settings, wanted: &ActivateArgs) -> Result<ExitCode, Failure> {
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
    let group = wanted.group.clone().unwrap_or(options.committer.group);
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
