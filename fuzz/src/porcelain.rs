//! git's output: a parser reads what git prints and gives back the very bytes of every path; what git never
//! prints is refused or ignored, and no path is ever empty, since that would name the whole tree.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use claude_craft::git::porcelain::{
    Change, ChangeState, Malformed, PushedRef, Trial, conflicts_in_messages, join_paths, merge_tree, paths, progress,
    push, raw_diff, status, version,
};

const ID: &str = "0123456789abcdef0123456789abcdef01234567";

/// Any bytes as each kind of output, and as paths that git prints in each kind.
pub fn body(data: &[u8]) {
    any(data);
    let names: Vec<&[u8]> = data.split(|b| *b == 0).filter(|n| !n.is_empty()).collect();
    let expected: Vec<PathBuf> = paths(data);
    assert_eq!(expected.iter().map(|p| p.as_os_str().as_bytes()).collect::<Vec<_>>(), names);
    assert_eq!(paths(&join_paths(expected.iter().map(PathBuf::as_path))), expected);
    printed_status(&expected);
    printed_merge(&expected);
    printed_diff(&expected);
    printed_push(&String::from_utf8_lossy(data));
}

fn no_empty<'p>(mut paths: impl Iterator<Item = &'p Path>) {
    assert!(paths.all(|p| !p.as_os_str().is_empty()), "an empty path is the whole tree");
}

fn bounded(refused: &Malformed) {
    assert!(refused.0.chars().count() <= 120);
}

fn any(data: &[u8]) {
    match status(data) {
        Ok(changes) => {
            no_empty(changes.iter().map(|c| c.path.as_path()));
            let again = status(&changes.iter().flat_map(print).collect::<Vec<_>>());
            assert_eq!(again, Ok(changes), "printed as git does, it is the same");
        }
        Err(refused) => bounded(&refused),
    }
    match merge_tree(data) {
        Ok(Trial::Conflicts { tree, stages }) => {
            assert!(tree.len() >= 40 && stages.iter().all(|s| (1..=3).contains(&s.stage)));
            no_empty(stages.iter().map(|s| s.path.as_path()));
        }
        Ok(Trial::Clean(tree)) => assert!(tree.bytes().all(|b| b.is_ascii_hexdigit())),
        Err(refused) => bounded(&refused),
    }
    match raw_diff(data) {
        Ok(found) => no_empty(found.iter().map(|d| d.path.as_path())),
        Err(refused) => bounded(&refused),
    }
    no_empty(conflicts_in_messages(data).iter().map(PathBuf::as_path));
    no_empty(paths(data).iter().map(PathBuf::as_path));
    let _ = push(data);
    let text = String::from_utf8_lossy(data);
    if let Some(seen) = progress(&text) {
        assert!(text.contains(&seen.phase));
    }
    if let Some((major, minor)) = version(&text) {
        assert_eq!(version(&format!("git version {major}.{minor}.0 (x)")), Some((major, minor)));
    }
}

/// One entry as `git status --porcelain=v2 -z` prints it.
fn print(change: &Change) -> Vec<u8> {
    let mut line = match &change.state {
        ChangeState::Untracked { .. } => "? ".to_owned().into_bytes(),
        ChangeState::Unmerged => format!("u UU N... 100644 100644 100644 100644 {ID} {ID} {ID} ").into_bytes(),
        ChangeState::Tracked { index, worktree, head: (mode, id), index_mode } => {
            let xy = [*index, *worktree];
            [b"1 ".as_slice(), &xy, format!(" N... {mode} {index_mode} 100644 {id} {ID} ").as_bytes()].concat()
        }
    };
    line.extend(change.path.as_os_str().as_bytes());
    if change.state == (ChangeState::Untracked { folder: true }) {
        line.push(b'/');
    }
    line.push(0);
    line
}

fn printed_status(paths: &[PathBuf]) {
    let states = [
        ChangeState::Unmerged,
        ChangeState::Untracked { folder: true },
        ChangeState::Tracked {
            index: b'.',
            worktree: b'D',
            head: ("100644".into(), ID.into()),
            index_mode: "100644".into(),
        },
    ];
    let changes: Vec<_> =
        paths.iter().zip(states.iter().cycle()).map(|(p, s)| Change { path: p.clone(), state: s.clone() }).collect();
    let output: Vec<u8> = changes.iter().flat_map(print).collect();
    assert_eq!(status(&output), Ok(changes));
}

fn printed_merge(paths: &[PathBuf]) {
    let mut output = format!("{ID}\0").into_bytes();
    for (at, path) in paths.iter().enumerate() {
        output.extend(format!("100644 {ID} {}\t", at % 3 + 1).bytes());
        output.extend(path.as_os_str().as_bytes());
        output.push(0);
    }
    match merge_tree(&output).expect("this is what git prints") {
        Trial::Clean(_) => assert!(paths.is_empty()),
        Trial::Conflicts { stages, .. } => assert!(stages.iter().map(|s| &s.path).eq(paths)),
    }
    output.push(0);
    output.extend(format!("{}\0", paths.len()).bytes());
    output.extend(join_paths(paths.iter().map(PathBuf::as_path)));
    output.extend(b"CONFLICT (contents)\0text\n\0");
    assert_eq!(conflicts_in_messages(&output), paths);
}

fn printed_diff(paths: &[PathBuf]) {
    let mut output = Vec::new();
    for path in paths {
        output.extend(format!(":100644 000000 {ID} {} D\0", "0".repeat(40)).bytes());
        output.extend(join_paths([path.as_path()]));
    }
    let found = raw_diff(&output).expect("this is what git prints");
    assert!(found.iter().map(|d| &d.path).eq(paths));
    assert!(found.iter().all(|d| d.status == b'D' && d.old_id == ID));
}

/// A reason that the remote gives cannot make a refused push look like one that was taken.
fn printed_push(reason: &str) {
    let reason: String = reason.chars().filter(|c| *c != '\n').collect();
    let output = format!("To x\n!\trefs/heads/m:refs/heads/m\t[remote rejected] ({reason})\nDone\n");
    let found = push(output.as_bytes());
    assert!(matches!(found, Some(PushedRef::Raced(_) | PushedRef::Refused(_))), "{found:?}");
}
