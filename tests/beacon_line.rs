//! Several commands of one working tree at once: what one does is not undone, hidden or blamed on another.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::thread::{ScopedJoinHandle, scope};

use claude_craft::beacon::manifest::File;
use claude_craft::context::Context;
use claude_craft::env::Env;
use claude_craft::ops::beacon::fetch::{self, For};
use claude_craft::ops::beacon::push::{self, Ask, Pushed};
use claude_craft::ops::beacon::send::{self, Draft, Sent};
use claude_craft::ops::beacon::{Place, applied, chain};
use claude_craft::ops::error::{Kind, OpError};
use claude_craft::queue::Trigger;
use claude_craft::state::beacon::Identity;
use claude_craft::state::file::StateFile;
use serde_json::json;

use crate::common::{Sides, script, wait_until, write};

const X: &str = ".claude/planning/x.md";
const CHANNEL: &str = "refs/craft/beacons/main";

/// A program that says that it was called, and goes on when it is told to.
struct Halt {
    asked: PathBuf,
    go: PathBuf,
}

impl Halt {
    /// As the program `name`, which does `then`.
    fn new(sides: &Sides, name: &str, then: &str) -> Self {
        let [asked, go] = ["asked", "go"].map(|what| sides.path(&format!("{name}.{what}")));
        let wait = format!(
            "[ -e '{1}.all' ] || {{ touch '{0}'; until [ -e '{1}' ]; do sleep 0.02; done; rm -f '{0}' '{1}'; }}",
            asked.display(),
            go.display(),
        );
        script(sides.path(name), &then.replace("HALT", &wait));
        Self { asked, go }
    }

    /// Of the program that takes pushes to the remote of `clone`.
    fn receiving(sides: &Sides, clone: &Path) -> Self {
        let halt = Self::new(sides, "receive", "HALT\nexec git receive-pack \"$@\"");
        sides.git(clone, &["config", "remote.origin.receivepack", sides.path("receive").to_str().unwrap()]);
        halt
    }

    #[track_caller]
    fn reached(&self) {
        wait_until("it is called", || self.asked.exists());
    }

    /// Lets this call go on.
    fn once(&self) {
        write(&self.go, "");
        wait_until("it goes on", || !self.asked.exists());
    }

    /// Lets this call go on and all that come.
    fn open(&self) {
        write(format!("{}.all", self.go.display()), "");
        write(&self.go, "");
    }
}

type Vars = Vec<(OsString, OsString)>;

fn vars(sides: &Sides) -> Vars {
    let command = sides.command("true", sides.root());
    command.get_envs().filter_map(|(n, v)| Some((n.to_owned(), v?.to_owned()))).collect()
}

fn place(vars: Vars, clone: &Path) -> (Context, Place) {
    let ctx = Context::new(Env::from_pairs(vars)).unwrap();
    let place = Place::find(&ctx, clone, None, Trigger::Manual).unwrap();
    (ctx, place)
}

/// A push of one file, beside the test.
fn pushes<'s>(
    scope: &'s std::thread::Scope<'s, '_>,
    sides: &Sides,
    clone: &'s Path,
    file: &str,
) -> ScopedJoinHandle<'s, Result<Pushed, OpError>> {
    let (vars, file) = (vars(sides), file.to_owned());
    scope.spawn(move || {
        let (ctx, place) = place(vars, clone);
        push::push(&ctx, &place, &Ask { files: vec![file], ..Ask::default() })
    })
}

/// How many messages wait here.
fn waiting(sides: &Sides, clone: &Path) -> usize {
    let (ctx, place) = place(vars(sides), clone);
    send::queued(&place, &place.git(&ctx)).unwrap().len()
}

fn file(clone: &Path, name: &str, text: &str) -> String {
    let path = format!(".claude/planning/{name}");
    write(clone.join(&path), text);
    path
}

fn numbers(sent: &Sent) -> Vec<u64> {
    sent.messages.iter().map(|(seq, _)| *seq).collect()
}

/// Has commits signed with a key of its own.
fn signs(sides: &Sides, clone: &Path) -> PathBuf {
    let key = sides.path("key");
    let mut command = sides.command("ssh-keygen", sides.root());
    command.args(["-q", "-t", "ed25519", "-N", "", "-f", "key"]);
    sides.run(command, b"").ok();
    for (name, value) in [("gpg.format", "ssh"), ("user.signingKey", key.to_str().unwrap()), ("commit.gpgSign", "true")]
    {
        sides.git(clone, &["config", name, value]);
    }
    key
}

