//! Whether the work of a phase has reached the main branch.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::book::fields::Status;
use crate::config::model::Config;
use crate::git::command::{Git, GitError};
use crate::git::patches::Same;
use crate::git::porcelain::{self, TreeEntry, Trial};
use crate::git::reads::Reads;
use crate::ops::error::OpError;
use crate::ops::plan::Place;
use crate::ops::plan::documents::PhaseDocument;
use crate::phase::book::Book;
use crate::phase::name::PlanName;

/// Where a phase's branch is remembered, so that its work is known after the branch was deleted. Local refs only.
const KEPT: &str = "refs/craft/para/";
/// Where it is remembered what a phase's branch was made from.
const BASES: &str = "refs/craft/para-base/";
/// What is written by the commands of plans themselves, and may differ from branch to branch.
const BOOKS: &str = "context";
/// How far back the merge of a branch is looked for, to know whether it was taken back.
const FIRST_PARENTS: usize = 2000;

/// The branch that phases are merged into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Main {
    /// Its name: `main`.
    pub name: String,
    /// The remote it follows, where there is one.
    pub remote: Option<String>,
    /// The commit of the local branch.
    pub local: Option<String>,
    /// The commit where the remote's was last seen.
    pub upstream: Option<String>,
    /// The newest of both, which has the other in its history; the remote's where they have come apart.
    pub tip: String,
    /// Whether both have commits that the other lacks.
    pub diverged: bool,
}

/// How the work has got there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// The branch is in the history: a merge commit, or a fast-forward.
    Merge,
    /// One commit has the same patch as the whole branch.
    Squash,
    /// Each commit of the branch has one with the same patch.
    Rebase,
    /// To merge the branch would change nothing.
    Contained,
    /// The branch is gone, and the book on the main branch says that the phase is completed.
    Recorded,
}

/// How a phase stands with regard to the main branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The branch's commit: the local one, else the remote's; `None` where there is none any more.
    pub tip: Option<String>,
    /// Commits that the branch has and the main branch lacks, and the other way round.
    pub ahead_behind: Option<(usize, usize)>,
    /// How it was merged; `None` where it was not, or has nothing that could be.
    pub merged: Option<Way>,
}

/// The remote that phases are fetched from and pushed to: the one the main branch follows, else `origin`, else the only
/// one.
pub(super) fn remote(reads: &Reads<'_, '_>, main: Option<&str>) -> Result<Option<String>, GitError> {
    if let Some(main) = main
        && let Some(upstream) = reads.upstream(main)?
    {
        return Ok(Some(upstream.remote));
    }
    let all = reads.remotes()?;
    Ok(match &all[..] {
        [] => None,
        [one] => Some(one.clone()),
        several => several.iter().find(|r| *r == "origin").or(several.first()).cloned(),
    })
}

/// The main branch: `plans.mainBranch`, else what the remote's HEAD names, else `main` or `master`.
///
/// # Errors
/// Where there is none, or git cannot tell.
pub fn main(config: &Config, reads: &Reads<'_, '_>) -> Result<Main, OpError> {
    let set = config.plans.main_branch.clone();
    let remote = remote(reads, set.as_deref())?;
    let tracking = |name: &str| remote.as_ref().map(|remote| format!("refs/remotes/{remote}/{name}"));
    let named = match (&set, &remote) {
        (Some(name), _) => Some(name.clone()),
        (None, Some(remote)) => {
            let head = reads.symbolic(&format!("refs/remotes/{remote}/HEAD"))?;
            head.and_then(|h| h.strip_prefix(&format!("refs/remotes/{remote}/")).map(str::to_owned))
        }
        (None, None) => None,
    };
    let candidates = named.map_or_else(|| vec!["main".to_owned(), "master".into()], |name| vec![name]);
    for name in candidates {
        let local = reads.resolve(&format!("refs/heads/{name}"))?;
        let follows = reads.upstream(&name)?.filter(|up| Some(&up.remote) == remote.as_ref());
        let there = follows.map_or_else(|| name.clone(), |up| up.branch);
        let upstream = match tracking(&there) {
            Some(tracking) => reads.resolve(&tracking)?,
            None => None,
        };
        let (tip, diverged) = match (&local, &upstream) {
            (None, None) => continue,
            (Some(only), None) | (None, Some(only)) => (only.clone(), false),
            (Some(local), Some(upstream)) if reads.is_ancestor(local, upstream)? => (upstream.clone(), false),
            (Some(local), Some(upstream)) if reads.is_ancestor(upstream, local)? => (local.clone(), false),
            (Some(_), Some(upstream)) => (upstream.clone(), true),
        };
        return Ok(Main { name, remote, local, upstream, tip, diverged });
    }
    let what =
        set.map_or_else(|| "neither `main` nor `master` has a commit".into(), |s| format!("`{s}` has no commit"));
    Err(OpError::refused(format!("there is no main branch: {what}"))
        .remedy("make a first commit, or name the branch: craft auto-sync config set plans.mainBranch NAME"))
}

