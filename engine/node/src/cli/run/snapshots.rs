//! The snapshots that `run` starts from and writes, as the configuration has them.

use std::sync::Arc;
use std::time::Instant;

use crossdock_core::engine::EngineOptions;
use crossdock_core::feeds::Feeds;

use super::RunArgs;
use crate::cli::Failure;
use crate::cli::settings::Settings;
use crate::error::EdgeError;
use crate::jetstream::ctl::{Position, StreamMark};
use crate::jetstream::intake::Start;
use crate::snapshot::{self, Folder, Identity, SnapshotHandle, SnapshotPolicy, Started};
use crate::telemetry::Telemetry;

/// Where to begin: behind the snapshot, else with the first message.
pub(super) fn start_of(
    started: Option<&Started>,
    has_committed: bool,
    mark: Option<&StreamMark>,
    args: &RunArgs,
) -> Start {
    let saved = started.map(|started| &started.manifest);
    let mut prints: Vec<_> = mark.iter().map(|mark| mark.fingerprint()).collect();
    prints.extend(saved.iter().flat_map(|saved| saved.fingerprints()));
    prints.dedup();
    let created = mark.map(|mark| &mark.created).or_else(|| saved.map(|saved| &saved.created));
    Start {
        // A group that has committed needs the stream from its first message on, a new one takes
        // what there is.
        position: saved.map(|saved| saved.position).or_else(|| has_committed.then_some(0)),
        created: created.cloned(),
        prints,
        accept_lost: args.accept_lost_input,
    }
}

/// The folder of snapshots and what the configuration says of it.
pub(super) struct Snapshots {
    folder: Folder,
    policy: SnapshotPolicy,
}

impl Snapshots {
    /// `None` where the configuration keeps none.
    pub(super) fn open(settings: &Settings, identity: &Identity) -> Result<Option<Self>, Failure> {
        let Some(config) = &settings.config.snapshot else { return Ok(None) };
        let folder = Folder::open(&config.dir, &identity.group, config.keep).map_err(|error| {
            let dir = config.dir.display();
            Failure::Settings(format!("the folder of snapshots \"{dir}\" can't be used: {error}"))
        })?;
        let policy = SnapshotPolicy { interval: config.interval, documents: config.documents };
        Ok(Some(Self { folder, policy }))
    }

    /// The newest that is whole and fits; why others are not used goes to the log.
    pub(super) fn recover(
        &self,
        identity: &Identity,
        committed: Position,
        feeds: &Feeds,
        options: &EngineOptions,
    ) -> Option<Started> {
        let start = Instant::now();
        let (started, passed_over) =
            snapshot::recover(&self.folder, identity, committed, feeds, options);
        for passed in passed_over {
            tracing::warn!(file = %passed.path.display(), why = passed.why, "snapshot not used");
        }
        if let Some(started) = &started {
            tracing::info!(
                file = %started.path.display(),
                position = started.manifest.position,
                shipments = started.manifest.shipments,
                seconds = start.elapsed().as_secs_f64(),
                "snapshot loaded"
            );
        }
        started
    }

    pub(super) fn start_writer(
        self,
        telemetry: &Arc<Telemetry>,
    ) -> Result<SnapshotHandle, EdgeError> {
        let started = SnapshotHandle::start(self.folder, self.policy, Arc::clone(telemetry));
        started.map_err(|error| EdgeError::Runtime { detail: error.to_string() })
    }
}
