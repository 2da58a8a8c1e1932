//! Sessions in places that are easily got wrong.

use std::path::Path;

use crate::client::{Client, Seat};
use crate::common::{Pair, write};
use crate::install::{Kind, install};
use crate::play::Play;
use crate::stub_api::ANSWER;

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn a_session_in_a_linked_worktree_pushes_that_worktrees_branch_and_no_other() {
    let play = Play::installed(Client::current(), Pair::new(), Kind::Fitting);
    let linked = play.path("linked");
    play.git(&play.a, &["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    play.git(&linked, &["push", "-q", "-u", "origin", "side"]);
    play.auto_sync(&play.a, &["enable", "--branch", "*"]);
    write(play.a.join("unfinished.txt"), "main\n");
    write(linked.join("mine.txt"), "side\n");
    let terminal = play.seat().open(&linked);
    terminal.ask("hello");
    terminal.exit();
    play.settled(&linked);
    assert_eq!(play.git(&play.remote, &["cat-file", "blob", "side:mine.txt"]), "side");
    assert_eq!(play.remote_log(), ["first"], "the other worktree is not this session's business");
    assert_eq!(play.changes(), "?? unfinished.txt");
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn blanks_quotes_and_letters_of_all_kinds_in_paths_change_nothing() {
    for kind in [Kind::SkillsPlugin, Kind::Settings] {
        let play = Play { pair: Pair::new(), stub: crate::stub_api::Stub::start(), client: Client::current() };
        // The tests' own helpers find everything through the link.
        let home = play.home().join("Ann's \"Ordner\" für 日本/config dir");
        std::fs::create_dir_all(home.parent().unwrap()).unwrap();
        std::fs::rename(play.home().join(".claude"), &home).unwrap();
        std::os::unix::fs::symlink(&home, play.home().join(".claude")).unwrap();
        play.set("CLAUDE_CONFIG_DIR", &home);
        let clone = play.path("Ärger & Co/my $HOME repository");
        play.git(play.root(), &["clone", "-q", play.remote.to_str().unwrap(), clone.to_str().unwrap()]);
        install(play.seat(), kind);
        play.auto_sync(&clone, &["enable"]);
        play.b_pushes("theirs.txt", "theirs\n");
        write(clone.join("käse 奶酪.txt"), "mine\n");
        session(play.seat(), &clone);
        assert!(clone.join("theirs.txt").exists(), "pulled ({kind:?})");
        play.settled(&clone);
        assert_eq!(play.remote_file("käse 奶酪.txt"), "mine\n", "pushed ({kind:?})");
    }
}

#[track_caller]
fn session(seat: Seat<'_>, dir: &Path) {
    assert_eq!(seat.say(dir, "hello").trim(), ANSWER);
}
