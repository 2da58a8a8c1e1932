//! Messages on their channel: what goes out, what is kept back, and what of the user's is left alone.

use std::os::unix::fs::{PermissionsExt, symlink};

use claude_craft::beacon::block;
use claude_craft::ops::beacon::authors;
use claude_craft::ops::beacon::chain;
use claude_craft::ops::beacon::fetch::{self, For};
use claude_craft::ops::beacon::push::{self, Ask};
use claude_craft::ops::beacon::{applied, log, outbox, pull, send};
use claude_craft::ops::error::Kind;
use serde_json::json;

use crate::common::{Sides, State, assert_whole, is_time, read, script, write};

const CHANNEL: &str = "refs/craft/beacons/main";
/// A credential that the scan knows, put together so that it stands nowhere.
fn secret() -> String {
    format!("AKIA{}", "Q3EGRTXKWN5DLM7P")
}

#[test]
fn a_message_is_a_commit_with_manifest_block_and_the_very_bytes() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    // What a checkout would turn round.
    write(desk.join(".gitattributes"), "* text eol=crlf\n*.md ident\n");
    let files = [
        (".claude/planning/act-2.md", b"$Id$\r\none\r\n".as_slice()),
        (".claude/planning/session-notes/\u{201c}quoted\u{201d} \"x\".md", b"\xff\0\n"),
        (".claude/implementation/run.sh", b"#!/bin/sh\n"),
    ];
    for (path, bytes) in files {
        write(desk.join(path), bytes);
    }
    let program = desk.join(files[2].0);
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let ask = Ask { note: "Session 3 - Added Act 2".into(), ..Ask::default() };
    let pushed = sides.push_as(&desk, &ask).unwrap();
    assert_eq!((pushed.files.len(), pushed.sent.messages.len(), pushed.sent.tries), (3, 1, 1));

    for (path, bytes) in files {
        let mut command = sides.command("git", &sides.remote);
        command.args(["cat-file", "blob", &format!("{CHANNEL}:files/{path}")]).stdout(std::process::Stdio::piped());
        assert_eq!(command.output().unwrap().stdout, bytes, "{path}");
    }
    let chain = sides.chain(CHANNEL);
    let message = chain[0].message.clone().unwrap();
    assert_eq!((message.direction.as_str(), message.to.as_slice()), ("Desktop→Code", ["Code".to_owned()].as_slice()));
    assert!(is_time(&message.time) && message.id.len() == 16 && message.files.iter().all(|f| f.base.is_none()));
    let run = message.files.iter().find(|f| f.path.ends_with("run.sh")).unwrap();
    assert_eq!((run.mode.as_str(), run.size), ("100755", 10));
    let told = block::Block::parse(&sides.at_the_end("beacon.md")).unwrap();
    assert_eq!(
        (told.status, told.last_update.as_deref(), told.action.as_deref()),
        (block::Status::UpdateAvailable, Some("Session 3 - Added Act 2"), Some("Run 'ps-sync pull' in Claude Code"))
    );
    assert_eq!(told.files.len(), 3);
    // The machine's copy, out of the way of git.
    assert_eq!(sides.git(&desk, &["status", "--porcelain", "--", ".claude/sync"]), "");
    assert!(String::from_utf8(read(desk.join(".claude/sync/manifest.json"))).unwrap().contains(&message.id));

    // The other side sees it, says that it has it, and all is quiet.
    let ctx = sides.context();
    let place = sides.place(&ctx, &code);
    let git = place.git(&ctx);
    assert_eq!(chain::known(&place, &git).unwrap(), None);
    let tip = fetch::fetch(&ctx, &place, &git, For::Look).unwrap().unwrap();
    assert_eq!(chain::known(&place, &git).unwrap().as_ref(), Some(&tip));
    let links = chain::since(&place, &git, None, &tip.commit).unwrap();
    assert_eq!(links.iter().filter_map(|l| l.message()).collect::<Vec<_>>(), [&message]);
    assert_eq!(authors::accepts(&place, &git, &links[0].author).unwrap(), Ok(()));
    assert_eq!(chain::block(&place, &git, &tip).unwrap(), told);
    sides.takes_in(&code, 1);
    let sent = send::drain(&ctx, &place, &git).unwrap();
    assert!(sent.receipt && sent.messages.is_empty() && sent.waits.is_none(), "{sent:?}");
    assert_eq!(sides.at_the_end("beacon.md"), block::template());
    assert_eq!(send::drain(&ctx, &place, &git).unwrap(), send::Sent::default(), "once is enough");
    assert_eq!(log::log(&ctx, &place, 9).unwrap().len(), 2);

    // What was sent is what both have, so the next edit is made from it.
    write(desk.join(files[0].0), "two\n");
    assert_eq!(push::changed(&ctx, &sides.place(&ctx, &desk)).unwrap(), (vec![files[0].0.to_owned()], vec![]));
    sides.push(&desk, &[]).unwrap();
    let base = sides.git(&sides.remote, &["rev-parse", &format!("{CHANNEL}~2:files/{}", files[0].0)]);
    assert_eq!(sides.messages()[1].files[0].base.as_deref(), Some(base.as_str()));
    assert_eq!(sides.messages()[1].files.len(), 1);
}

