use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use proptest::prelude::*;
use serde_json::json;

use super::write::Moment;
use super::*;
use crate::clock::ManualClock;
use crate::env::Env;
use crate::fs::layout::Layout;

const HOOKS: &str = "auto-sync-settings";
const LINE: &str = "statusline-settings";
const BOTH: [&str; 2] = [HOOKS, LINE];

const MINE: &str = "{\n    \"hooks\": {\n        \"SessionEnd\": [ {\"hooks\": [{\"type\": \"command\", \"command\": \"bye\"}]} ]\n    },\n    \"statusLine\": {\"type\": \"command\", \"command\": \"~/line.sh\"},\n    \"n\": 1.50\n}";

struct Place {
    ctx: Context,
    file: PathBuf,
    tmp: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let tmp = tempfile::tempdir().unwrap();
        let root = tmp.path().join("claude");
        let ctx = Context {
            env: Env::from_pairs([("HOME", tmp.path())]),
            clock: Box::new(ManualClock::at(1_756_728_000_000)),
            layout: Layout::at(&root),
            git: "git".into(),
            host: "here".into(),
            folder: None,
        };
        Self { file: root.join("settings.json"), ctx, tmp }
    }

    fn with(text: impl AsRef<[u8]>) -> Self {
        let place = Self::new();
        place.put(text);
        place
    }

    fn put(&self, text: impl AsRef<[u8]>) {
        put(&self.file, text);
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.file).unwrap()
    }

    fn value(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap()
    }

    fn apply(&self, names: &[&str]) -> Result<Applied, FragmentsError> {
        apply(&self.ctx, &self.file, names, &values())
    }

    fn remove(&self, names: &[&str]) -> Removed {
        remove(&self.ctx, &self.file, names).unwrap()
    }

    fn backups(&self) -> usize {
        fs::read_dir(self.ctx.layout.settings_backups()).map_or(0, Iterator::count)
    }
}

fn put(file: &Path, text: impl AsRef<[u8]>) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::File::create(file).unwrap().write_all(text.as_ref()).unwrap();
}

fn values() -> Values {
    Values::portable("/opt/bin".into())
}

#[test]
fn removal_gives_back_the_very_bytes() {
    let mut large = json!({"model": "x"});
    for n in 0..9_000 {
        large[format!("key {n}")] = json!({"list": [n, "a text that fills the file", null], "deep": {"er": n}});
    }
    let large = serde_json::to_string_pretty(&large).unwrap();
    assert!(large.len() > 1 << 20);
    let texts = [
        MINE,
        &MINE.replace('\n', "\r\n"),
        &MINE.replace("    ", "\t"),
        &format!("\u{feff}{MINE}\n\n"),
        "",
        " \n",
        "{ \n }",
        "{\"a\":[ ],\"hooks\": { } }",
        &large,
    ];
    for text in texts {
        let place = Place::with(text);
        assert!(place.apply(&BOTH).unwrap().changed);
        assert!(!place.apply(&BOTH).unwrap().changed, "twice is once");
        let (after, start) = (place.text(), text.chars().take(60).collect::<String>());
        assert_eq!(after.starts_with('\u{feff}'), text.starts_with('\u{feff}'));
        assert_eq!(after.matches('\n').count() > 1 && after.contains("\r\n"), text.contains("\r\n"), "{start:?}");
        assert!(text.trim().is_empty() || after.ends_with('\n') == text.ends_with('\n'), "{start:?}");
        let removed = place.remove(&BOTH);
        assert_eq!((removed.changed, removed.exact), (true, true), "{start:?}");
        assert!(place.text() == text, "{start:?}");
        assert_eq!(applied(&place.ctx).unwrap(), []);
        assert_eq!(fs::read_dir(place.tmp.path().join("claude/craft/settings/originals")).unwrap().count(), 0);
    }
}

#[test]
fn fragments_come_and_go_one_by_one_in_any_order() {
    for order in [[HOOKS, LINE], [LINE, HOOKS]] {
        let place = Place::with(MINE);
        for name in BOTH {
            place.apply(&[name]).unwrap();
        }
        assert!(!place.remove(&order[..1]).exact);
        assert!(place.remove(&order[1..]).exact);
        assert_eq!(place.text(), MINE);
    }
}

#[test]
fn a_file_that_was_made_goes_again_unless_somebody_put_something_into_it() {
    let place = Place::new();
    place.apply(&BOTH).unwrap();
    assert_eq!(fs::metadata(&place.file).unwrap().mode() & 0o777, 0o600);
    assert!(place.remove(&BOTH).deleted_file && !place.file.exists());

    place.apply(&BOTH).unwrap();
    put(&place.file, place.text().replacen('{', "{ \"model\": \"x\",", 1));
    let removed = place.remove(&BOTH);
    assert_eq!((removed.deleted_file, place.value()), (false, json!({"model": "x"})));

    let project = place.tmp.path().join("project/.claude/settings.json");
    apply(&place.ctx, &project, &BOTH, &values()).unwrap();
    remove(&place.ctx, &project, &BOTH).unwrap();
    assert!(!project.parent().unwrap().exists(), "nor is a folder left");
}

