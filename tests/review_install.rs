//! Installs on machines that are not as one expects: cut off, several at once, edited, linked, shared.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;

use claude_craft::fs::lock::{self, Holder};
use serde_json::{Value, json};

use super::common::{read, script, write};
use super::doctor::{checks, healthy, state};
use super::install::Desk;

/// A client whose `plugin` commands edit the user's settings as the real ones do: one key in, and out again.
/// As the old ones it adds a marketplace once only. `extra` is run at the end of an install.
fn client_with_a_marketplace(desk: &Desk, extra: &str) {
    let settings = desk.settings().display().to_string();
    script(
        desk.env.path("claude"),
        &format!(
            "case \"$1 $2 $3\" in\n--version*) echo '2.1.329 (Claude Code)' ;;\n\
             'plugin install '*)\n  grep -q craft-suite '{settings}' || sed -i 's/}}$/,\"craft-suite\":1}}/' '{settings}'\n  {extra}\n  ;;\n\
             'plugin marketplace update') grep -q craft-suite '{settings}' ;;\n\
             'plugin marketplace add') ! grep -q craft-suite '{settings}' ;;\n\
             'plugin marketplace remove') sed -i 's/,\"craft-suite\":1//' '{settings}' ;;\nesac"
        ),
    );
}

#[test]
fn what_the_user_changed_between_two_installs_from_a_marketplace_survives_the_uninstall() {
    let desk = Desk::new("2.1.329");
    client_with_a_marketplace(&desk, "");
    write(desk.settings(), "{\"a\":1}\n");
    desk.craft(&["install", "--as", "marketplace"]).ok();
    assert_eq!(read(desk.settings()), b"{\"a\":1,\"craft-suite\":1}\n");
    write(desk.settings(), "{\"a\":1,\"craft-suite\":1,\"b\":2}\n");
    script(desk.dist.join("craft-session-end"), "echo new");
    desk.craft(&["install"]).ok();
    let told = desk.craft(&["uninstall"]).ok().stdout;
    assert_eq!(String::from_utf8(read(desk.settings())).unwrap(), "{\"a\":1,\"b\":2}\n", "{told}");
    assert!(told.contains("only our entries are gone"), "{told}");
}

#[test]
fn an_install_from_a_marketplace_that_was_killed_leaves_no_entry_behind() {
    let desk = Desk::new("2.1.329");
    // Only the first time.
    let once = desk.env.path("once");
    client_with_a_marketplace(&desk, &format!("[ -e '{0}' ] || {{ : > '{0}'; kill -9 $PPID; }}", once.display()));
    write(desk.settings(), "{\"a\":1}\n");
    assert_eq!(desk.craft(&["install", "--as", "marketplace"]).code, 137);
    desk.craft(&["install", "--as", "marketplace"]).ok();
    desk.craft(&["uninstall"]).ok();
    assert_eq!(String::from_utf8(read(desk.settings())).unwrap(), "{\"a\":1}\n");
}

#[test]
fn what_another_install_needs_is_neither_purged_nor_removed() {
    let desk = Desk::new("2.1.50");
    desk.craft(&["install", "--as", "settings", "--scope", "local"]).ok();
    let other = desk.env.path("other");
    fs::create_dir(&other).unwrap();
    desk.env.git(&other, &["init", "-q"]);
    let there = |args: &[&str]| {
        let mut command = desk.env.command(desk.dist.join("craft"), &other);
        command.args(args);
        desk.env.run(command, b"")
    };
    there(&["install", "--as", "settings", "--scope", "project"]).ok();
    let refused = desk.craft(&["uninstall", "--scope", "local", "--purge"]);
    assert!(refused.code == 2 && refused.stderr.contains("another install still needs"), "{}", refused.stderr);
    desk.craft(&["uninstall", "--scope", "local"]).ok();
    assert!(!desk.project().join(".claude").exists());
    assert!(desk.claude().join("craft/bin/craft-session-end").exists(), "the other project's hooks run it");
    there(&["uninstall", "--purge"]).ok();
    assert!(!other.join(".claude").exists() && desk.names().is_empty(), "{}", desk.names());
}

