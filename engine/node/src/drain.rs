//! Drains the input stream: from messages to committed outputs.
//!
//! # Place
//!
//! `jetstream` (batches, commits) <- **`drain`** -> `pipeline` (turns). One thread gives it turns.
//!
//! # Method
//!
//! A batch of messages becomes a turn. What a turn says is added to the commit that is being
//! gathered; the commit goes out when it is large enough or old enough and none is under way. An
//! output at or below the position that the commit record had at start was published before and is
//! suppressed: that is how a restart replays without saying anything twice.
//!
//! # Holds
//!
//! - Outputs are committed in the order of the log, with the position they bring the group to.
//! - At most one commit is gathered while one is under way; a slow commit stops the pulls.

mod commit;
mod counted;
mod following;
mod panicked;
mod published;
mod sources;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossdock_core::tally::Tally;
use crossdock_rules::rule::ruleset::RuleSet;

use crate::drain::following::Following;
use crate::drain::sources::Sources;
use crate::error::EdgeError;
use crate::jetstream::ctl::{Fingerprint, Position};
use crate::jetstream::edge::{EdgeHandle, Link};
use crate::jetstream::follow::Followed;
use crate::jetstream::output::Output;
use crate::jetstream::reader::{Batch, Message as InputMessage};
use crate::pipeline::Pipeline;
use crate::quarantine::Quarantine;
use crate::rule_switch::{self, Library};
use crate::snapshot::Keeper;
use crate::stream_clock::StreamClock;
use crate::telemetry::{Counter, Gauge, LatencyRecorder, Telemetry};

/// The longest rest: signals, ticks and rules of a bucket are looked at this often.
const REST_MAX: Duration = Duration::from_millis(5);

/// The shortest.
const REST_MIN: Duration = Duration::from_micros(50);

/// While pages of a snapshot wait for their writer.
const REST_SAVING: Duration = Duration::from_micros(100);

/// When a commit goes out.
#[derive(Clone, Copy, Debug)]
pub struct CommitPolicy {
    /// Outputs that make it go out at once.
    pub outputs: usize,
    /// Documents that make it go out at once.
    pub documents: u64,
    /// How long outputs wait for more.
    pub delay: Duration,
    /// How long a position without outputs waits.
    pub idle_delay: Duration,
}

impl Default for CommitPolicy {
    fn default() -> Self {
        Self {
            outputs: 500,
            documents: 50_000,
            delay: Duration::from_millis(10),
            idle_delay: Duration::from_secs(1),
        }
    }
}

/// A turn that was submitted and not committed yet.
#[derive(Clone, Copy, Debug)]
struct Underway {
    position: Position,
    mark: Fingerprint,
    received_at: Instant,
    documents: u64,
    /// Of all state after the turn; 0 before it is collected.
    state_hash: u64,
    /// What that must be, where a standby knows it.
    expected_hash: Option<u64>,
}

/// Drains one stream for one group.
#[derive(Debug)]
pub struct Drain<L = EdgeHandle> {
    edge: L,
    pipeline: Pipeline,
    policy: CommitPolicy,
    telemetry: Arc<Telemetry>,
    group: String,
    /// Who its changes are from: `/crossdock/<group>`.
    source: Arc<str>,
    /// Moves time on while nothing else does.
    ticker: Option<Ticker>,
    /// The revision of the rules in force; 0 where none run.
    rules_rev: u64,
    /// Everything that the stream held at the start has been read.
    is_live: bool,
    /// The rule sets that a message of the log may put into force; without, rules do not run.
    library: Option<Library>,
    /// Said before this process started.
    suppressed: Position,
    turns: VecDeque<Underway>,
    sources: Sources,
    gathered: Vec<Output>,
    gathered_to: Option<Underway>,
    gathered_since: Instant,
    /// Receipts of the turns in the commit that is gathered, and of the one under way.
    receipts: Vec<(Instant, u64)>,
    receipts_underway: Vec<(Instant, u64)>,
    is_committing: bool,
    ticket: u64,
    clock: StreamClock,
    pending: u64,
    committed: Position,
    counted: Tally,
    latency: LatencyRecorder,
    /// After the pipeline: its shards hold the other ends of the writer.
    keeper: Option<Keeper>,
    /// Set while another engine owns the group.
    following: Option<Following>,
    /// Input that a standby held back when it took over.
    left_over: Option<Batch>,
    /// Messages that are left out.
    quarantine: Quarantine,
    /// The message that the commit record is told to leave out.
    leaves_out: Option<u64>,
}

