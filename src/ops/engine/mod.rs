//! The engine: one sync of one working tree, under the repository's lock.
//!
//! preflight → snapshot → gate → commit → fetch → trial merge → journal → fast-forward → push. What
//! comes next is decided by [`sync::plan`](crate::sync::plan) from what was seen; each file here does
//! one kind of step. A step that cannot go on returns the [`End`] of the sync.

mod changes;
mod commit;
mod ends;
mod fetch;
mod guard;
pub(crate) mod hand;
mod integrate;
pub mod journal;
mod leave;
mod locks;
mod notable;
mod observe;
mod preflight;
mod push;
mod recover;
mod resolve;
mod run;
pub mod snapshot;
mod stage;
mod undo;

use std::time::Duration;

use crate::clock::{self, Millis};
use crate::config::model::{Action, Config, Repository as Pin};
use crate::context::Context;
use crate::dice::Dice;
use crate::git::command::{Git, GitError, Started};
use crate::git::fault::Fault;
use crate::git::reads::Reads;
use crate::git::repository::Head;
use crate::locate::Location;
use crate::permission::{Decision, of};
use crate::queue::Trigger;
use crate::sync::backoff;
use crate::sync::gate::Rules;
use crate::sync::message::{self, Words};
use crate::sync::outcome::{Committed, End, LeftOut, Pulled, Pushed, Refusal, Report, Spotted};
use crate::sync::plan::{self, May, Other, Seen};
use crate::sync::quote;
use crate::sync::step::{Reporter, Step};

pub use observe::{Dirty, observe};
pub(crate) use preflight::under_way;
pub(crate) use recover::{is_there, where_it_happened};
pub(crate) use run::{at_work, was_killed};
pub use undo::undo;

/// What HEAD's log says in front of every move the engine makes; commits made so are known again.
pub const REFLOG_ACTION: &str = "craft auto-sync";
/// At most this many commits and files are named in a report.
const NAMED_COMMITS: usize = 50;
const NAMED_FILES: usize = 200;

/// What is to be done.
pub struct Job<'j> {
    /// The configuration as it holds here: overrides merged, narrowed by the project.
    pub config: &'j Config,
    /// The enrolment.
    pub pin: &'j Pin,
    /// What to do.
    pub action: Action,
    /// What made it happen.
    pub trigger: Trigger,
    /// The session, where one made it.
    pub session: Option<&'j str>,
    /// Refusals the user has seen and accepts this once.
    pub accept: &'j [Refusal],
    /// Publish a branch the remote does not have.
    pub publish: bool,
}

/// Runs a job to its end. The caller holds the repository's lock.
pub fn run(ctx: &Context, at: &Location, job: &Job<'_>, reporter: &mut dyn Reporter) -> Report {
    let begun = ctx.clock.now_ms();
    let git = git_for(ctx, at, job.config);
    let mut engine = Engine::new(ctx, at, job, &git, reporter);
    let end = engine.drive().err().unwrap_or(End::Done);
    engine.report(end, begun)
}

/// Computes what [`run`] would do: the steps, what a commit would take and leave out, and the end.
/// The remote is asked; no ref, index or working tree is changed.
pub fn rehearse(ctx: &Context, at: &Location, job: &Job<'_>) -> crate::ops::sync::Preview {
    let git = git_for(ctx, at, job.config);
    let mut silent = crate::sync::step::Silent;
    let mut engine = Engine::new(ctx, at, job, &git, &mut silent);
    let mut steps = Vec::new();
    let end = engine.rehearse(&mut steps).err().unwrap_or(End::Done);
    let files =
        engine.work.as_ref().map(|w| w.taken().take(NAMED_FILES).map(|c| c.path.display().to_string()).collect());
    crate::ops::sync::Preview { steps, files: files.unwrap_or_default(), left_out: engine.left_out(), end }
}

/// Removes snapshots taken before `oldest`. The caller holds the repository's lock.
pub fn prune(ctx: &Context, at: &Location, job: &Job<'_>, oldest: Millis) {
    let git = git_for(ctx, at, job.config);
    let mut silent = crate::sync::step::Silent;
    let mut engine = Engine::new(ctx, at, job, &git, &mut silent);
    if engine.begin_run().is_ok() {
        let _ = snapshot::prune(&git, oldest);
        engine.end_run();
    }
}

/// git for the working tree, with the configured bounds.
#[must_use]
pub fn git_for<'a>(ctx: &'a Context, at: &'a Location, config: &Config) -> Git<'a> {
    let seconds = |s| Duration::from_secs(s);
    Git::new(ctx, at, seconds(config.limits.network_seconds), seconds(config.limits.commit_seconds))
}