#[test]
fn looks_at_a_new_channel_from_two_commands_are_not_in_each_others_way() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.sends(&desk, "a.md", "a\n");
    let (ctx, here) = place(vars(&sides), &code);
    let git = here.git(&ctx);
    // Of a look that was killed.
    let left = format!("{}-4294967295-00000001-branch-", here.seen());
    sides.git(&code, &["update-ref", &left, "HEAD"]);
    // A fetch is over, and what it brought is not looked at yet.
    let halt = Halt::new(&sides, "git", "git \"$@\"\ncode=$?\ncase \" $* \" in *' fetch '*) HALT ;; esac\nexit $code");
    sides.set("CRAFT_GIT", sides.path("git"));
    let slow = vars(&sides);
    sides.unset("CRAFT_GIT");
    let found = scope(|scope| {
        let found = scope.spawn(|| {
            let (ctx, place) = place(slow, &code);
            fetch::fetch(&ctx, &place, &place.git(&ctx), For::Look)
        });
        halt.reached();
        let sent = sides.sends(&code, "b.md", "b\n");
        assert_eq!(sent, 2);
        halt.open();
        found.join().unwrap()
    });
    assert_eq!(found.unwrap().map(|tip| tip.manifest.seq), Some(2), "it is not gone");
    assert_eq!(chain::known(&here, &git).unwrap().unwrap().manifest.seq, 2, "what was known is not set back");
    let refs = sides.git(&code, &["for-each-ref", "--format=%(refname)", "refs/craft/beacon"]);
    assert!(!refs.contains("/seen-"), "{refs}");
}

#[test]
fn what_was_queued_meanwhile_and_may_not_go_is_no_matter_of_a_push_that_is_out() {
    for clash in [false, true] {
        let sides = Sides::new();
        let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
        let key = signs(&sides, &desk);
        sides.sends(&code, "b.md", "theirs\n");
        if !clash {
            sides.takes_in(&desk, 1);
        }
        let halt = Halt::receiving(&sides, &desk);
        let (a, b) = (file(&desk, "a.md", "a\n"), file(&desk, "b.md", "mine\n"));
        let (first, second) = scope(|scope| {
            let first = pushes(scope, &sides, &desk, &a);
            halt.reached();
            let second = pushes(scope, &sides, &desk, &b);
            wait_until("it is queued", || waiting(&sides, &desk) == 2);
            if !clash {
                std::fs::rename(&key, sides.path("away")).unwrap();
            }
            halt.open();
            (first.join().unwrap().unwrap(), second.join().unwrap().unwrap_err())
        });
        assert_eq!((first.sent.messages.len(), &first.sent.waits), (1, &None), "{clash}: {first:?}");
        assert_eq!(second.kind == Kind::Conflict, clash, "{second}");
        assert_eq!(waiting(&sides, &desk), 0, "{clash}");
        assert_eq!(sides.messages().len(), 2);
    }
}

