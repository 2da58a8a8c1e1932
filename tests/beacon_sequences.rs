//! Edits and messages in any order, also of strangers who are accepted later or never, also where the channel is set
//! back: whatever a user wrote is in the tree, in a copy, in the archive or in a backup after each command, and nothing of
//! theirs that waits to be settled gives way to something older.

use std::collections::BTreeMap;

use claude_craft::ops::beacon::pull::pull_without;
use claude_craft::ops::beacon::resolve::{With, conflicts, resolve};
use serde_json::json;

use super::chaos::plan::Draw;
use super::common::desk::{CHANNEL, Desk, Item, party};
use super::common::{FakeGit, Rule, read, tree, write};

const STEPS: usize = 16;
const LINES: &str = "1\n2\n3\n4\n5\n6\n";

struct Game {
    desk: Desk,
    draw: Draw,
    /// What the other side has.
    theirs: BTreeMap<String, String>,
    count: u32,
    said: Vec<String>,
    /// Whether something was appended to a file during the command.
    during: bool,
}

impl Game {
    fn new(seed: u64) -> Self {
        let draw = Draw::new(seed);
        Self {
            desk: Desk::new(),
            draw,
            theirs: BTreeMap::new(),
            count: 0,
            said: vec![format!("seed {seed}")],
            during: false,
        }
    }

    fn path(&mut self) -> String {
        // Where one of them is only another in its case, both may lie here.
        format!(".claude/planning/{}.md", ["a", "b", "c", "a", "b", "c", "A"][self.draw.below(7)])
    }

    /// A text with one line changed to something that occurs once; now and then bytes that are no text.
    fn edited(&mut self, text: Option<&String>) -> String {
        self.count += 1;
        let text = text.map_or(LINES, String::as_str);
        if self.draw.below(8) == 0 {
            return format!("\0{}", self.count);
        }
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        let at = self.draw.below(lines.len().max(1));
        match lines.get_mut(at) {
            Some(line) => *line = format!("w{}", self.count),
            None => lines.push(format!("w{}", self.count)),
        }
        lines.join("\n") + "\n"
    }

    fn edit(&mut self) {
        let mut path = self.path();
        if self.draw.below(6) == 0 && self.desk.a.join(format!("{path}.theirs")).exists() {
            path += ".theirs";
        }
        let here = self.desk.a.join(&path);
        if self.draw.below(6) == 0 {
            let _ = std::fs::remove_file(here);
            self.said.push(format!("removed {path}"));
            return;
        }
        let old = std::fs::read(&here).ok().and_then(|b| String::from_utf8(b).ok());
        let text = self.edited(old.as_ref());
        self.said.push(format!("wrote {path}: {text:?}"));
        write(here, text);
    }

    fn post(&mut self) {
        let mut items: BTreeMap<String, Item> = BTreeMap::new();
        for _ in 0..=self.draw.below(2) {
            let path = self.path();
            let old = self.theirs.get(&path).cloned();
            let mut item = if old.is_some() && self.draw.below(5) == 0 {
                self.theirs.remove(&path);
                Item::gone(&path)
            } else {
                let text = self.edited(old.as_ref());
                self.theirs.insert(path.clone(), text.clone());
                Item::new(&path, text)
            };
            // A sender may say nothing of the base, or something wrong.
            match (old, self.draw.below(6)) {
                (Some(old), 1..) => item = item.from(old),
                (None, 1) => item = item.from("never"),
                _ => {}
            }
            self.said.push(format!("sent {path}: {:?}", item.bytes.as_ref().map(|b| String::from_utf8_lossy(b))));
            items.insert(path, item);
        }
        let items: Vec<_> = items.into_values().collect();
        let mut message = self.desk.message(&items);
        if self.draw.below(3) == 0 {
            message.from = party("1ab1ab1ab1ab1ab1", "Lab");
        }
        let mut draft = self.desk.draft_of(message, &items);
        if self.draw.below(5) == 0 {
            self.said.push("… as a stranger".into());
            draft.email = "eve@example.org".into();
        }
        self.desk.send(draft);
    }

    /// What happens beside edits and messages: somebody is accepted, or not any more, a message is dropped for good, the
    /// channel is set back or made anew.
    fn turn(&mut self) {
        match self.draw.below(4) {
            0 | 1 => {
                let authors = if self.draw.below(3) == 0 { json!([]) } else { json!(["eve@example.org"]) };
                self.said.push(format!("accepted: {authors}"));
                self.desk.configure(json!({"beacon": {"authors": authors}}));
            }
            2 => {
                let pulled = self.desk.pull();
                if let Some(held) = pulled.held.first() {
                    self.said.push(format!("dropped {held:?}"));
                    let ctx = self.desk.context();
                    pull_without(&ctx, &self.desk.place(&ctx), false, std::slice::from_ref(&held.commit))
                        .unwrap_or_else(|e| panic!("{e}\n{:#?}", self.said));
                }
            }
            _ => {
                let back = ["~1", "~2", "~3"][self.draw.below(3)];
                let to =
                    self.desk.git_try(&self.desk.remote, &["rev-parse", "-q", "--verify", &format!("{CHANNEL}{back}")]);
                let to = to.stdout.trim().to_owned();
                self.said.push(format!("set back to {to:?}"));
                let words = if to.is_empty() { vec!["-d", CHANNEL] } else { vec![CHANNEL, to.as_str()] };
                self.desk.git_try(&self.desk.remote, &[&["update-ref"], &words[..]].concat());
            }
        }
    }

