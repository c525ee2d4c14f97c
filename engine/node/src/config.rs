//! The configuration: what was written, and what it means.
//!
//! # Place
//! Read once at the start, by `main` and `crossdock check`.
//! # Method
//! `configs/default.toml` is compiled in and lists every option; a user's file and `--set` flags
//! are laid over it. An option that the defaults don't have is an error with the nearest name.
//! Everything is then checked in one pass that reports all complaints at once.
//! # Holds
//! [`Config`], a plain struct, and the making of it.
//! # Does not hold
//! What belongs to one run only: flags.

mod checked;
mod edge;
mod layers;
mod options;
mod taker;
mod value;

pub use options::{
    Config, EngineConfig, EtaConfig, LimitsConfig, LogConfig, LogFormat, NatsConfig, RulesConfig,
    RulesMode, SinkConfig, SnapshotBucketConfig, SnapshotConfig, SourceConfig,
};

use std::fmt;
use std::path::Path;

/// The defaults, as they stand in `configs/default.toml`.
pub const DEFAULT: &str = include_str!("../../../configs/default.toml");

/// A text that overrides options.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    /// What to call it in complaints: a path, or `--set`.
    pub name: &'a str,
    /// TOML.
    pub text: &'a str,
}

/// One complaint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, or `--set`.
    pub file: String,
    /// Counted from one.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What to do, a whole sentence.
    pub hint: Option<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// All complaints about a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let line_break = if index == 0 { "" } else { "\n" };
            write!(f, "{line_break}{error}")?;
            if let Some(hint) = &error.hint {
                write!(f, "\n  {hint}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

impl Config {
    /// The defaults with these layers over them, later ones on top.
    ///
    /// # Errors
    /// All complaints at once.
    pub fn parse(layers: &[Layer<'_>]) -> Result<Self, ConfigErrors> {
        let mut errors = Vec::new();
        let raw = layers::merge(layers, &mut errors);
        checked::check(raw, errors)
    }

    /// The defaults, with a file over them where one is named, and `key=value` settings over that.
    /// A value in a setting is TOML; a word that is none is taken as text.
    ///
    /// # Errors
    /// All complaints at once; a file that can't be read is one.
    pub fn load(file: Option<&Path>, settings: &[String]) -> Result<Self, ConfigErrors> {
        let mut name = String::new();
        let mut text = String::new();
        if let Some(path) = file {
            name = path.display().to_string();
            text = std::fs::read_to_string(path).map_err(|error| {
                ConfigErrors(vec![ConfigError {
                    file: name.clone(),
                    line: 1,
                    message: format!("can't be read: {error}"),
                    hint: Some(
                        "Name a file with `--config`, or leave it out for the defaults.".to_owned(),
                    ),
                }])
            })?;
        }
        let settings: Vec<String> =
            settings.iter().map(|setting| layers::setting(setting)).collect();
        let settings = settings.join("\n");
        Self::parse(&[Layer { name: &name, text: &text }, Layer { name: "--set", text: &settings }])
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::parse(&[]).unwrap_or_else(|errors| unreachable!("the defaults are tested: {errors}"))
    }
}