/// Has git sync what it writes, unless the user has said what is to be synced.
pub(crate) fn sync_writes(git: &Git<'_>, reads: &Reads<'_, '_>) {
    if ["core.fsync", "core.fsyncMethod"].iter().all(|name| matches!(reads.setting(name), Ok(None))) {
        git.be_durable();
    }
}

/// The remote branch this one is synced with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    remote: String,
    branch: String,
    /// The local ref that says where it was last seen.
    tracking: String,
    /// Whether the branch is set up to follow it.
    configured: bool,
}

impl Target {
    fn new(remote: &str, branch: &str, configured: bool) -> Self {
        let tracking = format!("refs/remotes/{remote}/{branch}");
        Self { remote: remote.into(), branch: branch.into(), tracking, configured }
    }

    /// The ref under which we remember what we last took in, so that a rewritten branch is noticed
    /// even when somebody else fetched it, and its old commits are not collected.
    fn remembered(&self) -> String {
        // The branch as one name: `a` and `a/b` cannot both be refs, but one may follow the other.
        let branch = self.branch.replace('%', "%25").replace('/', "%2F");
        format!("refs/craft/upstream/{}/{branch}", self.remote)
    }

    fn display(&self) -> String {
        format!("{}/{}", self.remote, self.branch)
    }
}

/// What to do after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// Go on.
    On,
    /// Look again: the world moved.
    Again,
}

struct Engine<'e> {
    ctx: &'e Context,
    at: &'e Location,
    job: &'e Job<'e>,
    git: &'e Git<'e>,
    reads: Reads<'e, 'e>,
    reporter: &'e mut dyn Reporter,
    dice: Dice,
    /// The record of this run, while it may write.
    run: Option<std::rc::Rc<run::Note>>,
    rules: Option<Rules>,
    /// The branch HEAD is on; empty before preflight and where it is on none.
    branch: String,
    /// Whether that is the branch of a phase, beside the one that was enrolled.
    phase: bool,
    /// HEAD's commit.
    head: Option<String>,
    target: Option<Target>,
    /// What may be done with the remote.
    may: May,
    /// What was wanted and is not allowed.
    left: Vec<Decision>,
    /// The remote branch's commit, once fetched.
    tip: Option<String>,
    /// What the remote branch was seen at and is to be remembered as.
    seen_tip: Option<String>,
    /// Paths that differ between the merge base and `tip`.
    incoming: Vec<(u8, std::path::PathBuf)>,
    fetched: bool,
    /// A fetch that was started early, with what the tracking ref was before.
    ahead: Option<(Option<String>, Started)>,
    missing: Option<bool>,
    counts: Option<(usize, usize)>,
    work: Option<changes::Work>,
    /// What was left out when the working tree was last looked at, where that is of no more use.
    was_left_out: Vec<LeftOut>,
    merge: Option<String>,
    rehearsing: bool,
    kept: Option<snapshot::Kept>,
    committed: Option<Committed>,
    pulled: Option<Pulled>,
    pushed: Option<Pushed>,
    remarks: Vec<String>,
    /// What the secret scan stopped the sync for.
    findings: Vec<Spotted>,
    /// What arrived and runs or instructs here.
    notable: Option<String>,
    /// The commit whose push was scanned and may go.
    scanned: Option<String>,
}

impl<'e> Engine<'e> {
    fn new(
        ctx: &'e Context,
        at: &'e Location,
        job: &'e Job<'e>,
        git: &'e Git<'e>,
        reporter: &'e mut dyn Reporter,
    ) -> Self {
        Self {
            ctx,
            at,
            job,
            git,
            reads: Reads::open(at, git),
            reporter,
            dice: ctx.dice(),
            run: None,
            rules: None,
            branch: String::new(),
            phase: false,
            head: None,
            target: None,
            may: May::default(),
            left: Vec::new(),
            tip: None,
            seen_tip: None,
            incoming: Vec::new(),
            fetched: false,
            ahead: None,
            missing: None,
            counts: None,
            work: None,
            was_left_out: Vec::new(),
            merge: None,
            rehearsing: false,
            kept: None,
            committed: None,
            pulled: None,
            pushed: None,
            remarks: Vec::new(),
            findings: Vec::new(),
            notable: None,
            scanned: None,
        }
    }

    fn drive(&mut self) -> Result<(), End> {
        self.begin_run()?;
        let outcome = self.go();
        self.abandon_fetch();
        // Also after a failure. That it cannot be noted is no reason to fail: what was noted before
        // still tells a rewritten branch, together with the tracking ref.
        let _ = self.remember();
        self.end_run();
        outcome
    }

