//! Remotes as they are: far away, gone, picky, large, behind a password, and cut off in the middle of an answer.

use std::path::Path;

use claude_craft::ops::beacon::chain;
use claude_craft::ops::beacon::fetch::{self, For};
use claude_craft::ops::beacon::{send, status, watch};
use claude_craft::ops::error::Kind;
use serde_json::json;

use crate::beacon_shown::{drained, queued};
use crate::common::{FakeGit, HttpGit, Rule, Sides, read, script, wait_until, write};

const CHANNEL: &str = "refs/craft/beacons/main";
const BRANCH: &str = "refs/heads/craft/beacons/main";

/// The first line of a file of packed refs.
const HEADER: &str = "# pack-refs with: peeled fully-peeled sorted\n";

#[test]
fn a_look_beside_another_one_is_not_taken_for_a_remote_that_is_away() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.sends(&desk, "a.md", "one\n");
    // A watcher has moved the ref since this git has read it.
    let moved = "error: cannot lock ref 'refs/craft/beacon/x/main/seen': is at 1 but expected 2";
    let fake = FakeGit::install(&sides, &[Rule::fail(" fetch ", 1, moved).nth(1)]);
    let told = sides.craft(&code, &["beacon", "status"]).ok().stdout;
    assert_eq!(fake.calls(" fetch ").len(), 2);
    assert!(told.starts_with("UPDATE_AVAILABLE: 1 file ") && !told.contains("OFFLINE"), "{told}");
}

#[test]
fn what_cannot_be_sent_waits_says_why_and_goes_out_later_in_order() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    let away = sides.path("away.git");
    std::fs::rename(&sides.remote, &away).unwrap();
    for (n, text) in ["one\n", "two\n", "three\n"].iter().enumerate() {
        write(desk.join(".claude/planning/a.md"), text);
        let pushed = sides.push(&desk, &[]).unwrap();
        assert_eq!(pushed.files.len(), 1, "a version that waits is one that was sent");
        assert!(pushed.sent.waits.unwrap().message.starts_with("origin cannot be asked: "));
        assert!(sides.push(&desk, &[]).unwrap().files.is_empty());
        assert_eq!(queued(&sides, &desk), n + 1);
    }
    std::fs::rename(&away, &sides.remote).unwrap();
    let sent = drained(&sides, &desk);
    assert_eq!((sent.messages.iter().map(|m| m.0).collect::<Vec<_>>(), sent.tries), (vec![1, 2, 3], 1));
    let messages = sides.messages();
    let bases: Vec<_> = messages.iter().map(|m| m.files[0].base.clone()).collect();
    let blob = |back: u8| {
        let name = format!("{CHANNEL}~{back}:files/.claude/planning/a.md");
        Some(sides.git(&sides.remote, &["rev-parse", &name]))
    };
    assert_eq!(bases, [None, blob(2), blob(1)], "each was edited from the one before");
    assert_eq!((queued(&sides, &desk), drained(&sides, &desk)), (0, send::Sent::default()));
    assert!(sides.push(&desk, &[]).unwrap().files.is_empty());
}

#[test]
fn without_a_remote_there_is_nothing_to_wait_for() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    write(desk.join(".claude/planning/a.md"), "x\n");
    sides.configure(json!({"beacon": {"remote": "--upload-pack=touch x"}}));
    assert!(sides.push(&desk, &[]).unwrap_err().message.contains("there is no remote"));
    sides.configure(json!({"beacon": {"remote": null}}));
    sides.git(&desk, &["remote", "remove", "origin"]);
    let error = sides.push(&desk, &[]).unwrap_err();
    assert!(error.remedy.unwrap().contains("git remote add"));
}