#[test]
fn nothing_of_the_users_is_touched_and_no_hook_of_theirs_runs() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.sends(&code, "from-code.md", "x\n");
    for hook in ["pre-push", "post-commit", "pre-commit", "prepare-commit-msg", "commit-msg"] {
        script(
            desk.join(".git/hooks").join(hook),
            &format!("echo {hook} >> '{}'; exit 1", sides.path("ran").display()),
        );
    }
    write(desk.join("readme.md"), "edited\n");
    write(desk.join("staged.md"), "staged\n");
    sides.git(&desk, &["add", "staged.md"]);
    sides.git(&desk, &["fetch", "-q"]);
    sides.git(&desk, &["config", "push.followTags", "true"]);
    sides.git(&desk, &["config", "remote.origin.mirror", "true"]);
    sides.git(&desk, &["tag", "-am", "x", "v1"]);
    write(desk.join(".claude/planning/a.md"), "a\n");
    let look = || {
        let raw = |name: &str| read(desk.join(".git").join(name));
        let reflog = sides.git(&desk, &["reflog", "--all"]);
        let status = sides.git(&desk, &["status", "--porcelain=v2", "--branch", "--", "readme.md", "staged.md"]);
        (raw("index"), raw("HEAD"), raw("FETCH_HEAD"), reflog, status, State::of(&sides, &desk).index)
    };
    let before = look();
    let pushed = sides.push(&desk, &[]).unwrap();
    assert_eq!((pushed.files, pushed.sent.waits), (vec![".claude/planning/a.md".to_owned()], None));
    assert_eq!(look(), before);
    assert!(!sides.path("ran").exists(), "a hook ran");
    let refs = sides.git(&sides.remote, &["for-each-ref", "--format=%(refname)"]);
    assert_eq!(refs, format!("{CHANNEL}\nrefs/heads/main"), "nothing but the channel is sent");
    assert_whole(&sides, &desk);
}

