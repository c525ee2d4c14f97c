//! The bucket of snapshots: what is copied off the machine, and what a start finds there.
//!
//! # Place
//! Over `jetstream::objects`; used by `copier` while the engine runs, by [`recover_from`](super::recover_from) before.
//! # Method
//! An object has the name of its file, `<group>-<position>-<epoch>.snapshot`, and its chunks have a name that begins
//! with it, so that what an upload has left behind can be told from one that is under way: it is of our epoch or an
//! older one. The record of an object holds the manifest, so that a start need not fetch what does not fit. Only what
//! is older than what was just copied is removed.
//! # Holds
//! - A zombie takes nothing from the owner: it removes objects and chunks of older positions and epochs only, and writes
//!   none of the owner's names.
//! - What is fetched is checked as a file of the folder is.
//! # Does not hold
//! When one is copied (`copier`).

use super::file::FileReader;
use super::folder::PartialFile;
use super::manifest::Manifest;
use super::name::{COMPLETE, Name};
use super::recover::Elsewhere;
use crate::error::{EdgeError, Sort};
use crate::jetstream::backoff::Backoff;
use crate::jetstream::call::Caller;
use crate::jetstream::connection::{Connection, ConnectionOptions};
use crate::jetstream::objects::{Object, ObjectError, Objects, Putting};
use crate::jetstream::setup::{self, StreamOptions};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// The key of the manifest in the record of an object.
const MANIFEST: &str = "crossdock-manifest";

/// How often a start asks a bucket that does not answer.
const ATTEMPTS_MAX: u32 = 3;

/// What a bucket is used with.
#[derive(Clone, Debug)]
pub struct BucketOptions {
    /// Where and as whom. Its connection is its own: no commit stands behind a chunk.
    pub connection: ConnectionOptions,
    /// Its name.
    pub name: String,
    /// What its stream is made with.
    pub stream: StreamOptions,
    /// It is made where it is not there.
    pub create: bool,
    /// Objects that are kept of a group.
    pub keep: usize,
    /// The shortest time between two copies.
    pub interval: Duration,
    /// How long an answer may take.
    pub request_timeout: Duration,
    /// The longest pause between two attempts.
    pub retry_delay_max: Duration,
}

/// The bucket as one group sees it.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) options: BucketOptions,
    group: String,
    objects: Option<Objects>,
    /// Uploads that were begun.
    uploads: u64,
}

/// What became of a file that was to be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copied {
    /// It is in the bucket now.
    Put { position: u64, size: u64 },
    /// It was there.
    Known { position: u64 },
    /// It has gone, or it is a standby's: the owner copies its own.
    Needless,
}

impl Store {
    fn new(options: BucketOptions, group: &str) -> Self {
        Self { options, group: group.to_owned(), objects: None, uploads: 0 }
    }

    /// The connection, made where there is none yet.
    async fn objects(&mut self) -> Result<&mut Objects, EdgeError> {
        if self.objects.is_none() {
            let options = &self.options;
            let connection = Connection::open(&options.connection).await?;
            let mut caller = Caller::open(&connection, options.request_timeout).await?;
            if options.create {
                setup::init(&mut caller, std::slice::from_ref(&options.stream), false).await?;
            }
            self.objects = Some(Objects::new(caller, options.name.clone()));
        }
        Ok(self.objects.as_mut().unwrap_or_else(|| unreachable!("it was just made")))
    }

    /// The group's snapshots, newest first.
    pub(super) async fn names(&mut self) -> Result<Vec<Name>, EdgeError> {
        let found = self.objects().await?.names().await?;
        let mut names: Vec<Name> = found.iter().filter_map(|name| Name::parse(name)).collect();
        names.retain(|name| name.group == self.group);
        names.sort_unstable();
        names.reverse();
        Ok(names)
    }

