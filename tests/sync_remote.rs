//! Remotes that are missing, new, other than expected, rewritten, or that say no.

use claude_craft::sync::outcome::{End, Refusal};

use crate::common::{Pair, assert_whole, read, script, tree, write};

#[test]
fn a_branch_without_upstream_is_committed_and_publishing_is_offered() {
    let pair = Pair::new();
    pair.git(&pair.a, &["checkout", "-q", "-b", "topic"]);
    pair.auto_sync(&pair.a, &["enable"]);
    write(pair.a.join("mine.txt"), "mine\n");
    let remote = pair.remote_refs();
    let forced = pair.force("push");
    forced.refused(Refusal::Unpublished);
    let End::Refused { command, .. } = &forced.report.end else { unreachable!() };
    assert!(command.contains("publish") || command.contains("push -u"), "{command}");
    assert_eq!(pair.git(&pair.a, &["show", "HEAD:mine.txt"]), "mine");
    assert_eq!(pair.changes(), "");
    assert_eq!(pair.remote_refs(), remote);
    pair.whole();
}

#[test]
fn a_branch_enrolled_for_publishing_is_made_on_the_remote() {
    let pair = Pair::new();
    pair.git(&pair.a, &["checkout", "-q", "-b", "topic"]);
    pair.auto_sync(&pair.a, &["enable", "--publish"]);
    write(pair.a.join("mine.txt"), "mine\n");
    let main = pair.remote_tip();
    let pushed = pair.force("push").done().pushed.unwrap();
    assert!(pushed.published);
    assert_eq!(pushed.target, "origin/topic");
    assert_eq!(pair.rev(&pair.remote, "refs/heads/topic"), pair.rev(&pair.a, "HEAD"));
    assert_eq!(pair.remote_tip(), main);
    write(pair.a.join("more.txt"), "more\n");
    assert!(!pair.force("sync").done().pushed.unwrap().published);
    assert_eq!(pair.rev(&pair.remote, "refs/heads/topic"), pair.rev(&pair.a, "HEAD"));
    pair.whole();
}

#[test]
fn without_a_remote_work_is_committed_here() {
    let pair = Pair::new();
    let alone = pair.path("alone");
    std::fs::create_dir(&alone).unwrap();
    pair.git(&alone, &["init", "-q"]);
    write(alone.join("first.txt"), "first\n");
    pair.commit(&alone, "first");
    pair.auto_sync(&alone, &["enable"]);
    write(alone.join("mine.txt"), "mine\n");
    let report = pair.force_in(&alone, "sync").done();
    assert_eq!(report.committed.unwrap().files, ["mine.txt"]);
    assert_eq!((report.pushed, report.remote.as_str()), (None, ""));
    assert_eq!(pair.git(&alone, &["show", "HEAD:mine.txt"]), "mine");
    assert_whole(&pair, &alone);
    pair.force_in(&alone, "pull").done();
}

/// An empty bare remote and a clone of it without a commit.
fn unborn(pair: &Pair) -> (std::path::PathBuf, std::path::PathBuf) {
    let (remote, clone) = (pair.path("empty.git"), pair.path("unborn"));
    pair.git(pair.root(), &["init", "-q", "--bare", "empty.git"]);
    pair.git(pair.root(), &["clone", "-q", "empty.git", "unborn"]);
    write(clone.join("first.txt"), "first\n");
    (remote, clone)
}

#[test]
fn an_empty_remote_gets_its_first_branch_under_its_own_name() {
    for arguments in [&["enable"][..], &["enable", "--publish"]] {
        let pair = Pair::new();
        let (remote, clone) = unborn(&pair);
        pair.auto_sync(&clone, arguments);
        let report = pair.force_in(&clone, "sync").done();
        assert_eq!(report.committed.unwrap().files, ["first.txt"]);
        assert!(report.pushed.unwrap().published);
        let head = pair.rev(&clone, "HEAD");
        assert_eq!(
            pair.git(&remote, &["for-each-ref", "--format=%(refname) %(objectname)"]),
            format!("refs/heads/main {head}"),
            "a branch of another name would become the default one"
        );
        assert_eq!(pair.git(&remote, &["show", "HEAD:first.txt"]), "first");
        assert_whole(&pair, &clone);
    }
}

