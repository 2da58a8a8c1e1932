//! Backups: what of the working tree is about to be replaced, as a commit under [`Place::backups`]. The last line, for
//! faults that nobody thought of.

use std::collections::BTreeMap;

use crate::beacon::applied::Version;
use crate::clock;
use crate::context::Context;
use crate::git::command::{Git, GitError};
use crate::ops::beacon::Place;
use crate::ops::beacon::make::{self, By};
use crate::ops::error::OpError;

/// So many stay, however old they are: a clock may be wrong.
const KEPT: usize = 10;
const DAY: u64 = 24 * 3600;

/// Keeps versions of files, whose bytes are objects by now; the ref.
///
/// # Errors
/// Where git fails.
pub(super) fn take(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    files: &BTreeMap<String, Version>,
) -> Result<String, OpError> {
    let now = ctx.clock.now_ms();
    let tree = make::tree(git, files)?;
    let commit = make::commit(git, &tree, None, "craft: what a pull of the beacon replaced", By::UsAt(now))?;
    let reference = format!("{}/{}-{:08x}", place.backups(), clock::compact(now), ctx.dice().token());
    git.write(["update-ref", &reference, &commit]).run()?;
    Ok(reference)
}

/// Removes backups older than `limits.snapshotDays`, but not the newest ten.
///
/// # Errors
/// Where git fails.
pub(super) fn prune(ctx: &Context, place: &Place, git: &Git<'_>) -> Result<(), GitError> {
    let format = "--format=%(committerdate:unix) %(objectname) %(refname)";
    let told = git.read(["for-each-ref", format, &place.backups()]).line()?;
    let mut all: Vec<(u64, &str, &str)> = told
        .lines()
        .filter_map(|line| {
            let (time, rest) = line.split_once(' ')?;
            let (id, name) = rest.split_once(' ')?;
            Some((time.parse().ok()?, name, id))
        })
        .collect();
    all.sort_unstable();
    let oldest = (ctx.clock.now_ms() / 1000).saturating_sub(place.config.limits.snapshot_days.saturating_mul(DAY));
    let old = all.iter().rev().skip(KEPT).filter(|(time, ..)| *time < oldest);
    let input: String = old.map(|(_, name, id)| format!("delete {name} {id}\n")).collect();
    if !input.is_empty() {
        git.write(["update-ref", "--stdin"]).input(input).run()?;
    }
    Ok(())
}
