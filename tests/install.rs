//! `craft install` and `craft uninstall`, as processes, into a home of their own.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::common::{Ran, TestEnv, read, script, write};

const HOOKS: [&str; 4] = ["craft-session-start", "craft-session-end", "craft-prompt-sync", "craft-stop"];

/// A folder with the executables, a client that tells the version it is asked to, and a project.
pub struct Desk {
    pub env: TestEnv,
    pub dist: PathBuf,
}

impl Desk {
    pub fn new(client: &str) -> Self {
        let env = TestEnv::new();
        let dist = env.path("dist");
        fs::create_dir(&dist).unwrap();
        fs::hard_link(env!("CARGO_BIN_EXE_craft"), dist.join("craft"))
            .or_else(|_| fs::copy(env!("CARGO_BIN_EXE_craft"), dist.join("craft")).map(drop))
            .unwrap();
        for program in HOOKS.iter().chain(&["ps-sync"]) {
            script(dist.join(program), "exit 0");
        }
        script(env.path("claude"), &format!("echo '{client} (Claude Code)'"));
        env.set("CRAFT_CLAUDE", env.path("claude"));
        fs::create_dir(env.path("project")).unwrap();
        env.git(&env.path("project"), &["init", "-q"]);
        // The configuration that every test environment brings is not part of this.
        fs::remove_dir_all(env.home().join(".claude")).unwrap();
        Self { env, dist }
    }

    pub fn claude(&self) -> PathBuf {
        self.env.home().join(".claude")
    }

    pub fn project(&self) -> PathBuf {
        self.env.path("project")
    }

    pub fn craft(&self, args: &[&str]) -> Ran {
        let mut command = self.env.command(self.dist.join("craft"), &self.project());
        command.args(args);
        self.env.run(command, b"")
    }

    /// What is printed, with the places of this test taken out.
    pub fn shown(&self, args: &[&str]) -> String {
        let ran = self.craft(args);
        let root = self.env.root().to_str().unwrap();
        sizeless(&format!("{}{}exit {}", ran.stdout, ran.stderr, ran.code).replace(root, "[TMP]"))
    }

    /// All files below the home folder, with what they hold.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut open = vec![self.claude()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else if !path.ends_with("install.lock") && !path.ends_with("settings.lock") {
                    found.insert(path.strip_prefix(self.env.home()).unwrap().to_owned(), read(&path));
                }
            }
        }
        found
    }

    pub fn names(&self) -> String {
        self.files().keys().map(|p| format!("{}\n", p.display())).collect()
    }

    pub fn settings(&self) -> PathBuf {
        self.claude().join("settings.json")
    }
}

