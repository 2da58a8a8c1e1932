//! Whether the changes of a branch have come into another one as other commits: by a rebase, or squashed into one.
//!
//! Compared are patches without lines of context, so that what changed beside them does not matter. Only commits that
//! touch the same files are looked into, so that a long history costs one comparison of trees a commit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use git2::{Commit, Delta, Diff, DiffFlags, DiffOptions, Oid, Tree};

use super::command::{Git, GitError};
use super::repository::{ReadError, Reading as _, Repository, oid, optional};

/// At most so many commits of the other branch are looked at.
const LOOKED_AT: usize = 20_000;

/// In which form the changes are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Same {
    /// Each commit has one with the same patch.
    Each,
    /// One commit has the patch of all of them together.
    Whole,
}

/// A patch as it is compared: its id, and what that leaves out (the objects of binary files, modes).
type Print = (Oid, Vec<(PathBuf, u32, Option<Oid>)>);

/// A change between two trees.
struct Change<'r> {
    old: Option<Tree<'r>>,
    new: Tree<'r>,
    paths: BTreeSet<PathBuf>,
}

impl Repository {
    /// What a symbolic ref names; `None` where there is none, or it is no symbolic one.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn symbolic(&self, name: &str) -> Result<Option<String>, ReadError> {
        let Some(found) = optional(self.inner.find_reference(name)).reading(name)? else { return Ok(None) };
        Ok(found.symbolic_target().reading(name)?.map(str::to_owned))
    }

    /// The bytes of a file in a commit; `None` where it is not there, or no file.
    ///
    /// # Errors
    /// Where an object is missing.
    pub fn file(&self, commit: &str, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let object = self.inner.find_object(oid(commit)?, None).reading("a tree")?;
        let tree = object.peel_to_tree().reading("a tree")?;
        let Some(entry) = optional(tree.get_path(Path::new(path))).reading("a tree")? else { return Ok(None) };
        if entry.kind() != Some(git2::ObjectType::Blob) {
            return Ok(None);
        }
        Ok(Some(self.inner.find_blob(entry.id()).reading("a file")?.content().to_owned()))
    }

    /// Whether what `tip` changed since `base` has come into `main` as other commits. What lies below `without` is not
    /// looked at.
    ///
    /// # Errors
    /// Where an object is missing.
    pub fn same_patches(
        &self,
        base: &str,
        tip: &str,
        main: &str,
        without: Option<&str>,
    ) -> Result<Option<Same>, ReadError> {
        let (base, tip, main) = (oid(base)?, oid(tip)?, oid(main)?);
        let tree = |id: Oid| self.inner.find_commit(id).and_then(|c| c.tree()).reading("a tree");
        let whole = self.change(Some(tree(base)?), tree(tip)?, without)?;
        if whole.paths.is_empty() {
            return Ok(None);
        }
        let mut own = Vec::new();
        for commit in self.beyond(tip, main)? {
            let commit = self.inner.find_commit(commit).reading("a commit")?;
            if commit.parent_count() < 2 {
                own.extend(self.change_of(&commit, without)?.filter(|change| !change.paths.is_empty()));
            }
        }
        let mut wanted: BTreeMap<Print, bool> = BTreeMap::new();
        for change in &own {
            wanted.insert(self.print(change)?, false);
        }
        let all = self.print(&whole)?;
        let sets: BTreeSet<&BTreeSet<PathBuf>> = own.iter().map(|c| &c.paths).chain([&whole.paths]).collect();
        let any: BTreeSet<&PathBuf> = sets.iter().flat_map(|s| s.iter()).collect();
        let mut squashed = false;
        for commit in self.beyond(main, tip)?.into_iter().take(LOOKED_AT) {
            let commit = self.inner.find_commit(commit).reading("a commit")?;
            if commit.parent_count() != 1 || !self.touches(&commit, &any)? {
                continue;
            }
            let Some(change) = self.change_of(&commit, without)?.filter(|c| sets.contains(&c.paths)) else { continue };
            let print = self.print(&change)?;
            squashed |= print == all;
            if let Some(found) = wanted.get_mut(&print) {
                *found = true;
            }
            if !wanted.is_empty() && wanted.values().all(|found| *found) {
                return Ok(Some(Same::Each));
            }
        }
        Ok(squashed.then_some(Same::Whole))
    }

    /// Whether what `tip` changed since `base` was taken back on `main` after it came there: the newest commit that has
    /// its patch, or the reverse, has the reverse. That of all together counts, or that of each commit. What lies below
    /// `without` is not looked at.
    ///
    /// # Errors
    /// Where an object is missing.
    pub fn reverted(&self, base: &str, tip: &str, main: &str, without: &str) -> Result<bool, ReadError> {
        let (base, tip, main) = (oid(base)?, oid(tip)?, oid(main)?);
        let tree = |id: Oid| self.inner.find_commit(id).and_then(|c| c.tree()).reading("a tree");
        let mut wanted = vec![self.change(Some(tree(base)?), tree(tip)?, Some(without))?];
        for commit in self.beyond(tip, base)? {
            let commit = self.inner.find_commit(commit).reading("a commit")?;
            if commit.parent_count() == 1 {
                wanted.extend(self.change_of(&commit, Some(without))?.filter(|change| !change.paths.is_empty()));
            }
        }
        let mut prints = Vec::new();
        for change in &wanted {
            let back = Change {
                old: Some(change.new.clone()),
                new: match &change.old {
                    Some(old) => old.clone(),
                    None => return Ok(false),
                },
                paths: change.paths.clone(),
            };
            prints.push((self.print(change)?, self.print(&back)?));
        }
        let sets: BTreeSet<&BTreeSet<PathBuf>> = wanted.iter().map(|c| &c.paths).collect();
        let any: BTreeSet<&PathBuf> = sets.iter().flat_map(|s| s.iter()).collect();
        let mut newest = vec![None; prints.len()];
        for commit in self.beyond(main, tip)?.into_iter().take(LOOKED_AT) {
            let commit = self.inner.find_commit(commit).reading("a commit")?;
            if commit.parent_count() != 1 || !self.touches(&commit, &any)? {
                continue;
            }
            let change = self.change_of(&commit, Some(without))?;
            let Some(change) = change.filter(|c| sets.contains(&c.paths)) else { continue };
            let print = self.print(&change)?;
            for ((there, back), newest) in prints.iter().zip(&mut newest) {
                if newest.is_none() && (print == *there || print == *back) {
                    *newest = Some(print == *back);
                }
            }
            if let Some(back) = newest[0] {
                return Ok(back);
            }
        }
        Ok(all_back(&newest))
    }

    /// The commits of `tip` that `other` does not have.
    fn beyond(&self, tip: Oid, other: Oid) -> Result<Vec<Oid>, ReadError> {
        let mut walk = self.inner.revwalk().reading("the history")?;
        walk.push(tip).reading("the history")?;
        walk.hide(other).reading("the history")?;
        walk.collect::<Result<_, _>>().reading("the history")
    }

    /// Whether a commit changes one of `paths`.
    fn touches(&self, commit: &Commit<'_>, paths: &BTreeSet<&PathBuf>) -> Result<bool, ReadError> {
        let old = commit.parent(0).and_then(|p| p.tree()).reading("a tree")?;
        let new = commit.tree().reading("a tree")?;
        let mut options = plain();
        options.disable_pathspec_match(true);
        for path in paths {
            options.pathspec(path);
        }
        let diff = self.inner.diff_tree_to_tree(Some(&old), Some(&new), Some(&mut options)).reading("a difference")?;
        Ok(diff.deltas().len() > 0)
    }

    fn change_of(&self, commit: &Commit<'_>, without: Option<&str>) -> Result<Option<Change<'_>>, ReadError> {
        let commit = self.inner.find_commit(commit.id()).reading("a commit")?;
        let old = match commit.parent_count() {
            0 => None,
            _ => Some(commit.parent(0).and_then(|p| p.tree()).reading("a tree")?),
        };
        let new = commit.tree().reading("a tree")?;
        self.change(old, new, without).map(Some)
    }

    fn change<'r>(
        &'r self,
        old: Option<Tree<'r>>,
        new: Tree<'r>,
        without: Option<&str>,
    ) -> Result<Change<'r>, ReadError> {
        let diff =
            self.inner.diff_tree_to_tree(old.as_ref(), Some(&new), Some(&mut plain())).reading("a difference")?;
        let paths = diff.deltas().filter_map(|d| Some(d.new_file().path().or(d.old_file().path())?.to_owned()));
        let paths = paths.filter(|p| without.is_none_or(|without| !p.starts_with(without))).collect();
        drop(diff);
        Ok(Change { old, new, paths })
    }

    fn print(&self, change: &Change<'_>) -> Result<Print, ReadError> {
        let mut options = plain();
        options.context_lines(0).disable_pathspec_match(true);
        for path in &change.paths {
            options.pathspec(path);
        }
        let diff: Diff<'_> = self
            .inner
            .diff_tree_to_tree(change.old.as_ref(), Some(&change.new), Some(&mut options))
            .reading("a difference")?;
        let id = diff.patchid(None).reading("a patch")?;
        // The id says nothing of what a binary file holds.
        let beside = diff.deltas().filter_map(|d| {
            let path = d.new_file().path().or(d.old_file().path())?.to_owned();
            let gone = d.status() == Delta::Deleted;
            let object = d.flags().contains(DiffFlags::BINARY) && !gone;
            Some((path, d.new_file().mode().into(), object.then(|| d.new_file().id())))
        });
        Ok((id, beside.collect()))
    }
}

