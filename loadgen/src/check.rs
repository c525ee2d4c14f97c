//! Holds what an engine said against what it had to say.
//!
//! # Place
//!
//! The [oracle](crate::oracle) on one side, the lines of an OUT file or the messages of an OUT
//! stream on the other.
//!
//! # Method
//!
//! Two passes. The first keeps a count and a rolling hash per shipment, on both sides: 32 bytes a
//! shipment, however many changes there are. Only where the two differ does a second pass read the
//! changes of the first few of those shipments again, to say what differs.
//!
//! # Holds
//!
//! - Equal means: of every shipment the same changes, with the same versions, in the same order,
//!   each once. What rules said is left out and counted, and versions are compared as if it had not
//!   been said: the oracle folds, it has no rules. Of those only that each came once, in order, is checked.
//!
//! # Does not hold
//!
//! - The order of changes of different shipments is not compared.
//! - Two histories of a shipment with the same 64-bit hash would pass for equal.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use crossdock_model::change::ChangeKind;
use crossdock_model::exception::ExceptionClass;
use crossdock_model::milestone::{Audience, Milestone};
use serde::Deserialize;

use crate::oracle::{Account, Change, Oracle};
use crate::plan::Plan;
use crate::random::mix;
use crate::story::Story;

/// What an engine wrote: one message after the other, as often as asked.
pub trait Output {
    /// Why reading stopped.
    type Error;

    /// Calls `each` with every message, in order, from the first.
    ///
    /// # Errors
    ///
    /// Where the output can't be read to its end.
    fn read(&mut self, each: &mut dyn FnMut(&[u8])) -> Result<(), Self::Error>;
}

/// Lines in memory.
impl Output for &[u8] {
    type Error = std::convert::Infallible;

    fn read(&mut self, each: &mut dyn FnMut(&[u8])) -> Result<(), Self::Error> {
        self.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).for_each(each);
        Ok(())
    }
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strictness {
    /// Pass over estimates and what rules derive (stalls, missing possession ...), and number the
    /// remaining changes anew: the oracle folds, it has no rules.
    pub events_only: bool,
    /// Shipments that are told in full where they differ.
    pub examples_max: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What had to become of the input.
    pub account: Account,
    /// Changes that had to be said.
    pub expected: u64,
    /// Changes that were said, doubled ones too.
    pub found: u64,
    /// Dead letters among the messages.
    pub dead_letters: u64,
    /// Changes passed over: of orders, and, where only events are compared, of estimates and rules.
    pub passed_over: u64,
    /// Messages that rules made, which are left out.
    pub by_rules: u64,
    /// Changes of shipments that are not in the plan.
    pub strangers: u64,
    /// Messages that are neither a change nor a dead letter.
    pub unreadable: u64,
    /// Changes whose version is not above the one before: doubled or out of order.
    pub not_rising: u64,
    /// Shipments whose changes differ.
    pub differing: u64,
    /// What differs in the first of them, a line each.
    pub examples: Vec<String>,
}

impl Verdict {
    /// True where nothing differs.
    #[must_use]
    pub const fn is_equal(&self) -> bool {
        self.differing == 0 && self.strangers == 0 && self.unreadable == 0 && self.not_rising == 0
    }
}

/// A change as it stands in a message; fields that are not compared are passed over.
#[derive(Debug, Deserialize)]
struct Message<'a> {
    kind: Option<&'a str>,
    reason: Option<&'a str>,
    #[serde(default, borrow)]
    tenant: std::borrow::Cow<'a, str>,
    #[serde(default, borrow)]
    carrier: std::borrow::Cow<'a, str>,
    #[serde(default, borrow)]
    tracking_number: std::borrow::Cow<'a, str>,
    #[serde(default)]
    epoch: u32,
    #[serde(default)]
    version: u32,
    #[serde(default)]
    estimate: u32,
    #[serde(default)]
    milestone: &'a str,
    #[serde(default)]
    previous: &'a str,
    #[serde(default)]
    exception: &'a str,
    #[serde(default)]
    episode: u32,
    /// Of what a rule said.
    rule: Option<&'a str>,
    #[serde(default)]
    audience: &'a str,
}

/// What was read.
enum Read {
    Change(u64, Change),
    /// Said by a rule: shipment, version, one bit for the audience.
    ByRule(u64, u32, u8),
    PassedOver,
    DeadLetter,
    Unreadable,
}

/// One side of the comparison, for one shipment.
#[derive(Clone, Copy, Debug, Default)]
struct Side {
    hash: u64,
    count: u32,
    version: u32,
    /// Versions that rules took.
    ruled: u32,
    /// Of the version that a rule took last: who was told. 0 where the last version is no rule's.
    audiences: u8,
}

impl Side {
    fn add(&mut self, change: &Change) {
        self.hash = mix(self.hash ^ digest(change));
        self.count += 1;
    }

    /// A change that no rule made: its version as it is without rules, and whether it rises.
    fn plain(&mut self, version: u32) -> (u32, bool) {
        let rises = self.version < version;
        (self.version, self.audiences) = (version, 0);
        (version.wrapping_sub(self.ruled), rises)
    }

