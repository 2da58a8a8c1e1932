//! Parsers of git's machine-readable output. Pure functions on bytes; each shows a sample.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use crate::scan::redact::hush;
use crate::sync::step::Progress;

/// One entry of `git status --porcelain=v2 -z`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path, relative to the top of the working tree.
    pub path: PathBuf,
    /// What is the matter with it.
    pub state: ChangeState,
}

/// See [`Change`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeState {
    /// Not known to git and not ignored. A folder is a repository of its own.
    Untracked {
        /// Whether the path is a folder.
        folder: bool,
    },
    /// Differs from HEAD, in the index, in the working tree or in both.
    Tracked {
        /// HEAD against index: `.`, `M`, `T`, `A`, `D`.
        index: u8,
        /// Index against working tree, in the same letters.
        worktree: u8,
        /// Mode and object id in HEAD; zeros where HEAD does not have it.
        head: (String, String),
        /// Mode in the index.
        index_mode: String,
    },
    /// Left unmerged by a merge or a stash.
    Unmerged,
}

impl Change {
    /// Whether the file is not in the working tree any more.
    #[must_use]
    pub fn deleted(&self) -> bool {
        matches!(self.state, ChangeState::Tracked { index, worktree, .. } if worktree == b'D' || (index == b'D' && worktree == b'.'))
    }

    /// Whether HEAD has it.
    #[must_use]
    pub fn in_head(&self) -> bool {
        matches!(&self.state, ChangeState::Tracked { head: (mode, _), .. } if mode != "000000")
    }

    /// Whether the index differs from HEAD here.
    #[must_use]
    pub fn staged(&self) -> bool {
        matches!(self.state, ChangeState::Tracked { index, .. } if index != b'.')
    }
}

/// Output that is not of the form git documents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("git printed something unexpected: {0:?}")]
pub struct Malformed(pub String);

impl Malformed {
    fn of(bytes: &[u8]) -> Self {
        Self(String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).into_owned())
    }
}

/// Parses `git status --porcelain=v2 -z --no-renames` (git-status(1), "Porcelain Format Version 2"):
///
/// ```text
/// 1 .M N... 100644 100644 100644 <head id> <index id> src/lib.rs NUL
/// u UU N... 100644 100644 100644 100644 <id> <id> <id> both.txt NUL
/// ? new.txt NUL
/// ```
///
/// # Errors
/// See [`Malformed`].
pub fn status(output: &[u8]) -> Result<Vec<Change>, Malformed> {
    let mut changes = Vec::new();
    for record in output.split(|b| *b == 0).filter(|r| !r.is_empty()) {
        let malformed = || Malformed::of(record);
        let change = match record[0] {
            b'1' => {
                let mut fields = record.splitn(9, |b| *b == b' ');
                let mut next = || fields.next().ok_or_else(malformed);
                let (_, xy, _) = (next()?, next()?, next()?);
                let (head_mode, index_mode, _) = (text(next()?), text(next()?), next()?);
                let (head_id, _, path) = (text(next()?), next()?, next()?);
                let path = to_path(path).ok_or_else(malformed)?;
                let [index, worktree] = xy else { return Err(malformed()) };
                let state =
                    ChangeState::Tracked { index: *index, worktree: *worktree, head: (head_mode, head_id), index_mode };
                Change { path, state }
            }
            b'u' => {
                let path = record.splitn(11, |b| *b == b' ').nth(10).and_then(to_path).ok_or_else(malformed)?;
                Change { path, state: ChangeState::Unmerged }
            }
            b'?' => {
                let path = record.get(2..).ok_or_else(malformed)?;
                let folder = path.ends_with(b"/");
                let path = to_path(path.strip_suffix(b"/").unwrap_or(path)).ok_or_else(malformed)?;
                Change { path, state: ChangeState::Untracked { folder } }
            }
            b'#' | b'!' => continue,
            _ => return Err(malformed()),
        };
        changes.push(change);
    }
    Ok(changes)
}

/// What happened to one ref of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushedRef {
    /// It is there now, or was before.
    Accepted,
    /// The remote has commits we do not have.
    Raced(String),
    /// The remote will not take it.
    Refused(String),
}

