use insta::assert_snapshot;

use super::*;
use crate::sync::outcome::{Committed, Pulled, Pushed};

fn report(action: Action, end: End) -> Report {
    Report {
        repository: "/home/ann/My Project".into(),
        branch: "main".into(),
        remote: "origin/main".into(),
        action,
        trigger: Trigger::SessionEnd,
        session: None,
        end,
        committed: None,
        pulled: None,
        pushed: None,
        left_out: Vec::new(),
        snapshot: None,
        findings: Vec::new(),
        notable: None,
        note: None,
        remarks: Vec::new(),
        ended: 7,
        duration_ms: 1,
    }
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix}{n}.rs")).collect()
}

fn committed(files: usize) -> Option<Committed> {
    Some(Committed { commit: "c".into(), subject: "s".into(), files: names("f", files) })
}

fn pulled(count: usize, files: usize, merged: bool) -> Option<Pulled> {
    let line = |n| CommitLine {
        id: format!("abc{n:04}"),
        subject: format!("Rework part {n} of the parser"),
        author: "Ann Example".into(),
    };
    Some(Pulled {
        commits: (0..count.min(50)).map(line).collect(),
        count,
        files: names("src/module", files.min(200)),
        file_count: files,
        from: "a".into(),
        to: "b".into(),
        merged,
    })
}

fn pushed(commits: usize, published: bool) -> Option<Pushed> {
    Some(Pushed { commits, target: "origin/main".into(), tip: "t".into(), published })
}

#[test]
fn a_sentence_says_what_was_done_and_never_more() {
    let full = Report {
        committed: committed(3),
        pulled: pulled(2, 1, false),
        pushed: pushed(4, false),
        ..report(Action::Sync, End::Done)
    };
    assert_snapshot!(sentence(&full), @"claude-craft: committed 3 files, pulled 2 commits, pushed 4 commits to origin/main");
    assert_snapshot!(recap(&full), @"claude-craft: last session end: committed 3 files, pulled 2 commits, pushed 4 commits to origin/main");
    let first = Report { committed: committed(1), pushed: pushed(1, true), ..report(Action::Push, End::Done) };
    assert_snapshot!(sentence(&first), @"claude-craft: committed 1 file, published origin/main with 1 commit");
    let merged = Report { pulled: pulled(1, 1, true), ..report(Action::Pull, End::Done) };
    assert_snapshot!(sentence(&merged), @"claude-craft: merged 1 commit");
}

#[test]
fn only_a_sync_that_held_nothing_back_claims_that_both_sides_are_in_step() {
    let said = |action| sentence(&report(action, End::Done));
    assert_snapshot!(said(Action::Sync), @"claude-craft: nothing to do, main is in step with origin/main");
    assert_snapshot!(said(Action::Pull), @"claude-craft: nothing new at origin/main");
    assert_snapshot!(said(Action::Push), @"claude-craft: nothing to commit or push on main");
    assert_snapshot!(said(Action::Observe), @"claude-craft: looked at main");
    let left = LeftOut { path: ".env".into(), why: LeftOutReason::SecretName };
    let held_back = Report { left_out: vec![left], ..report(Action::Sync, End::Done) };
    assert_snapshot!(sentence(&held_back), @"claude-craft: nothing new on main or at origin/main; left out 1 path");
    let remark = Report { remarks: vec!["the index was busy".into()], ..report(Action::Sync, End::Done) };
    assert_snapshot!(sentence(&remark), @"claude-craft: nothing new on main or at origin/main; the index was busy");
    let unsent = Report { remarks: vec!["push is not allowed".into()], ..report(Action::Push, End::Done) };
    assert_snapshot!(sentence(&unsent), @"claude-craft: nothing to commit on main; push is not allowed");
    let local = Report { remote: String::new(), ..report(Action::Sync, End::Done) };
    assert_snapshot!(sentence(&local), @"claude-craft: nothing to commit on main, which has no remote");
}

