//! What a sync is doing, for whoever watches, beside whoever waits for it.

use std::path::Path;

use crate::context::Context;
use crate::state::progress::{self, Publisher};
use crate::sync::step::{Progress, Reporter, Step};
use crate::sync::tell;

/// Passes on what a sync reports, and publishes it (see [`state::progress`](crate::state::progress)).
pub struct Published<'r> {
    heard: &'r mut dyn Reporter,
    publisher: Publisher,
}

impl<'r> Published<'r> {
    /// For the sync of one working tree, as part of `job` where it is part of one.
    pub fn new(ctx: &Context, worktree: &Path, job: Option<&str>, heard: &'r mut dyn Reporter) -> Self {
        let begun = progress::Progress::new(&ctx.host, Some(worktree), job, "looking", ctx.clock.now_ms());
        Self { heard, publisher: Publisher::begin(&ctx.layout, begun, tell::clean) }
    }
}

impl Reporter for Published<'_> {
    fn step(&mut self, step: &Step) {
        self.publisher.say(&tell::step_unclean(step), None);
        self.heard.step(step);
    }

    fn progress(&mut self, progress: &Progress) {
        self.publisher.say(&progress.phase, Some(progress.percent));
        self.heard.progress(progress);
    }

    fn phase(&mut self, name: &str) {
        self.publisher.say(name, None);
        self.heard.phase(name);
    }
}