/// Parses `git push --porcelain` for a push of one ref (git-push(1), "OUTPUT"):
///
/// ```text
/// To ../remote.git
/// ! TAB refs/heads/main:refs/heads/main TAB [rejected] (fetch first)
/// Done
/// ```
#[must_use]
pub fn push(output: &[u8]) -> Option<PushedRef> {
    const RACES: [&str; 9] = [
        "fetch first",
        "non-fast-forward",
        "stale info",
        "remote ref updated since checkout",
        "cannot lock ref",
        "failed to update ref",
        // Servers with git 2.50 and later.
        "incorrect old value provided",
        "reference already exists",
        "reference does not exist",
    ];
    output.split(|b| *b == b'\n').find_map(|line| {
        let mut fields = line.splitn(3, |b| *b == b'\t');
        let (flag, names, summary) = (fields.next()?, fields.next()?, fields.next()?);
        names.contains(&b':').then_some(())?;
        let summary = hush(&text(summary));
        Some(match flag {
            b" " | b"*" | b"=" | b"+" => PushedRef::Accepted,
            b"!" if RACES.iter().any(|r| summary.contains(r)) => PushedRef::Raced(summary),
            b"!" => PushedRef::Refused(summary),
            _ => return None,
        })
    })
}

/// How a trial merge ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trial {
    /// Without conflict, in this tree.
    Clean(String),
    /// With conflicts. The tree holds markers and must not be used as it is.
    Conflicts {
        /// The tree git made.
        tree: String,
        /// Each path with its stages: mode, object id, stage 1 (base), 2 (ours) or 3 (theirs).
        stages: Vec<Stage>,
    },
}

/// One stage of a conflicted path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The path.
    pub path: PathBuf,
    /// Its mode.
    pub mode: String,
    /// Its object.
    pub id: String,
    /// 1 the base, 2 ours, 3 theirs.
    pub stage: u8,
}

/// Parses `git merge-tree --write-tree -z --no-messages` (git-merge-tree(1), "OUTPUT"):
///
/// ```text
/// <tree id> NUL
/// 100644 <id> 1\tfile NUL 100644 <id> 2\tfile NUL
/// ```
///
/// # Errors
/// See [`Malformed`].
pub fn merge_tree(output: &[u8]) -> Result<Trial, Malformed> {
    let mut records = output.split(|b| *b == 0);
    let tree = records.next().map(|t| text(t.trim_ascii())).unwrap_or_default();
    if tree.len() < 40 || !tree.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Malformed::of(output));
    }
    let mut stages = Vec::new();
    for record in records.take_while(|r| !r.is_empty()) {
        let malformed = || Malformed::of(record);
        let tab = record.iter().position(|b| *b == b'\t').ok_or_else(malformed)?;
        let (head, path) = record.split_at(tab);
        let fields: Vec<_> = head.split(|b| *b == b' ').collect();
        let [mode, id, [stage @ b'1'..=b'3']] = fields[..] else { return Err(malformed()) };
        let path = to_path(&path[1..]).ok_or_else(malformed)?;
        stages.push(Stage { path, mode: text(mode), id: text(id), stage: stage - b'0' });
    }
    Ok(if stages.is_empty() { Trial::Clean(tree) } else { Trial::Conflicts { tree, stages } })
}

/// Paths that git's messages on a trial merge (`git merge-tree --write-tree -z --messages`) name in a
/// conflict: behind the stages and an empty record, for each message a count, the paths, the kind and
/// the text.
///
/// ```text
/// <tree id> NUL NUL 1 NUL z NUL CONFLICT (directory rename split) NUL <text> NUL
/// ```
#[must_use]
pub fn conflicts_in_messages(output: &[u8]) -> Vec<PathBuf> {
    let mut records = output.split(|b| *b == 0).skip_while(|r| !r.is_empty()).skip(1);
    let mut found = Vec::new();
    while let Some(count) = records.next().and_then(|r| text(r).parse::<usize>().ok()) {
        let paths: Vec<_> = records.by_ref().take(count).filter_map(to_path).collect();
        let (Some(kind), Some(_)) = (records.next(), records.next()) else { break };
        if kind.starts_with(b"CONFLICT") {
            found.extend(paths);
        }
    }
    found
}

