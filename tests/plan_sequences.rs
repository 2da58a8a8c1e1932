//! Commands of plans in any order, mixed with what people do by hand: none loses a completed summary, a to-do or a line
//! of prose. `scripts/plans.sh` plays many.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use claude_craft::phase::book::Book;

use super::chaos::plan::Draw;
use super::common::{Pair, Ran, read, write};

/// Steps of one sequence.
const STEPS: usize = 20;

/// A repository, and what must never be lost in it.
struct Desk {
    pair: Pair,
    draw: Draw,
    /// Words that occur once: to-dos, lines of prose, lines of summaries.
    kept: BTreeSet<String>,
    count: usize,
    said: Vec<String>,
    /// How often each verb was carried out, and how often it was refused.
    verbs: Verbs,
}

/// Verb, and how often it was carried out and refused.
type Verbs = BTreeMap<String, (usize, usize)>;

impl Desk {
    fn new(seed: u64) -> Self {
        let pair = Pair::new();
        pair.set("CRAFT_INTERNAL__SEED", seed.to_string());
        Self { pair, draw: Draw::new(seed), kept: BTreeSet::new(), count: 0, said: Vec::new(), verbs: Verbs::new() }
    }

    fn plan(&mut self, args: &[&str]) -> Ran {
        let ran = self.pair.craft(&self.pair.a, &[&["plan"], args].concat());
        let first = ran.stderr.lines().next().unwrap_or_default();
        self.said.push(format!("craft plan {} → {} {first}", args.join(" "), ran.code));
        let verb = self.verbs.entry(args[0].to_owned()).or_default();
        *if ran.code == 0 { &mut verb.0 } else { &mut verb.1 } += 1;
        assert!((0..=6).contains(&ran.code), "{args:?}: {} {}", ran.code, ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{args:?}: {}", ran.stderr);
        ran
    }

    fn git(&mut self, args: &[&str]) -> bool {
        let ran = self.pair.git_try(&self.pair.a, args);
        self.said.push(format!("git {} → {}", args.join(" "), ran.code));
        ran.code == 0
    }

    /// A new word that must not be lost.
    fn word(&mut self, kind: &str) -> String {
        self.count += 1;
        let word = format!("{kind}-{:04}x", self.count);
        self.kept.insert(word.clone());
        word
    }

    fn files(&self, below: &str) -> Vec<PathBuf> {
        let listed = std::fs::read_dir(self.pair.a.join(below)).into_iter().flatten().flatten().map(|e| e.path());
        let mut files: Vec<_> = listed.filter(|p| p.is_file()).collect();
        files.sort();
        files
    }

    fn book(&self) -> Option<String> {
        std::fs::read_to_string(self.pair.a.join("context/context.md")).ok()
    }

    /// A line of the user's own somewhere in the prose of the book, or a to-do.
    fn note(&mut self) {
        let Some(text) = self.book() else { return };
        let Ok(book) = Book::parse(&text) else { return };
        let lines: Vec<_> = book.prose().split_inclusive('\n').collect();
        let at: usize = lines.iter().take(1 + self.draw.below(lines.len().max(1))).map(|l| l.len()).sum();
        let todo = self.draw.below(3) == 0;
        let line = if todo { format!("- [ ] {}\n", self.word("todo")) } else { format!("{}\n", self.word("note")) };
        write(self.pair.a.join("context/context.md"), format!("{}{line}{}", &text[..at], &text[at..]));
        self.said.push(format!("wrote {line:?} at byte {at} of the book"));
    }

    /// Steps and words in the plans that have none yet.
    fn fill(&mut self) {
        for path in self.files("context/plans") {
            let text = String::from_utf8(read(&path)).unwrap();
            let heading = ["## Detailed Implementation Steps\n", "## Implementation Steps\n"];
            let Some(at) = heading.iter().find_map(|h| text.find(h).map(|at| at + h.len())) else { continue };
            if text[at..].trim_start().starts_with("- [ ] todo-") || text[at..].trim_start().starts_with("- [x] todo-")
            {
                continue;
            }
            let mut steps = String::from("\n");
            for _ in 0..1 + self.draw.below(3) {
                let _ = writeln!(steps, "- [ ] {}", self.word("todo"));
            }
            let end = text[at..].find("\n## ").map_or(text.len(), |n| at + n);
            write(&path, format!("{}{steps}{}", &text[..at], &text[end..]));
        }
    }

    fn summaries(&mut self) {
        for path in self.files("context/summaries") {
            let text = String::from_utf8(read(&path)).unwrap();
            if !text.contains("lesson-") {
                let word = self.word("lesson");
                write(&path, format!("{text}\n{word}\n"));
            }
        }
    }

    fn merge(&mut self) {
        let Some(branch) = self
            .pair
            .git(&self.pair.a, &["branch", "--show-current"])
            .trim()
            .strip_prefix("para/")
            .map(|b| format!("para/{b}"))
        else {
            return;
        };
        self.git(&["add", "-A"]);
        self.git(&["commit", "-qm", "by hand"]);
        if !self.git(&["switch", "-q", "main"]) {
            return;
        }
        let squash = self.draw.below(2) == 0;
        let how: &[&str] = if squash { &["--squash"] } else { &["--no-ff", "-m", "merged"] };
        let merged = self.git(&[&["merge", "-q"], how, &[&branch]].concat());
        if merged && squash {
            // Perhaps there is nothing to commit.
            self.git(&["commit", "-qm", "squashed"]);
        }
        if !merged {
            self.git(&["merge", "--abort"]);
            self.git(&["reset", "-q", "--merge"]);
        }
        if self.draw.below(2) == 0 {
            self.git(&["push", "-q", "origin", "main"]);
        }
    }

    fn step(&mut self) {
        let phase = (1 + self.draw.below(3)).to_string();
        let number = (1 + self.draw.below(2)).to_string();
        match self.draw.below(28) {
            0 => drop(self.plan(&["init"])),
            1 | 2 => {
                let name = format!("task {}", self.draw.below(3));
                let phased = ["new", name.as_str(), "--phases", "One", "Two", "Three"];
                let args: &[&str] = match self.draw.below(3) {
                    0 => &phased[..2],
                    1 => &phased,
                    _ => &[&phased[..], &["--depends", "2:", "3:1,2"]].concat(),
                };
                self.plan(args);
                self.fill();
            }
            3..=7 => {
                let more = self.draw.of(&["", "--force", "--force", "--worktree"]);
                let dirty = self.draw.of(&["", "--dirty=carry", "--dirty=carry", "--dirty=stash"]);
                let existing = self.draw.of(&["", "--existing=continue", "--existing=new"]);
                let mut args = vec!["execute"];
                if self.draw.below(5) > 0 {
                    args.extend(["--phase", phase.as_str()]);
                }
                args.extend([more, dirty, existing].into_iter().filter(|a| !a.is_empty()));
                self.plan(&args);
            }
            8..=10 => {
                let verb = self.draw.of(&["done", "done", "undo"]);
                let mut args = vec!["todo", verb, number.as_str()];
                if self.draw.below(3) == 0 {
                    args.extend(["--commit", "feat: Do it"]);
                }
                self.plan(&args);
            }
            11..=13 => {
                let mut args = vec!["summarize"];
                if self.draw.below(2) == 0 {
                    args.extend(["--phase", phase.as_str()]);
                }
                if self.draw.below(2) == 0 {
                    args.push("--commit");
                }
                self.plan(&args);
                self.summaries();
            }
            14 | 15 => {
                let more = self.draw.of(&["", "--fresh", "--seed", "--force"]);
                self.plan(&[&["archive"][..], &[more][..usize::from(!more.is_empty())]].concat());
            }
            16 => {
                self.plan(&["convert", "--phases", "First", "Second"]);
                self.fill();
            }
            17 => drop(self.plan(&["rollback", "--phase", phase.as_str(), "--reason", "it was wrong"])),
            18 => {
                let write_it = self.draw.below(2) == 0;
                self.plan(&["repair", "--write"][..1 + usize::from(write_it)]);
            }
            19 => {
                self.plan(&["graph"]);
                self.plan(&["todo", "list"]);
            }
            20 | 21 => self.note(),
            22 => {
                let word = self.word("code");
                write(self.pair.a.join(format!("src-{}.txt", self.draw.below(4))), word.clone());
                // Code is the user's own to overwrite.
                self.kept.remove(&word);
            }
            23 => {
                self.git(&["add", "-A"]);
                self.git(&["commit", "-qm", "by hand"]);
            }
            24 => drop(self.git(&["switch", "-q", "main"])),
            _ => self.merge(),
        }
    }

    /// Half of the sequences begin with a phased plan on the main branch, a quarter with a simple one.
    fn begin(&mut self) {
        match self.draw.below(4) {
            0 => return,
            1 => drop(self.plan(&["new", "first"])),
            _ => drop(self.plan(&["new", "first", "--phases", "One", "Two", "Three"])),
        }
        self.fill();
        if self.draw.below(2) == 0 {
            self.git(&["add", "-A"]);
            self.git(&["commit", "-qm", "plan"]);
        }
    }

    /// Everything that lies in a working tree or is kept by a ref, below `context/`.
    fn all_text(&self) -> String {
        let a = &self.pair.a;
        let mut text = String::new();
        let mut open = vec![a.join("context"), a.join(".para-worktrees")];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.path() {
                    path if path.is_dir() => open.push(path),
                    path => text += &String::from_utf8_lossy(&read(&path)),
                }
            }
        }
        let missing = |text: &str| self.kept.iter().any(|word| !text.contains(word.as_str()));
        if missing(&text) {
            // `--all` has the stash's newest entry; older ones stand in its log.
            let log = self.pair.git_try(a, &["log", "--all", "--reflog", "-m", "-p", "--format=", "--", "context"]);
            text += &log.stdout;
        }
        text
    }

    fn check(&mut self) {
        let text = self.all_text();
        for word in &self.kept {
            assert!(text.contains(word.as_str()), "{word} is lost");
        }
        let a = self.pair.a.clone();
        assert!(!a.join(".git/MERGE_HEAD").exists() && !a.join(".git/index.lock").exists());
        if let Some(book) = self.book() {
            let conflict = book.contains("<<<<<<<");
            assert!(conflict || Book::parse(&book).is_ok(), "{book}");
            // Whatever is there, it is shown.
            let ran = self.plan(&["status", "--json"]);
            self.said.pop();
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            let shown: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
            assert!(shown["state"].is_string() || shown["error"].is_object() || shown["error"].is_string(), "{shown}");
            // A summary that the book lists is there.
            if let Ok(book) = Book::parse(&book) {
                for path in &book.fields().completed_summaries {
                    let known = a.join(path).exists()
                        || !self.pair.git(&a, &["log", "--all", "--format=%h", "-n1", "--", path]).is_empty();
                    assert!(known, "{path} is lost");
                }
            }
        }
    }
}