/// Everything is said by somebody else.
const SUPPRESS_ALL: Position = Position::whole(u64::MAX);

impl<L: Link> Drain<L> {
    /// A drain that suppresses what was said up to `suppressed`.
    #[must_use]
    pub fn new(
        edge: L,
        pipeline: Pipeline,
        policy: CommitPolicy,
        telemetry: Arc<Telemetry>,
        group: String,
        suppressed: Position,
    ) -> Self {
        let latency = LatencyRecorder::default();
        Self {
            edge,
            pipeline,
            policy,
            telemetry,
            source: format!("/crossdock/{group}").into(),
            group,
            ticker: None,
            rules_rev: 0,
            is_live: false,
            library: None,
            suppressed,
            turns: VecDeque::new(),
            sources: Sources::default(),
            gathered: Vec::new(),
            gathered_to: None,
            gathered_since: Instant::now(),
            receipts: Vec::new(),
            receipts_underway: Vec::new(),
            is_committing: false,
            ticket: 0,
            clock: StreamClock::default(),
            pending: u64::MAX,
            committed: suppressed,
            counted: Tally::default(),
            latency,
            keeper: None,
            following: None,
            left_over: None,
            quarantine: Quarantine::default(),
            leaves_out: None,
        }
    }

    /// Says nothing and applies only what the owner of the group has committed, until the group is
    /// ours.
    #[must_use]
    pub fn standing_by(mut self) -> Self {
        self.following = Some(Following::new(self.suppressed));
        self.suppressed = SUPPRESS_ALL;
        self
    }

    /// True while another engine owns the group.
    #[must_use]
    pub fn is_following(&self) -> bool {
        self.following.is_some()
    }

    /// Goes on from a snapshot, or keeps them, or both: `clock` is that of what was loaded.
    #[must_use]
    pub fn with_snapshots(mut self, keeper: Option<Keeper>, clock: StreamClock) -> Self {
        if let Some(keeper) = &keeper {
            keeper.committed(self.suppressed);
        }
        self.keeper = keeper;
        self.clock = clock;
        self
    }

    /// Begins a snapshot of the state as it is; for an orderly end, when all is settled.
    pub fn begin_last_snapshot(&mut self) {
        let Some(keeper) = &mut self.keeper else { return };
        let Some(mark) = keeper.last().filter(|_| self.pipeline.has_room()) else { return };
        if keeper.begin(self.clock) {
            self.pipeline.begin_snapshot();
            let intake = self.pipeline.spare_intake();
            self.turns.push_back(Underway {
                position: Position::whole(mark.seq),
                mark,
                received_at: Instant::now(),
                documents: 0,
                state_hash: 0,
                expected_hash: None,
            });
            self.sources.submit(&[], &intake);
            self.pipeline.submit(intake);
        }
    }

    /// True while a snapshot is being written.
    #[must_use]
    pub fn is_saving(&self) -> bool {
        self.keeper.as_ref().is_some_and(Keeper::is_busy)
    }

    /// Sees to it that time goes on while nothing comes, this often.
    #[must_use]
    pub fn with_ticks(mut self, interval: Duration) -> Self {
        self.ticker = (!interval.is_zero()).then(|| Ticker { interval, last: Instant::now() });
        self
    }

    /// Follows switches of rules, beginning with those of the configuration.
    #[must_use]
    pub fn with_rules(mut self, rules: Option<Arc<RuleSet>>) -> Self {
        self.rules_rev = rules.as_ref().map_or(0, |rules| rules.rev());
        self.library = rules.map(|rules| Library::new(Some(rules)));
        self
    }

    /// The rules in force are others than those of the configuration: their revision.
    #[must_use]
    pub fn under_rules(mut self, rules_rev: u64) -> Self {
        self.rules_rev = rules_rev;
        self
    }

    /// The revision of the rules in force, once everything is read that the stream held at the start;
    /// a standby lives by the owner's.
    #[must_use]
    pub fn rules_in_force(&self) -> Option<u64> {
        (self.is_live && self.following.is_none()).then_some(self.rules_rev)
    }