/// A path that two trees have differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `A`, `M`, `T` or `D`.
    pub status: u8,
    /// The path.
    pub path: PathBuf,
    /// The object in the second tree; zeros where it is deleted.
    pub id: String,
    /// Its mode there.
    pub mode: String,
    /// The object in the first tree; zeros where it is added.
    pub old_id: String,
    /// Its mode there.
    pub old_mode: String,
}

/// Parses `git diff-tree -r -z --raw --no-renames` and its kin:
///
/// ```text
/// :100644 100644 <id> <id> M NUL path NUL
/// ```
///
/// # Errors
/// See [`Malformed`].
pub fn raw_diff(output: &[u8]) -> Result<Vec<Difference>, Malformed> {
    let mut fields = output.split(|b| *b == 0).filter(|f| !f.is_empty());
    let mut differences = Vec::new();
    while let Some(head) = fields.next() {
        let malformed = || Malformed::of(head);
        let path = fields.next().ok_or_else(malformed)?;
        differences.push(difference(head, path)?);
    }
    Ok(differences)
}

fn difference(head: &[u8], path: &[u8]) -> Result<Difference, Malformed> {
    let malformed = || Malformed::of(head);
    let words: Vec<_> = head.strip_prefix(b":").ok_or_else(malformed)?.split(|b| *b == b' ').collect();
    let [old_mode, mode, old_id, id, [status, ..]] = words[..] else { return Err(malformed()) };
    Ok(Difference {
        status: *status,
        path: to_path(path).ok_or_else(malformed)?,
        id: text(id),
        mode: text(mode),
        old_id: text(old_id),
        old_mode: text(old_mode),
    })
}

/// What commits changed: `git diff-tree --stdin -r -c --root --raw -z --no-renames` names each commit before its
/// differences. Of a merge it lists what differs from each of its parents, with a colon, a mode and an id for each
/// of them. A commit that changes nothing is not named.
///
/// ```text
/// <commit id> NUL :000000 100644 <id> <id> A NUL path NUL
/// <commit id> NUL ::100644 100644 100644 <id> <id> <id> MM NUL path NUL
/// ```
///
/// # Errors
/// See [`Malformed`].
pub fn changes(output: &[u8]) -> Result<Vec<(String, Vec<Difference>)>, Malformed> {
    let mut fields = output.split(|b| *b == 0).filter(|f| !f.is_empty());
    let mut found: Vec<(String, Vec<Difference>)> = Vec::new();
    while let Some(head) = fields.next() {
        let malformed = || Malformed::of(head);
        if !head.starts_with(b":") {
            let id = text(head);
            if id.len() < 40 || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(malformed());
            }
            found.push((id, Vec::new()));
            continue;
        }
        let path = fields.next().ok_or_else(malformed)?;
        let (_, differences) = found.last_mut().ok_or_else(malformed)?;
        differences.push(if head.starts_with(b"::") { combined(head, path)? } else { difference(head, path)? });
    }
    Ok(found)
}

/// What a merge made of a file that each of its parents has otherwise, against the first of them.
fn combined(head: &[u8], path: &[u8]) -> Result<Difference, Malformed> {
    let malformed = || Malformed::of(head);
    let parents = head.iter().take_while(|b| **b == b':').count();
    let words: Vec<_> = head[parents..].split(|b| *b == b' ').collect();
    let (modes, rest) = words.split_at_checked(parents + 1).ok_or_else(malformed)?;
    let ([old_mode, .., mode], [old_id, .., id, statuses]) = (modes, rest) else { return Err(malformed()) };
    if rest.len() != parents + 2 || statuses.len() != parents {
        return Err(malformed());
    }
    let status = match *mode {
        b"000000" => b'D',
        _ if statuses.iter().all(|s| *s == b'A') => b'A',
        _ => b'M',
    };
    Ok(Difference {
        status,
        path: to_path(path).ok_or_else(malformed)?,
        id: text(id),
        mode: text(mode),
        old_id: text(old_id),
        old_mode: text(old_mode),
    })
}

