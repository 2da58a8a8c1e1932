//! Hard cases found by reading the engine against git's own rules, each with real git.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;

const CRAFT: &str = env!("CARGO_BIN_EXE_craft");

/// A bare remote, a clone `a` that is enrolled, a clone `b` of somebody else, and a home of their own.
struct Pair {
    _tmp: tempfile::TempDir,
    top: PathBuf,
}

impl Pair {
    fn new() -> Self {
        let tmp = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(tmp.path()).unwrap();
        let pair = Self { _tmp: tmp, top };
        fs::create_dir(pair.at("home")).unwrap();
        let identity = "[user]\n name = T\n email = t@example.com\n[init]\n defaultBranch = main\n";
        pair.write("home/.gitconfig", identity);
        pair.git(".", &["init", "-q", "--bare", "r.git"]);
        pair.git(".", &["clone", "-q", "r.git", "a"]);
        pair.write("a/f", "1\n");
        pair.write("a/d/x", "2\n");
        pair.commit("a", "one");
        pair.git("a", &["push", "-q", "origin", "main"]);
        pair.git(".", &["clone", "-q", "r.git", "b"]);
        pair.enable("a");
        pair
    }

    fn at(&self, path: &str) -> PathBuf {
        self.top.join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap_or_default()
    }

    fn program(&self, path: &str, text: &str) {
        self.write(path, text);
        fs::set_permissions(self.at(path), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn command(&self, program: impl AsRef<Path>, folder: &str) -> Command {
        let mut command = Command::new(program.as_ref());
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.at("home"));
        command.current_dir(self.at(folder));
        command
    }

    fn git(&self, folder: &str, words: &[&str]) -> String {
        let output = self.command("git", folder).args(words).output().unwrap();
        assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    fn commit(&self, folder: &str, message: &str) {
        self.git(folder, &["add", "-A"]);
        self.git(folder, &["commit", "-q", "-m", message]);
    }

    /// What lies in `b` is committed and pushed.
    fn peer_pushes(&self) {
        self.commit("b", "peer");
        self.git("b", &["push", "-q", "origin", "main"]);
    }

    fn enable(&self, folder: &str) {
        assert!(self.craft(".", &["enable", folder], &[]).status.success());
    }

    fn craft(&self, folder: &str, words: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = self.command(CRAFT, folder);
        command.arg("auto-sync").args(words).envs(variables.iter().copied()).output().unwrap()
    }

    /// `craft auto-sync force`: exit code and all it said.
    fn force(&self, folder: &str, action: &str, variables: &[(&str, &str)]) -> (Option<i32>, String) {
        let output = self.craft(folder, &["force", action], variables);
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    }

    fn status(&self, folder: &str) -> String {
        self.git(folder, &["status", "--porcelain"])
    }

    fn head(&self, folder: &str, name: &str) -> String {
        self.git(folder, &["rev-parse", name])
    }

    /// A clone that has a remote and no commit yet.
    fn unborn(&self, name: &str) {
        self.git(".", &["init", "-q", name]);
        self.git(name, &["remote", "add", "origin", self.at("r.git").to_str().unwrap()]);
        self.git(name, &["config", "branch.main.remote", "origin"]);
        self.git(name, &["config", "branch.main.merge", "refs/heads/main"]);
    }

    /// Leaves a request in the queue and runs the worker on it.
    fn work(&self, worktree: &Path, git_dir: &Path) {
        let request = json!({"version": 1, "id": "1-1-1", "trigger": "session-end", "action": "push",
            "worktree": worktree, "gitDir": git_dir, "commonDir": self.at("a/.git"), "requested": 1});
        self.write("home/.claude/craft/queue/1-1-1.json", &request.to_string());
    }

    fn run_worker(&self) {
        assert!(self.command(CRAFT, ".").arg("worker").status().unwrap().success());
        assert!(!self.at("home/.claude/craft/queue/1-1-1.json").exists(), "the request is done");
    }
}

const KILL: &str = "CRAFT_INTERNAL__KILL_AT";

#[test]
fn a_branch_that_is_reset_during_a_push_does_not_take_the_remotes_commits_back() {
    let pair = Pair::new();
    pair.write("a/n", "n\n");
    pair.commit("a", "two");
    pair.git("a", &["push", "-q"]);
    let two = pair.head("a", "main");
    let script = format!(
        "#!/bin/sh\ncase \" $* \" in *\" push \"*) git -C {} reset -q --hard HEAD~2;; esac\nexec git \"$@\"\n",
        pair.at("a").display()
    );
    pair.program("slow-git", &script);
    pair.write("a/f", "edited\n");
    pair.force("a", "push", &[("CRAFT_GIT", pair.at("slow-git").to_str().unwrap())]);
    pair.git("r.git", &["merge-base", "--is-ancestor", &two, "main"]);
}

#[test]
fn the_first_commit_after_a_first_pull_leaves_the_index_at_what_arrived_when_a_hook_refuses_it() {
    let pair = Pair::new();
    pair.unborn("c");
    pair.write("c/mine", "mine\n");
    pair.program("c/.git/hooks/pre-commit", "#!/bin/sh\nexit 1\n");
    pair.enable("c");
    let (code, text) = pair.force("c", "sync", &[]);
    assert!(code == Some(1) && text.contains("pre-commit"), "{text}");
    assert_eq!(pair.status("c"), "?? mine");
    fs::remove_file(pair.at("c/.git/hooks/pre-commit")).unwrap();
    assert_eq!(pair.force("c", "sync", &[]).0, Some(0));
    assert_eq!(pair.git("r.git", &["ls-tree", "--name-only", "main"]), "d\nf\nmine");
}

#[test]
fn a_commit_whose_post_commit_hook_never_ends_is_still_a_commit() {
    let pair = Pair::new();
    assert!(pair.craft("a", &["config", "set", "limits.commitSeconds", "1"], &[]).status.success());
    pair.program("a/.git/hooks/post-commit", "#!/bin/sh\nexec sleep 60\n");
    pair.write("a/f", "edited\n");
    assert_eq!(pair.force("a", "push", &[]).0, Some(0));
    assert_eq!(pair.status("a"), "");
    assert_eq!(pair.git("r.git", &["show", "main:f"]), "edited");
}

#[test]
fn a_killed_pull_that_makes_a_folder_a_file_or_a_symlink_is_finished() {
    for (remove, make) in [("d", "file"), ("d", "symlink"), ("f", "folder")] {
        let pair = Pair::new();
        pair.git("b", &["rm", "-rq", remove]);
        match make {
            "file" => pair.write("b/d", "now a file\n"),
            "folder" => pair.write("b/f/y", "now a folder\n"),
            _ => std::os::unix::fs::symlink("f", pair.at("b/d")).unwrap(),
        }
        pair.peer_pushes();
        // Nothing is written yet.
        assert_eq!(pair.force("a", "pull", &[(KILL, "forward-begun")]).0, None);
        let (code, text) = pair.force("a", "pull", &[]);
        assert_eq!(code, Some(0), "{make}: {text}");
        // All is written but the branch.
        let before = pair.head("a", "HEAD~1");
        pair.git("a", &["update-ref", "refs/heads/main", &before]);
        let entry = json!({"version": 1, "kind": "forward", "worktree": pair.at("a"), "gitDir": pair.at("a/.git"),
            "branch": "main", "from": before, "to": pair.head("b", "main"), "snapshot": "", "started": 1});
        pair.write("a/.git/craft/journal.json", &entry.to_string());
        let (code, text) = pair.force("a", "pull", &[]);
        assert_eq!(code, Some(0), "{make}: {text}");
        assert_eq!((pair.status("a"), pair.head("a", "main")), (String::new(), pair.head("b", "main")), "{make}");
    }
}

#[test]
fn a_pull_that_a_filter_breaks_off_leaves_the_tree_as_it_was() {
    let pair = Pair::new();
    for (name, value) in [("smudge", "false"), ("clean", "cat"), ("required", "true")] {
        pair.git("a", &["config", &format!("filter.x.{name}"), value]);
    }
    pair.write("b/.gitattributes", "*.bin filter=x\n");
    for name in ["a1", "m.bin", "z"] {
        pair.write(&format!("b/{name}"), "new\n");
    }
    pair.write("b/f", "changed\n");
    pair.git("b", &["rm", "-rq", "d"]);
    pair.peer_pushes();
    for _ in 0..2 {
        let (code, text) = pair.force("a", "sync", &[]);
        assert!(code == Some(1) && text.contains("filter"), "{text}");
        assert_eq!((pair.status("a"), pair.read("a/f")), (String::new(), "1\n".into()));
    }
    assert_eq!(pair.git("a", &["rev-list", "--count", "HEAD"]), "1", "nothing half-written was committed");
}

#[test]
fn an_undo_leaves_a_file_alone_that_git_ignores_by_now() {
    let pair = Pair::new();
    pair.write("a/local.cfg", "tracked once\n");
    pair.commit("a", "cfg");
    pair.write("a/f", "edited\n");
    assert_eq!(pair.force("a", "push", &[]).0, Some(0));
    pair.git("a", &["rm", "-q", "--cached", "local.cfg"]);
    pair.write("a/.gitignore", "local.cfg\n");
    pair.commit("a", "untrack");
    pair.write("a/local.cfg", "precious\n");
    assert!(!pair.craft("a", &["undo"], &[]).status.success());
    assert_eq!(pair.read("a/local.cfg"), "precious\n");
    fs::rename(pair.at("a/local.cfg"), pair.at("a/local.mine")).unwrap();
    assert!(pair.craft("a", &["undo"], &[]).status.success());
    assert_eq!(pair.read("a/local.cfg"), "tracked once\n");
}

#[test]
fn a_first_pull_leaves_ignored_files_alone_where_a_file_and_a_folder_change_places() {
    let pair = Pair::new();
    for (name, exclude, mine) in [("c", "d\n", "d"), ("e", "*.log\n", "f/my.log")] {
        pair.unborn(name);
        pair.write(&format!("{name}/.git/info/exclude"), exclude);
        pair.write(&format!("{name}/{mine}"), "precious\n");
        pair.enable(name);
        let (code, text) = pair.force(name, "pull", &[]);
        assert!(code == Some(1) && text.contains("ignores"), "{text}");
        assert_eq!(pair.read(&format!("{name}/{mine}")), "precious\n");
    }
}

#[test]
fn a_folder_that_was_renamed_into_two_is_a_conflict() {
    let pair = Pair::new();
    let numbers = |from: u32| (from..40).map(|n| format!("{n}\n")).collect::<String>();
    for n in 1..5 {
        pair.write(&format!("a/z/{n}"), &numbers(n));
    }
    pair.commit("a", "z");
    pair.git("a", &["push", "-q"]);
    pair.git("b", &["pull", "-q"]);
    for folder in ["p", "q"] {
        fs::create_dir(pair.at("b").join(folder)).unwrap();
    }
    for (n, to) in [("1", "p"), ("2", "p"), ("3", "q"), ("4", "q")] {
        pair.git("b", &["mv", &format!("z/{n}"), to]);
    }
    pair.peer_pushes();
    pair.write("a/z/new", &numbers(30));
    let (code, text) = pair.force("a", "sync", &[]);
    assert!(code == Some(3) && text.contains("both sides changed z"), "{text}");
    assert_eq!(pair.head("r.git", "main"), pair.head("b", "main"));
    assert!(pair.at("a/z/1").exists());
}

#[test]
fn an_interrupted_undo_does_not_stop_somebody_who_went_to_another_branch() {
    let pair = Pair::new();
    pair.write("a/f", "edited\n");
    assert_eq!(pair.force("a", "push", &[]).0, Some(0));
    assert_eq!(pair.craft("a", &["undo"], &[(KILL, "undo-tree")]).status.code(), None);
    pair.git("a", &["switch", "-q", "-c", "other"]);
    let (_, text) = pair.force("a", "sync", &[]);
    assert!(text.contains("other is checked out"), "{text}");
    pair.git("a", &["switch", "-q", "main"]);
    assert_eq!(pair.force("a", "sync", &[]).0, Some(0));
}

#[test]
fn a_plain_folder_in_the_place_of_a_removed_working_tree_is_left_alone() {
    let pair = Pair::new();
    pair.write("a/.git/info/exclude", ".claude/\n");
    let worktree = pair.at("a/.claude/worktrees/w");
    pair.git("a", &["worktree", "add", "-q", worktree.to_str().unwrap(), "-b", "w"]);
    pair.git("a", &["worktree", "remove", worktree.to_str().unwrap()]);
    fs::create_dir_all(worktree.join("node_modules")).unwrap();
    pair.write("a/new", "new\n");
    pair.work(&worktree, &pair.at("a/.git/worktrees/w"));
    pair.run_worker();
    assert_eq!(pair.status("a"), "?? new", "neither index nor tree of the working tree around it changed");
    assert!(!pair.at("a/.git/worktrees/w").exists());
}

#[test]
fn a_deleted_repository_is_not_made_anew() {
    let pair = Pair::new();
    pair.work(&pair.at("a"), &pair.at("a/.git"));
    fs::remove_dir_all(pair.at("a")).unwrap();
    pair.run_worker();
    assert!(!pair.at("a").exists());
}

#[test]
fn a_second_push_url_is_noticed() {
    let pair = Pair::new();
    pair.git(".", &["clone", "-q", "--bare", "r.git", "elsewhere.git"]);
    for remote in ["elsewhere.git", "r.git"] {
        pair.git("a", &["config", "--add", "remote.origin.pushurl", pair.at(remote).to_str().unwrap()]);
    }
    pair.write("a/f", "edited\n");
    let (code, text) = pair.force("a", "push", &[]);
    assert!(code == Some(1) && text.contains("elsewhere.git"), "{text}");
    assert_eq!(pair.git("elsewhere.git", &["rev-list", "--count", "main"]), "1");
}

#[test]
fn a_hooks_words_are_not_taken_for_gits() {
    let pair = Pair::new();
    pair.program("a/.git/hooks/pre-commit", "#!/bin/sh\necho 'file too large' >&2\nexit 1\n");
    pair.write("a/f", "edited\n");
    let (_, text) = pair.force("a", "push", &[]);
    assert!(text.contains("the pre-commit hook refused"), "{text}");
    fs::remove_file(pair.at("a/.git/hooks/pre-commit")).unwrap();
    pair.program("a/.git/hooks/pre-push", "#!/bin/sh\necho 'connection refused' >&2\nexit 1\n");
    let (_, text) = pair.force("a", "push", &[]);
    assert!(text.contains("the pre-push hook refused"), "{text}");
}

#[test]
fn a_branch_below_the_name_of_an_earlier_one_is_synced_and_remembered() {
    let pair = Pair::new();
    assert!(pair.craft(".", &["enable", "a", "--branch", "**"], &[]).status.success());
    for (branch, text) in [("feature", "1"), ("feature/x", "2")] {
        pair.git("a", &["switch", "-q", "main"]);
        let _ = pair.command("git", "a").args(["push", "-q", "origin", ":feature"]).output().unwrap();
        let _ = pair.command("git", "a").args(["branch", "-q", "-D", "feature"]).output().unwrap();
        pair.git("a", &["switch", "-q", "-c", branch]);
        pair.git("a", &["push", "-q", "-u", "origin", branch]);
        pair.write("a/f", text);
        let (code, said) = pair.force("a", "sync", &[]);
        assert_eq!(code, Some(0), "{said}");
        let remembered = pair.git("a", &["for-each-ref", "--format=%(objectname)", "refs/craft/upstream"]);
        assert!(remembered.contains(&pair.head("a", branch)), "{branch}");
    }
}

#[test]
fn an_edit_that_git_was_told_not_to_look_at_is_neither_lost_nor_waited_for() {
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        let pair = Pair::new();
        pair.git("a", &["update-index", flag, "f"]);
        pair.write("a/f", "precious\n");
        pair.write("b/f", "theirs\n");
        pair.peer_pushes();
        let (code, text) = pair.force("a", "pull", &[]);
        assert!(code == Some(1) && text.contains("brings f"), "{flag}: {text}");
        assert_eq!(pair.read("a/f"), "precious\n");
    }
}