#[test]
fn where_the_namespace_is_refused_branches_carry_the_messages_and_that_is_remembered() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    let ctx = sides.context();
    assert_eq!(
        fetch::fetch(&ctx, &sides.place(&ctx, &code), &sides.place(&ctx, &code).git(&ctx), For::Look).unwrap(),
        None
    );
    script(
        sides.remote.join("hooks/update"),
        &format!("echo \"$1\" >> '{}'; case $1 in refs/craft/*) exit 1;; esac", sides.path("asked").display()),
    );
    let asked = || String::from_utf8(read(sides.path("asked"))).unwrap();
    write(desk.join(".claude/planning/a.md"), "x\n");
    let pushed = sides.push(&desk, &[]).unwrap();
    assert_eq!((pushed.sent.messages.len(), pushed.sent.tries), (1, 2));
    assert_eq!(asked(), format!("{CHANNEL}\n{BRANCH}\n"));
    let place = sides.place(&ctx, &desk);
    assert_eq!(place.identity.branches.keys().collect::<Vec<_>>(), [sides.remote.to_str().unwrap()]);
    write(desk.join(".claude/planning/a.md"), "y\n");
    assert_eq!(sides.push(&desk, &[]).unwrap().sent.tries, 1);
    assert_eq!(asked().lines().count(), 3, "it is not asked again");

    // A reader who never heard of it finds it, and answers there.
    let place = sides.place(&ctx, &code);
    assert_eq!(fetch::fetch(&ctx, &place, &place.git(&ctx), For::Pull).unwrap().unwrap().manifest.seq, 2);
    write(code.join(".claude/planning/b.md"), "z\n");
    assert_eq!(sides.push(&code, &[]).unwrap().sent.tries, 1);
    assert_eq!(sides.chain(BRANCH).len(), 3);
    let left = sides.git(&code, &["for-each-ref", "--format=%(refname)", "refs/craft"]);
    assert!(left.lines().all(|l| l.ends_with("/seen") || l.ends_with("/applied")), "{left}");
}

#[test]
fn a_channel_that_others_have_begun_is_found_where_only_branches_were_taken_once() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    let hook = sides.remote.join("hooks/update");
    script(&hook, "case $1 in refs/craft/*) exit 1;; esac");
    sides.sends(&desk, "a.md", "x\n");
    // Now the server takes it, and somebody who has never sent anything begins another channel.
    std::fs::remove_file(hook).unwrap();
    for (clone, name) in [(&code, "b.md"), (&desk, "c.md")] {
        write(clone.join(".claude/planning").join(name), "x\n");
        sides.craft(clone, &["beacon", "push", "--channel", "draft", &format!(".claude/planning/{name}")]).ok();
    }
    let there = sides.git(&sides.remote, &["for-each-ref", "--format=%(refname)", "refs/**/draft"]);
    assert_eq!(there, "refs/craft/beacons/draft", "one chain for both");
    assert_eq!(sides.chain(&there).len(), 2);
    // The other one goes on as it is.
    sides.sends(&desk, "a.md", "y\n");
    assert_eq!(sides.chain(BRANCH).len(), 2);
}

#[test]
fn a_remote_that_takes_nothing_at_all_says_so_and_nothing_wrong_is_remembered() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    script(sides.remote.join("hooks/pre-receive"), "echo 'quota is used up' >&2; exit 1");
    write(desk.join(".claude/planning/a.md"), "x\n");
    let waits = sides.push(&desk, &[]).unwrap().sent.waits.unwrap();
    assert!(waits.message.contains("refused the message") && waits.message.contains("quota"), "{waits}");
    let ctx = sides.context();
    assert!(sides.place(&ctx, &desk).identity.branches.is_empty());
    std::fs::remove_file(sides.remote.join("hooks/pre-receive")).unwrap();
    assert_eq!(drained(&sides, &desk).messages.len(), 1);
    assert_eq!(sides.messages().len(), 1);
    // A channel that is there is not split in two by a rule that comes later.
    script(sides.remote.join("hooks/update"), "case $1 in refs/craft/*) exit 1;; esac");
    write(desk.join(".claude/planning/a.md"), "y\n");
    assert!(sides.push(&desk, &[]).unwrap().sent.waits.unwrap().message.contains("refused the message"));
    assert_eq!(sides.git(&sides.remote, &["for-each-ref", "refs/heads/craft"]), "");
}

#[test]
fn a_look_at_a_remote_with_twenty_thousand_refs_costs_less_than_16_kilobytes() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    let main = sides.git(&sides.remote, &["rev-parse", "main"]);
    let packed: String = (0..20_000).map(|n| format!("{main} refs/heads/topic/{n:05}\n")).collect();
    write(sides.remote.join("packed-refs"), format!("{HEADER}{packed}"));
    assert_eq!(sides.git(&sides.remote, &["for-each-ref", "--format=x"]).lines().count(), 20_001);
    // Everything that goes over the line, in both directions.
    let (up, down) = (sides.path("up"), sides.path("down"));
    let counting = format!("tee -a '{}' | git-upload-pack \"$@\" | tee -a '{}'", up.display(), down.display());
    script(sides.path("counting"), &counting);
    let ctx = sides.context();
    let cost = |clone: &Path| {
        sides.git(clone, &["config", "remote.origin.uploadpack", sides.path("counting").to_str().unwrap()]);
        let _ = (std::fs::remove_file(&up), std::fs::remove_file(&down));
        let place = sides.place(&ctx, clone);
        let tip = fetch::fetch(&ctx, &place, &place.git(&ctx), For::Look).unwrap();
        (tip.map(|t| t.manifest.seq), read(&up).len() + read(&down).len())
    };
    // The reader has all of these branches too: none of them is told.
    write(code.join(".git/packed-refs"), format!("{HEADER}{}", packed.replace("refs/heads/", "refs/remotes/origin/")));
    assert_eq!(sides.git(&code, &["for-each-ref", "--format=x", "refs/remotes/origin/topic"]).lines().count(), 20_000);
    let (nothing, first) = cost(&code);
    assert_eq!(nothing, None);
    sides.sends(&desk, "a.md", "x\n");
    let (one, new) = cost(&code);
    let (same, idle) = cost(&code);
    assert_eq!((one, same), (Some(1), Some(1)));
    eprintln!("bytes: never seen {first}, new message {new}, idle {idle}");
    assert!(first < 16_000 && new < 16_000 && idle < 16_000, "never seen {first}, new {new}, idle {idle}");
}

