//! The text of the issue that is the bell: the seed's block, one line for machines, and text for people.
//!
//! ```text
//! ---
//! LAST_UPDATE: …
//! STATUS: UPDATE_AVAILABLE
//! ---
//! <!-- craft:beacon {"version":1,"channel":"main","seq":3,"commit":"…","files":[{"path":"…","sha256":"…"}],…} -->
//!
//! This ticket serves as a notification beacon …
//! ```
//!
//! The line is a comment of HTML, which GitHub does not show. Whoever edits the rest, or takes the line away, is
//! noticed and still understood as far as the block goes.

use serde::{Deserialize, Serialize};

use super::block::{Block, PEOPLE};
use crate::digest;

/// The issue's title.
pub const TITLE: &str = "🔄 SYNC-BEACON [DO NOT CLOSE]";
/// Its labels.
pub const LABELS: [&str; 2] = ["perma-ticket", "sync-system"];
/// The version of the line that is written.
pub const VERSION: u32 = 1;
/// GitHub takes no longer text, in characters.
pub const LONGEST: usize = 65_536;

const BEGIN: &str = "<!-- craft:beacon ";
const END: &str = " -->";

/// What the line for machines says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Machine {
    /// Format version; 1.
    pub version: u32,
    /// 16 hexadecimal digits by chance, chosen before the issue was made: who did not hear whether it was made finds it.
    pub marker: String,
    /// The channel.
    pub channel: String,
    /// Number of the channel's last message.
    pub seq: u64,
    /// The sum of the numbers up to which environments have taken messages in. It only grows, so that of two texts with
    /// the same last message the newer one is known.
    pub received: u64,
    /// The channel's last commit; empty where it has none.
    pub commit: String,
    /// The files of the last message.
    pub files: Vec<Hash>,
    /// How many more files it has, which found no room.
    pub more: u64,
    /// SHA-256 of the rest of the text, its first 16 hexadecimal digits: whoever edits it by hand does not set this.
    pub check: String,
}

/// A file of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hash {
    /// Its path.
    pub path: String,
    /// SHA-256 of its bytes; empty where it is offered to be taken away.
    pub sha256: String,
}

/// What a text says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The block, where there is one.
    pub block: Option<Block>,
    /// The line for machines, where there is one that can be understood.
    pub machine: Option<Machine>,
    /// Whether the text is another one than was written by this suite.
    pub edited: bool,
}

impl Machine {
    /// Whether it tells of a later state of the channel than `other`.
    #[must_use]
    pub fn is_newer_than(&self, other: &Self) -> bool {
        (self.seq, self.received) > (other.seq, other.received)
    }

    /// The line. In JSON `<`, `>` and `&` stand in texts only, so nothing in it ends the comment.
    fn line(&self) -> String {
        let json = serde_json::to_string(self).unwrap_or_default();
        let json = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
        format!("{BEGIN}{json}{END}")
    }
}

/// The text of an issue: `block` as the channel's last commit has it, and what `machine` says. It is never longer than
/// [`LONGEST`]: first the hashes find no room, then names of files.
#[must_use]
pub fn body(block: &str, machine: &Machine) -> String {
    let fits = |text: &str| text.chars().count() <= LONGEST;
    let mut machine = Machine { version: VERSION, ..machine.clone() };
    let text = compose(&exact(block), "", &machine);
    if fits(&text) {
        return text;
    }
    machine.more += machine.files.len() as u64;
    machine.files.clear();
    let text = compose(&exact(block), "", &machine);
    if fits(&text) {
        return text;
    }
    let mut short = Block::parse(block).unwrap_or_default();
    short.other.clear();
    for value in [&mut short.last_update, &mut short.action].into_iter().flatten() {
        *value = crate::plain::cut(value, super::manifest::NOTE);
    }
    let all = short.files.len();
    loop {
        let left = all - short.files.len();
        let note = if left > 0 { format!("{left} more files have no room here.\n\n") } else { String::new() };
        let text = compose(&short.render(), &note, &machine);
        if fits(&text) || short.files.is_empty() {
            return text;
        }
        short.files.truncate(short.files.len() * 3 / 4);
    }
}

/// The block of a text as it stands there, from fence to fence; the idle one where it has none.
fn exact(text: &str) -> String {
    let found = Block::parse(text).and_then(|block| {
        let mut lines = text.split_inclusive('\n').skip_while(|l| l.trim() != "---");
        let mut block_text = lines.next()?.to_owned();
        for line in lines {
            block_text.push_str(line);
            if line.trim() == "---" {
                break;
            }
        }
        // What is not a line of its own would run into the next one.
        (Block::parse(&block_text)? == block && block_text.ends_with('\n')).then_some(block_text)
    });
    found.unwrap_or_else(|| Block::parse(text).unwrap_or_default().render())
}

fn compose(block: &str, note: &str, machine: &Machine) -> String {
    let rest = |line: &str| format!("{block}{line}\n{note}{PEOPLE}");
    let check = check(&rest(""));
    rest(&format!("{}\n", Machine { check, ..machine.clone() }.line()))
}

/// Reads the text of an issue, whoever wrote it.
#[must_use]
pub fn parse(text: &str) -> Said {
    let is_line = |line: &&str| line.trim().starts_with(BEGIN) && line.trim().ends_with(END);
    // What stands in the block comes before it and cannot be a line of its own.
    let line = text.lines().rfind(is_line).map(str::trim);
    let json = line.and_then(|l| l.get(BEGIN.len()..l.len() - END.len()));
    let machine = json.and_then(|json| serde_json::from_str::<Machine>(json).ok());
    let rest: String = text.lines().filter(|l| Some(l.trim()) != line).flat_map(|l| [l, "\n"]).collect();
    let edited = machine.as_ref().is_none_or(|machine| machine.check != check(&rest));
    Said { block: Block::parse(text), machine, edited }
}

