//! A real server and real engines under faults, and what they leave held against auditor and oracle.
//!
//! # Place
//! The program `chaos`, and a short form of it in the tests.
//! # Method
//! A publisher sends the documents of a plan one after the other, each until it is acknowledged, with
//! an id so that the server stores it once; it keeps close ahead of the engines. Meanwhile faults strike in a
//! seeded order, each when so many more messages are committed: engines are killed, stopped and woken as zombies,
//! started twice; the server is killed and started again, of a cluster one after the other; leaders step
//! down; connections are cut, acknowledgements of commits are lost on their way back. In the end faults cease, one engine drains what is left, and
//! auditor and oracle look at OUT.
//! # Holds
//! One server or a cluster, one group, at least one engine at almost any time.
//! # Does not hold
//! The same run twice: faults are seeded, machines are not. That is what `sim` is for.

mod progress;
mod publisher;
mod servers;

use self::progress::{Progress, State, runtime};
use self::servers::Servers;
use crate::streams::{self, WAIT, changes};
use crossdock_loadgen::check::{self, Strictness, Verdict};
use crossdock_loadgen::parameters::Workload;
use crossdock_loadgen::plan::Plan;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// What a run is made with.
#[derive(Clone, Debug)]
pub struct Options {
    /// How to start an engine: a program and arguments before `run ...`.
    pub engine: (PathBuf, Vec<String>),
    /// Where logs and snapshots go.
    pub folder: PathBuf,
    /// How long faults strike, with the documents spread over that time; without, until there are no
    /// more documents.
    pub time: Option<Duration>,
    /// Shipments of the plan.
    pub shipments: u64,
    /// The order of faults.
    pub seed: u64,
    /// Three servers that are one cluster, with three copies of each stream, instead of one.
    pub is_cluster: bool,
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    EngineKill,
    ServerKill,
    Zombie,
    DoubleStart,
    Cut,
    AckLost,
    StepDown,
}

impl Fault {
    /// How often each comes, by repetition.
    const ALL: [Self; 10] = [
        Self::EngineKill,
        Self::EngineKill,
        Self::EngineKill,
        Self::ServerKill,
        Self::Zombie,
        Self::DoubleStart,
        Self::Cut,
        Self::Cut,
        Self::AckLost,
        Self::AckLost,
    ];

    /// Of a cluster, rather its servers.
    const CLUSTER: [Self; 10] = [
        Self::EngineKill,
        Self::ServerKill,
        Self::ServerKill,
        Self::ServerKill,
        Self::StepDown,
        Self::StepDown,
        Self::Zombie,
        Self::DoubleStart,
        Self::Cut,
        Self::AckLost,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::EngineKill => "engines killed",
            Self::ServerKill => "servers killed",
            Self::Zombie => "zombies woken",
            Self::DoubleStart => "double starts",
            Self::Cut => "connections cut",
            Self::AckLost => "acknowledgements armed to be lost",
            Self::StepDown => "leaders asked to step down",
        }
    }
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    faults: BTreeMap<Fault, u64>,
    /// Acknowledgements that were lost, of those that were armed.
    acks_lost: u64,
    /// Engines that ended because another one had taken over.
    fenced: u64,
    /// Engines that ended by themselves otherwise, by exit code.
    ended: BTreeMap<i32, u64>,
    /// Leaders that did step down.
    stepped_down: u64,
    /// Starts from a snapshot.
    snapshot_starts: u64,
    documents: u64,
    /// What the auditor printed, and whether it found nothing.
    audit: (String, bool),
    verdict: Verdict,
    seconds: f64,
}

impl Outcome {
    /// Faults of all kinds.
    #[must_use]
    pub fn fault_count(&self) -> u64 {
        self.faults.values().sum()
    }

    /// True where nothing was lost, doubled or out of order.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.audit.1 && self.verdict.is_equal()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (fault, count) in &self.faults {
            writeln!(f, "{count:8} {}", fault.name())?;
        }
        writeln!(f, "{:8} faults in {:.0} s", self.fault_count(), self.seconds)?;
        writeln!(f, "{:8} acknowledgements lost", self.acks_lost)?;
        writeln!(f, "{:8} engines fenced", self.fenced)?;
        for (code, count) in &self.ended {
            writeln!(f, "{count:8} engines ended with exit code {code}")?;
        }
        if 0 < self.stepped_down {
            writeln!(f, "{:8} leaders stepped down", self.stepped_down)?;
        }
        writeln!(f, "{:8} starts from a snapshot", self.snapshot_starts)?;
        writeln!(f, "{:8} documents", self.documents)?;
        let verdict = &self.verdict;
        writeln!(f, "{:8} changes expected", verdict.expected)?;
        writeln!(f, "{:8} changes found", verdict.found)?;
        writeln!(f, "{:8} shipments that differ", verdict.differing)?;
        writeln!(f, "{:8} changes doubled or out of order", verdict.not_rising)?;
        for line in &verdict.examples {
            writeln!(f, "         {line}")?;
        }
        write!(f, "auditor: {}", self.audit.0)
    }
}

