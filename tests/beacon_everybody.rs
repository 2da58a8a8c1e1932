//! What is for everybody: the beacon says so until somebody else has taken it in.

use std::path::Path;

use claude_craft::beacon::block::{self, Block, Status};
use claude_craft::ops::beacon::push::Ask;
use claude_craft::ops::beacon::{pull, status};

use crate::common::{Sides, write};

fn sends_to(sides: &Sides, clone: &Path, to: &str, name: &str) {
    write(clone.join(".claude/planning").join(name), format!("{name}\n"));
    let ask = Ask { to: vec![to.into()], files: vec![format!(".claude/planning/{name}")], ..Ask::default() };
    let sent = sides.push_as(clone, &ask).unwrap().sent;
    assert_eq!((sent.waits, sent.messages.len()), (None, 1));
}

fn pulls(sides: &Sides, clone: &Path) -> usize {
    let ctx = sides.context();
    pull::pull(&ctx, &sides.place(&ctx, clone), false).unwrap().messages.len()
}

fn unread(sides: &Sides, clone: &Path) -> Vec<String> {
    let ctx = sides.context();
    status::status(&ctx, &sides.place(&ctx, clone), true).unwrap().unread
}

fn told(sides: &Sides) -> (Status, Vec<String>) {
    let told = Block::parse(&sides.at_the_end("beacon.md")).unwrap();
    (told.status, told.files)
}

#[test]
fn what_its_sender_takes_in_of_others_does_not_drain_it() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    let lab = sides.side("lab", "Lab");
    sends_to(&sides, &desk, "*", "all.md");
    sends_to(&sides, &code, "Desktop", "answer.md");
    assert_eq!(pulls(&sides, &desk), 1);
    assert_eq!(told(&sides), (Status::UpdateAvailable, vec![".claude/planning/all.md".into()]));
    assert_eq!(unread(&sides, &desk), ["*"]);
    // Another one's message for everybody, taken in by the first, says nothing of that one's own.
    sends_to(&sides, &code, "*", "more.md");
    assert_eq!(pulls(&sides, &desk), 1);
    assert_eq!(told(&sides), (Status::UpdateAvailable, vec![".claude/planning/all.md".into()]));
    assert_eq!((unread(&sides, &desk), unread(&sides, &code)), (vec!["*".into()], vec![]));
    assert_eq!(pulls(&sides, &lab), 2);
    assert_eq!(sides.at_the_end("beacon.md"), block::template(), "one other is enough");
    assert_eq!(unread(&sides, &desk), Vec::<String>::new());
    assert_eq!(pulls(&sides, &code), 1, "and still it is there for each");
}

#[test]
fn another_side_of_the_senders_name_is_somebody_else() {
    let sides = Sides::new();
    let (one, two) = (sides.side("one", "Code"), sides.side("two", "Code"));
    let desk = sides.side("desk", "Desktop");
    sends_to(&sides, &one, "*", "all.md");
    sends_to(&sides, &desk, "Code", "answer.md");
    assert_eq!(pulls(&sides, &one), 1);
    assert_eq!(told(&sides).0, Status::UpdateAvailable);
    assert_eq!(pulls(&sides, &two), 2, "that name was heard of already, and this side was not");
    assert_eq!(sides.at_the_end("beacon.md"), block::template());
    let before = sides.chain("refs/craft/beacons/main").len();
    assert_eq!((pulls(&sides, &two), pulls(&sides, &one)), (0, 0));
    assert_eq!(sides.chain("refs/craft/beacons/main").len(), before, "said once");
}