    /// Asks for other rules: a message to ourselves, so that they come into force at one place of the
    /// log. False where it can't be sent now.
    #[must_use]
    pub fn activate(&self, rules: &RuleSet) -> bool {
        self.edge.publish(&format!("rules.{}", self.group), rule_switch::message(rules))
    }

    /// One go: takes what came, hands on what is ready. How much was done.
    ///
    /// # Errors
    ///
    /// The edge has ended, or a thread of the pipeline has.
    pub fn turn(&mut self) -> Result<usize, EdgeError> {
        let mut done = self.take_outcome()?;
        if self.pipeline.has_failed() {
            return self.leave_out();
        }
        done += self.follow()?;
        while let Some(collected) = self.pipeline.collect() {
            self.gather(&collected)?;
            self.pipeline.recycle(collected);
            done += 1;
        }
        done += usize::from(self.pipeline.save_orders());
        done += self.submit_commit();
        // A commit that is gathered beyond four batches of the server stops the pulls.
        if self.pipeline.has_room()
            && self.gathered.len() < 4 * self.policy.outputs
            && let Some((batch, expected_hash)) = self.next_batch()?
        {
            self.submit_turn(&batch, expected_hash);
            done += 1;
        }
        self.tick();
        Ok(done)
    }

    /// Waits until there may be something to do, once a turn had nothing; always the same thread does.
    ///
    /// # Errors
    ///
    /// Those of [`Drain::turn`].
    pub fn rest(&mut self) -> Result<(), EdgeError> {
        let bell = Arc::clone(self.pipeline.bell());
        let nap = bell.lie_down();
        if self.turn()? == 0 {
            nap.sleep(self.rest_max());
        }
        Ok(())
    }

    /// How long a rest may be: what is said by the clock rings no bell, nor does the writer of snapshots.
    fn rest_max(&self) -> Duration {
        if self.pipeline.is_saving_orders() {
            return REST_SAVING;
        }
        let is_waiting = self.gathered_to.is_some() && !self.is_committing;
        let wanted = if self.gathered.is_empty() { REST_MAX } else { self.policy.delay };
        match is_waiting {
            true => wanted.saturating_sub(self.gathered_since.elapsed()).clamp(REST_MIN, REST_MAX),
            false => REST_MAX,
        }
    }

    /// True where everything that the stream held is committed.
    #[must_use]
    pub fn is_caught_up(&self) -> bool {
        self.pending == 0 && self.is_settled()
    }