    /// Copies a file, and removes what is too old then.
    ///
    /// # Errors
    /// Why it is not in the bucket.
    pub(super) async fn copy(&mut self, path: &Path) -> Result<Copied, ObjectError> {
        let Some(name) = Name::of_file(path).filter(|name| name.epoch != 0) else {
            return Ok(Copied::Needless);
        };
        // The file stays readable while it is open, also where the folder removes it.
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Copied::Needless);
            }
            Err(error) => return Err(error.into()),
        };
        let position = name.position;
        if self.objects().await?.info(&name.to_string()).await?.is_some() {
            return Ok(Copied::Known { position });
        }
        self.sweep(&name).await?;
        let mut source = FileReader::open(BufReader::with_capacity(1 << 16, file))
            .map_err(ObjectError::Damaged)?;
        let manifest = STANDARD.encode(source.manifest().write());
        let word = self.objects().await?.random_word();
        self.uploads += 1;
        let stem = name.to_string();
        let stem = stem.trim_end_matches(COMPLETE);
        let putting = Putting {
            nuid: format!("{stem}-{word}{}", self.uploads),
            name: name.to_string(),
            metadata: BTreeMap::from([(MANIFEST.to_owned(), manifest)]),
        };
        let source = source.rewound()?;
        let object = self.objects().await?.put(putting, source).await?;
        if let Err(error) = self.retire(&name).await {
            tracing::warn!(%error, "older snapshots of the bucket are not removed; the next copy does it");
        }
        Ok(Copied::Put { position, size: object.size })
    }

    /// Removes chunks that belong to no object: an upload was broken off. None is under way but by a younger owner.
    async fn sweep(&mut self, next: &Name) -> Result<(), ObjectError> {
        let group = self.group.clone();
        let objects = self.objects().await?;
        let left_over = |nuid: &str| {
            let upload = nuid.rsplit_once('-').map(|(stem, _)| format!("{stem}{COMPLETE}"));
            upload
                .and_then(|name| Name::parse(&name))
                .filter(|name| name.group == group && name.epoch <= next.epoch)
        };
        let mut known = BTreeSet::new();
        for (nuid, count) in objects.chunks().await? {
            let Some(name) = left_over(&nuid).map(|name| name.to_string()) else { continue };
            match objects.info(&name).await {
                Ok(object) => known.extend(object.map(|object| object.nuid)),
                // Whoever can't read a record does not know whose chunks they are.
                Err(ObjectError::Damaged(_)) => continue,
                Err(error) => return Err(error),
            }
            if !known.contains(&nuid) {
                tracing::debug!(nuid, chunks = count, "removing what an upload has left behind");
                objects.remove_chunks(&nuid).await?;
            }
        }
        Ok(())
    }

    /// Removes objects that are too many, of those that are not above `newest`.
    async fn retire(&mut self, newest: &Name) -> Result<(), ObjectError> {
        let names = self.names().await?;
        let keep = self.options.keep;
        let objects = self.objects().await?;
        for name in names.iter().filter(|name| *name <= newest).skip(keep) {
            let name = name.to_string();
            // Without a record that can be read its chunks are found by the next sweep.
            let nuid = match objects.info(&name).await {
                Ok(object) => object.map(|object| object.nuid),
                Err(ObjectError::Edge(error)) => return Err(error.into()),
                Err(ObjectError::Local(_) | ObjectError::Damaged(_)) => None,
            };
            objects.remove(&name, nuid.as_deref()).await?;
        }
        Ok(())
    }

    /// The record of a snapshot, and what it says.
    async fn record(&mut self, name: &Name) -> Result<(Object, Manifest), ObjectError> {
        let Some(object) = self.objects().await?.info(&name.to_string()).await? else {
            return Err(ObjectError::Damaged(String::from("it has just been removed")));
        };
        let manifest = manifest(&object).map_err(ObjectError::Damaged)?;
        Ok((object, manifest))
    }

    async fn fetch(
        &mut self,
        object: &Object,
        target: &mut PartialFile,
    ) -> Result<(), ObjectError> {
        self.objects().await?.get(object, target).await
    }
}

/// What the record of an object says of the snapshot.
fn manifest(object: &Object) -> Result<Manifest, String> {
    let text = object.metadata.get(MANIFEST).ok_or("its record holds no manifest")?;
    let bytes =
        STANDARD.decode(text).map_err(|error| format!("its manifest is unreadable: {error}"))?;
    Manifest::read(&bytes)
}

/// The bucket for those who wait: a start.
#[derive(Debug)]
pub struct Bucket {
    pub(super) runtime: Runtime,
    pub(super) store: Store,
    names: Vec<Name>,
}

impl Bucket {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// [`EdgeError::Runtime`].
    pub fn new(options: BucketOptions, group: &str) -> Result<Self, EdgeError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| EdgeError::Runtime { detail: error.to_string() })?;
        Ok(Self { runtime, store: Store::new(options, group), names: Vec::new() })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.store.options.name
    }

    /// Looks which snapshots it has; what does not answer is asked again, a few times.
    ///
    /// # Errors
    /// Why that is not known.
    pub fn look(&mut self) -> Result<(), EdgeError> {
        let Self { runtime, store, names } = self;
        let delay_max = store.options.retry_delay_max;
        let mut backoff = Backoff::new(Duration::from_millis(50).min(delay_max), delay_max, 0);
        runtime.block_on(async {
            // Ends: after so many attempts.
            loop {
                match store.names().await {
                    Ok(found) => {
                        *names = found;
                        return Ok(());
                    }
                    Err(error)
                        if error.sort() == Sort::Retry && backoff.attempts + 1 < ATTEMPTS_MAX =>
                    {
                        tracing::debug!(%error, "the bucket of snapshots did not answer");
                        tokio::time::sleep(backoff.step()).await;
                    }
                    Err(error) => return Err(error),
                }
            }
        })
    }
}

impl Elsewhere for Bucket {
    fn names(&self) -> Vec<Name> {
        self.names.clone()
    }

    fn place(&self, name: &Name) -> PathBuf {
        PathBuf::from(format!("bucket {}/{name}", self.name()))
    }

    fn fetch(
        &mut self,
        name: &Name,
        misfit: &mut dyn FnMut(&Manifest) -> Option<String>,
        target: &mut PartialFile,
    ) -> Result<(), String> {
        let Self { runtime, store, .. } = self;
        let text = |error: ObjectError| error.to_string();
        let (object, manifest) = runtime.block_on(store.record(name)).map_err(text)?;
        // Whoever judges it may ask a server, too, under a runtime of its own.
        if let Some(why) = misfit(&manifest) {
            return Err(why);
        }
        runtime.block_on(store.fetch(&object, target)).map_err(text)
    }
}