#[test]
fn a_path_that_may_not_be_sent_is_named_and_nothing_is_queued() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    write(desk.join(".claude/planning/good.md"), "good\n");
    write(sides.path("outside/secret.md"), "outside\n");
    symlink(sides.path("outside"), desk.join(".claude/planning/linked")).unwrap();
    symlink("good.md", desk.join(".claude/planning/link.md")).unwrap();
    write(desk.join(".claude/planning/a.md.theirs"), "theirs\n");
    write(desk.join(".claude/planning/b.md.THEIRS"), "theirs\n");
    write(desk.join(".claude/planning/.env"), "A=1\n");
    rustix::fs::mkfifoat(rustix::fs::CWD, desk.join(".claude/planning/pipe"), 0o600.into()).unwrap();
    let table = [
        (".claude/planning/linked/secret.md", "through a symbolic link"),
        (".claude/planning/link.md", "is a symbolic link"),
        (".claude/planning/linked", "is a symbolic link"),
        (".claude/planning/pipe", "no ordinary file"),
        (".claude/planning/a.md.theirs", "copy of the other side's"),
        (".claude/planning/b.md.THEIRS", "copy of the other side's"),
        (".claude/planning/.env", "says it holds secrets"),
        (".claude/planning/none.md", "there is no"),
        (".claude/sync/manifest.json", "beacon's own"),
        ("readme.md", "none of the folders"),
        ("../x", "part . or .."),
        ("/etc/passwd", "absolute"),
    ];
    for (path, why) in table {
        let error = sides.push(&desk, &[".claude/planning/good.md", path]).unwrap_err();
        assert!(error.message.contains(why), "{path}: {error}");
    }
    sides.configure(json!({"beacon": {"maxFiles": 1}}));
    write(desk.join(".claude/planning/good2.md"), "good\n");
    assert!(sides.push(&desk, &[]).unwrap_err().message.contains("maxFiles"));
    sides.configure(json!({"beacon": {"maxFiles": 9, "maxMib": 1}}));
    write(desk.join(".claude/planning/big.md"), vec![b'x'; (1 << 20) + 1]);
    assert!(sides.push(&desk, &[".claude/planning/big.md"]).unwrap_err().message.contains("maxMib"));
    let ctx = sides.context();
    let place = sides.place(&ctx, &desk);
    assert_eq!(send::queued(&place, &place.git(&ctx)).unwrap(), []);
    // Unasked they are left out, and that is said.
    let pushed = sides.push(&desk, &[]).unwrap();
    assert_eq!(pushed.files, [".claude/planning/good.md", ".claude/planning/good2.md"]);
    assert!(pushed.remarks[0].starts_with("left out: "), "{:?}", pushed.remarks);
    assert_eq!(sides.messages().len(), 1);
}

#[test]
fn a_credential_is_kept_back_and_can_be_let_pass() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    let path = ".claude/planning/keys.md";
    write(desk.join(path), format!("one\nkey: {}\n", secret()));
    let error = sides.push(&desk, &[path]).unwrap_err();
    assert_eq!(error.kind, Kind::Gate);
    assert!(error.message.starts_with(&format!("{path}:2 holds a credential")), "{error}");
    let remedy = error.remedy.unwrap();
    assert!(!error.message.contains(&secret()) && !remedy.contains(&secret()));
    let ctx = sides.context();
    let place = sides.place(&ctx, &desk);
    let git = place.git(&ctx);
    assert_eq!(send::queued(&place, &git).unwrap(), []);
    assert_eq!(sides.git(&sides.remote, &["for-each-ref", "refs/craft"]), "");

    // What is said of it is looked at as well.
    write(desk.join(".claude/planning/fine.md"), "fine\n");
    let ask = Ask { files: vec![".claude/planning/fine.md".into()], note: secret(), ..Ask::default() };
    let error = sides.push_as(&desk, &ask).unwrap_err();
    assert!(error.message.starts_with("note of a message"), "{error}");

    let fingerprint = remedy.rsplit(' ').next().unwrap();
    claude_craft::ops::scan::allow::allow(&ctx, &place.at, fingerprint, "an example").unwrap();
    assert_eq!(sides.push(&desk, &[path]).unwrap().sent.messages.len(), 1);
    assert_eq!(sides.messages()[0].files[0].path, path);
}