/// Remembers where a phase's branch is, and what it was made from.
///
/// # Errors
/// Where git cannot write.
pub fn remember(git: &Git<'_>, branch: &str, tip: &str, base: Option<&str>) -> Result<(), GitError> {
    git.write(["update-ref", &format!("{KEPT}{branch}"), tip]).run()?;
    if let Some(base) = base {
        git.write(["update-ref", &format!("{BASES}{branch}"), base]).run()?;
    }
    Ok(())
}

/// Where a phase's branch was when that was last remembered here.
pub(super) fn kept(reads: &Reads<'_, '_>, branch: &str) -> Result<Option<String>, GitError> {
    reads.resolve(&format!("{KEPT}{branch}"))
}

/// What a phase's branch was made from, where that was remembered here.
pub(super) fn base(reads: &Reads<'_, '_>, branch: &str) -> Result<Option<String>, GitError> {
    reads.resolve(&format!("{BASES}{branch}"))
}

/// A branch's commit: the local one, else the remote's.
pub(super) fn tip(reads: &Reads<'_, '_>, main: &Main, branch: &str) -> Result<Option<String>, GitError> {
    if let Some(tip) = reads.resolve(&format!("refs/heads/{branch}"))? {
        return Ok(Some(tip));
    }
    match &main.remote {
        Some(remote) => reads.resolve(&format!("refs/remotes/{remote}/{branch}")),
        None => Ok(None),
    }
}

/// The book as a commit has it; `None` where it has none that can be read.
pub(super) fn book_at(reads: &Reads<'_, '_>, commit: &str) -> Result<Option<Book>, GitError> {
    let bytes = reads.file(commit, crate::book::FILE)?;
    Ok(bytes.and_then(|b| String::from_utf8(b).ok()).and_then(|text| Book::parse(&text).ok()))
}

/// How the branch of a phase stands. Local reads only, nearly all of them by libgit2.
///
/// # Errors
/// Where git cannot tell.
pub fn standing(
    _place: &Place,
    git: &Git<'_>,
    reads: &Reads<'_, '_>,
    main: &Main,
    phase: &PhaseDocument,
) -> Result<Standing, OpError> {
    let tip = tip(reads, main, &phase.branch)?;
    let known = match &tip {
        Some(tip) => Some(tip.clone()),
        None => kept(reads, &phase.branch)?,
    };
    let mut merged = match &known {
        Some(known) => way(git, reads, main, phase, known)?,
        None => None,
    };
    // The book of a phase in a linked tree stays with the main one: it says nothing of a branch that is known not to be
    // merged.
    let apart = known.is_some() && phase.worktree.is_some();
    if merged.is_none() && tip.is_none() && !apart && recorded(reads, main, phase)? {
        merged = Some(Way::Recorded);
    }
    let ahead_behind = match &tip {
        Some(tip) => Some(reads.ahead_behind(tip, &main.tip)?),
        None => None,
    };
    Ok(Standing { tip, ahead_behind, merged })
}

