use crate::queue::Trigger;
use insta::assert_snapshot;

use super::*;
use crate::sync::outcome::{CommitLine, Committed, LeftOut, LeftOutReason, Pulled, Pushed};
use crate::sync::step::Step;

fn report(end: End) -> Report {
    Report { branch: "main".into(), remote: "origin/main".into(), end, ..blank() }
}

fn blank() -> Report {
    Report {
        repository: "/home/ann/app".into(),
        branch: String::new(),
        remote: String::new(),
        action: Action::Sync,
        trigger: Trigger::Manual,
        session: None,
        end: End::Done,
        committed: None,
        pulled: None,
        pushed: None,
        left_out: Vec::new(),
        snapshot: Some("20250901T120000Z-1".into()),
        findings: Vec::new(),
        notable: None,
        note: None,
        remarks: Vec::new(),
        ended: 0,
        duration_ms: 0,
    }
}

#[test]
fn a_summary_lists_what_changed_and_how_to_go_back() {
    let files: Vec<_> = (0..12).map(|n| format!("src/part{n}.rs")).collect();
    let done = Report {
        committed: Some(Committed { commit: "c".into(), subject: "s".into(), files }),
        pulled: Some(Pulled {
            commits: vec![CommitLine { id: "abc1234".into(), subject: "Fix\u{1b}[2J it".into(), author: "Ben".into() }],
            count: 1,
            files: vec!["README.md".into()],
            file_count: 1,
            from: "a".into(),
            to: "b".into(),
            merged: true,
        }),
        pushed: Some(Pushed { commits: 2, target: "origin/main".into(), tip: "t".into(), published: false }),
        left_out: vec![LeftOut { path: ".env".into(), why: LeftOutReason::SecretName }],
        ..report(End::Done)
    };
    assert_snapshot!(summary(&done, &Look::default(), false), @r"
    committed
      src/part0.rs
      src/part1.rs
      src/part2.rs
      src/part3.rs
      src/part4.rs
      src/part5.rs
      src/part6.rs
      src/part7.rs
      src/part8.rs
      src/part9.rs
      and 2 more
    merged
      abc1234 Fix\u{1b}[2J it (Ben)
    changed by them
      README.md
    claude-craft: committed 12 files, merged 1 commit, pushed 2 commits to origin/main; left out 1 path
    left out of the commit: .env (the name says that it holds secrets)
    to go back: craft auto-sync undo 20250901T120000Z-1
    ");
}

#[test]
fn what_stopped_it_comes_with_the_command_that_leads_on() {
    let conflict = report(End::Conflict { files: vec!["a.txt".into()], branch: None });
    assert_snapshot!(summary(&conflict, &Look::default(), true), @"
    /home/ann/app
    claude-craft: both sides changed a.txt; nothing was merged
    to go on: git -C /home/ann/app merge origin/main
    ");
    assert_snapshot!(summary(&report(End::Done), &Look::default(), false), @"claude-craft: nothing to do, main is in step with origin/main");
}

#[test]
fn a_plan_is_numbered_and_says_where_it_would_end() {
    let mut preview = Preview {
        steps: vec![
            Step::Snapshot,
            Step::Commit { files: 3 },
            Step::Fetch { remote: "origin".into(), branch: "main".into() },
            Step::Push { remote: "origin".into(), branch: "main".into(), commits: 1 },
        ],
        files: vec!["a".into(), "b".into(), "c".into()],
        left_out: vec![LeftOut { path: "id_rsa".into(), why: LeftOutReason::SecretName }],
        end: End::Done,
    };
    assert_snapshot!(planned(&preview, &Look::default()), @"
    1. keep a snapshot of HEAD, index and working tree
    2. commit 3 files
       a
       b
       c
    3. fetch main from origin
    4. push 1 commit to origin/main
    left out of the commit: id_rsa (the name says that it holds secrets)
    ");
    preview.end = End::Refused {
        kind: Refusal::MassDeletion,
        reason: "41 of 50 files would be deleted".into(),
        command: "craft auto-sync force --accept mass-deletion".into(),
    };
    preview.steps.clear();
    preview.left_out.clear();
    assert_snapshot!(planned(&preview, &Look::default()), @"
    it would end there: 41 of 50 files would be deleted
    to go on: craft auto-sync force --accept mass-deletion
    ");
    preview.end = End::Done;
    assert_snapshot!(planned(&preview, &Look::default()), @"there is nothing to do");
}

#[test]
fn only_what_the_gate_refuses_can_be_accepted() {
    assert_eq!(refusal("mass-deletion"), Ok(Refusal::MassDeletion));
    assert_snapshot!(refusal("hook").unwrap_err(), @"only a refusal of the gate can be accepted: conflict-markers, mass-deletion, ancestor-tree");
}
