//! No credential is committed, and none leaves.

use claude_craft::sync::outcome::Refusal;
use serde_json::Value;

use crate::common::{FakeGit, Forced, Pair, Rule, read, script, tree, write};

/// A random key, made here so that no file of ours holds one.
pub fn key(seed: u64) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut state = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        LETTERS[(state >> 59) as usize] as char
    };
    "AKIA".chars().chain((0..16).map(|_| next())).collect()
}

fn config(seed: u64) -> String {
    format!("region = eu-west-1\nid = {}\n", key(seed))
}

/// The one fingerprint of what stopped a sync.
#[track_caller]
fn fingerprint(forced: &Forced) -> String {
    let [one] = &forced.report.findings[..] else { panic!("{:#?}", forced.report.findings) };
    one.finding.fingerprint.clone()
}

/// The sync is stopped by a credential and sends nothing; work and index are as they were.
#[track_caller]
fn stopped(pair: &Pair) -> Forced {
    let (before, remote) = (pair.state(), pair.remote_refs());
    let forced = pair.force("sync");
    forced.refused(Refusal::Secret);
    assert_eq!((forced.code, pair.remote_refs()), (4, remote));
    let after = pair.state();
    assert_eq!((after.tree, after.index), (before.tree, before.index));
    pair.whole();
    forced
}

#[test]
fn a_credential_in_a_new_file_stops_the_commit_until_it_is_gone() {
    let pair = Pair::enrolled();
    write(pair.a.join("config.ini"), config(1));
    pair.edit(&pair.a, "one.txt", 1, "mine");
    let head = pair.rev(&pair.a, "HEAD");
    let forced = stopped(&pair);
    let finding = &forced.report.findings[0].finding;
    assert_eq!((finding.path.as_str(), finding.line), ("config.ini", 2));
    assert_eq!(pair.rev(&pair.a, "HEAD"), head, "nothing was committed");
    assert!(!pair.snapshots().is_empty());
    let attention =
        &pair.state_file()["repositories"].as_object().unwrap().values().next().unwrap()["attention"].clone();
    assert_eq!(attention["kind"], "security");
    assert!(attention["message"].as_str().unwrap().contains(&finding.fingerprint));
    // What others do arrives none the less.
    pair.b_pushes("theirs.txt", "theirs\n");
    pair.force("pull").done();
    assert_eq!(read(pair.a.join("theirs.txt")), b"theirs\n");
    write(pair.a.join("config.ini"), "region = eu-west-1\n");
    pair.force("sync").done();
    assert_eq!(pair.remote_file("config.ini"), "region = eu-west-1\n");
    assert!(pair.remote_file("one.txt").starts_with("mine\n"));
    let state = pair.state_file();
    assert_eq!(state["repositories"].as_object().unwrap().values().next().unwrap()["attention"], Value::Null);
    pair.whole();
}

#[test]
fn what_is_staged_by_hand_stays_staged() {
    let pair = Pair::enrolled();
    write(pair.a.join("config.ini"), config(2));
    pair.git(&pair.a, &["add", "config.ini"]);
    stopped(&pair);
    assert_eq!(pair.changes(), "A  config.ini");
}

#[test]
fn a_credential_that_was_committed_by_hand_is_not_pushed() {
    let pair = Pair::enrolled();
    write(pair.a.join("config.ini"), config(3));
    let commit = pair.commit(&pair.a, "by hand");
    let forced = stopped(&pair);
    assert_eq!(forced.report.findings[0].commit.as_deref(), Some(commit.as_str()));
    // Taken away again it is in the history all the same.
    std::fs::remove_file(pair.a.join("config.ini")).unwrap();
    pair.commit(&pair.a, "away");
    stopped(&pair);
    pair.git(&pair.a, &["reset", "-q", "--hard", "HEAD~2"]);
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.force("sync").done();
}