fn way(
    git: &Git<'_>,
    reads: &Reads<'_, '_>,
    main: &Main,
    phase: &PhaseDocument,
    tip: &str,
) -> Result<Option<Way>, GitError> {
    let made_from = base(reads, &phase.branch)?;
    if reads.is_ancestor(tip, &main.tip)? {
        if !has_own(reads, phase, tip, made_from.as_deref())? {
            return Ok(None);
        }
        let base = match made_from {
            Some(base) => Some(base),
            None => before_the_merge(reads, main, tip)?,
        };
        return Ok(match base {
            Some(base) if taken_back(reads, main, &base, tip)? => None,
            _ => Some(Way::Merge),
        });
    }
    // A shallow clone may not reach back to where they came apart; then nothing can be said.
    let Some(base) = reads.merge_bases(tip, &main.tip)?.into_iter().next() else { return Ok(None) };
    let changed = reads.changed_paths(&base, tip)?;
    if changed.is_empty() {
        return Ok(None);
    }
    for without in [None, Some(BOOKS)] {
        let found = reads.same_patches(&base, tip, &main.tip, without)?;
        if let Some(same) = found {
            let way = if same == Same::Each { Way::Rebase } else { Way::Squash };
            return Ok((!taken_back(reads, main, &base, tip)?).then_some(way));
        }
    }
    // Of a phase that was just begun there is only the book, of which nothing can be told.
    if changed.iter().all(|(_, path)| path.starts_with(BOOKS)) {
        return Ok(None);
    }
    if surely_lacking(reads, main, &base, &changed)? {
        return Ok(None);
    }
    Ok(contained(git, reads, main, tip)?.then_some(Way::Contained))
}

/// Whether a branch that the main branch has in its history ever had a commit of its own: one that was just begun is
/// there as well.
fn has_own(reads: &Reads<'_, '_>, phase: &PhaseDocument, tip: &str, made_from: Option<&str>) -> Result<bool, GitError> {
    if let Some(base) = made_from {
        return Ok(base != tip);
    }
    // Elsewhere nobody remembers. To begin a phase is to commit its book on its branch.
    let then = book_at(reads, tip)?;
    let begun = then.as_ref().and_then(|b| b.fields().phase(phase.number)).is_some_and(|p| p.status != Status::Pending);
    Ok(begun || phase.status == Status::Completed)
}

/// Where a branch came from that was merged by a merge commit.
fn before_the_merge(reads: &Reads<'_, '_>, main: &Main, tip: &str) -> Result<Option<String>, GitError> {
    let chain = reads.first_parents(&main.tip, FIRST_PARENTS)?;
    // All up to the merge have the branch, and none before it.
    let (mut with, mut end) = (0, chain.len());
    while with + 1 < end {
        let middle = usize::midpoint(with, end);
        if reads.is_ancestor(tip, &chain[middle].0)? {
            with = middle;
        } else {
            end = middle;
        }
    }
    match chain.get(with + 1) {
        Some((before, _)) if chain[with].0 != tip => Ok(reads.merge_bases(before, tip)?.into_iter().next()),
        _ => Ok(None),
    }
}

/// Whether what a branch changed was taken back on the main branch: all is there as it was before, or some of it and a
/// commit did the reverse.
fn taken_back(reads: &Reads<'_, '_>, main: &Main, base: &str, tip: &str) -> Result<bool, GitError> {
    let changed = reads.changed_paths(base, tip)?;
    let paths: Vec<&str> =
        changed.iter().filter(|(_, p)| !p.starts_with(BOOKS)).filter_map(|(_, p)| p.to_str()).collect();
    if paths.is_empty() {
        return Ok(false);
    }
    let (now, before) = (reads.entries(&main.tip, &paths)?, reads.entries(base, &paths)?);
    if now == before {
        return Ok(true);
    }
    // Some of it went on since. Where nothing is as it was before, nothing was taken back: the history need not be read.
    let as_before = |path: &&str| entry(&now, path) == entry(&before, path);
    Ok(paths.iter().any(as_before) && reads.reverted(base, tip, &main.tip, BOOKS)?)
}

