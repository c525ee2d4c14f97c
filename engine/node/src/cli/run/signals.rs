//! What the system asks of a process that runs: to end, or to read its rules again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Sets the first flag on SIGINT or SIGTERM, where a second one ends the process as usual, and the
/// other one on every SIGHUP before that.
pub(super) fn watch(stopping: &Arc<AtomicBool>, reloading: &Arc<AtomicBool>) {
    let (flag, reload) = (Arc::clone(stopping), Arc::clone(reloading));
    let spawned = thread::Builder::new().name(String::from("signals")).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) = (
                signal(SignalKind::terminate()),
                signal(SignalKind::interrupt()),
                signal(SignalKind::hangup()),
            ) else {
                return;
            };
            // Ends: when the process is asked to.
            loop {
                tokio::select! {
                    _ = terminate.recv() => break,
                    _ = interrupt.recv() => break,
                    _ = hangup.recv() => reload.store(true, Ordering::Relaxed),
                }
            }
            flag.store(true, Ordering::Relaxed);
        });
    });
    if let Err(error) = spawned {
        tracing::warn!(%error, "signals are not watched");
    }
}