/// Of all together and of each commit, whether the newest that has its patch, or the reverse, has the reverse.
fn all_back(newest: &[Option<bool>]) -> bool {
    newest[0].unwrap_or(newest.len() > 1 && newest[1..].iter().all(|n| *n == Some(true)))
}

fn plain() -> DiffOptions {
    let mut options = DiffOptions::new();
    options.include_typechange(true);
    options
}

const SHAPE: [&str; 8] =
    ["-p", "-U0", "--no-ext-diff", "--no-textconv", "--no-renames", "--full-index", "--binary", "--no-color"];

/// The ids of patches, by the git program.
struct Patches<'g> {
    git: &'g Git<'g>,
    exclude: Option<String>,
}

impl Patches<'_> {
    fn ids(&self, words: &[&str], more: &[&str]) -> Result<Vec<String>, GitError> {
        let only = ["--", ":(top)"].into_iter().chain(self.exclude.as_deref());
        let words = words.iter().chain(&SHAPE).chain(more).copied().chain(only);
        let text = self.git.read(words).run()?.stdout;
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let told = self.git.read(["patch-id", "--stable"]).input(text).line()?;
        Ok(told.lines().filter_map(|l| l.split(' ').next()).map(str::to_owned).collect())
    }

    /// Of the commits of a range, newest first; a long history is read up to a bound.
    fn log(&self, range: &str, more: &[&str]) -> Result<Vec<String>, GitError> {
        let head = ["log", "--no-merges", "--no-show-signature", "--max-count=2000", "--format=commit %H"];
        self.ids(&head, &[more, &[range]].concat())
    }
}

