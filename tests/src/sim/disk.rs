//! A disk that loses what was not synced, tears it, and rots.

use super::Bug;
use super::random::Random;
use crossdock_node::snapshot::writer::Disk;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Clone, Debug)]
struct Stored {
    position: u64,
    epoch: u32,
    bytes: Vec<u8>,
    is_synced: bool,
    is_named: bool,
}

/// A disk that all nodes share.
#[derive(Clone, Debug)]
pub struct SimDisk {
    files: Arc<Mutex<Vec<Stored>>>,
    bug: Option<Bug>,
}

/// A file that is being written.
#[derive(Debug)]
pub struct SimFile {
    position: u64,
    epoch: u32,
    bytes: Vec<u8>,
}

impl io::Write for SimFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl SimDisk {
    /// An empty disk.
    #[must_use]
    pub fn new(bug: Option<Bug>) -> Self {
        Self { files: Arc::default(), bug }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Vec<Stored>) -> T) -> T {
        act(&mut self.files.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The machine fails: what was not synced is lost or torn, what has no name is gone.
    pub fn crash(&self, random: &mut Random) {
        self.with(|files| {
            for file in files.iter_mut().filter(|file| !file.is_synced) {
                let kept = random.below(file.bytes.len() as u64 + 1) as usize;
                file.bytes.truncate(kept);
            }
            files.retain(|file| file.is_named);
        });
    }

    /// A bit of some file flips.
    pub fn rot(&self, random: &mut Random) {
        self.with(|files| {
            if files.is_empty() {
                return;
            }
            let file = random.below(files.len() as u64) as usize;
            let size = files[file].bytes.len() as u64;
            if 0 < size {
                let at = random.below(size) as usize;
                files[file].bytes[at] ^= 1 << random.below(8);
            }
        });
    }

    /// The complete files, newest position first.
    #[must_use]
    pub fn newest_first(&self) -> Vec<Vec<u8>> {
        self.with(|files| {
            let mut named: Vec<&Stored> = files.iter().filter(|file| file.is_named).collect();
            named.sort_by_key(|file| std::cmp::Reverse((file.position, file.epoch)));
            named.into_iter().map(|file| file.bytes.clone()).collect()
        })
    }
}

impl Disk for SimDisk {
    type File = SimFile;

    fn create(&mut self, position: u64, epoch: u32) -> io::Result<SimFile> {
        Ok(SimFile { position, epoch, bytes: Vec::new() })
    }

    fn sync(&mut self, file: &mut SimFile) -> io::Result<()> {
        let SimFile { position, epoch, ref bytes } = *file;
        let is_named = self.bug == Some(Bug::EarlySnapshot);
        self.with(|files| {
            files.retain(|it| (it.position, it.epoch) != (position, epoch));
            let bytes = bytes.clone();
            files.push(Stored { position, epoch, bytes, is_synced: true, is_named });
        });
        Ok(())
    }

    fn complete(&mut self, file: SimFile) -> io::Result<()> {
        self.with(|files| {
            for it in files.iter_mut() {
                it.is_named |= (it.position, it.epoch) == (file.position, file.epoch);
            }
            // Three are kept, of those that are not above it: as the folder does.
            let mut names: Vec<(u64, u32)> =
                files.iter().filter(|it| it.is_named).map(|it| (it.position, it.epoch)).collect();
            names.retain(|name| *name <= (file.position, file.epoch));
            names.sort_unstable();
            let oldest = names.len().checked_sub(3).map_or((0, 0), |index| names[index]);
            files.retain(|it| !it.is_named || oldest <= (it.position, it.epoch));
        });
        Ok(())
    }

    fn discard(&mut self, file: SimFile) {
        self.with(|files| {
            files
                .retain(|it| it.is_named || (it.position, it.epoch) != (file.position, file.epoch));
        });
    }

    fn name(&self) -> String {
        String::from("the simulated disk")
    }
}
