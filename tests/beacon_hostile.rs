//! Messages made to do harm: nothing of them is written, nothing outside the folders is, each says what is wrong with it
//! and names the entry, and those behind it still arrive.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use claude_craft::beacon::manifest::File;
use claude_craft::ops::error::Kind;
use git2::Oid;
use serde_json::{Value, json};

use super::common::desk::{Desk, Draft, Item, blob_id};
use super::common::{read, tree, write};

const A: &str = ".claude/planning/a.md";
const GOOD: &str = ".claude/planning/good.md";

/// What stands in the sentence, and how the message is made. Returns the entry that must be named.
type Case = (&'static str, fn(&Desk) -> String);

/// All names below the test's folder, without what git and craft keep for themselves.
fn outside(desk: &Desk) -> Vec<PathBuf> {
    let ours = [desk.a.clone(), desk.remote.clone(), desk.craft_dir(), desk.path("tmp")];
    let mut found = Vec::new();
    let mut open = vec![desk.root().to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_folder = path.symlink_metadata().unwrap().is_dir();
            if !ours.contains(&path) {
                found.push(path.clone());
                if is_folder {
                    open.push(path);
                }
            }
        }
    }
    found.sort();
    found
}

#[track_caller]
fn play(cases: &[Case]) {
    for (n, (why, make)) in cases.iter().enumerate() {
        let desk = Desk::new();
        write(desk.path("outside/secret"), "secret");
        let entry = make(&desk);
        let (before, there) = (tree(&desk.a), outside(&desk));
        let end = desk.post(&[Item::new(GOOD, "good")]);
        let pulled = desk.pull();
        let [held] = &pulled.held[..] else { panic!("{n} {why}: {pulled:?}") };
        assert!(held.why.contains(why), "{n}: {} has not {why:?}", held.why);
        assert!(held.why.contains(&entry), "{n}: {} does not name {entry:?}", held.why);
        assert!(!held.why.contains(['\n', '\u{1b}', '\u{202e}']) && held.why.len() < 2100, "{n}: {:?}", held.why);
        assert_ne!(held.commit, end);
        assert_eq!(pulled.messages.len(), 1, "{n} {why}: the good one arrives");
        assert_eq!(desk.text(GOOD), "good");
        let mut after = tree(&desk.a);
        after.retain(|path, _| path != &PathBuf::from(GOOD) && !path.ends_with(".claude/sync/manifest.json"));
        assert_eq!(after, before, "{n} {why}");
        assert_eq!(outside(&desk), there, "{n} {why}");
        assert_eq!(read(desk.path("outside/secret")), b"secret");
        assert!(!desk.a.join(".claude/sync/.stage").exists());
    }
}

/// A good message, then changed.
fn with(desk: &Desk, items: &[Item], change: impl FnOnce(&mut Draft)) {
    let mut draft = desk.draft(items);
    change(&mut draft);
    desk.send(draft);
}

/// With a change of the manifest's JSON.
fn with_json(desk: &Desk, change: impl FnOnce(&mut Value)) -> String {
    with(desk, &[Item::new(A, "evil")], |draft| {
        let mut value: Value = serde_json::from_slice(&draft.manifest).unwrap();
        change(&mut value);
        draft.manifest = serde_json::to_vec(&value).unwrap();
    });
    String::new()
}

fn with_text(desk: &Desk, text: impl AsRef<[u8]>) -> String {
    with(desk, &[Item::new(A, "evil")], |draft| draft.manifest = text.as_ref().to_vec());
    String::new()
}

/// A file at a path, whatever it is.
fn at(desk: &Desk, path: &str) -> String {
    let item = Item::new(path, "evil");
    let mut draft = desk.draft_of(desk.message(std::slice::from_ref(&item)), &[]);
    // git itself sends no tree with such a name.
    if !path.contains('\0') && path.split('/').all(|part| !part.is_empty()) {
        draft.tree.insert(format!("files/{path}"), (0o100_644, desk.blob("evil")));
    }
    desk.send(draft);
    if path.len() < 100 { format!("{path:?}") } else { String::new() }
}

fn with_file(desk: &Desk, change: impl FnOnce(&mut File)) -> String {
    let mut item = Item::new(A, "evil");
    change(&mut item.file);
    desk.send(desk.draft_of(desk.message(&[item.clone()]), &[Item { bytes: Some(b"evil".to_vec()), ..item }]));
    A.into()
}

fn with_tree(desk: &Desk, change: impl FnOnce(&mut BTreeMap<String, (i32, Oid)>)) {
    with(desk, &[Item::new(A, "evil")], |draft| change(&mut draft.tree));
}