#[test]
fn a_merge_that_brings_one_is_seen_and_so_is_one_in_a_message() {
    let pair = Pair::enrolled();
    pair.git(&pair.a, &["checkout", "-q", "-b", "side"]);
    write(pair.a.join("side.txt"), "side\n");
    pair.commit(&pair.a, "side");
    pair.git(&pair.a, &["checkout", "-q", "main"]);
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.commit(&pair.a, "main");
    pair.git(&pair.a, &["merge", "-q", "--no-ff", "--no-commit", "side"]);
    write(pair.a.join("evil.txt"), config(4));
    pair.commit(&pair.a, "merge");
    assert_eq!(stopped(&pair).report.findings[0].finding.path, "evil.txt");
    pair.git(&pair.a, &["reset", "-q", "--hard", "origin/main"]);
    pair.git(&pair.a, &["commit", "-q", "--allow-empty", "-m", &format!("use {}", key(5))]);
    let forced = stopped(&pair);
    assert_eq!(forced.report.findings[0].finding.path, "commit message");
}

#[test]
fn attributes_nul_bytes_and_programs_hide_nothing_and_none_is_run() {
    let pair = Pair::enrolled();
    let ran = pair.path("ran");
    script(pair.path("convert.sh"), &format!("touch '{}'", ran.display()));
    for name in ["diff.hide.textconv", "diff.hide.command", "diff.external"] {
        pair.git(&pair.a, &["config", name, pair.path("convert.sh").to_str().unwrap()]);
    }
    write(pair.a.join(".gitattributes"), "*.bin -diff\n*.txt diff=hide\n* -text\n");
    pair.force("sync").done();
    write(pair.a.join("a.bin"), [b"\0\0\x01\n".as_slice(), config(6).as_bytes(), b"\0"].concat());
    write(pair.a.join("b.txt"), config(7));
    let forced = stopped(&pair);
    let paths: Vec<_> = forced.report.findings.iter().map(|s| s.finding.path.as_str()).collect();
    assert_eq!(paths, ["a.bin", "b.txt"]);
    pair.commit(&pair.a, "by hand");
    assert_eq!(stopped(&pair).report.findings.len(), 2);
    assert!(!ran.exists());
}

#[test]
fn another_encoding_hides_nothing() {
    let pair = Pair::enrolled();
    let text = config(30);
    let wide = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
    write(pair.a.join("le.txt"), [b"\xff\xfe".to_vec(), wide(u16::to_le_bytes)].concat());
    write(pair.a.join("be.txt"), [b"\xfe\xff".to_vec(), wide(u16::to_be_bytes)].concat());
    let forced = stopped(&pair);
    let paths: Vec<_> = forced.report.findings.iter().map(|s| s.finding.path.as_str()).collect();
    assert_eq!(paths, ["be.txt", "le.txt"]);
}

#[test]
fn what_stands_upstream_already_is_not_new_nor_is_a_file_that_was_moved() {
    let pair = Pair::enrolled();
    pair.b_pushes("old.ini", config(8));
    pair.force("pull").done();
    write(pair.a.join("old.ini"), format!("{}more = 1\n", config(8)));
    pair.force("sync").done();
    std::fs::rename(pair.a.join("old.ini"), pair.a.join("moved.ini")).unwrap();
    pair.force("sync").done();
    assert!(pair.remote_tree().contains_key("moved.ini"));
    // Another value in the same file is.
    write(pair.a.join("moved.ini"), format!("{}{}", config(8), config(9)));
    let forced = stopped(&pair);
    assert_eq!(forced.report.findings[0].finding.line, 4);
    // And so is a value that stood only here.
    pair.git(&pair.a, &["checkout", "-q", "moved.ini"]);
    write(pair.a.join("mine.ini"), config(10));
    pair.commit(&pair.a, "by hand");
    pair.git(&pair.a, &["mv", "mine.ini", "renamed.ini"]);
    stopped(&pair);
}