#[test]
fn a_server_that_dies_after_it_took_the_push_does_not_get_it_twice() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    script(sides.remote.join("hooks/post-receive"), "kill -9 $PPID");
    write(desk.join(".claude/planning/a.md"), "x\n");
    let pushed = sides.push(&desk, &[]).unwrap();
    assert_eq!((pushed.sent.messages.len(), pushed.sent.waits, pushed.sent.tries), (1, None, 1));
    assert_eq!((sides.messages().len(), queued(&sides, &desk)), (1, 0));
    // It died before: nothing is there, so it is sent again, and not for ever.
    std::fs::remove_file(sides.remote.join("hooks/post-receive")).unwrap();
    script(sides.remote.join("hooks/pre-receive"), "kill -9 $PPID");
    write(desk.join(".claude/planning/b.md"), "x\n");
    let pushed = sides.push(&desk, &[]).unwrap();
    assert_eq!((pushed.sent.waits.unwrap().kind, pushed.sent.tries), (Kind::Network, 3));
    std::fs::remove_file(sides.remote.join("hooks/pre-receive")).unwrap();
    assert_eq!(drained(&sides, &desk).messages[0].0, 2);
}

#[test]
fn over_http_a_password_is_never_asked_for_and_an_answer_that_is_lost_costs_nothing() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    let server = HttpGit::serve(sides.root());
    // Whoever would ask, asks here.
    script(sides.path("ask"), &format!("touch '{}'; sleep 1000", sides.path("was-asked").display()));
    for clone in [&desk, &code] {
        sides.git(clone, &["remote", "set-url", "origin", &server.url("remote.git")]);
        sides.git(clone, &["config", "core.askPass", sides.path("ask").to_str().unwrap()]);
    }
    for name in ["GIT_ASKPASS", "SSH_ASKPASS"] {
        sides.set(name, sides.path("ask"));
    }
    write(desk.join(".claude/planning/a.md"), "x\n");
    let waits = sides.push(&desk, &[]).unwrap().sent.waits.unwrap();
    assert!(waits.message.contains("password") && waits.message.len() < 200, "{waits}");
    assert!(waits.remedy.unwrap().contains("git fetch"));
    assert!(!sides.path("was-asked").exists());
    let ctx = sides.context();
    let place = sides.place(&ctx, &code);
    assert!(fetch::fetch(&ctx, &place, &place.git(&ctx), For::Look).is_err());

    // A helper that knows it.
    write(sides.home().join("passwords"), format!("http://ann:open%20sesame@{}\n", server.host()));
    let helper = format!("store --file={}", sides.home().join("passwords").display());
    sides.git(&desk, &["config", "--global", "credential.helper", &helper]);
    let sent = drained(&sides, &desk);
    assert_eq!((sent.messages.len(), sent.waits), (1, None));
    assert_eq!(fetch::fetch(&ctx, &place, &place.git(&ctx), For::Look).unwrap().unwrap().manifest.seq, 1);
    let bare = server.url("remote.git");
    assert!(!bare.contains("sesame") && !sides.diagnostics().contains("sesame"));

    // The push is carried out and the line is cut before the answer.
    server.cut_after_push(1);
    server.requests();
    assert_eq!(sides.sends(&desk, "b.md", "y\n"), 2);
    let pushes = server.requests().into_iter().filter(|r| r.starts_with("POST") && r.ends_with("git-receive-pack"));
    assert_eq!(pushes.count(), 1, "sent once");
    assert_eq!(sides.messages().len(), 2);

    // One request after another, and no list of refs, for a look with nothing new.
    server.open();
    server.requests();
    fetch::fetch(&ctx, &place, &place.git(&ctx), For::Look).unwrap();
    fetch::fetch(&ctx, &place, &place.git(&ctx), For::Look).unwrap();
    assert!(server.requests().len() <= 5, "at most two each, and one for what is new");
    assert!(!sides.path("was-asked").exists());
}

