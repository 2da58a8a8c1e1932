//! The gate of auto-sync before a push: conflict markers, kinds of files, and which of its other rules count.

use claude_craft::ops::beacon::send;
use claude_craft::ops::error::Kind;
use serde_json::json;

use crate::beacon_unattended::journal;
use crate::beacon_watch::{NOTES, Sides as Watched, words};
use crate::common::{Sides, read, write};

const PLAN: &str = ".claude/planning/plan.md";
const MARKED: &str = "one\n<<<<<<< HEAD\nmine\n=======\ntheirs\n>>>>>>> main\n";

#[test]
fn a_file_with_conflict_markers_is_not_sent_and_says_where_they_are() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    write(desk.join(PLAN), MARKED);
    write(desk.join(".claude/planning/b.md"), "b\n");
    for files in [&[][..], &[PLAN], &[".claude/planning"]] {
        let error = sides.push(&desk, files).unwrap_err();
        assert_eq!(error.kind, Kind::Conflict);
        assert!(error.message.contains("plan.md has conflict markers, the first in line 2"), "{error}");
        assert!(error.remedy.unwrap().contains("take them out"));
    }
    let ctx = sides.context();
    let place = sides.place(&ctx, &desk);
    assert_eq!(send::queued(&place, &place.git(&ctx)).unwrap(), []);
    assert_eq!(
        sides.push(&desk, &[".claude/planning/b.md"]).unwrap().sent.messages.len(),
        1,
        "another one is no matter"
    );
    // Where they are meant to be there somebody has committed them, and from then on both sides have them.
    sides.git(&desk, &["add", PLAN]);
    sides.git(&desk, &["commit", "-qm", "how git marks a conflict"]);
    sides.sends(&desk, "plan.md", MARKED);
    sides.git(&desk, &["rm", "-q", "--cached", PLAN]);
    sides.git(&desk, &["commit", "-qm", "not here"]);
    sides.sends(&desk, "plan.md", &format!("{MARKED}more\n"));
}

#[test]
fn a_new_file_of_a_kind_that_a_sync_leaves_out_is_not_sent_and_may_be_let_pass() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    write(desk.join(".claude/planning/x.db"), b"SQLite format 3\0rest");
    let error = sides.push(&desk, &[]).unwrap_err();
    assert_eq!((error.kind, error.message.ends_with("x.db is not sent: a database")), (Kind::Gate, true), "{error}");
    assert!(error.remedy.unwrap().contains("security.allow"));
    sides.configure(json!({"security": {"allow": ["*.db"]}}));
    assert_eq!(sides.push(&desk, &[]).unwrap().sent.messages.len(), 1);
    // What was sent once is known to both.
    sides.configure(json!({"security": {"allow": []}}));
    write(desk.join(".claude/planning/x.db"), b"SQLite format 3\0more");
    assert_eq!(sides.push(&desk, &[]).unwrap().sent.messages.len(), 1);
}

#[test]
fn which_paths_are_committed_and_how_large_they_are_is_no_matter_of_a_push() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    sides.configure(json!({"paths": {"exclude": [".claude/**"], "include": ["src/**"]}, "limits": {"maxFileMib": 1}}));
    sides.sends(&desk, "plan.md", &"x".repeat((1 << 20) + 1));
}

#[test]
fn what_nobody_asked_to_send_is_left_out_and_the_others_go_and_it_is_said_once() {
    let sides = Watched::new();
    write(sides.a.join(NOTES), MARKED);
    write(sides.a.join(PLAN), "plan\n");
    let events = sides.look(&["--auto"]);
    assert_eq!(words(&events), ["sent", "remark", "looked"]);
    assert_eq!(events[0]["files"], json!([PLAN]));
    let said = events[1]["text"].as_str().unwrap();
    assert!(
        said.contains("notes.md has conflict markers, the first in line 2") && said.contains("take them out"),
        "{said}"
    );
    // A watcher says it again only after it was something else.
    let mut watching = crate::beacon_watch::Watching::start(&sides, &sides.a, &["--auto", "--interval", "5s"]);
    watching.until("remark");
    write(sides.a.join(PLAN), "more\n");
    watching.until("sent");
    write(sides.a.join(NOTES), "clean\n");
    assert_eq!(watching.next()["files"], json!([NOTES]), "nothing was said in between");
    watching.end(rustix::process::Signal::TERM);
    sides.beacon(&sides.b, &["pull"]).ok();
    assert_eq!((read(sides.b.join(PLAN)), read(sides.b.join(NOTES))), (b"more\n".to_vec(), b"clean\n".to_vec()));
}

#[test]
fn what_a_job_leaves_out_at_each_look_is_in_the_journal_once() {
    let sides = Watched::new();
    sides.at(0);
    sides.configure(json!({"beacon": {"watch": {"push": true}}}));
    write(sides.a.join(NOTES), MARKED);
    for time in [600, 1200, 1800] {
        sides.at(time);
        sides.job().ok();
    }
    let lines = journal(&sides, "skipped");
    let lines: Vec<_> = lines.iter().filter(|line| line.starts_with("leave-out ")).collect();
    assert!(lines.len() == 1 && lines[0].contains("notes.md"), "{lines:?}");
}
