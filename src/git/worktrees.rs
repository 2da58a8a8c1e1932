//! The linked working trees of a repository.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// A linked working tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Where it lies, or lay.
    pub path: PathBuf,
    /// Its branch's short name; `None` where HEAD is on none.
    pub branch: Option<String>,
    /// Whether it is locked: git neither moves nor removes it.
    pub locked: bool,
    /// Whether it is gone, so that `git worktree prune` would forget it.
    pub prunable: bool,
}

/// Parses `git worktree list --porcelain -z` (git-worktree(1), "LIST OUTPUT FORMAT"), without the main working tree,
/// which comes first:
///
/// ```text
/// worktree /r NUL HEAD <id> NUL branch refs/heads/main NUL NUL
/// worktree /r/.para-worktrees/x NUL HEAD <id> NUL detached NUL locked reason NUL prunable reason NUL NUL
/// ```
#[must_use]
pub fn parse(output: &[u8]) -> Vec<Linked> {
    let mut found: Vec<Linked> = Vec::new();
    for field in output.split(|b| *b == 0) {
        let (word, rest) = match field.iter().position(|b| *b == b' ') {
            Some(at) => (&field[..at], &field[at + 1..]),
            None => (field, &field[field.len()..]),
        };
        match (word, found.last_mut()) {
            (b"worktree", _) => found.push(Linked {
                path: PathBuf::from(OsString::from_vec(rest.to_vec())),
                branch: None,
                locked: false,
                prunable: false,
            }),
            (b"branch", Some(tree)) => tree.branch = short(&String::from_utf8_lossy(rest)),
            (b"locked", Some(tree)) => tree.locked = true,
            (b"prunable", Some(tree)) => tree.prunable = true,
            _ => {}
        }
    }
    if !found.is_empty() {
        found.remove(0);
    }
    found
}

/// The branch that a `HEAD` file, `ref: refs/heads/main`, is on.
#[must_use]
pub fn branch_of(head: &str) -> Option<String> {
    short(head.strip_prefix("ref:")?.trim())
}

fn short(reference: &str) -> Option<String> {
    reference.strip_prefix("refs/heads/").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linked_trees_are_listed_with_what_keeps_them_and_the_main_one_is_left_out() {
        let output = b"worktree /r\0HEAD 1\0branch refs/heads/main\0\0\
                       worktree /r/.para-worktrees/a b\0HEAD 1\0branch refs/heads/para/x\0locked\0\0\
                       worktree /gone\0HEAD 1\0detached\0prunable gitdir file points to non-existent location\0\0";
        let linked = |path: &str, branch: Option<&str>, locked, prunable| Linked {
            path: path.into(),
            branch: branch.map(str::to_owned),
            locked,
            prunable,
        };
        let wanted =
            [linked("/r/.para-worktrees/a b", Some("para/x"), true, false), linked("/gone", None, false, true)];
        assert_eq!(parse(output), wanted);
        assert_eq!(parse(b""), []);
        assert_eq!(branch_of("ref: refs/heads/para/x\n").as_deref(), Some("para/x"));
        assert_eq!(branch_of("0123"), None);
    }
}
