//! What a command works with: the packs, and the options.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use crossdock_core::engine::EngineOptions;
use crossdock_core::feeds::Feeds;
use crossdock_core::lane::LaneOptions;
use crossdock_rules::feed;
use crossdock_rules::rule::Options;
use crossdock_rules::rule::pack::{self, Pack};
use crossdock_rules::rule::ruleset::RuleSet;

use super::{Cli, Failure, terminal};
use crate::config::{Config, LogFormat, RulesConfig, RulesMode};
use crate::drain::CommitPolicy;
use crate::estimates;

/// Changes of a pack that count as one output when a commit is gathered: what a server does is by message.
const OUTPUTS_PACKED: usize = 8;

/// Packs and options, loaded once.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The feeds.
    pub feeds: Feeds,
    /// Options of the engine.
    pub engine: EngineOptions,
    /// Every option, checked.
    pub config: Config,
    /// Hash of the feed files: a snapshot belongs to what they say an event is.
    pub feeds_digest: u64,
    /// The folder of packs, where it is not the one that is compiled in.
    packs: Option<PathBuf>,
}

impl Settings {
    /// Loads what the command line names.
    ///
    /// # Errors
    ///
    /// A configuration or a pack has mistakes: all of them, each with its place.
    pub fn load(cli: &Cli) -> Result<Self, Failure> {
        let config = Config::load(cli.config.as_deref(), &cli.set).map_err(|errors| {
            Failure::Settings(format!("the configuration has mistakes\n{errors}"))
        })?;
        let own = cli.feeds.as_ref().or(config.feeds_own.as_ref());
        let (set, feeds_digest) = match (cli.packs.as_ref().or(config.packs_dir.as_ref()), own) {
            (None, None) => (feed::builtin(), digest(feed::builtin_files().iter().copied())),
            (packs, own) => feeds_of(packs.map(PathBuf::as_path), own.map(PathBuf::as_path))?,
        };
        let packs = cli.packs.clone().or_else(|| config.packs_dir.clone());
        let rules = rules_of(packs.as_deref(), &config.rules)?;
        let forecast = match config.eta.enabled {
            true => {
                let loaded = estimates::load(config.eta.file.as_deref(), packs.as_deref());
                let mut loaded = loaded.map_err(Failure::Settings)?;
                if let Some(path) = &config.eta.learned {
                    let state = estimates::learned(path, &loaded.declared.settings);
                    Arc::make_mut(&mut loaded).learned = Some(state.map_err(Failure::Settings)?);
                }
                Some(loaded)
            }
            false => None,
        };
        let engine = EngineOptions {
            rules,
            rules_shadow: config.rules.mode == RulesMode::Shadow,
            forecast,
            lanes: config.engine.lanes,
            shards: config.engine.shards,
            shipments_max: config.engine.shipments_max,
            lane: LaneOptions {
                with_particulars: false,
                document_size_max: config.limits.document_size,
                document_depth_max: config.limits.document_depth,
                document_events_max: config.limits.document_events,
                dead_letter_payload_max: config.limits.dead_letter_payload,
                ..LaneOptions::default()
            },
            ..EngineOptions::default()
        };
        Ok(Self { feeds: Feeds::new(set), engine, config, feeds_digest, packs })
    }

    /// The folder of packs, where it is not the one that is compiled in.
    #[must_use]
    pub fn packs(&self) -> Option<&Path> {
        self.packs.as_deref()
    }

    /// The rules as their files are now.
    ///
    /// # Errors
    ///
    /// They have mistakes, or can't be read.
    pub fn read_rules(&self) -> Result<Option<Arc<RuleSet>>, Failure> {
        rules_of(self.packs.as_deref(), &self.config.rules)
    }

    /// When a commit goes out.
    #[must_use]
    pub fn commit_policy(&self) -> CommitPolicy {
        let sink = &self.config.sink;
        CommitPolicy {
            outputs: match sink.pack_bytes {
                0 => sink.commit_outputs,
                _ => sink.commit_outputs * OUTPUTS_PACKED,
            },
            documents: sink.commit_documents as u64,
            delay: sink.commit_interval,
            idle_delay: sink.commit_idle,
        }
    }

    /// Starts the log: text on a terminal, JSON elsewhere, unless the configuration says which.
    pub fn start_log(&self) {
        let log = &self.config.log;
        let as_json = match log.format {
            LogFormat::Json => true,
            LogFormat::Text => false,
            LogFormat::Auto => !terminal::is_terminal_err(),
        };
        let filter = tracing_subscriber::EnvFilter::new(&log.level);
        let builder =
            tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        let started = if as_json {
            builder.json().try_init()
        } else {
            builder.with_ansi(terminal::is_terminal_err()).try_init()
        };
        // A log that has started already goes on as it is.
        drop(started);
    }
}

/// The rules of a folder, of the packs, or those that are compiled in. Packs without a folder
/// `exceptions` have none.
fn rules_of(packs: Option<&Path>, config: &RulesConfig) -> Result<Option<Arc<RuleSet>>, Failure> {
    if config.mode == RulesMode::Off {
        return Ok(None);
    }
    let pack = match (packs, &config.dir) {
        (_, Some(folder)) => read_rules(core::slice::from_ref(folder))?,
        (None, None) => pack::builtin(),
        (Some(packs), None) => {
            if !packs.join("exceptions").is_dir() {
                return Ok(None);
            }
            let folders = [packs.join("calendars"), packs.join("exceptions")];
            let there: Vec<PathBuf> = folders.into_iter().filter(|it| it.is_dir()).collect();
            read_rules(&there)?
        }
    };
    let loaded = pack.load(&Options::default());
    let set = loaded.map_err(|report| {
        Failure::Settings(format!("the rules have mistakes\n\n{}", report.render()))
    })?;
    Ok(Some(Arc::new(set)))
}

