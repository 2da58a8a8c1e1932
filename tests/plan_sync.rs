//! Auto-sync and the branches of phases: real remotes, two clones.

use std::path::Path;

use claude_craft::sync::outcome::{End, Refusal};
use serde_json::json;

use crate::common::{Pair, write};

const BOOK: &str = include_str!("fixtures/para/seed-executing.md");
const PHASE: &str = "para/implement-user-authentication-phase-1";

/// `a` is enrolled on `main` and works on the branch of a phase, whose book is on it.
fn on_a_phase(branch: &str) -> Pair {
    let pair = Pair::enrolled();
    // As git sets it up where the branch is made from what the remote has.
    pair.git(&pair.a, &["switch", "-q", "-c", branch, "--track", "origin/main"]);
    write(pair.a.join("context/context.md"), BOOK);
    write(pair.a.join("new.txt"), "mine\n");
    pair
}

fn remote_has(pair: &Pair, branch: &str) -> bool {
    pair.remote_refs().contains(&format!("refs/heads/{branch} "))
}

#[test]
fn the_branch_of_a_phase_is_pushed_under_its_own_name_and_pulled_from_it() {
    let pair = on_a_phase(PHASE);
    let main = pair.remote_tip();
    let report = pair.force("sync").done();
    assert!(report.pushed.is_some_and(|p| p.published && p.target == format!("origin/{PHASE}")));
    assert_eq!(pair.rev(&pair.remote, &format!("refs/heads/{PHASE}")), pair.rev(&pair.a, "HEAD"));
    assert_eq!(pair.remote_tip(), main, "the enrolled branch is not touched");
    let merge = pair.git(&pair.a, &["config", &format!("branch.{PHASE}.merge")]);
    assert_eq!(merge, format!("refs/heads/{PHASE}"));

    // Somebody else works on the phase, and somebody on main.
    pair.b_pushes("main.txt", "main\n");
    pair.git(&pair.b, &["fetch", "-q"]);
    pair.git(&pair.b, &["switch", "-q", PHASE]);
    write(pair.b.join("theirs.txt"), "theirs\n");
    pair.commit(&pair.b, "theirs");
    pair.git(&pair.b, &["push", "-q", "origin", PHASE]);
    write(pair.a.join("more.txt"), "more\n");
    pair.force("sync").done();
    assert!(pair.a.join("theirs.txt").exists() && !pair.a.join("main.txt").exists());
    assert_eq!(pair.rev(&pair.remote, &format!("refs/heads/{PHASE}")), pair.rev(&pair.a, "HEAD"));
    assert_eq!(pair.git(&pair.a, &["branch", "--show-current"]), PHASE);

    let status = pair.auto_sync(&pair.a, &["status"]).stdout;
    assert!(status.contains(&format!("HEAD is on {PHASE}, the branch of a phase, which is synced too")), "{status}");
    let words = pair.craft(&pair.a, &["brief"]).ok().stdout;
    assert!(!words.contains("resting"), "{words}");
    pair.whole();
}

#[test]
fn the_hooks_sync_it_as_any_branch() {
    let pair = on_a_phase(PHASE);
    pair.session_start(&pair.a, "s");
    pair.session_end(&pair.a, "s");
    pair.wait_for_worker(&pair.a);
    assert!(remote_has(&pair, PHASE));
    pair.git(&pair.a, &["switch", "-q", "main"]);
    let tip = pair.remote_tip();
    pair.b_pushes("main.txt", "main\n");
    pair.force("sync").done();
    assert!(pair.a.join("main.txt").exists() && !pair.a.join("new.txt").exists());
    assert_ne!(pair.remote_tip(), tip);
}

