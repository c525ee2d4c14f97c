//! What stands beside rules in a folder of packs, when `crossdock rules check` comes across it.
//!
//! # Method
//!
//! What is declared of arrival estimates is read as the engine reads it, with the calendars of the same folder of packs;
//! feeds have tests and a command of their own, and are passed over with a line that says so.
//!
//! # Does not hold
//!
//! The names of `[eta]` in the configuration: what is checked is what stands in the folder.

use std::path::{Path, PathBuf};

use crossdock_rules::rule::cli::{Looked, Mistake};
use crossdock_rules::rule::pack::{Other, Reader};

use crate::estimates;

/// Looks at a file or folder that holds no rules.
pub(super) fn look(other: &Other) -> Looked {
    match other.reader {
        Reader::Feeds => Looked::PassedOver(String::from(
            "feeds, passed over; `crossdock feeds test` reads those of the configuration",
        )),
        Reader::Estimates => estimates_of(&other.path),
    }
}

/// Checks the declared files of `eta/`, or one of them.
fn estimates_of(path: &Path) -> Looked {
    let (folder, files) = if path.is_dir() {
        match declared_files(path) {
            Ok(files) => (path, files),
            Err(error) => return unread(path, error.to_string()),
        }
    } else {
        (path.parent().unwrap_or_else(|| Path::new("")), vec![path.to_owned()])
    };
    // `rules/packs/eta` -> `rules/packs`, whose calendars they name.
    let packs = folder.parent().filter(|packs| packs.join("calendars").is_dir());
    let mut mistakes = Vec::new();
    for file in &files {
        match estimates::check(file, packs) {
            Err(error) => return unread(file, error),
            Ok(errors) => mistakes.extend(errors.into_iter().map(|error| Mistake {
                file: error.file,
                line: usize::try_from(error.line).unwrap_or(0),
                column: usize::try_from(error.column).unwrap_or(0),
                message: error.message,
            })),
        }
    }
    if mistakes.is_empty() {
        let noun = if files.len() == 1 { "file" } else { "files" };
        return Looked::Sound(format!("arrival estimates, {} {noun} checked", files.len()));
    }
    Looked::Mistakes(mistakes)
}

/// The YAML files of a folder, by name; tables are read by the files that name them.
fn declared_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_yaml = path.extension().is_some_and(|it| it == "yaml" || it == "yml");
        files.extend(is_yaml.then_some(path));
    }
    files.sort();
    Ok(files)
}

fn unread(path: &Path, message: String) -> Looked {
    let file = path.display().to_string();
    Looked::Mistakes(vec![Mistake { file, line: 0, column: 0, message }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn estimates_are_checked_with_the_calendars_beside_them() {
        let packs = std::env::temp_dir().join(format!("crossdock-beside-{}", std::process::id()));
        for folder in ["eta", "calendars"] {
            fs::create_dir_all(packs.join(folder)).expect("a folder");
        }
        let week = "version: 1\ncalendars:\n  mine: { zone: local, week: { mon-fri: open } }\n";
        fs::write(packs.join("calendars/a.yaml"), week).expect("written");
        let eta = Other { path: packs.join("eta"), reader: Reader::Estimates };
        let check = |text: &str| {
            fs::write(packs.join("eta/default.yaml"), text).expect("written");
            look(&eta)
        };
        let good = check("eta: { calendars: [{ calendar: mine }] }\n");
        assert_eq!(good, Looked::Sound(String::from("arrival estimates, 1 file checked")));
        let Looked::Mistakes(list) =
            check("eta:\n  calendars: [{ calendar: mein }]\n  shrink: 2\n")
        else {
            panic!("refused");
        };
        assert!(!list.is_empty());
        assert!(list.iter().all(|mistake| mistake.file.ends_with("default.yaml")), "{list:?}");
        assert!(list.iter().any(|mistake| mistake.line == 3), "{list:?}");
        let feeds = Other { path: packs.join("feeds"), reader: Reader::Feeds };
        assert!(matches!(look(&feeds), Looked::PassedOver(_)));
        fs::remove_dir_all(&packs).expect("removed");
    }
}
