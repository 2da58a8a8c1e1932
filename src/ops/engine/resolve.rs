//! Conflicts in files for which the configuration says whose side wins.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::Engine;
use super::stage::io_error;
use crate::git::command::GitError;
use crate::git::porcelain::Stage;
use crate::sync::gate::Globs;
use crate::sync::outcome::{End, Refusal};

/// Whose side wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Ours,
    Theirs,
}

impl Engine<'_> {
    /// The tree of a merge in which every conflict is in a listed file; `None` where one is not.
    pub(super) fn resolve(&mut self, tree: &str, stages: &[Stage]) -> Result<Option<String>, End> {
        let conflict = &self.job.config.conflict;
        if conflict.ours.is_empty() && conflict.theirs.is_empty() {
            return Ok(None);
        }
        let compile = |patterns: &[String]| {
            Globs::new(patterns).map_err(|e| End::Refused {
                kind: Refusal::Configuration,
                reason: e.to_string(),
                command: "craft auto-sync config edit".into(),
            })
        };
        let (ours, theirs) = (compile(&conflict.ours)?, compile(&conflict.theirs)?);
        let mut paths: BTreeMap<&Path, (Side, Vec<&Stage>)> = BTreeMap::new();
        for stage in stages {
            let side = match (ours.matches(&stage.path), theirs.matches(&stage.path)) {
                (true, _) => Side::Ours,
                (false, true) => Side::Theirs,
                (false, false) => return Ok(None),
            };
            paths.entry(&stage.path).or_insert((side, Vec::new())).1.push(stage);
        }
        self.tree_with_sides(tree, &paths).map(Some).map_err(|e| self.end(&e))
    }

    fn tree_with_sides(
        &mut self,
        tree: &str,
        paths: &BTreeMap<&Path, (Side, Vec<&Stage>)>,
    ) -> Result<String, GitError> {
        let copy = self.copy_index().map_err(|e| io_error("copy the index", &e))?;
        self.git.write(["read-tree", tree]).index(Some(copy.path())).run()?;
        let mut entries = Vec::new();
        for (path, (side, stages)) in paths {
            let of = |n: u8| stages.iter().find(|s| s.stage == n).copied();
            let entry = match (of(1), of(2), of(3)) {
                (base, Some(ours), Some(theirs)) if ours.mode.starts_with("100") && theirs.mode.starts_with("100") => {
                    let mode = if *side == Side::Ours { &ours.mode } else { &theirs.mode };
                    Some((mode.clone(), self.merge_file(*side, base, ours, theirs)?))
                }
                (_, ours, theirs) => {
                    // One side deleted it, or it is no file on both: the winner's version as it is.
                    let winner = if *side == Side::Ours { ours } else { theirs };
                    winner.map(|s| (s.mode.clone(), s.id.clone()))
                }
            };
            let (mode, id) = entry.unwrap_or_else(|| ("0".into(), "0".repeat(tree.len())));
            entries.extend_from_slice(format!("{mode} {id}\t").as_bytes());
            entries.extend_from_slice(path.as_os_str().as_encoded_bytes());
            entries.push(0);
        }
        self.set_entries(Some(copy.path()), entries)?;
        self.write_tree(copy.path())
    }

    /// Merges one file: only the hunks that conflict are decided for a side, the others are merged.
    fn merge_file(&self, side: Side, base: Option<&Stage>, ours: &Stage, theirs: &Stage) -> Result<String, GitError> {
        let folder = tempfile::tempdir().map_err(|e| io_error("make a temporary folder", &e))?;
        let write = |name: &str, stage: Option<&Stage>| -> Result<PathBuf, GitError> {
            let path = folder.path().join(name);
            let bytes = match stage {
                Some(stage) => self.git.read(["cat-file", "blob", &stage.id]).run()?.stdout,
                None => Vec::new(),
            };
            let file = std::fs::File::create_new(&path).and_then(|mut f| f.write_all(&bytes));
            file.map_err(|e| io_error("write a temporary file", &e))?;
            Ok(path)
        };
        let (a, o, b) = (write("ours", Some(ours))?, write("base", base)?, write("theirs", Some(theirs))?);
        let flag = if side == Side::Ours { "--ours" } else { "--theirs" };
        let words = [Path::new("merge-file"), Path::new("-p"), Path::new("--quiet"), Path::new(flag), &a, &o, &b];
        let merged = match self.git.read(words).run() {
            Ok(finished) => finished.stdout,
            Err(error) if error.finished.code != Some(255) => return Err(error),
            // Binary files cannot be merged by hunks: the winner's version as it is.
            Err(_) => {
                self.git
                    .read(["cat-file", "blob", if side == Side::Ours { &ours.id } else { &theirs.id }])
                    .run()?
                    .stdout
            }
        };
        self.git.write(["hash-object", "-w", "--stdin"]).input(merged).line()
    }
}