/// `text` without the sizes of programs, which are others when they are built for tests.
fn sizeless(text: &str) -> String {
    let line = |line: &str| match line.split_once(" files, ") {
        Some((before, after)) => format!("{before} files, [SIZE]{}", after.split_once(" MB").map_or("", |(_, r)| r)),
        None => line.to_owned(),
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_plugin_is_one_folder_and_no_settings_file_is_touched() {
    let desk = Desk::new("2.1.329");
    assert_snapshot!(desk.shown(&["install"]));
    assert_snapshot!(desk.names());
    let mode = |name: &str| fs::metadata(desk.claude().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("skills/craft/bin/craft-session-end"), mode("skills/craft/hooks/hooks.json")), (0o755, 0o644));

    let before = desk.files();
    assert_snapshot!(desk.shown(&["install"]));
    assert_eq!(desk.files(), before, "installing again changes nothing");

    assert_snapshot!(desk.shown(&["uninstall"]));
    assert_eq!(desk.names(), "");
    assert!(!desk.claude().join("skills").exists(), "a folder that was made for it goes with it");
    assert_snapshot!(desk.shown(&["uninstall"]));
}

#[test]
fn a_dry_run_tells_and_touches_nothing() {
    for (client, kind) in [("2.1.329", "skills-plugin"), ("2.1.50", "settings")] {
        let desk = Desk::new(client);
        let told: Value = serde_json::from_str(&desk.craft(&["install", "--dry-run", "--json"]).ok().stdout).unwrap();
        assert_eq!((&told["kind"], &told["client"], &told["done"]), (&json!(kind), &json!(client), &json!(false)));
        assert_eq!(desk.names(), "");
    }
}

#[test]
fn an_old_client_gets_settings_and_uninstalling_gives_the_very_bytes_back() {
    let desk = Desk::new("2.1.50");
    let mine = "{\n\t\"hooks\": {\"SessionStart\": [{\"hooks\": [{\"type\": \"command\", \"command\": \"mine\"}]}]},\n\t\"statusLine\": {\"type\": \"command\", \"command\": \"my line\"}, \"n\": 1.50\n}";
    write(desk.settings(), mine);
    fs::set_permissions(desk.settings(), fs::Permissions::from_mode(0o640)).unwrap();
    assert_snapshot!(desk.shown(&["install", "--statusline"]));
    let settings: Value = serde_json::from_slice(&read(desk.settings())).unwrap();
    assert_eq!(settings["hooks"]["SessionStart"].as_array().unwrap().len(), 2, "{settings:#}");
    let status_line = settings["statusLine"]["command"].as_str().unwrap();
    assert!(status_line.ends_with("/.claude/craft/bin/craft statusline"), "{status_line}");
    for hook in HOOKS {
        let command = desk.claude().join("craft/bin").join(hook);
        assert!(settings.to_string().contains(command.to_str().unwrap()), "{settings:#}");
        assert!(command.is_file());
    }
    let command = String::from_utf8(read(desk.claude().join("commands/craft.md"))).unwrap();
    assert!(command.contains(desk.claude().join("craft/bin/craft").to_str().unwrap()), "{command}");

    let before = desk.files();
    desk.craft(&["install", "--statusline"]).ok();
    assert_eq!(desk.files(), before, "installing again changes nothing");

    assert_snapshot!(desk.shown(&["uninstall"]));
    assert_eq!(String::from_utf8(read(desk.settings())).unwrap(), mine);
    assert_eq!(fs::metadata(desk.settings()).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(!desk.claude().join("commands").exists());
}

#[test]
fn an_install_from_before_the_stop_hook_works_on_and_gets_it_with_the_next_install() {
    let desk = Desk::new("2.1.50");
    let mine = "{\n  \"model\": \"opus\"\n}\n";
    write(desk.settings(), mine);
    desk.craft(&["install"]).ok();
    // As an older one left it: three executables, three hooks, and a record of those.
    let edit = |path: PathBuf, change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_slice(&read(&path)).unwrap();
        change(&mut value);
        write(&path, serde_json::to_vec_pretty(&value).unwrap());
    };
    let without = |list: &mut Value| list.as_array_mut().unwrap().retain(|e| !e.to_string().contains("top\""));
    fs::remove_file(desk.claude().join("craft/bin/craft-stop")).unwrap();
    edit(desk.settings(), &|settings| drop(settings["hooks"].as_object_mut().unwrap().shift_remove("Stop")));
    edit(desk.claude().join("craft/settings/applied.json"), &|record| {
        for file in record["files"].as_object_mut().unwrap().values_mut() {
            without(&mut file["created"]);
            without(&mut file["fragments"]["auto-sync-settings"]["entries"]);
        }
    });
    edit(desk.claude().join("craft/install.json"), &|record| without(&mut record["installs"][0]["files"]));
    let found = || -> Value { serde_json::from_str(&desk.craft(&["doctor", "--json"]).stdout).unwrap() };
    let install = |found: &Value| {
        let check = found["checks"].as_array().unwrap().iter().find(|c| c["id"] == "install").unwrap().clone();
        (check["state"].clone(), check["text"].to_string())
    };
    let (state, text) = install(&found());
    assert!(state == "warning" && text.contains("craft-stop"), "{state} {text}");

    desk.craft(&["install"]).ok();
    let settings: Value = serde_json::from_slice(&read(desk.settings())).unwrap();
    let command = desk.claude().join("craft/bin/craft-stop");
    assert_eq!(settings["hooks"]["Stop"][0]["hooks"][0]["command"], command.to_str().unwrap());
    assert!(command.is_file());
    assert_eq!(install(&found()).0, "ok");
    desk.craft(&["uninstall"]).ok();
    let settings: Value = serde_json::from_slice(&read(desk.settings())).unwrap();
    assert_eq!(settings, json!({"model": "opus"}));
}

#[test]
fn what_others_changed_in_the_settings_meanwhile_stays() {
    let desk = Desk::new("2.1.50");
    write(desk.settings(), "{\n  \"model\": \"opus\"\n}\n");
    desk.craft(&["install"]).ok();
    let mut settings: Value = serde_json::from_slice(&read(desk.settings())).unwrap();
    settings["theirs"] = json!({"key": [1, 2]});
    write(desk.settings(), serde_json::to_vec_pretty(&settings).unwrap());
    let told = desk.craft(&["uninstall"]).ok().stdout;
    assert!(told.contains("only our entries are gone"), "{told}");
    let left: Value = serde_json::from_slice(&read(desk.settings())).unwrap();
    assert_eq!(left, json!({"model": "opus", "theirs": {"key": [1, 2]}}));
}

#[test]
fn hooks_that_are_known_already_are_not_made_known_twice() {
    let desk = Desk::new("2.1.329");
    let by_hand =
        json!({"hooks": {"SessionEnd": [{"hooks": [{"type": "command", "command": "/opt/craft-session-end"}]}]}});
    write(desk.settings(), by_hand.to_string());
    let before = desk.files();
    assert_snapshot!(desk.shown(&["install"]));
    assert_eq!(desk.files(), before);
    fs::remove_file(desk.settings()).unwrap();

    desk.craft(&["install"]).ok();
    let before = desk.files();
    for other in [["install", "--as", "settings"], ["install", "--as", "marketplace"], ["install", "--scope", "local"]]
    {
        let refused = desk.craft(&other);
        assert_eq!(refused.code, 1, "{other:?}: {}", refused.stdout);
        assert!(refused.stderr.contains("they would run twice"), "{}", refused.stderr);
    }
    assert_eq!(desk.files(), before);

    // And the other way round, in the project's own settings.
    desk.craft(&["uninstall"]).ok();
    write(desk.project().join(".claude/settings.local.json"), by_hand.to_string());
    assert_eq!(desk.craft(&["install"]).code, 1);
}

#[test]
fn settings_that_were_put_in_without_an_install_go_with_an_uninstall_too() {
    let desk = Desk::new("2.1.329");
    write(desk.settings(), "{}");
    desk.craft(&["install"]).ok();
    let refused = desk.craft(&["settings", "apply"]);
    assert!(refused.code == 1 && refused.stderr.contains("skills/craft; they would run twice"), "{}", refused.stderr);
    desk.craft(&["settings", "apply", "statusline-settings"]).ok();
    assert!(String::from_utf8(read(desk.settings())).unwrap().contains("craft statusline"));
    assert_snapshot!(desk.shown(&["uninstall"]));
    assert_eq!(read(desk.settings()), b"{}");
}

#[test]
fn the_command_by_way_of_the_model_goes_when_the_client_has_its_own() {
    // Beside the native command it would make that one wait for the end of a turn.
    let desk = Desk::new("2.1.200");
    desk.craft(&["install"]).ok();
    let skill = desk.claude().join("skills/craft/SKILL.md");
    assert!(String::from_utf8(read(&skill)).unwrap().starts_with("---\nname: craft\n"));
    script(desk.env.path("claude"), "echo '2.1.329 (Claude Code)'");
    desk.craft(&["install"]).ok();
    assert!(!skill.exists());
}

#[test]
fn what_is_somebody_elses_is_never_overwritten() {
    let desk = Desk::new("2.1.329");
    write(desk.claude().join("skills/craft/SKILL.md"), "my own skill");
    write(desk.claude().join("commands/craft.md"), "my own command");
    let before = desk.files();
    assert_snapshot!(desk.shown(&["install"]));
    assert_snapshot!(desk.shown(&["install", "--as", "settings"]));
    assert_eq!(desk.files(), before);
}

#[test]
fn a_hook_that_runs_while_it_is_replaced_runs_to_its_end() {
    let desk = Desk::new("2.1.329");
    fs::copy("/bin/sleep", desk.dist.join("craft-session-end")).unwrap();
    desk.craft(&["install"]).ok();
    let hook = desk.claude().join("skills/craft/bin/craft-session-end");
    let mut running = desk.env.command(&hook, desk.env.root()).arg("1000").spawn().unwrap();
    script(desk.dist.join("craft-session-end"), "echo new");
    desk.craft(&["install"]).ok();
    assert_eq!(running.try_wait().unwrap(), None, "it still runs");
    running.kill().unwrap();
    running.wait().unwrap();
    assert_eq!(read(&hook), b"#!/bin/sh\necho new\n");
}

#[test]
fn an_update_keeps_configuration_and_state_and_drops_files_that_are_gone() {
    let desk = Desk::new("2.1.329");
    desk.craft(&["install"]).ok();
    desk.craft(&["auto-sync", "config", "set", "retry.attempts", "3"]).ok();
    let config = read(desk.claude().join("craft/config.json"));
    // As an older version would have left it: a file more, another version.
    let old = desk.claude().join("skills/craft/hooks/old.json");
    write(&old, "old");
    let record = desk.claude().join("craft/install.json");
    let mut installs: Value = serde_json::from_slice(&read(&record)).unwrap();
    installs["installs"][0]["craft"] = json!("0.0.9");
    let hash = format!("{:016x}", claude_craft::fs::layout::fnv1a(b"old"));
    installs["installs"][0]["files"].as_array_mut().unwrap().push(json!({"path": old, "hash": hash}));
    write(&record, installs.to_string());
    assert!(desk.shown(&["install"]).contains("updating claude-craft"));
    assert!(!old.exists());
    assert_eq!(read(desk.claude().join("craft/config.json")), config);
    let installs: Value = serde_json::from_slice(&read(&record)).unwrap();
    assert_eq!(installs["installs"][0]["craft"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn an_install_that_was_cut_off_can_be_repeated_and_taken_away() {
    let desk = Desk::new("2.1.329");
    // Where a folder has to be there is a file, but only below what is written first.
    write(desk.claude().join("skills/craft/.claude-plugin/plugin.json"), "{\"name\": \"craft\"}");
    write(desk.claude().join("skills/craft/bin"), "in the way");
    let refused = desk.craft(&["install"]);
    assert_eq!(refused.code, 1);
    fs::remove_dir_all(desk.claude().join("skills")).unwrap();
    write(desk.claude().join("skills"), "in the way");
    let failed = desk.craft(&["install"]);
    assert_eq!(failed.code, 1, "{}", failed.stdout);
    assert!(failed.stderr.contains("/.claude/skills"), "{}", failed.stderr);
    desk.craft(&["uninstall"]).ok();
    assert_eq!(read(desk.claude().join("skills")), b"in the way", "what was there before stays");
    fs::remove_file(desk.claude().join("skills")).unwrap();
    desk.craft(&["install"]).ok();
    desk.craft(&["uninstall"]).ok();
    assert_eq!(desk.names(), "");
}

#[test]
fn a_file_of_ours_that_the_user_changed_is_left_to_them() {
    let desk = Desk::new("2.1.50");
    desk.craft(&["install"]).ok();
    let command = desk.claude().join("commands/craft.md");
    write(&command, "my own words");
    assert_snapshot!(desk.shown(&["uninstall"]));
    assert_eq!(read(&command), b"my own words");
}

#[test]
fn state_stays_unless_it_is_to_go() {
    let desk = Desk::new("2.1.329");
    desk.craft(&["install"]).ok();
    desk.env.git(&desk.project(), &["commit", "-q", "--allow-empty", "-m", "one"]);
    desk.craft(&["auto-sync", "enable"]).ok();
    desk.craft(&["uninstall"]).ok();
    assert!(desk.claude().join("craft/config.json").exists());
    desk.craft(&["install"]).ok();
    assert_snapshot!(desk.shown(&["uninstall", "--purge"]));
    assert_eq!(desk.names(), "");
}

#[test]
fn an_install_for_one_project_does_not_show_in_its_git_status() {
    let desk = Desk::new("2.1.329");
    let exclude = desk.project().join(".git/info/exclude");
    let before = read(&exclude);
    desk.craft(&["install", "--scope", "local"]).ok();
    assert!(desk.project().join(".claude/skills/craft/hooks/hooks.json").exists());
    assert_eq!(desk.env.git(&desk.project(), &["status", "--porcelain"]), "");
    desk.craft(&["uninstall"]).ok();
    assert!(!desk.project().join(".claude").exists());
    assert_eq!(read(&exclude), before);
    let outside = desk.env.command(desk.dist.join("craft"), desk.env.root());
    let mut outside = outside;
    outside.args(["install", "--scope", "project"]);
    let refused = desk.env.run(outside, b"");
    assert!(refused.stderr.contains("is in no git repository"), "{}", refused.stderr);
}

#[test]
fn without_a_client_a_new_one_is_assumed_and_without_the_hooks_nothing_is_done() {
    let desk = Desk::new("2.1.329");
    desk.env.set("CRAFT_CLAUDE", desk.env.path("nowhere/claude"));
    assert!(desk.shown(&["install"]).contains("(Claude Code was not found on PATH; a new one is assumed)"));
    assert!(desk.claude().join("skills/craft").exists());
    desk.craft(&["uninstall"]).ok();
    fs::remove_file(desk.dist.join("craft-prompt-sync")).unwrap();
    assert_snapshot!(desk.shown(&["install"]));
    assert_eq!(desk.names(), "");
}

#[test]
fn a_plugin_folder_whose_record_is_gone_is_still_found() {
    let desk = Desk::new("2.1.329");
    desk.craft(&["install"]).ok();
    fs::remove_dir_all(desk.claude().join("craft")).unwrap();
    desk.craft(&["install"]).ok();
    fs::remove_dir_all(desk.claude().join("craft")).unwrap();
    desk.craft(&["uninstall"]).ok();
    assert_eq!(desk.names(), "");
}

#[test]
fn an_install_in_settings_whose_record_is_gone_is_taken_away_whole() {
    let desk = Desk::new("2.1.50");
    desk.craft(&["install"]).ok();
    fs::remove_file(desk.claude().join("craft/install.json")).unwrap();
    desk.craft(&["uninstall"]).ok();
    assert!(!desk.claude().join("craft/bin").exists());
    assert!(!desk.settings().exists() && !desk.claude().join("commands/craft.md").exists());
}

#[test]
fn what_the_client_writes_into_the_plugin_goes_with_it_and_what_the_user_put_there_stays() {
    let desk = Desk::new("2.1.329");
    desk.craft(&["install"]).ok();
    let plugin = desk.claude().join("skills/craft");
    write(plugin.join(".claude-plugin/types/claude-code/index.d.ts"), "types");
    write(plugin.join("notes.txt"), "mine");
    desk.craft(&["uninstall"]).ok();
    assert_eq!(desk.names(), ".claude/skills/craft/notes.txt\n");
}

#[test]
fn only_programs_that_are_on_no_path_yet_are_to_be_linked() {
    let desk = Desk::new("2.1.329");
    let bin = desk.env.path("bin");
    fs::create_dir(&bin).unwrap();
    desk.env.set("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()));
    let installed = desk.claude().join("skills/craft/bin");
    let linked = |name: &str| std::os::unix::fs::symlink(installed.join(name), bin.join(name)).unwrap();
    linked("craft");
    let said = desk.craft(&["install"]).ok().stdout;
    assert!(said.contains("to have `ps-sync` in your terminal too, link it into"), "{said}");
    assert!(said.contains("  ln -sf ~/.claude/skills/craft/bin/ps-sync ~/.local/bin/\n"), "{said}");
    linked("ps-sync");
    let said = desk.craft(&["install"]).ok().stdout;
    assert!(!said.contains("in your terminal"), "{said}");
}

#[test]
fn the_readme_shows_what_an_install_says() {
    let readme = include_str!("../README.md");
    let block = readme.split("```text\n$ craft install\n").nth(1).and_then(|t| t.split("```").next()).unwrap();
    let shown = Desk::new("2.1.329").shown(&["install"]);
    assert_eq!(sizeless(block), shown.strip_suffix("exit 0").unwrap());
}

/// What the program holds is what the repository holds: a new file of the plugin must not be forgotten.
#[test]
fn every_file_of_the_plugin_is_part_of_an_install() {
    use claude_craft::install::payload::PLUGIN;
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wanted = Vec::new();
    let mut open: Vec<PathBuf> =
        [".claude-plugin", "hooks", "commands", "skills"].iter().map(|f| top.join(f)).filter(|f| f.exists()).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                // The client writes declarations for the editor into a plugin that is being worked on.
                if name != ".claude-plugin/types" {
                    open.push(path);
                }
            } else if !name.ends_with(".rs") && !name.ends_with(".test.ts") && !name.ends_with("marketplace.json") {
                wanted.push(name);
            }
        }
    }
    wanted.extend(["README.md", "LICENSE", "LICENSE-APACHE", "LICENSE-MIT"].map(str::to_owned));
    wanted.sort();
    let mut held: Vec<_> = PLUGIN.iter().map(|p| p.path.to_owned()).collect();
    held.sort();
    assert_eq!(held, wanted);
}

const BOOK: &str = "context/context.md";

/// What git says of the merge of the book and of a book further down, in a repository.
fn attributes(desk: &Desk, repository: &Path) -> String {
    let told = desk.env.git(repository, &["check-attr", "merge", BOOK, "sub/context/context.md"]);
    told.replace(": merge: ", "=").replace('\n', " ")
}

fn driver_of(desk: &Desk, repository: &Path) -> Option<String> {
    let told = desk.env.git_try(repository, &["config", "--get", "merge.craft-book.driver"]);
    (told.code == 0).then(|| told.stdout.trim_end().to_owned())
}

const OURS: &str = "context/context.md=craft-book sub/context/context.md=unspecified";
const NONE: &str = "context/context.md=unspecified sub/context/context.md=unspecified";

#[test]
fn git_is_told_of_the_merge_driver_and_uninstalling_gives_its_files_back_byte_for_byte() {
    for (before, linked) in [(None, false), (Some("*.png binary"), false), (Some("# mine\n*.x -text\n\n"), true)] {
        let desk = Desk::new("2.1.329");
        let (config, file) = (desk.env.home().join(".gitconfig"), desk.env.home().join(".config/git/attributes"));
        if let Some(text) = before {
            let place = if linked { desk.env.path("dotfiles") } else { file.clone() };
            write(&place, text);
            if linked {
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::os::unix::fs::symlink(&place, &file).unwrap();
            }
        }
        let was = read(&config);
        desk.craft(&["install", "--dry-run"]).ok();
        assert_eq!((read(&config), file.exists()), (was.clone(), before.is_some()), "a dry run touches nothing");
        desk.craft(&["install"]).ok();
        assert_eq!(attributes(&desk, &desk.project()), OURS);
        let craft = desk.claude().join("skills/craft/bin/craft");
        assert!(driver_of(&desk, &desk.project()).unwrap().starts_with(&format!("{} merge-book ", craft.display())));
        let told = (read(&config), read(&file));
        assert!(desk.craft(&["install"]).ok().stdout.contains("nothing was changed"));
        assert_eq!((read(&config), read(&file)), told);
        desk.craft(&["uninstall"]).ok();
        assert_eq!(read(&config), was);
        assert_eq!(fs::read_to_string(&file).ok().as_deref(), before);
        assert_eq!(file.is_symlink(), linked);
        assert_eq!(file.parent().unwrap().exists(), before.is_some(), "a folder that was made goes too");
    }
}

#[test]
fn attributes_that_the_user_keeps_elsewhere_are_used_and_a_lost_record_is_no_hindrance() {
    let desk = Desk::new("2.1.329");
    desk.env.git(&desk.project(), &["config", "--global", "core.attributesFile", "~/dot files/attributes"]);
    let (file, was) = (desk.env.home().join("dot files/attributes"), read(desk.env.home().join(".gitconfig")));
    write(&file, "*.x -text\n");
    desk.craft(&["install"]).ok();
    assert_eq!(attributes(&desk, &desk.project()), OURS);
    assert!(!desk.env.home().join(".config/git").exists());
    fs::remove_file(desk.claude().join("craft/install.json")).unwrap();
    desk.craft(&["uninstall"]).ok();
    assert_eq!((read(&file).as_slice(), read(desk.env.home().join(".gitconfig"))), (&b"*.x -text\n"[..], was));
}

#[test]
fn git_without_any_settings_has_none_again_after_an_uninstall() {
    let desk = Desk::new("2.1.329");
    let config = desk.env.home().join(".gitconfig");
    fs::remove_file(&config).unwrap();
    desk.craft(&["install"]).ok();
    assert_eq!(attributes(&desk, &desk.project()), OURS);
    desk.craft(&["uninstall"]).ok();
    assert!(!config.exists());
    assert_eq!(driver_of(&desk, &desk.project()), None);
}

#[test]
fn lines_that_were_added_since_stay_when_ours_goes_and_a_driver_that_was_changed_is_left() {
    let desk = Desk::new("2.1.329");
    let file = desk.env.home().join(".config/git/attributes");
    desk.craft(&["install"]).ok();
    write(&file, format!("*.a text\n{}*.b text\n", String::from_utf8_lossy(read(&file).as_ref())));
    desk.env.git(&desk.project(), &["config", "--global", "merge.craft-book.driver", "mine %A"]);
    let said = desk.craft(&["uninstall"]).ok().stdout;
    assert_eq!(fs::read_to_string(&file).unwrap(), "*.a text\n*.b text\n");
    assert_eq!(driver_of(&desk, &desk.project()).as_deref(), Some("mine %A"));
    assert!(said.contains(".gitconfig was changed since the install and is left to you"), "{said}");
}

#[test]
fn the_line_stays_where_git_was_told_of_another_install_since() {
    let desk = Desk::new("2.1.329");
    desk.craft(&["install"]).ok();
    let other = "/other/craft merge-book %O %A %B --marker-size %L";
    desk.env.git(&desk.project(), &["config", "--global", "merge.craft-book.driver", other]);
    desk.craft(&["uninstall"]).ok();
    assert_eq!(driver_of(&desk, &desk.project()).as_deref(), Some(other));
    assert_eq!(attributes(&desk, &desk.project()), OURS);
}

#[test]
fn attributes_below_whichever_folder_git_is_in_are_not_told_anything() {
    let desk = Desk::new("2.1.329");
    desk.env.git(&desk.project(), &["config", "--global", "core.attributesFile", "own/attributes"]);
    let was = read(desk.env.home().join(".gitconfig"));
    desk.craft(&["install"]).ok();
    assert!(!desk.env.home().join(".config/git").exists());
    assert_eq!(read(desk.env.home().join(".gitconfig")), was);
}

#[test]
fn a_merge_driver_of_somebody_else_is_left_and_told() {
    for (attribute, driver) in [("*.md merge=union\n", None), ("", Some("mine %A"))] {
        let desk = Desk::new("2.1.329");
        let file = desk.env.home().join(".config/git/attributes");
        write(&file, attribute);
        if let Some(driver) = driver {
            desk.env.git(&desk.project(), &["config", "--global", "merge.craft-book.driver", driver]);
        }
        let ran = desk.craft(&["install"]).ok();
        assert!(ran.stderr.contains("which is left as it is"), "{}", ran.stderr);
        assert_eq!(fs::read_to_string(&file).unwrap(), attribute);
        assert_eq!(driver_of(&desk, &desk.project()).as_deref(), driver);
        let doctor = desk.craft(&["doctor"]).stdout;
        assert!(doctor.contains("which is left as it is"), "{doctor}");
        desk.craft(&["uninstall"]).ok();
        assert_eq!(fs::read_to_string(&file).unwrap(), attribute);
        assert_eq!(driver_of(&desk, &desk.project()).as_deref(), driver);
    }
}

#[test]
fn the_merge_driver_is_left_out_where_it_is_not_wanted_until_it_is() {
    let desk = Desk::new("2.1.329");
    let was = read(desk.env.home().join(".gitconfig"));
    for args in [&["install", "--no-merge-driver"][..], &["install"]] {
        desk.craft(args).ok();
        assert_eq!((attributes(&desk, &desk.project()).as_str(), driver_of(&desk, &desk.project())), (NONE, None));
    }
    desk.craft(&["install", "--merge-driver"]).ok();
    assert_eq!(attributes(&desk, &desk.project()), OURS);
    desk.craft(&["install", "--no-merge-driver"]).ok();
    assert_eq!((attributes(&desk, &desk.project()).as_str(), driver_of(&desk, &desk.project())), (NONE, None));
    assert_eq!(read(desk.env.home().join(".gitconfig")), was);
}

#[test]
fn an_install_for_one_project_tells_that_projects_git_only() {
    let desk = Desk::new("2.1.329");
    let (mine, other) = (desk.project(), desk.env.path("other"));
    desk.env.git(desk.env.root(), &["init", "-q", "other"]);
    let was = (read(desk.env.home().join(".gitconfig")), read(mine.join(".git/config")));
    desk.craft(&["install", "--scope", "local"]).ok();
    assert_eq!((attributes(&desk, &mine), attributes(&desk, &other)), (OURS.to_owned(), NONE.to_owned()));
    assert!(driver_of(&desk, &mine).is_some() && driver_of(&desk, &other).is_none());
    desk.craft(&["uninstall"]).ok();
    assert_eq!((read(desk.env.home().join(".gitconfig")), read(mine.join(".git/config"))), was);
    assert_eq!(attributes(&desk, &mine), NONE);
}

#[test]
fn what_git_has_forgotten_of_the_merge_driver_is_told_and_mended() {
    let desk = Desk::new("2.1.329");
    desk.craft(&["install"]).ok();
    let checked = || {
        let told: Value = serde_json::from_str(&desk.craft(&["doctor", "--json"]).stdout).unwrap();
        let checks = told["checks"].as_array().unwrap();
        checks.iter().find(|c| c["id"] == "merge-driver").unwrap()["state"].as_str().unwrap().to_owned()
    };
    let breaks: [&dyn Fn(); 3] = [
        &|| drop(desk.env.git(&desk.project(), &["config", "--global", "--remove-section", "merge.craft-book"])),
        &|| fs::remove_file(desk.env.home().join(".config/git/attributes")).unwrap(),
        &|| {
            let other = claude_craft::install::driver::command(Path::new("/elsewhere/craft"));
            desk.env.git(&desk.project(), &["config", "--global", "merge.craft-book.driver", &other]);
        },
    ];
    assert_eq!(checked(), "ok");
    for harm in breaks {
        harm();
        assert_eq!(checked(), "warning");
        desk.craft(&["doctor", "--fix"]);
        assert_eq!(checked(), "ok");
        assert_eq!(attributes(&desk, &desk.project()), OURS);
    }
}
