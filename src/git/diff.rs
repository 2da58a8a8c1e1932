//! What differs between two commits, with counts of lines and the lines that were added.

use std::path::Path;

use super::command::{Git, GitError};
use super::porcelain;

/// A file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its path.
    pub path: Vec<u8>,
    /// Its path before, where it was renamed.
    pub from: Option<Vec<u8>>,
    /// `A`, `M`, `T`, `D`, `R` or `C`.
    pub status: u8,
    /// Lines that were added and taken; `None` of a binary file.
    pub lines: Option<(usize, usize)>,
    /// The objects before and after.
    pub ids: (String, String),
}

/// Settings that a user's configuration could change what is printed with, taken back.
const FIXED: [&str; 5] = ["-r", "-M", "--no-ext-diff", "--no-textconv", "--no-color"];

/// The files that differ between two commits, in the order of their paths.
///
/// # Errors
/// Where git cannot tell.
pub fn changed(git: &Git<'_>, from: &str, to: &str) -> Result<Vec<Changed>, GitError> {
    let words = ["diff-tree"].into_iter().chain(FIXED).chain(["--raw", "--numstat", "-z", "--no-abbrev", from, to]);
    Ok(parse(&git.read(words).run()?.stdout))
}

/// Parses `git diff-tree -r -M --raw --numstat -z`: all raw records, then all numbers (git-diff-tree(1), "RAW OUTPUT
/// FORMAT"; git-diff(1), `--numstat`):
///
/// ```text
/// :100644 100644 <id> <id> M NUL path NUL :100644 100644 <id> <id> R090 NUL old NUL new NUL
/// 12 TAB 3 TAB path NUL - TAB - TAB NUL old NUL new NUL
/// ```
fn parse(output: &[u8]) -> Vec<Changed> {
    let mut fields = output.split(|b| *b == 0);
    let mut found: Vec<Changed> = Vec::new();
    while let Some(field) = fields.next() {
        if let Some(head) = field.strip_prefix(b":") {
            let words: Vec<_> = head.split(|b| *b == b' ').map(String::from_utf8_lossy).collect();
            let [_, _, old, new, status] = &words[..] else { continue };
            let status = status.bytes().next().unwrap_or(b'M');
            let moved = matches!(status, b'R' | b'C');
            let first = fields.next().unwrap_or_default().to_vec();
            let (from, path) =
                if moved { (Some(first), fields.next().unwrap_or_default().to_vec()) } else { (None, first) };
            found.push(Changed { path, from, status, lines: None, ids: (old.to_string(), new.to_string()) });
            continue;
        }
        let mut words = field.splitn(3, |b| *b == b'\t');
        let (Some(added), Some(taken), Some(path)) = (words.next(), words.next(), words.next()) else { continue };
        let path = if path.is_empty() { fields.nth(1).unwrap_or_default() } else { path };
        let number = |word: &[u8]| std::str::from_utf8(word).ok()?.parse().ok();
        if let Some(changed) = found.iter_mut().find(|c| c.path == path) {
            changed.lines = number(added).zip(number(taken));
        }
    }
    found
}

/// The lines that were added to a file of these paths (before and after), without the mark in front.
///
/// # Errors
/// Where git cannot tell.
pub fn added_lines(
    git: &Git<'_>,
    from: &str,
    to: &str,
    paths: &[&str],
    hear: &mut dyn FnMut(&str),
) -> Result<(), GitError> {
    let literal: Vec<_> = paths.iter().map(|path| format!(":(top,literal){path}")).collect();
    let words = ["diff-tree"].into_iter().chain(FIXED).chain(["-p", "-U0", from, to, "--"]);
    let finished = git.read(words.chain(literal.iter().map(String::as_str))).run()?;
    let mut inside = false;
    for line in finished.stdout.split(|b| *b == b'\n') {
        inside |= line.starts_with(b"@@");
        if let Some(added) = line.strip_prefix(b"+").filter(|_| inside) {
            hear(&String::from_utf8_lossy(added));
        }
    }
    Ok(())
}

/// Paths that differ from HEAD in the index or the working tree, or are new, and not ignored.
///
/// # Errors
/// Where git cannot tell.
pub fn uncommitted(git: &Git<'_>) -> Result<Vec<String>, GitError> {
    let finished = git.read(["status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=normal"]).run()?;
    let changes = porcelain::status(&finished.stdout).unwrap_or_default();
    Ok(changes.into_iter().map(|c| c.path.to_string_lossy().into_owned()).collect())
}

/// Files that are there but marked so that git does not look whether they changed: `assume-unchanged`, and
/// `skip-worktree` (which a sparse checkout gives to those it leaves out).
///
/// # Errors
/// Where git cannot tell.
pub fn unwatched(git: &Git<'_>, top: &Path) -> Result<Vec<String>, GitError> {
    let finished = git.read(["ls-files", "-v", "-z"]).run()?;
    let marked =
        finished.stdout.split(|b| *b == 0).filter(|r| r.first().is_some_and(|t| t.is_ascii_lowercase() || *t == b'S'));
    let paths = marked.filter_map(|record| Some(String::from_utf8_lossy(record.get(2..)?).into_owned()));
    Ok(paths.filter(|path| top.join(path).symlink_metadata().is_ok()).collect())
}

/// Files that git ignores, without those in folders that it ignores as a whole.
///
/// # Errors
/// Where git cannot tell.
pub fn ignored(git: &Git<'_>) -> Result<Vec<String>, GitError> {
    let words = ["status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=normal", "--ignored=traditional"];
    let finished = git.read(words).run()?;
    let files = finished.stdout.split(|b| *b == 0).filter_map(|record| record.strip_prefix(b"! "));
    Ok(files.filter(|path| !path.ends_with(b"/")).map(|path| String::from_utf8_lossy(path).into_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_find_their_files_through_renames_and_names_with_tabs() {
        let output = b":000000 100644 0 1 A\0a\tb\0:100644 100644 1 2 R090\0old\0new\0:100644 100644 1 2 M\0logo.png\0\
                       12\t0\ta\tb\x003\t1\t\0old\0new\0-\t-\tlogo.png\0";
        let found: Vec<_> = parse(output)
            .into_iter()
            .map(|c| (String::from_utf8(c.path).unwrap(), c.from.is_some(), char::from(c.status), c.lines))
            .collect();
        let wanted = [
            ("a\tb".to_owned(), false, 'A', Some((12, 0))),
            ("new".to_owned(), true, 'R', Some((3, 1))),
            ("logo.png".to_owned(), false, 'M', None),
        ];
        assert_eq!(found, wanted);
        assert_eq!(parse(b""), []);
    }
}