/// A file in a tree or an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// Its mode.
    pub mode: String,
    /// Its object.
    pub id: String,
    /// Its path.
    pub path: PathBuf,
}

/// Parses `git ls-tree -r -z`:
///
/// ```text
/// 100644 blob <id>\tpath NUL
/// ```
///
/// # Errors
/// See [`Malformed`].
pub fn ls_tree(output: &[u8]) -> Result<Vec<TreeEntry>, Malformed> {
    entries(output, 2)
}

/// Parses `git ls-files --stage -z`:
///
/// ```text
/// 100644 <id> 0\tpath NUL
/// ```
///
/// # Errors
/// See [`Malformed`].
pub fn staged(output: &[u8]) -> Result<Vec<TreeEntry>, Malformed> {
    entries(output, 1)
}

/// Entries of three words, of which the one at `at` is the object.
fn entries(output: &[u8], at: usize) -> Result<Vec<TreeEntry>, Malformed> {
    let entry = |record: &[u8]| {
        let tab = record.iter().position(|b| *b == b'\t')?;
        let words: Vec<_> = record[..tab].split(|b| *b == b' ').filter(|w| !w.is_empty()).collect();
        let [mode, _, _] = words[..] else { return None };
        Some(TreeEntry { mode: text(mode), id: text(words[at]), path: to_path(&record[tab + 1..])? })
    };
    let records = output.split(|b| *b == 0).filter(|r| !r.is_empty());
    records.map(|r| entry(r).ok_or_else(|| Malformed::of(r))).collect()
}

/// One object of `git cat-file --batch`, `None` for one that is not there, and what follows it:
///
/// ```text
/// <id> blob 3 LF abc LF
/// <id> missing LF
/// ```
///
/// # Errors
/// See [`Malformed`].
#[expect(clippy::type_complexity, reason = "what was read, and the rest")]
pub fn object(output: &[u8]) -> Result<(Option<(&str, &[u8])>, &[u8]), Malformed> {
    // What stands there may be the inside of a file, and is not shown.
    let malformed = || Malformed("an object that is cut off".into());
    let end = output.iter().position(|b| *b == b'\n').ok_or_else(malformed)?;
    let head = std::str::from_utf8(&output[..end]).map_err(|_| malformed())?;
    let rest = &output[end + 1..];
    let words: Vec<_> = head.split(' ').collect();
    match words[..] {
        [_, "missing"] => Ok((None, rest)),
        [id, _, size] => {
            let size: usize = size.parse().map_err(|_| malformed())?;
            let bytes = rest.get(..size).ok_or_else(malformed)?;
            if rest.get(size) != Some(&b'\n') {
                return Err(malformed());
            }
            Ok((Some((id, bytes)), &rest[size + 1..]))
        }
        _ => Err(malformed()),
    }
}

/// Reads a piece of progress: `Receiving objects:  42% (3/7), 1.2 MiB | 3 MiB/s`. The last one counts.
#[must_use]
pub fn progress(text: &str) -> Option<Progress> {
    text.split(['\r', '\n']).rev().find_map(|line| {
        let line = line.trim().strip_prefix("remote: ").unwrap_or(line.trim());
        let (phase, rest) = line.split_once(':')?;
        let percent = rest.split_once('%')?.0.trim().parse().ok()?;
        Some(Progress { phase: hush(phase.trim()), percent })
    })
}

/// Parses `git version 2.47.3 (…)`.
#[must_use]
pub fn version(output: &str) -> Option<(u32, u32)> {
    let mut parts = output.strip_prefix("git version ")?.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Paths separated by NUL.
#[must_use]
pub fn paths(output: &[u8]) -> Vec<PathBuf> {
    output.split(|b| *b == 0).filter_map(to_path).collect()
}

/// Joins paths with NUL behind each, as `--stdin -z` wants them.
#[must_use]
pub fn join_paths<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for path in paths {
        bytes.extend_from_slice(path.as_os_str().as_encoded_bytes());
        bytes.push(0);
    }
    bytes
}