/// Line ends, blanks at the ends of lines and empty lines are nobody's edit: GitHub's own form changes them.
fn check(rest: &str) -> String {
    let lines = rest.lines().map(str::trim_end).filter(|l| !l.is_empty());
    digest::short(lines.flat_map(|line| [line, "\n"]).collect::<String>().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::block::{Status, template};
    use super::*;

    fn machine() -> Machine {
        let file = |path: &str| Hash { path: path.into(), sha256: "0".repeat(64) };
        Machine {
            version: VERSION,
            marker: "00112233aabbccdd".into(),
            channel: "main".into(),
            seq: 3,
            received: 2,
            commit: "c".repeat(40),
            files: vec![file("a.md"), file("x --> <b>&.md")],
            ..Machine::default()
        }
    }

    #[test]
    fn a_text_has_the_seeds_block_one_line_and_text_for_people_and_is_read_back() {
        let text = body(&template(), &machine());
        let (block, rest) = text.split_once("<!--").unwrap();
        assert_eq!(block, Block::default().render());
        let (line, people) = rest.split_once("-->\n\n").unwrap();
        assert_eq!(people, PEOPLE);
        assert!(!line.contains(['\n', '<', '>']), "{line}");
        let said = parse(&text);
        assert_eq!((said.block, said.edited), (Some(Block::default()), false));
        let read = said.machine.unwrap();
        assert_eq!(Machine { check: String::new(), ..read }, machine());
    }

    #[test]
    fn the_block_is_taken_over_byte_for_byte() {
        let block =
            "---\nLAST_UPDATE: \"quoted\"\nMOOD: fine\nFILES_UPDATED:\n  - a.md\nSTATUS: UPDATE_AVAILABLE\n---\n";
        assert!(body(&format!("{block}\nwords\n"), &machine()).starts_with(&format!("{block}<!-- ")));
        for broken in ["", "no block", "---\nACTION: x\n---\n"] {
            assert!(body(broken, &machine()).starts_with(&Block::default().render()), "{broken}");
        }
        assert!(body("---\nSTATUS: IDLE\n---", &machine()).contains("---\n<!-- "));
    }

    #[test]
    fn an_edit_by_hand_is_noticed_and_still_understood() {
        let text = body(&template(), &machine());
        for same in [text.replace('\n', "\r\n"), text.trim_end().to_owned(), format!("\n{text}  \n\n")] {
            assert!(!parse(&same).edited, "{same:?}");
        }
        let by_hand = text.replace("STATUS: IDLE", "STATUS: UPDATE_AVAILABLE");
        let said = parse(&by_hand);
        assert_eq!((said.edited, said.block.unwrap().status), (true, Status::UpdateAvailable));
        assert_eq!(said.machine.unwrap().seq, 3);
        let without: String = text.lines().filter(|l| !l.starts_with("<!--")).flat_map(|l| [l, "\n"]).collect();
        assert_eq!((parse(&without).edited, parse(&without).machine), (true, None));
        for odd in ["", "<!-- craft:beacon -->", "<!-- craft:beacon {\"seq\":-1} -->", "<!-- craft:beacon  -->\n---"] {
            assert_eq!((parse(odd).edited, parse(odd).machine), (true, None), "{odd}");
        }
    }

    #[test]
    fn what_stands_in_the_block_is_not_taken_for_the_line() {
        let spoof = "<!-- craft:beacon {\"version\":1,\"seq\":99} -->";
        let block =
            Block { files: vec![spoof.into()], last_update: Some(format!("x\n{spoof}")), ..Block::default() }.render();
        let said = parse(&body(&block, &machine()));
        assert_eq!((said.machine.unwrap().seq, said.edited), (3, false));
    }

    #[test]
    fn a_text_is_never_longer_than_github_takes() {
        let many = |count: usize| (0..count).map(|n| format!("folder/ünïcödé-file-{n:05}.md")).collect::<Vec<_>>();
        for count in [300, 700, 5000] {
            let files = many(count);
            let block = Block { files: files.clone(), status: Status::UpdateAvailable, ..Block::default() }.render();
            let hash = |path: &String| Hash { path: path.clone(), sha256: "0".repeat(64) };
            let text = body(&block, &Machine { files: files.iter().map(hash).collect(), ..machine() });
            assert!(text.chars().count() <= LONGEST, "{count}");
            let said = parse(&text);
            assert!(!said.edited);
            let (machine, block) = (said.machine.unwrap(), said.block.unwrap());
            assert_eq!(machine.files.len() as u64 + machine.more, count as u64);
            assert_eq!(block.status, Status::UpdateAvailable);
            assert!(files.starts_with(&block.files) && !block.files.is_empty());
            let left = count - block.files.len();
            assert_eq!(text.contains(&format!("{left} more files have no room here.")), left > 0);
        }
        let endless = Block { last_update: Some("x".repeat(90_000)), ..Block::default() }.render();
        assert!(body(&endless, &machine()).chars().count() <= LONGEST);
    }

    #[test]
    fn of_two_texts_the_newer_one_is_known() {
        let at = |seq, received| Machine { seq, received, ..Machine::default() };
        assert!(at(2, 0).is_newer_than(&at(1, 9)) && at(1, 2).is_newer_than(&at(1, 1)));
        assert!(!at(1, 1).is_newer_than(&at(1, 1)) && !at(1, 1).is_newer_than(&at(2, 0)));
    }
}
