//! Rules that come while the engine runs: a folder that is read again, a bucket that is followed.
//!
//! # Place
//!
//! Beside the drain, on its thread; the bucket itself is read on another.
//!
//! # Method
//!
//! Both ask through the log, so that rules come into force at one place of it. Nobody acknowledges that question:
//! rules of the bucket that are not in force after a while are asked for again. They are not asked for before the
//! stream is read up to its end: the log may hold the switch already.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossdock_rules::rule::ruleset::RuleSet;
use tokio::sync::watch;

use super::RunArgs;
use crate::cli::Failure;
use crate::cli::settings::Settings;
use crate::drain::Drain;
use crate::error::EdgeError;
use crate::jetstream::rule_files::{self, Offered};
use crate::telemetry::Telemetry;

/// What was asked for and is not in force is asked for again after this.
const ASK_AGAIN: Duration = Duration::from_secs(10);

/// Reads the folder of rules again and asks for what it holds now.
pub(super) fn reload(drain: &Drain, settings: &Settings) {
    match settings.read_rules() {
        Ok(Some(rules)) => {
            let revision = format!("{:016x}", rules.rev());
            if drain.activate(&rules) {
                tracing::info!(
                    revision,
                    "rules were read again; they come into force through the log"
                );
            } else {
                tracing::error!(revision, "the rules could not be sent; signal again");
            }
        }
        Ok(None) => tracing::warn!("no rules run, so none were read"),
        Err(error) => tracing::error!(%error, "the rules in force stay"),
    }
}

/// Rules of the bucket on their way into force.
pub(super) struct NewRules {
    offered: watch::Receiver<Offered>,
    wanted: Option<Arc<RuleSet>>,
    asked: Option<Instant>,
}

impl NewRules {
    /// Follows the bucket of the configuration, where rules run and it names one.
    pub(super) fn follow(
        settings: &Settings,
        args: &RunArgs,
        telemetry: &Telemetry,
    ) -> Result<Option<Self>, Failure> {
        let options = settings.config.rule_files_options();
        let Some(mut options) = options.filter(|_| settings.engine.rules.is_some()) else {
            return Ok(None);
        };
        if let Some(servers) = &args.nats {
            options.connection.servers = servers.split(',').map(str::to_owned).collect();
        }
        let counters = Arc::clone(&telemetry.counters);
        let (offer, offered) = watch::channel(None);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let unable = |error: std::io::Error| EdgeError::Runtime { detail: error.to_string() };
        let runtime = runtime.map_err(unable)?;
        let follow = move || {
            if let Err(error) = runtime.block_on(rule_files::follow(options, &counters, &offer)) {
                tracing::error!(%error, "the bucket of rules is followed no more");
            }
        };
        thread::Builder::new().name(String::from("rules")).spawn(follow).map_err(unable)?;
        Ok(Some(Self { offered, wanted: None, asked: None }))
    }

    /// Takes what is offered, and sees to it that it comes into force.
    pub(super) fn turn(&mut self, drain: &Drain) {
        if self.offered.has_changed().unwrap_or(false) {
            self.wanted = self.offered.borrow_and_update().clone();
            self.asked = None;
        }
        let Some(rules) = &self.wanted else { return };
        let Some(in_force) = drain.rules_in_force() else { return };
        if in_force == rules.rev() {
            let revision = format!("{in_force:016x}");
            tracing::info!(revision, "the rules of the bucket are in force");
            self.wanted = None;
        } else if self.asked.is_none_or(|at| ASK_AGAIN < at.elapsed()) && drain.activate(rules) {
            self.asked = Some(Instant::now());
            let revision = format!("{:016x}", rules.rev());
            tracing::info!(revision, "rules of the bucket come into force through the log");
        }
    }
}
