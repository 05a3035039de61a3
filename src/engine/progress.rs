//! Progress of the transport: a bar with an ETA on a terminal, a line now and then elsewhere, or JSON lines.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use crate::io::terminal::{self, Form};

/// Shows how many of the histories are done.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    /// Lines, and what they look like; `None`: no lines.
    lines: Option<Form>,
    start: Instant,
    total: AtomicU64,
    done: AtomicU64,
    /// Milliseconds after the start.
    next_line: AtomicU64,
    now: Mutex<Now>,
}

/// What is going on.
#[derive(Debug, Clone, Default)]
struct Now {
    component: String,
    /// Where the plan has an uncertainty goal: reached and asked for, relative.
    goal: Option<(f64, f64)>,
}

/// Milliseconds between lines.
const PLAIN_EVERY: u64 = 10_000;
const JSON_EVERY: u64 = 500;

impl Progress {
    /// For `total` histories, in the form that the program was asked for; `quiet` shows nothing.
    pub fn new(total: u64, quiet: bool) -> Self {
        let bar = (!quiet && terminal::draws()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10));
            let style = ProgressStyle::with_template("{msg:24!} [{wide_bar}] {percent:>3} %  {per_sec:>12}  ETA {eta}");
            if let Ok(style) = style {
                bar.set_style(style.progress_chars("=> "));
            }
            bar
        });
        let lines = match terminal::form() {
            Form::None => None,
            _ if quiet || bar.is_some() => None,
            Form::Json => Some(Form::Json),
            Form::Auto | Form::Plain => Some(Form::Plain),
        };
        let progress =
            Self { bar, lines, start: Instant::now(), total: total.into(), done: 0.into(), next_line: 0.into(), now: Mutex::default() };
        // The first JSON line tells the total; plain lines begin when there is something to tell.
        match progress.lines {
            Some(Form::Json) => progress.add(0),
            _ => progress.next_line.store(PLAIN_EVERY, Relaxed),
        }
        progress
    }

    /// What is being transported now.
    pub fn phase(&self, name: &str) {
        self.change(|now| name.clone_into(&mut now.component));
    }

    /// How near the plan's uncertainty goal is: relative errors, reached and asked for.
    pub fn goal(&self, reached: f64, wanted: f64) {
        self.change(|now| now.goal = Some((reached, wanted)));
        if self.lines.is_some() {
            self.next_line.store(0, Relaxed);
            self.add(0);
        }
    }

    fn change(&self, change: impl FnOnce(&mut Now)) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut now);
        if let Some(bar) = &self.bar {
            let goal = now.goal.map_or_else(String::new, |(reached, wanted)| format!("{:.1}/{:.1} % ", 100.0 * reached, 100.0 * wanted));
            bar.set_message(format!("{goal}{}", now.component));
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
        }
        let Some(form) = self.lines else { return };
        let elapsed = self.start.elapsed().as_millis() as u64;
        let due = self.next_line.load(Relaxed);
        let next = elapsed + if form == Form::Json { JSON_EVERY } else { PLAIN_EVERY };
        // One thread wins the exchange and prints.
        if elapsed >= due && self.next_line.compare_exchange(due, next, Relaxed, Relaxed).is_ok() {
            self.line(form, done);
        }
    }

    fn line(&self, form: Form, done: u64) {
        let total = self.total.load(Relaxed).max(1);
        let left = (done > 0).then(|| remaining(self.start.elapsed(), done, total));
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if form == Form::Json {
            let mut more: Vec<(&str, Value)> = vec![
                ("stage", "transport".into()),
                ("component", now.component.into()),
                ("histories", done.into()),
                ("total", total.into()),
                ("left_s", left.map(|left| (10.0 * left).round() / 10.0).into()),
            ];
            if let Some((reached, wanted)) = now.goal {
                more.extend([("uncertainty", reached.into()), ("goal", wanted.into())]);
            }
            terminal::event("progress", &more);
            return;
        }
        let left = left.map_or_else(String::new, |left| format!(", about {left:.0} s left"));
        let goal = now.goal.map_or_else(String::new, |(reached, wanted)| {
            format!("; uncertainty {:.2} %, {:.2} % are asked for", 100.0 * reached, 100.0 * wanted)
        });
        terminal::note(format_args!("{:3.0} % of {total} histories{left}{goal}", 100.0 * done as f64 / total as f64));
    }

    /// Removes the bar, or tells the end.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if self.lines == Some(Form::Json) {
            self.line(Form::Json, self.done.load(Relaxed));
        }
    }
}

/// Seconds left if the rest goes as the part that is done, which is not none.
fn remaining(elapsed: Duration, done: u64, total: u64) -> f64 {
    elapsed.as_secs_f64() * total.saturating_sub(done) as f64 / done as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_takes_as_long_as_what_is_done() {
        assert_eq!(remaining(Duration::from_secs(30), 25, 100), 90.0);
        assert_eq!(remaining(Duration::from_secs(30), 100, 100), 0.0);
        // A round more than was announced.
        assert_eq!(remaining(Duration::from_secs(30), 120, 100), 0.0);
    }
}