#[test]
fn what_others_changed_since_stays() {
    let place = Place::with(MINE);
    place.apply(&BOTH).unwrap();
    place.put(place.text().replace("1.50", "2.50"));
    place.apply(&BOTH).unwrap();
    let removed = place.remove(&BOTH);
    assert_eq!((removed.changed, removed.exact), (true, false));
    assert_eq!(place.text(), MINE.replace("1.50", "2.50"));
    let again = place.remove(&BOTH);
    assert_eq!((again.changed, again.fragments), (false, Vec::new()));
}

#[test]
fn the_users_status_line_is_known_for_chaining_and_comes_back() {
    let place = Place::with(MINE);
    assert_eq!(former_status_line(&place.ctx, place.tmp.path()).unwrap(), None);
    place.apply(&[LINE]).unwrap();
    place.apply(&[LINE]).unwrap();
    assert_eq!(
        former_status_line(&place.ctx, place.tmp.path()).unwrap(),
        Some(json!({"type": "command", "command": "~/line.sh"}))
    );
    place.remove(&[LINE]);
    assert_eq!(former_status_line(&place.ctx, place.tmp.path()).unwrap(), None);
    assert_eq!(place.text(), MINE);
}

#[test]
fn an_update_leaves_nothing_of_the_former_version_and_the_way_back_is_still_exact() {
    let place = Place::with(MINE);
    place.apply(&BOTH).unwrap();
    let new = Values { bin: "/my tools".into(), exec_form: true };
    assert_eq!(list(&place.ctx, &new).unwrap()[0].places[0].1, Standing::Differs);
    assert!(apply(&place.ctx, &place.file, &BOTH, &new).unwrap().changed);
    assert!(!place.text().contains("/opt/bin"));
    assert_eq!(list(&place.ctx, &new).unwrap()[1].places, [(place.file.clone(), Standing::Current)]);
    assert!(place.remove(&BOTH).exact);
    assert_eq!(place.text(), MINE);
}

#[test]
fn a_link_stays_a_link_and_mode_and_owner_stay() {
    let place = Place::new();
    let target = place.tmp.path().join("dotfiles/claude.json");
    put(&target, MINE);
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    let root = rustix::process::geteuid().is_root();
    if root {
        std::os::unix::fs::chown(&target, Some(1234), Some(4321)).unwrap();
    }
    fs::create_dir_all(place.file.parent().unwrap()).unwrap();
    symlink("../dotfiles/claude.json", &place.file).unwrap();
    place.apply(&BOTH).unwrap();
    let meta = fs::metadata(&target).unwrap();
    assert_eq!(meta.mode() & 0o7777, 0o640);
    assert!(!root || (meta.uid(), meta.gid()) == (1234, 4321));
    assert!(fs::read_to_string(&target).unwrap().contains("craft-session-end"));
    assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 1, "no temporary file is left");
    place.remove(&BOTH);
    assert!(place.file.is_symlink());
    assert_eq!(fs::read_to_string(&target).unwrap(), MINE);

    // A file of ours that was moved and linked since is emptied, not removed from under its link.
    let place = Place::new();
    place.apply(&BOTH).unwrap();
    let moved = place.tmp.path().join("moved.json");
    atomic_rename(&place.file, &moved);
    symlink(&moved, &place.file).unwrap();
    assert!(!place.remove(&BOTH).deleted_file);
    assert_eq!(place.value(), json!({}));
}

fn atomic_rename(from: &Path, to: &Path) {
    crate::fs::atomic::rename(from, to).unwrap();
}

