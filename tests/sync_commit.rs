//! The user's hooks, signature and name: obeyed, honoured, and never worked around.

use claude_craft::sync::outcome::Refusal;

use crate::common::{Pair, read, script, write};

/// The user's hook or signing program says no: HEAD, index and tree are what they were.
#[track_caller]
fn commit_refused(pair: &Pair, wanted: Refusal) -> String {
    pair.edit(&pair.a, "one.txt", 1, "staged");
    pair.git(&pair.a, &["add", "one.txt"]);
    pair.edit(&pair.a, "one.txt", 12, "not staged");
    write(pair.a.join("untracked.txt"), "untracked\n");
    pair.git(&pair.a, &["rm", "-q", "--cached", "two.txt"]);
    let (before, remote, changes) = (pair.state(), pair.remote_refs(), pair.changes());
    let reason = pair.force("push").refused(wanted);
    assert_eq!(pair.state(), before);
    assert_eq!(pair.changes(), changes);
    assert_eq!(pair.remote_refs(), remote);
    pair.whole();
    reason
}

#[test]
fn a_pre_commit_hook_that_refuses_is_obeyed() {
    let pair = Pair::enrolled();
    script(pair.a.join(".git/hooks/pre-commit"), "echo tidy up first >&2; exit 1");
    let reason = commit_refused(&pair, Refusal::Hook);
    assert!(reason.contains("tidy up first"), "{reason}");
}

#[test]
fn a_commit_msg_hook_that_refuses_is_obeyed() {
    let pair = Pair::enrolled();
    script(pair.a.join(".git/hooks/commit-msg"), "echo no ticket >&2; exit 1");
    commit_refused(&pair, Refusal::Hook);
}

#[test]
fn the_users_hooks_run_and_can_tell_that_it_is_us() {
    let pair = Pair::enrolled();
    let seen = pair.path("seen");
    script(pair.a.join(".git/hooks/pre-commit"), &format!("echo $CRAFT_SYNC_IN_PROGRESS >>'{}'", seen.display()));
    script(pair.a.join(".git/hooks/commit-msg"), "echo 'Checked: yes' >>\"$1\"");
    write(pair.a.join("mine.txt"), "mine\n");
    pair.force("push").done();
    assert_eq!(read(seen), b"1\n");
    assert!(pair.git(&pair.remote, &["log", "-1", "--format=%B", "main"]).contains("Checked: yes"));
}

#[test]
fn a_pre_push_hook_that_refuses_is_obeyed() {
    let pair = Pair::enrolled();
    script(pair.a.join(".git/hooks/pre-push"), "echo run the tests first >&2; exit 1");
    write(pair.a.join("mine.txt"), "mine\n");
    let remote = pair.remote_refs();
    let reason = pair.force("push").refused(Refusal::Hook);
    assert!(reason.contains("run the tests first"), "{reason}");
    assert_eq!(pair.remote_refs(), remote);
    assert_eq!(pair.git(&pair.a, &["show", "HEAD:mine.txt"]), "mine");
    pair.whole();
}

#[test]
fn a_commit_that_cannot_be_signed_is_not_made_unsigned() {
    let pair = Pair::enrolled();
    pair.git(&pair.a, &["config", "commit.gpgsign", "true"]);
    pair.git(&pair.a, &["config", "gpg.program", "/bin/false"]);
    commit_refused(&pair, Refusal::Signing);
}

#[test]
fn a_merge_that_cannot_be_signed_is_not_made_unsigned() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    pair.commit(&pair.a, "mine");
    pair.b_pushes("theirs.txt", "theirs\n");
    pair.git(&pair.a, &["config", "commit.gpgsign", "true"]);
    pair.git(&pair.a, &["config", "gpg.program", "/bin/false"]);
    let (before, remote) = (pair.state(), pair.remote_refs());
    for action in ["pull", "sync"] {
        pair.force(action).refused(Refusal::Signing);
        assert_eq!(pair.state(), before);
        assert_eq!(pair.remote_refs(), remote);
    }
    pair.whole();
}

#[test]
fn a_merge_is_signed_where_the_user_signs() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    pair.b_pushes("theirs.txt", "theirs\n");
    script(
        pair.path("gpg"),
        "cat >/dev/null; echo '[GNUPG:] SIG_CREATED D' >&2; echo '-----BEGIN PGP SIGNATURE-----'; echo x; echo '-----END PGP SIGNATURE-----'",
    );
    pair.git(&pair.a, &["config", "commit.gpgsign", "true"]);
    pair.git(&pair.a, &["config", "gpg.program", pair.path("gpg").to_str().unwrap()]);
    pair.force("sync").done();
    for commit in ["HEAD", "HEAD^1"] {
        assert!(pair.git(&pair.a, &["cat-file", "commit", commit]).contains("\ngpgsig "), "{commit}");
    }
    assert_eq!(pair.remote_tip(), pair.rev(&pair.a, "HEAD"));
}

#[test]
fn without_a_name_no_commit_is_made() {
    let pair = Pair::enrolled();
    let config = pair.home().join(".gitconfig");
    let text = String::from_utf8(read(&config)).unwrap();
    let text = text.replace("name = Ann Example", "useConfigOnly = true").replace("email = ann@example.org", "");
    write(config, text);
    commit_refused(&pair, Refusal::Identity);
}
