//! What is known of a repository, written down for whoever asks later.

use super::{Job, git_for};
use crate::clock::Millis;
use crate::context::Context;
use crate::fs::layout::repo_key;
use crate::git::command::Git;
use crate::git::porcelain;
use crate::git::reads::Reads;
use crate::git::repository::Head;
use crate::locate::Location;
use crate::scan::redact::holds_credential;
use crate::state::file::StateFile;
use crate::state::observed::{Mark, Observed};

/// How the number of changed files is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dirty {
    /// The caller just counted them.
    Counted(usize),
    /// git is asked: a look at every file of the tree.
    Ask,
    /// What was known stays known, if nothing moved since; nobody looks.
    Keep,
}

/// Looks at the repository and keeps what was seen. What cannot be read stays unknown.
pub fn observe(ctx: &Context, at: &Location, job: &Job<'_>, dirty: Dirty) {
    // One cache for one enrolment: what a linked working tree is at would only hide it.
    if at.worktree != job.pin.path {
        return;
    }
    let file = StateFile::at(ctx.layout.repo(&repo_key(&at.common_dir)).status());
    if dirty == Dirty::Keep
        && let Ok(known) = file.peek::<Observed>()
        && known.value.dirty.is_some()
        && known.value.fresh()
    {
        return;
    }
    let git = git_for(ctx, at, job.config);
    let reads = Reads::open(at, &git);
    let (branch, head) = match reads.head() {
        Ok(Head::Branch { name, commit }) => (name, commit.unwrap_or_default()),
        Ok(Head::Detached { commit }) => (String::new(), commit),
        Err(_) => return,
    };
    // What is kept here names the branch in full.
    if holds_credential(&branch) {
        return;
    }
    let now: Millis = ctx.clock.now_ms();
    let mut seen = Observed { version: 1, at: now, worktree: at.worktree.clone(), head, ..Observed::default() };
    let mut marks = vec![at.git_dir.join("HEAD"), at.git_dir.join("index"), at.common_dir.join("packed-refs")];
    if !branch.is_empty() {
        marks.push(at.common_dir.join("refs/heads").join(&branch));
        if let Ok(Some(upstream)) = reads.upstream(&branch) {
            let tracking = format!("refs/remotes/{}/{}", upstream.remote, upstream.branch);
            seen.upstream = format!("{}/{}", upstream.remote, upstream.branch);
            marks.push(at.common_dir.join(&tracking));
            seen.remote_tip = reads.resolve(&tracking).ok().flatten().unwrap_or_default();
            let counts = match (seen.head.as_str(), seen.remote_tip.as_str()) {
                (_, "") => None,
                // A branch without a commit lacks all of them.
                ("", tip) => reads.commits(None, tip, 0).ok().map(|(_, count)| (0, count)),
                (head, tip) => reads.ahead_behind(head, tip).ok(),
            };
            (seen.ahead, seen.behind) = counts.unwrap_or_default();
        }
    }
    seen.branch = branch;
    // The marks are taken before the tree is looked at: what moves meanwhile makes them stale.
    seen.marks = marks.iter().map(|p| Mark::of(p)).collect();
    seen.dirty = match dirty {
        Dirty::Counted(count) => Some(count),
        Dirty::Ask => ask(&git),
        Dirty::Keep => None,
    };
    let _ = file.store_cache(&seen);
}

fn ask(git: &Git<'_>) -> Option<usize> {
    let words =
        ["status", "--porcelain=v2", "-z", "--untracked-files=normal", "--no-renames", "--ignore-submodules=dirty"];
    porcelain::status(&git.read(words).run().ok()?.stdout).ok().map(|c| c.len())
}