    fn go(&mut self) -> Result<(), End> {
        self.preflight()?;
        self.ask_leave();
        if self.job.action == Action::Sync && (self.may.pull || self.may.push) {
            self.fetch_ahead()?;
        }
        let mut rounds = 0;
        loop {
            let steps = self.next_steps()?;
            let mut flow = Flow::On;
            for step in &steps {
                self.reporter.step(step);
                flow = self.apply(step)?;
                if flow == Flow::Again {
                    break;
                }
            }
            if flow == Flow::Again {
                rounds += 1;
                if rounds >= self.job.config.retry.attempts {
                    return Err(End::Failed {
                        reason: format!("{} kept moving; gave up after {rounds} tries", self.target_name()),
                        transient: true,
                    });
                }
                self.pause(rounds);
                continue;
            }
            if steps.iter().any(|s| matches!(s, Step::Fetch { .. })) {
                continue;
            }
            self.ask_leave_to_take_in();
            self.was_left()?;
            return self.unpublished();
        }
    }

    /// Decides the next steps, looking at the working tree only where that matters.
    fn next_steps(&mut self) -> Result<Vec<Step>, End> {
        let action = self.job.action;
        let arrives = self.fetched && self.may.pull && self.counts.is_some_and(|(_, behind)| behind > 0);
        // What was looked at and committed a moment ago is not looked at again: an edit made since is
        // found by git before a fast-forward would touch it, and then all is looked at anew.
        if (action.pushes() && !self.fetched) || (arrives && self.work.is_none()) {
            self.look()?;
        }
        let seen = self.seen();
        let steps = plan::next(&seen, action);
        let commits = steps.iter().any(|s| matches!(s, Step::Commit { .. }));
        if arrives && commits {
            // The outcome has to be known to be clean before anything is committed for its sake.
            self.rehearse_merge()?;
        }
        Ok(steps)
    }

    fn apply(&mut self, step: &Step) -> Result<Flow, End> {
        match step {
            Step::Snapshot => self.keep().map(|()| Flow::On),
            Step::Commit { .. } => self.commit().map(|()| Flow::On),
            Step::Fetch { .. } => self.fetch().map(|()| Flow::On),
            Step::Merge { .. } => self.merge().map(|()| Flow::On),
            Step::FastForward { .. } => {
                let grant = self.leave::<of::Pull>()?;
                self.fast_forward(grant)
            }
            Step::Push { .. } => self.push(false),
            Step::Publish { .. } => self.push(true),
        }
    }

    fn rehearse(&mut self, steps: &mut Vec<Step>) -> Result<(), End> {
        self.rehearsing = true;
        self.preflight()?;
        self.ask_leave();
        self.look()?;
        let before = self.seen();
        steps.extend(plan::next(&before, self.job.action));
        if self.job.action.pushes() && before.changes > 0 {
            self.gate()?;
            self.rehearse_guard()?;
        }
        if steps.iter().any(|s| matches!(s, Step::Fetch { .. })) {
            self.fetch()?;
            let after = self.seen();
            *steps = plan::whole(&before, &after, self.job.action);
            if steps.iter().any(|s| matches!(s, Step::Merge { .. })) {
                self.rehearse_merge()?;
            }
        }
        self.ask_leave_to_take_in();
        self.was_left()?;
        self.unpublished()
    }

    /// What is known, as the decision wants it.
    fn seen(&self) -> Seen {
        let other = match (&self.target, self.missing) {
            (None, _) => Other::None,
            (Some(t), Some(publish)) => Other::Missing { remote: t.remote.clone(), branch: t.branch.clone(), publish },
            (Some(t), None) => match self.counts {
                Some((ahead, behind)) => Other::Branch {
                    remote: t.remote.clone(),
                    branch: t.branch.clone(),
                    ahead,
                    behind,
                    files: self.incoming.len(),
                },
                None => Other::Missing { remote: t.remote.clone(), branch: t.branch.clone(), publish: false },
            },
        };
        Seen {
            born: self.head.is_some(),
            changes: self.work.as_ref().map_or(0, |w| w.taken().count()),
            overlap: self.overlap().is_some(),
            fetched: self.fetched,
            other,
            may: self.may,
        }
    }

    /// Work was committed, and the remote does not have the branch: say so, since it goes nowhere.
    fn unpublished(&mut self) -> Result<(), End> {
        let (Some(target), Some(false)) = (&self.target, self.missing) else { return Ok(()) };
        if !self.fetched || !self.job.action.pushes() || !self.may.push {
            return Ok(());
        }
        let here = quote::path(&self.at.worktree);
        Err(End::Refused {
            kind: Refusal::Unpublished,
            reason: format!(
                "{} follows no branch of {}, so its commits stay on this machine",
                self.branch, target.remote
            ),
            command: format!("git -C {here} push -u {} {}", quote::word(&target.remote), quote::word(&self.branch)),
        })
    }

