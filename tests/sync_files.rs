//! Kinds of files: names, modes, links, sizes, and files that change while they are looked at.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use claude_craft::sync::outcome::LeftOutReason;

use crate::common::{FakeGit, Pair, Rule, is_root, read, tree, write};

/// Sends what `a` has; another clone then has the same, byte for byte.
#[track_caller]
fn arrives(pair: &Pair) {
    let before = tree(&pair.a);
    pair.force("sync").done();
    assert_eq!(tree(&pair.a), before);
    assert_eq!(pair.changes(), "");
    pair.git(&pair.b, &["pull", "-q", "--no-rebase", "--no-edit"]);
    assert_eq!(tree(&pair.b), before);
    pair.whole();
}

#[test]
fn names_of_every_sort_survive() {
    let pair = Pair::enrolled();
    for name in [
        "with blank.txt",
        "-dash",
        "--help",
        "new\nline.txt",
        "tab\t.txt",
        "quote\".txt",
        "back\\slash",
        "ünïcödé.txt",
        "e\u{301}.txt",
        "日本語/ファイル.txt",
        "*glob?.txt",
        "[x].txt",
        ":colon",
        "!bang",
        "#hash",
        "$HOME",
        "a'b",
        "emoji 🦀.txt",
        "dot.",
        "trailing ",
        "craft/backup",
        "HEAD",
        "refs/heads/main",
    ] {
        write(pair.a.join(name), name);
    }
    write(pair.a.join(std::ffi::OsStr::from_bytes(b"latin1-\xe9\xff.txt")), "bytes\n");
    arrives(&pair);

    pair.git(&pair.b, &["rm", "-q", "--", "./-dash", "new\nline.txt"]);
    std::fs::rename(pair.b.join("tab\t.txt"), pair.b.join("tab\t\n2.txt")).unwrap();
    pair.b_pushes_all("b: removes and renames");
    pair.force("pull").done();
    assert_eq!(tree(&pair.a), tree(&pair.b));
    pair.whole();
}

#[test]
fn a_name_with_a_line_feed_in_a_conflict_is_told_whole() {
    let pair = Pair::enrolled();
    write(pair.a.join("new\nline ü.txt"), "mine\n");
    pair.b_pushes("new\nline ü.txt", "theirs\n");
    assert_eq!(pair.force("sync").conflict(), ["new\nline ü.txt"]);
    assert_eq!(read(pair.a.join("new\nline ü.txt")), b"mine\n");
}

#[test]
fn a_file_whose_name_differs_only_in_case_is_a_file_of_its_own() {
    let pair = Pair::enrolled();
    std::fs::rename(pair.a.join("one.txt"), pair.a.join("ONE.txt")).unwrap();
    arrives(&pair);
    assert!(pair.remote_tree().contains_key("ONE.txt") && !pair.remote_tree().contains_key("one.txt"));
    std::fs::rename(pair.b.join("ONE.txt"), pair.b.join("One.txt")).unwrap();
    pair.b_pushes_all("b: case");
    pair.force("pull").done();
    assert_eq!(tree(&pair.a), tree(&pair.b));
}

#[test]
fn links_and_modes_survive() {
    let pair = Pair::enrolled();
    symlink("one.txt", pair.a.join("link")).unwrap();
    symlink("/nonexistent/target", pair.a.join("dangling")).unwrap();
    symlink("..", pair.a.join("up")).unwrap();
    std::fs::remove_file(pair.a.join("two.txt")).unwrap();
    symlink("one.txt", pair.a.join("two.txt")).unwrap();
    std::fs::set_permissions(pair.a.join("three.txt"), std::fs::Permissions::from_mode(0o755)).unwrap();
    arrives(&pair);

    std::fs::remove_file(pair.b.join("link")).unwrap();
    write(pair.b.join("link"), "a file now\n");
    std::fs::set_permissions(pair.b.join("three.txt"), std::fs::Permissions::from_mode(0o644)).unwrap();
    pair.b_pushes_all("b: back");
    pair.force("pull").done();
    assert_eq!(tree(&pair.a), tree(&pair.b));
    pair.whole();
}

#[test]
fn nothing_is_written_through_a_link_out_of_the_tree() {
    let pair = Pair::enrolled();
    pair.b_pushes("dir/file.txt", "theirs\n");
    pair.force("pull").done();
    let outside = pair.path("outside");
    write(outside.join("file.txt"), "precious\n");
    std::fs::remove_dir_all(pair.a.join("dir")).unwrap();
    symlink(&outside, pair.a.join("dir")).unwrap();
    pair.b_pushes("dir/file.txt", "theirs 2\n");
    pair.force("sync").conflict();
    assert_eq!(read(outside.join("file.txt")), b"precious\n");
    assert_eq!(std::fs::read_link(pair.a.join("dir")).unwrap(), outside);
}

