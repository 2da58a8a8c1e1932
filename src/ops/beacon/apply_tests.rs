//! Edits that come in while files are put in place. The steps tell when.

use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::beacon::name::Name;
use crate::config::model::Config;
use crate::env::Env;
use crate::locate::locate;
use crate::queue::Trigger;
use crate::state::beacon::Identity;

const A: &str = ".claude/planning/a.md";

struct Bench {
    tmp: TempDir,
    ctx: Context,
    place: Place,
}

fn content(text: &str) -> Option<Rc<Content>> {
    Some(Rc::new(Content { executable: false, bytes: text.into() }))
}

impl Bench {
    fn new() -> Self {
        let tmp = tempfile::tempdir().unwrap();
        let top = tmp.path().join("w");
        git2::Repository::init(&top).unwrap();
        let vars = [("HOME", tmp.path().to_str().unwrap()), ("PATH", "/usr/local/bin:/usr/bin:/bin")];
        let ctx = Context::new(Env::from_pairs(vars)).unwrap();
        let identity = Identity { id: "0123456789abcdef".into(), name: "Code".into(), ..Identity::default() };
        let place = Place {
            at: locate(&top).unwrap(),
            config: Config::default(),
            identity,
            channel: Name::parse("main").unwrap(),
            trigger: Trigger::Manual,
            unattended: false,
        };
        let bench = Self { tmp, ctx, place };
        bench.write(A, "old");
        bench
    }

    fn top(&self) -> &Path {
        &self.place.at.worktree
    }

    /// As most editors do it: a new file in the place of the old one.
    fn write(&self, path: &str, text: &str) {
        crate::fs::atomic::replace(&self.top().join(path), text.as_bytes()).unwrap();
    }

    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.top().join(path)).unwrap_or("-".into())
    }

    /// Every file below the archive.
    fn archived(&self) -> Vec<String> {
        fn walk(folder: &Path, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, found) } else { found.push(std::fs::read_to_string(path).unwrap()) }
            }
        }
        let mut found = Vec::new();
        walk(&self.top().join(ARCHIVE), &mut found);
        found.sort();
        found
    }

    /// Replaces `old` by `new` in `A`; `-` is nothing.
    fn run(&self, want: &str, archive: &str, step: &dyn Fn(&str)) -> Outcome {
        self.run_on(A, want, archive, None, step)
    }

    /// The same for any path, where this commit is the applied one.
    fn run_on(&self, path: &str, want: &str, archive: &str, applied: Option<&str>, step: &dyn Fn(&str)) -> Outcome {
        let git = self.place.git(&self.ctx);
        let apply = Apply { ctx: &self.ctx, place: &self.place, git: &git, step };
        let former = apply.recover(applied, false, &mut Vec::new()).unwrap();
        let (now, before) = apply.here(path, &former).unwrap();
        let want = (want != "-").then(|| content(want)).flatten();
        let change = Change { path: path.into(), now, before, want, archive: archive.into() };
        let outcome = apply.run(&[change], &former, applied).unwrap();
        apply.finish().unwrap();
        outcome
    }

    /// The first slot of the run that is under way.
    fn slot(&self) -> String {
        let plan: Plan = serde_json::from_str(&self.text(PLAN)).unwrap();
        slot(&plan.run, 0)
    }
}

#[test]
fn an_edit_between_look_and_swap_goes_back_to_its_place() {
    for (want, archive) in [("new", ""), ("-", ""), ("-", ".claude/sync/archive/x/a.md")] {
        let bench = Bench::new();
        let outcome = bench.run(want, archive, &|step| {
            if step == "before-0" {
                bench.write(A, "an edit");
            }
        });
        assert_eq!(bench.text(A), "an edit");
        assert_eq!(outcome.left, BTreeSet::from([A.to_owned()]));
        assert_eq!(bench.archived(), [""; 0]);
        // Later it is looked at anew.
        assert!(bench.run(want, archive, &|_| {}).left.is_empty());
        assert_eq!(bench.text(A), want);
    }
}

