//! Evaluates one data set: `--data FILE --format NAME`, and where wanted `--out FOLDER`, `--config FILE`,
//! `--holidays FILE --country CODE`, `--warm-up PERCENT`, `--data-name TEXT`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crossdock_eta::declared::Declared;
use crossdock_eta::evaluate::{EvaluateOptions, Format, holidays, run};

/// What the command line said.
#[derive(Default)]
struct Arguments {
    data: Option<PathBuf>,
    format: Option<Format>,
    out: Option<PathBuf>,
    config: Option<PathBuf>,
    holidays: Option<PathBuf>,
    country: Option<String>,
    warm_up: Option<u8>,
}

fn arguments() -> Result<Arguments, String> {
    let mut out = Arguments::default();
    let mut words = std::env::args().skip(1);
    // Ends: the command line does.
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--data" => out.data = Some(value.into()),
            "--format" => out.format = Some(value.parse().map_err(|error| format!("{error}"))?),
            "--out" => out.out = Some(value.into()),
            "--config" => out.config = Some(value.into()),
            "--holidays" => out.holidays = Some(value.into()),
            "--country" => out.country = Some(value),
            "--warm-up" => {
                let percent = value.parse().map_err(|_| format!("--warm-up {value}: give 0 to 90"));
                out.warm_up = Some(percent?);
            }
            _ => return Err(format!("\"{word}\" is no option")),
        }
    }
    Ok(out)
}

fn evaluate() -> Result<(), String> {
    let arguments = arguments()?;
    let data = arguments.data.ok_or("give --data FILE")?;
    let format = arguments.format.ok_or("give --format NAME")?;
    let mut options = EvaluateOptions::new(&data, format);
    let name = data.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
    options.command = format!("crossdock eta evaluate --data {name} --format {}", format.name());
    if let Some(path) = &arguments.config {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        let declared = Declared::parse(&path.display().to_string(), &text);
        let lines = |errors: Vec<crossdock_eta::declared::DeclaredError>| {
            errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        options.settings = declared.map_err(lines)?.settings;
    }
    if let (Some(path), Some(country)) = (&arguments.holidays, &arguments.country) {
        options.holidays = holidays(path, country).map_err(|error| error.to_string())?;
        options.command += &format!(" --holidays {} --country {country}", file_name(path));
    }
    if let Some(percent) = arguments.warm_up {
        options.warm_up_percent = percent;
    }
    let report = run(&options).map_err(|error| error.to_string())?;
    match &arguments.out {
        Some(folder) => report.write(folder).map_err(|error| error.to_string())?,
        None => println!("{}", report.markdown),
    }
    let f = &report.figures;
    println!(
        "{}: MAE {:.3} promise {:.3} global {:.3} {} | p90 {:.1} % overdue {:.1} % of {} | changes \
         {:.2} -> {:.2} for {:.3} -> {:.3} | Brier {:.4} base {:.4}",
        f.set,
        f.mae,
        f.mae_promise,
        f.mae_global,
        f.unit,
        100.0 * f.coverage,
        100.0 * f.coverage_overdue,
        f.overdue,
        f.changes_raw,
        f.changes,
        f.mae_flight_raw,
        f.mae_flight,
        f.brier,
        f.brier_base
    );
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into())
}

fn main() -> ExitCode {
    match evaluate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
