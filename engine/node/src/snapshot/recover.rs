//! Which snapshot a start begins with: the newest that is whole and fits, of the folder or from elsewhere.
//!
//! # Place
//! Over `start`, which reads one.
//! # Method
//! All are tried from the newest position on, at the same position those of the folder first. What is elsewhere is fetched
//! when its turn comes, under the name of a file that is not complete; read without a flaw, it is a file of the folder like
//! any other.
//! # Holds
//! - Why one is passed over is told for each.
//! # Does not hold
//! What is elsewhere (`bucket`).

use super::folder::{Folder, PartialFile};
use super::manifest::Manifest;
use super::name::Name;
use super::start::{PassedOver, Started, Wanted, read};
use super::writer::Disk as _;
use crate::pipeline::State;
use crossdock_core::engine::EngineOptions;
use crossdock_core::feeds::Feeds;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// Snapshots that are not in the folder.
pub trait Elsewhere {
    /// Those of the group.
    fn names(&self) -> Vec<Name>;

    /// Where one is, for people.
    fn place(&self, name: &Name) -> PathBuf;

    /// Writes the bytes of one to `target`, unless `misfit` says why it is of no use.
    ///
    /// # Errors
    /// Why it can't be had.
    fn fetch(
        &mut self,
        name: &Name,
        misfit: &mut dyn FnMut(&Manifest) -> Option<String>,
        target: &mut PartialFile,
    ) -> Result<(), String>;
}

/// One that may be used.
struct Candidate {
    /// Where it stands; a file whose name says nothing is tried last.
    name: Option<Name>,
    /// `None` where it is elsewhere.
    file: Option<PathBuf>,
}

impl Candidate {
    fn order(&self) -> (u64, bool, u32) {
        let (position, epoch) = self.name.as_ref().map_or((0, 0), |it| (it.position, it.epoch));
        (position, self.file.is_some(), epoch)
    }
}

/// Nothing is elsewhere.
struct Nowhere;

impl Elsewhere for Nowhere {
    fn names(&self) -> Vec<Name> {
        Vec::new()
    }

    fn place(&self, _: &Name) -> PathBuf {
        PathBuf::new()
    }

    fn fetch(
        &mut self,
        _: &Name,
        _: &mut dyn FnMut(&Manifest) -> Option<String>,
        _: &mut PartialFile,
    ) -> Result<(), String> {
        Err(String::from("it is nowhere"))
    }
}

/// Finds the newest snapshot of a folder that is whole and fits. Those that were passed over are told, too.
#[must_use]
pub fn recover(
    folder: &Folder,
    wanted: &mut Wanted<'_>,
    feeds: &Feeds,
    options: &EngineOptions,
) -> (Option<Started>, Vec<PassedOver>) {
    recover_from(folder, &mut Nowhere, wanted, feeds, options)
}

/// As [`recover`], of a folder and of what is elsewhere; at the same position the folder's. What comes from elsewhere is a file of
/// the folder afterwards.
#[must_use]
pub fn recover_from(
    folder: &Folder,
    elsewhere: &mut dyn Elsewhere,
    wanted: &mut Wanted<'_>,
    feeds: &Feeds,
    options: &EngineOptions,
) -> (Option<Started>, Vec<PassedOver>) {
    let mut passed_over = Vec::new();
    let files = folder.newest_first().unwrap_or_else(|error| {
        let path = folder.path().to_owned();
        passed_over.push(PassedOver { path, why: error.to_string() });
        Vec::new()
    });
    let files =
        files.into_iter().map(|path| Candidate { name: Name::of_file(&path), file: Some(path) });
    let others =
        elsewhere.names().into_iter().map(|name| Candidate { name: Some(name), file: None });
    let mut candidates: Vec<Candidate> = files.chain(others).collect();
    candidates.sort_by_key(|it| std::cmp::Reverse(it.order()));
    for candidate in candidates {
        let (path, found) = match candidate {
            Candidate { file: Some(path), .. } => {
                let found = read_file(&path, wanted, feeds, options);
                (path.clone(), found.map(|found| (path, found)))
            }
            Candidate { name: Some(name), .. } => {
                let found = fetch(folder, elsewhere, &name, wanted, feeds, options);
                (elsewhere.place(&name), found)
            }
            Candidate { name: None, file: None } => unreachable!("it is a file or has a name"),
        };
        match found {
            Ok((path, (manifest, (shards, book, forecast)))) => {
                return (Some(Started { manifest, shards, book, forecast, path }), passed_over);
            }
            Err(why) => passed_over.push(PassedOver { path, why }),
        }
    }
    (None, passed_over)
}