#[test]
fn paths_that_lead_out_or_mean_something_else() {
    play(&[
        ("empty", |d| at(d, "")),
        (". or ..", |d| at(d, "../escaped")),
        (". or ..", |d| at(d, ".claude/planning/../../../escaped")),
        (". or ..", |d| at(d, ".claude/planning/./x")),
        ("empty part", |d| at(d, ".claude/planning//x")),
        ("empty part", |d| at(d, ".claude/planning/x/")),
        ("absolute", |d| at(d, "/tmp/escaped")),
        ("begins with ~", |d| at(d, "~/.ssh/config")),
        ("colon", |d| at(d, "C:/Windows/x")),
        ("colon", |d| at(d, ".claude/planning/x:stream")),
        ("backslash", |d| at(d, ".claude\\planning\\x")),
        ("backslash", |d| at(d, ".claude/planning/..\\..\\x")),
        ("none of the folders", |d| at(d, ".ssh/config")),
        ("none of the folders", |d| at(d, ".claude/settings.json")),
        ("none of the folders", |d| at(d, ".claude/planning")),
        ("none of the folders", |d| at(d, ".claude/planning-2/x")),
        ("none of the folders", |d| at(d, ".CLAUDE/planning/x")),
        (".claude/sync", |d| at(d, ".claude/sync/.stage/plan.json")),
        ("into .git", |d| at(d, ".git/hooks/post-checkout")),
        ("into .git", |d| at(d, ".claude/planning/.git/config")),
        ("into .git", |d| at(d, ".claude/planning/.GiT/config")),
        ("into .git", |d| at(d, ".claude/planning/git~1/config")),
        ("do not show", |d| at(d, ".claude/planning/.g\u{200c}it/config")),
    ]);
}

#[test]
fn names_that_steer_a_terminal_or_are_devices_elsewhere() {
    play(&[
        ("do not show", |d| at(d, ".claude/planning/a\u{1b}[2Jb")),
        ("do not show", |d| at(d, ".claude/planning/a\nSTATUS: IDLE")),
        ("do not show", |d| at(d, ".claude/planning/a\0b")),
        ("do not show", |d| at(d, ".claude/planning/a\u{7f}")),
        ("do not show", |d| {
            at(d, ".claude/planning/gpj.\u{202e}x");
            String::new()
        }),
        ("device", |d| at(d, ".claude/planning/CON")),
        ("device", |d| at(d, ".claude/planning/nul.md")),
        ("device", |d| at(d, ".claude/planning/com1/x")),
        ("dot", |d| at(d, ".claude/planning/a.")),
        ("blank", |d| at(d, ".claude/planning/a ")),
        ("255 bytes", |d| at(d, &format!(".claude/planning/{}", "x".repeat(256)))),
        ("1000 bytes", |d| at(d, &format!(".claude/planning/{}", "x/".repeat(600)))),
        ("copy of theirs", |d| at(d, ".claude/planning/a.md.theirs")),
        ("case", |d| {
            let items = [Item::new(A, "1"), Item::new(".claude/planning/A.md", "2")];
            with(d, &items, |_| {});
            ".claude/planning/A.md".into()
        }),
        ("twice", |d| {
            with(d, &[Item::new(A, "1"), Item::new(A, "2")], |_| {});
            A.into()
        }),
        ("folder at once", |d| {
            let (file, folder) = (Item::new(".claude/planning/x", "1"), Item::new(".claude/planning/x/y", "2"));
            d.send(d.draft_of(d.message(&[file, folder]), &[]));
            ".claude/planning/x".into()
        }),
        ("folder at once", |d| {
            let (file, folder) = (Item::new(".claude/planning/X", "1"), Item::new(".claude/planning/x/y", "2"));
            d.send(d.draft_of(d.message(&[folder, file]), &[]));
            ".claude/planning/X".into()
        }),
    ]);
}