/// Everything that is running.
struct Bench {
    options: Options,
    servers: Servers,
    engine: Option<Child>,
    engines: u64,
    fenced: u64,
    ended: BTreeMap<i32, u64>,
    stepped_down: u64,
    state: u64,
    progress: Arc<Progress>,
    /// What waits here for others runs on it.
    runtime: Runtime,
}

/// Documents between two faults, at least and at most.
const APART: (u64, u64) = (20, 180);

/// How long an engine that was fenced may live on where it finds nothing to say.
const FENCED_PATIENCE: Duration = Duration::from_secs(10);

/// The exit code of an engine whose group is another's.
const FENCED: i32 = 78;

/// Who waits for what an engine causes looks after so long whether there is an engine.
const ENGINE_LOOK: Duration = Duration::from_millis(50);

/// Runs. `None` where the environment says to leave servers out.
///
/// # Panics
/// Where no server can be had, or what is sound does not come to an end in time.
#[must_use]
pub fn run(options: Options) -> Option<Outcome> {
    let start = Instant::now();
    drop(fs::remove_dir_all(&options.folder));
    fs::create_dir_all(&options.folder).expect("a folder for logs and snapshots");
    let servers = Servers::start(options.is_cluster)?;
    let plan = Plan::new(Workload::Nested.parameters(options.shipments)).expect("a plan");
    let mut bench = Bench {
        state: options.seed,
        options,
        servers,
        engine: None,
        engines: 0,
        fenced: 0,
        ended: BTreeMap::new(),
        stepped_down: 0,
        progress: Arc::default(),
        runtime: runtime(),
    };
    bench.init();
    let url = bench.servers.url();
    let progress = Arc::clone(&bench.progress);
    let faults = thread::scope(|scope| {
        let (url, plan, progress) = (&url, &plan, &*progress);
        let pace = bench.options.time;
        scope.spawn(move || publisher::publish(url, plan, pace, progress));
        scope.spawn(move || progress::watch(url, progress));
        // Also where it panics: the others wait for it.
        let _end = End(progress);
        if pace.is_some() {
            progress.allow(u64::MAX / 2);
        }
        bench.strike()
    });
    bench.end_engine();
    let drain = bench.command(&["run", "--until-caught-up"]).stderr(Stdio::piped()).spawn();
    streams::finish(drain.expect("an engine can be started"));
    let audit = bench.command(&["audit"]).stdout(Stdio::piped()).output().expect("an audit");
    let said = String::from_utf8_lossy(&audit.stdout).into_owned();
    let lines = bench.runtime.block_on(changes(&bench.servers.first_url()));
    let strictness = Strictness { events_only: false, examples_max: 3 };
    let verdict = match check::check(&plan, strictness, &mut lines.as_slice(), |_| {}) {
        Ok(verdict) => verdict,
        Err(never) => match never {},
    };
    Some(Outcome {
        faults,
        acks_lost: bench.servers.lost(),
        fenced: bench.fenced,
        ended: std::mem::take(&mut bench.ended),
        stepped_down: bench.stepped_down,
        snapshot_starts: bench.snapshot_starts(),
        documents: progress.now().documents,
        audit: (said, audit.status.code() == Some(0)),
        verdict,
        seconds: start.elapsed().as_secs_f64(),
    })
}

impl Bench {
    /// Makes the streams. The servers of a cluster first have to find each other.
    fn init(&self) {
        let since = Instant::now();
        // Ends: with the streams, or in failure.
        loop {
            let init = self.command(&["nats", "init"]).stderr(Stdio::piped()).output();
            let init = init.expect("an engine can be started");
            if init.status.success() {
                return;
            }
            let said = String::from_utf8_lossy(&init.stderr).into_owned();
            assert!(self.options.is_cluster && since.elapsed() < WAIT, "{said}");
        }
    }

    /// Lets faults strike until the time is over, or there are no more documents.
    fn strike(&mut self) -> BTreeMap<Fault, u64> {
        let start = Instant::now();
        let mut counts = BTreeMap::new();
        // Ends: with the time or with the documents, which are published as engines commit them.
        while self.options.time.is_none_or(|time| start.elapsed() < time)
            && !self.progress.now().is_published
        {
            self.await_commits();
            let faults = if self.options.is_cluster { Fault::CLUSTER } else { Fault::ALL };
            let fault = faults[self.random(faults.len() as u64) as usize];
            *counts.entry(fault).or_default() += 1;
            match fault {
                Fault::EngineKill => self.end_engine(),
                Fault::ServerKill => self.servers.kill(),
                Fault::Zombie => self.zombie(),
                Fault::DoubleStart => {
                    let old = self.engine.take();
                    self.start_engine();
                    self.expect_fenced(old);
                }
                Fault::Cut => self.servers.cut(),
                Fault::AckLost => {
                    let count = 1 + self.random(3);
                    self.servers.lose_acks(u32::try_from(count).unwrap_or(1));
                }
                Fault::StepDown => {
                    let stream = if self.random(2) == 0 { "IN" } else { "OUT" };
                    let asked = self.servers.step_down(stream);
                    self.stepped_down += u64::from(self.runtime.block_on(asked));
                }
            }
        }
        self.servers.lose_acks(0);
        counts
    }

