//! The auditor: whether what stands in the streams was said once, whole, and in order.
//!
//! # Place
//! Reads IN, OUT and the commit records, nothing else, and knows nothing of shipments' rules: it can
//! be run against a production stream at any time, also while an engine works.
//! # Method
//! Interval arithmetic. A commit is an atomic batch `[outputs, ctl]`; batches of a group cover
//! intervals of the input that follow one another. So in the order of OUT
//!
//! - the outputs of one batch stand side by side, numbered from 1,
//! - input positions never fall, and rise from batch to batch; within a batch that is packed they never fall
//!   for a tenant,
//! - batches of one owner stand together and their numbers rise: an owner that was fenced is gone,
//! - the versions of a shipment rise by one, and so do the numbers of its estimates in one use,
//! - what OUT no longer holds is one record per commit and per claim, which the newest records count.
//!
//! # Holds
//! - Any output that is dropped, doubled, swapped with another, or written by a second owner leaves at
//!   least one of these broken, as long as OUT still holds its first message; without that a
//!   dropped output is seen by its shipment's next version only.
//! # Does not hold
//! Whether the changes are the right ones: that is `loadgen check`.

use crate::jetstream::ctl::CtlRecord;
use crossdock_model::id::Position as Place;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

/// Findings of each kind that are told in full.
const EXAMPLES_MAX: usize = 5;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An output is not part of a commit.
    Stray,
    /// A batch does not hold what it should hold side by side.
    TornBatch,
    /// An output lies before one that was committed earlier.
    PositionFell,
    /// Two batches hold outputs of the same event.
    Overlap,
    /// An owner wrote after another one had taken the group.
    OwnerReturned,
    /// The numbers of an owner's batches do not rise.
    BatchFell,
    /// A shipment's version came twice, or after a higher one.
    VersionDoubled,
    /// A version of a shipment is missing.
    VersionGap,
    /// A body can't be read.
    Unreadable,
    /// OUT lacks messages that no commit record accounts for.
    MissingOutputs,
    /// A commit record does not fit what OUT holds.
    BadRecord,
    /// The input lacks a message or is not the one that was read.
    BadInput,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Stray,
        Self::TornBatch,
        Self::PositionFell,
        Self::Overlap,
        Self::OwnerReturned,
        Self::BatchFell,
        Self::VersionDoubled,
        Self::VersionGap,
        Self::Unreadable,
        Self::MissingOutputs,
        Self::BadRecord,
        Self::BadInput,
    ];

    /// Its name in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stray => "stray",
            Self::TornBatch => "torn_batch",
            Self::PositionFell => "position_fell",
            Self::Overlap => "overlap",
            Self::OwnerReturned => "owner_returned",
            Self::BatchFell => "batch_fell",
            Self::VersionDoubled => "version_doubled",
            Self::VersionGap => "version_gap",
            Self::Unreadable => "unreadable",
            Self::MissingOutputs => "missing_outputs",
            Self::BadRecord => "bad_record",
            Self::BadInput => "bad_input",
        }
    }

    /// What it means, for people.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Stray => "an output that is not part of a commit",
            Self::TornBatch => "a commit whose outputs do not stand side by side",
            Self::PositionFell => "an output of earlier input than one before it",
            Self::Overlap => "two commits with outputs of the same event",
            Self::OwnerReturned => "an owner that wrote after another one took over",
            Self::BatchFell => "an owner's commits out of order",
            Self::VersionDoubled => "a version of a shipment that came twice or late",
            Self::VersionGap => "a version of a shipment that is missing",
            Self::Unreadable => "an output that can't be read",
            Self::MissingOutputs => "messages of OUT that are gone and were no commit records",
            Self::BadRecord => "a commit record that does not fit OUT",
            Self::BadInput => "an input that is not whole, or not the one that was read",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind.
    pub kind: Kind,
    /// Where in OUT; 0 for none.
    pub out_seq: u64,
    /// What was found, and what should have been.
    pub detail: String,
}

/// One message of OUT, without the commit records.
#[derive(Clone, Copy, Debug)]
pub struct OutMessage<'a> {
    /// Its stream sequence.
    pub seq: u64,
    /// The group, from its `ce-source` header; "" for dead letters.
    pub batch_id: &'a str,
    /// Its number in the batch, from 1; 0 where it names none.
    pub batch_seq: u64,
    /// It holds several changes of one tenant, one a line.
    pub is_packed: bool,
    /// Its body.
    pub body: &'a [u8],
}