#[test]
fn what_was_queued_before_a_rule_came_is_scanned_again() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    sides.configure(json!({"security": {"scan": false}}));
    sides.git(&desk, &["remote", "set-url", "origin", "/nowhere.git"]);
    let path = ".claude/planning/keys.md";
    write(desk.join(path), format!("key: {}\n", secret()));
    let pushed = sides.push(&desk, &[path]).unwrap();
    assert!(pushed.sent.waits.is_some() && pushed.sent.messages.is_empty());
    sides.git(&desk, &["remote", "set-url", "origin", sides.remote.to_str().unwrap()]);
    sides.configure(json!({"security": {"scan": true}}));
    let error = sides.push(&desk, &[]).unwrap().sent.waits.unwrap();
    assert_eq!(error.kind, Kind::Gate);
    assert_eq!(sides.git(&sides.remote, &["for-each-ref", "refs/craft"]), "");
    // It keeps back what comes after it of the same file, and nothing else.
    write(desk.join(path), "clean\n");
    assert_eq!(sides.push(&desk, &[path]).unwrap().sent.messages.len(), 0);
    write(desk.join(".claude/planning/fine.md"), "fine\n");
    let sent = sides.push(&desk, &[".claude/planning/fine.md"]).unwrap().sent;
    assert_eq!((sent.messages.len(), sent.waits.as_ref().map(|w| w.kind)), (1, Some(Kind::Gate)));
    let remedy = sent.waits.unwrap().remedy.unwrap();
    let id = remedy.split('`').nth(1).unwrap().rsplit(' ').next().unwrap().to_owned();
    assert!(remedy.starts_with(&format!("`craft beacon queue drop {id}`")) && remedy.contains("craft scan allow"));
    let ctx = sides.context();
    let place = sides.place(&ctx, &desk);
    outbox::drop(&ctx, &place, &[id]).unwrap();
    let sent = sides.push(&desk, &[]).unwrap().sent;
    assert_eq!((sent.waits, sent.messages.len()), (None, 1), "what came after it");
    let paths: Vec<_> = sides.messages().into_iter().map(|m| m.files[0].path.clone()).collect();
    assert_eq!(paths, [".claude/planning/fine.md", path]);
}

#[test]
fn what_is_not_allowed_is_not_done_and_not_queued() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    write(desk.join(".claude/planning/a.md"), "a\n");
    sides.configure(json!({"permissions": {"beacon": {"preset": "read-only"}}}));
    let error = sides.push(&desk, &[]).unwrap_err();
    assert_eq!((error.kind, error.message.contains("push on beacon is not allowed")), (Kind::Gate, true), "{error}");
    let ctx = sides.context();
    let place = sides.place(&ctx, &desk);
    let git = place.git(&ctx);
    assert_eq!(send::queued(&place, &git).unwrap(), []);
    assert_eq!(fetch::fetch(&ctx, &place, &git, For::Look).unwrap(), None);
    assert_eq!(fetch::fetch(&ctx, &place, &git, For::Push).unwrap_err().kind, Kind::Gate);
    sides.configure(json!({"permissions": {"beacon": {"preset": "none"}}}));
    assert_eq!(fetch::fetch(&ctx, &place, &git, For::Look).unwrap_err().kind, Kind::Gate);
}

#[test]
fn what_the_other_side_changed_as_well_is_pulled_first() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.sends(&desk, "plan.md", "theirs\n");
    write(code.join(".claude/planning/PLAN.md"), "mine\n");
    let error = sides.push(&code, &[]).unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    assert!(error.message.contains("message 1 from Desktop changes .claude/planning/plan.md"), "{error}");
    let ctx = sides.context();
    let place = sides.place(&ctx, &code);
    let git = place.git(&ctx);
    assert_eq!(send::queued(&place, &git).unwrap(), []);
    // Another file is no matter, and a stranger keeps nobody from sending.
    assert_eq!(sides.sends(&code, "other.md", "x\n"), 2);
    sides.git(&desk, &["config", "user.email", "eve@example.org"]);
    sides.sends(&desk, "more.md", "theirs\n");
    assert_eq!(sides.sends(&code, "more.md", "mine\n"), 4);
    // Queued while nobody could know of it: it waits then.
    let url = sides.remote.to_str().unwrap();
    sides.git(&code, &["remote", "set-url", "origin", "/nowhere.git"]);
    write(code.join(".claude/planning/late.md"), "mine\n");
    assert!(sides.push(&code, &[".claude/planning/late.md"]).unwrap().sent.waits.is_some());
    sides.git(&desk, &["config", "user.email", "ann@example.org"]);
    sides.sends(&desk, "late.md", "theirs\n");
    sides.git(&code, &["remote", "set-url", "origin", url]);
    let sent = send::drain(&ctx, &place, &git).unwrap();
    assert_eq!(sent.waits.unwrap().kind, Kind::Conflict);
    sides.takes_in(&code, 5);
    let sent = send::drain(&ctx, &place, &git).unwrap();
    assert_eq!((sent.waits, sent.messages.len(), sent.receipt), (None, 1, true));
}