#[test]
fn what_would_lift_a_finding_does_not_count_for_the_push_it_arrives_in() {
    let pair = Pair::enrolled();
    write(pair.a.join("config.ini"), config(11));
    write(pair.a.join(".gitleaksignore"), "config.ini:aws-access-key-id:2\n");
    stopped(&pair);
    pair.commit(&pair.a, "by hand, with its own excuse");
    stopped(&pair);
    // Once others have it, it counts.
    pair.git(&pair.a, &["reset", "-q", "--mixed", "HEAD~1"]);
    std::fs::remove_file(pair.a.join(".gitleaksignore")).unwrap();
    pair.b_pushes(".gitleaksignore", "config.ini:aws-access-key-id:2\n");
    std::fs::rename(pair.a.join("config.ini"), pair.path("config.ini")).unwrap();
    pair.force("pull").done();
    std::fs::rename(pair.path("config.ini"), pair.a.join("config.ini")).unwrap();
    pair.force("sync").done();
    assert_eq!(pair.remote_file("config.ini"), config(11));
}

#[test]
fn a_person_lets_a_finding_pass_and_takes_that_back() {
    let pair = Pair::enrolled();
    write(pair.a.join("config.ini"), config(12));
    let print = fingerprint(&stopped(&pair));
    pair.set("CLAUDECODE", "1");
    let refused = pair.craft(&pair.a, &["scan", "allow", &print]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("a terminal of your own"), "{}", refused.stderr);
    pair.unset("CLAUDECODE");
    assert_eq!(pair.craft(&pair.a, &["scan", "allow", "0123456789abcdef"]).code, 2);
    pair.craft(&pair.a, &["scan", "allow", &print, "--reason", &format!("not in use: {}", key(13))]).ok();
    let listed = pair.craft(&pair.a, &["scan", "allow", "--list"]).ok().stdout;
    assert!(listed.contains(&print) && listed.contains("not in use") && !listed.contains(&key(13)), "{listed}");
    let log = pair.auto_sync(&pair.a, &["log"]).stdout;
    assert!(log.contains(&format!("allowed aws-access-key-id in config.ini:2 ({print})")), "{log}");
    pair.force("sync").done();
    assert_eq!(pair.remote_file("config.ini"), config(12));
    // Another value in the same place was not allowed.
    write(pair.a.join("config.ini"), config(14));
    assert_ne!(fingerprint(&stopped(&pair)), print);
    pair.craft(&pair.a, &["scan", "disallow", &print]).ok();
    assert_eq!(pair.craft(&pair.a, &["scan", "disallow", &print]).code, 2);
}

#[test]
fn accept_lifts_no_credential() {
    let pair = Pair::enrolled();
    write(pair.a.join("config.ini"), config(15));
    for word in ["secret", "unscanned"] {
        let ran = pair.craft(&pair.a, &["auto-sync", "force", "--accept", word]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
    }
}

#[test]
fn a_dry_run_tells_it_too() {
    let pair = Pair::enrolled();
    write(pair.a.join("config.ini"), config(16));
    let ran = pair.craft(&pair.a, &["auto-sync", "force", "--dry-run"]);
    assert_eq!(ran.code, 4);
    assert!(ran.stdout.contains("config.ini:2 holds a credential"), "{}", ran.stdout);
}

#[test]
fn what_was_scanned_is_not_read_again() {
    let pair = Pair::enrolled();
    let fake = FakeGit::install(&pair, &[]);
    write(pair.a.join("new.txt"), "nothing here\n");
    pair.force("sync").done();
    let first = fake.calls(" cat-file ").len();
    assert!(first >= 2, "a size and a content: {first}");
    // The same commit again: the push failed, say.
    pair.git(&pair.remote, &["update-ref", "refs/heads/main", "main~1"]);
    pair.git(&pair.a, &["update-ref", "refs/remotes/origin/main", "main~1"]);
    pair.git(&pair.a, &["for-each-ref", "--format=delete %(refname)", "refs/craft/upstream"]);
    pair.git(&pair.a, &["update-ref", "-d", "refs/craft/upstream/origin/main"]);
    pair.force("sync").done();
    assert_eq!(fake.calls(" cat-file ").len(), first);
    // Damage costs a second look and nothing else.
    let cache = tree(&pair.craft_dir().join("repos")).into_keys().find(|p| p.ends_with("scanned")).unwrap();
    let cache = pair.craft_dir().join("repos").join(cache);
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&cache.metadata().unwrap().permissions()) & 0o777, 0o600);
    let bytes = read(&cache);
    write(&cache, &bytes[..bytes.len() - 3]);
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.force("sync").done();
    assert_eq!(read(&cache).len() % 16, 0);
}

