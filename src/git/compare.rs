//! What differs between two trees.
//!
//! libgit2 goes over every file of both, also where a folder is the same in both: in a repository of 10,000 files that
//! costs more than all else that is asked of it. Here a folder with the same id is not opened.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid, Tree, TreeEntry};

use super::porcelain;
use super::repository::{ReadError, Reading as _, Repository, oid};

/// The mode and the object of a file, a link or a submodule.
type Leaf = (i32, Oid);

/// The bits of a mode that tell a file, a link and a submodule apart.
const KIND: i32 = 0o170_000;

/// A file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Delta {
    /// Its path.
    pub(super) path: PathBuf,
    /// What it was; `None` where it is new.
    pub(super) old: Option<Leaf>,
    /// What it is; `None` where it is gone.
    pub(super) new: Option<Leaf>,
}

impl Delta {
    /// `A`, `D`, `T` or `M`, as git has it.
    pub(super) fn letter(&self) -> u8 {
        match (self.old, self.new) {
            (None, _) => b'A',
            (_, None) => b'D',
            (Some((old, _)), Some((new, _))) if old & KIND != new & KIND => b'T',
            _ => b'M',
        }
    }
}

impl Repository {
    /// Every file of a tree or commit.
    ///
    /// # Errors
    /// Where an object is missing.
    pub fn files(&self, tree: &str) -> Result<Vec<porcelain::TreeEntry>, ReadError> {
        let tree = self.inner.find_object(oid(tree)?, None).reading("a tree")?.peel_to_tree().reading("a tree")?;
        let listed = |delta: Delta| {
            let (mode, id) = delta.new?;
            Some(porcelain::TreeEntry { mode: format!("{mode:06o}"), id: id.to_string(), path: delta.path })
        };
        Ok(compare(&self.inner, None, &tree, |_| true)?.into_iter().filter_map(listed).collect())
    }
}

/// The files that differ, in the order of their paths; what `wanted` says no to (a file, or a folder with all that is in
/// it) is left out. No old tree is an empty one.
pub(super) fn compare(
    repository: &git2::Repository,
    old: Option<&Tree<'_>>,
    new: &Tree<'_>,
    mut wanted: impl FnMut(&Path) -> bool,
) -> Result<Vec<Delta>, ReadError> {
    let mut found = Vec::new();
    let load = |id: Option<Oid>| id.map(|id| repository.find_tree(id).reading("a tree")).transpose();
    // A list and no recursion: how deep a tree goes is up to whoever made it.
    let mut open = vec![(PathBuf::new(), old.map(Tree::id), Some(new.id()))];
    while let Some((folder, old, new)) = open.pop() {
        if old == new {
            continue;
        }
        let (old, new) = (load(old)?, load(new)?);
        let mut olds = old.iter().flat_map(Tree::iter).peekable();
        let mut news = new.iter().flat_map(Tree::iter).peekable();
        loop {
            let order = match (olds.peek(), news.peek()) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(old), Some(new)) => order(old, new),
            };
            let was = if order.is_le() { olds.next() } else { None };
            let is = if order.is_ge() { news.next() } else { None };
            let pair = [&was, &is].map(|entry| entry.as_ref().map(|e| (e.filemode_raw(), e.id())));
            if pair[0] == pair[1] {
                continue;
            }
            let Some(either) = is.as_ref().or(was.as_ref()) else { continue };
            let path = folder.join(OsStr::from_bytes(either.name_bytes()));
            if !wanted(&path) {
                continue;
            }
            let [old, new] = pair;
            // A folder comes together with none but a folder: they are in another place of the order than files.
            if is_folder(either) {
                open.push((path, old.map(|o| o.1), new.map(|n| n.1)));
            } else {
                found.push(Delta { path, old, new });
            }
        }
    }
    found.sort_by(|a, b| a.path.as_os_str().cmp(b.path.as_os_str()));
    Ok(found)
}

fn is_folder(entry: &TreeEntry<'_>) -> bool {
    entry.kind() == Some(ObjectType::Tree)
}