#[test]
fn a_deletion_is_offered_only_where_it_is_named() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    sides.sends(&desk, "gone.md", "x\n");
    std::fs::remove_file(desk.join(".claude/planning/gone.md")).unwrap();
    let pushed = sides.push(&desk, &[]).unwrap();
    assert_eq!((pushed.files.len(), pushed.gone.as_slice()), (0, [".claude/planning/gone.md".to_owned()].as_slice()));
    let pushed = sides.push(&desk, &[".claude/planning/gone.md"]).unwrap();
    assert_eq!(pushed.deleted, [".claude/planning/gone.md"]);
    let message = sides.messages().pop().unwrap();
    assert!(message.files[0].deleted && message.files[0].base.is_some() && message.files[0].sha256.is_empty());
    assert_eq!(sides.git(&sides.remote, &["ls-tree", "--name-only", CHANNEL]), "beacon.md\nmanifest.json");
    let pushed = sides.push(&desk, &[]).unwrap();
    assert!(pushed.files.is_empty() && pushed.gone.is_empty());
}

#[test]
fn a_message_to_oneself_waits_for_nobody_here_and_gets_no_receipt_from_here() {
    let sides = Sides::new();
    let (one, two) = (sides.side("one", "Code"), sides.side("two", "Code"));
    write(one.join(".claude/planning/a.md"), "a\n");
    let to = |to: &str| Ask { to: vec![to.into()], ..Ask::default() };
    sides.push_as(&one, &to("*")).unwrap();
    write(one.join(".claude/planning/a.md"), "b\n");
    assert_eq!(sides.push_as(&one, &to("Code")).unwrap().sent.messages[0].0, 2, "its own word is nothing unread");
    sides.takes_in(&one, 2);
    let ctx = sides.context();
    let place = sides.place(&ctx, &one);
    assert_eq!(send::drain(&ctx, &place, &place.git(&ctx)).unwrap(), send::Sent::default());
    // The other clone of the same name is somebody else.
    write(two.join(".claude/planning/a.md"), "c\n");
    assert_eq!(sides.push(&two, &[]).unwrap_err().kind, Kind::Conflict);
    sides.takes_in(&two, 2);
    let place = sides.place(&ctx, &two);
    assert!(send::drain(&ctx, &place, &place.git(&ctx)).unwrap().receipt);
    assert_eq!(sides.at_the_end("beacon.md"), block::template());
}

#[test]
fn two_linked_working_trees_are_two_sides() {
    let sides = Sides::new();
    let main = sides.side("main", "Desktop");
    let linked = sides.path("linked");
    sides.git(&main, &["worktree", "add", "-q", "-b", "topic", linked.to_str().unwrap()]);
    let ctx = sides.context();
    let at = claude_craft::locate::locate(&linked).unwrap();
    assert_eq!(claude_craft::ops::beacon::place::identity(&ctx, &at).unwrap(), None);
    sides.join(&linked, "Code");
    sides.sends(&main, "plan.md", "x\n");
    let place = sides.place(&ctx, &linked);
    let git = place.git(&ctx);
    assert_eq!(chain::known(&place, &git).unwrap(), None, "what one has seen the other has not");
    assert_eq!(fetch::fetch(&ctx, &place, &git, For::Pull).unwrap().unwrap().manifest.seq, 1);
    sides.sends(&linked, "answer.md", "y\n");
    assert_eq!(
        sides.messages().iter().map(|m| m.direction.as_str()).collect::<Vec<_>>(),
        ["Desktop→Code", "Code→Desktop"]
    );
    assert_eq!(sides.git(&linked, &["status", "--porcelain", "-uall"]), "?? .claude/planning/answer.md");
}

