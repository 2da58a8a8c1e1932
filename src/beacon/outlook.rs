//! What of a channel still waits, and the block that says so.

use super::block::{Block, PEOPLE, Status};
use super::manifest::{Manifest, Message, NOTE};
use super::name::CODE;
use crate::plain;

/// Most names of files in a block.
pub const NAMES: usize = 200;
/// Longest name of a file in a block, in characters.
const LONGEST: usize = 1000;

/// Whether a message with this number waits for one of those it is for, as the end of its channel has it. What is for
/// everybody waits until one other side has taken it in.
#[must_use]
pub fn waits(end: &Manifest, seq: u64, message: &Message) -> bool {
    message.to.iter().any(|to| end.waits(to, &message.from.id, seq))
}

/// The number up to which nothing waits for anybody.
#[must_use]
pub fn floor(end: &Manifest) -> u64 {
    end.open().map(|(_, got)| got).min().unwrap_or(end.seq)
}

/// What the receivers shall do where the sender does not say.
#[must_use]
pub fn action(to: &[String]) -> &'static str {
    if to.iter().any(|to| to == CODE) { "Run 'ps-sync pull' in Claude Code" } else { "Run 'ps-sync pull'" }
}

/// The block of the messages that wait, of which the newest comes first; the idle one where there are none.
#[must_use]
pub fn block<'m>(waiting: impl IntoIterator<Item = &'m Message>) -> Block {
    let mut block = Block::default();
    for message in waiting {
        if block.status == Status::Idle {
            let said = if message.action.is_empty() { action(&message.to) } else { &message.action };
            block = Block {
                last_update: Some(plain::cut(&message.note, NOTE)),
                timestamp: Some(plain::cut(&message.time, 40)),
                direction: Some(plain::cut(&message.direction, NOTE)),
                action: Some(plain::cut(said, NOTE)),
                status: Status::UpdateAvailable,
                ..Block::default()
            };
        }
        for file in &message.files {
            let name = plain::cut(&file.path, LONGEST);
            if block.files.len() < NAMES && !block.files.contains(&name) {
                block.files.push(name);
            }
        }
        if block.files.len() >= NAMES {
            break;
        }
    }
    block
}

/// A block with the text for people under it: [`super::block::template`] where it is the idle one.
#[must_use]
pub fn text(block: &Block) -> String {
    format!("{}\n{PEOPLE}", block.render())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beacon::block;
    use crate::beacon::manifest::{File, Party, Receipt};

    fn message(to: &[&str], files: &[&str]) -> Message {
        Message {
            to: to.iter().map(|t| (*t).to_owned()).collect(),
            note: format!("about {}", files.join(" and ")),
            files: files.iter().map(|f| File { path: (*f).to_owned(), ..File::default() }).collect(),
            ..Message::default()
        }
    }

    fn receipt(by: &str, seq: u64) -> Receipt {
        Receipt { by: Party { id: by.into(), name: by.into(), ..Party::default() }, seq, ..Receipt::default() }
    }

    #[test]
    fn the_block_tells_of_what_was_not_received_and_of_nothing_else() {
        let (one, two) = (message(&["Code"], &["a", "b"]), message(&["Code", "lab"], &["b", "c"]));
        let end = Manifest::with_message(None, "main", one.clone());
        let end = Manifest::with_message(Some(&end), "main", two.clone());
        assert_eq!((floor(&end), waits(&end, 1, &one), waits(&end, 2, &two)), (0, true, true));
        let told = super::block([&two, &one]);
        assert_eq!((told.last_update.as_deref(), told.files.join(" ").as_str()), (Some("about b and c"), "b c a"));
        let end = Manifest::with_receipt(Some(&end), "main", receipt("Code", 2));
        assert_eq!((floor(&end), waits(&end, 1, &one), waits(&end, 2, &two)), (0, false, true));
        let end = Manifest::with_receipt(Some(&end), "main", receipt("lab", 2));
        assert_eq!((floor(&end), waits(&end, 2, &two)), (2, false));
        assert_eq!(text(&super::block([])), block::template());
    }

    #[test]
    fn what_is_for_everybody_waits_for_somebody() {
        let all = message(&["*"], &["a"]);
        let end = Manifest::with_message(None, "main", all.clone());
        assert!(waits(&end, 1, &all));
        let end = Manifest::with_receipt(Some(&end), "main", receipt("lab", 1));
        assert!(!waits(&end, 1, &all));
    }

    #[test]
    fn a_block_has_an_end_however_much_waits() {
        let names: Vec<String> = (0..900).map(|n| format!("{n}.md")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(super::block([&message(&["Code"], &names)]).files.len(), NAMES);
    }
}