#[test]
fn other_ends_say_what_was_done_before_and_what_was_not() {
    let with_commit = |action, end| sentence(&Report { committed: committed(2), ..report(action, end) });
    let offline = || End::Offline { reason: "could not resolve host".into() };
    let refused = End::Refused {
        kind: Refusal::MassDeletion,
        reason: "41 of 50 files would be deleted".into(),
        command: "craft auto-sync force --accept mass-deletion".into(),
    };
    let end = End::Refused { kind: Refusal::Permission, reason: "push is not allowed".into(), command: String::new() };
    let strict = Report { remarks: vec!["push is not allowed; nothing is sent".into()], ..report(Action::Push, end) };
    assert_snapshot!(sentence(&strict), @"claude-craft: push is not allowed; nothing is sent");
    assert_snapshot!(sentence(&Report { committed: committed(2), ..strict }), @"claude-craft: committed 2 files; push is not allowed; nothing is sent");
    let conflict = |branch| End::Conflict { files: names("a", 2), branch };
    let failed = |transient| End::Failed { reason: "git ended with status 128".into(), transient };
    assert_snapshot!(with_commit(Action::Push, offline()), @"claude-craft: committed 2 files; origin cannot be reached, the push is kept for the next occasion");
    assert_snapshot!(sentence(&report(Action::Pull, offline())), @"claude-craft: origin cannot be reached, nothing was pulled");
    assert_snapshot!(with_commit(Action::Push, conflict(None)), @"claude-craft: committed 2 files; both sides changed a0.rs, a1.rs; nothing was merged");
    assert_snapshot!(sentence(&report(Action::Push, conflict(Some("origin/craft/conflict/host/1".into())))), @"claude-craft: both sides changed a0.rs, a1.rs; your commits are kept at origin/craft/conflict/host/1");
    assert_snapshot!(sentence(&report(Action::Push, refused)), @"claude-craft: 41 of 50 files would be deleted");
    assert_snapshot!(sentence(&report(Action::Push, End::Busy { reason: "worker 12 since 3 s".into() })), @"claude-craft: busy, nothing was done: worker 12 since 3 s");
    assert_snapshot!(sentence(&report(Action::Push, failed(true))), @"claude-craft: failed, which may pass: git ended with status 128");
    assert_snapshot!(with_commit(Action::Push, failed(false)), @"claude-craft: committed 2 files; failed: git ended with status 128");
}

#[test]
fn a_conflict_names_five_files_and_the_one_command_with_the_path_quoted() {
    let told = attention(&report(Action::Sync, End::Conflict { files: names("a", 8), branch: None })).unwrap();
    assert_eq!((told.kind.as_str(), told.since), ("conflict", 7));
    assert_snapshot!(told.message, @"both sides changed a0.rs, a1.rs, a2.rs, a3.rs, a4.rs and 3 more; nothing was merged, your commits are kept");
    assert_snapshot!(told.command, @"git -C '/home/ann/My Project' merge origin/main");
}

#[test]
fn only_what_the_user_can_mend_asks_for_attention() {
    let asks = |end| attention(&report(Action::Push, end));
    assert_eq!(asks(End::Done), None);
    assert_eq!(asks(End::Offline { reason: "x".into() }), None);
    assert_eq!(asks(End::Busy { reason: "x".into() }), None);
    assert_eq!(asks(End::Failed { reason: "x".into(), transient: true }), None);
    let told = asks(End::Failed { reason: "x".into(), transient: false }).unwrap();
    assert_snapshot!(format!("{}: {}", told.message, told.command), @"push failed: x: craft auto-sync force push '/home/ann/My Project'");
    let refused =
        End::Refused { kind: Refusal::HostKey, reason: "unknown host key".into(), command: "ssh example.org".into() };
    let told = asks(refused).unwrap();
    assert_eq!(
        (told.kind, told.message, told.command),
        ("host-key".into(), "unknown host key".into(), "ssh example.org".into())
    );
}

