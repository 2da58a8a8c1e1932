//! Whether the changes of a branch have come into another one as other commits: by a rebase, or squashed into one.
//!
//! Compared are patches without lines of context, so that what changed beside them does not matter. Only commits that
//! touch the same files are looked into, so that a long history costs one comparison of trees a commit.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use git2::{Commit, Diff, DiffFlags, DiffOptions, Oid, Tree};

use super::command::{Git, GitError};
use super::compare::{Delta, compare};
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
    deltas: Vec<Delta>,
    paths: BTreeSet<PathBuf>,
    print: OnceCell<Print>,
}

impl<'r> Change<'r> {
    fn new(old: Option<Tree<'r>>, new: Tree<'r>, deltas: Vec<Delta>) -> Self {
        let paths = deltas.iter().map(|d| d.path.clone()).collect();
        Self { old, new, deltas, paths, print: OnceCell::new() }
    }

    /// The reverse; `None` of a first commit.
    fn back(&self) -> Option<Self> {
        let turn = |d: &Delta| Delta { path: d.path.clone(), old: d.new, new: d.old };
        Some(Self::new(Some(self.new.clone()), self.old.clone()?, self.deltas.iter().map(turn).collect()))
    }
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
                own.push(self.change_of(&commit, without)?);
            }
        }
        own.retain(|change| !change.paths.is_empty());
        let sets: BTreeSet<&BTreeSet<PathBuf>> = own.iter().chain([&whole]).map(|c| &c.paths).collect();
        let mut found = vec![false; own.len()];
        let mut squashed = false;
        for commit in self.beyond(main, tip)?.into_iter().take(LOOKED_AT) {
            let Some(change) = self.like(commit, without, &sets)? else { continue };
            squashed = squashed || self.same(&change, &whole)?;
            for (found, own) in found.iter_mut().zip(&own) {
                *found = *found || self.same(&change, own)?;
            }
            if !own.is_empty() && found.iter().all(|found| *found) {
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
        let without = Some(without);
        let tree = |id: Oid| self.inner.find_commit(id).and_then(|c| c.tree()).reading("a tree");
        let whole = self.change(Some(tree(base)?), tree(tip)?, without)?;
        let mut own = Vec::new();
        for commit in self.beyond(tip, base)? {
            let commit = self.inner.find_commit(commit).reading("a commit")?;
            if commit.parent_count() == 1 {
                own.push(self.change_of(&commit, without)?);
            }
        }
        own.retain(|change| !change.paths.is_empty());
        let wanted: Vec<_> = std::iter::once(whole).chain(own).collect();
        let Some(backs) = wanted.iter().map(Change::back).collect::<Option<Vec<_>>>() else { return Ok(false) };
        let sets: BTreeSet<&BTreeSet<PathBuf>> = wanted.iter().map(|c| &c.paths).collect();
        let mut newest = vec![None; wanted.len()];
        for commit in self.beyond(main, tip)?.into_iter().take(LOOKED_AT) {
            let Some(change) = self.like(commit, without, &sets)? else { continue };
            for ((there, back), newest) in wanted.iter().zip(&backs).zip(&mut newest) {
                if newest.is_none() {
                    let is_back = self.same(&change, back)?;
                    *newest = (is_back || self.same(&change, there)?).then_some(is_back);
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

    /// What a commit with one parent changes, if these are the paths of one of `sets`.
    fn like(
        &self,
        commit: Oid,
        without: Option<&str>,
        sets: &BTreeSet<&BTreeSet<PathBuf>>,
    ) -> Result<Option<Change<'_>>, ReadError> {
        let commit = self.inner.find_commit(commit).reading("a commit")?;
        if commit.parent_count() != 1 {
            return Ok(None);
        }
        // Most commits have another file, and are not looked into any further once one has come up.
        let mut other = false;
        let change = self.change_where(&commit, |path| {
            let below = without.is_some_and(|without| path.starts_with(without));
            other |= !below && !sets.iter().any(|set| holds(set, path));
            !below && !other
        })?;
        Ok(Some(change).filter(|change| !other && !change.paths.is_empty() && sets.contains(&change.paths)))
    }

    fn change_of(&self, commit: &Commit<'_>, without: Option<&str>) -> Result<Change<'_>, ReadError> {
        self.change_where(commit, |path| without.is_none_or(|without| !path.starts_with(without)))
    }

    fn change_where(&self, commit: &Commit<'_>, wanted: impl FnMut(&Path) -> bool) -> Result<Change<'_>, ReadError> {
        let tree = |id: Oid| self.inner.find_tree(id).reading("a tree");
        let old = match commit.parent_count() {
            0 => None,
            _ => Some(tree(commit.parent(0).reading("a commit")?.tree_id())?),
        };
        let new = tree(commit.tree_id())?;
        let deltas = compare(&self.inner, old.as_ref(), &new, wanted)?;
        Ok(Change::new(old, new, deltas))
    }

    fn change<'r>(
        &'r self,
        old: Option<Tree<'r>>,
        new: Tree<'r>,
        without: Option<&str>,
    ) -> Result<Change<'r>, ReadError> {
        let wanted = |path: &Path| without.is_none_or(|without| !path.starts_with(without));
        let deltas = compare(&self.inner, old.as_ref(), &new, wanted)?;
        Ok(Change::new(old, new, deltas))
    }

    /// Whether two changes are the same patch. To make one, libgit2 reads the whole index and the attributes; changes
    /// that lead from the same objects to the same need none.
    fn same(&self, one: &Change<'_>, other: &Change<'_>) -> Result<bool, ReadError> {
        if one.paths != other.paths {
            return Ok(false);
        }
        Ok(one.deltas == other.deltas || self.print_of(one)? == self.print_of(other)?)
    }

    fn print_of<'c>(&self, change: &'c Change<'_>) -> Result<&'c Print, ReadError> {
        if let Some(print) = change.print.get() {
            return Ok(print);
        }
        let print = self.print(change)?;
        Ok(change.print.get_or_init(|| print))
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
            let gone = d.status() == git2::Delta::Deleted;
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

/// Whether one of `set` is `path`, or lies below it.
fn holds(set: &BTreeSet<PathBuf>, path: &Path) -> bool {
    set.range::<Path, _>((Bound::Included(path), Bound::Unbounded)).next().is_some_and(|first| first.starts_with(path))
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