#[test]
fn what_was_edited_from_a_message_that_is_taken_back_goes_out_as_edited_from_what_both_have() {
    for removed in [true, false] {
        let sides = Sides::new();
        let desk = sides.side("desk", "Desktop");
        let key = signs(&sides, &desk);
        sides.sends(&desk, "x.md", "1\n");
        let (ctx, here) = place(vars(&sides), &desk);
        let git = here.git(&ctx);
        let known = applied::read(&here, &git).unwrap().files[X].clone();
        let halt = Halt::new(&sides, "upload", "HALT\nexec git upload-pack \"$@\"");
        sides.git(&desk, &["config", "remote.origin.uploadpack", sides.path("upload").to_str().unwrap()]);
        write(desk.join(X), "2\n");
        let failed = scope(|scope| {
            let first = pushes(scope, &sides, &desk, X);
            halt.reached();
            let (second, third) = ("2\n", "3\n");
            write(sides.path("third"), third);
            let object = sides.git(&desk, &["hash-object", "-w", sides.path("third").to_str().unwrap()]);
            write(sides.path("second"), second);
            let base = sides.git(&desk, &["hash-object", sides.path("second").to_str().unwrap()]);
            let mut next = File { path: X.into(), base: Some(base), deleted: removed, ..File::default() };
            if removed {
                std::fs::remove_file(desk.join(X)).unwrap();
            } else {
                write(desk.join(X), third);
                next.mode = "100644".into();
                next.size = 2;
                next.sha256 = claude_craft::digest::sha256(third.as_bytes());
            }
            let draft = Draft {
                to: vec!["Code".into()],
                note: "x".into(),
                files: vec![(next, (!removed).then_some(object))],
                ..Draft::default()
            };
            let guard = here.lock(&ctx).unwrap();
            send::enqueue(&ctx, &here, &git, draft).unwrap();
            drop(guard);
            std::fs::rename(&key, sides.path("away")).unwrap();
            halt.open();
            first.join().unwrap()
        });
        assert!(failed.is_err(), "{failed:?}");
        std::fs::rename(sides.path("away"), &key).unwrap();
        let sent = send::drain(&ctx, &here, &git).unwrap();
        assert_eq!((numbers(&sent), &sent.waits), (vec![2], &None), "{removed}");
        assert_eq!(sides.messages()[1].files[0].base.as_ref(), Some(&known.blob));
        let (changed, gone) = push::changed(&ctx, &here).unwrap();
        assert_eq!((changed.len(), gone.len()), (0, 0), "{removed}");
    }
}

#[test]
fn where_the_remote_is_gone_when_it_is_a_messages_turn_nothing_of_it_stays() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    sides.sends(&desk, "x.md", "1\n");
    let halt = Halt::receiving(&sides, &desk);
    let (a, b) = (file(&desk, "a.md", "a\n"), file(&desk, "b.md", "b\n"));
    scope(|scope| {
        let first = pushes(scope, &sides, &desk, &a);
        halt.reached();
        let second = pushes(scope, &sides, &desk, &b);
        wait_until("it is queued", || waiting(&sides, &desk) == 2);
        sides.git(&desk, &["remote", "remove", "origin"]);
        halt.open();
        let first = first.join().unwrap().unwrap();
        assert_eq!((numbers(&first.sent), &first.sent.waits), (vec![2], &None));
        assert!(second.join().unwrap().unwrap_err().message.contains("no remote origin"));
    });
    assert_eq!(waiting(&sides, &desk), 0);
}

#[test]
fn a_message_that_was_sent_or_dropped_while_its_command_waited_is_said_to_be() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    sides.sends(&desk, "x.md", "1\n");
    let (ctx, here) = place(vars(&sides), &desk);
    let git = here.git(&ctx);
    // The line is held until the patience of others is over, and the message is sent meanwhile, or dropped.
    let line = here.line(&ctx).unwrap().unwrap();
    let a = file(&desk, "a.md", "a\n");
    // A folder of its own has locks of its own.
    let other = sides.path("other");
    let mut copy = sides.command("cp", sides.root());
    copy.args(["-r", sides.home().to_str().unwrap(), other.to_str().unwrap()]);
    sides.run(copy, b"").ok();
    let mut elsewhere = vars(&sides);
    elsewhere.retain(|(name, _)| name != "HOME");
    elsewhere.push(("HOME".into(), other.into()));
    scope(|scope| {
        let first = pushes(scope, &sides, &desk, &a);
        wait_until("it is queued", || waiting(&sides, &desk) == 1);
        let (beside, there) = place(elsewhere, &desk);
        assert_eq!(numbers(&send::drain(&beside, &there, &there.git(&beside)).unwrap()), [2]);
        let pushed = first.join().unwrap().unwrap();
        assert_eq!((numbers(&pushed.sent), &pushed.sent.waits), (vec![2], &None));
    });
    let b = file(&desk, "b.md", "b\n");
    scope(|scope| {
        let second = pushes(scope, &sides, &desk, &b);
        wait_until("it is queued", || waiting(&sides, &desk) == 1);
        let guard = here.lock(&ctx).unwrap();
        send::unqueue(&here, &git, &[]).unwrap();
        drop((guard, line));
        let error = second.join().unwrap().unwrap_err();
        assert!(error.message.contains("taken out of the queue"), "{error}");
    });
    assert_eq!(sides.messages().len(), 2);
}