#[test]
fn manifests_that_are_none() {
    play(&[
        ("broken", |d| with_text(d, "")),
        ("broken", |d| with_text(d, "not JSON")),
        ("broken", |d| with_text(d, [0xff, 0xfe, b'{'])),
        ("broken", |d| with_text(d, "[1]")),
        ("broken", |d| with_text(d, "{\"version\":1,\"version\":1,\"message\":{}}")),
        ("broken", |d| with_text(d, format!("{{\"version\":1,\"x\":{}1{}}}", "[".repeat(9999), "]".repeat(9999)))),
        ("broken", |d| with_json(d, |v| v["message"]["files"][0]["size"] = json!(-1))),
        ("broken", |d| with_json(d, |v| v["message"]["files"][0]["size"] = json!(1e99))),
        ("broken", |d| with_json(d, |v| v["message"]["files"][0]["path"] = json!(["x"]))),
        ("broken", |d| with_json(d, |v| v["message"]["files"] = json!({"path": "x"}))),
        ("broken", |d| with_json(d, |v| v["seq"] = json!(-5))),
        ("larger than 4 MiB", |d| with_json(d, |v| v["message"]["note"] = json!("x".repeat(5 << 20)))),
        ("version", |d| with_json(d, |v| v["version"] = json!(2))),
        ("no version", |d| with_json(d, |v| v["version"] = json!(0))),
        ("at once", |d| with_json(d, |v| v["receipt"] = json!({"seq": 1}))),
        ("neither", |d| with_json(d, |v| drop(v.as_object_mut().unwrap().remove("message")))),
        ("channel", |d| {
            with_json(d, |v| v["channel"] = json!("other"));
            "other".into()
        }),
        ("broken", |d| with_json(d, |v| v["seq"] = json!(1e300))),
        ("manifest", |d| {
            let root = d.raw_tree(&[("100644", b"x", d.blob("x"))]);
            with(d, &[], |draft| draft.root = Some(root));
            String::new()
        }),
        ("manifest", |d| {
            let folder = d.raw_tree(&[("100644", b"x", d.blob("x"))]);
            let root = d.raw_tree(&[("40000", b"manifest.json", folder)]);
            with(d, &[], |draft| draft.root = Some(root));
            String::new()
        }),
    ]);
}

#[test]
fn trees_that_are_not_what_the_manifest_says() {
    play(&[
        ("not in the commit", |d| {
            with_tree(d, |tree| tree.clear());
            A.into()
        }),
        ("not in the manifest", |d| {
            let id = d.blob("more");
            with_tree(d, |tree| {
                tree.insert("files/.claude/planning/more.md".into(), (0o100_644, id));
            });
            ".claude/planning/more.md".into()
        }),
        ("not in the manifest", |d| {
            let id = d.blob("more");
            with_tree(d, |tree| {
                tree.insert("files/.git/config".into(), (0o100_644, id));
            });
            "\".git\"".into()
        }),
        ("not in the manifest", |d| {
            let id = d.blob("more");
            with_tree(d, |tree| {
                tree.insert("files/../x".into(), (0o100_644, id));
            });
            "\"..\"".into()
        }),
        ("not in the manifest", |d| {
            // A tree whose listing would be 10^12 lines long.
            let mut id = d.raw_tree(&[("100644", b"x", d.blob("x"))]);
            for _ in 0..12 {
                let names: Vec<_> = (0..10).map(|n| n.to_string()).collect();
                let entries: Vec<_> = names.iter().map(|n| ("40000", n.as_bytes(), id)).collect();
                id = d.raw_tree(&entries);
            }
            with_tree(d, |tree| {
                tree.insert("files/bomb".into(), (0o040_000, id));
            });
            "bomb".into()
        }),
        ("symbolic link in the commit", |d| {
            let id = d.blob("../../../outside/secret");
            with_tree(d, |tree| {
                tree.insert(format!("files/{A}"), (0o120_000, id));
            });
            A.into()
        }),
        ("submodule in the commit", |d| {
            let id = Oid::from_str(&d.remote_tip()).unwrap();
            with_tree(d, |tree| {
                tree.insert(format!("files/{A}"), (0o160_000, id));
            });
            A.into()
        }),
        ("folder in the commit", |d| {
            let id = d.raw_tree(&[("100644", b"x", d.blob("x"))]);
            with_tree(d, |tree| {
                tree.insert(format!("files/{A}"), (0o040_000, id));
            });
            A.into()
        }),
        ("another mode", |d| {
            let id = d.blob("evil");
            with_tree(d, |tree| {
                tree.insert(format!("files/{A}"), (0o100_755, id));
            });
            A.into()
        }),
        ("another mode", |d| {
            let id = d.blob("evil");
            with_tree(d, |tree| {
                tree.insert(format!("files/{A}"), (0o100_664, id));
            });
            A.into()
        }),
        ("no folder in the commit", |d| {
            let id = d.blob("x");
            with_tree(d, |tree| *tree = BTreeMap::from([("files".into(), (0o100_644, id))]));
            "files".into()
        }),
        ("no folder in the commit", |d| {
            let id = d.blob("../..");
            with_tree(d, |tree| *tree = BTreeMap::from([("files/.claude".into(), (0o120_000, id))]));
            ".claude".into()
        }),
        ("twice in the commit", |d| {
            let (one, two) = (d.blob("evil"), d.blob("live"));
            let folder = d.raw_tree(&[("100644", b"a.md", one), ("100644", b"a.md", two)]);
            with_tree(d, |tree| *tree = BTreeMap::from([("files/.claude/planning".into(), (0o040_000, folder))]));
            A.into()
        }),
        ("bytes in the commit", |d| with_file(d, |f| f.size = 10 << 20)),
        ("bytes in the commit", |d| with_file(d, |f| f.size = 1)),
        ("SHA-256 in the manifest", |d| with_file(d, |f| f.sha256 = "0".repeat(64))),
        ("maxMib", |d| with_file(d, |f| f.size = u64::MAX)),
        ("maxFiles", |d| {
            let items: Vec<_> = (0..201).map(|n| Item::new(&format!(".claude/planning/{n}"), "x")).collect();
            with(d, &items, |_| {});
            "201 files".into()
        }),
        ("no SHA-256", |d| with_file(d, |f| f.sha256 = "x".repeat(64))),
        ("symbolic link", |d| with_file(d, |f| f.mode = "120000".into())),
        ("submodule", |d| with_file(d, |f| f.mode = "160000".into())),
        ("no file's", |d| with_file(d, |f| f.mode = "100777".into())),
        ("at once", |d| with_file(d, |f| f.deleted = true)),
        ("not in the manifest", |d| {
            let mut draft = d.draft(&[Item::gone(A)]);
            draft.tree.insert(format!("files/{A}"), (0o100_644, d.blob("evil")));
            d.send(draft);
            ".claude".into()
        }),
        ("object id", |d| with_file(d, |f| f.base = Some("HEAD".into()))),
        ("object id", |d| with_file(d, |f| f.base = Some("--output=x".into()))),
        ("no file but a commit", |d| with_file(d, |f| f.base = Some(d.rev(&d.a, "HEAD")))),
        ("no file but a tree", |d| {
            let id = d.git(&d.a, &["rev-parse", "HEAD^{tree}"]);
            with_file(d, |f| f.base = Some(id.to_uppercase()))
        }),
    ]);
}