/// What a stream says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamState {
    /// Its first message.
    pub first_seq: u64,
    /// Its last message.
    pub last_seq: u64,
    /// Messages in it.
    pub messages: u64,
}

#[derive(Debug, Deserialize)]
struct Body<'a> {
    #[serde(default, borrow)]
    tenant: std::borrow::Cow<'a, str>,
    #[serde(default, borrow)]
    carrier: std::borrow::Cow<'a, str>,
    #[serde(default, borrow)]
    tracking_number: std::borrow::Cow<'a, str>,
    #[serde(default, borrow)]
    order: std::borrow::Cow<'a, str>,
    #[serde(default, borrow)]
    feed: std::borrow::Cow<'a, str>,
    kind: Option<&'a str>,
    #[serde(default)]
    id: &'a str,
    #[serde(default)]
    audience: &'a str,
    #[serde(default)]
    version: u32,
    /// Of an estimate, which has no version: its number.
    #[serde(default)]
    estimate: u32,
    position: BodyPosition,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct BodyPosition {
    seq: u64,
    /// Absent where a timer speaks: before what the events of its message say.
    #[serde(default)]
    index: Option<u32>,
}

impl fmt::Display for BodyPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            Some(index) => write!(f, "{}/{index}", self.seq),
            None => write!(f, "{}, a timer", self.seq),
        }
    }
}

/// The characters of a batch id that name the owner; the rest is the number of the attempt.
pub const OWNER_LEN: usize = 10;

#[derive(Debug, Default)]
struct Last {
    batch_id: String,
    batch_seq: u64,
    out_seq: u64,
    /// The highest so far, and that of the batches before this one.
    position: Option<BodyPosition>,
    before_batch: Option<BodyPosition>,
    /// The last one in this batch of each tenant that is packed; of all that goes alone under "".
    in_batch: HashMap<String, BodyPosition>,
    attempt: u64,
    /// The change that was said last: whose, its id, and the audiences that were told.
    said: u128,
    id: String,
    audiences: Vec<String>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Outputs read.
    pub outputs: u64,
    /// Dead letters among them.
    pub letters: u64,
    /// Commits that had outputs.
    pub batches: u64,
    /// Owners that committed outputs.
    pub owners: u64,
    /// Shipments with changes.
    pub shipments: u64,
    /// How often each kind was found.
    pub counts: BTreeMap<Kind, u64>,
    /// The first few of each kind.
    pub examples: Vec<Finding>,
    /// What could not be checked, and why.
    pub notes: Vec<String>,
}

impl Report {
    /// True where nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.counts.is_empty()
    }
}

/// Audits one OUT stream that one group writes to.
#[derive(Debug, Default)]
pub struct Auditor {
    last: Last,
    gone: HashSet<String>,
    versions: HashMap<u128, u32>,
    starts_at_one: bool,
    report: Report,
}

impl Auditor {
    /// Begins. `starts_at_one`: OUT still holds its first message.
    #[must_use]
    pub fn new(starts_at_one: bool) -> Self {
        Self { starts_at_one, ..Self::default() }
    }

    /// Takes the next message of OUT, in the order of the stream.
    pub fn output(&mut self, message: OutMessage<'_>) {
        if self.batch(message) {
            self.last.before_batch = self.last.position;
            self.last.in_batch.clear();
        }
        for line in message.body.split(|byte| *byte == b'\n') {
            self.change(message, line);
        }
    }