#[test]
fn pushes_that_succeed_do_not_count_as_others_being_faster() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    sides.sends(&desk, "x.md", "1\n");
    let halt = Halt::receiving(&sides, &desk);
    let a = file(&desk, "a.md", "a\n");
    let (ctx, here) = place(vars(&sides), &desk);
    let git = here.git(&ctx);
    let pushed = scope(|scope| {
        let first = pushes(scope, &sides, &desk, &a);
        for n in 0..31 {
            halt.reached();
            let name = File { path: format!(".claude/planning/{n}.md"), base: Some("1".repeat(40)), ..File::default() };
            let draft = Draft {
                to: vec!["Code".into()],
                note: "x".into(),
                files: vec![(File { deleted: true, ..name }, None)],
                ..Draft::default()
            };
            let _guard = here.lock(&ctx).unwrap();
            send::enqueue(&ctx, &here, &git, draft).unwrap();
            halt.once();
        }
        halt.open();
        first.join().unwrap().unwrap()
    });
    assert_eq!((pushed.sent.messages.len(), &pushed.sent.waits), (32, &None));
    assert_eq!(waiting(&sides, &desk), 0);
}

#[test]
fn a_name_given_while_a_look_finds_out_where_a_channel_is_stays() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.sends(&desk, "a.md", "a\n");
    let tip = sides.git(&sides.remote, &["rev-parse", CHANNEL]);
    sides.git(&sides.remote, &["update-ref", "refs/heads/craft/beacons/main", &tip]);
    sides.git(&sides.remote, &["update-ref", "-d", CHANNEL]);
    let (ctx, here) = place(vars(&sides), &code);
    let git = here.git(&ctx);
    // As `init` does it.
    let guard = here.lock(&ctx).unwrap();
    let state = StateFile::at(here.files(&ctx).beacon());
    let was = state.load::<Identity>(0).unwrap().value;
    scope(|scope| {
        let vars = vars(&sides);
        let look = scope.spawn(|| {
            let (ctx, place) = place(vars, &code);
            fetch::fetch(&ctx, &place, &place.git(&ctx), For::Look)
        });
        wait_until("it is found", || chain::known(&here, &git).unwrap().is_some());
        state.store(&Identity { name: "Lab".into(), ..was }).unwrap();
        drop(guard);
        assert!(look.join().unwrap().unwrap().is_some());
    });
    let now = state.load::<Identity>(0).unwrap().value;
    assert_eq!((now.name.as_str(), now.branches.len()), ("Lab", 1));
}

#[test]
fn who_is_asked_to_sign_keeps_nobody_from_queueing() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    signs(&sides, &desk);
    let halt = Halt::new(&sides, "sign", "HALT\nexec ssh-keygen \"$@\"");
    sides.git(&desk, &["config", "gpg.ssh.program", sides.path("sign").to_str().unwrap()]);
    sides.configure(json!({"beacon": {"requireSignature": true}}));
    let (a, b) = (file(&desk, "a.md", "a\n"), file(&desk, "b.md", "b\n"));
    let (ctx, here) = place(vars(&sides), &desk);
    scope(|scope| {
        let first = pushes(scope, &sides, &desk, &a);
        halt.reached();
        let second = pushes(scope, &sides, &desk, &b);
        wait_until("it is queued", || waiting(&sides, &desk) == 2);
        halt.open();
        assert_eq!(first.join().unwrap().unwrap().sent.waits, None);
        assert_eq!(second.join().unwrap().unwrap().sent.messages.len(), 1);
    });
    // What was taken back meanwhile does not go out.
    std::fs::remove_file(format!("{}.all", halt.go.display())).unwrap();
    let _ = std::fs::remove_file(&halt.go);
    let c = file(&desk, "c.md", "c\n");
    scope(|scope| {
        let third = pushes(scope, &sides, &desk, &c);
        halt.reached();
        let guard = here.lock(&ctx).unwrap();
        send::unqueue(&here, &here.git(&ctx), &[]).unwrap();
        drop(guard);
        halt.open();
        let error = third.join().unwrap().unwrap_err();
        assert!(error.message.contains("taken out of the queue"), "{error}");
    });
    assert_eq!(sides.messages().len(), 2);
}