#[test]
fn a_file_that_becomes_a_folder_just_then_is_left_with_all_that_is_in_it() {
    for (want, archive) in [("new", ""), ("-", ""), ("-", ".claude/sync/archive/x/a.md")] {
        let bench = Bench::new();
        let outcome = bench.run(want, archive, &|step| {
            if step == "before-0" {
                std::fs::remove_file(bench.top().join(A)).unwrap();
                bench.write(&format!("{A}/inside"), "mine");
            }
        });
        assert_eq!((bench.text(&format!("{A}/inside")), outcome.left.len()), ("mine".into(), 1));
        assert_eq!(bench.archived(), [""; 0]);
    }
}

#[test]
fn two_edits_in_a_row_are_both_kept() {
    let bench = Bench::new();
    let outcome = bench.run("new", "", &|step| match step {
        "before-0" => bench.write(A, "one edit"),
        "taken-0" => bench.write(A, "another edit"),
        _ => {}
    });
    let (mut there, outcome) = (bench.archived(), outcome);
    there.push(bench.text(A));
    there.sort();
    assert_eq!(there, ["another edit", "one edit"]);
    assert!(outcome.left.len() == 1 && outcome.remarks.len() == 1, "{outcome:?}");
}

#[test]
fn an_edit_that_was_displaced_and_cannot_go_back_is_in_the_archive() {
    for want in ["new", "-"] {
        let bench = Bench::new();
        let folder = bench.top().join(".claude/planning");
        let outcome = bench.run(want, "", &|step| match step {
            "before-0" => bench.write(A, "an edit"),
            // The way back leads elsewhere by now.
            "taken-0" => {
                crate::fs::atomic::rename(&folder, &bench.top().join("moved")).unwrap();
                std::os::unix::fs::symlink(bench.tmp.path(), &folder).unwrap();
            }
            _ => {}
        });
        assert_eq!(bench.archived(), ["an edit"], "{want}: {outcome:?}");
        assert!(outcome.failed.contains_key(A) && outcome.remarks.len() == 1, "{outcome:?}");
    }
}

#[test]
fn who_has_the_file_open_and_writes_after_the_swap_is_heard() {
    let bench = Bench::new();
    let open = std::cell::RefCell::new(std::fs::OpenOptions::new().append(true).open(bench.top().join(A)).unwrap());
    let outcome = bench.run("new", "", &|step| {
        if step == "moved-0" {
            std::io::Write::write_all(&mut *open.borrow_mut(), b" and more").unwrap();
        }
    });
    assert_eq!((bench.text(A), bench.archived()), ("new".into(), vec!["old and more".to_owned()]));
    assert_eq!(outcome.remarks.len(), 1);
}

#[test]
fn a_file_that_appears_or_goes_meanwhile_is_left() {
    let bench = Bench::new();
    let gone = bench.run("new", "", &|step| {
        if step == "before-0" {
            std::fs::remove_file(bench.top().join(A)).unwrap();
        }
    });
    assert_eq!((gone.left.len(), bench.text(A)), (1, "-".into()));
    let made = bench.run("new", "", &|step| {
        if step == "planned" {
            bench.write(A, "mine");
        }
    });
    assert_eq!((made.left.len(), bench.text(A)), (1, "mine".into()));
}

#[test]
fn an_edit_that_was_displaced_when_the_process_died_is_found_again() {
    let bench = Bench::new();
    let die = |step: &str| match step {
        "before-0" => bench.write(A, "an edit"),
        "taken-0" => std::panic::panic_any("dies here"),
        _ => {}
    };
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| bench.run("new", "", &die))).unwrap_err();
    assert_eq!(bench.text(A), "new");
    assert!(bench.run("an edit, merged", "", &|_| {}).left.is_empty());
    assert_eq!(bench.text(A), "an edit, merged");
    // The backup has it: it was in its place again before that.
    let git = bench.place.git(&bench.ctx);
    let refs = git.read(["for-each-ref", "--format=%(refname)", &bench.place.backups()]).line().unwrap();
    let kept = |r: &str| git.read(["cat-file", "blob", &format!("{r}:{A}")]).line().unwrap();
    assert!(refs.lines().any(|r| kept(r) == "an edit"), "{refs}");

    // Where something else has the place by then, it goes to the archive.
    let bench = Bench::new();
    let die = |step: &str| match step {
        "before-0" => bench.write(A, "an edit"),
        "taken-0" => std::panic::panic_any("dies here"),
        _ => {}
    };
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| bench.run("new", "", &die))).unwrap_err();
    bench.write(A, "a later edit");
    bench.run("a later edit", "", &|_| {});
    assert_eq!((bench.text(A), bench.archived()), ("a later edit".into(), vec!["an edit".to_owned()]));
}

