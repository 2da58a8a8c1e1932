//! Whether a phase's work has reached the main branch, as git really leaves it.

use claude_craft::context::Context;
use claude_craft::env::Env;
use claude_craft::git::reads::Reads;
use claude_craft::ops::plan::Place;
use claude_craft::ops::plan::documents::Documents;
use claude_craft::ops::plan::merged::{self, Standing, Way};

use crate::common::phased::branch;
use crate::common::{Phased, read, write};

/// How a phase stands in `a`, told alike by libgit2 and by the git program.
#[track_caller]
fn standing(r: &Phased, n: u32) -> Standing {
    let home = r.home();
    let config = home.join(".gitconfig");
    let env = Env::from_pairs([
        ("HOME", home.to_str().unwrap()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("GIT_CONFIG_GLOBAL", config.to_str().unwrap()),
        ("GIT_CONFIG_SYSTEM", "/dev/null"),
    ]);
    let ctx = Context::new(env).unwrap();
    let place = Place::find(&r.a).unwrap();
    let config = place.config(&ctx).unwrap();
    let git = place.git(&ctx, &config);
    let documents = Documents::load(&place, &r.book(), "para/").unwrap().unwrap();
    let phase = documents.phase(n).unwrap();
    let [fast, slow] = [Reads::open(&place.books, &git), Reads::slow(&git)].map(|reads| {
        let main = merged::main(&config, &reads).unwrap();
        merged::standing(&place, &git, &reads, &main, phase).unwrap()
    });
    assert_eq!(fast, slow, "libgit2 and git");
    fast
}

#[track_caller]
fn way(r: &Phased, n: u32) -> Option<Way> {
    standing(r, n).merged
}

/// Phase 1 is finished and pushed, and `b` has what is on the remote.
fn finished() -> Phased {
    let r = Phased::new();
    r.finish(1);
    r.git(&r.b, &["pull", "-q"]);
    r
}

fn fetch(r: &Phased) {
    r.git(&r.a, &["fetch", "-q", "--prune"]);
}

#[test]
fn each_way_of_merging_is_told_apart() {
    for (how, expected) in [("merge", Way::Merge), ("squash", Way::Squash), ("rebase", Way::Rebase)] {
        let r = finished();
        assert_eq!(way(&r, 1), None, "before it");
        assert_eq!(standing(&r, 1).ahead_behind, Some((4, 0)));
        // Others have gone on in the meantime.
        r.b_pushes("theirs.txt", "news\n");
        r.merge(1, how);
        fetch(&r);
        assert_eq!(way(&r, 1), Some(expected));
        // And after it.
        for n in 0..3 {
            r.b_pushes(&format!("more{n}.txt"), "more\n");
        }
        fetch(&r);
        assert_eq!(way(&r, 1), Some(expected));
        // Both branches are deleted; what was there is remembered, else the main branch's book tells.
        r.git(&r.a, &["switch", "-q", "main"]);
        r.git(&r.a, &["branch", "-qD", &branch(1)]);
        r.git(&r.b, &["push", "-q", "origin", "--delete", &branch(1)]);
        fetch(&r);
        r.git(&r.a, &["merge", "-q", "--ff-only", "origin/main"]);
        let after = standing(&r, 1);
        assert_eq!(after.tip, None);
        assert!(after.merged.is_some(), "{how}");
        r.git(&r.a, &["update-ref", "-d", &format!("refs/craft/para/{}", branch(1))]);
        assert_eq!(way(&r, 1), Some(Way::Recorded), "{how}");
    }
}

#[test]
fn a_phase_that_has_only_begun_is_not_merged() {
    let r = Phased::new();
    r.git(&r.a, &["branch", &branch(1)]);
    assert_eq!(way(&r, 1), None, "made by hand, with nothing in it");
    r.git(&r.a, &["branch", "-qD", &branch(1)]);
    r.plan(&["execute", "--phase=1"]).ok();
    assert_eq!(way(&r, 1), None, "with its book");
    // An empty commit, as a phase in a working tree of its own begins with.
    r.git(&r.a, &["switch", "-q", "main"]);
    r.plan(&["execute", "--phase=2", "--force", "--worktree"]).ok();
    assert_eq!(way(&r, 2), None);
    r.b_pushes_after_pull("theirs.txt", "news\n");
    fetch(&r);
    assert_eq!((way(&r, 1), way(&r, 2)), (None, None), "while main goes on");
}

#[test]
fn half_of_a_branch_is_not_merged() {
    let r = finished();
    let first = r.rev(&r.a, &format!("{}~2", branch(1)));
    r.git(&r.b, &["fetch", "-q"]);
    r.git(&r.b, &["cherry-pick", &first]);
    r.git(&r.b, &["push", "-q", "origin", "main"]);
    fetch(&r);
    assert_eq!(way(&r, 1), None);
    // More work behind a branch that was merged.
    r.merge(1, "merge");
    fetch(&r);
    assert_eq!(way(&r, 1), Some(Way::Merge));
    write(r.a.join("late.txt"), "late\n");
    r.commit(&r.a, "feat: late");
    assert_eq!(way(&r, 1), None);
}

#[test]
fn what_was_taken_back_is_not_merged() {
    for how in ["merge", "squash"] {
        let r = finished();
        r.merge(1, how);
        let merge: &[&str] = if how == "merge" { &["-m", "1"] } else { &[] };
        r.git(&r.b, &[&["revert", "--no-edit"], merge, &["HEAD"]].concat());
        r.git(&r.b, &["push", "-q", "origin", "main"]);
        fetch(&r);
        assert_eq!(way(&r, 1), None, "{how}");
        // Where nobody remembers what the branch was made from.
        r.git(&r.a, &["update-ref", "-d", &format!("refs/craft/para-base/{}", branch(1))]);
        assert_eq!(way(&r, 1), None, "{how}");
        r.git(&r.b, &["revert", "--no-edit", "HEAD"]);
        r.git(&r.b, &["push", "-q", "origin", "main"]);
        fetch(&r);
        assert!(way(&r, 1).is_some(), "{how}: and brought in again");
    }
}

#[test]
fn what_was_taken_back_is_not_merged_whatever_came_after() {
    for how in ["merge", "squash", "rebase"] {
        let r = Phased::new();
        r.plan(&["execute", "--phase=1"]).ok();
        r.edit(&r.a, "one.txt", 3, "three");
        r.work(1);
        r.complete(1);
        r.git(&r.a, &["push", "-q", "-u", "origin", &branch(1)]);
        r.git(&r.b, &["pull", "-q"]);
        r.merge(1, how);
        let (words, again): (&[&str], &[&str]) = match how {
            "merge" => (&["-m", "1", "HEAD"], &["HEAD~1"]),
            "squash" => (&["HEAD"], &["HEAD~1"]),
            // The books of the phase stay.
            _ => (&["HEAD~1", "HEAD~2"], &["HEAD~1", "HEAD~2"]),
        };
        r.git(&r.b, &[&["revert", "--no-edit"], words].concat());
        // Somebody goes on with a file of the phase.
        r.edit(&r.b, "one.txt", 9, "nine");
        r.b_pushes_all("feat: nine");
        fetch(&r);
        assert_eq!(way(&r, 1), None, "{how}");
        r.git(&r.b, &[&["revert", "--no-edit"], again].concat());
        r.git(&r.b, &["push", "-q", "origin", "main"]);
        fetch(&r);
        assert!(way(&r, 1).is_some(), "{how}: and brought in again");
    }
}

#[test]
fn the_book_of_a_phase_in_a_linked_tree_is_no_proof_that_a_branch_that_is_gone_was_merged() {
    let r = Phased::new();
    r.plan(&["execute", "--phase=1", "--worktree"]).ok();
    let tree = r.a.join(".para-worktrees/implement-user-authentication-phase-1");
    write(tree.join("x.txt"), "x\n");
    r.commit(&tree, "feat: x");
    r.plan(&["summarize", "--phase=1", "--commit"]).ok();
    r.git(&r.a, &["worktree", "remove", tree.to_str().unwrap()]);
    r.git(&r.a, &["branch", "-qD", &branch(1)]);
    assert_eq!(way(&r, 1), None);
    let kept = format!("refs/craft/para/{}", branch(1));
    r.git(&r.a, &["merge", "-q", "--no-ff", "-m", "Merge", &kept]);
    assert_eq!(way(&r, 1), Some(Way::Merge));
}

#[test]
fn a_squash_is_known_whatever_changed_beside_it_before_and_after() {
    let r = Phased::new();
    r.plan(&["execute", "--phase=1"]).ok();
    for (line, text) in [(3, "three"), (9, "nine")] {
        r.edit(&r.a, "one.txt", line, text);
        r.commit(&r.a, &format!("feat: {text}"));
    }
    r.complete(1);
    r.git(&r.a, &["push", "-q", "-u", "origin", &branch(1)]);
    r.git(&r.b, &["pull", "-q"]);
    // The line above was changed before; not next to it, so that git merges it by itself.
    r.edit(&r.b, "one.txt", 1, "ONE");
    r.b_pushes_all("beside it, before");
    r.merge(1, "squash");
    r.edit(&r.b, "one.txt", 4, "FOUR");
    r.edit(&r.b, "one.txt", 10, "TEN");
    r.b_pushes_all("beside it, after");
    fetch(&r);
    assert_eq!(way(&r, 1), Some(Way::Squash));
    // The book came in otherwise: somebody settled a conflict in it.
    let r = finished();
    r.git(&r.b, &["fetch", "-q"]);
    r.git(&r.b, &["merge", "-q", "--squash", &format!("origin/{}", branch(1))]);
    let book = String::from_utf8(read(r.b.join("context/context.md"))).unwrap();
    write(r.b.join("context/context.md"), format!("{book}\nMore.\n"));
    r.b_pushes_all("feat: all, and more in the book");
    fetch(&r);
    assert_eq!(way(&r, 1), Some(Way::Squash));
}

#[test]
fn work_that_came_in_with_other_work_is_contained() {
    let r = finished();
    r.git(&r.b, &["fetch", "-q"]);
    r.git(&r.b, &["merge", "-q", "--squash", &format!("origin/{}", branch(1))]);
    write(r.b.join("other.txt"), "other\n");
    r.b_pushes_all("feat: all, and something else");
    fetch(&r);
    assert_eq!(way(&r, 1), Some(Way::Contained));
}

#[test]
fn merges_within_a_branch_do_no_harm() {
    let r = Phased::new();
    r.plan(&["execute", "--phase=1"]).ok();
    r.work(1);
    r.b_pushes_after_pull("theirs.txt", "news\n");
    fetch(&r);
    r.git(&r.a, &["merge", "-q", "--no-edit", "origin/main"]);
    write(r.a.join("phase1/part3.txt"), "3\n");
    r.commit(&r.a, "feat: after the merge");
    r.complete(1);
    r.git(&r.a, &["push", "-q", "-u", "origin", &branch(1)]);
    assert_eq!(way(&r, 1), None);
    r.merge(1, "squash");
    fetch(&r);
    assert_eq!(way(&r, 1), Some(Way::Squash));

    // Criss-cross: each has merged the other.
    let r = finished();
    let side = r.rev(&r.a, "HEAD~1");
    r.b_pushes("theirs.txt", "news\n");
    fetch(&r);
    let theirs = r.rev(&r.a, "origin/main");
    r.git(&r.b, &["fetch", "-q"]);
    r.git(&r.b, &["merge", "-q", "--no-edit", &side]);
    r.git(&r.b, &["push", "-q", "origin", "main"]);
    r.git(&r.a, &["merge", "-q", "--no-edit", &theirs]);
    write(r.a.join("phase1/late.txt"), "late\n");
    r.commit(&r.a, "feat: late");
    fetch(&r);
    assert_eq!(way(&r, 1), None);
    r.git(&r.a, &["push", "-q", "origin", "HEAD"]);
    r.merge(1, "squash");
    fetch(&r);
    assert!(way(&r, 1).is_some());
}

#[test]
fn another_binary_file_of_the_same_name_is_not_the_same_change() {
    let r = Phased::new();
    r.plan(&["execute", "--phase=1"]).ok();
    write(r.a.join("logo.bin"), b"\0\x01mine\0");
    r.commit(&r.a, "feat: logo");
    write(r.b.join("x"), "x");
    r.git(&r.b, &["pull", "-q"]);
    std::fs::remove_file(r.b.join("x")).unwrap();
    r.b_pushes("logo.bin", b"\0\x02theirs\0");
    fetch(&r);
    assert_eq!(way(&r, 1), None);
    write(r.b.join("logo.bin"), b"\0\x01mine\0");
    r.b_pushes_all("feat: the same");
    fetch(&r);
    assert_eq!(way(&r, 1), Some(Way::Contained));
}

#[test]
fn a_shallow_clone_tells_what_it_can() {
    let r = finished();
    r.merge(1, "squash");
    let url = format!("file://{}", r.remote.display());
    let clone = r.path("shallow");
    r.git(r.root(), &["clone", "-q", "--depth=1", &url, "shallow"]);
    r.git(&clone, &["fetch", "-q", "--depth=1", "origin", &format!("{0}:refs/remotes/origin/{0}", branch(1))]);
    // Nothing is known of where they came apart; that is no failure, and no yes.
    let ran = r.plan_in(&clone, &["execute", "--phase=2"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("too shallow") && ran.stderr.contains("git fetch --unshallow"), "{}", ran.stderr);
    r.git(&r.b, &["push", "-q", "origin", "--delete", &branch(1)]);
    r.git(&clone, &["fetch", "-q", "--prune", "--depth=1"]);
    r.git(&clone, &["update-ref", "-d", &format!("refs/remotes/origin/{}", branch(1))]);
    r.plan_in(&clone, &["execute", "--phase=2"]).ok();
}

#[test]
fn the_main_branch_may_have_any_name() {
    let r = Phased::new();
    r.git(&r.a, &["branch", "-qm", "main", "trunk"]);
    assert_eq!(r.plan_json(&["execute", "--phase=1"])["main"], "main", "what the remote says");
    r.configure(serde_json::json!({"plans": {"mainBranch": "trunk"}}));
    assert_eq!(r.plan_json(&["execute", "--phase=1"])["main"], "trunk");
    r.configure(serde_json::json!({"plans": {"mainBranch": "nowhere"}}));
    let ran = r.plan(&["execute", "--phase=1"]);
    assert!(ran.code == 1 && ran.stderr.contains("plans.mainBranch"), "{}", ran.stderr);
}