#[test]
fn what_lies_here_is_no_way_out() {
    fn link(desk: &Desk, path: &str, to: &str) {
        let path = desk.a.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(to, path).unwrap();
    }
    play(&[
        ("goes through \".claude/implementation\", which is a symbolic link", |d| {
            link(d, ".claude/implementation", d.path("outside").to_str().unwrap());
            at(d, ".claude/implementation/x")
        }),
        ("goes through", |d| {
            link(d, ".claude/planning/sub", "../../../outside");
            at(d, ".claude/planning/sub/x")
        }),
        ("goes through", |d| {
            link(d, ".claude/planning/sub", "nowhere");
            at(d, ".claude/planning/sub/x")
        }),
        ("goes through", |d| {
            link(d, ".claude/planning/sub", "../../.git");
            at(d, ".claude/planning/sub/hooks/x")
        }),
        ("is a symbolic link here", |d| {
            link(d, A, d.path("outside/secret").to_str().unwrap());
            at(d, A)
        }),
        ("is a symbolic link here", |d| {
            link(d, A, d.path("outside/new").to_str().unwrap());
            at(d, A)
        }),
        ("is a symbolic link here", |d| {
            link(d, A, d.path("outside/secret").to_str().unwrap());
            with(d, &[Item::gone(A).from("secret")], |_| {});
            A.into()
        }),
        ("is a folder here", |d| {
            write(d.a.join(A).join("x"), "x");
            at(d, A)
        }),
        ("which is a file here", |d| {
            write(d.a.join(".claude/planning/sub"), "x");
            at(d, ".claude/planning/sub/x")
        }),
    ]);
}

#[test]
fn a_pipe_in_the_place_of_a_file_makes_nobody_wait() {
    let desk = Desk::new();
    write(desk.a.join(".claude/planning/x"), "x");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        desk.a.join(A),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    desk.post(&[Item::new(A, "x")]);
    let held = desk.pull().held;
    assert!(held[0].why.contains("no ordinary file"), "{held:?}");
}