fn play(seed: u64) -> (usize, Verbs) {
    let mut desk = Desk::new(seed);
    let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        desk.begin();
        for _ in 0..STEPS {
            desk.step();
            desk.check();
        }
    }));
    if let Err(panic) = played {
        eprintln!("sequence {seed}:\n{}", desk.said.join("\n"));
        std::panic::resume_unwind(panic);
    }
    (desk.kept.len(), desk.verbs)
}

#[test]
fn no_order_of_commands_loses_a_summary_a_to_do_or_a_line_of_prose() {
    let mut done = BTreeSet::new();
    for seed in 0..12 {
        let (_, verbs) = play(seed);
        done.extend(verbs.into_iter().filter(|(_, (done, _))| *done > 0).map(|(verb, _)| verb));
    }
    for verb in ["new", "execute", "todo", "summarize", "rollback", "convert", "archive"] {
        assert!(done.contains(verb), "{verb} was always refused: this shows nothing");
    }
}

#[test]
#[ignore = "long; scripts/plans.sh runs it"]
#[expect(clippy::print_stdout, reason = "it is run by hand")]
fn many_orders_of_commands_lose_nothing() {
    let number =
        |name: &str, otherwise: u64| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(otherwise);
    let (runs, first) = (number("CRAFT_PLANS_RUNS", 100), number("CRAFT_PLANS_SEED", 1000));
    let next = std::sync::atomic::AtomicU64::new(first);
    let all = std::sync::Mutex::new((0, Verbs::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if seed >= first + runs {
                        break;
                    }
                    let (kept, verbs) = play(seed);
                    if (seed + 1 - first).is_multiple_of(100) {
                        println!("{} of {runs}", seed + 1 - first);
                    }
                    let mut all = all.lock().unwrap();
                    all.0 += kept;
                    for (verb, (done, refused)) in verbs {
                        let sum = all.1.entry(verb).or_default();
                        sum.0 += done;
                        sum.1 += refused;
                    }
                }
            });
        }
    });
    let (kept, verbs) = all.into_inner().unwrap();
    println!("{runs} sequences of {STEPS} steps, {kept} words kept, 0 lost");
    for (verb, (done, refused)) in verbs {
        println!("{verb:10} {done:6} done {refused:6} refused");
    }
}