    /// A message of a rule; one alert goes to several audiences with one version. True where it came
    /// once and in order.
    fn ruled(&mut self, version: u32, audience: u8) -> bool {
        if self.version < version {
            self.ruled += 1;
            (self.version, self.audiences) = (version, audience);
            return true;
        }
        let is_new = self.version == version && self.audiences != 0;
        let is_new = is_new && self.audiences & audience == 0;
        self.audiences |= audience;
        is_new
    }
}

/// Everything of a change that is compared, in 64 bits.
fn digest(change: &Change) -> u64 {
    let small = u64::from(change.kind as u8)
        | u64::from(change.milestone as u8) << 8
        | u64::from(change.previous as u8) << 16
        | u64::from(change.exception as u8) << 24
        | u64::from(change.epoch) << 32;
    mix(small ^ mix(u64::from(change.version) << 32 | u64::from(change.episode)))
}

/// Keys are hashes already.
#[derive(Default)]
struct Ready(u64);

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = name_hash([bytes]);
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

type Names = HashMap<u64, u32, BuildHasherDefault<Ready>>;

fn name_hash<const N: usize>(parts: [&[u8]; N]) -> u64 {
    let mut hash = 0;
    for part in parts {
        for bytes in part.chunks(8) {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            hash = mix(hash ^ u64::from_le_bytes(word));
        }
        hash = mix(hash ^ part.len() as u64 ^ 0xA5A5);
    }
    hash
}

fn names(plan: &Plan) -> Names {
    let count = plan.parameters().shipments;
    let mut names = Names::with_capacity_and_hasher(count as usize, BuildHasherDefault::default());
    let mut number = Vec::new();
    for shipment in 0..count {
        let story = plan.story(shipment);
        number.clear();
        plan.put_number(&story, &mut number);
        let tenant = plan.tenant(shipment).as_bytes();
        let key = name_hash([tenant, plan.carrier(&story).as_bytes(), &number]);
        let before = names.insert(key, shipment as u32);
        assert!(before.is_none(), "two shipments of a plan have names of the same hash");
    }
    names
}

/// Compares an output with a plan.
///
/// # Errors
///
/// Where the output can't be read to its end.
pub fn check<O: Output>(
    plan: &Plan,
    strictness: Strictness,
    output: &mut O,
    mut progress: impl FnMut(u64),
) -> Result<Verdict, O::Error> {
    let mut verdict = Verdict::default();
    let expected = expect(plan, &mut verdict, &mut progress);
    let names = names(plan);
    let mut found = vec![Side::default(); expected.len()];
    output.read(&mut |message| {
        let (shipment, mut change) = match read(&names, strictness, message) {
            Read::Change(u64::MAX, _) => return verdict.strangers += 1,
            Read::Change(shipment, change) => (shipment, change),
            Read::ByRule(shipment, version, audience) => {
                verdict.by_rules += 1;
                let Some(side) = found.get_mut(shipment as usize) else { return };
                verdict.not_rising += u64::from(!side.ruled(version, audience));
                return;
            }
            Read::PassedOver => return verdict.passed_over += 1,
            Read::DeadLetter => return verdict.dead_letters += 1,
            Read::Unreadable => return verdict.unreadable += 1,
        };
        verdict.found += 1;
        let side = &mut found[shipment as usize];
        let (version, rises) = side.plain(change.version);
        change.version = version;
        verdict.not_rising += u64::from(!rises);
        if strictness.events_only {
            change.version = side.count + 1;
        }
        side.add(&change);
    })?;
    let differs = |(a, b): (&Side, &Side)| a.hash != b.hash || a.count != b.count;
    let differing: Vec<u64> = (0..)
        .zip(expected.iter().zip(&found))
        .filter_map(|(shipment, sides)| differs(sides).then_some(shipment))
        .collect();
    verdict.differing = differing.len() as u64;
    let told = &differing[..differing.len().min(strictness.examples_max)];
    if !told.is_empty() {
        verdict.examples = examples(plan, strictness, &names, told, output)?;
    }
    Ok(verdict)
}

fn expect(plan: &Plan, verdict: &mut Verdict, progress: &mut impl FnMut(u64)) -> Vec<Side> {
    let mut sides = vec![Side::default(); plan.parameters().shipments as usize];
    let mut oracle = Oracle::new(plan);
    let mut documents = plan.documents();
    while let Some(entry) = documents.next() {
        for change in oracle.apply(&entry, documents.story(entry.truth.shipment)) {
            sides[change.shipment as usize].add(change);
            verdict.expected += 1;
        }
        progress(documents.slot());
    }
    verdict.account = oracle.account();
    sides
}

