//! Documents from files, folders and stdin, in turns.
//!
//! # Method
//!
//! A capture file is read line by line and names tenant, feed and receipt itself. Anything else
//! is one document, or one a line where its name ends in `.ndjson` or `.jsonl`; its feed is the one
//! that was named, or the one whose `detect` paths are all there.
//!
//! # Holds
//!
//! - Documents are numbered from 1 in the order of the files; folders are read in the order of names.
//! - Stream time never falls: a document received before the one before it counts as received with it.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crossdock_core::guess::Guesser;
use crossdock_core::intake::{Intake, TICK};
use crossdock_model::limits::{BATCH_DOCUMENTS_MAX, BATCH_SIZE_TARGET};
use crossdock_model::time::Micros;

use super::{Failure, InputArgs, capture};

/// The name under which the bundled day is read.
pub const BUNDLED: &str = "(bundled day)";

/// Reads documents and hands them on in turns.
#[derive(Debug)]
pub struct Documents<'a> {
    args: &'a InputArgs,
    guesser: Guesser,
    intake: Intake,
    seq: u64,
    clock: i64,
    default_received: i64,
    ticks_until: Option<i64>,
    stop: Option<i64>,
}

impl<'a> Documents<'a> {
    /// A reader of what the arguments name.
    ///
    /// # Errors
    ///
    /// `--received` is no time.
    pub fn new(args: &'a InputArgs, guesser: Guesser) -> Result<Self, Failure> {
        let default_received = match &args.received {
            Some(text) => capture::parse_time(text).map_err(Failure::Usage)?,
            None => jiff::Timestamp::now().as_microsecond(),
        };
        let intake = Intake::default();
        Ok(Self {
            args,
            guesser,
            intake,
            seq: 0,
            clock: i64::MIN,
            default_received,
            ticks_until: None,
            stop: None,
        })
    }

    /// Lets time pass up to a moment behind the last document.
    #[must_use]
    pub fn with_ticks_until(mut self, until: Option<i64>) -> Self {
        self.ticks_until = until;
        self
    }

    /// Passes over what came after a moment.
    #[must_use]
    pub fn with_stop(mut self, stop: Option<i64>) -> Self {
        self.stop = stop;
        self
    }

    /// Visits every document in turns of bounded size.
    ///
    /// # Errors
    ///
    /// A file can't be read, or a document's feed can't be told.
    pub fn turns(
        &mut self,
        mut visit: impl FnMut(&Intake) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let files = files_of(&self.args.files)?;
        for file in &files {
            let bytes = read(file)?;
            self.file(file, &bytes, &mut visit)?;
        }
        if let Some(until) = self.ticks_until {
            self.tick(until);
        }
        self.flush(&mut visit)
    }

    fn file(
        &mut self,
        file: &Path,
        bytes: &[u8],
        visit: &mut impl FnMut(&Intake) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let first = bytes.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty());
        let is_capture = first.is_some_and(capture::is_capture);
        let is_lines =
            file.extension().is_some_and(|ending| ending == "ndjson" || ending == "jsonl");
        if is_capture {
            for line in lines(bytes) {
                self.captured(line)?;
                self.flush_if_full(visit)?;
            }
        } else if is_lines {
            for line in lines(bytes) {
                self.plain(file, line)?;
                self.flush_if_full(visit)?;
            }
        } else {
            self.plain(file, bytes)?;
            self.flush_if_full(visit)?;
        }
        Ok(())
    }

    fn captured(&mut self, line: &[u8]) -> Result<(), Failure> {
        match capture::read(line) {
            Ok(captured) if captured.feed == TICK && captured.tenant.is_none() => {
                self.tick(captured.received.unwrap_or(self.clock));
            }
            Ok(captured) => {
                let tenant = captured.tenant.as_deref().unwrap_or(&self.args.tenant).to_owned();
                let received = captured.received.unwrap_or(self.default_received);
                self.push(&tenant, &captured.feed, received, &captured.document);
            }
            Err(_) => {
                // A broken line goes to no feed, and so into the account as a dead letter.
                let tenant = self.args.tenant.clone();
                let received = self.clock.max(self.default_received);
                self.push(&tenant, crossdock_core::lane::BAD_CAPTURE, received, line);
            }
        }
        Ok(())
    }

    fn plain(&mut self, file: &Path, document: &[u8]) -> Result<(), Failure> {
        let asked = self.args.number.as_ref().map(|number| enveloped(number, document));
        let document = asked.as_deref().unwrap_or(document);
        let feed = match &self.args.feed {
            Some(feed) => feed.clone(),
            None => self.guesser.feed_of(document).ok_or_else(|| {
                Failure::Usage(format!(
                    "no feed is known to read \"{}\"\n  = help: Name one with `--feed NAME`; \
                     `crossdock feeds` lists them.",
                    file.display()
                ))
            })?,
        };
        let (tenant, received) = (self.args.tenant.clone(), self.default_received);
        self.push(&tenant, &feed, received, document);
        Ok(())
    }

    fn push(&mut self, tenant: &str, feed: &str, received: i64, document: &[u8]) {
        if self.stop.is_some_and(|stop| stop < received) {
            return;
        }
        self.seq += 1;
        self.clock = self.clock.max(received);
        self.intake.push(self.seq, Micros(self.clock), tenant, feed, document);
    }

    /// Time has passed.
    fn tick(&mut self, received: i64) {
        if self.stop.is_some_and(|stop| stop < received) {
            return;
        }
        self.seq += 1;
        self.clock = self.clock.max(received);
        // Before the first document there is no time yet.
        if self.clock != i64::MIN {
            self.intake.push_tick(self.seq, Micros(self.clock));
        }
    }

    fn flush_if_full(
        &mut self,
        visit: &mut impl FnMut(&Intake) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let is_full = BATCH_DOCUMENTS_MAX <= self.intake.documents().len()
            || BATCH_SIZE_TARGET <= self.intake.size();
        if is_full { self.flush(visit) } else { Ok(()) }
    }

    fn flush(
        &mut self,
        visit: &mut impl FnMut(&Intake) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if !self.intake.is_empty() {
            visit(&self.intake)?;
            self.intake.clear();
        }
        Ok(())
    }
}

/// An answer beside the number that was asked for; see `docs/FEEDS.md`.
fn enveloped(number: &str, document: &[u8]) -> Vec<u8> {
    let number = serde_json::Value::from(number).to_string();
    let parts: [&[u8]; 5] =
        [b"{\"tracking_number\":", number.as_bytes(), b",\"answer\":", document, b"}"];
    parts.concat()
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty())
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    if file == Path::new(BUNDLED) {
        return Ok(super::demo::DAY.to_vec());
    }
    let result = if file == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(file)
    };
    result.map_err(|error| Failure::Input(format!("\"{}\" can't be read: {error}", file.display())))
}

/// The files that were named, folders opened, by name.
fn files_of(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in named {
        if path.is_dir() {
            let mut found = Vec::new();
            folder(path, &mut found)?;
            found.sort();
            files.extend(found);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn folder(path: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let explain = |error: io::Error| {
        Failure::Input(format!("folder \"{}\" can't be read: {error}", path.display()))
    };
    for entry in fs::read_dir(path).map_err(explain)? {
        let path = entry.map_err(explain)?.path();
        if path.is_dir() {
            folder(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}
