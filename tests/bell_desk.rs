//! GitHub never answers: whoever rings keeps nobody away from the beacon.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value, json};

use crate::common::github::{self, one_issue_after};
use crate::common::{Sides, wait_until, write};

#[test]
fn while_a_push_rings_all_other_commands_are_done_and_it_rings_for_them_too() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    let open = Arc::new((Mutex::new(false), Condvar::new()));
    let (held, last) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let (gate, waiting, written) = (Arc::clone(&open), Arc::clone(&held), Arc::clone(&last));
    let weather = one_issue_after(move |asked| {
        waiting.fetch_add(1, Ordering::SeqCst);
        let mut is_open = gate.0.lock().unwrap();
        while !*is_open {
            is_open = gate.1.wait(is_open).unwrap();
        }
        if asked.writes() {
            *written.lock().unwrap() = asked.body.clone();
        }
    });
    github::configure(&sides, &weather.url());
    write(desk.join(".claude/planning/a.md"), "a\n");
    let mut command = sides.command(env!("CARGO_BIN_EXE_craft"), &desk);
    command.args(["beacon", "push"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut first = command.spawn().unwrap();
    wait_until("it rings", || held.load(Ordering::SeqCst) > 0);

    write(desk.join(".claude/planning/b.md"), "b\n");
    let second = sides.craft(&desk, &["beacon", "push", "--json"]).ok();
    let said: Value = serde_json::from_str(&second.stdout).unwrap();
    assert_eq!(said["files"], json!([".claude/planning/b.md"]));
    assert!(second.stdout.contains("another command is ringing the bell"), "{}", second.stdout);
    let status = sides.craft(&desk, &["beacon", "status"]).ok();
    assert!(status.stdout.contains("another command is at the bell here"), "{}", status.stdout);
    sides.craft(&desk, &["beacon", "pull"]).ok();
    assert_eq!(held.load(Ordering::SeqCst), 1, "nobody else has asked meanwhile");
    let is_over = AtomicBool::new(first.try_wait().unwrap().is_some());

    *open.0.lock().unwrap() = true;
    open.1.notify_all();
    assert!(first.wait().unwrap().success());
    assert!(!is_over.into_inner(), "it was still at it");
    let body: Value = serde_json::from_slice(&last.lock().unwrap()).unwrap();
    let text = body["body"].as_str().unwrap();
    assert!(text.contains("\"seq\":2") && text.contains("b.md"), "{text}");
}
