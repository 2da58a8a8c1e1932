//! Work that is being done: the files of the workers, without those of workers that died.

use std::path::Path;

use crate::context::Context;
use crate::monitor::model::Running;
use crate::state::progress::Progress;
use crate::sys;

/// Such a file is a few hundred bytes.
const LARGEST: u64 = 64 * 1024;

/// All of it, the longest under way first.
pub(super) fn all(ctx: &Context) -> Vec<Running> {
    let entries = std::fs::read_dir(ctx.layout.progress()).into_iter().flatten().flatten();
    let all = entries.filter_map(|entry| read(&entry.path()));
    let alive = all.filter(|p| p.host != ctx.host || sys::process_exists(p.pid));
    let mut found: Vec<_> = alive
        .map(|p| Running { what: p.what, worktree: p.worktree, job: p.job, percent: p.percent, since: p.since })
        .collect();
    found.sort_by(|a, b| (a.since, &a.what).cmp(&(b.since, &b.what)));
    found
}

fn read(path: &Path) -> Option<Progress> {
    let meta = std::fs::symlink_metadata(path).ok()?;
    if !meta.is_file() || meta.len() > LARGEST || path.extension().is_none_or(|e| e != "json") {
        return None;
    }
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}
