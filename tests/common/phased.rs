//! A repository with a phased plan: the one of the seed document.

use std::fmt::Write as _;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use claude_craft::book::fields::{Fields, Status};
use claude_craft::phase::book::Book;
use serde_json::Value;

use super::{Pair, Ran, read, write};

/// The seed's clock: 2025-12-18T10:00:00Z.
const NOW_MS: &str = "1766052000000";
/// The master plan.
pub const MASTER: &str = "context/plans/2025-12-18-implement-user-authentication.md";
/// The beginning of the name of a phase's branch.
pub const BRANCH: &str = "para/implement-user-authentication-phase-";

/// `a` has the plan on its pushed main branch; phases 2 and 3 depend on the one before.
pub struct Phased {
    pair: Pair,
}

impl Deref for Phased {
    type Target = Pair;

    fn deref(&self) -> &Pair {
        &self.pair
    }
}

impl Phased {
    /// With the plan committed and pushed.
    pub fn new() -> Self {
        let phased = Self::planned(Pair::new(), "Phase 2 must be complete and merged");
        phased.commit(&phased.a, "docs: Plan");
        phased.git(&phased.a, &["push", "-q", "origin", "main"]);
        phased
    }

    /// The plan lies in `a`, not committed. Phase 3 depends on what `third` says.
    pub fn planned(pair: Pair, third: &str) -> Self {
        pair.set("CRAFT_INTERNAL__NOW_MS", NOW_MS);
        let titles = ["Database Schema & Migrations", "API Layer", "Frontend Integration"];
        let depends = ["None (foundational phase)", "Phase 1 must be complete and merged", third];
        let mut master =
            "# Master Plan: Implement User Authentication\n\n**Date:** 2025-12-18\n**Status:** In Review\n\n\
                          ## Phase Breakdown\n\n"
                .to_owned();
        for (at, (title, depends)) in titles.iter().zip(depends).enumerate() {
            let n = at + 1;
            let _ = write!(
                master,
                "### Phase {n}: {title}\n\n**Objective:** Do {n}\n\n**Dependencies:** {depends}\n\n---\n\n"
            );
            let own = format!(
                "# Implement User Authentication - Phase {n}: {title}\n\n**Status:** Pending\n\n## Phase Objective\n\n\
                 Do {n}.\n\n## Detailed Implementation Steps\n\n- [ ] First of {n}\n- [ ] Second of {n}\n"
            );
            write(pair.a.join(plan(n)), own);
        }
        write(pair.a.join(MASTER), master);
        let phases = [1, 2, 3].map(|n| format!("      {{\n        \"phase\": {n},\n        \"plan\": \"{}\",\n        \"status\": \"pending\"\n      }}", plan(n)));
        let all: Vec<_> =
            [MASTER.to_owned(), plan(1), plan(2), plan(3)].iter().map(|p| format!("    \"{p}\"")).collect();
        write(
            pair.a.join("context/context.md"),
            format!(
                "# Current Work Summary\n\nPlanning: Implement User Authentication\n\n---\n\n```json\n{{\n  \
                 \"active_context\": [\n{}\n  ],\n  \"completed_summaries\": [],\n  \"phased_execution\": {{\n    \
                 \"master_plan\": \"{MASTER}\",\n    \"phases\": [\n{}\n    ],\n    \"current_phase\": null\n  }},\n  \
                 \"last_updated\": \"2025-12-18T09:00:00Z\"\n}}\n```\n",
                all.join(",\n"),
                phases.join(",\n")
            ),
        );
        Self { pair }
    }

    /// `craft plan …` in `a`.
    pub fn plan(&self, args: &[&str]) -> Ran {
        self.plan_in(&self.a, args)
    }

    /// `craft plan …` in a folder.
    pub fn plan_in(&self, dir: &Path, args: &[&str]) -> Ran {
        self.craft(dir, &[&["plan"], args].concat())
    }

    /// `craft plan … --json` in `a`, which ends well.
    #[track_caller]
    pub fn plan_json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.plan(&[args, &["--json"]].concat()).ok().stdout).unwrap()
    }

    /// The book's file in `a`.
    pub fn book_file(&self) -> PathBuf {
        self.a.join("context/context.md")
    }

    /// The book in `a`.
    pub fn book(&self) -> Book {
        Book::parse(&String::from_utf8(read(self.book_file())).unwrap()).unwrap()
    }

    /// Its fields.
    pub fn fields(&self) -> Fields {
        self.book().fields().clone()
    }

    /// Does the work of the phase whose branch is checked out: two commits.
    pub fn work(&self, n: u32) {
        for part in 1..=2 {
            write(self.a.join(format!("phase{n}/part{part}.txt")), format!("{n} {part}\nmore\n"));
            self.commit(&self.a, &format!("feat: part {part} of {n}"));
        }
    }

    /// Marks a phase completed, as its summary does, and commits that.
    pub fn complete(&self, n: u32) {
        let mut book = self.book();
        let summary = format!("context/summaries/2025-12-18-implement-user-authentication-phase-{n}-summary.md");
        write(self.a.join(&summary), format!("# Summary: {n}\n\n## Changes Made\n\nParts.\n"));
        book.set_status(n, Status::Completed).unwrap();
        book.set_current(None).unwrap();
        book.add_summary(&summary).unwrap();
        write(self.book_file(), book.text());
        self.commit(&self.a, &format!("docs: Summarize phase {n}"));
    }

    /// Begins a phase, does its work, completes it and pushes its branch.
    #[track_caller]
    pub fn finish(&self, n: u32) {
        self.plan(&["execute", &format!("--phase={n}")]).ok();
        self.work(n);
        self.complete(n);
        self.git(&self.a, &["push", "-q", "-u", "origin", &branch(n)]);
    }

    /// Somebody else merges a pushed branch of a phase into the remote's main branch: `merge`, `squash` or `rebase`.
    pub fn merge(&self, n: u32, way: &str) {
        let (b, theirs) = (&self.b, format!("origin/{}", branch(n)));
        self.git(b, &["fetch", "-q", "--prune"]);
        self.git(b, &["checkout", "-q", "-B", "main", "origin/main"]);
        match way {
            "merge" => drop(self.git(b, &["merge", "-q", "--no-ff", "-m", "Merge a phase", &theirs])),
            "squash" => {
                self.git(b, &["merge", "-q", "--squash", &theirs]);
                self.git(b, &["commit", "-qm", "feat: all of it (#7)"]);
            }
            "rebase" => {
                self.git(b, &["checkout", "-q", "-B", "their-phase", &theirs]);
                self.git(b, &["rebase", "-q", "--force-rebase", "main"]);
                self.git(b, &["checkout", "-q", "main"]);
                self.git(b, &["merge", "-q", "--ff-only", "their-phase"]);
            }
            _ => panic!("{way}"),
        }
        self.git(b, &["push", "-q", "origin", "main"]);
    }
}

/// The plan of a phase.
pub fn plan(n: usize) -> String {
    format!("context/plans/2025-12-18-implement-user-authentication-phase-{n}.md")
}

/// The branch of a phase.
pub fn branch(n: u32) -> String {
    format!("{BRANCH}{n}")
}