fn read_file(
    path: &Path,
    wanted: &mut Wanted<'_>,
    feeds: &Feeds,
    options: &EngineOptions,
) -> Result<(Manifest, State), String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    read(BufReader::with_capacity(1 << 16, file), wanted, feeds, options)
}

/// Brings a snapshot into the folder. It gets its name there when it has been read without a flaw.
fn fetch(
    folder: &Folder,
    elsewhere: &mut dyn Elsewhere,
    name: &Name,
    wanted: &mut Wanted<'_>,
    feeds: &Feeds,
    options: &EngineOptions,
) -> Result<(PathBuf, (Manifest, State)), String> {
    let disk = |error: std::io::Error| format!("it can't be kept in the folder: {error}");
    let mut folder = folder.clone();
    let mut file = folder.create(name.position, name.epoch).map_err(disk)?;
    let mut misfit = |manifest: &Manifest| {
        if (manifest.position, manifest.epoch) != (name.position, name.epoch) {
            return Some(String::from("its manifest is that of another one"));
        }
        let misfit = manifest.misfit(wanted.identity, wanted.committed);
        misfit.or_else(|| (wanted.differs)(manifest))
    };
    elsewhere.fetch(name, &mut misfit, &mut file)?;
    folder.sync(&mut file).map_err(disk)?;
    let found = read_file(file.path(), wanted, feeds, options)?;
    folder.complete(file).map_err(disk)?;
    Ok((folder.path().join(name.to_string()), found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jetstream::ctl::Position;
    use crate::snapshot::manifest::Identity;
    use std::fs;
    use std::io::Write as _;

    /// Has these, and gives bytes that are no snapshot.
    struct Heap(Vec<Name>);

    impl Elsewhere for Heap {
        fn names(&self) -> Vec<Name> {
            self.0.clone()
        }

        fn place(&self, name: &Name) -> PathBuf {
            PathBuf::from(format!("heap {}", name.position))
        }

        fn fetch(
            &mut self,
            name: &Name,
            _: &mut dyn FnMut(&Manifest) -> Option<String>,
            target: &mut PartialFile,
        ) -> Result<(), String> {
            match name.position {
                30 => Err(String::from("it is out of reach")),
                _ => target.write_all(b"half of it").map_err(|error| error.to_string()),
            }
        }
    }

    #[test]
    fn all_are_tried_from_the_newest_on_and_nothing_damaged_gets_a_name() {
        let path = std::env::temp_dir().join(format!("crossdock-recover-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        let folder = Folder::open(&path, "g", 3).expect("a folder");
        let name = |position, epoch| Name { position, epoch, group: String::from("g") };
        for file in [name(20, 2), name(40, 1)] {
            fs::write(path.join(file.to_string()), b"crossdock snap\n").expect("room");
        }
        let mut heap = Heap(vec![name(20, 9), name(30, 1), name(10, 1), name(40, 2)]);
        let identity = Identity {
            group: String::from("g"),
            stream: String::from("IN"),
            created: String::new(),
            feeds_digest: 1,
            rules_digest: 1,
        };
        let mut wanted =
            Wanted { identity: &identity, committed: Position::whole(100), differs: &mut |_| None };
        let feeds = Feeds::new(crossdock_rules::feed::builtin());
        let options = EngineOptions::default();
        let (started, passed) = recover_from(&folder, &mut heap, &mut wanted, &feeds, &options);
        assert!(started.is_none());
        let told = |passed: &PassedOver| {
            let place = passed.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            format!("{place}: {}", passed.why)
        };
        let told: Vec<String> = passed.iter().map(told).collect();
        assert_eq!(
            told,
            [
                "g-00000000000000000040-0000000001.snapshot: it is cut short",
                "heap 40: it is cut short",
                "heap 30: it is out of reach",
                "g-00000000000000000020-0000000002.snapshot: it is cut short",
                "heap 20: it is cut short",
                "heap 10: it is cut short",
            ]
        );
        assert_eq!(fs::read_dir(&path).expect("a folder").count(), 2);
        fs::remove_dir_all(&path).expect("removed");
    }
}