#[test]
fn the_beacons_own_folder_is_no_way_out_either() {
    for path in [".claude", ".claude/sync", ".claude/sync/.stage", ".claude/sync/archive", ".claude/sync/manifest.json"]
    {
        let desk = Desk::new();
        write(desk.path("outside/secret"), "secret");
        let link = desk.a.join(path);
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(desk.path("outside"), &link).unwrap();
        desk.post(&[Item::new(A, "x"), Item::gone(".claude/planning/b")]);
        let (before, there) = (tree(&desk.a), outside(&desk));
        let error = desk.try_pull(false).unwrap_err();
        assert_eq!(error.kind, Kind::Failed);
        assert!(error.message.contains(path) && error.message.contains("symbolic link"), "{error}");
        assert!(error.remedy.is_some());
        assert_eq!((tree(&desk.a), outside(&desk)), (before, there), "{path}");
    }
}

#[test]
fn a_broken_end_of_the_channel_does_not_hide_what_stands_before_it() {
    let desk = Desk::new();
    desk.post(&[Item::new(GOOD, "good")]);
    with_text(&desk, "not JSON");
    for _ in 0..2 {
        let pulled = desk.pull();
        assert_eq!(desk.text(GOOD), "good");
        assert!(pulled.held.iter().all(|h| h.why.contains("broken")), "{pulled:?}");
    }
    desk.post(&[Item::new(GOOD, "better").from("good")]);
    desk.pull();
    assert_eq!(desk.text(GOOD), "better");
}

#[test]
fn a_number_that_makes_no_sense_stops_nobody() {
    let desk = Desk::new();
    let mut held = 0;
    for (n, seq) in [(1, 9), (2, 0), (3, 7), (4, 7), (5, 1_u64 << 60)] {
        let path = format!(".claude/planning/{n}.md");
        with(&desk, &[Item::new(&path, "x")], |draft| {
            let mut value: Value = serde_json::from_slice(&draft.manifest).unwrap();
            value["seq"] = json!(seq);
            value["sent"]["Code"] = json!(seq);
            draft.manifest = value.to_string().into_bytes();
        });
        // The first pull sees the first message, the last one two at once.
        if n != 3 {
            let pulled = desk.pull();
            held += usize::from(seq > 9);
            assert_eq!(pulled.held.len(), held, "{pulled:?}");
            assert_eq!(desk.text(&path), if seq > 9 { "-" } else { "x" });
        }
    }
    assert_eq!(desk.text(".claude/planning/3.md"), "x");
}

#[test]
fn messages_that_do_not_fit_together_are_not_taken_in_together() {
    let desk = Desk::new();
    desk.post(&[Item::new(".claude/planning/x", "a file")]);
    desk.post(&[Item::new(".claude/planning/x/y", "in a folder")]);
    desk.post(&[Item::new(GOOD, "good")]);
    let pulled = desk.pull();
    assert_eq!((pulled.messages.len(), pulled.held.len()), (2, 1));
    assert!(pulled.held[0].why.contains(".claude/planning/x/y"), "{:?}", pulled.held);
    assert_eq!((desk.text(".claude/planning/x"), desk.text(GOOD)), ("a file".into(), "good".into()));
    // Once the file is out of the way, and the other side's removal of it is known, it fits.
    std::fs::remove_file(desk.a.join(".claude/planning/x")).unwrap();
    let pulled = desk.pull();
    assert!(pulled.held.is_empty(), "{pulled:?}");
    assert_eq!(desk.text(".claude/planning/x/y"), "in a folder");
    desk.pull();
}

#[test]
fn what_people_are_told_is_cut_and_never_a_path() {
    let desk = Desk::new();
    let item = [Item::new(A, "a")];
    let mut message = desk.message(&item);
    message.note = format!("\u{1b}[2J{}", "x".repeat(100_000));
    message.time = "../../x".repeat(1000);
    message.from.name = "\u{202e}".repeat(5000);
    message.from.host = "h".repeat(5000);
    message.id = "../../../id".into();
    desk.send(desk.draft_of(message, &item));
    let pulled = desk.pull();
    let heard = &pulled.messages[0];
    assert!(heard.note.chars().count() <= 2000 && heard.time.chars().count() <= 80);
    assert!(heard.from.chars().count() <= 170);
    assert_eq!(desk.text(A), "a");
}

#[test]
fn a_base_that_only_we_have_is_no_way_to_change_a_file_unseen() {
    let desk = Desk::new();
    write(desk.a.join(A), "a plan of mine");
    let before = desk.pull();
    assert!(before.files.is_empty());
    // Whoever guesses the bytes that lie here can offer a change to them; what was here is kept.
    let mut item = Item::new(A, "theirs");
    item.file.base = Some(blob_id(b"a plan of mine"));
    desk.post(&[item]);
    desk.pull();
    assert!(desk.kept().contains(&b"a plan of mine".to_vec()));
}