#[test]
fn an_unborn_branch_takes_in_what_was_published_meanwhile() {
    let pair = Pair::new();
    let (remote, clone) = unborn(&pair);
    pair.auto_sync(&clone, &["enable", "--publish"]);
    std::fs::remove_file(clone.join("first.txt")).unwrap();
    let url = remote.to_str().unwrap();
    pair.git(&pair.b, &["push", "-q", url, "main:main"]);
    let forced = pair.force_in(&clone, "pull");
    assert_eq!(pair.rev(&remote, "main"), pair.rev(&pair.b, "main"), "never replaced by another beginning");
    if forced.report.end == End::Done {
        assert_eq!(tree(&clone), tree(&pair.b));
    }
    assert_whole(&pair, &clone);
}

#[test]
fn a_branch_that_was_deleted_on_the_remote_is_not_made_again() {
    let pair = Pair::enrolled();
    pair.git(&pair.remote, &["update-ref", "-d", "refs/heads/main"]);
    write(pair.a.join("mine.txt"), "mine\n");
    for _ in 0..2 {
        pair.force("sync").refused(Refusal::UpstreamGone);
        assert_eq!(pair.remote_refs(), "");
        assert_eq!(read(pair.a.join("mine.txt")), b"mine\n");
        pair.whole();
    }
}

/// The other side takes its last commit back by force; `instead` is what it commits in its place.
fn rewrite(pair: &Pair, instead: Option<&str>) -> (String, String) {
    let leak = pair.b_pushes("leak.txt", "password\n");
    pair.force("pull").done();
    pair.git(&pair.b, &["reset", "-q", "--hard", "HEAD~1"]);
    if let Some(name) = instead {
        write(pair.b.join(name), "instead\n");
        pair.commit(&pair.b, "b: instead");
    }
    pair.git(&pair.b, &["push", "-q", "--force", "origin", "main"]);
    (leak, pair.remote_tip())
}

#[test]
fn what_was_removed_from_the_remote_is_never_pushed_back() {
    for instead in [Some("instead.txt"), None] {
        for fetched_by_hand in [false, true] {
            let pair = Pair::enrolled();
            let (leak, tip) = rewrite(&pair, instead);
            write(pair.a.join("mine.txt"), "mine\n");
            if fetched_by_hand {
                pair.git(&pair.a, &["fetch", "-q"]);
            }
            let before = tree(&pair.a);
            // The fetch of the first try moves the tracking branch: the second must know all the same.
            for action in ["push", "sync", "pull", "sync"] {
                pair.force(action).refused(Refusal::UpstreamRewritten);
                assert_eq!(pair.remote_tip(), tip, "{action}, {instead:?}, by hand: {fetched_by_hand}");
                assert_eq!(tree(&pair.a), before);
            }
            assert_ne!(pair.git_try(&pair.remote, &["merge-base", "--is-ancestor", &leak, "main"]).code, 0);
            pair.whole();
        }
    }
}

#[test]
fn nothing_is_pushed_back_where_no_sync_has_seen_the_removed_commit_either() {
    let pair = Pair::enrolled();
    pair.b_pushes("leak.txt", "password\n");
    pair.git(&pair.a, &["pull", "-q"]);
    pair.git(&pair.b, &["reset", "-q", "--hard", "HEAD~1"]);
    pair.git(&pair.b, &["push", "-q", "--force", "origin", "main"]);
    let tip = pair.remote_tip();
    write(pair.a.join("mine.txt"), "mine\n");
    for action in ["sync", "sync", "push"] {
        pair.force(action).refused(Refusal::UpstreamRewritten);
        assert_eq!(pair.remote_tip(), tip, "{action}");
    }
}

#[test]
fn after_the_user_took_the_rewritten_branch_sync_goes_on() {
    let pair = Pair::enrolled();
    rewrite(&pair, Some("instead.txt"));
    pair.force("sync").refused(Refusal::UpstreamRewritten);
    pair.git(&pair.a, &["reset", "-q", "--hard", "origin/main"]);
    write(pair.a.join("mine.txt"), "mine\n");
    pair.force("sync").done();
    assert_eq!(pair.remote_tree()["mine.txt"], "mine\n");
    assert!(!pair.remote_tree().contains_key("leak.txt"));
}

