//! Beginning phases on real repositories.

use claude_craft::book::fields::Status;

use crate::common::phased::{BRANCH, MASTER, branch, plan};
use crate::common::{Pair, Phased, read, write};
use crate::sync_kill::plan_steps;

#[test]
fn a_phase_begins_on_a_branch_of_its_own_with_the_book_as_the_seed_has_it() {
    let r = Phased::new();
    r.b_pushes_after_pull("theirs.txt", "news\n");
    let tip = r.remote_tip();
    let ran = r.plan(&["execute", "--phase=1"]).ok();
    for said in [
        "made para/implement-user-authentication-phase-1 from main at ",
        "1. [ ] First of 1",
        "next: craft plan todo done 1 --phase=1",
    ] {
        assert!(ran.stdout.contains(said), "{said}: {}", ran.stdout);
    }
    assert_eq!(r.git(&r.a, &["branch", "--show-current"]), branch(1));
    assert_eq!(r.rev(&r.a, "HEAD^"), tip, "from the newest main branch");
    assert_eq!(r.rev(&r.a, "main"), tip, "which was moved forward");
    assert_eq!(r.changes(), "");
    let text = String::from_utf8(read(r.book_file())).unwrap();
    let head = format!(
        "# Current Work Summary\n\nExecuting: Implement User Authentication - Phase 1: Database Schema & Migrations\n\n\
         **Branch:** `{}`\n**Master Plan:** {MASTER}\n**Phase Plan:** {}\n\n## To-Do List\n\n- [ ] First of 1\n\
         - [ ] Second of 1\n\n## Progress Notes\n\n_Update this section as you complete items._\n\n",
        branch(1),
        plan(1)
    );
    assert!(text.starts_with(&head), "{text}");
    assert!(text.contains("Planning: Implement User Authentication"), "what stood there stays");
    let fields = r.fields();
    assert_eq!(fields.active_context, [MASTER.to_owned(), plan(1)]);
    assert_eq!(fields.execution_branch, Some(branch(1)));
    assert_eq!(fields.execution_started.as_deref(), Some("2025-12-18T10:00:00Z"));
    assert_eq!(fields.phased_execution.unwrap().current_phase, Some(1));
    assert!(!text.contains("\"branch\""), "a branch of the usual name is not named");
    assert!(String::from_utf8(read(r.a.join(plan(1)))).unwrap().contains("**Status:** In Progress"));
    assert_eq!(
        r.git(&r.a, &["log", "-1", "--format=%s"]),
        "chore: Initialize execution context for implement-user-authentication-phase-1"
    );
    let files = r.git(&r.a, &["show", "--name-only", "--format=", "HEAD"]);
    assert_eq!(files, format!("context/context.md\n{}", plan(1)));

    let before = r.rev(&r.a, "HEAD");
    let again = r.plan(&["execute"]).ok();
    assert!(again.stdout.contains("is under way already"), "{}", again.stdout);
    assert_eq!(r.rev(&r.a, "HEAD"), before);
    assert_eq!(String::from_utf8(read(r.book_file())).unwrap(), text);
}

#[test]
fn a_phase_waits_until_the_one_before_is_merged_and_says_which_command_mends_it() {
    let r = Phased::new();
    let refused = |words: &[&str], code: i32, says: &[&str]| {
        let ran = r.plan(words);
        assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
        for said in says {
            assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
        }
    };
    refused(&["execute", "--phase=2"], 1, &["phase 2 depends on phase 1", &branch(1), "craft plan execute --phase=1"]);
    r.plan(&["execute"]).ok();
    refused(&["execute", "--phase=2"], 1, &["not completed", &branch(1), "craft plan summarize --phase=1"]);
    r.work(1);
    r.complete(1);
    refused(&["execute", "--phase=2"], 1, &["is not merged into main", &branch(1), "craft plan pr --phase=1"]);
    refused(&["execute", "--phase=9"], 2, &["has no phase 9"]);
    // Also where the main branch's own book knows nothing of it.
    r.git(&r.a, &["switch", "-q", "main"]);
    refused(&["execute", "--phase=2"], 1, &["is not merged into main"]);
    assert_eq!(r.git(&r.a, &["branch", "--show-current"]), "main");

    let ran = r.plan(&["execute", "--phase=2", "--force"]).ok();
    assert!(ran.stdout.contains("begun by force"), "{}", ran.stdout);
    let text = String::from_utf8(read(r.book_file())).unwrap();
    assert!(text.contains("\"forced\": {") && text.contains("is not merged into main"), "{text}");
    let journal = r.craft(&r.a, &["logs", "--json"]).ok().stdout;
    assert!(journal.contains("execute --force"), "{journal}");
}