#[test]
fn an_install_for_all_projects_is_refused_while_one_project_has_its_own() {
    let desk = Desk::new("2.1.329");
    desk.craft(&["install", "--scope", "local"]).ok();
    let mut command = desk.env.command(desk.dist.join("craft"), desk.env.root());
    command.arg("install");
    let refused = desk.env.run(command, b"");
    assert!(refused.code == 1 && refused.stderr.contains("they would run twice"), "{}", refused.stdout);
}

#[test]
fn an_install_that_had_to_wait_looks_again_whether_the_hooks_are_known() {
    let desk = Desk::new("2.1.329");
    let me = Holder { pid: std::process::id(), host: "here".into(), started: 1, purpose: "test".into() };
    let held = lock::try_exclusive(&desk.claude().join("craft/install.lock"), &me).unwrap().unwrap();
    let mut command = desk.env.command(desk.dist.join("craft"), &desk.project());
    let mut waiting = command.arg("install").stdout(Stdio::piped()).spawn().unwrap();
    // What it is going to do is said when it is decided.
    let mut said = String::new();
    BufReader::new(waiting.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert!(said.starts_with("installing"), "{said}");
    let by_hand =
        json!({"hooks": {"SessionEnd": [{"hooks": [{"type": "command", "command": "/x/craft-session-end"}]}]}});
    write(desk.settings(), by_hand.to_string());
    drop(held);
    assert_eq!(waiting.wait().unwrap().code(), Some(1));
    assert!(!desk.claude().join("skills").exists());
}

#[test]
fn a_text_of_ours_that_the_user_changed_is_kept_as_a_copy_and_never_replaced_unasked() {
    let desk = healthy();
    let plugin = desk.claude().join("skills/craft");
    let command = plugin.join("commands/auto-sync.md");
    write(&command, "my own words");
    fs::remove_file(plugin.join("hooks/hooks.json")).unwrap();
    checks(&desk, &["--fix"]);
    assert!(plugin.join("hooks/hooks.json").exists());
    assert_eq!(read(&command), b"my own words");

    let told = desk.craft(&["install"]).ok().stdout;
    let copies: Vec<_> = fs::read_dir(desk.claude().join("craft/replaced")).unwrap().collect();
    let [Ok(copy)] = copies.as_slice() else { panic!("{copies:?}") };
    assert_eq!(read(copy.path()), b"my own words");
    assert!(told.contains(copy.file_name().to_str().unwrap()), "{told}");
    assert_ne!(read(&command), b"my own words");

    // Without a record there is still the text it should have.
    write(&command, "mine again");
    fs::remove_dir_all(desk.claude().join("craft")).unwrap();
    desk.craft(&["uninstall"]).ok();
    assert_eq!(read(&command), b"mine again");
    assert!(!plugin.join("hooks").exists());
}

#[test]
fn a_checkout_of_the_plugin_is_neither_written_to_nor_taken_away() {
    let desk = Desk::new("2.1.329");
    let work = desk.env.path("work");
    write(work.join(".claude-plugin/plugin.json"), "{\"name\": \"craft\", \"mine\": 1}");
    write(work.join("README.md"), "mine");
    write(work.join("bin/craft-session-end"), "built");
    let before = || [read(work.join(".claude-plugin/plugin.json")), read(work.join("README.md"))];
    let kept = before();
    fs::create_dir_all(desk.claude().join("skills")).unwrap();
    symlink(&work, desk.claude().join("skills/craft")).unwrap();
    let refused = desk.craft(&["install"]);
    assert!(refused.code == 1 && refused.stderr.contains("is a link or a git checkout"), "{}", refused.stderr);
    assert!(desk.craft(&["uninstall"]).ok().stdout.contains("nothing of claude-craft is installed"));
    fs::remove_file(desk.claude().join("skills/craft")).unwrap();
    fs::rename(&work, desk.claude().join("skills/craft")).unwrap();
    let work = desk.claude().join("skills/craft");
    desk.env.git(&work, &["init", "-q"]);
    assert_eq!(desk.craft(&["install"]).code, 1);
    desk.craft(&["uninstall"]).ok();
    assert_eq!([read(work.join(".claude-plugin/plugin.json")), read(work.join("README.md"))], kept);
}

#[test]
fn a_record_that_somebody_forged_touches_nothing_but_our_places() {
    let desk = Desk::new("2.1.329");
    client_with_a_marketplace(&desk, "");
    let home = desk.env.home();
    fs::create_dir_all(home.join("empty/folder")).unwrap();
    write(home.join("notes"), "mine");
    let forged = json!({"kind": "marketplace", "scope": "user", "craft": "1", "at": 1, "folder": home, "complete": true,
        "files": [{"path": home.join("notes"), "hash": "0"}],
        "byClient": [{"path": home.join("notes"), "before": "theirs", "after": "mine"}]});
    write(desk.claude().join("craft/install.json"), json!({"version": 1, "installs": [forged]}).to_string());
    desk.craft(&["uninstall"]).ok();
    assert!(home.join("empty/folder").exists());
    assert_eq!(read(home.join("notes")), b"mine");
}

#[test]
fn settings_for_one_person_do_not_show_in_the_projects_git_status() {
    let desk = Desk::new("2.1.50");
    desk.craft(&["install", "--scope", "local"]).ok();
    assert!(desk.project().join(".claude/commands/craft.md").exists());
    assert_eq!(desk.env.git(&desk.project(), &["status", "--porcelain"]), "");
}

#[test]
fn an_install_that_breaks_off_has_not_told_the_client_of_hooks_that_are_not_there() {
    let desk = Desk::new("2.1.329");
    let plugin = desk.claude().join("skills/craft");
    desk.craft(&["install"]).ok();
    fs::remove_dir_all(plugin.join("bin")).unwrap();
    fs::remove_file(plugin.join("hooks/hooks.json")).unwrap();
    write(plugin.join("bin"), "in the way");
    assert_eq!(desk.craft(&["install"]).code, 1);
    assert!(!plugin.join("hooks/hooks.json").exists());
}

#[test]
fn what_a_killed_install_was_writing_goes() {
    let desk = Desk::new("2.1.329");
    desk.craft(&["install"]).ok();
    write(desk.claude().join("skills/craft/bin/.craft.4194305.7.tmp"), "half");
    write(desk.claude().join("skills/craft/bin/.craft.mine.tmp"), "not ours");
    desk.craft(&["uninstall"]).ok();
    assert_eq!(desk.names(), ".claude/skills/craft/bin/.craft.mine.tmp\n");

    write(desk.claude().join(".settings.json.4194305.7.tmp"), "half");
    desk.craft(&["settings", "apply", "statusline-settings"]).ok();
    assert!(!desk.claude().join(".settings.json.4194305.7.tmp").exists());
}

#[test]
fn the_doctor_misses_hooks_that_were_taken_out_of_the_settings_by_hand() {
    let desk = Desk::new("2.1.50");
    desk.craft(&["install"]).ok();
    assert_eq!(state(&checks(&desk, &[]).1, "install").0, "ok");
    let mut settings: Value = serde_json::from_slice(&read(desk.settings())).unwrap();
    settings["hooks"].as_object_mut().unwrap().remove("SessionEnd");
    write(desk.settings(), settings.to_string());
    let found = checks(&desk, &[]).1;
    let (verdict, text) = state(&found, "install");
    assert!(verdict == "broken" && text.ends_with("does not have all our hooks any more"), "{text}");
}

#[test]
fn the_doctor_leaves_a_record_that_it_does_not_understand_where_it_is() {
    let desk = healthy();
    let record = desk.claude().join("craft/install.json");
    for (text, verdict) in [("{\"version\": 99, \"installs\": 7}", "warning"), ("rubbish", "ok")] {
        write(&record, text);
        assert_eq!(state(&checks(&desk, &[]).1, "install").0, verdict, "{text}");
        assert_eq!(read(&record), text.as_bytes());
    }
}

#[test]
fn a_settings_file_that_cannot_be_read_is_not_called_readable() {
    let desk = healthy();
    fs::create_dir(desk.settings()).unwrap();
    let found = checks(&desk, &[]).1;
    assert_eq!(state(&found, "settings").0, "broken");
}

#[test]
fn hooks_that_ran_before_the_install_prove_nothing_of_it() {
    let desk = healthy();
    let record = desk.claude().join("craft/install.json");
    let mut installs: Value = serde_json::from_slice(&read(&record)).unwrap();
    let at = &mut installs["installs"][0]["at"];
    *at = json!(at.as_u64().unwrap() + 3_600_000);
    write(&record, installs.to_string());
    let found = checks(&desk, &[]).1;
    assert_eq!(state(&found, "fired"), ("warning", "no hook has run since the install"));
}

#[test]
fn a_plugin_that_another_project_has_does_not_run_here() {
    let desk = healthy();
    let plugin = desk.claude().join("skills/craft");
    let place = |project: &Path| json!({"scope": "local", "installPath": plugin, "projectPath": project});
    let installed = |places: Value| {
        let all = json!({"version": 2, "plugins": {"craft@craft-suite": places}});
        write(desk.claude().join("plugins/installed_plugins.json"), all.to_string());
    };
    installed(json!([place(&desk.env.path("elsewhere"))]));
    assert_eq!(state(&checks(&desk, &[]).1, "hooks-once").0, "ok");
    installed(json!([place(&desk.project())]));
    assert_eq!(state(&checks(&desk, &[]).1, "hooks-once").0, "broken");
}

#[test]
fn a_settings_folder_that_lies_in_a_repository_of_dotfiles_is_one_place() {
    let desk = Desk::new("2.1.329");
    fs::create_dir(desk.project().join(".claude")).unwrap();
    symlink(desk.project().join(".claude"), desk.claude()).unwrap();
    desk.craft(&["install"]).ok();
    desk.craft(&["install"]).ok();
    assert_eq!(state(&checks(&desk, &[]).1, "hooks-once").0, "ok");
}

#[test]
fn a_repository_with_a_settings_file_that_never_ends_hangs_nothing() {
    let desk = healthy();
    let settings = desk.project().join(".claude/settings.json");
    fs::create_dir(settings.parent().unwrap()).unwrap();
    symlink("/dev/zero", &settings).unwrap();
    let found = checks(&desk, &[]).1;
    assert_eq!(state(&found, "settings").0, "broken");
    desk.craft(&["install", "--dry-run"]).ok();
}

#[test]
fn a_relative_settings_folder_is_refused() {
    let desk = Desk::new("2.1.329");
    desk.env.set("CLAUDE_CONFIG_DIR", "cfg");
    let refused = desk.craft(&["install"]);
    assert!(refused.code == 2 && refused.stderr.contains("CLAUDE_CONFIG_DIR is cfg"), "{}", refused.stderr);
    assert_eq!(state(&checks(&desk, &[]).1, "environment").0, "broken");
}

#[test]
fn a_status_line_that_asks_us_itself_is_not_started_without_end() {
    let desk = Desk::new("2.1.329");
    let count = desk.env.path("count");
    let line = desk.env.path("line");
    script(
        &line,
        &format!(
            "echo x >> '{}'; echo \"mine $('{}' statusline)\"",
            count.display(),
            desk.dist.join("craft").display()
        ),
    );
    write(desk.settings(), json!({"statusLine": {"type": "command", "command": line}}).to_string());
    desk.craft(&["install", "--statusline"]).ok();
    let mut command = desk.env.command(desk.dist.join("craft"), &desk.project());
    command.arg("statusline");
    let ran = desk.env.run(command, b"{}").ok();
    assert_eq!((ran.stdout.as_str(), read(&count).len()), ("mine\n", 2), "started once");
}

#[test]
fn a_status_line_of_one_project_is_not_run_in_another() {
    let desk = Desk::new("2.1.329");
    let local = desk.project().join(".claude/settings.local.json");
    write(&local, json!({"statusLine": {"type": "command", "command": "echo project"}}).to_string());
    desk.craft(&["settings", "apply", "statusline-settings", "--scope", "local"]).ok();
    let line = |folder: &Path| {
        let mut command = desk.env.command(desk.dist.join("craft"), folder);
        command.arg("statusline");
        desk.env.run(command, json!({"cwd": folder}).to_string().as_bytes()).ok().stdout
    };
    assert_eq!(line(&desk.project()), "project\n");
    assert_eq!(line(desk.env.root()), "");
}