fn read_rules(folders: &[PathBuf]) -> Result<Pack, Failure> {
    let names: Vec<String> = folders.iter().map(|it| it.display().to_string()).collect();
    Pack::read(&names)
        .map_err(|error| Failure::Settings(format!("the rules can't be read: {error}")))
}

/// A hash of files, whatever folder they stand in: their names and texts, sorted.
fn digest<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> u64 {
    let mut all: Vec<(&str, &str)> = files.map(|(path, text)| (base_name(path), text)).collect();
    all.sort_unstable();
    all.iter().fold(0, |hash, (name, text)| {
        let hash = xxhash_rust::xxh3::xxh3_64_with_seed(name.as_bytes(), hash);
        xxhash_rust::xxh3::xxh3_64_with_seed(text.as_bytes(), hash)
    })
}

/// Compiles the feed files of a packs folder, or those compiled in, and one's own, which take the place of their namesakes;
/// gives their digest, too.
fn feeds_of(packs: Option<&Path>, own: Option<&Path>) -> Result<(feed::FeedSet, u64), Failure> {
    let mut files = match packs {
        Some(packs) => yaml_files(&packs.join("feeds"))?,
        None => feed::builtin_files()
            .iter()
            .map(|(path, text)| (String::from(*path), String::from(*text)))
            .collect(),
    };
    let own = match own {
        Some(path) if path.is_dir() => yaml_files(path)?,
        Some(path) => vec![read_text(path)?],
        None => Vec::new(),
    };
    files.retain(|(path, _)| !own.iter().any(|(own, _)| base_name(own) == base_name(path)));
    files.extend(own);
    let named: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let digest = digest(named.iter().copied());
    let compiled = feed::compile(&named).map_err(|errors| {
        let text: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Failure::Settings(format!("{} in feed files\n\n{}", count(errors.len()), text.join("\n")))
    });
    Ok((compiled?, digest))
}

fn count(errors: usize) -> String {
    if errors == 1 { String::from("1 mistake") } else { format!("{errors} mistakes") }
}

/// The YAML files of a folder with their texts, by name.
pub(super) fn yaml_files(folder: &Path) -> Result<Vec<(String, String)>, Failure> {
    let explain = |path: &Path, error: &std::io::Error| {
        Failure::Settings(format!("\"{}\" can't be read: {error}", path.display()))
    };
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| explain(folder, &error))? {
        let path = entry.map_err(|error| explain(folder, &error))?.path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| read_text(path)).collect()
}

/// A file and its text.
fn read_text(path: &Path) -> Result<(String, String), Failure> {
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::Settings(format!("\"{}\" can't be read: {error}", path.display()))
    })?;
    Ok((path.display().to_string(), text))
}

/// A file's name without its folders.
fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// `crossdock check`: everything is loaded by now, so nothing is wrong.
///
/// # Errors
///
/// Output can't be written.
pub fn check(settings: &Settings) -> Result<ExitCode, Failure> {
    let options = settings.config.lines.len();
    let digest = settings.config.digest;
    terminal::print(&format!(
        "configuration: {options} options, digest {digest:016x}, no mistakes\n"
    ))?;
    let set = settings.feeds.set();
    let rows: usize = set.feeds().iter().map(|feed| feed.codes.rows.len()).sum();
    terminal::print(&format!("feeds: {} with {rows} code rows, no mistakes\n", set.feeds().len()))?;
    let rules = match &settings.engine.rules {
        None => String::from("rules: none run\n"),
        Some(set) => {
            format!("rules: {}, revision {:016x}, no mistakes\n", set.rules().len(), set.rev())
        }
    };
    terminal::print(&rules)?;
    let estimates = match &settings.engine.forecast {
        None => String::from("estimates: off\n"),
        Some(options) => format!(
            "estimates: {} calendars, {} rows of transit tables, no mistakes\n",
            options.almanac.rules().len(),
            options.almanac.table().len()
        ),
    };
    terminal::print(&estimates)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeds_of_ones_own_stand_beside_the_others_or_take_their_place() {
        let folder = std::env::temp_dir().join(format!("crossdock-feeds-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let write = |name: &str, title: &str| {
            let text = format!("feed: {name}\ntitle: {title}\nextends: common-words\ncarrier: x\n");
            fs::write(folder.join(format!("{name}.yaml")), text).expect("room");
        };
        write("swiftline", "new");
        write("sendle", "in its place");
        let builtin = feed::builtin().feeds().len();
        let (set, digest) = feeds_of(None, Some(&folder)).expect("no mistakes");
        let title =
            |set: &feed::FeedSet, name: &str| set.by_name(name).expect("there").title.clone();
        assert_eq!(set.feeds().len(), builtin + 1);
        assert_eq!((&*title(&set, "swiftline"), &*title(&set, "sendle")), ("new", "in its place"));
        let (one, other) =
            feeds_of(None, Some(&folder.join("swiftline.yaml"))).expect("no mistakes");
        assert_ne!(&*title(&one, "sendle"), "in its place");
        assert_ne!(digest, other);
        let failed = feeds_of(None, Some(&folder.join("nothing.yaml")));
        assert!(matches!(failed, Err(Failure::Settings(text)) if text.contains("nothing.yaml")));
        fs::remove_dir_all(&folder).expect("it is ours");
    }
}
