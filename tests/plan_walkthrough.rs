//! The walk-through of the seed document on phased plans, on a real repository with a bare remote: three phases, of
//! which the first is merged by a merge commit, the second by a squash, the third by a rebase.

use std::path::PathBuf;

use claude_craft::book::markdown::headings;
use claude_craft::phase::book::Book;
use serde_json::Value;

use super::common::{Pair, Ran, read, write};

const MASTER: &str = include_str!("fixtures/para/seed-master.md");
const EXECUTING: &str = include_str!("fixtures/para/seed-executing.md");
const SUMMARY: &str = include_str!("fixtures/para/seed-summary.md");
const UNIT: &str = "2025-12-18-implement-user-authentication";
/// 2025-12-18T10:00:00Z, when the seed's first phase begins.
const BEGUN: &str = "1766052000000";

struct Walk(Pair);

impl Walk {
    fn craft(&self, args: &[&str]) -> Ran {
        self.0.craft(&self.0.a, &[&["plan"], args].concat())
    }

    fn text(&self, path: &str) -> String {
        String::from_utf8(read(self.0.a.join(path))).unwrap()
    }

    fn book(&self) -> Book {
        Book::parse(&self.text("context/context.md")).unwrap()
    }

    fn git(&self, args: &[&str]) -> String {
        self.0.git(&self.0.a, args).trim().to_owned()
    }

    /// Writes the steps and criteria of a phase's plan, as the model does.
    fn plan(&self, phase: u32, title: &str, objective: &str, steps: &[&str], criteria: &[&str]) {
        let list = |items: &[&str]| items.iter().map(|i| format!("- [ ] {i}\n")).collect::<String>();
        let path = format!("context/plans/{UNIT}-phase-{phase}.md");
        let head = self.text(&path);
        let head = &head[..head.find("\n## ").unwrap()];
        assert!(head.contains(title), "{head}");
        let text = format!(
            "{head}\n## Phase Objective\n\n{objective}\n\n## Detailed Implementation Steps\n\n{}\n## Success Criteria\n\n{}",
            list(steps),
            list(criteria)
        );
        write(self.0.a.join(path), text);
    }

    /// Does each to-do by writing a file, one commit each.
    fn work(&self, done: &[(&str, &str)]) {
        for (at, (file, message)) in done.iter().enumerate() {
            write(self.0.a.join(file), format!("-- {file}\n"));
            let said = self.craft(&["todo", "done", &(at + 1).to_string(), "--commit", message]).ok();
            assert!(self.git(&["status", "--porcelain"]).is_empty(), "{}", said.stdout);
            assert_eq!(self.git(&["log", "-1", "--format=%s"]), *message);
            assert!(self.git(&["show", "--name-only", "--format="]).contains(file));
        }
    }

    fn summarized(&self, phase: u32) -> String {
        let number = phase.to_string();
        self.craft(&["summarize", "--phase", &number]).ok();
        let path = format!("context/summaries/{UNIT}-phase-{phase}-summary.md");
        // The model writes its words.
        let text = self.text(&path);
        let lines =
            text.lines().map(|l| l.find("_To be written").map_or(l.to_owned(), |at| format!("{}Done.", &l[..at])));
        write(self.0.a.join(&path), lines.collect::<Vec<_>>().join("\n") + "\n");
        self.craft(&["summarize", "--phase", &number, "--commit"]).ok();
        assert!(
            self.git(&["status", "--porcelain"]).is_empty(),
            "all is committed: {}",
            self.git(&["status", "--porcelain"])
        );
        let book = self.book();
        assert_eq!(book.fields().phased_execution.as_ref().unwrap().current_phase, None);
        assert_eq!(book.fields().phase(phase).unwrap().status.word(), "completed");
        assert_eq!(book.fields().completed_summaries.last().unwrap(), &path);
        self.git(&["push", "-q", "origin", &branch(phase)]);
        self.text(&path)
    }

    /// Somebody merges the branch on the server.
    fn merge(&self, phase: u32, how: &[&str]) {
        let b = &self.0.b;
        self.0.git(b, &["fetch", "-q"]);
        self.0.git(b, &["switch", "-q", "main"]);
        self.0.git(b, &["merge", "-q", "--ff-only", "origin/main"]);
        let theirs = format!("origin/{}", branch(phase));
        match how {
            ["rebase"] => {
                // Something else came first.
                write(b.join("other.txt"), "other\n");
                self.0.git(b, &["add", "-A"]);
                self.0.git(b, &["commit", "-qm", "other"]);
                self.0.git(b, &["switch", "-q", "-c", "rebased", &theirs]);
                self.0.git(b, &["rebase", "-q", "main"]);
                self.0.git(b, &["switch", "-q", "main"]);
                self.0.git(b, &["merge", "-q", "--ff-only", "rebased"]);
            }
            ["squash"] => {
                self.0.git(b, &["merge", "-q", "--squash", &theirs]);
                self.0.git(b, &["commit", "-qm", &format!("feat: phase {phase} (#{phase})")]);
            }
            _ => {
                self.0.git(b, &["merge", "-q", "--no-ff", "-m", "Merge pull request", &theirs]);
            }
        }
        self.0.git(b, &["push", "-q", "origin", "main", &format!(":{}", branch(phase))]);
    }

