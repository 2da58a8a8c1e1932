//! The summary of a phase or a simple plan, in the form of the seed document: what git and the documents tell is
//! filled in, what needs judgement is marked (see [`mark`](super::mark)).

use std::fmt::Write as _;

use super::manifest::Moved;
use super::mark::mark;
use super::name::PlanName;
use super::plan::Step;
use crate::sync::outcome::CommitLine;
use crate::sync::tell::{clean, counted};

/// How many of a kind are listed; of more the number is told.
pub const LISTED: usize = 200;

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It is new.
    Created,
    /// It was there.
    Modified,
    /// It is gone.
    Deleted,
    /// It has another name.
    Renamed,
}

/// A file of the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Its path.
    pub path: String,
    /// Its path before, where it has another name.
    pub from: Option<String>,
    /// What happened to it.
    pub change: Change,
    /// Lines that were added and taken; `None` of a binary file.
    pub lines: Option<(usize, usize)>,
}

/// Tests that a file got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestFile {
    /// Its path.
    pub path: String,
    /// Whether it is new.
    pub new: bool,
    /// How many test functions were added; `None` where they were not counted.
    pub added: Option<usize>,
}

/// Dependencies that a file names, and did not before, or the other way round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestChange {
    /// Its path.
    pub path: String,
    /// What changed.
    pub moved: Vec<Moved>,
}

/// How the work ended, in the words of the originals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Ending {
    /// All of it was done.
    Completed,
    /// To-dos or success criteria are open.
    Partial,
}

impl Ending {
    /// That of work of which all is done, or not.
    #[must_use]
    pub fn of(all: bool) -> Self {
        if all { Self::Completed } else { Self::Partial }
    }

    /// As the summary has it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Completed => "✅ Completed",
            Self::Partial => "⚠️ Partial",
        }
    }
}

/// What is known of the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its plan.
    pub name: PlanName,
    /// The plan's path.
    pub plan: String,
    /// The title of the task.
    pub title: String,
    /// Today.
    pub date: String,
    /// Its branch.
    pub branch: String,
    /// The branch it goes to.
    pub main: String,
    /// The plan's objective.
    pub objective: Option<String>,
    /// The files, without those of the books.
    pub files: Vec<FileChange>,
    /// The commits, the oldest first, and how many there are.
    pub commits: (Vec<CommitLine>, usize),
    /// Tests.
    pub tests: Vec<TestFile>,
    /// Dependencies.
    pub manifests: Vec<ManifestChange>,
    /// The success criteria of the plan.
    pub criteria: Vec<Step>,
    /// The to-dos that are not done.
    pub open: Vec<String>,
    /// What comes next: `Phase 2: API Layer`; `None` at the end of a plan.
    pub next: Option<String>,
}

impl Facts {
    /// How the work ended.
    #[must_use]
    pub fn ending(&self) -> Ending {
        Ending::of(self.open.is_empty() && self.criteria.iter().all(|c| c.done))
    }

    /// How many files something happened to.
    #[must_use]
    pub fn count(&self, change: Change) -> usize {
        self.files.iter().filter(|f| f.change == change).count()
    }

    /// How many test functions were added.
    #[must_use]
    pub fn tests_added(&self) -> usize {
        self.tests.iter().filter_map(|t| t.added).sum()
    }
}