#[test]
fn a_partial_clone_and_a_shallow_one_read_whole_messages() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    sides.git(&sides.remote, &["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", sides.remote.display());
    for n in 0..3 {
        sides.sends(&desk, &format!("{n}.md"), "x\n");
    }
    for (name, how) in [("partial", "--filter=blob:none"), ("shallow", "--depth=1")] {
        sides.git(sides.root(), &["clone", "-q", how, &url, name]);
        let clone = sides.path(name);
        sides.join(&clone, "Code");
        let ctx = sides.context();
        let place = sides.place(&ctx, &clone);
        let git = place.git(&ctx);
        let tip = fetch::fetch(&ctx, &place, &git, For::Pull).unwrap().unwrap();
        let missing = sides.git(&clone, &["rev-list", "--objects", "--missing=print", &tip.commit]);
        assert!(!missing.contains('?'), "{name}: {missing}");
        assert_eq!(chain::since(&place, &git, None, &tip.commit).unwrap().len(), 3);
    }
}

#[test]
fn repositories_that_only_the_git_program_can_read_work_as_well() {
    let sides = Sides::with(&["--object-format=sha256"]);
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    for n in 0..3 {
        assert_eq!(sides.sends(&desk, &format!("{n}.md"), "x\n"), n + 1);
    }
    let ctx = sides.context();
    let place = sides.place(&ctx, &code);
    let git = place.git(&ctx);
    let tip = fetch::fetch(&ctx, &place, &git, For::Pull).unwrap().unwrap();
    assert_eq!(tip.commit.len(), 64);
    let links = chain::since(&place, &git, None, &tip.commit).unwrap();
    assert_eq!(links.iter().map(|l| l.numbered().unwrap().0).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(links[0].author.email, "ann@example.org");
    assert_eq!(chain::since(&place, &git, Some(&links[0].commit), &tip.commit).unwrap(), links[1..]);
    sides.takes_in(&code, 3);
    assert!(send::drain(&ctx, &place, &git).unwrap().receipt);
    assert_eq!(sides.sends(&desk, "0.md", "y\n"), 4);
}

#[test]
fn a_push_whose_end_nobody_heard_is_tried_three_times_and_nothing_goes_out_twice() {
    const PUSH: &str = " push --porcelain ";
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    let lost = |nth| Rule::fail(PUSH, 128, "fatal: the remote end hung up unexpectedly").nth(nth);
    let applied = Rule { when: PUSH, nth: 1, action: "kill-after", ..Rule::default() };
    let git = FakeGit::install(&sides, &[applied, lost(2), lost(3), lost(4)]);
    let push = |name: &str| {
        write(desk.join(".claude/planning").join(name), "x\n");
        sides.craft(&desk, &["beacon", "push"])
    };
    push("a.md").ok();
    assert_eq!((git.calls(PUSH).len(), sides.messages().len()), (1, 1), "it is there, so it is not sent again");
    let ran = push("b.md");
    assert_eq!((ran.code, git.calls(PUSH).len(), sides.messages().len()), (6, 4, 1), "{}", ran.stderr);
    assert_eq!(queued(&sides, &desk), 1);
    sides.craft(&desk, &["beacon", "queue", "send"]).ok();
    assert_eq!((git.calls(PUSH).len(), queued(&sides, &desk)), (5, 0));
    let paths: Vec<_> = sides.messages().into_iter().map(|m| m.files[0].path.clone()).collect();
    assert_eq!(paths, [".claude/planning/a.md", ".claude/planning/b.md"]);
}

#[test]
fn of_two_commands_that_send_at_once_one_sends_for_both_and_each_says_what_went_out() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    let (held, go) = (sides.path("held"), sides.path("go"));
    let wait = format!("touch '{}'; while [ ! -e '{}' ]; do sleep 0.05; done", held.display(), go.display());
    let git = FakeGit::install(&sides, &[Rule { nth: 1, ..Rule::before(" push --porcelain ", wait) }]);
    let push = |name: &str| {
        let path = format!(".claude/planning/{name}");
        write(desk.join(&path), "x\n");
        let mut command = sides.command(env!("CARGO_BIN_EXE_craft"), &desk);
        command.args(["beacon", "push", "--json", &path]).stdout(std::process::Stdio::piped());
        command.spawn().unwrap()
    };
    let first = push("a.md");
    wait_until("it sends", || held.exists());
    let second = push("b.md");
    wait_until("both are queued", || queued(&sides, &desk) == 2);
    write(&go, "");
    let numbers = |child: std::process::Child| -> Vec<u64> {
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{ended:?}");
        let told: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
        told["sent"]["messages"].as_array().unwrap().iter().map(|m| m["seq"].as_u64().unwrap()).collect()
    };
    assert_eq!((numbers(first), numbers(second)), (vec![1, 2], vec![2]));
    assert_eq!((sides.messages().len(), queued(&sides, &desk), git.calls(" push --porcelain ").len()), (2, 0, 2));
}