#[test]
fn an_end_that_is_nobodys_is_an_error_and_the_log_still_shows_it() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.sends(&desk, "a.md", "x\n");
    let hostile = [
        (r#"{"version":1,"channel":"main","seq":18446744073709551615,"receipt":{}}"#, "too high"),
        (r#"{"version":1,"channel":"other","seq":2,"receipt":{}}"#, "of channel other"),
        (r#"{"version":9}"#, "update claude-craft"),
        ("{", "broken"),
    ];
    let ctx = sides.context();
    let place = sides.place(&ctx, &code);
    let git = place.git(&ctx);
    for (text, why) in hostile {
        let mut command = sides.command("git", &sides.remote);
        command.args(["hash-object", "-w", "--stdin"]);
        let blob = sides.run(command, text.as_bytes()).ok().stdout;
        let mut command = sides.command("git", &sides.remote);
        command.args(["mktree"]);
        let tree = sides.run(command, format!("100644 blob {}\tmanifest.json\n", blob.trim()).as_bytes()).ok().stdout;
        let commit = sides.git(&sides.remote, &["commit-tree", tree.trim(), "-p", CHANNEL, "-m", "x"]);
        sides.git(&sides.remote, &["update-ref", CHANNEL, &commit]);
        let error = fetch::fetch(&ctx, &place, &git, For::Look).unwrap_err();
        assert!(error.message.contains("none of ours") && error.message.contains(why), "{error}");
        let links = log::log(&ctx, &place, 1).unwrap();
        assert!(links[0].manifest.as_ref().unwrap_err().contains(why), "{links:?}");
        // What is not understood costs nobody a message.
        write(code.join(".claude/planning/b.md"), "y\n");
        assert!(sides.push(&code, &[]).unwrap().sent.waits.is_some());
    }
    assert_eq!(send::queued(&place, &git).unwrap().len(), 1, "queued once, however often it is tried");
    let ids: Vec<_> = send::queued(&place, &git).unwrap().into_iter().map(|q| q.message.id).collect();
    assert_eq!(send::unqueue(&place, &git, &ids).unwrap().len(), 1);
    assert_eq!(send::queued(&place, &git).unwrap(), []);
}

#[test]
fn a_channel_that_was_taken_away_goes_on_with_its_numbers_and_without_its_commits() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.sends(&desk, "a.md", "x\n");
    sides.sends(&desk, "b.md", "x\n");
    let ctx = sides.context();
    let place = sides.place(&ctx, &code);
    let git = place.git(&ctx);
    let old = fetch::fetch(&ctx, &place, &git, For::Pull).unwrap().unwrap();
    sides.git(&sides.remote, &["update-ref", "-d", CHANNEL]);
    assert_eq!(fetch::fetch(&ctx, &place, &git, For::Pull).unwrap(), None);
    assert_eq!(sides.sends(&desk, "c.md", "x\n"), 3);
    assert_eq!(sides.chain(CHANNEL).len(), 1);
    let tip = fetch::fetch(&ctx, &place, &git, For::Pull).unwrap().unwrap();
    let links = chain::since(&place, &git, Some(&old.commit), &tip.commit).unwrap();
    assert_eq!(links.iter().map(|l| l.numbered().unwrap().0).collect::<Vec<_>>(), [3]);
}

#[test]
fn only_known_authors_count_and_a_signature_where_one_is_asked_for() {
    let sides = Sides::new();
    let code = sides.side("code", "Code");
    let ctx = sides.context();
    let author = |email: &str, signature| {
        let (name, signer) = ("x".into(), email.into());
        authors::Author { name, email: email.into(), signature, signer, ..authors::Author::default() }
    };
    let judge = |email: &str, signature| {
        let place = sides.place(&ctx, &code);
        authors::accepts(&place, &place.git(&ctx), &author(email, signature)).unwrap()
    };
    assert_eq!(judge("Ann@Example.org", 'N'), Ok(()));
    assert!(judge("eve@example.org", 'N').unwrap_err().contains("eve@example.org is not among"));
    assert!(judge("", 'G').is_err());
    sides.configure(json!({"beacon": {"authors": ["bob@example.org"], "requireSignature": true}}));
    assert_eq!(judge("bob@example.org", 'G'), Ok(()));
    assert!(judge("bob@example.org", 'N').unwrap_err().contains("not signed"));
    assert!(judge("bob@example.org", 'B').unwrap_err().contains("is wrong"));
    assert!(judge("eve@example.org", 'G').is_err());
}

#[test]
fn a_message_is_signed_where_commits_are_and_where_it_cannot_be_nothing_stays_behind() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    sides.git(&desk, &["config", "gpg.format", "ssh"]);
    let mut command = sides.command("ssh-keygen", sides.root());
    command.args(["-q", "-t", "ed25519", "-N", "", "-f", "key"]);
    sides.run(command, b"").ok();
    sides.git(&desk, &["config", "user.signingKey", sides.path("key").to_str().unwrap()]);
    write(desk.join(".claude/planning/a.md"), "a\n");
    sides.configure(json!({"beacon": {"requireSignature": true}}));
    sides.push(&desk, &[]).unwrap();
    assert!(sides.git(&sides.remote, &["cat-file", "commit", CHANNEL]).contains("-----BEGIN SSH SIGNATURE-----"));
    let public = String::from_utf8(read(sides.path("key.pub"))).unwrap();
    write(sides.path("signers"), format!("ann@example.org {public}"));
    let ctx = sides.context();
    let verdict = || {
        let place = sides.place(&ctx, &desk);
        log::log(&ctx, &place, 1).unwrap()[0].author.signature
    };
    assert_ne!(verdict(), 'G');
    sides.git(&desk, &["config", "gpg.ssh.allowedSignersFile", sides.path("signers").to_str().unwrap()]);
    assert_eq!(verdict(), 'G');
    sides.git(&desk, &["config", "user.signingKey", "/nowhere"]);
    write(desk.join(".claude/planning/b.md"), "b\n");
    assert!(sides.push(&desk, &[]).unwrap_err().remedy.unwrap().contains("git commit"));
    let place = sides.place(&ctx, &desk);
    assert_eq!(send::queued(&place, &place.git(&ctx)).unwrap(), []);
}