/// The summary's text.
#[must_use]
pub fn render(facts: &Facts) -> String {
    let phase = facts.name.phase;
    let number = phase.map(|n| format!(" - Phase {n}")).unwrap_or_default();
    let mut out = format!(
        "# Summary: {}{number}\n\n**Date:** {}\n**Status:** {}\n**Branch:** {}\n**Plan:** {}\n\n",
        clean(&facts.title),
        facts.date,
        facts.ending().words(),
        clean(&facts.branch),
        clean(&facts.plan)
    );
    let heading = if phase.is_some() { "Phase Objective" } else { "Objective" };
    let objective = facts.objective.as_deref().filter(|o| !o.is_empty());
    let objective = objective.map_or_else(|| mark("what this was to achieve"), clean);
    let _ = write!(out, "## {heading}\n\n{objective}\n\n## Changes Made\n\n");
    let _ =
        write!(out, "{}\n\n", mark("what the changes do, and why; a word behind a file where its name does not tell"));
    if facts.files.is_empty() {
        out += "No file was changed.\n\n";
    }
    for (change, title) in [
        (Change::Created, "Files Created"),
        (Change::Modified, "Files Modified"),
        (Change::Renamed, "Files Renamed"),
        (Change::Deleted, "Files Deleted"),
    ] {
        let lines = facts.files.iter().filter(|f| f.change == change).map(file);
        list(&mut out, title, lines, facts.count(change));
    }
    let commits = facts.commits.0.iter().map(|c| format!("`{}` {} ({})", c.id, clean(&c.subject), clean(&c.author)));
    list(&mut out, "Commits", commits, facts.commits.1);
    let tests = facts.tests.iter().map(|t| {
        let new = if t.new { ", new" } else { "" };
        match t.added {
            Some(n) => format!("{} - {} added{new}", code(&t.path), counted(n, "test")),
            None => format!("{} - not counted{new}", code(&t.path)),
        }
    });
    list(&mut out, "Tests", tests, facts.tests.len());
    let moved = facts.manifests.iter().flat_map(|m| m.moved.iter().map(move |d| (m, d)));
    let count = moved.clone().count();
    list(&mut out, "Dependencies", moved.map(|(m, d)| format!("{} - {}", code(&m.path), clean(&d.words()))), count);
    list(&mut out, "To-Dos Not Done", facts.open.iter().map(|t| format!("[ ] {}", clean(t))), facts.open.len());
    out += "## Success Criteria Validation\n\n";
    if facts.criteria.is_empty() {
        out += "The plan names none.\n";
    }
    for criterion in &facts.criteria {
        let _ = writeln!(out, "- [{}] {}", if criterion.done { 'x' } else { ' ' }, clean(&criterion.text));
    }
    let _ =
        write!(out, "\n## Key Learnings\n\n{}\n\n## Next Steps\n\n", mark("what the next who work here should know"));
    for (at, step) in next_steps(facts).iter().enumerate() {
        let _ = writeln!(out, "{}. {step}", at + 1);
    }
    out
}

/// The five steps of the seed, as they fit.
fn next_steps(facts: &Facts) -> [String; 5] {
    let migrations = facts.files.iter().any(|f| {
        f.change != Change::Deleted && f.path.split('/').any(|part| part.to_ascii_lowercase().starts_with("migrat"))
    });
    let run = if migrations { "Run migration in staging/production" } else { "Deploy to staging/production" };
    let last = match (&facts.next, facts.name.phase) {
        (Some(next), _) => format!("Begin {}", clean(next)),
        (None, Some(_)) => "Archive the plan when all phases are merged".into(),
        (None, None) => "Archive the plan".into(),
    };
    let steps =
        ["Push branch and create PR".into(), "Get code review".into(), format!("Merge to {}", clean(&facts.main))];
    let [push, review, merge] = steps;
    [push, review, merge, run.into(), last]
}

fn list(out: &mut String, title: &str, lines: impl Iterator<Item = String>, count: usize) {
    if count == 0 {
        return;
    }
    let _ = write!(out, "### {title}\n\n");
    let mut listed = 0;
    for line in lines.take(LISTED) {
        let _ = writeln!(out, "- {line}");
        listed += 1;
    }
    if count > listed {
        let _ = writeln!(out, "- and {} more", count - listed);
    }
    out.push('\n');
}

fn file(file: &FileChange) -> String {
    let from = file.from.as_deref().map(|from| format!("{} → ", code(from))).unwrap_or_default();
    let lines = match file.lines {
        None => "binary".to_owned(),
        Some((0, 0)) => "as it was".to_owned(),
        Some((added, 0)) => format!("+{added}"),
        Some((0, taken)) => format!("-{taken}"),
        Some((added, taken)) => format!("+{added} -{taken}"),
    };
    format!("{from}{} - {lines}", code(&file.path))
}

/// A name as code; one with backticks needs longer marks around it (CommonMark 0.31, 6.1).
fn code(name: &str) -> String {
    let name = clean(name);
    let longest = name.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let marks = "`".repeat(longest + 1);
    if longest == 0 { format!("{marks}{name}{marks}") } else { format!("{marks} {name} {marks}") }
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