    /// One change or dead letter.
    fn change(&mut self, message: OutMessage<'_>, line: &[u8]) {
        self.report.outputs += 1;
        let body = match serde_json::from_slice::<Body<'_>>(line) {
            Ok(body) => body,
            Err(error) => return self.find(Kind::Unreadable, message.seq, error.to_string()),
        };
        let of = if message.is_packed { &*body.tenant } else { "" };
        self.position(message.seq, body.position, of);
        if body.kind.is_none() {
            self.report.letters += 1;
        } else {
            self.version(message.seq, &body);
        }
    }

    /// Whether it stands where its batch says; true where it begins a batch.
    fn batch(&mut self, message: OutMessage<'_>) -> bool {
        let OutMessage { seq, batch_id, batch_seq, .. } = message;
        let parsed = batch_id.split_at_checked(OWNER_LEN);
        let parsed = parsed
            .and_then(|(owner, attempt)| Some((owner, u64::from_str_radix(attempt, 16).ok()?)));
        let Some((owner, attempt)) = parsed.filter(|_| 0 < batch_seq) else {
            self.find(Kind::Stray, seq, format!("its batch is \"{batch_id}\", number {batch_seq}"));
            return false;
        };
        if batch_id == self.last.batch_id {
            let (wanted, wanted_seq) = (self.last.batch_seq + 1, self.last.out_seq + 1);
            if (batch_seq, seq) != (wanted, wanted_seq) {
                let detail = format!("number {batch_seq} follows number {}", wanted - 1);
                self.find(Kind::TornBatch, seq, detail);
            }
            (self.last.batch_seq, self.last.out_seq) = (batch_seq, seq);
            return false;
        }
        if batch_seq != 1 && (self.starts_at_one || 0 < self.report.batches) {
            self.find(Kind::TornBatch, seq, format!("a batch begins with number {batch_seq}"));
        }
        let last_owner = self.last.batch_id.get(..OWNER_LEN).unwrap_or_default().to_owned();
        if owner == last_owner {
            if attempt <= self.last.attempt {
                let detail = format!("attempt {attempt} follows {}", self.last.attempt);
                self.find(Kind::BatchFell, seq, detail);
            }
        } else {
            self.report.owners += 1;
            self.gone.insert(last_owner);
            if self.gone.contains(owner) {
                let detail = format!("\"{owner}\" wrote again");
                self.find(Kind::OwnerReturned, seq, detail);
            }
        }
        self.report.batches += 1;
        self.last.batch_id = batch_id.to_owned();
        (self.last.batch_seq, self.last.out_seq, self.last.attempt) = (batch_seq, seq, attempt);
        true
    }

    fn position(&mut self, seq: u64, position: BodyPosition, of: &str) {
        let known = self.last.in_batch.get(of).copied();
        if let Some(last) = known.or(self.last.before_batch) {
            if position < last {
                self.find(Kind::PositionFell, seq, format!("input {position} follows {last}"));
            } else if position == last && known.is_none() && position.index.is_some() {
                // Of the timers at one message some may be said by one commit and some by the next.
                self.find(Kind::Overlap, seq, format!("both hold input {position}"));
            }
        }
        let highest = known.map_or(position, |last| last.max(position));
        self.last.in_batch.insert(of.to_owned(), highest);
        self.last.position = Some(self.last.position.map_or(position, |last| last.max(position)));
    }

    fn estimate(&mut self, seq: u64, body: &Body<'_>) {
        let Body { tenant, carrier, tracking_number: number, estimate, .. } = body;
        let name = format!("{tenant}\u{1f}{carrier}\u{1f}{number}\u{1f}estimate");
        let key = xxhash_rust::xxh3::xxh3_128(name.as_bytes());
        let known = self.versions.insert(key, *estimate);
        let wanted = match known {
            Some(known) => known + 1,
            None if self.starts_at_one => 1,
            None => *estimate,
        };
        if *estimate == wanted || *estimate == 1 {
            return;
        }
        let what = name.replace('\u{1f}', " ");
        let detail = format!("{what}: number {estimate} where {wanted} was due");
        let kind = if wanted < *estimate { Kind::VersionGap } else { Kind::VersionDoubled };
        self.find(kind, seq, detail);
    }

    /// What a rule says goes to each of its audiences, one after the other, with one id and one version.
    fn is_told_on(&mut self, key: u128, body: &Body<'_>) -> bool {
        let last = &mut self.last;
        let is_same = last.said == key
            && !body.id.is_empty()
            && last.id == body.id
            && self.versions.get(&key) == Some(&body.version);
        if !is_same {
            last.said = key;
            body.id.clone_into(&mut last.id);
            last.audiences.clear();
        }
        let is_new = !last.audiences.iter().any(|told| told == body.audience);
        last.audiences.push(body.audience.to_owned());
        is_same && is_new
    }

    fn version(&mut self, seq: u64, body: &Body<'_>) {
        // An order counts its own versions, whatever shipment of it was the cause.
        let name = match body.kind {
            Some("order") => format!("{}\u{1f}order\u{1f}{}", body.tenant, body.order),
            // A use of the number that begins counts from one again.
            Some("eta_changed") if 0 < body.estimate => return self.estimate(seq, body),
            // A rule about a feed counts versions of its own.
            _ if body.tracking_number.is_empty() => {
                format!("{}\u{1f}feed\u{1f}{}", body.tenant, body.feed)
            }
            _ => format!("{}\u{1f}{}\u{1f}{}", body.tenant, body.carrier, body.tracking_number),
        };
        let key = xxhash_rust::xxh3::xxh3_128(name.as_bytes());
        if self.is_told_on(key, body) {
            return;
        }
        let known = self.versions.insert(key, body.version);
        self.report.shipments += u64::from(known.is_none());
        let wanted = match known {
            Some(known) => known + 1,
            None if self.starts_at_one => 1,
            None => body.version,
        };
        if body.version == wanted {
            return;
        }
        let what = name.replace('\u{1f}', " ");
        let detail = format!("{what}: version {} where {wanted} was due", body.version);
        let is_gap = wanted < body.version;
        if let (false, Some(known)) = (is_gap, known) {
            self.versions.insert(key, known.max(body.version));
        }
        self.find(if is_gap { Kind::VersionGap } else { Kind::VersionDoubled }, seq, detail);
    }

    /// Compares with the commit records and the states of the streams, taken after the last output
    /// was read; `input_missing` are messages that IN lacks between its first and last.
    #[must_use]
    pub fn finish(
        mut self,
        records: &[(u64, CtlRecord)],
        out: StreamState,
        input: StreamState,
    ) -> Report {
        let claims_and_commits: u64 =
            records.iter().map(|(_, record)| record.batch + u64::from(record.epoch)).sum();
        if self.starts_at_one {
            let written = out.last_seq;
            let rolled_up = claims_and_commits.saturating_sub(records.len() as u64);
            let missing = written - out.messages;
            if missing != rolled_up {
                let detail = format!(
                    "OUT lacks {missing} of {written} messages; commits and claims account for \
                     {rolled_up}"
                );
                self.find(Kind::MissingOutputs, 0, detail);
            }
        } else {
            let note = format!(
                "OUT begins at {}: versions are checked from there on, and messages that are gone \
                 can't be accounted for",
                out.first_seq
            );
            self.report.notes.push(note);
        }
        if let [(seq, record)] = records {
            self.record(*seq, record);
        } else if 1 < records.len() {
            let note =
                format!("OUT has {} groups: positions of records not checked", records.len());
            self.report.notes.push(note);
        } else if 0 < self.report.outputs {
            self.find(Kind::BadRecord, 0, String::from("OUT has outputs and no commit record"));
        }
        self.input(records, input);
        self.report
    }

    fn record(&mut self, seq: u64, record: &CtlRecord) {
        if let Some(last) = self.last.position
            && !record.position.covers(last.seq, last.index.unwrap_or(Place::TIMERS))
        {
            let (at, index) = (record.position.seq, record.position.index);
            let detail = format!("it stands at {at}/{index}, but input {last} has an output");
            self.find(Kind::BadRecord, seq, detail);
        }
        if !record.position.reaches(record.previous) {
            let detail = String::from("its position lies before its previous one");
            self.find(Kind::BadRecord, seq, detail);
        }
        let owners = self.report.owners;
        if u64::from(record.epoch) < owners {
            let detail = format!("epoch {} after {owners} owners", record.epoch);
            self.find(Kind::BadRecord, seq, detail);
        }
        if record.batch < self.report.batches {
            let detail =
                format!("{} commits, but {} had outputs", record.batch, self.report.batches);
            self.find(Kind::BadRecord, seq, detail);
        }
    }

    fn input(&mut self, records: &[(u64, CtlRecord)], input: StreamState) {
        let held = (input.last_seq + 1).saturating_sub(input.first_seq.max(1));
        if input.messages < held {
            let detail = format!("IN lacks {} messages in its middle", held - input.messages);
            self.find(Kind::BadInput, 0, detail);
        }
        for (seq, record) in records {
            if input.last_seq < record.position.seq {
                let detail = format!(
                    "IN ends at {}, but {} is committed",
                    input.last_seq, record.position.seq
                );
                self.find(Kind::BadInput, *seq, detail);
            }
        }
    }

    /// Notes something that the caller has seen.
    pub fn find(&mut self, kind: Kind, out_seq: u64, detail: String) {
        let count = self.report.counts.entry(kind).or_default();
        *count += 1;
        if *count <= EXAMPLES_MAX as u64 {
            self.report.examples.push(Finding { kind, out_seq, detail });
        }
    }
}

#[cfg(test)]
mod tests;