#[test]
fn what_cannot_be_written_is_refused_and_nothing_is_left_behind() {
    let refused = |place: &Place| {
        let message = place.apply(&BOTH).unwrap_err().to_string();
        assert_eq!(applied(&place.ctx).unwrap(), [], "{message}");
        assert_eq!(place.backups(), 0, "{message}");
        message.replace(&place.tmp.path().display().to_string(), "[TMP]")
    };
    let mut told = Vec::new();
    let place = Place::new();
    fs::create_dir_all(&place.file).unwrap();
    told.push(refused(&place));

    let place = Place::new();
    fs::create_dir_all(place.file.parent().unwrap()).unwrap();
    symlink("gone.json", &place.file).unwrap();
    told.push(refused(&place));
    assert!(place.file.is_symlink());

    let place = Place::with(MINE);
    fs::set_permissions(&place.file, fs::Permissions::from_mode(0o444)).unwrap();
    told.push(refused(&place));

    let broken = [
        "{\"a\": 1,}",
        "// mine\n{}",
        "{\"hooks\": null}",
        "{\"hooks\": {}, \"hooks\": {}}",
        "{\"hooks\": {\"Stop\": [{\"hooks\": [{\"type\": \"command\"}, {}]}]}}",
        "\u{0}",
        "[]",
    ];
    for text in broken {
        let place = Place::with(text);
        told.push(refused(&place));
        assert_eq!(place.text(), text);
    }
    let place = Place::with(b"{\"a\": \"\xff\"}");
    told.push(refused(&place));
    insta::assert_snapshot!(told.join("\n"), @"
    [TMP]/claude/settings.json is a folder
    [TMP]/claude/settings.json is a link to gone.json, which does not exist
    [TMP]/claude/settings.json is read-only
    [TMP]/claude/settings.json:1:8: trailing commas are not allowed
    [TMP]/claude/settings.json:1:1: comments are not allowed
    [TMP]/claude/settings.json:1:11: `hooks` must be an object; Claude Code ignores the whole file
    [TMP]/claude/settings.json:1:15: `hooks` stands here for the second time
    [TMP]/claude/settings.json:1:32: `hooks.Stop[0].hooks[0].command` is missing (and 1 more); Claude Code ignores the whole file
    [TMP]/claude/settings.json:1:1: unexpected token
    [TMP]/claude/settings.json:1:1: the file is a list; it must be an object
    [TMP]/claude/settings.json:1:8: this is not UTF-8
    ");
}

#[test]
fn a_folder_that_cannot_be_written_to_leaves_no_trace_in_the_record() {
    // Root may write anywhere; a file in the place of the folder stops root too.
    let place = Place::new();
    let file = place.tmp.path().join("project/.claude/settings.json");
    put(&place.tmp.path().join("project/.claude"), "not a folder");
    assert!(apply(&place.ctx, &file, &BOTH, &values()).is_err());
    assert_eq!(applied(&place.ctx).unwrap(), []);
}

#[test]
fn a_change_by_somebody_else_just_before_the_rename_is_kept_with_ours() {
    let place = Place::with(MINE);
    let mut times = 0;
    let done = apply_with(&place.ctx, &place.file, &BOTH, &values(), &mut |moment| {
        if moment == Moment::BeforeRename && times == 0 {
            times += 1;
            place.put(MINE.replace("1.50", "7"));
        }
    });
    assert!(done.unwrap().changed);
    assert_eq!((times, place.value()["n"].clone()), (1, json!(7)));
    assert!(place.remove(&BOTH).exact);
    assert_eq!(place.text(), MINE.replace("1.50", "7"));
}

#[test]
fn a_stale_copy_that_is_written_over_ours_is_noticed_and_ours_put_in_again() {
    let place = Place::with(MINE);
    let mut times = 0;
    let done = apply_with(&place.ctx, &place.file, &BOTH, &values(), &mut |moment| {
        if moment == Moment::AfterRename && times == 0 {
            times += 1;
            place.put(MINE.replace("1.50", "7"));
        }
    });
    assert!(done.unwrap().changed);
    assert_eq!(place.value()["n"], json!(7));
    assert!(place.text().contains("craft-session-end"));
    assert_eq!(former_status_line(&place.ctx, place.tmp.path()).unwrap().unwrap()["command"], "~/line.sh");
    place.remove(&BOTH);
    assert_eq!(place.text(), MINE.replace("1.50", "7"));

    // The same while ours is taken out, by somebody who has it still.
    place.apply(&BOTH).unwrap();
    let with_ours = place.text();
    let mut times = 0;
    let done = remove_with(&place.ctx, &place.file, &BOTH, &mut |moment| {
        if moment == Moment::AfterRename && times == 0 {
            times += 1;
            place.put(&with_ours);
        }
    });
    assert!(done.unwrap().changed);
    assert_eq!(place.text(), MINE.replace("1.50", "7"));
}

#[test]
fn who_never_gets_a_turn_says_so_and_has_changed_nothing() {
    let place = Place::with(MINE);
    let mut n = 0;
    let error = apply_with(&place.ctx, &place.file, &BOTH, &values(), &mut |moment| {
        if moment == Moment::BeforeRename {
            n += 1;
            place.put(MINE.replace("1.50", &n.to_string()));
        }
    });
    assert!(matches!(error, Err(FragmentsError::Contended { .. })));
    assert_eq!(place.text(), MINE.replace("1.50", &n.to_string()));
    assert_eq!(applied(&place.ctx).unwrap(), []);
    assert!(!place.remove(&BOTH).changed);
}

#[test]
fn a_crash_between_the_note_and_the_deed_loses_nothing() {
    let place = Place::with(MINE);
    let crash = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        apply_with(&place.ctx, &place.file, &BOTH, &values(), &mut |_| panic!("killed"))
    }));
    assert!(crash.is_err());
    assert_eq!(place.text(), MINE);
    assert_eq!(list(&place.ctx, &values()).unwrap()[0].places[0].1, Standing::Differs);
    place.apply(&BOTH).unwrap();
    assert!(place.remove(&BOTH).exact);
    assert_eq!(place.text(), MINE);
}

