//! A working tree that was moved: what is kept of it lies under a name that is made of where it was. The id of a side
//! stands in the names of its refs, which came along.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;

use crate::audit::{Entry, Outcome};
use crate::config::policy;
use crate::context::Context;
use crate::fs::layout::repo_key;
use crate::fs::{IoContext, atomic, private};
use crate::locate::{Location, locate};
use crate::ops::beacon::place;
use crate::ops::error::OpError;
use crate::ops::{audit, engine};
use crate::plain;
use crate::state::beacon::Identity;
use crate::state::bell::Bells;
use crate::state::file::{Loaded, StateFile};

/// Where the refs of all sides are.
const REFS: &str = "refs/craft/beacon/";

/// Makes a working tree the side again that it was where it lay before. Does nothing where it is a side, where it never
/// was one, where the place it was at still has it (then this is a copy, and another side), or where that can be said of
/// several.
///
/// Whether a place is gone or only not mounted nobody can tell. What is taken over in error is no side any more when its
/// drive comes back, and says so: never are there two with one id. Its files are as they were, and a message that waited
/// in both goes out once, since it is looked for on the channel first.
///
/// # Errors
/// Where what is kept cannot be read or written.
pub(super) fn take_over(ctx: &Context, at: &Location) -> Result<(), OpError> {
    let files = place::files(ctx, at);
    if files.beacon().exists() {
        return settle_in(ctx, at);
    }
    let ids = ids(ctx, at)?;
    if ids.is_empty() {
        return Ok(());
    }
    let mut homeless = homeless(ctx)?;
    homeless.retain(|(_, identity)| ids.contains(&identity.id));
    if homeless.len() > 1 {
        // Of linked working trees that were moved together.
        homeless.retain(|(_, identity)| identity.worktree.file_name() == at.worktree.file_name());
    }
    let [(key, identity)] = homeless.as_slice() else { return Ok(()) };
    let former = ctx.layout.repo(key);
    let bells = StateFile::at(former.beacon_bell()).load::<Bells>(ctx.clock.now_ms())?.value;
    if bells != Bells::default() {
        StateFile::at(files.beacon_bell()).store(&bells)?;
    }
    let (old, new) = (former.beacon(), files.beacon());
    if let Some(folder) = new.parent() {
        private::folder(folder)?;
    }
    engine::fail_point(ctx, "beacon-moving");
    // In one step: at no moment are there two of them, or none.
    match atomic::rename(&old, &new) {
        // Another command has just done so.
        Err(error) if error.source.kind() == ErrorKind::NotFound => return Ok(()),
        done => done?,
    }
    engine::fail_point(ctx, "beacon-moved");
    settle_in(ctx, at)?;
    let shown = |path: &std::path::Path| plain::name(&path.to_string_lossy());
    let entry = Entry::new("beacon", "move", Outcome::Success)
        .item(format!("{} in {}", identity.channel, at.worktree.display()))
        .reason(format!("{} was at {} before", identity.name, shown(&identity.worktree)));
    audit::note(ctx, entry);
    Ok(())
}

/// Writes down where a side lies that says to be where it is not: whoever took it over was killed before that.
fn settle_in(ctx: &Context, at: &Location) -> Result<(), OpError> {
    let file = StateFile::at(place::files(ctx, at).beacon());
    let Ok(Loaded { value: identity, problem: None }) = file.peek::<Identity>() else { return Ok(()) };
    if identity.id.is_empty() || identity.worktree == at.worktree || is_at(&identity, &repo_key(&at.git_dir)) {
        return Ok(());
    }
    Ok(file.store(&Identity { worktree: at.worktree.clone(), ..identity })?)
}

/// The side that has the refs of a working tree which is none: its name, and where it lies.
pub(super) fn elsewhere(ctx: &Context, at: &Location) -> Option<(String, String)> {
    let ids = ids(ctx, at).ok().filter(|ids| !ids.is_empty())?;
    let (_, side) = place::sides(ctx).ok()?.into_iter().find(|(_, side)| ids.contains(&side.id))?;
    Some((plain::name(&side.name), plain::name(&side.worktree.to_string_lossy())))
}

/// The ids of all sides whose refs a repository has.
fn ids(ctx: &Context, at: &Location) -> Result<BTreeSet<String>, OpError> {
    let config = policy::config_at(&ctx.layout, at)?;
    let git = engine::git_for(ctx, at, &config);
    let refs = git.read(["for-each-ref", "--format=%(refname)", REFS]).line()?;
    Ok(refs.lines().filter_map(|name| name.strip_prefix(REFS)?.split('/').next()).map(str::to_owned).collect())
}

/// Whether a side lies where it says, and is kept under this key.
fn is_at(identity: &Identity, key: &str) -> bool {
    locate(&identity.worktree).is_some_and(|there| repo_key(&there.git_dir) == key)
}

/// Sides whose working tree is not where it was, by the name under which they are kept. What a newer program wrote is its
/// own to move.
fn homeless(ctx: &Context) -> Result<Vec<(String, Identity)>, OpError> {
    let folder = ctx.layout.repos();
    let mut found = Vec::new();
    if !folder.exists() {
        return Ok(found);
    }
    for entry in fs::read_dir(&folder).at("list", &folder)? {
        let Some(key) = entry.at("list", &folder)?.file_name().to_str().map(str::to_owned) else { continue };
        let kept = StateFile::at(ctx.layout.repo(&key).beacon()).peek::<Identity>();
        let Ok(Loaded { value: identity, problem: None }) = kept else { continue };
        if !identity.id.is_empty() && !is_at(&identity, &key) {
            found.push((key, identity));
        }
    }
    Ok(found)
}
