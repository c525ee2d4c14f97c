//! What people see while they wait: a bar on a terminal, nothing in a pipe, a summary at the end.

use std::io::Write as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on stderr; hidden where stderr is no terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    next: u64,
    every: u64,
}

impl Progress {
    pub(crate) fn new(what: &'static str, count: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(count), ProgressDrawTarget::stderr_with_hz(5));
        let style = ProgressStyle::with_template("{msg:10} [{bar:40}] {percent:>3} % {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        bar.set_style(style);
        bar.set_message(what);
        Self { bar, next: 0, every: (count / 1000).max(1) }
    }

    /// Cheap: the bar hears of it a thousand times at most.
    pub(crate) fn at(&mut self, done: u64) {
        if self.next <= done {
            self.bar.set_position(done);
            self.next = done + self.every;
        }
    }

    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

/// A line on stderr. Where stderr is closed there is nobody to tell.
pub(crate) fn say(line: &str) {
    let mut stderr = std::io::stderr().lock();
    if writeln!(stderr, "{line}").is_err() {
        std::process::abort();
    }
}