#[test]
fn a_scan_that_cannot_run_stops_commit_and_push() {
    for rule in [
        Rule { when: " cat-file --batch ", action: "kill-self", ..Rule::default() },
        Rule::fail(" cat-file --batch-check", 128, "fatal: no"),
        Rule::print(" cat-file --batch ", ""),
        Rule::fail(" diff-index --cached --raw", 128, "fatal: no"),
    ] {
        let pair = Pair::enrolled();
        write(pair.a.join("new.txt"), "nothing here\n");
        let fake = FakeGit::install(&pair, &[rule]);
        let (before, remote) = (pair.state(), pair.remote_refs());
        let forced = pair.force("sync");
        forced.refused(Refusal::Unscanned);
        assert_eq!((forced.code, pair.state(), pair.remote_refs()), (4, before, remote));
        fake.remove();
        pair.force("sync").done();
        pair.whole();
    }
    for rule in [" rev-list ", " diff-tree --stdin ", " cat-file --batch "] {
        let pair = Pair::enrolled();
        write(pair.a.join("new.txt"), "nothing here\n");
        pair.commit(&pair.a, "by hand");
        let remote = pair.remote_refs();
        let fake = FakeGit::install(&pair, &[Rule::fail(rule, 128, "fatal: no")]);
        pair.force("push").refused(Refusal::Unscanned);
        assert_eq!(pair.remote_refs(), remote);
        fake.remove();
        pair.force("push").done();
    }
}

#[test]
fn a_file_that_is_too_large_to_scan_stops_a_push_unless_it_is_allowed() {
    let pair = Pair::enrolled();
    pair.configure(serde_json::json!({"security": {"scanMaxMib": 1}}));
    write(pair.a.join("big.txt"), vec![b'a'; (1 << 20) + 1]);
    let forced = pair.force("sync");
    let reason = forced.refused(Refusal::Unscanned);
    assert!(reason.contains("security.scanMaxMib"), "{reason}");
    let print = fingerprint(&forced);
    // By hand it is the same one.
    let shown = pair.craft(&pair.a, &["scan", "big.txt"]).stdout;
    assert!(shown.contains(&print), "{shown}");
    pair.craft(&pair.a, &["scan", "allow", &print]).ok();
    pair.force("sync").done();
    assert!(pair.remote_tree().contains_key("big.txt"));
}

#[test]
fn replaced_objects_and_grafts_hide_nothing() {
    let pair = Pair::enrolled();
    write(pair.a.join("config.ini"), config(17));
    pair.commit(&pair.a, "by hand");
    write(pair.path("clean"), "clean\n");
    let clean = pair.git(&pair.a, &["hash-object", "-w", pair.path("clean").to_str().unwrap()]);
    let secret = pair.git(&pair.a, &["rev-parse", "HEAD:config.ini"]);
    pair.git(&pair.a, &["replace", &secret, &clean]);
    stopped(&pair);
    // The commit itself replaced by its parent.
    let (head, parent) = (pair.rev(&pair.a, "HEAD"), pair.rev(&pair.a, "HEAD~1"));
    pair.git(&pair.a, &["replace", "-d", &secret]);
    pair.git(&pair.a, &["replace", &head, &parent]);
    let remote = pair.remote_refs();
    let forced = pair.force("push");
    assert_ne!(forced.code, 0, "{:#?}", forced.report);
    assert_eq!(pair.remote_refs(), remote);
    pair.git(&pair.a, &["replace", "-d", &head]);
    write(pair.a.join(".git/info/grafts"), format!("{head} {parent}\n"));
    pair.force("push").refused(Refusal::Unscanned);
}