#[test]
fn each_way_of_merging_opens_the_way_for_the_next_phase() {
    let r = Phased::new();
    for (n, way) in [(1, "merge"), (2, "squash"), (3, "rebase")] {
        r.finish(n);
        r.merge(n, way);
        if n < 3 {
            // Nobody says which: only one can begin.
            r.git(&r.a, &["switch", "-q", "main"]);
            let begun = r.plan_json(&["execute"]);
            assert_eq!(begun["phase"], n + 1, "{way}");
            let fields = r.fields();
            assert_eq!(fields.phase(n).unwrap().status, Status::Completed, "{way}");
            assert_eq!(fields.completed_summaries.len(), n as usize, "{way}");
            r.git(&r.a, &["switch", "-q", "main"]);
            r.git(&r.a, &["branch", "-qD", &branch(n + 1)]);
        }
    }
}

#[test]
fn plans_that_are_not_committed_or_on_another_branch_only_come_along() {
    let r = Phased::planned(Pair::new(), "Phase 1");
    r.plan(&["execute", "--phase=1"]).ok();
    assert_eq!(r.changes(), "");
    let files = r.git(&r.a, &["ls-tree", "-r", "--name-only", "HEAD", "context"]);
    assert_eq!(files.lines().count(), 5, "{files}");
    // Phase 2 from a main branch that has none of them.
    let ran = r.plan(&["execute", "--phase=2", "--force"]).ok();
    assert!(ran.stdout.contains("2. [ ] Second of 2"), "{}", ran.stdout);
    assert_eq!(r.git(&r.a, &["ls-tree", "-r", "--name-only", "HEAD", "context"]), files);
    assert_eq!(r.fields().under_way().map(|p| p.phase).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(r.book().list(Some(1)).unwrap().todos.len(), 2, "both have a list");
    assert_eq!(r.book().list(Some(2)).unwrap().todos.len(), 2);
}

#[test]
fn a_dirty_tree_stops_it_or_goes_into_a_stash_or_comes_along() {
    let r = Phased::new();
    r.edit(&r.a, "one.txt", 1, "mine");
    write(r.a.join("new.txt"), "new\n");
    write(r.a.join("context/notes.md"), "notes\n");
    let ran = r.plan(&["execute", "--phase=1"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("2 changed files are not committed, first ") && ran.stderr.contains("--dirty stash"),
        "{}",
        ran.stderr
    );
    assert_eq!(r.git(&r.a, &["branch", "--show-current"]), "main");
    let ran = r.plan(&["execute", "--phase=1", "--dirty", "carry"]).ok();
    assert!(ran.stdout.contains("taken along"), "{}", ran.stdout);
    assert_eq!(r.changes(), " M one.txt\n?? context/notes.md\n?? new.txt");
    r.git(&r.a, &["switch", "-q", "main"]);
    r.git(&r.a, &["branch", "-qD", &branch(1)]);
    let ran = r.plan(&["execute", "--phase=1", "--dirty", "stash"]).ok();
    assert_eq!(r.changes(), "?? context/notes.md");
    let command = ran.stdout.lines().find_map(|l| l.split("get them back: git ").nth(1)).expect("a command").to_owned();
    r.git(&r.a, &command.split(' ').collect::<Vec<_>>());
    assert_eq!(r.changes(), " M one.txt\n?? context/notes.md\n?? new.txt");
}

#[test]
fn where_git_refuses_the_switch_all_stays_as_it_was() {
    let r = Phased::new();
    // The main branch of the remote changes what is edited here.
    r.git(&r.b, &["pull", "-q"]);
    r.edit(&r.b, "one.txt", 1, "theirs");
    let mut book = String::from_utf8(read(r.b.join("context/context.md"))).unwrap();
    book = book.replace("Planning:", "Plan:");
    write(r.b.join("context/context.md"), book);
    r.b_pushes_all("theirs");
    r.edit(&r.a, "one.txt", 1, "mine");
    for how in ["carry", "stash"] {
        if how == "stash" {
            write(r.book_file(), String::from_utf8(read(r.book_file())).unwrap().replace("Planning:", "Mine:"));
        }
        let before = r.changes();
        let ran = r.plan(&["execute", "--phase=1", "--dirty", how]);
        assert_eq!(ran.code, 1, "{}", ran.stdout);
        assert_eq!(r.changes(), before, "{how}");
        assert!(String::from_utf8(read(r.a.join("one.txt"))).unwrap().starts_with("mine\n"));
        assert_eq!(r.git(&r.a, &["stash", "list"]), "");
        assert_eq!(r.git(&r.a, &["branch", "--list", "para/*"]), "");
        if how == "stash" {
            assert!(ran.stderr.contains("git add context && git commit"), "{}", ran.stderr);
        }
    }
}

#[test]
fn a_branch_that_exists_stops_it_unless_somebody_says_what_to_do() {
    let r = Phased::new();
    r.plan(&["execute", "--phase=1"]).ok();
    r.work(1);
    r.git(&r.a, &["switch", "-q", "main"]);
    let ran = r.plan(&["execute", "--phase=1"]);
    assert_eq!(ran.code, 1);
    for said in ["exists already", "--existing continue", "--existing new", &format!("{BRANCH}1-2")] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    let went = r.plan_json(&["execute", "--phase=1", "--existing", "continue"]);
    assert_eq!((went["branch"].as_str().unwrap(), went["created"].as_bool()), (branch(1).as_str(), Some(false)));
    assert!(r.a.join("phase1/part1.txt").exists());
    r.git(&r.a, &["switch", "-q", "main"]);
    let new = r.plan_json(&["execute", "--phase=1", "--existing", "new"]);
    assert_eq!(new["branch"], format!("{BRANCH}1-2"));
    assert_eq!(r.fields().phase(1).unwrap().branch, Some(format!("{BRANCH}1-2")));
    assert!(!r.a.join("phase1").exists());
    // From now on it is the phase's branch.
    assert!(r.plan(&["execute"]).ok().stdout.contains("is under way already"));
}

#[test]
fn a_phase_may_have_a_working_tree_of_its_own() {
    let r = Phased::new();
    let begun = r.plan_json(&["execute", "--phase=1", "--worktree"]);
    let path = ".para-worktrees/implement-user-authentication-phase-1";
    assert_eq!(begun["worktree"], path);
    assert_eq!(r.git(&r.a, &["branch", "--show-current"]), "main");
    assert_eq!(r.changes(), format!(" M context/context.md\n M {}", plan(1)), "the book stays here");
    let tree = r.a.join(path);
    assert_eq!(
        r.git(&tree, &["log", "-1", "--format=%s"]),
        "chore: Initialize execution context for implement-user-authentication-phase-1"
    );
    assert_eq!(r.git(&tree, &["diff", "--stat", "HEAD^", "HEAD"]), "");
    assert_eq!(r.fields().phase(1).unwrap().worktree_path.as_deref(), Some(path));
    write(tree.join("x.txt"), "x\n");
    let done = r.plan_in(&tree, &["todo", "done", "1", "--commit", "feat: x"]).ok();
    assert!(done.stdout.contains("1 of 2 done"), "{}", done.stdout);
    assert_eq!(r.git(&tree, &["show", "--name-only", "--format=%s", "HEAD"]), "feat: x\n\nx.txt");
    assert!(r.book().list(Some(1)).unwrap().todos[0].done, "in the book of the main working tree");
    let again = r.plan_json(&["execute", "--phase=1", "--worktree"]);
    assert_eq!(again["commit"], serde_json::Value::Null);
}

#[test]
fn without_the_remote_what_was_last_fetched_has_to_do() {
    let r = Phased::new();
    r.finish(1);
    let away = r.path("away.git");
    std::fs::rename(&r.remote, &away).unwrap();
    let ran = r.plan(&["execute", "--phase=2"]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("is not merged into main") && ran.stderr.contains("could not be asked"),
        "{}",
        ran.stderr
    );
    std::fs::rename(&away, &r.remote).unwrap();
    r.merge(1, "merge");
    r.git(&r.a, &["fetch", "-q"]);
    std::fs::rename(&r.remote, &away).unwrap();
    let ran = r.plan(&["execute", "--phase=2"]).ok();
    assert!(ran.stdout.contains("could not be reached, so what was last fetched counts"), "{}", ran.stdout);
    std::fs::rename(&away, &r.remote).unwrap();
}

#[test]
fn what_may_not_be_fetched_is_not_fetched() {
    let r = Phased::new();
    r.configure(serde_json::json!({"permissions": {"git": {"overrides": {"pull": false}}}}));
    let was = r.rev(&r.a, "origin/main");
    r.b_pushes_after_pull("theirs.txt", "news\n");
    let ran = r.plan(&["execute", "--phase=1"]).ok();
    assert!(ran.stdout.contains("pull on git is not allowed"), "{}", ran.stdout);
    assert_eq!(r.rev(&r.a, "origin/main"), was);
}

#[test]
fn main_branches_that_came_apart_are_for_the_user() {
    let r = Phased::new();
    r.b_pushes_after_pull("theirs.txt", "news\n");
    write(r.a.join("mine.txt"), "mine\n");
    r.commit(&r.a, "mine");
    let ran = r.plan(&["execute", "--phase=1"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("have come apart") && ran.stderr.contains("git pull --rebase"), "{}", ran.stderr);
}

#[test]
fn killed_at_any_step_the_same_command_finishes() {
    let wanted = {
        let r = committed_elsewhere();
        r.plan(&["execute", "--phase=1"]).ok();
        (read(r.book_file()), r.git(&r.a, &["rev-parse", "HEAD^{tree}"]))
    };
    for step in [
        "plan-fetched",
        "plan-stashed",
        "plan-switched",
        "plan-documents",
        "plan-carried",
        "plan-forwarded",
        "plan-book",
        "plan-staged",
        "plan-commit-made",
        "plan-committed",
    ] {
        let r = committed_elsewhere();
        r.set("CRAFT_INTERNAL__KILL_AT", step);
        let killed = r.plan(&["execute", "--phase=1"]);
        r.unset("CRAFT_INTERNAL__KILL_AT");
        assert_eq!(killed.code, 128 + 9, "{step}: {}{}", killed.stdout, killed.stderr);
        let ran = r.plan(&["execute", "--phase=1"]);
        assert_eq!(ran.code, 0, "{step}: {}", ran.stderr);
        assert_eq!((read(r.book_file()), r.git(&r.a, &["rev-parse", "HEAD^{tree}"])), wanted, "{step}");
        assert_eq!(r.changes(), "", "{step}");
        assert_eq!(r.git(&r.a, &["rev-list", "--count", "origin/main..HEAD"]), "1", "{step}");
        assert_eq!(r.git(&r.a, &["for-each-ref", "refs/craft/para-from"]), "", "{step}");
    }
}

/// A new step must be killed at somewhere.
#[test]
fn every_step_of_a_plans_command_that_has_a_name_is_killed_at() {
    let tests =
        [include_str!("plan_execute.rs"), include_str!("plan_hostile.rs"), include_str!("plan_todo.rs")].concat();
    let missing: Vec<_> = plan_steps().into_iter().filter(|step| !tests.contains(&format!("\"{step}\""))).collect();
    assert_eq!(missing, [""; 0], "no test kills at these steps");
}

/// The plan is committed on a branch that is not the main one, which has news.
fn committed_elsewhere() -> Phased {
    let r = Phased::planned(Pair::new(), "Phase 2");
    r.git(&r.a, &["switch", "-q", "-c", "planning"]);
    r.commit(&r.a, "docs: Plan");
    r.b_pushes_after_pull("theirs.txt", "news\n");
    r
}

#[test]
fn a_plan_without_steps_or_with_a_credential_says_what_to_do() {
    let r = Phased::new();
    let text = String::from_utf8(read(r.a.join(plan(1)))).unwrap();
    write(r.a.join(plan(1)), text.split("## Detailed").next().unwrap());
    let ran = r.plan(&["execute", "--phase=1"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("has no steps") && ran.stderr.contains("Implementation Steps"), "{}", ran.stderr);

    let secret = format!("AKIA{}", "Z7QKX3M5N2PLWV4T");
    write(r.a.join(plan(1)), format!("{text}\nkey: {secret}\n"));
    let ran = r.plan(&["execute", "--phase=1"]);
    assert_eq!(ran.code, 4, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains(&plan(1)) && ran.stderr.contains("craft scan allow"), "{}", ran.stderr);
    assert!(!ran.stderr.contains(&secret));
    assert_eq!(r.git(&r.a, &["diff", "--cached", "--name-only"]), "", "the index is as it was");
    write(r.a.join(plan(1)), text);
    r.plan(&["execute", "--phase=1"]).ok();
    assert_eq!(
        r.git(&r.a, &["log", "-1", "--format=%s"]),
        "chore: Initialize execution context for implement-user-authentication-phase-1"
    );
}

#[test]
fn a_simple_plan_has_a_branch_too() {
    let pair = Pair::new();
    let path = "context/plans/2025-12-18-tidy-up.md";
    write(pair.a.join(path), "# Plan: Tidy Up\n\n**Status:** Pending\n\n## Implementation Steps\n\n1. Sweep\n2. Mop\n");
    write(
        pair.a.join("context/context.md"),
        format!(
            "# Current Work Summary\n\n---\n\n```json\n{{\n  \"active_context\": [\n    \"{path}\"\n  ],\n  \"completed_summaries\": [],\n  \"last_updated\": \"x\"\n}}\n```\n"
        ),
    );
    pair.craft(&pair.a, &["plan", "execute"]).ok();
    assert_eq!(pair.git(&pair.a, &["branch", "--show-current"]), "para/tidy-up");
    let text = String::from_utf8(read(pair.a.join("context/context.md"))).unwrap();
    assert!(
        text.contains(
            "Executing: Tidy Up\n\n**Branch:** `para/tidy-up`\n**Plan:** context/plans/2025-12-18-tidy-up.md\n"
        ),
        "{text}"
    );
    assert!(text.contains("- [ ] Sweep\n- [ ] Mop\n"));
    let again = pair.craft(&pair.a, &["plan", "execute"]).ok();
    assert!(again.stdout.contains("under way already"), "{}", again.stdout);
    assert_eq!(pair.git(&pair.a, &["rev-list", "--count", "main..HEAD"]), "1");
}

#[test]
fn a_phase_is_rolled_back_and_its_branch_stays() {
    let r = Phased::new();
    r.plan(&["execute", "--phase=1"]).ok();
    r.work(1);
    let tip = r.rev(&r.a, "HEAD");
    let ran = r.plan(&["rollback", "--phase=1", "--reason", "another way"]).ok();
    assert!(
        ran.stdout.contains("stays with its commits") && ran.stdout.contains("next: git switch main"),
        "{}",
        ran.stdout
    );
    let text = String::from_utf8(read(r.book_file())).unwrap();
    assert!(text.contains("\"rolled_back\": {") && text.contains("\"reason\": \"another way\""), "{text}");
    assert_eq!(r.fields().phase(1).unwrap().status, Status::Pending);
    assert_eq!(r.rev(&r.a, &branch(1)), tip);
    assert_eq!(r.plan(&["rollback", "--phase=1"]).code, 1, "there is nothing to roll back any more");
    r.commit(&r.a, "chore: Roll back");
    let new = r.plan_json(&["execute", "--phase=1", "--existing", "new"]);
    // Its own branch is checked out: that is where it goes on.
    assert_eq!(new["branch"], branch(1).as_str());
    assert_eq!(r.fields().phase(1).unwrap().status, Status::InProgress);

    r.complete(1);
    r.plan(&["execute", "--phase=2", "--force"]).ok();
    let ran = r.plan(&["rollback", "--phase=1"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("phase 2 depends on phase 1 and is under way") && ran.stderr.contains("rollback --phase=2"),
        "{}",
        ran.stderr
    );
}

/// The command that `status` and `rollback` suggest last.
fn suggested(ran: &crate::common::Ran) -> Vec<String> {
    let line = ran.stdout.lines().rfind(|l| l.contains("craft plan ")).unwrap_or_default();
    let words = line.split("craft plan ").nth(1).unwrap_or_else(|| panic!("{}", ran.stdout));
    words.split(' ').map(str::to_owned).collect()
}

#[test]
fn what_is_suggested_after_a_rollback_works_as_typed() {
    for worktree in [false, true] {
        for from in ["rollback", "status"] {
            let r = Phased::new();
            let how: &[&str] = if worktree { &["--worktree"] } else { &[] };
            r.plan(&[&["execute", "--phase=1"], how].concat()).ok();
            let back = r.plan(&["rollback", "--phase=1"]).ok();
            r.git(&r.a, &["commit", "-qm", "chore: Roll back", "--", "context"]);
            if !worktree {
                // The book of the branch stays there; the main branch's never knew of it.
                r.git(&r.a, &["switch", "-q", "main"]);
            }
            let said = if from == "status" { r.plan(&["status"]).ok() } else { back };
            let words = suggested(&said);
            let wanted: &[&str] = if worktree { &["--worktree"] } else { &["--existing", "continue"] };
            assert_eq!(words, [&["execute", "--phase=1"], wanted].concat(), "{from}: {}", said.stdout);
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            assert_eq!(r.plan_json(&words)["branch"], branch(1).as_str());
            assert_eq!(r.fields().phase(1).unwrap().status, Status::InProgress);
        }
    }
}

#[test]
fn a_branch_in_a_working_tree_of_its_own_is_gone_on_with_there() {
    let r = Phased::new();
    r.plan(&["execute", "--phase=1", "--worktree"]).ok();
    r.plan(&["rollback", "--phase=1"]).ok();
    r.git(&r.a, &["commit", "-qm", "chore: Roll back", "--", "context"]);
    write(r.a.join("README.md"), "changed\n");
    for how in [&[][..], &["--existing", "continue"]] {
        let ran = r.plan(&[&["execute", "--phase=1"], how].concat());
        assert_eq!(ran.code, 1);
        assert!(ran.stderr.contains("is checked out in") && !ran.stderr.contains("stash"), "{}", ran.stderr);
        assert!(ran.stderr.contains("`craft plan execute --phase=1 --worktree` goes on there"), "{}", ran.stderr);
    }
    r.plan(&["execute", "--phase=1", "--worktree"]).ok();
    assert_eq!(read(r.a.join("README.md")), b"changed\n");
    // One that somebody made elsewhere is none of ours.
    let there = r.path("elsewhere");
    r.git(&r.a, &["worktree", "add", "-q", "-b", &branch(2), there.to_str().unwrap()]);
    let ran = r.plan(&["execute", "--phase=2", "--force", "--existing", "continue"]);
    assert!(ran.stderr.contains("switch --detach") && !ran.stderr.contains("goes on there"), "{}", ran.stderr);
}

#[test]
fn what_else_is_in_the_active_context_stays_there() {
    let r = Phased::new();
    let mut book = r.book();
    let mut active = book.fields().active_context.clone();
    active.insert(1, "context/data/survey.md".into());
    active.push("src/main.rs".into());
    book.set_active(&active).unwrap();
    write(r.book_file(), book.text());
    r.commit(&r.a, "docs: Context");
    r.plan(&["execute", "--phase=1"]).ok();
    let others = ["context/data/survey.md".to_owned(), "src/main.rs".into()];
    assert_eq!(r.fields().active_context, [&[MASTER.to_owned(), plan(1)], &others[..]].concat());
    r.plan(&["execute", "--phase=2", "--force"]).ok();
    assert_eq!(r.fields().active_context, [&[MASTER.to_owned(), plan(1), plan(2)], &others[..]].concat());
}

#[test]
fn a_main_branch_that_is_checked_out_elsewhere_is_not_moved() {
    let r = Phased::new();
    r.git(&r.a, &["switch", "-q", "-c", "here"]);
    let there = r.path("there");
    r.git(&r.a, &["worktree", "add", "-q", there.to_str().unwrap(), "main"]);
    r.b_pushes_after_pull("theirs.txt", "news\n");
    let was = r.rev(&r.a, "main");
    let ran = r.plan(&["execute", "--phase=1"]).ok();
    assert!(ran.stdout.contains("is checked out in") && ran.stdout.contains("merge --ff-only"), "{}", ran.stdout);
    assert_eq!(r.rev(&r.a, "main"), was);
    assert_eq!(r.git(&there, &["status", "--porcelain"]), "");
    assert_eq!(r.rev(&r.a, "HEAD^"), r.remote_tip());
}

#[test]
fn commits_on_no_branch_are_not_left_behind() {
    let r = Phased::new();
    r.git(&r.a, &["switch", "-q", "--detach"]);
    write(r.a.join("x.txt"), "x\n");
    let lost = r.commit(&r.a, "on no branch");
    let ran = r.plan(&["execute", "--phase=1"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("git switch -c NAME"), "{}", ran.stderr);
    assert_eq!(r.rev(&r.a, "HEAD"), lost);
    r.git(&r.a, &["branch", "kept"]);
    r.plan(&["execute", "--phase=1"]).ok();
}

#[test]
fn names_in_the_book_do_not_reach_git_as_anything_else() {
    let r = Phased::new();
    for name in ["--orphan=x", "../../HEAD", "a..b", "x\u{7}y", "-"] {
        let mut book = r.book();
        book.put_in_phase(1, "branch", &name.into()).unwrap();
        write(r.book_file(), book.text());
        let ran = r.plan(&["execute", "--phase=1"]);
        assert_eq!(ran.code, 2, "{name:?}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains("cannot be the name of a branch"), "{}", ran.stderr);
        assert_ne!(r.plan(&["pr", "--phase=1"]).code, 0);
        assert_eq!(r.git(&r.a, &["branch", "--show-current"]), "main");
    }
}