fn read(names: &Names, strictness: Strictness, bytes: &[u8]) -> Read {
    let Ok(message) = serde_json::from_slice::<Message<'_>>(bytes) else {
        return Read::Unreadable;
    };
    let Some(kind) = message.kind else {
        return if message.reason.is_some() { Read::DeadLetter } else { Read::Unreadable };
    };
    // Orders and estimates count by themselves; the oracle knows neither.
    if kind == ChangeKind::Order.name() || 0 < message.estimate {
        return Read::PassedOver;
    }
    let key = name_hash([
        message.tenant.as_bytes(),
        message.carrier.as_bytes(),
        message.tracking_number.as_bytes(),
    ]);
    let shipment = names.get(&key).map_or(u64::MAX, |&shipment| u64::from(shipment));
    if message.rule.is_some() {
        let audience = Audience::ALL.into_iter().find(|it| it.name() == message.audience);
        return audience.map_or(Read::Unreadable, |audience| {
            Read::ByRule(shipment, message.version, 1 << audience as u8)
        });
    }
    let kind = ChangeKind::ALL.into_iter().find(|candidate| candidate.name() == kind);
    let exception = if message.exception.is_empty() {
        Some(ExceptionClass::None)
    } else {
        ExceptionClass::from_name(message.exception)
    };
    let milestone = Milestone::from_name(message.milestone);
    let (Some(kind), Some(exception), Some(milestone)) = (kind, exception, milestone) else {
        return Read::Unreadable;
    };
    let is_derived = matches!(
        exception,
        ExceptionClass::Stalled | ExceptionClass::NoPossession | ExceptionClass::EtaBreach
    );
    let is_other = matches!(kind, ChangeKind::EtaChanged);
    if strictness.events_only && (is_derived || is_other) {
        return Read::PassedOver;
    }
    let change = Change {
        kind,
        shipment,
        epoch: message.epoch,
        version: message.version,
        milestone,
        previous: Milestone::from_name(message.previous).unwrap_or_default(),
        exception,
        episode: message.episode,
    };
    Read::Change(shipment, change)
}

/// Tells what differs in some shipments.
fn examples<O: Output>(
    plan: &Plan,
    strictness: Strictness,
    names: &Names,
    shipments: &[u64],
    output: &mut O,
) -> Result<Vec<String>, O::Error> {
    let mut sides: BTreeMap<u64, [Vec<Change>; 2]> =
        shipments.iter().map(|&shipment| (shipment, Default::default())).collect();
    let mut oracle = Oracle::new(plan);
    let mut documents = plan.documents();
    while let Some(entry) = documents.next() {
        if let Some([expected, _]) = sides.get_mut(&entry.truth.shipment) {
            let story = documents.story(entry.truth.shipment);
            expected.extend_from_slice(oracle.apply(&entry, story));
        }
    }
    let mut counted: BTreeMap<u64, Side> = BTreeMap::new();
    output.read(&mut |message| match read(names, strictness, message) {
        Read::Change(shipment, mut change) => {
            let Some([_, found]) = sides.get_mut(&shipment) else { return };
            (change.version, _) = counted.entry(shipment).or_default().plain(change.version);
            if strictness.events_only {
                change.version = found.len() as u32 + 1;
            }
            found.push(change);
        }
        Read::ByRule(shipment, version, audience) if sides.contains_key(&shipment) => {
            counted.entry(shipment).or_default().ruled(version, audience);
        }
        _ => {}
    })?;
    let mut lines = Vec::new();
    for (shipment, [expected, found]) in &sides {
        tell(plan, &plan.story(*shipment), expected, found, &mut lines);
    }
    Ok(lines)
}

fn tell(
    plan: &Plan,
    story: &Story,
    expected: &[Change],
    found: &[Change],
    lines: &mut Vec<String>,
) {
    let mut number = Vec::new();
    plan.put_number(story, &mut number);
    lines.push(format!(
        "shipment {} ({} {} {}, feed {}): {} expected, {} found",
        story.shipment,
        plan.tenant(story.shipment),
        plan.carrier(story),
        String::from_utf8_lossy(&number),
        story.feed.name(),
        expected.len(),
        found.len()
    ));
    let mut version = 0;
    for change in found {
        if change.version <= version {
            let again = found.iter().filter(|other| *other == change).count();
            let what = if 1 < again { "doubled" } else { "out of order" };
            lines.push(format!("  {what}: {}", describe(change)));
        }
        version = change.version;
        let wanted = expected.iter().find(|wanted| wanted.version == change.version);
        match wanted {
            Some(wanted) if wanted == change => {}
            Some(wanted) => lines.push(format!(
                "  different: {}\n   expected: {}",
                describe(change),
                describe(wanted)
            )),
            None => lines.push(format!("  too many: {}", describe(change))),
        }
    }
    for wanted in
        expected.iter().filter(|wanted| found.iter().all(|it| it.version != wanted.version))
    {
        lines.push(format!("  missing: {}", describe(wanted)));
    }
}

fn describe(change: &Change) -> String {
    let exception = match change.exception {
        ExceptionClass::None => String::new(),
        class => format!(" {}", class.name()),
    };
    format!(
        "v{} {}{exception} {} -> {} epoch {} episode {}",
        change.version,
        change.kind.name(),
        change.previous.name(),
        change.milestone.name(),
        change.epoch,
        change.episode
    )
}