#[test]
fn only_the_branch_is_sent_whatever_the_remote_is_set_up_to_take() {
    let pair = Pair::enrolled();
    for (name, value) in [
        ("remote.origin.mirror", "true"),
        ("remote.origin.push", "+refs/*:refs/*"),
        ("push.default", "matching"),
        ("push.followTags", "true"),
    ] {
        pair.git(&pair.a, &["config", name, value]);
    }
    pair.git(&pair.a, &["branch", "private"]);
    pair.git(&pair.a, &["tag", "-a", "-m", "t", "private-tag"]);
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.force("sync").done();
    let refs: Vec<_> = pair.remote_refs().lines().map(|l| l.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(refs, ["refs/heads/main"]);
    let doctor = pair.craft(&pair.a, &["doctor"]).stdout;
    assert!(doctor.contains("refs/craft/"), "{doctor}");
}

#[test]
fn every_kind_of_repository_is_scanned() {
    let kinds: [(&[&str], &[&str]); 4] = [
        (&["--object-format=sha256"], &[]),
        (&[], &["--depth=1", "--no-local"]),
        (&[], &["--filter=blob:none", "--no-local"]),
        (&[], &["--shared"]),
    ];
    for (init, clone) in kinds {
        let pair = match init {
            [] => Pair::with(&[], clone),
            _ => sha256(),
        };
        pair.git(&pair.remote, &["config", "uploadpack.allowFilter", "true"]);
        pair.auto_sync(&pair.a, &["enable"]);
        write(pair.a.join("config.ini"), config(20));
        stopped(&pair);
        pair.commit(&pair.a, "by hand");
        stopped(&pair);
        pair.git(&pair.a, &["reset", "-q", "--hard", "HEAD~1"]);
        write(pair.a.join("fine.txt"), "fine\n");
        pair.force("sync").done();
        pair.whole();
    }
}

/// Both repositories have long object ids.
fn sha256() -> Pair {
    let pair = Pair::new();
    for path in [&pair.remote, &pair.a, &pair.b] {
        std::fs::remove_dir_all(path).unwrap();
    }
    pair.git(pair.root(), &["init", "-q", "--bare", "--object-format=sha256", "remote.git"]);
    pair.git(pair.root(), &["init", "-q", "--object-format=sha256", "a"]);
    pair.git(&pair.a, &["remote", "add", "origin", "../remote.git"]);
    write(pair.a.join("one.txt"), "1\n");
    pair.commit(&pair.a, "first");
    pair.git(&pair.a, &["push", "-q", "-u", "origin", "main"]);
    pair
}

#[test]
fn what_is_missing_from_a_partial_clone_is_not_taken_for_clean() {
    let pair = Pair::new();
    pair.b_pushes("big.txt", "not here\n");
    pair.git(&pair.remote, &["config", "uploadpack.allowFilter", "true"]);
    std::fs::remove_dir_all(&pair.a).unwrap();
    let url = format!("file://{}", pair.remote.display());
    pair.git(pair.root(), &["clone", "-q", "--filter=blob:none", "--no-checkout", &url, "a"]);
    // A new remote lacks all of it, and this clone has not all of it.
    pair.git(pair.root(), &["init", "-q", "--bare", "other.git"]);
    pair.git(&pair.a, &["remote", "add", "other", "../other.git"]);
    pair.git(&pair.a, &["branch", "--unset-upstream"]);
    pair.git(&pair.a, &["config", "core.sparseCheckout", "true"]);
    write(pair.a.join(".git/info/sparse-checkout"), "/nothing\n");
    pair.git(&pair.a, &["read-tree", "-mu", "HEAD"]);
    pair.git(&pair.a, &["config", "remote.origin.url", "/nowhere"]);
    pair.auto_sync(&pair.a, &["enable", "--remote", "other", "--publish"]);
    let forced = pair.force("push");
    let reason = forced.refused(Refusal::Unscanned);
    assert!(reason.contains("the object is not in this clone"), "{reason}");
    assert_eq!(pair.git(&pair.path("other.git"), &["for-each-ref"]), "");
}

#[test]
fn rules_that_cannot_be_used_are_told_and_the_rest_is_scanned() {
    let pair = Pair::enrolled();
    pair.b_pushes(".gitleaks.toml", "[[rules]]\nid = \"broken\"\nregex = '('\n");
    pair.force("pull").done();
    pair.edit(&pair.a, "one.txt", 1, "mine");
    let report = pair.force("sync").done();
    assert!(report.remarks.iter().any(|r| r.contains("broken")), "{:?}", report.remarks);
    write(pair.a.join("config.ini"), config(21));
    stopped(&pair);
}

#[test]
fn nothing_is_scanned_where_the_user_says_so_and_a_project_cannot_say_it() {
    let pair = Pair::enrolled();
    write(pair.a.join(".claude/craft.json"), "{\"security\": {\"scan\": false}}\n");
    write(pair.a.join("config.ini"), config(22));
    stopped(&pair);
    pair.configure(serde_json::json!({"security": {"scan": false}}));
    pair.force("sync").done();
    assert_eq!(pair.remote_file("config.ini"), config(22));
    assert!(pair.craft(&pair.a, &["doctor"]).stdout.contains("nothing is scanned for credentials"));
}

#[test]
fn a_conflict_branch_takes_no_credential_along() {
    let pair = Pair::enrolled();
    pair.configure(serde_json::json!({"conflict": {"policy": "branch"}}));
    pair.edit(&pair.b, "one.txt", 1, "theirs");
    pair.b_pushes_all("b");
    pair.edit(&pair.a, "one.txt", 1, "mine");
    write(pair.a.join("config.ini"), config(23));
    pair.commit(&pair.a, "by hand");
    let remote = pair.remote_refs();
    let forced = pair.force("sync");
    forced.conflict();
    assert_eq!(pair.remote_refs(), remote);
    assert!(forced.report.remarks.iter().any(|r| r.contains("credential")), "{:?}", forced.report.remarks);
}

#[test]
fn a_first_push_of_a_branch_goes_by_what_the_remotes_default_branch_has() {
    let pair = Pair::enrolled();
    pair.b_pushes(".gitleaksignore", "config.ini:aws-access-key-id:2\n");
    pair.git(&pair.a, &["pull", "-q"]);
    pair.git(&pair.a, &["checkout", "-q", "-b", "new"]);
    pair.auto_sync(&pair.a, &["enable", "--publish"]);
    write(pair.a.join("config.ini"), config(24));
    pair.force("sync").done();
    assert!(pair.remote_refs().contains("refs/heads/new"));
    // To a remote that has nothing, nothing excuses anything.
    pair.git(pair.root(), &["init", "-q", "--bare", "other.git"]);
    pair.git(&pair.a, &["remote", "add", "other", "../other.git"]);
    pair.git(&pair.a, &["branch", "--unset-upstream"]);
    pair.auto_sync(&pair.a, &["enable", "--publish", "--remote", "other"]);
    pair.force("push").refused(Refusal::Secret);
    assert_eq!(pair.git(&pair.path("other.git"), &["for-each-ref"]), "");
}