#[test]
fn a_slow_swap_that_died_half_way_leaves_the_file_in_its_place() {
    let bench = Bench::new();
    let die = |step: &str| {
        if step == "before-0" {
            assert!(Disk(bench.top()).move_new(A, &disk::aside(&bench.slot())).unwrap());
            std::panic::panic_any("dies here")
        }
    };
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| bench.run("new", "", &die))).unwrap_err();
    assert_eq!(bench.text(A), "-");
    assert!(bench.run("new", "", &|_| {}).left.is_empty());
    assert_eq!(bench.text(A), "new");
    assert!(bench.tmp.path().exists());
}

/// Dies at a step.
fn dies_at(step: &'static str) -> impl Fn(&str) {
    move |here| {
        if here == step {
            std::panic::panic_any("dies here")
        }
    }
}

#[test]
fn what_a_second_run_had_staged_when_it_died_as_well_is_not_put_into_the_files_of_the_first() {
    const B: &str = ".claude/planning/b.md";
    for second in ["staged", "kept"] {
        for applied in [None, Some("moved on")] {
            let bench = Bench::new();
            bench.write(B, "b old");
            let killed = |path, want, applied, step| {
                let run = || bench.run_on(path, want, "", applied, &dies_at(step));
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_err();
            };
            killed(A, "new", None, "moved-0");
            killed(B, "b new", applied, second);
            assert_eq!((bench.text(A), bench.text(B)), ("new".into(), "b old".into()));
            let outcome = bench.run_on(B, "b new", "", applied, &|_| {});
            assert_eq!((bench.text(A), bench.text(B)), ("new".into(), "b new".into()), "{second}");
            assert!(outcome.left.is_empty() && outcome.remarks.is_empty(), "{outcome:?}");
            assert_eq!(bench.archived(), [""; 0]);
        }
    }
}

#[test]
fn what_one_channel_had_begun_is_no_plan_of_another() {
    let mut bench = Bench::new();
    let run = || bench.run("new", "", &dies_at("moved-0"));
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_err();
    let git = bench.place.git(&bench.ctx);
    let former = |place: &Place| {
        let apply = Apply { ctx: &bench.ctx, place, git: &git, step: &|_| {} };
        apply.recover(None, false, &mut Vec::new()).unwrap()
    };
    let other = Place { channel: Name::parse("other").unwrap(), ..bench.place.clone() };
    assert_eq!(former(&other).len(), 0);
    assert_eq!(former(&bench.place).len(), 1);
    bench.place.channel = other.channel;
    assert!(bench.run("newer", "", &|_| {}).left.is_empty());
    assert_eq!(bench.text(A), "newer");
}

#[test]
fn a_plan_that_was_damaged_stops_everything() {
    let bench = Bench::new();
    bench.write(PLAN, "{");
    let slot = slot("", 0);
    bench.write(&slot, "who knows");
    let git = bench.place.git(&bench.ctx);
    let apply = Apply { ctx: &bench.ctx, place: &bench.place, git: &git, step: &|_| {} };
    let error = apply.recover(None, false, &mut Vec::new()).unwrap_err();
    assert!(error.message.contains("plan.json") && error.remedy.is_some(), "{error}");
    assert_eq!(bench.text(&slot), "who knows");
}

#[test]
fn names_stay_short_enough() {
    let long = format!("a/{}", "ü".repeat(127));
    for n in [1, 2, 1000] {
        let name = numbered(&long, n);
        assert!(name.len() <= NAME + 2 && name.starts_with("a/ü") && (n == 1 || name.ends_with(&format!(".{n}"))));
    }
    assert_eq!(with_ending("x", ".theirs"), "x.theirs");
}
