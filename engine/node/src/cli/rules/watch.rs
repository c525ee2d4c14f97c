//! A command on rule files, run again as often as one of them changes.
//!
//! # Place
//!
//! `crossdock rules test --watch`.
//!
//! # Method
//!
//! Names, sizes and times of the files are looked at a few times a second. That costs a `stat` a file, and it works
//! where nobody tells of changes, too: in containers and on shares. What an editor has written by half is a
//! mistake that is told, and the next look mends it.
//!
//! # Holds
//!
//! - A file that changes while the command runs is seen by the next look.
//!
//! # Does not hold
//!
//! A change within one tick of the file system's clock that keeps the size.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, SystemTime};

use crossdock_rules::rule::pack;

use super::super::{Failure, terminal};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// Runs a command and prints what it says, again and again.
///
/// # Errors
///
/// Output can't be written.
pub(super) fn watch(
    paths: &[String],
    mut run: impl FnMut() -> String,
) -> Result<ExitCode, Failure> {
    let mut watched = Watched::new(paths);
    // Ends: by an interrupt, or when nobody reads any more.
    loop {
        let said = run();
        let count = watched.stamps.len();
        terminal::print(&format!("{said}watching {count} files; Ctrl-C ends\n"))?;
        let changed = loop {
            let changed = watched.look();
            if !changed.is_empty() {
                break changed;
            }
            thread::sleep(LOOK);
        };
        let more = match changed.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        terminal::print(&format!("\n--- {}{more} changed\n", changed[0].display()))?;
    }
}

/// What a file looked like: its size, and when it was written.
type Stamp = (u64, SystemTime);

/// Files and folders, and what they looked like last.
struct Watched<'a> {
    paths: &'a [String],
    stamps: BTreeMap<PathBuf, Stamp>,
}

impl<'a> Watched<'a> {
    fn new(paths: &'a [String]) -> Self {
        Self { paths, stamps: stamps(paths) }
    }

    /// Files that came, went, or were written since the last look.
    fn look(&mut self) -> Vec<PathBuf> {
        let now = stamps(self.paths);
        let both: BTreeSet<&PathBuf> = now.keys().chain(self.stamps.keys()).collect();
        let changed = both.into_iter().filter(|path| now.get(*path) != self.stamps.get(*path));
        let changed = changed.cloned().collect();
        self.stamps = now;
        changed
    }
}

fn stamps(paths: &[String]) -> BTreeMap<PathBuf, Stamp> {
    // A folder that can't be listed holds nothing; the command itself says why.
    let files = pack::files(paths).unwrap_or_default();
    let stamp = |path: PathBuf| {
        let found = fs::metadata(&path).and_then(|it| Ok((it.len(), it.modified()?)));
        found.ok().map(|found| (path, found))
    };
    files.into_iter().filter_map(stamp).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_comes_goes_or_is_written_is_seen_once() {
        let folder = std::env::temp_dir().join(format!("crossdock-watch-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let paths = [folder.display().to_string()];
        let mut watched = Watched::new(&paths);
        let mut check = |expected: &[&str]| {
            let expected: Vec<PathBuf> = expected.iter().map(|name| folder.join(name)).collect();
            assert_eq!(watched.look(), expected);
            assert_eq!(watched.look(), Vec::<PathBuf>::new());
        };
        check(&[]);
        fs::write(folder.join("a.yaml"), "version: 1\n").expect("written");
        fs::write(folder.join("notes.txt"), "of no concern").expect("written");
        check(&["a.yaml"]);
        fs::write(folder.join("a.yaml"), "version: 1\nrules: []\n").expect("written");
        fs::write(folder.join("b.yaml"), "version: 1\n").expect("written");
        check(&["a.yaml", "b.yaml"]);
        fs::remove_file(folder.join("a.yaml")).expect("removed");
        check(&["a.yaml"]);
        fs::remove_dir_all(&folder).expect("removed");
        check(&["b.yaml"]);
    }
}
