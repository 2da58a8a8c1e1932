//! What was done on a branch, as git tells it: files, commits, tests and dependencies.

use std::collections::BTreeMap;

use crate::book;
use crate::git::command::{Git, GitError};
use crate::git::diff::{self, Changed};
use crate::git::objects::{self, Content};
use crate::git::reads::Reads;
use crate::phase::manifest;
use crate::phase::summary::{Change, FileChange, LISTED, ManifestChange, TestFile};
use crate::phase::testing;
use crate::sync::outcome::CommitLine;

/// Of so many files the added tests are counted, one git each.
const COUNTED: usize = 60;
/// Of a file with more added lines they are not.
const LONGEST: usize = 20_000;
/// So many files of dependencies are compared.
const MANIFESTS: usize = 40;
/// A larger one is not.
const LARGEST: u64 = 1 << 20;
/// Among so many commits the first of a phase is looked for.
const SEARCHED: &str = "--max-count=20";

/// The work on a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// The files, without those of the books.
    pub files: Vec<FileChange>,
    /// The commits, the oldest first, and how many there are.
    pub commits: (Vec<CommitLine>, usize),
    /// Tests.
    pub tests: Vec<TestFile>,
    /// Dependencies.
    pub manifests: Vec<ManifestChange>,
}

/// The work between where `tip` left `main` and `tip`. Where `main` has all of it already, the commit with which the
/// work on `unit` began tells where it left.
///
/// # Errors
/// Where git cannot tell.
pub fn gather(git: &Git<'_>, reads: &Reads<'_, '_>, main: &str, tip: &str, unit: &str) -> Result<Work, GitError> {
    let mut base = reads.merge_bases(main, tip)?.into_iter().next();
    let mut without = Some(main.to_owned());
    if base.as_deref() == Some(tip)
        && let Some(begun) = before(git, tip, unit)?
    {
        base = Some(begun.clone());
        without = Some(begun);
    }
    // Of histories that have nothing in common, all of the branch is its work.
    let from = match base {
        Some(base) => base,
        None => git.read(["hash-object", "-t", "tree", "/dev/null"]).line()?,
    };
    let (mut lines, count) = reads.commits(without.as_deref(), tip, usize::MAX)?;
    lines.reverse();
    lines.truncate(LISTED);
    let changed: Vec<_> = diff::changed(git, &from, tip)?.into_iter().filter(|c| !of_the_books(c)).collect();
    let tests = tests(git, &from, tip, &changed)?;
    let manifests = manifests(git, &changed)?;
    Ok(Work { files: changed.iter().map(file).collect(), commits: (lines, count), tests, manifests })
}

/// The commit before the one with which the work on `unit` began.
fn before(git: &Git<'_>, tip: &str, unit: &str) -> Result<Option<String>, GitError> {
    let subject = format!("chore: Initialize execution context for {unit}");
    let grep = format!("--grep={subject}");
    let words = ["log", "--no-show-signature", "--fixed-strings", SEARCHED, "--format=%P %s", &grep, tip];
    let text = git.read(words).line()?;
    let first = text.lines().find_map(|line| line.split_once(' ').filter(|(_, s)| *s == subject));
    Ok(first.map(|(parent, _)| parent.to_owned()))
}

fn of_the_books(changed: &Changed) -> bool {
    changed.path.split(|b| *b == b'/').next() == Some(book::FOLDER.as_bytes())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn file(changed: &Changed) -> FileChange {
    FileChange {
        path: text(&changed.path),
        from: changed.from.as_deref().filter(|_| changed.status == b'R').map(text),
        change: match changed.status {
            b'A' | b'C' => Change::Created,
            b'D' => Change::Deleted,
            b'R' => Change::Renamed,
            _ => Change::Modified,
        },
        lines: changed.lines,
    }
}

fn tests(git: &Git<'_>, from: &str, to: &str, changed: &[Changed]) -> Result<Vec<TestFile>, GitError> {
    let mut found = Vec::new();
    let mut asked = 0;
    let there = changed.iter().filter(|c| c.status != b'D');
    for (changed, path) in there.map(|c| (c, text(&c.path))).filter(|(_, path)| testing::may_hold_tests(path)) {
        let lines = changed.lines.map_or(0, |(added, _)| added);
        let mut added = if lines == 0 { Some(0) } else { None };
        if (1..=LONGEST).contains(&lines) && asked < COUNTED {
            asked += 1;
            let before = changed.from.as_deref().map(text);
            let paths: Vec<_> = [Some(path.as_str()), before.as_deref()].into_iter().flatten().collect();
            let mut count = 0;
            diff::added_lines(git, from, to, &paths, &mut |line| {
                count += usize::from(testing::begins_test(&path, line));
            })?;
            added = Some(count);
        }
        if testing::is_test_file(&path) || added.is_some_and(|n| n > 0) {
            found.push(TestFile { path, new: changed.status == b'A', added });
        }
    }
    Ok(found)
}

fn manifests(git: &Git<'_>, changed: &[Changed]) -> Result<Vec<ManifestChange>, GitError> {
    let named: Vec<_> =
        changed.iter().map(|c| (c, text(&c.path))).filter(|(_, p)| manifest::is_manifest(p)).take(MANIFESTS).collect();
    let nothing = |id: &str| id.bytes().all(|b| b == b'0');
    let ids: Vec<_> =
        named.iter().flat_map(|(c, _)| [c.ids.0.clone(), c.ids.1.clone()]).filter(|id| !nothing(id)).collect();
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    if !ids.is_empty() {
        objects::contents(git, &ids, LARGEST, |id, content| -> Result<(), GitError> {
            if let Content::Bytes(bytes) = content
                && let Ok(text) = String::from_utf8(bytes)
            {
                texts.insert(id.to_owned(), text);
            }
            Ok(())
        })?;
    }
    let of = |path: &str, id: &str| {
        if nothing(id) {
            return Some(manifest::Dependencies::new());
        }
        texts.get(id).and_then(|text| manifest::dependencies(path, text))
    };
    let mut found = Vec::new();
    for (changed, path) in named {
        let (Some(before), Some(after)) = (of(&path, &changed.ids.0), of(&path, &changed.ids.1)) else { continue };
        let moved = manifest::moved(&before, &after);
        if !moved.is_empty() {
            found.push(ManifestChange { path, moved });
        }
    }
    Ok(found)
}
