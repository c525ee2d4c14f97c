//! `crossdock eta`: arrival estimates over data sets.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use crossdock_eta::evaluate::{self, EvaluateOptions, Format};

use super::{Failure, terminal};

/// Arguments of `eta`.
#[derive(Clone, Debug, Args)]
pub struct EtaArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: EtaCommand,
}

/// What to do with estimates.
#[derive(Clone, Debug, Subcommand)]
pub enum EtaCommand {
    /// Goes through a data set in the order of time and says how good the estimates would have been.
    Evaluate {
        /// The data set.
        #[arg(long, value_name = "FILE")]
        data: PathBuf,
        /// What it is: scms, cargo2000, olist, flights, trucks or capture.
        #[arg(long, value_name = "NAME")]
        format: String,
        /// Writes the report and its plots into this folder instead of printing it.
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
    },
}

/// Runs the command.
///
/// # Errors
///
/// The data set can't be read, or the report can't be written.
pub fn run(args: &EtaArgs) -> Result<ExitCode, Failure> {
    let EtaCommand::Evaluate { data, format, out } = &args.what;
    let format: Format = format.parse().map_err(|error| Failure::Usage(format!("{error}")))?;
    let mut options = EvaluateOptions::new(data, format);
    let name = data.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
    options.command = format!("crossdock eta evaluate --data {name} --format {}", format.name());
    let report = evaluate::run(&options).map_err(|error| Failure::Input(error.to_string()))?;
    match out {
        Some(folder) => {
            report.write(folder).map_err(|error| Failure::Input(error.to_string()))?;
            terminal::print(&format!("written to \"{}\"\n", folder.display()))?;
        }
        None => terminal::print(&format!("{}\n", report.markdown))?,
    }
    Ok(ExitCode::SUCCESS)
}