#[test]
fn a_folder_that_is_not_there_is_offline_and_one_without_a_repository_is_a_fault() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    sides.sends(&desk, "a.md", "x\n");
    let away = sides.path("away.git");
    std::fs::rename(&sides.remote, &away).unwrap();
    write(desk.join(".claude/planning/b.md"), "x\n");
    let ran = sides.craft(&desk, &["beacon", "push"]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(ran.stderr.contains("remote.git is not there") || ran.stdout.contains("remote.git is not there"));
    let ctx = sides.context();
    let place = sides.place(&ctx, &desk);
    let look = watch::look(&ctx, &place, true, true).unwrap();
    assert!(look.offline.unwrap().contains("is not there") && look.waiting.offline_since > 0);
    assert!(status::status(&ctx, &place, true).unwrap().offline.unwrap().contains("is not there"));
    assert_eq!(sides.craft(&desk, &["beacon", "status", "--exit-code"]).code, 6);
    assert_eq!(sides.craft(&desk, &["beacon", "queue", "send"]).code, 6);

    // Something else lies there: that does not pass by itself.
    std::fs::create_dir(&sides.remote).unwrap();
    assert_eq!(sides.craft(&desk, &["beacon", "queue", "send"]).code, 1);
    assert!(watch::look(&ctx, &place, false, false).is_err());
    std::fs::remove_dir(&sides.remote).unwrap();
    std::fs::rename(&away, &sides.remote).unwrap();
    let look = watch::look(&ctx, &place, true, true).unwrap();
    assert_eq!((look.offline, look.sent.unwrap().messages.len(), queued(&sides, &desk)), (None, 1, 0));
}

#[test]
fn hooks_of_the_user_do_not_run_and_those_of_the_remote_do() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    let (ran, heard) = (sides.path("ran"), sides.path("heard"));
    let others = sides.path("hooks");
    std::fs::create_dir(&others).unwrap();
    for folder in [desk.join(".git/hooks"), others.clone()] {
        for hook in ["reference-transaction", "pre-push", "post-update", "post-index-change", "pre-commit"] {
            script(folder.join(hook), &format!("echo {hook} >> '{}'; exit 1", ran.display()));
        }
    }
    sides.git(&code, &["config", "core.hooksPath", others.to_str().unwrap()]);
    let theirs = ["pre-receive", "update", "reference-transaction", "post-receive"];
    for hook in theirs {
        script(sides.remote.join("hooks").join(hook), &format!("echo {hook} >> '{}'", heard.display()));
    }
    for (from, to) in [(&desk, &code), (&code, &desk)] {
        sides.sends(from, "plan.md", &format!("{}\n", from.display()));
        sides.craft(to, &["beacon", "pull"]).ok();
    }
    assert!(!ran.exists(), "{}", String::from_utf8_lossy(&read(&ran)));
    let heard = String::from_utf8(read(heard)).unwrap();
    assert!(theirs.iter().all(|hook| heard.contains(hook)), "{heard}");
    // What is done to the user's own index, and by the user, is heard of.
    let hears = |clone: &Path, what: &dyn Fn(&Path), hook: &str| {
        let _ = std::fs::remove_file(&ran);
        what(clone);
        assert!(String::from_utf8(read(&ran)).unwrap().contains(hook), "{hook}");
    };
    for clone in [&desk, &code] {
        write(clone.join(".claude/prompts/old.md"), "x\n");
        sides.git(clone, &["add", ".claude/prompts/old.md"]);
        let moves = |clone: &Path| drop(sides.craft(clone, &["beacon", "init", "--migrate-prompts"]).ok());
        hears(clone, &moves, "post-index-change");
        let commits = |clone: &Path| {
            let mut command = sides.command("git", clone);
            command.args(["commit", "-qm", "x"]);
            assert_ne!(sides.run(command, b"").code, 0);
        };
        hears(clone, &commits, "pre-commit");
    }
}
