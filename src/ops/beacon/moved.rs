//! A working tree that was moved: what is kept of it lies under a name that is made of where it was. The id of a side
//! stands in the names of its refs, which came along.

use std::collections::BTreeSet;
use std::fs;

use crate::audit::{Entry, Outcome};
use crate::config::policy;
use crate::context::Context;
use crate::fs::IoContext;
use crate::fs::layout::repo_key;
use crate::locate::{Location, locate};
use crate::ops::beacon::place;
use crate::ops::error::OpError;
use crate::ops::{audit, engine};
use crate::plain;
use crate::state::beacon::Identity;
use crate::state::bell::Bells;
use crate::state::file::StateFile;

/// Where the refs of all sides are.
const REFS: &str = "refs/craft/beacon/";

/// Makes a working tree the side again that it was where it lay before. Does nothing where it is a side, where it never
/// was one, where the place it was at still has it (then this is a copy, and another side), or where that can be said of
/// several.
///
/// # Errors
/// Where what is kept cannot be read or written.
pub(super) fn take_over(ctx: &Context, at: &Location) -> Result<(), OpError> {
    let files = place::files(ctx, at);
    if files.beacon().exists() {
        return Ok(());
    }
    let config = policy::config_at(&ctx.layout, at)?;
    let git = engine::git_for(ctx, at, &config);
    let refs = git.read(["for-each-ref", "--format=%(refname)", REFS]).line()?;
    let ids: BTreeSet<_> = refs.lines().filter_map(|name| name.strip_prefix(REFS)?.split('/').next()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let mut homeless = homeless(ctx)?;
    homeless.retain(|(_, identity)| ids.contains(identity.id.as_str()));
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
    StateFile::at(files.beacon()).store(&Identity { worktree: at.worktree.clone(), ..identity.clone() })?;
    let old = former.beacon();
    fs::remove_file(&old).at("remove", &old)?;
    let shown = |path: &std::path::Path| plain::name(&path.to_string_lossy());
    let entry = Entry::new("beacon", "move", Outcome::Success)
        .item(format!("{} in {}", identity.channel, at.worktree.display()))
        .reason(format!("{} was at {} before", identity.name, shown(&identity.worktree)));
    audit::note(ctx, entry);
    Ok(())
}

/// Sides whose working tree is not where it was, by the name under which they are kept.
fn homeless(ctx: &Context) -> Result<Vec<(String, Identity)>, OpError> {
    let folder = ctx.layout.repos();
    let mut found = Vec::new();
    if !folder.exists() {
        return Ok(found);
    }
    for entry in fs::read_dir(&folder).at("list", &folder)? {
        let Some(key) = entry.at("list", &folder)?.file_name().to_str().map(str::to_owned) else { continue };
        let Ok(loaded) = StateFile::at(ctx.layout.repo(&key).beacon()).peek::<Identity>() else { continue };
        let identity = loaded.value;
        let there = locate(&identity.worktree).is_some_and(|there| repo_key(&there.git_dir) == key);
        if !identity.id.is_empty() && !there {
            found.push((key, identity));
        }
    }
    Ok(found)
}