    fn settle(&mut self) {
        let ctx = self.desk.context();
        let place = self.desk.place(&ctx);
        let open = conflicts(&ctx, &place).unwrap();
        if let Some(conflict) = open.first() {
            let with = [With::Ours, With::Theirs, With::Merged][self.draw.below(3)];
            self.said.push(format!("resolved {} with {with:?}", conflict.path));
            let _ = resolve(&ctx, &place, &conflict.path, with).unwrap_or_else(|e| panic!("{e}\n{:#?}", self.said));
        }
    }

    fn pull(&mut self) {
        if self.draw.below(4) == 0 {
            let step = ["moved-0", "moved-1", "taken-0", "taken-1", "planned", "kept", "moved"][self.draw.below(7)];
            self.desk.set("CRAFT_INTERNAL__KILL_AT", format!("beacon-pull-{step}"));
            let code = self.desk.craft(&self.desk.a, &["beacon", "pull"]).code;
            self.desk.unset("CRAFT_INTERNAL__KILL_AT");
            self.said.push(format!("pulled until {step}: {code}"));
            return;
        }
        if self.draw.below(6) == 0 {
            // Somebody appends to a file while others are put in place.
            let path = self.path();
            self.count += 1;
            let at = self.desk.a.join(&path);
            if at.exists() {
                let script = format!("printf 'during{}' >> '{}'", self.count, at.display());
                let fake = FakeGit::install(&self.desk, &[Rule::before(" commit-tree ", script).nth(1)]);
                let code = self.desk.craft(&self.desk.a, &["beacon", "pull"]).code;
                fake.remove();
                self.during = true;
                self.said.push(format!("pulled while {path} was edited ({}): {code}", self.count));
                return;
            }
        }
        let before = self.open();
        let pulled = self.desk.try_pull(false).unwrap_or_else(|e| panic!("{e}\n{:#?}", self.said));
        self.said.push(format!("pulled {:?} held {:?} {:?}", pulled.files, pulled.held, pulled.remarks));
        let known = ["eve@example.org", "in its case", "edited here"];
        assert!(pulled.held.iter().all(|h| known.iter().any(|k| h.why.contains(k))), "{:#?}", self.said);
        if pulled.remarks.iter().any(|r| r.contains("set back")) {
            return;
        }
        for (path, seq) in self.open() {
            let older = before.get(&path).is_some_and(|was| seq < *was);
            assert!(!older, "{path} waits with an older version: {:#?}", self.said);
        }
    }

    /// Files in conflict, with the numbers of the messages.
    fn open(&self) -> BTreeMap<String, u64> {
        let ctx = self.desk.context();
        conflicts(&ctx, &self.desk.place(&ctx)).unwrap().into_iter().map(|c| (c.path, c.seq)).collect()
    }

    fn step(&mut self) {
        match self.draw.below(11) {
            0..4 => return self.edit(),
            4..7 => return self.post(),
            7 => return self.turn(),
            _ => {}
        }
        self.during = false;
        let files: Vec<_> = tree(&self.desk.a).into_keys().filter(|f| f.starts_with(".claude/planning")).collect();
        let before: Vec<_> = files.iter().map(|f| (f, read(self.desk.a.join(f)))).collect();
        if self.draw.below(4) == 0 {
            // A pull that was killed is ended first.
            self.pull();
            self.desk.pull();
            self.settle();
        } else {
            self.pull();
        }
        let kept = self.desk.kept();
        for (path, bytes) in before {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            // Only what was appended meanwhile stands behind it then.
            let longer = self.during && kept.iter().any(|k| k.starts_with(&bytes));
            assert!(longer || kept.contains(&bytes), "{} is lost: {text:?}\n{:#?}", path.display(), self.said);
        }
    }
}

fn play(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let mut game = Game::new(seed);
        for _ in 0..STEPS {
            game.step();
        }
        // What could not be taken in together comes one after another.
        while !game.desk.pull().messages.is_empty() {}
        let after = tree(&game.desk.a);
        game.desk.pull();
        assert_eq!(tree(&game.desk.a), after, "a second pull does nothing: {:#?}", game.said);
        game.desk.whole();
    }
}

#[test]
fn no_byte_of_a_user_is_lost_in_any_order_of_edits_and_messages() {
    play(0..5);
}

#[test]
fn no_byte_of_a_user_is_lost_in_another_order_either() {
    play(5..10);
}