#[test]
fn a_remote_that_moved_elsewhere_gets_nothing() {
    for how in ["url", "pushurl", "insteadof"] {
        let pair = Pair::enrolled();
        pair.git(pair.root(), &["clone", "-q", "--bare", "remote.git", "other.git"]);
        let (other, tip) = (pair.path("other.git"), pair.remote_tip());
        let url = other.to_str().unwrap();
        match how {
            "url" => pair.git(&pair.a, &["remote", "set-url", "origin", url]),
            "pushurl" => pair.git(&pair.a, &["remote", "set-url", "--push", "origin", url]),
            _ => pair.git(&pair.a, &["config", &format!("url.{url}.insteadOf"), pair.remote.to_str().unwrap()]),
        };
        write(pair.a.join("mine.txt"), "mine\n");
        let before = pair.state();
        pair.force("sync").refused(Refusal::RemoteChanged);
        assert_eq!(pair.rev(&other, "main"), tip, "{how}");
        assert_eq!(pair.remote_tip(), tip, "{how}");
        assert_eq!(pair.state().tree, before.tree, "{how}");
    }
}

#[test]
fn a_remote_that_was_taken_away_is_noticed() {
    let pair = Pair::enrolled();
    pair.git(&pair.a, &["remote", "remove", "origin"]);
    write(pair.a.join("mine.txt"), "mine\n");
    let remote = pair.remote_refs();
    pair.force("sync").refused(Refusal::RemoteChanged);
    assert_eq!(pair.remote_refs(), remote);
}

#[test]
fn of_several_remotes_only_the_upstream_is_spoken_to() {
    let pair = Pair::new();
    pair.git(pair.root(), &["clone", "-q", "--bare", "remote.git", "backup.git"]);
    let backup = pair.path("backup.git");
    pair.git(&pair.a, &["remote", "add", "aaa", "/nonexistent/first.git"]);
    pair.git(&pair.a, &["remote", "add", "backup", backup.to_str().unwrap()]);
    pair.git(&pair.a, &["config", "remote.pushDefault", "backup"]);
    pair.git(&pair.a, &["config", "--unset", "remote.pushDefault"]);
    pair.auto_sync(&pair.a, &["enable"]);
    let old = pair.rev(&backup, "main");
    write(pair.a.join("mine.txt"), "mine\n");
    pair.b_pushes("theirs.txt", "theirs\n");
    pair.force("sync").done();
    assert_eq!(pair.remote_tip(), pair.rev(&pair.a, "HEAD"));
    assert_eq!(pair.rev(&backup, "main"), old);
    pair.whole();
}

#[test]
fn histories_without_a_common_beginning_are_not_joined() {
    let pair = Pair::new();
    let stranger = pair.path("stranger");
    std::fs::create_dir(&stranger).unwrap();
    pair.git(&stranger, &["init", "-q"]);
    write(stranger.join("mine.txt"), "mine\n");
    let mine = pair.commit(&stranger, "another beginning");
    pair.git(&stranger, &["remote", "add", "origin", pair.remote.to_str().unwrap()]);
    pair.git(&stranger, &["config", "branch.main.remote", "origin"]);
    pair.git(&stranger, &["config", "branch.main.merge", "refs/heads/main"]);
    pair.auto_sync(&stranger, &["enable"]);
    let (before, remote) = (tree(&stranger), pair.remote_refs());
    for action in ["pull", "push", "sync"] {
        pair.force_in(&stranger, action).refused(Refusal::Unrelated);
        assert_eq!(tree(&stranger), before);
        assert_eq!(pair.rev(&stranger, "HEAD"), mine);
        assert_eq!(pair.remote_refs(), remote);
    }
    assert_whole(&pair, &stranger);
}

