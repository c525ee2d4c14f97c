//! The snapshots that `run` starts from and writes, as the configuration has them.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crossdock_core::engine::EngineOptions;
use crossdock_core::feeds::Feeds;
use tokio::sync::watch;

use super::RunArgs;
use crate::cli::Failure;
use crate::cli::settings::Settings;
use crate::error::EdgeError;
use crate::jetstream::ctl::Position;
use crate::jetstream::edge::Edge;
use crate::snapshot::start::resume;
use crate::snapshot::{
    self, Bucket, Copier, Folder, Identity, Manifest, SnapshotHandle, SnapshotPolicy, Started,
    Wanted,
};
use crate::telemetry::Telemetry;

/// The folder of snapshots and what the configuration says of it.
pub(super) struct Snapshots {
    folder: Folder,
    policy: SnapshotPolicy,
    bucket: Option<Bucket>,
    /// Why it is not known what the bucket holds.
    unread: Option<EdgeError>,
}

impl Snapshots {
    /// `None` where the configuration keeps none.
    pub(super) fn open(
        settings: &Settings,
        args: &RunArgs,
        identity: &Identity,
    ) -> Result<Option<Self>, Failure> {
        let Some(config) = &settings.config.snapshot else { return Ok(None) };
        let folder = Folder::open(&config.dir, &identity.group, config.keep).map_err(|error| {
            let dir = config.dir.display();
            Failure::Settings(format!("the folder of snapshots \"{dir}\" can't be used: {error}"))
        })?;
        let policy = SnapshotPolicy { interval: config.interval, documents: config.documents };
        let mut bucket = match settings.config.snapshot_bucket_options() {
            Some(mut options) => {
                if let Some(servers) = &args.nats {
                    options.connection.servers = servers.split(',').map(str::to_owned).collect();
                }
                Some(Bucket::new(options, &identity.group)?)
            }
            None => None,
        };
        let unread = bucket.as_mut().and_then(|bucket| bucket.look().err());
        if let (Some(bucket), Some(error)) = (&bucket, &unread) {
            let (bucket, folder) = (bucket.name(), config.dir.display());
            tracing::warn!(bucket, %folder, %error, "the bucket of snapshots can't be read; only those of the folder are known");
        }
        Ok(Some(Self { folder, policy, bucket, unread }))
    }

    /// The newest that is whole and fits, and that was made from the input that is there; why others
    /// are not used goes to the log.
    ///
    /// # Errors
    /// Why the input could not be asked.
    pub(super) fn recover(
        &mut self,
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
        let folder = &self.folder;
        let (started, passed_over) = match &mut self.bucket {
            Some(bucket) => snapshot::recover_from(folder, bucket, &mut wanted, feeds, options),
            None => snapshot::recover(folder, &mut wanted, feeds, options),
        };
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

    /// Why the start that comes to nothing may come to nothing: where the input begins behind what we know, the bucket may
    /// know more.
    pub(super) fn explain(&self, error: EdgeError) -> EdgeError {
        match (error, &self.bucket, &self.unread) {
            (expired @ EdgeError::InputExpired { .. }, Some(bucket), Some(unread)) => {
                EdgeError::BucketUnread {
                    bucket: bucket.name().to_owned(),
                    expired: Box::new(expired),
                    unread: Box::new(unread.clone()),
                }
            }
            (error, ..) => error,
        }
    }

    /// The writer, and who copies what it writes. An owner also copies what it has `started` from.
    pub(super) fn start_writer(
        self,
        started: Option<&Path>,
        telemetry: &Arc<Telemetry>,
    ) -> Result<(SnapshotHandle, Option<Copier>), EdgeError> {
        let unable = |error: io::Error| EdgeError::Runtime { detail: error.to_string() };
        let Self { mut folder, policy, bucket, .. } = self;
        let mut copier = None;
        if let Some(bucket) = bucket {
            let (offer, offers) = watch::channel(started.map(Path::to_owned));
            folder = folder.offering(offer);
            let started = Copier::start(bucket, offers, Arc::clone(telemetry));
            copier = Some(started.map_err(unable)?);
        }
        let writer = SnapshotHandle::start(folder, policy, Arc::clone(telemetry));
        Ok((writer.map_err(unable)?, copier))
    }
}