fn patches<'g>(git: &'g Git<'_>, without: Option<&str>) -> Patches<'g> {
    Patches { git, exclude: without.map(|without| format!(":(exclude,top){without}")) }
}

/// The same by the git program.
pub(super) fn same_patches(
    git: &Git<'_>,
    base: &str,
    tip: &str,
    main: &str,
    without: Option<&str>,
) -> Result<Option<Same>, GitError> {
    let patches = patches(git, without);
    let whole = patches.ids(&["diff"], &[base, tip])?;
    let Some(whole) = whole.first() else { return Ok(None) };
    let (own, there) = (patches.log(&format!("{main}..{tip}"), &[])?, patches.log(&format!("{tip}..{main}"), &[])?);
    if !own.is_empty() && own.iter().all(|id| there.contains(id)) {
        return Ok(Some(Same::Each));
    }
    Ok(there.contains(whole).then_some(Same::Whole))
}

/// See [`Repository::reverted`].
pub(super) fn reverted(git: &Git<'_>, base: &str, tip: &str, main: &str, without: &str) -> Result<bool, GitError> {
    let patches = patches(git, Some(without));
    let own = format!("{base}..{tip}");
    let mut prints = Vec::new();
    // `-R` swaps the prefixes too, and the ids of patches have them.
    for more in [&[][..], &["-R", "--src-prefix=b/", "--dst-prefix=a/"]] {
        let whole = patches.ids(&["diff"], &[more, &[base, tip]].concat())?;
        prints.push([whole, patches.log(&own, more)?].concat());
    }
    let there = patches.log(&format!("{tip}..{main}"), &[])?;
    let pairs = prints[0].iter().zip(&prints[1]);
    let newest: Vec<_> =
        pairs.map(|(on, back)| there.iter().find(|id| *id == on || *id == back).map(|id| id == back)).collect();
    Ok(!newest.is_empty() && all_back(&newest))
}