#[test]
fn a_protected_branch_is_asked_once_and_the_work_is_kept() {
    for hook in ["update", "pre-receive"] {
        let pair = Pair::enrolled();
        let asked = pair.path("asked");
        let text = format!("echo asked >>'{}'; echo 'this branch is protected' >&2; exit 1", asked.display());
        script(pair.remote.join("hooks").join(hook), &text);
        write(pair.a.join("mine.txt"), "mine\n");
        let tip = pair.remote_tip();
        let reason = pair.force("push").refused(Refusal::RemoteRefused);
        assert!(reason.contains("this branch is protected"), "{reason}");
        assert_eq!(read(&asked), b"asked\n", "{hook}: no second try");
        assert_eq!(pair.remote_tip(), tip);
        assert_eq!(pair.git(&pair.a, &["show", "HEAD:mine.txt"]), "mine");
        assert_eq!(pair.changes(), "");
        pair.whole();
        std::fs::remove_file(pair.remote.join("hooks").join(hook)).unwrap();
        pair.force("push").done();
        assert_eq!(pair.remote_tree()["mine.txt"], "mine\n");
    }
}

#[test]
fn a_remote_that_is_not_there_is_named_and_the_work_is_kept() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    let away = pair.path("away.git");
    std::fs::rename(&pair.remote, &away).unwrap();
    pair.force("push").refused(Refusal::RemoteMissing);
    assert_eq!(read(pair.a.join("mine.txt")), b"mine\n");
    pair.whole();
    std::fs::rename(&away, &pair.remote).unwrap();
    pair.force("push").done();
    assert_eq!(pair.remote_tree()["mine.txt"], "mine\n");
}

#[test]
fn an_old_branch_in_the_way_of_a_new_one_is_named_with_what_removes_it() {
    let pair = Pair::new();
    pair.git(&pair.b, &["push", "-q", "origin", "main:feature"]);
    pair.git(&pair.a, &["fetch", "-q"]);
    pair.git(&pair.b, &["push", "-q", "origin", ":feature"]);
    pair.git(&pair.b, &["push", "-q", "origin", "main:feature/x"]);
    pair.git(&pair.a, &["checkout", "-q", "-b", "feature/x"]);
    pair.git(&pair.a, &["config", "branch.feature/x.remote", "origin"]);
    pair.git(&pair.a, &["config", "branch.feature/x.merge", "refs/heads/feature/x"]);
    pair.auto_sync(&pair.a, &["enable"]);
    let forced = pair.force("sync");
    forced.refused(Refusal::StaleRef);
    let End::Refused { command, .. } = &forced.report.end else { unreachable!() };
    let words: Vec<_> = command.split_whitespace().collect();
    pair.git(&pair.a, &words[3..]);
    pair.force("sync").done();
}

#[test]
fn settings_that_would_send_or_fetch_more_than_the_branch_change_nothing() {
    let pair = Pair::enrolled();
    pair.git(&pair.a, &["config", "push.followTags", "true"]);
    pair.git(&pair.a, &["config", "remote.origin.tagOpt", "--tags"]);
    pair.git(&pair.a, &["tag", "-a", "-m", "mine", "v1"]);
    pair.git(&pair.b, &["tag", "-a", "-m", "another", "v1"]);
    pair.git(&pair.b, &["push", "-q", "origin", "v1"]);
    let theirs = pair.rev(&pair.remote, "v1");
    let mine = pair.rev(&pair.a, "v1");
    pair.git(&pair.a, &["tag", "-a", "-m", "mine too", "v2"]);
    write(pair.a.join("mine.txt"), "mine\n");
    pair.force("sync").done();
    assert_eq!((pair.rev(&pair.remote, "v1"), pair.rev(&pair.a, "v1")), (theirs, mine));
    assert!(!pair.remote_refs().contains("v2"));
}

#[test]
fn a_repository_whose_files_git_looks_for_elsewhere_is_left_alone() {
    let pair = Pair::enrolled();
    std::fs::create_dir(pair.path("elsewhere")).unwrap();
    write(pair.a.join("mine.txt"), "mine\n");
    let tip = pair.remote_tip();
    pair.git(&pair.a, &["config", "core.worktree", pair.path("elsewhere").to_str().unwrap()]);
    pair.force("sync").refused(Refusal::NotEnrolled);
    assert_eq!(pair.remote_tip(), tip);
}