    /// True where nothing is under way.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.pipeline.is_idle() && self.gathered_to.is_none() && !self.is_committing
    }

    /// The account so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.pipeline.tally()
    }

    /// Shipments known.
    #[must_use]
    pub fn shipments(&self) -> usize {
        self.pipeline.shipments()
    }

    /// The position that is committed.
    #[must_use]
    pub fn committed(&self) -> Position {
        self.committed
    }

    /// What a standby is told: how far it may go, or that the group is ours.
    ///
    /// # Errors
    ///
    /// The commit record fell.
    fn follow(&mut self) -> Result<usize, EdgeError> {
        let mut done = 0;
        // Ends: nothing more was said; an owner is told nothing.
        while let Some(following) = &mut self.following {
            let Some(told) = self.edge.poll_followed() else { break };
            done += 1;
            let record = match &told {
                Followed::Record(record) => Some(&**record),
                Followed::Taken(claim) => claim.found.as_ref(),
            };
            let position = record.map_or_else(Position::default, |it| it.position);
            if let Some(known) = following.fallen_from(position) {
                return Err(EdgeError::RecordFell {
                    group: self.group.clone(),
                    found_seq: position.seq,
                    known_seq: known.seq,
                });
            }
            if let Some(record) = record
                && record.quarantined != self.quarantine
            {
                self.quarantine.clone_from(&record.quarantined);
            }
            match told {
                Followed::Record(record) => following.record(&record),
                Followed::Taken(claim) => {
                    (self.suppressed, self.committed) = (position, position);
                    self.left_over = self.following.take().map(Following::finish);
                    if let Some(keeper) = &mut self.keeper {
                        keeper.set_epoch(claim.epoch);
                    }
                    tracing::info!(epoch = claim.epoch, committed = position.seq, "took over");
                }
            }
            if let Some(keeper) = &self.keeper {
                keeper.committed(position);
            }
        }
        Ok(done)
    }

    /// The next input to apply, and the hash of the state after it where that is known.
    fn next_batch(&mut self) -> Result<Option<(Batch, Option<u64>)>, EdgeError> {
        if let Some(following) = &mut self.following {
            if following.has_room()
                && let Some(batch) = self.edge.poll_batch()?
            {
                following.add(batch);
            }
            return Ok(following.take());
        }
        if let Some(batch) = self.left_over.take().filter(|batch| !batch.messages.is_empty()) {
            return Ok(Some((batch, None)));
        }
        Ok(self.edge.poll_batch()?.map(|batch| (batch, None)))
    }

    fn submit_turn(&mut self, batch: &Batch, expected_hash: Option<u64>) {
        self.pending = batch.pending;
        self.is_live |= batch.pending == 0;
        if batch.messages.is_empty() {
            return;
        }
        let mut intake = self.pipeline.spare_intake();
        for message in &batch.messages {
            let stored_us = message.stream_time_us;
            let mut tokens = message.subject.splitn(3, '.');
            let (kind, tenant) = (tokens.next().unwrap_or(""), tokens.next().unwrap_or(""));
            match kind {
                "tick" => intake.push_tick(message.seq, self.clock.control(stored_us)),
                "rules" => {
                    let is_ours =
                        tenant == self.group && !self.quarantine.holds(message.seq, stored_us);
                    let rules = is_ours
                        .then(|| follow(&mut self.library, &self.telemetry, message))
                        .flatten();
                    if let Some(rules) = &rules {
                        self.rules_rev = rules.rev();
                        if let Some(keeper) = &mut self.keeper {
                            keeper.set_rules(self.rules_rev);
                        }
                    }
                    intake.push_rules(message.seq, self.clock.control(stored_us), rules);
                }
                _ => {
                    let feed = tokens.next().unwrap_or("");
                    let now = self.clock.document(message.received_us, stored_us);
                    intake.push(message.seq, now, tenant, feed, &message.payload);
                    if self.quarantine.holds(message.seq, stored_us) {
                        intake.leave_last_out();
                    }
                }
            }
        }
        self.sources.submit(&batch.messages, &intake);
        let mark = batch.fingerprint();
        self.turns.push_back(Underway {
            position: Position::whole(mark.seq),
            mark,
            received_at: Instant::now(),
            documents: batch.messages.len() as u64,
            state_hash: 0,
            expected_hash,
        });
        let documents = batch.messages.len() as u64;
        if let Some(keeper) = &mut self.keeper
            && keeper.turn(mark, documents, self.clock)
        {
            self.pipeline.begin_snapshot();
        }
        let gauges = &self.telemetry.gauges;
        gauges.set(Gauge::StreamTimeSeconds, self.clock.seconds());
        self.pipeline.submit(intake);
    }

    /// Moves time on where everything is read and nothing has moved it for the interval.
    fn tick(&mut self) {
        // Who stands by lives by the owner's time.
        let Some(ticker) = self.ticker.as_mut().filter(|_| self.following.is_none()) else {
            return;
        };
        // Without a first message there is no time, and nothing that could wait for it.
        let is_idle = self.pending == 0 && self.clock.has_begun();
        if !is_idle || ticker.last.elapsed() < ticker.interval {
            return;
        }
        ticker.last = Instant::now();
        let behind_us = self.clock.behind_us(jiff::Timestamp::now().as_microsecond());
        if ticker.interval.as_micros() <= u128::from(behind_us) {
            // Where it is not sent, the next one is.
            let _is_sent = self.edge.publish(&format!("tick.{}", self.group), Vec::new());
        }
    }
}

/// The rules that a message puts into force; none, and those in force stay, where it can't be followed.
fn follow(
    library: &mut Option<Library>,
    telemetry: &Telemetry,
    message: &InputMessage,
) -> Option<Arc<RuleSet>> {
    match library.as_mut()?.follow(&message.payload) {
        Ok(rules) => {
            telemetry.counters.add(Counter::RuleSwitches, 1);
            tracing::info!(
                seq = message.seq,
                rules = rules.rules().len(),
                revision = format!("{:016x}", rules.rev()),
                "other rules are in force"
            );
            Some(rules)
        }
        Err(error) => {
            telemetry.counters.add(Counter::RuleSwitchesRefused, 1);
            tracing::error!(seq = message.seq, error, "the rules in force stay");
            None
        }
    }
}

/// When time was moved on.
#[derive(Debug)]
struct Ticker {
    interval: Duration,
    last: Instant,
}
