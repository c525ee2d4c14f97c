//! What the system asks of a process that runs: to end, or to read its rules again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

/// What was asked so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    end: Arc<AtomicBool>,
    reload: Arc<AtomicBool>,
}

impl Asked {
    /// Watches from now on. SIGINT or SIGTERM ask for the end, where a second one ends the process at
    /// once; every SIGHUP asks for the rules to be read again.
    pub(super) fn watch() -> Self {
        let asked = Self::default();
        let heard = asked.clone();
        let (ready_send, ready) = mpsc::channel();
        let spawned = thread::Builder::new().name(String::from("signals")).spawn(move || {
            if let Err(error) = heard.listen(&ready_send) {
                tracing::warn!(%error, "signals are not watched");
            }
        });
        match spawned {
            // Ends: when the signals are ours, or the thread has ended.
            Ok(_) => drop(ready.recv()),
            Err(error) => tracing::warn!(%error, "signals are not watched"),
        }
        asked
    }

    fn listen(&self, ready: &mpsc::Sender<()>) -> io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut terminate = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut hangup = signal(SignalKind::hangup())?;
            if ready.send(()).is_err() {
                return Ok(());
            }
            // Ends: with the process.
            loop {
                let code = tokio::select! {
                    _ = hangup.recv() => {
                        self.reload.store(true, Ordering::Relaxed);
                        continue;
                    }
                    _ = interrupt.recv() => 130,
                    _ = terminate.recv() => 143,
                };
                if self.end.swap(true, Ordering::Relaxed) {
                    // Whoever asks twice does not want to wait; what is committed is committed.
                    std::process::exit(code);
                }
            }
        })
    }

    pub(super) fn is_to_end(&self) -> bool {
        self.end.load(Ordering::Relaxed)
    }

    /// True once per request.
    pub(super) fn take_reload(&self) -> bool {
        self.reload.swap(false, Ordering::Relaxed)
    }
}