#[test]
fn a_file_that_becomes_a_folder_and_back() {
    let pair = Pair::enrolled();
    std::fs::remove_file(pair.a.join("one.txt")).unwrap();
    write(pair.a.join("one.txt/inside"), "inside\n");
    arrives(&pair);
    std::fs::remove_dir_all(pair.b.join("one.txt")).unwrap();
    pair.b_pushes("one.txt", "a file again\n");
    pair.force("pull").done();
    assert_eq!(tree(&pair.a), tree(&pair.b));
}

#[test]
fn empty_files_and_empty_folders() {
    let pair = Pair::enrolled();
    write(pair.a.join("empty"), "");
    write(pair.a.join("one.txt"), "");
    std::fs::create_dir_all(pair.a.join("nothing/inside")).unwrap();
    arrives(&pair);
    assert_eq!(pair.remote_file("empty"), "");
    assert_eq!(pair.remote_file("one.txt"), "");
    assert!(pair.a.join("nothing/inside").is_dir(), "an empty folder is the user's too");
}

#[test]
fn a_huge_sparse_file_is_left_out_without_being_read() {
    let pair = Pair::enrolled();
    let huge = std::fs::File::create(pair.a.join("huge.img")).unwrap();
    huge.set_len(1 << 40).unwrap();
    write(pair.a.join("mine.txt"), "mine\n");
    let forced = pair.force("push");
    assert_eq!(forced.left_out("huge.img").unwrap().why, LeftOutReason::TooLarge { bytes: 1 << 40 });
    forced.done();
    assert_eq!(pair.remote_file("mine.txt"), "mine\n");
    assert_eq!(pair.a.join("huge.img").metadata().unwrap().len(), 1 << 40);
    pair.force("sync").done();
    pair.auto_sync(&pair.a, &["undo"]);
    assert_eq!(pair.a.join("huge.img").metadata().unwrap().len(), 1 << 40, "what no snapshot holds is not removed");
}

#[test]
fn a_binary_file_of_some_size_survives() {
    let pair = Pair::enrolled();
    let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    write(pair.a.join("big.bin"), &bytes);
    pair.force("push").done();
    pair.git(&pair.b, &["pull", "-q"]);
    assert_eq!(read(pair.b.join("big.bin")), bytes);
}

#[test]
fn a_pipe_or_socket_in_the_tree_blocks_nobody() {
    let pair = Pair::enrolled();
    let mut command = pair.command("mkfifo", &pair.a);
    command.arg("pipe");
    pair.run(command, b"").ok();
    let _socket = std::os::unix::net::UnixListener::bind(pair.a.join("socket")).unwrap();
    write(pair.a.join("mine.txt"), "mine\n");
    pair.force("sync").done();
    assert_eq!(pair.remote_tree().into_keys().collect::<Vec<_>>(), ["mine.txt", "one.txt", "three.txt", "two.txt"]);
    assert!(pair.a.join("pipe").exists() && pair.a.join("socket").exists());
}

#[test]
fn a_file_that_cannot_be_read_is_left_out_and_reported() {
    if is_root() {
        return; // Root can read everything.
    }
    let pair = Pair::enrolled();
    write(pair.a.join("locked.txt"), "locked\n");
    write(pair.a.join("mine.txt"), "mine\n");
    std::fs::set_permissions(pair.a.join("locked.txt"), std::fs::Permissions::from_mode(0o000)).unwrap();
    let forced = pair.force("push");
    assert_eq!(forced.left_out("locked.txt").unwrap().why, LeftOutReason::Unreadable);
    forced.done();
    assert_eq!(pair.remote_file("mine.txt"), "mine\n");
    assert!(!pair.remote_tree().contains_key("locked.txt"));
}