    /// Waits until some more messages are committed, or all there are; about as many are then under way.
    fn await_commits(&mut self) {
        let since = Instant::now();
        let count = APART.0 + self.random(APART.1 - APART.0);
        let target = self.progress.now().committed + count / 2;
        let is_far = |state: &State| state.is_done() || target <= state.committed;
        self.progress.allow(count);
        // Ends: an engine that lives commits what the publisher was told to send.
        loop {
            self.keep_engine();
            let far = async { timeout(ENGINE_LOOK, self.progress.until(is_far)).await };
            if self.runtime.block_on(far).is_ok() {
                return;
            }
            assert!(since.elapsed() < WAIT, "no engine commits: {:?}", self.progress);
        }
    }

    /// An engine sleeps, another takes over, the first wakes and must find out.
    fn zombie(&mut self) {
        let Some(old) = self.engine.take() else { return };
        signal(old.id(), "-STOP").expect("a process of ours takes signals");
        self.start_engine();
        self.await_commits();
        signal(old.id(), "-CONT").expect("a process of ours takes signals");
        self.expect_fenced(Some(old));
    }

    /// An engine whose group was taken ends by itself, as fenced, once it has anything to say.
    fn expect_fenced(&mut self, old: Option<Child>) {
        let Some(mut old) = old else { return };
        self.progress.allow(APART.0);
        let since = Instant::now();
        let pid = old.id();
        let (tell, ended) = mpsc::channel();
        let waiter = thread::spawn(move || drop(tell.send(old.wait())));
        // Ends: with the process, or with our patience: one that has nothing to say may live on.
        while since.elapsed() < FENCED_PATIENCE {
            if let Ok(status) = ended.recv_timeout(ENGINE_LOOK) {
                let code = status.ok().and_then(|status| status.code());
                self.fenced += u64::from(code == Some(FENCED));
                break;
            }
            self.keep_engine();
        }
        if !waiter.is_finished() {
            // It may have ended since: no signal reaches it then.
            drop(signal(pid, "-KILL"));
        }
        waiter.join().expect("waits and tells");
    }

    /// Starts an engine where the last one has ended.
    fn keep_engine(&mut self) {
        let ended = match &mut self.engine {
            None => true,
            Some(engine) => match engine.try_wait() {
                Ok(None) => false,
                Ok(Some(status)) => {
                    let code = status.code().unwrap_or(-1);
                    if code == FENCED {
                        self.fenced += 1;
                    } else {
                        *self.ended.entry(code).or_default() += 1;
                    }
                    true
                }
                Err(_) => true,
            },
        };
        if ended {
            self.start_engine();
        }
    }

    fn start_engine(&mut self) {
        self.engines += 1;
        let shards = (1 + self.random(3)).to_string();
        let log = self.options.folder.join(format!("engine-{:04}.log", self.engines));
        let log = File::create(log).expect("a log file");
        let child = self.command(&["run", "--shards", &shards]).stderr(log).spawn();
        self.engine = Some(child.expect("an engine can be started"));
    }

    fn end_engine(&mut self) {
        if let Some(mut engine) = self.engine.take() {
            drop(engine.kill());
            drop(engine.wait());
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let (program, before) = &self.options.engine;
        let is_run = arguments[0] == "run";
        let url = if is_run { self.servers.proxied_url() } else { self.servers.url() };
        let replicas = self.servers.replicas();
        let mut all: Vec<&str> = before.iter().map(String::as_str).collect();
        all.extend(arguments);
        let mut command = streams::crossdock(program, &url, &all);
        let snapshots = format!("snapshot.dir={}", self.options.folder.join("state").display());
        for option in [
            &format!("source.replicas={replicas}"),
            &format!("sink.replicas={replicas}"),
            snapshots.as_str(),
            "snapshot.interval=1s",
            "snapshot.documents=500",
            "source.pull_messages=64",
            "nats.reconnect_delay=200ms",
            "sink.ack_timeout=500ms",
            "log.level=info,async_nats=off",
            "log.format=json",
        ] {
            command.args(["--set", option]);
        }
        command
    }

    fn random(&mut self, below: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (word ^ (word >> 31)) % below
    }

    /// How many engines said that they loaded one.
    fn snapshot_starts(&self) -> u64 {
        let Ok(entries) = fs::read_dir(&self.options.folder) else { return 0 };
        let logs = entries.filter_map(Result::ok).map(|entry| entry.path());
        let loaded = |path: &Path| {
            fs::read_to_string(path).is_ok_and(|log| log.contains("\"snapshot loaded\""))
        };
        logs.filter(|path| path.extension().is_some_and(|it| it == "log") && loaded(path)).count()
            as u64
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.end_engine();
    }
}

fn signal(pid: u32, name: &str) -> Result<(), String> {
    let said = Command::new("kill").args([name, &pid.to_string()]).output();
    let said = said.map_err(|error| error.to_string())?;
    said.status.success().then_some(()).ok_or_else(|| String::from_utf8_lossy(&said.stderr).into())
}

/// Faults have ceased, one way or the other.
struct End<'a>(&'a Progress);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}
