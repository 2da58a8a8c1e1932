//! All integration tests in one binary, so that they are linked once.
#![allow(clippy::disallowed_methods, reason = "tests write files and start programs themselves")]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on has failed")]
#![allow(unreachable_pub, reason = "the modules of one binary")]
#![allow(clippy::needless_pass_by_value, reason = "`json!` makes values at the call")]

mod beacon_adverse;
mod beacon_chain;
mod beacon_channels;
mod beacon_copies;
mod beacon_everybody;
mod beacon_gate;
mod beacon_held;
mod beacon_hooks;
mod beacon_hostile;
mod beacon_init;
mod beacon_kill;
mod beacon_line;
mod beacon_lost;
mod beacon_moved;
mod beacon_odd;
mod beacon_pull;
mod beacon_race;
mod beacon_remote;
mod beacon_sequences;
mod beacon_shown;
mod beacon_signature;
mod beacon_tables;
mod beacon_typed;
mod beacon_unattended;
mod beacon_walkthrough;
mod beacon_watch;
mod bell_desk;
mod bell_emulate;
mod bell_find;
mod bell_http;
mod chaos;
mod cli;
mod common;
mod contract;
mod demo;
mod doctor;
mod faults;
mod fuzz;
mod harness;
mod hooks;
mod hostile;
mod install;
mod jobs;
mod journal;
mod journal_read;
mod monitor_terminal;
mod notifications;
#[cfg(feature = "desktop")]
mod notifications_desktop;
mod permissions;
mod plan_archive;
mod plan_documents;
mod plan_execute;
mod plan_hooks;
mod plan_hostile;
mod plan_merge;
mod plan_merged;
mod plan_sequences;
mod plan_status;
mod plan_summarize;
mod plan_sync;
mod plan_todo;
mod plan_walkthrough;
mod plugin_commands;
mod review;
mod review_install;
mod scan;
mod scan_gate;
mod scan_hand;
mod scan_holes;
mod scan_leaks;
mod sync_basic;
mod sync_commit;
mod sync_conflict;
mod sync_faults;
mod sync_files;
mod sync_gate;
mod sync_history;
mod sync_kill;
mod sync_kinds;
mod sync_network;
mod sync_pulled;
mod sync_queue;
mod sync_refused;
mod sync_remote;
mod vscode;

#[test]
fn every_file_of_tests_is_part_of_this_binary() {
    let runner = include_str!("runner.rs");
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let module = path.extension().is_some_and(|e| e == "rs") || path.join("mod.rs").exists();
        // `e2e` is a binary of its own, since it needs a program that is not always there.
        if module && !["runner", "e2e"].contains(&name) {
            assert!(runner.contains(&format!("\nmod {name};")), "tests/{name} is not named in runner.rs");
        }
    }
}
