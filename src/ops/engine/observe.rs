//! What is known of a repository, written down for whoever asks later.

use super::{Job, git_for};
use crate::clock::Millis;
use crate::context::Context;
use crate::fs::layout::repo_key;
use crate::git::porcelain;
use crate::git::reads::Reads;
use crate::git::repository::Head;
use crate::locate::Location;
use crate::state::file::StateFile;
use crate::state::observed::{Mark, Observed};

/// Looks at the repository and keeps what was seen. `dirty` is the number of changed files where the
/// caller just counted them; else git is asked. What cannot be read stays unknown.
pub fn observe(ctx: &Context, at: &Location, job: &Job<'_>, dirty: Option<usize>) {
    // One cache for one enrolment: what a linked working tree is at would only hide it.
    if at.worktree != job.pin.path {
        return;
    }
    let git = git_for(ctx, at, job.config);
    let reads = Reads::open(at, &git);
    let (branch, head) = match reads.head() {
        Ok(Head::Branch { name, commit }) => (name, commit.unwrap_or_default()),
        Ok(Head::Detached { commit }) => (String::new(), commit),
        Err(_) => return,
    };
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
            if !seen.head.is_empty()
                && !seen.remote_tip.is_empty()
                && let Ok((ahead, behind)) = reads.ahead_behind(&seen.head, &seen.remote_tip)
            {
                (seen.ahead, seen.behind) = (ahead, behind);
            }
        }
    }
    seen.branch = branch;
    // The marks are taken before the tree is looked at: what moves meanwhile makes them stale.
    seen.marks = marks.iter().map(|p| Mark::of(p)).collect();
    seen.dirty = dirty.or_else(|| {
        let words =
            ["status", "--porcelain=v2", "-z", "--untracked-files=normal", "--no-renames", "--ignore-submodules=dirty"];
        porcelain::status(&git.read(words).run().ok()?.stdout).ok().map(|c| c.len())
    });
    let file = StateFile::at(ctx.layout.repo(&repo_key(&at.common_dir)).status());
    let _ = file.store(&seen);
}
