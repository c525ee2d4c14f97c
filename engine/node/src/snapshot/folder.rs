//! The folder of snapshots of a group: names, what is kept, what is left over from a crash.
//!
//! # Place
//! Between `writer` / `start` and the file system.
//! # Method
//! `<group>-<position, 20 digits>-<epoch, 10 digits>.snapshot`: the order of names is the order of
//! positions. A file is written under a name that ends in `.part`, synced, and renamed; then the
//! folder is synced, and the oldest beyond `keep` are removed. A zombie's late file is older state
//! under its own epoch's name: harmless, a start only replays longer. Where OUT lost its tail, files
//! stand above what is committed and are of no use; they do not count among those that are kept.
//! # Holds
//! - A name without `.part` is a file that was complete and synced.
//! # Does not hold
//! Whether it is undamaged now (`file`), whether it fits (`manifest`).

use super::copier::Offer;
use super::name::{COMPLETE, Name};
use super::writer::Disk;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The end of the name of a file that is not complete yet.
const PARTIAL: &str = ".part";

/// A file that nobody has written to for so long is left over from a crash.
const LEFT_OVER_AGE: Duration = Duration::from_secs(600);

/// A folder and the group whose snapshots are meant.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    group: String,
    keep: usize,
    /// Is told of each file that gets its name.
    offer: Option<Offer>,
}

impl Folder {
    /// Makes the folder where it is not there, and removes what a crash left unfinished.
    ///
    /// # Errors
    /// The file system's.
    #[expect(clippy::panic_in_result_fn, reason = "the configuration has checked `keep`")]
    pub fn open(path: &Path, group: &str, keep: usize) -> io::Result<Self> {
        assert!(0 < keep);
        fs::create_dir_all(path)?;
        let folder = Self { path: path.to_owned(), group: group.to_owned(), keep, offer: None };
        for left_over in folder.names(PARTIAL)? {
            let modified = fs::metadata(&left_over).and_then(|it| it.modified());
            let age = modified.ok().and_then(|it| it.elapsed().ok());
            // A younger one may be that of an engine that still runs.
            if age.is_some_and(|age| LEFT_OVER_AGE <= age) {
                fs::remove_file(left_over)?;
            }
        }
        Ok(folder)
    }

    /// Tells a copier of each file that gets its name from here on.
    #[must_use]
    pub fn offering(mut self, offer: Offer) -> Self {
        self.offer = Some(offer);
        self
    }

    /// The complete files, newest position first.
    ///
    /// # Errors
    /// The file system's.
    pub fn newest_first(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = self.names(COMPLETE)?;
        files.sort();
        files.reverse();
        Ok(files)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Files of this group with such an end.
    fn names(&self, end: &str) -> io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let path = entry?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let rest = name.strip_suffix(end).unwrap_or_default();
            let rest = rest.split(COMPLETE).next().unwrap_or_default();
            // `<group>-<position>-<epoch>`; a group's name may hold dashes, too.
            let group = rest.rsplitn(3, '-').nth(2).unwrap_or_default();
            if group == self.group {
                paths.push(path);
            }
        }
        Ok(paths)
    }
}

/// A file that is being written. One that is dropped under its partial name is removed: what a full disk
/// has cut short must not keep it full.
#[derive(Debug)]
pub struct PartialFile {
    file: BufWriter<File>,
    path: PathBuf,
}

impl PartialFile {
    /// Where it is, until it gets its name.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::debug!(%error, "unfinished snapshot not removed");
            }
            // It has its name.
            Ok(()) | Err(_) => {}
        }
    }
}

impl io::Write for PartialFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Disk for Folder {
    type File = PartialFile;

    fn create(&mut self, position: u64, epoch: u32) -> io::Result<PartialFile> {
        // The process is part of the name: two engines of one group may share a folder for a while.
        let process = std::process::id();
        let name = Name { position, epoch, group: self.group.clone() };
        let path = self.path.join(format!("{name}.{process}{PARTIAL}"));
        let file = BufWriter::with_capacity(1 << 20, File::create(&path)?);
        Ok(PartialFile { file, path })
    }

    fn sync(&mut self, file: &mut PartialFile) -> io::Result<()> {
        file.file.flush()?;
        file.file.get_ref().sync_all()
    }

    /// Renames it, and removes the oldest that are too many, of those that are not above it.
    fn complete(&mut self, file: PartialFile) -> io::Result<()> {
        let path = file.path.with_extension("");
        // What is left ends in the number of the process.
        let path = path.with_extension("");
        fs::rename(&file.path, &path)?;
        File::open(&self.path)?.sync_all()?;
        let files = self.newest_first()?;
        for old in files.iter().filter(|it| **it <= path).skip(self.keep) {
            fs::remove_file(old)?;
        }
        if let Some(offer) = &self.offer {
            offer.send_replace(Some(path));
        }
        Ok(())
    }

    fn discard(&mut self, file: PartialFile) {
        drop(file);
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_and_what_is_unfinished_is_not_seen() {
        let path = std::env::temp_dir().join(format!("crossdock-folder-{}", std::process::id()));
        let mut folder = Folder::open(&path, "a-b", 2).expect("a folder");
        // OUT lost its tail behind 100; 7 is a zombie's.
        for (position, epoch) in [(5, 1), (100, 1), (20, 2), (30, 2), (40, 2), (7, 1)] {
            let partial = folder.create(position, epoch).expect("a file");
            folder.complete(partial).expect("complete");
        }
        let partials = |folder: &Folder| folder.names(PARTIAL).expect("a list").len();
        let unfinished = folder.create(300, 1).expect("a file");
        assert_eq!(partials(&folder), 1);
        // Its disk was full.
        drop(unfinished);
        assert_eq!(partials(&folder), 0);
        // What a crash leaves.
        fs::write(path.join("a-b-00000000000000000300-0000000001.snapshot.1.part"), "")
            .expect("unfinished");
        let mut other = Folder::open(&path, "b", 2).expect("another group");
        let partial = other.create(7, 1).expect("a file");
        other.complete(partial).expect("complete");
        let names = |folder: &Folder| -> Vec<String> {
            let files = folder.newest_first().expect("a list");
            files
                .iter()
                .map(|it| it.file_name().unwrap_or_default().to_string_lossy().into())
                .collect()
        };
        assert_eq!(
            names(&folder),
            [
                "a-b-00000000000000000100-0000000001.snapshot",
                "a-b-00000000000000000040-0000000002.snapshot",
                "a-b-00000000000000000030-0000000002.snapshot",
                "a-b-00000000000000000007-0000000001.snapshot"
            ]
        );
        assert_eq!(names(&other).len(), 1);
        let again = Folder::open(&path, "a-b", 2).expect("again");
        assert_eq!(partials(&again), 1, "it is young");
        assert_eq!(names(&again).len(), 4);
        fs::remove_dir_all(&path).expect("removed");
    }
}
