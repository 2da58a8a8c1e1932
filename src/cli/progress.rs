//! Showing how far a sync is: a bar on a terminal, plain lines elsewhere, both on standard error.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::sync::step::{Progress, Reporter, Step};
use crate::sync::tell;

/// The reporter that fits standard error; one that says nothing where `quiet`.
#[must_use]
pub fn reporter(quiet: bool) -> Box<dyn Reporter> {
    if quiet {
        Box::new(crate::sync::step::Silent)
    } else if io::stderr().is_terminal() {
        Box::new(Bar::new())
    } else {
        Box::new(Lines)
    }
}

/// A bar that is gone when the sync has ended.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::new(100);
        bar.set_style(style("{spinner} {wide_msg}"));
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }
}

impl Reporter for Bar {
    fn step(&mut self, step: &Step) {
        self.0.set_style(style("{spinner} {wide_msg}"));
        self.0.set_message(tell::step(step));
    }

    fn progress(&mut self, progress: &Progress) {
        self.0.set_style(style("{spinner} {msg} [{bar:20}] {pos:>3} %"));
        self.0.set_message(tell::clean(&progress.phase));
        self.0.set_position(progress.percent.min(100).into());
    }

    fn phase(&mut self, name: &str) {
        self.0.set_style(style("{spinner} {wide_msg}"));
        self.0.set_message(tell::clean(name));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}

/// One line a step.
struct Lines;

impl Reporter for Lines {
    fn step(&mut self, step: &Step) {
        // Who closed standard error does not want to know.
        let _ = writeln!(io::stderr().lock(), "{}: {}", tell::NAME, tell::step(step));
    }
}
