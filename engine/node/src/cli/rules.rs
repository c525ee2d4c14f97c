//! `crossdock rules`: the rule language's tools, as the `rules` crate has them.

use std::process::ExitCode;

use clap::Args;
use crossdock_rules::rule::cli as tools;

use super::{Failure, terminal};

/// Arguments of `rules`.
#[derive(Clone, Debug, Args)]
#[command(disable_help_flag = true)]
pub struct RulesArgs {
    /// `check`, `fmt`, `test`, `explain`, `diff`, `doc`, `fields`, `schema` or `explain-code`, with its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    pub words: Vec<String>,
}

/// Runs the command. Exit codes: 0 done, 1 findings, 2 the rules have mistakes, 3 wrong usage.
///
/// # Errors
///
/// Output can't be written.
pub fn run(args: &RulesArgs) -> Result<ExitCode, Failure> {
    let answer = tools::run(&args.words);
    terminal::print(&answer.text)?;
    Ok(ExitCode::from(answer.code))
}