#[test]
fn a_status_proposes_nothing_that_the_permissions_refuse() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.sends(&desk, "a.md", "one\n");
    write(code.join(".claude/planning/b.md"), "b\n");
    let status = |overrides: serde_json::Value| {
        sides.configure(json!({"permissions": {"beacon": {"overrides": overrides}}}));
        sides.craft(&code, &["beacon", "status"]).ok().stdout
    };
    assert!(status(json!({})).ends_with("next: craft beacon pull\nnext: craft beacon push\n"));
    let told = status(json!({"push": false, "pull": false}));
    for operation in ["push", "pull"] {
        let note = format!("\nnote: {operation} on beacon is not allowed: ");
        assert!(told.contains(&note) && !told.contains("next: "), "{told}");
    }
    // That it may not be asked says nothing of where the remote is.
    let told = status(json!({"read": false}));
    assert!(told.contains("\nNOT ASKED: read on beacon is not allowed: ") && !told.contains("OFFLINE"), "{told}");
    assert!(!sides.craft(&code, &["doctor"]).stdout.contains("out of reach"));
}

#[test]
fn who_only_sends_does_not_read_the_whole_channel_each_time_and_looks_past_nothing_that_is_for_them() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    let ctx = sides.context();
    let place = sides.place(&ctx, &desk);
    let position = || applied::read(&place, &place.git(&ctx)).unwrap().state.position;
    let end = || Some(sides.git(&sides.remote, &["rev-parse", CHANNEL]));
    for text in ["one\n", "two\n"] {
        sides.sends(&desk, "a.md", text);
        assert_eq!(position(), end());
    }
    let before = end();
    sides.sends(&code, "b.md", "x\n");
    sides.sends(&desk, "c.md", "x\n");
    assert_eq!(position(), before);
    let pulled = pull::pull(&ctx, &place, false).unwrap();
    assert_eq!(pulled.messages.iter().map(|m| m.seq).collect::<Vec<_>>(), [3]);
    assert_eq!(pull::pull(&ctx, &sides.place(&ctx, &code), false).unwrap().messages.len(), 3);
}