/// The order of git's trees: that of the names, with a `/` behind those of folders.
fn order(one: &TreeEntry<'_>, other: &TreeEntry<'_>) -> Ordering {
    let end = |entry: &TreeEntry<'_>| is_folder(entry).then_some(b'/');
    let (a, b) = (one.name_bytes(), other.name_bytes());
    let same = a.len().min(b.len());
    let rest = |name: &[u8], end: Option<u8>| name.get(same).copied().or(end);
    // Names that are equal so far: the longer one, or the folder, is behind. What follows then is compared as well.
    a[..same].cmp(&b[..same]).then_with(|| match (rest(a, end(one)), rest(b, end(other))) {
        (one, other) if one == other => a.len().cmp(&b.len()),
        (one, other) => one.cmp(&other),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use git2::{DiffOptions, Repository};
    use proptest::prelude::*;

    use super::*;

    const MODES: [i32; 4] = [0o100_644, 0o100_755, 0o120_000, 0o160_000];

    /// A tree of files (path, mode, content); of a file and a folder of one name the folder.
    fn tree(repository: &Repository, files: &BTreeMap<String, (usize, u8)>) -> Oid {
        let mut folders: BTreeMap<&str, BTreeMap<String, (usize, u8)>> = BTreeMap::new();
        let mut builder = repository.treebuilder(None).unwrap();
        for (path, (mode, content)) in files {
            match path.split_once('/') {
                Some((folder, rest)) => drop(folders.entry(folder).or_default().insert(rest.into(), (*mode, *content))),
                None => {
                    let id = match MODES[*mode] {
                        0o160_000 => Oid::from_bytes(&[*content + 1; 20]).unwrap(),
                        _ => repository.blob(&[*content]).unwrap(),
                    };
                    builder.insert(path, id, MODES[*mode]).unwrap();
                }
            }
        }
        for (folder, files) in folders {
            let id = tree(repository, &files);
            builder.insert(folder, id, 0o040_000).unwrap();
        }
        builder.write().unwrap()
    }

    fn files() -> impl Strategy<Value = BTreeMap<String, (usize, u8)>> {
        // Names that stand around the `/` in the order of bytes.
        let name = prop::sample::select(vec!["a", "a-", "a.b", "a0", "aa", "b"]);
        let path = prop::collection::vec(name, 1..4).prop_map(|names| names.join("/"));
        prop::collection::btree_map(path, (0..MODES.len(), 0..3_u8), 0..12)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_is_what_libgit2_finds((one, other) in (files(), files())) {
            let folder = tempfile::tempdir().unwrap();
            let repository = Repository::init_bare(folder.path()).unwrap();
            let [one, other] = [one, other].map(|files| repository.find_tree(tree(&repository, &files)).unwrap());
            let mut options = DiffOptions::new();
            options.include_typechange(true);
            let theirs = repository.diff_tree_to_tree(Some(&one), Some(&other), Some(&mut options)).unwrap();
            let theirs: Vec<_> = theirs
                .deltas()
                .map(|d| {
                    let letter = match d.status() {
                        git2::Delta::Added => b'A',
                        git2::Delta::Deleted => b'D',
                        git2::Delta::Typechange => b'T',
                        _ => b'M',
                    };
                    (letter, d.new_file().path().unwrap().to_owned())
                })
                .collect();
            let ours = compare(&repository, Some(&one), &other, |_| true).unwrap();
            let ours: Vec<_> = ours.into_iter().map(|d| (d.letter(), d.path)).collect();
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn what_is_not_wanted_is_not_looked_into() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(folder.path()).unwrap();
        let files = [("context/a", 0), ("context/b/c", 0), ("contexts", 0), ("x", 0)];
        let files = files.map(|(path, content)| (path.to_owned(), (0, content))).into();
        let new = repository.find_tree(tree(&repository, &files)).unwrap();
        let mut seen = Vec::new();
        let found = compare(&repository, None, &new, |path| {
            seen.push(path.to_owned());
            !path.starts_with("context")
        });
        let found: Vec<_> = found.unwrap().into_iter().map(|d| (d.letter(), d.path)).collect();
        assert_eq!(found, [(b'A', PathBuf::from("contexts")), (b'A', "x".into())]);
        assert_eq!(seen, ["context", "contexts", "x"].map(PathBuf::from));
    }
}