#[test]
fn line_ends_follow_the_attributes() {
    let pair = Pair::enrolled();
    write(pair.b.join(".gitattributes"), "*.dos text eol=crlf\n*.bin -text\n");
    write(pair.b.join("x.dos"), "1\r\n2\r\n");
    pair.b_pushes("y.bin", "1\r\n2\n");
    assert_eq!(pair.remote_file("x.dos"), "1\n2\n");
    pair.force("pull").done();
    assert_eq!(read(pair.a.join("x.dos")), b"1\r\n2\r\n");
    assert_eq!(read(pair.a.join("y.bin")), b"1\r\n2\n");
    assert_eq!(pair.changes(), "");
    write(pair.a.join("x.dos"), "1\r\nmine\r\n");
    write(pair.a.join("y.bin"), "\r\n\r\n");
    pair.force("push").done();
    assert_eq!([pair.remote_file("x.dos"), pair.remote_file("y.bin")], ["1\nmine\n", "\r\n\r\n"]);
    assert_eq!(read(pair.a.join("x.dos")), b"1\r\nmine\r\n");
}

#[test]
fn a_file_with_another_encoding_in_the_tree_survives() {
    let pair = Pair::enrolled();
    write(pair.a.join(".gitattributes"), "*.wide working-tree-encoding=UTF-16LE\n");
    write(pair.a.join("x.wide"), b"h\0i\0\n\0");
    arrives(&pair);
    assert_eq!(pair.remote_file("x.wide"), "hi\n");
}

#[test]
fn thousands_of_files_at_once() {
    let pair = Pair::enrolled();
    for n in 0..3_000 {
        write(pair.a.join(format!("many/{}/{n}.txt", n % 40)), format!("{n}\n"));
    }
    arrives(&pair);
}

#[test]
fn an_edit_made_while_the_sync_runs_is_kept() {
    for (step, late) in [
        (" update-index ", "late.txt"),
        (" commit ", "one.txt"),
        (" fetch ", "one.txt"),
        (" merge ", "one.txt"),
        (" push ", "one.txt"),
    ] {
        let pair = Pair::enrolled();
        pair.edit(&pair.a, "two.txt", 1, "mine");
        pair.b_pushes("theirs.txt", "theirs\n");
        let edit = format!("printf 'late\\n' >'{}'", pair.a.join(late).display());
        let fake = FakeGit::install(&pair, &[Rule::before(step, edit)]);
        pair.force("sync");
        assert!(!fake.calls(step).is_empty(), "no call of{step}");
        fake.remove();
        assert_eq!(read(pair.a.join(late)), b"late\n", "the edit before{step}");
        pair.whole();
        pair.force("sync").done();
        assert_eq!(pair.remote_file(late), "late\n", "the edit before{step}");
        assert_eq!(pair.remote_file("theirs.txt"), "theirs\n");
        assert!(pair.remote_file("two.txt").starts_with("mine\n"));
    }
}

#[test]
fn an_edit_of_an_incoming_file_at_the_last_moment_is_kept() {
    for action in ["pull", "sync"] {
        let pair = Pair::enrolled();
        pair.edit(&pair.b, "one.txt", 12, "theirs");
        pair.b_pushes("new.txt", "theirs\n");
        let edit = format!("sed -i '1s/.*/late/' '{}'", pair.a.join("one.txt").display());
        let fake = FakeGit::install(&pair, &[Rule::before(" merge ", edit).nth(1)]);
        pair.force(action);
        fake.remove();
        assert!(read(pair.a.join("one.txt")).starts_with(b"late\n2\n"));
        pair.whole();
        pair.force("sync").done();
        assert_eq!(read(pair.a.join("one.txt")), b"late\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\ntheirs\n");
        assert_eq!(pair.remote_file("one.txt").as_bytes(), read(pair.a.join("one.txt")));
    }
}

#[test]
fn a_new_file_that_appears_where_one_arrives_is_kept() {
    let pair = Pair::enrolled();
    pair.b_pushes("new.txt", "theirs\n");
    let make = format!("printf 'late\\n' >'{}'", pair.a.join("new.txt").display());
    let fake = FakeGit::install(&pair, &[Rule::before(" merge ", make).nth(1)]);
    pair.force("pull");
    fake.remove();
    assert_eq!(read(Path::new(&pair.a.join("new.txt"))), b"late\n");
    pair.whole();
}

#[test]
fn a_file_made_while_the_remote_is_asked_is_merged_like_any_other() {
    let pair = Pair::enrolled();
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.b_pushes("same.txt", "theirs\n");
    // The file appears after the tree was looked at, just before the fast-forward.
    let command = format!("[ -e {0} ] || printf 'theirs\\n' > {0}", pair.a.join("same.txt").display());
    let fake = FakeGit::install(&pair, &[Rule::before(" merge-tree ", command)]);
    pair.force("sync").done();
    fake.remove();
    pair.whole();
    assert_eq!(pair.remote_file("same.txt"), "theirs\n");
    assert_eq!(pair.changes(), "");
}