#[test]
fn without_the_books_word_or_the_users_a_branch_stays_refused() {
    let refused = |pair: &Pair, why: &str| {
        let (refs, state) = (pair.remote_refs(), pair.state());
        pair.force("sync").refused(Refusal::OtherBranch);
        assert_eq!((pair.remote_refs(), pair.state()), (refs, state), "{why}");
    };
    let pair = on_a_phase("para/mine");
    refused(&pair, "a branch below the prefix that the book does not name");
    let pair = on_a_phase("topic");
    write(pair.a.join("context/context.md"), BOOK.replacen(PHASE, "topic", 2));
    refused(&pair, "a branch that the book names and the prefix does not");
    let pair = on_a_phase(PHASE);
    std::fs::remove_dir_all(pair.a.join("context")).unwrap();
    refused(&pair, "no book");
    write(pair.a.join("context/context.md"), &BOOK[..BOOK.len() - 20]);
    refused(&pair, "a broken book");
    write(pair.a.join("context/context.md"), BOOK);
    pair.configure(json!({"plans": {"syncBranches": false}}));
    refused(&pair, "the switch is off");
    pair.configure(json!({"plans": {"syncBranches": true, "branchPrefix": "work/"}}));
    refused(&pair, "another prefix");
}

#[test]
fn all_that_protects_a_sync_protects_that_of_a_phase() {
    let pair = on_a_phase(PHASE);
    let token = crate::scan_gate::key(7);
    write(pair.a.join("key.txt"), format!("id = {token}\n"));
    pair.force("sync").refused(Refusal::Secret);
    let sent = pair.git(&pair.remote, &["log", "--all", "-p", "--format=%s"]);
    assert!(!sent.contains(&token));
    std::fs::remove_file(pair.a.join("key.txt")).unwrap();
    let elsewhere = pair.path("elsewhere.git");
    pair.git(pair.root(), &["init", "-q", "--bare", "elsewhere.git"]);
    pair.git(&pair.a, &["remote", "set-url", "origin", elsewhere.to_str().unwrap()]);
    pair.force("sync").refused(Refusal::RemoteChanged);
    assert!(pair.git(&elsewhere, &["for-each-ref"]).is_empty());
}

#[test]
fn a_branch_that_was_deleted_after_its_merge_is_not_published_again_and_the_way_back_is_named() {
    let pair = on_a_phase(PHASE);
    pair.force("sync").done();
    pair.git(&pair.remote, &["update-ref", "-d", &format!("refs/heads/{PHASE}")]);
    write(pair.a.join("later.txt"), "later\n");
    let forced = pair.force("sync");
    forced.refused(Refusal::UpstreamGone);
    let End::Refused { command, .. } = &forced.report.end else { panic!() };
    assert!(command.ends_with(" switch main"), "{command}");
    assert!(!remote_has(&pair, PHASE));
}

#[test]
fn the_branch_of_a_phase_never_becomes_the_first_of_a_remote() {
    let pair = on_a_phase(PHASE);
    pair.git(&pair.remote, &["update-ref", "-d", "refs/heads/main"]);
    let forced = pair.force("sync");
    forced.refused(Refusal::Unpublished);
    let End::Refused { command, .. } = &forced.report.end else { panic!() };
    assert!(command.ends_with("push -u origin main"), "{command}");
    assert_eq!(pair.remote_refs(), "");
    pair.force("pull").done();
}

#[test]
fn a_phases_own_working_tree_is_synced_by_the_main_trees_book() {
    let pair = Pair::enrolled();
    write(pair.a.join("context/context.md"), BOOK);
    write(pair.a.join(".git/info/exclude"), ".para-worktrees/\n");
    let tree = pair.a.join(".para-worktrees/one");
    pair.git(&pair.a, &["worktree", "add", "-q", "-b", PHASE, tree.to_str().unwrap(), "main"]);
    write(tree.join("new.txt"), "mine\n");
    sync_in(&pair, &tree).done();
    assert_eq!(pair.rev(&pair.remote, &format!("refs/heads/{PHASE}")), pair.rev(&tree, "HEAD"));
    assert!(!pair.changes().is_empty(), "the main tree's book stays as it is");
    pair.git(&pair.remote, &["update-ref", "-d", &format!("refs/heads/{PHASE}")]);
    let forced = sync_in(&pair, &tree);
    forced.refused(Refusal::UpstreamGone);
    let End::Refused { command, .. } = &forced.report.end else { panic!() };
    assert!(command.contains(" worktree remove "), "{command}");
}

fn sync_in(pair: &Pair, dir: &Path) -> crate::common::Forced {
    pair.force_in(dir, "sync")
}
