//! Ways around the scan, and things in its way, one each.

use claude_craft::sync::outcome::Refusal;

use crate::common::{Pair, write};
use crate::scan_gate::key;

/// Nothing is sent, and what is said of it does not hold `secret`.
#[track_caller]
fn kept_back(pair: &Pair, secret: &str) -> claude_craft::sync::outcome::Report {
    let remote = pair.remote_refs();
    let forced = pair.force("sync");
    forced.refused(Refusal::Secret);
    assert_eq!(pair.remote_refs(), remote);
    let said = format!("{:?}", forced.report);
    assert!(!said.contains(&secret[4..]), "{said}");
    forced.report
}

#[test]
fn the_names_of_files_and_authors_are_scanned() {
    let pair = Pair::enrolled();
    let name = format!("dump-{}.txt", key(101));
    write(pair.a.join("deep/folder").join(&name), "nothing\n");
    let report = kept_back(&pair, &key(101));
    pair.craft(&pair.a, &["scan", "allow", &report.findings[0].finding.fingerprint]).ok();
    pair.force("sync").done();
    // A new version of a file whose name the remote has.
    pair.craft(&pair.a, &["scan", "disallow", &report.findings[0].finding.fingerprint]).ok();
    write(pair.a.join("deep/folder").join(&name), "nothing new\n");
    pair.force("sync").done();
    let author = format!("{} <a@b.c>", key(102));
    pair.git(&pair.a, &["commit", "-q", "--allow-empty", "--author", &author, "-m", "by hand"]);
    let report = kept_back(&pair, &key(102));
    assert_eq!(report.findings[0].finding.path, "author of a commit");
}

#[test]
fn what_lfs_would_send_is_scanned() {
    let pair = Pair::enrolled();
    let id = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{id}\nsize 20\n");
    write(pair.a.join("model.ini"), &pointer);
    // It is not here, so it cannot be sent.
    pair.force("sync").done();
    let stored = pair.a.join(".git/lfs/objects/4d/7a").join(id);
    std::fs::create_dir_all(stored.parent().unwrap()).unwrap();
    write(&stored, format!("id = {}\n", key(103)));
    write(pair.a.join("copy.ini"), &pointer);
    pair.commit(&pair.a, "by hand");
    kept_back(&pair, &key(103));
}

#[test]
fn what_lfs_would_send_and_is_too_large_to_be_scanned_stops_the_push() {
    let pair = Pair::enrolled();
    pair.configure(serde_json::json!({"security": {"scanMaxMib": 1}}));
    let id = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
    let stored = pair.a.join(".git/lfs/objects/4d/7a").join(id);
    std::fs::create_dir_all(stored.parent().unwrap()).unwrap();
    write(&stored, vec![b'x'; (1 << 20) + 1]);
    write(
        pair.a.join("model.bin"),
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{id}\nsize 1048577\n"),
    );
    pair.commit(&pair.a, "by hand");
    let remote = pair.remote_refs();
    pair.force("sync").refused(Refusal::Unscanned);
    assert_eq!(pair.remote_refs(), remote);
}

#[test]
fn what_a_merge_took_over_from_upstream_is_not_new_though_upstream_took_it_away() {
    let pair = Pair::enrolled();
    pair.b_pushes("old.ini", format!("id = {}\n", key(104)));
    pair.git(&pair.a, &["fetch", "-q"]);
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.commit(&pair.a, "mine");
    pair.git(&pair.a, &["merge", "-q", "--no-edit", "origin/main"]);
    pair.b_pushes("old.ini", "id = none\n");
    pair.force("sync").done();
    assert_eq!(pair.remote_file("old.ini"), "id = none\n");
    // What neither side had is the merge's own.
    pair.git(&pair.a, &["checkout", "-q", "-b", "side", "HEAD~1"]);
    pair.edit(&pair.a, "two.txt", 1, "side");
    pair.commit(&pair.a, "side");
    pair.git(&pair.a, &["checkout", "-q", "main"]);
    pair.git(&pair.a, &["merge", "-q", "--no-ff", "--no-commit", "side"]);
    write(pair.a.join("old.ini"), format!("id = {}\n", key(105)));
    pair.commit(&pair.a, "merge");
    kept_back(&pair, &key(105));
}

#[test]
fn a_new_branch_goes_by_the_branch_it_comes_from() {
    let pair = Pair::enrolled();
    pair.git(&pair.b, &["checkout", "-q", "-b", "release"]);
    write(pair.b.join("old.ini"), format!("id = {}\n", key(106)));
    pair.commit(&pair.b, "release");
    pair.git(&pair.b, &["push", "-q", "origin", "release"]);
    pair.git(&pair.a, &["fetch", "-q"]);
    pair.git(&pair.a, &["checkout", "-q", "--no-track", "-b", "fix", "origin/release"]);
    pair.auto_sync(&pair.a, &["enable", "--publish"]);
    write(pair.a.join("old.ini"), format!("id = {}\nmore = 1\n", key(106)));
    pair.commit(&pair.a, "fix");
    pair.force("push").done();
    assert!(pair.remote_refs().contains("refs/heads/fix"));
}