#[test]
fn the_model_hears_commits_and_files_within_its_limit() {
    assert_eq!(for_model(&report(Action::Pull, End::Done)), None);
    let few = Report { pulled: pulled(2, 3, false), ..report(Action::Pull, End::Done) };
    assert_snapshot!(for_model(&few).unwrap(), @"
    claude-craft pulled 2 new commits from origin/main into main:
    - abc0000 Rework part 0 of the parser (Ann Example)
    - abc0001 Rework part 1 of the parser (Ann Example)
    Files changed: src/module0.rs, src/module1.rs, src/module2.rs
    ");
    let many = Report { pulled: pulled(321, 4000, true), ..report(Action::Pull, End::Done) };
    let text = for_model(&many).unwrap();
    assert!(text.chars().count() <= MODEL_LIMIT, "{} characters", text.chars().count());
    assert_snapshot!(text, @"
    claude-craft pulled 321 new commits from origin/main into main and merged them with local ones:
    - abc0000 Rework part 0 of the parser (Ann Example)
    - abc0001 Rework part 1 of the parser (Ann Example)
    - abc0002 Rework part 2 of the parser (Ann Example)
    - abc0003 Rework part 3 of the parser (Ann Example)
    - abc0004 Rework part 4 of the parser (Ann Example)
    - and 316 more commits
    Files changed: src/module0.rs, src/module1.rs, src/module2.rs, src/module3.rs, src/module4.rs, src/module5.rs, src/module6.rs, src/module7.rs, src/module8.rs, src/module9.rs and 3990 more
    ");
}

#[test]
fn names_of_any_length_keep_the_model_within_its_limit() {
    let mut long = pulled(60, 300, false).unwrap();
    for commit in &mut long.commits {
        commit.subject = "subject ".repeat(90);
        commit.author = "author ".repeat(90);
    }
    long.files = vec!["deep/".repeat(200)];
    let report = Report { pulled: Some(long), branch: "b".repeat(250), ..report(Action::Pull, End::Done) };
    assert!(for_model(&report).unwrap().chars().count() <= MODEL_LIMIT);
}

#[test]
fn what_was_left_out_is_told_with_its_reason_unless_the_user_asked_for_it() {
    let left = |path: &str, why| LeftOut { path: path.into(), why };
    let paths = vec![
        left(".env", LeftOutReason::SecretName),
        left("video.mp4", LeftOutReason::TooLarge { bytes: 125_000_000 }),
        left("vendor/lib", LeftOutReason::NestedRepository),
        left("notes/private.md", LeftOutReason::Outside),
    ];
    let partial = Report { left_out: paths, ..report(Action::Push, End::Done) };
    assert_snapshot!(left_out(&partial).unwrap(), @"left out of the commit: .env (the name says that it holds secrets), video.mp4 (120 MiB, over the limit), vendor/lib (a repository of its own)");
    let asked = Report { left_out: vec![left("x", LeftOutReason::Outside)], ..report(Action::Sync, End::Done) };
    assert_eq!(left_out(&asked), None);
    assert_snapshot!(sentence(&asked), @"claude-craft: nothing to do, main is in step with origin/main");
}

#[test]
fn a_plan_reads_as_a_list_of_things_to_do() {
    let (remote, branch) = ("origin".to_owned(), "main".to_owned());
    let steps = [
        Step::Snapshot,
        Step::Commit { files: 3 },
        Step::Fetch { remote: remote.clone(), branch: branch.clone() },
        Step::Merge { ours: 1, theirs: 2 },
        Step::FastForward { commits: 1, files: 5 },
        Step::Push { remote: remote.clone(), branch: branch.clone(), commits: 4 },
        Step::Publish { remote, branch },
    ];
    assert_snapshot!(steps.iter().map(step).collect::<Vec<_>>().join("\n"), @"
    keep a snapshot of HEAD, index and working tree
    commit 3 files
    fetch main from origin
    merge 1 commit of this side with 2 of the other
    move forward by 1 commit (5 files)
    push 4 commits to origin/main
    publish main on origin
    ");
}

#[test]
fn a_hostile_commit_message_cannot_steer_a_terminal() {
    let line = CommitLine { id: "a".into(), subject: "x\u{1b}[2J\ny\u{202e}z".into(), author: "\u{7}m".into() };
    assert_eq!(commit_line(&line), "a x\\u{1b}[2J y\\u{202e}z (\\u{7}m)");
}

#[test]
fn what_can_be_accepted_is_what_the_gate_refuses() {
    assert!(acceptable().iter().all(|r| r.by_gate()));
}
