//! Several commands of one working tree at once: what one does is not undone, hidden or blamed on another.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::thread::scope;

use claude_craft::context::Context;
use claude_craft::env::Env;
use claude_craft::ops::beacon::fetch::{self, For};
use claude_craft::ops::beacon::{Place, chain};
use claude_craft::queue::Trigger;
use claude_craft::state::beacon::Identity;
use claude_craft::state::file::StateFile;

use crate::common::{Sides, script, wait_until, write};

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

    #[track_caller]
    fn reached(&self) {
        wait_until("it is called", || self.asked.exists());
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