    fn status(&self) -> Value {
        serde_json::from_str(&self.craft(&["status", "--json"]).ok().stdout).unwrap()
    }
}

fn branch(phase: u32) -> String {
    format!("para/implement-user-authentication-phase-{phase}")
}

fn outline(text: &str) -> Vec<String> {
    headings(text).iter().map(|h| format!("{} {}", "#".repeat(h.level), h.title)).collect()
}

/// The lines `**Name:** value` but for prose.
fn fields(text: &str) -> Vec<&str> {
    let kept = ["**Date:**", "**Status:**", "**Type:**", "**Dependencies:**", "**Plan:**", "**Branch:**"];
    text.lines().filter(|l| kept.iter().any(|k| l.starts_with(k))).collect()
}

#[test]
fn the_seeds_walk_through_from_the_plan_to_the_archive() {
    let walk = Walk(Pair::new());
    walk.0.set("CRAFT_INTERNAL__NOW_MS", BEGUN);

    // 1. The plan.
    let phases = ["Database Schema & Migrations", "API Layer", "Frontend Integration"];
    walk.craft(&[&["new", "implement-user-authentication", "--phases"], &phases[..]].concat()).ok();
    let made = walk.0.git(&walk.0.a, &["ls-files", "--others", "--exclude-standard", "context"]);
    let mut wanted: Vec<_> = (1..=3).map(|n| format!("context/plans/{UNIT}-phase-{n}.md")).collect();
    wanted.extend([format!("context/plans/{UNIT}.md"), "context/context.md".into()]);
    let mut made: Vec<_> = made.lines().map(str::to_owned).collect();
    made.sort();
    wanted.sort();
    assert_eq!(made, wanted);
    let master = walk.text(&format!("context/plans/{UNIT}.md"));
    assert_eq!(outline(&master), outline(MASTER), "the seed's headings in the seed's order");
    assert_eq!(fields(&master), fields(MASTER));
    let planned = walk.book();
    assert_eq!(planned.fields().active_context.len(), 4, "the master plan and all phases");
    assert_eq!(walk.status()["state"], "planning");

    // 2. The model writes, the user reviews.
    write(walk.0.a.join(format!("context/plans/{UNIT}.md")), MASTER);
    let steps: Vec<_> = EXECUTING.lines().filter_map(|l| l.strip_prefix("- [ ] ")).collect();
    let validated: Vec<_> = SUMMARY.lines().filter_map(|l| l.strip_prefix("- [x] ")).collect();
    let objective = "Create user authentication tables and JWT refresh token storage.";
    walk.plan(1, phases[0], objective, &steps, &validated);
    walk.plan(2, phases[1], "Serve it.", &["Auth service", "Middleware"], &["Tokens are checked"]);
    walk.plan(3, phases[2], "Show it.", &["Login page", "Protected routes"], &["Users can log in"]);

    // 3. Phase 1 is executed; nothing else can be.
    let refused = walk.craft(&["execute", "--phase", "2"]);
    assert_ne!(refused.code, 0);
    assert!(refused.stderr.contains("phase 1") || refused.stderr.contains("Phase 1"), "{}", refused.stderr);
    walk.craft(&["execute", "--phase=1"]).ok();
    assert_eq!(walk.git(&["branch", "--show-current"]), branch(1));
    assert_eq!(walk.text("context/context.md"), EXECUTING, "the seed's own book, byte for byte");
    assert_eq!(
        walk.git(&["log", "-1", "--format=%s"]),
        "chore: Initialize execution context for implement-user-authentication-phase-1"
    );
    assert_eq!(walk.git(&["rev-parse", "HEAD~1"]), walk.0.rev(&walk.0.a, "main"));
    assert_eq!(walk.status()["state"], "executing");

    // 4. The work, and its summary.
    walk.work(&[
        ("migrations/001_create_users_table.sql", "feat: Add users table migration"),
        ("migrations/002_create_refresh_tokens_table.sql", "feat: Add refresh_tokens table migration"),
        ("migrations/003_indexes.sql", "feat: Add indexes"),
        ("seeds/test_users.sql", "feat: Add seed data"),
        ("tests/migrations_test.sql", "test: Verify migrations work correctly"),
    ]);
    let path = format!("context/plans/{UNIT}-phase-1.md");
    let ticked = walk.text(&path);
    let at = ticked.find("## Success Criteria").unwrap();
    write(walk.0.a.join(&path), format!("{}{}", &ticked[..at], ticked[at..].replace("- [ ]", "- [x]")));
    let summary = walk.summarized(1);
    assert_eq!(summary.lines().next(), SUMMARY.lines().next());
    assert_eq!(fields(&summary), fields(SUMMARY));
    for heading in [
        "## Phase Objective",
        "## Changes Made",
        "### Files Created",
        "## Success Criteria Validation",
        "## Key Learnings",
        "## Next Steps",
    ] {
        assert!(SUMMARY.contains(heading) && outline(&summary).contains(&heading.to_owned()), "{heading}: {summary}");
    }
    for line in SUMMARY.lines().filter(|l| l.starts_with("- [x] ")) {
        assert!(summary.contains(line), "{line}");
    }
    for file in [
        "`migrations/001_create_users_table.sql`",
        "`migrations/002_create_refresh_tokens_table.sql`",
        "`seeds/test_users.sql`",
    ] {
        assert!(summary.contains(&format!("- {file} - ")), "{file}: {summary}");
    }

    // 5. Completed is not merged: the message names the branch and what would mend it.
    let refused = walk.craft(&["execute", "--phase=2"]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains(&branch(1)) && refused.stderr.contains("hint: "), "{}", refused.stderr);
    assert!(refused.stderr.contains("craft plan pr --phase"), "{}", refused.stderr);
    assert_eq!(walk.git(&["branch", "--show-current"]), branch(1), "nothing was switched");
    walk.merge(1, &["merge"]);

    // 6. Phase 2 begins from the merged main.
    walk.craft(&["execute", "--phase=2"]).ok();
    assert_eq!(walk.git(&["branch", "--show-current"]), branch(2));
    assert_eq!(walk.git(&["rev-parse", "HEAD~1"]), walk.0.remote_tip());
    assert_eq!(walk.0.rev(&walk.0.a, "main"), walk.0.remote_tip(), "the local main was fast-forwarded");
    let book = walk.text("context/context.md");
    for line in EXECUTING.lines().filter_map(|l| l.strip_prefix("- [ ] ")) {
        assert!(book.contains(&format!("- [x] {line}")), "what was done stays in the book: {line}\n{book}");
    }
    walk.work(&[("src/auth.rs", "feat: Add the auth service"), ("src/middleware.rs", "feat(api): Check tokens")]);
    walk.summarized(2);
    walk.merge(2, &["squash"]);
    assert_eq!(walk.status()["state"], "summarized");

    // 7. Phase 3, after a squash, and its own branch is rebased.
    walk.craft(&["execute", "--phase=3"]).ok();
    walk.work(&[("web/login.tsx", "feat: Add the login page"), ("web/routes.tsx", "feat: Protect routes")]);
    walk.summarized(3);
    let early = walk.craft(&["archive"]);
    assert_eq!(early.code, 1, "phase 3 is not merged: {}", early.stdout);
    assert!(early.stdout.contains(&branch(3)), "{}{}", early.stdout, early.stderr);
    walk.merge(3, &["rebase"]);

    // 8. The archive.
    walk.git(&["switch", "-q", "main"]);
    walk.git(&["pull", "-q", "--ff-only"]);
    let before = walk.text("context/context.md");
    let merged: Vec<_> = walk.status()["phases"].as_array().unwrap().iter().map(|p| p["merged"].clone()).collect();
    assert!(merged.iter().all(|m| !m.is_null() && *m != false), "{merged:?}");
    walk.craft(&["archive"]).ok();
    assert_eq!(walk.text("context/archives/2025-12-18-context.md"), before);
    let book = walk.book();
    assert_eq!(book.fields().phased_execution, None);
    assert_eq!(book.fields().completed_summaries.len(), 3, "what was done is still told of");
    let master = walk.text(&format!("context/plans/{UNIT}.md"));
    assert!(master.contains("**Status:** Completed") || master.contains("Completed"), "{}", &master[..200]);
    assert_eq!(walk.status()["state"], "idle");
    let kept: Vec<PathBuf> =
        (1..=3).map(|n| walk.0.a.join(format!("context/summaries/{UNIT}-phase-{n}-summary.md"))).collect();
    assert!(kept.iter().all(|p| p.exists()));
    walk.0.whole();
}