fn entry<'e>(entries: &'e [TreeEntry], path: &str) -> Option<&'e TreeEntry> {
    entries.iter().find(|e| e.path == Path::new(path))
}

/// Whether to merge the branch would surely change something, told without a merge: a file that the branch changed is
/// on the main branch as it was before, and no folder that git could take for renamed is gone there.
fn surely_lacking(reads: &Reads<'_, '_>, main: &Main, base: &str, changed: &[(u8, PathBuf)]) -> Result<bool, GitError> {
    let paths: Vec<&str> =
        changed.iter().map(|(_, p)| p).filter(|p| !p.starts_with(BOOKS)).filter_map(|p| p.to_str()).collect();
    let folders = |path: &&str| {
        let above = Path::new(*path).ancestors().skip(1).filter_map(Path::to_str).filter(|f| !f.is_empty());
        above.map(str::to_owned).collect::<Vec<_>>()
    };
    let all: BTreeSet<String> = paths.iter().flat_map(folders).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).chain(paths.iter().copied()).collect();
    let index = |entries: Vec<TreeEntry>| entries.into_iter().map(|e| (e.path.clone(), e)).collect();
    let now: BTreeMap<PathBuf, TreeEntry> = index(reads.entries(&main.tip, &all)?);
    let before: BTreeMap<PathBuf, TreeEntry> = index(reads.entries(base, &all)?);
    let lacking = |path: &&str| match (now.get(Path::new(path)), before.get(Path::new(path))) {
        (Some(now), Some(before)) => now == before,
        (None, None) => {
            let known = folders(path).into_iter().find(|f| before.contains_key(Path::new(f)));
            known.is_none_or(|folder| now.contains_key(Path::new(&folder)))
        }
        _ => false,
    };
    Ok(paths.iter().any(lacking))
}

/// Whether to merge the branch would change nothing but the books.
fn contained(git: &Git<'_>, reads: &Reads<'_, '_>, main: &Main, tip: &str) -> Result<bool, GitError> {
    let output = match git.write(["merge-tree", "--write-tree", "-z", "--no-messages", &main.tip, tip]).run() {
        Ok(finished) => finished.stdout,
        Err(error) if error.finished.code == Some(1) => error.finished.stdout,
        // Without a common history there is nothing that could be contained.
        Err(error) if error.finished.stderr.contains("unrelated histories") => return Ok(false),
        Err(error) => return Err(error),
    };
    let tree = match porcelain::merge_tree(&output) {
        Ok(Trial::Clean(tree)) => tree,
        Ok(Trial::Conflicts { tree, stages }) if stages.iter().all(|s| s.path.starts_with(BOOKS)) => tree,
        _ => return Ok(false),
    };
    let left = reads.changed_paths(&main.tip, &tree)?;
    Ok(left.iter().all(|(_, path)| path.starts_with(BOOKS)))
}

/// Whether the main branch's own book says that the phase is completed, and has its summary.
fn recorded(reads: &Reads<'_, '_>, main: &Main, phase: &PhaseDocument) -> Result<bool, GitError> {
    let Some(book) = book_at(reads, &main.tip)? else { return Ok(false) };
    let fields = book.fields();
    let said = fields.phase(phase.number).is_some_and(|p| p.status == Status::Completed && p.plan == phase.path);
    let Some(name) = PlanName::read(&phase.path).filter(|_| said) else { return Ok(false) };
    let ending = format!("-{}-summary.md", name.unit());
    let own = name.summary();
    let noted = fields.completed_summaries.iter().map(String::as_str).filter(|s| s.ends_with(&ending));
    let paths: Vec<&str> = noted.chain([own.as_str()]).collect();
    Ok(!reads.entries(&main.tip, &paths)?.is_empty())
}
