//! Progress on the terminal: a bar with an ETA, or a line now and then where there is no terminal.

use std::{
    io::{IsTerminal, stderr},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows how many of the histories are done.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    start: Instant,
    total: AtomicU64,
    done: AtomicU64,
    next_line: AtomicU64,
}

/// Seconds between lines where there is no terminal.
const LINE_EVERY: u64 = 10;

impl Progress {
    /// For `total` histories; `quiet` shows nothing.
    pub fn new(total: u64, quiet: bool) -> Self {
        let bar = (!quiet && stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10));
            let style = ProgressStyle::with_template("{msg:24!} [{wide_bar}] {percent:>3} %  {per_sec:>12}  ETA {eta}");
            if let Ok(style) = style {
                bar.set_style(style.progress_chars("=> "));
            }
            bar
        });
        let next_line = if quiet { u64::MAX } else { LINE_EVERY };
        Self { bar, start: Instant::now(), total: total.into(), done: 0.into(), next_line: next_line.into() }
    }

    /// What is being transported now.
    pub fn phase(&self, name: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(name.to_owned());
        }
    }

    /// More histories than thought at first.
    pub fn extend(&self, histories: u64) {
        let total = self.total.fetch_add(histories, Relaxed) + histories;
        if let Some(bar) = &self.bar {
            bar.set_length(total);
        }
    }

    /// Some histories are done; may be called from any thread.
    pub fn add(&self, histories: u64) {
        let done = self.done.fetch_add(histories, Relaxed) + histories;
        if let Some(bar) = &self.bar {
            bar.inc(histories);
            return;
        }
        let elapsed = self.start.elapsed().as_secs();
        let due = self.next_line.load(Relaxed);
        // One thread wins the exchange and prints.
        if elapsed >= due && self.next_line.compare_exchange(due, elapsed + LINE_EVERY, Relaxed, Relaxed).is_ok() {
            let total = self.total.load(Relaxed).max(1);
            let left = Duration::from_secs_f64(elapsed as f64 * (total.saturating_sub(done)) as f64 / done.max(1) as f64);
            eprintln!("{:3.0} % of {total} histories, about {} s left", 100.0 * done as f64 / total as f64, left.as_secs());
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