#[test]
fn the_last_five_copies_are_kept_for_their_owner_only() {
    let place = Place::with(MINE);
    for n in 0..4 {
        place.apply(&BOTH).unwrap();
        place.remove(&BOTH);
        place.put(MINE.replace("1.50", &n.to_string()));
    }
    let last = place.apply(&BOTH).unwrap().backup.unwrap();
    assert_eq!(fs::read_to_string(&last).unwrap(), MINE.replace("1.50", "3"));
    assert_eq!(place.backups(), 5);
    for entry in fs::read_dir(place.ctx.layout.settings_backups()).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().mode() & 0o777, 0o600);
    }
    let name = last.file_name().unwrap().to_string_lossy().into_owned();
    assert!(name.starts_with("settings-json-") && name.contains(".20250901T120000Z-"), "{name}");
}

#[test]
fn a_record_of_a_newer_program_is_left_alone_and_a_broken_one_put_aside() {
    let place = Place::with(MINE);
    put(&place.ctx.layout.settings_record(), "{\"version\": 2, \"files\": 7}");
    assert!(matches!(place.apply(&BOTH), Err(FragmentsError::Newer { version: 2, .. })));
    assert_eq!(place.text(), MINE);

    let place = Place::with(MINE);
    place.apply(&BOTH).unwrap();
    put(&place.ctx.layout.settings_record(), "{");
    let before = place.text();
    assert!(!place.apply(&BOTH).unwrap().changed, "ours is known by its commands");
    assert_eq!(place.text(), before);
    place.remove(&BOTH);
    assert!(!place.text().contains("craft"), "{}", place.text());
}

#[test]
fn hooks_that_run_from_another_settings_file_are_named() {
    let place = Place::new();
    let cwd = place.tmp.path().join("project");
    fs::create_dir_all(&cwd).unwrap();
    let project = file_of(&place.ctx, &cwd, Scope::Project);
    assert_eq!(project, cwd.join(".claude/settings.json"));
    let check = |file: &Path, names: &[&str]| doubled(&place.ctx, &cwd, file, names, &values());
    check(&place.file, &BOTH).unwrap();
    apply(&place.ctx, &project, &BOTH, &values()).unwrap();
    check(&project, &BOTH).unwrap();
    check(&place.file, &[LINE]).unwrap();
    let error = check(&place.file, &BOTH).unwrap_err();
    let FragmentsError::Doubled(double) = error else { panic!("{error}") };
    assert_eq!((double.file, double.place.as_str()), (project, "hooks.SessionStart[0].hooks[0]"));
    // Of a project elsewhere the record tells.
    let error = doubled(&place.ctx, place.tmp.path(), &place.file, &BOTH, &values());
    assert!(matches!(error, Err(FragmentsError::Doubled(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn whatever_others_write_in_between_nothing_of_theirs_is_lost(turns in prop::collection::vec(0_u8..6, 1..12)) {
        let place = Place::with(MINE);
        let mut wanted: Value = serde_json::from_str(MINE).unwrap();
        for (n, turn) in turns.into_iter().enumerate() {
            match turn {
                0 => drop(place.apply(&BOTH).unwrap()),
                1 => drop(place.apply(&[LINE]).unwrap()),
                2 => drop(place.remove(&[HOOKS])),
                3 => drop(place.remove(&[LINE])),
                4 => {
                    // As the client does it: everything is laid out anew.
                    let mut all = place.value();
                    all[format!("theirs{n}")] = json!({"n": n});
                    wanted[format!("theirs{n}")] = json!({"n": n});
                    place.put(serde_json::to_string_pretty(&all).unwrap());
                }
                _ => {
                    let mut all = place.value();
                    let own = json!({"hooks": [{"type": "command", "command": format!("own{n}")}]});
                    for all in [&mut all, &mut wanted] {
                        all["hooks"]["SessionEnd"].as_array_mut().unwrap().insert(0, own.clone());
                    }
                    place.put(all.to_string());
                }
            }
        }
        place.remove(&BOTH);
        prop_assert_eq!(place.value(), wanted);
    }
}
