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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    #[derive(Default)]
    struct Heard(Vec<String>);

    impl Reporter for Heard {
        fn step(&mut self, step: &Step) {
            self.0.push(tell::step(step));
        }

        fn progress(&mut self, progress: &Progress) {
            self.0.push(format!("{} {}", progress.phase, progress.percent));
        }

        fn phase(&mut self, name: &str) {
            self.0.push(name.to_owned());
        }
    }

    #[test]
    fn who_watches_sees_what_who_waits_hears_without_what_could_harm() {
        let tmp = tempfile::tempdir().unwrap();
        let ctx = Context::new(Env::from_pairs([("CLAUDE_CONFIG_DIR", tmp.path())])).unwrap();
        let mut heard = Heard::default();
        let mut published = Published::new(&ctx, Path::new("/r"), Some("log-rotation"), &mut heard);
        let mut seen = Vec::new();
        let mut wait = |what: &str| {
            let shown = loop {
                let found = progress::list(&ctx.layout, &ctx.host).unwrap().pop().filter(|p| p.what == what);
                match found {
                    Some(found) => break found,
                    None => std::thread::yield_now(),
                }
            };
            assert_eq!(
                (shown.worktree.as_deref(), shown.job.as_deref()),
                (Some(Path::new("/r")), Some("log-rotation"))
            );
            seen.push(shown.percent);
        };
        published.step(&Step::Fetch { remote: "origin".into(), branch: "ma\u{1b}in".into() });
        wait("fetch ma\\u{1b}in from origin");
        published.progress(&Progress { phase: "Receiving objects".into(), percent: 7 });
        wait("Receiving objects");
        published.phase("Scanning for credentials");
        wait("Scanning for credentials");
        drop(published);
        assert_eq!(seen, [None, Some(7), None]);
        let said = ["fetch ma\\u{1b}in from origin", "Receiving objects 7", "Scanning for credentials"];
        assert_eq!(heard.0, said);
    }
}