/// `None` where there are no bytes: an empty path would stand for the whole tree.
fn to_path(bytes: &[u8]) -> Option<PathBuf> {
    (!bytes.is_empty()).then(|| PathBuf::from(OsString::from_vec(bytes.to_vec())))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "1111111111111111111111111111111111111111";

    #[test]
    fn status_tells_new_changed_deleted_and_unmerged_apart() {
        let zero = "0".repeat(40);
        let sample = format!(
            "1 .M N... 100644 100644 100644 {ID} {ID} a b\n.rs\0? new/\0? n.txt\0\
             1 A. N... 000000 100644 100644 {zero} {ID} staged\0\
             1 .D N... 100644 100644 000000 {ID} {ID} gone\0u UU N... 100644 100644 100644 100644 {ID} {ID} {ID} both ways\0"
        );
        let changes = status(sample.as_bytes()).unwrap();
        let paths: Vec<_> = changes.iter().map(|c| c.path.to_str().unwrap()).collect();
        assert_eq!(paths, ["a b\n.rs", "new", "n.txt", "staged", "gone", "both ways"]);
        assert_eq!(changes[1].state, ChangeState::Untracked { folder: true });
        assert_eq!(changes.iter().map(Change::deleted).collect::<Vec<_>>(), [false, false, false, false, true, false]);
        assert_eq!(changes.iter().map(Change::in_head).collect::<Vec<_>>(), [true, false, false, false, true, false]);
        assert_eq!(changes.iter().map(Change::staged).collect::<Vec<_>>(), [false, false, false, true, false, false]);
        assert_eq!(changes[5].state, ChangeState::Unmerged);
        assert!(status(b"1 .M\0").is_err() && status(b"x\0").is_err());
        let nameless = format!("1 .D N... 100644 100644 000000 {ID} {ID} \0");
        assert!(status(nameless.as_bytes()).is_err() && status(b"? /\0").is_err(), "no path is the whole tree");
    }

    #[test]
    fn a_push_is_accepted_raced_or_refused() {
        let push_line = |l: &str| push(format!("To ../r.git\n{l}\nDone\n").as_bytes());
        assert_eq!(push_line(" \trefs/heads/m:refs/heads/m\ta..b"), Some(PushedRef::Accepted));
        assert_eq!(push_line("*\tHEAD:refs/heads/m\t[new branch]"), Some(PushedRef::Accepted));
        assert!(matches!(push_line("!\tx:refs/heads/m\t[rejected] (fetch first)"), Some(PushedRef::Raced(_))));
        assert!(matches!(push_line("!\tx:refs/heads/m\t[rejected] (stale info)"), Some(PushedRef::Raced(_))));
        for newer in ["incorrect old value provided", "reference already exists", "reference does not exist"] {
            let line = format!("!\tx:refs/heads/m\t[remote rejected] ({newer})");
            assert!(matches!(push_line(&line), Some(PushedRef::Raced(_))), "{newer}");
        }
        assert!(matches!(
            push_line("!\tx:refs/heads/m\t[remote rejected] (pre-receive hook declined)"),
            Some(PushedRef::Refused(_))
        ));
        assert_eq!(push(b"To x\nDone\n"), None);
    }

    #[test]
    fn a_trial_merge_is_clean_or_names_its_stages() {
        assert_eq!(merge_tree(format!("{ID}\0").as_bytes()).unwrap(), Trial::Clean(ID.into()));
        let sample = format!("{ID}\0100644 {ID} 1\tf g\0100644 {ID} 3\tf g\0\0");
        let Trial::Conflicts { stages, .. } = merge_tree(sample.as_bytes()).unwrap() else { panic!() };
        assert_eq!(
            stages.iter().map(|s| (s.path.to_str().unwrap(), s.stage)).collect::<Vec<_>>(),
            [("f g", 1), ("f g", 3)]
        );
        assert!(merge_tree(b"").is_err());
        for odd in ["0\tf", "4\tf", ":\tf", "1\t"] {
            assert!(merge_tree(format!("{ID}\x00100644 {ID} {odd}\0\0").as_bytes()).is_err(), "{odd}");
        }
        let sample =
            format!("{ID}\0\x002\0a\0b\0Auto-merging\0m\n\x001\0z y\0CONFLICT (directory rename split)\0Unclear\n\0");
        assert_eq!(conflicts_in_messages(sample.as_bytes()), [PathBuf::from("z y")]);
        assert!(conflicts_in_messages(b"").is_empty());
    }

    #[test]
    fn commits_files_and_objects_are_read_as_they_are() {
        let zero = "0".repeat(40);
        let sample = format!("{ID}\0:000000 100644 {zero} {ID} A\0a\nb\0{ID}\0:100644 000000 {ID} {zero} D\0:c\0");
        let found = changes(sample.as_bytes()).unwrap();
        let paths: Vec<_> = found.iter().flat_map(|(_, d)| d).map(|d| (d.status, d.path.to_str().unwrap())).collect();
        assert_eq!((found.len(), paths), (2, vec![(b'A', "a\nb"), (b'D', ":c")]));
        assert!(changes(format!(":000000 100644 {zero} {ID} A\0a\0").as_bytes()).is_err(), "of no commit");
        let merge = format!(
            "{ID}\0::100644 000000 100755 {ID} {zero} {ID} MA\0a\0::100644 100644 000000 {ID} {ID} {zero} DD\0b\0"
        );
        let found: Vec<_> = changes(merge.as_bytes()).unwrap().remove(0).1;
        assert_eq!(
            found.iter().map(|d| (d.status, d.id.as_str())).collect::<Vec<_>>(),
            [(b'M', ID), (b'D', zero.as_str())]
        );
        assert_eq!(found[0].mode, "100755");
        for wrong in ["::100644 100644 {ID} {ID} {ID} MM", "::", "::100644 100644 100644 {ID} {ID} {ID} M"] {
            assert!(changes(format!("{ID}\0{wrong}\0a\0").as_bytes()).is_err(), "{wrong}");
        }
        let entry = TreeEntry { mode: "100644".into(), id: ID.into(), path: "a b".into() };
        assert_eq!(ls_tree(format!("100644 blob {ID}\ta b\0").as_bytes()).unwrap(), std::slice::from_ref(&entry));
        assert_eq!(staged(format!("100644 {ID} 0\ta b\0").as_bytes()).unwrap(), [entry]);
        let sample = format!("{ID} blob 4\na\n\0b\n{ID} missing\n");
        let (first, rest) = object(sample.as_bytes()).unwrap();
        assert_eq!(first, Some((ID, &b"a\n\0b"[..])));
        assert_eq!(object(rest).unwrap(), (None, &b""[..]));
        assert!(object(format!("{ID} blob 9\nabc\n").as_bytes()).is_err(), "cut off");
    }

    #[test]
    fn differences_versions_and_progress() {
        let sample = format!(":000000 100755 {} {ID} A\0run me\0", "0".repeat(40));
        let found = raw_diff(sample.as_bytes()).unwrap();
        assert_eq!((found[0].status, found[0].path.to_str(), found[0].mode.as_str()), (b'A', Some("run me"), "100755"));
        assert_eq!(version("git version 2.39.5 (Apple Git-154)"), Some((2, 39)));
        assert_eq!(version("git version 2.47.rc1"), Some((2, 47)));
        assert_eq!(version("hub"), None);
        let seen = progress("remote: Counting objects:  10% (1/9)\rReceiving objects:  42% (3/7), 1 MiB\r");
        assert_eq!(seen, Some(Progress { phase: "Receiving objects".into(), percent: 42 }));
        assert_eq!(progress("From ../x\n"), None);
    }

    proptest! {
        #[test]
        fn no_output_makes_a_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), start in "[1u?#:!x]{0,1} ") {
            let mut bytes = bytes;
            bytes.splice(0..0, start.bytes());
            let _ = (status(&bytes), push(&bytes), merge_tree(&bytes), raw_diff(&bytes), paths(&bytes));
            let _ = (conflicts_in_messages(&bytes), changes(&bytes), ls_tree(&bytes), staged(&bytes), object(&bytes));
            let text = String::from_utf8_lossy(&bytes);
            let _ = (progress(&text), version(&text));
        }
    }
}
