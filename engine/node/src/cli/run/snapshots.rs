//! The snapshots that `run` starts from and writes, as the configuration has them.

use std::sync::Arc;
use std::time::Instant;

use crossdock_core::engine::EngineOptions;
use crossdock_core::feeds::Feeds;

use crate::cli::Failure;
use crate::cli::settings::Settings;
use crate::error::EdgeError;
use crate::jetstream::ctl::Position;
use crate::jetstream::edge::Edge;
use crate::snapshot::start::resume;
use crate::snapshot::{
    self, Folder, Identity, Manifest, SnapshotHandle, SnapshotPolicy, Started, Wanted,
};
use crate::telemetry::Telemetry;

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

    /// The newest that is whole and fits, and that was made from the input that is there; why others
    /// are not used goes to the log.
    ///
    /// # Errors
    /// Why the input could not be asked.
    pub(super) fn recover(
        &self,
        edge: &mut Edge,
        identity: &Identity,
        feeds: &Feeds,
        options: &EngineOptions,
    ) -> Result<Option<Started>, EdgeError> {
        let start = Instant::now();
        let found = edge.claim().found.as_ref();
        let committed = found.map_or_else(Position::default, |record| record.position);
        let mut failed = None;
        let mut differs = |manifest: &Manifest| {
            edge.differs(&resume(Some(manifest), None, true)).unwrap_or_else(|error| {
                let why = error.to_string();
                failed = Some(error);
                Some(why)
            })
        };
        let mut wanted = Wanted { identity, committed, differs: &mut differs };
        let (started, passed_over) = snapshot::recover(&self.folder, &mut wanted, feeds, options);
        if let Some(error) = failed {
            return Err(error);
        }
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
        Ok(started)
    }

    pub(super) fn start_writer(
        self,
        telemetry: &Arc<Telemetry>,
    ) -> Result<SnapshotHandle, EdgeError> {
        let started = SnapshotHandle::start(self.folder, self.policy, Arc::clone(telemetry));
        started.map_err(|error| EdgeError::Runtime { detail: error.to_string() })
    }
}