    fn target_name(&self) -> String {
        self.target.as_ref().map_or_else(|| "the remote".into(), Target::display)
    }

    fn pause(&mut self, attempt: u32) {
        let wait = backoff::within(&self.job.config.retry, attempt, &mut self.dice);
        std::thread::sleep(Duration::from_millis(wait));
    }

    /// Calls a git command that needs the index, again for a short while where another git holds it.
    fn patiently<T>(&mut self, mut call: impl FnMut(&mut Self) -> Result<T, GitError>) -> Result<T, GitError> {
        let mut wait = 50;
        loop {
            match call(self) {
                Err(GitError { fault: Fault::Locked(_), .. }) if wait <= 800 => {
                    std::thread::sleep(Duration::from_millis(wait));
                    wait *= 2;
                }
                other => return other,
            }
        }
    }

    /// Whether HEAD is still where this sync believes it to be: nobody committed, reset or switched
    /// branches in the meantime.
    fn head_is_ours(&self) -> Result<bool, End> {
        let expected = Head::Branch { name: self.branch.clone(), commit: self.head.clone() };
        Ok(self.reads.head().map_err(|e| self.end(&e))? == expected)
    }

    fn moved_meanwhile(&self) -> End {
        End::Busy { reason: "somebody else moved HEAD during the sync".into() }
    }

    fn end(&self, error: &GitError) -> End {
        ends::end_of(error, self.at, self.target.as_ref())
    }

    fn message(&self, files: usize) -> String {
        let triggers = &self.job.config.auto_sync.triggers;
        let template = match self.job.trigger {
            Trigger::SessionStart => &triggers.session_start.commit_message,
            Trigger::SessionEnd => &triggers.session_end.commit_message,
            Trigger::UserPrompt => &triggers.user_prompt.commit_message,
            Trigger::Manual => "Auto-sync: Manual ${timestamp}",
            Trigger::Recovery => "Auto-sync: Recovered session ${timestamp}",
            Trigger::Job => "Auto-sync: Job ${timestamp}",
        };
        let timestamp = clock::rfc3339(self.ctx.clock.now_ms());
        let words = Words {
            timestamp: &timestamp,
            host: &self.ctx.host,
            user: self.ctx.user(),
            branch: &self.branch,
            files,
            session: self.job.session.unwrap_or("none"),
        };
        message::fill(template, &words)
    }

    fn left_out(&self) -> Vec<LeftOut> {
        self.work.as_ref().map_or_else(|| self.was_left_out.clone(), |w| w.left_out().collect())
    }

    fn report(mut self, end: End, begun: Millis) -> Report {
        let ended = self.ctx.clock.now_ms();
        Report {
            repository: self.at.worktree.display().to_string(),
            branch: std::mem::take(&mut self.branch),
            remote: self.target.as_ref().map(Target::display).unwrap_or_default(),
            action: self.job.action,
            trigger: self.job.trigger,
            session: self.job.session.map(str::to_owned),
            end,
            left_out: self.left_out(),
            committed: self.committed,
            pulled: self.pulled,
            pushed: self.pushed,
            snapshot: self.kept.map(|k| k.id),
            findings: self.findings,
            notable: self.notable,
            note: None,
            remarks: self.remarks,
            ended,
            duration_ms: ended.saturating_sub(begun),
        }
        .hushed()
    }
}

/// Tells a test that asks for the steps that are passed which request is done.
#[cfg_attr(not(feature = "test-fakes"), expect(unused_variables, reason = "only test builds can tell"))]
pub(crate) fn told_test(ctx: &Context, request: &str) {
    #[cfg(feature = "test-fakes")]
    if let Some(at) = ctx.env.str(crate::env::CRAFT_INTERNAL_KILL_AT).filter(|at| at.starts_with('/')) {
        let _ = crate::fs::atomic::append_line(std::path::Path::new(at), &format!("request {request}"));
    }
}

/// Ends the process with SIGKILL where a test asks for it: the steps of the engine have names. Where it asks with
/// an absolute path instead, the names of the steps that are passed are written there.
#[cfg_attr(not(feature = "test-fakes"), expect(unused_variables, reason = "only test builds can die on purpose"))]
pub(crate) fn fail_point(ctx: &Context, name: &str) {
    #[cfg(feature = "test-fakes")]
    match ctx.env.str(crate::env::CRAFT_INTERNAL_KILL_AT) {
        Some(at) if at == name => crate::sys::kill_self(),
        Some(at) if at.starts_with('/') => {
            let _ = crate::fs::atomic::append_line(std::path::Path::new(at), name);
        }
        _ => {}
    }
}
